//! What a change touches: two versions of a contract, each difference with its rule, grade, places and remedy.
//!
//! Invariant: comparing never fails. A text that cannot be read is a [`Problem`] beside what could be compared; the same
//! texts give the same changes, byte for byte. Whole documents are compared, hence each kind of contract has its own model
//! here, with lines, and the facts of `extract` (what one file says about a service) stay what they are.

mod advice;
pub mod asyncapi;
pub mod avro;
pub mod change;
pub mod graphql;
pub mod impact;
pub mod jsonschema;
mod kind;
mod limits;
pub mod openapi;
pub mod proto;
pub mod sql;
pub mod touch;
pub mod tree;

pub use advice::steps;
pub use change::{Change, Grade, Hurts, Level, Place, Rule};
pub use kind::{KINDS, Kind};
use seam_facts::Problem;

/// A text by its name.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    pub name: &'a str,
    pub text: &'a str,
}

#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Days since 1970-01-01: for sunsets.
    pub today: Option<openapi::Day>,
    /// Whether a break asks for another major version.
    pub versioning: bool,
    /// Which readers and writers of messages have to understand each other.
    pub compatibility: Compatibility,
    /// Protocol buffers: without packages that say they are not stable.
    pub stable_only: bool,
}

/// Which direction counts for schemas of messages, as registries call it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compatibility {
    /// New readers read old data: readers are deployed first.
    Backward,
    /// Old readers read new data: writers are deployed first.
    Forward,
    #[default]
    Full,
}

impl Compatibility {
    /// Whether a direction counts: backward, or forward.
    pub fn counts(self, backward: bool) -> bool {
        match self {
            Compatibility::Backward => backward,
            Compatibility::Forward => !backward,
            Compatibility::Full => true,
        }
    }
}

/// Everything that differs, the worst first, with what could not be read. The first text of each side is the contract,
/// the others are what it refers to; for protocol buffers, GraphQL and SQL all of them are.
pub fn compare(base: &[Text<'_>], revision: &[Text<'_>], kind: Kind, options: &Options) -> (Vec<Change>, Vec<Problem>) {
    let (mut changes, mut problems) = match kind {
        Kind::OpenApi => openapi::changes(base, revision, options),
        Kind::AsyncApi => asyncapi::changes(base, revision, options),
        Kind::Proto => proto::changes(base, revision, options.stable_only),
        Kind::GraphQl => graphql::changes(base, revision),
        Kind::Avro => avro::changes(base, revision, options),
        Kind::JsonSchema => jsonschema::changes(base, revision, options),
        Kind::Sql => sql::changes(base, revision),
    };
    Change::sort(&mut changes);
    problems.dedup();
    (changes, problems)
}

/// What differs between two texts of one contract, for those who join it with who uses it: each change has a key
/// ([`Change::key`], [`Change::field`]) that names the element without its line.
pub fn changes(base: &str, revision: &str, kind: Kind) -> Vec<Change> {
    let text = |text| [Text { name: "", text }];
    compare(&text(base), &text(revision), kind, &Options::default()).0
}

/// Files that a text refers to, as it names them.
pub fn references(text: &str) -> Vec<String> {
    let (node, _) = tree::read(text);
    let mut out = std::collections::BTreeSet::new();
    collect(&node, 0, &mut out);
    out.into_iter().collect()
}

fn collect(node: &tree::Node<'_>, depth: usize, out: &mut std::collections::BTreeSet<String>) {
    if depth > tree::MAX_DEPTH {
        return;
    }
    for (key, value) in node.entries() {
        match value.as_text().filter(|_| key.text == "$ref") {
            Some(reference) => {
                let file = reference.split('#').next().unwrap_or_default();
                if !file.is_empty() && !file.contains("://") && out.len() < 1_000 {
                    out.insert(file.to_owned());
                }
            }
            None => collect(value, depth + 1, out),
        }
    }
    node.items().iter().for_each(|item| collect(item, depth + 1, out));
}

/// Every rule, with the kind of contract that it is about.
pub fn rules() -> Vec<(Kind, &'static Rule)> {
    let mut all: Vec<(Kind, &'static Rule)> = Vec::new();
    all.extend(openapi::rules::RULES.iter().map(|(rule, _)| (Kind::OpenApi, rule)));
    all.extend(asyncapi::RULES.iter().map(|rule| (Kind::AsyncApi, rule)));
    all.extend(proto::rules::RULES.iter().map(|(rule, _)| (Kind::Proto, rule)));
    all.extend(graphql::rules::RULES.iter().map(|rule| (Kind::GraphQl, rule)));
    all.extend(avro::BACKWARD.iter().chain(avro::FORWARD).map(|rule| (Kind::Avro, rule)));
    all.extend(jsonschema::BACKWARD.iter().chain(jsonschema::FORWARD).map(|rule| (Kind::JsonSchema, rule)));
    all.extend(sql::rules::RULES.iter().map(|(rule, _)| (Kind::Sql, rule)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_by_their_names() {
        for (rule, _) in openapi::rules::RULES {
            assert!(openapi::rules::find(rule.id).is_some(), "{}", rule.id);
        }
        for (rule, _) in proto::rules::RULES {
            assert!(proto::rules::find(rule.id).is_some(), "{}", rule.id);
        }
        for rule in graphql::rules::RULES {
            assert!(graphql::rules::find(rule.id).is_some(), "{}", rule.id);
        }
        for (rule, _) in sql::rules::RULES {
            assert!(sql::rules::find(rule.id).is_some(), "{}", rule.id);
        }
        assert!(asyncapi::RULES.is_sorted_by(|a, b| a.id < b.id));
    }

    #[test]
    fn what_is_not_of_its_kind_is_no_change_and_no_crash() {
        for kind in KINDS {
            for text in
                ["", "{", "a: [", "\u{0}", "paths: {a: {get: {responses: 1}}}", "type: {type: {type: x}}", "[[[["]
            {
                compare(&[], &[], *kind, &Options::default());
                assert_eq!(changes(text, text, *kind), [], "{kind:?} {text}");
                changes("", text, *kind);
                changes(text, "", *kind);
            }
        }
    }
}
