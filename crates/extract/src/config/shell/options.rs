//! The words of a command as options and operands. Which option takes a value is each program's own affair.

use crate::config::interpolate::split;
use seam_facts::{Part, SmolStr, Value};

/// What a program does with its words.
pub(super) struct Rules {
    /// Options without a value.
    pub alone: &'static [&'static str],
    /// One-letter options without a value, which may be written together.
    pub letters: &'static str,
    /// An option takes all words up to the next option.
    pub many: bool,
    /// Options end at the first operand.
    pub first: bool,
}

#[derive(Default)]
pub(super) struct Options {
    /// Option (with its dashes), value, position among the words.
    pub options: Vec<(SmolStr, Value, usize)>,
    pub operands: Vec<Value>,
}

impl Options {
    pub fn parse(words: &[Value], rules: &Rules) -> Self {
        let mut out = Options::default();
        let mut at = 0;
        while at < words.len() {
            let here = at;
            at += 1;
            let word = &words[here];
            let text = start(word);
            if !text.starts_with('-') || text == "-" {
                if rules.first {
                    out.operands.extend_from_slice(&words[here..]);
                    break;
                }
                out.operands.push(word.clone());
                continue;
            }
            if let Some((name, value)) = pair(word) {
                out.options.push((name, value, here));
                continue;
            }
            if !text.starts_with("--") && text.len() > 2 && !rules.letters.is_empty() {
                // `-dp 80:80`, `-eKEY`.
                let flags = text[1..].chars().take_while(|c| rules.letters.contains(*c)).count();
                out.options
                    .extend(text[1..].chars().take(flags).map(|c| (format!("-{c}").into(), Value::default(), here)));
                if let Some(letter) = text[1..].chars().nth(flags) {
                    let mut value = without(word, 2 + flags);
                    if value.is_empty() && at < words.len() {
                        value = words[at].clone();
                        at += 1;
                    }
                    out.options.push((format!("-{letter}").into(), value, here));
                }
                continue;
            }
            let alone = rules.alone.contains(&text)
                || text.len() == 2 && text.chars().nth(1).is_some_and(|c| rules.letters.contains(c));
            let next = |at: usize| words.get(at).filter(|w| !start(w).starts_with("--") && start(w) != "-");
            match next(at).filter(|_| !alone) {
                Some(value) => {
                    out.options.push((text.into(), value.clone(), here));
                    at += 1;
                    while rules.many
                        && let Some(more) = next(at).filter(|w| !start(w).starts_with('-'))
                    {
                        out.options.push((text.into(), more.clone(), at));
                        at += 1;
                    }
                }
                None => out.options.push((text.into(), Value::default(), here)),
            }
        }
        out
    }

    /// The first value of one of the options.
    pub fn get(&self, names: &[&str]) -> Option<&Value> {
        self.options.iter().find(|(n, ..)| names.contains(&n.as_str())).map(|(_, v, _)| v)
    }

    pub fn all<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (&'a Value, usize)> {
        self.options.iter().filter(|(n, ..)| names.contains(&n.as_str())).map(|(_, v, at)| (v, *at))
    }

    pub fn has(&self, names: &[&str]) -> bool {
        self.get(names).is_some()
    }
}

/// The text that a value begins with.
pub(super) fn start(value: &Value) -> &str {
    match value.parts.first() {
        Some(Part::Text(text)) => text,
        Some(Part::Hole(_)) | None => "",
    }
}

/// `KEY=value`.
pub(super) fn pair(value: &Value) -> Option<(SmolStr, Value)> {
    let (key, _) = start(value).split_once('=')?;
    Some((key.into(), without(value, key.len() + 1)))
}

/// A value without the first bytes of its text.
fn without(value: &Value, bytes: usize) -> Value {
    let mut out = Value::default();
    for (i, part) in value.parts.iter().enumerate() {
        match part {
            Part::Text(text) if i == 0 => out.push_text(text.get(bytes..).unwrap_or("")),
            Part::Text(text) => out.push_text(text),
            hole @ Part::Hole(_) => out.parts.push(hole.clone()),
        }
    }
    out
}

/// `A=b,C=d`; gcloud takes another separator from `^@^A=b@C=d`.
pub(super) fn pairs(value: &Value, separator: char) -> Vec<(SmolStr, Value)> {
    let own = start(value).strip_prefix('^').and_then(|t| t.split_once('^')).map(|(s, _)| s.to_owned());
    let (value, separator) = match &own {
        Some(own) => (without(value, own.len() + 2), own.chars().next().unwrap_or(separator)),
        None => (value.clone(), separator),
    };
    split(&value, separator).iter().filter_map(pair).filter(|(k, _)| !k.is_empty()).collect()
}
