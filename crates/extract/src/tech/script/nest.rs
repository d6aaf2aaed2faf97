//! NestJS: controllers, message handlers, gRPC methods, and the clients that its modules register. See `nest.md`.

use super::options;
use crate::code::Code;
use crate::code::ir::{self, Annotation, Expr, ExprKind, Field, Function, Type, walk_stmts};
use crate::lang::{Lang, plain_type};
use crate::tech::paths;
use crate::{Extractor, Reads, Sink};
use seam_facts::{
    Call, Claim, Constant, Endpoint, Hole, Message, Mount, Protocol, SmolStr, Span, Store, System, Value,
    format_smolstr,
};

pub static EXTRACTOR: Extractor = Extractor {
    id: "nestjs",
    version: 3,
    page: include_str!("nest.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let nest = code.imports("@nestjs/") || code.imports("routing-controllers") || code.imports("@tsed/");
    if !nest && code.unit.types.iter().all(|t| t.annotations.is_empty()) {
        return;
    }
    for function in &code.unit.functions {
        if function.annotations.is_empty() {
            continue;
        }
        let Some(ty) = code.type_named(&function.owner) else {
            continue;
        };
        routes(code, ty, function, sink);
        patterns(code, ty, function, sink);
    }
    generated(code, sink);
    prefixes(code, sink);
    clients(code, sink);
    sends(code, sink);
}

/// The router that Nest's controllers are registered on; a global prefix mounts it.
const ROUTER: &str = "NestFactory";

fn routes(code: &Code<'_>, ty: &Type, function: &Function, sink: &mut Sink) {
    let Some(controller) =
        ty.annotations.iter().find(|a| matches!(a.simple(), "Controller" | "JsonController" | "RestController"))
    else {
        return;
    };
    for annotation in &function.annotations {
        let method: Option<SmolStr> = match annotation.simple() {
            "Get" | "Post" | "Put" | "Delete" | "Patch" | "Head" | "Options" => {
                Some(annotation.simple().to_uppercase().into())
            }
            "All" => None,
            "Sse" => Some("GET".into()),
            _ => continue,
        };
        for prefix in stated_paths(code, controller) {
            for path in stated_paths(code, annotation) {
                let body = function.params.iter().find(|p| p.annotations.iter().any(|a| a.simple() == "Body"));
                let whole = paths::rooted(paths::join(paths::rooted(prefix.clone()), path));
                let endpoint = Endpoint {
                    protocol: Protocol::Http,
                    method: method.clone(),
                    path: options::template(whole),
                    handler: function.symbol(),
                    router: Some(ROUTER.into()),
                    request: body.map(|p| plain_type(&p.ty)).filter(|t| !t.is_empty()),
                    response: Some(function.returns.clone()).filter(|t| !t.is_empty()),
                };
                sink.stated(Claim::Endpoint(endpoint), annotation.span);
            }
        }
    }
}

/// The paths of a routing decorator: text, a list, or `{ path }`.
fn stated_paths(code: &Code<'_>, annotation: &Annotation) -> Vec<Value> {
    let Some(arg) = annotation.positional(0) else {
        return vec![Value::default()];
    };
    match &arg.kind {
        ExprKind::List(items) => items.iter().map(|e| code.value(e, 0)).collect(),
        ExprKind::Object(_) => {
            let version = options::value(code, arg, 0, &["version"]).and_then(|v| v.as_text());
            let path = options::value(code, arg, 0, &["path"]).unwrap_or_default();
            // Versions are in the path unless the application says otherwise.
            match version {
                Some(version) => vec![paths::join(Value::text(format_smolstr!("v{version}")), path)],
                None => vec![path],
            }
        }
        ExprKind::Lambda(_) => vec![Value::default()],
        _ => vec![code.value(arg, 0)],
    }
}

/// `app.setGlobalPrefix('api')`.
fn prefixes(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["setGlobalPrefix"]) {
        if let Some(prefix) = site.call.arg(0) {
            let prefix = paths::rooted(code.value(prefix, site.function));
            sink.stated(Claim::Mount(Mount { router: ROUTER.into(), prefix, on: "app".into() }), site.span());
        }
    }
}

