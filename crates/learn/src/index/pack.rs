//! The bytes of an index: tables of fixed rows that a question looks into, and runs of numbers that it reads where it needs them.
//!
//! Invariant: the same parts give the same bytes. Little-endian; a row ends where the next one begins, so each table has one row more.
//!
//! Layout: the magic word, then five runs, each with its length before it: entries' rows (length, kind, where the name and the entry
//! begin), terms' rows (where the name and the postings begin, how many), names, postings (numbers of entries by their distance, then
//! counts in halves, both as varints), entries (postcard).

use super::terms::{Lexicon, fields, shared};
use crate::entry::{Entry, Kind};
use crate::words::Words;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

const MAGIC: &[u8; 8] = b"seamidx1";
const RUNS: usize = 5;
/// Bytes of an entry's row, and of a term's.
const ENTRY: usize = 16;
const TERM: usize = 12;

/// An entry, ready to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Doc {
    id: String,
    kind: u8,
    length: f32,
    bytes: Vec<u8>,
}

/// An index taken apart: its entries, and for each term who has it, with the count in halves.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    docs: Vec<Doc>,
    postings: BTreeMap<String, Vec<(u32, u32)>>,
}

/// Entries with their words, not yet numbered.
pub(super) struct Made(Parts);

impl Made {
    pub fn of<'e>(words: &Words, lexicon: &Lexicon, entries: impl IntoIterator<Item = &'e Entry>) -> Made {
        let (mut out, mut known) = (Parts::default(), HashMap::new());
        for (number, entry) in entries.into_iter().enumerate() {
            let mut counts: BTreeMap<String, f32> = BTreeMap::new();
            let mut length = 0.0;
            for (text, weight) in fields(entry) {
                let stems = words.of_known(text, &mut known);
                length += stems.len() as f32 * weight;
                for concept in lexicon.of(&stems) {
                    *counts.entry(concept.to_owned()).or_default() += weight;
                }
                for stem in stems {
                    *counts.entry(stem).or_default() += weight;
                }
            }
            let kind = Kind::ALL.iter().position(|k| *k == entry.kind).unwrap_or_default() as u8;
            let bytes = postcard::to_stdvec(entry).unwrap_or_default();
            out.docs.push(Doc { id: entry.id.to_string(), kind, length, bytes });
            let counts = counts.into_iter().map(|(word, count)| (word, (count * 2.0) as u32));
            for (word, count) in counts.chain(shared(entry).into_iter().map(|term| (term, 2))) {
                out.postings.entry(word).or_default().push((number as u32, count));
            }
        }
        Made(out)
    }
}

pub(super) struct Packed {
    bytes: Vec<u8>,
    runs: [Range<usize>; RUNS],
    mean: f64,
}

impl Packed {
    /// What was there, and what comes behind it.
    pub fn of(mut parts: Parts, Made(new): Made) -> Packed {
        let before = parts.docs.len() as u32;
        parts.docs.extend(new.docs);
        for (term, found) in new.postings {
            parts.postings.entry(term).or_default().extend(found.into_iter().map(|(n, count)| (n + before, count)));
        }
        let mut runs: [Vec<u8>; RUNS] = Default::default();
        let [docs, terms, names, postings, entries] = &mut runs;
        let put = |run: &mut Vec<u8>, number: u32| run.extend_from_slice(&number.to_le_bytes());
        for doc in &parts.docs {
            put(docs, doc.length.to_bits());
            put(docs, u32::from(doc.kind));
            put(docs, names.len() as u32);
            put(docs, entries.len() as u32);
            names.extend_from_slice(doc.id.as_bytes());
            entries.extend_from_slice(&doc.bytes);
        }
        for number in [0, 0, names.len() as u32, entries.len() as u32] {
            put(docs, number);
        }
        for (term, found) in parts.postings.iter().filter(|(_, found)| !found.is_empty()) {
            put(terms, names.len() as u32);
            put(terms, postings.len() as u32);
            put(terms, found.len() as u32);
            names.extend_from_slice(term.as_bytes());
            let mut last = 0;
            for (number, count) in found {
                varint(postings, number - last);
                varint(postings, *count);
                last = *number;
            }
        }
        for number in [names.len() as u32, postings.len() as u32, 0] {
            put(terms, number);
        }
        let mut bytes = MAGIC.to_vec();
        for run in &runs {
            bytes.extend_from_slice(&(run.len() as u64).to_le_bytes());
        }
        bytes.extend(runs.into_iter().flatten());
        Packed::from_bytes(bytes).unwrap_or(Packed { bytes: Vec::new(), runs: Default::default(), mean: 1.0 })
    }

