//! Messages in Rust: which call of which crate publishes or takes what. See `rust_data.md`.

use super::rust_data::{from_all_of, items, message, store};
use super::{address, unknown};
use crate::Sink;
use crate::code::ir::Expr;
use crate::code::{Code, Site};
use seam_facts::{Claim, Message, System, Value};

/// One call: the crate that is imported or named, a part of the path before it, its name, where the topic stands.
struct Says {
    krate: &'static str,
    on: &'static str,
    name: &'static str,
    topic: usize,
    system: System,
    publish: bool,
}

const fn says(
    krate: &'static str,
    on: &'static str,
    name: &'static str,
    topic: usize,
    system: System,
    publish: bool,
) -> Says {
    Says { krate, on, name, topic, system, publish }
}

const SAYS: &[Says] = &[
    says("kafka", "Record", "from_value", 0, System::Kafka, true),
    says("kafka", "Record", "from_key_value", 0, System::Kafka, true),
    says("kafka", "Consumer", "with_topic", 0, System::Kafka, false),
    says("kafka", "Consumer", "with_topic_partitions", 0, System::Kafka, false),
    says("rdkafka", "Record", "to", 0, System::Kafka, true),
    says("rdkafka", "", "subscribe", 0, System::Kafka, false),
    says("amqprs", "BasicConsumeArguments", "new", 0, System::Rabbit, false),
    says("pulsar", "producer()", "with_topic", 0, System::Pulsar, true),
    says("pulsar", "consumer()", "with_topic", 0, System::Pulsar, false),
    says("aws_sdk_sqs", "send_message", "queue_url", 0, System::Sqs, true),
    says("aws_sdk_sqs", "receive_message", "queue_url", 0, System::Sqs, false),
    says("aws_sdk_sns", "publish", "topic_arn", 0, System::Sns, true),
    says("google_cloud_pubsub", "", "topic", 0, System::PubSub, true),
    says("google_cloud_pubsub", "", "subscription", 0, System::PubSub, false),
    says("fred", "", "publish", 0, System::Redis, true),
    says("fred", "", "spublish", 0, System::Redis, true),
    says("fred", "", "subscribe", 0, System::Redis, false),
    says("fred", "", "psubscribe", 0, System::Redis, false),
    says("fred", "", "ssubscribe", 0, System::Redis, false),
    says("redis", "", "xadd", 0, System::Redis, true),
    says("redis", "", "xadd_map", 0, System::Redis, true),
    says("redis", "", "xread", 0, System::Redis, false),
    says("redis", "", "xread_options", 0, System::Redis, false),
    says("redis", "", "xreadgroup", 0, System::Redis, false),
];

/// Every message that a call states, and where brokers are that only messages go to.
pub(super) fn extract(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    named(code, site, callee, sink);
    brokers(code, site, callee, sink);
    rabbit(code, site, callee, sink);
    partitions(code, site, sink);
    subjects(code, site, callee, sink);
}

fn of(code: &Code<'_>, callee: &str, krate: &str) -> bool {
    callee.split(['.', '(']).next() == Some(krate)
        || code.imports(krate) && !code.imports(&format!("r{krate}"))
        || from_all_of(code, krate, callee)
}

fn named(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let name = site.call.name();
    let before = callee.rsplit_once('.').map_or("", |(before, _)| before);
    let fits = |s: &&Says| s.name == name && (s.on.is_empty() || before.contains(s.on)) && of(code, callee, s.krate);
    let Some(known) = SAYS.iter().find(fits) else { return };
    let Some(argument) = site.call.arg(known.topic) else { return };
    for topic in items(code, argument, site.function) {
        let found = message(code, site, known.system, known.publish, topic, known.krate);
        sink.stated(Claim::Message(found), site.span());
    }
}

/// Where a broker is: `ClientConfig::new().set("bootstrap.servers", x)`, `Producer::from_hosts(hosts)`.
fn brokers(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let name = site.call.name();
    let at = |e: &Expr| {
        let first = items(code, e, site.function).into_iter().next().unwrap_or_default();
        if unknown(&first) { address(code, e, site.function) } else { first }
    };
    let (system, client, argument) = match name {
        "set" if site.call.args.len() == 2 => {
            let key = site.call.arg(0).map(|e| code.value(e, site.function)).and_then(|v| v.as_text());
            if !matches!(key.as_deref(), Some("bootstrap.servers" | "metadata.broker.list")) {
                return;
            }
            (System::Kafka, "rdkafka", site.call.arg(1))
        }
        "from_hosts" if of(code, callee, "kafka") => (System::Kafka, "kafka", site.call.arg(0)),
        "new" if callee.ends_with("ClientBuilder.new") && of(code, callee, "rskafka") => {
            (System::Kafka, "rskafka", site.call.arg(0))
        }
        "new" if callee.ends_with("OpenConnectionArguments.new") => (System::Rabbit, "amqprs", site.call.arg(0)),
        "insecure_open" | "open" | "open_tuned" if callee.starts_with("amiquip") => {
            (System::Rabbit, "amiquip", site.call.arg(0))
        }
        _ => return,
    };
    if let Some(argument) = argument {
        store(code, site, system, at(argument), client, sink);
    }
}

