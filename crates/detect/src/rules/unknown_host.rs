//! An address whose host nobody declares. See `unknown_host.md`.

use crate::keys::{
    by_node, declared, distance, host, is_address, is_deployed, is_inside, is_of_a_platform, is_ours, nearest, proving,
    squash, stating,
};
use crate::names::{self, Address, Called};
use crate::registry::unregistered;
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Hole};
use seam_graph::{Evidence, NodeKind, SettingOf};
use std::collections::{BTreeMap, BTreeSet};

pub static RULE: Rule = Rule {
    id: "unknown-host",
    group: Group::Environment,
    severity: Severity::Error,
    nursery: false,
    hypothesis: false,
    page: include_str!("unknown_host.md"),
    find,
};

/// Places where one service uses one host.
struct Use<'a> {
    at: &'a Evidence,
    /// The setting's key; empty where code says the host itself.
    key: &'a str,
    call: Option<&'a Evidence>,
    /// Somebody is seen to read the key.
    read: bool,
}

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    nowhere(cx, out);
    renamed(cx, out);
    out.extend(unregistered(cx));
    out.extend(crate::unbalanced::unbalanced(cx));
    // What two ways of looking find is told once.
    let mut told = BTreeSet::new();
    out.retain(|d| told.insert((d.subject.clone(), d.at.path.clone(), d.at.at.line)));
}

