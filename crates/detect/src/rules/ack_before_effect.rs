//! Messages that are acknowledged before the work on them is done. See `ack_before_effect.md`.

use crate::effects::topic;
use crate::work::{Deed, Start, deeds, handling};
use crate::{Cx, Draft, Group, Rule, Severity};
use seam_facts::{Ack, Claim, Fact, How, Intake, PolicyKind, SmolStr};
use seam_graph::{Certainty, EdgeKind, Evidence, Operation};

pub static RULE: Rule = Rule {
    id: "ack-before-effect",
    group: Group::Interaction,
    severity: Severity::Warning,
    nursery: false,
    hypothesis: true,
    page: include_str!("ack_before_effect.md"),
    find,
};

fn find(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for (node, it) in cx.graph.nodes.iter().enumerate() {
        let takes = taken(cx, node);
        if takes.is_empty() {
            continue;
        }
        for path in it.own.iter().chain(&it.libraries) {
            for fact in cx.facts(path) {
                // What several services share is told once.
                if out.iter().any(|d| d.at.path == *path && d.at.at == fact.at) {
                    continue;
                }
                match &fact.claim {
                    Claim::Intake(intake) if !matches!(intake.ack, Ack::Last | Ack::Requeued | Ack::Rejected) => {
                        let at = cx.evidence(path, fact, when(intake.ack));
                        consumer(cx, node, &takes, path, intake, &at, fact, out);
                    }
                    // `spring.rabbitmq.listener.simple.acknowledge-mode: none`.
                    Claim::Policy(policy)
                        if policy.kind == PolicyKind::AckMode
                            && policy.on == "spring.rabbitmq.listener"
                            && policy.detail.to_ascii_lowercase().ends_with("none") =>
                    {
                        let intake = configured("Spring AMQP", Ack::Delivery);
                        let at = cx.evidence(path, fact, when(intake.ack));
                        consumer(cx, node, &takes, path, &intake, &at, fact, out);
                    }
                    // `spring.kafka.consumer.enable-auto-commit: true`: the container commits by itself, after the work, unless told so.
                    Claim::Policy(policy)
                        if policy.kind == PolicyKind::AckMode
                            && policy.on == "spring.kafka.consumer"
                            && policy.detail.ends_with("auto-commit true") =>
                    {
                        let intake = configured("Spring Kafka", Ack::Timer);
                        let at = cx.evidence(path, fact, when(intake.ack));
                        consumer(cx, node, &takes, path, &intake, &at, fact, out);
                    }
                    _ => {}
                }
            }
        }
    }
}

/// A consumer that only configuration tells how to acknowledge: of no function, with no work that is seen.
fn configured(client: &str, ack: Ack) -> Intake {
    Intake { client: client.into(), ack, does: Vec::new(), lines: (0, 0), within: SmolStr::default() }
}

fn taken(cx: &Cx<'_>, node: usize) -> Vec<Operation> {
    let consumes = |e: &&usize| cx.edge(**e).kind == EdgeKind::QueueConsume;
    let edges = cx.outgoing(node).iter().filter(consumes);
    edges.flat_map(|e| (0..cx.edge(*e).details.len()).map(|detail| Operation { edge: *e, detail })).collect()
}

#[expect(clippy::too_many_arguments, reason = "one consumer, as it was found")]
fn consumer(
    cx: &Cx<'_>,
    node: usize,
    takes: &[Operation],
    path: &SmolStr,
    intake: &Intake,
    at: &Evidence,
    fact: &Fact,
    out: &mut Vec<Draft>,
) {
    // The consumer whose function says so, or that stands beside it, or that uses the library that is told.
    let here = |o: &&Operation| cx.detail(**o).at.path == *path;
    let mine = |o: &&Operation| here(o) && cx.detail(**o).within == intake.within;
    let alike = |o: &&Operation| same_library(&cx.detail(**o).client, &intake.client);
    let mut chosen: Vec<Operation> = takes.iter().filter(mine).copied().collect();
    if chosen.is_empty() {
        chosen = takes.iter().filter(here).copied().collect();
    }
    if chosen.is_empty() && intake.ack != Ack::First {
        chosen = takes.iter().filter(alike).copied().collect();
    }
    if intake.ack == Ack::First && chosen.is_empty() {
        // Handlers stand apart from where they are registered.
        let reached = |o: &&Operation| {
            let detail = cx.detail(**o);
            let runs = cx.flows().runs(node, &detail.at.path, &detail.within, None);
            runs.iter().any(|(p, s, _)| p == path && *s == intake.within)
        };
        chosen = takes.iter().filter(reached).copied().collect();
    }
    for operation in chosen {
        let detail = cx.detail(operation);
        let done = if intake.ack == Ack::First {
            deeds(cx, Start { node, path, within: &intake.within, names: &intake.does, lines: intake.lines })
        } else {
            handling(cx, node, operation)
        };
        let Some(deed) = done.first() else {
            // What follows is not known to the end, but it is named as work.
            if let Some(work) = intake.does.iter().find(|n| is_work(n)).filter(|_| intake.ack == Ack::First) {
                out.push(unknown(cx, node, operation, at, work));
                break;
            }
            continue;
        };
        if may_be_lost(&detail.operation) || done.iter().all(|d| may_be_lost(&d.says(cx))) {
            continue;
        }
        out.push(draft(cx, node, operation, intake, at, fact, deed));
        // One setting for all listeners is told once.
        if intake.ack == Ack::First || intake.ack == Ack::Timer && intake.within.is_empty() && intake.lines == (0, 0) {
            break;
        }
    }
}