/// Message and gRPC handlers.
fn patterns(code: &Code<'_>, ty: &Type, function: &Function, sink: &mut Sink) {
    for annotation in &function.annotations {
        match annotation.simple() {
            "MessagePattern" | "EventPattern" => {
                let Some(pattern) = annotation.positional(0) else {
                    continue;
                };
                let message = Message::to(
                    transport(code, annotation.positional(1)).unwrap_or(System::Bus),
                    false,
                    topic(code, pattern, 0),
                    "nestjs".into(),
                    function.symbol(),
                );
                sink.stated(Claim::Message(message), annotation.span);
            }
            "GrpcMethod" | "GrpcStreamMethod" | "GrpcStreamCall" => {
                let text = |i: usize| annotation.positional(i).and_then(|e| code.value(e, 0).as_text());
                let named = || annotation.positional(0).and_then(|e| generated_name(&e.path()?));
                let service = text(0).or_else(named).unwrap_or_else(|| ty.name.clone());
                let method = text(1).unwrap_or_else(|| super::grpc::pascal(&function.name));
                grpc_endpoint(format_smolstr!("{service}/{method}"), function.symbol(), annotation.span, sink);
            }
            _ => {}
        }
    }
}

/// The service that a constant of ts-proto names: `AUTH_SERVICE_NAME` is `AuthService` (ts-proto writes a service's name in
/// capitals before `_NAME`).
fn generated_name(constant: &str) -> Option<SmolStr> {
    let last = constant.rsplit(['.', '#']).next()?;
    let words = last.strip_suffix("_NAME")?.split('_').filter(|w| !w.is_empty());
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..].to_ascii_lowercase();
    let plain = last.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    plain.then(|| words.map(capital).collect::<String>().into()).filter(|n: &SmolStr| !n.is_empty())
}

fn grpc_endpoint(path: SmolStr, handler: SmolStr, at: Span, sink: &mut Sink) {
    let endpoint = Endpoint {
        protocol: Protocol::Grpc,
        method: None,
        path: Value::text(path),
        handler,
        router: None,
        request: None,
        response: None,
    };
    sink.stated(Claim::Endpoint(endpoint), at);
}

/// `@OrdersServiceControllerMethods()` of ts-proto marks all methods of the class as the service's.
fn generated(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        for annotation in &ty.annotations {
            let Some(service) = annotation.simple().strip_suffix("ControllerMethods") else {
                continue;
            };
            for function in code.unit.functions.iter().filter(|f| f.owner == ty.name && !f.name.starts_with('<')) {
                let path = format_smolstr!("{service}/{}", super::grpc::pascal(&function.name));
                if !function.private && function.parent.is_none() {
                    grpc_endpoint(path, function.symbol(), annotation.span, sink);
                }
            }
        }
    }
}

/// A pattern as a topic: text as it is, `{ cmd: 'sum' }` as `cmd:sum`.
fn topic(code: &Code<'_>, pattern: &Expr, function: usize) -> Value {
    let (resolved, at) = code.resolved(pattern, function);
    match &resolved.kind {
        ExprKind::Object(entries) => {
            let mut out = Value::default();
            for (index, (key, value)) in entries.iter().enumerate() {
                out.push_text(if index > 0 { "," } else { "" });
                out.push_text(&format_smolstr!("{key}:"));
                out.push(code.value(value, at));
            }
            out
        }
        _ => code.value(pattern, function),
    }
}

/// The broker behind `Transport.X`; `None` for direct connections and what is not known.
fn transport(code: &Code<'_>, stated: Option<&Expr>) -> Option<System> {
    let name = code.resolved(stated?, 0).0.path()?;
    Some(match name.rsplit('.').next().unwrap_or(&name) {
        "RMQ" => System::Rabbit,
        "KAFKA" => System::Kafka,
        "NATS" => System::Nats,
        "REDIS" => System::Redis,
        "MQTT" => System::Mqtt,
        _ => return None,
    })
}

/// Clients and servers that modules register: `{ name, transport, options }`.
fn clients(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        let at = site.function;
        match site.call.name() {
            "register" | "registerAsync" if callee.contains("#ClientsModule.") => {
                let Some(arg) = site.call.arg(0) else { continue };
                let (list, list_at) = code.resolved(arg, at);
                let (list, list_at) = match options::key(code, list, list_at, "clients") {
                    Some((inner, inner_at)) => code.resolved(inner, inner_at),
                    None => (list, list_at),
                };
                let ExprKind::List(items) = &list.kind else { continue };
                for item in items {
                    let (item, item_at) = code.resolved(item, list_at);
                    let name = options::key(code, item, item_at, "name").map(|(e, at)| token(code, e, at));
                    let factory = options::key(code, item, item_at, "useFactory");
                    let (stated, stated_at) =
                        factory.and_then(|(f, at)| options::returned(code, f, at)).unwrap_or((item, item_at));
                    connection(code, stated, stated_at, name, code.within(at), item.span, sink);
                }
            }
            "create" if callee.ends_with("#ClientProxyFactory.create") => {
                let Some(arg) = site.call.arg(0) else { continue };
                connection(code, arg, at, provided(code, at), code.within(at), site.span(), sink);
            }
            "createMicroservice" | "connectMicroservice" => {
                let Some(arg) = site.call.args.last() else { continue };
                let (stated, stated_at) = code.resolved(&arg.value, at);
                if let Some(system) = transport_of(code, stated, stated_at) {
                    let address = address(code, stated, stated_at).unwrap_or_default();
                    broker(system, address, code.within(at), site.span(), sink);
                }
            }
            _ => {}
        }
    }
    for ty in &code.unit.types {
        for field in &ty.fields {
            for annotation in field.annotations.iter().filter(|a| a.simple() == "Client") {
                let Some(arg) = annotation.positional(0) else { continue };
                let (stated, at) = code.resolved(arg, 0);
                let name = format_smolstr!("{}.{}", ty.name, field.name);
                connection(code, stated, at, Some(name.clone()), name, annotation.span, sink);
            }
        }
    }
}

