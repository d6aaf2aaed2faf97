//! What tells two states of a system apart, as conditions of a workspace's own rule: for each thing that both have, or only the first,
//! the field that is other, and a page that would find it.
//!
//! Invariant: these are proposals. Whether a page really fires on the one and is silent on the other is for whoever tries it.

use super::rows::{Each, Field, Row, rows};
use crate::Cx;
use seam_facts::{Key, SmolStr};
use std::collections::BTreeMap;

/// One difference, as a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The `rule` block of a page.
    pub block: String,
    /// In a sentence: what it was, and what it is.
    pub says: String,
    /// Keys that it concerns.
    pub about: Vec<Key>,
    /// Names of services on either side.
    pub names: Vec<String>,
    /// Files that show it in the first state.
    pub paths: Vec<String>,
    /// The built-in rule that finds it, if one does.
    pub rule: Option<SmolStr>,
    /// The less, the more it says: a field of a thing that both have, before a thing that only one has.
    pub rank: u8,
}

/// What names a thing of each kind.
fn identity(each: Each) -> &'static [&'static str] {
    match each {
        Each::Interaction => &["from", "to", "kind", "operation"],
        Each::Endpoint => &["service", "method", "path"],
        Each::Access => &["service", "table", "mode"],
        Each::Setting => &["service", "key", "profile"],
        Each::Package => &["service", "package"],
        Each::Service => &["name"],
        Each::Finding => &["rule", "subject"],
    }
}

/// The fields that a repair may change, the most telling first.
fn telling(each: Each) -> &'static [&'static str] {
    match each {
        Each::Interaction => &["timeout", "attempts", "policies", "answered", "client"],
        Each::Setting => &["value", "read"],
        Each::Package => &["version"],
        Each::Endpoint => &["protocol"],
        Each::Access | Each::Service | Each::Finding => &[],
    }
}

/// What is other in `faulty` than in `repaired`.
pub fn apart(faulty: &Cx<'_>, repaired: &Cx<'_>) -> Vec<Apart> {
    let mut out = Vec::new();
    for each in Each::ALL {
        let name = |row: &Row| identity(each).iter().map(|f| row.shown(f)).collect::<Vec<_>>();
        let mut after: BTreeMap<Vec<String>, Vec<Row>> = BTreeMap::new();
        for row in rows(repaired, each) {
            after.entry(name(&row)).or_default().push(row);
        }
        for row in rows(faulty, each) {
            match after.get(&name(&row)) {
                // Where a service ends, so does all that it did: the map says that better than a rule.
                None if each == Each::Service => {}
                None => out.push(one(each, &row, None)),
                Some(then) => {
                    for field in telling(each) {
                        let must = then
                            .iter()
                            .map(|t| must(field, row.field(field), t.field(field)))
                            .collect::<Option<Vec<_>>>();
                        if let Some(must) = must.as_ref().and_then(|m| m.first()) {
                            out.push(one(each, &row, Some((field, must))));
                        }
                    }
                }
            }
        }
    }
    out.sort_by(|a, b| (a.rank, &a.block).cmp(&(b.rank, &b.block)));
    out.dedup();
    out
}

/// What a field has to be from now on, in TOML, and that in words; nothing where it is what it was, or no better.
fn must(name: &str, was: &Field, is: &Field) -> Option<(String, String)> {
    match (was, is) {
        (Field::Number(was), Field::Number(Some(is))) if was.is_none_or(|w| w > *is) => {
            let was = was.map_or("none".to_owned(), |w| w.to_string());
            Some((format!("{{ below = {} }}", is + 1), format!("`{name}` was {was} and is {is}")))
        }
        (Field::Number(Some(was)), Field::Number(Some(is))) if was < is => {
            Some((format!("{{ above = {} }}", is - 1), format!("`{name}` was {was} and is {is}")))
        }
        (Field::Texts(was), Field::Texts(is)) if was != is => {
            let shown = |t: &[String]| if t.is_empty() { "none".to_owned() } else { t.join(", ") };
            let says = format!("`{name}` was {} and is {}", shown(was), shown(is));
            let gained: Vec<&String> = is.iter().filter(|t| !was.contains(t)).collect();
            let lost: Vec<&String> = was.iter().filter(|t| !is.contains(t)).collect();
            let condition = match (gained.as_slice(), lost.as_slice()) {
                ([first, ..], _) => quoted(first),
                ([], [first, ..]) => format!("{{ not = {} }}", quoted(first)),
                ([], []) => return None,
            };
            Some((condition, says))
        }
        (Field::Number(_) | Field::Texts(_), _) => None,
    }
}

fn one(each: Each, row: &Row, must: Option<(&str, &(String, String))>) -> Apart {
    let word = seam_facts::word::of(&each);
    let known =
        identity(each).iter().filter(|f| matches!(row.field(f), Field::Texts(t) if t.iter().any(|t| !t.is_empty())));
    let terms: Vec<String> = known.map(|f| format!("{f} = {}", quoted(&row.shown(f)))).collect();
    let mut block = format!("each = \"{word}\"\nwhere = {{ {} }}\n", terms.join(", "));
    let says = match must {
        Some((field, (condition, says))) => {
            block.push_str(&format!("must = {{ {field} = {condition} }}\n"));
            format!("{}: {says}", row.says)
        }
        None => format!("{}, and after the repair no longer", row.says),
    };
    let plain = plain(each, row);
    let told = match must {
        Some((field, _)) => format!("{plain}, and `{field}` is {{{field}}}"),
        None => plain,
    };
    block.push_str(&format!("message = {}\n", quoted(&told)));
    let first = |name: &str| match row.field(name) {
        Field::Texts(texts) => texts.first().cloned(),
        Field::Number(_) => None,
    };
    let names = ["from", "to", "service", "name"].iter().filter_map(|f| first(f));
    let about = match row.field("about") {
        Field::Texts(texts) => texts.clone(),
        Field::Number(_) => Vec::new(),
    };
    let places = std::iter::once(&row.at).chain(row.more.iter().map(|(at, _)| at));
    Apart {
        block,
        says,
        about: row.about.clone(),
        names: names.chain(about).collect(),
        rule: first("rule").map(SmolStr::from),
        paths: places.map(|at| at.path.to_string()).collect(),
        rank: u8::from(must.is_none()),
    }
}

/// What a row says as a message of a page, where braces hold the names of fields: `GET /orders/{id}` stands for itself.
fn plain(each: Each, row: &Row) -> String {
    if each == Each::Finding {
        return "{message}".to_owned();
    }
    let fields: Vec<(&str, String)> = identity(each).iter().map(|f| (*f, row.shown(f))).collect();
    let mut parts = vec![row.says.clone()];
    let mut held = Vec::new();
    for (field, shown) in fields.iter().filter(|(_, shown)| shown.contains('{')) {
        parts = parts.iter().flat_map(|part| part.split(shown.as_str()).map(str::to_owned)).collect();
        held.push(format!("{{{field}}}"));
    }
    let parts: Vec<String> = parts.iter().map(|p| p.replace(['{', '}'], "")).collect();
    parts.join(held.first().map_or("", String::as_str))
}

/// A text in TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
