//! Messages that scripts send and receive: Kafka, RabbitMQ, NATS, Redis, SQS and SNS, Pub/Sub, Service Bus, MQTT.
//! See `broker.md`.

use super::{options, subscriptions};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Message, Span, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "node-broker",
    version: 4,
    page: include_str!("broker.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let addresses = connections(code, sink);
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        let cx = Cx { code, site, callee: &callee, addresses: &addresses };
        let done = kafka(&cx, sink)
            || amqp(&cx, sink)
            || subscriptions::extract(&cx, sink)
            || subjects(&cx, sink)
            || aws(&cx, sink)
            || cloud(&cx, sink);
        if !done {
            continue;
        }
    }
    listeners(code, sink);
}

/// One call, with what is known of the file's connections.
pub(super) struct Cx<'a> {
    code: &'a Code<'a>,
    pub site: &'a Site<'a>,
    pub callee: &'a str,
    addresses: &'a [(System, Value)],
}

impl Cx<'_> {
    pub fn value(&self, expr: &Expr) -> Value {
        self.code.value(expr, self.site.function)
    }

    pub fn arg(&self, index: usize) -> Option<Value> {
        self.site.call.arg(index).map(|a| self.value(a))
    }

    pub fn key(&self, index: usize, names: &[&str]) -> Option<Value> {
        options::value(self.code, self.site.call.arg(index)?, self.site.function, names)
    }

    fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.site.call.name())
    }

    pub fn from(&self, modules: &[&str]) -> bool {
        modules.iter().any(|m| self.callee.starts_with(m))
    }

    /// The receiver's name in lower case: `this.channel` is `channel`.
    pub fn receiver(&self) -> String {
        let path = self.site.call.receiver().and_then(Expr::path).unwrap_or_default();
        path.rsplit('.').next().unwrap_or(&path).to_ascii_lowercase()
    }

    pub fn message(&self, system: System, publish: bool, topic: Value) -> Message {
        Message {
            address: self.addresses.iter().find(|(s, _)| *s == system).map(|(_, a)| a.clone()),
            ..Message::to(system, publish, topic, client(self.callee, system), self.code.within(self.site.function))
        }
    }

    pub fn state(&self, message: Message, sink: &mut Sink) {
        sink.stated(Claim::Message(message), self.site.span());
    }
}

fn client(callee: &str, system: System) -> seam_facts::SmolStr {
    match callee.split_once('#') {
        Some((module, _)) if !module.starts_with('.') => module.into(),
        _ => match system {
            System::Kafka => "kafkajs".into(),
            System::Rabbit => "amqplib".into(),
            _ => Default::default(),
        },
    }
}

/// Connections that are opened: canonical name, product, position of the address.
const CONNECTIONS: &[(&str, System, usize)] = &[
    ("kafkajs#Kafka", System::Kafka, 0),
    ("@confluentinc/kafka-javascript#KafkaJS.Kafka", System::Kafka, 0),
    ("node-rdkafka#Producer", System::Kafka, 0),
    ("node-rdkafka#HighLevelProducer", System::Kafka, 0),
    ("node-rdkafka#KafkaConsumer", System::Kafka, 0),
    ("kafka-node#KafkaClient", System::Kafka, 0),
    ("kafka-node#ConsumerGroup", System::Kafka, 0),
    ("kafka-node#Client", System::Kafka, 0),
    ("amqplib#connect", System::Rabbit, 0),
    ("amqplib/callback_api#connect", System::Rabbit, 0),
    ("amqp-connection-manager#connect", System::Rabbit, 0),
    ("amqp#createConnection", System::Rabbit, 0),
    ("amqp-ts#Connection", System::Rabbit, 0),
    ("amqp-ts-async#Connection", System::Rabbit, 0),
    ("rabbitmq-client#Connection", System::Rabbit, 0),
    ("rabbitmq-client#", System::Rabbit, 0),
    ("@golevelup/nestjs-rabbitmq#RabbitMQModule.forRoot", System::Rabbit, 1),
    ("@golevelup/nestjs-rabbitmq#RabbitMQModule.forRootAsync", System::Rabbit, 1),
    ("nats#connect", System::Nats, 0),
    ("@nats-io/transport-node#connect", System::Nats, 0),
    ("node-nats-streaming#connect", System::Nats, 2),
    ("mqtt#connect", System::Mqtt, 0),
    ("mqtt#connectAsync", System::Mqtt, 0),
    ("@azure/service-bus#ServiceBusClient", System::ServiceBus, 0),
    ("@azure/service-bus#ServiceBusClient.createFromConnectionString", System::ServiceBus, 0),
    ("@azure/event-hubs#EventHubProducerClient", System::EventHubs, 0),
    ("@azure/event-hubs#EventHubConsumerClient", System::EventHubs, 1),
    ("pulsar-client#Client", System::Pulsar, 0),
    ("stompit#connect", System::ActiveMq, 0),
    ("stompit#ConnectFailover", System::ActiveMq, 0),
];

