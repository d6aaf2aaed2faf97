//! Tables that code itself makes: one that is made under another name is gone for everybody whose statements name it.
//!
//! Invariant: only a table that no file of the system declares any more counts; a script in SQL is compared as a contract.

use super::contracts;
use super::effect::{Cx, Edited, Effect, Side};
use seam_facts::{AlterKind, Claim, SmolStr};
use seam_graph::is_test;
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
    }
}

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
