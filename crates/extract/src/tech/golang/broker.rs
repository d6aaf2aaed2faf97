//! Kafka, RabbitMQ, NATS, cloud queues and buses in Go. See `broker.md`.

use super::client::unknown;
use super::handlers::handles;
use super::{each_assign, items, key_of, literal, split};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Message, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "go-broker",
    version: 6,
    page: include_str!("broker.md"),
    reads: Reads::Code { langs: &[Lang::Go], extract },
};

/// Functions that connect to a broker: part of the package's path, function, system, position of the address.
const CONNECTS: &[(&str, &str, System, usize)] = &[
    ("sarama", "NewSyncProducer", System::Kafka, 0),
    ("sarama", "NewAsyncProducer", System::Kafka, 0),
    ("sarama", "NewClient", System::Kafka, 0),
    ("sarama", "NewConsumer", System::Kafka, 0),
    ("sarama", "NewConsumerGroup", System::Kafka, 0),
    ("sarama", "NewClusterAdmin", System::Kafka, 0),
    ("segmentio/kafka-go", "Dial", System::Kafka, 1),
    ("segmentio/kafka-go", "DialContext", System::Kafka, 2),
    ("segmentio/kafka-go", "DialLeader", System::Kafka, 2),
    ("twmb/franz-go", "SeedBrokers", System::Kafka, 0),
    ("amqp091-go", "Dial", System::Rabbit, 0),
    ("amqp091-go", "DialConfig", System::Rabbit, 0),
    ("amqp091-go", "DialTLS", System::Rabbit, 0),
    ("streadway/amqp", "Dial", System::Rabbit, 0),
    ("streadway/amqp", "DialConfig", System::Rabbit, 0),
    ("streadway/amqp", "DialTLS", System::Rabbit, 0),
    // AMQP 1.0: whichever broker the address names.
    ("Azure/go-amqp", "Dial", System::Bus, 1),
    ("wagslane/go-rabbitmq", "NewConn", System::Rabbit, 0),
    ("nats-io/nats.go", "Connect", System::Nats, 0),
    ("nats-io/go-nats", "Connect", System::Nats, 0),
    ("nats-io/nats", "Connect", System::Nats, 0),
    ("stan.go", "NatsURL", System::Nats, 0),
    ("go-nats-streaming", "NatsURL", System::Nats, 0),
    ("nsqio/go-nsq", "NewProducer", System::Bus, 0),
    ("lovoo/goka", "NewEmitter", System::Kafka, 0),
    ("lovoo/goka", "NewProcessor", System::Kafka, 0),
    ("lovoo/goka", "NewView", System::Kafka, 0),
    ("paho.mqtt.golang", "NewClientOptions().AddBroker", System::Mqtt, 0),
    ("paho.mqtt.golang", "ClientOptions.AddBroker", System::Mqtt, 0),
    ("go-stomp/stomp", "Dial", System::ActiveMq, 1),
    ("azservicebus", "NewClientFromConnectionString", System::ServiceBus, 0),
    ("azservicebus", "NewClient", System::ServiceBus, 0),
    ("azeventhubs", "NewProducerClientFromConnectionString", System::EventHubs, 0),
    ("watermill-amqp", "NewDurableQueueConfig", System::Rabbit, 0),
    ("watermill-amqp", "NewDurablePubSubConfig", System::Rabbit, 0),
];

/// Options literals with a broker's address: part of the package's path, type, system, key.
const OPTIONS: &[(&str, &str, System, &str)] = &[
    ("segmentio/kafka-go", "Writer", System::Kafka, "Addr"),
    ("segmentio/kafka-go", "WriterConfig", System::Kafka, "Brokers"),
    ("segmentio/kafka-go", "ReaderConfig", System::Kafka, "Brokers"),
    ("confluent-kafka-go", "ConfigMap", System::Kafka, "bootstrap.servers"),
    ("watermill-kafka", "PublisherConfig", System::Kafka, "Brokers"),
    ("watermill-kafka", "SubscriberConfig", System::Kafka, "Brokers"),
    ("pulsar-client-go", "ClientOptions", System::Pulsar, "URL"),
    ("hibiken/asynq", "RedisClientOpt", System::Redis, "Addr"),
    ("watermill-nats", "PublisherConfig", System::Nats, "URL"),
    ("watermill-nats", "SubscriberConfig", System::Nats, "URL"),
];

