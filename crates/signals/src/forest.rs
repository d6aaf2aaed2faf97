//! Spans as trees: parents, children, and the log lines of each span.
//!
//! Invariant: every live row has at most one parent, of its own trace, and no row is its own ancestor, whatever was read:
//! duplicates die, missing parents make roots, circles are cut, and each is counted. Nothing is known of services here but
//! that two spans have another resource.

use crate::{Instant, SpanKind, Spans, Telemetry, TraceId};

/// "No row".
pub const NONE: u32 = u32::MAX;

/// What was wrong with spans; said to the user, never an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flaws {
    /// The same span, said again.
    pub duplicates: u64,
    /// Lines said again.
    pub duplicate_lines: u64,
    /// A parent is named that was never seen.
    pub orphans: u64,
    /// A span that was its own ancestor.
    pub circles: u64,
    /// A child of another resource that starts before its parent: clocks differ.
    pub skewed: u64,
}

/// One trace: a range of [`Forest::rows`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    pub id: TraceId,
    /// When its first span started.
    pub start: Instant,
    from: u32,
    to: u32,
}

/// All trees.
#[derive(Clone, Debug, Default)]
pub struct Forest {
    parent: Vec<u32>,
    live: Vec<bool>,
    order: Vec<u32>,
    traces: Vec<Trace>,
    kids: Vec<u32>,
    kids_from: Vec<u32>,
    lines: Vec<u32>,
    lines_from: Vec<u32>,
    pub flaws: Flaws,
}

impl Forest {
    /// Grows the trees of all spans.
    pub fn of(telemetry: &Telemetry) -> Forest {
        let spans = &telemetry.spans;
        let mut forest = Forest { parent: vec![NONE; spans.len()], live: vec![true; spans.len()], ..Forest::default() };
        let by_id = forest.identify(spans);
        forest.join(spans, &by_id);
        forest.cut_circles();
        forest.arrange(spans);
        forest.hang_lines(telemetry, &by_id);
        forest
    }

    /// Rows by trace and identifier; what was said twice dies.
    fn identify(&mut self, spans: &Spans) -> Vec<(TraceId, u64, u32)> {
        let mut by_id: Vec<(TraceId, u64, u32)> = spans.rows().map(|(row, s)| (s.trace, s.id.0, row)).collect();
        by_id.sort_unstable();
        for pair in by_id.windows(2) {
            let (a, b) = (&pair[0], &pair[1]);
            if (a.0, a.1) != (b.0, b.1) {
                continue;
            }
            if let (Some(x), Some(y)) = (spans.get(a.2), spans.get(b.2))
                && (x.resource, x.operation, x.start) == (y.resource, y.operation, y.start)
            {
                self.live[b.2 as usize] = false;
                self.flaws.duplicates += 1;
            }
        }
        by_id.retain(|(_, _, row)| self.live[*row as usize]);
        by_id
    }

    fn join(&mut self, spans: &Spans, by_id: &[(TraceId, u64, u32)]) {
        for (row, span) in spans.rows() {
            if !self.live[row as usize] {
                continue;
            }
            // Zipkin's tracers give both sides of a call one identifier: the client's side is then the parent.
            if span.kind == SpanKind::Server
                && let Some(client) = found(by_id, span.trace, span.id.0)
                    .find(|r| spans.get(*r).is_some_and(|s| s.kind == SpanKind::Client))
            {
                self.parent[row as usize] = client;
                continue;
            }
            if span.parent.is_none() {
                continue;
            }
            let mut parents = found(by_id, span.trace, span.parent.0).filter(|p| *p != row);
            let Some(first) = parents.next() else {
                self.flaws.orphans += 1;
                continue;
            };
            let server = std::iter::once(first)
                .chain(parents)
                .find(|r| spans.get(*r).is_some_and(|s| s.kind == SpanKind::Server && s.resource == span.resource));
            let parent = server.unwrap_or(first);
            self.parent[row as usize] = parent;
            if let Some(p) = spans.get(parent)
                && p.resource != span.resource
                && span.start < p.start
            {
                self.flaws.skewed += 1;
            }
        }
    }

    fn cut_circles(&mut self) {
        // 0: not looked at, 1: on the way up now, 2: known to end.
        let mut state = vec![0u8; self.parent.len()];
        let mut way = Vec::new();
        for row in 0..self.parent.len() {
            let mut at = row;
            while state[at] == 0 {
                state[at] = 1;
                way.push(at);
                match self.parent[at] {
                    NONE => break,
                    up => at = up as usize,
                }
                if state[at] == 1 {
                    if let Some(last) = way.last() {
                        self.parent[*last] = NONE;
                        self.flaws.circles += 1;
                    }
                    break;
                }
            }
            for seen in way.drain(..) {
                state[seen] = 2;
            }
        }
    }

