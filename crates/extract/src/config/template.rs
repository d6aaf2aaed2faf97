//! Template actions (Helm, Go templates, simple Jinja) within values as holes.
//!
//! Nothing is rendered: `.Values.a.b` is the configuration key `values.a.b`, an include or a release name is a reference,
//! and whatever is not understood is opaque. Pipelines are followed as far as they keep or default a value.

use super::interpolate::{self, Dollar};
use seam_facts::{Hole, Part, SmolStr, Value, format_smolstr};

const MAX_NESTING: usize = 12;

/// Whether the text has template actions.
pub fn is_templated(text: &str) -> bool {
    text.contains("{{")
}

/// The text with its actions, and with `$(VAR)`, as holes.
pub fn value(text: &str) -> Value {
    let mut out = Value::default();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("{{") {
        out.push(interpolate::env(before, Dollar::Parenthesised));
        let Some((inner, after)) = from.split_once("}}") else {
            out.push(Value::opaque("{{"));
            return out;
        };
        out.push(pipeline(inner.trim_matches('-').trim(), 0));
        rest = after;
    }
    out.push(interpolate::env(rest, Dollar::Parenthesised));
    without_release(out)
}

/// The release's name in front of another (`{{ .Release.Name }}-redis`) is dropped: nothing here says what it is, and
/// both sides of a reference have it.
fn without_release(value: Value) -> Value {
    let named = |part: &Part| matches!(part, Part::Hole(Hole::Ref(path)) if path == "release/name");
    if !value.parts.iter().any(named) {
        return value;
    }
    let mut out = Value::default();
    let mut parts = value.parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        match parts.peek_mut() {
            Some(Part::Text(next)) if named(&part) && next.starts_with('-') => *next = next[1..].into(),
            _ => out.push(Value { parts: vec![part] }),
        }
    }
    out
}

/// A name: what the text comes to by convention. A chart's `fullname` is the chart's name, the release's name in front of
/// another is dropped, and what only values know is shown as their key (`${config:values.cart.name}`).
pub fn name(text: &str) -> SmolStr {
    let value = value(text);
    if let Some(text) = value.as_text() {
        return text;
    }
    let mut out = String::new();
    let many = value.parts.len() > 1;
    for part in &value.parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Hole(Hole::Ref(path)) if many && path == "release/name" => {}
            // The chart's own name, which its folder tells.
            Part::Hole(Hole::Ref(path)) if matches!(path.as_str(), "release/name" | "chart/name") => {
                out.push_str("${config:chart.name}");
            }
            Part::Hole(Hole::Ref(path)) => match path.strip_prefix("include/") {
                Some(template) => out.push_str(&conventional(template)),
                None => out.push_str(path.rsplit('/').next().unwrap_or(path)),
            },
            Part::Hole(hole @ (Hole::Config { .. } | Hole::Env { .. })) => {
                let alone = Value::hole(hole.clone());
                out.push_str(&interpolate::with_defaults(&alone).unwrap_or_else(|| alone.to_string().into()));
            }
            Part::Hole(Hole::Either(values)) => {
                out.push_str(&values.iter().find_map(Value::as_text).unwrap_or_else(|| value.to_string().into()));
            }
            Part::Hole(hole) => out.push_str(&hole.to_string()),
        }
    }
    out.trim_matches('-').into()
}

/// `orders.fullname` is `orders`, `orders.redis.fullname` is `orders-redis`.
fn conventional(template: &str) -> String {
    match template.strip_suffix(".fullname").or_else(|| template.strip_suffix(".name")) {
        Some(base) => base.replace('.', "-"),
        None => template.to_owned(),
    }
}

/// The templates that the actions of a text include.
pub fn includes(text: &str) -> Vec<SmolStr> {
    let mut out = Vec::new();
    for action in text.split("{{").skip(1).filter_map(|t| t.split("}}").next()) {
        for word in ["include \"", "template \""] {
            out.extend(action.split(word).skip(1).filter_map(|t| t.split('"').next()).map(SmolStr::from));
        }
    }
    out
}

