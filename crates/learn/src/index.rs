//! Full text over entries: which words stand in which entry, and how much they weigh (BM25 over weighted fields, Robertson and Zaragoza 2009).
//!
//! Invariant: an index is a function of the entries that it is made of, in their order; it can be thrown away and made again.
//! Words of one concept ([`crate::lexicon`]) find each other, at a lower weight than the word itself.

use crate::entry::{Entry, heading};
use crate::lexicon::CONCEPTS;
use crate::words::Words;
use std::collections::{BTreeMap, BTreeSet};

/// Saturation of repeated words, and how much long texts are held against them.
const K1: f64 = 1.2;
const B: f64 = 0.5;

/// What a shared concept weighs beside a shared word.
const CONCEPT: f64 = 0.6;

pub struct Index {
    words: Words,
    lexicon: Lexicon,
    /// For each word the entries that have it, with its weighted count.
    postings: BTreeMap<String, Vec<(u32, f32)>>,
    lengths: Vec<f32>,
    mean: f64,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "index of {} words in {} entries", self.postings.len(), self.lengths.len())
    }
}

/// How well the words of a question fit an entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fit {
    pub score: f64,
    /// The words that did most, the heaviest first.
    pub words: Vec<(String, f64)>,
}

impl Index {
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Index {
        let (words, lexicon) = (Words::new(), Lexicon::new());
        let mut postings: BTreeMap<String, Vec<(u32, f32)>> = BTreeMap::new();
        let mut lengths = Vec::new();
        for (number, entry) in entries.into_iter().enumerate() {
            let mut counts: BTreeMap<String, f32> = BTreeMap::new();
            let mut length = 0.0;
            for (text, weight) in fields(entry) {
                let stems = words.of(text);
                length += stems.len() as f32 * weight;
                for concept in lexicon.of(&stems) {
                    *counts.entry(concept.to_owned()).or_default() += weight;
                }
                for stem in stems {
                    *counts.entry(stem).or_default() += weight;
                }
            }
            lengths.push(length);
            for (word, count) in counts {
                postings.entry(word).or_default().push((number as u32, count));
            }
        }
        let mean = lengths.iter().map(|l| f64::from(*l)).sum::<f64>() / (lengths.len().max(1) as f64);
        Index { words, lexicon, postings, lengths, mean: mean.max(1.0) }
    }

    pub fn words(&self) -> usize {
        self.postings.len()
    }

    /// The entries that share words with a text, by number.
    pub(crate) fn search(&self, text: &str) -> BTreeMap<u32, Fit> {
        let stems = self.words.of(text);
        let concepts: BTreeSet<&str> = self.lexicon.of(&stems).into_iter().collect();
        let asked: BTreeSet<&str> = stems.iter().map(String::as_str).collect();
        let mut out: BTreeMap<u32, Fit> = BTreeMap::new();
        for (word, share) in asked.into_iter().map(|w| (w, 1.0)).chain(concepts.into_iter().map(|c| (c, CONCEPT))) {
            let Some(found) = self.postings.get(word) else { continue };
            let (all, with) = (self.lengths.len() as f64, found.len() as f64);
            let rare = (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
            for (entry, count) in found {
                let length = f64::from(self.lengths.get(*entry as usize).copied().unwrap_or_default());
                let count = f64::from(*count);
                let weight = share * rare * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length / self.mean));
                let fit = out.entry(*entry).or_default();
                fit.score += weight;
                fit.words.push((word.trim_start_matches('~').to_owned(), weight));
            }
        }
        for fit in out.values_mut() {
            fit.words.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            fit.words.truncate(6);
        }
        out
    }
}

/// The texts of an entry, with how much a word in them says of what it is about.
fn fields(entry: &Entry) -> impl Iterator<Item = (&str, f32)> {
    let parts = entry.parts.iter().map(|(h, text)| {
        let weight = match h.as_str() {
            heading::SEEN | heading::CAUSE | heading::REASON => 1.5,
            _ => 1.0,
        };
        (text.as_str(), weight)
    });
    let keys = entry.cause.iter().map(|k| (k.as_str(), 1.0));
    let small = [&entry.fault, &entry.place, &entry.rule].into_iter().flatten().map(|w| (w.as_str(), 1.0));
    let services = entry.services.iter().map(|s| (s.as_str(), 1.5));
    let templates = entry.templates.iter().map(|t| (t.as_str(), 1.5));
    let head = [(entry.title.as_str(), 2.0)].into_iter().chain(entry.said.as_deref().map(|s| (s, 1.0)));
    head.chain(parts).chain(services).chain(keys).chain(small).chain(templates)
}

/// Which words mean which concepts.
struct Lexicon {
    /// First stem of a phrase to the phrases that begin with it: all their stems, and the concept's name.
    phrases: BTreeMap<String, Vec<(Vec<String>, String)>>,
}

impl Lexicon {
    fn new() -> Self {
        let words = Words::new();
        let mut phrases: BTreeMap<String, Vec<(Vec<String>, String)>> = BTreeMap::new();
        for line in CONCEPTS {
            let Some(name) = line.first() else { continue };
            for phrase in *line {
                let stems = words.of(phrase);
                if let Some(first) = stems.first() {
                    phrases.entry(first.clone()).or_default().push((stems, format!("~{name}")));
                }
            }
        }
        Lexicon { phrases }
    }

    /// The concepts of a text, each as often as it occurs.
    fn of(&self, stems: &[String]) -> Vec<&str> {
        let mut out = Vec::new();
        for (at, stem) in stems.iter().enumerate() {
            for (phrase, concept) in self.phrases.get(stem).into_iter().flatten() {
                if stems.get(at..at + phrase.len()).is_some_and(|s| s == phrase.as_slice()) {
                    out.push(concept.as_str());
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_by_words_of_the_same_meaning() {
        let entry = |title: &str| Entry { title: title.into(), ..Entry::default() };
        let all = [entry("TLS certificate expired on the gateway"), entry("replica lag after a migration"), entry("a")];
        let index = Index::of(&all);
        let found = index.search("https stopped because nobody renewed the cert");
        let best = found.iter().max_by(|a, b| a.1.score.total_cmp(&b.1.score)).map(|(n, _)| *n);
        assert_eq!(best, Some(0));
        assert!(index.search("xyzzy").is_empty());
    }
}
