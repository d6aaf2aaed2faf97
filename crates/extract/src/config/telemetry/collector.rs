//! The OpenTelemetry Collector: exporters that a pipeline uses, and receivers that fetch.

use super::{call, prometheus, store, text};
use crate::Sink;
use crate::config::tree::{Key, Node, entry_span};
use seam_facts::{Protocol, SmolStr, System};
use std::collections::BTreeSet;

const NAME: &str = "OpenTelemetry Collector";

pub(super) fn state(root: &Node, sink: &mut Sink) {
    if root.get("exporters").is_none() && root.get("receivers").is_none() {
        return;
    }
    let used = |word: &str| -> Option<BTreeSet<SmolStr>> {
        let pipelines = root.path(&["service", "pipelines"])?;
        Some(pipelines.entries().filter_map(|(_, p)| p.get(word)).flat_map(Node::texts).collect())
    };
    let exporters = used("exporters");
    for (key, exporter) in root.get("exporters").into_iter().flat_map(Node::entries) {
        if exporters.as_ref().is_none_or(|used| used.contains(&key.text)) {
            export(kind(key), exporter, sink);
        }
    }
    let receivers = used("receivers");
    for (key, receiver) in root.get("receivers").into_iter().flat_map(Node::entries) {
        if receivers.as_ref().is_none_or(|used| used.contains(&key.text)) {
            fetch(kind(key), receiver, sink);
        }
    }
}

/// `otlp/jaeger` is an `otlp` exporter.
fn kind(key: &Key) -> &str {
    key.text.split('/').next().unwrap_or(&key.text)
}

fn export(kind: &str, exporter: &Node, sink: &mut Sink) {
    // What listens, prints or writes files sends nowhere.
    if matches!(kind, "prometheus" | "debug" | "logging" | "file" | "nop") {
        return;
    }
    let protocol = match kind {
        "otlp" | "otlp_grpc" | "jaeger" | "opencensus" => Protocol::Grpc,
        _ => Protocol::Http,
    };
    if matches!(kind, "elasticsearch" | "opensearch") {
        let node = exporter.get("http").unwrap_or(exporter);
        for word in ["endpoint", "endpoints"] {
            if let Some((key, hosts)) = node.entry(word) {
                for host in hosts.texts() {
                    store(System::Elasticsearch, NAME, text(&host), entry_span(key, hosts), sink);
                }
            }
        }
        return;
    }
    if let Some((key, endpoint)) = exporter.entry("endpoint")
        && let Some(address) = endpoint.text()
    {
        call(protocol, NAME, text(address), entry_span(key, endpoint), sink);
    }
}

/// Receivers that ask a server for its figures.
fn fetch(kind: &str, receiver: &Node, sink: &mut Sink) {
    let system = match kind {
        "prometheus" => {
            if let Some(config) = receiver.get("config") {
                prometheus(config, NAME, sink);
            }
            return;
        }
        "redis" => Some(System::Redis),
        "postgresql" => Some(System::Postgres),
        "mysql" => Some(System::Mysql),
        "memcached" => Some(System::Memcached),
        "elasticsearch" => Some(System::Elasticsearch),
        "nginx" | "apache" | "rabbitmq" | "haproxy" => None,
        "http_check" | "httpcheck" => {
            for target in receiver.get("targets").into_iter().flat_map(Node::items) {
                if let Some((key, endpoint)) = target.entry("endpoint")
                    && let Some(address) = endpoint.text()
                {
                    call(Protocol::Http, NAME, text(address), entry_span(key, endpoint), sink);
                }
            }
            return;
        }
        _ => return,
    };
    let Some((key, endpoint)) = receiver.entry("endpoint") else { return };
    let Some(address) = endpoint.text().filter(|a| !a.starts_with("unix:")) else { return };
    match system {
        Some(system) => store(system, NAME, text(address), entry_span(key, endpoint), sink),
        None => call(Protocol::Http, NAME, text(address), entry_span(key, endpoint), sink),
    }
}
