//! What conditions look at: the graph as rows of named fields.

use crate::patience::Patience;
use crate::{Cx, Finding};
use seam_facts::word::of as word;
use seam_facts::{Claim, Key, SmolStr, format_smolstr};
use seam_graph::{Certainty, EdgeKind, Evidence, Node, Operation, endpoint_of};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a rule looks at one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Each {
    /// A call, message or use of a store.
    Interaction,
    Endpoint,
    /// A table, collection or index that code reads or writes.
    Access,
    /// A key that a deployment or configuration sets.
    Setting,
    /// A package or image that a service is built with.
    Package,
    Service,
    /// What a built-in rule finds.
    Finding,
}

impl Each {
    pub const ALL: [Each; 7] =
        [Each::Interaction, Each::Endpoint, Each::Access, Each::Setting, Each::Package, Each::Service, Each::Finding];

    pub fn word(self) -> &'static str {
        match self {
            Each::Interaction => "an interaction",
            Each::Endpoint => "an endpoint",
            Each::Access => "an access",
            Each::Setting => "a setting",
            Each::Package => "a package",
            Each::Service => "a service",
            Each::Finding => "a finding",
        }
    }

    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Each::Interaction => &[
                "from",
                "from-kind",
                "from-language",
                "to",
                "to-kind",
                "to-language",
                "to-system",
                "kind",
                "operation",
                "method",
                "path",
                "client",
                "timeout",
                "attempts",
                "policies",
                "answered",
                "certainty",
                "file",
            ],
            Each::Endpoint => &["service", "language", "protocol", "method", "path", "handler", "callers", "file"],
            Each::Access => &["service", "language", "store", "system", "table", "mode", "file"],
            Each::Setting => &["service", "key", "value", "profile", "read", "file"],
            Each::Package => &["service", "package", "version", "kind", "development", "file"],
            Each::Service => &["name", "kind", "language", "system", "serves", "calls", "callers", "file"],
            Each::Finding => &["rule", "subject", "about", "message", "severity", "certainty", "file"],
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// Any of these is what a condition may fit; none: there is no such thing.
    Texts(Vec<String>),
    Number(Option<i64>),
}

pub struct Row {
    pub subject: SmolStr,
    pub at: Evidence,
    pub says: String,
    pub more: Vec<(Evidence, String)>,
    pub about: Vec<Key>,
    pub certainty: Certainty,
    fields: BTreeMap<&'static str, Field>,
}

static NONE: Field = Field::Texts(Vec::new());

impl Row {
    fn new(subject: impl Into<SmolStr>, at: &Evidence, says: impl Into<String>) -> Self {
        let fields = BTreeMap::from([("file", texts([at.path.as_str()]))]);
        let says = says.into();
        let (more, about) = (Vec::new(), Vec::new());
        Row { subject: subject.into(), at: at.clone(), says, more, about, certainty: Certainty::Stated, fields }
    }

    fn with(mut self, name: &'static str, field: Field) -> Self {
        self.fields.insert(name, field);
        self
    }

    fn about(mut self, key: &Key) -> Self {
        self.about.push(key.clone());
        self
    }

    pub fn field(&self, name: &str) -> &Field {
        self.fields.get(name).unwrap_or(&NONE)
    }

    /// The field for people; of several names the first, which is the one that the map shows.
    pub fn shown(&self, name: &str) -> String {
        match self.field(name) {
            Field::Texts(texts) if name == "policies" || name == "calls" => texts.join(", "),
            Field::Texts(texts) => texts.first().cloned().unwrap_or_else(|| "none".to_owned()),
            Field::Number(number) => number.map_or("none".to_owned(), |n| n.to_string()),
        }
    }
}

fn texts<T: AsRef<str>>(all: impl IntoIterator<Item = T>) -> Field {
    Field::Texts(all.into_iter().map(|t| t.as_ref().to_owned()).filter(|t| !t.is_empty()).collect())
}

fn number(number: impl TryInto<i64>) -> Field {
    Field::Number(number.try_into().ok())
}

fn names(node: &Node) -> Field {
    texts(std::iter::once(&node.name).chain(&node.aliases))
}

pub fn rows(cx: &Cx<'_>, each: Each) -> Vec<Row> {
    match each {
        Each::Interaction => interactions(cx),
        Each::Endpoint => endpoints(cx),
        Each::Access => accesses(cx),
        Each::Setting => settings(cx),
        Each::Package => packages(cx),
        Each::Service => services(cx),
        Each::Finding => findings(cx),
    }
}

