//! HTTP routes in Go: `net/http`, gorilla/mux, chi, gin, echo, fiber, httprouter, go-restful and what wraps them. See
//! `server.md`.

use super::routes::{Place, join, place, template};
use super::{handler, items, literal};
use crate::code::ir::{Arg, Call, Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Endpoint, Mount, Protocol, SmolStr, Value};
use std::collections::HashMap;

pub static EXTRACTOR: Extractor = Extractor {
    id: "go-http-server",
    version: 2,
    page: include_str!("server.md"),
    reads: Reads::Code { langs: &[Lang::Go], extract },
};

/// Packages of routers; a file that imports one may register routes on values whose type it does not show.
const ROUTERS: &[&str] = &[
    "net/http",
    "github.com/gorilla/mux",
    "github.com/go-chi/chi",
    "github.com/gin-gonic/gin",
    "github.com/labstack/echo",
    "github.com/gofiber/fiber",
    "github.com/julienschmidt/httprouter",
    "github.com/dimfeld/httptreemux",
    "github.com/emicklei/go-restful",
    "github.com/kataras/iris",
    "github.com/beego/beego",
    "github.com/go-martini/martini",
    "github.com/valyala/fasthttp",
    "github.com/fasthttp/router",
    "github.com/cloudwego/hertz",
    "github.com/gogf/gf",
    "github.com/uptrace/bunrouter",
    "goji.io",
    "github.com/zenazn/goji",
    "github.com/bmizerany/pat",
    "github.com/gorilla/pat",
    "github.com/go-zoo/bone",
    "github.com/uber/zanzibar",
    "github.com/zeromicro/go-zero/rest",
    "goa.design",
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if super::test_file(code) {
        return;
    }
    if !ROUTERS.iter().any(|r| code.imports(r)) {
        return;
    }
    // What continues a call: `.Methods("GET")` after `r.HandleFunc("/x", h)`, by the place of the inner call in memory.
    let mut outer: HashMap<*const Expr, &Call> = HashMap::new();
    for site in code.calls() {
        if let Some(receiver) = site.call.receiver() {
            outer.insert(receiver as *const Expr, site.call);
        }
    }
    let outward: HashMap<*const Call, &Call> = code
        .calls()
        .iter()
        .filter_map(|s| Some((s.call as *const Call, *outer.get(&(s.expr as *const Expr))?)))
        .collect();
    for site in code.calls() {
        if let Some(mut route) = route(site.call) {
            let mut call = site.call;
            while let Some(next) = outward.get(&(call as *const Call)) {
                if next.name() == "Methods" {
                    route.methods.extend(next.args.iter().map(|a| &a.value));
                }
                call = next;
            }
            registered(code, site, route, sink);
        } else {
            mounted(code, site, sink);
        }
        table(code, site, sink);
    }
    handed_to_fields(code, sink);
}

/// A field that a constructor fills with the router it was handed stands on that router.
fn handed_to_fields(code: &Code<'_>, sink: &mut Sink) {
    for ty in &code.unit.types {
        for field in &ty.fields {
            for (value, function) in code.assigned_field(&ty.name, &field.name) {
                let ExprKind::Name(name) = &value.kind else { continue };
                let f = code.function(function);
                let Some(position) = f.params.iter().position(|p| p.name == *name) else { continue };
                let is = code.canonical_type(&f.params[position].ty);
                let is_mux = !is.starts_with("net/http#") || is.ends_with("ServeMux");
                if f.parent.is_none() && is_mux && ROUTERS.iter().any(|r| is.starts_with(r)) {
                    let router = seam_facts::format_smolstr!("{}.{}", ty.name, field.name);
                    let on = seam_facts::format_smolstr!("{}#{position}", f.symbol());
                    sink.stated(Claim::Mount(Mount { router, prefix: Value::default(), on }), value.span);
                }
            }
        }
    }
}

