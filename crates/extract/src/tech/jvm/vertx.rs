//! Vert.x: HTTP clients, the event bus with its service proxies, and service discovery. See `vertx.md`.
//!
//! A client that is made without a host gets it from its options or from the directory of services, in this file or where it
//! is handed in from: `VertxClient.<base>` is what is known of it.

use super::read::{JVM, chained, class_of, last_name, receiver, under, value};
use super::vertx_config::{json_value, options};
use crate::code::ir::{Arg, Expr, ExprKind};
use crate::code::{Code, Site};
use crate::{Extractor, Reads, Sink};
use seam_facts::{
    Alias, Call, Claim, Constant, Deployment, Endpoint, Protocol, Route, SmolStr, Span, Target, Value, format_smolstr,
};

pub static EXTRACTOR: Extractor =
    Extractor { id: "vertx", version: 1, page: include_str!("vertx.md"), reads: Reads::Code { langs: JVM, extract } };

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("io.vertx") {
        return;
    }
    let found = found(code);
    bases(code, sink);
    let forwards = gateway(code, sink);
    requests(code, &found, forwards, sink);
    whole_requests(code, sink);
    tokens(code, sink);
    // Quarkus starts an event bus that ends at the process.
    if !code.imports("io.quarkus") && !code.imports("io.vertx.mutiny") {
        messages(code, sink);
    }
    proxies(code, sink);
    directory(code, sink);
}

fn call(protocol: Protocol, method: Option<SmolStr>, target: Value, within: SmolStr) -> Call {
    let client = if protocol == Protocol::EventBus { "Vert.x event bus" } else { "Vert.x" };
    Call { method, ..Call::to(protocol, client.into(), target, within) }
}

/// `new WebClientOptions().setDefaultHost("orders").setDefaultPort(8080)`.
fn bases(code: &Code<'_>, sink: &mut Sink) {
    for class in ["WebClientOptions", "HttpClientOptions"] {
        for made in options(code, class) {
            let Some(authority) = made.authority(code, "setDefaultHost", "setDefaultPort") else { continue };
            let value = Value::text("http://").then(authority);
            sink.stated(Claim::Constant(Constant { symbol: "VertxClient.<base>".into(), value }), made.first.span());
        }
    }
}

/// What a client of this file may be based on: the services that the directory is asked for.
fn found(code: &Code<'_>) -> Vec<Value> {
    let asked = discovered(code).into_iter().map(|(_, name)| Value::text("http://").then(name));
    let mut out: Vec<Value> = asked.collect();
    out.dedup();
    out
}

const VERBS: &[&str] = &[
    "get",
    "post",
    "put",
    "delete",
    "patch",
    "head",
    "options",
    "request",
    "getNow",
    "headNow",
    "optionsNow",
    "webSocket",
    "websocket",
];

/// `client.get(port, host, uri)`, `client.request(GET, uri)` and their shorter forms.
fn requests(code: &Code<'_>, found: &[Value], forwards: bool, sink: &mut Sink) {
    let client = code.imports("io.vertx.core.http.HttpClient")
        || [
            "io.vertx.core.http",
            "io.vertx.ext.web.client",
            "io.vertx.rxjava",
            "io.vertx.reactivex",
            "io.vertx.mutiny",
        ]
        .iter()
        .any(|p| code.imports(p));
    for site in code.calls_named(VERBS) {
        let on = receiver(code, site.call, site.function);
        let named = on == "client" && client;
        // Kotlin states no type: there a client is what made it.
        let clients = ["httpclient", "webclient", "webclientsession", "webclient.create", "webclientsession.create"];
        if !(named || clients.iter().any(|w| on.ends_with(w))) {
            continue;
        }
        let lambda = |a: &&Arg| !matches!(a.value.kind, ExprKind::Lambda(_));
        let mut args: Vec<&Expr> = site.call.args.iter().filter(lambda).map(|a| &a.value).collect();
        let mut method: Option<SmolStr> = match site.call.name() {
            "request" => {
                let verb =
                    args.first().and_then(|a| last_name(a)).filter(|m| m.chars().all(|c| c.is_ascii_uppercase()));
                if args.len() > 1 {
                    args.remove(0);
                }
                verb
            }
            "webSocket" | "websocket" => None,
            verb => Some(verb.trim_end_matches("Now").to_uppercase().into()),
        };
        let Some(target) = target(code, &args, site.function, found) else { continue };
        // The client of whichever service was chosen; the route says to whom.
        if forwards && target.to_string().starts_with("${ref:VertxClient.<base>}") {
            continue;
        }
        let protocol =
            if site.call.name().eq_ignore_ascii_case("websocket") { Protocol::Websocket } else { Protocol::Http };
        if protocol == Protocol::Websocket {
            method = None;
        }
        sink.stated(Claim::Call(call(protocol, method, target, code.within(site.function))), site.span());
    }
}

