//! Variables within text of configuration files (`${VAR:-default}`, `$(VAR)`) as holes.

use seam_facts::{Hole, Part, SmolStr, Value};

/// Defaults within defaults that are followed.
const MAX_NESTING: usize = 8;

/// How a format writes variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dollar {
    /// `$VAR`, `${VAR}`, `${VAR:-x}`; `$$` is a dollar sign (Compose, systemd).
    Doubled,
    /// The same; `\$` is a dollar sign (shells, dotenv, Dockerfiles).
    Escaped,
    /// `$(VAR)`; `$$(` is text (Kubernetes).
    Parenthesised,
}

/// The text with its variables as `Env` holes.
pub fn env(text: &str, dollar: Dollar) -> Value {
    with(text, dollar, 0, &|name, default| Value::env(name, default))
}

/// The text with its variables as `hole` says.
pub fn holes(text: &str, dollar: Dollar, hole: &dyn Fn(&str, Option<Value>) -> Value) -> Value {
    with(text, dollar, 0, hole)
}

fn with(text: &str, dollar: Dollar, depth: usize, hole: &dyn Fn(&str, Option<Value>) -> Value) -> Value {
    let mut out = Value::default();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        if dollar == Dollar::Escaped && before.ends_with('\\') {
            out.push_text(&before[..before.len() - 1]);
            out.push_text("$");
            rest = &from[1..];
            continue;
        }
        out.push_text(before);
        if dollar != Dollar::Escaped && from[1..].starts_with('$') {
            out.push_text("$");
            rest = &from[2..];
            continue;
        }
        match variable(from, dollar, depth, hole) {
            Some((value, length)) => {
                out.push(value);
                rest = &from[length..];
            }
            None => {
                out.push_text("$");
                rest = &from[1..];
            }
        }
    }
    out.push_text(rest);
    out
}

/// The variable that `from` starts with, and its length.
fn variable(
    from: &str,
    dollar: Dollar,
    depth: usize,
    hole: &dyn Fn(&str, Option<Value>) -> Value,
) -> Option<(Value, usize)> {
    let bytes = from.as_bytes();
    if dollar == Dollar::Parenthesised {
        let name = from.strip_prefix("$(")?;
        let name = &name[..name.find(')')?];
        return is_name(name).then(|| (hole(name, None), name.len() + 3));
    }
    if bytes.get(1) != Some(&b'{') {
        let length = from[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(from.len() - 1);
        let name = &from[1..1 + length];
        return is_name(name).then(|| (hole(name, None), length + 1));
    }
    let end = closing(from)?;
    let inner = &from[2..end];
    let length = inner.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(inner.len());
    let (name, operator) = inner.split_at(length);
    if name.is_empty() {
        return None;
    }
    let fallback = |text: &str| match depth < MAX_NESTING {
        true => with(text, dollar, depth + 1, hole),
        false => Value::opaque("…"),
    };
    let value = if let Some(text) = operator.strip_prefix(":-").or_else(|| operator.strip_prefix('-')) {
        hole(name, Some(fallback(text)))
    } else if let Some(text) = operator.strip_prefix(":=").or_else(|| operator.strip_prefix('=')) {
        hole(name, Some(fallback(text)))
    } else if let Some(text) = operator.strip_prefix(":+").or_else(|| operator.strip_prefix('+')) {
        Value::either([fallback(text), Value::default()])
    } else {
        hole(name, None)
    };
    Some((value, end + 1))
}

/// The `}` that closes the `${` at the start.
fn closing(from: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (i, c) in from.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(i);
                }
            }
            '\n' => return None,
            _ => {}
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// The text, with defaults for holes that have one.
pub fn with_defaults(value: &Value) -> Option<SmolStr> {
    let mut out = String::new();
    for part in &value.parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Hole(Hole::Env { default: Some(default), .. } | Hole::Config { default: Some(default), .. }) => {
                out.push_str(&with_defaults(default)?);
            }
            Part::Hole(_) => return None,
        }
    }
    Some(out.into())
}

/// Cut at `separator` where it stands in no braces: within `${ROOT:-~/code}` it divides nothing.
pub fn outside_braces(text: &str, separator: char) -> Vec<&str> {
    let (mut out, mut depth, mut start) = (Vec::new(), 0usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if c == separator && depth == 0 => {
                out.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    out.push(&text[start..]);
    out
}

/// The value cut at each `separator` that stands in its text.
pub fn split(value: &Value, separator: char) -> Vec<Value> {
    let mut out = vec![Value::default()];
    for part in &value.parts {
        match part {
            Part::Text(text) => {
                for (i, piece) in text.split(separator).enumerate() {
                    if i > 0 {
                        out.push(Value::default());
                    }
                    if let Some(last) = out.last_mut() {
                        last.push_text(piece);
                    }
                }
            }
            hole @ Part::Hole(_) => {
                if let Some(last) = out.last_mut() {
                    last.parts.push(hole.clone());
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_variables_of_each_kind() {
        let check = |text: &str, dollar, expected: &str| assert_eq!(env(text, dollar).to_string(), expected);
        check("$A-${B}/${C:-c${D-d}}$$x", Dollar::Doubled, "${env:A}-${env:B}/${env:C|c${env:D|d}}$x");
        check("${A:?must be set} $1 5$", Dollar::Doubled, "${env:A} $1 5$");
        check("\\$A ${B:+b}", Dollar::Escaped, "$A ${either:b | }");
        check("http://$(HOST):80/$x", Dollar::Parenthesised, "http://${env:HOST}:80/$x");
        assert_eq!(with_defaults(&env("a${B:-b}", Dollar::Doubled)).as_deref(), Some("ab"));
        assert_eq!(split(&env("${A:-1}:80", Dollar::Doubled), ':').len(), 2);
    }
}