/// What a chain of router calls says together: `r.Path("/x").Methods("GET").Handler(h)`, `r.HandleFunc("/x", h)`.
struct Route<'a> {
    /// `None` where the prefix is all there is.
    path: Option<&'a Expr>,
    methods: Vec<&'a Expr>,
    base: &'a Expr,
}

fn route(call: &Call) -> Option<Route<'_>> {
    let base = call.receiver()?;
    let single = matches!((call.name(), call.args.len()), ("Handler" | "HandlerFunc", 1));
    let registers = registers(call).is_some();
    if !single && !registers {
        return None;
    }
    let path = call.args.iter().map(|a| &a.value).find(|e| is_path(e)).filter(|_| registers);
    let mut route = Route { path, methods: Vec::new(), base };
    let mut below = false;
    let mut inner = base;
    for _ in 0..8 {
        let Some(call) = inner.as_call().filter(|c| !c.new) else { break };
        match call.name() {
            "Methods" => route.methods.extend(call.args.iter().map(|a| &a.value)),
            "Path" if single => route.path = call.arg(0),
            "PathPrefix" if single => below = true,
            "Subrouter" | "Group" | "Route" => break,
            _ => {}
        }
        match call.receiver() {
            Some(next) => inner = next,
            None => break,
        }
    }
    (route.path.is_some() || below).then_some(route)
}

/// HTTP methods as routers' functions are called.
fn verb(name: &str) -> Option<Option<&'static str>> {
    Some(match name {
        "GET" | "Get" => Some("GET"),
        "POST" | "Post" => Some("POST"),
        "PUT" | "Put" => Some("PUT"),
        "DELETE" | "Delete" | "Del" => Some("DELETE"),
        "PATCH" | "Patch" => Some("PATCH"),
        "HEAD" | "Head" => Some("HEAD"),
        "OPTIONS" | "Options" => Some("OPTIONS"),
        "Any" | "All" | "ANY" | "HandleFunc" | "Handle" | "HandlerFunc" | "Handler" | "HandleFuncC" => None,
        _ => return None,
    })
}

/// The handler of a call that registers a route, if it does.
fn registers(call: &Call) -> Option<&Expr> {
    let position = match (call.name(), call.args.len()) {
        // `r.Handle("GET", "/x", h)` (gin, httprouter), `r.Method("GET", "/x", h)` (chi), `r.Add("GET", "/x", h)` (echo, fiber).
        ("Handle" | "HandlerFunc" | "Handler" | "Method" | "MethodFunc" | "Add", 3..) => 2,
        (name, 2..) if verb(name).is_some() => call.args.len() - 1,
        _ => return None,
    };
    let handler = &call.args.get(position)?.value;
    let callable =
        matches!(handler.kind, ExprKind::Lambda(_) | ExprKind::Name(_) | ExprKind::Member(..) | ExprKind::Call(_));
    (callable && call.args.iter().any(|a| is_path(&a.value))).then_some(handler)
}

/// Whether an expression may be a path: text, or something built from text; not a closure, not a context.
fn is_path(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Str(text) => {
            text.is_empty() || text.starts_with(['/', '*', ':']) || text.contains(" /") || text.starts_with('{')
        }
        ExprKind::Concat(parts) => {
            parts.iter().any(|p| matches!(&p.kind, ExprKind::Str(t) if t.starts_with('/')) || is_path(p))
        }
        ExprKind::Name(name) => {
            let lower = name.to_ascii_lowercase();
            ["path", "route", "url", "endpoint", "prefix", "pattern"].iter().any(|w| lower.contains(w))
        }
        ExprKind::Member(_, name) => {
            let lower = name.to_ascii_lowercase();
            ["path", "route", "url", "endpoint", "prefix", "pattern"].iter().any(|w| lower.contains(w))
        }
        ExprKind::Call(call) => call.name() == "Sprintf" && call.arg(0).is_some_and(is_path),
        _ => false,
    }
}

