//! Who gives up when: the outer call before the inner one, or nobody.

use super::Cx;
use crate::call::Seen;
use crate::fault::Kind;
use crate::finding::{Finding, Grade, Rule};

/// Milliseconds.
const SAME_MOMENT: u64 = 100;

pub fn look(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for call in cx.run.calls.iter().filter(|c| c.fault == Some(Kind::Late) && !c.request.of_line()) {
        let (caller, callee) = call.edge();
        let mut above = call.parent;
        let mut inverted = false;
        while let Some(at) = above {
            let outer = &cx.run.calls[at];
            // Who hands a cancellation on gives up in the same moment.
            let goes_on = call.seen != Seen::GaveUp || call.until > outer.until + SAME_MOMENT;
            if outer.seen == Seen::GaveUp && goes_on && outer.until < call.until && !outer.from_scenario() {
                let (outer_caller, middle) = outer.edge();
                out.push(Finding {
                    rule: Rule::TimeoutInversion,
                    grade: if call.mutating() { Grade::Fails } else { Grade::Weak },
                    at: format!("{outer_caller} → {middle} before {caller} → {callee}"),
                    says: format!(
                        "`{outer_caller}` gives up on `{middle}` while `{middle}` still waits for `{callee}`: it goes on for nobody"
                    ),
                    evidence: vec![
                        format!("`{outer_caller}` gave up after about {}", about(outer.until.saturating_sub(outer.from))),
                        format!("`{caller}` waited for `{}` at least {}", call.operation(), about(call.until.saturating_sub(call.from))),
                    ],
                    services: vec![outer_caller.to_owned(), middle.to_owned(), callee.to_owned()],
                });
                inverted = true;
                break;
            }
            above = outer.parent;
        }
        if call.seen == Seen::WaitedOut && !inverted {
            out.push(Finding {
                rule: Rule::MissingTimeout,
                grade: Grade::Weak,
                at: format!("{caller} → {callee}"),
                says: format!("`{caller}` still waits for `{callee}` after {}", about(cx.limits.patience)),
                evidence: vec![format!("`{}` was held that long", call.operation())],
                services: vec![caller.to_owned(), callee.to_owned()],
            });
        }
    }
}

fn about(ms: u64) -> String {
    format!("{}.{} s", ms / 1000, ms % 1000 / 100)
}
