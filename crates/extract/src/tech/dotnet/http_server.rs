//! Ways into ASP.NET services: controllers, minimal APIs, Carter, FastEndpoints, SignalR hubs, gRPC services.
//! See `http_server.md`.

use super::read::{generics, last, simple};
use crate::code::ir::{Annotation, Expr, ExprKind, Function, Type};
use crate::code::{Code, Site};
use crate::config::dotnet::template;
use crate::lang::Lang;
use crate::tech::paths::{join, rooted};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Endpoint, Mount, Part, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-http-server",
    version: 2,
    page: include_str!("http_server.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    controllers(code, sink);
    minimal(code, sink);
    fast_endpoints(code, sink);
    hubs(code, sink);
    grpc(code, sink);
}

/// HTTP method of an attribute or of the middle of a `MapX` name; `None` if it is none.
fn verb(word: &str) -> Option<&'static str> {
    Some(match word {
        "Get" => "GET",
        "Post" => "POST",
        "Put" => "PUT",
        "Delete" => "DELETE",
        "Patch" => "PATCH",
        "Head" => "HEAD",
        "Options" => "OPTIONS",
        _ => return None,
    })
}

fn http_attribute(a: &Annotation) -> Option<&'static str> {
    verb(a.simple().trim_end_matches("Attribute").strip_prefix("Http")?)
}

/// What a type is mapped to: its own routes, or those of the base type in another file.
fn prefixes(code: &Code<'_>, ty: &Type) -> Vec<Value> {
    let own: Vec<Value> = ty
        .annotations
        .iter()
        .filter(|a| matches!(a.simple(), "Route" | "RoutePrefix" | "RouteAttribute"))
        .filter_map(|a| Some(code.value(a.arg("value").or_else(|| a.arg("template"))?, 0)))
        .collect();
    if !own.is_empty() {
        return own;
    }
    match ty.supers.first().map(|s| last(s)) {
        Some(base)
            if is_controller_name(base) && !matches!(base, "Controller" | "ControllerBase" | "ApiController") =>
        {
            match code.type_named(base) {
                Some(base) if base.name != ty.name && !base.annotations.is_empty() => prefixes(code, base),
                _ => vec![Value::reference(format_smolstr!("{base}.<route>"))],
            }
        }
        _ => vec![Value::default()],
    }
}

fn is_controller_name(name: &str) -> bool {
    name.ends_with("Controller") || name.ends_with("ControllerBase")
}

