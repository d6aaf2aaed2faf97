//! A Mermaid flowchart: for Markdown, small systems, and pull requests.

use seam_engine::Interaction;
use seam_engine::asks::map::Answer;
use std::collections::{BTreeMap, BTreeSet};

pub fn render(answer: &Answer) -> String {
    let ids: BTreeMap<&str, String> =
        answer.nodes.iter().enumerate().map(|(i, n)| (n.name.as_str(), format!("n{i}"))).collect();
    let mut out = "flowchart LR\n".to_owned();
    for node in &answer.nodes {
        let (open, close) = brackets(&node.kind);
        out.push_str(&format!("  {}{open}\"{}\"{close}\n", ids[node.name.as_str()], escaped(&node.name)));
    }
    for (from, to, label, dashed) in arrows(&answer.interactions) {
        let (Some(from), Some(to)) = (ids.get(from), ids.get(to)) else { continue };
        let line = if dashed { "-.->" } else { "-->" };
        out.push_str(&format!("  {from} {line}|{label}| {to}\n"));
    }
    out.push_str(&styles(answer.nodes.iter().map(|n| (n.kind.as_str(), ids[n.name.as_str()].as_str()))));
    out
}

/// Lines that colour nodes, given as kind and id.
pub fn styles<'n>(nodes: impl Iterator<Item = (&'n str, &'n str)>) -> String {
    let nodes: Vec<(&str, &str)> = nodes.collect();
    let mut out = String::new();
    for (kind, style) in STYLES {
        let of: Vec<&str> = nodes.iter().filter(|(k, _)| k == kind).map(|(_, id)| *id).collect();
        if !of.is_empty() {
            out.push_str(&format!("  classDef {kind} {style}\n  class {} {kind}\n", of.join(",")));
        }
    }
    out
}

const STYLES: &[(&str, &str)] = &[
    ("gateway", "fill:#e8e4fb,stroke:#6c5ce7,color:#1b1b1f"),
    ("database", "fill:#e3f1e6,stroke:#2e7d4f,color:#1b1b1f"),
    ("cache", "fill:#fdeedd,stroke:#b9770e,color:#1b1b1f"),
    ("broker", "fill:#fbe4ec,stroke:#ad3562,color:#1b1b1f"),
    ("external", "fill:#f2f2f2,stroke:#8a8a8a,color:#1b1b1f,stroke-dasharray:4"),
];

pub fn brackets(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "database" => ("[(", ")]"),
        "cache" => ("([", "])"),
        "broker" => ("[[", "]]"),
        "gateway" => ("{{", "}}"),
        "external" => ("((", "))"),
        _ => ("[", "]"),
    }
}

/// One arrow for each pair, with all kinds on it: parallel arrows make charts unreadable.
pub fn arrows(interactions: &[Interaction]) -> Vec<(&str, &str, String, bool)> {
    let mut pairs: BTreeMap<(&str, &str), (BTreeSet<&str>, bool)> = BTreeMap::new();
    for one in interactions {
        let (kinds, dashed) = pairs.entry((&one.from, &one.to)).or_insert((BTreeSet::new(), true));
        kinds.insert(&one.kind);
        *dashed &= one.certainty == "inferred";
    }
    pairs
        .into_iter()
        .map(|((from, to), (kinds, dashed))| (from, to, kinds.into_iter().collect::<Vec<_>>().join(", "), dashed))
        .collect()
}

pub fn escaped(text: &str) -> String {
    text.replace('"', "#quot;").replace('<', "#lt;")
}
