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
    retried_twice,
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

/// Writes that a repetition does twice: the callee keeps something, sends messages or changes something elsewhere, and the
/// operation does not say that it only asks or takes away. What only computes bears any number of attempts.
pub fn lasting<'a>(seen: &'a Seen<'_>) -> impl Iterator<Item = (&'a Interaction, &'a Operation)> {
    writes(seen).filter(|(i, o)| keeps(seen, &i.to) && !asks(&o.operation) && !asks(&o.within) && !refuses(seen, o))
}

/// Whether the handler refuses what is there already: a repetition changes nothing.
fn refuses(seen: &Seen<'_>, operation: &Operation) -> bool {
    let Some(key) = &operation.endpoint else { return false };
    let Some(endpoint) = seen.map.endpoints.iter().find(|e| e.key == *key) else { return false };
    let Some(at) = endpoint.evidence.first() else { return false };
    let text = (seen.text)(&at.path).unwrap_or_default();
    let below = text.lines().skip(at.line as usize).take(40);
    let mut below = below.take_while(|l| !l.starts_with("@") && !l.starts_with("def "));
    let words = ["already exist", "already in use", "user_exists", "409", "conflict", "duplicate"];
    below.any(|l| words.iter().any(|w| l.to_ascii_lowercase().contains(&w.to_ascii_lowercase())))
}

/// Whether a service has a store of its own, or sends messages.
fn keeps(seen: &Seen<'_>, service: &str) -> bool {
    let lasts = |i: &&Interaction| matches!(i.kind.as_str(), "db" | "queue-publish");
    seen.map.interactions.iter().filter(|i| i.from == service).any(|i| lasts(&i))
}

fn asks(operation: &str) -> bool {
    const WORDS: [&str; 17] = [
        "get", "query", "find", "search", "list", "fetch", "load", "read", "check", "validate", "verify", "login",
        "remove", "delete", "left", "auth", "token",
    ];
    let last = operation.rsplit(['/', '.', '#']).find(|p| !p.is_empty() && !p.starts_with('{')).unwrap_or("");
    WORDS.iter().any(|w| last.to_ascii_lowercase().starts_with(w))
}

/// Clients whose own timeout is finite, as their documentation has it (`crates/detect/src/defaults.rs` names each source).
const FINITE: [&str; 6] = ["httpx", "aiohttp", "undici", "httpclient", "refit", "net::http"];

