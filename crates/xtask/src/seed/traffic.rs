//! Defects of traffic: routes, methods and topics that no longer agree.

use super::mutant::{Class, Mutant, Seen};
use seam_engine::{Interaction, Operation, Place};

pub const CLASSES: &[Class] = &[
    moved_endpoint,
    moved_call,
    changed_endpoint_method,
    changed_call_method,
    renamed_publish,
    renamed_consume,
    cycle,
];

/// Calls with the place of the endpoint that answers them.
fn answered<'a>(seen: &'a Seen<'_>) -> Vec<(&'a Interaction, &'a Operation, &'a Place)> {
    let mut out = Vec::new();
    for interaction in seen.map.interactions.iter().filter(|i| i.kind == "http") {
        for operation in &interaction.operations {
            let Some(key) = &operation.endpoint else { continue };
            let Some(endpoint) = seen.map.endpoints.iter().find(|e| e.key == *key) else { continue };
            // A route that takes everything still answers.
            if endpoint.path.contains('*') || endpoint.method.is_none() {
                continue;
            }
            if let Some(place) = endpoint.evidence.first() {
                out.push((interaction, operation, place));
            }
        }
    }
    out
}

/// The last part of a path that is not a parameter.
fn literal(path: &str) -> Option<&str> {
    path.rsplit(['/', ' ']).find(|p| p.len() > 2 && !p.contains(['{', '}', '*', '?', ':', '$']))
}

fn places(a: &Place, b: &Place) -> Vec<(String, u32)> {
    vec![(a.path.clone(), a.line), (b.path.clone(), b.line)]
}

fn moved_endpoint(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (_, operation, endpoint) in answered(seen) {
        let Some(part) = literal(&operation.operation) else { continue };
        let Some(text) = seen.replaced(&endpoint.path, endpoint.line, part, &format!("{part}-moved")) else { continue };
        out.push(Mutant {
            class: "endpoint moved",
            rules: &["dangling-call", "undeclared-endpoint", "unserved-contract"],
            texts: vec![text],
            places: places(endpoint, &operation.at),
            about: operation.operation.clone(),
        });
    }
}

fn moved_call(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (_, operation, endpoint) in answered(seen) {
        let Some(part) = literal(&operation.operation) else { continue };
        for line in operation.at.line..operation.at.line + 3 {
            let Some(text) = seen.replaced(&operation.at.path, line, part, &format!("{part}-typo")) else { continue };
            out.push(Mutant {
                class: "call goes to another path",
                rules: &["dangling-call"],
                texts: vec![text],
                places: places(&operation.at, endpoint),
                about: operation.operation.clone(),
            });
            break;
        }
    }
}

const SERVED: &[(&str, &str)] = &[
    ("@GetMapping", "@PatchMapping"),
    ("@PostMapping", "@PatchMapping"),
    ("@PutMapping", "@PatchMapping"),
    ("@DeleteMapping", "@PatchMapping"),
    ("RequestMethod.GET", "RequestMethod.PATCH"),
    ("RequestMethod.POST", "RequestMethod.PATCH"),
    ("HttpGet", "HttpPatch"),
    ("HttpPost", "HttpPatch"),
    ("MapGet(", "MapPatch("),
    ("MapPost(", "MapPatch("),
    (".get(", ".patch("),
    (".post(", ".patch("),
    (".put(", ".patch("),
    (".delete(", ".patch("),
    (".GET(", ".PATCH("),
    (".POST(", ".PATCH("),
    (".Get(", ".Patch("),
    (".Post(", ".Patch("),
    ("\"GET\"", "\"PATCH\""),
    ("\"POST\"", "\"PATCH\""),
    ("'GET'", "'PATCH'"),
    ("'POST'", "'PATCH'"),
    ("http.MethodGet", "http.MethodPatch"),
    ("http.MethodPost", "http.MethodPatch"),
    ("@Get(", "@Patch("),
    ("@Post(", "@Patch("),
];