/// rskafka asks for a partition, and then either produces or fetches.
fn partitions(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    if site.call.name() != "partition_client" || !code.imports("rskafka") {
        return;
    }
    let Some(topic) = site.call.arg(0).map(|e| code.value(e, site.function)) else { return };
    for (names, publish) in [(&["produce"][..], true), (&["fetch_records", "StreamConsumerBuilder"], false)] {
        let uses = |s: &Site<'_>| {
            names.iter().any(|n| s.call.name() == *n || s.call.callee.path().is_some_and(|p| p.contains(n)))
        };
        if code.calls().iter().any(uses) {
            sink.stated(
                Claim::Message(message(code, site, System::Kafka, publish, topic.clone(), "rskafka")),
                site.span(),
            );
        }
    }
}

/// Channels of AMQP: lapin's and amiquip's calls, amqprs's arguments.
fn rabbit(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let value = |i: usize| site.call.arg(i).map(|e| code.value(e, site.function)).filter(|v| !unknown(v));
    let through = |exchange: Option<Value>, key: Option<Value>, client: &str| {
        let topic = if exchange.is_none() { key.clone().unwrap_or_default() } else { Value::default() };
        let mut found = message(code, site, System::Rabbit, true, topic, client);
        found.exchange = exchange;
        found.routing_key = key;
        found
    };
    let bound = |queue: usize, client: &str| {
        let mut found = message(code, site, System::Rabbit, false, value(queue).unwrap_or_default(), client);
        found.exchange = value(queue + 1);
        found.routing_key = value(queue + 2);
        found
    };
    let lapin = code.imports("lapin") || callee.starts_with("lapin");
    let found: Message = match (site.call.name(), site.call.args.len()) {
        ("basic_publish", 5) if lapin => through(value(0), value(1), "lapin"),
        ("basic_consume", 4) if lapin => {
            message(code, site, System::Rabbit, false, value(0).unwrap_or_default(), "lapin")
        }
        ("queue_bind", 5) if lapin => bound(0, "lapin"),
        ("new", 2) if callee.ends_with("BasicPublishArguments.new") => through(value(0), value(1), "amqprs"),
        ("new", 3) if callee.ends_with("QueueBindArguments.new") => bound(0, "amqprs"),
        ("new", 2) if callee.starts_with("amiquip") && callee.ends_with("Publish.new") => {
            through(None, value(1), "amiquip")
        }
        ("queue_declare", 2) if code.imports("amiquip") && code.calls().iter().any(|s| s.call.name() == "consume") => {
            message(code, site, System::Rabbit, false, value(0).unwrap_or_default(), "amiquip")
        }
        _ => return,
    };
    sink.stated(Claim::Message(found), site.span());
}

/// NATS, MQTT and Redis channels.
fn subjects(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let has = |name: &str| callee.starts_with(name) || code.imports(name);
    let system = if has("async_nats") || has("nats") {
        System::Nats
    } else if has("rumqttc") || has("paho_mqtt") {
        System::Mqtt
    } else if has("redis") {
        System::Redis
    } else {
        return;
    };
    let publish = match (site.call.name(), site.call.args.len()) {
        ("publish" | "publish_with_headers" | "request", 2..=4) => true,
        ("subscribe" | "queue_subscribe" | "psubscribe", 1..=2) => false,
        _ => return,
    };
    if callee.starts_with("rdkafka") || callee.contains("Kafka") {
        return;
    }
    let topic = site.call.arg(0).map(|e| code.value(e, site.function)).unwrap_or_default();
    if unknown(&topic) {
        return;
    }
    let mut found = message(code, site, system, publish, topic, "");
    found.client = match system {
        System::Nats => "async_nats".into(),
        System::Mqtt => "rumqttc".into(),
        _ => "redis".into(),
    };
    if site.call.name() == "queue_subscribe" {
        found.group = site.call.arg(1).map(|e| code.value(e, site.function));
    }
    sink.stated(Claim::Message(found), site.span());
}
