//! Lines that change and state nothing: keys that others spell too, and otherwise the ways in that run into their function.
//!
//! Invariant: such a line touches what stands on it, never its file: the function that holds it, the ways in that reach that
//! function, the services whose own code runs it. What it does there is not known, and that is said.

use super::effect::{Cx, Edited, Effect};
use super::others::{self, Others};
use super::text::{Hunk, lost};
use super::wording;
use super::{fields, forms};
use seam_facts::{Key, SmolStr};
use seam_graph::{Certainty, Evidence};
use std::collections::{BTreeMap, BTreeSet};

/// Tells the hunks that no effect speaks of; gives what stays unknown.
pub(super) fn effects(cx: &Cx<'_>, out: &mut Vec<Effect>, unknown: &mut Vec<Evidence>) {
    for edited in cx.edited.iter().filter(|e| e.left_out.is_none()) {
        for hunk in &edited.logs {
            out.push(worded(cx, edited, hunk, "log-text", "only what is written to a log"));
        }
        let told = out.len();
        gone(cx, edited, out);
        for hunk in &edited.hunks {
            let known = speaking(&out[..told], edited, hunk);
            let (is_spoken, is_tied) = (!known.is_empty(), known.iter().any(|e| !e.dependent.is_empty()));
            if let Some(effect) = super::spelled::effect(cx, edited, hunk).filter(|_| !is_tied) {
                out.push(effect);
                continue;
            }
            if is_spoken {
                continue;
            }
            if wording::only_texts(cx, edited, hunk) {
                out.push(worded(cx, edited, hunk, "text-changed", "a text for people is worded otherwise"));
                continue;
            }
            let is_code = seam_extract::lang::of_path(&edited.path).is_some();
            if !is_code || !seed(cx, edited, hunk, out) {
                let line = if hunk.new.1 > 0 { hunk.new.0 } else { hunk.old.0 };
                unknown.push(Cx::place(&edited.path, line, "says nothing that is understood"));
            }
        }
    }
    merge(out);
}

/// An effect of words that nothing depends on.
fn worded(cx: &Cx<'_>, edited: &Edited, hunk: &Hunk, id: &str, text: &str) -> Effect {
    let place = Cx::place(&edited.path, hunk.new.0, "the text");
    let mut effect = Effect::new(id, text.to_owned(), format!("code/{}", edited.path));
    effect.is = Some(place.clone());
    for node in cx.new.owners(&edited.path) {
        effect.direct.insert(cx.new.name(node).clone(), vec![place.clone()]);
    }
    effect
}

/// Functions and types that a file does not define any more, and other files of the same program still name.
fn gone(cx: &Cx<'_>, edited: &Edited, out: &mut Vec<Effect>) {
    let Some(before) = cx.old.uses(&edited.path) else { return };
    let after = cx.new.uses(&edited.path);
    let simple = |s: &str| SmolStr::from(s.rsplit(['.', '#', ':']).next().unwrap_or(s));
    let names = |uses: &seam_facts::Uses| -> BTreeSet<SmolStr> {
        let functions = uses.functions.iter().filter(|(n, _)| !n.contains('<')).map(|(n, _)| simple(n));
        functions.chain(uses.types.iter().map(|(t, _)| simple(t))).collect()
    };
    let kept = after.map(names).unwrap_or_default();
    for name in names(before).into_iter().filter(|n| n.len() > 3 && !kept.contains(n)) {
        let line = before
            .functions
            .iter()
            .zip(&before.lines)
            .find(|((n, _), _)| simple(n) == name)
            .map_or(1, |(_, l)| l.0.max(1));
        let mut effect = Effect::new(
            "name-gone",
            format!("`{name}` is not defined any more, and is still named"),
            format!("name/{}#{name}", edited.path),
        );
        effect.was = Some(Cx::place(&edited.path, line, "it was defined here"));
        for node in cx.old.owners(&edited.path) {
            let Some(now) = cx.new.node(cx.old.name(node)) else { continue };
            let defined = |path: &SmolStr| cx.new.uses(path).is_some_and(|u| names(u).contains(&name));
            if cx.new.files(now).any(defined) {
                continue;
            }
            let mut places = Vec::new();
            for path in cx.new.files(now).filter(|p| **p != edited.path && reaches(cx, p, &edited.path)) {
                let Some(uses) = cx.new.uses(path) else { continue };
                for ((_, mentioned), lines) in uses.functions.iter().zip(&uses.lines) {
                    if mentioned.contains(&name) {
                        let text = (cx.new.text)(path).unwrap_or_default();
                        let from = lines.0.max(1) as usize;
                        let at = text.lines().enumerate().skip(from - 1).find(|(_, l)| l.contains(name.as_str()));
                        places.push(Cx::place(
                            path,
                            at.map_or(from as u32, |(i, _)| i as u32 + 1),
                            "it is still named here",
                        ));
                    }
                }
            }
            if !places.is_empty() {
                places.extend(effect.was.clone());
                effect.direct.insert(cx.old.name(node).clone(), places);
            }
        }
        if !effect.direct.is_empty() {
            effect.certainty = Certainty::Inferred;
            let (_, entries) = ways_in(cx, edited, &Hunk { old: (line, 1), new: (line, 0) });
            effect.entries = entries;
            out.push(effect);
        }
    }
}

