//! Where a Go router stands: the prefix of the group or subrouter that a variable holds, and the function whose
//! parameter it is when the router comes from elsewhere.

use crate::code::Code;
use crate::code::ir::{Call, Expr, ExprKind};
use seam_facts::{SmolStr, Value, format_smolstr};

/// A router expression, resolved as far as the file goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub prefix: Value,
    /// The symbol of the router below all prefixes: a function that was handed the router, a variable.
    pub router: SmolStr,
    /// What the router is, canonically (`github.com/gin-gonic/gin#Default()`); empty if unknown.
    pub origin: SmolStr,
}

/// Calls that give a router below the prefix in their first argument.
fn opens_group(call: &Call) -> bool {
    // Chi's `Group(func(r chi.Router) {…})` adds no prefix.
    matches!(call.name(), "Group" | "PathPrefix" | "Route" | "Party" | "Namespace")
        && call.args.first().is_some_and(|a| !matches!(a.value.kind, ExprKind::Lambda(_)))
}

pub(super) fn place(code: &Code<'_>, expr: &Expr, function: usize, depth: usize) -> Place {
    if depth == 0 {
        return Place::default();
    }
    match &expr.kind {
        ExprKind::Call(call) if opens_group(call) => {
            let Some(base) = call.receiver() else {
                return Place::default();
            };
            let mut place = place(code, base, function, depth - 1);
            let prefix = call.arg(0).map(|e| code.value(e, function)).unwrap_or_default();
            place.prefix = join(place.prefix, prefix);
            place
        }
        // `.Subrouter()`, `.StrictSlash(true)`, `.With(middleware)`, `.Use(…)`.
        ExprKind::Call(call)
            if call.receiver().is_some_and(|r| !matches!(&r.kind, ExprKind::Name(n) if is_import(code, n))) =>
        {
            match call.receiver() {
                Some(base) if !call.new => place(code, base, function, depth - 1),
                _ => Place { origin: code.origin(expr, function), ..Place::default() },
            }
        }
        ExprKind::Name(name) => named(code, name, expr, function, depth),
        ExprKind::Member(base, field) => {
            let owner = code.function(function).owner.clone();
            let own = matches!(&base.kind, ExprKind::Name(n) if n == "this");
            let assigned = if own { code.assigned_field(&owner, field) } else { Vec::new() };
            if let Some((value, f)) = assigned.first()
                && matches!(value.kind, ExprKind::Call(_))
            {
                let mut found = place(code, value, *f, depth - 1);
                if found.router.is_empty() {
                    found.router = format_smolstr!("{owner}.{field}");
                }
                return found;
            }
            let router = if own { format_smolstr!("{owner}.{field}") } else { expr.path().unwrap_or_default().into() };
            Place { router, origin: code.origin(expr, function), prefix: Value::default() }
        }
        _ => Place { origin: code.origin(expr, function), ..Place::default() },
    }
}

fn is_import(code: &Code<'_>, name: &str) -> bool {
    code.unit.imports.iter().any(|i| i.alias == name)
}

fn named(code: &Code<'_>, name: &str, expr: &Expr, function: usize, depth: usize) -> Place {
    // A closure's parameter is what the call around the closure opens: `r.Route("/x", func(r chi.Router) {…})`.
    let mut scope = Some(function);
    while let Some(index) = scope {
        let f = code.function(index);
        let Some(position) = f.params.iter().position(|p| p.name == name) else {
            if code.assigned(name, index).iter().any(|(_, owner)| *owner == index) {
                break;
            }
            scope = f.parent;
            continue;
        };
        if f.name != "<lambda>" {
            let origin = code.origin(expr, function);
            // Only parameters that a router is handed over in make the function a router of its own.
            return Place { prefix: Value::default(), router: format_smolstr!("{}#{position}", f.symbol()), origin };
        }
        let around = code
            .calls()
            .iter()
            .find(|s| s.call.args.iter().any(|a| matches!(a.value.kind, ExprKind::Lambda(i) if i == index)));
        return match around {
            Some(site) if opens_group(site.call) => place(code, site.expr, site.function, depth - 1),
            Some(site) => match site.call.receiver() {
                Some(base) => place(code, base, site.function, depth - 1),
                None => Place::default(),
            },
            None => Place::default(),
        };
    }
    let assigned = code.assigned(name, function);
    let made = assigned.iter().find(|(value, _)| matches!(value.kind, ExprKind::Call(_) | ExprKind::Member(..)));
    match made {
        Some((value, f)) => {
            let mut found = place(code, value, *f, depth - 1);
            if found.router.is_empty() {
                found.router = name.into();
            }
            if found.origin.is_empty() {
                found.origin = code.origin(expr, function);
            }
            found
        }
        None => Place { prefix: Value::default(), router: name.into(), origin: code.origin(expr, function) },
    }
}

/// A prefix and a path below it, with one slash between.
pub(super) fn join(prefix: Value, path: Value) -> Value {
    let (before, after) = (prefix.to_string(), path.to_string());
    if prefix.is_empty() {
        return path;
    }
    if path.is_empty() || after == "/" && !before.is_empty() {
        return prefix;
    }
    match (before.ends_with('/'), after.starts_with('/')) {
        (true, true) => {
            let trimmed = path.as_text().map(|t| Value::text(t.trim_start_matches('/'))).unwrap_or(path);
            prefix.then(trimmed)
        }
        (false, false) if !after.starts_with('$') => prefix.then("/".into()).then(path),
        _ => prefix.then(path),
    }
}

/// `/a/:id`, `/a/{id:[0-9]+}`, `/a/*rest`, `/a/{rest...}` as templates.
pub(super) fn template(path: Value) -> Value {
    let mut out = Value::default();
    for part in path.parts {
        match part {
            seam_facts::Part::Text(text) => out.push_text(&template_text(&text)),
            hole @ seam_facts::Part::Hole(_) => out.push(Value { parts: vec![hole] }),
        }
    }
    out
}

fn template_text(text: &str) -> String {
    let segments: Vec<String> = text.split('/').map(segment).collect();
    segments.join("/")
}

fn segment(segment: &str) -> String {
    if segment == "{$}" {
        return String::new();
    }
    if let Some(name) = segment.strip_prefix(':') {
        return format!("{{{}}}", name.trim_end_matches(['?', '+', '*']));
    }
    if segment.starts_with('*') || segment.ends_with("...}") {
        return "*".into();
    }
    match segment.split_once('{') {
        // A pattern after the name is a constraint.
        Some((before, rest)) if rest.contains(':') => {
            let name = rest.split(':').next().unwrap_or_default();
            format!("{before}{{{name}}}")
        }
        _ => segment.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_templates() {
        assert_eq!(template_text("/a/:id/b"), "/a/{id}/b");
        assert_eq!(template_text("/a/{id:[0-9]+}"), "/a/{id}");
        assert_eq!(template_text("/files/{rest...}"), "/files/*");
        assert_eq!(template_text("/{$}"), "/");
        assert_eq!(template_text("/assets/*filepath"), "/assets/*");
    }

    #[test]
    fn prefixes_join_with_one_slash() {
        assert_eq!(join("/a/".into(), "/b".into()).to_string(), "/a/b");
        assert_eq!(join("/a".into(), "b".into()).to_string(), "/a/b");
        assert_eq!(join("/a".into(), "/".into()).to_string(), "/a");
    }
}