/// Literals that name a topic: part of the package's path, type, system, key of the topic, key of the group, publishes.
const TOPICS: &[(&str, &str, System, &str, &str, bool)] = &[
    ("sarama", "ProducerMessage", System::Kafka, "Topic", "", true),
    ("segmentio/kafka-go", "Writer", System::Kafka, "Topic", "", true),
    ("segmentio/kafka-go", "WriterConfig", System::Kafka, "Topic", "", true),
    ("segmentio/kafka-go", "Message", System::Kafka, "Topic", "", true),
    ("segmentio/kafka-go", "ReaderConfig", System::Kafka, "Topic", "GroupID", false),
    ("segmentio/kafka-go", "ReaderConfig", System::Kafka, "GroupTopics", "GroupID", false),
    ("confluent-kafka-go", "TopicPartition", System::Kafka, "Topic", "", true),
    ("franz-go/pkg/kgo", "Record", System::Kafka, "Topic", "", true),
    ("pulsar-client-go", "ProducerOptions", System::Pulsar, "Topic", "", true),
    ("pulsar-client-go", "ConsumerOptions", System::Pulsar, "Topic", "SubscriptionName", false),
    ("nats.go", "Msg", System::Nats, "Subject", "", true),
    ("jetstream", "ConsumerConfig", System::Nats, "FilterSubject", "Durable", false),
    ("service/sqs", "SendMessageInput", System::Sqs, "QueueUrl", "", true),
    ("service/sqs", "SendMessageBatchInput", System::Sqs, "QueueUrl", "", true),
    ("service/sqs", "ReceiveMessageInput", System::Sqs, "QueueUrl", "", false),
    ("service/sns", "PublishInput", System::Sns, "TopicArn", "", true),
    ("service/sns", "SubscribeInput", System::Sns, "TopicArn", "", false),
    ("service/kinesis", "PutRecordInput", System::Kinesis, "StreamName", "", true),
    ("service/kinesis", "GetShardIteratorInput", System::Kinesis, "StreamName", "", false),
    ("eventbridge/types", "PutEventsRequestEntry", System::Bus, "DetailType", "", true),
    ("dapr/go-sdk/service/common", "Subscription", System::Bus, "Topic", "", false),
    ("redis", "XAddArgs", System::Redis, "Stream", "", true),
    ("redis", "XReadGroupArgs", System::Redis, "Streams", "Group", false),
];

/// A function or method that sends or receives: what its canonical name must contain (empty: the imports must), names,
/// fewest and most arguments, system, publishes, position of the topic, of the group.
struct Way {
    within: &'static str,
    names: &'static [&'static str],
    args: (usize, usize),
    system: System,
    publish: bool,
    topic: usize,
    group: Option<usize>,
}

const fn way(
    within: &'static str,
    names: &'static [&'static str],
    args: (usize, usize),
    system: System,
    publish: bool,
    topic: usize,
    group: Option<usize>,
) -> Way {
    Way { within, names, args, system, publish, topic, group }
}

/// Methods whose names no two libraries share.
const DISTINCT: &[&str] =
    &["ConsumePartition", "SubscribeTopics", "QueueSubscribe", "ChanQueueSubscribe", "AddNoPublisherHandler"];