/// Whether a file imports another, as far as its imports' last words tell; in languages without imports by file, all do.
fn reaches(cx: &Cx<'_>, path: &str, other: &str) -> bool {
    let stem = other.rsplit('/').next().unwrap_or(other).split('.').next().unwrap_or(other);
    let folder = |p: &str| p.rsplit_once('/').map_or(String::new(), |(f, _)| f.to_owned());
    let named = cx.new.uses(path).is_some_and(|u| {
        u.imports.iter().any(|i| {
            i.split(['/', '.', '#', ':']).any(|part| part == stem)
                || folder(other)
                    .rsplit('/')
                    .next()
                    .is_some_and(|f| !f.is_empty() && i.split(['/', '.', '#']).any(|part| part == f))
        })
    });
    named || folder(path) == folder(other)
}

/// The effects that have a place on the lines of a hunk.
fn speaking<'e>(effects: &'e [Effect], edited: &Edited, hunk: &Hunk) -> Vec<&'e Effect> {
    let on = |e: &Evidence, newer: bool| {
        let end = e.at.end_line.max(e.at.line);
        // A long span (a class, a route with its body) speaks for its first line only.
        let end = if end - e.at.line > 6 { e.at.line } else { end };
        e.path == edited.path && (e.at.line..=end).any(|l| if newer { hunk.holds_new(l) } else { hunk.holds_old(l) })
    };
    // An annotation stands above the field that it speaks of.
    let beside = |p: &Evidence| {
        p.path == edited.path
            && (p.at.line.saturating_sub(2)..=p.at.line + 3).any(|l| hunk.holds_new(l) || hunk.holds_old(l))
    };
    // What is only added speaks for lines that are only added.
    let speaks =
        |e: &&Effect| e.rule.level > crate::change::Level::Safe || hunk.old.1 == 0 || !e.rule.id.ends_with("-added");
    let tells = |e: &&Effect| {
        (e.key.starts_with("field/") && e.was.iter().chain(&e.is).any(beside))
            || e.was.as_ref().is_some_and(|p| on(p, false))
            || e.is.as_ref().is_some_and(|p| on(p, true))
            || e.direct.values().flatten().any(|p| on(p, true) || on(p, false))
    };
    effects.iter().filter(speaks).filter(tells).collect()
}

/// The lines as they are, without comments: where keys stand.
fn codes(edited: &Edited) -> (Vec<String>, Vec<String>) {
    let of = |text: &Option<String>| super::text::code(&edited.path, text.as_deref().unwrap_or_default());
    (of(&edited.before), of(&edited.after))
}

