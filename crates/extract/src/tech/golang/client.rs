//! HTTP, GraphQL, WebSocket and mail clients in Go. See `client.md`.

use super::{key_of, split};
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::tech::verbs::Verb;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Hole, Protocol, Route, SmolStr, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "go-http-client",
    version: 4,
    page: include_str!("client.md"),
    reads: Reads::Code { langs: &[Lang::Go], extract },
};

/// One way of making a request: package (by its end or a part), function or method, HTTP method, position of the URL.
struct Way {
    package: &'static str,
    member: &'static str,
    /// Empty: the method is the argument before the URL. `*`: not stated.
    method: &'static str,
    url: usize,
    client: &'static str,
    protocol: Protocol,
}

const fn http(
    package: &'static str,
    member: &'static str,
    method: &'static str,
    url: usize,
    client: &'static str,
) -> Way {
    Way { package, member, method, url, client, protocol: Protocol::Http }
}

const WAYS: &[Way] = &[
    http("net/http", "Get", "GET", 0, "net/http"),
    http("net/http", "Post", "POST", 0, "net/http"),
    http("net/http", "PostForm", "POST", 0, "net/http"),
    http("net/http", "Head", "HEAD", 0, "net/http"),
    http("net/http", "NewRequest", "", 1, "net/http"),
    http("net/http", "NewRequestWithContext", "", 2, "net/http"),
    http("net/http", "Client.Get", "GET", 0, "net/http"),
    http("net/http", "Client.Post", "POST", 0, "net/http"),
    http("net/http", "Client.PostForm", "POST", 0, "net/http"),
    http("net/http", "Client.Head", "HEAD", 0, "net/http"),
    http("net/http", "DefaultClient.Get", "GET", 0, "net/http"),
    http("net/http", "DefaultClient.Post", "POST", 0, "net/http"),
    http("net/http/otelhttp", "Get", "GET", 1, "otelhttp"),
    http("net/http/otelhttp", "Post", "POST", 1, "otelhttp"),
    http("net/http/otelhttp", "PostForm", "POST", 1, "otelhttp"),
    http("net/http/otelhttp", "Head", "HEAD", 1, "otelhttp"),
    http("context/ctxhttp", "Get", "GET", 2, "ctxhttp"),
    http("context/ctxhttp", "Post", "POST", 2, "ctxhttp"),
    http("go-retryablehttp", "Get", "GET", 0, "retryablehttp"),
    http("go-retryablehttp", "Post", "POST", 0, "retryablehttp"),
    http("go-retryablehttp", "NewRequest", "", 1, "retryablehttp"),
    http("go-retryablehttp", "NewRequestWithContext", "", 2, "retryablehttp"),
    http("go-retryablehttp", "NewClient().Get", "GET", 0, "retryablehttp"),
    http("go-retryablehttp", "NewClient().Post", "POST", 0, "retryablehttp"),
    http("go-retryablehttp", "Client.Get", "GET", 0, "retryablehttp"),
    http("go-retryablehttp", "Client.Post", "POST", 0, "retryablehttp"),
    http("transport/http", "NewClient", "", 1, "go-kit"),
    http("valyala/fasthttp", "Get", "GET", 1, "fasthttp"),
    http("valyala/fasthttp", "Post", "POST", 1, "fasthttp"),
    http("valyala/fasthttp", "Client.Get", "GET", 1, "fasthttp"),
    http("valyala/fasthttp", "Client.Post", "POST", 1, "fasthttp"),
    http("hertz/pkg/app/client", "Get", "GET", 2, "hertz"),
    http("hertz/pkg/app/client", "Post", "POST", 2, "hertz"),
    http("hertz/pkg/app/client", "Client.Get", "GET", 2, "hertz"),
    http("hertz/pkg/app/client", "Client.Post", "POST", 2, "hertz"),
    http("hertz/pkg/app/client", "NewClient().Get", "GET", 2, "hertz"),
    http("hertz/pkg/app/client", "NewClient().Post", "POST", 2, "hertz"),
    http("levigross/grequests", "Get", "GET", 0, "grequests"),
    http("levigross/grequests", "Post", "POST", 0, "grequests"),
    http("levigross/grequests", "Put", "PUT", 0, "grequests"),
    http("levigross/grequests", "Delete", "DELETE", 0, "grequests"),
    http("imroc/req", "Get", "GET", 0, "req"),
    http("imroc/req", "Post", "POST", 0, "req"),
    Way {
        package: "machinebox/graphql",
        member: "NewClient",
        method: "*",
        url: 0,
        client: "graphql",
        protocol: Protocol::Graphql,
    },
    Way {
        package: "graphql",
        member: "NewClient",
        method: "*",
        url: 0,
        client: "graphql",
        protocol: Protocol::Graphql,
    },
    Way {
        package: "genqlient/graphql",
        member: "NewClient",
        method: "*",
        url: 0,
        client: "genqlient",
        protocol: Protocol::Graphql,
    },
    Way {
        package: "gorilla/websocket",
        member: "DefaultDialer.Dial",
        method: "*",
        url: 0,
        client: "websocket",
        protocol: Protocol::Websocket,
    },
    Way {
        package: "gorilla/websocket",
        member: "DefaultDialer.DialContext",
        method: "*",
        url: 1,
        client: "websocket",
        protocol: Protocol::Websocket,
    },
    Way {
        package: "gorilla/websocket",
        member: "Dialer.Dial",
        method: "*",
        url: 0,
        client: "websocket",
        protocol: Protocol::Websocket,
    },
    Way {
        package: "x/net/websocket",
        member: "Dial",
        method: "*",
        url: 0,
        client: "websocket",
        protocol: Protocol::Websocket,
    },
    Way {
        package: "coder/websocket",
        member: "Dial",
        method: "*",
        url: 1,
        client: "websocket",
        protocol: Protocol::Websocket,
    },
    Way {
        package: "nhooyr.io/websocket",
        member: "Dial",
        method: "*",
        url: 1,
        client: "websocket",
        protocol: Protocol::Websocket,
    },
    Way { package: "net/rpc", member: "Dial", method: "*", url: 1, client: "net/rpc", protocol: Protocol::JsonRpc },
    Way { package: "net/rpc", member: "DialHTTP", method: "*", url: 1, client: "net/rpc", protocol: Protocol::JsonRpc },
    Way {
        package: "net/rpc/jsonrpc",
        member: "Dial",
        method: "*",
        url: 1,
        client: "net/rpc",
        protocol: Protocol::JsonRpc,
    },
    Way { package: "net/smtp", member: "SendMail", method: "*", url: 0, client: "net/smtp", protocol: Protocol::Smtp },
    Way { package: "net/smtp", member: "Dial", method: "*", url: 0, client: "net/smtp", protocol: Protocol::Smtp },
];

