//! Paths of routes, part by part: what fits, what nearly fits, and what nobody writes a handler for.

use crate::Cx;
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

/// Part by part: literals equal, a hole of either side stands for one part.
pub fn fits(own: &[&str], call: &[&str]) -> bool {
    own.len() == call.len() && own.iter().zip(call).all(|(o, c)| open(o) || open(c) || o.eq_ignore_ascii_case(c))
}

/// Paths that frameworks of the callee, proxies and side doors serve without anybody writing a handler.
pub fn by_itself(cx: &Cx<'_>, node: usize, parts: &[&str]) -> bool {
    const SERVE: [&str; 8] = ["security", "identity", "keycloak", "devise", "openiddict", "oauth", "oidc", "passport"];
    let word = |words: &[&str]| parts.iter().any(|p| words.contains(&p.to_ascii_lowercase().as_str()));
    let apart = |p: &&str| p.starts_with(['_', '.']) || p.to_ascii_lowercase().starts_with("api-docs");
    let file = parts.last().is_some_and(|p| !open(p) && p.contains('.'));
    // Signing in is served by frameworks that are made for it; where nothing is known of them, they may be there.
    let mut packages = cx.graph.packages.iter().filter(|p| p.node == node).peekable();
    let serves = |p: &seam_graph::PackageOf| SERVE.iter().any(|s| p.package.to_ascii_lowercase().contains(s));
    let sign_in = word(&SIGN_IN) && (packages.peek().is_none() || packages.any(serves));
    let folder = parts.iter().take(2).any(|p| FILES.contains(&p.to_ascii_lowercase().as_str()));
    file || sign_in || folder || word(&SIDE) || parts.iter().any(apart)
}

const SIGN_IN: [&str; 8] = ["login", "logout", "auth", "oauth", "connect", "webauthn", "ott", "saml2"];

/// Folders of files, where a path begins so.
const FILES: [&str; 3] = ["static", "assets", "public"];

const SIDE: [&str; 18] = [
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
];

/// The same path but for one part, which both sides write out and spell nearly alike.
pub fn alike(own: &[&str], call: &[&str]) -> bool {
    let same = |o: &str, c: &str| o.eq_ignore_ascii_case(c) || open(o);
    let unlike: Vec<(&&str, &&str)> = own.iter().zip(call).filter(|(o, c)| !same(o, c)).collect();
    let [(o, c)] = unlike.as_slice() else { return false };
    own.len() == call.len() && !open(c) && spelled_alike(o, c)
}

/// A few letters apart, one within the other, or with a word in common.
pub fn spelled_alike(a: &str, b: &str) -> bool {
    let short = a.len().min(b.len());
    let within = || short > 3 && (a.contains(b) || b.contains(a));
    edits(a, b) * 3 <= a.len().max(b.len()) || within() || words(a).iter().any(|w| words(b).contains(w))
}

/// The words of a name that say something, without the letters of a plural.
fn words(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || lower && c.is_uppercase() {
            out.push(String::new());
        }
        lower = c.is_lowercase();
        if let Some(word) = out.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    let stem = |w: String| w.strip_suffix("es").or_else(|| w.strip_suffix('s')).map(str::to_owned).unwrap_or(w);
    out.into_iter().map(stem).filter(|w| w.len() > 3).collect()
}
