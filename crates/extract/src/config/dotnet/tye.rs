//! Project Tye: `tye.yaml`. See `tye.md`.

use super::without_secrets;
use crate::config::tree::{Node, entry_span};
use crate::config::yaml;
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Deployment, Port, Service, Setting, SettingScope, SmolStr, Source, Value, format_smolstr};

pub static EXTRACTOR: Extractor =
    Extractor { id: "tye", version: 1, page: include_str!("tye.md"), reads: Reads::Files { wants, extract } };

fn wants(file: &File<'_>) -> bool {
    let name = file.name();
    matches!(file.extension().as_str(), "yaml" | "yml") && (name.starts_with("tye.") || name.starts_with("tye-"))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let Some(root) = yaml::document(file.text, sink) else {
        return;
    };
    for list in ["services", "ingress"] {
        for node in root.get(list).map(|s| s.items().collect::<Vec<_>>()).unwrap_or_default() {
            service(node, sink);
        }
    }
}

fn service(node: &Node, sink: &mut Sink) {
    let Some(name) = node.text_at(&["name"]) else {
        return;
    };
    let mut service = Service::new(name.clone(), Deployment::Tye);
    service.image = node.text_at(&["image"]).map(|i| Value::text(i.clone()));
    let project = node.text_at(&["project"]).or_else(|| node.text_at(&["dockerFileContext"]));
    let folder = project.map(|p| {
        let path = p.replace('\\', "/");
        match path.rsplit_once('/') {
            Some((folder, file)) if file.contains(".") => SmolStr::from(folder),
            _ if path.contains('.') && !path.contains('/') => ".".into(),
            _ => path.into(),
        }
    });
    let recipe = node.text_at(&["dockerFile"]).map(|d| Value::text(d.clone()));
    if folder.is_some() || recipe.is_some() {
        service.source = Some(Source {
            context: Value::text(folder.unwrap_or_else(|| ".".into())),
            dockerfile: recipe,
            ..Source::default()
        });
    }
    service.command = node.text_at(&["executable"]).or_else(|| node.text_at(&["args"])).map(|c| Value::text(c.clone()));
    for binding in node.get("bindings").map(|b| b.items().collect::<Vec<_>>()).unwrap_or_default() {
        let port = |key: &str| binding.text_at(&[key]).map(|p| Value::text(p.clone()));
        service.ports.push(Port {
            name: binding.text_at(&["name"]).cloned(),
            published: port("port"),
            target: port("containerPort"),
            line: binding.span.line,
        });
        // Every service gets every binding's connection string by name (documented).
        if let Some((key, text)) = binding.entry("connectionString")
            && let Some(value) = text.text()
        {
            let setting = Setting {
                scope: SettingScope::App,
                key: format_smolstr!("ConnectionStrings.{name}"),
                value: without_secrets("", value),
                profile: Some("tye".into()),
            };
            sink.stated(Claim::Setting(setting), entry_span(key, text));
        }
    }
    let env = ["env", "env_file", "configuration"].iter().find_map(|k| node.get(k));
    for item in env.map(|e| e.items().collect::<Vec<_>>()).unwrap_or_default() {
        // `- name: A` with `value: b`, or `- A=b`.
        let pair = match (item.text_at(&["name"]), item.text()) {
            (Some(key), _) => item.text_at(&["value"]).map(|v| (key.clone(), v.clone())),
            (None, Some(line)) => line.split_once('=').map(|(k, v)| (k.into(), v.into())),
            (None, None) => None,
        };
        if let Some((key, value)) = pair {
            let value = without_secrets(&key, &value);
            let setting = Setting { scope: SettingScope::Service(name.clone()), key, value, profile: None };
            sink.stated(Claim::Setting(setting), item.span);
        }
    }
    sink.stated(Claim::Service(service), node.span);
}
