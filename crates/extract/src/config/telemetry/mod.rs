//! Where logs, metrics and traces are sent or fetched, as the files of their tools say. See `telemetry.md`.

mod collector;
mod logs;

use super::interpolate::{self, Dollar};
use super::tree::{Node, entry_span};
use super::{secret, yaml};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Call, Claim, Protocol, SCRAPER, SmolStr, Span, Store, System, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "telemetry",
    version: 1,
    page: include_str!("telemetry.md"),
    reads: Reads::Files { wants, extract },
};

fn wants(file: &File<'_>) -> bool {
    match file.extension().as_str() {
        "yml" | "yaml" => true,
        "xml" => file.name().starts_with("logback") || file.name().starts_with("log4j2"),
        "conf" => true,
        _ => false,
    }
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    match file.extension().as_str() {
        "xml" => return logs::appenders(file.text, sink),
        "conf" => return logs::logstash(file.text, sink),
        _ => {}
    }
    let text = file.text;
    let ours = ["scrape_configs", "datasources:", "output.", "output:", "exporters:"].iter().any(|w| text.contains(w));
    // Kubernetes objects hold such files as text; they are of others' making.
    let kubernetes = text.contains("\nkind:") || text.starts_with("kind:");
    if !ours || kubernetes {
        return;
    }
    let Some(root) = yaml::document(text, sink) else { return };
    prometheus(&root, SCRAPER, sink);
    grafana(&root, sink);
    logs::beats(&root, sink);
    collector::state(&root, sink);
}

/// Targets that are listed; those that discovery finds are not known here.
fn prometheus(root: &Node, client: &str, sink: &mut Sink) {
    for job in root.get("scrape_configs").into_iter().flat_map(Node::items) {
        let scheme = job.text_at(&["scheme"]).map(SmolStr::as_str).unwrap_or("http");
        let path = job.text_at(&["metrics_path"]).map(SmolStr::as_str).unwrap_or("/metrics");
        let path = format!("/{}", path.trim_start_matches('/'));
        for group in job.get("static_configs").into_iter().flat_map(Node::items) {
            for target in group.get("targets").into_iter().flat_map(Node::items) {
                if let Some(address) = target.text() {
                    call(Protocol::Http, client, text(&format!("{scheme}://{address}{path}")), target.span, sink);
                }
            }
        }
    }
    for group in root.path(&["alerting", "alertmanagers"]).into_iter().flat_map(Node::items) {
        for config in group.get("static_configs").into_iter().flat_map(Node::items) {
            for target in config.get("targets").into_iter().flat_map(Node::items) {
                if let Some(address) = target.text() {
                    call(Protocol::Http, client, text(&format!("http://{address}")), target.span, sink);
                }
            }
        }
    }
    for write in root.get("remote_write").into_iter().flat_map(Node::items) {
        if let Some((key, url)) = write.entry("url")
            && let Some(address) = url.text()
        {
            call(Protocol::Http, client, text(address), entry_span(key, url), sink);
        }
    }
}

fn grafana(root: &Node, sink: &mut Sink) {
    for source in root.get("datasources").into_iter().flat_map(Node::items).filter(|s| s.get("type").is_some()) {
        if let Some((key, url)) = source.entry("url")
            && let Some(address) = url.text()
        {
            call(Protocol::Http, "Grafana", text(address), entry_span(key, url), sink);
        }
    }
}

fn call(protocol: Protocol, client: &str, target: Value, at: Span, sink: &mut Sink) {
    let claim = Call::to(protocol, client.into(), secret::clean(target), SmolStr::default());
    sink.stated(Claim::Call(claim), at);
}

fn store(system: System, client: &str, address: Value, at: Span, sink: &mut Sink) {
    let address = secret::clean(address);
    let claim = Store { system, address, database: None, client: client.into(), within: SmolStr::default() };
    sink.stated(Claim::Store(claim), at);
}

/// Variables as the environment's, `${env:NAME}` of the collector included.
fn text(text: &str) -> Value {
    interpolate::env(&text.replace("${env:", "${"), Dollar::Escaped)
}
