//! Zipkin's JSON, version 2: lists of spans, lists of traces, or a span a line.
//!
//! Invariant: times are microseconds. Zipkin lets client and server share one span; here the client's half gets an identifier
//! of its own and becomes the server's parent, so that what the server calls hangs below the server. Source: zipkin-api's
//! `zipkin2-api.yaml` and B3 propagation.

use crate::leaf::{Leaf, List, Pairs, items};
use crate::losses::{Losses, NO_ROOM};
use crate::value::{Any, keep};
use crate::who::Who;
use crate::{Log, Name, Severity, Span, SpanId, SpanKind, Status, Telemetry, TraceId};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OneSpan<'a> {
    #[serde(borrow)]
    trace_id: Leaf<'a>,
    #[serde(borrow)]
    id: Leaf<'a>,
    #[serde(borrow)]
    parent_id: Leaf<'a>,
    #[serde(borrow)]
    name: Leaf<'a>,
    #[serde(borrow)]
    kind: Leaf<'a>,
    #[serde(borrow)]
    timestamp: Leaf<'a>,
    #[serde(borrow)]
    duration: Leaf<'a>,
    #[serde(borrow)]
    local_endpoint: Option<Endpoint<'a>>,
    #[serde(borrow)]
    remote_endpoint: Option<Endpoint<'a>>,
    #[serde(borrow)]
    annotations: List<Annotation<'a>>,
    #[serde(borrow)]
    tags: Pairs<'a>,
    #[serde(borrow)]
    shared: Leaf<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Endpoint<'a> {
    #[serde(borrow)]
    service_name: Leaf<'a>,
    #[serde(borrow)]
    ipv4: Leaf<'a>,
    #[serde(borrow)]
    port: Leaf<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Annotation<'a> {
    #[serde(borrow)]
    timestamp: Leaf<'a>,
    #[serde(borrow)]
    value: Leaf<'a>,
}

/// A span, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Item<'a> {
    One(#[serde(borrow)] Box<OneSpan<'a>>),
    Many(#[serde(borrow)] Vec<OneSpan<'a>>),
}

/// Reads a file of Zipkin's.
pub fn read(bytes: &[u8], into: &mut Telemetry) -> (Losses, bool) {
    let text = String::from_utf8_lossy(bytes);
    let mut spans = Vec::new();
    let mut collect = |item: Item<'_>| match item {
        Item::One(span) => spans.push(owned(*span)),
        Item::Many(many) => spans.extend(many.into_iter().map(owned)),
    };
    let mut broken = false;
    let lines = text.trim_start().starts_with('{') || text.lines().nth(1).is_some_and(|l| l.starts_with("[{"));
    match lines {
        true => {
            for line in text.lines().filter(|l| !l.trim().is_empty()) {
                broken |= items(line, &mut collect).is_err();
            }
        }
        false => broken = items(&text, &mut collect).is_err(),
    }
    let shared: BTreeSet<(TraceId, SpanId)> = spans.iter().filter(|s| s.shared).map(|s| (s.trace, s.id)).collect();
    let mut losses = Losses::default();
    for span in spans {
        push(span, &shared, into, &mut losses);
    }
    (losses, broken)
}

/// A span with its own texts, since halves of shared spans have to be found first.
struct Owned {
    trace: TraceId,
    id: SpanId,
    parent: SpanId,
    name: String,
    kind: SpanKind,
    shared: bool,
    start: Option<i64>,
    duration: i64,
    service: String,
    instance: String,
    peer: [String; 3],
    tags: Vec<(String, String)>,
    annotations: Vec<(i64, String)>,
}

