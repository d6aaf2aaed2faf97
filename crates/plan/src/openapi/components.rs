//! What is shared: schemas and security schemes; and the version that the description gives itself.

use super::document::At;
use super::out::{Out, Spot};
use crate::tree::Node;

pub fn check<'a>(out: &mut Out<'a>, base: Option<At<'a>>, revision: Option<At<'a>>) {
    let (old, new) = (base.and_then(|c| c.get("schemas")), revision.and_then(|c| c.get("schemas")));
    for (key, _) in old.into_iter().flat_map(|at| at.node.entries()) {
        if new.is_none_or(|n| n.node.entries().iter().all(|(k, _)| k.text != key.text)) {
            let spot = old.map(|at| (at.file, key.line));
            out.put("api-schema-removed", &key.text, spot, None, format!("schema `{}` was removed", key.text));
        }
    }
    security(out, base.and_then(|c| c.get("securitySchemes")), revision.and_then(|c| c.get("securitySchemes")));
}

fn security<'a>(out: &mut Out<'a>, base: Option<At<'a>>, revision: Option<At<'a>>) {
    for (key, at) in revision.into_iter().flat_map(At::members) {
        if base.is_none_or(|b| b.get(&key.text).is_none()) {
            let text = format!("security scheme `{}` was added", key.text);
            out.put("api-security-component-added", &key.text, None, Some((at.file, key.line)), text);
        }
    }
    for (key, at) in base.into_iter().flat_map(At::members) {
        let spot = Some((at.file, key.line));
        let Some((there, now)) = revision.and_then(|r| r.entry(&key.text)) else {
            let text = format!("security scheme `{}` was removed", key.text);
            out.put("api-security-component-removed", &key.text, spot, None, text);
            continue;
        };
        let spots = (spot, Some((now.file, there.line)));
        let (was, is) = (out.cx.base.follow(at).node, out.cx.revision.follow(now).node);
        if was.word("type") != is.word("type") {
            let text =
                format!("security scheme `{}` changed from `{}` to `{}`", key.text, was.word("type"), is.word("type"));
            out.put("api-security-component-type-changed", &key.text, spots.0, spots.1, text);
        }
        if let (Some(was), Some(is)) = (was.path(&["flows", "implicit"]), is.path(&["flows", "implicit"])) {
            flow(out, &key.text, spots, was, is);
        }
    }
}

fn flow<'a>(out: &mut Out<'a>, name: &str, spots: (Spot, Spot), was: &'a Node<'a>, is: &'a Node<'a>) {
    for (key, id) in [
        ("authorizationUrl", "api-security-component-oauth-url-changed"),
        ("tokenUrl", "api-security-component-oauth-token-url-changed"),
    ] {
        if was.word(key) != is.word(key) {
            let text =
                format!("security scheme `{name}`: `{key}` changed from `{}` to `{}`", was.word(key), is.word(key));
            out.put(id, name, spots.0, spots.1, text);
        }
    }
    let scopes = |node: &'a Node<'a>| node.get("scopes").map(Node::entries).unwrap_or_default();
    let (old, new) = (scopes(was), scopes(is));
    for (key, value) in new {
        match old.iter().find(|(k, _)| k.text == key.text) {
            None => {
                let text = format!("security scheme `{name}`: scope `{}` was added", key.text);
                out.put("api-security-component-oauth-scope-added", name, spots.0, spots.1, text);
            }
            Some((_, before)) if !before.same(value) => {
                let text = format!("security scheme `{name}`: scope `{}` is described otherwise", key.text);
                out.put("api-security-component-oauth-scope-changed", name, spots.0, spots.1, text);
            }
            Some(_) => {}
        }
    }
    for (key, _) in old.iter().filter(|(key, _)| new.iter().all(|(k, _)| k.text != key.text)) {
        let text = format!("security scheme `{name}`: scope `{}` was removed", key.text);
        out.put("api-security-component-oauth-scope-removed", name, spots.0, spots.1, text);
    }
}

/// A version of three numbers, as semver writes it.
fn semver(text: &str) -> Option<[u64; 3]> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (core, build) = text.split_once('+').map_or((text, None), |(core, build)| (core, Some(build)));
    let (core, pre) = core.split_once('-').map_or((core, None), |(core, pre)| (core, Some(pre)));
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let number = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_digit()) && (w == "0" || !w.starts_with('0'));
    let pre_ok = |w: &str| word(w) && (number(w) || !w.bytes().all(|b| b.is_ascii_digit()));
    if build.is_some_and(|b| !b.split('.').all(word)) || pre.is_some_and(|p| !p.split('.').all(pre_ok)) {
        return None;
    }
    let parts: Vec<&str> = core.split('.').collect();
    match parts.as_slice() {
        [a, b, c] if [a, b, c].iter().all(|p| number(p)) => Some([a.parse().ok()?, b.parse().ok()?, c.parse().ok()?]),
        _ => None,
    }
}

/// A break asks for another major version.
pub fn version<'a>(out: &mut Out<'a>, base: At<'a>, revision: At<'a>) {
    let of = |at: At<'a>| at.node.get("info").map(|i| i.word("version")).unwrap_or_default();
    let (from, to) = (of(base), of(revision));
    let (Some(old), Some(new)) = (semver(from), semver(to)) else { return };
    if !out.breaking() {
        return;
    }
    let major = if old[0] == 0 && new[0] == 0 { new[1] > old[1] } else { new[0] > old[0] };
    let (id, text) = if from == to {
        ("api-version-not-bumped", format!("it breaks, and the version is still `{to}`"))
    } else if new <= old {
        ("api-version-decreased", format!("the version went from `{from}` down to `{to}`"))
    } else if !major {
        ("api-major-version-not-bumped", format!("it breaks, and the version went only from `{from}` to `{to}`"))
    } else {
        return;
    };
    let spot = |at: At<'a>| {
        let entry = at.node.get("info").and_then(|i| i.entry("version"));
        entry.map(|(key, _)| (at.file, key.line))
    };
    out.put(id, "", spot(base), spot(revision), text);
}
