//! Messages that a consumer has to acknowledge itself, and never does: the broker hands all of them out again at the next start. A part
//! of `redelivery-unsafe`.
//!
//! Invariant: the library acknowledges nothing by itself, the text says that it is not asked to, and nothing of the service's code so much
//! as names an acknowledgement.

use crate::{Cx, Draft};
use seam_facts::{Ack, Claim};
use seam_graph::{EdgeKind, NodeKind, is_test};

/// Libraries whose messages stay with the broker until code says so.
const MANUAL: [&str; 10] = [
    "pika",
    "php-amqplib",
    "lapin",
    "amqprs",
    "RabbitMQ.Client",
    "RabbitMQ Java client",
    "amqp091",
    "amqplib",
    "bunny",
    "AMQP",
];

pub(crate) fn unacked(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    for (id, node) in cx.graph.nodes.iter().enumerate().filter(|(_, n)| n.kind == NodeKind::Service) {
        let files = || node.own.iter().chain(&node.libraries).filter(|p| !is_test(p));
        let taken = files().flat_map(|path| cx.facts(path).iter().map(move |f| (path, f))).find_map(|(path, fact)| {
            let Claim::Intake(intake) = &fact.claim else { return None };
            let by_hand = intake.ack == Ack::Last && fact.how == seam_facts::How::Stated;
            (by_hand && MANUAL.contains(&intake.client.as_str())).then_some((path, fact, intake))
        });
        let Some((path, fact, intake)) = taken else { continue };
        let names = |path: &str| {
            cx.facts(path).iter().any(|f| match &f.claim {
                Claim::Uses(uses) => uses.functions.iter().flat_map(|(_, names)| names).any(|n| acknowledges(n)),
                Claim::Pass(pass) => acknowledges(pass.callee.rsplit(['.', '#', ':']).next().unwrap_or_default()),
                Claim::Steps(steps) => steps.calls.iter().any(|(_, n)| acknowledges(n)),
                _ => false,
            })
        };
        let consumes = cx.outgoing(id).iter().map(|e| cx.edge(*e)).find(|e| e.kind == EdgeKind::QueueConsume);
        let Some(edge) = consumes.filter(|_| !files().any(|p| names(p))) else { continue };
        let (service, broker) = (cx.name(id), cx.name(edge.to));
        let at = cx.evidence(path, fact, "takes messages to be acknowledged by hand");
        out.push(
            Draft::new(
                format!("{service} {} unacknowledged", intake.within),
                &at,
                format!("`{service}` takes messages of `{broker}` to acknowledge them itself, and never does"),
            )
            .why(format!(
                "`{broker}` keeps what was not acknowledged: the messages pile up as unacknowledged, a limit of messages under way stops the \
                 consumer, and with the next connection all of them are delivered and handled again."
            ))
            .help("acknowledge each message when its work is done, or let the broker forget it on delivery where a loss may be")
            .about([edge.key.clone()])
            .link(&at, format!("`{}` acknowledges nothing by itself here", intake.client))
            .link(edge.proof.first(), format!("`{service}` takes messages of `{broker}`")),
        );
    }
}

fn acknowledges(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "");
    let name = name.trim_end_matches("async").trim_start_matches("basic");
    matches!(
        name,
        "ack"
            | "nack"
            | "reject"
            | "acknowledge"
            | "ackall"
            | "nackall"
            | "acker"
            | "process"
            | "ackorrequeue"
            | "requeue"
            | "ackmessage"
            | "acknowledgemessage"
            | "accept"
            | "noack"
    )
}
