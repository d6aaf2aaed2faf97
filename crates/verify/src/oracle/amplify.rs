//! Calls multiply: more attempts of one operation under one request than the budget allows, or again at once at the same place.

use super::Cx;
use crate::call::Seen;
use crate::fault::Kind;
use crate::finding::{Finding, Grade, Rule};
use crate::run;

/// Milliseconds under which a pause is none.
const AT_ONCE: u64 = 20;

pub fn look(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for (what, count) in run::volume(cx.run) {
        let usual = cx.learned.volume.get(&what).copied().unwrap_or(1).max(1);
        if count > usual * cx.limits.attempts {
            let edge = what.split_once(' ').map_or(what.as_str(), |(_, edge)| edge);
            out.push(Finding {
                rule: Rule::RetryStorm,
                grade: Grade::Fails,
                at: edge.to_owned(),
                says: format!(
                    "one request makes {count} calls of `{edge}` instead of {usual}; the budget is {}",
                    usual * cx.limits.attempts
                ),
                evidence: Vec::new(),
                services: edge.split(" → ").filter_map(|s| s.split(' ').next()).map(str::to_owned).collect(),
            });
        }
    }
    for (at, call) in cx.run.calls.iter().enumerate() {
        let refused = matches!(call.fault, Some(Kind::Refuse)) && call.seen == Seen::Reset;
        if !refused || call.from_scenario() {
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
