//! The shapes that answers are made of. They are the published contract: fields are only ever added, and a change of
//! meaning raises [`VERSION`].

use schemars::JsonSchema;
use seam_graph as graph;
use serde::{Deserialize, Serialize};

/// The version that every answer carries.
pub const VERSION: u32 = 1;

/// A place that proves something; it opens in an editor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Workspace-relative, `/` between parts.
    pub path: String,
    /// Counted from 1.
    pub line: u32,
    /// What is said there, in a few words.
    pub says: String,
    /// The extractor that read it; `seam explain` tells more.
    pub by: String,
}

/// A service, gateway, database, cache, broker, external system or tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Node {
    pub key: String,
    pub name: String,
    /// `service`, `gateway`, `database`, `cache`, `broker`, `external` or `tool`.
    pub kind: String,
    /// The product, for stores and brokers.
    pub system: Option<String>,
    pub languages: Vec<String>,
    /// Folders of its code.
    pub roots: Vec<String>,
    /// Other names it answers to.
    pub aliases: Vec<String>,
    pub evidence: Vec<Place>,
}

/// A way in: an HTTP route, a gRPC method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Endpoint {
    pub key: String,
    /// The node's name.
    pub service: String,
    pub protocol: String,
    /// HTTP method in capitals; absent for any.
    pub method: Option<String>,
    pub path: String,
    /// Empty where a framework answers and no handler is written.
    pub handler: String,
    pub request: Option<String>,
    pub response: Option<String>,
    /// `stated`, or `inferred` where a framework serves it and no handler is written.
    #[serde(default)]
    pub certainty: String,
    pub evidence: Vec<Place>,
}

/// What passes from one node to another, all of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interaction {
    pub key: String,
    /// The node's name.
    pub from: String,
    pub to: String,
    /// `http`, `grpc`, `db`, `cache`, `queue-publish`, `queue-consume` and others.
    pub kind: String,
    /// `stated`: code does it and the address is stated. `inferred`: one link is a convention, a default, or the only candidate.
    pub certainty: String,
    pub operations: Vec<Operation>,
    pub policies: Vec<Policy>,
    /// The decisive place first.
    pub evidence: Vec<Place>,
}

/// One route, method, topic or table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Operation {
    /// `GET /orders/{id}`, `Cart/AddItem`, `orders`; empty if unknown.
    pub operation: String,
    /// The library or framework.
    pub client: String,
    /// The function that does it.
    pub within: String,
    /// The callee's endpoint that answers it, where one was found.
    pub endpoint: Option<String>,
    pub at: Place,
}

/// A resilience setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// `timeout`, `retry`, `backoff`, `breaker` and others.
    pub kind: String,
    pub on: String,
    /// Total attempts, the first included.
    pub attempts: Option<String>,
    pub millis: Option<String>,
    pub detail: String,
    /// A documented default rather than something stated.
    pub inferred: bool,
    pub at: Place,
}

/// Something that was seen and could not be joined, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unresolved {
    pub service: String,
    pub what: String,
    /// The value with its open holes.
    pub value: String,
    pub why: String,
    pub at: Place,
}

/// A key that a deployment or configuration file sets for a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    pub service: String,
    pub key: String,
    pub value: String,
    pub profile: Option<String>,
    pub at: Place,
}

/// A key that code reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    pub service: String,
    pub key: String,
    pub default: Option<String>,
    pub at: Place,
}

/// A package or image that a service is built with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Package {
    pub service: String,
    pub package: String,
    /// As the manifest writes it: a version or a range.
    pub version: Option<String>,
    /// The package manager (`npm`, `maven` …), `image` for what is deployed, `base-image` for what it is built on.
    pub kind: String,
    /// For tests and tools only.
    pub development: bool,
    pub at: Place,
}

/// A test of a service's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Test {
    pub service: String,
    pub name: String,
    /// Functions and types of the service, and request paths, that it mentions.
    pub covers: Vec<String>,
    pub at: Place,
}

/// Who owns a service's code: the line of CODEOWNERS that decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Owner {
    pub service: String,
    pub pattern: String,
    pub owners: Vec<String>,
    pub at: Place,
}

