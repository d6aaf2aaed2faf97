//! Kafka: Spring Kafka, Micronaut Kafka, kafka-clients, Kafka Streams. See `kafka.md`.

use super::messages::{keys, listed, message, nested, nested_text, property, state, topics};
use super::read::{JVM, filled, find, functions_of, receiver, text};
use crate::code::Code;
use crate::code::ir::{Annotation, Expr, Type};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, SmolStr, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-kafka",
    version: 3,
    page: include_str!("kafka.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let servers = property(code, "bootstrap.servers", "BOOTSTRAP_SERVERS_CONFIG");
    for (address, function, at) in &servers {
        let within = code.within(*function);
        let address = address.clone();
        let store = Store { system: System::Kafka, address, database: None, client: "kafka-clients".into(), within };
        sink.stated(Claim::Store(store), *at);
    }
    let own = (!servers.is_empty()).then(|| Value::either(servers.into_iter().map(|(v, ..)| v)));
    for ty in &code.unit.types {
        listeners(code, ty, own.as_ref(), sink);
        clients(code, ty, sink);
    }
    sends(code, own.as_ref(), sink);
    plain(code, own.as_ref(), sink);
    streams(code, own.as_ref(), sink);
}

/// The address stated in the file, or the key that the framework documents.
fn address(own: Option<&Value>, micronaut: bool) -> Value {
    match own {
        Some(own) => own.clone(),
        None if micronaut => keys(&["kafka.bootstrap.servers"], Some("localhost:9092")),
        None => {
            keys(&["spring.kafka.consumer.bootstrap-servers", "spring.kafka.bootstrap-servers"], Some("localhost:9092"))
        }
    }
}

fn listeners(code: &Code<'_>, ty: &Type, own: Option<&Value>, sink: &mut Sink) {
    let on_type = find(&ty.annotations, &["KafkaListener"]);
    if let Some(a) = on_type {
        listener(code, a, &ty.name, ty.name.clone(), None, own, sink);
    }
    for (_, function) in functions_of(code, ty) {
        let payload = function
            .params
            .iter()
            .find(|p| p.annotations.is_empty() || find(&p.annotations, &["Payload", "Body", "MessageBody"]).is_some());
        let payload = payload.map(|p| p.ty.clone());
        for a in function.annotations.iter().filter(|a| a.simple() == "KafkaListener") {
            listener(code, a, &ty.name, function.symbol(), payload.clone(), own, sink);
        }
        // Micronaut states topics below the class's annotation.
        if let (Some(a), Some(topic)) = (on_type, find(&function.annotations, &["Topic"])) {
            for name in topics(code, topic, &["value", "patterns"], &ty.name) {
                let mut m = message(System::Kafka, false, name, "Micronaut Kafka", function.symbol());
                m.address = Some(address(own, true));
                m.group = text(code, a, &["groupId", "value"], &ty.name);
                m.payload = payload.clone();
                state(m, topic.span, sink);
            }
        }
    }
}

fn listener(
    code: &Code<'_>,
    a: &Annotation,
    owner: &str,
    within: SmolStr,
    payload: Option<SmolStr>,
    own: Option<&Value>,
    sink: &mut Sink,
) {
    let mut names = topics(code, a, &["topics", "topicPattern"], owner);
    names.extend(nested(a, "TopicPartition").iter().filter_map(|t| nested_text(code, t, &["topic"], owner)));
    for name in names {
        let mut m = message(System::Kafka, false, name, "Spring Kafka", within.clone());
        m.address = Some(address(own, false));
        // The listener's own name is its group, unless it is told that it is not.
        let named = !a.arg("idIsGroup").is_some_and(|e| matches!(e.kind, crate::code::ir::ExprKind::Bool(false)));
        let own_name = || a.arg("id").filter(|_| named).and_then(|_| text(code, a, &["id"], owner));
        m.group = a.arg("groupId").and_then(|_| text(code, a, &["groupId"], owner)).or_else(own_name);
        m.payload = payload.clone();
        state(m, a.span, sink);
    }
}

/// Micronaut: `@KafkaClient` with `@Topic` on its methods.
fn clients(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    if find(&ty.annotations, &["KafkaClient"]).is_none() {
        return;
    }
    for (_, function) in functions_of(code, ty) {
        let Some(topic) = find(&function.annotations, &["Topic"]) else { continue };
        let payload =
            function.params.iter().find(|p| find(&p.annotations, &["KafkaKey", "Header", "MessageHeader"]).is_none());
        for name in topics(code, topic, &["value"], &ty.name) {
            let mut m = message(System::Kafka, true, name, "Micronaut Kafka", function.symbol());
            m.address = Some(address(None, true));
            m.payload = payload.map(|p| p.ty.clone());
            state(m, topic.span, sink);
        }
    }
}

