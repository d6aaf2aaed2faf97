//! Apache httpd: `ProxyPass`, `ProxyPassMatch`, proxying rewrites, balancers.

use super::{place, policy, protocol, route, text, words};
use crate::config::app::millis;
use crate::{File, Sink};
use seam_facts::{Hole, Part, PolicyKind, SmolStr, Value, format_smolstr};
use std::collections::BTreeMap;

pub(super) fn wants(file: &File<'_>) -> bool {
    let name = super::plain_name(file);
    name.ends_with(".conf") || name.ends_with(".vhost") || name == ".htaccess" || name.ends_with(".apache")
}

pub(super) fn extract(file: &File<'_>, sink: &mut Sink) {
    if !["ProxyPass", "proxypass", "[P"].iter().any(|word| file.text.contains(word)) {
        return;
    }
    let mut defined: BTreeMap<String, String> = BTreeMap::new();
    let mut balancers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut balancer = None;
    for line in file.text.lines() {
        let words = words(line.trim().trim_end_matches('>'));
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["Define", name, value] => drop(defined.insert((*name).into(), (*value).into())),
            ["<Proxy", name, ..] => {
                balancer = name.strip_prefix("balancer://").map(|n| n.trim_end_matches('/').to_owned())
            }
            ["</Proxy"] => balancer = None,
            ["BalancerMember", url, ..] => {
                if let Some(name) = &balancer {
                    balancers.entry(name.clone()).or_default().push((*url).to_owned());
                }
            }
            _ => {}
        }
    }
    let httpd = Httpd { defined, balancers };
    let mut location: Vec<SmolStr> = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let all = words(line.trim());
        let words: Vec<&str> = all.iter().map(String::as_str).collect();
        let at = place(number, line);
        let Some(name) = words.first().map(|w| w.to_ascii_lowercase()) else { continue };
        match (name.as_str(), &words[1..]) {
            ("<location" | "<locationmatch", [.., path]) => {
                let path = path.trim_end_matches('>');
                if location.len() < 16 {
                    location.push(if name == "<location" { prefix(path) } else { expression(path) });
                }
            }
            ("</location>" | "</locationmatch>", _) => drop(location.pop()),
            ("proxypass" | "proxypassmatch", args) => {
                let (path, url, rest) = match (location.last(), args) {
                    (Some(path), [url, rest @ ..]) if url.contains("://") => (path.clone(), *url, rest),
                    (_, [path, url, rest @ ..]) if name == "proxypass" => (prefix(path), *url, rest),
                    (_, [path, url, rest @ ..]) => (expression(path), *url, rest),
                    _ => continue,
                };
                // `!` takes a path out.
                if url == "!" || url.starts_with("unix:") {
                    continue;
                }
                for target in httpd.targets(url) {
                    route(protocol(&target), httpd.value(&path), httpd.value(&target), at, sink);
                }
                for parameter in rest {
                    if let Some(seconds) = parameter.strip_prefix("timeout=") {
                        let wait = Some(millis(&format!("{seconds}s")));
                        policy(PolicyKind::Timeout, &path, None, wait, "Apache ProxyPass timeout", at, sink);
                    }
                }
            }
            // `[P]` passes the rewritten address on.
            ("rewriterule", [pattern, url, flags]) if flags.trim_matches(['[', ']']).split(',').any(|f| f == "P") => {
                for target in httpd.targets(url) {
                    route(protocol(&target), httpd.value(&expression(pattern)), httpd.value(&target), at, sink);
                }
            }
            ("proxytimeout", [seconds, ..]) => {
                let wait = Some(millis(&format!("{seconds}s")));
                policy(PolicyKind::Timeout, "apache", None, wait, "Apache ProxyTimeout", at, sink);
            }
            _ => {}
        }
    }
}

struct Httpd {
    defined: BTreeMap<String, String>,
    balancers: BTreeMap<String, Vec<String>>,
}

impl Httpd {
    fn targets(&self, url: &str) -> Vec<String> {
        let Some(rest) = url.strip_prefix("balancer://") else { return vec![url.to_owned()] };
        let (name, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        match self.balancers.get(name) {
            Some(members) => members.iter().take(16).map(|m| format!("{}{path}", m.trim_end_matches('/'))).collect(),
            None => vec![url.to_owned()],
        }
    }

    /// `${NAME}` is what `Define` says, or the environment's.
    fn value(&self, raw: &str) -> Value {
        let mut out = Value::default();
        for part in text(raw).parts {
            match part {
                Part::Hole(Hole::Env { name, .. }) if self.defined.contains_key(name.as_str()) => {
                    out.push(text(&self.defined[name.as_str()]));
                }
                // `$1` of a rewrite.
                Part::Hole(Hole::Env { name, .. }) if name.chars().all(|c| c.is_ascii_digit()) => {
                    out.push(Value::opaque(format_smolstr!("${name}")));
                }
                Part::Text(text) => out.push_text(&text),
                hole => out.parts.push(hole),
            }
        }
        out
    }
}

fn prefix(path: &str) -> SmolStr {
    format_smolstr!("{path}*")
}

/// The fixed start of an expression.
fn expression(pattern: &str) -> SmolStr {
    let fixed = pattern.trim_start_matches('^');
    let end = fixed.find(|c: char| "\\.[](){}*+?|$^".contains(c)).unwrap_or(fixed.len());
    let slash = if fixed.starts_with('/') { "" } else { "/" };
    format_smolstr!("{slash}{}*", &fixed[..end])
}
