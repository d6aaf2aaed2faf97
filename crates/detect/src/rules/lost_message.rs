//! A topic that nobody consumes, or nobody publishes to. See `lost_message.md`.

use crate::keys::{nearest, squash};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_graph::{Detail, Edge, EdgeKind};
use std::collections::{BTreeMap, BTreeSet};

pub static RULE: Rule = Rule {
    id: "lost-message",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: false,
    page: include_str!("lost_message.md"),
    find,
};

type Side<'a> = BTreeMap<&'a str, Vec<(&'a Edge, &'a Detail)>>;

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let mut brokers: BTreeMap<usize, (Side<'_>, Side<'_>)> = BTreeMap::new();
    for (_, edge, detail) in cx.operations() {
        let sides = brokers.entry(edge.to).or_default();
        match edge.kind {
            EdgeKind::QueuePublish => sides.0.entry(&detail.operation).or_default().push((edge, detail)),
            EdgeKind::QueueConsume => sides.1.entry(&detail.operation).or_default().push((edge, detail)),
            _ => {}
        }
    }
    for (broker, (published, consumed)) in &brokers {
        // A message whose topic is not known may go to, or come from, any of them.
        let open = |side: &Side<'_>| side.keys().any(|t| is_open(t)) || side.is_empty();
        let unresolved = |what: &str| cx.graph.unresolved.iter().any(|u| u.what == what);
        let told = !open(consumed) && !unresolved("queue consume");
        if told {
            alone(cx, *broker, published, consumed, true, false, out);
        }
        if !open(published) && !unresolved("queue publish") {
            alone(cx, *broker, consumed, published, false, told, out);
        }
    }
}

/// Topics of one side that the other does not know; with `told`, a pair was reported from the other side already.
fn alone(
    cx: &Cx<'_>,
    broker: usize,
    one: &Side<'_>,
    other: &Side<'_>,
    publishes: bool,
    told: bool,
    out: &mut Vec<Draft>,
) {
    let known: BTreeSet<String> = other.keys().flat_map(|t| names(t)).collect();
    // With nothing in common, names are made in a way that is not followed.
    let shares = |topic: &str| names(topic).iter().any(|n| known.contains(n));
    if !one.keys().any(|t| shares(t)) {
        return;
    }
    for (topic, uses) in one.iter().filter(|(t, _)| !is_open(t) && !shares(t) && !is_technical(t)) {
        let Some((edge, detail)) = uses.first() else { continue };
        let (service, store) = (cx.name(edge.from), cx.name(broker));
        let (does, nobody) = if publishes { ("publishes to", "consumes it") } else { ("consumes", "publishes to it") };
        // The other side's topic that is alone too, and is called nearly so, is most likely meant.
        let alone_too =
            other.keys().copied().filter(|t| !names(t).iter().any(|n| one.keys().any(|o| names(o).contains(n))));
        let near = nearest(topic, alone_too);
        // Without one, the other side is more likely outside, or in code that is not followed.
        if told || near.is_none() {
            continue;
        }
        let mut draft = Draft::new(
            format!("{} {store} {topic}", if publishes { "publish" } else { "consume" }),
            &detail.at,
            format!("`{service}` {does} `{topic}`, and nothing {nobody}"),
        )
        .why(match (publishes, near) {
            (true, Some(near)) => format!("Messages pile up or are dropped by `{store}`, while the consumer of `{near}` waits for messages that do not come."),
            (true, None) => format!("No service here reads `{topic}` from `{store}`: its messages pile up, or are dropped without a trace."),
            (false, Some(near)) => format!("The handler never runs; messages go to `{near}` instead."),
            (false, None) => format!("No service here sends to `{topic}` on `{store}`: the handler never runs."),
        })
        .about([edge.key.clone(), cx.node(edge.from).key.clone()])
        .help(match near {
            Some(near) => format!("use one name for `{topic}` and `{near}`"),
            None if publishes => "remove it, add the consumer, or accept it with a reason if somebody outside reads it".to_owned(),
            None => "remove the consumer, add the publisher, or accept it with a reason if somebody outside sends it".to_owned(),
        });
        for (edge, detail) in uses.iter().take(4) {
            draft = draft.link(&detail.at, format!("`{}` {does} `{topic}`", cx.name(edge.from)));
        }
        if let Some((near, uses)) = near.and_then(|n| other.get_key_value(n))
            && let Some((edge, detail)) = uses.first()
        {
            let does = if publishes { "consumes" } else { "publishes to" };
            draft = draft.link(&detail.at, format!("`{}` {does} `{near}`", cx.name(edge.from)));
        }
        out.push(draft);
    }
}

/// The names by which the other side may know it: exchange, routing key and queue are parts of one operation.
fn names(topic: &str) -> Vec<String> {
    let parts = topic.split(['/', ' ', '>', ',']).map(squash).filter(|p| !p.is_empty());
    parts.chain([squash(topic)]).collect()
}

fn is_open(topic: &str) -> bool {
    topic.is_empty() || topic.contains(['{', '*', '#', '$', '%', '?', '>'])
}

/// Retries, dead letters and replies have one side by nature.
fn is_technical(topic: &str) -> bool {
    let name = squash(topic);
    [
        "dlq",
        "deadletter",
        "dlt",
        "dlx",
        "retry",
        "error",
        "reply",
        "response",
        "poison",
        "notification",
        "changelog",
        "audit",
    ]
    .iter()
    .any(|w| name.contains(w))
}
