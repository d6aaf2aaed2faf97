//! Settings: what deployments give, what code reads, and what counts where nobody gives anything.
//!
//! Invariant: a setting touches a service that reads it, or that it is given to alone. One file of variables that all services
//! share touches those that read the variable; where nobody is seen to read it, that is said and nobody is touched.

use super::effect::{Cx, Effect, Side};
use seam_facts::SmolStr;
use seam_graph::{Certainty, Difference, PortRole, ReadOf, Turn, What};
use std::collections::{BTreeMap, BTreeSet};

/// A variable that is given to more services than this, none of which is seen to read it, is nobody's.
const SHARED: usize = 3;

pub(super) fn effects(cx: &Cx<'_>, out: &mut Vec<Effect>) {
    let mut given: BTreeMap<(&str, Turn, &str, &str, &str), Vec<&Difference>> = BTreeMap::new();
    let mut unset: BTreeSet<(SmolStr, SmolStr)> = BTreeSet::new();
    for d in cx.differences.iter().filter(|d| d.what == What::Read) {
        if d.turn == Turn::Renamed {
            unset.insert((d.node.clone(), d.name.clone()));
        }
        out.extend(read(cx, d));
    }
    let given_anew = |d: &&Difference| d.what == What::Setting && !super::parted::only_masked(cx, d);
    for d in cx.differences.iter().filter(given_anew) {
        given.entry((&d.name, d.turn, &d.before, &d.after, &d.to)).or_default().push(d);
    }
    for all in given.into_values() {
        out.extend(set(cx, &all, &unset));
    }
}

/// Services whose settings are different: what follows for their traffic is their own side.
pub(super) fn configured(cx: &Cx<'_>) -> BTreeSet<SmolStr> {
    let own = |d: &&Difference| matches!(d.what, What::Setting | What::Read);
    cx.differences.iter().filter(own).map(|d| d.node.clone()).collect()
}

