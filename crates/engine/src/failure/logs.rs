//! An error as people paste it, to plain lines: what container runtimes put before each line is taken off and remembered,
//! logs in JSON are unfolded, escaped line breaks are broken.
//!
//! Invariant: no line gets a meaning here; only who said it.

use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Line {
    pub text: String,
    /// The container, pod or logger that said it, as written.
    pub from: Option<String>,
}

/// More than this of a text is not looked at: the start, where the failure is.
const MOST: usize = 400_000;
const LINES: usize = 4_000;
const DEEP: usize = 8;

/// `known`: whether a name means a service.
pub(crate) fn lines(text: &str, known: &dyn Fn(&str) -> bool) -> Vec<Line> {
    let text: String = text.chars().take(MOST).collect();
    let plain = COLOURS.as_ref().map_or(text.as_str().into(), |re| re.replace_all(&text, ""));
    let led = led(&plain);
    let mut out = Vec::new();
    for raw in plain.lines().take(LINES) {
        let (mut from, mut rest) = prefix(raw, known);
        if from.is_none()
            && let Some((name, after)) = led.as_deref().and_then(|name| Some((name, raw.strip_prefix(name)?)))
        {
            (from, rest) = (Some(name.to_owned()), after.strip_prefix([' ', '\t']).unwrap_or(after));
        }
        unfold(rest, from, known, &mut out);
    }
    out
}

static COLOURS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("\u{1b}\\[[0-9;?]*[A-Za-z]").ok());
static BARRED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\s*([A-Za-z0-9][\w.-]{0,60})\s+\|(?: (.*)|\t?(.*))$").ok());
static BRACKETED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\[(?:pod/)?([\w.-]+)(?:/([\w.-]+))?\]\s?(.*)$").ok());
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"\[([A-Za-z][\w.-]+),[\w,-]*\]|(?:service(?:[._]?name)?|app|container|pod)=["']?([\w.-]+)"#).ok()
});
static LED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^([a-z0-9][a-z0-9.-]{2,80})[ \t](.*)$").ok());

/// A word that nearly every line begins with and that looks like a pod or a container, whether or not it is known.
fn led(text: &str) -> Option<String> {
    let first = |line: &str| {
        let word = line.split([' ', '\t']).next().unwrap_or_default();
        let looks = word.len() > 3
            && word.contains(['-', '_'])
            && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            && word.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
        looks.then(|| word.to_owned())
    };
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).take(200).collect();
    let word = lines.first().and_then(|l| first(l))?;
    let with = lines.iter().filter(|l| first(l).as_deref() == Some(word.as_str())).count();
    (lines.len() > 1 && with * 10 >= lines.len() * 9).then_some(word)
}

/// What stands before a line: `checkout-1  | …`, `[pod/checkout-5d9c/server] …`, `checkout-5d9c-x8k2p …`.
fn prefix<'a>(line: &'a str, known: &dyn Fn(&str) -> bool) -> (Option<String>, &'a str) {
    if let Some(found) = BARRED.as_ref().and_then(|re| re.captures(line))
        && let (Some(name), Some(rest)) = (found.get(1), found.get(2).or_else(|| found.get(3)))
    {
        return (Some(name.as_str().to_owned()), rest.as_str());
    }
    if let Some(found) = BRACKETED.as_ref().and_then(|re| re.captures(line))
        && let (Some(name), Some(rest)) = (found.get(1), found.get(3))
        && (line.starts_with("[pod/") || known(name.as_str()))
    {
        let container = found.get(2).map(|c| c.as_str()).filter(|c| known(c));
        return (Some(container.unwrap_or(name.as_str()).to_owned()), rest.as_str());
    }
    if let Some(found) = LED.as_ref().and_then(|re| re.captures(line))
        && let (Some(name), Some(rest)) = (found.get(1), found.get(2))
        && name.as_str().contains('-')
        && known(name.as_str())
    {
        return (Some(name.as_str().to_owned()), rest.as_str());
    }
    // `[cart,4bf92f,00f0]` of Spring, `service=cart` of everybody.
    let told = NAMED.as_ref().into_iter().flat_map(|re| re.captures_iter(line));
    let told = told.filter_map(|f| f.get(1).or_else(|| f.get(2))).map(|m| m.as_str());
    (told.into_iter().find(|name| known(name)).map(ToOwned::to_owned), line)
}

