//! What a text names and the map knows: addresses, settings, tables, topics, fields, operations, workloads.
//!
//! Invariant: a name leads somewhere only if facts have it there; names that many things share lead weakly.

use super::board::{Board, Clue};
use super::clues::{Address, Kind};
use super::places::{Place, plain};
use super::sides::{Sides, is_deployment};
use regex::Regex;
use seam_facts::{AccessMode, AlterKind, Claim, SmolStr};
use seam_graph::{EdgeKind, Endpoint, Evidence, Graph};
use std::collections::{BTreeMap, BTreeSet};

/// Names to nodes, as containers, pods, hosts and loggers write them.
pub(crate) struct Names {
    by: BTreeMap<String, usize>,
}

impl Names {
    pub(crate) fn new(graph: &Graph) -> Self {
        let mut by = BTreeMap::new();
        for (id, node) in graph.nodes.iter().enumerate() {
            by.entry(plain(&node.name)).or_insert(id);
        }
        for (id, node) in graph.nodes.iter().enumerate() {
            let folders = node.roots.iter().filter_map(|r| r.rsplit('/').next());
            for name in node.aliases.iter().map(SmolStr::as_str).chain(folders) {
                if plain(name).len() > 1 {
                    by.entry(plain(name)).or_insert(id);
                }
            }
        }
        Names { by }
    }

    /// `shop_cart_1`, `cart-7f6d9c-x2v8k`, `cart.default.svc.cluster.local`, `cart-depl`, `Cart.Api`.
    pub(crate) fn node(&self, name: &str) -> Option<usize> {
        let host = name.split(['.', ':']).next().unwrap_or(name);
        for whole in [name, host] {
            let parts: Vec<&str> = whole.split(['-', '_', '.', ' ']).filter(|p| !p.is_empty()).collect();
            for from in 0..parts.len().min(3) {
                for to in (from + 1..=parts.len()).rev() {
                    let tried = plain(&parts[from..to].concat());
                    let Some(found) = self.exact(&tried) else { continue };
                    // What is left has to be a number, a hash or a word that only deployments use.
                    let hashed = from == 0 && to > 0 && parts.last().is_some_and(|p| is_hash(p));
                    let rest = hashed || parts[to..].iter().all(|p| is_noise(p)) && (from == 0 || parts.len() - to < 2);
                    if rest {
                        return Some(found);
                    }
                }
            }
        }
        None
    }

    fn exact(&self, tried: &str) -> Option<usize> {
        if tried.len() < 2 {
            return None;
        }
        let ends = ["service", "svc", "server", "api", "app", "ms", "microservice"];
        let bare = ends.iter().find_map(|e| tried.strip_suffix(e)).filter(|b| b.len() > 2).unwrap_or(tried);
        let forms = [tried.to_owned(), bare.to_owned()].into_iter().chain(ends.iter().map(|e| format!("{bare}{e}")));
        forms.into_iter().find_map(|f| self.by.get(&f).copied())
    }
}

fn is_numeric(host: &str) -> bool {
    host.is_empty()
        || host.chars().all(|c| c.is_ascii_digit() || c == '.')
        || matches!(host, "localhost" | "ipv4" | "ipv6" | "[::1]" | "host.docker.internal")
}

/// What a controller puts behind the name of a pod.
fn is_hash(part: &str) -> bool {
    (4..=10).contains(&part.len())
        && part.chars().any(|c| c.is_ascii_digit())
        && !part.chars().all(|c| c.is_ascii_digit())
}

fn is_noise(part: &str) -> bool {
    let word = [
        "depl",
        "deployment",
        "deploy",
        "svc",
        "service",
        "server",
        "pod",
        "container",
        "app",
        "api",
        "default",
        "local",
        "dev",
        "prod",
    ];
    let random = part.len() == 5 && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    is_hash(part) || part.chars().all(|c| c.is_ascii_digit()) || word.contains(&part) || random
}

