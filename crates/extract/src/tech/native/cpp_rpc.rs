//! gRPC, Thrift and HTTP in C++. See `cpp_rpc.md`.

use super::{address, unknown};
use crate::code::cpp::{named_in, type_text};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::tech::paths::{Notation, template};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Endpoint, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "cpp-rpc",
    version: 1,
    page: include_str!("cpp_rpc.md"),
    reads: Reads::Code { langs: &[Lang::Cpp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    services(code, sink);
    for site in code.calls() {
        if site.call.new {
            thrift_made(code, site, sink);
            served(code, site, sink);
        } else {
            let callee = code.callee(site.call, site.function);
            stubs(code, site, &callee, sink);
            methods(code, site, sink);
            requests(code, site, &callee, sink);
            routes(code, site, &callee, sink);
        }
    }
}

fn endpoint(protocol: Protocol, method: Option<SmolStr>, path: Value, handler: SmolStr, at: Span, sink: &mut Sink) {
    let endpoint = Endpoint { protocol, method, path, handler, router: None, request: None, response: None };
    sink.stated(Claim::Endpoint(endpoint), at);
}

/// `class Impl final : public pb::Cart::Service`.
fn services(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        for base in &ty.supers {
            let mut parts = base.rsplit("::");
            let (Some(last), Some(service)) = (parts.next(), parts.next()) else {
                continue;
            };
            if !matches!(last, "Service" | "AsyncService" | "CallbackService") || service == "Health" {
                continue;
            }
            endpoint(Protocol::Grpc, None, Value::text(format_smolstr!("{service}/*")), ty.name.clone(), ty.span, sink);
            for f in code.unit.functions.iter().filter(|f| f.owner == ty.name && f.parent.is_none()) {
                if f.params.first().is_some_and(|p| p.ty.contains("ServerContext")) {
                    let path = Value::text(format_smolstr!("{service}/{}", f.name));
                    endpoint(Protocol::Grpc, None, path, f.symbol(), f.span, sink);
                }
            }
        }
    }
}

/// `std::make_shared<CartServiceProcessor>(handler)` serves the Thrift service `CartService`.
fn served(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let Some(service) = site.call.name().strip_suffix("Processor").filter(|s| !s.is_empty()) else {
        return;
    };
    if !thrift(code) || service.starts_with('T') && service.len() < 4 || service == "TMultiplexed" {
        return;
    }
    let handler = site.call.arg(0).and_then(Expr::as_call).map(|c| SmolStr::from(c.name())).unwrap_or_default();
    endpoint(Protocol::Thrift, None, Value::text(format_smolstr!("{service}/*")), handler, site.span(), sink);
}

/// Whether a file speaks Thrift: its includes, or names of Thrift's own types.
fn thrift(code: &Code<'_>) -> bool {
    code.unit.imports.iter().any(|i| i.path.to_ascii_lowercase().contains("thrift"))
}

/// The Thrift service whose client a type holds: `ClientPool<ThriftClient<CartServiceClient>>`.
fn thrift_service(code: &Code<'_>, ty: &str) -> Option<SmolStr> {
    let service = named_in(ty, "Client")?;
    let own = matches!(service.as_str(), "T" | "TThrift" | "Thrift" | "Http" | "Redis" | "Generic" | "Mongo");
    (!own && (ty.contains("Thrift") || thrift(code) && service.ends_with("Service"))).then_some(service)
}

/// A Thrift client, or a pool of them, is made with host and port.
fn thrift_made(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let Some(service) = site.call.type_args.first().and_then(|ty| thrift_service(code, ty)) else {
        return;
    };
    let named = |words: &[&str]| {
        site.call.args.iter().map(|a| &a.value).find(|e| {
            let path = e.path().unwrap_or_default().to_ascii_lowercase();
            words.iter().any(|w| path.contains(w))
        })
    };
    let mut target = named(&["addr", "host", "url"]).map(|e| address(code, e, site.function)).unwrap_or_default();
    let port = named(&["port"]).map(|e| address(code, e, site.function)).filter(|v| !v.is_empty());
    if target.is_empty() {
        target = socket(code, site.function);
    } else if let Some(port) = port {
        target = target.then(":".into()).then(port);
    }
    state(code, site, Protocol::Thrift, "thrift", None, Some(format_smolstr!("{service}/<stub>")), target, sink);
}

