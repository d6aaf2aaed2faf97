//! Everything that was read, together: names, who spoke, spans, lines, series, and calls that were only ever counted.
//!
//! Invariant: decoders add, in any order and from many files; [`Telemetry::settle`] makes the result independent of that order
//! where it can (series sorted) and nothing is taken away.

use crate::template::{Miner, words};
use crate::{EventId, Logs, Metrics, Name, Names, Severity, Spans};
use std::collections::BTreeMap;

/// Nanoseconds since 1970-01-01T00:00:00Z.
pub type Instant = i64;

/// Who speaks: OpenTelemetry's resource, as far as it is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// `service.name`, or what stands for it.
    pub service: Name,
    pub namespace: Name,
    /// `service.instance.id`, `k8s.pod.name` or a container.
    pub instance: Name,
    /// `service.version`, or an image's tag.
    pub version: Name,
    /// The machine: `host.name`, `k8s.node.name`.
    pub host: Name,
}

/// The number of a [`Resource`]; it never leaves the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(pub u32);

/// A call that was seen without a span of its own: a service map, a dependency export, a service-graph metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Observed {
    pub caller: Name,
    pub callee: Name,
}

/// What a running system said.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    pub names: Names,
    resources: Vec<Resource>,
    index: BTreeMap<Resource, ResourceId>,
    pub spans: Spans,
    pub logs: Logs,
    pub metrics: Metrics,
    /// In order, each once.
    pub observed: std::collections::BTreeSet<Observed>,
    miner: Miner,
}

impl Telemetry {
    /// At most so many resources; one more shares the last one's number.
    pub const MOST_RESOURCES: usize = 1 << 17;

    /// The number of `resource`.
    pub fn resource(&mut self, resource: Resource) -> ResourceId {
        if let Some(id) = self.index.get(&resource) {
            return *id;
        }
        if self.resources.len() >= Telemetry::MOST_RESOURCES {
            return ResourceId(self.resources.len() as u32 - 1);
        }
        let id = ResourceId(self.resources.len() as u32);
        self.resources.push(resource);
        self.index.insert(resource, id);
        id
    }

    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    pub fn get(&self, id: ResourceId) -> Resource {
        self.resources.get(id.0 as usize).copied().unwrap_or_default()
    }

    /// The service that a resource belongs to.
    pub fn service(&self, id: ResourceId) -> Name {
        self.get(id).service
    }

    pub fn text(&self, name: Name) -> &str {
        self.names.text(name)
    }

    /// The event of a line: by its place in the source where the text gives it, else by a template that is mined.
    pub fn event(&mut self, logger: Name, line: u32, severity: Severity, message: &str) -> EventId {
        let Telemetry { names, logs, miner, .. } = self;
        if line > 0 {
            if let Some(known) = logs.placed(logger, line) {
                logs.again(known, severity, None);
                return known;
            }
            let template = names.intern(&words(message).join(" "));
            return logs.event(logger, line, template, severity, message);
        }
        let mut made = false;
        let (id, changed) = miner.event(logger.index() as u32, message, |template| {
            made = true;
            logs.event(logger, 0, names.intern(template), severity, message)
        });
        if !made {
            let template = changed.map(|text| names.intern(&text));
            logs.again(id, severity, template);
        }
        id
    }

    /// One more line of an event that [`Telemetry::event`] gave.
    pub fn again(&mut self, event: EventId, severity: Severity) {
        self.logs.again(event, severity, None);
    }

    /// Puts series in order; to be called once, after the last file.
    pub fn settle(&mut self) {
        for series in self.metrics.series_mut() {
            series.sort();
        }
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.logs.rows().is_empty() && self.metrics.is_empty()
    }

    /// The first and the last instant that anything speaks of.
    pub fn reach(&self) -> Option<(Instant, Instant)> {
        let spans = self.spans.rows().map(|(_, s)| (s.start, s.end));
        let logs = self.logs.rows().iter().map(|l| (l.time, l.time));
        let points = self.metrics.series().iter().flat_map(|s| s.time.iter().map(|t| (*t, *t)));
        spans.chain(logs).chain(points).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_has_one_number() {
        let mut telemetry = Telemetry::default();
        let cart = Resource { service: telemetry.names.intern("cart"), ..Resource::default() };
        let id = telemetry.resource(cart);
        assert_eq!(telemetry.resource(cart), id);
        assert_eq!(telemetry.text(telemetry.service(id)), "cart");
        assert_eq!(telemetry.reach(), None);
    }
}
