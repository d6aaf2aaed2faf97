//! Defects of traffic: routes, methods and topics that no longer agree.

use super::mutant::{Class, Mutant, Seen, word};
use seam_engine::{Endpoint, Interaction, Operation, Place};

pub const CLASSES: &[Class] = &[
    moved_endpoint,
    renamed_endpoint,
    moved_call,
    renamed_call,
    changed_endpoint_method,
    changed_call_method,
    renamed_publish,
    renamed_consume,
    cycle,
];

/// Calls with the place of the endpoint that answers them, as far as nothing else would answer instead.
fn answered<'a>(seen: &'a Seen<'_>) -> Vec<(&'a Interaction, &'a Operation, &'a Place)> {
    let mut out = Vec::new();
    // What only drives load is no part of the system.
    let ours = |name: &str| {
        seen.map.nodes.iter().any(|n| n.name == name && matches!(n.kind.as_str(), "service" | "gateway" | "frontend"))
    };
    for interaction in seen.map.interactions.iter().filter(|i| i.kind == "http" && ours(&i.from)) {
        // What a proxy forwards is a prefix, and no call.
        for operation in interaction.operations.iter().filter(|o| o.at.says.starts_with("call ")) {
            let Some(key) = &operation.endpoint else { continue };
            let Some(endpoint) = seen.map.endpoints.iter().find(|e| e.key == *key) else { continue };
            // A route that takes everything still answers.
            if endpoint.path.contains('*') || endpoint.method.is_none() || is_side_door(&operation.operation) {
                continue;
            }
            // What forwards may have the path from somebody else.
            let forwards = |i: &Interaction| {
                i.from == endpoint.service && i.operations.iter().any(|o| o.at.says.starts_with("route "))
            };
            if seen.map.interactions.iter().any(forwards) {
                continue;
            }
            // So does another one, written or served by a framework, that fits as well.
            let others = seen.map.endpoints.iter().filter(|e| e.service == endpoint.service && e.key != *key);
            if others.into_iter().any(|e| answers(e, &operation.operation)) {
                continue;
            }
            // What a framework serves beside the handler stays when the handler goes.
            if let [place, more @ ..] = endpoint.evidence.as_slice()
                && more.iter().all(|p| p.path == place.path)
            {
                out.push((interaction, operation, place));
            }
        }
    }
    out
}

/// Whether an endpoint would answer an operation (`GET /orders/{id}`).
fn answers(endpoint: &Endpoint, operation: &str) -> bool {
    let (method, path) = operation.split_once(' ').unwrap_or(("", operation));
    let parts = |p: &str| p.split('/').filter(|p| !p.is_empty()).map(str::to_lowercase).collect::<Vec<_>>();
    let open = |p: &str| p.contains(['{', ':', '<', '$']);
    let (own, call) = (parts(&endpoint.path), parts(path));
    let same = |(o, c): (&String, &String)| o == c || open(o) || open(c);
    let below = own.iter().position(|p| p.contains('*'));
    let fits = match below {
        Some(star) => call.len() >= star && own[..star].iter().zip(&call).all(same),
        None => own.len() == call.len() && own.iter().zip(&call).all(same),
    };
    fits && (method.is_empty() || endpoint.method.as_deref().is_none_or(|m| m == method))
}

/// Health and figures: frameworks, sidecars and proxies serve them without anybody writing a handler, so that nobody can
/// say from code alone that such a call goes unanswered.
fn is_side_door(operation: &str) -> bool {
    let path = operation.split_once(' ').map_or(operation, |(_, p)| p).to_lowercase();
    ["health", "ready", "live", "ping", "status", "metrics", "actuator"]
        .iter()
        .any(|w| path.split('/').any(|p| p.trim_start_matches('_').starts_with(w)))
}

/// The last part of a path that is not a parameter.
pub fn literal(operation: &str) -> Option<&str> {
    let path = operation.split_once(' ').map_or(operation, |(_, p)| p);
    path.rsplit('/').find(|p| p.len() > 2 && !p.contains(['{', '}', '*', '?', ':', '$']))
}

fn places(a: &Place, b: &Place) -> Vec<(String, u32)> {
    vec![(a.path.clone(), a.line), (b.path.clone(), b.line)]
}

/// The place of an endpoint, and those of all its callers: each of them is the other side.
fn callers(seen: &Seen<'_>, endpoint: &Place, operation: &Operation) -> Vec<(String, u32)> {
    let all = seen.map.interactions.iter().flat_map(|i| &i.operations).filter(|o| o.endpoint == operation.endpoint);
    let mut out = places(endpoint, &operation.at);
    out.extend(all.map(|o| (o.at.path.clone(), o.at.line)));
    out
}

