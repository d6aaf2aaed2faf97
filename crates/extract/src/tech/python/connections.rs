//! Connections of other protocols over HTTP and sockets: GraphQL, WebSocket, the Model Context Protocol, model services, XML-RPC,
//! mail, Dapr. See `connections.md`.

use super::shapes::{argument, callee, host_port, keyword};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Protocol, SmolStr, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "python-connections",
    version: 1,
    page: include_str!("connections.md"),
    reads: Reads::Code { langs: &[Lang::Python], extract },
};

/// Package, function or class, keywords of the address, its position, protocol, client.
type Opener = (&'static str, &'static str, &'static [&'static str], usize, Protocol, &'static str);

const OPENERS: &[Opener] = &[
    ("gql", "AIOHTTPTransport", &["url"], 0, Protocol::Graphql, "gql"),
    ("gql", "RequestsHTTPTransport", &["url"], 0, Protocol::Graphql, "gql"),
    ("gql", "HTTPXAsyncTransport", &["url"], 0, Protocol::Graphql, "gql"),
    ("gql", "HTTPXTransport", &["url"], 0, Protocol::Graphql, "gql"),
    ("gql", "WebsocketsTransport", &["url"], 0, Protocol::Graphql, "gql"),
    ("python_graphql_client", "GraphqlClient", &["endpoint"], 0, Protocol::Graphql, "python-graphql-client"),
    ("sgqlc", "HTTPEndpoint", &["url"], 0, Protocol::Graphql, "sgqlc"),
    ("websockets", "connect", &["uri"], 0, Protocol::Websocket, "websockets"),
    ("websocket", "create_connection", &["url"], 0, Protocol::Websocket, "websocket-client"),
    ("websocket", "WebSocketApp", &["url"], 0, Protocol::Websocket, "websocket-client"),
    ("socketio", "connect", &["url"], 0, Protocol::Websocket, "python-socketio"),
    ("mcp", "streamablehttp_client", &["url"], 0, Protocol::Http, "mcp"),
    ("mcp", "streamable_http_client", &["url"], 0, Protocol::Http, "mcp"),
    ("mcp", "sse_client", &["url"], 0, Protocol::Http, "mcp"),
    ("mcp", "websocket_client", &["url"], 0, Protocol::Websocket, "mcp"),
    ("fastmcp", "StreamableHttpTransport", &["url"], 0, Protocol::Http, "mcp"),
    ("fastmcp", "SSETransport", &["url"], 0, Protocol::Http, "mcp"),
    ("xmlrpc", "ServerProxy", &["uri"], 0, Protocol::Http, "xmlrpc"),
    ("jsonrpclib", "ServerProxy", &["uri"], 0, Protocol::JsonRpc, "jsonrpclib"),
    ("smtplib", "SMTP", &["host"], 0, Protocol::Smtp, "smtplib"),
    ("smtplib", "SMTP_SSL", &["host"], 0, Protocol::Smtp, "smtplib"),
    ("aiosmtplib", "SMTP", &["hostname"], 0, Protocol::Smtp, "aiosmtplib"),
    ("zeep", "Client", &["wsdl"], 0, Protocol::Http, "zeep"),
    ("hvac", "Client", &["url"], 0, Protocol::Http, "hvac"),
    ("consul", "Consul", &["host"], 0, Protocol::Http, "python-consul"),
];

/// Clients of model services: class, keywords of the address, the variable that it reads by itself, the default.
const MODELS: &[(&str, &[&str], &str, &str)] = &[
    ("OpenAI", &["base_url"], "OPENAI_BASE_URL", "https://api.openai.com/v1"),
    ("AsyncOpenAI", &["base_url"], "OPENAI_BASE_URL", "https://api.openai.com/v1"),
    ("ChatOpenAI", &["base_url", "openai_api_base"], "OPENAI_API_BASE", "https://api.openai.com/v1"),
    ("OpenAIEmbeddings", &["base_url", "openai_api_base"], "OPENAI_API_BASE", "https://api.openai.com/v1"),
    ("AzureOpenAI", &["azure_endpoint", "base_url"], "AZURE_OPENAI_ENDPOINT", ""),
    ("AzureChatOpenAI", &["azure_endpoint"], "AZURE_OPENAI_ENDPOINT", ""),
    ("Anthropic", &["base_url"], "ANTHROPIC_BASE_URL", "https://api.anthropic.com"),
    ("AsyncAnthropic", &["base_url"], "ANTHROPIC_BASE_URL", "https://api.anthropic.com"),
    ("ChatAnthropic", &["base_url"], "ANTHROPIC_BASE_URL", "https://api.anthropic.com"),
    ("ChatGoogleGenerativeAI", &["base_url"], "", "https://generativelanguage.googleapis.com"),
    ("GoogleGenerativeAIEmbeddings", &["base_url"], "", "https://generativelanguage.googleapis.com"),
    ("ChatOllama", &["base_url"], "OLLAMA_HOST", "http://localhost:11434"),
    ("OllamaLLM", &["base_url"], "OLLAMA_HOST", "http://localhost:11434"),
    ("OllamaEmbeddings", &["base_url"], "OLLAMA_HOST", "http://localhost:11434"),
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let callee = callee(code, site);
        opened(code, site, &callee, sink);
        models(code, site, &callee, sink);
        dapr(code, site, &callee, sink);
    }
}

