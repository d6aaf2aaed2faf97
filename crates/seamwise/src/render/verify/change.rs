//! The proofs of a change beside its exploration, for a terminal: what the files say, which tests ran, what is new against the base.

use super::ended;
use crate::render::ink::{bold, count, cyan, dim, pad, title, widest, yellow};
use seam_engine::asks::verify::{Answer, Gate, State, Tests, Tried};
use seam_verify::against::{Against, Differing};
use seam_verify::trial::End;

/// Rows of a list; all of them are in the JSON.
const ROWS: usize = 12;
/// Lines of a failing command's output.
const LINES: usize = 25;

pub fn state(state: State) -> String {
    let colour = match state {
        State::Passed => "32",
        State::NotDone => "2",
        State::Inconclusive => "33",
        State::Failed => "31",
    };
    format!("\x1b[{colour}m{}\x1b[0m", state.word())
}

/// One line for each proof, and the reasons.
pub fn proofs(answer: &Answer, out: &mut String) {
    let against = answer.base.as_ref().map_or_else(String::new, |b| format!("  against {b}"));
    out.push_str(&format!("{}{against}\n", bold("verify")));
    for proof in answer.proofs.iter().filter(|p| p.is_asked()) {
        let mut because = proof.because.iter();
        let first = because.next().map_or("", String::as_str);
        out.push_str(&format!("  {}  {}  {first}\n", pad(proof.kind.word(), 11), pad(&state(proof.state), 12)));
        for line in because.by_ref().take(ROWS) {
            out.push_str(&format!("{:29}{line}\n", ""));
        }
        more(proof.because.len(), ROWS + 1, out);
    }
}

fn more(all: usize, shown: usize, out: &mut String) {
    if all > shown {
        out.push_str(&dim(format!("  and {} more: `--json`\n", all - shown)));
    }
}

pub fn gate(gate: &Gate, out: &mut String) {
    if !gate.new_findings.is_empty() {
        out.push_str(&title("new findings", "`seam detect --since` shows the code of every side"));
        for f in gate.new_findings.iter().take(ROWS) {
            out.push_str(&format!(
                "  {} {}  {}\n",
                yellow(&f.severity),
                f.message,
                cyan(format!("{}:{}", f.path, f.line))
            ));
        }
        more(gate.new_findings.len(), ROWS, out);
    }
    if !gate.changes.is_empty() {
        out.push_str(&title("contracts and behaviour", "what changes for others; `seam plan` tells all"));
        for change in gate.changes.iter().take(ROWS) {
            let left = if change.unresolved { "  leaves somebody behind" } else { "" };
            let words = dim(format!("{} {} {}", change.level, change.grade, change.rule));
            out.push_str(&format!("  {}  {words}{}\n", change.text, yellow(left)));
        }
        more(gate.changes.len(), ROWS, out);
    }
    if !gate.pairs.is_empty() {
        out.push_str(&title("pairs", "who exchanges something with what changes"));
        for pair in gate.pairs.iter().take(ROWS) {
            let word = match pair.state.as_str() {
                "breaks" => "\x1b[31mbreaks\x1b[0m",
                "together" => "\x1b[33mboth change: old and new do not fit\x1b[0m",
                "may-break" => "may break",
                _ => "both change",
            };
            let at = pair.lines.first().map_or_else(String::new, |l| cyan(format!("{}:{}", l.path, l.line)));
            out.push_str(&format!("  {} ↔ {}  {word}  {}  {at}\n", pair.changed, pair.other, pair.why));
        }
        more(gate.pairs.len(), ROWS, out);
    }
    if gate.pairs.iter().any(|p| p.state != "fits") && !gate.steps.is_empty() {
        out.push_str(&title("order", "in which it can be deployed while both versions run"));
        for (at, step) in gate.steps.iter().take(ROWS).enumerate() {
            out.push_str(&format!("  {}. {}: {}\n", at + 1, step.services.join(", "), step.what));
        }
        more(gate.steps.len(), ROWS, out);
    }
}