fn transport_of(code: &Code<'_>, stated: &Expr, function: usize) -> Option<System> {
    transport(code, options::key(code, stated, function, "transport").map(|(e, _)| e))
}

/// The address in `options`: a URL, brokers, or host and port.
fn address(code: &Code<'_>, stated: &Expr, function: usize) -> Option<Value> {
    let (resolved, at) = code.resolved(stated, function);
    if !matches!(resolved.kind, ExprKind::Object(_)) {
        // Settings from elsewhere have the same shape.
        let value = code.value(stated, function);
        let below = |name: &str| match value.as_hole() {
            Some(Hole::Config { key, .. }) => Some(Value::config(format_smolstr!("{key}.options.{name}"), None)),
            Some(Hole::Ref(path)) => Some(Value::reference(format_smolstr!("{path}.options.{name}"))),
            _ => None,
        };
        return Some(below("host")?.then(":".into()).then(below("port")?));
    }
    let (inner, at) = options::key(code, resolved, at, "options")?;
    let (inner, at) = code.resolved(inner, at);
    if let Some((client, at)) = options::key(code, inner, at, "client") {
        return options::value(code, client, at, &["brokers"]);
    }
    let list = options::value(code, inner, at, &["urls", "url", "servers", "brokers"]);
    list.or_else(|| options::address(code, inner, at))
}

/// States what a registered client connects to, and gives its address to the token that it is injected by.
fn connection(
    code: &Code<'_>,
    stated: &Expr,
    function: usize,
    name: Option<SmolStr>,
    within: SmolStr,
    at: Span,
    sink: &mut Sink,
) {
    let system = transport_of(code, stated, function);
    let address = address(code, stated, function);
    if let (Some(name), Some(address)) = (&name, &address) {
        let symbol = format_smolstr!("{name}.<base>");
        sink.stated(Claim::Constant(Constant { symbol, value: address.clone() }), at);
    }
    match (system, address) {
        (Some(system), address) => broker(system, address.unwrap_or_default(), within, at, sink),
        (None, Some(target)) => {
            let transport = options::key(code, stated, function, "transport").and_then(|(e, _)| e.path());
            let grpc = transport.is_some_and(|t| t.ends_with("GRPC"));
            // Calls by gRPC are stated where a service is asked for, others where something is sent through the token.
            if !grpc && name.is_none() {
                let call = Call::to(Protocol::Tcp, "nestjs".into(), target, within);
                sink.stated(Claim::Call(call), at);
            }
        }
        (None, None) => {}
    }
}

fn broker(system: System, address: Value, within: SmolStr, at: Span, sink: &mut Sink) {
    let store = Store { system, address, database: None, client: "nestjs".into(), within };
    sink.stated(Claim::Store(store), at);
}

/// The token of `{ provide: TOKEN, useFactory: … }` around a closure.
fn provided(code: &Code<'_>, function: usize) -> Option<SmolStr> {
    let mut found = None;
    let mut visit = |e: &Expr| {
        if let Some(Expr { kind: ExprKind::Lambda(index), .. }) = e.key("useFactory")
            && *index == function
            && let Some(provide) = e.key("provide")
        {
            found = Some(token(code, provide, 0));
        }
    };
    for ty in &code.unit.types {
        for arg in ty.annotations.iter().flat_map(|a| &a.args) {
            arg.value.walk(&mut |e| visit(e));
        }
    }
    for f in &code.unit.functions {
        walk_stmts(&f.body, &mut |e| visit(e));
    }
    found
}

