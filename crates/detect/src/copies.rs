//! Copies of documents that more than one service has: OpenAPI, AsyncAPI, GraphQL, JSON Schema, Avro. What they say differently
//! is told by the rule about copies of contracts; protobuf, whose fields are numbers, is its own matter.
//!
//! Invariant: two files are copies only where they are called alike (by file or by title) and share half of what the smaller one
//! declares; a copy that holds less than the service's own is one of a caller that needs no more.

use crate::Cx;
use crate::paths::{fits, parts, tail};
use seam_facts::{Claim, Fact, Protocol, Schema, Shape, ShapeField, ShapeKind, SmolStr, Span};
use seam_graph::{Evidence, is_test};
use std::collections::{BTreeMap, BTreeSet};

/// One document of one service, or of all.
pub(crate) struct Copy<'a> {
    pub path: &'a SmolStr,
    pub owners: Vec<usize>,
    /// An owner answers most of it.
    pub serves: bool,
    names: BTreeSet<String>,
    operations: BTreeMap<SmolStr, (&'a SmolStr, &'a Fact, u32)>,
    shapes: BTreeMap<&'a str, (&'a Shape, &'a Fact)>,
}

/// One thing that two copies say differently.
pub(crate) struct Difference {
    /// A clause with both sides, of which `here` and `there` are named by the rule.
    pub says: String,
    pub here: Evidence,
    pub there: Evidence,
    /// What one side sends or asks for, the other refuses or misreads.
    pub breaks: bool,
}

/// A copy with the one that it is held against.
pub(crate) struct Drift<'a> {
    pub copy: Copy<'a>,
    pub model: (&'a SmolStr, Vec<usize>, bool),
    pub differences: Vec<Difference>,
}

pub(crate) fn drifts<'a>(cx: &Cx<'a>) -> Vec<Drift<'a>> {
    let mut all: BTreeMap<&'static str, Vec<Copy<'a>>> = BTreeMap::new();
    for (path, file) in cx.base.files() {
        if let Some(format) = format(path)
            && !is_test(path)
            && !is_made(path)
            && let Some(copy) = copy(cx, path, &file.facts)
        {
            all.entry(format).or_default().push(copy);
        }
    }
    let mut out = Vec::new();
    for copies in all.into_values() {
        let mut left = copies;
        while !left.is_empty() {
            let first = left.remove(0);
            let (mut family, others): (Vec<Copy<'a>>, Vec<Copy<'a>>) = left.into_iter().partition(|c| akin(&first, c));
            left = others;
            family.insert(0, first);
            if family.len() > 1 {
                drifted(cx, family, &mut out);
            }
        }
    }
    out
}

/// Compares each copy with the one of the service that answers, or else with the one that most others are like.
fn drifted<'a>(cx: &Cx<'a>, family: Vec<Copy<'a>>, out: &mut Vec<Drift<'a>>) {
    let alike = |c: &Copy<'_>| family.iter().filter(|o| differences(cx, o, c).is_empty()).count();
    let model = (0..family.len())
        .max_by_key(|i| (family[*i].serves, alike(&family[*i]), std::cmp::Reverse(family[*i].path)))
        .unwrap_or_default();
    let found: Vec<Vec<Difference>> = family.iter().map(|c| differences(cx, c, &family[model])).collect();
    let (path, owners, serves) = (family[model].path, family[model].owners.clone(), family[model].serves);
    for (copy, differences) in family.into_iter().zip(found) {
        let of_all = |owners: &[usize], path: &str| owners.is_empty() && is_shared(path);
        let held = |owners: &[usize], path: &str| !owners.is_empty() || is_shared(path);
        let apart = held(&copy.owners, copy.path)
            && held(&owners, path)
            && !(of_all(&copy.owners, copy.path) && of_all(&owners, path))
            && !copy.owners.iter().any(|o| owners.contains(o));
        if copy.path != path && apart && !differences.is_empty() {
            out.push(Drift { copy, model: (path, owners.clone(), serves), differences });
        }
    }
}

fn format(path: &str) -> Option<&'static str> {
    match path.rsplit('.').next().unwrap_or_default() {
        "yaml" | "yml" | "json" => Some("document"),
        "graphql" | "graphqls" | "gql" => Some("graphql"),
        "avsc" => Some("avro"),
        _ => None,
    }
}

/// Whether a file that no service has is one for all of them, as its folder says.
fn is_shared(path: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "api",
        "apis",
        "contracts",
        "contract",
        "schemas",
        "schema",
        "specs",
        "spec",
        "docs",
        "openapi",
        "asyncapi",
        "shared",
        "common",
        "avro",
        "events",
    ];
    path.split('/').take(2).any(|part| FOLDERS.contains(&part.to_ascii_lowercase().as_str()))
}

/// Whether a tool made the file from another: it is no copy that somebody keeps.
fn is_made(path: &str) -> bool {
    let made = ["generated", "gen", "build", "dist", "target", "out", ".openapi-generator", "__generated__"];
    path.split('/').any(|part| made.contains(&part)) || path.contains("swagger-ui")
}

