//! More libraries for messages in .NET, each set up by a builder: KafkaFlow, SlimMessageBus, Brighter, MQTTnet; where Wolverine
//! sends what; MassTransit's state machines and request clients. See `buses.md`.

use super::messages::{Line, is_parameter, optional, payload_of, typed_topic};
use super::read::{calls_in, chain, closures, generics, initialiser, last, sets, simple, unknown};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::config::secret;
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, SmolStr, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-buses",
    version: 1,
    page: include_str!("buses.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if code.imports("KafkaFlow") {
        kafka_flow(code, sink);
    }
    if code.imports("SlimMessageBus") {
        slim(code, sink);
    }
    if code.imports("Paramore.Brighter") {
        brighter(code, sink);
    }
    if code.imports("MQTTnet") {
        mqtt(code, sink);
    }
    if code.imports("Wolverine") {
        wolverine(code, sink);
    }
    state_machines(code, sink);
    requests(code, sink);
}

fn store(code: &Code<'_>, site: &Site<'_>, system: System, address: Value, client: &str, sink: &mut Sink) {
    let address = secret::clean(if unknown(&address) { Value::default() } else { address });
    let within = code.within(site.function);
    let store = Store { system, address, database: None, client: client.into(), within };
    sink.stated(Claim::Store(store), site.span());
}

/// The first of a list, or the value itself.
fn first(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    let (made, at) = code.resolved(expr, function);
    match &made.kind {
        ExprKind::List(items) => items.first().map(|i| code.value(i, at)).unwrap_or_default(),
        _ => code.value(made, at),
    }
}

/// `AddCluster(c => c.WithBrokers(…).AddConsumer(c => c.Topic(…).WithGroupId(…)).AddProducer("name", p => p.DefaultTopic(…)))`.
fn kafka_flow(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["WithBrokers"]) {
        let address = site.call.arg(0).map(|a| first(code, a, site.function)).unwrap_or_default();
        store(code, &site, System::Kafka, address, "KafkaFlow", sink);
    }
    for site in code.calls_named(&["AddConsumer", "AddProducer"]) {
        let inside = closures(site.call);
        let publish = site.call.name() == "AddProducer";
        let names: &[&str] = if publish { &["DefaultTopic"] } else { &["Topic", "Topics"] };
        let group = calls_in(code, &inside, &["WithGroupId"]);
        let group = group.first().and_then(|g| optional(code.value(g.call.arg(0)?, g.function)));
        for topic in calls_in(code, &inside, names) {
            for arg in topic.call.args.iter().filter(|a| !matches!(a.value.kind, ExprKind::Lambda(_))) {
                let value = code.value(&arg.value, topic.function);
                let mut line = Line::new(code, &topic, System::Kafka, publish, value, "KafkaFlow");
                line.0.group = group.clone();
                line.state(sink);
            }
        }
    }
    // A producer that names the topic with each message.
    for site in code.calls_named(&["ProduceAsync", "Produce"]) {
        let on = site.call.receiver().map(|r| code.origin(r, site.function)).unwrap_or_default();
        let texts = site.call.args.iter().filter(|a| !matches!(a.value.kind, ExprKind::Lambda(_))).count();
        if !last(&on).contains("IMessageProducer") || texts < 3 {
            continue;
        }
        let topic = site.call.arg(0).map(|a| code.value(a, site.function)).unwrap_or_default();
        Line::new(code, &site, System::Kafka, true, topic, "KafkaFlow").state(sink);
    }
}

/// Providers of SlimMessageBus: the call that brings one, the system, the member with the address.
const PROVIDERS: &[(&str, System, &[&str])] = &[
    ("WithProviderKafka", System::Kafka, &["BrokerList"]),
    ("WithProviderRabbitMQ", System::Rabbit, &["ConnectionString", "HostName"]),
    ("WithProviderServiceBus", System::ServiceBus, &["ConnectionString"]),
    ("WithProviderEventHub", System::EventHubs, &["ConnectionString"]),
    ("WithProviderRedis", System::Redis, &["ConnectionString"]),
    ("WithProviderNats", System::Nats, &["Endpoint"]),
    ("WithProviderMqtt", System::Mqtt, &["Server"]),
    ("WithProviderAmazonSQS", System::Sqs, &[]),
];