fn findings(cx: &Cx<'_>) -> Vec<Row> {
    let row = |found: &Finding| {
        let subject = found.key.as_str().splitn(3, '/').nth(2).unwrap_or_default();
        let names = found.about.iter().flat_map(|k| k.as_str().split('/').skip(1));
        let mut row = Row::new(format_smolstr!("{} {subject}", found.rule), &found.at, &found.message)
            .with("rule", texts([&found.rule]))
            .with("subject", texts([subject]))
            .with("about", texts(names))
            .with("message", texts([&found.message]))
            .with("severity", texts([found.severity.word()]))
            .with("certainty", texts([found.certainty.word()]));
        row.about.clone_from(&found.about);
        row.more = found.chain.iter().map(|l| (l.at.clone(), l.says.clone())).collect();
        row.certainty = found.certainty;
        row
    };
    cx.built_in().iter().map(row).collect()
}

fn interactions(cx: &Cx<'_>) -> Vec<Row> {
    let patience = Patience::new(cx);
    let mut out = Vec::new();
    for (operation, edge, detail) in cx.operations() {
        let (from, to) = (cx.node(edge.from), cx.node(edge.to));
        let (method, path) = match detail.operation.split_once(' ') {
            Some((method, path)) => (method, path),
            None => ("", detail.operation.as_str()),
        };
        let rules = patience.of(operation);
        let policies: BTreeSet<String> = detail.policies.iter().chain(&edge.policies).map(|p| word(&p.kind)).collect();
        let answered = detail.endpoint.as_ref().and_then(|k| endpoint_of(cx.graph, k));
        let says = format!("`{}` uses `{}` {}", from.name, to.name, detail.operation);
        let mut row =
            Row::new(format_smolstr!("{} {}", edge.key.as_str(), detail.operation), &detail.at, says.trim_end())
                .with("from", names(from))
                .with("from-kind", texts([from.kind.word()]))
                .with("from-language", texts(&from.languages))
                .with("to", names(to))
                .with("to-kind", texts([to.kind.word()]))
                .with("to-language", texts(&to.languages))
                .with("to-system", system(to))
                .with("kind", texts([edge.kind.word()]))
                .with("operation", texts([&detail.operation]))
                .with("method", texts([method]))
                .with("path", texts([path]))
                .with("client", texts([&detail.client]))
                .with("timeout", Field::Number(rules.patience().and_then(|m| i64::try_from(m).ok())))
                .with("attempts", number(rules.attempts()))
                .with("policies", texts(policies))
                .with("answered", texts(answered.map(|_| "yes")))
                .with("certainty", texts([detail.certainty.word()]))
                .about(&edge.key);
        if let Some(index) = answered {
            let proof = cx.graph.endpoints[index].proof.first();
            row.more.push((proof.clone(), format!("`{}` answers it", to.name)));
        }
        row.certainty = detail.certainty;
        out.push(row);
    }
    out
}

fn endpoints(cx: &Cx<'_>) -> Vec<Row> {
    let mut callers: HashMap<usize, Vec<Operation>> = HashMap::new();
    for (operation, _, detail) in cx.operations() {
        let endpoint = detail.endpoint.as_ref().and_then(|k| endpoint_of(cx.graph, k));
        endpoint.into_iter().for_each(|e| callers.entry(e).or_default().push(operation));
    }
    let mut out = Vec::new();
    for (index, endpoint) in cx.graph.endpoints.iter().enumerate() {
        let node = cx.node(endpoint.node);
        let callers = callers.get(&index).map_or(&[][..], Vec::as_slice);
        let says = format!("`{}` serves {}", node.name, endpoint.asked_as());
        let mut row = Row::new(endpoint.key.as_str(), endpoint.proof.first(), says)
            .with("service", names(node))
            .with("language", texts(&node.languages))
            .with("protocol", texts([EdgeKind::of_protocol(endpoint.protocol).word()]))
            .with("method", texts(&endpoint.method))
            .with("path", texts([&endpoint.path]))
            .with("handler", texts([&endpoint.handler]))
            .with("callers", number(callers.iter().map(|o| cx.edge(o.edge).from).collect::<BTreeSet<_>>().len()))
            .about(&node.key);
        row.certainty = endpoint.certainty;
        for caller in callers.iter().take(5) {
            let from = cx.name(cx.edge(caller.edge).from);
            row.more.push((cx.detail(*caller).at.clone(), format!("`{from}` calls it")));
        }
        out.push(row);
    }
    out
}

