//! Which tests reach what changes, each with the reason; and how many are left out.
//!
//! Invariant: a test is chosen by name, by what it imports, or by the route, topic, field or key that it spells. Where none of a
//! service that is touched directly is found so, all of its tests are: a missed test costs more than a test too many.

use super::effect::{Cx, Effect, Side};
use crate::change::Level;
use seam_facts::{Claim, SmolStr};
use seam_graph::is_test;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trial {
    pub service: SmolStr,
    pub path: SmolStr,
    pub because: String,
}

/// The chosen tests, and for each touched service how many test files it has.
pub fn trials(cx: &Cx<'_>, effects: &[Effect]) -> (Vec<Trial>, BTreeMap<SmolStr, usize>) {
    let mut spelled: BTreeMap<SmolStr, BTreeSet<String>> = BTreeMap::new();
    let mut direct: BTreeSet<SmolStr> = BTreeSet::new();
    for effect in effects.iter().filter(|e| e.rule.level > Level::Safe) {
        let names = names(cx, effect);
        for service in effect.services() {
            spelled.entry(service.clone()).or_default().extend(names.iter().cloned());
        }
        direct.extend(effect.direct.keys().cloned());
    }
    let (mut out, mut totals): (BTreeSet<Trial>, BTreeMap<SmolStr, usize>) = (BTreeSet::new(), BTreeMap::new());
    let tests = of_services(&cx.new);
    for (service, names) in &spelled {
        let Some(files) = tests.get(service) else { continue };
        totals.insert(service.clone(), files.len());
        let symbols = if direct.contains(service) { symbols(cx, service) } else { BTreeMap::new() };
        let mut any = false;
        for path in files {
            if let Some(because) = reason(cx, path, names, &symbols) {
                any = true;
                out.insert(Trial { service: service.clone(), path: path.clone(), because });
            }
        }
        if !any && direct.contains(service) {
            let because = "nothing tells its tests apart: all of them".to_owned();
            out.extend(files.iter().map(|path| Trial {
                service: service.clone(),
                path: path.clone(),
                because: because.clone(),
            }));
        }
    }
    for edited in cx.edited.iter().filter(|e| e.after.is_some() && !e.hunks.is_empty() && is_test(&e.path)) {
        let path = SmolStr::from(edited.path.as_str());
        let service = tests.iter().find(|(_, files)| files.contains(&path)).map(|(s, _)| s.clone()).unwrap_or_default();
        out.retain(|t| t.path != path);
        out.insert(Trial { service, path, because: "it is changed itself".to_owned() });
    }
    (out.into_iter().collect(), totals)
}

/// Every service's files of tests.
fn of_services(side: &Side<'_>) -> BTreeMap<SmolStr, BTreeSet<SmolStr>> {
    let mut out: BTreeMap<SmolStr, BTreeSet<SmolStr>> = BTreeMap::new();
    for test in &side.graph.tests {
        out.entry(side.name(test.node).clone()).or_default().insert(test.at.path.clone());
    }
    let known: BTreeSet<SmolStr> = out.values().flatten().cloned().collect();
    for (path, _) in side.base.files() {
        if is_test(path) && !known.contains(path) && seam_extract::lang::of_path(path).is_some() {
            for node in side.owners(path) {
                out.entry(side.name(node).clone()).or_default().insert(path.clone());
            }
        }
    }
    out
}

/// What a test may spell of an effect: both names of the thing, and the handlers behind it.
fn names(cx: &Cx<'_>, effect: &Effect) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut put = |text: &str| {
        let text = text.rsplit(' ').next().unwrap_or(text);
        let stretch = text.split(['{', '*', ':']).next().unwrap_or(text).trim_end_matches('/');
        if stretch.len() > 3 {
            out.insert(stretch.to_owned());
        }
    };
    for quoted in effect.text.split('`').skip(1).step_by(2) {
        put(quoted);
        // A method of a contract, a field of a type.
        if let Some((_, method)) = quoted.rsplit_once('/').filter(|(s, _)| !s.is_empty() && !quoted.starts_with('/')) {
            put(method);
        }
    }
    for key in &effect.entries {
        if let Some(endpoint) = super::traffic::by_key(cx, key) {
            let handler = cx.old.graph.endpoints[endpoint].handler.as_str();
            put(handler.rsplit(['.', '#']).next().unwrap_or(handler));
        }
    }
    // A service's own name is in every test of it.
    out.retain(|n| cx.new.node(n).is_none() && cx.old.node(n).is_none());
    out
}

