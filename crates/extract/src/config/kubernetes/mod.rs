//! Kubernetes manifests, plain and as chart templates. See `kubernetes.md`.

mod group;
mod mesh;
mod network;
mod operators;
mod workload;

use super::charts::Release;
use super::tree::{Data, Key, Node};
use super::{template, yaml};
use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Deployment, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "kubernetes",
    version: 9,
    page: include_str!("kubernetes.md"),
    reads: Reads::Files { wants, extract },
};

fn wants(file: &File<'_>) -> bool {
    matches!(file.extension().as_str(), "yaml" | "yml" | "tpl")
        && (file.text.is_empty() || (file.text.contains("apiVersion:") && file.text.contains("kind:")))
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    let templated = template::is_templated(file.text);
    let deployment = if templated { Deployment::Helm } else { Deployment::Kubernetes };
    let cx = Cx { deployment, lines: if templated { file.text.lines().collect() } else { Vec::new() } };
    let variables = if templated { template::variables(file.text) } else { Vec::new() };
    for mut document in yaml::documents(file.text, sink) {
        if !variables.is_empty() {
            fill(&mut document, &variables);
        }
        object(&cx, &document, sink);
    }
}

/// Puts what a template's variables were assigned in their places.
fn fill(node: &mut Node, variables: &[(SmolStr, String)]) {
    match &mut node.value {
        Data::Scalar(text, _) if text.contains('$') && template::is_templated(text) => {
            *text = template::substituted(text, variables).into();
        }
        Data::Scalar(..) => {}
        Data::Map(entries) => entries.iter_mut().for_each(|(_, node)| fill(node, variables)),
        Data::List(items) => items.iter_mut().for_each(|node| fill(node, variables)),
    }
}

/// What all kinds of objects need.
struct Cx<'a> {
    deployment: Deployment,
    /// The file's lines, when templates stand between them.
    lines: Vec<&'a str>,
}

fn object(cx: &Cx<'_>, object: &Node, sink: &mut Sink) {
    let (Some(api), Some(kind)) = (object.text_at(&["apiVersion"]), object.text_at(&["kind"])) else {
        return;
    };
    if kind.ends_with("List") && object.get("items").is_some() {
        for item in object.get("items").into_iter().flat_map(Node::items) {
            self::object(cx, item, sink);
        }
        return;
    }
    let Some(named) = Named::new(object) else {
        return;
    };
    let group = api.split('/').next().unwrap_or("");
    match (kind.as_str(), group) {
        ("Service", "serving.knative.dev") => workload::state(cx, &named, &["spec", "template"], sink),
        ("Service", "v1") => network::service(cx, &named, sink),
        (
            "Deployment"
            | "StatefulSet"
            | "DaemonSet"
            | "ReplicaSet"
            | "Rollout"
            | "DeploymentConfig"
            | "Job"
            | "ReplicationController",
            _,
        ) => workload::state(cx, &named, &["spec", "template"], sink),
        ("CronJob", _) => workload::state(cx, &named, &["spec", "jobTemplate", "spec", "template"], sink),
        ("Pod", "v1") => workload::state(cx, &named, &[], sink),
        ("ConfigMap", _) => group::config_map(cx, &named, sink),
        ("Secret", _) | ("SealedSecret", _) => group::secret(&named, sink),
        ("Ingress", _) => network::ingress(&named, sink),
        ("HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute", _) => network::gateway_route(&named, sink),
        ("IngressRoute" | "IngressRouteTCP", _) => network::traefik(&named, sink),
        ("Mapping", "getambassador.io") => network::ambassador(&named, sink),
        ("VirtualService", _) if group.contains("istio") => mesh::virtual_service(&named, sink),
        ("DestinationRule", _) => mesh::destination_rule(&named, sink),
        ("ServiceEntry", _) => mesh::service_entry(cx, &named, sink),
        ("Application", "argoproj.io") | ("HelmRelease", _) | ("HelmChart", "helm.cattle.io") => releases(&named, sink),
        ("Component", "dapr.io") => mesh::dapr_component(cx, &named, sink),
        _ => operators::custom(cx, kind, group, &named, sink),
    }
}

/// Releases of published charts, as Argo CD, Flux and k3s are told of them.
fn releases(named: &Named<'_>, sink: &mut Sink) {
    let Some(spec) = named.spec() else { return };
    let one = spec.get("source").into_iter().chain(spec.get("sources").into_iter().flat_map(Node::items));
    let charts = one.chain([spec]).chain(spec.path(&["chart", "spec"]));
    for source in charts {
        // A folder of this repository is read itself.
        let Some(chart) = source.text_at(&["chart"]).filter(|c| !c.starts_with('.')) else { continue };
        let told = source.text_at(&["helm", "releaseName"]).or_else(|| spec.text_at(&["releaseName"]));
        let namespace = ["destination.namespace", "targetNamespace"]
            .iter()
            .find_map(|p| spec.text_at(&p.split('.').collect::<Vec<_>>()).cloned())
            .or_else(|| named.namespace.clone());
        let name = Some(told.map_or(named.name.as_str(), SmolStr::as_str));
        let release = Release { name, chart, alias: None, owner: None, namespace };
        if let Some(service) = release.service() {
            sink.stated(Claim::Service(service), named.at);
        }
    }
}

