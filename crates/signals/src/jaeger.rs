//! Jaeger's JSON: what its UI downloads, what its API answers, and documents of its stores, a span a line.
//!
//! Invariant: times are microseconds; a reference to the span's own trace is its parent (`CHILD_OF` before `FOLLOWS_FROM`), any
//! other is a link. Source: Jaeger's `model/json` and its storage documents.

use crate::leaf::{Leaf, List, items};
use crate::losses::{Losses, NO_ROOM};
use crate::value::{Any, keep};
use crate::who::Who;
use crate::{Log, Name, ResourceId, Severity, Span, SpanId, SpanKind, Status, Telemetry, TraceId};
use serde::Deserialize;
use std::collections::BTreeMap;

/// An answer, a trace, or one span; a document is any of these.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow)]
    data: List<Trace<'a>>,
    #[serde(borrow)]
    spans: List<OneSpan<'a>>,
    #[serde(borrow)]
    processes: Option<BTreeMap<String, Process<'a>>>,
    #[serde(flatten, borrow)]
    span: OneSpan<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Trace<'a> {
    #[serde(borrow)]
    spans: List<OneSpan<'a>>,
    #[serde(borrow)]
    processes: Option<BTreeMap<String, Process<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Process<'a> {
    #[serde(borrow)]
    service_name: Leaf<'a>,
    #[serde(borrow)]
    tags: List<Tag<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tag<'a> {
    #[serde(borrow)]
    key: Leaf<'a>,
    #[serde(borrow)]
    value: Leaf<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OneSpan<'a> {
    #[serde(borrow, rename = "traceID")]
    trace: Leaf<'a>,
    #[serde(borrow, rename = "spanID")]
    id: Leaf<'a>,
    #[serde(borrow, rename = "parentSpanID")]
    parent: Leaf<'a>,
    #[serde(borrow)]
    operation_name: Leaf<'a>,
    #[serde(borrow)]
    references: List<Reference<'a>>,
    #[serde(borrow)]
    start_time: Leaf<'a>,
    #[serde(borrow)]
    duration: Leaf<'a>,
    #[serde(borrow)]
    tags: List<Tag<'a>>,
    #[serde(borrow)]
    logs: List<Entry<'a>>,
    #[serde(borrow, rename = "processID")]
    process_id: Leaf<'a>,
    #[serde(borrow)]
    process: Option<Process<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference<'a> {
    #[serde(borrow, rename = "refType")]
    kind: Leaf<'a>,
    #[serde(borrow, rename = "traceID")]
    trace: Leaf<'a>,
    #[serde(borrow, rename = "spanID")]
    span: Leaf<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    timestamp: Leaf<'a>,
    #[serde(borrow)]
    fields: List<Tag<'a>>,
}

/// Reads a file of Jaeger's.
pub fn read(bytes: &[u8], into: &mut Telemetry) -> (Losses, bool) {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = Reader { into, losses: Losses::default(), room: String::new() };
    if items::<Document<'_>>(&text, |document| reader.document(&document)).is_ok() && !many(&text) {
        return (reader.losses, false);
    }
    let mut broken = false;
    // One document a line, the first of which is read already.
    for line in text.lines().skip(1).filter(|l| !l.trim().is_empty()) {
        let read = items::<Document<'_>>(line, |document| reader.document(&document));
        broken |= read.is_err();
    }
    (reader.losses, broken)
}

/// Whether documents stand one behind the other.
fn many(text: &str) -> bool {
    let mut lines = text.lines().filter(|l| !l.trim().is_empty());
    let first = lines.next().is_some_and(|l| l.starts_with('{') && l.trim_end().ends_with('}'));
    first && lines.next().is_some_and(|l| l.starts_with('{'))
}

struct Reader<'t> {
    into: &'t mut Telemetry,
    losses: Losses,
    room: String,
}

