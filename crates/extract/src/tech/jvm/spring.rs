//! Spring controllers and Spring's HTTP clients. See `spring.md`.

use crate::code::ir::{Annotation, Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::{Lang, plain_type};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Endpoint, Protocol, SmolStr, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "spring",
    version: 1,
    page: include_str!("spring.md"),
    reads: Reads::Code { langs: &[Lang::Java, Lang::Kotlin], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    endpoints(code, sink);
    rest_template(code, sink);
    web_client(code, sink);
}

fn endpoints(code: &Code<'_>, sink: &mut Sink) {
    for function in &code.unit.functions {
        let Some(ty) = code.type_named(&function.owner) else {
            continue;
        };
        // Feign clients carry the same annotations and mean calls.
        if ty.annotations.iter().any(|a| matches!(a.simple(), "FeignClient" | "HttpExchange")) {
            continue;
        }
        let Some((annotation, method)) = function.annotations.iter().find_map(|a| Some((a, mapping(a)?))) else {
            continue;
        };
        let prefix = ty.annotations.iter().find(|a| a.simple() == "RequestMapping");
        for prefix in prefix.map(|a| paths(code, a)).unwrap_or_else(|| vec![Value::default()]) {
            for path in paths(code, annotation) {
                let request = function
                    .params
                    .iter()
                    .find(|p| p.annotations.iter().any(|a| a.simple() == "RequestBody"))
                    .map(|p| plain_type(&p.ty));
                for method in &method {
                    let endpoint = Endpoint {
                        protocol: Protocol::Http,
                        method: method.clone(),
                        path: join(prefix.clone(), path.clone()),
                        handler: function.symbol(),
                        router: None,
                        request: request.clone(),
                        response: (!matches!(function.returns.as_str(), "" | "void")).then(|| function.returns.clone()),
                    };
                    sink.stated(Claim::Endpoint(endpoint), annotation.span);
                }
            }
        }
    }
}

/// The HTTP methods that an annotation maps (`None` stands for any); `None` if it maps nothing.
pub(super) fn mapping(a: &Annotation) -> Option<Vec<Option<SmolStr>>> {
    Some(match a.simple() {
        "GetMapping" => vec![Some("GET".into())],
        "PostMapping" => vec![Some("POST".into())],
        "PutMapping" => vec![Some("PUT".into())],
        "DeleteMapping" => vec![Some("DELETE".into())],
        "PatchMapping" => vec![Some("PATCH".into())],
        "RequestMapping" => match a.args.iter().find(|x| x.name.as_deref() == Some("method")) {
            Some(arg) => {
                let one = |e: &Expr| e.path().and_then(|p| p.rsplit('.').next().map(SmolStr::from));
                match &arg.value.kind {
                    ExprKind::List(items) => items.iter().map(one).collect(),
                    _ => vec![one(&arg.value)],
                }
            }
            None => vec![None],
        },
        _ => return None,
    })
}

/// The paths of a mapping annotation; the empty path if none is given.
pub(super) fn paths(code: &Code<'_>, a: &Annotation) -> Vec<Value> {
    match a.arg("path").or_else(|| a.arg("value")) {
        Some(Expr { kind: ExprKind::List(items), .. }) => items.iter().map(|e| code.value(e, 0)).collect(),
        Some(e) => vec![code.value(e, 0)],
        None => vec![Value::default()],
    }
}

/// `/a/` and `b` are `/a/b`.
pub(super) fn join(prefix: Value, path: Value) -> Value {
    let (prefix_text, path_text) = (prefix.to_string(), path.to_string());
    let mut out =
        if prefix.is_empty() || prefix_text.starts_with(['/', '$']) { prefix } else { Value::text("/").then(prefix) };
    if path.is_empty() {
        return if out.is_empty() { Value::text("/") } else { out };
    }
    if !path_text.starts_with(['/', '$']) && !prefix_text.ends_with('/') {
        out.push_text("/");
    }
    match (prefix_text.ends_with('/'), path_text.strip_prefix('/'), path.as_text()) {
        (true, Some(rest), Some(_)) => out.push_text(rest),
        _ => out.push(path),
    }
    out
}

/// Methods of `RestTemplate` and `TestRestTemplate`: name, HTTP method, position of the response type.
const REST_TEMPLATE: &[(&str, Option<&str>, usize)] = &[
    ("getForObject", Some("GET"), 1),
    ("getForEntity", Some("GET"), 1),
    ("headForHeaders", Some("HEAD"), 9),
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
            let on = callee.rsplit_once('.').map(|(r, _)| r.trim_end_matches("()")).unwrap_or("");
            let on = on.to_ascii_lowercase();
            if !(on.ends_with("resttemplate")
                || on.ends_with("restoperations")
                || on.ends_with("resttemplatebuilder.build"))
            {
                continue;
            }
            let Some(url) = site.call.arg(0) else {
                continue;
            };
            let stated = || site.call.arg(1).and_then(Expr::path).and_then(|p| p.rsplit('.').next().map(SmolStr::from));
            let call = Call {
                protocol: Protocol::Http,
                client: "RestTemplate".into(),
                method: method.map(SmolStr::from).or_else(stated),
                target: code.value(url, site.function),
                operation: None,
                within: code.within(site.function),
                request: None,
                response: site.call.arg(*response).and_then(Expr::path).map(SmolStr::from),
            };
            sink.stated(Claim::Call(call), site.span());
        }
    }
}

/// `client.get().uri(…)` of `WebClient` and `RestClient`.
fn web_client(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["uri"]) {
        let Some(Expr { kind: ExprKind::Call(verb), .. }) = site.call.receiver() else {
            continue;
        };
        let method = match verb.name() {
            "get" | "post" | "put" | "delete" | "patch" | "head" | "options" => Some(verb.name().to_uppercase().into()),
            "method" => verb.arg(0).and_then(Expr::path).and_then(|p| p.rsplit('.').next().map(SmolStr::from)),
            _ => continue,
        };
        let Some(client) = verb.receiver() else {
            continue;
        };
        let origin = code.origin(client, site.function);
        let rest = origin.contains("RestClient") || origin.contains("restClient");
        if !rest && !origin.to_ascii_lowercase().contains("webclient") {
            continue;
        }
        let path = site.call.arg(0).map(|a| code.value(a, site.function)).unwrap_or_default();
        let absolute = path.to_string().contains("://");
        let base = if absolute { Value::default() } else { base_of(code, client, &site) };
        let call = Call {
            protocol: Protocol::Http,
            client: if rest { "RestClient".into() } else { "WebClient".into() },
            method,
            target: base.then(path),
            operation: None,
            within: code.within(site.function),
            request: None,
            response: None,
        };
        sink.stated(Claim::Call(call), site.span());
    }
}

/// The base URL that the client was built with, in this file or by reference to `….<base>`.
fn base_of(code: &Code<'_>, client: &Expr, site: &Site<'_>) -> Value {
    let mut found = None;
    for base in code.calls_named(&["baseUrl", "create"]) {
        let on_client = code.callee(base.call, base.function);
        if (on_client.contains("WebClient") || on_client.contains("RestClient")) && !base.call.args.is_empty() {
            found = base.call.arg(0).map(|a| code.value(a, base.function));
        }
    }
    found.unwrap_or_else(|| match client.path() {
        Some(path) => Value::reference(seam_facts::format_smolstr!("{path}.<base>")),
        None => Value::opaque(code.origin(client, site.function)),
    })
}
