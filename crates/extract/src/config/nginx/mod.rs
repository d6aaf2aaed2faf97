//! nginx as reverse proxy. See `nginx.md`.

mod parse;

use super::secret;
use crate::{Extractor, File, Reads, Sink};
use parse::Directive;
use seam_facts::{Call, Claim, Constant, Lines, Policy, PolicyKind, Protocol, Route, SmolStr, Value, format_smolstr};
use std::collections::BTreeMap;

pub static EXTRACTOR: Extractor =
    Extractor { id: "nginx", version: 2, page: include_str!("nginx.md"), reads: Reads::Files { wants, extract } };

/// Endings of templates that become configuration when a container starts or a release is made.
const TEMPLATES: &[&str] = &[".template", ".tmpl", ".tpl", ".j2", ".erb", ".mustache", ".in", ".dist", ".sample"];

fn wants(file: &File<'_>) -> bool {
    let lower = file.name().to_ascii_lowercase();
    let name = TEMPLATES.iter().find_map(|t| lower.strip_suffix(t)).unwrap_or(&lower);
    let folder = file.folder().rsplit('/').next().unwrap_or("");
    name.ends_with(".conf")
        || name.ends_with(".nginx")
        || name.ends_with(".vhost")
        || name.starts_with("nginx") && !name.ends_with(".md")
        || matches!(folder, "sites-available" | "sites-enabled" | "conf.d")
        // Scripts that write the configuration before they start the server.
        || name.ends_with(".sh")
        || name.contains("entrypoint") && !name.contains('.')
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let forwards = ["_pass", "otel_exporter"].iter().any(|word| file.text.contains(word));
    if !forwards || file.name().ends_with(".yaml") || file.name().ends_with(".yml") {
        return;
    }
    let script = file.name().ends_with(".sh") || file.name().contains("entrypoint");
    let text = if script { embedded(file.text) } else { std::borrow::Cow::Borrowed(file.text) };
    let root = parse::parse(&text);
    let mut proxy = Proxy {
        lines: Lines::new(file.text),
        script: script.then_some(file.text),
        upstreams: BTreeMap::new(),
        variables: BTreeMap::new(),
    };
    proxy.collect(&root, 0);
    proxy.addresses(&root, 0, sink);
    proxy.walk(&root, &Scope::default(), 0, sink);
}

/// The text of a script with all but its nginx parts blanked, so that places stay. A part begins at a line that opens a
/// known block and ends where a here-document does.
fn embedded(text: &str) -> std::borrow::Cow<'_, str> {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        let word = trimmed.split_whitespace().next().unwrap_or("");
        if matches!(word, "location" | "server" | "upstream" | "http") && trimmed.ends_with('{') {
            inside = true;
        } else if trimmed.len() >= 3 && trimmed.chars().all(|c| c.is_ascii_uppercase()) {
            inside = false;
        }
        match inside {
            true => out.push_str(line),
            false => out.extend(line.bytes().map(|b| if b == b'\n' { '\n' } else { ' ' })),
        }
    }
    out.into()
}

#[derive(Clone, Debug, Default)]
struct Scope {
    /// The path of the innermost location.
    path: Option<SmolStr>,
    /// `stream` forwards connections, not requests.
    stream: bool,
    listen: Option<SmolStr>,
}

struct Proxy<'a> {
    lines: Lines,
    /// The whole script, when the configuration is written by one.
    script: Option<&'a str>,
    upstreams: BTreeMap<String, Vec<String>>,
    variables: BTreeMap<String, Vec<String>>,
}

/// `upstream NAME {`, also where a template's placeholder on a line of its own comes before it.
fn is_upstream(d: &Directive) -> bool {
    d.name() == "upstream" || d.name().starts_with("${") && d.args().first().is_some_and(|w| w == "upstream")
}

