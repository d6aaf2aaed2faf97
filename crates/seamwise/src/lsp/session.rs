//! One session: `initialize`, messages in order, `shutdown`, `exit`.
//!
//! Invariant: this thread never works and never waits; it takes changes in at once and hands everything else on. What comes
//! before `initialize` or after `shutdown` is refused, not obeyed.

use super::edits;
use super::jobs::{self, Jobs};
use super::keeper::{self, Keeper, Task};
use super::options::{self, Client, Options};
use super::position::Encoding;
use super::shared::{Outgoing, Shared};
use super::wire::{self, Incoming};
use crossbeam_channel::{Receiver, Sender, unbounded};
use gen_lsp_types::Uri;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use seam_host::CachePlace;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

pub fn run(
    paths: &[PathBuf],
    cache: CachePlace,
    threads: usize,
    incoming: &Receiver<Incoming>,
    out: &Sender<Outgoing>,
) -> ExitCode {
    let Some((params, id)) = initialize(incoming, out) else { return ExitCode::from(1) };
    let mut session = Session::begin(paths, cache, threads, &params, out);
    session.welcome(id, &params);
    for incoming in incoming {
        let message = match incoming {
            Incoming::Message(message) => *message,
            Incoming::Broken(answer) => {
                let _ = out.send(Outgoing::Text(answer.to_string()));
                continue;
            }
        };
        match message {
            Message::Request(request) => session.request(request),
            Message::Notification(notification) if notification.method == "exit" => break,
            Message::Notification(notification) => session.notification(notification),
            // What the client says to our questions changes nothing.
            Message::Response(_) => {}
        }
    }
    session.shared.flush();
    if session.over { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Waits for `initialize`; nothing if the client goes away before.
fn initialize(incoming: &Receiver<Incoming>, out: &Sender<Outgoing>) -> Option<(Value, RequestId)> {
    let flush = || {
        let (done, wait) = crossbeam_channel::bounded(1);
        let _ = out.send(Outgoing::Flush(done));
        let _ = wait.recv_timeout(Duration::from_secs(5));
    };
    for incoming in incoming {
        match incoming {
            Incoming::Broken(answer) => {
                let _ = out.send(Outgoing::Text(answer.to_string()));
            }
            Incoming::Message(message) => match *message {
                Message::Request(Request { id, method, params }) if method == "initialize" => {
                    return Some((params, id));
                }
                Message::Request(request) => {
                    let error = jobs::error(ErrorCode::ServerNotInitialized, "the first request is `initialize`");
                    let response = Response { id: request.id, response_result: Err(error) };
                    let _ = out.send(Outgoing::Text(wire::text(&Message::Response(response))));
                }
                Message::Notification(notification) if notification.method == "exit" => break,
                Message::Notification(_) | Message::Response(_) => {}
            },
        }
    }
    flush();
    None
}

struct Session {
    shared: Arc<Shared>,
    jobs: Jobs,
    folders: Vec<PathBuf>,
    /// `shutdown` was answered.
    over: bool,
}

impl Session {
    fn begin(paths: &[PathBuf], cache: CachePlace, threads: usize, params: &Value, out: &Sender<Outgoing>) -> Self {
        let offered = params.pointer("/capabilities/general/positionEncodings").and_then(Value::as_array);
        let offered = offered.into_iter().flatten().filter_map(Value::as_str);
        let wanted = Options::read(&params["initializationOptions"]);
        let client = Client::read(&params["capabilities"]);
        let mut folders: Vec<PathBuf> =
            options::folders(params).iter().filter_map(|uri| uri.to_file_path().ok()).collect();
        if folders.is_empty() {
            folders = paths.iter().map(|p| std::path::absolute(p).unwrap_or_else(|_| p.clone())).collect();
        }
        let (send, tasks) = unbounded();
        let options = wanted.clone().unwrap_or_default();
        let shared = Arc::new(Shared::new(out.clone(), send, Encoding::chosen(offered), client, options));
        shared.set_roots(keeper::roots(&folders));
        let jobs = Jobs::new(&shared);
        let keeper = Keeper::new(shared.clone(), tasks, cache, threads);
        super::spawn("keep", move || keeper.run());
        if let Err(error) = wanted {
            shared.log(1, &error);
        }
        Session { shared, jobs, folders, over: false }
    }

    /// Answers `initialize` and begins to read.
    fn welcome(&self, id: RequestId, _params: &Value) {
        let answer = json!({
            "capabilities": capabilities(&self.shared),
            "serverInfo": {"name": "seamwise", "version": env!("CARGO_PKG_VERSION")},
        });
        jobs::respond(&self.shared, id, Ok(answer));
        self.shared.tell(Task::Folders(self.folders.clone()));
    }

    fn request(&mut self, request: Request) {
        if self.over || request.method == "initialize" {
            let says = if self.over { "the session was shut down" } else { "the session is open already" };
            return jobs::respond(&self.shared, request.id, Err(jobs::error(ErrorCode::InvalidRequest, says)));
        }
        if request.method == "shutdown" {
            self.over = true;
            self.jobs.cancel_all();
            self.shared.stopping.store(true, Ordering::Relaxed);
            let (done, wait) = crossbeam_channel::bounded(1);
            self.shared.tell(Task::Stop(done));
            // What is not kept by then is read again next time.
            let _ = wait.recv_timeout(Duration::from_secs(2));
            return jobs::respond(&self.shared, request.id, Ok(Value::Null));
        }
        self.jobs.begin(request);
    }

    fn notification(&mut self, notification: Notification) {
        if self.over {
            return;
        }
        let Notification { method, params } = notification;
        match method.as_str() {
            "$/cancelRequest" => {
                if let Ok(id) = serde_json::from_value(params["id"].clone()) {
                    self.jobs.cancel(&id);
                }
            }
            "textDocument/didOpen" => edits::open(&self.shared, params),
            "textDocument/didChange" => edits::change(&self.shared, params),
            "textDocument/didClose" => edits::close(&self.shared, params),
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => self.touched(&params),
            "workspace/didChangeWorkspaceFolders" => self.folders_changed(&params["event"]),
            "workspace/didChangeConfiguration" => self.configured(&params["settings"]),
            // `initialized`, `$/setTrace` and what is not known need nothing.
            _ => {}
        }
    }

    fn touched(&self, params: &Value) {
        let one = params.pointer("/textDocument/uri").into_iter();
        let many = params["changes"].as_array().into_iter().flatten().map(|c| &c["uri"]);
        let paths = one.chain(many).filter_map(file).collect::<Vec<_>>();
        if !paths.is_empty() {
            self.shared.tell(Task::Touched(paths));
        }
    }

    fn folders_changed(&mut self, event: &Value) {
        let all = |name: &str| -> Vec<PathBuf> {
            event[name].as_array().into_iter().flatten().filter_map(|f| file(&f["uri"])).collect()
        };
        let (removed, added) = (all("removed"), all("added"));
        let before = self.folders.clone();
        self.folders.retain(|f| !removed.contains(f));
        for folder in added {
            if !self.folders.contains(&folder) {
                self.folders.push(folder);
            }
        }
        if self.folders != before {
            self.shared.tell(Task::Folders(self.folders.clone()));
        }
    }

    fn configured(&self, settings: &Value) {
        let wanted = settings.get("seamwise").unwrap_or(&Value::Null);
        match Options::read(wanted) {
            Ok(options) if options != *self.shared.options() => {
                self.shared.set_options(options);
                self.shared.tell(Task::Options);
            }
            Ok(_) => {}
            Err(error) => self.shared.log(1, &error),
        }
    }
}

fn file(uri: &Value) -> Option<PathBuf> {
    Uri::parse(uri.as_str()?).ok().filter(|u| u.scheme() == "file")?.to_file_path().ok()
}

fn capabilities(shared: &Shared) -> Value {
    json!({
        "positionEncoding": shared.encoding.word(),
        "textDocumentSync": {"openClose": true, "change": 2, "save": {"includeText": false}},
        "codeLensProvider": {"resolveProvider": false},
        "hoverProvider": true,
        "definitionProvider": true,
        "declarationProvider": true,
        "implementationProvider": true,
        "referencesProvider": true,
        "callHierarchyProvider": true,
        "workspaceSymbolProvider": true,
        "inlayHintProvider": true,
        "completionProvider": {"triggerCharacters": ["/", "\"", "'", "{", "."]},
        "codeActionProvider": {"codeActionKinds": ["quickfix"]},
        "executeCommandProvider": {"commands": ["seam.allow", "seam.reload"]},
        "workspace": {"workspaceFolders": {"supported": true, "changeNotifications": true}},
        "experimental": {"roots": keeper::told_roots(shared)},
    })
}
