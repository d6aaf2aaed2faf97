//! Calls as telemetry shows them: who spoke to whom, how often, with what.
//!
//! Invariant: a call is counted once, at the side that knows both ends: the callee's span below the caller's where there is one,
//! else the caller's own span with the address that it names. What one span shows is evidence enough that a call exists.

use seam_signals::{Attribute, Forest, Instant, NONE, Name, Span, SpanId, SpanKind, Telemetry, TraceId, is_parted};
use std::collections::{BTreeMap, BTreeSet};

/// How two speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Somebody waits for the answer.
    Call,
    /// Nobody does.
    Message,
    /// A database or a cache.
    Store,
}

/// The other end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// It speaks in the telemetry itself.
    Service(String),
    /// Only an address or a name is known.
    Address(String),
    /// A product and perhaps a database, a queue or a topic: `postgresql`, `kafka orders`.
    Product(String),
}

impl End {
    pub fn name(&self) -> &str {
        match self {
            End::Service(name) | End::Address(name) | End::Product(name) => name,
        }
    }
}

/// All sightings of one call.
#[derive(Clone, Debug)]
pub struct Seen {
    pub count: u64,
    pub first: Instant,
    pub last: Instant,
    pub example: (TraceId, SpanId),
    /// The callee's or the caller's names of what was asked, with how often.
    pub operations: BTreeMap<String, u64>,
}

/// All calls, and who speaks.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    pub all: BTreeMap<(String, End, Way), Seen>,
    /// Services with spans, and how many requests began there.
    pub requests: BTreeMap<String, u64>,
    /// Requests by service and operation, as spans name them.
    pub entries: BTreeMap<(String, String), u64>,
}

/// Whether a request to its service begins with a span: nobody of the same service is above it, and it does not say otherwise.
pub(crate) fn is_entry(telemetry: &Telemetry, forest: &Forest, row: u32) -> bool {
    let Some(span) = telemetry.spans.get(row) else { return false };
    let parent = telemetry.spans.get(forest.parent(row)).filter(|_| forest.parent(row) != NONE);
    let service = telemetry.service(span.resource);
    parent.is_none_or(|p| telemetry.service(p.resource) != service)
        && matches!(span.kind, SpanKind::Server | SpanKind::Consumer | SpanKind::Unspecified)
}

impl Calls {
    pub fn of(telemetry: &Telemetry, forest: &Forest) -> Calls {
        let mut calls = Calls::default();
        let senders = senders(telemetry);
        for trace in forest.traces() {
            for row in forest.rows(trace) {
                calls.add(telemetry, forest, &senders, *row);
            }
        }
        for observed in &telemetry.observed {
            let (caller, callee) = (telemetry.text(observed.caller), telemetry.text(observed.callee));
            if caller != callee && !caller.is_empty() && !callee.is_empty() {
                let key = (caller.to_owned(), End::Service(callee.to_owned()), Way::Call);
                calls.all.entry(key).or_insert_with(|| Seen {
                    count: 0,
                    first: Instant::MAX,
                    last: Instant::MIN,
                    example: (TraceId::NONE, SpanId::NONE),
                    operations: BTreeMap::new(),
                });
            }
        }
        calls
    }

    fn add(&mut self, telemetry: &Telemetry, forest: &Forest, senders: &Senders, row: u32) {
        let Some(span) = telemetry.spans.get(row) else { return };
        let service = telemetry.text(telemetry.service(span.resource)).to_owned();
        if service.is_empty() {
            return;
        }
        let parent = telemetry.spans.get(forest.parent(row)).filter(|_| forest.parent(row) != NONE);
        let caller = parent.map(|p| (telemetry.text(telemetry.service(p.resource)).to_owned(), p));
        let begins = caller.as_ref().is_none_or(|(name, _)| *name != service);
        if is_entry(telemetry, forest, row) {
            *self.requests.entry(service.clone()).or_default() += 1;
            let operation = operation(telemetry, row, &span);
            *self.entries.entry((service.clone(), operation)).or_default() += 1;
        } else {
            self.requests.entry(service.clone()).or_default();
        }
        if let Some((name, parent)) = caller.filter(|(name, _)| begins && !name.is_empty()) {
            let way = if is_parted(&parent, &span) { Way::Message } else { Way::Call };
            self.count((name, End::Service(service.clone()), way), telemetry, row, &span);
        }
        for link in telemetry.spans.links(row).iter().filter(|_| span.kind == SpanKind::Consumer) {
            let sender = senders.get(&(link.trace, link.span)).map(|n| telemetry.text(*n));
            if let Some(sender) = sender.filter(|s| !s.is_empty() && *s != service) {
                self.count((sender.to_owned(), End::Service(service.clone()), Way::Message), telemetry, row, &span);
            }
        }
        let answered = || {
            forest.children(row).iter().any(|c| {
                telemetry
                    .spans
                    .get(*c)
                    .is_some_and(|c| telemetry.service(c.resource) != telemetry.service(span.resource))
            })
        };
        if let Some((end, way)) = outside(telemetry, row, &span).filter(|_| !answered()) {
            self.count((service, end, way), telemetry, row, &span);
        }
    }