/// The socket that is opened around a client: `TSocket("cart", 9090)`.
fn socket(code: &Code<'_>, function: usize) -> Value {
    let made = code.calls_named(&["TSocket", "TSSLSocket"]).into_iter().find(|s| s.function == function);
    let Some(made) = made else { return Value::default() };
    match (made.call.arg(0), made.call.arg(1)) {
        (Some(host), Some(port)) => address(code, host, function).then(":".into()).then(code.value(port, function)),
        _ => Value::default(),
    }
}

#[expect(clippy::too_many_arguments, reason = "a call has this many sides, and each caller knows all of them")]
fn state(
    code: &Code<'_>,
    site: &Site<'_>,
    protocol: Protocol,
    client: &str,
    method: Option<SmolStr>,
    operation: Option<SmolStr>,
    target: Value,
    sink: &mut Sink,
) {
    let call = Call { method, operation, ..Call::to(protocol, client.into(), target, code.within(site.function)) };
    sink.stated(Claim::Call(call), site.span());
}

/// `pb::Cart::NewStub(channel)`.
fn stubs(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let Some(service) = callee.strip_suffix(".NewStub").and_then(|c| c.rsplit('.').next()) else {
        return;
    };
    let target = site.call.arg(0).map(|e| address(code, e, site.function)).unwrap_or_default();
    state(code, site, Protocol::Grpc, "grpc", None, Some(format_smolstr!("{service}/<stub>")), target, sink);
}

/// The type text behind a receiver, through pools and wrappers: `pool->Pop()->GetClient()`.
fn behind(code: &Code<'_>, expr: &Expr, function: usize, depth: usize) -> SmolStr {
    if depth == 0 {
        return SmolStr::default();
    }
    match &expr.kind {
        ExprKind::Name(name) => {
            let ty = type_text(code, expr, function);
            if !ty.is_empty() && ty != "auto" && !ty.starts_with("auto") {
                return ty;
            }
            code.assigned(name, function)
                .into_iter()
                .map(|(value, f)| behind(code, value, f, depth - 1))
                .find(|ty| !ty.is_empty())
                .unwrap_or_default()
        }
        ExprKind::Member(base, _) => {
            let ty = type_text(code, expr, function);
            if ty.is_empty() { behind(code, base, function, depth - 1) } else { ty }
        }
        ExprKind::Call(call) if call.new => call.type_args.first().cloned().unwrap_or_default(),
        ExprKind::Call(call) => match call.receiver() {
            Some(receiver) => behind(code, receiver, function, depth - 1),
            None => SmolStr::default(),
        },
        _ => SmolStr::default(),
    }
}

/// Methods of Thrift clients and gRPC stubs.
fn methods(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let (Some(receiver), name) = (site.call.receiver(), site.call.name()) else {
        return;
    };
    const POOL: &[&str] =
        &["Pop", "Push", "Keepalive", "Remove", "GetClient", "Connect", "Disconnect", "IsConnected", "NewStub"];
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || POOL.contains(&name) || site.call.args.is_empty() {
        return;
    }
    let ty = behind(code, receiver, site.function, 8);
    if ty.contains("::Stub") || ty.contains("StubInterface") {
        let service = ty.split("::Stub").next().and_then(|t| t.rsplit(['<', ':', ' ']).next()).unwrap_or("");
        let context = site.call.arg(0).and_then(Expr::path).unwrap_or_default().to_ascii_lowercase();
        if !service.is_empty() && (context.contains("context") || context.contains("ctx")) {
            let target = address(code, receiver, site.function);
            let target = if matches!(target.as_hole(), Some(seam_facts::Hole::Result { .. })) {
                Value::default()
            } else {
                target
            };
            let name = name.strip_prefix("Async").unwrap_or(name);
            state(code, site, Protocol::Grpc, "grpc", None, Some(format_smolstr!("{service}/{name}")), target, sink);
        }
        return;
    }
    let upper = name.starts_with(|c: char| c.is_ascii_uppercase());
    if let Some(service) = thrift_service(code, &ty).filter(|_| upper || ty.contains("ServiceClient")) {
        let operation = format_smolstr!("{service}/{name}");
        state(code, site, Protocol::Thrift, "thrift", None, Some(operation), Value::default(), sink);
    }
}