/// Port, host and path as they stand before what handles the answer; none if this is not a request.
fn target(code: &Code<'_>, args: &[&Expr], function: usize, found: &[Value]) -> Option<Value> {
    let text = |e: &Expr| value(code, e, function);
    let path = |v: &Value| v.to_string().starts_with('/');
    let at = |host: Value, path: Value| under(Value::text("http://").then(host), path);
    let number = |e: &Expr| {
        let port = e.path().is_some_and(|p| p.to_ascii_lowercase().contains("port"));
        port || text(e).as_text().is_some_and(|t| !t.is_empty() && t.chars().all(|c| c.is_ascii_digit()))
    };
    // Options say where in a place of their own.
    if args.first().is_some_and(|a| code.origin(a, function).contains("Options")) {
        return None;
    }
    match args {
        [port, host, uri, ..] if number(port) => Some(at(text(host).then(":".into()).then(text(port)), text(uri))),
        [host, uri, ..] if !path(&text(host)) && path(&text(uri)) => Some(at(text(host), text(uri))),
        [uri, ..] => {
            let uri = text(uri);
            if uri.as_text().is_none() && uri.as_hole().is_some() && !matches!(args[0].kind, ExprKind::Concat(_)) {
                let named = args[0].path().is_some_and(|p| {
                    let p = p.to_ascii_lowercase();
                    ["uri", "url", "path"].iter().any(|w| p.contains(w))
                });
                if !named {
                    return None;
                }
            }
            if uri.to_string().contains("://") {
                return Some(uri);
            }
            let base = if found.is_empty() {
                Value::reference("VertxClient.<base>")
            } else {
                Value::either(found.iter().cloned())
            };
            Some(under(base, uri))
        }
        [] => None,
    }
}

/// `new RequestOptions().setHost(h).setPort(p).setURI(u)`, and requests with a whole address.
fn whole_requests(code: &Code<'_>, sink: &mut Sink) {
    for made in options(code, "RequestOptions") {
        let uri = made.value(code, "setURI").unwrap_or_default();
        let whole = made.value(code, "setAbsoluteURI").or_else(|| {
            Some(under(Value::text("http://").then(made.authority(code, "setHost", "setPort")?), uri.clone()))
        });
        let Some(target) = whole else { continue };
        let site = made.first;
        sink.stated(Claim::Call(call(Protocol::Http, None, target, code.within(site.function))), site.span());
    }
    for site in code.calls_named(&["getAbs", "postAbs", "putAbs", "deleteAbs", "patchAbs", "headAbs", "requestAbs"]) {
        let at = usize::from(site.call.name() == "requestAbs");
        let Some(url) = site.call.arg(at) else { continue };
        let method = match at {
            0 => Some(site.call.name().trim_end_matches("Abs").to_uppercase().into()),
            _ => site.call.arg(0).and_then(last_name),
        };
        let target = value(code, url, site.function);
        sink.stated(Claim::Call(call(Protocol::Http, method, target, code.within(site.function))), site.span());
    }
}

/// Who issues the tokens that a router asks for: Keycloak's own configuration, or the site of another issuer.
fn tokens(code: &Code<'_>, sink: &mut Sink) {
    let mut say = |target: Value, site: &Site<'_>| {
        let mut call = call(Protocol::Http, Some("POST".into()), target, code.within(site.function));
        call.client = "Vert.x OAuth2".into();
        sink.stated(Claim::Call(call), site.span());
    };
    for site in code.calls_named(&["create"]) {
        let config = site.call.args.last().map(|a| &a.value);
        if receiver(code, site.call, site.function) == "keycloakauth"
            && site.call.args.len() > 1
            && let Some(url) = config.and_then(|c| json_value(code, c, site.function, "auth-server-url"))
        {
            say(url, &site);
        }
    }
    for class in ["OAuth2Options", "OAuth2ClientOptions"] {
        for made in options(code, class) {
            if let Some(site) = made.value(code, "setSite") {
                say(site, &made.first);
            }
        }
    }
}

