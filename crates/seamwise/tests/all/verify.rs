//! `seam verify` as people run it: exit codes, reports, replay files, and nothing left behind however it ends.

#![allow(clippy::disallowed_methods, reason = "tests start processes")]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A shop that charges: `key` makes its retries safe.
const SHOP: &str = r#"
import json, sys, urllib.request, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
name, port, key = sys.argv[1], int(sys.argv[2]), len(sys.argv) > 3
class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = 200
        if name == "shop":
            headers = {"Idempotency-Key": str(uuid.uuid4())} if key else {}
            for attempt in range(3):
                try:
                    request = urllib.request.Request("http://payments:7001/charge", data=b"{}", headers=headers)
                    urllib.request.urlopen(request, timeout=0.4).read()
                    break
                except Exception:
                    status = 503 if attempt == 2 else 200
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *_):
        pass
ThreadingHTTPServer(("", port), Service).serve_forever()
"#;

fn workspace(key: &str, mark: &str) -> Option<tempfile::TempDir> {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let toml = format!(
        "[verify]\npatience = 1000\n\
         [[verify.process]]\nname = \"payments\"\ncommand = \"exec python3 shop.py payments 7001 # {mark}\"\nport = 7001\n\
         [[verify.process]]\nname = \"shop\"\ncommand = \"exec python3 shop.py shop 7000 {key} # {mark}\"\nport = 7000\n\
         [[verify.scenario]]\nname = \"buy\"\nhttp = \"buy.http\"\n"
    );
    std::fs::write(folder.path().join("seam.toml"), toml).unwrap();
    std::fs::write(folder.path().join("shop.py"), SHOP).unwrap();
    std::fs::write(folder.path().join("buy.http"), "POST http://localhost:7000/buy\n\n{}\n").unwrap();
    Some(folder)
}

fn seam(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seam"));
    command.args(["verify", "."]).args(args).args(["--no-cache"]).current_dir(folder);
    command
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Processes whose folder is the workspace.
fn left_in(folder: &Path) -> Vec<String> {
    let folder = folder.canonicalize().unwrap();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|p| std::fs::read_link(p.path().join("cwd")).is_ok_and(|cwd| cwd == folder))
        .map(|p| p.file_name().to_string_lossy().into_owned())
        .collect()
}