/// Keys that mean one: `server.port`, `SERVER_PORT`.
fn plain(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn reads(side: &Side<'_>, node: &str, key: &str) -> bool {
    let key = plain(key);
    side.graph.reads.iter().any(|r| side.name(r.node) == node && plain(&r.key) == key && runs(side, r))
}

/// Whether a node's own code leads to a read that stands in a library: one that all share is read by those who call it.
fn runs(side: &Side<'_>, read: &ReadOf) -> bool {
    let node = &side.graph.nodes[read.node];
    // What tests read is not what the program reads.
    if seam_graph::is_test(&read.at.path) {
        return false;
    }
    if node.own.contains(&read.at.path) || !node.libraries.contains(&read.at.path) {
        return true;
    }
    let Some(uses) = side.uses(&read.at.path) else { return true };
    let last = |s: &str| SmolStr::from(s.rsplit(['.', '#', ':']).next().unwrap_or(s));
    let line = read.at.at.line;
    let holding =
        uses.functions.iter().zip(&uses.lines).filter(|((n, _), l)| !n.is_empty() && l.0 <= line && line <= l.1);
    let mut names: BTreeSet<SmolStr> = holding.map(|((n, _), _)| last(n)).collect();
    if names.is_empty() {
        return true;
    }
    for _ in 0..4 {
        let named = |file: &&SmolStr| {
            side.uses(file).is_some_and(|u| u.functions.iter().any(|(_, all)| all.iter().any(|n| names.contains(n))))
        };
        if node.own.iter().filter(|f| !seam_graph::is_test(f)).any(|f| named(&f)) {
            return true;
        }
        let mut more = BTreeSet::new();
        for file in node.libraries.iter().filter(|f| !seam_graph::is_test(f)) {
            for (name, all) in side.uses(file).into_iter().flat_map(|u| &u.functions) {
                if !name.is_empty() && all.iter().any(|n| names.contains(n)) {
                    more.insert(last(name));
                }
            }
        }
        let before = names.len();
        names.extend(more);
        if names.len() == before {
            break;
        }
    }
    false
}

fn sets(side: &Side<'_>, node: &str, key: &str) -> bool {
    let key = plain(key);
    side.graph.settings.iter().any(|s| side.name(s.node) == node && plain(&s.key) == key)
}

/// One key that is given to one or several services otherwise than before.
fn set(cx: &Cx<'_>, all: &[&Difference], renamed: &BTreeSet<(SmolStr, SmolStr)>) -> Option<Effect> {
    let first = all.first()?;
    // Its file lies in the service's own folder: nobody else has it.
    let own = |d: &&&Difference| {
        let path = d.was.as_ref().or(d.is.as_ref()).map(|e| e.path.as_str()).unwrap_or_default();
        let owners = cx.new.owners(path);
        owners.len() == 1 && cx.new.name(owners[0]) == &d.node
    };
    let reading: Vec<&&Difference> =
        all.iter().filter(|d| reads(&cx.old, &d.node, &d.name) || reads(&cx.new, &d.node, &d.name)).collect();
    let chosen: Vec<&&Difference> = match reading.as_slice() {
        [] if all.len() > SHARED => all.iter().filter(own).collect(),
        [] => all.iter().collect(),
        _ => all.iter().filter(|d| reading.contains(d) || own(d)).collect(),
    };
    // What a chart gives to a part that is called like one of them is that one's.
    let part = |d: &&&Difference| {
        first.name.starts_with("values.") && first.name.split('.').any(|p| plain(p) == plain(&d.node))
    };
    let named: Vec<&&Difference> = chosen.iter().copied().filter(|d| part(d)).collect();
    let chosen = if named.is_empty() { chosen } else { named };
    let text = match first.turn {
        Turn::Added => format!("`{}` is set to {}", first.name, value(&first.after)),
        Turn::Removed => format!("`{}` is not set any more", first.name),
        Turn::Renamed => format!("`{}` is called `{}`", first.name, first.to),
        Turn::Changed => format!("`{}` is {} instead of {}", first.name, value(&first.after), value(&first.before)),
    };
    let id = match first.turn {
        Turn::Added => "setting-added",
        Turn::Removed | Turn::Renamed => "setting-removed",
        Turn::Changed => "setting-changed",
    };
    let mut effect = Effect::of(id, text, first);
    effect.key = format!("setting/{}", first.name);
    effect.direct.clear();
    for d in &chosen {
        // The line that is edited, and the one that hands it on.
        let edited = cx.edited.iter().flat_map(|e| line_of(e, &d.name).map(|line| (e, line)));
        let mut places: Vec<_> = edited.map(|(e, line)| Cx::place(&e.path, line, "changed here")).collect();
        places.extend(d.was.iter().chain(&d.is).cloned());
        let reads =
            cx.old.graph.reads.iter().filter(|r| cx.old.name(r.node) == &d.node && plain(&r.key) == plain(&d.name));
        places.extend(reads.map(|r| r.at.clone()));
        places.dedup_by(|a, b| (&a.path, a.at.line) == (&b.path, b.at.line));
        effect.direct.insert(d.node.clone(), places);
    }
    super::spelled::ported(cx, first, &mut effect);
    for d in &chosen {
        super::values::named(cx, d, &mut effect);
        super::parted::parted(cx, d, &mut effect);
    }
    if reading.is_empty() && first.turn != Turn::Added {
        effect.certainty = Certainty::Inferred;
        let names: Vec<&str> = all.iter().map(|d| d.node.as_str()).collect();
        effect.open.push(format!("no code of {} is seen to read `{}`", names.join(", "), first.name));
    }
    if matches!(first.turn, Turn::Removed | Turn::Renamed) {
        let needs = |d: &&&Difference| {
            let reads = cx.new.graph.reads.iter().filter(|r| cx.new.name(r.node) == &d.node);
            let mut reads = reads.filter(|r| plain(&r.key) == plain(&d.name)).peekable();
            reads.peek().is_some() && reads.all(|r| r.default.is_none()) && !sets(&cx.new, &d.node, &d.name)
        };
        if chosen.iter().any(needs) && !renamed.contains(&(first.node.clone(), first.name.clone())) {
            effect.rule = super::rules::find("setting-unset");
        }
    } else if let Some(wrong) = unanswered(cx, &first.before, &first.after) {
        effect.rule = super::rules::find("address-unanswered");
        effect.text = format!("{}: {wrong}", effect.text);
    }
    (!effect.direct.is_empty() || !effect.open.is_empty()).then_some(effect)
}

fn value(text: &str) -> String {
    if text.is_empty() { "empty".to_owned() } else { format!("`{text}`") }
}

/// A changed line of a file that gives a variable of this name.
fn line_of(edited: &super::effect::Edited, key: &str) -> Option<u32> {
    let text = edited.after.as_deref().or(edited.before.as_deref())?;
    let lines = text.lines().enumerate();
    let mut lines = lines.filter(|(i, _)| edited.hunks.iter().any(|h| h.holds_new(*i as u32 + 1)));
    lines.find(|(_, l)| l.contains(key)).map(|(i, _)| i as u32 + 1)
}

/// Why nobody listens at an address that a setting names now, where somebody did before.
fn unanswered(cx: &Cx<'_>, before: &str, after: &str) -> Option<String> {
    let (old, new) = (address(before)?, address(after)?);
    let listens = |side: &Side<'_>, (host, port): &(String, u32)| -> Option<(SmolStr, BTreeSet<u32>)> {
        let node = side.graph.node(host)?;
        let ports = side.graph.ports.iter().filter(|p| p.node == node && p.role != PortRole::Published);
        let ports: BTreeSet<u32> = ports.filter_map(|p| p.number).collect();
        Some((side.name(node).clone(), ports)).filter(|(_, p)| !p.is_empty() && !p.contains(port))
    };
    if let Some((name, ports)) = listens(&cx.new, &new) {
        let ports: Vec<String> = ports.iter().map(u32::to_string).collect();
        return Some(format!("`{name}` listens at {}", ports.join(", ")));
    }
    let known = |side: &Side<'_>, host: &str| side.graph.node(host).is_some();
    if new.0 != old.0 && known(&cx.old, &old.0) && !known(&cx.new, &new.0) && !new.0.contains('.') {
        return Some(format!("nothing that is deployed is called `{}`", new.0));
    }
    None
}

