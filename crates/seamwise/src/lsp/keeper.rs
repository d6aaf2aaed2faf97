//! The thread that keeps the workspace: takes in what was told, links, looks for findings, publishes.
//!
//! Invariant: one burst of changes is one new state. What arrives while a state is being made makes it start over, unless the
//! last one is a second old: requests are answered from that one meanwhile.

use super::diagnostics::{self, Texts};
use super::shared::{Root, Shared, State, Unsaved, locked};
use super::status::{Indexing, Status};
use crossbeam_channel::{Receiver, Sender};
use gen_lsp_types::Uri;
use seam_engine::Snapshot;
use seam_engine::asks::{detect, plan};
use seam_host::{CachePlace, Opening, Progress, Workspace};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Something to take in.
pub enum Task {
    /// An open document's text; none: it was closed.
    Text { path: String, text: Option<Arc<str>> },
    /// Files or folders that changed on disk; none: anything may have.
    Touched(Vec<PathBuf>),
    /// These folders are the workspace now.
    Folders(Vec<PathBuf>),
    /// The options are different.
    Options,
    /// Keep what is known, and say when that is done.
    Stop(Sender<()>),
}

/// A burst ends when nothing came for this long.
const QUIET: Duration = Duration::from_millis(20);
/// However long a burst is, a new state is begun after this.
const LONGEST_BURST: Duration = Duration::from_millis(120);
/// A state older than this is finished rather than begun anew.
const STALE: Duration = Duration::from_secs(1);
/// What was read is kept for the next run after so much quiet.
const IDLE: Duration = Duration::from_secs(20);

pub struct Keeper {
    shared: Arc<Shared>,
    tasks: Receiver<(u64, Task)>,
    cache: CachePlace,
    threads: usize,
    status: Status,
    texts: Texts,
    /// What was published, by URI, with the very text that it is about where the document is open.
    published: BTreeMap<String, (Vec<Value>, Option<Arc<str>>)>,
    /// The highest number that was taken in.
    told: u64,
    /// Counts up with every new graph.
    number: u64,
    /// The last state in which every open document was as it is on disk.
    saved: Option<Arc<Snapshot>>,
    /// Told things wait for a state.
    open: bool,
    finished: Instant,
    /// What `seam.toml` said about further roots when the workspace was opened.
    further: Vec<String>,
    folders: Vec<PathBuf>,
    watching: Arc<AtomicBool>,
}

