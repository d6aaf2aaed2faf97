//! Which words, names and patterns stand in which entry, and how much words weigh (BM25 over weighted fields, Robertson and Zaragoza
//! 2009), as one run of bytes that can be kept and used without being taken apart.
//!
//! Invariant: an index is a function of the entries that it is made of; it can be thrown away and made again, and one that was changed entry
//! by entry answers as one that was made at once. Words of one concept ([`crate::lexicon`]) find each other, at a lower weight than the word
//! itself.

mod pack;
mod terms;

use crate::entry::{Entry, Kind};
use crate::words::Words;
use pack::{Made, Packed, Parts};
use std::collections::{BTreeMap, BTreeSet, HashMap};
pub(crate) use terms::{Lexicon, Shared};

/// Saturation of repeated words, and how much long texts are held against them.
const K1: f64 = 1.2;
const B: f64 = 0.5;

/// What a shared concept weighs beside a shared word.
const CONCEPT: f64 = 0.6;

pub struct Index {
    words: Words,
    lexicon: Lexicon,
    packed: Packed,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "index of {} words in {} entries", self.words(), self.len())
    }
}

/// How well the words of a question fit each entry.
pub(crate) struct Fits {
    /// By the entry's number; 0 where nothing is shared.
    pub scores: Vec<f64>,
    /// Each word with what it weighs and who has it.
    terms: Vec<(String, f64, Vec<u32>)>,
}

impl Fits {
    pub fn best(&self) -> f64 {
        self.scores.iter().copied().fold(0.0, f64::max)
    }

    /// The words that an entry shares, the rarest first.
    pub fn words(&self, entry: u32) -> Vec<&str> {
        let has = |found: &[u32]| found.binary_search(&entry).is_ok();
        let mut all: Vec<(f64, &str)> =
            self.terms.iter().filter(|(_, _, found)| has(found)).map(|(w, rare, _)| (*rare, w.as_str())).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let mut seen = BTreeSet::new();
        let bare = all.into_iter().map(|(_, w)| w.trim_start_matches('~'));
        bare.filter(|w| seen.insert(*w)).collect()
    }
}

impl Index {
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Index {
        let (words, lexicon) = (Words::new(), Lexicon::new());
        let made = Made::of(&words, &lexicon, entries);
        Index { words, lexicon, packed: Packed::of(Parts::default(), made) }
    }

