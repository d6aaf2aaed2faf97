//! Defects of what one side answers and the other expects: statuses that nobody looks at or that are never given, fallbacks that need what has
//! failed, lists that forget 503, breakers and tables that are shared, leases that end too early.

use super::mutant::{Class, Mutant, Seen, indent};
use super::traffic::literal;
use seam_engine::{Interaction, Operation};

pub const CLASSES: &[Class] = &[
    unchecked,
    other_status,
    same_fate,
    forgotten_503,
    one_breaker,
    short_lock,
    slow_calls,
    foreign_table,
    unheard_wish,
];

fn calls<'a>(seen: &'a Seen<'_>) -> impl Iterator<Item = (&'a Interaction, &'a Operation)> {
    let http = seen.map.interactions.iter().filter(|i| i.kind == "http");
    http.flat_map(|i| i.operations.iter().map(move |o| (i, o)))
}

/// The place of the endpoint that answers an operation, and the lines of its handler.
fn answered(seen: &Seen<'_>, operation: &Operation) -> Option<(String, u32, Vec<String>)> {
    let key = operation.endpoint.as_ref()?;
    let at = seen.map.endpoints.iter().find(|e| e.key == *key)?.evidence.first()?;
    let text = (seen.text)(&at.path)?;
    let lines: Vec<String> = text.lines().skip(at.line as usize - 1).take(25).map(ToOwned::to_owned).collect();
    Some((at.path.clone(), at.line, lines))
}

fn near(path: &str, line: u32, more: u32) -> Vec<(String, u32)> {
    (line.saturating_sub(3)..line + more).map(|l| (path.to_owned(), l)).collect()
}

/// A status that was looked at before the body is so no longer.
fn unchecked(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    const MARKS: &[(&str, &[&str])] = &[(".py", &[".raise_for_status()"]), (".cs", &["EnsureSuccessStatusCode();"])];
    for (interaction, operation) in calls(seen) {
        let path = &operation.at.path;
        let Some((_, marks)) = MARKS.iter().find(|(suffix, _)| path.ends_with(suffix)) else { continue };
        let Some((other, at, handler)) = answered(seen, operation) else { continue };
        let gives = ["404", "400", "NotFound", "BadRequest", "409", "500"];
        if !handler.iter().any(|l| gives.iter().any(|g| l.contains(g))) {
            continue;
        }
        let found = (operation.at.line..operation.at.line + 8).find(|l| {
            let line = seen.line(path, *l).unwrap_or_default();
            marks.iter().any(|m| line.trim_end().ends_with(m))
        });
        let Some(text) = found.and_then(|l| seen.without(path, l)) else { continue };
        let mut places = near(path, operation.at.line, 12);
        places.extend(near(&other, at, 25));
        out.push(Mutant {
            class: "status no longer looked at",
            rules: &["error-contract"],
            texts: vec![text],
            places,
            about: interaction.key.clone() + " " + &operation.operation,
        });
    }
}

/// "There is no such thing" is answered with another status than the caller looks for.
fn other_status(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let mentions = |text: &str| ["404", "NotFound", "NOT_FOUND"].iter().any(|m| text.contains(m));
    for (interaction, operation) in calls(seen) {
        let path = &operation.at.path;
        let own: Vec<u32> = (operation.at.line..operation.at.line + 14)
            .filter(|l| seen.line(path, *l).is_some_and(|t| mentions(&t) && (t.contains("==") || t.contains("catch"))))
            .collect();
        let Some(asked) = own.first() else { continue };
        let Some((other, at, handler)) = answered(seen, operation) else { continue };
        if other == *path || !handler.iter().any(|l| mentions(l)) {
            continue;
        }
        let Some(text) = (seen.text)(&other) else { continue };
        let changed = text
            .replace("404", "400")
            .replace("NOT_FOUND", "BAD_REQUEST")
            .replace("StatusNotFound", "StatusBadRequest")
            .replace("NotFound(", "BadRequest(")
            .replace("notFound(", "badRequest(");
        let mut places = near(path, *asked, 5);
        places.extend(near(&other, at, 25));
        out.push(Mutant {
            class: "another status than is looked for",
            rules: &["error-contract"],
            texts: vec![(other, changed)],
            places,
            about: interaction.key.clone() + " " + &operation.operation,
        });
    }
}

