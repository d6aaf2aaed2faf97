//! gRPC stubs of .NET: made on a channel, or registered with the client factory. See `grpc.md`.

use super::read::{base_of, closures, last, property, sets, unknown};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Constant, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-grpc",
    version: 1,
    page: include_str!("grpc.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    registered(code, sink);
    made(code, sink);
    invoked(code, sink);
    flags(code, sink);
}

/// `Greeter.GreeterClient` is the generated stub of `Greeter`.
fn stub_of(ty: &str) -> Option<SmolStr> {
    let plain = crate::lang::plain_type(ty);
    let mut parts = plain.rsplit('.');
    let name = parts.next()?.strip_suffix("Client")?;
    (parts.next()? == name).then(|| name.into())
}

fn state(service: &str, method: &str, target: Value, within: SmolStr, at: Span, sink: &mut Sink) {
    let call = Call {
        operation: Some(format_smolstr!("{service}/{method}")),
        ..Call::to(
            Protocol::Grpc,
            "Grpc.Net.Client".into(),
            super::read::plain_scheme(if unknown(&target) { Value::default() } else { target }),
            within,
        )
    };
    sink.stated(Claim::Call(call), at);
}

/// `AddGrpcClient<Greeter.GreeterClient>(o => o.Address = …)`.
fn registered(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["AddGrpcClient", "AddCodeFirstGrpcClient"]) {
        let Some(ty) = site.call.type_args.first() else {
            continue;
        };
        let service = stub_of(ty).unwrap_or_else(|| super::read::simple(ty).trim_end_matches("Client").into());
        let set = sets(code, &closures(site.call)).into_iter().find(|s| s.member == "Address");
        let target = set.map(|s| code.value(s.value, s.function)).unwrap_or_default();
        if !unknown(&target) {
            let symbol = format_smolstr!("{}.<base>", super::read::simple(ty));
            let value = super::read::plain_scheme(target.clone());
            sink.stated(Claim::Constant(Constant { symbol, value }), site.span());
        }
        state(&service, "<stub>", target, code.within(site.function), site.span(), sink);
    }
}

/// What a channel was made for.
fn channel(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    let (made, at) = code.resolved(expr, function);
    let Some(call) = made.as_call() else {
        return code.value(made, at);
    };
    match call.name() {
        "ForAddress" => call.arg(0).map(|a| code.value(a, at)).unwrap_or_default(),
        "Channel" | "CallInvoker" if call.new => {
            let parts: Vec<Value> = call.args.iter().take(2).map(|a| code.value(&a.value, at)).collect();
            match parts.as_slice() {
                // `new Channel(host, port, credentials)`.
                [host, port] if port.as_text().is_some_and(|p| p.chars().all(|c| c.is_ascii_digit())) => {
                    host.clone().then(":".into()).then(port.clone())
                }
                [host, ..] => host.clone(),
                [] => Value::default(),
            }
        }
        // `channel.Intercept(…)`, `CreateCallInvoker()`.
        "Intercept" | "CreateCallInvoker" => call.receiver().map(|r| channel(code, r, at)).unwrap_or_default(),
        "CreateGrpcService" => Value::default(),
        _ => code.value(made, at),
    }
}

fn made(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        if site.call.name() == "CreateGrpcService" && !site.call.new {
            let (Some(ty), Some(on)) = (site.call.type_args.first(), site.call.receiver()) else {
                continue;
            };
            let service = super::read::simple(ty);
            let service = service.strip_prefix('I').unwrap_or(&service);
            let target = channel(code, on, site.function);
            state(service, "<stub>", target, code.within(site.function), site.span(), sink);
        }
        if !site.call.new {
            continue;
        }
        let Some(service) = site.call.type_args.first().and_then(|t| stub_of(t)) else {
            continue;
        };
        let target = site.call.arg(0).map(|a| channel(code, a, site.function)).unwrap_or_default();
        state(&service, "<stub>", target, code.within(site.function), site.span(), sink);
    }
}

/// Methods that every object has.
const PLAIN: &[&str] = &["Dispose", "DisposeAsync", "ToString", "Equals", "GetHashCode", "WithHost"];

fn invoked(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let Some(receiver) = site.call.receiver() else {
            continue;
        };
        if site.call.new || PLAIN.contains(&site.call.name()) {
            continue;
        }
        let origin = code.origin(receiver, site.function);
        let Some(service) = stub_of(&origin).filter(|_| !origin.ends_with(')')) else {
            continue;
        };
        let method = site.call.name().strip_suffix("Async").unwrap_or(site.call.name());
        let target = address(code, receiver, site, &origin);
        state(&service, method, target, code.within(site.function), site.span(), sink);
    }
}

/// The address that the stub was made for, here or where it is registered.
fn address(code: &Code<'_>, stub: &Expr, site: &Site<'_>, origin: &str) -> Value {
    let (made, at) = code.resolved(stub, site.function);
    match &made.kind {
        ExprKind::Call(call) if call.new => call.arg(0).map(|a| channel(code, a, at)).unwrap_or_default(),
        _ => match property(code, made, at, &["Address"]) {
            Some((value, _)) => value,
            None => base_of(last(origin)),
        },
    }
}

/// OpenFeature's provider for flagd: an address, or else what `FLAGD_HOST` and `FLAGD_PORT` say (documented defaults).
fn flags(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["FlagdProvider", "AddFlagdProvider", "FlagdConfigBuilder"]) {
        if !site.call.new && site.call.name() != "AddFlagdProvider" {
            continue;
        }
        let given =
            site.call.arg(0).filter(|a| !matches!(a.kind, ExprKind::Lambda(_))).map(|a| code.value(a, site.function));
        let stated = given.filter(|v| !unknown(v) && v.to_string().contains("://"));
        let built = |name: &str| {
            let call = code.calls_named(&[name]).into_iter().next()?;
            Some(code.value(call.call.arg(0)?, call.function))
        };
        let target = stated.unwrap_or_else(|| {
            let host = built("WithHost").unwrap_or_else(|| Value::env("FLAGD_HOST", Some("localhost".into())));
            let port = built("WithPort").unwrap_or_else(|| Value::env("FLAGD_PORT", Some("8013".into())));
            host.then(":".into()).then(port)
        });
        let call = Call::to(Protocol::Grpc, "flagd".into(), target, code.within(site.function));
        sink.inferred(Claim::Call(call), site.span());
    }
}
