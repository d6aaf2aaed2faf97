//! Text with holes: what one file says about a string, with the unknown parts named so that linking can fill them.
//!
//! `http://${env:QUOTE_ADDR}/getquote` is three parts. A value is never evaluated here; it is only built, joined and
//! printed. Printing is for people and for pages; it is not parsed back.

use crate::SmolStr;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What stands in place of a secret.
pub const MASKED: &str = "***";

/// What stands in place of a secret that by its looks is no placeholder and no default: a token of a public service, a long
/// word of mixed letters and digits.
pub const MASKED_TOKEN: &str = "*****";

/// The same of a secret that others of its file have under one key with one value, and this one with another: that they differ says
/// nothing of what they are.
pub const MASKED_APART: &str = "****";

/// The same of one that is no placeholder by its looks.
pub const MASKED_TOKEN_APART: &str = "******";

/// The function whose result is its first argument with the others in the places that `%s` and the like mark.
pub const FORMAT: &str = "<format>";

/// How a configuration key begins that is a flag of the command line.
pub const FLAG: &str = "--";

/// A concatenation of known text and holes. The empty value is the empty string.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Value {
    pub parts: Vec<Part>,
}

/// One piece of a [`Value`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Part {
    Text(SmolStr),
    Hole(Hole),
}

/// Something that one file alone cannot know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Hole {
    /// A variable of the process environment (or of compose interpolation, in deployment files).
    Env { name: SmolStr, default: Option<Box<Value>> },
    /// A configuration key, dotted (`retail.ui.endpoints.catalog`), as the framework looks it up.
    Config { key: SmolStr, default: Option<Box<Value>> },
    /// A symbol that another file defines, as a dotted path after import resolution (`endpoints.catalogueUrl`).
    Ref(SmolStr),
    /// A parameter of the enclosing function (`Owner.function`), by position from 0.
    Param { function: SmolStr, index: u16, name: SmolStr },
    /// What a function that this file does not define returns.
    Result { callee: SmolStr, args: Vec<Value> },
    /// One of several, depending on the run.
    Either(Vec<Value>),
    /// Something that cannot be followed; a short piece of the source, for people.
    Opaque(SmolStr),
}

impl Value {
    /// Known text.
    pub fn text(text: impl Into<SmolStr>) -> Self {
        let text = text.into();
        if text.is_empty() { Value::default() } else { Value { parts: vec![Part::Text(text)] } }
    }

    /// A single hole.
    pub fn hole(hole: Hole) -> Self {
        Value { parts: vec![Part::Hole(hole)] }
    }

    /// A single environment hole.
    pub fn env(name: impl Into<SmolStr>, default: Option<Value>) -> Self {
        Value::hole(Hole::Env { name: name.into(), default: default.map(Box::new) })
    }

    /// A single configuration hole.
    pub fn config(key: impl Into<SmolStr>, default: Option<Value>) -> Self {
        Value::hole(Hole::Config { key: key.into(), default: default.map(Box::new) })
    }

    /// A symbol that is defined elsewhere.
    pub fn reference(path: impl Into<SmolStr>) -> Self {
        Value::hole(Hole::Ref(path.into()))
    }

    /// A source expression that cannot be followed.
    pub fn opaque(source: impl Into<SmolStr>) -> Self {
        Value::hole(Hole::Opaque(source.into()))
    }

    /// One of several values; duplicates collapse, a single alternative is itself.
    pub fn either(values: impl IntoIterator<Item = Value>) -> Self {
        let mut flat: Vec<Value> = Vec::new();
        for value in values {
            match value.parts.as_slice() {
                [Part::Hole(Hole::Either(inner))] => {
                    for v in inner {
                        if !flat.contains(v) {
                            flat.push(v.clone());
                        }
                    }
                }
                _ if !flat.contains(&value) => flat.push(value),
                _ => {}
            }
        }
        if flat.len() == 1 { flat.swap_remove(0) } else { Value::hole(Hole::Either(flat)) }
    }

