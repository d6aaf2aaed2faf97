//! Rows of the tables that OpenTelemetry's exporter for ClickHouse writes, as JSON, a row a line.
//!
//! Invariant: a row gives what the record would have given that it was made from, so that a store of one's own and a table answer
//! alike. Columns are called as in the tables, but for what whoever asks has to bring into one shape first: instants are numbers
//! of nanoseconds, maps two lists (`resource_keys` and `resource_values`, `own_…` of the record itself, `event_…`). Source: the collector's
//! `clickhouseexporter` 0.130, its tables; statuses and kinds also as it wrote them before 0.80.

use super::json::{kind, number, status, temporality};
use super::lines::Record;
use super::points::{Histogram, bounds};
use super::{At, Decoded, Draft, Sink};
use crate::leaf::{Leaf, List};
use crate::value::Any;
use crate::who::Who;
use crate::{ResourceId, Severity, SpanId, Statistic, Telemetry, Temporality, TraceId};
use serde::Deserialize;

/// What a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rows {
    Spans,
    Lines,
    Gauges,
    Sums,
    Histograms,
    ExponentialHistograms,
    Summaries,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Row<'a> {
    #[serde(borrow)]
    service_name: Leaf<'a>,
    #[serde(borrow, rename = "resource_keys")]
    resource_keys: List<Leaf<'a>>,
    #[serde(borrow, rename = "resource_values")]
    resource_values: List<Leaf<'a>>,
    /// Of the span, the line or the point.
    #[serde(borrow, rename = "own_keys")]
    keys: List<Leaf<'a>>,
    #[serde(borrow, rename = "own_values")]
    values: List<Leaf<'a>>,
    #[serde(borrow, rename = "nanoseconds")]
    timestamp: Leaf<'a>,
    #[serde(borrow)]
    trace_id: Leaf<'a>,
    #[serde(borrow)]
    span_id: Leaf<'a>,

    #[serde(borrow)]
    parent_span_id: Leaf<'a>,
    #[serde(borrow)]
    span_name: Leaf<'a>,
    #[serde(borrow)]
    span_kind: Leaf<'a>,
    #[serde(borrow)]
    duration: Leaf<'a>,
    #[serde(borrow)]
    status_code: Leaf<'a>,
    #[serde(borrow)]
    status_message: Leaf<'a>,
    #[serde(borrow, rename = "event_nanoseconds")]
    event_times: List<Leaf<'a>>,
    #[serde(borrow, rename = "Events.Name")]
    event_names: List<Leaf<'a>>,
    #[serde(borrow, rename = "event_keys")]
    event_keys: List<List<Leaf<'a>>>,
    #[serde(borrow, rename = "event_values")]
    event_values: List<List<Leaf<'a>>>,
    #[serde(borrow, rename = "Links.TraceId")]
    link_traces: List<Leaf<'a>>,
    #[serde(borrow, rename = "Links.SpanId")]
    link_spans: List<Leaf<'a>>,

    #[serde(borrow)]
    severity_number: Leaf<'a>,
    #[serde(borrow)]
    severity_text: Leaf<'a>,
    #[serde(borrow)]
    body: Leaf<'a>,
    #[serde(borrow)]
    scope_name: Leaf<'a>,

    #[serde(borrow)]
    metric_name: Leaf<'a>,
    #[serde(borrow)]
    metric_unit: Leaf<'a>,
    #[serde(borrow)]
    value: Leaf<'a>,
    #[serde(borrow)]
    aggregation_temporality: Leaf<'a>,
    #[serde(borrow)]
    count: Leaf<'a>,
    #[serde(borrow)]
    sum: Leaf<'a>,
    #[serde(borrow)]
    min: Leaf<'a>,
    #[serde(borrow)]
    max: Leaf<'a>,
    #[serde(borrow)]
    bucket_counts: List<Leaf<'a>>,
    #[serde(borrow)]
    explicit_bounds: List<Leaf<'a>>,
    #[serde(borrow)]
    scale: Leaf<'a>,
    #[serde(borrow)]
    zero_count: Leaf<'a>,
    #[serde(borrow)]
    positive_offset: Leaf<'a>,
    #[serde(borrow)]
    positive_bucket_counts: List<Leaf<'a>>,
    #[serde(borrow, rename = "ValueAtQuantiles.Quantile")]
    quantiles: List<Leaf<'a>>,
    #[serde(borrow, rename = "ValueAtQuantiles.Value")]
    quantile_values: List<Leaf<'a>>,
}

/// A map's pairs.
fn pairs<'r>(keys: &'r List<Leaf<'_>>, values: &'r List<Leaf<'_>>) -> impl Iterator<Item = (&'r str, Any<'r>)> {
    keys.0.iter().zip(&values.0).map(|(key, value)| (key.str(), Any::Text(value.said())))
}

