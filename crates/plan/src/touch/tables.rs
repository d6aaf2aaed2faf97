//! Tables that code itself makes: one that is made under another name is gone for everybody whose statements name it.
//!
//! Invariant: only a table that no file of the system declares any more counts; a script in SQL is compared as a contract.

use super::contracts;
use super::effect::{Cx, Edited, Effect, Side};
use seam_facts::{AlterKind, Claim, SmolStr};
use seam_graph::{Evidence, is_test};
use std::collections::BTreeMap;

pub(super) fn effects(cx: &Cx<'_>, out: &mut Vec<Effect>) {
    let code = |e: &&Edited| e.left_out.is_none() && seam_extract::lang::of_path(&e.path).is_some();
    for edited in cx.edited.iter().filter(code) {
        let (old, new) = (made(&cx.old, &edited.path), made(&cx.new, &edited.path));
        let gone = old.iter().filter(|(table, line)| {
            !new.contains_key(*table) && edited.hunks.iter().any(|h| h.holds_old(**line)) && !declared(cx, table)
        });
        for (table, line) in gone {
            // What is made on the newer line instead.
            let came = new.keys().filter(|t| !old.contains_key(*t)).collect::<Vec<_>>();
            let text = match came.as_slice() {
                [to] => format!("table `{table}` is made as `{to}` now"),
                _ => format!("table `{table}` is not made any more"),
            };
            let mut effect = Effect::new("table-gone", text, format!("table/{table}"));
            effect.was = Some(Cx::place(&edited.path, *line, "it was made here"));
            contracts::kept(cx, table, None, "", &mut effect);
            for node in cx.old.owners(&edited.path) {
                let places = effect.was.iter().cloned();
                effect.direct.entry(cx.old.name(node).clone()).or_default().extend(places);
            }
            out.push(effect);
        }
        for (table, line) in old.iter().filter(|(table, _)| new.contains_key(*table)) {
            out.extend(recolumned(cx, edited, table, *line, new[table]));
        }
    }
}

/// A table that is made with other columns: those who ask for all of them, or for one that is gone.
fn recolumned(cx: &Cx<'_>, edited: &Edited, table: &SmolStr, was: u32, is: u32) -> Option<Effect> {
    let of = |text: &Option<String>, line| columns(text.as_deref().unwrap_or_default(), table, line);
    let (old, new) = (of(&edited.before, was)?, of(&edited.after, is)?);
    let lost: Vec<&String> = old.iter().filter(|c| !new.contains(c)).collect();
    let come: Vec<&String> = new.iter().filter(|c| !old.contains(c)).collect();
    if lost.is_empty() && come.is_empty() {
        return None;
    }
    let names = |all: &[&String]| all.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
    let text = match (lost.as_slice(), come.as_slice()) {
        ([], come) => format!("table `{table}` has {} more", names(come)),
        (lost, []) => format!("table `{table}` has no {} any more", names(lost)),
        (lost, come) => format!("table `{table}` has {} instead of {}", names(come), names(lost)),
    };
    let mut effect = Effect::new("table-columns", text, format!("table/{table}"));
    effect = effect.at(
        Some(Cx::place(&edited.path, was, "it was made here")),
        Some(Cx::place(&edited.path, is, "it is made here")),
    );
    for column in &lost {
        contracts::kept(cx, table, Some(column), &edited.path, &mut effect);
    }
    let nodes = (0..cx.old.graph.nodes.len()).filter(|n| cx.old.runs(*n));
    for node in nodes {
        let places = whole(cx, node, table);
        if !places.is_empty() {
            effect.direct.entry(cx.old.name(node).clone()).or_default().extend(places);
        }
    }
    for node in cx.old.owners(&edited.path) {
        let places = effect.was.iter().chain(&effect.is).cloned().collect::<Vec<_>>();
        effect.direct.entry(cx.old.name(node).clone()).or_default().extend(places);
    }
    Some(effect)
}

/// Where a node's own code asks for all columns of a table: `SELECT * FROM orders`.
fn whole(cx: &Cx<'_>, node: usize, table: &str) -> Vec<Evidence> {
    let own = cx.old.graph.nodes[node].own.iter().filter(|p| !is_test(p));
    let mut out = Vec::new();
    for path in own.filter(|p| seam_extract::lang::of_path(p).is_some()) {
        let Some(text) = (cx.old.text)(path).filter(|t| t.contains(table)) else { continue };
        for (index, line) in text.lines().enumerate() {
            let plain = line.to_ascii_lowercase();
            let asks = |rest: &str| super::values::word(rest, &table.to_ascii_lowercase()).is_some();
            if plain.split_once("select *").is_some_and(|(_, rest)| asks(rest)) {
                out.push(Cx::place(path, index as u32 + 1, "asks for all of its columns"));
            }
        }
    }
    out.truncate(super::values::PLACES);
    out
}

/// The names of the columns with which a statement at a line makes a table.
fn columns(text: &str, table: &str, line: u32) -> Option<Vec<String>> {
    let from: usize = text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum();
    let rest = &text[from..];
    let at = rest.find(table)?;
    let open = at + rest[at..].find('(')?;
    let (mut depth, mut out, mut word) = (0, Vec::new(), String::new());
    for c in rest[open..].chars().take(LONGEST) {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 || depth == 1 && c == ',' {
            out.push(std::mem::take(&mut word));
        } else if !(depth == 1 && c == '(') {
            word.push(c);
        }
        if depth == 0 {
            break;
        }
    }
    const CONSTRAINTS: [&str; 8] = ["primary", "foreign", "unique", "constraint", "check", "index", "key", "exclude"];
    let name = |part: &String| -> Option<String> {
        let plain = |c: char| c.is_whitespace() || matches!(c, '"' | '`' | '\'' | '[' | ']' | '+' | '\\');
        let first = part.split(plain).find(|w| !w.is_empty())?.to_ascii_lowercase();
        (!CONSTRAINTS.contains(&first.as_str())).then_some(first)
    };
    (depth == 0).then(|| out.iter().filter_map(name).collect())
}

/// A statement that makes a table is not longer than this.
const LONGEST: usize = 20_000;

/// The tables that a file makes, with their lines.
fn made(side: &Side<'_>, path: &str) -> BTreeMap<SmolStr, u32> {
    let facts = side.base.get(path).into_iter().flat_map(|f| &f.facts);
    let made = facts.filter_map(|f| match &f.claim {
        Claim::Alter(a) if a.kind == AlterKind::CreateTable && !a.table.is_empty() => {
            Some((a.table.clone(), f.at.line))
        }
        _ => None,
    });
    made.collect()
}

fn declared(cx: &Cx<'_>, table: &str) -> bool {
    cx.new.base.facts().any(|(path, f)| {
        matches!(&f.claim, Claim::Alter(a) if a.kind == AlterKind::CreateTable && a.table == table) && !is_test(path)
    })
}

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn columns_are_the_first_words_of_their_parts() {
        let text = "x\nexec(\"CREATE TABLE IF NOT EXISTS rentals (id SERIAL, price NUMERIC(8, 2) NOT NULL, PRIMARY KEY (id))\")\n";
        assert_eq!(columns(text, "rentals", 2), Some(vec!["id".to_owned(), "price".to_owned()]));
        assert_eq!(columns("CREATE TABLE rentals (id", "rentals", 1), None);
    }
}
