//! HTTP client libraries of the JVM outside of Spring. See `http_clients.md`.
//!
//! A request is stated where its URL is known: most libraries build it in one chain, whose verb and URL are read together.

use super::read::{JVM, chained, last_name, receiver, requested, under, value};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Constant, Part, Protocol, SmolStr, Span, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-http-clients",
    version: 1,
    page: include_str!("http_clients.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    apache(code, sink);
    built(code, sink);
    connections(code, sink);
    web_targets(code, sink);
    if code.imports("io.ktor.client") {
        ktor(code, sink);
    }
    verbs(code, sink);
    generated(code, sink);
    mail(code, sink);
}

/// `new HttpGet(url)` and its kin, `Request.get(url)`, `RequestBuilder.post(url)`.
fn apache(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("org.apache.http") && !code.imports("org.apache.hc") {
        return;
    }
    told(code, sink);
    for method in ["Get", "Post", "Put", "Delete", "Patch", "Head", "Options"] {
        let class = format!("Http{method}");
        let small = method.to_lowercase();
        for site in code.calls_named(&[&class, &small, method]) {
            let made = site.call.new && site.call.name() == class;
            let on = receiver(code, site.call, site.function);
            let fluent =
                matches!(on.as_str(), "request" | "requestbuilder" | "classicrequestbuilder" | "simplerequestbuilder");
            if let (true, Some(url)) = (made || fluent, site.call.arg(0)) {
                let target = value(code, url, site.function);
                requested(
                    "Apache HttpClient",
                    Some(method.to_uppercase().into()),
                    target,
                    code.within(site.function),
                    site.span(),
                    sink,
                );
            }
        }
    }
}

/// A request whose address is set after it is made: `RequestBuilder.create(method).setUri(url)`, `new HttpGet().setURI(url)`.
fn told(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["setUri", "setURI"]) {
        let on = receiver(code, site.call, site.function);
        let Some(url) = site.call.arg(0) else { continue };
        let method = ["get", "post", "put", "delete", "patch", "head"].into_iter().find(|m| on == format!("http{m}"));
        if method.is_none() && !on.contains("requestbuilder") && on != "httpurirequest" && on != "httprequestbase" {
            continue;
        }
        let target = value(code, url, site.function);
        let method = method.map(|m| m.to_uppercase().into());
        requested("Apache HttpClient", method, target, code.within(site.function), site.span(), sink);
    }
}

/// OkHttp's `Request.Builder` and the JDK's `HttpRequest`: the URL is one link of a chain, the verb another.
fn built(code: &Code<'_>, sink: &mut Sink) {
    let library = |site: &Site<'_>| -> Option<&'static str> {
        let callee = code.callee(site.call, site.function);
        if callee.starts_with("Request.Builder") && (code.imports("okhttp3") || code.imports("com.squareup.okhttp")) {
            Some("OkHttp")
        } else if callee.starts_with("HttpRequest.newBuilder") && code.imports("java.net") {
            Some("java.net.http")
        } else {
            None
        }
    };
    let mut seen: Vec<Span> = Vec::new();
    for site in code.calls_named(&["build"]) {
        let Some(client) = library(&site) else { continue };
        let by = |name: &str| chained(site.expr, name);
        let url = ["url", "uri"].iter().find_map(|n| by(n)?.arg(0)).or_else(|| by("newBuilder")?.arg(0));
        let Some(url) = url else { continue };
        let verb = ["get", "post", "put", "delete", "patch", "head", "GET", "POST", "PUT", "DELETE", "HEAD"];
        let stated = verb.iter().find(|v| by(v).is_some()).map(|v| SmolStr::from(v.to_uppercase()));
        let method = by("method").and_then(|c| c.arg(0)).and_then(last_name).or(stated);
        seen.push(url.span);
        let method = method.or_else(|| Some("GET".into()));
        requested(client, method, value(code, url, site.function), code.within(site.function), site.span(), sink);
    }
    for site in code.calls_named(&["url", "uri"]) {
        if let (Some(client), Some(url)) = (library(&site), site.call.arg(0))
            && !seen.contains(&url.span)
        {
            requested(client, None, value(code, url, site.function), code.within(site.function), site.span(), sink);
        }
    }
}

