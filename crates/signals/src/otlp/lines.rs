//! Log records, from their wire format straight into columns.
//!
//! Invariant: what a record states wins over what its text says; a text that says more (a collector that reads files sends
//! whole lines) is read as a line of a file is.

use super::wire::{Broken, Fields};
use super::{NO_ROOM, Sink, any_of, pair_of, span_of, text_of, trace_of};
use crate::value::Any;
use crate::{Attribute, Log, Name, ResourceId, Severity, SpanId, TraceId};

/// The parts of a record.
#[derive(Default)]
pub(super) struct Record {
    pub time: u64,
    pub observed: u64,
    pub severity: Severity,
    pub body: String,
    pub logger: String,
    pub line: u32,
    pub trace: TraceId,
    pub span: SpanId,
    /// Type, message and stack of an exception.
    pub exception: [String; 3],
}

impl Record {
    pub fn attribute(&mut self, key: &str, value: &Any<'_>) {
        let mut room = String::new();
        let mut set = |out: &mut String| {
            if let Some(text) = value.text(&mut room) {
                *out = text.to_owned();
            }
        };
        match Attribute::of_key(key) {
            Some(Attribute::ExceptionType) => set(&mut self.exception[0]),
            Some(Attribute::ExceptionMessage) => set(&mut self.exception[1]),
            Some(Attribute::ExceptionStack) => set(&mut self.exception[2]),
            Some(Attribute::CodeFile) => set(&mut self.logger),
            Some(Attribute::CodeLine) => {
                // Where values are kept as texts, it is one.
                self.line = match value {
                    Any::Int(line) => u32::try_from(*line).unwrap_or(0),
                    Any::Text(line) => line.parse().unwrap_or(0),
                    Any::None | Any::Bool(_) | Any::Double(_) => self.line,
                };
            }
            _ => {}
        }
    }

    fn text(&self) -> String {
        let [kind, message, stack] = &self.exception;
        let mut text = self.body.clone();
        for part in [kind, message].into_iter().filter(|p| !p.is_empty() && !self.body.contains(p.as_str())) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(part);
        }
        if !stack.is_empty() {
            text.push('\n');
            text.push_str(stack);
        }
        text
    }
}

impl Sink<'_> {
    /// `ScopeLogs`.
    pub(super) fn lines(&mut self, resource: ResourceId, scope: &[u8]) -> Result<(), Broken> {
        let mut logger = String::new();
        let mut fields = Fields(scope);
        while let Some((number, value)) = fields.next()? {
            if number == 1 {
                let mut fields = Fields(value.bytes());
                while let Some((number, value)) = fields.next()? {
                    if number == 1 {
                        logger = text_of(value).into_owned();
                    }
                }
            }
        }
        let mut fields = Fields(scope);
        while let Some((number, value)) = fields.next()? {
            if number == 2 {
                let record = record(value.bytes(), &logger)?;
                self.line(resource, record);
            }
        }
        Ok(())
    }

    pub(super) fn line(&mut self, resource: ResourceId, mut record: Record) {
        let stated = if record.time > 0 { record.time } else { record.observed };
        let mut message = record.text();
        if record.severity == Severity::Unspecified {
            let said = crate::lines::parse(&message);
            record.severity = said.severity;
            if record.trace.is_none() {
                (record.trace, record.span) = (said.trace, said.span);
            }
            if said.line > 0 || record.logger.is_empty() {
                (record.logger, record.line) = (said.logger, said.line);
            }
            if !said.message.is_empty() {
                message = said.message;
            }
        }
        let Some(time) = i64::try_from(stated).ok().filter(|t| *t > 0) else {
            return self.decoded.losses.add("line", "it has no instant that can be");
        };
        let logger = if record.logger.is_empty() { Name::NONE } else { self.into.names.intern(&record.logger) };
        let event = self.into.event(logger, record.line, record.severity, &message);
        let Record { trace, span, severity, .. } = record;
        match self.into.logs.push(Log { time, resource, trace, span, severity, event }) {
            true => self.decoded.taken += 1,
            false => self.decoded.losses.add("line", NO_ROOM),
        }
    }
}

/// `LogRecord`.
fn record(bytes: &[u8], logger: &str) -> Result<Record, Broken> {
    let mut record = Record { logger: logger.to_owned(), ..Record::default() };
    let mut word = String::new();
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => record.time = value.number(),
            2 => record.severity = Severity::of_number(value.number() as i64),
            3 => word = text_of(value).into_owned(),
            5 => {
                let mut room = String::new();
                record.body = any_of(value.bytes())?.text(&mut room).unwrap_or("").to_owned();
            }
            6 => {
                let (key, any) = pair_of(value.bytes())?;
                record.attribute(key, &any);
            }
            9 => record.trace = trace_of(value.bytes()),
            10 => record.span = span_of(value.bytes()),
            11 => record.observed = value.number(),
            _ => {}
        }
    }
    if record.severity == Severity::Unspecified {
        record.severity = Severity::of_word(&word).unwrap_or_default();
    }
    Ok(record)
}
