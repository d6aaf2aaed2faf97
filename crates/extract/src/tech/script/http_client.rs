//! HTTP clients in scripts: fetch, axios, got, request, superagent, needle, Node's own, Nest's and Angular's, k6.
//! See `http_client.md`.

use super::options;
use crate::code::ir::{Expr, ExprKind, Function, Stmt};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::tech::verbs::Verb;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Constant, Hole, Part, Protocol, Return, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "node-http-client",
    version: 4,
    page: include_str!("http_client.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        call(code, site, sink);
    }
    bases(code, sink);
    factories(code, sink);
}

/// Modules (or globals) whose functions send requests, with the name that users know them by.
const CLIENTS: &[(&str, &str)] = &[
    ("axios#", "axios"),
    ("node-fetch#", "node-fetch"),
    ("cross-fetch#", "cross-fetch"),
    ("isomorphic-fetch#", "isomorphic-fetch"),
    ("isomorphic-unfetch#", "isomorphic-unfetch"),
    ("make-fetch-happen#", "make-fetch-happen"),
    ("undici#", "undici"),
    ("got#", "got"),
    ("ky#", "ky"),
    ("ky-universal#", "ky"),
    ("ofetch#", "ofetch"),
    ("request#", "request"),
    ("requestretry#", "requestretry"),
    ("request-promise#", "request-promise"),
    ("request-promise-native#", "request-promise"),
    ("superagent#", "superagent"),
    ("needle#", "needle"),
    ("phin#", "phin"),
    ("bent#", "bent"),
    ("wretch#", "wretch"),
    ("http#", "http"),
    ("https#", "https"),
    ("node:http#", "http"),
    ("node:https#", "https"),
    ("http2#", "http2"),
    ("follow-redirects#http", "http"),
    ("follow-redirects#https", "https"),
    ("k6/http#", "k6"),
    ("@nestjs/axios#HttpService", "HttpService"),
    ("@nestjs/common#HttpService", "HttpService"),
    ("@nestjs/axios#HttpModule", "HttpService"),
    ("@angular/common/http#HttpClient", "HttpClient"),
    ("@pollyjs/core#", "pollyjs"),
    ("restify-clients#", "restify-clients"),
    ("urllib#", "urllib"),
];

const VERBS: &[&str] = &["get", "post", "put", "delete", "patch", "head", "options", "del"];

/// Functions that take the URL first, or options, without a verb of their own.
const SENDERS: &[&str] = &["request", "fetch", "stream", "ajax", "$fetch", "asyncRequest", "curl", "raw"];

/// The canonical name split into client and function: `axios#create().get` is axios and `get`.
fn client_of(callee: &str) -> Option<(&'static str, &str)> {
    if matches!(callee, "fetch" | "window.fetch" | "globalThis.fetch" | "self.fetch" | "global.fetch" | "$fetch") {
        return Some(("fetch", "fetch"));
    }
    let (prefix, client) = CLIENTS.iter().find(|(p, _)| callee.starts_with(p))?;
    let rest = &callee[prefix.len()..];
    Some((client, rest.rsplit('.').next().unwrap_or(rest)))
}