/// `new URL(address).openConnection()`, and Kotlin's `URL(address).readText()`.
fn connections(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["openConnection", "openStream", "readText"]) {
        let Some(url) = site.call.receiver() else { continue };
        let origin = code.origin(url, site.function);
        if !matches!(origin.as_str(), "URL" | "java.net.URL" | "URI" | "URI.create().toURL()")
            && !origin.starts_with("URL.")
        {
            continue;
        }
        let method = code.calls_named(&["setRequestMethod"]).into_iter().find(|s| s.function == site.function);
        let method = method.and_then(|s| s.call.arg(0)).and_then(Expr::as_str).cloned();
        let target = value(code, url, site.function);
        requested("HttpURLConnection", method, target, code.within(site.function), site.span(), sink);
    }
}

/// JAX-RS: `client.target(url).path("x").request().get()`.
fn web_targets(code: &Code<'_>, sink: &mut Sink) {
    let rs = ["javax.ws.rs.client", "jakarta.ws.rs.client", "org.glassfish.jersey.client"];
    if !rs.iter().any(|p| code.imports(p)) {
        return;
    }
    let mut seen: Vec<Span> = Vec::new();
    let verbs = ["get", "post", "put", "delete", "head", "options", "method", "patch"];
    for site in code.calls_named(&verbs) {
        let Some(on) = site.call.receiver() else { continue };
        let (request, function) = match chained(on, "request") {
            Some(request) => (request, site.function),
            // `builder = target.request(); builder.get()`.
            None => match code.maker(on, site.function) {
                Some((call, function)) if call.name() == "request" => (call, function),
                _ => continue,
            },
        };
        let Some(target) = request.receiver().and_then(|r| web_target(code, r, function, 10)) else {
            continue;
        };
        seen.extend(request.receiver().map(|r| r.span));
        let method = match site.call.name() {
            "method" => site.call.arg(0).and_then(last_name),
            verb => Some(verb.to_uppercase().into()),
        };
        requested("JAX-RS client", method, target, code.within(site.function), site.span(), sink);
    }
    for site in code.calls_named(&["request"]) {
        let Some(on) = site.call.receiver() else { continue };
        if seen.contains(&on.span) {
            continue;
        }
        if let Some(target) = web_target(code, on, site.function, 10) {
            requested("JAX-RS client", None, target, code.within(site.function), site.span(), sink);
        }
    }
}

/// The URL of a `WebTarget`: its base, and what `path` adds.
fn web_target<'a>(code: &Code<'a>, expr: &'a Expr, function: usize, steps: usize) -> Option<Value> {
    if steps == 0 {
        return None;
    }
    let follow = |call: &'a crate::code::ir::Call, function: usize| match call.name() {
        "target" => Some(value(code, call.arg(0)?, function)),
        "path" => {
            let base = web_target(code, call.receiver()?, function, steps - 1)?;
            Some(under(base, value(code, call.arg(0)?, function)))
        }
        "register" | "queryParam" | "property" | "resolveTemplate" | "matrixParam" | "resolveTemplates" => {
            web_target(code, call.receiver()?, function, steps - 1)
        }
        _ => None,
    };
    match expr.as_call() {
        Some(call) => follow(call, function).or_else(|| {
            // A method that gives a target: what it returns is followed by linking.
            code.origin(expr, function).ends_with("WebTarget").then(|| value(code, expr, function))
        }),
        None => match code.maker(expr, function) {
            Some((call, function)) => follow(call, function),
            None => code.origin(expr, function).ends_with("WebTarget").then(|| value(code, expr, function)),
        },
    }
}