impl Sides<'_> {
    pub(crate) fn graph(&self) -> &Graph {
        self.sources.graph
    }

    /// Endpoints and nodes that addresses in the text mean.
    pub(crate) fn addresses(&self, names: &Names, reporter: Option<usize>, board: &mut Board) {
        let graph = self.graph();
        let remote = self.clues.kinds.iter().any(|k| k.is_remote());
        let named = |line: usize| {
            let here = self.clues.addresses.iter().filter(|(_, at)| *at == line);
            here.into_iter().any(|(a, _)| !is_numeric(&a.host) && names.node(&a.host).is_some())
        };
        for (address, line) in &self.clues.addresses {
            // The number behind a name that is told as well.
            if is_numeric(&address.host) && address.path.is_empty() && named(*line) {
                continue;
            }
            let nodes = self.nodes_at(names, address);
            let here = nodes.is_empty() && address.host.is_empty();
            let nodes: Vec<usize> = if here { reporter.into_iter().collect() } else { nodes };
            if !address.path.is_empty() && address.path != "/" {
                let found = self.endpoints(address, &nodes);
                let crowd = (found.len().max(1) as f64).sqrt();
                let told = format!("{} {}", address.method.as_deref().unwrap_or(""), address.path);
                for endpoint in found.into_iter().take(3) {
                    let name = &graph.nodes[endpoint.node].name;
                    let own = Some(endpoint.node) == reporter;
                    let says = if own {
                        format!("{} is answered here by {name}", told.trim())
                    } else {
                        format!("the text names {}, which {name} answers here", told.trim())
                    };
                    let weight = if own || here {
                        0.55
                    } else if remote {
                        0.9
                    } else {
                        0.6
                    } / crowd;
                    self.answers(endpoint, weight, &says, "", board);
                    if own || here {
                        // The request that failed is being answered: what it asks of others is suspected next.
                        let mut place = self.at(endpoint.proof.first());
                        place.within = endpoint.handler.clone();
                        self.follow(&place, false, weight * 0.7, board);
                    }
                }
            }
            for node in nodes.iter().copied().filter(|n| Some(*n) != reporter && !here) {
                self.host(node, address, reporter, board);
            }
        }
    }

    fn host(&self, node: usize, address: &Address, reporter: Option<usize>, board: &mut Board) {
        let graph = self.graph();
        let name = &graph.nodes[node].name;
        let refused = self.clues.kinds.contains(&Kind::Refused) || self.clues.kinds.contains(&Kind::Unknown);
        let told = if address.port.is_some() {
            format!("{}:{}", address.host, address.port.unwrap_or(0))
        } else {
            address.host.clone()
        };
        if refused {
            self.declared(node, 0.72, &format!("declares {name}, which the text cannot reach as {told}"), "", board);
        }
        let edges: Vec<_> =
            graph.edges.iter().filter(|e| e.to == node && reporter.is_none_or(|r| e.from == r)).collect();
        for edge in edges.iter().take(3) {
            for detail in edge.details.iter().take(6) {
                let crowd = (edge.details.len().clamp(1, 9) as f64 * edges.len().max(1) as f64).sqrt();
                let says = format!("{} asks {name} here", graph.nodes[edge.from].name);
                board.add(&self.at(&detail.at), Clue { kind: "call", weight: 0.5 / crowd, says, at: "" });
            }
            if refused {
                for at in edge.proof.iter().filter(|e| is_deployment(&e.path)).take(2) {
                    let says =
                        format!("makes up the address of {name} for {}: {}", graph.nodes[edge.from].name, at.says);
                    board.add(&self.at(at), Clue { kind: "setting", weight: 0.62, says, at: "" });
                }
            }
        }
        if address.path.is_empty()
            && !graph.nodes[node].kind.is_store()
            && self.clues.kinds.iter().any(|k| k.is_remote())
        {
            self.stands_for(
                (node, ""),
                0.62,
                &format!("the text cannot get an answer of {name}, which serves here"),
                "",
                board,
            );
        }
    }

    fn nodes_at(&self, names: &Names, address: &Address) -> Vec<usize> {
        let numeric = address.host.chars().all(|c| c.is_ascii_digit() || c == '.')
            || matches!(address.host.as_str(), "localhost" | "ipv4" | "ipv6" | "[::1]");
        if !numeric {
            return names.node(&address.host).into_iter().collect();
        }
        if address.host.is_empty() {
            return Vec::new();
        }
        let Some(port) = address.port else { return Vec::new() };
        let mut nodes: Vec<usize> =
            self.graph().ports.iter().filter(|p| p.number == Some(port)).map(|p| p.node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        // A port that everybody has says nothing.
        if nodes.len() > 2 { Vec::new() } else { nodes }
    }

    /// The endpoints that fit a request best.
    fn endpoints(&self, address: &Address, nodes: &[usize]) -> Vec<&Endpoint> {
        let asked: Vec<&str> = address.path.split('/').filter(|s| !s.is_empty()).collect();
        let mut found: Vec<(i32, &Endpoint)> = Vec::new();
        for endpoint in &self.graph().endpoints {
            if !nodes.is_empty() && !nodes.contains(&endpoint.node) {
                continue;
            }
            if let (Some(asked), Some(own)) = (&address.method, &endpoint.method)
                && asked != own.as_str()
            {
                continue;
            }
            let own: Vec<&str> = endpoint.path.split('/').filter(|s| !s.is_empty()).collect();
            let mut fit = 0;
            let mut ok = own.len() <= asked.len() && !own.is_empty();
            // From the end: what stands before may be a gateway's.
            for (a, b) in asked.iter().rev().zip(own.iter().rev()) {
                if a == b {
                    fit += 2;
                } else if b.starts_with(['{', ':', '<', '*']) {
                    fit += 1;
                } else {
                    ok = false;
                }
            }
            if ok && own.iter().any(|s| !s.starts_with(['{', ':', '<', '*'])) {
                found.push((fit * 2 - (asked.len() - own.len()) as i32, endpoint));
            }
        }
        let best = found.iter().map(|f| f.0).max().unwrap_or(0);
        found.into_iter().filter(|f| f.0 == best).map(|f| f.1).collect()
    }

    /// `Service/Method` of a remote procedure, `Client.method` of a declared client.
    pub(crate) fn operations(&self, reporter: Option<usize>, board: &mut Board) {
        let graph = self.graph();
        for (name, _) in &self.clues.operations {
            let (owner, method) = name.rsplit_once(['/', '.']).unwrap_or(("", name));
            for edge in &graph.edges {
                for detail in &edge.details {
                    let by_client = !owner.is_empty() && detail.within == format!("{owner}.{method}").as_str();
                    let by_name = name.contains('/') && detail.operation.ends_with(name.as_str());
                    if (by_client || by_name) && reporter.is_none_or(|r| edge.from == r || edge.to == r) {
                        let mut place = self.at(&detail.at);
                        place.within = detail.within.clone();
                        let says = format!(
                            "{} asks {} by `{name}` here",
                            graph.nodes[edge.from].name, graph.nodes[edge.to].name
                        );
                        board.add(&place, Clue { kind: "call", weight: 0.75, says, at: "" });
                        self.over(edge, detail, 0.95, board);
                    }
                }
            }
            for endpoint in graph.endpoints.iter().filter(|e| name.contains('/') && e.path.ends_with(name.as_str())) {
                let says = format!("the text names `{name}`, which {} answers here", graph.nodes[endpoint.node].name);
                self.answers(endpoint, 0.7, &says, "", board);
            }
        }
    }

    /// Who reads a setting that is missing, and who should set it.
    pub(crate) fn settings(&self, reporter: Option<usize>, board: &mut Board) -> Vec<String> {
        let graph = self.graph();
        let mut unknown = Vec::new();
        for (key, _) in &self.clues.settings {
            let same = |other: &str| other == key || plain(other) == plain(key);
            let mut nodes: BTreeSet<usize> = graph.reads.iter().filter(|r| same(&r.key)).map(|r| r.node).collect();
            if let Some(reporter) = reporter {
                nodes = BTreeSet::from([reporter]);
            }
            let crowd = (nodes.len().max(1) as f64).sqrt();
            let mut known = false;
            for node in &nodes {
                let name = &graph.nodes[*node].name;
                for read in graph.reads.iter().filter(|r| r.node == *node && same(&r.key)) {
                    known = true;
                    board.add(
                        &self.at(&read.at),
                        Clue {
                            kind: "setting",
                            weight: 0.8 / crowd,
                            says: format!("{name} reads `{key}` here"),
                            at: "",
                        },
                    );
                }
                let mut less = 0.86;
                let mut set = false;
                for setting in graph.settings.iter().filter(|s| s.node == *node && same(&s.key)) {
                    (known, set) = (true, true);
                    let says = format!("`{key}` is set for {name} here, in this deployment");
                    board.add(&self.at(&setting.at), Clue { kind: "setting", weight: less / crowd, says, at: "" });
                    less *= 0.7;
                }
                let says =
                    if set { format!("deploys {name}") } else { format!("deploys {name}, and does not set `{key}`") };
                self.declared(*node, if set { 0.55 } else { 1.1 } / crowd, &says, "", board);
                self.renamed(*node, key, crowd, board);
            }
            if nodes.is_empty() || reporter.is_some() {
                for setting in graph.settings.iter().filter(|s| same(&s.key) && !nodes.contains(&s.node)).take(3) {
                    known = true;
                    let says = format!("`{key}` is set here, for {} only", graph.nodes[setting.node].name);
                    board.add(&self.at(&setting.at), Clue { kind: "setting", weight: 0.35, says, at: "" });
                }
            }
            if !known {
                unknown.push(key.clone());
            }
        }
        unknown
    }

    /// A key that nobody reads and that looks like the missing one.
    fn renamed(&self, node: usize, key: &str, crowd: f64, board: &mut Board) {
        let graph = self.graph();
        let parts =
            |k: &str| k.split(['_', '.', '-']).map(str::to_lowercase).filter(|p| p.len() > 1).collect::<BTreeSet<_>>();
        let wanted = parts(key);
        for setting in graph.settings.iter().filter(|s| s.node == node && plain(&s.key) != plain(key)) {
            let own = parts(&setting.key);
            let shared = own.intersection(&wanted).count();
            let read = graph.reads.iter().any(|r| r.node == node && r.key == setting.key);
            if !read && shared > 0 && shared * 3 >= own.union(&wanted).count() * 2 - 1 {
                let says = format!("sets `{}`, which nobody reads, and not `{key}`", setting.key);
                board.add(&self.at(&setting.at), Clue { kind: "setting", weight: 0.7 / crowd, says, at: "" });
            }
        }
    }

    /// Where tables are made, changed and mapped.
    pub(crate) fn tables(&self, board: &mut Board) {
        for (table, _) in &self.clues.tables {
            let same = |name: &str| plain(name.rsplit('.').next().unwrap_or(name)) == plain(table);
            for (path, fact) in self.sources.snapshot.base().facts() {
                let told = if let Claim::Access(a) = &fact.claim {
                    a.name.as_text().filter(|n| same(n)).map(|_| match a.mode {
                        AccessMode::Declare => (0.72, format!("`{table}` is declared or mapped here")),
                        AccessMode::Write => (0.45, format!("writes `{table}`")),
                        AccessMode::Read => (0.4, format!("reads `{table}`")),
                    })
                } else if let Claim::Columns(c) = &fact.claim {
                    same(&c.table).then(|| (if c.mapped { 0.6 } else { 0.4 }, format!("names columns of `{table}`")))
                } else if let Claim::Alter(a) = &fact.claim {
                    let makes = a.kind == AlterKind::CreateTable;
                    let says = || format!("{} `{table}`", if makes { "creates" } else { "changes" });
                    same(&a.table).then(|| (if makes { 0.95 } else { 0.8 }, says()))
                } else {
                    None
                };
                if let Some((weight, says)) = told {
                    board.add(&self.line(path, fact.at.line), Clue { kind: "table", weight, says, at: "" });
                }
            }
            self.created(table, board);
        }
    }

    /// Texts that create a table, in whatever way tools write it.
    fn created(&self, table: &str, board: &mut Board) {
        let Ok(re) = Regex::new(&format!(
            r#"(?i)(create[_ ]?(?:table|collection)|to_?table|tablename|@table|@entity|createCollection|inserttable|table!|model)[^\n]{{0,60}}\b{}\b"#,
            regex::escape(table)
        )) else {
            return;
        };
        for (path, _) in self.sources.snapshot.base().files() {
            let Some(text) = self.sources.snapshot.texts().read(path) else { continue };
            if !text.contains(table) && !text.to_lowercase().contains(&table.to_lowercase()) {
                continue;
            }
            if let Some((line, found)) =
                text.lines().enumerate().find_map(|(n, l)| re.captures(l).map(|f| (n as u32 + 1, f[1].to_lowercase())))
            {
                let creates = found.starts_with("create");
                let weight = if creates { 0.95 } else { 0.6 };
                let says = if creates { format!("creates `{table}`") } else { format!("maps `{table}`") };
                board.add(&self.line(path, line), Clue { kind: "table", weight, says, at: "" });
            }
        }
    }

    /// Both ends of topics.
    pub(crate) fn topics(&self, reporter: Option<usize>, board: &mut Board) {
        let graph = self.graph();
        for (topic, _) in &self.clues.topics {
            let missing = self.clues.kinds.contains(&Kind::Topic);
            let ends = graph.edges.iter().filter(|e| matches!(e.kind, EdgeKind::QueuePublish | EdgeKind::QueueConsume));
            for edge in ends {
                for detail in edge.details.iter().filter(|d| {
                    !d.operation.is_empty()
                        && (plain(&d.operation) == plain(topic) || d.operation.ends_with(topic.as_str()))
                }) {
                    let publishes = edge.kind == EdgeKind::QueuePublish;
                    let name = &graph.nodes[edge.from].name;
                    let says = format!("{name} {} `{topic}` here", if publishes { "publishes" } else { "takes" });
                    let own = Some(edge.from) == reporter;
                    let weight = if missing {
                        if own { 0.75 } else { 0.85 }
                    } else if publishes && !own {
                        0.5
                    } else {
                        0.35
                    };
                    let place = self.at(&detail.at);
                    if publishes && !missing {
                        self.end(&place, &says, weight, "", board)
                    } else {
                        board.add(&place, Clue { kind: "topic", weight, says, at: "" })
                    }
                }
            }
            if missing {
                self.quoted(topic, 0.6, "topic", board);
            }
        }
    }

    /// Files that have a name in quotes or as a whole value.
    fn quoted(&self, name: &str, weight: f64, kind: &'static str, board: &mut Board) {
        let mut found = Vec::new();
        for (path, _) in self.sources.snapshot.base().files() {
            let Some(text) = self.sources.snapshot.texts().read(path) else { continue };
            let has = |l: &str| {
                l.contains(&format!("\"{name}\""))
                    || l.contains(&format!("'{name}'"))
                    || l.trim_end().ends_with(&format!(": {name}"))
                    || l.trim_end().ends_with(&format!("={name}"))
            };
            if let Some(line) = text.lines().position(has) {
                found.push((path.clone(), line as u32 + 1));
            }
        }
        let crowd = (found.len().max(1) as f64).sqrt();
        for (path, line) in found.into_iter().take(8) {
            board.add(
                &self.line(&path, line),
                Clue { kind, weight: weight / crowd, says: format!("names `{name}`"), at: "" },
            );
        }
    }

    /// What a cluster or a composition says of its workloads.
    pub(crate) fn workloads(&self, names: &Names, board: &mut Board) {
        let graph = self.graph();
        let kinds = &self.clues.kinds;
        let cluster =
            [Kind::Probe, Kind::Image, Kind::Workload, Kind::MissingSetting].iter().any(|k| kinds.contains(k));
        if !cluster {
            return;
        }
        let mut nodes = BTreeSet::new();
        for (name, _) in &self.clues.workloads {
            let image = name.rsplit('/').next().unwrap_or(name);
            let image = image.split([':', '@']).next().unwrap_or(image);
            match names.node(name).or_else(|| names.node(image)) {
                Some(node) => {
                    nodes.insert(node);
                }
                None => self.quoted(name, 0.6, "declaration", board),
            }
        }
        for node in nodes {
            let name = &graph.nodes[node].name;
            let word: &[&str] = if kinds.contains(&Kind::Probe) {
                &["readinessprobe", "livenessprobe", "startupprobe", "healthcheck"]
            } else if kinds.contains(&Kind::Image) {
                &["image:"]
            } else {
                &[]
            };
            let only = !kinds.contains(&Kind::MissingSetting);
            let mut less = if only { 0.9 } else { 0.5 };
            for at in self.deployments(node) {
                let place = self.line(&at.path, self.below(at, word));
                let says = format!("deploys {name}, of which the text speaks");
                board.add(&place, Clue { kind: "declaration", weight: less, says, at: "" });
                less *= 0.6;
            }
            if kinds.contains(&Kind::Probe) {
                for endpoint in graph.endpoints.iter().filter(|e| e.node == node) {
                    let path = endpoint.path.to_lowercase();
                    if ["health", "ready", "live", "ping"].iter().any(|w| path.contains(w)) {
                        let says = format!("{name} answers {} here", endpoint.asked_as());
                        board.add(&self.at(endpoint.proof.first()), Clue { kind: "callee", weight: 0.6, says, at: "" });
                    }
                }
            }
        }
    }

    /// The first line below a declaration that has one of the words.
    fn below(&self, at: &Evidence, words: &[&str]) -> u32 {
        let text = self.sources.snapshot.texts().read(&at.path).unwrap_or_default();
        let found = text
            .lines()
            .enumerate()
            .skip(at.at.line as usize - 1)
            .find(|(_, l)| words.iter().any(|w| l.to_lowercase().contains(w)));
        found.map_or(at.at.line, |(n, _)| n as u32 + 1)
    }

    pub(crate) fn line(&self, path: &SmolStr, line: u32) -> Place {
        Place {
            path: path.clone(),
            line,
            end_line: line,
            within: SmolStr::default(),
            node: self.sources.node_of(path),
            sure: 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_containers_pods_and_hosts_mean_services() {
        let names = Names { by: BTreeMap::from([("cart".to_owned(), 1), ("orderservice".to_owned(), 2)]) };
        for name in [
            "cart",
            "shop_cart_1",
            "cart-1",
            "cart-7f6d9c5b8-x2v8k",
            "cart.default.svc.cluster.local",
            "cart-depl-6f8b9c-9xk2p",
            "Cart",
        ] {
            assert_eq!(names.node(name), Some(1), "{name}");
        }
        assert_eq!(names.node("order-service"), Some(2));
        assert_eq!(names.node("orders-db"), None);
        assert_eq!(names.node("cartoon"), None);
    }
}
