//! Messages of Scala's streaming libraries: Alpakka Kafka, fs2-kafka, zio-kafka; Alpakka AMQP, fs2-rabbit, op-rabbit. See
//! `streams.md`.

use super::read::{SCALA, each_expr, listed};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Message, SmolStr, Span, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "scala-streams",
    version: 1,
    page: include_str!("streams.md"),
    reads: Reads::Code { langs: SCALA, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    kafka(code, sink);
    if [
        "akka.stream.alpakka.amqp",
        "org.apache.pekko.stream.connectors.amqp",
        "dev.profunktor.fs2rabbit",
        "com.spingo.op_rabbit",
    ]
    .iter()
    .any(|p| code.imports(p))
    {
        rabbit(code, sink);
    }
}

/// The settings of clients that documented configuration keys give their servers.
const CONFIGURED: &[(&str, &str)] = &[
    ("akka.kafka", "akka.kafka.consumer.kafka-clients.bootstrap.servers"),
    ("org.apache.pekko.kafka", "pekko.kafka.consumer.kafka-clients.bootstrap.servers"),
];

fn kafka(code: &Code<'_>, sink: &mut Sink) {
    let library =
        ["akka.kafka", "org.apache.pekko.kafka", "fs2.kafka", "zio.kafka"].into_iter().find(|p| code.imports(p));
    let mut servers: Vec<Value> = Vec::new();
    let mut told = |address: Value, function: usize, at: Span, sink: &mut Sink| {
        let within = code.within(function);
        servers.push(address.clone());
        let store = Store { system: System::Kafka, address, database: None, client: "kafka-clients".into(), within };
        sink.stated(Claim::Store(store), at);
    };
    for site in code.calls_named(&["withBootstrapServers"]) {
        if let Some(address) = site.call.arg(0) {
            told(code.value(address, site.function), site.function, site.span(), sink);
        }
    }
    for site in code.calls_named(&["ConsumerSettings", "ProducerSettings"]) {
        if let (Some("zio.kafka"), Some(list)) = (library, site.call.arg_or("bootstrapServers", 0)) {
            for address in listed(code, list, site.function) {
                told(address, site.function, site.span(), sink);
            }
        }
    }
    // Properties of plain clients in a map.
    let mut maps = Vec::new();
    each_expr(code, &mut |expr, function| {
        if let ExprKind::Object(entries) = &expr.kind {
            maps.extend(
                entries.iter().filter(|(k, _)| k == "bootstrap.servers").map(|(_, v)| (v, function, expr.span)),
            );
        }
    });
    for (value, function, at) in maps {
        told(code.value(value, function), function, at, sink);
    }
    let Some(library) = library else { return };
    let address = match servers.is_empty() {
        false => Some(Value::either(servers)),
        true => CONFIGURED.iter().find(|(p, _)| *p == library).map(|(_, key)| Value::config(*key, None)),
    };
    let client = match library {
        "fs2.kafka" => "fs2-kafka",
        "zio.kafka" => "zio-kafka",
        _ => "Alpakka Kafka",
    };
    let group =
        code.calls_named(&["withGroupId"]).into_iter().find_map(|s| Some(code.value(s.call.arg(0)?, s.function)));
    for site in code.calls_named(&[
        "topics",
        "topicPattern",
        "pattern",
        "assignmentWithOffset",
        "assignment",
        "subscribeTo",
        "subscribe",
    ]) {
        let on = site.call.receiver().map(|r| code.origin(r, site.function)).unwrap_or_default();
        let fits = match site.call.name() {
            "subscribeTo" => true,
            "subscribe" => library == "fs2.kafka" && on.to_ascii_lowercase().contains("consumer"),
            _ => on == "Subscriptions" || on == "Subscription",
        };
        if !fits {
            continue;
        }
        for topic in site.call.args.iter().flat_map(|a| listed(code, &a.value, site.function)) {
            message(
                code,
                &site,
                System::Kafka,
                false,
                topic,
                client,
                |m| {
                    m.address = address.clone();
                    m.group = group.clone();
                },
                sink,
            );
        }
    }
    // zio-kafka: `Producer.produce("orders", key, value, …)`.
    for site in code.calls_named(&["produce", "produceAsync", "produceChunk"]) {
        let on = site.call.receiver().map(|r| code.origin(r, site.function)).unwrap_or_default();
        let record = |e: &Expr| {
            code.origin(e, site.function).starts_with("ProducerRecord")
                || code.resolved(e, site.function).0.as_call().is_some_and(|c| c.name() == "ProducerRecord")
        };
        let several =
            (site.call.args.len() > 2 && !site.call.arg(0).is_some_and(record)) || site.call.named("topic").is_some();
        if let (true, Some(topic)) =
            (library == "zio.kafka" && on == "Producer" && several, site.call.arg_or("topic", 0))
        {
            let topic = code.value(topic, site.function);
            message(code, &site, System::Kafka, true, topic, client, |m| m.address = address.clone(), sink);
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "what a message is made of")]
fn message(
    code: &Code<'_>,
    site: &Site<'_>,
    system: System,
    publish: bool,
    topic: Value,
    client: &str,
    more: impl FnOnce(&mut Message),
    sink: &mut Sink,
) {
    let mut message = Message::to(system, publish, topic, client.into(), code.within(site.function));
    more(&mut message);
    sink.stated(Claim::Message(message), site.span());
}

/// What a wrapper of a name holds: `QueueName("orders")`.
fn unwrapped(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    let (made, at) = code.resolved(expr, function);
    match made.as_call().filter(|c| matches!(c.name(), "QueueName" | "ExchangeName" | "RoutingKey" | "Queue" | "queue"))
    {
        Some(call) => call.arg(0).map(|a| code.value(a, at)).unwrap_or_default(),
        None => code.value(expr, function),
    }
}

fn rabbit(code: &Code<'_>, sink: &mut Sink) {
    let mut address = None;
    let mut told = |value: Value, site: &Site<'_>, client: &str, sink: &mut Sink| {
        address = Some(value.clone());
        let client = SmolStr::from(client);
        let store = Store {
            system: System::Rabbit,
            address: value,
            database: None,
            client,
            within: code.within(site.function),
        };
        sink.stated(Claim::Store(store), site.span());
    };
    for site in code.calls_named(&[
        "AmqpUriConnectionProvider",
        "AmqpDetailsConnectionProvider",
        "Fs2RabbitConfig",
        "Fs2RabbitNodeConfig",
    ]) {
        let named = |n: &str| site.call.named(n).map(|e| code.value(e, site.function));
        let value = match (named("host"), named("port")) {
            (Some(host), Some(port)) => Some(host.then(":".into()).then(port)),
            (Some(host), None) => Some(host),
            _ => {
                site.call.arg(0).filter(|_| site.call.name().starts_with("Amqp")).map(|e| code.value(e, site.function))
            }
        };
        if let Some(value) = value {
            let client = if site.call.name().starts_with("Amqp") { "Alpakka AMQP" } else { "fs2-rabbit" };
            told(value, &site, client, sink);
        }
    }
    for site in code.calls_named(&[
        "NamedQueueSourceSettings",
        "createAutoAckConsumer",
        "createAckerConsumer",
        "createConsumer",
        "queue",
    ]) {
        let (at, client) = match site.call.name() {
            "NamedQueueSourceSettings" => (1, "Alpakka AMQP"),
            // op-rabbit: `channel(qos = 3) { consume(queue("orders")) { … } }`.
            "queue" if code.imports("com.spingo.op_rabbit") => (0, "op-rabbit"),
            "queue" => continue,
            _ => (0, "fs2-rabbit"),
        };
        if let Some(queue) = site.call.arg_or("queueName", at) {
            let topic = unwrapped(code, queue, site.function);
            let address = address.clone();
            message(code, &site, System::Rabbit, false, topic, client, |m| m.address = address, sink);
        }
    }
    for site in code.calls_named(&["createPublisher", "createBasicPublisher", "createRoutingPublisher"]) {
        let exchange = site.call.arg_or("exchangeName", 0).map(|e| unwrapped(code, e, site.function));
        let key = site.call.arg_or("routingKey", 1).map(|e| unwrapped(code, e, site.function));
        let address = address.clone();
        message(
            code,
            &site,
            System::Rabbit,
            true,
            Value::default(),
            "fs2-rabbit",
            |m| {
                (m.exchange, m.routing_key, m.address) = (exchange, key, address);
            },
            sink,
        );
    }
    for site in code.calls_named(&["withRoutingKey"]) {
        let on = site.call.receiver();
        let exchange = on.and_then(Expr::as_call).filter(|c| c.name() == "withExchange").and_then(|c| c.arg(0));
        let exchange = exchange.map(|e| code.value(e, site.function));
        let key = site.call.arg(0).map(|e| code.value(e, site.function));
        let address = address.clone();
        message(
            code,
            &site,
            System::Rabbit,
            true,
            Value::default(),
            "Alpakka AMQP",
            |m| {
                // Without an exchange the key is the queue.
                match exchange {
                    Some(exchange) => (m.exchange, m.routing_key) = (Some(exchange), key),
                    None => m.topic = key.unwrap_or_default(),
                }
                m.address = address;
            },
            sink,
        );
    }
    for site in code.calls_named(&["queue", "topic", "exchange"]) {
        if site.call.receiver().and_then(Expr::path).is_some_and(|p| p == "Message") {
            let topic = site.call.arg(1).map(|e| code.value(e, site.function)).unwrap_or_default();
            message(code, &site, System::Rabbit, true, topic, "op-rabbit", |_| {}, sink);
        }
    }
}