fn controllers(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        let Some(ty) = code.type_named(&function.owner).filter(|t| !t.interface) else {
            continue;
        };
        let routes: Vec<&Annotation> = function.annotations.iter().filter(|a| a.simple() == "Route").collect();
        let verbs: Vec<(&Annotation, &str)> =
            function.annotations.iter().filter_map(|a| Some((a, http_attribute(a)?))).collect();
        if function.annotations.iter().any(|a| a.simple() == "NonAction") || function.name == "<init>" {
            continue;
        }
        if verbs.is_empty() && routes.is_empty() {
            conventional(ty, function, None, sink);
            continue;
        }
        let prefixes = prefixes(code, ty);
        let unrouted = routes.is_empty() && verbs.iter().all(|(a, _)| path_of(a).is_none());
        if unrouted && prefixes.iter().all(Value::is_empty) && is_mvc(ty) {
            conventional(ty, function, verbs.first().map(|(_, v)| *v), sink);
            continue;
        }
        let mut stated: Vec<(Span, Option<&str>, Value)> = Vec::new();
        for (annotation, verb) in &verbs {
            match path_of(annotation) {
                Some(path) => stated.push((annotation.span, Some(verb), code.value(path, index))),
                None if routes.is_empty() => stated.push((annotation.span, Some(verb), Value::default())),
                None => {}
            }
        }
        for route in &routes {
            let path = route.arg("value").map(|p| code.value(p, index)).unwrap_or_default();
            let unnamed: Vec<&str> = verbs.iter().filter(|(a, _)| path_of(a).is_none()).map(|(_, v)| *v).collect();
            match unnamed.is_empty() {
                true if verbs.is_empty() => stated.push((route.span, None, path)),
                true => {}
                false => stated.extend(unnamed.into_iter().map(|v| (route.span, Some(v), path.clone()))),
            }
        }
        for (at, verb, path) in stated {
            let absolute =
                matches!(path.parts.first(), Some(Part::Text(t)) if t.starts_with('/') || t.starts_with("~/"));
            let whole = |prefix: &Value| if absolute { path.clone() } else { join(prefix.clone(), path.clone()) };
            let mut seen: Vec<Value> = Vec::new();
            for prefix in &prefixes {
                let path = tokens(whole(prefix), ty, function);
                if !seen.contains(&path) {
                    seen.push(path.clone());
                    endpoint(function, verb.map(SmolStr::from), path, None, at, sink);
                }
            }
        }
    }
    for ty in &code.unit.types {
        // Routes of a base type are used by controllers in other files; the name of each stands for any.
        let route = ty.annotations.iter().find(|a| a.simple() == "Route");
        let handles = code
            .unit
            .functions
            .iter()
            .any(|f| f.owner == ty.name && f.annotations.iter().any(|a| http_attribute(a).is_some()));
        if let (Some(route), true, false) = (route, is_controller_name(&ty.name), handles)
            && let Some(path) = route.arg("value")
        {
            let value = text_parts(code.value(path, 0), |t| t.replace("[controller]", "{controller}").into());
            let claim = seam_facts::Constant { symbol: format_smolstr!("{}.<route>", ty.name), value };
            sink.stated(Claim::Constant(claim), route.span);
        }
    }
}

fn path_of(a: &Annotation) -> Option<&Expr> {
    a.arg("value").or_else(|| a.arg("template"))
}

fn is_mvc(ty: &Type) -> bool {
    ty.supers.iter().any(|s| last(s) == "Controller")
}

/// `/Orders/Details`: what MVC maps by names alone.
fn conventional(ty: &Type, function: &Function, verb: Option<&str>, sink: &mut Sink) {
    let returns = super::read::simple(function.returns.trim_start_matches("async "));
    let returned = match returns.as_str() {
        "Task" | "ValueTask" => generics(&function.returns).first().map(|t| simple(t)).unwrap_or_default(),
        _ => returns,
    };
    let result = returned.ends_with("Result") || returned == "ActionResult";
    if !is_mvc(ty) || function.private || !result || function.name.starts_with('<') || function.parent.is_some() {
        return;
    }
    if ty.annotations.iter().any(|a| a.simple() == "Route") {
        return;
    }
    let controller = ty.name.trim_end_matches("Controller");
    let path = Value::text(format_smolstr!("/{controller}/{}", function.name.trim_end_matches("Async")));
    let claim = Endpoint {
        protocol: Protocol::Http,
        method: verb.map(SmolStr::from),
        path,
        handler: function.symbol(),
        router: None,
        request: None,
        response: None,
    };
    sink.inferred(Claim::Endpoint(claim), function.span);
}

fn text_parts(value: Value, change: impl Fn(&str) -> SmolStr) -> Value {
    let mut out = Value::default();
    for part in value.parts {
        match part {
            Part::Text(text) => out.push_text(&change(&text)),
            hole @ Part::Hole(_) => out.parts.push(hole),
        }
    }
    out
}

/// `[controller]` and `[action]` replaced, parameters plain.
fn tokens(path: Value, ty: &Type, function: &Function) -> Value {
    let controller = ty.name.strip_suffix("Controller").unwrap_or(&ty.name);
    let action = function.name.strip_suffix("Async").unwrap_or(&function.name);
    let area = ty.annotations.iter().find(|a| a.simple() == "Area").and_then(|a| a.arg("value")?.as_str().cloned());
    rooted(text_parts(path, |text| {
        let text = text.trim_start_matches("~/").replace("[controller]", controller).replace("[action]", action);
        template(&text.replace("[area]", area.as_deref().unwrap_or("")))
    }))
}

