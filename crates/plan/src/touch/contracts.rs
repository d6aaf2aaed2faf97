//! Changed files of contracts: what each change of theirs means for those who serve and use the element.
//!
//! Invariant: the contract's own rules grade it; here it is only joined with the system: an rpc or path with its server and
//! callers, a field with the code that names it, a column with the services whose statements name it.

use super::effect::{Cx, Edited, Effect, Tie};
use crate::change::{Change, Level, Place};
use crate::impact::schema::{Element, Schema};
use crate::{Kind, Text};
use seam_facts::{Claim, SmolStr};
use seam_graph::{Certainty, Evidence, Traffic, is_test};
use std::collections::{BTreeMap, BTreeSet};

/// Where code names elements of contracts of protocol buffers, by service: for the engine, which can read texts.
pub type Named<'a> = dyn Fn(&BTreeSet<Element>) -> BTreeMap<Element, Lines> + 'a;

/// What a name became, and on which line.
type Moved = BTreeMap<String, (String, u32)>;

/// Places by service.
pub type Lines = BTreeMap<SmolStr, Vec<Evidence>>;

pub(super) fn effects(cx: &Cx<'_>, named: &Named<'_>, out: &mut Vec<Effect>) {
    let seeds = cx.edited.iter().filter(|e| e.left_out.is_none() && !e.hunks.is_empty());
    let mut all: Vec<(&Edited, Kind, Change, Moved)> = Vec::new();
    for edited in seeds {
        let (Some(before), Some(after)) = (&edited.before, &edited.after) else { continue };
        let Some(kind) = of(&edited.path, after) else { continue };
        let name = edited.path.as_str();
        let (old, new) = ([Text { name, text: before }], [Text { name, text: after }]);
        let (changes, _) = crate::compare(&old, &new, kind, &crate::Options::default());
        let moved = if kind == Kind::Proto { renamed(&old, &new) } else { BTreeMap::new() };
        let serious = changes.into_iter().filter(|c| c.rule.level != Level::Safe);
        all.extend(serious.map(|change| (edited, kind, change, moved.clone())));
    }
    // Code is looked through once for all elements.
    let wanted: BTreeSet<Element> =
        all.iter().filter(|(_, kind, ..)| *kind == Kind::Proto).filter_map(|(_, _, c, _)| element(c)).collect();
    let lines = if wanted.is_empty() { BTreeMap::new() } else { named(&wanted) };
    let (before, mut taken) = (out.len(), BTreeSet::new());
    for (edited, kind, change, moved) in &all {
        let effect = match kind {
            Kind::Proto => proto(cx, change, moved, &lines),
            Kind::Sql => sql(cx, change, edited),
            Kind::OpenApi | Kind::GraphQl => operation(cx, change, edited),
            Kind::AsyncApi | Kind::Avro | Kind::JsonSchema => declared(cx, change, edited),
        };
        merge(out, before, &mut taken, effect);
    }
}

/// Which kind of contract a file is, where its name or its first words say so. A JSON or YAML file is one only if it says so itself.
fn of(path: &str, text: &str) -> Option<Kind> {
    let kind = Kind::of(path, text)?;
    let head: String = text.chars().take(4_000).collect();
    let says = |words: &[&str]| words.iter().any(|w| head.contains(w));
    match kind {
        Kind::Proto | Kind::GraphQl | Kind::Sql => Some(kind),
        Kind::Avro => Some(kind).filter(|_| path.ends_with(".avsc") || says(&["\"record\""])),
        Kind::OpenApi => Some(kind).filter(|_| says(&["openapi", "swagger"])),
        Kind::AsyncApi => Some(kind),
        Kind::JsonSchema => Some(kind).filter(|_| says(&["$schema"])),
    }
}