fn copy<'a>(cx: &Cx<'a>, path: &'a SmolStr, facts: &'a [Fact]) -> Option<Copy<'a>> {
    let owners = cx.owners(path).to_vec();
    let file = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let mut copy = Copy {
        path,
        owners,
        serves: false,
        names: BTreeSet::from([file]),
        operations: BTreeMap::new(),
        shapes: BTreeMap::new(),
    };
    for fact in facts {
        match &fact.claim {
            Claim::Schema(schema) if schema.protocol != Protocol::Grpc && schema.protocol != Protocol::Thrift => {
                if schema.protocol != Protocol::Graphql {
                    copy.names.insert(format!("title {}", schema.name.to_ascii_lowercase()));
                }
                for (index, (name, _, _)) in schema.operations.iter().enumerate() {
                    let line = schema.line(index).unwrap_or(fact.at.line);
                    copy.operations.insert(shown(schema, name), (name, fact, line));
                }
                copy.serves |= copy.owners.iter().any(|o| serves(cx, *o, schema));
            }
            Claim::Shape(shape) if matches!(shape.kind, ShapeKind::Message | ShapeKind::Enum) => {
                copy.names.insert(format!("shape {}", shape.name));
                copy.shapes.insert(&shape.name, (shape, fact));
            }
            _ => {}
        }
    }
    (!copy.operations.is_empty() || !copy.shapes.is_empty()).then_some(copy)
}

fn shown(schema: &Schema, name: &SmolStr) -> SmolStr {
    if schema.protocol == Protocol::Graphql {
        seam_facts::format_smolstr!("{}.{name}", schema.name)
    } else {
        name.clone()
    }
}

/// Whether a service answers at least half of a document.
fn serves(cx: &Cx<'_>, node: usize, schema: &Schema) -> bool {
    let own: Vec<(&str, Vec<&str>)> = cx
        .graph
        .endpoints
        .iter()
        .filter(|e| e.node == node && e.protocol == schema.protocol && e.is_written())
        .map(|e| (e.method.as_deref().unwrap_or_default(), parts(&e.path)))
        .collect();
    if schema.protocol == Protocol::Graphql {
        return !own.is_empty();
    }
    let answered = |name: &str| {
        let (method, path) = name.split_once(' ').unwrap_or(("", name));
        let path = parts(path);
        own.iter().any(|(m, p)| (m.is_empty() || *m == method) && (fits(p, &path) || tail(p, &path) || tail(&path, p)))
    };
    let count = schema.operations.iter().filter(|o| answered(&o.0)).count();
    count > 0 && count * 2 >= schema.operations.len()
}

/// Whether two files are of one contract.
fn akin(a: &Copy<'_>, b: &Copy<'_>) -> bool {
    let called = |c: &Copy<'_>| c.names.iter().filter(|n| !n.starts_with("shape ")).cloned().collect::<BTreeSet<_>>();
    // A record is called by its full name, whatever its file is called.
    let records = a.operations.is_empty() && b.operations.is_empty();
    if !records && called(a).is_disjoint(&called(b)) {
        return false;
    }
    let all = |c: &Copy<'_>| {
        let shapes = c.shapes.keys().map(|s| (*s).to_owned());
        c.operations.keys().map(|o| squeezed(o)).chain(shapes.filter(|_| records)).collect::<BTreeSet<String>>()
    };
    let (one, other) = (all(a), all(b));
    let common = one.intersection(&other).count();
    let full = |c: &Copy<'_>| c.shapes.keys().all(|n| n.contains('.'));
    let enough = if records { full(a) && full(b) || !called(a).is_disjoint(&called(b)) } else { common > 1 };
    common > 0 && enough && common * 2 >= one.len().min(other.len())
}

/// An operation whatever its parameters are called.
fn squeezed(operation: &str) -> String {
    let mut out = String::new();
    let mut within = false;
    for c in operation.chars() {
        within = c == '{' || within && c != '}';
        if !within {
            out.push(c);
        }
    }
    out
}

/// What two copies say differently, as far as it matters to whoever reads one and talks to the other.
fn differences(cx: &Cx<'_>, here: &Copy<'_>, there: &Copy<'_>) -> Vec<Difference> {
    let mut out = Vec::new();
    if std::ptr::eq(here, there) {
        return out;
    }
    operations(cx, here, there, &mut out);
    for (name, (a, fact)) in &here.shapes {
        let Some((b, other)) = there.shapes.get(name) else { continue };
        let sides = ((here, *a, *fact), (there, *b, *other));
        values(cx, sides, &mut out);
        fields(cx, sides, &mut out);
    }
    out.sort_by_key(|d| !d.breaks);
    out
}

