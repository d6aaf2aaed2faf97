//! Rules that forward: what a gateway is told, who asks through it, and what it asks for behind it.
//!
//! Invariant: a side of a rule is only touched where paths say so: a caller whose path the rule takes, a rule whose path at the
//! other side is the one that moves, a service that serves just what the rule handed on unchanged.

use super::effect::{Cx, Effect, Side, Tie};
use super::traffic::moved;
use seam_graph::{Certainty, Detail, Difference, Edge, NodeKind, Turn};

/// Whether what is different is a rule, rather than a call of code.
pub(super) fn is_rule(cx: &Cx<'_>, d: &Difference) -> bool {
    let gateway = |side: &Side<'_>| side.node(&d.node).is_some_and(|n| side.graph.nodes[n].kind == NodeKind::Gateway);
    let rule = |side: &Side<'_>, name: &str| rules(side, d, name).next().is_some();
    gateway(&cx.old) || rule(&cx.old, &d.name) || rule(&cx.new, if d.to.is_empty() { &d.name } else { &d.to })
}

/// The rules of a difference's service towards its other side that are called so.
fn rules<'s>(side: &'s Side<'_>, d: &'s Difference, name: &'s str) -> impl Iterator<Item = (usize, usize, &'s Detail)> {
    let edges = side.graph.edges.iter().enumerate();
    let edges = edges.filter(|(_, e)| side.name(e.from) == &d.node && side.name(e.to) == d.peer.as_str());
    let all = edges.flat_map(|(at, e)| e.details.iter().enumerate().map(move |(i, x)| (at, i, x)));
    all.filter(move |(_, _, x)| x.is_rule() && x.operation == name)
}

/// What a rule takes, or does not take any more.
pub(super) fn rule(cx: &Cx<'_>, d: &Difference) -> Effect {
    let name = if d.name.is_empty() { "a call" } else { d.name.as_str() };
    let mut effect = match d.turn {
        Turn::Added => return Effect::of("gateway-route-added", format!("`{name}` goes to `{}`", d.peer), d),
        Turn::Removed => {
            Effect::of("gateway-route-removed", format!("`{name}` does not go to `{}` any more", d.peer), d)
        }
        Turn::Renamed | Turn::Changed => {
            let text = format!("`{name}` to `{}` is `{}` now", d.peer, d.to);
            Effect::of("gateway-route-moved", text, d)
        }
    };
    effect.entries.extend(super::traffic::reaching(cx, &d.node, d.was.as_ref()));
    callers(cx, d, &mut effect);
    if d.turn == Turn::Renamed {
        handed_on(cx, d, &mut effect);
    }
    effect
}

/// Who calls a gateway under the path that it does not forward any more.
fn callers(cx: &Cx<'_>, d: &Difference, effect: &mut Effect) {
    let Some(node) = cx.old.node(&d.node) else { return };
    let mut tie = |edge: &Edge, detail: &Detail| {
        effect.tie(Tie {
            service: cx.old.name(edge.from).clone(),
            why: format!("calls `{}`", detail.operation),
            through: vec![edge.key.clone()],
            places: vec![detail.at.clone()],
            certainty: detail.certainty,
            moved: moved(cx, edge.from, detail),
        });
    };
    let own: Vec<(usize, usize)> = rules(&cx.old, d, &d.name).map(|(e, i, _)| (e, i)).collect();
    for passed in cx.old.passed.iter().filter(|p| own.contains(&p.rule)) {
        let edge = &cx.old.graph.edges[passed.call.0];
        tie(edge, &edge.details[passed.call.1]);
    }
    let rule = path(&d.name);
    if rule.trim_end_matches(['*', '/']).len() < 2 {
        effect.open.push(format!("who asks `{}` for `{rule}` is not known", d.node));
        return;
    }
    for edge in cx.old.graph.edges.iter().filter(|e| e.to == node && e.from != node) {
        for detail in &edge.details {
            // What another rule takes is not this one's.
            let by_another = || detail.endpoint.is_some() && !own.is_empty();
            if takes(rule, path(&detail.operation)) && !by_another() {
                tie(edge, detail);
            }
        }
    }
}

