//! A workspace on disk: one root or several side by side, read in parallel, with an engine that holds its facts.
//!
//! What the cache knows is only handed to the engine when a question needs it: a question that was already answered for
//! this very state of the files is answered from what is kept.

use crate::answers::{Answers, State};
use crate::cache::{self, Cache, Entry, Place};
use crate::edits::Overlay;
use crate::walk::{Found, Walk, walk};
use crate::{HostError, read, skip};
use rayon::prelude::*;
use seam_engine::incident::Recorded;
use seam_engine::memory::Memory;
use seam_engine::{Change, Engine, FileFacts, ProblemKind, Refusal, Settings, Snapshot, Texts};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

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
    pub(crate) roots: Vec<(PathBuf, String)>,
    pub(crate) settings: Settings,
    pub(crate) engine: Engine,
    pub(crate) cache: Cache,
    pub(crate) pool: rayon::ThreadPool,
    pub(crate) known: BTreeMap<String, Arc<Entry>>,
    /// Paths whose facts are problems only (folders, unreadable files), with what is wrong.
    broken: BTreeMap<String, String>,
    /// Files whose facts the cache has and the engine has not.
    pub(crate) pending: BTreeMap<String, (Found, Arc<Entry>)>,
    /// Texts that stand in place of files.
    pub(crate) overlays: BTreeMap<String, Overlay>,
    /// Their texts, for answers that quote.
    pub(crate) shown: Arc<RwLock<BTreeMap<String, Arc<str>>>>,
    /// The present state, linked as far as it was asked about.
    pub(crate) snapshot: Option<Arc<Snapshot>>,
    answers: Answers,
    /// Something was read that the cache does not have yet.
    pub(crate) unsaved: bool,
    /// The folders of telemetry that were read last, with what they hold.
    pub(crate) recorded: Option<(Folders, Arc<Recorded>)>,
    /// Databases on other machines may be asked for telemetry.
    pub(crate) far: bool,
    pub(crate) hearing: Arc<Progress>,
    /// What is remembered, and the files that it was read from.
    memory: (crate::memory::State, Arc<Memory>),
}

/// A folder of telemetry, and one of normal telemetry.
pub(crate) type Folders = (String, Option<String>);

/// Grammars and our own walks recurse on nested input; their depth is bounded, and this is room for the bound.
const STACK: usize = 16 << 20;

impl Workspace {
    /// Finds the roots and reads everything once.
    pub fn open(opening: &Opening, progress: &Progress) -> Result<(Self, Report), HostError> {
        let (given, settings, notes) = gathered(&opening.roots)?;
        let mut notes = notes;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(opening.threads)
            .stack_size(STACK)
            .build()
            .map_err(|e| HostError::Threads(e.to_string()))?;
        let mut cache = Cache::open(&opening.cache, &given);
        notes.extend(cache.note.take());
        let mut engine = Engine::default();
        engine.apply([Change::Settings(Arc::new(settings.clone()))]);
        let roots = named(given);
        let answers = Answers::new(cache.answers());
        let mut workspace = Workspace {
            roots,
            settings,
            engine,
            cache,
            pool,
            known: BTreeMap::new(),
            broken: BTreeMap::new(),
            pending: BTreeMap::new(),
            overlays: BTreeMap::new(),
            shown: Arc::default(),
            snapshot: None,
            answers,
            unsaved: false,
            recorded: None,
            far: false,
            hearing: Arc::default(),
            memory: Default::default(),
        };
        let mut report = workspace.reread(progress);
        report.notes.splice(0..0, notes);
        Ok((workspace, report))
    }