const WAYS: &[Way] = &[
    way("go-amqp", &["NewReceiver"], (3, 3), System::Bus, false, 1, None),
    way("go-amqp", &["NewSender"], (3, 3), System::Bus, true, 1, None),
    way("sarama", &["ConsumePartition"], (3, 3), System::Kafka, false, 0, None),
    way("sarama", &["Consume"], (3, 3), System::Kafka, false, 1, None),
    way("confluent-kafka-go", &["Subscribe", "SubscribeTopics"], (2, 2), System::Kafka, false, 0, None),
    way("franz-go", &["ConsumeTopics"], (1, 20), System::Kafka, false, 0, None),
    way("franz-go", &["DefaultProduceTopic"], (1, 1), System::Kafka, true, 0, None),
    way("watermill", &["AddNoPublisherHandler", "AddConsumerHandler"], (4, 4), System::Bus, false, 1, None),
    way("watermill", &["AddHandler"], (6, 6), System::Bus, false, 1, None),
    way("watermill", &["AddHandler"], (6, 6), System::Bus, true, 3, None),
    way("watermill", &["Publish"], (2, 9), System::Bus, true, 0, None),
    way("watermill", &["Subscribe"], (2, 2), System::Bus, false, 1, None),
    way("stan", &["Publish"], (2, 2), System::Nats, true, 0, None),
    way("stan", &["QueueSubscribe"], (3, 9), System::Nats, false, 0, Some(1)),
    way("nats", &["Publish", "PublishRequest", "PublishAsync", "Request"], (2, 5), System::Nats, true, 0, None),
    way(
        "nats",
        &["Subscribe", "SubscribeSync", "ChanSubscribe", "PullSubscribe"],
        (1, 5),
        System::Nats,
        false,
        0,
        None,
    ),
    way(
        "nats",
        &["QueueSubscribe", "QueueSubscribeSync", "ChanQueueSubscribe"],
        (2, 6),
        System::Nats,
        false,
        0,
        Some(1),
    ),
    way("mqtt", &["Publish"], (4, 4), System::Mqtt, true, 0, None),
    way("mqtt", &["Subscribe"], (3, 3), System::Mqtt, false, 0, None),
    way("go-nsq", &["Publish"], (2, 2), System::Bus, true, 0, None),
    way("go-nsq", &["NewConsumer"], (3, 3), System::Bus, false, 0, Some(1)),
    way("cloud.google.com/go/pubsub", &["Topic", "Publisher"], (1, 1), System::PubSub, true, 0, None),
    way("cloud.google.com/go/pubsub", &["CreateTopic"], (2, 2), System::PubSub, true, 1, None),
    way("cloud.google.com/go/pubsub", &["Subscription", "Subscriber"], (1, 1), System::PubSub, false, 0, None),
    way("redis", &["Publish"], (3, 3), System::Redis, true, 1, None),
    way("redis", &["Subscribe", "PSubscribe"], (2, 9), System::Redis, false, 1, None),
    way("asynq#NewTask", &["NewTask"], (2, 9), System::Redis, true, 0, None),
    way("asynq#NewServeMux", &["HandleFunc", "Handle"], (2, 2), System::Redis, false, 0, None),
    way("asynq#ServeMux", &["HandleFunc", "Handle"], (2, 2), System::Redis, false, 0, None),
    way("azservicebus", &["NewSender"], (2, 2), System::ServiceBus, true, 0, None),
    way("azservicebus", &["NewReceiverForQueue"], (2, 2), System::ServiceBus, false, 0, None),
    way("azservicebus", &["NewReceiverForSubscription"], (3, 3), System::ServiceBus, false, 0, Some(1)),
    way("go-stomp", &["Send"], (3, 9), System::ActiveMq, true, 0, None),
    way("go-stomp", &["Subscribe"], (2, 9), System::ActiveMq, false, 0, None),
    way("micro", &["NewEvent", "NewPublisher"], (2, 2), System::Bus, true, 0, None),
    way("micro", &["RegisterSubscriber"], (3, 9), System::Bus, false, 0, None),
    way("goka", &["NewEmitter"], (3, 9), System::Kafka, true, 1, None),
    way("goka", &["Output"], (2, 2), System::Kafka, true, 0, None),
    way("goka", &["Input"], (3, 3), System::Kafka, false, 0, None),
    way(
        "dapr/go-sdk",
        &["PublishEvent", "PublishEvents", "PublishEventfromCustomContent"],
        (4, 9),
        System::Bus,
        true,
        2,
        None,
    ),
    way("dapr/pubsub", &["Subscribe"], (2, 4), System::Bus, false, 1, None),
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if super::test_file(code) {
        return;
    }
    for site in code.calls() {
        if site.call.new {
            literals(code, site, sink);
            continue;
        }
        let callee = code.callee(site.call, site.function);
        connects(code, site, &callee, sink);
        ways(code, site, &callee, sink);
        code.each_round(site.call, site.function, &mut || rabbit(code, site, &callee, sink));
        pubsub(code, site, &callee, sink);
    }
}

fn store(code: &Code<'_>, site: &Site<'_>, system: System, address: Value, client: &str, sink: &mut Sink) {
    if unknown(&address) {
        return;
    }
    let store = Store { system, address, database: None, client: client.into(), within: code.within(site.function) };
    sink.stated(Claim::Store(store), site.span());
}

fn message(
    code: &Code<'_>,
    site: &Site<'_>,
    system: System,
    publish: bool,
    topic: Value,
    group: Option<Value>,
    client: &str,
) -> Message {
    Message {
        group: group.filter(|v| !unknown(v)),
        ..Message::to(
            system,
            publish,
            if unknown(&topic) { Value::default() } else { topic },
            client.into(),
            code.within(site.function),
        )
    }
}

fn client_of(module: &str) -> &str {
    let last = module.rsplit('/').next().unwrap_or(module);
    match last {
        // The package is called after the system; the library's name says more.
        "kafka" | "kgo" => module.rsplit('/').find(|p| p.contains('-')).unwrap_or(last),
        _ => last,
    }
}

