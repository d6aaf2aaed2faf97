//! Why the map says something: by key or name of a thing in it, or by an extractor's id.

use super::at::Said;
use super::map::find;
use crate::bounds::{cut, cut_operations, fit, shorten};
use crate::shape::{Endpoint, Interaction, Node, Owner, Package, Place, Reading, Setting, Test, Unresolved, VERSION};
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_graph::Graph;
use serde::{Deserialize, Serialize};

pub const ABOUT: &str = "why the map says something: give the key or name of a service, store, endpoint or interaction for \
everything about it with the facts behind it, or the id of a rule or an extractor for its page";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `service/orders`, `orders`, `edge/a/http/b`, `endpoint/orders/GET /orders/{id}`, or an extractor (`spring`,
    /// `extractor/spring` where a service has that name too).
    pub what: String,
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

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    /// `node`, `interaction`, `endpoint`, `rule`, `rules` or `extractor`.
    pub kind: String,
    /// The key, or the id of the rule or extractor.
    pub key: String,
    /// The rule's or extractor's page, in Markdown.
    pub page: Option<String>,
    pub node: Option<Node>,
    /// The endpoint itself, or those that the node serves.
    pub endpoints: Vec<Endpoint>,
    /// The interaction itself, or those that the node or endpoint takes part in.
    pub interactions: Vec<Interaction>,
    pub settings: Vec<Setting>,
    pub reads: Vec<Reading>,
    /// What services are built with.
    #[serde(default)]
    pub packages: Vec<Package>,
    /// Tests of the services' code.
    #[serde(default)]
    pub tests: Vec<Test>,
    #[serde(default)]
    pub owners: Vec<Owner>,
    pub unresolved: Vec<Unresolved>,
    /// Each place of the evidence with what the file says there.
    pub because: Vec<Because>,
    /// Which lists were cut at the limit, and by how many entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Because {
    pub at: Place,
    pub facts: Vec<Said>,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let whole = whole(snapshot, request)?;
    let cut = |limit: Option<usize>| {
        let mut answer = whole.clone();
        limit.into_iter().for_each(|limit| answer.cut(limit));
        answer
    };
    let mut answer = fit(request.limit, request.bytes, cut);
    if let (Some(bytes), Some(page)) = (request.bytes, &mut answer.page) {
        answer.left_out.extend(shorten(page, bytes as usize));
    }
    Ok(answer)
}

impl Answer {
    fn cut(&mut self, limit: usize) {
        let out = &mut self.left_out;
        cut("endpoints", &mut self.endpoints, limit, out);
        cut("interactions", &mut self.interactions, limit, out);
        cut("settings", &mut self.settings, limit, out);
        cut("reads", &mut self.reads, limit, out);
        cut("packages", &mut self.packages, limit, out);
        cut("tests", &mut self.tests, limit, out);
        cut("unresolved", &mut self.unresolved, limit, out);
        cut("because", &mut self.because, limit, out);
        cut_operations(&mut self.interactions, limit, out);
    }
}

fn whole(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let what = request.what.trim();
    let graph = snapshot.graph(request.profile.as_deref());
    let id = what.strip_prefix("extractor/").unwrap_or(what);
    // A service may be called like an extractor; whoever asks about a system means the service.
    if let Some(extractor) = seam_extract::all().find(|e| e.id == id && graph.node(what).is_none()) {
        return Ok(Answer {
            version: VERSION,
            kind: "extractor".to_owned(),
            key: extractor.id.to_owned(),
            page: Some(extractor.page.to_owned()),
            ..Answer::default()
        });
    }
    let id = what.strip_prefix("rule/").unwrap_or(what);
    if let Some(rule) = seam_detect::rule(id).filter(|_| graph.node(what).is_none()) {
        return Ok(Answer {
            version: VERSION,
            kind: "rule".to_owned(),
            key: rule.id.to_owned(),
            page: Some(rule.page.to_owned()),
            ..Answer::default()
        });
    }
    let observed = seam_diagnose::signs::KINDS.iter().find(|k| k.id == id);
    if let Some(kind) = observed.filter(|_| graph.node(what).is_none()) {
        return Ok(Answer {
            version: VERSION,
            kind: "rule".to_owned(),
            key: kind.id.to_owned(),
            page: Some(kind.page.to_owned()),
            ..Answer::default()
        });
    }
    let (own, _) = seam_detect::own::rules(snapshot.base());
    if let Some(rule) = own.iter().find(|r| r.id == id).filter(|_| graph.node(what).is_none()) {
        return Ok(Answer {
            version: VERSION,
            kind: "rule".to_owned(),
            key: rule.id.to_string(),
            page: Some(rule.page.to_string()),
            ..Answer::default()
        });
    }
    if what == "rules" && graph.node(what).is_none() {
        return Ok(Answer {
            version: VERSION,
            kind: "rules".to_owned(),
            key: what.to_owned(),
            page: Some(catalogue()),
            ..Answer::default()
        });
    }
    if let Some(edge) = graph.edges.iter().find(|e| e.key.as_str() == what) {
        return Ok(Answer {
            kind: "interaction".to_owned(),
            key: what.to_owned(),
            interactions: vec![Interaction::of(edge, &graph)],
            because: because(snapshot, edge.proof.iter()),
            ..empty()
        });
    }
    if let Some(endpoint) = graph.endpoints.iter().find(|e| e.key.as_str() == what) {
        let calls = |e: &&seam_graph::Edge| e.details.iter().any(|d| d.endpoint.as_ref() == Some(&endpoint.key));
        return Ok(Answer {
            kind: "endpoint".to_owned(),
            key: what.to_owned(),
            endpoints: vec![Endpoint::of(endpoint, &graph)],
            interactions: graph.edges.iter().filter(calls).map(|e| Interaction::of(e, &graph)).collect(),
            because: because(snapshot, endpoint.proof.iter()),
            ..empty()
        });
    }
    let node = find(&graph, what).map_err(extractors)?;
    Ok(about_node(snapshot, &graph, node))
}