fn moved_endpoint(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    endpoint_to(seen, out, "endpoint moved", |part| format!("{part}-moved"));
}

/// Another word altogether, with nothing left of the old one.
fn renamed_endpoint(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    endpoint_to(seen, out, "endpoint renamed", |_| "dispatch".to_owned());
}

fn endpoint_to(seen: &Seen<'_>, out: &mut Vec<Mutant>, class: &'static str, new: fn(&str) -> String) {
    for (_, operation, endpoint) in answered(seen) {
        let Some(part) = literal(&operation.operation) else { continue };
        let Some(text) = with_part(seen, endpoint, part, &new(part)) else { continue };
        out.push(Mutant {
            class,
            rules: &["dangling-call", "undeclared-endpoint", "unserved-contract"],
            texts: vec![text],
            places: callers(seen, endpoint, operation),
            about: operation.operation.clone(),
        });
    }
}

/// The file with another part of a path at a place; a variable or function of the same name stays.
fn with_part(seen: &Seen<'_>, place: &Place, part: &str, new: &str) -> Option<(String, String)> {
    let plain = seen.line(&place.path, place.line)?;
    let at = in_path(&plain, part).or_else(|| alone(&plain, part))?;
    let changed = format!("{}{new}{}", &plain[..at], &plain[at + part.len()..]);
    seen.replaced(&place.path, place.line, plain.trim_start(), changed.trim_start())
}

fn moved_call(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    call_to(seen, out, "call goes to another path", |part| format!("{part}-typo"));
}

fn renamed_call(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    call_to(seen, out, "call goes to an unknown path", |_| "dispatch".to_owned());
}

fn call_to(seen: &Seen<'_>, out: &mut Vec<Mutant>, class: &'static str, new: fn(&str) -> String) {
    for (_, operation, endpoint) in answered(seen) {
        let Some(part) = literal(&operation.operation) else { continue };
        // The path may be put together some lines before it is asked for.
        let (first, last) = (operation.at.line.saturating_sub(4).max(1), operation.at.line + 3);
        let here = (operation.at.line..last).chain((first..operation.at.line).rev());
        for line in here {
            let plain = seen.line(&operation.at.path, line).unwrap_or_default();
            // What stands above may be the route that the call is made in.
            if line < operation.at.line && !is_made_there(&plain) {
                continue;
            }
            let Some(at) = in_path(&plain, part).or_else(|| alone(&plain, part)) else { continue };
            let changed = format!("{}{}{}", &plain[..at], new(part), &plain[at + part.len()..]);
            let whole = (plain.trim_start(), changed.trim_start());
            let Some(text) = seen.replaced(&operation.at.path, line, whole.0, whole.1) else { continue };
            let mut places = places(&operation.at, endpoint);
            places.push((operation.at.path.clone(), line));
            out.push(Mutant {
                class,
                rules: &["dangling-call"],
                texts: vec![text],
                places,
                about: operation.operation.clone(),
            });
            break;
        }
    }
}

/// Whether a line gives a name to something: an address, say.
fn is_made_there(line: &str) -> bool {
    let line = line.trim_start();
    line.contains('=') && line.contains(['"', '\'', '`']) && !line.starts_with(['@', '[', '#', '/', '*', ')', '}'])
}

/// Where a word stands in a text and is no part of a host's name; elsewhere it is a name that the compiler knows.
fn alone(line: &str, part: &str) -> Option<usize> {
    let quoted = |at: &usize| line[..*at].matches(['"', '\'', '`']).count() % 2 == 1;
    let whole = |at: &usize| {
        let part_of = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !part_of(line[..*at].chars().next_back()) && !part_of(line[*at + part.len()..].chars().next())
    };
    let at = line.match_indices(part).map(|(at, _)| at).filter(whole).find(quoted)?;
    let (before, after) = (&line[..at], &line[at + part.len()..]);
    (!before.ends_with("//") && !before.ends_with('-') && !after.starts_with(['-', '.', ':'])).then_some(at)
}

/// Where a word is a whole part of a path; the same word may stand in the host before it.
fn in_path(line: &str, part: &str) -> Option<usize> {
    let all = line.match_indices(part).map(|(at, _)| at).filter(|at| line[..*at].ends_with('/'));
    let ends = |at: &usize| {
        let next = line[at + part.len()..].chars().next();
        next.is_none_or(|c| !c.is_alphanumeric() && !"-_.:".contains(c))
    };
    all.filter(ends).last()
}

