//! Callers, services, containers and processes that disagree on a port. See `port_mismatch.md`.

use crate::keys::{
    Keys, by_node, host, is_address, is_deployed, is_of_a_library, is_of_a_platform, is_ours, proving, squash,
};
use crate::ports::{Doors, number_is_mentioned};
use crate::selected::{nobody, services};
use crate::told::{told, told_otherwise};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Deployment, Fact, Value};
use seam_graph::{Certainty, Evidence, NodeKind, PortOf, PortRole, SettingOf};
use std::collections::{BTreeMap, BTreeSet};

pub static RULE: Rule = Rule {
    id: "port-mismatch",
    group: Group::Environment,
    severity: Severity::Error,
    nursery: false,
    hypothesis: false,
    page: include_str!("port_mismatch.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let doors = Doors::new(cx.graph);
    callers(cx, &doors, out);
    services(cx, &doors, out);
    nobody(cx, out);
    crate::listeners::listeners(cx, out);
    crate::sidecars::forwards(cx, out);
    let all = by_node(cx.graph);
    for node in (0..cx.graph.nodes.len()).filter(|n| is_ours(cx.node(*n).kind)) {
        let known = out.len();
        containers(cx, &doors, node, out);
        if out.len() == known {
            told(cx, &doors, (node, &all[node]), out);
        }
    }
    crate::nearby::nearby(cx, &doors, &all, out);
    crate::speaks::speaks(cx, &all, out);
    crate::implied::implied(cx, &doors, &all, out);
}

/// An address that names a node and a port.
pub(crate) struct Dialled<'a> {
    pub from: usize,
    pub to: usize,
    pub host: String,
    pub port: u32,
    pub at: Evidence,
    /// The key whose value it is; empty where code says it.
    pub key: &'a str,
}

/// Whose network an address is looked up in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    Compose,
    Cluster,
    /// Code and its own configuration run in both.
    Any,
}

pub(crate) fn network(at: &Evidence) -> Network {
    match at.by.as_str() {
        "compose" => Network::Compose,
        "kubernetes" | "kustomize" | "helm" => Network::Cluster,
        _ => Network::Any,
    }
}

pub(crate) fn dialled<'a>(cx: &Cx<'a>) -> Vec<Dialled<'a>> {
    let mut out = Vec::new();
    let mut add = |from: usize, key: &'a str, text: &str, named: bool, at: &dyn Fn() -> Evidence| {
        let Some((name, Some(port))) = host(text, named) else { return };
        // This machine is whoever runs here, whatever is called so.
        if matches!(name, "localhost" | "host.docker.internal") {
            return;
        }
        let known = |n: &str| cx.graph.node(n);
        let short = || name.split_once('.').filter(|(_, rest)| rest.contains("svc")).and_then(|(n, _)| known(n));
        let Some(to) = known(name).or_else(short).filter(|to| *to != from) else { return };
        if cx.node(to).kind != NodeKind::External {
            out.push(Dialled { from, to, host: name.to_owned(), port, at: at(), key });
        }
    };
    let used = proving(cx.graph);
    for (from, keys) in by_node(cx.graph).iter().enumerate() {
        if !is_ours(cx.node(from).kind) {
            continue;
        }
        for setting in keys.set.values().flatten() {
            // An agent's endpoint is read by the agent, a framework's address by the framework.
            let named = is_address(&setting.key);
            let read = keys.is_read(&setting.key)
                || used.contains(&(&setting.at.path, setting.at.at.line))
                || named && is_deployed(setting) && (is_of_a_platform(&setting.key) || is_of_a_library(&setting.key));
            if !read || is_of_a_platform(&setting.key) && !named {
                continue;
            }
            if let [text] = setting.texts.as_slice() {
                add(from, &setting.key, text, named, &|| setting.at.clone());
            }
        }
        // A port that stands beside its host in a key of its own: `DB_HOST` and `DB_PORT`.
        for (port, host) in keys.set.values().flatten().filter_map(|s| Some((s, beside_its_host(keys, s)?))) {
            let read = keys.is_read(&port.key) && keys.is_read(&host.key);
            if let ([number], [name], true) = (port.texts.as_slice(), host.texts.as_slice(), read) {
                add(from, &port.key, &format!("{name}:{number}"), true, &|| port.at.clone());
            }
        }
    }
    for from in (0..cx.graph.nodes.len()).filter(|n| is_ours(cx.node(*n).kind)) {
        for (path, fact) in cx.own_facts(from) {
            let address: Option<&Value> = match &fact.claim {
                Claim::Call(call) => Some(&call.target),
                Claim::Route(route) => Some(&route.target),
                Claim::Store(store) => Some(&store.address),
                Claim::Message(message) => message.address.as_ref(),
                _ => None,
            };
            let Some(text) = address.and_then(seam_facts::Value::as_text) else { continue };
            add(from, "", &text, false, &|| cx.evidence(path, fact, seam_facts::format_smolstr!("{}", fact.claim)));
        }
    }
    // What a call is made with may stand elsewhere: a constant, what a caller passes, what a function returns.
    // A connector's store is declared beside the worker that runs it.
    let declares = |at: &&Evidence| at.by == "connectors";
    for edge in cx.graph.edges.iter() {
        let ours = is_ours(cx.node(edge.from).kind);
        for at in edge.proof.iter().filter(|at| ours || declares(at)).filter(|at| !seam_graph::is_test(&at.path)) {
            for text in spelled(cx, at) {
                let leads = |name: &str| cx.graph.node(name) == Some(edge.to);
                if host(&text, false).is_some_and(|(name, _)| leads(name)) {
                    add(edge.from, "", &text, false, &|| at.clone());
                }
            }
        }
    }
    out
}