fn extract(code: &Code<'_>, sink: &mut Sink) {
    if super::test_file(code) {
        return;
    }
    for site in code.calls() {
        let callee = code.callee(site.call, site.function);
        if callee.is_empty() {
            continue;
        }
        ways(code, site, &callee, sink);
        chained(code, site, &callee, sink);
        told(code, site, &callee, sink);
        proxies(code, site, &callee, sink);
        mail(code, site, &callee, sink);
        discovery(code, site, &callee, sink);
        dapr(code, site, &callee, sink);
    }
}

fn state(
    code: &Code<'_>,
    site: &Site<'_>,
    protocol: Protocol,
    client: &str,
    verb: impl Into<Verb>,
    target: Value,
    sink: &mut Sink,
) {
    let call = Call::to(protocol, client.into(), target, code.within(site.function));
    sink.stated(Claim::Call(verb.into().on(call)), site.span());
}

fn ways(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    if site.call.new {
        return;
    }
    let Some((module, member)) = split(callee) else {
        return;
    };
    let matches = |way: &&Way| {
        way.member == member
            && (module == way.package
                || module
                    .strip_suffix(way.package)
                    .is_some_and(|before| before.ends_with('/') || before.ends_with('-')))
    };
    let Some(way) = WAYS.iter().find(matches) else {
        return;
    };
    let Some(url) = site.call.arg(way.url) else {
        return;
    };
    let verb: Verb = match way.method {
        "" => {
            let stated = way.url.checked_sub(1).and_then(|i| site.call.arg(i));
            stated.map(|m| Verb::of(code.value(m, site.function))).unwrap_or_default()
        }
        "*" => Verb::default(),
        method => Some(SmolStr::from(method)).into(),
    };
    let target = code.value(url, site.function);
    state(code, site, way.protocol, way.client, verb, target, sink);
}

