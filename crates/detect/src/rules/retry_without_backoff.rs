//! Attempts follow one another at once. See `retry_without_backoff.md`.

use crate::effects::last;
use crate::patience::{Patience, Said, called, is_call};
use crate::repeats::listeners;
use crate::trials::{Means, Trial, entry_of, waits_on_purpose};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Bound, Claim, Fact, Pause, Policy, PolicyKind, Span, System, Value};
use seam_graph::{Certainty, EdgeKind, Evidence, NodeKind, Operation};
use std::collections::BTreeSet;

pub static RULE: Rule = Rule {
    id: "retry-without-backoff",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("retry_without_backoff.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for trial in &cx.trials().all {
        let sends = |o: &Operation| cx.edge(o.edge).kind == EdgeKind::QueuePublish;
        let endless =
            matches!(trial.means, Means::Loop(said) if said.bound == Bound::Nothing && said.attempts.is_none());
        let of_calls = trial.operations.iter().copied().find(|o| is_call(cx, *o) || is_bucket(cx, *o));
        let found = |wanted: &dyn Fn(&Operation) -> bool| trial.operations.iter().copied().find(|o| wanted(o));
        // A message that is sent again and again without end stops whoever waits for it, too.
        let of_calls = of_calls.or_else(|| found(&|o| endless && sends(o)));
        // So does a store that is asked again and again; a conflict is over at once, and a few attempts are meant for it.
        let store = |o: &Operation| cx.node(cx.edge(o.edge).to).kind.is_store();
        let stored = of_calls.is_none() && endless && unpaused(trial.means);
        let Some(operation) = of_calls.or_else(|| found(&|o| stored && store(o))) else { continue };
        if waits_on_purpose(trial.within()) && !stored || waits_in_vain(trial.means) {
            continue;
        }
        let (tries, how) = match trial.means {
            Means::Loop(said) if said.pause == Pause::Nothing => {
                let number = said.attempts.as_ref().and_then(|v| v.as_text());
                let tries = match (&number, said.bound) {
                    (Some(n), _) => format!("up to {n} times"),
                    (None, Bound::Counted | Bound::Checked) => "several times".to_owned(),
                    (None, Bound::Nothing) => "without end".to_owned(),
                };
                // Once more, at once, is what a lost connection needs.
                if number.as_deref() == Some("2") || !stored && entry_of(cx, trial).is_none() {
                    continue;
                }
                (tries, "the loop starts again at once".to_owned())
            }
            Means::Library(policy) if is_immediate(cx, trial, policy) => {
                let number = policy.attempts.as_ref().and_then(|v| v.as_text());
                if number.as_deref().is_some_and(|n| n == "2" || n == "1") {
                    continue;
                }
                let tries = number.map_or("several times".to_owned(), |n| format!("up to {n} times"));
                (tries, format!("no pause is stated, and the default is none ({})", policy.detail))
            }
            Means::Loop(_) | Means::Library(_) => continue,
        };
        out.push(draft(cx, trial, operation, &tries, how));
    }
    policies(cx, out);
    messages(cx, out);
    handed(cx, out);
    at_once(cx, out);
}

/// Policies of libraries that say, or whose library says, that nothing lies between the attempts.
fn policies(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let patience = Patience::new(cx);
    let told: BTreeSet<_> = out.iter().map(|d| (d.at.path.clone(), d.at.at.line)).collect();
    let mut seen = BTreeSet::new();
    for (operation, edge, detail) in cx.operations().filter(|(o, _, _)| is_call(cx, *o)) {
        let rules = patience.of(operation);
        let at_once =
            |l: &&Said| l.millis == Some(0) && !l.detail.starts_with("a loop") && l.attempts.is_none_or(|n| n > 2);
        let Some(layer) = rules.layers.iter().find(at_once).filter(|_| rules.pause == 0) else { continue };
        let place = (layer.at.path.clone(), layer.at.at.line);
        if told.contains(&place) || !seen.insert((place, edge.to)) {
            continue;
        }
        let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
        let what = called(cx, operation);
        let tries = match layer.attempts {
            Some(n) => format!("up to {n} times"),
            None if layer.detail.contains("forever") => "without end".to_owned(),
            None => "several times".to_owned(),
        };
        let how = format!("nothing lies between the attempts ({})", layer.detail);
        out.push(
            Draft::new(
                format!("{} {what} {}", edge.key.as_str(), layer.detail),
                &layer.at,
                format!("`{caller}` tries `{what}` of `{callee}` {tries} without a pause"),
            )
            .why(hurries(callee, &tries))
            .help("wait between the attempts, longer each time and spread at random")
            .about([edge.key.clone()])
            .certainty(detail.certainty)
            .certainty(layer.certainty)
            .link(&layer.at, how)
            .link(&detail.at, format!("`{caller}` calls `{callee}` {what}")),
        );
    }
}

