//! Service meshes and Dapr: routes, policies, external hosts, components.

use super::network::{address, millis, outside, retries, route, timeout};
use super::{Cx, Named, name_at, value, value_at};
use crate::Sink;
use crate::config::tree::Node;
use seam_facts::{Alias, Claim, Policy, PolicyKind, Protocol, SmolStr, Span, System, Target, Value, format_smolstr};

pub(super) fn virtual_service(named: &Named<'_>, sink: &mut Sink) {
    let Some(spec) = named.spec() else {
        return;
    };
    let host = spec.get("hosts").into_iter().flat_map(Node::items).find_map(|h| h.text().cloned());
    // Without a gateway the rules apply to calls within the mesh: policies, but no way in.
    let entered = spec.get("gateways").into_iter().flat_map(Node::items).any(|g| g.text().is_some_and(|t| t != "mesh"));
    for rule in spec.get("http").into_iter().flat_map(Node::items) {
        let destinations = rule.get("route").into_iter().flat_map(Node::items).filter_map(|r| r.get("destination"));
        for destination in destinations {
            let Some((key, name)) = destination.entry("host") else {
                continue;
            };
            let target = value(name).map(|h| address(h, value_at(destination, &["port", "number"])));
            let mut paths: Vec<Value> = Vec::new();
            for matching in rule.get("match").into_iter().flat_map(Node::items) {
                let uri = matching.get("uri").into_iter().flat_map(Node::entries);
                paths.extend(uri.filter_map(|(_, v)| value(v)));
            }
            if paths.is_empty() {
                paths.push("/".into());
            }
            if entered {
                for path in paths {
                    route(named, Protocol::Http, path, target.clone(), key.span, sink);
                }
            }
            let on = name_at(destination, &["host"]).or_else(|| host.clone()).unwrap_or_default();
            timeout(&on, rule.get("timeout"), "Istio", sink);
            retries(&on, rule.get("retries"), "Istio", sink);
        }
    }
}

pub(super) fn destination_rule(named: &Named<'_>, sink: &mut Sink) {
    let Some((spec, on)) = named.spec().and_then(|s| Some((s, name_at(s, &["host"])?))) else {
        return;
    };
    let Some(policy) = spec.get("trafficPolicy") else {
        return;
    };
    let mut state = |kind, millis, detail: SmolStr, at: Span| {
        let on = on.clone();
        sink.stated(Claim::Policy(Policy { kind, on, attempts: None, millis, detail, within: SmolStr::default() }), at);
    };
    if let Some((key, outlier)) = policy.entry("outlierDetection") {
        let errors = ["consecutive5xxErrors", "consecutiveErrors", "consecutiveGatewayErrors"];
        let errors = errors.iter().find_map(|k| outlier.text_at(&[k]));
        let detail = match errors {
            Some(n) => format_smolstr!("Istio, after {n} errors"),
            None => "Istio".into(),
        };
        state(PolicyKind::Breaker, outlier.text_at(&["baseEjectionTime"]).map(|t| millis(t)), detail, key.span);
    }
    if let Some(pool) = policy.get("connectionPool") {
        for (kind, limit) in
            [("http", "http1MaxPendingRequests"), ("http", "http2MaxRequests"), ("tcp", "maxConnections")]
        {
            if let Some((key, node)) = pool.get(kind).and_then(|k| k.entry(limit)) {
                let detail = format_smolstr!("Istio, {limit} {}", node.text().cloned().unwrap_or_default());
                state(PolicyKind::Bulkhead, None, detail, key.span);
            }
        }
        if let Some((key, node)) = pool.get("tcp").and_then(|t| t.entry("connectTimeout")) {
            state(PolicyKind::Timeout, node.text().map(|t| millis(t)), "Istio, to connect".into(), key.span);
        }
    }
}

/// Hosts outside that the mesh knows.
pub(super) fn service_entry(cx: &Cx<'_>, named: &Named<'_>, sink: &mut Sink) {
    for host in named.spec().and_then(|s| s.get("hosts")).into_iter().flat_map(Node::items) {
        if let Some(name) = host.text().filter(|h| !h.contains('*')) {
            alias(cx, named, name.clone(), Target::External(name.clone()), host.span, sink);
        }
    }
}

/// Keys of a component's metadata under which its product's address stands.
const ADDRESSES: &[&str] = &[
    "redisHost",
    "host",
    "hosts",
    "brokers",
    "connectionString",
    "url",
    "uri",
    "endpoint",
    "server",
    "servers",
    "address",
    "hostname",
    "natsURL",
    "pulsarHost",
];

