//! What one window of time looked like: how often each thing was followed by which, failed, or took how long.
//!
//! Invariant: a profile is counts and buckets only, so it adds up and is small; it is the same for any order of rows. What is
//! counted is local to one service (or one pair that was seen together in a trace): no topology is needed.

use crate::buckets::Buckets;
use crate::spans::is_parted;
use crate::{EventId, Forest, Instant, Name, Severity, Status, Telemetry, forest};
use std::collections::{BTreeMap, BTreeSet};

/// `from` is in it, `to` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    pub from: Instant,
    pub to: Instant,
}

/// Something that happens within one span, in order: its start, the lines that it wrote, its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    Start(Name),
    Line(EventId),
    End,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// What follows a step of a service.
    After(Name, Step),
    /// Which spans an operation has below it: service, the operation above, the operation.
    Within(Name, Name, Name),
    /// How often an operation of a service fails.
    Outcome(Name, Name),
    /// How long an operation of a service takes itself, children taken off.
    Own(Name, Name),
    /// How long a call takes beyond what the callee says: caller, callee.
    Between(Name, Name),
    /// How long a message waits: sender, receiver.
    Waiting(Name, Name),
    /// How many of all spans of a service take longer than each of them did. Not tallied: summed over the others.
    Laden(Name),
}

impl Context {
    /// The service that it is counted for.
    pub fn service(&self) -> Name {
        match self {
            Context::After(s, _)
            | Context::Within(s, _, _)
            | Context::Outcome(s, _)
            | Context::Own(s, _)
            | Context::Between(s, _)
            | Context::Waiting(s, _)
            | Context::Laden(s) => *s,
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    Then(Step),
    /// A span of a service and its operation stands below.
    Below(Name, Name),
    /// No span stands below.
    Nothing,
    Failed,
}

/// How often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub n: u32,
    pub outcomes: BTreeMap<Outcome, u32>,
    pub times: Buckets,
}

/// All counts of one window.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub tallies: BTreeMap<Context, Tally>,
    pub traces: usize,
    pub spans: usize,
}

/// What one span tells, before it is counted.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub service: Name,
    pub operation: Name,
    pub above: Name,
    pub steps: Vec<(Step, Instant)>,
    pub below: BTreeSet<(Name, Name)>,
    pub failed: bool,
    /// Own time, where the span calls no other service.
    pub own: Option<i64>,
    /// Callee and what the call took beyond it.
    pub between: Option<(Name, i64)>,
    pub waiting: Vec<(Name, i64)>,
}

impl Profile {
    /// Counts the traces that started in `window`.
    pub fn of(telemetry: &Telemetry, forest: &Forest, window: Window) -> Profile {
        let mut profile = Profile::default();
        for trace in forest.within(window.from, window.to) {
            profile.traces += 1;
            for row in forest.rows(trace) {
                profile.spans += 1;
                if let Some(seen) = look(telemetry, forest, *row) {
                    profile.add(&seen);
                }
            }
        }
        profile
    }

    fn add(&mut self, seen: &Seen) {
        let (service, operation) = (seen.service, seen.operation);
        for pair in seen.steps.windows(2) {
            let tally = self.tallies.entry(Context::After(service, pair[0].0)).or_default();
            tally.n += 1;
            *tally.outcomes.entry(Outcome::Then(pair[1].0)).or_default() += 1;
        }
        let within = self.tallies.entry(Context::Within(service, seen.above, operation)).or_default();
        within.n += 1;
        for (child, what) in &seen.below {
            *within.outcomes.entry(Outcome::Below(*child, *what)).or_default() += 1;
        }
        if seen.below.is_empty() {
            *within.outcomes.entry(Outcome::Nothing).or_default() += 1;
        }
        let outcome = self.tallies.entry(Context::Outcome(service, operation)).or_default();
        outcome.n += 1;
        if seen.failed {
            *outcome.outcomes.entry(Outcome::Failed).or_default() += 1;
        }
        if let Some(own) = seen.own {
            self.time(Context::Own(service, operation), own);
        }
        if let Some((callee, time)) = seen.between {
            self.time(Context::Between(service, callee), time);
        }
        for (receiver, time) in &seen.waiting {
            self.time(Context::Waiting(service, *receiver), *time);
        }
    }

    fn time(&mut self, context: Context, nanoseconds: i64) {
        let tally = self.tallies.entry(context).or_default();
        tally.n += 1;
        tally.times.add(nanoseconds);
    }
}

/// What the span in `row` tells.
pub(crate) fn look(telemetry: &Telemetry, forest: &Forest, row: u32) -> Option<Seen> {
    let span = telemetry.spans.get(row)?;
    let service = telemetry.service(span.resource);
    let mut seen = Seen { service, operation: span.operation, failed: span.status == Status::Error, ..Seen::default() };
    if let Some(parent) = telemetry.spans.get(forest.parent(row)).filter(|_| forest.parent(row) != forest::NONE)
        && telemetry.service(parent.resource) == service
    {
        seen.above = parent.operation;
    }
    seen.steps.push((Step::Start(span.operation), span.start));
    for at in forest.lines(row) {
        let Some(log) = telemetry.logs.rows().get(*at as usize) else { continue };
        seen.failed |= log.severity >= Severity::Error;
        seen.steps.push((Step::Line(log.event), log.time));
    }
    seen.steps.push((Step::End, span.end));
    // What children took, each moved into its parent: clocks of two machines differ, durations do not.
    let mut covered: Vec<(i64, i64)> = Vec::new();
    let mut callee = None;
    for kid in forest.children(row) {
        let Some(child) = telemetry.spans.get(*kid) else { continue };
        let whose = telemetry.service(child.resource);
        seen.below.insert((whose, child.operation));
        let parted = is_parted(&span, &child);
        if parted && whose != service {
            seen.waiting.push((whose, child.start.saturating_sub(span.start).max(0)));
            continue;
        }
        if whose != service {
            callee = Some(whose);
        }
        let start = child.start.clamp(span.start, span.end);
        let start = start.min(span.end.saturating_sub(child.duration())).max(span.start);
        covered.push((start, start.saturating_add(child.duration()).min(span.end)));
    }
    let own = span.duration() - union(&mut covered);
    match callee {
        Some(callee) => seen.between = Some((callee, own)),
        None => seen.own = Some(own),
    }
    Some(seen)
}

fn union(ranges: &mut [(i64, i64)]) -> i64 {
    ranges.sort_unstable();
    let (mut total, mut end) = (0, i64::MIN);
    for (from, to) in ranges.iter() {
        let from = (*from).max(end);
        if *to > from {
            total += to - from;
            end = *to;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_overlap_count_once() {
        assert_eq!(union(&mut [(0, 10), (5, 20), (30, 40), (31, 32)]), 30);
        assert_eq!(union(&mut []), 0);
    }
}
