//! OTLP: what OpenTelemetry's SDKs and collectors send, as protocol buffers and as JSON.
//!
//! Invariant: both ways of writing give the same rows; a record that lacks what makes it one is counted and costs nothing
//! else; a message that ends in its middle keeps what stood before. Source: opentelemetry-proto 1.10; "OTLP Specification 1.9".

mod json;
mod lines;
mod points;
mod request;
mod rows;
mod spans;
mod wire;
mod write;

pub use json::json;
pub use request::{ACCEPTED, refusal, signal};
pub use rows::{Rows, rows};
pub use write::write;

use crate::losses::{Losses, NO_ROOM};
use crate::value::Any;
use crate::who::Who;
use crate::{
    Attribute, Log, Name, ResourceId, SeriesKey, Severity, Span, SpanId, SpanKind, Statistic, Status, Telemetry,
    Temporality, TraceId,
};
use wire::{Broken, Fields, Value};

/// What a request or a file carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    Traces,
    Logs,
    Metrics,
}

impl Signal {
    /// What one record is called.
    pub fn record(self) -> &'static str {
        match self {
            Signal::Traces => "span",
            Signal::Logs => "line",
            Signal::Metrics => "point",
        }
    }
}

/// What became of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Records that were kept.
    pub taken: u64,
    pub losses: Losses,
    /// The bytes are no such message, or end within it.
    pub broken: bool,
}

impl Decoded {
    /// What is to be told of a file that was read so.
    pub fn problems(&self) -> Vec<seam_facts::Problem> {
        let mut problems = self.losses.problems();
        if self.broken {
            let message =
                format!("the message ends early or is not OTLP: {} records before that were kept", self.taken);
            problems.push(seam_facts::Problem::new(seam_facts::ProblemKind::Syntax, message, None));
        }
        problems
    }

    /// Adds what became of a further part.
    pub fn join(&mut self, other: Decoded) {
        self.taken += other.taken;
        self.losses.join(&other.losses);
        self.broken |= other.broken;
    }
}

/// Reads one message: an `Export…ServiceRequest`, or `TracesData` and its siblings, which are written alike.
pub fn protobuf(bytes: &[u8], signal: Signal, into: &mut Telemetry) -> Decoded {
    let mut sink = Sink::new(into);
    let result = sink.groups(bytes, signal);
    sink.decoded.broken |= result.is_err();
    sink.decoded
}

/// Reads what a collector's file exporter writes: messages, each behind its length (four bytes, big end first), or one
/// message alone. Which signal each carries is seen in it.
pub fn file(bytes: &[u8], into: &mut Telemetry) -> Decoded {
    let mut all = Decoded::default();
    let mut rest = bytes;
    if framed(bytes) {
        while let Some((head, tail)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*head) as usize;
            let Some((message, tail)) = tail.split_at_checked(length) else { break };
            if let Some(signal) = signal(message) {
                all.join(protobuf(message, signal, into));
            } else if !message.is_empty() {
                all.broken = true;
            }
            rest = tail;
        }
        all.broken |= !rest.is_empty();
        return all;
    }
    match signal(bytes) {
        Some(signal) => protobuf(bytes, signal, into),
        None => Decoded { broken: true, ..Decoded::default() },
    }
}

/// Whether bytes are messages behind their lengths: a message itself starts with `0x0a`, a length of its own does not.
pub(crate) fn framed(bytes: &[u8]) -> bool {
    let Some((head, tail)) = bytes.split_first_chunk::<4>() else { return false };
    let length = u32::from_be_bytes(*head) as usize;
    head[0] != 0x0a && length > 0 && tail.first() == Some(&0x0a)
}

/// Where records go, with what all of them need.
struct Sink<'t> {
    into: &'t mut Telemetry,
    decoded: Decoded,
    room: String,
}

/// The plain parts of a span.
#[derive(Clone, Copy, Default)]
struct Draft {
    trace: TraceId,
    id: SpanId,
    parent: SpanId,
    kind: SpanKind,
    status: Status,
    start: u64,
    end: u64,
}

impl<'t> Sink<'t> {
    fn new(into: &'t mut Telemetry) -> Self {
        Sink { into, decoded: Decoded::default(), room: String::new() }
    }

    /// `ResourceSpans` and its siblings: the resource may stand behind what it speaks for.
    fn groups(&mut self, bytes: &[u8], signal: Signal) -> Result<(), Broken> {
        let mut fields = Fields(bytes);
        while let Some((number, value)) = fields.next()? {
            if number != 1 {
                continue;
            }
            let group = value.bytes();
            let resource = self.speaker(group)?;
            let mut scopes = Fields(group);
            while let Some((number, scope)) = scopes.next()? {
                // 1000: libraries instead of scopes, until version 0.15.
                if number == 2 || number == 1000 {
                    match signal {
                        Signal::Traces => self.spans(resource, scope.bytes())?,
                        Signal::Logs => self.lines(resource, scope.bytes())?,
                        Signal::Metrics => self.points(resource, scope.bytes())?,
                    }
                }
            }
        }
        Ok(())
    }

    fn speaker(&mut self, group: &[u8]) -> Result<ResourceId, Broken> {
        let mut who = Who::default();
        let mut fields = Fields(group);
        while let Some((number, value)) = fields.next()? {
            if number == 1 {
                let mut attributes = Fields(value.bytes());
                while let Some((number, pair)) = attributes.next()? {
                    if number == 1 {
                        let (key, value) = pair_of(pair.bytes())?;
                        who.add(key, &value);
                    }
                }
            }
        }
        Ok(who.resource("", self.into))
    }

