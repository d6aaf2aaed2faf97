//! A client of `seam lsp` as an editor is one: frames over standard input and output, one thread that reads.

#![allow(dead_code, reason = "tests and benchmarks that share it use different parts")]
#![allow(clippy::disallowed_methods, reason = "it starts the binary and copies a workspace")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Nothing here takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    incoming: Receiver<Value>,
    /// Everything that came and was not an awaited answer, in order.
    pub seen: Vec<Value>,
    pub root: PathBuf,
    pub welcome: Value,
    next: i64,
}

/// One of our workspaces, to be changed at will.
pub fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copied(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workspaces").join(name), folder.path());
    folder
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copied(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

impl Client {
    /// Started, and nothing said yet.
    pub fn silent(root: &Path) -> Client {
        let mut child = Command::new(env!("CARGO_BIN_EXE_seam"))
            .args(["lsp", "--no-cache"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (send, incoming) = channel();
        std::thread::spawn(move || {
            while let Some(message) = frame(&mut output) {
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        let root = root.canonicalize().unwrap();
        Client { child, input, incoming, seen: Vec::new(), root, welcome: Value::Null, next: 0 }
    }

    /// Open on a folder.
    pub fn new(root: &Path) -> Client {
        Client::with(root, json!({}), json!({}))
    }

    pub fn with(root: &Path, options: Value, capabilities: Value) -> Client {
        let mut client = Client::silent(root);
        let folder = uri(&client.root);
        client.welcome = client.ask(
            "initialize",
            json!({
                "processId": null, "rootUri": folder, "capabilities": capabilities, "initializationOptions": options,
                "workspaceFolders": [{"uri": folder, "name": "root"}],
            }),
        );
        client.tell("initialized", json!({}));
        client
    }

    pub fn uri(&self, path: &str) -> String {
        uri(&self.root.join(path))
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        // A server that has gone is seen by who waits for an answer.
        let _ = input.write_all(bytes).and_then(|()| input.flush());
    }

    pub fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.bytes(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    pub fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and gives its id.
    pub fn request(&mut self, method: &str, params: Value) -> i64 {
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params}));
        self.next
    }

    /// The whole response to a request.
    pub fn response(&mut self, id: i64) -> Value {
        let of = |m: &Value| m["id"] == id && m.get("method").is_none();
        self.awaited(of)
    }

    /// The next message of a kind, or one that came already; it is taken out.
    pub fn awaited(&mut self, of: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.seen.iter().position(&of) {
            return self.seen.remove(at);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.incoming.recv_timeout(left).expect("the server says nothing more");
            if of(&message) {
                return message;
            }
            self.seen.push(message);
        }
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        let response = self.response(id);
        assert!(response.get("error").is_none(), "{method}: {response}");
        response["result"].clone()
    }

    pub fn error(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.response(id)["error"].clone()
    }

    pub fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.root.join(path)).unwrap()
    }

    pub fn write(&self, path: &str, text: &str) {
        std::fs::create_dir_all(self.root.join(path).parent().unwrap()).unwrap();
        std::fs::write(self.root.join(path), text).unwrap();
    }

    pub fn open(&mut self, path: &str, text: &str) {
        let uri = self.uri(path);
        let item = json!({"uri": uri, "languageId": "text", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": item}));
    }

    pub fn change(&mut self, path: &str, version: i64, text: &str) {
        let document = json!({"uri": self.uri(path), "version": version});
        let changes = json!([{"text": text}]);
        self.tell("textDocument/didChange", json!({"textDocument": document, "contentChanges": changes}));
    }

    pub fn close(&mut self, path: &str) {
        let uri = self.uri(path);
        self.tell("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }

    /// A request about a place: a file, the first line that holds a text, and the place of the text in it.
    pub fn at(&mut self, method: &str, path: &str, needle: &str) -> Value {
        let params = self.place(path, needle);
        self.ask(method, params)
    }

    pub fn place(&self, path: &str, needle: &str) -> Value {
        let text = self.text(path);
        let found = text.lines().enumerate().find_map(|(line, text)| Some((line, text.find(needle)?)));
        let (line, character) = found.unwrap_or_else(|| panic!("{needle} is not in {path}"));
        json!({"textDocument": {"uri": self.uri(path)}, "position": {"line": line, "character": character}})
    }

    /// The answer of an ask.
    pub fn answer(&mut self, name: &str, request: Value) -> Value {
        let text = self.ask("seam/ask", json!({"name": name, "request": request}))["text"].clone();
        serde_json::from_str(text.as_str().unwrap()).unwrap()
    }

    /// Diagnostics as they stand when everything was taken in, by file's URI; none where there are none.
    pub fn diagnostics(&mut self) -> std::collections::BTreeMap<String, Value> {
        // An ask waits for what was told before it, and diagnostics of a state leave before it answers anything.
        self.answer("services", json!({}));
        let mut out = std::collections::BTreeMap::new();
        for message in self.seen.iter().filter(|m| m["method"] == "textDocument/publishDiagnostics") {
            let params = &message["params"];
            out.insert(params["uri"].as_str().unwrap().to_owned(), params["diagnostics"].clone());
        }
        out.retain(|_, diagnostics| diagnostics.as_array().is_some_and(|d| !d.is_empty()));
        out
    }

    /// What the server holds, where the system tells.
    pub fn memory(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        status.lines().find_map(|l| l.strip_prefix("VmRSS:")).map_or("not known here", str::trim).to_owned()
    }

    /// `shutdown` and `exit`; the exit code.
    pub fn end(mut self) -> Option<i32> {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.code()
    }

    /// The exit code after the input has ended.
    pub fn code(&mut self) -> Option<i32> {
        drop(self.input.take());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn frame(input: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if input.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}
