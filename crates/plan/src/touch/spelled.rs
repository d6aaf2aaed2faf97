//! What a line spells that others know the other end of, in a language or a file whose facts do not say so: the port that callers
//! dial, the name that they look up, what a store holds and whom it lets in.
//!
//! Invariant: a line counts by what it loses, and somebody is touched only where what is known of its interaction spells the same.
//! A secret is compared and never told.

use super::effect::{Cx, Edited, Effect};
use super::rules;
use super::text::Hunk;
use super::values::{self, HOLDS, callers, said};
use seam_facts::SmolStr;
use seam_graph::{Certainty, Difference, Evidence, NodeKind, Turn, What};
use std::collections::BTreeSet;

/// The effect of a hunk, where somebody is touched by it.
pub(super) fn effect(cx: &Cx<'_>, edited: &Edited, hunk: &Hunk) -> Option<Effect> {
    if hunk.old.1 == 0 {
        return None;
    }
    let lines = |text: &Option<String>, (from, count): (u32, u32)| -> Vec<String> {
        let all = super::text::code(&edited.path, text.as_deref().unwrap_or_default());
        all.into_iter().skip(from as usize - 1).take(count as usize).collect()
    };
    let (was, is) = (lines(&edited.before, hunk.old), lines(&edited.after, hunk.new));
    let owners = owners(cx, edited, hunk);
    dialled(cx, (edited, hunk), (&was, &is), &owners).or_else(|| configured(cx, (edited, hunk), (&was, &is), &owners))
}

/// Whose line it is: who is given the setting that it states, or whose file it is.
fn owners(cx: &Cx<'_>, edited: &Edited, hunk: &Hunk) -> Vec<usize> {
    let there = |at: &Evidence| at.path == edited.path && hunk.holds_old(at.at.line);
    let set: BTreeSet<usize> = cx.old.graph.settings.iter().filter(|s| there(&s.at)).map(|s| s.node).collect();
    if !set.is_empty() {
        return set.into_iter().collect();
    }
    let owners = cx.old.owners(&edited.path);
    if !owners.is_empty() {
        return owners;
    }
    // The manifest that deploys it.
    let nodes = cx.old.graph.nodes.iter().enumerate();
    nodes.filter(|(_, n)| n.proof.iter().any(|e| e.path == edited.path)).map(|(id, _)| id).collect()
}

fn new(id: &str, text: String, (edited, hunk): (&Edited, &Hunk), what: &str) -> Effect {
    let (was, is) =
        (Cx::place(&edited.path, hunk.old.0, "the older line"), Cx::place(&edited.path, hunk.new.0, "the newer line"));
    let is = (hunk.new.1 > 0).then_some(is);
    Effect::new(id, text, format!("{what}/{}#{}", edited.path, hunk.old.0)).at(Some(was), is).sure(Certainty::Inferred)
}

fn direct(cx: &Cx<'_>, node: usize, effect: &mut Effect) {
    let places = effect.was.iter().chain(&effect.is).cloned().collect();
    effect.direct.insert(cx.old.name(node).clone(), places);
}

/// Numbers of a text that may be ports.
fn numbers(text: &str) -> BTreeSet<&str> {
    let part = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let all = text.split(part).filter(|w| w.len() < 6 && w.parse::<u32>().is_ok_and(|n| (80..65_536).contains(&n)));
    all.collect()
}

/// Whether a text dials a number: `stock:8080`, `${PORT|8080}`.
fn dials(text: &str, number: &str) -> bool {
    text.match_indices(number).any(|(at, _)| {
        text[..at].ends_with([':', '|']) && !text[at + number.len()..].starts_with(|c: char| c.is_ascii_digit())
    })
}

/// Ties those who dial a node at a number, as their settings or what is known of their calls say.
fn at_number(cx: &Cx<'_>, node: usize, number: &str, effect: &mut Effect) {
    for edge in callers(cx, node) {
        let settings = cx.old.graph.settings.iter().filter(|s| s.node == edge.from);
        let names = |key: &str, text: &str| dials(text, number) || text == number && values::last(key) == "port";
        let set = settings.filter(|s| names(&s.key, &s.value) || s.texts.iter().any(|t| names(&s.key, t)));
        let own = said(edge).filter(|e| dials(&e.says, number));
        let mut places: Vec<Evidence> = Vec::new();
        for place in set.map(|s| &s.at).chain(own) {
            if !places.contains(place) && places.len() < values::PLACES {
                places.push(place.clone());
            }
        }
        values::tie(cx, edge, places, format!("dials it at {number}"), effect);
    }
}

/// A port that only a setting tells, and an address that a server gives to those who come.
pub(super) fn ported(cx: &Cx<'_>, d: &Difference, effect: &mut Effect) {
    let (Some(node), Turn::Changed) = (cx.old.node(&d.node), d.turn) else { return };
    if cx.differences.iter().any(|o| o.what == What::Port && o.node == d.node) {
        return;
    }
    let kept = numbers(&d.after);
    let own = |n: &&str| values::last(&d.name) == "port" || d.before.contains(&format!("{}:{n}", d.node));
    for number in numbers(&d.before).into_iter().filter(|n| !kept.contains(n)).filter(own) {
        at_number(cx, node, number, effect);
    }
    if !effect.dependent.is_empty() {
        effect.rule = rules::find("port-moved");
    }
}