/// Keys that hold brokers' addresses, beyond those of any options.
const BROKERS: &[&str] =
    &["brokers", "metadata.broker.list", "bootstrap.servers", "kafkaHost", "servers", "urls", "serviceUrl", "uri"];

fn connections(code: &Code<'_>, sink: &mut Sink) -> Vec<(System, Value)> {
    let mut out: Vec<(System, Value)> = Vec::new();
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        let Some((name, system, index)) = CONNECTIONS.iter().find(|(n, _, _)| *n == callee) else {
            continue;
        };
        let address = site.call.arg(*index).and_then(|a| address(code, a, site.function));
        let within = code.within(site.function);
        let client = name.split('#').next().unwrap_or(name).into();
        let store = |address| Claim::Store(Store { system: *system, address, database: None, client, within });
        match address {
            Some(address) => {
                out.push((*system, address.clone()));
                sink.stated(store(address), site.span());
            }
            // Without an address NATS and RabbitMQ clients dial the local machine.
            None => sink.stated(store(Value::default()), site.span()),
        }
    }
    out
}

fn address(code: &Code<'_>, arg: &Expr, function: usize) -> Option<Value> {
    let (resolved, at) = code.resolved(arg, function);
    match &resolved.kind {
        ExprKind::Object(_) => {
            if let Some((factory, at)) = options::key(code, resolved, at, "useFactory") {
                let (returned, at) = options::returned(code, factory, at)?;
                return address(code, returned, at);
            }
            if let Some((inner, at)) = options::key(code, resolved, at, "kafkaJS") {
                return address(code, inner, at);
            }
            options::value(code, resolved, at, BROKERS).or_else(|| options::address(code, resolved, at))
        }
        ExprKind::Lambda(_) => None,
        // Alternatives to fail over to.
        ExprKind::List(items) if items.first().is_some_and(|i| options::is_object(code, i, at)) => {
            address(code, items.first()?, at)
        }
        _ => {
            let value = code.value(arg, function);
            (!options::is_null(&value)).then_some(value)
        }
    }
}

const KAFKA: &[&str] = &["kafkajs#", "node-rdkafka#", "kafka-node#", "@confluentinc/kafka-javascript#"];

