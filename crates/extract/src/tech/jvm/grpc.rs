//! gRPC servers and clients of Java and Kotlin, and Dubbo services. See `grpc.md`.
//!
//! Generated names carry the service's: `OrdersGrpc.newBlockingStub`, `OrdersImplBase`, `OrdersCoroutineStub`.

use super::read::{JVM, chained, filled, find, functions_of, text};
use crate::code::Code;
use crate::code::ir::{Annotation, Call as CallExpr, Expr, Type};
use crate::lang::plain_type;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Endpoint, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor =
    Extractor { id: "jvm-grpc", version: 1, page: include_str!("grpc.md"), reads: Reads::Code { langs: JVM, extract } };

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        server(code, ty, sink);
        dubbo_server(code, ty, sink);
    }
    let clients = injected(code, sink);
    dubbo_clients(code, sink);
    stubs(code, sink);
    methods(code, &clients, sink);
}

/// The service in the name of a generated base class.
fn base_service(parent: &str) -> Option<&str> {
    let simple = parent.rsplit('.').next().unwrap_or(parent);
    let service = simple.strip_suffix("CoroutineImplBase").or_else(|| simple.strip_suffix("ImplBase"))?;
    (!service.is_empty()).then_some(service)
}

fn server(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let annotated = find(&ty.annotations, &["GrpcService", "GRpcService"]).is_some();
    let named = ty.supers.iter().find_map(|s| base_service(s));
    // Quarkus implements the service's interface, which is called like the service.
    let service = match named.or_else(|| ty.supers.first().map(|s| s.as_str()).filter(|_| annotated)) {
        Some(service) => SmolStr::from(service),
        None => return,
    };
    let mut any = false;
    for (_, function) in functions_of(code, ty) {
        let streams = function.params.iter().any(|p| plain_type(&p.ty) == "StreamObserver")
            || plain_type(&function.returns) == "StreamObserver";
        let overrides = find(&function.annotations, &["Override"]).is_some();
        let handles =
            streams || (annotated || code.unit.lang == crate::lang::Lang::Kotlin) && function.params.len() == 1;
        if function.name.starts_with('<')
            || function.private
            || !handles
            || !(streams || overrides || annotated || named.is_some())
        {
            continue;
        }
        any = true;
        let request = function.params.first().map(|p| plain_type(&p.ty)).filter(|t| t != "StreamObserver");
        endpoint(Protocol::Grpc, &service, &capital(&function.name), function.symbol(), request, function.span, sink);
    }
    if !any {
        let at = Span::at(ty.span.line, ty.span.column);
        endpoint(Protocol::Grpc, &service, "*", ty.name.clone(), None, at, sink);
    }
}

fn endpoint(
    protocol: Protocol,
    service: &str,
    method: &str,
    handler: SmolStr,
    request: Option<SmolStr>,
    at: Span,
    sink: &mut Sink,
) {
    let path = Value::text(format_smolstr!("{service}/{method}"));
    let endpoint = Endpoint { protocol, method: None, path, handler, router: None, request, response: None };
    sink.stated(Claim::Endpoint(endpoint), Span { end_line: at.line, ..at });
}

/// Contracts write methods with a capital; generated Java does not.
pub(crate) fn capital(name: &str) -> SmolStr {
    let mut out = name.to_string();
    if let Some(first) = out.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    out.into()
}

/// The service that a stub's type or maker names.
fn stub_service(name: &str) -> Option<SmolStr> {
    let parts: Vec<&str> = name.split('.').collect();
    for part in parts.iter().rev() {
        if let Some(service) = part.strip_suffix("Grpc").or_else(|| part.strip_suffix("GrpcKt")) {
            let service = service.strip_prefix("Mutiny").or_else(|| service.strip_prefix("Reactor")).unwrap_or(service);
            return Some(service.into());
        }
    }
    let last = parts.last()?.trim_end_matches("()");
    let bare = ["BlockingV2Stub", "BlockingStub", "FutureStub", "CoroutineStub", "Stub"]
        .iter()
        .find_map(|s| last.strip_suffix(s))?;
    let bare = bare.strip_prefix("Mutiny").or_else(|| bare.strip_prefix("Reactor")).unwrap_or(bare);
    (!bare.is_empty() && !bare.contains('(')).then(|| bare.into())
}

