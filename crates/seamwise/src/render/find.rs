//! Hits, one line each.

use super::ink::{bold, count, cyan, dim, pad, short, widest, yellow};
use seam_engine::asks::find::Answer;

pub fn render(answer: &Answer) -> String {
    if answer.hits.is_empty() {
        let next = dim("try a shorter part of the name, or `seam services` for what there is");
        return format!("nothing is called like {}\n{next}\n", bold(&answer.query));
    }
    let names = widest(answer.hits.iter().map(|h| h.name.as_str()), 44);
    let mut out = String::new();
    for hit in &answer.hits {
        let service =
            hit.service.as_deref().filter(|s| *s != hit.name).map(|s| format!("in {s}  ")).unwrap_or_default();
        let place = if hit.path.is_empty() { hit.key.clone() } else { format!("{}:{}", hit.path, hit.line) };
        out.push_str(&format!(
            "{}  {}  {service}{}\n",
            pad(&cyan(&hit.kind), 9),
            pad(&bold(short(&hit.name, 44)), names),
            dim(place)
        ));
    }
    if answer.left_out > 0 {
        out.push_str(&format!(
            "{}\n",
            yellow(format!("and {} more: `--limit`, or say more", count(answer.left_out, "hit")))
        ));
    }
    out
}