const CALLED: &[(&str, &str)] = &[
    ("requests.get(", "requests.patch("),
    ("requests.post(", "requests.patch("),
    ("client.get(", "client.patch("),
    ("client.post(", "client.patch("),
    ("axios.get(", "axios.patch("),
    ("axios.post(", "axios.patch("),
    ("HttpMethod.GET", "HttpMethod.PATCH"),
    ("HttpMethod.POST", "HttpMethod.PATCH"),
    ("HttpMethod.PUT", "HttpMethod.PATCH"),
    ("HttpMethod.DELETE", "HttpMethod.PATCH"),
    ("http.MethodGet", "http.MethodPatch"),
    ("http.MethodPost", "http.MethodPatch"),
    ("\"GET\"", "\"PATCH\""),
    ("\"POST\"", "\"PATCH\""),
    ("'GET'", "'PATCH'"),
    ("'POST'", "'PATCH'"),
    ("@GetMapping", "@PatchMapping"),
    ("@PostMapping", "@PatchMapping"),
    ("PostAsJsonAsync", "PatchAsJsonAsync"),
    ("PostAsync(", "PatchAsync("),
];

fn changed(seen: &Seen<'_>, place: &Place, table: &[(&str, &str)]) -> Option<(String, String)> {
    let lines = place.line..place.line + 4;
    lines.into_iter().find_map(|l| table.iter().find_map(|(from, to)| seen.replaced(&place.path, l, from, to)))
}

fn changed_endpoint_method(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (_, operation, endpoint) in answered(seen).into_iter().filter(|(_, o, _)| !o.operation.starts_with("PATCH")) {
        let Some(text) = changed(seen, &Place { ..endpoint.clone() }, SERVED) else { continue };
        out.push(Mutant {
            class: "endpoint's method changed",
            rules: &["dangling-call", "undeclared-endpoint", "unserved-contract"],
            texts: vec![text],
            places: places(endpoint, &operation.at),
            about: operation.operation.clone(),
        });
    }
}

fn changed_call_method(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    for (_, operation, endpoint) in answered(seen).into_iter().filter(|(_, o, _)| !o.operation.starts_with("PATCH")) {
        let Some(text) = changed(seen, &operation.at, CALLED) else { continue };
        out.push(Mutant {
            class: "call's method changed",
            rules: &["dangling-call"],
            texts: vec![text],
            places: places(&operation.at, endpoint),
            about: operation.operation.clone(),
        });
    }
}

fn renamed_topic(seen: &Seen<'_>, out: &mut Vec<Mutant>, kind: &str, class: &'static str) {
    let messages = |kind: &'static str| seen.map.interactions.iter().filter(move |i| i.kind == kind);
    for interaction in seen.map.interactions.iter().filter(|i| i.kind == kind) {
        for operation in interaction.operations.iter().filter(|o| o.operation.len() > 2) {
            let topic = operation.operation.split([' ', '/']).next_back().unwrap_or("");
            let other = if kind == "queue-publish" { "queue-consume" } else { "queue-publish" };
            let others: Vec<&Operation> =
                messages(if other == "queue-consume" { "queue-consume" } else { "queue-publish" })
                    .filter(|i| i.to == interaction.to)
                    .flat_map(|i| &i.operations)
                    .filter(|o| o.operation == operation.operation)
                    .collect();
            // With several on this side, one that is renamed leaves the others in agreement.
            let mine = messages(if kind == "queue-publish" { "queue-publish" } else { "queue-consume" })
                .flat_map(|i| &i.operations)
                .filter(|o| o.operation == operation.operation)
                .count();
            if others.is_empty() || mine > 1 {
                continue;
            }
            let shared = |path: &str| others.iter().any(|o| o.at.path == path);
            let candidates = std::iter::once(&operation.at).chain(&interaction.evidence);
            let Some((place, text)) = candidates
                .filter(|p| !shared(&p.path))
                .find_map(|p| seen.replaced(&p.path, p.line, topic, &format!("{topic}-renamed")).map(|text| (p, text)))
            else {
                continue;
            };
            let mut all = places(place, &operation.at);
            all.extend(others.iter().map(|o| (o.at.path.clone(), o.at.line)));
            let about = operation.operation.clone();
            out.push(Mutant { class, rules: &["lost-message"], texts: vec![text], places: all, about });
        }
    }
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
