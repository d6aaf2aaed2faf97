//! Buses and brokers of .NET other than RabbitMQ's own client: MassTransit, NServiceBus, Rebus, Wolverine, CAP, Kafka,
//! Azure Service Bus and Event Hubs, NATS, Redis, SQS and SNS, Dapr, and event buses of a code base's own. See `messages.md`.

use super::read::{calls_in, closures, generics, initialiser, last, payload, sets, simple, unknown};
use crate::code::ir::{Expr, ExprKind, Stmt};
use crate::code::{Code, Site};
use crate::config::secret;
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Hole, Message, SmolStr, Span, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-messages",
    version: 6,
    page: include_str!("messages.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    handlers(code, sink);
    attributes(code, sink);
    transports(code, sink);
    endpoints(code, sink);
    sends(code, sink);
    subscriptions(code, sink);
}

/// A message about to be stated.
pub struct Line(pub Message, pub Span);

impl Line {
    pub fn new(code: &Code<'_>, site: &Site<'_>, system: System, publish: bool, topic: Value, client: &str) -> Self {
        Line::at(code.within(site.function), site.span(), system, publish, topic, client)
    }

    pub fn at(within: SmolStr, at: Span, system: System, publish: bool, topic: Value, client: &str) -> Self {
        let message =
            Message::to(system, publish, if unknown(&topic) { Value::default() } else { topic }, client.into(), within);
        Line(message, at)
    }

    pub fn state(self, sink: &mut Sink) {
        sink.stated(Claim::Message(self.0), self.1);
    }
}

/// A value where it says something.
pub fn optional(value: Value) -> Option<Value> {
    (!unknown(&value)).then_some(value)
}

pub fn each_assign<'a>(stmts: &'a [Stmt], visit: &mut dyn FnMut(&'a Expr, &'a Expr)) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target, value, .. } => visit(target, value),
            Stmt::Block { body, .. } => each_assign(body, visit),
            Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

/// The types of the message that a call sends: its type argument, or those that the first argument may have.
pub fn payloads(code: &Code<'_>, site: &Site<'_>) -> Vec<SmolStr> {
    let stated = site.call.type_args.first().map(|t| simple(t));
    let arg = site.call.args.iter().map(|a| &a.value).find(|v| !matches!(v.kind, ExprKind::Lambda(_)));
    let mut found: Vec<SmolStr> = match (stated, arg) {
        (Some(stated), _) => vec![stated],
        (None, Some(arg)) => made(code, arg, site.function),
        (None, None) => Vec::new(),
    };
    found.retain(|name| !is_parameter(name) && !BASES.contains(&name.as_str()));
    found
}

/// Types that say that something is a message, and not which.
const BASES: &[&str] = &[
    "object",
    "Object",
    "dynamic",
    "T",
    "IntegrationEvent",
    "IIntegrationEvent",
    "DomainEvent",
    "IDomainEvent",
    "IEvent",
    "Event",
    "IMessage",
    "Message",
    "INotification",
    "ICommand",
    "Command",
    "EventBase",
    "BaseEvent",
    "IntegrationBaseEvent",
    "Task",
];

/// What a variable is made as wherever it is assigned, or its type.
fn made(code: &Code<'_>, arg: &Expr, function: usize) -> Vec<SmolStr> {
    let mut out: Vec<SmolStr> = Vec::new();
    let mut add = |e: &Expr| match &e.kind {
        ExprKind::Call(c) if c.new && !c.name().is_empty() && !out.iter().any(|n| n == c.name()) => {
            out.push(c.name().into())
        }
        _ => {}
    };
    if let ExprKind::Name(name) = &arg.kind {
        for binding in code.bindings(name, function).unwrap_or_default() {
            match &binding.value.kind {
                ExprKind::Either(options) => options.iter().for_each(&mut add),
                _ => add(binding.value),
            }
        }
    }
    if out.is_empty() { payload(code, arg, function).into_iter().collect() } else { out }
}

/// The one type of the message that a call sends.
pub fn payload_of(code: &Code<'_>, site: &Site<'_>) -> Option<SmolStr> {
    payloads(code, site).into_iter().next()
}

