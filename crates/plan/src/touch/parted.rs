//! What several services are given alike, so that they meet: the part of a store that they share, the secret that one signs with
//! and the other checks. Whoever is given another one parts from the rest.
//!
//! Invariant: only who is given the same under a key of the same meaning, and does not move along, is touched. A secret is compared
//! and never told.

use super::effect::{Cx, Effect, Tie};
use super::rules;
use super::values::{self, callers, said};
use seam_graph::{Certainty, Difference, Edge, Evidence, SettingOf, Traffic, Turn};
use std::collections::BTreeSet;

/// Last words of keys that choose a part of a store or broker.
const PARTS: [&str; 14] = [
    "db",
    "database",
    "dbname",
    "index",
    "dbindex",
    "schema",
    "keyspace",
    "vhost",
    "bucket",
    "prefix",
    "namespace",
    "collection",
    "catalog",
    "virtualhost",
];

/// Words of keys under which what several sign and check with is given.
const SIGNS: [&str; 6] = ["secret", "jwt", "signing", "hmac", "token", "apikey"];

pub(super) fn parted(cx: &Cx<'_>, d: &Difference, effect: &mut Effect) {
    let (Some(node), Turn::Changed) = (cx.old.node(&d.node), d.turn) else { return };
    if !cx.old.runs(node) || !effect.dependent.is_empty() {
        return;
    }
    let id = if PARTS.contains(&values::last(&d.name).as_str()) {
        part(cx, d, node, effect);
        "store-parted"
    } else if is_secret(&d.name) {
        secret(cx, d, node, effect);
        "secret-parted"
    } else {
        return;
    };
    if !effect.dependent.is_empty() {
        effect.rule = rules::find(id);
    }
}

fn is_secret(key: &str) -> bool {
    let parts: Vec<String> = key.split(['.', '_', '-', ':']).map(str::to_ascii_lowercase).collect();
    let has = |words: &[&str]| parts.iter().any(|p| words.contains(&p.as_str()));
    has(&SIGNS)
        && !has(&["password", "pass", "pwd", "url", "uri", "ttl", "expiration", "expiry", "expires", "lifetime"])
}

/// The values that a difference had and has not any more.
fn lost(d: &Difference) -> BTreeSet<&str> {
    let of = |text| -> BTreeSet<&str> { str::split(text, ',').map(str::trim).filter(|v| !v.is_empty()).collect() };
    let after: BTreeSet<&str> = of(&d.after);
    of(&d.before).into_iter().filter(|v| !after.contains(v) && !v.contains(['{', '*'])).collect()
}

/// Words of a key that say which product it is about.
fn product(key: &str) -> BTreeSet<String> {
    const GENERAL: [&str; 9] = ["spring", "quarkus", "app", "config", "client", "data", "default", "name", "values"];
    let all = key.split(['.', '_', '-', ':']).map(str::to_ascii_lowercase);
    all.filter(|w| w.len() > 2 && !GENERAL.contains(&w.as_str()) && !PARTS.contains(&w.as_str())).collect()
}

/// The stores and brokers that a key may speak of: those whose product it names, else all that a node uses.
fn meant<'c>(cx: &'c Cx<'_>, node: usize, key: &str) -> Vec<&'c Edge> {
    let kept = |e: &&Edge| e.from == node && e.kind.traffic() != Traffic::Call;
    let all: Vec<&Edge> = cx.old.graph.edges.iter().filter(kept).collect();
    let words = product(key);
    let names = |e: &&Edge| {
        let it = &cx.old.graph.nodes[e.to];
        let system = it.system.map(|s| format!("{s:?}").to_ascii_lowercase()).unwrap_or_default();
        words.iter().any(|w| it.name.to_ascii_lowercase().contains(w.as_str()) || !system.is_empty() && system == *w)
    };
    let named: Vec<&Edge> = all.iter().copied().filter(names).collect();
    if named.is_empty() { all } else { named }
}

fn part(cx: &Cx<'_>, d: &Difference, node: usize, effect: &mut Effect) {
    let (lost, words) = (lost(d), product(&d.name));
    for own in meant(cx, node, &d.name) {
        for far in callers(cx, own.to).filter(|e| e.from != node) {
            let alike = |s: &&SettingOf| {
                s.node == far.from
                    && PARTS.contains(&values::last(&s.key).as_str())
                    && (words.is_empty() || !product(&s.key).is_disjoint(&words))
                    && (lost.contains(s.value.as_str()) || s.texts.iter().any(|t| lost.contains(t.as_str())))
            };
            let mut places: Vec<Evidence> =
                cx.old.graph.settings.iter().filter(alike).map(|s| s.at.clone()).take(values::PLACES).collect();
            // A name says enough wherever it is said; a number does not.
            for name in lost.iter().filter(|v| v.len() > 2 && v.parse::<f64>().is_err()) {
                let edges = cx.old.graph.edges.iter().filter(|e| e.from == far.from);
                let says = edges.flat_map(said).filter(|e| values::word(&e.says, name).is_some());
                places.extend(says.cloned());
                if cx.old.graph.nodes[far.from].own.is_empty() {
                    places.extend(configured(cx, far, name));
                }
            }
            places.dedup_by(|a, b| (&a.path, a.at.line) == (&b.path, b.at.line));
            places.truncate(values::PLACES);
            let store = cx.old.name(own.to);
            values::tie(cx, far, places, format!("uses the part of `{store}` that it leaves"), effect);
        }
    }
}

