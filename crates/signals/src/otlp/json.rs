//! OTLP as JSON: requests, and lines of a collector's file exporter.
//!
//! Invariant: names in `camelCase` (as the protocol says) and in `snake_case` (as some writers write), enumerations as numbers
//! and as names, 64-bit numbers as strings and as numbers, identifiers in hexadecimal (and in Base64, as generic protobuf
//! writers have it) all mean the same. Unknown fields are passed over.

use super::lines::Record;
use super::points::{Histogram, bounds};
use super::{At, Decoded, Draft, Sink};
use crate::leaf::{Leaf, List};
use crate::value::Any;
use crate::who::Who;
use crate::{Name, ResourceId, Severity, SpanId, SpanKind, Statistic, Status, Telemetry, Temporality, TraceId};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow, alias = "resource_spans")]
    resource_spans: List<Group<'a>>,
    #[serde(borrow, alias = "resource_logs")]
    resource_logs: List<Group<'a>>,
    #[serde(borrow, alias = "resource_metrics")]
    resource_metrics: List<Group<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Group<'a> {
    #[serde(borrow)]
    resource: Option<Speaker<'a>>,
    #[serde(
        borrow,
        alias = "scope_spans",
        alias = "instrumentationLibrarySpans",
        alias = "instrumentation_library_spans"
    )]
    scope_spans: List<SpanScope<'a>>,
    #[serde(borrow, alias = "scope_logs", alias = "instrumentationLibraryLogs")]
    scope_logs: List<LogScope<'a>>,
    #[serde(borrow, alias = "scope_metrics", alias = "instrumentationLibraryMetrics")]
    scope_metrics: List<MetricScope<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Speaker<'a> {
    #[serde(borrow)]
    attributes: List<Pair<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pair<'a> {
    #[serde(borrow)]
    key: Leaf<'a>,
    #[serde(borrow)]
    value: Option<Box<Value<'a>>>,
}

