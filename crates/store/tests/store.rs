//! What is put into a store is found again, whatever happens in between.

#![expect(clippy::disallowed_methods, reason = "it breaks files")]

use seam_signals::otlp::{self, Signal};
use seam_signals::{
    Attribute, Log, Name, Resource, SeriesKey, Severity, Span, SpanId, SpanKind, Statistic, Status, Telemetry,
    Temporality, TraceId,
};
use seam_store::{Busy, Encoding, Intake, Limits, Store};
use std::path::Path;
use std::time::Duration;

const START: i64 = 1_714_557_600_000_000_000;
const SECOND: i64 = 1_000_000_000;

/// `count` spans from `first` on, one a second, five a trace, from service to service.
fn spans(first: u64, count: u64) -> Vec<u8> {
    let mut t = Telemetry::default();
    for i in first..first + count {
        let service = t.names.intern(["cart", "orders"][(i % 2) as usize]);
        let resource = t.resource(Resource { service, ..Resource::default() });
        let operation = t.names.intern("GET /");
        let method = t.names.intern("GET");
        t.spans.push(Span {
            trace: TraceId(u128::from(i / 5 + 1) << 64 | u128::from(i / 5 + 1)),
            id: SpanId(i + 1),
            parent: SpanId(if i % 5 == 0 { 0 } else { i }),
            resource,
            operation,
            kind: SpanKind::Server,
            status: if i % 10 == 0 { Status::Error } else { Status::Unset },
            start: START + i as i64 * SECOND,
            end: START + i as i64 * SECOND + 5_000_000,
        });
        if i % 3 == 0 {
            t.spans.attribute(Attribute::HttpMethod, method);
            t.spans.link(TraceId(77), SpanId(i + 1));
        }
    }
    otlp::write(&t, 0..count as u32)
}

fn limits() -> Limits {
    Limits { records: 100, shards: 1, backlog: 100, ..Limits::default() }
}

fn put(intake: &Intake, message: &[u8]) {
    intake.accept(Signal::Traces, Encoding::Protobuf, message, Duration::ZERO).unwrap();
}

fn everything(folder: &Path) -> Vec<String> {
    let asked = Store::open(folder).unwrap().window(i64::MIN, i64::MAX, usize::MAX).unwrap();
    assert!(asked.problems.is_empty(), "{:?}", asked.problems);
    let t = asked.telemetry;
    let mut rows: Vec<String> = t
        .spans
        .rows()
        .map(|(row, s)| {
            let attributes: Vec<_> =
                t.spans.attributes(row).map(|(k, v)| format!("{}={}", k.key(), t.text(v))).collect();
            format!(
                "{:06} {} {} {} {:?} {:?} {} {} {:?} {:?}",
                s.id.0,
                s.trace,
                s.parent,
                t.text(t.service(s.resource)),
                s.kind,
                s.status,
                s.start,
                s.duration(),
                attributes,
                t.spans.links(row).iter().map(|l| l.span.0).collect::<Vec<_>>()
            )
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn what_was_accepted_is_found_in_journals_and_in_segments_alike() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let small = Intake::open(one.path(), limits()).unwrap();
    let large = Intake::open(two.path(), Limits { records: 1 << 20, ..limits() }).unwrap();
    for first in (0..500).step_by(50) {
        put(&small, &spans(first, 50));
        put(&large, &spans(first, 50));
    }
    let journalled = everything(two.path());
    assert_eq!(journalled.len(), 500);
    assert!(Store::open(two.path()).unwrap().segments().unwrap().is_empty());
    small.close().unwrap();
    assert_eq!(Store::open(one.path()).unwrap().segments().unwrap().len(), 5);
    assert_eq!(everything(one.path()), journalled);
}

#[test]
fn a_process_that_is_killed_loses_nothing_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let intake = Intake::open(folder.path(), limits()).unwrap();
    for first in (0..250).step_by(50) {
        put(&intake, &spans(first, 50));
    }
    while intake.waiting() > 0 {
        std::thread::yield_now();
    }
    let before = everything(folder.path());
    assert_eq!(before.len(), 250);
    // Killed: the journal is there and its last frame is torn; one journal was not removed after its segment was written.
    let journal = std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.path());
    let journal = journal.filter(|p| p.file_name().unwrap().to_string_lossy().starts_with("journal")).max().unwrap();
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap().flatten() {
        let to = copy.path().join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&to).unwrap();
            for file in std::fs::read_dir(entry.path()).unwrap().flatten() {
                std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
            }
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
    let journal = copy.path().join(journal.file_name().unwrap());
    let mut torn = std::fs::read(&journal).unwrap();
    torn.extend([200, 0, 0, 0, 1, 2, 3, 4, 0, 9, 9]);
    std::fs::write(&journal, torn).unwrap();
    std::fs::copy(&journal, copy.path().join("journal-000000000001")).unwrap();
    std::fs::create_dir(copy.path().join(".segment-000000000009-000000000009-1-2")).unwrap();
    assert_eq!(everything(copy.path()), before, "a reader sees the same at once");
    let again = Intake::open(copy.path(), limits()).unwrap();
    assert_eq!(everything(copy.path()), before);
    put(&again, &spans(250, 50));
    again.close().unwrap();
    assert_eq!(everything(copy.path()).len(), 300);
}