fn operations(cx: &Cx<'_>, here: &Copy<'_>, there: &Copy<'_>, out: &mut Vec<Difference>) {
    let keys = |c: &Copy<'_>| c.operations.keys().map(|o| squeezed(o)).collect::<BTreeSet<String>>();
    let (mine, its) = (keys(here), keys(there));
    let only = |c: &Copy<'_>, others: &BTreeSet<String>| -> Vec<SmolStr> {
        c.operations.keys().filter(|o| !others.contains(&squeezed(o))).cloned().collect()
    };
    let (only_here, only_there) = (only(here, &its), only(there, &mine));
    let both = !only_here.is_empty() && !only_there.is_empty();
    let place = |c: &Copy<'_>, operation: Option<&str>, says: String| {
        let found = operation.and_then(|o| c.operations.get(o)).map(|(_, fact, line)| (*fact, *line));
        let first = || c.operations.values().next().map(|(_, fact, _)| (*fact, fact.at.line));
        found.or_else(first).map(|(fact, line)| Evidence { at: Span::at(line, 1), ..cx.evidence(c.path, fact, says) })
    };
    let mut add = |operation: &SmolStr, of_here: bool, breaks: bool| {
        let (has, lacks) = (format!("declares `{operation}`"), format!("declares no `{operation}`"));
        let sides = if of_here {
            (place(here, Some(operation), has), place(there, None, lacks))
        } else {
            (place(here, None, lacks), place(there, Some(operation), has))
        };
        if let (Some(here), Some(there)) = sides {
            let who = if of_here { "first" } else { "second" };
            out.push(Difference { says: format!("only the {who} has `{operation}`"), here, there, breaks });
        }
    };
    only_here.iter().filter(|_| there.serves || both).for_each(|o| add(o, true, true));
    only_there.iter().filter(|_| both && !there.serves).for_each(|o| add(o, false, true));
}

type Side<'s, 'a> = (&'s Copy<'a>, &'a Shape, &'a Fact);

fn at(cx: &Cx<'_>, side: Side<'_, '_>, line: Option<u32>, says: String) -> Evidence {
    let mut evidence = cx.evidence(side.0.path, side.2, says);
    if let Some(line) = line {
        evidence.at = Span::at(line, 1);
    }
    evidence
}

/// Values of an enumeration.
fn values(cx: &Cx<'_>, (here, there): (Side<'_, '_>, Side<'_, '_>), out: &mut Vec<Difference>) {
    let name = &here.1.name;
    if here.1.values.is_empty() || there.1.values.is_empty() {
        return;
    }
    for (own, other, who) in [(here, there, "first"), (there, here, "second")] {
        for value in own.1.values.iter().filter(|v| !other.1.values.contains(v)) {
            let says = format!("only the {who} has the value `{value}` of `{name}`");
            let line = |side: Side<'_, '_>| at(cx, side, None, format!("the values of `{name}`"));
            out.push(Difference { says, here: line(here), there: line(there), breaks: true });
        }
    }
}

fn fields(cx: &Cx<'_>, (here, there): (Side<'_, '_>, Side<'_, '_>), out: &mut Vec<Difference>) {
    let name = here.1.name.rsplit('.').next().unwrap_or(&here.1.name);
    let named = |s: &Shape, f: &ShapeField| s.fields.iter().find(|o| o.name == f.name).cloned();
    let mut add = |a: Option<&ShapeField>, b: Option<&ShapeField>, says: String, breaks: bool| {
        let side = |side, field: Option<&ShapeField>| match field {
            Some(f) => at(cx, side, Some(f.line), format!("`{name}` has {}", written(f))),
            None => at(cx, side, None, format!("`{name}` has no such field")),
        };
        out.push(Difference { says, here: side(here, a), there: side(there, b), breaks });
    };
    for field in &here.1.fields {
        let Some(other) = named(there.1, field) else {
            let says = format!("only the first has `{name}.{}`", field.name);
            add(Some(field), None, says, true);
            continue;
        };
        if !same(&field.ty, &other.ty) {
            let says = format!("`{name}.{}` is `{}` against `{}`", field.name, field.ty, other.ty);
            add(Some(field), Some(&other), says, true);
        } else if field.required != other.required {
            let (who, breaks) = if other.required == Some(true) { ("second", true) } else { ("first", false) };
            let says = format!("`{name}.{}` must be there for the {who} only", field.name);
            add(Some(field), Some(&other), says, breaks);
        }
    }
    for field in there.1.fields.iter().filter(|f| named(here.1, f).is_none()) {
        let says = format!("only the second has `{name}.{}`", field.name);
        add(None, Some(field), says, field.required == Some(true));
    }
}

/// Types that are the same but for what one of them leaves unsaid.
fn same(a: &str, b: &str) -> bool {
    let plain = |t: &str| t.split('(').next().unwrap_or(t).trim().to_ascii_lowercase();
    a == b || a.is_empty() || b.is_empty() || (!a.contains('(') || !b.contains('(')) && plain(a) == plain(b)
}

fn written(field: &ShapeField) -> String {
    let must = if field.required == Some(true) { ", which must be there" } else { "" };
    format!("`{}`{must}", format!("{}: {}", field.name, field.ty).trim_end_matches(": "))
}