/// Hosts that nothing in the workspace is called.
fn nowhere(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let known = declared(cx);
    let is_known = |name: &str| {
        let name = name.to_ascii_lowercase();
        let first = name.split('.').next().unwrap_or(&name);
        known.contains(pod(first)) || known.contains(&name) || known.contains(first) || known.contains(&squash(first))
    };
    let exactly = crate::keys::named(cx);
    let mut fallen: Vec<(usize, String, String, Evidence)> = Vec::new();
    let mut found: BTreeMap<(usize, String), Vec<Use<'_>>> = BTreeMap::new();
    let used = proving(cx.graph);
    let places = places(cx);
    let is_inside = |name: &str| {
        let place = name.split_once('.').map(|(_, place)| place);
        is_inside(name) || place.is_some_and(|place| places.contains(place))
    };
    for (node, keys) in by_node(cx.graph).iter().enumerate().filter(|(n, _)| is_ours(cx.node(*n).kind)) {
        for setting in keys.set.values().flatten() {
            // A value with a variable of the deployment's own has a host once its default is filled in.
            let filled =
                || if let [text] = setting.texts.as_slice() { host(text, is_address(&setting.key)) } else { None };
            let Some((name, _)) = host(&setting.value, is_address(&setting.key)).or_else(filled) else { continue };
            // A program's own configuration says where the others are, too: a name that is nearly one of theirs, beside one that is right.
            let nearly = || {
                let of = |s: &'_ SettingOf| {
                    host(&s.value, false).filter(|_| s.value.contains("://")).map(|(name, _)| name.to_owned())
                };
                let beside = |s: &&SettingOf| {
                    s.at.path == setting.at.path
                        && of(s).is_some_and(|n| cx.graph.node(&n).is_some_and(|n| is_ours(cx.node(n).kind)))
                };
                of(setting).is_some_and(|name| !name.contains('.'))
                    && misspelt(cx, node, name)
                    && keys.set.values().flatten().any(beside)
            };
            // What nobody is seen to read may be a leftover, unless it is nearly a name that is deployed: a framework or a
            // library reads it then.
            let misspelt = || is_address(&setting.key) && !setting.texts.is_empty() && misspelt(cx, node, name);
            // An address by a framework's own key is read by the framework.
            const FRAMEWORKS: [&str; 4] = ["SPRING_", "EUREKA_CLIENT_", "QUARKUS_", "MICRONAUT_"];
            let of_framework = FRAMEWORKS.iter().any(|f| setting.key.starts_with(f));
            let framework = || of_framework && is_address(&setting.key) && is_deployed(setting);
            let read =
                keys.is_read(&setting.key) || used.contains(&(&setting.at.path, setting.at.at.line)) || framework();
            let open = !is_filled_in(name)
                && is_inside(name)
                && (is_deployed(setting) && !is_known(name)
                    || !exactly.contains(&name.to_ascii_lowercase()) && nearly());
            // Whoever writes down a whole address of a program of ours means it to be called.
            let whole = || setting.value.contains("://") && is_address(&setting.key) && !is_of_a_platform(&setting.key);
            let coded = || !cx.node(node).languages.is_empty() && !name.contains('.') && whole();
            // The dearest question last.
            if open && (read || coded() || misspelt()) {
                let of = Use { at: &setting.at, key: &setting.key, call: None, read };
                found.entry((node, name.to_owned())).or_default().push(of);
            }
        }
    }
    for (node, keys) in by_node(cx.graph).iter().enumerate().filter(|(n, _)| is_ours(cx.node(*n).kind)) {
        // What code or configuration falls back on, where no deployment says otherwise.
        let given = |key: &str| keys.set.get(&squash(key)).is_some_and(|sets| sets.iter().any(|s| is_deployed(s)));
        for read in keys.read.values().flatten().filter(|r| !seam_graph::is_test(&r.at.path)) {
            let Some(default) = read.default.as_deref().filter(|d| d.starts_with("http")) else { continue };
            let Some((name, _)) = host(default, true).filter(|(name, _)| !name.contains('.')) else { continue };
            if is_address(&read.key) && is_inside(name) && !is_known(name) && !is_filled_in(name) && !given(&read.key) {
                let of = Use { at: &read.at, key: &read.key, call: None, read: false };
                found.entry((node, name.to_owned())).or_default().push(of);
            }
        }
    }
    // The same for what a profile's own configuration falls back on for a route or a declared client.
    for (node, keys) in by_node(cx.graph).iter().enumerate().filter(|(n, _)| is_ours(cx.node(*n).kind)) {
        for (path, fact) in cx.own_facts(node).filter(|(path, _)| !seam_graph::is_test(path)) {
            let target = match &fact.claim {
                Claim::Route(route) => &route.target,
                Claim::Call(call) => &call.target,
                _ => continue,
            };
            let Some(Hole::Env { name: key, default } | Hole::Config { key, default }) =
                target.holes().into_iter().next()
            else {
                continue;
            };
            let Some(default) = default.as_ref().and_then(|d| d.as_text()) else { continue };
            let given = keys.set.get(&squash(key)).is_some_and(|sets| sets.iter().any(|s| is_deployed(s)));
            let Some((name, Some(_))) = host(&default, false).filter(|(name, _)| !name.contains('.')) else { continue };
            if !given && is_inside(name) && !is_known(name) && !is_filled_in(name) {
                let at = cx.evidence(path, fact, seam_facts::format_smolstr!("{}", fact.claim));
                fallen.push((node, name.to_owned(), key.to_string(), at));
            }
        }
    }
    for (node, name, key, at) in &fallen {
        let uses = found.entry((*node, name.clone())).or_default();
        if !uses.iter().any(|u| u.at.path == at.path && u.at.at.line == at.at.line) {
            uses.push(Use { at, key, call: None, read: false });
        }
    }
    for open in &cx.graph.unresolved {
        let Some(name) = open.why.strip_prefix("no service, alias or external is called `") else { continue };
        let name = name.trim_end_matches('`');
        // A name in capitals, or in brackets, is a place to fill in.
        let filled = open.value.contains(name) && !is_filled_in(name);
        if is_ours(cx.node(open.node).kind) && filled && is_inside(name) && !is_known(name) {
            let uses = found.entry((open.node, name.to_owned())).or_default();
            match uses.iter_mut().find(|u| !u.key.is_empty()) {
                Some(set) => set.call = Some(&open.at),
                None => uses.push(Use { at: &open.at, key: "", call: None, read: true }),
            }
        }
    }
    let set = cx.graph.settings.iter().filter(|s| is_deployed(s)).map(|s| s.node);
    let (composed, cluster) = (names::compose(cx), names::Cluster::new(cx));
    let named = composed.values().flat_map(|f| f.nodes.keys()).chain(cluster.nodes.keys()).copied();
    let deployed: BTreeSet<usize> = set.chain(named).collect();
    for ((node, name), uses) in found {
        let Some(first) = uses.first() else { continue };
        let service = cx.name(node);
        let names = || cx.graph.nodes.iter().map(|n| n.name.as_str()).filter(|n| *n != service);
        let near = nearest(&name, names());
        let by = if first.key.is_empty() { String::new() } else { format!(", which `{}` names", first.key) };
        let message = format!("`{service}` calls the host `{name}`{by}, and nothing in the workspace is called so");
        let mut draft = Draft::new(format!("{service} {name}"), first.at, message)
            .why(format!(
                "Resolving `{name}` fails in every deployment that is declared here, so each request to it fails at once{}.",
                near.map(|n| format!("; `{n}` is deployed")).unwrap_or_default()
            ))
            .about([cx.node(node).key.clone()])
            .help(match near {
                Some(near) => format!("call `{near}`, or declare `{name}`"),
                None => format!("declare `{name}` in the deployment, or under `[externals]` in `seam.toml` if it runs elsewhere"),
            });
        if uses.iter().all(|u| !u.read) {
            let sure = if misspelt(cx, node, &name) { Severity::Warning } else { Severity::Note };
            draft = draft.severity(sure).open(format!("who reads `{}`", first.key));
        }
        if let Some(namespace) = namespace(&name) {
            // What is installed in a cluster besides, from a chart of somebody else, is often declared nowhere else.
            draft = draft.severity(Severity::Note).open(format!("what else runs in the namespace `{namespace}`"));
        } else if !deployed.contains(&node) {
            draft = draft.severity(Severity::Note).open(format!("how `{service}` is deployed"));
        }
        for of in &uses {
            let says = if of.key.is_empty() {
                format!("`{service}` calls `{name}`")
            } else {
                format!("`{}` is set to an address at `{name}`", of.key)
            };
            draft = draft.link(of.at, says);
            let reads = cx.graph.reads.iter().filter(|r| r.node == node && squash(&r.key) == squash(of.key));
            for read in reads.take(2) {
                draft = draft.link(&read.at, format!("`{service}` reads `{}`", read.key));
            }
            if let Some(call) = of.call {
                draft = draft.link(call, format!("`{service}` calls `{name}`"));
            }
        }
        // What is made from something of this name is most likely meant.
        for (called, at) in composed.values().filter_map(|f| f.called(usize::MAX, &name)).flatten().take(2) {
            draft = draft.link(at, format!("what is made from `{name}` is called `{called}` here"));
        }
        // With two lines to change, changing one would only move the fault; where nobody is seen to use it, it may be meant so.
        if let ([only], Some(near), true) = (uses.as_slice(), near, draft.chain.len() > 1) {
            draft.fix = mended(only, &name, near);
        }
        out.push(draft);
    }
}

