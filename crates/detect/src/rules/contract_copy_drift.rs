//! Copies of one contract that no longer say the same. See `contract_copy_drift.md`.

use crate::copies::{self, Drift};
use crate::declared::{self, Listed};
use crate::documents::last;
use crate::payloads::squashed;
use crate::talks::talks;
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, Fact, Protocol, Schema, Shape, ShapeField, SmolStr, Span};
use seam_graph::{Evidence, NodeKind, is_test};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub static RULE: Rule = Rule {
    id: "contract-copy-drift",
    group: Group::Contract,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: false,
    page: include_str!("contract_copy_drift.md"),
    find,
};

/// One file of a contract: its messages and services by full name.
struct Copy<'a> {
    path: &'a SmolStr,
    owners: &'a [usize],
    shapes: BTreeMap<&'a str, (&'a Shape, &'a Fact)>,
    services: BTreeMap<&'a str, (&'a Schema, &'a Fact)>,
    /// Services, by the last part of their names, that its owners answer.
    served: BTreeSet<&'a str>,
}

/// One thing that two copies say differently.
struct Difference {
    /// A clause with both sides.
    says: String,
    here: Evidence,
    there: Evidence,
    /// Bytes of one side are misread by the other.
    misread: bool,
}

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut served: HashMap<usize, BTreeSet<&str>> = HashMap::new();
    for endpoint in cx.graph.endpoints.iter().filter(|e| e.protocol == Protocol::Grpc) {
        let service = endpoint.path.rsplit_once('/').map(|(service, _)| last(service));
        served.entry(endpoint.node).or_default().extend(service);
    }
    let mut by_name: BTreeMap<String, Vec<Copy<'_>>> = BTreeMap::new();
    for (path, file) in cx.base.files().filter(|(path, _)| path.ends_with(".proto") && !is_test(path)) {
        let owners = cx.owners(path);
        let served = owners.iter().filter_map(|o| served.get(o)).flatten().copied().collect();
        let mut copy = Copy { path, owners, shapes: BTreeMap::new(), services: BTreeMap::new(), served };
        for fact in &file.facts {
            match &fact.claim {
                Claim::Shape(s) => drop(copy.shapes.insert(&s.name, (s, fact))),
                Claim::Schema(s) if s.protocol == Protocol::Grpc => drop(copy.services.insert(&s.name, (s, fact))),
                _ => {}
            }
        }
        if copy.shapes.is_empty() && copy.services.is_empty() {
            continue;
        }
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        by_name.entry(name).or_default().push(copy);
    }
    for (name, copies) in by_name.iter().filter(|(_, copies)| copies.len() > 1) {
        drifted(cx, name, copies, out);
    }
    out.extend(copies::drifts(cx).iter().map(|drift| documents(cx, drift)));
    enumerations(cx, out);
    misspelt(cx, out);
    crate::patterns::patterns(cx, out);
}

/// Enumerations of code that services which talk have each for itself.
fn enumerations(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut told: BTreeSet<(&SmolStr, &SmolStr, &SmolStr)> = BTreeSet::new();
    for ((a, b), _) in talks(cx) {
        let (mine, its) = (declared::enumerations(cx, a), declared::enumerations(cx, b));
        for here in &mine {
            let simple = |s: &Shape| s.name.rsplit('.').next().unwrap_or_default().to_owned();
            let same: Vec<_> = its.iter().filter(|t| simple(t.2) == simple(here.2) && t.0 != here.0).collect();
            // Of several, one with the same values is the one.
            if same.iter().any(|t| t.2.values == here.2.values) {
                continue;
            }
            for there in same {
                let Some((x, y)) = other_value(here.2, there.2) else { continue };
                if !told.insert((here.0, there.0, &here.2.values[x])) {
                    continue;
                }
                let at = |of: &Listed<'_>, index: usize, node: usize| {
                    let line = of.2.fields.get(index).map_or(of.1.at.line, |f| f.line);
                    let says = format!("`{}` has `{}`", cx.name(node), of.2.values[index]);
                    Evidence { at: Span::at(line, 1), ..cx.evidence(of.0, of.1, says) }
                };
                let (one, other) = (at(here, x, a), at(there, y, b));
                let (name, x, y) = (simple(here.2), &here.2.values[x], &there.2.values[y]);
                let (a_name, b_name) = (cx.name(a), cx.name(b));
                let message =
                    format!("copies of `{name}` differ: `{a_name}` has `{x}`, and `{b_name}` has `{y}` in its place");
                let draft = Draft::new(format!("{} {} {name} {x}", here.0, there.0), &one, message)
                    .why(format!(
                        "All other {} values are the same, in the same order, and the two exchange data: a value that one side sends \
                         and the other does not know is refused, or falls through every comparison.",
                        here.2.values.len() - 1
                    ))
                    .help("give the value one name in both copies, or take both from one place")
                    .about([cx.node(a).key.clone(), cx.node(b).key.clone()])
                    .certainty(seam_graph::Certainty::Inferred)
                    .link(&one, one.says.to_string())
                    .link(&other, other.says.to_string());
                out.push(draft);
            }
        }
    }
}

