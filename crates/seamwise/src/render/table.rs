//! The map for a terminal: who is there, what passes between them, what stayed open, and what to ask next.

use super::ink::{bold, count, cyan, dim, pad, short, title, widest, width, yellow};
use seam_engine::asks::map::Answer;
use seam_engine::{Interaction, Node, Operation, Place, Policy, Unresolved};
use std::collections::BTreeMap;

/// Kinds in the order in which people ask for them, with what they are called.
const KINDS: &[(&str, &str)] = &[
    ("http", "HTTP"),
    ("grpc", "gRPC"),
    ("graphql", "GraphQL"),
    ("websocket", "WebSocket"),
    ("thrift", "Thrift"),
    ("dubbo", "Dubbo"),
    ("event-bus", "event bus"),
    ("tcp", "TCP"),
    ("smtp", "SMTP"),
    ("queue-publish", "publish"),
    ("queue-consume", "consume"),
    ("db", "database"),
    ("cache", "cache"),
];

pub fn render(answer: &Answer) -> String {
    let mut out = head(answer);
    services(answer, &mut out);
    stores(answer, &mut out);
    interactions(answer, &mut out);
    unresolved(answer, &mut out);
    problems(answer, &mut out);
    next(answer, &mut out);
    out
}

fn head(answer: &Answer) -> String {
    let c = &answer.counts;
    let stores = answer.nodes.iter().filter(|n| is_store(n)).count();
    let mut parts = vec![count(c.services, "service")];
    if stores > 0 {
        parts.push(
            format!("{} and brokers", count(stores, "store")).replace("1 store and brokers", "1 store or broker"),
        );
    }
    parts.extend([count(c.endpoints, "endpoint"), count(c.interactions, "interaction")]);
    if c.unresolved > 0 {
        parts.push(format!("{} unresolved", c.unresolved));
    }
    let name = answer.name.as_deref().unwrap_or("map");
    format!("{}  {}  {}\n", bold(name), parts.join(" · "), dim(format!("from {}", count(c.files, "file"))))
}

fn is_store(node: &Node) -> bool {
    matches!(node.kind.as_str(), "database" | "cache" | "broker")
}

fn services(answer: &Answer, out: &mut String) {
    let mut rows: Vec<&Node> = answer.nodes.iter().filter(|n| !is_store(n)).collect();
    if rows.is_empty() {
        return;
    }
    // Our own first; what is outside, and what only watches, last.
    rows.sort_by_key(|n| matches!(n.kind.as_str(), "external" | "tool"));
    out.push_str(&title("services", "what it is written in, what it serves"));
    let names = widest(rows.iter().map(|n| n.name.as_str()), 40);
    let languages: Vec<String> = rows.iter().map(|n| languages(n)).collect();
    let wide = widest(languages.iter().map(String::as_str), 28);
    for (node, languages) in rows.iter().zip(&languages) {
        let served = answer.endpoints.iter().filter(|e| e.service == node.name).count();
        let serves = if served > 0 { count(served, "endpoint") } else { String::new() };
        let kind = if node.kind == "service" { String::new() } else { cyan(&node.kind) };
        let place = node.roots.first().or(node.evidence.first().map(|e| &e.path));
        let place = dim(place.map(String::as_str).unwrap_or_default());
        let line = format!(
            "  {}  {}  {}  {}  {place}",
            pad(&bold(&node.name), names),
            pad(languages, wide),
            pad(&serves, 13),
            pad(&kind, 8)
        );
        push(&line, out);
    }
}

fn languages(node: &Node) -> String {
    short(&node.languages.join(", "), 28)
}

fn stores(answer: &Answer, out: &mut String) {
    let rows: Vec<&Node> = answer.nodes.iter().filter(|n| is_store(n)).collect();
    if rows.is_empty() {
        return;
    }
    out.push_str(&title("stores and brokers", "who uses them"));
    let names = widest(rows.iter().map(|n| n.name.as_str()), 40);
    for node in rows {
        let mut users: Vec<&str> =
            answer.interactions.iter().filter(|i| i.to == node.name).map(|i| i.from.as_str()).collect();
        users.sort_unstable();
        users.dedup();
        let what = match &node.system {
            Some(system) => format!("{} {system}", node.kind),
            None => node.kind.clone(),
        };
        let users = if users.is_empty() { dim("nobody is seen to use it") } else { listed(&users, 6) };
        push(&format!("  {}  {}  {users}", pad(&bold(&node.name), names), pad(&cyan(&what), 22)), out);
    }
}

fn interactions(answer: &Answer, out: &mut String) {
    if answer.interactions.is_empty() {
        return;
    }
    let guessed = answer.interactions.iter().any(|i| i.certainty == "inferred");
    let note =
        if guessed { "~ one link is a convention or a default, not stated" } else { "each with its first evidence" };
    out.push_str(&title("interactions", note));
    let mut groups: BTreeMap<usize, Vec<&Interaction>> = BTreeMap::new();
    for interaction in &answer.interactions {
        let group = KINDS.iter().position(|(k, _)| *k == interaction.kind).unwrap_or(KINDS.len());
        groups.entry(group).or_default().push(interaction);
    }
    for (group, rows) in groups {
        let name = KINDS.get(group).map_or("other", |(_, name)| *name);
        out.push_str(&format!("  {} {}\n", cyan(name), dim(rows.len())));
        let pairs: Vec<String> = rows.iter().map(|i| format!("{} → {}", i.from, i.to)).collect();
        let wide = widest(pairs.iter().map(String::as_str), 44);
        let firsts: Vec<String> = rows.iter().filter_map(|i| operations(&i.operations).into_iter().next()).collect();
        let room = widest(firsts.iter().map(String::as_str), 44);
        for (row, pair) in rows.iter().zip(&pairs) {
            interaction(row, pair, wide, room, out);
        }
    }
}

