//! Conditions on one row: a field, and what it has to look like.

use super::rows::{Field, Row};
use serde::Deserialize;
use std::collections::BTreeMap;

/// All of them have to hold.
#[derive(Clone, Debug, Default)]
pub struct Conditions(pub BTreeMap<String, Pattern>);

/// What a field may be.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Pattern {
    /// `true`: there is one; `false`: there is none.
    Present(bool),
    Number(i64),
    /// `*` stands for any text; upper and lower case are one.
    Text(String),
    /// One of these.
    Any(Vec<Pattern>),
    Compared(Compared),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    not: Option<Box<Pattern>>,
    below: Option<i64>,
    above: Option<i64>,
}

impl Conditions {
    pub fn hold(&self, row: &Row) -> bool {
        self.0.iter().all(|(name, pattern)| pattern.fits(row.field(name)))
    }

    /// The conditions that do not hold, in a sentence.
    pub fn failed(&self, row: &Row) -> String {
        let failed = self.0.iter().filter(|(name, pattern)| !pattern.fits(row.field(name)));
        let terms: Vec<String> = failed
            .map(|(name, pattern)| {
                let is = match row.field(name) {
                    Field::Texts(texts) if texts.is_empty() => "none".to_owned(),
                    _ => row.shown(name),
                };
                format!("`{name}` must be {}, and is {is}", pattern.shown())
            })
            .collect();
        if terms.is_empty() { String::new() } else { format!("Here {}.", terms.join("; ")) }
    }
}

impl Pattern {
    fn fits(&self, field: &Field) -> bool {
        match (self, field) {
            (Pattern::Present(wanted), Field::Texts(texts)) => texts.iter().any(|t| !t.is_empty()) == *wanted,
            (Pattern::Present(wanted), Field::Number(number)) => number.is_some() == *wanted,
            (Pattern::Number(wanted), Field::Number(number)) => *number == Some(*wanted),
            (Pattern::Number(wanted), Field::Texts(texts)) => texts.iter().any(|t| *t == wanted.to_string()),
            (Pattern::Text(glob), Field::Texts(texts)) => texts.iter().any(|t| like(glob, t)),
            (Pattern::Text(glob), Field::Number(number)) => number.is_some_and(|n| like(glob, &n.to_string())),
            (Pattern::Any(all), field) => all.iter().any(|p| p.fits(field)),
            (Pattern::Compared(c), field) => {
                let number = match field {
                    Field::Number(number) => *number,
                    Field::Texts(_) => None,
                };
                c.not.as_ref().is_none_or(|p| !p.fits(field))
                    && c.below.is_none_or(|limit| number.is_some_and(|n| n < limit))
                    && c.above.is_none_or(|limit| number.is_some_and(|n| n > limit))
            }
        }
    }

    fn shown(&self) -> String {
        match self {
            Pattern::Present(true) => "there".to_owned(),
            Pattern::Present(false) => "absent".to_owned(),
            Pattern::Number(number) => number.to_string(),
            Pattern::Text(text) => format!("`{text}`"),
            Pattern::Any(all) => all.iter().map(Pattern::shown).collect::<Vec<_>>().join(" or "),
            Pattern::Compared(c) => {
                let not = c.not.as_ref().map(|p| format!("other than {}", p.shown()));
                let below = c.below.map(|n| format!("below {n}"));
                let above = c.above.map(|n| format!("above {n}"));
                [not, below, above].into_iter().flatten().collect::<Vec<_>>().join(" and ")
            }
        }
    }
}

/// Whether a text looks like a pattern with `*`.
fn like(glob: &str, text: &str) -> bool {
    let (glob, text) = (glob.to_lowercase(), text.to_lowercase());
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        assert!(like("orders", "Orders") && !like("orders", "orders2"));
        assert!(like("GET /orders/*", "GET /orders/{id}") && like("*", "") && like("a*b*c", "a--b--c"));
        assert!(!like("a*b", "a") && !like("ab*ba", "aba"));
    }

    #[test]
    fn numbers_are_compared() {
        let pattern = Pattern::Compared(Compared { not: None, below: Some(5), above: Some(1) });
        assert!(pattern.fits(&Field::Number(Some(3))));
        assert!(!pattern.fits(&Field::Number(Some(5))) && !pattern.fits(&Field::Number(None)));
    }
}
