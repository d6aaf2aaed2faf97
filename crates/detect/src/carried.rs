//! Literals that are handed to a function which sends them on: a client's method (`client.reserve(items)`), a publisher
//! (`publish_event(KEY, {…})`). What the function sends is its parameter; what it holds stands at the caller.
//!
//! Invariant: one literal for one place. Of a message, the reader's keys are those of one value in the function that takes this
//! topic and no other.

use crate::effects::last;
use crate::keys::{distance, squash};
use crate::payloads::{Payloads, Side, squashed, words};
use crate::rules::setting_drift::text_of;
use crate::{Cx, Draft};
use seam_facts::{Body, BodyOf, Claim, Fact, Pass, ShapeField, SmolStr};
use seam_graph::{Certainty, Detail, Edge, EdgeKind, Endpoint, Evidence, is_test};
use std::collections::{BTreeMap, BTreeSet, HashMap};

type Place<'a, T> = (&'a SmolStr, &'a Fact, &'a T);

/// What a node's code hands over, by the last name of whom it hands it to.
fn passes<'a>(cx: &Cx<'a>, node: usize) -> HashMap<&'a str, Vec<Place<'a, Pass>>> {
    let mut out: HashMap<&str, Vec<Place<'_, Pass>>> = HashMap::new();
    for (path, fact) in cx.own_facts(node).filter(|(path, _)| !is_test(path)) {
        if let Claim::Pass(pass) = &fact.claim {
            out.entry(last(&pass.callee)).or_default().push((path, fact, pass));
        }
    }
    out
}

/// Literals that a node's code hands over, by the name of whom it hands them to.
fn handed_over<'a>(cx: &Cx<'a>, node: usize) -> HashMap<&'a str, Vec<Place<'a, Body>>> {
    let mut out: HashMap<&str, Vec<Place<'_, Body>>> = HashMap::new();
    for (path, fact) in cx.own_facts(node).filter(|(path, _)| !is_test(path)) {
        if let Claim::Body(body) = &fact.claim
            && body.of == BodyOf::Handed
        {
            out.entry(&body.ty).or_default().push((path, fact, body));
        }
    }
    out
}

/// Literals that stand in a function, in the order of their lines.
fn literals<'a>(cx: &Cx<'a>, path: &'a SmolStr, within: &str) -> Vec<Place<'a, Body>> {
    let mut out: Vec<Place<'a, Body>> = cx
        .facts(path)
        .iter()
        .filter_map(|fact| match &fact.claim {
            Claim::Body(b) if b.of == BodyOf::Made && !b.open && b.within == within => Some((path, fact, b)),
            _ => None,
        })
        .collect();
    out.sort_by_key(|(_, fact, _)| fact.at.line);
    out
}

fn shared(fields: &[ShapeField], others: &[ShapeField]) -> usize {
    fields.iter().filter(|f| others.iter().any(|o| squashed(&o.name) == squashed(&f.name))).count()
}