fn kafka(cx: &Cx<'_>, sink: &mut Sink) -> bool {
    let known = cx.from(KAFKA);
    match cx.site.call.name() {
        "send" => {
            // `{ topic, messages }` is Kafka's own shape, wherever the producer comes from.
            let (Some(topic), Some(_)) = (cx.key(0, &["topic"]), cx.key_expr(0, "messages")) else {
                return batch(cx, known, sink);
            };
            cx.state(cx.message(System::Kafka, true, topic), sink);
        }
        "sendBatch" => return batch(cx, known, sink),
        "produce" if known => {
            if let Some(topic) = cx.arg(0) {
                cx.state(cx.message(System::Kafka, true, topic), sink);
            }
        }
        "subscribe" if known || cx.receiver().contains("consumer") => {
            let topics = match cx.site.call.arg(0) {
                Some(arg) if options::is_object(cx.code, arg, cx.site.function) => {
                    ["topic", "topics"].iter().find_map(|k| options::key(cx.code, arg, cx.site.function, k))
                }
                Some(arg) if known => Some((arg, cx.site.function)),
                _ => None,
            };
            let Some((topics, at)) = topics else {
                return false;
            };
            for topic in each(cx.code, topics, at) {
                let group = group(cx);
                cx.state(Message { group, ..cx.message(System::Kafka, false, topic) }, sink);
            }
        }
        // `new Consumer(client, [{ topic }], options)` and `new ConsumerGroup(options, topics)`.
        "Consumer" | "ConsumerGroup" | "ConsumerStream" if cx.from(&["kafka-node#"]) => {
            let Some(list) = cx.site.call.arg(1) else { return true };
            let (list, at) = cx.code.resolved(list, cx.site.function);
            let items: Vec<&Expr> = match &list.kind {
                ExprKind::List(items) => items.iter().collect(),
                _ => vec![list],
            };
            // Topics that are added later (`addTopics`).
            if items.is_empty() {
                cx.state(cx.message(System::Kafka, false, Value::default()), sink);
            }
            for item in items {
                let topic = options::value(cx.code, item, at, &["topic"]).unwrap_or_else(|| cx.code.value(item, at));
                let group = cx.key(0, &["groupId"]).or_else(|| cx.key(2, &["groupId"]));
                cx.state(Message { group, ..cx.message(System::Kafka, false, topic) }, sink);
            }
        }
        _ => return false,
    }
    true
}

impl Cx<'_> {
    fn key_expr(&self, index: usize, name: &str) -> Option<&Expr> {
        options::key(self.code, self.site.call.arg(index)?, self.site.function, name).map(|(e, _)| e)
    }
}

/// `sendBatch({ topicMessages: [{ topic }] })`, `producer.send([{ topic, messages }])` of kafka-node.
fn batch(cx: &Cx<'_>, known: bool, sink: &mut Sink) -> bool {
    let Some(arg) = cx.site.call.arg(0) else {
        return false;
    };
    let function = cx.site.function;
    let list = options::key(cx.code, arg, function, "topicMessages").unwrap_or((arg, function));
    let (list, at) = cx.code.resolved(list.0, list.1);
    let ExprKind::List(items) = &list.kind else {
        return false;
    };
    let mut found = false;
    for item in items {
        if let Some(topic) = options::value(cx.code, item, at, &["topic"])
            && (known || options::key(cx.code, item, at, "messages").is_some())
        {
            found = true;
            cx.state(cx.message(System::Kafka, true, topic), sink);
        }
    }
    found
}

/// The values of a list, or the one value.
fn each(code: &Code<'_>, expr: &Expr, function: usize) -> Vec<Value> {
    let (resolved, at) = code.resolved(expr, function);
    match &resolved.kind {
        ExprKind::List(items) => items.iter().map(|i| code.value(i, at)).collect(),
        _ => vec![code.value(expr, function)],
    }
}

/// The consumer group of the consumer that subscribes.
fn group(cx: &Cx<'_>) -> Option<Value> {
    let (made, at) = cx.code.resolved(cx.site.call.receiver()?, cx.site.function);
    let call = made.as_call()?;
    options::value(cx.code, call.arg(0)?, at, &["groupId", "group.id"])
}