/// `vertx.eventBus().request("orders.place", body)` and who listens.
fn messages(code: &Code<'_>, sink: &mut Sink) {
    let names =
        ["send", "request", "publish", "consumer", "rxSend", "rxRequest", "requestAwait", "sender", "publisher"];
    for site in code.calls_named(&names) {
        let on = receiver(code, site.call, site.function);
        let Some(address) = site.call.arg(0) else { continue };
        if !(on.ends_with("eventbus") || on == "eb") {
            continue;
        }
        let address = value(code, address, site.function);
        let within = code.within(site.function);
        match site.call.name() {
            "consumer" => listens(address, within, site.span(), sink),
            _ => sink.stated(Claim::Call(call(Protocol::EventBus, None, address, within)), site.span()),
        }
    }
}

fn listens(path: Value, handler: SmolStr, at: Span, sink: &mut Sink) {
    let protocol = Protocol::EventBus;
    let (router, request, response) = (None, None, None);
    let endpoint = Endpoint { protocol, method: None, path, handler, router, request, response };
    sink.stated(Claim::Endpoint(endpoint), Span { end_line: at.line, ..at });
}

/// An interface that one service implements and others call through a generated proxy.
fn proxies(code: &Code<'_>, sink: &mut Sink) {
    let interface = |site: &Site<'_>| {
        let named = site.call.args.iter().filter_map(|a| class_of(&a.value));
        named.into_iter().find(|n| n.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    let contract = |name: &str| format_smolstr!("{name}/*");
    for site in code.calls_named(&["registerService", "register"]) {
        let on = receiver(code, site.call, site.function);
        let address = match site.call.name() {
            "registerService" if on == "proxyhelper" => site.call.args.get(3).map(|a| &a.value),
            "register" if on.starts_with("servicebinder") => chained(site.expr, "setAddress").and_then(|c| c.arg(0)),
            _ => continue,
        };
        let within = code.within(site.function);
        if let Some(name) = interface(&site) {
            listens(Value::text(contract(&name)), within.clone(), site.span(), sink);
        }
        if let Some(address) = address {
            listens(value(code, address, site.function), within, site.span(), sink);
        }
    }
    let asks = [
        "getProxy",
        "getServiceProxy",
        "getProxyWithJsonFilter",
        "getServiceProxyWithJsonFilter",
        "rxGetProxy",
        "rxGetServiceProxy",
        "createProxy",
        "build",
    ];
    for site in code.calls_named(&asks) {
        let on = receiver(code, site.call, site.function);
        let fits = match site.call.name() {
            "createProxy" => on == "proxyhelper",
            "build" => on.starts_with("serviceproxybuilder"),
            _ => on.ends_with("eventbusservice"),
        };
        if let (true, Some(name)) = (fits, interface(&site)) {
            asked(code, &site, &name, sink);
        }
    }
    // The generated class itself, where an interface's factory method makes it.
    for site in code.calls().iter().filter(|s| s.call.new) {
        if let Some(name) = site.call.name().strip_suffix("VertxEBProxy")
            && site.call.args.len() >= 2
        {
            asked(code, site, name, sink);
        }
    }
}

fn asked(code: &Code<'_>, site: &Site<'_>, interface: &str, sink: &mut Sink) {
    let mut call = call(Protocol::EventBus, None, Value::default(), code.within(site.function));
    call.operation = Some(format_smolstr!("{interface}/*"));
    sink.stated(Claim::Call(call), site.span());
}

/// What is entered in the directory of services, and who is looked up there.
fn directory(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["createRecord"]) {
        let Some(name) = site.call.arg(0).map(|a| value(code, a, site.function)) else { continue };
        match receiver(code, site.call, site.function).as_str() {
            "httpendpoint" => {
                let alias = Alias {
                    name: name.to_string().into(),
                    deployment: Deployment::Script,
                    target: Target::Registered(name),
                    ports: Vec::new(),
                    namespace: None,
                };
                sink.stated(Claim::Alias(alias), site.span());
            }
            "messagesource" => {
                let Some(path) = site.call.arg(1).map(|a| value(code, a, site.function)) else { continue };
                let route = Route { protocol: Protocol::EventBus, path, target: name, via: None };
                sink.stated(Claim::Route(route), site.span());
            }
            _ => {}
        }
    }
    for site in code.calls_named(&["getConsumer", "rxGetConsumer"]) {
        if receiver(code, site.call, site.function).ends_with("messagesource")
            && let Some(name) = asked_name(code, &site)
        {
            listens(name, code.within(site.function), site.span(), sink);
        }
    }
    for (site, name) in discovered(code) {
        let target = Value::text("http://").then(name);
        sink.inferred(Claim::Call(call(Protocol::Http, None, target, code.within(site.function))), site.span());
    }
}