/// One line of a log: JSON to its texts, escapes to what they mean.
fn unfold(line: &str, from: Option<String>, known: &dyn Fn(&str) -> bool, out: &mut Vec<Line>) {
    // A library's words may stand before the object.
    let start = line.find('{').filter(|at| line.ends_with('}') && *at < 120);
    if let Some(Ok(Value::Object(object))) = start.map(|at| serde_json::from_str::<Value>(&line[at..])) {
        let (mut texts, mut names) = (Vec::new(), Vec::new());
        gather(&Value::Object(object), "", 0, &mut texts, &mut names);
        let from = names.into_iter().find(|n| known(n)).or(from);
        // What happened comes before what it is wrapped in.
        texts.sort_by_key(|(rank, _)| *rank);
        for (_, text) in texts {
            split(&text, &from, out);
        }
        return;
    }
    split(line, &from, out);
}

fn split(text: &str, from: &Option<String>, out: &mut Vec<Line>) {
    let escaped = text.contains("\\n");
    let text =
        if escaped { text.replace("\\r", "").replace("\\n", "\n").replace("\\t", "\t") } else { text.to_owned() };
    // Text in quotes has its own quotes, and paths their own strokes, behind escapes.
    let text = text.replace("\\\"", "\"").replace("\\\\", "\\");
    out.extend(text.lines().map(|line| Line { text: line.to_owned(), from: from.clone() }));
}

/// Texts of a log's object with their rank, and who may have said it.
fn gather(value: &Value, key: &str, depth: usize, texts: &mut Vec<(u8, String)>, names: &mut Vec<String>) {
    if depth > DEEP {
        return;
    }
    let last = key.rsplit(['.', '_', '@']).next().unwrap_or(key).to_lowercase();
    match value {
        Value::String(text) => {
            let rank = match last.as_str() {
                "message" | "msg" | "log" | "event" | "body" | "text" => Some(0),
                "error" | "err" | "exception" | "reason" | "detail" | "details" | "cause" | "description" => Some(1),
                "stack" | "stacktrace" | "trace" | "backtrace" | "info" => Some(2),
                "path" | "url" | "uri" | "route" | "method" | "target" | "caller" | "source" | "file" => Some(3),
                _ => None,
            };
            match rank {
                Some(rank) => texts.push((rank, text.clone())),
                None if matches!(
                    last.as_str(),
                    "service"
                        | "name"
                        | "app"
                        | "application"
                        | "component"
                        | "container"
                        | "pod"
                        | "logger"
                        | "hostname"
                ) =>
                {
                    names.push(text.clone());
                }
                None => {}
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, key, depth + 1, texts, names)),
        Value::Object(object) => {
            for (name, inner) in object {
                gather(inner, name, depth + 1, texts, names);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_off_what_runtimes_put_before_lines() {
        let known = |name: &str| name.starts_with("cart");
        let read = |text: &str| -> Vec<(String, String)> {
            lines(text, &known).into_iter().map(|l| (l.from.unwrap_or_default(), l.text)).collect()
        };
        let of = |from: &str, text: &str| (from.to_owned(), text.to_owned());
        assert_eq!(read("cart-1  | \u{1b}[31mno\u{1b}[0m way"), [of("cart-1", "no way")]);
        assert_eq!(read("[pod/cart-5d9c-x8k2p/server] no way"), [of("cart-5d9c-x8k2p", "no way")]);
        assert_eq!(read("cart-5d9c-x8k2p no way"), [of("cart-5d9c-x8k2p", "no way")]);
        assert_eq!(
            read("x-rmq-7d5f no way\nx-rmq-7d5f   at all"),
            [of("x-rmq-7d5f", "no way"), of("x-rmq-7d5f", "  at all")]
        );
        assert_eq!(
            read(r#"{"level":"error","service":"cart","msg":"no way","stack":"E: x\n    at f (/app/a.js:1:2)"}"#),
            [of("cart", "no way"), of("cart", "E: x"), of("cart", "    at f (/app/a.js:1:2)")]
        );
    }
}