/// amqp-ts: exchanges and queues are objects that a connection declares.
fn declared(cx: &Cx<'_>, sink: &mut Sink) -> bool {
    if !cx.from(&["amqp-ts#", "amqp-ts-async#"]) {
        return false;
    }
    let publish = match cx.site.call.name() {
        "send" | "publish" | "rpc" => true,
        "activateConsumer" | "startConsumer" => false,
        _ => return false,
    };
    let Some(receiver) = cx.site.call.receiver() else { return false };
    let name = |expr: &Expr, function: usize| {
        let (made, at) = cx.code.resolved(expr, function);
        let call = made.as_call().filter(|c| matches!(c.name(), "declareExchange" | "declareQueue"))?;
        Some((cx.code.value(call.arg(0)?, at), call.name() == "declareExchange"))
    };
    let Some((own, exchange)) = name(receiver, cx.site.function) else { return false };
    // What a queue is bound to tells more than its name, which is often left to the broker.
    let bound = cx.code.calls_named(&["bind"]).into_iter().find_map(|s| name(s.call.arg(0)?, s.function));
    let from = if exchange { Some(own.clone()) } else { bound.map(|(to, _)| to).filter(|_| !publish) };
    let topic = if own.is_empty() { from.clone().unwrap_or_default() } else { own };
    cx.state(Message { exchange: from, ..cx.message(System::Rabbit, publish, topic) }, sink);
    true
}

fn amqp(cx: &Cx<'_>, sink: &mut Sink) -> bool {
    if declared(cx, sink) {
        return true;
    }
    let known = cx.from(&["amqplib", "amqp-connection-manager#", "@golevelup/nestjs-rabbitmq#", "amqp-ts#"]);
    let channel = known
        || ["channel", "ch", "chan", "channelwrapper"].contains(&cx.receiver().as_str())
        || cx.receiver().ends_with("channel");
    match cx.site.call.name() {
        "sendToQueue" => {
            let Some(queue) = cx.arg(0) else { return false };
            cx.state(cx.message(System::Rabbit, true, queue), sink);
        }
        "publish" if channel && cx.site.call.args.len() >= 3 => {
            let (Some(exchange), Some(key)) = (cx.arg(0), cx.arg(1)) else { return false };
            let topic = if exchange.is_empty() { key.clone() } else { exchange.clone() };
            let routing_key = Some(key).filter(|k| !k.is_empty());
            let exchange = Some(exchange).filter(|e| !e.is_empty());
            cx.state(Message { exchange, routing_key, ..cx.message(System::Rabbit, true, topic) }, sink);
        }
        // STOMP names a destination in its headers.
        "subscribe" | "send" if cx.key(0, &["destination"]).is_some() => {
            let Some(topic) = cx.key(0, &["destination"]) else { return false };
            let publish = cx.is(&["send"]);
            let client = "stomp".into();
            cx.state(Message { client, ..cx.message(System::ActiveMq, publish, topic) }, sink);
        }
        // No library calls it `subscribe` on a channel; many others do.
        "consume" | "subscribe" if (known || channel && cx.is(&["consume"])) && !cx.site.call.args.is_empty() => {
            let Some(queue) = cx.arg(0) else { return false };
            let (exchange, routing_key) = bound(cx, &queue);
            cx.state(Message { exchange, routing_key, ..cx.message(System::Rabbit, false, queue) }, sink);
        }
        _ => return false,
    }
    true
}

/// The exchange and key that this file binds a queue to: of this queue, or the only binding there is.
fn bound(cx: &Cx<'_>, queue: &Value) -> (Option<Value>, Option<Value>) {
    let bindings: Vec<(Value, Value, Value)> = cx
        .code
        .calls_named(&["bindQueue"])
        .into_iter()
        .filter_map(|s| {
            let value = |i| s.call.arg(i).map(|a| cx.code.value(a, s.function));
            Some((value(0)?, value(1)?, value(2).unwrap_or_default()))
        })
        .collect();
    let found = match bindings.as_slice() {
        [only] => Some(only),
        many => many.iter().find(|(q, _, _)| q == queue),
    };
    match found {
        Some((_, exchange, key)) => (Some(exchange.clone()), Some(key.clone()).filter(|k| !k.is_empty())),
        None => (None, None),
    }
}