fn call(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let function = site.function;
    let callee = code.callee(site.call, function);
    if TRPC.contains(&callee.as_str()) {
        return trpc(code, site, sink);
    }
    let Some((client, name)) = client_of(&callee) else {
        return foreign(code, site, sink);
    };
    if site.call.new {
        return;
    }
    // The client called as a function: `axios(…)`, `got(…)`, `instance(…)`.
    let direct = name.is_empty() || name == "default" || callee.ends_with(')');
    let verb = VERBS.contains(&name);
    let sends = direct || verb || SENDERS.contains(&name);
    let makes = matches!(name, "createServer" | "Agent" | "create" | "extend" | "defaults" | "jar" | "agent");
    if !sends || makes || (client == "http2" && name != "connect") {
        return;
    }
    // `http.get` of a server's own settings has no URL either way.
    let Some(first) = site.call.arg(0) else {
        return;
    };
    // `needle('get', url)`, `http.request('GET', url)` of k6.
    let (stated, url) = match (first.as_str(), site.call.arg(1)) {
        (Some(word), Some(second)) if VERBS.contains(&word.to_ascii_lowercase().as_str()) => {
            (Some(word.to_uppercase()), second)
        }
        _ => (None, first),
    };
    if matches!(url.kind, ExprKind::Lambda(_)) {
        return;
    }
    let (mut target, in_options) = target(code, url, function);
    // `axios(config)` takes settings, wherever they come from.
    if client == "axios" && !verb && matches!(target.as_hole(), Some(Hole::Param { .. } | Hole::Ref(_))) {
        target = options::member(code, url, function, "url");
    }
    // undici's own methods take the path apart from the origin that their pool is of.
    if target.is_empty() && client == "undici" {
        target = options::value(code, url, function, &["path"]).unwrap_or_default();
    }
    let base = match target.to_string() {
        t if t.contains("://") => Value::default(),
        _ => base_of(code, site, client),
    };
    wraps(code, function, &base, &target, site.span(), sink);
    let target = options::join(base, target);
    if target.is_empty() {
        return;
    }
    let verb: Verb = match (verb, stated) {
        (true, _) => Some(if name == "del" { "DELETE".into() } else { name.to_uppercase().into() }).into(),
        (false, Some(word)) => Some(SmolStr::from(word)).into(),
        (false, None) => method(code, site, in_options),
    };
    sink.stated(Claim::Call(verb.on(http(client, None, target, code.within(function)))), site.span());
}

/// Links of tRPC's client, which send every call of a procedure to one address.
const TRPC: &[&str] = &[
    "@trpc/client#httpBatchLink",
    "@trpc/client#httpLink",
    "@trpc/client#httpBatchStreamLink",
    "@trpc/client#unstable_httpBatchStreamLink",
];

fn trpc(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let url = site.call.arg(0).and_then(|o| options::value(code, o, site.function, &["url"]));
    if let Some(target) = url.filter(|u| !u.is_empty()) {
        sink.stated(Claim::Call(http("tRPC", None, target, code.within(site.function))), site.span());
    }
}

/// An object of the project's own around a client, `api.get = url => instance.get(url)`: who calls it elsewhere calls below
/// the client's base.
fn wraps(code: &Code<'_>, function: usize, base: &Value, target: &Value, at: Span, sink: &mut Sink) {
    let within = code.within(function);
    let Some((owner, verb)) = within.rsplit_once('.') else { return };
    let handed = matches!(target.as_hole(), Some(Hole::Param { function, .. }) if *function == within);
    let itself = base.holes().iter().any(|h| matches!(h, Hole::Param { .. }));
    if handed && !itself && !base.is_empty() && VERBS.contains(&verb) {
        let symbol = format_smolstr!("{owner}.<base>");
        sink.stated(Claim::Constant(Constant { symbol, value: base.clone() }), at);
    }
}

fn http(client: &str, method: Option<SmolStr>, target: Value, within: SmolStr) -> Call {
    Call { method, ..Call::to(Protocol::Http, client.into(), target, within) }
}

/// The URL that an argument states, and whether it stands in options.
fn target(code: &Code<'_>, url: &Expr, function: usize) -> (Value, bool) {
    let (resolved, at) = code.resolved(url, function);
    if !matches!(resolved.kind, ExprKind::Object(_)) {
        if let ExprKind::Call(call) = &resolved.kind
            && call.new
            && call.name() == "Request"
            && let Some(inner) = call.arg(0)
        {
            return (code.value(inner, at), false);
        }
        return (code.value(url, function), false);
    }
    if let Some(whole) = options::value(code, resolved, at, &["url", "uri"]) {
        let base = options::value(code, resolved, at, &["baseURL", "baseUrl", "prefixUrl"]).unwrap_or_default();
        // `uri: { hostname, port, pathname }`.
        let nested = ["url", "uri"].iter().find_map(|k| options::key(code, resolved, at, k));
        if let Some((inner, at)) = nested
            && options::is_object(code, inner, at)
        {
            return (pieces(code, inner, at), true);
        }
        return (options::join(base, whole), true);
    }
    (pieces(code, resolved, at), true)
}

