//! Spans and log lines, one a row.
//!
//! Invariant: a span needs a span's identifier and an instant; a line needs an instant. Everything else may be missing.

use super::roles::Role;
use super::{Columns, Rows, service_of};
use crate::clock::{Unit, instant};
use crate::mapping::FileMapping;
use crate::{Log, Name, Resource, ResourceId, Span, SpanId, SpanKind, Status, Telemetry, TraceId, lines};
use std::collections::HashMap;

/// Resources by the cells that name them, so that a row costs one look-up.
#[derive(Default)]
struct Speakers(HashMap<Vec<u8>, ResourceId>);

impl Speakers {
    fn of(
        &mut self,
        columns: &Columns,
        row: &csv::ByteRecord,
        fixed: Option<Name>,
        into: &mut Telemetry,
    ) -> ResourceId {
        let mut key = Vec::new();
        for role in [Role::Service, Role::Instance, Role::Host, Role::Version] {
            key.extend_from_slice(columns.cell(role, row).unwrap_or("").as_bytes());
            key.push(0);
        }
        if let Some(known) = self.0.get(&key) {
            return *known;
        }
        let service = service_of(columns, row, fixed, into);
        let mut name = |role| columns.cell(role, row).map_or(Name::NONE, |text| into.names.intern(text));
        let resource = Resource {
            service,
            namespace: Name::NONE,
            instance: name(Role::Instance),
            version: name(Role::Version),
            host: name(Role::Host),
        };
        let id = into.resource(resource);
        self.0.insert(key, id);
        id
    }
}

pub(super) fn spans(rows: &mut Rows<'_>, columns: &Columns, mapping: Option<&FileMapping>, into: &mut Telemetry) {
    let fixed = mapping.and_then(|m| m.service.as_ref()).map(|s| into.names.intern(s));
    let mut speakers = Speakers::default();
    let mut row = csv::ByteRecord::new();
    let start_role = if columns.has(Role::Start) { Role::Start } else { Role::Time };
    while rows.next(&mut row) {
        let Some(id) = columns.cell(Role::Span, &row).map(SpanId::of_text).filter(|id| !id.is_none()) else {
            rows.refused.add("the span has no identifier");
            continue;
        };
        let Some(start) = columns.cell(start_role, &row).and_then(|t| instant(t, columns.unit(start_role))) else {
            rows.refused.add("the span has no start");
            continue;
        };
        let end = columns.cell(Role::End, &row).and_then(|t| instant(t, columns.unit(Role::End)));
        let end = end.or_else(|| start.checked_add(duration(columns, &row)?)).unwrap_or(start);
        let resource = speakers.of(columns, &row, fixed, into);
        let span = Span {
            trace: columns.cell(Role::Trace, &row).map(TraceId::of_text).unwrap_or_default(),
            id,
            parent: columns.cell(Role::Parent, &row).map(SpanId::of_text).unwrap_or_default(),
            resource,
            operation: columns.cell(Role::Operation, &row).map_or(Name::NONE, |o| into.names.intern(o)),
            kind: columns.cell(Role::Kind, &row).map(kind).unwrap_or_default(),
            status: columns.cell(Role::Status, &row).map(status).unwrap_or_default(),
            start,
            end,
        };
        if into.spans.push(span).is_none() {
            rows.refused.add("no room for more spans");
        }
    }
}

/// A duration without a stated unit is in microseconds, as Jaeger and Zipkin write them.
fn duration(columns: &Columns, row: &csv::ByteRecord) -> Option<i64> {
    let value: f64 = columns.cell(Role::Duration, row)?.parse().ok()?;
    let unit = columns.unit(Role::Duration).unwrap_or(Unit::Microseconds);
    let nanoseconds = value * unit.nanoseconds();
    (nanoseconds.is_finite() && (0.0..9.2e18).contains(&nanoseconds)).then_some(nanoseconds as i64)
}

fn kind(text: &str) -> SpanKind {
    let word = text.rsplit('_').next().unwrap_or(text).to_ascii_lowercase();
    match word.as_str() {
        "server" | "entry" | "2" => SpanKind::Server,
        "client" | "exit" | "3" => SpanKind::Client,
        "producer" | "4" => SpanKind::Producer,
        "consumer" | "5" => SpanKind::Consumer,
        "internal" | "local" | "1" => SpanKind::Internal,
        _ => SpanKind::Unspecified,
    }
}

/// OpenTelemetry's words, truth values, and HTTP status codes (500 and above are the server's fault).
fn status(text: &str) -> Status {
    let word = text.rsplit('_').next().unwrap_or(text).to_ascii_lowercase();
    match word.as_str() {
        "ok" | "success" | "succeeded" => Status::Ok,
        "error" | "failed" | "failure" | "fail" => Status::Error,
        "true" | "false" | "unset" | "0" | "" => Status::Unset,
        _ => match word.parse::<u32>() {
            Ok(code @ 100..600) if code >= 500 => Status::Error,
            Ok(2) => Status::Error,
            Ok(1) => Status::Ok,
            Ok(_) | Err(_) => Status::Unset,
        },
    }
}

pub(super) fn logs(
    rows: &mut Rows<'_>,
    columns: &Columns,
    mapping: Option<&FileMapping>,
    path: &str,
    into: &mut Telemetry,
) {
    let fixed = mapping.and_then(|m| m.service.as_ref()).map(|s| into.names.intern(s));
    let fixed = match columns.has(Role::Service) || columns.has(Role::Instance) {
        true => fixed,
        false => fixed.or_else(|| Some(into.names.intern(lines::service_of_path(path)))),
    };
    let mut speakers = Speakers::default();
    let mut row = csv::ByteRecord::new();
    let time_role = if columns.has(Role::Time) { Role::Time } else { Role::Start };
    while rows.next(&mut row) {
        let Some(time) = columns.cell(time_role, &row).and_then(|t| instant(t, columns.unit(time_role))) else {
            rows.refused.add("the line has no instant");
            continue;
        };
        let Some(body) = columns.cell(Role::Body, &row) else {
            rows.refused.add("the line is empty");
            continue;
        };
        let resource = speakers.of(columns, &row, fixed, into);
        let said = lines::parse(body);
        let stated = columns.cell(Role::Severity, &row).and_then(lines::severity);
        let severity = stated.unwrap_or(said.severity);
        let logger = match columns.cell(Role::Logger, &row) {
            Some(logger) => into.names.intern(logger),
            None => into.names.intern(&said.logger),
        };
        let event = into.event(logger, said.line, severity, &said.message);
        let log = Log {
            time,
            resource,
            trace: columns.cell(Role::Trace, &row).map_or(said.trace, TraceId::of_text),
            span: columns.cell(Role::Span, &row).map_or(said.span, SpanId::of_text),
            severity,
            event,
        };
        if !into.logs.push(log) {
            rows.refused.add("no room for more lines");
        }
    }
}
