//! Precision and recall of a map against a known architecture.
//!
//! Names are compared without case, and `-`, `_`, blank and `.` are equal. Optional nodes and edges are "don't care": a
//! candidate that equals one, and an edge that touches an optional node, counts neither way.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

type Edge = (String, String, String);

/// True positives, false positives, false negatives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub tp: usize,
    pub fp: usize,
    pub fn_: usize,
}

impl Tally {
    pub fn f1(self) -> f64 {
        let whole = 2 * self.tp + self.fp + self.fn_;
        if whole == 0 { 0.0 } else { 2.0 * self.tp as f64 / whole as f64 }
    }

    pub fn add(&mut self, other: Tally) {
        self.tp += other.tp;
        self.fp += other.fp;
        self.fn_ += other.fn_;
    }

    pub fn of<T: Ord>(truth: &BTreeSet<T>, found: &BTreeSet<T>) -> Self {
        let tp = truth.intersection(found).count();
        Tally { tp, fp: found.len() - tp, fn_: truth.len() - tp }
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Score {
    pub nodes: Tally,
    pub edges: Tally,
    /// Edges whose kind must agree too.
    pub kinds: Tally,
}

/// Scores `{"nodes": […], "edges": [[from, to, kind, …]]}` against a truth file.
pub fn score(truth: &Value, found: &Value) -> Score {
    let aliases = aliases(truth);
    let set = |value: &Value, keys: &[&str]| -> BTreeSet<String> {
        keys.iter().flat_map(|k| list(&value[*k])).map(|n| named(n, &aliases)).collect()
    };
    let true_nodes = set(truth, &["nodes", "services", "stores", "externals"]);
    let optional: BTreeSet<String> = &set(truth, &["optional_nodes"]) - &true_nodes;
    let found_nodes = &set(found, &["nodes"]) - &optional;
    let tally = |kinds: bool| {
        let edges = |value: &Value| -> BTreeSet<Edge> { list(value).map(|e| edge(e, &aliases, kinds)).collect() };
        let wanted = edges(&truth["edges"]);
        let spare: BTreeSet<Edge> = &edges(&truth["optional_edges"]) - &wanted;
        let free = |e: &Edge| spare.contains(e) || optional.contains(&e.0) || optional.contains(&e.1);
        let got: BTreeSet<Edge> = edges(&found["edges"]).into_iter().filter(|e| !free(e)).collect();
        Tally::of(&wanted, &got)
    };
    Score { nodes: Tally::of(&true_nodes, &found_nodes), edges: tally(false), kinds: tally(true) }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn aliases(truth: &Value) -> BTreeMap<String, String> {
    let pairs = truth["aliases"].as_object().into_iter().flatten();
    pairs.filter_map(|(k, v)| Some((normal(k), normal(v.as_str()?)))).collect()
}

fn edge(edge: &Value, aliases: &BTreeMap<String, String>, kinds: bool) -> Edge {
    let kind = if kinds { edge[2].as_str().unwrap_or("?").to_owned() } else { String::new() };
    (named(&edge[0], aliases), named(&edge[1], aliases), kind)
}

fn named(value: &Value, aliases: &BTreeMap<String, String>) -> String {
    let name = value.as_str().or_else(|| value["name"].as_str()).unwrap_or_default();
    let name = normal(name);
    aliases.get(&name).cloned().unwrap_or(name)
}

/// A name as it is compared.
pub fn normal(name: &str) -> String {
    let mut out = String::new();
    for c in name.trim().to_lowercase().chars() {
        let c = if matches!(c, '-' | '_' | ' ' | '.') { '-' } else { c };
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn optional_things_count_neither_way() {
        let truth = json!({
            "services": ["a", "b_c"], "aliases": {"bee": "b-c"}, "optional_nodes": ["grafana"],
            "edges": [["a", "b-c", "http", "x:1"]], "optional_edges": [["b-c", "a", "http", "x:2"]],
        });
        let found = json!({"nodes": ["A", "Bee", "grafana"], "edges": [["a", "bee", "grpc", ""], ["bee", "a", "http", ""], ["a", "grafana", "http", ""]]});
        let score = score(&truth, &found);
        assert_eq!(score.nodes, Tally { tp: 2, fp: 0, fn_: 0 });
        assert_eq!(score.edges, Tally { tp: 1, fp: 0, fn_: 0 });
        assert_eq!(score.kinds, Tally { tp: 0, fp: 1, fn_: 1 });
    }
}
