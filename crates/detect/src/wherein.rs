//! Virtual hosts of a broker: who asks for another one than all others meets nobody there. A part of `setting-drift`.
//!
//! Invariant: one service says another virtual host than at least two others, which agree, or than the broker is told to make, which
//! another one agrees with; several that differ are a design.

use crate::drift::is_masked;
use crate::keys::{Keys, host, is_address, is_ours, squash};
use crate::{Cx, Draft, Severity};
use seam_facts::System;
use seam_graph::{Certainty, SettingOf, is_test};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn hosts(cx: &Cx<'_>, all: &[Keys<'_>], out: &mut Vec<Draft>) {
    const MADE: [&str; 2] = ["RABBITMQ_DEFAULT_VHOST", "RABBITMQ_VHOST"];
    type Clients<'a> = BTreeMap<usize, Vec<(String, &'a SettingOf)>>;
    let mut brokers: BTreeMap<usize, Clients<'_>> = BTreeMap::new();
    for (node, keys) in all.iter().enumerate().filter(|(n, _)| is_ours(cx.node(*n).kind)) {
        for setting in keys.set.values().flatten().copied().filter(|s| !is_test(&s.at.path)) {
            let [text] = setting.texts.as_slice() else { continue };
            let Some((to, place)) = address(cx, &setting.key, text) else { continue };
            brokers.entry(to).or_default().entry(node).or_default().push((place, setting));
        }
    }
    for (broker, clients) in brokers {
        let made = MADE.iter().filter_map(|k| all[broker].set.get(&squash(k))).flatten().copied();
        let made: Vec<&SettingOf> = made.filter(|s| !s.texts.iter().any(|t| is_masked(t))).collect();
        let named: BTreeSet<&str> = made.iter().flat_map(|s| s.texts.iter().map(|t| t.as_str())).collect();
        // Whose places all agree.
        let one = |places: &Vec<(String, &SettingOf)>| places.iter().all(|(p, _)| *p == places[0].0);
        let mut by_place: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        clients.iter().filter(|(_, p)| one(p)).for_each(|(n, p)| by_place.entry(&p[0].0).or_default().push(*n));
        let usual = by_place.iter().max_by_key(|(_, n)| n.len()).map(|(p, n)| (*p, n.clone()));
        let Some((usual, fellows)) = usual else { continue };
        let known = named.len() == 1 && named.contains(usual);
        let mut apart = clients.iter().filter(|(_, places)| places.iter().any(|(p, _)| p != usual));
        let (Some((node, places)), None) = (apart.next(), apart.next()) else { continue };
        let Some((place, setting)) = places.iter().find(|(p, _)| p != usual) else { continue };
        if !(fellows.len() > 1 || known && !fellows.is_empty()) || named.contains(place.as_str()) {
            continue;
        }
        let (service, of) = (cx.name(*node), cx.name(broker));
        let fellow = fellows[0];
        let its = clients[&fellow][0].1;
        let mut draft = Draft::new(
            format!("{service} {of} virtual host"),
            &setting.at,
            format!("`{service}` asks `{of}` for the virtual host `{place}`, and everybody else for `{usual}`"),
        )
        .why("What is sent in one virtual host is never seen in another, and one that nobody made is refused.")
        .about([cx.node(*node).key.clone(), cx.node(broker).key.clone()])
        .certainty(Certainty::Inferred)
        .severity(Severity::Warning)
        .help(format!("ask for `{usual}`"))
        .link(&setting.at, format!("`{service}` says `{place}`"))
        .link(&its.at, format!("`{}` says `{usual}`", cx.name(fellow)));
        if let Some(made) = made.first() {
            draft = draft.link(&made.at, format!("`{of}` is told to make `{usual}`"));
        }
        out.push(draft);
    }
}

/// The broker that an address is of, and the virtual host that it asks for.
fn address(cx: &Cx<'_>, key: &str, text: &str) -> Option<(usize, String)> {
    let (scheme, rest) = text.split_once("://")?;
    if !matches!(scheme, "amqp" | "amqps") {
        return None;
    }
    let (name, _) = host(text, is_address(key))?;
    let to = cx.graph.node(name).filter(|n| cx.node(*n).system == Some(System::Rabbit))?;
    let place = rest.split_once('/').map_or("", |(_, place)| place).split(['?', '#']).next().unwrap_or_default();
    let place = match place {
        "" | "/" | "%2F" | "%2f" => "/",
        other => other,
    };
    place.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '$' | '{')).then(|| (to, place.to_owned()))
}
