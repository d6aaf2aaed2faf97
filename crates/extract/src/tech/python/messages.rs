//! Messages that Python code sends and takes: AMQP clients, Kafka, NATS, Redis channels, clouds. See `messages.md`.

use super::shapes::{argument, callee, items, keyword, system_of};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Hole, Message, Policy, PolicyKind, SmolStr, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "python-messages",
    version: 2,
    page: include_str!("messages.md"),
    reads: Reads::Code { langs: &[Lang::Python], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let brokers = brokers(code, sink);
    for site in code.calls() {
        let cx = Cx { code, site, brokers: &brokers };
        let callee = callee(code, site);
        code.each_round(site.call, site.function, &mut || amqp(&cx, &callee, sink));
        kafka(&cx, &callee, sink);
        others(&cx, &callee, sink);
        clouds(&cx, &callee, sink);
    }
}

/// A call, and the brokers that this file connects to.
struct Cx<'c, 'a> {
    code: &'c Code<'a>,
    site: &'c Site<'a>,
    brokers: &'c [(System, Value)],
}

impl<'a> Cx<'_, 'a> {
    fn value(&self, names: &[&str], index: usize) -> Option<Value> {
        let named = names.iter().find_map(|n| keyword(self.code, self.site.call, n, self.site.function));
        named.or_else(|| self.site.call.arg(index)).map(|e| self.code.value(e, self.site.function))
    }

    fn message(&self, system: System, publish: bool, topic: Value, client: &str) -> Message {
        Message {
            address: self.brokers.iter().find(|(s, _)| *s == system).map(|(_, a)| a.clone()),
            ..Message::to(system, publish, known(topic), client.into(), self.code.within(self.site.function))
        }
    }

    fn state(&self, message: Message, sink: &mut Sink) {
        sink.stated(Claim::Message(message), self.site.span());
    }
}

/// A name that cannot be followed is no name.
fn known(value: Value) -> Value {
    if matches!(value.as_hole(), Some(Hole::Opaque(_))) { Value::default() } else { value }
}

