//! gRPC in scripts: grpc-js with loaded or generated definitions, ts-proto, nice-grpc, Connect. See `grpc.md`.

use super::options;
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Endpoint, Hole, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "node-grpc",
    version: 2,
    page: include_str!("grpc.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if code.calls().is_empty() {
        return;
    }
    servers(code, sink);
    let stubs = stubs(code, sink);
    methods(code, &stubs, sink);
}

/// `getCart` as the contract writes it: `GetCart`.
pub(super) fn pascal(name: &str) -> SmolStr {
    let mut chars = name.chars();
    match chars.next() {
        Some(first) => format_smolstr!("{}{}", first.to_ascii_uppercase(), chars.as_str()),
        None => SmolStr::default(),
    }
}

/// The contract's service behind a name of generated code: `CartServiceClient`, `CartServiceService`,
/// `CartServiceDefinition` and `ICartService` are `CartService`.
pub(super) fn service_name(name: &str) -> SmolStr {
    let name = name.rsplit(['.', '#']).next().unwrap_or(name);
    ["PromiseClient", "ServiceClientImpl", "ClientImpl", "Client", "Definition", "Service"]
        .iter()
        .find_map(|suffix| {
            let base = name.strip_suffix(suffix)?;
            match *suffix {
                "ServiceClientImpl" => Some(format_smolstr!("{base}Service")),
                // `Greeter` is generated as `GreeterService`; a bare `CartService` is the contract's own name.
                "Service" => base.ends_with("Service").then(|| base.into()),
                _ => (!base.is_empty()).then(|| base.into()),
            }
        })
        .unwrap_or_else(|| name.into())
}

/// Services that every server may offer about itself.
fn about_itself(service: &str) -> bool {
    matches!(service, "Health" | "health" | "ServerReflection" | "")
}

/// `server.addService(definition, implementation)`, `server.add(definition, implementation)` of nice-grpc and
/// `router.service(definition, implementation)` of Connect.
fn servers(code: &Code<'_>, sink: &mut Sink) {
    let connect = code.imports("@connectrpc/") || code.imports("@bufbuild/connect");
    for site in code.calls_named(&["addService", "addProtoService", "add", "service"]) {
        let (Some(definition), Some(implementation)) = (site.call.arg(0), site.call.arg(1)) else {
            continue;
        };
        match site.call.name() {
            "add" if !code.imports("nice-grpc") => continue,
            "service" if !connect => continue,
            _ => {}
        }
        let (definition, _) = code.resolved(definition, site.function);
        let service = match &definition.kind {
            ExprKind::Member(base, member) if member == "service" => base.path().map(|p| simple(&p)),
            ExprKind::Index(base, key) if key.as_str().is_some_and(|k| k == "service") => {
                base.path().map(|p| simple(&p))
            }
            ExprKind::Name(_) | ExprKind::Member(..) => {
                let origin = code.origin(definition, site.function);
                let name = simple(&origin);
                Some(match name.strip_suffix("Service") {
                    // Generated code calls the definition of `Greeter` `GreeterService`.
                    Some(base) if site.call.name() == "addService" && !base.is_empty() => base.into(),
                    _ => service_name(&name),
                })
            }
            _ => None,
        };
        let Some(service) = service.filter(|s| !about_itself(s)) else {
            continue;
        };
        let (object, at) = code.resolved(implementation, site.function);
        let methods: Vec<(SmolStr, SmolStr)> = match &object.kind {
            ExprKind::Object(entries) => entries
                .iter()
                .filter(|(k, _)| k != "...")
                .map(|(k, handler)| (pascal(k), super::http_server::handler_symbol(code, handler, at)))
                .collect(),
            _ => Vec::new(),
        };
        let mut state = |method: &str, handler: SmolStr| {
            let endpoint = Endpoint {
                protocol: Protocol::Grpc,
                method: None,
                path: Value::text(format_smolstr!("{service}/{method}")),
                handler,
                router: None,
                request: None,
                response: None,
            };
            sink.stated(Claim::Endpoint(endpoint), site.span());
        };
        if methods.is_empty() {
            state("*", SmolStr::default());
        }
        for (method, handler) in methods {
            state(&method, handler);
        }
    }
}

fn simple(path: &str) -> SmolStr {
    path.rsplit(['.', '#']).next().unwrap_or(path).into()
}

struct Stub {
    /// The canonical name of what was called to make it.
    made: SmolStr,
    service: SmolStr,
    target: Value,
    span: Span,
    within: SmolStr,
}

