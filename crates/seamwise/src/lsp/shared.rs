//! What the threads of the server have in common: open documents, the workspace, its last good state, and the way out.
//!
//! Invariant: documents change under one lock, and diagnostics of a document leave under the same lock, after a look at whether
//! they are about its present text. So a client never gets diagnostics of an older text after it has sent a newer one and the
//! server has taken it in.

use super::keeper::Task;
use super::options::{Client, Options};
use super::position::{Encoding, Text};
use super::wire;
use crossbeam_channel::Sender;
use gen_lsp_types::Uri;
use lsp_server::{Message, Notification, Request, RequestId};
use seam_engine::Snapshot;
use seam_engine::asks::{detect, plan};
use seam_host::Workspace;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// What goes to the writer's thread.
pub enum Outgoing {
    Text(String),
    /// Everything before this is written; tell so.
    Flush(Sender<()>),
}

/// An open document.
pub struct Document {
    pub uri: Uri,
    /// Workspace-relative; none outside the roots.
    pub path: Option<String>,
    pub version: i32,
    pub text: Text,
}

/// Open documents by the text of their URIs.
#[derive(Default)]
pub struct Desk {
    pub documents: BTreeMap<String, Document>,
}

impl Desk {
    pub fn of_path(&self, path: &str) -> Option<&Document> {
        self.documents.values().find(|d| d.path.as_deref() == Some(path))
    }
}

/// A folder that is read: as the client names it, as it is, and what stands before its files' paths.
#[derive(Clone, Debug)]
pub struct Root {
    pub given: PathBuf,
    pub real: PathBuf,
    pub prefix: String,
}

/// One state that was linked and looked through.
pub struct State {
    /// It holds everything that was told up to this number.
    pub told: u64,
    pub snapshot: Arc<Snapshot>,
    pub findings: Arc<detect::Answer>,
    /// What was asked to get them.
    pub asked: detect::Request,
    /// Texts of open documents as they are in it.
    pub texts: BTreeMap<String, Arc<str>>,
    pub unsaved: Unsaved,
}

/// Documents whose texts are others than those on disk, and what that changes.
#[derive(Default)]
pub struct Unsaved {
    /// The state of what is saved, where it is known.
    pub saved: Option<Arc<Snapshot>>,
    /// Both texts of each.
    pub files: Vec<plan::File>,
    /// Worked out when it is first asked for.
    pub plan: OnceLock<plan::Answer>,
}

impl State {
    /// The line (from 0) in this state of a line in the document's present text: lines before the first change and after the
    /// last are found again, a line between is taken as it is counted.
    pub fn line(&self, path: &str, now: &Text, line: usize) -> usize {
        let Some(then) = self.texts.get(path).filter(|then| !Arc::ptr_eq(then, &now.text)) else { return line };
        let (old, new): (Vec<&str>, Vec<&str>) = (then.lines().collect(), now.text.lines().collect());
        let same = |(a, b): &(&&str, &&str)| a == b;
        let before = old.iter().zip(&new).take_while(same).count();
        let after = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
        let moved = line >= before && line + after >= new.len();
        if moved { (line + old.len()).saturating_sub(new.len()) } else { line }
    }
}

