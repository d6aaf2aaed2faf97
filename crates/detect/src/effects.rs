//! What operations do to others: which of them change something elsewhere, and which of those may fail without harm.
//!
//! Invariant: a request is a change only if its method may change something and its name does not say that it asks; what a
//! name says to be a courtesy (mail, metrics, caches) is one.

use crate::Cx;
use seam_facts::{Claim, SmolStr};
use seam_graph::{EdgeKind, Evidence, NodeKind, Operation};
use std::collections::BTreeSet;

/// A change that an operation makes outside of its own process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    /// A message.
    Message,
    /// A request that changes something at its callee.
    Request,
}

/// The change that an operation makes, if it makes one.
pub(crate) fn change(cx: &Cx<'_>, operation: Operation) -> Option<Change> {
    let edge = cx.edge(operation.edge);
    let said = cx.detail(operation).operation.as_str();
    match edge.kind {
        EdgeKind::QueuePublish => Some(Change::Message),
        EdgeKind::Http => {
            let (method, path) = said.split_once(' ')?;
            let changes = matches!(method, "POST" | "PUT" | "PATCH" | "DELETE");
            let asks = path.split('/').any(asks) || path.ends_with("graphql");
            (changes && !asks).then_some(Change::Request)
        }
        EdgeKind::Grpc => {
            let (_, method) = said.rsplit_once('/')?;
            (!method.is_empty() && !method.contains(['*', '{']) && !asks(method)).then_some(Change::Request)
        }
        // `order_create`, `orders.create`, `createOrder`: the word for what is done may stand anywhere.
        EdgeKind::Thrift | EdgeKind::Dubbo | EdgeKind::EventBus | EdgeKind::Tcp => {
            let method = said.rsplit(['/', '.', '#']).next().unwrap_or(said);
            let named = !method.is_empty() && !method.contains(['*', '{', ':']) && said.contains(char::is_alphabetic);
            let does = || method.split(['_', '-']).any(acts);
            (named && (does() || !method.split(['_', '-']).any(asks))).then_some(Change::Request)
        }
        EdgeKind::Graphql
        | EdgeKind::Websocket
        | EdgeKind::Smtp
        | EdgeKind::Db
        | EdgeKind::Cache
        | EdgeKind::QueueConsume => None,
    }
}

/// How many calls deep a handler is followed to what it writes.
const DEPTH: usize = 6;

/// Whether what answers the operation changes anything, as far as its code is known: a store, a message, another service.
pub(crate) fn alters(cx: &Cx<'_>, operation: Operation) -> Option<bool> {
    alters_but(cx, operation, &mut BTreeSet::new())
}

fn alters_but(cx: &Cx<'_>, operation: Operation, asked: &mut BTreeSet<usize>) -> Option<bool> {
    let index = cx.detail(operation).endpoint.as_ref().and_then(|k| seam_graph::endpoint_of(cx.graph, k))?;
    let endpoint = &cx.graph.endpoints[index];
    let (names, calls) = cx.flows().functions(endpoint.node);
    let path = &endpoint.proof.first().path;
    let start = names.iter().position(|(p, s)| p == path && last(s) == last(&endpoint.handler))?;
    if !asked.insert(index) {
        return Some(false);
    }
    let changes = |o: Operation, asked: &mut BTreeSet<usize>| match change(cx, o) {
        Some(Change::Message) => true,
        Some(Change::Request) => alters_but(cx, o, asked) != Some(false),
        None => false,
    };
    if cx.flows().endpoint(index).iter().any(|e| changes(e.operation, asked)) {
        return Some(true);
    }
    // What a library asks of somebody's API is not known.
    let unknown = |o: Operation| {
        let edge = cx.edge(o.edge);
        let foreign = edge.kind == EdgeKind::Http && cx.node(edge.to).kind == NodeKind::External;
        foreign && !cx.detail(o).operation.contains(' ')
    };
    if cx.flows().endpoint(index).iter().any(|e| unknown(e.operation)) {
        return None;
    }
    let mut seen = BTreeSet::from([start]);
    let mut layer = vec![start];
    for _ in 0..DEPTH {
        let writes = |f: &usize| {
            let (path, symbol) = &names[*f];
            cx.facts(path).iter().any(|fact| matches!(&fact.claim, Claim::Write(w) if w.within == *symbol))
        };
        if layer.iter().any(writes) {
            return Some(true);
        }
        layer = layer.iter().flat_map(|f| &calls[*f]).copied().filter(|f| seen.insert(*f)).collect();
    }
    // Some stores are written in ways that are not read.
    let kept = |kind: EdgeKind| cx.outgoing(endpoint.node).iter().any(|e| cx.edge(*e).kind == kind);
    let written = || cx.own_facts(endpoint.node).any(|(_, f)| matches!(f.claim, Claim::Write(_)));
    (!kept(EdgeKind::Cache) && (!kept(EdgeKind::Db) || written())).then_some(false)
}

