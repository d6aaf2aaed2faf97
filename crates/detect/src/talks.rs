//! Which services exchange something, and how.

use crate::Cx;
use seam_graph::{EdgeKind, is_test};
use std::collections::{BTreeMap, BTreeSet};

/// How two services exchange what they have declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Talk {
    Call,
    Message,
    Cache,
    /// Nothing shows how: both have a declaration of one name.
    Copy,
}

/// Who writes to a topic, and who reads from it.
type Ends = (BTreeSet<usize>, BTreeSet<usize>);

/// Pairs of services that exchange something, the caller or publisher first.
pub fn talks(cx: &Cx<'_>) -> BTreeMap<(usize, usize), Talk> {
    let mut out: BTreeMap<(usize, usize), Talk> = BTreeMap::new();
    let mut add = |a: usize, b: usize, talk: Talk| {
        if a != b && !out.contains_key(&(b, a)) {
            let known = out.entry((a, b)).or_insert(talk);
            *known = (*known).min(talk);
        }
    };
    let mut by_topic: BTreeMap<(usize, &str), Ends> = BTreeMap::new();
    let mut caches: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for edge in &cx.graph.edges {
        let details = || edge.details.iter().filter(|d| !is_test(&d.at.path));
        match edge.kind {
            EdgeKind::Http | EdgeKind::Grpc | EdgeKind::EventBus | EdgeKind::Websocket | EdgeKind::Tcp => {
                add(edge.from, edge.to, Talk::Call);
            }
            EdgeKind::QueuePublish => {
                for d in details() {
                    by_topic.entry((edge.to, &d.operation)).or_default().0.insert(edge.from);
                }
            }
            EdgeKind::QueueConsume => {
                for d in details() {
                    by_topic.entry((edge.to, &d.operation)).or_default().1.insert(edge.from);
                }
            }
            EdgeKind::Cache => {
                caches.entry(edge.to).or_default().insert(edge.from);
            }
            _ => {}
        }
    }
    for (from, to) in by_topic.values() {
        from.iter().for_each(|a| to.iter().for_each(|b| add(*a, *b, Talk::Message)));
    }
    // A topic that only one side names may be the other's that is unknown.
    let mut open: BTreeMap<usize, Ends> = BTreeMap::new();
    for ((broker, topic), (from, to)) in &by_topic {
        if topic.is_empty() || from.is_empty() != to.is_empty() {
            let known = open.entry(*broker).or_default();
            known.0.extend(from);
            known.1.extend(to);
        }
    }
    for (from, to) in open.values() {
        from.iter().for_each(|a| to.iter().for_each(|b| add(*a, *b, Talk::Message)));
    }
    // Whatever broker it goes through, one name is one topic.
    let mut nameless: BTreeMap<&str, Ends> = BTreeMap::new();
    let named = |value: &str| !value.is_empty() && !value.contains(['{', '*', '#']);
    for open in cx.graph.unresolved.iter().filter(|u| named(&u.value) && !is_test(&u.at.path)) {
        let ends = nameless.entry(&open.value).or_default();
        match open.what.as_str() {
            "queue publish" => drop(ends.0.insert(open.node)),
            "queue consume" => drop(ends.1.insert(open.node)),
            _ => {}
        }
    }
    for (topic, (from, to)) in &mut nameless {
        for (_, (others, takers)) in by_topic.iter().filter(|((_, known), _)| known == topic) {
            from.extend(others);
            to.extend(takers);
        }
        from.iter().for_each(|a| to.iter().for_each(|b| add(*a, *b, Talk::Message)));
    }
    for users in caches.values() {
        users.iter().for_each(|a| users.iter().filter(|b| a < *b).for_each(|b| add(*a, *b, Talk::Cache)));
    }
    out
}
