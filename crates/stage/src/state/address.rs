//! What an address of a store says: its kind, its path, its hosts, and how it may be shown.
//!
//! Invariant: addresses are taken apart here and nowhere else; a password never leaves (it may hold `@`, `:` and `/`).

use super::StoreKind;
use seam_facts::secret::is_secret_key;
use std::path::Path;

const SQLITE: [&str; 3] = ["sqlite3:", "sqlite:", "file:"];

/// The kind that an address is of, by its scheme; a path is SQLite's.
pub(super) fn kind(address: &str) -> Option<StoreKind> {
    let Some((scheme, _)) = address.split_once(':') else { return Some(StoreKind::Sqlite) };
    match scheme.split('+').next().unwrap_or(scheme) {
        "postgres" | "postgresql" => Some(StoreKind::Postgres),
        "redis" | "rediss" | "valkey" => Some(StoreKind::Redis),
        "sqlite" | "sqlite3" | "file" => Some(StoreKind::Sqlite),
        "amqp" => Some(StoreKind::Queues),
        "http" => Some(StoreKind::Endpoint),
        _ => None,
    }
}

/// The path of a SQLite file below a workspace. `sqlite:///shop.db` is relative in Python's world, `sqlite:////data/shop.db` is
/// absolute.
pub(super) fn path(root: &Path, address: &str) -> String {
    let rest = SQLITE.iter().find_map(|scheme| address.strip_prefix(scheme)).unwrap_or(address);
    let rest = rest.split('?').next().unwrap_or(rest);
    let rest = match rest.strip_prefix("///") {
        // A file's own addresses are absolute.
        Some(_) if address.starts_with("file:") => &rest[2..],
        Some(rest) => rest,
        None => rest.strip_prefix("//").unwrap_or(rest),
    };
    root.join(rest).display().to_string()
}

/// User and password, hosts with ports, and everything behind.
fn parts(address: &str) -> Option<(&str, Option<&str>, &str, &str)> {
    let (scheme, rest) = address.split_once("://")?;
    // Passwords that nobody encoded may hold anything; the query behind the last `?` is no part of them.
    let query = rest.rfind('?').filter(|at| rest[*at..].contains('=') && !rest[*at..].contains('@'));
    let (front, query) = rest.split_at(query.unwrap_or(rest.len()));
    let (user, place) = match front.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, front),
    };
    let end = place.find('/').unwrap_or(place.len());
    let (hosts, path) = place.split_at(end);
    let behind = &rest[rest.len() - path.len() - query.len()..];
    Some((scheme, user, hosts, behind))
}

/// Hosts to which a client of this address would connect: several may stand there, and PostgreSQL's may stand in the query.
pub(super) fn hosts(address: &str) -> Vec<String> {
    let Some((_, _, hosts, behind)) = parts(address) else { return Vec::new() };
    let query = behind.split_once('?').map_or("", |(_, query)| query);
    let named = query.split('&').filter_map(|p| p.split_once('='));
    let named = named.filter(|(key, _)| matches!(*key, "host" | "hostaddr")).flat_map(|(_, value)| value.split(','));
    let all = hosts.split(',').map(host).chain(named);
    all.filter(|h| !h.is_empty()).map(str::to_owned).collect()
}

fn host(with_port: &str) -> &str {
    match with_port.strip_prefix('[').and_then(|h| h.split_once(']')) {
        Some((six, _)) => six,
        None => with_port.rsplit_once(':').map_or(with_port, |(host, _)| host),
    }
}

/// Whether a host is this machine, without asking anybody: a name could lead elsewhere.
pub(super) fn local(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    // A path is a socket of this machine.
    host == "localhost" || host.starts_with(['/', '%']) || address.is_ok_and(|a| a.is_loopback() || a.is_unspecified())
}

/// The address without its password.
pub(super) fn shown(address: &str) -> String {
    let Some((scheme, user, hosts, behind)) = parts(address) else { return address.to_owned() };
    let user = user.map_or_else(String::new, |u| format!("{}@", u.split(':').next().unwrap_or_default()));
    let (path, query) = behind.split_once('?').unwrap_or((behind, ""));
    let shown: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((key, _)) if is_secret_key(key) => format!("{key}={}", seam_facts::MASKED),
            _ => pair.to_owned(),
        })
        .collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", shown.join("&")) };
    format!("{scheme}://{user}{hosts}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let check = |address: &str, expected: &str| assert_eq!(shown(address), expected);
        check("postgres://me:secret@127.0.0.1/db", "postgres://me@127.0.0.1/db");
        check("redis://:secret@127.0.0.1", "redis://@127.0.0.1");
        check("postgres://me:s@cr/et?@db:5432/x?sslmode=disable", "postgres://me@db:5432/x?sslmode=disable");
        check("postgres://db/x?user=me&password=hidden", "postgres://db/x?user=me&password=***");
        check("amqp://127.0.0.1:5672/%2f?queue=mails", "amqp://127.0.0.1:5672/%2f?queue=mails");
        check("data/shop.db", "data/shop.db");
    }

    #[test]
    fn an_address_says_what_it_is() {
        assert_eq!(kind("postgresql+psycopg://db/x"), Some(StoreKind::Postgres));
        assert_eq!(kind("data/shop.db"), Some(StoreKind::Sqlite));
        assert_eq!((kind("kafka://x"), kind("mongodb://x")), (None, None));
    }

    #[test]
    fn hosts_are_found_wherever_they_stand() {
        assert_eq!(hosts("postgres://me:p@ss@one:5432,two/db?host=three"), ["one", "two", "three"]);
        assert_eq!(hosts("redis://[::1]:6379/0"), ["::1"]);
        assert_eq!(hosts("sqlite:shop.db"), Vec::<String>::new());
        let all = ["localhost", "127.0.0.9", "::1", "/run/postgresql"];
        assert!(all.iter().all(|h| local(h)) && !local("db.example.com") && !local("10.0.0.1"));
    }

    #[test]
    fn a_file_is_found_below_the_workspace() {
        let check = |address: &str, expected: &str| assert_eq!(path(Path::new("/srv"), address), expected);
        check("shop.db", "/srv/shop.db");
        check("sqlite:data/shop.db", "/srv/data/shop.db");
        check("sqlite:///shop.db", "/srv/shop.db");
        check("sqlite:////data/shop.db", "/data/shop.db");
        check("file:shop.db?mode=ro", "/srv/shop.db");
        check("file:///data/shop.db", "/data/shop.db");
    }
}