/// The topic of buses that route by type: the message's types, or the parameter that brings the message.
pub fn typed_topic(code: &Code<'_>, site: &Site<'_>) -> Value {
    let names = payloads(code, site);
    if !names.is_empty() {
        return Value::either(names.into_iter().map(Value::text));
    }
    let arg = site.call.arg(0).map(|a| code.value(a, site.function)).unwrap_or_default();
    if matches!(arg.as_hole(), Some(Hole::Param { .. })) { arg } else { Value::default() }
}

/// Interfaces whose implementation handles a message: with the system, and what must be imported if the name is shared.
const HANDLERS: &[(&str, &str, &str)] = &[
    ("IConsumer", "", "MassTransit"),
    ("IJobConsumer", "", "MassTransit"),
    ("IHandleMessages", "Rebus", "Rebus"),
    ("IHandleMessages", "", "NServiceBus"),
    ("IAmStartedByMessages", "", "NServiceBus"),
    ("IConsume", "EasyNetQ", "EasyNetQ"),
    ("IConsumeAsync", "EasyNetQ", "EasyNetQ"),
    ("IIntegrationEventHandler", "", "event bus"),
    ("IDistributedEventHandler", "", "ABP event bus"),
];

/// What people call the base class of their consumers.
const CONSUMERS: &[&str] =
    &["Consumer", "ConsumerBase", "BaseConsumer", "AbstractConsumer", "MessageConsumer", "EventConsumer"];

fn handlers(code: &Code<'_>, sink: &mut Sink) {
    for ty in code.unit.types.iter().filter(|t| !t.interface) {
        for written in &ty.super_texts {
            let name = simple(written);
            let known =
                HANDLERS.iter().find(|(n, import, _)| *n == name && (import.is_empty() || code.imports(import)));
            // A base class of one's own that handles what its type argument says: `Consumer<PlaceOrder>`.
            let own = || CONSUMERS.contains(&name.as_str()) && ty.name.ends_with("Consumer");
            let Some(client) = known.map(|(_, _, client)| *client).or_else(|| own().then_some("message consumer"))
            else {
                continue;
            };
            let Some(message) = generics(written).first().map(|t| simple(t)) else {
                continue;
            };
            // `IConsumer<K, V>` is Kafka's client, not a handler; a type parameter is whatever the user says.
            if generics(written).len() > 1 || message.len() == 1 || message == "Batch" || is_parameter(&message) {
                continue;
            }
            let methods = ["Consume", "ConsumeAsync", "Handle", "HandleAsync", "HandleEventAsync"];
            let method = code.unit.functions.iter().find(|f| {
                f.owner == ty.name
                    && methods.contains(&f.name.as_str())
                    && f.params.first().is_some_and(|p| p.ty.contains(message.as_str()))
            });
            let within = method.map(|f| f.symbol()).unwrap_or_else(|| ty.name.clone());
            let at = method.map(|f| f.span).unwrap_or(ty.span);
            let topic = Value::text(message.clone());
            let mut line = Line::at(within, Span { end_line: at.line, ..at }, System::Bus, false, topic, client);
            line.0.payload = Some(message);
            // That a base class of one's own takes what it is a base for is a convention.
            match known {
                Some(_) => line.state(sink),
                None => sink.inferred(Claim::Message(line.0), line.1),
            }
        }
    }
}

/// `TMessage`, `TEvent`: a type parameter's name.
pub fn is_parameter(name: &str) -> bool {
    name.len() > 1 && name.starts_with('T') && name.chars().nth(1).is_some_and(|c| c.is_ascii_uppercase())
}