/// Texts that code says at a place which proves something.
fn spelled(cx: &Cx<'_>, at: &Evidence) -> Vec<String> {
    let facts = cx.facts(&at.path).iter().filter(|f| f.at.line == at.at.line);
    let text = |value: &Value| value.as_text().map(|t| t.to_string());
    facts
        .flat_map(|fact| match &fact.claim {
            Claim::Constant(c) => text(&c.value).into_iter().collect::<Vec<_>>(),
            Claim::Store(s) if fact.by == "connectors" => text(&s.address).into_iter().collect(),
            Claim::Return(r) => text(&r.value).into_iter().collect(),
            Claim::Pass(p) => p.args.iter().filter_map(|a| text(&a.value)).collect(),
            _ => Vec::new(),
        })
        .collect()
}

/// The setting of the same file that says the host of a port, where it says no more than that.
fn beside_its_host<'a>(keys: &Keys<'a>, port: &SettingOf) -> Option<&'a SettingOf> {
    let stem = ["_PORT", ".port", "_port", "Port"].iter().find_map(|end| port.key.strip_suffix(end))?;
    let plain =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let names = ["_HOST", "_HOSTNAME", "_ADDR", "_ADDRESS", "_SERVER", "_URL", ".host", ".hostname", "_host", "Host"];
    let of = |end: &&str| {
        let mut set = keys.set.get(&squash(&format!("{stem}{end}")))?.iter();
        set.find(|s| s.at.path == port.at.path && matches!(s.texts.as_slice(), [text] if plain(text))).copied()
    };
    names.iter().find_map(of)
}

