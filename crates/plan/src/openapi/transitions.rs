//! Changes of a schema that are one change to a reader, though many keywords differ: it became nullable, it was wrapped in
//! alternatives, one type became a list of types. What reports them claims the rest.

use super::delta::{Comparer, Delta, restricts_nothing};
use super::document::{At, Schema};
use super::rules::Aspect;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nullability {
    Same,
    Gained,
    Lost,
}

/// What a difference of a schema amounts to.
pub struct Transitions<'a> {
    nullability: Nullability,
    wrapping: Nullability,
    moved: Vec<&'a str>,
    list: Option<(Vec<&'a str>, Vec<&'a str>)>,
    only_null: bool,
}

fn known<'d, 'a>(cx: &Comparer<'a>, delta: &'d Delta<'a>) -> &'d Transitions<'a> {
    delta.known.get_or_init(|| Transitions {
        nullability: find_nullability(cx, delta),
        wrapping: nullable_wrapping(cx, delta),
        moved: find_moved(cx, delta),
        list: find_list(cx, delta),
        only_null: only_null(delta),
    })
}

/// Whether `null` became allowed or forbidden.
pub fn nullability<'a>(cx: &Comparer<'a>, delta: &Delta<'a>) -> Nullability {
    known(cx, delta).nullability
}

/// Properties that moved into alternatives: the schema had properties and is now nothing but `oneOf`.
pub fn moved_into_one_of<'d, 'a>(cx: &Comparer<'a>, delta: &'d Delta<'a>) -> &'d [&'a str] {
    &known(cx, delta).moved
}

/// Types that a list of types gained and lost: `oneOf` or `anyOf` of schemas that are nothing but a type.
pub fn list_of_types<'d, 'a>(cx: &Comparer<'a>, delta: &'d Delta<'a>) -> Option<&'d (Vec<&'a str>, Vec<&'a str>)> {
    known(cx, delta).list.as_ref()
}

fn find_nullability<'a>(cx: &Comparer<'a>, delta: &Delta<'a>) -> Nullability {
    let (base, revision) = (&delta.base, &delta.revision);
    if delta.has("nullable") {
        return match (base.flag("nullable"), revision.flag("nullable")) {
            (true, _) => Nullability::Lost,
            (_, true) => Nullability::Gained,
            _ => Nullability::Same,
        };
    }
    let null = |schema: &Schema<'_>| schema.types().contains(&"null");
    match (null(base), null(revision)) {
        (true, false) if !revision.types().is_empty() => return Nullability::Lost,
        (false, true) if !base.types().is_empty() => return Nullability::Gained,
        _ => {}
    }
    nullable_wrapping(cx, delta)
}

/// Whether a schema became `oneOf` itself and `null`, or the other way round.
fn nullable_wrapping<'a>(cx: &Comparer<'a>, delta: &Delta<'a>) -> Nullability {
    if delta.branches("oneOf").is_none() {
        return Nullability::Same;
    }
    if wraps(&delta.base, &delta.revision, |node, file| {
        let plain = At { node: delta.base.node, file: delta.base.file };
        cx.equivalent(plain, At { node, file }, 0)
    }) {
        return Nullability::Gained;
    }
    if wraps(&delta.revision, &delta.base, |node, file| {
        let plain = At { node: delta.revision.node, file: delta.revision.file };
        cx.equivalent(At { node, file }, plain, 0)
    }) {
        return Nullability::Lost;
    }
    Nullability::Same
}

fn wraps<'a>(
    plain: &Schema<'a>,
    wrapped: &Schema<'a>,
    equivalent: impl Fn(&'a crate::tree::Node<'a>, u16) -> bool,
) -> bool {
    let composed = ["oneOf", "anyOf", "allOf"].iter().any(|k| !plain.list(k).is_empty()) || plain.get("not").is_some();
    if composed || plain.flag("nullable") || plain.types().contains(&"null") {
        return false;
    }
    let branches = wrapped.list("oneOf");
    if branches.len() != 2 || !restricts_nothing(wrapped, "oneOf") {
        return false;
    }
    let bare_null = |at: &At<'a>| {
        let types = at.node.get("type");
        types
            .is_some_and(|t| t.as_text() == Some("null") || matches!(t.items(), [one] if one.as_text() == Some("null")))
            && at.node.entries().iter().all(|(k, _)| {
                ["type", "title", "description", "default", "example", "examples", "$comment"]
                    .contains(&k.text.as_ref())
            })
    };
    match (bare_null(&branches[0]), bare_null(&branches[1])) {
        (true, false) => equivalent(branches[1].node, branches[1].file),
        (false, true) => equivalent(branches[0].node, branches[0].file),
        _ => false,
    }
}

