//! Routes of Rails, Sinatra and Grape: words with blocks, nested below prefixes. See `ruby_routes.md`.

use crate::code::Code;
use crate::code::ir::{Arg, Call as Invocation, Expr, ExprKind, Stmt};
use crate::lang::Lang;
use crate::tech::paths::{self, Notation};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Endpoint, Mount, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "ruby-routes",
    version: 1,
    page: include_str!("ruby_routes.md"),
    reads: Reads::Code { langs: &[Lang::Ruby], extract },
};

const VERBS: &[&str] = &["get", "post", "put", "delete", "patch", "head", "options"];
/// Nesting of blocks that is followed.
const MAX_DEPTH: usize = 12;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Rails,
    Sinatra,
    Grape,
}

/// Where in a tree of routes a statement stands.
#[derive(Clone)]
struct Place {
    prefix: Value,
    /// Modules of controllers, and the controller that resources name.
    module: String,
    controller: String,
    style: Style,
    /// Directly within a resource's own block: nested routes lie below one of it.
    member: Option<Value>,
}

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let place = |style| Place {
        prefix: Value::default(),
        module: String::new(),
        controller: String::new(),
        style,
        member: None,
    };
    // `Rails.application.routes.draw do … end`.
    for site in code.calls_named(&["draw"]) {
        if site.call.callee.path().is_some_and(|p| p.contains("routes"))
            && let Some(body) = block(code, site.call)
        {
            walk(code, body, &place(Style::Rails), MAX_DEPTH, sink);
        }
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        let top = function.name == "<type>";
        let supers = code.type_named(&function.owner).map(|t| t.supers.as_slice()).unwrap_or_default();
        let has = |words: &[&str]| supers.iter().any(|s| words.iter().any(|w| s.contains(w)));
        if top && has(&["Grape::API"]) {
            let mut start = place(Style::Grape);
            start.prefix = grape_prefix(code, &function.body, index);
            walk(code, &function.body, &start, MAX_DEPTH, sink);
        } else if top && (has(&["Sinatra::"]) || code.imports("sinatra")) || index == 0 && code.imports("sinatra") {
            walk(code, &function.body, &place(Style::Sinatra), MAX_DEPTH, sink);
        }
    }
}

fn block<'a>(code: &Code<'a>, call: &Invocation) -> Option<&'a [Stmt]> {
    match call.named("&")?.kind {
        ExprKind::Lambda(index) => Some(&code.unit.functions[index].body),
        _ => None,
    }
}

fn walk(code: &Code<'_>, body: &[Stmt], place: &Place, depth: usize, sink: &mut Sink) {
    if depth == 0 {
        return;
    }
    for stmt in body {
        match stmt {
            Stmt::Expr(e) | Stmt::Return(e) => {
                if let Some(call) = e.as_call() {
                    word(code, call, e.span, place, depth, sink);
                } else if let ExprKind::Name(name) = &e.kind
                    && place.style == Style::Grape
                    && VERBS.contains(&name.as_str())
                {
                    let method = Some(name.to_uppercase().into());
                    endpoint(method, place.prefix.clone(), SmolStr::default(), e.span, sink);
                }
            }
            Stmt::Block { body, .. } => walk(code, body, place, depth - 1, sink),
            Stmt::Assign { .. } | Stmt::Leave(..) => {}
        }
    }
}

fn word(code: &Code<'_>, call: &Invocation, at: Span, place: &Place, depth: usize, sink: &mut Sink) {
    if call.receiver().is_some() {
        return;
    }
    let value = |e: &Expr| paths::template(code.value(e, 0), Notation::Colons);
    let named = |name: &str| call.named(name).map(|e| code.value(e, 0)).and_then(|v| v.as_text());
    let inner = block(code, call);
    let mut below = place.clone();
    below.member = None;
    match (call.name(), place.style) {
        ("namespace", _) | ("scope", Style::Rails) | ("resource" | "resources" | "group" | "segment", Style::Grape) => {
            let stated = call.arg(0).map(&value).or_else(|| call.named("path").map(value));
            if let Some(path) = stated.filter(|p| !p.is_empty()) {
                if call.name() == "namespace" && place.style == Style::Rails {
                    below.module.push_str(&format!("{path}/"));
                }
                below.prefix = paths::join(below.prefix, paths::rooted(path));
            }
            if let Some(module) = named("module") {
                below.module.push_str(&format!("{module}/"));
            }
        }
        ("route_param", Style::Grape) => {
            let name = call.arg(0).map(|e| code.value(e, 0).to_string()).unwrap_or_default();
            below.prefix = paths::join(below.prefix, Value::text(format!("/{{{name}}}")));
        }
        ("resources" | "resource", Style::Rails) => return resources(code, call, at, place, depth, sink),
        ("member", Style::Rails) => below.prefix = place.member.clone().unwrap_or(below.prefix),
        ("mount", _) => return mount(code, call, at, place, sink),
        ("root", Style::Rails) => {
            let to = named("to").or_else(|| call.arg(0).and_then(Expr::as_str).cloned()).unwrap_or_default();
            let path = if place.prefix.is_empty() { "/".into() } else { place.prefix.clone() };
            return endpoint(Some("GET".into()), path, action(&to, place), at, sink);
        }
        (verb, style) if VERBS.contains(&verb) || verb == "match" && style == Style::Rails => {
            return routes(code, call, verb, at, place, sink);
        }
        // `configure do`, `helpers do`, `collection do`, `authenticate :user do`, `constraints … do`.
        _ => {}
    }
    if let Some(inner) = inner {
        walk(code, inner, &below, depth - 1, sink);
    }
}

