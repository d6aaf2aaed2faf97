//! Real processes behind real proxies: what each fault shows, what a repaired version does not show, and what is left behind.

#![allow(clippy::disallowed_methods, reason = "tests start processes")]

use seam_stage::{Order, verify};
use seam_verify::finding::Grade;
use seam_verify::report::{Played, Report, Verdict};
use seam_verify::settings::{Process, Scenario, Settings};
use std::path::PathBuf;
use std::time::Duration;

/// Services by name, port and routes, as `service.py` reads them.
fn system(services: &[(&str, u16, &str)]) -> Settings {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/service.py");
    let process = services
        .iter()
        .map(|(name, port, routes)| Process {
            name: (*name).to_owned(),
            command: format!("exec python3 {program} {port} '{routes}'"),
            port: Some(*port),
            ..Process::default()
        })
        .collect();
    Settings { process, patience: Some(1_200), ..Settings::default() }
}

fn try_out(folder: &tempfile::TempDir, mut settings: Settings, http: &str, faults: usize) -> Report {
    std::fs::write(folder.path().join("buy.http"), http).unwrap();
    settings.scenario =
        vec![Scenario { name: "buy".to_owned(), http: Some("buy.http".to_owned()), ..Scenario::default() }];
    let order = Order {
        root: PathBuf::from(folder.path()),
        settings,
        scenarios: Vec::new(),
        budget: Duration::from_secs(120),
        faults,
        replay: None,
        suspicions: Vec::new(),
    };
    verify(&order, |_| {}).unwrap()
}

fn has_python() -> bool {
    let found = std::process::Command::new("python3").arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: there is no python3");
    }
    found
}

fn ids(played: &Played, grade: Grade) -> Vec<String> {
    played.findings.iter().filter(|r| r.found.finding.grade == grade).map(|r| r.id.clone()).collect()
}

const BUY: &str = "POST http://localhost:7000/buy\nContent-Type: application/json\n\n{\"what\": \"lamp\"}\n";