    /// The text, when there is no hole.
    pub fn as_text(&self) -> Option<SmolStr> {
        match self.parts.as_slice() {
            [] => Some(SmolStr::default()),
            [Part::Text(text)] => Some(text.clone()),
            parts => {
                let mut out = String::new();
                for part in parts {
                    match part {
                        Part::Text(text) => out.push_str(text),
                        Part::Hole(_) => return None,
                    }
                }
                Some(out.into())
            }
        }
    }

    /// The only hole, when the value is nothing else.
    pub fn as_hole(&self) -> Option<&Hole> {
        match self.parts.as_slice() {
            [Part::Hole(hole)] => Some(hole),
            _ => None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Appends text, merging with text at the end.
    pub fn push_text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if let Some(Part::Text(last)) = self.parts.last_mut() {
            *last = crate::format_smolstr!("{last}{text}");
        } else {
            self.parts.push(Part::Text(text.into()));
        }
    }

    /// Appends another value.
    pub fn push(&mut self, other: Value) {
        for part in other.parts {
            match part {
                Part::Text(text) => self.push_text(&text),
                hole @ Part::Hole(_) => self.parts.push(hole),
            }
        }
    }

    /// This value followed by another.
    pub fn then(mut self, other: Value) -> Self {
        self.push(other);
        self
    }

    /// Every hole, those within defaults, alternatives and arguments included.
    pub fn holes(&self) -> Vec<&Hole> {
        fn walk<'a>(value: &'a Value, out: &mut Vec<&'a Hole>) {
            for part in &value.parts {
                let Part::Hole(hole) = part else { continue };
                out.push(hole);
                match hole {
                    Hole::Env { default, .. } | Hole::Config { default, .. } => {
                        if let Some(default) = default {
                            walk(default, out);
                        }
                    }
                    Hole::Either(values) | Hole::Result { args: values, .. } => {
                        for value in values {
                            walk(value, out);
                        }
                    }
                    Hole::Ref(_) | Hole::Param { .. } | Hole::Opaque(_) => {}
                }
            }
        }
        let mut out = Vec::new();
        walk(self, &mut out);
        out
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::text(text)
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let mut out = Value::default();
        for value in values {
            out.push(value);
        }
        out
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Hole(hole) => write!(f, "{hole}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Hole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Hole::Env { name, default: None } => write!(f, "${{env:{name}}}"),
            Hole::Env { name, default: Some(default) } => write!(f, "${{env:{name}|{default}}}"),
            Hole::Config { key, default: None } => write!(f, "${{config:{key}}}"),
            Hole::Config { key, default: Some(default) } => write!(f, "${{config:{key}|{default}}}"),
            Hole::Ref(path) => write!(f, "${{ref:{path}}}"),
            Hole::Param { function, index, name } => write!(f, "${{param:{function}#{index}:{name}}}"),
            Hole::Result { callee, args } => {
                write!(f, "${{result:{callee}(")?;
                for (i, arg) in args.iter().enumerate() {
                    write!(f, "{}{arg}", if i > 0 { ", " } else { "" })?;
                }
                f.write_str(")}")
            }
            Hole::Either(values) => {
                f.write_str("${either:")?;
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i > 0 { " | " } else { "" })?;
                }
                f.write_str("}")
            }
            Hole::Opaque(source) => write!(f, "${{?:{source}}}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_text_and_prints_holes() {
        let value =
            Value::text("http://").then(Value::env("QUOTE_ADDR", None)).then("/get".into()).then("quote".into());
        assert_eq!(value.to_string(), "http://${env:QUOTE_ADDR}/getquote");
        assert_eq!(value.parts.len(), 3);
        assert_eq!(value.as_text(), None);
    }

    #[test]
    fn alternatives_collapse() {
        assert_eq!(Value::either([Value::text("a"), Value::text("a")]), Value::text("a"));
        let nested = Value::either([Value::either(["a".into(), "b".into()]), "b".into(), "c".into()]);
        assert_eq!(nested.to_string(), "${either:a | b | c}");
    }

    #[test]
    fn finds_holes_within_defaults() {
        let value = Value::env("A", Some(Value::env("B", None)));
        assert_eq!(value.holes().len(), 2);
    }
}
