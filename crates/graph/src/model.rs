//! The graph as a value: nodes, edges, endpoints and what stayed open, each with its evidence.

use seam_facts::{Deployment, Key, PolicyKind, Protocol, SmolStr, Span, System, format_smolstr};

/// What was asked of linking.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only deployments whose file path, compose profile or settings profile contains this word.
    pub profile: Option<SmolStr>,
    /// Other names of a node: alias → name.
    pub aliases: Vec<(SmolStr, SmolStr)>,
}

/// One place that proves something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    pub path: SmolStr,
    pub at: Span,
    /// What is said there, in a few words for people.
    pub says: SmolStr,
    /// The extractor that read it.
    pub by: SmolStr,
}

/// A list of evidence that is never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    first: Evidence,
    rest: Vec<Evidence>,
}

impl Proof {
    /// The decisive place first: the call, route, topic or declaration; then what fills its holes.
    pub fn new(first: Evidence, rest: impl IntoIterator<Item = Evidence>) -> Self {
        let mut proof = Proof { first, rest: Vec::new() };
        proof.extend(rest);
        proof
    }

    pub fn first(&self) -> &Evidence {
        &self.first
    }

    pub fn iter(&self) -> impl Iterator<Item = &Evidence> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    pub fn len(&self) -> usize {
        1 + self.rest.len()
    }

    /// Never: kept because a length without it surprises.
    pub fn is_empty(&self) -> bool {
        false
    }

    pub fn extend(&mut self, more: impl IntoIterator<Item = Evidence>) {
        for evidence in more {
            let known = |e: &Evidence| e.path == evidence.path && e.at.line == evidence.at.line;
            if !known(&self.first) && !self.rest.iter().any(known) {
                self.rest.push(evidence);
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    /// Runs the workspace's own code, or a ready-made image that takes part in traffic.
    Service,
    /// Forwards: a reverse proxy, an API gateway.
    Gateway,
    /// A ready-made server that takes part in traffic: a registry, an identity provider, a report engine.
    Server,
    Database,
    Cache,
    Broker,
    /// Not deployed here.
    External,
    /// Observability, dashboards, admin consoles, one-off jobs: runs beside the system.
    Tool,
}

impl NodeKind {
    pub fn word(self) -> &'static str {
        match self {
            NodeKind::Service => "service",
            NodeKind::Gateway => "gateway",
            NodeKind::Server => "server",
            NodeKind::Database => "database",
            NodeKind::Cache => "cache",
            NodeKind::Broker => "broker",
            NodeKind::External => "external",
            NodeKind::Tool => "tool",
        }
    }

    /// Comes as a public image and is part of the system's traffic: a store, or a server such as a registry.
    pub fn is_ready_made(self) -> bool {
        self.is_store() || self == NodeKind::Server
    }

    pub fn is_store(self) -> bool {
        matches!(self, NodeKind::Database | NodeKind::Cache | NodeKind::Broker)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub key: Key,
    pub name: SmolStr,
    pub kind: NodeKind,
    /// The product, for stores and brokers.
    pub system: Option<System>,
    pub languages: Vec<SmolStr>,
    /// Folders of its code.
    pub roots: Vec<SmolStr>,
    /// Files that were read below its folders.
    pub own: Vec<SmolStr>,
    /// Files of libraries in the workspace that it imports.
    pub libraries: Vec<SmolStr>,
    /// Other names it answers to.
    pub aliases: Vec<SmolStr>,
    pub proof: Proof,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    Http,
    Grpc,
    Graphql,
    Websocket,
    Thrift,
    Dubbo,
    EventBus,
    Smtp,
    Tcp,
    Db,
    Cache,
    QueuePublish,
    QueueConsume,
}

impl EdgeKind {
    pub fn word(self) -> &'static str {
        match self {
            EdgeKind::Http => "http",
            EdgeKind::Grpc => "grpc",
            EdgeKind::Graphql => "graphql",
            EdgeKind::Websocket => "websocket",
            EdgeKind::Thrift => "thrift",
            EdgeKind::Dubbo => "dubbo",
            EdgeKind::EventBus => "event-bus",
            EdgeKind::Smtp => "smtp",
            EdgeKind::Tcp => "tcp",
            EdgeKind::Db => "db",
            EdgeKind::Cache => "cache",
            EdgeKind::QueuePublish => "queue-publish",
            EdgeKind::QueueConsume => "queue-consume",
        }
    }

    /// Whether operations are procedures by name: what they change is told by that name alone.
    pub fn is_procedure(self) -> bool {
        matches!(self, EdgeKind::Grpc | EdgeKind::Thrift | EdgeKind::Dubbo | EdgeKind::EventBus | EdgeKind::Tcp)
    }

    pub fn traffic(self) -> Traffic {
        match self {
            EdgeKind::Http
            | EdgeKind::Grpc
            | EdgeKind::Graphql
            | EdgeKind::Websocket
            | EdgeKind::Thrift
            | EdgeKind::Dubbo
            | EdgeKind::EventBus
            | EdgeKind::Smtp
            | EdgeKind::Tcp => Traffic::Call,
            EdgeKind::Db | EdgeKind::Cache => Traffic::Keep,
            EdgeKind::QueuePublish => Traffic::Publish,
            EdgeKind::QueueConsume => Traffic::Consume,
        }
    }

    pub fn of_protocol(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Http | Protocol::JsonRpc => EdgeKind::Http,
            Protocol::Grpc => EdgeKind::Grpc,
            Protocol::Graphql => EdgeKind::Graphql,
            Protocol::Websocket => EdgeKind::Websocket,
            Protocol::Thrift => EdgeKind::Thrift,
            Protocol::Dubbo => EdgeKind::Dubbo,
            Protocol::EventBus => EdgeKind::EventBus,
            Protocol::Smtp => EdgeKind::Smtp,
            Protocol::Tcp => EdgeKind::Tcp,
        }
    }
}

/// What edges do, whatever they speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Somebody answers.
    Call,
    Publish,
    Consume,
    /// Data is kept.
    Keep,
}