fn shop(routes: &str) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let settings = system(&[("shop", 7000, routes), ("payments", 7001, r#"{"POST /charge":{},"POST /refund":{}}"#)]);
    try_out(&folder, settings, BUY, 1)
}

#[test]
fn a_lost_reply_shows_a_retry_without_a_key() {
    if !has_python() {
        return;
    }
    let report = shop(r#"{"POST /buy":{"calls":[["POST","http://payments:7001/charge"]],"attempts":3,"timeout":0.5}}"#);
    let played = &report.scenarios[0];
    assert_eq!(report.verdict, Verdict::Failed, "{played:#?}");
    assert_eq!(ids(played, Grade::Fails), ["unsafe-retry/shop → payments POST /charge"]);
    let found = &played.findings[0].found;
    assert!(found.steady() && found.tried == 3, "{found:#?}");
    assert!(found.story[1].contains("the reply is lost"), "{:#?}", found.story);
    assert!(found.diagram.contains("payments--xshop: 200 reply lost"), "{}", found.diagram);
}

#[test]
fn a_retry_with_a_key_passes() {
    if !has_python() {
        return;
    }
    let report = shop(
        r#"{"POST /buy":{"calls":[["POST","http://payments:7001/charge"]],"attempts":3,"timeout":0.5,"key":true}}"#,
    );
    let played = &report.scenarios[0];
    assert_eq!((report.verdict, ids(played, Grade::Fails)), (Verdict::Passed, Vec::new()), "{played:#?}");
    assert_eq!(played.tried, played.planned);
    assert!(played.criticality.iter().any(|c| c.down.starts_with("shop → payments")), "{played:#?}");
}

#[test]
fn an_exception_that_becomes_the_answer_is_a_finding() {
    if !has_python() {
        return;
    }
    let report =
        shop(r#"{"POST /buy":{"calls":[["POST","http://payments:7001/charge"]],"timeout":0.5,"strict":true}}"#);
    let fails = ids(&report.scenarios[0], Grade::Fails);
    assert!(
        fails.iter().all(|id| id.starts_with("unhandled-failure/shop POST /buy")) && !fails.is_empty(),
        "{fails:?}"
    );
}

#[test]
fn attempts_that_multiply_are_a_retry_storm() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let front = r#"{"GET /buy":{"calls":[["GET","http://middle:7001/look"]],"attempts":3,"timeout":5}}"#;
    let middle = r#"{"GET /look":{"calls":[["GET","http://back:7002/item"]],"attempts":7,"timeout":0.3,"pause":0.03}}"#;
    let settings = system(&[("front", 7000, front), ("middle", 7001, middle), ("back", 7002, r#"{"GET /item":{}}"#)]);
    let report = try_out(&folder, settings, "GET http://localhost:7000/buy\n", 1);
    let fails = ids(&report.scenarios[0], Grade::Fails);
    assert_eq!(fails, ["retry-storm/middle → back GET /item"], "{:#?}", report.scenarios[0]);
}

#[test]
fn the_outer_timeout_that_is_shorter_is_found() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let front = r#"{"POST /buy":{"calls":[["POST","http://middle:7001/order"]],"timeout":0.3}}"#;
    let middle = r#"{"POST /order":{"calls":[["POST","http://back:7002/book"]],"timeout":5}}"#;
    let settings = system(&[("front", 7000, front), ("middle", 7001, middle), ("back", 7002, r#"{"POST /book":{}}"#)]);
    let report = try_out(&folder, settings, BUY, 1);
    let fails = ids(&report.scenarios[0], Grade::Fails);
    assert_eq!(fails, ["timeout-inversion/front → middle before middle → back"], "{:#?}", report.scenarios[0]);
}

#[test]
fn a_scenario_that_fails_by_itself_proves_nothing() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let report = try_out(&folder, system(&[("shop", 7000, "{}")]), "GET http://shop:7000/nothing\n", 1);
    let played = &report.scenarios[0];
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert_eq!(played.because.as_deref(), Some("without faults, `GET /nothing` gets 404"));
}

#[test]
fn a_service_that_does_not_start_is_told_with_its_last_words() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut settings = system(&[("shop", 7000, "{}")]);
    settings.process[0].command = "echo no such luck >&2; exit 3".to_owned();
    std::fs::write(folder.path().join("buy.http"), BUY).unwrap();
    settings.scenario =
        vec![Scenario { name: "buy".to_owned(), http: Some("buy.http".to_owned()), ..Scenario::default() }];
    let order = Order {
        root: PathBuf::from(folder.path()),
        settings,
        scenarios: Vec::new(),
        budget: Duration::from_secs(10),
        faults: 1,
        replay: None,
        suspicions: Vec::new(),
    };
    let error = verify(&order, |_| {}).unwrap_err();
    let seam_stage::StageError::Start { name, why, log } = &error else { panic!("{error:?}") };
    assert!(name == "shop" && why.contains("exit status: 3") && log.contains("no such luck"), "{error:?}");
}

#[test]
fn scenarios_are_explored_side_by_side_on_copies_of_the_system() {
    if !has_python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let shop = r#"{"POST /buy":{"calls":[["POST","http://payments:7001/charge"]],"timeout":0.5},"GET /left":{}}"#;
    let mut settings = system(&[("shop", 7000, shop), ("payments", 7001, r#"{"POST /charge":{}}"#)]);
    let noted = folder.path().join("copies");
    settings.process[0].command =
        format!("echo copy ${{lane}} >> {}; {}", noted.display(), settings.process[0].command.clone());
    settings.lanes = Some(2);
    let scenario = |name: &str, http: &str| {
        std::fs::write(folder.path().join(format!("{name}.http")), http).unwrap();
        Scenario { name: name.to_owned(), http: Some(format!("{name}.http")), ..Scenario::default() }
    };
    settings.scenario = vec![scenario("buy", BUY), scenario("look", "GET http://localhost:7000/left\n")];
    let order = Order {
        root: PathBuf::from(folder.path()),
        settings,
        scenarios: Vec::new(),
        budget: Duration::from_secs(120),
        faults: 1,
        replay: None,
        suspicions: Vec::new(),
    };
    let report = verify(&order, |_| {}).unwrap();
    let names: Vec<&str> = report.scenarios.iter().map(|s| s.scenario.as_str()).collect();
    assert_eq!(names, ["buy", "look"], "in their order, whichever was through first");
    assert!(report.scenarios[0].tried > 2 && report.verdict == Verdict::Passed, "{report:#?}");
    let copies = std::fs::read_to_string(noted).unwrap();
    assert!(copies.contains("copy 1") && copies.contains("copy 2"), "{copies}");
}
