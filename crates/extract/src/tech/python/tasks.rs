//! Work that frameworks hand over brokers: Celery, Dramatiq, Nameko. See `tasks.md`.

use super::shapes::{callee, dotted, each_assign, keyword, system_of};
use crate::code::Code;
use crate::code::ir::{Annotation, Expr, ExprKind};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Message, Policy, PolicyKind, SmolStr, Span, Store, System, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "python-tasks",
    version: 1,
    page: include_str!("tasks.md"),
    reads: Reads::Code { langs: &[Lang::Python], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let broker = applications(code, sink);
    let system = broker.as_ref().and_then(system_of).unwrap_or(System::Bus);
    workers(code, system, broker.as_ref(), sink);
    senders(code, system, broker.as_ref(), sink);
    nameko(code, sink);
}

fn message(system: System, publish: bool, topic: Value, client: &str, within: SmolStr) -> Message {
    Message::to(system, publish, topic, client.into(), within)
}

/// `Celery("x", broker=…, backend=…)` and settings of the same meaning; gives the broker's address.
fn applications(code: &Code<'_>, sink: &mut Sink) -> Option<Value> {
    let mut broker = None;
    let mut open = |value: Value, function: usize, at: Span, is_broker: bool, sink: &mut Sink| {
        let fallback = if is_broker { System::Bus } else { System::Sql };
        let system = system_of(&value).unwrap_or(fallback);
        if is_broker && broker.is_none() {
            broker = Some(value.clone());
        }
        // A result backend of unknown kind may be the broker itself.
        if is_broker || system != System::Sql {
            let store = Store {
                system,
                address: value,
                database: None,
                client: "celery".into(),
                within: code.within(function),
            };
            sink.stated(Claim::Store(store), at);
        }
    };
    for site in code.calls_named(&["Celery"]) {
        if !callee(code, &site).starts_with("celery") {
            continue;
        }
        for (name, is_broker) in [("broker", true), ("backend", false)] {
            if let Some(address) = keyword(code, site.call, name, site.function) {
                open(code.value(address, site.function), site.function, site.span(), is_broker, sink);
            }
        }
    }
    let key = |name: &str| match name {
        "CELERY_BROKER_URL" | "BROKER_URL" | "broker_url" => Some(true),
        "CELERY_RESULT_BACKEND" | "result_backend" => Some(false),
        _ => None,
    };
    each_assign(code, &mut |target, value, function, at| {
        let name = match &target.kind {
            ExprKind::Name(name) | ExprKind::Member(_, name) => name.as_str(),
            ExprKind::Index(_, key) => key.as_str().map(SmolStr::as_str).unwrap_or(""),
            _ => "",
        };
        if let Some(is_broker) = key(name) {
            open(code.value(value, function), function, at, is_broker, sink);
        }
    });
    for ty in &code.unit.types {
        for field in &ty.fields {
            if let (Some(is_broker), Some(_)) = (key(&field.name), &field.init) {
                open(code.eval_field(&ty.name, &field.name, 8), 0, field.span, is_broker, sink);
            }
        }
    }
    broker
}

