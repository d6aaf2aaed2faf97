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
    LostCall { operation: Name, callee: Name, called: Name },
    /// An operation that only calls gets no answer: no span of anybody stands below it. Its usual callee.
    Unanswered { operation: Name, callee: Name, called: Name },
    /// An operation fails.
    Failing { operation: Name },
    /// An operation takes longer itself than it ever did: the usual median, the limit, and the median beyond it now, in
    /// nanoseconds.
    Slow { operation: Name, usual: i64, limit: i64, typical: i64 },
    /// Many operations of a service take longer, each of them now and then.
    Laden,
    /// A call takes longer than caller and callee do.
    Gap { callee: Name, usual: i64, limit: i64, typical: i64 },
    /// Messages wait longer.
    Lag { receiver: Name, usual: i64, limit: i64, typical: i64 },
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
    /// How much larger the share of those that deviate is than usual, 0 to 1.
    pub effect: f64,
    /// The share of those that deviate now that would not have before, 0 to 1: what one sighting is worth as a cause.
    pub due: f64,
    /// `-log10` of the chance of that, after the number of comparisons.
    pub surprise: f64,
}

/// All deviations of a window.
#[derive(Clone, Debug, Default)]
pub struct Deviations {
    /// The most surprising first.
    pub list: Vec<Deviation>,
    /// The usual median and the limit of what has a duration.
    limits: BTreeMap<Context, (i64, i64)>,
}

/// A row that shows a deviation, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighting {
    pub row: u32,
    pub at: Instant,
    /// The place in the list of deviations.
    pub deviation: u32,
    /// What it took beyond the usual median, in nanoseconds; 0 where it is not about time.
    pub excess: i64,
}

/// A duration is slow when so few of a hundred were longer; with fewer than that it has to be longer than all.
const SLOW: f64 = 0.99;

/// Compares a window with what was usual. The most surprising come first.
pub fn deviations(now: &Profile, history: &History) -> Deviations {
    let mut found = Vec::new();
    let mut times = Times::default();
    let mut compared = 0u32;
    for (context, tally) in &now.tallies {
        if !history.knows(context) {
            continue;
        }
        compared += 1;
        match context {
            Context::After(service, after) => lost_steps(history, context, *service, *after, tally, &mut found),
            Context::Within(service, _, operation) => {
                lost_calls(history, context, *service, *operation, tally, &mut found);
            }
            Context::Outcome(service, operation) => {
                let Some(usual) = history.usual(context, Outcome::Failed) else { continue };
                let k = tally.outcomes.get(&Outcome::Failed).copied().unwrap_or(0);
                let what = What::Failing { operation: *operation };
                more(context, *service, what, &usual, k, tally.n, 1.0, &mut found);
            }
            Context::Own(service, operation) => {
                times.slow(history, context, *service, tally, &mut found, |usual, limit, typical| What::Slow {
                    operation: *operation,
                    usual,
                    limit,
                    typical,
                })
            }
            Context::Between(service, callee) => {
                times.slow(history, context, *service, tally, &mut found, |usual, limit, typical| What::Gap {
                    callee: *callee,
                    usual,
                    limit,
                    typical,
                })
            }
            Context::Laden(_) => {}
            Context::Waiting(service, receiver) => {
                times.slow(history, context, *service, tally, &mut found, |usual, limit, typical| What::Lag {
                    receiver: *receiver,
                    usual,
                    limit,
                    typical,
                })
            }
        }
    }
    times.laden(&mut found);
    let comparisons = f64::from(compared.max(1)).log10();
    for deviation in &mut found {
        deviation.surprise = (deviation.surprise - comparisons).max(0.0);
    }
    found.retain(|d| d.surprise > 0.0);
    found.sort_by(|a, b| b.surprise.total_cmp(&a.surprise).then_with(|| (a.context, a.what).cmp(&(b.context, b.what))));
    Deviations { list: found, limits: times.limits }
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
    operation: Name,
    tally: &Tally,
    out: &mut Vec<Deviation>,
) {
    let outcomes = history.outcomes(context);
    let below = || {
        outcomes.iter().filter_map(|o| match o {
            Outcome::Below(callee, called) => Some((*callee, *called)),
            Outcome::Then(_) | Outcome::Nothing | Outcome::Failed => None,
        })
    };
    // What stands for a call may go to several callees by turns; only "nobody" is a loss then.
    if below().next().is_some() && below().all(|(callee, _)| callee != service) {
        let Some(usual) = history.usual(context, Outcome::Nothing) else { return };
        let often = |of: (Name, Name)| history.usual(context, Outcome::Below(of.0, of.1)).map_or(0.0, |u| u.p);
        let Some((callee, called)) = below().max_by(|a, b| often(*a).total_cmp(&often(*b)).then(b.cmp(a))) else {
            return;
        };
        let k = tally.outcomes.get(&Outcome::Nothing).copied().unwrap_or(0);
        more(context, service, What::Unanswered { operation, callee, called }, &usual, k, tally.n, 1.0, out);
        return;
    }
    for (callee, called) in below() {
        let outcome = Outcome::Below(callee, called);
        let k = tally.outcomes.get(&outcome).copied().unwrap_or(0);
        let Some(usual) = history.usual(context, outcome) else { continue };
        fewer(context, service, What::LostCall { operation, callee, called }, &usual, k, tally.n, out);
    }
}

