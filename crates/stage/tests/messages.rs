//! Messages of Redis streams, NATS and JetStream between real processes and real servers: lost, handed out again, handed out twice.

#![allow(clippy::disallowed_methods, reason = "tests start processes")]

mod stores;

use seam_stage::{Order, verify};
use seam_verify::fault::{Fault, Kind, Script};
use seam_verify::finding::Grade;
use seam_verify::replay::Replay;
use seam_verify::report::{Played, Verdict};
use seam_verify::settings::{Process, Scenario, Settings, Store};
use std::path::PathBuf;
use std::time::Duration;
use stores::skipped;

const SENT: &str = "shop by itself > broker PUBLISH /orders#1";
const GIVEN: &str = "broker by itself > mailer DELIVER /orders#1";

/// A shop and a mailer with such a broker between them, under one fault or all of them.
fn tried(broker: &str, mailer: &str, fault: Option<Fault>) -> Option<Played> {
    let server = if broker == "redis" { "redis-server" } else { "nats-server" };
    for program in [server, "python3"] {
        let path = std::env::var_os("PATH")?;
        let mut folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        if !folders.any(|f| f.join(program).is_file()) && skipped(&format!("no `{program}`")) {
            return None;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().display().to_string();
    std::fs::write(folder.path().join("buy.http"), "POST http://localhost:7000/buy\n\n{}\n").unwrap();
    let database = rusqlite::Connection::open(folder.path().join("kept.db")).unwrap();
    let tables = "CREATE TABLE counts (name TEXT PRIMARY KEY, n INTEGER); CREATE TABLE keys (key TEXT PRIMARY KEY);
        INSERT INTO counts VALUES ('mails', 0)";
    database.execute_batch(tables).unwrap();
    drop(database);
    let command = match broker {
        "redis" => "exec redis-server --bind 127.0.0.1 --port ${port} --save ''".to_owned(),
        // Debian's path of programs for the system is not everybody's.
        _ => format!("PATH=$PATH:/usr/sbin; exec nats-server -a 127.0.0.1 -p ${{port}} -js -sd {here}/jetstream"),
    };
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/messages.py");
    let role = |role: &str, options: &str| {
        format!("exec python3 {program} {role} {broker} ${{broker.host}} ${{broker.port}} {here}/kept.db '{options}'")
    };
    let process = |name: &str, command: String, port: Option<u16>| Process {
        name: name.to_owned(),
        command,
        folder: None,
        port,
        ..Process::default()
    };
    let settings = Settings {
        process: vec![
            process("broker", command, Some(7479)),
            process("shop", role("shop", r#"{"port":"7000"}"#), Some(7000)),
            process(
                "mailer",
                role("mailer", &mailer.replacen('{', r#"{"port":"7001","#, 1).replace(",}", "}")),
                Some(7001),
            ),
        ],
        store: vec![Store { name: "kept".to_owned(), address: format!("sqlite:{here}/kept.db") }],
        scenario: vec![Scenario { name: "buy".to_owned(), http: Some("buy.http".to_owned()), ..Scenario::default() }],
        ..Settings::default()
    };
    let order = Order {
        root: PathBuf::from(folder.path()),
        settings,
        scenarios: Vec::new(),
        budget: Duration::from_secs(240),
        faults: 1,
        replay: fault.map(|f| Replay::new("buy", "", "", Script::of([f]))),
        suspicions: Vec::new(),
    };
    Some(verify(&order, |_| {}).unwrap().scenarios.remove(0))
}

fn fails(played: &Played) -> Vec<&str> {
    let fails = played.findings.iter().filter(|r| r.found.finding.grade == Grade::Fails);
    fails.map(|r| r.id.split('/').next().unwrap_or_default()).collect()
}

/// What fails where the one mailer works, and that nothing does where the other one does.
fn harms_and_is_mended(broker: &str, fault: &Fault, (faulty, rule): (&str, &str), mended: &str) {
    let Some(played) = tried(broker, faulty, Some(fault.clone())) else { return };
    assert_eq!(fails(&played), [rule], "{played:#?}");
    let Some(played) = tried(broker, mended, Some(fault.clone())) else { return };
    assert_eq!((fails(&played), played.verdict), (Vec::new(), Verdict::Passed), "{played:#?}");
}

#[test]
fn a_streams_message_that_is_not_acknowledged_is_counted_once_by_who_knows_it() {
    let fault = Fault::call(GIVEN, Kind::ReplyLost);
    harms_and_is_mended("redis", &fault, (r#"{"again":true}"#, "duplicate-effect"), r#"{"again":true,"dedup":true}"#);
}

#[test]
fn a_streams_message_that_never_arrives_comes_again_to_who_asks_for_it() {
    let fault = Fault::call(GIVEN, Kind::Refuse);
    harms_and_is_mended("redis", &fault, (r#"{"dedup":true}"#, "partial-effect"), r#"{"again":true,"dedup":true}"#);
}

#[test]
fn a_message_that_is_added_without_a_word_is_added_again() {
    // The shop cannot know; whoever takes it can.
    let fault = Fault::call(SENT, Kind::ReplyLost);
    harms_and_is_mended("redis", &fault, (r#"{"again":true}"#, "duplicate-effect"), r#"{"again":true,"dedup":true}"#);
}

#[test]
fn without_jetstream_a_message_that_is_lost_stays_lost() {
    let Some(played) = tried("nats", "{}", Some(Fault::call(GIVEN, Kind::Refuse))) else { return };
    assert_eq!(fails(&played), ["partial-effect"], "{played:#?}");
}

#[test]
fn jetstream_hands_a_message_out_again() {
    let fault = Fault::call(GIVEN, Kind::ReplyLost);
    harms_and_is_mended("jetstream", &fault, ("{}", "duplicate-effect"), r#"{"dedup":true}"#);
}

#[test]
fn all_faults_of_a_stream_pass_where_the_mailer_is_careful() {
    let Some(played) = tried("redis", r#"{"again":true,"dedup":true}"#, None) else { return };
    assert_eq!(fails(&played), Vec::<&str>::new(), "{played:#?}");
    assert_eq!((played.verdict, played.tried), (Verdict::Passed, played.planned), "{played:#?}");
}
