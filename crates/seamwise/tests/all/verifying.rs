//! `seam verify` as the verdict on a change: repositories with a history, tests that really run, base and change both started.

#![allow(clippy::disallowed_methods, reason = "tests start processes")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A shop that charges; `KEY` makes its retries safe.
const SHOP: &str = r#"
import os, sys, urllib.request, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
KEY = True
def headers():
    return {"Idempotency-Key": str(uuid.uuid4())} if KEY else {}
class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, own = 200, headers()
        for attempt in range(3):
            try:
                urllib.request.urlopen(urllib.request.Request("http://payments:7001/charge", b"{}", own, method="POST"), timeout=0.4).read()
                break
            except Exception:
                status = 503 if attempt == 2 else 200
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *_):
        pass
if __name__ == "__main__":
    ThreadingHTTPServer(("", 7000), Service).serve_forever()
"#;

const PAYMENTS: &str = r#"
from flask import Flask
app = Flask(__name__)
def total(cents):
    return cents
@app.route("/charge", methods=["POST"])
def charge():
    return {"total": total(1)}
"#;

/// The same service as it is started here, without packages.
const CHARGES: &str = r#"
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *_):
        pass
ThreadingHTTPServer(("", 7001), Service).serve_forever()
"#;

const COMPOSE: &str =
    "services:\n  shop:\n    build: shop\n    ports: ['7000:7000']\n  payments:\n    build: payments\n";
const TOML: &str = "[verify]\npatience = 1000\n\
    [[verify.process]]\nname = \"payments\"\ncommand = \"exec python3 run.py\"\nfolder = \"payments\"\nport = 7001\n\
    [[verify.process]]\nname = \"shop\"\ncommand = \"exec python3 app.py\"\nfolder = \"shop\"\nport = 7000\n\
    [[verify.scenario]]\nname = \"buy\"\nhttp = \"buy.http\"\n";
const SHOP_TEST: &str = "import unittest\nfrom app import headers\nclass Headers(unittest.TestCase):\n    def test_key(self):\n        \
    self.assertIn('Idempotency-Key', headers())\n";
const PAYMENTS_TEST: &str = "import unittest\nclass Total(unittest.TestCase):\n    def test_total(self):\n        \
    self.assertTrue(True)\n";

fn git(root: &Path, args: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").arg("-C").arg(root).args(who).args(args).output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A repository with one commit, and a folder for temporary files of its own.
fn repository() -> Option<(tempfile::TempDir, tempfile::TempDir)> {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3");
        return None;
    }
    let (folder, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let put = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("compose.yaml", COMPOSE);
    put("seam.toml", TOML);
    put("buy.http", "POST http://localhost:7000/buy\n\n{}\n");
    put("README.md", "a shop\n");
    put("shop/Dockerfile", "FROM python:3\nCOPY . .\nCMD [\"python\", \"app.py\"]\n");
    put("shop/app.py", SHOP);
    put("shop/test_app.py", SHOP_TEST);
    put("payments/Dockerfile", "FROM python:3\nCOPY . .\nCMD [\"flask\", \"run\"]\n");
    put("payments/app.py", PAYMENTS);
    put("payments/run.py", CHARGES);
    put("payments/test_app.py", PAYMENTS_TEST);
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "one"]);
    Some((folder, temporary))
}

fn edit(folder: &Path, path: &str, from: &str, to: &str) {
    let path = folder.join(path);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from));
    std::fs::write(path, text.replace(from, to)).unwrap();
}

fn seam(folder: &Path, temporary: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seam"));
    command.args(["verify", "."]).args(args).args(["--no-cache"]).current_dir(folder).env("TMPDIR", temporary);
    command
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn answer(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(output)))
}

fn proof<'a>(answer: &'a Value, kind: &str) -> &'a Value {
    answer["proofs"].as_array().unwrap().iter().find(|p| p["kind"] == kind).unwrap()
}

fn state(answer: &Value, kind: &str) -> String {
    proof(answer, kind)["state"].as_str().unwrap().to_owned()
}

fn left_in(folder: &Path) -> usize {
    let folder = folder.canonicalize().unwrap();
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter(|p| std::fs::read_link(p.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder))).count()
}