/// An injection token as a symbol: its text, or the last part of the constant's or class's name.
fn token(code: &Code<'_>, expr: &Expr, function: usize) -> SmolStr {
    code.value(expr, function).as_text().unwrap_or_else(|| {
        let path = expr.path().unwrap_or_default();
        path.rsplit('.').next().unwrap_or("").into()
    })
}

/// What a field is injected by: its `@Inject(TOKEN)`, or its own name for `@Client`.
fn injected(code: &Code<'_>, ty: &Type, field: &Field) -> Option<SmolStr> {
    field.annotations.iter().find_map(|a| match a.simple() {
        "Inject" | "InjectQueue" => Some(token(code, a.positional(0)?, 0)),
        "Client" => Some(format_smolstr!("{}.{}", ty.name, field.name)),
        _ => None,
    })
}

/// The token behind a receiver `this.client`.
fn token_of(code: &Code<'_>, receiver: &Expr, function: usize) -> Option<SmolStr> {
    let ExprKind::Member(base, name) = &receiver.kind else {
        return None;
    };
    let this = matches!(&base.kind, ExprKind::Name(n) if n == "this");
    let ty = code.owner(function).filter(|_| this)?;
    injected(code, ty, ty.fields.iter().find(|f| f.name == *name)?)
}

/// The contract's service that `getService` is asked for: its name as text, the generated client type
/// (`getService<OrdersServiceClient>`), or the generated constant (`ORDERS_SERVICE_NAME`) of another file.
fn asked_for(code: &Code<'_>, call: &ir::Call, function: usize) -> Option<SmolStr> {
    let name = call.arg(0)?;
    if let Some(text) = code.value(name, function).as_text() {
        return Some(text);
    }
    let client = call.type_args.first().map(|t| plain_type(t)).filter(|t| t.ends_with("Client") && t.len() > 6);
    if let Some(client) = client {
        return Some(super::grpc::service_name(&client));
    }
    let path = name.path()?;
    let words = path.rsplit('.').next()?.strip_suffix("_NAME")?.split('_');
    let service: String = words.map(|w| super::grpc::pascal(&w.to_ascii_lowercase()).to_string()).collect();
    (!service.is_empty()).then(|| service.into())
}

/// `client.send(pattern, data)`, `client.emit(pattern, data)`, `grpc.getService('Orders')` and methods on the result.
fn sends(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let name = site.call.name();
        let Some(receiver) = site.call.receiver() else {
            continue;
        };
        let origin = code.origin(receiver, site.function);
        let at = site.function;
        let base = |token: Option<SmolStr>| token.map(|t| Value::reference(format_smolstr!("{t}.<base>")));
        if matches!(name, "send" | "emit") && origin.starts_with("@nestjs/microservices#Client") {
            let Some(pattern) = site.call.arg(0) else {
                continue;
            };
            let message = Message {
                address: base(token_of(code, receiver, at)),
                ..Message::to(
                    match origin.rsplit('#').next().unwrap_or("") {
                        "ClientKafka" | "ClientKafkaProxy" => System::Kafka,
                        "ClientRMQ" => System::Rabbit,
                        "ClientNats" => System::Nats,
                        "ClientRedis" => System::Redis,
                        "ClientMqtt" => System::Mqtt,
                        _ => System::Bus,
                    },
                    true,
                    topic(code, pattern, at),
                    "nestjs".into(),
                    code.within(at),
                )
            };
            sink.stated(Claim::Message(message), site.span());
            continue;
        }
        let (service, target, method) = if name == "getService" && origin.starts_with("@nestjs/microservices#Client") {
            let Some(service) = asked_for(code, site.call, at) else {
                continue;
            };
            (service, base(token_of(code, receiver, at)), SmolStr::new_static("<stub>"))
        } else {
            // A field that was given `getService(…)`.
            let (made, made_at) = code.resolved(receiver, at);
            let Some(stub) = made.as_call().filter(|c| c.name() == "getService") else {
                continue;
            };
            let Some(client) = stub.receiver() else { continue };
            if !code.origin(client, made_at).starts_with("@nestjs/microservices#Client") || std::ptr::eq(made, receiver)
            {
                continue;
            }
            let Some(service) = asked_for(code, stub, made_at) else {
                continue;
            };
            (service, base(token_of(code, client, made_at)), super::grpc::pascal(name))
        };
        let call = Call {
            operation: Some(format_smolstr!("{service}/{method}")),
            ..Call::to(Protocol::Grpc, "nestjs".into(), target.unwrap_or_default(), code.within(at))
        };
        sink.stated(Claim::Call(call), site.span());
    }
}