/// Namespaces of a cluster that addresses of this system say in short (`orders.shop`): the name before is a service's.
fn places<'a>(cx: &Cx<'a>) -> BTreeSet<&'a str> {
    const PUBLIC: [&str; 12] = ["com", "org", "net", "io", "dev", "app", "co", "cloud", "ai", "me", "info", "internal"];
    let ours = |name: &str| cx.graph.node(name).is_some_and(|n| is_ours(cx.node(n).kind));
    let said = cx.graph.settings.iter().filter_map(|s| host(&s.value, is_address(&s.key)));
    let split = said.filter_map(|(name, _)| name.split_once('.'));
    split
        .filter(|(first, place)| !place.contains('.') && !PUBLIC.contains(place) && ours(first))
        .map(|(_, p)| p)
        .collect()
}

/// Whether a name is a place to fill in: a word in capitals.
fn is_filled_in(name: &str) -> bool {
    !name.chars().any(|c| c.is_ascii_lowercase())
}

/// Whether a name is that of a node with something more at its end, or with a letter or two that differ.
fn misspelt(cx: &Cx<'_>, node: usize, name: &str) -> bool {
    // `orders-db` is not `orders` under another name.
    const KINDS: [&str; 12] = [
        "db", "database", "postgres", "mysql", "mongo", "mongodb", "redis", "cache", "mq", "queue", "kafka", "rabbitmq",
    ];
    let name = name.to_ascii_lowercase();
    cx.graph.nodes.iter().enumerate().filter(|(n, it)| *n != node && it.kind != NodeKind::External).any(|(_, it)| {
        let other = it.name.to_ascii_lowercase();
        let more = name
            .strip_prefix(&other)
            .is_some_and(|r| r.starts_with(['-', '_']) && !KINDS.iter().any(|k| r[1..].starts_with(k)));
        other.len() > 2
            && (more || other.len() > 5 && other.len().abs_diff(name.len()) <= 2 && distance(&name, &other) <= 2)
    })
}

/// The namespace of a cluster that a name says: `db.shop.svc`, `db.shop.svc.cluster.local`.
fn namespace(name: &str) -> Option<&str> {
    let mut parts = name.split('.').skip(1);
    let namespace = parts.next()?;
    (parts.next() == Some("svc")).then_some(namespace)
}

/// The stateful set of a pod: `db-0` is one of `db`.
fn pod(name: &str) -> &str {
    name.rsplit_once('-').filter(|(_, n)| n.chars().all(|c| c.is_ascii_digit())).map_or(name, |(set, _)| set)
}

/// The line of a setting with the host that was meant.
fn mended(of: &Use<'_>, name: &str, near: &str) -> Option<crate::Fix> {
    let (_, value) = of.at.says.split_once(" = ").filter(|(_, value)| !of.key.is_empty() && value.contains(name))?;
    let slashes = if value.contains(&format!("//{name}")) { "//" } else { "" };
    let text = |host: &str| seam_facts::format_smolstr!("{slashes}{host}");
    let (path, line) = (of.at.path.clone(), of.at.at.line);
    Some(crate::Fix { path, line, from: text(name), to: text(near), says: format!("call `{near}`") })
}

/// One use of a name that a deployment does not have, and the names that it has for what is meant.
struct Renamed<'a> {
    to: usize,
    address: Address<'a>,
    /// Where it is called otherwise: `compose.yaml`, `the cluster`.
    place: String,
    called: Called<'a>,
}

