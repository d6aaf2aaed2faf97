//! The list of rules, and what is wrong with pages of the workspace's own.

use super::ink::{bold, count, cyan, dim, pad, title, widest, yellow};
use super::table::place;
use seam_engine::asks::rules::Answer;

pub fn render(answer: &Answer, checked: bool) -> String {
    let own = answer.rules.iter().filter(|r| r.page.is_some()).count();
    let mut out = format!("{}  {} of the workspace's own\n", bold(count(answer.rules.len(), "rule")), own);
    let wide = widest(answer.rules.iter().map(|r| r.id.as_str()), 28);
    let mut group = "";
    for rule in answer.rules.iter().filter(|r| !checked || r.page.is_some()) {
        if rule.group != group {
            group = &rule.group;
            let note = if group == "own" { "seam/rules" } else { "" };
            out.push_str(&title(group, note));
        }
        let nursery = if rule.nursery { "  (only when asked for)" } else { "" };
        let line = format!("  {}  {}  {}{nursery}", cyan(pad(&rule.id, wide)), pad(&rule.severity, 7), rule.about);
        out.push_str(line.trim_end());
        out.push('\n');
        for wrong in &rule.wrong {
            out.push_str(&format!("      {}\n", yellow(wrong)));
        }
    }
    for mistake in &answer.mistakes {
        out.push_str(&format!("\n{} {}\n", yellow("not used:"), mistake.says));
        out.push_str(&format!("  {}\n", dim(place(&mistake.at))));
    }
    let wrong = answer.rules.iter().filter(|r| !r.wrong.is_empty()).count() + answer.mistakes.len();
    out.push_str(&match (checked, own, wrong) {
        (true, 0, 0) => "\nthere are no rules in `seam/rules`; `seam rules --new NAME` starts one\n".to_owned(),
        (true, _, 0) => "\nall pages hold\n".to_owned(),
        (true, _, n) => format!("\n{} wrong\n", count(n, "page")),
        (false, _, _) => "\nnext: `seam explain RULE` · `seam rules --new NAME` · `seam rules --check`\n".to_owned(),
    });
    out
}
