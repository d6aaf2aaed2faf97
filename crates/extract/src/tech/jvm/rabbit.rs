//! RabbitMQ: Spring AMQP, Micronaut RabbitMQ, the Java client. See `rabbit.md`.

use super::messages::{keys, listed, message, nested, nested_text, state, topics};
use super::read::{JVM, filled, find, functions_of, receiver, text};
use crate::code::ir::{Annotation, Expr, ExprKind, Type};
use crate::code::{Code, Site};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Argument, BINDING, Claim, Pass, SmolStr, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-rabbitmq",
    version: 2,
    page: include_str!("rabbit.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        listeners(code, ty, sink);
        clients(code, ty, sink);
    }
    bindings(code, sink);
    sends(code, sink);
    channels(code, sink);
    connections(code, sink);
}

fn spring_address() -> Option<Value> {
    Some(keys(&["spring.rabbitmq.addresses", "spring.rabbitmq.host"], Some("localhost")))
}

/// `@RabbitListener` on methods and on classes of handlers; Micronaut's `@Queue` below it.
fn listeners(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    if let Some(a) = find(&ty.annotations, &["RabbitListener"]) {
        listener(code, a, &ty.name, ty.name.clone(), None, sink);
        for (_, function) in functions_of(code, ty) {
            let Some(queue) = find(&function.annotations, &["Queue"]) else { continue };
            for topic in topics(code, queue, &["value"], &ty.name) {
                let mut m = message(System::Rabbit, false, topic, "Micronaut RabbitMQ", function.symbol());
                m.address = Some(keys(&["rabbitmq.uri", "rabbitmq.host"], Some("localhost")));
                state(m, queue.span, sink);
            }
        }
    }
    for (_, function) in functions_of(code, ty) {
        if let Some(a) = find(&function.annotations, &["RabbitListener"]) {
            let payload = function
                .params
                .iter()
                .find(|p| p.annotations.is_empty() || find(&p.annotations, &["Payload"]).is_some());
            listener(code, a, &ty.name, function.symbol(), payload.map(|p| p.ty.clone()), sink);
        }
    }
}

fn listener(code: &Code<'_>, a: &Annotation, owner: &str, within: SmolStr, payload: Option<SmolStr>, sink: &mut Sink) {
    let mut found = Vec::new();
    for queue in topics(code, a, &["queues"], owner) {
        found.push(message(System::Rabbit, false, queue, "Spring AMQP", within.clone()));
    }
    let bound = nested(a, "QueueBinding");
    for binding in &bound {
        let part = |name: &str| {
            let mut found = None;
            for arg in &binding.args {
                arg.value.walk(&mut |e| found = found.or(e.as_call().filter(|c| c.name() == name)));
            }
            found.and_then(|c| nested_text(code, c, &["value", "name"], owner))
        };
        let mut m = message(System::Rabbit, false, part("Queue").unwrap_or_default(), "Spring AMQP", within.clone());
        m.exchange = part("Exchange");
        m.routing_key = nested_text(code, binding, &["key"], owner);
        found.push(m);
    }
    if bound.is_empty() {
        for queue in nested(a, "Queue") {
            let name = nested_text(code, queue, &["value", "name"], owner).unwrap_or_default();
            found.push(message(System::Rabbit, false, name, "Spring AMQP", within.clone()));
        }
    }
    for mut m in found {
        m.address = spring_address();
        m.payload = payload.clone();
        m.group = text(code, a, &["group"], owner);
        state(m, a.span, sink);
    }
}

/// `BindingBuilder.bind(queue).to(exchange).with(key)`, of beans that the same file makes: whose messages the queue gets.
fn bindings(code: &Code<'_>, sink: &mut Sink) {
    const QUEUES: &[&str] = &["Queue", "durable", "nonDurable"];
    const EXCHANGES: &[&str] = &[
        "TopicExchange",
        "DirectExchange",
        "FanoutExchange",
        "HeadersExchange",
        "topicExchange",
        "directExchange",
        "fanoutExchange",
        "headersExchange",
    ];
    let keyed = code.calls_named(&["with"]);
    for site in code.calls_named(&["to"]) {
        let bind = site.call.receiver().and_then(Expr::as_call).filter(|c| c.name() == "bind");
        let Some(bind) =
            bind.filter(|b| b.receiver().and_then(Expr::path).is_some_and(|p| p.ends_with("BindingBuilder")))
        else {
            continue;
        };
        let (Some(queue), Some(exchange)) = (bind.arg(0), site.call.arg(0)) else { continue };
        let queue = bean(code, queue, site.function, QUEUES);
        let exchange = bean(code, exchange, site.function, EXCHANGES);
        let with = keyed.iter().find(|w| w.call.receiver().is_some_and(|r| r.span == site.expr.span));
        let key = with.and_then(|w| Some(filled(code.value(w.call.arg(0)?, w.function))));
        let args = [Some(queue), Some(exchange), key].into_iter().flatten();
        let args = args.map(|value| Argument { name: None, value }).collect();
        let within = code.within(site.function);
        sink.stated(Claim::Pass(Pass { callee: BINDING.into(), args, within, made: None }), site.span());
    }
}

/// The name that a bean is made with: the bean of the parameter's name, of the method that is called, or the only one of its kind.
fn bean(code: &Code<'_>, expr: &Expr, function: usize, makers: &[&str]) -> Value {
    let wanted = match &expr.kind {
        ExprKind::Call(call) => SmolStr::new(call.name()),
        ExprKind::Name(name) => {
            let param = code.function(function).params.iter().find(|p| p.name == *name);
            let qualified = param.and_then(|p| find(&p.annotations, &["Qualifier"])).and_then(|a| a.positional(0));
            qualified.and_then(Expr::as_str).cloned().unwrap_or_else(|| name.clone())
        }
        _ => SmolStr::default(),
    };
    let made = code.calls_named(makers);
    let of = |s: &&Site<'_>| code.function(s.function).name == wanted;
    let only = || if let [one] = made.as_slice() { Some(one) } else { None };
    let named = made.iter().find(of).or_else(only);
    let name = named.and_then(|s| Some(filled(code.value(s.call.arg(0)?, s.function))));
    name.unwrap_or_else(|| filled(code.value(expr, function)))
}