/// `{ protocol, hostname, port, path }` of Node's own client.
fn pieces(code: &Code<'_>, object: &Expr, function: usize) -> Value {
    let Some(host) = options::value(code, object, function, &["hostname", "host"]) else {
        return Value::default();
    };
    let mut out = Value::text("http://");
    out.push(host);
    if let Some(port) = options::value(code, object, function, &["port"]) {
        out.push_text(":");
        out.push(port);
    }
    match options::value(code, object, function, &["path", "pathname"]) {
        Some(path) => options::join(out, path),
        None => out,
    }
}

/// The HTTP method from options; GET where a URL comes without any.
fn method(code: &Code<'_>, site: &Site<'_>, in_options: bool) -> Verb {
    let options_arg = if in_options { site.call.arg(0) } else { site.call.arg(1) };
    let Some(options_arg) = options_arg.filter(|o| !matches!(o.kind, ExprKind::Lambda(_))) else {
        return Some(SmolStr::from("GET")).into();
    };
    match options::value(code, options_arg, site.function, &["method", "type"]) {
        Some(method) => Verb::of(method),
        None => options::is_object(code, options_arg, site.function).then(|| SmolStr::from("GET")).into(),
    }
}

/// Functions that make a client with a base address.
const MAKERS: &[&str] =
    &["create", "extend", "defaults", "createJsonClient", "createJSONClient", "createStringClient", "createClient"];

/// Keys of a base address.
const BASES: &[&str] = &["baseURL", "baseUrl", "prefixUrl", "url", "baseHref"];

/// The base address that the client was made with, in this file or by reference.
fn base_of(code: &Code<'_>, site: &Site<'_>, client: &str) -> Value {
    let receiver = match site.call.receiver() {
        Some(receiver) => receiver,
        None => &site.call.callee,
    };
    let (made, at) = code.resolved(receiver, site.function);
    // `options.http || axios.create({…})`: the client that is made where none is handed in.
    let (made, at) = match &made.kind {
        ExprKind::Either(_) => code.made_expr(made, at).unwrap_or((made, at)),
        _ => (made, at),
    };
    if let ExprKind::Call(call) = &made.kind
        && (MAKERS.contains(&call.name()) || call.new)
    {
        let origin = || call.arg(0).filter(|_| client == "undici").map(|origin| code.value(origin, at));
        let stated = call.args.iter().find_map(|a| options::value(code, &a.value, at, BASES));
        return stated.or_else(origin).unwrap_or_default();
    }
    // `axios.defaults.baseURL = …` holds for the whole module.
    if client == "axios" {
        for function in &code.unit.functions {
            for stmt in &function.body {
                if let Stmt::Assign { target, value, .. } = stmt
                    && target.path().is_some_and(|p| p.ends_with("defaults.baseURL"))
                {
                    return code.value(value, 0);
                }
            }
        }
    }
    let origin = code.origin(receiver, site.function);
    // A client that came from somewhere: injected or a parameter, whose type says no more.
    if matches!(client, "axios" | "HttpService") && (origin.ends_with("Instance") || origin.ends_with("HttpService")) {
        let symbol = match &receiver.kind {
            ExprKind::Member(base, member) if matches!(&base.kind, ExprKind::Name(n) if n == "this") => {
                format_smolstr!("{}.{member}", code.function(site.function).owner)
            }
            _ => return Value::default(),
        };
        if origin.ends_with("Instance") {
            return Value::reference(format_smolstr!("{symbol}.<base>"));
        }
    }
    Value::default()
}

/// Names of clients that other files make: `api`, `ordersClient`, `http`.
fn named_like_client(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["api", "client", "http", "axios", "request", "fetcher", "instance"].iter().any(|w| name.ends_with(w))
        && !name.contains("redis")
}