/// `get "/x"`, `get "/x", to: "c#a"`, `get "/x" => "c#a"`, `get :id`.
fn routes(code: &Code<'_>, call: &Invocation, verb: &str, at: Span, place: &Place, sink: &mut Sink) {
    let to = call.named("to").map(|e| code.value(e, 0).to_string());
    let mut found: Vec<(Value, String)> = Vec::new();
    for Arg { name, value } in &call.args {
        match name {
            None => found.push((code.value(value, 0), to.clone().unwrap_or_default())),
            // The hash-rocket form: the path is a key.
            Some(key)
                if key.starts_with('/')
                    || value.as_str().is_some_and(|v| v.contains('#') && !matches!(key.as_str(), "to" | "via")) =>
            {
                found.push((Value::text(key.clone()), value.as_str().cloned().unwrap_or_default().into()));
            }
            Some(_) => {}
        }
    }
    if found.is_empty() && place.style == Style::Grape {
        found.push((Value::default(), String::new()));
    }
    let methods: Vec<Option<SmolStr>> = match verb {
        "match" => {
            let via = call.named("via");
            let one = |e: &Expr| e.as_str().filter(|s| *s != "all").map(|s| s.to_uppercase().into());
            match via.map(|e| &e.kind) {
                Some(ExprKind::List(items)) => items.iter().map(one).collect(),
                Some(_) => via.iter().map(|e| one(e)).collect(),
                None => vec![None],
            }
        }
        verb => vec![Some(verb.to_uppercase().into())],
    };
    let on_member = call.named("on").and_then(|e| e.as_str()).is_some_and(|on| on == "member");
    let prefix = if on_member { place.member.clone().unwrap_or(place.prefix.clone()) } else { place.prefix.clone() };
    for (path, to) in found {
        let text = path.to_string();
        // Sinatra's words take paths; a bare name is some other method of the same name.
        if place.style == Style::Sinatra && !(text.starts_with(['/', '$', '*']) || text.is_empty()) {
            continue;
        }
        let path = if path.is_empty() { path } else { paths::rooted(paths::template(path, Notation::Colons)) };
        let own = if to.is_empty() && place.style == Style::Rails {
            format!("{}#{}", place.controller, text.trim_start_matches('/').replace('/', "#"))
        } else {
            to
        };
        for method in &methods {
            endpoint(method.clone(), paths::join(prefix.clone(), path.clone()), action(&own, place), at, sink);
        }
    }
}

