//! The environment as a table: settings by service and deployment, what parts, ports, versions; and a running environment
//! beside it.

use crate::findings::Finding;
use crate::shape::{Place, Reading, VERSION};
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_detect::drift::{self, Row, State};
use seam_detect::keys::is_deployed;
use seam_detect::{Group, live};
use seam_facts::{FactBase, SmolStr};
use seam_graph::{Graph, SettingOf};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub const ABOUT: &str = "the environment as a table: which deployment (compose, kubernetes, helm, .env, Dockerfile) sets which key of \
which service to what, what differs, what nobody reads or sets, ports, hosts and versions that disagree; with `live`, how a running \
environment differs from what the code reads and from what is committed";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// Only this service.
    pub service: Option<String>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
    /// What agrees as well.
    pub all: bool,
    /// Environments of running processes. Do not send secrets: a key without a value says that it is set.
    pub live: Vec<Running>,
}

/// One running process's environment.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Running {
    /// Names under which the workspace may know it, the likeliest first.
    pub names: Vec<String>,
    pub image: Option<String>,
    pub settings: Vec<Given>,
    /// More may be set than is listed.
    pub open: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    pub key: String,
    /// Absent where it is not to be known.
    pub value: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    pub counts: Counts,
    /// By service and key; with `all`, also what agrees.
    pub settings: Vec<Setting>,
    /// Keys that most services get one value for, and few another.
    pub odd: Vec<Odd>,
    /// What is dialled and listened on; only where something disagrees, unless `all`.
    pub ports: Vec<Port>,
    /// What rules of the environment find: ports and hosts that disagree, settings nobody sets or reads.
    pub findings: Vec<Finding>,
    pub versions: Vec<Skew>,
    /// One for each of the request's.
    pub live: Vec<Live>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    pub services: usize,
    /// Keys that a deployment sets or code reads, over all services.
    pub settings: usize,
    pub differs: usize,
    pub unread: usize,
    pub unset: usize,
    pub odd: usize,
    pub versions: usize,
    pub findings: usize,
}

/// One key of one service.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    pub service: String,
    pub key: String,
    /// `unset`, `unread`, `differs` or `agrees`.
    pub state: String,
    pub values: Vec<Value>,
    pub reads: Vec<Reading>,
    /// Nearly the same name on the other side: probably the one that was meant.
    pub near: Option<String>,
}

