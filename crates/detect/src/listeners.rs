//! Brokers that send their clients elsewhere: Kafka tells whoever connects at one of its listeners which address to go on with, and
//! that address is this machine for whoever runs in another container.
//!
//! Invariant: said only where the broker's own settings name the listener behind the dialled port and what it advertises, and every
//! deployment of the broker that the client may mean says so.

use crate::keys::{Keys, by_node, squash};
use crate::rules::port_mismatch::{Dialled, Network, dialled, network};
use crate::{Cx, Draft, Severity};
use seam_graph::SettingOf;

/// `NAME://host:port`, as lists of listeners have it.
struct Listener<'a> {
    name: &'a str,
    host: &'a str,
    port: u32,
}

fn entries(text: &str) -> Vec<Listener<'_>> {
    let one = |entry: &'_ str| -> Option<(usize, usize, u32)> {
        let (name, rest) = entry.split_once("://")?;
        let (host, port) = rest.trim_end_matches('/').rsplit_once(':')?;
        Some((name.len(), host.len(), port.trim().parse().ok()?))
    };
    let parts = text.split(',').map(str::trim);
    parts
        .filter_map(|entry| {
            let (name, host, port) = one(entry)?;
            Some(Listener { name: &entry[..name], host: &entry[name + 3..name + 3 + host], port })
        })
        .collect()
}

pub(crate) fn listeners(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let all = by_node(cx.graph);
    let mut told = std::collections::BTreeSet::new();
    for address in dialled(cx) {
        let at = &address.at;
        // Where the client runs beside the broker: its deployment says so.
        if network(at) == Network::Any || !told.insert((address.from, at.path.clone(), at.at.line, address.port)) {
            continue;
        }
        if let Some(draft) = misled(cx, &all[address.to], &address) {
            out.push(draft);
        }
    }
}

fn misled(cx: &Cx<'_>, keys: &Keys<'_>, address: &Dialled<'_>) -> Option<Draft> {
    let of = |ends: &str, not: &str| -> Vec<&SettingOf> {
        let found = keys.set.iter().filter(|(k, _)| k.ends_with(ends) && (not.is_empty() || !k.ends_with(not)));
        let found: Vec<&SettingOf> = found.flat_map(|(_, s)| s.iter().copied()).collect();
        let here: Vec<&SettingOf> = found.iter().copied().filter(|s| s.at.path == address.at.path).collect();
        if here.is_empty() { found } else { here }
    };
    let advertised = of(&squash("advertised.listeners"), "");
    let bound = of("listeners", &squash("advertised.listeners"));
    let (from, to) = (cx.name(address.from), cx.name(address.to));
    let mut first: Option<(&SettingOf, String)> = None;
    for setting in &advertised {
        let [text] = setting.texts.as_slice() else { return None };
        let says = entries(text);
        // By the port that is bound, or else by the one that is advertised.
        let by_port = bound.iter().filter_map(|b| b.texts.first()).flat_map(|t| entries(t));
        let name = by_port.filter(|l| l.port == address.port).map(|l| l.name.to_owned()).next();
        let meant = match &name {
            Some(name) => says.iter().find(|l| l.name.eq_ignore_ascii_case(name)),
            None => says.iter().find(|l| l.port == address.port),
        }?;
        if !matches!(meant.host, "localhost" | "127.0.0.1" | "0.0.0.0" | "::1") {
            return None;
        }
        first.get_or_insert((setting, format!("{}:{}", meant.host, meant.port)));
    }
    let (setting, shown) = first?;
    let better = setting.texts.first().map(|t| entries(t)).unwrap_or_default();
    let better = better.iter().find(|l| !matches!(l.host, "localhost" | "127.0.0.1" | "0.0.0.0" | "::1" | ""));
    let draft = Draft::new(
        format!("listener {from} {to} {}", address.port),
        &address.at,
        format!("`{from}` dials `{to}` at port {}, where `{to}` sends it on to `{shown}`", address.port),
    )
    .why(format!(
        "A client asks the first address whom to talk to, and goes on with what `{to}` advertises for that listener. `{shown}` is the \
         client's own container: nothing of `{from}` is ever published or taken, though the first connection succeeds."
    ))
    .about([cx.node(address.from).key.clone(), cx.node(address.to).key.clone()])
    .severity(Severity::Warning)
    .link(&address.at, format!("`{from}` dials port {}", address.port))
    .link(&setting.at, format!("`{to}` advertises `{shown}` for it"));
    Some(match better {
        Some(l) => draft.help(format!("dial `{}:{}`, which `{to}` advertises to its network", l.host, l.port)),
        None => draft.help(format!("advertise an address that `{from}` can reach")),
    })
}
