//! `seam diagnose --error`: a failure that starts in another service than its trace is found there, with what proves it, and
//! what leads nowhere suspects nobody.

#![expect(clippy::disallowed_methods, reason = "it runs the binary")]

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn workspace(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workspaces").join(name)
}

fn diagnose(name: &str, error: &str, options: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_seam"))
        .args(["diagnose", "--error", "-", "--no-cache"])
        .args(options)
        .current_dir(workspace(name))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(error.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// The suspects' paths, the most suspect first.
fn suspects(name: &str, error: &str) -> Vec<String> {
    let output = diagnose(name, error, &["--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let suspects = answer["suspects"].as_array().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(!suspects.is_empty())));
    for suspect in suspects {
        assert!(!suspect["parts"].as_array().unwrap().is_empty(), "nobody is suspected without a reason: {suspect}");
        assert!(suspect["why"].as_str().is_some_and(|w| !w.is_empty()));
    }
    suspects.iter().map(|s| s["path"].as_str().unwrap().to_owned()).collect()
}

fn check(name: &str, error: &str, wanted: &str) {
    let found = suspects(name, error);
    assert!(found.iter().take(3).any(|f| f == wanted), "{wanted} is not among the first of {found:?}");
}

#[test]
fn a_refused_call_leads_to_the_callee_and_to_its_address() {
    let refused = "checkout-1  | Error: connect ECONNREFUSED 172.18.0.3:8090\n\
                   checkout-1  |     at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1247:16)\n\
                   checkout-1  |     at /app/src/server.js:20:31\n";
    check("bookshop", refused, "payments/main.go");
    check("bookshop", refused, "compose.yaml");
}

#[test]
fn a_field_that_is_missing_leads_to_who_sends_it() {
    let missing = "mailer-1  | Traceback (most recent call last):\n\
                   mailer-1  |   File \"/usr/lib/python3/dist-packages/pika/x.py\", line 1, in _dispatch\n\
                   mailer-1  |   File \"/app/listen.py\", line 9, in on_order\n\
                   mailer-1  |     print(\"thank you for\", order[\"total\"])\n\
                   mailer-1  | KeyError: 'total'\n";
    let found = suspects("bookshop", missing);
    assert_eq!(found[0], "mailer/listen.py");
    assert!(found.iter().take(3).any(|f| f.starts_with("checkout/src/")), "{found:?}");
}

#[test]
fn a_setting_that_is_missing_leads_to_its_reader_and_to_the_deployment() {
    let missing = "Traceback (most recent call last):\n  File \"/app/listen.py\", line 14, in main\n\
                   KeyError: 'QUEUE_HOST'\n";
    check("bookshop", missing, "mailer/listen.py");
    check("bookshop", missing, "compose.yaml");
}

#[test]
fn what_leads_nowhere_suspects_nobody() {
    for text in ["all is well", "java.lang.OutOfMemoryError: Java heap space", "?\u{0}\u{1b}[31m{\"a\":"] {
        assert!(suspects("bookshop", text).is_empty(), "{text}");
    }
    let output = diagnose("bookshop", "all is well", &[]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("nobody is suspected") && said.contains("nothing in the text leads to a file"), "{said}");
}

#[test]
fn nothing_to_diagnose_is_refused_with_the_next_move() {
    let output = diagnose("bookshop", " \n", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("help: give `error`"));
}

#[test]
fn hostile_texts_cost_no_crash() {
    let long = "a".repeat(200_000);
    let frames = "    at f (/app/src/server.js:20:1)\n".repeat(5_000);
    let nested = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    let chains = "failed: ".repeat(5_000);
    for text in [long, frames, nested, chains, "\\n".repeat(10_000), "|".repeat(3_000), "((((".repeat(2_000)] {
        let output = diagnose("bookshop", &text, &["--json"]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