fn connects(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let Some((module, member)) = split(callee) else {
        return;
    };
    let Some((_, _, system, position)) = CONNECTS.iter().find(|(part, m, ..)| *m == member && module.contains(part))
    else {
        return;
    };
    let Some(address) = site.call.arg(*position) else {
        return;
    };
    store(code, site, *system, code.value(address, site.function), client_of(&module), sink);
}

fn literals(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let Some((module, name, object)) = literal(code, site) else {
        return;
    };
    let function = site.function;
    let client = client_of(&module);
    for (part, ty, system, key) in OPTIONS {
        if *ty == name
            && module.contains(part)
            && let Some(address) = key_of(code, site.expr, key, function)
        {
            store(code, site, *system, address, client, sink);
        }
    }
    for (part, ty, system, key, group, publish) in TOPICS {
        let Some(object) = object.filter(|_| *ty == name && module.contains(part)) else {
            continue;
        };
        let Some(topic) = object.key(key) else {
            continue;
        };
        let group = (!group.is_empty()).then(|| key_of(code, site.expr, group, function)).flatten();
        for topic in
            items(code, topic, function).into_iter().filter(|t| !unknown(t) && t.as_text().as_deref() != Some(">"))
        {
            let mut message = message(code, site, *system, *publish, topic, group.clone(), client);
            if part.starts_with("dapr") {
                message.exchange = key_of(code, site.expr, "PubsubName", function).filter(|v| !unknown(v));
            }
            sink.stated(Claim::Message(message), site.span());
        }
    }
}

fn ways(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let (name, args) = (site.call.name(), site.call.args.len());
    for way in WAYS {
        if !way.names.contains(&name) || args < way.args.0 || args > way.args.1 {
            continue;
        }
        let lower = callee.to_ascii_lowercase();
        // A local name counts where the file imports the library and the receiver's type is not another's.
        let imported = || code.unit.imports.iter().any(|i| i.path.contains(way.within));
        let foreign = callee.contains('#') && !lower.contains(way.within) && !handles(code, site, way.within);
        // What a helper of another package made has a type that is not known here, and no other library has such a method.
        let foreign = foreign && !(DISTINCT.contains(&name) && callee.contains("()."));
        if !(lower.contains(way.within) || !foreign && imported()) {
            continue;
        }
        // JetStream takes a context first.
        let shift = (way.within == "nats" && super::takes_context(site.call)) as usize;
        let Some(topic) = site.call.arg(way.topic + shift) else {
            continue;
        };
        let system = if way.within == "watermill" { bus(code) } else { way.system };
        let group = way.group.and_then(|g| site.call.arg(g + shift)).map(|e| code.value(e, site.function));
        let client = split(callee).map(|(m, _)| client_of(&m).to_string()).unwrap_or_else(|| way.within.to_string());
        let mut topics = items(code, topic, site.function);
        if matches!((way.within, name), ("redis", "Subscribe" | "PSubscribe") | ("franz-go", "ConsumeTopics")) {
            let more = site.call.args.iter().skip(way.topic + 1);
            topics.extend(more.flat_map(|a| items(code, &a.value, site.function)));
        }
        for topic in topics {
            let mut message = message(code, site, system, way.publish, topic, group.clone(), &client);
            // Dapr's messages name the component that brings them.
            if way.within.starts_with("dapr") {
                let component = way.topic.checked_sub(1).and_then(|i| site.call.arg(i));
                message.exchange = component.map(|e| code.value(e, site.function)).filter(|v| !unknown(v));
            }
            sink.stated(Claim::Message(message), site.span());
        }
        // Sending and receiving may both be meant (`AddHandler`); other patterns are about other libraries.
        if name != "AddHandler" {
            return;
        }
    }
}

/// Which broker watermill's subscriber and publisher stand on, where the imports tell.
fn bus(code: &Code<'_>) -> System {
    let has = |part: &str| code.unit.imports.iter().any(|i| i.path.contains(part));
    let known = [
        ("watermill-kafka", System::Kafka),
        ("watermill-amqp", System::Rabbit),
        ("watermill-nats", System::Nats),
        ("watermill-googlecloud", System::PubSub),
        ("watermill-redisstream", System::Redis),
        ("watermill-aws", System::Sqs),
    ];
    known.iter().find(|(part, _)| has(part)).map_or(System::Bus, |(_, system)| *system)
}