/// Enumerations of any two services, whatever they are called, whose values are the same but for one that both spell nearly alike:
/// nobody makes up such a pair.
fn misspelt(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let nodes = (0..cx.graph.nodes.len()).filter(|n| cx.node(*n).kind == NodeKind::Service);
    let all: BTreeMap<usize, Vec<Listed<'_>>> = nodes.map(|n| (n, declared::enumerations(cx, n))).collect();
    // By what is left without one value: two that part in one only meet here, and of those that are alike one speaks for all.
    let mut meeting: BTreeMap<Vec<String>, BTreeMap<String, (usize, Listed<'_>)>> = BTreeMap::new();
    for (node, of) in all.iter().flat_map(|(n, listed)| listed.iter().map(move |l| (*n, *l))) {
        let mut values: Vec<String> = of.2.values.iter().map(|v| squashed(v)).collect();
        values.sort();
        for at in (0..values.len()).filter(|_| (3..=MOST_VALUES).contains(&values.len())) {
            let mut rest = values.clone();
            let value = rest.remove(at);
            meeting.entry(rest).or_default().entry(value).or_insert((node, of));
        }
    }
    let mut told: BTreeSet<(&SmolStr, &SmolStr)> = BTreeSet::new();
    for meeting in meeting.values().filter(|m| m.len() > 1) {
        let meeting: Vec<&(usize, Listed<'_>)> = meeting.values().collect();
        for (index, (a, here)) in meeting.iter().enumerate() {
            for (b, there) in &meeting[index + 1..] {
                if a == b || here.0 == there.0 {
                    continue;
                }
                let (mine, its) = (&all[a], &all[b]);
                let Some((x, y)) = nearly(here.2, there.2) else { continue };
                // Either side may have the other's as well.
                let has = |all: &[Listed<'_>], of: &Shape| {
                    all.iter().any(|l| of.values.iter().all(|v| l.2.values.contains(v)))
                };
                let known = out.iter().any(|d| d.at.path == *here.0 || d.at.path == *there.0);
                if has(its, here.2) || has(mine, there.2) || known || !told.insert((here.0, there.0)) {
                    continue;
                }
                let at = |of: &Listed<'_>, index: usize, node: usize| {
                    let line = of.2.fields.get(index).map_or(of.1.at.line, |f| f.line);
                    let says = format!("`{}` has `{}`", cx.name(node), of.2.values[index]);
                    Evidence { at: Span::at(line, 1), ..cx.evidence(of.0, of.1, says) }
                };
                let (one, other) = (at(here, x, *a), at(there, y, *b));
                let (a_name, b_name) = (cx.name(*a), cx.name(*b));
                let (x, y) = (&here.2.values[x], &there.2.values[y]);
                out.push(
                    Draft::new(
                        format!("{} {} {x}", here.0, there.0),
                        &one,
                        format!("`{a_name}` has the value `{x}`, and `{b_name}` has `{y}` in its place"),
                    )
                    .why(format!(
                        "`{}` and `{}` have all other values in common: the two are one list, and what one side sends so the other does not \
                         know.",
                        here.2.name, there.2.name
                    ))
                    .help("spell the value alike on both sides")
                    .about([cx.node(*a).key.clone(), cx.node(*b).key.clone()])
                    .certainty(seam_graph::Certainty::Inferred)
                    .link(&one, one.says.to_string())
                    .link(&other, other.says.to_string()),
                );
            }
        }
    }
}

/// A list that is longer is no state or kind of anything.
const MOST_VALUES: usize = 64;

/// The one value on either side that the other does not have, where the two are a letter or two apart and the others many enough.
fn nearly(here: &Shape, there: &Shape) -> Option<(usize, usize)> {
    let only = |a: &Shape, b: &Shape| {
        let mut own = (0..a.values.len()).filter(|i| !b.values.iter().any(|v| squashed(v) == squashed(&a.values[*i])));
        own.next().filter(|_| own.next().is_none())
    };
    if here.values.len() != there.values.len() {
        return None;
    }
    let (x, y) = (only(here, there)?, only(there, here)?);
    let (one, other) = (&here.values[x], &there.values[y]);
    let plain = |s: &str| s.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let close = crate::keys::distance(one, other) <= 2 && one.len().min(other.len()) > 5;
    (close && plain(one) != plain(other)).then_some((x, y))
}

/// The one place at which two lists of values part.
fn other_value(here: &Shape, there: &Shape) -> Option<(usize, usize)> {
    let (a, b) = (&here.values, &there.values);
    let same = |x: &SmolStr, y: &SmolStr| squashed(x) == squashed(y);
    let mut parts = (0..a.len()).filter(|i| a.len() == b.len() && !same(&a[*i], &b[*i]));
    let at = parts.next().filter(|_| parts.next().is_none() && a.len() > 2)?;
    // Moved, not renamed.
    (!a.iter().any(|v| same(v, &b[at])) && !b.iter().any(|v| same(v, &a[at]))).then_some((at, at))
}

/// Documents that are no protobuf.
fn documents(cx: &Cx<'_>, drift: &Drift<'_>) -> Draft {
    let (model, owners, serves) = (drift.model.0, &drift.model.1, drift.model.2);
    let whose = |owners: &[usize], path: &SmolStr| match owners.first() {
        Some(owner) => format!("`{}`", cx.name(*owner)),
        None => format!("`{path}`"),
    };
    let (mine, its) = (whose(&drift.copy.owners, drift.copy.path), whose(owners, model));
    let name = model.rsplit('/').next().unwrap_or(model);
    let more = match drift.differences.len() {
        1 => String::new(),
        n => format!(", and {} more", n - 1),
    };
    let first = &drift.differences[0];
    let says = ["only the first", "the first only"]
        .iter()
        .fold(first.says.clone(), |s, w| s.replace(w, &w.replace("the first", &mine)));
    let says =
        ["only the second", "the second only"].iter().fold(says, |s, w| s.replace(w, &w.replace("the second", &its)));
    let breaks = drift.differences.iter().any(|d| d.breaks);
    let why = match (breaks, serves) {
        (true, true) => format!(
            "{its} answers by its own copy: what {mine} sends or expects by the other is refused, left out, or read as something else."
        ),
        (true, false) => "What one side writes by its copy, the other refuses, drops or reads as something else.".to_owned(),
        (false, _) => "What one copy has more may be left out, so that nothing breaks yet; whoever has the older one does not know of it.".to_owned(),
    };
    let mut draft = Draft::new(
        format!("{} {model}", drift.copy.path),
        &first.here,
        format!("copies of `{name}` differ between {mine} and {its}: {says}{more}"),
    )
    .why(why)
    .help(format!("make {} and {model} the same file, taken from one place by both builds", drift.copy.path))
    .about(drift.copy.owners.iter().chain(owners).map(|o| cx.node(*o).key.clone()));
    if !breaks {
        draft = draft.severity(Severity::Note);
    }
    for difference in drift.differences.iter().take(12) {
        draft = draft
            .link(&difference.here, difference.here.says.to_string())
            .link(&difference.there, difference.there.says.to_string());
    }
    draft
}

/// Compares each copy with the one that most others are like.
fn drifted(cx: &Cx<'_>, name: &str, copies: &[Copy<'_>], out: &mut Vec<Draft>) {
    let mut left: Vec<&Copy<'_>> = copies.iter().collect();
    while let Some(first) = left.first().copied() {
        // Files of other contracts may have the same name.
        let (family, others): (Vec<&Copy<'_>>, Vec<&Copy<'_>>) =
            left.into_iter().partition(|c| std::ptr::eq(*c, first) || akin(first, c));
        left = others;
        let alike = |c: &Copy<'_>| family.iter().filter(|o| differences(cx, c, o).is_empty()).count();
        let Some(model) = family.iter().copied().max_by_key(|c| (alike(c), std::cmp::Reverse(c.path))) else {
            continue;
        };
        for copy in family.iter().filter(|c| c.path != model.path && apart(c, model)) {
            let found = differences(cx, copy, model);
            if !found.is_empty() {
                out.push(draft(cx, name, copy, model, &found));
            }
        }
    }
}

