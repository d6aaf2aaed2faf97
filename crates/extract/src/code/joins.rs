//! Addresses that are put together by functions for paths: `path.join("http://", host, "orders")`, `File.join(base, "orders")`.
//!
//! Invariant: only where the first piece is an address, or a setting that may be one. Paths of files are joined by the same
//! functions, and nobody follows those.

use super::ir::{Call, Expr, ExprKind};
use crate::lang::Lang;
use seam_facts::{Hole, Part, Value};

/// Canonical names, and whether they join addresses only.
const JOINS: &[(Lang, &str, bool)] = &[
    (Lang::Script, "path#join", false),
    (Lang::Script, "path#posix.join", false),
    (Lang::Script, "node:path#join", false),
    (Lang::Script, "node:path#posix.join", false),
    (Lang::Script, "path#posix#join", false),
    (Lang::Script, "url-join#", true),
    (Lang::Script, "url-join#default", true),
    (Lang::Script, "urljoin#", true),
    (Lang::Script, "proper-url-join#", true),
    (Lang::Script, "ufo#joinURL", true),
    (Lang::Python, "os#path.join", false),
    (Lang::Python, "posixpath#join", false),
    (Lang::Go, "path#Join", false),
    (Lang::Ruby, "File.join", false),
    (Lang::Elixir, "Path.join", false),
];

pub(super) fn joined(lang: Lang, call: &Call, callee: &str, eval: &dyn Fn(&Expr) -> Value) -> Option<Value> {
    let (.., addresses) = JOINS.iter().find(|(l, name, _)| *l == lang && *name == callee)?;
    let pieces: Vec<&Expr> = match call.args.as_slice() {
        [only] => match &only.value.kind {
            ExprKind::List(pieces) => pieces.iter().collect(),
            _ => return None,
        },
        many => many.iter().map(|a| &a.value).collect(),
    };
    let mut pieces = pieces.into_iter().map(eval);
    let mut out = pieces.next().filter(|first| *addresses || is_address(first))?;
    for piece in pieces {
        let parted = ends_with_slash(&out) || matches!(piece.parts.first(), Some(Part::Text(t)) if t.starts_with('/'));
        out = if parted { out.then(piece) } else { out.then("/".into()).then(piece) };
    }
    Some(out)
}

fn is_address(value: &Value) -> bool {
    match value.parts.first() {
        Some(Part::Text(text)) => text.contains("://"),
        Some(Part::Hole(hole)) => may_be_address(hole),
        None => false,
    }
}

/// A setting whose name says an address, or whose default is one.
fn may_be_address(hole: &Hole) -> bool {
    let (Hole::Env { name, default } | Hole::Config { key: name, default }) = hole else { return false };
    let lower = name.to_ascii_lowercase();
    ["url", "uri", "host", "addr", "endpoint", "api", "server"].iter().any(|word| lower.contains(word))
        || default.as_deref().is_some_and(is_address)
}

fn ends_with_slash(value: &Value) -> bool {
    matches!(value.parts.last(), Some(Part::Text(text)) if text.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_may_be_addresses_are_told_from_folders() {
        assert!(is_address(&Value::env("ORDERS_URL", None)));
        assert!(is_address(&Value::env("ORDERS", Some("http://orders".into()))));
        assert!(!is_address(&Value::env("HOME", None)));
        assert!(!is_address(&Value::text("/var/lib")));
    }
}
