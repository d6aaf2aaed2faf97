//! Paths of routes, part by part: what fits, what nearly fits, and what nobody writes a handler for.

use crate::keys::distance as edits;

/// The parts between slashes.
pub fn parts(path: &str) -> Vec<&str> {
    path.split('/').filter(|p| !p.is_empty()).collect()
}

/// Whether one path is the end of another, with a word in common.
pub fn tail(long: &[&str], short: &[&str]) -> bool {
    long.len() > short.len() && {
        let end = &long[long.len() - short.len()..];
        fits(end, short) && end.iter().zip(short).any(|(a, b)| !open(a) && !open(b))
    }
}

pub fn open(part: &str) -> bool {
    part.contains(['{', '*', '$', ':', '<'])
}

/// Paths that frameworks, proxies and side doors serve without anybody writing a handler.
pub fn by_itself(parts: &[&str]) -> bool {
    const SIDE: [&str; 24] = [
        "health",
        "healthz",
        "healthcheck",
        "ready",
        "readyz",
        "readiness",
        "live",
        "livez",
        "liveness",
        "ping",
        "status",
        "metrics",
        "actuator",
        "swagger",
        "swagger-ui",
        "docs",
        "openapi",
        "graphql",
        "static",
        "assets",
        "public",
        "auth",
        "oauth",
        "connect",
    ];
    let side = |p: &&str| {
        let p = p.to_ascii_lowercase();
        SIDE.contains(&p.as_str()) || p.starts_with(['_', '.']) || p.starts_with("api-docs")
    };
    let file = parts.last().is_some_and(|p| !open(p) && p.contains('.'));
    file || parts.iter().any(side) || parts.contains(&"login") || parts.contains(&"logout")
}

/// Part by part: literals equal, a hole of either side stands for one part.
pub fn fits(own: &[&str], call: &[&str]) -> bool {
    own.len() == call.len() && own.iter().zip(call).all(|(o, c)| open(o) || open(c) || o.eq_ignore_ascii_case(c))
}

/// The same path but for one part, which both sides write out and spell nearly alike.
pub fn alike(own: &[&str], call: &[&str]) -> bool {
    let same = |o: &str, c: &str| o.eq_ignore_ascii_case(c) || open(o) && open(c);
    let unlike: Vec<(&&str, &&str)> = own.iter().zip(call).filter(|(o, c)| !same(o, c)).collect();
    let [(o, c)] = unlike.as_slice() else { return false };
    let near =
        edits(o, c) * 3 <= o.len().max(c.len()) || o.len().min(c.len()) > 3 && (o.contains(**c) || c.contains(**o));
    own.len() == call.len() && !open(o) && !open(c) && near
}