/// Micronaut: `@RabbitClient("exchange")` with `@Binding("key")` on its methods.
fn clients(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let Some(client) = find(&ty.annotations, &["RabbitClient"]) else {
        return;
    };
    let exchange = text(code, client, &["value"], &ty.name);
    for (_, function) in functions_of(code, ty) {
        let binding = find(&function.annotations, &["Binding"]);
        let mut m = message(System::Rabbit, true, Value::default(), "Micronaut RabbitMQ", function.symbol());
        m.exchange = exchange.clone();
        m.routing_key = binding.and_then(|b| text(code, b, &["value"], &ty.name));
        m.address = Some(keys(&["rabbitmq.uri", "rabbitmq.host"], Some("localhost")));
        state(m, binding.map(|b| b.span).unwrap_or(function.span), sink);
    }
}

/// `rabbitTemplate.convertAndSend(exchange, key, message)` and its shorter forms.
fn sends(code: &Code<'_>, sink: &mut Sink) {
    let names = ["convertAndSend", "send", "convertSendAndReceive", "sendAndReceive", "convertSendAndReceiveAsType"];
    for site in code.calls_named(&names) {
        if !on_template(code, &site) {
            continue;
        }
        let args: Vec<Value> = site.call.args.iter().map(|a| filled(code.value(&a.value, site.function))).collect();
        // A closure in the end changes the message's properties.
        let processor = site.call.args.last().is_some_and(|a| matches!(a.value.kind, ExprKind::Lambda(_)));
        let count = args.len() - usize::from(processor && args.len() > 1);
        let (exchange, key) = match count {
            0 | 1 => (None, None),
            2 => (None, args.first().cloned()),
            _ => (args.first().cloned(), args.get(1).cloned()),
        };
        // The default exchange routes to the queue of the key's name.
        let topic = if exchange.is_none() { key.clone().unwrap_or_default() } else { Value::default() };
        let mut m = message(System::Rabbit, true, topic, "Spring AMQP", code.within(site.function));
        m.exchange = exchange;
        m.routing_key = key;
        m.address = spring_address();
        state(m, site.span(), sink);
    }
    for site in code.calls_named(&["receive", "receiveAndConvert", "receiveAndReply"]) {
        if let (true, Some(queue)) = (on_template(code, &site), site.call.arg(0)) {
            let topic = filled(code.value(queue, site.function));
            let mut m = message(System::Rabbit, false, topic, "Spring AMQP", code.within(site.function));
            m.address = spring_address();
            state(m, site.span(), sink);
        }
    }
    for site in code.calls_named(&["setQueueNames", "addQueueNames", "setQueues"]) {
        if !receiver(code, site.call, site.function).ends_with("listenercontainer") {
            continue;
        }
        for arg in &site.call.args {
            for topic in listed(code, &arg.value, site.function) {
                let mut m = message(System::Rabbit, false, topic, "Spring AMQP", code.within(site.function));
                m.address = spring_address();
                state(m, site.span(), sink);
            }
        }
    }
}

fn on_template(code: &Code<'_>, site: &Site<'_>) -> bool {
    let on = receiver(code, site.call, site.function);
    ["rabbittemplate", "amqptemplate", "rabbitoperations", "rabbitmessagingtemplate"].iter().any(|t| on.contains(t))
}

/// The Java client's `Channel`.
fn channels(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("com.rabbitmq") {
        return;
    }
    for site in code.calls_named(&["basicPublish", "basicConsume", "basicGet"]) {
        let arg = |i: usize| site.call.arg(i).map(|a| filled(code.value(a, site.function)));
        let publish = site.call.name() == "basicPublish";
        let within = code.within(site.function);
        let mut m = message(System::Rabbit, publish, Value::default(), "amqp-client", within);
        if publish {
            m.exchange = arg(0).filter(|e| !e.is_empty());
            m.routing_key = arg(1);
            // The nameless exchange routes to the queue of the key's name.
            m.topic = if m.exchange.is_none() { arg(1).unwrap_or_default() } else { Value::default() };
        } else {
            m.topic = arg(0).unwrap_or_default();
        }
        state(m, site.span(), sink);
    }
}

/// Connection factories that are given their broker in code.
fn connections(code: &Code<'_>, sink: &mut Sink) {
    let amqp = code.imports("com.rabbitmq") || code.imports("org.springframework.amqp");
    for site in code.calls_named(&["CachingConnectionFactory", "setHost", "setUri", "setAddresses", "setUris"]) {
        let on = receiver(code, site.call, site.function);
        let made = site.call.new && site.call.name() == "CachingConnectionFactory";
        if !amqp || !(made || on.ends_with("connectionfactory")) {
            continue;
        }
        let Some(first) = site.call.arg(0) else { continue };
        let mut address = filled(code.value(first, site.function));
        if made && let Some(port) = site.call.arg(1) {
            address = address.then(":".into()).then(code.value(port, site.function));
        }
        let client = if made { "Spring AMQP" } else { "amqp-client" };
        let within = code.within(site.function);
        let store = Store { system: System::Rabbit, address, database: None, client: client.into(), within };
        sink.stated(Claim::Store(store), site.span());
    }
}
