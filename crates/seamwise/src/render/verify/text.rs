//! The report for a terminal: proofs, findings as stories, who is needed, what was not reached, and the verdict last.

use super::{change, ending, model, seconds, tenths};
use crate::render::ink::{bold, count, cyan, dim, pad, title, widest, yellow};
use seam_engine::asks::verify::Answer;
use seam_verify::finding::Grade;
use seam_verify::report::{Fate, Played, Reported, Verdict};

/// Lines of a list that a terminal shows; all are in the JSON.
const SHOWN: usize = 8;

pub fn render(answer: &Answer, all: bool) -> String {
    let mut out = String::new();
    // Without a change there is one proof, and it tells itself.
    let alone = answer.gate.is_none() && answer.tests.is_none() && !answer.scenarios.is_empty();
    if !alone {
        change::proofs(answer, &mut out);
    }
    if let Some(gate) = &answer.gate {
        change::gate(gate, &mut out);
    }
    if let Some(tests) = &answer.tests {
        change::tests(tests, &mut out);
    }
    model::section(answer, all, &mut out);
    if !alone && !answer.scenarios.is_empty() {
        out.push_str(&title("exploration", "with the change"));
    }
    for played in &answer.scenarios {
        scenario(played, all, &mut out);
    }
    rules(answer, &mut out);
    if let (Some(base), Some(against)) = (&answer.base, &answer.against) {
        change::against(base, against, &mut out);
    }
    out.push_str(&format!("\n{}\n", verdict(answer.verdict)));
    if answer.verdict != Verdict::Passed && !alone {
        for why in answer.because.iter().take(SHOWN) {
            out.push_str(&format!("  {why}\n"));
        }
    }
    out
}

/// What a dry run tells of the change, before what exploration would start.
pub fn dry(answer: &Answer, all: bool) -> String {
    let mut out = String::new();
    if answer.gate.is_none() && answer.tests.is_none() {
        model::section(answer, all, &mut out);
        if !out.is_empty() {
            out.push('\n');
        }
        return out;
    }
    change::proofs(answer, &mut out);
    if let Some(gate) = &answer.gate {
        change::gate(gate, &mut out);
    }
    if let Some(tests) = &answer.tests {
        change::tests(tests, &mut out);
    }
    model::section(answer, all, &mut out);
    out.push('\n');
    out
}

/// What is about to be run, for who looks; nothing where only scenarios are.
pub fn announced(answer: &Answer) -> Option<String> {
    let run = &answer.tests.as_ref()?.run;
    let lines = run.iter().map(|t| {
        let folder = if t.trial.folder.is_empty() { "." } else { &t.trial.folder };
        format!("  {} in {folder}\n", t.trial.command)
    });
    (!run.is_empty()).then(|| format!("{} for the change\n{}", dim("running"), lines.collect::<String>()))
}

fn verdict(verdict: Verdict) -> String {
    let colour = match verdict {
        Verdict::Passed => "32",
        Verdict::Inconclusive => "33",
        Verdict::Failed => "31",
    };
    format!("\x1b[1;{colour}m{}\x1b[0m", verdict.name())
}

/// What most of the time went to, where it was long enough to ask.
fn went(played: &Played) -> Option<String> {
    let spent = &played.spent;
    let mut parts = [
        (spent.requests, "the scenario itself"),
        (spent.processes, "starting processes anew"),
        (spent.waiting, "waiting until faults are made up for"),
        (spent.stores, "putting stores back"),
    ];
    parts.sort_by_key(|(ms, _)| std::cmp::Reverse(*ms));
    let told: Vec<String> =
        parts.iter().filter(|(ms, _)| *ms >= 1_000).map(|(ms, what)| format!("{} {what}", tenths(*ms))).collect();
    (played.milliseconds >= 10_000 && !told.is_empty()).then(|| told.join(", "))
}