fn seed(cx: &Cx<'_>, edited: &Edited, hunk: &Hunk, out: &mut Vec<Effect>) -> bool {
    let (before, after) = codes(edited);
    let line = if hunk.new.1 > 0 { hunk.new.0 } else { hunk.old.0 };
    let was = (hunk.old.1 > 0).then(|| Cx::place(&edited.path, hunk.old.0, "the older line"));
    let is = (hunk.new.1 > 0).then(|| Cx::place(&edited.path, hunk.new.0, "the newer line"));
    let owners = cx.old.owners(&edited.path);
    let owners = if owners.is_empty() { cx.new.owners(&edited.path) } else { owners };
    if let Some(effect) = super::declared::effect(cx, edited, hunk, &owners) {
        out.push(effect);
        return true;
    }
    if let Some(mut effect) = respelled(cx, edited, hunk, &owners, (&before, &after)) {
        effect = effect.at(was.clone(), is.clone());
        effect.entries.extend(ways_in(cx, edited, hunk).1);
        out.push(effect);
        return true;
    }
    let (functions, entries, services) = {
        let (functions, entries) = ways_in(cx, edited, hunk);
        let services = running(cx, edited, &functions, &owners);
        (functions, entries, services)
    };
    if services.is_empty() {
        return false;
    }
    let shared = services.len() > 1
        && owners
            .iter()
            .any(|n| cx.old.graph.nodes.get(*n).is_some_and(|n| n.libraries.iter().any(|l| *l == edited.path)));
    let where_ = functions.iter().next().map_or_else(|| "at the top of the file".to_owned(), |f| format!("in `{f}`"));
    let id = if shared { "library-changed" } else { "code-changed" };
    let mut effect = Effect::new(
        id,
        format!("code {where_} is different"),
        format!("code/{}#{}", edited.path, functions.iter().next().map_or("", |f| f.as_str())),
    );
    effect = effect.at(was.clone(), is.clone()).sure(Certainty::Inferred);
    let place = is.or(was).unwrap_or_else(|| Cx::place(&edited.path, line, "changed here"));
    for service in services {
        effect.direct.insert(service, vec![place.clone()]);
    }
    effect.entries = entries;
    effect.open.push("whether it does something else for those who call it is not known".to_owned());
    out.push(effect);
    true
}

/// What the lines do not name any more, where others who have to do with their services name it too.
fn respelled(
    cx: &Cx<'_>,
    edited: &Edited,
    hunk: &Hunk,
    owners: &[usize],
    (before, after): (&[String], &[String]),
) -> Option<Effect> {
    let place = |(from, count): (u32, u32), says| (count > 0).then(|| Cx::place(&edited.path, from, says));
    let places: Vec<Evidence> =
        place(hunk.old, "the older line").into_iter().chain(place(hunk.new, "the newer line")).collect();
    let attempt = |word: &str, ties: &dyn Fn(Others, &mut Effect)| {
        let text = format!("`{word}` is not named here any more");
        let mut effect = Effect::new("word-changed", text, format!("word/{word}")).sure(Certainty::Inferred);
        for node in owners.iter().copied().filter(|n| *n < cx.old.graph.nodes.len()) {
            effect.direct.insert(cx.old.name(node).clone(), places.clone());
            let mut others = others::neighbours(cx, node);
            if tells(word) {
                others::beside(cx, node, &mut others);
            }
            ties(others, &mut effect);
        }
        (!effect.dependent.is_empty()).then_some(effect)
    };
    let gone = lost(hunk, before, after);
    let quoted = || gone.iter().filter(|(_, quoted)| *quoted).map(|(w, _)| w.as_str());
    // A key between quotes that others spell too.
    for word in quoted().filter(|w| is_key(w)) {
        let found = attempt(word, &|others, effect| {
            if let Some(other) = forms::header(word) {
                forms::couple(cx, edited, &others, &forms::cases(word, &other), effect);
            }
            fields::couple(cx, others, word, "", false, effect);
        });
        if found.is_some() {
            return found;
        }
    }
    let kept: Vec<&str> = after
        .iter()
        .skip(hunk.new.0.saturating_sub(1) as usize)
        .take(hunk.new.1 as usize)
        .map(String::as_str)
        .collect();
    for part in quoted().flat_map(forms::parts).filter(|p| !kept.iter().any(|l| l.contains(p))) {
        let found = attempt(part, &|others, effect| forms::couple(cx, edited, &others, &[part.to_owned()], effect));
        if found.is_some() {
            return found;
        }
    }
    for (ty, member) in forms::members(cx, hunk, before, after) {
        let texts = [format!("{ty}.{member}"), format!("{ty}::{member}")];
        let found = attempt(&texts[0], &|others, effect| forms::couple(cx, edited, &others, &texts, effect));
        if found.is_some() {
            return found;
        }
    }
    None
}

/// A word of several parts says enough by itself: `token:blacklist:`, `ticket.events`.
pub(super) fn tells(word: &str) -> bool {
    word.len() > 7 && word[1..word.len() - 1].contains([':', '.', '-', '_'])
}

