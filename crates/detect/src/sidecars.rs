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

/// The files that say who may use one component, and whom each names.
type Scopes<'a> = Vec<(&'a SmolStr, &'a seam_facts::Fact, BTreeSet<String>)>;

/// A component that the sidecar of one of its users does not load: a part of `lost-message`.
pub(crate) fn scoped(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut scopes: BTreeMap<&str, Scopes<'_>> = BTreeMap::new();
    // What carries messages, and is no binding that may be called like a topic.
    let mut components: BTreeSet<&str> = BTreeSet::new();
    for (path, fact) in cx.base.facts() {
        match &fact.claim {
            Claim::Constant(constant) => {
                let (Some(name), Some(text)) = (constant.symbol.strip_suffix(SCOPES), constant.value.as_text()) else {
                    continue;
                };
                let names = text.split(',').map(|n| n.trim().to_ascii_lowercase()).collect();
                scopes.entry(name).or_default().push((path, fact, names));
            }
            Claim::Alias(alias) => {
                if let Target::Component { block, .. } = &alias.target
                    && block == "pubsub"
                {
                    components.insert(&alias.name);
                }
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
        let used = |c: &str| components.contains(c) && detail.operation.split(' ').skip(1).any(|p| p == c);
        for (component, files) in scopes.iter().filter(|(c, _)| used(c)) {
            let known = |names: &BTreeSet<String>| {
                std::iter::once(&node.name).chain(&node.aliases).any(|n| names.contains(&n.to_ascii_lowercase()))
            };
            // Of several deployments, those that declare the service beside the component.
            let up = |p: &str| p.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
            let beside = |path: &str| {
                let around = up(&up(path));
                let declared = |e: &&seam_graph::Evidence| {
                    e.says.starts_with("service ") && e.path.starts_with(&format!("{around}/"))
                };
                !around.is_empty() && node.proof.iter().any(|e| declared(&e))
            };
            let lacks = files.iter().find(|(path, _, names)| beside(path) && !known(names));
            let Some((path, fact, _)) = lacks.filter(|_| told.insert((edge.from, *component))) else { continue };
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
