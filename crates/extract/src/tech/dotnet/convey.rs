//! Convey and the frameworks that were made after it: what its builder registers, its dispatched endpoints, messages that
//! are subscribed to by their type. See `convey.md`.
//!
//! Everything is set up by section of the settings; the sections' names are parameters with defaults.

use super::messages::{Line, is_parameter, payload_of, typed_topic};
use super::read::{calls_in, chain, closures, last, simple};
use crate::code::ir::Expr;
use crate::code::{Code, Site};
use crate::config::dotnet::template;
use crate::lang::Lang;
use crate::tech::paths::rooted;
use crate::{Extractor, Reads, Sink};
use seam_facts::{
    Access, AccessMode, Call, Claim, Constant, Endpoint, Protocol, SmolStr, Store, System, Value, format_smolstr,
};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-convey",
    version: 1,
    page: include_str!("convey.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    registered(code, sink);
    clients(code, sink);
    endpoints(code, sink);
    subscriptions(code, sink);
    reflected(code, sink);
    publishes(code, sink);
}

/// What a call of the builder connects to: the import that brings it, its name, the system, the key below its section,
/// the section's default name.
const STORES: &[(&str, &str, System, &str, &str)] = &[
    ("Convey.Persistence.MongoDB", "AddMongo", System::Mongo, "connectionString", "mongo"),
    ("Convey.Persistence.Redis", "AddRedis", System::Redis, "connectionString", "redis"),
    ("Convey.MessageBrokers.RabbitMQ", "AddRabbitMq", System::Rabbit, "hostnames.0", "rabbitmq"),
];

fn registered(code: &Code<'_>, sink: &mut Sink) {
    for (import, name, system, key, default) in STORES {
        for site in code.calls_named(&[name]) {
            if !code.imports(import) || site.call.receiver().is_none() {
                continue;
            }
            let section = named_section(code, &site, default);
            let store = Store {
                system: *system,
                address: Value::config(format_smolstr!("{section}.{key}"), None),
                database: (*system == System::Mongo)
                    .then(|| Value::config(format_smolstr!("{section}.database"), None)),
                client: "Convey".into(),
                within: code.within(site.function),
            };
            sink.stated(Claim::Store(store), site.span());
        }
    }
    for site in code.calls_named(&["AddMongoRepository"]) {
        if let Some(name) = site.call.arg(0) {
            let access = Access {
                system: Some(System::Mongo),
                name: code.value(name, site.function),
                mode: AccessMode::Declare,
                within: code.within(site.function),
            };
            sink.stated(Claim::Access(access), site.span());
        }
    }
    for site in code.calls_named(&["AddConsul"]) {
        if !code.imports("Convey.Discovery.Consul") {
            continue;
        }
        let target = Value::config(format_smolstr!("{}.url", named_section(code, &site, "consul")), None);
        let call = Call::to(Protocol::Http, "Consul".into(), target, code.within(site.function));
        sink.stated(Claim::Call(call), site.span());
    }
}

/// The section that a registration is given by name, or the default.
fn named_section(code: &Code<'_>, site: &Site<'_>, default: &str) -> SmolStr {
    let given = site.call.named("sectionName").or_else(|| site.call.arg(0));
    given.and_then(|a| code.value(a, site.function).as_text()).unwrap_or_else(|| default.into())
}

/// RestEase's clients by the name of the service: `AddServiceClient<IOrders>("orders-service")`.
fn clients(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["AddServiceClient", "RegisterServiceForwarder"]) {
        let ([client], Some(name)) = (site.call.type_args.as_slice(), site.call.arg(0)) else { continue };
        let Some(name) = code.value(name, site.function).as_text().filter(|n| !n.is_empty()) else { continue };
        let symbol = format_smolstr!("{}.<base>", simple(client));
        let value = if name.contains("://") { name } else { format_smolstr!("http://{name}") };
        sink.stated(Claim::Constant(Constant { symbol, value: Value::text(value) }), site.span());
    }
}