fn soon(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_change_that_brings_a_hazard_fails_and_one_that_takes_it_passes() {
    let Some((folder, temporary)) = repository() else { return };
    let (at, tmp) = (folder.path(), temporary.path());
    edit(at, "shop/app.py", "KEY = True", "KEY = False");
    edit(at, "shop/test_app.py", "assertIn", "assertNotIn");
    let output = seam(at, tmp, &["--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let faulty = answer(&output);
    assert_eq!((faulty["verdict"].as_str(), faulty["base"].as_str()), (Some("failed"), Some("HEAD")));
    assert_eq!(state(&faulty, "tests"), "passed", "{}", faulty["tests"]);
    assert_eq!(state(&faulty, "comparison"), "failed", "{}", faulty["against"]);
    assert_eq!(faulty["against"]["new"][0]["id"], "unsafe-retry/shop → payments POST /charge");
    let needed = &faulty["against"]["criticality"];
    assert!(needed.as_array().unwrap().iter().any(|n| n["before"] == "failed" && n["after"] == "failed"), "{needed}");
    git(at, &["commit", "-qam", "two"]);
    edit(at, "shop/app.py", "KEY = False", "KEY = True");
    edit(at, "shop/test_app.py", "assertNotIn", "assertIn");
    let output = seam(at, tmp, &["--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert_eq!(answer(&output)["against"]["gone"][0]["id"], "unsafe-retry/shop → payments POST /charge");
    // The older state was elsewhere, and is gone.
    soon("temporary folders go", || std::fs::read_dir(tmp).unwrap().count() == 0);
    soon("everything ends", || left_in(at) == 0);
}

#[test]
fn only_tests_that_the_change_reaches_run_and_a_failing_one_fails_the_verdict() {
    let Some((folder, temporary)) = repository() else { return };
    let (at, tmp) = (folder.path(), temporary.path());
    edit(at, "shop/app.py", "Idempotency-Key", "Idempotence");
    let dry = seam(at, tmp, &["--dry-run", "--only", "gate,tests"]).output().unwrap();
    assert_eq!(dry.status.code(), Some(0), "{}", text(&dry));
    assert!(
        text(&dry).contains("would run") && text(&dry).contains("python3 -m unittest test_app.py"),
        "{}",
        text(&dry)
    );
    assert!(!text(&dry).contains("payments/test_app.py"), "{}", text(&dry));
    let output = seam(at, tmp, &["--only", "gate,tests", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let failed = answer(&output);
    let run = failed["tests"]["run"].as_array().unwrap();
    assert_eq!((run.len(), &run[0]["folder"], &run[0]["outcome"]["end"]), (1, &json!("shop"), &json!("failed")));
    assert_eq!((&run[0]["outcome"]["ran"], &run[0]["narrowed"]), (&json!(3), &json!(true)));
    assert!(run[0]["outcome"]["output"].as_str().unwrap().contains("test_key"), "{run:?}");
    assert_eq!(state(&failed, "exploration"), "not-done");
    for (format, word) in [("text", "fails"), ("junit", "testsuite name=\"tests\""), ("html", "class=\"failed\"")] {
        let output = seam(at, tmp, &["--only", "gate,tests", "--format", format]).output().unwrap();
        assert!(text(&output).contains(word), "{}", text(&output));
    }
    let all = seam(at, tmp, &["--only", "tests", "--all-tests", "--json"]).output().unwrap();
    assert_eq!(answer(&all)["tests"]["run"].as_array().unwrap().len(), 2, "{}", text(&all));
}

#[test]
fn the_gate_fails_where_a_caller_is_left_behind_and_says_in_which_order() {
    let Some((folder, temporary)) = repository() else { return };
    let (at, tmp) = (folder.path(), temporary.path());
    edit(at, "payments/app.py", "@app.route(\"/charge\"", "@app.route(\"/charges\"");
    let output = seam(at, tmp, &["--only", "gate", "--json", "--base", "HEAD"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let gate = &answer(&output)["gate"];
    let pair = &gate["pairs"][0];
    assert_eq!(
        (&pair["changed"], &pair["other"], &pair["state"]),
        (&json!("payments"), &json!("shop"), &json!("breaks"))
    );
    assert!(!gate["steps"].as_array().unwrap().is_empty());
    // Both sides move: nobody is left behind, and the order is said.
    edit(at, "shop/app.py", "7001/charge", "7001/charges");
    let output = seam(at, tmp, &["--only", "gate"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(
        text(&output).contains("do not fit while both run") && text(&output).contains("ORDER"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_change_that_touches_nobody_starts_nothing_and_a_missing_base_is_refused() {
    let Some((folder, temporary)) = repository() else { return };
    let (at, tmp) = (folder.path(), temporary.path());
    edit(at, "README.md", "a shop", "a small shop");
    let output = seam(at, tmp, &["--base", "HEAD", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    let passed = answer(&output);
    for kind in ["tests", "exploration", "comparison"] {
        assert_eq!(state(&passed, kind), "not-done", "{passed}");
    }
    let output = seam(at, tmp, &["--base", "nowhere"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("nowhere"), "{}", text(&output));
}

#[test]
fn nothing_is_left_when_it_is_interrupted_while_the_base_runs() {
    for signal in ["-INT", "-KILL"] {
        let Some((folder, temporary)) = repository() else { return };
        let (at, tmp) = (folder.path(), temporary.path());
        edit(at, "shop/app.py", "KEY = True", "KEY = 1 == 1");
        let mut child = seam(at, tmp, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        soon("the base runs", || left_in(tmp) >= 2);
        let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert!(!child.wait().unwrap().success());
        soon("everything ends", || left_in(at) + left_in(tmp) == 0);
        soon("temporary folders go", || std::fs::read_dir(tmp).unwrap().count() == 0);
    }
}

#[test]
fn an_agent_is_told_what_would_run_and_runs_it_only_when_it_says_so() {
    let Some((folder, temporary)) = repository() else { return };
    let (at, tmp) = (folder.path(), temporary.path());
    edit(at, "shop/test_app.py", "import unittest\n", "import unittest\nopen('ran', 'w').close()\n");
    let mut child = Command::new(env!("CARGO_BIN_EXE_seam"))
        .args(["mcp", "--no-cache"])
        .current_dir(at)
        .env("TMPDIR", tmp)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    let mut say = |message: Value| writeln!(input, "{message}").unwrap();
    let mut hear = || -> Value {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    };
    say(json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}));
    hear();
    say(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let mut call = |request: Value| -> Value {
        say(
            json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "verify", "arguments": request}}),
        );
        let answered = hear();
        serde_json::from_str(answered["result"]["content"][0]["text"].as_str().unwrap()).unwrap()
    };
    let dry = call(json!({"only": ["gate", "tests"]}));
    assert_eq!((&dry["dry_run"], &dry["verdict"]), (&json!(true), &json!("inconclusive")));
    assert_eq!(dry["tests"]["run"][0]["command"], "python3 -m unittest test_app.py");
    assert!(!at.join("shop/ran").exists());
    let run = call(json!({"only": ["gate", "tests"], "dry_run": false, "budget": 120}));
    assert_eq!((&run["dry_run"], &run["verdict"]), (&json!(false), &json!("passed")), "{run}");
    assert!(at.join("shop/ran").exists());
    drop(input);
    child.wait().unwrap();
}
