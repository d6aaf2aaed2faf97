//! HTTP client libraries whose calls are alike: a verb with the address, on a client that may have a base. See `url_clients.md`.
//!
//! A relative address stands below the base of the library's client, in this file or where it is handed in from
//! (`LIBRARY.<base>`).

use super::read::{JVM, chained, last_name, receiver, requested, under, value};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Constant, Part, SmolStr, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-url-clients",
    version: 2,
    page: include_str!("url_clients.md"),
    reads: Reads::Code { langs: JVM, extract },
};

/// One library: its packages, words that end what its requests are made on, functions that make a request with the position
/// of the address, and functions that set a base.
struct Library {
    name: &'static str,
    packages: &'static [&'static str],
    on: &'static [&'static str],
    verbs: &'static [(&'static str, &'static str, usize)],
    bases: &'static [&'static str],
}

const PLAIN: &[(&str, &str, usize)] = &[
    ("get", "GET", 0),
    ("post", "POST", 0),
    ("put", "PUT", 0),
    ("delete", "DELETE", 0),
    ("patch", "PATCH", 0),
    ("head", "HEAD", 0),
    ("options", "OPTIONS", 0),
];

const LIBRARIES: &[Library] = &[
    Library {
        name: "Helidon WebClient",
        packages: &["io.helidon.webclient"],
        on: &["webclient", "http1client", "http2client", "client"],
        verbs: PLAIN,
        bases: &["baseUri"],
    },
    Library {
        name: "Armeria",
        packages: &["com.linecorp.armeria.client"],
        on: &["webclient", "blockingwebclient", "restclient", "client", "blocking"],
        verbs: PLAIN,
        bases: &["of", "builder"],
    },
    Library {
        name: "AsyncHttpClient",
        packages: &["org.asynchttpclient", "com.ning.http.client", "play.shaded.ahc"],
        on: &["client", "http"],
        verbs: &[
            ("prepareGet", "GET", 0),
            ("preparePost", "POST", 0),
            ("preparePut", "PUT", 0),
            ("prepareDelete", "DELETE", 0),
            ("preparePatch", "PATCH", 0),
            ("prepareHead", "HEAD", 0),
        ],
        bases: &[],
    },
    Library {
        name: "Google HTTP client",
        packages: &["com.google.api.client.http"],
        on: &[""],
        verbs: &[
            ("buildGetRequest", "GET", 0),
            ("buildPostRequest", "POST", 0),
            ("buildPutRequest", "PUT", 0),
            ("buildDeleteRequest", "DELETE", 0),
            ("buildPatchRequest", "PATCH", 0),
            ("buildRequest", "", 1),
        ],
        bases: &[],
    },
    Library {
        name: "Fuel",
        packages: &["com.github.kittinunf.fuel", "fuel"],
        on: &["fuel", "fuelmanager", "fuelmanager.instance"],
        verbs: PLAIN,
        bases: &[],
    },
    Library {
        name: "Jetty HttpClient",
        packages: &["org.eclipse.jetty.client"],
        on: &["client"],
        verbs: &[("GET", "GET", 0), ("POST", "POST", 0), ("newRequest", "", 0)],
        bases: &[],
    },
    Library {
        name: "Ratpack",
        packages: &["ratpack.http.client"],
        on: &["client"],
        verbs: &[("get", "GET", 0), ("post", "POST", 0), ("request", "", 0), ("requestStream", "", 0)],
        bases: &[],
    },
    Library {
        name: "Apache CXF WebClient",
        packages: &["org.apache.cxf.jaxrs.client"],
        on: &["webclient"],
        verbs: &[("create", "", 0)],
        bases: &[],
    },
    Library {
        name: "Play WS",
        packages: &["play.libs.ws", "play.api.libs.ws"],
        on: &["ws", "wsclient", "client"],
        verbs: &[("url", "", 0)],
        bases: &[],
    },
    Library {
        name: "Akka HTTP",
        packages: &["akka.http", "org.apache.pekko.http"],
        on: &["httprequest"],
        verbs: &[
            ("create", "", 0),
            ("GET", "GET", 0),
            ("POST", "POST", 0),
            ("PUT", "PUT", 0),
            ("DELETE", "DELETE", 0),
            ("PATCH", "PATCH", 0),
        ],
        bases: &[],
    },
    Library {
        name: "Spring Web Services",
        packages: &["org.springframework.ws.client"],
        on: &["template", "getwebservicetemplate"],
        verbs: &[
            ("marshalSendAndReceive", "POST", 0),
            ("setDefaultUri", "POST", 0),
            ("sendSourceAndReceiveToResult", "POST", 0),
        ],
        bases: &[],
    },
    Library { name: "JSoup", packages: &["org.jsoup"], on: &["jsoup"], verbs: &[("connect", "GET", 0)], bases: &[] },
    Library {
        name: "http-request",
        packages: &["com.github.kevinsawicki.http", "khttp", "cn.hutool.http"],
        on: &["httprequest", "khttp", "httputil"],
        verbs: PLAIN,
        bases: &[],
    },
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for library in LIBRARIES.iter().filter(|l| l.packages.iter().any(|p| code.imports(p))) {
        bases(code, library, sink);
        requests(code, library, sink);
    }
    if code.imports("reactor.netty.http.client") {
        reactor_netty(code, sink);
    }
    if code.imports("org.http4k") {
        http4k(code, sink);
    }
    if code.imports("com.github.kittinunf.fuel") {
        fuel_strings(code, sink);
    }
}

