//! Messages that are kept beside data until they are handed on: outboxes, change data capture, jobs that mend what is lost.
//!
//! Invariant: what a framework keeps, it keeps of all messages; an outbox that a program writes itself keeps those that it is given.

use crate::Cx;
use seam_facts::{Claim, SmolStr};
use std::collections::BTreeSet;

/// What a service keeps of its messages.
pub(crate) enum Keeping {
    Nothing,
    /// A framework, a connector or a job sees to all of them.
    All,
    /// An outbox of the program's own: what is not given to it is not kept.
    Own,
}

/// Whether the service keeps its messages beside its data, or mends what is lost.
pub(crate) fn of(cx: &Cx<'_>, node: usize) -> Keeping {
    if !keeps_messages(cx, node) {
        return Keeping::Nothing;
    }
    let files = || cx.node(node).own.iter().chain(&cx.node(node).libraries);
    // What the program defines under such a name.
    let mut defined: BTreeSet<String> = BTreeSet::new();
    let mut define = |name: &str| {
        let simple = name.rsplit(['.', ':', '#', '/']).next().unwrap_or(name);
        defined.insert(simple.to_ascii_lowercase());
    };
    for path in files() {
        let stem = path.rsplit('/').next().and_then(|f| f.split('.').next()).unwrap_or_default();
        define(stem);
        path.split('/').for_each(&mut define);
        for fact in cx.facts(path) {
            if let Claim::Uses(uses) = &fact.claim {
                uses.types.iter().for_each(|(t, _)| define(t));
                uses.functions.iter().for_each(|(f, _)| define(f));
            }
        }
    }
    let own = |name: &str| {
        let parts = name.split(['.', ':', '#', '/', '\\']).filter(|p| names_keeping(p));
        let parts: Vec<&str> = parts.collect();
        let outbox = |p: &&str| p.to_ascii_lowercase().replace(['_', '-'], "").contains("outbox");
        parts.iter().all(outbox) && parts.iter().all(|p| defined.contains(&p.to_ascii_lowercase()))
    };
    let foreign = |name: &SmolStr| names_keeping(name) && !own(name);
    // Repositories and mappers are asked by members that nobody writes (`findByStatus`): only those of a configuration are foreign.
    let configures = |name: &SmolStr| {
        let plain = name.to_ascii_lowercase();
        names_keeping(name)
            && !defined.contains(&plain)
            && ["add", "use", "enable", "with", "configure"].iter().any(|w| plain.starts_with(w))
    };
    let all = files().any(|path| {
        cx.facts(path).iter().any(|fact| match &fact.claim {
            Claim::Uses(uses) => {
                uses.imports.iter().any(foreign)
                    || uses.functions.iter().any(|(_, called)| called.iter().any(configures))
                    || uses.functions.iter().any(|(_, called)| called.iter().any(|n| mends(n)))
            }
            Claim::Depends(depends) => names_keeping(&depends.package),
            _ => false,
        })
    });
    if all { Keeping::All } else { Keeping::Own }
}

/// A job or a framework that finds what was not sent, whatever it was.
fn mends(name: &str) -> bool {
    names_keeping(name) && !name.to_ascii_lowercase().replace(['_', '-'], "").contains("outbox")
}

/// Whether a name is of what keeps messages beside data, or mends what is lost.
pub(crate) fn names_keeping(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "outbox",
        "debezium",
        "eventlog",
        "eventuate",
        "reconcil",
        "republish",
        "unpublished",
        "transactionaleventlistener",
        "axonframework",
        "eventstoredb",
        "changedatacapture",
        "modulith.events",
        "pendingevents",
        "undispatched",
        "eventpublication",
    ];
    let text = text.to_ascii_lowercase().replace(['_', '-'], "");
    WORDS.iter().any(|w| text.contains(w))
}

/// Whether the service keeps its messages beside its data, or mends what is lost: an outbox, change data capture, a job that
/// reconciles.
fn keeps_messages(cx: &Cx<'_>, node: usize) -> bool {
    let files = cx.node(node).own.iter().chain(&cx.node(node).libraries);
    files.into_iter().any(|path| {
        names_keeping(path)
            || cx.facts(path).iter().any(|fact| match &fact.claim {
                Claim::Uses(uses) => {
                    uses.imports.iter().any(|i| names_keeping(i))
                        || uses.types.iter().any(|(t, _)| names_keeping(t))
                        || uses
                            .functions
                            .iter()
                            .any(|(f, called)| names_keeping(f) || called.iter().any(|n| names_keeping(n)))
                }
                Claim::Write(write) => names_keeping(&write.name),
                Claim::Access(access) => access.name.as_text().is_some_and(|t| names_keeping(&t)),
                Claim::Depends(depends) => names_keeping(&depends.package),
                _ => false,
            })
    })
}
