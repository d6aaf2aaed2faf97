//! Defects of contracts: copies of a protobuf file that part, methods that are renamed, migrations that break.

use super::mutant::{Class, Mutant, Seen};
use std::collections::{BTreeMap, BTreeSet};

pub const CLASSES: &[Class] =
    &[renamed_method, renamed_field, renumbered_field, changed_type, removed_enum_value, migration];

/// Texts of protobuf files by name, where several services have one.
fn copies(seen: &Seen<'_>) -> Vec<(String, Vec<(String, String)>)> {
    let mut by_name: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for path in seen.paths.iter().filter(|p| p.ends_with(".proto")) {
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        by_name.entry(name).or_default().extend((seen.text)(path).map(|text| ((*path).to_owned(), text)));
    }
    // Files of one name that declare other things are no copies.
    for files in by_name.values_mut() {
        let all = files.clone();
        files.retain(|(path, text)| all.iter().any(|(o, t)| o != path && is_copy(text, t) && !is_state(o, path)));
    }
    by_name.into_iter().filter(|(_, files)| files.len() > 1).collect()
}

/// Whether two paths are one file in two states of a system that lie side by side (`step1/…`, `step2/…`): neither is asked by
/// the other.
fn is_state(a: &str, b: &str) -> bool {
    let numbers = |p: &str| p.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let (Some((a, rest)), Some((b, other))) = (a.split_once('/'), b.split_once('/')) else { return false };
    a != b && rest == other && numbers(a) == numbers(b)
}

/// Whether two files declare mostly the same messages and services.
fn is_copy(a: &str, b: &str) -> bool {
    let names = |text: &str| -> BTreeSet<String> {
        let declared = |l: &str| {
            let (word, rest) = l.trim().split_once(' ')?;
            ["message", "service", "enum"].contains(&word).then(|| rest.split([' ', '{']).next().map(str::to_owned))?
        };
        text.lines().filter_map(declared).collect()
    };
    let (a, b) = (names(a), names(b));
    a.intersection(&b).count() * 2 > a.len().max(b.len())
}

fn renamed_method(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let used = |method: &str| {
        let calls = seen.map.interactions.iter().filter(|i| i.kind == "grpc").flat_map(|i| &i.operations);
        calls.filter(|o| o.operation.ends_with(&format!("/{method}"))).map(|o| (o.at.path.clone(), o.at.line)).collect()
    };
    for path in seen.paths.iter().filter(|p| p.ends_with(".proto")) {
        let Some(text) = (seen.text)(path) else { continue };
        for (index, line) in text.lines().enumerate() {
            let Some(rest) = line.trim_start().strip_prefix("rpc ") else { continue };
            let method = rest.split(['(', ' ']).next().unwrap_or("");
            let mut places: Vec<(String, u32)> = used(method);
            if places.is_empty() {
                continue;
            }
            let number = index as u32 + 1;
            places.insert(0, ((*path).to_owned(), number));
            let Some(text) = seen.replaced(path, number, method, &format!("{method}Renamed")) else { continue };
            out.push(Mutant {
                class: "method renamed in a contract",
                rules: &["dangling-call", "contract-copy-drift", "unserved-contract", "undeclared-endpoint"],
                texts: vec![text],
                places,
                about: method.to_owned(),
            });
        }
    }
}

/// Every field of every message: line, type, name and number.
fn fields(text: &str) -> Vec<(u32, String, String, String)> {
    let mut out = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((left, right)) = line.split_once('=') else { continue };
        let number: String = right.trim_start().chars().take_while(char::is_ascii_digit).collect();
        let words: Vec<&str> = left.split_whitespace().collect();
        if let [.., ty, name] = words.as_slice()
            && !number.is_empty()
            && right.contains(';')
            && !line.trim_start().starts_with("//")
        {
            out.push((index as u32 + 1, (*ty).to_owned(), (*name).to_owned(), number));
        }
    }
    out
}

type Edit = fn(&str, &str, &str) -> Option<(String, String)>;

/// One copy is changed in one field; the other copies keep what was.
fn changed_field(seen: &Seen<'_>, out: &mut Vec<Mutant>, class: &'static str, edit: Edit) {
    for (name, files) in copies(seen) {
        for (path, text) in &files {
            for (line, ty, field, number) in fields(text) {
                let Some((from, to)) = edit(&ty, &field, &number) else { continue };
                let Some(new) = seen.replaced(path, line, &from, &to) else { continue };
                // Another copy has the same line: that is the other side.
                let other = |(p, t): &(String, String)| {
                    if !is_copy(text, t) || is_state(p, path) {
                        return None;
                    }
                    let at = fields(t).into_iter().find(|(_, _, f, n)| *f == field && *n == number)?;
                    (p != path).then(|| (p.clone(), at.0))
                };
                let mut places: Vec<(String, u32)> = files.iter().filter_map(other).collect();
                if places.is_empty() {
                    continue;
                }
                places.insert(0, (path.clone(), line));
                let rules = &["contract-copy-drift", "payload-mismatch"];
                out.push(Mutant { class, rules, texts: vec![new], places, about: format!("{name} {field}") });
            }
        }
    }
}

