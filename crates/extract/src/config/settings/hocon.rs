//! HOCON text (Ktor, Akka, Play and whatever else reads Typesafe Config) to keys and values.
//!
//! `${?NAME}` after a value replaces it where the environment has the name: the value before is its default. Lists and
//! objects that are put together of several (`${base} { … }`) keep what is written in place. See the HOCON specification of
//! Typesafe Config.

use seam_facts::{SmolStr, Span, Value, format_smolstr};
use std::collections::HashMap;

/// Objects nest; real ones stay below this.
const DEPTH: usize = 24;

pub(super) fn parse(text: &str) -> Vec<(SmolStr, Value, Span)> {
    let mut reader = Reader { rest: text, line: 1, column: 1, out: Vec::new(), known: HashMap::new() };
    reader.object("", DEPTH);
    reader.out
}

struct Reader<'a> {
    rest: &'a str,
    line: u32,
    column: u32,
    out: Vec<(SmolStr, Value, Span)>,
    /// Where in `out` each key stands: a long document would be searched anew for each of its lines.
    known: HashMap<SmolStr, usize>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        for c in taken.chars() {
            (self.line, self.column) = if c == '\n' { (self.line + 1, 1) } else { (self.line, self.column + 1) };
        }
        self.rest = rest;
        taken
    }

    fn next(&mut self) {
        let length = self.peek().map_or(0, char::len_utf8);
        self.take(length);
    }

    /// Blanks and comments; line ends and commas too where `lines`.
    fn blanks(&mut self, lines: bool) {
        while let Some(c) = self.peek() {
            if c == '#' || self.rest.starts_with("//") {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.take(end);
            } else if c.is_whitespace() && (lines || c != '\n') || lines && c == ',' {
                self.next();
            } else {
                break;
            }
        }
    }

    fn object(&mut self, prefix: &str, depth: usize) {
        loop {
            self.blanks(true);
            match self.peek() {
                None => return,
                Some('}') => return self.next(),
                // The outermost braces may be left out.
                Some('{') => {
                    self.next();
                    if depth == 0 {
                        return;
                    }
                    self.object(prefix, depth - 1);
                    continue;
                }
                Some(_) => {}
            }
            let at = Span::at(self.line, self.column);
            let key = self.key();
            self.blanks(false);
            let key: SmolStr = if prefix.is_empty() { key.into() } else { format_smolstr!("{prefix}.{key}") };
            match self.peek() {
                Some('{') => self.value(&key, at, depth),
                Some('=' | ':' | '+') => {
                    let length = if self.rest.starts_with("+=") { 2 } else { 1 };
                    self.take(length);
                    self.blanks(true);
                    self.value(&key, at, depth);
                }
                // `include "other.conf"`, or what is no HOCON at all.
                _ => {
                    let end = self.rest.find('\n').unwrap_or(self.rest.len());
                    self.take(end);
                }
            }
        }
    }

    fn key(&mut self) -> String {
        let mut out = String::new();
        while let Some(c) = self.peek() {
            match c {
                '"' => out.push_str(self.quoted()),
                '=' | ':' | '{' | '}' | '\n' | ',' => break,
                '+' if self.rest.starts_with("+=") => break,
                _ => {
                    out.push(c);
                    self.next();
                }
            }
        }
        out.trim().to_owned()
    }

    fn quoted(&mut self) -> &'a str {
        let mark = if self.rest.starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
        self.take(mark.len());
        let mut end = 0;
        while let Some(found) = self.rest[end..].find(mark) {
            end += found;
            if mark.len() > 1 || !self.rest[..end].ends_with('\\') {
                let inner = self.take(end);
                self.take(mark.len());
                return inner;
            }
            end += 1;
        }
        let rest = self.rest.len();
        self.take(rest)
    }

    fn value(&mut self, key: &str, at: Span, depth: usize) {
        if depth == 0 {
            self.rest = "";
            return;
        }
        match self.peek() {
            Some('{') => {
                self.next();
                self.object(key, depth - 1);
            }
            Some('[') => {
                self.next();
                let mut number = 0;
                loop {
                    self.blanks(true);
                    match self.peek() {
                        None => return,
                        Some(']') => return self.next(),
                        Some(_) => {}
                    }
                    let before = self.rest.len();
                    let at = Span::at(self.line, self.column);
                    self.value(&format!("{key}[{number}]"), at, depth - 1);
                    number += 1;
                    if self.rest.len() == before {
                        self.next();
                    }
                }
            }
            _ => self.scalar(key, at),
        }
    }

    /// Text, quoted pieces and substitutions up to the end of the value.
    fn scalar(&mut self, key: &str, at: Span) {
        let mut value = Value::default();
        let mut optional = None;
        while let Some(c) = self.peek() {
            match c {
                '\n' | ',' | '}' | ']' | '#' => break,
                '/' if self.rest.starts_with("//") && !value.to_string().ends_with(':') => break,
                '"' => value.push_text(self.quoted()),
                '$' if self.rest.starts_with("${") => {
                    let end = self.rest.find('}').map_or(self.rest.len(), |end| end + 1);
                    let inner = self.take(end).trim_start_matches("${").trim_end_matches('}');
                    let name = inner.trim_start_matches('?').trim();
                    // Keys of the configuration come first; what is written like a variable is one.
                    let variable = !name.contains('.') && !name.contains(|c: char| c.is_ascii_lowercase());
                    let hole = if variable { Value::env(name, None) } else { Value::config(name, None) };
                    optional = inner.starts_with('?').then_some((variable, name.to_owned()));
                    value.push(hole);
                }
                _ => {
                    let end = self.rest.find(['\n', ',', '}', ']', '#', '"', '$', '/']).unwrap_or(self.rest.len());
                    let length = if end == 0 { c.len_utf8() } else { end };
                    let text = self.take(length);
                    value.push_text(if value.is_empty() { text.trim_start() } else { text });
                }
            }
        }
        let known = value.as_text();
        let value = known.map(|text| Value::text(text.trim())).unwrap_or(value);
        if value.is_empty() {
            return;
        }
        let before = self.known.get(key).map(|at| &mut self.out[*at]);
        let alone = value.as_hole().is_some();
        match (before, optional) {
            (Some((_, before, _)), Some((variable, name))) if alone => {
                let default = Some(std::mem::take(before));
                *before = if variable { Value::env(name, default) } else { Value::config(name, default) };
            }
            (Some(before), _) => *before = (key.into(), value, at),
            (None, _) => {
                self.known.insert(key.into(), self.out.len());
                self.out.push((key.into(), value, at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        parse(text).into_iter().map(|(key, value, at)| format!("{} {key} = {value}", at.line)).collect()
    }

    #[test]
    fn objects_nest_and_variables_override() {
        let text = "# shop\ndb {\n  url = \"jdbc:h2:mem\"\n  url = ${?DB_URL}\n  pool { size: 4 }\n}\nstock.url = \"http://\"${stock.host}\"/api\"\nhosts = [a, \"b\"]\n";
        let expected = [
            "3 db.url = ${env:DB_URL|jdbc:h2:mem}",
            "5 db.pool.size = 4",
            "7 stock.url = http://${config:stock.host}/api",
            "8 hosts[0] = a",
            "8 hosts[1] = b",
        ];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn broken_text_ends() {
        for text in ["a = [", "a { b = \"", "}}}", "{{{", "a = ${", "= = =", "a = [ ${ }"] {
            read(text);
        }
        assert_eq!(read("url = http://stock:8080/x // here"), ["1 url = http://stock:8080/x"]);
    }
}