/// `[Topic("pubsub", "orders")]` of Dapr, `[CapSubscribe("orders")]` of CAP, triggers of Azure Functions.
fn attributes(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        let on_params = function.params.iter().flat_map(|p| &p.annotations);
        for a in function.annotations.iter().chain(on_params) {
            let arg = |i: usize| a.positional(i).map(|e| code.value(e, index));
            let named =
                |n: &str| a.args.iter().find(|x| x.name.as_deref() == Some(n)).map(|x| code.value(&x.value, index));
            let (system, topic, client) = match a.simple() {
                // The first versions had one component for all topics.
                "Topic" => (System::Bus, arg(1).or_else(|| arg(0)), "Dapr"),
                "CapSubscribe" => (System::Bus, arg(0), "CAP"),
                "ServiceBusTrigger" => (System::ServiceBus, arg(0), "Azure Functions"),
                "EventHubTrigger" => (System::EventHubs, arg(0), "Azure Functions"),
                "KafkaTrigger" => (System::Kafka, arg(1), "Azure Functions"),
                "RabbitMQTrigger" => (System::Rabbit, arg(0), "Azure Functions"),
                _ => continue,
            };
            let Some(topic) = topic else { continue };
            let mut line = Line::at(function.symbol(), a.span, system, false, topic, client);
            line.0.group =
                named("Group").or_else(|| arg(1).filter(|_| system == System::ServiceBus)).and_then(optional);
            if client == "Dapr" && arg(1).is_some() {
                line.0.exchange = arg(0).and_then(optional);
            }
            let message =
                function.params.iter().map(|p| simple(&p.ty)).find(|t| t.starts_with(|c: char| c.is_ascii_uppercase()));
            line.0.payload = message;
            line.state(sink);
        }
    }
}

fn store(system: System, address: Value, client: &str, within: SmolStr, at: Span, inferred: bool, sink: &mut Sink) {
    let address = secret::clean(if unknown(&address) { Value::default() } else { address });
    let store = Claim::Store(Store { system, address, database: None, client: client.into(), within });
    if inferred { sink.inferred(store, at) } else { sink.stated(store, at) }
}

/// Functions that connect a bus to a broker.
const TRANSPORTS: &[(&str, System, &str)] = &[
    ("UsingRabbitMq", System::Rabbit, "MassTransit"),
    ("UsingAzureServiceBus", System::ServiceBus, "MassTransit"),
    ("UsingAmazonSqs", System::Sqs, "MassTransit"),
    ("UsingActiveMq", System::ActiveMq, "MassTransit"),
    ("UsingKafka", System::Kafka, "MassTransit"),
    ("CreateUsingRabbitMq", System::Rabbit, "MassTransit"),
    ("CreateUsingAzureServiceBus", System::ServiceBus, "MassTransit"),
    ("UseRabbitMQ", System::Rabbit, "CAP"),
    ("UseRabbitMq", System::Rabbit, ""),
    ("UseRabbitMqUsingNamedConnection", System::Rabbit, "Wolverine"),
    ("UseKafka", System::Kafka, ""),
    ("UseAzureServiceBus", System::ServiceBus, ""),
    ("UseNATS", System::Nats, "CAP"),
    ("UseRedis", System::Redis, "CAP"),
];

fn transports(code: &Code<'_>, sink: &mut Sink) {
    for (name, system, client) in TRANSPORTS {
        for site in code.calls_named(&[name]) {
            let client = match client.is_empty() {
                false => *client,
                true if code.imports("Rebus") => "Rebus",
                true if code.imports("Wolverine") => "Wolverine",
                true if code.imports("MassTransit") => "MassTransit",
                true if code.imports("DotNetCore.CAP") => "CAP",
                true => continue,
            };
            let inside = closures(site.call);
            let mut found: Option<(Value, Span)> = None;
            for host in calls_in(code, &inside, &["Host"]) {
                if let Some(arg) = host.call.arg(0) {
                    let value = code.value(arg, host.function);
                    if !unknown(&value) || found.is_none() {
                        found = Some((value, host.span()));
                    }
                }
            }
            for set in sets(code, &inside) {
                let names = ["HostName", "Host", "ConnectionString", "Servers", "BootstrapServers", "Uri"];
                if names.contains(&set.member) && found.is_none() {
                    found = Some((code.value(set.value, set.function), set.span));
                }
            }
            let direct = site.call.args.iter().map(|a| &a.value).find(|v| !matches!(v.kind, ExprKind::Lambda(_)));
            let within = code.within(site.function);
            match (direct, found) {
                (Some(direct), _) => {
                    store(*system, code.value(direct, site.function), client, within, site.span(), false, sink)
                }
                (None, Some((value, at))) => store(*system, value, client, within, at, false, sink),
                // MassTransit's documented default is the broker on this machine.
                (None, None) if *name == "UsingRabbitMq" => {
                    store(*system, "localhost".into(), client, within, site.span(), true, sink);
                }
                (None, None) => store(*system, Value::default(), client, within, site.span(), false, sink),
            }
        }
    }
    // NServiceBus: `endpoint.UseTransport<RabbitMQTransport>().ConnectionString(…)`.
    for site in code.calls_named(&["UseTransport"]) {
        let Some(ty) = site.call.type_args.first().map(|t| simple(t)).or_else(|| payload_of(code, &site)) else {
            continue;
        };
        let system = match ty.as_str() {
            "RabbitMQTransport" => System::Rabbit,
            "AzureServiceBusTransport" => System::ServiceBus,
            "SqsTransport" => System::Sqs,
            "SqlServerTransport" => System::SqlServer,
            _ => continue,
        };
        let near = code.calls_named(&["ConnectionString"]);
        let given =
            near.iter().find(|c| code.unit.functions[c.function].owner == code.unit.functions[site.function].owner);
        let made = site.call.arg(0).and_then(|a| code.resolved(a, site.function).0.as_call());
        let address = match (given.and_then(|g| Some((g.call.arg(0)?, g.function))), made) {
            (Some((arg, function)), _) => code.value(arg, function),
            (None, Some(made)) => made.args.last().map(|a| code.value(&a.value, site.function)).unwrap_or_default(),
            (None, None) => Value::default(),
        };
        store(system, address, "NServiceBus", code.within(site.function), site.span(), false, sink);
    }
}

