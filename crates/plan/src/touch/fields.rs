//! Fields of what travels as JSON: types and literals of code that name other fields than before, and who at the other side of
//! an interaction names them too.
//!
//! Invariant: a service is touched by a field only where its own code names it (line by line). Which interactions a type travels
//! on is read from ways in, calls and messages; where they do not tell, every interaction of its service counts, a type of the same
//! name outweighs a field of the same name, and what is found is inferred.

use super::effect::{Cx, Edited, Effect, Side, Tie};
use super::naming;
use super::others::{Others, neighbours, over};
use seam_facts::{Body, BodyOf, Claim, Key, Shape, ShapeField, ShapeKind, SmolStr};
use seam_graph::{Certainty, Evidence, Traffic};
use std::collections::{BTreeMap, BTreeSet};

/// A type or literal with its fields.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Held<'a> {
    /// Simple name of the type; empty for literals.
    ty: SmolStr,
    of: Option<BodyOf>,
    within: SmolStr,
    fields: Vec<&'a ShapeField>,
    /// What it has are values of an enumeration.
    values: bool,
}

/// A library that more services share than this is told service by service, without the other sides.
const SHARED: usize = 3;

pub(super) fn effects(cx: &Cx<'_>, out: &mut Vec<Effect>) {
    for edited in cx.edited.iter().filter(|e| e.left_out.is_none() && !is_contract(&e.path)) {
        let (old, new) = (held(&cx.old, &edited.path), held(&cx.new, &edited.path));
        for (key, before) in &old {
            for (before, after) in paired(before, new.get(key).map_or(&[], Vec::as_slice)) {
                compared(cx, edited, before, after, out);
            }
        }
    }
}

/// What was and what became of it, among several literals of one function: those that stayed, then those that share fields, then the
/// rest in order if as many are left on both sides. One that is new beside the others is nobody's successor.
fn paired<'h, 'a>(old: &'h [Held<'a>], new: &'h [Held<'a>]) -> Vec<(&'h Held<'a>, &'h Held<'a>)> {
    let names = |held: &Held<'_>| held.fields.iter().map(|f| f.name.clone()).collect::<BTreeSet<_>>();
    let (mut before, mut after): (Vec<&Held<'_>>, Vec<&Held<'_>>) = (old.iter().collect(), new.iter().collect());
    let mut out = Vec::new();
    let stayed = |o: &Held<'_>, n: &Held<'_>| names(o) == names(n);
    let shares = |o: &Held<'_>, n: &Held<'_>| !names(o).is_disjoint(&names(n));
    for fits in [&stayed as &dyn Fn(&Held<'_>, &Held<'_>) -> bool, &shares] {
        before.retain(|o| match after.iter().position(|n| fits(o, n)) {
            Some(at) => {
                out.push((*o, after.remove(at)));
                false
            }
            None => true,
        });
    }
    if before.len() == after.len() {
        out.extend(before.into_iter().zip(after));
    }
    out
}

/// These are compared as contracts.
fn is_contract(path: &str) -> bool {
    [".proto", ".graphql", ".graphqls", ".gql", ".avsc", ".sql"].iter().any(|e| path.ends_with(e))
}

/// The types and literals of a file, by what stays the same when a field is renamed.
fn held<'a>(side: &Side<'a>, path: &str) -> BTreeMap<(SmolStr, u8, SmolStr), Vec<Held<'a>>> {
    let mut out: BTreeMap<_, Vec<Held<'a>>> = BTreeMap::new();
    let mut put = |held: Held<'a>| {
        let of = held.of.map_or(0, |of| of as u8 + 1);
        out.entry((held.ty.clone(), of, held.within.clone())).or_default().push(held);
    };
    for fact in side.base.get(path).into_iter().flat_map(|f| &f.facts) {
        match &fact.claim {
            Claim::Shape(Shape { name, kind: kind @ (ShapeKind::Object | ShapeKind::Enum), fields, .. }) => {
                let (fields, values) = (fields.iter().collect(), *kind == ShapeKind::Enum);
                put(Held { ty: last(name).into(), of: None, within: SmolStr::default(), fields, values });
            }
            Claim::Body(Body { of, ty, fields, within, .. })
                if !fields.is_empty() && !matches!(of, BodyOf::Made | BodyOf::Looked | BodyOf::Handed) =>
            {
                let fields = fields.iter().collect();
                let ty = last(ty).into();
                put(Held { ty, of: Some(*of), within: within.clone(), fields, values: false });
            }
            _ => {}
        }
    }
    out
}

