//! Messages that a consumer refuses, where nothing takes what is refused: a part of `lost-message`.
//!
//! Invariant: nothing in the workspace says that there is a dead letter exchange; whoever declares the queue may be another service.

use crate::keys::squash;
use crate::{Cx, Draft};
use seam_facts::{Ack, Claim, PolicyKind, SmolStr};
use seam_graph::{Certainty, EdgeKind};

pub fn refused(cx: &Cx<'_>, out: &mut Vec<Draft>) {
    let dead = |f: &seam_facts::Fact| match &f.claim {
        Claim::Policy(p) => p.kind == PolicyKind::DeadLetter,
        Claim::Setting(s) => {
            let key = squash(&s.key);
            ["deadletter", "dlq", "dlx", "dlt"].iter().any(|w| key.contains(w))
        }
        _ => false,
    };
    let mut places: Vec<(usize, &SmolStr, &seam_facts::Fact, Ack)> = Vec::new();
    for (node, it) in cx.graph.nodes.iter().enumerate() {
        for path in it.own.iter().chain(&it.libraries) {
            for fact in cx.facts(path) {
                if let Claim::Intake(intake) = &fact.claim
                    && matches!(intake.ack, Ack::Rejected | Ack::Requeued)
                    && !places.iter().any(|(_, p, f, _)| *p == path && f.at == fact.at)
                {
                    places.push((node, path, fact, intake.ack));
                }
            }
        }
    }
    // A queue may be declared by whoever sends, or by the broker's own configuration.
    if places.is_empty() || cx.base.facts().any(|(_, f)| dead(f)) {
        return;
    }
    for (node, path, fact, ack) in places {
        let consumes = |e: &&usize| {
            let edge = cx.edge(**e);
            edge.kind == EdgeKind::QueueConsume && cx.node(edge.to).system == Some(seam_facts::System::Rabbit)
        };
        let Some(edge) = cx.outgoing(node).iter().find(consumes).map(|e| cx.edge(*e)) else { continue };
        let Claim::Intake(intake) = &fact.claim else { continue };
        if ack == Ack::Requeued && counts_attempts(cx, path, &intake.within) {
            continue;
        }
        let (service, broker) = (cx.name(node), cx.name(edge.to));
        let (does, message, why, help) = match ack {
            Ack::Requeued => (
                "gives it back",
                format!("`{service}` gives failed messages back to `{broker}` at once, and nothing ends that"),
                format!(
                    "A message that cannot be handled comes back at once and fails again, as fast as `{service}` can read it: one bad \
                     message keeps the consumer busy and hides all others. No queue here has a dead letter exchange or a limit of \
                     deliveries that would take it out."
                ),
                "refuse it without requeueing, and give the queue a dead letter exchange (or a delivery limit)",
            ),
            _ => (
                "refuses it",
                format!("`{service}` refuses messages of `{broker}` that no dead letter exchange takes"),
                format!(
                    "A message that is refused without requeueing is dropped by `{broker}`, for no queue here is declared with a dead \
                     letter exchange: whatever made `{service}` refuse it, nobody can look at it or try again."
                ),
                "declare the queue with `x-dead-letter-exchange` and look at what arrives there",
            ),
        };
        let at = cx.evidence(path, fact, does);
        // One consumer that treats all its messages so is told once.
        let subject = format!("{service} {does}");
        if let Some(known) = out.iter_mut().find(|d| d.subject == subject) {
            let more = known.clone().link(&at, format!("`{service}` {does} here too"));
            *known = more;
            continue;
        }
        let draft = Draft::new(subject, &at, message)
            .why(why)
            .help(help)
            .about([edge.key.clone(), cx.node(node).key.clone()])
            .certainty(Certainty::Inferred)
            .open(format!("policies that are set on `{broker}` itself"))
            .link(&edge.details[0].at, format!("`{service}` takes messages from `{broker}`"))
            .link(&at, format!("`{service}` {does}"));
        out.push(draft);
    }
}

/// A function that knows how often a message came.
fn counts_attempts(cx: &Cx<'_>, path: &str, within: &str) -> bool {
    const WORDS: [&str; 6] = ["redeliver", "deliverycount", "xdeath", "attempt", "retr", "requeuecount"];
    cx.facts(path).iter().any(|f| match &f.claim {
        Claim::Uses(uses) => {
            let names = uses.functions.iter().filter(|(s, _)| s == within).flat_map(|(_, names)| names);
            names.map(|n| squash(n)).any(|n| WORDS.iter().any(|w| n.contains(w)))
        }
        _ => false,
    })
}