/// When a question fails, the same service is asked another one.
fn same_fate(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (interaction, operation) in calls(seen).filter(|(_, o)| o.operation.starts_with("GET ")) {
        let path = &operation.at.path;
        let other = interaction.operations.iter().find(|o| {
            o.at.path == *path
                && o.operation.starts_with("GET ")
                && o.operation != operation.operation
                && o.at.line != operation.at.line
        });
        let Some(other) = other else { continue };
        let (Some(line), Some(second)) = (seen.line(path, operation.at.line), seen.line(path, other.at.line)) else {
            continue;
        };
        let whole = |l: &str| {
            l.matches('(').count() == l.matches(')').count()
                && l.matches('{').count() == l.matches('}').count()
                && !l.trim_end().ends_with([',', '(', '=', '{', '>', '&', '+'])
        };
        let python = path.ends_with(".py");
        let ends = |l: &str| python || l.trim_end().ends_with(';');
        let starts = |l: &str| l.contains('=') && !l.contains("=>") || l.trim_start().starts_with("return ");
        if ![&line, &second].iter().all(|l| whole(l) && ends(l) && starts(l)) || path.ends_with(".go") {
            continue;
        }
        // An address that is put together elsewhere would be that of the first question once more.
        let says = |l: &str, o: &Operation| literal(&o.operation).is_some_and(|part| l.contains(part));
        if !says(&second, other) {
            continue;
        }
        let pad = indent(&line);
        let plain = |l: &str| {
            l.trim().trim_start_matches("const ").trim_start_matches("let ").trim_start_matches("var ").to_owned()
        };
        let new = if python {
            format!("{pad}try:\n{pad}    {}\n{pad}except Exception:\n{pad}    {}", plain(&line), plain(&second))
        } else {
            let caught = if path.ends_with(".cs") {
                "catch (Exception)"
            } else if path.ends_with(".java") {
                "catch (Exception e)"
            } else {
                "catch (e)"
            };
            format!("{pad}try {{\n{pad}    {}\n{pad}}} {caught} {{\n{pad}    {}\n{pad}}}", plain(&line), plain(&second))
        };
        let Some(text) = seen.replaced(path, operation.at.line, line.trim_end(), &new) else { continue };
        out.push(Mutant {
            class: "fallback to the same service",
            rules: &["fallback-same-fate"],
            texts: vec![text],
            places: near(path, operation.at.line, 8),
            about: interaction.key.clone() + " " + &operation.operation,
        });
    }
}

/// A list of statuses that are tried again, without 503.
fn forgotten_503(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (interaction, operation) in
        calls(seen).filter(|(_, o)| o.client == "requests" && o.operation.starts_with("GET "))
    {
        let path = &operation.at.path;
        let Some(text) = (seen.text)(path) else { continue };
        let adapter = "requests.adapters.HTTPAdapter(max_retries=Retry(total=3, backoff_factor=0.5, status_forcelist=[500, 502, 504]))";
        let text = format!(
            "from urllib3.util.retry import Retry\n{text}\nsession = requests.Session()\nsession.mount('http://', {adapter})\n"
        );
        let last = text.lines().count() as u32;
        out.push(Mutant {
            class: "503 is not tried again",
            rules: &["wrong-error-retried"],
            texts: vec![(path.clone(), text)],
            places: near(path, last, 2),
            about: interaction.key.clone(),
        });
    }
}

/// The line of the function around an operation, in Java.
fn method(seen: &Seen<'_>, operation: &Operation) -> Option<u32> {
    let name = operation.within.rsplit(['.', '#']).next().filter(|n| !n.is_empty())?;
    let text = (seen.text)(&operation.at.path)?;
    let lines: Vec<&str> = text.lines().collect();
    let last = (operation.at.line as usize).min(lines.len());
    let index = lines[..last].iter().rposition(|l| {
        let l = l.trim_start();
        (l.starts_with("public ") || l.starts_with("private ")) && l.contains(&format!(" {name}("))
    })?;
    Some(index as u32 + 1)
}

