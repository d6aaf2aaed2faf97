//! Properties with which a queue or exchange is declared: a broker refuses a second declaration that says something else.
//!
//! Invariant: only lines of a declaration count, and only those are touched whose own code, where it meets the same messages,
//! declares them too.

use super::effect::{Cx, Edited, Effect, Tie};
use super::messages::meets;
use super::text::Hunk;
use seam_facts::SmolStr;
use seam_graph::{Certainty, Detail, Edge, Traffic};

/// How libraries of several languages call it.
const DECLARES: [&str; 12] = [
    "assertQueue",
    "assertExchange",
    "QueueDeclare",
    "ExchangeDeclare",
    "queue_declare",
    "exchange_declare",
    "queueDeclare",
    "exchangeDeclare",
    "declare_queue",
    "declare_exchange",
    "queueOptions",
    "new Queue(",
];

/// Lines of one declaration.
const REACH: u32 = 8;

/// The effect of a hunk within a declaration, where somebody else declares the same.
pub(super) fn effect(cx: &Cx<'_>, edited: &Edited, hunk: &Hunk, owners: &[usize]) -> Option<Effect> {
    let before = edited.before.as_deref().unwrap_or_default();
    let changed = |(from, count): (u32, u32), text: &str| -> String {
        text.lines().skip(from.saturating_sub(1) as usize).take(count as usize).collect::<Vec<_>>().join("\n")
    };
    let (was, is) = (changed(hunk.old, before), changed(hunk.new, edited.after.as_deref().unwrap_or_default()));
    let property =
        |t: &str| ["true", "false", "x-", "Ttl", "ttl", "TTL", "durable", "Durable"].iter().any(|w| t.contains(w));
    let start = hunk.old.0.saturating_sub(REACH).max(1);
    let above: Vec<&str> = before.lines().skip(start as usize - 1).take((hunk.old.0 - start) as usize + 1).collect();
    // The nearest call above is the declaration, and has not ended.
    let at = above.iter().rposition(|l| DECLARES.iter().any(|d| l.contains(d)))?;
    let ended = above[at..above.len().saturating_sub(1)].iter().any(|l| l.trim_end().ends_with(';') || l.trim() == ")");
    if ended || !property(&was) || !property(&is) {
        return None;
    }
    let mut effect = Effect::new(
        "declaration-changed",
        "a queue or exchange is declared with other properties than before".to_owned(),
        format!("code/{}#{}", edited.path, hunk.old.0),
    );
    let place = Cx::place(&edited.path, hunk.new.0, "declared here");
    effect = effect.at(Some(Cx::place(&edited.path, hunk.old.0, "declared here")), Some(place.clone()));
    effect = effect.sure(Certainty::Inferred);
    for node in owners.iter().copied().filter(|n| *n < cx.old.graph.nodes.len()) {
        effect.direct.insert(cx.old.name(node).clone(), vec![place.clone()]);
        for (edge, detail) in met(cx, node, &edited.path, hunk.old.0) {
            tie(cx, node, edge, detail, &mut effect);
        }
    }
    (!effect.dependent.is_empty()).then_some(effect)
}

fn messages(edge: &Edge) -> bool {
    matches!(edge.kind.traffic(), Traffic::Publish | Traffic::Consume)
}

/// What a node sends and reads in a file: what stands nearest below the line, else all of it.
fn met<'c>(cx: &'c Cx<'_>, node: usize, path: &str, line: u32) -> Vec<(&'c Edge, &'c Detail)> {
    let edges = cx.old.graph.edges.iter().filter(|e| e.from == node && messages(e));
    let all: Vec<_> =
        edges.flat_map(|e| e.details.iter().map(move |d| (e, d))).filter(|(_, d)| d.at.path == path).collect();
    let near = |d: &Detail| d.at.at.line.abs_diff(line) <= 2 * REACH;
    if all.iter().any(|(_, d)| near(d)) { all.into_iter().filter(|(_, d)| near(d)).collect() } else { all }
}

/// Who meets the same messages at the same broker, and declares something where it does.
fn tie(cx: &Cx<'_>, node: usize, edge: &Edge, detail: &Detail, effect: &mut Effect) {
    let operation: &SmolStr = &detail.operation;
    if operation.is_empty() {
        return;
    }
    for far in cx.old.graph.edges.iter().filter(|e| e.to == edge.to && e.from != node && messages(e)) {
        let same =
            |d: &&Detail| !d.operation.is_empty() && (meets(operation, &d.operation) || meets(&d.operation, operation));
        let declares =
            |d: &&Detail| (cx.old.text)(&d.at.path).is_some_and(|text| DECLARES.iter().any(|word| text.contains(word)));
        let Some(other) = far.details.iter().filter(same).find(declares) else { continue };
        effect.tie(Tie {
            service: cx.old.name(far.from).clone(),
            why: format!("declares what `{}` goes through as well", other.operation),
            through: vec![edge.key.clone(), far.key.clone()],
            places: vec![other.at.clone()],
            certainty: Certainty::Inferred,
            moved: cx.edit(&other.at.path).is_some_and(|e| !e.hunks.is_empty()),
        });
    }
}
