//! What is asked, as words that can be looked for.
//!
//! Words are small, taken apart at camels and snakes, and without endings; names that are written as one (`CART_ADDR`,
//! `order:created`, `/orders/{id}`, `unable-to-pay`) are kept whole beside. What stands in quotes, and every error, is a
//! phrase: a run of words that some line of code writes, with values in between.

use std::collections::BTreeSet;

/// Words that questions are made of and code is not about.
const STOP: &[&str] = &[
    "a",
    "about",
    "add",
    "after",
    "all",
    "an",
    "and",
    "another",
    "any",
    "are",
    "as",
    "ask",
    "at",
    "be",
    "because",
    "becom",
    "been",
    "both",
    "but",
    "by",
    "call",
    "caller",
    "can",
    "change",
    "code",
    "come",
    "could",
    "do",
    "doe",
    "down",
    "each",
    "every",
    "fail",
    "file",
    "find",
    "for",
    "from",
    "get",
    "give",
    "go",
    "had",
    "handle",
    "has",
    "have",
    "her",
    "how",
    "i",
    "if",
    "implement",
    "in",
    "into",
    "is",
    "it",
    "its",
    "just",
    "like",
    "log",
    "made",
    "make",
    "many",
    "may",
    "me",
    "more",
    "must",
    "my",
    "need",
    "new",
    "no",
    "not",
    "now",
    "of",
    "off",
    "on",
    "one",
    "only",
    "or",
    "other",
    "our",
    "out",
    "over",
    "per",
    "put",
    "rename",
    "said",
    "say",
    "see",
    "send",
    "shall",
    "should",
    "show",
    "side",
    "so",
    "some",
    "somebody",
    "something",
    "take",
    "tell",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "thing",
    "this",
    "to",
    "too",
    "touch",
    "up",
    "use",
    "wa",
    "want",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "who",
    "whom",
    "why",
    "will",
    "with",
    "would",
    "write",
    "you",
    "your",
];

#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    /// Sorted, each once.
    pub words: Vec<String>,
    /// Names as they are written, in small letters: at least two parts, or with a slash.
    pub names: Vec<String>,
    /// The words of each phrase, in order, at least two.
    pub phrases: Vec<Vec<String>>,
}

impl Question {
    /// From what somebody wrote and from errors, which are phrases as a whole.
    pub fn of(task: &str, error: &str) -> Self {
        let mut out = Question::default();
        let mut words = BTreeSet::new();
        let stop: BTreeSet<String> = STOP.iter().flat_map(|w| split(w)).collect();
        for text in [task, error] {
            for word in split(text) {
                let number = word.chars().all(|c| c.is_ascii_digit());
                if word.len() > 1 && !number && !stop.contains(&word) {
                    words.insert(word);
                }
            }
            out.names.extend(names(text));
        }
        out.words = words.into_iter().collect();
        out.names.sort();
        out.names.dedup();
        let spoken = quoted(task);
        let lines = error.lines().map(str::trim).filter(|l| !l.is_empty()).take(12);
        for phrase in spoken.iter().map(String::as_str).chain(lines) {
            let words = plain(phrase);
            if words.len() > 1 {
                out.phrases.push(words);
            }
        }
        out
    }
}

/// The words of a text without their endings; camels and snakes are taken apart.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    each(text, &mut String::new(), |word| out.push(word.to_owned()));
    out
}

/// The same without keeping them: whole workspaces are read in this way. `word` is room to work in.
pub(crate) fn each(text: &str, word: &mut String, mut take: impl FnMut(&str)) {
    word.clear();
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let inside = c.is_alphanumeric();
        let hump = c.is_uppercase()
            && (before.is_lowercase() || before.is_numeric() || rest.peek().is_some_and(|n| n.is_lowercase()));
        if (!inside || hump) && !word.is_empty() {
            stem(word);
            take(word);
            word.clear();
        }
        if inside {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        stem(word);
        take(word);
    }
}

/// `stores`, `stored`, `storing` and `store` are one word. Rough, and the same on both sides.
fn stem(word: &mut String) {
    if word.len() < 4 || word.ends_with("ss") {
        return;
    }
    if word.len() > 5 && word.ends_with("ies") {
        word.truncate(word.len() - 3);
        word.push('y');
        return;
    }
    let ends = |end: &str, least: usize| word.len() >= least + end.len() && word.ends_with(end);
    if ends("ing", 4) || ends("ed", 4) {
        word.truncate(word.len() - if word.ends_with("ing") { 3 } else { 2 });
        if let [.., a, b] = word.as_bytes()
            && a == b
            && b.is_ascii_alphabetic()
            && !b"lsz".contains(a)
        {
            word.pop();
        }
    } else if ends("s", 3) {
        word.pop();
    }
    if word.len() > 4 && word.ends_with('e') {
        word.pop();
    }
}

/// Letters and digits only, as they stand: what runs of words are compared by.
pub(crate) fn plain(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    parts.map(str::to_lowercase).collect()
}

fn names(text: &str) -> Vec<String> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | ':' | '{' | '}' | '*' | '#');
    let mut out = Vec::new();
    for token in text.split(|c| !inside(c)) {
        let token = token.trim_matches(['.', ':', '-', '#']).trim_end_matches('/');
        let parts = token.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty()).count();
        let humps = token.chars().skip(1).zip(token.chars()).any(|(b, a)| a.is_lowercase() && b.is_uppercase());
        if token.len() > 3 && (parts > 1 || humps || token.starts_with('/')) {
            out.push(token.to_lowercase());
        }
    }
    out
}

/// What stands between quotes or backticks, and is more than a name.
fn quoted(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (open, close) in [('`', '`'), ('"', '"'), ('“', '”')] {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once(open) {
            let Some((inside, more)) = after.split_once(close) else { break };
            out.push(inside.to_owned());
            rest = more;
        }
    }
    // An exception is quoted by its look: `SomeException: what happened`.
    if let Some((_, said)) = text.split_once("Exception: ") {
        out.push(said.lines().next().unwrap_or(said).to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_do_not_matter() {
        for (a, b) in [
            ("stores", "store"),
            ("stored", "store"),
            ("charging", "charge"),
            ("planned", "plan"),
            ("queries", "query"),
        ] {
            assert_eq!(split(a), split(b), "{a} {b}");
        }
    }

    #[test]
    fn questions_become_words_names_and_phrases() {
        let q =
            Question::of("Who calls POST /orders/{id} when CART_ADDR is set? It logs `could not pay: timeout`.", "");
        assert!(q.words.contains(&"order".to_owned()) && !q.words.contains(&"who".to_owned()), "{:?}", q.words);
        assert_eq!(q.names, ["/orders/{id}", "cart_addr"]);
        assert_eq!(q.phrases, [["could", "not", "pay", "timeout"]]);
    }
}
