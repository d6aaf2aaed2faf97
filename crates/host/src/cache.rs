//! Facts that were already understood, kept between runs in one file for each set of roots.
//!
//! Invariant: the cache can be lost at any time and nothing but time is lost with it. A file that is damaged, of another
//! version, or of another build is dropped; writing goes to a temporary file first, so a run that is killed leaves the
//! old cache. An entry is trusted without reading its file when path, size and time of change agree; when only the
//! content's hash agrees, its facts are still used.

use seam_engine::FileFacts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{env, fs};

const MAGIC: &[u8; 8] = b"seamfct2";

/// Times of change closer than this to the writing of the cache prove nothing: the file may have changed again within
/// one tick of the file system's clock.
const RACY: Duration = Duration::from_secs(2);

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
    /// The cache file itself, or a file's own bytes; the facts are a part of them.
    bytes: Arc<[u8]>,
    facts: Range<usize>,
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
        let bytes: Arc<[u8]> = postcard::to_stdvec(facts).ok()?.into();
        let facts = 0..bytes.len();
        Some(Entry { path: path.to_owned(), size, modified, hash, bytes, facts })
    }

    /// The same content, seen again with another size or time of change on disk.
    pub fn at(&self, size: u64, modified: u64) -> Arc<Self> {
        Arc::new(Entry { size, modified, ..self.clone() })
    }

    pub fn facts(&self) -> Option<FileFacts> {
        postcard::from_bytes(self.raw()).ok()
    }

    fn raw(&self) -> &[u8] {
        self.bytes.get(self.facts.clone()).unwrap_or_default()
    }
}

impl Cache {
    pub fn open(place: &Place, roots: &[PathBuf]) -> Self {
        let Some(file) = folder(place).map(|f| f.join(name(roots))) else {
            return Cache::default();
        };
        let mut cache = Cache { file: Some(file.clone()), ..Cache::default() };
        let Ok(bytes) = fs::read(&file) else { return cache };
        match decode(bytes) {
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

/// Magic, hash of the rest, head, facts of all files one after the other.
fn encode(written: u64, entries: &[Arc<Entry>]) -> Option<Vec<u8>> {
    let lines = entries.iter().map(|e| (e.path.as_str(), e.size, e.modified, e.hash, e.raw().len())).collect();
    let head = postcard::to_stdvec(&Head { build: build(), written, entries: lines }).ok()?;
    let mut payload = head;
    entries.iter().for_each(|e| payload.extend_from_slice(e.raw()));
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(blake3::hash(&payload).as_bytes());
    bytes.extend_from_slice(&payload);
    Some(bytes)
}

/// `Err(None)`: nothing worth saying (another build or version wrote it).
fn decode(bytes: Vec<u8>) -> Result<(u64, Vec<Entry>), Option<String>> {
    let damaged = || Some("it is damaged".to_owned());
    let bytes: Arc<[u8]> = bytes.into();
    let (Some(magic), Some(sum), Some(payload)) = (bytes.get(..8), bytes.get(8..40), bytes.get(40..)) else {
        return Err(damaged());
    };
    if magic != MAGIC && magic.starts_with(b"seamfct") {
        return Err(None);
    }
    if magic != MAGIC || blake3::hash(payload).as_bytes() != sum {
        return Err(damaged());
    }
    let (head, facts): (Head<'_>, _) = postcard::take_from_bytes(payload).map_err(|_| damaged())?;
    if head.build != build() {
        return Err(None);
    }
    let mut at = bytes.len() - facts.len();
    let mut entry = |(path, size, modified, hash, length): Line<'_>| {
        let facts = at..at.saturating_add(length);
        at = facts.end;
        Entry { path: path.to_owned(), size, modified, hash, bytes: bytes.clone(), facts }
    };
    let entries = head.entries.into_iter().map(&mut entry).collect();
    Ok((head.written, entries))
}

/// Whole or not at all: another run may read while this one writes.
fn replace(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
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
fn build() -> [u8; 32] {
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

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64)
}
