//! Words of a text as they are compared: lower case, without endings, compound names taken apart.
//!
//! Invariant: the same text gives the same words; a message's varying parts (numbers, identifiers) are no words.

use rust_stemmers::{Algorithm, Stemmer};
use std::collections::{BTreeSet, HashMap};

/// Too frequent in any text to tell one from another.
const COMMON: &[&str] = &[
    "a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "because", "been", "before",
    "being", "but", "by", "can", "could", "did", "do", "does", "each", "for", "from", "had", "has", "have", "he",
    "her", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "may", "more", "most", "much", "not",
    "of", "on", "one", "only", "or", "other", "our", "out", "over", "she", "should", "so", "some", "such", "than",
    "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "until", "up",
    "us", "very", "was", "we", "were", "what", "when", "where", "which", "while", "who", "why", "will", "with",
    "would", "you", "your", "yet", "though", "even", "every", "had", "got", "get", "gets", "whose", "upon", "became",
    "become", "made", "make", "during", "between", "both", "own", "same", "several", "many", "few", "now", "no",
];

/// Splits text into words and takes their endings off.
pub(crate) struct Words {
    stemmer: Stemmer,
    common: BTreeSet<&'static str>,
}

impl Words {
    pub fn new() -> Self {
        Words { stemmer: Stemmer::create(Algorithm::English), common: COMMON.iter().copied().collect() }
    }

    /// The stems in order.
    pub fn of(&self, text: &str) -> Vec<String> {
        self.of_known(text, &mut HashMap::new())
    }

    /// The same, with the stems of words that were met before.
    pub fn of_known(&self, text: &str, known: &mut HashMap<String, Option<String>>) -> Vec<String> {
        let mut out = Vec::new();
        let mut take = |word: &str| match known.get(word) {
            Some(stem) => out.extend(stem.clone()),
            None => {
                let stem = self.stem(word);
                known.insert(word.to_owned(), stem.clone());
                out.extend(stem);
            }
        };
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '\'') {
            let word = word.trim_matches('\'');
            let word = word.strip_suffix("'s").unwrap_or(word);
            let mut parts = Vec::new();
            humps(word, &mut parts);
            if parts.len() > 1 {
                take(word);
            }
            for part in parts {
                take(part);
            }
        }
        out
    }

    /// Nothing of a word that says nothing.
    fn stem(&self, word: &str) -> Option<String> {
        let lower = word.to_lowercase().replace('\'', "");
        let number = lower.bytes().all(|b| b.is_ascii_digit());
        // Three digits are a status or a port's worth of meaning; longer ones vary.
        if lower.is_empty() || lower.len() > 40 || self.common.contains(lower.as_str()) || (number && lower.len() != 3)
        {
            return None;
        }
        if lower.len() == 1 && !number {
            return None;
        }
        Some(self.stemmer.stem(&lower).into_owned())
    }
}

/// `getOrderById` to `get`, `Order`, `By`, `Id`.
fn humps<'t>(word: &'t str, out: &mut Vec<&'t str>) {
    let mut start = 0;
    let mut before = None::<char>;
    for (at, c) in word.char_indices() {
        if before.is_some_and(|b| b.is_lowercase() && c.is_uppercase()) {
            out.push(&word[start..at]);
            start = at;
        }
        before = Some(c);
    }
    if start < word.len() {
        out.push(&word[start..]);
    }
}

/// A message with `<*>` for what varies: numbers, identifiers, what stands in quotes, addresses.
pub(crate) fn template(text: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        let varies = digits > 0 && (digits * 3 >= word.len() || word.len() >= 16)
            || word.starts_with(['"', '\'', '`'])
            || word.contains("://");
        match (varies, out.last()) {
            (true, Some(&"<*>")) => {}
            (true, _) => out.push("<*>"),
            (false, _) => out.push(word),
        }
    }
    out.join(" ")
}

/// The words of a message that do not vary.
pub(crate) fn fixed(text: &str) -> BTreeSet<String> {
    template(text).split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() >= 3).map(str::to_lowercase).collect()
}

/// How much two messages share, given their fixed words: each weighs the same.
pub(crate) fn alike(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
    let both = a.intersection(b).count();
    if both < 2 { 0.0 } else { both as f64 / a.union(b).count() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_their_endings_and_names_come_apart() {
        let words = Words::new();
        assert_eq!(words.of("The connections were exhausted"), words.of("connection exhausting"));
        assert_eq!(words.of("getOrderById"), ["getorderbyid", "order", "id"]);
        assert_eq!(words.of("HTTP 503 after 30000 ms"), ["http", "503", "ms"]);
        assert!(words.of("the of and 12345").is_empty());
    }

    #[test]
    fn messages_are_alike_by_what_does_not_vary() {
        assert_eq!(template("order 4711 shipped to \"Jane\" in 30ms"), "order <*> shipped to <*> in <*>");
        let one = fixed("connect ECONNREFUSED 10.0.0.1:5432");
        assert!(alike(&one, &fixed("connect ECONNREFUSED 10.0.0.9:5432")) > 0.9);
        assert!(alike(&one, &fixed("order 4711 was shipped")) < 0.1);
    }
}