/// Lookups of HTTP services by name.
fn discovered<'a>(code: &Code<'a>) -> Vec<(Site<'a>, Value)> {
    let names = ["getClient", "getWebClient", "rxGetClient", "rxGetWebClient", "getRecord", "rxGetRecord"];
    let asks = |site: &Site<'a>| {
        let on = receiver(code, site.call, site.function);
        match site.call.name() {
            "getRecord" | "rxGetRecord" => on.ends_with("discovery"),
            _ => on.ends_with("httpendpoint"),
        }
    };
    let sites = code.calls_named(&names).into_iter().filter(asks);
    sites.filter_map(|site| Some((site, asked_name(code, &site)?))).collect()
}

/// The name in a filter: `new JsonObject().put("name", x)`, `record -> record.getName().equals(x)`.
fn asked_name(code: &Code<'_>, site: &Site<'_>) -> Option<Value> {
    site.call.args.iter().find_map(|arg| match arg.value.kind {
        ExprKind::Lambda(index) => {
            let compared = code.calls_named(&["equals"]).into_iter().filter(|s| s.function == index);
            compared.into_iter().find_map(|s| {
                let on = s.call.receiver()?;
                let named = |e: &Expr| e.path().is_some_and(|p| p.ends_with("getName()") || p.ends_with(".name"));
                let other = if named(on) { s.call.arg(0)? } else { on };
                (named(on) || s.call.arg(0).is_some_and(named)).then(|| value(code, other, index))
            })
        }
        _ => {
            let (made, at) = code.resolved(&arg.value, site.function);
            made.as_call()?;
            json_value(code, made, at, "name")
                .filter(|v| v.as_hole().is_none_or(|h| !matches!(h, seam_facts::Hole::Config { .. })))
        }
    })
}

/// A gateway of one's own making: all HTTP services of the directory, and one of them chosen by the request. Gives whether the
/// file has one.
fn gateway(code: &Code<'_>, sink: &mut Sink) -> bool {
    let mut found = false;
    let chooses = !code.calls_named(&["getReference", "getReferenceWithConfiguration"]).is_empty();
    for site in code.calls_named(&["getRecords", "rxGetRecords"]) {
        let on = receiver(code, site.call, site.function);
        let http = site.call.args.iter().any(|a| match a.value.kind {
            ExprKind::Lambda(index) => mentions_endpoint(code, index),
            _ => {
                let found = json_value(code, &a.value, site.function, "type");
                found.is_some_and(|v| v.to_string().contains("HttpEndpoint.TYPE") || v.to_string() == "http-endpoint")
            }
        });
        if chooses && http && on.ends_with("discovery") {
            let route =
                Route { protocol: Protocol::Http, path: Value::text("/*"), target: Value::text("lb://*"), via: None };
            sink.inferred(Claim::Route(route), site.span());
            found = true;
        }
    }
    found
}

fn mentions_endpoint(code: &Code<'_>, lambda: usize) -> bool {
    let mut found = false;
    crate::code::ir::walk_stmts(&code.function(lambda).body, &mut |e| {
        found |= e.path().is_some_and(|p| p.ends_with("HttpEndpoint.TYPE"))
            || e.as_str().is_some_and(|t| t == "http-endpoint");
    });
    found
}
