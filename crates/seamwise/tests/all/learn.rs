//! What was learnt changes the next answer, says so, and can be undone; all of it through the binary.

#![expect(clippy::disallowed_methods, reason = "it runs the binary on a folder that it writes to")]

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A service that waits for another one for a minute.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("compose.yaml", "services:\n  shop:\n    build: ./shop\n  payments:\n    build: ./payments\n");
    write(
        "shop/main.py",
        "import requests\n\n\ndef pay():\n    requests.post(\"http://payments/charges\", timeout=60)\n",
    );
    write(
        "payments/main.py",
        "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.post(\"/charges\")\ndef charge():\n    return \"\", 201\n",
    );
    folder
}

fn seam(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_seam")).args(args).arg("--no-cache").current_dir(folder).output().unwrap()
}

fn said(folder: &Path, args: &[&str]) -> String {
    let output = seam(folder, args);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code().is_some_and(|c| c <= 1), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    text
}

fn json(folder: &Path, args: &[&str]) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&said(folder, &args)).unwrap()
}

fn memories(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder.join(".seam/memory")) else { return Vec::new() };
    let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|n| n != "README.md");
    names.sort();
    names
}

const UNREAD: &str = "finding/unread-setting/checkout LEGACY_URL";

fn keys(answer: &Value) -> Vec<String> {
    answer["findings"].as_array().unwrap().iter().map(|f| f["key"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_incident_is_recorded_listed_recalled_and_cited() {
    let folder = workspace();
    let folder = folder.path();
    let told = said(
        folder,
        &[
            "learn",
            "incident",
            "--title",
            "Payments refused connections",
            "--date",
            "2024-05-01",
            "--cause",
            "payments",
            "--fault",
            "silent",
            "--message",
            "ConnectionError: HTTPConnectionPool(host='payments', port=80): Max retries exceeded",
            "--why",
            "it was scaled to zero; ask jane.doe@example.com",
            "--fix",
            "scaled back",
            "--caught",
            "an alert on no replicas",
        ],
    );
    assert!(told.contains("masked: mail 1"), "{told}");
    assert_eq!(memories(folder).len(), 1);
    let text = fs::read_to_string(folder.join(".seam/memory").join(&memories(folder)[0])).unwrap();
    assert!(text.contains("service/payments") && !text.contains("jane"), "{text}");
    assert!(said(folder, &["learn", "list"]).contains("Payments refused connections"));

    let recalled =
        json(folder, &["recall", "who", "did", "not", "answer", "the", "shop", "when", "payments", "was", "gone"]);
    let hit = &recalled["hits"][0];
    assert_eq!(hit["title"], "Payments refused connections");
    assert!(!hit["reasons"].as_array().unwrap().is_empty());

    let error = folder.join("error.txt");
    fs::write(&error, "shop | ConnectionError: HTTPConnectionPool(host='payments', port=80): Max retries exceeded\n")
        .unwrap();
    let with = json(folder, &["diagnose", "--error", "error.txt"]);
    let without = json(folder, &["diagnose", "--error", "error.txt", "--no-memory"]);
    assert_eq!(with["similar"][0]["title"], "Payments refused connections");
    assert!(without.get("similar").is_none(), "{without}");
    let cites = |answer: &Value| answer.to_string().contains("was at fault when this was said before");
    assert!(cites(&with) && !cites(&without));
}

#[test]
fn a_dismissed_finding_is_left_out_with_its_reason_until_it_says_something_else() {
    let folder = crate::editor::copy("bookshop");
    let folder = folder.path();
    assert!(keys(&json(folder, &["detect"])).contains(&UNREAD.to_owned()));
    let unknown = seam(folder, &["learn", "dismiss", "finding/unread-setting/LEGACY_URL", "--reason", "x"]);
    assert_eq!(unknown.status.code(), Some(2));
    said(folder, &["learn", "dismiss", UNREAD, "--reason", "an old image reads it"]);
    let answer = json(folder, &["detect"]);
    assert!(!keys(&answer).contains(&UNREAD.to_owned()));
    assert_eq!(answer["dismissed"][0]["reason"], "an old image reads it");
    assert_eq!(answer["counts"]["dismissed"], 1);
    assert!(keys(&json(folder, &["detect", "--no-memory"])).contains(&UNREAD.to_owned()));

    // Retracted, it is back; the retraction of the retraction takes it away again. All of it stays on disk.
    let id = memories(folder)[0].trim_end_matches(".md").to_owned();
    said(folder, &["learn", "retract", &id, "--reason", "the old image is gone"]);
    assert!(keys(&json(folder, &["detect"])).contains(&UNREAD.to_owned()));
    assert_eq!(memories(folder).len(), 2);
    let shown = said(folder, &["learn", "show", &id]);
    assert!(shown.contains("the old image is gone") && shown.contains("an old image reads it"), "{shown}");
}

#[test]
fn a_verdict_makes_a_finding_certain_and_says_so() {
    let folder = crate::editor::copy("bookshop");
    let folder = folder.path();
    said(
        folder,
        &["learn", "verdict", UNREAD, "confirmed", "--proof", "a change of it did nothing", "--date", "2024-05-01"],
    );
    let answer = json(folder, &["detect"]);
    let finding = answer["findings"].as_array().unwrap().iter().find(|f| f["key"] == UNREAD).unwrap().clone();
    assert_eq!(finding["certainty"], "stated");
    assert!(finding["likely"].as_f64().unwrap() > 0.5);
    assert!(finding["remembered"][0]["says"].as_str().unwrap().contains("broke"), "{finding}");
}

#[test]
fn an_edit_is_another_entry_and_the_old_one_stays() {
    let folder = workspace();
    let folder = folder.path();
    said(folder, &["learn", "incident", "--title", "The shop was slow", "--date", "2024-05-01", "--cause", "shop"]);
    let id = memories(folder)[0].trim_end_matches(".md").to_owned();
    said(folder, &["learn", "edit", &id, "--cause", "payments"]);
    let listed = json(folder, &["learn", "list"]);
    assert_eq!((listed["memories"].as_array().unwrap().len(), &listed["fallen"]), (1, &Value::from(1)));
    assert_eq!(listed["memories"][0]["cause"][0], "service/payments");
    assert!(said(folder, &["learn", "show", &id]).contains("replaced by"));
}

#[test]
fn a_memory_is_exported_and_imported_and_history_is_mined() {
    let folder = workspace();
    let git = |args: &[&str]| {
        let done = Command::new("git").arg("-C").arg(folder.path()).args(args).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    for n in 0..4 {
        for path in ["shop/main.py", "payments/main.py"] {
            let path = folder.path().join(path);
            fs::write(&path, fs::read_to_string(&path).unwrap() + &format!("# {n}\n")).unwrap();
        }
        git(&["add", "-A"]);
        git(&["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", &format!("Fix {n}")]);
    }
    let mined = said(folder.path(), &["learn", "from-git"]);
    assert!(mined.contains("payments-and-shop-change-together"), "{mined}");
    said(folder.path(), &["learn", "export", "-o", "all.json"]);
    let other = workspace();
    let all = folder.path().join("all.json");
    said(other.path(), &["learn", "import", all.to_str().unwrap()]);
    said(other.path(), &["learn", "import", all.to_str().unwrap()]);
    assert_eq!(memories(other.path()), memories(folder.path()));
}

#[test]
fn a_guard_fires_on_the_fault_and_not_after_the_repair() {
    let folder = workspace();
    let repaired = workspace();
    let shop = repaired.path().join("shop/main.py");
    fs::write(&shop, fs::read_to_string(&shop).unwrap().replace("timeout=60", "timeout=2")).unwrap();
    let folder = folder.path();
    said(
        folder,
        &[
            "learn",
            "incident",
            "--title",
            "The shop hung",
            "--date",
            "2024-05-01",
            "--cause",
            "edge/shop/http/payments",
        ],
    );
    let id = memories(folder)[0].trim_end_matches(".md").to_owned();
    let good = repaired.path().to_str().unwrap();
    let here = folder.to_str().unwrap();
    let told = said(folder, &["learn", "guard", &id, "--faulty", here, "--repaired", good]);
    assert!(told.contains("`timeout` was 60000 and is 2000"), "{told}");
    assert!(said(folder, &["rules", "--check"]).contains("again-the-shop-hung"));
    assert_eq!(seam(folder, &["rules", "--check"]).status.code(), Some(0));
    let found = json(folder, &["detect", "--rule", "again-the-shop-hung"]);
    assert_eq!(found["findings"].as_array().unwrap().len(), 1);
    let page = fs::read_to_string(folder.join("seam/rules/again-the-shop-hung.md")).unwrap();
    fs::create_dir_all(repaired.path().join("seam/rules")).unwrap();
    fs::write(repaired.path().join("seam/rules/again-the-shop-hung.md"), page).unwrap();
    assert!(keys(&json(repaired.path(), &["detect", "--rule", "again-the-shop-hung"])).is_empty());
    // Two states that do not differ have no guard.
    let refused = seam(folder, &["learn", "guard", &id, "--faulty", here, "--repaired", here, "--name", "nothing"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(!folder.join("seam/rules/nothing.md").exists());
}

#[test]
fn what_broke_after_such_a_change_moves_the_plan_and_says_so() {
    let folder = workspace();
    let folder = folder.path();
    let patch = "--- a/shop/main.py\n+++ b/shop/main.py\n@@ -2,4 +2,4 @@\n \n \n def pay():\n-    requests.post(\"http://payments/charges\", timeout=60)\n\
        +    requests.post(\"http://payments/charges\", timeout=1)\n";
    fs::write(folder.join("faster.patch"), patch).unwrap();
    let plan = |more: &[&str]| json(folder, &[&["plan", "faster.patch"], more].concat());
    let before = plan(&[]);
    let change = before["changes"][0].clone();
    assert!(change.get("remembered").is_none() && before["risk"]["parts"].as_array().unwrap().len() == 4, "{before}");
    let rule = change["rule"].as_str().unwrap().to_owned();
    said(
        folder,
        &[
            "learn",
            "incident",
            "--title",
            "Charges were given up too early",
            "--date",
            "2024-05-01",
            "--cause",
            "edge/shop/http/payments",
            "--rule",
            &rule,
        ],
    );
    let after = plan(&[]);
    let told = &after["changes"][0]["remembered"][0];
    assert_eq!(told["title"], "Charges were given up too early");
    assert!(told["says"].as_str().unwrap().contains("broke here before"), "{told}");
    assert_eq!(after["risk"]["parts"][4]["name"], "memory");
    assert!(after["risk"]["figure"].as_u64() > before["risk"]["figure"].as_u64());
    assert!(said(folder, &["plan", "faster.patch"]).contains("memory +1.00"));
    assert_eq!(plan(&["--no-memory"]), before);
}

#[test]
fn names_and_places_are_masked_like_texts() {
    let folder = workspace();
    let folder = folder.path();
    let args = ["learn", "incident", "--title", "t", "--touched", "jane.doe@example.com", "--scope", "max@example.com"];
    said(folder, &[&args[..], &["--place", "password=hunter22", "--cause", "+49 151 23456789"]].concat());
    let text = fs::read_to_string(folder.join(".seam/memory").join(&memories(folder)[0])).unwrap();
    for secret in ["jane", "max@", "hunter22", "23456789"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

#[test]
fn a_judgement_of_a_finding_that_nobody_makes_is_refused_wherever_it_comes_from() {
    let folder = workspace();
    let folder = folder.path();
    fs::write(folder.join("alerts.csv"), "finding,reason\nfinding/unread-setting/gone X,it is fine\n").unwrap();
    let output = seam(folder, &["learn", "from-alerts", "alerts.csv"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && told.contains("left out") && memories(folder).is_empty(), "{told}");
    let asked = ["ask", "record", r#"{"kind":"dismissal","finding":"finding/unread-setting/gone X","reason":"x"}"#];
    assert_eq!(seam(folder, &asked).status.code(), Some(2));
}
