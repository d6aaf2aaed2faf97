//! Which time is to be explained, and which is usual.
//!
//! Invariant: windows are cut from what the telemetry reaches over, never from a clock; what is usual lies before what is to be
//! explained, or is told; where nothing lies before it, what comes after is used and that is said.

use seam_signals::{Forest, Instant, Telemetry, Window};

/// What the asker knows of the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// When something was noticed.
    pub at: Option<Instant>,
    /// What is to be explained.
    pub window: Option<Window>,
    /// What is usual.
    pub baseline: Option<Window>,
    /// How long a window is, in nanoseconds.
    pub step: Option<i64>,
}

/// Windows, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is to be explained, if that is known; else it has to be found among `slices`.
    pub window: Option<Window>,
    /// What is usual.
    pub usual: Vec<Window>,
    /// All windows among which the time is looked for.
    pub slices: Vec<Window>,
    pub step: i64,
    pub notes: Vec<String>,
}

/// Windows that a service's figures are read by: round to people.
const STEPS: [i64; 6] = [10, 30, 60, 300, 900, 3600];

/// So many traces make the figures of a window worth comparing.
const TRACES: usize = 30;

/// So many windows before the one in question are learned from.
const LEARNED: usize = 120;

const SECOND: i64 = 1_000_000_000;

/// Plans the windows.
pub fn plan(telemetry: &Telemetry, forest: &Forest, when: When) -> Plan {
    let Some((first, last)) = telemetry.reach() else { return Plan::default() };
    let step = when.step.unwrap_or_else(|| step(telemetry, forest, first, last)).max(SECOND / 1000);
    let mut plan = Plan { step, ..Plan::default() };
    let window =
        when.window.or(when.at.map(|at| Window { from: at.saturating_sub(step), to: at.saturating_add(step) }));
    // Slices end where the window begins, so that none reaches into it.
    let anchor = window.map_or(last + 1, |w| w.from.min(last + 1));
    let mut slices = Vec::new();
    let mut to = anchor;
    while to > first && slices.len() < LEARNED {
        let slice = Window { from: to - step, to };
        if speaks(telemetry, forest, slice) {
            slices.push(slice);
        }
        to -= step;
    }
    slices.reverse();
    plan.window = window;
    if let Some(baseline) = when.baseline {
        let mut from = baseline.from;
        while from < baseline.to && plan.usual.len() < LEARNED {
            let slice = Window { from, to: (from + step).min(baseline.to) };
            if speaks(telemetry, forest, slice) {
                plan.usual.push(slice);
            }
            from += step;
        }
        slices.retain(|s| s.to <= baseline.from || s.from >= baseline.to);
    } else if let Some(window) = window {
        plan.usual = slices.clone();
        if plan.usual.is_empty() {
            plan.notes.push("nothing was recorded before that time: what came after it stands for the usual".into());
            let mut from = window.to;
            while from < last && plan.usual.len() < LEARNED {
                let slice = Window { from, to: from + step };
                if speaks(telemetry, forest, slice) {
                    plan.usual.push(slice);
                }
                from += step;
            }
        }
    }
    plan.slices = slices;
    plan
}

/// Windows over all that was recorded: longer ones where there would be too many, unless a length is asked for.
pub fn plan_whole(telemetry: &Telemetry, forest: &Forest, when: When) -> Plan {
    let usual = plan(telemetry, forest, when);
    let (Some((first, last)), None, None) = (telemetry.reach(), when.step, when.window) else { return usual };
    let reached = usual.slices.first().or(usual.usual.first()).map_or(first, |w| w.from);
    if reached <= first.saturating_add(usual.step) {
        return usual;
    }
    let needed = (last.saturating_sub(first) / LEARNED as i64).max(1);
    let step = STEPS.iter().map(|s| s * SECOND).find(|s| *s >= needed).unwrap_or(needed);
    plan(telemetry, forest, When { step: Some(step), ..when })
}

fn speaks(telemetry: &Telemetry, forest: &Forest, window: Window) -> bool {
    !forest.within(window.from, window.to).is_empty()
        || telemetry.spans.is_empty()
            && telemetry.metrics.series().iter().any(|s| {
                let from = s.time.partition_point(|t| *t < window.from);
                s.time.get(from).is_some_and(|t| *t < window.to)
            })
}

fn step(telemetry: &Telemetry, forest: &Forest, first: Instant, last: Instant) -> i64 {
    if telemetry.spans.is_empty() {
        // Four points of a series make a window.
        let mut spacing: Vec<i64> = telemetry
            .metrics
            .series()
            .iter()
            .filter(|s| s.time.len() > 1)
            .map(|s| (s.time[s.time.len() - 1] - s.time[0]) / (s.time.len() as i64 - 1))
            .collect();
        spacing.sort_unstable();
        return spacing.get(spacing.len() / 2).map_or(60 * SECOND, |s| s.saturating_mul(4).max(SECOND));
    }
    let enough = |step: &i64| {
        let step = step * SECOND;
        let mut counts: Vec<usize> = Vec::new();
        let mut from = first;
        while from <= last && counts.len() < 10_000 {
            counts.push(forest.within(from, from.saturating_add(step)).len());
            from = from.saturating_add(step);
        }
        counts.retain(|n| *n > 0);
        counts.sort_unstable();
        counts.get(counts.len() / 2).is_some_and(|n| *n >= TRACES)
    };
    // A day in slices of ten seconds would be looked at for long and say little more.
    let fits = |step: &&i64| (last - first) / (*step * SECOND) <= 1000;
    STEPS.iter().filter(fits).find(|s| enough(s)).or(STEPS.iter().find(fits)).copied().unwrap_or(3600) * SECOND
}

#[cfg(test)]
mod tests {
    use super::*;
    use seam_signals::{Name, Resource, Span, SpanId, SpanKind, Status, TraceId};

    fn telemetry(seconds: i64) -> Telemetry {
        let mut telemetry = Telemetry::default();
        let resource = telemetry.resource(Resource::default());
        for i in 0..seconds {
            telemetry.spans.push(Span {
                trace: TraceId(i as u128 + 1),
                id: SpanId(1),
                parent: SpanId::NONE,
                resource,
                operation: Name::NONE,
                kind: SpanKind::Server,
                status: Status::Unset,
                start: i * SECOND,
                end: i * SECOND + 1,
            });
        }
        telemetry
    }

    #[test]
    fn the_usual_ends_where_the_question_begins() {
        let telemetry = telemetry(600);
        let forest = Forest::of(&telemetry);
        let asked = plan(&telemetry, &forest, When { at: Some(400 * SECOND), ..When::default() });
        assert_eq!(asked.step, 30 * SECOND);
        assert_eq!(asked.window, Some(Window { from: 370 * SECOND, to: 430 * SECOND }));
        assert!(asked.usual.iter().all(|w| w.to <= 370 * SECOND) && asked.usual.len() > 10);
        let open = plan(&telemetry, &forest, When::default());
        assert!(open.window.is_none() && open.slices.len() >= 20);
    }

    #[test]
    fn what_comes_after_stands_in_where_nothing_came_before() {
        let telemetry = telemetry(600);
        let forest = Forest::of(&telemetry);
        let first = Window { from: 0, to: 60 * SECOND };
        let asked = plan(&telemetry, &forest, When { window: Some(first), ..When::default() });
        assert!(!asked.usual.is_empty() && asked.usual.iter().all(|w| w.from >= first.to));
        assert_eq!(asked.notes.len(), 1);
        assert_eq!(plan(&Telemetry::default(), &Forest::default(), When::default()), Plan::default());
    }
}