/// Named templates of a text: offset, name and body of each `define`.
pub fn definitions(text: &str) -> Vec<(usize, SmolStr, &str)> {
    let mut out = Vec::new();
    let mut open: Option<(usize, SmolStr, usize)> = None;
    let mut depth = 0usize;
    for (start, end, inner) in actions(text) {
        match inner.split_whitespace().next().unwrap_or("") {
            "define" if open.is_none() => {
                let name = inner.split('"').nth(1).unwrap_or("");
                open = Some((start, name.into(), end));
                depth = 0;
            }
            "if" | "range" | "with" | "block" | "define" => depth += 1,
            "end" if depth > 0 => depth -= 1,
            "end" => {
                if let Some((at, name, from)) = open.take() {
                    out.push((at, name, &text[from..start]));
                }
            }
            _ => {}
        }
    }
    out
}

/// What a named template of one line comes to; branches are alternatives. `None` for what prints several lines.
pub fn body(text: &str) -> Option<Value> {
    let text = substituted(text, &variables(text));
    let mut alternatives: Vec<Value> = Vec::new();
    let mut segment = String::new();
    let mut at = 0;
    let mut close = |segment: &mut String| {
        let printed = std::mem::take(segment);
        let printed = printed.trim();
        if printed.contains('\n') || printed.len() > MAX_VARIABLE {
            return false;
        }
        if !printed.is_empty() {
            alternatives.push(value(printed));
        }
        true
    };
    for (start, end, inner) in actions(&text) {
        segment.push_str(&text[at..start]);
        at = end;
        let word = inner.split_whitespace().next().unwrap_or("");
        if matches!(word, "if" | "else" | "end" | "with" | "range") {
            if !close(&mut segment) {
                return None;
            }
        } else if !(inner.starts_with("/*") || assignment(inner).is_some()) {
            segment.push_str(&text[start..end]);
        }
    }
    segment.push_str(&text[at..]);
    (close(&mut segment) && !alternatives.is_empty()).then(|| Value::either(alternatives))
}

/// Longer expressions are not put in place of variables.
const MAX_VARIABLE: usize = 300;

/// Variables that a text's actions assign (`$name := …`), the first assignment of each.
pub fn variables(text: &str) -> Vec<(SmolStr, String)> {
    let mut out: Vec<(SmolStr, String)> = Vec::new();
    for (_, _, inner) in actions(text) {
        if let Some((name, expression)) = assignment(inner)
            && out.iter().all(|(known, _)| known != name)
            && out.len() < 64
        {
            let expression = put_in(expression, &out);
            if expression.len() <= MAX_VARIABLE {
                out.push((name.into(), expression));
            }
        }
    }
    out
}

