//! What a change does to the system, for a terminal: what changed, who is touched, what to do, what proves it.

use crate::render::ink::{bold, count, cyan, dim, pad, short, title, widest, yellow};
use crate::render::memory::remembered;
use seam_engine::asks::plan::{Answer, Change, Counts, Line, Row, Touched};
use std::fmt::Write;

/// Lines of one service or change, rows of a list; all of them are in the JSON.
const LINES: usize = 6;
const ROWS: usize = 40;

pub fn text(answer: &Answer, all: bool) -> String {
    if !answer.candidates.is_empty() {
        return compared(answer);
    }
    let mut out = head(&answer.counts);
    if answer.edited.is_empty() {
        out.push_str("nothing differs\n");
        return out;
    }
    changes(answer, all, &mut out);
    services(answer, &mut out);
    steps(answer, &mut out);
    tests(answer, &mut out);
    owners(answer, &mut out);
    findings(answer, &mut out);
    if !answer.along.is_empty() {
        out.push_str(&title("used to change along", "as commits taught it; weak"));
        out.push_str(&remembered(&answer.along, "  "));
    }
    open(answer, &mut out);
    risk(answer, &mut out);
    out
}

fn head(counts: &Counts) -> String {
    let parts: Vec<String> = [
        (counts.breaking, "breaking"),
        (counts.warnings, "may break"),
        (counts.safe, "safe"),
        (counts.unresolved, "leave somebody behind"),
    ]
    .iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{n} {what}"))
    .collect();
    let files = count(counts.files, "file");
    let parts = if parts.is_empty() { "nothing that others see".to_owned() } else { parts.join(" · ") };
    format!("{}  {files} · {parts}\n", bold("plan"))
}

fn changes(answer: &Answer, all: bool, out: &mut String) {
    for (level, note) in [
        ("breaking", "breaks those who keep to the older version"),
        ("warning", "may change what others see"),
        ("safe", "changes nothing for others"),
    ] {
        let these: Vec<&Change> = answer.changes.iter().filter(|c| c.level == level).collect();
        if these.is_empty() {
            continue;
        }
        if level == "safe" && !all {
            let _ = writeln!(out, "\n{}", dim(format!("{} not shown: `--all`", count(these.len(), "safe change"))));
            continue;
        }
        out.push_str(&title(level, note));
        for change in these.iter().take(ROWS) {
            one(change, out);
        }
        more(these.len(), ROWS, out);
    }
}

fn one(change: &Change, out: &mut String) {
    let whose = change.direct.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    let rest = if change.direct.len() > 8 { format!(" and {} more", change.direct.len() - 8) } else { String::new() };
    let whose = if whose.is_empty() { String::new() } else { format!("{}: ", bold(format!("{whose}{rest}"))) };
    let _ = writeln!(out, "  {whose}{}", change.text);
    let mut words = vec![change.rule.clone()];
    if change.level != "safe" {
        words.push(change.grade.clone());
    }
    if change.certainty == "inferred" {
        words.push("inferred".to_owned());
    }
    if change.level == "breaking" && !change.unresolved {
        words.push("all sides move along".to_owned());
    }
    let _ = writeln!(out, "    {}", dim(words.join(" · ")));
    for (sign, line) in [("-", &change.base), ("+", &change.revision)] {
        if let Some(line) = line {
            let _ = writeln!(out, "    {sign} {}  {}", cyan(place(line)), short(&line.text, 90));
        }
    }
    out.push_str(&remembered(&change.remembered, "    "));
    for open in change.open.iter().take(3) {
        let _ = writeln!(out, "    {} {}", yellow("?"), dim(open));
    }
}

fn place(line: &Line) -> String {
    format!("{}:{}", line.path, line.line)
}