/// `mbb.Produce<T>(x => x.DefaultTopic(…))`, `mbb.Consume<T>(x => x.Topic(…).WithConsumer<C>())`.
fn slim(code: &Code<'_>, sink: &mut Sink) {
    let mut system = System::Bus;
    for (name, of, members) in PROVIDERS {
        for site in code.calls_named(&[name]) {
            let set = sets(code, &closures(site.call)).into_iter().find(|s| members.contains(&s.member));
            let direct = site.call.arg(0).filter(|a| !matches!(a.kind, ExprKind::Lambda(_)));
            let address = set.map(|s| code.value(s.value, s.function));
            let address = address.or_else(|| direct.map(|a| code.value(a, site.function))).unwrap_or_default();
            store(code, &site, *of, address, "SlimMessageBus", sink);
            system = *of;
        }
    }
    for site in code.calls_named(&["Produce", "Consume", "Handle"]) {
        let Some(message) = site.call.type_args.first().map(|t| simple(t)).filter(|t| !is_parameter(t)) else {
            continue;
        };
        let publish = site.call.name() == "Produce";
        let names: &[&str] = match publish {
            true => &["DefaultTopic", "DefaultPath", "DefaultQueue", "Exchange"],
            false => &["Topic", "Path", "Queue"],
        };
        let inside = closures(site.call);
        let stated = calls_in(code, &inside, names);
        let topic = stated.first().and_then(|t| optional(code.value(t.call.arg(0)?, t.function)));
        let topic = topic.unwrap_or_else(|| Value::text(message.clone()));
        let mut line = Line::new(code, &site, system, publish, topic, "SlimMessageBus");
        let group = calls_in(code, &inside, &["KafkaGroup", "Group", "SubscriptionName"]);
        line.0.group = group.first().and_then(|g| optional(code.value(g.call.arg(0)?, g.function)));
        line.0.payload = Some(message);
        line.state(sink);
    }
}

/// What Brighter's types for a transport are called like.
const TRANSPORTS: &[(&str, System)] = &[
    ("Kafka", System::Kafka),
    ("Rmq", System::Rabbit),
    ("Sqs", System::Sqs),
    ("AzureServiceBus", System::ServiceBus),
    ("Redis", System::Redis),
    ("MsSql", System::SqlServer),
    ("MQTT", System::Mqtt),
];

fn transport(name: &str, kind: &str) -> Option<System> {
    let prefix = name.strip_suffix(kind)?;
    TRANSPORTS.iter().find(|(p, _)| *p == prefix).map(|(_, system)| *system)
}

/// `new RmqSubscription<T>(…, routingKey: …)`, `new KafkaPublication { Topic = … }`, `commandProcessor.Post(new T())`.
fn brighter(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls().iter().filter(|s| s.call.new) {
        let name = site.call.name();
        let object = initialiser(site.call);
        if let Some(system) = transport(name, "Subscription") {
            let key = site.call.named("routingKey").or_else(|| site.call.named("channelName"));
            let topic = key.map(|k| named(code, k, site.function)).unwrap_or_default();
            let mut line = Line::new(code, site, system, false, topic, "Brighter");
            line.0.group = site.call.named("groupId").and_then(|g| optional(code.value(g, site.function)));
            let of = site.call.type_args.first().and_then(|t| generics(t).first().map(|g| simple(g)));
            line.0.payload = of.filter(|t| !is_parameter(t));
            line.state(sink);
        } else if let Some(system) = transport(name, "Publication") {
            let topic = object.and_then(|o| o.key("Topic")).map(|t| named(code, t, site.function)).unwrap_or_default();
            Line::new(code, site, system, true, topic, "Brighter").state(sink);
        } else if let Some(system) =
            transport(name, "MessagingGatewayConfiguration").or_else(|| transport(name, "MessagingGatewayConnection"))
        {
            let of = |o: &Expr| {
                ["BootStrapServers", "AmpqUri", "ConnectionString", "RedisConnectionString"]
                    .iter()
                    .find_map(|k| o.key(k))
                    .map(|v| first(code, inner(v), site.function))
            };
            store(code, site, system, object.and_then(of).unwrap_or_default(), "Brighter", sink);
        }
    }
    for site in code.calls_named(&["Post", "PostAsync", "DepositPost", "DepositPostAsync"]) {
        let on = site.call.receiver().map(|r| code.origin(r, site.function)).unwrap_or_default();
        if site.call.new || !last(&on).ends_with("CommandProcessor") {
            continue;
        }
        let mut line = Line::new(code, &site, System::Bus, true, typed_topic(code, &site), "Brighter");
        line.0.payload = payload_of(code, &site);
        line.state(sink);
    }
}

