//! Spring MVC and WebFlux controllers, and GraphQL controllers. See `spring.md`.

use super::read::{JVM, find, functions_of, join, last_name, template, texts};
use crate::code::Code;
use crate::code::ir::{Annotation, ExprKind, Type};
use crate::lang::plain_type;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Endpoint, Protocol, SmolStr, Value, format_smolstr};

pub static EXTRACTOR: Extractor =
    Extractor { id: "spring", version: 3, page: include_str!("spring.md"), reads: Reads::Code { langs: JVM, extract } };

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        // Declared clients carry the same annotations and mean calls.
        if find(&ty.annotations, &["FeignClient", "HttpExchange", "Client", "RegisterRestClient"]).is_none() {
            controller(code, ty, sink);
            graphql(code, ty, sink);
        }
    }
}

fn controller(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    let prefix = find(&ty.annotations, &["RequestMapping"]);
    let prefixes = prefix.map(|a| paths(code, a, &ty.name)).unwrap_or_else(|| vec![Value::default()]);
    for (_, function) in functions_of(code, ty) {
        let Some((annotation, methods)) = function.annotations.iter().find_map(|a| Some((a, mapping(a)?))) else {
            continue;
        };
        let body = function.params.iter().find(|p| find(&p.annotations, &["RequestBody"]).is_some());
        for prefix in &prefixes {
            for path in paths(code, annotation, &ty.name) {
                for method in &methods {
                    let endpoint = Endpoint {
                        protocol: Protocol::Http,
                        method: method.clone(),
                        path: template(join(prefix.clone(), path.clone())),
                        handler: function.symbol(),
                        router: None,
                        request: body.map(|p| plain_type(&p.ty)),
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
            Some(arg) => match &arg.value.kind {
                ExprKind::List(items) => items.iter().map(last_name).collect(),
                _ => vec![last_name(&arg.value)],
            },
            None => vec![None],
        },
        _ => return None,
    })
}

/// The paths of a mapping annotation; the empty path if none is given.
pub(super) fn paths(code: &Code<'_>, a: &Annotation, owner: &str) -> Vec<Value> {
    let found = texts(code, a, &["path", "value"], owner);
    if found.is_empty() { vec![Value::default()] } else { found }
}

/// `@QueryMapping`, `@MutationMapping`, `@SchemaMapping(typeName = "Query")` and their DGS and Micronaut kin.
fn graphql(code: &Code<'_>, ty: &Type, sink: &mut Sink) {
    for (_, function) in functions_of(code, ty) {
        for a in &function.annotations {
            let root = match a.simple() {
                "QueryMapping" | "DgsQuery" => "Query",
                "MutationMapping" | "DgsMutation" => "Mutation",
                "SubscriptionMapping" | "DgsSubscription" => "Subscription",
                // MicroProfile GraphQL; JPA has a `@Query` of its own, on repositories.
                "Query" if find(&ty.annotations, &["GraphQLApi"]).is_some() => "Query",
                "Mutation" if find(&ty.annotations, &["GraphQLApi"]).is_some() => "Mutation",
                _ => continue,
            };
            let name = texts(code, a, &["name", "value", "field"], &ty.name).into_iter().find_map(|v| v.as_text());
            let name = name.filter(|n| !n.is_empty()).unwrap_or_else(|| function.name.clone());
            let endpoint = Endpoint {
                protocol: Protocol::Graphql,
                method: None,
                path: Value::text(format_smolstr!("{root}.{name}")),
                handler: function.symbol(),
                router: None,
                request: None,
                response: (!function.returns.is_empty()).then(|| function.returns.clone()),
            };
            sink.stated(Claim::Endpoint(endpoint), a.span);
        }
    }
}
