//! What the files alone say of a change: findings, contracts, pairs of services that part, an order for mixed versions.

use super::{Said, counted, one};
use crate::asks::plan;
use crate::asks::verify::{Answer, Gate, Pair, Request, State};
use crate::asks::{detect, verify};
use crate::{Refusal, Snapshot};
use std::collections::BTreeSet;

pub(super) fn gate(snapshot: &Snapshot, request: &Request, plan: &plan::Answer) -> Result<Gate, Refusal> {
    // Comments, dismissals and severities of the workspace count, as in `detect`.
    let wanted = detect::Request { profiles: request.profile.iter().cloned().collect(), ..detect::Request::default() };
    let standing: BTreeSet<String> = match request.asks(verify::Kind::Gate) && !plan.new_findings.is_empty() {
        true => detect::run(snapshot, &wanted)?.findings.into_iter().map(|f| f.key).collect(),
        false => BTreeSet::new(),
    };
    let names = |all: &[plan::Touched]| all.iter().map(|t| t.service.clone()).collect();
    Ok(Gate {
        files: plan.counts.files,
        new_findings: plan.new_findings.iter().filter(|f| standing.contains(&f.key)).cloned().collect(),
        cured_findings: plan.cured_findings.clone(),
        changes: plan.changes.iter().filter(|c| c.level != "safe").cloned().collect(),
        unresolved: plan.counts.unresolved,
        pairs: pairs(&plan.changes),
        steps: plan.steps.clone(),
        direct: names(&plan.direct),
        dependent: names(&plan.dependent),
        beyond: plan.beyond.iter().map(|f| f.service.clone()).collect(),
        unknown: plan.unknown.clone(),
    })
}

/// Each changed side with each other side, the worst first.
fn pairs(changes: &[plan::Change]) -> Vec<Pair> {
    let mut out: Vec<Pair> = Vec::new();
    for change in changes.iter().filter(|c| c.level != "safe") {
        for tie in &change.dependent {
            let state = match (change.level.as_str(), tie.moved, change.unresolved) {
                ("breaking", false, true) => "breaks",
                ("breaking", true, _) => "together",
                (_, false, _) => "may-break",
                (_, true, _) => "fits",
            };
            for changed in change.direct.iter().filter(|d| **d != tie.service) {
                out.push(Pair {
                    changed: changed.clone(),
                    other: tie.service.clone(),
                    why: tie.why.clone(),
                    state: state.to_owned(),
                    text: change.text.clone(),
                    rule: change.rule.clone(),
                    lines: tie.lines.clone(),
                    certainty: tie.certainty.clone(),
                });
            }
        }
    }
    let rank = |pair: &Pair| ["breaks", "together", "may-break", "fits"].iter().position(|s| *s == pair.state);
    out.sort_by_key(|p| (rank(p), p.changed.clone(), p.other.clone(), p.text.clone()));
    out.dedup();
    out
}

pub(super) fn proof(answer: &Answer, request: &Request) -> Said {
    let Some(gate) = &answer.gate else {
        let why = request.no_base.clone().unwrap_or_else(|| "there is no older state".to_owned());
        return one(State::NotDone, why);
    };
    let serious = gate.new_findings.iter().filter(|f| f.severity != "note");
    let mut bad: Vec<String> = serious.map(|f| format!("{} ({}:{})", f.message, f.path, f.line)).collect();
    let broken = gate.changes.iter().filter(|c| c.unresolved).map(|c| {
        let left = gate.pairs.iter().filter(|p| p.state == "breaks" && p.text == c.text).map(|p| p.other.clone());
        let left: BTreeSet<String> = left.collect();
        let whom = if left.is_empty() {
            "nobody is known to have moved".to_owned()
        } else {
            format!("leaves {} behind", left.into_iter().collect::<Vec<_>>().join(", "))
        };
        format!("{}: {whom}", c.text)
    });
    bad.extend(broken);
    // A count without its change, where an answer was cut, is as bad.
    if bad.is_empty() && gate.unresolved > 0 {
        bad.push(format!("{} left unresolved", counted(gate.unresolved, "breaking change")));
    }
    if !bad.is_empty() {
        return (State::Failed, bad);
    }
    let mut says = vec![format!(
        "{} changed: {} touched, no new finding, nobody left behind",
        counted(gate.files, "file"),
        counted(gate.direct.len() + gate.dependent.len(), "service")
    )];
    let together: BTreeSet<String> = gate
        .pairs
        .iter()
        .filter(|p| p.state == "together")
        .map(|p| format!("{} with {}", p.changed, p.other))
        .collect();
    if !together.is_empty() {
        let pairs: Vec<String> = together.into_iter().collect();
        says.push(format!(
            "old and new do not fit while both run: {}; deploy in the order of the steps",
            pairs.join(", ")
        ));
    }
    (State::Passed, says)
}