pub struct Shared {
    out: Sender<Outgoing>,
    tasks: Mutex<(u64, Sender<(u64, Task)>)>,
    desk: Mutex<Desk>,
    roots: Mutex<Arc<Vec<Root>>>,
    options: Mutex<Arc<Options>>,
    state: Mutex<Option<Arc<State>>>,
    newer: Condvar,
    pub workspace: Mutex<Option<Workspace>>,
    pub encoding: Encoding,
    pub client: Client,
    requests: AtomicI32,
    pub stopping: AtomicBool,
}

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn new(
        out: Sender<Outgoing>,
        tasks: Sender<(u64, Task)>,
        encoding: Encoding,
        client: Client,
        options: Options,
    ) -> Self {
        Shared {
            out,
            tasks: Mutex::new((0, tasks)),
            desk: Mutex::default(),
            roots: Mutex::default(),
            options: Mutex::new(Arc::new(options)),
            state: Mutex::default(),
            newer: Condvar::new(),
            workspace: Mutex::default(),
            encoding,
            client,
            requests: AtomicI32::new(0),
            stopping: AtomicBool::new(false),
        }
    }

    pub fn send(&self, message: &Message) {
        let _ = self.out.send(Outgoing::Text(wire::text(message)));
    }

    pub fn notify(&self, method: &str, params: Value) {
        self.send(&Message::Notification(Notification { method: method.to_owned(), params }));
    }

    /// Asks the client; what it answers is not waited for.
    pub fn ask_client(&self, method: &str, params: Value) {
        let id = RequestId::from(format!("seam-{}", self.requests.fetch_add(1, Ordering::Relaxed)));
        self.send(&Message::Request(Request { id, method: method.to_owned(), params }));
    }

    /// A line in the client's log: 1 error, 2 warning, 3 information.
    pub fn log(&self, kind: u8, message: &str) {
        self.notify("window/logMessage", serde_json::json!({"type": kind, "message": message}));
    }

    /// Hands the keeper something to do, in order. Gives its number.
    pub fn tell(&self, task: Task) -> u64 {
        let mut tasks = locked(&self.tasks);
        tasks.0 += 1;
        let number = tasks.0;
        let _ = tasks.1.send((number, task));
        number
    }

    /// The number of the last thing that was told.
    pub fn told(&self) -> u64 {
        locked(&self.tasks).0
    }

    pub fn desk(&self) -> MutexGuard<'_, Desk> {
        locked(&self.desk)
    }

    pub fn options(&self) -> Arc<Options> {
        locked(&self.options).clone()
    }

    pub fn set_options(&self, options: Options) {
        *locked(&self.options) = Arc::new(options);
    }

    pub fn roots(&self) -> Arc<Vec<Root>> {
        locked(&self.roots).clone()
    }

    /// Where each root's `seam.toml` stands, or would.
    pub fn settings_files(&self) -> Vec<String> {
        let path = |root: &Root| match root.prefix.as_str() {
            "" => "seam.toml".to_owned(),
            prefix => format!("{prefix}/seam.toml"),
        };
        self.roots().iter().map(path).collect()
    }

    pub fn set_roots(&self, roots: Vec<Root>) {
        *locked(&self.roots) = Arc::new(roots);
    }

    /// The last good state.
    pub fn state(&self) -> Option<Arc<State>> {
        locked(&self.state).clone()
    }

    pub fn set_state(&self, state: Arc<State>) {
        *locked(&self.state) = Some(state);
        self.newer.notify_all();
    }

    /// A state that holds everything up to a number, or else the last good one when the time is over or nobody waits any more.
    pub fn state_with(&self, told: u64, most: Duration, cancelled: &AtomicBool) -> Option<Arc<State>> {
        let until = Instant::now() + most;
        let mut state = locked(&self.state);
        loop {
            let ready = state.as_ref().is_some_and(|s| s.told >= told);
            let left = until.saturating_duration_since(Instant::now());
            if ready || left.is_zero() || cancelled.load(Ordering::Relaxed) {
                return state.clone();
            }
            // Short, so that a cancellation is seen.
            let wait = left.min(Duration::from_millis(50));
            state = self.newer.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The workspace-relative path of a file; none outside the roots, or for what is no file.
    pub fn path(&self, uri: &Uri) -> Option<String> {
        let full = (uri.scheme() == "file").then(|| uri.to_file_path().ok())??;
        let below = |root: &Root| {
            let rest = full.strip_prefix(&root.given).or_else(|_| full.strip_prefix(&root.real)).ok()?;
            let rest: Vec<_> = rest.components().map(|c| c.as_os_str().to_string_lossy()).collect();
            let rest = rest.join("/");
            let path = if root.prefix.is_empty() { rest } else { format!("{}/{rest}", root.prefix) };
            Some((root.real.as_os_str().len(), path))
        };
        self.roots().iter().filter_map(below).max().map(|(_, path)| path).filter(|path| !path.is_empty())
    }

    /// Where a file stands, in the client's words.
    pub fn uri(&self, path: &str) -> Option<Uri> {
        if let Some(document) = self.desk().of_path(path) {
            return Some(document.uri.clone());
        }
        self.uri_on_disk(path)
    }

    pub fn uri_on_disk(&self, path: &str) -> Option<Uri> {
        let roots = self.roots();
        let below = |root: &Root| {
            let rest = if root.prefix.is_empty() {
                path
            } else {
                path.strip_prefix(root.prefix.as_str())?.strip_prefix('/')?
            };
            Some((root.prefix.len(), root.given.join(rest)))
        };
        let (_, full) = roots.iter().filter_map(below).max()?;
        Uri::from_file_path(full).ok()
    }

    /// A file's text as the client sees it: the open document, or what stands on disk.
    pub fn text(&self, path: &str) -> Option<Text> {
        if let Some(document) = self.desk().of_path(path) {
            return Some(document.text.clone());
        }
        let uri = self.uri_on_disk(path)?;
        read(&uri.to_file_path().ok()?).map(Text::new)
    }

    /// Waits until everything that was sent is written.
    pub fn flush(&self) {
        let (done, wait) = crossbeam_channel::bounded(1);
        if self.out.send(Outgoing::Flush(done)).is_ok() {
            let _ = wait.recv_timeout(Duration::from_secs(5));
        }
    }
}

fn read(path: &Path) -> Option<Arc<str>> {
    std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into())
}
