//! Answers and stores agree: a success did all that an undisturbed run does, a failure did nothing.
//!
//! "Failure, and everything happened" is an ambiguous commit: the client cannot know, and asking again must be safe. Everything in
//! between is a partial effect, or a duplicate one if more happened than should. A success with another content than usual says
//! itself that something is missing: that is weak.

use super::Cx;
use crate::finding::{Finding, Grade, Rule};
use crate::run::{Changes, Ending};

pub fn look(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    if cx.run.states.len() < 2 {
        return;
    }
    for (step, usual) in cx.learned.changes.iter().enumerate() {
        let Some(ending) = cx.learned.ending(cx.run, step) else { return };
        if cx.run.states.len() < step + 2 {
            return;
        }
        let changes = cx.learned.changes_of(cx.run, step);
        let steps = cx.run.steps();
        let call = &cx.run.calls[steps[step]];
        let what = call.operation();
        let (rule, grade, says) = match ending {
            Ending::Full if changes == *usual => continue,
            Ending::Failed if changes.is_empty() => return,
            Ending::Failed if usual.is_empty() => {
                (Rule::PartialEffect, Grade::Fails, format!("`{what}` fails, and leaves traces"))
            }
            Ending::Failed if changes == *usual => {
                (Rule::AmbiguousCommit, Grade::Weak, format!("`{what}` fails, and yet all of it happened"))
            }
            Ending::Failed if changes.is_subset(usual) => {
                (Rule::PartialEffect, Grade::Fails, format!("`{what}` fails, and a part of it stays"))
            }
            Ending::Failed => {
                (Rule::PartialEffect, Grade::Fails, format!("`{what}` fails, and leaves something else behind"))
            }
            Ending::Degraded if changes == *usual => continue,
            Ending::Full | Ending::Degraded if changes.is_subset(usual) => {
                let grade = if ending == Ending::Full { Grade::Fails } else { Grade::Weak };
                (Rule::PartialEffect, grade, format!("`{what}` succeeds, and a part of it did not happen"))
            }
            Ending::Full | Ending::Degraded if repeated(cx) => {
                (Rule::DuplicateEffect, Grade::Fails, format!("`{what}` succeeds, and something happened twice"))
            }
            Ending::Full | Ending::Degraded => (
                Rule::PartialEffect,
                Grade::Fails,
                format!("`{what}` succeeds, and something else than usual happened"),
            ),
        };
        out.push(Finding {
            rule,
            grade,
            at: format!("{what} {}", tables(&changes, usual)),
            says,
            evidence: difference(&changes, usual, ending),
            services: vec![call.request.callee.clone()],
        });
        // What follows starts from another state.
        return;
    }
}

/// Some operation reached its callee more often than usual.
fn repeated(cx: &Cx<'_>) -> bool {
    let usual = |what: &String| cx.learned.usual.get(what).copied().unwrap_or(0);
    cx.learned.reaching(cx.run).iter().any(|(what, count)| *count > usual(what) && usual(what) > 0)
}

/// Stores and tables that differ from what they should hold.
fn tables(changes: &Changes, usual: &Changes) -> String {
    let mut names: Vec<String> = changes
        .symmetric_difference(usual)
        .chain(changes.iter())
        .map(|line| line.split(' ').take(1).collect::<Vec<_>>().join("/"))
        .collect();
    names.sort();
    names.dedup();
    names.join(",")
}

fn difference(changes: &Changes, usual: &Changes, ending: Ending) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    match ending {
        Ending::Failed => out.extend(changes.iter().map(|line| format!("stays: {line}"))),
        Ending::Full | Ending::Degraded => {
            out.extend(usual.difference(changes).map(|line| format!("missing: {line}")));
            out.extend(changes.difference(usual).map(|line| format!("instead: {line}")));
        }
    }
    out.truncate(12);
    out
}