/// `opts.PublishMessage<T>().ToRabbitExchange("x")`: also what handlers return is sent there.
fn wolverine(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let system = match site.call.name() {
            "ToRabbitExchange" | "ToRabbitQueue" | "ToRabbitTopics" | "ToRabbitRoutingKey" => System::Rabbit,
            "ToKafkaTopic" => System::Kafka,
            "ToAzureServiceBusQueue" | "ToAzureServiceBusTopic" => System::ServiceBus,
            "ToSqsQueue" => System::Sqs,
            "ToSnsTopic" => System::Sns,
            "ToPulsarTopic" => System::Pulsar,
            "ToMqttTopic" => System::Mqtt,
            _ => continue,
        };
        let published = chain(site.call).into_iter().find(|c| matches!(c.name(), "PublishMessage" | "Publish"));
        let message = published.and_then(|c| c.type_args.first()).map(|t| simple(t));
        let topic = site.call.arg(0).map(|a| code.value(a, site.function)).unwrap_or_default();
        let mut line = Line::new(code, site, system, true, topic, "Wolverine");
        line.0.payload = message;
        line.state(sink);
    }
}

/// The events of a saga: properties `Event<OrderPlaced> OrderPlaced` of a `MassTransitStateMachine<…>`, and what it
/// publishes and sends on the way: `.Publish(context => new OrderAccepted())`.
fn state_machines(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        if !ty.super_texts.iter().any(|s| simple(s) == "MassTransitStateMachine") {
            continue;
        }
        for field in ty.fields.iter().filter(|f| simple(&f.ty) == "Event") {
            let Some(message) = generics(&field.ty).first().map(|t| simple(t)) else { continue };
            let within = ty.name.clone();
            let topic = Value::text(message.clone());
            let mut line = Line::at(within, field.span, System::Bus, false, topic, "MassTransit");
            line.0.payload = Some(message);
            line.state(sink);
        }
        for site in code.calls_named(&["Publish", "PublishAsync", "Send", "SendAsync"]) {
            let owned = code.unit.functions[code_owner(code, site.function)].owner == ty.name;
            let made = closures(site.call).into_iter().find_map(|f| made_in(code, f));
            let (Some(message), true) = (made, owned) else { continue };
            let topic = Value::text(message.clone());
            let mut line = Line::new(code, &site, System::Bus, true, topic, "MassTransit");
            line.0.payload = Some(message);
            line.state(sink);
        }
    }
}

/// The function that closures stand in.
fn code_owner(code: &Code<'_>, mut function: usize) -> usize {
    while let Some(parent) = code.unit.functions[function].parent {
        function = parent;
    }
    function
}

/// What a closure makes: `context => new OrderAccepted()`, `context => context.Init<OrderAccepted>(…)`.
fn made_in(code: &Code<'_>, function: usize) -> Option<SmolStr> {
    let made = code.calls().iter().filter(|s| s.function == function).find_map(|s| match s.call.name() {
        "Init" => s.call.type_args.first().map(|t| simple(t)),
        name if s.call.new && !name.is_empty() && !name.ends_with("Uri") => Some(name.into()),
        _ => None,
    })?;
    (!is_parameter(&made)).then_some(made)
}