/// Queues and topics that a bus's endpoints listen on.
fn endpoints(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&[
        "ReceiveEndpoint",
        "TopicEndpoint",
        "SubscriptionEndpoint",
        "ListenToRabbitQueue",
        "ListenToKafkaTopic",
        "ListenToAzureServiceBusQueue",
    ]) {
        let name = site.call.name();
        let system = match name {
            "TopicEndpoint" | "ListenToKafkaTopic" => System::Kafka,
            "ListenToRabbitQueue" => System::Rabbit,
            "ListenToAzureServiceBusQueue" => System::ServiceBus,
            _ => System::Bus,
        };
        let Some(topic) = site.call.arg(0).filter(|a| !matches!(a.kind, ExprKind::Lambda(_))) else {
            continue;
        };
        let client = if name.starts_with("Listen") { "Wolverine" } else { "MassTransit" };
        let mut line = Line::new(code, &site, system, false, code.value(topic, site.function), client);
        line.0.payload = site.call.type_args.last().map(|t| simple(t));
        if name == "TopicEndpoint" {
            line.0.group = site.call.arg(1).and_then(|g| optional(code.value(g, site.function)));
        }
        line.state(sink);
    }
}

/// Types that messages are sent through: part of the type's name, the methods, the system, the client.
struct Sender {
    on: &'static [&'static str],
    methods: &'static [&'static str],
    system: System,
    client: &'static str,
    /// Position of the topic's text; `None`: the message's type is the topic.
    topic: Option<usize>,
}