/// Channels of the AMQP libraries.
fn rabbit(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let imported = code.unit.imports.iter().any(|i| i.path.contains("amqp091") || i.path.contains("streadway/amqp"));
    let foreign = callee.contains('#') && !callee.contains("amqp");
    if !callee.contains("amqp") && !imported || foreign {
        return;
    }
    let value = |i: usize| site.call.arg(i).map(|e| queue(code, e, site.function));
    let make = |publish, topic: Option<Value>| {
        message(code, site, System::Rabbit, publish, topic.unwrap_or_default(), None, "amqp")
    };
    let shift = super::takes_context(site.call) as usize;
    let found = match (site.call.name(), site.call.args.len()) {
        ("Publish", 5)
        | ("PublishWithContext", 6)
        | ("PublishWithDeferredConfirm", 5)
        | ("PublishWithDeferredConfirmWithContext", 6) => {
            let (exchange, key) = (value(shift), value(shift + 1));
            // The default exchange routes by queue name.
            let direct = exchange.as_ref().is_some_and(Value::is_empty);
            let mut found = make(true, key.clone().filter(|_| direct));
            found.exchange = exchange.filter(|e| !e.is_empty() && !unknown(e));
            found.routing_key = key.filter(|k| !unknown(k));
            found
        }
        ("Consume", 7) | ("ConsumeWithContext", 8) => make(false, value(shift)),
        ("QueueBind", 5) => {
            let mut found = make(false, value(0));
            found.routing_key = value(1).filter(|v| !unknown(v));
            found.exchange = value(2).filter(|v| !unknown(v));
            found
        }
        _ => return,
    };
    sink.stated(Claim::Message(found), site.span());
}

/// `q.Name` of `q, err := ch.QueueDeclare("orders", …)` is the name declared.
fn queue(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    if let ExprKind::Member(base, name) = &expr.kind
        && name == "Name"
        && let ExprKind::Name(variable) = &base.kind
    {
        for (value, f) in code.assigned(variable, function) {
            if let Some(call) = value.as_call().filter(|c| c.name().starts_with("QueueDeclare"))
                && let Some(declared) = call.arg(0)
            {
                return code.value(declared, f);
            }
        }
    }
    code.value(expr, function)
}

/// Pub/Sub's client finds its emulator through `PUBSUB_EMULATOR_HOST`; AWS's clients through `AWS_ENDPOINT_URL_*`.
fn pubsub(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let Some((module, member)) = split(callee) else {
        return;
    };
    let (system, variable, host) = match (module.as_str(), member) {
        ("cloud.google.com/go/pubsub", "NewClient") => {
            (System::PubSub, "PUBSUB_EMULATOR_HOST", "pubsub.googleapis.com")
        }
        (m, "NewFromConfig" | "New") if m.contains("aws-sdk-go") => match m.rsplit('/').next() {
            Some("sqs") => (System::Sqs, "AWS_ENDPOINT_URL_SQS", "sqs.amazonaws.com"),
            Some("sns") => (System::Sns, "AWS_ENDPOINT_URL_SNS", "sns.amazonaws.com"),
            Some("kinesis") => (System::Kinesis, "AWS_ENDPOINT_URL_KINESIS", "kinesis.amazonaws.com"),
            _ => return,
        },
        _ => return,
    };
    if variable.starts_with("AWS")
        && let Some(endpoint) = stated_endpoint(code, site.function)
    {
        store(code, site, system, endpoint, client_of(&module), sink);
        return;
    }
    let address = Value::env(variable, Some(host.into()));
    let client = client_of(&module).into();
    let store = Store { system, address, database: None, client, within: code.within(site.function) };
    sink.inferred(Claim::Store(store), site.span());
}

/// The endpoint that a file gives an AWS client: `o.BaseEndpoint = aws.String(x)`, `aws.Config{Endpoint: x}`.
pub(super) fn stated_endpoint(code: &Code<'_>, function: usize) -> Option<Value> {
    let mut found: Option<Value> = None;
    for (index, f) in code.unit.functions.iter().enumerate() {
        if code.within(index) != code.within(function) {
            continue;
        }
        each_assign(&f.body, &mut |target, value| {
            if let ExprKind::Member(_, field) = &target.kind
                && matches!(field.as_str(), "BaseEndpoint" | "Endpoint")
            {
                found = found.take().or_else(|| Some(code.value(value, index)));
            }
        });
    }
    for site in code.calls() {
        if found.is_none()
            && site.call.new
            && code.within(site.function) == code.within(function)
            && matches!(site.call.name(), "Config" | "Options" | "Endpoint")
        {
            found = ["BaseEndpoint", "Endpoint", "URL"].iter().find_map(|k| key_of(code, site.expr, k, site.function));
        }
    }
    found.filter(|v| !unknown(v))
}
