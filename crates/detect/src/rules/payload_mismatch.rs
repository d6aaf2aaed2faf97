//! Fields that one side of an interaction uses and the other does not have. See `payload_mismatch.md`.

use crate::carried;
use crate::declared::{Declared, Form};
use crate::payloads::{Kind, Payloads, Side, Taker, is_renaming, squashed};
use crate::talks::{Talk, talks};
use crate::twins::{Parted, Twins};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{BodyOf, Key, ShapeField, Span};
use seam_graph::{Certainty, EdgeKind, Evidence, NodeKind, is_test};
use std::collections::{BTreeMap, BTreeSet};

pub static RULE: Rule = Rule {
    id: "payload-mismatch",
    group: Group::Contract,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: false,
    page: include_str!("payload_mismatch.md"),
    find,
};

/// Whether a side has a field of this name.
type Has<'h> = &'h dyn Fn(&Side<'_>, &str) -> bool;

/// How deep fields of fields are compared.
const MAX_DEPTH: usize = 4;

/// What travels, from whom to whom.
#[derive(Clone)]
struct Way<'w> {
    subject: String,
    /// `the body of POST /orders`, for people.
    what: String,
    writer: (&'w str, Key),
    reader: (&'w str, Key),
    certainty: Certainty,
}

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    crate::wire::names(cx, out);
    crate::wire::forms(cx, out);
    let payloads = Payloads::new(cx);
    let mut told: BTreeSet<String> = BTreeSet::new();
    let endpoints: BTreeMap<&Key, usize> = cx.graph.endpoints.iter().enumerate().map(|(i, e)| (&e.key, i)).collect();
    let pairs = asked(cx, &endpoints);
    for &(edge, detail, endpoint) in &pairs {
        if endpoint.method.is_none() || endpoint.path.contains('*') {
            continue;
        }
        let (from, to) = (cx.node(edge.from), cx.node(endpoint.node));
        let asked =
            (payloads.call(cx, edge.from, detail, BodyOf::Asked), payloads.handler(cx, endpoint, BodyOf::Taken));
        if let (Some(writer), Some(reader)) = asked {
            let way = Way {
                subject: format!("{} {} request", edge.key, detail.operation),
                what: format!("the body of `{}`", endpoint.asked_as()),
                writer: (&from.name, from.key.clone()),
                reader: (&to.name, to.key.clone()),
                certainty: detail.certainty,
            };
            compare(cx, &payloads, &way, (&writer, &reader), "", MAX_DEPTH, &mut told, out);
        }
        let answered =
            (payloads.handler(cx, endpoint, BodyOf::Given), payloads.call(cx, edge.from, detail, BodyOf::Answered));
        if let (Some(writer), Some(reader)) = answered {
            let way = Way {
                subject: format!("{} {} response", edge.key, detail.operation),
                what: format!("the answer of `{}`", endpoint.asked_as()),
                writer: (&to.name, to.key.clone()),
                reader: (&from.name, from.key.clone()),
                certainty: detail.certainty,
            };
            compare(cx, &payloads, &way, (&writer, &reader), "", MAX_DEPTH, &mut told, out);
        }
    }
    for (detail, edge, endpoint, writer, reader) in carried::requests(cx, &payloads, &pairs) {
        let way = Way {
            subject: format!("{} {} request", edge.key, detail.operation),
            what: format!("the body of `{}`", endpoint.asked_as()),
            writer: (cx.name(edge.from), cx.node(edge.from).key.clone()),
            reader: (cx.name(endpoint.node), cx.node(endpoint.node).key.clone()),
            certainty: Certainty::Inferred,
        };
        compare(cx, &payloads, &way, (&writer, &reader), "", 1, &mut told, out);
    }
    messages(cx, &payloads, &mut told, out);
    keyed(cx, &payloads, &mut told, out);
    for of in carried::events(cx) {
        let key = format!("{}:{} {}:{}", of.given.path, of.instead.line, of.read.path, of.wanted.line);
        if told.insert(key) {
            out.push(carried::draft(cx, &of));
        }
    }
    declarations(cx, &payloads, &mut told, out);
}

/// Every request with the endpoint that answers it, be it behind a gateway.
fn asked<'e>(
    cx: &Cx<'e>,
    endpoints: &BTreeMap<&Key, usize>,
) -> Vec<(&'e seam_graph::Edge, &'e seam_graph::Detail, &'e seam_graph::Endpoint)> {
    let of_http = |e: &seam_graph::Edge, d: &seam_graph::Detail| e.kind == EdgeKind::Http && !is_test(&d.at.path);
    let direct = cx.operations().filter(|(_, e, d)| of_http(e, d)).filter_map(|(_, edge, detail)| {
        let at = endpoints.get(detail.endpoint.as_ref()?)?;
        Some((edge, detail, &cx.graph.endpoints[*at]))
    });
    let passed = cx.passed().iter().filter_map(|p| {
        let edge = cx.edge(p.call.0);
        let detail = edge.details.get(p.call.1).filter(|d| of_http(edge, d))?;
        let [one] = p.endpoints.as_slice() else { return None };
        let endpoint = &cx.graph.endpoints[*one];
        (endpoint.node != edge.from).then_some((edge, detail, endpoint))
    });
    direct.chain(passed).collect()
}

