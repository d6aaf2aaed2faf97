//! Decoders and everything behind them on hostile input: bounded, reported, never a crash.

use proptest::prelude::*;
use seam_signals::mapping::Mapping;
use seam_signals::{Forest, History, Profile, Telemetry, Window, deviations, levels, read, sightings};

/// Reads bytes as a file, then does everything that a diagnosis does with them.
fn survive(bytes: &[u8], path: &str) -> Telemetry {
    let mut telemetry = Telemetry::default();
    read(bytes, path, &Mapping::default(), &mut telemetry);
    telemetry.settle();
    let forest = Forest::of(&telemetry);
    let all = Window { from: i64::MIN, to: i64::MAX };
    let profile = Profile::of(&telemetry, &forest, all);
    let mut history = History::default();
    history.add(&profile);
    history.add(&Profile::of(&telemetry, &forest, Window { from: 0, to: 1 << 60 }));
    let found = deviations(&profile, &history);
    sightings(&telemetry, &forest, all, &found);
    levels(&telemetry, all, &[all, Window { from: 0, to: 0 }]);
    assert!(found.list.iter().all(|d| (0.0..=1.0).contains(&d.effect) && d.surprise.is_finite()));
    telemetry
}

/// Cells that break things: no numbers, huge numbers, times out of every range, quotes, bytes that are no text.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("NaN".to_owned()),
        Just("inf".to_owned()),
        Just("-inf".to_owned()),
        Just("9223372036854775807".to_owned()),
        Just("-9223372036854775808".to_owned()),
        Just("1e308".to_owned()),
        Just(String::new()),
        Just("\"".to_owned()),
        Just("\"a\nb\"".to_owned()),
        Just("root".to_owned()),
        Just("{\"log\":\"x".to_owned()),
        Just("{\"message\":{\"a\":[[[[1]]]]},\"ts\":1e999}".to_owned()),
        "[0-9]{1,20}",
        "[0-9a-f]{16}",
        "[a-z#:. ]{0,12}",
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for path in ["a_trace.csv", "cart.log", "x.jsonl"] {
            survive(&bytes, path);
        }
    }

    #[test]
    fn tables_with_broken_cells_are_survived(rows in prop::collection::vec(prop::collection::vec(cell(), 0..9), 0..24)) {
        for head in [
            "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration",
            "trace_id,span_id,parent_id,service,name,start,duration_ms,kind,status",
            "Timestamp,TimeUnixNano,Node,PodName,Container,TraceID,SpanID,Log",
            "timestamp,service,metric,value",
            "time,cpu_usage(%),LatencyP95(s),requests",
            "microservice,a,b\nmetric,latency,requests\nstatistic,Average,Sum\nunix_timestamp,,",
            ",a,b,c",
        ] {
            let body: String = rows.iter().map(|r| r.join(",") + "\n").collect();
            survive(format!("{head}\n{body}").as_bytes(), "cart_metric.csv");
        }
    }

    #[test]
    fn lines_of_any_kind_are_survived(lines in prop::collection::vec(any::<String>(), 0..20)) {
        let text = format!("2024-05-01T10:00:00Z INFO start\n{}", lines.join("\n"));
        let telemetry = survive(text.as_bytes(), "logs/cart.log");
        prop_assert!(!telemetry.logs.rows().is_empty());
    }
}

fn spans(rows: impl Iterator<Item = String>) -> String {
    let head = "trace_id,span_id,parent_id,service,name,start_ns,end_ns\n";
    head.to_owned() + &rows.collect::<String>()
}

#[test]
fn order_and_repetition_of_rows_change_nothing() {
    let rows: Vec<String> = (1..200u64)
        .map(|i| {
            format!(
                "{:032x},{:016x},{},cart,op{},{},{}\n",
                i / 5 + 1,
                i,
                if i % 5 == 0 { "root".into() } else { format!("{:016x}", i / 5 * 5) },
                i % 3,
                1_700_000_000_000_000_000 + i * 1000,
                1_700_000_000_000_500_000 + i * 1000
            )
        })
        .collect();
    let counts = |text: String| {
        let mut telemetry = Telemetry::default();
        read(text.as_bytes(), "a.csv", &Mapping::default(), &mut telemetry);
        let forest = Forest::of(&telemetry);
        let profile = Profile::of(&telemetry, &forest, Window { from: i64::MIN, to: i64::MAX });
        let mut shown: Vec<String> = profile
            .tallies
            .values()
            .map(|t| format!("{} {:?}", t.n, t.outcomes.values().collect::<Vec<_>>()))
            .collect();
        shown.sort();
        (profile.spans, shown)
    };
    let plain = counts(spans(rows.iter().cloned()));
    let twice = counts(spans(rows.iter().rev().cloned().chain(rows.iter().cloned())));
    assert_eq!(plain.0, 199);
    assert_eq!(plain, twice);
}

#[test]
fn a_thousand_operations_a_second_are_bounded_and_said() {
    let many = 300_000u64;
    let text = spans(
        (1..=many)
            .map(|i| format!("{i:032x},{i:016x},,cart,GET /orders/{i},1700000000000000000,1700000000000001000\n")),
    );
    let mut telemetry = Telemetry::default();
    read(text.as_bytes(), "a.csv", &Mapping::default(), &mut telemetry);
    assert_eq!(telemetry.spans.len() as u64, many);
    assert!(telemetry.names.len() <= seam_signals::Names::MOST);
    assert!(telemetry.names.refused() > 0, "what did not fit is counted");
}

#[test]
fn clocks_that_differ_by_hours_leave_durations_as_they_are() {
    let hour = 3_600_000_000_000u64;
    let text = format!(
        "{}{}{}",
        spans(std::iter::empty()),
        "00000000000000000000000000000001,0000000000000001,,shop,GET /,1700000000000000000,1700000000100000000\n",
        format_args!(
            "00000000000000000000000000000001,0000000000000002,0000000000000001,cart,GET /cart,{},{}\n",
            1_700_000_000_000_000_000 - hour,
            1_700_000_000_040_000_000 - hour
        )
    );
    let mut telemetry = Telemetry::default();
    read(text.as_bytes(), "a.csv", &Mapping::default(), &mut telemetry);
    let forest = Forest::of(&telemetry);
    assert_eq!(forest.flaws.skewed, 1);
    let profile = Profile::of(&telemetry, &forest, Window { from: i64::MIN, to: i64::MAX });
    let between = profile.tallies.iter().find(|(c, _)| matches!(c, seam_signals::Context::Between(..))).unwrap();
    // 100 ms at the caller, 40 ms at the callee: 60 ms between them, whatever their clocks say.
    assert!((between.1.times.quantile(0.5) - 60_000_000).abs() < 4_000_000);
}