fn endpoint(
    function: &Function,
    method: Option<SmolStr>,
    path: Value,
    router: Option<SmolStr>,
    at: Span,
    sink: &mut Sink,
) {
    let body = function.params.iter().find(|p| p.annotations.iter().any(|a| a.simple() == "FromBody"));
    let claim = Endpoint {
        protocol: Protocol::Http,
        method,
        path,
        handler: function.symbol(),
        router,
        request: body.map(|p| simple(&p.ty)),
        response: answer(&function.returns),
    };
    sink.stated(Claim::Endpoint(claim), at);
}

/// What is inside `Task<ActionResult<T>>`.
fn answer(returns: &str) -> Option<SmolStr> {
    let mut ty = returns.trim();
    for _ in 0..4 {
        match simple(ty).as_str() {
            "Task" | "ValueTask" | "ActionResult" | "Ok" => ty = generics(ty).first().copied()?,
            "" | "void" | "IActionResult" | "IResult" | "Results" => return None,
            _ => return Some(ty.into()),
        }
    }
    None
}

/// `app.MapGet("/x", handler)`, groups and what is mapped below them.
fn minimal(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let Some(word) = site.call.name().strip_prefix("Map") else {
            continue;
        };
        let Some(receiver) = site.call.receiver() else {
            continue;
        };
        let methods: Vec<Option<SmolStr>> = match (verb(word), word) {
            (Some(verb), _) => vec![Some(verb.into())],
            (None, "Methods") => match site.call.arg_or("httpMethods", 1).map(|e| &e.kind) {
                Some(ExprKind::List(items)) => items
                    .iter()
                    .map(|i| code.value(i, site.function).as_text().map(|t| t.to_uppercase().into()))
                    .collect(),
                _ => vec![None],
            },
            (None, "") if site.call.args.len() == 2 => vec![None],
            (None, _) => {
                mounted(code, site, receiver, sink);
                continue;
            }
        };
        let Some(pattern) = site.call.arg_or("pattern", 0) else {
            continue;
        };
        // Mappers of objects have methods of such names too.
        if site.call.args.len() < 2 && !code.owner(site.function).is_some_and(is_group) {
            continue;
        }
        let path = code.value(pattern, site.function);
        if matches!(path.as_hole(), Some(seam_facts::Hole::Opaque(_))) {
            continue;
        }
        let (prefix, router) = group(code, receiver, site.function, 8);
        let path = rooted(text_parts(join(prefix, path), template_of));
        let (handler, function) = handler(code, site);
        for method in methods {
            let has_body = method.as_deref().is_some_and(|m| matches!(m, "POST" | "PUT" | "PATCH"));
            let claim = Endpoint {
                protocol: Protocol::Http,
                method,
                path: path.clone(),
                handler: handler.clone(),
                router: router.clone(),
                request: function.filter(|_| has_body).and_then(body_of),
                response: function.and_then(|f| answer(&f.returns)),
            };
            sink.stated(Claim::Endpoint(claim), site.span());
        }
    }
}

/// The parameter that is bound to the body: the first of a type of one's own that no service has.
fn body_of(function: &Function) -> Option<SmolStr> {
    const SERVICES: [&str; 9] =
        ["Context", "Service", "Services", "Repository", "Client", "Factory", "Logger", "Mediator", "Token"];
    let marked = function.params.iter().find(|p| p.annotations.iter().any(|a| a.simple() == "FromBody"));
    let own = |p: &&crate::code::ir::Param| {
        let ty = simple(&p.ty);
        let interface = ty.starts_with('I') && ty.chars().nth(1).is_some_and(char::is_uppercase);
        p.annotations.is_empty()
            && ty.starts_with(char::is_uppercase)
            && !interface
            && !SERVICES.iter().any(|s| ty.ends_with(s))
            && !matches!(
                ty.as_str(),
                "String" | "Guid" | "DateTime" | "HttpRequest" | "HttpResponse" | "ClaimsPrincipal"
            )
    };
    marked.or_else(|| function.params.iter().find(own)).map(|p| simple(&p.ty))
}

