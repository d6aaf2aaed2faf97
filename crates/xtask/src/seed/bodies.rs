//! Defects of what travels as JSON: a field that one side has under another name, or as another kind.

use super::mutant::{Class, Mutant, Seen, word};
use std::collections::BTreeSet;

pub const CLASSES: &[Class] = &[renamed_at_the_callee, renamed_at_the_caller, changed_kind];

/// A field as the text of a type declares it: line, type and name.
struct Field {
    line: u32,
    ty: String,
    name: String,
}

/// The fields of a file that declares one type of data: Java, Kotlin, C#, Go and TypeScript.
fn fields(path: &str, text: &str) -> Vec<Field> {
    let ending = path.rsplit('.').next().unwrap_or("");
    let mut out = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let plain = line.trim();
        let found = match ending {
            "java" => plain.strip_prefix("private ").and_then(|r| {
                let r = r.strip_prefix("final ").unwrap_or(r).split(['=', ';']).next()?.trim();
                r.rsplit_once(' ')
            }),
            "cs" => plain
                .strip_prefix("public ")
                .filter(|r| r.contains("{ get"))
                .and_then(|r| r.split('{').next()?.trim().rsplit_once(' ')),
            "kt" => plain.strip_prefix("val ").or_else(|| plain.strip_prefix("var ")).and_then(|r| {
                let (name, ty) = r.trim_end_matches(',').split_once(':')?;
                Some((ty.trim(), name.trim()))
            }),
            _ => None,
        };
        if let Some((ty, name)) = found
            && !ty.contains("static")
            && name.len() > 2
            && name.chars().all(char::is_alphanumeric)
            && name.chars().any(char::is_lowercase)
        {
            out.push(Field { line: index as u32 + 1, ty: ty.to_owned(), name: name.to_owned() });
        }
    }
    out
}

/// Whether a type is what a request brings: it stands between parentheses, and is not named as the type of what comes back.
fn is_sent(text: &str, at: usize, name: &str) -> bool {
    // The text may begin within the statement before.
    let depth = text[..at].chars().fold(0usize, |depth, c| match c {
        '(' => depth + 1,
        ')' => depth.saturating_sub(1),
        _ => depth,
    });
    depth > 0 && !text[at + name.len()..].starts_with(".class")
}

/// A type of data of the caller and one of the callee that share most fields: caller's file, callee's file.
fn pairs(seen: &Seen<'_>) -> Vec<(String, String)> {
    let code = |p: &str| [".java", ".cs", ".kt"].iter().any(|e| p.ends_with(e)) && !p.to_lowercase().contains("test");
    let data: Vec<(String, BTreeSet<String>)> = seen
        .paths
        .iter()
        .filter(|p| code(p))
        .filter_map(|p| {
            let names = fields(p, &(seen.text)(p)?).into_iter().map(|f| f.name.to_lowercase()).collect::<BTreeSet<_>>();
            (names.len() > 1).then(|| ((*p).to_owned(), names))
        })
        .collect();
    // The type that a handler names, and the types that the caller's own code is made of.
    let mut out = Vec::new();
    for interaction in seen.map.interactions.iter().filter(|i| i.kind == "http") {
        for operation in &interaction.operations {
            let Some(key) = &operation.endpoint else { continue };
            let Some(endpoint) = seen.map.endpoints.iter().find(|e| e.key == *key) else { continue };
            let Some(at) = endpoint.evidence.first() else { continue };
            let Some(text) = (seen.text)(&operation.at.path) else { continue };
            let near: String =
                text.lines().skip(operation.at.line.saturating_sub(3) as usize).take(9).collect::<Vec<_>>().join("\n");
            let Some(handler) = (seen.text)(&at.path) else { continue };
            let about: String =
                handler.lines().skip(at.line.saturating_sub(1) as usize).take(4).collect::<Vec<_>>().join("\n");
            let common = |a: &str, b: &str| a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count();
            let stem = |p: &str| p.rsplit('/').next().and_then(|n| n.split('.').next()).unwrap_or("").to_owned();
            // Both name the type at the very place, as what is sent or as what comes back: what travels is these two.
            for sent in [true, false] {
                let named = |beside: &str, text: &str| {
                    let says = |stem: &str| word(text, stem).is_some_and(|at| is_sent(text, at, stem) == sent);
                    let all = data.iter().filter(|(p, _)| says(&stem(p)));
                    all.max_by_key(|(p, _)| common(p, beside)).cloned()
                };
                if let (Some((caller, a)), Some((callee, b))) =
                    (named(&operation.at.path, &near), named(&at.path, &about))
                    && caller != callee
                    && a.intersection(&b).count() * 2 > a.len().min(b.len())
                {
                    out.push((caller, callee));
                }
            }
        }
    }
    out.sort();
    out.dedup();
    out
}

fn renamed(
    seen: &Seen<'_>,
    out: &mut Vec<Mutant>,
    class: &'static str,
    changed: impl Fn(&(String, String)) -> (String, String),
) {
    for pair in pairs(seen) {
        let (path, other) = changed(&pair);
        let (Some(text), Some(beside)) = ((seen.text)(&path), (seen.text)(&other)) else { continue };
        let others = fields(&other, &beside);
        for field in fields(&path, &text) {
            let Some(twin) = others.iter().find(|o| o.name.eq_ignore_ascii_case(&field.name)) else { continue };
            let capital = field.name[..1].to_uppercase() + &field.name[1..];
            // With everything in this file that goes by the name: accessors, constructors.
            let mut new = String::new();
            for line in text.split_inclusive('\n') {
                let mut line = line.to_owned();
                while let Some(at) = word(&line, &field.name) {
                    line.replace_range(at..at + field.name.len(), &format!("{}\u{0}", field.name));
                    let end = at + field.name.len() + 1;
                    let (head, tail) = line.split_at(end);
                    line = head.replace('\u{0}', "Changed") + tail;
                }
                for accessor in ["get", "set", "is"] {
                    line = line.replace(&format!("{accessor}{capital}("), &format!("{accessor}{capital}Changed("));
                }
                new += &line;
            }
            out.push(Mutant {
                class,
                rules: &["payload-mismatch"],
                texts: vec![(path.clone(), new)],
                places: vec![(path.clone(), field.line), (other.clone(), twin.line)],
                about: format!("{path} {}", field.name),
            });
        }
    }
}

fn renamed_at_the_callee(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    renamed(seen, out, "JSON field renamed at the callee", |(caller, callee)| (callee.clone(), caller.clone()));
}

fn renamed_at_the_caller(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    renamed(seen, out, "JSON field renamed at the caller", |(caller, callee)| (caller.clone(), callee.clone()));
}

/// One value becomes a list on the callee's side.
fn changed_kind(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (caller, callee) in pairs(seen) {
        let (Some(text), Some(beside)) = ((seen.text)(&callee), (seen.text)(&caller)) else { continue };
        let others = fields(&caller, &beside);
        for field in fields(&callee, &text).into_iter().filter(|f| matches!(f.ty.as_str(), "String" | "string" | "int"))
        {
            let Some(twin) = others.iter().find(|o| o.name.eq_ignore_ascii_case(&field.name)) else { continue };
            let ty = if field.ty == "int" { "Integer" } else { &field.ty };
            let Some(new) = seen.replaced(&callee, field.line, &field.ty, &format!("List<{ty}>")) else { continue };
            out.push(Mutant {
                class: "JSON field became a list",
                rules: &["payload-mismatch"],
                texts: vec![new],
                places: vec![(callee.clone(), field.line), (caller.clone(), twin.line)],
                about: format!("{callee} {}", field.name),
            });
        }
    }
}
