//! gRPC, connect and Twirp in Go: servers, stubs, and the methods called on them. See `grpc.md`.

use super::{handler, split, takes_context};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site, generated, stub_of};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Endpoint, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "go-grpc",
    version: 4,
    page: include_str!("grpc.md"),
    reads: Reads::Code { langs: &[Lang::Go], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if super::test_file(code) {
        return;
    }
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        server(code, site, &callee, sink);
        stub(code, site, &callee, sink);
        method(code, site, &callee, sink);
        flags(code, site, &callee, sink);
    }
    implementations(code, sink);
}

fn endpoint(path: SmolStr, handler: SmolStr, at: Span, sink: &mut Sink) {
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

/// `pb.RegisterXServer(s, impl)`, `pb.RegisterXHandler(server, impl)` (go-micro), `xconnect.NewXHandler(impl)`,
/// `pb.NewXServer(impl)` (Twirp).
fn server(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let Some((module, name)) = callee.split_once('#') else {
        return;
    };
    let args = site.call.args.len();
    let registered = name.strip_prefix("Register").and_then(|n| match args {
        2 => n.strip_suffix("Server").or_else(|| n.strip_suffix("Handler")).or_else(|| n.strip_suffix("HandlerServer")),
        3 => n.strip_suffix("Handler").filter(|_| micro(code)),
        _ => None,
    });
    let made = name.strip_prefix("New").and_then(|n| {
        let connect = module.ends_with("connect").then(|| n.strip_suffix("Handler")).flatten();
        connect.or_else(|| n.strip_suffix("Server").filter(|_| args == 1 && code.imports("github.com/twitchtv/twirp")))
    });
    let Some(service) = registered.or(made).filter(|s| !s.is_empty() && !s.contains('.')) else {
        return;
    };
    // Health checks and reflection are served by all and say nothing about whom.
    if !generated(code, module) || module.starts_with("google.golang.org/grpc/") {
        return;
    }
    let position = if registered.is_some() { 1 } else { 0 };
    let by = site.call.arg(position).map(|e| handler(code, e, site.function, 2)).unwrap_or_default();
    endpoint(format_smolstr!("{service}/*"), by, site.span(), sink);
}

/// Methods of a type that embeds `UnimplementedXServer`.
fn implementations(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        let service = ty.supers.iter().find_map(|s| {
            let simple = s.rsplit('.').next().unwrap_or(s);
            let simple = simple.strip_prefix("Unimplemented").or_else(|| simple.strip_prefix("Unsafe"))?;
            simple.strip_suffix("Server").or_else(|| simple.strip_suffix("Handler"))
        });
        let Some(service) = service else { continue };
        for f in code.unit.functions.iter().filter(|f| f.owner == ty.name && f.parent.is_none()) {
            let exported = f.name.starts_with(|c: char| c.is_ascii_uppercase());
            let shaped = f.params.first().is_some_and(|p| p.ty == "context.Context" || p.ty.contains("Server"))
                && matches!(f.params.len(), 1 | 2);
            let plumbing = matches!(f.name.as_str(), "Check" | "Watch" | "Close" | "Shutdown");
            if exported && shaped && !plumbing && (f.params.len() == 2 || f.params[0].ty.contains("Server")) {
                endpoint(format_smolstr!("{service}/{}", f.name), f.symbol(), f.span, sink);
            }
        }
    }
}

fn call(code: &Code<'_>, site: &Site<'_>, client: &str, operation: SmolStr, target: Value, sink: &mut Sink) {
    let call = Call {
        operation: Some(operation),
        ..Call::to(Protocol::Grpc, client.into(), target, code.within(site.function))
    };
    sink.stated(Claim::Call(call), site.span());
}