impl Proxy<'_> {
    /// Upstreams and variables; nginx resolves both over the whole configuration.
    fn collect(&mut self, directives: &[Directive], depth: usize) {
        for d in directives {
            match (d.name(), d.args()) {
                // A place that a template fills stands before it.
                ("upstream", [name, ..]) | (_, [_, name, ..]) if is_upstream(d) => {
                    let servers = d.block.iter().filter(|s| s.name() == "server").filter_map(|s| s.args().first());
                    self.upstreams.entry(name.clone()).or_default().extend(servers.cloned());
                }
                ("set", [name, value, ..]) => {
                    let name = name.trim_start_matches('$').trim_matches(['{', '}']);
                    let values = self.variables.entry(name.to_owned()).or_default();
                    if values.len() < 8 && !values.contains(value) {
                        values.push(value.clone());
                    }
                }
                // `map $host $backend { default http://a; b http://b; }`
                ("map", [_, name, ..]) => {
                    let name = name.trim_start_matches('$').to_owned();
                    let values = d.block.iter().filter_map(|e| e.args().first()).filter(|v| !v.is_empty()).cloned();
                    self.variables.entry(name).or_default().extend(values.take(8));
                }
                _ if depth < parse::MAX_DEPTH => self.collect(&d.block, depth + 1),
                _ => {}
            }
        }
    }

    fn walk(&self, directives: &[Directive], scope: &Scope, depth: usize, sink: &mut Sink) {
        let listen = directives.iter().find(|d| d.name() == "listen").and_then(|d| d.args().first());
        let scope = Scope { listen: listen.map(SmolStr::from).or_else(|| scope.listen.clone()), ..scope.clone() };
        for d in directives {
            self.directive(d, directives, &scope, sink);
            let inner = match d.name() {
                "location" => Scope { path: Some(location(d.args())), ..scope.clone() },
                "stream" => Scope { stream: true, ..scope.clone() },
                "upstream" => {
                    self.breaker(d, sink);
                    continue;
                }
                _ => scope.clone(),
            };
            if depth < parse::MAX_DEPTH {
                self.walk(&d.block, &inner, depth + 1, sink);
            }
        }
    }

    fn directive(&self, d: &Directive, siblings: &[Directive], scope: &Scope, sink: &mut Sink) {
        if d.name() == "otel_exporter" {
            self.telemetry(d, sink);
        }
        let Some(arg) = d.args().first() else { return };
        match d.name() {
            "proxy_pass" if scope.stream => self.route(Protocol::Tcp, arg, d, scope, sink),
            "proxy_pass" | "fastcgi_pass" | "uwsgi_pass" | "scgi_pass" => {
                self.route(Protocol::Http, arg, d, scope, sink);
            }
            "grpc_pass" => self.route(Protocol::Grpc, arg, d, scope, sink),
            "memcached_pass" | "redis_pass" => self.route(Protocol::Tcp, arg, d, scope, sink),
            "proxy_connect_timeout"
            | "proxy_read_timeout"
            | "grpc_read_timeout"
            | "fastcgi_read_timeout"
            | "uwsgi_read_timeout" => {
                let policy = self.policy(PolicyKind::Timeout, d, scope);
                let millis = Some(seconds(arg));
                sink.stated(Claim::Policy(Policy { millis, ..policy }), self.span(d));
            }
            "proxy_next_upstream" | "grpc_next_upstream" if arg != "off" => {
                let tries = siblings.iter().find(|s| s.name() == format!("{}_tries", d.name()));
                let attempts = tries.and_then(|t| t.args().first()).map(Value::text);
                let policy = self.policy(PolicyKind::Retry, d, scope);
                let detail = format_smolstr!("nginx {} {}", d.name(), d.args().join(" "));
                sink.stated(Claim::Policy(Policy { attempts, detail, ..policy }), self.span(d));
            }
            "limit_req" => {
                let policy = self.policy(PolicyKind::RateLimit, d, scope);
                let detail = format_smolstr!("nginx limit_req {}", d.args().join(" "));
                sink.stated(Claim::Policy(Policy { detail, ..policy }), self.span(d));
            }
            _ => {}
        }
    }

    /// `otel_exporter { endpoint collector:4317; }`
    fn telemetry(&self, exporter: &Directive, sink: &mut Sink) {
        for endpoint in exporter.block.iter().filter(|d| d.name() == "endpoint") {
            let call = Call::to(
                Protocol::Grpc,
                "nginx OpenTelemetry".into(),
                endpoint.args().first().map(|a| self.value(a, 4)).unwrap_or_default(),
                SmolStr::default(),
            );
            sink.stated(Claim::Call(call), self.span(endpoint));
        }
    }

    fn policy(&self, kind: PolicyKind, d: &Directive, scope: &Scope) -> Policy {
        let on = scope.path.clone().unwrap_or_else(|| "nginx".into());
        let detail = format_smolstr!("nginx {}", d.name());
        Policy { kind, on, attempts: None, millis: None, detail, within: SmolStr::default() }
    }

    fn span(&self, d: &Directive) -> seam_facts::Span {
        self.lines.span(d.start, d.end)
    }

    /// Variables that hold a whole address: where it is written is another line than where it is forwarded to.
    fn addresses(&self, directives: &[Directive], depth: usize, sink: &mut Sink) {
        for d in directives {
            match (d.name(), d.args()) {
                ("set", [name, value, ..]) if value.contains("://") && name.starts_with('$') => {
                    let value = secret::clean(self.value(value, 4));
                    // With its sign, so that no code's name is taken for it.
                    let symbol = SmolStr::from(name.as_str());
                    sink.stated(Claim::Constant(Constant { symbol, value }), self.span(d));
                }
                _ if depth < parse::MAX_DEPTH => self.addresses(&d.block, depth + 1, sink),
                _ => {}
            }
        }
    }

    fn route(&self, protocol: Protocol, target: &str, d: &Directive, scope: &Scope, sink: &mut Sink) {
        let path = match (&scope.path, &scope.listen) {
            (Some(path), _) => path.clone(),
            (None, Some(port)) if scope.stream => format_smolstr!(":{port}"),
            _ => "/*".into(),
        };
        for target in self.targets(target) {
            if target.starts_with("unix:") || target.contains("://unix:") {
                continue;
            }
            let target = secret::clean(self.value(&target, 4));
            let route = Route { protocol, path: self.value(&path, 4), target, via: None };
            sink.stated(Claim::Route(route), self.span(d));
        }
    }

    /// The addresses that a target stands for: the servers of an upstream of this file, or itself.
    fn targets(&self, target: &str) -> Vec<String> {
        // A variable that names an upstream, or holds a whole address.
        let known = target.strip_prefix('$').and_then(|name| self.variables.get(name));
        let targets: Vec<&str> = known.map(|v| v.iter().map(String::as_str).collect()).unwrap_or_else(|| vec![target]);
        let mut out = Vec::new();
        for target in targets {
            let (scheme, rest) = target.split_once("://").map_or(("", target), |(s, r)| (s, r));
            let end = rest.find(['/', '$']).unwrap_or(rest.len());
            let (host, path) = rest.split_at(end);
            match self.upstreams.get(host) {
                Some(servers) if !servers.is_empty() => {
                    let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
                    out.extend(servers.iter().take(16).map(|s| format!("{scheme}{s}{path}")));
                }
                // A name of this file alone, whose servers are filled in elsewhere: no host is called so.
                Some(_) => out.push(format!("${host}{path}")),
                _ => out.push(target.to_owned()),
            }
        }
        out
    }

    /// Text with variables: those set here are followed, names in capitals come from the environment when the template
    /// is filled, the rest is the request's and stays unknown.
    fn value(&self, text: &str, depth: usize) -> Value {
        let mut out = Value::default();
        let mut rest = text;
        while let Some(at) = rest.find(['$', '{']) {
            out.push_text(&rest[..at]);
            rest = &rest[at..];
            if let Some(inner) = rest.strip_prefix("{{") {
                let end = inner.find("}}").unwrap_or(inner.len());
                out.push(Value::opaque(inner[..end].trim()));
                rest = inner.get(end + 2..).unwrap_or("");
                continue;
            }
            let Some(inner) = rest.strip_prefix('$') else {
                out.push_text("{");
                rest = &rest[1..];
                continue;
            };
            let (name, after) = match inner.strip_prefix('{').and_then(|i| i.split_once('}')) {
                Some((name, after)) => (name, after),
                None => {
                    inner.split_at(inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len()))
                }
            };
            rest = after;
            match name {
                "" => out.push_text("$"),
                _ => out.push(self.variable(name, depth)),
            }
        }
        out.push_text(rest);
        out
    }

    fn variable(&self, name: &str, depth: usize) -> Value {
        if let (Some(values), true) = (self.variables.get(name), depth > 0) {
            return Value::either(values.iter().take(8).map(|v| self.value(v, depth - 1)));
        }
        // `${NAME:-default}` is the shell's.
        let (name, default) = match name.split_once(":-").or_else(|| name.split_once(":=")) {
            Some((name, default)) => (name, Some(Value::text(default))),
            None => (name, None),
        };
        let capitals = name.chars().any(|c| c.is_ascii_uppercase()) && !name.chars().any(|c| c.is_ascii_lowercase());
        match capitals {
            true => Value::env(name, default.or_else(|| self.script.and_then(|s| assigned(s, name)))),
            false => Value::opaque(format_smolstr!("${name}")),
        }
    }

    /// Passive health checks take a server out for a while.
    fn breaker(&self, upstream: &Directive, sink: &mut Sink) {
        let Some(name) = upstream.args().first() else { return };
        for server in upstream.block.iter().filter(|d| d.name() == "server") {
            let words: Vec<&str> = server
                .args()
                .iter()
                .map(String::as_str)
                .filter(|a| a.starts_with("max_fails=") || a.starts_with("fail_timeout="))
                .collect();
            if !words.is_empty() && !words.contains(&"max_fails=0") {
                let claim = Policy {
                    kind: PolicyKind::Breaker,
                    on: name.into(),
                    attempts: None,
                    millis: None,
                    detail: format_smolstr!("nginx {}", words.join(" ")),
                    within: SmolStr::default(),
                };
                sink.stated(Claim::Policy(claim), self.span(server));
            }
        }
    }
}

