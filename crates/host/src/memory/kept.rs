//! The index of the memory on disk, so that a question to ten thousand entries reads one file and not ten thousand.
//!
//! Invariant: the files of the memory are what counts. What is kept holds for the very names, sizes and times of change that it was made
//! of; a file that changed within one tick of the clock before is looked into. It can be lost at any time: what is torn, damaged or of
//! another version is made again, and said. It is put in place whole, so that any number of processes may read and write: whoever comes
//! last leaves what is true of the files that it saw, and the next one sees whether that still is so.

use super::{Folder, Stamp, State};
use crate::cache::{RACY, build, now, replace};
use rayon::prelude::*;
use seam_engine::learn::{Entry, Index, Log, Told};
use seam_engine::memory::Memory;
use seam_facts::Problem;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

const MAGIC: &[u8; 8] = b"seammem1";
/// Magic, checksum of what follows, length of the head.
const PREFIX: usize = 8 + 4 + 8;
/// Fewer entries are read as quickly as an index of them.
const WORTH: usize = 32;
const CACHED: &str = "/cache/";
const IGNORED: &str = "# Made again from `memory` whenever it is needed.\n/cache/\n";

/// What stands before the list of files and the index.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    build: [u8; 32],
    written: u64,
    /// Hash of the names, sizes and times of change.
    state: [u8; 32],
    /// The latest time of change.
    newest: u64,
    problems: Vec<Told>,
    /// Bytes of the list.
    list: u64,
}

/// One file of the memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Line {
    stamp: Stamp,
    hash: [u8; 32],
    problems: Vec<Problem>,
    entry: Held,
}

/// Where an entry is.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Held {
    /// It stands, and the index has it.
    Indexed(u32),
    Here(Box<Entry>),
}

/// What was kept.
struct Kept {
    head: Head,
    list: Vec<u8>,
    index: Arc<Index>,
}

/// A file with its entry, and the entry's number in the index that was kept if it is the same still.
type Read = (Line, Entry, Option<u32>);

/// The memory of a state of the folder: from the index if that is of this state, or else read, and kept for the next time. And what is to
/// be said of the index.
pub(crate) fn recollect(folder: &Folder, state: &State) -> (Memory, Option<String>) {
    if state.len() < WORTH {
        return (Memory::of(folder.read()), None);
    }
    let file = folder.index();
    let (kept, note) = match fs::read(&file).map(decode) {
        Ok(Ok(kept)) => (Some(kept), None),
        Ok(Err(why)) => (None, why.map(|why| format!("the index `{}` was made again: {why}", file.display()))),
        Err(_) => (None, None),
    };
    match kept {
        Some(kept) if kept.head.state == hash(state) && settled(kept.head.newest, &kept.head) => {
            let Kept { head, list, index } = kept;
            let problems = head.problems.into_iter().chain(folder.left(state)).collect();
            let of = index.clone();
            (Memory::kept(index, problems, move || log(&list, &of)), note)
        }
        kept => (again(folder, state, kept), note),
    }
}

/// Whether a time of change was long enough ago when the index was written to prove that nothing changed since.
fn settled(modified: u64, head: &Head) -> bool {
    modified.saturating_add(RACY.as_nanos() as u64) < head.written
}

fn log(list: &[u8], index: &Index) -> Log {
    let lines: Vec<Line> = postcard::from_bytes(list).unwrap_or_default();
    Log::of(lines.into_iter().filter_map(|line| {
        let entry = held(&line, index)?;
        Some((line.stamp.0, entry, line.problems))
    }))
}

fn held(line: &Line, index: &Index) -> Option<Entry> {
    match &line.entry {
        Held::Indexed(number) => index.entry(*number),
        Held::Here(entry) => Some((**entry).clone()),
    }
}

/// Reads what is not known, makes the index of what stands now, and keeps it.
fn again(folder: &Folder, state: &State, kept: Option<Kept>) -> Memory {
    let lines: Vec<Line> = kept.as_ref().and_then(|k| postcard::from_bytes(&k.list).ok()).unwrap_or_default();
    let known: BTreeMap<&str, &Line> = lines.iter().map(|line| (line.stamp.0.as_str(), line)).collect();
    let written = now();
    let read: Vec<Read> = state.par_iter().filter_map(|stamp| read(folder, stamp, &known, kept.as_ref())).collect();
    // Of two files that say the same name the later one counts.
    let winner: BTreeMap<_, usize> =
        read.iter().enumerate().map(|(at, (_, entry, _))| (entry.id.clone(), at)).collect();
    let mut log = Log::of(read.iter().map(|(l, e, _)| (l.stamp.0.clone(), e.clone(), l.problems.clone())));
    let stands: BTreeSet<usize> = log.standing().filter_map(|e| winner.get(&e.id).copied()).collect();
    let mut same: Vec<(u32, usize)> = stands.iter().filter_map(|at| Some((read[*at].2?, *at))).collect();
    same.sort_unstable();
    let new: Vec<usize> = stands.iter().copied().filter(|at| read[*at].2.is_none()).collect();
    let entries = new.iter().map(|at| &read[*at].1);
    let index = match &kept {
        Some(kept) if new.is_empty() && same.len() == kept.index.len() => kept.index.clone(),
        Some(kept) => {
            let keep: Vec<u32> = same.iter().map(|(number, _)| *number).collect();
            Arc::new(kept.index.changed(&keep, entries))
        }
        None => Arc::new(Index::of(entries)),
    };
    let order = same.iter().map(|(_, at)| *at).chain(new);
    let numbers: BTreeMap<usize, u32> = order.zip(0..).collect();
    let place = |(at, (line, entry, _)): (usize, Read)| {
        let here = || Held::Here(Box::new(entry));
        Line { entry: numbers.get(&at).map_or_else(here, |number| Held::Indexed(*number)), ..line }
    };
    let lines: Vec<Line> = read.into_iter().enumerate().map(place).collect();
    let head = Head {
        build: build(),
        written,
        state: hash(state),
        newest: state.iter().map(|(_, _, modified)| *modified).max().unwrap_or_default(),
        problems: log.problems.clone(),
        list: 0,
    };
    keep(folder, head, &lines, &index);
    log.problems.extend(folder.left(state));
    Memory::of(log).indexed(index)
}

