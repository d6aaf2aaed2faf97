//! gRPC servers and stubs of `grpcio`, and feature flags that are asked over gRPC. See `grpc.md`.

use super::shapes::{argument, callee, host_port, keyword, millis};
use crate::code::Code;
use crate::code::ir::Type;
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Endpoint, Hole, Policy, PolicyKind, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "python-grpc",
    version: 2,
    page: include_str!("grpc.md"),
    reads: Reads::Code { langs: &[Lang::Python], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    servers(code, sink);
    stubs(code, sink);
    flags(code, sink);
}

/// `add_OrdersServicer_to_server(Orders(), server)` and the methods of `class Orders(…OrdersServicer)`.
fn servers(code: &Code<'_>, sink: &mut Sink) {
    let mut implemented: Vec<SmolStr> = Vec::new();
    for ty in &code.unit.types {
        for service in served(code, ty, 0) {
            let methods = code.unit.functions.iter().filter(|f| f.owner == ty.name);
            for method in methods.filter(|f| f.name.starts_with(|c: char| c.is_ascii_uppercase())) {
                endpoint(&service, &method.name, method.symbol(), method.span, sink);
                implemented.push(service.clone());
            }
        }
    }
    for site in code.calls() {
        let name = site.call.name();
        let Some(service) = name.strip_prefix("add_").and_then(|n| n.strip_suffix("Servicer_to_server")) else {
            continue;
        };
        if !implemented.iter().any(|s| s == service) {
            let handler = site.call.arg(0).map(|e| code.origin(e, site.function)).unwrap_or_default();
            endpoint(service, "*", handler, site.span(), sink);
        }
    }
}

/// The services whose generated classes a class extends, itself or through others of its file.
fn served(code: &Code<'_>, ty: &Type, depth: u32) -> Vec<SmolStr> {
    let mut out = Vec::new();
    for parent in &ty.supers {
        let simple = parent.rsplit('.').next().unwrap_or(parent);
        match simple.strip_suffix("Servicer") {
            Some("") => {}
            Some(service) => out.push(service.into()),
            None if depth < 4 => {
                let own = code.unit.types.iter().filter(|t| t.name == *parent && t.name != ty.name);
                out.extend(own.flat_map(|above| served(code, above, depth + 1)));
            }
            None => {}
        }
    }
    out
}

fn endpoint(service: &str, method: &str, handler: SmolStr, at: Span, sink: &mut Sink) {
    let endpoint = Endpoint {
        protocol: Protocol::Grpc,
        method: None,
        path: Value::text(format_smolstr!("{service}/{method}")),
        handler,
        router: None,
        request: None,
        response: None,
    };
    sink.stated(Claim::Endpoint(endpoint), at);
}

/// `OrdersStub(channel)` and what is called on it. A channel is worth the address that it dials.
fn stubs(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let name = site.call.name();
        let call = |operation: SmolStr, target: Value| Call {
            operation: Some(operation),
            ..Call::to(Protocol::Grpc, "grpcio".into(), target, code.within(site.function))
        };
        if let Some(service) = name.strip_suffix("Stub").filter(|s| site.call.new && !s.is_empty()) {
            let target =
                site.call.arg_or("channel", 0).map(|c| address(code.value(c, site.function))).unwrap_or_default();
            sink.stated(Claim::Call(call(format_smolstr!("{service}/<stub>"), target)), site.span());
            continue;
        }
        // A method on something that is, or was made by, a stub.
        let callee = callee(code, site);
        let Some((on, method)) = callee.rsplit_once('.') else { continue };
        let last = on.rsplit('.').next().unwrap_or("");
        let Some(service) = last.strip_suffix("Stub").filter(|s| !s.is_empty() && !last.contains('(')) else {
            continue;
        };
        if !method.starts_with(|c: char| c.is_ascii_uppercase()) && !matches!(method, "future" | "with_call") {
            continue;
        }
        let made = site.call.receiver().and_then(|r| code.maker(r, site.function));
        let target = made.and_then(|(made, function)| Some(address(code.value(made.arg_or("channel", 0)?, function))));
        let operation = format_smolstr!("{service}/{method}");
        sink.stated(Claim::Call(call(operation, target.unwrap_or_default())), site.span());
        if let Some(millis) =
            keyword(code, site.call, "timeout", site.function).and_then(|t| millis(code, t, site.function))
        {
            let within = code.within(site.function);
            let policy = Policy {
                kind: PolicyKind::Timeout,
                on: within.clone(),
                attempts: None,
                millis: Some(millis),
                detail: "grpcio deadline".into(),
                within,
            };
            sink.stated(Claim::Policy(policy), site.span());
        }
    }
}

/// What cannot be followed says nothing about where the connection goes.
fn address(value: Value) -> Value {
    match value.as_hole() {
        Some(Hole::Opaque(_)) => Value::default(),
        _ => value,
    }
}

/// OpenFeature's flagd provider, which reads `FLAGD_HOST` and `FLAGD_PORT` by itself.
fn flags(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["FlagdProvider"]) {
        let part = |name: &str, index: usize, variable: &str, default: &str| match argument(
            code,
            site.call,
            name,
            index,
            site.function,
        ) {
            Some(stated) => code.value(stated, site.function),
            None => Value::env(variable, Some(default.into())),
        };
        let host = part("host", 0, "FLAGD_HOST", "localhost");
        let port = part("port", 1, "FLAGD_PORT", "8013");
        let call = Call::to(
            Protocol::Grpc,
            "openfeature flagd".into(),
            host_port(host, Some(port)),
            code.within(site.function),
        );
        match site.call.args.is_empty() {
            true => sink.inferred(Claim::Call(call), site.span()),
            false => sink.stated(Claim::Call(call), site.span()),
        }
    }
}
