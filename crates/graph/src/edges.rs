//! Edges in the making: who is meant by an address, and what an edge is made of.
//!
//! Each kind of traffic adds its edges in a module of its own: [`crate::calls`], [`crate::stores`], [`crate::mentions`].

use crate::address::{self, Address};
use crate::calls::service_of;
use crate::endpoints::answers;
use crate::index::{FileId, last, squash};
use crate::join::Linker;
use crate::likeness::bare;
use crate::model::{
    Asked, Certainty, Detail, Edge, EdgeKind, Endpoint, Meant, Node, NodeKind, Policy, Proof, Unresolved,
};
use crate::passing::forwarded;
use crate::resolve::Text;
use crate::roles;
use seam_facts::{Claim, Fact, How, Key, Protocol, SettingScope, SmolStr, System, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub(crate) struct Draft {
    certainty: Certainty,
    pub(crate) details: BTreeSet<Detail>,
    policies: BTreeSet<Policy>,
    proof: Proof,
}

pub(crate) struct Edges<'l, 'a> {
    pub(crate) linker: &'l Linker<'a>,
    pub(crate) endpoints: &'l [Endpoint],
    pub(crate) drafts: BTreeMap<(usize, usize, EdgeKind), Draft>,
    /// Nodes that only traffic shows: externals, managed stores.
    pub(crate) extra: Vec<Node>,
    pub(crate) unresolved: Vec<Unresolved>,
    /// The call that is being joined asks for what its function is told.
    pub(crate) helper: bool,
    /// What the forwarding rule that is being joined asks for in other words; taken by the edge that is made of it.
    pub(crate) asks: SmolStr,
    /// gRPC (and Thrift, Dubbo) service name → nodes that serve it.
    pub(crate) servers: HashMap<String, BTreeSet<usize>>,
}

/// Where an address leads.
pub(crate) enum Place {
    Nodes(Vec<usize>),
    External(String),
    /// The host is this machine, on a port that nobody declares.
    Local,
    /// The host is this machine, where another deployable has the port; in containers each is a machine of its own.
    Itself(usize),
    Unknown(String),
    Open,
}

impl<'l, 'a> Edges<'l, 'a> {
    pub(crate) fn new(linker: &'l Linker<'a>, endpoints: &'l [Endpoint]) -> Self {
        let mut servers: HashMap<String, BTreeSet<usize>> = HashMap::new();
        for endpoint in endpoints {
            if matches!(endpoint.protocol, Protocol::Grpc | Protocol::Thrift | Protocol::Dubbo) {
                let service = service_of(&endpoint.path);
                servers.entry(squash(service)).or_default().insert(endpoint.node);
            }
        }
        Edges {
            linker,
            endpoints,
            drafts: BTreeMap::new(),
            extra: Vec::new(),
            unresolved: Vec::new(),
            helper: false,
            asks: SmolStr::default(),
            servers,
        }
    }

    pub(crate) fn done(self) -> (Vec<Node>, Vec<Edge>, Vec<Unresolved>) {
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
                details: surest(draft.details),
                policies: draft.policies.into_iter().collect(),
                proof: draft.proof,
            })
            .collect();
        (self.extra, edges, self.unresolved)
    }

    pub(crate) fn node(&self, id: usize) -> &Node {
        let nodes = &self.linker.nodes;
        if id < nodes.len() { &nodes[id] } else { &self.extra[id - nodes.len()] }
    }

    #[expect(clippy::too_many_arguments, reason = "an edge is made of this many things, and only here")]
    pub(crate) fn add(
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
        if from == to || self.same_code(from, to) && !self.told_to_call(from, to, via) {
            return;
        }
        let proof = self.linker.proof(at.0, at.1, via);
        // What a rule asks for in other words is answered by what these name.
        let asks = std::mem::take(&mut self.asks);
        let endpoint = match forwarded(&asks).is_none() && !asks.is_empty() {
            true => self.endpoint_for(to, &asks),
            false => self.endpoint_for(to, &operation),
        };
        let policies = self.policies(from, at, within, client);
        let detail = Detail {
            operation,
            client: client.clone(),
            within: within.clone(),
            asked: self.asked_in(within, via).into_iter().collect(),
            endpoint,
            at: self.linker.evidence(at.0, at.1),
            policies: policies.clone(),
            certainty,
            asks,
        };
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

    /// The function whose argument a helper asks with: the outermost of those that hand it on.
    fn asked_in(&self, within: &SmolStr, via: &[(FileId, &Fact)]) -> Option<Asked> {
        let mut found = None;
        let mut helper = within.clone();
        for _ in 0..if self.helper { 4 } else { 0 } {
            let given = via.iter().find_map(|(file, fact)| match &fact.claim {
                // A method may be called like the function that it hands on to.
                Claim::Pass(pass)
                    if !helper.is_empty() && last(&pass.callee) == last(&helper) && pass.within != helper =>
                {
                    Some((*file, *fact, pass))
                }
                _ => None,
            });
            let Some((file, fact, pass)) = given.filter(|(.., pass)| !pass.within.is_empty()) else {
                break;
            };
            let through = SmolStr::from(last(&helper));
            helper = pass.within.clone();
            let path = SmolStr::from(self.linker.index.paths[file].as_str());
            let at = self.linker.evidence(file, fact);
            found = Some(Asked { path, symbol: pass.within.clone(), through, at });
        }
        found
    }

    /// Two deployables of one code base call each other only as far as the code calls itself.
    pub(crate) fn same_code(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.node(a).roots, &self.node(b).roots);
        !a.is_empty() && a == b
    }

    /// Whether a deployment tells one of the deployables of one code base where another is, and not all of them alike: the
    /// address is nowhere in the callee's own environment, or the environment says which of them calls.
    fn told_to_call(&self, from: usize, to: usize, via: &[(FileId, &Fact)]) -> bool {
        let linker = self.linker;
        via.iter().any(|(_, fact)| match &fact.claim {
            Claim::Setting(set) if matches!(set.scope, SettingScope::Service(_) | SettingScope::Group(_)) => {
                linker.territories[from].role.told_apart
                    || !roles::gives(linker.index, linker.deploy, to, &set.key, &set.value)
            }
            _ => false,
        })
    }

    /// The endpoint of `node` that answers `METHOD /path` or `Service/Method`.
    pub(crate) fn endpoint_for(&self, node: usize, operation: &str) -> Option<Key> {
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

    /// Policies stated at the call itself, in the same function, on the client that is used, or on a client of the same
    /// library that the file makes for all its calls.
    pub(crate) fn policies(
        &self,
        node: usize,
        (file, call): (FileId, &Fact),
        within: &SmolStr,
        client: &SmolStr,
    ) -> Vec<Policy> {
        let facts = self.linker.index.facts[file];
        let library = last(client).to_ascii_lowercase();
        let mut out = Vec::new();
        for fact in facts {
            let Claim::Policy(policy) = &fact.claim else { continue };
            let here = call.at.covers(fact.at.line);
            let named = !within.is_empty() && (policy.within == *within || policy.on == *within)
                || policy.on == *client && !client.is_empty();
            let elsewhere = || facts.iter().any(|f| matches!(f.claim, Claim::Call(_)) && f.at.covers(fact.at.line));
            let for_all = !library.is_empty()
                && matches!(policy.within.as_str(), "" | "<module>")
                && policy.detail.to_ascii_lowercase().contains(&library)
                && !elsewhere();
            if here || named || for_all {
                out.push(self.policy(node, file, policy, fact));
            }
        }
        out
    }

    pub(crate) fn policy(&self, node: usize, file: FileId, policy: &seam_facts::Policy, fact: &Fact) -> Policy {
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
    pub(crate) fn outside(&mut self, name: &str, kind: NodeKind, system: Option<System>, at: (FileId, &Fact)) -> usize {
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
                own: Vec::new(),
                libraries: Vec::new(),
                aliases: Vec::new(),
                proof: self.linker.proof(at.0, at.1, &[]),
            });
            self.extra.len() - 1
        })
    }

    pub(crate) fn place(&self, from: usize, address: &Address) -> Place {
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
            let ids = address::known_part(host).map(|name| self.linker.named(name)).unwrap_or_default();
            return if ids.is_empty() { Place::Open } else { Place::Nodes(self.nearest(from, ids)) };
        }
        let ids = self.linker.named(host);
        if !ids.is_empty() {
            return Place::Nodes(self.nearest(from, ids));
        }
        if address::is_local(host) || address::is_private(host) {
            // On a port of one's own it is oneself, whoever else has the port in another deployment.
            let ids = address.port.and_then(|p| self.linker.ports.get(&p)).map(Vec::as_slice);
            return match ids {
                Some([only]) if *only != from => Place::Nodes(vec![*only]),
                _ => Place::Local,
            };
        }
        let found = self.discovered(from, host);
        if !found.is_empty() {
            return Place::Nodes(self.nearest(from, found));
        }
        if !host.contains('.')
            && let Some([only]) = self.linker.folders.get(&squash(host)).map(Vec::as_slice)
        {
            return Place::Nodes(vec![*only]);
        }
        if let Some(only) = self.called_nearly(host).filter(|id| *id != from) {
            return Place::Nodes(vec![only]);
        }
        if address::is_public(host) { Place::External(host.to_owned()) } else { Place::Unknown(host.to_owned()) }
    }

    /// The one deployable that is called so but for words that people add to every service: the deployment that gives the
    /// other name is not here.
    fn called_nearly(&self, host: &str) -> Option<usize> {
        let squashed = squash(host);
        let name = bare(&squashed);
        if host.contains('.') || name.len() < 3 || name.len() == squashed.len() {
            return None;
        }
        let nodes = self.linker.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Service);
        let mut near = nodes.filter(|(_, n)| bare(&squash(&n.name)) == name).map(|(id, _)| id);
        near.next().filter(|_| near.next().is_none())
    }

    /// A name that the caller's own configuration maps to an address: client-side discovery (`stork.NAME.…`,
    /// `NAME.ribbon.listOfServers`, `http.services.NAME.url`).
    pub(crate) fn discovered(&self, from: usize, name: &str) -> Vec<usize> {
        if from >= self.linker.scopes.len() || name.len() < 3 {
            return Vec::new();
        }
        let scope = &self.linker.scopes[from];
        let view = self.linker.view(from);
        let mut out = Vec::new();
        // Many files may set one key; it is looked up once.
        let mut asked: BTreeSet<&SmolStr> = BTreeSet::new();
        for set in scope.configuration.values().chain(scope.environment.values()).flatten() {
            let mut parts = set.key.split(['.', '[', ']', '"']);
            if set.key.len() <= name.len() || !parts.any(|p| p.eq_ignore_ascii_case(name)) {
                continue;
            }
            if !asked.insert(set.key) {
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
    pub(crate) fn together(&self, a: usize, b: usize) -> bool {
        let groups = |id: usize| -> BTreeSet<usize> {
            let node = self.linker.deploy.nodes.get(id);
            node.map(|n| n.units.iter().map(|u| self.linker.deploy.units[*u].group).collect()).unwrap_or_default()
        };
        !groups(a).is_disjoint(&groups(b))
    }

    /// Several nodes of one name: those that are deployed with the caller.
    pub(crate) fn nearest(&self, from: usize, ids: Vec<usize>) -> Vec<usize> {
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

    pub(crate) fn open(&mut self, node: usize, what: &str, value: &str, why: &str, at: (FileId, &Fact)) {
        self.unresolved.push(Unresolved {
            node,
            what: what.into(),
            value: value.into(),
            why: why.into(),
            at: self.linker.evidence(at.0, at.1),
            meant: None,
        });
    }

    /// The last that was told to be open is this operation: what its caller does with it can be judged without the other end.
    pub(crate) fn meant(
        &mut self,
        kind: EdgeKind,
        operation: SmolStr,
        client: &SmolStr,
        within: &SmolStr,
        at: (FileId, &Fact),
        via: &[(FileId, &Fact)],
    ) {
        let Some(node) = self.unresolved.last().map(|u| u.node) else { return };
        let detail = Detail {
            operation,
            client: client.clone(),
            within: within.clone(),
            asked: self.asked_in(within, via).into_iter().collect(),
            endpoint: None,
            at: self.linker.evidence(at.0, at.1),
            policies: self.policies(node, at, within, client),
            certainty: Certainty::Inferred,
            asks: SmolStr::default(),
        };
        if let Some(last) = self.unresolved.last_mut() {
            last.meant = Some(Box::new(Meant { kind, detail }));
        }
    }

    /// An address that is written out, and whose host nothing is called.
    pub(crate) fn unknown(&mut self, node: usize, what: &str, value: &str, host: &str, at: (FileId, &Fact)) {
        self.open(node, what, value, &format!("no service, alias or external is called `{host}`"), at);
    }

    pub(crate) fn kind_for(&self, to: usize, stated: EdgeKind) -> EdgeKind {
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

    /// Places of all texts. What names a node wins over this machine and over what is not known.
    pub(crate) fn targets(&self, node: usize, texts: &[Text<'a>]) -> Vec<(Text<'a>, Address, Place)> {
        let mut out: Vec<(Text<'a>, Address, Place)> = Vec::new();
        for text in texts {
            for address in address::parse(&text.text) {
                let mut place = self.place(node, &address);
                // In a container, a default of `localhost` in code is the container itself.
                if let Place::Nodes(ids) = &place
                    && address::is_local(&address.host)
                    && sidecar(&address).is_none()
                    && !text.via.iter().any(|(_, f)| matches!(f.claim, Claim::Setting(_)))
                    && let Some(to) = ids.iter().copied().find(|to| self.together(node, *to))
                {
                    place = Place::Itself(to);
                }
                if matches!(place, Place::Local)
                    && let Some(to) = self.by_a_proxy_within(node, text, &address)
                {
                    place = Place::Nodes(vec![to]);
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
}

/// Whom a request to the Dapr sidecar's HTTP API means: `/v1.0/invoke/APP/method/…`, `/v1.0/state/STORE`,
/// `/v1.0/publish/BROKER/…` (Dapr API reference, version 1.0).
fn sidecar(address: &Address) -> Option<&str> {
    if !address::is_local(&address.host) && !address.host.contains('{') {
        return None;
    }
    let mut parts = address.path.split('/').filter(|p| !p.is_empty());
    (parts.next() == Some("v1.0") && matches!(parts.next(), Some("invoke" | "state" | "publish" | "bindings")))
        .then(|| parts.next())?
        .filter(|name| !name.contains('{'))
}

/// What two readings of one line say alike is one operation, as sure as the surer.
fn surest(details: BTreeSet<Detail>) -> Vec<Detail> {
    let mut out: Vec<Detail> = details.into_iter().collect();
    let alike = |a: &Detail, b: &Detail| Detail { certainty: b.certainty, asked: b.asked.clone(), ..a.clone() } == *b;
    out.dedup_by(|next, kept| {
        let same = alike(next, kept);
        if same {
            // What the code says itself is asked by everybody who calls it.
            if kept.asked.is_empty() || next.asked.is_empty() {
                kept.asked.clear();
            } else {
                kept.asked.append(&mut next.asked);
            }
        }
        same
    });
    out
}