fn call(
    service: &str,
    method: &str,
    target: Value,
    within: SmolStr,
    request: Option<SmolStr>,
    at: Span,
    sink: &mut Sink,
) {
    let call = Call {
        operation: Some(format_smolstr!("{service}/{method}")),
        request,
        ..Call::to(Protocol::Grpc, "grpc-java".into(), target, within)
    };
    sink.stated(Claim::Call(call), at);
}

const STUB_MAKERS: &[&str] =
    &["newBlockingStub", "newBlockingV2Stub", "newStub", "newFutureStub", "newMutinyStub", "newReactorStub"];

fn is_stub_maker(call: &CallExpr) -> bool {
    STUB_MAKERS.contains(&call.name()) || call.new && call.name().ends_with("CoroutineStub")
}

/// The service and channel of a call that makes a stub.
fn made(code: &Code<'_>, call: &CallExpr, function: usize) -> Option<(SmolStr, Value)> {
    if !is_stub_maker(call) {
        return None;
    }
    let service = stub_service(&code.callee(call, function))?;
    let channel = call.arg(0).map(|c| channel(code, c, function)).unwrap_or_default();
    Some((service, channel))
}

fn stubs(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        if let Some((service, target)) = made(code, site.call, site.function) {
            call(&service, "<stub>", target, code.within(site.function), None, site.span(), sink);
        }
    }
}

/// The address that a channel is built for: in the expression, where its name was made, or the only one in the file.
fn channel(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    if let Some(found) = dialled(code, expr, function) {
        return found;
    }
    let all = code.calls_named(DIALS);
    let in_file: Vec<Value> = all.iter().filter_map(|s| dialled(code, s.expr, s.function)).collect();
    if in_file.is_empty() { Value::default() } else { Value::either(in_file) }
}

const DIALS: &[&str] = &["forAddress", "forTarget", "newChannelBuilder", "newChannelBuilderForAddress"];

fn dialled(code: &Code<'_>, expr: &Expr, function: usize) -> Option<Value> {
    for name in DIALS {
        let Some(call) = chained(expr, name) else { continue };
        let arg = |i: usize| call.arg(i).map(|a| filled(code.value(a, function)));
        return match *name {
            "forAddress" | "newChannelBuilderForAddress" => match (arg(0), arg(1)) {
                (Some(host), Some(port)) => Some(host.then(":".into()).then(port)),
                (host, _) => host,
            },
            _ => arg(0),
        };
    }
    None
}

/// A client that a framework injects: its type, its service, its address.
struct Injected {
    ty: SmolStr,
    service: SmolStr,
    target: Value,
}

/// `@GrpcClient("orders")` on fields and parameters.
fn injected(code: &Code<'_>, sink: &mut Sink) -> Vec<Injected> {
    let mut out = Vec::new();
    let mut take = |annotations: &[Annotation], name: &SmolStr, ty: &SmolStr, within: SmolStr, sink: &mut Sink| {
        let Some(a) = find(annotations, &["GrpcClient"]) else {
            return;
        };
        let key = text(code, a, &["value"], "").and_then(|v| v.as_text()).unwrap_or_else(|| name.clone());
        let plain = plain_type(ty);
        let service = stub_service(&plain).unwrap_or_else(|| plain.clone());
        let target = if code.imports("io.quarkus") {
            let host = Value::config(format_smolstr!("quarkus.grpc.clients.{key}.host"), Some("localhost".into()));
            let port = Value::config(format_smolstr!("quarkus.grpc.clients.{key}.port"), Some("9000".into()));
            host.then(":".into()).then(port)
        } else {
            // Without an address the name itself is resolved.
            Value::either([
                Value::config(format_smolstr!("spring.grpc.client.channels.{key}.address"), None),
                Value::config(format_smolstr!("grpc.client.{key}.address"), Some(Value::text(key.clone()))),
            ])
        };
        call(&service, "<stub>", target.clone(), within, None, a.span, sink);
        out.push(Injected { ty: plain, service, target });
    };
    for ty in &code.unit.types {
        for field in &ty.fields {
            take(&field.annotations, &field.name, &field.ty, ty.name.clone(), sink);
        }
    }
    for function in &code.unit.functions {
        for param in &function.params {
            take(&param.annotations, &param.name, &param.ty, function.symbol(), sink);
        }
    }
    out
}

