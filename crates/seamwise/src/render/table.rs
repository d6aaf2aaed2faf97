//! The map for a terminal.

use seam_engine::asks::map::Answer;

pub fn render(answer: &Answer) -> String {
    let mut out = String::new();
    for node in &answer.nodes {
        out.push_str(&format!("{} {}\n", node.kind, node.name));
    }
    for edge in &answer.interactions {
        out.push_str(&format!("{} -> {} {}\n", edge.from, edge.to, edge.kind));
    }
    out
}