fn services(answer: &Answer, out: &mut String) {
    section("touched directly", &answer.direct, out);
    section("dependent", &answer.dependent, out);
    if !answer.beyond.is_empty() {
        out.push_str(&title("run into it", "their requests lead to one of these"));
        for further in answer.beyond.iter().take(ROWS) {
            let sign = if further.certainty == "inferred" { yellow("~") } else { " ".to_owned() };
            let _ = writeln!(out, " {sign}{}  {}", bold(&further.service), dim(further.through.join(" → ")));
        }
        more(answer.beyond.len(), ROWS, out);
    }
}

fn section(name: &str, all: &[Touched], out: &mut String) {
    if all.is_empty() {
        return;
    }
    out.push_str(&title(name, count(all.len(), "service")));
    for touched in all.iter().take(ROWS) {
        let sign = if touched.certainty == "inferred" { yellow("~") } else { " ".to_owned() };
        let words = format!("{} · {}", touched.level, touched.grade);
        let through =
            if touched.through.is_empty() { String::new() } else { format!(" · {}", touched.through.join(", ")) };
        let _ = writeln!(out, " {sign}{}  {}", bold(&touched.service), dim(short(&format!("{words}{through}"), 140)));
        for line in touched.lines.iter().take(LINES) {
            let _ = writeln!(out, "    {}  {}", cyan(place(line)), dim(short(&line.text, 80)));
        }
        if touched.lines.len() > LINES {
            let _ = writeln!(out, "    {}", dim(format!("and {} more", count(touched.lines.len() - LINES, "line"))));
        }
    }
    more(all.len(), ROWS, out);
}

fn more(all: usize, shown: usize, out: &mut String) {
    if all > shown {
        let _ = writeln!(out, "  {}", dim(format!("and {} more: `--json` has all", all - shown)));
    }
}

fn steps(answer: &Answer, out: &mut String) {
    if answer.steps.is_empty() {
        return;
    }
    out.push_str(&title("order", "each step can be deployed while the others have not been"));
    for (index, step) in answer.steps.iter().enumerate().take(ROWS) {
        let who = if step.services.len() > 6 {
            format!("{} and {} more", step.services[..6].join(", "), step.services.len() - 6)
        } else {
            step.services.join(", ")
        };
        let _ = writeln!(out, "  {}. {}: {}", index + 1, bold(who), step.what);
        let _ = writeln!(out, "     {}", dim(format!("proof: {} · undo: {}", step.proof, step.undo)));
    }
    more(answer.steps.len(), ROWS, out);
}

fn tests(answer: &Answer, out: &mut String) {
    let tests = &answer.tests;
    if tests.run.is_empty() && tests.without.is_empty() {
        return;
    }
    let note = format!("{} of {}, {} left out", tests.run.len(), count(tests.of, "file"), tests.left_out);
    out.push_str(&title("tests", note));
    let wide = widest(tests.run.iter().map(|t| t.path.as_str()), 70);
    for test in tests.run.iter().take(ROWS) {
        let _ = writeln!(out, "  {}  {}", cyan(pad(&test.path, wide)), dim(&test.because));
    }
    more(tests.run.len(), ROWS, out);
    if !tests.without.is_empty() {
        let _ = writeln!(out, "  {} {}", yellow("none is seen to reach it in"), short(&tests.without.join(", "), 120));
    }
}

fn owners(answer: &Answer, out: &mut String) {
    if answer.owners.is_empty() {
        return;
    }
    out.push_str(&title("ask", "as CODEOWNERS says"));
    for owner in answer.owners.iter().take(ROWS) {
        let _ = writeln!(out, "  {}  {}", bold(&owner.service), owner.owners.join(" "));
    }
}

fn findings(answer: &Answer, out: &mut String) {
    for (name, all, sign) in [("new findings", &answer.new_findings, "+"), ("cured", &answer.cured_findings, "-")] {
        if all.is_empty() {
            continue;
        }
        out.push_str(&title(name, count(all.len(), "finding")));
        for found in all.iter().take(12) {
            let at = cyan(format!("{}:{}", found.path, found.line));
            let _ =
                writeln!(out, "  {sign} {at}  {} {}", found.message, dim(format!("{} {}", found.severity, found.rule)));
        }
        more(all.len(), 12, out);
    }
}

