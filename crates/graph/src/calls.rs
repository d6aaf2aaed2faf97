//! Requests to edges: HTTP by address or by the only route that answers, gRPC and its like by address or by contract.

use crate::address;
use crate::edges::{Draft, Edges, Place};
use crate::endpoints::answers;
use crate::hosted;
use crate::images::{self, Product};
use crate::index::{FileId, last, squash};
use crate::likeness::bare;
use crate::model::{Certainty, EdgeKind, NodeKind};
use crate::resolve::{Text, View};
use crate::routes::REGISTRIES;
use seam_facts::{Call, Claim, Fact, Hole, How, METHODS, Part, Protocol, SCRAPER, SmolStr, Value, format_smolstr};
use std::collections::{BTreeMap, BTreeSet};

/// Nodes that an address leads to, with what its holes were filled from.
type Dialled<'a> = (Vec<usize>, Vec<(FileId, &'a Fact)>);

impl<'a> Edges<'_, 'a> {
    pub(crate) fn calls(&mut self) {
        for node in 0..self.linker.territories.len() {
            let mut rpc: BTreeMap<String, Vec<(FileId, &'a Fact, &'a Call)>> = BTreeMap::new();
            let mut by_themselves: Vec<(FileId, &'a Fact, &'a Call)> = Vec::new();
            for (file, fact) in self.linker.visible_facts(node) {
                let Claim::Call(call) = &fact.claim else { continue };
                // Whom a scraper asks is no business of the code that its configuration lies beside.
                let scraped = call.client == SCRAPER && self.linker.deploy.nodes[node].product.is_none();
                if scraped || !self.linker.reaches(node, file, &call.within) {
                    continue;
                }
                match (&call.operation, call.protocol) {
                    // Joined by who listens, and by nothing else.
                    (_, Protocol::EventBus) => {}
                    (Some(operation), Protocol::Grpc | Protocol::Thrift | Protocol::Dubbo) => {
                        rpc.entry(squash(service_of(operation))).or_default().push((file, fact, call));
                    }
                    _ if fact.how == How::Inferred && call.within.is_empty() && keys_alone(call) => {
                        by_themselves.push((file, fact, call));
                    }
                    _ => self.call(node, file, fact, call),
                }
            }
            // That a library is there is weaker than code or configuration that says the same.
            for (file, fact, call) in by_themselves {
                let said = |(_, draft): (&(usize, usize, EdgeKind), &Draft)| {
                    draft.details.iter().any(|d| d.client == call.client)
                };
                let known = self.drafts.range((node, 0, EdgeKind::Http)..).take_while(|((from, ..), _)| *from == node);
                if !known.into_iter().any(said) {
                    self.call(node, file, fact, call);
                }
            }
            for (service, calls) in rpc {
                self.rpc(node, &service, &calls);
            }
        }
    }

    pub(crate) fn call(&mut self, node: usize, file: FileId, fact: &'a Fact, call: &'a Call) {
        self.helper = is_helper(call);
        self.join_call(node, file, fact, call);
        self.helper = false;
    }

    fn join_call(&mut self, node: usize, file: FileId, fact: &'a Fact, call: &'a Call) {
        let described = if call.method.is_none() { self.described(node, call, file) } else { None };
        let texts = described.unwrap_or_else(|| said(&self.linker.view(node), call, file));
        let kind = EdgeKind::of_protocol(call.protocol);
        if self.asks_component(node, (file, fact), call, &texts) {
            return;
        }
        let mut joined = false;
        let mut reason = None;
        let targets = self.targets(node, &texts);
        for (text, address, place) in targets {
            let path = if address.path.is_empty() && call.operation.is_some() {
                call.operation.clone().unwrap_or_default()
            } else {
                address.path.as_str().into()
            };
            let operation = match (call.method.as_ref().or(text.verb.as_ref()), path.is_empty()) {
                (Some(method), _) => format_smolstr!("{method} {}", if path.is_empty() { "/" } else { &path }),
                (None, _) => path.clone(),
            };
            let certainty = if fact.how == How::Stated && !text.default && !address.host.contains('{') {
                Certainty::Stated
            } else {
                Certainty::Inferred
            };
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
                    let (name, node_kind, system) = match hosted::of_host(&host) {
                        Some(h) => (h.name, h.kind, h.system),
                        None => (host.as_str(), NodeKind::External, None),
                    };
                    let to = self.outside(name, node_kind, system, (file, fact));
                    let kind = self.kind_for(to, kind);
                    self.add(node, to, kind, certainty, operation, &call.client, &call.within, (file, fact), &text.via);
                    joined = true;
                }
                Place::Itself(to) => {
                    reason = Some(format!(
                        "in a container this machine is the container itself, and `{}`, which has the port, runs in another",
                        self.node(to).name
                    ))
                }
                Place::Local => {
                    reason = Some("the address is this machine, and no deployable publishes that port".to_owned())
                }
                Place::Unknown(host) => match installed_apart(&host).filter(|_| !host.contains('{') && !text.default) {
                    Some((name, product)) => {
                        let to = self.outside(name, product.kind, product.system, (file, fact));
                        let kind = self.kind_for(to, kind);
                        let (client, within) = (&call.client, &call.within);
                        self.add(node, to, kind, certainty, operation, client, within, (file, fact), &text.via);
                        joined = true;
                    }
                    None => reason = Some(format!("no service, alias or external is called `{host}`")),
                },
                Place::Open => match hosted::of_variable(&address.host) {
                    Some(h) => {
                        let to = self.outside(h.name, h.kind, h.system, (file, fact));
                        let kind = self.kind_for(to, kind);
                        let (client, within) = (&call.client, &call.within);
                        let sure = Certainty::Inferred;
                        self.add(node, to, kind, sure, operation, client, within, (file, fact), &text.via);
                        joined = true;
                    }
                    None => reason = Some("the host is not known".to_owned()),
                },
            }
        }
        if joined {
            return;
        }
        if self.registers_by_default(node, (file, fact), call, &texts) {
            return;
        }
        if call.protocol == Protocol::Http
            && (self.by_own_rules(node, (file, fact), call, &texts) || self.by_route(node, file, fact, call, &texts))
        {
            return;
        }
        // What a framework asks for, and this node serves itself.
        let own = |text: &Text<'_>| {
            let path = text.text.find('/').map_or("", |at| &text.text[at..]);
            self.endpoints.iter().any(|e| e.node == node && path.len() > 1 && answers(&e.path, path))
        };
        if fact.how == How::Inferred && texts.iter().any(own) {
            return;
        }
        // A library that would talk to a server whose key nobody sets.
        if fact.how == How::Inferred && keys_alone(call) && texts.iter().all(|t| t.open) {
            return;
        }
        let value = texts.first().map(|t| t.text.clone()).unwrap_or_default();
        let relative = |t: &Text<'_>| t.text.starts_with('/') && !t.text.starts_with("//");
        let unsaid = match !texts.is_empty() && texts.iter().all(relative) {
            true => "only a path: it is asked of whoever served the page",
            false => "the address cannot be followed",
        };
        let why = reason.unwrap_or_else(|| unsaid.to_owned());
        self.open(node, &format!("{} call", kind.word()), &value, &why, (file, fact));
        if fact.how == How::Stated {
            let operation = written(call, texts.first(), &value);
            let via = texts.first().map(|t| t.via.clone()).unwrap_or_default();
            self.meant(kind, operation, &call.client, &call.within, (file, fact), &via);
        }
    }

    /// A request to the sidecar about a component that no deployment's name stands for.
    fn asks_component(&mut self, node: usize, at: (FileId, &'a Fact), call: &'a Call, texts: &[Text<'a>]) -> bool {
        for text in texts {
            for address in address::parse(&text.text) {
                let Some((block, name)) = component_of(&address) else { continue };
                let block = if block == "publish" { "pubsub" } else { block };
                let (to, mut via) = self.component(block, Some(name).filter(|n| !n.contains('{')));
                let Some(to) = to else { continue };
                let kind = match self.node(to).kind {
                    NodeKind::Broker => EdgeKind::QueuePublish,
                    NodeKind::Cache if block == "pubsub" => EdgeKind::QueuePublish,
                    _ => self.kind_for(to, EdgeKind::Http),
                };
                via.extend(text.via.iter().copied());
                let path = SmolStr::from(&address.path);
                self.add(node, to, kind, Certainty::Inferred, path, &call.client, &call.within, at, &via);
                return true;
            }
        }
        false
    }

    /// An application that says it registers, and not where: the one registry that publishes the documented port. The
    /// address comes from a configuration server or the environment, which need not be here.
    fn registers_by_default(
        &mut self,
        node: usize,
        at: (FileId, &'a Fact),
        call: &'a Call,
        texts: &[Text<'a>],
    ) -> bool {
        if at.1.how != How::Inferred || !REGISTRIES.contains(&call.client.as_str()) {
            return false;
        }
        let addresses = texts.iter().filter(|t| t.default).flat_map(|t| address::parse(&t.text));
        let places: Vec<Place> = addresses.map(|a| self.place(node, &a)).collect();
        let [Place::Nodes(ids)] = places.as_slice() else { return false };
        let [to] = ids.as_slice() else { return false };
        let kind = EdgeKind::of_protocol(call.protocol);
        self.add(node, *to, kind, Certainty::Inferred, SmolStr::default(), &call.client, &call.within, at, &[]);
        true
    }

    /// An unknown host, but a route that exactly one service answers. Of several paths, those that nobody answers are told too.
    pub(crate) fn by_route(
        &mut self,
        node: usize,
        file: FileId,
        fact: &'a Fact,
        call: &'a Call,
        texts: &[Text<'a>],
    ) -> bool {
        // A helper that is given the path asks for each of those that it is given.
        let mut left: BTreeMap<&str, &Text<'a>> = BTreeMap::new();
        let mut joined = false;
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
            if literal < 1 {
                continue;
            }
            // A short path is many services'; the variable that holds the host may be called after one of them. A host that is
            // written out is called what it says.
            let host = Some(&rest[..rest.len() - path.len()]).filter(|h| h.contains('{')).map(squash);
            let named = |id: &usize| {
                let name = squash(&self.node(*id).name);
                let name = bare(&name);
                name.len() > 3 && host.as_ref().is_some_and(|h| h.contains(name))
            };
            let method = call.method.as_deref().or(text.verb.as_deref());
            let hits: BTreeSet<usize> = self
                .endpoints
                .iter()
                .filter(|e| e.node != node && e.protocol == Protocol::Http && e.path.matches('/').count() >= 2)
                .filter(|e| e.method.is_none() || method.is_none() || e.method.as_deref() == method)
                .filter(|e| !e.path.starts_with("/{") && !e.path.starts_with("/*") && answers(&e.path, path))
                .map(|e| e.node)
                .collect();
            let mut hits = self.but_tools(hits);
            if literal < 2 || hits.len() > 1 {
                hits.retain(named);
            }
            if hits.len() == 1
                && let Some(&answers) = hits.first()
            {
                let to = self.asked_for(node, answers);
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
                joined = true;
            } else if literal > 1 {
                left.insert(text.text.as_str(), text);
            }
        }
        // Of a call that nobody answers at all, the first address is told as it is of others.
        let first = texts.first().map(|t| t.text.as_str()).filter(|_| !joined);
        for (value, text) in left.into_iter().filter(|(v, _)| fact.how == How::Stated && Some(*v) != first) {
            self.open(node, "http call", value, "the host is not known", (file, fact));
            let operation = written(call, Some(text), value);
            self.meant(EdgeKind::Http, operation, &call.client, &call.within, (file, fact), &text.via);
        }
        joined
    }

    /// Who is asked by a node that nobody tells of the one that answers, but of a gateway.
    fn asked_for(&self, node: usize, answers: usize) -> usize {
        let known = self.linker.mentioned_by(node);
        // One that hands on need not be known as a gateway: its rules lead to the one that answers.
        let hands_on = |id: &usize| {
            let details = self.drafts.get(&(*id, answers, EdgeKind::Http)).map(|d| &d.details);
            *id != answers && details.is_some_and(|all| all.iter().any(|d| d.at.says.starts_with("route ")))
        };
        let through = |id: &usize| *id != node && (self.node(*id).kind == NodeKind::Gateway || hands_on(id));
        let mut gateways = known.keys().copied().filter(through);
        match (gateways.next(), gateways.next()) {
            (Some(gateway), None) if !known.contains_key(&answers) => gateway,
            _ => answers,
        }
    }

    /// Those that serve: a job from a service's image (a migration, a seed) has its code, and answers nobody.
    fn but_tools(&self, ids: BTreeSet<usize>) -> BTreeSet<usize> {
        let serving: BTreeSet<usize> = ids.iter().copied().filter(|id| self.node(*id).kind != NodeKind::Tool).collect();
        if serving.is_empty() { ids } else { serving }
    }

    /// Calls of one gRPC (Thrift, Dubbo) service: joined by address, or by who serves the contract.
    pub(crate) fn rpc(&mut self, node: usize, service: &str, calls: &[(FileId, &'a Fact, &'a Call)]) {
        let linker = self.linker;
        let is_stub = |c: &Call| c.operation.as_deref().is_some_and(|o| o.ends_with("<stub>"));
        let invoked = calls.iter().any(|(_, _, c)| !is_stub(c));
        // The contract's own methods, not the paths that a gateway gives them.
        let methods = |s: &seam_facts::Schema| s.protocol != Protocol::Http && squash(last(&s.name)) == service;
        let schemas: Vec<_> = linker.index.schemas.iter().filter(|(_, s, _)| methods(s)).map(|(_, s, _)| *s).collect();
        let operations = || schemas.iter().flat_map(|s| &s.operations).map(|(method, ..)| method);
        let requests = || schemas.iter().flat_map(|s| &s.operations).map(|(method, request, _)| (method, request));
        let mut told: Vec<Told<'a>> = Vec::new();
        if !invoked && !schemas.is_empty() {
            // A stub that nobody calls is no edge. Its methods may be called where the stub's type is not visible.
            let names = &linker.territories[node].names;
            // Each language has its way to write a method's name; another way is somebody's own function.
            let path = linker.index.paths[calls[0].0].as_str();
            let spelled = |method: &str| match path.rsplit('.').next().unwrap_or("") {
                "go" | "cc" | "cpp" | "h" | "hpp" => vec![method.to_owned()],
                "cs" => vec![method.to_owned(), format!("{method}Async")],
                "py" | "rb" | "rs" | "ex" | "exs" => vec![method.to_owned(), snake(method)],
                _ => vec![method.to_owned(), camel(method)],
            };
            let called = operations().any(|method| spelled(method).iter().any(|name| names.contains(name.as_str())));
            told = self.told_by_name(node, operations());
            told.extend(self.told_by_request(node, requests()));
            if !called && told.is_empty() {
                return;
            }
        }
        let mut certainty = Certainty::Stated;
        // Some generators take the word off a service's name that they put on its client's (go-micro's `NewShippingService`).
        let served = self.servers.get(service).or_else(|| self.servers.get(&format!("{service}service")));
        let served = served.cloned().unwrap_or_default();
        // A default of the code, or a port of the developer's machine, that leads to another than who serves the contract
        // is not what is deployed.
        let elsewhere = |ids: &[usize]| !served.is_empty() && !ids.iter().any(|id| served.contains(id));
        let mut places: Vec<Dialled<'a>> = Vec::new();
        let mut unknown = BTreeSet::new();
        for (file, fact, call) in calls {
            let texts = linker.view(node).texts(&call.target, *file);
            for (text, address, place) in self.targets(node, &texts) {
                // Who serves the contract may be known all the same; whoever dials does not find it.
                if let Place::Unknown(host) = &place
                    && fact.how == How::Stated
                    && !text.open
                    && !text.default
                    && unknown.insert((host.clone(), text.text.clone()))
                {
                    let what = format!("{} call", EdgeKind::of_protocol(call.protocol).word());
                    self.unknown(node, &what, &text.text, host, (*file, fact));
                }
                // A registry is asked where the callee is: it is not the callee.
                if let Place::Nodes(ids) = place
                    && !ids.iter().any(|id| linker.is_registry(*id))
                    && !((text.default || address::is_local(&address.host)) && elsewhere(&ids))
                    && !places.iter().any(|(known, _)| *known == ids)
                {
                    places.push((ids, text.via));
                }
            }
        }
        let mut serving = self.but_tools(served.clone());
        let itself = serving.remove(&node);
        if places.is_empty() {
            // A gateway within the server dials the server that it is part of.
            if itself {
                return;
            }
            certainty = Certainty::Inferred;
            // Several register the contract (a variant of the whole system in one process): the one that is configured.
            let configured = if serving.len() > 1 { linker.mentioned_by(node) } else { BTreeMap::new() };
            let configured: Vec<usize> = serving.iter().copied().filter(|id| configured.contains_key(id)).collect();
            if serving.len() == 1 {
                places.push((serving.iter().copied().collect(), Vec::new()));
            } else if let [only] = configured.as_slice() {
                places.push((vec![*only], Vec::new()));
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
            // A client is often called without the word that the contract puts after the service's name.
            let operation = self.called_in_full(&operation, service).unwrap_or(operation);
            for (ids, via) in &places {
                for to in ids.iter().filter(|_| is_stub(call)) {
                    for (at, told, method, within) in &told {
                        let kind = EdgeKind::of_protocol(call.protocol);
                        let operation = operation.replace('*', method.as_str()).into();
                        self.add(node, *to, kind, certainty, operation, &call.client, within, (*at, told), via);
                    }
                }
                for to in ids.iter().filter(|_| told.is_empty()) {
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
            // A name that no contract here has, where contracts are at hand, is somebody's own wrapper.
            let own = is_stub(call) && schemas.is_empty() && !linker.index.schemas.is_empty();
            if places.is_empty() && !own {
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
                self.meant(
                    EdgeKind::of_protocol(call.protocol),
                    operation.clone(),
                    &call.client,
                    &call.within,
                    (*file, fact),
                    &[],
                );
            }
        }
    }
}

/// A method that a call names by its text: where it stands, and in which function.
type Told<'a> = (FileId, &'a Fact, SmolStr, &'a SmolStr);

impl<'a> Edges<'_, 'a> {
    /// Methods of a contract that are called on a stub whose type another file declares: a function of that name, which is
    /// given a request of that method's own.
    fn told_by_request<'m>(
        &self,
        node: usize,
        methods: impl Iterator<Item = (&'m SmolStr, &'m SmolStr)>,
    ) -> Vec<Told<'a>>
    where
        'a: 'm,
    {
        let mut known: BTreeMap<String, (&'m SmolStr, &'m str)> = BTreeMap::new();
        for (method, request) in methods {
            // Several methods take what says nothing of any of them (`google.protobuf.Empty`).
            let request = last(request);
            if !request.is_empty() && request != "Empty" {
                known.insert(squash(method), (method, request));
            }
        }
        let mut out = Vec::new();
        for (file, fact) in self.linker.visible_facts(node) {
            let Claim::Pass(pass) = &fact.claim else { continue };
            let Some((on, name)) = pass.callee.rsplit_once('.') else { continue };
            // C# writes it with a word more, some generators of Java's and Swift's too.
            let name = squash(name);
            let found = known.get(&name).or_else(|| known.get(name.strip_suffix("async")?));
            let Some((method, request)) = found.copied().filter(|_| !on.is_empty()) else { continue };
            let is_request = |value: &Value| match value.as_hole() {
                Some(Hole::Result { callee, .. }) => made_of(callee).is_some_and(|ty| ty == request),
                _ => false,
            };
            if pass.args.iter().any(|a| is_request(&a.value)) && self.linker.reaches(node, file, &pass.within) {
                out.push((file, fact, method.clone(), &pass.within));
            }
        }
        out
    }

    /// Methods of a contract that code hands to a helper by name: `callRpc('GetCart', request)`.
    fn told_by_name<'m>(&self, node: usize, methods: impl Iterator<Item = &'m SmolStr>) -> Vec<Told<'a>> {
        let methods: BTreeSet<&str> = methods.map(SmolStr::as_str).collect();
        let mut out = Vec::new();
        for (file, fact) in self.linker.visible_facts(node) {
            let Claim::Pass(pass) = &fact.claim else { continue };
            // A helper takes the method before the request.
            let named =
                pass.args.iter().take(2).filter(|a| a.name.is_none()).find_map(|a| match a.value.parts.as_slice() {
                    [Part::Text(text)] if methods.contains(text.as_str()) => Some(text),
                    _ => None,
                });
            if let Some(method) = named
                && self.linker.reaches(node, file, &pass.within)
            {
                out.push((file, fact, method.clone(), &pass.within));
            }
        }
        out
    }
}

/// The type that a constructor makes: `Order` of `pb#Order.<init>` and of `order_pb2#Order`.
fn made_of(symbol: &str) -> Option<&str> {
    let name = symbol.rsplit_once('#').map_or(symbol, |(_, n)| n);
    let name = name.trim_end_matches("()");
    let ty = name.strip_suffix(".<init>").or_else(|| name.strip_suffix(".newBuilder().build")).unwrap_or(name);
    ty.rsplit('.').next().filter(|t| t.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// Whether a request's function is told what to ask: no part of the path is written there, or the method is somebody else's.
fn is_helper(call: &Call) -> bool {
    let mut written = String::new();
    for part in &call.target.parts {
        match part {
            Part::Text(text) => written.push_str(text),
            Part::Hole(_) => written.push('\0'),
        }
    }
    let rest = written.split_once("://").map_or(written.as_str(), |(_, rest)| rest);
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    call.protocol == Protocol::Http && (call.verb.is_some() || !path.contains(char::is_alphabetic))
}

/// A request as it is written, without the host: `POST /charge`.
fn written(call: &Call, text: Option<&Text<'_>>, address: &str) -> SmolStr {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    let path = if path.is_empty() { call.operation.as_deref().unwrap_or_default() } else { path };
    match call.method.as_ref().or(text.and_then(|t| t.verb.as_ref())) {
        Some(method) => format_smolstr!("{method} {}", if path.is_empty() { "/" } else { path }),
        None => path.into(),
    }
}

impl Edges<'_, '_> {
    /// `Cart/AddItem` where only `CartService` is served.
    fn called_in_full(&self, operation: &str, service: &str) -> Option<SmolStr> {
        let longer = format!("{service}service");
        if self.servers.contains_key(service) || !self.servers.contains_key(&longer) {
            return None;
        }
        let method = operation.rsplit('/').next()?;
        let served = self.endpoints.iter().find(|e| squash(service_of(&e.path)) == longer)?;
        Some(format_smolstr!("{}/{method}", served.path.trim_start_matches('/').split('/').next()?))
    }
}

/// Whether only keys of configuration without a default say where a call goes.
fn keys_alone(call: &Call) -> bool {
    let unset = |v: &Value| matches!(v.as_hole(), Some(Hole::Config { default: None, .. }));
    match call.target.as_hole() {
        Some(Hole::Either(values)) => values.iter().all(unset),
        _ => unset(&call.target),
    }
}

/// The building block and component of a request to the sidecar: `/v1.0/state/orders` (Dapr API reference, version 1.0).
fn component_of(address: &address::Address) -> Option<(&str, &str)> {
    if !address::is_local(&address.host) && !address.host.contains('{') {
        return None;
    }
    let mut parts = address.path.split('/').filter(|p| !p.is_empty());
    let block = (parts.next() == Some("v1.0")).then(|| parts.next())??;
    matches!(block, "state" | "publish" | "bindings").then(|| Some((block, parts.next()?)))?
}

/// `pkg.Service/Method` → `Service`.
pub(crate) fn service_of(operation: &str) -> &str {
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

/// A public product that a cluster's full name names (`keycloak.auth.svc.cluster.local`): somebody's chart installs it.
fn installed_apart(host: &str) -> Option<(&str, Product)> {
    let (name, rest) = host.split_once('.')?;
    let (_, domain) = rest.split_once('.')?;
    let product = images::product(name).filter(|p| p.kind.is_ready_made())?;
    (domain == "svc" || domain.starts_with("svc.")).then_some((name, product))
}

/// Stands between what says the method and what says the address: both are followed for one caller at a time.
const BETWEEN: &str = "\n";

/// The addresses of a call, each with the method where that is said elsewhere.
fn said<'a>(view: &View<'_, 'a>, call: &Call, file: FileId) -> Vec<Text<'a>> {
    let Some(verb) = &call.verb else { return view.texts(&call.target, file) };
    let both = verb.as_ref().clone().then(Value::text(BETWEEN)).then(call.target.clone());
    let mut texts = view.texts(&both, file);
    for text in &mut texts {
        let Some((verb, address)) = text.text.split_once(BETWEEN) else { continue };
        let (verb, address) = (method(verb), address.to_owned());
        text.open = address.contains('{');
        text.text = address;
        text.verb = verb;
    }
    // A request that a helper makes for one method is not made for those who say another.
    if let Some(own) = &call.method {
        texts.retain(|t| t.verb.as_ref().is_none_or(|said| said == own));
    }
    texts
}

/// `POST`, and the constants that languages have for it: `{POST}`, `{Post}`, `{MethodPost}`.
pub(crate) fn method(said: &str) -> Option<SmolStr> {
    let said = said.trim_matches(['{', '}']).trim_start_matches("Method").to_ascii_uppercase();
    METHODS.iter().find(|w| **w == said).map(|w| SmolStr::from(*w))
}
