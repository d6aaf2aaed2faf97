//! gRPC of Scala: ScalaPB, Akka gRPC, fs2-grpc, zio-grpc. See `grpc.md`.
//!
//! Generated names carry the service's: `OrdersGrpc.stub`, `OrdersClient`, `OrdersFs2Grpc`, `ZioOrders.OrdersClient`.

use super::read::SCALA;
use crate::code::Code;
use crate::code::ir::{Expr, ExprKind, Type};
use crate::lang::plain_type;
use crate::tech::jvm::grpc::capital;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Endpoint, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "scala-grpc",
    version: 1,
    page: include_str!("grpc.md"),
    reads: Reads::Code { langs: SCALA, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let akka = code.imports("akka.grpc") || code.imports("org.apache.pekko.grpc");
    for ty in &code.unit.types {
        if let Some(service) = generated_base(ty) {
            serves(code, ty, &service, sink);
        }
    }
    // What a handler is made of is served: `OrdersHandler(new OrdersImpl)`, `OrdersGrpc.bindService(impl, ec)`,
    // `OrdersFs2Grpc.bindServiceResource(impl)`.
    for site in code.calls() {
        let name = site.call.name();
        let on = site.call.receiver().and_then(Expr::path).unwrap_or_default();
        let by = on.rsplit('.').next().unwrap_or(&on);
        let handled = |call: &str| call.strip_suffix("Handler").filter(|s| !s.is_empty()).map(SmolStr::from);
        let service = match name {
            "bindService" | "bindServiceResource" => grpc_name(by),
            "partial" | "withServerReflection" if akka => handled(by),
            _ if akka && site.call.receiver().is_none() => handled(name),
            _ => None,
        };
        let Some(service) = service.filter(|_| site.call.arg(0).is_some()) else { continue };
        endpoint(&service, "*", code.within(site.function), site.span(), sink);
    }
    clients(code, akka, sink);
}

/// `OrdersGrpc`, `OrdersFs2Grpc` carry the service.
fn grpc_name(name: &str) -> Option<SmolStr> {
    let service = name.strip_suffix("Fs2Grpc").or_else(|| name.strip_suffix("Grpc"))?;
    (!service.is_empty()).then(|| service.into())
}

/// `extends OrdersGrpc.Orders`, `extends OrdersFs2Grpc[F, Metadata]`, `extends ZioOrders.Orders`.
fn generated_base(ty: &Type) -> Option<SmolStr> {
    ty.super_texts.iter().find_map(|text| {
        let plain = plain_type(text);
        let parts: Vec<&str> = plain.split('.').collect();
        match parts.as_slice() {
            [.., outer, _] if grpc_name(outer).is_some() => grpc_name(outer),
            [.., outer, service] if outer.starts_with("Zio") => {
                Some(service.trim_start_matches('Z').trim_start_matches('R').into())
            }
            [.., last] if last.ends_with("Fs2Grpc") => grpc_name(last),
            _ => None,
        }
    })
}

fn serves(code: &Code<'_>, ty: &Type, service: &str, sink: &mut Sink) {
    let mut any = false;
    for function in code.unit.functions.iter().filter(|f| f.owner == ty.name && !f.name.starts_with('<') && !f.private)
    {
        if function.params.is_empty() || function.params.len() > 3 {
            continue;
        }
        any = true;
        endpoint(service, &capital(&function.name), function.symbol(), function.span, sink);
    }
    if !any {
        endpoint(service, "*", ty.name.clone(), ty.span, sink);
    }
}

fn endpoint(service: &str, method: &str, handler: SmolStr, at: Span, sink: &mut Sink) {
    let path = Value::text(format_smolstr!("{service}/{method}"));
    let (request, response) = (None, None);
    let endpoint = Endpoint { protocol: Protocol::Grpc, method: None, path, handler, router: None, request, response };
    sink.stated(Claim::Endpoint(endpoint), Span { end_line: at.line, ..at });
}

/// The service that a call makes a client of.
fn made(name: &str, on: &str, akka: bool) -> Option<SmolStr> {
    let by = on.rsplit('.').next().unwrap_or(on).trim_end_matches("()");
    let client = |name: &str| name.strip_suffix("Client").filter(|s| !s.is_empty()).map(SmolStr::from);
    match name {
        "stub" | "blockingStub" | "stubResource" | "mkClient" | "mkClientResource" | "clientResource" | "mkStub"
        | "newBlockingStub" | "newStub" => grpc_name(by),
        "live" | "scoped" | "layer" if on.contains("Zio") => client(by),
        _ if akka && on.is_empty() => client(name),
        "apply" if akka => client(by),
        _ => None,
    }
}