/// How endpoints say their method, in many languages; `GET` stands for each method, in the case that is shown.
const SERVED: &[&str] = &[
    "@GetMapping",
    "RequestMethod.GET",
    "HttpGet",
    "MapGet(",
    ".get(",
    ".GET(",
    ".Get(",
    "\"GET\"",
    "'GET'",
    "http.MethodGet",
    "@Get(",
    "@GET",
    "Methods(http.MethodGet",
    "::get(",
    "get \"",
    "get '",
];

const CALLED: &[&str] = &[
    "requests.get(",
    "client.get(",
    "session.get(",
    "axios.get(",
    "HttpMethod.GET",
    "http.MethodGet",
    "\"GET\"",
    "'GET'",
    "@GetMapping",
    "GetAsJsonAsync",
    "GetAsync(",
    "[Get(",
    "@GET",
    "@Get(",
    ".get(",
];

/// The method of an operation on one of the lines, changed to `PATCH`.
fn changed(seen: &Seen<'_>, place: &Place, method: &str, table: &[&str]) -> Option<(String, String)> {
    let (lower, upper) = (method.to_lowercase(), method.to_uppercase());
    let first: String = lower.chars().take(1).flat_map(char::to_uppercase).chain(lower.chars().skip(1)).collect();
    let of = |text: &str, upper: &str, first: &str, lower: &str| {
        text.replace("GET", upper).replace("Get", first).replace("get", lower)
    };
    (place.line..place.line + 4).find_map(|line| {
        table.iter().find_map(|text| {
            let from = of(text, &upper, &first, &lower);
            seen.replaced(&place.path, line, &from, &of(text, "PATCH", "Patch", "patch"))
        })
    })
}

