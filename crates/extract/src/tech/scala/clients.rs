//! HTTP clients of Scala. See `clients.md`.
//!
//! A request is stated where its address is given; what is handed a ready request states nothing.

use super::read::{SCALA, verb};
use crate::code::ir::{Call as Invocation, Expr, ExprKind};
use crate::code::{Code, Site};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Hole, METHODS, Protocol, SmolStr, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "scala-clients",
    version: 1,
    page: include_str!("clients.md"),
    reads: Reads::Code { langs: SCALA, extract },
};

const VERBS: &[&str] = &["get", "post", "put", "delete", "patch", "head", "options"];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let any = |packages: &[&str]| packages.iter().any(|p| code.imports(p));
    if any(&["akka.http", "org.apache.pekko.http"]) {
        akka(code, sink);
    }
    if any(&["sttp.client", "sttp.model", "com.softwaremill.sttp", "sttp.tapir.client"]) {
        sttp(code, sink);
    }
    if any(&["org.http4s"]) {
        http4s(code, sink);
    }
    if any(&["zio.http", "zhttp"]) {
        zio(code, sink);
    }
    plain(code, sink);
}

fn request(code: &Code<'_>, site: &Site<'_>, client: &str, method: Option<SmolStr>, url: &Expr, sink: &mut Sink) {
    let target = code.value(url, site.function);
    stated(code, site, client, method, target, sink);
}

fn stated(code: &Code<'_>, site: &Site<'_>, client: &str, method: Option<SmolStr>, target: Value, sink: &mut Sink) {
    if target.is_empty() || matches!(target.as_hole(), Some(Hole::Opaque(_))) {
        return;
    }
    let call = Call { method, ..Call::to(Protocol::Http, client.into(), target, code.within(site.function)) };
    sink.stated(Claim::Call(call), site.span());
}

/// Akka HTTP and Pekko HTTP: `HttpRequest(POST, uri = "…")`, `Get("…")` of its request building, pools for a host.
fn akka(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["HttpRequest"]) {
        let call = site.call;
        if !call.new {
            continue;
        }
        let method = call.named("method").or_else(|| call.args.first().filter(|a| a.name.is_none()).map(|a| &a.value));
        let method = method.and_then(verb);
        let first = call.args.first().filter(|a| a.name.is_none() && method.is_none()).map(|a| &a.value);
        let second = call.args.get(1).filter(|a| a.name.is_none()).map(|a| &a.value);
        let Some(url) = call.named("uri").or(second).or(first.filter(|e| !matches!(e.kind, ExprKind::Lambda(_))))
        else {
            continue;
        };
        request(code, &site, "Akka HTTP", method.or_else(|| Some("GET".into())), url, sink);
    }
    let building = code.unit.imports.iter().any(|i| i.path.contains("RequestBuilding") || i.alias == "RequestBuilding")
        || code.unit.types.iter().any(|t| t.supers.iter().any(|s| s == "RequestBuilding"));
    for site in code.calls_named(&["Get", "Post", "Put", "Delete", "Patch", "Head"]) {
        let own = match site.call.receiver() {
            None => building,
            Some(on) => on.path().is_some_and(|p| p.ends_with("RequestBuilding")),
        };
        if let (true, Some(url)) = (own, site.call.arg(0)) {
            request(code, &site, "Akka HTTP", Some(site.call.name().to_uppercase().into()), url, sink);
        }
    }
    const POOLS: &[&str] = &[
        "outgoingConnection",
        "outgoingConnectionHttps",
        "cachedHostConnectionPool",
        "cachedHostConnectionPoolHttps",
        "newHostConnectionPool",
        "connectionTo",
    ];
    for site in code.calls_named(POOLS) {
        let Some(host) = site.call.arg_or("host", 0) else { continue };
        let mut target = Value::text("http://").then(code.value(host, site.function));
        if let Some(port) = site.call.arg_or("port", 1) {
            target = target.then(":".into()).then(code.value(port, site.function));
        }
        stated(code, &site, "Akka HTTP", None, target, sink);
    }
    // `HttpRequest().withUri("…")`.
    for site in code.calls_named(&["withUri"]) {
        let on = site.call.receiver().and_then(Expr::path).unwrap_or_default();
        if let (true, Some(url)) = (on.starts_with("HttpRequest"), site.call.arg(0)) {
            request(code, &site, "Akka HTTP", None, url, sink);
        }
    }
}