/// An object with its name's place.
struct Named<'a> {
    object: &'a Node,
    name: SmolStr,
    namespace: Option<SmolStr>,
    at: Span,
}

impl<'a> Named<'a> {
    fn new(object: &'a Node) -> Option<Self> {
        let metadata = object.get("metadata")?;
        let (key, node) = metadata.entry("name").or_else(|| metadata.entry("generateName"))?;
        let namespace = metadata.get("namespace").and_then(Node::text).filter(|t| !template::is_templated(t)).cloned();
        let name = template::name(node.text()?);
        Some(Named { object, name, namespace, at: key.span })
    }

    fn spec(&self) -> Option<&'a Node> {
        self.object.get("spec")
    }
}

/// A scalar with templates and `$(VAR)` as holes; `None` for null.
fn value(node: &Node) -> Option<Value> {
    node.text().map(|t| template::value(t))
}

fn value_at(node: &Node, path: &[&str]) -> Option<Value> {
    node.path(path).and_then(value)
}

/// A scalar's text as a name.
fn name_at(node: &Node, path: &[&str]) -> Option<SmolStr> {
    node.text_at(path).map(|t| template::name(t))
}

/// Where a chart's values are spread below a key: `{{ toYaml .Values.env }}`, `{{ range $k, $v := .Values.env }}`.
fn spread(cx: &Cx<'_>, key: &Key, node: &Node) -> Vec<SmolStr> {
    let mut out: Vec<SmolStr> = Vec::new();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let own = cx.lines.get((key.span.line as usize).saturating_sub(1)).map_or(0, |l| indent(l));
    let last = node.span.end_line as usize;
    for (index, line) in cx.lines.iter().enumerate().skip(key.span.line as usize - 1) {
        let text = line.trim();
        let below = index < key.span.line as usize
            || index < last
            || indent(line) > own
            || text.starts_with('-') && indent(line) == own;
        if !text.is_empty() && !text.starts_with("{{") && !below {
            break;
        }
        if ["range", "toYaml", "with", "tpl"].iter().any(|w| text.contains(w)) {
            for (_, after) in text.match_indices(".Values.").map(|(i, w)| text.split_at(i + w.len())) {
                let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(after.len());
                let path = format_smolstr!("values.{}", after[..end].trim_end_matches('.'));
                if !out.contains(&path) {
                    out.push(path);
                }
            }
        }
    }
    out
}

/// Named templates that stand between the entries below a key, on lines of their own: `{{- include "shop.env" . | nindent 12 }}`.
fn taken(cx: &Cx<'_>, key: &Key, node: &Node) -> Vec<SmolStr> {
    let last = node.span.end_line.max(key.span.line) as usize + 1;
    let within = cx.lines.iter().take(last).skip(key.span.line as usize).map(|line| line.trim());
    let alone = within.filter(|line| line.starts_with("{{") && line.ends_with("}}"));
    alone.flat_map(template::includes).map(|name| format_smolstr!("include/{name}")).collect()
}

/// Labels below a key: written pairs, and the templates that stand among them. A chart's `x.labels` holds its
/// `x.selectorLabels`, so both count as one label.
fn labels(cx: &Cx<'_>, entry: Option<(&Key, &Node)>) -> Vec<(SmolStr, SmolStr)> {
    let Some((key, node)) = entry else {
        return Vec::new();
    };
    let mut out: Vec<(SmolStr, SmolStr)> = Vec::new();
    let mut included = node.text().map(|t| template::includes(t)).unwrap_or_default();
    // Actions alone on their lines, below the key or between the pairs.
    let last = node.span.end_line.max(key.span.line) as usize + 1;
    for line in cx.lines.iter().take(last.max(key.span.line as usize + 1)).skip(key.span.line as usize) {
        let line = line.trim();
        if line.starts_with("{{") && line.ends_with("}}") {
            included.extend(template::includes(line));
        }
    }
    for template in included {
        let base = template.rsplit_once('.').map_or(template.as_str(), |(base, _)| base);
        let label = ("include".into(), SmolStr::from(base));
        if !out.contains(&label) {
            out.push(label);
        }
    }
    for (key, node) in node.entries() {
        if let Some(text) = node.text() {
            out.push((template::name(&key.text), template::name(text)));
        }
    }
    out.sort();
    out
}