/// Every rule with the first sentence of its page.
fn catalogue() -> String {
    let mut out = "# Rules\n".to_owned();
    let mut group = "";
    for rule in seam_detect::RULES {
        if rule.group.word() != group {
            group = rule.group.word();
            out.push_str(&format!("\n## {group}\n\n"));
        }
        let nursery = if rule.nursery { " (nursery: only when asked for)" } else { "" };
        let sentence = super::rules::sentence(rule.page);
        out.push_str(&format!("- `{}`{nursery}: {}\n", rule.id, sentence));
    }
    out.push_str(&format!("\n## {} (with `--telemetry`)\n\n", crate::observed::GROUP));
    for kind in seam_diagnose::signs::KINDS {
        out.push_str(&format!("- `{}`: {}\n", kind.id, super::rules::sentence(kind.page)));
    }
    out
}

fn about_node(snapshot: &Snapshot, graph: &Graph, node: usize) -> Answer {
    let this = &graph.nodes[node];
    Answer {
        kind: "node".to_owned(),
        key: this.key.to_string(),
        node: Some(Node::of(this)),
        endpoints: graph.endpoints.iter().filter(|e| e.node == node).map(|e| Endpoint::of(e, graph)).collect(),
        interactions: graph
            .edges
            .iter()
            .filter(|e| e.from == node || e.to == node)
            .map(|e| Interaction::of(e, graph))
            .collect(),
        settings: graph.settings.iter().filter(|s| s.node == node).map(|s| Setting::of(s, graph)).collect(),
        reads: graph.reads.iter().filter(|r| r.node == node).map(|r| Reading::of(r, graph)).collect(),
        packages: graph.packages.iter().filter(|p| p.node == node).map(|p| Package::of(p, graph)).collect(),
        tests: graph.tests.iter().filter(|t| t.node == node).map(|t| Test::of(t, graph)).collect(),
        owners: graph.owners.iter().filter(|o| o.node == node).map(|o| Owner::of(o, graph)).collect(),
        unresolved: graph.unresolved.iter().filter(|u| u.node == node).map(|u| Unresolved::of(u, graph)).collect(),
        because: because(snapshot, this.proof.iter()),
        ..empty()
    }
}

fn empty() -> Answer {
    Answer { version: VERSION, ..Answer::default() }
}

/// The facts that stand where the evidence points.
fn because<'a>(snapshot: &Snapshot, proof: impl Iterator<Item = &'a seam_graph::Evidence>) -> Vec<Because> {
    proof
        .map(|evidence| {
            let facts = snapshot.base().get(&evidence.path).map(|f| f.facts.as_slice()).unwrap_or_default();
            let there = |f: &&seam_facts::Fact| f.at.line == evidence.at.line && f.by == evidence.by;
            Because { at: Place::of(evidence), facts: facts.iter().filter(there).map(Said::of).collect() }
        })
        .collect()
}

/// A name that is nothing in the map may have been meant as an extractor.
fn extractors(refusal: Refusal) -> Refusal {
    let ids: Vec<&str> = seam_extract::all().map(|e| e.id).collect();
    Refusal { hint: format!("{}; extractors are {}", refusal.hint, ids.join(", ")), ..refusal }
}