    /// The index of those entries of this one whose numbers are given, in ascending order, and of others behind them.
    pub fn changed<'e>(&self, keep: &[u32], new: impl IntoIterator<Item = &'e Entry>) -> Index {
        let made = Made::of(&self.words, &self.lexicon, new);
        let packed = Packed::of(self.packed.parts(keep), made);
        Index { words: Words::new(), lexicon: Lexicon::new(), packed }
    }

    /// An index as [`Index::bytes`] gave it; nothing if it is not one. What the bytes say is believed: whoever keeps them sees that they
    /// are whole.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Index> {
        Some(Index { words: Words::new(), lexicon: Lexicon::new(), packed: Packed::from_bytes(bytes)? })
    }

    pub fn bytes(&self) -> &[u8] {
        self.packed.bytes()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.packed.docs()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn words(&self) -> usize {
        self.packed.terms().filter(|t| !terms::is_shared(t)).count()
    }

    pub fn entry(&self, number: u32) -> Option<Entry> {
        self.packed.entry(number)
    }

    pub fn id(&self, number: u32) -> &str {
        self.packed.id(number)
    }

    pub(crate) fn kind(&self, number: u32) -> Option<Kind> {
        self.packed.kind(number)
    }

    /// How well each entry fits the words of a text.
    pub(crate) fn search(&self, text: &str) -> Fits {
        let stems = self.words.of(text);
        let concepts: BTreeSet<&str> = self.lexicon.of(&stems).into_iter().collect();
        let asked: BTreeSet<&str> = stems.iter().map(String::as_str).collect();
        let mut out = Fits { scores: vec![0.0; self.len()], terms: Vec::new() };
        let (all, mean) = (self.len() as f64, self.packed.mean());
        for (word, share) in asked.into_iter().map(|w| (w, 1.0)).chain(concepts.into_iter().map(|c| (c, CONCEPT))) {
            let found: Vec<(u32, f64)> = self.packed.postings(word).collect();
            if found.is_empty() {
                continue;
            }
            let with = found.len() as f64;
            let rare = share * (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
            for (entry, count) in &found {
                let Some(score) = out.scores.get_mut(*entry as usize) else { continue };
                let length = self.packed.length(*entry);
                *score += rare * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length / mean));
            }
            out.terms.push((word.to_owned(), rare, found.into_iter().map(|(entry, _)| entry).collect()));
        }
        out
    }

    /// The entries that share something with a question besides words.
    pub(crate) fn sharing(&self, shared: &Shared) -> BTreeSet<u32> {
        let has = |term: &String| self.packed.postings(term).map(|(entry, _)| entry).collect::<Vec<u32>>();
        let mut out: BTreeSet<u32> = shared.any.iter().flat_map(has).collect();
        let known: HashMap<&String, Vec<u32>> =
            shared.messages.iter().flatten().collect::<BTreeSet<_>>().into_iter().map(|t| (t, has(t))).collect();
        // One word in common makes no message.
        for message in &shared.messages {
            let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
            for entry in message.iter().filter_map(|t| known.get(t)).flatten() {
                *counts.entry(*entry).or_default() += 1;
            }
            out.extend(counts.into_iter().filter(|(_, count)| *count >= 2).map(|(entry, _)| entry));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(title: &str) -> Entry {
        Entry { title: title.into(), id: title.replace(' ', "-").into(), ..Entry::default() }
    }

    #[test]
    fn finds_by_words_of_the_same_meaning() {
        let all = [entry("TLS certificate expired on the gateway"), entry("replica lag after a migration"), entry("a")];
        let index = Index::of(&all);
        let found = index.search("https stopped because nobody renewed the cert");
        assert!(found.scores[0] > found.scores[1] && found.scores[2] == 0.0, "{:?}", found.scores);
        assert!(found.words(0).contains(&"certificate"), "{:?}", found.words(0));
        assert_eq!(index.search("xyzzy").best(), 0.0);
    }

    #[test]
    fn what_is_no_index_is_none_and_an_empty_one_is() {
        let good = Index::of(&[entry("a pool ran dry")]).bytes().to_vec();
        assert!(Index::from_bytes(good.clone()).is_some());
        for end in 0..good.len() {
            assert!(Index::from_bytes(good[..end].to_vec()).is_none(), "{end} of {}", good.len());
        }
        let empty = Index::from_bytes(Index::of(&[]).bytes().to_vec()).unwrap();
        assert!(empty.is_empty() && empty.search("pool").best() == 0.0);
    }

    const WORDS: [&str; 6] = ["pool", "timeout", "certificate", "checkout", "disk", "queue"];

    proptest! {
        #[test]
        fn an_index_that_was_changed_answers_as_one_that_was_made_at_once(
            texts in proptest::collection::vec(proptest::collection::vec(0..WORDS.len(), 1..6), 1..12),
            kept in proptest::collection::vec(proptest::bool::ANY, 12),
            first in 0_usize..12,
        ) {
            let all: Vec<Entry> = texts.iter().enumerate().map(|(n, words)| {
                let title: Vec<&str> = words.iter().map(|w| WORDS[*w]).collect();
                Entry { services: vec![WORDS[words[0]].into()], id: format!("e{n}").into(), ..entry(&title.join(" ")) }
            }).collect();
            let first = first.min(all.len());
            let keep: Vec<u32> = (0..first as u32).filter(|n| kept[*n as usize]).collect();
            let old = Index::from_bytes(Index::of(&all[..first]).bytes().to_vec()).unwrap();
            let changed = old.changed(&keep, &all[first..]);
            let left: Vec<&Entry> = keep.iter().map(|n| &all[*n as usize]).chain(&all[first..]).collect();
            let made = Index::of(left.iter().copied());
            prop_assert_eq!(changed.bytes(), made.bytes());
            for (number, entry) in left.iter().enumerate() {
                let back = changed.entry(number as u32);
                prop_assert_eq!(back.as_ref(), Some(*entry));
            }
        }
    }
}
