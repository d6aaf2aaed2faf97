//! What is asked of a database that holds the tables of OpenTelemetry's exporter, as text.
//!
//! Invariant: names of tables and columns are quoted, values are numbers or quoted texts; every query is a `SELECT` whose columns
//! are named as [`seam_engine::signals::otlp::rows`] reads them, whatever type the table keeps them in.

use seam_engine::signals::otlp::Rows;
use seam_store::MIXED;
use std::collections::BTreeMap;

/// The columns of a table with their types, as `system.columns` says.
pub(super) type Columns = BTreeMap<String, String>;

/// The tables that hold each kind, from the names that the exporter gives them.
pub(super) fn tables(names: &super::Names) -> Vec<(Rows, String)> {
    let metric = |kind: &str| format!("{}_{kind}", names.metrics);
    vec![
        (Rows::Spans, names.traces.clone()),
        (Rows::Lines, names.logs.clone()),
        (Rows::Gauges, metric("gauge")),
        (Rows::Sums, metric("sum")),
        (Rows::Histograms, metric("histogram")),
        (Rows::ExponentialHistograms, metric("exponential_histogram")),
        (Rows::Summaries, metric("summary")),
    ]
}

/// A text in quotes.
pub(super) fn text(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A name in quotes.
pub(super) fn name(value: &str) -> String {
    format!("`{}`", value.replace('\\', "\\\\").replace('`', "\\`"))
}

pub(super) fn columns(database: &str) -> String {
    format!("SELECT table, name, type FROM system.columns WHERE database = {} FORMAT JSONEachRow", text(database))
}

/// Which column says when a row was.
fn when(of: Rows) -> &'static str {
    match of {
        Rows::Spans | Rows::Lines => "Timestamp",
        Rows::Gauges | Rows::Sums | Rows::Histograms | Rows::ExponentialHistograms | Rows::Summaries => "TimeUnix",
    }
}

/// An instant as nanoseconds.
fn nanoseconds(column: &str, kind: &str) -> String {
    let column = name(column);
    if kind.contains("DateTime64") {
        // Whatever precision the column has, it is asked for the finest.
        format!("toUnixTimestamp64Nano(CAST({column} AS DateTime64(9)))")
    } else if kind.contains("DateTime") {
        format!("toInt64(toUnixTimestamp({column})) * 1000000000")
    } else {
        format!("toInt64({column})")
    }
}

/// Whether a row lies in a time: said of the column itself, so that the table's order helps.
fn within(of: Rows, columns: &Columns, (from, to): (i64, i64)) -> Option<String> {
    let kind = columns.get(when(of))?;
    let column = name(when(of));
    // What a table can hold; instants before 1970 are none.
    let (from, to) = (from.max(0), to.max(0));
    Some(if kind.contains("DateTime64") {
        let at = |t: i64| format!("fromUnixTimestamp64Nano(toInt64({t}))");
        format!("{column} >= {} AND {column} < {}", at(from), at(to))
    } else if kind.contains("DateTime") {
        let second = 1_000_000_000;
        let (from, to) = (from.div_euclid(second), to.saturating_add(second - 1).div_euclid(second));
        format!("{column} >= toDateTime({from}) AND {column} < toDateTime({})", to.min(u32::MAX.into()))
    } else {
        format!("{column} >= {from} AND {column} < {to}")
    })
}

/// The first and the last instant; what lies more than an hour ahead of the database's clock comes from a wrong one.
pub(super) fn reach(table: &str, of: Rows, columns: &Columns) -> Option<String> {
    let kind = columns.get(when(of))?;
    let at = nanoseconds(when(of), kind);
    let (table, ahead) = (name(table), "(toInt64(toUnixTimestamp(now())) + 3600) * 1000000000");
    Some(format!(
        "SELECT min({at}) AS first, max({at}) AS last, count() AS rows FROM {table} WHERE {at} <= {ahead} FORMAT JSONEachRow"
    ))
}

pub(super) fn count(table: &str, of: Rows, columns: &Columns, window: (i64, i64)) -> Option<String> {
    Some(format!(
        "SELECT count() AS rows FROM {} WHERE {} FORMAT JSONEachRow",
        name(table),
        within(of, columns, window)?
    ))
}

/// One of so many traces: the same ones as in a store of one's own ([`seam_store::sampled`]).
fn sampled(one_of: u64) -> String {
    let low = "reinterpretAsUInt64(reverse(unhex(substring(TraceId, 17, 16))))";
    let mixed = format!("({low} + {})", MIXED[0]);
    let step = |value: &str, by: u32, times: u64| format!("(bitXor({value}, bitShiftRight({value}, {by})) * {times})");
    let mixed = step(&mixed, 30, MIXED[1]);
    let mixed = step(&mixed, 27, MIXED[2]);
    format!("bitXor({mixed}, bitShiftRight({mixed}, 31)) % {one_of} = 0")
}

/// A map as two lists, from a `Map` or from a `Nested`; texts are cut where no reader looks further.
fn map(column: &str, columns: &Columns, as_: &str) -> Option<[String; 2]> {
    const LONGEST: usize = 8192;
    let cut = |values: String| format!("arrayMap(v -> substring(toString(v), 1, {LONGEST}), {values})");
    let (keys, values) = if columns.contains_key(column) {
        (format!("mapKeys({})", name(column)), format!("mapValues({})", name(column)))
    } else if columns.contains_key(&format!("{column}.key")) {
        (name(&format!("{column}.key")), name(&format!("{column}.value")))
    } else {
        return None;
    };
    Some([format!("{keys} AS {as_}_keys"), format!("{} AS {as_}_values", cut(values))])
}