/// Requests whose body is a parameter of the function that sends it, with the literal that callers hand to it.
pub(crate) fn requests<'a, 'e>(
    cx: &'e Cx<'a>,
    payloads: &Payloads<'a>,
    asked: &[(&'e Edge, &'e Detail, &'e Endpoint)],
) -> Vec<(&'e Detail, &'e Edge, &'e Endpoint, Side<'a>, Side<'a>)> {
    let mut handed: HashMap<usize, HashMap<&str, Vec<Place<'_, Body>>>> = HashMap::new();
    let mut functions: HashMap<(usize, &str), BTreeSet<(&str, &str)>> = HashMap::new();
    for (_, edge, detail) in cx.operations().filter(|(_, e, _)| e.kind == EdgeKind::Http) {
        functions.entry((edge.from, last(&detail.within))).or_default().insert((&detail.at.path, &detail.within));
    }
    let mut out = Vec::new();
    for &(edge, detail, endpoint) in asked {
        let name = last(&detail.within);
        // A name that several have, or that says nothing, may be anybody's.
        let alone = functions.get(&(edge.from, name)).is_some_and(|all| all.len() == 1);
        let writes = endpoint.method.as_deref().is_some_and(|m| matches!(m, "POST" | "PUT" | "PATCH"));
        if !alone || name.len() < 5 || !writes || payloads.call(cx, edge.from, detail, BodyOf::Asked).is_some() {
            continue;
        }
        let Some(reader) = payloads.handler(cx, endpoint, BodyOf::Taken) else { continue };
        let literals = handed.entry(edge.from).or_insert_with(|| handed_over(cx, edge.from));
        for (path, fact, body) in literals.get(name).into_iter().flatten() {
            // Where a helper is told what to ask, the body that it is handed there is this one.
            let told = |a: &seam_graph::Asked| {
                a.at.path == **path && a.at.at.line <= fact.at.end_line && fact.at.line <= a.at.at.end_line
            };
            let meant = detail.asked.iter().any(told);
            if body.within == detail.within || !meant && shared(&body.fields, &reader.fields) < 2 {
                continue;
            }
            let writer = Side {
                node: edge.from,
                path,
                name: body.ty.clone(),
                wrapper: SmolStr::default(),
                list: reader.list,
                fields: body.fields.clone(),
                open: false,
                inherits: false,
                at: cx.evidence(path, fact, "the body"),
                tie: None,
            };
            out.push((detail, edge, endpoint, writer, reader.clone()));
        }
    }
    out
}

/// A key that a consumer reads of a message and its publisher does not give.
pub(crate) struct Lost<'a> {
    pub topic: String,
    pub writer: usize,
    pub reader: usize,
    pub given: Evidence,
    pub read: Evidence,
    /// What is read, and what is given that nothing reads.
    pub wanted: &'a ShapeField,
    pub instead: &'a ShapeField,
}

pub(crate) fn events<'a>(cx: &Cx<'a>) -> Vec<Lost<'a>> {
    let views = views(cx);
    if views.is_empty() {
        return Vec::new();
    }
    let mut handed: HashMap<usize, HashMap<&str, Vec<Place<'_, Pass>>>> = HashMap::new();
    let mut carried: BTreeMap<(String, usize), Vec<Place<'a, Body>>> = BTreeMap::new();
    let mut done: BTreeSet<(usize, String)> = BTreeSet::new();
    for (_, edge, detail) in
        cx.operations().filter(|(_, e, d)| e.kind == EdgeKind::QueuePublish && !is_test(&d.at.path))
    {
        let name = last(&detail.within);
        let passes = handed.entry(edge.from).or_insert_with(|| passes(cx, edge.from));
        if name.len() < 4 || !done.insert((edge.from, format!("{name} {}", detail.operation))) {
            continue;
        }
        for (path, fact, pass) in passes.get(name).into_iter().flatten().filter(|(_, _, p)| p.within != detail.within) {
            let said = pass.args.iter().filter_map(|a| text_of(cx, edge.from, &a.value));
            let Some(topic) = said.into_iter().find(|t| detail.operation.split(' ').any(|p| p == t)) else { continue };
            let inline = literals(cx, path, &pass.within).into_iter();
            let mut inline = inline.filter(|(_, l, _)| l.at.line >= fact.at.line && l.at.line <= fact.at.end_line);
            if let Some(first) = inline.next() {
                carried.entry((topic, edge.from)).or_default().push(first);
            }
        }
    }
    let mut out = Vec::new();
    for ((topic, writer), given) in &carried {
        let taken: Vec<_> = views.iter().filter(|v| v.topics.contains(topic) && v.node != *writer).collect();
        let reads =
            |f: &ShapeField| taken.iter().any(|v| v.keys.iter().any(|k| squashed(&k.name) == squashed(&f.name)));
        for (view, (path, fact, body)) in taken.iter().flat_map(|v| given.iter().map(move |g| (v, g))) {
            let gives = |name: &str| body.fields.iter().any(|f| squashed(&f.name) == squashed(name));
            let common = shared(view.keys, &body.fields);
            let mut lost = view.keys.iter().filter(|k| !gives(&k.name));
            let (Some(wanted), None) = (lost.next(), lost.next()) else { continue };
            let mut unread = body.fields.iter().filter(|f| !reads(f));
            // What stands in its place has a word in common with it, or is the only one that nobody reads.
            let alike = |f: &&ShapeField| {
                let (a, b) = (words(&f.name), words(&wanted.name));
                a.last() == b.last() || distance(&squash(&f.name), &squash(&wanted.name)) < 3
            };
            let mut like = body.fields.iter().filter(|f| !reads(f)).filter(alike);
            let instead = match (like.next(), like.next()) {
                (Some(one), None) => Some(one),
                (None, _) if common > 1 => unread.next().filter(|_| unread.next().is_none()),
                _ => None,
            };
            let Some(instead) = instead.filter(|_| common > 0) else { continue };
            out.push(Lost {
                topic: topic.clone(),
                writer: *writer,
                reader: view.node,
                given: cx.evidence(path, fact, "the message"),
                read: view.at.clone(),
                wanted,
                instead,
            });
        }
    }
    out
}