fn renamed_field(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    changed_field(seen, out, "field renamed in one copy", |_, field, _| {
        Some((field.to_owned(), format!("{field}_next")))
    });
}

fn renumbered_field(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    changed_field(seen, out, "field renumbered in one copy", |_, _, number| {
        Some((format!("= {number}"), format!("= {}", number.parse::<u32>().ok()? + 40)))
    });
}

fn changed_type(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    changed_field(seen, out, "field's type changed in one copy", |ty, _, _| match ty {
        "string" => Some(("string".to_owned(), "int64".to_owned())),
        "int32" | "int64" | "float" | "double" => Some((ty.to_owned(), "string".to_owned())),
        _ => None,
    });
}

fn removed_enum_value(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (name, files) in copies(seen) {
        for (path, text) in &files {
            for (index, line) in text.lines().enumerate() {
                let value = line.trim().split([' ', '=']).next().unwrap_or("");
                let is_value = value.len() > 2
                    && value.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
                    && line.contains('=')
                    && line.trim_end().ends_with(';');
                if !is_value {
                    continue;
                }
                let number = index as u32 + 1;
                let Some(new) = seen.without(path, number) else { continue };
                let mut places = vec![(path.clone(), number)];
                for (other, text) in files.iter().filter(|(p, t)| p != path && is_copy(text, t) && !is_state(p, path)) {
                    places.extend(text.lines().position(|l| l == line).map(|i| (other.clone(), i as u32 + 1)));
                }
                out.push(Mutant {
                    class: "enum value removed in one copy",
                    rules: &["contract-copy-drift", "payload-mismatch"],
                    texts: vec![new],
                    places,
                    about: format!("{name} {value}"),
                });
            }
        }
    }
}

/// A new migration drops a column of a table that the system uses.
fn migration(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for path in seen.paths.iter().filter(|p| p.ends_with(".sql")) {
        let Some(text) = (seen.text)(path) else { continue };
        let folder = path.rsplit_once('/').map_or("", |(f, _)| f);
        let name = path.rsplit('/').next().unwrap_or(path);
        let next = if name.starts_with('V') && name.contains("__") {
            "V999__seeded.sql"
        } else if name.ends_with(".up.sql") {
            "999_seeded.up.sql"
        } else {
            continue;
        };
        let lower = text.to_ascii_lowercase();
        let Some(at) = lower.find("create table ") else { continue };
        let head = text[at + "create table ".len()..].trim_start();
        let head = head.strip_prefix("IF NOT EXISTS ").or_else(|| head.strip_prefix("if not exists ")).unwrap_or(head);
        let table: String = head.chars().take_while(|c| c.is_alphanumeric() || "_.\"`".contains(*c)).collect();
        let Some(columns) = head.split_once('(').map(|(_, c)| c) else { continue };
        let Some(column) = columns.split(',').nth(1).and_then(|c| c.split_whitespace().next()) else { continue };
        // What no code says is not missed.
        let plain: String = column.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_ascii_lowercase();
        let code = [".java", ".go", ".py", ".rs", ".cs", ".js", ".ts", ".kt"];
        // The innermost service that the migration belongs to.
        let roots = seen.map.nodes.iter().flat_map(|n| &n.roots).map(|r| format!("{r}/"));
        let root = roots.filter(|r| path.starts_with(r.as_str())).max_by_key(String::len).unwrap_or_default();
        let own = seen.paths.iter().filter(|p| p.starts_with(&root));
        let used = own.filter(|p| code.iter().any(|e| p.ends_with(e))).any(|p| {
            (seen.text)(p).is_some_and(|t| {
                t.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|w| w.replace('_', "").eq_ignore_ascii_case(&plain))
            })
        });
        if !used || ["primary", "constraint", "foreign", "unique"].contains(&plain.as_str()) {
            continue;
        }
        let new = format!("{folder}/{next}");
        out.push(Mutant {
            class: "column dropped by a migration",
            rules: &["unsafe-migration"],
            texts: vec![(new.clone(), format!("ALTER TABLE {table} DROP COLUMN {column};\n"))],
            places: vec![(new, 1)],
            about: format!("{table} {column}"),
        });
    }
}
