//! The callee says when to come back, and nobody listens. See `backpressure_ignored.md`.

use crate::patience::{called, is_call};
use crate::trials::{Means, Trial};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, KeyUse};
use seam_graph::{Evidence, NodeKind};
use std::collections::HashMap;

pub static RULE: Rule = Rule {
    id: "backpressure-ignored",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("backpressure_ignored.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut known: HashMap<usize, (Option<Evidence>, bool)> = HashMap::new();
    for trial in &cx.trials().all {
        if listens(trial) {
            continue;
        }
        for operation in trial.operations.iter().copied().filter(|o| is_call(cx, *o)) {
            let edge = cx.edge(operation.edge);
            if cx.node(edge.to).kind != NodeKind::Service {
                continue;
            }
            let Some(said) = known.entry(edge.to).or_insert_with(|| looked(cx, edge.to)).0.clone() else { continue };
            if known.entry(edge.from).or_insert_with(|| looked(cx, edge.from)).1 {
                continue;
            }
            let detail = cx.detail(operation);
            let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
            let what = called(cx, operation);
            out.push(
                Draft::new(
                    format!("{} {what} {}", edge.key.as_str(), trial.within()),
                    &trial.at(cx),
                    format!("`{caller}` tries `{what}` of `{callee}` again without looking at its `Retry-After`"),
                )
                .why(format!(
                    "`{callee}` answers with `Retry-After` when it is overloaded, so that callers stay away that long. `{caller}` \
                     comes back when its own clock says so: too early, which keeps `{callee}` overloaded, and its attempts are spent."
                ))
                .help("wait at least as long as `Retry-After` says before the next attempt")
                .about([edge.key.clone()])
                .certainty(detail.certainty)
                .link(&trial.at(cx), how(trial))
                .link(&detail.at, format!("`{caller}` calls `{callee}` {what}"))
                .link(&said, format!("`{callee}` says when to come back")),
            );
            break;
        }
    }
}

/// Where a node sends `Retry-After`, and whether its code ever looks at one.
fn looked(cx: &Cx<'_>, node: usize) -> (Option<Evidence>, bool) {
    let (mut sent, mut read) = (None, false);
    let node = cx.node(node);
    for path in node.own.iter().chain(&node.libraries) {
        for fact in cx.facts(path) {
            let Claim::KeyUse(key) = &fact.claim else { continue };
            if !is_wish(key) {
                continue;
            }
            read |= !key.sent;
            if key.sent && sent.is_none() {
                sent = Some(cx.evidence(path, fact, "sends `Retry-After`"));
            }
        }
    }
    (sent, read)
}

pub(crate) fn is_wish(key: &KeyUse) -> bool {
    key.header.to_ascii_lowercase().replace(['-', '_'], "").contains("retryafter")
}

/// Loops that look at it, and libraries that do so by themselves.
fn listens(trial: &Trial<'_>) -> bool {
    match trial.means {
        Means::Loop(said) => said.told_when,
        Means::Library(policy) => policy.detail.starts_with("urllib3"),
    }
}

fn how(trial: &Trial<'_>) -> String {
    match trial.means {
        Means::Loop(_) => "the loop waits as it likes".to_owned(),
        Means::Library(policy) => format!("the pause is its own ({})", policy.detail),
    }
}
