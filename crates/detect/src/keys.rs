//! Settings as rules compare them: who sets a key for which service, who reads it, and what an address in it names.

use crate::Cx;
use seam_facts::SmolStr;
use seam_graph::{Graph, NodeKind, ReadOf, SettingOf};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Settings and reads of one node, by squashed key (`Stock__Url`, `stock.url` and `STOCK_URL` are one key to frameworks).
#[derive(Default)]
pub struct Keys<'a> {
    pub set: BTreeMap<String, Vec<&'a SettingOf>>,
    pub read: BTreeMap<String, Vec<&'a ReadOf>>,
    /// Keys that values of the service's own configuration refer to (`url: ${DB_URL}`).
    referred: BTreeSet<String>,
}

/// The keys of every node.
pub fn by_node(graph: &Graph) -> Vec<Keys<'_>> {
    let mut out: Vec<Keys<'_>> = graph.nodes.iter().map(|_| Keys::default()).collect();
    for setting in &graph.settings {
        let keys = &mut out[setting.node];
        keys.set.entry(squash(&setting.key)).or_default().push(setting);
        if !is_deployed(setting) {
            for hole in ["${env:", "${config:"] {
                let holes = setting.value.match_indices(hole).map(|(at, hole)| &setting.value[at + hole.len()..]);
                // `STOCK_URL=${STOCK_URL}` hands on what nothing reads yet.
                let named = holes.map(|h| squash(h.split(['|', '}']).next().unwrap_or_default()));
                keys.referred.extend(named.filter(|name| *name != squash(&setting.key)));
            }
        }
    }
    for read in &graph.reads {
        out[read.node].read.entry(squash(&read.key)).or_default().push(read);
    }
    out
}

impl Keys<'_> {
    /// Whether code reads a key under this name, or a part of it under which frameworks bind (`Urls__Basket` is read as the
    /// section `Urls`).
    pub fn is_read(&self, key: &str) -> bool {
        let whole = squash(key);
        if self.read.contains_key(&whole) || self.referred.contains(&whole) {
            return true;
        }
        let sections = ["__", ".", ":"].iter().flat_map(|s| key.match_indices(s)).map(|(at, _)| squash(&key[..at]));
        sections.into_iter().any(|s| self.read.contains_key(&s))
    }
}

impl Keys<'_> {
    /// Whether code reads a key, where it is known to read another one of the same section by its name: then the section is not
    /// bound as a whole.
    pub fn is_read_beside(&self, key: &str, other: &str) -> bool {
        let section = |k: &str| ["__", ".", ":"].iter().filter_map(|s| k.rfind(s)).max().map(|at| squash(&k[..at]));
        let exact = || self.read.contains_key(&squash(key)) || self.referred.contains(&squash(key));
        match section(other) {
            Some(own) if section(key).as_ref() == Some(&own) => exact(),
            _ => self.is_read(key),
        }
    }

    /// Whether anything sets a key; a section that is bound as a whole is set by any key below it.
    pub fn is_given(&self, key: &str) -> bool {
        let whole = squash(key);
        self.set.contains_key(&whole)
            || self.set.keys().any(|k| k.starts_with(&whole) && k.len() > whole.len() && key.contains(['.', ':']))
    }

    /// Whether the file of a setting sets another key as well.
    pub fn sets_in(&self, key: &str, beside: &SettingOf) -> bool {
        self.set.get(&squash(key)).is_some_and(|sets| sets.iter().any(|s| s.at.path == beside.at.path))
    }
}

/// Places (file and line) that prove something in the graph: a setting that stands there is used. What is only inferred
/// from a setting does not say that anybody reads it.
pub fn proving(graph: &Graph) -> HashSet<(&SmolStr, u32)> {
    let guessed = |e: &&seam_graph::Edge| e.details.iter().all(|d| d.client.starts_with("the only "));
    of(graph, |e| !guessed(&e))
}

/// Those of them that prove what is stated: code names the very key. A setting that only tells which store is meant need not
/// be read under its name.
pub(crate) fn stating(graph: &Graph) -> HashSet<(&SmolStr, u32)> {
    of(graph, |e| e.certainty == seam_graph::Certainty::Stated)
}