/// Whether an argument gives credentials, the mark of a gRPC client's constructor.
fn credentials(code: &Code<'_>, arg: &Expr, function: usize) -> bool {
    let (resolved, at) = code.resolved(arg, function);
    let origin = code.origin(resolved, at);
    let text = origin.to_ascii_lowercase();
    text.contains("grpc") && text.contains("credentials") || text.contains("credentials.create")
}

fn stubs(code: &Code<'_>, sink: &mut Sink) -> Vec<Stub> {
    let grpc = code.imports("@grpc/") || code.imports("grpc");
    let mut out: Vec<Stub> = Vec::new();
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        let at = site.function;
        let (service, target) = if site.call.new {
            let secure = site.call.args.iter().skip(1).any(|a| credentials(code, &a.value, at));
            let generated = grpc && callee.ends_with("Client") && callee.contains('#') && !callee.starts_with("@grpc/");
            let web = callee.ends_with("Client") && callee.contains("_grpc_web_pb");
            if !(secure || web || generated && site.call.args.len() >= 2) {
                continue;
            }
            (service_name(&callee), site.call.arg(0).map(|a| code.value(a, at)).unwrap_or_default())
        } else if matches!(
            callee.as_str(),
            "nice-grpc#createClient"
                | "nice-grpc-web#createClient"
                | "@connectrpc/connect#createClient"
                | "@connectrpc/connect#createPromiseClient"
                | "@connectrpc/connect#createCallbackClient"
                | "@bufbuild/connect#createPromiseClient"
                | "@bufbuild/connect#createCallbackClient"
        ) {
            let (Some(definition), Some(channel)) = (site.call.arg(0), site.call.arg(1)) else {
                continue;
            };
            let (made, made_at) = code.resolved(channel, at);
            let target = match made.as_call().and_then(|c| c.arg(0)) {
                Some(arg) => {
                    options::value(code, arg, made_at, &["baseUrl"]).unwrap_or_else(|| code.value(arg, made_at))
                }
                None => Value::default(),
            };
            (service_name(&simple(&code.origin(definition, at))), target)
        } else if let Some(found) = by_name(code, site.call, &callee, at) {
            found
        } else {
            continue;
        };
        if about_itself(&service) {
            continue;
        }
        let within = code.within(at);
        out.push(Stub { made: callee, service, target, span: site.span(), within });
    }
    for stub in &out {
        sink.stated(Claim::Call(call(stub, "<stub>", stub.within.clone())), stub.span);
    }
    out
}

/// A function of this workspace that makes a client of the service that it is told by name: `createClient(PROTO, "shop",
/// "CartService", process.env.CART_ADDR)`, or the same as options. Linking keeps only what some contract is called.
fn by_name(code: &Code<'_>, call: &crate::code::ir::Call, callee: &str, function: usize) -> Option<(SmolStr, Value)> {
    let name = call.name().to_ascii_lowercase();
    let makes = ["grpc", "client", "stub"].iter().any(|w| name.contains(w)) && !name.starts_with("get");
    let local = callee.starts_with(['.', '~']) || callee.starts_with("@/") || callee.starts_with("src/");
    let own = || code.unit.functions.iter().any(|f| f.symbol() == callee);
    if !makes || !(local || own()) {
        return None;
    }
    let service = |text: &str| {
        let pascal = text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().any(|c| c.is_ascii_lowercase());
        pascal && text.len() > 3 && text.chars().all(|c| c.is_ascii_alphanumeric())
    };
    if let [only] = call.args.as_slice()
        && options::is_object(code, &only.value, function)
    {
        let key = |names: &[&str]| options::value(code, &only.value, function, names);
        let named = key(&["serviceName", "service", "name"])?.as_text().filter(|t| service(t))?;
        let target = key(&["url", "address", "addr", "host", "target", "endpoint", "serverAddress"])?;
        return Some((named, target));
    }
    let values: Vec<Value> = call.args.iter().take(6).map(|a| code.value(&a.value, function)).collect();
    let named = values.iter().filter_map(Value::as_text).find(|t| service(t))?;
    let addressed = |v: &&Value| {
        let text = v.as_text().unwrap_or_default();
        let port = text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        port || v.holes().iter().any(|h| matches!(h, Hole::Env { .. } | Hole::Config { .. } | Hole::Ref(_)))
    };
    let target = values.iter().rev().find(addressed)?;
    Some((named, target.clone()))
}