/// Brokers whose clients publish to and subscribe subjects by name: NATS, MQTT, Redis.
fn subjects(cx: &Cx<'_>, sink: &mut Sink) -> bool {
    let system = if cx.from(&["nats#", "@nats-io/", "node-nats-streaming#"]) {
        System::Nats
    } else if cx.from(&["mqtt#", "async-mqtt#"]) {
        System::Mqtt
    } else if cx.from(&["redis#", "ioredis#", "async-redis#"]) {
        System::Redis
    } else {
        // A client that came from elsewhere, by its name.
        match cx.receiver() {
            name if name.contains("redis") => System::Redis,
            name if name.contains("nats") || matches!(name.as_str(), "stan" | "nc") => System::Nats,
            name if name.contains("mqtt") => System::Mqtt,
            _ => return false,
        }
    };
    let publish = match cx.site.call.name() {
        "publish" | "publishAsync" | "xadd" | "xAdd" => true,
        "request" | "requestOne" | "requestMany" if system == System::Nats => true,
        "subscribe" | "subscribeAsync" | "psubscribe" | "pSubscribe" | "queueSubscribe" => false,
        _ => return false,
    };
    let Some(arg) = cx.site.call.arg(0) else {
        return false;
    };
    for topic in each(cx.code, arg, cx.site.function) {
        // `stan.subscribe(subject, queueGroup)`, `nc.subscribe(subject, { queue })`.
        let group = match (system, publish) {
            (System::Nats, false) => cx.key(1, &["queue"]).or_else(|| {
                let second = cx.site.call.arg(1)?;
                let text = !matches!(second.kind, ExprKind::Lambda(_) | ExprKind::Object(_));
                text.then(|| cx.value(second)).filter(|_| cx.from(&["node-nats-streaming#"]))
            }),
            _ => None,
        };
        cx.state(Message { group, ..cx.message(system, publish, topic) }, sink);
    }
    true
}

/// Commands of Amazon's clients, and methods of the older one.
fn aws(cx: &Cx<'_>, sink: &mut Sink) -> bool {
    let callee = cx.callee;
    let sqs = cx.from(&["@aws-sdk/client-sqs#", "aws-sdk#SQS", "aws-sdk/clients/sqs#"]);
    let sns = cx.from(&["@aws-sdk/client-sns#", "aws-sdk#SNS", "aws-sdk/clients/sns#"]);
    let kinesis = cx.from(&["@aws-sdk/client-kinesis#", "aws-sdk#Kinesis"]);
    let name = cx.site.call.name();
    let (system, publish, keys): (System, bool, &[&str]) = match name {
        "SendMessageCommand" | "SendMessageBatchCommand" | "sendMessage" | "sendMessageBatch" if sqs => {
            (System::Sqs, true, &["QueueUrl"])
        }
        "ReceiveMessageCommand" | "receiveMessage" if sqs => (System::Sqs, false, &["QueueUrl"]),
        "PublishCommand" | "PublishBatchCommand" | "publish" if sns => (System::Sns, true, &["TopicArn", "TargetArn"]),
        "PutRecordCommand" | "PutRecordsCommand" | "putRecord" | "putRecords" if kinesis => {
            (System::Kinesis, true, &["StreamName", "StreamARN"])
        }
        "create" if callee.starts_with("sqs-consumer#") => (System::Sqs, false, &["queueUrl"]),
        "create" if callee.starts_with("sqs-producer#") => (System::Sqs, true, &["queueUrl"]),
        _ => return false,
    };
    let topic = cx.key(0, keys).unwrap_or_default();
    cx.state(cx.message(system, publish, topic), sink);
    true
}