/// Reads lines of one kind; a line that is no such row costs itself.
pub fn rows(text: &str, of: Rows, into: &mut Telemetry) -> Decoded {
    let mut sink = Sink::new(into);
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        match serde_json::from_str::<Row<'_>>(line) {
            Ok(row) => sink.row(&row, of),
            Err(_) => sink.decoded.losses.add("row", "it is no row of the table"),
        }
    }
    sink.decoded
}

impl Sink<'_> {
    fn row(&mut self, row: &Row<'_>, of: Rows) {
        let mut who = Who::default();
        for (key, value) in pairs(&row.resource_keys, &row.resource_values) {
            who.add(key, &value);
        }
        let resource = who.resource(row.service_name.str(), self.into);
        match of {
            Rows::Spans => self.span_row(resource, row),
            Rows::Lines => self.line_row(resource, row),
            Rows::Gauges | Rows::Sums | Rows::Histograms | Rows::ExponentialHistograms | Rows::Summaries => {
                self.point_row(resource, row, of);
            }
        }
    }

    fn span_row(&mut self, resource: ResourceId, row: &Row<'_>) {
        let start = row.timestamp.unsigned();
        let draft = Draft {
            trace: TraceId(number(row.trace_id.str(), 32)),
            id: SpanId(number(row.span_id.str(), 16) as u64),
            parent: SpanId(number(row.parent_span_id.str(), 16) as u64),
            kind: kind(&row.span_kind),
            status: status(&row.status_code),
            start,
            end: start.saturating_add(row.duration.unsigned()),
        };
        if !self.span(resource, row.span_name.str(), draft) {
            return;
        }
        for (key, value) in pairs(&row.keys, &row.values) {
            self.attribute(key, &value);
        }
        for (at, name) in row.event_names.0.iter().enumerate() {
            let time = row.event_times.0.get(at).map_or(0, Leaf::unsigned);
            let both = row.event_keys.0.get(at).zip(row.event_values.0.get(at));
            let said: Vec<_> = both.into_iter().flat_map(|(keys, values)| pairs(keys, values)).collect();
            self.event(draft, resource, time, name.str(), &said);
        }
        for (trace, span) in row.link_traces.0.iter().zip(&row.link_spans.0) {
            let trace = TraceId(number(trace.str(), 32));
            if !trace.is_none() {
                self.into.spans.link(trace, SpanId(number(span.str(), 16) as u64));
            }
        }
        if !row.status_message.str().is_empty() {
            self.attribute("otel.status_description", &Any::Text(row.status_message.str().into()));
        }
    }

    fn line_row(&mut self, resource: ResourceId, row: &Row<'_>) {
        let mut record = Record { logger: row.scope_name.str().to_owned(), ..Record::default() };
        record.time = row.timestamp.unsigned();
        record.severity = row.severity_number.signed().map(Severity::of_number).unwrap_or_default();
        if record.severity == Severity::Unspecified {
            record.severity = Severity::of_word(row.severity_text.str()).unwrap_or_default();
        }
        record.body = row.body.said().into_owned();
        record.trace = TraceId(number(row.trace_id.str(), 32));
        record.span = SpanId(number(row.span_id.str(), 16) as u64);
        for (key, value) in pairs(&row.keys, &row.values) {
            record.attribute(key, &value);
        }
        self.line(resource, record);
    }

    fn point_row(&mut self, resource: ResourceId, row: &Row<'_>, of: Rows) {
        if row.metric_name.str().is_empty() {
            return self.decoded.losses.add("point", "its metric has no name");
        }
        let metric = self.into.names.intern(row.metric_name.str());
        let unit = self.into.names.intern(row.metric_unit.str());
        let mut said: Vec<_> = pairs(&row.keys, &row.values).collect();
        let labels = self.labels(&mut said);
        let at = At { resource, metric, unit, labels, time: row.timestamp.unsigned() };
        let counts = temporality(&row.aggregation_temporality);
        let value = || row.value.double().unwrap_or(f64::NAN);
        match of {
            Rows::Gauges => self.point(&at, Statistic::Value, Temporality::Level, value()),
            Rows::Sums => self.point(&at, Statistic::Sum, counts, value()),
            Rows::Histograms | Rows::ExponentialHistograms => self.histogram(at, counts, &histogram(row)),
            _ => {
                self.histogram(at, Temporality::Cumulative, &histogram(row));
                for (quantile, value) in row.quantiles.0.iter().zip(&row.quantile_values.0) {
                    let read = value.double().unwrap_or(f64::NAN);
                    self.quantile(&at, quantile.double().unwrap_or(f64::NAN), read);
                }
            }
        }
    }
}

