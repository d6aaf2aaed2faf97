//! Addresses that say no port: `http://stock` means 80. A part of `port-mismatch`.
//!
//! Invariant: where names stand for a registry or a sidecar, such an address says nothing of ports; only where its file has another
//! like it, and that one's deployment has 80 open, is the port taken from it.

use crate::keys::{Keys, host, is_address, is_ours};
use crate::ports::Doors;
use crate::told::told_by;
use crate::{Cx, Draft};
use seam_facts::SmolStr;
use seam_graph::{Certainty, Evidence, PortRole, SettingOf};
use std::collections::{BTreeMap, BTreeSet};

struct Implied<'a> {
    from: usize,
    to: usize,
    setting: &'a SettingOf,
}

pub(crate) fn implied(cx: &Cx<'_>, doors: &Doors<'_>, all: &[Keys<'_>], out: &mut Vec<Draft>) {
    let mut files: BTreeMap<&SmolStr, Vec<Implied<'_>>> = BTreeMap::new();
    for (from, keys) in all.iter().enumerate().filter(|(n, _)| is_ours(cx.node(*n).kind)) {
        for setting in keys.set.values().flatten().copied() {
            let [text] = setting.texts.as_slice() else { continue };
            let Some(rest) = text.strip_prefix("http://") else { continue };
            let Some((name, None)) = host(text, is_address(&setting.key)).filter(|_| !rest.contains(':')) else {
                continue;
            };
            let Some(to) = cx.graph.node(name).filter(|to| *to != from && is_ours(cx.node(*to).kind)) else { continue };
            files.entry(&setting.at.path).or_default().push(Implied { from, to, setting });
        }
    }
    let mut told = BTreeSet::new();
    for addresses in files.values() {
        let opens = |to: usize| opens(cx, doors, all, to);
        let right = addresses.iter().find(|a| opens(a.to).is_some_and(|(ports, _)| ports.contains(&80)));
        let Some(right) = right else { continue };
        for address in addresses {
            let Some((ports, at)) = opens(address.to).filter(|(ports, _)| !ports.contains(&80)) else { continue };
            if !told.insert((address.from, address.to)) {
                continue;
            }
            let (caller, callee) = (cx.name(address.from), cx.name(address.to));
            let numbers: Vec<String> = ports.iter().map(ToString::to_string).collect();
            let numbers = numbers.join(" and ");
            let key = &address.setting.key;
            out.push(
                Draft::new(
                    format!("{caller} {callee} {key} implied"),
                    &at,
                    format!("`{callee}` is told to listen on {numbers}, and `{caller}` dials it at 80 (`{key}`)"),
                )
                .why("An address without a port means 80; nothing listens there, so connecting is refused.")
                .about([cx.node(address.to).key.clone(), cx.node(address.from).key.clone()])
                .certainty(Certainty::Inferred)
                .help(format!("let `{callee}` listen on 80, or say the port in `{key}`"))
                .link(&at, format!("`{callee}` listens on {numbers}"))
                .link(&address.setting.at, format!("`{caller}` dials `{callee}` without a port"))
                .link(&right.setting.at, format!("`{}` is dialled so, and listens on 80", cx.name(right.to))),
            );
        }
    }
}

/// What a service is known to have open, and who says so: by a setting of its deployment that tells it, where nothing else says more.
fn opens(cx: &Cx<'_>, doors: &Doors<'_>, all: &[Keys<'_>], node: usize) -> Option<(BTreeSet<u32>, Evidence)> {
    let told = told_by(cx, node, &all[node]);
    let mut ports: BTreeSet<u32> = told.values().map(|(_, n)| *n).collect();
    let at = told.values().next().map(|(s, _)| s.at.clone())?;
    // A Service or a mapping leads 80 elsewhere.
    for door in doors.of(node).filter(|p| matches!(p.role, PortRole::Service | PortRole::Container)) {
        ports.insert(door.number?);
    }
    Some((ports, at))
}
