//! Two versions of a tree of `.proto` files.
//!
//! All files of a version are one: messages pair by full name, fields by number. One difference may break several rules
//! (a field that is gone breaks code, and what is sent unless its number is reserved): [`changes`] keeps the worst one of
//! each, [`hits`] has all of them, as buf reports them.

mod checks;
mod defaults;
pub(crate) mod index;
pub(crate) mod model;
pub(crate) mod parse;
pub mod rules;

use crate::Text;
use crate::change::{Change, Place};
use index::{Index, unstable};
use seam_facts::Problem;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The worst change of each kind for each element.
pub fn changes(base: &[Text<'_>], revision: &[Text<'_>], stable_only: bool) -> (Vec<Change>, Vec<Problem>) {
    let (all, problems) = hits(base, revision, stable_only);
    let mut kept: BTreeMap<(String, &'static str, Option<u32>), Change> = BTreeMap::new();
    for change in all {
        let family = family(change.rule.id);
        // One element may be changed at several lines (values of an enum that share a number).
        let line = change.revision.as_ref().filter(|_| family == change.rule.id).map(|p| p.line);
        match kept.entry((change.key.clone(), family, line)) {
            Entry::Vacant(entry) => {
                entry.insert(change);
            }
            Entry::Occupied(mut entry) if change.rule.grade < entry.get().rule.grade => {
                entry.insert(change);
            }
            Entry::Occupied(_) => {}
        }
    }
    let kept = kept.into_values().collect();
    (kept, problems)
}

/// Rules that speak of the same difference, each in its own sense.
fn family(id: &'static str) -> &'static str {
    match id {
        "FIELD_NO_DELETE" | "FIELD_NO_DELETE_UNLESS_NAME_RESERVED" | "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED" => {
            "field"
        }
        "ENUM_VALUE_NO_DELETE"
        | "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED"
        | "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED" => "enum value",
        "FIELD_SAME_TYPE" | "FIELD_WIRE_COMPATIBLE_TYPE" | "FIELD_WIRE_JSON_COMPATIBLE_TYPE" => "type",
        "FIELD_SAME_CARDINALITY" | "FIELD_WIRE_COMPATIBLE_CARDINALITY" | "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY" => {
            "cardinality"
        }
        "MESSAGE_NO_DELETE" | "PACKAGE_MESSAGE_NO_DELETE" => "message",
        "ENUM_NO_DELETE" | "PACKAGE_ENUM_NO_DELETE" => "enum",
        "EXTENSION_NO_DELETE" | "PACKAGE_EXTENSION_NO_DELETE" => "extension",
        "SERVICE_NO_DELETE" | "PACKAGE_SERVICE_NO_DELETE" => "service",
        other => other,
    }
}

/// Everything that a rule says; without what is in packages that are not stable yet, if `stable_only`.
pub fn hits(base: &[Text<'_>], revision: &[Text<'_>], stable_only: bool) -> (Vec<Change>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut read = |texts: &[Text<'_>]| -> Vec<model::File> {
        let mut files: Vec<model::File> = Vec::new();
        for text in texts {
            let (file, found) = parse::parse(text.name, text.text);
            problems.extend(found);
            files.push(file);
        }
        files
    };
    let (base, revision) = (read(base), read(revision));
    let (base, revision) = (Index::new(&base), Index::new(&revision));
    let mut changes = checks::check(&base, &revision);
    if stable_only {
        let draft = |place: &Option<Place>, index: &Index<'_>| {
            let file = place.as_ref().and_then(|p| index.files.get(p.file.as_str()));
            file.is_some_and(|f| unstable(&f.package))
        };
        changes.retain(|c| !draft(&c.base, &base) && !draft(&c.revision, &revision));
    }
    (changes, problems)
}
