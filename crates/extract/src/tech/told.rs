//! Clients of servers that a library's call is told of: which call that is, and where in it the address stands. Tables of
//! such calls are with the technologies that have them.
//!
//! Invariant: a call is found by its library's documented name and import; an address that the call does not say stays unsaid.

use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use seam_facts::{Hole, Value};

pub(super) struct Client {
    pub lang: Lang,
    /// The package, by its beginning; none where the names alone say it.
    pub package: &'static str,
    /// What the call's path begins with, where names are imported without their packages.
    pub on: &'static str,
    /// What is called or made.
    made: &'static [&'static str],
    pub told: Told,
    pub name: &'static str,
}

/// Where the address stands.
#[derive(Clone, Copy)]
pub(super) enum Told {
    Argument(usize),
    /// The first of these that is given, wherever it stands in the options.
    Keys(&'static [&'static str]),
    /// The first of these that is given, or else an argument.
    Either(&'static [&'static str], usize),
    /// A section of the configuration, unless the call says more.
    Section(&'static str),
}

pub(super) const fn of(
    lang: Lang,
    package: &'static str,
    made: &'static [&'static str],
    told: Told,
    name: &'static str,
) -> Client {
    Client { lang, package, on: "", made, told, name }
}

pub(super) const fn on(
    lang: Lang,
    package: &'static str,
    on: &'static str,
    made: &'static [&'static str],
    told: Told,
    name: &'static str,
) -> Client {
    Client { lang, package, on, made, told, name }
}

impl Client {
    /// Whether this is the call.
    pub fn is_made(&self, code: &Code<'_>, site: &Site<'_>) -> bool {
        let lang = code.unit.lang;
        if self.lang != lang && !(self.lang == Lang::Java && lang == Lang::Kotlin) {
            return false;
        }
        let name = site.call.name();
        match lang {
            Lang::Script | Lang::Python | Lang::Go => {
                let callee = code.callee(site.call, site.function);
                let Some((package, made)) = callee.split_once('#') else { return false };
                let path =
                    |p: &str| p == self.package || p.strip_prefix(self.package).is_some_and(|r| r.starts_with('/'));
                path(package) && (self.named(made) || self.named(made.rsplit('.').next().unwrap_or(made)))
            }
            Lang::Ruby => {
                let kind = site.call.arg(0).map(|a| code.value(a, site.function)).and_then(|v| v.as_text());
                name == "provider" && kind.is_some_and(|k| self.named(&k))
            }
            _ => {
                let root = site.call.callee.path();
                let on = root.as_deref().and_then(|p| p.split(['.', ':', '(']).next()).unwrap_or("");
                self.named(name)
                    && (self.on.is_empty() || on.trim_start_matches('\\').ends_with(self.on))
                    && (self.package.is_empty() || code.imports(self.package))
            }
        }
    }

    fn named(&self, name: &str) -> bool {
        self.made.contains(&name)
    }

    /// The address that the call is told, and whether that is only where the library looks by itself.
    pub fn target(&self, code: &Code<'_>, site: &Site<'_>) -> Option<(Value, bool)> {
        let (target, by_convention) = match self.told {
            Told::Argument(at) => (first(code, site.call.arg(at), site.function), false),
            Told::Keys(keys) => (keyed(code, site, keys), false),
            Told::Either(keys, at) => {
                (keyed(code, site, keys).or_else(|| first(code, site.call.arg(at), site.function)), false)
            }
            // Where the call says nothing, the library looks into a section of its own.
            Told::Section(key) => match site.call.args.iter().all(|a| !is_function(&a.value)) {
                true => (Some(Value::config(key, None)), true),
                false => (None, false),
            },
        };
        target.filter(|t| !says_nothing(t)).map(|t| (t, by_convention))
    }
}

/// The value of an argument; of a list, what it begins with.
fn first(code: &Code<'_>, argument: Option<&Expr>, function: usize) -> Option<Value> {
    let (resolved, at) = code.resolved(argument?, function);
    match &resolved.kind {
        ExprKind::List(items) => Some(code.value(items.first()?, at)),
        // Options that are made of the address.
        ExprKind::Call(made) if made.new => first(code, made.arg(0), at),
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