pub(super) fn last(name: &str) -> &str {
    name.trim_end_matches("[]").rsplit(['.', '#', ':', '<']).next().unwrap_or(name).trim_end_matches('>')
}

/// What two spellings of one field have in common.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn compared(cx: &Cx<'_>, edited: &Edited, before: &Held<'_>, after: &Held<'_>, out: &mut Vec<Effect>) {
    let lives = |f: &ShapeField, fields: &[&ShapeField]| fields.iter().any(|o| o.name == f.name);
    let gone: Vec<&&ShapeField> = before.fields.iter().filter(|f| !lives(f, &after.fields)).collect();
    let mut come: Vec<&&ShapeField> = after.fields.iter().filter(|f| !lives(f, &before.fields)).collect();
    let whose = if before.ty.is_empty() { "a body".to_owned() } else { format!("`{}`", before.ty) };
    let what = if before.values { "value" } else { "field" };
    // A field begins with its annotations: the line that is edited says more.
    let place = |f: &ShapeField, newer: bool| {
        let hunks = edited.hunks.iter().map(|h| if newer { h.new } else { h.old });
        let near = |(from, count): &(u32, u32)| *count > 0 && f.line <= *from && *from <= f.line + 3;
        Cx::place(&edited.path, hunks.into_iter().find(near).map_or(f.line, |(from, _)| from), "the field")
    };
    let mut tell = |id: &str, text: String, old: Option<&ShapeField>, new: Option<&ShapeField>| {
        let name = old.or(new).map(|f| f.name.clone()).unwrap_or_default();
        let key = format!("field/{}{}{name}", before.ty, if before.ty.is_empty() { "" } else { "." });
        let was = old.map(|f| place(f, false));
        let is = new.map(|f| place(f, true));
        let mut effect = Effect::new(id, text, key).at(was, is);
        reach(cx, edited, before, old.map(|f| f.name.as_str()), &mut effect);
        if !effect.direct.is_empty() {
            out.push(effect);
        }
    };
    for (index, field) in gone.iter().enumerate() {
        let position = |fields: &[&ShapeField], f: &ShapeField| fields.iter().position(|o| o.name == f.name);
        let at = position(&before.fields, field);
        let same = come.iter().position(|f| {
            position(&after.fields, f) == at && f.ty == field.ty || gone.len() == 1 && index == 0 && f.ty == field.ty
        });
        match same {
            Some(new) => {
                let new = come.remove(new);
                let text = format!("{what} `{}` of {whose} is `{}` now", field.name, new.name);
                tell("field-renamed", text, Some(field), Some(new));
            }
            None => tell("field-removed", format!("{what} `{}` of {whose} is gone", field.name), Some(field), None),
        }
    }
    for field in come {
        tell("field-added", format!("{whose} has a {what} `{}`", field.name), None, Some(field));
    }
    for field in &before.fields {
        let Some(new) = after.fields.iter().find(|f| f.name == field.name) else { continue };
        if new.ty != field.ty && !new.ty.is_empty() && !field.ty.is_empty() {
            let text = format!("field `{}` of {whose} is a `{}` instead of a `{}`", field.name, new.ty, field.ty);
            tell("field-type", text, Some(field), Some(new));
        }
    }
}

