//! Readings that the JVM technologies share: values of annotations, Spring's placeholders, path templates.

use crate::Sink;
use crate::code::ir::{Annotation, Expr, ExprKind, Function, Type};
use crate::code::{Code, placeholders};
use crate::lang::{Lang, plain_type};
use seam_facts::{Call, Claim, Hole, Part, Protocol, SmolStr, Span, Value, format_smolstr};

pub const JVM: &[Lang] = &[Lang::Java, Lang::Kotlin, Lang::Scala];

/// The first annotation with one of these simple names.
pub fn find<'a>(annotations: &'a [Annotation], names: &[&str]) -> Option<&'a Annotation> {
    annotations.iter().find(|a| names.contains(&a.simple()))
}

/// The texts of an annotation's arguments with one of these names, lists flattened, placeholders filled.
pub fn texts(code: &Code<'_>, a: &Annotation, names: &[&str], owner: &str) -> Vec<Value> {
    let mut out = Vec::new();
    for name in names {
        for arg in &a.args {
            if arg.name.as_deref().unwrap_or("value") == *name {
                flatten(code, &arg.value, owner, &mut out);
            }
        }
    }
    out
}

/// The first of [`texts`] that says something.
pub fn text(code: &Code<'_>, a: &Annotation, names: &[&str], owner: &str) -> Option<Value> {
    texts(code, a, names, owner).into_iter().find(|v| !v.is_empty())
}

fn flatten(code: &Code<'_>, expr: &Expr, owner: &str, out: &mut Vec<Value>) {
    match &expr.kind {
        ExprKind::List(items) => items.iter().for_each(|e| flatten(code, e, owner, out)),
        // Kotlin: `arrayOf("a", "b")`.
        ExprKind::Call(call) if call.name() == "arrayOf" => {
            call.args.iter().for_each(|a| flatten(code, &a.value, owner, out));
        }
        _ => out.push(filled(code.value(expr, code.scope_of(owner)))),
    }
}

/// What an expression may be, placeholders filled.
pub fn value(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    filled(code.value(expr, function))
}

/// States a request over HTTP.
pub fn requested(client: &str, method: Option<SmolStr>, target: Value, within: SmolStr, at: Span, sink: &mut Sink) {
    let call = Call { method, ..Call::to(Protocol::Http, client.into(), target, within) };
    sink.stated(Claim::Call(call), at);
}

/// Text with Spring's `${key:default}` as holes; what an expression (`#{…}`) computes stays open unless it wraps one key.
pub fn filled(value: Value) -> Value {
    let mut out = Value::default();
    for part in value.parts {
        match part {
            Part::Text(text) if text.starts_with("#{") => match (text.find("${"), text.rfind('}')) {
                (Some(start), Some(_)) => {
                    let end = text[start..].find('}').map_or(text.len(), |e| start + e + 1);
                    out.push(placeholders(&text[start..end], 4));
                }
                _ => out.push(Value::opaque(text)),
            },
            Part::Text(text) if text.contains("${") => out.push(placeholders(&text, 4)),
            Part::Text(text) => out.push_text(&text),
            hole @ Part::Hole(_) => out.parts.push(hole),
        }
    }
    out
}

/// A path template: `{id:[0-9]+}`, `:id` and `<id>` are `{id}`; `**` is `*`.
pub fn template(value: Value) -> Value {
    let mut out = Value::default();
    for part in value.parts {
        match part {
            Part::Text(text) => out.push_text(&template_text(&text)),
            hole @ Part::Hole(_) => out.parts.push(hole),
        }
    }
    out
}

fn template_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let tail = &rest[c.len_utf8()..];
        match c {
            '{' => {
                // Patterns may hold braces of their own: `{id:[0-9]{3}}`.
                let mut level = 1;
                let end = tail.char_indices().find_map(|(i, c)| {
                    level += i32::from(c == '{') - i32::from(c == '}');
                    (level == 0).then_some(i)
                });
                let Some(end) = end else {
                    out.push_str(rest);
                    break;
                };
                let name = tail[..end].split(':').next().unwrap_or("").trim();
                out.push_str(&format!("{{{}}}", name.trim_start_matches('*').trim_end_matches(['?', '.'])));
                rest = &tail[end + 1..];
            }
            ':' if out.ends_with('/') && tail.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => {
                let end = tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(tail.len());
                out.push_str(&format!("{{{}}}", &tail[..end]));
                rest = &tail[end..];
            }
            '*' if out.ends_with('*') => rest = tail,
            _ => {
                out.push(c);
                rest = tail;
            }
        }
    }
    out
}

