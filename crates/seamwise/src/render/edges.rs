//! The plain list of edges that scripts want: one edge a line, so that two maps can be compared with `diff`.
//!
//! It holds the system itself: hosts on the public internet are in every other format, and here if asked for. Kinds are the
//! few that can be compared ([`seam_engine::Interaction::class`]); every other format has the exact ones.

use seam_engine::asks::map::Answer;
use serde_json::json;
use std::collections::BTreeSet;

pub fn render(answer: &Answer, all: bool) -> String {
    let outside: BTreeSet<&str> =
        answer.nodes.iter().filter(|n| !all && n.kind == "external").map(|n| n.name.as_str()).collect();
    let names: Vec<&str> = answer.nodes.iter().map(|n| n.name.as_str()).filter(|n| !outside.contains(n)).collect();
    let mut out = format!("{{\"nodes\":{},\"edges\":[", json!(names));
    let mut seen = BTreeSet::new();
    let inside = answer
        .interactions
        .iter()
        .filter(|e| !outside.contains(e.to.as_str()) && seen.insert((&e.from, &e.to, e.class())));
    for (i, edge) in inside.enumerate() {
        let place = edge.evidence.first().map(|p| format!("{}:{}", p.path, p.line)).unwrap_or_default();
        out.push_str(if i > 0 { ",\n" } else { "\n" });
        out.push_str(&json!([edge.from, edge.to, edge.class(), place]).to_string());
    }
    out.push_str("\n]}\n");
    out
}
