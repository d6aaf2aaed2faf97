//! Workloads: what runs, from which image, with which environment. The main container speaks for the workload; the others
//! are stated beside it as auxiliary, so that their environment is not mixed in.

use super::{Cx, Named, labels, name_at, spread, taken, value, value_at};
use crate::Sink;
use crate::config::tree::{Node, join};
use crate::config::{secret, template, words};
use seam_facts::{Alias, Claim, Port, Service, Setting, SettingScope, SmolStr, Target, Value, format_smolstr};

/// Containers that accompany others, by parts of their names.
const SIDECARS: &[&str] = &[
    "istio-proxy",
    "linkerd-proxy",
    "envoy",
    "cloud-sql-proxy",
    "cloudsql-proxy",
    "jaeger-agent",
    "daprd",
    "fluent",
    "filebeat",
    "vault-agent",
    "exporter",
    "sidecar",
    "oauth2-proxy",
    "promtail",
    "datadog",
    "otc-container",
    "otel-agent",
];

pub(super) fn state(cx: &Cx<'_>, named: &Named<'_>, template: &[&str], sink: &mut Sink) {
    let Some(pod) = named.object.path(template) else {
        return;
    };
    let Some(spec) = pod.get("spec") else {
        return;
    };
    let containers: Vec<&Node> = spec.get("containers").into_iter().flat_map(Node::items).collect();
    let main = main_container(&containers, &named.name);
    let mut service = Service::new(named.name.clone(), cx.deployment);
    service.namespace = named.namespace.clone();
    service.labels = labels(cx, pod.get("metadata").and_then(|m| m.entry("labels")));
    // One-off: jobs, and what a chart runs around its installation.
    let hooked = named.object.path(&["metadata", "annotations", "helm.sh/hook"]).is_some();
    service.auxiliary = hooked || named.object.text_at(&["kind"]).is_some_and(|k| k == "Job");
    if let Some(main) = main {
        describe(cx, main, spec, &mut service);
    }
    let scope = service.name.clone();
    sink.stated(Claim::Service(service), named.at);
    // Dapr calls the application by a name of its own.
    let annotations = pod.path(&["metadata", "annotations"]).and_then(|a| a.entry("dapr.io/app-id"));
    if let Some((key, id)) = annotations.and_then(|(k, n)| Some((k, n.text()?)))
        && *id != named.name
    {
        let alias = Alias {
            name: template::name(id),
            deployment: cx.deployment,
            target: Target::Service(named.name.clone()),
            ports: Vec::new(),
            namespace: named.namespace.clone(),
        };
        sink.stated(Claim::Alias(alias), key.span);
    }
    // Where the sidecar finds the application.
    if let Some((key, port)) = pod.path(&["metadata", "annotations"]).and_then(|a| a.entry("dapr.io/app-port"))
        && let Some(port) = port.text().filter(|t| t.bytes().all(|b| b.is_ascii_digit()))
    {
        let setting = seam_facts::Setting {
            scope: seam_facts::SettingScope::Service(scope.clone()),
            key: "dapr.io/app-port".into(),
            value: seam_facts::Value::text(port.clone()),
            profile: None,
        };
        sink.stated(Claim::Setting(setting), key.span);
    }
    if let Some(main) = main {
        environment(&scope, main, sink);
    }
    let others = containers.into_iter().filter(|c| main.is_none_or(|m| !std::ptr::eq(m, *c)));
    let before = spec.get("initContainers").into_iter().flat_map(Node::items);
    for container in others.chain(before) {
        let Some((key, _)) = container.entry("name") else {
            continue;
        };
        let own = name_at(container, &["name"]).unwrap_or_default();
        let mut service = Service::new(format_smolstr!("{}/{own}", named.name), cx.deployment);
        service.namespace = named.namespace.clone();
        service.auxiliary = true;
        describe(cx, container, spec, &mut service);
        let scope = service.name.clone();
        sink.stated(Claim::Service(service), key.span);
        environment(&scope, container, sink);
    }
}

