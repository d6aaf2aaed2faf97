//! A consumer whose effect happens twice when a message is delivered twice. See `redelivery_unsafe.md`.

use crate::stored::stem;
use crate::work::{Deed, What, adds, handling, intake_of, uniques};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Ack, Claim, SmolStr, System, WriteKind};
use seam_graph::{Detail, EdgeKind, Operation};
use std::collections::{BTreeSet, HashSet};

pub static RULE: Rule = Rule {
    id: "redelivery-unsafe",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("redelivery_unsafe.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    crate::unacked::unacked(cx, out);
    let mut told: BTreeSet<(String, u32)> = BTreeSet::new();
    for (node, _) in cx.graph.nodes.iter().enumerate() {
        let consumes: Vec<Operation> = cx
            .outgoing(node)
            .iter()
            .filter(|e| cx.edge(**e).kind == EdgeKind::QueueConsume)
            .flat_map(|e| (0..cx.edge(*e).details.len()).map(|detail| Operation { edge: *e, detail }))
            .filter(|o| delivers_again(cx, *o))
            .collect();
        if consumes.is_empty() {
            continue;
        }
        if mentions_in_node(cx, node) {
            continue;
        }
        let unique = uniques(cx, node);
        for operation in consumes {
            let Some(deed) = done_again(cx, node, operation, &unique) else { continue };
            if told.insert((deed.at.path.to_string(), deed.at.at.line)) {
                out.push(draft(cx, node, operation, &deed));
            }
        }
    }
}

/// What a consumer writes once more each time that a message is delivered.
pub(crate) fn done_again<'a>(
    cx: &Cx<'a>,
    node: usize,
    operation: Operation,
    unique: &HashSet<String>,
) -> Option<Deed<'a>> {
    let deeds = handling(cx, node, operation);
    deeds.into_iter().find(|d| {
        let grows = |w: &seam_facts::Write| adds(w, unique) && !is_record(&w.name) || w.kind == WriteKind::Add;
        matches!(d.what, What::Write(w) if grows(w)) && !guarded(cx, node, d, cx.detail(operation))
    })
}

/// Whether the broker hands a message out again that was not acknowledged, and this consumer lets it.
pub(crate) fn delivers_again(cx: &Cx<'_>, operation: Operation) -> bool {
    let detail = cx.detail(operation);
    let client = detail.client.to_ascii_lowercase();
    let product = matches!(
        cx.node(cx.edge(operation.edge).to).system,
        Some(
            System::Rabbit
                | System::Kafka
                | System::Sqs
                | System::PubSub
                | System::ServiceBus
                | System::EventHubs
                | System::Kinesis
                | System::Pulsar
                | System::ActiveMq
                | System::IbmMq
                | System::Solace
                | System::Jms
                | System::Bus
        )
    );
    // Eventuate keeps what it has received.
    let safe = ["eventuate", "tram", "nservicebus"].iter().any(|w| client.contains(w));
    let forgets = intake_of(cx, operation).is_some_and(|i| i.ack == Ack::Delivery);
    // Listeners of JMS are transacted unless they are told otherwise, whoever runs the broker.
    (product || client.contains("jetstream") || client.contains("jms")) && !safe && !forgets
}

/// Logs and histories bear a second line.
fn is_record(table: &str) -> bool {
    let name = stem(table);
    ["log", "audit", "history", "event", "metric", "trace", "outbox", "inbox"].iter().any(|w| name.contains(w))
}

/// Words of libraries that keep what was received, anywhere in the service.
pub(crate) fn mentions_in_node(cx: &Cx<'_>, node: usize) -> bool {
    const WORDS: [&str; 6] = [
        "EntityFrameworkOutbox",
        "InboxState",
        "UseInbox",
        "DuplicateDetection",
        "IdempotentConsumer",
        "IdempotentReceiver",
    ];
    cx.own_facts(node).any(|(_, fact)| match &fact.claim {
        Claim::Uses(uses) => {
            uses.functions.iter().flat_map(|(_, names)| names).any(|n| WORDS.iter().any(|w| n.contains(w)))
        }
        _ => false,
    })
}

