//! Requests made with Python's HTTP libraries, and clients of protocols over HTTP. See `http_client.md`.

use super::shapes::{argument, callee, dotted, each_assign, keyword, millis, symbol};
use crate::code::ir::{Call as Invocation, Expr, ExprKind, Stmt};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::tech::paths;
use crate::tech::verbs::Verb;
use crate::{Extractor, Reads, Sink};
use seam_facts::{
    Call, Claim, Constant, Hole, Part, Policy, PolicyKind, Protocol, Return, SmolStr, Value, format_smolstr,
};

pub static EXTRACTOR: Extractor = Extractor {
    id: "python-http-client",
    version: 6,
    page: include_str!("http_client.md"),
    reads: Reads::Code { langs: &[Lang::Python], extract },
};

/// Methods that send a request: name, HTTP method (`None`: the first argument), position of the URL.
const VERBS: &[(&str, Option<&str>, usize)] = &[
    ("get", Some("GET"), 0),
    ("post", Some("POST"), 0),
    ("put", Some("PUT"), 0),
    ("delete", Some("DELETE"), 0),
    ("patch", Some("PATCH"), 0),
    ("head", Some("HEAD"), 0),
    ("options", Some("OPTIONS"), 0),
    ("request", None, 1),
    ("stream", None, 1),
    ("urlopen", Some("GET"), 0),
    ("urlretrieve", Some("GET"), 0),
    ("getJSON", Some("GET"), 0),
    ("ws_connect", None, 0),
    ("build_request", None, 1),
];

/// Modules whose functions and objects send requests, and what users call them.
const LIBRARIES: &[(&str, &str)] = &[
    ("requests", "requests"),
    ("requests_toolbelt", "requests"),
    ("requests_futures", "requests"),
    ("requests_cache", "requests"),
    ("requests_oauthlib", "requests"),
    ("grequests", "requests"),
    ("niquests", "niquests"),
    ("httpx", "httpx"),
    ("aiohttp", "aiohttp"),
    ("aiohttp_retry", "aiohttp"),
    ("aiohttp_client_cache", "aiohttp"),
    ("urllib3", "urllib3"),
    ("urllib", "urllib"),
    ("urllib2", "urllib"),
    ("http", "http.client"),
    ("treq", "treq"),
    ("tornado", "tornado"),
];

/// Names of the objects that send requests, without their modules.
const CLIENTS: &[&str] = &[
    "Session",
    "session",
    "Client",
    "AsyncClient",
    "ClientSession",
    "RetryClient",
    "PoolManager",
    "ProxyManager",
    "BaseUrlSession",
    "FuturesSession",
    "CachedSession",
    "OAuth2Session",
    "HTTPConnection",
    "HTTPSConnection",
    "AsyncHTTPClient",
    "AsyncSession",
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    requests(code, sink);
    bases(code, sink);
    factories(code, sink);
    locust(code, sink);
}