/// What may be a key: letters, digits and joints, no sentence and no path.
pub(super) fn is_key(word: &str) -> bool {
    word.len() > 3
        && word.chars().next().is_some_and(char::is_alphabetic)
        && word.chars().all(|c| c.is_alphanumeric() || "_-.:".contains(c))
}

/// The functions that hold a hunk, and the endpoints of the older state that run into them.
fn ways_in(cx: &Cx<'_>, edited: &Edited, hunk: &Hunk) -> (BTreeSet<SmolStr>, BTreeSet<Key>) {
    let holding = |side: &super::effect::Side<'_>, (from, count): (u32, u32)| -> BTreeSet<SmolStr> {
        let Some(uses) = side.uses(&edited.path) else { return BTreeSet::new() };
        let all = uses.functions.iter().zip(&uses.lines);
        let meets = |(a, b): (u32, u32)| count > 0 && a > 0 && a < from + count && from <= b;
        let found: Vec<(&SmolStr, (u32, u32))> =
            all.filter(|((name, _), lines)| !name.is_empty() && meets(**lines)).map(|((n, _), l)| (n, *l)).collect();
        // The innermost.
        let least = found.iter().map(|(_, (a, b))| b - a).min();
        found.into_iter().filter(|(_, (a, b))| Some(b - a) == least).map(|(n, _)| n.clone()).collect()
    };
    let mut functions = holding(&cx.old, hunk.old);
    if functions.is_empty() {
        functions = holding(&cx.new, hunk.new);
    }
    let mut entries = BTreeSet::new();
    for (index, endpoint) in cx.old.graph.endpoints.iter().enumerate() {
        let at = endpoint.proof.first();
        let here = at.path == edited.path && hunk.old.1 > 0 && at.at.line < at.at.end_line && at.at.covers(hunk.old.0);
        let handler = || cx.old.flows.runs(endpoint.node, &at.path, &endpoint.handler, None);
        let runs = !endpoint.handler.is_empty()
            && owns(cx, endpoint.node, &edited.path)
            && handler().iter().any(|(path, symbol, _)| path == edited.path.as_str() && functions.contains(symbol));
        let _ = index;
        if here || runs {
            entries.insert(endpoint.key.clone());
        }
    }
    (functions, entries)
}

fn owns(cx: &Cx<'_>, node: usize, path: &str) -> bool {
    cx.old.files(node).any(|f| f == path)
}

/// The services whose own code runs one of the functions; of a file that is one service's own, that one.
fn running(cx: &Cx<'_>, edited: &Edited, functions: &BTreeSet<SmolStr>, owners: &[usize]) -> BTreeSet<SmolStr> {
    let side = if owners.iter().all(|n| *n < cx.old.graph.nodes.len()) { &cx.old } else { &cx.new };
    let mut out = BTreeSet::new();
    let simple: BTreeSet<&str> = functions.iter().map(|f| f.rsplit(['.', '#', ':']).next().unwrap_or(f)).collect();
    for node in owners.iter().copied() {
        let it = &side.graph.nodes[node];
        let own = it.own.iter().any(|f| *f == edited.path) || it.libraries.iter().all(|f| *f != edited.path);
        let named = |file: &SmolStr| {
            side.uses(file)
                .is_some_and(|u| u.functions.iter().any(|(_, names)| names.iter().any(|n| simple.contains(n.as_str()))))
        };
        if own || simple.is_empty() || it.own.iter().any(named) {
            out.insert(it.name.clone());
        }
    }
    out
}

/// One effect for all lines of one function.
fn merge(out: &mut Vec<Effect>) {
    let mut first: BTreeMap<(String, &'static str), usize> = BTreeMap::new();
    let mut kept: Vec<Effect> = Vec::new();
    for effect in out.drain(..) {
        if !matches!(effect.rule.id, "code-changed" | "library-changed" | "log-text" | "text-changed") {
            kept.push(effect);
            continue;
        }
        match first.get(&(effect.key.clone(), effect.rule.id)) {
            Some(index) => {
                let known = &mut kept[*index];
                for (service, places) in effect.direct {
                    known.direct.entry(service).or_default().extend(places);
                }
                known.entries.extend(effect.entries);
            }
            None => {
                first.insert((effect.key.clone(), effect.rule.id), kept.len());
                kept.push(effect);
            }
        }
    }
    *out = kept;
}
