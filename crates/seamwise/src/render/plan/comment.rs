//! What a change does to the system, as a comment on a pull request and as a drawing. Nothing that files say becomes markup.

use seam_engine::asks::plan::{Answer, Line, Touched};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Rows of a table.
const ROWS: usize = 30;

pub fn markdown(answer: &Answer) -> String {
    if !answer.candidates.is_empty() {
        return candidates(answer);
    }
    let c = &answer.counts;
    let mut out = format!(
        "### Plan: {} breaking ({} leave somebody behind), {} may break, {} safe\n\n",
        c.breaking, c.unresolved, c.warnings, c.safe
    );
    let shown: Vec<_> = answer.changes.iter().filter(|c| c.level != "safe").collect();
    if shown.is_empty() {
        out.push_str("Nothing that others see is different, as far as it is understood.\n");
    } else {
        out.push_str("| what changes | whose | breaks | where |\n|---|---|---|---|\n");
        for change in shown.iter().take(ROWS) {
            let at = change.revision.as_ref().or(change.base.as_ref()).map(place).unwrap_or_default();
            let may = if change.level == "breaking" { "" } else { " (may)" };
            let whose = names(&change.direct);
            let _ = writeln!(
                out,
                "| {} (`{}`) | {whose} | {}{may} | {at} |",
                cell(&change.text),
                change.rule,
                change.grade
            );
        }
        rest(shown.len(), &mut out);
    }
    touched("Touched directly", &answer.direct, &mut out);
    touched("Dependent", &answer.dependent, &mut out);
    if !answer.beyond.is_empty() {
        let all: Vec<String> = answer.beyond.iter().map(|f| f.service.clone()).collect();
        let _ = writeln!(out, "\nRequests of {} lead to one of these.", names(&all));
    }
    if !answer.steps.is_empty() {
        out.push_str("\n**Order**\n\n");
        for (index, step) in answer.steps.iter().enumerate().take(ROWS) {
            let _ = writeln!(
                out,
                "{}. {}: {}  \n   <sub>proof: {}; undo: {}</sub>",
                index + 1,
                names(&step.services),
                cell(&step.what),
                cell(&step.proof),
                cell(&step.undo)
            );
        }
    }
    let tests = &answer.tests;
    if !tests.run.is_empty() {
        let _ = writeln!(out, "\n<details><summary>Tests to run: {} of {}</summary>\n", tests.run.len(), tests.of);
        for test in tests.run.iter().take(ROWS) {
            let _ = writeln!(out, "- `{}`: {}", code(&test.path), cell(&test.because));
        }
        rest(tests.run.len(), &mut out);
        out.push_str("\n</details>\n");
    }
    for (name, all) in [("New findings", &answer.new_findings), ("Cured", &answer.cured_findings)] {
        if !all.is_empty() {
            let _ = writeln!(out, "\n**{name}**\n");
            for found in all.iter().take(ROWS) {
                let _ = writeln!(
                    out,
                    "- `{}:{}` {} (`{}`)",
                    code(&found.path),
                    found.line,
                    cell(&found.message),
                    found.rule
                );
            }
        }
    }
    if !answer.owners.is_empty() {
        let all: Vec<String> = answer
            .owners
            .iter()
            .flat_map(|o| o.owners.iter().cloned())
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        let _ =
            writeln!(out, "\nTo ask: {}", all.iter().map(|o| format!("`{}`", code(o))).collect::<Vec<_>>().join(", "));
    }
    let _ = writeln!(out, "\nRisk {} of 100 ({}):", answer.risk.figure, answer.risk.word);
    for part in &answer.risk.parts {
        let _ = writeln!(out, "- {} × {}.{}: {}", part.name, part.factor / 10, part.factor % 10, cell(&part.because));
    }
    if !answer.unknown.is_empty() {
        let places: Vec<String> = answer.unknown.iter().take(8).map(place).collect();
        let _ = writeln!(out, "\nNot understood: {}", places.join(", "));
    }
    out
}

fn touched(title: &str, all: &[Touched], out: &mut String) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n| {} | how sure | lines |\n|---|---|---|", title.to_lowercase());
    for one in all.iter().take(ROWS) {
        let mut files: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for line in &one.lines {
            files.entry(&line.path).or_default().push(line.line.to_string());
        }
        let lines: Vec<String> =
            files.iter().map(|(path, lines)| format!("`{}`: {}", code(path), lines.join(", "))).collect();
        let _ = writeln!(out, "| {} | {} | {} |", code(&one.service), one.certainty, lines.join("<br>"));
    }
    rest(all.len(), out);
}

fn candidates(answer: &Answer) -> String {
    let mut out = String::from(
        "### Candidates\n\n| | left behind | breaking | may break | direct | dependent | beyond | new findings | cured | tests | risk |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in &answer.candidates {
        let c = &row.counts;
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} ({}) |",
            code(&row.name),
            c.unresolved,
            c.breaking,
            c.warnings,
            names(&row.direct),
            names(&row.dependent),
            names(&row.beyond),
            row.new_findings,
            row.cured_findings,
            row.tests,
            row.risk,
            row.word
        );
    }
    let _ = writeln!(out, "\n{}", cell(&answer.verdict));
    out
}

fn rest(all: usize, out: &mut String) {
    if all > ROWS {
        let _ = writeln!(out, "\nand {} more", all - ROWS);
    }
}

fn names(all: &[String]) -> String {
    if all.is_empty() {
        return "–".to_owned();
    }
    let shown: Vec<String> = all.iter().take(8).map(|n| code(n)).collect();
    let more = if all.len() > 8 { format!(" and {} more", all.len() - 8) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

fn place(line: &Line) -> String {
    format!("`{}:{}`", code(&line.path), line.line)
}

/// Names between quotes stay so; nothing else is markup.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;").replace('*', "\\*")
}

fn code(text: &str) -> String {
    text.replace(['`', '\n', '\r'], "'").replace('|', "\\|").replace('<', "&lt;")
}

/// Changes, the services that they touch, and who runs into these.
pub fn mermaid(answer: &Answer) -> String {
    let mut out = String::from("flowchart LR\n");
    let id = |name: &str| name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect::<String>();
    let label = |text: &str| text.replace(['"', '`', '\n'], "'").replace(['<', '>', '{', '}', '|', '#', ';'], " ");
    for (index, change) in answer.changes.iter().filter(|c| c.level != "safe").enumerate().take(ROWS) {
        let _ = writeln!(out, "  c{index}{{{{\"{}\"}}}}", label(&change.text.chars().take(80).collect::<String>()));
        for service in &change.direct {
            let _ = writeln!(out, "  c{index} ==> s_{}[\"{}\"]", id(service), label(service));
        }
        for tie in &change.dependent {
            let line = if tie.certainty == "inferred" { "-. \"" } else { "-- \"" };
            let end = if tie.certainty == "inferred" { "\" .->" } else { "\" -->" };
            let _ = writeln!(
                out,
                "  c{index} {line}{}{end} s_{}[\"{}\"]",
                label(&tie.why),
                id(&tie.service),
                label(&tie.service)
            );
        }
    }
    for further in &answer.beyond {
        let next = further.through.first().and_then(|key| key.split('/').next_back()).unwrap_or_default();
        let _ = writeln!(out, "  s_{}[\"{}\"] -.-> s_{}", id(&further.service), label(&further.service), id(next));
    }
    out
}