fn requests(code: &Code<'_>, sink: &mut Sink) {
    let names: Vec<&str> = VERBS.iter().map(|v| v.0).chain(["fetch"]).collect();
    for site in code.calls_named(&names) {
        let name = site.call.name();
        let callee = callee(code, &site);
        let factory = made_by_function(code, &site);
        let Some(client) = library(code, &site, &callee)
            .or_else(|| factory.is_some().then_some(Library { name: "client", guessed: true }))
        else {
            continue;
        };
        let (method, position) = match VERBS.iter().find(|v| v.0 == name) {
            Some((_, method, position)) => (*method, *position),
            None => (None, 0),
        };
        let url = ["url", "uri"].iter().find_map(|n| keyword(code, site.call, n, site.function));
        let Some(url) = url.or_else(|| site.call.arg(position)) else {
            continue;
        };
        let websocket = name == "ws_connect";
        let stated =
            || argument(code, site.call, "method", 0, site.function).map(|m| Verb::of(code.value(m, site.function)));
        let opens = matches!(name, "urlopen" | "urlretrieve") && client.name == "urllib";
        let verb: Verb = match method {
            Some(_) if opens => Some(opened(code, &site, url)).into(),
            Some(method) => Some(SmolStr::from(method)).into(),
            None if websocket || name == "fetch" => Verb::default(),
            None => stated().unwrap_or_default(),
        };
        let mut target = code.value(url, site.function);
        // A key of a dictionary-like client is no address.
        let below = factory.is_some() && relative(&target);
        if target.is_empty() || client.guessed && !addressed(&target) && !below {
            continue;
        }
        if let Some(base) = base_of(code, &site, client.name).or(factory.filter(|_| relative(&target))) {
            target = if absolute(&target) { target } else { paths::join(base, target) };
        } else if relative(&target) {
            let Some(receiver) = site.call.receiver() else { continue };
            let holder = symbol(code, receiver, site.function);
            if holder.is_empty() {
                continue;
            }
            target = Value::reference(format_smolstr!("{holder}.<base>")).then(target);
        }
        let call = Call::to(
            if websocket { Protocol::Websocket } else { Protocol::Http },
            client.name.into(),
            target,
            code.within(site.function),
        );
        sink.stated(Claim::Call(verb.on(call)), site.span());
        let timeout = keyword(code, site.call, "timeout", site.function);
        if let Some(millis) = timeout.and_then(|t| limit(code, t, site.function)) {
            state_timeout(code, &site, client.name, millis, sink);
        } else if timeout.is_some() {
            state_timeout(code, &site, client.name, Value::opaque("made up"), sink);
        } else if site.call.args.iter().any(|a| a.name.as_deref() == Some("**"))
            || client.guessed && !site.call.receiver().and_then(Expr::path).is_some_and(|p| p.ends_with("ession"))
        {
            // What is handed on may well hold a timeout: one is stated whose length is not known.
            state_timeout(code, &site, client.name, Value::opaque("handed on"), sink);
        }
    }
    for site in code.calls() {
        let timeout = keyword(code, site.call, "timeout", site.function);
        let callee = callee(code, site);
        let client = CLIENTS.contains(&site.call.name()) && library_of(&callee).is_some();
        if client && let Some(millis) = timeout.and_then(|t| limit(code, t, site.function)) {
            state_timeout(code, site, library_of(&callee).unwrap_or_default(), millis, sink);
        }
    }
}

/// The method with which urllib opens: what the request object says, `POST` where it carries data, `GET` otherwise.
fn opened(code: &Code<'_>, site: &Site<'_>, url: &Expr) -> SmolStr {
    let data = |call: &Invocation| call.arg_or("data", 1).is_some_and(|d| !matches!(d.kind, ExprKind::Null));
    let asked = code.maker(url, site.function).filter(|(made, _)| made.name() == "Request");
    let stated = asked.and_then(|(made, function)| code.value(made.arg_or("method", 5)?, function).as_text());
    match stated {
        Some(method) => method.to_uppercase().into(),
        None if data(site.call) || asked.is_some_and(|(made, _)| data(made)) => "POST".into(),
        None => "GET".into(),
    }
}

/// Milliseconds of a timeout; zero where it is switched off: `None`, `httpx.Timeout(None)`, `ClientTimeout(total=None)`.
fn limit(code: &Code<'_>, timeout: &Expr, function: usize) -> Option<Value> {
    let (made, scope) = code.resolved(timeout, function);
    let off = match &made.kind {
        ExprKind::Null => true,
        ExprKind::Call(call) if call.name() == "Timeout" || call.name() == "ClientTimeout" => {
            let first = call.arg_or("total", 0).or_else(|| call.named("timeout"));
            let apart =
                ["read", "sock_read"].iter().any(|w| call.named(w).is_some_and(|e| !matches!(e.kind, ExprKind::Null)));
            first.is_some_and(|e| matches!(e.kind, ExprKind::Null)) && !apart
        }
        _ => false,
    };
    if off { Some("0".into()) } else { millis(code, timeout, function).or_else(|| millis(code, made, scope)) }
}

fn state_timeout(code: &Code<'_>, site: &Site<'_>, client: &str, millis: Value, sink: &mut Sink) {
    let within = code.within(site.function);
    let on = if within.is_empty() { SmolStr::from(client) } else { within.clone() };
    let policy =
        Policy { kind: PolicyKind::Timeout, on, attempts: None, millis: Some(millis), detail: client.into(), within };
    sink.stated(Claim::Policy(policy), site.span());
}

struct Library {
    name: &'static str,
    /// By the names of variables only.
    guessed: bool,
}

