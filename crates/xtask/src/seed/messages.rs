//! Defects of data and messages: migrations that take away what code uses, effects that a second delivery repeats, and
//! acknowledgements on delivery.

use super::mutant::{Mutant, Seen, word};

/// Statements in code that insert into a table with its columns: path, line, table, columns.
fn inserts(seen: &Seen<'_>) -> Vec<(String, u32, String, Vec<String>)> {
    const CODE: [&str; 8] = [".py", ".js", ".ts", ".go", ".java", ".cs", ".rs", ".kt"];
    let mut out = Vec::new();
    for path in seen.paths.iter().filter(|p| CODE.iter().any(|e| p.ends_with(e)) && !aside(p)) {
        let Some(text) = (seen.text)(path) else { continue };
        for (index, line) in text.lines().enumerate() {
            let upper = line.to_ascii_uppercase();
            let Some(at) = upper.find("INSERT INTO ") else { continue };
            let rest = &line[at + "INSERT INTO ".len()..];
            let Some((table, rest)) = rest.split_once('(') else { continue };
            let Some((columns, _)) = rest.split_once(')') else { continue };
            let table = table.trim().trim_matches(['"', '`', '\\', '\'']).to_owned();
            let columns: Vec<String> = columns
                .split(',')
                .map(|c| c.trim().trim_matches(['"', '`', '\\', '\'', '[', ']']).to_owned())
                .collect();
            let plain = |t: &String| !t.is_empty() && t.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
            if plain(&table) && columns.len() > 1 && columns.iter().all(plain) {
                out.push(((*path).to_owned(), index as u32 + 1, table, columns));
            }
        }
    }
    out
}

/// Whether the code belongs to a service that has a database of its own: in the body of a message, or of what is sent to
/// a sidecar, a statement is a text like another.
fn is_run(seen: &Seen<'_>, path: &str) -> bool {
    let of = |n: &&seam_engine::Node| n.roots.iter().any(|r| r.is_empty() || path.starts_with(&format!("{r}/")));
    let stores = |name: &str| seen.map.interactions.iter().any(|i| i.from == name && i.kind == "db");
    seen.map.nodes.iter().filter(of).any(|n| stores(&n.name))
}

fn aside(path: &str) -> bool {
    ["test", "migrat", "seed", "mock"].iter().any(|w| path.to_ascii_lowercase().contains(w))
}

/// A migration beside the code that still uses what it takes away.
fn migration(seen: &Seen<'_>, out: &mut Vec<Mutant>, class: &'static str, sql: fn(&str, &[String]) -> String) {
    for (path, line, table, columns) in inserts(seen).into_iter().filter(|(p, ..)| is_run(seen, p)) {
        let folder = path.rsplit_once('/').map_or("", |(f, _)| f);
        let file = format!("{folder}/migrations/V9999__seeded.sql").trim_start_matches('/').to_owned();
        let short = table.rsplit('.').next().unwrap_or(&table).to_owned();
        out.push(Mutant {
            class,
            rules: &["unsafe-migration"],
            texts: vec![(file.clone(), sql(&table, &columns))],
            places: vec![(file, 1), (path, line)],
            about: short,
        });
    }
}

pub fn dropped_column(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    migration(seen, out, "migration drops a used column", |table, columns| {
        format!("ALTER TABLE {table} DROP COLUMN {};\n", columns.last().map_or("", String::as_str))
    });
}

pub fn renamed_column(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    migration(seen, out, "migration renames a used column", |table, columns| {
        let column = columns.last().map_or("", String::as_str);
        format!("ALTER TABLE {table} RENAME COLUMN {column} TO {column}_new;\n")
    });
}

pub fn dropped_table(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    migration(seen, out, "migration drops a used table", |table, _| format!("DROP TABLE {table};\n"));
}

