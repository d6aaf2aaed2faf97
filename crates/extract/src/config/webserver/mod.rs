//! Web servers that forward, other than nginx: Apache httpd, Caddy and HAProxy. See `webserver.md`.
//!
//! Their files are read line by line: none of the three lets a directive begin in the middle of a line.

mod apache;
mod caddy;
mod haproxy;

use super::interpolate::{self, Dollar};
use super::secret;
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Policy, PolicyKind, Protocol, Route, SmolStr, Span, Value};

pub static APACHE: Extractor = Extractor {
    id: "apache",
    version: 1,
    page: PAGE,
    reads: Reads::Files { wants: apache::wants, extract: apache::extract },
};

pub static CADDY: Extractor = Extractor {
    id: "caddy",
    version: 1,
    page: PAGE,
    reads: Reads::Files { wants: caddy::wants, extract: caddy::extract },
};

pub static HAPROXY: Extractor = Extractor {
    id: "haproxy",
    version: 1,
    page: PAGE,
    reads: Reads::Files { wants: haproxy::wants, extract: haproxy::extract },
};

const PAGE: &str = include_str!("webserver.md");

/// The file's name in lower case without a template's ending.
fn plain_name(file: &File<'_>) -> String {
    let name = file.name().to_ascii_lowercase();
    let plain = [".template", ".tmpl", ".tpl", ".j2", ".erb", ".dist"].iter().find_map(|t| name.strip_suffix(t));
    plain.unwrap_or(&name).to_owned()
}

/// Words of a line, quotes taken off; a comment ends it.
fn words(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut chars = line.chars().peekable();
    while let Some(first) = chars.peek().copied() {
        if first.is_whitespace() {
            chars.next();
            continue;
        }
        if first == '#' {
            break;
        }
        let mut word = String::new();
        let mut quote = None;
        while let Some(c) = chars.peek().copied() {
            match (c, quote) {
                ('\\', _) => {
                    chars.next();
                    word.extend(chars.peek());
                }
                (c, Some(q)) if c == q => quote = None,
                ('"' | '\'', None) => quote = Some(c),
                (c, None) if c.is_whitespace() => break,
                _ => word.push(c),
            }
            chars.next();
        }
        out.push(word);
    }
    out
}

/// The place of a line's text.
fn place(number: usize, line: &str) -> Span {
    Span::at(number as u32 + 1, (line.len() - line.trim_start().len()) as u32 + 1)
}

fn text(text: &str) -> Value {
    interpolate::env(text, Dollar::Escaped)
}

fn route(protocol: Protocol, path: Value, target: Value, at: Span, sink: &mut Sink) {
    let target = secret::clean(target);
    sink.stated(Claim::Route(Route { protocol, path, target, via: None }), at);
}

fn policy(
    kind: PolicyKind,
    on: &str,
    attempts: Option<Value>,
    millis: Option<Value>,
    detail: &str,
    at: Span,
    sink: &mut Sink,
) {
    let claim = Policy { kind, on: on.into(), attempts, millis, detail: detail.into(), within: SmolStr::default() };
    sink.stated(Claim::Policy(claim), at);
}

/// What the scheme of a target says.
fn protocol(target: &str) -> Protocol {
    match target.split("://").next().filter(|s| s.len() < target.len()) {
        Some("ws" | "wss") => Protocol::Websocket,
        Some("h2c" | "grpc") => Protocol::Http,
        Some("tcp") => Protocol::Tcp,
        _ => Protocol::Http,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_comments_and_keep_quoted_blanks() {
        assert_eq!(words("a \"b c\"d 'e' # x"), ["a", "b cd", "e"]);
        assert_eq!(words("open \"quote"), ["open", "quote"]);
        assert_eq!(words("x\\"), ["x"]);
    }
}