/// Whether two files are of one contract: at least half of what the smaller one declares has the same full name.
fn akin(a: &Copy<'_>, b: &Copy<'_>) -> bool {
    let (a, b) = (names_of(a), names_of(b));
    let common = a.intersection(&b).count();
    common > 0 && common * 2 >= a.len().min(b.len())
}

fn names_of<'a>(copy: &Copy<'a>) -> BTreeSet<&'a str> {
    copy.shapes.keys().chain(copy.services.keys()).copied().collect()
}

/// Whether two files belong to different services, or one of them to all.
fn apart(a: &Copy<'_>, b: &Copy<'_>) -> bool {
    let of_all = a.owners.is_empty() && b.owners.is_empty();
    !of_all && !a.owners.iter().any(|o| b.owners.contains(o))
}

fn draft(cx: &Cx<'_>, name: &str, copy: &Copy<'_>, model: &Copy<'_>, found: &[Difference]) -> Draft {
    let whose = |c: &Copy<'_>| match c.owners.first() {
        Some(owner) => format!("`{}`", cx.name(*owner)),
        None => format!("`{}`", c.path),
    };
    let more = match found.len() {
        1 => String::new(),
        n => format!(", and {} more", n - 1),
    };
    let first = found.iter().find(|d| d.misread).unwrap_or(&found[0]);
    let (mine, its) = (whose(copy), whose(model));
    let says = first
        .says
        .replace("only the first", &format!("only {mine}"))
        .replace("only the second", &format!("only {its}"));
    let message = format!("copies of `{name}` differ between {mine} and {its}: {says}{more}");
    let misread = found.iter().any(|d| d.misread);
    let why = if misread {
        "A field is its number and type on the wire: what one side writes, the other reads as something else, or not at all, \
         without an error."
    } else {
        "What one side sends and the other does not know is dropped without an error, or refused as unimplemented."
    };
    let mut draft = Draft::new(format!("{} {}", copy.path, model.path), &first.here, message)
        .why(why)
        .help(format!("make {} and {} the same file, taken from one place by both builds", copy.path, model.path))
        .about(copy.owners.iter().chain(model.owners).map(|o| cx.node(*o).key.clone()));
    if misread {
        draft = draft.severity(Severity::Error);
    }
    for difference in found.iter().take(12) {
        draft = draft
            .link(&difference.here, difference.here.says.to_string())
            .link(&difference.there, difference.there.says.to_string());
    }
    draft
}