/// Products behind Dapr's state stores, message brokers and bindings, by the second part of the component's type.
const PRODUCTS: &[(&str, System)] = &[
    ("redis", System::Redis),
    ("rabbitmq", System::Rabbit),
    ("kafka", System::Kafka),
    ("mqtt", System::Mqtt),
    ("mqtt3", System::Mqtt),
    ("nats", System::Nats),
    ("jetstream", System::Nats),
    ("pulsar", System::Pulsar),
    ("postgresql", System::Postgres),
    ("postgres", System::Postgres),
    ("mysql", System::Mysql),
    ("sqlserver", System::SqlServer),
    ("mongodb", System::Mongo),
    ("cassandra", System::Cassandra),
    ("cockroachdb", System::Postgres),
    ("memcached", System::Memcached),
    ("etcd", System::Etcd),
    ("solace.amqp", System::Solace),
    ("azure.blobstorage", System::Objects),
    ("azure.tablestorage", System::Objects),
    ("azure.storagequeues", System::Objects),
    ("azure.cosmosdb", System::Cosmos),
    ("azure.servicebus", System::ServiceBus),
    ("azure.servicebus.topics", System::ServiceBus),
    ("azure.servicebus.queues", System::ServiceBus),
    ("azure.servicebusqueues", System::ServiceBus),
    ("azure.eventhubs", System::EventHubs),
    ("aws.s3", System::Objects),
    ("aws.dynamodb", System::Dynamo),
    ("aws.snssqs", System::Sqs),
    ("aws.sqs", System::Sqs),
    ("aws.sns", System::Sns),
    ("aws.kinesis", System::Kinesis),
    ("gcp.bucket", System::Objects),
    ("gcp.pubsub", System::PubSub),
    ("gcp.firestore", System::Firestore),
];

/// What a cloud's account is called by, where a component names no address.
const ACCOUNTS: &[&str] = &["storageAccount", "accountName", "storageAccountName", "bucket", "namespaceName"];

/// A Dapr component (`pubsub.redis`): its name stands for the product at the address that it holds.
pub(super) fn dapr_component(cx: &Cx<'_>, named: &Named<'_>, sink: &mut Sink) {
    let of = named.spec().and_then(|s| s.text_at(&["type"])).and_then(|t| t.split_once('.'));
    let product = of.and_then(|(_, name)| PRODUCTS.iter().find(|(n, _)| *n == name));
    // Whose sidecars load it, where that is not everybody's.
    if let Some((key, scopes)) = named.object.entry("scopes") {
        let names: Vec<&str> = scopes.items().filter_map(|n| n.text().map(SmolStr::as_str)).collect();
        if !names.is_empty() {
            let symbol = seam_facts::format_smolstr!("{}{}", named.name, seam_facts::SCOPES);
            let value = seam_facts::Value::text(names.join(","));
            sink.stated(Claim::Constant(seam_facts::Constant { symbol, value }), key.span);
        }
    }
    let mut component = |host: SmolStr| {
        if let (Some((block, _)), Some((_, system))) = (of, product) {
            let target = Target::Component { block: block.into(), system: *system, host };
            alias(cx, named, named.name.clone(), target, named.at, sink);
        }
    };
    let metadata = || named.spec().and_then(|s| s.get("metadata")).into_iter().flat_map(Node::items);
    let actors = metadata().any(|item| {
        item.text_at(&["name"]).is_some_and(|n| n == "actorStateStore")
            && item.text_at(&["value"]).is_some_and(|v| v == "true")
    });
    for item in metadata() {
        let key = item.text_at(&["name"]).map(SmolStr::as_str).unwrap_or("");
        let Some(text) = item.text_at(&["value"]).filter(|_| ADDRESSES.iter().any(|a| a.eq_ignore_ascii_case(key)))
        else {
            continue;
        };
        if let Some(host) = host_of(text) {
            component(host.clone());
            alias(cx, named, named.name.clone(), outside(&host), named.at, sink);
            // Actors name no component: their state is in the one that says so.
            if actors {
                alias(cx, named, "actorStateStore".into(), outside(&host), named.at, sink);
            }
            return;
        }
    }
    let account = metadata().find_map(|item| {
        let named = item.text_at(&["name"]).is_some_and(|key| ACCOUNTS.iter().any(|a| a.eq_ignore_ascii_case(key)));
        item.text_at(&["value"]).filter(|_| named).and_then(|text| host_of(text))
    });
    component(account.unwrap_or_default());
}

/// The host of a URL, a `host:port`, the first of a list, or `Server=` of a connection string.
fn host_of(text: &str) -> Option<SmolStr> {
    let text = text.split(',').next().unwrap_or(text);
    let lower = text.to_ascii_lowercase();
    let text = match ["server=", "host=", "data source="].iter().find_map(|k| lower.find(k).map(|i| i + k.len())) {
        Some(start) => text[start..].split([';', ' ']).next().unwrap_or(""),
        None => text,
    };
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
    let host = text.split([':', '/', ';', '?']).next().unwrap_or("").trim();
    (!host.is_empty() && !host.contains(['{', ' ', '='])).then(|| host.into())
}

fn alias(cx: &Cx<'_>, named: &Named<'_>, name: SmolStr, target: Target, at: Span, sink: &mut Sink) {
    let namespace = named.namespace.clone();
    sink.stated(Claim::Alias(Alias { name, deployment: cx.deployment, target, ports: Vec::new(), namespace }), at);
}