/// Methods of stubs that set options and send nothing.
const OPTIONS: &[&str] = &[
    "withDeadlineAfter",
    "withDeadline",
    "withInterceptors",
    "withCallCredentials",
    "withCompression",
    "withWaitForReady",
    "withOption",
    "withExecutor",
    "withMaxInboundMessageSize",
    "getChannel",
    "getCallOptions",
    "toString",
    "equals",
    "also",
    "apply",
    "let",
];

fn methods(code: &Code<'_>, clients: &[Injected], sink: &mut Sink) {
    let about_grpc = !clients.is_empty()
        || code.unit.imports.iter().any(|i| {
            i.path.to_ascii_lowercase().contains("grpc")
                || i.name.as_ref().is_some_and(|n| n.contains("Grpc") || n.ends_with("Stub"))
        })
        || code.unit.types.iter().flat_map(|t| &t.fields).any(|f| f.ty.contains("Grpc"));
    if !about_grpc {
        return;
    }
    for site in code.calls() {
        let Some(on) = site.call.receiver() else { continue };
        let name = site.call.name();
        if OPTIONS.contains(&name) || is_stub_maker(site.call) {
            continue;
        }
        // Options stand between the stub and the method: `stub.withDeadlineAfter(…).get(…)`.
        let mut base = on;
        while let Some(call) = base.as_call().filter(|c| OPTIONS.contains(&c.name())) {
            match call.receiver() {
                Some(inner) => base = inner,
                None => break,
            }
        }
        let origin = code.origin(base, site.function);
        let plain = origin.rsplit('.').next().unwrap_or(&origin);
        let known = clients.iter().find(|c| c.ty == plain || c.ty == origin);
        let direct = base.as_call().and_then(|c| made(code, c, site.function));
        let (service, target) = match (known, direct) {
            (Some(client), _) => (client.service.clone(), client.target.clone()),
            (None, Some(found)) => found,
            (None, None) => {
                match (stub_service(&origin).filter(|_| is_stub_type(&origin)), code.maker(base, site.function)) {
                    (_, Some((call, function))) if is_stub_maker(call) => match made(code, call, function) {
                        Some(found) => found,
                        None => continue,
                    },
                    (Some(service), _) => (service, Value::default()),
                    _ => continue,
                }
            }
        };
        let request =
            site.call.arg(0).map(|a| code.origin(a, site.function)).filter(|o| !o.contains('(') && !o.is_empty());
        call(&service, &capital(name), target, code.within(site.function), request, site.span(), sink);
    }
}

/// A type's name, not the maker of something else within a generated class.
fn is_stub_type(origin: &str) -> bool {
    let last = origin.rsplit('.').next().unwrap_or(origin);
    last.ends_with("Stub") || STUB_MAKERS.iter().any(|m| last.trim_end_matches("()") == *m)
}

fn dubbo(code: &Code<'_>) -> bool {
    code.imports("org.apache.dubbo") || code.imports("com.alibaba.dubbo")
}

fn dubbo_server(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let Some(a) =
        find(&ty.annotations, &["DubboService", "Service"]).filter(|a| a.simple() == "DubboService" || dubbo(code))
    else {
        return;
    };
    if !dubbo(code) {
        return;
    }
    for parent in &ty.supers {
        endpoint(Protocol::Dubbo, parent, "*", ty.name.clone(), None, a.span, sink);
    }
}

/// `@DubboReference` fields: the registry finds who serves the interface, unless an address is given.
fn dubbo_clients(code: &Code<'_>, sink: &mut Sink) {
    if !dubbo(code) {
        return;
    }
    for ty in &code.unit.types {
        for field in &ty.fields {
            let Some(a) = find(&field.annotations, &["DubboReference", "Reference"]) else { continue };
            let interface = plain_type(&field.ty);
            let target = text(code, a, &["url"], &ty.name).unwrap_or_default();
            let state = |method: &str, within: SmolStr, at: Span, sink: &mut Sink| {
                let call = Call {
                    operation: Some(format_smolstr!("{interface}/{method}")),
                    ..Call::to(Protocol::Dubbo, "Dubbo".into(), target.clone(), within)
                };
                sink.stated(Claim::Call(call), at);
            };
            state("<stub>", ty.name.clone(), a.span, sink);
            for site in code.calls() {
                let on_field = site.call.receiver().is_some_and(|r| code.origin(r, site.function) == interface);
                if on_field && code.function(site.function).owner == ty.name {
                    state(site.call.name(), code.within(site.function), site.span(), sink);
                }
            }
        }
    }
}