/// On something whose type is not seen, only text with a slash and a visible function make a route.
fn surely_handler(code: &Code<'_>, call: &Call, path: Option<&Expr>) -> bool {
    let text = path.is_some_and(|p| match &p.kind {
        ExprKind::Str(text) => text.starts_with('/') || text.contains(" /"),
        ExprKind::Concat(_) => true,
        _ => false,
    });
    let function = call.args.last().is_some_and(|a| match &a.value.kind {
        ExprKind::Lambda(_) => true,
        ExprKind::Name(name) => code.unit.functions.iter().any(|f| f.name == *name),
        ExprKind::Member(_, name) => {
            code.unit.functions.iter().any(|f| f.name == *name) || name.to_ascii_lowercase().contains("handle")
        }
        ExprKind::Call(inner) => !inner.new && inner.name().to_ascii_lowercase().contains("handle"),
        _ => false,
    });
    text && function
}

/// Values that have methods of the same names and are no routers.
fn is_client(origin: &str) -> bool {
    let lower = origin.to_ascii_lowercase();
    ["client", "resty", "redis", "cache", "header", "#values", "viper", "gorequest", "request"]
        .iter()
        .any(|w| lower.contains(w))
        && !lower.contains("mux")
        && !lower.contains("router")
}

fn registered(code: &Code<'_>, site: &Site<'_>, route: Route<'_>, sink: &mut Sink) {
    let (function, call) = (site.function, site.call);
    let on = place(code, route.base, function, 8);
    let known = ROUTERS.iter().any(|r| on.origin.starts_with(r));
    // `http.Post(url, type, body)` is a request.
    if (on.origin == "net/http#" || on.origin.starts_with("net/http#Client")) && !call.name().starts_with("Handle") {
        return;
    }
    // `group.POST("", h)` on a field of a type from another file: only frameworks spell verbs in capitals.
    let capital = matches!(call.name(), "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS" | "Any")
        && ROUTERS.iter().skip(1).any(|r| code.imports(r));
    let sure = known || !is_client(&on.origin) && (capital || surely_handler(code, call, route.path));
    if !sure || call.args.len() > 8 {
        return;
    }
    let stated = route.methods;
    let mut path = match route.path {
        Some(path) => match &path.kind {
            // oapi-codegen's routers put an optional base before each path, which is empty unless set.
            ExprKind::Concat(parts)
                if parts.len() == 2 && matches!(&parts[0].kind, ExprKind::Member(_, m) if m == "BaseURL") =>
            {
                code.value(&parts[1], function)
            }
            _ => code.value(path, function),
        },
        // Everything below the prefix.
        None => "*".into(),
    };
    let mut methods: Vec<Option<SmolStr>> =
        stated.iter().flat_map(|e| items(code, e, function)).map(|v| v.as_text()).collect();
    if methods.is_empty() {
        methods.push(match call.name() {
            "Handle" | "HandlerFunc" | "Handler" | "Method" | "MethodFunc" | "Add" if call.args.len() >= 3 => {
                call.arg(0).and_then(|m| code.value(m, function).as_text())
            }
            name => verb(name).flatten().map(SmolStr::from),
        });
    }
    // `mux.HandleFunc("GET /x", h)`.
    if let Some(text) = path.as_text()
        && let Some((method, rest)) = text.split_once(' ')
        && method.chars().all(|c| c.is_ascii_uppercase())
    {
        methods = vec![Some(method.into())];
        path = Value::text(rest.trim_start());
    }
    let known = path.as_text().is_none_or(|t| t.is_empty() || t.contains('/') || t == "*");
    if !known {
        return;
    }
    let named = |a: &Arg| handler(code, &a.value, function, 3);
    // Echo takes middleware after the handler, all others before it.
    let by = match on.origin.starts_with("github.com/labstack/echo") {
        true => call.args.get(1).map(named),
        false => call.args.iter().rev().map(named).find(|h| !h.is_empty()),
    };
    let mut path = template(join(on.prefix, path));
    if path.is_empty() {
        path = "/".into();
    }
    // `http.Handle("/api/", h)` serves everything below.
    if let Some(text) = path.as_text()
        && text.len() > 1
        && text.ends_with('/')
        && on.origin.starts_with("net/http#")
    {
        path.push_text("*");
    }
    for method in methods {
        let endpoint = Endpoint {
            protocol: Protocol::Http,
            method,
            path: path.clone(),
            handler: by.clone().unwrap_or_default(),
            router: (!on.router.is_empty() && on.router != "http").then(|| on.router.clone()),
            request: None,
            response: None,
        };
        sink.stated(Claim::Endpoint(endpoint), site.span());
    }
}

