//! What a change of one thing would do, before anybody has made it: a route, a setting, a topic, a table or column, a port, a field of
//! a type. Elements of protocol buffers are followed by their types instead (`crate::impact`).
//!
//! Invariant: both sides of [`Cx`] are the present state; the effect is the one that a real change of the thing would have, so that
//! "what if" and "what did I do" agree.

use super::effect::{Cx, Effect, Side, Tie};
use super::fields::{self, plain};
use seam_facts::{Claim, ShapeKind, SmolStr, format_smolstr};
use seam_graph::{Evidence, Traffic, is_test};
use std::collections::{BTreeMap, BTreeSet};

/// A thing that can change and is no element of protocol buffers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// By the index of the endpoint.
    Endpoint(usize),
    Setting(SmolStr),
    Topic(SmolStr),
    Table(SmolStr),
    Column(SmolStr, SmolStr),
    /// By the index of the node that listens.
    Port(usize),
    /// A field of a type, and the file that declares it.
    Field {
        path: SmolStr,
        ty: SmolStr,
        field: SmolStr,
    },
}

impl Thing {
    pub fn word(&self) -> &'static str {
        match self {
            Thing::Endpoint(_) => "endpoint",
            Thing::Setting(_) => "setting",
            Thing::Topic(_) => "topic",
            Thing::Table(_) => "table",
            Thing::Column(..) => "column",
            Thing::Port(_) => "port",
            Thing::Field { .. } => "field",
        }
    }

    /// Its name, as it can be asked for again.
    pub fn name(&self, cx: &Cx<'_>) -> String {
        match self {
            Thing::Endpoint(index) => cx.old.graph.endpoints[*index].key.to_string(),
            Thing::Setting(key) => format!("setting/{key}"),
            Thing::Topic(name) => format!("topic/{name}"),
            Thing::Table(name) => format!("table/{name}"),
            Thing::Column(table, column) => format!("{table}.{column}"),
            Thing::Port(node) => format!("port/{}", cx.old.name(*node)),
            Thing::Field { ty, field, .. } => format!("{ty}.{field}"),
        }
    }
}

/// Everything that a name may mean: a key (`endpoint/…`, `setting/KEY`, `topic/NAME`, `table/NAME`, `port/SERVICE`), a route as a caller
/// writes it, an rpc, a variable, a topic, a table, `table.column`, `Type.field`, `service:port`.
pub fn named(cx: &Cx<'_>, name: &str) -> Vec<Thing> {
    let side = &cx.old;
    let (kind, rest) = match name.split_once('/') {
        Some((kind @ ("setting" | "topic" | "table" | "port"), rest)) => (kind, rest),
        _ => ("", name),
    };
    let any = |wanted: &str| kind.is_empty() || kind == wanted;
    let mut out = BTreeSet::new();
    if kind.is_empty() {
        for (index, endpoint) in side.graph.endpoints.iter().enumerate() {
            let asked = endpoint.asked_as();
            if endpoint.key.as_str() == name || asked == name || (name.starts_with('/') && endpoint.path == name) {
                out.insert(Thing::Endpoint(index));
            }
        }
    }
    if any("setting") {
        let keys = side.graph.settings.iter().map(|s| &s.key).chain(side.graph.reads.iter().map(|r| &r.key));
        out.extend(keys.into_iter().find(|k| *k == rest || plain(k) == plain(rest)).map(|k| Thing::Setting(k.clone())));
    }
    let operations = |traffic: &[Traffic]| -> BTreeSet<SmolStr> {
        let edges = side.graph.edges.iter().filter(|e| traffic.contains(&e.kind.traffic()));
        edges.flat_map(|e| &e.details).map(|d| d.operation.clone()).filter(|o| !o.is_empty()).collect()
    };
    if any("topic") {
        let all = operations(&[Traffic::Publish, Traffic::Consume]);
        out.extend(all.into_iter().filter(|o| o == rest || o.split(' ').any(|part| part == rest)).map(Thing::Topic));
    }
    if any("table") {
        let same = |t: &str| {
            t.eq_ignore_ascii_case(rest) || t.rsplit('.').next().is_some_and(|t| t.eq_ignore_ascii_case(rest))
        };
        let mut tables: BTreeSet<SmolStr> = operations(&[Traffic::Keep]).into_iter().filter(|t| same(t)).collect();
        tables.extend(columns(side).into_keys().filter(|t| same(t)));
        out.extend(tables.into_iter().next().map(Thing::Table));
    }
    if kind.is_empty()
        && let Some((table, column)) = name.rsplit_once('.')
    {
        let table = table.rsplit('.').next().unwrap_or(table);
        let found = columns(side)
            .into_iter()
            .find(|(t, all)| plain(t) == plain(table) && all.iter().any(|c| plain(c) == plain(column)));
        out.extend(found.map(|(t, _)| Thing::Column(t, column.into())));
        out.extend(
            shapes(side)
                .into_iter()
                .filter(|(_, ty, field, _)| *ty == table && field == column)
                .map(|(path, ty, field, _)| Thing::Field { path, ty, field }),
        );
    }
    if any("port") {
        let (host, port) = rest.rsplit_once(':').unwrap_or((rest, ""));
        let node = side.graph.node(host).filter(|_| kind == "port" || !port.is_empty());
        let listens = |node: usize| {
            side.graph
                .ports
                .iter()
                .any(|p| p.node == node && (port.is_empty() || p.number.is_some_and(|n| n.to_string() == port)))
        };
        out.extend(node.filter(|n| listens(*n)).map(Thing::Port));
    }
    // One type in several files of one service is one.
    let mut seen = BTreeSet::new();
    out.into_iter().filter(|t| seen.insert((t.word(), t.name(cx), owner(cx, t)))).collect()
}