/// How sure an edge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Code calls it and the address is stated.
    Stated,
    /// One link follows from a convention, a default, or from being the only candidate.
    Inferred,
}

impl Certainty {
    pub fn word(self) -> &'static str {
        match self {
            Certainty::Stated => "stated",
            Certainty::Inferred => "inferred",
        }
    }
}

/// One operation on an edge: a route, a method, a topic, a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Detail {
    /// `GET /orders/{id}`, `Cart/AddItem`, `orders`, `products`; empty if unknown.
    pub operation: SmolStr,
    /// The library or framework.
    pub client: SmolStr,
    /// Symbol of the code that does it.
    pub within: SmolStr,
    /// The callee's endpoint key that answers it, where one was found.
    pub endpoint: Option<Key>,
    pub at: Evidence,
    /// The policies that govern this very operation.
    pub policies: Vec<Policy>,
    /// How sure this operation is; the edge is as sure as its surest one.
    pub certainty: Certainty,
    /// Of a forwarding rule, what it asks of the other side where it says another path: `/v1/orders/*`; empty if nothing is said.
    pub asks: SmolStr,
    /// The functions that ask a helper for this very operation, the outermost ones; empty where the code there says it itself.
    pub asked: Vec<Asked>,
}

/// What stands as client where a rule of a proxy or gateway forwards.
pub(crate) const RULE: &str = "route";

impl Detail {
    /// Whether it is what a proxy or gateway is told to forward, rather than what code asks for.
    pub fn is_rule(&self) -> bool {
        self.client == RULE
    }
}

/// A function that tells a helper what to ask.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    pub path: SmolStr,
    pub symbol: SmolStr,
    /// The simple name of what it calls to that end: the helper, or one before it.
    pub through: SmolStr,
    /// Where it does.
    pub at: Evidence,
}

