//! Ways, step by step.

use super::ink::{bold, count, cyan, dim, title, yellow};
use super::table::place;
use seam_engine::Policy;
use seam_engine::asks::path::Answer;

pub fn render(answer: &Answer) -> String {
    if answer.ways.is_empty() {
        let back = match answer.back {
            0 => "nor the other way round".to_owned(),
            n => format!("but {} the other way round: `seam path {} {}`", count(n, "way"), answer.to, answer.from),
        };
        return format!(
            "no way from {} to {} is proven, {back}\n{}\n",
            bold(&answer.from),
            bold(&answer.to),
            dim("what is not proven may still be there: see what `seam map` could not resolve")
        );
    }
    let mut out = format!("{} → {}: {}\n", bold(&answer.from), bold(&answer.to), count(answer.ways.len(), "way"));
    for (index, way) in answer.ways.iter().enumerate() {
        out.push_str(&title(&format!("way {}", index + 1), count(way.steps.len(), "step")));
        for step in &way.steps {
            let mark = if step.certainty == "inferred" { yellow("~") } else { " ".to_owned() };
            let operation = step.operations.first().map(|o| o.operation.as_str()).unwrap_or_default();
            let at = step.evidence.first().map(place).unwrap_or_default();
            let line = format!("  {mark} {} → {}  {} {operation}  {}", step.from, step.to, cyan(&step.kind), dim(at));
            out.push_str(line.trim_end());
            out.push('\n');
            if !step.policies.is_empty() {
                out.push_str(&format!("      {}\n", yellow(Policy::line(&step.policies))));
            }
        }
    }
    out
}
