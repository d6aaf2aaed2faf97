//! Options objects, which script libraries take instead of parameters: keys looked up wherever the object stands, and
//! addresses put together from them.

use crate::code::Code;
use crate::code::ir::{Expr, ExprKind, Stmt};
use seam_facts::{Hole, Part, Value};

/// The value of a key of an options object, with the function it stands in: the object may be a literal, a name for
/// one, or spread into another.
pub fn key<'e>(code: &'e Code<'_>, options: &'e Expr, function: usize, name: &str) -> Option<(&'e Expr, usize)> {
    lookup(code, options, function, name, 4)
}

fn lookup<'e>(
    code: &'e Code<'_>,
    options: &'e Expr,
    function: usize,
    name: &str,
    depth: usize,
) -> Option<(&'e Expr, usize)> {
    if depth == 0 {
        return None;
    }
    let (object, at) = code.resolved(options, function);
    let ExprKind::Object(entries) = &object.kind else {
        return match &object.kind {
            // `Object.assign({}, defaults, own)`, `merge(a, b)`.
            ExprKind::Call(call) if matches!(call.name(), "assign" | "merge" | "freeze" | "extend") => {
                call.args.iter().rev().find_map(|a| lookup(code, &a.value, at, name, depth - 1))
            }
            ExprKind::Either(options) => options.iter().find_map(|o| lookup(code, o, at, name, depth - 1)),
            _ => None,
        };
    };
    if let Some((_, value)) = entries.iter().find(|(k, _)| k == name) {
        return Some((value, at));
    }
    entries.iter().filter(|(k, _)| k == "...").find_map(|(_, rest)| lookup(code, rest, at, name, depth - 1))
}

/// The first of these keys that is given, as a value.
pub fn value(code: &Code<'_>, options: &Expr, function: usize, names: &[&str]) -> Option<Value> {
    names.iter().find_map(|name| {
        let (expr, at) = key(code, options, function, name)?;
        let value = code.value(expr, at);
        (!is_null(&value)).then_some(value)
    })
}

/// Whether an expression is an object literal, or a name for one.
pub fn is_object(code: &Code<'_>, expr: &Expr, function: usize) -> bool {
    matches!(code.resolved(expr, function).0.kind, ExprKind::Object(_))
}

/// A member of an object that is not written here: a parameter's key, another file's object.
pub fn member(code: &Code<'_>, object: &Expr, function: usize, name: &str) -> Value {
    let member = Expr::new(ExprKind::Member(Box::new(object.clone()), name.into()), object.span);
    code.value(&member, function)
}

/// An address from options: a URL as a whole, or host and port.
pub fn address(code: &Code<'_>, options: &Expr, function: usize) -> Option<Value> {
    const WHOLE: &[&str] = &["url", "uri", "connectionString", "node", "endpoint", "brokerURL", "connectionUrl"];
    if let Some(whole) = value(code, options, function, WHOLE) {
        return Some(whole);
    }
    let host = value(code, options, function, &["hostname", "host", "server"])?;
    Some(match value(code, options, function, &["port"]) {
        Some(port) if !port.is_empty() => host.then(":".into()).then(port),
        _ => host,
    })
}

/// What a function gives back: the last object or value that it returns.
pub fn returned<'e>(code: &'e Code<'_>, factory: &'e Expr, function: usize) -> Option<(&'e Expr, usize)> {
    let (factory, _) = code.resolved(factory, function);
    let ExprKind::Lambda(index) = factory.kind else {
        return None;
    };
    Some((last_returned(&code.function(index).body)?, index))
}

/// The last thing that a function's body returns.
pub fn last_returned(body: &[Stmt]) -> Option<&Expr> {
    let mut found = None;
    for stmt in body {
        match stmt {
            Stmt::Return(e) => found = Some(e),
            Stmt::Block { body, .. } => found = last_returned(body).or(found),
            Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Leave(..) => {}
        }
    }
    found
}

pub fn is_null(value: &Value) -> bool {
    matches!(value.as_hole(), Some(Hole::Opaque(s)) if s == "null")
}

/// `/users/:id(\\d+)?` as a template: `/users/{id}`.
pub fn template(path: Value) -> Value {
    path.parts
        .into_iter()
        .map(|part| match part {
            Part::Text(text) => Value::text(template_text(&text)),
            hole @ Part::Hole(_) => Value { parts: vec![hole] },
        })
        .collect()
}

fn template_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        if c != ':' || !chars.peek().is_some_and(|c| c.is_ascii_alphabetic() || *c == '_') || before == ':' {
            before = c;
            out.push(c);
            continue;
        }
        out.push('{');
        while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
            out.push(c);
        }
        out.push('}');
        if chars.peek() == Some(&'(') {
            for c in chars.by_ref() {
                if c == ')' {
                    break;
                }
            }
        }
        chars.next_if(|c| matches!(c, '?' | '*' | '+'));
        before = '}';
    }
    out
}

/// `/a/` and `b` are `/a/b`; an absolute path wins over the base.
pub fn join(base: Value, path: Value) -> Value {
    if path.is_empty() {
        return base;
    }
    let (base_text, path_text) = (base.to_string(), path.to_string());
    if base.is_empty() || path_text.contains("://") {
        return path;
    }
    let mut out = base;
    match (base_text.ends_with('/'), path_text.starts_with('/')) {
        (true, true) => {
            let mut path = path;
            if let Some(Part::Text(text)) = path.parts.first_mut() {
                *text = text.trim_start_matches('/').into();
            }
            out.push(path);
        }
        (false, false) if !path_text.starts_with(['?', '$']) => {
            out.push_text("/");
            out.push(path);
        }
        _ => out.push(path),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_templates() {
        assert_eq!(template_text("/users/:id(\\d+)?/x/:y"), "/users/{id}/x/{y}");
        assert_eq!(template_text("http://h:80/a"), "http://h:80/a");
    }
}
