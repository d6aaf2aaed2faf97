//! HAProxy: frontends joined with backends and their servers.

use super::{place, policy, route, text, words};
use crate::config::app::millis;
use crate::{File, Sink};
use seam_facts::{PolicyKind, Protocol, SmolStr, Span, Value, format_smolstr};
use std::collections::BTreeMap;

pub(super) fn wants(file: &File<'_>) -> bool {
    let name = super::plain_name(file);
    name.contains("haproxy") && !name.ends_with(".md") || name.ends_with(".cfg")
}

#[derive(Debug, Default)]
struct Section {
    name: String,
    /// `defaults`, `frontend`, `backend`, `listen`.
    kind: String,
    tcp: Option<bool>,
    bind: Option<String>,
    /// ACL name to the path that it wants.
    acls: BTreeMap<String, SmolStr>,
    /// Backend, condition, place.
    uses: Vec<(String, Vec<String>, Span)>,
    servers: Vec<(String, Span)>,
}

/// Servers and rules kept of one section.
const MAX_LINES: usize = 200;

pub(super) fn extract(file: &File<'_>, sink: &mut Sink) {
    if !["backend ", "listen ", "default_backend"].iter().any(|word| file.text.contains(word)) {
        return;
    }
    let mut sections: Vec<Section> = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let all = words(line);
        let words: Vec<&str> = all.iter().map(String::as_str).collect();
        let at = place(number, line);
        if let [
            kind @ ("global" | "defaults" | "frontend" | "backend" | "listen" | "resolvers" | "userlist"),
            rest @ ..,
        ] = words.as_slice()
        {
            let name = rest.first().unwrap_or(kind);
            sections.push(Section { name: (*name).into(), kind: (*kind).into(), ..Section::default() });
        } else if let Some(section) = sections.last_mut() {
            directive(section, &words, at, sink);
        }
    }
    let default_tcp = sections.iter().rfind(|s| s.kind == "defaults").and_then(|s| s.tcp).unwrap_or(false);
    let backends: BTreeMap<&str, &Section> = sections.iter().map(|s| (s.name.as_str(), s)).collect();
    for section in sections.iter().filter(|s| matches!(s.kind.as_str(), "frontend" | "listen")) {
        let tcp = section.tcp.unwrap_or(default_tcp);
        let protocol = if tcp { Protocol::Tcp } else { Protocol::Http };
        let all = match (&section.bind, tcp) {
            (Some(bind), true) => format_smolstr!(":{}", bind.rsplit(':').next().unwrap_or(bind)),
            _ => "/*".into(),
        };
        for (server, at) in &section.servers {
            forward(protocol, &all, server, *at, sink);
        }
        for (backend, condition, at) in &section.uses {
            let path = condition.iter().find_map(|name| section.acls.get(name)).unwrap_or(&all);
            for (server, _) in backends.get(backend.as_str()).map(|b| b.servers.as_slice()).unwrap_or_default() {
                forward(protocol, path, server, *at, sink);
            }
        }
    }
}

fn directive(section: &mut Section, words: &[&str], at: Span, sink: &mut Sink) {
    match words {
        ["mode", mode, ..] => section.tcp = Some(*mode == "tcp"),
        ["bind", address, ..] => section.bind = Some((*address).into()),
        ["acl", name, "path_beg" | "path_dir", rest @ ..] => {
            if let Some(path) = rest.iter().find(|w| w.starts_with('/')) {
                section.acls.insert((*name).into(), format_smolstr!("{path}*"));
            }
        }
        ["acl", name, "path", rest @ ..] => {
            if let Some(path) = rest.iter().find(|w| w.starts_with('/')) {
                section.acls.insert((*name).into(), (*path).into());
            }
        }
        ["use_backend", backend, condition @ ..] if section.uses.len() < MAX_LINES => {
            // An anonymous condition: `if { path_beg /api }`.
            if let Some(at) = condition.iter().position(|w| *w == "path_beg")
                && let Some(path) = condition[at..].iter().find(|w| w.starts_with('/'))
            {
                section.acls.insert((*path).into(), format_smolstr!("{path}*"));
            }
            let condition = condition.iter().map(|w| (*w).to_owned()).collect();
            section.uses.push(((*backend).into(), condition, at));
        }
        ["default_backend", backend, ..] => section.uses.push(((*backend).into(), Vec::new(), at)),
        ["server", _, address, ..] | ["server-template", _, _, address, ..] if section.servers.len() < MAX_LINES => {
            section.servers.push(((*address).into(), at));
        }
        ["timeout", what @ ("connect" | "server" | "tunnel"), wait, ..] => {
            let detail = format!("HAProxy timeout {what}");
            policy(PolicyKind::Timeout, &section.name, None, Some(millis(wait)), &detail, at, sink);
        }
        ["retries", retries, ..] => {
            let attempts = retries.parse::<u32>().ok().map(|n| Value::text(n.saturating_add(1).to_string()));
            policy(PolicyKind::Retry, &section.name, attempts, None, "HAProxy retries", at, sink);
        }
        _ => {}
    }
}

fn forward(protocol: Protocol, path: &SmolStr, server: &str, at: Span, sink: &mut Sink) {
    let server = ["ipv4@", "ipv6@"].iter().find_map(|p| server.strip_prefix(p)).unwrap_or(server);
    if server.starts_with("unix@") || server.starts_with('/') {
        return;
    }
    let scheme = if protocol == Protocol::Http { "http://" } else { "" };
    route(protocol, Value::text(path.clone()), Value::text(scheme).then(text(server)), at, sink);
}