/// What could not be read of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    pub path: String,
    pub line: Option<u32>,
    /// `unreadable`, `too-large`, `encoding`, `syntax`, `limit` or `unsupported`.
    pub kind: String,
    pub message: String,
}

/// Who else is at the other end of an interaction, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    pub service: String,
    pub interaction: String,
    pub operation: String,
    pub at: Place,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    pub files: usize,
    pub facts: usize,
    pub services: usize,
    pub nodes: usize,
    pub interactions: usize,
    pub endpoints: usize,
    pub unresolved: usize,
    pub problems: usize,
    /// Tools (observability, administration) that were left out; ask with `all` to see them.
    pub hidden: usize,
}

impl Place {
    pub(crate) fn of(evidence: &graph::Evidence) -> Self {
        Place {
            path: evidence.path.to_string(),
            line: evidence.at.line,
            says: evidence.says.to_string(),
            by: evidence.by.to_string(),
        }
    }

    fn all(proof: &graph::Proof) -> Vec<Self> {
        proof.iter().map(Place::of).collect()
    }
}

impl Node {
    pub(crate) fn of(node: &graph::Node) -> Self {
        Node {
            key: node.key.to_string(),
            name: node.name.to_string(),
            kind: node.kind.word().to_owned(),
            system: node.system.as_ref().map(seam_facts::word::of),
            languages: strings(&node.languages),
            roots: strings(&node.roots),
            aliases: strings(&node.aliases),
            evidence: Place::all(&node.proof),
        }
    }
}

impl Node {
    /// What a drawing says below the name: product, language, or what it is.
    pub fn note(&self) -> String {
        match (&self.system, self.languages.first()) {
            (Some(system), _) => system.clone(),
            (None, Some(language)) => language.clone(),
            (None, None) if self.kind == "service" => String::new(),
            (None, None) => self.kind.clone(),
        }
    }
}

impl Endpoint {
    pub(crate) fn of(endpoint: &graph::Endpoint, graph: &graph::Graph) -> Self {
        Endpoint {
            key: endpoint.key.to_string(),
            service: name(graph, endpoint.node),
            protocol: seam_facts::word::of(&endpoint.protocol),
            method: string(&endpoint.method),
            path: endpoint.path.to_string(),
            handler: endpoint.handler.to_string(),
            request: string(&endpoint.request),
            response: string(&endpoint.response),
            certainty: endpoint.certainty.word().to_owned(),
            evidence: Place::all(&endpoint.proof),
        }
    }
}

impl Interaction {
    /// The kind in the few words that scorers and scripts compare: whatever runs over HTTP is `http`, remote procedure
    /// calls in any other wire format are `grpc`; the rest is as it is.
    pub fn class(&self) -> &str {
        match self.kind.as_str() {
            "graphql" | "websocket" => "http",
            "thrift" | "dubbo" | "event-bus" | "tcp" => "grpc",
            kind => kind,
        }
    }

    /// At most so many operations, policies and places; gives how many operations are not told.
    pub(crate) fn cut(&mut self, limit: usize) -> usize {
        let more = self.operations.len().saturating_sub(limit);
        self.operations.truncate(limit);
        self.policies.truncate(limit);
        self.evidence.truncate(limit);
        more
    }

    pub(crate) fn of(edge: &graph::Edge, graph: &graph::Graph) -> Self {
        Interaction {
            key: edge.key.to_string(),
            from: name(graph, edge.from),
            to: name(graph, edge.to),
            kind: edge.kind.word().to_owned(),
            certainty: edge.certainty.word().to_owned(),
            operations: edge.details.iter().map(Operation::of).collect(),
            policies: edge.policies.iter().map(Policy::of).collect(),
            evidence: Place::all(&edge.proof),
        }
    }
}

impl Operation {
    pub(crate) fn of(detail: &graph::Detail) -> Self {
        Operation {
            operation: detail.operation.to_string(),
            client: detail.client.to_string(),
            within: detail.within.to_string(),
            endpoint: detail.endpoint.as_ref().map(ToString::to_string),
            at: Place::of(&detail.at),
        }
    }
}