    pub fn from_bytes(bytes: Vec<u8>) -> Option<Packed> {
        let mut at = MAGIC.len() + RUNS * 8;
        let (magic, lengths) = bytes.get(..at)?.split_at(MAGIC.len());
        let mut runs: [Range<usize>; RUNS] = Default::default();
        for (run, length) in runs.iter_mut().zip(lengths.chunks_exact(8)) {
            let end = at.checked_add(usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?)?;
            *run = at..end;
            at = end;
        }
        let rows = runs[0].len().is_multiple_of(ENTRY) && runs[1].len().is_multiple_of(TERM);
        if magic != MAGIC || at != bytes.len() || !rows || runs[0].is_empty() || runs[1].is_empty() {
            return None;
        }
        let mut out = Packed { bytes, runs, mean: 1.0 };
        let lengths = (0..out.docs() as u32).map(|n| out.length(n));
        out.mean = (lengths.sum::<f64>() / out.docs().max(1) as f64).max(1.0);
        Some(out)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn docs(&self) -> usize {
        (self.runs[0].len() / ENTRY).saturating_sub(1)
    }

    pub fn mean(&self) -> f64 {
        self.mean
    }

    fn run(&self, run: usize, range: Range<u32>) -> &[u8] {
        let all = self.bytes.get(self.runs[run].clone()).unwrap_or_default();
        all.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    /// A number of a row of a table.
    fn number(&self, run: usize, width: usize, row: usize, column: usize) -> u32 {
        let at = (row * width + column * 4) as u32;
        self.run(run, at..at + 4).try_into().map_or(0, u32::from_le_bytes)
    }

    fn doc(&self, number: u32, column: usize) -> u32 {
        self.number(0, ENTRY, number as usize, column)
    }

    pub fn length(&self, number: u32) -> f64 {
        f64::from(f32::from_bits(self.doc(number, 0)))
    }

    pub fn kind(&self, number: u32) -> Option<Kind> {
        Kind::ALL.get(self.doc(number, 1) as usize).copied()
    }

    pub fn id(&self, number: u32) -> &str {
        // The last entry's name ends where the first term's begins.
        std::str::from_utf8(self.run(2, self.doc(number, 2)..self.doc(number + 1, 2))).unwrap_or_default()
    }

    fn entry_bytes(&self, number: u32) -> &[u8] {
        self.run(4, self.doc(number, 3)..self.doc(number + 1, 3))
    }

    pub fn entry(&self, number: u32) -> Option<Entry> {
        postcard::from_bytes(self.entry_bytes(number)).ok()
    }

    fn term_count(&self) -> usize {
        (self.runs[1].len() / TERM).saturating_sub(1)
    }

    fn term(&self, row: usize) -> &str {
        let at = |row| self.number(1, TERM, row, 0);
        std::str::from_utf8(self.run(2, at(row)..at(row + 1))).unwrap_or_default()
    }

    pub fn terms(&self) -> impl Iterator<Item = &str> {
        (0..self.term_count()).map(|row| self.term(row))
    }

    /// Who has a term, and how often.
    pub fn postings(&self, term: &str) -> impl Iterator<Item = (u32, f64)> {
        let (mut low, mut high) = (0, self.term_count());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.term(middle) < term { low = middle + 1 } else { high = middle }
        }
        let found = (low < self.term_count() && self.term(low) == term).then_some(low);
        found.into_iter().flat_map(|row| self.row(row)).map(|(number, count)| (number, f64::from(count) / 2.0))
    }

    fn row(&self, row: usize) -> impl Iterator<Item = (u32, u32)> {
        let at = |row| self.number(1, TERM, row, 1);
        let mut rest = self.run(3, at(row)..at(row + 1));
        let mut last = 0;
        (0..self.number(1, TERM, row, 2)).map_while(move |_| {
            last = u32::checked_add(last, take(&mut rest)?)?;
            Some((last, take(&mut rest)?))
        })
    }

    /// The parts of some entries, given by their numbers in ascending order.
    pub fn parts(&self, keep: &[u32]) -> Parts {
        let mut new: Vec<Option<u32>> = vec![None; self.docs()];
        for (at, number) in keep.iter().enumerate() {
            if let Some(place) = new.get_mut(*number as usize) {
                *place = Some(at as u32);
            }
        }
        let doc = |number: &u32| Doc {
            id: self.id(*number).to_owned(),
            kind: self.doc(*number, 1) as u8,
            length: f32::from_bits(self.doc(*number, 0)),
            bytes: self.entry_bytes(*number).to_vec(),
        };
        let kept = |(number, count): (u32, u32)| Some(((*new.get(number as usize)?)?, count));
        let postings =
            (0..self.term_count()).map(|row| (self.term(row).to_owned(), self.row(row).filter_map(kept).collect()));
        Parts { docs: keep.iter().map(doc).collect(), postings: postings.collect() }
    }
}

/// Seven bits a byte, the lowest first; the last has no eighth (LEB128).
fn varint(out: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take(rest: &mut &[u8]) -> Option<u32> {
    let (mut number, mut shift) = (0_u32, 0);
    loop {
        let (first, more) = rest.split_first()?;
        *rest = more;
        number |= u32::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}
