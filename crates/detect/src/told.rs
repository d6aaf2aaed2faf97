//! Ports that a deployment tells a process to listen on by a setting: what is open then, whatever its image exposes or its code
//! would open without that.
//!
//! Invariant: one file of a deployment tells one such port, by a key that the code reads or the framework takes.

use crate::keys::{Keys, is_deployed, squash};
use crate::ports::Doors;
use crate::rules::port_mismatch::{Dialled, Network, Wrong, dialled, listed, network, only, said};
use crate::{Cx, Draft, Severity};
use seam_facts::{Claim, Hole, SettingScope, SmolStr};
use seam_graph::{PortOf, PortRole, SettingOf};
use std::collections::{BTreeMap, BTreeSet};

/// Settings by which one file of a deployment tells a process what to listen on, by that file: the only such of it, with its number.
pub(crate) fn told_by<'a>(cx: &Cx<'_>, node: usize, keys: &Keys<'a>) -> BTreeMap<&'a SmolStr, (&'a SettingOf, u32)> {
    const KEYS: [&str; 5] = ["PORT", "SERVER_PORT", "HTTP_PORT", "APP_PORT", "LISTEN_PORT"];
    const DOTNET: [&str; 2] = ["ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS"];
    let of = |language: &str| cx.node(node).languages.iter().any(|l| l == language);
    let framework =
        |key: &str| DOTNET.contains(&key) && of("C#") || key == "SERVER_PORT" && (of("Java") || of("Kotlin"));
    let number = |text: &str| text.rsplit(':').next()?.trim_end_matches('/').trim().parse::<u32>().ok();
    let mut out: BTreeMap<&SmolStr, Vec<(&SettingOf, Option<u32>)>> = BTreeMap::new();
    let listened = listened(cx, node);
    for setting in keys.set.values().flatten().filter(|s| is_deployed(s) && network(&s.at) != Network::Any) {
        let key = setting.key.as_str();
        let read = || keys.read.contains_key(&squash(key));
        if framework(key) || (KEYS.contains(&key) || listened.contains(&squash(key))) && read() {
            let text = if let [text] = setting.texts.as_slice() { number(text) } else { None };
            out.entry(&setting.at.path).or_default().push((setting, text));
        }
    }
    let one = |(path, all): (_, Vec<(&'a SettingOf, Option<u32>)>)| match all.as_slice() {
        [(setting, Some(number))] => Some((path, (*setting, *number))),
        _ => None,
    };
    out.into_iter().filter_map(one).collect()
}

/// Variables that the code's own words for what it listens on are made of.
fn listened(cx: &Cx<'_>, node: usize) -> BTreeSet<String> {
    const LISTENS: [&str; 4] = ["listen", "server.port", "quarkus.http.port", "micronaut.server.port"];
    let of = |fact: &seam_facts::Fact| match &fact.claim {
        Claim::Setting(s) if s.scope == SettingScope::App && LISTENS.contains(&s.key.as_str()) => {
            let names = s.value.holes().into_iter().filter_map(|hole| match hole {
                Hole::Env { name: key, .. } | Hole::Config { key, .. } => Some(squash(key)),
                _ => None,
            });
            names.collect::<Vec<_>>()
        }
        _ => Vec::new(),
    };
    cx.own_facts(node).filter(|(path, _)| !seam_graph::is_test(path)).flat_map(|(_, fact)| of(fact)).collect()
}

/// A deployment tells the process to listen on one port, and forwards to another.
pub(crate) fn told(cx: &Cx<'_>, doors: &Doors<'_>, (node, keys): (usize, &Keys<'_>), out: &mut Vec<Draft>) {
    for (path, (setting, number)) in told_by(cx, node, keys) {
        let of = |p: &&PortOf| p.role == PortRole::Container && p.at.path == *path;
        let declared: Vec<&PortOf> = doors.of(node).filter(of).collect();
        let Some(container) = only(&declared).filter(|c| *c != number) else { continue };
        // Another server of the same program may have it.
        let bare = |t: &str| {
            let any = ["http://", "https://", "0.0.0.0", "+", "*", ":"];
            any.iter().fold(t.to_owned(), |t, start| t.strip_prefix(start).map_or(t.clone(), ToOwned::to_owned))
        };
        let says = |s: &SettingOf| s.texts.iter().any(|t| bare(t).parse() == Ok(container));
        if keys.set.values().flatten().any(|s| s.at.path == *path && s.key != setting.key && says(s)) {
            continue;
        }
        let (name, key) = (cx.name(node), &setting.key);
        let message =
            format!("`{name}` is told to listen on {number} (`{key}`), and its deployment forwards to {container}");
        let mut draft = Draft::new(format!("told {name} {key}"), &setting.at, message)
            .why(format!(
                "`{path}` gives the process the port {number}: nothing listens on {container} in its container, so each connection \
                 through the deployment's port is refused."
            ))
            .about([cx.node(node).key.clone()])
            .help(format!("forward to {number}, or set `{key}` to {container}"))
            .severity(Severity::Warning)
            .link(&setting.at, format!("`{key}` is {number}"));
        for port in declared.iter().take(2) {
            draft = draft.link(&port.at, said(port));
        }
        let dials = |d: &Dialled<'_>| d.to == node && d.port == container;
        for address in dialled(cx).iter().filter(|d| dials(d)).take(2) {
            draft = draft.link(&address.at, format!("`{}` dials {container}", cx.name(address.from)));
        }
        out.push(draft);
    }
}

/// Every compose file tells the process one port and forwards to that: another is open nowhere, whatever its image exposes or its
/// code would open without that.
pub(crate) fn told_otherwise<'a>(
    cx: &Cx<'_>,
    doors: &Doors<'a>,
    keys: &Keys<'_>,
    address: &Dialled<'_>,
) -> Option<Wrong<'a>> {
    if network(&address.at) == Network::Cluster {
        return None;
    }
    let told = told_by(cx, address.to, keys);
    let numbers: BTreeSet<u32> = told.values().map(|(_, number)| *number).collect();
    let all: Vec<&PortOf> = doors.of(address.to).collect();
    let open: Vec<&PortOf> = all.iter().filter(|p| p.role == PortRole::Container).copied().collect();
    let composed = open.iter().filter(|p| p.at.by == "compose");
    let agrees = |p: &&PortOf| told.get(&p.at.path).is_some_and(|(_, n)| p.number == Some(*n));
    let open_there = |p: &&PortOf| {
        !matches!(p.role, PortRole::Exposed | PortRole::Listens) && p.number.is_none_or(|n| n == address.port)
    };
    let first = address.host.split('.').next().unwrap_or(&address.host);
    let clustered = all.iter().any(|p| p.role == PortRole::Service && p.host.eq_ignore_ascii_case(first));
    if numbers.is_empty()
        || numbers.contains(&address.port)
        || !composed.clone().all(&agrees)
        || all.iter().any(|p| open_there(p) && p.at.by == "compose")
        || clustered && network(&address.at) == Network::Any && all.iter().any(open_there)
    {
        return None;
    }
    let open: Vec<&PortOf> = composed.copied().collect();
    let listed = listed(&open);
    let help = format!("dial {listed}, which the deployment tells `{}` to listen on", cx.name(address.to));
    (!open.is_empty()).then_some(Wrong { open, beside: None, default: None, help })
}
