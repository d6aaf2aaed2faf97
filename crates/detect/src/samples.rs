//! A key that code needs and no sample of the environment lists, beside the one that a sample lists and nothing reads: the file that
//! people fill in is often all that is committed.
//!
//! Invariant: one key on either side, of one kind; the program reads others of the sample by their names, and nothing of the
//! workspace has the key that it needs.

use crate::Cx;
use crate::drift::mentioned;
use crate::keys::{Keys, is_of_a_library, is_of_a_platform, squash};
use crate::leftover::Orphan;
use crate::strays::{Kind, by_name};
use seam_facts::{Claim, Setting, SettingScope, SmolStr};
use seam_graph::{Evidence, NodeKind, SettingOf, is_sample, is_test};
use std::collections::{BTreeMap, BTreeSet};

/// A key that a sample lists, with its place.
struct Listed<'a> {
    file: &'a SmolStr,
    setting: &'a Setting,
    at: Evidence,
}

/// What nodes read and no sample lists, with the key that is listed in its place.
pub(crate) fn sampled<'a>(cx: &Cx<'a>, all: &[Keys<'a>]) -> Vec<(usize, Orphan<'a>, SettingOf)> {
    let listed = listed(cx);
    let samples: BTreeSet<&SmolStr> = listed.iter().map(|l| l.file).collect();
    let mut out = Vec::new();
    for sample in samples {
        let base = sample.rsplit_once('/').map_or("", |(folder, _)| folder);
        let below = |path: &str| base.is_empty() || path.strip_prefix(base).is_some_and(|rest| rest.starts_with('/'));
        let here: Vec<&Listed<'_>> = listed.iter().filter(|l| l.file == sample).collect();
        let nodes: Vec<usize> = (0..cx.graph.nodes.len())
            .filter(|n| cx.node(*n).kind == NodeKind::Service && cx.node(*n).own.iter().any(|path| below(path)))
            .collect();
        let read = |key: &str| all.iter().any(|keys| keys.is_read(key)) || nodes.iter().any(|n| mentioned(cx, *n, key));
        let idle: Vec<&&Listed<'_>> = here.iter().filter(|l| !apart(&l.setting.key) && !read(&l.setting.key)).collect();
        let lists = |key: &str| listed.iter().any(|l| squash(&l.setting.key) == squash(key));
        let given = |key: &str| all.iter().any(|keys| keys.is_given(key));
        let mut orphans: BTreeMap<String, (usize, Orphan<'a>)> = BTreeMap::new();
        for node in &nodes {
            let keys = &all[*node];
            // Of a program that is told little by this sample, little is known.
            if here.iter().filter(|l| keys.is_read(&l.setting.key)).count() < 2 {
                continue;
            }
            for reads in keys.read.values() {
                let Some(first) = reads.first() else { continue };
                let own = |path: &SmolStr| cx.node(*node).own.contains(path) && !is_test(path);
                let bare = reads.iter().all(|r| r.default.is_none() && own(&r.at.path));
                let variable =
                    first.key.contains('_') && !first.key.chars().any(|c| c.is_ascii_lowercase() || c == '.');
                if bare && variable && !apart(&first.key) && !lists(&first.key) && !given(&first.key) {
                    let orphan = Orphan { key: &first.key, default: None, at: first.at.clone() };
                    orphans.entry(squash(&first.key)).or_insert((*node, orphan));
                }
            }
        }
        for (node, orphan) in orphans.values() {
            let Some(kind) = by_name(orphan.key) else { continue };
            let of = |key: &str, kind: Kind| by_name(key) == Some(kind);
            let mut fits = idle.iter().filter(|l| of(&l.setting.key, kind));
            let rivals = orphans.values().filter(|(_, o)| of(o.key, kind)).count();
            if let (Some(one), None, 1) = (fits.next(), fits.next(), rivals) {
                let set = SettingOf {
                    node: *node,
                    key: one.setting.key.clone(),
                    value: SmolStr::default(),
                    texts: Vec::new(),
                    profile: None,
                    at: one.at.clone(),
                };
                out.push((*node, orphan.clone(), set));
            }
        }
    }
    out
}

fn apart(key: &str) -> bool {
    is_of_a_platform(key) || is_of_a_library(key)
}

/// What samples of environments list: files that say by their name that they are to be copied.
fn listed<'a>(cx: &Cx<'a>) -> Vec<Listed<'a>> {
    let of = |(path, fact): (&'a SmolStr, &'a seam_facts::Fact)| match &fact.claim {
        Claim::Setting(setting) if setting.scope == SettingScope::Dotenv && is_sample(path) && !is_test(path) => {
            let says = seam_facts::format_smolstr!("{}", fact.claim);
            Some(Listed { file: path, setting, at: cx.evidence(path, fact, says) })
        }
        _ => None,
    };
    cx.base.facts().filter_map(of).collect()
}
