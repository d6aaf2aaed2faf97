//! Defects of OpenAPI documents: a path that is declared under another name, an operation that is no longer declared.

use super::mutant::{Class, Mutant, Seen};
use seam_engine::Endpoint;

pub const CLASSES: &[Class] = &[renamed_path, removed_operation];

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// An operation as a document's lines show it: file, line of its path, line and name of its method, the path.
struct Declared {
    path: String,
    line: u32,
    method_line: u32,
    method: String,
    route: String,
}

/// A key at the start of a line, without quotes.
fn key(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let (key, _) = match line.strip_prefix(['"', '\'']) {
        Some(rest) => rest.split_once(['"', '\'']).filter(|(_, rest)| rest.trim_start().starts_with(':'))?,
        None => line.split_once(':')?,
    };
    Some(key)
}

fn declared(seen: &Seen<'_>) -> Vec<Declared> {
    let mut out = Vec::new();
    let endings = [".yaml", ".yml", ".json"];
    for path in seen.paths.iter().filter(|p| endings.iter().any(|e| p.ends_with(e))) {
        let Some(text) = (seen.text)(path) else { continue };
        if !text.lines().take(40).filter_map(key).any(|k| k == "openapi" || k == "swagger") {
            continue;
        }
        let mut route: Option<(u32, &str, usize)> = None;
        for (index, line) in text.lines().enumerate() {
            let Some(key) = key(line) else { continue };
            let depth = line.len() - line.trim_start().len();
            if key.starts_with('/') {
                route = Some((index as u32 + 1, key, depth));
            } else if let Some((at, name, outer)) = route {
                if depth <= outer {
                    route = None;
                } else if METHODS.contains(&key) {
                    out.push(Declared {
                        path: (*path).to_owned(),
                        line: at,
                        method_line: index as u32 + 1,
                        method: key.to_owned(),
                        route: name.to_owned(),
                    });
                }
            }
        }
    }
    out
}

/// The endpoint behind it, the nearest where several services have one like it.
fn endpoint<'a>(seen: &'a Seen<'_>, declared: &Declared) -> Option<&'a Endpoint> {
    let parts = |path: &str| -> Vec<String> {
        let part = |p: &str| if p.starts_with(['{', ':', '<']) { "{}".to_owned() } else { p.to_ascii_lowercase() };
        path.split('/').filter(|p| !p.is_empty()).map(part).collect()
    };
    let route = parts(&declared.route);
    let fits = |e: &&Endpoint| {
        let own = parts(&e.path);
        e.method.as_deref() == Some(declared.method.to_ascii_uppercase().as_str())
            && (own.ends_with(&route) || route.ends_with(&own))
            && own.iter().any(|p| p != "{}")
    };
    let common = |e: &&Endpoint| {
        let at = e.evidence.first().map(|p| p.path.as_str()).unwrap_or("");
        at.split('/').zip(declared.path.split('/')).take_while(|(a, b)| a == b).count()
    };
    seen.map.endpoints.iter().filter(fits).max_by_key(common)
}

/// Whether a document is the contract of the service that serves one of its operations: most of what it declares is served
/// there. What describes another system, or one that is not built yet, promises nothing of this one.
fn is_contract(seen: &Seen<'_>, all: &[Declared], path: &str, service: &str) -> bool {
    let own: Vec<&Declared> = all.iter().filter(|o| o.path == path).collect();
    let served = own.iter().filter(|o| endpoint(seen, o).is_some_and(|e| e.service == service)).count();
    served > 1 && served * 3 >= own.len() * 2
}

fn renamed_path(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let all = declared(seen);
    for one in &all {
        let Some(endpoint) = endpoint(seen, one) else { continue };
        if !is_contract(seen, &all, &one.path, &endpoint.service) {
            continue;
        }
        let Some(part) = one.route.rsplit('/').find(|p| p.len() > 2 && !p.contains('{')) else { continue };
        let Some(text) = seen.replaced(&one.path, one.line, part, &format!("{part}-renamed")) else { continue };
        let mut places = vec![(one.path.clone(), one.line)];
        places.extend(all.iter().filter(|o| o.line == one.line).map(|o| (o.path.clone(), o.method_line)));
        places.extend(endpoint.evidence.first().map(|p| (p.path.clone(), p.line)));
        out.push(Mutant {
            class: "path renamed in an OpenAPI document",
            rules: &["unserved-contract", "undeclared-endpoint", "contract-copy-drift"],
            texts: vec![text],
            places,
            about: one.route.clone(),
        });
    }
}

fn removed_operation(seen: &Seen<'_>, out: &mut Vec<Mutant>) {
    let all = declared(seen);
    for one in &all {
        let Some(endpoint) = endpoint(seen, one) else { continue };
        // Another document (another version, the same as JSON) declares it still.
        let twin = |o: &&Declared| o.path != one.path && o.method == one.method && o.route == one.route;
        if all.iter().any(|o| twin(&o)) || !is_contract(seen, &all, &one.path, &endpoint.service) {
            continue;
        }
        // What a document keeps under an extension's key, it does not declare.
        let new = format!("x-{}", one.method);
        let Some(text) = seen.replaced(&one.path, one.method_line, &one.method, &new) else { continue };
        let mut places = vec![(one.path.clone(), one.method_line)];
        places.extend(endpoint.evidence.first().map(|p| (p.path.clone(), p.line)));
        out.push(Mutant {
            class: "operation removed from an OpenAPI document",
            rules: &["undeclared-endpoint", "contract-copy-drift"],
            texts: vec![text],
            places,
            about: format!("{} {}", one.method, one.route),
        });
    }
}
