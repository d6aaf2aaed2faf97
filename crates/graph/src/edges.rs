//! Calls, messages, stores and routes to edges.

use crate::address::{self, Address};
use crate::endpoints::answers;
use crate::index::{FileId, last, squash};
use crate::join::Linker;
use crate::model::{Certainty, Detail, Edge, EdgeKind, Endpoint, Node, NodeKind, Policy, Proof, Unresolved};
use crate::resolve::Text;
use seam_facts::{Call, Claim, Fact, Hole, How, Key, Message, Protocol, SmolStr, Store, System, Value, format_smolstr};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A route's target that means whatever the registry knows.
const EVERY_SERVICE: &str = "lb://*";

/// Clients whose use means that a service registers under its name.
const REGISTRIES: &[&str] = &["Eureka", "Consul", "Nacos", "Zookeeper"];

/// Parts of packages that make an application a server of the platform rather than of the business.
const PLATFORM: &[&str] = &[
    "config-server",
    "eureka-server",
    "hystrix-dashboard",
    "turbine",
    "zipkin-server",
    "zipkin-autoconfigure-ui",
    "sleuth-zipkin-stream",
    "boot-admin-server",
    "boot-admin-starter-server",
];

struct Draft {
    certainty: Certainty,
    details: BTreeSet<Detail>,
    policies: BTreeSet<Policy>,
    proof: Proof,
}

pub(crate) struct Edges<'l, 'a> {
    linker: &'l Linker<'a>,
    endpoints: &'l [Endpoint],
    drafts: BTreeMap<(usize, usize, EdgeKind), Draft>,
    /// Nodes that only traffic shows: externals, managed stores.
    extra: Vec<Node>,
    unresolved: Vec<Unresolved>,
    /// gRPC (and Thrift, Dubbo) service name → nodes that serve it.
    servers: HashMap<String, BTreeSet<usize>>,
}

/// Where an address leads.
enum Place {
    Nodes(Vec<usize>),
    External(String),
    /// The host is this machine, on a port that nobody declares.
    Local,
    Unknown(String),
    Open,
}

impl<'l, 'a> Edges<'l, 'a> {
    pub fn new(linker: &'l Linker<'a>, endpoints: &'l [Endpoint]) -> Self {
        let mut servers: HashMap<String, BTreeSet<usize>> = HashMap::new();
        for endpoint in endpoints {
            if matches!(endpoint.protocol, Protocol::Grpc | Protocol::Thrift | Protocol::Dubbo) {
                let service = service_of(&endpoint.path);
                servers.entry(squash(service)).or_default().insert(endpoint.node);
            }
        }
        Edges { linker, endpoints, drafts: BTreeMap::new(), extra: Vec::new(), unresolved: Vec::new(), servers }
    }

    pub fn done(self) -> (Vec<Node>, Vec<Edge>, Vec<Unresolved>) {
        let name = |id: usize| {
            let nodes = &self.linker.nodes;
            if id < nodes.len() { nodes[id].name.clone() } else { self.extra[id - nodes.len()].name.clone() }
        };
        let edges = self
            .drafts
            .into_iter()
            .map(|((from, to, kind), draft)| Edge {
                key: Key::edge(&name(from), kind.word(), &name(to)),
                from,
                to,
                kind,
                certainty: draft.certainty,
                details: draft.details.into_iter().collect(),
                policies: draft.policies.into_iter().collect(),
                proof: draft.proof,
            })
            .collect();
        (self.extra, edges, self.unresolved)
    }

    fn node(&self, id: usize) -> &Node {
        let nodes = &self.linker.nodes;
        if id < nodes.len() { &nodes[id] } else { &self.extra[id - nodes.len()] }
    }

    #[expect(clippy::too_many_arguments, reason = "an edge is made of this many things, and only here")]
    fn add(
        &mut self,
        from: usize,
        to: usize,
        kind: EdgeKind,
        certainty: Certainty,
        operation: SmolStr,
        client: &SmolStr,
        within: &SmolStr,
        at: (FileId, &Fact),
        via: &[(FileId, &Fact)],
    ) {
        if from == to || self.same_code(from, to) {
            return;
        }
        let proof = self.linker.proof(at.0, at.1, via);
        let endpoint = self.endpoint_for(to, &operation);
        let detail = Detail {
            operation,
            client: client.clone(),
            within: within.clone(),
            endpoint,
            at: self.linker.evidence(at.0, at.1),
        };
        let policies = self.policies(from, at.0, within, client);
        let draft = self.drafts.entry((from, to, kind)).or_insert_with(|| Draft {
            certainty,
            details: BTreeSet::new(),
            policies: BTreeSet::new(),
            proof: proof.clone(),
        });
        draft.certainty = draft.certainty.min(certainty);
        draft.details.insert(detail);
        draft.policies.extend(policies);
        draft.proof.extend(proof.iter().cloned());
    }