    /// The answer to a question as JSON text. What was already answered for this state of the files is not worked out
    /// again.
    pub fn ask(&mut self, name: &str, request: &str) -> Result<String, Refusal> {
        if let Some(since) = seam_engine::since(name, request) {
            let known = self.before(&since).map_err(|e| {
                Refusal::usage(
                    e.to_string(),
                    "give a commit, branch or tag of the repository that the workspace lies in",
                )
            })?;
            let request = seam_engine::only_new(&known, name, request)?;
            return self.ask(name, &request);
        }
        if let Some(change) = seam_engine::asks::plan::wants(name, request) {
            let hint = "give a commit, branch or tag of the repository that the workspace lies in, or a patch";
            let request = self.with_texts(change).map_err(|e| Refusal::usage(e.to_string(), hint))?;
            return seam_engine::asks::plan::answered(&self.snapshot(), &request);
        }
        if let Some(wanted) = seam_engine::asks::verify::wants(name, request)? {
            let request = self.with_base(wanted)?;
            return seam_engine::asks::verify::answered(&self.snapshot(), &request);
        }
        if let Some(folders) = seam_engine::folders(name, request) {
            let recorded = self.hear(folders, request)?;
            let snapshot = self.snapshot();
            snapshot.hear(recorded);
            return snapshot.ask(name, request);
        }
        if let Some(snapshot) = &self.snapshot {
            return snapshot.ask(name, request);
        }
        if !self.overlays.is_empty() {
            // What nobody has saved is not worth keeping.
            return self.snapshot().ask(name, request);
        }
        if !seam_engine::is_kept(name) {
            return self.snapshot().ask(name, request);
        }
        let state = self.state();
        if let Some(answer) = self.answers.get(&state, name, request) {
            return Ok(answer);
        }
        let answer = self.snapshot().ask(name, request)?;
        self.answers.put(&state, name, request, &answer);
        Ok(answer)
    }

    /// Where what is learnt of this workspace is kept; nowhere if it has no folder.
    pub fn memory(&self) -> Option<crate::MemoryFolder> {
        self.roots.first().map(|(root, _)| crate::MemoryFolder::of(root))
    }

    /// What the history of commits shows of the services, as entries that may be kept.
    pub fn mined(&mut self, most: usize) -> Result<Vec<seam_engine::memory::Proposal>, HostError> {
        let mut commits = Vec::new();
        for (root, prefix) in &self.roots {
            for mut commit in crate::git::log(root, most)? {
                commit.files = commit.files.iter().map(|f| joined(prefix, f)).collect();
                commits.push(commit);
            }
        }
        // Several repositories side by side are one history.
        commits.sort_by(|a, b| b.date.cmp(&a.date));
        Ok(seam_engine::memory::mined(&self.snapshot(), &commits))
    }

    /// Reads the memory if its files are other than they were; what is to be said of its index. The map stays: it does not depend on it.
    pub fn recollect(&mut self) -> Option<String> {
        let folder = self.memory()?;
        let state = folder.state();
        if state == self.memory.0 {
            return None;
        }
        let indexed = self.cache.is_kept();
        let (memory, note) = self.pool.install(|| match indexed {
            true => folder.recollected(&state),
            false => (Memory::of(folder.read()), None),
        });
        self.memory = (state, Arc::new(memory));
        if let Some(snapshot) = &self.snapshot {
            snapshot.remember(self.memory.1.clone());
        }
        note
    }

