//! Endpoints declared by JAX-RS (Jersey, RESTEasy, Quarkus, Helidon), Micronaut and servlet annotations. See `jaxrs.md`.

use super::read::{JVM, filled, find, functions_of, join, template, text, texts};
use crate::code::Code;
use crate::code::ir::{Annotation, Function, Type};
use crate::lang::plain_type;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Endpoint, Mount, Protocol, SmolStr, Value};

pub static EXTRACTOR: Extractor =
    Extractor { id: "jaxrs", version: 1, page: include_str!("jaxrs.md"), reads: Reads::Code { langs: JVM, extract } };

/// The router that JAX-RS resources stand on; `@ApplicationPath` mounts it.
const APPLICATION: &str = "<application>";

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        resource(code, ty, sink);
        servlet(code, ty, sink);
        application(code, ty, sink);
    }
}

/// HTTP method and path of a function's annotations: `@GET @Path("x")`, `@Get("/x")`, Retrofit's `@GET("x")`.
pub fn operations(code: &Code<'_>, function: &Function) -> Vec<(Option<SmolStr>, Value)> {
    let mut out = Vec::new();
    for a in &function.annotations {
        let Some(method) = verb(code, a, &function.owner) else {
            continue;
        };
        let mut paths = texts(code, a, &["value", "uri", "uris"], &function.owner);
        if a.simple() == "HTTP" {
            paths = texts(code, a, &["path"], &function.owner);
        }
        if paths.is_empty() {
            let path = find(&function.annotations, &["Path"]).and_then(|p| text(code, p, &["value"], &function.owner));
            paths.push(path.unwrap_or_default());
        }
        out.extend(paths.into_iter().map(|p| (Some(method.clone()), template(filled(p)))));
    }
    out
}

fn verb(code: &Code<'_>, a: &Annotation, owner: &str) -> Option<SmolStr> {
    Some(match a.simple() {
        "GET" | "Get" => "GET".into(),
        "POST" | "Post" => "POST".into(),
        "PUT" | "Put" => "PUT".into(),
        "DELETE" | "Delete" => "DELETE".into(),
        "PATCH" | "Patch" => "PATCH".into(),
        "HEAD" | "Head" => "HEAD".into(),
        "OPTIONS" | "Options" => "OPTIONS".into(),
        "HTTP" | "CustomHttpMethod" => text(code, a, &["method"], owner)?.as_text()?,
        _ => return None,
    })
}

fn resource(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let client = ["RegisterRestClient", "Client", "FeignClient"];
    if find(&ty.annotations, &client).is_some() || code.imports("retrofit") {
        return;
    }
    let micronaut = find(&ty.annotations, &["Controller"]).filter(|_| code.imports("io.micronaut"));
    let path = find(&ty.annotations, &["Path"]);
    // Methods of plain interfaces and base classes are endpoints of whoever implements them: only `@Path` makes them so.
    let prefixes = match (micronaut, path) {
        (Some(a), _) => texts(code, a, &["value", "uri"], &ty.name),
        (None, Some(a)) => texts(code, a, &["value"], &ty.name),
        (None, None) if functions_of(code, ty).any(|(_, f)| find(&f.annotations, &["Path"]).is_some()) => Vec::new(),
        // Micronaut's controllers implement interfaces whose methods carry the verbs, and mount them.
        (None, None) if ty.interface && code.imports("io.micronaut") => Vec::new(),
        (None, None) => return,
    };
    if let Some(a) = micronaut {
        for parent in &ty.supers {
            let prefix = template(prefixes.first().cloned().unwrap_or_default());
            let mount = Mount { router: parent.clone(), prefix, on: "<server>".into() };
            sink.stated(Claim::Mount(mount), a.span);
        }
    }
    let shared = ty.interface && path.is_none() && micronaut.is_none() && code.imports("io.micronaut");
    let prefixes = if prefixes.is_empty() { vec![Value::default()] } else { prefixes };
    for (_, function) in functions_of(code, ty) {
        let Some(at) = function.annotations.iter().find(|a| verb(code, a, &ty.name).is_some()) else {
            continue;
        };
        for prefix in &prefixes {
            for (method, path) in operations(code, function) {
                let body = function.params.iter().find(|p| {
                    find(&p.annotations, &["Body"]).is_some()
                        || micronaut.is_none()
                            && !shared
                            && p.annotations.iter().all(|a| matches!(a.simple(), "Valid" | "NotNull"))
                });
                let endpoint = Endpoint {
                    protocol: Protocol::Http,
                    method,
                    path: join(template(prefix.clone()), path),
                    handler: function.symbol(),
                    router: match (shared, micronaut) {
                        (true, _) => Some(ty.name.clone()),
                        (false, Some(_)) => None,
                        (false, None) => Some(APPLICATION.into()),
                    },
                    request: body.map(|p| plain_type(&p.ty)),
                    response: (!matches!(function.returns.as_str(), "" | "void")).then(|| function.returns.clone()),
                };
                sink.stated(Claim::Endpoint(endpoint), at.span);
            }
        }
    }
}

/// `@WebServlet("/x")` with `doGet`, `doPost` …
fn servlet(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let Some(a) = find(&ty.annotations, &["WebServlet"]) else {
        return;
    };
    for path in texts(code, a, &["value", "urlPatterns"], &ty.name) {
        for (_, function) in functions_of(code, ty) {
            let method: Option<SmolStr> = match function.name.as_str() {
                "doGet" => Some("GET".into()),
                "doPost" => Some("POST".into()),
                "doPut" => Some("PUT".into()),
                "doDelete" => Some("DELETE".into()),
                "service" => None,
                _ => continue,
            };
            let endpoint = Endpoint {
                protocol: Protocol::Http,
                method,
                path: template(path.clone()),
                handler: function.symbol(),
                router: None,
                request: None,
                response: None,
            };
            sink.stated(Claim::Endpoint(endpoint), function.span);
        }
    }
}

/// `@ApplicationPath("/api")` stands before every resource of the application.
fn application(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    if let Some(a) = find(&ty.annotations, &["ApplicationPath"])
        && let Some(value) = text(code, a, &["value"], &ty.name)
    {
        let mount = Mount { router: APPLICATION.into(), prefix: join(Value::default(), value), on: "<server>".into() };
        sink.stated(Claim::Mount(mount), a.span);
    }
}
