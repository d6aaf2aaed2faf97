//! One line for each node.

use super::ink::{bold, count, cyan, dim, pad, short, widest};
use seam_engine::asks::services::Answer;

pub fn render(answer: &Answer) -> String {
    let names = widest(answer.services.iter().map(|s| s.name.as_str()), 40);
    let mut out = String::new();
    for row in &answer.services {
        let kind = row.system.as_ref().unwrap_or(&row.kind);
        let uses = if row.uses.is_empty() { String::new() } else { format!("→ {}", row.uses.join(", ")) };
        let line = format!(
            "{}  {}  {}  {}  {}",
            pad(&bold(&row.name), names),
            pad(&cyan(kind), 13),
            pad(&short(&row.languages.join(", "), 24), 24),
            pad(&if row.endpoints > 0 { count(row.endpoints, "endpoint") } else { String::new() }, 13),
            dim(uses)
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
