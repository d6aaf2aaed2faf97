//! From a place to the other side: across services, languages and files of any kind.

use crate::marks::{self, Spot};
use crate::shape::VERSION;
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_detect::keys::squash;
use seam_graph::{EdgeKind, Graph};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub const ABOUT: &str = "from a line to its other side: a call's handler and contract, a handler's callers, a topic's publishers \
and consumers, where a setting is set or read, where a service that is named is declared";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Workspace-relative, `/` between parts.
    pub path: String,
    /// Counted from 1.
    pub line: u32,
    /// The word at the place, where it is known: the name of a service leads to the service.
    #[serde(default)]
    pub word: Option<String>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    #[serde(default)]
    pub profile: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    /// Where what stands there is defined, answered or set.
    pub definitions: Vec<Spot>,
    /// So many of them, from the first, are the very thing: what answers a call, rather than where that is registered, agreed on or
    /// deployed. None where they are all alike.
    pub first: u32,
    /// Where it is used.
    pub references: Vec<Spot>,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let profile = request.profile.as_deref();
    let mut here = marks::at(marks::of(snapshot, &request.path, profile, None)?, request.line);
    let mut answer = Answer { version: VERSION, definitions: Vec::new(), first: 0, references: Vec::new() };
    let word = request.word.as_deref().filter(|w| !w.is_empty());
    let graph = snapshot.graph(profile);
    let named = word.and_then(|w| graph.nodes.iter().position(|n| marks::names(w, n)));
    if here.is_empty() {
        word.into_iter().for_each(|word| by_word(&graph, word, &mut answer));
    }
    // What answers a call comes before where its address is set, and that before where it is deployed.
    here.sort_by_key(|mark| matches!(mark.kind.as_str(), "read" | "setting" | "store" | "service"));
    // A word that is a key means the key; any other word of a line that calls means the call.
    if let Some(word) = request.word.as_deref()
        && here.iter().any(|mark| mark.kind == "call" && !mark.definitions.is_empty())
    {
        let key = here.iter().any(|mark| mark.kind == "read" && squash(&mark.name) == squash(word));
        here.retain(|mark| (mark.kind == "read") == key);
    }
    let answered = here.iter().any(|mark| mark.kind == "call" && !mark.definitions.is_empty());
    let mut first: Vec<Spot> = Vec::new();
    for mut mark in here {
        let rest = mark.definitions.split_off((mark.first as usize).min(mark.definitions.len()));
        first.extend(mark.definitions);
        answer.definitions.extend(rest);
        answer.references.extend(mark.references);
    }
    if let Some(node) = named.filter(|_| !answered) {
        let node = &graph.nodes[node];
        let says = format!("{} {}", node.kind.word(), node.name);
        answer.definitions.extend(node.proof.iter().take(5).map(|e| marks::spot(e, &*says)));
    }
    let here = |s: &Spot| s.path == request.path && s.line == request.line;
    let once = |spots: &mut Vec<Spot>| {
        let mut seen = BTreeSet::new();
        spots.retain(|s| seen.insert((s.path.clone(), s.line)));
    };
    first.retain(|s| !here(s));
    once(&mut first);
    answer.first = first.len() as u32;
    answer.definitions.splice(0..0, first);
    once(&mut answer.definitions);
    once(&mut answer.references);
    answer.definitions.retain(|s| !here(s));
    Ok(answer)
}

/// A word that is nothing by itself there may be a topic's or a setting's name.
fn by_word(graph: &Graph, word: &str, out: &mut Answer) {
    for edge in &graph.edges {
        let name = &graph.nodes[edge.from].name;
        let says = match edge.kind {
            EdgeKind::QueuePublish => format!("published by {name}"),
            EdgeKind::QueueConsume => format!("consumed by {name}"),
            _ => continue,
        };
        out.references.extend(edge.details.iter().filter(|d| d.operation == word).map(|d| marks::spot(&d.at, &*says)));
    }
    out.definitions.extend(out.references.iter().cloned());
    let settings = graph.settings.iter().filter(|s| s.key == word);
    out.definitions.extend(settings.map(|s| marks::spot(&s.at, format!("set for {}", graph.nodes[s.node].name))));
    let reads = graph.reads.iter().filter(|r| r.key == word);
    out.references.extend(reads.map(|r| marks::spot(&r.at, format!("read by {}", graph.nodes[r.node].name))));
}