fn main_container<'a>(containers: &[&'a Node], workload: &str) -> Option<&'a Node> {
    let named = |c: &&&Node| name_at(c, &["name"]).is_some_and(|n| n == workload);
    let own = |c: &&&Node| {
        let name = name_at(c, &["name"]).unwrap_or_default();
        !SIDECARS.iter().any(|s| name.contains(s))
    };
    containers.iter().find(named).or_else(|| containers.iter().find(own)).or_else(|| containers.first()).copied()
}

fn describe(cx: &Cx<'_>, container: &Node, spec: &Node, service: &mut Service) {
    service.image = value_at(container, &["image"]);
    for port in container.get("ports").into_iter().flat_map(Node::items) {
        let name = name_at(port, &["name"]);
        service.ports.push(Port {
            name,
            published: None,
            target: value_at(port, &["containerPort"]),
            line: port.span.line,
        });
    }
    let words = ["command", "args"].iter().filter_map(|k| container.get(k)).flat_map(Node::items).filter_map(value);
    service.command = words::join(words).map(secret::clean);
    for from in container.get("envFrom").into_iter().flat_map(Node::items) {
        let name = ["configMapRef", "secretRef"].iter().find_map(|kind| name_at(from, &[kind, "name"]));
        service.env_from.extend(name);
    }
    if let Some((key, variables)) = container.entry("env") {
        service.env_from.extend(spread(cx, key, variables));
        service.env_from.extend(taken(cx, key, variables));
    }
    service.health_check =
        ["livenessProbe", "readinessProbe", "startupProbe"].iter().any(|probe| container.get(probe).is_some());
    for mount in container.get("volumeMounts").into_iter().flat_map(Node::items) {
        let (Some(name), Some(path)) = (mount.text_at(&["name"]), mount.text_at(&["mountPath"])) else {
            continue;
        };
        let volumes = spec.get("volumes").into_iter().flat_map(Node::items);
        for volume in volumes.filter(|v| v.text_at(&["name"]) == Some(name)) {
            let map = name_at(volume, &["configMap", "name"]).map(|n| format_smolstr!("configmap/{n}"));
            let secret = || name_at(volume, &["secret", "secretName"]).map(|n| format_smolstr!("secret/{n}"));
            service.mounts.extend(map.or_else(secret).map(|source| (source, path.clone())));
        }
    }
}

fn environment(service: &SmolStr, container: &Node, sink: &mut Sink) {
    for item in container.get("env").into_iter().flat_map(Node::items) {
        let Some((key, name)) = item.entry("name") else {
            continue;
        };
        let Some(text) = name.text() else {
            continue;
        };
        // A loop's variable is the name of each of its values.
        if text.trim_start().trim_start_matches("{{-").trim_start_matches("{{").trim_start().starts_with(['$', '.']) {
            continue;
        }
        let name = template::name(text);
        let at = join(key.span, item.span);
        let value = match item.get("valueFrom") {
            Some(from) => foreign(from),
            None => item.get("value").and_then(value).unwrap_or_default(),
        };
        let value = secret::setting(&name, value);
        let scope = SettingScope::Service(service.clone());
        sink.stated(Claim::Setting(Setting { scope, key: name, value, profile: None }), at);
    }
}

/// Where a variable's value comes from.
fn foreign(from: &Node) -> Value {
    for (kind, group) in [("configMapKeyRef", "configmap"), ("secretKeyRef", "secret")] {
        if let Some(source) = from.get(kind) {
            let name = name_at(source, &["name"]).unwrap_or_default();
            let key = name_at(source, &["key"]).unwrap_or_default();
            return Value::reference(format_smolstr!("{group}/{name}/{key}"));
        }
    }
    match from.text_at(&["fieldRef", "fieldPath"]) {
        Some(path) => Value::opaque(path.clone()),
        None => Value::opaque(from.entries().next().map(|(k, _)| k.text.clone()).unwrap_or_default()),
    }
}