#[test]
fn a_window_takes_its_seconds_and_whole_traces_when_there_are_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let intake = Intake::open(folder.path(), limits()).unwrap();
    for first in (0..1000).step_by(50) {
        put(&intake, &spans(first, 50));
    }
    intake.close().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let asked = store.window(START + 100 * SECOND, START + 200 * SECOND, usize::MAX).unwrap();
    assert_eq!(asked.telemetry.spans.len(), 100);
    let asked = store.window(i64::MIN, i64::MAX, 250).unwrap();
    assert_eq!((asked.one_of, asked.problems.len()), (4, 1));
    let count = asked.telemetry.spans.len();
    assert!((100..400).contains(&count) && count.is_multiple_of(5), "{count} spans of whole traces");
}

#[test]
fn a_clock_that_is_wrong_by_years_does_not_move_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let intake = Intake::open(folder.path(), limits()).unwrap();
    for first in [0, 100, 200, 5_000_000_000, 300] {
        put(&intake, &spans(first, 100));
    }
    intake.close().unwrap();
    let start = START / SECOND;
    assert_eq!(Store::open(folder.path()).unwrap().reach().unwrap(), Some((start, start + 399)));
    assert_eq!(everything(folder.path()).len(), 500);
}

#[test]
fn counts_of_minutes_know_callers_errors_and_durations() {
    let folder = tempfile::tempdir().unwrap();
    let intake = Intake::open(folder.path(), limits()).unwrap();
    for first in (0..120).step_by(10) {
        put(&intake, &spans(first, 10));
    }
    let (rollups, problems) = Store::open(folder.path()).unwrap().rollups(START, START + 60 * SECOND).unwrap();
    assert!(problems.is_empty());
    assert_eq!(rollups.values().map(|r| r.count).sum::<u64>(), 60);
    assert_eq!(rollups.values().map(|r| r.errors).sum::<u64>(), 6);
    let called = rollups.iter().filter(|(k, _)| k.caller == "cart" && k.service == "orders");
    assert!(called.map(|(_, r)| r.count).sum::<u64>() > 0);
    let p50 = rollups.values().next().and_then(|r| r.durations.quantile(0.5)).unwrap();
    assert!((p50 / 5e6 - 1.0).abs() < 0.02, "{p50}");
}