fn dropped_timeout(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for interaction in &seen.map.interactions {
        for policy in interaction.policies.iter().filter(|p| p.kind == "timeout" && !p.inferred) {
            let Some(line) = seen.line(&policy.at.path, policy.at.line) else { continue };
            let plain = line.trim_start().to_ascii_lowercase();
            // An option on a line of its own.
            let own = plain.starts_with("timeout:") && plain.trim_end().ends_with(',');
            let text = if own {
                seen.without(&policy.at.path, policy.at.line)
            } else {
                let Some(at) = line.find("timeout=") else { continue };
                let end = line[at..].find([',', ')']).map_or(line.len(), |e| at + e);
                let start = line[..at].trim_end_matches([' ', ',']).len();
                let first = start < at && line[..start].ends_with('(');
                seen.replaced(&policy.at.path, policy.at.line, &line[if first { at } else { start }..end], "")
            };
            let Some(text) = text else { continue };
            if !interaction.operations.iter().any(|o| retries::served(seen, interaction, o)) {
                continue;
            }
            // What gives up by itself does not wait for ever without the option.
            if FINITE.contains(&policy.on.to_ascii_lowercase().as_str())
                || interaction.operations.iter().any(|o| FINITE.contains(&o.client.to_ascii_lowercase().as_str()))
            {
                continue;
            }
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
    let calls: Vec<_> = if rules == UNSAFE { lasting(seen).collect() } else { writes(seen).collect() };
    for (interaction, operation) in calls.into_iter().filter(|(_, o)| o.at.path.ends_with(suffix)) {
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
    for (interaction, operation) in lasting(seen).filter(|(_, o)| o.client.contains("axios")) {
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

/// A mesh that tries a service again: the file beside the service's own.
fn mesh(seen: &Seen<'_>, to: &str) -> Option<(String, String)> {
    let node = seen.map.nodes.iter().find(|n| n.name == to)?;
    let beside = node.evidence.iter().find(|p| p.by == "kubernetes").map(|p| &p.path)?;
    let folder = beside.rsplit_once('/').map_or(String::new(), |(f, _)| format!("{f}/"));
    let text = format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: {to}\nspec:\n  hosts: [{to}]\n  http:\n    - route:\n        - destination: {{ host: {to} }}\n      retries:\n        attempts: 3\n        perTryTimeout: 2s\n        retryOn: 5xx,reset\n"
    );
    Some((format!("{folder}seeded-mesh.yaml"), text))
}

fn retried_mesh(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (interaction, operation) in lasting(seen) {
        let Some((path, text)) = mesh(seen, &interaction.to) else { continue };
        out.push(Mutant {
            class: "write retried by a mesh",
            rules: UNSAFE,
            texts: vec![(path.clone(), text)],
            places: (1..14)
                .map(|l| (path.clone(), l))
                .chain([(operation.at.path.clone(), operation.at.line)])
                .collect(),
            about: interaction.key.clone(),
        });
    }
}

/// The program tries again, and so does the mesh below it.
fn retried_twice(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let what = ("retried by program and mesh", ["layered-retries"].as_slice());
    let mut made = Vec::new();
    let wait = "@tenacity.retry(stop=tenacity.stop_after_attempt(4), wait=tenacity.wait_exponential_jitter())";
    decorated(seen, &mut made, what, ".py", python, ("import tenacity", wait));
    let import = "import org.springframework.retry.annotation.Retryable;";
    decorated(seen, &mut made, what, ".java", java, (import, "@Retryable(maxAttempts = 4)"));
    for mut mutant in made {
        let of = |i: &&Interaction| mutant.about.split(' ').next() == Some(i.key.as_str());
        let Some(interaction) = seen.map.interactions.iter().find(of) else { continue };
        let Some((path, text)) = mesh(seen, &interaction.to) else { continue };
        mutant.places.extend((1..14).map(|l| (path.clone(), l)));
        mutant.texts.push((path, text));
        out.push(mutant);
    }
}

/// nginx goes to the next server only where it has one: the route gets two, both of which are the service. Only where the
/// service behind it serves a request that changes something.
fn retried_nginx(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for interaction in seen.map.interactions.iter().filter(|i| i.kind == "http" && keeps(seen, &i.to)) {
        let changes = |e: &&seam_engine::Endpoint| {
            e.service == interaction.to && e.method.as_deref() == Some("POST") && !asks(&e.path)
        };
        if !seen.map.endpoints.iter().any(|e| changes(&e)) {
            continue;
        }
        for operation in &interaction.operations {
            let (path, number) = (&operation.at.path, operation.at.line);
            let Some(line) = seen.line(path, number) else { continue };
            let Some((_, target)) = line.split_once("proxy_pass").and_then(|(_, r)| r.split_once("http://")) else {
                continue;
            };
            let end = target.find(['/', ';']).unwrap_or(target.len());
            let (host, rest) = (&target[..end], target[end..].split(';').next().unwrap_or_default());
            // A variable is not looked up among the upstreams here.
            if host.contains('$') || line.contains("http://$") {
                continue;
            }
            let text = (seen.text)(path).unwrap_or_default();
            let mut lines: Vec<String> = text.split('\n').map(ToOwned::to_owned).collect();
            let pad = indent(&line);
            lines[number as usize - 1] = format!(
                "{pad}proxy_pass http://seeded{rest};\n{pad}proxy_next_upstream error timeout http_503 non_idempotent;"
            );
            let known = lines.iter().position(|l| l.trim_start().starts_with(&format!("upstream {host}")));
            let top = lines.iter().position(|l| l.trim_start().starts_with("server") && l.contains('{')).unwrap_or(0);
            if let Some(known) = known {
                // It has its servers already; it needs another one.
                lines[number as usize - 1] = lines[number as usize - 1].replace("//seeded", &format!("//{host}"));
                let Some(server) = (known..lines.len()).find(|i| lines[*i].trim_start().starts_with("server ")) else {
                    continue;
                };
                lines[server] = format!("{} {}", lines[server], lines[server].trim().replace(';', " backup;"));
            } else {
                lines[top] =
                    format!("upstream seeded {{ server {host}; server {host} backup; }} {}", lines[top].trim_start());
            }
            out.push(Mutant {
                class: "write retried by a proxy",
                rules: UNSAFE,
                texts: vec![(path.clone(), lines.join("\n"))],
                places: vec![(path.clone(), number), (path.clone(), number + 1)],
                about: format!("{} {}", interaction.key, line.trim()),
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

/// Whether a file is of a service that takes messages of which none may be lost: measurements may be.
fn consumes(seen: &Seen<'_>, path: &str) -> bool {
    let of = |n: &&seam_engine::Node| n.roots.iter().any(|r| r.is_empty() || path.starts_with(&format!("{r}/")));
    let takes = |name: &str| seen.map.interactions.iter().any(|i| i.from == name && i.kind == "queue-consume");
    let lossy = ["statistic", "metric", "analytic", "telemetry", "monitor"].iter().any(|w| path.contains(w));
    !lossy && seen.map.nodes.iter().filter(of).any(|n| takes(&n.name))
}

fn auto_ack(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for path in seen.paths.iter().filter(|p| consumes(seen, p)) {
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