/// Whether a type that requests are made on may be this library's: others have types of the same name.
fn is_own(code: &Code<'_>, library: &Library, on: &str) -> bool {
    let ty = on.split(['.', '(']).next().unwrap_or(on);
    let mut named = code.unit.imports.iter().filter(|i| i.alias.eq_ignore_ascii_case(ty));
    named.next().is_none_or(|i| library.packages.iter().any(|p| i.path.starts_with(p)))
}

fn base_of(library: &str) -> SmolStr {
    format_smolstr!("{}.<base>", library.replace(' ', ""))
}

fn bases(code: &Code<'_>, library: &Library, sink: &mut Sink) {
    for site in code.calls_named(library.bases) {
        let on = receiver(code, site.call, site.function);
        if !library.on.iter().any(|w| on.split('.').any(|part| part.ends_with(w))) || !is_own(code, library, &on) {
            continue;
        }
        let Some(base) = site.call.arg(0).filter(|e| !matches!(e.kind, ExprKind::Lambda(_))) else { continue };
        let value = value(code, base, site.function);
        if value.as_text().is_some_and(|t| !t.contains("://")) {
            continue;
        }
        sink.stated(Claim::Constant(Constant { symbol: base_of(library.name), value }), site.span());
    }
}

fn requests(code: &Code<'_>, library: &Library, sink: &mut Sink) {
    for (name, verb, at) in library.verbs {
        for site in code.calls_named(&[name]) {
            let on = receiver(code, site.call, site.function);
            // Kotlin states no type: there a client is what made it.
            let made = |w: &str| match on.rsplit_once('.') {
                Some((by, "of" | "create" | "build")) => by.split('.').next().is_some_and(|ty| ty.ends_with(w)),
                _ => false,
            };
            let fits = library.on.iter().any(|w| on.ends_with(w) || made(w));
            let arg = site.call.arg(*at).filter(|e| !matches!(e.kind, ExprKind::Lambda(_)));
            if !fits || site.call.new || !is_own(code, library, &on) {
                continue;
            }
            // Helidon and Ratpack may be told the address after the verb.
            let address = match arg {
                Some(arg) => value(code, arg, site.function),
                None if library.bases.is_empty() => continue,
                None => after(code, &site).unwrap_or_default(),
            };
            // A template with an address of its own is given the payload alone.
            let payload = address.as_text().is_none() && !arg.is_some_and(is_called_address);
            if library.name == "Spring Web Services" && *name != "setDefaultUri" && payload {
                continue;
            }
            let stated = match *verb {
                "" => chained_verb(code, &site),
                verb => Some(verb.into()),
            };
            let target = below(address, library);
            requested(library.name, stated, target, code.within(site.function), site.span(), sink);
        }
    }
}

fn is_called_address(expr: &Expr) -> bool {
    expr.path().is_some_and(|p| {
        let p = p.to_ascii_lowercase();
        ["uri", "url", "endpoint", "address"].iter().any(|w| p.contains(w))
    })
}

/// `client.get().uri("/x")`, `client.get().path("/x")`: what follows the verb in its chain.
fn after(code: &Code<'_>, verb: &Site<'_>) -> Option<Value> {
    let follows =
        |s: &Site<'_>| s.function == verb.function && s.call.receiver().is_some_and(|on| chained_holds(on, verb.expr));
    let site = code.calls_named(&["uri", "path"]).into_iter().find(follows)?;
    Some(value(code, site.call.arg(0)?, site.function))
}

fn chained_holds(expr: &Expr, wanted: &Expr) -> bool {
    let mut next = Some(expr);
    while let Some(expr) = next {
        if std::ptr::eq(expr, wanted) {
            return true;
        }
        next = expr.as_call().and_then(|c| c.receiver());
    }
    false
}