impl Keeper {
    pub fn new(shared: Arc<Shared>, tasks: Receiver<(u64, Task)>, cache: CachePlace, threads: usize) -> Self {
        Keeper {
            status: Status::new(shared.clone()),
            shared,
            tasks,
            cache,
            threads,
            texts: Texts::default(),
            published: BTreeMap::new(),
            told: 0,
            number: 0,
            saved: None,
            open: false,
            finished: Instant::now(),
            further: Vec::new(),
            folders: Vec::new(),
            watching: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Until the session ends.
    pub fn run(mut self) {
        loop {
            let burst = match self.tasks.recv_timeout(if self.open { Duration::ZERO } else { IDLE }) {
                Ok(first) => self.burst(first),
                Err(error) if error.is_disconnected() => return,
                Err(_) if self.open => Vec::new(),
                Err(_) => {
                    if let Some(workspace) = locked(&self.shared.workspace).as_mut() {
                        workspace.save();
                    }
                    continue;
                }
            };
            for (number, task) in in_one(burst) {
                self.told = number;
                if !self.take(task) {
                    return;
                }
            }
            self.settle();
        }
    }

    /// Everything until it is quiet.
    fn burst(&self, first: (u64, Task)) -> Vec<(u64, Task)> {
        let begun = Instant::now();
        let mut burst = vec![first];
        while begun.elapsed() < LONGEST_BURST {
            match self.tasks.recv_timeout(QUIET) {
                Ok(next) => burst.push(next),
                Err(_) => break,
            }
        }
        burst
    }

    /// Takes one thing in. `false`: the session ends.
    fn take(&mut self, task: Task) -> bool {
        self.open = true;
        match task {
            Task::Text { path, text } => {
                self.texts.forget(&path);
                if let Some(workspace) = locked(&self.shared.workspace).as_mut() {
                    workspace.overlay(&[(path, text)]);
                }
            }
            Task::Touched(paths) => {
                self.texts.clear(true);
                self.saved = None;
                if let Some(workspace) = locked(&self.shared.workspace).as_mut() {
                    let report = workspace.touch(&paths, &Progress::default());
                    report.notes.iter().for_each(|note| self.shared.log(2, note));
                }
            }
            Task::Folders(folders) => {
                self.folders = folders;
                self.reopen();
            }
            Task::Options => {}
            Task::Stop(done) => {
                self.watching.store(false, Ordering::Relaxed);
                if let Some(workspace) = locked(&self.shared.workspace).as_mut() {
                    workspace.save();
                }
                let _ = done.send(());
                return false;
            }
        }
        let further = locked(&self.shared.workspace).as_ref().map(|w| w.further_roots().to_vec());
        if further.is_some_and(|f| f != self.further) {
            self.reopen();
        }
        true
    }

    /// Opens the workspace of the present folders, with the open documents in place.
    fn reopen(&mut self) {
        self.saved = None;
        self.watching.store(false, Ordering::Relaxed);
        let (folders, missing): (Vec<PathBuf>, Vec<PathBuf>) = self.folders.iter().cloned().partition(|f| f.is_dir());
        for folder in missing {
            self.shared.log(1, &format!("`{}` is no folder that can be read; it is left out", folder.display()));
        }
        let opening = Opening { roots: folders.clone(), cache: self.cache.clone(), threads: self.threads };
        let indexing = Indexing::begin(&self.shared);
        let opened = Workspace::open(&opening, &indexing.progress);
        indexing.end();
        match opened {
            Ok((mut workspace, report)) => {
                report.notes.iter().for_each(|note| self.shared.log(2, note));
                self.further = workspace.further_roots().to_vec();
                self.shared.set_roots(roots(&folders));
                let texts = self.placed();
                workspace.overlay(&texts);
                let read: Vec<PathBuf> = workspace.roots().map(Into::into).collect();
                let ignored = workspace.ignored().to_vec();
                *locked(&self.shared.workspace) = Some(workspace);
                self.status.failed = None;
                self.watch(read, ignored);
            }
            Err(error) => {
                *locked(&self.shared.workspace) = None;
                self.status.failed = Some(error.to_string());
                self.shared.log(1, &error.to_string());
            }
        }
        self.texts.clear(true);
    }

    /// Open documents under their paths below the present roots.
    fn placed(&self) -> Vec<(String, Option<Arc<str>>)> {
        let places: Vec<(String, Option<String>)> = {
            let desk = self.shared.desk();
            desk.documents.iter().map(|(key, d)| (key.clone(), d.uri.clone())).collect::<Vec<_>>()
        }
        .into_iter()
        .map(|(key, uri)| (key, self.shared.path(&uri)))
        .collect();
        let mut desk = self.shared.desk();
        let mut out = Vec::new();
        for (key, path) in places {
            let Some(document) = desk.documents.get_mut(&key) else { continue };
            document.path = path.clone();
            out.extend(path.map(|path| (path, Some(document.text.text.clone()))));
        }
        out
    }

    fn watch(&mut self, roots: Vec<PathBuf>, ignored: Vec<String>) {
        let alive = Arc::new(AtomicBool::new(true));
        self.watching = alive.clone();
        if roots.is_empty() {
            return;
        }
        let shared = self.shared.clone();
        let watch = move || {
            let told = seam_host::watch(&roots, &ignored, |paths| {
                let goes_on = alive.load(Ordering::Relaxed);
                if goes_on {
                    shared.tell(Task::Touched(paths.to_vec()));
                }
                goes_on
            });
            if let Err(error) = told {
                shared.log(2, &format!("{error}; changes outside the editor are seen when files are saved in it"));
            }
        };
        if std::thread::Builder::new().name("watch".to_owned()).spawn(watch).is_err() {
            self.shared.log(2, "cannot start a thread that watches files");
        }
    }

    /// Makes and publishes the state of what was taken in, unless more has come meanwhile.
    fn settle(&mut self) {
        let snapshot = locked(&self.shared.workspace).as_mut().map(Workspace::snapshot);
        let Some(snapshot) = snapshot else {
            self.open = false;
            self.status.tell(None, 0);
            return;
        };
        let options = self.shared.options();
        let before = self.shared.state();
        let request = self.request();
        let same = before.as_ref().filter(|s| Arc::ptr_eq(&s.snapshot, &snapshot) && self.status.asked == request);
        let fresh = same.is_none();
        let findings = match same {
            Some(state) => state.findings.clone(),
            None => {
                snapshot.graph(options.profile.as_deref());
                if self.overtaken() {
                    return;
                }
                Arc::new(self.found(&snapshot, &request))
            }
        };
        if fresh && self.overtaken() {
            return;
        }
        self.number += u64::from(fresh);
        self.status.asked = request.clone();
        let texts = self.overlaid();
        let unsaved = self.unsaved(&snapshot, &texts);
        let state = Arc::new(State { told: self.told, snapshot, findings, asked: request, texts, unsaved });
        // Whoever waits for a state may count on its diagnostics having left.
        self.publish(&state);
        self.shared.set_state(state.clone());
        self.open = false;
        self.finished = Instant::now();
        if fresh {
            let files = locked(&self.shared.workspace).as_ref().map_or(0, |w| w.paths().count());
            self.status.tell(Some(&state), files);
            self.shared.notify("seam/changed", json!({"state": self.number, "roots": told_roots(&self.shared)}));
            if self.shared.client.lens_refresh && options.lens.0 {
                self.shared.ask_client("workspace/codeLens/refresh", Value::Null);
            }
            if self.shared.client.hint_refresh && options.hints.0 {
                self.shared.ask_client("workspace/inlayHint/refresh", Value::Null);
            }
        }
    }

    /// More has come, and the last state is young enough to wait for it.
    fn overtaken(&self) -> bool {
        !self.tasks.is_empty() && self.finished.elapsed() < STALE
    }

    fn request(&self) -> detect::Request {
        let options = self.shared.options();
        let mut baseline = Vec::new();
        if let Some(file) = &options.baseline {
            let full = self.folders.first().map_or_else(|| PathBuf::from(file), |f| f.join(file));
            match crate::baseline::read(&full) {
                Ok(keys) => baseline = keys,
                Err(why) => self.shared.log(2, &why),
            }
        }
        detect::Request {
            profiles: options.profile.iter().cloned().collect(),
            off: options.rules.off.clone(),
            severity: options.severity.clone(),
            certainty: options.certainty.clone(),
            nursery: options.nursery,
            baseline,
            ..detect::Request::default()
        }
    }

    /// Findings as the options want them; options that cannot be met are told, and the standard ones are used.
    fn found(&mut self, snapshot: &Snapshot, request: &detect::Request) -> detect::Answer {
        self.status.refused = None;
        let standard = || detect::Request::default();
        let refused = match detect::run(snapshot, request) {
            Ok(answer) => return answer,
            Err(refusal) => refusal,
        };
        self.shared.log(1, &refused.to_string());
        self.status.refused = Some(refused.message);
        detect::run(snapshot, &standard()).unwrap_or_else(|_| detect::Answer {
            version: seam_engine::VERSION,
            counts: detect::Counts::default(),
            findings: Vec::new(),
            allowed: Vec::new(),
            missing: Vec::new(),
            dismissed: Vec::new(),
        })
    }

    /// The texts of open documents as the workspace has them.
    fn overlaid(&self) -> BTreeMap<String, Arc<str>> {
        let paths: Vec<String> = self.shared.desk().documents.values().filter_map(|d| d.path.clone()).collect();
        let workspace = locked(&self.shared.workspace);
        let text = |path: String| workspace.as_ref()?.overlaid(&path).map(|text| (path, text));
        paths.into_iter().filter_map(text).collect()
    }

    /// What of the open documents is not saved; where all is, this state is the saved one from now on.
    fn unsaved(&mut self, snapshot: &Arc<Snapshot>, texts: &BTreeMap<String, Arc<str>>) -> Unsaved {
        let workspace = locked(&self.shared.workspace);
        let saved = |path: &str| workspace.as_ref().and_then(|w| w.saved(path)).map(|text| text.to_string());
        let file = |(path, text): (&String, &Arc<str>)| {
            let (before, after) = (saved(path), Some(text.to_string()));
            (before != after).then(|| plan::File { path: path.clone(), before, after, unread: false })
        };
        let files: Vec<plan::File> = texts.iter().filter_map(file).collect();
        if files.is_empty() {
            self.saved = Some(snapshot.clone());
        }
        Unsaved { saved: self.saved.clone(), files, ..Unsaved::default() }
    }

    /// Sends what is different from what was sent, and everything about documents whose text is.
    fn publish(&mut self, state: &State) {
        self.texts.clear(false);
        let mut new = diagnostics::all(&self.shared, &state.findings.findings, &mut self.texts);
        diagnostics::settings(&self.shared, &mut new);
        let mut rest: BTreeSet<String> = self.published.keys().cloned().collect();
        let desk = self.shared.desk();
        let open: BTreeMap<&str, &super::shared::Document> =
            desk.documents.values().filter_map(|d| Some((d.path.as_deref()?, d))).collect();
        let paths: BTreeSet<&str> = new.keys().map(String::as_str).chain(open.keys().copied()).collect();
        for path in paths {
            let document = open.get(path);
            let text = document.map(|d| d.text.text.clone());
            let uri = match document {
                Some(document) => document.uri.clone(),
                None => match self.shared.uri_on_disk(path) {
                    Some(uri) => uri,
                    None => continue,
                },
            };
            rest.remove(uri.as_str());
            // The document is newer than this state: the next one speaks of it.
            let known = |text: &Arc<str>| state.texts.get(path).is_some_and(|o| Arc::ptr_eq(o, text));
            if text.as_ref().is_some_and(|text| !known(text)) {
                continue;
            }
            let found = new.get(path).cloned().unwrap_or_default();
            let same_text = |a: &Option<Arc<str>>, b: &Option<Arc<str>>| match (a, b) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (None, None) => true,
                _ => false,
            };
            let before = self.published.get(uri.as_str());
            if before.is_some_and(|(b, t)| *b == found && same_text(t, &text))
                || before.is_none() && found.is_empty() && text.is_none()
            {
                continue;
            }
            send(&self.shared, &uri, document.map(|d| d.version), &found);
            if found.is_empty() && text.is_none() {
                self.published.remove(uri.as_str());
            } else {
                self.published.insert(uri.into(), (found, text));
            }
        }
        for uri in rest {
            if let Some((before, _)) = self.published.remove(&uri)
                && !before.is_empty()
                && let Ok(uri) = Uri::parse(&uri)
            {
                send(&self.shared, &uri, None, &[]);
            }
        }
    }
}

fn send(shared: &Shared, uri: &Uri, version: Option<i32>, diagnostics: &[Value]) {
    let mut params = json!({"uri": uri, "diagnostics": diagnostics});
    if let Some(version) = version {
        params["version"] = version.into();
    }
    shared.notify("textDocument/publishDiagnostics", params);
}

/// Of several texts of one document only the last counts; several bursts of the disk are one.
fn in_one(burst: Vec<(u64, Task)>) -> Vec<(u64, Task)> {
    let mut later = BTreeSet::new();
    let mut out: Vec<(u64, Task)> = Vec::new();
    for (number, task) in burst.into_iter().rev() {
        match &task {
            Task::Text { path, .. } if !later.insert(path.clone()) => continue,
            Task::Folders(_) => later.clear(),
            Task::Text { .. } | Task::Touched(_) | Task::Options | Task::Stop(_) => {}
        }
        out.push((number, task));
    }
    out.reverse();
    out
}

/// The roots that a workspace of these folders reads, in the client's words.
pub fn roots(folders: &[PathBuf]) -> Vec<Root> {
    let real = |folder: &PathBuf| folder.canonicalize().ok();
    let given = |full: &PathBuf| folders.iter().find(|f| real(f).as_ref() == Some(full)).unwrap_or(full).clone();
    let found = seam_host::roots(folders).unwrap_or_default();
    found.into_iter().map(|(full, prefix)| Root { given: given(&full), real: full, prefix }).collect()
}

/// The same as clients are told.
pub fn told_roots(shared: &Shared) -> Value {
    let roots = shared.roots();
    let told = roots
        .iter()
        .filter_map(|root| Uri::from_file_path(&root.given).ok().map(|uri| json!({"uri": uri, "prefix": root.prefix})));
    told.collect()
}