/// One breaker around calls to two services.
fn one_breaker(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let all: Vec<(&Interaction, &Operation)> = calls(seen).filter(|(_, o)| o.at.path.ends_with(".java")).collect();
    for (interaction, first) in &all {
        let second = all.iter().find(|(i, o)| {
            i.from == interaction.from
                && i.to > interaction.to
                && o.at.path == first.at.path
                && o.within != first.within
        });
        let Some((_, second)) = second else { continue };
        let (Some(a), Some(b)) = (method(seen, first), method(seen, second)) else { continue };
        let Some(text) = (seen.text)(&first.at.path) else { continue };
        let mut lines: Vec<String> = text.split('\n').map(ToOwned::to_owned).collect();
        for at in [a.max(b), a.min(b)] {
            lines.insert(at as usize - 1, "    @CircuitBreaker(name = \"everything\")".to_owned());
        }
        let Some(import) = lines.iter().position(|l| l.starts_with("import ")) else { continue };
        lines.insert(import, "import io.github.resilience4j.circuitbreaker.annotation.CircuitBreaker;".to_owned());
        let mut places = near(&first.at.path, a, 8);
        places.extend(near(&first.at.path, b, 8));
        places.extend(near(&first.at.path, first.at.line, 8));
        places.extend(near(&first.at.path, second.at.line, 8));
        out.push(Mutant {
            class: "one breaker for two services",
            rules: &["shared-breaker"],
            texts: vec![(first.at.path.clone(), lines.join("\n"))],
            places,
            about: format!("{} {}", first.operation, second.operation),
        });
    }
}

/// A lock that ends before the call that it guards.
fn short_lock(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (interaction, operation) in calls(seen).filter(|(_, o)| o.at.path.ends_with(".java")) {
        let timed = interaction.policies.iter().any(|p| p.kind == "timeout");
        let (Some(line), true) = (method(seen, operation), timed) else { continue };
        let annotation = "    @SchedulerLock(name = \"seeded\", lockAtMostFor = \"PT0.01S\")";
        let Some((path, text)) = seen.with(&operation.at.path, line, annotation) else { continue };
        let text = text.replace("PT0.01S", "10ms");
        out.push(Mutant {
            class: "lock shorter than its work",
            rules: &["lease-shorter-than-work"],
            texts: vec![(path.clone(), text)],
            places: near(&path, line, 4),
            about: interaction.key.clone() + " " + &operation.operation,
        });
    }
}

/// A call may take longer than anybody outside waits.
fn slow_calls(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (interaction, operation) in calls(seen).filter(|(_, o)| o.client == "requests") {
        let path = &operation.at.path;
        let Some(line) = seen.line(path, operation.at.line) else { continue };
        // Who is waited for by a caller inside is judged by that caller's timeout.
        let called = seen.map.interactions.iter().any(|i| i.to == interaction.from && i.kind == "http");
        if called || line.matches('(').count() != line.matches(')').count() {
            continue;
        }
        let new = match line.find("timeout=") {
            Some(at) => {
                let end = line[at..].find([',', ')']).map_or(line.len(), |e| at + e);
                format!("{}timeout=200{}", &line[..at], &line[end..])
            }
            None => {
                let Some(verb) = line.find("requests.") else { continue };
                let mut depth = 0;
                let close = line[verb..].char_indices().find(|(_, c)| {
                    depth += i32::from(*c == '(') - i32::from(*c == ')');
                    *c == ')' && depth == 0
                });
                let Some((close, _)) = close else { continue };
                format!("{}, timeout=200{}", &line[..verb + close], &line[verb + close..])
            }
        };
        let Some(text) = seen.replaced(path, operation.at.line, line.trim_end(), new.trim_end()) else { continue };
        out.push(Mutant {
            class: "call longer than the entry's deadline",
            rules: &["long-chain"],
            texts: vec![text],
            places: near(path, operation.at.line, 4),
            about: interaction.key.clone() + " " + &operation.operation,
        });
    }
}