/// Declarations of one thing that services which talk have each for itself.
fn declarations<'a>(cx: &Cx<'a>, payloads: &Payloads<'a>, told: &mut BTreeSet<String>, out: &mut Vec<Draft>) {
    let talks = talks(cx);
    let ours = (0..cx.graph.nodes.len()).filter(|n| cx.node(*n).kind == NodeKind::Service);
    let nodes: BTreeSet<usize> = talks.keys().flat_map(|(a, b)| [*a, *b]).chain(ours).collect();
    let twins = Twins::new(cx, payloads, &nodes);
    for parted in twins.copies(cx, payloads, |a, b| talks.contains_key(&(a, b))) {
        let y = parted.pair.1;
        let (a, b) = (cx.name(parted.here.side.node), cx.name(parted.there.side.node));
        let message = in_its_place(cx, &parted);
        let why = format!(
            "Both have a type of this very name, and {} other names are the same on both sides: where one is written by `{a}` and \
             read by `{b}`, or the other way round, `{}` is empty, without an error on either side.",
            parted.common, y.name
        );
        tell(cx, &parted, message, &why, told, out);
    }
    for (pair, talk) in talks {
        for parted in twins.parted(cx, payloads, pair, talk) {
            let (x, y) = parted.pair;
            let (a, b) = (cx.name(pair.0), cx.name(pair.1));
            let message = in_its_place(cx, &parted);
            let why = format!(
                "`{a}` {} `{b}`, and {} other {} the same on both sides: what one side writes as `{}`, the other looks for as `{}` \
                 and finds nothing, without an error on either side or with one about a field that is missing.",
                exchanges(parted.talk),
                parted.common,
                if parted.common == 1 { "name is" } else { "names are" },
                x.name,
                y.name
            );
            tell(cx, &parted, message, &why, told, out);
        }
        for (parted, why) in twins.retyped(cx, payloads, pair, talk) {
            let (x, y) = parted.pair;
            let (a, b) = (cx.name(pair.0), cx.name(pair.1));
            let message = format!(
                "`{}` of {} is `{}`, and `{}` in {}",
                x.name,
                whose(cx, parted.here),
                x.ty,
                y.ty,
                whose(cx, parted.there)
            );
            let why =
                format!("`{a}` {} `{b}`, and both have a declaration of this name. {why}", exchanges(parted.talk));
            tell(cx, &parted, message, &why, told, out);
        }
    }
}

fn exchanges(talk: Talk) -> &'static str {
    match talk {
        Talk::Call => "calls",
        Talk::Message => "sends messages to",
        Talk::Cache => "shares a cache with",
        Talk::Copy => "has a type of the same name as",
    }
}

fn whose(cx: &Cx<'_>, of: &Declared<'_>) -> String {
    let service = cx.name(of.side.node);
    match of.form {
        Form::Type => format!("`{}` of `{service}`", of.side.name),
        Form::Literal => format!("what `{service}` puts together"),
        Form::View => format!("what `{service}` reads"),
    }
}

fn in_its_place(cx: &Cx<'_>, parted: &Parted<'_, '_>) -> String {
    let (x, y) = parted.pair;
    let (here, there) = (whose(cx, parted.here), whose(cx, parted.there));
    format!("{here} has `{}`, and {there} has `{}` in its place", x.name, y.name)
}