/// Something on the way looks whether the work was done already.
pub(crate) fn guarded(cx: &Cx<'_>, node: usize, deed: &Deed<'_>, detail: &Detail) -> bool {
    const WORDS: [&str; 16] = [
        "dbupdateexception",
        "dataintegrity",
        "idempoten",
        "dedup",
        "duplicate",
        "processed",
        "already",
        "inbox",
        "exist",
        "isnew",
        "handled",
        "seen",
        "uniqueviolation",
        "integrityerror",
        "conflict",
        "firstordefault",
    ];
    const ASKS: [&str; 6] = ["find", "exists", "count", "first", "any", "singleordefault"];
    // Errors that tell a second time from the first come after the attempt; everything else has to be asked before it.
    const AFTER: [&str; 6] =
        ["duplicate", "uniqueviolation", "integrityerror", "conflict", "dbupdateexception", "dataintegrity"];
    let late = asked_after(cx, deed);
    let on_way = |symbol: &SmolStr| *symbol == detail.within || *symbol == deed.within || deed.way.contains(symbol);
    let mut files: Vec<&SmolStr> = cx.node(node).own.iter().chain(&cx.node(node).libraries).collect();
    files.retain(|p| **p == deed.at.path || **p == detail.at.path || deed.way.len() > 1);
    files.iter().any(|path| {
        cx.facts(path).iter().any(|fact| match &fact.claim {
            Claim::Uses(uses) => uses.functions.iter().filter(|(symbol, _)| on_way(symbol)).any(|(_, names)| {
                names.iter().any(|name| {
                    let lower = name.to_ascii_lowercase();
                    let in_time = !late.contains(name) || AFTER.iter().any(|w| lower.contains(w));
                    in_time && (WORDS.iter().any(|w| lower.contains(w)) || ASKS.iter().any(|w| lower.starts_with(w)))
                })
            }),
            _ => false,
        })
    })
}

/// What the function of a deed calls only after it: a look that comes too late.
fn asked_after<'a>(cx: &Cx<'a>, deed: &Deed<'_>) -> BTreeSet<&'a SmolStr> {
    let steps = cx.facts(&deed.at.path).iter().filter_map(|f| match &f.claim {
        Claim::Steps(steps) if steps.within == deed.within => Some(steps),
        _ => None,
    });
    steps.flat_map(|s| &s.calls).filter(|(line, _)| *line > deed.at.at.end_line).map(|(_, name)| name).collect()
}

fn draft(cx: &Cx<'_>, node: usize, operation: Operation, deed: &Deed<'_>) -> Draft {
    let detail = cx.detail(operation);
    let edge = cx.edge(operation.edge);
    let (service, broker) = (cx.name(node), cx.name(edge.to));
    let topic = detail.operation.split(' ').find(|p| !p.is_empty() && !p.contains('{'));
    let message = topic.map_or_else(|| "a message".to_owned(), |t| format!("a message of `{t}`"));
    let (does, table) = match deed.what {
        What::Write(w) => {
            let table = if w.name.is_empty() { "the database".to_owned() } else { format!("`{}`", w.name) };
            let verb = if w.kind == WriteKind::Add { "changes an amount in" } else { "inserts into" };
            (format!("{verb} {table}"), table)
        }
        What::Call(_) | What::Publish(_) => return Draft::new("", &deed.at, ""),
    };
    let mut draft = Draft::new(
        format!("{} {} {}", edge.key.as_str(), detail.operation, deed.at.path),
        &deed.at,
        format!("`{service}` {does} twice when {message} is delivered twice"),
    )
    .why(format!(
        "`{broker}` delivers again whatever was not acknowledged: when `{service}` stops, is redeployed or loses its connection after \
         the work and before the acknowledgement. Then it {does} once more, for nothing here tells the second time from the first: no \
         key that the message brings, no unique column of {table}, no record of what was done."
    ))
    .help("let the message bring a key and make it unique where the work is written (or record handled keys in the same transaction)")
    .about([edge.key.clone()])
    .certainty(detail.certainty)
    .link(&detail.at, format!("`{service}` takes {message} from `{broker}`"));
    if let Some((fact, path)) = intake_place(cx, operation) {
        draft =
            draft.link(&cx.evidence(path, fact, "acknowledged after the work"), "it is acknowledged after the work");
    }
    let way = if deed.way.len() > 1 { format!(" (by way of `{}`)", deed.way.join("` → `")) } else { String::new() };
    draft.link(&deed.at, format!("it {does}{way}"))
}

fn intake_place<'a>(cx: &Cx<'a>, operation: Operation) -> Option<(&'a seam_facts::Fact, &'a SmolStr)> {
    let detail: &'a Detail = cx.detail(operation);
    let within =
        |f: &&seam_facts::Fact| matches!(&f.claim, Claim::Intake(i) if i.ack == Ack::Last && i.within == detail.within);
    cx.facts(&detail.at.path).iter().find(within).map(|f| (f, &detail.at.path))
}
