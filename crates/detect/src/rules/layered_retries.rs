//! A mesh or proxy tries again what the program itself tries again. See `layered_retries.md`.

use crate::patience::{Patience, called, is_call};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::SmolStr;
use seam_graph::Operation;
use std::collections::BTreeMap;

pub static RULE: Rule = Rule {
    id: "layered-retries",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("layered_retries.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let patience = Patience::new(cx);
    // One finding for each edge and outer layer, whatever the number of operations.
    let mut seen: BTreeMap<(usize, SmolStr), Operation> = BTreeMap::new();
    for (operation, _, _) in cx.operations().filter(|(o, _, _)| is_call(cx, *o)) {
        if let [_, outer, ..] = patience.of(operation).layers.as_slice() {
            seen.entry((operation.edge, outer.at.path.clone())).or_insert(operation);
        }
    }
    for ((edge, _), operation) in seen {
        let (edge, detail) = (cx.edge(edge), cx.detail(operation));
        let (caller, callee) = (cx.name(edge.from), cx.name(edge.to));
        let rules = patience.of(operation);
        let Some(outer) = rules.layers.last() else { continue };
        let sum: Vec<String> =
            rules.layers.iter().map(|l| l.attempts.map_or("2 or more".to_owned(), |n| n.to_string())).collect();
        let total = if rules.layers.iter().all(|l| l.attempts.is_some()) {
            format!("{} = {}", sum.join(" × "), rules.attempts())
        } else {
            sum.join(" × ")
        };
        let mut draft = Draft::new(
            edge.key.as_str(),
            &outer.at,
            format!("calls of `{caller}` to `{callee}` are tried again by {} layers", rules.layers.len()),
        )
        .why(format!(
            "Neither layer knows of the other: one call becomes up to {total} attempts, and when `{callee}` is down, \
             `{caller}` learns it as much later."
        ))
        .help(format!("keep one of them: switch the outer retries off for the route to `{callee}`, or the program's"))
        .about([edge.key.clone()])
        .certainty(detail.certainty)
        .link(&detail.at, format!("`{caller}` calls `{callee}` {}", called(cx, operation)));
        for layer in &rules.layers {
            let tries = layer.attempts.map_or("again".to_owned(), |n| format!("{n} times"));
            draft = draft.certainty(layer.certainty).link(&layer.at, format!("it is tried {tries} ({})", layer.detail));
        }
        out.push(draft);
    }
}
