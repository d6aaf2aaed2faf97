//! Integration routes: Apache Camel's endpoints and Spring Integration's adapters. See `integration.md`.
//!
//! A Camel endpoint is a URI whose scheme is a component; what `from` reads comes in and what `to` names goes out.

use super::messages::{keys, listed, message, state};
use super::read::{JVM, chained, filled, receiver, requested};
use crate::code::{Code, Site};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Part, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-integration",
    version: 1,
    page: include_str!("integration.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if code.imports("org.apache.camel") {
        camel(code, sink);
    }
    if code.imports("org.springframework.integration") {
        spring(code, sink);
    }
}

fn value(code: &Code<'_>, site: &Site<'_>, position: usize) -> Option<Value> {
    Some(filled(code.value(site.call.arg(position)?, site.function)))
}

/// Camel's messaging components: scheme, system, parameter of the broker's address, key of the component's address.
const COMPONENTS: &[(&str, System, &str, &[&str])] = &[
    ("kafka", System::Kafka, "brokers", &["camel.component.kafka.brokers"]),
    ("rabbitmq", System::Rabbit, "addresses", &["camel.component.rabbitmq.addresses", "spring.rabbitmq.host"]),
    ("spring-rabbitmq", System::Rabbit, "", &["spring.rabbitmq.addresses", "spring.rabbitmq.host"]),
    ("activemq", System::ActiveMq, "brokerURL", &["camel.component.activemq.broker-url", "spring.activemq.broker-url"]),
    ("activemq6", System::ActiveMq, "brokerURL", &["camel.component.activemq6.broker-url"]),
    ("jms", System::Jms, "", &["spring.activemq.broker-url", "spring.artemis.broker-url"]),
    ("amqp", System::ActiveMq, "", &["camel.component.amqp.host"]),
    ("nats", System::Nats, "servers", &["camel.component.nats.servers"]),
    ("paho", System::Mqtt, "brokerUrl", &["camel.component.paho.broker-url"]),
    ("paho-mqtt5", System::Mqtt, "brokerUrl", &["camel.component.paho-mqtt5.broker-url"]),
    ("pulsar", System::Pulsar, "", &["camel.component.pulsar.service-url"]),
    ("aws2-sqs", System::Sqs, "", &[]),
    ("aws2-sns", System::Sns, "", &[]),
    ("google-pubsub", System::PubSub, "", &[]),
    ("azure-servicebus", System::ServiceBus, "", &[]),
];

/// Camel's components of databases.
const STORES: &[(&str, System)] = &[
    ("sql", System::Sql),
    ("jdbc", System::Sql),
    ("jpa", System::Sql),
    ("mongodb", System::Mongo),
    ("spring-redis", System::Redis),
    ("elasticsearch", System::Elasticsearch),
    ("cql", System::Cassandra),
    ("aws2-s3", System::Objects),
    ("aws2-ddb", System::Dynamo),
    ("minio", System::Objects),
];

fn camel(code: &Code<'_>, sink: &mut Sink) {
    let names = [
        "from",
        "fromF",
        "to",
        "toD",
        "toF",
        "wireTap",
        "enrich",
        "pollEnrich",
        "inOnly",
        "inOut",
        "sendBody",
        "requestBody",
    ];
    for site in code.calls_named(&names) {
        let Some(uri) = value(code, &site, 0) else { continue };
        let Some(Part::Text(first)) = uri.parts.first() else { continue };
        let Some((scheme, _)) = first.split_once(':') else { continue };
        let scheme = scheme.to_ascii_lowercase();
        let within = code.within(site.function);
        let consumes = matches!(site.call.name(), "from" | "fromF" | "pollEnrich");
        let scheme = scheme.as_str();
        match scheme {
            "http" | "https" | "http4" | "https4" | "netty-http" | "undertow" | "vertx-http" if !consumes => {
                if let Some(target) = http(&uri, scheme) {
                    requested("Camel", None, target, within, site.span(), sink);
                }
            }
            "rest" if !consumes => {
                let host = parameter(&uri, "host");
                requested("Camel", None, host.unwrap_or_default(), within, site.span(), sink);
            }
            _ => {
                if let Some((_, system, broker, component)) = COMPONENTS.iter().find(|(s, ..)| *s == scheme) {
                    let mut m = message(*system, !consumes, name(&uri), "Camel", within);
                    let stated = Some(*broker).filter(|b| !b.is_empty()).and_then(|b| parameter(&uri, b));
                    m.address = stated.or_else(|| (!component.is_empty()).then(|| keys(component, None)));
                    state(m, site.span(), sink);
                } else if let Some((_, system)) = STORES.iter().find(|(s, _)| *s == scheme) {
                    let store = Store {
                        system: *system,
                        address: Value::default(),
                        database: None,
                        client: "Camel".into(),
                        within,
                    };
                    sink.inferred(Claim::Store(store), site.span());
                }
            }
        }
    }
}

/// The address of an HTTP endpoint without the options of the component: `netty-http:http://orders/open?…`.
fn http(uri: &Value, scheme: &str) -> Option<Value> {
    let mut out = Value::default();
    for (i, part) in uri.parts.iter().enumerate() {
        match part {
            Part::Text(text) => {
                let mut text = text.as_str();
                if i == 0 {
                    let rest = text[scheme.len() + 1..].trim_start_matches('/');
                    if rest.is_empty() && uri.parts.len() == 1 {
                        return None;
                    }
                    if !rest.contains("://") {
                        out.push_text("http://");
                    }
                    text = rest;
                }
                let (kept, rest) = text.split_once('?').map_or((text, None), |(kept, rest)| (kept, Some(rest)));
                out.push_text(kept);
                if rest.is_some() {
                    break;
                }
            }
            hole @ Part::Hole(_) => out.parts.push(hole.clone()),
        }
    }
    Some(out)
}