fn callers(cx: &Cx<'_>, doors: &Doors<'_>, out: &mut Vec<Draft>) {
    let mut found: BTreeMap<(usize, usize, u32), Vec<(Dialled<'_>, Wrong<'_>)>> = BTreeMap::new();
    let all = by_node(cx.graph);
    for address in dialled(cx) {
        let told = || told_otherwise(cx, doors, &all[address.to], &address);
        let Some(wrong) = wrong(cx, doors, &address).or_else(told) else { continue };
        found.entry((address.from, address.to, address.port)).or_default().push((address, wrong));
    }
    for ((from, to, port), places) in found {
        let Some((first, Wrong { open, beside, default, help })) = places.first() else { continue };
        let (caller, callee) = (cx.name(from), cx.name(to));
        let numbers = default.map_or_else(|| listed(open), |d| d.to_string());
        let by = if first.key.is_empty() { String::new() } else { format!(" (`{}`)", first.key) };
        let message = format!("`{caller}` dials `{callee}` at port {port}{by}, which is open at {numbers} only");
        let because = match default {
            Some(default) => {
                format!("nothing tells `{callee}` to listen on another port than its product's own, {default}")
            }
            None => open.iter().map(|p| said(p)).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", "),
        };
        let why = format!("Connecting to `{}:{port}` is refused: {because}.", first.host);
        let mut draft = Draft::new(format!("{caller} {callee} {}", first.key), &first.at, message)
            .why(why)
            .about([cx.node(from).key.clone(), cx.node(to).key.clone()])
            .help(help.clone());
        for (address, ..) in &places {
            draft = draft.link(&address.at, format!("`{caller}` dials port {port} of `{callee}`"));
            // What a proxy forwards to may be written above all places that use it.
            let named = format!("{}:{port}", address.host);
            let says = |f: &&Fact| matches!(&f.claim, Claim::Constant(c) if c.value.as_text().is_some_and(|t| t.contains(&named)));
            if let Some(fact) = cx.facts(&address.at.path).iter().find(says).filter(|_| address.at.by == "nginx") {
                let at = cx.evidence(&address.at.path, fact, seam_facts::format_smolstr!("{}", fact.claim));
                draft = draft.link(&at, "the address is written here");
            }
        }
        for port in open.iter().chain(beside).take(4) {
            draft = from_where(cx, port, draft.link(&port.at, said(port)));
        }
        if let Some(default) = default {
            draft = draft.link(cx.node(to).proof.first(), format!("`{callee}` listens on {default}"));
        }
        let forwarded = |p: &&PortOf| p.role == PortRole::Container && beside.is_none();
        if open.iter().all(|p| p.role == PortRole::Exposed || network(&first.at) == Network::Compose && forwarded(p)) {
            draft = draft.certainty(Certainty::Inferred).severity(Severity::Warning);
        }
        out.push(draft);
    }
}

/// Why an address does not work.
pub(crate) struct Wrong<'a> {
    /// The ports that are open under its name instead.
    pub open: Vec<&'a PortOf>,
    /// Where the port is open, under another name.
    pub beside: Option<&'a PortOf>,
    /// What the product listens on unless it is told otherwise, where nothing says what is open.
    pub default: Option<u32>,
    pub help: String,
}

