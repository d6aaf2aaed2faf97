//! Which files matter for a question, and where in them.
//!
//! Three steps. Words: each file and each joint gets what it has of the question's words. Spreading: a joint that matters
//! makes its members matter, a file that matters its joints, and a file that another one mentions a little; the strongest
//! way counts, so that a hub does not win by having many. Places: in each file, the lines of its strongest joints and of the
//! best words.

mod joints;
mod question;
mod texts;

pub(crate) use joints::Member;
pub(crate) use question::{Question, plain as plain_words, split as split_words};

use crate::Snapshot;
use joints::Joint;
use question::split;
use seam_facts::SmolStr;
use seam_graph::Graph;
use std::collections::{BTreeMap, HashMap};

/// A joint that is named in the very words of its name.
const NAMED: f64 = 1.5;
const TO_JOINT: f64 = 0.55;
const TO_FILE: f64 = 0.7;
const MENTIONED: f64 = 0.3;

/// Where a question starts besides its words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    /// Files with first and last line; all of the file where they are 0.
    pub places: Vec<(String, u32, u32)>,
    /// A node that is asked about.
    pub node: Option<usize>,
}

/// A file that matters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Relevant {
    pub path: SmolStr,
    pub score: f64,
    /// What facts say there, the strongest first.
    pub members: Vec<(f64, Member)>,
    /// Lines with the question's words, the best first.
    pub lines: Vec<u32>,
}

/// Files in order of how much they matter, and the names of the joints that the question is about.
pub(crate) fn relevant(
    snapshot: &Snapshot,
    graph: &Graph,
    question: &Question,
    start: &Start,
) -> (Vec<Relevant>, Vec<SmolStr>) {
    let (found, rarity) = texts::look(snapshot, question);
    let joints = joints::joints(snapshot, graph);
    let near = joints::mentions(snapshot, graph);
    let lexicon: HashMap<&str, f64> = question.words.iter().map(String::as_str).zip(rarity.iter().copied()).collect();
    let total: f64 = rarity.iter().take(question.words.len()).sum::<f64>().max(f64::MIN_POSITIVE);
    let own: Vec<f64> = joints.iter().map(|j| named(j, question, &lexicon, total) + started(j, start)).collect();
    let mut base: BTreeMap<&SmolStr, f64> = BTreeMap::new();
    for (path, _) in snapshot.base().files() {
        let words = found.get(path).map_or(0.0, |m| m.words + 1.3 * m.phrase + 0.6 * m.named);
        let here = start.places.iter().any(|(p, _, _)| p == path.as_str());
        let asked = start.node.is_some_and(|n| graph.nodes[n].own.contains(path));
        base.insert(path, words + if here { 2.0 } else { 0.0 } + if asked { 0.3 } else { 0.0 });
    }
    let (mut files, mut strength) = (base.clone(), own.clone());
    for _ in 0..2 {
        strength = joints
            .iter()
            .zip(&own)
            .map(|(joint, own)| own + TO_JOINT * strongest(joint, &files) / crowd(joint.members.len()))
            .collect();
        let mut next = base.clone();
        let mut best: HashMap<&SmolStr, f64> = HashMap::new();
        for (joint, strength) in joints.iter().zip(&strength) {
            for member in &joint.members {
                let given = strength * member.weight;
                let kept = best.entry(&member.path).or_default();
                *kept = kept.max(given);
            }
        }
        for (path, score) in &mut next {
            let mentioned = near.get(*path).into_iter().flatten();
            let mentioned = mentioned.filter_map(|p| base.get(p)).fold(0.0, |a: f64, b| a.max(*b));
            *score += TO_FILE * best.get(*path).copied().unwrap_or_default() + MENTIONED * mentioned;
        }
        files = next;
    }
    let mut places: HashMap<&SmolStr, Vec<(f64, Member)>> = HashMap::new();
    for (joint, strength) in joints.iter().zip(&strength) {
        for member in &joint.members {
            places.entry(&member.path).or_default().push((*strength * member.weight, member.clone()));
        }
    }
    let mut out: Vec<Relevant> = files
        .iter()
        .filter(|(_, score)| **score > 0.0)
        .map(|(path, score)| {
            let mut members = places.remove(*path).unwrap_or_default();
            members.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.line.cmp(&b.1.line)).then(a.1.says.cmp(&b.1.says)));
            let lines = found.get(*path).map(|m| m.lines.clone()).unwrap_or_default();
            Relevant { path: (*path).clone(), score: *score, members, lines }
        })
        .collect();
    out.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.path.cmp(&b.path)));
    let mut about: Vec<(f64, SmolStr)> =
        joints.iter().zip(&own).filter(|(_, own)| **own > 0.5).map(|(j, own)| (*own, j.name.clone())).collect();
    about.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    about.dedup_by(|a, b| a.1 == b.1);
    (out, about.into_iter().map(|(_, name)| name).take(8).collect())
}

fn strongest(joint: &Joint, files: &BTreeMap<&SmolStr, f64>) -> f64 {
    joint.members.iter().filter_map(|m| files.get(&m.path)).fold(0.0, |a: f64, b| a.max(*b))
}

/// What very many share says little.
fn crowd(members: usize) -> f64 {
    if members > 8 { (members as f64 / 8.0).sqrt() } else { 1.0 }
}

/// What a joint has of the question by its own name: 1 if all the words are in it, more if it is named as it is.
fn named(joint: &Joint, question: &Question, lexicon: &HashMap<&str, f64>, total: f64) -> f64 {
    let name = joint.name.to_lowercase();
    let path = name.split_once(' ').map_or(name.as_str(), |(_, path)| path);
    let last = path.rsplit(['/', '.']).next().unwrap_or(path);
    let whole = question.names.iter().any(|asked| {
        asked == path || asked == last || path.len() > 4 && (asked.ends_with(path) || path.ends_with(asked.as_str()))
    });
    let words =
        |text: &str| split(text).into_iter().filter_map(|w| lexicon.get_key_value(w.as_str()).map(|(k, v)| (*k, *v)));
    let mut seen: BTreeMap<&str, f64> = words(&joint.name).collect();
    let by_name = !seen.is_empty();
    // What many services share is about none of them.
    for other in joint.also.iter().filter(|_| joint.also.len() <= 6) {
        for (word, weight) in words(other) {
            seen.entry(word).or_insert(weight * 0.5);
        }
    }
    let share = seen.values().sum::<f64>() / total;
    let parts = split(&joint.name).len().max(1) as f64;
    let fit = (split(&joint.name).iter().filter(|w| lexicon.contains_key(w.as_str())).count() as f64 / parts).sqrt();
    let share = if by_name { share * (0.5 + 0.5 * fit) } else { share * 0.4 };
    share + if whole { NAMED } else { 0.0 }
}

/// What a joint has of the places that the question starts at.
fn started(joint: &Joint, start: &Start) -> f64 {
    let at = |m: &Member| {
        let on = |(path, first, last): &&(String, u32, u32)| {
            *path == m.path.as_str() && (*first == 0 || (m.line <= *last && m.end_line >= *first))
        };
        start.places.iter().any(|p| on(&p))
    };
    if joint.members.iter().any(at) { 2.0 } else { 0.0 }
}
