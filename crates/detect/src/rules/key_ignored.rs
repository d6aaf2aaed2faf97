//! An idempotency key is sent to a callee that never looks at it. See `key_ignored.md`.

use super::backpressure_ignored::is_wish;
use crate::patience::{called, is_call};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Fact, KeyUse};
use seam_graph::{EdgeKind, NodeKind, Operation, endpoint_of};

pub static RULE: Rule = Rule {
    id: "key-ignored",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("key_ignored.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for (operation, edge, detail) in cx.operations() {
        let callee = cx.node(edge.to);
        // Only where the callee's handler is written here; a proxy between would have to be read too.
        if !matches!(edge.kind, EdgeKind::Http | EdgeKind::Grpc)
            || !is_call(cx, operation)
            || callee.kind != NodeKind::Service
        {
            continue;
        }
        let index = detail.endpoint.as_ref().and_then(|k| endpoint_of(cx.graph, k));
        // Which of its handlers answers need not be known, where its code is here and none of it knows keys.
        if index.is_none() && callee.own.iter().all(|path| cx.facts(path).is_empty()) {
            continue;
        }
        let Some((fact, key)) = sent(cx, operation) else { continue };
        if knows(cx, edge.to) || is_handled(cx, edge.to) {
            continue;
        }
        let (caller, what) = (cx.name(edge.from), called(cx, operation));
        let told = detail.asked.iter().find(|a| a.symbol == key.within).map(|a| &a.path);
        let at = cx.evidence(told.unwrap_or(&detail.at.path), fact, "the key is sent");
        let mut draft =
            Draft::new(
                format!("{} {what} {}", edge.key.as_str(), key.header),
                &at,
                format!("`{}` never looks at the `{}` that `{caller}` sends", callee.name, key.header),
            )
            .why(format!(
                "`{caller}` sends the key with `{what}` so that a repetition is known as one. No code of `{}` reads a header or field \
                 of that name, and no library that does is installed: a repetition is carried out again.",
                callee.name
            ))
            .help(format!("let `{}` keep the key with the result, and answer a second use with the first answer", callee.name))
            .about([edge.key.clone()])
            .certainty(detail.certainty)
            .link(&at, format!("`{caller}` sends `{}`", key.header))
            .link(&detail.at, format!("`{caller}` calls `{}` {what}", callee.name));
        draft = match index {
            Some(index) => {
                let endpoint = cx.graph.endpoints[index].proof.first();
                draft.link(endpoint, format!("`{}` answers it without the key", callee.name))
            }
            None => draft.severity(Severity::Note).open(format!("which code of `{}` answers it", callee.name)),
        };
        out.push(draft);
    }
}

/// The key that goes out with an operation: in the same function, or in the one that tells a helper what to ask.
pub(crate) fn sent<'a>(cx: &Cx<'a>, operation: Operation) -> Option<(&'a Fact, &'a KeyUse)> {
    let detail = cx.detail(operation);
    let told = detail.asked.iter().find_map(|asked| {
        cx.facts(&asked.path).iter().find_map(|fact| match &fact.claim {
            Claim::KeyUse(k) if k.sent && k.within == asked.symbol && !is_wish(k) => Some((fact, k)),
            _ => None,
        })
    });
    if told.is_some() {
        return told;
    }
    let own = |k: &KeyUse| k.sent && k.within == detail.within && !is_wish(k);
    cx.facts(&detail.at.path).iter().find_map(|fact| match &fact.claim {
        Claim::KeyUse(k) if own(k) && (!k.within.is_empty() || fact.at.line.abs_diff(detail.at.at.line) < 10) => {
            Some((fact, k))
        }
        _ => None,
    })
}

/// Whether a node's own code or its libraries mention such a key at all.
pub(crate) fn knows(cx: &Cx<'_>, node: usize) -> bool {
    let node = cx.node(node);
    let mentions = |path| cx.facts(path).iter().any(|f| matches!(&f.claim, Claim::KeyUse(k) if !k.sent && !is_wish(k)));
    node.own.iter().chain(&node.libraries).any(|p| mentions(p))
}

/// A library or middleware that handles keys by itself.
pub(crate) fn is_handled(cx: &Cx<'_>, node: usize) -> bool {
    cx.graph.packages.iter().any(|p| p.node == node && p.package.to_ascii_lowercase().contains("idempoten"))
}