/// A router handed to a function that registers routes on it (`users.Register(v1.Group("/users"))`), and routers mounted
/// on others (`r.Mount("/x", sub)`, `http.Handle("/", r)` is no prefix and needs none).
fn mounted(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    let call = site.call;
    if call.name() == "Mount" && call.args.len() == 2 {
        let (Some(base), Some(prefix), Some(sub)) = (call.receiver(), call.arg(0), call.arg(1)) else {
            return;
        };
        let on = place(code, base, site.function, 8);
        let prefix = join(on.prefix, code.value(prefix, site.function));
        let sub = match &sub.kind {
            ExprKind::Call(inner) => callee_symbol(code, inner, site.function),
            _ => place(code, sub, site.function, 8).router,
        };
        if !sub.is_empty() && !sub.starts_with("func") {
            sink.stated(Claim::Mount(Mount { router: sub, prefix: template(prefix), on: on.router }), site.span());
        }
        return;
    }
    for (position, arg) in call.args.iter().enumerate() {
        if call.new || registers(call).is_some() {
            return;
        }
        let hands = matches!(arg.value.kind, ExprKind::Name(_) | ExprKind::Member(..))
            || arg.value.as_call().is_some_and(|c| matches!(c.name(), "Group" | "Subrouter"));
        if !hands {
            continue;
        }
        let Place { prefix, router, origin } = place(code, &arg.value, site.function, 8);
        if prefix.is_empty() || !looks_like_router(&origin, &arg.value) {
            continue;
        }
        let callee = callee_symbol(code, call, site.function);
        // A function value that was handed in has no name to mount.
        if callee.is_empty() || callee.starts_with("func") {
            continue;
        }
        let router_symbol = seam_facts::format_smolstr!("{callee}#{position}");
        sink.stated(
            Claim::Mount(Mount { router: router_symbol, prefix: template(prefix), on: router }),
            arg.value.span,
        );
    }
}

fn looks_like_router(origin: &str, expr: &Expr) -> bool {
    ROUTERS.iter().any(|r| origin.starts_with(r)) || expr.as_call().is_some()
}

fn callee_symbol(code: &Code<'_>, call: &Call, function: usize) -> SmolStr {
    let callee = code.callee(call, function);
    callee.rsplit('#').next().unwrap_or_default().replace("()", "").into()
}

/// Tables of routes: `Route{"Index", "GET", "/", Index}`, `rest.Route{Method: …, Path: …, Handler: …}`.
fn table(code: &Code<'_>, site: &Site<'_>, sink: &mut Sink) {
    if !site.call.new || !site.call.name().ends_with("Route") {
        return;
    }
    let object = literal(code, site).and_then(|(_, _, o)| o).or_else(|| site.call.arg(0));
    let Some(ExprKind::Object(entries)) = object.map(|o| &o.kind) else {
        return;
    };
    let key = |names: &[&str]| entries.iter().find(|(k, _)| names.contains(&k.as_str())).map(|(_, v)| v);
    let (Some(path), Some(by)) = (
        key(&["Path", "Pattern", "URL", "Uri", "path", "pattern"]),
        key(&["HandlerFunc", "Handler", "handler", "HandleFunc"]),
    ) else {
        return;
    };
    let endpoint = Endpoint {
        protocol: Protocol::Http,
        method: key(&["Method", "method"]).and_then(|m| code.value(m, site.function).as_text()),
        path: template(code.value(path, site.function)),
        handler: handler(code, by, site.function, 3),
        router: None,
        request: None,
        response: None,
    };
    sink.stated(Claim::Endpoint(endpoint), site.span());
}