/// Answered calls with the method that they have; what is changed becomes `PATCH`.
fn with_method<'a>(seen: &'a Seen<'_>) -> Vec<(&'a Operation, &'a Place, &'a str)> {
    let of = |(_, o, e): (&'a Interaction, &'a Operation, &'a Place)| Some((o, e, o.operation.split_once(' ')?.0));
    answered(seen).into_iter().filter_map(of).filter(|(_, _, method)| *method != "PATCH").collect()
}

fn changed_endpoint_method(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (operation, endpoint, method) in with_method(seen) {
        let Some(text) = changed(seen, endpoint, method, SERVED) else { continue };
        out.push(Mutant {
            class: "endpoint's method changed",
            rules: &["dangling-call", "undeclared-endpoint", "unserved-contract"],
            texts: vec![text],
            places: callers(seen, endpoint, operation),
            about: operation.operation.clone(),
        });
    }
}

fn changed_call_method(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (operation, endpoint, method) in with_method(seen) {
        let Some(text) = changed(seen, &operation.at, method, CALLED) else { continue };
        out.push(Mutant {
            class: "call's method changed",
            rules: &["dangling-call"],
            texts: vec![text],
            places: places(&operation.at, endpoint),
            about: operation.operation.clone(),
        });
    }
}

/// The parts of what is sent or taken: exchange, routing key, queue, component.
fn topics(operation: &str) -> impl Iterator<Item = &str> {
    operation.split([' ', '/']).filter(|p| p.len() > 2 && !p.contains(['{', '*', '#']))
}

fn renamed_topic(seen: &Seen<'_>, out: &mut Vec<Mutant>, kind: &str, class: &'static str) {
    let messages = |publishes: bool| {
        let kind = if publishes { "queue-publish" } else { "queue-consume" };
        seen.map.interactions.iter().filter(move |i| i.kind == kind)
    };
    let publishes = kind == "queue-publish";
    for interaction in messages(publishes) {
        for operation in &interaction.operations {
            for topic in topics(&operation.operation) {
                // What all on this broker have in common is its exchange or component, and no topic.
                let of_broker = |p: bool| messages(p).filter(|i| i.to == interaction.to).flat_map(|i| &i.operations);
                let has = |o: &&Operation| topics(&o.operation).any(|t| t == topic);
                let mine: Vec<&Operation> = of_broker(publishes).collect();
                let others: Vec<&Operation> = of_broker(!publishes).filter(has).collect();
                let all = mine.len() > 1 && mine.iter().all(has);
                // With several on this side, one that is renamed leaves the others in agreement.
                if others.is_empty() || all || messages(publishes).flat_map(|i| &i.operations).filter(has).count() > 1 {
                    continue;
                }
                let shared = |path: &str| others.iter().any(|o| o.at.path == path);
                let places = std::iter::once(&operation.at).chain(&interaction.evidence);
                let written = |p: &&Place| {
                    let plain = [".yaml", ".yml", ".properties", ".toml", ".env"].iter().any(|e| p.path.ends_with(e));
                    let line = seen.line(&p.path, p.line).unwrap_or_default();
                    let at = word(&line, topic).unwrap_or_default();
                    // A part of a longer name (`${shop.orders-queue}`) is no topic.
                    let rest = line[at..].strip_prefix(topic).unwrap_or_default();
                    if line[..at].ends_with(['-', '.', '{']) || rest.starts_with(['-', '.']) {
                        return false;
                    }
                    // A component's own name is no topic.
                    !line.trim_start().starts_with("name:") && plain
                        || line[..at].matches(['"', '\'', '`']).count() % 2 == 1
                };
                let renamed = || {
                    places.filter(|p| !shared(&p.path)).filter(written).find_map(|p| {
                        let text = seen.replaced(&p.path, p.line, topic, &format!("{topic}-renamed"))?;
                        Some((p.clone(), vec![text]))
                    })
                };
                let all = || Some((operation.at.clone(), renamed_type(seen, &interaction.from, topic, &others)?));
                let Some((place, texts)) = renamed().or_else(all) else { continue };
                let mut all = self::places(&place, &operation.at);
                all.extend(others.iter().map(|o| (o.at.path.clone(), o.at.line)));
                let about = operation.operation.clone();
                out.push(Mutant { class, rules: &["lost-message"], texts, places: all, about });
                break;
            }
        }
    }
}

/// A message that goes by the name of its type, which this service has for itself: renamed in all its code.
fn renamed_type(seen: &Seen<'_>, service: &str, name: &str, others: &[&Operation]) -> Option<Vec<(String, String)>> {
    let node = seen.map.nodes.iter().find(|n| n.name == service)?;
    let code = |p: &str| [".cs", ".java", ".kt"].iter().any(|e| p.ends_with(e));
    let below = |p: &str| node.roots.iter().any(|r| p.starts_with(&format!("{r}/")));
    if others.iter().any(|o| below(&o.at.path)) || !name.chars().all(char::is_alphanumeric) {
        return None;
    }
    let (mut texts, mut declared) = (Vec::new(), false);
    for path in seen.paths.iter().filter(|p| code(p)) {
        let Some(text) = (seen.text)(path).filter(|t| word(t, name).is_some()) else { continue };
        let declares = ["class", "record", "interface"].iter().any(|w| text.contains(&format!("{w} {name}")));
        if !below(path) {
            continue;
        }
        declared |= declares;
        let mut new = text;
        let mut from = 0;
        while let Some(at) = word(&new[from..], name) {
            let at = from + at;
            new.insert_str(at + name.len(), "Renamed");
            from = at + name.len();
        }
        texts.push(((*path).to_owned(), new));
    }
    declared.then_some(texts)
}

fn renamed_publish(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    renamed_topic(seen, out, "queue-publish", "topic renamed at the publisher");
}

fn renamed_consume(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    renamed_topic(seen, out, "queue-consume", "topic renamed at the consumer");
}

/// The callee calls back.
fn cycle(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (interaction, _, endpoint) in answered(seen) {
        let caller_answers = seen.map.endpoints.iter().find(|e| {
            e.service == interaction.from && e.method.as_deref() == Some("GET") && !e.path.contains(['{', '*', '<'])
        });
        let Some(back) = caller_answers else { continue };
        let url = format!("http://{}:8080{}", interaction.from, back.path);
        let Some(text) = (seen.text)(&endpoint.path) else { continue };
        let new = if endpoint.path.ends_with(".py") {
            format!("{text}\n\ndef seeded():\n    import requests\n    return requests.get(\"{url}\")\n")
        } else if endpoint.path.ends_with(".js") {
            format!(
                "{text}\nasync function seeded() {{\n  return require('axios').get('{url}');\n}}\nmodule.exports.seeded = seeded;\n"
            )
        } else {
            continue;
        };
        let line = text.lines().count() as u32 + 4;
        out.push(Mutant {
            class: "callee calls back",
            rules: &["call-cycle"],
            texts: vec![(endpoint.path.clone(), new)],
            places: vec![(endpoint.path.clone(), line), (endpoint.path.clone(), endpoint.line)],
            about: format!("{} {}", interaction.from, interaction.to),
        });
    }
}