/// Operations take a line each up to four; the evidence stands behind the first.
fn interaction(row: &Interaction, pair: &str, wide: usize, room: usize, out: &mut String) {
    const SHOWN: usize = 4;
    let mark = if row.certainty == "inferred" { yellow("~") } else { " ".to_owned() };
    let operations = operations(&row.operations);
    let place = row.evidence.first().map(place).unwrap_or_default();
    let first = operations.first().map(String::as_str).unwrap_or("");
    push(&format!("  {mark} {}  {}  {}", pad(pair, wide), pad(&short(first, 44), room), dim(place)), out);
    let indent = " ".repeat(wide + 6);
    for operation in operations.iter().take(SHOWN).skip(1) {
        push(&format!("{indent}{}", short(operation, 60)), out);
    }
    if operations.len() > SHOWN {
        push(&format!("{indent}{}", dim(format!("… and {} more", operations.len() - SHOWN))), out);
    }
    if !row.policies.is_empty() {
        push(&format!("{indent}{}", yellow(Policy::line(&row.policies))), out);
    }
}

/// Distinct operations in order; those that are not known are told by their library.
fn operations(operations: &[Operation]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for one in operations {
        let text = if one.operation.is_empty() { one.client.clone() } else { one.operation.clone() };
        if !text.is_empty() && !out.contains(&text) {
            out.push(text);
        }
    }
    out
}

fn unresolved(answer: &Answer, out: &mut String) {
    if answer.unresolved.is_empty() {
        return;
    }
    const SHOWN: usize = 20;
    out.push_str(&title("not resolved", "seen in code, but the other end is not known"));
    // One thing that several places say is told once.
    let mut told: Vec<(&Unresolved, usize)> = Vec::new();
    for open in &answer.unresolved {
        let same = |o: &&mut (&Unresolved, usize)| {
            (&o.0.service, &o.0.what, &o.0.value) == (&open.service, &open.what, &open.value)
        };
        match told.iter_mut().find(same) {
            Some((_, more)) => *more += 1,
            None => told.push((open, 0)),
        }
    }
    for (open, more) in told.iter().take(SHOWN) {
        let value = short(&open.value, 60);
        let at = match more {
            0 => place(&open.at),
            1 => format!("{} and one more place", place(&open.at)),
            _ => format!("{} and {more} more places", place(&open.at)),
        };
        push(&format!("  {}  {} {}  {}", bold(&open.service), open.what, yellow(value), dim(at)), out);
        push(&format!("      {}", open.why), out);
    }
    if told.len() > SHOWN {
        push(&format!("  {}", dim(format!("… and {} more: `--json` has all", told.len() - SHOWN))), out);
    }
}

fn problems(answer: &Answer, out: &mut String) {
    if answer.problems.is_empty() {
        return;
    }
    const SHOWN: usize = 10;
    out.push_str(&title("could not be read", "everything else was"));
    for problem in answer.problems.iter().take(SHOWN) {
        let line = problem.line.map(|l| format!(":{l}")).unwrap_or_default();
        push(&format!("  {}{line}  {}", problem.path, dim(&problem.message)), out);
    }
    if answer.problems.len() > SHOWN {
        push(&format!("  {}", dim(format!("… and {} more: `--json` has all", answer.problems.len() - SHOWN))), out);
    }
}

fn next(answer: &Answer, out: &mut String) {
    if answer.nodes.is_empty() {
        out.push_str("\nno services were found: is this the folder that holds the system?\n");
        out.push_str("help: give the folders of all its repositories, as in `seam map ../orders ../cart`\n");
        return;
    }
    out.push('\n');
    if answer.counts.hidden > 0 {
        out.push_str(&dim(format!(
            "{} left out (observability, administration): `--all` shows them\n",
            count(answer.counts.hidden, "tool")
        )));
    }
    let busiest = answer.nodes.iter().max_by_key(|n| {
        let touching = answer.interactions.iter().filter(|i| i.from == n.name || i.to == n.name).count();
        (n.kind == "service", touching)
    });
    if let Some(node) = busiest {
        out.push_str(&dim(format!(
            "next: `seam explain {}` · `seam at FILE:LINE` · `seam map --format html -o map.html`\n",
            node.name
        )));
    }
}

/// `path:line`.
pub fn place(place: &Place) -> String {
    format!("{}:{}", place.path, place.line)
}

fn listed(names: &[&str], most: usize) -> String {
    let mut out = names.iter().take(most).copied().collect::<Vec<_>>().join(", ");
    if names.len() > most {
        out.push_str(&dim(format!(" and {} more", names.len() - most)));
    }
    out
}

/// One line, without blanks at its end.
fn push(line: &str, out: &mut String) {
    let trimmed = line.trim_end();
    debug_assert!(width(trimmed) <= line.len());
    out.push_str(trimmed);
    out.push('\n');
}