fn template_of(text: &str) -> SmolStr {
    template(text)
}

/// Classes that map themselves below a group (`EndpointGroupBase`).
fn is_group(ty: &Type) -> bool {
    ty.supers.iter().any(|s| last(s).contains("EndpointGroup"))
}

fn handler<'a>(code: &Code<'a>, site: &Site<'a>) -> (SmolStr, Option<&'a Function>) {
    let within = code.within(site.function);
    let named = match site.call.args.last().map(|a| &a.value.kind) {
        Some(ExprKind::Lambda(index)) => return (within, Some(code.function(*index))),
        Some(ExprKind::Name(name)) => Some(name),
        Some(ExprKind::Member(_, name)) => Some(name),
        _ => None,
    };
    let Some(name) = named else {
        return (within, None);
    };
    let owner = &code.unit.functions[site.function].owner;
    let found = code.unit.functions.iter().filter(|f| f.name == *name).min_by_key(|f| f.owner != *owner);
    match found {
        Some(function) => (function.symbol(), Some(function)),
        None => (site.call.args.last().and_then(|a| a.value.path()).map(SmolStr::from).unwrap_or(within), None),
    }
}

/// The prefix of a group of routes as far as this file says it, and the function whose caller knows the rest.
fn group(code: &Code<'_>, receiver: &Expr, function: usize, steps: usize) -> (Value, Option<SmolStr>) {
    if steps == 0 {
        return (Value::default(), None);
    }
    let (expr, at) = code.resolved(receiver, function);
    match &expr.kind {
        ExprKind::Call(call) => match (call.name(), call.receiver()) {
            ("MapGroup", Some(outer)) => {
                let (prefix, router) = group(code, outer, at, steps - 1);
                // `MapGroup(this)` of endpoint groups maps below the group's name.
                let own = match call.arg_or("prefix", 0) {
                    Some(Expr { kind: ExprKind::Name(n), .. }) if n == "this" => {
                        Value::text(format_smolstr!("/api/{}", code.unit.functions[at].owner))
                    }
                    Some(arg) => code.value(arg, at),
                    None => Value::default(),
                };
                (join(prefix, own), router)
            }
            (_, Some(outer)) if !matches!(call.name(), "Build" | "CreateBuilder") => group(code, outer, at, steps - 1),
            _ => (Value::default(), None),
        },
        _ => (carter_prefix(code, at), caller(code, expr, at)),
    }
}

/// The function whose parameter the routes are mapped on; Carter and hosts call theirs with the root.
fn caller(code: &Code<'_>, receiver: &Expr, function: usize) -> Option<SmolStr> {
    let ExprKind::Name(name) = &receiver.kind else {
        return None;
    };
    let mut index = function;
    while code.unit.functions[index].name == "<lambda>" {
        if code.unit.functions[index].params.iter().any(|p| p.name == *name) {
            return None;
        }
        index = code.unit.functions[index].parent?;
    }
    let f = &code.unit.functions[index];
    let hosted = matches!(f.name.as_str(), "" | "Configure" | "AddRoutes" | "<init>" | "Main");
    (!hosted).then(|| f.symbol())
}

fn carter_prefix(code: &Code<'_>, function: usize) -> Value {
    let owner = &code.unit.functions[function].owner;
    let base =
        code.calls_named(&["CarterModule"]).into_iter().find(|s| code.unit.functions[s.function].owner == *owner);
    base.and_then(|s| Some(code.value(s.call.arg(0)?, s.function))).unwrap_or_default()
}

