//! Names that people prefer, from `seam.toml`: applied to a linked graph, so that keys follow and other names still find it.

use seam_facts::{Key, SmolStr};
use seam_graph::Graph;
use std::collections::BTreeMap;

/// Gives nodes their preferred names. A name that is taken by another node is left alone: two nodes never become one here.
pub(crate) fn rename(graph: &mut Graph, names: &BTreeMap<String, String>) {
    let mut changed: Vec<(SmolStr, SmolStr)> = Vec::new();
    for (old, new) in names {
        if graph.nodes.iter().any(|n| n.name == new.as_str()) {
            continue;
        }
        if let Some(node) = graph.nodes.iter_mut().find(|n| n.name == old.as_str()) {
            changed.push((node.name.clone(), new.into()));
            node.aliases.push(node.name.clone());
            node.name = new.into();
            node.key = Key::node(node.kind.word(), new);
        }
    }
    if changed.is_empty() {
        return;
    }
    let moved = |key: &Key| {
        let served = |(old, new): &(SmolStr, SmolStr)| {
            let rest = key.as_str().strip_prefix("endpoint/")?.strip_prefix(old.as_str())?.strip_prefix('/')?;
            Some(Key::endpoint(new, rest))
        };
        changed.iter().find_map(served).unwrap_or_else(|| key.clone())
    };
    for endpoint in &mut graph.endpoints {
        endpoint.key = moved(&endpoint.key);
    }
    for edge in &mut graph.edges {
        let (from, to) = (&graph.nodes[edge.from].name, &graph.nodes[edge.to].name);
        edge.key = Key::edge(from, edge.kind.word(), to);
        for detail in &mut edge.details {
            detail.endpoint = detail.endpoint.as_ref().map(moved);
        }
    }
    graph.sort();
}