pub fn required_column(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    migration(seen, out, "migration requires a new column", |table, _| {
        format!("ALTER TABLE {table} ADD COLUMN seeded_channel text NOT NULL;\n")
    });
}

/// The function that takes messages inserts a row for each.
pub fn inserted_twice(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for interaction in seen.map.interactions.iter().filter(|i| i.kind == "queue-consume") {
        for operation in &interaction.operations {
            let path = &operation.at.path;
            let Some(text) = (seen.text)(path) else { continue };
            let lines: Vec<&str> = text.lines().collect();
            let start = operation.at.line as usize;
            // A builder that names its handlers, and a channel that is injected, are none themselves.
            let line = lines.get(start.saturating_sub(1)).copied().unwrap_or("");
            // Frameworks that keep what they have received hand nothing out twice.
            let client = operation.client.to_ascii_lowercase();
            let keeps = ["eventuate", "tram", "nservicebus"].iter().any(|w| client.contains(w));
            if keeps || line.contains(".on") || line.contains("forAggregate") || line.contains("@Channel") {
                continue;
            }
            let (statement, opens): (&str, fn(&str) -> bool) = if path.ends_with(".java") || path.ends_with(".kt") {
                ("jdbc.update(\"INSERT INTO seeded_rows (amount) VALUES (1)\");", |l| {
                    l.trim_end().ends_with('{') && l.contains(')') && !l.trim_start().starts_with('@')
                })
            } else if path.ends_with(".py") {
                ("db.execute(\"INSERT INTO seeded_rows (amount) VALUES (1)\")", |_| false)
            } else {
                continue;
            };
            let Some(at) = lines.iter().skip(start.saturating_sub(1)).take(8).position(|l| opens(l)) else { continue };
            let line = (start.saturating_sub(1) + at + 2) as u32;
            if word(lines.get(line as usize - 2).copied().unwrap_or(""), "class").is_some() {
                continue;
            }
            let Some(new) = seen.with(path, line, statement) else { continue };
            out.push(Mutant {
                class: "handler repeats an insert",
                rules: &["redelivery-unsafe"],
                texts: vec![new],
                places: vec![(path.clone(), line), (path.clone(), operation.at.line)],
                about: operation.operation.clone(),
            });
        }
    }
}

/// Acknowledged on delivery, where the flag has no name.
pub fn positional_ack(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    const CALLS: [&str; 5] =
        ["BasicConsume(", "BasicConsumeAsync(", "basicConsume(", ".Consume(", "ConsumeWithContext("];
    for path in seen.paths.iter().filter(|p| !aside(p)) {
        if ![".cs", ".java", ".go", ".kt"].iter().any(|e| path.ends_with(e)) {
            continue;
        }
        let Some(text) = (seen.text)(path) else { continue };
        if !text.to_ascii_lowercase().contains("rabbit") && !text.contains("amqp") {
            continue;
        }
        for (index, line) in text.lines().enumerate().filter(|(_, l)| CALLS.iter().any(|c| l.contains(c))) {
            // The flag may stand on a line of its own.
            let found = (index..index + 8).find_map(|i| {
                let here = text.lines().nth(i)?;
                let at = here
                    .find("false")
                    // The first flag of the call decides.
                    .filter(|at| !here[..*at].contains("true"))
                    .filter(|_| i > index || here.find('(').is_some_and(|p| here[p..].contains("false")))?;
                let new = format!("{}true{}", &here[..at], &here[at + 5..]);
                let mut lines: Vec<&str> = text.split('\n').collect();
                lines[i] = &new;
                Some((i, lines.join("\n")))
            });
            let Some((at, new)) = found else { continue };
            out.push(Mutant {
                class: "acknowledged on delivery",
                rules: &["ack-before-effect"],
                texts: vec![((*path).to_owned(), new)],
                places: vec![((*path).to_owned(), index as u32 + 1), ((*path).to_owned(), at as u32 + 1)],
                about: line.trim().to_owned(),
            });
        }
    }
}
