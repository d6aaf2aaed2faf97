//! What a front end's development server forwards, as its configuration in code says: `server.proxy` of Vite,
//! `devServer.proxy` of webpack and Vue, `proxyTable` of older Vue projects, Angular's `proxy.conf.js`.
//!
//! Invariant: every route here is stated as one of the development server; linking decides whether that is what runs.

use super::options;
use crate::Sink;
use crate::code::Code;
use crate::code::ir::{Expr, ExprKind, walk_stmts};
use seam_facts::{Claim, DEVELOPMENT_SERVER, Protocol, Route, Span, Value};

/// Beginnings of the names of configuration files that may hold a proxy.
const FILES: &[&str] =
    &["vite.config.", "vue.config.", "webpack.", "rsbuild.config.", "nuxt.config.", "quasar.config.", "craco.config."];

const KEYS: &[&str] = &["proxy", "proxyTable", "devProxy"];

pub fn extract(code: &Code<'_>, sink: &mut Sink) {
    let file = code.path.rsplit('/').next().unwrap_or(code.path);
    let angular = file.starts_with("proxy.conf");
    let known =
        FILES.iter().any(|f| file.starts_with(f)) || file.contains("webpack") || code.path.ends_with("config/index.js");
    if !known && !angular {
        return;
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        let mut found: Vec<&Expr> = Vec::new();
        walk_stmts(&function.body, &mut |e| {
            if angular && index == 0 && matches!(e.kind, ExprKind::Object(_)) {
                found.push(e);
            }
            found.extend(KEYS.iter().filter_map(|k| e.key(k)));
        });
        for rules in found {
            self::rules(code, rules, index, sink);
        }
    }
}

/// One address for everything, a map from path to rule, or a list of rules with their `context`.
fn rules(code: &Code<'_>, rules: &Expr, function: usize, sink: &mut Sink) {
    let (resolved, at) = code.resolved(rules, function);
    match &resolved.kind {
        ExprKind::Str(target) if target.contains("://") => {
            route("/".into(), Value::text(target.clone()), rules.span, sink)
        }
        ExprKind::Object(entries) => {
            if rule(code, resolved, at, sink) {
                return;
            }
            for (path, entry) in
                entries.iter().filter(|(path, _)| path.starts_with(['/', '^']) || path.starts_with('['))
            {
                let target = match options::is_object(code, entry, at) {
                    true => options::value(code, entry, at, &["target"]),
                    false => Some(code.value(entry, at)),
                };
                if let Some(target) = target.filter(|t| !t.is_empty()) {
                    let path = if path.starts_with('[') { "/" } else { path.trim_start_matches('^') };
                    route(path.into(), target, entry.span, sink);
                }
            }
        }
        ExprKind::List(items) => items.iter().for_each(|item| {
            rule(code, item, at, sink);
        }),
        _ => {}
    }
}

/// `{ context: ['/api'], target: '…' }`.
fn rule(code: &Code<'_>, item: &Expr, function: usize, sink: &mut Sink) -> bool {
    let Some((context, at)) = options::key(code, item, function, "context") else {
        return false;
    };
    let Some(target) = options::value(code, item, function, &["target"]) else {
        return false;
    };
    match &code.resolved(context, at).0.kind {
        ExprKind::List(paths) => {
            paths.iter().for_each(|path| route(code.value(path, at), target.clone(), item.span, sink));
        }
        _ => route(code.value(context, at), target, item.span, sink),
    }
    true
}

fn route(path: Value, target: Value, at: Span, sink: &mut Sink) {
    let path = options::template(path);
    let claim = Route { protocol: Protocol::Http, path, target, via: Some(DEVELOPMENT_SERVER.into()) };
    sink.inferred(Claim::Route(claim), at);
}