impl Detail {
    /// Where the operation is written: at the call, or where a helper is told of it.
    pub fn told_at(&self) -> &Evidence {
        self.asked.first().map_or(&self.at, |asked| &asked.at)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    pub key: Key,
    /// Indexes into [`Graph::nodes`].
    pub from: usize,
    pub to: usize,
    pub kind: EdgeKind,
    pub certainty: Certainty,
    pub details: Vec<Detail>,
    pub policies: Vec<Policy>,
    pub proof: Proof,
}

/// A resilience setting on an edge or a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Policy {
    pub kind: PolicyKind,
    pub on: SmolStr,
    pub attempts: Option<SmolStr>,
    pub millis: Option<SmolStr>,
    pub detail: SmolStr,
    pub inferred: bool,
    pub at: Evidence,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub key: Key,
    /// Index into [`Graph::nodes`].
    pub node: usize,
    pub protocol: Protocol,
    pub method: Option<SmolStr>,
    pub path: SmolStr,
    pub handler: SmolStr,
    pub request: Option<SmolStr>,
    pub response: Option<SmolStr>,
    /// A framework serves what is only inferred: no handler is written for it.
    pub certainty: Certainty,
    pub proof: Proof,
}

impl Endpoint {
    /// `METHOD /path`, as a caller would write it.
    pub fn asked_as(&self) -> SmolStr {
        match &self.method {
            Some(method) => format_smolstr!("{method} {}", self.path),
            None => self.path.clone(),
        }
    }

    /// Somebody wrote it down, as a handler or as a declaration; a framework serves the others on its own.
    pub fn is_written(&self) -> bool {
        self.certainty == Certainty::Stated || !self.handler.is_empty()
    }
}

/// Something that was seen and could not be joined, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unresolved {
    pub node: usize,
    /// What it is: `http call`, `queue publish` …
    pub what: SmolStr,
    /// The value with its open holes.
    pub value: SmolStr,
    pub why: SmolStr,
    pub at: Evidence,
    /// What it would be on an edge, had the other end been found: calls and messages that code states.
    pub meant: Option<Box<Meant>>,
}

/// An operation without its other end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Meant {
    pub kind: EdgeKind,
    pub detail: Detail,
}

/// Everything that was understood. Nodes, edges and endpoints are sorted by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    pub endpoints: Vec<Endpoint>,
    pub unresolved: Vec<Unresolved>,
    /// Settings of each node: (node, key, value, where it is set).
    pub settings: Vec<SettingOf>,
    /// Settings that code reads: (node, key, default, where).
    pub reads: Vec<ReadOf>,
    /// What each node is dialled at and listens on.
    pub ports: Vec<PortOf>,
    /// What each node is built with.
    pub packages: Vec<PackageOf>,
    /// The tests that speak for each node.
    pub tests: Vec<TestOf>,
    pub owners: Vec<OwnerOf>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SettingOf {
    pub node: usize,
    pub key: SmolStr,
    pub value: SmolStr,
    /// What the value may be once its holes are filled, as far as nothing stays open.
    pub texts: Vec<SmolStr>,
    pub profile: Option<SmolStr>,
    pub at: Evidence,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReadOf {
    pub node: usize,
    pub key: SmolStr,
    pub default: Option<SmolStr>,
    pub at: Evidence,
}

/// A port of a node, as one place states it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortOf {
    pub node: usize,
    pub role: PortRole,
    /// `None` where it is stated and cannot be worked out.
    pub number: Option<u32>,
    /// Number or name of the port behind it; empty where there is none or it is not known.
    pub to: SmolStr,
    pub name: SmolStr,
    /// The name that callers dial with it; empty for the process itself.
    pub host: SmolStr,
    /// Only a default in code says so.
    pub default: bool,
    pub deployment: Option<Deployment>,
    pub at: Evidence,
}

/// Who stands behind the number of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortRole {
    /// The machine that runs the container: a compose file's left side.
    Published,
    /// The network's name for it: a Kubernetes Service.
    Service,
    /// The container, as the deployment says.
    Container,
    /// The image, as its recipe says.
    Exposed,
    /// The process, as its code or configuration says.
    Listens,
}

impl PortRole {
    pub fn word(self) -> &'static str {
        match self {
            PortRole::Published => "published",
            PortRole::Service => "service",
            PortRole::Container => "container",
            PortRole::Exposed => "exposed",
            PortRole::Listens => "listens",
        }
    }
}

