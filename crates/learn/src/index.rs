//! Full text over entries: which words stand in which entry, and how much they weigh (BM25 over weighted fields, Robertson and Zaragoza 2009).
//!
//! Invariant: an index is a function of the entries that it is made of, in their order; it can be thrown away and made again.
//! Words of one concept ([`crate::lexicon`]) find each other, at a lower weight than the word itself.

use crate::entry::{Entry, heading};
use crate::lexicon::concepts;
use crate::words::Words;
use std::collections::{BTreeMap, BTreeSet, HashMap};

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

/// An entry that has a word, and its weighted count there.
type Posting = (u32, f32);

/// How well the words of a question fit each entry.
pub(crate) struct Fits<'i> {
    /// By the entry's number; 0 where nothing is shared.
    pub scores: Vec<f64>,
    /// Each word with what it weighs and who has it.
    terms: Vec<(String, f64, &'i [Posting])>,
}

impl Fits<'_> {
    pub fn best(&self) -> f64 {
        self.scores.iter().copied().fold(0.0, f64::max)
    }

    /// The words that an entry shares, the rarest first.
    pub fn words(&self, entry: u32) -> Vec<&str> {
        let has = |found: &[Posting]| found.binary_search_by_key(&entry, |(e, _)| *e).is_ok();
        let mut all: Vec<(f64, &str)> =
            self.terms.iter().filter(|(_, _, found)| has(found)).map(|(w, rare, _)| (*rare, w.as_str())).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let mut seen = BTreeSet::new();
        let bare = all.into_iter().map(|(_, w)| w.trim_start_matches('~'));
        bare.filter(|w| seen.insert(*w)).collect()
    }
}

impl Index {
    pub fn of<'e>(entries: impl IntoIterator<Item = &'e Entry>) -> Index {
        let (words, lexicon) = (Words::new(), Lexicon::new());
        let mut postings: BTreeMap<String, Vec<(u32, f32)>> = BTreeMap::new();
        let (mut lengths, mut known) = (Vec::new(), HashMap::new());
        for (number, entry) in entries.into_iter().enumerate() {
            let mut counts: BTreeMap<String, f32> = BTreeMap::new();
            let mut length = 0.0;
            for (text, weight) in fields(entry) {
                let stems = words.of_known(text, &mut known);
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

    /// How well each entry fits the words of a text.
    pub(crate) fn search(&self, text: &str) -> Fits<'_> {
        let stems = self.words.of(text);
        let concepts: BTreeSet<&str> = self.lexicon.of(&stems).into_iter().collect();
        let asked: BTreeSet<&str> = stems.iter().map(String::as_str).collect();
        let mut out = Fits { scores: vec![0.0; self.lengths.len()], terms: Vec::new() };
        let all = self.lengths.len() as f64;
        for (word, share) in asked.into_iter().map(|w| (w, 1.0)).chain(concepts.into_iter().map(|c| (c, CONCEPT))) {
            let Some(found) = self.postings.get(word) else { continue };
            let with = found.len() as f64;
            let rare = share * (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
            for (entry, count) in found {
                let at = *entry as usize;
                let (Some(length), Some(score)) = (self.lengths.get(at), out.scores.get_mut(at)) else { continue };
                let (length, count) = (f64::from(*length), f64::from(*count));
                *score += rare * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length / self.mean));
            }
            out.terms.push((word.to_owned(), rare, found));
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
        for line in concepts() {
            let Some(name) = line.first() else { continue };
            for phrase in &line {
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
        assert!(found.scores[0] > found.scores[1] && found.scores[2] == 0.0, "{:?}", found.scores);
        assert!(found.words(0).contains(&"certificate"), "{:?}", found.words(0));
        assert_eq!(index.search("xyzzy").best(), 0.0);
    }
}
