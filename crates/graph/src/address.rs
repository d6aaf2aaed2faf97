//! A text to the host that it names: URLs, connection strings of every product, `host:port`, bare names, lists.

/// One host of an address. An open host contains `{`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Lower case, without `://`; empty if none.
    pub scheme: String,
    pub host: String,
    pub port: Option<u16>,
    /// From the first `/` after the host on; empty if none.
    pub path: String,
}

/// The hosts that a text names; empty for embedded stores and for what is no address.
pub(crate) fn parse(text: &str) -> Vec<Address> {
    let text = text.trim().trim_matches(['"', '\'']);
    if text.is_empty() || text.len() > 2000 {
        return Vec::new();
    }
    // Spring imports configuration from `optional:consul:host:port`.
    let text = text.strip_prefix("optional:").unwrap_or(text);
    // `consul:8500` alone is a host and its port.
    let kind = |kind: &&str| text.strip_prefix(*kind).filter(|rest| rest.contains(':'));
    let text = ["consul:", "zookeeper:"].iter().find_map(kind).unwrap_or(text);
    let lower = text.to_ascii_lowercase();
    let embedded =
        ["jdbc:h2", "jdbc:hsqldb", "jdbc:derby", "jdbc:sqlite", "sqlite", "file:", "unix:", ":memory:", "jdbc:tc:"];
    if embedded.iter().any(|e| lower.starts_with(e)) {
        return Vec::new();
    }
    if let Some(found) = keyed(text) {
        return found;
    }
    // Go's MySQL form: `user:pass@tcp(host:port)/db`.
    if let Some((_, rest)) = text.split_once("tcp(")
        && let Some((host, rest)) = rest.split_once(')')
    {
        return host_port(host)
            .map(|(host, port)| Address { scheme: "mysql".into(), host, port, path: rest.to_owned() })
            .into_iter()
            .collect();
    }
    // `jdbc:postgresql://`, `r2dbc:mysql://`, `jdbc:oracle:thin:@host`, `dns:///host`.
    let (scheme, rest) = match text.find("://") {
        Some(at) => (&text[..at], text[at + 3..].trim_start_matches('/')),
        None => match text.strip_prefix("//") {
            Some(rest) => ("", rest),
            None => match lower.starts_with("jdbc:oracle").then(|| text.split_once('@')).flatten() {
                Some((_, rest)) => ("jdbc:oracle", rest),
                None => ("", text),
            },
        },
    };
    let scheme = scheme
        .rsplit_once(':')
        .filter(|(kind, _)| matches!(*kind, "jdbc" | "r2dbc" | "r2dbc:pool"))
        .map(|(_, s)| s)
        .unwrap_or(scheme);
    let scheme = scheme.to_ascii_lowercase();
    if !scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | ':' | '_' | '{' | '}')) {
        return Vec::new();
    }
    let end = rest.find(['/', '?', ';', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = authority.rsplit_once('@').map(|(_, host)| host).unwrap_or(authority);
    let mut path = path.split(['?', '#', ';']).next().unwrap_or("").to_owned();
    // `http://orders/` and `/list` make two slashes, which servers take for one.
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    let mut out = Vec::new();
    for item in authority.split(',') {
        // StackExchange.Redis and Kafka lists carry options between hosts, and hosts with their own scheme.
        let item = item.trim().rsplit("://").next().unwrap_or("");
        if item.contains('=') {
            continue;
        }
        if let Some((host, port)) = host_port(item) {
            out.push(Address { scheme: scheme.clone(), host, port, path: path.clone() });
        }
    }
    out
}

/// The addresses of a map in one variable: `ORDERS=orders:9000,USERS=users:9000`.
pub(crate) fn listed(text: &str) -> Vec<Address> {
    let pairs: Vec<(&str, &str)> = text.split(',').filter_map(|item| item.split_once('=')).collect();
    if pairs.len() != text.split(',').count() {
        return Vec::new();
    }
    pairs.into_iter().flat_map(|(_, value)| parse(value)).filter(|a| a.port.is_some()).collect()
}

/// `Server=tcp:sql,1433;Database=…`, `Host=db;Port=5432`, `mysql:host=db;dbname=…`, `host=db port=5432`,
/// `Endpoint=sb://name.servicebus.windows.net/;SharedAccessKey=…`.
fn keyed(text: &str) -> Option<Vec<Address>> {
    let (scheme, body) = match text.split_once(':') {
        Some((scheme, body)) if matches!(scheme, "mysql" | "pgsql" | "sqlsrv" | "oci") && body.contains('=') => {
            (scheme, body)
        }
        _ => ("", text),
    };
    if body.contains("://") && !body.starts_with("Endpoint=") {
        return None;
    }
    let separator = if body.contains(';') { ';' } else { ' ' };
    let mut host = None;
    let mut port = None;
    for pair in body.split(separator) {
        let Some((key, value)) = pair.split_once('=') else { continue };
        match key.trim().to_ascii_lowercase().as_str() {
            "server" | "data source" | "datasource" | "host" | "hostname" | "addr" | "address" | "network address"
            | "endpoint" | "hosts" => {
                host.get_or_insert(value.trim());
            }
            "port" => port = value.trim().parse().ok(),
            _ => {}
        }
    }
    let host = host?.trim_start_matches("tcp:");
    let host = host.rsplit("://").next().unwrap_or(host).trim_end_matches('/');
    // `host,1433` and `host\instance` are SQL Server's.
    let first = host.split(['\\']).next().unwrap_or(host).replace(',', ":");
    let (host, own_port) = host_port(&first)?;
    Some(vec![Address { scheme: scheme.into(), host, port: own_port.or(port), path: String::new() }])
}

fn host_port(text: &str) -> Option<(String, Option<u16>)> {
    let text = text.trim();
    // A leading colon is a port on every interface: a listener, not a destination.
    let (host, port) = match text.rsplit_once(':') {
        // A path that a variable holds may follow without a slash.
        Some((host, port)) if !host.contains(':') => (host, port.split('{').next().and_then(|p| p.parse::<u16>().ok())),
        _ => (text, None),
    };
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '{' | '}' | '*');
    let inner = |h: &str| {
        // Names of holes may hold anything.
        let mut depth = 0;
        h.chars().all(|c| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            depth > 0 || valid(c)
        })
    };
    (!host.is_empty() && inner(host)).then(|| (host.to_ascii_lowercase(), port))
}

