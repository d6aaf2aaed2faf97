//! Facts that were already understood, kept between runs in one file for each set of roots.
//!
//! Invariant: the cache can be lost at any time and nothing but time is lost with it. A file that is damaged, of another
//! version, or of another build is dropped; writing goes to a temporary file first, so a run that is killed leaves the
//! old cache. An entry is trusted without reading its file when path, size and time of change agree; when only the
//! content's hash agrees, its facts are still used.
//!
//! The list of files stands apart from their facts, each with a checksum of its own: a run in which nothing has changed
//! reads the list, and never the facts.

use seam_engine::FileFacts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs};

const MAGIC: &[u8; 8] = b"seamfct3";

/// Magic, length of the list, checksum of the list, checksum of the facts.
const PREFIX: usize = 8 + 8 + 32 + 32;

/// Times of change closer than this to the writing of the cache prove nothing: the file may have changed again within
/// one tick of the file system's clock.
pub(crate) const RACY: Duration = Duration::from_secs(2);

/// Where caches are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// `$SEAM_CACHE`, `$XDG_CACHE_HOME/seamwise` or `~/.cache/seamwise`; none of them: no cache.
    #[default]
    Standard,
    Folder(PathBuf),
    Nowhere,
}

/// One file's facts as bytes, with what they were read from.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub path: String,
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: u64,
    pub hash: [u8; 32],
    facts: Source,
}

/// Where the bytes of an entry's facts are.
#[derive(Clone, Debug)]
enum Source {
    Own(Arc<[u8]>),
    Stored(Arc<Stored>, Range<usize>),
}

/// The facts' part of a cache file: read once, when the first entry's facts are wanted.
#[derive(Debug)]
struct Stored {
    /// Held open: another run may put a new file in its place meanwhile.
    file: Mutex<File>,
    at: u64,
    sum: [u8; 32],
    bytes: OnceLock<Option<Vec<u8>>>,
}

impl Stored {
    /// Nothing if the file is shorter than it says, or was damaged.
    fn bytes(&self) -> Option<&[u8]> {
        let read = || {
            let mut file = self.file.lock().ok()?;
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(self.at)).ok()?;
            file.read_to_end(&mut bytes).ok()?;
            (*blake3::hash(&bytes).as_bytes() == self.sum).then_some(bytes)
        };
        self.bytes.get_or_init(read).as_deref()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Cache {
    file: Option<PathBuf>,
    entries: BTreeMap<String, Arc<Entry>>,
    written: u64,
    /// Said once when a cache had to be dropped.
    pub note: Option<String>,
}

/// What stands before the facts. Facts themselves are written as they are: a list of bytes would be read byte by byte.
#[derive(Serialize, Deserialize)]
struct Head<'a> {
    build: [u8; 32],
    written: u64,
    #[serde(borrow)]
    entries: Vec<Line<'a>>,
}

/// Path, size, time of change, hash, length of the facts.
type Line<'a> = (&'a str, u64, u64, [u8; 32], usize);

impl Entry {
    pub fn new(path: &str, size: u64, modified: u64, hash: [u8; 32], facts: &FileFacts) -> Option<Self> {
        let facts = Source::Own(postcard::to_stdvec(facts).ok()?.into());
        Some(Entry { path: path.to_owned(), size, modified, hash, facts })
    }

    /// The same content, seen again with another size or time of change on disk.
    pub fn at(&self, size: u64, modified: u64) -> Arc<Self> {
        Arc::new(Entry { size, modified, ..self.clone() })
    }

    /// Nothing if the cache was damaged: the file must be read again.
    pub fn facts(&self) -> Option<FileFacts> {
        postcard::from_bytes(self.raw()?).ok()
    }

    fn raw(&self) -> Option<&[u8]> {
        match &self.facts {
            Source::Own(bytes) => Some(bytes),
            Source::Stored(stored, range) => stored.bytes()?.get(range.clone()),
        }
    }
}

