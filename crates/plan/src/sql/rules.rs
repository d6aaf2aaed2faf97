//! Every rule about migrations. Names are squawk's where it has the rule; classes of atlas stand beside them. Sorted.

use crate::change::Grade::{self, Behaviour, Safe as Harmless, Wire};
use crate::change::Hurts::{self, Both, Readers, Senders};
use crate::change::Level::{self, Breaking, Safe, Warning};
use crate::change::Rule;

/// A rule, and the codes that atlas' analysers have for it.
const fn rule(id: &'static str, level: Level, grade: Grade, hurts: Hurts, atlas: &'static str) -> (Rule, &'static str) {
    (Rule { id, level, grade, hurts }, atlas)
}

pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.binary_search_by(|(rule, _)| rule.id.cmp(id)).ok().map(|i| &RULES[i].0)
}

#[rustfmt::skip]
pub static RULES: &[(Rule, &str)] = &[
    rule("adding-exclusion-constraint", Warning, Behaviour, Both, "PG307"),
    rule("adding-field-with-default", Warning, Behaviour, Both, "PG302"),
    rule("adding-foreign-key-constraint", Warning, Behaviour, Senders, "PG306"),
    rule("adding-not-nullable-field", Breaking, Wire, Senders, "MF104 PG303"),
    rule("adding-primary-key-constraint", Warning, Behaviour, Both, "PG104 PG304"),
    rule("adding-required-field", Breaking, Wire, Senders, "MF103"),
    rule("adding-serial-primary-key-field", Warning, Behaviour, Both, "PG104"),
    rule("ban-concurrent-index-creation-in-transaction", Warning, Behaviour, Both, "PG103"),
    rule("ban-drop-column", Breaking, Wire, Both, "DS103"),
    rule("ban-drop-constraint", Safe, Behaviour, Readers, "CD101"),
    rule("ban-drop-database", Breaking, Wire, Both, "DS101"),
    rule("ban-drop-not-null", Breaking, Behaviour, Readers, ""),
    rule("ban-drop-schema", Breaking, Wire, Both, "DS101"),
    rule("ban-drop-table", Breaking, Wire, Both, "DS102"),
    rule("ban-drop-type", Breaking, Wire, Both, ""),
    rule("ban-drop-view", Breaking, Wire, Readers, ""),
    rule("ban-truncate-cascade", Breaking, Behaviour, Both, ""),
    rule("changing-column-type", Breaking, Wire, Both, "PG303"),
    rule("column-added", Safe, Harmless, Both, ""),
    rule("constraint-missing-not-valid", Warning, Behaviour, Senders, "PG305"),
    rule("default-changed", Warning, Behaviour, Senders, ""),
    rule("disallowed-unique-constraint", Warning, Behaviour, Senders, "MF101 MF102 PG105"),
    rule("dropping-enum-value", Breaking, Wire, Senders, ""),
    rule("enum-value-added", Safe, Behaviour, Readers, ""),
    rule("renaming-column", Breaking, Wire, Both, "BC102"),
    rule("renaming-table", Breaking, Wire, Both, "BC101"),
    rule("require-concurrent-index-creation", Warning, Behaviour, Both, "PG101"),
    rule("require-concurrent-index-deletion", Warning, Behaviour, Both, "PG102"),
    rule("table-added", Safe, Harmless, Both, ""),
];