/// libcurl, cpr, cpp-httplib and cpprestsdk.
fn requests(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let value = |i: usize| site.call.arg(i).map(|e| code.value(e, site.function)).unwrap_or_default();
    let name = site.call.name();
    if name == "curl_easy_setopt" {
        let option = site.call.arg(1).and_then(Expr::path).unwrap_or_default();
        if option == "CURLOPT_URL" {
            state(code, site, Protocol::Http, "libcurl", None, None, value(2), sink);
        }
        return;
    }
    let verb = matches!(name, "Get" | "Post" | "Put" | "Delete" | "Patch" | "Head")
        .then(|| SmolStr::from(name.to_ascii_uppercase()));
    if let Some(verb) = verb {
        if callee.starts_with("cpr.") {
            state(code, site, Protocol::Http, "cpr", Some(verb), None, value(0), sink);
            return;
        }
        let Some(receiver) = site.call.receiver() else {
            return;
        };
        let client = behind(code, receiver, site.function, 6);
        let lambda = site.call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Lambda(_)));
        if client.contains("httplib") && client.contains("Client") && !lambda {
            let base = made_with(code, receiver, site.function);
            state(code, site, Protocol::Http, "httplib", Some(verb), None, base.then(value(0)), sink);
        }
    }
    if callee.ends_with("http_client.<init>") {
        state(code, site, Protocol::Http, "cpprestsdk", None, None, value(0), sink);
    }
}

/// The address that a client variable was made with: `httplib::Client cli("host", 80)`, `cli("http://host")`.
fn made_with(code: &Code<'_>, receiver: &Expr, function: usize) -> Value {
    let ExprKind::Name(name) = &receiver.kind else {
        return Value::default();
    };
    for (value, f) in code.assigned(name, function) {
        let Some(call) = value.as_call().filter(|c| c.new) else { continue };
        let Some(host) = call.arg(0).map(|e| address(code, e, f)) else { continue };
        let host = if host.to_string().contains("://") { host } else { Value::text("http://").then(host) };
        return match call.arg(1) {
            Some(port) => host.then(":".into()).then(code.value(port, f)),
            None => host,
        };
    }
    Value::default()
}

/// cpp-httplib servers, Crow, Drogon, Pistache, oatpp.
fn routes(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let name = site.call.name();
    let text =
        |i: usize| site.call.arg(i).map(|e| code.value(e, site.function)).filter(|v| v.to_string().starts_with('/'));
    let within = code.within(site.function);
    let mut say = |method: Option<SmolStr>, path: Value| {
        endpoint(Protocol::Http, method, template(path, Notation::Angles), within.clone(), site.span(), sink);
    };
    match name {
        "CROW_ROUTE" | "CROW_BP_ROUTE" => {
            if let Some(path) = text(1) {
                say(None, path);
            }
        }
        "registerHandler" if callee.contains("app") => {
            if let Some(path) = text(0) {
                say(None, path);
            }
        }
        "ADD_METHOD_TO" | "METHOD_ADD" => {
            if let Some(path) = text(1) {
                let method = site.call.arg(2).and_then(Expr::path).map(|m| SmolStr::from(m.to_ascii_uppercase()));
                say(method, path);
            }
        }
        "ENDPOINT" => {
            if let Some(path) = text(1) {
                let method = site.call.arg(0).map(|e| code.value(e, site.function)).and_then(|v| v.as_text());
                say(method, path);
            }
        }
        "Get" | "Post" | "Put" | "Delete" | "Patch" => {
            let lambda =
                site.call.args.last().is_some_and(|a| matches!(a.value.kind, ExprKind::Lambda(_) | ExprKind::Name(_)));
            let server = site.call.receiver().is_some_and(|r| behind(code, r, site.function, 6).contains("Server"));
            if let Some(path) = text(0).filter(|_| server && lambda && site.call.args.len() == 2) {
                say(Some(name.to_ascii_uppercase().into()), path);
            } else if callee.contains("Routes.")
                && let Some(path) = text(1).filter(|p| !unknown(p))
            {
                say(Some(name.to_ascii_uppercase().into()), path);
            }
        }
        _ => {}
    }
}
