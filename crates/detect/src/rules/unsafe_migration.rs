//! A migration that takes away what running code still uses. See `unsafe_migration.md`.

use crate::stored::{Databases, is_aside, stem};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{AccessMode, Alter, AlterKind, Claim, Fact, SmolStr, System, WriteKind};
use seam_graph::{Certainty, Evidence, is_test};
use std::collections::{BTreeMap, HashMap};

pub static RULE: Rule = Rule {
    id: "unsafe-migration",
    group: Group::Contract,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("unsafe_migration.md"),
    find,
};

/// One change of one migration.
struct Change<'a> {
    path: &'a SmolStr,
    fact: &'a Fact,
    alter: &'a Alter,
    table: String,
}

/// Code that uses a table: which columns, as far as the text names them.
struct Use<'a> {
    node: usize,
    at: Evidence,
    columns: Option<&'a [SmolStr]>,
    inserts: bool,
    mapped: bool,
}

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut sets: BTreeMap<&str, Vec<Change<'_>>> = BTreeMap::new();
    for (path, fact) in cx.base.facts() {
        if let Claim::Alter(alter) = &fact.claim
            && !is_copy(path)
        {
            let change = Change { path, fact, alter, table: stem(&alter.table) };
            sets.entry(set(path)).or_default().push(change);
        }
    }
    let breaks =
        |c: &Change<'_>| !matches!(c.alter.kind, AlterKind::CreateTable | AlterKind::AddColumn | AlterKind::Unique);
    if !sets.values().flatten().any(breaks) {
        return;
    }
    let databases = Databases::new(cx);
    let uses = uses(cx);
    for changes in sets.values_mut() {
        changes.sort_by_cached_key(|c| (order(c.path), c.fact.at));
        for (index, change) in changes.iter().enumerate().filter(|(_, c)| breaks(c)) {
            // Between a name and its plural, or another case, what code maps cannot be told.
            let same = change.alter.kind == AlterKind::RenameTable && stem(&change.alter.to) == change.table;
            if same || is_fresh(changes, index) || comes_back(changes, index) {
                continue;
            }
            let near = |node: usize| reaches(cx, &databases, change.path, node);
            let found = uses.get(&change.table).into_iter().flatten().filter(|u| near(u.node));
            match change.alter.kind {
                AlterKind::DropColumn | AlterKind::RenameColumn => {
                    let name = squash(&change.alter.column);
                    let all: Vec<&Use<'_>> =
                        found.filter(|u| u.columns.is_some_and(|c| c.iter().any(|c| squash(c) == name))).collect();
                    taken(cx, change, &all, out);
                }
                AlterKind::DropTable | AlterKind::RenameTable => taken(cx, change, &found.collect::<Vec<_>>(), out),
                AlterKind::AddRequired => {
                    let name = squash(&change.alter.column);
                    let without = |u: &&Use<'_>| {
                        u.inserts && u.columns.is_some_and(|c| c.len() > 1 && !c.iter().any(|c| squash(c) == name))
                    };
                    required(cx, change, &found.filter(without).collect::<Vec<_>>(), out);
                }
                AlterKind::Index => {
                    let writers: Vec<&Use<'_>> = found.filter(|u| u.inserts).collect();
                    blocking(cx, change, &writers, &databases, out);
                }
                AlterKind::Require | AlterKind::CreateTable | AlterKind::AddColumn | AlterKind::Unique => {}
            }
        }
    }
}

/// The folder that holds a set of migrations.
fn set(path: &str) -> &str {
    let marks = ["/migrations/", "/migration/", "/migrate/", "/changelog/", "/versions/", "/Migrations/", "/db/"];
    let at = marks.iter().filter_map(|m| path.find(m).map(|i| i + m.len())).min();
    at.map_or_else(|| path.rsplit_once('/').map_or("", |(f, _)| f), |end| &path[..end])
}

/// File names in the order of their numbers.
fn order(path: &str) -> Vec<(u64, String)> {
    let mut out = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let word = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, tail) = rest.split_at(word);
        let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (number, after) = tail.split_at(end);
        out.push((0, text.to_owned()));
        out.push((number.parse().unwrap_or(0), String::new()));
        rest = after;
    }
    out
}