/// What one place gives to a key.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Value {
    pub service: String,
    /// `compose`, `kubernetes`, `helm`, `.env`, `Dockerfile` and so on.
    pub source: String,
    /// As it is written.
    pub value: String,
    /// With its variables filled in, where they are known; several where they may be several.
    pub texts: Vec<String>,
    pub profile: Option<String>,
    pub at: Place,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Odd {
    pub key: String,
    /// What most services have.
    pub common: String,
    /// How many have it.
    pub with: usize,
    pub others: Vec<Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Port {
    pub service: String,
    /// `published` (the machine's), `service` (the network's), `container`, `exposed` (the image's) or `listens` (the process).
    pub role: String,
    pub number: Option<u32>,
    /// The port behind it.
    pub to: String,
    pub name: String,
    /// The name that callers dial with it.
    pub host: String,
    pub at: Place,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Skew {
    pub package: String,
    pub kind: String,
    pub versions: Vec<Pinned>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Pinned {
    pub version: String,
    pub services: Vec<String>,
    pub at: Place,
}

/// How a running environment differs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Live {
    /// What it calls itself.
    pub name: String,
    /// The service that it is; absent where no name is known to the workspace.
    pub service: Option<String>,
    /// How many keys it sets.
    pub settings: usize,
    /// More may be set than was listed: what is missing cannot be told.
    pub open: bool,
    /// Read without a default, and not set.
    pub missing: Vec<Setting>,
    /// Committed and not set: the default in code decides.
    pub defaulted: Vec<Setting>,
    /// Set to what no committed deployment says.
    pub different: Vec<Different>,
    /// Set, neither read nor committed.
    pub unread: Vec<Unread>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Different {
    /// What runs.
    pub value: String,
    pub setting: Setting,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    pub key: String,
    /// The key that code reads, is not set, and is called nearly so.
    pub near: Option<String>,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    if let Some(profile) = &request.profile
        && !snapshot.knows_profile(profile)
    {
        return Err(super::map::no_profile(profile));
    }
    let graph = snapshot.graph(request.profile.as_deref());
    let wanted = request.service.as_ref().map(|name| super::map::find(&graph, name)).transpose()?;
    let asked = |node: usize| wanted.is_none_or(|w| w == node);
    let rows = drift::rows(&graph, snapshot.base());
    let live = live(&graph, &rows, request)?;
    let findings = findings(snapshot, &graph, wanted);
    let mut odd = drift::odd(&graph);
    odd.iter_mut().for_each(|o| o.others.retain(|s| asked(s.node)));
    odd.retain(|o| !o.others.is_empty());
    let skews: Vec<Skew> = drift::skews(&graph)
        .into_iter()
        .filter(|s| s.versions.iter().flat_map(|(_, uses)| uses).any(|p| asked(p.node)))
        .map(|s| skew(&graph, &s))
        .collect();
    let mine: Vec<&Row<'_>> = rows.iter().filter(|r| asked(r.node)).collect();
    let count = |state: State| mine.iter().filter(|r| r.state == state).count();
    let disagreeing: BTreeSet<&str> = findings
        .iter()
        .filter(|f| f.rule == "port-mismatch")
        .flat_map(|f| f.about.iter().map(String::as_str))
        .collect();
    let shown = |node: usize| asked(node) && (request.all || disagreeing.contains(graph.nodes[node].key.as_str()));
    Ok(Answer {
        version: VERSION,
        counts: Counts {
            services: mine.iter().map(|r| r.node).collect::<BTreeSet<_>>().len(),
            settings: mine.len(),
            differs: count(State::Differs),
            unread: count(State::Unread),
            unset: count(State::Unset),
            odd: odd.len(),
            versions: skews.len(),
            findings: findings.len(),
        },
        settings: mine.iter().filter(|r| request.all || r.state != State::Agrees).map(|r| setting(&graph, r)).collect(),
        odd: odd
            .into_iter()
            .map(|o| Odd {
                key: o.key.to_string(),
                common: o.common.to_string(),
                with: o.with,
                others: o.others.into_iter().map(|s| value(&graph, s)).collect(),
            })
            .collect(),
        ports: graph.ports.iter().filter(|p| shown(p.node)).map(|p| port(&graph, p)).collect(),
        findings,
        versions: skews,
        live,
    })
}

fn findings(snapshot: &Snapshot, graph: &Graph, wanted: Option<usize>) -> Vec<Finding> {
    let settings = snapshot.settings();
    let rules = seam_detect::RULES.iter().copied();
    let rules = rules.filter(|r| r.group == Group::Environment && !r.nursery && !settings.detect.is_off(r.id));
    let base: &FactBase = snapshot.base();
    let found = seam_detect::detect(graph, base, &settings.detect.limits(), rules, []);
    let (found, _) = crate::findings::apply_allows(base, found, &[], false);
    let about = |f: &seam_detect::Finding| wanted.is_none_or(|w| f.about.contains(&graph.nodes[w].key));
    found.iter().filter(|f| about(f)).map(|f| Finding::of(f, Vec::new())).collect()
}

fn live(graph: &Graph, rows: &[Row<'_>], request: &Request) -> Result<Vec<Live>, Refusal> {
    let mut out = Vec::new();
    for running in &request.live {
        let names: Vec<SmolStr> = match &request.service {
            Some(service) => vec![service.into()],
            None => running.names.iter().map(SmolStr::from).collect(),
        };
        if names.is_empty() {
            return Err(Refusal::usage(
                "it is not said whose environment this is",
                "name the service with `--service`",
            ));
        }
        // Whoever hands it over may have forgotten to mask it.
        let kept = |g: &Given| {
            let value = g.value.as_deref().and_then(|v| seam_extract::config::live::kept(&g.key, v));
            (SmolStr::from(&g.key), value)
        };
        let given: live::Given = running.settings.iter().map(kept).collect();
        let node = live::named(graph, &names);
        let compared = node.map(|n| live::compare(rows, n, &given, running.open)).unwrap_or_default();
        out.push(Live {
            name: running.names.first().or(request.service.as_ref()).cloned().unwrap_or_default(),
            service: node.map(|n| graph.nodes[n].name.to_string()),
            settings: given.len(),
            open: running.open,
            missing: compared
                .missing
                .into_iter()
                .map(|(row, near)| Setting { near: near.map(|n| n.to_string()), ..setting(graph, row) })
                .collect(),
            defaulted: compared.defaulted.into_iter().map(|row| setting(graph, row)).collect(),
            different: compared
                .different
                .into_iter()
                .map(|(row, value)| Different { value: value.to_string(), setting: setting(graph, row) })
                .collect(),
            unread: compared
                .unread
                .into_iter()
                .map(|(key, near)| Unread { key: key.to_string(), near: near.map(|n| n.to_string()) })
                .collect(),
        });
    }
    Ok(out)
}

fn setting(graph: &Graph, row: &Row<'_>) -> Setting {
    let mut values: Vec<(bool, Value)> = row.sets.iter().map(|s| (!is_deployed(s), value(graph, s))).collect();
    values.sort_by(|(a, x), (b, y)| (a, &x.source, &x.at.path, x.at.line).cmp(&(b, &y.source, &y.at.path, y.at.line)));
    Setting {
        service: graph.nodes[row.node].name.to_string(),
        key: row.key.to_string(),
        state: row.state.word().to_owned(),
        values: values.into_iter().map(|(_, v)| v).collect(),
        reads: row.reads.iter().map(|r| Reading::of(r, graph)).collect(),
        near: row.near.as_ref().map(ToString::to_string),
    }
}

fn value(graph: &Graph, of: &SettingOf) -> Value {
    Value {
        service: graph.nodes[of.node].name.to_string(),
        source: source(of),
        value: of.value.to_string(),
        texts: of.texts.iter().map(ToString::to_string).collect(),
        profile: of.profile.as_ref().map(ToString::to_string),
        at: Place::of(&of.at),
    }
}

/// What kind of file a setting stands in, as people call it.
fn source(of: &SettingOf) -> String {
    match of.at.by.as_str() {
        "dotenv" => ".env",
        "dockerfile" => "Dockerfile",
        by => by,
    }
    .to_owned()
}

fn port(graph: &Graph, of: &seam_graph::PortOf) -> Port {
    Port {
        service: graph.nodes[of.node].name.to_string(),
        role: of.role.word().to_owned(),
        number: of.number,
        to: of.to.to_string(),
        name: of.name.to_string(),
        host: of.host.to_string(),
        at: Place::of(&of.at),
    }
}

fn skew(graph: &Graph, of: &drift::Skew<'_>) -> Skew {
    let pinned = |(version, uses): &(&SmolStr, Vec<&seam_graph::PackageOf>)| {
        let services: BTreeSet<String> = uses.iter().map(|p| graph.nodes[p.node].name.to_string()).collect();
        let first = uses.first()?;
        Some(Pinned {
            version: version.to_string(),
            services: services.into_iter().collect(),
            at: Place::of(&first.at),
        })
    };
    Skew {
        package: of.package.to_string(),
        kind: of.kind.to_string(),
        versions: of.versions.iter().filter_map(pinned).collect(),
    }
}

/// The environments in a text that a surface read; what may be secret stays behind.
pub fn read(text: &str) -> Result<Vec<Running>, Refusal> {
    let found = seam_extract::config::live::running(text).map_err(|why| {
        Refusal::usage(
            format!("the running environment cannot be read: {why}"),
            "give the output of `env`, `docker inspect CONTAINER` or `kubectl get pod NAME -o yaml`",
        )
    })?;
    let of = |r: seam_extract::config::live::Running| Running {
        names: r.names.iter().map(ToString::to_string).collect(),
        image: r.image.map(|i| i.to_string()),
        settings: r
            .settings
            .into_iter()
            .map(|(key, value)| Given { key: key.to_string(), value: value.map(|v| v.to_string()) })
            .collect(),
        open: r.open,
    };
    Ok(found.into_iter().map(of).collect())
}