fn differences(cx: &Cx<'_>, here: &Copy<'_>, there: &Copy<'_>) -> Vec<Difference> {
    let mut out = Vec::new();
    for (name, (a, fact)) in &here.shapes {
        let Some((b, other)) = there.shapes.get(name) else { continue };
        fields(cx, (here, a, fact), (there, b, other), &mut out);
    }
    for (name, (a, fact)) in &here.services {
        let Some((b, other)) = there.services.get(name) else { continue };
        methods(cx, (here, a, fact), (there, b, other), &mut out);
    }
    out
}

type Side<'s, 'a, T> = (&'s Copy<'a>, &'s T, &'s Fact);

fn fields(cx: &Cx<'_>, here: Side<'_, '_, Shape>, there: Side<'_, '_, Shape>, out: &mut Vec<Difference>) {
    let at = |side: Side<'_, '_, Shape>, field: Option<&ShapeField>| {
        let name = last(&side.1.name);
        let says =
            field.map_or(format!("`{name}` has no such field here"), |f| format!("`{name}` has {} here", shown(f)));
        let mut evidence = cx.evidence(side.0.path, side.2, says);
        if let Some(field) = field {
            evidence.at = Span::at(field.line, 1);
        }
        evidence
    };
    let mut add = |a: Option<&ShapeField>, b: Option<&ShapeField>, says: String, misread: bool| {
        out.push(Difference { says, here: at(here, a), there: at(there, b), misread });
    };
    let message = last(&here.1.name);
    let numbered = |s: &Shape, f: &ShapeField| s.fields.iter().find(|o| o.number == f.number).cloned();
    let named = |s: &Shape, f: &ShapeField| s.fields.iter().find(|o| o.name == f.name).cloned();
    for field in &here.1.fields {
        match (named(there.1, field), numbered(there.1, field)) {
            (Some(b), _) if b.number != field.number => {
                let number = |f: &ShapeField| f.number.unwrap_or_default();
                let says = format!("`{message}.{}` is number {} against {}", field.name, number(field), number(&b));
                add(Some(field), Some(&b), says, true);
            }
            (Some(b), _) if kind(&b.ty) != kind(&field.ty) => {
                let says = format!("`{message}.{}` is `{}` against `{}`", field.name, field.ty, b.ty);
                add(Some(field), Some(&b), says, true);
            }
            (Some(_), _) => {}
            (None, Some(b)) if named(here.1, &b).is_none() => {
                let says = format!(
                    "number {} of `{message}` is {} against {}",
                    b.number.unwrap_or_default(),
                    shown(field),
                    shown(&b)
                );
                // The same type under another name still travels; JSON and code do not.
                add(Some(field), Some(&b), says, kind(&b.ty) != kind(&field.ty));
            }
            (None, _) => {
                add(Some(field), None, format!("only the first has `{message}.{}`", field.name), false);
            }
        }
    }
    for field in &there.1.fields {
        let renamed = numbered(here.1, field).is_some_and(|f| named(there.1, &f).is_none());
        if named(here.1, field).is_none() && !renamed {
            add(None, Some(field), format!("only the second has `{message}.{}`", field.name), false);
        }
    }
}