impl Pair<'_> {
    fn any(&self) -> Any<'_> {
        let Some(value) = &self.value else { return Any::None };
        if let Any::Text(text) = &value.string.0 {
            return Any::Text(text.as_ref().into());
        }
        if let Some(number) = value.int.signed() {
            return Any::Int(number);
        }
        if let Some(number) = value.double.double() {
            return Any::Double(number);
        }
        match value.bool.0 {
            Any::Bool(value) => Any::Bool(value),
            _ => Any::None,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Value<'a> {
    #[serde(borrow, rename = "stringValue", alias = "string_value")]
    string: Leaf<'a>,
    #[serde(borrow, rename = "intValue", alias = "int_value")]
    int: Leaf<'a>,
    #[serde(borrow, rename = "doubleValue", alias = "double_value")]
    double: Leaf<'a>,
    #[serde(borrow, rename = "boolValue", alias = "bool_value")]
    bool: Leaf<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SpanScope<'a> {
    #[serde(borrow)]
    spans: List<OneSpan<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OneSpan<'a> {
    #[serde(borrow, alias = "trace_id")]
    trace_id: Leaf<'a>,
    #[serde(borrow, alias = "span_id")]
    span_id: Leaf<'a>,
    #[serde(borrow, alias = "parent_span_id")]
    parent_span_id: Leaf<'a>,
    #[serde(borrow)]
    name: Leaf<'a>,
    #[serde(borrow)]
    kind: Leaf<'a>,
    #[serde(borrow, alias = "start_time_unix_nano")]
    start_time_unix_nano: Leaf<'a>,
    #[serde(borrow, alias = "end_time_unix_nano")]
    end_time_unix_nano: Leaf<'a>,
    #[serde(borrow)]
    attributes: List<Pair<'a>>,
    #[serde(borrow)]
    events: List<Happened<'a>>,
    #[serde(borrow)]
    links: List<OneLink<'a>>,
    #[serde(borrow)]
    status: Option<Ended<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ended<'a> {
    #[serde(borrow)]
    code: Leaf<'a>,
    #[serde(borrow)]
    message: Leaf<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Happened<'a> {
    #[serde(borrow, rename = "timeUnixNano", alias = "time_unix_nano")]
    time: Leaf<'a>,
    #[serde(borrow)]
    name: Leaf<'a>,
    #[serde(borrow)]
    attributes: List<Pair<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OneLink<'a> {
    #[serde(borrow, alias = "trace_id")]
    trace_id: Leaf<'a>,
    #[serde(borrow, alias = "span_id")]
    span_id: Leaf<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct LogScope<'a> {
    #[serde(borrow)]
    scope: Option<Library<'a>>,
    #[serde(borrow, alias = "log_records", alias = "logs")]
    log_records: List<OneLine<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Library<'a> {
    #[serde(borrow)]
    name: Leaf<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OneLine<'a> {
    #[serde(borrow, alias = "time_unix_nano")]
    time_unix_nano: Leaf<'a>,
    #[serde(borrow, alias = "observed_time_unix_nano")]
    observed_time_unix_nano: Leaf<'a>,
    #[serde(borrow, alias = "severity_number")]
    severity_number: Leaf<'a>,
    #[serde(borrow, alias = "severity_text")]
    severity_text: Leaf<'a>,
    #[serde(borrow)]
    body: Option<Box<Value<'a>>>,
    #[serde(borrow)]
    attributes: List<Pair<'a>>,
    #[serde(borrow, alias = "trace_id")]
    trace_id: Leaf<'a>,
    #[serde(borrow, alias = "span_id")]
    span_id: Leaf<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MetricScope<'a> {
    #[serde(borrow)]
    metrics: List<Metric<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metric<'a> {
    #[serde(borrow)]
    name: Leaf<'a>,
    #[serde(borrow)]
    unit: Leaf<'a>,
    #[serde(borrow)]
    gauge: Option<Data<'a>>,
    #[serde(borrow)]
    sum: Option<Data<'a>>,
    #[serde(borrow)]
    histogram: Option<Data<'a>>,
    #[serde(borrow, alias = "exponential_histogram")]
    exponential_histogram: Option<Data<'a>>,
    #[serde(borrow)]
    summary: Option<Data<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Data<'a> {
    #[serde(borrow, alias = "data_points")]
    data_points: List<Point<'a>>,
    #[serde(borrow, alias = "aggregation_temporality")]
    aggregation_temporality: Leaf<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Point<'a> {
    #[serde(borrow)]
    attributes: List<Pair<'a>>,
    #[serde(borrow, alias = "time_unix_nano")]
    time_unix_nano: Leaf<'a>,
    #[serde(borrow, alias = "as_double")]
    as_double: Leaf<'a>,
    #[serde(borrow, alias = "as_int")]
    as_int: Leaf<'a>,
    #[serde(borrow)]
    count: Leaf<'a>,
    #[serde(borrow)]
    sum: Leaf<'a>,
    #[serde(borrow)]
    min: Leaf<'a>,
    #[serde(borrow)]
    max: Leaf<'a>,
    #[serde(borrow, alias = "bucket_counts")]
    bucket_counts: List<Leaf<'a>>,
    #[serde(borrow, alias = "explicit_bounds")]
    explicit_bounds: List<Leaf<'a>>,
    #[serde(borrow)]
    scale: Leaf<'a>,
    #[serde(borrow, alias = "zero_count")]
    zero_count: Leaf<'a>,
    #[serde(borrow)]
    positive: Option<Buckets<'a>>,
    #[serde(borrow, alias = "quantile_values")]
    quantile_values: List<AtQuantile<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Buckets<'a> {
    #[serde(borrow)]
    offset: Leaf<'a>,
    #[serde(borrow, alias = "bucket_counts")]
    bucket_counts: List<Leaf<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AtQuantile<'a> {
    #[serde(borrow)]
    quantile: Leaf<'a>,
    #[serde(borrow)]
    value: Leaf<'a>,
}

/// Reads a request, or documents one after another (a line each, as collectors write them). A broken line costs itself.
pub fn json(bytes: &[u8], into: &mut Telemetry) -> Decoded {
    let mut sink = Sink::new(into);
    let text = String::from_utf8_lossy(bytes);
    // The usual cases first: one document, or one a line.
    let mut stream = serde_json::Deserializer::from_str(&text).into_iter::<Document<'_>>();
    let mut documents = 0u64;
    let mut broken = false;
    for document in stream.by_ref() {
        let Ok(document) = document else {
            broken = true;
            break;
        };
        documents += 1;
        sink.document(&document);
    }
    if broken {
        // From the line behind the broken one on, each for itself.
        let from = stream.byte_offset().min(text.len());
        for line in text.get(from..).unwrap_or("").trim_start().lines().skip(1).filter(|l| !l.trim().is_empty()) {
            match serde_json::from_str::<Document<'_>>(line) {
                Ok(document) => sink.document(&document),
                Err(_) => sink.decoded.losses.add("document", "it is no JSON of OTLP"),
            }
        }
    }
    sink.decoded.broken |= broken || documents == 0;
    sink.decoded
}