/// sttp: `basicRequest.header(…).get(uri"…")`; endpoints of Tapir that are asked.
fn sttp(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(VERBS) {
        let Some(on) = site.call.receiver() else { continue };
        let (made, at) = code.resolved(root(on), site.function);
        let path = root(made).path().unwrap_or_default();
        let origin = code.origin(made, at);
        let begins = |p: &str| {
            ["basicRequest", "quickRequest", "emptyRequest", "sttp"]
                .iter()
                .any(|w| p == *w || p.starts_with(&format!("{w}.")))
        };
        if !begins(&path) && !begins(&origin) {
            continue;
        }
        if let Some(url) = site.call.arg(0) {
            request(code, &site, "sttp", Some(site.call.name().to_uppercase().into()), url, sink);
        }
    }
    // `SttpClientInterpreter().toRequest(endpoint, Some(uri"http://orders"))`.
    for site in code.calls_named(&[
        "toRequest",
        "toRequestThrowDecodeFailures",
        "toRequestThrowErrors",
        "toClient",
        "toClientThrowDecodeFailures",
        "toClientThrowErrors",
        "toQuickClient",
        "toSecureRequest",
        "toSecureClient",
    ]) {
        let interprets = site.call.receiver().map(|r| code.origin(r, site.function));
        if let (true, Some(base)) =
            (interprets.is_some_and(|o| o.contains("ClientInterpreter")), site.call.arg_or("baseUri", 1))
        {
            request(code, &site, "Tapir", None, base, sink);
        }
    }
}

/// What a chain of calls and members begins with.
fn root(expr: &Expr) -> &Expr {
    let mut at = expr;
    loop {
        at = match &at.kind {
            ExprKind::Member(base, _) => base,
            ExprKind::Call(call) => match call.receiver() {
                Some(base) => base,
                None => return at,
            },
            _ => return at,
        };
    }
}

/// http4s: `client.expect[Order](uri)`, `Request[IO](Method.POST, uri)`, `POST(body, uri)` of its DSL.
fn http4s(code: &Code<'_>, sink: &mut Sink) {
    const ASKS: &[&str] = &[
        "expect",
        "expectOr",
        "expectOption",
        "expectOptionOr",
        "get",
        "fetchAs",
        "successful",
        "statusFromUri",
        "statusFromString",
    ];
    for site in code.calls_named(ASKS) {
        let Some(on) = site.call.receiver() else { continue };
        let origin = code.origin(on, site.function).to_ascii_lowercase();
        let called = on.path().unwrap_or_default().to_ascii_lowercase();
        let client = |w: &str| w.ends_with("client") || w.ends_with("httpclient") || w.ends_with("http");
        if !client(&origin) && !client(&called) {
            continue;
        }
        let Some(url) = site.call.arg(0).filter(|u| !is_request(code, u, site.function)) else { continue };
        if matches!(url.kind, ExprKind::Lambda(_)) {
            continue;
        }
        request(code, &site, "http4s", Some("GET".into()), url, sink);
    }
    for site in code.calls_named(METHODS) {
        let arg = |i: usize| site.call.arg(i);
        let url = match site.call.name() {
            "POST" | "PUT" | "PATCH" => arg(1).filter(|e| !matches!(e.kind, ExprKind::Lambda(_))).or(arg(0)),
            _ => arg(0),
        };
        let plain = match site.call.receiver() {
            None => true,
            Some(on) => on.path().is_some_and(|p| p == "Method"),
        };
        if let (true, Some(url)) = (plain, url) {
            request(code, &site, "http4s", Some(site.call.name().into()), url, sink);
        }
    }
    for site in code.calls_named(&["Request"]) {
        let call = site.call;
        let method = call.arg_or("method", 0).and_then(verb);
        let Some(url) = call.named("uri").or_else(|| call.arg(1).filter(|_| method.is_some())) else { continue };
        request(code, &site, "http4s", method.or_else(|| Some("GET".into())), url, sink);
    }
    for site in code.calls_named(&["withUri"]) {
        let on = site.call.receiver().and_then(Expr::path).unwrap_or_default();
        if let (true, Some(url)) = (on.starts_with("Request"), site.call.arg(0)) {
            request(code, &site, "http4s", None, url, sink);
        }
    }
}