impl Cache {
    pub fn open(place: &Place, roots: &[PathBuf]) -> Self {
        let Some(file) = folder(place).map(|f| f.join(name(roots))) else {
            return Cache::default();
        };
        let mut cache = Cache { file: Some(file.clone()), ..Cache::default() };
        let Ok(stored) = File::open(&file) else { return cache };
        match decode(stored) {
            Ok((written, entries)) => {
                cache.written = written;
                cache.entries = entries.into_iter().map(|e| (e.path.clone(), Arc::new(e))).collect();
            }
            Err(why) => cache.note = why.map(|why| format!("the fact cache `{}` was dropped: {why}", file.display())),
        }
        cache
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether anything is kept between runs.
    pub fn is_kept(&self) -> bool {
        self.file.is_some()
    }

    /// Where answers are kept beside the facts.
    pub fn answers(&self) -> Option<PathBuf> {
        self.file.as_ref().map(|f| f.with_extension("answers"))
    }

    /// The entry of a file that has not changed, as far as its size and time of change tell.
    pub fn unchanged(&self, path: &str, size: u64, modified: u64) -> Option<&Arc<Entry>> {
        let entry = self.entries.get(path)?;
        let settled = modified.saturating_add(RACY.as_nanos() as u64) < self.written;
        (entry.size == size && entry.modified == modified && settled).then_some(entry)
    }

    /// The entry of a file whose content is the same.
    pub fn same_content(&self, path: &str, hash: &[u8; 32]) -> Option<&Arc<Entry>> {
        self.entries.get(path).filter(|e| e.hash == *hash)
    }

    /// Keeps these entries for the next run. A cache that cannot be written is not an error.
    pub fn write(&mut self, entries: Vec<Arc<Entry>>) {
        self.written = now();
        if let Some(file) = &self.file
            && let Some(bytes) = encode(self.written, &entries)
        {
            let _ = replace(file, &bytes);
        }
        self.entries = entries.into_iter().map(|e| (e.path.clone(), e)).collect();
    }
}

/// The prefix, the list, the facts of all files one after the other.
fn encode(written: u64, entries: &[Arc<Entry>]) -> Option<Vec<u8>> {
    let kept: Vec<(&Entry, &[u8])> = entries.iter().filter_map(|e| Some((&**e, e.raw()?))).collect();
    let lines = kept.iter().map(|(e, raw)| (e.path.as_str(), e.size, e.modified, e.hash, raw.len())).collect();
    let head = postcard::to_stdvec(&Head { build: build(), written, entries: lines }).ok()?;
    let mut facts = blake3::Hasher::new();
    for (_, raw) in &kept {
        facts.update(raw);
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&(head.len() as u64).to_le_bytes());
    bytes.extend_from_slice(blake3::hash(&head).as_bytes());
    bytes.extend_from_slice(facts.finalize().as_bytes());
    bytes.extend_from_slice(&head);
    kept.iter().for_each(|(_, raw)| bytes.extend_from_slice(raw));
    Some(bytes)
}

/// `Err(None)`: nothing worth saying (another build or version wrote it).
fn decode(mut file: File) -> Result<(u64, Vec<Entry>), Option<String>> {
    let damaged = || Some("it is damaged".to_owned());
    let mut prefix = [0; PREFIX];
    file.read_exact(&mut prefix).map_err(|_| damaged())?;
    let (magic, rest) = prefix.split_at(8);
    if magic != MAGIC {
        return Err(if magic.starts_with(b"seamfct") { None } else { damaged() });
    }
    let (length, sums) = rest.split_at(8);
    let (list, facts) = sums.split_at(32);
    let length = u64::from_le_bytes(length.try_into().map_err(|_| damaged())?);
    let mut head = Vec::new();
    file.by_ref().take(length).read_to_end(&mut head).map_err(|_| damaged())?;
    if blake3::hash(&head).as_bytes() != list {
        return Err(damaged());
    }
    let head: Head<'_> = postcard::from_bytes(&head).map_err(|_| damaged())?;
    if head.build != build() {
        return Err(None);
    }
    let sum = facts.try_into().map_err(|_| damaged())?;
    let at = PREFIX as u64 + length;
    let stored = Arc::new(Stored { file: Mutex::new(file), at, sum, bytes: OnceLock::new() });
    let mut from = 0_usize;
    let mut entry = |(path, size, modified, hash, length): Line<'_>| {
        let range = from..from.saturating_add(length);
        from = range.end;
        Entry { path: path.to_owned(), size, modified, hash, facts: Source::Stored(stored.clone(), range) }
    };
    let entries = head.entries.into_iter().map(&mut entry).collect();
    Ok((head.written, entries))
}

/// Whole or not at all: another run may read while this one writes.
pub(crate) fn replace(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let temporary = file.with_extension(format!("{}.tmp", std::process::id()));
    let written = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, file));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// What facts depend on besides the text: the extractors, and the program that holds them. A program that was built
/// anew may understand more under the same version numbers while it is being worked on.
pub(crate) fn build() -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(seam_engine::extractor_versions().as_bytes());
    if let Some(meta) = env::current_exe().ok().and_then(|exe| fs::metadata(exe).ok()) {
        hasher.update(&meta.len().to_le_bytes());
        let at = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        hasher.update(&at.as_nanos().to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}

fn folder(place: &Place) -> Option<PathBuf> {
    match place {
        Place::Nowhere => None,
        Place::Folder(folder) => Some(folder.clone()),
        Place::Standard => {
            let var = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
            var("SEAM_CACHE")
                .or_else(|| var("XDG_CACHE_HOME").map(|f| f.join("seamwise")))
                .or_else(|| var("HOME").map(|f| f.join(".cache/seamwise")))
                .or_else(|| var("LOCALAPPDATA").map(|f| f.join("seamwise")))
        }
    }
}

fn name(roots: &[PathBuf]) -> String {
    let mut hasher = blake3::Hasher::new();
    for root in roots {
        hasher.update(root.as_os_str().as_encoded_bytes());
        hasher.update(b"\0");
    }
    format!("{}.facts", &hasher.finalize().to_hex()[..24])
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64)
}
