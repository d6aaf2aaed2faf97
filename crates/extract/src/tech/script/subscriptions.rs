//! What GraphQL servers publish for their own subscriptions. See `broker.md`.
//!
//! `pubsub.publish("ORDER_ADDED", …)` stays within the process unless a package puts a broker behind it (Redis, Kafka and the
//! like), which is often made in another file. Invariant: nothing is said of the broker where the file does not name it; linking
//! asks which package is installed, and forgets the message where there is none.

use super::broker::Cx;
use crate::code::ir::ExprKind;
use seam_facts::{Message, SUBSCRIPTIONS, System};

/// Classes of the packages that bring a broker, by the beginning of their canonical names.
const ENGINES: &[(&str, System)] = &[
    ("graphql-redis-subscriptions#", System::Redis),
    ("graphql-kafka-subscriptions#", System::Kafka),
    ("graphql-kafkajs-subscriptions#", System::Kafka),
    ("graphql-rabbitmq-subscriptions#", System::Rabbit),
    ("graphql-amqp-subscriptions#", System::Rabbit),
    ("graphql-nats-subscriptions#", System::Nats),
    ("graphql-mqtt-subscriptions#", System::Mqtt),
    ("@axelspringer/graphql-google-pubsub#", System::PubSub),
];

/// Modules whose objects carry subscriptions, whatever stands behind them.
const CARRIERS: &[&str] = &["graphql-subscriptions#", "graphql-yoga#", "@graphql-yoga/subscription#", "mercurius#"];

pub(super) fn extract(cx: &Cx<'_>, sink: &mut crate::Sink) -> bool {
    let engine = ENGINES.iter().find(|(module, _)| cx.callee.starts_with(module)).map(|(_, system)| *system);
    let named = || {
        let receiver = cx.receiver();
        let own = !cx.callee.contains('#') || cx.callee.starts_with(['.', '@', '~']) || cx.callee.starts_with("src/");
        (receiver.contains("pubsub") || receiver.contains("pub_sub")) && own && !cx.callee.contains("dapr")
    };
    if engine.is_none() && !cx.from(CARRIERS) && !named() {
        return false;
    }
    let publish = match cx.site.call.name() {
        "publish" => true,
        "asyncIterator" | "asyncIterableIterator" | "subscribe" => false,
        _ => return false,
    };
    // Mercurius has topic and payload in one object.
    let topics = match cx.site.call.arg(0).map(|arg| &arg.kind) {
        Some(ExprKind::Object(_)) => cx.key(0, &["topic"]).into_iter().collect(),
        Some(ExprKind::List(each)) => each.iter().map(|e| cx.value(e)).collect(),
        Some(_) => cx.arg(0).into_iter().collect::<Vec<_>>(),
        None => return false,
    };
    for topic in topics {
        let message = match engine {
            Some(system) => cx.message(system, publish, topic),
            None => Message { client: SUBSCRIPTIONS.into(), ..cx.message(System::Bus, publish, topic) },
        };
        cx.state(message, sink);
    }
    true
}
