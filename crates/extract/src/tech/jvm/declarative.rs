//! HTTP clients that are declared as interfaces: Feign, Spring HTTP interfaces, Retrofit, Micronaut, MicroProfile.
//! See `declarative.md`.

use super::read::{JVM, as_url, class_of, find, full_name, functions_of, join, template, text, under};
use super::{jaxrs, spring};
use crate::code::Code;
use crate::code::ir::{Annotation, Function, Type};
use crate::lang::plain_type;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Constant, Hole, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "jvm-declarative-clients",
    version: 1,
    page: include_str!("declarative.md"),
    reads: Reads::Code { langs: JVM, extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        if let Some(client) = declared(code, ty) {
            methods(code, ty, &client, sink);
        }
    }
    built(code, sink);
    grouped(code, sink);
}

/// HTTP methods and paths that a function's annotations state.
type Reader = fn(&Code<'_>, &Function) -> Vec<(Option<SmolStr>, Value)>;

/// What an interface's annotations say about its calls.
struct Declared {
    library: &'static str,
    base: Value,
    prefix: Value,
    at: Span,
    /// HTTP method and path that an annotation of a method states.
    reads: Reader,
    /// The base stands on the interface, so that the interface alone proves whom it calls.
    stated: bool,
}

fn declared(code: &Code<'_>, ty: &Type) -> Option<Declared> {
    let prefix = |names: &[&str]| {
        find(&ty.annotations, names)
            .and_then(|a| text(code, a, &["path", "value", "url"], &ty.name))
            .unwrap_or_default()
    };
    let elsewhere = || Value::reference(format_smolstr!("{}.<base>", ty.name));
    if let Some(a) = find(&ty.annotations, &["FeignClient"]) {
        let name = text(code, a, &["name", "value", "serviceId"], &ty.name).unwrap_or_default();
        let named = Value::text("http://").then(without_scheme(name));
        let base = match text(code, a, &["url"], &ty.name) {
            Some(url) => or_named(as_url(url), named),
            None => named,
        };
        let path = text(code, a, &["path"], &ty.name).unwrap_or_default();
        let prefix = match (path.is_empty(), prefix(&["RequestMapping"])) {
            (true, mapped) => mapped,
            (false, mapped) if mapped.is_empty() => path,
            (false, mapped) => join(path, mapped),
        };
        return Some(Declared { library: "Feign", base, prefix, at: a.span, reads: mapped, stated: true });
    }
    if let Some(a) = find(&ty.annotations, &["RegisterRestClient"]) {
        let key = text(code, a, &["configKey"], &ty.name).and_then(|v| v.as_text());
        let key = key.unwrap_or_else(|| full_name(code, ty));
        let default = text(code, a, &["baseUri"], &ty.name);
        let base = Value::either([
            Value::config(format_smolstr!("{key}/mp-rest/url"), default.clone()),
            Value::config(format_smolstr!("quarkus.rest-client.{key}.url"), default),
        ]);
        let prefix = prefix(&["Path"]);
        return Some(Declared {
            library: "MicroProfile Rest Client",
            base,
            prefix,
            at: a.span,
            reads: rest,
            stated: true,
        });
    }
    if let Some(a) = find(&ty.annotations, &["Client"])
        && (ty.interface || code.imports("io.micronaut"))
    {
        let id = text(code, a, &["value", "id"], &ty.name).unwrap_or_default();
        let path = text(code, a, &["path"], &ty.name).unwrap_or_default();
        // `@Client("/path")` is a client of this very server.
        let base = if id.to_string().starts_with('/') { return None } else { as_url(id) };
        return Some(Declared { library: "Micronaut", base, prefix: path, at: a.span, reads: rest, stated: true });
    }
    let any = |reads: Reader| functions_of(code, ty).any(|(_, f)| !reads(code, f).is_empty());
    if find(&ty.annotations, &["HttpExchange"]).is_some() || ty.interface && any(exchanged) {
        let base = elsewhere();
        let prefix = prefix(&["HttpExchange"]);
        let (base, prefix) =
            if prefix.to_string().contains("://") { (prefix, Value::default()) } else { (base, prefix) };
        return Some(Declared {
            library: "HTTP interface",
            base,
            prefix,
            at: ty.span,
            reads: exchanged,
            stated: false,
        });
    }
    if ty.interface && code.imports("retrofit") && any(rest) {
        let base = elsewhere();
        return Some(Declared {
            library: "Retrofit",
            base,
            prefix: Value::default(),
            at: ty.span,
            reads: rest,
            stated: false,
        });
    }
    if ty.interface && any(request_line) {
        let base = elsewhere();
        return Some(Declared {
            library: "Feign",
            base,
            prefix: Value::default(),
            at: ty.span,
            reads: request_line,
            stated: false,
        });
    }
    None
}

/// A URL that is empty unless somebody sets it: then the name is looked up.
fn or_named(url: Value, named: Value) -> Value {
    let empty = |default: &Option<Box<Value>>| default.as_ref().is_some_and(|d| d.is_empty());
    match url.as_hole() {
        Some(Hole::Config { key, default }) if empty(default) => Value::config(key.clone(), Some(named)),
        Some(Hole::Env { name, default }) if empty(default) => Value::env(name.clone(), Some(named)),
        _ => url,
    }
}

/// Some write the name with a scheme.
fn without_scheme(name: Value) -> Value {
    match name.as_text() {
        Some(text) => Value::text(text.trim_start_matches("http://").trim_start_matches("https://")),
        None => name,
    }
}

fn methods(code: &Code<'_>, ty: &Type, client: &Declared, sink: &mut Sink) {
    let mut any = false;
    for (index, function) in functions_of(code, ty) {
        for (method, path) in (client.reads)(code, function) {
            any = true;
            let path = template(path);
            let path = match (client.prefix.is_empty(), path.is_empty()) {
                (true, _) => path,
                (false, true) => client.prefix.clone(),
                (false, false) => join(client.prefix.clone(), path),
            };
            let body = function
                .params
                .iter()
                .find(|p| p.annotations.is_empty() || find(&p.annotations, &["RequestBody", "Body"]).is_some());
            let call = Call {
                method,
                request: body.map(|p| plain_type(&p.ty)),
                response: (!matches!(function.returns.as_str(), "" | "void")).then(|| function.returns.clone()),
                ..Call::to(Protocol::Http, client.library.into(), under(client.base.clone(), path), code.within(index))
            };
            let at = function.annotations.first().map(|a| a.span).unwrap_or(function.span);
            sink.stated(Claim::Call(call), at);
        }
    }
    // The methods may come from an interface of another file.
    if !any && client.stated {
        let call = Call::to(
            Protocol::Http,
            client.library.into(),
            under(client.base.clone(), client.prefix.clone()),
            ty.name.clone(),
        );
        sink.stated(Claim::Call(call), client.at);
    }
}

/// Spring MVC annotations, or Feign's own request lines.
fn mapped(code: &Code<'_>, function: &Function) -> Vec<(Option<SmolStr>, Value)> {
    let mut out = request_line(code, function);
    for a in &function.annotations {
        let Some(methods) = spring::mapping(a) else { continue };
        for path in spring::paths(code, a, &function.owner) {
            out.extend(methods.iter().map(|m| (m.clone(), path.clone())));
        }
    }
    out.extend(if out.is_empty() { rest(code, function) } else { Vec::new() });
    out
}

fn request_line(code: &Code<'_>, function: &Function) -> Vec<(Option<SmolStr>, Value)> {
    let Some(a) = find(&function.annotations, &["RequestLine"]) else {
        return Vec::new();
    };
    let line = text(code, a, &["value"], &function.owner).and_then(|v| v.as_text()).unwrap_or_default();
    match line.split_once(' ') {
        Some((method, path)) => vec![(Some(method.into()), path.trim().into())],
        None => vec![(Some(line), Value::default())],
    }
}

/// JAX-RS, Micronaut and Retrofit: `@GET` with `@Path`, `@Get("/x")`, `@GET("x")`.
fn rest(code: &Code<'_>, function: &Function) -> Vec<(Option<SmolStr>, Value)> {
    jaxrs::operations(code, function)
}

fn exchanged(code: &Code<'_>, function: &Function) -> Vec<(Option<SmolStr>, Value)> {
    let one = |a: &Annotation| {
        let method: Option<SmolStr> = match a.simple() {
            "GetExchange" => Some("GET".into()),
            "PostExchange" => Some("POST".into()),
            "PutExchange" => Some("PUT".into()),
            "DeleteExchange" => Some("DELETE".into()),
            "PatchExchange" => Some("PATCH".into()),
            "HttpExchange" => text(code, a, &["method"], &function.owner).and_then(|v| v.as_text()),
            _ => return None,
        };
        Some((method, text(code, a, &["url", "value"], &function.owner).unwrap_or_default()))
    };
    function.annotations.iter().filter_map(one).collect()
}

/// Where such clients are built: `Retrofit.Builder().baseUrl(u)…create(X.class)`, `Feign.builder().target(X.class, u)`,
/// `RestClientBuilder.newBuilder().baseUri(u).build(X.class)`, `factory.createClient(X.class)`.
fn built(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["create", "target", "build", "createClient"]) {
        let (interface, base) = match site.call.name() {
            "target" => match (site.call.arg(0).and_then(class_of), site.call.arg(1)) {
                (Some(ty), Some(url)) if code.imports("feign") => (ty, Some(code.value(url, site.function))),
                _ => continue,
            },
            "build" if code.imports("org.eclipse.microprofile.rest.client") => {
                match site.call.arg(0).and_then(class_of) {
                    Some(ty) => (ty, base_near(code, site.expr, site.function)),
                    None => continue,
                }
            }
            "create" | "createClient"
                if code.imports("retrofit") || code.imports("org.springframework.web.service") =>
            {
                let from_generic = site.call.type_args.first().map(|t| plain_type(t));
                match site.call.arg(0).and_then(class_of).or(from_generic) {
                    Some(ty) => (ty, base_near(code, site.expr, site.function)),
                    None => continue,
                }
            }
            _ => continue,
        };
        let Some(value) = base.filter(|b| !b.is_empty()) else {
            continue;
        };
        // An interface of JAX-RS says of itself neither that it is served nor that it is called: who builds a client calls.
        if site.call.name() == "build" {
            let own =
                code.type_named(&interface).is_some_and(|t| find(&t.annotations, &["RegisterRestClient"]).is_some());
            let call =
                Call::to(Protocol::Http, "MicroProfile Rest Client".into(), value.clone(), code.within(site.function));
            if !own {
                sink.stated(Claim::Call(call), site.span());
            }
        }
        let symbol = format_smolstr!("{interface}.<base>");
        sink.stated(Claim::Constant(Constant { symbol, value }), site.span());
    }
}

