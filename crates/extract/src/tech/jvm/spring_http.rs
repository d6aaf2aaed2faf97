//! Spring's HTTP clients: `RestTemplate`, `WebClient`, `RestClient`. See `spring_http.md`.
//!
//! A base URL belongs to the client's type within a service (`WebClient.<base>`): beans are handed around by type, and
//! which of several is injected changes the path called, seldom the set of services.

use super::read::{JVM, class_of, filled, last_name, under};
use crate::code::Code;
use crate::code::ir::{Expr, ExprKind};
use crate::tech::verbs::Verb;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Constant, Part, Protocol, SmolStr, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "spring-http",
    version: 3,
    page: include_str!("spring_http.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    bases(code, sink);
    rest_template(code, sink);
    web_client(code, sink);
    graphql(code, sink);
}

/// `HttpGraphQlClient.create(webClient)` asks where its client leads.
fn graphql(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["create", "builder"]) {
        let on = code.callee(site.call, site.function);
        let library = match on.split('.').next() {
            Some("HttpGraphQlClient") => "WebClient",
            Some("HttpSyncGraphQlClient") => "RestClient",
            _ => continue,
        };
        let Some(client) = site.call.arg(0) else { continue };
        let base = base_of(code, client, library, site.function);
        let call = Call {
            method: Some("POST".into()),
            ..Call::to(
                Protocol::Graphql,
                "Spring GraphQL".into(),
                base.unwrap_or_else(|| Value::reference(format_smolstr!("{library}.<base>"))),
                code.within(site.function),
            )
        };
        sink.stated(Claim::Call(call), site.span());
    }
}

/// The client's type, when a canonical name is about one of these clients.
fn client_of(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    if name.contains("resttemplate") || name.contains("restoperations") {
        Some("RestTemplate")
    } else if name.contains("restclient") {
        Some("RestClient")
    } else if name.contains("webclient") {
        Some("WebClient")
    } else {
        None
    }
}

fn bases(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["baseUrl", "create", "rootUri", "DefaultUriBuilderFactory"]) {
        let callee = code.callee(site.call, site.function);
        let client = match site.call.name() {
            "rootUri" | "DefaultUriBuilderFactory" => client_of(&callee).unwrap_or("RestTemplate"),
            _ => match client_of(&callee) {
                Some(client) => client,
                None => continue,
            },
        };
        let Some(base) = site.call.arg(0) else { continue };
        let value = filled(code.value(base, site.function));
        let symbol = format_smolstr!("{client}.<base>");
        sink.stated(Claim::Constant(Constant { symbol, value }), site.span());
    }
}

/// Methods of `RestTemplate` and its kin: name, HTTP method, position of the response type.
const REST_TEMPLATE: &[(&str, Option<&str>, usize)] = &[
    ("getForObject", Some("GET"), 1),
    ("getForEntity", Some("GET"), 1),
    ("headForHeaders", Some("HEAD"), 9),
    ("optionsForAllow", Some("OPTIONS"), 9),
    ("postForObject", Some("POST"), 2),
    ("postForEntity", Some("POST"), 2),
    ("postForLocation", Some("POST"), 9),
    ("patchForObject", Some("PATCH"), 2),
    ("put", Some("PUT"), 9),
    ("delete", Some("DELETE"), 9),
    ("exchange", None, 3),
    ("execute", None, 9),
];

fn rest_template(code: &Code<'_>, sink: &mut Sink) {
    for (name, method, response) in REST_TEMPLATE {
        for site in code.calls_named(&[name]) {
            let callee = code.callee(site.call, site.function);
            let on = callee.rsplit_once('.').map(|(r, _)| r).unwrap_or("");
            if client_of(on) != Some("RestTemplate") {
                continue;
            }
            let Some(first) = site.call.arg(0) else {
                continue;
            };
            // `exchange(RequestEntity.get(url).build(), T)` and `exchange(new RequestEntity(GET, url), T)`.
            // A request that a variable holds counts where it was made.
            let entity = request_entity(first).map(|found| (found, site.function)).or_else(|| {
                let (made, function) = code.made_expr(first, site.function)?;
                Some((request_entity(made)?, function))
            });
            let (url, from_entity, function) = match (*name, entity) {
                ("exchange", Some(((url, verb), function))) => (url, verb, function),
                _ => (first, None, site.function),
            };
            let stated = || match (&from_entity, site.call.arg(1)) {
                (None, Some(arg)) => Verb::named(last_name(arg), || code.value(arg, site.function)),
                (word, _) => Verb::named(word.clone(), Value::default),
            };
            let verb = method.map_or_else(stated, |m| Some(SmolStr::from(m)).into());
            let typed = site.call.arg(*response).and_then(class_of).or_else(|| site.call.type_args.first().cloned());
            let call = Call {
                response: typed.filter(|t| !t.is_empty()),
                ..Call::to(
                    Protocol::Http,
                    "RestTemplate".into(),
                    based(filled(code.value(url, function)), "RestTemplate"),
                    code.within(site.function),
                )
            };
            sink.stated(Claim::Call(verb.on(call)), site.span());
        }
    }
}

