//! What a change touches, for a terminal, a review and as a picture.

use super::ink::{bold, count, cyan, dim, title, yellow};
use seam_engine::asks::impact::{Answer, Line, Touched};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Lines of one service that are shown in a terminal.
const SHOWN: usize = 12;

pub fn text(answer: &Answer) -> String {
    let lines: usize = answer.direct.iter().map(|t| t.lines.len()).sum();
    let mut out = format!("{} {} {}\n", answer.change, answer.kind, bold(&answer.element));
    for place in &answer.declared {
        let _ = writeln!(out, "  {}", dim(format!("{}:{}", place.path, place.line)));
    }
    if answer.direct.is_empty() {
        out.push_str("no code names it, as far as its types and names can be followed\n");
        return out;
    }
    let verdicts = &answer.verdicts;
    let _ = writeln!(
        out,
        "wire {}, json {}, source {}",
        mark(&verdicts.wire),
        mark(&verdicts.json),
        mark(&verdicts.source)
    );
    for because in &verdicts.because {
        let _ = writeln!(out, "  {}", dim(because));
    }
    let note = format!("{} on {}", count(answer.direct.len(), "service"), count(lines, "line"));
    out.push_str(&title("touched directly", note));
    for touched in &answer.direct {
        let coupling = match touched.coupling.as_str() {
            "json" => yellow("json only"),
            "generated" => "generated code".to_owned(),
            other => other.to_owned(),
        };
        let _ =
            writeln!(out, "  {}  {}  {}", bold(&touched.service), coupling, dim(count(touched.lines.len(), "line")));
        for (index, line) in touched.lines.iter().enumerate() {
            if index == SHOWN {
                let _ = writeln!(
                    out,
                    "      {}",
                    dim(format!("and {} more: `--json` has all", touched.lines.len() - SHOWN))
                );
                break;
            }
            let sign = if line.certainty == "likely" { yellow("~") } else { " ".to_owned() };
            let place = cyan(format!("{}:{}", line.path, line.line));
            let _ = writeln!(out, "    {sign} {place}  {}  {}", line.what, dim(super::ink::short(&line.text, 80)));
        }
    }
    if !answer.dependent.is_empty() {
        out.push_str(&title("dependent", count(answer.dependent.len(), "service")));
        for dependent in &answer.dependent {
            let _ = writeln!(out, "  {}  {}", bold(&dependent.service), dim(dependent.through.join(" → ")));
        }
    }
    if !answer.regenerate.is_empty() {
        out.push_str(&title("generate again only", count(answer.regenerate.len(), "service")));
        let _ = writeln!(out, "  {}", answer.regenerate.join(", "));
    }
    if !answer.order.is_empty() {
        out.push_str(&title("order", count(answer.order.len(), "step")));
        for (index, step) in answer.order.iter().enumerate() {
            let _ = writeln!(out, "  {}. {}: {}", index + 1, bold(step.services.join(", ")), step.what);
            let _ = writeln!(out, "     {}", dim(format!("undo: {}", step.undo)));
        }
    }
    if !answer.tests.is_empty() {
        out.push_str(&title("tests", count(answer.tests.len(), "file")));
        for test in &answer.tests {
            let _ = writeln!(out, "  {}  {}", cyan(&test.path), dim(&test.because));
        }
    }
    out
}

fn mark(verdict: &str) -> String {
    if verdict == "breaks" { yellow(verdict) } else { verdict.to_owned() }
}

/// Every line that names it; an error where the change breaks something.
pub fn sarif(answer: &Answer) -> String {
    let verdicts = &answer.verdicts;
    let breaks = [&verdicts.wire, &verdicts.json, &verdicts.source].iter().any(|v| *v == "breaks");
    let id = format!("{}-{}", answer.kind.replace(' ', "-"), answer.change);
    let rules = [json!({ "id": id, "name": id, "properties": { "tags": ["change"] } })];
    let lines = answer.direct.iter().flat_map(|t| t.lines.iter().map(move |l| (t, l)));
    let result = |(touched, line): (&Touched, &Line)| {
        let text = format!(
            "`{}` {} `{}`: {} of the {}",
            touched.service, line.what, answer.element, answer.change, answer.kind
        );
        let declared = answer.declared.iter().find(|d| (&d.path, d.line) != (&line.path, line.line));
        json!({
            "ruleId": id,
            "ruleIndex": 0,
            "level": if breaks { "error" } else { "warning" },
            "message": { "text": text },
            "locations": [super::sarif::location(&line.path, line.line, None)],
            "relatedLocations": declared.map(|d| super::sarif::location(&d.path, d.line, None)).into_iter().collect::<Vec<_>>(),
            "partialFingerprints": { "seamKey/v1": format!("impact/{}/{}/{}", answer.element, touched.service, line.text) },
            "properties": { "service": touched.service, "certainty": line.certainty },
        })
    };
    let results: Vec<Value> = lines.map(result).collect();
    super::sarif::log(&rules, &results)
}

pub fn markdown(answer: &Answer) -> String {
    let verdicts = &answer.verdicts;
    let mut out = format!("### {} of {} `{}`\n\n", answer.change, answer.kind, plain(&answer.element));
    let _ =
        writeln!(out, "wire: **{}**, JSON: **{}**, source: **{}**\n", verdicts.wire, verdicts.json, verdicts.source);
    out.push_str("| service | coupling | lines |\n|---|---|---|\n");
    for touched in &answer.direct {
        let _ = writeln!(out, "| {} | {} | {} |", plain(&touched.service), touched.coupling, places(touched));
    }
    if !answer.dependent.is_empty() {
        let names: Vec<String> = answer.dependent.iter().map(|d| plain(&d.service)).collect();
        let _ = writeln!(out, "\nDependent: {}", names.join(", "));
    }
    if !answer.order.is_empty() {
        out.push('\n');
    }
    for (index, step) in answer.order.iter().enumerate() {
        let _ = writeln!(out, "{}. {}: {}", index + 1, plain(&step.services.join(", ")), step.what);
    }
    out
}

fn places(touched: &Touched) -> String {
    let mut by_file: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in &touched.lines {
        by_file.entry(&line.path).or_default().push(line);
    }
    let file = |(path, lines): (&str, Vec<&Line>)| {
        let lines: Vec<String> = lines.iter().map(|l| l.line.to_string()).collect();
        format!("`{}`: {}", plain(path), lines.join(", "))
    };
    by_file.into_iter().map(file).collect::<Vec<_>>().join("<br>")
}

/// Nothing that files say becomes markup.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '`' | '|' | '<' | '>' | '*' | '\n')).collect()
}

pub fn mermaid(answer: &Answer) -> String {
    let mut out = String::from("flowchart LR\n");
    let id = |name: &str| name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect::<String>();
    let element = plain(&answer.element).replace('"', "");
    let _ = writeln!(out, "  element{{{{\"{element}\"}}}}");
    for touched in &answer.direct {
        let label = format!("{}: {}", plain(&touched.service), count(touched.lines.len(), "line"));
        let line = if touched.coupling == "json" { "-. json .->" } else { "-->" };
        let _ = writeln!(out, "  element {line} s_{}[\"{}\"]", id(&touched.service), label.replace('"', ""));
    }
    for dependent in &answer.dependent {
        let next = dependent.through.first().and_then(|key| key.split('/').next_back()).unwrap_or_default();
        let name = plain(&dependent.service).replace('"', "");
        let _ = writeln!(out, "  s_{}[\"{name}\"] -.-> s_{}", id(&dependent.service), id(next));
    }
    out
}