/// The same file makes the table: nothing runs on it yet.
fn is_fresh(changes: &[Change<'_>], index: usize) -> bool {
    let change = &changes[index];
    changes.iter().any(|c| c.alter.kind == AlterKind::CreateTable && c.table == change.table && c.path == change.path)
}

/// A later migration gives it back.
fn comes_back(changes: &[Change<'_>], index: usize) -> bool {
    let change = &changes[index];
    let column = squash(&change.alter.column);
    changes[index + 1..].iter().any(|c| {
        let back = c.table == change.table
            && (c.alter.kind == AlterKind::CreateTable
                || matches!(c.alter.kind, AlterKind::AddColumn | AlterKind::AddRequired)
                    && squash(&c.alter.column) == column);
        let renamed =
            c.alter.kind == AlterKind::RenameColumn && c.table == change.table && squash(&c.alter.to) == column;
        let table = c.alter.kind == AlterKind::RenameTable && stem(&c.alter.to) == change.table;
        back || renamed && !column.is_empty() || table
    })
}

/// Whether a service works on the database that a migration changes.
fn reaches(cx: &Cx<'_>, databases: &Databases, migration: &str, node: usize) -> bool {
    let owners = cx.owners(migration);
    if owners.is_empty() {
        // Nobody's: it may only be meant for the one database there is.
        // Stores of documents and caches know no migrations in SQL.
        let other = [System::Mongo, System::Redis, System::Elasticsearch, System::Cassandra, System::Dynamo];
        let takes = |store: &usize| cx.node(*store).system.is_none_or(|s| !other.contains(&s));
        let all = (0..cx.graph.nodes.len()).flat_map(|n| databases.stores(n));
        let mut stores: Vec<usize> = all.filter(takes).collect();
        stores.sort_unstable();
        stores.dedup();
        return stores.len() == 1 && databases.stores(node).any(|s| stores.contains(&s));
    }
    owners.iter().any(|o| *o == node || databases.shared(*o, node).is_some())
}

fn uses<'a>(cx: &Cx<'a>) -> HashMap<String, Vec<Use<'a>>> {
    let mut out: HashMap<String, Vec<Use<'a>>> = HashMap::new();
    for (node, it) in cx.graph.nodes.iter().enumerate() {
        for path in it.own.iter().filter(|p| !is_aside(p) && !p.ends_with(".sql")) {
            let facts = cx.facts(path);
            for fact in facts {
                let (table, columns, inserts, mapped) = match &fact.claim {
                    Claim::Columns(c) => {
                        let insert = |f: &&Fact| {
                            matches!(&f.claim, Claim::Write(w)
                                if matches!(w.kind, WriteKind::Insert | WriteKind::Upsert) && stem(&w.name) == stem(&c.table))
                        };
                        let inserts = facts.iter().filter(|f| f.at == fact.at).any(|f| insert(&f));
                        (&c.table, Some(c.columns.as_slice()), inserts, c.mapped)
                    }
                    Claim::Write(w) if w.name.len() > 2 => (
                        &w.name,
                        None,
                        matches!(w.kind, WriteKind::Insert | WriteKind::Save | WriteKind::Upsert),
                        false,
                    ),
                    Claim::Access(a) if a.mode != AccessMode::Declare => match a.name.as_text() {
                        Some(name) => {
                            let at = cx.evidence(path, fact, "uses it");
                            out.entry(stem(&name)).or_default().push(Use {
                                node,
                                at,
                                columns: None,
                                inserts: false,
                                mapped: false,
                            });
                            continue;
                        }
                        None => continue,
                    },
                    _ => continue,
                };
                let at = cx.evidence(path, fact, "uses it");
                out.entry(stem(table)).or_default().push(Use { node, at, columns, inserts, mapped });
            }
        }
    }
    out
}

