//! Two services that take messages of one topic as one consumer group: each message reaches only one of the two. A part of
//! `lost-message`.
//!
//! Invariant: only where group and topic are known for both, and the two are built from different code: copies of one service share
//! their group on purpose, and so do variants of one.

use crate::keys::{by_node, squash};
use crate::{Cx, Draft};
use seam_facts::{Claim, Hole, SmolStr, System, Value};
use seam_graph::{Detail, Edge, EdgeKind, NodeKind, is_test};
use std::collections::BTreeMap;

/// Who takes one topic as one group.
type Takers<'a> = Vec<(&'a Edge, &'a Detail)>;

pub(crate) fn sharing(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let all = by_node(cx.graph);
    let mut groups: BTreeMap<(usize, &str, String), Takers<'_>> = BTreeMap::new();
    for (_, edge, detail) in cx.operations() {
        let ours = cx.node(edge.from).kind == NodeKind::Service && !is_test(&detail.at.path);
        if edge.kind != EdgeKind::QueueConsume || !ours || detail.operation.contains(['{', '*']) {
            continue;
        }
        let group = cx.facts(&detail.at.path).iter().filter(|f| f.at == detail.at.at).find_map(|f| match &f.claim {
            Claim::Message(m) if !m.publish && grouped(m.system, cx.node(edge.to).system) => m.group.as_ref(),
            _ => None,
        });
        let text = |value: &Value| -> Option<SmolStr> {
            if let Some(text) = value.as_text() {
                return Some(text);
            }
            let (key, default) = match value.as_hole()? {
                Hole::Env { name, default } => (name, default),
                Hole::Config { key, default } => (key, default),
                _ => return None,
            };
            let mut texts = all[edge.from].set.get(&squash(key)).into_iter().flatten().flat_map(|s| &s.texts);
            match (texts.next(), texts.next()) {
                (Some(text), None) => Some(text.clone()),
                (None, _) => default.as_ref()?.as_text(),
                _ => None,
            }
        };
        if let Some(group) = group.and_then(text).filter(|g| !g.is_empty()) {
            groups.entry((edge.to, &detail.operation, group.to_string())).or_default().push((edge, detail));
        }
    }
    for ((broker, topic, group), takers) in &groups {
        let Some((one, first)) = takers.first() else { continue };
        let other = takers.iter().find(|(edge, detail)| {
            let (a, b) = (cx.node(one.from), cx.node(edge.from));
            let (x, y) = (squash(&a.name), squash(&b.name));
            let variants = x.starts_with(&y) || y.starts_with(&x);
            edge.from != one.from && a.roots != b.roots && detail.at.path != first.at.path && !variants
        });
        let Some((edge, detail)) = other else { continue };
        let (a, b, store) = (cx.name(one.from), cx.name(edge.from), cx.name(*broker));
        out.push(
            Draft::new(
                format!("group {store} {topic} {group}"),
                &detail.at,
                format!("`{a}` and `{b}` take `{topic}` as one group, `{group}`"),
            )
            .why(format!(
                "`{store}` gives each message of `{topic}` to one member of the group `{group}` only: what `{a}` gets `{b}` never sees, and \
                 the other way round. With one partition, one of the two gets nothing at all."
            ))
            .help("give each service a group of its own")
            .about([one.key.clone(), edge.key.clone()])
            .link(&first.at, format!("`{a}` takes `{topic}` as `{group}`"))
            .link(&detail.at, format!("`{b}` does so too")),
        );
    }
}

/// Brokers that give each group everything, and each of its members a part.
fn grouped(said: System, broker: Option<System>) -> bool {
    let known = |s: System| {
        matches!(s, System::Kafka | System::Nats | System::Redis | System::Pulsar | System::EventHubs | System::PubSub)
    };
    known(said) || broker.is_some_and(known)
}
