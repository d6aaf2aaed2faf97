//! What is different between two graphs: typed differences, each with the places that say so on either side.
//!
//! Invariants: `delta(g, g)` is empty; lines play no part, so that what only moved within its file is no difference; of two graphs
//! in either order one gives the other's differences turned around. What has a name of its own on one side only is added or
//! removed; a removed and an added thing that are alike are one thing with another name, and that is always inferred.

mod rows;

use crate::model::{Certainty, Evidence, Graph};
use rows::{Row, rows};
use seam_facts::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// What kind of thing is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    Service,
    /// A way in: a route, an RPC, a field of a GraphQL root type.
    Endpoint,
    /// A call of something else, by its operation.
    Operation,
    /// Which endpoint answers a call.
    Answer,
    Publish,
    Consume,
    /// A table, collection or key space that is used.
    Table,
    /// A setting as a deployment or configuration file gives it.
    Setting,
    /// A setting as code reads it, with its default.
    Read,
    Policy,
    Port,
    Image,
    Package,
}

impl What {
    pub fn word(self) -> &'static str {
        match self {
            What::Service => "service",
            What::Endpoint => "endpoint",
            What::Operation => "call",
            What::Answer => "answer",
            What::Publish => "publish",
            What::Consume => "consume",
            What::Table => "table",
            What::Setting => "setting",
            What::Read => "read",
            What::Policy => "policy",
            What::Port => "port",
            What::Image => "image",
            What::Package => "package",
        }
    }
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Turn {
    Added,
    Removed,
    /// The same thing with another value.
    Changed,
    /// The same thing, as far as likeness tells, under another name.
    Renamed,
}

impl Turn {
    pub fn word(self) -> &'static str {
        match self {
            Turn::Added => "added",
            Turn::Removed => "removed",
            Turn::Changed => "changed",
            Turn::Renamed => "renamed",
        }
    }
}

/// One difference. At least one of `was` and `is` is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    pub what: What,
    /// Name of the node that it belongs to: who serves, calls, reads, is configured.
    pub node: SmolStr,
    /// Name of the node at the other side, where there is one.
    pub peer: SmolStr,
    pub turn: Turn,
    /// The thing's name in the older graph, or in the newer where it is added.
    pub name: SmolStr,
    /// Its name in the newer graph; empty where it is removed.
    pub to: SmolStr,
    /// Its value before and after: a setting's text, a default, a policy's numbers, a version.
    pub before: SmolStr,
    pub after: SmolStr,
    pub certainty: Certainty,
    pub was: Option<Evidence>,
    pub is: Option<Evidence>,
}

/// Everything that is different, in one order.
pub fn delta(a: &Graph, b: &Graph) -> Vec<Difference> {
    let (old, new) = (grouped(a), grouped(b));
    let mut out = Vec::new();
    let (mut gone, mut come): (Vec<&Group<'_>>, Vec<&Group<'_>>) = (Vec::new(), Vec::new());
    for (key, group) in &old {
        match new.get(key) {
            None => gone.push(group),
            Some(other) => out.extend(changed(group, other)),
        }
    }
    come.extend(new.iter().filter(|(key, _)| !old.contains_key(*key)).map(|(_, group)| group));
    let services = |groups: &[&Group<'_>]| -> BTreeSet<SmolStr> {
        groups.iter().filter(|g| g.first.what == What::Service).map(|g| g.first.node.clone()).collect()
    };
    let (lost, won) = (services(&gone), services(&come));
    let pairs = paired(&gone, &come);
    for (index, group) in gone.iter().enumerate() {
        match pairs.get(&index) {
            Some(other) => out.push(difference(Turn::Renamed, Some(group), Some(come[*other]))),
            // What goes with a service is not told one by one.
            None if group.first.what != What::Service && lost.contains(group.first.node) => {}
            None => out.push(difference(Turn::Removed, Some(group), None)),
        }
    }
    let taken: BTreeSet<usize> = pairs.values().copied().collect();
    for (_, group) in come.iter().enumerate().filter(|(index, _)| !taken.contains(index)) {
        if group.first.what == What::Service || !won.contains(group.first.node) {
            out.push(difference(Turn::Added, None, Some(group)));
        }
    }
    out.sort();
    out.dedup();
    out
}

/// What is one thing: kind, node, other side, name.
type Identity<'g> = (What, &'g SmolStr, &'g str, SmolStr);

/// All places that state one thing.
struct Group<'g> {
    first: Row<'g>,
    /// Each value with the file that says it.
    values: BTreeMap<(SmolStr, &'g str), &'g Evidence>,
}

fn grouped(graph: &Graph) -> BTreeMap<Identity<'_>, Group<'_>> {
    let mut out: BTreeMap<Identity<'_>, Group<'_>> = BTreeMap::new();
    for row in rows(graph) {
        let place = (row.value.clone(), row.at.path.as_str());
        let group = out
            .entry((row.what, row.node, row.peer, row.name.clone()))
            .or_insert_with(|| Group { first: row.clone(), values: BTreeMap::new() });
        group.values.entry(place).or_insert(row.at);
        group.first.certainty = group.first.certainty.min(row.certainty);
    }
    out
}

