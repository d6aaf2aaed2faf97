//! RabbitMQ's own .NET client, EasyNetQ, and CAP. See `rabbit.md`.

use super::messages::{Line, optional, payload_of};
use super::read::{assigned, initialiser, name_of, simple, unknown};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::config::secret;
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-rabbitmq",
    version: 2,
    page: include_str!("rabbit.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    connections(code, sink);
    publishes(code, sink);
    consumes(code, sink);
    easy_net_q(code, sink);
}

fn store(address: Value, client: &str, site: &Site<'_>, code: &Code<'_>, sink: &mut Sink) {
    // A health check is no use of what it checks.
    if code.only_checks(site.function) {
        return;
    }
    let store = Store {
        system: System::Rabbit,
        address: secret::clean(if unknown(&address) { Value::default() } else { address }),
        database: None,
        client: client.into(),
        within: code.within(site.function),
    };
    sink.stated(Claim::Store(store), site.span());
}

/// NATS has a type of the same name; its options and imports tell.
fn is_rabbit(code: &Code<'_>) -> bool {
    !code.imports("NATS") && !code.imports("Apache.NMS")
}

fn connections(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["ConnectionFactory"]) {
        if site.call.new && is_rabbit(code) {
            store(address(code, &site), "RabbitMQ.Client", &site, code, sink);
        }
    }
}

/// Where a connection factory connects to: its host or URI, or the hosts that its connection is made with.
fn address(code: &Code<'_>, site: &Site<'_>) -> Value {
    let object = initialiser(site.call);
    let given = |names: &[&str]| -> Option<Value> {
        names.iter().find_map(|n| object?.key(n)).map(|v| code.value(v, site.function)).filter(|v| !unknown(v))
    };
    let variable = variable_of(code, site);
    let later = |names: &[&str]| -> Option<Value> {
        assigned(code, site.function, variable.as_deref()?, names).map(|(v, _)| v).filter(|v| !unknown(v))
    };
    let names: [&[&str]; 2] = [&["Uri", "Endpoint"], &["HostName"]];
    for names in names {
        if let Some(found) = given(names).or_else(|| later(names)) {
            return found;
        }
    }
    let connect = code.calls_named(&["CreateConnection", "CreateConnectionAsync"]).into_iter().find(|c| {
        let own = code.unit.functions[c.function].owner == code.unit.functions[site.function].owner;
        own && c.call.receiver().and_then(name_of).is_some_and(|n| Some(n) == variable.as_deref())
    });
    let hosts = connect.as_ref().and_then(|c| c.call.args.first().map(|a| (c.function, &a.value)));
    match hosts.filter(|(_, h)| !matches!(h.kind, ExprKind::Str(_))) {
        Some((function, hosts)) => code.value(hosts, function),
        None => Value::default(),
    }
}

