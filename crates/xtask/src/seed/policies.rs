//! Defects of resilience: timeouts that vanish, retries around what must not be repeated, acknowledgements that come early.

use super::messages;
use super::mutant::{Class, Mutant, Seen, indent};
use super::retries;
use seam_engine::{Interaction, Operation};

pub const CLASSES: &[Class] = &[
    dropped_timeout,
    retried_python,
    retried_for_ever,
    retried_java,
    retried_axios,
    retried_mesh,
    retried_nginx,
    retries::looped_for_ever,
    retries::looped_at_once,
    retries::at_once_python,
    retries::refused_java,
    retries::refused_mesh,
    retries::key_remade,
    retries::key_unread,
    auto_ack,
    messages::positional_ack,
    messages::inserted_twice,
    messages::dropped_column,
    messages::renamed_column,
    messages::dropped_table,
    messages::required_column,
];

pub fn writes<'a>(seen: &'a Seen<'_>) -> impl Iterator<Item = (&'a Interaction, &'a Operation)> {
    let calls = seen.map.interactions.iter().filter(|i| i.kind == "http");
    calls.flat_map(|i| i.operations.iter().filter(|o| o.operation.starts_with("POST ")).map(move |o| (i, o)))
}

fn dropped_timeout(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for interaction in &seen.map.interactions {
        for policy in interaction.policies.iter().filter(|p| p.kind == "timeout" && !p.inferred) {
            let Some(line) = seen.line(&policy.at.path, policy.at.line) else { continue };
            let Some(at) = line.find("timeout=") else { continue };
            let end = line[at..].find([',', ')']).map_or(line.len(), |e| at + e);
            let start = line[..at].trim_end_matches([' ', ',']).len();
            let (from, to) = if start < at && line[..start].ends_with('(') {
                (line[at..end].to_owned(), String::new())
            } else {
                (line[start..end].to_owned(), String::new())
            };
            let Some(text) = seen.replaced(&policy.at.path, policy.at.line, &from, &to) else { continue };
            let mut places = vec![(policy.at.path.clone(), policy.at.line)];
            places.extend(interaction.operations.iter().map(|o| (o.at.path.clone(), o.at.line)));
            out.push(Mutant {
                class: "timeout dropped",
                rules: &["missing-timeout", "timeout-inversion"],
                texts: vec![text],
                places,
                about: interaction.key.clone(),
            });
        }
    }
}

/// The line of the function that an operation stands in, and its name.
pub fn function(seen: &Seen<'_>, operation: &Operation, starts: fn(&str, &str) -> bool) -> Option<(u32, String)> {
    let name = operation.within.rsplit(['.', '#']).next().filter(|n| !n.is_empty())?;
    let text = (seen.text)(&operation.at.path)?;
    let lines: Vec<&str> = text.lines().collect();
    let last = (operation.at.line as usize).min(lines.len());
    let index = lines[..last].iter().rposition(|l| starts(l.trim_start(), name))?;
    Some((index as u32 + 1, lines[index].to_owned()))
}