/// `IRequestClient<GetOrder>.GetResponse<Order>(…)` of MassTransit.
fn requests(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["GetResponse"]) {
        let Some(receiver) = site.call.receiver() else { continue };
        let Some(declared) = declared(code, receiver, site.function) else { continue };
        if simple(&declared) != "IRequestClient" {
            continue;
        }
        let Some(message) = generics(&declared).first().map(|t| simple(t)).filter(|t| !is_parameter(t)) else {
            continue;
        };
        let topic = Value::text(message.clone());
        let mut line = Line::new(code, &site, System::Bus, true, topic, "MassTransit");
        line.0.payload = Some(message);
        line.state(sink);
    }
}

/// The type of a field or parameter as it is written, generics included.
fn declared(code: &Code<'_>, expr: &Expr, function: usize) -> Option<SmolStr> {
    let name = super::read::name_of(expr)?;
    let mut at = Some(function);
    while let Some(index) = at {
        let f = &code.unit.functions[index];
        if let Some(param) = f.params.iter().find(|p| p.name == name) {
            return Some(param.ty.clone());
        }
        at = f.parent;
    }
    let owner = code.type_named(&code.unit.functions[code_owner(code, function)].owner)?;
    let field = owner.fields.iter().find(|f| f.name == name).map(|f| f.ty.clone());
    // A primary constructor's parameter.
    let primary = || {
        let made = code.unit.functions.iter().find(|f| f.owner == owner.name && f.name == "<init>")?;
        made.params.iter().find(|p| p.name == name).map(|p| p.ty.clone())
    };
    field.or_else(primary)
}

/// `new AmqpUriSpecification(new Uri(…))` holds its first argument.
fn inner(expr: &Expr) -> &Expr {
    match expr.as_call() {
        Some(call) if call.new && call.name().ends_with("Specification") => call.arg(0).unwrap_or(expr),
        _ => expr,
    }
}

/// `new RoutingKey("orders")` is its text.
fn named(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    let (made, at) = code.resolved(expr, function);
    match made.as_call() {
        Some(call) if call.new => call.arg(0).map(|a| code.value(a, at)).unwrap_or_default(),
        _ => code.value(made, at),
    }
}

/// `WithTcpServer(host)`, `WithTopic(…)` of a message or of a filter, `SubscribeAsync("topic")`.
fn mqtt(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["WithTcpServer", "WithConnectionUri", "WithWebSocketServer"]) {
        let given = site.call.arg(0).filter(|a| !matches!(a.kind, ExprKind::Lambda(_)));
        let address = given.map(|a| code.value(a, site.function)).unwrap_or_default();
        store(code, &site, System::Mqtt, address, "MQTTnet", sink);
    }
    for site in code.calls_named(&["WithTopic", "WithTopicFilter", "SubscribeAsync", "PublishStringAsync"]) {
        let Some(topic) = site.call.arg(0).filter(|a| !matches!(a.kind, ExprKind::Lambda(_))) else { continue };
        let on = site.call.receiver().map(|r| code.origin(r, site.function)).unwrap_or_default();
        let publish = match site.call.name() {
            "WithTopic" if on.contains("MqttApplicationMessageBuilder") => true,
            "WithTopic" if on.contains("Filter") => false,
            "WithTopicFilter" => false,
            "SubscribeAsync" | "PublishStringAsync" if last(&on).contains("Mqtt") => {
                site.call.name() == "PublishStringAsync"
            }
            _ => continue,
        };
        let topic = code.value(topic, site.function);
        if topic.as_text() != Some(SmolStr::default()) && !unknown(&topic) {
            Line::new(code, &site, System::Mqtt, publish, topic, "MQTTnet").state(sink);
        }
    }
}
