//! Variables of a compose file that no file of variables defines, where one defines all others. A part of `missing-setting`.
//!
//! Invariant: only files of variables that lie beside the compose file or above it count, at least four names of it are defined there,
//! and at most one of ten is not; a variable with a default is none.

use crate::keys::distance;
use crate::{Cx, Draft, Severity};
use seam_facts::{Claim, Fact, Hole, SettingScope, SmolStr};
use seam_graph::Certainty;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) fn unfilled(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut defined: BTreeMap<&SmolStr, BTreeSet<&str>> = BTreeMap::new();
    let mut asked: BTreeMap<&SmolStr, BTreeMap<&str, &Fact>> = BTreeMap::new();
    for (path, fact) in cx.base.facts() {
        let Claim::Setting(setting) = &fact.claim else { continue };
        if setting.scope == SettingScope::Dotenv {
            defined.entry(path).or_default().insert(&setting.key);
        }
        if fact.by == "compose" && !seam_graph::is_test(path) {
            for hole in setting.value.holes() {
                if let Hole::Env { name, default: None } = hole {
                    asked.entry(path).or_default().entry(name.as_str()).or_insert(fact);
                }
            }
        }
    }
    let everywhere: BTreeSet<&str> = defined.values().flatten().copied().collect();
    for (path, names) in asked {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let near = |file: &str| {
            let own = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            own.is_empty() || own == folder || folder.starts_with(&format!("{own}/"))
        };
        let known = |of: &BTreeSet<&str>| names.keys().filter(|n| of.contains(*n)).count();
        let files = defined.iter().filter(|(file, _)| near(file));
        let Some((file, of)) = files.max_by_key(|(file, of)| (known(of), std::cmp::Reverse(*file))) else { continue };
        let unknown: Vec<(&&str, &&Fact)> = names.iter().filter(|(n, _)| !everywhere.contains(**n)).collect();
        if known(of) < 4 || unknown.len() * 10 > names.len().max(10) {
            continue;
        }
        for (name, fact) in unknown {
            let Claim::Setting(setting) = &fact.claim else { continue };
            let at = cx.evidence(path, fact, seam_facts::format_smolstr!("{}", fact.claim));
            let close = |n: &&&str| n.ends_with(*name) || name.ends_with(**n) || distance(n, name) * 4 <= name.len();
            let meant = of.iter().filter(close).min_by_key(|n| (distance(n, name), **n));
            let mut draft = Draft::new(
                format!("{path} {name}"),
                &at,
                format!("`{}` is filled from `{name}`, which no file of variables defines", setting.key),
            )
            .why(format!(
                "`{file}` defines the other variables that `{path}` asks for, and not this one: Compose warns and puts an empty text in its \
                 place."
            ))
            .certainty(Certainty::Inferred)
            .severity(Severity::Warning)
            .help(match meant {
                Some(meant) => format!("did you mean `{meant}`? use that, or define `{name}` in `{file}`"),
                None => format!("define `{name}` in `{file}`, or give it a default (`${{{name}:-…}}`)"),
            })
            .link(&at, format!("`{name}` is asked for"));
            if let Some((first, what)) = first_of(cx, file, meant.copied()) {
                draft = draft.link(&first, format!("`{what}` is defined"));
            }
            out.push(draft);
        }
    }
}

/// Where a file of variables defines one, or its first.
fn first_of<'a>(cx: &Cx<'a>, file: &'a SmolStr, name: Option<&str>) -> Option<(seam_graph::Evidence, &'a str)> {
    let of = |fact: &'a Fact| match &fact.claim {
        Claim::Setting(s) if name.is_none_or(|n| n == s.key) => {
            Some((cx.evidence(file, fact, seam_facts::format_smolstr!("{}", fact.claim)), s.key.as_str()))
        }
        _ => None,
    };
    cx.facts(file).iter().find_map(of)
}
