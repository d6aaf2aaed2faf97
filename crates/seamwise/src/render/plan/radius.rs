//! What a change does to the system as one page that stands by itself: who is touched, drawn; each change with its lines; what to
//! do in which order; what proves it.

use crate::render::drawing::{Arrow, Cell, Drawing};
use crate::render::page::{self, rich};
use crate::render::svg::{drawn, escaped};
use seam_engine::asks::plan::{Answer, Change, Line, Touched};
use seam_engine::layout::{Shape, layout, width};
use std::collections::BTreeMap;
use std::fmt::Write;

const STYLE: &str = "
pre{margin:.2rem 0;padding:.3rem .6rem;overflow-x:auto;background:var(--mark);border-radius:4px;font:13px/1.45 ui-monospace,Consolas,monospace}
table{border-collapse:collapse;font-size:14px}td,th{padding:.25rem 1rem .25rem 0;text-align:left;vertical-align:top}
.tag{font-size:12px;border:1px solid var(--rule);border-radius:10px;padding:0 .5rem;margin-left:.3rem}
ol.steps>li{margin:.5rem 0}
";

/// Services further up than this are told by name only.
const DRAWN: usize = 60;

pub fn html(answer: &Answer) -> String {
    if !answer.candidates.is_empty() {
        return candidates(answer);
    }
    let c = &answer.counts;
    let mut out = page::begin("What this change touches", STYLE);
    let behind = if c.unresolved > 0 {
        format!("<b class=\"bad\">{} of them leave somebody behind</b>", c.unresolved)
    } else {
        "nobody is left behind, as far as it is understood".to_owned()
    };
    let _ = writeln!(
        out,
        "<p>{} breaking ({behind}), {} may break, {} safe; files that differ: {}. Risk {} of 100 ({}).</p>",
        c.breaking,
        c.warnings,
        c.safe,
        c.files,
        answer.risk.figure,
        escaped(&answer.risk.word)
    );
    radius(answer, &mut out);
    changes(answer, &mut out);
    touched("Touched directly", &answer.direct, &mut out);
    touched("Dependent", &answer.dependent, &mut out);
    steps(answer, &mut out);
    tests(answer, &mut out);
    for (title, found) in [("New findings", &answer.new_findings), ("Cured findings", &answer.cured_findings)] {
        let line = |f: &seam_engine::asks::plan::Found| {
            format!(
                "{} <code>{}:{}</code> <span class=\"soft\">{}</span>",
                rich(&f.message),
                escaped(&f.path),
                f.line,
                escaped(&f.rule)
            )
        };
        list(title, found.iter().map(line), &mut out);
    }
    let part = |p: &seam_engine::asks::plan::RiskPart| {
        format!("{} × {}.{}: {}", escaped(&p.name), p.factor / 10, p.factor % 10, rich(&p.because))
    };
    list("What the risk is made of", answer.risk.parts.iter().map(part), &mut out);
    let owner =
        |o: &seam_engine::asks::plan::Owner| format!("{}: {}", escaped(&o.service), escaped(&o.owners.join(", ")));
    list("Whom to ask", answer.owners.iter().map(owner), &mut out);
    list("Lines that are not understood", answer.unknown.iter().map(place), &mut out);
    out.push_str("</html>\n");
    out
}