/// Lines of the files that configure a ready-made client, and spell a name.
fn configured(cx: &Cx<'_>, edge: &Edge, name: &str) -> Vec<Evidence> {
    let files: BTreeSet<&str> = said(edge).map(|e| e.path.as_str()).collect();
    let mut out = Vec::new();
    for path in files.into_iter().filter(|p| seam_extract::lang::of_path(p).is_none()) {
        let Some(text) = (cx.old.text)(path).filter(|t| t.contains(name)) else { continue };
        let lines = text.lines().enumerate().filter(|(_, l)| values::word(l, name).is_some());
        out.extend(lines.map(|(i, _)| Cx::place(path, i as u32 + 1, "names it")));
    }
    out
}

/// What a line of configuration gives, as it is written.
fn written(cx: &Cx<'_>, at: &Evidence, newer: bool) -> Option<String> {
    let side = if newer { &cx.new } else { &cx.old };
    let text = (side.text)(&at.path)?;
    let line = text.lines().nth(at.at.line.saturating_sub(1) as usize)?;
    super::spelled::entry(line).map(|(_, value)| value.to_string()).filter(|v| v.len() > 2)
}

/// Whether only the mask of a secret is another: which one it gets depends on those beside it.
pub(super) fn only_masked(cx: &Cx<'_>, d: &Difference) -> bool {
    let mask = |text: &str| !text.is_empty() && text.chars().all(|c| c == '*');
    let (Some(was), Some(is)) = (&d.was, &d.is) else { return false };
    mask(&d.before) && mask(&d.after) && written(cx, was, false) == written(cx, is, true)
}

fn secret(cx: &Cx<'_>, d: &Difference, node: usize, effect: &mut Effect) {
    if let Some(own) = d.was.as_ref().and_then(|at| written(cx, at, false)) {
        shared(cx, &d.name, node, &own, effect);
    }
}

/// Ties those who are given the same secret as a node was, and still are.
fn shared(cx: &Cx<'_>, key: &str, node: usize, secret: &str, effect: &mut Effect) {
    let plain = super::fields::plain(key);
    let same = |s: &&SettingOf| s.node != node && super::fields::plain(&s.key) == plain;
    let touched = |at: &Evidence| cx.edit(&at.path).is_some_and(|e| e.touches(at.at, false));
    for far in cx.old.graph.settings.iter().filter(same).filter(|s| !touched(&s.at)) {
        let reads = cx.old.graph.reads.iter().filter(|r| r.node == far.node && super::fields::plain(&r.key) == plain);
        let places: Vec<Evidence> =
            reads.map(|r| r.at.clone()).filter(|at| !seam_graph::is_test(&at.path)).take(values::PLACES).collect();
        if places.is_empty() || written(cx, &far.at, false).as_deref() != Some(secret) {
            continue;
        }
        effect.tie(Tie {
            service: cx.old.name(far.node).clone(),
            why: format!("is given the same `{}` as before", far.key),
            through: Vec::new(),
            places: places.into_iter().chain([far.at.clone()]).collect(),
            certainty: Certainty::Inferred,
            moved: false,
        });
    }
}

/// A line that gives some nodes a secret, and gave them another before.
pub(super) fn resecret(cx: &Cx<'_>, key: &str, secret: &str, owners: &[usize], effect: &mut Effect) {
    for node in owners.iter().copied().filter(|n| is_secret(key) && cx.old.runs(*n)) {
        shared(cx, key, node, secret, effect);
        if !effect.dependent.is_empty() {
            let places = effect.was.iter().chain(&effect.is).cloned().collect();
            effect.direct.insert(cx.old.name(node).clone(), places);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_say_what_they_are_about() {
        assert!(is_secret("JWT_SECRET") && is_secret("auth.token.signing") && !is_secret("DB_PASSWORD"));
        assert!(!is_secret("JWT_EXPIRATION") && !is_secret("TOKEN_URL"));
        assert_eq!(product("spring.redis.database"), BTreeSet::from(["redis".to_owned()]));
        assert_eq!(product("REDIS_DB_INDEX"), BTreeSet::from(["redis".to_owned()]));
    }
}