/// The variable or field that holds what a creation makes.
fn variable_of(code: &Code<'_>, site: &Site<'_>) -> Option<String> {
    let owner = &code.unit.functions[site.function].owner;
    for (index, f) in code.unit.functions.iter().enumerate() {
        if f.owner != *owner && index != site.function {
            continue;
        }
        let mut found = None;
        super::messages::each_assign(&f.body, &mut |target, value| {
            if std::ptr::eq(value, site.expr) {
                found = name_of(target).map(str::to_owned);
            }
        });
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The address that this file connects to, for messages beside it.
fn broker(code: &Code<'_>) -> Option<Value> {
    let factories = code.calls_named(&["ConnectionFactory"]);
    let mut known = factories.iter().filter(|s| s.call.new).map(|s| address(code, s)).filter(|a| !unknown(a));
    known.next().map(secret::clean)
}

fn publishes(code: &Code<'_>, sink: &mut Sink) {
    let address = broker(code);
    for site in code.calls_named(&["BasicPublish", "BasicPublishAsync"]) {
        let call = site.call;
        // `BasicPublish(PublicationAddress, …)` says both at once.
        let (exchange, key) = match call.arg_or("addr", 0).and_then(|a| code.resolved(a, site.function).0.as_call()) {
            Some(to) if to.new && to.name() == "PublicationAddress" => (to.arg(1), to.arg(2)),
            _ => (call.arg_or("exchange", 0), call.arg_or("routingKey", 1)),
        };
        let exchange = exchange.map(|e| code.value(e, site.function)).unwrap_or_default();
        let key = key.map(|k| code.value(k, site.function)).unwrap_or_default();
        // To the default exchange, the key is the queue.
        let topic = if exchange.is_empty() { key.clone() } else { Value::default() };
        let mut line = Line::new(code, &site, System::Rabbit, true, topic, "RabbitMQ.Client");
        line.0.exchange = optional(exchange);
        line.0.routing_key = optional(key);
        line.0.address = address.clone();
        line.state(sink);
    }
}

fn consumes(code: &Code<'_>, sink: &mut Sink) {
    let address = broker(code);
    for site in code.calls_named(&["BasicConsume", "BasicConsumeAsync", "BasicGet", "BasicGetAsync"]) {
        let Some(queue) = site.call.arg_or("queue", 0) else {
            continue;
        };
        let queue_value = code.value(queue, site.function);
        let mut line = Line::new(code, &site, System::Rabbit, false, queue_value.clone(), "RabbitMQ.Client");
        line.0.address = address.clone();
        if let Some(bind) = binding(code, &site, queue, &queue_value) {
            line.0.exchange = bind.call.arg_or("exchange", 1).and_then(|e| optional(code.value(e, bind.function)));
            line.0.routing_key = bind.call.arg_or("routingKey", 2).and_then(|e| optional(code.value(e, bind.function)));
        }
        line.state(sink);
    }
}

/// The binding of the same queue, in the same type.
fn binding<'a>(code: &Code<'a>, site: &Site<'a>, queue: &Expr, value: &Value) -> Option<Site<'a>> {
    let owner = &code.unit.functions[site.function].owner;
    code.calls_named(&["QueueBind", "QueueBindAsync"]).into_iter().find(|b| {
        let bound = b.call.arg_or("queue", 0);
        code.unit.functions[b.function].owner == *owner
            && bound
                .is_some_and(|q| code.value(q, b.function) == *value || q.path() == queue.path() && q.path().is_some())
    })
}

/// EasyNetQ: `RabbitHutch.CreateBus(address)`, `bus.PubSub.PublishAsync(message)`.
fn easy_net_q(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["CreateBus", "RegisterEasyNetQ", "AddEasyNetQ"]) {
        let on = site.call.receiver().and_then(Expr::path).unwrap_or_default();
        if site.call.name() == "CreateBus" && !on.ends_with("RabbitHutch") {
            continue;
        }
        let address = site.call.arg(0).map(|a| code.value(a, site.function)).unwrap_or_default();
        store(address, "EasyNetQ", &site, code, sink);
    }
    if !code.imports("EasyNetQ") {
        return;
    }
    for site in code.calls() {
        let publish = match site.call.name() {
            "Publish" | "PublishAsync" | "Send" | "SendAsync" | "Request" | "RequestAsync" => true,
            "Subscribe" | "SubscribeAsync" | "Respond" | "RespondAsync" | "Receive" | "Consume" => false,
            _ => continue,
        };
        let on = site.call.receiver().map(|r| code.origin(r, site.function)).unwrap_or_default();
        if on.ends_with(".Advanced") || on.ends_with("IAdvancedBus") {
            advanced(code, site, sink);
            continue;
        }
        let bus = ["IBus", "RabbitHutch", "PubSub", "IPubSub", "Rpc", "SendReceive"].iter().any(|w| on.contains(w));
        if !bus {
            continue;
        }
        let payload = site.call.type_args.first().map(|t| simple(t)).or_else(|| payload_of(code, site));
        let Some(payload) = payload else { continue };
        let mut line = Line::new(code, site, System::Rabbit, publish, Value::text(payload.clone()), "EasyNetQ");
        line.0.payload = Some(payload);
        if !publish {
            line.0.group = site.call.arg(0).and_then(|a| optional(code.value(a, site.function)));
        }
        line.state(sink);
    }
}

/// EasyNetQ's advanced bus, which names exchanges, keys and queues: `bus.Advanced.PublishAsync(exchange, key, …)`,
/// `bus.Advanced.Consume(queue, …)`. Exchanges and queues are objects that the bus declares by name.
fn advanced(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let declared = |expr: &Expr| {
        let (made, at) = code.resolved(expr, site.function);
        match made.as_call() {
            Some(c) if c.name().contains("Declare") || c.new => c.arg(0).map(|n| code.value(n, at)).unwrap_or_default(),
            _ => code.value(made, at),
        }
    };
    let arg = |i: usize| site.call.args.get(i).map(|a| &a.value);
    if site.call.name() == "Consume" {
        let queue = arg(0).filter(|a| !matches!(a.kind, ExprKind::Lambda(_))).map(declared).unwrap_or_default();
        Line::new(code, site, System::Rabbit, false, queue, "EasyNetQ").state(sink);
    } else if matches!(site.call.name(), "Publish" | "PublishAsync") {
        let mut line = Line::new(code, site, System::Rabbit, true, Value::default(), "EasyNetQ");
        line.0.exchange = arg(0).map(declared).and_then(optional);
        line.0.routing_key = arg(1).map(|k| code.value(k, site.function)).and_then(optional);
        line.state(sink);
    }
}
