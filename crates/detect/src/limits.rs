//! Limits of one section that contradict one another: all attempts together have less time than one of them. A part of
//! `timeout-inversion`.
//!
//! Invariant: both keys stand in one section of one file and say by their words what they limit; a number without a unit is in seconds
//! where it is as small as nobody's milliseconds.

use crate::effects::words;
use crate::time::shown;
use crate::{Cx, Draft, Severity};
use seam_facts::{Claim, Fact, SmolStr};
use seam_graph::{Certainty, is_test};
use std::collections::{BTreeMap, BTreeSet};

const WHOLE: [&str; 5] = ["overall", "total", "whole", "all", "complete"];
const ONE: [&str; 6] = ["each", "per", "attempt", "try", "single", "retry"];

pub(crate) fn limits(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    type Limit<'a> = (&'a Fact, &'a SmolStr, u64);
    type Sides<'a> = (Vec<Limit<'a>>, Vec<Limit<'a>>);
    let mut sections: BTreeMap<(&SmolStr, &str), Sides<'_>> = BTreeMap::new();
    for (path, fact) in cx.base.facts() {
        let Claim::Setting(setting) = &fact.claim else { continue };
        let Some(at) = setting.key.rfind(['.', ':', '/']).or_else(|| setting.key.rfind("__")) else { continue };
        let (section, key) = (&setting.key[..at], &setting.key[at..]);
        let own = words(key);
        if !own.iter().any(|w| w.starts_with("timeout")) || own.iter().any(|w| w == "connect") || is_test(path) {
            continue;
        }
        let Some(millis) = setting.value.as_text().and_then(|t| millis(&t, &own)) else { continue };
        let says = |list: &[&str]| own.iter().any(|w| list.contains(&w.as_str()));
        let sides = sections.entry((path, section)).or_default();
        match (says(&WHOLE), says(&ONE)) {
            (true, false) => sides.0.push((fact, &setting.key, millis)),
            (false, true) => sides.1.push((fact, &setting.key, millis)),
            _ => {}
        }
    }
    let mut told = BTreeSet::new();
    for ((path, section), sides) in sections {
        let ([(whole, key, all)], [(one, other, each)]) = (sides.0.as_slice(), sides.1.as_slice()) else { continue };
        if all >= each || *all == 0 || !told.insert((path, section)) {
            continue;
        }
        let at = cx.evidence(path, whole, seam_facts::format_smolstr!("{}", whole.claim));
        let owners: Vec<usize> = cx.owners(path).to_vec();
        out.push(
            Draft::new(
                format!("{path} {section} limits"),
                &at,
                format!("`{key}` gives all attempts {}, and `{other}` gives one of them {}", shown(*all), shown(*each)),
            )
            .why(
                "The limit over all of them ends the first attempt before its own does: neither the timeout of an attempt nor another attempt \
                 ever comes about, and what was only slow counts as failed.",
            )
            .about(owners.into_iter().take(1).map(|n| cx.node(n).key.clone()))
            .severity(Severity::Warning)
            .certainty(Certainty::Inferred)
            .help("let the limit over all attempts be longer than the attempts and their pauses together")
            .link(&at, format!("all together: {}", shown(*all)))
            .link(&cx.evidence(path, one, seam_facts::format_smolstr!("{}", one.claim)), format!("each: {}", shown(*each))),
        );
    }
}

/// A duration in milliseconds: `00:01:30`, `90s`, `1500ms`, `PT30S`, or a number whose key or size says its unit.
fn millis(text: &str, key: &[String]) -> Option<u64> {
    let text = text.trim();
    if let [hours, minutes, seconds] = text.split(':').collect::<Vec<_>>().as_slice() {
        let whole = |t: &str| t.parse::<u64>().ok();
        let seconds = seconds.split('.').next().and_then(whole)?;
        return Some((whole(hours)? * 3600 + whole(minutes)? * 60 + seconds) * 1000);
    }
    let text = text.strip_prefix("PT").unwrap_or(text).to_ascii_lowercase();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let unit = match text[end..].trim() {
        "" => {
            let says = |list: &[&str]| key.iter().any(|w| list.contains(&w.as_str()));
            match (says(&["ms", "millis", "milliseconds"]), says(&["s", "sec", "secs", "seconds"])) {
                (true, _) => 1,
                (_, true) => 1000,
                _ if number <= 60 => 1000,
                _ => return None,
            }
        }
        "ms" => 1,
        "s" | "sec" => 1000,
        "m" | "min" => 60_000,
        _ => return None,
    };
    Some(number * unit)
}