fn accesses(cx: &Cx<'_>) -> Vec<Row> {
    let mut out = Vec::new();
    for (id, node) in cx.graph.nodes.iter().enumerate() {
        let stores: Vec<&Node> = cx.outgoing(id).iter().map(|e| cx.node(cx.edge(*e).to)).collect();
        for (path, fact) in cx.own_facts(id) {
            let Claim::Access(access) = &fact.claim else { continue };
            let Some(table) = access.name.as_text() else { continue };
            let fits = |s: &&&Node| s.kind.is_store() && (access.system.is_none() || s.system == access.system);
            let mode = word(&access.mode);
            let at = cx.evidence(path, fact, "access");
            let mut row = Row::new(
                format_smolstr!("{} {mode} {table}", node.key.as_str()),
                &at,
                format!("`{}` {mode}s `{table}`", node.name),
            )
            .with("service", names(node))
            .with("language", texts(&node.languages))
            .with("store", texts(stores.iter().filter(fits).map(|s| &s.name)))
            .with("system", texts(access.system.map(|s| word(&s))))
            .with("table", texts([table]))
            .with("mode", texts([&mode]))
            .about(&node.key);
            if fact.how == seam_facts::How::Inferred {
                row.certainty = Certainty::Inferred;
            }
            out.push(row);
        }
    }
    out
}

fn settings(cx: &Cx<'_>) -> Vec<Row> {
    let read: BTreeSet<(usize, &str)> = cx.graph.reads.iter().map(|r| (r.node, r.key.as_str())).collect();
    let row = |s: &seam_graph::SettingOf| {
        let node = cx.node(s.node);
        Row::new(
            format_smolstr!("{} {}", node.key.as_str(), s.key),
            &s.at,
            format!("`{}` is set for `{}`", s.key, node.name),
        )
        .with("service", names(node))
        .with("key", texts([&s.key]))
        .with("value", texts(std::iter::once(&s.value).chain(&s.texts)))
        .with("profile", texts(&s.profile))
        .with("read", texts(read.contains(&(s.node, s.key.as_str())).then_some("yes")))
        .about(&node.key)
    };
    cx.graph.settings.iter().map(row).collect()
}

fn packages(cx: &Cx<'_>) -> Vec<Row> {
    let row = |p: &seam_graph::PackageOf| {
        let node = cx.node(p.node);
        let version = p.version.as_deref().unwrap_or_default();
        let says = format!("`{}` is built with `{}` {version}", node.name, p.package);
        Row::new(format_smolstr!("{} {}", node.key.as_str(), p.package), &p.at, says.trim_end())
            .with("service", names(node))
            .with("package", texts([&p.package]))
            .with("version", texts(&p.version))
            .with("kind", texts([&p.kind]))
            .with("development", texts(p.development.then_some("yes")))
            .about(&node.key)
    };
    cx.graph.packages.iter().map(row).collect()
}

fn services(cx: &Cx<'_>) -> Vec<Row> {
    let mut serves: HashMap<usize, usize> = HashMap::new();
    cx.graph.endpoints.iter().for_each(|e| *serves.entry(e.node).or_default() += 1);
    let other = |ids: &[usize], end: fn(&seam_graph::Edge) -> usize| -> BTreeSet<SmolStr> {
        ids.iter().map(|e| cx.node(end(cx.edge(*e))).name.clone()).collect()
    };
    let mut out = Vec::new();
    for (id, node) in cx.graph.nodes.iter().enumerate() {
        let row = Row::new(node.key.as_str(), node.proof.first(), format!("`{}` is a {}", node.name, node.kind.word()))
            .with("name", names(node))
            .with("kind", texts([node.kind.word()]))
            .with("language", texts(&node.languages))
            .with("system", system(node))
            .with("serves", number(serves.get(&id).copied().unwrap_or_default()))
            .with("calls", texts(other(cx.outgoing(id), |e| e.to)))
            .with("callers", number(other(cx.incoming(id), |e| e.from).len()))
            .about(&node.key);
        out.push(row);
    }
    out
}

fn system(node: &Node) -> Field {
    texts(node.system.map(|s| word(&s)))
}