/// Keys that one consumer reads of one value.
struct View<'a> {
    node: usize,
    topics: BTreeSet<String>,
    keys: &'a [ShapeField],
    at: Evidence,
}

fn views<'a>(cx: &Cx<'a>) -> Vec<View<'a>> {
    // The topics that each function takes.
    let mut takes: BTreeMap<(usize, &SmolStr, &SmolStr), BTreeMap<u32, BTreeSet<String>>> = BTreeMap::new();
    for (_, edge, detail) in
        cx.operations().filter(|(_, e, d)| e.kind == EdgeKind::QueueConsume && !is_test(&d.at.path))
    {
        let of = takes.entry((edge.from, &detail.at.path, &detail.within)).or_default();
        of.entry(detail.at.at.line).or_default().extend(detail.operation.split(' ').map(ToOwned::to_owned));
    }
    let mut out = Vec::new();
    for ((node, path, within), by_line) in takes {
        for fact in cx.facts(path) {
            let Claim::Body(body) = &fact.claim else { continue };
            if body.of != BodyOf::Looked || body.within != *within && !body.within.starts_with(&format!("{within}.")) {
                continue;
            }
            // Of several consumers in one function, the one that begins before.
            let Some((_, topics)) = by_line.range(..=fact.at.line).next_back() else { continue };
            let at = cx.evidence(path, fact, "reads the message");
            out.push(View { node, topics: topics.clone(), keys: &body.fields, at });
        }
    }
    out
}

pub(crate) fn draft(cx: &Cx<'_>, of: &Lost<'_>) -> Draft {
    let (from, to) = (cx.name(of.writer), cx.name(of.reader));
    let (wanted, instead) = (&of.wanted.name, &of.instead.name);
    let place = |at: &Evidence, field: &ShapeField| Evidence { at: seam_facts::Span::at(field.line, 1), ..at.clone() };
    let (given, read) = (place(&of.given, of.instead), place(&of.read, of.wanted));
    Draft::new(
        format!("{from} {to} {} {wanted}", of.topic),
        &read,
        format!("`{to}` reads `{wanted}` of the message `{}`, which `{from}` sends with `{instead}` and without `{wanted}`", of.topic),
    )
    .why(format!(
        "What `{from}` puts into `{}` has no `{wanted}`, and nobody reads its `{instead}`: `{to}` gets nothing there, without an error at the \
         publisher.",
        of.topic
    ))
    .help("give the field one name on both sides")
    .about([cx.node(of.writer).key.clone(), cx.node(of.reader).key.clone()])
    .certainty(Certainty::Inferred)
    .link(&read, format!("`{to}` reads `{wanted}`"))
    .link(&given, format!("`{from}` sends `{instead}`"))
}
