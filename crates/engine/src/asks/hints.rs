//! What an address that is put together at run time comes to: beside the call, or the setting that is read.

use crate::marks;
use crate::shape::VERSION;
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_detect::keys::squash;
use seam_facts::{Claim, SmolStr};
use seam_graph::{EdgeKind, Graph};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub const ABOUT: &str =
    "for a file, the lines whose address the file itself does not say, with what the deployment makes of it";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Workspace-relative, `/` between parts.
    pub path: String,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    #[serde(default)]
    pub profile: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    pub hints: Vec<Hint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hint {
    /// Counted from 1.
    pub line: u32,
    /// `→ quote:8090`.
    pub label: String,
    /// Where that is said.
    pub says: String,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let graph = snapshot.graph(request.profile.as_deref());
    let mut lines: BTreeMap<u32, BTreeSet<(String, String)>> = BTreeMap::new();
    reads(&graph, &request.path, &mut lines);
    calls(snapshot, &graph, &request.path, &mut lines);
    // Where it comes to several things, none is what the line means.
    let one = |(line, found): (u32, BTreeSet<(String, String)>)| {
        let labels: BTreeSet<&String> = found.iter().map(|(label, _)| label).collect();
        let (only, says) = found.first().filter(|_| labels.len() == 1)?;
        Some(Hint { line, label: format!("→ {only}"), says: says.clone() })
    };
    Ok(Answer { version: VERSION, hints: lines.into_iter().filter_map(one).collect() })
}

fn reads(graph: &Graph, path: &str, out: &mut BTreeMap<u32, BTreeSet<(String, String)>>) {
    for read in graph.reads.iter().filter(|r| r.at.path == path) {
        let key = squash(&read.key);
        for setting in graph.settings.iter().filter(|s| s.node == read.node && squash(&s.key) == key) {
            let says = format!("{} is set in {}:{}", setting.key, setting.at.path, setting.at.at.line);
            let text = only(&setting.texts).and_then(|text| address(graph, text));
            out.entry(read.at.at.line).or_default().extend(text.map(|text| (text, says)));
        }
    }
}

fn calls(snapshot: &Snapshot, graph: &Graph, path: &str, out: &mut BTreeMap<u32, BTreeSet<(String, String)>>) {
    let facts = snapshot.base().get(path).map(|f| f.facts.as_slice()).unwrap_or_default();
    let open = facts.iter().filter_map(|fact| match &fact.claim {
        Claim::Call(call) if !call.target.holes().is_empty() => Some(fact.at.line),
        _ => None,
    });
    let open: BTreeSet<u32> = open.collect();
    for edge in graph.edges.iter().filter(|e| !matches!(e.kind, EdgeKind::QueuePublish | EdgeKind::QueueConsume)) {
        let here = |d: &&seam_graph::Detail| d.at.path == path && open.contains(&d.at.at.line);
        for detail in edge.details.iter().filter(here) {
            let proves = |s: &&seam_graph::SettingOf| {
                s.node == edge.from && edge.proof.iter().any(|e| e.path == s.at.path && e.at.line == s.at.at.line)
            };
            let node = &graph.nodes[edge.to];
            let told = graph.settings.iter().filter(proves).find_map(|s| {
                let text = only(&s.texts).filter(|t| marks::names(t, node)).and_then(|t| address(graph, t))?;
                Some((text, format!("{} is set in {}:{}", s.key, s.at.path, s.at.at.line)))
            });
            let at = node.proof.first();
            let standard =
                || (node.name.to_string(), format!("{} is declared in {}:{}", node.name, at.path, at.at.line));
            let found = out.entry(detail.at.at.line).or_default();
            if found.is_empty() {
                found.insert(told.unwrap_or_else(standard));
            }
        }
    }
}

fn only(texts: &[SmolStr]) -> Option<&SmolStr> {
    match texts {
        [one] => Some(one),
        _ => None,
    }
}

/// Host and port of an address that names a node.
fn address(graph: &Graph, text: &str) -> Option<String> {
    graph.nodes.iter().any(|n| marks::names(text, n)).then(|| {
        let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
        let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
        rest.split(['/', '?', ',']).next().unwrap_or(rest).to_owned()
    })
}
