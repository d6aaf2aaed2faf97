//! Caddy: `reverse_proxy`, `php_fastcgi`, and `proxy` of version 1.

use super::{place, policy, protocol, route, words};
use crate::config::app::millis;
use crate::{File, Sink};
use seam_facts::{PolicyKind, SmolStr, Value, format_smolstr};
use std::collections::BTreeMap;

pub(super) fn wants(file: &File<'_>) -> bool {
    let name = super::plain_name(file);
    name.starts_with("caddyfile") || name.ends_with(".caddyfile") || name.ends_with(".caddy")
}

/// Blocks nest to this depth.
const MAX_DEPTH: usize = 32;

/// A block that is open: the path that it narrows to, and the proxy that it belongs to.
#[derive(Clone, Debug, Default)]
struct Open {
    path: Option<SmolStr>,
    /// Within `reverse_proxy { … }`.
    proxy: Option<SmolStr>,
}

pub(super) fn extract(file: &File<'_>, sink: &mut Sink) {
    let matchers = matchers(file.text);
    let mut open: Vec<Open> = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let all = words(line);
        let mut words: Vec<&str> = all.iter().map(String::as_str).collect();
        let at = place(number, line);
        let opens = words.last() == Some(&"{");
        if opens {
            words.pop();
        }
        let path = open.iter().rev().find_map(|o| o.path.clone());
        let inside = open.last().and_then(|o| o.proxy.clone());
        let mut next = Open { path: None, proxy: inside.clone() };
        match (words.as_slice(), &inside) {
            (["}", ..], _) => {
                open.pop();
                continue;
            }
            (["to", upstreams @ ..], Some(path)) => forward(path, upstreams, at, sink),
            (["lb_try_duration" | "dial_timeout" | "response_header_timeout" | "read_timeout", wait], Some(path)) => {
                let detail = format!("Caddy {}", words[0]);
                policy(PolicyKind::Timeout, path, None, Some(millis(wait)), &detail, at, sink);
            }
            (["lb_retries", retries], Some(path)) => {
                let attempts = retries.parse::<u32>().ok().map(|n| Value::text(n.saturating_add(1).to_string()));
                policy(PolicyKind::Retry, path, attempts, None, "Caddy lb_retries", at, sink);
            }
            (["reverse_proxy" | "php_fastcgi" | "proxy", rest @ ..], None) => {
                let (own, upstreams) = match rest {
                    [matcher, upstreams @ ..] if matcher.starts_with(['/', '@', '*']) => (Some(*matcher), upstreams),
                    _ => (None, rest),
                };
                let path = own.map(|m| narrowed(m, &matchers)).or(path).unwrap_or_else(|| "/*".into());
                forward(&path, upstreams, at, sink);
                next.proxy = Some(path);
            }
            (["handle" | "handle_path" | "route", matcher, ..], None) => next.path = Some(narrowed(matcher, &matchers)),
            _ => {}
        }
        if opens && open.len() < MAX_DEPTH {
            open.push(next);
        }
    }
}

/// `@api path /api/*`, also with a block.
fn matchers(text: &str) -> BTreeMap<String, SmolStr> {
    let mut out = BTreeMap::new();
    let mut current: Option<String> = None;
    for line in text.lines() {
        let all = words(line);
        let words: Vec<&str> = all.iter().map(String::as_str).collect();
        match words.as_slice() {
            [name, "path", path, ..] if name.starts_with('@') => drop(out.insert((*name).to_owned(), (*path).into())),
            [name, "{"] if name.starts_with('@') => current = Some((*name).to_owned()),
            ["path", path, ..] => {
                if let Some(name) = &current {
                    out.insert(name.clone(), (*path).into());
                }
            }
            ["}"] => current = None,
            _ => {}
        }
    }
    out
}

fn narrowed(matcher: &str, matchers: &BTreeMap<String, SmolStr>) -> SmolStr {
    match matcher {
        "*" => "/*".into(),
        name if name.starts_with('@') => matchers.get(name).cloned().unwrap_or_else(|| "/*".into()),
        path => path.into(),
    }
}

fn forward(path: &SmolStr, upstreams: &[&str], at: seam_facts::Span, sink: &mut Sink) {
    for upstream in upstreams.iter().take(16).filter(|u| !u.starts_with("unix/")) {
        route(protocol(upstream), value(path), value(upstream), at, sink);
    }
}

/// `{$NAME}`, `{$NAME:default}` and `{env.NAME}` are the environment's; other placeholders are the request's.
fn value(text: &str) -> Value {
    let mut out = Value::default();
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once('{') {
        let Some((name, after)) = inner.split_once('}') else { break };
        out.push_text(before);
        out.push(match name.strip_prefix('$').or_else(|| name.strip_prefix("env.")) {
            Some(name) => match name.split_once(':') {
                Some((name, default)) => Value::env(name, Some(default.into())),
                None => Value::env(name, None),
            },
            None => Value::opaque(format_smolstr!("{{{name}}}")),
        });
        rest = after;
    }
    out.push_text(rest);
    out
}
