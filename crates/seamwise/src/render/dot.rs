//! Graphviz, for those who have their own layout.

use super::mermaid::arrows;
use seam_engine::Node;
use seam_engine::asks::map::Answer;

pub fn render(answer: &Answer) -> String {
    let mut out =
        String::from("digraph map {\n  rankdir=LR;\n  node [fontname=\"sans-serif\", shape=box, style=rounded];\n");
    for node in &answer.nodes {
        out.push_str(&format!("  {} [{}];\n", quoted(&node.name), look(node)));
    }
    for (from, to, label, dashed) in arrows(&answer.interactions) {
        let style = if dashed { ", style=dashed" } else { "" };
        out.push_str(&format!("  {} -> {} [label={}{style}];\n", quoted(from), quoted(to), quoted(&label)));
    }
    out.push_str("}\n");
    out
}

fn look(node: &Node) -> &'static str {
    match node.kind.as_str() {
        "database" => "shape=cylinder, style=solid",
        "cache" => "shape=cylinder, style=dashed",
        "broker" => "shape=cds, style=solid",
        "gateway" => "shape=hexagon, style=solid",
        "external" => "shape=ellipse, style=dashed",
        _ => "shape=box",
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
