//! Log lines as columns: when, whose, in which span, and which statement wrote them.
//!
//! Invariant: a line is kept as the [`Event`] that it is an instance of, not as its text; each event keeps one example. So ten
//! gigabytes of lines cost what their statements cost and some forty bytes a line.

use crate::{Instant, Name, ResourceId, SpanId, TraceId};
use seam_facts::SmolStr;
use std::collections::HashMap;

/// How bad a line says it is (OpenTelemetry's severity ranges).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    #[default]
    Unspecified,
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Severity {
    /// The level that a word names, in any case: `WARNING`, `err`, `crit`, `I`.
    pub fn of_word(word: &str) -> Option<Severity> {
        let mut lower = [0u8; 13];
        let slice = lower.get_mut(..word.len())?;
        slice.copy_from_slice(word.as_bytes());
        slice.make_ascii_lowercase();
        Some(match &*slice {
            b"trace" | b"finest" | b"finer" | b"trc" => Severity::Trace,
            b"debug" | b"fine" | b"dbg" | b"verbose" => Severity::Debug,
            b"info" | b"inf" | b"information" | b"notice" | b"informational" => Severity::Info,
            b"warn" | b"warning" | b"wrn" => Severity::Warn,
            b"error" | b"err" | b"severe" | b"eror" => Severity::Error,
            b"fatal" | b"crit" | b"critical" | b"panic" | b"alert" | b"emerg" | b"emergency" => Severity::Fatal,
            _ => return None,
        })
    }

    /// OpenTelemetry's `SeverityNumber`, four to a level.
    pub fn of_number(number: i64) -> Severity {
        match number {
            1..=4 => Severity::Trace,
            5..=8 => Severity::Debug,
            9..=12 => Severity::Info,
            13..=16 => Severity::Warn,
            17..=20 => Severity::Error,
            21..=24 => Severity::Fatal,
            _ => Severity::Unspecified,
        }
    }
}

/// The number of an [`Event`]; it never leaves the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u32);

/// A statement that writes lines, as far as lines tell: what wrote it and what stays the same in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The logger, usually a class: `t.s.TravelServiceImpl`; `Name::NONE` where lines do not say.
    pub logger: Name,
    /// The line of the source that the text itself gives (`Class#532`, `main.go:17`); zero where it does not.
    pub line: u32,
    /// The text with its varying parts taken out.
    pub template: Name,
    /// The worst severity seen.
    pub severity: Severity,
    /// The first line that was seen, cut.
    pub example: SmolStr,
    pub count: u64,
}

/// One row of [`Logs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    pub time: Instant,
    pub resource: ResourceId,
    pub trace: TraceId,
    pub span: SpanId,
    pub severity: Severity,
    pub event: EventId,
}

/// All log lines.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    rows: Vec<Log>,
    events: Vec<Event>,
    /// Only looked up: logger, line, and the template where there is no line.
    index: HashMap<(Name, u32, Name), EventId>,
}

impl Logs {
    /// At most so many lines in memory.
    pub const MOST: usize = 50_000_000;

    /// At most so many different statements; a line of one more counts as the last.
    pub const MOST_EVENTS: usize = 1 << 17;

    /// An example is kept up to so many bytes.
    pub const LONGEST: usize = 2048;

    /// The event of a statement, its template known. Where the text gives file and line these are its identity, else the
    /// template is. See [`crate::Telemetry::event`] for lines whose template is not known.
    pub fn event(&mut self, logger: Name, line: u32, template: Name, severity: Severity, text: &str) -> EventId {
        let identity = (logger, line, if line > 0 { Name::NONE } else { template });
        let id = match self.index.get(&identity) {
            Some(id) => *id,
            None if self.events.len() < Logs::MOST_EVENTS => {
                let id = EventId(self.events.len() as u32);
                let example = crate::names::cut(text, Logs::LONGEST).into();
                self.events.push(Event { logger, line, template, severity, example, count: 0 });
                self.index.insert(identity, id);
                id
            }
            None => EventId(self.events.len() as u32 - 1),
        };
        if let Some(event) = self.events.get_mut(id.0 as usize) {
            event.count += 1;
            event.severity = event.severity.max(severity);
        }
        id
    }

    /// Counts one more line of an event that is known already.
    pub(crate) fn again(&mut self, id: EventId, severity: Severity, template: Option<Name>) {
        if let Some(event) = self.events.get_mut(id.0 as usize) {
            event.count += 1;
            event.severity = event.severity.max(severity);
            event.template = template.unwrap_or(event.template);
        }
    }

    /// The event of a place in the source, if a line of it was seen.
    pub(crate) fn placed(&self, logger: Name, line: u32) -> Option<EventId> {
        self.index.get(&(logger, line, Name::NONE)).copied()
    }

    /// Adds a row; says whether there was room for it.
    pub fn push(&mut self, log: Log) -> bool {
        let room = self.rows.len() < Logs::MOST;
        if room {
            self.rows.push(Log { time: crate::clock::bounded(log.time), ..log });
        }
        room
    }

    pub fn rows(&self) -> &[Log] {
        &self.rows
    }

    pub fn events(&self) -> &[Event] {
        &self.events
    }

    pub fn get(&self, event: EventId) -> Option<&Event> {
        self.events.get(event.0 as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_statement_are_one_event() {
        let mut names = crate::Names::default();
        let mut logs = Logs::default();
        let (logger, one, two) = (names.intern("Cart"), names.intern("added <*>"), names.intern("added it"));
        let a = logs.event(logger, 12, one, Severity::Info, "added 3");
        let b = logs.event(logger, 12, two, Severity::Error, "added it");
        assert_eq!(a, b, "file and line say it all");
        let c = logs.event(logger, 0, one, Severity::Info, "added 3");
        let d = logs.event(logger, 0, two, Severity::Info, "added it");
        assert_ne!(c, d);
        assert_eq!(logs.get(a).map(|e| (e.count, e.severity)), Some((2, Severity::Error)));
    }

    #[test]
    fn understands_the_words_for_levels() {
        assert_eq!(Severity::of_word("WARNING"), Some(Severity::Warn));
        assert_eq!(Severity::of_word("err"), Some(Severity::Error));
        assert_eq!(Severity::of_word("a much longer word than that"), None);
        assert_eq!(Severity::of_number(17), Severity::Error);
    }
}