/// Names of functions of a service's own code that changed lines stand in, or that lead to one: each with the one that it leads to.
fn symbols(cx: &Cx<'_>, service: &str) -> BTreeMap<String, String> {
    let side = if cx.old.node(service).is_some() { &cx.old } else { &cx.new };
    let Some(node) = side.node(service) else { return BTreeMap::new() };
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    for edited in cx.edited.iter().filter(|e| e.left_out.is_none()) {
        if !side.files(node).any(|f| *f == edited.path) {
            continue;
        }
        let Some(uses) = side.uses(&edited.path) else { continue };
        for ((name, _), lines) in uses.functions.iter().zip(&uses.lines) {
            let meets = edited
                .hunks
                .iter()
                .any(|h| lines.0 > 0 && h.old.1 > 0 && lines.0 < h.old.0 + h.old.1 && h.old.0 <= lines.1);
            let simple = last(name);
            if meets && simple.len() > 2 {
                out.insert(simple.to_owned(), simple.to_owned());
            }
        }
        for (ty, _) in &uses.types {
            let named = edited
                .hunks
                .iter()
                .any(|_| uses.functions.iter().any(|(n, _)| n.starts_with(ty.as_str()) && out.contains_key(last(n))));
            if named {
                out.insert(ty.to_string(), ty.to_string());
            }
        }
        for fact in side.base.get(&edited.path).into_iter().flat_map(|f| &f.facts) {
            if let Claim::Shape(shape) = &fact.claim
                && edited.touches(fact.at, false)
            {
                let simple = last(&shape.name);
                out.insert(simple.to_owned(), simple.to_owned());
            }
        }
    }
    // Who mentions them, three calls up; a name that many define says nothing.
    let mut defined: BTreeMap<&str, usize> = BTreeMap::new();
    let all: Vec<_> = side.files(node).filter(|f| !is_test(f)).filter_map(|f| side.uses(f)).collect();
    for uses in &all {
        for (name, _) in &uses.functions {
            *defined.entry(last(name)).or_default() += 1;
        }
    }
    for _ in 0..3 {
        let mut more = Vec::new();
        for uses in &all {
            for (name, mentioned) in &uses.functions {
                let simple = last(name);
                if simple.len() < 4 || out.contains_key(simple) || defined.get(simple).is_some_and(|n| *n > 2) {
                    continue;
                }
                let to = mentioned
                    .iter()
                    .find_map(|m| out.get(m.as_str()).filter(|_| defined.get(m.as_str()).is_none_or(|n| *n <= 2)));
                more.extend(to.map(|to| (simple.to_owned(), to.clone())));
            }
        }
        out.extend(more);
    }
    out
}

fn last(name: &str) -> &str {
    name.rsplit(['.', '#', ':']).next().unwrap_or(name)
}

fn reason(cx: &Cx<'_>, path: &str, names: &BTreeSet<String>, symbols: &BTreeMap<String, String>) -> Option<String> {
    if let Some(uses) = cx.new.uses(path) {
        let mentioned = uses.functions.iter().flat_map(|(_, names)| names);
        for name in mentioned {
            if let Some(to) = symbols.get(name.as_str()) {
                return Some(if name == to {
                    format!("it uses `{name}`")
                } else {
                    format!("it uses `{name}`, which leads to `{to}`")
                });
            }
        }
    }
    let text = (cx.new.text)(path)?;
    let found = names.iter().find(|name| holds(&text, name));
    found.map(|name| format!("it names `{name}`"))
}

/// Whether a text has a word, not as a part of another.
fn holds(text: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let starts = word.chars().next().is_some_and(|c| c.is_alphanumeric());
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !(part(after) || starts && part(before))
    })
}