/// What is open under an address instead of its port.
fn wrong<'a>(cx: &Cx<'_>, doors: &Doors<'a>, address: &Dialled<'_>) -> Option<Wrong<'a>> {
    let network = network(&address.at);
    let port = address.port;
    let first = address.host.split('.').next().unwrap_or(&address.host);
    let services: Vec<&PortOf> =
        doors.of(address.to).filter(|p| p.role == PortRole::Service && p.host.eq_ignore_ascii_case(first)).collect();
    // Where both are deployed in a cluster and nowhere else, what code says is looked up there.
    let composed = |n: usize| {
        doors.of(n).any(|p| {
            !p.deployment.is_some_and(crate::names::is_clustered)
                && p.role != PortRole::Listens
                && p.role != PortRole::Exposed
        })
    };
    let network = match network {
        Network::Any
            if !services.is_empty()
                && clustered(cx, address.from)
                && !composed(address.to)
                && !composed(address.from) =>
        {
            Network::Cluster
        }
        other => other,
    };
    if network == Network::Cluster && !services.is_empty() {
        return by_service(cx, doors, address, services);
    }
    if network == Network::Any && services.iter().any(|p| p.number.is_none_or(|n| n == port)) {
        return None;
    }
    let inner: Vec<&PortOf> = doors
        .of(address.to)
        .filter(|p| matches!(p.role, PortRole::Container | PortRole::Exposed | PortRole::Listens))
        .collect();
    let node = cx.node(address.to);
    let defaults = node.system.map(crate::ports::default_ports).unwrap_or_default();
    let outside: Vec<&PortOf> =
        doors.of(address.to).filter(|p| p.role == PortRole::Published && p.number == Some(port)).collect();
    // What a process opens is often made of settings that are not followed; what its deployment forwards to is known then.
    let forwards = |p: &&PortOf| p.role == PortRole::Container && p.at.by == "compose" && p.number.is_some();
    let vague = |p: &&&PortOf| p.role == PortRole::Listens && p.number.is_none();
    let told = network == Network::Compose && is_ours(node.kind) && inner.iter().any(forwards);
    let unknown = |p: &PortOf| p.number.is_none() && !(told && p.role == PortRole::Listens);
    // What an image exposes is only said; where code opens as many ports, what it opens is what there is.
    let said_only = contradicted(&inner);
    let inner: Vec<&PortOf> = inner.into_iter().filter(|p| !(said_only && p.role == PortRole::Exposed)).collect();
    if inner.iter().any(|p| unknown(p) || p.number == Some(port)) || defaults.contains(&port) {
        return None;
    }
    let inner: Vec<&PortOf> = inner.iter().filter(|p| !vague(p)).copied().collect();
    // The left side of a mapping is the machine's, not the network's.
    if let Some(mapped) = outside.iter().find(|p| !p.to.is_empty()) {
        let compose = doors.of(address.to).all(|p| p.deployment.is_none_or(|d| d == Deployment::Compose));
        if network == Network::Compose || compose {
            let help = format!("dial {}: {port} is open on the machine only, not between containers", mapped.to);
            let mut open = inner;
            open.retain(|p| p.role == PortRole::Container && p.number.is_some());
            return Some(Wrong { open, beside: Some(*mapped), default: None, help });
        }
        return None;
    }
    // What a deployment forwards is no complete list of what is open; what opens it, or says what it opens, is.
    let firm: Vec<&PortOf> =
        inner.into_iter().filter(|p| matches!(p.role, PortRole::Listens | PortRole::Exposed)).collect();
    if firm.iter().any(|p| p.default) && !is_built_here(cx, address.to) {
        return None;
    }
    let default = defaults.first().copied().filter(|_| firm.is_empty());
    // Whoever forwards to a port of a service expects it to be open; another that nobody mentions is most likely none.
    let forwarded: Vec<&PortOf> = doors
        .of(address.to)
        .filter(forwards)
        .filter(|_| firm.is_empty() && default.is_none() && network == Network::Compose && is_ours(node.kind))
        .collect();
    let firm = if forwarded.is_empty() { firm } else { forwarded };
    let known = !firm.is_empty() || default.is_some();
    if !known || network == Network::Any && !outside.is_empty() || number_is_mentioned(cx, address.to, port) {
        return None;
    }
    let numbers = default.map_or_else(|| listed(&firm), |d| d.to_string());
    let help = format!("dial {numbers}, or let `{}` listen on {port}", node.name);
    Some(Wrong { open: firm, beside: None, default, help })
}

/// What is open under the name of a cluster's Service instead of an address's port.
fn by_service<'a>(
    cx: &Cx<'_>,
    doors: &Doors<'a>,
    address: &Dialled<'_>,
    services: Vec<&'a PortOf>,
) -> Option<Wrong<'a>> {
    let port = address.port;
    let first = address.host.split('.').next().unwrap_or(&address.host);
    let right = services.iter().any(|p| p.number.is_none_or(|n| n == port));
    // Another Service of the same name, in a namespace or overlay of its own, may have the port.
    let elsewhere = || {
        cx.base.facts().any(|(_, f)| matches!(&f.claim, Claim::Alias(a) if a.name == first && a.ports.iter().any(|p| p.published.as_ref().is_none_or(|v| v.as_text().is_none_or(|t| t.parse() == Ok(port))))))
    };
    if right || elsewhere() {
        return None;
    }
    let other = doors.of(address.to).find(|p| p.role == PortRole::Service && p.number == Some(port));
    let help = match other {
        Some(other) => {
            format!("dial `{}`, which has port {port}, or add the port to the Service `{first}`", other.host)
        }
        None => format!("dial {}, which the Service `{first}` listens on", listed(&services)),
    };
    Some(Wrong { open: services, beside: other, default: None, help })
}