/// Listeners that come back to a message at once, again and again.
fn messages(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for found in listeners(cx) {
        let number = |v: &Option<Value>| v.as_ref()?.as_text()?.trim().parse::<u64>().ok();
        let attempts = number(&found.policy.attempts);
        if number(&found.policy.millis) != Some(0) || attempts.is_some_and(|n| n < 3) {
            continue;
        }
        let name = cx.name(found.node);
        let tries = attempts.map_or("again and again".to_owned(), |n| format!("up to {n} times"));
        let taken = cx.detail(found.taken);
        let draft = Draft::new(
            format!("{name} listener {}", found.policy.within),
            &found.at,
            format!("`{name}` tries a message that failed {tries} without a pause"),
        )
        .why(format!(
            "What a message needs and does not find (a store that is started anew, a service that has too much to do) is not there \
             a millisecond later either: the attempts are spent before it is over, and `{name}` adds its load to the trouble."
        ))
        .help("wait between the attempts, longer each time, and set the message aside when they are spent")
        .about([cx.edge(found.taken.edge).key.clone()])
        .link(&found.at, format!("nothing lies between the attempts ({})", found.policy.detail))
        .link(&taken.at, format!("`{name}` takes messages of `{}`", cx.name(cx.edge(found.taken.edge).to)));
        // A few at once are meant for conflicts of rows, which are over at once.
        let few = attempts.is_some_and(|n| n <= 6);
        out.push(if few { draft.severity(Severity::Note) } else { draft });
    }
}

fn hurries(callee: &str, tries: &str) -> String {
    format!(
        "An answer that fails at once is asked for again at once, {tries} within milliseconds. A restart or an overload of \
         `{callee}` lasts longer than that: the attempts are spent before it is over, and they come on top of its load."
    )
}

fn draft(cx: &Cx<'_>, trial: &Trial<'_>, operation: Operation, tries: &str, how: String) -> Draft {
    let (edge, detail) = (cx.edge(operation.edge), cx.detail(operation));
    let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
    let what = called(cx, operation);
    let at = trial.at(cx);
    let mut draft = Draft::new(
        format!("{} {what} {}", edge.key.as_str(), trial.within()),
        &at,
        format!("`{caller}` tries `{what}` of `{callee}` {tries} without a pause"),
    )
    .why(hurries(callee, tries))
    .help("wait between the attempts, longer each time and spread at random")
    .about([edge.key.clone()])
    .certainty(detail.certainty)
    .link(&at, how)
    .link(&detail.at, format!("`{caller}` calls `{callee}` {what}"));
    if let Some(again) = itself(cx, trial) {
        draft = draft.link(&again, "it calls itself again");
    }
    if let Some(called) = &trial.called {
        draft = draft.link(called, called.says.to_string());
    }
    if let Some((place, name)) = entry_of(cx, trial) {
        draft = draft.link(&place, format!("`{name}` of `{caller}` waits for it"));
    }
    draft
}

/// Policies whose word is that they wait, and that are told to wait for nothing, where it is not seen what they are for.
fn at_once(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let told: BTreeSet<_> = out.iter().map(|d| (d.at.path.clone(), d.at.at.line)).collect();
    let mut seen = BTreeSet::new();
    for (node, it) in cx.graph.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Service) {
        for path in it.own.iter().chain(&it.libraries).filter(|p| !seam_graph::is_test(p)) {
            let waits = |f: &&Fact| match &f.claim {
                Claim::Policy(p) => {
                    let number = |v: &Option<Value>| v.as_ref()?.as_text()?.trim().parse::<u64>().ok();
                    p.kind == PolicyKind::Retry
                        && p.detail.starts_with("Polly, at once")
                        && number(&p.attempts).is_none_or(|n| n > 2)
                }
                _ => false,
            };
            for fact in cx.facts(path).iter().filter(waits) {
                let place = (path.clone(), fact.at.line);
                if told.contains(&place) || !seen.insert(place) {
                    continue;
                }
                let at = cx.evidence(path, fact, "tries again");
                let name = cx.name(node);
                out.push(
                    Draft::new(
                        format!("{name} {path} at once"),
                        &at,
                        format!("`{name}` has a policy that tries again without a pause"),
                    )
                    .why(hurries("whoever is asked", "again and again"))
                    .help("wait between the attempts, longer each time and spread at random")
                    .about([it.key.clone()])
                    .certainty(Certainty::Inferred)
                    .open("what the policy is used for")
                    .link(&at, "the pause between the attempts is nothing"),
                );
            }
        }
    }
}