/// Decorators that make a function a task, and their library.
fn task(code: &Code<'_>, a: &Annotation) -> Option<&'static str> {
    match a.simple() {
        "shared_task" => Some("celery"),
        "task"
            if a.name.contains('.')
                && !code.imports("locust")
                && !code.imports("invoke")
                && !code.imports("prefect") =>
        {
            let app = a.name.split('.').next().unwrap_or("").to_ascii_lowercase();
            (code.imports("celery") || app.contains("celery") || app == "app").then_some("celery")
        }
        "actor" => code.imports("dramatiq").then_some("dramatiq"),
        _ => None,
    }
}

fn workers(code: &Code<'_>, system: System, broker: Option<&Value>, sink: &mut Sink) {
    for function in &code.unit.functions {
        for a in &function.annotations {
            let Some(library) = task(code, a) else { continue };
            let named = |name: &str| a.args.iter().find(|x| x.name.as_deref() == Some(name)).map(|x| &x.value);
            let queue = named("queue").or_else(|| named("queue_name")).map(|e| code.value(e, 0));
            let name = named("name").map(|e| code.value(e, 0)).and_then(|v| v.as_text());
            let default = if library == "celery" { "celery" } else { "default" };
            let message = Message {
                address: broker.cloned(),
                payload: Some(name.unwrap_or_else(|| function.name.clone())),
                ..message(system, false, queue.clone().unwrap_or_else(|| default.into()), library, function.symbol())
            };
            match queue {
                Some(_) => sink.stated(Claim::Message(message), a.span),
                None => sink.inferred(Claim::Message(message), a.span),
            }
            let policy = |kind: PolicyKind, attempts: Option<Value>, millis: Option<Value>, detail: &str| {
                let on = function.symbol();
                Claim::Policy(Policy { kind, on: on.clone(), attempts, millis, detail: detail.into(), within: on })
            };
            if let Some(retries) = named("max_retries") {
                let total = code
                    .value(retries, 0)
                    .as_text()
                    .and_then(|t| t.parse::<u32>().ok())
                    .map(|n| Value::text(format_smolstr!("{}", n + 1)));
                let detail = if named("autoretry_for").is_some() { "celery, by itself" } else { library };
                let backoff = named("default_retry_delay").and_then(|d| super::shapes::millis(code, d, 0));
                sink.stated(policy(PolicyKind::Retry, total, backoff, detail), a.span);
            }
            if named("acks_late").is_some_and(|e| matches!(e.kind, ExprKind::Bool(true))) {
                sink.stated(policy(PolicyKind::AckMode, None, None, "celery, acknowledged after the work"), a.span);
            }
            for limit in ["time_limit", "soft_time_limit"] {
                if let Some(limit) = named(limit).and_then(|l| super::shapes::millis(code, l, 0)) {
                    sink.stated(policy(PolicyKind::Timeout, None, Some(limit), "celery"), a.span);
                }
            }
        }
    }
}

/// `task.delay()`, `task.apply_async(queue=…)`, `app.send_task("name", queue=…)`, `actor.send()`.
fn senders(code: &Code<'_>, system: System, broker: Option<&Value>, sink: &mut Sink) {
    for site in code.calls_named(&["delay", "apply_async", "send_task", "send", "send_with_options"]) {
        let receiver = site.call.receiver().and_then(Expr::path).unwrap_or_default();
        let own = code
            .unit
            .functions
            .iter()
            .any(|f| f.name == receiver && f.annotations.iter().any(|a| task(code, a).is_some()));
        let origin = site.call.receiver().map(|r| dotted(&code.origin(r, site.function))).unwrap_or_default();
        let imported = origin.contains("task") || origin.contains("worker") || origin.contains("job");
        let (library, task) = match site.call.name() {
            "send_task" => ("celery", site.call.arg_or("name", 0).and_then(|e| code.value(e, site.function).as_text())),
            "delay" | "apply_async" if own || imported || code.imports("celery") => {
                ("celery", receiver.rsplit('.').next().map(SmolStr::from))
            }
            "send" | "send_with_options" if own && code.imports("dramatiq") => {
                ("dramatiq", Some(receiver.clone().into()))
            }
            _ => continue,
        };
        let queue = keyword(code, site.call, "queue", site.function).map(|q| code.value(q, site.function));
        let default = if library == "celery" { "celery" } else { "default" };
        let stated = queue.is_some();
        let message = Message {
            address: broker.cloned(),
            payload: task,
            ..message(system, true, queue.unwrap_or_else(|| default.into()), library, code.within(site.function))
        };
        match stated {
            true => sink.stated(Claim::Message(message), site.span()),
            false => sink.inferred(Claim::Message(message), site.span()),
        }
    }
}

/// Nameko services over RabbitMQ: remote calls and events, at the broker of the setting `AMQP_URI`.
fn nameko(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("nameko") {
        return;
    }
    let address = || Some(Value::config("AMQP_URI", Some("pyamqp://guest:guest@localhost".into())));
    let rpc = |service: &str, method: &str, publish: bool, within: SmolStr| Message {
        address: address(),
        exchange: Some("nameko-rpc".into()),
        routing_key: Some(Value::text(format_smolstr!("{service}.{method}"))),
        ..message(System::Rabbit, publish, Value::text(format_smolstr!("rpc-{service}")), "nameko", within)
    };
    let event = |service: Value, event: Value, publish: bool, within: SmolStr| Message {
        address: address(),
        exchange: Some(service.then(".events".into())),
        routing_key: Some(event.clone()),
        ..message(System::Rabbit, publish, event, "nameko", within)
    };
    for ty in &code.unit.types {
        let field = |name: &str| ty.fields.iter().find(|f| f.name == name).and_then(|f| f.init.as_ref());
        let service = field("name").map(|e| code.value(e, 0)).unwrap_or_default();
        for function in code.unit.functions.iter().filter(|f| f.owner == ty.name) {
            for a in &function.annotations {
                let text = |index: usize| a.positional(index).map(|e| code.value(e, 0)).unwrap_or_default();
                match (a.simple(), service.as_text()) {
                    ("rpc", Some(name)) => {
                        sink.stated(Claim::Message(rpc(&name, &function.name, false, function.symbol())), a.span);
                    }
                    ("event_handler", _) => {
                        sink.stated(Claim::Message(event(text(0), text(1), false, function.symbol())), a.span);
                    }
                    _ => {}
                }
            }
        }
        for held in &ty.fields {
            let Some(call) = held.init.as_ref().and_then(Expr::as_call) else { continue };
            let target = call.arg(0).map(|e| code.value(e, 0)).and_then(|v| v.as_text());
            for site in code.calls() {
                if code.function(site.function).owner != ty.name {
                    continue;
                }
                let path = site.call.callee.path().unwrap_or_default();
                let Some(rest) = path.strip_prefix("this.").and_then(|p| p.strip_prefix(held.name.as_str())) else {
                    continue;
                };
                let within = code.within(site.function);
                match (call.name(), &target) {
                    ("RpcProxy" | "ServiceRpc", Some(target)) if rest.starts_with('.') => {
                        let method = rest.trim_start_matches('.').split('.').next().unwrap_or("");
                        sink.stated(Claim::Message(rpc(target, method, true, within)), site.span());
                    }
                    ("EventDispatcher", _) if rest.is_empty() => {
                        let name = site.call.arg(0).map(|e| code.value(e, site.function)).unwrap_or_default();
                        sink.stated(Claim::Message(event(service.clone(), name, true, within)), site.span());
                    }
                    _ => {}
                }
            }
        }
    }
    // `with ClusterRpcProxy(config) as rpc: rpc.orders.get_order(…)`.
    for site in code.calls() {
        let origin = callee(code, site);
        let cluster =
            ["ClusterRpcProxy.", "ClusterRpc.", "ClusterRpcClient."].iter().find_map(|c| origin.split_once(c));
        if let Some((_, rest)) = cluster
            && let [service, method] = rest.split('.').collect::<Vec<_>>().as_slice()
        {
            sink.stated(Claim::Message(rpc(service, method, true, code.within(site.function))), site.span());
        }
    }
}
