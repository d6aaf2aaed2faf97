//! Defects of failures: errors of changes elsewhere that end in a log line, messages that leave before the commit.

use super::mutant::{Class, Mutant, Seen, indent};
use seam_engine::{Interaction, Operation};

pub const CLASSES: &[Class] = &[
    swallowed_python,
    swallowed_script,
    swallowed_java,
    swallowed_csharp,
    swallowed_go,
    published_python,
    published_java,
    published_in_transaction,
    second_step,
    read_before_write,
];

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
        // A chain of calls goes on below.
        if depth == 0 && lines.get(index + 1).is_some_and(|l| l.trim_start().starts_with('.')) {
            continue;
        }
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

/// Lines that write to a store, in files of services that serve something: path, lines of the file, index of the line.
fn stored(seen: &Seen<'_>, suffix: &str, marks: &[&str]) -> Vec<(String, Vec<String>, usize)> {
    let mut out = Vec::new();
    let mut paths: Vec<&str> =
        seen.map.endpoints.iter().flat_map(|e| e.evidence.first()).map(|p| p.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    for path in paths.into_iter().filter(|p| p.ends_with(suffix)) {
        let Some(text) = (seen.text)(path) else { continue };
        let lines: Vec<String> = text.split('\n').map(ToOwned::to_owned).collect();
        for (index, line) in lines.iter().enumerate() {
            let whole =
                line.matches('(').count() == line.matches(')').count() && !line.trim_start().starts_with("return");
            if whole && marks.iter().any(|m| line.contains(m)) {
                out.push((path.to_owned(), lines.clone(), index));
            }
        }
    }
    out
}

fn around(path: &str, index: usize, more: usize) -> Vec<(String, u32)> {
    (index as u32..index as u32 + 6 + more as u32).map(|l| (path.to_owned(), l)).collect()
}

fn published_python(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let marks = [".commit()", ".insert_one(", ".insert_many(", ".replace_one("];
    for (path, mut lines, index) in stored(seen, ".py", &marks) {
        // What makes the tables when it starts writes nothing.
        if lines[index.saturating_sub(8)..index].iter().any(|l| l.to_ascii_uppercase().contains("CREATE ")) {
            continue;
        }
        let send = "pika.BlockingConnection(pika.ConnectionParameters(\"broker\")).channel().basic_publish(exchange=\"\", \
                    routing_key=\"seeded\", body=b\"1\")";
        let pad = indent(&lines[index]).to_owned();
        lines.insert(index + 1, format!("{pad}{send}"));
        lines.insert(0, "import pika".to_owned());
        out.push(Mutant {
            class: "message beside the write (Python)",
            rules: &["dual-write", "effect-before-commit"],
            texts: vec![(path.clone(), lines.join("\n"))],
            places: around(&path, index, 0),
            about: lines[index + 1].trim().to_owned(),
        });
    }
}

const SAVES: &[&str] =
    &["Repository.save(", "Repository.saveAndFlush(", "Repository.delete(", "Repository.deleteById("];

/// Sends a message right after a line, and imports what that needs.
fn sending(lines: &mut Vec<String>, index: usize) -> Option<()> {
    let import = lines.iter().position(|l| l.starts_with("import "))?;
    let pad = indent(&lines[index]).to_owned();
    let send = [
        format!("{pad}RabbitTemplate seeded = new RabbitTemplate();"),
        format!("{pad}seeded.convertAndSend(\"seeded\", \"1\");"),
    ];
    lines.splice(index + 1..index + 1, send);
    lines.insert(import, "import org.springframework.amqp.rabbit.core.RabbitTemplate;".to_owned());
    Some(())
}

fn published_java(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (path, mut lines, index) in stored(seen, ".java", SAVES) {
        if !lines[index].trim_end().ends_with(';') || lines.iter().any(|l| l.contains("@Transactional")) {
            continue;
        }
        let about = lines[index].trim().to_owned();
        if sending(&mut lines, index).is_none() {
            continue;
        }
        out.push(Mutant {
            class: "message beside the write (Java)",
            rules: &["dual-write"],
            texts: vec![(path.clone(), lines.join("\n"))],
            places: around(&path, index, 0),
            about,
        });
    }
}

fn published_in_transaction(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (path, mut lines, index) in stored(seen, ".java", SAVES) {
        if !lines[index].trim_end().ends_with(';') || lines.iter().any(|l| l.contains("@Transactional")) {
            continue;
        }
        let starts = |l: &String| l.trim_start().starts_with("public ") && l.contains('(') && !l.contains(" class ");
        let Some(function) = lines[..index].iter().rposition(starts) else { continue };
        let about = lines[index].trim().to_owned();
        if sending(&mut lines, index).is_none() {
            continue;
        }
        let pad = indent(&lines[function + 1]).to_owned();
        lines.insert(function + 1, format!("{pad}@org.springframework.transaction.annotation.Transactional"));
        out.push(Mutant {
            class: "message before the commit (Java)",
            rules: &["effect-before-commit"],
            texts: vec![(path.clone(), lines.join("\n"))],
            places: around(&path, index, 1),
            about,
        });
    }
}

/// After a change of one service, a change of another of the same file is made too.
fn second_step(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let all: Vec<(&Interaction, &Operation)> =
        changes(seen).filter(|(i, o)| i.kind == "http" && !o.operation.starts_with("DELETE ")).collect();
    for (interaction, first) in &all {
        let Some((mut lines, _, end)) = statement(seen, first, &["await ", "requests."]) else { continue };
        let other = all.iter().find(|(i, o)| {
            i.to != interaction.to
                && i.from == interaction.from
                && o.at.path == first.at.path
                && o.within != first.within
        });
        let Some((_, second)) = other else { continue };
        let Some((_, from, to)) = statement(seen, second, &["await ", "requests."]) else { continue };
        let copy: Vec<String> = lines[from..=to].to_vec();
        lines.splice(end + 1..end + 1, copy);
        out.push(Mutant {
            class: "second step without undo",
            rules: &["no-compensation"],
            texts: vec![(first.at.path.clone(), lines.join("\n"))],
            places: around(&first.at.path, first.at.line as usize, to - from + end),
            about: format!("{} {}", first.operation, second.operation),
        });
    }
}

/// Before an entity is written, it is read.
fn read_before_write(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (interaction, operation) in changes(seen).filter(|(_, o)| o.operation.starts_with("PUT ")) {
        let Some((mut lines, first, last)) = statement(seen, operation, &["await ", "requests."]) else { continue };
        if !lines[first].contains(".put(") || !operation.operation.contains('{') {
            continue;
        }
        let mut copy: Vec<String> = lines[first..=last].to_vec();
        copy[0] = copy[0].replacen(".put(", ".get(", 1);
        lines.splice(first..first, copy);
        out.push(Mutant {
            class: "read before write",
            rules: &["check-then-act"],
            texts: vec![(operation.at.path.clone(), lines.join("\n"))],
            places: around(&operation.at.path, first, last - first),
            about: interaction.key.clone() + " " + &operation.operation,
        });
    }
}
