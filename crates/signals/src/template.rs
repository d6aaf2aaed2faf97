//! Which lines are of one statement, where the lines do not say: templates mined from texts.
//!
//! Invariant: bounded (tokens of a line, templates of a group); the same lines in the same order give the same templates.
//! Idea: Drain (He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017): lines of one length and
//! one first word are compared word by word; where half of the words agree they are of one template, and what differs becomes
//! a hole. Words with a digit in them are holes from the start.

use crate::EventId;
use std::collections::HashMap;

/// A hole in a template.
pub const HOLE: &str = "<*>";

/// So many words of a line count.
const WORDS: usize = 40;

/// So many templates may share a length and a first word; the last one takes the rest.
const GROUP: usize = 64;

struct Cluster {
    words: Vec<String>,
    event: EventId,
}

/// All templates so far.
#[derive(Default)]
pub struct Miner {
    /// Only looked up.
    groups: HashMap<(u32, usize, String), Vec<Cluster>>,
}

impl std::fmt::Debug for Miner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Miner({} groups)", self.groups.len())
    }
}

impl Clone for Miner {
    fn clone(&self) -> Self {
        Miner::default()
    }
}

impl Miner {
    /// The event of a line; `make` makes a new one of a template. The template is returned where it changed.
    pub fn event(&mut self, scope: u32, text: &str, make: impl FnOnce(&str) -> EventId) -> (EventId, Option<String>) {
        let words = words(text);
        let key = (scope, words.len(), words.first().cloned().unwrap_or_default());
        let group = self.groups.entry(key).or_default();
        let full = group.len() >= GROUP;
        let best = group.iter_mut().map(|c| (agreement(&c.words, &words), c)).max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((agreement, cluster)) = best
            && (agreement >= 0.5 || full)
        {
            let mut changed = false;
            for (kept, word) in cluster.words.iter_mut().zip(&words) {
                if kept != word && kept != HOLE {
                    *kept = HOLE.into();
                    changed = true;
                }
            }
            return (cluster.event, changed.then(|| cluster.words.join(" ")));
        }
        let event = make(&words.join(" "));
        group.push(Cluster { words, event });
        (event, None)
    }
}

fn agreement(a: &[String], b: &[String]) -> f64 {
    let same = a.iter().zip(b).filter(|(x, y)| x == y).count();
    same as f64 / a.len().max(1) as f64
}

/// The words of a line, values taken out.
pub fn words(text: &str) -> Vec<String> {
    text.lines().next().unwrap_or("").split_whitespace().take(WORDS).map(masked).collect()
}

fn masked(word: &str) -> String {
    let word = crate::names::cut(word, 80);
    if word.bytes().any(|b| b.is_ascii_digit()) {
        return HOLE.into();
    }
    // `user=alice`, `city:"Bern"`: the name stays, the value goes.
    match word.split_once(['=', ':']) {
        Some((name, value)) if !name.is_empty() && !value.is_empty() && !value.starts_with("//") => {
            format!("{name}={HOLE}")
        }
        _ => word.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_in_values_are_of_one_template() {
        let mut miner = Miner::default();
        let mut made = 0;
        let mut event = |text: &str| {
            miner.event(0, text, |_| {
                made += 1;
                EventId(made)
            })
        };
        let (a, _) = event("order 17 of alice was shipped to Bern");
        let (b, changed) = event("order 4 of bob was shipped to Zug");
        let (c, _) = event("order 4 could not be found in the store");
        assert_eq!(a, b);
        assert_ne!(a, c);
        assert_eq!(changed.as_deref(), Some("order <*> of <*> was shipped to <*>"));
    }
}
