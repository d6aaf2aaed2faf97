//! Two services that write one table. See `shared_table.md`.

use crate::stored::{Databases, is_aside, stem};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Write, WriteKind};
use seam_graph::{Certainty, Evidence, NodeKind};
use std::collections::BTreeMap;

pub static RULE: Rule = Rule {
    id: "shared-table",
    group: Group::Contract,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: false,
    page: include_str!("shared_table.md"),
    find,
};

/// The places where each service writes one table.
type Writers<'a> = BTreeMap<usize, Vec<(Evidence, &'a Write)>>;

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    // What the table is called by its first writer, and the places where each service writes it.
    let mut tables: BTreeMap<String, Writers<'_>> = BTreeMap::new();
    for (node, _) in cx.graph.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Service) {
        for (path, fact) in cx.own_facts(node) {
            let Claim::Write(write) = &fact.claim else { continue };
            let known = cx.writes().get(&(path.as_str(), write.within.as_str()));
            if !known.is_some_and(|all| all.iter().any(|(_, w)| std::ptr::eq(*w, write))) {
                continue;
            }
            if write.name.len() < 3 || is_aside(path) || is_technical(&write.name) || write.name.contains(['{', '(']) {
                continue;
            }
            let at = cx.evidence(path, fact, verb(write.kind));
            tables.entry(stem(&write.name)).or_default().entry(node).or_default().push((at, write));
        }
    }
    tables.retain(|_, writers| writers.len() > 1);
    if tables.is_empty() {
        return;
    }
    let databases = Databases::new(cx);
    for writers in tables.values() {
        let nodes: Vec<usize> = writers.keys().copied().collect();
        let mut told: Vec<usize> = Vec::new();
        for (i, first) in nodes.iter().enumerate() {
            if told.contains(first) {
                continue;
            }
            let mut group = vec![*first];
            let mut store = None;
            for other in &nodes[i + 1..] {
                // One code base that is deployed twice is one owner.
                let one = |n: &usize| same_code(cx, *n, *other);
                if group.iter().any(one) {
                    continue;
                }
                if let Some(found) = databases.shared(*first, *other) {
                    store = Some(found);
                    group.push(*other);
                }
            }
            if let (Some(store), true) = (store, group.len() > 1) {
                told.extend(&group);
                out.push(draft(cx, store, &group, writers));
            }
        }
    }
}

fn draft(cx: &Cx<'_>, store: usize, group: &[usize], writers: &Writers<'_>) -> Draft {
    let first = &writers[&group[0]][0];
    let table = table_name(group, writers);
    let names: Vec<String> = group.iter().map(|n| format!("`{}`", cx.name(*n))).collect();
    let all = names.join(" and ");
    let mut draft = Draft::new(
        format!("{} {} {}", cx.name(store), stem(&table), group.iter().map(|n| cx.name(*n)).collect::<Vec<_>>().join(" ")),
        &first.0,
        format!("{all} write one table, `{table}` of `{}`", cx.name(store)),
    )
    .why(format!(
        "No service can change `{table}` alone, and each must know the other's rules: what {} checks before it writes, {} does \
         not. An update of one overwrites the other's without either noticing.",
        names[0], names[1]
    ))
    .help(format!("let one service own `{table}`, and the others ask it or send it a message"))
    .about(group.iter().map(|n| cx.node(*n).key.clone()))
    .certainty(Certainty::Inferred);
    for node in group {
        for (at, write) in writers[node].iter().take(2) {
            draft = draft.link(at, format!("`{}` {} `{}`", cx.name(*node), verb(write.kind), write.name));
        }
    }
    draft
}

/// The name that an SQL statement gives, or else the first.
fn table_name(group: &[usize], writers: &Writers<'_>) -> String {
    let all = || group.iter().flat_map(|n| &writers[n]).map(|(_, w)| w.name.as_str());
    all().find(|n| !n.contains(char::is_uppercase)).or_else(|| all().next()).unwrap_or_default().to_owned()
}

fn verb(kind: WriteKind) -> &'static str {
    match kind {
        WriteKind::Insert => "inserts into",
        WriteKind::Upsert => "upserts into",
        WriteKind::Set | WriteKind::Add => "updates",
        WriteKind::Delete => "deletes from",
        WriteKind::Save => "saves to",
    }
}

fn same_code(cx: &Cx<'_>, a: usize, b: usize) -> bool {
    let (a, b) = (cx.node(a), cx.node(b));
    a.own.iter().any(|p| b.own.contains(p)) || !a.roots.is_empty() && a.roots == b.roots
}

/// Tables that every service has one of by the same name.
fn is_technical(table: &str) -> bool {
    let name = stem(table);
    [
        "outbox",
        "inbox",
        "migration",
        "lock",
        "eventstore",
        "event",
        "saga",
        "snapshot",
        "session",
        "integrationeventlog",
        "processedmessage",
    ]
    .iter()
    .any(|w| name.ends_with(w))
}
