//! One tree for the YAML and JSON of contracts: every key and every value with its line.
//!
//! Invariant: reading never fails and never blows up. What cannot be read is a [`Problem`] beside what could; depth and
//! expansion are bounded, so that everything that walks a tree may recurse. Texts are borrowed where the file says them
//! plainly: two versions of a description of megabytes are read in the time of a look at their bytes.
//!
//! The reader of configuration in `extract` answers another question (one file, templates and all, to facts) and takes
//! ten times as long; contracts are compared as whole documents, hence this one.

mod events;
mod json;
mod yaml;

use seam_facts::Problem;
use std::borrow::Cow;

/// How deep values nest; what is below is left out and reported.
pub const MAX_DEPTH: usize = 120;

#[derive(Clone, Debug, PartialEq)]
pub struct Key<'a> {
    pub text: Cow<'a, str>,
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Data<'a> {
    Null,
    Bool(bool),
    /// As written, and its value.
    Number(Cow<'a, str>, f64),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Map(Vec<(Key<'a>, Node<'a>)>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    pub data: Data<'a>,
    /// From 1.
    pub line: u32,
}

/// The document of a text, JSON or YAML, with what could not be read.
pub fn read(text: &str) -> (Node<'_>, Vec<Problem>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with(['{', '[']) {
        match json::read(text) {
            Ok(node) => return (node, Vec::new()),
            // Flow style with comments or single quotes is YAML all the same.
            Err(problem) => match yaml::read(text) {
                Some(node) => return (node, Vec::new()),
                None => return (Node::null(1), vec![problem]),
            },
        }
    }
    match yaml::read(text) {
        Some(node) => (node, Vec::new()),
        None => events::read(text),
    }
}

impl<'a> Node<'a> {
    pub fn null(line: u32) -> Self {
        Node { data: Data::Null, line }
    }

    pub fn text(text: impl Into<Cow<'a, str>>, line: u32) -> Self {
        Node { data: Data::Text(text.into()), line }
    }

    pub fn map(entries: Vec<(Key<'a>, Node<'a>)>, line: u32) -> Self {
        Node { data: Data::Map(entries), line }
    }

    /// The value of a key of a map, unless it is null.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entry(key).map(|(_, node)| node)
    }

    /// A key of a map with its value, unless that is null.
    pub fn entry(&self, key: &str) -> Option<(&Key<'a>, &Node<'a>)> {
        self.entries().iter().find(|(k, v)| k.text == key && v.data != Data::Null).map(|(k, v)| (k, v))
    }

    pub fn entries(&self) -> &[(Key<'a>, Node<'a>)] {
        match &self.data {
            Data::Map(entries) => entries,
            Data::Null | Data::Bool(_) | Data::Number(..) | Data::Text(_) | Data::List(_) => &[],
        }
    }

    pub fn items(&self) -> &[Node<'a>] {
        match &self.data {
            Data::List(items) => items,
            Data::Null | Data::Bool(_) | Data::Number(..) | Data::Text(_) | Data::Map(_) => &[],
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            Data::Null | Data::Bool(_) | Data::Number(..) | Data::List(_) | Data::Map(_) => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self.data {
            Data::Bool(value) => Some(value),
            Data::Null | Data::Number(..) | Data::Text(_) | Data::List(_) | Data::Map(_) => None,
        }
    }

    pub fn as_number(&self) -> Option<f64> {
        match self.data {
            Data::Number(_, value) => Some(value),
            Data::Null | Data::Bool(_) | Data::Text(_) | Data::List(_) | Data::Map(_) => None,
        }
    }

    /// The text of a key's value, of a number as it is written; empty if there is none.
    pub fn word(&self, key: &str) -> &str {
        match self.get(key).map(|n| &n.data) {
            Some(Data::Text(text) | Data::Number(text, _)) => text,
            _ => "",
        }
    }

    pub fn flag(&self, key: &str) -> bool {
        self.get(key).and_then(Node::as_bool).unwrap_or_default()
    }

    pub fn number(&self, key: &str) -> Option<f64> {
        self.get(key).and_then(Node::as_number)
    }

    pub fn is_map(&self) -> bool {
        matches!(self.data, Data::Map(_))
    }

    /// Follows keys, one after the other.
    pub fn path(&self, keys: &[&str]) -> Option<&Node<'a>> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The same value, wherever it stands and in whatever order its keys are.
    pub fn same(&self, other: &Node<'_>) -> bool {
        match (&self.data, &other.data) {
            (Data::Null, Data::Null) => true,
            (Data::Bool(a), Data::Bool(b)) => a == b,
            (Data::Number(_, a), Data::Number(_, b)) => a == b,
            (Data::Text(a), Data::Text(b)) => a == b,
            (Data::List(a), Data::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b)),
            (Data::Map(a), Data::Map(b)) => {
                a.len() == b.len()
                    && a.iter().enumerate().all(|(i, (key, value))| {
                        // Mostly the order is the same too.
                        let there = match b.get(i) {
                            Some((k, v)) if k.text == key.text => Some(v),
                            _ => b.iter().find(|(k, _)| k.text == key.text).map(|(_, v)| v),
                        };
                        there.is_some_and(|there| value.same(there))
                    })
            }
            _ => false,
        }
    }

    /// The same tree, which borrows from no text.
    pub fn owned(&self) -> Node<'static> {
        let data = match &self.data {
            Data::Null => Data::Null,
            Data::Bool(value) => Data::Bool(*value),
            Data::Number(text, value) => Data::Number(text.to_string().into(), *value),
            Data::Text(text) => Data::Text(text.to_string().into()),
            Data::List(items) => Data::List(items.iter().map(Node::owned).collect()),
            Data::Map(entries) => {
                let key = |k: &Key<'_>| Key { text: k.text.to_string().into(), line: k.line };
                Data::Map(entries.iter().map(|(k, v)| (key(k), v.owned())).collect())
            }
        };
        Node { data, line: self.line }
    }

    /// On one short line, as JSON writes it, for messages.
    pub fn show(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        if out.chars().count() > 60 {
            out = out.chars().take(57).collect();
            out.push('…');
        }
        out
    }

    fn write(&self, out: &mut String) {
        if out.len() > 240 {
            return;
        }
        match &self.data {
            Data::Null => out.push_str("null"),
            Data::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Data::Number(text, _) => out.push_str(text),
            Data::Text(text) => out.push_str(&text.replace('\n', " ")),
            Data::List(items) => {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Data::Map(entries) => {
                out.push('{');
                for (i, (key, value)) in entries.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(&key.text);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// What a plain scalar means by YAML's core schema.
fn plain(text: Cow<'_, str>) -> Data<'_> {
    match text.as_bytes().first() {
        None => return Data::Null,
        Some(b'n' | b'N' | b'~' | b't' | b'T' | b'f' | b'F' | b'0'..=b'9' | b'-' | b'+' | b'.') => {}
        Some(_) => return Data::Text(text),
    }
    match text.as_ref() {
        "~" | "null" | "Null" | "NULL" => return Data::Null,
        "true" | "True" | "TRUE" => return Data::Bool(true),
        "false" | "False" | "FALSE" => return Data::Bool(false),
        ".inf" | "+.inf" => return Data::Number(text, f64::INFINITY),
        "-.inf" => return Data::Number(text, f64::NEG_INFINITY),
        _ => {}
    }
    match number(&text) {
        Some(value) => Data::Number(text, value),
        None => Data::Text(text),
    }
}

fn number(text: &str) -> Option<f64> {
    let radix = |prefix: &str, base| {
        let digits = text.strip_prefix(prefix)?;
        u64::from_str_radix(digits, base).ok().map(|v| v as f64)
    };
    if let Some(value) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Some(value);
    }
    if !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
        return None;
    }
    // Digits somewhere before an exponent: `-`, `.` and `e1` are texts.
    let body = text.trim_start_matches(['+', '-']);
    let opens = body.bytes().next().is_some_and(|b| b.is_ascii_digit())
        || (body.starts_with('.') && body.as_bytes().get(1).is_some_and(u8::is_ascii_digit));
    if !opens { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Node<'_> {
        let (node, problems) = read(text);
        assert_eq!(problems, []);
        node
    }

    #[test]
    fn reads_the_same_from_json_and_yaml() {
        let json = one("{\"a\": {\"b\": [1, \"x\", null, true], \"c\\n\": -1.5e3}, \"d\": \"\\u00e9\"}");
        let yaml = one("a:\n  b:\n  - 1\n  - x\n  - ~\n  - true\n  \"c\\n\": -1.5e3\nd: é\n");
        assert!(json.same(&yaml), "{json:?}\n{yaml:?}");
        assert_eq!(yaml.path(&["a", "b"]).map(|n| n.items()[1].line), Some(4));
        assert_eq!(yaml.entry("d").map(|(k, _)| k.line), Some(8));
    }

    #[test]
    fn reads_all_scalars_that_contracts_use() {
        let text = "# why\n---\na: |\n  one\n   two\n\n  three\nb: >-\n  one\n  two\n\n  three\nc: 'it''s'\nd: \"x\\ty\"\ne: plain # no\nf: a\n  b\ng: {x: 1, 'y': [2, \"3\"], z: http://a/b?c=d}\nh: [\n  1,\n  2\n]\ni:\nj: '200'\nk: a:b\n'/p/{id}': 1\n";
        let node = one(text);
        assert_eq!(node.word("a"), "one\n two\n\nthree\n");
        assert_eq!(node.word("b"), "one two\nthree");
        assert_eq!(node.word("c"), "it's");
        assert_eq!(node.word("d"), "x\ty");
        assert_eq!(node.word("e"), "plain");
        assert_eq!(node.word("f"), "a b");
        assert_eq!(node.path(&["g", "z"]).and_then(Node::as_text), Some("http://a/b?c=d"));
        assert_eq!(node.get("h").map(|n| n.items().len()), Some(2));
        assert!(node.get("i").is_none());
        assert_eq!(node.word("j"), "200");
        assert_eq!(node.word("k"), "a:b");
    }

    #[test]
    fn anchors_and_merges_are_expanded() {
        let node = one("x: &x {a: 1}\ny:\n  <<: *x\n  b: 2\n");
        assert_eq!(node.path(&["y", "a"]).and_then(Node::as_number), Some(1.0));
    }

    #[test]
    fn sequences_hold_maps_and_each_other() {
        let node = one("a:\n- b: 1\n  c:\n    - d\n    -\n      e: 2\n- - x\n  - y\n");
        let items = node.get("a").map(|n| n.items().to_vec()).unwrap_or_default();
        assert_eq!(items[0].get("c").map(|n| n.items().len()), Some(2));
        assert_eq!(items[1].items().len(), 2);
    }

    #[test]
    fn hostile_texts_are_problems() {
        for text in [
            "[".repeat(100_000),
            "{\"a\":".repeat(100_000),
            "a: ".repeat(50_000),
            "- ".repeat(50_000),
            "a: \"unclosed".to_owned(),
            "{\"a\": ]".to_owned(),
            "a: b\n c: d\n".to_owned(),
        ] {
            let (_, problems) = read(&text);
            assert!(!problems.is_empty(), "{}", &text[..text.len().min(20)]);
        }
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for i in 1..12 {
            let p = i - 1;
            text.push_str(&format!("a{i}: &a{i} [*a{p},*a{p},*a{p},*a{p},*a{p},*a{p},*a{p},*a{p},*a{p},*a{p}]\n"));
        }
        assert!(!read(&text).1.is_empty());
    }
}