/// A word for what changes something, whatever stands beside it.
fn acts(word: &str) -> bool {
    [
        "create", "add", "update", "set", "delete", "remove", "destroy", "cancel", "place", "submit", "pay", "charge",
        "refund", "send", "confirm", "commit", "reserve", "release", "register", "book", "publish", "save", "insert",
        "write",
    ]
    .iter()
    .any(|verb| word.to_ascii_lowercase().starts_with(verb))
}

/// A part of a path or a method's name whose first word says that nothing changes.
fn asks(name: &str) -> bool {
    const WORDS: &[&str] = &[
        "get",
        "query",
        "queries",
        "find",
        "search",
        "list",
        "fetch",
        "load",
        "read",
        "check",
        "validate",
        "verify",
        "is",
        "has",
        "count",
        "calculate",
        "calc",
        "compute",
        "convert",
        "quote",
        "quotes",
        "estimate",
        "predict",
        "login",
        "signin",
        "auth",
        "authenticate",
        "authorize",
        "authorise",
        "token",
        "tokens",
        "oauth",
        "introspect",
        "health",
        "ping",
        "echo",
        "watch",
        "lookup",
        "describe",
        "preview",
        "recommend",
        "hello",
        "greet",
        "chat",
        "completions",
        "embeddings",
        "generate",
        "translate",
        "render",
        "parse",
        "classify",
        "infer",
        "analyze",
        "analyse",
        "v1beta",
    ];
    words(name).first().is_some_and(|w| WORDS.contains(&w.as_str()))
}

/// Whether the operation is a courtesy: nothing that was promised is lost with it.
pub(crate) fn is_courtesy(cx: &Cx<'_>, operation: Operation) -> bool {
    const WORDS: &[&str] = &[
        "notify",
        "notification",
        "notifications",
        "notifier",
        "email",
        "emails",
        "mail",
        "mails",
        "mailer",
        "sms",
        "slack",
        "telegram",
        "discord",
        "push",
        "metric",
        "metrics",
        "stat",
        "stats",
        "statistics",
        "analytics",
        "track",
        "tracking",
        "telemetry",
        "trace",
        "traces",
        "span",
        "log",
        "logs",
        "logging",
        "audit",
        "cache",
        "caches",
        "invalidate",
        "evict",
        "warmup",
        "prefetch",
        "heartbeat",
        "register",
        "registration",
        "deregister",
        "unregister",
        "webhook",
        "alert",
        "alerts",
        "confirmation",
        "logout",
        "history",
        "views",
        "monitor",
        "monitoring",
        "progress",
        "typing",
        "presence",
        "toast",
        "dashboard",
        "backup",
        "seed",
        "demo",
    ];
    let edge = cx.edge(operation.edge);
    let detail = cx.detail(operation);
    if cx.node(edge.to).kind == NodeKind::Tool {
        return true;
    }
    let named = match edge.kind {
        // A broker carries many things; the topic says which.
        EdgeKind::QueuePublish => detail.operation.to_string(),
        _ => format!("{} {}", detail.operation, cx.name(edge.to)),
    };
    let named = format!("{named} {}", last(&detail.within));
    words(&named).iter().any(|w| WORDS.contains(&w.as_str()))
}

/// Words of a name in any spelling, lower case.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut previous = ' ';
    for c in name.chars() {
        let starts =
            c.is_alphanumeric() && (!previous.is_alphanumeric() || c.is_uppercase() && !previous.is_uppercase());
        if starts {
            out.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = out.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        previous = c;
    }
    out
}

/// The simple name of a symbol.
pub(crate) fn last(symbol: &str) -> &str {
    symbol.rsplit(['.', ':', '#']).next().unwrap_or(symbol)
}

/// An operation in words: `POST /charges` of `payment`, the message `order-created`.
pub(crate) fn said(cx: &Cx<'_>, operation: Operation) -> String {
    let edge = cx.edge(operation.edge);
    let detail = cx.detail(operation);
    let what = crate::patience::called(cx, operation);
    match edge.kind {
        EdgeKind::QueuePublish if topic(&detail.operation).is_empty() || is_shared(cx, operation) => {
            format!("a message to `{}`", cx.name(edge.to))
        }
        EdgeKind::QueuePublish => format!("the message `{}`", topic(&detail.operation)),
        _ => format!("`{what}` of `{}`", cx.name(edge.to)),
    }
}

/// Whether one line sends to several topics: a wrapper, and which one is meant is not known.
fn is_shared(cx: &Cx<'_>, operation: Operation) -> bool {
    let at = &cx.detail(operation).at;
    let others = cx.edge(operation.edge).details.iter().filter(|d| d.at.path == at.path && d.at.at.line == at.at.line);
    others.into_iter().any(|d| d.operation != cx.detail(operation).operation)
}

