//! A caller gives up before what it calls may have finished. See `timeout_inversion.md`.

use crate::patience::{Patience, called, governed, is_call, term};
use crate::time::{Interval, shown};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_graph::{EdgeKind, Operation};

pub static RULE: Rule = Rule {
    id: "timeout-inversion",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("timeout_inversion.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    crate::limits::limits(cx, out);
    let patience = Patience::new(cx);
    for (operation, edge, detail) in cx.operations() {
        if !is_call(cx, operation) {
            continue;
        }
        let rules = patience.of(operation);
        let limit = [&rules.timeout, &rules.total].into_iter().flatten().filter(|t| t.millis.is_some());
        let Some(limit) = limit.min_by_key(|t| t.millis) else { continue };
        let waits = limit.millis.unwrap_or_default();
        // A deadline travels with gRPC calls.
        let counts = |o: &Operation| !(edge.kind == EdgeKind::Grpc && cx.edge(o.edge).kind == EdgeKind::Grpc);
        let parts: Vec<(Operation, Interval)> =
            patience.waits_of(operation).into_iter().map(|o| (o, patience.worst(o))).collect();
        let sum = parts.iter().fold(0u64, |s, (_, t)| s.saturating_add(t.least));
        if sum <= waits {
            continue;
        }
        let parts: Vec<(Operation, Interval)> = parts.into_iter().filter(|(o, t)| t.least > 0 && counts(o)).collect();
        let sum = parts.iter().fold(Interval::ZERO, |s, (_, t)| s + *t);
        if sum.least <= waits {
            continue;
        }
        let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
        let what = called(cx, operation);
        let longest = parts.iter().map(|(_, t)| t.least).max().unwrap_or_default();
        let terms: Vec<String> = parts.iter().map(|(o, t)| term(cx, &patience, *o, *t)).collect();
        let mut draft = Draft::new(
            format!("{} {what}", edge.key.as_str()),
            &limit.at,
            format!(
                "`{caller}` gives up on `{callee}` after {}, and `{callee}` may take {}",
                shown(waits),
                shown(sum.least)
            ),
        )
        .why(format!(
            "To answer {what}, `{callee}` waits for {}{}. After {} `{caller}` reports a failure, while `{callee}` goes \
             on and may still succeed.",
            terms.join(", and for "),
            if terms.len() > 1 { format!(": {} together", shown(sum.least)) } else { String::new() },
            shown(waits)
        ))
        .help(format!(
            "let `{callee}` give up earlier than `{caller}` (attempts × timeout + pauses below {}), or pass the \
             caller's deadline on",
            shown(waits)
        ))
        .about([edge.key.clone()])
        .certainty(detail.certainty)
        .certainty(limit.certainty)
        .link(&limit.at, format!("`{caller}` waits {} for `{callee}`", shown(waits)))
        .link(&detail.at, format!("`{caller}` calls `{callee}` {what}"));
        if let Some(index) = detail.endpoint.as_ref().and_then(|k| seam_graph::endpoint_of(cx.graph, k)) {
            draft = draft.link(cx.graph.endpoints[index].proof.first(), format!("`{callee}` answers {what}"));
        }
        for (part, _) in &parts {
            let rules = patience.of(*part);
            let to = cx.name(cx.edge(part.edge).to);
            let at = cx.detail(*part);
            draft = draft
                .certainty(at.certainty)
                .about([cx.edge(part.edge).key.clone()])
                .link(&at.at, format!("`{callee}` calls `{to}` {}", called(cx, *part)));
            draft = governed(draft, callee, to, &rules);
        }
        if longest <= waits {
            // Only together do they take longer, and a handler need not come past all of them.
            draft =
                draft.severity(Severity::Note).open("whether one request waits for all of these in turn".to_owned());
        }
        out.push(draft);
    }
}
