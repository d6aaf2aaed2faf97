//! A lease that ends before the work it covers. See `lease_shorter_than_work.md`.

use crate::patience::{Patience, called, is_call};
use crate::time::shown;
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Fact, Policy, PolicyKind, SmolStr};
use seam_graph::{Certainty, Evidence, Operation};

pub static RULE: Rule = Rule {
    id: "lease-shorter-than-work",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("lease_shorter_than_work.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for (node, it) in cx.graph.nodes.iter().enumerate() {
        for path in &it.own {
            for fact in cx.facts(path) {
                let Claim::Policy(policy) = &fact.claim else { continue };
                let Some(millis) = lease(policy) else { continue };
                if out.iter().any(|d| d.at.path == *path && d.at.at == fact.at) || extends(cx, node) {
                    continue;
                }
                if policy.within.is_empty() {
                    tasks(cx, node, path, fact, millis, out);
                } else {
                    work(cx, node, path, fact, policy, millis, out);
                }
            }
        }
    }
}

fn lease(policy: &Policy) -> Option<u64> {
    (policy.kind == PolicyKind::Lease).then_some(policy.millis.as_ref()?.as_text()?.parse().ok()?)
}

/// Something renews the lease while the work goes on.
fn extends(cx: &Cx<'_>, node: usize) -> bool {
    const WORDS: [&str; 7] = [
        "visibilityasync",
        "changemessagevisibility",
        "change_message_visibility",
        "heartbeat",
        "extend",
        "renew",
        "reacquire",
    ];
    cx.own_facts(node).any(|(_, fact)| match &fact.claim {
        Claim::Uses(uses) => uses.functions.iter().flat_map(|(_, names)| names).any(|n| {
            let name = n.to_ascii_lowercase();
            WORDS.iter().any(|w| name.contains(w))
        }),
        _ => false,
    })
}

/// The lease under which a consumer's function, or the whole of its service, works; none where something renews it.
pub(crate) fn of_consumer(cx: &Cx<'_>, node: usize, path: &SmolStr, within: &str) -> Option<(u64, Evidence)> {
    let mut all = cx.own_facts(node).filter_map(|(place, fact)| match &fact.claim {
        Claim::Policy(policy) if policy.detail == "visibility timeout" => {
            let own = policy.within.is_empty() || *place == *path && policy.within == within;
            lease(policy).filter(|_| own).map(|millis| (millis, cx.evidence(place, fact, policy.detail.clone())))
        }
        _ => None,
    });
    let found = all.next()?;
    (!extends(cx, node)).then_some(found)
}

/// The calls that the function of a lease waits for, each with the longest that it may take.
fn work(cx: &Cx<'_>, node: usize, path: &SmolStr, fact: &Fact, policy: &Policy, millis: u64, out: &mut Vec<Draft>) {
    let patience = Patience::new(cx);
    let mut parts: Vec<(Operation, u64)> = Vec::new();
    for (file, symbol, _) in cx.flows().runs(node, path, &policy.within, None) {
        for operation in cx.flows().operations_in(node, &file, &symbol) {
            let detail = cx.detail(operation);
            let known = parts.iter().any(|(o, _)| cx.detail(*o).at == detail.at);
            if !known
                && is_call(cx, operation)
                && let Some(longest) = patience.of(operation).patience()
            {
                parts.push((operation, longest));
            }
        }
    }
    let sum: u64 = parts.iter().map(|(_, m)| *m).sum();
    if sum <= millis {
        return;
    }
    let service = cx.name(node);
    let at = cx.evidence(path, fact, policy.detail.clone());
    let terms: Vec<String> = parts
        .iter()
        .map(|(o, m)| format!("{} for `{}` of `{}`", shown(*m), called(cx, *o), cx.name(cx.edge(o.edge).to)))
        .collect();
    let mut draft = Draft::new(
        format!("{service} {} {}", policy.within, policy.detail),
        &at,
        format!("the {} of `{service}` ends after {}, and the work may take {}", name(policy), shown(millis), shown(sum)),
    )
    .why(format!(
        "The work waits up to {}: {} in all. After {} somebody else gets the same work while the first still does it, and both \
         have its effects.",
        terms.join(", and up to "),
        shown(sum),
        shown(millis)
    ))
    .help("make the lease longer than the worst case, shorten the timeouts, or renew the lease while the work goes on")
    .about([cx.node(node).key.clone()])
    .certainty(Certainty::Inferred)
    .link(&at, format!("the {} is {}", name(policy), shown(millis)));
    for (operation, longest) in &parts {
        let to = cx.name(cx.edge(operation.edge).to);
        draft =
            draft.link(&cx.detail(*operation).at, format!("`{service}` waits up to {} for `{to}`", shown(*longest)));
    }
    out.push(draft);
}

/// Tasks that are acknowledged after the work and may run longer than the broker waits for that.
fn tasks(cx: &Cx<'_>, node: usize, path: &SmolStr, fact: &Fact, millis: u64, out: &mut Vec<Draft>) {
    let late = |p: &Policy| p.kind == PolicyKind::AckMode && p.detail.contains("after the work");
    let facts: Vec<(&SmolStr, &Fact)> = cx.own_facts(node).collect();
    let tasks: Vec<&Policy> = facts
        .iter()
        .filter_map(|(_, f)| match &f.claim {
            Claim::Policy(p) if late(p) => Some(p),
            _ => None,
        })
        .collect();
    for task in tasks {
        let limit = facts.iter().find_map(|(place, f)| match &f.claim {
            Claim::Policy(p) if p.kind == PolicyKind::Timeout && p.on == task.on && p.detail == "celery" => {
                let limit: u64 = p.millis.as_ref()?.as_text()?.parse().ok()?;
                (limit > millis).then(|| (cx.evidence(place, f, "time limit"), limit))
            }
            _ => None,
        });
        let Some((limited, limit)) = limit else { continue };
        let service = cx.name(node);
        let at = cx.evidence(path, fact, "visibility timeout");
        out.push(tell(service, &task.on, &at, &limited, millis, limit).about([cx.node(node).key.clone()]));
    }
}

fn tell(service: &str, task: &str, at: &Evidence, limited: &Evidence, millis: u64, limit: u64) -> Draft {
    Draft::new(
        format!("{service} {task} visibility"),
        at,
        format!("the visibility timeout of `{service}` ends after {}, and `{task}` may run for {}", shown(millis), shown(limit)),
    )
    .why(format!(
        "`{task}` is acknowledged after the work, and its time limit lets it run for {}. After {} the broker takes it for lost and \
         hands it to another worker, while the first still runs: the work is done twice at once, and again each {}.",
        shown(limit),
        shown(millis),
        shown(millis)
    ))
    .help("make the visibility timeout longer than the longest time limit")
    .certainty(Certainty::Inferred)
    .link(at, format!("the visibility timeout is {}", shown(millis)))
    .link(limited, format!("`{task}` may run for {}", shown(limit)))
}

fn name(policy: &Policy) -> &'static str {
    match policy.detail.as_str() {
        "visibility timeout" => "visibility timeout",
        _ => "lock",
    }
}