/// `newRequest(url).method("POST")`, `buildRequest("POST", url, body)`.
fn chained_verb(code: &Code<'_>, site: &Site<'_>) -> Option<SmolStr> {
    let capitals = |m: &SmolStr| !m.is_empty() && m.chars().all(|c| c.is_ascii_uppercase());
    if let Some(first) = site.call.arg(0).filter(|_| site.call.name() == "buildRequest") {
        return last_name(first).filter(capitals);
    }
    // Play's verb follows what is said of the request: `ws.url(url).addHttpHeaders(…).get()`.
    if site.call.name() == "url" {
        let verbs: Vec<&str> = PLAIN.iter().map(|(name, ..)| *name).collect();
        let outer = code.calls_named(&verbs).into_iter().filter(|s| s.function == site.function);
        let mut asks = outer.filter(|s| s.call.receiver().is_some_and(|on| chained_holds(on, site.expr)));
        if let Some(verb) = asks.next() {
            return Some(verb.call.name().to_uppercase().into());
        }
    }
    let methods = code.calls_named(&["method", "withMethod"]).into_iter().filter(|s| s.function == site.function);
    let mut own = methods.filter(|s| s.call.receiver().is_some_and(|on| chained_holds(on, site.expr)));
    own.next().and_then(|s| last_name(s.call.arg(0)?)).filter(capitals)
}

fn below(target: Value, library: &Library) -> Value {
    let relative = match target.parts.first() {
        Some(Part::Text(text)) => !text.contains("://"),
        Some(Part::Hole(_)) => false,
        None => true,
    };
    if relative && !library.bases.is_empty() { under(Value::reference(base_of(library.name)), target) } else { target }
}

/// Reactor Netty: `HttpClient.create().baseUrl(u).get().uri("/x")`.
fn reactor_netty(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["baseUrl"]) {
        if let (true, Some(base)) = (receiver(code, site.call, site.function).contains("httpclient"), site.call.arg(0))
        {
            let value = value(code, base, site.function);
            sink.stated(Claim::Constant(Constant { symbol: base_of("Reactor Netty"), value }), site.span());
        }
    }
    for site in code.calls_named(&["uri"]) {
        let Some(on) = site.call.receiver() else { continue };
        let Some(uri) = site.call.arg(0) else { continue };
        if !receiver(code, site.call, site.function).contains("httpclient") {
            continue;
        }
        let verb = PLAIN.iter().find(|(name, ..)| on.as_call().is_some_and(|c| c.name() == *name));
        let target = value(code, uri, site.function);
        let near = chained(on, "baseUrl").and_then(|c| c.arg(0)).map(|b| value(code, b, site.function));
        let whole = target.to_string().contains("://") || target.as_hole().is_some();
        let target = match near {
            _ if whole => target,
            Some(base) => under(base, target),
            None => under(Value::reference(base_of("Reactor Netty")), target),
        };
        let method = verb.map(|(_, method, _)| SmolStr::from(*method));
        requested("Reactor Netty", method, target, code.within(site.function), site.span(), sink);
    }
}

/// http4k: `client(Request(GET, url))`, with `SetBaseUriFrom(Uri.of(base))` and `SetHostFrom` before it.
fn http4k(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["SetBaseUriFrom", "SetHostFrom"]) {
        let Some(base) = site.call.arg(0) else { continue };
        let base = base.as_call().filter(|c| c.name() == "of").and_then(|c| c.arg(0)).unwrap_or(base);
        let value = value(code, base, site.function);
        sink.stated(Claim::Constant(Constant { symbol: base_of("http4k"), value }), site.span());
    }
    for site in code.calls_named(&["Request", "create"]) {
        if site.call.name() == "create" && receiver(code, site.call, site.function) != "request" {
            continue;
        }
        let (Some(method), Some(url)) = (site.call.arg(0).and_then(last_name), site.call.arg(1)) else { continue };
        if !PLAIN.iter().any(|(_, verb, _)| *verb == method) {
            continue;
        }
        let target = value(code, url, site.function);
        let relative = matches!(target.parts.first(), Some(Part::Text(t)) if t.starts_with('/'));
        let target = if relative { under(Value::reference(base_of("http4k")), target) } else { target };
        requested("http4k", Some(method), target, code.within(site.function), site.span(), sink);
    }
}

/// Fuel in Kotlin: `"http://orders/open".httpGet()`.
fn fuel_strings(code: &Code<'_>, sink: &mut Sink) {
    if code.unit.lang != Lang::Kotlin {
        return;
    }
    for site in code.calls_named(&["httpGet", "httpPost", "httpPut", "httpDelete", "httpPatch", "httpHead"]) {
        let Some(on) = site.call.receiver() else { continue };
        let method = site.call.name().trim_start_matches("http").to_uppercase();
        let target = value(code, on, site.function);
        requested("Fuel", Some(method.into()), target, code.within(site.function), site.span(), sink);
    }
}
