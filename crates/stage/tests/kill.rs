//! Processes that are killed in the middle or once they are done, and started again: what is only in their memory is lost, what is half
//! done stays, and nothing is left behind.

#![allow(clippy::disallowed_methods, reason = "tests start processes")]

use seam_stage::{Order, verify};
use seam_verify::fault::{Fault, Kind, Script};
use seam_verify::finding::Grade;
use seam_verify::replay::Replay;
use seam_verify::report::{Played, Verdict};
use seam_verify::settings::{Process, Scenario, Settings, Store};
use std::path::PathBuf;
use std::time::Duration;

const CHARGE: &str = "shop POST /buy#1 > payments POST /charge#1";

/// A shop that asks payments, under one fault or under all of them.
fn tried(shop: &str, payments: &str, stores: &[(&str, &str)], fault: Option<Fault>) -> Option<Played> {
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("buy.http"), "POST http://localhost:7000/buy\n\n{\"what\": \"lamp\"}\n").unwrap();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/service.py");
    let at = |text: &str| text.replace("KEPT", &folder.path().join("kept.db").display().to_string());
    let process = [("shop", 7000, shop), ("payments", 7001, payments)].map(|(name, port, routes)| Process {
        name: name.to_owned(),
        // A child of its own outlives who is killed, unless somebody ends it.
        command: format!("sleep 4711 & exec python3 {program} {port} '{}'", at(routes)),
        port: Some(port),
        ..Process::default()
    });
    let store = stores.iter().map(|(name, address)| Store { name: (*name).to_owned(), address: at(address) });
    // The file has its tables before anything is looked at.
    let database = rusqlite::Connection::open(folder.path().join("kept.db")).unwrap();
    let tables = "CREATE TABLE counts (name TEXT PRIMARY KEY, n INTEGER); CREATE TABLE keys (key TEXT PRIMARY KEY);
        INSERT INTO counts VALUES ('charges', 0), ('parcels', 0)";
    database.execute_batch(tables).unwrap();
    drop(database);
    let settings = Settings {
        process: process.into(),
        store: store.collect(),
        scenario: vec![Scenario { name: "buy".to_owned(), http: Some("buy.http".to_owned()), ..Scenario::default() }],
        patience: Some(1_200),
        ..Settings::default()
    };
    let order = Order {
        root: PathBuf::from(folder.path()),
        settings,
        scenarios: Vec::new(),
        budget: Duration::from_secs(120),
        faults: 1,
        replay: fault.map(|f| Replay::new("buy", "", "", Script::of([f]))),
        suspicions: Vec::new(),
    };
    let played = verify(&order, |_| {}).unwrap().scenarios.remove(0);
    assert_eq!(
        left(&folder.path().display().to_string()),
        Vec::<String>::new(),
        "everything that was started is ended"
    );
    Some(played)
}

/// Processes that were started for the system in this folder, or in it.
fn left(folder: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").unwrap().flatten().map(|e| e.path());
    let told = |path: &PathBuf| std::fs::read(path).unwrap_or_default().iter().map(|b| *b as char).collect::<String>();
    let here = |path: &PathBuf| {
        std::fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
            || told(&path.join("cmdline")).contains(folder)
    };
    all.filter(here).map(|p| told(&p.join("cmdline"))).filter(|line| !line.is_empty()).collect()
}

fn ids(played: &Played, grade: Grade) -> Vec<&str> {
    played.findings.iter().filter(|r| r.found.finding.grade == grade).map(|r| r.id.as_str()).collect()
}

const PATIENT: &str =
    r#"{"POST /buy":{"calls":[["POST","http://payments:7001/charge"]],"attempts":3,"timeout":5,"key":true}}"#;
const KEPT: [(&str, &str); 1] = [("kept", "sqlite:KEPT")];

