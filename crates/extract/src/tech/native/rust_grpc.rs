//! gRPC in Rust with tonic, and the flagd provider of OpenFeature. See `rust_grpc.md`.

use super::address;
use crate::code::ir::ExprKind;
use crate::code::rust::{dotted, stub, stub_type};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Endpoint, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "rust-grpc",
    version: 2,
    page: include_str!("rust_grpc.md"),
    reads: Reads::Code { langs: &[Lang::Rust], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let callee = dotted(&code.callee(site.call, site.function));
        calls(code, site, &callee, sink);
        servers(site, &callee, code, sink);
        flags(code, site, &callee, sink);
    }
    implementations(code, sink);
}

fn state(code: &Code<'_>, site: &Site<'_>, operation: SmolStr, target: Value, sink: &mut Sink) {
    let call = Call {
        operation: Some(operation),
        ..Call::to(Protocol::Grpc, "tonic".into(), target, code.within(site.function))
    };
    sink.stated(Claim::Call(call), site.span());
}

/// `GreeterClient::connect(addr)` and methods on what is made so or declared so.
fn calls(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let stub = |dotted: &str| stub(dotted).or_else(|| stub(&generated(code, dotted)?));
    let stub_type = |ty: &str| stub_type(ty).or_else(|| stub_type(&generated(code, ty)?));
    if let Some(service) = stub(callee) {
        let target = site.call.arg(0).map(|e| address(code, e, site.function)).unwrap_or_default();
        state(code, site, format_smolstr!("{service}/<stub>"), target, sink);
        return;
    }
    let Some((on, method)) = callee.rsplit_once('.') else {
        return;
    };
    let made = on.strip_suffix("()").unwrap_or(on);
    let Some(service) = stub(made).or_else(|| stub_type(made)) else {
        return;
    };
    let plumbing = matches!(
        method,
        "clone" | "max_decoding_message_size" | "max_encoding_message_size" | "accept_compressed" | "send_compressed"
    );
    if plumbing || site.call.args.len() != 1 {
        return;
    }
    let target = site.call.receiver().map(|r| address(code, r, site.function)).unwrap_or_default();
    state(code, site, format_smolstr!("{service}/{}", pascal(method)), target, sink);
}

/// A stub that another module of the crate passes on (`use super::GreeterClient`), as the generated path that it stands
/// for; only in files that use tonic, or where the name says that it is a service's.
fn generated(code: &Code<'_>, dotted: &str) -> Option<String> {
    let at = dotted.find("Client").filter(|at| code.imports("tonic") || dotted[..*at].ends_with("Service"))?;
    let (module, service) = dotted[..at].rsplit_once('.')?;
    let crate_own = matches!(module.split('.').next(), Some("super" | "crate" | "self"));
    let path = || format!("{module}.{}_client.{service}{}", service.to_lowercase(), &dotted[at..]);
    (crate_own && !service.is_empty() && !module.ends_with("_client")).then(path)
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

/// `GreeterServer::new(service)`.
fn servers(site: &Site<'_>, callee: &str, code: &Code<'_>, sink: &mut Sink) {
    let parts: Vec<&str> = callee.rsplit('.').collect();
    let [made, ty, module, ..] = parts.as_slice() else {
        return;
    };
    let Some(service) = ty.strip_suffix("Server").filter(|s| !s.is_empty()) else {
        return;
    };
    if module.ends_with("_server") && matches!(*made, "new" | "with_interceptor" | "from_arc") {
        let handler = site.call.arg(0).map(|e| code.origin(e, site.function)).unwrap_or_default();
        let handler =
            dotted(&handler).rsplit('.').find(|p| p.starts_with(|c: char| c.is_ascii_uppercase())).map(SmolStr::from);
        endpoint(format_smolstr!("{service}/*"), handler.unwrap_or_default(), site.span(), sink);
    }
}

/// `impl Greeter for MyGreeter`, where the trait comes from a `…_server` module.
fn implementations(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        for implemented in &ty.supers {
            let full = dotted(&code.canonical_type(implemented));
            let Some((module, service)) = full.rsplit_once('.') else {
                continue;
            };
            if !module.ends_with("_server") {
                continue;
            }
            for f in code.unit.functions.iter().filter(|f| f.owner == ty.name && f.parent.is_none()) {
                // Requests come wrapped; helpers do not.
                if f.params.iter().any(|p| p.ty.contains("Request<") || p.ty.contains("Streaming<")) {
                    endpoint(format_smolstr!("{service}/{}", pascal(&f.name)), f.symbol(), f.span, sink);
                }
            }
        }
    }
}

/// `say_hello` as the contract writes it: `SayHello`.
fn pascal(name: &str) -> String {
    name.split('_')
        .map(|part| {
            let mut chars = part.chars();
            chars.next().map(|c| c.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
        })
        .collect()
}

/// The OpenFeature provider for flagd: options, or else `FLAGD_HOST` and `FLAGD_PORT` (default localhost:8013).
fn flags(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    if !callee.ends_with("FlagdProvider.new") {
        return;
    }
    let option = |name: &str| {
        let options = site.call.arg(0)?.as_call()?.arg(0)?;
        let ExprKind::Object(_) = options.kind else { return None };
        options.key(name).map(|e| code.value(e, site.function))
    };
    let host = option("host").unwrap_or_else(|| Value::env("FLAGD_HOST", Some("localhost".into())));
    let port = option("port").unwrap_or_else(|| Value::env("FLAGD_PORT", Some("8013".into())));
    let call = Call::to(Protocol::Grpc, "flagd".into(), host.then(":".into()).then(port), code.within(site.function));
    sink.inferred(Claim::Call(call), site.span());
}