impl Sink<'_> {
    fn document(&mut self, document: &Document<'_>) {
        let groups = [&document.resource_spans, &document.resource_logs, &document.resource_metrics];
        for group in groups.into_iter().flat_map(|g| &g.0) {
            let mut who = Who::default();
            for pair in group.resource.iter().flat_map(|r| &r.attributes.0) {
                who.add(pair.key.str(), &pair.any());
            }
            let resource = who.resource("", self.into);
            for span in group.scope_spans.0.iter().flat_map(|s| &s.spans.0) {
                self.json_span(resource, span);
            }
            for scope in &group.scope_logs.0 {
                let logger = scope.scope.as_ref().map_or("", |s| s.name.str());
                for line in &scope.log_records.0 {
                    self.json_line(resource, logger, line);
                }
            }
            for metric in group.scope_metrics.0.iter().flat_map(|s| &s.metrics.0) {
                self.json_metric(resource, metric);
            }
        }
    }

    fn json_span(&mut self, resource: ResourceId, span: &OneSpan<'_>) {
        let draft = Draft {
            trace: TraceId(number(span.trace_id.str(), 32)),
            id: SpanId(number(span.span_id.str(), 16) as u64),
            parent: SpanId(number(span.parent_span_id.str(), 16) as u64),
            kind: kind(&span.kind),
            status: span.status.as_ref().map_or(Status::Unset, |s| status(&s.code)),
            start: span.start_time_unix_nano.unsigned(),
            end: span.end_time_unix_nano.unsigned(),
        };
        if !self.span(resource, span.name.str(), draft) {
            return;
        }
        for pair in &span.attributes.0 {
            self.attribute(pair.key.str(), &pair.any());
        }
        for event in &span.events.0 {
            let pairs: Vec<_> = event.attributes.0.iter().map(|p| (p.key.str(), p.any())).collect();
            self.event(draft, resource, event.time.unsigned(), event.name.str(), &pairs);
        }
        for link in &span.links.0 {
            let trace = TraceId(number(link.trace_id.str(), 32));
            if !trace.is_none() {
                self.into.spans.link(trace, SpanId(number(link.span_id.str(), 16) as u64));
            }
        }
        if let Some(said) = span.status.as_ref().map(|s| s.message.str()).filter(|m| !m.is_empty()) {
            self.attribute("otel.status_description", &Any::Text(said.into()));
        }
    }

    fn json_line(&mut self, resource: ResourceId, logger: &str, line: &OneLine<'_>) {
        let mut record = Record { logger: logger.to_owned(), ..Record::default() };
        record.time = line.time_unix_nano.unsigned();
        record.observed = line.observed_time_unix_nano.unsigned();
        record.severity = match line.severity_number.signed() {
            Some(number) => Severity::of_number(number),
            // `SEVERITY_NUMBER_ERROR2`
            None => {
                let word = line.severity_number.str().trim_start_matches("SEVERITY_NUMBER_");
                Severity::of_word(word.trim_end_matches(|c: char| c.is_ascii_digit())).unwrap_or_default()
            }
        };
        if record.severity == Severity::Unspecified {
            record.severity = Severity::of_word(line.severity_text.str()).unwrap_or_default();
        }
        record.body = line.body.as_ref().map_or(String::new(), |b| b.string.said().into_owned());
        record.trace = TraceId(number(line.trace_id.str(), 32));
        record.span = SpanId(number(line.span_id.str(), 16) as u64);
        for pair in &line.attributes.0 {
            record.attribute(pair.key.str(), &pair.any());
        }
        self.line(resource, record);
    }

    fn json_metric(&mut self, resource: ResourceId, metric: &Metric<'_>) {
        if metric.name.str().is_empty() {
            return self.decoded.losses.add("point", "its metric has no name");
        }
        let name = self.into.names.intern(metric.name.str());
        let unit = self.into.names.intern(metric.unit.str());
        let base = At { resource, metric: name, unit, labels: Name::NONE, time: 0 };
        let kinds = [&metric.gauge, &metric.sum, &metric.histogram, &metric.exponential_histogram, &metric.summary];
        for (kind, data) in kinds.into_iter().enumerate() {
            let Some(data) = data else { continue };
            let counts = if kind == 0 { Temporality::Level } else { temporality(&data.aggregation_temporality) };
            for point in &data.data_points.0 {
                let mut pairs: Vec<_> = point.attributes.0.iter().map(|p| (p.key.str(), p.any())).collect();
                let at = At { labels: self.labels(&mut pairs), time: point.time_unix_nano.unsigned(), ..base };
                let number = point.as_double.double().or(point.as_int.signed().map(|n| n as f64)).unwrap_or(f64::NAN);
                match kind {
                    0 => self.point(&at, Statistic::Value, counts, number),
                    1 => self.point(&at, Statistic::Sum, counts, number),
                    2 | 3 => self.histogram(at, counts, &histogram(point)),
                    _ => {
                        self.histogram(at, Temporality::Cumulative, &histogram(point));
                        for value in &point.quantile_values.0 {
                            let read = value.value.double().unwrap_or(f64::NAN);
                            self.quantile(&at, value.quantile.double().unwrap_or(f64::NAN), read);
                        }
                    }
                }
            }
        }
    }
}