/// The library that a request goes through, if the site is one.
fn library(code: &Code<'_>, site: &Site<'_>, callee: &str) -> Option<Library> {
    let name = site.call.name();
    let on = callee.strip_suffix(name)?.strip_suffix('.').unwrap_or("");
    let last = on.trim_end_matches("()").rsplit('.').next().unwrap_or("");
    if let Some(library) = library_of(on) {
        let verb = !matches!(name, "fetch" | "getJSON" | "urlopen" | "urlretrieve");
        let module = matches!(
            on,
            "requests" | "requests.api" | "httpx" | "grequests" | "niquests" | "treq" | "aiohttp" | "urllib3"
        );
        let opener = matches!(name, "urlopen" | "urlretrieve") && on.starts_with("urllib");
        let known = module && verb || CLIENTS.contains(&last) && (verb || name == "fetch") || opener;
        return known.then_some(Library { name: library, guessed: false });
    }
    if matches!(name, "urlopen") && on.is_empty() {
        return code.imports("urllib").then_some(Library { name: "urllib", guessed: false });
    }
    // A class of this file that extends a client.
    if let Some(ty) = code.type_named(on) {
        let library = ty.supers.iter().find_map(|s| {
            let canonical = dotted(&code.canonical_type(s));
            let simple = canonical.rsplit('.').next().unwrap_or("").to_owned();
            library_of(&canonical).filter(|_| CLIENTS.contains(&simple.as_str()))
        });
        return library.map(|name| Library { name, guessed: false });
    }
    // `async def load(session, url): session.get(url)`: an object that is handed in, in a file that knows one library.
    let plain = !on.contains('(') && !on.is_empty() && site.call.receiver().is_some_and(|r| r.path().is_some());
    let called_client = ["session", "client", "http"].iter().any(|w| last.to_ascii_lowercase().ends_with(w));
    let other = ["redis", "cache", "test", "mongo", "db", "s3"].iter().any(|w| on.to_ascii_lowercase().contains(w));
    if !plain || !called_client || other || code.within(site.function).contains("test_") || name == "fetch" {
        return None;
    }
    let imported: Vec<&'static str> = LIBRARIES
        .iter()
        .filter(|(module, _)| !matches!(*module, "http" | "urllib" | "tornado"))
        .filter(|(module, _)| code.unit.imports.iter().any(|i| i.path.split('.').next() == Some(module)))
        .map(|(_, name)| *name)
        .collect();
    imported.first().map(|name| Library { name, guessed: true })
}

fn library_of(canonical: &str) -> Option<&'static str> {
    let first = canonical.split('.').next().unwrap_or("");
    let found = LIBRARIES.iter().find(|(module, _)| *module == first)?;
    // `http.client` and `tornado.httpclient` are clients; the rest of these packages is not.
    let client = match found.0 {
        "http" => canonical.starts_with("http.client"),
        "tornado" => canonical.starts_with("tornado.httpclient"),
        "urllib" => canonical.starts_with("urllib.request") || canonical == "urllib",
        _ => true,
    };
    client.then_some(found.1)
}

/// Whether a value may well be an address: it shows a scheme or a path, or is a hole that is called one.
fn addressed(value: &Value) -> bool {
    let text = value.to_string().to_ascii_lowercase();
    let starts_with_text = matches!(value.parts.first(), Some(Part::Text(_)));
    if starts_with_text {
        text.contains("://")
    } else {
        ["/", "url", "uri", "endpoint", "addr"].iter().any(|w| text.contains(w))
    }
}

fn absolute(value: &Value) -> bool {
    matches!(value.parts.first(), Some(Part::Text(t)) if t.contains("://"))
}

/// A path without a host.
fn relative(value: &Value) -> bool {
    matches!(value.parts.first(), Some(Part::Text(t)) if t.starts_with('/'))
}

/// The base address that the client of a request was made with.
fn base_of(code: &Code<'_>, site: &Site<'_>, client: &str) -> Option<Value> {
    let (made, function) = code.maker(site.call.receiver()?, site.function)?;
    base(code, made, function, client)
}

fn base(code: &Code<'_>, made: &Invocation, function: usize, client: &str) -> Option<Value> {
    if !CLIENTS.contains(&made.name()) {
        return None;
    }
    let positional = match (client, made.name()) {
        ("aiohttp", _) | ("http.client", _) | ("requests", "BaseUrlSession") => made.arg(0),
        _ => None,
    };
    let host = made.named("base_url").or_else(|| made.named("host")).or(positional)?;
    let value = code.value(host, function);
    let port = (client == "http.client").then(|| made.arg_or("port", 1)).flatten().map(|p| code.value(p, function));
    (!value.is_empty()).then(|| super::shapes::host_port(value, port))
}