fn owner(cx: &Cx<'_>, thing: &Thing) -> Option<usize> {
    match thing {
        Thing::Field { path, .. } => cx.old.owners(path).into_iter().next(),
        Thing::Endpoint(_)
        | Thing::Setting(_)
        | Thing::Topic(_)
        | Thing::Table(_)
        | Thing::Column(..)
        | Thing::Port(_) => None,
    }
}

/// What stands at a line, the most telling first.
pub fn at(cx: &Cx<'_>, path: &str, line: u32) -> Vec<Thing> {
    let side = &cx.old;
    let here =
        |e: &Evidence| e.path == path && (e.at.line == line || e.at.end_line - e.at.line < 4 && e.at.covers(line));
    let mut out = Vec::new();
    let endpoints = side.graph.endpoints.iter().enumerate();
    out.extend(endpoints.filter(|(_, e)| here(e.proof.first())).map(|(i, _)| Thing::Endpoint(i)));
    for edge in &side.graph.edges {
        for detail in edge.details.iter().filter(|d| here(&d.at) && !d.operation.is_empty()) {
            match edge.kind.traffic() {
                Traffic::Call => {
                    let key = detail.endpoint.as_ref().and_then(|k| super::traffic::by_key(cx, k));
                    out.extend(key.map(Thing::Endpoint));
                }
                Traffic::Publish | Traffic::Consume => out.push(Thing::Topic(detail.operation.clone())),
                Traffic::Keep => out.push(Thing::Table(detail.operation.clone())),
            }
        }
    }
    out.extend(
        shapes(side)
            .into_iter()
            .filter(|(p, _, _, l)| p == path && *l == line)
            .map(|(path, ty, field, _)| Thing::Field { path, ty, field }),
    );
    out.extend(side.graph.reads.iter().filter(|r| here(&r.at)).map(|r| Thing::Setting(r.key.clone())));
    out.extend(side.graph.settings.iter().filter(|s| here(&s.at)).map(|s| Thing::Setting(s.key.clone())));
    out.extend(side.graph.ports.iter().filter(|p| here(&p.at)).map(|p| Thing::Port(p.node)));
    let mut seen = BTreeSet::new();
    out.retain(|t| seen.insert(t.clone()));
    out
}

/// Fields of types of code: file, type, field, line.
fn shapes(side: &Side<'_>) -> Vec<(SmolStr, SmolStr, SmolStr, u32)> {
    let mut out = Vec::new();
    for (path, fact) in side.base.facts().filter(|(path, _)| !is_test(path)) {
        if let Claim::Shape(shape) = &fact.claim
            && shape.kind == ShapeKind::Object
        {
            let ty = SmolStr::from(shape.name.rsplit(['.', '#', ':']).next().unwrap_or(&shape.name));
            out.extend(shape.fields.iter().map(|f| (path.clone(), ty.clone(), f.name.clone(), f.line)));
        }
    }
    out
}

fn columns(side: &Side<'_>) -> BTreeMap<SmolStr, BTreeSet<SmolStr>> {
    let mut out: BTreeMap<SmolStr, BTreeSet<SmolStr>> = BTreeMap::new();
    for (_, fact) in side.base.facts() {
        match &fact.claim {
            Claim::Columns(c) if !c.table.is_empty() => {
                out.entry(c.table.clone()).or_default().extend(c.columns.iter().cloned())
            }
            Claim::Alter(a) if !a.table.is_empty() => {
                out.entry(a.table.clone()).or_default().extend(a.column.split(',').map(|c| SmolStr::from(c.trim())));
            }
            _ => {}
        }
    }
    out
}

