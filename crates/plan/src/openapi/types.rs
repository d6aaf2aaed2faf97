//! Whether another type or format still holds what was sent, and how types are shown.

use super::delta::Delta;
use super::document::{Document, Schema};

/// Types that entered and left.
pub struct TypeChange<'a> {
    pub added: Vec<&'a str>,
    pub removed: Vec<&'a str>,
}

pub fn type_change<'a>(delta: &Delta<'a>) -> Option<TypeChange<'a>> {
    let (base, revision) = (delta.base.types(), delta.revision.types());
    let minus = |a: &[&'a str], b: &[&'a str]| a.iter().filter(|t| !b.contains(t)).copied().collect::<Vec<_>>();
    let change = TypeChange { added: minus(&revision, &base), removed: minus(&base, &revision) };
    if change.added.is_empty() && change.removed.is_empty() { None } else { Some(change) }
}

/// An old and a new format; empty for none.
pub fn format_change<'a>(delta: &Delta<'a>) -> Option<(&'a str, &'a str)> {
    let (base, revision) = (delta.base.word("format"), delta.revision.word("format"));
    if base == revision { None } else { Some((base, revision)) }
}

fn fits(sub: &str, sup: &str) -> bool {
    sub == sup || (sub == "integer" && sup == "number")
}

/// Whether everything of one set of types is in another.
pub fn within(sub: &[&str], sup: &[&str]) -> bool {
    !sub.is_empty() && sub.iter().all(|t| sup.iter().any(|s| fits(t, s)))
}

/// Whether values of `from` are values of `to`: as JSON, or (not `strict`) as text.
pub fn contained(to: &[&str], from: &[&str], strict: bool) -> bool {
    if let ([to], [from]) = (to, from)
        && fits(from, to)
    {
        return true;
    }
    !strict && (to.is_empty() || *to == ["string"])
}

/// Whether every value of one format has the other one too.
fn format_contained(types: &[&str], to: &str, from: &str) -> bool {
    if to.is_empty() {
        return true;
    }
    match types {
        ["number"] => (from, to) == ("float", "double"),
        ["integer"] => matches!((from, to), ("int32", "int64" | "bigint") | ("int64", "bigint")),
        ["string"] => matches!((from, to), ("date" | "time", "date-time")),
        _ => false,
    }
}

/// Whether a move from one set of types and format to another loses values; `to` is what is moved to.
pub fn loses(change: Option<(&[&str], &[&str])>, format: Option<(&str, &str)>, strict: bool, to: &[&str]) -> bool {
    change.is_some_and(|(added, removed)| !contained(added, removed, strict))
        || format.is_some_and(|(from, new)| !format_contained(to, new, from))
}

/// Media types whose values have JSON's types; in the others everything is text.
pub fn is_json(media: &str) -> bool {
    media == "application/json" || media.ends_with("+json")
}

/// `type`, `format` or both, and the old and new values for messages.
pub fn shown<'a>(base: &Document<'a>, revision: &Document<'a>, delta: &Delta<'a>) -> (&'static str, String, String) {
    let formats = |schema: &Schema<'a>| match schema.word("format") {
        "" => "none".to_owned(),
        format => format.to_owned(),
    };
    match (type_change(delta).is_some(), format_change(delta).is_some()) {
        (false, true) => ("format", formats(&delta.base), formats(&delta.revision)),
        (true, false) => ("type", types(base, &delta.base, 0), types(revision, &delta.revision, 0)),
        _ => ("type/format", both(base, &delta.base, 0), both(revision, &delta.revision, 0)),
    }
}

fn types<'a>(document: &Document<'a>, schema: &Schema<'a>, depth: usize) -> String {
    let shown = schema.types().into_iter().map(|t| match schema.at("items") {
        Some(items) if t == "array" && depth < 4 => {
            format!("array<{}>", both(document, &document.schema(items), depth + 1))
        }
        _ => t.to_owned(),
    });
    let shown: Vec<String> = shown.collect();
    if shown.is_empty() { "any".to_owned() } else { shown.join(", ") }
}

fn both<'a>(document: &Document<'a>, schema: &Schema<'a>, depth: usize) -> String {
    let shown = types(document, schema, depth);
    match (schema.word("format"), shown.as_str()) {
        ("", _) => shown,
        (format, "any") => format.to_owned(),
        (format, _) => format!("{shown}/{format}"),
    }
}