    /// Adds a span; says whether its attributes may follow.
    fn span(&mut self, resource: ResourceId, name: &str, draft: Draft) -> bool {
        let lost = if draft.id.is_none() {
            "it has no identifier"
        } else if draft.trace.is_none() {
            "it has no trace"
        } else if draft.start == 0 || draft.start > i64::MAX as u64 {
            "it has no start that can be"
        } else {
            let operation = self.into.names.intern(name);
            let span = Span {
                trace: draft.trace,
                id: draft.id,
                parent: draft.parent,
                resource,
                operation,
                kind: draft.kind,
                status: draft.status,
                start: draft.start as i64,
                end: i64::try_from(draft.end).unwrap_or(draft.start as i64),
            };
            if self.into.spans.push(span).is_some() {
                self.decoded.taken += 1;
                return true;
            }
            NO_ROOM
        };
        self.decoded.losses.add("span", lost);
        false
    }

    fn attribute(&mut self, key: &str, value: &Any<'_>) {
        crate::value::keep(key, value, &mut self.room, self.into);
    }

    /// What happened within a span is a line of it; an exception is also said of the span itself.
    fn event(&mut self, draft: Draft, resource: ResourceId, time: u64, name: &str, pairs: &[(&str, Any<'_>)]) {
        let mut text = name.to_owned();
        let mut exception = false;
        for (key, value) in pairs {
            let kept = match Attribute::of_key(key) {
                Some(Attribute::ExceptionType | Attribute::ExceptionMessage | Attribute::ExceptionStack) => {
                    exception = true;
                    self.attribute(key, value);
                    true
                }
                _ => matches!(*key, "message" | "event" | "error.object"),
            };
            if kept && let Some(said) = value.text(&mut self.room) {
                text.push_str(if key.ends_with("stacktrace") || *key == "error.stack" { "\n" } else { ": " });
                text.push_str(said);
            }
        }
        // Those of RPC instrumentation: one for every message that is sent.
        if name == "message" && !exception {
            return;
        }
        let severity = if exception { Severity::Error } else { Severity::Unspecified };
        let time = i64::try_from(time).ok().filter(|t| *t > 0).unwrap_or(draft.start as i64);
        let event = self.into.event(Name::NONE, 0, severity, &text);
        self.into.logs.push(Log { time, resource, trace: draft.trace, span: draft.id, severity, event });
    }

    fn point(&mut self, at: &At, statistic: Statistic, temporality: Temporality, value: f64) {
        let key = SeriesKey { resource: at.resource, metric: at.metric, statistic, temporality, labels: at.labels };
        let Some(time) = i64::try_from(at.time).ok().filter(|t| *t > 0) else {
            return self.decoded.losses.add("point", "it has no instant that can be");
        };
        if !value.is_finite() {
            return self.decoded.losses.add("point", "its value is no finite number");
        }
        match self.into.metrics.push(key, at.unit, time, value) {
            true => self.decoded.taken += 1,
            false => self.decoded.losses.add("point", NO_ROOM),
        }
    }

    /// Labels in order, as [`SeriesKey`] wants them.
    fn labels(&mut self, pairs: &mut [(&str, Any<'_>)]) -> Name {
        pairs.sort_by(|a, b| a.0.cmp(b.0));
        let mut all = String::new();
        for (key, value) in pairs {
            if let Some(text) = value.text(&mut self.room) {
                if !all.is_empty() {
                    all.push(',');
                }
                all.push_str(key);
                all.push('=');
                all.push_str(text);
            }
        }
        self.into.names.value(&all)
    }
}

/// Which series a point belongs to, and when it was.
#[derive(Clone, Copy)]
struct At {
    resource: ResourceId,
    metric: Name,
    unit: Name,
    labels: Name,
    time: u64,
}

fn kind(number: u64) -> SpanKind {
    match number {
        1 => SpanKind::Internal,
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}

fn status(number: u64) -> Status {
    match number {
        1 => Status::Ok,
        2 => Status::Error,
        _ => Status::Unset,
    }
}

fn temporality(number: u64) -> Temporality {
    match number {
        1 => Temporality::Delta,
        2 => Temporality::Cumulative,
        _ => Temporality::Level,
    }
}

/// `KeyValue`.
fn pair_of(bytes: &[u8]) -> Result<(&str, Any<'_>), Broken> {
    let (mut key, mut any) = ("", Any::None);
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => key = std::str::from_utf8(value.bytes()).unwrap_or(""),
            2 => any = any_of(value.bytes())?,
            _ => {}
        }
    }
    Ok((key, any))
}

/// `AnyValue`; lists, maps and bytes are none.
fn any_of(bytes: &[u8]) -> Result<Any<'_>, Broken> {
    let mut any = Any::None;
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.next()? {
        any = match (number, value) {
            (1, Value::Bytes(text)) => Any::of_bytes(text),
            (2, value) => Any::Bool(value.number() != 0),
            (3, value) => Any::Int(value.number() as i64),
            (4, value) => Any::Double(value.double()),
            _ => any,
        };
    }
    Ok(any)
}

fn trace_of(bytes: &[u8]) -> TraceId {
    TraceId(bytes.try_into().map_or(0, u128::from_be_bytes))
}

fn span_of(bytes: &[u8]) -> SpanId {
    SpanId(bytes.try_into().map_or(0, u64::from_be_bytes))
}

fn text_of<'a>(value: Value<'a>) -> std::borrow::Cow<'a, str> {
    String::from_utf8_lossy(value.bytes())
}
