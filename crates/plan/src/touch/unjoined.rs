//! Calls that lead nowhere for want of an address and ask for the very path: a page asks whoever served it, a client is told where by
//! something outside.
//!
//! Invariant: the path tells, and nobody else serves it; what is found is inferred.

use super::effect::{Cx, Effect, Tie};
use super::others::Others;
use seam_graph::{Certainty, Difference, Endpoint, SettingOf, Turn, Unresolved};
use std::collections::BTreeSet;

fn parts(path: &str) -> Vec<String> {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let all = path.split('/').filter(|p| !p.is_empty());
    all.map(|p| if p.contains(['{', '$', ':']) { "{}".to_owned() } else { p.to_owned() }).collect()
}

fn telling(part: &str) -> bool {
    part.len() > 3 && !["{}", "health", "healthz", "ready", "metrics", "version", "index", "login"].contains(&part)
}

/// Ties those who ask for what a difference is about.
pub(super) fn tie(cx: &Cx<'_>, node: usize, d: &Difference, effect: &mut Effect) {
    if d.turn == Turn::Changed {
        return;
    }
    let path = d.name.rsplit(' ').next().unwrap_or_default();
    let method = d.name.rsplit_once(' ').map(|(m, _)| m);
    let mut put = |node: usize, at: seam_graph::Evidence, why: String| {
        effect.tie(Tie {
            service: cx.old.name(node).clone(),
            why,
            through: Vec::new(),
            places: vec![at],
            certainty: Certainty::Inferred,
            moved: false,
        });
    };
    for open in asking(cx, node, path, method) {
        put(open.node, open.at.clone(), format!("asks for `{}`, of whom is not known", d.name));
    }
    for setting in told(cx, node, path) {
        put(
            setting.node,
            setting.at.clone(),
            format!("is told to ask below `{}`, of whom is not known", setting.value),
        );
    }
}

/// Calls of others that lead nowhere, and ask for a path of a node.
fn asking<'c>(cx: &'c Cx<'_>, node: usize, path: &str, method: Option<&str>) -> Vec<&'c Unresolved> {
    let wanted = parts(path);
    if !wanted.iter().any(|p| telling(p)) {
        return Vec::new();
    }
    let asks = |open: &&Unresolved| {
        let said = open.meant.as_ref().and_then(|m| m.detail.operation.split_once(' ')).map(|(m, _)| m);
        let other = |m: &str| m != "*" && said.is_some_and(|s| s != m && s.chars().all(|c| c.is_ascii_uppercase()));
        !method.is_some_and(other)
    };
    let calls = |u: &&Unresolved| u.node != node && u.what.contains("call");
    let ending: Vec<(&Unresolved, bool)> = cx
        .old
        .graph
        .unresolved
        .iter()
        .filter(calls)
        .filter(asks)
        .filter_map(|open| {
            // What stands before the path is not known: the first part, where the value begins with a hole or an address.
            let value = open.value.split_once("://").map_or(open.value.as_str(), |(_, rest)| rest);
            let asked = parts(value);
            let begins = usize::from(!value.starts_with('/'));
            asked.ends_with(&wanted).then(|| (open, asked.get(begins..).is_some_and(|a| a == wanted)))
        })
        .collect();
    if ending.is_empty() {
        return Vec::new();
    }
    // Behind a beginning that all paths get elsewhere, as long as nobody else serves the same.
    let ends = |e: &Endpoint| e.node != node && parts(&e.path).ends_with(&wanted);
    let only = !cx.old.graph.endpoints.iter().any(ends);
    ending.into_iter().filter(|(_, exact)| *exact || only).map(|(open, _)| open).collect()
}

/// Settings that give somebody whose calls lead nowhere the beginning of a path: `api/v1/orders`.
fn told<'c>(cx: &'c Cx<'_>, node: usize, path: &str) -> Vec<&'c SettingOf> {
    let wanted = parts(path);
    let open: BTreeSet<usize> =
        cx.old.graph.unresolved.iter().filter(|u| u.node != node && u.what.contains("call")).map(|u| u.node).collect();
    let begins = |s: &&SettingOf| {
        let value = parts(
            s.value
                .split_once("://")
                .map_or(s.value.as_str(), |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path)),
        );
        let same = |(a, b): (&String, &String)| a == b || b == "{}";
        value.len() > 1
            && value.len() <= wanted.len()
            && value.iter().zip(&wanted).all(same)
            && value.iter().zip(&wanted).any(|(a, b)| a == b && telling(a))
            && !s.value.contains(' ')
    };
    cx.old.graph.settings.iter().filter(|s| open.contains(&s.node)).filter(begins).collect()
}

/// Adds those who ask a node for something, of whom is not known.
pub(super) fn add(cx: &Cx<'_>, node: usize, out: &mut Others) {
    if cx.old.graph.unresolved.is_empty() {
        return;
    }
    for endpoint in cx.old.graph.endpoints.iter().filter(|e| e.node == node && !e.path.is_empty()) {
        of(cx, endpoint, out);
    }
}

/// The same for one endpoint.
pub(super) fn of(cx: &Cx<'_>, endpoint: &Endpoint, out: &mut Others) {
    let name = endpoint.asked_as();
    let method = name.rsplit_once(' ').map(|(m, _)| m);
    for open in asking(cx, endpoint.node, name.rsplit(' ').next().unwrap_or_default(), method) {
        out.entry(open.node).or_default();
    }
}
