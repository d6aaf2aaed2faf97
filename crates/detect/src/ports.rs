//! The ports of nodes, as rules compare them.

use crate::Cx;
use seam_facts::{Claim, System};
use seam_graph::{Graph, PortOf};

/// All ports by node.
pub(crate) struct Doors<'a> {
    by_node: Vec<Vec<&'a PortOf>>,
}

impl<'a> Doors<'a> {
    pub fn new(graph: &'a Graph) -> Self {
        let mut by_node = vec![Vec::new(); graph.nodes.len()];
        graph.ports.iter().for_each(|p| by_node[p.node].push(p));
        Doors { by_node }
    }

    pub fn of(&self, node: usize) -> impl Iterator<Item = &'a PortOf> + Clone + '_ {
        self.by_node[node].iter().copied()
    }
}

/// What the public images of a product listen on unless they are told otherwise (from each product's documentation); the
/// one for clients first.
pub(crate) fn default_ports(system: System) -> &'static [u32] {
    match system {
        System::Postgres => &[5432],
        System::Mysql => &[3306, 33060],
        System::SqlServer => &[1433],
        System::Mongo => &[27017, 27018, 27019],
        System::Redis => &[6379, 26379, 8001],
        System::Memcached => &[11211],
        System::Rabbit => &[5672, 5671, 15672, 15671, 15692, 25672, 4369, 1883, 61613, 5552],
        System::Elasticsearch => &[9200, 9300, 9600],
        System::Dynamo => &[8000],
        System::Neo4j => &[7687, 7474, 7473],
        System::Couchdb => &[5984],
        System::Influx => &[8086],
        System::Etcd => &[2379, 2380],
        System::Nats => &[4222, 6222, 8222],
        System::Kafka => &[9092, 9093],
        System::Cassandra => &[9042, 7000, 7001, 7199, 9160],
        _ => &[],
    }
}

/// Whether the node's deployment, code or configuration says the number anywhere in a way that no extractor takes for a
/// port: it may well be open.
pub(crate) fn number_is_mentioned(cx: &Cx<'_>, node: usize, number: u32) -> bool {
    let number = number.to_string();
    let holds = |text: &str| {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        text.match_indices(&number).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + number.len()..]);
            !digit(before.chars().next_back()) && !digit(after.chars().next()) && !is_of_another(cx, node, before)
        })
    };
    let of = |fact: &seam_facts::Fact| match &fact.claim {
        Claim::Setting(s) => holds(&s.value.to_string()),
        Claim::Constant(c) => holds(&c.value.to_string()),
        Claim::Read(r) => r.default.as_ref().is_some_and(|d| holds(&d.to_string())),
        // What is said of a port when a program starts is not what opens it.
        Claim::Pass(p) => !is_said(&p.callee) && p.args.iter().any(|a| holds(&a.value.to_string())),
        Claim::Return(r) => holds(&r.value.to_string()),
        Claim::Build(b) => b.command.as_ref().is_some_and(|c| holds(&c.to_string())),
        Claim::Service(s) => s.command.as_ref().is_some_and(|c| holds(&c.to_string())),
        _ => false,
    };
    // What a chart's values say is what its templates forward to.
    let charted = |s: &&seam_graph::SettingOf| s.at.by == "helm" && !s.at.says.starts_with("setting [service");
    let settings = cx.graph.settings.iter().filter(|s| s.node == node && !charted(s));
    if settings.flat_map(|s| s.texts.iter().chain([&s.value])).any(|t| holds(t)) {
        return true;
    }
    let places = cx.node(node).proof.iter();
    let declared = places.flat_map(|e| cx.facts(&e.path).iter().filter(|f| f.at.line == e.at.line));
    let code = cx.node(node).own.iter().chain(&cx.node(node).libraries).flat_map(|path| cx.facts(path));
    declared.chain(code).any(of)
}

/// Whether what stands before a number is the host of another node (`http://stock:`): then it is that one's port.
fn is_of_another(cx: &Cx<'_>, node: usize, before: &str) -> bool {
    let Some(host) = before.strip_suffix(':') else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name = &host[host.rfind(|c| !plain(c)).map_or(0, |at| at + 1)..];
    let first = name.split('.').next().unwrap_or(name);
    first.len() > 2 && cx.graph.node(name).or_else(|| cx.graph.node(first)).is_some_and(|of| of != node)
}

/// Whether a function writes a line for people.
fn is_said(callee: &str) -> bool {
    const SAYS: [&str; 24] = [
        "info",
        "infof",
        "infow",
        "infoln",
        "debug",
        "debugf",
        "warn",
        "warnf",
        "error",
        "errorf",
        "log",
        "logf",
        "print",
        "printf",
        "println",
        "fatal",
        "fatalf",
        "trace",
        "notice",
        "loginformation",
        "writeline",
        "puts",
        "echo",
        "msg",
    ];
    let name = callee.rsplit(['.', '#', ':', '/']).next().unwrap_or(callee).to_ascii_lowercase();
    SAYS.contains(&name.as_str())
}