/// `UseDispatcherEndpoints(e => e.Get<GetOrder, OrderDto>("orders/{id}").Post<AddOrder>("orders"))`.
fn endpoints(code: &Code<'_>, sink: &mut Sink) {
    let dispatched = code.calls_named(&["UseDispatcherEndpoints", "UseEndpoints"]);
    for site in dispatched {
        if site.call.name() == "UseEndpoints" && !code.imports("Convey.WebApi") {
            continue;
        }
        for inside in closures(site.call) {
            let Some(builder) = code.function(inside).params.first().map(|p| p.name.clone()) else { continue };
            for route in calls_in(code, &[inside], &["Get", "Post", "Put", "Delete", "Patch"]) {
                let starts = chain(route.call).last().and_then(|c| c.receiver()).and_then(Expr::path);
                let Some(path) = route.call.arg(0).and_then(|p| code.value(p, route.function).as_text()) else {
                    continue;
                };
                if starts.as_deref() != Some(builder.as_str()) {
                    continue;
                }
                let types: Vec<SmolStr> = route.call.type_args.iter().map(|t| simple(t)).collect();
                let verb = route.call.name().to_ascii_uppercase();
                let endpoint = Endpoint {
                    protocol: Protocol::Http,
                    path: rooted(Value::text(template(&path))),
                    handler: match types.first() {
                        Some(message) => format_smolstr!("{message}Handler.HandleAsync"),
                        None => code.within(route.function),
                    },
                    router: None,
                    request: types.first().filter(|_| verb != "GET" && verb != "DELETE").cloned(),
                    response: types.get(1).filter(|_| verb == "GET").cloned(),
                    method: Some(verb.into()),
                };
                sink.stated(Claim::Endpoint(endpoint), route.span());
            }
        }
    }
}

/// Which broker it is, where the file says so.
fn system(code: &Code<'_>) -> System {
    let rabbit = code.unit.imports.iter().any(|i| i.path.to_ascii_lowercase().contains("rabbitmq"));
    let set_up = || !code.calls_named(&["UseRabbitMq", "AddRabbitMq"]).is_empty();
    if rabbit || set_up() { System::Rabbit } else { System::Bus }
}

/// The exchange that a service's own messages go to; one that the message's type names comes before it.
fn exchange(line: &mut Line) {
    line.0.exchange = Some(Value::config("rabbitmq.exchange.name", None));
}

/// `app.UseRabbitMq().SubscribeCommand<AddOrder>().SubscribeEvent<OrderPaid>()`.
fn subscriptions(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["SubscribeCommand", "SubscribeEvent", "SubscribeMessage", "Subscribe"]) {
        let [message] = site.call.type_args.as_slice() else { continue };
        let message = simple(message);
        let on = site.call.receiver().map(|r| code.origin(r, site.function)).unwrap_or_default();
        let bus = chain(site.call).iter().any(|c| c.name() == "UseRabbitMq") || last(&on) == "IBusSubscriber";
        if is_parameter(&message) || message.len() == 1 || site.call.name() == "Subscribe" && !bus {
            continue;
        }
        let mut line = Line::new(code, &site, system(code), false, Value::text(message.clone()), "Convey");
        line.0.payload = Some(message);
        exchange(&mut line);
        line.state(sink);
    }
}

/// Subscriptions for types that are found when the program starts:
/// `bus.GetType().GetMethod(nameof(IBus.Subscribe)).MakeGenericMethod(type).Invoke(bus, …)`.
fn reflected(code: &Code<'_>, sink: &mut Sink) {
    if code.calls_named(&["MakeGenericMethod"]).is_empty() {
        return;
    }
    for site in code.calls_named(&["GetMethod"]) {
        let name = site.call.arg(0).and_then(|a| code.value(a, site.function).as_text()).unwrap_or_default();
        let on =
            site.call.receiver().and_then(Expr::as_call).filter(|c| c.name() == "GetType").and_then(|c| c.receiver());
        let Some(on) = on.map(|o| code.origin(o, site.function)) else { continue };
        let bus = ["IBusSubscriber", "IEventBus", "IMessageBus", "IBus"].contains(&last(&on));
        let publish = match name.as_str() {
            "Subscribe" | "SubscribeAsync" | "SubscribeCommand" | "SubscribeEvent" => false,
            "Publish" | "PublishAsync" => true,
            _ => continue,
        };
        if bus {
            Line::new(code, &site, system(code), publish, Value::default(), "reflection").state(sink);
        }
    }
}

/// `IBusPublisher`, of Convey and of frameworks that kept its names.
fn publishes(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["PublishAsync", "SendAsync", "Publish", "Send"]) {
        let Some(receiver) = site.call.receiver().filter(|_| !site.call.new) else { continue };
        if !matches!(last(&code.origin(receiver, site.function)), "IBusPublisher" | "BusPublisher") {
            continue;
        }
        let topic = typed_topic(code, &site);
        let mut line = Line::new(code, &site, system(code), true, topic, "Convey");
        line.0.payload = payload_of(code, &site);
        exchange(&mut line);
        line.state(sink);
    }
}
