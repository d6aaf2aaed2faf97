//! Where a service's own code names something: a field, in types, literals and between quotes, or through members; a text.
//!
//! Invariant: every place is a line that spells it; tests are none.

use super::effect::Cx;
use super::fields::{last, plain};
use seam_facts::{Claim, Key, ShapeKind, SmolStr};
use seam_graph::{Evidence, is_test};
use std::collections::BTreeSet;

pub(super) struct Named {
    pub places: Vec<Evidence>,
    /// A type of the same name has it.
    pub typed: bool,
}

/// Most places of one service that are told.
const PLACES: usize = 12;

/// The files in which a node carries out some interactions.
pub(super) fn meeting(cx: &Cx<'_>, node: usize, keys: &BTreeSet<Key>) -> BTreeSet<SmolStr> {
    if keys.is_empty() {
        return cx.old.graph.unresolved.iter().filter(|u| u.node == node).map(|u| u.at.path.clone()).collect();
    }
    let edges = cx.old.graph.edges.iter().filter(|e| e.from == node && keys.contains(&e.key));
    edges.flat_map(|e| &e.details).map(|d| d.at.path.clone()).collect()
}

/// Where a node's own code names a field: in types, in literals that it sends or takes, and between quotes; in a language whose
/// objects are what came as JSON, as a member, in the files that meet the other side.
pub(super) fn named(cx: &Cx<'_>, node: usize, field: &str, ty: &str, meeting: &BTreeSet<SmolStr>) -> Named {
    let (mut typed, mut alike, mut quoted) = (Vec::new(), Vec::new(), Vec::new());
    let mut types: BTreeSet<&str> = BTreeSet::new();
    let wanted = plain(field);
    let same = |name: &str| name == field || plain(name) == wanted;
    let marks = ['"', '\'', '`'].map(|q| format!("{q}{field}{q}"));
    for path in cx.old.files(node).filter(|p| !is_test(p)) {
        for fact in cx.old.base.get(path).into_iter().flat_map(|f| &f.facts) {
            let (name, fields) = match &fact.claim {
                // Values of another enumeration say nothing.
                Claim::Shape(s) if s.kind != ShapeKind::Enum || last(&s.name) == ty => (last(&s.name), &s.fields),
                Claim::Body(b) => (last(&b.ty), &b.fields),
                _ => continue,
            };
            let places = fields.iter().filter(|f| same(&f.name)).map(|f| Cx::place(path, f.line, "names the field"));
            if !name.is_empty() && fields.iter().any(|f| same(&f.name)) {
                types.insert(name);
            }
            if !ty.is_empty() && name == ty { typed.extend(places) } else { alike.extend(places) }
        }
        let Some(lang) = seam_extract::lang::of_path(path) else { continue };
        // A module beside the one that meets the other side takes apart what came.
        let up = |p: &str| p.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
        let meets = meeting.contains(path) || meeting.iter().any(|m| up(m) == up(path));
        use seam_extract::lang::Lang;
        let member = match lang {
            Lang::Script if meets => Some(format!(".{field}")),
            Lang::Ruby | Lang::Elixir => Some(format!(":{field}")),
            _ => None,
        };
        let Some(text) = (cx.old.text)(path).filter(|t| t.contains(field)) else { continue };
        for (index, line) in text.lines().enumerate() {
            let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '(');
            let has = |m: &String| line.match_indices(m.as_str()).any(|(at, _)| ends(&line[at + m.len()..]));
            if marks.iter().any(|m| line.contains(m.as_str())) || member.as_ref().is_some_and(has) {
                quoted.push(Cx::place(path, index as u32 + 1, "names it"));
            }
        }
    }
    let is_typed = !typed.is_empty();
    let mut places = typed;
    places.extend(quoted);
    places.extend(accessed(cx, node, field, &types));
    places.extend(alike);
    let mut seen = BTreeSet::new();
    places.retain(|p| seen.insert((p.path.clone(), p.at.line)));
    places.truncate(PLACES);
    Named { places, typed: is_typed }
}

/// Where a node's own code reads or sets a field of some types through their members: `line.getCount()`, `line.Count`.
fn accessed(cx: &Cx<'_>, node: usize, field: &str, types: &BTreeSet<&str>) -> Vec<Evidence> {
    let mut out = Vec::new();
    let Some(first) = field.chars().next().filter(|c| c.is_alphabetic() && !types.is_empty()) else { return out };
    let capital: String = first.to_uppercase().chain(field.chars().skip(1)).collect();
    let called: Vec<String> = ["get", "set", "is", "with", "has"].iter().map(|p| format!("{p}{capital}")).collect();
    let plain = [field.to_owned(), capital];
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let names = |line: &str, name: &str, call: bool| {
        line.match_indices(name).any(|(at, _)| {
            let rest = &line[at + name.len()..];
            line[..at].ends_with(['.', ':']) && ends(rest) && (!call || rest.starts_with('('))
        })
    };
    for path in cx.old.graph.nodes[node].own.iter().filter(|p| !is_test(p)) {
        use seam_extract::lang::Lang;
        // Elsewhere a member says nothing of the type, or the field's own name is looked for already.
        let compiled = matches!(
            seam_extract::lang::of_path(path),
            Some(Lang::Java | Lang::Kotlin | Lang::Scala | Lang::CSharp | Lang::Go | Lang::Rust)
        );
        let Some(text) = (cx.old.text)(path).filter(|_| compiled) else { continue };
        if !types.iter().any(|ty| super::values::word(&text, ty).is_some()) {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            if called.iter().any(|n| names(line, n, true)) || plain.iter().any(|n| names(line, n, false)) {
                out.push(Cx::place(path, index as u32 + 1, "names the field"));
            }
        }
    }
    out
}

/// Where a node's own code says a text between quotes, and nothing but that.
pub(super) fn quoted(cx: &Cx<'_>, node: usize, text: &str, most: usize) -> Vec<Evidence> {
    let own = cx.old.graph.nodes[node].own.iter().filter(|p| !is_test(p) && seam_extract::lang::of_path(p).is_some());
    let mut out = Vec::new();
    for path in own {
        out.extend(quoting(cx, path, text, most));
        if out.len() >= most {
            break;
        }
    }
    out.truncate(most);
    out
}

/// Lines of a file that say a text between quotes, and nothing but that.
pub(super) fn quoting(cx: &Cx<'_>, path: &SmolStr, text: &str, most: usize) -> Vec<Evidence> {
    let marks = ['"', '\'', '`'].map(|q| format!("{q}{text}{q}"));
    let Some(code) = (cx.old.text)(path).filter(|t| t.contains(text)) else { return Vec::new() };
    let lines = code.lines().enumerate().filter(|(_, l)| marks.iter().any(|m| l.contains(m.as_str())));
    lines.map(|(i, _)| Cx::place(path, i as u32 + 1, "says it")).take(most).collect()
}
