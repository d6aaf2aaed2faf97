//! Changes as annotations of GitHub Actions, on the newer line where there is one.

use super::{sense, who};
use crate::render::findings::github::{data, property};
use seam_engine::asks::contract::Answer;

pub fn render(answer: &Answer) -> String {
    let told = answer.changes.iter().filter(|c| c.level != "safe");
    let one = |c: &seam_engine::asks::contract::ContractChange| {
        let command = if c.level == "breaking" { "error" } else { "warning" };
        let place = c.revision.as_ref().filter(|q| q.line > 0).or(c.base.as_ref());
        let at = match place {
            Some(q) => format!("file={},line={},", property(&q.path), q.line.max(1)),
            None => String::new(),
        };
        let steps: String = c.steps.iter().enumerate().map(|(i, s)| format!("\n{}. {s}", i + 1)).collect();
        let text = format!("{}\n{}-breaking, hurts {}{steps}", c.text, sense(c), who(c));
        format!("::{command} {at}title={}::{}\n", property(&format!("seam {}", c.rule)), data(&text))
    };
    told.map(one).collect()
}