/// One change is told once, whoever brings it: what the graphs have shown of a line (the first `before`) takes in what the contract
/// says of it, once. Two changes that a contract has on one line stay two.
fn merge(out: &mut Vec<Effect>, before: usize, taken: &mut BTreeSet<usize>, effect: Effect) {
    let line = |e: &Option<Evidence>| e.as_ref().map(|p| (p.path.clone(), p.at.line));
    let same = |(index, e): &(usize, &mut Effect)| {
        let free = *index < before && !taken.contains(index);
        let there = free && line(&e.was).is_some() && line(&e.was) == line(&effect.was);
        e.key == effect.key || there && e.rule.grade == effect.rule.grade
    };
    match out.iter_mut().enumerate().find(same) {
        Some((index, known)) => {
            taken.insert(index);
            for (service, places) in effect.direct {
                known.direct.entry(service).or_default().extend(places);
            }
            for tie in effect.dependent {
                known.tie(tie);
            }
            let direct: BTreeSet<SmolStr> = known.direct.keys().cloned().collect();
            known.dependent.retain(|t| !direct.contains(&t.service));
            known.entries.extend(effect.entries);
        }
        None => out.push(effect),
    }
}

fn evidence(place: &Option<Place>, says: &str) -> Option<Evidence> {
    place.as_ref().map(|p| Cx::place(&p.file, p.line.max(1), says))
}

fn started(change: &Change) -> Effect {
    let mut effect = Effect::new("code-changed", change.text.clone(), format!("contract/{}", change.key));
    effect.rule = change.rule;
    effect.at(evidence(&change.base, "the older contract"), evidence(&change.revision, "the newer contract"))
}

/// Rpcs that live on under another name: `Service/Method` to the new method and its line.
fn renamed(old: &[Text<'_>], new: &[Text<'_>]) -> Moved {
    let (old, new) = (Schema::read(old), Schema::read(new));
    let mut out = BTreeMap::new();
    for service in &old.services {
        let Some(now) = new.services.iter().find(|s| s.full == service.full) else { continue };
        let gone = service.methods.iter().filter(|m| !now.methods.iter().any(|o| o.name == m.name));
        for method in gone {
            let came = now.methods.iter().filter(|m| !service.methods.iter().any(|o| o.name == m.name));
            if let Some(to) = came.min_by_key(|m| m.line.abs_diff(method.line)) {
                out.insert(format!("{}/{}", service.name, method.name), (to.name.clone(), to.line));
            }
        }
    }
    out
}

/// `shop.v1.Orders/Get`, `shop.v1.Orders.Get` → `Orders/Get`.
fn rpc(key: &str) -> Option<String> {
    if let Some((service, method)) = key.rsplit_once('/') {
        return Some(format!("{}/{method}", service.rsplit('.').next().unwrap_or(service)));
    }
    let mut parts = key.rsplit('.');
    let (method, service) = (parts.next()?, parts.next()?);
    Some(format!("{service}/{method}"))
}

fn proto(cx: &Cx<'_>, change: &Change, moved: &Moved, lines: &BTreeMap<Element, Lines>) -> Effect {
    let mut effect = started(change);
    let operation = rpc(&change.key).filter(|_| is_rpc(change));
    if let Some(operation) = operation {
        if let Some((to, line)) = moved.get(&operation).filter(|_| change.rule.id.contains("DELETE")) {
            effect.text = format!("rpc `{operation}` is `{to}` now");
            effect.certainty = Certainty::Inferred;
            effect.is = effect.is.map(|e| Cx::place(&e.path, *line, "the newer contract"));
            effect.rule = super::rules::find("rpc-moved");
        }
        effect.key = format!("endpoint/{operation}");
        served(cx, &operation, &mut effect);
        if effect.direct.is_empty() {
            speaks(cx, &operation, &mut effect);
        }
        return effect;
    }
    let places = element(change).and_then(|e| lines.get(&e)).cloned().unwrap_or_default();
    if places.is_empty() {
        effect.open.push(format!("no code is seen to name `{}`", change.key));
    }
    for (service, places) in places {
        effect.direct.insert(service, places);
    }
    effect
}

fn is_rpc(change: &Change) -> bool {
    change.rule.id.contains("RPC") || change.key.contains('/')
}

