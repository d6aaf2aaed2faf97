//! Settings of any kind that miss each other: a program reads one key that nothing gives it, and is given one that nothing reads.
//! Addresses are told more surely in `leftover`; here two keys are one before and after somebody renamed it on one side alone.
//!
//! Invariant: each is the only one of its kind that the other may be, and more of the same settings are read by their names, so
//! that what the program reads is known.

use crate::Cx;
use crate::drift::{is_masked, mentioned};
use crate::effects::words;
use crate::keys::{Keys, host, is_address, is_deployed, is_of_a_library, is_of_a_platform, squash};
use crate::leftover::{ASIDE, Orphan};
use seam_facts::{Claim, Hole, SmolStr, Value};
use seam_graph::{SettingOf, is_test};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// What a service reads and nothing gives it, and what it is given instead.
pub(crate) struct Stray<'a> {
    pub read: Orphan<'a>,
    pub set: &'a SettingOf,
    /// The two have a word in common.
    pub sure: bool,
}

/// Words that say nothing of what a key is about.
const PLAIN: [&str; 20] = [
    "connection",
    "connections",
    "strings",
    "string",
    "app",
    "service",
    "config",
    "url",
    "uri",
    "host",
    "port",
    "name",
    "key",
    "max",
    "min",
    "default",
    "api",
    "env",
    "the",
    "value",
];

/// What a value is, as far as the key or the value says so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Address,
    Number,
    Flag,
    Secret,
    Text,
}

pub(crate) fn strays<'a>(cx: &Cx<'a>, node: usize, keys: &Keys<'a>, used: &HashSet<(&SmolStr, u32)>) -> Vec<Stray<'a>> {
    // Those of the node that meet: of a program that is told little by name, little is known.
    let met = keys.read.iter().filter(|(k, _)| keys.set.contains_key(*k)).count();
    if met < 2 {
        return Vec::new();
    }
    let orphans = orphans(cx, node, keys);
    let idle = idle(cx, node, keys, used);
    // A program that does without many of its settings may do without this one, too.
    if orphans.is_empty() || orphans.len() * 3 > met.max(3) {
        return apart(cx, node, keys, &idle);
    }
    let said = frequent(keys);
    let mut out = Vec::new();
    let (mut taken, mut paired) = (BTreeSet::new(), BTreeSet::new());
    for sure in [true, false] {
        let left: Vec<usize> = (0..orphans.len()).filter(|o| !paired.contains(o)).collect();
        let free: Vec<usize> = (0..idle.len()).filter(|i| !taken.contains(i)).collect();
        let fit = |o: usize, i: usize| {
            let (orphan, setting) = (&orphans[o], idle[i]);
            fits(cx, node, orphan.key, setting, sure) && (!sure || alike(&said, orphan.key, &setting.key))
        };
        for o in &left {
            let fitting: Vec<usize> = free.iter().copied().filter(|i| fit(*o, *i)).collect();
            let [only] = fitting.as_slice() else { continue };
            let rivals = left.iter().filter(|other| fit(**other, *only)).count();
            // Of wholly different names, nothing else may be left on either side.
            if rivals == 1 && (sure || left.len() == 1 && free.len() == 1) {
                taken.insert(*only);
                paired.insert(*o);
                out.push(Stray { read: orphans[*o].clone(), set: idle[*only], sure });
            }
        }
    }
    out
}