/// Whether a cluster's files declare a node, and no compose file does.
fn clustered(cx: &Cx<'_>, node: usize) -> bool {
    let by = |word: &[&str]| cx.node(node).proof.iter().any(|e| word.contains(&e.by.as_str()));
    by(&["kubernetes", "kustomize", "helm"]) && !by(&["compose", "dockerfile-compose"])
}

/// Whether the node's image is made in the workspace: what an image from elsewhere sets is not known.
fn is_built_here(cx: &Cx<'_>, node: usize) -> bool {
    let places = cx.node(node).proof.iter();
    let mut declared = places.flat_map(|e| cx.facts(&e.path).iter().filter(|f| f.at.line == e.at.line));
    declared.any(|f| matches!(&f.claim, Claim::Service(s) if s.source.is_some()))
        || cx.own_facts(node).any(|(_, f)| matches!(f.claim, Claim::Build(_)))
}

/// A deployment forwards to one port, and the process opens another.
fn containers(cx: &Cx<'_>, doors: &Doors<'_>, node: usize, out: &mut Vec<Draft>) {
    let of = |role| doors.of(node).filter(move |p| p.role == role);
    if of(PortRole::Listens).any(is_of_the_jvm) {
        return;
    }
    let listens: Vec<&PortOf> = of(PortRole::Listens).collect();
    if listens.iter().any(|p| p.default) && !is_built_here(cx, node) {
        return;
    }
    let forwarded: Vec<&PortOf> = of(PortRole::Container).collect();
    let (listens, declared) = unpaired(listens, forwarded, of(PortRole::Service));
    let (Some(one), Some(container)) = (only(&listens), only(&declared)) else { return };
    if one == container {
        return;
    }
    let inner: Vec<&PortOf> = of(PortRole::Exposed).chain(listens.iter().copied()).collect();
    if !contradicted(&inner) && of(PortRole::Exposed).any(|p| p.number.is_none_or(|n| n == container))
        || number_is_mentioned(cx, node, container)
    {
        return;
    }
    let (Some(first), Some(code)) = (declared.first(), listens.first()) else { return };
    let name = cx.name(node);
    let message = format!("`{name}` listens on {one}, and its deployment forwards to {container}");
    let mut draft = Draft::new(format!("container {name}"), &first.at, message)
        .why(format!("Nothing listens on {container} in the container of `{name}`: its code opens {one} and no other port, so each connection through the deployment's port is refused."))
        .about([cx.node(node).key.clone()])
        .help(format!("forward to {one}, or let `{name}` listen on {container}"))
        .severity(Severity::Warning);
    for port in [*first, *code].into_iter().chain(of(PortRole::Service).take(1)) {
        draft = from_where(cx, port, draft.link(&port.at, said(port)));
    }
    out.push(draft);
}

/// Ports that a process opens and that its deployment forwards to, without those that meet: of several on either side, the one
/// that is left over is the other's.
fn unpaired<'a>(
    listens: Vec<&'a PortOf>,
    forwarded: Vec<&'a PortOf>,
    services: impl Iterator<Item = &'a PortOf>,
) -> (Vec<&'a PortOf>, Vec<&'a PortOf>) {
    let known = |all: &[&PortOf]| all.iter().all(|p| p.number.is_some());
    if only(&listens).is_some() && only(&forwarded).is_some() || !known(&listens) || !known(&forwarded) {
        return (listens, forwarded);
    }
    let opened: BTreeSet<Option<u32>> = listens.iter().map(|p| p.number).collect();
    let targets: Vec<u32> = services.filter_map(|p| p.to.parse().ok().or(p.number)).collect();
    let sent =
        |p: &&PortOf| forwarded.iter().any(|f| f.number == p.number) || p.number.is_some_and(|n| targets.contains(&n));
    let left = forwarded.iter().filter(|p| !opened.contains(&p.number)).copied().collect();
    (listens.iter().filter(|p| !sent(p)).copied().collect(), left)
}