/// A service writes a table of another one in the store that they share.
fn foreign_table(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let stores = || seen.map.interactions.iter().filter(|i| i.kind == "db");
    for own in stores() {
        for other in stores().filter(|o| o.to == own.to && o.from != own.from) {
            let Some(theirs) =
                other.operations.iter().find(|o| o.operation.len() > 2 && !o.operation.contains(['{', ' ']))
            else {
                continue;
            };
            let Some(mine) = own.operations.iter().find(|o| o.at.path.ends_with(".py") || o.at.path.ends_with(".go"))
            else {
                continue;
            };
            let Some(text) = (seen.text)(&mine.at.path) else { continue };
            let table = &theirs.operation;
            // A database's own name is no table.
            if !is_table(seen, &other.from, table) {
                continue;
            }
            let text = if mine.at.path.ends_with(".py") {
                format!(
                    "{text}\n\ndef seeded(cursor):\n    cursor.execute(\"UPDATE {table} SET seen = 1 WHERE id = %s\")\n"
                )
            } else {
                format!(
                    "{text}\n\nfunc seeded(db *sql.DB) {{\n\tdb.Exec(\"UPDATE {table} SET seen = 1 WHERE id = $1\")\n}}\n"
                )
            };
            let last = text.lines().count() as u32;
            let mut places = near(&mine.at.path, last, 2);
            places.push((theirs.at.path.clone(), theirs.at.line));
            out.push(Mutant {
                class: "another service's table written",
                rules: &["shared-table"],
                texts: vec![(mine.at.path.clone(), text)],
                places,
                about: format!("{} {} {table}", own.from, other.from),
            });
        }
    }
}

/// Whether a service's code says a name where a statement has a table.
fn is_table(seen: &Seen<'_>, service: &str, name: &str) -> bool {
    let Some(node) = seen.map.nodes.iter().find(|n| n.name == service) else { return false };
    let own = seen.paths.iter().filter(|p| node.roots.iter().any(|r| p.starts_with(&format!("{r}/"))));
    let says = |text: String| {
        let text = text.to_ascii_lowercase();
        ["from ", "into ", "update ", "table "]
            .iter()
            .any(|w| text.contains(&format!("{w}{}", name.to_ascii_lowercase())))
    };
    own.filter_map(|p| (seen.text)(p)).any(says)
}

/// A service says when to come back, and a caller that tries again does not look.
fn unheard_wish(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (interaction, operation) in calls(seen).filter(|(_, o)| o.at.path.ends_with(".py")) {
        let path = &operation.at.path;
        let Some((other, at, _)) = answered(seen, operation) else { continue };
        let Some(line) = seen.line(path, operation.at.line) else { continue };
        let whole = line.matches('(').count() == line.matches(')').count() && !line.trim_end().ends_with(':');
        if !whole || !other.ends_with(".py") || other == *path || !line.contains(" = ") {
            continue;
        }
        let pad = indent(&line);
        let looped = format!(
            "{pad}for attempt in range(5):\n{pad}    try:\n{pad}        {}\n{pad}        break\n{pad}    except Exception as error:\n{pad}        __import__('time').sleep(1)",
            line.trim()
        );
        let Some(text) = seen.replaced(path, operation.at.line, line.trim_end(), &looped) else { continue };
        let Some(callee) = (seen.text)(&other) else { continue };
        let callee = format!(
            "{callee}\n\ndef seeded(response):\n    response.headers[\"Retry-After\"] = \"30\"\n    return response\n"
        );
        let mut places = near(path, operation.at.line, 8);
        places.push((other.clone(), at));
        out.push(Mutant {
            class: "Retry-After that nobody reads",
            rules: &["backpressure-ignored"],
            texts: vec![text, (other, callee)],
            places,
            about: interaction.key.clone() + " " + &operation.operation,
        });
    }
}