fn of(graph: &Graph, wanted: impl Fn(&seam_graph::Edge) -> bool) -> HashSet<(&SmolStr, u32)> {
    let edges = graph.edges.iter().filter(|e| wanted(e)).flat_map(|e| e.proof.iter());
    let endpoints = graph.endpoints.iter().flat_map(|e| e.proof.iter());
    edges.chain(endpoints).map(|e| (&e.path, e.at.line)).collect()
}

pub fn squash(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a deployment set it in the environment, rather than the code's own configuration or image.
pub fn is_deployed(setting: &SettingOf) -> bool {
    setting.at.says.starts_with("setting [service") || setting.at.says.starts_with("setting [group")
}

/// Whether two names of environment variables are one name before and after somebody renamed it: a word more or less at an
/// end, or one word in a nearly like spelling.
pub fn is_renaming(a: &str, b: &str) -> bool {
    // Where sections are told from words, what follows a word with one line is no part of a section.
    // What is an address or a port by its name is none either.
    let leaf = |key: &str| is_address(key) || squash(key).ends_with("port");
    let nested = |long: &str, short: &str| {
        (long.contains("__") && !ends_in_section(short, long) || leaf(short)) && grew(short, long)
    };
    if nested(a, b) || nested(b, a) {
        return true;
    }
    // A configuration's key of two words is mostly a section, which any key below it sets.
    if a.matches('.').count() == 1 || b.matches('.').count() == 1 {
        return false;
    }
    if grew(a, b) || grew(b, a) {
        return true;
    }
    let written = (a, b);
    let (a, b) = (variable(a), variable(b));
    let (a, b) = (a.as_str(), b.as_str());
    let plain =
        |k: &str| k.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') && k.contains('_');
    if !plain(a) || !plain(b) || a == b {
        return false;
    }
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let after = long.strip_prefix(short).map(|r| r.trim_start_matches('_'));
    let before = || long.strip_suffix(short).map(|r| r.trim_end_matches('_'));
    if let Some(rest) = after.or_else(before) {
        return !rest.contains('_') && short.contains('_');
    }
    // Keys of two short words are alike too often (`BaseUrl` and `BasketUrl`).
    if written != (a, b) {
        return false;
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split('_').collect(), b.split('_').collect());
    let unlike: Vec<(&&str, &&str)> = a.iter().zip(&b).filter(|(x, y)| x != y).collect();
    match unlike.as_slice() {
        [(x, y)] if a.len() == b.len() => {
            x.starts_with(**y) || y.starts_with(**x) || distance(x, y) * 3 <= x.len().max(y.len())
        }
        _ => false,
    }
}

/// Whether what a key has more than another begins a part of its own (`Stock__Url__Old`).
fn ends_in_section(short: &str, long: &str) -> bool {
    let consumed = long.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).nth(squash(short).len() - 1);
    consumed.is_some_and(|(at, _)| long[at + 1..].starts_with("__"))
}

/// Whether a key of several words is another with a word more at its end, in whatever way each is written
/// (`orders.stockUrl` and `ORDERS_STOCKURL_V2`).
fn grew(short: &str, long: &str) -> bool {
    let (plain, longer) = (squash(short), squash(long));
    let words = short.contains(['_', '.', ':', '-']) || short.chars().skip(1).any(|c| c.is_ascii_uppercase());
    if !words || plain.len() >= longer.len() || !longer.starts_with(&plain) {
        return false;
    }
    let consumed = long.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).nth(plain.len() - 1);
    let rest = consumed.map_or("", |(at, _)| &long[at + 1..]);
    let word = rest.trim_start_matches(['_', '.', ':', '-']);
    rest.len() > word.len() && !word.contains(['_', '.', ':', '-'])
}

/// The environment variable that sets a key of a configuration (`shop.stock-url` is set by `SHOP_STOCK_URL`), and keys of words
/// in capitals (`StockUrl`) as such a one.
fn variable(key: &str) -> String {
    if key.contains('.') && !key.contains(|c: char| c.is_ascii_uppercase() || c == '_') {
        return key.replace(['-', '.'], "_").to_ascii_uppercase();
    }
    let words = key.starts_with(|c: char| c.is_ascii_uppercase()) && !key.contains("__");
    if !words || !key.chars().any(|c| c.is_ascii_lowercase()) {
        return key.to_owned();
    }
    let mut out = String::new();
    for c in key.chars() {
        if c.is_ascii_uppercase() && out.ends_with(|c: char| c.is_ascii_lowercase()) {
            out.push('_');
        }
        out.push(c);
    }
    out.to_ascii_uppercase()
}