/// Whether what the process is stated to open is all known, and no less than what its image exposes: then what is exposed and not
/// opened is a leftover.
fn contradicted(inner: &[&PortOf]) -> bool {
    let of = |role| inner.iter().filter(move |p| p.role == role);
    let numbers = |role| of(role).filter_map(|p| p.number).collect::<BTreeSet<u32>>();
    let stated = of(PortRole::Listens).all(|p| p.number.is_some() && !p.default && !is_of_the_jvm(p));
    let (listens, exposed) = (numbers(PortRole::Listens), numbers(PortRole::Exposed));
    stated && !listens.is_empty() && exposed.len() <= listens.len() && listens.is_disjoint(&exposed)
}

/// Programs for the JVM that open a port of their own mostly have a web server beside it.
fn is_of_the_jvm(port: &PortOf) -> bool {
    port.at.by == "listen" && [".java", ".kt"].iter().any(|end| port.at.path.ends_with(end))
}

/// The one number that all of them have.
pub(crate) fn only(ports: &[&PortOf]) -> Option<u32> {
    let numbers: BTreeSet<Option<u32>> = ports.iter().map(|p| p.number).collect();
    match numbers.len() {
        1 => numbers.into_iter().next().flatten(),
        _ => None,
    }
}

pub(crate) fn listed(ports: &[&PortOf]) -> String {
    let numbers: BTreeSet<u32> = ports.iter().filter_map(|p| p.number).collect();
    let numbers: Vec<String> = numbers.into_iter().map(|n| n.to_string()).collect();
    match numbers.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [more @ .., last] => format!("{} and {last}", more.join(", ")),
    }
}

/// Where a process has the number from that it listens on: a constant of the same file, a setting of its own.
fn from_where(cx: &Cx<'_>, port: &PortOf, mut draft: Draft) -> Draft {
    let Some(number) = port.number.filter(|_| port.role == PortRole::Listens).map(|n| n.to_string()) else {
        return draft;
    };
    let says = |text: &str| text.rsplit(':').next().is_some_and(|t| t.trim_end_matches('/') == number);
    for fact in cx.facts(&port.at.path) {
        if let Claim::Constant(constant) = &fact.claim
            && constant.value.as_text().is_some_and(|t| says(&t))
        {
            draft = draft
                .link(&cx.evidence(&port.at.path, fact, fact.claim.to_string()), format!("it is {number} from here"));
        }
    }
    let settings = cx.graph.settings.iter().filter(|s| s.node == port.node && squash(&s.key).contains("port"));
    for setting in settings.filter(|s| s.texts.iter().any(|t| says(t))).take(2) {
        draft = draft.link(&setting.at, format!("`{}` is {number}", setting.key));
    }
    draft
}

/// What a place says of a port, as a clause.
pub(crate) fn said(port: &PortOf) -> String {
    let number = port.number.map_or_else(|| "a port".to_owned(), |n| format!("port {n}"));
    match port.role {
        PortRole::Published => format!("{number} of the machine leads to {} of the container `{}`", port.to, port.host),
        PortRole::Service if port.to.is_empty() => format!("the Service `{}` has {number}", port.host),
        PortRole::Service => format!("the Service `{}` leads {number} to {}", port.host, port.to),
        PortRole::Container => format!("the container `{}` has {number}", port.host),
        PortRole::Exposed => format!("the image exposes {number}"),
        PortRole::Listens => format!("the process listens on {number}"),
    }
}