/// Google's Pub/Sub, Azure's Service Bus and Event Hubs, Dapr.
fn cloud(cx: &Cx<'_>, sink: &mut Sink) -> bool {
    let below = |name: &str| {
        let receiver = cx.site.call.receiver()?;
        let (made, at) = cx.code.resolved(receiver, cx.site.function);
        let call = made.as_call().filter(|c| c.name() == name)?;
        call.arg(0).map(|a| cx.code.value(a, at))
    };
    if cx.from(&["@google-cloud/pubsub#"]) {
        if cx.is(&["publish", "publishMessage", "publishJSON"])
            && let Some(topic) = below("topic")
        {
            cx.state(cx.message(System::PubSub, true, topic), sink);
            return true;
        }
        if cx.is(&["on"])
            && let Some(subscription) = below("subscription")
            && cx.arg(0).and_then(|a| a.as_text()).is_some_and(|e| e == "message")
        {
            let group = Some(subscription.clone());
            cx.state(Message { group, ..cx.message(System::PubSub, false, subscription) }, sink);
            return true;
        }
    }
    if cx.from(&["@azure/service-bus#"]) && cx.is(&["createSender", "createReceiver"]) {
        let Some(queue) = cx.arg(0) else { return false };
        cx.state(cx.message(System::ServiceBus, cx.is(&["createSender"]), queue), sink);
        return true;
    }
    if cx.from(&["@dapr/dapr#"]) && cx.callee.contains(".pubsub.") && cx.is(&["publish", "subscribe"]) {
        let Some(topic) = cx.arg(1) else { return false };
        let message = Message { exchange: cx.arg(0), ..cx.message(System::Bus, cx.is(&["publish"]), topic) };
        cx.state(message, sink);
        return true;
    }
    false
}

/// Fields by which a publisher or listener class names its subject.
const SUBJECTS: &[&str] = &["subject", "topic", "queue", "channel", "eventName", "event", "routingKey", "pattern"];

/// `class OrderCreatedPublisher extends Publisher { subject = … }`: the base class, often of another file, does the
/// sending; and decorators of RabbitMQ's Nest module.
fn listeners(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        let publish = ty.supers.iter().find_map(|s| {
            let name = s.rsplit('.').next().unwrap_or(s);
            let ends = |words: &[&str]| words.iter().any(|w| name.ends_with(w));
            match (ends(&["Publisher", "Producer"]), ends(&["Listener", "Consumer", "Subscriber"])) {
                (true, false) => Some(true),
                (false, true) => Some(false),
                _ => None,
            }
        });
        let field = ty.fields.iter().find(|f| SUBJECTS.contains(&f.name.as_str()));
        if let (Some(publish), Some(field)) = (publish, field) {
            let group = ty.fields.iter().find(|f| f.name.to_ascii_lowercase().contains("group"));
            let value = |name: &str| code.eval_field(&ty.name, name, 12);
            let topic = value(&field.name);
            if field.init.is_some() && !topic.is_empty() {
                let message = nest_message(publish, System::Bus, topic, group.map(|g| value(&g.name)), ty.name.clone());
                sink.inferred(Claim::Message(message), field.span);
            }
        }
    }
    for function in &code.unit.functions {
        for annotation in &function.annotations {
            if !matches!(annotation.simple(), "RabbitSubscribe" | "RabbitRPC") {
                continue;
            }
            let Some(arg) = annotation.positional(0) else { continue };
            let of = |k: &str| options::value(code, arg, 0, &[k]);
            let topic = of("queue").or_else(|| of("exchange")).unwrap_or_default();
            let message = nest_message(false, System::Rabbit, topic, None, function.symbol());
            let message = Message { exchange: of("exchange"), routing_key: of("routingKey"), ..message };
            let at: Span = annotation.span;
            sink.stated(Claim::Message(message), at);
        }
    }
}

fn nest_message(
    publish: bool,
    system: System,
    topic: Value,
    group: Option<Value>,
    within: seam_facts::SmolStr,
) -> Message {
    Message { group, ..Message::to(system, publish, topic, Default::default(), within) }
}
