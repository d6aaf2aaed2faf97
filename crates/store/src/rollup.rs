//! What was counted per minute: of each operation, and of each caller of it.
//!
//! Invariant: made once, when a segment is written, from its spans alone; rollups of segments add up. A caller whose span is in
//! another segment is not known here. The number of rows is bounded: beyond it operations share one name.

use seam_signals::{Name, Names, Sketch, SpanId, SpanKind, Status, Telemetry, TraceId};
use std::collections::{BTreeMap, HashMap};

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Minutes since 1970.
    pub minute: i64,
    pub service: String,
    pub operation: String,
    /// The service of the parent span; empty where it is the same service, a root, or not known.
    pub caller: String,
    pub kind: SpanKind,
}

/// How often, how often wrong, how long.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rollup {
    pub count: u64,
    pub errors: u64,
    /// Of durations in nanoseconds.
    pub durations: Sketch,
}

impl Rollup {
    pub fn merge(&mut self, other: &Rollup) {
        self.count += other.count;
        self.errors += other.errors;
        self.durations.merge(&other.durations);
    }
}

/// At most so many rows a segment.
const MOST: usize = 20_000;

pub(crate) const MINUTE: i64 = 60_000_000_000;

/// Counts a segment's spans.
pub(crate) fn of(telemetry: &Telemetry) -> BTreeMap<Key, Rollup> {
    let mut services: HashMap<(TraceId, SpanId), Name> = HashMap::with_capacity(telemetry.spans.len());
    for (_, span) in telemetry.spans.rows() {
        services.insert((span.trace, span.id), telemetry.service(span.resource));
    }
    let mut counted: HashMap<(i64, Name, Option<Name>, Name, SpanKind), Rollup> = HashMap::new();
    for (_, span) in telemetry.spans.rows() {
        let service = telemetry.service(span.resource);
        let parent = services.get(&(span.trace, span.parent)).copied();
        let caller = parent.filter(|p| *p != service && !span.parent.is_none()).unwrap_or(Name::NONE);
        let minute = span.start.div_euclid(MINUTE);
        let mut key = (minute, service, Some(span.operation), caller, span.kind);
        if counted.len() >= MOST && !counted.contains_key(&key) {
            key.2 = None;
        }
        let row = counted.entry(key).or_default();
        row.count += 1;
        row.errors += u64::from(span.status == Status::Error);
        row.durations.add(span.duration() as f64);
    }
    let text = |name: Name| telemetry.text(name).to_owned();
    let mut out: BTreeMap<Key, Rollup> = BTreeMap::new();
    for ((minute, service, operation, caller, kind), row) in counted {
        let operation = operation.map_or_else(|| Names::OVERFLOW.to_owned(), text);
        let key = Key { minute, service: text(service), operation, caller: text(caller), kind };
        out.entry(key).or_default().merge(&row);
    }
    out
}
