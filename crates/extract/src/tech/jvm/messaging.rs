//! Messages through JMS, cloud queues, and frameworks that hide the broker. See `messaging.md`.

use super::messages::{keys, listed, message, state, topics};
use super::read::{JVM, class_of, filled, find, functions_of, receiver, text};
use crate::code::Code;
use crate::code::ir::{Expr, ExprKind, Type};
use crate::lang::plain_type;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, SmolStr, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-messaging",
    version: 2,
    page: include_str!("messaging.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        annotated(code, ty, sink);
        stream_type(code, ty, sink);
        if code.imports("io.micronaut") {
            micronaut(code, ty, sink);
        }
        reactive(code, ty, sink);
    }
    function_beans(code, sink);
    sends(code, sink);
    jms(code, sink);
    events(code, sink);
}

/// Listener annotations: name, arguments that name the destination, argument of the group, system, library.
const LISTENERS: &[(&str, &[&str], &str, System, &str)] = &[
    ("JmsListener", &["destination"], "subscription", System::Jms, "Spring JMS"),
    ("SqsListener", &["value", "queueNames"], "", System::Sqs, "Spring Cloud AWS"),
    ("PulsarListener", &["topics", "topicPattern", "value"], "subscriptionName", System::Pulsar, "Spring Pulsar"),
    ("NatsListener", &["value", "subject"], "queue", System::Nats, "NATS"),
    ("ServiceBusListener", &["destination", "value"], "group", System::ServiceBus, "Spring Cloud Azure"),
    ("KinesisListener", &["value"], "", System::Kinesis, "Micronaut Kinesis"),
];

/// Where a framework's configuration says the broker is.
fn address(system: System) -> Option<Value> {
    match system {
        System::Jms => Some(keys(
            &[
                "spring.artemis.broker-url",
                "spring.artemis.host",
                "spring.activemq.broker-url",
                "ibm.mq.conn-name",
                "solace.jms.host",
                "amqphub.amqp10jms.remote-url",
            ],
            Some("tcp://localhost:61616"),
        )),
        System::Sqs => {
            Some(keys(&["spring.cloud.aws.sqs.endpoint", "spring.cloud.aws.endpoint", "cloud.aws.sqs.endpoint"], None))
        }
        System::Sns => Some(keys(&["spring.cloud.aws.sns.endpoint", "spring.cloud.aws.endpoint"], None)),
        System::Pulsar => Some(keys(&["spring.pulsar.client.service-url"], Some("pulsar://localhost:6650"))),
        System::Redis => Some(keys(
            &["spring.data.redis.url", "spring.redis.url", "spring.data.redis.host", "spring.redis.host"],
            Some("localhost"),
        )),
        System::Nats => Some(keys(&["nats.spring.server", "nats.addresses"], Some("nats://localhost:4222"))),
        System::Bus => Some(keys(
            &[
                "spring.cloud.stream.kafka.binder.brokers",
                "spring.kafka.bootstrap-servers",
                "spring.rabbitmq.addresses",
                "spring.rabbitmq.host",
            ],
            None,
        )),
        _ => None,
    }
}

fn annotated(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    for (_, function) in functions_of(code, ty) {
        for a in &function.annotations {
            let Some((_, names, group, system, client)) = LISTENERS.iter().find(|(name, ..)| *name == a.simple())
            else {
                continue;
            };
            for topic in topics(code, a, names, &ty.name) {
                let mut m = message(*system, false, topic, client, function.symbol());
                m.address = address(*system);
                m.group = text(code, a, &[group], &ty.name).filter(|_| !group.is_empty());
                m.payload = function.params.first().map(|p| p.ty.clone());
                state(m, a.span, sink);
            }
        }
    }
}