/// The same within one deployment, where another sets what is read: the only setting there that nothing reads, and the only key
/// without a default that is not set there.
fn apart<'a>(cx: &Cx<'a>, node: usize, keys: &Keys<'a>, idle: &[&'a SettingOf]) -> Vec<Stray<'a>> {
    let own: HashSet<&SmolStr> = cx.node(node).own.iter().collect();
    let mut out = Vec::new();
    // What a group of the cluster has as a file is no variable.
    let variable = |s: &&&SettingOf| {
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        is_deployed(s) && s.key.chars().all(plain)
    };
    let idle: Vec<&SettingOf> = idle.iter().filter(variable).copied().collect();
    let files: BTreeSet<&SmolStr> = idle.iter().map(|s| &s.at.path).collect();
    for file in files {
        let here = |sets: &[&SettingOf]| sets.iter().any(|s| s.at.path == *file && is_deployed(s));
        let met = keys.read.keys().filter(|k| keys.set.get(*k).is_some_and(|sets| here(sets))).count();
        let mut left = idle.iter().filter(|s| s.at.path == *file);
        let Some(set) = left.next().filter(|_| left.next().is_none() && met > 3) else { continue };
        let mut lost = keys.read.iter().filter_map(|(key, reads)| {
            let sets = keys.set.get(key)?;
            let read = *reads.first()?;
            let elsewhere = !here(sets) && sets.iter().all(|s| is_deployed(s));
            let bare = reads.iter().all(|r| r.default.is_none() && own.contains(&r.at.path) && !is_test(&r.at.path));
            let named = !is_of_a_platform(&read.key) && !is_of_a_library(&read.key);
            (elsewhere && bare && named).then_some(read)
        });
        let Some(read) = lost.next().filter(|_| lost.next().is_none()) else { continue };
        if by_name(&read.key).is_some() && fits(cx, node, &read.key, set, false) {
            let orphan = Orphan { key: &read.key, default: None, at: read.at.clone() };
            out.push(Stray { read: orphan, set, sure: false });
        }
    }
    out
}

/// Words that more than a few keys have: sections and prefixes, which tell none from another.
fn frequent(keys: &Keys<'_>) -> HashSet<String> {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    let all = keys.set.values().filter_map(|s| Some(s.first()?.key.as_str()));
    let read =
        keys.read.iter().filter(|(k, _)| !keys.set.contains_key(*k)).filter_map(|(_, r)| Some(r.first()?.key.as_str()));
    for key in all.chain(read) {
        for word in words(key).into_iter().collect::<BTreeSet<String>>() {
            *count.entry(word).or_default() += 1;
        }
    }
    count.into_iter().filter(|(_, n)| *n > 3).map(|(w, _)| w).collect()
}

/// Keys that code reads without a default and nothing gives.
fn orphans<'a>(cx: &Cx<'a>, node: usize, keys: &Keys<'a>) -> Vec<Orphan<'a>> {
    let own: HashSet<&SmolStr> = cx.node(node).own.iter().collect();
    let mut found: BTreeMap<String, Orphan<'a>> = BTreeMap::new();
    let named = |key: &str| {
        let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':'));
        let capitals = key.len() > 3 && key.chars().all(|c| c.is_ascii_uppercase());
        let aside = words(key).iter().any(|w| ASIDE.contains(&w.as_str()));
        plain
            && !aside
            && (capitals || key.contains(['_', '.', ':', '-']))
            && !is_of_a_platform(key)
            && !is_of_a_library(key)
    };
    for reads in keys.read.values() {
        let Some(read) = reads.first() else { continue };
        let here = reads.iter().all(|r| own.contains(&r.at.path) && !is_test(&r.at.path));
        if here && named(&read.key) && reads.iter().all(|r| r.default.is_none()) && !keys.is_given(&read.key) {
            let orphan = Orphan { key: &read.key, default: None, at: read.at.clone() };
            found.entry(squash(&read.key)).or_insert(orphan);
        }
    }
    for (path, fact) in cx.own_facts(node) {
        let Claim::Message(message) = &fact.claim else { continue };
        let parts = [Some(&message.topic), message.exchange.as_ref(), message.routing_key.as_ref()];
        for hole in parts.into_iter().flatten().filter_map(Value::as_hole) {
            if let Hole::Config { key, default: None } = hole
                && named(key)
                && !is_test(path)
                && !keys.is_given(key)
            {
                let at = cx.evidence(path, fact, seam_facts::format_smolstr!("{}", fact.claim));
                found.entry(squash(key)).or_insert(Orphan { key, default: None, at });
            }
        }
    }
    found.into_values().collect()
}