/// The URL and method of a request built in place.
fn request_entity(expr: &Expr) -> Option<(&Expr, Option<SmolStr>)> {
    let call = expr.as_call()?;
    if call.new && call.name() == "RequestEntity" {
        let url = call.args.last().map(|a| &a.value)?;
        return Some((url, call.args.iter().rev().nth(1).and_then(|a| last_name(&a.value))));
    }
    for verb in ["get", "post", "put", "delete", "patch", "head"] {
        if let Some(built) = super::read::chained(expr, verb)
            && matches!(built.receiver().map(|r| &r.kind), Some(ExprKind::Name(n)) if n == "RequestEntity")
        {
            return Some((built.arg(0)?, Some(verb.to_uppercase().into())));
        }
    }
    None
}

/// A path stands below the client's base; anything else is an address.
fn based(target: Value, client: &str) -> Value {
    match target.parts.first() {
        Some(Part::Text(text)) if text.starts_with('/') && !text.starts_with("//") => {
            under(Value::reference(format_smolstr!("{client}.<base>")), target)
        }
        None => Value::reference(format_smolstr!("{client}.<base>")),
        _ => target,
    }
}

/// `client.get().uri(…)` of `WebClient` and `RestClient`.
fn web_client(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["uri", "retrieve", "exchange", "exchangeToMono"]) {
        let Some(Expr { kind: ExprKind::Call(verb), .. }) = site.call.receiver() else {
            continue;
        };
        let said: Verb = match (verb.name(), verb.arg(0)) {
            ("get" | "post" | "put" | "delete" | "patch" | "head" | "options", _) => {
                Some(SmolStr::from(verb.name().to_uppercase())).into()
            }
            ("method", Some(arg)) => Verb::named(last_name(arg), || code.value(arg, site.function)),
            _ => continue,
        };
        let Some(client) = verb.receiver() else {
            continue;
        };
        let origin = code.origin(client, site.function);
        let Some(library) = client_of(&origin).filter(|l| *l != "RestTemplate") else {
            continue;
        };
        let path = match site.call.name() {
            "uri" => site.call.arg(0).map(|a| path_of(code, a, site.function)).unwrap_or_default(),
            _ => Value::default(),
        };
        let base = base_of(code, client, library, site.function);
        let starts_below = matches!(path.parts.first(), Some(Part::Text(t)) if t.starts_with(['/', '?']));
        let relative = matches!(path.parts.first(), Some(Part::Text(t)) if !t.contains("://"));
        let target = match base {
            Some(base) if starts_below || path.is_empty() => under(base, path),
            // `baseUrl("http://orders/")` and `uri("open")`.
            Some(base) if relative => under(base, Value::text("/").then(path)),
            _ => based(path, library),
        };
        let call = Call::to(Protocol::Http, library.into(), target, code.within(site.function));
        sink.stated(Claim::Call(said.on(call)), site.span());
    }
}

/// `uri("/x/{id}", id)`, `uri(b -> b.path("/x").queryParam(…).build())`.
fn path_of(code: &Code<'_>, arg: &Expr, function: usize) -> Value {
    let ExprKind::Lambda(index) = arg.kind else {
        return filled(code.value(arg, function));
    };
    let mut parts: Vec<Value> = Vec::new();
    let mut hosts: Vec<Value> = Vec::new();
    for name in ["scheme", "host", "port", "path", "pathSegment"] {
        for site in code.calls_named(&[name]).iter().filter(|s| s.function == index) {
            let value = site.call.arg(0).map(|a| filled(code.value(a, index))).unwrap_or_default();
            match name {
                "host" => hosts.push(value),
                "port" => hosts.push(Value::text(":").then(value)),
                "path" | "pathSegment" => parts.push(value),
                _ => {}
            }
        }
    }
    let path = parts.into_iter().reduce(super::read::join).unwrap_or_default();
    if hosts.is_empty() { path } else { Value::text("http://").then(hosts.into_iter().collect()).then(path) }
}

/// The base URL that the client was built with, as far as this file shows.
fn base_of(code: &Code<'_>, client: &Expr, library: &str, function: usize) -> Option<Value> {
    // Built in place: `WebClient.create(url).get()`.
    for name in ["baseUrl", "create"] {
        if let Some(call) = super::read::chained(client, name)
            && let Some(base) = call.arg(0)
        {
            return Some(filled(code.value(base, function)));
        }
    }
    let mut found = Vec::new();
    for base in code.calls_named(&["baseUrl", "create"]) {
        let same = client_of(&code.callee(base.call, base.function)) == Some(library);
        if let (true, Some(arg)) = (same, base.call.arg(0)) {
            found.push(filled(code.value(arg, base.function)));
        }
    }
    (!found.is_empty()).then(|| Value::either(found))
}
