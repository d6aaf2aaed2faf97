//! What is other than usual in a window, as data: which context, how much, how surprising.
//!
//! Invariant: a deviation has been seen in rows that can be shown ([`sightings`]); its effect is a share between 0 and 1 and its
//! surprise has been lowered by the number of comparisons that were made (Bonferroni), so that looking at more finds no more.

use crate::buckets::Buckets;
use crate::chance::Usual;
use crate::history::History;
use crate::profile::{Context, Outcome, Profile, Step, Tally, Window, look};
use crate::{Forest, Instant, Name, Telemetry};
use std::collections::BTreeMap;

/// What is other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A step is no longer followed by what followed it; what follows most often instead.
    LostStep { after: Step, expected: Step, instead: Step },
    /// An operation no longer has a span below it.
    LostCall { above: Name, operation: Name, callee: Name, called: Name },
    /// An operation fails.
    Failing { operation: Name },
    /// An operation takes longer itself than it ever did, in nanoseconds.
    Slow { operation: Name, limit: i64, typical: i64 },
    /// A call takes longer than caller and callee do.
    Gap { callee: Name, limit: i64, typical: i64 },
    /// Messages wait longer.
    Lag { receiver: Name, limit: i64, typical: i64 },
}

/// One deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deviation {
    pub service: Name,
    pub context: Context,
    pub what: What,
    /// So many of `n` deviate now.
    pub k: u32,
    pub n: u32,
    /// So large a share of them did before.
    pub before: f64,
    /// From so many observations, in so many windows.
    pub learned: u64,
    pub windows: usize,
    /// The share that deviates beyond what was usual, 0 to 1.
    pub effect: f64,
    /// `-log10` of the chance of that, after the number of comparisons.
    pub surprise: f64,
}

/// A row that shows a deviation, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighting {
    pub row: u32,
    pub at: Instant,
    /// The place in the list of deviations.
    pub deviation: u32,
}

/// A duration is slow when so few of a hundred were longer; with fewer than that it has to be longer than all.
const SLOW: f64 = 0.99;

/// Compares a window with what was usual. The most surprising come first.
pub fn deviations(now: &Profile, history: &History) -> Vec<Deviation> {
    let mut found = Vec::new();
    let mut compared = 0u32;
    for (context, tally) in &now.tallies {
        if !history.knows(context) {
            continue;
        }
        compared += 1;
        match context {
            Context::After(service, after) => lost_steps(history, context, *service, *after, tally, &mut found),
            Context::Within(service, above, operation) => {
                lost_calls(history, context, *service, (*above, *operation), tally, &mut found);
            }
            Context::Outcome(service, operation) => {
                let Some(usual) = history.usual(context, Outcome::Failed) else { continue };
                let k = tally.outcomes.get(&Outcome::Failed).copied().unwrap_or(0);
                let what = What::Failing { operation: *operation };
                more(context, *service, what, &usual, k, tally.n, 1.0, &mut found);
            }
            Context::Own(service, operation) => {
                slow(history, context, *service, tally, &mut found, |limit, typical| What::Slow {
                    operation: *operation,
                    limit,
                    typical,
                })
            }
            Context::Between(service, callee) => {
                slow(history, context, *service, tally, &mut found, |limit, typical| What::Gap {
                    callee: *callee,
                    limit,
                    typical,
                })
            }
            Context::Waiting(service, receiver) => {
                slow(history, context, *service, tally, &mut found, |limit, typical| What::Lag {
                    receiver: *receiver,
                    limit,
                    typical,
                })
            }
        }
    }
    let comparisons = f64::from(compared.max(1)).log10();
    for deviation in &mut found {
        deviation.surprise = (deviation.surprise - comparisons).max(0.0);
    }
    found.retain(|d| d.surprise > 0.0);
    found.sort_by(|a, b| b.surprise.total_cmp(&a.surprise).then_with(|| (a.context, a.what).cmp(&(b.context, b.what))));
    found
}

fn lost_steps(
    history: &History,
    context: &Context,
    service: Name,
    after: Step,
    tally: &Tally,
    out: &mut Vec<Deviation>,
) {
    for outcome in history.outcomes(context) {
        let Outcome::Then(expected) = outcome else { continue };
        let k = tally.outcomes.get(&outcome).copied().unwrap_or(0);
        let Some(usual) = history.usual(context, outcome) else { continue };
        let instead =
            tally.outcomes.iter().filter(|(o, _)| **o != outcome).max_by_key(|(o, n)| (**n, std::cmp::Reverse(**o)));
        if let Some((Outcome::Then(instead), _)) = instead {
            fewer(context, service, What::LostStep { after, expected, instead: *instead }, &usual, k, tally.n, out);
        }
    }
}

fn lost_calls(
    history: &History,
    context: &Context,
    service: Name,
    of: (Name, Name),
    tally: &Tally,
    out: &mut Vec<Deviation>,
) {
    for outcome in history.outcomes(context) {
        let Outcome::Below(callee, called) = outcome else { continue };
        let k = tally.outcomes.get(&outcome).copied().unwrap_or(0);
        let Some(usual) = history.usual(context, outcome) else { continue };
        let what = What::LostCall { above: of.0, operation: of.1, callee, called };
        fewer(context, service, what, &usual, k, tally.n, out);
    }
}

