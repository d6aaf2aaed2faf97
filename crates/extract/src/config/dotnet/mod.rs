//! Files of .NET: projects, application settings, launch profiles, gateways, Tye.

mod appsettings;
mod launch;
mod ocelot;
mod project;
mod tye;

use super::secret;
use super::tree::{Node, join};
use seam_facts::{SmolStr, Span, Value, format_smolstr};

pub use appsettings::EXTRACTOR as APPSETTINGS;
pub use launch::EXTRACTOR as LAUNCH_SETTINGS;
pub use ocelot::EXTRACTOR as OCELOT;
pub use project::EXTRACTOR as PROJECT;
pub use tye::EXTRACTOR as TYE;

/// A key of a map, whatever its capitals: .NET configuration does not tell `address` from `Address`.
fn get<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    node.entries().find(|(k, _)| k.text.eq_ignore_ascii_case(key)).map(|(_, n)| n)
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a SmolStr> {
    get(node, key)?.text()
}

/// From a key to the end of its value.
fn place(key: Span, node: &Node) -> Span {
    join(key, node.span)
}

/// Route templates of ASP.NET: `{**rest}` and `{*rest}` are the rest, `{id:int}` and `{id?}` are `{id}`.
pub(crate) fn template(path: &str) -> SmolStr {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        let Some(end) = rest[start..].find('}') else { break };
        let name = &rest[start + 1..start + end];
        if name.starts_with('*') {
            out.push('*');
        } else {
            let end = name.find([':', '?', '=']).unwrap_or(name.len());
            out.push('{');
            out.push_str(&name[..end]);
            out.push('}');
        }
        rest = &rest[start + end + 1..];
    }
    out.push_str(rest);
    out.into()
}

/// What a gateway takes in, always from the root: `orders/{**rest}` is the same rule as `/orders/{**rest}`.
fn taken(path: &str) -> SmolStr {
    format_smolstr!("/{}", template(path).trim_start_matches('/'))
}

/// A setting's value without its secrets.
fn without_secrets(key: &str, text: &str) -> Value {
    secret::setting(key, Value::text(text))
}

/// `http://host:80/` plus what a gateway puts in front of the rest of the path.
fn forwarded(address: &str, below: Option<&str>) -> Value {
    let address = address.trim_end_matches('/');
    match below {
        None => Value::text(address),
        Some(prefix) => Value::text(format_smolstr!("{address}/{}", prefix.trim_start_matches('/'))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_plain() {
        assert_eq!(template("/a/{id:int}/{**rest}"), "/a/{id}/*");
        assert_eq!(template("/a/{id?}"), "/a/{id}");
        assert_eq!(taken("a/{**rest}"), "/a/*");
        assert_eq!(taken("{**rest}"), taken("/{**rest}"));
    }
}
