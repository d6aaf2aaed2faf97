//! How the server is: progress while it reads, counts when it has.

use super::shared::{Shared, State};
use seam_engine::asks::{detect, services};
use seam_host::Progress;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

pub struct Status {
    shared: Arc<Shared>,
    /// Why nothing could be read.
    pub failed: Option<String>,
    /// Why the options are not as the client wants them.
    pub refused: Option<String>,
    /// What the last findings answer.
    pub asked: detect::Request,
}

impl Status {
    pub fn new(shared: Arc<Shared>) -> Self {
        Status { shared, failed: None, refused: None, asked: detect::Request::default() }
    }

    /// Tells the client.
    pub fn tell(&self, state: Option<&State>, files: usize) {
        let counts = state.map(|s| s.findings.counts.clone()).unwrap_or_default();
        let request = services::Request { profile: self.shared.options().profile.clone(), ..Default::default() };
        let services = state.and_then(|s| services::run(&s.snapshot, &request).ok());
        let services = services.map_or(0, |a| a.counts.services);
        let (health, message) = match (&self.failed, &self.refused) {
            (Some(why), _) => ("error", why.as_str()),
            (None, Some(why)) => ("warning", why.as_str()),
            (None, None) => ("ok", ""),
        };
        let mut status = status(health, message, false, 0, 0);
        status["files"] = files.into();
        status["services"] = services.into();
        status["errors"] = counts.errors.into();
        status["warnings"] = counts.warnings.into();
        status["notes"] = counts.notes.into();
        self.shared.notify("seam/status", status);
    }
}

fn status(health: &str, message: &str, indexing: bool, done: usize, total: usize) -> Value {
    json!({
        "health": health, "indexing": indexing, "done": done, "total": total, "message": message,
        "version": env!("CARGO_PKG_VERSION"),
        "files": 0, "services": 0, "errors": 0, "warnings": 0, "notes": 0,
    })
}

/// Reading that is under way: another thread tells how far it is.
pub struct Indexing {
    pub progress: Arc<Progress>,
    over: Arc<AtomicBool>,
    telling: Option<JoinHandle<()>>,
}

const TOKEN: &str = "seamwise/indexing";

impl Indexing {
    pub fn begin(shared: &Arc<Shared>) -> Self {
        let (progress, over) = (Arc::new(Progress::default()), Arc::new(AtomicBool::new(false)));
        let telling = std::thread::Builder::new().name("progress".to_owned()).spawn({
            let (shared, progress, over) = (shared.clone(), progress.clone(), over.clone());
            move || tell(&shared, &progress, &over)
        });
        Indexing { progress, over, telling: telling.ok() }
    }

    pub fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(telling) = self.telling {
            telling.thread().unpark();
            let _ = telling.join();
        }
    }
}

fn tell(shared: &Shared, progress: &Progress, over: &AtomicBool) {
    let visible = shared.client.progress;
    let report = |value: Value| {
        if visible {
            shared.notify("$/progress", json!({"token": TOKEN, "value": value}));
        }
    };
    shared.notify("seam/status", status("ok", "reading files", true, 0, 0));
    if visible {
        shared.ask_client("window/workDoneProgress/create", json!({"token": TOKEN}));
    }
    report(json!({"kind": "begin", "title": "Seamwise", "message": "reading files", "percentage": 0}));
    let mut told = 0;
    while !over.load(Ordering::Relaxed) {
        std::thread::park_timeout(Duration::from_millis(100));
        let (done, total) = (progress.done.load(Ordering::Relaxed), progress.total.load(Ordering::Relaxed));
        if done == told || total == 0 {
            continue;
        }
        told = done;
        let done = done.min(total);
        shared.notify("seam/status", status("ok", "reading files", true, done, total));
        report(
            json!({"kind": "report", "message": format!("{done} of {total} files"), "percentage": done * 100 / total}),
        );
    }
    report(json!({"kind": "end"}));
}
