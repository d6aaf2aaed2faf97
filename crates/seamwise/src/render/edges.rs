//! The plain list of edges that scripts want: one edge a line, so that two maps can be compared with `diff`.

use seam_engine::asks::map::Answer;
use serde_json::json;

pub fn render(answer: &Answer) -> String {
    let names: Vec<&str> = answer.nodes.iter().map(|n| n.name.as_str()).collect();
    let mut out = format!("{{\"nodes\":{},\"edges\":[", json!(names));
    for (i, edge) in answer.interactions.iter().enumerate() {
        let place = edge.evidence.first().map(|p| format!("{}:{}", p.path, p.line)).unwrap_or_default();
        out.push_str(if i > 0 { ",\n" } else { "\n" });
        out.push_str(&json!([edge.from, edge.to, edge.kind, place]).to_string());
    }
    out.push_str("\n]}\n");
    out
}
