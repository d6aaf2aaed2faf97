//! Retries of several services multiply along a path. See `retry_storm.md`.

use crate::failures::Failures;
use crate::patience::{Patience, Rules, Said, calling, is_call};
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
    let mut found: Vec<Storm> = Vec::new();
    for (operation, _, _) in cx.operations().filter(|(o, _, _)| is_call(cx, *o)) {
        if patience.of(operation).layers.is_empty() {
            continue;
        }
        // The worst of the failures at the end: layers that repeat after different ones do not multiply.
        let all = Failures::KINDS.map(|kind| storms.after(operation, kind, &mut HashSet::new()));
        let Some(storm) = all.into_iter().reduce(|a, b| if b.product > a.product { b } else { a }) else { continue };
        let layers: usize = storm.way.iter().map(|(o, seen)| repeating(&patience.of(*o), *seen).count()).sum();
        if storm.product > cx.limits.attempts && layers > 1 {
            found.push(storm);
        }
    }
    // The longest way stands for its tails.
    let tails: BTreeSet<Operation> = found.iter().flat_map(|s| s.way.iter().skip(1).map(|(o, _)| *o)).collect();
    let longest = |s: &Storm| s.way.first().is_some_and(|(o, _)| !tails.contains(o));
    for Storm { product, way } in found.into_iter().filter(longest) {
        let (Some((first, _)), Some((last, _))) = (way.first().copied(), way.last().copied()) else { continue };
        let (root, end) = (cx.name(cx.edge(first.edge).from), cx.name(cx.edge(last.edge).to));
        let each: Vec<(u64, Operation, Failures)> =
            way.iter().map(|(o, seen)| (patience.of(*o).attempts_after(*seen), *o, *seen)).collect();
        let counted: Vec<_> = each.iter().filter(|(n, _, _)| *n > 1).collect();
        let starts = counted.first().and_then(|(_, o, seen)| repeating(&patience.of(*o), *seen).next().cloned());
        let Some(at) = starts else { continue };
        let sum = counted.iter().map(|(n, _, _)| n.to_string()).collect::<Vec<_>>().join(" × ");
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
        .about(way.iter().map(|(o, _)| cx.edge(o.edge).key.clone()));
        for (operation, seen) in &way {
            let to = cx.name(cx.edge(operation.edge).to);
            draft = calling(draft, cx, *operation);
            for layer in repeating(&patience.of(*operation), *seen) {
                let tries = layer.attempts.map_or("again".to_owned(), |n| format!("{n} times"));
                draft = draft
                    .certainty(layer.certainty)
                    .link(&layer.at, format!("the call to `{to}` is tried {tries} ({})", layer.detail));
            }
        }
        out.push(draft);
    }
}

/// Layers that try again after such a failure.
fn repeating(rules: &Rules, seen: Failures) -> impl Iterator<Item = &Said> {
    rules.layers.iter().filter(move |l| Failures::of(&l.detail).meets(seen))
}

/// Most attempts at the end of a path, and the path with the failure that each of its callers sees.
#[derive(Clone)]
struct Storm {
    product: u64,
    way: Vec<(Operation, Failures)>,
}

struct Storms<'p, 'c, 'a> {
    patience: &'p Patience<'c, 'a>,
    known: HashMap<(Operation, Failures), Storm>,
}

impl Storms<'_, '_, '_> {
    /// The worst path that starts with this operation and ends in one kind of failure.
    fn after(&mut self, operation: Operation, end: Failures, above: &mut HashSet<Operation>) -> Storm {
        if let Some(known) = self.known.get(&(operation, end)) {
            return known.clone();
        }
        let alone = Storm { product: 1, way: Vec::new() };
        if !above.insert(operation) {
            return alone;
        }
        let rules = self.patience.of(operation);
        // Several layers on one call: the outer one sees what the inner one makes of it.
        let own = if rules.layers.len() > 1 { end | end.above() } else { end };
        let mut best = Storm { product: rules.attempts_after(own), way: vec![(operation, own)] };
        for next in self.patience.waits_of(operation) {
            let below = self.after(next, end, above);
            let seen = end.above();
            let product = below.product.saturating_mul(rules.attempts_after(seen));
            if below.product > 1 && product > best.product {
                best = Storm { product, way: vec![(operation, seen)] };
                best.way.extend(below.way);
            }
        }
        above.remove(&operation);
        if above.is_empty() {
            self.known.insert((operation, end), best.clone());
        }
        best
    }
}
