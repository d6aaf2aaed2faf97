//! GraphQL and WebSockets in scripts: Apollo, Nest's resolvers and gateways, graphql-request, urql; socket.io and ws.
//! See `live.md`.

use super::options;
use crate::code::ir::{Expr, ExprKind, walk_stmts};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Endpoint, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "node-live",
    version: 1,
    page: include_str!("live.md"),
    reads: Reads::Code { langs: &[Lang::Script], extract },
};

/// What makes a client, its protocol, its name, and the key of its address.
const CLIENTS: &[(&str, Protocol, &str, &str)] = &[
    ("@apollo/client#ApolloClient", Protocol::Graphql, "apollo", "uri"),
    ("@apollo/client/core#ApolloClient", Protocol::Graphql, "apollo", "uri"),
    ("@apollo/client#HttpLink", Protocol::Graphql, "apollo", "uri"),
    ("@apollo/client#createHttpLink", Protocol::Graphql, "apollo", "uri"),
    ("apollo-link-http#HttpLink", Protocol::Graphql, "apollo", "uri"),
    ("apollo-link-http#createHttpLink", Protocol::Graphql, "apollo", "uri"),
    ("apollo-boost#", Protocol::Graphql, "apollo", "uri"),
    ("apollo-angular/http#HttpLink.create", Protocol::Graphql, "apollo", "uri"),
    ("@apollo/gateway#RemoteGraphQLDataSource", Protocol::Graphql, "apollo", "url"),
    ("graphql-request#GraphQLClient", Protocol::Graphql, "graphql-request", "url"),
    ("graphql-request#request", Protocol::Graphql, "graphql-request", "url"),
    ("graphql-request#", Protocol::Graphql, "graphql-request", "url"),
    ("urql#createClient", Protocol::Graphql, "urql", "url"),
    ("@urql/core#createClient", Protocol::Graphql, "urql", "url"),
    ("graphql-ws#createClient", Protocol::Graphql, "graphql-ws", "url"),
    ("subscriptions-transport-ws#SubscriptionClient", Protocol::Graphql, "subscriptions-transport-ws", "url"),
    ("socket.io-client#", Protocol::Websocket, "socket.io", "url"),
    ("socket.io-client#io", Protocol::Websocket, "socket.io", "url"),
    ("socket.io-client#connect", Protocol::Websocket, "socket.io", "url"),
    ("ws#", Protocol::Websocket, "ws", "url"),
    ("ws#WebSocket", Protocol::Websocket, "ws", "url"),
    ("WebSocket", Protocol::Websocket, "WebSocket", "url"),
    ("EventSource", Protocol::Http, "EventSource", "url"),
    ("websocket#w3cwebsocket", Protocol::Websocket, "websocket", "url"),
    ("reconnecting-websocket#", Protocol::Websocket, "reconnecting-websocket", "url"),
    ("@stomp/stompjs#Client", Protocol::Websocket, "stomp", "brokerURL"),
    ("sockjs-client#", Protocol::Websocket, "sockjs", "url"),
];

/// What makes a server, and the path it serves unless told otherwise.
const SERVERS: &[(&str, Protocol, &str)] = &[
    ("socket.io#", Protocol::Websocket, "/socket.io"),
    ("socket.io#Server", Protocol::Websocket, "/socket.io"),
    ("ws#Server", Protocol::Websocket, "/"),
    ("ws#WebSocketServer", Protocol::Websocket, "/"),
    ("ws#WebSocket.Server", Protocol::Websocket, "/"),
    ("express-graphql#graphqlHTTP", Protocol::Graphql, "/graphql"),
    ("@apollo/server#ApolloServer", Protocol::Graphql, "/graphql"),
    ("apollo-server#ApolloServer", Protocol::Graphql, "/graphql"),
    ("apollo-server-express#ApolloServer", Protocol::Graphql, "/graphql"),
    ("apollo-server-koa#ApolloServer", Protocol::Graphql, "/graphql"),
    ("apollo-server-fastify#ApolloServer", Protocol::Graphql, "/graphql"),
    ("apollo-server-lambda#ApolloServer", Protocol::Graphql, "/graphql"),
    ("graphql-yoga#createYoga", Protocol::Graphql, "/graphql"),
    ("graphql-yoga#GraphQLServer", Protocol::Graphql, "/"),
    ("@nestjs/graphql#GraphQLModule.forRoot", Protocol::Graphql, "/graphql"),
    ("@nestjs/graphql#GraphQLModule.forRootAsync", Protocol::Graphql, "/graphql"),
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        if let Some((_, protocol, client, key)) = CLIENTS.iter().find(|(n, _, _, _)| *n == callee) {
            client_made(code, site, *protocol, client, key, sink);
        } else if let Some((_, protocol, path)) = SERVERS.iter().find(|(n, _, _)| *n == callee) {
            let stated = site.call.args.iter().find_map(|a| options::value(code, &a.value, site.function, &["path"]));
            let path = stated.unwrap_or_else(|| (*path).into());
            sink.stated(endpoint(*protocol, path, SmolStr::default()), site.span());
        }
    }
    subgraphs(code, sink);
    decorated(code, sink);
}

