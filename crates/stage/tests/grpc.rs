//! gRPC between real processes: a fault meets one call of many on a connection, and streams go on beside it.

#![allow(clippy::disallowed_methods, reason = "tests start processes")]

use seam_stage::{Order, verify};
use seam_verify::fault::{Fault, Kind, Script};
use seam_verify::finding::Grade;
use seam_verify::replay::Replay;
use seam_verify::report::Played;
use seam_verify::settings::{Process, Scenario, Settings};
use std::path::PathBuf;
use std::time::Duration;

/// A Python that knows gRPC: what `workspaces/kiosk/prepare.sh` installs, or the system's.
fn python() -> Option<String> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../workspaces/kiosk/.venv/bin/python");
    let knows = |python: &&str| {
        let asked = std::process::Command::new(python).args(["-c", "import grpc"]).output();
        asked.is_ok_and(|o| o.status.success())
    };
    let found = [own, "python3"].iter().find(|p| knows(p)).map(|p| (*p).to_owned());
    if found.is_none() {
        assert!(std::env::var_os("SEAM_REQUIRE_STORES").is_none(), "there is no Python with grpcio");
        eprintln!("skipped: there is no Python with grpcio");
    }
    found
}

const KEY: &str = "front POST /buy#1 > payments POST /shop.Payments/Charge#1";

fn order(python: &str, folder: &tempfile::TempDir, faults: Option<Script>) -> Order {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grpc_service.py");
    let process = |name: &str, port: u16, more: &str| Process {
        name: name.to_owned(),
        command: format!("exec {python} {program} {name} ${{port}}{more}"),
        port: Some(port),
        ..Process::default()
    };
    std::fs::write(
        folder.path().join("buy.http"),
        "POST http://localhost:7100/buy\n\n{}\n\n###\nGET http://localhost:7100/seen\n",
    )
    .unwrap();
    let settings = Settings {
        process: vec![process("payments", 7101, ""), process("front", 7100, " payments:7101")],
        scenario: vec![Scenario { name: "buy".to_owned(), http: Some("buy.http".to_owned()), ..Scenario::default() }],
        patience: Some(1_500),
        ..Settings::default()
    };
    Order {
        root: PathBuf::from(folder.path()),
        settings,
        scenarios: Vec::new(),
        budget: Duration::from_secs(120),
        faults: 1,
        replay: faults.map(|faults| Replay::new("buy", "", "", faults)),
        suspicions: Vec::new(),
    }
}

fn played(faults: Option<Script>) -> Option<Played> {
    let folder = tempfile::tempdir().unwrap();
    let order = order(&python()?, &folder, faults);
    let mut report = verify(&order, |_| {}).unwrap();
    Some(report.scenarios.remove(0))
}

fn ids(played: &Played) -> Vec<&str> {
    let fails = played.findings.iter().filter(|r| r.found.finding.grade == Grade::Fails);
    fails.map(|r| r.id.as_str()).collect()
}

#[test]
fn a_reply_lost_per_call_shows_a_retry_without_a_key() {
    let Some(played) = played(None) else { return };
    assert_eq!(ids(&played), ["unsafe-retry/front → payments POST /shop.Payments/Charge"], "{played:#?}");
    let found = &played.findings[0].found;
    assert!(found.steady() && found.tried == 3, "{found:#?}");
    assert_eq!(played.tried, played.planned, "{:?}", played.not_reached);
    let down = |c: &seam_verify::explore::Critical| c.down.starts_with("front → payments");
    assert!(played.criticality.iter().any(down), "{:#?}", played.criticality);
}

#[test]
fn other_calls_of_the_connection_go_on() {
    // The second step says whether the stream beside the call broke: another answer than usual would be told.
    for kind in [Kind::Grpc(14), Kind::ReplyLost, Kind::Late] {
        let Some(played) = played(Some(Script::of([Fault::call(KEY, kind.clone())]))) else { return };
        assert_eq!((played.tried, played.because.clone()), (1, None), "{kind}: {played:#?}");
        let recovered = |id: &str| id.starts_with("not-recovered");
        assert!(!ids(&played).into_iter().any(recovered), "{kind}: {played:#?}");
        let expected = if kind == Kind::Grpc(14) { 0 } else { 1 };
        assert_eq!(ids(&played).len(), expected, "{kind}: {played:#?}");
    }
}