/// Settings that nothing of the node is seen to read, beside others that it reads.
fn idle<'a>(cx: &Cx<'a>, node: usize, keys: &Keys<'a>, used: &HashSet<(&SmolStr, u32)>) -> Vec<&'a SettingOf> {
    let read = |s: &SettingOf| keys.is_read(&s.key);
    let beside: HashSet<&SmolStr> = keys.set.values().flatten().filter(|s| read(s)).map(|s| &s.at.path).collect();
    let section = |key: &str| squash(key.split(['.', ':']).next().unwrap_or(key));
    let sections: HashSet<String> = keys.read.values().flatten().map(|r| section(&r.key)).collect();
    let mut out: BTreeMap<String, &SettingOf> = BTreeMap::new();
    for setting in keys.set.values().flatten() {
        let says = &setting.at.says;
        let deployed = is_deployed(setting) || says.starts_with("setting [dotenv");
        // What a framework reads of a configuration is not seen; a section of which code reads other keys is the program's own.
        // A group of settings that others are given as well is for all of them.
        let others = || {
            cx.graph.settings.iter().any(|s| s.node != node && s.at.path == setting.at.path && s.at.at == setting.at.at)
        };
        let own = deployed && !(says.starts_with("setting [group") && others())
            || says.starts_with("setting [app") && sections.contains(&section(&setting.key));
        let key = &setting.key;
        let apart = is_of_a_platform(key) || is_of_a_library(key) || key.contains('[');
        if own
            && !apart
            && beside.contains(&setting.at.path)
            && !read(setting)
            && !used.contains(&(&setting.at.path, setting.at.at.line))
            && !is_test(&setting.at.path)
            && !mentioned(cx, node, key)
        {
            out.entry(squash(key)).or_insert(setting);
        }
    }
    out.into_values().collect()
}

/// Whether two keys have a word in common that says something.
fn alike(said: &HashSet<String>, a: &str, b: &str) -> bool {
    let telling = |key: &str| -> BTreeSet<String> {
        let says = |w: &String| w.len() > 2 && !PLAIN.contains(&w.as_str()) && !said.contains(w);
        words(key).into_iter().filter(says).map(|w| w.trim_end_matches('s').to_owned()).collect()
    };
    telling(a).intersection(&telling(b)).next().is_some()
}

fn fits(cx: &Cx<'_>, node: usize, read: &str, set: &SettingOf, sure: bool) -> bool {
    // `key: ${OTHER}` is what reads the other.
    if set.value.contains(read) {
        return false;
    }
    let value = if let [text] = set.texts.as_slice() { text } else { &set.value };
    let (wanted, given) = (by_name(read), by_name(&set.key));
    let is = if is_masked(value) {
        Some(Kind::Secret)
    } else if value.is_empty() || value.contains("${") {
        given
    } else if value.parse::<f64>().is_ok() {
        Some(Kind::Number)
    } else if matches!(value.to_ascii_lowercase().as_str(), "true" | "false") {
        Some(Kind::Flag)
    } else if value.contains("://") || host(value, is_address(&set.key)).is_some() || cx.graph.node(value).is_some() {
        Some(Kind::Address)
    } else {
        given.or(Some(Kind::Text))
    };
    match (wanted, is) {
        (Some(wanted), Some(is)) => wanted == is,
        // An address of another service is one that the program needs, whatever it calls it.
        (None, Some(Kind::Address)) => {
            let leads = |name: &str| cx.graph.node(name).is_some_and(|to| to != node);
            sure || leads(value) || host(value, true).is_some_and(|(name, _)| leads(name))
        }
        _ => true,
    }
}

pub(crate) fn by_name(key: &str) -> Option<Kind> {
    const NUMBERS: [&str; 18] = [
        "port",
        "max",
        "min",
        "count",
        "size",
        "limit",
        "timeout",
        "seconds",
        "retries",
        "attempts",
        "ttl",
        "ms",
        "interval",
        "workers",
        "threads",
        "days",
        "minutes",
        "expiration",
    ];
    const SECRETS: [&str; 9] = ["secret", "token", "password", "pass", "apikey", "passphrase", "pw", "pwd", "passwd"];
    const FLAGS: [&str; 5] = ["enabled", "enable", "disabled", "disable", "is"];
    let words = words(key);
    let last = words.last().map(String::as_str).unwrap_or_default();
    let any = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    if is_address(key) {
        Some(Kind::Address)
    } else if any(&SECRETS) || last == "key" {
        Some(Kind::Secret)
    } else if any(&FLAGS) {
        Some(Kind::Flag)
    } else if any(&NUMBERS) {
        Some(Kind::Number)
    } else {
        None
    }
}