/// Where a client is made with a base address, other files may call through it.
fn bases(code: &Code<'_>, sink: &mut Sink) {
    each_assign(code, &mut |target, value, function, at| {
        let Some(call) = value.as_call() else { return };
        let name = dotted(&code.callee(call, function));
        let Some(library) = library_of(&name) else { return };
        let holder = symbol(code, target, function);
        if let Some(value) = base(code, call, function, library).filter(|_| !holder.is_empty()) {
            sink.stated(Claim::Constant(Constant { symbol: format_smolstr!("{holder}.<base>"), value }), at);
        }
    });
}

/// The base address of a client that a function of this workspace makes, or that a framework injects from one:
/// `make_client(settings.url)`, `client: AsyncClient = Depends(get_client)`.
fn made_by_function(code: &Code<'_>, site: &Site<'_>) -> Option<Value> {
    let receiver = site.call.receiver()?;
    let holder = receiver.path().unwrap_or_default();
    let (callee, args) = match injected(code, receiver, site.function) {
        Some(factory) => (dotted(&code.origin(factory, site.function)), Vec::new()),
        None => {
            let (made, at) = code.maker(receiver, site.function)?;
            let args = made.args.iter().take(8).map(|a| code.value(&a.value, at)).collect();
            (dotted(&code.callee(made, at)), args)
        }
    };
    let last = callee.rsplit('.').next().unwrap_or("").to_ascii_lowercase();
    let client = |name: &str| ["session", "client", "http"].iter().any(|w| name.to_ascii_lowercase().contains(w));
    let function = last.chars().next().is_some_and(|c| c.is_lowercase() || c == '_') && !callee.contains('(');
    let other = ["redis", "cache", "mongo", "db", "s3", "boto", "docker", "pymongo", "sql"];
    let foreign = other.iter().any(|w| callee.to_ascii_lowercase().contains(w)) || library_of(&callee).is_some();
    if !function || foreign || !client(&last) && !client(holder.rsplit('.').next().unwrap_or("")) {
        return None;
    }
    Some(Value::hole(Hole::Result { callee: format_smolstr!("{callee}.<base>"), args }))
}

/// The function that FastAPI asks for a parameter.
fn injected<'e>(code: &'e Code<'_>, receiver: &Expr, function: usize) -> Option<&'e Expr> {
    let ExprKind::Name(name) = &receiver.kind else { return None };
    let param = code.function(function).params.iter().find(|p| p.name == *name)?;
    param.default.as_ref()?.as_call().filter(|c| c.name() == "Depends")?.arg(0)
}

/// Functions that make clients: the base address of what they give back.
fn factories(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate().skip(1).filter(|(_, f)| f.name != "<lambda>") {
        let mut last = None;
        last_result(&function.body, &mut last);
        let Some((made, at)) = last.and_then(|e| code.maker(e, index)) else { continue };
        let Some(library) = library_of(&dotted(&code.callee(made, at))) else { continue };
        if let Some(value) = base(code, made, at, library) {
            let function_name = format_smolstr!("{}.<base>", function.symbol());
            sink.stated(Claim::Return(Return { function: function_name, value }), function.span);
        }
    }
}

/// What a function's body returns or yields at last.
fn last_result<'e>(body: &'e [Stmt], found: &mut Option<&'e Expr>) {
    for stmt in body {
        match stmt {
            Stmt::Return(e) => *found = Some(e),
            Stmt::Block { body, .. } => last_result(body, found),
            Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Leave(..) => {}
        }
    }
}

/// Load tests: `self.client.get("/path")` against the host that the command line or `LOCUST_HOST` gives.
fn locust(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("locust") {
        return;
    }
    let verbs: Vec<&str> = VERBS.iter().map(|v| v.0).collect();
    for site in code.calls_named(&verbs) {
        let Some(Expr { kind: ExprKind::Member(_, member), .. }) = site.call.receiver() else {
            continue;
        };
        let Some((_, method, position)) = VERBS.iter().find(|v| v.0 == site.call.name()).filter(|_| member == "client")
        else {
            continue;
        };
        let Some(url) = argument(code, site.call, "url", *position, site.function) else {
            continue;
        };
        let path = code.value(url, site.function);
        let host = code.unit.types.iter().flat_map(|t| &t.fields).find(|f| f.name == "host");
        let host = host.and_then(|f| f.init.as_ref()).map(|e| code.value(e, 0));
        let target = if absolute(&path) { path } else { paths::join(Value::env("LOCUST_HOST", host), path) };
        let call = Call {
            method: method.map(SmolStr::from),
            ..Call::to(Protocol::Http, "locust".into(), target, code.within(site.function))
        };
        sink.inferred(Claim::Call(call), site.span());
    }
}