/// `/a/` and `b` are `/a/b`.
pub fn join(prefix: Value, path: Value) -> Value {
    let (prefix_text, path_text) = (prefix.to_string(), path.to_string());
    let mut out =
        if prefix.is_empty() || prefix_text.starts_with(['/', '$']) { prefix } else { Value::text("/").then(prefix) };
    if path.is_empty() {
        return if out.is_empty() { Value::text("/") } else { out };
    }
    if !path_text.starts_with(['/', '$']) && !prefix_text.ends_with('/') {
        out.push_text("/");
    }
    match (prefix_text.ends_with('/'), path_text.strip_prefix('/'), path.as_text()) {
        (true, Some(rest), Some(_)) => out.push_text(rest),
        _ => out.push(path),
    }
    out
}

/// A base URL and a path below it, with one slash between.
pub fn under(base: Value, path: Value) -> Value {
    if path.is_empty() {
        return base;
    }
    let path_text = path.to_string();
    if base.is_empty() || path_text.contains("://") {
        return path;
    }
    match (base.to_string().ends_with('/'), path_text.starts_with(['/', '?'])) {
        (true, true) => match path.as_text() {
            Some(text) => base.then(Value::text(text.trim_start_matches('/'))),
            None => base.then(path),
        },
        (false, false) => base.then("/".into()).then(path),
        _ => base.then(path),
    }
}

/// A service's name as a URL, unless it is one already.
pub fn as_url(name: Value) -> Value {
    let text = name.to_string();
    if text.contains("://") || text.starts_with("${") && name.as_text().is_none() && text.contains("url") {
        return name;
    }
    match name.as_hole() {
        // What a key holds may be a URL or a name; linking reads both.
        Some(Hole::Config { .. } | Hole::Env { .. } | Hole::Ref(_)) => name,
        _ => Value::text("http://").then(name),
    }
}

/// The functions of a type, with their indexes.
pub fn functions_of<'a>(code: &Code<'a>, ty: &'a Type) -> impl Iterator<Item = (usize, &'a Function)> + use<'a> {
    let unit = code.unit;
    unit.functions.iter().enumerate().filter(|(_, f)| f.owner == ty.name && f.name != "<lambda>")
}

/// The arguments of a generic type as written: `Map<String, List<A>>` gives `String` and `List<A>`.
pub fn type_args(ty: &str) -> Vec<SmolStr> {
    let (Some(start), Some(end)) = (ty.find('<'), ty.rfind('>')) else {
        return Vec::new();
    };
    let Some(inner) = ty.get(start + 1..end) else {
        return Vec::new();
    };
    let (mut level, mut from, mut out) = (0, 0, Vec::new());
    for (i, c) in inner.char_indices() {
        match c {
            '<' => level += 1,
            '>' => level -= 1,
            ',' if level == 0 => {
                out.push(inner[from..i].trim().into());
                from = i + 1;
            }
            _ => {}
        }
    }
    out.push(inner[from..].trim().into());
    out
}

/// The canonical receiver of a call, without the calls' brackets, in small letters.
pub fn receiver(code: &Code<'_>, call: &crate::code::ir::Call, function: usize) -> String {
    let callee = code.callee(call, function);
    callee.rsplit_once('.').map(|(r, _)| r.replace("()", "").to_ascii_lowercase()).unwrap_or_default()
}

/// The last name of a constant's path: `HttpMethod.GET` gives `GET`.
pub fn last_name(expr: &Expr) -> Option<SmolStr> {
    match &expr.kind {
        ExprKind::Str(text) => Some(text.clone()),
        _ => expr.path().and_then(|p| p.rsplit('.').next().map(|s| s.trim_end_matches("()").into())),
    }
}

/// The type that a class literal names (`Order.class`, `Order::class.java`).
pub fn class_of(expr: &Expr) -> Option<SmolStr> {
    match &expr.kind {
        ExprKind::Name(name) => Some(plain_type(name)),
        ExprKind::Member(base, member) if matches!(member.as_str(), "java" | "class" | "javaClass") => class_of(base),
        ExprKind::Member(_, member) => Some(member.clone()),
        _ => None,
    }
}

/// What was built under this call chain: the argument of the call named `name` below `expr`.
pub fn chained<'a>(expr: &'a Expr, name: &str) -> Option<&'a crate::code::ir::Call> {
    let mut next = Some(expr);
    while let Some(expr) = next {
        let call = expr.as_call()?;
        if call.name() == name {
            return Some(call);
        }
        next = call.receiver();
    }
    None
}

/// `module.Type` for a configuration key that a type's full name forms.
pub fn full_name(code: &Code<'_>, ty: &Type) -> SmolStr {
    if code.unit.package.is_empty() { ty.name.clone() } else { format_smolstr!("{}.{}", code.unit.package, ty.name) }
}