/// Whether a key is by its name an address of something.
pub(crate) fn is_address(key: &str) -> bool {
    const ENDS: &[&str] =
        &["ADDR", "ADDRESS", "URL", "URI", "HOST", "HOSTNAME", "ENDPOINT", "SERVER", "SERVERS", "BROKERS", "DSN"];
    let last = key.rsplit(['_', '.', '-', ':']).find(|p| !p.is_empty()).unwrap_or("");
    // Of words in capitals (`stockUrl`, `baseURL`), the last.
    let small = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase());
    let begins = |at: usize, c: char| {
        c.is_ascii_uppercase() && (small(last[..at].chars().next_back()) || small(last[at + 1..].chars().next()))
    };
    let hump = last.char_indices().rev().find(|(at, c)| *at > 0 && begins(*at, *c)).map_or(0, |(at, _)| at);
    let hump = if last.chars().any(|c| c.is_ascii_lowercase()) { &last[hump..] } else { last };
    ENDS.iter().any(|e| e.eq_ignore_ascii_case(last) || e.eq_ignore_ascii_case(hump))
}

/// Keys of runtimes, frameworks and agents, which read them without anybody's code saying so.
pub fn is_of_a_platform(key: &str) -> bool {
    if key.starts_with("dapr.io/") {
        return true;
    }
    const STARTS: &[&str] = &[
        "OTEL_",
        "JAVA_",
        "JVM_",
        "SPRING_",
        "ASPNETCORE_",
        "DOTNET_",
        "NODE_",
        "NPM_",
        "PYTHON",
        "FLASK_",
        "DJANGO_",
        "GUNICORN_",
        "UVICORN_",
        "WEB_CONCURRENCY",
        "GOPATH",
        "GOROOT",
        "GOMAXPROCS",
        "GOMEMLIMIT",
        "GOGC",
        "GODEBUG",
        "GOPROXY",
        "GOFLAGS",
        "GOTRACEBACK",
        "GOOS",
        "GOARCH",
        "RUST_",
        "RAILS_",
        "RACK_",
        "PHP_",
        "APACHE_",
        "NGINX_",
        "KUBERNETES_",
        "AWS_",
        "AZURE_",
        "GOOGLE_",
        "GCP_",
        "DD_",
        "NEW_RELIC",
        "ELASTIC_APM",
        "SENTRY_",
        "LOG",
        "EUREKA_",
        "MANAGEMENT_",
        "SERVER_",
        "LOGGING_",
        "QUARKUS_",
        "MICRONAUT_",
        "JDBC_",
        "MP_",
        "DAPR_",
        "CONSUL_",
        "VAULT_",
        "SERVICE_",
        "VIRTUAL_HOST",
        "LETSENCRYPT",
        "REACT_APP_",
        "VITE_",
        "NEXT_",
        "VUE_APP_",
        "NG_",
        "COMPOSE_",
        "DOCKER_",
        "MIX_",
        "PHX_",
        "ERL_",
        "LD_",
        "CATALINA_",
        "MAVEN_",
        "GRADLE_",
        "JAEGER_",
        "OPENTRACING_",
        "ZIPKIN_",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "CI_",
        "GITHUB_",
    ];
    const WHOLE: &[&str] = &[
        "PORT",
        "HOST",
        "HOSTNAME",
        "HOME",
        "PATH",
        "PWD",
        "USER",
        "TZ",
        "LANG",
        "LC_ALL",
        "TERM",
        "ENV",
        "ENVIRONMENT",
        "DEBUG",
        "VERBOSE",
        "CI",
        "SHELL",
        "TMPDIR",
        "TEMP",
        "TMP",
        "BROWSER",
        "VERSION",
        "DISPLAY",
        "NAME",
        "EDITOR",
    ];
    let key = key.to_ascii_uppercase().replace(['.', '-'], "_");
    // Kubernetes sets these for each Service; what a process listens on is its own affair.
    if key.ends_with("_SERVICE_HOST")
        || key.ends_with("_SERVICE_PORT")
        || key.starts_with("LISTEN")
        || key.starts_with("BIND")
    {
        return true;
    }
    WHOLE.contains(&key.as_str()) || STARTS.iter().any(|s| key.starts_with(s))
}

