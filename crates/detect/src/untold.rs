//! A value that one of several programs of the same code is given under another name than its fellows, where nothing reads it. A part of
//! `missing-setting`.
//!
//! Invariant: one file gives the same telling value to both, the code that they share reads the fellow's name and nothing reads this one,
//! and neither is given the other's name there.

use crate::drift::mentioned;
use crate::keys::{Keys, is_deployed, is_of_a_platform, is_ours, squash};
use crate::{Cx, Draft, Severity};
use seam_facts::SmolStr;
use seam_graph::{Certainty, SettingOf};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn untold(cx: &Cx<'_>, all: &[Keys<'_>], out: &mut Vec<Draft>) {
    // Who is given a value, by file and value.
    let mut given: BTreeMap<(&SmolStr, &SmolStr), Vec<(usize, &SettingOf)>> = BTreeMap::new();
    for (node, keys) in all.iter().enumerate().filter(|(n, _)| is_ours(cx.node(*n).kind)) {
        for setting in keys.set.values().flatten().copied() {
            if is_deployed(setting) && telling(&setting.value) && !seam_graph::is_test(&setting.at.path) {
                given.entry((&setting.at.path, &setting.value)).or_default().push((node, setting));
            }
        }
    }
    let sets = |node: usize, key: &str, path: &SmolStr| {
        all[node].set.get(&squash(key)).is_some_and(|s| s.iter().any(|s| s.at.path == *path))
    };
    let mut told = BTreeSet::new();
    for ((path, _), uses) in &given {
        for (node, setting) in uses {
            let key = &setting.key;
            if all[*node].is_read(key) || is_of_a_platform(key) || mentioned(cx, *node, key) {
                continue;
            }
            let fellow = uses.iter().find(|(other, theirs)| {
                other != node
                    && theirs.key != *key
                    && same_code(cx, *node, *other, all, &theirs.key)
                    && !sets(*node, &theirs.key, path)
                    && !sets(*other, key, path)
            });
            let Some((other, theirs)) = fellow.filter(|_| told.insert((*node, key.clone()))) else { continue };
            let Some(read) = all[*node].read.get(&squash(&theirs.key)).and_then(|r| r.first()) else { continue };
            let (name, with, wanted) = (cx.name(*node), cx.name(*other), &theirs.key);
            out.push(
                Draft::new(
                    format!("{name} {wanted} untold"),
                    &setting.at,
                    format!("`{name}` is given `{key}`, which nothing reads, and `{with}` the same value as `{wanted}`"),
                )
                .why(format!(
                    "Both run the same code, which reads `{wanted}`: `{name}` does not get it, and takes its default or nothing instead."
                ))
                .about([cx.node(*node).key.clone(), cx.node(*other).key.clone()])
                .certainty(Certainty::Inferred)
                .severity(Severity::Warning)
                .help(format!("call it `{wanted}`"))
                .link(&setting.at, format!("`{key}` is set for `{name}`"))
                .link(&theirs.at, format!("`{with}` is given it as `{wanted}`"))
                .link(&read.at, format!("the code reads `{wanted}`")),
            );
        }
    }
}

/// Whether both run one code, and it is that code which reads a key.
fn same_code(cx: &Cx<'_>, one: usize, other: usize, all: &[Keys<'_>], key: &str) -> bool {
    let read = |node: usize| all[node].read.get(&squash(key)).into_iter().flatten().map(|r| &r.at.path);
    let theirs: BTreeSet<&SmolStr> = read(other).collect();
    let roots = &cx.node(one).roots;
    !roots.is_empty() && *roots == cx.node(other).roots && read(one).any(|path| theirs.contains(path))
}

/// A value that says what it is: no switch, no number, nothing that is hidden.
fn telling(value: &str) -> bool {
    let plain = value.trim().to_ascii_lowercase();
    plain.len() > 5
        && !plain.starts_with('*')
        && plain.chars().any(|c| c.is_ascii_alphabetic())
        && plain != "production"
}
