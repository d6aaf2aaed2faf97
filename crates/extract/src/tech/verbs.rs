//! The HTTP method of a request, as a text or as what says it: helpers are handed the method with the path.

use seam_facts::{Call, Hole, METHODS, SmolStr, Value};

/// A request's method.
#[derive(Clone, Debug, Default)]
pub struct Verb {
    pub method: Option<SmolStr>,
    pub said_by: Option<Box<Value>>,
}

impl Verb {
    /// A method that code states as a value.
    pub fn of(value: Value) -> Self {
        match value.as_text() {
            Some(text) => Verb { method: Some(text.to_uppercase().into()), said_by: None },
            // What callers or other code may say; a name of nothing says nothing.
            None => {
                let may = |h: &&Hole| matches!(h, Hole::Param { .. } | Hole::Result { .. } | Hole::Either(_));
                Verb { method: None, said_by: value.as_hole().is_some_and(|h| may(&h)).then(|| Box::new(value)) }
            }
        }
    }

    /// A method as languages' own constants name it (`HttpMethod.POST`, `HttpMethod.Post`), or else what says it.
    pub fn named(word: Option<SmolStr>, value: impl FnOnce() -> Value) -> Self {
        match word.map(|w| w.to_ascii_uppercase()) {
            Some(word) if METHODS.contains(&word.as_str()) => Verb { method: Some(word.into()), said_by: None },
            Some(_) | None => Verb::of(value()),
        }
    }

    /// The request with this method.
    pub fn on(self, call: Call) -> Call {
        Call { method: self.method, verb: self.said_by, ..call }
    }
}

impl From<Option<SmolStr>> for Verb {
    fn from(method: Option<SmolStr>) -> Self {
        Verb { method, said_by: None }
    }
}
