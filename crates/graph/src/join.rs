//! The linker: facts to nodes, edges, endpoints and what stays open. Each kind of traffic has its module; this one holds
//! what they share.

use crate::deploy::Deploy;
use crate::edges::Edges;
use crate::index::{FileId, Index, squash};
use crate::model::{Evidence, Graph, Node, NodeKind, Options, Proof, ReadOf, SettingOf};
use crate::resolve::View;
use crate::scope::{Scope, scopes};
use crate::stock::Stock;
use crate::territory::{Territory, territories};
use crate::variants::variants;
use seam_facts::{Claim, Fact, FactBase, Hole, How, Key, SettingScope, SmolStr, System, Target, format_smolstr};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Links all facts to a graph.
pub fn link(facts: &FactBase, options: &Options) -> Graph {
    let index = Index::new(facts);
    let mut deploy = Deploy::new(&index, options);
    let mut found = territories(&index, &deploy);
    deploy.undeployed(&index, &mut found);
    let scopes = scopes(&index, &deploy, &found);
    let mut linker = Linker {
        index: &index,
        deploy: &deploy,
        territories: &found,
        scopes: &scopes,
        nodes: Vec::new(),
        names: HashMap::new(),
        squashed: OnceCell::new(),
        folders: HashMap::new(),
        ports: HashMap::new(),
        handed: BTreeMap::new(),
    };
    linker.make_nodes(options);
    linker.finish()
}

/// Whether a setting is a port that the code around it listens on.
pub(crate) fn is_listener(setting: &seam_facts::Setting) -> bool {
    setting.scope == SettingScope::App && setting.key == "listen"
}

pub(crate) struct Linker<'a> {
    pub index: &'a Index<'a>,
    pub deploy: &'a Deploy<'a>,
    pub territories: &'a [Territory<'a>],
    pub scopes: &'a [Scope<'a>],
    pub nodes: Vec<Node>,
    /// Lower-case host names to nodes.
    pub names: HashMap<String, Vec<usize>>,
    /// The same without case and separators, once asked for.
    pub squashed: OnceCell<HashMap<String, Vec<usize>>>,
    /// Squashed names of the folders that hold nodes' code: what code is called when it registers without saying a name.
    pub folders: HashMap<String, Vec<usize>>,
    /// Ports on the developer's machine to nodes.
    pub ports: HashMap<u16, Vec<usize>>,
    /// Files that a configuration server hands out, with the nodes that get them.
    pub handed: BTreeMap<FileId, Vec<usize>>,
}

impl<'a> Linker<'a> {
    pub fn view(&self, node: usize) -> View<'_, 'a> {
        View { index: self.index, territory: &self.territories[node], scope: &self.scopes[node] }
    }

    pub fn evidence(&self, file: FileId, fact: &Fact) -> Evidence {
        Evidence { path: self.index.paths[file].clone(), at: fact.at, says: says(fact), by: fact.by.clone() }
    }

    pub fn proof(&self, file: FileId, fact: &Fact, via: &[(FileId, &Fact)]) -> Proof {
        Proof::new(self.evidence(file, fact), via.iter().map(|(f, x)| self.evidence(*f, x)))
    }