/// Methods of a service, where both copies have one that the other lacks, or the side that serves it lacks one: a caller's
/// copy often holds only what it calls.
fn methods(cx: &Cx<'_>, here: Side<'_, '_, Schema>, there: Side<'_, '_, Schema>, out: &mut Vec<Difference>) {
    let service = last(&here.1.name);
    let names = |s: &Schema| s.operations.iter().map(|o| o.0.clone()).collect::<BTreeSet<SmolStr>>();
    let (a, b) = (names(here.1), names(there.1));
    let only_here: Vec<&SmolStr> = a.difference(&b).collect();
    let only_there: Vec<&SmolStr> = b.difference(&a).collect();
    let serves = |copy: &Copy<'_>| copy.served.contains(service);
    // The method's own line; the service's where it has none.
    let at = |side: Side<'_, '_, Schema>, method: &str, says: String| {
        let mut evidence = cx.evidence(side.0.path, side.2, says);
        let index = side.1.operations.iter().position(|o| o.0 == method);
        if let Some(line) = index.and_then(|i| side.1.line(i)) {
            evidence.at = Span::at(line, 1);
        }
        evidence
    };
    let mut add = |method: &str, says: String, has: &str, lacks: &str| {
        let here = at(here, method, format!("`{service}` {has}"));
        let there = at(there, method, format!("`{service}` {lacks}"));
        out.push(Difference { says, here, there, misread: false });
    };
    let both = !only_here.is_empty() && !only_there.is_empty();
    for method in only_here.iter().filter(|_| both || serves(there.0)) {
        let says = format!("only the first has the method `{service}/{method}`");
        add(method, says, &format!("has `{method}` here"), &format!("has no `{method}` here"));
    }
    for method in only_there.iter().filter(|_| both || serves(here.0)) {
        let says = format!("only the second has the method `{service}/{method}`");
        add(method, says, &format!("has no `{method}` here"), &format!("has `{method}` here"));
    }
    for (name, request, response) in &here.1.operations {
        let Some((_, other_request, other_response)) = there.1.operations.iter().find(|o| o.0 == *name) else {
            continue;
        };
        let stream = |t: &str| t.starts_with("stream ");
        for (x, y) in [(request, other_request), (response, other_response)] {
            if stream(x) != stream(y) {
                let says = format!("`{service}/{name}` has `{x}` against `{y}`");
                add(name, says, &format!("{name}: `{x}` here"), &format!("{name}: `{y}` here"));
            }
        }
    }
}

fn shown(field: &ShapeField) -> String {
    let number = field.number.unwrap_or_default();
    format!("`{} = {number}`", format!("{} {}", field.ty, field.name).trim())
}

/// A type without its package: copies may name it in full or not.
fn kind(ty: &str) -> String {
    let (repeated, ty) = ty.strip_prefix("repeated ").map_or(("", ty), |t| ("repeated ", t));
    match ty.strip_prefix("map<").and_then(|t| t.strip_suffix('>')).and_then(|t| t.split_once(',')) {
        Some((key, value)) => format!("map<{key},{}>", last(value)),
        None => format!("{repeated}{}", last(ty)),
    }
}