fn scenario(played: &Played, all: bool, out: &mut String) {
    out.push_str(&format!(
        "{}  {}  {}\n",
        bold(&played.scenario),
        verdict(played.verdict),
        dim(format!(
            "{} of {} sets of faults tried, {}, {}",
            played.tried,
            played.planned,
            count(played.runs, "run"),
            seconds(played)
        ))
    ));
    if let Some(went) = went(played) {
        out.push_str(&format!("  {}\n", dim(went)));
    }
    if let Some(why) = &played.because {
        out.push_str(&format!("  {} {why}\n", yellow("because:")));
    }
    let (fails, weak): (Vec<&Reported>, Vec<&Reported>) =
        played.findings.iter().partition(|r| r.found.finding.grade == Grade::Fails);
    let mut before = None;
    for reported in fails {
        finding(reported, before.replace(reported), out);
    }
    if !weak.is_empty() {
        out.push_str(&title("weak", "worth knowing; the verdict stands"));
        for reported in weak {
            if all {
                finding(reported, before.replace(reported), out);
            } else {
                let f = &reported.found.finding;
                out.push_str(&format!("  {}  {}\n", yellow(f.rule.name()), f.says));
            }
        }
    }
    if !played.criticality.is_empty() {
        out.push_str(&title("needed", "what becomes of the scenario when one thing is down"));
        let wide = widest(played.criticality.iter().map(|c| c.down.as_str()), 60);
        for critical in &played.criticality {
            let step = critical.step.as_ref().map_or_else(String::new, |s| format!("  {}", dim(s)));
            out.push_str(&format!("  {}  {}{step}\n", pad(&critical.down, wide), ending(critical)));
        }
    }
    hypotheses(played, out);
    if !played.not_reached.is_empty() {
        out.push_str(&title("not reached", "the time was over; `--budget` gives more"));
        for script in played.not_reached.iter().take(SHOWN) {
            out.push_str(&format!("  {script}\n"));
        }
        if played.not_reached.len() > SHOWN {
            out.push_str(&dim(format!("  and {} more\n", played.not_reached.len() - SHOWN)));
        }
    }
}

/// `before`: what was told just before it.
fn finding(reported: &Reported, before: Option<&Reported>, out: &mut String) {
    let found = &reported.found;
    let steady = match (found.finding.grade, found.steady()) {
        (Grade::Fails, true) => format!("{} of {} times", found.came, found.tried),
        (Grade::Fails, false) => yellow(format!("only {} of {} times", found.came, found.tried)),
        (Grade::Weak, _) => "seen".to_owned(),
    };
    out.push_str(&format!(
        "\n\x1b[1;31m{}\x1b[0m {}  {}\n",
        found.finding.rule.name(),
        bold(&found.finding.says),
        dim(steady)
    ));
    for fault in &found.script.faults {
        out.push_str(&format!("  {} {fault}\n", cyan("fault")));
    }
    if found.script.is_empty() {
        out.push_str(&format!("  {} without any\n", cyan("fault")));
    }
    let told = before.is_some_and(|b| b.found.script == found.script && b.found.story == found.story);
    for line in found.story.iter().filter(|_| !told) {
        out.push_str(&format!("  {} {line}\n", dim("│")));
    }
    if told && !found.story.is_empty() {
        out.push_str(&format!("  {} as it is told above\n", dim("│")));
    }
    for line in &found.finding.evidence {
        out.push_str(&format!("  {} {line}\n", dim("=")));
    }
    if !found.also.is_empty() {
        out.push_str(&dim(format!("  the same under {}\n", count(found.also.len(), "other fault"))));
    }
    if let Some(replay) = &reported.replay {
        out.push_str(&dim(format!("  again: seam verify --replay {replay}\n")));
    }
}

/// How `detect` did, rule by rule.
fn rules(answer: &Answer, out: &mut String) {
    if answer.rules.is_empty() {
        return;
    }
    out.push_str(&title(
        "rules",
        "what became of `detect`'s findings, in all scenarios; `seam learn from-verify` keeps it",
    ));
    let wide = widest(answer.rules.iter().map(|r| r.rule.as_str()), 40);
    for fates in &answer.rules {
        out.push_str(&format!("  {}  {}\n", pad(&fates.rule, wide), super::fates(fates)));
    }
}

fn hypotheses(played: &Played, out: &mut String) {
    if played.hypotheses.is_empty() {
        return;
    }
    out.push_str(&title("suspected", "what the model, `detect` and memory say, and what became of it here"));
    for hypothesis in &played.hypotheses {
        let fate = match hypothesis.fate {
            Fate::Confirmed => "\x1b[31mconfirmed\x1b[0m",
            Fate::Refuted => "\x1b[32mrefuted\x1b[0m",
            Fate::NotReached => "not reached",
        };
        out.push_str(&format!("  {}  {}\n", pad(fate, 11), hypothesis.finding));
    }
}
