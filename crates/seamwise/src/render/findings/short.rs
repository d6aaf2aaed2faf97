//! One line for each finding, as editors and `grep` read them.

use super::totals;
use seam_engine::asks::detect::Answer;

pub fn render(answer: &Answer) -> String {
    let mut out: String = answer
        .findings
        .iter()
        .map(|f| format!("{}:{}: {}[{}] {}\n", f.at.path, f.at.line, f.severity, f.rule, f.message))
        .collect();
    out.push_str(&totals(answer));
    out.push('\n');
    out
}
