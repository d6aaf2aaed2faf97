//! Routes that a script gives to a gateway through its admin API: `curl …/apisix/admin/routes/1 -d '{…}'` of APISIX,
//! `curl …:8001/services -d name=… -d url=…` of Kong.
//!
//! Invariant: only what sends a body is a change, and a target that the text does not say in full makes no route.

use super::commands::Call;
use super::eval::Shell;
use super::options::{Options, Rules, pair};
use crate::config::json;
use crate::config::tree::Node;
use crate::{Sink, config::secret};
use seam_facts::{Claim, Protocol, Route, SmolStr, Span, Value, format_smolstr};
use std::collections::BTreeMap;

/// What later commands refer to: targets of services and upstreams by kind and name.
#[derive(Default)]
pub(super) struct Known {
    targets: BTreeMap<(SmolStr, SmolStr), Vec<SmolStr>>,
}

const CURL: Rules = Rules {
    alone: &[
        "--silent",
        "--show-error",
        "--include",
        "--fail",
        "--fail-with-body",
        "--insecure",
        "--verbose",
        "--location",
        "--compressed",
        "--retry-connrefused",
    ],
    letters: "sSifkvLgGINOqna",
    many: false,
    first: false,
};

const DATA: &[&str] = &["-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json"];
const FORM: &[&str] = &["-F", "--form", "--form-string"];

pub(super) fn curl(shell: &mut Shell<'_>, call: &Call<'_>) {
    let options = Options::parse(call.words, &CURL);
    let url = options.operands.iter().chain(options.get(&["--url"])).find(|u| u.to_string().contains('/'));
    let Some(url) = url.map(Value::to_string) else { return };
    let method = options.get(&["-X", "--request"]).and_then(Value::as_text);
    if method.is_some_and(|m| matches!(m.as_str(), "GET" | "DELETE" | "HEAD")) {
        return;
    }
    let (gateway, path) = match url.split_once("/apisix/admin/") {
        Some((_, path)) => (Gateway::Apisix, path),
        None if administers_kong(&url) => match path_of(&url) {
            Some(path) => (Gateway::Kong, path),
            None => return,
        },
        None => return,
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let parts: Vec<SmolStr> = path.split('/').filter(|p| !p.is_empty()).map(SmolStr::from).collect();
    let body = body(shell, &options);
    match gateway {
        Gateway::Apisix => apisix(shell, &parts, &body, call.at),
        Gateway::Kong => kong(shell, &parts, &body, call.at),
    }
}

#[derive(Clone, Copy)]
enum Gateway {
    Apisix,
    Kong,
}

/// Kong listens for its administrator on 8001 and 8444.
fn administers_kong(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or("");
    let named = host.to_ascii_lowercase();
    host.ends_with(":8001")
        || host.ends_with(":8444")
        || named.contains("kong") && (named.contains("admin") || named.ends_with("_url}"))
}

fn path_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once('/').map(|(_, path)| path)
}

/// What is sent, as a tree of JSON; fields of a form are its members.
struct Body {
    root: Option<Node>,
    fields: Vec<(SmolStr, SmolStr)>,
}

impl Body {
    /// The texts at a path of keys; a form writes it with dots, and lists with brackets.
    fn texts(&self, keys: &[&str]) -> Vec<SmolStr> {
        let dotted = keys.join(".");
        let field = |k: &str| k.strip_suffix("[]").unwrap_or(k) == dotted;
        let mut out: Vec<SmolStr> = self.fields.iter().filter(|(k, _)| field(k)).map(|(_, v)| v.clone()).collect();
        let mut node = self.root.as_ref();
        for key in keys {
            node = node.and_then(|n| n.get(key));
        }
        if let Some(node) = node {
            out.extend(node.text().cloned());
            out.extend(node.items().filter_map(|i| i.text().cloned()));
        }
        out.retain(|t| !t.is_empty() && !t.contains("${"));
        out
    }

    fn text(&self, keys: &[&str]) -> Option<SmolStr> {
        self.texts(keys).into_iter().next()
    }

    fn node(&self, key: &str) -> Option<&Node> {
        self.root.as_ref()?.get(key)
    }
}

fn body(shell: &mut Shell<'_>, options: &Options) -> Body {
    let mut body = Body { root: None, fields: Vec::new() };
    let document = shell.document.take();
    let sent: Vec<Value> = options.all(DATA).chain(options.all(FORM)).map(|(v, _)| v.clone()).collect();
    for value in sent {
        let text = value.to_string();
        let text = match (text.as_str(), &document) {
            ("@-" | "@/dev/stdin", Some(document)) => shell.filled(document).to_string(),
            _ => text,
        };
        if text.trim_start().starts_with('{') {
            // Whether it is JSON is the gateway's affair; broken text says nothing here.
            let mut aside = Sink::default();
            body.root = body.root.or_else(|| json::document(&text, &mut aside));
        } else if let Some((key, value)) = pair(&value) {
            body.fields.push((key, value.to_string().into()));
        }
    }
    body
}