type Annotated = (&'static str, bool, &'static [&'static str], System, &'static [&'static str]);

/// Micronaut's other brokers: what makes a type a client or a listener, the annotations of methods that name the
/// destination, system, keys of the address.
const MICRONAUT: &[Annotated] = &[
    ("NatsClient", true, &["Subject"], System::Nats, &["nats.default.addresses", "nats.addresses"]),
    ("NatsListener", false, &["Subject"], System::Nats, &["nats.default.addresses", "nats.addresses"]),
    ("JMSProducer", true, &["Queue", "Topic"], System::Jms, MICRONAUT_JMS),
    ("JMSListener", false, &["Queue", "Topic"], System::Jms, MICRONAUT_JMS),
    ("MqttPublisher", true, &["Topic"], System::Mqtt, &["mqtt.client.server-uri"]),
    ("MqttSubscriber", false, &["Topic"], System::Mqtt, &["mqtt.client.server-uri"]),
    ("PulsarProducerClient", true, &["PulsarProducer"], System::Pulsar, &["pulsar.service-url"]),
    ("PulsarSubscription", false, &["PulsarConsumer"], System::Pulsar, &["pulsar.service-url"]),
];

const MICRONAUT_JMS: &[&str] =
    &["micronaut.jms.activemq.classic.connection-string", "micronaut.jms.activemq.artemis.connection-string"];

fn micronaut(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    for (on, publish, names, system, address) in MICRONAUT {
        if find(&ty.annotations, &[on]).is_none() {
            continue;
        }
        for (_, function) in functions_of(code, ty) {
            let Some(a) = find(&function.annotations, names) else { continue };
            for topic in topics(code, a, &["value", "topic", "topics"], &ty.name) {
                let mut m = message(*system, *publish, topic, "Micronaut", function.symbol());
                m.address = Some(keys(address, None));
                m.payload = function.params.first().map(|p| p.ty.clone());
                state(m, a.span, sink);
            }
        }
    }
}

/// A binding's destination: configured, by default the binding's own name.
fn destination(binding: &str) -> Value {
    Value::config(format_smolstr!("spring.cloud.stream.bindings.{binding}.destination"), Some(Value::text(binding)))
}

/// The binding that an expression names: text, or the constant of one of Spring's own interfaces.
fn binding(value: Value) -> Value {
    match value.to_string().as_str() {
        "${ref:Sink.INPUT}" | "${ref:Processor.INPUT}" => "input".into(),
        "${ref:Source.OUTPUT}" | "${ref:Processor.OUTPUT}" => "output".into(),
        _ => value,
    }
}

fn bound(value: Value) -> Value {
    match binding(value) {
        value if value.as_text().is_some() => destination(&value.as_text().unwrap_or_default()),
        value => value,
    }
}

/// Spring Cloud Stream with annotations: declared bindings and listeners.
fn stream_type(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let say = |publish: bool, topic: Value, within: SmolStr, at, sink: &mut Sink| {
        let mut m = message(System::Bus, publish, topic, "Spring Cloud Stream", within);
        m.address = address(System::Bus);
        state(m, at, sink);
    };
    if let Some(a) = find(&ty.annotations, &["EnableBinding"]) {
        let mut interfaces = Vec::new();
        for arg in &a.args {
            match &arg.value.kind {
                ExprKind::List(items) => interfaces.extend(items.iter().filter_map(class_of)),
                _ => interfaces.extend(class_of(&arg.value)),
            }
        }
        if interfaces.iter().any(|i| matches!(i.as_str(), "Source" | "Processor")) {
            say(true, destination("output"), ty.name.clone(), a.span, sink);
        }
    }
    for (_, function) in functions_of(code, ty) {
        for a in &function.annotations {
            let publish = match a.simple() {
                "StreamListener" => false,
                "Output" if ty.interface => true,
                "Input" if ty.interface => false,
                "SendTo" if find(&function.annotations, &["StreamListener"]).is_some() => true,
                _ => continue,
            };
            let mut names = topics(code, a, &["target", "value"], &ty.name);
            if names.is_empty() && ty.interface {
                names.push(Value::text(function.name.clone()));
            }
            for name in names {
                say(publish, bound(name), function.symbol(), a.span, sink);
            }
        }
    }
}

/// Spring Cloud Stream with functions: a bean `orders` is bound as `orders-in-0` and `orders-out-0`, where configuration
/// gives these a destination. Functions are beans for other reasons, too, so there is no default.
fn function_beans(code: &Code<'_>, sink: &mut Sink) {
    for function in &code.unit.functions {
        let Some(bean) = find(&function.annotations, &["Bean"]) else { continue };
        let (reads, writes) = match plain_type(&function.returns).as_str() {
            "Consumer" => (true, false),
            "Supplier" => (false, true),
            "Function" => (true, true),
            _ => continue,
        };
        let name = text(code, bean, &["name", "value"], &function.owner).and_then(|v| v.as_text());
        let name = name.unwrap_or_else(|| function.name.clone());
        for (publish, direction) in [(false, "in"), (true, "out")] {
            if publish && !writes || !publish && !reads {
                continue;
            }
            let key = format_smolstr!("spring.cloud.stream.bindings.{name}-{direction}-0.destination");
            let mut m =
                message(System::Bus, publish, Value::config(key, None), "Spring Cloud Stream", function.symbol());
            m.address = address(System::Bus);
            sink.inferred(Claim::Message(m), bean.span);
        }
    }
}

/// MicroProfile Reactive Messaging: channels, whose topic and connector configuration gives.
fn reactive(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let say =
        |publish: bool, a: &crate::code::ir::Annotation, within: SmolStr, payload: Option<SmolStr>, sink: &mut Sink| {
            for channel in topics(code, a, &["value"], &ty.name) {
                let Some(channel) = channel.as_text() else { continue };
                let direction = if publish { "outgoing" } else { "incoming" };
                let key = |k: &str, d: Option<Value>| {
                    Value::config(format_smolstr!("mp.messaging.{direction}.{channel}.{k}"), d)
                };
                let topic = Value::either([
                    key("address", None),
                    key("queue.name", None),
                    key("topic", Some(Value::text(channel.clone()))),
                ]);
                let mut m = message(System::Bus, publish, topic, "Reactive Messaging", within.clone());
                m.address = Some(Value::either([
                    key("bootstrap.servers", None),
                    keys(
                        &[
                            "mp.messaging.connector.smallrye-kafka.bootstrap.servers",
                            "kafka.bootstrap.servers",
                            "rabbitmq-host",
                            "amqp-host",
                        ],
                        None,
                    ),
                ]));
                m.payload = payload.clone();
                state(m, a.span, sink);
            }
        };
    if !code.imports("org.eclipse.microprofile.reactive") && !code.imports("io.smallrye.reactive") {
        return;
    }
    for (_, function) in functions_of(code, ty) {
        for a in &function.annotations {
            let payload = function.params.first().map(|p| p.ty.clone());
            match a.simple() {
                "Incoming" => say(false, a, function.symbol(), payload, sink),
                "Outgoing" => say(true, a, function.symbol(), None, sink),
                _ => {}
            }
        }
        for param in &function.params {
            if let Some(a) = find(&param.annotations, &["Channel"]) {
                say(param.ty.contains("Emitter"), a, function.symbol(), None, sink);
            }
        }
    }
    for field in &ty.fields {
        if let Some(a) = find(&field.annotations, &["Channel"]) {
            say(field.ty.contains("Emitter"), a, ty.name.clone(), None, sink);
        }
    }
}

/// Calls that send or subscribe: function, words in the receiver, import, system, publish, position of the topic, library.
const CALLS: &[(&str, &str, &str, System, bool, usize, &str)] = &[
    ("convertAndSend", "jmstemplate", "", System::Jms, true, 0, "Spring JMS"),
    ("convertAndSend", "jmsmessagingtemplate", "", System::Jms, true, 0, "Spring JMS"),
    ("convertAndSend", "jmsoperations", "", System::Jms, true, 0, "Spring JMS"),
    ("send", "jmstemplate", "", System::Jms, true, 0, "Spring JMS"),
    ("sendAndReceive", "jmstemplate", "", System::Jms, true, 0, "Spring JMS"),
    ("receive", "jmstemplate", "", System::Jms, false, 0, "Spring JMS"),
    ("receiveAndConvert", "jmstemplate", "", System::Jms, false, 0, "Spring JMS"),
    ("send", "sqstemplate", "", System::Sqs, true, 0, "Spring Cloud AWS"),
    ("sendAsync", "sqstemplate", "", System::Sqs, true, 0, "Spring Cloud AWS"),
    ("convertAndSend", "queuemessagingtemplate", "", System::Sqs, true, 0, "Spring Cloud AWS"),
    ("sendNotification", "template", "", System::Sns, true, 0, "Spring Cloud AWS"),
    ("convertAndSend", "redistemplate", "", System::Redis, true, 0, "Spring Data Redis"),
    ("convertAndSend", "redisoperations", "", System::Redis, true, 0, "Spring Data Redis"),
    ("publish", "jedis", "redis.clients", System::Redis, true, 0, "Jedis"),
    ("addMessageListener", "redismessagelistenercontainer", "", System::Redis, false, 1, "Spring Data Redis"),
    ("send", "streambridge", "", System::Bus, true, 0, "Spring Cloud Stream"),
    ("send", "pulsartemplate", "", System::Pulsar, true, 0, "Spring Pulsar"),
    ("sendAsync", "pulsartemplate", "", System::Pulsar, true, 0, "Spring Pulsar"),
    ("topic", "newproducer", "org.apache.pulsar", System::Pulsar, true, 0, "Pulsar client"),
    ("topic", "newconsumer", "org.apache.pulsar", System::Pulsar, false, 0, "Pulsar client"),
    ("publish", "connection", "io.nats", System::Nats, true, 0, "NATS client"),
    ("request", "connection", "io.nats", System::Nats, true, 0, "NATS client"),
    ("publish", "jetstream", "io.nats", System::Nats, true, 0, "NATS client"),
    ("subscribe", "connection", "io.nats", System::Nats, false, 0, "NATS client"),
    ("subscribe", "dispatcher", "io.nats", System::Nats, false, 0, "NATS client"),
    ("subscribe", "jetstream", "io.nats", System::Nats, false, 0, "NATS client"),
    ("publish", "client", "org.eclipse.paho", System::Mqtt, true, 0, "Paho"),
    ("subscribe", "client", "org.eclipse.paho", System::Mqtt, false, 0, "Paho"),
    ("topic", "publish", "com.hivemq", System::Mqtt, true, 0, "HiveMQ client"),
    ("topicFilter", "subscribe", "com.hivemq", System::Mqtt, false, 0, "HiveMQ client"),
    ("publish", "pubsubtemplate", "", System::PubSub, true, 0, "Spring Cloud GCP"),
    ("subscribe", "pubsubtemplate", "", System::PubSub, false, 0, "Spring Cloud GCP"),
    ("queueUrl", "sendmessage", "software.amazon.awssdk", System::Sqs, true, 0, "AWS SDK"),
    ("queueUrl", "receivemessage", "software.amazon.awssdk", System::Sqs, false, 0, "AWS SDK"),
    ("topicArn", "publishrequest", "software.amazon.awssdk", System::Sns, true, 0, "AWS SDK"),
];

fn sends(code: &Code<'_>, sink: &mut Sink) {
    for (name, on, import, system, publish, position, client) in CALLS {
        for site in code.calls_named(&[name]) {
            let receiver = receiver(code, site.call, site.function);
            let imported = import.is_empty()
                || code.imports(import)
                || *import == "jms" && (code.imports("javax.jms") || code.imports("jakarta.jms"));
            if !imported || !receiver.contains(on) {
                continue;
            }
            let Some(first) = site.call.arg(*position) else { continue };
            // A template with a default destination sends what it is given.
            let alone =
                site.call.args.len() == 1 && matches!(*name, "convertAndSend" | "send" | "sendAsync") && *position == 0;
            let names = if alone { vec![Value::default()] } else { listed(code, first, site.function) };
            for topic in names {
                let topic = if *on == "streambridge" { bound(topic) } else { topic };
                let mut m = message(*system, *publish, topic, client, code.within(site.function));
                m.address = address(*system).filter(|_| client.starts_with("Spring"));
                state(m, site.span(), sink);
            }
        }
    }
}

/// JMS itself: what makes producers and consumers of a session, and JMS 2.0's producers, which are told where by each send.
fn jms(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("javax.jms") && !code.imports("jakarta.jms") {
        return;
    }
    const ENDS: &[(&str, bool)] = &[
        ("createProducer", true),
        ("createSender", true),
        ("createPublisher", true),
        ("createConsumer", false),
        ("createReceiver", false),
        ("createSubscriber", false),
        ("createDurableSubscriber", false),
        ("createDurableConsumer", false),
        ("createSharedConsumer", false),
        ("createSharedDurableConsumer", false),
    ];
    let mut found = false;
    let say = |site: &crate::code::Site<'_>, to: &Expr, publish: bool, sink: &mut Sink| {
        let (made, at) = code.resolved(to, site.function);
        let destination =
            made.as_call().filter(|c| matches!(c.name(), "createQueue" | "createTopic")).and_then(|c| c.arg(0));
        let topic = match destination {
            Some(name) => code.value(name, at),
            None => code.value(to, site.function),
        };
        state(message(System::Jms, publish, topic, "JMS", code.within(site.function)), site.span(), sink);
    };
    for (name, publish) in ENDS {
        for site in code.calls_named(&[name]) {
            let Some(to) = site.call.arg(0) else { continue };
            found = true;
            say(&site, to, *publish, sink);
        }
    }
    for site in code.calls_named(&["send"]) {
        let Some(to) = site.call.arg(0).filter(|_| site.call.args.len() == 2) else { continue };
        if receiver(code, site.call, site.function).contains("createproducer") {
            found = true;
            say(&site, to, true, sink);
        }
    }
    // A destination whose ends are made elsewhere.
    if !found {
        for site in code.calls_named(&["createQueue", "createTopic"]) {
            let Some(name) = site.call.arg(0) else { continue };
            let topic = code.value(name, site.function);
            state(message(System::Jms, true, topic, "JMS", code.within(site.function)), site.span(), sink);
        }
    }
}

/// Event frameworks: Eventuate Tram and Axon. Their channel is a type's or an aggregate's name.
fn events(code: &Code<'_>, sink: &mut Sink) {
    // The channel is the aggregate's class by its full name, or text.
    let named = |e: &Expr, function: usize| {
        let value = filled(code.value(e, function));
        let constant = |n: &str| !n.contains(|c: char| c.is_ascii_lowercase());
        match class_of(e).filter(|n| value.as_text().is_none() && !constant(n)) {
            Some(class) if class.starts_with(|c: char| c.is_ascii_uppercase()) => Value::text(full_class(code, &class)),
            _ => {
                let ty = code.origin(e, function);
                let typed =
                    ty.starts_with(|c: char| c.is_ascii_uppercase()) && !ty.contains(['.', '(']) && !constant(&ty);
                if typed && value.as_text().is_none() { Value::text(full_class(code, &ty)) } else { value }
            }
        }
    };
    for site in code.calls_named(&["publish", "forAggregateType", "fromChannel", "to", "send", "withChannel"]) {
        let on = receiver(code, site.call, site.function);
        let (publish, client) = match site.call.name() {
            "publish" if on.ends_with("domaineventpublisher") => (true, "Eventuate Tram"),
            "forAggregateType" if on.contains("domaineventhandlersbuilder") => (false, "Eventuate Tram"),
            "fromChannel" if on.contains("commandhandlersbuilder") => (false, "Eventuate Tram"),
            "withChannel" if on.contains("commandendpointbuilder") => (true, "Eventuate Tram"),
            "to" if on.contains("commandwithdestinationbuilder") => (true, "Eventuate Tram"),
            "publish" | "send" if on.ends_with("eventgateway") || on.ends_with("commandgateway") => (true, "Axon"),
            _ => continue,
        };
        let Some(first) = site.call.arg(0) else { continue };
        let topic =
            if client == "Axon" { Value::text(code.origin(first, site.function)) } else { named(first, site.function) };
        let mut m = message(System::Bus, publish, topic, client, code.within(site.function));
        m.address = (client != "Axon").then(|| keys(&["eventuatelocal.kafka.bootstrap.servers"], None));
        state(m, site.span(), sink);
    }
    if !code.imports("org.axonframework") {
        return;
    }
    for function in &code.unit.functions {
        let Some(a) = find(&function.annotations, &["EventHandler", "CommandHandler", "SagaEventHandler"]) else {
            continue;
        };
        let Some(event) = function.params.first() else { continue };
        let m = message(System::Bus, false, Value::text(plain_type(&event.ty)), "Axon", function.symbol());
        state(m, a.span, sink);
    }
}

/// A class by its full name, as its import or the file's package tell.
fn full_class(code: &Code<'_>, class: &str) -> SmolStr {
    let import = code.unit.imports.iter().find(|i| i.alias == class);
    match import {
        Some(i) => format_smolstr!("{}.{class}", i.path),
        None if code.unit.package.is_empty() => class.into(),
        None => format_smolstr!("{}.{class}", code.unit.package),
    }
}