fn tell(
    cx: &Cx<'_>,
    parted: &Parted<'_, '_>,
    message: String,
    why: &str,
    told: &mut BTreeSet<String>,
    out: &mut Vec<Draft>,
) {
    let (here, there, (x, y)) = (&parted.here.side, &parted.there.side, parted.pair);
    let place = |side: &Side<'_>, field: &ShapeField| Evidence { at: Span::at(field.line, 1), ..side.at.clone() };
    let (mine, its) = (place(here, x), place(there, y));
    let once = |a: &Evidence, b: &Evidence| format!("{}:{} {}:{}", a.path, a.at.line, b.path, b.at.line);
    if told.contains(&once(&mine, &its)) || !told.insert(once(&its, &mine)) {
        return;
    }
    let name = if here.name.is_empty() { &there.name } else { &here.name };
    let draft = Draft::new(format!("{} {} {name} {}", cx.name(here.node), cx.name(there.node), x.name), &mine, message)
        .why(why)
        .help("give the field one name and one type on both sides")
        .about([cx.node(here.node).key.clone(), cx.node(there.node).key.clone()])
        .certainty(Certainty::Inferred)
        .link(&mine, format!("`{}` has `{}`", cx.name(here.node), x.name))
        .link(&its, format!("`{}` has `{}`", cx.name(there.node), y.name));
    let draft = match parted.talk {
        Talk::Call | Talk::Message | Talk::Cache => draft,
        Talk::Copy => draft.severity(Severity::Note).open("whether and how the two exchange it"),
    };
    out.push(draft);
}

/// Messages of one type name, published by one service and consumed by another, each with a type of its own.
fn messages<'a>(cx: &Cx<'a>, payloads: &Payloads<'a>, told: &mut BTreeSet<String>, out: &mut Vec<Draft>) {
    let of_kind = |kind: EdgeKind| cx.operations().filter(move |(_, e, d)| e.kind == kind && !is_test(&d.at.path));
    let mut published: BTreeMap<(usize, &str), Vec<(usize, &seam_graph::Detail)>> = BTreeMap::new();
    for (_, edge, detail) in of_kind(EdgeKind::QueuePublish).filter(|(_, _, d)| !d.operation.is_empty()) {
        published.entry((edge.to, detail.operation.as_str())).or_default().push((edge.from, detail));
    }
    for (_, edge, detail) in of_kind(EdgeKind::QueueConsume) {
        let Some(reader) = payloads.message(cx, edge.from, detail) else { continue };
        let writers = published.get(&(edge.to, detail.operation.as_str())).into_iter().flatten();
        for (node, publish) in writers.filter(|(node, _)| *node != edge.from) {
            let Some(writer) = payloads.message(cx, *node, publish) else { continue };
            // A topic carries several types of message; only the same name is surely the same message.
            if writer.name != reader.name {
                continue;
            }
            let way = Way {
                subject: format!("{} {} {}", edge.key, detail.operation, reader.name),
                what: format!("the message `{}` of `{}`", reader.name, detail.operation),
                writer: (cx.name(*node), cx.node(*node).key.clone()),
                reader: (cx.name(edge.from), cx.node(edge.from).key.clone()),
                certainty: detail.certainty.max(publish.certainty),
            };
            compare(cx, payloads, &way, (&writer, &reader), "", MAX_DEPTH, told, out);
        }
    }
}