fn state(
    code: &Code<'_>,
    site: &Site<'_>,
    protocol: Protocol,
    client: &str,
    target: Value,
    inferred: bool,
    sink: &mut Sink,
) {
    let call = Call::to(protocol, client.into(), target, code.within(site.function));
    match inferred {
        true => sink.inferred(Claim::Call(call), site.span()),
        false => sink.stated(Claim::Call(call), site.span()),
    }
}

fn opened(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let name = site.call.name();
    let package = callee.split('.').next().unwrap_or("");
    let f = site.function;
    if let Some((_, _, words, position, protocol, client)) = OPENERS.iter().find(|o| o.0 == package && o.1 == name) {
        let Some(stated) =
            words.iter().find_map(|w| keyword(code, site.call, w, f)).or_else(|| site.call.arg(*position))
        else {
            return;
        };
        let port = argument(code, site.call, "port", position + 1, f)
            .filter(|_| matches!(protocol, Protocol::Smtp) || *client == "python-consul")
            .map(|p| code.value(p, f));
        return state(code, site, *protocol, client, host_port(code.value(stated, f), port), false, sink);
    }
    // `fastmcp.Client("http://…/mcp")`, and LangChain's client with one entry for each server.
    if callee == "fastmcp.Client"
        && let Some(url) = site.call.arg(0).map(|e| code.value(e, f)).filter(|v| v.to_string().contains("http"))
    {
        state(code, site, Protocol::Http, "mcp", url, false, sink);
    }
    if name == "MultiServerMCPClient"
        && let Some((Expr { kind: ExprKind::Object(servers), .. }, f)) =
            site.call.arg_or("connections", 0).and_then(|e| code.literal(e, f))
    {
        for (_, server) in servers {
            let server = code.literal(server, f).map_or(server, |(e, _)| e);
            if let Some(url) = server.key("url") {
                state(code, site, Protocol::Http, "mcp", code.value(url, f), false, sink);
            }
        }
    }
}

fn models(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let name = site.call.name();
    let f = site.function;
    if let Some((class, words, variable, default)) = MODELS.iter().find(|m| m.0 == name)
        && callee.contains('.')
    {
        if let Some(stated) = words.iter().find_map(|w| keyword(code, site.call, w, f)) {
            return state(code, site, Protocol::Http, class, code.value(stated, f), false, sink);
        }
        let default = Value::text(*default);
        let target = match (variable.is_empty(), default.is_empty()) {
            (true, _) => default,
            (false, true) => Value::env(*variable, None),
            (false, false) => Value::env(*variable, Some(default)),
        };
        return state(code, site, Protocol::Http, class, target, true, sink);
    }
    // A subclass that fills its own arguments: `kwargs.setdefault("openai_api_base", …)`.
    if name == "setdefault"
        && ["openai", "langchain"].iter().any(|m| code.imports(m))
        && let (Some(Expr { kind: ExprKind::Str(key), .. }), Some(stated)) = (site.call.arg(0), site.call.arg(1))
        && matches!(key.as_str(), "openai_api_base" | "base_url" | "azure_endpoint")
    {
        state(code, site, Protocol::Http, "openai", code.value(stated, f), false, sink);
    }
}

/// `DaprClient().invoke_method("orders", "place")`: the sidecar finds the application by its name.
fn dapr(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    if site.call.name() != "invoke_method" || !(callee.contains("Dapr") || code.imports("dapr")) {
        return;
    }
    let part = |name: &str, index: usize| {
        argument(code, site.call, name, index, site.function).map(|e| code.value(e, site.function))
    };
    let (Some(app), method) = (part("app_id", 0), part("method_name", 1).unwrap_or_default()) else {
        return;
    };
    let verb = keyword(code, site.call, "http_verb", site.function).map(|e| code.value(e, site.function));
    let call = Call {
        method: verb.and_then(|v| v.as_text()).map(|v| SmolStr::from(v.to_uppercase())),
        ..Call::to(
            Protocol::Http,
            "dapr".into(),
            Value::text("http://").then(app).then(Value::text("/")).then(method),
            code.within(site.function),
        )
    };
    sink.stated(Claim::Call(call), site.span());
}
