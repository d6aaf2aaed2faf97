//! Calls multiply: more attempts of one operation under one request than the budget allows, or again at once at the same place.
//!
//! Silent: attempts whose pauses grow. One more is allowed for each doubling of the time that was waited between them: that many a
//! patient service makes while something is down for long, and nothing breaks down under them.

use super::Cx;
use super::conduct::{ASKED, backs_off};
use crate::call::{Call, Seen};
use crate::fault::Kind;
use crate::finding::{Finding, Grade, Rule};
use crate::run;

/// Milliseconds under which a pause is none: a busy machine takes some of its own.
const AT_ONCE: u64 = 40;

pub fn look(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for (what, calls) in run::volumes(cx.run) {
        let count = u32::try_from(calls.len()).unwrap_or(u32::MAX);
        let usual = cx.learned.volume.get(&what).copied().unwrap_or(1).max(1);
        let calls: Vec<&Call> = calls.iter().map(|at| &cx.run.calls[*at]).collect();
        let allowed = usual * (cx.limits.attempts + patience(&calls));
        // Once a second wears nobody out; so often refusals ask for it (`Retry-After: 1`).
        let slow = calls.windows(2).filter(|p| p[1].from.saturating_sub(p[0].until) >= ASKED * 9 / 10).count();
        if count > allowed + u32::try_from(slow).unwrap_or(u32::MAX) {
            let edge = what.split_once(' ').map_or(what.as_str(), |(_, edge)| edge);
            out.push(Finding {
                rule: Rule::RetryStorm,
                grade: Grade::Fails,
                at: edge.to_owned(),
                says: format!(
                    "one request makes {count} calls of `{edge}` instead of {usual}; the budget is {allowed}"
                ),
                evidence: Vec::new(),
                services: edge.split(" → ").filter_map(|s| s.split(' ').next()).map(str::to_owned).collect(),
            });
        }
    }
    for (at, call) in cx.run.calls.iter().enumerate() {
        let refused = matches!(call.fault, Some(Kind::Refuse)) && call.seen == Seen::Reset;
        if !refused || call.from_scenario() || call.request.of_line() {
            continue;
        }
        let next =
            cx.run.calls[at + 1..].iter().find(|c| c.parent == call.parent && c.request.caller == call.request.caller);
        let Some(next) = next.filter(|n| n.operation() == call.operation() && n.request.body == call.request.body)
        else {
            continue;
        };
        if next.request.path == call.request.path && next.from.saturating_sub(call.until) < AT_ONCE {
            let (caller, callee) = call.edge();
            out.push(Finding {
                rule: Rule::RetryWithoutBackoff,
                grade: Grade::Weak,
                at: format!("{caller} → {}", call.operation()),
                says: format!("`{caller}` asks `{callee}` again at once, at the same place: what failed fails again"),
                evidence: Vec::new(),
                services: vec![caller.to_owned(), callee.to_owned()],
            });
        }
    }
}

/// Attempts beyond the budget that patience allows: one for each doubling of a tenth of a second.
fn patience(calls: &[&Call]) -> u32 {
    if !backs_off(calls) {
        return 0;
    }
    let waited: u64 = calls.windows(2).map(|p| p[1].from.saturating_sub(p[0].until)).sum();
    (1 + waited / 100).ilog2() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts(pauses: &[u64]) -> Vec<Call> {
        let mut now = 0;
        let mut out = vec![Call { seen: Seen::Reset, ..Call::default() }];
        for pause in pauses {
            now += pause;
            out.push(Call { seen: Seen::Reset, from: now, until: now, ..Call::default() });
        }
        out
    }

    #[test]
    fn growing_pauses_allow_more_attempts_and_equal_ones_do_not() {
        let allowed = |pauses: &[u64]| patience(&attempts(pauses).iter().collect::<Vec<_>>());
        assert_eq!(allowed(&[200; 12]), 0);
        assert_eq!(allowed(&[0, 0, 0, 0]), 0);
        assert_eq!(allowed(&[100, 200, 400, 800, 1600]), 6);
        assert_eq!(allowed(&[60, 250, 300, 900]), 5);
    }
}