/// Messages that are put together or taken apart by their keys: one topic, every publisher of which is known, and a key that none
/// of them gives.
fn keyed<'a>(cx: &Cx<'a>, payloads: &Payloads<'a>, told: &mut BTreeSet<String>, out: &mut Vec<Draft>) {
    let of_kind = |kind: EdgeKind| cx.operations().filter(move |(_, e, d)| e.kind == kind && !is_test(&d.at.path));
    let named = |topic: &str| !topic.is_empty() && !topic.contains(['{', '*', '#']);
    type Published<'a> = Vec<(usize, Option<Side<'a>>)>;
    let mut published: BTreeMap<(usize, &str), Published<'a>> = BTreeMap::new();
    for (_, edge, detail) in of_kind(EdgeKind::QueuePublish).filter(|(_, _, d)| named(&d.operation)) {
        let made = || payloads.carried(cx, edge.from, detail, BodyOf::Made);
        let side = payloads.message(cx, edge.from, detail);
        let side = side.or_else(|| payloads.carried(cx, edge.from, detail, BodyOf::Asked)).or_else(made);
        published.entry((edge.to, detail.operation.as_str())).or_default().push((edge.from, side));
    }
    for (_, edge, detail) in of_kind(EdgeKind::QueueConsume) {
        let Some(all) = published.get(&(edge.to, detail.operation.as_str())) else { continue };
        let known: Vec<(usize, &Side<'a>)> = all
            .iter()
            .filter_map(|(node, side)| Some((*node, side.as_ref().filter(|s| !s.open && !s.inherits)?)))
            .collect();
        let Some((node, writer)) = known.first().filter(|_| known.len() == all.len()) else { continue };
        let view = || payloads.carried(cx, edge.from, detail, BodyOf::Taken);
        let Some(reader) = payloads.message(cx, edge.from, detail).or_else(view) else { continue };
        // Types of both sides are compared by their names.
        if !writer.name.is_empty() && !reader.name.is_empty() || *node == edge.from || writer.list || reader.list {
            continue;
        }
        let gives =
            |f: &ShapeField| known.iter().any(|(_, s)| s.fields.iter().any(|w| squashed(&w.name) == squashed(&f.name)));
        let lost: Vec<&ShapeField> = reader.fields.iter().filter(|f| !gives(f)).collect();
        let common = reader.fields.len() - lost.len();
        let spare: Vec<&ShapeField> = writer
            .fields
            .iter()
            .filter(|w| !reader.fields.iter().any(|f| squashed(&f.name) == squashed(&w.name)))
            .collect();
        let [field] = lost.as_slice() else { continue };
        let mut like = spare.iter().filter(|w| is_renaming(&w.name, &field.name));
        let alike = like.next().filter(|_| like.next().is_none());
        let only = || if let [only] = spare.as_slice() { Some(only) } else { None };
        let Some(other) = alike.or_else(|| only().filter(|_| common > 1)).filter(|_| common > 0) else { continue };
        let (from, to) = (cx.name(*node), cx.name(edge.from));
        let way = Way {
            subject: format!("{} {} keys", edge.key, detail.operation),
            what: format!("the message on `{}`", detail.operation),
            writer: (from, cx.node(*node).key.clone()),
            reader: (to, cx.node(edge.from).key.clone()),
            certainty: Certainty::Inferred,
        };
        let message =
            format!("`{to}` reads `{}` of {}, and `{from}` sends `{}` in its place", field.name, way.what, other.name);
        let why = format!(
            "Nobody who publishes there gives `{}`, and {common} other {} the same on both sides: what `{to}` reads is empty, without \
             an error on either side.",
            field.name,
            if common == 1 { "name is" } else { "names are" }
        );
        add(&way, (writer, other), (&reader, Some(field)), &field.name, message, &why, told, out);
    }
}

#[expect(clippy::too_many_arguments, reason = "the way and both sides go down together")]
fn compare<'a>(
    cx: &Cx<'a>,
    payloads: &Payloads<'a>,
    way: &Way<'_>,
    (writer, reader): (&Side<'a>, &Side<'a>),
    within: &str,
    depth: usize,
    told: &mut BTreeSet<String>,
    out: &mut Vec<Draft>,
) {
    // One declaration for both: it cannot part.
    if writer.path == reader.path && writer.at.at == reader.at.at || depth == 0 {
        return;
    }
    if writer.list != reader.list && !writer.name.is_empty() && !reader.name.is_empty()
        || writer.wrapper.is_empty() != reader.wrapper.is_empty()
    {
        return;
    }
    if within.is_empty() && apart(writer, reader) {
        return strangers(way, (writer, reader), told, out);
    }
    let has = |side: &Side<'_>, name: &str| side.fields.iter().any(|f| squashed(&f.name) == squashed(name));
    for field in &reader.fields {
        let Some(given) = writer.fields.iter().find(|f| squashed(&f.name) == squashed(&field.name)) else {
            if !writer.open {
                let alike = |other: &ShapeField| {
                    let kind = payloads.kind(cx, writer, &other.ty);
                    kind != Kind::Unknown && kind == payloads.kind(cx, reader, &field.ty)
                };
                missing(way, (writer, reader), field, within, (&has, &alike), told, out);
            }
            continue;
        };
        let (a, b) = (payloads.kind(cx, writer, &given.ty), payloads.kind(cx, reader, &field.ty));
        if let Some(why) = a.misfit(&b, Taker::of(reader)) {
            let (name, wrote, read) = (&field.name, &given.ty, &field.ty);
            let message = format!(
                "`{within}{name}` of {} is `{wrote}` in `{}` and `{read}` in `{}`",
                way.what, way.writer.0, way.reader.0
            );
            add(way, (writer, given), (reader, Some(field)), &format!("{within}{name}"), message, why, told, out);
        } else if let (Some(a), Some(b)) =
            (payloads.inner(cx, writer, &given.ty), payloads.inner(cx, reader, &field.ty))
        {
            let deeper = format!("{within}{}.", field.name);
            compare(cx, payloads, way, (&a, &b), &deeper, depth - 1, told, out);
        }
    }
}