/// A package or image that a node is built with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageOf {
    pub node: usize,
    pub package: SmolStr,
    pub version: Option<SmolStr>,
    /// The package manager (`npm`, `maven` …), `image` for what is deployed, `base-image` for what it is built on.
    pub kind: SmolStr,
    /// For tests and tools only.
    pub development: bool,
    pub at: Evidence,
}

/// A test, with the names of the node's own code and the paths that it mentions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TestOf {
    pub node: usize,
    pub name: SmolStr,
    pub covers: Vec<SmolStr>,
    pub at: Evidence,
}

/// The line of CODEOWNERS that decides for a node's folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnerOf {
    pub node: usize,
    pub pattern: SmolStr,
    pub owners: Vec<SmolStr>,
    pub at: Evidence,
}

impl Graph {
    /// Leaves nodes out that no edge touches, with what is said of them.
    pub(crate) fn leave_out(&mut self, nodes: &[usize]) {
        if nodes.is_empty() {
            return;
        }
        let kept: Vec<bool> = (0..self.nodes.len()).map(|id| !nodes.contains(&id)).collect();
        let mut place = vec![0; kept.len()];
        for (id, new) in (0..kept.len()).filter(|id| kept[*id]).enumerate().map(|(new, id)| (id, new)) {
            place[id] = new;
        }
        self.endpoints.retain(|e| kept[e.node]);
        self.unresolved.retain(|u| kept[u.node]);
        self.settings.retain(|s| kept[s.node]);
        self.reads.retain(|r| kept[r.node]);
        self.ports.retain(|p| kept[p.node]);
        self.packages.retain(|p| kept[p.node]);
        self.tests.retain(|t| kept[t.node]);
        self.owners.retain(|o| kept[o.node]);
        let mut id = 0;
        self.nodes.retain(|_| {
            id += 1;
            kept[id - 1]
        });
        self.node_indexes().for_each(|node| *node = place[*node]);
    }

    /// Brings everything into its one order; indexes follow.
    pub fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by(|a, b| self.nodes[*a].key.cmp(&self.nodes[*b].key));
        let mut place = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            place[*old] = new;
        }
        self.nodes = order.iter().map(|i| self.nodes[*i].clone()).collect();
        self.node_indexes().for_each(|node| *node = place[*node]);
        self.edges.sort_by(|a, b| a.key.cmp(&b.key));
        self.endpoints.sort_by(|a, b| a.key.cmp(&b.key));
        self.unresolved.sort();
        self.settings.sort();
        self.reads.sort();
        self.ports.sort();
        self.packages.sort();
        self.tests.sort();
        self.owners.sort();
    }

    /// Every node index that the parts hold.
    fn node_indexes(&mut self) -> impl Iterator<Item = &mut usize> {
        let edges = self.edges.iter_mut().flat_map(|e| [&mut e.from, &mut e.to]);
        edges
            .chain(self.endpoints.iter_mut().map(|e| &mut e.node))
            .chain(self.unresolved.iter_mut().map(|u| &mut u.node))
            .chain(self.settings.iter_mut().map(|s| &mut s.node))
            .chain(self.reads.iter_mut().map(|r| &mut r.node))
            .chain(self.ports.iter_mut().map(|p| &mut p.node))
            .chain(self.packages.iter_mut().map(|p| &mut p.node))
            .chain(self.tests.iter_mut().map(|t| &mut t.node))
            .chain(self.owners.iter_mut().map(|o| &mut o.node))
    }

    /// A node by name or key, other names included; case does not matter.
    pub fn node(&self, name: &str) -> Option<usize> {
        let exact = |n: &Node| n.key.as_str() == name || n.name == name;
        let loose =
            |n: &Node| n.name.eq_ignore_ascii_case(name) || n.aliases.iter().any(|a| a.eq_ignore_ascii_case(name));
        self.nodes.iter().position(exact).or_else(|| self.nodes.iter().position(loose))
    }
}
