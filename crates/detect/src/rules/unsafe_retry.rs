//! A call that has an effect each time is tried again. See `unsafe_retry.md`.

use crate::patience::{Patience, called, is_call};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::PolicyKind;
use seam_graph::{Certainty, EdgeKind, Operation, endpoint_of};

pub static RULE: Rule = Rule {
    id: "unsafe-retry",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("unsafe_retry.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let patience = Patience::new(cx);
    for (operation, edge, detail) in cx.operations() {
        if !is_call(cx, operation) || !cx.policies(operation, PolicyKind::IdempotencyKey).is_empty() {
            continue;
        }
        let method = detail.operation.split_once(' ').map_or("", |(m, _)| m);
        let what = called(cx, operation);
        let unsafe_method = matches!(method, "POST" | "PATCH");
        if !unsafe_method
            || edge.kind != EdgeKind::Http
            || [last(&detail.within), last_part(what)].into_iter().any(only_asks)
        {
            continue;
        }
        let rules = patience.of(operation);
        let Some(layer) = rules.layers.iter().find(|l| retries_writes(&l.detail)) else { continue };
        let seen = effect(cx, operation);
        let flows = seen.is_some();
        let Some((effect, says)) = seen.or_else(|| keeps(cx, edge.to)) else { continue };
        let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
        let tries = layer.attempts.map_or("several times".to_owned(), |n| format!("up to {n} times"));
        let mut draft = Draft::new(
            format!("{} {what}", edge.key.as_str()),
            &layer.at,
            format!("`{what}` of `{callee}` is tried {tries} without an idempotency key"),
        )
        .why(format!(
            "When an answer is lost or late, `{callee}` has done the work and `{caller}` asks again: {says} then \
             happens {tries} for one request. Nothing in the call tells `{callee}` that it is the same one."
        ))
        .help(format!(
            "send a key that is made before the first attempt and let `{callee}` refuse a second use, or retry only \
             while connecting"
        ))
        .about([edge.key.clone()])
        .certainty(detail.certainty)
        .certainty(layer.certainty)
        .link(&layer.at, format!("the call is tried {tries} ({})", layer.detail))
        .link(&detail.at, format!("`{caller}` calls `{callee}` {what}"));
        if let Some(index) = detail.endpoint.as_ref().and_then(|k| endpoint_of(cx.graph, k)) {
            draft = draft.link(cx.graph.endpoints[index].proof.first(), format!("`{callee}` answers {what}"));
        }
        draft = draft.link(&cx.detail(effect).at, format!("`{callee}` has an effect: {says}"));
        if !flows {
            draft = draft
                .severity(Severity::Note)
                .certainty(Certainty::Inferred)
                .open(format!("what `{callee}` writes to answer {what}"));
        }
        out.push(draft);
    }
}

/// A callee whose handler is not followed to its store, but that keeps data.
fn keeps(cx: &Cx<'_>, callee: usize) -> Option<(Operation, String)> {
    let edge = cx.outgoing(callee).iter().copied().find(|e| cx.edge(*e).kind == EdgeKind::Db)?;
    Some((Operation { edge, detail: 0 }, format!("work on the database `{}`", cx.name(cx.edge(edge).to))))
        .filter(|_| !cx.edge(edge).details.is_empty())
}

/// A function or path whose name says that it changes nothing, or takes away what is there: twice is once.
fn only_asks(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words =
        ["get", "query", "find", "search", "list", "fetch", "load", "read", "check", "validate", "remove", "delete"];
    words.iter().any(|w| name.starts_with(w))
}

fn last(symbol: &str) -> &str {
    symbol.rsplit(['.', ':']).next().unwrap_or(symbol)
}

fn last_part(operation: &str) -> &str {
    operation.rsplit('/').find(|p| !p.is_empty()).unwrap_or(operation)
}

/// Layers that leave unsafe methods alone, or repeat only what never arrived.
fn retries_writes(detail: &str) -> bool {
    let nginx = detail.contains("_next_upstream");
    let connecting = ["connect-failure", "refused-stream"].iter().any(|w| detail.contains(w))
        && !["5xx", "reset", "gateway-error", "retriable"].iter().any(|w| detail.contains(w));
    // axios-retry repeats idempotent methods only, unless a condition is given that is not read.
    let spared = nginx && !detail.contains("non_idempotent");
    !(spared || connecting || detail.starts_with("axios-retry"))
}

/// What the callee does that a repetition does twice: a message, a further write over the network, a store.
fn effect(cx: &Cx<'_>, operation: Operation) -> Option<(Operation, String)> {
    let index = cx.detail(operation).endpoint.as_ref().and_then(|k| endpoint_of(cx.graph, k))?;
    let effects = cx.flows().endpoint(index);
    let kind = |o: Operation| {
        let edge = cx.edge(o.edge);
        let writes = ["POST ", "PATCH "].iter().any(|m| cx.detail(o).operation.starts_with(m));
        let name = cx.name(edge.to);
        match edge.kind {
            EdgeKind::QueuePublish => Some((0, format!("a message to `{name}`"))),
            EdgeKind::Http if writes => Some((1, format!("`{}` of `{name}`", cx.detail(o).operation))),
            EdgeKind::Db => Some((2, format!("work on the database `{name}`"))),
            _ => None,
        }
    };
    let best = effects.iter().filter_map(|e| kind(e.operation).map(|(rank, says)| (rank, e.operation, says))).min();
    best.map(|(_, o, says)| (o, says))
}