fn client_made(code: &Code<'_>, site: &Site<'_>, protocol: Protocol, client: &str, key: &str, sink: &mut Sink) {
    let Some(arg) = site.call.arg(0) else {
        return;
    };
    let constructor = !client.contains("socket.io") && !matches!(site.call.name(), "request" | "createClient");
    if constructor && !site.call.new && client != "apollo" && client != "sockjs" {
        return;
    }
    let target = match options::is_object(code, arg, site.function) {
        true => options::value(code, arg, site.function, &[key, "uri", "url"]),
        false if matches!(arg.kind, ExprKind::Lambda(_)) => None,
        false => Some(code.value(arg, site.function)),
    };
    if let Some(target) = target.filter(|t| !t.is_empty()) {
        sink.stated(call(protocol, client, target, None, code.within(site.function)), site.span());
    }
}

fn call(protocol: Protocol, client: &str, target: Value, operation: Option<SmolStr>, within: SmolStr) -> Claim {
    Claim::Call(Call { operation, ..Call::to(protocol, client.into(), target, within) })
}

fn endpoint(protocol: Protocol, path: Value, handler: SmolStr) -> Claim {
    Claim::Endpoint(Endpoint { protocol, method: None, path, handler, router: None, request: None, response: None })
}

/// Apollo's gateway: `subgraphs` or `serviceList` of `{ name, url }`.
fn subgraphs(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("@apollo/gateway") && !code.imports("@nestjs/apollo") && !code.imports("@nestjs/graphql") {
        return;
    }
    let mut found: Vec<(Value, SmolStr, Span)> = Vec::new();
    let mut visit = |e: &Expr, function: usize| {
        for key in ["subgraphs", "serviceList"] {
            let Some(list) = e.key(key) else { continue };
            let (list, at) = code.resolved(list, function);
            let ExprKind::List(items) = &list.kind else { continue };
            for item in items {
                if let Some(url) = options::value(code, item, at, &["url"]) {
                    found.push((url, code.within(function), item.span));
                }
            }
        }
    };
    for (index, function) in code.unit.functions.iter().enumerate() {
        walk_stmts(&function.body, &mut |e| visit(e, index));
    }
    for ty in &code.unit.types {
        for arg in ty.annotations.iter().flat_map(|a| &a.args) {
            arg.value.walk(&mut |e| visit(e, 0));
        }
    }
    for (url, within, at) in found {
        sink.stated(call(Protocol::Graphql, "apollo-gateway", url, None, within), at);
    }
}

/// Resolvers and gateways by decorator.
fn decorated(code: &Code<'_>, sink: &mut Sink) {
    for function in &code.unit.functions {
        if function.annotations.is_empty() {
            continue;
        }
        let Some(ty) = code.type_named(&function.owner) else {
            continue;
        };
        let resolver = ty.annotations.iter().any(|a| a.simple() == "Resolver");
        let gateway = ty.annotations.iter().find(|a| a.simple() == "WebSocketGateway");
        for annotation in &function.annotations {
            match annotation.simple() {
                kind @ ("Query" | "Mutation" | "Subscription") if resolver => {
                    let named = annotation.args.iter().find_map(|a| match &a.value.kind {
                        ExprKind::Str(name) => Some(name.clone()),
                        ExprKind::Object(_) => a.value.key("name").and_then(|n| n.as_str().cloned()),
                        _ => None,
                    });
                    let name = named.unwrap_or_else(|| function.name.clone());
                    let path = Value::text(format_smolstr!("{kind}/{name}"));
                    sink.stated(endpoint(Protocol::Graphql, path, function.symbol()), annotation.span);
                }
                "SubscribeMessage" => {
                    let namespace = gateway
                        .and_then(|g| g.args.last())
                        .and_then(|a| options::value(code, &a.value, 0, &["namespace", "path"]));
                    let mut path = namespace.unwrap_or_default();
                    path.push_text("/");
                    path.push(annotation.positional(0).map(|e| code.value(e, 0)).unwrap_or_default());
                    sink.stated(endpoint(Protocol::Websocket, path, function.symbol()), annotation.span);
                }
                _ => {}
            }
        }
    }
}