/// Host and port of an address as settings give it.
fn address(text: &str) -> Option<(String, u32)> {
    let rest = text.split_once("://").map_or(text, |(_, r)| r);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, r)| r);
    let rest = rest.split(['/', '?', ',', ' ']).next()?;
    let (host, port) = rest.rsplit_once(':')?;
    let plain = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    port.parse().ok().filter(|_| plain).map(|port| (host.to_owned(), port))
}

/// What code reads.
fn read(cx: &Cx<'_>, d: &Difference) -> Option<Effect> {
    if !cx.states(d) && d.turn != Turn::Changed {
        return None;
    }
    let default = |text: &str| if text.is_empty() { "no default".to_owned() } else { format!("`{text}`") };
    Some(match d.turn {
        Turn::Added => {
            let set = sets(&cx.new, &d.node, &d.to) || !d.after.is_empty();
            let mut effect = Effect::of("read-added", format!("reads `{}`", d.name), d);
            if !set {
                effect.rule = super::rules::find("setting-unset");
                effect.text = format!("reads `{}`, which nothing sets and which has no default", d.name);
            }
            effect
        }
        Turn::Removed => Effect::of("read-removed", format!("does not read `{}` any more", d.name), d),
        Turn::Renamed => {
            let mut effect = Effect::of("read-renamed", format!("reads `{}` instead of `{}`", d.to, d.name), d);
            if !sets(&cx.new, &d.node, &d.to) && (sets(&cx.old, &d.node, &d.name) || d.after.is_empty()) {
                effect.rule = super::rules::find("setting-unset");
                let lost =
                    if d.after.is_empty() { "it has no default" } else { "what was set does not count any more" };
                effect.text = format!("reads `{}` instead of `{}`: nothing sets it, and {lost}", d.to, d.name);
                let set = cx
                    .old
                    .graph
                    .settings
                    .iter()
                    .filter(|s| cx.old.name(s.node) == &d.node && plain(&s.key) == plain(&d.name));
                let places: Vec<_> = set.map(|s| s.at.clone()).collect();
                effect.direct.entry(d.node.clone()).or_default().extend(places);
            }
            effect
        }
        Turn::Changed => {
            let text =
                format!("`{}` is {} instead of {} where nobody sets it", d.name, default(&d.after), default(&d.before));
            let overridden = sets(&cx.new, &d.node, &d.name);
            let mut effect = Effect::of(if overridden { "default-overridden" } else { "default-changed" }, text, d);
            if !overridden {
                super::values::named(cx, d, &mut effect);
            }
            effect
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_settings() {
        for (text, is) in [
            ("contacts:8080", Some(("contacts", 8080))),
            ("http://quote:8090/x", Some(("quote", 8090))),
            ("redis://u:p@cache:6379", Some(("cache", 6379))),
            ("4", None),
            ("http://quote", None),
            ("a b:1", None),
        ] {
            assert_eq!(address(text), is.map(|(h, p): (&str, u32)| (h.to_owned(), p)), "{text}");
        }
    }
}
