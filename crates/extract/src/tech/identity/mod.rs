//! Clients of identity providers: who signs users in, issues tokens and publishes the keys that tokens are checked with.
//! See `identity.md`.
//!
//! Invariant: an address that a browser is sent to is no call; the one that the server itself asks is.

mod clients;

use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use clients::{CLIENTS, Client, Told};
use seam_facts::{Call, Claim, Hole, Protocol, SmolStr, Value};
use std::collections::BTreeSet;

pub static EXTRACTOR: Extractor = Extractor {
    id: "identity",
    version: 1,
    page: include_str!("identity.md"),
    reads: Reads::Code {
        langs: &[Lang::Go, Lang::Python, Lang::Script, Lang::Java, Lang::Kotlin, Lang::CSharp, Lang::Ruby, Lang::Php],
        extract,
    },
};

pub static EXTRACTORS: &[&Extractor] = &[&EXTRACTOR];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let mut said: BTreeSet<(Value, SmolStr)> = BTreeSet::new();
    for site in code.calls() {
        let Some(client) = CLIENTS.iter().find(|c| makes(c, code, site)) else { continue };
        let within = code.within(site.function);
        let (target, by_convention) = match client.told {
            Told::Argument(at) => (first(code, site.call.arg(at), site.function), false),
            Told::Keys(keys) => (keyed(code, site, keys), false),
            // Where the call says nothing, the library looks into a section of its own.
            Told::Section(key) => match site.call.args.iter().all(|a| !is_function(&a.value)) {
                true => (Some(Value::config(key, None)), true),
                false => (None, false),
            },
        };
        let Some(target) = target.filter(|t| !says_nothing(t)) else { continue };
        // A discovery document's field leads to where the document came from.
        if !said.insert((target.clone(), within.clone())) {
            continue;
        }
        let claim = Claim::Call(Call::to(Protocol::Http, client.name.into(), target, within));
        match by_convention {
            true => sink.inferred(claim, site.span()),
            false => sink.stated(claim, site.span()),
        }
    }
}

fn makes(client: &Client, code: &Code<'_>, site: &Site<'_>) -> bool {
    let lang = code.unit.lang;
    if client.lang != lang && !(client.lang == Lang::Java && lang == Lang::Kotlin) {
        return false;
    }
    let name = site.call.name();
    match lang {
        Lang::Script | Lang::Python | Lang::Go => {
            let callee = code.callee(site.call, site.function);
            let Some((package, made)) = callee.split_once('#') else { return false };
            let path =
                |p: &str| p == client.package || p.strip_prefix(client.package).is_some_and(|r| r.starts_with('/'));
            path(package) && (client.makes(made) || client.makes(made.rsplit('.').next().unwrap_or(made)))
        }
        Lang::Ruby => {
            let kind = site.call.arg(0).map(|a| code.value(a, site.function)).and_then(|v| v.as_text());
            name == "provider" && kind.is_some_and(|k| client.makes(&k))
        }
        _ => {
            let root = site.call.callee.path();
            let on = root.as_deref().and_then(|p| p.split(['.', ':', '(']).next()).unwrap_or("");
            client.makes(name)
                && (client.on.is_empty() || on.trim_start_matches('\\').ends_with(client.on))
                && (client.package.is_empty() || code.imports(client.package))
        }
    }
}

/// The value of an argument; of a list, what it begins with.
fn first(code: &Code<'_>, argument: Option<&Expr>, function: usize) -> Option<Value> {
    let (resolved, at) = code.resolved(argument?, function);
    match &resolved.kind {
        ExprKind::List(items) => Some(code.value(items.first()?, at)),
        _ => Some(code.value(argument?, function)),
    }
}

/// What one of these keys is given, as a named argument or anywhere in the options.
fn keyed(code: &Code<'_>, site: &Site<'_>, keys: &[&str]) -> Option<Value> {
    for key in keys {
        if let Some(named) = site.call.named(key) {
            return Some(code.value(named, site.function));
        }
        let found = site.call.args.iter().find_map(|a| within(code, &a.value, site.function, key, 4));
        if let Some((expr, at)) = found {
            return Some(code.value(expr, at));
        }
    }
    None
}

fn within<'e>(
    code: &'e Code<'_>,
    expr: &'e Expr,
    function: usize,
    key: &str,
    depth: usize,
) -> Option<(&'e Expr, usize)> {
    if depth == 0 {
        return None;
    }
    let (object, at) = code.resolved(expr, function);
    match &object.kind {
        ExprKind::Object(entries) => {
            let own = entries.iter().find(|(k, _)| k == key).map(|(_, v)| (v, at));
            own.or_else(|| entries.iter().find_map(|(_, v)| within(code, v, at, key, depth - 1)))
        }
        ExprKind::List(items) => items.iter().find_map(|i| within(code, i, at, key, depth - 1)),
        ExprKind::Call(call) => call.args.iter().find_map(|a| match a.name.as_deref() {
            Some(name) if name == key => Some((&a.value, at)),
            _ => within(code, &a.value, at, key, depth - 1),
        }),
        _ => None,
    }
}

fn is_function(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Lambda(_))
}

fn says_nothing(value: &Value) -> bool {
    value.is_empty() || matches!(value.as_hole(), Some(Hole::Opaque(_)))
}
