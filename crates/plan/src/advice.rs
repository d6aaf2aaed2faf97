//! What to do about a change: the steps that let both versions live side by side.
//!
//! Expand first, move those who use it, contract last: nothing that is in use is taken away in the step that adds its
//! successor.

use crate::change::{Change, Grade, Hurts, Level};

const REMOVE: &[&str] = &[
    "keep it for now and mark it as deprecated",
    "move everybody who uses it, and see in logs or metrics that nobody does any more",
    "remove it then (for a message: reserve its number and name)",
];
const REPLACE: &[&str] = &[
    "add the new form under a name of its own, beside the old one",
    "write both, move readers to the new one",
    "stop writing the old one, and remove it when nobody reads it",
];
const REQUIRE: &[&str] = &[
    "accept it as optional first, with a default for those who leave it out",
    "let every sender send it",
    "require it then",
];
const TIGHTEN: &[&str] =
    &["log what the new limit would refuse, without refusing it", "let senders keep to the limit", "refuse then"];
const LOOSEN: &[&str] =
    &["let every reader accept the new values first, unknown ones included", "send them when all readers are deployed"];
const ENDPOINT: &[&str] = &[
    "serve old and new side by side",
    "move callers, and see in access logs that the old one is not called any more",
    "remove the old one",
];
const COLUMN: &[&str] = &[
    "deploy code that neither reads nor writes it",
    "wait until no older code runs",
    "drop it in a migration of its own",
];
const RENAME: &[&str] = &[
    "add the new name beside the old one and keep both the same (a trigger, a view, or code that writes both)",
    "move readers, then writers",
    "drop the old name in a later migration",
];
const NOT_NULL: &[&str] = &[
    "let every writer fill it, and fill what is empty in batches",
    "add a check that is not valid yet, then validate it",
    "make the column required then",
];
const LOCK: &[&str] = &[
    "do it in two steps: add it without checking or locking (`concurrently`, `not valid`), then validate",
    "give the migration a short lock timeout, and try again",
];
const NAMES: &[&str] = &["generate code anew for those who build against it, in the same step as their next release"];
const READERS: &[&str] = &["deploy readers that understand both first", "change writers after them"];
const WRITERS: &[&str] = &["deploy writers that keep to the new form first", "change the reader's side after them"];

/// Steps, in order; none for what is safe.
pub fn steps(change: &Change) -> &'static [&'static str] {
    let id = change.rule.id.to_ascii_lowercase().replace('_', "-");
    let has = |words: &[&str]| words.iter().any(|w| id.contains(w));
    if change.rule.level == Level::Safe && change.rule.grade == Grade::Safe {
        return &[];
    }
    match id.as_str() {
        "ban-drop-column" | "ban-drop-table" | "ban-drop-schema" | "ban-drop-database" | "ban-drop-view" => {
            return COLUMN;
        }
        "renaming-column" | "renaming-table" => return RENAME,
        "adding-not-nullable-field" | "adding-required-field" => return NOT_NULL,
        _ if has(&[
            "concurrent",
            "not-valid",
            "foreign-key-constraint",
            "unique-constraint",
            "primary-key",
            "exclusion",
            "with-default-",
        ]) =>
        {
            return LOCK;
        }
        _ => {}
    }
    if change.rule.grade == Grade::Source {
        return NAMES;
    }
    if has(&[
        "api-path-removed",
        "api-removed",
        "endpoint",
        "rpc-no-delete",
        "service-no-delete",
        "channel-",
        "operation-",
    ]) {
        return ENDPOINT;
    }
    if has(&[
        "became-required",
        "new-required",
        "new-request-path",
        "required-arg",
        "required-input",
        "missing-default",
        "required-field",
        "required-property",
        "required-attribute",
        "added-required",
    ]) {
        return REQUIRE;
    }
    if has(&[
        "enum-value-added",
        "value-added-to-enum",
        "type-added-to-union",
        "became-nullable",
        "one-of-added",
        "missing-enum-symbols",
        "missing-union-branch",
        "message-added",
    ]) && change.rule.hurts != Hurts::Senders
    {
        return LOOSEN;
    }
    if has(&["removed", "no-delete", "deleted", "missing"]) {
        return REMOVE;
    }
    if has(&["type", "kind", "name", "cardinality", "oneof", "changed", "same-", "mismatch"]) {
        return REPLACE;
    }
    if change.rule.hurts == Hurts::Senders
        && has(&["decreased", "increased", "set", "added", "narrowed", "became", "pattern"])
    {
        return TIGHTEN;
    }
    match change.rule.hurts {
        Hurts::Readers | Hurts::Both => READERS,
        Hurts::Senders => WRITERS,
        Hurts::Builders => NAMES,
    }
}
