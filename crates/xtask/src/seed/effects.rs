//! Defects of failures: errors of changes elsewhere that end in a log line, messages that leave before the commit.

use super::mutant::{Class, Mutant, Seen, indent};
use seam_engine::{Interaction, Operation};

pub const CLASSES: &[Class] = &[swallowed_python, swallowed_script, swallowed_java, swallowed_csharp, swallowed_go];

const SWALLOWED: &[&str] = &["swallowed-error"];

/// Changes elsewhere: requests that write, and messages.
fn changes<'a>(seen: &'a Seen<'_>) -> impl Iterator<Item = (&'a Interaction, &'a Operation)> {
    let writes = |i: &Interaction, o: &Operation| match i.kind.as_str() {
        "http" => ["POST ", "PUT ", "DELETE ", "PATCH "].iter().any(|m| o.operation.starts_with(m)),
        "queue-publish" => true,
        _ => false,
    };
    let all = seen.map.interactions.iter().flat_map(|i| i.operations.iter().map(move |o| (i, o)));
    all.filter(move |(i, o)| writes(i, o))
}

/// A statement that is a call whose result nobody takes: its first and last line.
fn statement(seen: &Seen<'_>, operation: &Operation, starts: &[&str]) -> Option<(Vec<String>, usize, usize)> {
    let text = (seen.text)(&operation.at.path)?;
    let lines: Vec<String> = text.split('\n').map(ToOwned::to_owned).collect();
    let first = (operation.at.line as usize).checked_sub(1)?;
    let line = lines.get(first)?.trim_start();
    let alone = starts.iter().any(|s| line.starts_with(s))
        || line.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && !line.split('(').next()?.contains(['=', ' ', ':'])
            && line.contains('(');
    let previous = lines[..first].iter().rev().map(|l| l.trim_end()).find(|l| !l.is_empty())?;
    // It may end in a log line already.
    let tried = matches!(previous.trim_start(), "try {" | "try:") || previous.trim_start().starts_with("try {");
    if tried {
        return None;
    }
    if !alone || !previous.ends_with([';', '{', '}', ':', ')', '"']) && starts.contains(&"await ") {
        return None;
    }
    let mut depth = 0i32;
    for (index, line) in lines.iter().enumerate().skip(first).take(12) {
        depth += line.matches(['(', '{', '[']).count() as i32 - line.matches([')', '}', ']']).count() as i32;
        if depth <= 0 {
            return (depth == 0).then_some((lines.clone(), first, index));
        }
    }
    None
}

/// Puts a statement between two texts.
fn wrapped(
    seen: &Seen<'_>,
    out: &mut Vec<Mutant>,
    (class, suffixes, starts): (&'static str, &[&str], &[&str]),
    (before, after): (&str, &str),
) {
    for (interaction, operation) in changes(seen).filter(|(_, o)| suffixes.iter().any(|s| o.at.path.ends_with(s))) {
        let Some((mut lines, first, last)) = statement(seen, operation, starts) else { continue };
        if !lines[last].trim_end().ends_with([';', ')', '}']) {
            continue;
        }
        let pad = indent(&lines[first]).to_owned();
        let put = |text: &str| text.split('\n').map(|l| format!("{pad}{l}")).collect::<Vec<_>>();
        let inner: Vec<String> = lines[first..=last].iter().map(|l| format!("    {l}")).collect();
        let new = [put(before), inner, put(after)].concat();
        lines.splice(first..=last, new);
        out.push(Mutant {
            class,
            rules: SWALLOWED,
            texts: vec![(operation.at.path.clone(), lines.join("\n"))],
            places: (operation.at.line..operation.at.line + 4 + (last - first) as u32)
                .map(|l| (operation.at.path.clone(), l))
                .collect(),
            about: interaction.key.clone() + " " + &operation.operation,
        });
    }
}

fn swallowed_python(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let what = ("failure logged only (Python)", [".py"].as_slice(), ["requests."].as_slice());
    wrapped(seen, out, what, ("try:", "except Exception as e:\n    print(\"the call went wrong\", e)"));
}

fn swallowed_script(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let what = ("failure logged only (JavaScript)", [".js", ".ts", ".tsx", ".jsx"].as_slice(), ["await "].as_slice());
    wrapped(seen, out, what, ("try {", "} catch (e) {\n    console.log(\"the call went wrong\", e);\n}"));
}

fn swallowed_java(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let what = ("failure logged only (Java)", [".java"].as_slice(), [].as_slice());
    wrapped(seen, out, what, ("try {", "} catch (Exception e) {\n    log.error(\"the call went wrong\", e);\n}"));
}

fn swallowed_csharp(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let what = ("failure logged only (C#)", [".cs"].as_slice(), ["await "].as_slice());
    let after = "}\ncatch (Exception e)\n{\n    logger.LogError(e, \"the call went wrong\");\n}";
    wrapped(seen, out, what, ("try\n{", after));
}

/// `if err := call(); err != nil { return err }` becomes one that logs.
fn swallowed_go(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let go = changes(seen).filter(|(i, _)| i.kind != "grpc").map(|(i, o)| (i.key.clone(), o));
    let rpc = seen.map.interactions.iter().filter(|i| i.kind == "grpc");
    let rpc = rpc.flat_map(|i| i.operations.iter().map(move |o| (i.key.clone(), o))).filter(|(_, o)| {
        let method = o.operation.rsplit('/').next().unwrap_or_default();
        ["Add", "Create", "Update", "Delete", "Remove", "Ship", "Charge", "Place", "Set", "Empty", "Send"]
            .iter()
            .any(|v| method.starts_with(v))
    });
    for (key, operation) in go.chain(rpc).filter(|(_, o)| o.at.path.ends_with(".go")) {
        let Some(text) = (seen.text)(&operation.at.path) else { continue };
        let mut lines: Vec<String> = text.split('\n').map(ToOwned::to_owned).collect();
        let first = operation.at.line.saturating_sub(1) as usize;
        let Some(at) = (first..(first + 4).min(lines.len())).find(|i| lines[*i].trim_end().ends_with("err != nil {"))
        else {
            continue;
        };
        let Some(end) = (at + 1..(at + 5).min(lines.len())).find(|i| lines[*i].trim() == "}") else { continue };
        let body: Vec<&str> = lines[at + 1..end].iter().map(|l| l.trim()).collect();
        // A result that is used afterwards would be another defect.
        let taken = lines[first].split(":=").next().unwrap_or_default().trim().trim_start_matches("if ").to_owned();
        let ignored = matches!(taken.as_str(), "err" | "_, err") || lines[first].trim_start().starts_with("err =");
        if !ignored || !body.iter().any(|l| l.starts_with("return") && l.contains("err")) {
            continue;
        }
        let pad = indent(&lines[at]).to_owned();
        lines.splice(at + 1..end, [format!("{pad}\tlog.Printf(\"the call went wrong: %v\", err)")]);
        out.push(Mutant {
            class: "failure logged only (Go)",
            rules: SWALLOWED,
            texts: vec![(operation.at.path.clone(), lines.join("\n"))],
            places: (operation.at.line..operation.at.line + 6).map(|l| (operation.at.path.clone(), l)).collect(),
            about: key + " " + &operation.operation,
        });
    }
}