/// `pb.NewXClient(conn)`, `xconnect.NewXClient(http, url)`, `pb.NewXProtobufClient(url, http)`, `pb.NewXService(name, client)`.
fn stub(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let value = |index: usize| site.call.arg(index).map(|e| address(code, e, site.function)).unwrap_or_default();
    // The gateway forwards every method that the contract maps: nobody has to call one by name.
    if let Some(found) = callee.split_once('#').filter(|(m, _)| generated(code, m)).and_then(|(_, name)| {
        let name = name.strip_prefix("Register").filter(|n| !n.contains('.'))?;
        let given = name.strip_suffix("HandlerFromEndpoint").or_else(|| name.strip_suffix("HandlerClient"));
        given.or_else(|| name.strip_suffix("Handler").filter(|_| site.call.args.len() == 3 && !micro(code)))
    }) {
        call(code, site, "grpc-gateway", format_smolstr!("{found}/*"), value(2), sink);
        return;
    }
    // Generated beside the program, so that no package stands before the name.
    let beside = |start: &str, end: &str| {
        let plain = !callee.contains(['#', '.']);
        callee.strip_prefix(start)?.strip_suffix(end).filter(|s| plain && !s.is_empty()).map(SmolStr::from)
    };
    if let Some(found) = beside("Register", "HandlerFromEndpoint") {
        call(code, site, "grpc-gateway", format_smolstr!("{found}/*"), value(2), sink);
        return;
    }
    if let Some(service) = beside("New", "Client").filter(|_| dialled(code, site)) {
        call(code, site, "grpc", format_smolstr!("{service}/<stub>"), value(0), sink);
        return;
    }
    if micro(code) {
        let service = callee.split_once('#').and_then(|(_, n)| n.strip_prefix("New")?.strip_suffix("Service"));
        if let Some(service) = service.filter(|s| !s.is_empty() && !s.contains('.'))
            && site.call.args.len() == 2
        {
            call(code, site, "go-micro", format_smolstr!("{service}/<stub>"), value(0), sink);
            return;
        }
    }
    let Some(service) = stub_of(code, callee) else {
        return;
    };
    let Some((module, _)) = split(callee) else {
        return;
    };
    let args = site.call.args.len();
    let twirp = service.strip_suffix("Protobuf").or_else(|| service.strip_suffix("JSON"));
    if let Some(service) = twirp.filter(|_| code.imports("github.com/twitchtv/twirp") || args >= 2) {
        call(code, site, "twirp", format_smolstr!("{service}/<stub>"), value(0), sink);
    } else if module.ends_with("connect") && args >= 2 {
        call(code, site, "connect", format_smolstr!("{service}/<stub>"), value(1), sink);
    } else if args == 1 && site.call.receiver().is_some() {
        call(code, site, "grpc", format_smolstr!("{service}/<stub>"), value(0), sink);
    }
}

/// Whether the only argument is a connection that this file dials.
fn dialled(code: &Code<'_>, site: &Site<'_>) -> bool {
    let [arg] = site.call.args.as_slice() else { return false };
    let origin = code.origin(&arg.value, site.function);
    ["Dial", "DialContext", "NewClient"]
        .iter()
        .any(|f| origin.strip_prefix("google.golang.org/grpc#").is_some_and(|o| o.trim_end_matches("()") == *f))
}

/// Whether go-micro's generated code is in use, whose handlers take options.
fn micro(code: &Code<'_>) -> bool {
    code.imports("go-micro") || code.imports("github.com/micro/") || code.imports("go-micro.dev")
}

/// What a stub or connection was dialled with; an opaque connection is no address.
fn address(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    let value = code.value(expr, function);
    match value.as_hole() {
        Some(seam_facts::Hole::Opaque(_)) => Value::default(),
        _ => value,
    }
}

/// A method called on what is declared as, or made as, a stub.
fn method(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let (Some(receiver), name) = (site.call.receiver(), site.call.name()) else {
        return;
    };
    if !name.starts_with(|c: char| c.is_ascii_uppercase()) || !takes_context(site.call) {
        return;
    }
    let Some(made) = callee.strip_suffix(name).and_then(|c| c.strip_suffix('.')) else {
        return;
    };
    let service = match made.strip_suffix("()") {
        Some(constructor) => stub_of(code, constructor),
        None => made.split_once('#').and_then(|(module, ty)| {
            let service = ty.strip_suffix("Client").filter(|s| !s.is_empty() && !s.contains(['.', '(']))?;
            generated(code, module).then(|| service.into())
        }),
    };
    let Some(service) = service else { return };
    // Kitex generates below one folder; a variable of another package that is called like a client is none of gRPC's.
    if code.unit.imports.iter().any(|i| i.path.contains("kitex_gen/")) {
        return;
    }
    let connect = made.split_once('#').is_some_and(|(m, _)| m.ends_with("connect"));
    let target = if connect { Value::default() } else { address(code, receiver, site.function) };
    let client = if connect { "connect" } else { "grpc" };
    call(code, site, client, format_smolstr!("{service}/{name}"), target, sink);
}

/// The OpenFeature provider for flagd reads its address from the environment unless options state it
/// (open-feature/go-sdk-contrib, providers/flagd: `FLAGD_HOST`, `FLAGD_PORT`, default localhost:8013).
fn flags(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    if !callee.contains("providers/flagd/") || !callee.ends_with("#NewProvider") {
        return;
    }
    let option = |name: &str| {
        site.call.args.iter().find_map(|a| match &a.value.kind {
            ExprKind::Call(c) if c.name() == name => c.arg(0).map(|e| code.value(e, site.function)),
            _ => None,
        })
    };
    let host = option("WithHost").unwrap_or_else(|| Value::env("FLAGD_HOST", Some("localhost".into())));
    let port = option("WithPort").unwrap_or_else(|| Value::env("FLAGD_PORT", Some("8013".into())));
    let call = Call::to(Protocol::Grpc, "flagd".into(), host.then(":".into()).then(port), code.within(site.function));
    sink.inferred(Claim::Call(call), site.span());
}
