//! How one service reaches another.

use super::map::find;
use crate::bounds::fit;
use crate::shape::{Interaction, VERSION};
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_graph::Graph;
use serde::{Deserialize, Serialize};

pub const ABOUT: &str = "the ways from one service to another, shortest first: each step is an interaction with its evidence; \
answers whether and how a failure or change of one can reach the other";

/// More ways than this help nobody.
const MOST: usize = 20;

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// A node's name, key or other name.
    pub from: String,
    pub to: String,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// How many ways, and how many operations of each step, at most; 20 ways with all operations unless given.
    #[serde(default)]
    pub limit: Option<u32>,
    /// How long the answer is at most, in bytes of its JSON: lists get shorter until it fits. Not bounded unless given.
    #[serde(default)]
    pub bytes: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    pub from: String,
    pub to: String,
    /// Shortest first, at most 20. Empty: no way is proven, which does not mean that they are independent.
    pub ways: Vec<Way>,
    /// Ways in the other direction.
    pub back: usize,
    /// Ways and operations that were cut at the limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// Steps in order; each begins where the one before ends.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Way {
    pub steps: Vec<Interaction>,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let graph = snapshot.graph(request.profile.as_deref());
    let from = find(&graph, &request.from)?;
    let to = find(&graph, &request.to)?;
    let way =
        |edges: Vec<usize>| Way { steps: edges.iter().map(|e| Interaction::of(&graph.edges[*e], &graph)).collect() };
    let all: Vec<Way> = seam_graph::paths(&graph, from, to, MOST).into_iter().map(way).collect();
    let back = seam_graph::paths(&graph, to, from, MOST).len();
    let cut = |limit| answer(&graph, (from, to), all.clone(), back, limit);
    Ok(fit(request.limit, request.bytes, cut))
}

fn answer(graph: &Graph, ends: (usize, usize), mut ways: Vec<Way>, back: usize, limit: Option<usize>) -> Answer {
    let (from, to) = ends;
    let mut left_out = Vec::new();
    if let Some(limit) = limit {
        if ways.len() > limit {
            left_out.push(format!("{} ways", ways.len() - limit));
            ways.truncate(limit);
        }
        let operations: usize = ways.iter_mut().flat_map(|w| &mut w.steps).map(|s| s.cut(limit)).sum();
        if operations > 0 {
            left_out.push(format!("{operations} operations"));
        }
    }
    Answer {
        version: VERSION,
        from: graph.nodes[from].name.to_string(),
        to: graph.nodes[to].name.to_string(),
        ways,
        back,
        left_out,
    }
}
