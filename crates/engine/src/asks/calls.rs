//! Who calls what stands at a line, and whom it calls in turn: one step of a walk through the system, in either direction.

use crate::marks::Spot;
use crate::shape::VERSION;
use crate::{Refusal, Snapshot, marks};
use schemars::JsonSchema;
use seam_graph::{Detail, Edge, EdgeKind, Endpoint, Graph, Operation};
use serde::{Deserialize, Serialize};

pub const ABOUT: &str = "for a line that serves, calls, publishes or consumes: what it is, the other side's places that lead to it, \
and those that it leads to, across services";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Workspace-relative, `/` between parts.
    pub path: String,
    /// Counted from 1.
    pub line: u32,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    #[serde(default)]
    pub profile: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    /// What stands at the line; nothing where no side of an interaction does.
    pub items: Vec<Item>,
    pub incoming: Vec<Item>,
    pub outgoing: Vec<Item>,
}

/// One side of an interaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// `POST /payments`, `orders.placed`.
    pub name: String,
    /// Whose it is, and what it does there: `checkout calls`.
    pub says: String,
    pub at: Spot,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let graph = snapshot.graph(request.profile.as_deref());
    let flows = snapshot.flows(request.profile.as_deref());
    let here = |at: &seam_graph::Evidence| at.path == request.path && at.at.line == request.line;
    let mut answer = Answer { version: VERSION, items: Vec::new(), incoming: Vec::new(), outgoing: Vec::new() };
    for (index, endpoint) in graph.endpoints.iter().enumerate().filter(|(_, e)| here(e.proof.first())) {
        answer.items.push(served(&graph, endpoint));
        answer.incoming.extend(answered(&graph, endpoint).map(|(e, d)| done(&graph, e, d)));
        answer.outgoing.extend(flows.endpoint(index).iter().filter_map(|e| effect(&graph, e.operation)));
    }
    for (edge, it) in graph.edges.iter().enumerate() {
        for (detail, d) in it.details.iter().enumerate().filter(|(_, d)| here(&d.at)) {
            let operation = Operation { edge, detail };
            if effect(&graph, operation).is_none() {
                continue;
            }
            answer.items.push(done(&graph, it, d));
            match it.kind {
                EdgeKind::QueueConsume => {
                    answer.incoming.extend(met(&graph, it, d, EdgeKind::QueuePublish));
                    answer
                        .outgoing
                        .extend(flows.consumer(operation).iter().filter_map(|e| effect(&graph, e.operation)));
                }
                EdgeKind::QueuePublish => answer.outgoing.extend(met(&graph, it, d, EdgeKind::QueueConsume)),
                _ => answer.outgoing.extend(
                    graph.endpoints.iter().filter(|e| d.endpoint.as_ref() == Some(&e.key)).map(|e| served(&graph, e)),
                ),
            }
            if it.kind != EdgeKind::QueueConsume {
                answer.incoming.extend(entries(&graph, &flows, it.from, operation));
            }
        }
    }
    for items in [&mut answer.items, &mut answer.incoming, &mut answer.outgoing] {
        items.sort();
        items.dedup();
    }
    Ok(answer)
}

fn served(graph: &Graph, endpoint: &Endpoint) -> Item {
    let says = format!("{} serves", graph.nodes[endpoint.node].name);
    Item { name: endpoint.asked_as().to_string(), at: marks::spot(endpoint.proof.first(), &*says), says }
}

fn done(graph: &Graph, edge: &Edge, detail: &Detail) -> Item {
    let does = match edge.kind {
        EdgeKind::QueuePublish => "publishes".to_owned(),
        EdgeKind::QueueConsume => "consumes".to_owned(),
        _ => format!("calls {}", graph.nodes[edge.to].name),
    };
    let says = format!("{} {does}", graph.nodes[edge.from].name);
    let name =
        if detail.operation.is_empty() { graph.nodes[edge.to].name.to_string() } else { detail.operation.to_string() };
    Item { name, at: marks::spot(&detail.at, &*says), says }
}

/// Stores are where a walk ends; they are not part of it.
fn effect(graph: &Graph, operation: Operation) -> Option<Item> {
    let edge = &graph.edges[operation.edge];
    (!matches!(edge.kind, EdgeKind::Db | EdgeKind::Cache)).then(|| done(graph, edge, &edge.details[operation.detail]))
}

fn answered<'a>(graph: &'a Graph, endpoint: &'a Endpoint) -> impl Iterator<Item = (&'a Edge, &'a Detail)> {
    let all = graph.edges.iter().flat_map(|e| e.details.iter().map(move |d| (e, d)));
    all.filter(|(_, d)| d.endpoint.as_ref() == Some(&endpoint.key))
}

/// The other side of a topic.
fn met(graph: &Graph, edge: &Edge, detail: &Detail, kind: EdgeKind) -> Vec<Item> {
    let same = graph.edges.iter().filter(|e| e.kind == kind && e.to == edge.to && !detail.operation.is_empty());
    same.flat_map(|e| e.details.iter().filter(|d| d.operation == detail.operation).map(|d| done(graph, e, d))).collect()
}

/// Entries of a node that may lead to an operation.
fn entries(graph: &Graph, flows: &seam_graph::Flows, node: usize, operation: Operation) -> Vec<Item> {
    let leads = |effects: &[seam_graph::Effect]| effects.iter().any(|e| e.operation == operation);
    let endpoints = graph.endpoints.iter().enumerate().filter(|(_, e)| e.node == node);
    let mut out: Vec<Item> =
        endpoints.filter(|(i, _)| leads(flows.endpoint(*i))).map(|(_, e)| served(graph, e)).collect();
    for (edge, it) in graph.edges.iter().enumerate().filter(|(_, e)| e.from == node && e.kind == EdgeKind::QueueConsume)
    {
        for (detail, d) in it.details.iter().enumerate() {
            if leads(flows.consumer(Operation { edge, detail })) {
                out.push(done(graph, it, d));
            }
        }
    }
    out
}