/// The base URL stated in this call chain, or else the only ones stated in the file.
fn base_near(code: &Code<'_>, chain: &crate::code::ir::Expr, function: usize) -> Option<Value> {
    for name in ["baseUrl", "baseUri"] {
        if let Some(call) = super::read::chained(chain, name) {
            return call.arg(0).map(|a| code.value(a, function));
        }
    }
    let all = code.calls_named(&["baseUrl", "baseUri"]);
    let same: Vec<_> = all.iter().filter(|s| s.function == function).collect();
    let chosen: Vec<_> = if same.is_empty() { all.iter().collect() } else { same };
    let values = chosen.iter().filter_map(|s| Some(super::read::filled(code.value(s.call.arg(0)?, s.function))));
    let values: Vec<Value> = values.collect();
    (!values.is_empty()).then(|| Value::either(values))
}

/// `@ImportHttpServices(group = "orders", types = Orders.class)`: configuration gives a group its base.
fn grouped(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        for a in ty.annotations.iter().filter(|a| a.simple() == "ImportHttpServices") {
            let group =
                text(code, a, &["group"], &ty.name).and_then(|v| v.as_text()).unwrap_or_else(|| "default".into());
            let mut named = Vec::new();
            for arg in a.args.iter().filter(|arg| matches!(arg.name.as_deref(), None | Some("value" | "types"))) {
                arg.value.walk(&mut |e| named.extend(class_of(e).filter(|n| n.starts_with(char::is_uppercase))));
            }
            named.sort();
            named.dedup();
            let value = Value::either([
                Value::config(format_smolstr!("spring.http.serviceclient.{group}.base-url"), None),
                Value::config(format_smolstr!("spring.http.client.service.group.{group}.base-url"), None),
                Value::config("spring.http.client.service.base-url", None),
            ]);
            for interface in named {
                let symbol = format_smolstr!("{interface}.<base>");
                sink.stated(Claim::Constant(Constant { symbol, value: value.clone() }), a.span);
            }
        }
    }
}