/// What one file says; without reading it where nothing can have changed.
fn read(folder: &Folder, stamp: &Stamp, known: &BTreeMap<&str, &Line>, kept: Option<&Kept>) -> Option<Read> {
    let before = known.get(stamp.0.as_str()).copied().zip(kept);
    let same = |(line, kept): (&Line, &Kept)| -> Option<Read> {
        let entry = held(line, &kept.index)?;
        let number = match &line.entry {
            Held::Indexed(number) => Some(*number),
            Held::Here(_) => None,
        };
        Some((Line { stamp: stamp.clone(), ..line.clone() }, entry, number))
    };
    if let Some((line, kept)) = before.filter(|(line, kept)| line.stamp == *stamp && settled(stamp.2, &kept.head))
        && let Some(read) = same((line, kept))
    {
        return Some(read);
    }
    let bytes = folder.bytes(stamp)?;
    let hash = *blake3::hash(bytes.as_deref().unwrap_or_default()).as_bytes();
    if let Some((line, kept)) = before.filter(|(line, _)| line.hash == hash && bytes.is_ok())
        && let Some(read) = same((line, kept))
    {
        return Some(read);
    }
    let (_, entry, problems) = Folder::one(&stamp.0, bytes)?;
    // Its entry is put where it belongs when it is known what stands.
    let line = Line { stamp: stamp.clone(), hash, problems, entry: Held::Indexed(0) };
    Some((line, entry, None))
}

/// What cannot be written is not kept.
fn keep(folder: &Folder, head: Head, lines: &[Line], index: &Index) {
    let file = folder.index();
    let Some(bytes) = encode(head, lines, index) else { return };
    if replace(&file, &bytes).is_ok()
        && let Some(above) = file.parent().and_then(Path::parent)
    {
        let _ = ignored(&above.join(".gitignore"));
    }
}

/// Git is told to leave it alone; what people wrote there stays.
fn ignored(file: &Path) -> std::io::Result<()> {
    let known = fs::read_to_string(file).unwrap_or_default();
    if known.lines().any(|l| l.trim().trim_matches('/') == CACHED.trim_matches('/')) {
        return Ok(());
    }
    let ended = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
    let mut file = OpenOptions::new().append(true).create(true).open(file)?;
    file.write_all(format!("{ended}{IGNORED}").as_bytes())
}

fn hash(state: &State) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for (name, size, modified) in state {
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(&size.to_le_bytes());
        hasher.update(&modified.to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}

fn encode(mut head: Head, lines: &[Line], index: &Index) -> Option<Vec<u8>> {
    let list = postcard::to_stdvec(lines).ok()?;
    head.list = list.len() as u64;
    let head = postcard::to_stdvec(&head).ok()?;
    let mut rest = (head.len() as u64).to_le_bytes().to_vec();
    for part in [&head, &list, index.bytes()] {
        rest.extend_from_slice(part);
    }
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&crc32fast::hash(&rest).to_le_bytes());
    out.append(&mut rest);
    Some(out)
}

/// `Err(None)`: another build of the program wrote it, which is nothing to speak of.
fn decode(mut bytes: Vec<u8>) -> Result<Kept, Option<String>> {
    let damaged = || Some("it is damaged".to_owned());
    let (prefix, rest) = bytes.split_at_checked(PREFIX).ok_or_else(damaged)?;
    let (magic, prefix) = prefix.split_at(MAGIC.len());
    if magic != MAGIC {
        let other = magic.starts_with(&MAGIC[..7]);
        return Err(if other { Some("another version of the program wrote it".to_owned()) } else { damaged() });
    }
    let (sum, length) = prefix.split_at(4);
    if crc32fast::hash(&bytes[PREFIX - 8..]).to_le_bytes() != sum {
        return Err(damaged());
    }
    let length = length.try_into().ok().map(u64::from_le_bytes).and_then(|l| usize::try_from(l).ok());
    let (head, rest) = length.and_then(|l| rest.split_at_checked(l)).ok_or_else(damaged)?;
    let head: Head = postcard::from_bytes(head).map_err(|_| damaged())?;
    if head.build != build() {
        return Err(None);
    }
    let (list, index) = rest.split_at_checked(head.list as usize).ok_or_else(damaged)?;
    let (list, index) = (list.to_vec(), index.len());
    bytes.drain(..bytes.len() - index);
    let index = Index::from_bytes(bytes).ok_or_else(damaged)?;
    Ok(Kept { head, list, index: Arc::new(index) })
}
