//! A call is tried again until it works, however long that takes. See `unbounded_retry.md`.

use crate::patience::{Patience, called, is_call};
use crate::repeats::listeners;
use crate::time::shown;
use crate::trials::{Means, Trial, entry_of, waits_on_purpose};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Attempts, Bound, Claim, Pause, Policy, PolicyKind};
use seam_graph::{EdgeKind, Operation};
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    id: "unbounded-retry",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("unbounded_retry.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let patience = Patience::new(cx);
    for trial in &cx.trials().all {
        let endless = match trial.means {
            Means::Loop(said) => said.bound == Bound::Nothing,
            Means::Library(policy) => never_stops(policy),
        };
        if !endless || waits_on_purpose(trial.within()) || has_deadline(cx, trial) {
            continue;
        }
        let all = || trial.operations.iter().copied();
        let Some(operation) = all().find(|o| is_call(cx, *o)).or_else(|| all().find(|o| sends(cx, *o))) else {
            continue;
        };
        if patience.of(operation).total.is_some() {
            continue;
        }
        let entry = entry_of(cx, trial);
        // A loop of the program's own that no request waits for is one of its workers; a function that asks a service may well be
        // called where that is not followed.
        let unknown = entry.is_none() && matches!(trial.means, Means::Loop(_));
        if unknown && (trial.within().is_empty() || !is_call(cx, operation)) {
            continue;
        }
        let found = draft(cx, trial, operation, entry);
        out.push(if unknown { found.severity(Severity::Note).open("who calls it") } else { found });
    }
    // Policies that are built in code and name no function to repeat.
    let told: BTreeSet<_> = out.iter().map(|d| (d.at.path.clone(), d.at.at.line)).collect();
    let mut seen = BTreeSet::new();
    for (operation, edge, detail) in cx.operations().filter(|(o, _, _)| is_call(cx, *o) || sends(cx, *o)) {
        let rules = patience.of(operation);
        let Some(policy) = rules.layers.iter().find(|p| p.detail.contains("forever")).filter(|_| rules.total.is_none())
        else {
            continue;
        };
        let place = (policy.at.path.clone(), policy.at.at.line);
        if told.contains(&place) || !seen.insert((place, edge.to)) {
            continue;
        }
        let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
        out.push(
            Draft::new(
                format!("{} {}", edge.key.as_str(), detail.operation),
                &policy.at,
                format!("`{caller}` tries `{}` of `{callee}` again without end", called(cx, operation)),
            )
            .why(format!(
                "{} While `{callee}` is down, each caller of `{caller}` waits with it.",
                "The policy says so: for ever."
            ))
            .help("give it a number of attempts, or a deadline over all of them")
            .about([edge.key.clone()])
            .certainty(detail.certainty)
            .link(&policy.at, format!("repeats for ever ({})", policy.detail))
            .link(&detail.at, format!("`{caller}` calls `{callee}` {}", called(cx, operation))),
        );
    }
    messages(cx, out);
}

/// A message: who sends it waits for the broker.
fn sends(cx: &Cx<'_>, operation: Operation) -> bool {
    cx.edge(operation.edge).kind == EdgeKind::QueuePublish
}

/// A listener that never gives a message up: everything behind it waits.
fn messages(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for found in listeners(cx).into_iter().filter(|f| f.policy.detail.contains("forever")) {
        let name = cx.name(found.node);
        let taken = cx.detail(found.taken);
        let broker = cx.name(cx.edge(found.taken.edge).to);
        out.push(
            Draft::new(
                format!("{name} listener {}", found.policy.within),
                &found.at,
                format!("`{name}` tries a message that failed again without end"),
            )
            .why(format!(
                "A message that can never be handled (a row that is not there, a field that is missing) is taken again for ever, and \
                 what stands behind it in its partition or queue of `{broker}` is never taken at all."
            ))
            .help("give it a number of attempts, and set the message aside then (a dead letter topic or queue)")
            .about([cx.edge(found.taken.edge).key.clone()])
            .link(&found.at, format!("nothing ends it ({})", found.policy.detail))
            .link(&taken.at, format!("`{name}` takes messages of `{broker}`")),
        );
    }
}

fn draft(cx: &Cx<'_>, trial: &Trial<'_>, operation: Operation, entry: Option<(seam_graph::Evidence, String)>) -> Draft {
    let (edge, detail) = (cx.edge(operation.edge), cx.detail(operation));
    let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
    let what = called(cx, operation);
    let at = trial.at(cx);
    let (how, pace) = match trial.means {
        Means::Loop(said) => ("the loop ends only when the call works".to_owned(), pace(said)),
        Means::Library(policy) => (format!("nothing stops it ({})", policy.detail), String::new()),
    };
    let waits = match &entry {
        Some((_, name)) => {
            format!("`{name}` does not answer, and each request that comes in is one more that asks again")
        }
        None => "whoever called it waits, and each further request is one more that asks again".to_owned(),
    };
    let mut draft = Draft::new(
        format!("{} {what} {}", edge.key.as_str(), trial.within()),
        &at,
        format!("`{caller}` tries `{what}` of `{callee}` again without end"),
    )
    .why(format!("No number of attempts and no deadline ends it. While `{callee}` is down, {waits}{pace}."))
    .help("give it a number of attempts or a deadline over all of them, and answer with an error then")
    .about([edge.key.clone()])
    .certainty(detail.certainty)
    .link(&at, how)
    .link(&detail.at, format!("`{caller}` calls `{callee}` {what}"));
    if let Some((place, name)) = entry {
        draft = draft.link(&place, format!("`{name}` of `{caller}` waits for it"));
    }
    draft
}

fn pace(said: &Attempts) -> String {
    let millis = said.millis.as_ref().and_then(|m| m.as_text()?.parse::<u64>().ok());
    match (said.pause, millis) {
        (Pause::Nothing, _) => ", without a pause".to_owned(),
        (_, Some(millis)) => format!(" every {}", shown(millis)),
        _ => String::new(),
    }
}

/// Libraries that go on for ever unless they are told when to stop.
fn never_stops(policy: &Policy) -> bool {
    const ENDLESS: &[&str] = &["tenacity", "backoff,", "retrying"];
    let stopped = |w: &str| policy.detail.contains(w);
    policy.attempts.is_none()
        && !stopped("forever")
        && (policy.detail == "retry" || ENDLESS.iter().any(|l| policy.detail.starts_with(l)))
}

/// Something around the attempts gives up: a timeout of the same function that is not the call's own.
fn has_deadline(cx: &Cx<'_>, trial: &Trial<'_>) -> bool {
    cx.facts(trial.path).iter().any(|fact| {
        let Claim::Policy(p) = &fact.claim else { return false };
        let around = trial.lines().is_none_or(|(first, last)| fact.at.line < first || fact.at.line > last);
        p.kind == PolicyKind::Timeout
            && (p.within == *trial.within() || p.on == *trial.within())
            && around
            && ["context.WithTimeout", "asyncio", "CancellationToken", "over all"].iter().any(|w| p.detail.contains(w))
    })
}