fn slow(
    history: &History,
    context: &Context,
    service: Name,
    tally: &Tally,
    out: &mut Vec<Deviation>,
    what: impl Fn(i64, i64) -> What,
) {
    let mut all = Buckets::default();
    history.of(context).for_each(|t| all.merge(&t.times));
    let limit = all.quantile(if all.count() >= 100 { SLOW } else { 1.0 });
    let k = tally.times.above(limit);
    if k == 0 {
        return;
    }
    let windows: Vec<(u32, u32)> = history.of(context).map(|t| (t.times.above(limit), t.n)).collect();
    let Some(usual) = Usual::of(&windows) else { return };
    let typical = tally.times.quantile_above(limit, 0.5);
    let much = 1.0 - limit as f64 / typical.max(1) as f64;
    more(context, service, what(limit, typical), &usual, k, tally.n, much.clamp(0.0, 1.0), out);
}

fn fewer(context: &Context, service: Name, what: What, usual: &Usual, k: u32, n: u32, out: &mut Vec<Deviation>) {
    let now = f64::from(k) / f64::from(n.max(1));
    if now >= usual.p || n == 0 {
        return;
    }
    out.push(Deviation {
        service,
        context: *context,
        what,
        k: n - k.min(n),
        n,
        before: 1.0 - usual.p,
        learned: usual.n,
        windows: usual.windows,
        // Of those that deviate now, what was not expected to: (p - q) / (1 - q).
        effect: ((usual.p - now) / (1.0 - now).max(1e-9)).clamp(0.0, 1.0),
        surprise: usual.so_few(k, n),
    });
}

#[expect(clippy::too_many_arguments, reason = "it is the constructor of a row")]
fn more(
    context: &Context,
    service: Name,
    what: What,
    usual: &Usual,
    k: u32,
    n: u32,
    much: f64,
    out: &mut Vec<Deviation>,
) {
    let now = f64::from(k) / f64::from(n.max(1));
    if now <= usual.p || n == 0 {
        return;
    }
    out.push(Deviation {
        service,
        context: *context,
        what,
        k,
        n,
        before: usual.p,
        learned: usual.n,
        windows: usual.windows,
        effect: ((now - usual.p) / now.max(1e-9) * much).clamp(0.0, 1.0),
        surprise: usual.so_many(k, n),
    });
}

/// The rows of the window that show the deviations, trace by trace, in order of time within a trace.
pub fn sightings(telemetry: &Telemetry, forest: &Forest, window: Window, of: &[Deviation]) -> Vec<Vec<Sighting>> {
    let mut by_context: BTreeMap<Context, Vec<u32>> = BTreeMap::new();
    for (at, deviation) in of.iter().enumerate() {
        by_context.entry(deviation.context).or_default().push(at as u32);
    }
    let empty = Vec::new();
    let places = |context: Context| by_context.get(&context).unwrap_or(&empty);
    let mut out = Vec::new();
    for trace in forest.within(window.from, window.to) {
        let mut seen_here = Vec::new();
        for row in forest.rows(trace) {
            let Some(seen) = look(telemetry, forest, *row) else { continue };
            let (service, operation) = (seen.service, seen.operation);
            let end = seen.steps.last().map_or(0, |s| s.1);
            let mut add = |deviation: u32, at: Instant| seen_here.push(Sighting { row: *row, at, deviation });
            for pair in seen.steps.windows(2) {
                for d in places(Context::After(service, pair[0].0)) {
                    if matches!(of[*d as usize].what, What::LostStep { expected, .. } if expected != pair[1].0) {
                        add(*d, pair[1].1);
                    }
                }
            }
            for d in places(Context::Within(service, seen.above, operation)) {
                if matches!(of[*d as usize].what, What::LostCall { callee, called, .. } if !seen.below.contains(&(callee, called)))
                {
                    add(*d, end);
                }
            }
            if seen.failed {
                places(Context::Outcome(service, operation)).iter().for_each(|d| add(*d, end));
            }
            if let Some(own) = seen.own {
                for d in places(Context::Own(service, operation)) {
                    if matches!(of[*d as usize].what, What::Slow { limit, .. } if own > limit) {
                        add(*d, end);
                    }
                }
            }
            if let Some((callee, time)) = seen.between {
                for d in places(Context::Between(service, callee)) {
                    if matches!(of[*d as usize].what, What::Gap { limit, .. } if time > limit) {
                        add(*d, end);
                    }
                }
            }
            for (receiver, time) in &seen.waiting {
                for d in places(Context::Waiting(service, *receiver)) {
                    if matches!(of[*d as usize].what, What::Lag { limit, .. } if *time > limit) {
                        add(*d, end);
                    }
                }
            }
        }
        if !seen_here.is_empty() {
            seen_here.sort_unstable();
            out.push(seen_here);
        }
    }
    out
}
