//! Spans as columns, their attributes and links as tables beside them.
//!
//! Invariant: rows are only ever added, so a row number is evidence for as long as the telemetry lives; attributes and links
//! are written right after their span and stand in order of rows. All columns have the same length.

use crate::clock::bounded;
use crate::{Attribute, Instant, Name, ResourceId, SpanId, TraceId};

/// What a span was to its trace (OpenTelemetry's `SpanKind`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpanKind {
    /// Not said: CSV files and old tracers. It is never guessed here.
    #[default]
    Unspecified,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// How a span ended (OpenTelemetry's `StatusCode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    #[default]
    Unset,
    Ok,
    Error,
}

/// One row of [`Spans`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub trace: TraceId,
    pub id: SpanId,
    /// `SpanId::NONE` for a root.
    pub parent: SpanId,
    pub resource: ResourceId,
    pub operation: Name,
    pub kind: SpanKind,
    pub status: Status,
    pub start: Instant,
    /// Never before `start`: [`Spans::push`] sees to it.
    pub end: Instant,
}

impl Span {
    /// How long it took, in nanoseconds.
    pub fn duration(&self) -> i64 {
        self.end.saturating_sub(self.start)
    }
}

/// Whether a child is not waited for: the kinds say so, or, where they say nothing, it starts when its parent is over.
pub fn is_parted(parent: &Span, child: &Span) -> bool {
    let call = parent.kind == SpanKind::Client && child.kind == SpanKind::Server;
    child.kind == SpanKind::Consumer
        || parent.kind == SpanKind::Producer
        || !call && child.start >= parent.end && parent.end > parent.start
}

/// A span that caused another one in another trace, as messages do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The row that has the link.
    pub row: u32,
    pub trace: TraceId,
    pub span: SpanId,
}

/// All spans.
#[derive(Clone, Debug, Default)]
pub struct Spans {
    trace: Vec<TraceId>,
    id: Vec<SpanId>,
    parent: Vec<SpanId>,
    resource: Vec<ResourceId>,
    operation: Vec<Name>,
    kind: Vec<SpanKind>,
    status: Vec<Status>,
    start: Vec<Instant>,
    end: Vec<Instant>,
    links: Vec<Link>,
    attributes: Vec<(u32, Attribute, Name)>,
}

impl Spans {
    /// At most so many spans in memory; a store gives windows that are smaller.
    pub const MOST: usize = 50_000_000;

    /// Adds a row and says its number; nothing when there is no room left. An end before its start counts as the start.
    pub fn push(&mut self, span: Span) -> Option<u32> {
        if self.trace.len() >= Spans::MOST {
            return None;
        }
        let row = self.trace.len() as u32;
        self.trace.push(span.trace);
        self.id.push(span.id);
        self.parent.push(span.parent);
        self.resource.push(span.resource);
        self.operation.push(span.operation);
        self.kind.push(span.kind);
        self.status.push(span.status);
        self.start.push(bounded(span.start));
        self.end.push(bounded(span.end.max(span.start)));
        Some(row)
    }

    /// Adds an attribute to the last row.
    pub fn attribute(&mut self, key: Attribute, value: Name) {
        if let Some(row) = (self.trace.len() as u32).checked_sub(1) {
            self.attributes.push((row, key, value));
        }
    }

    /// Adds a link to the last row.
    pub fn link(&mut self, trace: TraceId, span: SpanId) {
        if let Some(row) = (self.trace.len() as u32).checked_sub(1) {
            self.links.push(Link { row, trace, span });
        }
    }

    pub fn len(&self) -> usize {
        self.trace.len()
    }

    pub fn is_empty(&self) -> bool {
        self.trace.is_empty()
    }

    /// The row, copied out of its columns.
    pub fn get(&self, row: u32) -> Option<Span> {
        let i = row as usize;
        Some(Span {
            trace: *self.trace.get(i)?,
            id: self.id[i],
            parent: self.parent[i],
            resource: self.resource[i],
            operation: self.operation[i],
            kind: self.kind[i],
            status: self.status[i],
            start: self.start[i],
            end: self.end[i],
        })
    }

    /// All rows in the order in which they came.
    pub fn rows(&self) -> impl Iterator<Item = (u32, Span)> + '_ {
        (0..self.trace.len() as u32).filter_map(|row| self.get(row).map(|span| (row, span)))
    }

    pub fn starts(&self) -> &[Instant] {
        &self.start
    }

    pub fn traces(&self) -> &[TraceId] {
        &self.trace
    }

    /// The attributes of a row.
    pub fn attributes(&self, row: u32) -> impl Iterator<Item = (Attribute, Name)> + '_ {
        let from = self.attributes.partition_point(|(r, _, _)| *r < row);
        self.attributes[from..].iter().take_while(move |(r, _, _)| *r == row).map(|(_, key, value)| (*key, *value))
    }

    /// One attribute of a row.
    pub fn value(&self, row: u32, key: Attribute) -> Option<Name> {
        self.attributes(row).find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// The links of a row.
    pub fn links(&self, row: u32) -> &[Link] {
        let from = self.links.partition_point(|l| l.row < row);
        let to = from + self.links[from..].partition_point(|l| l.row == row);
        &self.links[from..to]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: u64) -> Span {
        Span {
            trace: TraceId(1),
            id: SpanId(id),
            parent: SpanId::NONE,
            resource: ResourceId::default(),
            operation: Name::NONE,
            kind: SpanKind::Server,
            status: Status::Error,
            start: 10,
            end: 5,
        }
    }

    #[test]
    fn gives_back_what_was_pushed_with_attributes_and_links_of_their_row() {
        let mut names = crate::Names::default();
        let (get, post) = (names.intern("GET"), names.intern("POST"));
        let mut spans = Spans::default();
        spans.push(span(1));
        spans.attribute(Attribute::HttpMethod, get);
        spans.push(span(2));
        spans.push(span(3));
        spans.attribute(Attribute::HttpMethod, post);
        spans.link(TraceId(9), SpanId(9));
        assert_eq!(spans.value(0, Attribute::HttpMethod), Some(get));
        assert_eq!(spans.value(1, Attribute::HttpMethod), None);
        assert_eq!(spans.value(2, Attribute::HttpMethod), Some(post));
        assert_eq!(spans.links(1), []);
        assert_eq!(spans.links(2).len(), 1);
        assert_eq!(spans.get(0).map(|s| s.duration()), Some(0));
    }
}