/// Connections to brokers: package, functions or classes, product, keywords of the address, its position, the default.
type Opener = (&'static str, &'static [&'static str], System, &'static [&'static str], usize, &'static str);

const OPENERS: &[Opener] = &[
    ("pika", &["ConnectionParameters"], System::Rabbit, &["host"], 0, "localhost"),
    ("pika", &["URLParameters"], System::Rabbit, &["url"], 0, ""),
    ("aio_pika", &["connect", "connect_robust"], System::Rabbit, &["url", "host"], 0, "amqp://guest:guest@localhost/"),
    ("aioamqp", &["connect", "from_url"], System::Rabbit, &["host"], 0, "localhost"),
    ("amqp", &["Connection"], System::Rabbit, &["host"], 0, "localhost:5672"),
    ("kombu", &["Connection", "BrokerConnection"], System::Rabbit, &["hostname"], 0, "amqp://"),
    ("faststream", &["RabbitBroker"], System::Rabbit, &["url"], 0, ""),
    ("faststream", &["KafkaBroker"], System::Kafka, &["bootstrap_servers"], 0, "localhost"),
    ("faststream", &["NatsBroker"], System::Nats, &["servers"], 0, ""),
    ("dramatiq", &["RabbitmqBroker"], System::Rabbit, &["url", "host"], 9, ""),
    ("dramatiq", &["RedisBroker"], System::Redis, &["url", "host"], 9, ""),
    (
        "kafka",
        &["KafkaProducer", "KafkaConsumer", "KafkaAdminClient"],
        System::Kafka,
        &["bootstrap_servers"],
        99,
        "localhost:9092",
    ),
    (
        "aiokafka",
        &["AIOKafkaProducer", "AIOKafkaConsumer"],
        System::Kafka,
        &["bootstrap_servers"],
        99,
        "localhost:9092",
    ),
    (
        "confluent_kafka",
        &[
            "Producer",
            "Consumer",
            "SerializingProducer",
            "DeserializingConsumer",
            "AvroProducer",
            "AvroConsumer",
            "AdminClient",
            "AIOProducer",
        ],
        System::Kafka,
        &["bootstrap.servers"],
        0,
        "",
    ),
    ("faust", &["App"], System::Kafka, &["broker"], 99, "kafka://localhost:9092"),
    ("nats", &["connect"], System::Nats, &["servers"], 0, "nats://localhost:4222"),
    ("pulsar", &["Client"], System::Pulsar, &["service_url"], 0, ""),
    ("stomp", &["Connection", "Connection11", "Connection12"], System::ActiveMq, &["host_and_ports"], 0, ""),
    ("azure", &["ServiceBusClient"], System::ServiceBus, &["fully_qualified_namespace"], 0, ""),
];

fn brokers(code: &Code<'_>, sink: &mut Sink) -> Vec<(System, Value)> {
    let mut out = Vec::new();
    for site in code.calls() {
        let callee = callee(code, site);
        let name = site.call.name();
        let package = callee.split('.').next().unwrap_or("");
        if package == callee || callee.contains('(') {
            continue;
        }
        let from_text = name == "from_connection_string" && callee.contains("ServiceBusClient");
        let opener =
            OPENERS.iter().find(|o| o.0 == package && (o.1.contains(&name) || from_text && package == "azure"));
        // `client = NATS(); client.connect(…)` and MQTT's `client.connect(host, port)`.
        let mqtt = callee.starts_with("paho") && name == "connect";
        let (system, stated, default, package) = match opener {
            Some((package, _, system, words, position, default)) => {
                let config = site.call.arg(0).and_then(|e| code.literal(e, site.function));
                let config = config.and_then(|(e, f)| Some(code.value(words.iter().find_map(|w| e.key(w))?, f)));
                let stated =
                    words.iter().find_map(|w| keyword(code, site.call, w, site.function)).map(|e| (e, *position));
                let stated = stated.map(|(e, _)| e).or_else(|| site.call.arg(*position));
                let stated = stated.filter(|e| !matches!(e.kind, ExprKind::Object(_)));
                let value = config.or_else(|| stated.map(|e| code.value(e, site.function)));
                let port = keyword(code, site.call, "port", site.function).map(|e| code.value(e, site.function));
                (*system, value.map(|v| super::shapes::host_port(v, port)), *default, *package)
            }
            None if mqtt => {
                (System::Mqtt, site.call.arg_or("host", 0).map(|e| code.value(e, site.function)), "", "paho-mqtt")
            }
            None => continue,
        };
        let inferred = stated.is_none();
        let address = known(stated.unwrap_or_else(|| default.into()));
        if !address.is_empty() {
            let system = system_of(&address).filter(|_| package == "kombu").unwrap_or(system);
            out.push((system, address.clone()));
        }
        let store =
            Store { system, address, database: None, client: package.into(), within: code.within(site.function) };
        match inferred {
            true => sink.inferred(Claim::Store(store), site.span()),
            false => sink.stated(Claim::Store(store), site.span()),
        }
    }
    out
}

fn amqp(cx: &Cx<'_, '_>, callee: &str, sink: &mut Sink) {
    let call = cx.site.call;
    match call.name() {
        "basic_publish" => {
            let exchange = cx.value(&["exchange"], 0).filter(|v| !v.is_empty());
            let key = cx.value(&["routing_key"], 1).map(known).filter(|v| !v.is_empty());
            // Without an exchange the routing key is the queue.
            let topic = if exchange.is_none() { key.clone().unwrap_or_default() } else { Value::default() };
            let message = Message { exchange, routing_key: key, ..cx.message(System::Rabbit, true, topic, "pika") };
            cx.state(message, sink);
        }
        "basic_consume" => {
            let queue = keyword(cx.code, call, "queue", cx.site.function)
                .or_else(|| {
                    call.args.iter().filter(|a| a.name.is_none()).map(|a| &a.value).find(|e| e.as_str().is_some())
                })
                .or_else(|| call.arg(0));
            let queue = queue.map(|q| cx.code.value(q, cx.site.function)).unwrap_or_default();
            let queue = declared(cx.code, queue);
            cx.state(cx.message(System::Rabbit, false, queue.clone(), "pika"), sink);
            let acknowledged = ["auto_ack", "no_ack"].iter().find_map(|n| call.named(n));
            let policy = Policy {
                kind: PolicyKind::AckMode,
                on: cx.code.within(cx.site.function),
                attempts: None,
                millis: None,
                detail: match acknowledged.map(|e| &e.kind) {
                    Some(ExprKind::Bool(true)) => "pika, acknowledged on delivery".into(),
                    _ => "pika, acknowledged by the consumer".into(),
                },
                within: cx.code.within(cx.site.function),
            };
            sink.stated(Claim::Policy(policy), cx.site.span());
        }
        "queue_bind" => {
            // A queue that this code binds is one that it takes from.
            let (queue, exchange) = (cx.value(&["queue"], 0).unwrap_or_default(), cx.value(&["exchange"], 1));
            let key = cx.value(&["routing_key"], 2).map(known);
            let message = Message {
                exchange,
                routing_key: key,
                ..cx.message(System::Rabbit, false, declared(cx.code, queue), "pika")
            };
            cx.state(message, sink);
        }
        "publish" if cx.code.imports("aio_pika") || callee.starts_with("kombu.") => {
            let client = if cx.code.imports("aio_pika") { "aio_pika" } else { "kombu" };
            let key = cx.value(&["routing_key"], 1).map(known).filter(|v| !v.is_empty());
            let exchange = match client {
                "kombu" => call.named("exchange").map(|e| named(cx, e)),
                _ => call.receiver().map(|r| named(cx, r)).filter(|v| !v.to_string().ends_with("default_exchange")),
            };
            let exchange = exchange.map(known).filter(|v| !v.is_empty());
            let topic = if exchange.is_none() { key.clone().unwrap_or_default() } else { Value::default() };
            cx.state(Message { exchange, routing_key: key, ..cx.message(System::Rabbit, true, topic, client) }, sink);
        }
        "consume" | "iterator" if cx.code.imports("aio_pika") => {
            if let Some(queue) = call.receiver() {
                cx.state(cx.message(System::Rabbit, false, named(cx, queue), "aio_pika"), sink);
            }
        }
        "Consumer" if cx.code.imports("kombu") => {
            let Some(queues) = call.named("queues").or_else(|| call.arg(0)) else { return };
            for queue in items(cx.code, queues, cx.site.function) {
                cx.state(cx.message(System::Rabbit, false, named(cx, queue), "kombu"), sink);
            }
        }
        _ => {}
    }
}

/// `result.method.queue` of a queue without a name is no name.
fn declared(_code: &Code<'_>, queue: Value) -> Value {
    if queue.to_string().contains("method.queue") { Value::default() } else { queue }
}

/// The name that a queue or exchange object was declared with.
fn named(cx: &Cx<'_, '_>, expr: &Expr) -> Value {
    let (code, function) = (cx.code, cx.site.function);
    let made = code.unit.functions.iter().enumerate().find_map(|(index, f)| {
        let mut found = None;
        each(&f.body, &mut |target, value| {
            if found.is_none() && target.path().is_some() && target.path() == expr.path() {
                found = value.as_call().cloned();
            }
        });
        found.map(|c| (c, index))
    });
    let direct = expr.as_call().cloned().map(|c| (c, function));
    match direct.or(made) {
        Some((call, index))
            if matches!(
                call.name(),
                "Queue" | "Exchange" | "declare_queue" | "declare_exchange" | "get_exchange" | "get_queue"
            ) =>
        {
            call.arg_or("name", 0).map(|n| code.value(n, index)).unwrap_or_default()
        }
        _ => code.value(expr, function),
    }
}

fn each<'a>(stmts: &'a [crate::code::ir::Stmt], visit: &mut dyn FnMut(&'a Expr, &'a Expr)) {
    use crate::code::ir::Stmt;
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target, value, .. } => visit(target, value),
            Stmt::Block { body, .. } => each(body, visit),
            Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

fn kafka(cx: &Cx<'_, '_>, callee: &str, sink: &mut Sink) {
    let (code, call, f) = (cx.code, cx.site.call, cx.site.function);
    let kafka = ["kafka", "aiokafka", "confluent_kafka"].iter().find(|m| code.imports(m));
    let Some(client) = kafka else { return faust(cx, callee, sink) };
    let on = callee.rsplit_once('.').map(|(r, _)| r.to_ascii_lowercase()).unwrap_or_default();
    match call.name() {
        "send" | "send_and_wait" | "produce" if on.contains("producer") || call.name() == "produce" => {
            let topic = cx.value(&["topic"], 0).unwrap_or_default();
            cx.state(cx.message(System::Kafka, true, topic, client), sink);
        }
        "KafkaConsumer" | "AIOKafkaConsumer" => {
            let group = keyword(code, call, "group_id", f).map(|g| code.value(g, f));
            for topic in call.args.iter().filter(|a| a.name.is_none()) {
                let topic = code.value(&topic.value, f);
                cx.state(Message { group: group.clone(), ..cx.message(System::Kafka, false, topic, client) }, sink);
            }
        }
        "subscribe" if on.contains("consumer") => {
            let Some(topics) = argument(code, call, "topics", 0, f) else { return };
            let group = call.receiver().and_then(|r| code.maker(r, f)).and_then(|(made, function)| {
                let config = made.arg(0).and_then(|e| code.literal(e, function));
                let group = config.and_then(|(e, _)| e.key("group.id")).or_else(|| made.named("group_id"))?;
                Some(code.value(group, function))
            });
            for topic in items(code, topics, f) {
                let topic = code.value(topic, f);
                cx.state(Message { group: group.clone(), ..cx.message(System::Kafka, false, topic, client) }, sink);
            }
        }
        _ => {}
    }
}

fn faust(cx: &Cx<'_, '_>, callee: &str, sink: &mut Sink) {
    if callee == "faust.App.topic" {
        let topic = cx.value(&[], 0).unwrap_or_default();
        cx.state(cx.message(System::Kafka, false, topic, "faust"), sink);
    }
}

/// NATS, MQTT, Redis channels and streams, Pulsar, RQ.
fn others(cx: &Cx<'_, '_>, callee: &str, sink: &mut Sink) {
    let first = |index: usize| cx.value(&["subject", "channel", "topic", "name"], index).unwrap_or_default();
    let on = callee.rsplit_once('.').map(|(r, _)| r).unwrap_or("");
    let nats = cx.code.imports("nats") && !on.starts_with("redis");
    let redis = on.starts_with("redis.") || on.starts_with("aioredis.") || on.ends_with("pubsub()");
    let mqtt = on.starts_with("paho.");
    let pulsar = on.starts_with("pulsar.");
    let (system, publish, client) = match cx.site.call.name() {
        "publish" | "request" if nats => (System::Nats, true, "nats"),
        "subscribe" | "pull_subscribe" if nats => (System::Nats, false, "nats"),
        "publish" | "xadd" | "spublish" if redis => (System::Redis, true, "redis"),
        "subscribe" | "psubscribe" if redis => (System::Redis, false, "redis"),
        "publish" if mqtt => (System::Mqtt, true, "paho-mqtt"),
        "subscribe" if mqtt => (System::Mqtt, false, "paho-mqtt"),
        "create_producer" if pulsar => (System::Pulsar, true, "pulsar"),
        "subscribe" if pulsar => (System::Pulsar, false, "pulsar"),
        "xreadgroup" | "xread" if redis => {
            let streams = argument(
                cx.code,
                cx.site.call,
                "streams",
                if cx.site.call.name() == "xread" { 0 } else { 2 },
                cx.site.function,
            );
            if let Some((Expr { kind: ExprKind::Object(entries), .. }, _)) =
                streams.and_then(|s| cx.code.literal(s, cx.site.function))
            {
                for (stream, _) in entries {
                    cx.state(cx.message(System::Redis, false, Value::text(stream.clone()), "redis"), sink);
                }
            }
            return;
        }
        "enqueue" | "enqueue_in" | "enqueue_at" if on.starts_with("rq.") => {
            let made = cx.site.call.receiver().and_then(|r| cx.code.maker(r, cx.site.function));
            let queue = made.and_then(|(made, f)| Some(cx.code.value(made.arg_or("name", 0)?, f)));
            let payload = cx.site.call.arg(0).and_then(Expr::path).map(SmolStr::from);
            let message = cx.message(System::Redis, true, queue.unwrap_or_else(|| "default".into()), "rq");
            return cx.state(Message { payload, ..message }, sink);
        }
        "Worker" if callee.starts_with("rq.") => {
            let Some(queues) = cx.site.call.arg_or("queues", 0) else { return };
            for queue in items(cx.code, queues, cx.site.function) {
                cx.state(cx.message(System::Redis, false, cx.code.value(queue, cx.site.function), "rq"), sink);
            }
            return;
        }
        _ => return,
    };
    let group = ["queue", "subscription_name", "durable"]
        .iter()
        .find_map(|n| keyword(cx.code, cx.site.call, n, cx.site.function));
    let group = group.map(|g| cx.code.value(g, cx.site.function));
    cx.state(Message { group, ..cx.message(system, publish, first(0), client) }, sink);
}

/// Queues and topics of clouds, and Dapr.
fn clouds(cx: &Cx<'_, '_>, callee: &str, sink: &mut Sink) {
    let call = cx.site.call;
    let named = |name: &str| keyword(cx.code, call, name, cx.site.function).map(|e| cx.code.value(e, cx.site.function));
    let (system, publish, topic, client) = match call.name() {
        "send_message" | "send_message_batch" if call.named("QueueUrl").is_some() => {
            (System::Sqs, true, named("QueueUrl"), "boto3")
        }
        "receive_message" if call.named("QueueUrl").is_some() => (System::Sqs, false, named("QueueUrl"), "boto3"),
        "publish" if call.named("TopicArn").is_some() => (System::Sns, true, named("TopicArn"), "boto3"),
        "put_record" | "put_records" if call.named("StreamName").is_some() => {
            (System::Kinesis, true, named("StreamName"), "boto3")
        }
        "publish" if callee.contains("pubsub_v1") => {
            (System::PubSub, true, cx.value(&["topic"], 0), "google-cloud-pubsub")
        }
        "subscribe" | "pull" if callee.contains("pubsub_v1") => {
            (System::PubSub, false, cx.value(&["subscription"], 0), "google-cloud-pubsub")
        }
        "get_queue_sender" | "get_topic_sender" => {
            (System::ServiceBus, true, cx.value(&["queue_name", "topic_name"], 0), "azure-servicebus")
        }
        "get_queue_receiver" | "get_subscription_receiver" => {
            (System::ServiceBus, false, cx.value(&["queue_name", "topic_name"], 0), "azure-servicebus")
        }
        "publish_event" if cx.code.imports("dapr") => (System::Bus, true, cx.value(&["topic_name"], 1), "dapr"),
        _ => return,
    };
    let Some(topic) = topic else { return };
    // `publisher.topic_path(project, topic)` is worth its topic.
    let topic = match topic.as_hole() {
        Some(Hole::Result { callee, args }) if callee.ends_with("_path") => args.last().cloned().unwrap_or_default(),
        _ => topic,
    };
    cx.state(cx.message(system, publish, topic, client), sink);
}
