//! Vert.x options: JSON objects whose keys say where something is, and classes of options that are set one by one.
//!
//! Invariant: a key is stated only for an object that is seen to be the application's configuration, or is handed in from
//! where it is; an object that is built in sight has the keys that it is built with, and no others.

use super::read::filled;
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use seam_facts::{SmolStr, Value, format_smolstr};

/// How many `put` and `getJsonObject` links are followed.
const LINKS: usize = 16;

/// What a JSON object holds under a key, as far as the file shows.
pub fn json_value(code: &Code<'_>, object: &Expr, function: usize, key: &str) -> Option<Value> {
    let (made, at) = code.resolved(object, function);
    match literal(code, made, at, key) {
        Some(found) => found,
        None => prefix(code, object, function).map(|prefix| Value::config(under(&prefix, key), None)),
    }
}

/// The first of several keys that an object built in sight has; else each of them, for configuration may have any.
pub fn json_values(code: &Code<'_>, object: &Expr, function: usize, keys: &[&str]) -> Option<Value> {
    let found: Vec<Value> = keys.iter().filter_map(|k| json_value(code, object, function, k)).collect();
    (!found.is_empty()).then(|| Value::either(found))
}

fn under(prefix: &str, key: &str) -> SmolStr {
    if prefix.is_empty() { key.into() } else { format_smolstr!("{prefix}.{key}") }
}

/// `new JsonObject().put("name", x)`, `jsonObjectOf("name" to x)`, `Map.of("name", x)`: the value, none if the object has no
/// such key; `None` if it is not built here.
fn literal(code: &Code<'_>, expr: &Expr, function: usize, key: &str) -> Option<Option<Value>> {
    let is_key = |e: &Expr| code.value(e, function).as_text().as_deref() == Some(key);
    let mut next = expr;
    for _ in 0..LINKS {
        let call = next.as_call()?;
        match call.name() {
            "put" | "putString" | "add" if call.args.len() >= 2 && is_key(&call.args[0].value) => {
                return Some(Some(filled(code.value(&call.args[1].value, function))));
            }
            "JsonObject" if call.args.is_empty() => return Some(None),
            "jsonObjectOf" | "obj" | "JsonObject" => {
                let pair = |e: &'_ Expr| match &e.kind {
                    ExprKind::List(pair) if pair.len() == 2 && is_key(&pair[0]) => Some(code.value(&pair[1], function)),
                    ExprKind::Object(_) => e.key(key).map(|v| code.value(v, function)),
                    _ => None,
                };
                let known = |e: &Expr| matches!(e.kind, ExprKind::List(_) | ExprKind::Object(_));
                return call
                    .args
                    .iter()
                    .all(|a| known(&a.value))
                    .then(|| call.args.iter().find_map(|a| pair(&a.value)).map(filled));
            }
            _ => {}
        }
        next = call.receiver()?;
    }
    None
}

/// The key below which an object of the application's configuration stands: `config().getJsonObject("db")` is `db`.
fn prefix(code: &Code<'_>, expr: &Expr, function: usize) -> Option<String> {
    let (made, at) = code.resolved(expr, function);
    let mut next = made;
    let mut parts: Vec<SmolStr> = Vec::new();
    for _ in 0..LINKS {
        let Some(call) = next.as_call() else { break };
        if call.name() == "getJsonObject" {
            parts.push(code.value(call.arg(0)?, at).as_text()?);
        } else if call.name() == "config" {
            break;
        } else if !matches!(call.name(), "mergeIn" | "copy" | "result" | "body") {
            return None;
        }
        next = call.receiver()?;
    }
    parts.reverse();
    Some(parts.join("."))
}

/// What is set on objects of a class of options within one function, one by one or in a chain.
pub struct Options<'a> {
    pub first: Site<'a>,
    set: Vec<(&'a str, Site<'a>)>,
}

impl<'a> Options<'a> {
    /// What a setter is given.
    pub fn value(&self, code: &Code<'_>, setter: &str) -> Option<Value> {
        // Kotlin's functions take everything by name: `redisOptionsOf(connectionString = "…")`.
        if self.set.is_empty() {
            let (first, rest) = setter.get(3..)?.split_at_checked(1)?;
            let given = self.first.call.named(&format!("{}{rest}", first.to_ascii_lowercase()))?;
            return Some(filled(code.value(given, self.first.function)));
        }
        let (_, site) = self.set.iter().find(|(name, _)| *name == setter)?;
        Some(filled(code.value(site.call.arg(0)?, site.function)))
    }

    /// `host:port`, as far as both are set.
    pub fn authority(&self, code: &Code<'_>, host: &str, port: &str) -> Option<Value> {
        let host = self.value(code, host)?;
        Some(match self.value(code, port) {
            Some(port) => host.then(":".into()).then(port),
            None => host,
        })
    }
}

/// The objects of one class that are filled in this file. Objects that one chain fills are told apart; what statements of
/// one function set is one object.
pub fn options<'a>(code: &Code<'a>, class: &str) -> Vec<Options<'a>> {
    let mut out: Vec<Options<'a>> = Vec::new();
    let mut starts: Vec<(usize, u32, u32)> = Vec::new();
    for site in code.calls() {
        let by_name = site.call.name().strip_suffix("Of").is_some_and(|n| n.eq_ignore_ascii_case(class));
        if by_name && site.call.args.iter().any(|a| a.name.is_some()) {
            starts.push((site.function, site.span().line, site.span().column));
            out.push(Options { first: *site, set: Vec::new() });
            continue;
        }
        let Some(setter) = setter(site.call.name()) else { continue };
        let Some(on) = site.call.receiver() else { continue };
        let origin = code.origin(on, site.function);
        let rest = origin.strip_prefix(class).filter(|rest| rest.is_empty() || rest.starts_with(['.', '(']));
        if rest.is_none() {
            continue;
        }
        let root = root(on);
        let in_place = root.as_call().is_some();
        let start = if in_place { (site.function, root.span.line, root.span.column) } else { (site.function, 0, 0) };
        match starts.iter().position(|s| *s == start) {
            Some(at) => out[at].set.push((setter, *site)),
            None => {
                starts.push(start);
                out.push(Options { first: *site, set: vec![(setter, *site)] });
            }
        }
    }
    out
}

fn setter(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("set").or_else(|| name.strip_prefix("add"))?;
    rest.starts_with(|c: char| c.is_ascii_uppercase()).then_some(name)
}

/// What a chain of calls starts from.
fn root(expr: &Expr) -> &Expr {
    let mut next = expr;
    while let Some(inner) = next.as_call().and_then(|c| c.receiver()).filter(|r| r.as_call().is_some()) {
        next = inner;
    }
    next
}