/// The host's own machine.
pub(crate) fn is_local(host: &str) -> bool {
    // Container runtimes name the machine that they run on.
    const RUNTIMES: [&str; 6] = ["docker", "containers", "minikube", "k3d", "lima", "rancher-desktop"];
    let runtime = host.strip_prefix("host.").and_then(|h| h.strip_suffix(".internal"));
    matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0" | "::1")
        || matches!(host, "gateway.docker.internal" | "docker.for.mac.localhost" | "docker.for.mac.host.internal")
        || runtime.is_some_and(|r| RUNTIMES.contains(&r))
}

/// What is known of a host's name where the release, the namespace or the stage stands around it: `orders-{namespace}`,
/// `{release}-orders`, `orders.{namespace}.svc`.
pub(crate) fn known_part(host: &str) -> Option<&str> {
    let (before, rest) = host.split_once('{')?;
    let (_, after) = rest.split_once('}')?;
    let name = match (before, after) {
        ("", after) => after.strip_prefix(['-', '.'])?.split('.').next()?,
        // What follows a whole label is the cluster's.
        (before, after) if before.ends_with('.') => before.split('.').next().filter(|_| !after.is_empty())?,
        (before, "") => before.strip_suffix('-')?,
        (before, after) if after.starts_with('.') => before.strip_suffix('-')?,
        _ => return None,
    };
    (name.len() > 2 && !name.contains(['{', '.'])).then_some(name)
}

