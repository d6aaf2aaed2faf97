//! What a sidecar is told of its application: the port to forward to, and which components it may load.
//!
//! Invariant: both sides stand in files of this workspace; what the application listens on is what its container declares.

use crate::keys::{by_node, is_ours};
use crate::{Cx, Draft, Severity};
use seam_facts::{Claim, SCOPES, SmolStr, Target};
use seam_graph::{EdgeKind, PortRole};
use std::collections::{BTreeMap, BTreeSet};

/// The sidecar forwards to a port that the application does not have: a part of `port-mismatch`.
pub(crate) fn forwards(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for (node, keys) in by_node(cx.graph).iter().enumerate().filter(|(n, _)| is_ours(cx.node(*n).kind)) {
        for setting in keys.set.values().flatten().filter(|s| s.key == "dapr.io/app-port") {
            let Ok(port) = setting.value.parse::<u32>() else { continue };
            let declared: Vec<_> = cx
                .graph
                .ports
                .iter()
                .filter(|p| p.node == node && p.role == PortRole::Container && p.at.path == setting.at.path)
                .collect();
            if declared.is_empty() || declared.iter().any(|p| p.number.is_none_or(|n| n == port)) {
                continue;
            }
            let listens =
                |p: &&seam_graph::PortOf| p.node == node && p.role == PortRole::Listens && p.number == Some(port);
            if cx.graph.ports.iter().any(|p| listens(&p)) {
                continue;
            }
            let name = cx.name(node);
            let open: Vec<String> = declared.iter().filter_map(|p| p.number).map(|n| n.to_string()).collect();
            out.push(
                Draft::new(
                    format!("sidecar {name}"),
                    &setting.at,
                    format!("the sidecar of `{name}` forwards to port {port}, which is open at {} only", open.join(", ")),
                )
                .why(format!(
                    "Calls and messages reach the application through its sidecar. Nothing listens on {port}: neither is delivered, and the \
                     sidecar waits for the application."
                ))
                .about([cx.node(node).key.clone()])
                .severity(Severity::Warning)
                .help(format!("set `dapr.io/app-port` to {}", open.join(" or ")))
                .link(&setting.at, format!("the sidecar forwards to {port}"))
                .link(&declared[0].at, format!("the container has {}", open.join(", "))),
            );
        }
    }
}

/// A component that the sidecar of one of its users does not load: a part of `lost-message`.
pub(crate) fn scoped(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut scopes: BTreeMap<&str, Vec<(&SmolStr, &seam_facts::Fact, BTreeSet<String>)>> = BTreeMap::new();
    let mut components: BTreeSet<(&SmolStr, &str)> = BTreeSet::new();
    for (path, fact) in cx.base.facts() {
        match &fact.claim {
            Claim::Constant(constant) => {
                let (Some(name), Some(text)) = (constant.symbol.strip_suffix(SCOPES), constant.value.as_text()) else {
                    continue;
                };
                let names = text.split(',').map(|n| n.trim().to_ascii_lowercase()).collect();
                scopes.entry(name).or_default().push((path, fact, names));
            }
            Claim::Alias(alias) if matches!(alias.target, Target::Component { .. }) => {
                components.insert((path, &alias.name));
            }
            _ => {}
        }
    }
    if scopes.is_empty() {
        return;
    }
    let mut told = BTreeSet::new();
    for (_, edge, detail) in cx.operations() {
        if !matches!(edge.kind, EdgeKind::QueuePublish | EdgeKind::QueueConsume) {
            continue;
        }
        let node = cx.node(edge.from);
        for (component, files) in scopes.iter().filter(|(c, _)| detail.operation.split(' ').any(|p| p == **c)) {
            let known = |names: &BTreeSet<String>| {
                std::iter::once(&node.name).chain(&node.aliases).any(|n| names.contains(&n.to_ascii_lowercase()))
            };
            // Of several deployments, the one whose components stand beside the service's own declaration.
            let beside = |path: &SmolStr| {
                let up = |p: &str| p.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
                let around = up(&up(path));
                node.proof.iter().any(|e| around.is_empty() || e.path.starts_with(&format!("{around}/")))
            };
            let near: Vec<_> = files.iter().filter(|(path, ..)| beside(path)).collect();
            let files: Vec<_> = if near.is_empty() { files.iter().collect() } else { near };
            let open = components
                .iter()
                .any(|(path, name)| name == component && beside(path) && !files.iter().any(|(p, ..)| p == path));
            if open || files.iter().any(|(_, _, names)| known(names)) || !told.insert((edge.from, *component)) {
                continue;
            }
            let Some((path, fact, _)) = files.first() else { continue };
            let at = cx.evidence(path, fact, "who may use the component");
            let service = &node.name;
            out.push(
                Draft::new(
                    format!("scope {service} {component}"),
                    &at,
                    format!("the component `{component}` is not for `{service}`, which uses it"),
                )
                .why(format!(
                    "A sidecar loads only components whose `scopes` name its application. That of `{service}` does not know `{component}`: \
                     what it subscribes to is never delivered, what it publishes fails."
                ))
                .help(format!("add `{service}` to the scopes of `{component}`"))
                .about([edge.key.clone()])
                .link(&at, format!("`{service}` is not among them"))
                .link(&detail.at, format!("`{service}` uses `{component}`")),
            );
        }
    }
}