    /// The present state as a value.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        if let Some(snapshot) = &self.snapshot {
            return snapshot.clone();
        }
        self.load();
        let snapshot = Arc::new(self.engine.snapshot().with_texts(self.texts()));
        snapshot.remember(self.memory.1.clone());
        self.snapshot = Some(snapshot.clone());
        snapshot
    }

    /// The workspace as it was at a revision: what differs now is taken from git, the rest as it is.
    fn before(&mut self, revision: &str) -> Result<Snapshot, HostError> {
        self.load();
        let mut engine = self.engine.clone();
        for (root, prefix) in &self.roots {
            for (name, bytes) in crate::git::differing(root, revision)? {
                let path = joined(prefix, &name);
                let read = self.known.contains_key(&path) || self.broken.contains_key(&path);
                let change = match bytes {
                    // What is there and was not read is left out on purpose; what is gone would have been read.
                    Some(bytes) if read || !root.join(&name).exists() && skip::may_hold(&name) => {
                        Change::File { facts: Arc::new(extracted(&path, &bytes)), path: path.into() }
                    }
                    _ => Change::Removed { path: path.into() },
                };
                engine.apply([change]);
            }
        }
        Ok(engine.snapshot())
    }

    /// The workspace as it was at a revision, or as a folder holds it, with its texts.
    pub fn state_at(&mut self, place: &str) -> Result<Snapshot, HostError> {
        if Path::new(place).is_dir() {
            let opening = Opening { roots: vec![place.into()], cache: cache::Place::Nowhere, threads: 0 };
            let (mut other, _) = Workspace::open(&opening, &Progress::default())?;
            other.load();
            let snapshot = other.engine.snapshot().with_texts(other.texts());
            return Ok(snapshot);
        }
        let snapshot = self.before(place)?;
        let mut then: BTreeMap<String, Option<Arc<str>>> = BTreeMap::new();
        for (root, prefix) in &self.roots {
            for (name, bytes) in crate::git::differing(root, place)? {
                let text = bytes.map(|b| String::from_utf8_lossy(&b).into());
                then.insert(joined(prefix, &name), text);
            }
        }
        let now = self.texts();
        Ok(snapshot.with_texts(Texts::new(move |path| match then.get(path) {
            Some(text) => text.as_ref().map(|t| t.to_string()),
            None => now.read(path),
        })))
    }

    /// The workspace as it would be with these texts in place of what is there; nothing is written.
    pub fn supposing(&mut self, texts: &[(String, String)]) -> Snapshot {
        self.load();
        let mut engine = self.engine.clone();
        engine.apply(texts.iter().map(|(path, text)| Change::File {
            path: path.as_str().into(),
            facts: Arc::new(extracted(path, text.as_bytes())),
        }));
        engine.snapshot()
    }

    /// Paths of the files that were read.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// A file's text, for people to see; `None` if it cannot be read any more.
    pub fn text(&self, path: &str) -> Option<String> {
        self.written(path).map(|text| seam_engine::excerpt(path, &text))
    }

    /// Lines of a file, the first of which is 1, for people to see; `None` if it has fewer, or cannot be read any more.
    pub fn lines(&self, path: &str, lines: RangeInclusive<u32>) -> Option<String> {
        let (first, last) = (*lines.start() as usize, *lines.end() as usize);
        let text = self.written(path)?;
        // A secret's key may stand on the line before it.
        let above = usize::from(first > 1);
        let from = first.checked_sub(1 + above)?;
        let found: Vec<&str> = text.split_inclusive('\n').take(last).skip(from).collect();
        let whole = found.len() == last - from;
        whole.then(|| seam_engine::excerpt(path, &found.concat()).split_inclusive('\n').skip(above).collect())
    }

    /// The texts of all files, those that stand in their place included, as a value that outlives this borrow.
    fn texts(&self) -> Texts {
        let (roots, shown, repositories) = (self.roots.clone(), self.shown.clone(), self.roots.clone());
        let texts = Texts::new(move |path| {
            let overlaid = shown.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
            overlaid.or_else(|| crate::edits::on_disk(&roots, path)).map(|text| text.to_string())
        });
        texts.with_history(move |path| {
            let below = |(root, prefix): &(PathBuf, String)| match prefix.is_empty() {
                true => Some((root.clone(), path.to_owned())),
                false => Some((root.clone(), path.strip_prefix(prefix)?.strip_prefix('/')?.to_owned())),
            };
            let found = repositories.iter().find_map(below);
            found.map(|(root, path)| crate::git::recent(&root, &path)).unwrap_or_default()
        })
    }

    /// Hands the engine what the cache has.
    fn load(&mut self) {
        let pending: Vec<(String, (Found, Arc<Entry>))> = std::mem::take(&mut self.pending).into_iter().collect();
        let pending = pending.into_iter().filter(|(path, _)| !self.stands_in(path));
        let pending: Vec<_> = pending.collect();
        let decode = |(path, (found, entry)): (String, (Found, Arc<Entry>))| {
            // A damaged cache costs time, not answers.
            let facts = entry.facts().unwrap_or_else(|| match read::bytes(&found) {
                Ok(bytes) => extracted(&path, &bytes),
                Err(facts) => facts,
            });
            Change::File { path: path.into(), facts: Arc::new(facts) }
        };
        let changes: Vec<Change> = self.pool.install(|| pending.into_par_iter().map(decode).collect());
        self.engine.apply(changes);
    }

    /// Everything that an answer depends on.
    fn state(&self) -> State {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&cache::build());
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(&postcard::to_stdvec(&self.settings).unwrap_or_default());
        for (path, entry) in &self.known {
            part(path.as_bytes());
            part(&entry.hash);
        }
        for (path, problem) in &self.broken {
            part(path.as_bytes());
            part(problem.as_bytes());
        }
        part(&postcard::to_stdvec(&self.memory.0).unwrap_or_default());
        *hasher.finalize().as_bytes()
    }

    /// Globs of what is not read, as `seam.toml` says.
    pub fn ignored(&self) -> &[String] {
        &self.settings.ignore
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

    /// Reads what is different since the last time, `seam.toml` included, and tells the engine.
    pub fn refresh(&mut self, progress: &Progress) -> Report {
        let notes = self.resettle();
        Report { notes, ..self.reread(progress) }
    }

    /// The same under the settings that are known.
    pub(crate) fn reread(&mut self, progress: &Progress) -> Report {
        let note = self.recollect();
        let mut found = Walk::default();
        for (root, prefix) in &self.roots {
            walk(root, prefix, &self.settings.ignore, &mut found);
        }
        let gone = self.known.keys().chain(self.broken.keys()).cloned().collect();
        let mut report = self.bring(found, gone, progress);
        report.notes.extend(note);
        self.save();
        report
    }

    /// Reads what was found. What is `gone` unless it was found is forgotten.
    pub(crate) fn bring(&mut self, found: Walk, gone: BTreeSet<String>, progress: &Progress) -> Report {
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
        self.take(found, gone, read, &mut report);
        report
    }

    /// Paths that are known, or known to be broken, at a place or below it.
    pub(crate) fn known_at(&self, path: &str) -> BTreeSet<String> {
        let at = |known: &&String| {
            path.is_empty() || known.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.known.keys().chain(self.broken.keys()).filter(at).cloned().collect()
    }

    fn take(&mut self, found: Walk, mut gone: BTreeSet<String>, read: Vec<Read>, report: &mut Report) {
        let (mut changes, mut problems) = (Vec::new(), Vec::new());
        for (found, Read { entry, facts }) in found.files.into_iter().zip(read) {
            gone.remove(&found.path);
            match (facts, entry) {
                (Facts::Kept, None) => {}
                (Facts::Same, entry) => self.know(&found.path, entry),
                (Facts::Kept, Some(entry)) => {
                    report.changed.push(found.path.clone());
                    self.know(&found.path, Some(entry.clone()));
                    self.pending.insert(found.path.clone(), (found, entry));
                }
                (Facts::New(facts), Some(entry)) => {
                    self.know(&found.path, Some(entry));
                    changes.push((found.path, facts));
                }
                (Facts::New(facts), None) => {
                    self.known.remove(&found.path);
                    problems.push((found.path, facts));
                }
            }
        }
        let unread = |(path, kind, message): (String, _, String)| (path, seam_engine::unreadable(kind, &message));
        problems.extend(found.problems.into_iter().map(unread));
        for (path, facts) in problems {
            gone.remove(&path);
            let what = format!("{:?}", facts.problems);
            // What stays broken in the same way is no change.
            if self.broken.get(&path) != Some(&what) {
                changes.push((path.clone(), facts));
            }
            self.broken.insert(path, what);
        }
        let mut told = Vec::new();
        let pending = |path: &String| self.pending.contains_key(path) && !self.stands_in(path);
        let mut new = report.changed.iter().any(pending);
        for (path, facts) in changes {
            self.pending.remove(&path);
            if !self.stands_in(&path) && self.engine.facts(&path) != Some(&facts) {
                told.push(Change::File { path: path.as_str().into(), facts: Arc::new(facts) });
            }
            report.changed.push(path);
        }
        for path in gone {
            self.pending.remove(&path);
            self.known.remove(&path);
            self.broken.remove(&path);
            self.unsaved = true;
            if !self.stands_in(&path) {
                told.push(Change::Removed { path: path.as_str().into() });
            }
            report.changed.push(path);
        }
        report.changed.sort();
        // The same facts, or a file that an overlay stands in for, are nothing new.
        new |= !told.is_empty();
        if new {
            self.snapshot = None;
        }
        self.engine.apply(told);
        self.unsaved |= report.extracted > 0;
    }

    fn know(&mut self, path: &str, entry: Option<Arc<Entry>>) {
        if let Some(entry) = entry {
            self.broken.remove(path);
            self.known.insert(path.to_owned(), entry);
        }
    }

    /// Keeps what was read for the next run.
    pub fn save(&mut self) {
        if self.unsaved || self.known.len() != self.cache.len() {
            self.cache.write(self.known.values().cloned().collect());
            self.unsaved = false;
        }
    }
}

/// The roots that are meant by some folders, what their `seam.toml` says, and what is wrong with either.
fn gathered(roots: &[PathBuf]) -> Result<(Vec<PathBuf>, Settings, Vec<String>), HostError> {
    let mut given = Vec::new();
    for root in roots {
        given.push(checked(root)?);
    }
    let mut notes = Vec::new();
    let settings = settings(&given, |file| fs::read_to_string(file).ok(), &mut notes);
    if let Some(first) = given.first().cloned() {
        for more in &settings.roots {
            match checked(&first.join(more)) {
                Ok(root) if !given.contains(&root) => given.push(root),
                Ok(_) => {}
                Err(error) => notes.push(format!("a root in `seam.toml` is left out: {error}")),
            }
        }
    }
    Ok((given, settings, notes))
}

/// The folders that a workspace of these roots reads, each with what stands before its files' paths.
pub fn roots(roots: &[PathBuf]) -> Result<Vec<(PathBuf, String)>, HostError> {
    gathered(roots).map(|(given, _, _)| named(given))
}

/// One file's outcome.
struct Read {
    entry: Option<Arc<Entry>>,
    facts: Facts,
}

enum Facts {
    /// As before in this process.
    Same,
    /// The entry has them.
    Kept,
    New(FileFacts),
}

fn read_one(found: &Found, known: &BTreeMap<String, Arc<Entry>>, cache: &Cache, count: &AtomicUsize) -> Read {
    let before = known.get(&found.path);
    if let Some(entry) = cache.unchanged(&found.path, found.size, found.modified) {
        let same = before.is_some_and(|b| b.hash == entry.hash);
        return Read { entry: Some(entry.clone()), facts: if same { Facts::Same } else { Facts::Kept } };
    }
    let bytes = match read::bytes(found) {
        Ok(bytes) => bytes,
        Err(facts) => return Read { entry: None, facts: Facts::New(facts) },
    };
    let hash = *blake3::hash(&bytes).as_bytes();
    if let Some(same) = before.filter(|b| b.hash == hash) {
        return Read { entry: Some(same.at(found.size, found.modified)), facts: Facts::Same };
    }
    if let Some(same) = cache.same_content(&found.path, &hash) {
        return Read { entry: Some(same.at(found.size, found.modified)), facts: Facts::Kept };
    }
    count.fetch_add(1, Ordering::Relaxed);
    let facts = extracted(&found.path, &bytes);
    let entry = Entry::new(&found.path, found.size, found.modified, hash, &facts).map(Arc::new);
    Read { entry, facts: Facts::New(facts) }
}

/// An extractor that panics is a mistake of ours; it costs one file, never the rest.
pub(crate) fn extracted(path: &str, bytes: &[u8]) -> FileFacts {
    std::panic::catch_unwind(|| read::facts(path, bytes)).unwrap_or_else(|_| {
        seam_engine::unreadable(ProblemKind::Unsupported, "an extractor failed on this file; please report it")
    })
}

fn checked(root: &Path) -> Result<PathBuf, HostError> {
    let full = root.canonicalize().map_err(|cause| HostError::Root { path: root.to_owned(), cause })?;
    if full.is_dir() { Ok(full) } else { Err(HostError::NotAFolder { path: root.to_owned() }) }
}

/// `seam.toml` of the first root that has one.
pub(crate) fn settings<'a>(
    roots: impl IntoIterator<Item = &'a PathBuf>,
    text: impl Fn(&Path) -> Option<String>,
    notes: &mut Vec<String>,
) -> Settings {
    for root in roots {
        let Some(text) = text(&root.join("seam.toml")) else { continue };
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

pub(crate) fn joined(prefix: &str, path: &str) -> String {
    if prefix.is_empty() { path.to_owned() } else { format!("{prefix}/{path}") }
}

pub(crate) fn slashes(path: &Path) -> String {
    path.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