#[test]
fn lines_and_points_are_kept_too() {
    let folder = tempfile::tempdir().unwrap();
    let intake = Intake::open(folder.path(), limits()).unwrap();
    let logs = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},"scopeLogs":[{"scope":{"name":"app.Cart"},"logRecords":[{"timeUnixNano":"1714557600300000000","severityNumber":17,"body":{"stringValue":"no stock for 17"}},{"timeUnixNano":"1714557600400000000","severityNumber":17,"body":{"stringValue":"no stock for 18"}}]}]}]}"#;
    let metrics = r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},"scopeMetrics":[{"metrics":[{"name":"queue","unit":"1","gauge":{"dataPoints":[{"timeUnixNano":"1714557600000000000","asDouble":3.5,"attributes":[{"key":"a","value":{"stringValue":"b"}}]}]}}]}]}]}"#;
    intake.accept(Signal::Logs, Encoding::Json, logs.as_bytes(), Duration::ZERO).unwrap();
    intake.accept(Signal::Metrics, Encoding::Json, metrics.as_bytes(), Duration::ZERO).unwrap();
    intake.close().unwrap();
    let t = Store::open(folder.path()).unwrap().window(i64::MIN, i64::MAX, 10).unwrap().telemetry;
    let Log { severity, event, .. } = t.logs.rows()[1];
    let event = t.logs.get(event).unwrap();
    assert_eq!((severity, event.count, t.text(event.logger)), (Severity::Error, 2, "app.Cart"));
    let series = &t.metrics.series()[0];
    assert_eq!((t.text(series.key.metric), t.text(series.unit), t.text(series.key.labels)), ("queue", "1", "a=b"));
    assert_eq!(series.key, SeriesKey { statistic: Statistic::Value, temporality: Temporality::Level, ..series.key });
    assert_eq!(series.value, [3.5]);
    assert_eq!(t.get(t.logs.rows()[0].resource).host, Name::NONE);
}

#[test]
fn refuses_before_it_takes_more_than_it_can_write() {
    let folder = tempfile::tempdir().unwrap();
    let intake = Intake::open(folder.path(), Limits { backlog: 0, ..limits() }).unwrap();
    let refused = intake.accept(Signal::Traces, Encoding::Protobuf, &spans(0, 10), Duration::ZERO);
    assert!(matches!(refused, Err(Busy::Behind)));
    assert!(everything(folder.path()).is_empty());
    assert!(Intake::open(folder.path(), limits()).is_err(), "one writer a store");
}

#[test]
fn small_segments_are_merged_and_old_ones_removed() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { keep_for: Duration::from_secs(500), records: 1000, age: Duration::ZERO, ..limits() };
    let intake = Intake::open(folder.path(), limits).unwrap();
    for first in (0..1200).step_by(100) {
        put(&intake, &spans(first, 100));
        intake.tick(Duration::from_secs(1)).unwrap();
    }
    while intake.waiting() > 0 {
        std::thread::yield_now();
    }
    let before = everything(folder.path());
    let store = Store::open(folder.path()).unwrap();
    assert_eq!((before.len(), store.segments().unwrap().len()), (1200, 12));
    let start = Duration::from_nanos(START as u64);
    intake.tidy(start + Duration::from_secs(400)).unwrap();
    assert_eq!(everything(folder.path()), before);
    let merged = store.segments().unwrap().len();
    assert_eq!(merged, 3, "ten of a hundred records become one of a thousand");
    intake.tidy(start + Duration::from_secs(5000)).unwrap();
    assert!(everything(folder.path()).is_empty());
    intake.close().unwrap();
}

#[test]
fn a_broken_segment_is_a_problem_beside_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let intake = Intake::open(folder.path(), limits()).unwrap();
    for first in (0..300).step_by(100) {
        put(&intake, &spans(first, 100));
    }
    intake.close().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let table = folder.path().join(Path::new(&segment_folder(folder.path()))).join("spans.parquet");
    let whole = std::fs::read(&table).unwrap();
    for at in (4..whole.len()).step_by(whole.len() / 200) {
        let mut broken = whole.clone();
        broken[at] ^= 0xff;
        std::fs::write(&table, &broken).unwrap();
        let asked = store.window(i64::MIN, i64::MAX, usize::MAX).unwrap();
        assert!(asked.telemetry.spans.len() >= 200, "byte {at}");
        std::fs::write(&table, &whole[..at]).unwrap();
        let asked = store.window(i64::MIN, i64::MAX, usize::MAX).unwrap();
        assert_eq!((asked.telemetry.spans.len(), asked.problems.len()), (200, 1));
    }
}

fn segment_folder(folder: &Path) -> String {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|n| n.starts_with("segment-"));
    names.sort();
    names.remove(0)
}