/// Whether what is called so is a client: by its name, or as another service that is asked for a path.
fn is_client(name: &str, path: &Value) -> bool {
    let lower = name.to_ascii_lowercase();
    let service = || ["service", "proxy", "backend", "gateway", "server"].iter().any(|w| lower.ends_with(w));
    let path = || matches!(path.parts.first(), Some(Part::Text(text)) if text.starts_with('/'));
    named_like_client(name) || service() && path()
}

/// A verb on a client that another file of this workspace makes.
fn foreign(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let (Some(receiver), Some(url)) = (site.call.receiver(), site.call.arg(0)) else {
        return;
    };
    if !VERBS.contains(&site.call.name()) || site.call.new {
        return;
    }
    if let Some(base) = made_by_function(code, site) {
        return through(code, site, url, base, sink);
    }
    // `req.client().get(endpoints.ordersUrl + path)`: a client that something hands out, and an address called so.
    if let ExprKind::Call(call) = &receiver.kind
        && !call.new
        && named_like_client(call.name())
        && is_address(&code.value(url, site.function))
    {
        return through(code, site, url, Value::default(), sink);
    }
    let origin = code.origin(receiver, site.function);
    let local = origin.starts_with(['.', '~']) || origin.starts_with("@/") || origin.starts_with("src/");
    let Some((module, member)) = origin.split_once('#').filter(|_| local) else {
        return;
    };
    let name = receiver.path().unwrap_or_default();
    let handler = site.call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Lambda(_)));
    let path = code.value(url, site.function);
    if handler || member.contains('(') || !is_client(name.rsplit('.').next().unwrap_or(&name), &path) {
        return;
    }
    let base = match member {
        // The name that it has here, or that of its file.
        "" => {
            let stem = crate::lang::default_name(module);
            Value::either(
                [name.as_str(), stem.as_str()].map(|n| Value::reference(format_smolstr!("{module}#{n}.<base>"))),
            )
        }
        member => Value::reference(format_smolstr!("{module}#{member}.<base>")),
    };
    through(code, site, url, base, sink);
}

/// Whether a value begins with what is called an address.
fn is_address(value: &Value) -> bool {
    let Some(Part::Hole(Hole::Env { name, .. } | Hole::Config { key: name, .. } | Hole::Ref(name))) =
        value.parts.first()
    else {
        return false;
    };
    let name = name.to_ascii_lowercase();
    ["url", "uri", "endpoint", "host", "baseurl"].iter().any(|word| name.ends_with(word))
}

/// A request through a client whose base address is known from elsewhere.
fn through(code: &Code<'_>, site: &Site<'_>, url: &Expr, base: Value, sink: &mut Sink) {
    let path = code.value(url, site.function);
    let text = path.to_string();
    if !text.starts_with(['/', '$']) && !text.contains("://") && !text.contains('/') {
        return;
    }
    let target = if text.contains("://") { path } else { options::join(base, path) };
    let method = if site.call.name() == "del" { "DELETE".into() } else { site.call.name().to_uppercase().into() };
    sink.stated(Claim::Call(http("client", Some(method), target, code.within(site.function))), site.span());
}