/// The rows of a time, as [`seam_engine::signals::otlp::rows`] reads them.
pub(super) fn rows(table: &str, of: Rows, columns: &Columns, window: (i64, i64), one_of: u64) -> Option<String> {
    let mut out = vec![format!("{} AS nanoseconds", nanoseconds(when(of), columns.get(when(of))?))];
    let plain: &[&str] = match of {
        Rows::Spans => &[
            "TraceId",
            "SpanId",
            "ParentSpanId",
            "SpanName",
            "SpanKind",
            "ServiceName",
            "Duration",
            "StatusCode",
            "StatusMessage",
            "Events.Name",
            "Links.TraceId",
            "Links.SpanId",
        ],
        Rows::Lines => &["TraceId", "SpanId", "SeverityText", "SeverityNumber", "ServiceName", "Body", "ScopeName"],
        Rows::Gauges => &["ServiceName", "MetricName", "MetricUnit", "Value"],
        Rows::Sums => &["ServiceName", "MetricName", "MetricUnit", "Value", "AggregationTemporality"],
        Rows::Histograms => &[
            "ServiceName",
            "MetricName",
            "MetricUnit",
            "Count",
            "Sum",
            "Min",
            "Max",
            "BucketCounts",
            "ExplicitBounds",
            "AggregationTemporality",
        ],
        Rows::ExponentialHistograms => &[
            "ServiceName",
            "MetricName",
            "MetricUnit",
            "Count",
            "Sum",
            "Min",
            "Max",
            "Scale",
            "ZeroCount",
            "PositiveOffset",
            "PositiveBucketCounts",
            "AggregationTemporality",
        ],
        Rows::Summaries => &[
            "ServiceName",
            "MetricName",
            "MetricUnit",
            "Count",
            "Sum",
            "ValueAtQuantiles.Quantile",
            "ValueAtQuantiles.Value",
        ],
    };
    out.extend(plain.iter().filter(|c| columns.contains_key(**c)).map(|c| name(c)));
    let attributes = match of {
        Rows::Spans => "SpanAttributes",
        Rows::Lines => "LogAttributes",
        _ => "Attributes",
    };
    out.extend(map("ResourceAttributes", columns, "resource").into_iter().flatten());
    out.extend(map(attributes, columns, "own").into_iter().flatten());
    if let Some(kind) = columns.get("Events.Timestamp").filter(|_| of == Rows::Spans) {
        let time = nanoseconds("t", kind);
        out.push(format!("arrayMap(t -> {time}, {}) AS event_nanoseconds", name("Events.Timestamp")));
        if columns.get("Events.Attributes").is_some_and(|t| t.contains("Map(")) {
            out.push("arrayMap(m -> mapKeys(m), `Events.Attributes`) AS event_keys".to_owned());
            out.push("arrayMap(m -> mapValues(m), `Events.Attributes`) AS event_values".to_owned());
        }
    }
    let mut wanted = within(of, columns, window)?;
    if one_of > 1 && of == Rows::Spans {
        wanted.push_str(&format!(" AND {}", sampled(one_of)));
    } else if one_of > 1 && of == Rows::Lines {
        // Lines outside of traces are all kept.
        wanted.push_str(&format!(" AND (TraceId = '' OR {})", sampled(one_of)));
    }
    Some(format!(
        "SELECT {} FROM {} WHERE {wanted} ORDER BY nanoseconds FORMAT JSONEachRow",
        out.join(", "),
        name(table)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(all: &[(&str, &str)]) -> Columns {
        all.iter().map(|(n, t)| ((*n).to_owned(), (*t).to_owned())).collect()
    }

    #[test]
    fn names_and_values_cannot_leave_their_quotes() {
        assert_eq!(text(r"a'b\"), r"'a\'b\\'");
        assert_eq!(name("a`b"), r"`a\`b`");
    }

    #[test]
    fn columns_are_asked_for_in_the_type_that_they_have() {
        let map = columns(&[
            ("Timestamp", "DateTime64(9)"),
            ("TraceId", "String"),
            ("SpanAttributes", "Map(LowCardinality(String), String)"),
        ]);
        let query = rows("t", Rows::Spans, &map, (1, 2), 1).unwrap();
        assert!(query.contains("mapKeys(`SpanAttributes`) AS own_keys"), "{query}");
        assert!(query.contains("`Timestamp` >= fromUnixTimestamp64Nano(toInt64(1))"), "{query}");
        let nested = columns(&[("Timestamp", "UInt64"), ("SpanAttributes.key", "Array(String)")]);
        let query = rows("t", Rows::Spans, &nested, (1, 2), 7).unwrap();
        assert!(query.contains("`SpanAttributes.key` AS own_keys") && query.contains("% 7 = 0"), "{query}");
        assert_eq!(
            rows("t", Rows::Spans, &columns(&[]), (1, 2), 1),
            None,
            "a table without time has no rows of a time"
        );
    }
}