/// Where a function that is tried again calls itself.
fn itself(cx: &Cx<'_>, trial: &Trial<'_>) -> Option<Evidence> {
    let Means::Loop(said) = trial.means else { return None };
    let name = last(&said.within);
    cx.facts(trial.path).iter().find_map(|fact| {
        let Claim::Steps(steps) = &fact.claim else { return None };
        let own = steps.within == said.within && (steps.lines.0..=steps.lines.1).contains(&trial.fact.at.line);
        let (line, _) = steps.calls.iter().find(|(line, n)| own && n == name && *line > trial.fact.at.line)?;
        Some(Evidence { at: Span::at(*line, 1), ..cx.evidence(trial.path, fact, "calls itself") })
    })
}

/// Handlers of messages that hand their work to a loop without an end and without a pause.
fn handed(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut told = BTreeSet::new();
    for (_, edge, detail) in cx.operations().filter(|(_, e, _)| e.kind == EdgeKind::QueueConsume) {
        let facts = cx.facts(&detail.at.path);
        let given = facts.iter().filter_map(|f| match &f.claim {
            Claim::Attempts(a) if a.given && a.bound == Bound::Nothing && a.pause == Pause::Nothing => Some((f, a)),
            _ => None,
        });
        for (fact, said) in given {
            let to = |f: &&Fact| match &f.claim {
                Claim::Pass(p) => last(&p.callee) == last(&said.within) && p.within == detail.within,
                _ => false,
            };
            let Some(pass) = facts.iter().find(to).filter(|_| !detail.within.is_empty()) else { continue };
            let place = (detail.at.path.clone(), fact.at.line);
            if out.iter().any(|d| (&d.at.path, d.at.at.line) == (&place.0, place.1)) || !told.insert(place) {
                continue;
            }
            let (name, broker) = (cx.name(edge.from), cx.name(edge.to));
            let path = &detail.at.path;
            let at = cx.evidence(path, fact, "tries again");
            out.push(
                Draft::new(
                    format!("{name} handling {}", said.within),
                    &at,
                    format!("`{name}` tries the work on a message again without end and without a pause"),
                )
                .why(format!(
                    "What always fails is tried for ever: the thread never gets free, what stands behind the message in `{broker}` waits, and \
                     whatever the work asks is asked as fast as it can answer."
                ))
                .help("give it a number of attempts and a pause, and set the message aside when they are spent")
                .about([edge.key.clone()])
                .link(&at, "the loop starts again at once, and nothing ends it")
                .link(&cx.evidence(path, pass, "hands on"), "the work on a message is handed to it")
                .link(&detail.at, format!("`{name}` takes messages of `{broker}`")),
            );
        }
    }
}

/// What keeps files is asked like a service.
fn is_bucket(cx: &Cx<'_>, operation: Operation) -> bool {
    cx.node(cx.edge(operation.edge).to).system == Some(System::Objects)
}

/// A loop between whose rounds nothing is seen to wait.
fn unpaused(means: Means<'_>) -> bool {
    matches!(means, Means::Loop(said) if said.pause == Pause::Nothing)
}

/// Only what took its time already is tried again: an attempt that ran into its timeout.
fn waits_in_vain(means: Means<'_>) -> bool {
    let slow = |name: &str| name.to_ascii_lowercase().contains("timeout");
    match means {
        Means::Loop(said) => !said.caught.is_empty() && said.caught.iter().all(|t| slow(t)),
        Means::Library(policy) => policy.detail.split_once(" on ").is_some_and(|(_, types)| types.split(',').all(slow)),
    }
}

/// Libraries that wait for nothing unless they are told to.
fn is_immediate(cx: &Cx<'_>, trial: &Trial<'_>, policy: &Policy) -> bool {
    let silent = policy.millis.is_none()
        && matches!(policy.detail.split(',').next(), Some("tenacity" | "retry" | "retrying"))
        && !["jitter", "exponential", "waits"].iter().any(|w| policy.detail.contains(w));
    let backoff = |p: &Policy| p.kind == PolicyKind::Backoff && p.on == policy.on;
    silent && !cx.facts(trial.path).iter().any(|f| matches!(&f.claim, Claim::Policy(p) if backoff(p)))
}
