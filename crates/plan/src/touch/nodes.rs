//! Services as a whole, their ports, images and packages, and the policies of their calls.

use super::effect::{Cx, Effect, Tie};
use seam_facts::SmolStr;
use seam_graph::{Certainty, Difference, Traffic, Turn, What};
use std::collections::BTreeMap;

pub(super) fn effects(cx: &Cx<'_>, out: &mut Vec<Effect>) {
    let mut ports: BTreeMap<SmolStr, Vec<&Difference>> = BTreeMap::new();
    for d in cx.differences {
        match d.what {
            What::Service => out.push(service(cx, d)),
            What::Port => ports.entry(d.node.clone()).or_default().push(d),
            What::Image | What::Package => out.push(built(d)),
            What::Policy => out.extend(policy(cx, d)),
            What::Endpoint
            | What::Operation
            | What::Answer
            | What::Publish
            | What::Consume
            | What::Table
            | What::Setting
            | What::Read => {}
        }
    }
    out.extend(ports.values().filter_map(|all| port(cx, all)));
}

fn service(cx: &Cx<'_>, d: &Difference) -> Effect {
    let mut effect = match d.turn {
        Turn::Added => return Effect::of("service-added", format!("`{}` is new", d.name), d),
        Turn::Removed => Effect::of("service-removed", format!("`{}` is gone", d.name), d),
        Turn::Renamed => Effect::of("service-renamed", format!("`{}` is called `{}`", d.name, d.to), d),
        Turn::Changed => {
            Effect::of("image-changed", format!("`{}` is a {} instead of a {}", d.name, d.after, d.before), d)
        }
    };
    callers(cx, &d.node, "depends on it", &mut effect);
    effect
}

/// Everybody who calls a node, or uses it as a store.
pub(super) fn callers(cx: &Cx<'_>, name: &str, why: &str, effect: &mut Effect) {
    let Some(node) = cx.old.node(name) else { return };
    for edge in cx.old.graph.edges.iter().filter(|e| e.to == node && e.from != node) {
        let service = cx.old.name(edge.from).clone();
        let moved = cx
            .differences
            .iter()
            .any(|d| d.node == service && (cx.states(d) || matches!(d.what, What::Setting)) && d.what != What::Answer);
        effect.tie(Tie {
            why: why.to_owned(),
            through: vec![edge.key.clone()],
            places: edge.details.iter().map(|x| x.at.clone()).chain([edge.proof.first().clone()]).take(1).collect(),
            certainty: edge.certainty,
            moved,
            service,
        });
    }
}

/// All of what one node's ports say otherwise.
fn port(cx: &Cx<'_>, all: &[&Difference]) -> Option<Effect> {
    let first = all.first()?;
    let inner: Vec<&&Difference> = all.iter().filter(|d| !matches!(d.peer.as_str(), "published")).collect();
    let moved = |d: &&&Difference| d.turn != Turn::Added;
    let name = &first.node;
    if inner.iter().any(&moved) {
        // Some places say the old number still: the others do not meet it.
        let said = |d: &&Difference| match d.turn {
            Turn::Removed => format!("{} port {} is gone", d.peer, d.before),
            Turn::Added | Turn::Renamed | Turn::Changed => {
                format!("{} port {} instead of {}", d.peer, d.after, d.before)
            }
        };
        let parts: Vec<String> = inner.iter().filter(|d| moved(d)).map(|d| said(d)).collect();
        let decisive = inner.iter().find(|d| moved(d))?;
        let mut effect = Effect::of("port-moved", format!("`{name}`: {}", parts.join(", ")), decisive);
        effect.key = format!("port/{name}");
        let node = cx.old.node(name)?;
        let numbers: Vec<&str> = decisive.before.split([',', '→', ' ']).filter(|n| !n.is_empty()).collect();
        for edge in cx.old.graph.edges.iter().filter(|e| e.to == node && e.from != node) {
            if !matches!(edge.kind.traffic(), Traffic::Call | Traffic::Keep) {
                continue;
            }
            let service = cx.old.name(edge.from).clone();
            let settled = cx.differences.iter().any(|d| d.what == What::Setting && d.node == service);
            // The line that names the port, where one does.
            let named = edge.proof.iter().find(|e| numbers.iter().any(|n| e.says.contains(&format!(":{n}"))));
            let number = numbers.first().map(|n| format!(":{n}")).unwrap_or_default();
            let place = super::traffic::pinned(cx, named.unwrap_or_else(|| edge.proof.first()), &number);
            effect.tie(Tie {
                why: "calls it at its address".to_owned(),
                through: vec![edge.key.clone()],
                places: vec![place],
                certainty: if named.is_some() { edge.certainty } else { Certainty::Inferred },
                moved: settled,
                service,
            });
        }
        let endpoints = cx.old.graph.endpoints.iter().filter(|e| e.node == node);
        effect.entries.extend(endpoints.map(|e| e.key.clone()));
        return Some(effect);
    }
    if !inner.is_empty() {
        return Some(Effect::of("port-added", format!("`{name}` listens at {} too", first.after), first));
    }
    let text = format!("the machine gives `{name}` the port {} instead of {}", first.after, first.before);
    Some(Effect::of("published-port-moved", text, first))
}

fn built(d: &Difference) -> Effect {
    let id = if d.what == What::Image { "image-changed" } else { "dependency-changed" };
    let version = |text: &str| if text.is_empty() { "no version".to_owned() } else { format!("`{text}`") };
    let text = match d.turn {
        Turn::Added => format!("is built with `{}` too", d.name),
        Turn::Removed => format!("is not built with `{}` any more", d.name),
        Turn::Renamed => format!("is built with `{}` instead of `{}`", d.to, d.name),
        Turn::Changed => format!("`{}` is {} instead of {}", d.name, version(&d.after), version(&d.before)),
    };
    Effect::of(id, text, d)
}

fn policy(cx: &Cx<'_>, d: &Difference) -> Option<Effect> {
    if !cx.states(d) && !cx.differences.iter().any(|o| o.node == d.node && matches!(o.what, What::Setting | What::Read))
    {
        return None;
    }
    let mut effect = match d.turn {
        Turn::Added => Effect::of("policy-added", format!("{} to `{}`: {}", d.name, d.peer, d.after), d),
        Turn::Removed => {
            Effect::of("policy-removed", format!("{} to `{}` is gone, it was {}", d.name, d.peer, d.before), d)
        }
        Turn::Renamed | Turn::Changed => {
            let text = format!("{} to `{}`: {} instead of {}", d.to, d.peer, d.after, d.before);
            Effect::of("policy-changed", text, d)
        }
    };
    effect.entries.extend(super::traffic::reaching(cx, &d.node, d.was.as_ref().or(d.is.as_ref())));
    Some(effect)
}