/// Who is touched: what changes red, who depends on it yellow, who runs into these plain.
fn radius(answer: &Answer, out: &mut String) {
    let mut cells: Vec<Cell> = Vec::new();
    let mut index: BTreeMap<String, usize> = BTreeMap::new();
    let mut put = |name: &str, note: &str, health: &'static str| {
        if !index.contains_key(name) && cells.len() < DRAWN {
            index.insert(name.to_owned(), cells.len());
            let (name, note) = (name.to_owned(), note.to_owned());
            cells.push(Cell { name, kind: "service".into(), note, members: Vec::new(), health });
        }
    };
    answer.direct.iter().for_each(|t| put(&t.service, "changes", "error"));
    answer.dependent.iter().for_each(|t| put(&t.service, "depends on it", "warning"));
    answer.beyond.iter().for_each(|f| put(&f.service, "further up", ""));
    if cells.is_empty() {
        return;
    }
    let mut arrows: BTreeMap<(usize, usize), Arrow> = BTreeMap::new();
    let mut draw = |from: &str, to: &str, kind: &str, dashed: bool, key: &str, health: &'static str| {
        let (Some(from), Some(to)) = (index.get(from), index.get(to)) else { return };
        if from == to {
            return;
        }
        let fresh = || Arrow { from: *from, to: *to, kinds: Vec::new(), dashed, keys: Vec::new(), health };
        let arrow = arrows.entry((*from, *to)).or_insert_with(fresh);
        arrow.dashed &= dashed;
        if !kind.is_empty() && !arrow.kinds.iter().any(|k| k == kind) {
            arrow.kinds.push(kind.to_owned());
        }
        if !key.is_empty() {
            arrow.keys.push(key.to_owned());
        }
    };
    for change in answer.changes.iter().filter(|c| c.level != "safe") {
        for tie in &change.dependent {
            let dashed = tie.certainty == "inferred";
            for end in &change.direct {
                let key = tie.through.iter().find(|k| ends(k).is_some_and(|(_, _, to)| to == *end));
                let kind = key.and_then(|k| ends(k)).map_or("", |(_, kind, _)| kind);
                draw(&tie.service, end, kind, dashed, key.map_or("", |k| k), "warning");
            }
        }
    }
    for further in &answer.beyond {
        for (from, kind, to) in further.through.iter().filter_map(|k| ends(k)) {
            draw(from, to, kind, further.certainty == "inferred", "", "");
        }
    }
    let widths: Vec<f64> = cells.iter().map(|c| width(&[&c.name, &c.note])).collect();
    let arrows: Vec<Arrow> = arrows.into_values().collect();
    let lines = arrows.iter().map(|a| (a.from, a.to)).collect();
    let shape = Shape { widths: widths.clone(), heights: Vec::new(), lines };
    let drawing = Drawing { cells, arrows, frames: Vec::new(), layout: layout(&shape), widths };
    out.push_str("<h2>Who is touched</h2>\n<p class=\"soft\">What changes is red, who depends on it yellow; arrows lead from who asks to who is asked, dashed where it is inferred.</p>\n<div class=\"scroll\">");
    out.push_str(&drawn(&drawing, "radius", false));
    out.push_str("</div>\n");
    let missing = (answer.direct.len() + answer.dependent.len() + answer.beyond.len()).saturating_sub(DRAWN);
    if missing > 0 {
        let _ = writeln!(out, "<p class=\"soft\">{missing} more services are not drawn.</p>");
    }
}

/// `edge/FROM/KIND/TO`.
fn ends(key: &str) -> Option<(&str, &str, &str)> {
    let mut parts = key.strip_prefix("edge/")?.splitn(3, '/');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

fn changes(answer: &Answer, out: &mut String) {
    let (serious, safe): (Vec<&Change>, Vec<&Change>) = answer.changes.iter().partition(|c| c.level != "safe");
    out.push_str("<h2>What changes</h2>\n");
    if serious.is_empty() {
        out.push_str("<p>Nothing that others see is different, as far as it is understood.</p>\n");
    }
    for change in serious {
        let class = if change.level == "breaking" { "bad" } else { "warn" };
        let _ = writeln!(
            out,
            "<article><h3>{} <span class=\"tag {class}\">{} · {}</span> <span class=\"tag soft\">{}</span></h3>",
            rich(&change.text),
            escaped(&change.level),
            escaped(&change.grade),
            escaped(&change.rule)
        );
        let _ = writeln!(
            out,
            "<p class=\"soft\">of {}; {}{}</p>",
            escaped(&change.direct.join(", ")),
            escaped(&change.certainty),
            if change.unresolved { "; <b class=\"bad\">somebody is left behind</b>" } else { "" }
        );
        for line in [&change.base, &change.revision].into_iter().flatten() {
            out.push_str(&quoted(line));
        }
        if !change.dependent.is_empty() {
            out.push_str("<ul>\n");
            for tie in &change.dependent {
                let moved = if tie.moved { " <span class=\"soft\">moves along</span>" } else { "" };
                let _ = writeln!(out, "<li><b>{}</b> {}{moved}", escaped(&tie.service), rich(&tie.why));
                tie.lines.iter().take(12).for_each(|l| out.push_str(&quoted(l)));
                out.push_str("</li>\n");
            }
            out.push_str("</ul>\n");
        }
        for open in &change.open {
            let _ = writeln!(out, "<p class=\"soft\">not known: {}</p>", rich(open));
        }
        out.push_str("</article>\n");
    }
    if !safe.is_empty() {
        let _ = writeln!(out, "<details><summary>{} safe</summary><ul>", safe.len());
        for change in safe {
            let _ =
                writeln!(out, "<li>{} <span class=\"soft\">{}</span></li>", rich(&change.text), escaped(&change.rule));
        }
        out.push_str("</ul></details>\n");
    }
}

fn quoted(line: &Line) -> String {
    format!(
        "<pre><span class=\"soft\">{}:{}</span>  {}</pre>\n",
        escaped(&line.path),
        line.line,
        escaped(line.text.trim())
    )
}

fn place(line: &Line) -> String {
    format!(
        "<code>{}:{}</code> <code class=\"soft\">{}</code>",
        escaped(&line.path),
        line.line,
        escaped(line.text.trim())
    )
}

fn touched(title: &str, all: &[Touched], out: &mut String) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "<h2>{title}</h2>\n<table><tr><th>service</th><th>breaks</th><th>how sure</th><th>lines</th></tr>"
    );
    for one in all {
        let mut files: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for line in &one.lines {
            files.entry(&line.path).or_default().push(line.line.to_string());
        }
        let lines: Vec<String> =
            files.iter().map(|(path, lines)| format!("<code>{}: {}</code>", escaped(path), lines.join(", "))).collect();
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&one.service),
            escaped(&one.grade),
            if one.level == "breaking" { "" } else { " (may)" },
            escaped(&one.certainty),
            lines.join("<br>")
        );
    }
    out.push_str("</table>\n");
}

