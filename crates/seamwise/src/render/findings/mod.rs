//! Findings in every form that people and pipelines read. All are drawn from the ask's answer; none decides anything.

pub mod github;
mod gitlab;
mod junit;
mod markdown;
mod sarif;
mod short;
mod text;

pub use github::render as github;
pub use gitlab::render as gitlab;
pub use junit::render as junit;
pub use markdown::render as markdown;
pub use sarif::render as sarif;
pub use short::render as short;
pub use text::render as text;

use super::ink::{count, dim};
use seam_engine::Finding;
use seam_engine::asks::detect::Answer;
use std::ops::RangeInclusive;

/// Lines of a file by its workspace-relative path, where it still has them.
pub type Texts<'a> = &'a dyn Fn(&str, RangeInclusive<u32>) -> Option<String>;

/// `2 errors, 3 warnings by 30 rules, 1 allowed`.
fn totals(answer: &Answer) -> String {
    let counts = &answer.counts;
    let parts = [(counts.errors, "error"), (counts.warnings, "warning"), (counts.notes, "note")];
    let found: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| count(*n, word)).collect();
    let mut out = if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") };
    let mut aside = vec![format!("by {}", count(counts.rules, "rule"))];
    if counts.allowed > 0 {
        aside.push(format!("{} allowed", counts.allowed));
    }
    if counts.dismissed > 0 {
        aside.push(format!("{} dismissed before (`--no-memory` shows them)", counts.dismissed));
    }
    if counts.known > 0 {
        aside.push(format!("{} known before", counts.known));
    }
    out.push_str(&format!(" {}", dim(aside.join(", "))));
    out
}

/// When the running system showed it, where to look it up, and its course.
fn observed(finding: &Finding) -> Option<String> {
    let observed = finding.observed.as_ref()?;
    let mut parts = Vec::new();
    match (&observed.since, &observed.until) {
        (Some(since), Some(until)) => parts.push(format!("{since} to {until}")),
        (Some(since), None) => parts.push(format!("since {since}")),
        (None, _) => {}
    }
    if let Some(trace) = &observed.trace {
        let span = observed.span.as_ref().map(|s| format!(", span {s}")).unwrap_or_default();
        parts.push(format!("trace {trace}{span}"));
    }
    if observed.series.len() > 1 {
        parts.push(sparkline(&observed.series));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// A course in so many characters at most; several values share one, the largest counts.
const WIDE: usize = 60;

/// Eight heights from nothing to the largest value.
pub fn sparkline(values: &[f64]) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let together = values.len().div_ceil(WIDE).max(1);
    let values: Vec<f64> = values.chunks(together).map(|c| c.iter().copied().fold(0.0, f64::max)).collect();
    let most = values.iter().copied().fold(0.0, f64::max);
    let height = |v: &f64| if most > 0.0 { ((v / most * 7.0).round() as usize).min(7) } else { 0 };
    values.iter().map(|v| HEIGHTS[height(v)]).collect()
}

/// What a person must know besides the message: how sure it is, and where it holds.
fn standing(finding: &Finding) -> Option<String> {
    let mut parts = Vec::new();
    if finding.hypothesis {
        parts.push("a hypothesis from code and configuration, not yet tried".to_owned());
    }
    if finding.certainty == "inferred" {
        parts.push("rests on an inference (a default or a convention)".to_owned());
    }
    if !finding.profiles.is_empty() {
        parts.push(format!("in {}", finding.profiles.join(", ")));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    #[test]
    fn a_course_is_drawn_from_nothing_to_its_largest_value() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0]), "▁▅█");
        assert_eq!(sparkline(&[0.0, 0.0]), "▁▁");
        assert_eq!(sparkline(&vec![1.0; 600]).chars().count(), 60);
    }
}