/// A number that callers dial is gone from what a service is made of.
fn dialled(cx: &Cx<'_>, at: (&Edited, &Hunk), (was, is): (&[String], &[String]), owners: &[usize]) -> Option<Effect> {
    if cx.differences.iter().any(|d| d.what == What::Port && owners.iter().any(|n| cx.old.name(*n) == &d.node)) {
        return None;
    }
    let of = |lines: &[String]| -> BTreeSet<String> {
        lines.iter().flat_map(|l| numbers(l)).map(ToOwned::to_owned).collect()
    };
    let (was, is) = (of(was), of(is));
    // One for one: a line that loses several numbers says something else.
    let gone: Vec<&String> = was.difference(&is).collect();
    let [number] = gone.as_slice() else { return None };
    let mut effect =
        new("port-moved", format!("{number} is not named here any more, at which it is dialled"), at, "port");
    for node in owners.iter().copied() {
        let before = effect.dependent.len();
        at_number(cx, node, number, &mut effect);
        if effect.dependent.len() > before {
            direct(cx, node, &mut effect);
        }
    }
    (!effect.dependent.is_empty()).then_some(effect)
}

/// Last words of keys under which configuration says what others look a service up by.
const NAMED: [&str; 5] = ["name", "service", "id", "appid", "serviceid"];

/// Last words of keys by which a store is told whom to let in.
const ADMITS: [&str; 4] = ["password", "pass", "passwd", "pwd"];

/// A line of configuration with one value that is another now.
fn configured(
    cx: &Cx<'_>,
    at: (&Edited, &Hunk),
    (was, is): (&[String], &[String]),
    owners: &[usize],
) -> Option<Effect> {
    if seam_extract::lang::of_path(&at.0.path).is_some() {
        return None;
    }
    if at.0.path.ends_with(".sql") {
        return was.iter().find_map(|line| created(cx, at, line, is, owners));
    }
    let ([was], [is]) = (was, is) else { return None };
    let ((key, old), (other, new_)) = (pair(was)?, pair(is)?);
    if key != other || old == new_ || old.len() < 3 {
        return None;
    }
    let last = values::last(&key);
    if NAMED.contains(&last.as_str()) {
        let mut effect = new("service-renamed", format!("`{key}` is `{new_}` instead of `{old}`"), at, "name");
        for node in owners.iter().copied().filter(|n| cx.old.runs(*n)) {
            let before = effect.dependent.len();
            values::looked_up(cx, node, &old, &mut effect);
            if effect.dependent.len() > before {
                direct(cx, node, &mut effect);
            }
        }
        return (!effect.dependent.is_empty()).then_some(effect);
    }
    let text = format!("`{key}` is another");
    let mut effect = new("secret-parted", text, at, "setting");
    super::parted::resecret(cx, &key, &old, owners, &mut effect);
    if !effect.dependent.is_empty() {
        return Some(effect);
    }
    let (held, admits) = (HOLDS.contains(&last.as_str()), ADMITS.contains(&last.as_str()));
    if !held && !admits {
        return None;
    }
    let text = if admits { format!("`{key}` is another") } else { format!("`{key}` is `{new_}` instead of `{old}`") };
    let mut effect = new("store-renamed", text, at, "store");
    for node in owners.iter().copied().filter(|n| !cx.old.runs(*n)) {
        let before = effect.dependent.len();
        match admits {
            true => let_in(cx, node, &old, &mut effect),
            false => values::held(cx, node, &old, &mut effect),
        }
        if effect.dependent.len() > before {
            direct(cx, node, &mut effect);
        }
    }
    (!effect.dependent.is_empty()).then_some(effect)
}

/// Key and value of a line: `name: shop`, `"name": "shop",`, `NAME=shop`, `- NAME=shop`.
pub(super) fn entry(line: &str) -> Option<(SmolStr, SmolStr)> {
    let line = line.trim().trim_start_matches("- ").trim_end_matches([',', ';']).trim_start_matches("export ");
    let (key, value) = line.split_once('=').or_else(|| line.split_once(": "))?;
    let plain = |text: &str| text.trim().trim_matches(['"', '\'', '`']).to_owned();
    let (key, value) = (plain(key), plain(value));
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "._-/:".contains(c));
    is_key.then(|| (key.into(), value.into()))
}

/// The same where the value is one word.
fn pair(line: &str) -> Option<(SmolStr, SmolStr)> {
    entry(line).filter(|(_, value)| !value.contains([' ', '{', '$']))
}