/// What a shell script assigns to a variable: `NAME="value"`, `NAME=${NAME:-value}`.
fn assigned(script: &str, name: &str) -> Option<Value> {
    let prefix = format!("{name}=");
    let inline = ["${NAME:=", "${NAME:-"].iter().find_map(|p| script.split_once(&p.replace("NAME", name)));
    if let Some((_, rest)) = inline {
        let value = rest.split_once('}')?.0;
        return (!value.contains('$')).then(|| Value::text(value));
    }
    let (_, rest) = script.split_once(&prefix)?;
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';')).unwrap_or(rest.len());
    let value = &rest[..end];
    let value = match value.strip_prefix("${").and_then(|v| v.strip_suffix('}')) {
        Some(inner) => inner.split_once(":-").or_else(|| inner.split_once(":="))?.1,
        None => value,
    };
    (!value.is_empty() && !value.contains('$')).then(|| Value::text(value))
}

/// What a location matches, as a path template: prefixes end with `*`, expressions are shortened to their fixed start.
fn location(args: &[String]) -> SmolStr {
    match args {
        [modifier, path, ..] if modifier == "=" => path.into(),
        [modifier, path, ..] if modifier == "^~" => format_smolstr!("{path}*"),
        [modifier, pattern, ..] if modifier.starts_with('~') => {
            let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
            let end = pattern.find(|c: char| "\\.[](){}*+?|$^".contains(c)).unwrap_or(pattern.len());
            match &pattern[..end] {
                start if start.starts_with('/') && start.len() > 1 => format_smolstr!("{start}*"),
                _ => format_smolstr!("~ {pattern}"),
            }
        }
        [path, ..] if path.starts_with('@') => path.into(),
        [path, ..] => format_smolstr!("{path}*"),
        [] => "/*".into(),
    }
}

/// nginx counts seconds where no unit is given.
fn seconds(text: &str) -> Value {
    match text.chars().all(|c| c.is_ascii_digit()) && !text.is_empty() {
        true => super::app::millis(&format!("{text}s")),
        false => super::app::millis(text),
    }
}
