//! Texts that can be compared between runs: identifiers and times get names by their first appearance, fields that differ
//! between two undisturbed runs are masked.
//!
//! Invariant: what two runs agree on stays as it is; only what looks made for one run (UUIDs, long hexadecimal or decimal numbers,
//! times) or was seen to differ is hidden.

use seam_facts::MASKED;
use seam_facts::secret::is_secret_key;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What stands for a value that belongs to one run.
pub const HIDDEN: &str = "~";

/// A path without its query, with `{}` for segments that are identifiers.
pub fn template(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let segments: Vec<&str> = path.split('/').map(|s| if identifier(s) { "{}" } else { s }).collect();
    segments.join("/")
}

fn identifier(segment: &str) -> bool {
    !segment.is_empty() && (segment.bytes().all(|b| b.is_ascii_digit()) || made(segment))
}

/// Whether a word looks like made for one run.
pub fn made(word: &str) -> bool {
    let bytes = word.as_bytes();
    let digits = bytes.iter().filter(|b| b.is_ascii_digit()).count();
    let hexadecimal = bytes.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
    if digits == bytes.len() {
        return bytes.len() >= 10;
    }
    if hexadecimal && digits > 0 && bytes.len() >= 8 {
        return true;
    }
    time(bytes)
        || digits >= 4 && bytes.len() >= 20 && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b))
}

/// `2026-01-31T…`, `2026-01-31`, and fractions of seconds since 1970.
fn time(bytes: &[u8]) -> bool {
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let date = (0..4).all(digit) && bytes.get(4) == Some(&b'-') && digit(5) && digit(6) && bytes.get(7) == Some(&b'-');
    let epoch = bytes.len() > 11 && bytes.get(10) == Some(&b'.') && (0..10).all(digit);
    date || epoch
}

/// Names for made words, in the order in which they appear.
#[derive(Clone, Debug, Default)]
pub struct Names {
    of: BTreeMap<String, usize>,
}

impl Names {
    /// The text with `$1`, `$2` … for made words; new words get the next name if `learn`, and [`HIDDEN`] otherwise.
    pub fn rename(&mut self, text: &str, learn: bool) -> String {
        let mut out = String::with_capacity(text.len());
        for word in words(text) {
            match self.of.get(word) {
                Some(name) => out.push_str(&format!("${name}")),
                None if !made(word) => out.push_str(word),
                None if learn => {
                    let name = self.of.len() + 1;
                    self.of.insert(word.to_owned(), name);
                    out.push_str(&format!("${name}"));
                }
                None => out.push_str(HIDDEN),
            }
        }
        out
    }
}

/// Bytes that a snapshot holds as `\x…` hexadecimal, with what is text in them as text.
pub fn readable(value: &str) -> String {
    let hex = value.strip_prefix("\\x").filter(|h| h.len() % 2 == 0 && h.bytes().all(|b| b.is_ascii_hexdigit()));
    let Some(hex) = hex else { return value.to_owned() };
    let digit = |b: u8| (b as char).to_digit(16).and_then(|d| u8::try_from(d).ok()).unwrap_or(0);
    let bytes: Vec<u8> = hex.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) * 16 + digit(pair[1])).collect();
    bytes.escape_ascii().to_string()
}

/// `?token=…` and `&password=…` without their values.
pub fn without_secrets(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let pair = |pair: &str| match pair.split_once('=') {
        Some((key, _)) if is_secret_key(key) => format!("{key}={MASKED}"),
        _ => pair.to_owned(),
    };
    format!("{path}?{}", query.split('&').map(pair).collect::<Vec<_>>().join("&"))
}

/// Identifiers by their first digits: a story is told of things, not of their numbers.
pub fn abbreviated(text: &str) -> String {
    let short = |word: &str| {
        if made(word) && word.len() > 12 { word.chars().take(8).chain(['…']).collect() } else { word.to_owned() }
    };
    words(text).into_iter().map(short).collect()
}

/// A renamed text with [`HIDDEN`] for each name.
pub fn unnamed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '$' && chars.peek().is_some_and(char::is_ascii_digit) {
            while chars.next_if(char::is_ascii_digit).is_some() {}
            out.push_str(HIDDEN);
        } else {
            out.push(c);
        }
    }
    out
}