fn find_moved<'a>(cx: &Comparer<'a>, delta: &Delta<'a>) -> Vec<&'a str> {
    let (base, revision) = (&delta.base, &delta.revision);
    let properties = |schema: &Schema<'a>| schema.get("properties").map(|n| n.entries().len()).unwrap_or_default();
    let alternatives = revision.list("oneOf");
    if !base.list("oneOf").is_empty()
        || properties(base) == 0
        || alternatives.is_empty()
        || properties(revision) > 0
        || !revision.types().is_empty()
    {
        return Vec::new();
    }
    let alternatives: Vec<Schema<'a>> = alternatives.into_iter().map(|at| cx.revision.schema(at)).collect();
    let names = base.get("properties").into_iter().flat_map(|n| n.entries()).map(|(key, _)| key.text.as_ref());
    names.filter(|name| alternatives.iter().any(|a| a.member("properties", name).is_some())).collect()
}

fn find_list<'a>(cx: &Comparer<'a>, delta: &Delta<'a>) -> Option<(Vec<&'a str>, Vec<&'a str>)> {
    let (base, base_list) = types_of(cx.base, &delta.base)?;
    let (revision, revision_list) = types_of(cx.revision, &delta.revision)?;
    if !base_list && !revision_list {
        return None;
    }
    if base.len() == revision.len() && revision.iter().all(|t| base.contains(t)) {
        return None;
    }
    let minus = |a: &[&'a str], b: &[&'a str]| {
        let mut left: Vec<&'a str> = a.iter().filter(|t| !b.contains(t)).copied().collect();
        left.sort_unstable();
        left.dedup();
        left
    };
    let (added, removed) = (minus(&revision, &base), minus(&base, &revision));
    if added.is_empty() && removed.is_empty() { None } else { Some((added, removed)) }
}

/// Which types a schema stands for, and whether by a list of alternatives.
fn types_of<'a>(document: &super::document::Document<'a>, schema: &Schema<'a>) -> Option<(Vec<&'a str>, bool)> {
    let some = |schema: &Schema<'a>, key: &str| match schema.get(key) {
        Some(node) => !node.items().is_empty() || !node.entries().is_empty(),
        None => false,
    };
    if schema.get("not").is_some() || some(schema, "allOf") || some(schema, "properties") {
        return None;
    }
    if let Some(first) = schema.types().first() {
        return Some((vec![first], false));
    }
    for word in ["oneOf", "anyOf"] {
        let branches: Vec<Schema<'a>> = schema.list(word).into_iter().map(|at| document.schema(at)).collect();
        let simple = |s: &Schema<'a>| {
            s.types().len() == 1 && !["properties", "oneOf", "anyOf", "allOf"].iter().any(|key| some(s, key))
        };
        if !branches.is_empty() && branches.iter().all(simple) {
            return Some((branches.iter().flat_map(Schema::types).collect(), true));
        }
    }
    None
}

/// Whether only `null` entered or left the types.
fn only_null(delta: &Delta<'_>) -> bool {
    let (base, revision) = (delta.base.types(), delta.revision.types());
    delta.has("type")
        && !delta.has("format")
        && revision.iter().all(|t| *t == "null" || base.contains(t))
        && base.iter().all(|t| *t == "null" || revision.contains(t))
}

/// Whether a transition of this schema says already what a rule would say.
pub fn claimed<'a>(cx: &Comparer<'a>, delta: &Delta<'a>, rule: &str, aspect: Aspect) -> bool {
    let nullable = rule.contains("-nullable");
    let structural = matches!(aspect, Aspect::Type | Aspect::Structure);
    (!nullable
        && !matches!(aspect, Aspect::Mutability | Aspect::Lifecycle)
        && known(cx, delta).wrapping != Nullability::Same)
        || (structural
            && !rule.ends_with("-body-wrapped-in-one-of")
            && !rule.ends_with("-property-one-of-added")
            && !moved_into_one_of(cx, delta).is_empty())
        || (structural && !rule.contains("-list-of-types-") && list_of_types(cx, delta).is_some())
        || (aspect == Aspect::Type && known(cx, delta).only_null)
}