const SENDERS: &[Sender] = &[
    Sender {
        on: &[
            "IPublishEndpoint",
            "IBus",
            "ConsumeContext",
            "ISendEndpoint",
            "GetSendEndpoint()",
            "GetPublishSendEndpoint()",
            "CreateMessageScheduler()",
            "IBusControl",
            "ISendEndpointProvider",
            "IScopedMediator",
            "IMessageScheduler",
        ],
        methods: &["Publish", "Send", "PublishBatch", "SchedulePublish", "PublishAsync", "SendAsync"],
        system: System::Bus,
        client: "MassTransit",
        topic: None,
    },
    // MassTransit's rider for Kafka.
    Sender {
        on: &["ITopicProducer"],
        methods: &["Produce"],
        system: System::Kafka,
        client: "MassTransit",
        topic: None,
    },
    Sender {
        on: &["IMessageSession", "IEndpointInstance", "IMessageHandlerContext", "IPipelineContext"],
        methods: &["Publish", "Send", "SendLocal"],
        system: System::Bus,
        client: "NServiceBus",
        topic: None,
    },
    Sender {
        on: &["IMessageBus", "IMessageContext"],
        methods: &["PublishAsync", "SendAsync", "BroadcastToTopicAsync"],
        system: System::Bus,
        client: "Wolverine",
        topic: None,
    },
    Sender {
        on: &["IBusClient"],
        methods: &["PublishAsync", "RequestAsync"],
        system: System::Rabbit,
        client: "RawRabbit",
        topic: None,
    },
    Sender {
        on: &["ICapPublisher"],
        methods: &["Publish", "PublishAsync", "PublishDelay", "PublishDelayAsync"],
        system: System::Bus,
        client: "CAP",
        topic: Some(0),
    },
    Sender {
        on: &["DaprClient"],
        methods: &["PublishEventAsync", "PublishByteEventAsync", "BulkPublishEventAsync"],
        system: System::Bus,
        client: "Dapr",
        topic: Some(1),
    },
    Sender {
        on: &["IProducer", "ProducerBuilder", "DependentProducerBuilder"],
        methods: &["Produce", "ProduceAsync"],
        system: System::Kafka,
        client: "Confluent.Kafka",
        topic: Some(0),
    },
    Sender {
        on: &[
            "INatsConnection",
            "NatsConnection",
            "INatsClient",
            "NatsClient",
            "INatsJSContext",
            "NatsJSContext",
            "IJetStream",
        ],
        methods: &["PublishAsync", "Publish", "RequestAsync"],
        system: System::Nats,
        client: "NATS",
        topic: Some(0),
    },
    Sender {
        on: &["ISubscriber", "GetSubscriber()"],
        methods: &["Publish", "PublishAsync"],
        system: System::Redis,
        client: "StackExchange.Redis",
        topic: Some(0),
    },
    Sender {
        on: &["IDatabase", "GetDatabase()"],
        methods: &["StreamAdd", "StreamAddAsync"],
        system: System::Redis,
        client: "StackExchange.Redis",
        topic: Some(0),
    },
    Sender {
        on: &["ServiceBusClient"],
        methods: &["CreateSender"],
        system: System::ServiceBus,
        client: "Azure Service Bus",
        topic: Some(0),
    },
    Sender {
        on: &["IAmazonSQS", "AmazonSQSClient"],
        methods: &["SendMessageAsync"],
        system: System::Sqs,
        client: "AWS SDK",
        topic: Some(0),
    },
    Sender {
        on: &["IAmazonSimpleNotificationService", "AmazonSimpleNotificationServiceClient"],
        methods: &["PublishAsync"],
        system: System::Sns,
        client: "AWS SDK",
        topic: Some(0),
    },
    Sender {
        on: &["PublisherClient", "PublisherServiceApiClient"],
        methods: &["PublishAsync"],
        system: System::PubSub,
        client: "Google Pub/Sub",
        topic: Some(9),
    },
];

fn sends(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let name = site.call.name();
        if site.call.new || !SENDERS.iter().any(|s| s.methods.contains(&name)) {
            continue;
        }
        let Some(receiver) = site.call.receiver() else { continue };
        let origin = code.origin(receiver, site.function);
        let on = last(&origin).to_owned();
        let Some(sender) = SENDERS.iter().find(|s| {
            s.methods.contains(&name)
                && s.on.iter().any(|o| {
                    on == *o || origin.ends_with(o) || origin.contains("Builder.Build") && origin.starts_with(o)
                })
        }) else {
            own_bus(code, site, &origin, sink);
            continue;
        };
        let topic = match sender.topic {
            Some(9) => Value::default(),
            Some(position) => match site.call.arg_or("topic", position) {
                Some(arg) => request_topic(code, arg, site.function),
                None => continue,
            },
            None => typed_topic(code, site),
        };
        // A bus that MassTransit and Rebus both call `IBus`.
        let client = if sender.client == "MassTransit" && code.imports("Rebus") {
            "Rebus"
        } else if sender.client == "MassTransit" && code.imports("EasyNetQ") {
            continue;
        } else {
            sender.client
        };
        let mut line = Line::new(code, site, sender.system, true, topic, client);
        line.0.payload = match sender.topic {
            None => payload_of(code, site),
            Some(at) => site.call.arg(at + 1).and_then(|a| payload(code, a, site.function)),
        };
        if sender.client == "Dapr" {
            line.0.exchange = site.call.arg(0).and_then(|p| optional(code.value(p, site.function)));
        }
        if sender.system == System::Kafka {
            line.0.address = kafka(code, site, "BootstrapServers");
        }
        line.state(sink);
    }
}

