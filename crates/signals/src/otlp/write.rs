//! Spans as an OTLP request: for generators, benches and tests, and for handing telemetry on.
//!
//! Invariant: what is written reads back as the same rows ([`super::protobuf`]).

use super::request::{bytes, varint};
use crate::{Resource, SpanKind, Status, Telemetry};
use std::ops::Range;

/// The spans of `rows` as an `ExportTraceServiceRequest`, neighbours of one resource together.
pub fn write(telemetry: &Telemetry, rows: Range<u32>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut scope = Vec::new();
    let mut speaker = None;
    for row in rows {
        let Some(span) = telemetry.spans.get(row) else { break };
        if speaker != Some(span.resource) {
            if let Some(id) = speaker {
                group(telemetry, telemetry.get(id), &scope, &mut out);
            }
            scope.clear();
            speaker = Some(span.resource);
        }
        bytes(2, &one(telemetry, row), &mut scope);
    }
    if let Some(id) = speaker {
        group(telemetry, telemetry.get(id), &scope, &mut out);
    }
    out
}

fn group(telemetry: &Telemetry, resource: Resource, scope: &[u8], out: &mut Vec<u8>) {
    let mut attributes = Vec::new();
    for (key, name) in [
        ("service.name", resource.service),
        ("service.namespace", resource.namespace),
        ("service.instance.id", resource.instance),
        ("service.version", resource.version),
        ("host.name", resource.host),
    ] {
        if !name.is_none() {
            bytes(1, &pair(key, telemetry.text(name)), &mut attributes);
        }
    }
    let mut group = Vec::new();
    bytes(1, &attributes, &mut group);
    bytes(2, scope, &mut group);
    bytes(1, &group, out);
}

fn pair(key: &str, text: &str) -> Vec<u8> {
    let (mut value, mut out) = (Vec::new(), Vec::new());
    bytes(1, text.as_bytes(), &mut value);
    bytes(1, key.as_bytes(), &mut out);
    bytes(2, &value, &mut out);
    out
}

fn fixed(number: u64, value: i64, out: &mut Vec<u8>) {
    varint(number << 3 | 1, out);
    out.extend_from_slice(&value.to_le_bytes());
}

fn one(telemetry: &Telemetry, row: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let Some(span) = telemetry.spans.get(row) else { return out };
    bytes(1, &span.trace.0.to_be_bytes(), &mut out);
    bytes(2, &span.id.0.to_be_bytes(), &mut out);
    if !span.parent.is_none() {
        bytes(4, &span.parent.0.to_be_bytes(), &mut out);
    }
    bytes(5, telemetry.text(span.operation).as_bytes(), &mut out);
    let kind = match span.kind {
        SpanKind::Unspecified => 0,
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    };
    varint(6 << 3, &mut out);
    varint(kind, &mut out);
    fixed(7, span.start, &mut out);
    fixed(8, span.end, &mut out);
    for (key, value) in telemetry.spans.attributes(row) {
        bytes(9, &pair(key.key(), telemetry.text(value)), &mut out);
    }
    for link in telemetry.spans.links(row) {
        let mut content = Vec::new();
        bytes(1, &link.trace.0.to_be_bytes(), &mut content);
        bytes(2, &link.span.0.to_be_bytes(), &mut content);
        bytes(13, &content, &mut out);
    }
    let code = match span.status {
        Status::Unset => 0,
        Status::Ok => 1,
        Status::Error => 2,
    };
    if code > 0 {
        let mut status = Vec::new();
        varint(3 << 3, &mut status);
        varint(code, &mut status);
        bytes(15, &status, &mut out);
    }
    out
}