fn histogram(row: &Row<'_>) -> Histogram {
    let mut out = Histogram {
        count: row.count.unsigned(),
        sum: row.sum.double(),
        // The exporter writes nothing for what was not said, which reads as zero; a smallest and largest of zero say as little.
        min: row.min.double().filter(|n| *n != 0.0),
        max: row.max.double().filter(|n| *n != 0.0),
        bounds: row.explicit_bounds.0.iter().filter_map(Leaf::double).collect(),
        buckets: row.bucket_counts.0.iter().map(Leaf::unsigned).collect(),
    };
    let positive: Vec<u64> = row.positive_bucket_counts.0.iter().map(Leaf::unsigned).collect();
    if !positive.is_empty() {
        let (scale, offset) = (row.scale.signed().unwrap_or(0), row.positive_offset.signed().unwrap_or(0));
        bounds(scale, row.zero_count.unsigned(), offset, positive, &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Attribute;

    /// Both ways of saying one request give the same rows.
    #[test]
    fn a_row_says_what_the_record_said_that_it_was_made_from() {
        let request = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}},{"key":"k8s.pod.name","value":{"stringValue":"cart-1"}}]},"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","parentSpanId":"eee19b7ec3c1b173","name":"GET /","kind":2,"startTimeUnixNano":"1700000000000000001","endTimeUnixNano":"1700000000000000011","attributes":[{"key":"http.response.status_code","value":{"intValue":"503"}}],"events":[{"timeUnixNano":"1700000000000000005","name":"exception","attributes":[{"key":"exception.type","value":{"stringValue":"IOError"}}]}],"links":[{"traceId":"5b8efff798038103d269b633813fc60d","spanId":"eee19b7ec3c1b175"}],"status":{"code":2,"message":"no stock"}}]}]}]}"#;
        let row = r#"{"ServiceName":"cart","resource_keys":["service.name","k8s.pod.name"],"resource_values":["cart","cart-1"],"own_keys":["http.response.status_code"],"own_values":["503"],"nanoseconds":"1700000000000000001","TraceId":"5b8efff798038103d269b633813fc60c","SpanId":"eee19b7ec3c1b174","ParentSpanId":"eee19b7ec3c1b173","SpanName":"GET /","SpanKind":"Server","Duration":"10","StatusCode":"Error","StatusMessage":"no stock","event_nanoseconds":["1700000000000000005"],"Events.Name":["exception"],"event_keys":[["exception.type"]],"event_values":[["IOError"]],"Links.TraceId":["5b8efff798038103d269b633813fc60d"],"Links.SpanId":["eee19b7ec3c1b175"]}"#;
        let (mut said, mut read) = (Telemetry::default(), Telemetry::default());
        assert_eq!(super::super::json(request.as_bytes(), &mut said).taken, 1);
        assert_eq!(rows(row, Rows::Spans, &mut read), Decoded { taken: 1, ..Decoded::default() });
        assert_eq!(read.spans.get(0), said.spans.get(0));
        assert_eq!(read.spans.links(0), said.spans.links(0));
        assert_eq!(read.logs.rows(), said.logs.rows());
        let texts = |t: &Telemetry| -> Vec<(Attribute, String)> {
            t.spans.attributes(0).map(|(key, value)| (key, t.text(value).to_owned())).collect()
        };
        assert_eq!(texts(&read), texts(&said));
        assert_eq!(read.get(crate::ResourceId(0)), said.get(crate::ResourceId(0)));
        let older = row.replace("\"Server\"", "\"SPAN_KIND_SERVER\"").replace("\"Error\"", "\"STATUS_CODE_ERROR\"");
        let mut again = Telemetry::default();
        rows(&older, Rows::Spans, &mut again);
        assert_eq!(again.spans.get(0), said.spans.get(0));
    }

    #[test]
    fn lines_and_points_are_read_and_a_broken_row_costs_itself() {
        let mut into = Telemetry::default();
        let line = r#"{"ServiceName":"cart","nanoseconds":"1700000000000000001","SeverityText":"ERROR","Body":"no stock for 17","ScopeName":"a.Cart"}"#;
        let decoded = rows(&format!("{line}\nCode: 159. DB::Exception\n"), Rows::Lines, &mut into);
        assert_eq!((decoded.taken, decoded.losses.of("row")), (1, 1));
        assert_eq!(into.logs.rows()[0].severity, Severity::Error);
        let sum = r#"{"ServiceName":"cart","nanoseconds":1700000000000000001,"MetricName":"orders","MetricUnit":"1","Value":5,"AggregationTemporality":2,"own_keys":["b","a"],"own_values":["2","1"]}"#;
        rows(sum, Rows::Sums, &mut into);
        let series = &into.metrics.series()[0];
        assert_eq!((series.key.statistic, series.key.temporality), (Statistic::Sum, Temporality::Cumulative));
        assert_eq!((into.text(series.key.labels), series.value[0]), ("a=1,b=2", 5.0));
        let histogram = r#"{"ServiceName":"cart","nanoseconds":"1700000000000000001","MetricName":"took","Count":"4","Sum":8,"BucketCounts":["1","3"],"ExplicitBounds":[1],"Max":3,"AggregationTemporality":1}"#;
        rows(histogram, Rows::Histograms, &mut into);
        assert!(into.metrics.series().iter().any(|s| s.key.statistic == Statistic::Quantile(950)));
    }
}