    fn count(&mut self, key: (String, End, Way), telemetry: &Telemetry, row: u32, span: &Span) {
        let seen = self.all.entry(key).or_insert_with(|| Seen {
            count: 0,
            first: span.start,
            last: span.start,
            example: (span.trace, span.id),
            operations: BTreeMap::new(),
        });
        seen.count += 1;
        seen.last = seen.last.max(span.start);
        // Of equal ones the earliest is shown, whatever the order of files.
        if (span.start, span.trace, span.id) < (seen.first, seen.example.0, seen.example.1) || seen.count == 1 {
            seen.first = span.start;
            seen.example = (span.trace, span.id);
        }
        *seen.operations.entry(operation(telemetry, row, span)).or_default() += 1;
    }
}

/// The services of spans that links of consumers mean.
type Senders = BTreeMap<(TraceId, SpanId), Name>;

fn senders(telemetry: &Telemetry) -> Senders {
    let rows = || telemetry.spans.rows();
    let consumers = rows().filter(|(_, s)| s.kind == SpanKind::Consumer);
    let wanted: BTreeSet<(TraceId, SpanId)> =
        consumers.flat_map(|(row, _)| telemetry.spans.links(row)).map(|l| (l.trace, l.span)).collect();
    if wanted.is_empty() {
        return Senders::new();
    }
    let known = rows().filter(|(_, s)| wanted.contains(&(s.trace, s.id)));
    known.map(|(_, s)| ((s.trace, s.id), telemetry.service(s.resource))).collect()
}

/// What a span asks of somebody, as a route or a method: `POST /charge`, `PaymentService/Charge`, else its name.
pub(crate) fn operation(telemetry: &Telemetry, row: u32, span: &Span) -> String {
    let value = |key: Attribute| telemetry.spans.value(row, key).map(|n| telemetry.text(n));
    if let (Some(service), Some(method)) = (value(Attribute::RpcService), value(Attribute::RpcMethod)) {
        return format!("{service}/{method}");
    }
    let method = value(Attribute::HttpMethod);
    let route = value(Attribute::HttpRoute).or_else(|| value(Attribute::HttpTarget).map(path_of));
    match (method, route) {
        (Some(method), Some(route)) if route.starts_with('/') => format!("{method} {}", shape(route)),
        _ => telemetry.text(span.operation).to_owned(),
    }
}

/// The path of an address, its query left off.
fn path_of(target: &str) -> &str {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    rest.split(['?', '#']).next().unwrap_or(rest)
}

/// A path with its identifiers made alike: parts with a digit or of hexadecimal length are values, not words.
fn shape(path: &str) -> String {
    let part = |part: &str| {
        let value = part.len() <= 64
            && part.chars().any(|c| c.is_ascii_digit())
            && !matches!(part.as_bytes(), [b'v', rest @ ..] if !rest.is_empty() && rest.iter().all(u8::is_ascii_digit));
        if value { "{}".to_owned() } else { part.to_owned() }
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// Whom a span speaks to, where nobody there speaks in the telemetry.
fn outside(telemetry: &Telemetry, row: u32, span: &Span) -> Option<(End, Way)> {
    let value = |key: Attribute| telemetry.spans.value(row, key).map(|n| telemetry.text(n)).filter(|t| !t.is_empty());
    let named = |name: &str| End::Address(host(name).to_owned());
    let address = || value(Attribute::PeerService).or_else(|| value(Attribute::Peer).filter(|p| is_name(host(p))));
    if let Some(system) = value(Attribute::DbSystem) {
        let end = address().map_or_else(|| End::Product(system.to_lowercase()), named);
        return Some((end, Way::Store));
    }
    if let Some(system) = value(Attribute::MessagingSystem) {
        let system = system.to_lowercase();
        let end = match value(Attribute::MessagingDestination) {
            Some(to) => End::Product(format!("{system} {to}")),
            None => End::Product(system),
        };
        return matches!(span.kind, SpanKind::Producer | SpanKind::Client).then_some((end, Way::Message));
    }
    if span.kind != SpanKind::Client {
        return None;
    }
    let target =
        || value(Attribute::HttpTarget).filter(|t| t.contains("://")).map(authority).filter(|t| is_name(host(t)));
    address().or_else(target).map(|name| (named(name), Way::Call))
}

fn authority(target: &str) -> &str {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    rest.rsplit_once('@').map_or(rest, |(_, host)| host)
}

/// Without a port.
fn host(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => name,
    }
}

/// An address of numbers, or the machine itself, names nobody.
fn is_name(host: &str) -> bool {
    !host.is_empty() && host != "localhost" && host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[')
}

/// Whether a request failed: by its status, its HTTP or gRPC code, or an exception.
pub(crate) fn failed(telemetry: &Telemetry, row: u32, span: &Span) -> bool {
    let number = |key: Attribute| telemetry.spans.value(row, key).and_then(|n| telemetry.text(n).parse::<u32>().ok());
    span.status == seam_signals::Status::Error || number(Attribute::HttpStatus).is_some_and(|s| s >= 500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths_are_read_as_people_mean_them() {
        assert_eq!(host("payment:8080"), "payment");
        assert_eq!(authority("http://user@payment:8080/charge?x"), "payment:8080");
        assert_eq!(path_of("http://payment/charge?x=1"), "/charge");
        assert_eq!(shape("/v1/orders/8f3a1/items"), "/v1/orders/{}/items");
        assert!(!is_name("10.0.0.7") && !is_name("localhost") && is_name("api.example.org"));
    }
}