/// A request that is told its address before it is sent: `req.SetRequestURI(url)`, with `req.Header.SetMethod("POST")` beside it.
fn told(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let Some((module, member)) = split(callee).filter(|_| site.call.name() == "SetRequestURI") else { return };
    let client = match () {
        () if module.ends_with("valyala/fasthttp") => "fasthttp",
        () if module.ends_with("hertz/pkg/protocol") => "hertz",
        () => return,
    };
    // A server's own request is rewritten, not sent.
    let (Some(url), Some(request), "Request.SetRequestURI" | "AcquireRequest().SetRequestURI") =
        (site.call.arg(0), site.call.receiver().and_then(Expr::path), member)
    else {
        return;
    };
    let method = code.calls_named(&["SetMethod", "SetMethodBytes"]).into_iter().find_map(|set| {
        let on = set.call.receiver().and_then(Expr::path)?;
        let same = set.function == site.function && on.trim_end_matches(".Header") == request;
        set.call.arg(0).filter(|_| same).map(|m| code.value(m, set.function))
    });
    let verb = method.map_or_else(|| Some(SmolStr::from("GET")).into(), Verb::of);
    state(code, site, Protocol::Http, client, verb, code.value(url, site.function), sink);
}

/// `resty.New().R().SetBody(x).Get(url)`, `sling.New().Base(b).Get(path)`, `req.C().R().Get(url)`.
fn chained(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let name = site.call.name();
    if name == "Execute" && callee.contains("resty") && site.call.args.len() == 2 {
        let method = site.call.arg(0).map(|m| Verb::of(code.value(m, site.function))).unwrap_or_default();
        let target = target(code, site, 1, &["SetBaseURL", "SetHostURL"]);
        state(code, site, Protocol::Http, "resty", method, target, sink);
        return;
    }
    if !matches!(name, "Get" | "Post" | "Put" | "Delete" | "Patch" | "Head") || site.call.args.len() != 1 {
        return;
    }
    let (client, bases): (&str, &[&str]) = match callee {
        c if c.contains("go-resty/resty") || c.contains("resty.dev") => ("resty", &["SetBaseURL", "SetHostURL"]),
        c if c.contains("dghubble/sling") => ("sling", &["Base"]),
        c if c.contains("imroc/req") && c.contains('.') => ("req", &["SetBaseURL"]),
        c if c.contains("parnurzeal/gorequest") => ("gorequest", &[]),
        _ => return,
    };
    let target = target(code, site, 0, bases);
    state(code, site, Protocol::Http, client, Some(name.to_ascii_uppercase().into()), target, sink);
}

/// The URL, below the base that the client is given in this file.
fn target(code: &Code<'_>, site: &Site<'_>, position: usize, bases: &[&str]) -> Value {
    let path = site.call.arg(position).map(|e| code.value(e, site.function)).unwrap_or_default();
    if path.to_string().contains("://") {
        return path;
    }
    let owner = &code.function(site.function).owner;
    let based = code.calls_named(bases).into_iter().filter(|s| s.call.args.len() == 1);
    let near = based
        .clone()
        .find(|s| s.function == site.function)
        .or_else(|| based.clone().find(|s| code.function(s.function).owner == *owner).or_else(|| based.clone().next()));
    match near.and_then(|s| s.call.arg(0).map(|e| code.value(e, s.function))) {
        Some(base) if path.to_string().starts_with('/') || path.is_empty() => trim_slash(base).then(path),
        Some(base) => base.then(path),
        None => path,
    }
}

fn trim_slash(value: Value) -> Value {
    match value.as_text() {
        Some(text) => Value::text(text.trim_end_matches('/')),
        None => value,
    }
}