/// Whose type it is, and who at another side names the field.
fn reach(cx: &Cx<'_>, edited: &Edited, held: &Held<'_>, field: Option<&str>, effect: &mut Effect) {
    let owners: Vec<usize> =
        cx.old.owners(&edited.path).into_iter().filter(|n| mentions(cx, *n, &edited.path, &held.ty)).collect();
    let places: Vec<Evidence> = effect.was.iter().chain(&effect.is).cloned().collect();
    for node in &owners {
        effect.direct.insert(cx.old.name(*node).clone(), places.clone());
    }
    let Some(field) = field.filter(|_| owners.len() <= SHARED) else { return };
    for node in owners {
        let (partners, sure) = partners(cx, node, held, &edited.path);
        couple(cx, partners, field, &held.ty, sure, effect);
        effect.entries.extend(ways_in(cx, node, held).into_iter().map(|e| cx.old.graph.endpoints[e].key.clone()));
    }
}

/// Whom a field of a type of a file touches, without an edit of it.
pub(super) fn of_type(cx: &Cx<'_>, path: &str, ty: &str, field: &str, effect: &mut Effect) {
    let places: Vec<Evidence> = effect.was.iter().cloned().collect();
    let held = Held { ty: ty.into(), of: None, within: SmolStr::default(), fields: Vec::new(), values: false };
    let owners: Vec<usize> = cx.old.owners(path).into_iter().filter(|n| mentions(cx, *n, path, ty)).collect();
    for node in &owners {
        effect.direct.insert(cx.old.name(*node).clone(), places.clone());
    }
    for node in owners.iter().copied().filter(|_| owners.len() <= SHARED) {
        let (partners, sure) = partners(cx, node, &held, path);
        couple(cx, partners, field, ty, sure, effect);
        effect.entries.extend(ways_in(cx, node, &held).into_iter().map(|e| cx.old.graph.endpoints[e].key.clone()));
    }
}

/// Whether a node's own files name a type of a file that it may only have as a library.
fn mentions(cx: &Cx<'_>, node: usize, path: &str, ty: &str) -> bool {
    let it = &cx.old.graph.nodes[node];
    if ty.is_empty() || it.own.iter().any(|f| f == path) {
        return true;
    }
    let named = |file: &SmolStr| {
        cx.old.uses(file).is_some_and(|u| u.functions.iter().any(|(_, names)| names.iter().any(|n| n == ty)))
    };
    it.own.iter().any(named) || it.own.is_empty()
}

/// Adds those among the partners whose own code names the field.
pub(super) fn couple(cx: &Cx<'_>, partners: Others, field: &str, ty: &str, sure: bool, effect: &mut Effect) {
    let found: Vec<(usize, BTreeSet<Key>, naming::Named)> = partners
        .into_iter()
        .filter(|(node, _)| cx.old.runs(*node))
        .map(|(node, keys)| {
            let meeting = naming::meeting(cx, node, &keys);
            let named = naming::named(cx, node, field, ty, &meeting);
            (node, keys, named)
        })
        .filter(|(_, _, named)| !named.places.is_empty())
        .collect();
    // Where nothing says on which interaction it travels, a type of the same name says it.
    let typed = !sure && found.iter().any(|(_, _, n)| n.typed);
    for (node, keys, named) in found {
        if typed && !named.typed {
            continue;
        }
        let moved = named.places.iter().any(|p| cx.edit(&p.path).is_some_and(|e| e.touches(p.at, false)));
        effect.tie(Tie {
            service: cx.old.name(node).clone(),
            why: format!("names `{field}`"),
            through: keys.into_iter().collect(),
            places: named.places,
            certainty: if sure { Certainty::Stated } else { Certainty::Inferred },
            moved,
        });
    }
}

/// Types that hold a type, themselves included, as far as a node's files declare them.
fn holders(cx: &Cx<'_>, node: usize, ty: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::from([ty.to_owned()]);
    for _ in 0..3 {
        let mut more = Vec::new();
        for path in cx.old.files(node) {
            for fact in cx.old.base.get(path).into_iter().flat_map(|f| &f.facts) {
                if let Claim::Shape(shape) = &fact.claim
                    && shape.fields.iter().any(|f| is_of(&f.ty, &out))
                {
                    more.push(last(&shape.name).to_owned());
                }
            }
        }
        let before = out.len();
        out.extend(more);
        if out.len() == before {
            break;
        }
    }
    out
}