fn element(change: &Change) -> Option<Element> {
    let (id, key) = (change.rule.id, change.key.as_str());
    if is_rpc(change) {
        return None;
    }
    let (of, name) = key.rsplit_once('.').map_or((key, ""), |(a, b)| (a, b));
    if id.contains("ENUM_VALUE") {
        return Some(Element::Value(of.to_owned(), name.to_owned()));
    }
    if id.contains("FIELD") {
        return Some(Element::Field(of.to_owned(), name.to_owned()));
    }
    if id.contains("MESSAGE") {
        return Some(Element::Message(key.to_owned()));
    }
    id.contains("ENUM").then(|| Element::Enum(key.to_owned()))
}

/// Who serves an operation, and who calls it.
fn served(cx: &Cx<'_>, operation: &str, effect: &mut Effect) {
    for endpoint in super::traffic::named(cx, operation) {
        let it = &cx.old.graph.endpoints[endpoint];
        let mut places = vec![it.proof.first().clone()];
        places.extend(effect.was.clone());
        effect.direct.entry(cx.old.name(it.node).clone()).or_default().extend(places);
        effect.entries.insert(it.key.clone());
    }
    for endpoint in super::traffic::named(cx, operation) {
        super::traffic::asked(cx, endpoint, Some(operation), effect);
    }
    // Calls whose server nobody has found.
    for edge in cx.old.graph.edges.iter().filter(|e| e.kind.traffic() == Traffic::Call) {
        for detail in edge.details.iter().filter(|d| d.operation == operation && d.endpoint.is_none()) {
            effect.tie(Tie {
                service: cx.old.name(edge.from).clone(),
                why: format!("calls `{operation}`"),
                through: vec![edge.key.clone()],
                places: vec![detail.at.clone()],
                certainty: Certainty::Inferred,
                moved: false,
            });
        }
    }
}

/// A contract's service that nobody is seen to serve: the service that is called like it, by name alone.
fn speaks(cx: &Cx<'_>, operation: &str, effect: &mut Effect) {
    let plain = |s: &str| super::fields::plain(s).trim_end_matches("service").trim_end_matches("api").to_owned();
    let wanted = plain(operation.split('/').next().unwrap_or_default());
    let node = (0..cx.old.graph.nodes.len())
        .find(|n| cx.old.runs(*n) && !wanted.is_empty() && plain(cx.old.name(*n)) == wanted);
    effect.open.push(format!("nobody is seen to serve `{operation}`"));
    if let Some(node) = node {
        effect.certainty = Certainty::Inferred;
        let places = effect.was.iter().chain(&effect.is).cloned().collect();
        effect.direct.insert(cx.old.name(node).clone(), places);
    }
}

/// A path of an OpenAPI description or a field of a GraphQL root type.
fn operation(cx: &Cx<'_>, change: &Change, edited: &Edited) -> Effect {
    let mut effect = started(change);
    let asked =
        if change.operation.is_empty() { change.key.clone() } else { format!("{} {}", change.operation, change.path) };
    let mut names = vec![asked.clone()];
    names.extend(
        cx.old
            .graph
            .endpoints
            .iter()
            .filter(|e| fits(&e.path, &change.path) && !change.path.is_empty())
            .map(|e| e.asked_as().to_string())
            .filter(|n| {
                let method = n.split(' ').next().unwrap_or_default();
                change.operation.is_empty() || method == change.operation || n.starts_with('/')
            }),
    );
    names.sort();
    names.dedup();
    for name in &names {
        served(cx, name, &mut effect);
    }
    if effect.direct.is_empty() {
        for node in cx.old.owners(&edited.path) {
            effect.direct.insert(cx.old.name(node).clone(), effect.was.iter().chain(&effect.is).cloned().collect());
        }
        effect.open.push(format!("nobody is seen to serve `{asked}`"));
    }
    effect
}