/// Hosts that are something's name elsewhere, but not in the deployment where caller and callee both are.
fn renamed(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let (files, cluster, all) = (names::compose(cx), names::Cluster::new(cx), by_node(cx.graph));
    let (registered, stating) = (names::registered(cx), stating(cx.graph));
    let mut found: BTreeMap<(usize, String), Vec<Renamed<'_>>> = BTreeMap::new();
    for (from, keys) in all.iter().enumerate().filter(|(n, _)| is_ours(cx.node(*n).kind)) {
        let edges = || cx.outgoing(from).iter().map(|e| cx.edge(*e));
        let callees: BTreeSet<usize> = edges().map(|e| e.to).collect();
        // Who is meant by a name is known from what it proves, where the name itself is nobody's.
        let proves = |at: &Evidence| {
            let here = |p: &Evidence| p.path == at.path && p.at.line == at.at.line;
            let mut to: Vec<usize> = edges().filter(|e| e.proof.iter().any(here)).map(|e| e.to).collect();
            to.dedup();
            if let [one] = to.as_slice() { Some(*one) } else { None }
        };
        for address in names::addresses(cx, from, keys, &stating) {
            let first = address.host.split('.').next().unwrap_or(address.host);
            // Who asks a registry or a sidecar gives no port.
            if address.port.is_none() && registered.contains(&first.to_ascii_lowercase()) {
                continue;
            }
            let sure = address.deployed || address.port.is_some();
            let to = cx.graph.node(first).or_else(|| proves(&address.at).filter(|_| sure));
            let Some(to) = to.filter(|to| *to != from && callees.contains(to)) else { continue };
            let mut add = |place: String, called| {
                let (host, address) = (address.host.to_owned(), address.clone());
                found.entry((from, host)).or_default().push(Renamed { to, address, place, called });
            };
            // Compose knows no namespaces: a host with dots is an alias in full.
            for (path, file) in &files {
                let here = !address.deployed || address.at.path == **path;
                let over = || !address.deployed && names::is_overridden(keys, address.key, &["compose", "dotenv"]);
                if let Some(called) = file.called(to, address.host)
                    && here
                    && file.nodes.contains_key(&from)
                    && !file.knows(address.host)
                    && !seam_graph::is_test(path)
                    && !over()
                {
                    add(format!("in `{path}`"), called.clone());
                }
            }
            const CLUSTER: &[&str] = &["kubernetes", "kustomize", "helm"];
            // What configuration says need not hold in a cluster; what code says does, and what the cluster's files say.
            let code = address.key.is_empty() && address.port.is_some();
            let deployed = code || address.deployed && CLUSTER.contains(&address.at.by.as_str());
            let lives =
                || cx.graph.ports.iter().any(|p| p.node == from && p.deployment.is_some_and(names::is_clustered));
            if let Some(called) = cluster.nodes.get(&to)
                && deployed
                && !cluster.knows(first)
                && !cluster.knows(pod(first))
                && lives()
            {
                add("in the cluster".to_owned(), called.clone());
            }
        }
    }
    for ((from, host), uses) in found {
        let Some(first) = uses.first() else { continue };
        let (caller, callee) = (cx.name(from), cx.name(first.to));
        let called: BTreeSet<String> = first.called.iter().map(|(n, _)| format!("`{n}`")).collect();
        let called = called.into_iter().collect::<Vec<_>>().join(" or ");
        let message = format!("`{caller}` calls the host `{host}`, which is called {called} {}", first.place);
        let more: BTreeSet<&str> = uses.iter().map(|u| u.place.as_str()).filter(|p| *p != first.place).collect();
        let more = if more.is_empty() {
            String::new()
        } else {
            format!(", and others {}", more.into_iter().collect::<Vec<_>>().join(", "))
        };
        let mut draft = Draft::new(format!("{caller} {host}"), &first.address.at, message)
            .why(format!(
                "`{callee}` runs {} beside `{caller}`, and nothing there answers to `{host}`: resolving the name fails, and with it every request{more}.",
                first.place
            ))
            .about([cx.node(from).key.clone(), cx.node(first.to).key.clone()])
            .help(format!("call {called}, or give `{callee}` the alias `{host}` there"));
        for of in uses.iter().take(4) {
            let says = if of.address.key.is_empty() {
                format!("`{caller}` calls `{host}`")
            } else {
                format!("`{}` is an address at `{host}`", of.address.key)
            };
            draft = draft.link(&of.address.at, says);
            for (name, at) in of.called.iter().take(2) {
                draft = draft.link(at, format!("`{}` is called `{name}` here", cx.name(of.to)));
            }
        }
        out.push(draft);
    }
}