/// Keys that client libraries and their tools read on their own.
pub fn is_of_a_library(key: &str) -> bool {
    const WHOLE: &[&str] = &[
        "DATABASE_URL",
        "REDIS_URL",
        "MONGODB_URI",
        "MONGO_URL",
        "CELERY_BROKER_URL",
        "ELASTICSEARCH_URL",
        "KAFKA_BOOTSTRAP_SERVERS",
        "PGHOST",
        "PGPORT",
        "PGUSER",
        "PGPASSWORD",
        "PGDATABASE",
    ];
    const STARTS: &[&str] = &[
        "_JAVA_",
        "GIN_",
        "K6_",
        "OPENAI_",
        "ANTHROPIC_",
        "TRACELOOP_",
        "LANGCHAIN_",
        "DATADOG_",
        "STRIPE_",
        "NEXT_PUBLIC_",
    ];
    WHOLE.contains(&key) || STARTS.iter().any(|s| key.starts_with(s))
}

/// The host and port that a value names: of a URL, of `host:port`, or the whole of a plain name. `None` where parts are open.
pub(crate) fn host(value: &str, named_host: bool) -> Option<(&str, Option<u32>)> {
    if !value.contains("://") && value.contains('=') {
        return listed_host(value);
    }
    let rest = value.split_once("://").map(|(_, r)| r);
    let schemed = rest.is_some();
    let rest = rest.unwrap_or(value);
    let authority = rest.split(['/', '?', ',', ';', ' ']).next()?;
    let authority = authority.rsplit('@').next()?;
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) => (name, Some(port.parse::<u32>().ok()?)),
        None => (authority, None),
    };
    let plain = name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    (plain && (schemed || port.is_some() || named_host)).then_some((name, port))
}

/// Of a list of words with values, as clients of databases take them: `Server=db;Port=5432`, `host=db user=shop`.
fn listed_host(value: &str) -> Option<(&str, Option<u32>)> {
    let by = if value.contains(';') { [';', ';'] } else { [' ', ','] };
    let pairs = || value.split(by).filter_map(|p| p.split_once('=')).map(|(k, v)| (squash(k), v.trim()));
    let of = |names: &[&str]| pairs().find(|(k, _)| names.contains(&k.as_str())).map(|(_, v)| v);
    let server = of(&["server", "host", "hostname", "datasource", "address", "addr"])?;
    let server = server.strip_prefix("tcp:").unwrap_or(server).trim_matches(['\'', '"']);
    let (name, own) = server.split_once([',', ':']).map_or((server, None), |(n, p)| (n, Some(p)));
    let plain = name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let port = own.or_else(|| of(&["port"])).and_then(|p| p.trim().parse::<u32>().ok());
    plain.then_some((name, port))
}

/// Whether a host can only be one of this system: not a public name, not this machine, not an address by number.
pub(crate) fn is_inside(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    if matches!(host.as_str(), "localhost" | "host.docker.internal" | "kubernetes" | "metadata" | "broadcasthost") {
        return false;
    }
    if host.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return false;
    }
    // Values that look like a name and are none, and parts of paths.
    let number = host.strip_prefix('v').is_some_and(|v| !v.is_empty() && v.chars().all(|c| c.is_ascii_digit()));
    if number || matches!(host.as_str(), "true" | "false" | "null" | "none" | "api" | "example" | "changeme" | "todo") {
        return false;
    }
    !host.contains('.') || host.ends_with(".svc") || host.ends_with(".svc.cluster.local")
}

/// Every name under which something is declared anywhere in the workspace, in lower case: nodes, deployables of other
/// deployments, aliases; and the same without what separates their words.
pub(crate) fn declared(cx: &Cx<'_>) -> BTreeSet<String> {
    let mut out = named(cx);
    let squashed: Vec<String> = out.iter().map(|n| squash(n)).collect();
    out.extend(squashed);
    out
}