/// Ktor's client: the URL is the first argument or is set in the closure.
fn ktor(code: &Code<'_>, sink: &mut Sink) {
    // `defaultRequest { url("http://orders/") }` is a base.
    for site in code.calls_named(&["url"]) {
        let mut scope = Some(site.function);
        while let Some(index) = scope {
            if let Some(outer) = parent_call(code, index)
                && outer.call.name() == "defaultRequest"
                && let Some(base) = site.call.arg(0)
            {
                let value = value(code, base, site.function);
                sink.stated(Claim::Constant(Constant { symbol: "HttpClient.<base>".into(), value }), site.span());
            }
            scope = code.function(index).parent;
        }
    }
    let verbs = [
        "get",
        "post",
        "put",
        "delete",
        "patch",
        "head",
        "options",
        "request",
        "submitForm",
        "preparePost",
        "prepareGet",
    ];
    for site in code.calls_named(&verbs) {
        let on = receiver(code, site.call, site.function);
        if !on.ends_with("httpclient") && !on.ends_with("client") {
            continue;
        }
        let lambda = site.call.args.iter().find_map(|a| match a.value.kind {
            ExprKind::Lambda(index) => Some(index),
            _ => None,
        });
        let first = site.call.arg_or("url", 0).filter(|e| !matches!(e.kind, ExprKind::Lambda(_)));
        let target = match (first, lambda) {
            (Some(url), _) => value(code, url, site.function),
            (None, Some(index)) => match closure_url(code, index) {
                Some(url) => url,
                None => continue,
            },
            (None, None) => continue,
        };
        let method = match site.call.name() {
            "request" => None,
            "submitForm" | "preparePost" => Some("POST".into()),
            "prepareGet" => Some("GET".into()),
            verb => Some(verb.to_uppercase().into()),
        };
        requested("Ktor", method, below(target, "HttpClient.<base>"), code.within(site.function), site.span(), sink);
    }
}

/// The address that the closure of a request sets: `url("…")`, or `url { host = "orders"; path("open") }` by its parts.
fn closure_url(code: &Code<'_>, index: usize) -> Option<Value> {
    let site = code.calls_named(&["url"]).into_iter().find(|s| s.function == index)?;
    let first = site.call.arg(0)?;
    let ExprKind::Lambda(inner) = first.kind else { return Some(value(code, first, index)) };
    let set = |name: &str| code.assigned(name, inner).first().map(|(e, f)| value(code, e, *f));
    let mut out = Value::text("http://").then(set("host")?);
    if let Some(port) = set("port") {
        out = out.then(":".into()).then(port);
    }
    if let Some(path) = set("encodedPath") {
        return Some(under(out, path));
    }
    for site in code.calls_named(&["path", "appendPathSegments"]).into_iter().filter(|s| s.function == inner) {
        for arg in &site.call.args {
            out = under(out, value(code, &arg.value, inner));
        }
    }
    Some(out)
}

/// The call that a closure is an argument of.
pub(super) fn parent_call<'a>(code: &Code<'a>, lambda: usize) -> Option<Site<'a>> {
    let parent = code.function(lambda).parent?;
    let takes = |s: &&Site<'a>| {
        s.function == parent && s.call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Lambda(i) if i == lambda))
    };
    code.calls().iter().find(takes).copied()
}

/// A path stands below a base that is set elsewhere.
fn below(target: Value, symbol: &str) -> Value {
    match target.parts.first() {
        Some(Part::Text(text)) if text.starts_with('/') => under(Value::reference(symbol), target),
        _ => target,
    }
}