/// A service behind the rule that serves just what came in, as it came: under the new path it is asked for what it does not serve.
fn handed_on(cx: &Cx<'_>, d: &Difference, effect: &mut Effect) {
    let Some(node) = cx.old.node(&d.peer) else { return };
    let (old, new) = (path(&d.name), path(&d.to));
    if rules(&cx.old, d, &d.name).chain(rules(&cx.new, d, &d.to)).any(|(_, _, x)| !x.asks.is_empty()) {
        return;
    }
    let served = cx.old.graph.endpoints.iter().filter(|e| e.node == node && e.is_written());
    let mut places = Vec::new();
    for endpoint in served {
        if takes(new, &endpoint.path) {
            return;
        }
        if takes(old, &endpoint.path) {
            places.push(endpoint.proof.first().clone());
        }
    }
    places.truncate(PLACES);
    if let Some(edge) = cx.old.graph.edges.iter().find(|e| cx.old.name(e.from) == &d.node && e.to == node)
        && !places.is_empty()
    {
        effect.tie(Tie {
            service: d.peer.as_str().into(),
            why: format!("serves `{old}` as it comes, and is asked for `{new}`"),
            through: vec![edge.key.clone()],
            places,
            certainty: Certainty::Inferred,
            moved: false,
        });
    }
}

/// Most endpoints of one service that are told.
const PLACES: usize = 6;

/// Gateways whose rule asks for the path that moves.
pub(super) fn carried(cx: &Cx<'_>, node: usize, d: &Difference, effect: &mut Effect) {
    let (old, new) = (path(&d.name), path(&d.to));
    for edge in cx.old.graph.edges.iter().filter(|e| e.to == node) {
        let gateway = cx.old.graph.nodes[edge.from].kind == NodeKind::Gateway;
        for detail in edge.details.iter().filter(|x| gateway || x.is_rule()) {
            let rule = if detail.asks.is_empty() { path(&detail.operation) } else { detail.asks.as_str() };
            if rule.trim_end_matches(['*', '/']).len() > 1 && takes(rule, old) && !takes(rule, new) {
                effect.tie(Tie {
                    service: cx.old.name(edge.from).clone(),
                    why: format!("forwards `{}`", detail.operation),
                    through: vec![edge.key.clone()],
                    places: vec![detail.at.clone()],
                    certainty: Certainty::Inferred,
                    moved: false,
                });
            }
        }
    }
}

/// Whether a rule takes a path; one without parameters and without an end of its own is a beginning.
fn takes(rule: &str, path: &str) -> bool {
    let begins = || !rule.contains(['{', '*']) && seam_graph::takes(&format!("{}/*", rule.trim_end_matches('/')), path);
    seam_graph::takes(rule, path) || begins()
}

fn path(operation: &str) -> &str {
    operation.rsplit(' ').next().unwrap_or(operation)
}

#[cfg(test)]
mod tests {
    use super::takes;

    #[test]
    fn rules_take_what_is_theirs() {
        for (rule, path, is) in [
            ("/api/orders/*", "/api/orders/{id}", true),
            ("/api/orders/*", "/api/orders", true),
            ("/api/orders*", "/api/orders/{id}", true),
            ("/api/orders*", "/api/ordersheet", true),
            ("/api/orders", "/api/ordersheet", false),
            ("/api/orders/{id}/pay", "/api/orders/{orderId}/pay", true),
            ("/api/orders/{id}/pay", "/api/orders/{id}", false),
            ("/api/orders/*", "/api/carts", false),
            ("/api/orders", "/api/orders/{id}", true),
        ] {
            assert_eq!(takes(rule, path), is, "{rule} {path}");
        }
    }
}