/// The destination: what stands between the scheme and the options.
fn name(uri: &Value) -> Value {
    let mut out = Value::default();
    for (i, part) in uri.parts.iter().enumerate() {
        match part {
            Part::Text(text) => {
                let text = if i == 0 { text.split_once(':').map_or("", |(_, rest)| rest) } else { text.as_str() };
                let text =
                    text.trim_start_matches("queue:").trim_start_matches("topic:").trim_start_matches("default:");
                let kept = text.split('?').next().unwrap_or(text);
                out.push_text(kept);
                if kept.len() < text.len() {
                    break;
                }
            }
            hole @ Part::Hole(_) => out.parts.push(hole.clone()),
        }
    }
    out
}

/// An option of an endpoint: `?brokers=kafka:9092&groupId=a`.
fn parameter(uri: &Value, name: &str) -> Option<Value> {
    let mut out: Option<Value> = None;
    for part in &uri.parts {
        match (part, &mut out) {
            (Part::Text(text), None) => {
                let at = [format!("?{name}="), format!("&{name}=")].iter().find_map(|k| Some(text.find(k)? + k.len()));
                let Some(at) = at else { continue };
                let rest = &text[at..];
                let end = rest.find('&');
                let found = Value::text(&rest[..end.unwrap_or(rest.len())]);
                if end.is_some() {
                    return Some(found);
                }
                out = Some(found);
            }
            (Part::Text(text), Some(found)) => {
                let end = text.find('&');
                found.push_text(&text[..end.unwrap_or(text.len())]);
                if end.is_some() {
                    return out;
                }
            }
            (hole @ Part::Hole(_), Some(found)) => found.parts.push(hole.clone()),
            (Part::Hole(_), None) => {}
        }
    }
    out.filter(|v| !v.is_empty())
}

/// Spring Integration: adapters that the builders of a technology make, and handlers that are made as objects.
fn spring(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["outboundGateway", "outboundChannelAdapter", "HttpRequestExecutingMessageHandler"]) {
        let on = receiver(code, site.call, site.function);
        let http = on == "http" || on == "webflux" || site.call.new;
        if let (true, Some(target)) = (http, value(code, &site, 0)) {
            requested("Spring Integration", None, target, code.within(site.function), site.span(), sink);
        }
    }
    let say = |site: &Site<'_>, system: System, publish: bool, topic: Value, sink: &mut Sink| {
        let mut m = message(system, publish, topic, "Spring Integration", code.within(site.function));
        m.address = match system {
            System::Kafka => Some(keys(&["spring.kafka.bootstrap-servers"], Some("localhost:9092"))),
            System::Rabbit => Some(keys(&["spring.rabbitmq.addresses", "spring.rabbitmq.host"], Some("localhost"))),
            System::Jms => Some(keys(&["spring.artemis.broker-url", "spring.activemq.broker-url"], None)),
            _ => None,
        };
        state(m, site.span(), sink);
    };
    for site in
        code.calls_named(&["messageDrivenChannelAdapter", "inboundChannelAdapter", "inboundAdapter", "inboundGateway"])
    {
        let (system, position) = match (receiver(code, site.call, site.function).as_str(), site.call.name()) {
            ("kafka", _) => (System::Kafka, 1),
            ("amqp", "inboundAdapter" | "inboundGateway") => (System::Rabbit, 1),
            ("jms", "inboundAdapter" | "inboundGateway" | "messageDrivenChannelAdapter") => (System::Jms, 9),
            _ => continue,
        };
        let named = chain_after(code, &site, &["destination", "requestDestination", "queueNames"]);
        let topic = named.or_else(|| value(code, &site, position)).unwrap_or_default();
        say(&site, system, false, topic, sink);
    }
    for site in code.calls_named(&["outboundChannelAdapter", "outboundGateway", "outboundAdapter"]) {
        let system = match receiver(code, site.call, site.function).as_str() {
            "kafka" => System::Kafka,
            "amqp" => System::Rabbit,
            "jms" => System::Jms,
            _ => continue,
        };
        let named = chain_after(code, &site, &["topic", "routingKey", "destination", "requestDestination"]);
        say(&site, system, true, named.unwrap_or_default(), sink);
    }
    for site in code.calls_named(&["KafkaMessageDrivenChannelAdapter", "ContainerProperties"]) {
        let Some(first) = site.call.arg(0).filter(|_| site.call.new && site.call.name() == "ContainerProperties")
        else {
            continue;
        };
        for topic in listed(code, first, site.function) {
            say(&site, System::Kafka, false, topic, sink);
        }
    }
}

/// What a later link of the chain that starts with `site` is given.
fn chain_after(code: &Code<'_>, site: &Site<'_>, names: &[&str]) -> Option<Value> {
    let links = code.calls_named(names).into_iter().filter(|s| s.function == site.function);
    let mut links = links.filter(|s| chained(s.expr, site.call.name()).is_some_and(|c| std::ptr::eq(c, site.call)));
    links.next().and_then(|s| value(code, &s, 0))
}