/// Libraries whose verbs take the URL at once: class or import, methods, name.
fn verbs(code: &Code<'_>, sink: &mut Sink) {
    // Unirest.get(url), Micronaut HttpRequest.GET(url).
    let micronaut = code.imports("io.micronaut.http");
    for site in code.calls_named(&["create"]) {
        if let (true, Some(base)) =
            (micronaut && receiver(code, site.call, site.function).ends_with("httpclient"), site.call.arg(0))
        {
            let value = value(code, base, site.function);
            sink.stated(Claim::Constant(Constant { symbol: "HttpClient.<base>".into(), value }), site.span());
        }
    }
    // A client of Micronaut takes an address for a request as well.
    for site in code.calls_named(&["retrieve", "exchange", "jsonStream", "dataStream"]) {
        let on = receiver(code, site.call, site.function);
        let Some(url) = site.call.arg(0).filter(|_| micronaut && (on.contains("httpclient") || on == "client")) else {
            continue;
        };
        let path = value(code, url, site.function);
        let Some(Part::Text(first)) = path.parts.first() else { continue };
        let target = match first.starts_with('/') {
            true => under(injected_base(code), path),
            false if first.contains("://") => path,
            false => continue,
        };
        requested("Micronaut", Some("GET".into()), target, code.within(site.function), site.span(), sink);
    }
    for site in code.calls_named(&[
        "get", "post", "put", "delete", "patch", "head", "options", "GET", "POST", "PUT", "DELETE", "PATCH",
    ]) {
        let on = receiver(code, site.call, site.function);
        let Some(first) = site.call.arg(0) else { continue };
        let method = Some(SmolStr::from(site.call.name().to_uppercase()));
        let within = code.within(site.function);
        if on == "unirest" {
            requested("Unirest", method, value(code, first, site.function), within, site.span(), sink);
        } else if micronaut && on == "httprequest" {
            let path = value(code, first, site.function);
            let relative = matches!(path.parts.first(), Some(Part::Text(t)) if t.starts_with('/'));
            let target = if relative { under(injected_base(code), path) } else { path };
            requested("Micronaut", method, target, within, site.span(), sink);
        }
    }
}

/// The base of a client that Micronaut injects: `@Client("http://orders") HttpClient client`.
fn injected_base(code: &Code<'_>) -> Value {
    let mut found = Vec::new();
    let mut take = |annotations: &[crate::code::ir::Annotation]| {
        if let Some(a) = super::read::find(annotations, &["Client"])
            && let Some(id) = super::read::text(code, a, &["value", "id"], "")
        {
            found.push(super::read::as_url(id));
        }
    };
    code.unit.types.iter().flat_map(|t| &t.fields).for_each(|f| take(&f.annotations));
    code.unit.functions.iter().flat_map(|f| &f.params).for_each(|p| take(&p.annotations));
    if found.is_empty() { Value::reference("HttpClient.<base>") } else { Value::either(found) }
}

/// Generated clients (OpenAPI's `ApiClient`, Kiota's request adapters) are told their base; their calls are generated.
fn generated(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["setBaseUrl", "setBasePath", "updateBaseUri"]) {
        let on = receiver(code, site.call, site.function);
        let client = if on.contains("requestadapter") || on == "adapter" {
            "Kiota"
        } else if on.contains("apiclient") {
            "OpenAPI client"
        } else {
            continue;
        };
        // Within the generated code itself it is the description's example server.
        let own = code.owner(site.function);
        let generated = |t: &crate::code::ir::Type| {
            t.supers.iter().any(|s| s.ends_with("BaseRequestBuilder")) || t.name == "ApiClient"
        };
        if own.is_some_and(generated) {
            continue;
        }
        let Some(url) = site.call.arg(0) else { continue };
        requested(client, None, value(code, url, site.function), code.within(site.function), site.span(), sink);
    }
}

/// Spring's mail sender goes where its key says.
fn mail(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["send"]) {
        if !receiver(code, site.call, site.function).ends_with("mailsender") {
            continue;
        }
        let call = Call::to(
            Protocol::Smtp,
            "Spring Mail".into(),
            Value::config("spring.mail.host", None),
            code.within(site.function),
        );
        sink.stated(Claim::Call(call), site.span());
    }
}