impl Contact {
    pub(crate) fn of(edge: &graph::Edge, detail: &graph::Detail, graph: &graph::Graph) -> Self {
        Contact {
            service: name(graph, edge.from),
            interaction: edge.key.to_string(),
            operation: detail.operation.to_string(),
            at: Place::of(&detail.at),
        }
    }
}

impl Policy {
    /// Distinct policies in a line: `timeout 2000 ms · retry 3 attempts (default)`.
    pub fn line(policies: &[Policy]) -> String {
        let mut out: Vec<String> = Vec::new();
        for policy in policies {
            let mut text = policy.kind.clone();
            if let Some(attempts) = &policy.attempts {
                text.push_str(&format!(" {attempts} attempts"));
            }
            if let Some(millis) = &policy.millis {
                text.push_str(&format!(" {millis} ms"));
            }
            if policy.inferred {
                text.push_str(" (default)");
            }
            if !out.contains(&text) {
                out.push(text);
            }
        }
        out.join(" · ")
    }

    pub(crate) fn of(policy: &graph::Policy) -> Self {
        Policy {
            kind: seam_facts::word::of(&policy.kind),
            on: policy.on.to_string(),
            attempts: string(&policy.attempts),
            millis: string(&policy.millis),
            detail: policy.detail.to_string(),
            inferred: policy.inferred,
            at: Place::of(&policy.at),
        }
    }
}

impl Unresolved {
    pub(crate) fn of(open: &graph::Unresolved, graph: &graph::Graph) -> Self {
        Unresolved {
            service: name(graph, open.node),
            what: open.what.to_string(),
            value: open.value.to_string(),
            why: open.why.to_string(),
            at: Place::of(&open.at),
        }
    }
}

impl Setting {
    pub(crate) fn of(setting: &graph::SettingOf, graph: &graph::Graph) -> Self {
        Setting {
            service: name(graph, setting.node),
            key: setting.key.to_string(),
            value: setting.value.to_string(),
            profile: string(&setting.profile),
            at: Place::of(&setting.at),
        }
    }
}

impl Reading {
    pub(crate) fn of(read: &graph::ReadOf, graph: &graph::Graph) -> Self {
        Reading {
            service: name(graph, read.node),
            key: read.key.to_string(),
            default: string(&read.default),
            at: Place::of(&read.at),
        }
    }
}

impl Package {
    pub(crate) fn of(package: &graph::PackageOf, graph: &graph::Graph) -> Self {
        Package {
            service: name(graph, package.node),
            package: package.package.to_string(),
            version: string(&package.version),
            kind: package.kind.to_string(),
            development: package.development,
            at: Place::of(&package.at),
        }
    }
}

impl Test {
    pub(crate) fn of(test: &graph::TestOf, graph: &graph::Graph) -> Self {
        Test {
            service: name(graph, test.node),
            name: test.name.to_string(),
            covers: strings(&test.covers),
            at: Place::of(&test.at),
        }
    }
}

impl Owner {
    pub(crate) fn of(owner: &graph::OwnerOf, graph: &graph::Graph) -> Self {
        Owner {
            service: name(graph, owner.node),
            pattern: owner.pattern.to_string(),
            owners: strings(&owner.owners),
            at: Place::of(&owner.at),
        }
    }
}

impl Problem {
    pub(crate) fn all(base: &seam_facts::FactBase) -> Vec<Self> {
        let of = |path: &seam_facts::SmolStr, problem: &seam_facts::Problem| Problem {
            path: path.to_string(),
            line: problem.at.map(|at| at.line),
            kind: seam_facts::word::of(&problem.kind),
            message: problem.message.to_string(),
        };
        base.files().flat_map(|(path, file)| file.problems.iter().map(move |p| of(path, p))).collect()
    }
}

/// Internal indexes never leave the process; a node that is not there would be a mistake of linking, shown as such.
fn name(graph: &graph::Graph, node: usize) -> String {
    graph.nodes.get(node).map_or_else(|| "?".to_owned(), |n| n.name.to_string())
}

fn string(text: &Option<seam_facts::SmolStr>) -> Option<String> {
    text.as_ref().map(ToString::to_string)
}

fn strings(texts: &[seam_facts::SmolStr]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
