//! A workspace on disk: one root or several side by side, read in parallel, with an engine that holds its facts.

use crate::cache::{Cache, Entry, Place};
use crate::walk::{Found, Walk, walk};
use crate::{HostError, read};
use rayon::prelude::*;
use seam_engine::{Change, Engine, FileFacts, ProblemKind, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How far reading is; watched by whoever shows progress.
#[derive(Debug, Default)]
pub struct Progress {
    pub done: AtomicUsize,
    /// 0 until the walk is over.
    pub total: AtomicUsize,
}

/// How to open a workspace.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    pub roots: Vec<PathBuf>,
    pub cache: Place,
    /// 0: one for each core.
    pub threads: usize,
}

/// What reading did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub files: usize,
    /// Files whose facts had to be worked out; the others came from the cache.
    pub extracted: usize,
    /// Files that are different from the last time they were read in this process.
    pub changed: Vec<String>,
    /// For people, on standard error.
    pub notes: Vec<String>,
}

/// An open workspace.
pub struct Workspace {
    roots: Vec<(PathBuf, String)>,
    settings: Settings,
    engine: Engine,
    cache: Cache,
    pool: rayon::ThreadPool,
    known: BTreeMap<String, Arc<Entry>>,
    /// Paths whose facts are problems only (folders, unreadable files).
    broken: BTreeSet<String>,
}

/// Grammars and our own walks recurse on nested input; their depth is bounded, and this is room for the bound.
const STACK: usize = 16 << 20;

