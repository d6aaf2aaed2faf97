//! One circuit breaker stands before several callees. See `shared_breaker.md`.

use crate::patience::{called, is_call};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{PolicyKind, SmolStr, format_smolstr};
use seam_graph::{Operation, Policy};
use std::collections::{BTreeMap, BTreeSet};

pub static RULE: Rule = Rule {
    id: "shared-breaker",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("shared_breaker.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut breakers: BTreeMap<(usize, SmolStr), Vec<(Operation, &Policy)>> = BTreeMap::new();
    let mut bulkheads: BTreeSet<(usize, SmolStr)> = BTreeSet::new();
    for (operation, edge, _) in cx.operations().filter(|(o, _, _)| is_call(cx, *o)) {
        for policy in cx.policies(operation, PolicyKind::Breaker) {
            if let Some(name) = name_of(&policy.detail) {
                breakers.entry((edge.from, name)).or_default().push((operation, policy));
            }
        }
        for policy in cx.policies(operation, PolicyKind::Bulkhead) {
            bulkheads.extend(name_of(&policy.detail).map(|name| (edge.from, name)));
        }
    }
    for ((node, name), uses) in breakers {
        let mut callees: BTreeMap<usize, (Operation, &Policy)> = BTreeMap::new();
        for (operation, policy) in uses {
            callees.entry(cx.edge(operation.edge).to).or_insert((operation, policy));
        }
        let all: Vec<(Operation, &Policy)> = callees.values().copied().collect();
        let [(first, at), (second, _), ..] = all.as_slice() else { continue };
        if bulkheads.contains(&(node, name.clone())) {
            continue;
        }
        let caller = cx.name(node);
        let (one, other) = (cx.name(cx.edge(first.edge).to), cx.name(cx.edge(second.edge).to));
        let mut draft = Draft::new(
            format_smolstr!("{} {name}", cx.node(node).key.as_str()),
            &at.at,
            format!("`{caller}` has one circuit breaker, `{name}`, for {} services", all.len()),
        )
        .why(format!(
            "When calls to `{one}` fail, `{name}` opens, and calls to `{other}`, which is well, are refused too; and as long as \
             `{other}` answers, its successes keep the rate of failures below the threshold, so that `{name}` may not open at all."
        ))
        .help("give each callee a breaker of its own")
        .about(all.iter().map(|(o, _)| cx.edge(o.edge).key.clone()));
        for (operation, policy) in &all {
            let (edge, detail) = (cx.edge(operation.edge), cx.detail(*operation));
            let callee = cx.name(edge.to);
            draft = draft
                .certainty(detail.certainty)
                .link(&policy.at, format!("`{name}` guards the call to `{callee}`"))
                .link(&detail.at, format!("`{caller}` calls `{callee}` {}", called(cx, *operation)));
        }
        out.push(draft);
    }
}

/// The instance: breakers of one name share one state.
fn name_of(detail: &str) -> Option<SmolStr> {
    let name = detail.strip_prefix("resilience4j ").or_else(|| detail.strip_prefix("pybreaker, "))?;
    let plain = !name.is_empty() && !name.contains(['$', '{', ' ']);
    plain.then(|| name.into())
}