fn clients(code: &Code<'_>, akka: bool, sink: &mut Sink) {
    let address = dialled(code);
    let mut kept: Vec<(SmolStr, SmolStr)> = Vec::new();
    for site in code.calls() {
        let on = site.call.receiver().and_then(Expr::path).unwrap_or_default();
        let Some(service) =
            made(site.call.name(), &on, akka).filter(|_| site.call.arg(0).is_some() || on.contains("Zio"))
        else {
            continue;
        };
        let target = site
            .call
            .arg(0)
            .and_then(|a| settings_of(code, a, site.function))
            .or_else(|| address.clone())
            .unwrap_or_default();
        kept.push((format_smolstr!("{service}Client"), service.clone()));
        call(&service, "<stub>", target, code.within(site.function), site.span(), sink);
    }
    // Methods of what is declared as a client: `OrdersGrpc.OrdersStub`, `OrdersClient`, `OrdersFs2Grpc[F, Metadata]`.
    for site in code.calls() {
        let Some(on) = site.call.receiver() else { continue };
        let origin = code.origin(on, site.function);
        let service = match origin.rsplit('.').next().unwrap_or(&origin) {
            last if last.ends_with("Stub") && origin.contains("Grpc") => {
                last.strip_suffix("BlockingStub").or_else(|| last.strip_suffix("Stub")).map(SmolStr::from)
            }
            last if last.ends_with("Fs2Grpc") && matches!(on.kind, ExprKind::Name(_) | ExprKind::Member(..)) => {
                grpc_name(last)
            }
            last if akka || origin.contains("Zio") => kept
                .iter()
                .find(|(client, _)| client == last)
                .map(|(_, s)| s.clone())
                .or_else(|| typed_client(code, last, akka)),
            _ => None,
        };
        let Some(service) = service.filter(|s| !s.is_empty()) else { continue };
        if made(site.call.name(), &on.path().unwrap_or_default(), akka).is_some()
            || site.call.name().starts_with("with")
        {
            continue;
        }
        call(
            &service,
            &capital(site.call.name()),
            address.clone().unwrap_or_default(),
            code.within(site.function),
            site.span(),
            sink,
        );
    }
}

/// A class that a client of Akka gRPC's is declared as.
fn typed_client(code: &Code<'_>, ty: &str, akka: bool) -> Option<SmolStr> {
    let service = ty.strip_suffix("Client").filter(|s| akka && !s.is_empty())?;
    code.unit.imports.iter().any(|i| i.alias == ty).then(|| service.into())
}

/// `GrpcClientSettings.connectToServiceAt("orders", 8080)`, `fromConfig("orders")`; channels.
fn settings_of(code: &Code<'_>, expr: &Expr, function: usize) -> Option<Value> {
    let (made, at) = code.resolved(expr, function);
    let mut found = None;
    made.walk(&mut |e| found = found.take().or_else(|| address_of(code, e, at)));
    found
}

fn address_of(code: &Code<'_>, expr: &Expr, function: usize) -> Option<Value> {
    let call = expr.as_call()?;
    let arg = |i: usize| call.arg(i).map(|a| code.value(a, function));
    match call.name() {
        "connectToServiceAt" | "forAddress" => match (arg(0), arg(1)) {
            (Some(host), Some(port)) => Some(host.then(":".into()).then(port)),
            (host, _) => host,
        },
        "forTarget" => arg(0),
        "fromConfig" | "usingServiceDiscovery" => {
            let name = arg(0)?.as_text()?;
            let key = |k: &str, part: &str| Value::config(format_smolstr!("{k}.grpc.client.{name}.{part}"), None);
            let told = ["akka", "pekko"].map(|k| key(k, "host").then(":".into()).then(key(k, "port")));
            Some(if call.name() == "fromConfig" { Value::either(told) } else { Value::text(name) })
        }
        _ => None,
    }
}

/// The only address that this file dials.
fn dialled(code: &Code<'_>) -> Option<Value> {
    let sites =
        code.calls_named(&["connectToServiceAt", "forAddress", "forTarget", "fromConfig", "usingServiceDiscovery"]);
    let found: Vec<Value> = sites.iter().filter_map(|s| address_of(code, s.expr, s.function)).collect();
    (!found.is_empty()).then(|| Value::either(found))
}

fn call(service: &str, method: &str, target: Value, within: SmolStr, at: Span, sink: &mut Sink) {
    let call = Call {
        operation: Some(format_smolstr!("{service}/{method}")),
        ..Call::to(Protocol::Grpc, "ScalaPB".into(), target, within)
    };
    sink.stated(Claim::Call(call), at);
}