impl Reader<'_> {
    fn document(&mut self, document: &Document<'_>) {
        for trace in &document.data.0 {
            self.trace(&trace.spans.0, trace.processes.as_ref());
        }
        self.trace(&document.spans.0, document.processes.as_ref());
        if !document.span.id.is_none() {
            self.trace(std::slice::from_ref(&document.span), None);
        }
    }

    fn trace(&mut self, spans: &[OneSpan<'_>], processes: Option<&BTreeMap<String, Process<'_>>>) {
        let speakers: BTreeMap<&str, ResourceId> =
            processes.into_iter().flatten().map(|(id, process)| (id.as_str(), self.speaker(process))).collect();
        for span in spans {
            let resource = match &span.process {
                Some(process) => self.speaker(process),
                None => match speakers.get(span.process_id.str()) {
                    Some(known) => *known,
                    None => Who::default().resource("", self.into),
                },
            };
            self.span(resource, span);
        }
    }

    fn speaker(&mut self, process: &Process<'_>) -> ResourceId {
        let mut who = Who::default();
        for tag in &process.tags.0 {
            who.add(tag.key.str(), &tag.value.0);
        }
        who.add("service.name", &process.service_name.0);
        who.resource("", self.into)
    }

    fn span(&mut self, resource: ResourceId, span: &OneSpan<'_>) {
        let trace = TraceId::of_text(&span.trace.said());
        let id = SpanId::of_text(&span.id.said());
        let start = span.start_time.signed().and_then(|t| t.checked_mul(1000)).filter(|t| *t > 0);
        let Some(start) = start.filter(|_| !id.is_none()) else {
            return self
                .losses
                .add("span", if id.is_none() { "it has no identifier" } else { "it has no start that can be" });
        };
        let end = start.saturating_add(span.duration.signed().unwrap_or(0).max(0).saturating_mul(1000));
        let own = |r: &&Reference<'_>| TraceId::of_text(&r.trace.said()) == trace;
        let parents = || span.references.0.iter().filter(own);
        let parent = parents().find(|r| r.kind.str() != "FOLLOWS_FROM").or_else(|| parents().next());
        let parent = parent.map_or_else(|| span.parent.said(), |r| r.span.said());
        let tag = |key: &str| span.tags.0.iter().find(|t| t.key.str() == key).map(|t| t.value.said());
        let row = self.into.names.intern(&span.operation_name.said());
        let pushed = self.into.spans.push(Span {
            trace,
            id,
            parent: SpanId::of_text(&parent),
            resource,
            operation: row,
            kind: tag("span.kind").map_or(SpanKind::Unspecified, |k| kind(&k)),
            status: match (tag("otel.status_code").as_deref(), tag("error").as_deref()) {
                (Some("ERROR"), _) | (None, Some("true")) => Status::Error,
                (Some("OK"), _) => Status::Ok,
                _ => Status::Unset,
            },
            start,
            end,
        });
        if pushed.is_none() {
            return self.losses.add("span", NO_ROOM);
        }
        for tag in &span.tags.0 {
            keep(tag.key.str(), &tag.value.0, &mut self.room, self.into);
        }
        for reference in span.references.0.iter().filter(|r| !own(r)) {
            self.into.spans.link(TraceId::of_text(&reference.trace.said()), SpanId::of_text(&reference.span.said()));
        }
        for entry in &span.logs.0 {
            self.entry((trace, id, resource), start, entry);
        }
    }

    /// OpenTracing's logs: fields `event`, `message`, `error.kind`, `stack`; or an event of OpenTelemetry.
    fn entry(&mut self, (trace, span, resource): (TraceId, SpanId, ResourceId), start: i64, entry: &Entry<'_>) {
        let field = |keys: &[&str]| {
            let found = keys.iter().find_map(|key| entry.fields.0.iter().find(|f| f.key.str() == *key));
            found.map(|f| f.value.said().into_owned())
        };
        let level = field(&["level", "severity"]).and_then(|l| Severity::of_word(&l));
        let event = field(&["event"]).unwrap_or_default();
        let kind = field(&["exception.type", "error.kind"]);
        let said = field(&["exception.message", "message", "error.object"]);
        let stack = field(&["exception.stacktrace", "stack"]);
        let failed = kind.is_some() || stack.is_some() || event == "error";
        for (key, value) in [("exception.type", &kind), ("exception.message", &said), ("exception.stacktrace", &stack)]
        {
            if let Some(text) = value.as_ref().filter(|_| failed) {
                keep(key, &Any::Text(text.into()), &mut self.room, self.into);
            }
        }
        let stack = stack.map(|s| format!("\n{s}")).unwrap_or_default();
        let parts: Vec<String> = [Some(event), kind, said].into_iter().flatten().filter(|p| !p.is_empty()).collect();
        let text = parts.join(": ") + &stack;
        if text.is_empty() {
            return;
        }
        let severity = level.unwrap_or(if failed { Severity::Error } else { Severity::Unspecified });
        let time = entry.timestamp.signed().and_then(|t| t.checked_mul(1000)).unwrap_or(start);
        let event = self.into.event(Name::NONE, 0, severity, &text);
        self.into.logs.push(Log { time, resource, trace, span, severity, event });
    }
}

fn kind(word: &str) -> SpanKind {
    match word {
        "server" => SpanKind::Server,
        "client" => SpanKind::Client,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        "internal" => SpanKind::Internal,
        _ => SpanKind::Unspecified,
    }
}