/// A topic as text, or the queue of a request object.
fn request_topic(code: &Code<'_>, arg: &Expr, function: usize) -> Value {
    let (made, at) = code.resolved(arg, function);
    let object = made.as_call().filter(|c| c.new).and_then(initialiser);
    let key = object.and_then(|o| ["QueueUrl", "TopicArn", "Topic"].iter().find_map(|k| o.key(k)));
    match key {
        Some(key) => code.value(key, at),
        None => match made.as_call() {
            // `RedisChannel.Literal("x")`, `new TopicPartition("x", 0)`.
            Some(call) if matches!(call.name(), "Literal" | "Pattern" | "TopicPartition" | "RedisChannel") => {
                call.arg(0).map(|a| code.value(a, at)).unwrap_or_default()
            }
            _ => code.value(arg, function),
        },
    }
}

/// Buses that a code base defines for itself: `_eventBus.Publish(new OrderPlaced(…))`.
fn own_bus(code: &Code<'_>, site: &Site<'_>, origin: &str, sink: &mut Sink) {
    let on = last(origin);
    let lower = on.to_ascii_lowercase();
    let bus = ["eventbus", "eventbusasync", "integrationeventpublisher", "messagebroker", "messagepublisher"]
        .iter()
        .any(|w| lower.ends_with(w));
    if !bus || !matches!(site.call.name(), "Publish" | "PublishAsync") {
        return;
    }
    let mut line = Line::new(code, site, System::Bus, true, typed_topic(code, site), "event bus");
    line.0.payload = payload_of(code, site);
    line.state(sink);
}

/// A setting of the Kafka configuration objects of this file, the nearest first.
fn kafka(code: &Code<'_>, site: &Site<'_>, key: &str) -> Option<Value> {
    let names = ["ProducerConfig", "ConsumerConfig", "ClientConfig", "AdminClientConfig"];
    let owner = &code.unit.functions[site.function].owner;
    let mut made: Vec<Site<'_>> = code.calls_named(&names).into_iter().filter(|s| s.call.new).collect();
    made.sort_by_key(|s| (s.function != site.function, code.unit.functions[s.function].owner != *owner));
    let stated = made.iter().find_map(|s| optional(code.value(initialiser(s.call)?.key(key)?, s.function)));
    stated.or_else(|| {
        let all: Vec<usize> = (0..code.unit.functions.len()).collect();
        sets(code, &all).into_iter().find(|s| s.member == key).and_then(|s| optional(code.value(s.value, s.function)))
    })
}