/// The text with variables in its actions replaced by what they were assigned.
pub fn substituted(text: &str, variables: &[(SmolStr, String)]) -> String {
    if variables.is_empty() {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut at = 0;
    for (start, end, inner) in actions(text) {
        out.push_str(&text[at..start]);
        at = end;
        if inner.contains('$') && assignment(inner).is_none() {
            out.push_str("{{ ");
            out.push_str(&put_in(inner, variables));
            out.push_str(" }}");
        } else {
            out.push_str(&text[start..end]);
        }
    }
    out.push_str(&text[at..]);
    out
}

fn put_in(expression: &str, variables: &[(SmolStr, String)]) -> String {
    let mut out = String::new();
    let mut rest = expression;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let length = from[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(from.len() - 1) + 1;
        let (name, after) = from.split_at(length);
        // `$x.key` asks into a value that is not text.
        match variables.iter().find(|(known, _)| known == name).filter(|_| !after.starts_with('.')) {
            Some((_, expression)) => {
                out.push('(');
                out.push_str(expression);
                out.push(')');
            }
            None => out.push_str(name),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// `$name := expression`.
fn assignment(inner: &str) -> Option<(&str, &str)> {
    let (name, expression) = inner.split_once(":=")?;
    let name = name.trim();
    (name.starts_with('$') && !name.contains([' ', ','])).then(|| (name, expression.trim()))
}

/// Start, end and content of each action.
fn actions(text: &str) -> Vec<(usize, usize, &str)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let start = at + found;
        let Some(close) = text[start..].find("}}") else {
            break;
        };
        let end = start + close + 2;
        out.push((start, end, text[start + 2..end - 2].trim_matches('-').trim()));
        at = end;
    }
    out
}

fn pipeline(text: &str, depth: usize) -> Value {
    if depth > MAX_NESTING {
        return Value::opaque("…");
    }
    let mut stages = top_level(text, '|').into_iter();
    let mut value = term(stages.next().unwrap_or(""), None, depth);
    for stage in stages {
        value = term(stage, Some(value), depth);
    }
    value
}

/// One stage: a literal, a path, or a function with its arguments (a piped value comes last).
fn term(text: &str, piped: Option<Value>, depth: usize) -> Value {
    let words = top_level(text.trim(), ' ');
    let words: Vec<&str> = words.into_iter().filter(|w| !w.is_empty()).collect();
    let Some((head, rest)) = words.split_first() else {
        return piped.unwrap_or_default();
    };
    let mut args: Vec<Value> = rest.iter().map(|w| atom(w, depth)).collect();
    let was_piped = piped.is_some();
    args.extend(piped);
    let last = args.last().cloned();
    let first = args.first().cloned();
    match *head {
        "include" | "template" | "tpl" => match first {
            Some(name) if *head != "tpl" => match name.as_text() {
                Some(name) if name.ends_with(".fullname") => Value::text(conventional(&name)),
                Some(name) => Value::reference(format_smolstr!("include/{name}")),
                None => Value::opaque(text),
            },
            value => value.unwrap_or_default(),
        },
        "printf" | "print" => without_release(format(&args, *head == "printf")),
        "default" | "coalesce" | "or" | "dig" if args.len() >= 2 => {
            let (value, fallback) =
                if *head == "default" { (args.pop(), args.pop()) } else { (Some(args.remove(0)), args.pop()) };
            defaulted(value.unwrap_or_default(), fallback.unwrap_or_default())
        }
        "ternary" if args.len() >= 2 => Value::either(args.into_iter().take(2)),
        "index" if args.len() >= 2 => {
            let keys: Option<Vec<SmolStr>> = args[1..].iter().map(Value::as_text).collect();
            match (args[0].as_hole(), keys) {
                (Some(Hole::Config { key, .. }), Some(keys)) => {
                    Value::config(format_smolstr!("{key}.{}", keys.join(".")), None)
                }
                _ => Value::opaque(text),
            }
        }
        "and" | "not" | "eq" | "ne" | "lt" | "gt" | "le" | "ge" | "add" | "sub" | "mul" | "div" | "lookup" | "dict"
        | "list" | "toJson" | "fromYaml" | "merge" | "range" | "if" => Value::opaque(text),
        // Everything else keeps what it is given: quote, trunc, trimSuffix, required, toString, lower, nindent …
        _ if was_piped
            || rest.len() == 1
            || matches!(*head, "required" | "trunc" | "trimSuffix" | "trimPrefix" | "replace") =>
        {
            last.unwrap_or_default()
        }
        _ if rest.is_empty() => atom(head, depth),
        _ => Value::opaque(text),
    }
}

fn atom(word: &str, depth: usize) -> Value {
    let inner = |quote: char| word.strip_prefix(quote).and_then(|w| w.strip_suffix(quote));
    if let Some(text) = inner('"').or_else(|| inner('`')).or_else(|| inner('\'')) {
        return Value::text(text.replace("\\\"", "\""));
    }
    if let Some(group) = word.strip_prefix('(') {
        // `(.Values.a).b`, with whatever follows the group as further keys.
        let Some(end) = group.rfind(')') else {
            return Value::opaque(word);
        };
        let value = pipeline(&group[..end], depth + 1);
        return match (group[end + 1..].strip_prefix('.'), value.as_hole()) {
            (Some(more), Some(Hole::Config { key, .. })) => Value::config(format_smolstr!("{key}.{more}"), None),
            (None, _) => value,
            (Some(_), _) => Value::opaque(word),
        };
    }
    let path = word.strip_prefix('$').unwrap_or(word);
    if let Some(key) = path.strip_prefix(".Values.") {
        return Value::config(format_smolstr!("values.{key}"), None);
    }
    if let Some(rest) = path.strip_prefix(".Release.").or_else(|| path.strip_prefix(".Chart.")) {
        let of = if path.starts_with(".Release") { "release" } else { "chart" };
        return Value::reference(format_smolstr!("{of}/{}", rest.to_ascii_lowercase()));
    }
    if path == ".Values" {
        return Value::config("values", None);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        Value::text(word)
    } else if word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.chars().all(plain) {
        // A variable of Jinja and its like.
        Value::config(word, None)
    } else {
        Value::opaque(word)
    }
}

fn defaulted(value: Value, fallback: Value) -> Value {
    match value.as_hole() {
        Some(Hole::Config { key, default: None }) => Value::config(key.clone(), Some(fallback)),
        Some(Hole::Env { name, default: None }) => Value::env(name.clone(), Some(fallback)),
        Some(Hole::Opaque(_)) => Value::either([value, fallback]),
        _ => value,
    }
}

fn format(args: &[Value], with_pattern: bool) -> Value {
    let Some((pattern, rest)) = args.split_first() else {
        return Value::default();
    };
    let Some(pattern) = pattern.as_text().filter(|_| with_pattern) else {
        return args.iter().cloned().collect();
    };
    let mut rest = rest.iter();
    let mut out = Value::default();
    let mut pieces = pattern.split('%');
    out.push_text(pieces.next().unwrap_or(""));
    for piece in pieces {
        match piece.strip_prefix(['s', 'd', 'v', 'q', 'g', 'f']) {
            Some(after) => {
                out.push(rest.next().cloned().unwrap_or_else(|| Value::opaque("…")));
                out.push_text(after);
            }
            None => {
                out.push_text("%");
                out.push_text(piece);
            }
        }
    }
    out
}

/// Cut at `separator` outside of quotes and brackets.
fn top_level(text: &str, separator: char) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut start, mut depth, mut quote) = (0, 0usize, None);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, c) if c == separator && depth == 0 => {
                out.push(&text[start..i]);
                start = i + c.len_utf8();
            }
            (None, _) => {}
        }
    }
    out.push(&text[start..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_become_holes() {
        let check = |text: &str, expected: &str| assert_eq!(value(text).to_string(), expected);
        check("{{ .Values.a.b }}:{{ $.Values.port | default 80 }}", "${config:values.a.b}:${config:values.port|80}");
        check("{{ default \"x y\" .Values.a | quote }}", "${config:values.a|x y}");
        check("http://{{ include \"s.fullname\" . }}/{{ include \"s.path\" . }}", "http://s/${ref:include/s.path}");
        check("{{ printf \"%s-%s\" .Release.Name \"db\" | trunc 63 | trimSuffix \"-\" }}", "db");
        check("{{ index .Values \"a-b\" \"c\" }}", "${config:values.a-b.c}");
        check("{{ required \"why\" .Values.x }}{{ (.Values.a).b }}", "${config:values.x}${config:values.a.b}");
        check("{{ $x.name }} {{ if }}", "${?:$x.name} ${?:if}");
        check("{{ broken", "${?:{{}");
    }

    #[test]
    fn names_follow_conventions() {
        assert_eq!(name("{{ include \"s.fullname\" . }}-redis"), "s-redis");
        assert_eq!(name("{{ .Release.Name }}-cart"), "cart");
        assert_eq!(name("{{ .Values.cart.name }}"), "${config:values.cart.name}");
        assert_eq!(name("{{ include \"s.db.fullname\" . }}"), "s-db");
    }
}