/// `httputil.NewSingleHostReverseProxy(url)` forwards all that its handler is given.
fn proxies(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    if callee != "net/http/httputil#NewSingleHostReverseProxy" {
        return;
    }
    let target = site.call.arg(0).map(|e| code.value(e, site.function)).unwrap_or_default();
    let route = Route { protocol: Protocol::Http, path: "*".into(), target, via: None };
    sink.stated(Claim::Route(route), site.span());
}

/// Mail libraries that take host and port apart.
fn mail(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let Some((module, member)) = split(callee) else {
        return;
    };
    let dials = (module.ends_with("gomail") || module.ends_with("go-mail/mail"))
        && matches!(member, "NewDialer" | "NewPlainDialer");
    if dials && let (Some(host), Some(port)) = (site.call.arg(0), site.call.arg(1)) {
        let target = code.value(host, site.function).then(":".into()).then(code.value(port, site.function));
        state(code, site, Protocol::Smtp, "gomail", None, target, sink);
    }
}

/// Consul and Vault agents, which their SDKs find through documented variables
/// (`CONSUL_HTTP_ADDR`, default 127.0.0.1:8500; `VAULT_ADDR`, default https://127.0.0.1:8200).
fn discovery(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    let (client, variable, default) = match callee {
        "github.com/hashicorp/consul/api#NewClient" => ("consul", "CONSUL_HTTP_ADDR", "127.0.0.1:8500"),
        "github.com/hashicorp/vault/api#NewClient" => ("vault", "VAULT_ADDR", "https://127.0.0.1:8200"),
        _ => return,
    };
    let stated = site.call.arg(0).and_then(|e| key_of(code, e, "Address", site.function));
    let target = stated.unwrap_or_else(|| Value::env(variable, Some(default.into())));
    state(code, site, Protocol::Http, client, None, target, sink);
}

/// Dapr's SDK: the sidecar forwards to the application of that name, and to the component of that name.
fn dapr(code: &Code<'_>, site: &Site<'_>, callee: &str, sink: &mut Sink) {
    const STATES: &[&str] = &[
        "GetState",
        "GetStateWithConsistency",
        "GetBulkState",
        "SaveState",
        "SaveStateWithETag",
        "SaveBulkState",
        "DeleteState",
        "DeleteStateWithETag",
        "DeleteBulkState",
        "ExecuteStateTransaction",
        "QueryStateAlpha1",
    ];
    if callee.contains("dapr/go-sdk/client#") {
        let component = match site.call.name() {
            name if STATES.contains(&name) => site.call.arg(1).map(|e| ("state", code.value(e, site.function))),
            "InvokeBindingRequest" => key_of(code, site.expr, "Name", site.function).map(|v| ("bindings", v)),
            _ => None,
        };
        if let Some((block, name)) = component {
            let sidecar = Value::text("http://localhost:").then(Value::env("DAPR_HTTP_PORT", Some("3500".into())));
            let target = sidecar.then(format_smolstr!("/v1.0/{block}/").as_str().into()).then(name);
            state(code, site, Protocol::Http, "dapr", None, target, sink);
            return;
        }
    }
    if !callee.contains("dapr/go-sdk/client#") || !site.call.name().starts_with("InvokeMethod") {
        return;
    }
    let value = |i: usize| site.call.arg(i).map(|e| code.value(e, site.function));
    let (Some(app), Some(operation)) = (value(1), value(2)) else {
        return;
    };
    let method = value(3).and_then(|v| v.as_text()).map(|m| format_smolstr!("{}", m.to_ascii_uppercase()));
    let path = if operation.to_string().starts_with('/') { operation } else { Value::text("/").then(operation) };
    state(code, site, Protocol::Http, "dapr", method, Value::text("http://").then(app).then(path), sink);
}

/// Whether a value says nothing at all.
pub(super) fn unknown(value: &Value) -> bool {
    value.is_empty() || matches!(value.as_hole(), Some(Hole::Opaque(_)))
}

/// Text of a string literal.
pub(super) fn text(expr: &Expr) -> Option<&SmolStr> {
    match &expr.kind {
        ExprKind::Str(text) => Some(text),
        _ => None,
    }
}