/// Words of envelopes and of what went wrong: two sides with nothing else say little of what they exchange.
const ENVELOPES: [&str; 22] = [
    "error",
    "errors",
    "message",
    "msg",
    "detail",
    "details",
    "code",
    "status",
    "success",
    "data",
    "result",
    "results",
    "payload",
    "body",
    "query",
    "variables",
    "params",
    "meta",
    "ok",
    "token",
    "headers",
    "items",
];

/// Whether a literal or what is read without a declaration has not one name in common with the other side.
fn apart(writer: &Side<'_>, reader: &Side<'_>) -> bool {
    let telling = |side: &Side<'_>| {
        let plain = |f: &ShapeField| ENVELOPES.contains(&squashed(&f.name).as_str());
        side.fields.iter().any(|f| !plain(f) && f.required != Some(false))
    };
    let has = |f: &ShapeField| writer.fields.iter().any(|w| squashed(&w.name) == squashed(&f.name));
    (writer.name.is_empty() || reader.name.is_empty())
        && !(writer.open || writer.inherits || reader.inherits || writer.list || reader.list)
        && telling(writer)
        && telling(reader)
        && !reader.fields.iter().any(has)
}

/// One side reads nothing of what the other gives.
fn strangers(
    way: &Way<'_>,
    (writer, reader): (&Side<'_>, &Side<'_>),
    told: &mut BTreeSet<String>,
    out: &mut Vec<Draft>,
) {
    let listed = |side: &Side<'_>| {
        let names: Vec<String> = side.fields.iter().take(4).map(|f| format!("`{}`", f.name)).collect();
        names.join(", ")
    };
    let (from, to) = (way.writer.0, way.reader.0);
    let (Some(given), Some(read)) = (writer.fields.first(), reader.fields.first()) else { return };
    let message = format!("`{to}` reads {} of {}, and `{from}` sends {}", listed(reader), way.what, listed(writer));
    let why = "The two sides have not one name in common: all that is read is empty, without an error on either side.";
    add(way, (writer, given), (reader, Some(read)), &read.name, message, why, told, out);
}

