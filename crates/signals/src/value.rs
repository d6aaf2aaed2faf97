//! A value of an attribute, whatever wrote it, and what of it is kept on the last span.
//!
//! Invariant: identifiers and secrets that instrumentation leaves in addresses and statements are taken out before a text is
//! kept: user information and queries of addresses, literals of statements. So they cost no room and are never shown.

use crate::{Attribute, Name, Telemetry};
use std::borrow::Cow;
use std::fmt::Write;

/// An attribute's value, borrowed from the bytes that it came in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Any<'a> {
    /// Missing, or a list, a map or bytes: no later step reads those.
    #[default]
    None,
    Text(Cow<'a, str>),
    Bool(bool),
    Int(i64),
    Double(f64),
}

impl<'a> Any<'a> {
    /// Its text, if it has one; numbers are written into `room`.
    pub fn text<'r>(&'r self, room: &'r mut String) -> Option<&'r str> {
        room.clear();
        // Writing to a string does not fail.
        let _ = match self {
            Any::None => return None,
            Any::Text(text) => return Some(text),
            Any::Bool(value) => write!(room, "{value}"),
            Any::Int(value) => write!(room, "{value}"),
            Any::Double(value) => write!(room, "{value}"),
        };
        Some(room)
    }

    pub fn of_bytes(bytes: &'a [u8]) -> Any<'a> {
        Any::Text(String::from_utf8_lossy(bytes))
    }
}

/// Keeps an attribute of the last span, if a later step reads it.
pub(crate) fn keep(key: &str, value: &Any<'_>, room: &mut String, into: &mut Telemetry) {
    let Some(attribute) = Attribute::of_key(key) else { return };
    let Some(text) = value.text(room) else { return };
    let name = name(attribute, text, into);
    if !name.is_none() {
        into.spans.attribute(attribute, name);
    }
}

fn name(attribute: Attribute, text: &str, into: &mut Telemetry) -> Name {
    match attribute {
        Attribute::HttpTarget => into.names.value(address(text)),
        Attribute::DbStatement => into.names.value(&statement(text)),
        _ => into.names.value(text),
    }
}

/// An address or a path without user information, query and fragment.
pub(crate) fn address(text: &str) -> &str {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let text = &text[..end];
    match text.split_once("://") {
        // `scheme://user:password@host/path`
        Some((_, rest)) => {
            let host = rest.find('/').unwrap_or(rest.len());
            match rest[..host].rfind('@') {
                Some(at) => &rest[at + 1..],
                None => text,
            }
        }
        None => text,
    }
}

/// A statement with `?` in the place of its literals (strings in quotes, numbers that stand alone).
pub(crate) fn statement(text: &str) -> String {
    let text = crate::names::cut(text, crate::Names::LONGEST);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                // A quote within a string is written twice, or behind a backslash.
                while let Some(c) = chars.next() {
                    match c {
                        '\\' => _ = chars.next(),
                        '\'' if chars.peek() == Some(&'\'') => _ = chars.next(),
                        '\'' => break,
                        _ => {}
                    }
                }
                out.push('?');
            }
            '0'..='9' if !(before.is_alphanumeric() || matches!(before, '_' | '$' | '?' | ':' | '@')) => {
                while chars.next_if(|c| c.is_alphanumeric() || matches!(c, '.' | '-')).is_some() {}
                out.push('?');
            }
            _ if c.is_whitespace() => {
                if !before.is_whitespace() {
                    out.push(' ');
                }
            }
            _ => out.push(c),
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_out_of_addresses_what_may_be_secret() {
        for (text, kept) in [
            ("https://ann:pw@cart:80/items?token=x", "cart:80/items"),
            ("https://cart/items#top", "https://cart/items"),
            ("/items?id=3", "/items"),
            ("/mail/a@b", "/mail/a@b"),
        ] {
            assert_eq!(address(text), kept);
        }
    }

    #[test]
    fn takes_literals_out_of_statements() {
        for (text, kept) in [
            ("SELECT * FROM t1 WHERE id = 42 AND n = 'it''s'", "SELECT * FROM t1 WHERE id = ? AND n = ?"),
            ("update a set b=$1\n  where c=:2", "update a set b=$1 where c=:2"),
            ("x = 'never ends", "x = ?"),
            ("x IN (1,2, 3.5)", "x IN (?,?, ?)"),
        ] {
            assert_eq!(statement(text), kept);
        }
    }
}