fn call(stub: &Stub, method: &str, within: SmolStr) -> Call {
    Call {
        operation: Some(format_smolstr!("{}/{method}", stub.service)),
        ..Call::to(Protocol::Grpc, "grpc".into(), stub.target.clone(), within)
    }
}

/// Methods of a stub that are not the contract's.
const PLUMBING: &[&str] = &["close", "waitForReady", "getChannel", "bind", "makeUnaryRequest", "then", "on", "$"];

fn methods(code: &Code<'_>, stubs: &[Stub], sink: &mut Sink) {
    let grpc = code.imports("@grpc/") || code.imports("grpc") || code.imports("nice-grpc");
    for site in code.calls() {
        if let ExprKind::Index(object, key) = &site.call.callee.kind {
            named_by_callers(code, stubs, site, (object, key), grpc, sink);
            continue;
        }
        if site.call.new || site.call.name().is_empty() || PLUMBING.contains(&site.call.name()) {
            continue;
        }
        let callee = code.callee(site.call, site.function);
        let Some((object, method)) = callee.rsplit_once('.') else {
            continue;
        };
        let made = object.trim_end_matches("()");
        // A function of this file that makes the client when it is wanted first.
        let lazily = |s: &&Stub| !s.within.is_empty() && object.ends_with("()") && s.within == made;
        if let Some(stub) = stubs.iter().find(lazily) {
            sink.stated(Claim::Call(call(stub, &pascal(method), code.within(site.function))), site.span());
        } else if let Some(stub) = stubs.iter().find(|s| s.made == made && !made.is_empty()) {
            // Several stubs made by one function (`createClient`) are told apart by what the receiver was given.
            let same: Vec<&Stub> = stubs.iter().filter(|s| s.made == made).collect();
            let receiver = site.call.receiver().map(|r| code.resolved(r, site.function).0.span);
            let stub = same.iter().find(|s| Some(s.span) == receiver).copied().unwrap_or(stub);
            sink.stated(Claim::Call(call(stub, &pascal(method), code.within(site.function))), site.span());
        } else if grpc && (made.contains('#') && made.ends_with("ServiceClient") || shared(made)) {
            // A typed stub that came from elsewhere.
            let stub = elsewhere(code, made, site);
            sink.stated(Claim::Call(call(&stub, &pascal(method), stub.within.clone())), site.span());
        }
    }
}

/// A client that another file of gRPC clients makes: `../grpc/clients#cartClient`.
fn shared(made: &str) -> bool {
    let Some((file, name)) = made.rsplit_once('#') else { return false };
    let own = file.starts_with(['.', '~', '@']) && !file.starts_with("@grpc/");
    own && file.to_ascii_lowercase().contains("grpc") && name.len() > 6 && name.ends_with("Client")
}

fn elsewhere(code: &Code<'_>, made: &str, site: &Site<'_>) -> Stub {
    let service = pascal(&service_name(made));
    Stub { made: made.into(), service, target: Value::default(), span: site.span(), within: code.within(site.function) }
}

/// `client[method](request, …)` in a helper that is told the method: each of the helper's callers in this file names one.
fn named_by_callers(
    code: &Code<'_>,
    stubs: &[Stub],
    site: &Site<'_>,
    (object, key): (&Expr, &Expr),
    grpc: bool,
    sink: &mut Sink,
) {
    let mut at = site.function;
    let ExprKind::Name(key) = &key.kind else { return };
    // The helper is the nearest function around that has such a parameter.
    let position = loop {
        let function = code.function(at);
        if let Some(index) = function.params.iter().position(|p| p.name == *key) {
            break index;
        }
        match function.parent {
            Some(parent) => at = parent,
            None => return,
        }
    };
    let helper = code.function(at);
    let made = code.origin(object, site.function);
    let made = made.trim_end_matches("()");
    let known = stubs.iter().find(|s| s.made == made || s.within == made && !made.is_empty());
    if known.is_none() && !(grpc && shared(made)) {
        return;
    }
    for asked in code.calls_named(&[helper.name.as_str()]) {
        let Some(method) = asked.call.arg(position).and_then(Expr::as_str) else { continue };
        let other = elsewhere(code, made, site);
        let stub = known.unwrap_or(&other);
        sink.stated(Claim::Call(call(stub, &pascal(method), code.within(asked.function))), asked.span());
    }
}
