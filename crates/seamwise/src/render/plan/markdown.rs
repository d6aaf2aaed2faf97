//! Changes as a comment on a pull request.

use super::{about, sense, who};
use seam_engine::asks::contract::{Answer, Quoted};

/// Rows of a comment.
const SHOWN: usize = 50;

pub fn render(answer: &Answer, (base, revision): (&str, &str)) -> String {
    let c = &answer.counts;
    let mut out = format!(
        "### Contract: {} breaking, {} may break, {} safe\n\n`{}` to `{}` ({})\n",
        c.breaking,
        c.warnings,
        c.safe,
        code(base),
        code(revision),
        answer.kind
    );
    let changes: Vec<_> = answer.changes.iter().filter(|c| c.level != "safe").collect();
    if changes.is_empty() {
        out.push_str("\nNothing breaks.\n");
        return out;
    }
    out.push_str("\n| what changed | where | breaks | hurts | old | new |\n|---|---|---|---|---|---|\n");
    let place = |q: &Option<Quoted>| match q {
        Some(q) if q.line > 0 => format!("`{}:{}`", code(&q.path), q.line),
        Some(q) => format!("`{}`", code(&q.path)),
        None => "–".to_owned(),
    };
    for change in changes.iter().take(SHOWN) {
        let mark = if change.level == "breaking" { "" } else { " (may)" };
        out.push_str(&format!(
            "| {} (`{}`) | `{}` | {}{mark} | {} | {} | {} |\n",
            cell(&change.text),
            change.rule,
            code(about(change)),
            sense(change),
            who(change),
            place(&change.base),
            place(&change.revision)
        ));
    }
    if changes.len() > SHOWN {
        out.push_str(&format!("\nand {} more\n", changes.len() - SHOWN));
    }
    out
}

/// Text of a cell: nothing that a file says becomes markup.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;")
}

fn code(text: &str) -> String {
    text.replace(['`', '\n', '\r'], "'").replace('|', "\\|")
}
