//! What a difference between two systems is called, how surely it breaks, in which sense, and for whom. Sorted by name.
//!
//! Contracts bring the names that their field has; these are for what code and configuration state themselves.

use crate::change::{Grade, Hurts, Level, Rule};

const fn rule(id: &'static str, level: Level, grade: Grade, hurts: Hurts) -> Rule {
    Rule { id, level, grade, hurts }
}

use Grade::{Behaviour, Json, Safe as Fine, Source, Wire};
use Hurts::{Both, Builders, Readers, Senders};
use Level::{Breaking, Safe, Warning};

/// Each rule with one clause for people.
pub static RULES: &[(Rule, &str)] = &[
    (rule("address-unanswered", Breaking, Wire, Senders), "a setting names a port or host at which nobody listens"),
    (rule("call-added", Warning, Behaviour, Both), "a service depends on another in a way that it did not before"),
    (rule("call-changed", Warning, Behaviour, Both), "a call asks for something else"),
    (rule("call-removed", Safe, Fine, Both), "a call is not made any more"),
    (rule("call-unanswered", Breaking, Wire, Senders), "a call asks for what nobody is seen to serve"),
    (rule("code-changed", Warning, Behaviour, Both), "code does something else, which nothing that it states tells"),
    (rule("consume-added", Safe, Fine, Readers), "messages are read that were not read before"),
    (rule("consume-changed", Breaking, Wire, Readers), "a service reads other messages than before"),
    (rule("consume-removed", Warning, Behaviour, Readers), "messages are not read any more"),
    (
        rule("declaration-changed", Breaking, Wire, Both),
        "a queue or exchange is declared otherwise than others declare it",
    ),
    (rule("default-changed", Warning, Behaviour, Both), "what counts where nobody sets anything is different"),
    (rule("default-overridden", Warning, Behaviour, Both), "a default is different, and some deployment sets the key"),
    (rule("dependency-changed", Warning, Behaviour, Builders), "a service is built with another package or version"),
    (rule("endpoint-added", Safe, Fine, Senders), "there is a new way in"),
    (rule("endpoint-moved", Breaking, Wire, Senders), "a way in is served under another name"),
    (rule("endpoint-removed", Breaking, Wire, Senders), "a way in is not served any more"),
    (rule("endpoint-unused-removed", Warning, Wire, Senders), "a way in is gone that nobody is seen to use"),
    (rule("field-added", Safe, Fine, Readers), "a field travels that did not before"),
    (rule("field-removed", Breaking, Json, Both), "a field does not travel any more"),
    (rule("field-renamed", Breaking, Json, Both), "a field travels under another name"),
    (rule("field-type", Breaking, Json, Both), "a field holds something else"),
    (rule("gateway-route-added", Safe, Fine, Senders), "a gateway forwards more"),
    (rule("gateway-route-moved", Breaking, Wire, Senders), "a gateway forwards under another path"),
    (rule("gateway-route-removed", Breaking, Wire, Senders), "a gateway does not forward something any more"),
    (rule("image-changed", Warning, Behaviour, Both), "another image or version is deployed"),
    (
        rule("library-changed", Warning, Behaviour, Builders),
        "shared code is different for everybody who is built with it",
    ),
    (rule("log-text", Safe, Fine, Both), "only what is written to a log is different"),
    (rule("name-gone", Breaking, Source, Builders), "code is called by a name that nothing defines any more"),
    (rule("policy-added", Warning, Behaviour, Both), "a call waits, tries again or gives up where it did not before"),
    (rule("policy-changed", Warning, Behaviour, Both), "how long a call waits or how often it tries is different"),
    (rule("policy-removed", Warning, Behaviour, Both), "a call is not bounded any more"),
    (rule("port-added", Safe, Fine, Senders), "one more port is open"),
    (rule("port-moved", Breaking, Wire, Senders), "a service listens at another port"),
    (rule("published-port-moved", Warning, Wire, Senders), "the machine gives another port to those outside"),
    (rule("read-added", Warning, Behaviour, Both), "code reads a setting that it did not read before"),
    (rule("read-removed", Safe, Fine, Both), "code does not read a setting any more"),
    (
        rule("read-renamed", Warning, Behaviour, Both),
        "code reads a setting under another name, which has a value or a default",
    ),
    (rule("rpc-moved", Breaking, Wire, Senders), "an rpc is served under another name"),
    (rule("secret-parted", Breaking, Wire, Both), "a service is given another secret than those who share it"),
    (rule("service-added", Safe, Fine, Both), "there is a new service"),
    (rule("service-removed", Breaking, Wire, Senders), "a service is not deployed any more"),
    (rule("service-renamed", Breaking, Wire, Senders), "a service is reached under another name"),
    (rule("setting-added", Safe, Fine, Both), "a setting is given a value"),
    (rule("setting-changed", Warning, Behaviour, Both), "a setting has another value"),
    (rule("setting-removed", Warning, Behaviour, Both), "a setting has no value any more"),
    (rule("setting-unset", Breaking, Behaviour, Both), "code needs a setting that nothing sets"),
    (rule("shape-changed", Warning, Source, Builders), "a way in takes or gives another type"),
    (
        rule("store-parted", Breaking, Wire, Both),
        "a service uses another part of a store than those who share it with it",
    ),
    (rule("store-renamed", Breaking, Wire, Senders), "a store is told another name for what its clients use"),
    (rule("table-added", Safe, Fine, Both), "a table is used that was not before"),
    (rule("table-changed", Warning, Behaviour, Both), "another table is used"),
    (rule("table-columns", Breaking, Wire, Readers), "a table has other columns than those who use it ask for"),
    (rule("table-gone", Breaking, Wire, Both), "a table is not made any more, or under another name"),
    (rule("table-removed", Warning, Behaviour, Both), "a table is not used any more"),
    (rule("text-changed", Safe, Fine, Both), "a text for people, which nobody compares, is worded otherwise"),
    (rule("topic-added", Safe, Fine, Readers), "messages are sent that were not sent before"),
    (rule("topic-moved", Breaking, Wire, Readers), "messages go where their readers do not look"),
    (rule("topic-removed", Breaking, Wire, Readers), "messages are not sent any more"),
    (rule("word-changed", Breaking, Json, Both), "a key that others name too is spelled otherwise"),
];

/// A rule by its name. Unknown names get the one that says least; a test tries every name that is asked for.
pub(super) fn find(id: &str) -> &'static Rule {
    let found = RULES.iter().find(|(rule, _)| rule.id == id);
    found.map_or(&FALLBACK, |(rule, _)| rule)
}

static FALLBACK: Rule = rule("code-changed", Warning, Behaviour, Both);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_those_that_are_asked_for_exist() {
        assert!(RULES.is_sorted_by(|a, b| a.0.id < b.0.id));
        let sources = [
            include_str!("traffic.rs"),
            include_str!("settings.rs"),
            include_str!("fields.rs"),
            include_str!("code.rs"),
            include_str!("nodes.rs"),
            include_str!("gateways.rs"),
            include_str!("declared.rs"),
            include_str!("values.rs"),
            include_str!("parted.rs"),
            include_str!("spelled.rs"),
            include_str!("tables.rs"),
        ];
        for source in sources {
            for part in source.split("find(\"").skip(1) {
                let id = part.split('"').next().unwrap();
                assert_eq!(find(id).id, id);
            }
        }
    }
}