/// What stays unknown, and what is left out.
fn open(answer: &Answer, out: &mut String) {
    if !answer.unknown.is_empty() {
        out.push_str(&title("unknown", "these lines say nothing that is understood"));
        for line in answer.unknown.iter().take(LINES) {
            let _ = writeln!(out, "  {}  {}", cyan(place(line)), dim(short(&line.text, 90)));
        }
        more(answer.unknown.len(), LINES, out);
    }
    let left: Vec<_> = answer.edited.iter().filter(|e| !e.left_out.is_empty()).collect();
    if !left.is_empty() {
        out.push_str(&title("left out", count(left.len(), "file")));
        for edited in left.iter().take(LINES) {
            let _ = writeln!(out, "  {}  {}", edited.path, dim(&edited.left_out));
        }
        more(left.len(), LINES, out);
    }
    let silent = answer.edited.iter().filter(|e| e.left_out.is_empty() && e.added + e.removed == 0).count();
    if silent > 0 {
        let _ = writeln!(out, "\n{}", dim(format!("{} only in comments, space or texts for a log", differ(silent))));
    }
}

fn differ(files: usize) -> String {
    if files == 1 { "1 file differs".to_owned() } else { format!("{files} files differ") }
}

fn risk(answer: &Answer, out: &mut String) {
    let risk = &answer.risk;
    out.push_str(&title("risk", format!("{} of 100, {}", risk.figure, risk.word)));
    for part in &risk.parts {
        let factor = format!("× {}.{}", part.factor / 10, part.factor % 10);
        let _ = writeln!(out, "  {} {factor}  {}", pad(&part.name, 8), dim(&part.because));
    }
}

/// What a row says of a candidate.
type Cell = fn(&Row) -> String;

/// Candidates side by side.
fn compared(answer: &Answer) -> String {
    let mut out = format!("{}  {}\n\n", bold("plan"), count(answer.candidates.len(), "candidate"));
    let rows = &answer.candidates;
    let wide = widest(rows.iter().map(|r| r.name.as_str()), 40).max(9);
    let list = |names: &[String]| if names.is_empty() { "–".to_owned() } else { names.join(", ") };
    let lines: [(&str, Cell); 10] = [
        ("left behind", |r| r.counts.unresolved.to_string()),
        ("breaking", |r| r.counts.breaking.to_string()),
        ("may break", |r| r.counts.warnings.to_string()),
        ("direct", |r| r.direct.len().to_string()),
        ("dependent", |r| r.dependent.len().to_string()),
        ("beyond", |r| r.beyond.len().to_string()),
        ("new findings", |r| r.new_findings.to_string()),
        ("cured", |r| r.cured_findings.to_string()),
        ("tests, steps", |r| format!("{}, {}", r.tests, r.steps)),
        ("risk", |r| format!("{} {}", r.risk, r.word)),
    ];
    let names: Vec<String> = rows.iter().map(|r| bold(pad(&short(&r.name, wide), wide))).collect();
    let _ = writeln!(out, "  {}  {}", pad("", 12), names.join("  "));
    for (name, value) in &lines {
        let cells: Vec<String> = rows.iter().map(|r| pad(&value(r), wide)).collect();
        let _ = writeln!(out, "  {}  {}", dim(pad(name, 12)), cells.join("  ").trim_end());
    }
    for row in rows {
        let _ = writeln!(out, "\n  {}", bold(&row.name));
        let _ = writeln!(
            out,
            "    direct {}; dependent {}; beyond {}",
            list(&row.direct),
            list(&row.dependent),
            list(&row.beyond)
        );
        if !row.worse_than.is_empty() {
            let _ = writeln!(out, "    {}", dim(format!("in nothing better than {}", row.worse_than.join(", "))));
        }
    }
    let _ = writeln!(out, "\n{}", answer.verdict);
    out
}