fn owned(span: OneSpan<'_>) -> Owned {
    let micros = |leaf: &Leaf<'_>| leaf.signed().and_then(|t| t.checked_mul(1000)).filter(|t| *t > 0);
    let endpoint = |e: &Option<Endpoint<'_>>| {
        let said = |f: fn(&Endpoint<'_>) -> String| e.as_ref().map(f).unwrap_or_default();
        [said(|e| e.service_name.said().into()), said(|e| e.ipv4.said().into()), said(|e| e.port.said().into())]
    };
    let [service, instance, _] = endpoint(&span.local_endpoint);
    Owned {
        trace: TraceId::of_text(&span.trace_id.said()),
        id: SpanId::of_text(&span.id.said()),
        parent: SpanId::of_text(&span.parent_id.said()),
        name: span.name.said().into_owned(),
        kind: match span.kind.str() {
            "CLIENT" => SpanKind::Client,
            "SERVER" => SpanKind::Server,
            "PRODUCER" => SpanKind::Producer,
            "CONSUMER" => SpanKind::Consumer,
            _ => SpanKind::Unspecified,
        },
        shared: span.shared.0 == Any::Bool(true),
        start: micros(&span.timestamp),
        duration: micros(&span.duration).unwrap_or(0),
        service,
        instance,
        peer: endpoint(&span.remote_endpoint),
        tags: span.tags.0.iter().map(|(k, v)| (k.to_string(), v.said().into_owned())).collect(),
        annotations: span
            .annotations
            .0
            .iter()
            .filter_map(|a| Some((micros(&a.timestamp)?, a.value.said().into_owned())))
            .collect(),
    }
}

/// The identifier of the client's half of a shared span: stable, and no one else's.
fn client_half(id: SpanId) -> SpanId {
    SpanId(id.0.rotate_left(32) ^ 0x9e37_79b9_7f4a_7c15)
}

fn push(span: Owned, shared: &BTreeSet<(TraceId, SpanId)>, into: &mut Telemetry, losses: &mut Losses) {
    if span.id.is_none() {
        return losses.add("span", "it has no identifier");
    }
    let Some(start) = span.start else { return losses.add("span", "it has no start that can be") };
    let is_shared = shared.contains(&(span.trace, span.id));
    let (id, parent) = match (is_shared, span.shared) {
        (true, true) => (span.id, client_half(span.id)),
        (true, false) if span.kind == SpanKind::Client => (client_half(span.id), span.parent),
        _ => (span.id, span.parent),
    };
    let mut who = Who::default();
    who.add("service.name", &Any::Text(span.service.as_str().into()));
    who.add("service.instance.id", &Any::Text(span.instance.as_str().into()));
    let resource = who.resource("", into);
    let error = span.tags.iter().find(|(k, _)| k == "error").map(|(_, v)| v.as_str());
    let operation = into.names.intern(&span.name);
    let row = Span {
        trace: span.trace,
        id,
        parent,
        resource,
        operation,
        kind: span.kind,
        status: if error.is_some_and(|e| e != "false") { Status::Error } else { Status::Unset },
        start,
        end: start.saturating_add(span.duration),
    };
    if into.spans.push(row).is_none() {
        return losses.add("span", NO_ROOM);
    }
    let mut room = String::new();
    let mut attribute = |key: &str, value: &str| {
        if !value.is_empty() {
            keep(key, &Any::Text(value.into()), &mut room, into);
        }
    };
    let [service, address, port] = &span.peer;
    if matches!(span.kind, SpanKind::Client | SpanKind::Producer | SpanKind::Consumer) {
        attribute("peer.service", service);
        attribute("net.peer.ip", address);
        attribute("net.peer.port", port);
    }
    for (key, value) in &span.tags {
        attribute(key, value);
    }
    if let Some(message) = error.filter(|e| !matches!(*e, "" | "true" | "false")) {
        attribute("exception.message", message);
    }
    for (time, text) in &span.annotations {
        let event = into.event(Name::NONE, 0, Severity::Unspecified, text);
        into.logs.push(Log {
            time: *time,
            resource,
            trace: row.trace,
            span: id,
            severity: Severity::Unspecified,
            event,
        });
    }
}
