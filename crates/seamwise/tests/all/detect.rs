//! `seam detect` as pipelines use it: formats, baselines, comments that accept, comparison with a revision, exit codes.

#![expect(clippy::disallowed_methods, reason = "it runs the binary on folders of its own")]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

const COMPOSE: &str = "services:
  orders:
    build: ./orders
    environment: { STOCK_URL: 'http://stock:8080' }
  stock:
    build: ./stock
    environment: { ORDERS_URL: 'http://orders:8080' }
";

const ORDERS: &str = "import os
import requests
from flask import Flask

app = Flask(__name__)


@app.post('/orders')
def create():
    return requests.post(os.environ['STOCK_URL'] + '/reservations', timeout=2).json()


@app.get('/orders/open')
def unfinished():
    return []
";

const STOCK: &str = "import os
import requests
from flask import Flask

app = Flask(__name__)


@app.post('/reservations')
def reserve():
    return requests.get(os.environ['ORDERS_URL'] + '/orders/open', timeout=2).json()
";

/// Two services that wait for one another.
fn circle() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("compose.yaml", COMPOSE), ("orders/main.py", ORDERS), ("stock/main.py", STOCK)] {
        write(folder.path(), name, text);
    }
    folder
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn detect(root: &Path, args: &[&str]) -> Output {
    let seam = env!("CARGO_BIN_EXE_seam");
    let fixed = ["detect", "--no-cache", "--rule", "call-cycle"];
    Command::new(seam).args(fixed).args(args).current_dir(root).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn git(root: &Path, args: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").arg("-C").arg(root).args(who).args(args).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_terminal_gets_frames_of_both_sides() {
    let folder = circle();
    let output = detect(folder.path(), &[]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1));
    for part in ["warning[call-cycle]", "orders/main.py:10", "stock/main.py:10", "requests.get(", "help:"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn every_format_names_the_same_place() {
    let folder = circle();
    for format in ["short", "json", "sarif", "github", "gitlab", "junit", "markdown"] {
        let text = out(&detect(folder.path(), &["--format", format]));
        assert!(text.contains("orders/main.py") && text.contains("call-cycle"), "{format}:\n{text}");
        if matches!(format, "json" | "sarif" | "gitlab") {
            serde_json::from_str::<Value>(&text).unwrap();
        }
    }
    let sarif: Value = serde_json::from_str(&out(&detect(folder.path(), &["--format", "sarif"]))).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    let rules = &sarif["runs"][0]["tool"]["driver"]["rules"];
    assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
    let flow = &result["codeFlows"][0]["threadFlows"][0]["locations"];
    assert_eq!(flow.as_array().unwrap().len(), 2);
    assert_eq!(flow[1]["location"]["physicalLocation"]["artifactLocation"]["uri"], "stock/main.py");
}

#[test]
fn no_format_shows_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let secret = ["fo11owth3", "wh1t3r4bb1t0"].concat();
    let services = "services:\n  api:\n    build: ./api\n    environment:\n      - DB_HOST=db\n";
    let compose = format!("{services}      - DB_PASSWORD={secret}\n      - BACK_URL=http://app:{secret}@back:80\n");
    write(folder.path(), "compose.yaml", &compose);
    write(folder.path(), "api/Dockerfile", "FROM python:3.14\nCOPY . .\nCMD [\"python\", \"main.py\"]\n");
    write(
        folder.path(),
        "api/main.py",
        "import os\n\nPASSWORD = os.environ[\"DB_PASSWORD\"]\nHOST = os.environ[\"DB_HOST\"]\n",
    );
    for format in ["text", "short", "json", "sarif", "github", "gitlab", "junit", "markdown"] {
        let seam = env!("CARGO_BIN_EXE_seam");
        let args = ["detect", "--no-cache", "--format", format];
        let text = out(&Command::new(seam).args(args).current_dir(folder.path()).output().unwrap());
        assert!(text.contains("DB_PASSWORD"), "{format} tells of it:\n{text}");
        assert!(!text.contains(&secret), "{format} shows it:\n{text}");
    }
}

#[test]
fn a_report_goes_to_a_file_whole() {
    let folder = circle();
    let output = detect(folder.path(), &["--format", "json", "-o", "report.json", "--fail-on", "never"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(0), ""));
    let report = std::fs::read_to_string(folder.path().join("report.json")).unwrap();
    assert!(serde_json::from_str::<Value>(&report).is_ok());
    let nowhere = detect(folder.path(), &["-o", "no/such/folder/report.txt"]);
    assert_eq!(nowhere.status.code(), Some(3));
}

#[test]
fn a_baseline_makes_an_old_system_start_today() {
    let folder = circle();
    assert_eq!(detect(folder.path(), &["--write-baseline", "known.json"]).status.code(), Some(0));
    let output = detect(folder.path(), &["--baseline", "known.json"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(out(&output).contains("1 known before"), "{}", out(&output));
    // Lines that move do not make a finding new.
    write(folder.path(), "orders/main.py", &format!("# a comment\n\n{ORDERS}"));
    assert_eq!(detect(folder.path(), &["--baseline", "known.json"]).status.code(), Some(0));
    write(folder.path(), "known.json", "{\"version\": 1}");
    let broken = detect(folder.path(), &["--baseline", "known.json"]);
    assert_eq!(broken.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&broken.stderr).contains("--write-baseline"));
}

#[test]
fn a_comment_accepts_and_an_idle_one_is_told() {
    let folder = circle();
    let accepted = STOCK.replace("    return", "    # seam: allow(call-cycle) read only, and cached\n    return");
    write(folder.path(), "stock/main.py", &accepted);
    let output = detect(folder.path(), &["--json"]);
    let answer: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!((output.status.code(), &answer["findings"]), (Some(0), &Value::Array(Vec::new())));
    assert_eq!(answer["allowed"][0]["reason"], "read only, and cached");
    write(folder.path(), "orders/main.py", "# seam: allow(call-cycle) no more\n");
    let all = Command::new(env!("CARGO_BIN_EXE_seam"))
        .args(["detect", "--no-cache", "--format", "short"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(out(&all).contains("orders/main.py:1: warning[unused-allow]"), "{}", out(&all));
}

#[test]
fn only_what_a_change_adds() {
    let folder = circle();
    let root = folder.path();
    write(root, "stock/main.py", &STOCK.replace("return requests.get(", "return str("));
    git(root, &["init", "-q"]);
    git(root, &["add", "."]);
    git(root, &["commit", "-qm", "a"]);
    assert_eq!(detect(root, &["--since", "HEAD"]).status.code(), Some(0));
    write(root, "stock/main.py", STOCK);
    assert_eq!(detect(root, &["--since", "HEAD"]).status.code(), Some(1));
    git(root, &["commit", "-qam", "b"]);
    assert_eq!(detect(root, &["--since", "HEAD"]).status.code(), Some(0));
    assert_eq!(detect(root, &["--since", "HEAD~1"]).status.code(), Some(1));
    // A file that is gone belongs to the earlier state.
    std::fs::remove_file(root.join("stock/main.py")).unwrap();
    assert_eq!(detect(root, &["--since", "HEAD"]).status.code(), Some(0));
    let unknown = detect(root, &["--since", "no-such-branch"]);
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(unknown.status.code() == Some(2) && said.contains("no-such-branch"), "{said}");
}

#[test]
fn findings_say_in_which_deployment_they_hold() {
    let folder = circle();
    std::fs::remove_file(folder.path().join("compose.yaml")).unwrap();
    let below = COMPOSE.replace("build: ./", "build: ../");
    write(folder.path(), "round/compose.yaml", &below);
    write(folder.path(), "straight/compose.yaml", &below.replace("http://orders", "http://elsewhere.example.com"));
    let answer = out(&detect(folder.path(), &["--json", "--profile", "round", "--profile", "straight"]));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["findings"][0]["profiles"], serde_json::json!(["round"]), "{answer:#}");
}

#[test]
fn a_rule_that_does_not_exist_is_refused_with_a_hint() {
    let folder = circle();
    let seam = env!("CARGO_BIN_EXE_seam");
    let output = Command::new(seam).args(["detect", "--rule", "cycle"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`call-cycle`"));
}
