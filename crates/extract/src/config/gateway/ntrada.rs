//! Ntrada, a gateway of .NET: modules with routes, each to a service of the module, to a broker, or answered at once.

use super::{retry, route, text};
use crate::Sink;
use crate::config::tree::{Node, entry_span};
use seam_facts::{Claim, Message, Protocol, SmolStr, System, Value};

pub(super) fn state(root: &Node, sink: &mut Sink) {
    let modules = || root.get("modules").into_iter().flat_map(Node::entries).map(|(_, module)| module);
    let services = |name: &str| modules().find_map(|m| m.get("services")?.get(name));
    if let Some((key, retries)) = root.get("http").and_then(|h| h.entry("retries"))
        && let Some(number) = retries.text()
    {
        retry("ntrada", number, "Ntrada http.retries", entry_span(key, retries), sink);
    }
    for module in modules().filter(|m| m.text_at(&["enabled"]).is_none_or(|e| e != "false")) {
        let prefix = module.text_at(&["path"]).map(|p| p.trim_matches('/')).unwrap_or_default();
        for rule in module.get("routes").into_iter().flat_map(Node::items) {
            let upstream = rule.text_at(&["upstream"]).map(|u| u.trim_matches('/')).unwrap_or_default();
            let path: String = [prefix, upstream].iter().filter(|p| !p.is_empty()).map(|p| format!("/{p}")).collect();
            let path = if path.is_empty() { "/".to_owned() } else { path };
            if let Some((key, downstream)) = rule.entry("downstream")
                && let Some(written) = downstream.text()
            {
                let (name, below) = written.split_once('/').unwrap_or((written, ""));
                let known = services(name).filter(|_| !written.contains("://"));
                let target = match known.and_then(|s| s.text_at(&["url"]).or_else(|| s.text_at(&["localUrl"]))) {
                    Some(url) => format!("{}/{below}", schemed(url).trim_end_matches('/')),
                    None => schemed(written),
                };
                route(Protocol::Http, Value::text(path), text(&target), entry_span(key, downstream), sink);
            } else if rule.text_at(&["use"]).is_some_and(|u| u.eq_ignore_ascii_case("rabbitmq")) {
                publish(root, rule, sink);
            }
        }
    }
}

fn schemed(address: &str) -> String {
    if address.contains("://") { address.to_owned() } else { format!("http://{address}") }
}

/// A request that goes to the broker instead of a service.
fn publish(root: &Node, rule: &Node, sink: &mut Sink) {
    let Some((key, config)) = rule.entry("config") else { return };
    let given = |names: [&str; 2]| names.iter().find_map(|n| config.text_at(&[n])).map(|t| text(t));
    let hosts = root.path(&["extensions", "rabbitmq", "hostnames"]).map(Node::texts).unwrap_or_default();
    let message = Message {
        address: hosts.first().map(|h| text(h)),
        exchange: given(["exchange", "exchangeName"]),
        routing_key: given(["routing_key", "routingKey"]),
        ..Message::to(System::Rabbit, true, Value::default(), "Ntrada".into(), SmolStr::default())
    };
    sink.stated(Claim::Message(message), entry_span(key, config));
}