pub fn tests(tests: &Tests, out: &mut String) {
    if tests.run.is_empty() && tests.without.is_empty() {
        return;
    }
    let note = if tests.of > 0 {
        format!("{} of {} left out", tests.left_out, count(tests.of, "file"))
    } else {
        String::new()
    };
    out.push_str(&title("tests", note));
    for tried in &tests.run {
        command(tried, out);
    }
    for none in tests.without.iter().take(ROWS) {
        let word = if none.direct { yellow("none") } else { dim("none") };
        out.push_str(&format!("  {word} {}: {}\n", none.service, none.because));
    }
    more(tests.without.len(), ROWS, out);
}

fn command(tried: &Tried, out: &mut String) {
    let trial = &tried.trial;
    let folder = if trial.folder.is_empty() { String::new() } else { format!(" in {}", trial.folder) };
    let word = match &tried.outcome {
        None => dim("would run"),
        Some(outcome) => match &outcome.end {
            End::Passed => "\x1b[32mpassed\x1b[0m".to_owned(),
            End::Failed => "\x1b[31mfailed\x1b[0m".to_owned(),
            End::Flaky => yellow("flaky"),
            End::Open(_) => yellow("open"),
        },
    };
    let took = tried.outcome.as_ref().map_or_else(String::new, |o| dim(ended(o)));
    out.push_str(&format!("  {word}  {}{folder}  {took}\n", bold(&trial.command)));
    let which = if trial.narrowed { "" } else { "  (all tests of the folder)" };
    out.push_str(&dim(format!("    for {}{which}\n", trial.services.join(", "))));
    for wanted in trial.files.iter().take(ROWS) {
        out.push_str(&dim(format!("    {}: {}\n", wanted.path, wanted.because)));
    }
    more(trial.files.len(), ROWS, out);
    if let Some(outcome) = tried.outcome.as_ref().filter(|o| o.end != End::Passed) {
        if let End::Open(why) = &outcome.end {
            out.push_str(&format!("    {} {why}\n", yellow("because:")));
        }
        let lines: Vec<&str> = outcome.output.lines().collect();
        for line in &lines[lines.len().saturating_sub(LINES)..] {
            out.push_str(&format!("    {} {line}\n", dim("│")));
        }
    }
}

pub fn against(base: &str, against: &Against, out: &mut String) {
    let note = format!("{} of the base", count(against.runs, "run"));
    out.push_str(&title(&format!("compared with {base}"), note));
    let mut list = |word: &str, all: &[Differing]| {
        for one in all.iter().take(ROWS) {
            let before = if one.said.is_empty() { String::new() } else { dim(format!("  before: {}", one.said)) };
            let open = if one.open.is_empty() { String::new() } else { yellow(format!("  {}", one.open)) };
            out.push_str(&format!("  {word}  {}: {}{before}{open}\n", one.scenario, one.says));
        }
        more(all.len(), ROWS, out);
    };
    list("\x1b[31mnew\x1b[0m", &against.new);
    list("\x1b[32mgone\x1b[0m", &against.gone);
    list(&yellow("different"), &against.different);
    list(&dim("as before"), &against.as_before);
    if against.new.len() + against.gone.len() + against.different.len() + against.as_before.len() == 0 {
        out.push_str("  no finding before, and none after\n");
    }
    let differ: Vec<_> = against.criticality.iter().filter(|n| n.before != n.after).collect();
    if !differ.is_empty() {
        out.push_str(&title(
            "needed, before and after",
            "what becomes of a scenario when one thing is down, where that differs",
        ));
        let wide = widest(differ.iter().map(|n| n.down.as_str()), 60);
        for needed in differ {
            let (before, after) = (super::how(needed.before), super::how(needed.after));
            let worse = if needed.worse { yellow("  was not needed before") } else { String::new() };
            out.push_str(&format!(
                "  {}  {before} → {after}  {}{worse}\n",
                pad(&needed.down, wide),
                dim(&needed.scenario)
            ));
        }
    } else if !against.criticality.is_empty() {
        out.push_str(&dim("  what is needed is as before\n"));
    }
}