/// Whether an expression is a request that states itself.
fn is_request(code: &Code<'_>, expr: &Expr, function: usize) -> bool {
    let (made, _) = code.resolved(expr, function);
    let begins = root(made);
    let named = |call: &Invocation| call.name() == "Request" || METHODS.contains(&call.name());
    made.as_call().is_some_and(named) || begins.as_call().is_some_and(named)
}

/// ZIO HTTP: `Client.batched(Request.get(url))`, `Client.request(url)`, `client.url(base).get("/orders")`.
fn zio(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(VERBS) {
        let on = site.call.receiver().and_then(Expr::path).unwrap_or_default();
        if on == "Request"
            && let Some(url) = site.call.arg(0)
        {
            request(code, &site, "ZIO HTTP", Some(site.call.name().to_uppercase().into()), url, sink);
        }
    }
    for site in code.calls_named(&["request", "batched", "streaming", "simple"]) {
        let on = site.call.receiver().map(|r| code.origin(r, site.function)).unwrap_or_default();
        let Some(url) = site.call.arg_or("url", 0) else { continue };
        let made = code
            .resolved(url, site.function)
            .0
            .as_call()
            .is_some_and(|c| c.callee.path().is_some_and(|p| p.starts_with("Request")));
        if (on == "Client" || on == "ZClient") && !made {
            let method = site.call.named("method").and_then(verb);
            request(code, &site, "ZIO HTTP", method, url, sink);
        }
    }
    for site in code.calls_named(&["Request"]) {
        let method = site.call.named("method").and_then(verb);
        if let Some(url) = site.call.named("url") {
            request(code, &site, "ZIO HTTP", method, url, sink);
        }
    }
    // A client with a base: `client.url(base)`, `client.host("orders")`.
    for site in code.calls_named(&["url", "host"]) {
        let on = site.call.receiver().map(|r| code.origin(r, site.function)).unwrap_or_default();
        let Some(base) = site.call.arg(0).filter(|_| on.starts_with("Client") || on.starts_with("ZClient")) else {
            continue;
        };
        request(code, &site, "ZIO HTTP", None, base, sink);
    }
}

/// Libraries whose requests are told by one name: its package, the name, what it is called on, the client's name.
fn plain(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(VERBS) {
        // `requests.get("…")`.
        let on = site.call.receiver().and_then(Expr::path).unwrap_or_default();
        if on == "requests"
            && let Some(url) = site.call.arg_or("url", 0)
        {
            request(code, &site, "requests-scala", Some(site.call.name().to_uppercase().into()), url, sink);
        }
    }
    for site in code.calls_named(&["url"]) {
        if let (true, None, Some(url)) = (code.imports("dispatch"), site.call.receiver(), site.call.arg(0)) {
            request(code, &site, "Dispatch", None, url, sink);
        }
    }
    for site in code.calls_named(&["Http"]) {
        if let (true, Some(url)) = (code.imports("scalaj.http"), site.call.arg(0)) {
            request(code, &site, "scalaj-http", None, url, sink);
        }
    }
    for site in code.calls_named(&["fromURL"]) {
        if let (true, Some(url)) =
            (site.call.receiver().and_then(Expr::path).is_some_and(|p| p.ends_with("Source")), site.call.arg(0))
        {
            request(code, &site, "scala.io", Some("GET".into()), url, sink);
        }
    }
    // Finagle: `Http.client.newService("orders:8080")`.
    for site in code.calls_named(&["newService", "newClient"]) {
        let on = site.call.receiver().map(|r| code.origin(r, site.function)).unwrap_or_default();
        if let (true, Some(to)) = (code.imports("com.twitter.finagle") && on.contains("Http"), site.call.arg(0)) {
            let target = Value::text("http://").then(code.value(to, site.function));
            stated(code, &site, "Finagle", None, target, sink);
        }
    }
}
