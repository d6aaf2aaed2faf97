//! Everything known at one line of one file.

use crate::bounds::{cut, cut_operations, fit};
use crate::shape::{Contact, Endpoint, Interaction, Node, Policy, Problem, Reading, Setting, Unresolved, VERSION};
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_facts::{Claim, Fact, How};
use seam_graph::{Evidence, Graph};
use serde::{Deserialize, Serialize};

pub const ABOUT: &str = "everything known at a file and line: the endpoint it implements and who calls it from where, the \
calls, messages and stores it uses, the settings it reads, the policies there, and what could not be resolved";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Workspace-relative, `/` between parts.
    pub path: String,
    /// Counted from 1; left out: the whole file.
    #[serde(default)]
    pub line: Option<u32>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// How many entries each list has at most; all unless given.
    #[serde(default)]
    pub limit: Option<u32>,
    /// How long the answer is at most, in bytes of its JSON: lists get shorter until it fits. Not bounded unless given.
    #[serde(default)]
    pub bytes: Option<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    pub path: String,
    pub line: Option<u32>,
    /// The lines that the answer is about, when nothing is known at the very line: the nearest above it.
    pub nearest: Option<u32>,
    /// The services that this file belongs to.
    pub services: Vec<Node>,
    /// What the file itself says there.
    pub facts: Vec<Said>,
    pub endpoints: Vec<Endpoint>,
    /// Who calls those endpoints.
    pub callers: Vec<Contact>,
    /// Interactions that are proven or carried out there.
    pub interactions: Vec<Interaction>,
    pub policies: Vec<Policy>,
    pub settings: Vec<Setting>,
    pub reads: Vec<Reading>,
    pub unresolved: Vec<Unresolved>,
    pub problems: Vec<Problem>,
    /// Which lists were cut at the limit, and by how many entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// One fact, in the words of its page.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    pub line: u32,
    pub end_line: u32,
    pub says: String,
    /// `stated`, `observed` or `inferred`.
    pub how: String,
    pub by: String,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let whole = whole(snapshot, request)?;
    let cut = |limit: Option<usize>| {
        let mut answer = whole.clone();
        limit.into_iter().for_each(|limit| answer.cut(limit));
        answer
    };
    Ok(fit(request.limit, request.bytes, cut))
}

impl Answer {
    fn cut(&mut self, limit: usize) {
        let out = &mut self.left_out;
        cut("facts", &mut self.facts, limit, out);
        cut("endpoints", &mut self.endpoints, limit, out);
        cut("callers", &mut self.callers, limit, out);
        cut("interactions", &mut self.interactions, limit, out);
        cut("policies", &mut self.policies, limit, out);
        cut("settings", &mut self.settings, limit, out);
        cut("reads", &mut self.reads, limit, out);
        cut("unresolved", &mut self.unresolved, limit, out);
        cut_operations(&mut self.interactions, limit, out);
    }
}

fn whole(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let base = snapshot.base();
    let Some(file) = base.get(&request.path) else {
        return Err(unread(snapshot, &request.path));
    };
    let graph = snapshot.graph(request.profile.as_deref());
    let shown: Vec<&Fact> = file.facts.iter().filter(|f| !matches!(f.claim, Claim::Uses(_))).collect();
    let direct = request.line.is_none_or(|line| {
        shown.iter().any(|f| f.at.covers(line)) || evidence(&graph).any(|e| e.path == request.path && e.at.covers(line))
    });
    let nearest =
        request.line.filter(|_| !direct).and_then(|line| shown.iter().map(|f| f.at.line).filter(|l| *l <= line).max());
    let line = nearest.or(request.line);
    let here = |e: &Evidence| e.path == request.path && line.is_none_or(|l| e.at.covers(l));
    let endpoints: Vec<&seam_graph::Endpoint> = graph.endpoints.iter().filter(|e| e.proof.iter().any(here)).collect();
    let callers = graph.edges.iter().flat_map(|edge| {
        let answers =
            |key: &Option<seam_facts::Key>| key.as_ref().is_some_and(|k| endpoints.iter().any(|e| e.key == *k));
        edge.details.iter().filter(move |d| answers(&d.endpoint)).map(|d| Contact::of(edge, d, &graph))
    });
    Ok(Answer {
        version: VERSION,
        path: request.path.clone(),
        line: request.line,
        nearest,
        services: owners(&graph, &request.path).map(Node::of).collect(),
        facts: shown.iter().filter(|f| line.is_none_or(|l| f.at.covers(l))).map(|f| Said::of(f)).collect(),
        callers: callers.collect(),
        interactions: graph
            .edges
            .iter()
            .filter(|e| e.proof.iter().any(here) || e.details.iter().any(|d| here(&d.at)))
            .map(|e| Interaction::of(e, &graph))
            .collect(),
        policies: graph.edges.iter().flat_map(|e| &e.policies).filter(|p| here(&p.at)).map(Policy::of).collect(),
        settings: graph.settings.iter().filter(|s| here(&s.at)).map(|s| Setting::of(s, &graph)).collect(),
        reads: graph.reads.iter().filter(|r| here(&r.at)).map(|r| Reading::of(r, &graph)).collect(),
        unresolved: graph.unresolved.iter().filter(|u| here(&u.at)).map(|u| Unresolved::of(u, &graph)).collect(),
        problems: Problem::all(base).into_iter().filter(|p| p.path == request.path).collect(),
        left_out: Vec::new(),
        endpoints: endpoints.into_iter().map(|e| Endpoint::of(e, &graph)).collect(),
    })
}

fn evidence(graph: &Graph) -> impl Iterator<Item = &Evidence> {
    let endpoints = graph.endpoints.iter().flat_map(|e| e.proof.iter());
    let edges = graph.edges.iter().flat_map(|e| e.proof.iter().chain(e.details.iter().map(|d| &d.at)));
    endpoints.chain(edges)
}

/// Nodes whose code folder holds the file; the deepest folder wins, several nodes may share it.
fn owners<'a>(graph: &'a Graph, path: &str) -> impl Iterator<Item = &'a seam_graph::Node> {
    let depth = |node: &seam_graph::Node| {
        let holds = |root: &&seam_facts::SmolStr| {
            root.is_empty() || path.strip_prefix(root.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        node.roots.iter().filter(holds).map(|r| r.len()).max()
    };
    let deepest = graph.nodes.iter().filter_map(depth).max();
    graph.nodes.iter().filter(move |n| deepest.is_some() && depth(n) == deepest).collect::<Vec<_>>().into_iter()
}

/// A path that is not known, with those that may have been meant.
pub(crate) fn unread(snapshot: &Snapshot, path: &str) -> Refusal {
    Refusal::unknown(format!("`{path}` is not a file that was read"), hint(snapshot, path))
}

fn hint(snapshot: &Snapshot, path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let same: Vec<String> = snapshot
        .base()
        .files()
        .map(|(p, _)| p.as_str())
        .filter(|p| p.rsplit('/').next() == Some(name))
        .take(3)
        .map(|p| format!("`{p}`"))
        .collect();
    if same.is_empty() {
        "paths are relative to the workspace; files that no extractor reads are not known".to_owned()
    } else {
        format!("did you mean {}?", same.join(" or "))
    }
}

impl Said {
    pub(crate) fn of(fact: &Fact) -> Self {
        let how = match fact.how {
            How::Stated => "stated",
            How::Observed => "observed",
            How::Inferred => "inferred",
        };
        Said {
            line: fact.at.line,
            end_line: fact.at.end_line,
            says: fact.claim.to_string(),
            how: how.to_owned(),
            by: fact.by.to_string(),
        }
    }
}