/// The part of a topic that is known; empty if none is.
pub(crate) fn topic(operation: &str) -> &str {
    operation.split(' ').find(|t| !t.is_empty() && !t.contains('{')).unwrap_or_default()
}

/// Nodes whose code runs in a browser, as what they are built with says.
pub(crate) fn pages(cx: &Cx<'_>) -> BTreeSet<usize> {
    const LIBRARIES: &[&str] = &["react", "react-dom", "vue", "@angular/core", "svelte", "jquery", "react-scripts"];
    const SERVERS: &[&str] = &["express", "next", "nuxt", "koa", "fastify", "@nestjs/core"];
    let has = |node: usize, names: &[&str]| {
        cx.graph.packages.iter().any(|p| p.node == node && names.contains(&p.package.as_str()))
    };
    (0..cx.graph.nodes.len()).filter(|n| has(*n, LIBRARIES) && !has(*n, SERVERS)).collect()
}

/// Whether a file is sent to a browser.
pub(crate) fn is_page(path: &SmolStr) -> bool {
    [".tsx", ".jsx", ".vue", ".svelte"].iter().any(|e| path.ends_with(e))
        || path.split('/').any(|part| matches!(part, "static" | "public" | "wwwroot" | "assets"))
}

/// Where a service is asked to do something.
pub(crate) struct Entry {
    pub at: Evidence,
    /// `serves`, `takes`.
    pub verb: &'static str,
    /// In backticks.
    pub name: String,
}

/// An entry of the node that leads to the operation: an endpoint, or else a consumed message.
pub(crate) fn entry(cx: &Cx<'_>, node: usize, operation: Operation) -> Option<Entry> {
    let leads = |effects: &[seam_graph::Effect]| effects.iter().any(|e| e.operation == operation);
    let mut served = cx.graph.endpoints.iter().enumerate().filter(|(_, e)| e.node == node);
    if let Some((_, endpoint)) = served.find(|(i, _)| leads(cx.flows().endpoint(*i))) {
        let name = [endpoint.method.as_deref().unwrap_or_default(), endpoint.path.as_str()].join(" ");
        let at = endpoint.proof.first().clone();
        return Some(Entry { at, verb: "serves", name: format!("`{}`", name.trim()) });
    }
    let own = cx.outgoing(node).iter().filter(|e| cx.edge(**e).kind == EdgeKind::QueueConsume);
    let mut consumed = own.flat_map(|e| (0..cx.edge(*e).details.len()).map(|detail| Operation { edge: *e, detail }));
    let taken = consumed.find(|o| leads(cx.flows().consumer(*o)))?;
    let name = match topic(&cx.detail(taken).operation) {
        "" => format!("a message of `{}`", cx.name(cx.edge(taken.edge).to)),
        topic => format!("the message `{topic}`"),
    };
    Some(Entry { at: cx.detail(taken).at.clone(), verb: "takes", name })
}

/// Who takes the messages of this topic: each node with its operation.
pub(crate) fn consumers(cx: &Cx<'_>, operation: Operation) -> Vec<(usize, Operation)> {
    let edge = cx.edge(operation.edge);
    let topic = topic(&cx.detail(operation).operation);
    if topic.is_empty() || is_shared(cx, operation) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for index in cx.incoming(edge.to).iter().chain(cx.outgoing(edge.to)).copied() {
        let taken = cx.edge(index);
        if taken.kind == EdgeKind::QueueConsume {
            let node = if taken.from == edge.to { taken.to } else { taken.from };
            let named = |d: &seam_graph::Detail| d.operation.split(' ').any(|t| t == topic);
            let all = taken.details.iter().enumerate().filter(|(_, d)| named(d));
            out.extend(all.map(|(detail, _)| (node, Operation { edge: index, detail })));
        }
    }
    out
}

/// Who takes the messages of this topic, in words.
pub(crate) fn takers(cx: &Cx<'_>, operation: Operation) -> String {
    let edge = cx.edge(operation.edge);
    let topic = topic(&cx.detail(operation).operation);
    let here = cx.incoming(edge.to).iter().chain(cx.outgoing(edge.to));
    let consumes = here.map(|e| cx.edge(*e)).filter(|e| e.kind == EdgeKind::QueueConsume);
    let takes = |e: &&seam_graph::Edge| e.details.iter().any(|d| d.operation.split(' ').any(|t| t == topic));
    let mut out: Vec<&str> = consumes
        .filter(|e| !topic.is_empty() && !is_shared(cx, operation) && takes(e))
        .map(|e| cx.name(if e.from == edge.to { e.to } else { e.from }))
        .filter(|name| *name != cx.name(edge.from))
        .collect();
    out.sort_unstable();
    out.dedup();
    match out.as_slice() {
        [] => "whoever listens".to_owned(),
        [one] => format!("`{one}`"),
        [one, two] => format!("`{one}` and `{two}`"),
        [one, ..] => format!("`{one}` and {} more", out.len() - 1),
    }
}