/// Whether a served path is the contract's, names of parameters aside; servers may mount it below a prefix.
fn fits(served: &str, declared: &str) -> bool {
    let parts = |p: &str| -> Vec<String> {
        let all = p.split('/').filter(|s| !s.is_empty());
        all.map(|s| if s.starts_with(['{', ':']) { "{}".to_owned() } else { s.to_owned() }).collect()
    };
    let (a, b) = (parts(served), parts(declared));
    !b.is_empty() && (a == b || a.ends_with(&b) && a.len() <= b.len() + 2)
}

/// A table or column: services whose statements name it.
fn sql(cx: &Cx<'_>, change: &Change, edited: &Edited) -> Effect {
    let mut effect = started(change);
    let (table, column) = match change.key.rsplit_once('.') {
        Some((table, column))
            if change.rule.id.contains("column")
                || change.rule.id.contains("field")
                || change.rule.id.contains("type") =>
        {
            (table, Some(column))
        }
        _ => (change.key.as_str(), None),
    };
    let table = table.rsplit('.').next().unwrap_or(table);
    kept(cx, table, column, &edited.path, &mut effect);
    if effect.direct.is_empty() {
        effect.open.push(format!("no code is seen to name `{}`", change.key));
    }
    effect
}

/// Services whose own code names a table, or a column of it; the file that declares it aside.
pub(super) fn kept(cx: &Cx<'_>, table: &str, column: Option<&str>, aside: &str, effect: &mut Effect) {
    for node in (0..cx.old.graph.nodes.len()).filter(|n| cx.old.runs(*n)) {
        let mut places = Vec::new();
        for path in cx.old.files(node).filter(|p| !is_test(p) && *p != aside) {
            for fact in cx.old.base.get(path).into_iter().flat_map(|f| &f.facts) {
                let names = match &fact.claim {
                    Claim::Columns(c) => {
                        let same = c.table.eq_ignore_ascii_case(table)
                            || super::fields::plain(&c.table) == super::fields::plain(table);
                        same && column.is_none_or(|n| {
                            c.columns.iter().any(|x| super::fields::plain(x) == super::fields::plain(n))
                        })
                    }
                    Claim::Access(a) if column.is_none() => a
                        .name
                        .as_text()
                        .is_some_and(|t| t.rsplit('.').next().is_some_and(|t| t.eq_ignore_ascii_case(table))),
                    _ => false,
                };
                if names {
                    places.push(Cx::place(path, fact.at.line, "names it"));
                }
            }
        }
        // Statements that a mapper makes: the column as a key between quotes, beside the table.
        if places.is_empty() && keeps(cx, node, table) {
            let word = column.unwrap_or(table);
            let quoted = super::naming::named(cx, node, word, "", &BTreeSet::new()).places;
            places.extend(quoted);
        }
        if !places.is_empty() {
            places.truncate(12);
            effect.direct.insert(cx.old.name(node).clone(), places);
        }
    }
}

/// Whether a node uses this table, or a database of which no table is known.
fn keeps(cx: &Cx<'_>, node: usize, table: &str) -> bool {
    let edges = cx.old.graph.edges.iter().filter(|e| e.from == node && e.kind.traffic() == Traffic::Keep);
    let same = |operation: &str| operation.rsplit('.').next().is_some_and(|t| t.eq_ignore_ascii_case(table));
    let details: Vec<&SmolStr> = edges.flat_map(|e| &e.details).map(|d| &d.operation).collect();
    details.iter().any(|o| same(o)) || (!details.is_empty() && details.iter().all(|o| o.is_empty()))
}

/// What only its owners have, as far as is known.
fn declared(cx: &Cx<'_>, change: &Change, edited: &Edited) -> Effect {
    let mut effect = started(change);
    let places: Vec<Evidence> = effect.was.iter().chain(&effect.is).cloned().collect();
    for node in cx.old.owners(&edited.path) {
        effect.direct.insert(cx.old.name(node).clone(), places.clone());
        let field = change.field.rsplit('/').next().filter(|f| !f.is_empty()).or(change.key.rsplit('.').next());
        if let Some(field) = field {
            super::fields::couple(cx, super::others::neighbours(cx, node), field, "", false, &mut effect);
        }
    }
    effect
}