    fn arrange(&mut self, spans: &Spans) {
        let starts = spans.starts();
        let traces = spans.traces();
        self.order = (0..spans.len() as u32).filter(|r| self.live[*r as usize]).collect();
        self.order.sort_unstable_by_key(|r| (traces[*r as usize], starts[*r as usize], *r));
        let mut from = 0;
        while from < self.order.len() {
            let id = traces[self.order[from] as usize];
            let mut to = from + 1;
            // Without a trace's identifier each span is a trace of its own.
            while to < self.order.len() && !id.is_none() && traces[self.order[to] as usize] == id {
                to += 1;
            }
            let start = starts[self.order[from] as usize];
            self.traces.push(Trace { id, start, from: from as u32, to: to as u32 });
            from = to;
        }
        self.traces.sort_by_key(|t| (t.start, t.id));
        let mut counts = vec![0u32; spans.len() + 1];
        for row in &self.order {
            if self.parent[*row as usize] != NONE {
                counts[self.parent[*row as usize] as usize + 1] += 1;
            }
        }
        for i in 1..counts.len() {
            counts[i] += counts[i - 1];
        }
        self.kids_from = counts.clone();
        self.kids = vec![0; counts.last().copied().unwrap_or(0) as usize];
        for row in &self.order {
            let parent = self.parent[*row as usize];
            if parent != NONE {
                let at = &mut counts[parent as usize];
                self.kids[*at as usize] = *row;
                *at += 1;
            }
        }
    }

    fn hang_lines(&mut self, telemetry: &Telemetry, by_id: &[(TraceId, u64, u32)]) {
        let logs = telemetry.logs.rows();
        let mut hung: Vec<(u32, Instant, u32)> = Vec::new();
        for (at, log) in logs.iter().enumerate() {
            if log.span.is_none() {
                continue;
            }
            let mut rows = found(by_id, log.trace, log.span.0);
            if let Some(first) = rows.next() {
                let own = std::iter::once(first)
                    .chain(rows)
                    .find(|r| telemetry.spans.get(*r).is_some_and(|s| s.resource == log.resource));
                hung.push((own.unwrap_or(first), log.time, at as u32));
            }
        }
        hung.sort_unstable();
        let before = hung.len();
        hung.dedup_by(|b, a| a.0 == b.0 && a.1 == b.1 && logs[a.2 as usize].event == logs[b.2 as usize].event);
        self.flaws.duplicate_lines = (before - hung.len()) as u64;
        self.lines_from = vec![0; telemetry.spans.len() + 1];
        for (row, _, _) in &hung {
            self.lines_from[*row as usize + 1] += 1;
        }
        for i in 1..self.lines_from.len() {
            self.lines_from[i] += self.lines_from[i - 1];
        }
        self.lines = hung.into_iter().map(|(_, _, at)| at).collect();
    }

    /// Traces by their start.
    pub fn traces(&self) -> &[Trace] {
        &self.traces
    }

    /// The traces that started in `from..to`.
    pub fn within(&self, from: Instant, to: Instant) -> &[Trace] {
        let a = self.traces.partition_point(|t| t.start < from);
        let b = self.traces.partition_point(|t| t.start < to);
        &self.traces[a..b.max(a)]
    }

    /// The rows of a trace by their start.
    pub fn rows(&self, trace: &Trace) -> &[u32] {
        &self.order[trace.from as usize..trace.to as usize]
    }

    /// The row's parent, or [`NONE`].
    pub fn parent(&self, row: u32) -> u32 {
        self.parent.get(row as usize).copied().unwrap_or(NONE)
    }

    /// The row's children by their start.
    pub fn children(&self, row: u32) -> &[u32] {
        slice(&self.kids, &self.kids_from, row)
    }

    /// The row's log lines in order of time, as places in [`crate::Logs::rows`].
    pub fn lines(&self, row: u32) -> &[u32] {
        slice(&self.lines, &self.lines_from, row)
    }
}

fn slice<'a>(of: &'a [u32], from: &[u32], row: u32) -> &'a [u32] {
    match (from.get(row as usize), from.get(row as usize + 1)) {
        (Some(a), Some(b)) => &of[*a as usize..*b as usize],
        _ => &[],
    }
}

fn found(by_id: &[(TraceId, u64, u32)], trace: TraceId, id: u64) -> impl Iterator<Item = u32> + '_ {
    let from = by_id.partition_point(|(t, i, _)| (*t, *i) < (trace, id));
    by_id[from..].iter().take_while(move |(t, i, _)| (*t, *i) == (trace, id)).map(|(_, _, row)| *row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Name, Resource, Span, SpanId, Status};

    fn telemetry(spans: &[(u64, u64, i64)]) -> Telemetry {
        let mut telemetry = Telemetry::default();
        let resource = telemetry.resource(Resource::default());
        for (id, parent, start) in spans {
            telemetry.spans.push(Span {
                trace: TraceId(1),
                id: SpanId(*id),
                parent: SpanId(*parent),
                resource,
                operation: Name::NONE,
                kind: SpanKind::Unspecified,
                status: Status::Unset,
                start: *start,
                end: start + 1,
            });
        }
        telemetry
    }

    #[test]
    fn grows_trees_from_spans_in_any_order() {
        let forest = Forest::of(&telemetry(&[(3, 2, 2), (1, 0, 0), (2, 1, 1), (4, 1, 5)]));
        assert_eq!(forest.parent(0), 2);
        assert_eq!(forest.children(1), [2, 3]);
        assert_eq!(forest.traces().len(), 1);
        assert_eq!(forest.rows(&forest.traces()[0]), [1, 2, 0, 3]);
        assert_eq!(forest.flaws, Flaws::default());
    }

    #[test]
    fn survives_duplicates_missing_parents_and_circles() {
        let forest = Forest::of(&telemetry(&[(1, 2, 0), (2, 1, 1), (2, 1, 1), (5, 9, 2), (6, 6, 3)]));
        assert_eq!(forest.flaws.duplicates, 1);
        assert_eq!(forest.flaws.orphans, 2);
        assert_eq!(forest.flaws.circles, 1);
        let roots = (0..5).filter(|r| forest.parent(*r) == NONE).count();
        assert!(roots >= 3);
    }
}