/// A name of something that is done with a message.
fn is_work(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "send", "handle", "process", "save", "create", "update", "insert", "publish", "store", "deliver", "notify",
        "dispatch",
    ]
    .iter()
    .any(|w| name.starts_with(w))
        && !name.contains("metric")
}

fn unknown(cx: &Cx<'_>, node: usize, operation: Operation, at: &Evidence, work: &str) -> Draft {
    let detail = cx.detail(operation);
    let edge = cx.edge(operation.edge);
    let (service, broker) = (cx.name(node), cx.name(edge.to));
    Draft::new(
        format!("{service} {} {work}", detail.operation),
        at,
        format!("`{service}` acknowledges a message before `{work}`"),
    )
    .why(format!(
        "The acknowledgement comes first, and `{work}` after it. When that fails or `{service}` stops in between, `{broker}` has \
         forgotten the message: nobody gets it again."
    ))
    .help("acknowledge when the work is done, and give the message back when it failed")
    .about([edge.key.clone()])
    .severity(Severity::Note)
    .certainty(Certainty::Inferred)
    .link(&detail.at, format!("`{service}` takes messages of `{broker}`"))
    .link(at, "it is acknowledged here")
    .open(format!("what `{work}` does is not followed to a store, a message or another service"))
}

fn draft(
    cx: &Cx<'_>,
    node: usize,
    operation: Operation,
    intake: &Intake,
    at: &Evidence,
    fact: &Fact,
    deed: &Deed<'_>,
) -> Draft {
    let detail = cx.detail(operation);
    let edge = cx.edge(operation.edge);
    let (service, broker) = (cx.name(node), cx.name(edge.to));
    let does = deed.says(cx);
    let topic = named(&detail.operation);
    let why = match intake.ack {
        Ack::Delivery => format!(
            "`{broker}` forgets a message when it delivers it ({}). When `{service}` stops, is killed or throws before \
             {does}, the message is gone: nobody gets it again, and no log tells.",
            intake.client
        ),
        Ack::Timer => format!(
            "{} commits what it has handed out in the background, every 5 s unless told otherwise, whatever the handler \
             has done by then. When `{service}` stops or throws before {does}, the next one starts behind that message.",
            intake.client
        ),
        Ack::First | Ack::Last | Ack::Requeued | Ack::Rejected => format!(
            "The acknowledgement comes first, and {does} after it. When `{service}` stops or throws in between, `{broker}` \
             has forgotten the message and the effect never happens."
        ),
    };
    let help = match intake.ack {
        Ack::Timer => "turn off the automatic commit (or store offsets yourself) and commit after the work",
        Ack::First => "acknowledge after the work, and make the work safe to repeat",
        Ack::Delivery | Ack::Last | Ack::Requeued | Ack::Rejected => {
            "acknowledge by hand after the work, and make the work safe to repeat"
        }
    };
    let mut draft = Draft::new(
        format!("{} {} {}", edge.key.as_str(), detail.operation, intake.within),
        at,
        format!(
            "{topic} {} {}, before `{service}` has done {does}",
            if topic == "messages" { "are" } else { "is" },
            when(intake.ack)
        ),
    )
    .why(why)
    .help(help)
    .about([edge.key.clone()])
    .certainty(if fact.how == How::Inferred { Certainty::Inferred } else { Certainty::Stated })
    .link(&detail.at, format!("`{service}` takes {topic} from `{broker}`"))
    .link(at, format!("it is {}", when(intake.ack)))
    .link(&deed.at, format!("the work: {does}"));
    for sender in cx.incoming(edge.to).iter().map(|e| cx.edge(*e)).filter(|e| e.kind == EdgeKind::QueuePublish) {
        if let Some(sent) = sender.details.iter().find(|d| !d.operation.is_empty() && d.operation == detail.operation) {
            draft = draft.link(&sent.at, format!("`{}` sends it, and does not send it again", cx.name(sender.from)));
            break;
        }
    }
    if intake.ack == Ack::Timer && fact.how == How::Inferred {
        draft = draft.severity(Severity::Note);
    }
    draft
}

fn when(ack: Ack) -> &'static str {
    match ack {
        Ack::Delivery => "acknowledged on delivery",
        Ack::Timer => "committed on a timer",
        Ack::First => "acknowledged first",
        Ack::Last => "acknowledged after the work",
        Ack::Requeued => "given back",
        Ack::Rejected => "refused",
    }
}

/// A topic for people.
fn named(operation: &str) -> String {
    match topic(operation) {
        "" => "messages".to_owned(),
        topic => format!("`{topic}`"),
    }
}

/// The client of a consumer and the library of a setting.
fn same_library(client: &str, library: &str) -> bool {
    let (client, library) = (client.to_ascii_lowercase(), library.to_ascii_lowercase());
    let family = |t: &str| {
        ["spring", "nest", "confluent", "rdkafka", "aiokafka", "kafka-go", "amqp", "pika", "rabbit", "service", "nats"]
            .into_iter()
            .find(|f| t.contains(f))
            .map(str::to_owned)
    };
    client == library || family(&client).is_some_and(|f| family(&library) == Some(f))
}

/// What may be lost without anybody missing it: measurements, traces, log lines.
fn may_be_lost(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "metric",
        "telemetry",
        "stats",
        "statistic",
        "analytic",
        "trace",
        "span",
        "heartbeat",
        "clickstream",
        "pageview",
        "logs",
        "logging",
        "monitor",
        "presence",
    ];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|w| name.contains(w))
}