/// So many, of so many.
type Share = (u32, u32);

/// Durations, each compared with its own past; and all of a service together.
#[derive(Default)]
struct Times {
    limits: BTreeMap<Context, (i64, i64)>,
    /// Slow ones now, of all; and the same window by window.
    services: BTreeMap<Name, (Share, BTreeMap<u32, Share>)>,
}

impl Times {
    fn slow(
        &mut self,
        history: &History,
        context: &Context,
        service: Name,
        tally: &Tally,
        out: &mut Vec<Deviation>,
        what: impl Fn(i64, i64, i64) -> What,
    ) {
        let mut all = Buckets::default();
        history.of(context).for_each(|t| all.merge(&t.times));
        let limit = all.quantile(if all.count() >= 100 { SLOW } else { 1.0 });
        let usual_time = all.quantile(0.5);
        let k = tally.times.above(limit);
        let windows: BTreeMap<u32, (u32, u32)> =
            history.numbered(context).map(|(w, t)| (w, (t.times.above(limit), t.n))).collect();
        self.limits.insert(*context, (usual_time, limit));
        let (now, before) = self.services.entry(service).or_default();
        *now = (now.0 + k, now.1 + tally.n);
        for (window, (slow, n)) in &windows {
            let sum = before.entry(*window).or_default();
            *sum = (sum.0 + slow, sum.1 + n);
        }
        let windows: Vec<(u32, u32)> = windows.into_values().collect();
        let Some(usual) = Usual::of(&windows).filter(|_| k > 0) else { return };
        let typical = tally.times.quantile_above(limit, 0.5);
        let much = (1.0 - limit as f64 / typical.max(1) as f64).clamp(0.0, 1.0);
        more(context, service, what(usual_time, limit, typical), &usual, k, tally.n, much, out);
    }

    fn laden(&self, out: &mut Vec<Deviation>) {
        for (service, ((k, n), windows)) in &self.services {
            let windows: Vec<(u32, u32)> = windows.values().copied().collect();
            let Some(usual) = Usual::of(&windows).filter(|_| *k > 1) else { continue };
            more(&Context::Laden(*service), *service, What::Laden, &usual, *k, *n, 1.0, out);
        }
    }
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
        effect: (usual.p - now).clamp(0.0, 1.0),
        due: ((usual.p - now) / (1.0 - now).max(1e-9)).clamp(0.0, 1.0),
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
        effect: ((now - usual.p) * much).clamp(0.0, 1.0),
        due: ((now - usual.p) / now.max(1e-9) * much).clamp(0.0, 1.0),
        surprise: usual.so_many(k, n),
    });
}

/// The rows of the window that show the deviations, trace by trace, in order of time within a trace.
pub fn sightings(telemetry: &Telemetry, forest: &Forest, window: Window, found: &Deviations) -> Vec<Vec<Sighting>> {
    let of = &found.list;
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
            let mut add = |deviation: u32, at: Instant, excess: i64| {
                seen_here.push(Sighting { row: *row, at, deviation, excess })
            };
            for pair in seen.steps.windows(2) {
                for d in places(Context::After(service, pair[0].0)) {
                    if matches!(of[*d as usize].what, What::LostStep { expected, .. } if expected != pair[1].0) {
                        add(*d, pair[1].1, 0);
                    }
                }
            }
            for d in places(Context::Within(service, seen.above, operation)) {
                let lost = match of[*d as usize].what {
                    What::LostCall { callee, called, .. } => !seen.below.contains(&(callee, called)),
                    What::Unanswered { .. } => seen.below.is_empty(),
                    What::LostStep { .. }
                    | What::Failing { .. }
                    | What::Slow { .. }
                    | What::Gap { .. }
                    | What::Lag { .. }
                    | What::Laden => false,
                };
                if lost {
                    add(*d, end, 0);
                }
            }
            if seen.failed {
                places(Context::Outcome(service, operation)).iter().for_each(|d| add(*d, end, 0));
            }
            let timed = seen.own.map(|own| (Context::Own(service, operation), own));
            let timed = timed.or(seen.between.map(|(callee, time)| (Context::Between(service, callee), time)));
            if let Some((context, time)) = timed
                && let Some((usual, limit)) = found.limits.get(&context)
                && time > *limit
            {
                places(Context::Laden(service)).iter().for_each(|d| add(*d, end, time - usual));
            }
            if let Some(own) = seen.own {
                for d in places(Context::Own(service, operation)) {
                    if let What::Slow { usual, limit, .. } = of[*d as usize].what
                        && own > limit
                    {
                        add(*d, end, own - usual);
                    }
                }
            }
            if let Some((callee, time)) = seen.between {
                for d in places(Context::Between(service, callee)) {
                    if let What::Gap { usual, limit, .. } = of[*d as usize].what
                        && time > limit
                    {
                        add(*d, end, time - usual);
                    }
                }
            }
            for (receiver, time) in &seen.waiting {
                for d in places(Context::Waiting(service, *receiver)) {
                    if let What::Lag { usual, limit, .. } = of[*d as usize].what
                        && *time > limit
                    {
                        add(*d, end, *time - usual);
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