/// The same names as they are written.
pub(crate) fn named(cx: &Cx<'_>) -> BTreeSet<String> {
    use seam_facts::Claim;
    let mut out = BTreeSet::new();
    for node in &cx.graph.nodes {
        out.extend(node.aliases.iter().chain([&node.name]).map(|n| n.to_ascii_lowercase()));
    }
    for (_, fact) in cx.base.facts() {
        match &fact.claim {
            Claim::Service(s) => {
                out.insert(s.name.to_ascii_lowercase());
                out.extend(s.hostnames.iter().map(|h| h.to_ascii_lowercase()));
            }
            Claim::Alias(a) => {
                out.insert(a.name.to_ascii_lowercase());
            }
            _ => {}
        }
    }
    out
}

/// The declared node whose name is nearest, if it is near.
pub(crate) fn nearest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = squash(name);
    let close = |other: &&str| {
        let other = squash(other);
        let longer = other.len().max(wanted.len());
        other.len() > 2
            && (distance(&wanted, &other) * 3 <= longer || wanted.contains(&other) || other.contains(&wanted))
    };
    among.filter(close).min_by_key(|other| (distance(&wanted, &squash(other)), *other))
}

/// Levenshtein's distance; case does not matter.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().flat_map(char::to_lowercase).enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (before + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            before = std::mem::replace(&mut row[j + 1], next);
        }
    }
    row[b.len()]
}

/// Runs code of the workspace.
pub(crate) fn is_ours(kind: NodeKind) -> bool {
    matches!(kind, NodeKind::Service | NodeKind::Gateway)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_from_addresses() {
        assert_eq!(host("http://stock:8080/a", false), Some(("stock", Some(8080))));
        assert_eq!(host("postgres://u:p@db/x", false), Some(("db", None)));
        assert_eq!(host("stock", true), Some(("stock", None)));
        assert_eq!(host("true", false), None);
        assert_eq!(host("Server=db;Port=5432;User Id=shop", false), Some(("db", Some(5432))));
        assert_eq!(host("host=db user=shop sslmode=disable", false), Some(("db", None)));
        assert_eq!(host("Server=tcp:db,1433;Database=x", false), Some(("db", Some(1433))));
        assert_eq!(host("http://${env:X}:80", false), None);
        assert!(
            is_inside("stock")
                && is_inside("stock.shop.svc")
                && !is_inside("api.example.com")
                && !is_inside("10.0.0.1")
        );
    }

    #[test]
    fn renamed_keys_are_told_from_neighbours() {
        assert!(is_renaming("QUOTE_ADDR", "QUOTE_ADDRESS") && is_renaming("QUOTE_ADDR", "NEW_QUOTE_ADDR"));
        assert!(is_renaming("PAYMENT_URL_V2", "PAYMENT_URL") && is_renaming("STOCK_URL", "STOCKS_URL"));
        assert!(is_renaming("ConnectionStrings.Stock", "ConnectionStrings__Stock_V2"));
        assert!(is_renaming("stock.baseURL", "STOCK_BASEURL_V2"));
        assert!(!is_renaming("Shop.Stocks", "Shop__Stocks__Url"));
        assert!(is_renaming("shop.stocks.stockUrl", "SHOP_STOCKS_STOCKURL_V2"));
        assert!(is_renaming("shop.stock.url", "SHOP_STOCK_URL_V2") && !is_renaming("stock.url", "SHOP_STOCK_URL"));
        assert!(!is_renaming("shop.services", "SHOP_SERVICES_STOCK") && is_renaming("StockUrl", "StockUrlV2"));
        assert!(!is_renaming("BaseUrl", "BasketUrl"));
        assert!(!is_renaming("SHOP_COPY_ENDPOINT", "SHOP_TRACE_ENDPOINT") && !is_renaming("username", "DB_USERNAME"));
    }

    #[test]
    fn near_names_are_near() {
        assert_eq!(nearest("stocks", ["orders", "stock"].into_iter()), Some("stock"));
        assert_eq!(nearest("billing", ["orders", "stock"].into_iter()), None);
        assert!(
            is_address("STOCK_URL")
                && is_address("stock.host")
                && is_address("a.stockUrl")
                && !is_address("STOCK_LIMIT")
        );
    }
}