/// The base address of a client that a function of this workspace makes: `createHttp(process.env.API_URL)`.
fn made_by_function(code: &Code<'_>, site: &Site<'_>) -> Option<Value> {
    let (made, at) = code.resolved(site.call.receiver()?, site.function);
    let call = made.as_call().filter(|c| !c.new)?;
    let callee = code.callee(call, at);
    let handler = site.call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Lambda(_)));
    if handler || callee.ends_with(')') || callee.is_empty() {
        return None;
    }
    let own = |name: &str| code.unit.functions.iter().any(|f| f.symbol() == name && makes_client(code, f).is_some());
    let local = callee.starts_with(['.', '~']) || callee.starts_with("@/") || callee.starts_with("src/");
    let names: Vec<SmolStr> = match callee.split_once('#') {
        Some((module, "")) if local => {
            vec![
                format_smolstr!("{module}#{}", call.name()),
                format_smolstr!("{module}#{}", crate::lang::default_name(module)),
            ]
        }
        Some(_) if local => vec![callee.clone()],
        None if own(&callee) => vec![callee.clone()],
        _ => return None,
    };
    // What another file's function makes is known as a client by its name only.
    let name = site.call.receiver().and_then(Expr::path).unwrap_or_default();
    let path = site.call.arg(0).map(|url| code.value(url, site.function)).unwrap_or_default();
    if local && !is_client(name.rsplit('.').next().unwrap_or(&name), &path) && !is_client(call.name(), &path) {
        return None;
    }
    let args: Vec<Value> = call.args.iter().take(8).map(|a| code.value(&a.value, at)).collect();
    Some(Value::either(
        names
            .into_iter()
            .map(|name| Value::hole(Hole::Result { callee: format_smolstr!("{name}.<base>"), args: args.clone() })),
    ))
}

/// The base address of the client that a function makes and returns.
fn makes_client(code: &Code<'_>, function: &Function) -> Option<Value> {
    let index = code.unit.functions.iter().position(|f| std::ptr::eq(f, function))?;
    let result = options::last_returned(&function.body)?;
    let (made, at) = code.resolved(result, index);
    let call = made.as_call()?;
    if client_of(&code.callee(call, at)).is_none() || !MAKERS.contains(&call.name()) {
        return None;
    }
    call.args.iter().find_map(|a| options::value(code, &a.value, at, BASES))
}

/// Functions that make clients: the base address of what they return, for those who call below it.
fn factories(code: &Code<'_>, sink: &mut Sink) {
    for function in code.unit.functions.iter().skip(1).filter(|f| f.name != "<lambda>") {
        let Some(value) = makes_client(code, function) else { continue };
        let symbol = function.symbol();
        let symbol = if symbol == "exports" { crate::lang::default_name(code.path) } else { symbol };
        let value = owned_by(value, &function.symbol(), &symbol);
        sink.stated(Claim::Return(Return { function: format_smolstr!("{symbol}.<base>"), value }), function.span);
    }
}

/// A function's parameters under the name that other files know it by.
fn owned_by(value: Value, symbol: &str, known: &SmolStr) -> Value {
    let parts = value.parts.into_iter().map(|part| match part {
        Part::Hole(Hole::Param { function, index, name }) if function == symbol => {
            Part::Hole(Hole::Param { function: known.clone(), index, name })
        }
        part => part,
    });
    Value { parts: parts.collect() }
}

/// What clients made here have as base, for the files that use them.
fn bases(code: &Code<'_>, sink: &mut Sink) {
    let mut state = |symbol: SmolStr, value: &Expr, function: usize, at: Span| {
        let (made, at_function) = code.resolved(value, function);
        let ExprKind::Call(call) = &made.kind else {
            return;
        };
        if client_of(&code.callee(call, at_function)).is_none() || !MAKERS.contains(&call.name()) {
            return;
        }
        let Some(base) = call.args.iter().find_map(|a| options::value(code, &a.value, at_function, BASES)) else {
            return;
        };
        let symbol = format_smolstr!("{symbol}.<base>");
        sink.stated(Claim::Constant(Constant { symbol, value: base }), at);
    };
    for stmt in &code.unit.functions[0].body {
        if let Stmt::Assign { target, value, span, .. } = stmt
            && let Some(path) = target.path()
        {
            let path = path.strip_prefix("module.").unwrap_or(&path);
            let path = path.strip_prefix("exports.").unwrap_or(path);
            let symbol = if path == "exports" { crate::lang::default_name(code.path) } else { path.into() };
            state(symbol, value, 0, *span);
        }
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        for stmt in &function.body {
            if let Stmt::Assign { target, value, span, .. } = stmt
                && let ExprKind::Member(base, member) = &target.kind
                && matches!(&base.kind, ExprKind::Name(n) if n == "this")
            {
                state(format_smolstr!("{}.{member}", function.owner), value, index, *span);
            }
        }
    }
}