/// A field that the reader has and the writer does not: worth a word where the writer calls it differently, or where it must
/// be there.
fn missing(
    way: &Way<'_>,
    (writer, reader): (&Side<'_>, &Side<'_>),
    field: &ShapeField,
    within: &str,
    (has, alike): (Has<'_>, &dyn Fn(&ShapeField) -> bool),
    told: &mut BTreeSet<String>,
    out: &mut Vec<Draft>,
) {
    // Two shapes that share next to nothing are not of the same thing.
    let common = reader.fields.iter().filter(|f| has(writer, &f.name)).count();
    if common * 2 < reader.fields.len().saturating_sub(1) && common * 2 < writer.fields.len() {
        return;
    }
    let mut like = writer.fields.iter().filter(|f| !has(reader, &f.name) && is_renaming(&f.name, &field.name));
    // Of several, none is surely the one.
    let instead = like.next().filter(|_| like.next().is_none());
    let (from, to) = (way.writer.0, way.reader.0);
    let name = &field.name;
    if let Some(other) = instead {
        let message = format!("`{to}` reads `{within}{name}` of {}, which `{from}` calls `{}`", way.what, other.name);
        let why = format!(
            "`{from}` sends {} fields and no `{name}`; `{}` is the only one like it, and `{to}` does not know that name: \
             what it reads is empty, without an error on either side.",
            writer.fields.len(),
            other.name
        );
        add(way, (writer, other), (reader, Some(field)), &format!("{within}{name}"), message, &why, told, out);
    } else if let Some(other) =
        left_over((writer, reader), field, common, has).filter(|other| reader.name.is_empty() || alike(other))
    {
        let message =
            format!("`{to}` reads `{within}{name}` of {}, and `{from}` sends `{}` in its place", way.what, other.name);
        let why = format!(
            "All other {common} fields have the same names on both sides: `{name}` is what `{to}` alone has, `{}` what `{from}` \
             alone has. What `{to}` reads is empty, without an error on either side.",
            other.name
        );
        let way = &Way { certainty: Certainty::Inferred, ..way.clone() };
        add(way, (writer, other), (reader, Some(field)), &format!("{within}{name}"), message, &why, told, out);
    } else if field.required == Some(true) && common > 0 && !writer.inherits && !writer.name.is_empty() {
        let message = format!("`{to}` needs `{within}{name}` of {}, which `{from}` does not send", way.what);
        let why = format!(
            "The field has no default and may not be empty in `{to}`; `{from}` sends {} fields without it: the body is \
             refused.",
            writer.fields.len()
        );
        let Some(first) = writer.fields.first() else { return };
        add(way, (writer, first), (reader, Some(field)), &format!("{within}{name}"), message, &why, told, out);
    }
}

/// The one field that only the writer has, where `field` is the one that only the reader has and nothing else is unknown.
fn left_over<'f>(
    (writer, reader): (&'f Side<'_>, &Side<'_>),
    field: &ShapeField,
    common: usize,
    has: Has<'_>,
) -> Option<&'f ShapeField> {
    // What a handler reads by its keys is all that it is seen to read.
    let view = reader.name.is_empty();
    let open = writer.open || reader.open && !view;
    if open || writer.inherits || reader.inherits || field.required == Some(false) {
        return None;
    }
    let mut only = writer.fields.iter().filter(|f| !has(reader, &f.name));
    let other = only.next().filter(|_| only.next().is_none())?;
    // Two shapes of one thing have more than one name in common, or are called alike and differ in nothing else.
    let same = !view && writer.name == reader.name && other.ty == field.ty;
    (common >= if view || same { 1 } else { 2 } && common + 1 == reader.fields.len()).then_some(other)
}

#[expect(clippy::too_many_arguments, reason = "both sides and what is said of them")]
fn add(
    way: &Way<'_>,
    (writer, given): (&Side<'_>, &ShapeField),
    (reader, field): (&Side<'_>, Option<&ShapeField>),
    name: &str,
    message: String,
    why: &str,
    told: &mut BTreeSet<String>,
    out: &mut Vec<Draft>,
) {
    let place = |side: &Side<'_>, field: &ShapeField| Evidence { at: Span::at(field.line, 1), ..side.at.clone() };
    let read = field.map_or(reader.at.clone(), |f| place(reader, f));
    let wrote = place(writer, given);
    // The same pair of declarations is told once, whatever calls use it.
    let once = format!("{}:{} {}:{}", read.path, read.at.line, wrote.path, wrote.at.line);
    if !told.insert(once) {
        return;
    }
    let mut draft = Draft::new(format!("{} {name}", way.subject), &read, message)
        .why(why)
        .help(format!("give `{name}` one name and one type on both sides"))
        .about([way.reader.1.clone(), way.writer.1.clone()])
        .certainty(way.certainty)
        .link(&read, format!("`{}` reads `{}`", way.reader.0, field.map_or(name, |f| f.name.as_str())))
        .link(&wrote, format!("`{}` writes `{}`", way.writer.0, given.name));
    for (who, side) in [(way.writer.0, writer), (way.reader.0, reader)] {
        if let Some(tie) = &side.tie {
            draft = draft.link(tie, format!("`{who}` uses it here"));
        }
    }
    out.push(draft);
}
