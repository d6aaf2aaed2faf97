//! What a report shows beside suspects: the course of each service over time, one trace as a waterfall, who calls whom.
//!
//! Invariant: figures only, bounded; nothing is judged here.

use crate::signs::{Calls, End, is_entry};
use crate::windows::Plan;
use seam_signals::{Buckets, Forest, Instant, NONE, Status, Telemetry, TraceId, Window};
use std::collections::BTreeMap;

/// One slice of a service's course.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slice {
    pub from: Instant,
    pub requests: u32,
    pub failed: u32,
    /// Nanoseconds, the 95th percentile.
    pub slow: i64,
}

/// One span of a waterfall.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    pub depth: usize,
    pub service: String,
    pub operation: String,
    /// Nanoseconds after the first span began, and how long it lasts.
    pub after: i64,
    pub lasts: i64,
    pub failed: bool,
}

/// So many slices are drawn at most, and so many spans.
const SLICES: usize = 120;
const BARS: usize = 200;

/// The course of every service whose requests are seen, in slices of the plan's length.
pub fn courses(telemetry: &Telemetry, forest: &Forest, plan: &Plan) -> BTreeMap<String, Vec<Slice>> {
    // Only spans are counted: meters may have been read all day.
    let starts = || telemetry.spans.rows().map(|(_, s)| s.start);
    let (Some(first), Some(last)) = (starts().min(), starts().max()) else { return BTreeMap::new() };
    let step = plan.step.max(1).max((last - first) / SLICES as i64 + 1);
    // Around what is explained, where all would be too much.
    let anchor = plan.window.map_or(first, |w: Window| w.from);
    let from = anchor - (anchor - first).div_euclid(step) * step - step;
    let count = (((last - from) / step + 1).max(1) as usize).min(SLICES + 2);
    let mut out: BTreeMap<String, Vec<(Slice, Buckets)>> = BTreeMap::new();
    for (row, span) in telemetry.spans.rows() {
        let service = telemetry.service(span.resource);
        if !is_entry(telemetry, forest, row) {
            continue;
        }
        let slices = out.entry(telemetry.text(service).to_owned()).or_insert_with(|| {
            (0..count)
                .map(|i| (Slice { from: from + i as i64 * step, ..Slice::default() }, Buckets::default()))
                .collect()
        });
        let Some((slice, times)) = slices.get_mut(((span.start - from) / step).max(0) as usize) else { continue };
        slice.requests += 1;
        slice.failed += u32::from(span.status == Status::Error);
        times.add(span.duration());
    }
    let settled = |slices: Vec<(Slice, Buckets)>| {
        slices.into_iter().map(|(slice, times)| Slice { slow: times.quantile(0.95), ..slice }).collect()
    };
    out.into_iter().map(|(service, slices)| (service, settled(slices))).collect()
}

/// The trace of a span, parents before their children.
pub fn waterfall(telemetry: &Telemetry, forest: &Forest, trace: TraceId) -> Vec<Bar> {
    let Some(found) = forest.traces().iter().find(|t| t.id == trace) else { return Vec::new() };
    let rows = forest.rows(found);
    let mut out = Vec::new();
    let mut open: Vec<(u32, usize)> =
        rows.iter().rev().filter(|r| forest.parent(**r) == NONE).map(|r| (*r, 0)).collect();
    while let Some((row, depth)) = open.pop() {
        let Some(span) = telemetry.spans.get(row) else { continue };
        if out.len() >= BARS {
            break;
        }
        out.push(Bar {
            depth,
            service: telemetry.text(telemetry.service(span.resource)).to_owned(),
            operation: telemetry.text(span.operation).to_owned(),
            after: span.start.saturating_sub(found.start),
            lasts: span.duration(),
            failed: span.status == Status::Error,
        });
        open.extend(forest.children(row).iter().rev().map(|r| (*r, depth + 1)));
    }
    out
}

/// Who calls whom between services that speak, and how often.
pub fn lines(telemetry: &Telemetry, forest: &Forest) -> Vec<(String, String, u64)> {
    let calls = Calls::of(telemetry, forest);
    let mut out: BTreeMap<(String, String), u64> = BTreeMap::new();
    for ((caller, end, _), seen) in calls.all {
        if let End::Service(callee) = end {
            *out.entry((caller, callee)).or_default() += seen.count;
        }
    }
    out.into_iter().map(|((a, b), n)| (a, b, n)).collect()
}