/// `app.MapGroup("/orders").MapOrders()`: routes that another function maps stand below a prefix.
fn mounted(code: &Code<'_>, site: &Site<'_>, receiver: &Expr, sink: &mut Sink) {
    let (prefix, on) = group(code, receiver, site.function, 8);
    if prefix.is_empty() || matches!(site.call.name(), "MapGroup" | "MapHub" | "MapGrpcService") {
        return;
    }
    let on = on.unwrap_or_else(|| "app".into());
    let prefix = rooted(text_parts(prefix, template_of));
    sink.stated(Claim::Mount(Mount { router: site.call.name().into(), prefix, on }), site.span());
}

/// Classes derived from `Endpoint…` say their routes in `Configure`.
fn fast_endpoints(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let f = code.function(site.function);
        if f.name != "Configure"
            || site.call.receiver().is_some_and(|r| {
                super::read::name_of(r) != Some("this") && !matches!(&r.kind, ExprKind::Name(n) if n == "this")
            })
        {
            continue;
        }
        let Some(ty) = code.owner(site.function) else { continue };
        let Some(base) = ty
            .super_texts
            .iter()
            .find(|s| last(&simple(s)).starts_with("Endpoint") || simple(s) == "EndpointWithoutRequest")
        else {
            continue;
        };
        let Some(verb) = verb(site.call.name()) else { continue };
        let types = generics(base);
        for path in site.call.args.iter() {
            let value = code.value(&path.value, site.function);
            let claim = Endpoint {
                protocol: Protocol::Http,
                method: Some(verb.into()),
                path: rooted(text_parts(value, template_of)),
                handler: format_smolstr!("{}.HandleAsync", ty.name),
                router: None,
                request: types.first().filter(|_| !base.contains("WithoutRequest")).map(|t| (*t).into()),
                response: types.get(1).map(|t| (*t).into()),
            };
            sink.stated(Claim::Endpoint(claim), site.span());
        }
    }
}

fn hubs(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["MapHub", "MapBlazorHub"]) {
        let path = match site.call.arg_or("pattern", 0) {
            Some(path) => code.value(path, site.function),
            None if site.call.name() == "MapBlazorHub" => "/_blazor".into(),
            None => continue,
        };
        let claim = Endpoint {
            protocol: Protocol::Websocket,
            method: None,
            path: rooted(path),
            handler: site.call.type_args.first().map(|t| simple(t)).unwrap_or_default(),
            router: None,
            request: None,
            response: None,
        };
        sink.stated(Claim::Endpoint(claim), site.span());
    }
}

/// `class CartService : Cart.CartBase`: what a generated base class serves.
fn grpc(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        let Some(service) = ty.supers.iter().find_map(|s| served(s)) else {
            continue;
        };
        let mut any = false;
        for function in code.unit.functions.iter().filter(|f| f.owner == ty.name) {
            if !function.params.iter().any(|p| simple(&p.ty) == "ServerCallContext") || function.name.starts_with('<') {
                continue;
            }
            any = true;
            let claim = Endpoint {
                protocol: Protocol::Grpc,
                method: None,
                path: Value::text(format_smolstr!("{service}/{}", function.name)),
                handler: function.symbol(),
                router: None,
                request: function.params.first().map(|p| simple(&p.ty)).filter(|t| t != "ServerCallContext"),
                response: generics(&function.returns).first().map(|t| simple(t)),
            };
            sink.stated(Claim::Endpoint(claim), function.span);
        }
        if !any {
            let claim = Endpoint {
                protocol: Protocol::Grpc,
                method: None,
                path: Value::text(format_smolstr!("{service}/*")),
                handler: ty.name.clone(),
                router: None,
                request: None,
                response: None,
            };
            sink.stated(Claim::Endpoint(claim), ty.span);
        }
    }
}

/// `Greeter.GreeterBase` is the generated base of `Greeter`.
fn served(base: &str) -> Option<SmolStr> {
    let mut parts = base.rsplit('.');
    let name = parts.next()?.strip_suffix("Base")?;
    (parts.next()? == name).then(|| name.into())
}
