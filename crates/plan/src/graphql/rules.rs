//! Every rule about GraphQL, by the name that it has in graphql-js: breaking changes, and dangerous ones as warnings.
//! Sorted by name; ours for what is only added at the end.

use crate::change::Grade::{self, Behaviour, Json, Safe as Harmless, Wire};
use crate::change::Hurts::{self, Both, Readers, Senders};
use crate::change::Level::{self, Breaking, Safe, Warning};
use crate::change::Rule;

const fn rule(id: &'static str, level: Level, grade: Grade, hurts: Hurts) -> Rule {
    Rule { id, level, grade, hurts }
}

pub fn find(id: &str) -> Option<&'static Rule> {
    RULES.binary_search_by(|rule| rule.id.cmp(id)).ok().map(|i| &RULES[i])
}

#[rustfmt::skip]
pub static RULES: &[Rule] = &[
    rule("ARG_CHANGED_KIND", Breaking, Wire, Senders),
    rule("ARG_DEFAULT_VALUE_CHANGE", Warning, Behaviour, Senders),
    rule("ARG_REMOVED", Breaking, Wire, Senders),
    rule("DIRECTIVE_ARG_REMOVED", Breaking, Wire, Senders),
    rule("DIRECTIVE_LOCATION_REMOVED", Breaking, Wire, Senders),
    rule("DIRECTIVE_REMOVED", Breaking, Wire, Senders),
    rule("DIRECTIVE_REPEATABLE_REMOVED", Breaking, Wire, Senders),
    rule("FIELD_CHANGED_KIND", Breaking, Json, Both),
    rule("FIELD_REMOVED", Breaking, Wire, Both),
    rule("IMPLEMENTED_INTERFACE_ADDED", Warning, Behaviour, Readers),
    rule("IMPLEMENTED_INTERFACE_REMOVED", Breaking, Wire, Senders),
    rule("OPTIONAL_ARG_ADDED", Warning, Behaviour, Senders),
    rule("OPTIONAL_INPUT_FIELD_ADDED", Warning, Behaviour, Senders),
    rule("REQUIRED_ARG_ADDED", Breaking, Wire, Senders),
    rule("REQUIRED_DIRECTIVE_ARG_ADDED", Breaking, Wire, Senders),
    rule("REQUIRED_INPUT_FIELD_ADDED", Breaking, Wire, Senders),
    rule("TYPE_ADDED_TO_UNION", Warning, Behaviour, Readers),
    rule("TYPE_CHANGED_KIND", Breaking, Wire, Both),
    rule("TYPE_REMOVED", Breaking, Wire, Both),
    rule("TYPE_REMOVED_FROM_UNION", Breaking, Wire, Senders),
    rule("VALUE_ADDED_TO_ENUM", Warning, Behaviour, Readers),
    rule("VALUE_REMOVED_FROM_ENUM", Breaking, Wire, Senders),
    rule("directive-added", Safe, Harmless, Both),
    rule("field-added", Safe, Harmless, Both),
    rule("type-added", Safe, Harmless, Both),
];