fn soon(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_failed_verdict_writes_a_replay_file_that_fails_again_and_passes_on_the_repair() {
    let Some(folder) = workspace("", "faulty") else { return };
    let output = seam(folder.path(), &["--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["version"], &report["verdict"]), (&1.into(), &"failed".into()));
    let finding = &report["scenarios"][0]["findings"][0];
    assert_eq!(finding["id"], "unsafe-retry/shop → payments POST /charge");
    assert_eq!((&finding["came"], &finding["tried"]), (&3.into(), &3.into()));
    soon("everything ends", || left_in(folder.path()).is_empty());
    let replay = finding["replay"].as_str().unwrap();
    let again = seam(folder.path(), &["--replay", replay]).output().unwrap();
    assert_eq!(again.status.code(), Some(1), "{}", text(&again));
    let repaired = workspace("key", "repaired").unwrap();
    let mended = seam(repaired.path(), &["--replay", replay]).output().unwrap();
    assert_eq!(mended.status.code(), Some(0), "{}", text(&mended));
}

#[test]
fn the_repaired_version_passes_in_every_report() {
    let Some(folder) = workspace("key", "passes") else { return };
    for (format, word) in [("text", "passed"), ("junit", "failures=\"0\""), ("html", "class=\"passed\"")] {
        let output = seam(folder.path(), &["--format", format]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
        assert!(text(&output).contains(word), "{}", text(&output));
    }
}

#[test]
fn a_dry_run_starts_nothing() {
    let Some(folder) = workspace("", "dry") else { return };
    let output = seam(folder.path(), &["--dry-run"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("start shop: `exec python3 shop.py shop 7000"), "{}", text(&output));
    assert!(!folder.path().join(".seam").exists());
}

#[test]
fn what_cannot_be_performed_is_refused_with_the_next_move() {
    let Some(folder) = workspace("", "refused") else { return };
    let output = seam(folder.path(), &["--scenario", "sell"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output).contains("there is no scenario `sell`") && text(&output).contains("buy"),
        "{}",
        text(&output)
    );
    std::fs::write(folder.path().join("seam.toml"), "").unwrap();
    let output = seam(folder.path(), &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("[[verify.process]]"), "{}", text(&output));
}

#[test]
fn nothing_is_left_behind_after_an_interrupt_or_a_kill() {
    for signal in ["-INT", "-KILL"] {
        let Some(folder) = workspace("", signal) else { return };
        let mut child = seam(folder.path(), &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let started = || left_in(folder.path()).len() >= 3;
        soon("the services start", started);
        let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let status = child.wait().unwrap();
        assert!(!status.success());
        soon("everything ends", || left_in(folder.path()).is_empty());
    }
}

fn learn(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seam"));
    command.arg("learn").args(args).arg("--no-cache").current_dir(folder).output().unwrap()
}

#[test]
fn an_incident_becomes_faults_that_tell_faulty_from_repaired_and_goes_first_the_next_time() {
    let Some(folder) = workspace("", "guarded") else { return };
    let (here, repaired) = (folder.path(), workspace("key", "mended").unwrap());
    let said = learn(
        here,
        &["incident", "--title", "Charged twice", "--date", "2026-01-01", "--cause", "edge/shop/http/payments"],
    );
    assert!(said.status.success(), "{}", text(&said));
    let mended = repaired.path().to_str().unwrap();
    // Two states that fail alike have no guard.
    let none = learn(here, &["guard", "2026-01-01-charged", "--faulty", ".", "--repaired", here.to_str().unwrap()]);
    assert_eq!(none.status.code(), Some(2), "{}", text(&none));
    assert!(!here.join("seam/replays").exists());
    let made = learn(here, &["guard", "2026-01-01-charged", "--faulty", ".", "--repaired", mended]);
    assert!(made.status.success(), "{}", text(&made));
    let file = "seam/replays/again-charged-twice.json";
    assert!(text(&made).contains(file) && here.join(file).exists(), "{}", text(&made));
    assert_eq!(seam(here, &["--replay", file]).output().unwrap().status.code(), Some(1));
    let replay = here.join(file);
    let passes = seam(repaired.path(), &["--replay", replay.to_str().unwrap()]).output().unwrap();
    assert_eq!(passes.status.code(), Some(0), "{}", text(&passes));
    // What broke before is told as suspected, unless nothing is to be remembered.
    let with = text(&seam(here, &[]).output().unwrap());
    assert!(with.contains("memory/2026-01-01-charged-twice"), "{with}");
    let without = text(&seam(here, &["--no-memory"]).output().unwrap());
    assert!(!without.contains("memory/"), "{without}");
    soon("everything ends", || left_in(here).is_empty() && left_in(repaired.path()).is_empty());
}

#[test]
fn runs_are_recorded_for_diagnose() {
    let Some(folder) = workspace("key", "recorded") else { return };
    let replay = r#"{"seam_replay": 1, "scenario": "buy", "finding": "outage", "says": "", "faults":
        [{"at": {"edge": {"caller": "shop", "callee": "payments"}}, "kind": "refuse"}]}"#;
    std::fs::write(folder.path().join("outage.json"), replay).unwrap();
    let output = seam(folder.path(), &["--replay", "outage.json", "--record", "t", "--times", "2"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    for (kind, failed) in [("normal", false), ("faults", true)] {
        let written = std::fs::read_to_string(folder.path().join("t").join(kind).join("runs.json")).unwrap();
        assert_eq!(written.matches("resourceSpans").count(), 2);
        assert_eq!(written.contains("connection reset"), failed, "{written}");
    }
    soon("everything ends", || left_in(folder.path()).is_empty());
}