    /// Two deployables of one code base call each other only as far as the code calls itself.
    fn same_code(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.node(a).roots, &self.node(b).roots);
        !a.is_empty() && a == b
    }

    /// The endpoint of `node` that answers `METHOD /path` or `Service/Method`.
    fn endpoint_for(&self, node: usize, operation: &str) -> Option<Key> {
        let (method, path) = operation.split_once(' ').unwrap_or(("", operation));
        if path.is_empty() {
            return None;
        }
        self.endpoints
            .iter()
            .filter(|e| e.node == node && (method.is_empty() || e.method.as_deref().is_none_or(|m| m == method)))
            .find(|e| answers(&e.path, path))
            .map(|e| e.key.clone())
    }

    /// Policies stated in the same function, or on the client that is used.
    fn policies(&self, node: usize, file: FileId, within: &SmolStr, client: &SmolStr) -> Vec<Policy> {
        let linker = self.linker;
        let mut out = Vec::new();
        for fact in linker.index.facts[file] {
            if let Claim::Policy(policy) = &fact.claim {
                let same = !within.is_empty() && (policy.within == *within || policy.on == *within)
                    || policy.on == *client && !client.is_empty();
                if same {
                    out.push(self.policy(node, file, policy, fact));
                }
            }
        }
        out
    }

    fn policy(&self, node: usize, file: FileId, policy: &seam_facts::Policy, fact: &Fact) -> Policy {
        let view = self.linker.view(node);
        let text = |v: &Option<Value>| {
            v.as_ref().and_then(|v| view.texts(v, file).into_iter().next()).map(|t| SmolStr::from(t.text))
        };
        Policy {
            kind: policy.kind,
            on: policy.on.clone(),
            attempts: text(&policy.attempts),
            millis: text(&policy.millis),
            detail: policy.detail.clone(),
            inferred: fact.how == How::Inferred,
            at: self.linker.evidence(file, fact),
        }
    }

    /// A node for something that is not deployed here.
    fn outside(&mut self, name: &str, kind: NodeKind, system: Option<System>, at: (FileId, &Fact)) -> usize {
        let known = self.extra.iter().position(|n| n.name == name);
        let base = self.linker.nodes.len();
        base + known.unwrap_or_else(|| {
            self.extra.push(Node {
                key: Key::node(kind.word(), name),
                name: name.into(),
                kind,
                system,
                languages: Vec::new(),
                roots: Vec::new(),
                aliases: Vec::new(),
                proof: self.linker.proof(at.0, at.1, &[]),
            });
            self.extra.len() - 1
        })
    }

    fn place(&self, from: usize, address: &Address) -> Place {
        let host = address.host.as_str();
        if let Some(name) = sidecar(address) {
            let ids = self.linker.named(&name.to_ascii_lowercase());
            return if ids.is_empty() {
                Place::Unknown(name.to_owned())
            } else {
                Place::Nodes(self.nearest(from, ids))
            };
        }
        // Ports of the page's own host are those that the deployables publish.
        if address::is_page(host)
            && let Some([only]) = address.port.and_then(|p| self.linker.ports.get(&p)).map(Vec::as_slice)
            && *only != from
        {
            return Place::Nodes(vec![*only]);
        }
        if host.contains('{') {
            return Place::Open;
        }
        let ids = self.linker.named(host);
        if !ids.is_empty() {
            return Place::Nodes(self.nearest(from, ids));
        }
        if address::is_local(host) {
            let ids = address
                .port
                .and_then(|p| self.linker.ports.get(&p))
                .map(|ids| ids.iter().copied().filter(|i| *i != from).collect::<Vec<_>>());
            return match ids {
                Some(ids) if ids.len() == 1 => Place::Nodes(ids),
                _ => Place::Local,
            };
        }
        let found = self.discovered(from, host);
        if !found.is_empty() {
            return Place::Nodes(self.nearest(from, found));
        }
        if address::is_public(host) { Place::External(host.to_owned()) } else { Place::Unknown(host.to_owned()) }
    }

    /// A name that the caller's own configuration maps to an address: client-side discovery (`stork.NAME.…`,
    /// `NAME.ribbon.listOfServers`, `http.services.NAME.url`).
    fn discovered(&self, from: usize, name: &str) -> Vec<usize> {
        if from >= self.linker.scopes.len() || name.len() < 3 {
            return Vec::new();
        }
        let scope = &self.linker.scopes[from];
        let view = self.linker.view(from);
        let mut out = Vec::new();
        for set in scope.configuration.values().chain(scope.environment.values()).flatten() {
            let mut parts = set.key.split(['.', '[', ']', '"']);
            if set.key.len() <= name.len() || !parts.any(|p| p.eq_ignore_ascii_case(name)) {
                continue;
            }
            for text in view.texts(&Value::config(set.key.clone(), None), set.file).into_iter().filter(|t| !t.open) {
                for address in address::parse(&text.text).into_iter().filter(|a| a.host != name) {
                    out.extend(self.linker.named(&address.host));
                    if address::is_local(&address.host) {
                        let ids = address.port.and_then(|p| self.linker.ports.get(&p));
                        out.extend(
                            ids.filter(|ids| ids.len() == 1).into_iter().flatten().copied().filter(|id| *id != from),
                        );
                    }
                }
            }
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Whether some deployment starts both.
    fn together(&self, a: usize, b: usize) -> bool {
        let groups = |id: usize| -> BTreeSet<usize> {
            let node = self.linker.deploy.nodes.get(id);
            node.map(|n| n.units.iter().map(|u| self.linker.deploy.units[*u].group).collect()).unwrap_or_default()
        };
        !groups(a).is_disjoint(&groups(b))
    }

    /// Several nodes of one name: those that are deployed with the caller.
    fn nearest(&self, from: usize, ids: Vec<usize>) -> Vec<usize> {
        if ids.len() < 2 {
            return ids;
        }
        let groups = |id: usize| -> BTreeSet<usize> {
            self.linker
                .deploy
                .nodes
                .get(id)
                .map(|n| n.units.iter().map(|u| self.linker.deploy.units[*u].group).collect())
                .unwrap_or_default()
        };
        let mine = groups(from);
        let near: Vec<usize> = ids.iter().copied().filter(|id| !groups(*id).is_disjoint(&mine)).collect();
        // A deployable's own name beats somebody's alias.
        let pool = if near.is_empty() { ids } else { near };
        pool.into_iter().take(1).collect()
    }

    fn open(&mut self, node: usize, what: &str, value: &str, why: &str, at: (FileId, &Fact)) {
        self.unresolved.push(Unresolved {
            node,
            what: what.into(),
            value: value.into(),
            why: why.into(),
            at: self.linker.evidence(at.0, at.1),
        });
    }

    fn kind_for(&self, to: usize, stated: EdgeKind) -> EdgeKind {
        match self.node(to).kind {
            NodeKind::Database => EdgeKind::Db,
            NodeKind::Cache => EdgeKind::Cache,
            NodeKind::Broker
            | NodeKind::Service
            | NodeKind::Server
            | NodeKind::Gateway
            | NodeKind::External
            | NodeKind::Tool => stated,
        }
    }

    // ---- calls

    pub fn calls(&mut self) {
        for node in 0..self.linker.territories.len() {
            let mut rpc: BTreeMap<String, Vec<(FileId, &'a Fact, &'a Call)>> = BTreeMap::new();
            for (file, fact) in self.linker.visible_facts(node) {
                let Claim::Call(call) = &fact.claim else { continue };
                if !self.linker.reaches(node, file, &call.within) {
                    continue;
                }
                match (&call.operation, call.protocol) {
                    (Some(operation), Protocol::Grpc | Protocol::Thrift | Protocol::Dubbo) => {
                        rpc.entry(squash(service_of(operation))).or_default().push((file, fact, call));
                    }
                    _ => self.call(node, file, fact, call),
                }
            }
            for (service, calls) in rpc {
                self.rpc(node, &service, &calls);
            }
        }
    }

    fn call(&mut self, node: usize, file: FileId, fact: &'a Fact, call: &'a Call) {
        let texts = self.linker.view(node).texts(&call.target, file);
        let kind = EdgeKind::of_protocol(call.protocol);
        let mut joined = false;
        let mut reason = None;
        let targets = self.targets(node, &texts);
        for (text, address, place) in targets {
            let path = if address.path.is_empty() && call.operation.is_some() {
                call.operation.clone().unwrap_or_default()
            } else {
                address.path.as_str().into()
            };
            let operation = match (&call.method, path.is_empty()) {
                (Some(method), _) => format_smolstr!("{method} {}", if path.is_empty() { "/" } else { &path }),
                (None, _) => path.clone(),
            };
            let certainty =
                if fact.how == How::Stated && !text.default { Certainty::Stated } else { Certainty::Inferred };
            match place {
                Place::Nodes(ids) => {
                    for to in ids {
                        let kind = self.kind_for(to, kind);
                        self.add(
                            node,
                            to,
                            kind,
                            certainty,
                            operation.clone(),
                            &call.client,
                            &call.within,
                            (file, fact),
                            &text.via,
                        );
                        joined = true;
                    }
                }
                Place::External(host) => {
                    let to = self.outside(&host, NodeKind::External, None, (file, fact));
                    self.add(node, to, kind, certainty, operation, &call.client, &call.within, (file, fact), &text.via);
                    joined = true;
                }
                Place::Local => {
                    reason = Some("the address is this machine, and no deployable publishes that port".to_owned())
                }
                Place::Unknown(host) => reason = Some(format!("no service, alias or external is called `{host}`")),
                Place::Open => reason = Some("the host is not known".to_owned()),
            }
        }
        if joined {
            return;
        }
        if call.protocol == Protocol::Http && self.by_route(node, file, fact, call, &texts) {
            return;
        }
        let value = texts.first().map(|t| t.text.clone()).unwrap_or_default();
        let why = reason.unwrap_or_else(|| "the address cannot be followed".to_owned());
        self.open(node, &format!("{} call", kind.word()), &value, &why, (file, fact));
    }

    /// Places of all texts. What names a node wins over this machine and over what is not known.
    fn targets(&self, node: usize, texts: &[Text<'a>]) -> Vec<(Text<'a>, Address, Place)> {
        let mut out: Vec<(Text<'a>, Address, Place)> = Vec::new();
        for text in texts {
            for address in address::parse(&text.text) {
                let mut place = self.place(node, &address);
                // In a container, a default of `localhost` in code is the container itself.
                if let Place::Nodes(ids) = &place
                    && address::is_local(&address.host)
                    && sidecar(&address).is_none()
                    && !text.via.iter().any(|(_, f)| matches!(f.claim, Claim::Setting(_)))
                    && ids.iter().any(|to| self.together(node, *to))
                {
                    place = Place::Local;
                }
                out.push((text.clone(), address, place));
            }
        }
        if out
            .iter()
            .any(|(_, a, p)| matches!(p, Place::Nodes(_)) && !address::is_local(&a.host) && sidecar(a).is_none())
        {
            out.retain(|(_, a, p)| !address::is_local(&a.host) && matches!(p, Place::Nodes(_) | Place::External(_)));
        }
        out
    }

    /// An unknown host, but a route that exactly one service answers.
    fn by_route(&mut self, node: usize, file: FileId, fact: &'a Fact, call: &'a Call, texts: &[Text<'a>]) -> bool {
        for text in texts {
            let rest = text.text.split_once("://").map(|(_, r)| r).unwrap_or(&text.text);
            let path = match rest.find('/') {
                Some(at) => &rest[at..],
                None => continue,
            };
            // A relative path in a browser's code goes to whoever served the page.
            if text.text.starts_with('/') || !text.open {
                continue;
            }
            let literal = path.split(['/', '?']).filter(|p| p.len() > 2 && !p.contains('{')).count();
            if literal < 2 {
                continue;
            }
            let method = call.method.as_deref();
            let hits: BTreeSet<usize> = self
                .endpoints
                .iter()
                .filter(|e| e.node != node && e.protocol == Protocol::Http && e.path.matches('/').count() >= 2)
                .filter(|e| e.method.is_none() || method.is_none() || e.method.as_deref() == method)
                .filter(|e| !e.path.starts_with("/{") && !e.path.starts_with("/*") && answers(&e.path, path))
                .map(|e| e.node)
                .collect();
            if hits.len() == 1
                && let Some(&to) = hits.first()
            {
                let operation = format_smolstr!("{}{path}", method.map(|m| format!("{m} ")).unwrap_or_default());
                self.add(
                    node,
                    to,
                    EdgeKind::Http,
                    Certainty::Inferred,
                    operation,
                    &call.client,
                    &call.within,
                    (file, fact),
                    &text.via,
                );
                return true;
            }
        }
        false
    }

    /// Calls of one gRPC (Thrift, Dubbo) service: joined by address, or by who serves the contract.
    fn rpc(&mut self, node: usize, service: &str, calls: &[(FileId, &'a Fact, &'a Call)]) {
        let linker = self.linker;
        let is_stub = |c: &Call| c.operation.as_deref().is_some_and(|o| o.ends_with("<stub>"));
        let invoked = calls.iter().any(|(_, _, c)| !is_stub(c));
        let schema = linker.index.schemas.iter().find(|(_, s, _)| squash(last(&s.name)) == service);
        if !invoked && let Some((_, schema, _)) = schema {
            // A stub that nobody calls is no edge. Its methods may be called where the stub's type is not visible.
            let names = &linker.territories[node].names;
            let called = schema.operations.iter().any(|(method, ..)| {
                names.contains(method.as_str())
                    || names.contains(camel(method).as_str())
                    || names.contains(snake(method).as_str())
                    || names.contains(format!("{method}Async").as_str())
            });
            if !called {
                return;
            }
        }
        let mut places: Vec<(Vec<usize>, Vec<(FileId, &'a Fact)>)> = Vec::new();
        for (file, _, call) in calls {
            let texts = linker.view(node).texts(&call.target, *file);
            for (text, _, place) in self.targets(node, &texts) {
                if let Place::Nodes(ids) = place
                    && !places.iter().any(|(known, _)| *known == ids)
                {
                    places.push((ids, text.via));
                }
            }
        }
        let mut certainty = Certainty::Stated;
        let serving: BTreeSet<usize> =
            self.servers.get(service).cloned().unwrap_or_default().into_iter().filter(|s| *s != node).collect();
        if places.is_empty() {
            certainty = Certainty::Inferred;
            if serving.len() == 1 {
                places.push((serving.iter().copied().collect(), Vec::new()));
            }
        } else if places.len() > 1 && !serving.is_empty() {
            // One function dials several services: the contract tells which of them this is.
            let fitting = places.iter().any(|(ids, _)| ids.iter().any(|i| serving.contains(i)));
            if fitting {
                places.retain(|(ids, _)| ids.iter().any(|i| serving.contains(i)));
            }
        }
        let stubs_only = calls.iter().all(|(_, _, c)| is_stub(c));
        for (file, fact, call) in calls {
            if is_stub(call) && !stubs_only {
                continue;
            }
            let operation = call.operation.clone().unwrap_or_default();
            let operation = SmolStr::from(operation.replace("<stub>", "*"));
            for (ids, via) in &places {
                for to in ids {
                    self.add(
                        node,
                        *to,
                        EdgeKind::of_protocol(call.protocol),
                        certainty,
                        operation.clone(),
                        &call.client,
                        &call.within,
                        (*file, fact),
                        via,
                    );
                }
            }
            if places.is_empty() {
                let why = if serving.is_empty() {
                    "the address is not known, and no service registers this contract"
                } else {
                    "the address is not known, and several services register this contract"
                };
                self.open(
                    node,
                    &format!("{} call", EdgeKind::of_protocol(call.protocol).word()),
                    &operation,
                    why,
                    (*file, fact),
                );
            }
        }
    }

    // ---- messages and stores

    pub fn messages(&mut self) {
        for node in 0..self.linker.territories.len() {
            for (file, fact) in self.linker.visible_facts(node) {
                let Claim::Message(message) = &fact.claim else { continue };
                if self.linker.reaches(node, file, &message.within) {
                    self.message(node, file, fact, message);
                }
            }
        }
    }

    fn message(&mut self, node: usize, file: FileId, fact: &'a Fact, message: &'a Message) {
        let view = self.linker.view(node);
        let texts = message.address.as_ref().map(|a| view.texts(a, file)).unwrap_or_default();
        let topic = [&Some(message.topic.clone()), &message.exchange, &message.routing_key]
            .into_iter()
            .flatten()
            .filter(|v| !v.is_empty())
            .flat_map(|v| view.texts(v, file).into_iter().next())
            .map(|t| t.text)
            .collect::<Vec<_>>()
            .join(" ");
        let (to, certainty, via) = self.store_node(node, message.system, &texts, (file, fact));
        let Some(to) = to else {
            self.open(
                node,
                if message.publish { "queue publish" } else { "queue consume" },
                &topic,
                "no broker is known for it",
                (file, fact),
            );
            return;
        };
        let kind = match (self.node(to).kind, message.publish) {
            (NodeKind::Cache, _) => EdgeKind::Cache,
            (NodeKind::Database, _) => EdgeKind::Db,
            // A transport of unknown kind that leads straight to a service is a request.
            (NodeKind::Service | NodeKind::Gateway, true) if message.system == System::Bus => EdgeKind::Http,
            (_, true) => EdgeKind::QueuePublish,
            (_, false) => EdgeKind::QueueConsume,
        };
        self.add(node, to, kind, certainty, topic.into(), &message.client, &message.within, (file, fact), &via);
    }

    pub fn stores(&mut self) {
        for node in 0..self.linker.territories.len() {
            for (file, fact) in self.linker.visible_facts(node) {
                let Claim::Store(store) = &fact.claim else { continue };
                if self.linker.reaches(node, file, &store.within) {
                    self.store(node, file, fact, store);
                }
            }
        }
    }

    fn store(&mut self, node: usize, file: FileId, fact: &'a Fact, store: &'a Store) {
        if store.system == System::Sqlite {
            return;
        }
        let view = self.linker.view(node);
        let texts = view.texts(&store.address, file);
        let embedded = !texts.is_empty()
            && !store.address.is_empty()
            && texts.iter().all(|t| !t.open && address::parse(&t.text).is_empty());
        if embedded {
            return;
        }
        let (to, certainty, via) = self.store_node(node, store.system, &texts, (file, fact));
        let Some(to) = to else {
            let value = texts.first().map(|t| t.text.clone()).unwrap_or_default();
            self.open(node, "store", &value, "no store is known for it", (file, fact));
            return;
        };
        let kind = match self.node(to).kind {
            NodeKind::Cache => EdgeKind::Cache,
            // A connection to a broker is not yet a message.
            NodeKind::Broker if !matches!(store.system, System::Dynamo | System::Objects) => return,
            NodeKind::Broker
            | NodeKind::Database
            | NodeKind::External
            | NodeKind::Service
            | NodeKind::Server
            | NodeKind::Gateway
            | NodeKind::Tool => {
                if matches!(store.system, System::Redis | System::Memcached | System::Hazelcast) {
                    EdgeKind::Cache
                } else {
                    EdgeKind::Db
                }
            }
        };
        let database = store
            .database
            .as_ref()
            .and_then(|d| view.texts(d, file).into_iter().next())
            .map(|t| t.text)
            .unwrap_or_default();
        self.add(node, to, kind, certainty, database.into(), &store.client, &store.within, (file, fact), &via);
    }

    /// The store or broker that code of `node` means: by address, by what its settings name, by being the only one.
    fn store_node(
        &mut self,
        node: usize,
        system: System,
        texts: &[Text<'a>],
        at: (FileId, &Fact),
    ) -> (Option<usize>, Certainty, Vec<(FileId, &'a Fact)>) {
        let targets = self.targets(node, texts);
        for (text, _, place) in &targets {
            if let Place::Nodes(ids) = place
                && let Some(to) = ids.first()
            {
                let certainty = if text.default { Certainty::Inferred } else { Certainty::Stated };
                return (Some(*to), certainty, text.via.clone());
            }
        }
        for (text, _, place) in targets {
            match place {
                Place::External(host) => {
                    let kind = store_kind(system);
                    let to = self.outside(managed(system).unwrap_or(&host), kind, Some(system), at);
                    return (Some(to), Certainty::Stated, text.via.clone());
                }
                Place::Nodes(_) | Place::Local | Place::Unknown(_) | Place::Open => {}
            }
        }
        let mut candidates = self.linker.stores_of(system);
        if system == System::Bus && candidates.iter().any(|c| self.node(*c).kind == NodeKind::Broker) {
            candidates.retain(|c| self.node(*c).kind == NodeKind::Broker);
        }
        let mentioned = self.linker.mentioned_by(node);
        let hits: Vec<usize> = candidates.iter().copied().filter(|c| mentioned.contains_key(c)).collect();
        if let [only] = hits.as_slice() {
            return (Some(*only), Certainty::Inferred, mentioned[only].clone());
        }
        let after = self.linker.starts_after(node);
        let pool = if hits.is_empty() { candidates } else { hits };
        let first: Vec<usize> = pool.iter().copied().filter(|c| after.contains(c)).collect();
        if let [only] = first.as_slice() {
            return (Some(*only), Certainty::Inferred, Vec::new());
        }
        let own = squash(&self.node(node).name);
        let stem = own.strip_suffix("service").unwrap_or(&own).to_owned();
        let alike: Vec<usize> =
            pool.iter().copied().filter(|c| squash(&self.node(*c).name).starts_with(&stem)).collect();
        if let [only] = alike.as_slice() {
            return (Some(*only), Certainty::Inferred, Vec::new());
        }
        if let [only] = pool.as_slice() {
            return (Some(*only), Certainty::Inferred, Vec::new());
        }
        if let (true, Some(name)) = (pool.is_empty(), managed(system)) {
            let to = self.outside(name, store_kind(system), Some(system), at);
            return (Some(to), Certainty::Inferred, Vec::new());
        }
        (None, Certainty::Inferred, Vec::new())
    }

    // ---- routes

    pub fn routes(&mut self) {
        for node in 0..self.linker.territories.len() {
            for (file, fact) in self.linker.visible_facts(node) {
                let Claim::Route(route) = &fact.claim else { continue };
                if route.via.is_some() || self.linker.territories[node].libraries.contains(&file) {
                    continue;
                }
                let texts = self.linker.view(node).texts(&route.target, file);
                let path = self
                    .linker
                    .view(node)
                    .texts(&route.path, file)
                    .into_iter()
                    .next()
                    .map(|t| t.text)
                    .unwrap_or_default();
                if texts.iter().any(|t| t.text == EVERY_SERVICE) {
                    for to in self.forwarded_by_default(node) {
                        let (client, within) = ("route".into(), SmolStr::default());
                        let path = format_smolstr!("/{}/*", self.node(to).name);
                        let kind = EdgeKind::of_protocol(route.protocol);
                        self.add(node, to, kind, Certainty::Inferred, path, &client, &within, (file, fact), &[]);
                    }
                    continue;
                }
                for (text, _, place) in self.targets(node, &texts) {
                    if let Place::Nodes(ids) = place {
                        for to in ids {
                            let certainty = if text.default { Certainty::Inferred } else { Certainty::Stated };
                            self.add(
                                node,
                                to,
                                EdgeKind::of_protocol(route.protocol),
                                certainty,
                                path.as_str().into(),
                                &"route".into(),
                                &SmolStr::default(),
                                (file, fact),
                                &text.via,
                            );
                        }
                    }
                }
            }
        }
    }

    /// What a gateway forwards to when nobody wrote routes: services that register where the gateway looks, apart from
    /// the platform's own, which register as well but are not meant.
    fn forwarded_by_default(&self, node: usize) -> Vec<usize> {
        let linker = self.linker;
        let written = linker.visible_facts(node).any(|(_, fact)| match &fact.claim {
            Claim::Route(route) => route.via.is_none() && route.target.as_text().as_deref() != Some(EVERY_SERVICE),
            _ => false,
        });
        let ignored = linker.view(node).texts(&Value::config("zuul.ignoredServices", None), 0);
        if written || ignored.iter().any(|t| t.text.contains('*')) {
            return Vec::new();
        }
        let registers = |id: usize| {
            linker.visible_facts(id).any(|(_, fact)| match &fact.claim {
                Claim::Call(call) => REGISTRIES.contains(&call.client.as_str()),
                _ => false,
            })
        };
        let platform = |id: usize| {
            linker.territories[id].own.iter().flat_map(|file| linker.index.facts[*file]).any(|fact| match &fact.claim {
                Claim::Depends(depends) => PLATFORM.iter().any(|p| depends.package.contains(p)),
                _ => false,
            })
        };
        (0..linker.territories.len())
            .filter(|id| *id != node && self.node(*id).kind == NodeKind::Service && registers(*id) && !platform(*id))
            .collect()
    }

    // ---- settings that name something, read by code

    /// An address that code reads, of something that no followed call reaches: the call is there, the way to it is not
    /// followed. Only where the setting is really read.
    pub fn mentions(&mut self) {
        let linker = self.linker;
        let open_calls: BTreeSet<usize> =
            self.unresolved.iter().filter(|u| u.what.ends_with("call") || u.what == "store").map(|u| u.node).collect();
        for node in 0..linker.territories.len() {
            self.commands(node);
            self.only_named(node);
            for (file, fact) in linker.visible_facts(node) {
                let (value, within) = match &fact.claim {
                    Claim::Read(read) => (&read.key, &read.within),
                    _ => continue,
                };
                if !linker.reaches(node, file, within) {
                    continue;
                }
                let texts = linker.view(node).texts(value, file);
                let key = match value.as_hole() {
                    Some(Hole::Env { name, .. }) => name.clone(),
                    Some(Hole::Config { key, .. }) => key.clone(),
                    _ => continue,
                };
                // An address may be read to be shown, allowed or redirected to; without a call that lacks one, it is no proof.
                if !open_calls.contains(&node) {
                    continue;
                }
                for text in texts.iter().filter(|t| !t.open && !t.default) {
                    for address in address::parse(&text.text) {
                        let looks = text.text.contains("://") || address.port.is_some() || names_address(&key);
                        let Place::Nodes(ids) = self.place(node, &address) else { continue };
                        if !looks || address::is_local(&address.host) {
                            continue;
                        }
                        for to in ids {
                            self.mention(node, to, &key, &address, (file, fact), &text.via, within);
                        }
                    }
                }
            }
        }
    }

    /// A request whose host comes in a way that is not followed (a start script, a tool's own variable), in a node whose
    /// environment names exactly one service.
    fn only_named(&mut self, node: usize) {
        let linker = self.linker;
        let first =
            self.unresolved.iter().find(|u| u.node == node && u.what == "http call" && u.value.starts_with('{'));
        let Some(place) = first.map(|u| (u.at.path.clone(), u.at.at)) else { return };
        let mentioned = linker.mentioned_by(node);
        let services: Vec<usize> = mentioned
            .iter()
            .filter(|(id, via)| {
                let service = matches!(self.node(**id).kind, NodeKind::Service | NodeKind::Gateway);
                service && **id != node && via.iter().any(|(_, f)| matches!(&f.claim, Claim::Setting(s) if matches!(s.scope, seam_facts::SettingScope::Service(_))))
            })
            .map(|(id, _)| *id)
            .collect();
        let [only] = services.as_slice() else { return };
        let reached = self.drafts.keys().any(|(from, to, _)| from == &node && to == only);
        let at = linker.index.by_path.get(place.0.as_str()).and_then(|file| {
            let fact =
                linker.index.facts[*file].iter().find(|f| f.at == place.1 && matches!(f.claim, Claim::Call(_)))?;
            Some((*file, fact))
        });
        if let (false, Some(at)) = (reached, at) {
            let via = mentioned[only].clone();
            self.add(
                node,
                *only,
                EdgeKind::Http,
                Certainty::Inferred,
                SmolStr::default(),
                &"the only service its environment names".into(),
                &SmolStr::default(),
                at,
                &via,
            );
        }
    }

    /// Addresses on a command line: a load generator's `--host`, a proxy's upstream. Waiting for something to come up
    /// is no call, and a store's tools are no traffic of the service.
    fn commands(&mut self, node: usize) {
        let linker = self.linker;
        let units = linker.deploy.nodes[node].units.iter().map(|u| &linker.deploy.units[*u]);
        let mut commands: Vec<(FileId, &'a Fact, &'a Value)> = Vec::new();
        for unit in units {
            commands.extend(unit.service.command.as_ref().map(|c| (unit.file, unit.fact, c)));
            let recipe = unit.dockerfile.clone().or_else(|| unit.context.as_ref().map(|c| format!("{c}/Dockerfile")));
            let build = recipe
                .and_then(|r| linker.index.by_path.get(r.as_str()))
                .and_then(|f| Some((*f, linker.deploy.builds.get(f)?.first()?)));
            if let Some((file, (build, fact))) = build {
                commands.extend(build.command.as_ref().map(|c| (file, *fact, c)));
            }
        }
        for (file, fact, command) in commands {
            let written = command.to_string();
            if ["wait", "dockerize", "sleep", "until ", "nc -", "depend", "exporter"]
                .iter()
                .any(|w| written.contains(w))
            {
                continue;
            }
            for text in linker.view(node).texts(command, file) {
                for word in text
                    .text
                    .split([' ', '=', ',', '"', '\'', ';', '|', '&'])
                    .filter(|w| w.contains("://") || w.contains(':'))
                {
                    for address in address::parse(word) {
                        if let Place::Nodes(ids) = self.place(node, &address)
                            && !address::is_local(&address.host)
                        {
                            for to in ids {
                                if self.node(to).kind.is_store() {
                                    continue;
                                }
                                self.mention(
                                    node,
                                    to,
                                    &"the command line".into(),
                                    &address,
                                    (file, fact),
                                    &text.via,
                                    &SmolStr::default(),
                                );
                            }
                        }
                    }
                }
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one caller; the pieces have nothing else in common")]
    fn mention(
        &mut self,
        node: usize,
        to: usize,
        key: &SmolStr,
        address: &Address,
        at: (FileId, &'a Fact),
        via: &[(FileId, &'a Fact)],
        within: &SmolStr,
    ) {
        if self.drafts.keys().any(|(from, t, _)| *from == node && *t == to) {
            return;
        }
        let grpc_only = || {
            let mut served = self.endpoints.iter().filter(|e| e.node == to).peekable();
            served.peek().is_some() && served.all(|e| e.protocol == Protocol::Grpc)
        };
        let kind = match self.node(to).kind {
            NodeKind::Database => EdgeKind::Db,
            NodeKind::Cache => EdgeKind::Cache,
            // Which way messages go is not known from an address.
            NodeKind::Broker => return,
            NodeKind::Service | NodeKind::Server | NodeKind::Gateway | NodeKind::External | NodeKind::Tool => {
                if address.scheme.contains("grpc") || grpc_only() { EdgeKind::Grpc } else { EdgeKind::Http }
            }
        };
        self.add(
            node,
            to,
            kind,
            Certainty::Inferred,
            SmolStr::default(),
            &format_smolstr!("address in {key}"),
            within,
            at,
            via,
        );
    }
}

impl<'a> Linker<'a> {
    /// Nodes that a node's environment or configuration names, with the settings that do.
    pub fn mentioned_by(&self, node: usize) -> BTreeMap<usize, Vec<(FileId, &'a Fact)>> {
        let mut out: BTreeMap<usize, Vec<(FileId, &'a Fact)>> = BTreeMap::new();
        let scope = &self.scopes[node];
        let view = self.view(node);
        let mut sets: Vec<_> = scope.environment.values().chain(scope.configuration.values()).flatten().collect();
        sets.sort_by_key(|s| (s.file, s.fact.at));
        for set in sets {
            let value = match set.home {
                crate::scope::Home::Project => Value::env(set.key.clone(), None),
                crate::scope::Home::Node => set.value.clone(),
            };
            for text in view.texts(&value, set.file) {
                for address in address::parse(&text.text).into_iter().filter(|a| !a.host.contains('{')) {
                    for id in self.named(&address.host) {
                        let via = out.entry(id).or_default();
                        if !via.iter().any(|(_, f)| std::ptr::eq(*f, set.fact)) {
                            via.push((set.file, set.fact));
                        }
                    }
                }
            }
        }
        out
    }

    /// Nodes that a node's declaration says to start after.
    pub fn starts_after(&self, node: usize) -> BTreeSet<usize> {
        let units = self.deploy.nodes[node].units.iter().map(|u| &self.deploy.units[*u]);
        units.flat_map(|u| u.service.depends_on.iter()).flat_map(|d| self.named(&d.to_ascii_lowercase())).collect()
    }
}

/// Whom a request to the Dapr sidecar's HTTP API means: `/v1.0/invoke/APP/method/…`, `/v1.0/state/STORE`,
/// `/v1.0/publish/BROKER/…` (Dapr API reference, version 1.0).
fn sidecar(address: &Address) -> Option<&str> {
    if !address::is_local(&address.host) && !address.host.contains('{') {
        return None;
    }
    let mut parts = address.path.split('/').filter(|p| !p.is_empty());
    (parts.next() == Some("v1.0") && matches!(parts.next(), Some("invoke" | "state" | "publish")))
        .then(|| parts.next())?
        .filter(|name| !name.contains('{'))
}

/// Words of keys that hold addresses even without a scheme or port.
fn names_address(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["host", "url", "uri", "addr", "endpoint", "server", "service", "base", "broker", "dsn", "conn"]
        .iter()
        .any(|w| key.contains(w))
}

/// `pkg.Service/Method` → `Service`.
fn service_of(operation: &str) -> &str {
    last(operation.trim_start_matches('/').split('/').next().unwrap_or(operation))
}

fn camel(method: &str) -> String {
    let mut chars = method.chars();
    chars.next().map(|c| c.to_ascii_lowercase().to_string() + chars.as_str()).unwrap_or_default()
}

fn snake(method: &str) -> String {
    let mut out = String::new();
    for (i, c) in method.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn store_kind(system: System) -> NodeKind {
    match system {
        System::Redis | System::Memcached | System::Hazelcast => NodeKind::Cache,
        System::Kafka
        | System::Rabbit
        | System::Nats
        | System::Sqs
        | System::Sns
        | System::PubSub
        | System::ActiveMq
        | System::Pulsar
        | System::ServiceBus
        | System::EventHubs
        | System::Kinesis
        | System::Mqtt
        | System::Bus => NodeKind::Broker,
        System::Postgres
        | System::Mysql
        | System::SqlServer
        | System::Oracle
        | System::Sqlite
        | System::Sql
        | System::Mongo
        | System::Cassandra
        | System::Dynamo
        | System::Firestore
        | System::Cosmos
        | System::Elasticsearch
        | System::Neo4j
        | System::Couchbase
        | System::Couchdb
        | System::Influx
        | System::Clickhouse
        | System::Spanner
        | System::Bigtable
        | System::EventStore
        | System::Objects
        | System::Etcd => NodeKind::Database,
    }
}

/// Services of cloud providers, which nobody deploys: named by their product.
fn managed(system: System) -> Option<&'static str> {
    Some(match system {
        System::Dynamo => "dynamodb",
        System::Firestore => "firestore",
        System::Cosmos => "cosmosdb",
        System::Spanner => "spanner",
        System::Bigtable => "bigtable",
        System::Objects => "object-storage",
        System::Sqs => "sqs",
        System::Sns => "sns",
        System::PubSub => "pubsub",
        System::ServiceBus => "servicebus",
        System::EventHubs => "eventhubs",
        System::Kinesis => "kinesis",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::join::speaks;
    use seam_facts::System;

    #[test]
    fn sql_speaks_to_sql_databases() {
        assert!(speaks(System::Sql, System::Postgres));
        assert!(!speaks(System::Sql, System::Mongo));
    }
}
