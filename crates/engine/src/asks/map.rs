//! The whole map, or the part of it around one service or of one kind.

use crate::shape::{
    Counts, Endpoint, Interaction, Node, Owner, Package, Problem, Reading, Setting, Test, Unresolved, VERSION,
};
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_facts::Key;
use seam_graph::{self as graph, Certainty, Graph, NodeKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub const ABOUT: &str = "which services, stores, brokers and external systems there are, what each serves, and what passes \
between them: every interaction with kind, operations, resilience policies, certainty and the file:line that proves it, and \
what could not be resolved and why";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// Only this node, those it exchanges something with, and what passes between them.
    pub service: Option<String>,
    /// Only nodes of this kind (`database`, `tool` …) with all their interactions, or only interactions of this kind (`http`, `queue-publish` …).
    pub kind: Option<String>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
    /// Tools too (observability, administration), and endpoints that a framework serves without a handler and that no code
    /// calls: they are left out otherwise.
    pub all: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    /// The workspace's name, if it says one.
    pub name: Option<String>,
    pub counts: Counts,
    pub nodes: Vec<Node>,
    pub endpoints: Vec<Endpoint>,
    pub interactions: Vec<Interaction>,
    pub unresolved: Vec<Unresolved>,
    /// Keys that deployment and configuration files set.
    pub settings: Vec<Setting>,
    /// Keys that code reads.
    pub reads: Vec<Reading>,
    /// What services are built with.
    #[serde(default)]
    pub packages: Vec<Package>,
    /// Tests of the services' code.
    #[serde(default)]
    pub tests: Vec<Test>,
    #[serde(default)]
    pub owners: Vec<Owner>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

const NODE_KINDS: [NodeKind; 8] = [
    NodeKind::Service,
    NodeKind::Gateway,
    NodeKind::Server,
    NodeKind::Database,
    NodeKind::Cache,
    NodeKind::Broker,
    NodeKind::External,
    NodeKind::Tool,
];

const EDGE_KINDS: [&str; 13] = [
    "http",
    "grpc",
    "graphql",
    "websocket",
    "thrift",
    "dubbo",
    "event-bus",
    "smtp",
    "tcp",
    "db",
    "cache",
    "queue-publish",
    "queue-consume",
];

pub(crate) fn no_profile(profile: &str) -> Refusal {
    Refusal::unknown(
        format!("nothing is deployed under the profile `{profile}`"),
        "give a word of the deployment's file path, of a compose profile, or a name from `seam.toml`",
    )
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let graph = snapshot.graph(request.profile.as_deref());
    if let Some(profile) = &request.profile
        && !snapshot.knows_profile(profile)
    {
        return Err(no_profile(profile));
    }
    let (nodes, edges) = select(&graph, request)?;
    let on = |node: usize| nodes.get(node).copied().unwrap_or(false);
    let called = called(&graph);
    let listed = |e: &graph::Endpoint| request.all || e.is_written() || called.contains(&e.key);
    let problems = Problem::all(snapshot.base());
    let mut answer = Answer {
        version: VERSION,
        name: snapshot.settings().name.clone(),
        counts: Counts::default(),
        nodes: graph.nodes.iter().zip(&nodes).filter(|(_, on)| **on).map(|(n, _)| Node::of(n)).collect(),
        endpoints: graph
            .endpoints
            .iter()
            .filter(|e| on(e.node) && listed(e))
            .map(|e| Endpoint::of(e, &graph))
            .collect(),
        interactions: graph
            .edges
            .iter()
            .zip(&edges)
            .filter(|(_, on)| **on)
            .map(|(e, _)| Interaction::of(e, &graph))
            .collect(),
        unresolved: graph.unresolved.iter().filter(|u| on(u.node)).map(|u| Unresolved::of(u, &graph)).collect(),
        settings: graph.settings.iter().filter(|s| on(s.node)).map(|s| Setting::of(s, &graph)).collect(),
        reads: graph.reads.iter().filter(|r| on(r.node)).map(|r| Reading::of(r, &graph)).collect(),
        packages: graph.packages.iter().filter(|p| on(p.node)).map(|p| Package::of(p, &graph)).collect(),
        tests: graph.tests.iter().filter(|t| on(t.node)).map(|t| Test::of(t, &graph)).collect(),
        owners: graph.owners.iter().filter(|o| on(o.node)).map(|o| Owner::of(o, &graph)).collect(),
        problems,
    };
    answer.counts = Counts {
        files: snapshot.base().len(),
        facts: snapshot.base().files().map(|(_, f)| f.facts.len()).sum(),
        services: answer.nodes.iter().filter(|n| n.kind == "service" || n.kind == "gateway").count(),
        nodes: answer.nodes.len(),
        interactions: answer.interactions.len(),
        endpoints: answer.endpoints.len(),
        unresolved: answer.unresolved.len(),
        problems: answer.problems.len(),
        hidden: graph.nodes.iter().zip(&nodes).filter(|(n, on)| n.kind == NodeKind::Tool && !**on).count(),
    };
    Ok(answer)
}

/// The endpoints that code calls at a stated address: what frameworks ask of each other, as configuration tells them, is
/// wiring.
fn called(graph: &Graph) -> BTreeSet<&Key> {
    let details = graph.edges.iter().flat_map(|e| &e.details);
    let by_code = details.filter(|d| d.certainty == Certainty::Stated && !d.within.is_empty());
    by_code.filter_map(|d| d.endpoint.as_ref()).collect()
}

/// Which nodes and which edges the request is about.
fn select(graph: &Graph, request: &Request) -> Result<(Vec<bool>, Vec<bool>), Refusal> {
    let node_kind = request.kind.as_deref().and_then(|k| NODE_KINDS.into_iter().find(|n| n.word() == k));
    let edge_kind =
        request.kind.as_deref().filter(|k| EDGE_KINDS.contains(k) && node_kind.is_none_or(|n| n.word() == *k));
    if let Some(kind) = &request.kind
        && node_kind.is_none()
        && edge_kind.is_none()
    {
        let words: Vec<&str> = NODE_KINDS.iter().map(|k| k.word()).chain(EDGE_KINDS).collect();
        return Err(Refusal::usage(
            format!("there is no kind `{kind}`"),
            format!("choose one of {}", words.join(", ")),
        ));
    }
    let centre = request.service.as_deref().map(|name| find(graph, name)).transpose()?;
    let tools = request.all || node_kind == Some(NodeKind::Tool);
    let tool = |node: usize| graph.nodes[node].kind == NodeKind::Tool;
    let of_kind = |node: usize| node_kind.is_some_and(|k| graph.nodes[node].kind == k);
    let edges: Vec<bool> = graph
        .edges
        .iter()
        .map(|e| {
            let named = centre.is_none_or(|c| e.from == c || e.to == c);
            let kind = request.kind.is_none()
                || edge_kind.is_some_and(|k| e.kind.word() == k)
                || of_kind(e.from)
                || of_kind(e.to);
            named && kind && (tools || centre.is_some_and(tool) || !(tool(e.from) || tool(e.to)))
        })
        .collect();
    let mut touched = vec![false; graph.nodes.len()];
    for (edge, on) in graph.edges.iter().zip(&edges) {
        if *on {
            touched[edge.from] = true;
            touched[edge.to] = true;
        }
    }
    let nodes = (0..graph.nodes.len())
        .map(|n| {
            let alone = graph.nodes[n].kind != NodeKind::External
                && (tools || !tool(n))
                && centre.is_none()
                && (request.kind.is_none() || of_kind(n));
            touched[n] || alone || centre == Some(n)
        })
        .collect();
    Ok((nodes, edges))
}

/// A node by name, or a refusal that offers close names.
pub(crate) fn find(graph: &Graph, name: &str) -> Result<usize, Refusal> {
    graph.node(name).ok_or_else(|| {
        let close = close(graph, name);
        let hint = match close.as_slice() {
            [] if graph.nodes.is_empty() => "the map is empty: is the path right?".to_owned(),
            [] => "list them with `seam map`".to_owned(),
            names => format!("did you mean {}?", names.join(" or ")),
        };
        Refusal::unknown(format!("there is no service, store or broker `{name}` in the map"), hint)
    })
}

fn close(graph: &Graph, name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    let mut scored: Vec<(usize, String)> = graph
        .nodes
        .iter()
        .map(|n| {
            let other = n.name.to_lowercase();
            let distance = if other.contains(&name) || name.contains(&other) { 0 } else { distance(&name, &other) };
            (distance, format!("`{}`", n.name))
        })
        .filter(|(d, _)| *d <= 1 + name.len() / 3)
        .collect();
    scored.sort();
    scored.into_iter().take(3).map(|(_, n)| n).collect()
}

/// Levenshtein's distance, by characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (row[j] + 1).min(row[j + 1] + 1).min(diagonal + usize::from(x != *y));
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("order", "orders"), 1);
        assert_eq!(distance("cart", "cat"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