/// Words of letters, digits, `-`, `_`, `.` and `:` between digits (times), and everything between them.
pub fn words(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let inner = |at: usize| {
        let b = bytes[at];
        let between = at > 0 && bytes[at - 1].is_ascii_digit() && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || (b == b'.' || b == b':') && between
    };
    let (mut out, mut from) = (Vec::new(), 0);
    for at in 1..=bytes.len() {
        let ends = at == bytes.len() || inner(at) != inner(at - 1);
        if ends && text.is_char_boundary(at) {
            out.push(&text[from..at]);
            from = at;
        }
    }
    out
}

/// A JSON text as its leaves: path → value; other texts have one leaf.
pub fn leaves(text: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    match serde_json::from_str::<Value>(text) {
        Ok(value) => leaf(&value, String::new(), &mut out),
        Err(_) => {
            out.insert(String::new(), text.to_owned());
        }
    }
    out
}

fn leaf(value: &Value, path: String, out: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                leaf(value, format!("{path}/{name}"), out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, value) in items.iter().enumerate() {
                leaf(value, format!("{path}/{at}"), out);
            }
        }
        Value::String(text) => {
            out.insert(path, text.clone());
        }
        other => {
            out.insert(path, other.to_string());
        }
    }
}

/// Paths of leaves (see [`leaves`]) that belong to one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mask {
    hidden: BTreeSet<String>,
}

impl Mask {
    /// Hides what differs between two texts that should be equal.
    pub fn learn(&mut self, one: &str, other: &str) {
        let (one, other) = (leaves(one), leaves(other));
        for (path, value) in &one {
            if other.get(path) != Some(value) {
                self.hidden.insert(path.clone());
            }
        }
        self.hidden.extend(other.into_keys().filter(|path| !one.contains_key(path)));
    }

    /// The text as comparable lines.
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::new();
        for (path, value) in leaves(text) {
            if self.hidden.contains(&path) {
                continue;
            }
            let value = Names::default().rename(&value, false);
            out.push_str(&format!("{path}={value}\n"));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_hide_identifiers() {
        assert_eq!(template("/orders/17/items/0b9f5f2e-1111-4222-8333-444455556666?x=1"), "/orders/{}/items/{}");
        assert_eq!(template("/v1/cart"), "/v1/cart");
        assert_eq!(template("/users/user1/books/book2"), "/users/user1/books/book2");
        assert_eq!(template("/"), "/");
    }

    #[test]
    fn names_follow_first_appearance() {
        let mut names = Names::default();
        let (a, b) = ("0b9f5f2e-1111-4222-8333-444455556666", "deadbeef01");
        assert_eq!(names.rename(&format!("{{\"id\":\"{a}\"}}"), true), "{\"id\":\"$1\"}");
        assert_eq!(names.rename(&format!("{b}/{a} é"), true), "$2/$1 é");
        assert_eq!(names.rename("cafebabe99 at 2026-01-31T10:00:00.5", false), "~ at ~");
    }

    #[test]
    fn a_query_shows_no_secret() {
        assert_eq!(without_secrets("/in?user=ada&access_token=s3cret#x"), "/in?user=ada&access_token=***");
        assert_eq!(without_secrets("/tokens/7"), "/tokens/7");
    }

    #[test]
    fn bytes_show_the_text_in_them() {
        assert_eq!(readable("\\x82a573746f636b0a"), "\\x82\\xa5stock\\n");
        assert_eq!(readable("plain"), "plain");
    }

    #[test]
    fn masks_hide_what_differs_between_undisturbed_runs() {
        let mut mask = Mask::default();
        mask.learn(r#"{"at":1,"total":5,"items":[{"n":1}]}"#, r#"{"at":2,"total":5,"items":[{"n":1}]}"#);
        assert_eq!(mask.apply(r#"{"at":9,"total":5,"items":[{"n":1}]}"#), "/items/0/n=1\n/total=5\n");
        assert_ne!(
            mask.apply(r#"{"at":1,"total":6,"items":[{"n":1}]}"#),
            mask.apply(r#"{"at":1,"total":5,"items":[{"n":1}]}"#)
        );
    }
}