/// The routes that `resources :orders` stands for, and what is nested in it.
fn resources(code: &Code<'_>, call: &Invocation, at: Span, place: &Place, depth: usize, sink: &mut Sink) {
    let plural = call.name() == "resources";
    let list = |name: &str| {
        call.named(name).map(|e| match &e.kind {
            ExprKind::List(items) => items.iter().filter_map(Expr::as_str).cloned().collect::<Vec<_>>(),
            _ => e.as_str().cloned().into_iter().collect(),
        })
    };
    let (only, except) = (list("only"), list("except"));
    for name in call.args.iter().filter(|a| a.name.is_none()).filter_map(|a| a.value.as_str()) {
        let path = call.named("path").map(|e| code.value(e, 0)).unwrap_or_else(|| Value::text(name.clone()));
        let all = paths::join(place.prefix.clone(), paths::rooted(path));
        let param = call.named("param").and_then(Expr::as_str).cloned().unwrap_or_else(|| "id".into());
        let one = if plural { all.clone().then(Value::text(format!("/{{{param}}}"))) } else { all.clone() };
        let actions: &[(&str, &str, bool)] = &[
            ("index", "GET", false),
            ("create", "POST", false),
            ("new", "GET", false),
            ("show", "GET", true),
            ("edit", "GET", true),
            ("update", "PATCH", true),
            ("update", "PUT", true),
            ("destroy", "DELETE", true),
        ];
        let controller = call.named("controller").and_then(Expr::as_str).cloned().unwrap_or_else(|| name.clone());
        for (name, method, of_one) in actions {
            if !plural && *name == "index"
                || only.as_ref().is_some_and(|o| !o.iter().any(|x| x == name))
                || except.as_ref().is_some_and(|e| e.iter().any(|x| x == name))
                // Forms for people are not part of an interface unless asked for.
                || matches!(*name, "new" | "edit") && only.is_none()
            {
                continue;
            }
            let mut path = if *of_one { one.clone() } else { all.clone() };
            if matches!(*name, "new" | "edit") {
                path.push_text(&format!("/{name}"));
            }
            endpoint(Some((*method).into()), path, action(&format!("{controller}#{name}"), place), at, sink);
        }
        if let Some(inner) = block(code, call) {
            let singular = name
                .strip_suffix("ies")
                .map(|s| format!("{s}y"))
                .unwrap_or_else(|| name.trim_end_matches('s').to_owned());
            let nested =
                if plural { all.clone().then(Value::text(format!("/{{{singular}_id}}"))) } else { all.clone() };
            let within = Place {
                prefix: all.clone(),
                controller: controller.to_string(),
                member: Some(one.clone()),
                ..place.clone()
            };
            let deeper = Place { prefix: nested, ..within.clone() };
            for stmt in inner {
                let (Stmt::Expr(e) | Stmt::Return(e)) = stmt else { continue };
                let Some(word_call) = e.as_call() else { continue };
                let place = if matches!(word_call.name(), "resources" | "resource" | "namespace" | "scope") {
                    &deeper
                } else {
                    &within
                };
                let mut collection = place.clone();
                if word_call.name() == "collection" {
                    collection.member = None;
                }
                word(code, word_call, e.span, &collection, depth.saturating_sub(1), sink);
            }
        }
    }
}

/// `orders#show` below `api/` is `Api::OrdersController.show`, as files of controllers name it: `OrdersController.show`.
fn action(to: &str, _place: &Place) -> SmolStr {
    let Some((controller, action)) = to.split_once('#') else {
        return SmolStr::default();
    };
    let last = controller.rsplit('/').next().unwrap_or(controller);
    if last.is_empty() {
        return SmolStr::default();
    }
    let camel: String = last
        .split('_')
        .filter_map(|word| {
            let first = word.chars().next()?;
            Some(first.to_uppercase().collect::<String>() + &word[first.len_utf8()..])
        })
        .collect();
    format_smolstr!("{camel}Controller.{action}")
}

fn mount(code: &Code<'_>, call: &Invocation, at: Span, place: &Place, sink: &mut Sink) {
    let mut state = |router: Option<String>, path: Option<Value>| {
        let Some(router) = router else { return };
        let prefix = paths::join(place.prefix.clone(), path.unwrap_or_default());
        sink.stated(Claim::Mount(Mount { router: router.into(), prefix, on: SmolStr::default() }), at);
    };
    match call.arg(0) {
        Some(engine) => state(engine.path(), call.named("at").map(|e| code.value(e, 0))),
        // `mount Engine => "/path"`.
        None => {
            for arg in &call.args {
                if arg.name.as_deref() != Some("&") {
                    state(arg.name.as_ref().map(|n| n.to_string()), Some(code.value(&arg.value, 0)));
                }
            }
        }
    }
}

/// `prefix :api` and `version "v1", using: :path` of an API class.
fn grape_prefix(code: &Code<'_>, body: &[Stmt], function: usize) -> Value {
    let mut prefix = Value::default();
    let mut version = Value::default();
    for stmt in body {
        let (Stmt::Expr(e) | Stmt::Return(e)) = stmt else { continue };
        let Some(call) = e.as_call() else { continue };
        let stated = || call.arg(0).map(|e| paths::rooted(code.value(e, function)));
        match call.name() {
            "prefix" => prefix = stated().unwrap_or_default(),
            "version" if call.named("using").and_then(Expr::as_str).is_none_or(|u| u == "path") => {
                version = stated().unwrap_or_default();
            }
            _ => {}
        }
    }
    paths::join(prefix, version)
}

fn endpoint(method: Option<SmolStr>, path: Value, handler: SmolStr, at: Span, sink: &mut Sink) {
    let endpoint = Endpoint {
        protocol: Protocol::Http,
        method,
        path: paths::rooted(path),
        handler,
        router: None,
        request: None,
        response: None,
    };
    sink.stated(Claim::Endpoint(endpoint), at);
}