/// Whether a type as it is written (`List<Order>`, `[]shop.Order`) names one of these.
fn is_of(written: &str, types: &BTreeSet<String>) -> bool {
    written.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| types.contains(part))
}

/// Endpoints of a node that take or give it.
fn ways_in(cx: &Cx<'_>, node: usize, held: &Held<'_>) -> BTreeSet<usize> {
    let types = if held.ty.is_empty() { BTreeSet::new() } else { holders(cx, node, &held.ty) };
    let endpoints = cx.old.graph.endpoints.iter().enumerate().filter(|(_, e)| e.node == node);
    let typed = |e: &seam_graph::Endpoint| {
        let written = e.request.iter().chain(&e.response);
        written.into_iter().any(|t| is_of(t, &types))
            || bodies(cx, node, &types, held, false).contains(last(&e.handler))
    };
    endpoints.filter(|(_, e)| typed(e)).map(|(i, _)| i).collect()
}

/// Simple names of the functions in which it is sent (`asked`) or taken and given.
fn bodies(cx: &Cx<'_>, node: usize, types: &BTreeSet<String>, held: &Held<'_>, asked: bool) -> BTreeSet<String> {
    let of_call = |of: BodyOf| matches!(of, BodyOf::Asked | BodyOf::Answered);
    let mut out = BTreeSet::new();
    if held.ty.is_empty() {
        if held.of.is_some_and(|of| of_call(of) == asked) {
            out.insert(last(&held.within).to_owned());
        }
        return out;
    }
    for path in cx.old.files(node) {
        for fact in cx.old.base.get(path).into_iter().flat_map(|f| &f.facts) {
            if let Claim::Body(body) = &fact.claim
                && of_call(body.of) == asked
                && is_of(&body.ty, types)
            {
                out.insert(last(&body.within).to_owned());
            }
        }
    }
    out.remove("");
    out
}

/// The nodes at the other side of the interactions that it travels on, and whether something says so.
fn partners(cx: &Cx<'_>, node: usize, held: &Held<'_>, path: &str) -> (Others, bool) {
    let graph = cx.old.graph;
    let mut out = Others::new();
    for endpoint in ways_in(cx, node, held) {
        for (edge, _) in cx.old.callers(endpoint) {
            out.entry(graph.edges[edge].from).or_default().insert(graph.edges[edge].key.clone());
        }
        super::unjoined::of(cx, &graph.endpoints[endpoint], &mut out);
    }
    let types = if held.ty.is_empty() { BTreeSet::new() } else { holders(cx, node, &held.ty) };
    let sending = bodies(cx, node, &types, held, true);
    for edge in graph.edges.iter().filter(|e| e.from == node) {
        for detail in &edge.details {
            let facts =
                cx.old.base.get(&detail.at.path).into_iter().flat_map(|f| &f.facts).filter(|f| f.at == detail.at.at);
            let typed = facts.into_iter().any(|f| match &f.claim {
                Claim::Call(c) => c.request.iter().chain(&c.response).any(|t| is_of(t, &types)),
                Claim::Message(m) => m.payload.as_ref().is_some_and(|t| is_of(t, &types)),
                _ => false,
            });
            let sent =
                !detail.within.is_empty() && sending.contains(last(&detail.within)) && near(&detail.at.path, path);
            if !(typed || sent) {
                continue;
            }
            match edge.kind.traffic() {
                Traffic::Call => {
                    out.entry(edge.to).or_default().insert(edge.key.clone());
                }
                Traffic::Publish | Traffic::Consume => over(cx, edge, Some(&detail.operation), &mut out),
                Traffic::Keep => {}
            }
        }
    }
    out.remove(&node);
    if !out.is_empty() {
        return (out, true);
    }
    (neighbours(cx, node), false)
}

/// A literal belongs to calls of its own file; a type to all.
fn near(one: &str, other: &str) -> bool {
    let folder = |p: &str| p.rsplit_once('/').map_or(String::new(), |(f, _)| f.to_owned());
    one == other || folder(one) == folder(other) || !folder(one).is_empty()
}