/// An address of a private network (RFC 1918): a machine of one's own, whose ports are those that deployables publish.
pub(crate) fn is_private(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_private())
}

/// The host that a page came from, as a browser's code asks for it.
pub(crate) fn is_page(host: &str) -> bool {
    matches!(host, "{hostname}" | "{location.hostname}" | "{window.location.hostname}" | "{document.location.hostname}")
}

/// A name on the public internet: dotted, with letters at the end.
pub(crate) fn is_public(host: &str) -> bool {
    let Some((rest, top)) = host.rsplit_once('.') else { return false };
    !rest.is_empty()
        && top.len() >= 2
        && top.chars().all(|c| c.is_ascii_alphabetic())
        && !matches!(
            top,
            "local"
                | "internal"
                | "svc"
                | "cluster"
                | "localdomain"
                | "test"
                | "example"
                | "invalid"
                | "json"
                | "xml"
                | "yml"
                | "yaml"
                | "html"
                | "js"
                | "css"
                | "txt"
                | "proto"
                | "properties"
                | "conf"
                | "go"
                | "py"
                | "cs"
                | "ts"
                | "java"
                | "sql"
                | "md"
                | "png"
                | "jpg"
                | "svg"
                | "log"
                | "env"
                | "sh"
                | "crt"
                | "pem"
                | "key"
                | "zip"
                | "exe"
                | "dll"
                | "db"
        )
        && !host.contains('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Vec<(String, Option<u16>)> {
        parse(text).into_iter().map(|a| (a.host, a.port)).collect()
    }

    #[test]
    fn every_form_gives_its_host() {
        for (text, host, port) in [
            ("http://cart:8080/items", "cart", Some(8080)),
            ("jdbc:postgresql://db:5432/orders?ssl=false", "db", Some(5432)),
            ("jdbc:sqlserver://sql:1433;databaseName=x", "sql", Some(1433)),
            ("mongodb://user:***@mongo:27017/shop", "mongo", Some(27017)),
            ("Server=tcp:sql,1434;user id=sa;password=***", "sql", Some(1434)),
            ("Host=pg;Port=5433;Database=x", "pg", Some(5433)),
            ("root:pw@tcp(mysql:3306)/shop", "mysql", Some(3306)),
            ("mysql:host=mysql;dbname=ratings", "mysql", None),
            ("host=pg user=x dbname=y", "pg", None),
            ("redis:6379,password=***,abortConnect=false", "redis", Some(6379)),
            ("lb://account-service", "account-service", None),
            ("amqp://guest:guest@rabbit/", "rabbit", None),
            ("dns:///geo:8083", "geo", Some(8083)),
            ("user", "user", None),
            ("http://stock:81{path}", "stock", Some(81)),
            ("https+http://catalog", "catalog", None),
            ("optional:configserver:http://config:8888/", "config", Some(8888)),
            ("consul:registry:8500", "registry", Some(8500)),
            ("consul:8500", "consul", Some(8500)),
        ] {
            assert_eq!(hosts(text), vec![(host.to_owned(), port)], "{text}");
        }
        assert_eq!(hosts("k1:9092,k2:9092").len(), 2);
        assert_eq!(listed("ORDERS=orders:9000,USERS=users:9001").len(), 2);
        assert!(listed("a=b,orders:9000").is_empty());
        for (host, name) in [
            ("orders-{namespace}", Some("orders")),
            ("{release}-orders", Some("orders")),
            ("{release}-orders.shop.svc", Some("orders")),
            ("orders.{namespace}.svc.cluster.local", Some("orders")),
            ("orders-{stage}.internal", Some("orders")),
            ("{host}", None),
            ("api{n}", None),
        ] {
            assert_eq!(known_part(host), name, "{host}");
        }
        assert!(hosts("jdbc:h2:mem:test").is_empty());
        assert!(hosts(":8080").is_empty());
        assert!(is_private("10.20.30.161") && is_private("192.168.1.4") && !is_private("8.8.8.8"));
        assert!(hosts("a sentence with words").is_empty());
    }
}