/// The same thing on both sides: what is said only before, against what is said only after.
fn changed<'g>(old: &Group<'g>, new: &Group<'g>) -> Option<Difference> {
    let values = |g: &Group<'g>| -> BTreeSet<SmolStr> { g.values.keys().map(|(v, _)| v.clone()).collect() };
    let (before, after) = (values(old), values(new));
    let only = |one: &BTreeSet<SmolStr>, other: &BTreeSet<SmolStr>, g: &Group<'g>| -> (SmolStr, Option<Evidence>) {
        let left: Vec<&SmolStr> = one.difference(other).collect();
        let at = left.first().and_then(|v| g.values.iter().find(|((value, _), _)| value == *v)).map(|(_, e)| *e);
        let text: Vec<&str> = left.iter().map(|v| v.as_str()).collect();
        (text.join(", ").into(), at.cloned())
    };
    let ((was, was_at), (is, is_at)) = (only(&before, &after, old), only(&after, &before, new));
    if was.is_empty() && is.is_empty() && was_at.is_none() && is_at.is_none() {
        return None;
    }
    let mut out = difference(Turn::Changed, Some(old), Some(new));
    // Where others say the old value still, it is told whole.
    if !(was.is_empty() && was_at.is_none()) {
        out.before = was;
    }
    if !(is.is_empty() && is_at.is_none()) {
        out.after = is;
    }
    out.was = was_at.or(out.was);
    out.is = is_at.or(out.is);
    Some(out)
}

fn difference(turn: Turn, old: Option<&Group<'_>>, new: Option<&Group<'_>>) -> Difference {
    let text = |group: Option<&Group<'_>>| -> SmolStr {
        let values: BTreeSet<&str> = group.into_iter().flat_map(|g| g.values.keys().map(|(v, _)| v.as_str())).collect();
        values.into_iter().collect::<Vec<_>>().join(", ").into()
    };
    let first = old.or(new).map(|g| &g.first);
    let (what, node, peer, name) = first.map_or((What::Service, "".into(), "".into(), "".into()), |f| {
        (f.what, f.node.clone(), f.peer.into(), f.name.clone())
    });
    let sure = old.into_iter().chain(new).map(|g| g.first.certainty).max().unwrap_or(Certainty::Inferred);
    Difference {
        what,
        node,
        peer,
        turn,
        to: new.map(|g| g.first.name.clone()).unwrap_or_default(),
        name,
        before: text(old),
        after: text(new),
        certainty: if turn == Turn::Renamed { Certainty::Inferred } else { sure },
        was: old.and_then(|g| g.values.values().next()).map(|e| (*e).clone()),
        is: new.and_then(|g| g.values.values().next()).map(|e| (*e).clone()),
    }
}

/// Which removed thing lives on as which added one: by position in either list, the likest first.
fn paired(gone: &[&Group<'_>], come: &[&Group<'_>]) -> BTreeMap<usize, usize> {
    let mut likely: Vec<(u32, usize, usize)> = Vec::new();
    for (i, old) in gone.iter().enumerate() {
        for (j, new) in come.iter().enumerate() {
            let score = likeness(old, new);
            if score >= ENOUGH {
                likely.push((score, i, j));
            }
        }
    }
    likely.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let (mut out, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for (_, i, j) in likely {
        if !out.contains_key(&i) && taken.insert(j) {
            out.insert(i, j);
        }
    }
    out
}

/// Out of 100.
const ENOUGH: u32 = 60;

/// How much speaks for one thing with two names: the same kind at the same node, what stands behind it, its place and its name.
fn likeness(old: &Group<'_>, new: &Group<'_>) -> u32 {
    let (a, b) = (&old.first, &new.first);
    let moved = a.what == What::Service;
    if a.what != b.what || (!moved && (a.node != b.node || a.peer != b.peer)) || a.class != b.class {
        return 0;
    }
    let same_file = old.values.keys().any(|(_, path)| new.values.keys().any(|(_, other)| path == other));
    let behind = !a.behind.is_empty() && a.behind == b.behind;
    let names = similar(&a.name, &b.name);
    let value = !a.value.is_empty() && a.value == b.value;
    // One line below another is the same line after an edit: near is a hint, never more.
    let near = match (a.at.path == b.at.path, a.at.at.line.abs_diff(b.at.at.line)) {
        (true, 0) => 35,
        (true, 1 | 2) => 20,
        _ => 0,
    };
    if !(same_file || moved || behind && names >= 60) {
        return 0;
    }
    30 * u32::from(behind) + near + 20 * u32::from(same_file) + 10 * u32::from(value) + names / 3
}

/// How alike two names are, out of 100: pairs of neighbouring letters that they share.
fn similar(a: &str, b: &str) -> u32 {
    let pairs = |s: &str| -> Vec<(char, char)> {
        let letters: Vec<char> = s.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        letters.windows(2).map(|w| (w[0], w[1])).collect()
    };
    let (one, mut other) = (pairs(a), pairs(b));
    let all = one.len() + other.len();
    if all == 0 {
        return u32::from(a == b) * 100;
    }
    let mut shared = 0;
    for pair in one {
        if let Some(at) = other.iter().position(|p| *p == pair) {
            other.swap_remove(at);
            shared += 2;
        }
    }
    (shared * 100 / all) as u32
}

#[cfg(test)]
mod tests;