fn sends(code: &Code<'_>, own: Option<&Value>, sink: &mut Sink) {
    for site in code.calls_named(&["send", "sendAndReceive", "sendDefault"]) {
        let on = receiver(code, site.call, site.function);
        // The reactive one is named by what it produces.
        if !["kafkatemplate", "kafkaoperations", "kafkaproducertemplate"].iter().any(|t| on.contains(t)) {
            continue;
        }
        let Some(first) = site.call.arg(0) else { continue };
        // A record states its topic where it is made.
        if first.as_call().is_some_and(|c| c.name() == "ProducerRecord")
            || code.origin(first, site.function) == "ProducerRecord"
        {
            continue;
        }
        let topic = match header_topic(code, site.function) {
            Some(topic) => topic,
            None if site.call.args.len() > 1 => filled(code.value(first, site.function)),
            None => Value::default(),
        };
        let mut m = message(System::Kafka, true, topic, "Spring Kafka", code.within(site.function));
        m.address = Some(match own {
            Some(own) => own.clone(),
            None => keys(
                &["spring.kafka.producer.bootstrap-servers", "spring.kafka.bootstrap-servers"],
                Some("localhost:9092"),
            ),
        });
        state(m, site.span(), sink);
    }
}

/// `MessageBuilder….setHeader(KafkaHeaders.TOPIC, topic)`, built in place or before.
fn header_topic(code: &Code<'_>, function: usize) -> Option<Value> {
    let is_topic = |e: &Expr| e.path().is_some_and(|p| p.ends_with("KafkaHeaders.TOPIC"));
    code.calls_named(&["setHeader"]).into_iter().filter(|s| s.function == function).find_map(|s| {
        let (key, value) = (s.call.arg(0)?, s.call.arg(1)?);
        is_topic(key).then(|| filled(code.value(value, s.function)))
    })
}

/// kafka-clients: records and subscriptions.
fn plain(code: &Code<'_>, own: Option<&Value>, sink: &mut Sink) {
    // A record for Spring's template goes where the template does.
    let spring =
        || keys(&["spring.kafka.producer.bootstrap-servers", "spring.kafka.bootstrap-servers"], Some("localhost:9092"));
    let template = code.imports("org.springframework.kafka.core");
    for site in code.calls_named(&["ProducerRecord"]) {
        if let (true, Some(topic)) = (site.call.new, site.call.arg_or("topic", 0)) {
            let topic = filled(code.value(topic, site.function));
            let client = if template { "Spring Kafka" } else { "kafka-clients" };
            let mut m = message(System::Kafka, true, topic, client, code.within(site.function));
            m.address = own.cloned().or_else(|| template.then(spring));
            state(m, site.span(), sink);
        }
    }
    if !code.imports("org.apache.kafka") && !code.imports("reactor.kafka") {
        return;
    }
    let group = property(code, "group.id", "GROUP_ID_CONFIG").into_iter().map(|(v, ..)| v).next();
    for site in code.calls_named(&["subscribe", "assign", "subscription"]) {
        let on = receiver(code, site.call, site.function);
        // Reactor Kafka subscribes by its options.
        let fits = match site.call.name() {
            "subscription" => on.contains("receiveroptions") || code.imports("reactor.kafka"),
            _ => on.contains("consumer"),
        };
        if !fits {
            continue;
        }
        let Some(first) = site.call.arg(0) else { continue };
        for topic in listed(code, first, site.function) {
            let mut m = message(System::Kafka, false, topic, "kafka-clients", code.within(site.function));
            m.address = own.cloned();
            m.group = group.clone();
            state(m, site.span(), sink);
        }
    }
}

/// Kafka Streams: `builder.stream("in")….to("out")`.
fn streams(code: &Code<'_>, own: Option<&Value>, sink: &mut Sink) {
    if !code.imports("org.apache.kafka.streams") {
        return;
    }
    for site in code.calls_named(&["stream", "table", "globalTable", "to", "through"]) {
        let on = receiver(code, site.call, site.function);
        let publish = matches!(site.call.name(), "to" | "through");
        if !(on.contains("builder") || publish && (on.contains("stream") || on.contains("table"))) {
            continue;
        }
        let Some(first) = site.call.arg(0) else { continue };
        for topic in listed(code, first, site.function) {
            let mut m = message(System::Kafka, publish, topic, "Kafka Streams", code.within(site.function));
            m.address = own.cloned();
            state(m, site.span(), sink);
        }
    }
}