fn histogram(point: &Point<'_>) -> Histogram {
    let mut out = Histogram {
        count: point.count.unsigned(),
        sum: point.sum.double(),
        min: point.min.double(),
        max: point.max.double(),
        bounds: point.explicit_bounds.0.iter().filter_map(Leaf::double).collect(),
        buckets: point.bucket_counts.0.iter().map(Leaf::unsigned).collect(),
    };
    if let Some(positive) = &point.positive {
        let counts = positive.bucket_counts.0.iter().map(Leaf::unsigned).collect();
        let (scale, offset) = (point.scale.signed().unwrap_or(0), positive.offset.signed().unwrap_or(0));
        bounds(scale, point.zero_count.unsigned(), offset, counts, &mut out);
    }
    out
}

pub(super) fn kind(leaf: &Leaf<'_>) -> SpanKind {
    match leaf.str().trim_start_matches("SPAN_KIND_") {
        "INTERNAL" | "Internal" => SpanKind::Internal,
        "SERVER" | "Server" => SpanKind::Server,
        "CLIENT" | "Client" => SpanKind::Client,
        "PRODUCER" | "Producer" => SpanKind::Producer,
        "CONSUMER" | "Consumer" => SpanKind::Consumer,
        _ => super::kind(leaf.unsigned()),
    }
}

pub(super) fn status(leaf: &Leaf<'_>) -> Status {
    match leaf.str().trim_start_matches("STATUS_CODE_") {
        "OK" | "Ok" => Status::Ok,
        "ERROR" | "Error" => Status::Error,
        _ => super::status(leaf.unsigned()),
    }
}

pub(super) fn temporality(leaf: &Leaf<'_>) -> Temporality {
    match leaf.str().trim_start_matches("AGGREGATION_TEMPORALITY_") {
        "DELTA" | "Delta" => Temporality::Delta,
        "CUMULATIVE" | "Cumulative" => Temporality::Cumulative,
        _ => super::temporality(leaf.unsigned()),
    }
}

/// An identifier of so many hexadecimal digits, or the same bytes in Base64. Anything else is none.
pub(super) fn number(text: &str, digits: usize) -> u128 {
    if text.len() == digits {
        return u128::from_str_radix(text, 16).unwrap_or(0);
    }
    let base64 = (digits / 2).div_ceil(3) * 4;
    if text.len() != base64 || text.starts_with('+') {
        return 0;
    }
    let mut bits = 0u128;
    let plain = text.trim_end_matches('=');
    let mut room = digits * 4;
    for byte in plain.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return 0,
        };
        // The last digit holds fewer bits than six.
        let take = room.min(6);
        bits = bits << take | u128::from(value >> (6 - take));
        room -= take;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_hexadecimal_or_base64() {
        assert_eq!(number("5b8efff798038103d269b633813fc60c", 32), 0x5b8e_fff7_9803_8103_d269_b633_813f_c60c);
        assert_eq!(number("W47/95gDgQPSabYzgT/GDA==", 32), 0x5b8e_fff7_9803_8103_d269_b633_813f_c60c);
        assert_eq!(number("7uGbfsPBsXM=", 16), 0xeee1_9b7e_c3c1_b173);
        assert_eq!(number("", 16), 0);
        assert_eq!(number("zz", 16), 0);
    }
}
