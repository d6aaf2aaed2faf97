//! Two kinds of messages that set the same data, in whatever order they come. See `order_sensitive_update.md`.

use crate::stored::stem;
use crate::work::{Deed, What, handling};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Claim, WriteKind};
use seam_graph::{Certainty, EdgeKind, Operation};
use std::collections::BTreeMap;

pub static RULE: Rule = Rule {
    id: "order-sensitive-update",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: true,
    hypothesis: true,
    page: include_str!("order_sensitive_update.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for node in 0..cx.graph.nodes.len() {
        // Table → topic → who takes it, and the write.
        let mut tables: BTreeMap<String, BTreeMap<&str, (Operation, Deed<'_>)>> = BTreeMap::new();
        let consumes = cx.outgoing(node).iter().filter(|e| cx.edge(**e).kind == EdgeKind::QueueConsume);
        let operations =
            consumes.flat_map(|e| (0..cx.edge(*e).details.len()).map(|detail| Operation { edge: *e, detail }));
        for operation in operations {
            let topic = cx.detail(operation).operation.as_str();
            if topic.trim().is_empty() || topic.contains('{') {
                continue;
            }
            for deed in handling(cx, node, operation) {
                if let What::Write(write) = deed.what
                    && matches!(write.kind, WriteKind::Set | WriteKind::Upsert)
                    && !write.name.is_empty()
                {
                    tables.entry(stem(&write.name)).or_default().entry(topic).or_insert((operation, deed));
                }
            }
        }
        for (table, topics) in tables.iter().filter(|(_, t)| t.len() > 1) {
            // One place that all topics lead to is one way of handling them.
            let mut places: Vec<_> = topics.values().map(|(_, d)| (&d.at.path, d.at.at.line)).collect();
            places.dedup();
            if places.len() < 2 || topics.values().any(|(_, d)| knows_order(cx, d)) {
                continue;
            }
            out.push(draft(cx, node, table, topics));
        }
    }
}

/// The write, or what leads to it, compares versions, sequence numbers or times.
fn knows_order(cx: &Cx<'_>, deed: &Deed<'_>) -> bool {
    const WORDS: [&str; 9] =
        ["version", "sequence", "occurredat", "timestamp", "updatedat", "changedat", "etag", "ifmatch", "offset"];
    let names = |symbol: &str| deed.within == symbol || deed.way.iter().any(|w| w == symbol);
    cx.facts(&deed.at.path).iter().any(|fact| {
        let has = |n: &str| {
            let name: String = n.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_ascii_lowercase();
            WORDS.iter().any(|w| name.contains(w))
        };
        match &fact.claim {
            Claim::Uses(uses) => {
                uses.functions.iter().filter(|(s, _)| names(s)).any(|(_, all)| all.iter().any(|n| has(n)))
            }
            Claim::Columns(c) => names(&c.within) && c.columns.iter().any(|n| has(n)),
            _ => false,
        }
    })
}

fn draft(cx: &Cx<'_>, node: usize, stem: &str, topics: &BTreeMap<&str, (Operation, Deed<'_>)>) -> Draft {
    let service = cx.name(node);
    let written = topics.values().find_map(|(_, d)| match d.what {
        What::Write(w) => Some(w.name.as_str()),
        What::Publish(_) | What::Call(_) => None,
    });
    let table = written.unwrap_or(stem);
    let mut names: Vec<String> = topics.keys().map(|t| format!("`{t}`")).collect();
    let last = names.pop().unwrap_or_default();
    let all = format!("{} and {last}", names.join(", "));
    let Some((first, deed)) = topics.values().next() else {
        return Draft::new("", &cx.node(node).proof.first().clone(), "");
    };
    let mut draft = Draft::new(
        format!("{service} {stem}"),
        &deed.at,
        format!("`{service}` sets `{table}` from {all}, in whatever order they come"),
    )
    .why(format!(
        "Messages of {all} travel apart: a retry, a rebalance or a busy consumer lets the later one be handled first. Whichever comes \
         last wins, and `{table}` then says what is no longer true. No version, sequence number or time is compared."
    ))
    .help("let messages carry a version or a time and update only where it is newer, or send both kinds over one topic with one key")
    .about([cx.edge(first.edge).key.clone()])
    .certainty(Certainty::Inferred);
    for (topic, (operation, deed)) in topics {
        draft = draft
            .link(&cx.detail(*operation).at, format!("`{service}` takes `{topic}`"))
            .link(&deed.at, format!("and sets `{table}`"));
    }
    draft
}
