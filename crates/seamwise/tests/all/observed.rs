//! `seam detect --telemetry`: what a running system shows besides what its code states, from files to findings.

#![expect(clippy::disallowed_methods, reason = "it runs the binary and writes what it reads")]

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

fn seam(arguments: &[&str]) -> (i32, Value, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_seam")).args(["--no-cache"]).args(arguments).output().unwrap();
    let answer = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap_or(-1), answer, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn bookshop() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workspaces/bookshop")
}

/// A span as OTLP's JSON has it.
fn span(trace: u64, id: u64, parent: u64, kind: u8, name: &str, (start, lasts): (u64, u64), failed: bool) -> Value {
    let at = |ms: u64| (1_700_000_000_000_000_000 + ms * 1_000_000).to_string();
    json!({
        "traceId": format!("{trace:032x}"),
        "spanId": format!("{id:016x}"),
        "parentSpanId": if parent == 0 { String::new() } else { format!("{parent:016x}") },
        "kind": kind,
        "name": name,
        "startTimeUnixNano": at(start),
        "endTimeUnixNano": at(start + lasts),
        "status": { "code": if failed { 2 } else { 0 } },
    })
}

fn of(service: &str, spans: Vec<Value>) -> Value {
    let name = json!({ "key": "service.name", "value": { "stringValue": service } });
    json!({ "resource": { "attributes": [name] }, "scopeSpans": [{ "spans": spans }] })
}

/// Checkout pays twice since the first reply is lost, and the mailer asks payments, which nobody wrote down.
fn recorded(folder: &Path) {
    let mut lines = String::new();
    for n in 0..20u64 {
        let (trace, at) = (n + 1, n * 1000);
        let id = |i: u64| trace * 100 + i;
        let spans = vec![
            of(
                "checkout",
                vec![
                    span(trace, id(1), 0, 2, "POST /checkout", (at, 900), false),
                    span(trace, id(2), id(1), 3, "POST", (at + 10, 300), true),
                    span(trace, id(3), id(1), 3, "POST", (at + 400, 300), false),
                ],
            ),
            of(
                "payments",
                vec![
                    span(trace, id(4), id(2), 2, "POST /payments", (at + 20, 200), false),
                    span(trace, id(5), id(3), 2, "POST /payments", (at + 410, 200), false),
                    span(trace, id(6), id(7), 2, "GET /payments/{id}", (at + 810, 5), false),
                ],
            ),
            of("mailer", vec![span(trace, id(7), id(1), 5, "orders.placed", (at + 800, 50), false)]),
        ];
        lines.push_str(&format!("{}\n", json!({ "resourceSpans": spans })));
    }
    std::fs::write(folder.join("traces.jsonl"), lines).unwrap();
}

#[test]
fn shows_what_a_running_system_does_besides_what_its_code_states() {
    let folder = tempfile::tempdir().unwrap();
    recorded(folder.path());
    let telemetry = folder.path().to_string_lossy().into_owned();
    let workspace = bookshop().to_string_lossy().into_owned();
    let (code, answer, _) = seam(&["--json", "detect", &workspace, "--telemetry", &telemetry]);
    assert_eq!(code, 1);
    let findings = answer["findings"].as_array().unwrap();
    let of =
        |rule: &str| findings.iter().find(|f| f["rule"] == rule).unwrap_or_else(|| panic!("no {rule}: {answer:#}"));
    let repeated = of("repeated-effect");
    assert_eq!((&repeated["severity"], &repeated["group"]), (&json!("error"), &json!("observed")));
    assert_eq!((&repeated["at"]["path"], &repeated["at"]["line"]), (&json!("checkout/src/server.js"), &json!(20)));
    assert_eq!(repeated["observed"]["trace"], "00000000000000000000000000000001");
    assert_eq!(of("undeclared-call")["key"], "finding/undeclared-call/mailer->payments");
    assert!(findings.iter().all(|f| f["group"] == "observed"), "only what was observed");

    let one = seam(&["--json", "detect", &workspace, "--telemetry", &telemetry, "--rule", "undeclared-call"]).1;
    assert!(one["findings"].as_array().unwrap().iter().all(|f| f["rule"] == "undeclared-call"));
}

#[test]
fn says_what_is_wrong_with_the_question() {
    let empty = tempfile::tempdir().unwrap();
    let workspace = bookshop().to_string_lossy().into_owned();
    let nothing = seam(&["detect", &workspace, "--telemetry", &empty.path().to_string_lossy()]);
    assert_eq!(nothing.0, 2);
    assert!(nothing.2.contains("there is no telemetry") && nothing.2.contains("help"), "{}", nothing.2);
    let without = seam(&["detect", &workspace, "--rule", "undeclared-call"]);
    assert_eq!(without.0, 2);
    assert!(without.2.contains("--telemetry"), "{}", without.2);
}