/// Clients of a store whose own lines spell a password of it.
fn let_in(cx: &Cx<'_>, node: usize, secret: &str, effect: &mut Effect) {
    for edge in callers(cx, node) {
        let lines = cx.old.graph.settings.iter().filter(|s| s.node == edge.from).map(|s| s.at.clone());
        let spells = |place: &Evidence| {
            let text = (cx.old.text)(&place.path).unwrap_or_default();
            let line = text.lines().nth(place.at.line.saturating_sub(1) as usize).unwrap_or_default();
            values::word(line, secret).is_some()
        };
        let mut places: Vec<Evidence> = Vec::new();
        for place in lines.filter(spells) {
            if !places.iter().any(|p| (&p.path, p.at.line) == (&place.path, place.at.line)) {
                places.push(Cx::place(&place.path, place.at.line, "the password"));
            }
        }
        if places.is_empty() {
            places.extend(beside(cx, edge.from, secret));
        }
        places.truncate(values::PLACES);
        values::tie(cx, edge, places, "logs in to it with the old one".to_owned(), effect);
    }
}

/// Lines of configuration beside a node's files that spell a word as what a store holds, or as whom it lets in.
pub(super) fn beside(cx: &Cx<'_>, node: usize, word: &str) -> Vec<Evidence> {
    let up = |path: &str| path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    // `src/lib.rs` takes in `Config.toml` of the folder above.
    let folders: BTreeSet<String> =
        cx.old.files(node).map(|f| up(f)).flat_map(|f| [up(&f), f]).filter(|f| !f.is_empty()).collect();
    let roots = &cx.old.graph.nodes[node].roots;
    let below = |p: &str| {
        roots.iter().any(|r| !r.is_empty() && p.strip_prefix(r.as_str()).is_some_and(|rest| rest.starts_with('/')))
    };
    let configures = |p: &&SmolStr| (folders.contains(&up(p)) || below(p)) && seam_extract::lang::of_path(p).is_none();
    let near = cx.old.base.files().map(|(path, _)| path).filter(configures);
    let spells = |line: &str| {
        let key = pair(line).map(|(key, _)| values::last(&key));
        let names = key.is_some_and(|k| HOLDS.contains(&k.as_str()) || ADMITS.contains(&k.as_str()));
        (names || line.contains("://") || line.contains("@tcp(")) && values::word(line, word).is_some()
    };
    let mut out: Vec<Evidence> = Vec::new();
    for path in near.filter(|p| !p.ends_with(".md") && super::files::left_out(p, "").is_none()) {
        let Some(text) = (cx.old.text)(path).filter(|t| t.contains(word)) else { continue };
        let lines = text.lines().enumerate().filter(|(_, l)| spells(l));
        out.extend(lines.map(|(i, _)| Cx::place(path, i as u32 + 1, "configured here")));
    }
    out.sort_by_key(|p| p.path.rsplit('/').next().is_some_and(|n| n.contains("test")));
    out.truncate(values::PLACES);
    out
}

/// A database, schema or user that a script makes under another name, and the clients that name it.
fn created(cx: &Cx<'_>, at: (&Edited, &Hunk), line: &str, is: &[String], owners: &[usize]) -> Option<Effect> {
    let words: Vec<&str> =
        line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').filter(|w| !w.is_empty()).collect();
    let upper: Vec<String> = words.iter().map(|w| w.to_ascii_uppercase()).collect();
    let makes = upper.first().is_some_and(|w| w == "CREATE")
        && upper.get(1).is_some_and(|w| matches!(w.as_str(), "DATABASE" | "SCHEMA" | "USER" | "ROLE"));
    let name = words.iter().zip(&upper).skip(2).find(|(_, u)| !matches!(u.as_str(), "IF" | "NOT" | "EXISTS"))?.0;
    if !makes || name.len() < 3 || is.iter().any(|l| values::word(l, name).is_some()) {
        return None;
    }
    let mut effect = new("store-renamed", format!("`{name}` is not made any more"), at, "store");
    let is_one = |n: &usize| cx.old.graph.nodes[*n].kind == NodeKind::Database;
    let stores = (0..cx.old.graph.nodes.len()).filter(is_one);
    let own: Vec<usize> = owners.iter().copied().filter(is_one).collect();
    for node in if own.is_empty() { stores.collect() } else { own } {
        let before = effect.dependent.len();
        values::held(cx, node, name, &mut effect);
        if effect.dependent.len() > before {
            direct(cx, node, &mut effect);
        }
    }
    (!effect.dependent.is_empty()).then_some(effect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_dialled_are_whole() {
        assert!(dials("http://stock:8080/x", "8080") && dials("${env:PORT|8080}", "8080"));
        assert!(!dials("http://stock:80801", "8080") && !dials("8080", "8080"));
        assert_eq!(numbers("listen 0.0.0.0:8000, 3 workers v8080"), BTreeSet::from(["8000"]));
    }

    #[test]
    fn lines_of_configuration_are_a_key_with_a_value() {
        for (line, is) in [
            ("  name: \"shop\"", Some(("name", "shop"))),
            ("\"id\": \"shop\",", Some(("id", "shop"))),
            ("- DB_NAME=shop", Some(("DB_NAME", "shop"))),
            ("dapr.io/app-id: \"shop\"", Some(("dapr.io/app-id", "shop"))),
            ("name: a b", None),
            ("x", None),
        ] {
            let found = pair(line);
            assert_eq!(found.as_ref().map(|(k, v)| (k.as_str(), v.as_str())), is, "{line}");
        }
    }
}