fn subscriptions(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let name = site.call.name();
        let Some(receiver) = site.call.receiver() else { continue };
        if site.call.new
            || !matches!(
                name,
                "Subscribe"
                    | "SubscribeAsync"
                    | "SubscribeCoreAsync"
                    | "RespondAsync"
                    | "CreateProcessor"
                    | "CreateReceiver"
                    | "CreateSessionProcessor"
                    | "ReceiveMessageAsync"
                    | "AddSubscription"
                    | "StreamReadGroupAsync"
                    | "StreamReadAsync"
                    | "StreamReadGroup"
            )
        {
            continue;
        }
        let origin = code.origin(receiver, site.function);
        let has = |words: &[&str]| words.iter().any(|w| origin.contains(w));
        let first = || site.call.arg(0).map(|a| request_topic(code, a, site.function)).unwrap_or_default();
        let mut line = match name {
            "AddSubscription" | "Subscribe" if site.call.type_args.len() == 2 => {
                let event = simple(&site.call.type_args[0]);
                if is_parameter(&event) || event.len() == 1 {
                    continue;
                }
                let mut line = Line::new(code, site, System::Bus, false, Value::text(event.clone()), "event bus");
                line.0.payload = Some(event);
                line
            }
            "Subscribe" if has(&["IConsumer", "ConsumerBuilder"]) => {
                let mut line = Line::new(code, site, System::Kafka, false, first(), "Confluent.Kafka");
                line.0.address = kafka(code, site, "BootstrapServers");
                line.0.group = kafka(code, site, "GroupId");
                line
            }
            "Subscribe" | "SubscribeAsync" if has(&["ISubscriber", "GetSubscriber()"]) => {
                Line::new(code, site, System::Redis, false, first(), "StackExchange.Redis")
            }
            "SubscribeAsync" | "RespondAsync" if has(&["IBusClient"]) => {
                let Some(event) = site.call.type_args.first().map(|t| simple(t)).filter(|e| !is_parameter(e)) else {
                    continue;
                };
                let mut line = Line::new(code, site, System::Rabbit, false, Value::text(event.clone()), "RawRabbit");
                line.0.payload = Some(event);
                line
            }
            "SubscribeAsync" | "SubscribeCoreAsync" | "Subscribe" if has(&["Nats", "NATS"]) => {
                Line::new(code, site, System::Nats, false, first(), "NATS")
            }
            "StreamReadGroupAsync" | "StreamReadAsync" | "StreamReadGroup" if has(&["IDatabase", "GetDatabase()"]) => {
                let mut line = Line::new(code, site, System::Redis, false, first(), "StackExchange.Redis");
                line.0.group = site
                    .call
                    .arg(1)
                    .filter(|_| name.contains("Group"))
                    .and_then(|g| optional(code.value(g, site.function)));
                line
            }
            "CreateProcessor" | "CreateReceiver" | "CreateSessionProcessor" if has(&["ServiceBusClient"]) => {
                let mut line = Line::new(code, site, System::ServiceBus, false, first(), "Azure Service Bus");
                let second = site.call.arg(1).map(|a| code.value(a, site.function)).and_then(optional);
                line.0.group = second.filter(|v| !v.to_string().contains("Options"));
                line
            }
            "ReceiveMessageAsync" if has(&["SQS"]) => Line::new(code, site, System::Sqs, false, first(), "AWS SDK"),
            _ => continue,
        };
        if line.0.system == System::Kafka && line.0.topic.is_empty() {
            line.0.topic = Value::default();
        }
        line.state(sink);
    }
    connections(code, sink);
}

/// Clients that are made with the broker's address.
const CLIENTS: &[(&str, System, &str, usize)] = &[
    ("ServiceBusClient", System::ServiceBus, "Azure Service Bus", 0),
    ("ServiceBusAdministrationClient", System::ServiceBus, "Azure Service Bus", 0),
    ("EventHubProducerClient", System::EventHubs, "Azure Event Hubs", 0),
    ("EventHubConsumerClient", System::EventHubs, "Azure Event Hubs", 1),
    ("EventProcessorClient", System::EventHubs, "Azure Event Hubs", 2),
    ("QueueClient", System::ServiceBus, "Azure Service Bus", 0),
    ("TopicClient", System::ServiceBus, "Azure Service Bus", 0),
    ("SubscriptionClient", System::ServiceBus, "Azure Service Bus", 0),
    ("NatsConnection", System::Nats, "NATS", 0),
    ("NatsClient", System::Nats, "NATS", 0),
    ("AmazonSQSClient", System::Sqs, "AWS SDK", 9),
    ("AmazonSimpleNotificationServiceClient", System::Sns, "AWS SDK", 9),
];

fn connections(code: &Code<'_>, sink: &mut Sink) {
    for (name, system, client, position) in CLIENTS {
        for site in code.calls_named(&[name]) {
            if !site.call.new {
                continue;
            }
            let arg = site.call.arg(*position);
            let object =
                arg.and_then(|a| code.resolved(a, site.function).0.as_call()).filter(|c| c.new).and_then(initialiser);
            let address = match object.and_then(|o| ["Url", "ServiceURL"].iter().find_map(|k| o.key(k))) {
                Some(url) => code.value(url, site.function),
                None => arg.map(|a| code.value(a, site.function)).unwrap_or_default(),
            };
            store(*system, address, client, code.within(site.function), site.span(), false, sink);
        }
    }
    for name in ["ProducerConfig", "ConsumerConfig", "ClientConfig", "AdminClientConfig"] {
        for site in code.calls_named(&[name]) {
            if !site.call.new {
                continue;
            }
            let given =
                initialiser(site.call).and_then(|o| o.key("BootstrapServers")).map(|v| code.value(v, site.function));
            if let Some(address) = given.and_then(optional) {
                store(System::Kafka, address, "Confluent.Kafka", code.within(site.function), site.span(), false, sink);
            }
        }
    }
}