pub fn decorated(
    seen: &Seen<'_>,
    out: &mut Vec<Mutant>,
    (class, rules): (&'static str, &'static [&'static str]),
    suffix: &str,
    starts: fn(&str, &str) -> bool,
    (import, decorator): (&str, &str),
) {
    for (interaction, operation) in writes(seen).filter(|(_, o)| o.at.path.ends_with(suffix)) {
        let Some((line, text)) = function(seen, operation, starts) else { continue };
        let Some((path, edited)) = seen.with(&operation.at.path, line, &format!("{}{decorator}", indent(&text))) else {
            continue;
        };
        // Java's package line stays first.
        let edited = match edited.find("\nimport ").filter(|_| suffix == ".java") {
            Some(at) => format!("{}\n{import}{}", &edited[..at], &edited[at..]),
            None if suffix == ".py" => format!("{import}\n{edited}"),
            None => continue,
        };
        out.push(Mutant {
            class,
            rules,
            texts: vec![(path, edited)],
            places: (operation.at.line..operation.at.line + 3)
                .chain(line..line + 3)
                .map(|l| (operation.at.path.clone(), l))
                .collect(),
            about: interaction.key.clone() + " " + &operation.operation,
        });
    }
}

pub fn python(line: &str, name: &str) -> bool {
    line.starts_with(&format!("def {name}(")) || line.starts_with(&format!("async def {name}("))
}

pub fn java(line: &str, name: &str) -> bool {
    line.starts_with("public ") && line.contains(&format!(" {name}("))
}

const UNSAFE: &[&str] = &["unsafe-retry"];

fn retried_python(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let wait = "@tenacity.retry(stop=tenacity.stop_after_attempt(4), wait=tenacity.wait_exponential_jitter())";
    decorated(seen, out, ("write retried (Python)", UNSAFE), ".py", python, ("import tenacity", wait));
}

fn retried_for_ever(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let rules = &["unbounded-retry"];
    decorated(seen, out, ("retried for ever", rules), ".py", python, ("import tenacity", "@tenacity.retry"));
}

fn retried_java(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let import = "import org.springframework.retry.annotation.Retryable;";
    let annotation = "@Retryable(maxAttempts = 4)";
    decorated(seen, out, ("write retried (Java)", UNSAFE), ".java", java, (import, annotation));
}

fn retried_axios(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (interaction, operation) in writes(seen).filter(|(_, o)| o.client.contains("axios")) {
        let Some(text) = (seen.text)(&operation.at.path) else { continue };
        let Some(index) = text.lines().position(|l| l.contains("require('axios')") || l.contains("from 'axios'"))
        else {
            continue;
        };
        let new = "require('axios-retry').default(axios, { retries: 3, retryCondition: () => true });";
        let Some(text) = seen.with(&operation.at.path, index as u32 + 2, new) else { continue };
        out.push(Mutant {
            class: "write retried (axios)",
            rules: UNSAFE,
            texts: vec![text],
            places: vec![
                (operation.at.path.clone(), operation.at.line + 1),
                (operation.at.path.clone(), index as u32 + 2),
            ],
            about: interaction.key.clone() + " " + &operation.operation,
        });
    }
}

fn retried_mesh(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let kubernetes = |name: &str| {
        let node = seen.map.nodes.iter().find(|n| n.name == name)?;
        node.evidence.iter().find(|p| p.by == "kubernetes").map(|p| p.path.clone())
    };
    for (interaction, operation) in writes(seen) {
        let Some(beside) = kubernetes(&interaction.to) else { continue };
        let folder = beside.rsplit_once('/').map_or(String::new(), |(f, _)| format!("{f}/"));
        let path = format!("{folder}seeded-mesh.yaml");
        let to = &interaction.to;
        let text = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: {to}\nspec:\n  hosts: [{to}]\n  http:\n    - route:\n        - destination: {{ host: {to} }}\n      retries:\n        attempts: 3\n        perTryTimeout: 2s\n        retryOn: 5xx,reset\n"
        );
        out.push(Mutant {
            class: "write retried by a mesh",
            rules: &["layered-retries", "unsafe-retry"],
            texts: vec![(path.clone(), text)],
            places: (1..14)
                .map(|l| (path.clone(), l))
                .chain([(operation.at.path.clone(), operation.at.line)])
                .collect(),
            about: interaction.key.clone(),
        });
    }
}

fn retried_nginx(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for path in seen.paths.iter().filter(|p| p.contains("nginx") || p.ends_with(".conf")) {
        let Some(text) = (seen.text)(path) else { continue };
        for (index, line) in text.lines().enumerate().filter(|(_, l)| l.trim_start().starts_with("proxy_pass ")) {
            let number = index as u32 + 1;
            let new = format!("{}proxy_next_upstream error timeout http_503 non_idempotent;", indent(line));
            let Some(text) = seen.with(path, number, &new) else { continue };
            out.push(Mutant {
                class: "write retried by a proxy",
                rules: &["layered-retries", "unsafe-retry"],
                texts: vec![text],
                places: vec![((*path).to_owned(), number), ((*path).to_owned(), number + 1)],
                about: line.trim().to_owned(),
            });
        }
    }
}

const ACKNOWLEDGED: &[(&str, &str)] = &[
    ("auto_ack=False", "auto_ack=True"),
    ("autoAck: false", "autoAck: true"),
    ("noAck: false", "noAck: true"),
    ("EnableAutoCommit = false", "EnableAutoCommit = true"),
    ("enable.auto.commit=false", "enable.auto.commit=true"),
    ("enable_auto_commit=False", "enable_auto_commit=True"),
];

fn auto_ack(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for path in seen.paths {
        let Some(text) = (seen.text)(path) else { continue };
        for (from, to) in ACKNOWLEDGED {
            for (index, line) in text.lines().enumerate().filter(|(_, l)| l.contains(from)) {
                let number = index as u32 + 1;
                let Some(new) = seen.replaced(path, number, from, to) else { continue };
                out.push(Mutant {
                    class: "acknowledged before the work",
                    rules: &["ack-before-effect"],
                    texts: vec![new],
                    places: (number.saturating_sub(2)..number + 3).map(|l| ((*path).to_owned(), l)).collect(),
                    about: line.trim().to_owned(),
                });
            }
        }
        if path.ends_with(".py") {
            for (index, line) in text.lines().enumerate().filter(|(_, l)| l.contains("basic_consume(")) {
                let number = index as u32 + 1;
                if line.contains("auto_ack") || !text.contains("basic_ack") {
                    continue;
                }
                let Some(new) = seen.replaced(path, number, "basic_consume(", "basic_consume(auto_ack=True, ") else {
                    continue;
                };
                out.push(Mutant {
                    class: "acknowledged before the work",
                    rules: &["ack-before-effect"],
                    texts: vec![new],
                    places: vec![((*path).to_owned(), number)],
                    about: line.trim().to_owned(),
                });
            }
        }
    }
}
