//! Graphviz, for those who have their own layout.

use super::mermaid::arrows;
use seam_engine::asks::map::Answer;

pub const HEAD: &str = "digraph map {\n  rankdir=LR;\n  node [fontname=\"sans-serif\", shape=box, style=rounded];\n";

pub fn render(answer: &Answer) -> String {
    let mut out = HEAD.to_owned();
    for node in &answer.nodes {
        out.push_str(&format!("  {} [{}];\n", quoted(&node.name), look(&node.kind)));
    }
    for (from, to, label, dashed) in arrows(&answer.interactions) {
        let style = if dashed { ", style=dashed" } else { "" };
        out.push_str(&format!("  {} -> {} [label={}{style}];\n", quoted(from), quoted(to), quoted(&label)));
    }
    out.push_str("}\n");
    out
}

pub fn look(kind: &str) -> &'static str {
    match kind {
        "database" => "shape=cylinder, style=solid",
        "cache" => "shape=cylinder, style=dashed",
        "broker" => "shape=cds, style=solid",
        "gateway" => "shape=hexagon, style=solid",
        "external" => "shape=ellipse, style=dashed",
        _ => "shape=box",
    }
}

pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
