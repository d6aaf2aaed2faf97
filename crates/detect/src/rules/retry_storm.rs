//! Retries of several services multiply along a path. See `retry_storm.md`.

use crate::patience::{Patience, calling, is_call};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_graph::Operation;
use std::collections::{BTreeSet, HashMap, HashSet};

pub static RULE: Rule = Rule {
    id: "retry-storm",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("retry_storm.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let patience = Patience::new(cx);
    let mut storms = Storms { patience: &patience, known: HashMap::new() };
    let mut found: Vec<(u64, Vec<Operation>)> = Vec::new();
    for (operation, _, _) in cx.operations().filter(|(o, _, _)| is_call(cx, *o)) {
        if patience.of(operation).layers.is_empty() {
            continue;
        }
        let (product, way) = storms.from(operation, &mut HashSet::new());
        let layers: usize = way.iter().map(|o| patience.of(*o).layers.len()).sum();
        if product > cx.limits.attempts && layers > 1 {
            found.push((product, way));
        }
    }
    // The longest way stands for its tails.
    let tails: BTreeSet<Operation> = found.iter().flat_map(|(_, way)| way.iter().skip(1).copied()).collect();
    for (product, way) in found.into_iter().filter(|(_, way)| way.first().is_some_and(|o| !tails.contains(o))) {
        let (Some(first), Some(last)) = (way.first().copied(), way.last().copied()) else { continue };
        let (root, end) = (cx.name(cx.edge(first.edge).from), cx.name(cx.edge(last.edge).to));
        let counted = way.iter().map(|o| (*o, patience.of(*o))).filter(|(_, r)| r.attempts() > 1);
        let counted: Vec<_> = counted.collect();
        let Some(at) = counted.first().and_then(|(_, r)| r.layers.first()) else { continue };
        let sum = counted.iter().map(|(_, r)| r.attempts().to_string()).collect::<Vec<_>>().join(" × ");
        let sum = if counted.len() > 1 { format!("{sum} = {product}") } else { sum };
        let mut draft = Draft::new(
            format!("{} {}", cx.edge(first.edge).key.as_str(), cx.edge(last.edge).key.as_str()),
            &at.at,
            format!("one request of `{root}` may become {product} requests to `{end}`"),
        )
        .why(format!(
            "Each layer tries again when the one below has failed: {sum} attempts, more than the budget of {}. When \
             `{end}` is overloaded, this is the load that keeps it so.",
            cx.limits.attempts
        ))
        .help("retry in one layer only, nearest to the failure, or give all layers a shared retry budget")
        .about(way.iter().map(|o| cx.edge(o.edge).key.clone()));
        for operation in &way {
            let to = cx.name(cx.edge(operation.edge).to);
            draft = calling(draft, cx, *operation);
            for layer in &patience.of(*operation).layers {
                let tries = layer.attempts.map_or("again".to_owned(), |n| format!("{n} times"));
                draft = draft
                    .certainty(layer.certainty)
                    .link(&layer.at, format!("the call to `{to}` is tried {tries} ({})", layer.detail));
            }
        }
        out.push(draft);
    }
}

struct Storms<'p, 'c, 'a> {
    patience: &'p Patience<'c, 'a>,
    known: HashMap<Operation, (u64, Vec<Operation>)>,
}

impl Storms<'_, '_, '_> {
    /// Most attempts at the end of a path that starts with this operation, and the path.
    fn from(&mut self, operation: Operation, above: &mut HashSet<Operation>) -> (u64, Vec<Operation>) {
        if let Some(known) = self.known.get(&operation) {
            return known.clone();
        }
        if !above.insert(operation) {
            return (1, Vec::new());
        }
        let mut best = (1, Vec::new());
        for next in self.patience.waits_of(operation) {
            let found = self.from(next, above);
            if found.0 > best.0 {
                best = found;
            }
        }
        above.remove(&operation);
        let mut way = vec![operation];
        way.extend(best.1);
        let out = (best.0.saturating_mul(self.patience.of(operation).attempts()), way);
        if above.is_empty() {
            self.known.insert(operation, out.clone());
        }
        out
    }
}