    /// Facts of the node's own code and of the libraries that it sees, and of what a configuration server hands to it.
    pub fn visible_facts(&self, node: usize) -> impl Iterator<Item = (FileId, &'a Fact)> + '_ {
        let territory = &self.territories[node];
        territory
            .own
            .iter()
            .filter(move |file| !self.handed.contains_key(file))
            .chain(&territory.libraries)
            .chain(self.handed.iter().filter(move |(_, to)| to.contains(&node)).map(|(file, _)| file))
            .flat_map(|file| self.index.facts[*file].iter().map(move |fact| (*file, fact)))
            .filter(|(file, fact)| territory.role.runs(*file, fact.at.line))
    }

    pub fn reaches(&self, node: usize, file: FileId, within: &str) -> bool {
        if let Some(to) = self.handed.get(&file) {
            return to.contains(&node);
        }
        self.territories[node].reaches(self.index, file, within)
    }

    fn make_nodes(&mut self, options: &Options) {
        for (id, merged) in self.deploy.nodes.iter().enumerate() {
            let territory = &self.territories[id];
            let first = merged.units.first().map(|u| &self.deploy.units[*u]);
            let proof = match (first, merged.module) {
                (Some(unit), _) => {
                    let rest = merged
                        .units
                        .iter()
                        .skip(1)
                        .map(|u| self.evidence(self.deploy.units[*u].file, self.deploy.units[*u].fact));
                    Proof::new(self.evidence(unit.file, unit.fact), rest.collect::<Vec<_>>())
                }
                (None, Some((file, fact))) => self.proof(file, fact, &[]),
                (None, None) => continue,
            };
            let mut aliases: BTreeSet<SmolStr> = merged.aliases.clone();
            aliases.extend(self.scopes[id].application_names.iter().cloned());
            aliases.extend(self.registered_names(id));
            for (alias, name) in &options.aliases {
                if squash(name) == squash(&merged.name) {
                    aliases.insert(alias.clone());
                }
            }
            let code = territory.own.iter().any(|f| self.index.uses[*f].is_some());
            let auxiliary =
                merged.units.iter().all(|u| self.deploy.units[*u].service.auxiliary) && !merged.units.is_empty();
            let forwards = || {
                territory.own.iter().any(|f| {
                    self.index.facts[*f].iter().any(|x| matches!(&x.claim, Claim::Route(r) if r.via.is_none()))
                })
            };
            let kind = match merged.product {
                _ if auxiliary => NodeKind::Tool,
                Some(product) if !(product.kind == NodeKind::Tool && code) => product.kind,
                _ if forwards() && !code => NodeKind::Gateway,
                _ => NodeKind::Service,
            };
            let languages: BTreeSet<SmolStr> = territory
                .own
                .iter()
                .filter(|f| self.index.uses[**f].is_some())
                .filter_map(|f| language(self.index.paths[*f]))
                .collect();
            aliases.remove(&merged.name);
            self.nodes.push(Node {
                key: Key::node(kind.word(), &merged.name),
                name: merged.name.clone(),
                kind,
                system: merged.product.and_then(|p| p.system).filter(|_| kind.is_store()),
                languages: languages.into_iter().collect(),
                roots: territory.roots.iter().map(SmolStr::from).collect(),
                own: territory.own.iter().map(|f| self.index.paths[*f].clone()).collect(),
                libraries: territory.libraries.iter().map(|f| self.index.paths[*f].clone()).collect(),
                aliases: aliases.into_iter().collect(),
                proof,
            });
        }
        self.name_nodes();
    }

    /// A configuration server's file for one application speaks for that application. What it hands to all is no proof
    /// of what one of them does.
    fn hand_out(&mut self) {
        for (file, setting, _) in &self.index.settings {
            let SettingScope::Named(name) = &setting.scope else { continue };
            let name = squash(name);
            let called = |node: &Node| node.aliases.iter().chain([&node.name]).any(|n| squash(n) == name);
            if !self.handed.contains_key(file) {
                let mut to: Vec<usize> = (0..self.nodes.len()).filter(|n| called(&self.nodes[*n])).collect();
                let asks = |id: &usize| self.scopes[*id].configured_as.iter().any(|n| squash(n) == name);
                if let [only] = (0..self.nodes.len()).filter(asks).collect::<Vec<_>>().as_slice()
                    && !to.contains(only)
                {
                    to.push(*only);
                }
                self.handed.insert(*file, to);
            }
        }
        let runners = self.connector_runners();
        for file in self.connector_files().collect::<Vec<_>>() {
            self.handed.entry(file).or_insert_with(|| runners.clone());
        }
    }

    fn name_nodes(&mut self) {
        self.hand_out();
        for (id, node) in self.nodes.iter().enumerate() {
            for name in node.aliases.iter().chain([&node.name]) {
                // Everybody's own machine is nobody's name.
                if crate::address::is_local(&name.to_ascii_lowercase()) {
                    continue;
                }
                let ids = self.names.entry(name.to_ascii_lowercase()).or_default();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        // A deployable's own name comes before a name that a selector gives to another.
        let (nodes, deploy) = (&self.nodes, self.deploy);
        let own = |name: &str, id: &usize| {
            let mut units = deploy.nodes[*id].units.iter().map(|u| &deploy.units[*u].name);
            nodes[*id].name.eq_ignore_ascii_case(name) || units.any(|n| n.eq_ignore_ascii_case(name))
        };
        for (name, ids) in self.names.iter_mut().filter(|(_, ids)| ids.len() > 1) {
            ids.sort_by_key(|id| (!own(name, id), *id));
        }
        for (id, merged) in deploy.nodes.iter().enumerate() {
            for name in merged.units.iter().flat_map(|u| deploy.container_names(*u)) {
                self.names.entry(name).or_insert_with(|| vec![id]);
            }
        }
        for (id, territory) in self.territories.iter().enumerate() {
            for root in territory.roots.iter().filter(|r| !r.is_empty()) {
                self.folders.entry(squash(root.rsplit('/').next().unwrap_or(root))).or_default().push(id);
            }
        }
        // A Kubernetes ExternalName, and an alias of an alias.
        for (_, alias, _) in &self.deploy.aliases {
            if let Target::Service(target) = &alias.target
                && let Some(ids) = self.names.get(&target.to_ascii_lowercase()).cloned()
            {
                self.names.entry(alias.name.to_ascii_lowercase()).or_insert(ids);
            }
        }
        for (id, merged) in self.deploy.nodes.iter().enumerate() {
            for unit in merged.units.iter().map(|u| &self.deploy.units[*u]) {
                for port in &unit.service.ports {
                    let environment = crate::deploy::project_environment(self.index, unit.file);
                    let published = port.published.as_ref().map(|p| crate::deploy::interpolate(p, &environment));
                    if let Some(port) = published.and_then(|p| p.rsplit(':').next().and_then(|p| p.parse().ok())) {
                        self.ports.entry(port).or_default().push(id);
                    }
                }
            }
            for key in [
                "server.port",
                "PORT",
                "quarkus.http.port",
                "micronaut.server.port",
                "SERVER_PORT",
                "applicationUrl",
                "ASPNETCORE_URLS",
            ] {
                for text in self.view(id).texts(&seam_facts::Value::config(key, None), 0).iter().filter(|t| !t.open) {
                    let ports =
                        text.text.split(';').filter_map(|t| t.rsplit(':').next()?.trim_end_matches('/').parse().ok());
                    for port in ports.collect::<Vec<u16>>() {
                        self.ports.entry(port).or_default().push(id);
                    }
                }
            }
        }
        self.listening();
        for ids in self.ports.values_mut() {
            ids.sort_unstable();
            ids.dedup();
        }
    }

    /// Ports that code itself opens, where nobody is known to publish them.
    fn listening(&mut self) {
        let mut opened: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        for (id, territory) in self.territories.iter().enumerate() {
            for file in &territory.own {
                for (setting, _) in self.index.settings_in(*file).filter(|(s, _)| is_listener(s)) {
                    for text in self.view(id).texts(&setting.value, *file).iter().filter(|t| !t.open) {
                        let port = text.text.rsplit(':').next().and_then(|p| p.parse().ok());
                        opened.entry(port.unwrap_or(0)).or_default().push(id);
                    }
                }
            }
        }
        for (port, ids) in opened.into_iter().filter(|(port, _)| *port > 0) {
            self.ports.entry(port).or_insert(ids);
        }
    }

    fn finish(self) -> Graph {
        let endpoints = self.endpoints();
        let mut edges = Edges::new(&self, &endpoints);
        // What a gateway's rules lead to tells whom its callers mean.
        edges.routes();
        edges.calls();
        edges.event_bus();
        edges.handed_names();
        edges.messages();
        edges.stores();
        edges.ready_made();
        edges.through_the_ingress();
        edges.foreign_clients();
        edges.mentions();
        let (extra, edges, mut unresolved) = edges.done();
        unresolved.sort();
        unresolved.dedup();
        let (settings, reads) = self.settings();
        let ports = self.all_ports();
        let Stock { packages, tests, owners } = self.stock();
        let mut graph =
            Graph { nodes: self.nodes, edges, endpoints, unresolved, settings, reads, ports, packages, tests, owners };
        let spare = variants(self.index, self.deploy, &graph);
        graph.nodes.extend(extra);
        graph.leave_out(&spare);
        graph.sort();
        graph
    }

    fn settings(&self) -> (Vec<SettingOf>, Vec<ReadOf>) {
        let mut settings = Vec::new();
        let mut reads = Vec::new();
        for node in 0..self.nodes.len() {
            let scope = &self.scopes[node];
            for set in [&scope.environment, &scope.configuration, &scope.fallback]
                .into_iter()
                .flat_map(HashMap::values)
                .flatten()
            {
                settings.push(SettingOf {
                    node,
                    key: set.key.clone(),
                    value: format_smolstr!("{}", set.value),
                    texts: match set.value.as_text() {
                        Some(text) => vec![text],
                        None => self.view(node).given(set),
                    },
                    profile: set.profile.cloned(),
                    at: self.evidence(set.file, set.fact),
                });
            }
            for (file, fact) in self.visible_facts(node) {
                if let Claim::Read(read) = &fact.claim
                    && self.reaches(node, file, &read.within)
                {
                    let key = match read.key.as_hole() {
                        Some(seam_facts::Hole::Env { name, .. }) => name.clone(),
                        Some(seam_facts::Hole::Config { key, .. }) => key.clone(),
                        Some(seam_facts::Hole::Result { callee, args })
                            if matches!(callee.as_str(), "<env>" | "<config>") && !args.is_empty() =>
                        {
                            // A function that reads what it is told to: each caller's key is read at its call.
                            for text in self.view(node).texts(&args[0], file).into_iter().filter(|t| !t.open) {
                                let (file, fact) = text.via.first().copied().unwrap_or((file, fact));
                                let (key, at) = (text.text.into(), self.evidence(file, fact));
                                reads.push(ReadOf { node, key, default: None, at });
                            }
                            continue;
                        }
                        _ => continue,
                    };
                    let default = read.default.as_ref().map(|d| format_smolstr!("{d}"));
                    reads.push(ReadOf { node, key, default, at: self.evidence(file, fact) });
                }
            }
        }
        self.read_by_calls(&mut reads);
        settings.sort();
        settings.dedup();
        reads.sort();
        reads.dedup();
        (settings, reads)
    }

    /// A key that stands in the address of a request (`@FeignClient(url = "${stock.url}")`) is read there, where nothing else
    /// is seen to read it.
    fn read_by_calls(&self, reads: &mut Vec<ReadOf>) {
        let mut known: BTreeSet<(usize, String)> = reads.iter().map(|r| (r.node, squash(&r.key))).collect();
        for node in 0..self.nodes.len() {
            for (file, fact) in self.visible_facts(node).filter(|(file, _)| self.index.uses[*file].is_some()) {
                let Claim::Call(call) = &fact.claim else { continue };
                if fact.how != How::Stated || !self.reaches(node, file, &call.within) {
                    continue;
                }
                for hole in call.target.holes() {
                    let (key, default) = match hole {
                        Hole::Env { name, default } => (name, default),
                        Hole::Config { key, default } => (key, default),
                        _ => continue,
                    };
                    if known.insert((node, squash(key))) {
                        let default = default.as_ref().map(|d| format_smolstr!("{d}"));
                        reads.push(ReadOf { node, key: key.clone(), default, at: self.evidence(file, fact) });
                    }
                }
            }
        }
    }

    /// Nodes that a host name means, seen from `from`; its own profile's names first.
    pub fn named(&self, host: &str) -> Vec<usize> {
        if let Some(ids) = self.names.get(host) {
            return ids.clone();
        }
        // One of several containers of a compose service.
        let stem = host.trim_end_matches(|c: char| c.is_ascii_digit());
        if stem.len() < host.len()
            && stem.ends_with(['_', '-'])
            && let Some(ids) = self.names.get(format!("{stem}1").as_str())
        {
            return ids.clone();
        }
        // Kubernetes: `name.namespace.svc.cluster.local`, `name.namespace`.
        if let Some((first, rest)) = host.split_once('.') {
            let namespace = rest.split('.').next().unwrap_or("");
            let in_cluster = rest == "svc"
                || rest.contains(".svc")
                || rest.ends_with("cluster.local")
                || rest == "local"
                || rest == "internal"
                || self
                    .deploy
                    .units
                    .iter()
                    .any(|u| u.service.namespace.as_deref() == Some(namespace) && !rest.contains('.'))
                || !crate::address::is_public(host) && !rest.contains('.') && rest != "json";
            if in_cluster && let Some(ids) = self.names.get(format!("{first}.{namespace}").as_str()) {
                return ids.clone();
            }
            if in_cluster && let Some(ids) = self.names.get(first) {
                return ids.clone();
            }
            // Headless pods: `kafka-0.kafka`.
            if in_cluster && let Some(ids) = self.names.get(namespace) {
                return ids.clone();
            }
            return Vec::new();
        }
        // Aspire and discovery write endpoint names before the service (`_grpc.basket`), handled above; separators vary.
        let squashed = squash(host);
        if squashed.len() < 3 || squashed.len() != host.len() && !host.contains(['-', '_']) {
            return Vec::new();
        }
        self.squashed_names().get(&squashed).cloned().unwrap_or_default()
    }

    /// The names without case and separators; they are looked up for every address that names nobody.
    fn squashed_names(&self) -> &HashMap<String, Vec<usize>> {
        self.squashed.get_or_init(|| {
            let mut out: HashMap<String, Vec<usize>> = HashMap::new();
            for (name, ids) in &self.names {
                out.entry(squash(name)).or_default().extend(ids);
            }
            for ids in out.values_mut() {
                ids.sort_unstable();
                ids.dedup();
            }
            out
        })
    }

    /// Whether a node is a ready-made service registry.
    pub fn is_registry(&self, node: usize) -> bool {
        const REGISTRIES: [&str; 5] = ["consul", "eureka", "nacos", "etcd", "zookeeper"];
        let units = self.deploy.nodes.get(node).into_iter().flat_map(|n| &n.units).map(|u| &self.deploy.units[*u]);
        units.filter(|u| u.product.is_some()).any(|u| REGISTRIES.iter().any(|r| u.image.contains(r)))
    }

    /// Whether any node is a store or broker of this product.
    pub fn stores_of(&self, system: System) -> Vec<usize> {
        let mut found: Vec<usize> =
            (0..self.nodes.len()).filter(|n| self.nodes[*n].system.is_some_and(|s| speaks(system, s))).collect();
        // A published chart is one way to start what another deployment here starts by itself.
        let charted = |n: &usize| self.deploy.nodes.get(*n).is_some_and(|node| node.is_charted(&self.deploy.units));
        if found.iter().any(|n| !charted(n)) {
            found.retain(|n| !charted(n));
        }
        found
    }
}

/// Whether code that speaks to `wanted` may talk to a product `have`.
pub(crate) fn speaks(wanted: System, have: System) -> bool {
    wanted == have
        || match wanted {
            System::Sql => matches!(have, System::Postgres | System::Mysql | System::SqlServer | System::Oracle),
            System::Bus => matches!(
                have,
                System::Kafka
                    | System::Rabbit
                    | System::Nats
                    | System::ActiveMq
                    | System::IbmMq
                    | System::Solace
                    | System::Jms
                    | System::Pulsar
                    | System::ServiceBus
                    | System::Redis
                    | System::Sqs
            ),
            System::Jms => matches!(have, System::ActiveMq | System::IbmMq | System::Solace),
            System::Sns | System::Dynamo | System::Objects => have == System::Sqs,
            _ => false,
        }
}

/// A few words of a fact for people.
fn says(fact: &Fact) -> SmolStr {
    let text = fact.claim.to_string();
    if text.len() <= 160 {
        return text.into();
    }
    let end = (0..=157).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    format_smolstr!("{}…", &text[..end])
}

fn language(path: &str) -> Option<SmolStr> {
    let extension = path.rsplit_once('.')?.1;
    Some(
        match extension {
            "java" => "Java",
            "kt" | "kts" => "Kotlin",
            "scala" | "sc" => "Scala",
            "cs" => "C#",
            "py" => "Python",
            "js" | "mjs" | "cjs" | "jsx" => "JavaScript",
            "ts" | "mts" | "cts" | "tsx" => "TypeScript",
            "go" => "Go",
            "rs" => "Rust",
            "rb" | "ru" => "Ruby",
            "php" => "PHP",
            "ex" | "exs" => "Elixir",
            "cc" | "cpp" | "cxx" | "h" | "hpp" | "hh" => "C++",
            _ => return None,
        }
        .into(),
    )
}