fn taken(cx: &Cx<'_>, change: &Change<'_>, users: &[&Use<'_>], out: &mut Vec<Draft>) {
    let alter = change.alter;
    let owners = cx.owners(change.path);
    // Another service is the better witness: it is not deployed with the migration.
    let Some(first) = users.iter().min_by_key(|u| (owners.contains(&u.node), u.mapped, u.at.clone())) else { return };
    let what = thing(alter);
    let user = cx.name(first.node);
    let other = !owners.contains(&first.node);
    let verb = match alter.kind {
        AlterKind::RenameColumn | AlterKind::RenameTable => "renames",
        _ => "drops",
    };
    let does = if first.mapped { "maps" } else { "uses" };
    let at = cx.evidence(change.path, change.fact, format!("{verb} {what}"));
    let mut why = if other {
        format!(
            "The migration runs when its own service is deployed; `{user}` is not deployed with it and goes on naming {what}. From \
             then on each of those statements fails."
        )
    } else {
        format!("`{user}` still {does} {what}: its statements fail from the moment when the migration has run.")
    };
    if !alter.to.is_empty() {
        why.push_str(&format!(" The new name is `{}`.", alter.to));
    }
    let mut draft = Draft::new(
        format!("{} {} {verb}", table_key(change), alter.column),
        &at,
        format!("a migration {verb} {what}, which `{user}` still {does}"),
    )
    .why(why)
    .help("first deploy code that no longer names it (for a rename: that writes both), then take it away in a later migration")
    .about([cx.node(first.node).key.clone()])
    .link(&at, format!("the migration {verb} {what}"))
    .certainty(if other || owners.is_empty() { Certainty::Inferred } else { Certainty::Stated });
    for user in users.iter().take(4) {
        let does = if user.mapped { "maps" } else { "uses" };
        draft = draft.link(&user.at, format!("`{}` {does} it", cx.name(user.node)));
    }
    out.push(draft);
}

fn required(cx: &Cx<'_>, change: &Change<'_>, writers: &[&Use<'_>], out: &mut Vec<Draft>) {
    let Some(first) = writers.first() else { return };
    let (what, user) = (thing(change.alter), cx.name(first.node));
    let at = cx.evidence(change.path, change.fact, format!("adds {what}, required"));
    let mut draft = Draft::new(
        format!("{} {} required", table_key(change), change.alter.column),
        &at,
        format!("a migration adds {what} as required without a default, and `{user}` inserts rows without it"),
    )
    .why(format!(
        "The column refuses rows that leave it out. `{user}` inserts such rows, and each insert fails once the migration has run; \
         on a table that has rows, the migration itself fails."
    ))
    .help("add the column with a default or as nullable, fill it, and require it once all code writes it")
    .about([cx.node(first.node).key.clone()])
    .link(&at, format!("the migration adds {what}, required"));
    for writer in writers.iter().take(3) {
        draft = draft.link(&writer.at, format!("`{}` inserts without it", cx.name(writer.node)));
    }
    out.push(draft);
}

fn blocking(cx: &Cx<'_>, change: &Change<'_>, writers: &[&Use<'_>], databases: &Databases, out: &mut Vec<Draft>) {
    let postgres = |node: usize| databases.stores(node).any(|s| cx.node(s).system == Some(System::Postgres));
    let Some(first) = writers.iter().find(|w| postgres(w.node)) else { return };
    let (table, user) = (&change.alter.table, cx.name(first.node));
    let at = cx.evidence(change.path, change.fact, format!("builds an index on `{table}`"));
    let draft = Draft::new(
        format!("{} {} index", table_key(change), change.alter.column),
        &at,
        format!("a migration builds an index on `{table}` that holds writes back, and `{user}` writes to it"),
    )
    .why(format!(
        "PostgreSQL's `CREATE INDEX` without `CONCURRENTLY` locks `{table}` against writes until the index is built: minutes on a large \
         table, in which `{user}` waits and its callers with it."
    ))
    .help("build it with `CONCURRENTLY`, outside of a transaction")
    .about([cx.node(first.node).key.clone()])
    .severity(Severity::Note)
    .certainty(Certainty::Inferred)
    .link(&at, format!("the migration builds an index on `{table}`"))
    .link(&first.at, format!("`{user}` writes to it"))
    .open("how large the table is");
    out.push(draft);
}

fn table_key(change: &Change<'_>) -> String {
    format!("{} {}", set(change.path), change.table)
}

/// `orders.note` or `orders`, for people.
fn thing(alter: &Alter) -> String {
    if alter.column.is_empty() { format!("`{}`", alter.table) } else { format!("`{}.{}`", alter.table, alter.column) }
}

fn squash(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_ascii_lowercase()
}

/// Of tests, or a copy of what the migrations make that a tool keeps.
fn is_copy(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    is_test(path) || lower.contains(".designer.cs") || lower.contains("snapshot")
}
