//! Who speaks, from the attributes of a resource: OpenTelemetry's, Jaeger's process tags, labels of a scrape.
//!
//! Invariant: a name that was given wins over one that a platform made, and `unknown_service` is no name. Source:
//! OpenTelemetry Semantic Conventions 1.40, resources; labels that Prometheus' service discovery and Kubernetes write.

use crate::value::Any;
use crate::{Resource, ResourceId, Telemetry};

/// Names of attributes for each part of a resource, best first.
const SERVICE: &[&str] = &[
    "service.name",
    "service_name",
    "service",
    "app",
    "app.kubernetes.io/name",
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "deployment",
    "exported_job",
    "faas.name",
    "container",
    "container.name",
    "k8s.container.name",
    "job",
];
const NAMESPACE: &[&str] = &["service.namespace", "service_namespace", "k8s.namespace.name", "namespace"];
const INSTANCE: &[&str] = &[
    "k8s.pod.name",
    "pod",
    "pod_name",
    "service.instance.id",
    "service_instance_id",
    "instance",
    "container.id",
    "hostname",
];
const VERSION: &[&str] = &["service.version", "service_version", "container.image.tag", "version"];
const HOST: &[&str] = &["host.name", "k8s.node.name", "host_name", "node"];

/// Collects a resource's attributes in any order.
#[derive(Default)]
pub(crate) struct Who {
    /// The best text so far and its place in the table, for each part.
    parts: [Option<(usize, String)>; 5],
}

const PARTS: [&[&str]; 5] = [SERVICE, NAMESPACE, INSTANCE, VERSION, HOST];

impl Who {
    /// Looks at one attribute; says whether it told who speaks.
    pub fn add(&mut self, key: &str, value: &Any<'_>) -> bool {
        let mut taken = false;
        for (table, part) in PARTS.iter().zip(&mut self.parts) {
            let Some(rank) = table.iter().position(|k| *k == key) else { continue };
            taken = true;
            let mut room = String::new();
            let Some(text) = value.text(&mut room).filter(|t| !t.is_empty() && !t.starts_with("unknown_service"))
            else {
                continue;
            };
            if part.as_ref().is_none_or(|(known, _)| rank < *known) {
                *part = Some((rank, crate::names::cut(text, crate::Names::LONGEST).to_owned()));
            }
        }
        taken
    }

    /// The resource; `otherwise` is the service where no attribute names one.
    pub fn resource(&self, otherwise: &str, into: &mut Telemetry) -> ResourceId {
        let [service, namespace, instance, version, host] = &self.parts;
        let text = |part: &Option<(usize, String)>| part.as_ref().map(|(_, text)| text.clone()).unwrap_or_default();
        let instance = text(instance);
        let service = match service {
            Some((_, name)) => name.as_str(),
            None if !instance.is_empty() => crate::pods::service(&instance),
            None => otherwise,
        };
        let resource = Resource {
            service: into.names.intern(service),
            namespace: into.names.intern(&text(namespace)),
            instance: into.names.intern(&instance),
            version: into.names.intern(&text(version)),
            host: into.names.intern(&text(host)),
        };
        into.resource(resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(pairs: &[(&str, &str)]) -> String {
        let (mut who, mut into) = (Who::default(), Telemetry::default());
        for (key, value) in pairs {
            who.add(key, &Any::Text((*value).into()));
        }
        let id = who.resource("file", &mut into);
        into.text(into.service(id)).to_owned()
    }

    #[test]
    fn a_given_name_wins_over_what_a_platform_made() {
        assert_eq!(service(&[("k8s.deployment.name", "cart-v2"), ("service.name", "cart")]), "cart");
        assert_eq!(
            service(&[("service.name", "unknown_service:java"), ("k8s.pod.name", "cart-7d4b8c9f5d-x2b5z")]),
            "cart"
        );
        assert_eq!(service(&[("job", "node"), ("app", "cart")]), "cart");
        assert_eq!(service(&[]), "file");
    }
}