#[test]
fn keys_that_only_memory_holds_are_lost_with_it() {
    let payments = |dedup: &str| format!(r#"{{"POST /charge":{{"count":"charges","keep":"KEPT","dedup":{dedup}}}}}"#);
    let fault = |kind| Some(Fault::call(CHARGE, kind));
    let Some(lost) = tried(PATIENT, &payments("true"), &KEPT, fault(Kind::ReplyLost)) else { return };
    assert_eq!(lost.verdict, Verdict::Passed, "the key is known while the process lives: {lost:#?}");
    let Some(forgot) = tried(PATIENT, &payments("true"), &KEPT, fault(Kind::Kill)) else { return };
    assert_eq!(ids(&forgot, Grade::Fails), ["duplicate-effect/shop POST /buy kept"], "{forgot:#?}");
    let found = &forgot.findings[0].found;
    assert!(found.steady() && found.tried == 3, "{found:#?}");
    assert!(found.story[1].contains("its process is killed before the reply leaves"), "{:#?}", found.story);
    let Some(kept) = tried(PATIENT, &payments("\"kept\""), &KEPT, fault(Kind::Kill)) else { return };
    assert_eq!(ids(&kept, Grade::Fails), Vec::<&str>::new(), "{kept:#?}");
}

#[test]
fn what_is_half_done_stays_where_its_process_is_killed_in_the_middle() {
    let shop =
        r#"{"POST /buy":{"calls":[["POST","http://payments:7001/charge"],["POST","http://payments:7001/ship"]]}}"#;
    let payments =
        r#"{"POST /charge":{"count":"charges","keep":"KEPT"},"POST /ship":{"count":"parcels","keep":"KEPT"}}"#;
    let Some(half) = tried(shop, payments, &KEPT, Some(Fault::call(CHARGE, Kind::KillCaller))) else { return };
    assert_eq!(ids(&half, Grade::Fails), Vec::<&str>::new(), "nobody without a journal mends that: {half:#?}");
    assert_eq!(ids(&half, Grade::Weak), ["partial-effect/shop POST /buy kept"], "{half:#?}");
    assert!(half.findings[0].found.finding.evidence.iter().any(|e| e.contains("charges")), "{half:#?}");
}

#[test]
fn what_a_service_tells_of_its_memory_is_not_taken_for_half_an_effect() {
    let payments = r#"{"POST /charge":{"count":"charges","dedup":true}}"#;
    let stores = [("memory", "http://payments:7001/state")];
    let Some(played) = tried(PATIENT, payments, &stores, None) else { return };
    assert_eq!(ids(&played, Grade::Fails), Vec::<&str>::new(), "{played:#?}");
    assert!(ids(&played, Grade::Weak).contains(&"state-lost/payments memory"), "{played:#?}");
    assert_eq!((played.verdict, played.tried), (Verdict::Passed, played.planned), "{played:#?}");
}

#[test]
fn who_does_not_start_again_is_told() {
    // It starts once, and never again.
    let routes = r#"{"POST /charge":{}}"#;
    let folder = tempfile::tempdir().unwrap();
    let once = folder.path().join("once").display().to_string();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/service.py");
    let shop = r#"{"POST /buy":{"calls":[["POST","http://payments:7001/charge"]],"timeout":2}}"#;
    std::fs::write(folder.path().join("buy.http"), "POST http://localhost:7000/buy\n\n{}\n").unwrap();
    let process = |name: &str, port: u16, command: String| Process {
        name: name.to_owned(),
        command,
        port: Some(port),
        ..Process::default()
    };
    let first =
        format!("n=$(cat {once} 2>/dev/null); echo x$n > {once}; [ \"$n\" != x ] || {{ echo locked >&2; exit 3; }}; ");
    let settings = Settings {
        process: vec![
            process("shop", 7000, format!("exec python3 {program} 7000 '{shop}'")),
            process("payments", 7001, format!("{first}exec python3 {program} 7001 '{routes}'")),
        ],
        scenario: vec![Scenario { name: "buy".to_owned(), http: Some("buy.http".to_owned()), ..Scenario::default() }],
        ..Settings::default()
    };
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no python3");
        return;
    }
    let order = Order {
        root: PathBuf::from(folder.path()),
        settings,
        scenarios: Vec::new(),
        budget: Duration::from_secs(120),
        faults: 1,
        replay: Some(Replay::new("buy", "", "", Script::of([Fault::call(CHARGE, Kind::Kill)]))),
        suspicions: Vec::new(),
    };
    let played = verify(&order, |_| {}).unwrap().scenarios.remove(0);
    let crash = played.findings.iter().find(|r| r.id == "crash/payments").unwrap_or_else(|| panic!("{played:#?}"));
    assert!(crash.found.finding.says.contains("killed, it does not start again"), "{crash:#?}");
}