impl Workspace {
    /// Finds the roots and reads everything once.
    pub fn open(opening: &Opening, progress: &Progress) -> Result<(Self, Report), HostError> {
        let mut given = Vec::new();
        for root in &opening.roots {
            given.push(checked(root)?);
        }
        let mut notes = Vec::new();
        let settings = settings(&given, &mut notes);
        if let Some(first) = given.first().cloned() {
            for more in &settings.roots {
                match checked(&first.join(more)) {
                    Ok(root) if !given.contains(&root) => given.push(root),
                    Ok(_) => {}
                    Err(error) => notes.push(format!("a root in `seam.toml` is left out: {error}")),
                }
            }
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(opening.threads)
            .stack_size(STACK)
            .build()
            .map_err(|e| HostError::Threads(e.to_string()))?;
        let mut cache = Cache::open(&opening.cache, &given);
        notes.extend(cache.note.take());
        let mut engine = Engine::default();
        engine.apply([Change::Settings(settings.clone())]);
        let roots = named(given);
        let known = BTreeMap::new();
        let mut workspace = Workspace { roots, settings, engine, cache, pool, known, broken: BTreeSet::new() };
        let mut report = workspace.refresh(progress);
        report.notes.splice(0..0, notes);
        Ok((workspace, report))
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The folders that are read.
    pub fn roots(&self) -> impl Iterator<Item = &Path> {
        self.roots.iter().map(|(root, _)| root.as_path())
    }

    /// The workspace-relative path of a file as a person names it: relative to the working folder, absolute, or already
    /// workspace-relative.
    pub fn relative(&self, path: &Path) -> String {
        let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        for (root, prefix) in &self.roots {
            if let Ok(below) = full.strip_prefix(root) {
                return joined(prefix, &slashes(below));
            }
        }
        slashes(path).trim_start_matches("./").to_owned()
    }

    /// Reads what is different since the last time, and tells the engine.
    pub fn refresh(&mut self, progress: &Progress) -> Report {
        let mut found = Walk::default();
        for (root, prefix) in &self.roots {
            walk(root, prefix, &self.settings.ignore, &mut found);
        }
        progress.total.store(found.files.len().max(1), Ordering::Relaxed);
        let extracted = AtomicUsize::new(0);
        let (known, cache) = (&self.known, &self.cache);
        let read: Vec<Read> = self.pool.install(|| {
            let one = |found: &Found| {
                let read = read_one(found, known, cache, &extracted);
                progress.done.fetch_add(1, Ordering::Relaxed);
                read
            };
            found.files.par_iter().map(one).collect()
        });
        let mut report = Report { files: found.files.len(), extracted: extracted.into_inner(), ..Report::default() };
        self.take(found, read, &mut report);
        report
    }

    fn take(&mut self, found: Walk, read: Vec<Read>, report: &mut Report) {
        let mut gone: BTreeSet<String> = self.known.keys().chain(&self.broken).cloned().collect();
        let mut known = BTreeMap::new();
        let mut broken = BTreeSet::new();
        let mut changes = Vec::new();
        for (found, read) in found.files.iter().zip(read) {
            gone.remove(&found.path);
            match read.entry {
                Some(entry) => known.insert(found.path.clone(), entry).map(drop),
                None => broken.insert(found.path.clone()).then_some(()),
            };
            if let Some(facts) = read.facts {
                report.changed.push(found.path.clone());
                changes.push(Change::File { path: found.path.as_str().into(), facts: Arc::new(facts) });
            }
        }
        for (path, kind, message) in found.problems {
            gone.remove(&path);
            broken.insert(path.clone());
            let facts = Arc::new(seam_engine::unreadable(kind, &message));
            changes.push(Change::File { path: path.as_str().into(), facts });
        }
        for path in gone {
            report.changed.push(path.clone());
            changes.push(Change::Removed { path: path.as_str().into() });
        }
        self.engine.apply(changes);
        if report.extracted > 0 || known.len() != self.cache.len() {
            self.cache.write(known.values().cloned().collect());
        }
        self.known = known;
        self.broken = broken;
    }
}

/// One file's outcome. No facts: the same as before.
struct Read {
    entry: Option<Arc<Entry>>,
    facts: Option<FileFacts>,
}

fn read_one(found: &Found, known: &BTreeMap<String, Arc<Entry>>, cache: &Cache, extracted: &AtomicUsize) -> Read {
    let before = known.get(&found.path);
    if let Some(entry) = cache.unchanged(&found.path, found.size, found.modified) {
        if before.is_some_and(|b| b.hash == entry.hash) {
            return Read { entry: Some(entry.clone()), facts: None };
        }
        if let Some(facts) = entry.facts() {
            return Read { entry: Some(entry.clone()), facts: Some(facts) };
        }
    }
    let bytes = match read::bytes(found) {
        Ok(bytes) => bytes,
        Err(facts) => return Read { entry: None, facts: Some(facts) },
    };
    let hash = *blake3::hash(&bytes).as_bytes();
    if let Some(same) = before.filter(|b| b.hash == hash) {
        return Read { entry: Some(same.at(found.size, found.modified)), facts: None };
    }
    if let Some(same) = cache.same_content(&found.path, &hash)
        && let Some(facts) = same.facts()
    {
        return Read { entry: Some(same.at(found.size, found.modified)), facts: Some(facts) };
    }
    extracted.fetch_add(1, Ordering::Relaxed);
    // An extractor that panics is a mistake of ours; it costs one file, never the rest.
    let facts = std::panic::catch_unwind(|| read::facts(&found.path, &bytes)).unwrap_or_else(|_| {
        seam_engine::unreadable(ProblemKind::Unsupported, "an extractor failed on this file; please report it")
    });
    let entry = Entry::new(&found.path, found.size, found.modified, hash, &facts).map(Arc::new);
    Read { entry, facts: Some(facts) }
}

fn checked(root: &Path) -> Result<PathBuf, HostError> {
    let full = root.canonicalize().map_err(|cause| HostError::Root { path: root.to_owned(), cause })?;
    if full.is_dir() { Ok(full) } else { Err(HostError::NotAFolder { path: root.to_owned() }) }
}

/// `seam.toml` of the first root that has one.
fn settings(roots: &[PathBuf], notes: &mut Vec<String>) -> Settings {
    for root in roots {
        let Ok(text) = fs::read_to_string(root.join("seam.toml")) else { continue };
        match Settings::parse(&text) {
            Ok(settings) => return settings,
            Err(error) => notes.push(format!("`seam.toml` is not used: {error}")),
        }
    }
    Settings::default()
}

/// One root needs no name; several are told apart by their folders' names.
fn named(roots: Vec<PathBuf>) -> Vec<(PathBuf, String)> {
    if roots.len() == 1 {
        return roots.into_iter().map(|r| (r, String::new())).collect();
    }
    let mut used = BTreeSet::new();
    let mut unique = |root: &PathBuf| {
        let base = root.file_name().map_or_else(|| "root".to_owned(), |n| n.to_string_lossy().into_owned());
        let name = (1..).map(|i| if i == 1 { base.clone() } else { format!("{base}-{i}") }).find(|n| !used.contains(n));
        let name = name.unwrap_or(base);
        used.insert(name.clone());
        name
    };
    roots.into_iter().map(|root| (root.clone(), unique(&root))).collect()
}

fn joined(prefix: &str, path: &str) -> String {
    if prefix.is_empty() { path.to_owned() } else { format!("{prefix}/{path}") }
}

fn slashes(path: &Path) -> String {
    path.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
