//! Paths of routes as templates: `{name}` for a parameter, `*` for the rest, one `/` between parts.

use seam_facts::{Part, SmolStr, Value};

/// `prefix` and `path` with one `/` between; either may be empty.
pub fn join(prefix: Value, path: Value) -> Value {
    if path.is_empty() {
        return prefix;
    }
    if prefix.is_empty() {
        return path;
    }
    let ends = matches!(prefix.parts.last(), Some(Part::Text(t)) if t.ends_with('/'));
    let starts = matches!(path.parts.first(), Some(Part::Text(t)) if t.starts_with('/'));
    match (ends, starts) {
        (true, true) => prefix.then(without_leading_slash(path)),
        (false, false) => prefix.then("/".into()).then(path),
        _ => prefix.then(path),
    }
}

fn without_leading_slash(path: Value) -> Value {
    let mut out = Value::default();
    for (i, part) in path.parts.into_iter().enumerate() {
        match part {
            Part::Text(text) if i == 0 => out.push_text(text.trim_start_matches('/')),
            Part::Text(text) => out.push_text(&text),
            hole @ Part::Hole(_) => out.parts.push(hole),
        }
    }
    out
}

/// A path that starts with `/`, unless it starts with something unknown.
pub fn rooted(path: Value) -> Value {
    match path.parts.first() {
        Some(Part::Text(text)) if !text.starts_with('/') => Value::text("/").then(path),
        None => Value::text("/"),
        _ => path,
    }
}

/// The texts of a path converted from one framework's notation.
pub fn template(path: Value, notation: Notation) -> Value {
    let mut out = Value::default();
    for part in path.parts {
        match part {
            Part::Text(text) => out.push_text(&convert(&text, notation)),
            hole @ Part::Hole(_) => out.parts.push(hole),
        }
    }
    out
}

/// How a framework writes parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// `<int:id>`, `<id>`, `<path:rest>` (Flask, Django, Bottle, Sanic).
    Angles,
    /// `{id}`, `{id:int}`, `{rest:path}` (FastAPI, Starlette, aiohttp, Falcon, Laravel, Symfony, Slim).
    Braces,
    /// `:id`, `*rest`, `(.:format)` (Rails, Sinatra, Phoenix).
    Colons,
    /// A regular expression (Tornado, Django's `re_path`).
    Pattern,
}

fn convert(text: &str, notation: Notation) -> SmolStr {
    match notation {
        Notation::Angles => enclosed(text, '<', '>', true),
        Notation::Braces => enclosed(text, '{', '}', false),
        Notation::Colons => colons(text),
        Notation::Pattern => pattern(text),
    }
}

/// Parameters between two marks; the converter stands before the name or after it.
fn enclosed(text: &str, open: char, close: char, converter_first: bool) -> SmolStr {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once(open) {
        out.push_str(before);
        let Some(end) = closing(tail, open, close) else {
            out.push(open);
            rest = tail;
            continue;
        };
        let inner = &tail[..end];
        let (name, kind) = match inner.split_once(':') {
            Some((kind, name)) if converter_first && !kind.contains(['[', '(']) && is_converter(kind) => (name, kind),
            Some((name, kind)) => (name, kind),
            None => (inner, ""),
        };
        let name = name.trim().trim_end_matches('?').trim_start_matches('*');
        if kind == "path" || kind == ".*" || kind == ".+" || inner.starts_with('*') {
            out.push('*');
        } else {
            out.push('{');
            out.push_str(name.split(['(', '<']).next().unwrap_or(name));
            out.push('}');
        }
        rest = &tail[end + close.len_utf8()..];
    }
    out.push_str(rest);
    out.into()
}

fn is_converter(kind: &str) -> bool {
    matches!(kind, "int" | "string" | "str" | "float" | "number" | "uuid" | "path" | "slug" | "any" | "alpha" | "ymd")
        || kind.starts_with("any(")
        || kind.starts_with("string(")
        || kind.starts_with("regex")
        || kind.starts_with("re")
}

fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0;
    for (i, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            if depth == 0 {
                return Some(i);
            }
            depth -= 1;
        }
    }
    None
}

fn colons(text: &str) -> SmolStr {
    let text = text.split("(.:").next().unwrap_or(text).replace(['(', ')'], "");
    let mut out = String::new();
    for (i, part) in text.split('/').enumerate() {
        if i > 0 {
            out.push('/');
        }
        if part.starts_with('*') {
            out.push('*');
        } else if let Some((before, name)) = part.split_once(':') {
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            out.push_str(before);
            out.push('{');
            out.push_str(&name[..end]);
            out.push('}');
            out.push_str(&name[end..]);
        } else {
            out.push_str(part);
        }
    }
    out.into()
}

/// Groups become parameters; anchors go.
fn pattern(text: &str) -> SmolStr {
    let text = text.trim_start_matches('^').trim_end_matches('$').trim_end_matches("\\Z");
    let mut out = String::new();
    let mut rest = text;
    let mut unnamed = 0;
    while let Some((before, tail)) = rest.split_once('(') {
        out.push_str(&before.replace('\\', ""));
        let Some(end) = closing(tail, '(', ')') else { break };
        let inner = &tail[..end];
        let name = inner.strip_prefix("?P<").or_else(|| inner.strip_prefix("?<")).and_then(|n| n.split('>').next());
        match name {
            Some(name) => {
                out.push('{');
                out.push_str(name);
                out.push('}');
            }
            None if inner.starts_with("?:") => {}
            None if matches!(inner, ".*" | ".+") => out.push('*'),
            None => {
                out.push_str(&format!("{{{unnamed}}}"));
                unnamed += 1;
            }
        }
        rest = &tail[end + 1..];
        rest = rest.trim_start_matches(['?', '*', '+']);
    }
    out.push_str(&rest.replace('\\', ""));
    let out = out.trim_end_matches("/?");
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_notation() {
        let check = |text: &str, notation, expected: &str| {
            assert_eq!(template(text.into(), notation).to_string(), expected);
        };
        check("/a/<int:id>/<name>", Notation::Angles, "/a/{id}/{name}");
        check("/f/<path:rest>", Notation::Angles, "/f/*");
        check("/s/<id:int>", Notation::Angles, "/s/{id}");
        check("/a/{id:int}/{rest:path}", Notation::Braces, "/a/{id}/*");
        check("/a/:id/b(.:format)", Notation::Colons, "/a/{id}/b");
        check("^a/(?P<id>[0-9]+)/$", Notation::Pattern, "a/{id}/");
        check(r"/v/([^/]+)", Notation::Pattern, "/v/{0}");
    }

    #[test]
    fn joins_with_one_slash() {
        assert_eq!(join("/api/".into(), "/x".into()).to_string(), "/api/x");
        assert_eq!(join("/api".into(), "x".into()).to_string(), "/api/x");
        assert_eq!(join(Value::default(), "/x".into()).to_string(), "/x");
    }
}