/// What changing a thing would do; `change` is `rename`, `remove` or `type`.
pub fn suppose(cx: &Cx<'_>, thing: &Thing, change: &str) -> Effect {
    let id = |rename: &'static str, remove: &'static str, ty: &'static str| match change {
        "remove" => remove,
        "type" => ty,
        _ => rename,
    };
    let what = match change {
        "remove" => "is taken away",
        "type" => "is something else",
        _ => "is called otherwise",
    };
    let name = thing.name(cx);
    let started = |id: &'static str| Effect::new(id, format!("`{name}` {what}"), name.clone());
    match thing {
        Thing::Endpoint(index) => {
            let endpoint = &cx.old.graph.endpoints[*index];
            let mut effect = started(id("endpoint-moved", "endpoint-removed", "shape-changed"));
            effect.was = Some(endpoint.proof.first().clone());
            effect.direct.insert(cx.old.name(endpoint.node).clone(), endpoint.proof.iter().take(3).cloned().collect());
            effect.entries.insert(endpoint.key.clone());
            super::traffic::asked(cx, *index, None, &mut effect);
            super::traffic::around(cx, *index, &mut effect);
            effect
        }
        Thing::Setting(key) => {
            let mut effect = started(id("setting-removed", "setting-removed", "setting-changed"));
            let same = |k: &str| plain(k) == plain(key);
            for read in cx.old.graph.reads.iter().filter(|r| same(&r.key)) {
                effect.direct.entry(cx.old.name(read.node).clone()).or_default().push(read.at.clone());
            }
            let readers: BTreeSet<SmolStr> = effect.direct.keys().cloned().collect();
            for set in cx.old.graph.settings.iter().filter(|s| same(&s.key)) {
                let service = cx.old.name(set.node);
                if readers.contains(service) || readers.is_empty() {
                    effect.direct.entry(service.clone()).or_default().push(set.at.clone());
                }
            }
            if readers.is_empty() {
                effect.open.push(format!("no code is seen to read `{key}`"));
            }
            effect
        }
        Thing::Topic(name) => {
            let mut effect = started(id("topic-moved", "topic-removed", "topic-moved"));
            for edge in &cx.old.graph.edges {
                for detail in &edge.details {
                    let service = cx.old.name(edge.from).clone();
                    match edge.kind.traffic() {
                        Traffic::Publish if meets(&detail.operation, name) => {
                            effect.direct.entry(service).or_default().push(detail.at.clone());
                        }
                        Traffic::Consume if meets(&detail.operation, name) => effect.tie(Tie {
                            why: format!("reads `{}`", detail.operation),
                            through: vec![edge.key.clone()],
                            places: vec![detail.at.clone()],
                            certainty: detail.certainty,
                            moved: false,
                            service,
                        }),
                        Traffic::Call | Traffic::Publish | Traffic::Consume | Traffic::Keep => {}
                    }
                }
            }
            effect
        }
        Thing::Table(_) | Thing::Column(..) => {
            let mut effect = started(id("table-changed", "table-removed", "table-changed"));
            let (table, column) = match thing {
                Thing::Column(table, column) => (table.as_str(), Some(column.as_str())),
                _ => (name.trim_start_matches("table/"), None),
            };
            super::contracts::kept(cx, table, column, "", &mut effect);
            effect
        }
        Thing::Port(node) => {
            let mut effect = started("port-moved");
            let ports: Vec<Evidence> =
                cx.old.graph.ports.iter().filter(|p| p.node == *node).map(|p| p.at.clone()).collect();
            effect.was = ports.first().cloned();
            effect.direct.insert(cx.old.name(*node).clone(), ports);
            super::nodes::callers(cx, cx.old.name(*node), "calls it at its address", &mut effect);
            effect
        }
        Thing::Field { path, ty, field } => {
            let mut effect = started(id("field-renamed", "field-removed", "field-type"));
            effect.key = format!("field/{ty}.{field}");
            let line = shapes(&cx.old)
                .into_iter()
                .find(|(p, t, f, _)| p == path && t == ty && f == field)
                .map_or(1, |(.., l)| l);
            effect.was = Some(Cx::place(path, line, "the field"));
            fields::of_type(cx, path, ty, field, &mut effect);
            effect
        }
    }
}

/// Whether two names of a queue or topic meet: one may have its exchange before it, and its queue before that.
fn meets(one: &str, other: &str) -> bool {
    super::messages::meets(one, other)
        || super::messages::meets(other, one)
        || format_smolstr!(" {one} ").contains(&*format_smolstr!(" {other} "))
}
