//! Two services that write one table. See `shared_table.md`.

use crate::stored::{Databases, is_aside, stem};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Write, WriteKind};
use seam_graph::{Certainty, EdgeKind, Evidence, NodeKind};
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
    foreign(cx, out);
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

/// Tables that a service writes in another's database, which it names before them (`orders.invoices`).
fn foreign(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut told = std::collections::BTreeSet::new();
    let plain = |n: &str| n.len() > 2 && n.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    for (node, it) in cx.graph.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Service) {
        for (path, fact) in cx.own_facts(node).filter(|(path, _)| !is_aside(path)) {
            let Claim::Access(access) = &fact.claim else { continue };
            let Some(name) = access.name.as_text().filter(|_| access.mode == seam_facts::AccessMode::Write) else {
                continue;
            };
            let Some((database, table)) = name.split_once('.') else { continue };
            let (database, table) =
                (database.trim_matches(['`', '"', '[', ']']), table.trim_matches(['`', '"', '[', ']']));
            if !plain(database) || !plain(table) || is_technical(table) {
                continue;
            }
            // Whose database that is: who is connected to it by name, and declares or writes the table.
            let owner =
                cx.outgoing(node).iter().map(|e| cx.edge(*e)).filter(|e| e.kind == EdgeKind::Db).find_map(|edge| {
                    let named = |e: &&seam_graph::Edge| e.details.iter().any(|d| d.operation == database);
                    if named(&edge) {
                        return None;
                    }
                    // Whoever makes the table is its owner before whoever only reads it.
                    let at = |e: &seam_graph::Edge, makes: bool| {
                        cx.own_facts(e.from).find_map(|(path, f)| {
                            let own = match &f.claim {
                                Claim::Alter(a) => makes && a.table == table,
                                Claim::Columns(c) => !makes && c.table == table,
                                Claim::Write(w) => !makes && w.name == table,
                                _ => false,
                            };
                            own.then(|| cx.evidence(path, f, "has the table"))
                        })
                    };
                    let others: Vec<&seam_graph::Edge> = cx
                        .incoming(edge.to)
                        .iter()
                        .map(|e| cx.edge(*e))
                        .filter(|e| e.from != node && named(e) && !same_code(cx, e.from, node))
                        .collect();
                    let found = |makes: bool| others.iter().find_map(|e| Some((edge.to, e.from, at(e, makes)?)));
                    found(true).or_else(|| found(false))
                });
            let Some((store, owner, there)) = owner else { continue };
            if !told.insert((node, name.to_string())) {
                continue;
            }
            let (service, of) = (cx.name(node), cx.name(owner));
            let at = cx.evidence(path, fact, "writes it");
            out.push(
                Draft::new(
                    format!("{} {service} {of} {table}", cx.name(store)),
                    &at,
                    format!("`{service}` writes `{table}` in the database of `{of}`"),
                )
                .why(format!(
                    "`{of}` owns `{database}` and cannot change `{table}` alone any more: what it checks before it writes, `{service}` does not \
                     know, and a change of the table breaks `{service}`."
                ))
                .help(format!("let `{of}` own `{table}`, and ask it or send it a message"))
                .about([it.key.clone(), cx.node(owner).key.clone()])
                .certainty(Certainty::Inferred)
                .link(&at, format!("`{service}` writes `{database}.{table}`"))
                .link(&there, format!("`{of}` has it for itself")),
            );
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
