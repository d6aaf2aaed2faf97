//! Templates that consul-template fills in from the registry: a proxy's upstreams by the services' names. See
//! `consul_template.md`.

use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Protocol, Route, Span, Value, format_smolstr};
use std::collections::BTreeSet;

pub static EXTRACTOR: Extractor = Extractor {
    id: "consul-template",
    version: 1,
    page: include_str!("consul_template.md"),
    reads: Reads::Files { wants, extract },
};

/// Services named in one file.
const MAX_SERVICES: usize = 200;

fn wants(file: &File<'_>) -> bool {
    matches!(file.extension().as_str(), "ctmpl" | "tpl" | "tmpl" | "consul")
        && (file.text.is_empty() || forwards(file.text))
}

/// Whether the text is a proxy's configuration rather than an application's.
fn forwards(text: &str) -> bool {
    let asks = text.contains("service \"") || text.contains("range services");
    asks && ["upstream", "proxy_pass", "ProxyPass", "BalancerMember", "backend ", "reverse_proxy"]
        .iter()
        .any(|word| text.contains(word))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (number, line) in file.text.lines().enumerate() {
        let mut rest = line;
        while let Some((_, after)) = rest.split_once("{{") {
            let (action, after) = after.split_once("}}").unwrap_or((after, ""));
            rest = after;
            let target = match asked(action) {
                Some("") => "lb://*".to_owned(),
                Some(name) => format!("http://{name}"),
                None => continue,
            };
            if seen.len() < MAX_SERVICES && seen.insert(target.clone()) {
                let path = Value::text(if target == "lb://*" { "" } else { "/" });
                let target = Value::text(format_smolstr!("{target}"));
                let route = Route { protocol: Protocol::Http, path, target, via: None };
                sink.stated(Claim::Route(route), Span::at(number as u32 + 1, 1));
            }
        }
    }
}

/// The service that an action asks the registry for; empty for all of them. `TAG.NAME@DATACENTER|FILTER` is the full form.
fn asked(action: &str) -> Option<&str> {
    let words = action.trim_matches(['-', ' ', '\t']);
    if words == "range services" || words.starts_with("range services ") {
        return Some("");
    }
    let (before, after) = words.split_once("service \"")?;
    let action = matches!(before.split_whitespace().next(), Some("range" | "with" | "if"));
    if !action && !before.is_empty() {
        return None;
    }
    let name = after.split('"').next()?;
    let name = name.split(['@', '|', '~']).next()?;
    let name = name.rsplit('.').next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::asked;

    #[test]
    fn actions_name_services_of_the_registry() {
        assert_eq!(asked(" range service \"orders\" "), Some("orders"));
        assert_eq!(asked("- range $i, $s := service \"live.orders@dc1|any\" -"), Some("orders"));
        assert_eq!(asked("range services"), Some(""));
        assert_eq!(asked("range service .Name"), None);
        assert_eq!(asked("key \"orders/url\""), None);
    }
}
