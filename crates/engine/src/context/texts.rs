//! Which files a question's words stand in, and on which lines.
//!
//! Ranked as search engines do it: rare words weigh more, repetition counts less and less, long files do not win by length
//! (BM25, Robertson and Zaragoza 2009, with k1 = 1.2 and b = 0.5). Phrases are looked for as the longest run of their words
//! on one line, since values stand between the parts of a message. A name that is written as one counts as a word of its own
//! beside its parts.

use super::question::{Question, each, plain};
use crate::Snapshot;
use seam_facts::SmolStr;
use std::collections::HashMap;

const K1: f64 = 1.2;
const B: f64 = 0.5;
/// A word of a file's path counts as often.
const PATH: f64 = 3.0;
/// More text than this is not looked through for one question.
const MOST: usize = 96 << 20;
/// A name that more files have is no longer a strong sign.
const MANY: f64 = 12.0;
/// Longer lines are data.
const LINE: usize = 600;

/// What a file has of a question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Match {
    /// By words: 1 is the best file of all.
    pub words: f64,
    /// How much of a phrase stands on one line: 1 is all of it.
    pub phrase: f64,
    /// Whether it has one of the question's names as a whole: 1, or less where very many files have it.
    pub named: f64,
    /// The best lines, counted from 1, best first.
    pub lines: Vec<u32>,
}

struct Seen {
    path: SmolStr,
    /// How often each word stands in it.
    words: Vec<f64>,
    length: f64,
    /// Line, the words on it, and how much of a phrase.
    lines: Vec<(u32, Vec<usize>, f64)>,
}

/// One match for each file of the base that has any, and how rare each word is.
pub(crate) fn look(snapshot: &Snapshot, question: &Question) -> (HashMap<SmolStr, Match>, Vec<f64>) {
    let index: HashMap<&str, usize> = question.words.iter().enumerate().map(|(i, w)| (w.as_str(), i)).collect();
    let terms = question.words.len() + question.names.len();
    let mut files = Vec::new();
    let (mut read, mut room) = (0, String::new());
    for (path, _) in snapshot.base().files() {
        let text = if read < MOST { snapshot.texts().read(path) } else { None };
        read += text.as_ref().map_or(0, String::len);
        files.push(seen(path, text.as_deref().unwrap_or_default(), question, &index, &mut room));
    }
    let count = files.len().max(1) as f64;
    let average = files.iter().map(|f| f.length).sum::<f64>() / count;
    let having = |w: usize| files.iter().filter(|f| f.words[w] > 0.0).count() as f64;
    let counts: Vec<f64> = (0..terms).map(having).collect();
    let rarity: Vec<f64> = counts.iter().map(|having| (1.0 + (count - having + 0.5) / (having + 0.5)).ln()).collect();
    let mut out: HashMap<SmolStr, Match> = HashMap::new();
    let mut best = f64::MIN_POSITIVE;
    for file in files {
        let long = K1 * (1.0 - B + B * file.length / average.max(1.0));
        let of = |w: usize| rarity[w] * file.words[w] * (K1 + 1.0) / (file.words[w] + long);
        let usual = usual(&file.path, question);
        let words = (0..rarity.len()).map(of).sum::<f64>() * usual;
        let names = (question.words.len()..terms).filter(|w| file.words[*w] > 0.0);
        let named = names.map(|w| (MANY / counts[w]).min(1.0)).fold(0.0, f64::max) * usual;
        let phrase = file.lines.iter().map(|l| l.2).fold(0.0, f64::max);
        if words > 0.0 || phrase > 0.0 {
            best = best.max(words);
            out.insert(file.path, Match { words, phrase, named, lines: lines(file.lines, &rarity) });
        }
    }
    out.values_mut().for_each(|found| found.words /= best);
    (out, rarity)
}

fn lines(lines: Vec<(u32, Vec<usize>, f64)>, rarity: &[f64]) -> Vec<u32> {
    let worth = |words: &[usize], run: f64| words.iter().map(|w| rarity[*w]).sum::<f64>() + 30.0 * run;
    let mut lines: Vec<(f64, u32)> = lines.into_iter().map(|(line, words, run)| (worth(&words, run), line)).collect();
    lines.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    lines.into_iter().take(8).map(|(_, line)| line).collect()
}

fn seen(path: &SmolStr, text: &str, question: &Question, index: &HashMap<&str, usize>, room: &mut String) -> Seen {
    let mut out = Seen {
        path: path.clone(),
        words: vec![0.0; index.len() + question.names.len()],
        length: 0.0,
        lines: Vec::new(),
    };
    each(path, room, |word| {
        if let Some(w) = index.get(word) {
            out.words[*w] += PATH;
        }
    });
    for (number, line) in text.lines().enumerate().filter(|(_, l)| l.len() <= LINE) {
        let mut here: Vec<usize> = Vec::new();
        each(line, room, |word| {
            out.length += 1.0;
            if let Some(w) = index.get(word) {
                out.words[*w] += 1.0;
                if !here.contains(w) {
                    here.push(*w);
                }
            }
        });
        if !here.is_empty() && !question.names.is_empty() {
            let line = line.to_lowercase();
            for (number, _) in question.names.iter().enumerate().filter(|(_, n)| holds(&line, n)) {
                out.words[index.len() + number] += 1.0;
                here.push(index.len() + number);
            }
        }
        if !here.is_empty() {
            let run = if question.phrases.is_empty() { 0.0 } else { run(line, &question.phrases) };
            out.lines.push((number as u32 + 1, here, run));
        }
    }
    out
}

/// Whether a name stands in a line as a whole.
fn holds(line: &str, name: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(name)
        .any(|(at, _)| !inside(line[..at].chars().next_back()) && !inside(line[at + name.len()..].chars().next()))
}

/// How much of the best phrase stands on the line in one run: 0 for what may be chance.
fn run(line: &str, phrases: &[Vec<String>]) -> f64 {
    let words = plain(line);
    let longest = |phrase: &Vec<String>| {
        let mut best = 0;
        for start in 0..words.len() {
            for from in 0..phrase.len() {
                let same = words[start..].iter().zip(&phrase[from..]).take_while(|(a, b)| a == b).count();
                best = best.max(same);
            }
        }
        if best >= 3 || best == phrase.len() { best as f64 / phrase.len().min(7) as f64 } else { 0.0 }
    };
    phrases.iter().map(longest).fold(0.0, f64::max).min(1.0)
}

/// Tests, samples and what tools wrote are seldom what is asked about.
fn usual(path: &str, question: &Question) -> f64 {
    let lower = path.to_lowercase();
    let wanted = question.words.iter().any(|w| w == "test");
    let generated = [".pb.", "_pb2", "_grpc.", "generated", ".min.", "mock", "genproto", ".gen.", "swagger"];
    if (seam_graph::is_test(path) || lower.contains("e2e") || lower.contains("loadgen")) && !wanted {
        0.35
    } else if generated.iter().any(|g| lower.contains(g)) {
        0.4
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_with_values_between() {
        let phrase = vec![plain("could not charge the card: rpc error: deadline exceeded")];
        assert!(run(r#"return "", fmt.Errorf("could not charge the card: %+v", err)"#, &phrase) > 0.6);
        assert_eq!(run("the card could be charged", &phrase), 0.0);
    }
}