fn apisix(shell: &mut Shell<'_>, parts: &[SmolStr], body: &Body, at: Span) {
    let [kind, rest @ ..] = parts else { return };
    let kind = kind.as_str();
    let id = rest.first().cloned().or_else(|| body.text(&["id"]));
    let mut targets = upstream(body.node("upstream").or(body.root.as_ref().filter(|_| kind == "upstreams")));
    for (key, named) in [("upstream_id", "upstreams"), ("service_id", "services")] {
        let asked = body.text(&[key]).and_then(|id| shell.admin.targets.get(&(named.into(), id)));
        targets.extend(asked.into_iter().flatten().cloned());
    }
    match (kind, id) {
        ("upstreams" | "services", Some(id)) => {
            shell.admin.targets.insert((kind.into(), id), targets);
        }
        ("routes", _) => {
            let mut paths = body.texts(&["uri"]);
            paths.extend(body.texts(&["uris"]));
            state(shell, "apisix", "apache/apisix", &paths, &targets, at);
        }
        _ => {}
    }
}

/// The nodes of an upstream: a map or a list of them, or a name that a registry knows.
fn upstream(upstream: Option<&Node>) -> Vec<SmolStr> {
    let Some(upstream) = upstream else { return Vec::new() };
    let scheme = upstream.text_at(&["scheme"]).map(SmolStr::as_str).unwrap_or("http");
    let mut out: Vec<SmolStr> = Vec::new();
    if let Some(nodes) = upstream.get("nodes") {
        out.extend(nodes.entries().map(|(key, _)| format_smolstr!("{scheme}://{}", key.text)));
        for node in nodes.items() {
            let Some(host) = node.text_at(&["host"]) else { continue };
            let port = node.text_at(&["port"]).map(|p| format!(":{p}")).unwrap_or_default();
            out.push(format_smolstr!("{scheme}://{host}{port}"));
        }
    }
    if let Some(name) = upstream.text_at(&["service_name"]) {
        // Kubernetes: `namespace/name:port`.
        let name = name.rsplit('/').next().unwrap_or(name);
        let registry = upstream.text_at(&["discovery_type"]).map(SmolStr::as_str).unwrap_or("");
        let scheme = if matches!(registry, "dns" | "kubernetes") { scheme } else { "lb" };
        out.push(format_smolstr!("{scheme}://{name}"));
    }
    out.retain(|t| !t.contains("${"));
    out
}

fn kong(shell: &mut Shell<'_>, parts: &[SmolStr], body: &Body, at: Span) {
    let words: Vec<&str> = parts.iter().map(SmolStr::as_str).collect();
    let target = || -> Vec<SmolStr> {
        if let Some(url) = body.text(&["url"]) {
            return vec![url];
        }
        let Some(host) = body.text(&["host"]) else { return Vec::new() };
        let behind = shell.admin.targets.get(&("upstreams".into(), host.clone()));
        let scheme = body.text(&["protocol"]).unwrap_or_else(|| "http".into());
        let port = body.text(&["port"]).map(|p| format!(":{p}")).unwrap_or_default();
        behind.cloned().unwrap_or_else(|| vec![format_smolstr!("{scheme}://{host}{port}")])
    };
    match words.as_slice() {
        ["services"] | ["services", _] => {
            let name = parts.get(1).cloned().or_else(|| body.text(&["name"]));
            let found = target();
            if let (Some(name), false) = (name, found.is_empty()) {
                shell.admin.targets.insert(("services".into(), name), found);
            }
        }
        ["upstreams", name, "targets"] => {
            let key = ("upstreams".into(), SmolStr::from(*name));
            if let Some(target) = body.text(&["target"]) {
                shell.admin.targets.entry(key).or_default().push(format_smolstr!("http://{target}"));
            }
        }
        ["services", name, "routes"] | ["services", name, "routes", _] => forwarded(shell, name, body, at),
        ["routes"] | ["routes", _] => {
            let named = body.text(&["service", "name"]).or_else(|| body.text(&["service", "id"]));
            if let Some(name) = named {
                forwarded(shell, &name, body, at);
            }
        }
        _ => {}
    }
}

fn forwarded(shell: &mut Shell<'_>, service: &str, body: &Body, at: Span) {
    let Some(targets) = shell.admin.targets.get(&("services".into(), service.into())).cloned() else { return };
    let paths: Vec<SmolStr> = body.texts(&["paths"]).iter().map(|p| format_smolstr!("{p}*")).collect();
    let paths = if paths.is_empty() { vec!["/*".into()] } else { paths };
    state(shell, "kong", "kong", &paths, &targets, at);
}

/// The gateway, and its routes.
fn state(shell: &mut Shell<'_>, gateway: &str, image: &str, paths: &[SmolStr], targets: &[SmolStr], at: Span) {
    if paths.is_empty() || targets.is_empty() {
        return;
    }
    if let Some(service) = shell.found.service(&Value::text(gateway), at) {
        service.image.get_or_insert_with(|| Value::text(image));
    }
    for path in paths {
        for target in targets {
            let route = Route {
                protocol: Protocol::Http,
                path: Value::text(path.clone()),
                target: secret::clean(Value::text(target.clone())),
                via: Some(gateway.into()),
            };
            shell.sink.stated(Claim::Route(route), at);
        }
    }
}
