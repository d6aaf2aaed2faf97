//! Answers and stores agree: a success did all that an undisturbed run does, a failure did nothing.
//!
//! "Failure, and everything happened" is an ambiguous commit: the client cannot know, and asking again must be safe. Everything in
//! between is a partial effect, or a duplicate one if more happened than should. A success with another content than usual says
//! itself that something is missing: that is weak.

use super::Cx;
use crate::fault::Kind;
use crate::finding::{Finding, Grade, Rule};
use crate::run::{Changes, Ending};
use crate::text::{self, HIDDEN};
use std::collections::BTreeSet;

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
            Ending::Full if same(&changes, usual) => continue,
            Ending::Failed if changes.is_empty() => return,
            Ending::Failed if usual.is_empty() => {
                (Rule::PartialEffect, Grade::Fails, format!("`{what}` fails, and leaves traces"))
            }
            Ending::Failed if same(&changes, usual) => {
                (Rule::AmbiguousCommit, Grade::Weak, format!("`{what}` fails, and yet all of it happened"))
            }
            Ending::Failed if within(&changes, usual) => {
                (Rule::PartialEffect, Grade::Fails, format!("`{what}` fails, and a part of it stays"))
            }
            Ending::Failed => {
                (Rule::PartialEffect, Grade::Fails, format!("`{what}` fails, and leaves something else behind"))
            }
            Ending::Degraded if same(&changes, usual) => continue,
            Ending::Full | Ending::Degraded if within(&changes, usual) => {
                let grade = if ending == Ending::Full { Grade::Fails } else { Grade::Weak };
                (Rule::PartialEffect, grade, format!("`{what}` succeeds, and a part of it did not happen"))
            }
            // Nobody here sends it twice: the day somebody does, it counts twice.
            Ending::Full | Ending::Degraded if delivered_twice(cx) => {
                (Rule::DuplicateEffect, Grade::Weak, format!("`{what}` counts twice what is delivered twice"))
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
            at: format!("{what} {}", stores(&changes, usual, ending)),
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

fn delivered_twice(cx: &Cx<'_>) -> bool {
    cx.run.calls.iter().any(|c| matches!(c.fault, Some(Kind::Duplicate | Kind::Twice)))
}

/// Equal, where identifiers that no answer showed have no names.
fn same(changes: &Changes, usual: &Changes) -> bool {
    changes == usual || changes.iter().any(|l| l.contains(HIDDEN)) && plain(changes) == plain(usual)
}

fn within(changes: &Changes, usual: &Changes) -> bool {
    changes.is_subset(usual) || {
        let (changes, mut usual) = (plain(changes), plain(usual));
        changes.into_iter().all(|line| usual.iter().position(|l| *l == line).map(|at| usual.swap_remove(at)).is_some())
    }
}

/// Lines without the names of identifiers.
fn plain(changes: &Changes) -> Vec<String> {
    let mut out: Vec<String> = changes.iter().map(|line| text::unnamed(line)).collect();
    out.sort();
    out
}

/// Stores that hold something which they should not, or lack something.
fn stores(changes: &Changes, usual: &Changes, ending: Ending) -> String {
    let differ: Vec<&String> = match ending {
        Ending::Failed => changes.iter().collect(),
        Ending::Full | Ending::Degraded => changes.symmetric_difference(usual).collect(),
    };
    let names: BTreeSet<&str> = differ.into_iter().filter_map(|line| line.split(' ').next()).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
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