fn steps(answer: &Answer, out: &mut String) {
    if answer.steps.is_empty() {
        return;
    }
    out.push_str("<h2>In which order</h2>\n<ol class=\"steps\">\n");
    for step in &answer.steps {
        let _ = writeln!(
            out,
            "<li><b>{}</b>: {}<br><span class=\"soft\">proof: {}<br>undo: {}</span></li>",
            escaped(&step.services.join(", ")),
            rich(&step.what),
            rich(&step.proof),
            rich(&step.undo)
        );
    }
    out.push_str("</ol>\n");
}

fn tests(answer: &Answer, out: &mut String) {
    let tests = &answer.tests;
    let line = |t: &seam_engine::asks::plan::Test| {
        format!("<code>{}</code> <span class=\"soft\">{}</span>", escaped(&t.path), rich(&t.because))
    };
    list(&format!("Tests to run: {} of {}", tests.run.len(), tests.of), tests.run.iter().map(line), out);
    if !tests.without.is_empty() {
        let _ = writeln!(
            out,
            "<p class=\"soft\">No test is seen to reach the change in {}.</p>",
            escaped(&tests.without.join(", "))
        );
    }
}

fn list(title: &str, items: impl Iterator<Item = String>, out: &mut String) {
    let items: Vec<String> = items.map(|i| format!("<li>{i}</li>\n")).collect();
    if !items.is_empty() {
        let _ = writeln!(out, "<h2>{}</h2>\n<ul>\n{}</ul>", escaped(title), items.concat());
    }
}

fn candidates(answer: &Answer) -> String {
    let mut out = page::begin("Candidates side by side", STYLE);
    out.push_str("<table><tr><th></th><th>left behind</th><th>breaking</th><th>may break</th><th>direct</th><th>dependent</th><th>further up</th><th>new findings</th><th>cured</th><th>tests</th><th>steps</th><th>risk</th></tr>\n");
    for row in &answer.candidates {
        let c = &row.counts;
        let _ = writeln!(
            out,
            "<tr><td><b>{}</b></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{} ({})</td></tr>",
            escaped(&row.name),
            c.unresolved,
            c.breaking,
            c.warnings,
            escaped(&row.direct.join(", ")),
            escaped(&row.dependent.join(", ")),
            escaped(&row.beyond.join(", ")),
            row.new_findings,
            row.cured_findings,
            row.tests,
            row.steps,
            row.risk,
            escaped(&row.word)
        );
    }
    let _ = writeln!(out, "</table>\n<p>{}</p>\n</html>", rich(&answer.verdict));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use seam_engine::asks::plan::{Further, Tie};

    #[test]
    fn a_page_draws_who_is_touched_and_takes_no_markup_from_files() {
        let tie = Tie {
            service: "shop".into(),
            why: "calls `GET /<b>`".into(),
            through: vec!["edge/shop/http/stock".into()],
            ..Tie::default()
        };
        let change = Change {
            level: "breaking".into(),
            text: "route `GET /<script>` is gone".into(),
            direct: vec!["stock".into()],
            dependent: vec![tie],
            ..Change::default()
        };
        let touched = |name: &str| Touched { service: name.into(), ..Touched::default() };
        let beyond =
            Further { service: "web".into(), through: vec!["edge/web/http/shop".into()], ..Further::default() };
        let answer = Answer {
            changes: vec![change],
            direct: vec![touched("stock")],
            dependent: vec![touched("shop")],
            beyond: vec![beyond],
            ..Answer::default()
        };
        let page = html(&answer);
        for name in ["stock", "shop", "web", "<code>GET /&lt;script&gt;</code>"] {
            assert!(page.contains(name), "{name}");
        }
        assert!(!page.contains("<script") && !page.contains("<b>`"));
    }
}
