//! Requests that .NET code sends: `HttpClient` in all its registrations, Refit, RestSharp, Flurl, token validation,
//! SignalR clients. See `http_client.md`.
//!
//! A client that is injected has its base address where it is registered: `Foo.<base>` stands for it, for typed clients
//! by the type, for named clients by the name.

use super::read::{
    assigned, base_of, chain, closures, generics, initialiser, last, name_of, payload, plain_scheme, property, sets,
    simple, unknown,
};
use crate::code::ir::{Call as Invocation, Expr, ExprKind};
use crate::code::{Code, Site};
use crate::config::dotnet::template;
use crate::lang::Lang;
use crate::tech::paths::{join, rooted};
use crate::tech::verbs::Verb;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Call, Claim, Constant, Hole, Part, Protocol, SmolStr, Span, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-http-client",
    version: 4,
    page: include_str!("http_client.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    registrations(code, sink);
    with_options(code, sink);
    handed_over(code, sink);
    http_client(code, sink);
    refit(code, sink);
    rest_sharp(code, sink);
    flurl(code, sink);
    authorities(code, sink);
    hubs(code, sink);
    dapr(code, sink);
    actors(code, sink);
    mail(code, sink);
    schemas(code, sink);
    stitched(code, sink);
}

/// HotChocolate's gateway asks the services whose schemas it stitches, through clients that are named.
fn stitched(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["AddSchemaFromHttp", "AddRemoteSchema"]) {
        let Some(name) = site.call.arg(0).and_then(|n| client_name(code, n, site.function)) else { continue };
        let claim = call("HotChocolate", Some("POST".into()), base_of(&name), code.within(site.function));
        sink.stated(Claim::Call(claim), site.span());
    }
}

/// Confluent's client of a schema registry asks for the schemas of what is written and read.
fn schemas(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["CachedSchemaRegistryClient"]) {
        let Some(config) = site.call.arg(0).filter(|_| site.call.new) else { continue };
        if let Some((url, _)) = property(code, config, site.function, &["Url"]) {
            let claim = call("Confluent.SchemaRegistry", None, url, code.within(site.function));
            sink.stated(Claim::Call(claim), site.span());
        }
    }
}

fn call(client: &str, method: Option<SmolStr>, target: Value, within: SmolStr) -> Call {
    Call { method, ..Call::to(Protocol::Http, client.into(), plain_scheme(target), within) }
}

fn constant(symbol: &str, value: Value, at: Span, sink: &mut Sink) {
    if !unknown(&value) {
        let claim = Constant { symbol: format_smolstr!("{symbol}.<base>"), value: plain_scheme(value) };
        sink.stated(Claim::Constant(claim), at);
    }
}

/// Functions that register a client whose base address a closure sets.
const REGISTER: &[&str] =
    &["AddHttpClient", "AddRefitClient", "AddKeyedRefitClient", "AddRestEaseClient", "AddApiClient"];

fn registrations(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&[
        "AddHttpClient",
        "AddRefitClient",
        "AddRestEaseClient",
        "ConfigureHttpClient",
        "UseWithRestEaseClient",
    ]) {
        let Some(added) = chain(site.call).into_iter().find(|c| REGISTER.contains(&c.name())) else {
            continue;
        };
        let mut symbols: Vec<SmolStr> = added.type_args.iter().map(|t| simple(t)).collect();
        if let Some(name) = added.args.iter().find(|a| !matches!(a.value.kind, ExprKind::Lambda(_)))
            && let Some(name) = client_name(code, &name.value, site.function)
        {
            match name.contains("://") {
                // RestEase takes the address itself.
                true => symbols.iter().for_each(|s| constant(s, Value::text(name.clone()), site.span(), sink)),
                false => symbols.push(name),
            }
        }
        for set in sets(code, &closures(site.call)) {
            if matches!(set.member, "BaseAddress" | "BaseUrl") {
                for symbol in &symbols {
                    constant(symbol, code.value(set.value, set.function), set.span, sink);
                }
            }
        }
    }
}

/// The name of a client: text, or the constant of another file that stands for it here and where the client is used.
fn client_name(code: &Code<'_>, expr: &Expr, function: usize) -> Option<SmolStr> {
    let value = code.value(expr, function);
    value.as_text().or_else(|| match value.as_hole() {
        Some(Hole::Ref(path)) if path.contains('.') => path.rsplit(['#', ':']).next().map(SmolStr::from),
        _ => None,
    })
}

/// Registrations of people's own that name the options with the address: `AddMyHttpClient<IFoo, Foo, FooOptions>()`.
fn with_options(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let name = site.call.name();
        let [clients @ .., options] = site.call.type_args.as_slice() else {
            continue;
        };
        if !name.starts_with("Add") || !name.contains("HttpClient") || !simple(options).ends_with("Options") {
            continue;
        }
        let address = Value::reference(format_smolstr!("{}.BaseAddress", simple(options)));
        for client in clients {
            let claim = Constant { symbol: format_smolstr!("{}.<base>", simple(client)), value: address.clone() };
            sink.inferred(Claim::Constant(claim), site.span());
        }
    }
}

/// `new Foo(DaprClient.CreateInvokeHttpClient("orders"))`: the client of a type that is made by hand.
fn handed_over(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls().iter().filter(|s| s.call.new) {
        let ty = site.call.name();
        if ty.is_empty() || ty.contains("Http") {
            continue;
        }
        for arg in &site.call.args {
            let (made, at) = code.resolved(&arg.value, site.function);
            let Some(call) = made.as_call() else { continue };
            let base = match (call.name(), call.arg(0)) {
                ("CreateInvokeHttpClient", Some(app)) => Value::text("http://").then(code.value(app, at)),
                ("CreateClient", Some(name)) => match client_name(code, name, at) {
                    Some(name) => base_of(&name),
                    None => continue,
                },
                ("HttpClient", _) if call.new => match property(code, &arg.value, site.function, &["BaseAddress"]) {
                    Some((base, _)) => base,
                    None => continue,
                },
                _ => continue,
            };
            constant(&simple(ty), base, site.span(), sink);
        }
    }
}

/// Methods of `HttpClient` and its JSON extensions.
const METHODS: &[(&str, &str)] = &[
    ("GetAsync", "GET"),
    ("GetStringAsync", "GET"),
    ("GetByteArrayAsync", "GET"),
    ("GetStreamAsync", "GET"),
    ("GetFromJsonAsync", "GET"),
    ("GetFromJsonAsAsyncEnumerable", "GET"),
    ("PostAsync", "POST"),
    ("PostAsJsonAsync", "POST"),
    ("PutAsync", "PUT"),
    ("PutAsJsonAsync", "PUT"),
    ("PatchAsync", "PATCH"),
    ("PatchAsJsonAsync", "PATCH"),
    ("DeleteAsync", "DELETE"),
    ("DeleteFromJsonAsync", "DELETE"),
];

fn http_client(code: &Code<'_>, sink: &mut Sink) {
    for (name, method) in METHODS {
        for site in code.calls_named(&[name]) {
            let Some(receiver) = site.call.receiver() else {
                continue;
            };
            if !is_http_client(code, receiver, &site, name) {
                continue;
            }
            let Some(url) = site.call.arg_or("requestUri", 0) else {
                continue;
            };
            let url = code.value(url, site.function);
            let target = addressed(code, receiver, site.function, url);
            let mut claim = call("HttpClient", Some((*method).into()), target, code.within(site.function));
            claim.response = site.call.type_args.last().map(|t| simple(t)).filter(|_| *method == "GET");
            claim.request = site
                .call
                .arg(1)
                .filter(|_| name.ends_with("AsJsonAsync"))
                .and_then(|a| payload(code, a, site.function));
            sink.stated(Claim::Call(claim), site.span());
        }
    }
    for site in code.calls_named(&["SendAsync", "Send"]) {
        let Some(receiver) = site.call.receiver() else {
            continue;
        };
        let Some(request) = site.call.arg(0) else { continue };
        if !is_http_client(code, receiver, &site, "SendAsync") {
            continue;
        }
        let (method, url) = message(code, request, site.function);
        let Some(url) = url else { continue };
        let target = addressed(code, receiver, site.function, url);
        let claim = method.on(call("HttpClient", None, target, code.within(site.function)));
        sink.stated(Claim::Call(claim), site.span());
    }
}

fn is_http_client(code: &Code<'_>, receiver: &Expr, site: &Site<'_>, method: &str) -> bool {
    let origin = code.origin(receiver, site.function);
    let name = last(&origin);
    let lower = name.to_ascii_lowercase();
    lower.ends_with("httpclient")
        || matches!(name, "HttpMessageInvoker" | "CreateInvokeHttpClient" | "CreateDefaultClient")
        || name == "CreateClient" && !origin.contains("factory.") | origin.contains("Http")
        // A base type's client: only the name tells.
        || lower.trim_start_matches('_') == "client" && !name.starts_with(|c: char| c.is_ascii_uppercase())
        || method.contains("Json")
}

/// Method and address of a request object.
fn message(code: &Code<'_>, request: &Expr, function: usize) -> (Verb, Option<Value>) {
    let (made, at) = code.resolved(request, function);
    let Some(created) = made.as_call().filter(|c| c.new && c.name() == "HttpRequestMessage") else {
        return (Verb::default(), None);
    };
    let verb = |e: &Expr| -> Verb {
        match e.as_call() {
            // `new HttpMethod("PATCH")`.
            Some(made @ Invocation { new: true, .. }) => {
                made.arg(0).map(|a| Verb::of(code.value(a, at))).unwrap_or_default()
            }
            _ => Verb::named(e.path().map(|p| last(&p).into()), || code.value(e, at)),
        }
    };
    let mut positional = created.args.iter().map(|a| &a.value).filter(|e| !matches!(e.kind, ExprKind::Object(_)));
    let (first, second) = (positional.next(), positional.next());
    let object = initialiser(created);
    let method = first.or_else(|| object?.key("Method")).map(verb).unwrap_or_default();
    let url = second
        .or_else(|| object?.key("RequestUri"))
        .map(|u| code.value(u, at))
        .or_else(|| name_of(request).and_then(|n| assigned(code, function, n, &["RequestUri"])).map(|(v, _)| v));
    (method, url)
}

/// The whole address of a request: the client's base and what is asked of it.
fn addressed(code: &Code<'_>, client: &Expr, function: usize, url: Value) -> Value {
    match url.parts.first() {
        Some(Part::Text(text)) if text.contains("://") => url,
        Some(Part::Hole(hole)) => {
            let base = base(code, client, function);
            // What another place gives may be whole, or stand below the client's base.
            match (base, hole) {
                (Base::Here(base), Hole::Param { .. } | Hole::Opaque(_)) => join(base, url),
                (Base::Here(base), _) | (Base::Elsewhere(base), _) => Value::either([url.clone(), join(base, url)]),
                (Base::None | Base::Unknown(_), _) => url,
            }
        }
        Some(Part::Text(_)) | None => match base(code, client, function) {
            Base::Here(base) | Base::Elsewhere(base) | Base::Unknown(base) => join(base, url),
            Base::None => url,
        },
    }
}

enum Base {
    /// This file sets it.
    Here(Value),
    /// Where the client is registered.
    Elsewhere(Value),
    /// It cannot be followed.
    Unknown(Value),
    None,
}

fn base(code: &Code<'_>, client: &Expr, function: usize) -> Base {
    if let Some((value, _)) = property(code, client, function, &["BaseAddress"]) {
        return Base::Here(value);
    }
    let (made, at) = code.resolved(client, function);
    if let Some((value, _)) = property(code, made, at, &["BaseAddress"]) {
        return Base::Here(value);
    }
    if let ExprKind::Call(call) = &made.kind {
        return match (call.name(), call.arg(0)) {
            ("CreateClient", Some(name)) => match client_name(code, name, at) {
                Some(name) => Base::Elsewhere(base_of(&name)),
                None => Base::Unknown(Value::opaque("client by name")),
            },
            ("CreateInvokeHttpClient", Some(app)) => Base::Here(Value::text("http://").then(code.value(app, at))),
            _ if call.new || call.name() == "CreateClient" => Base::None,
            _ => Base::Unknown(Value::opaque(code.origin(made, at))),
        };
    }
    // Set on the parameter that the field came from.
    if let Some(name) = name_of(made)
        && let Some((value, _)) = assigned(code, at, name, &["BaseAddress"])
    {
        return Base::Here(value);
    }
    let owner = &code.unit.functions[function].owner;
    if owner.is_empty() { Base::None } else { Base::Elsewhere(base_of(owner)) }
}

/// Attributes of Refit's and RestEase's interfaces.
fn declared(name: &str) -> Option<&'static str> {
    Some(match name {
        "Get" => "GET",
        "Post" => "POST",
        "Put" => "PUT",
        "Delete" => "DELETE",
        "Patch" => "PATCH",
        "Head" => "HEAD",
        "Options" => "OPTIONS",
        _ => return None,
    })
}

fn refit(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        let Some(ty) = code.type_named(&function.owner).filter(|t| t.interface) else {
            continue;
        };
        for annotation in &function.annotations {
            let Some(method) = declared(annotation.simple()) else {
                continue;
            };
            let path = annotation.arg("value").map(|p| code.value(p, index)).unwrap_or_default();
            let path = match path.as_text() {
                Some(text) => Value::text(template(text.split('?').next().unwrap_or(&text))),
                None => path,
            };
            let base = ty.annotations.iter().find(|a| matches!(a.simple(), "BasePath" | "BaseAddress"));
            let base = base.and_then(|b| b.arg("value")).map(|b| code.value(b, index)).unwrap_or_default();
            let target = base_of(&ty.name).then(rooted(join(base, path)));
            let mut claim = call("Refit", Some(method.into()), target, function.symbol());
            claim.response = generics(&function.returns).first().map(|t| simple(t));
            let marked = function.params.iter().find(|p| p.annotations.iter().any(|a| a.simple() == "Body"));
            // Without a mark, a parameter of a type of one's own is the body.
            let own = |p: &&crate::code::ir::Param| {
                let ty = simple(&p.ty);
                p.annotations.is_empty()
                    && ty.starts_with(char::is_uppercase)
                    && !matches!(ty.as_str(), "String" | "Guid" | "DateTime" | "CancellationToken" | "Int32" | "Int64")
            };
            let has_body = matches!(method, "POST" | "PUT" | "PATCH");
            let body = marked.or_else(|| function.params.iter().find(own).filter(|_| has_body));
            claim.request = body.map(|p| simple(&p.ty));
            sink.stated(Claim::Call(claim), annotation.span);
        }
    }
    for site in code.calls_named(&["For"]) {
        let on = site.call.receiver().and_then(Expr::path).unwrap_or_default();
        let (true, Some(ty), Some(arg)) =
            (matches!(last(&on), "RestService" | "RestClient"), site.call.type_args.first(), site.call.arg(0))
        else {
            continue;
        };
        let value = match code.value(arg, site.function) {
            value if value.to_string().contains("://") => value,
            value => match base(code, arg, site.function) {
                Base::Here(base) => base,
                Base::Elsewhere(base) if code.origin(arg, site.function).ends_with("HttpClient") => base,
                Base::Elsewhere(_) | Base::Unknown(_) | Base::None => value,
            },
        };
        constant(&simple(ty), value, site.span(), sink);
    }
}

fn rest_sharp(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["RestRequest"]) {
        if !site.call.new {
            continue;
        }
        let path = site.call.arg(0).filter(|e| !matches!(e.kind, ExprKind::Object(_)));
        let path = path.map(|p| code.value(p, site.function)).unwrap_or_default();
        let method = site.call.arg_or("method", 1).and_then(Expr::path).map(|p| last(&p).to_ascii_uppercase().into());
        let absolute = path.to_string().contains("://");
        let base = if absolute { Value::default() } else { rest_base(code, &site) };
        let target = join(base, text_template(path));
        sink.stated(Claim::Call(call("RestSharp", method, target, code.within(site.function))), site.span());
    }
}

fn text_template(path: Value) -> Value {
    path.as_text().map(|t| Value::text(template(&t))).unwrap_or(path)
}

/// What the `RestClient` of the same type was made with.
fn rest_base(code: &Code<'_>, site: &Site<'_>) -> Value {
    let owner = &code.unit.functions[site.function].owner;
    let mut made: Vec<Site<'_>> =
        code.calls_named(&["RestClient", "RestClientOptions"]).into_iter().filter(|s| s.call.new).collect();
    made.sort_by_key(|s| (s.function != site.function, code.unit.functions[s.function].owner != *owner));
    for client in made {
        let Some(arg) = client.call.arg(0) else { continue };
        let value = match &arg.kind {
            ExprKind::Object(_) => arg.key("BaseUrl").map(|b| code.value(b, client.function)),
            ExprKind::Name(_) => Some(code.value(arg, client.function)),
            _ => Some(code.value(arg, client.function)),
        };
        if let Some(value) = value.filter(|v| !unknown(v) && !v.to_string().contains("RestClientOptions")) {
            return value;
        }
    }
    if owner.is_empty() { Value::opaque("RestClient") } else { base_of(owner) }
}

/// Flurl: `url.AppendPathSegment("x").GetJsonAsync<T>()`.
fn flurl(code: &Code<'_>, sink: &mut Sink) {
    if !code.imports("Flurl") {
        return;
    }
    for site in code.calls() {
        let name = site.call.name();
        let Some(stem) = name.strip_suffix("Async") else { continue };
        let method = ["Get", "Post", "Put", "Patch", "Delete", "Head"].into_iter().find(|v| stem.starts_with(v));
        let kind = method.map(|m| &stem[m.len()..]);
        let (Some(method), Some("" | "Json" | "JsonList" | "String" | "Stream" | "Bytes" | "UrlEncoded" | "Multipart")) =
            (method, kind)
        else {
            continue;
        };
        let Some(receiver) = site.call.receiver() else { continue };
        let origin = code.origin(receiver, site.function);
        if origin.to_ascii_lowercase().ends_with("httpclient") {
            continue;
        }
        let target = flurl_url(code, receiver, site.function, 12);
        let plain = target.to_string();
        if unknown(&target)
            || !(plain.contains("://") || origin.contains('(') || origin == "<string>" || origin == "string")
        {
            continue;
        }
        let mut claim = call("Flurl", Some(method.to_ascii_uppercase().into()), target, code.within(site.function));
        claim.response = site.call.type_args.first().map(|t| simple(t));
        sink.stated(Claim::Call(claim), site.span());
    }
}

fn flurl_url(code: &Code<'_>, expr: &Expr, function: usize, steps: usize) -> Value {
    let (made, at) = code.resolved(expr, function);
    let (Some(call), true) = (made.as_call(), steps > 0) else {
        return code.value(expr, function);
    };
    let Some(receiver) = call.receiver() else {
        return code.value(made, at);
    };
    let below = |steps| flurl_url(code, receiver, at, steps);
    match call.name() {
        "AppendPathSegment" | "AppendPathSegments" | "Request" => {
            call.args.iter().fold(below(steps - 1), |url, a| join(url, code.value(&a.value, at)))
        }
        name if name.starts_with("With")
            || name.starts_with("SetQuery")
            || name.starts_with("Allow")
            || name == "ConfigureRequest" =>
        {
            below(steps - 1)
        }
        _ => code.value(made, at),
    }
}

/// Token validation fetches keys from the authority.
fn authorities(code: &Code<'_>, sink: &mut Sink) {
    let names = [
        "AddJwtBearer",
        "AddOpenIdConnect",
        "AddIdentityServerAuthentication",
        "AddOAuth2Introspection",
        "AddOAuthIntrospection",
    ];
    for site in code.calls_named(&names) {
        for set in sets(code, &closures(site.call)) {
            let path = match set.member {
                "Authority" => "/.well-known/openid-configuration",
                "MetadataAddress" => "",
                _ => continue,
            };
            let value = code.value(set.value, set.function);
            if unknown(&value) {
                continue;
            }
            let target = join(value, Value::text(path));
            let client = site.call.name().trim_start_matches("Add");
            sink.stated(Claim::Call(call(client, Some("GET".into()), target, code.within(site.function))), set.span);
        }
    }
}

/// SignalR's clients: `new HubConnectionBuilder().WithUrl(url)`.
fn hubs(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["WithUrl"]) {
        if !chain(site.call).last().is_some_and(|c| c.new && c.name() == "HubConnectionBuilder") {
            continue;
        }
        let Some(url) = site.call.arg(0) else { continue };
        let target = code.value(url, site.function);
        let mut claim = call("SignalR", None, target, code.within(site.function));
        claim.protocol = Protocol::Websocket;
        sink.stated(Claim::Call(claim), site.span());
    }
}

/// Dapr: services by their application id, state by its store's component.
fn dapr(code: &Code<'_>, sink: &mut Sink) {
    let names =
        ["InvokeMethodAsync", "CreateInvokeMethodRequest", "InvokeMethodWithResponseAsync", "InvokeMethodGrpcAsync"];
    for site in code.calls_named(&names) {
        if !on_dapr(code, &site) {
            continue;
        }
        let mut args: Vec<&Expr> = site.call.args.iter().map(|a| &a.value).collect();
        let method = match args.first().and_then(|a| a.path()) {
            Some(path) if path.starts_with("HttpMethod.") => {
                args.remove(0);
                Some(last(&path).to_ascii_uppercase().into())
            }
            // Documented: without a method, POST.
            _ => Some("POST".into()),
        };
        let (Some(app), Some(path)) = (args.first(), args.get(1)) else {
            continue;
        };
        let path = rooted(code.value(path, site.function));
        let target = Value::text("http://").then(code.value(app, site.function)).then(path);
        sink.stated(Claim::Call(call("Dapr", method, target, code.within(site.function))), site.span());
    }
    let states = [
        "GetStateAsync",
        "SaveStateAsync",
        "DeleteStateAsync",
        "GetStateEntryAsync",
        "GetStateAndETagAsync",
        "ExecuteStateTransactionAsync",
        "TrySaveStateAsync",
        "QueryStateAsync",
        "InvokeBindingAsync",
        "GetSecretAsync",
    ];
    for site in code.calls_named(&states) {
        if !on_dapr(code, &site) {
            continue;
        }
        let Some(component) = site.call.arg_or("storeName", 0) else { continue };
        let kind = match site.call.name() {
            "InvokeBindingAsync" => "bindings",
            "GetSecretAsync" => "secrets",
            _ => "state",
        };
        let sidecar = Value::text("http://localhost:").then(Value::env("DAPR_HTTP_PORT", Some("3500".into())));
        let target =
            sidecar.then(format_smolstr!("/v1.0/{kind}/").as_str().into()).then(code.value(component, site.function));
        sink.inferred(Claim::Call(call("Dapr", None, target, code.within(site.function))), site.span());
    }
}

/// State of Dapr's actors: `StateManager` of an `Actor`, kept in the component that says that it is the actors' store.
fn actors(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let on = site.call.receiver().and_then(Expr::path).unwrap_or_default();
        let actor = || code.type_named(&code.unit.functions[site.function].owner);
        if on.trim_start_matches("this.") != "StateManager"
            || !actor().is_some_and(|t| t.supers.iter().any(|s| s == "Actor"))
        {
            continue;
        }
        let sidecar = Value::text("http://localhost:").then(Value::env("DAPR_HTTP_PORT", Some("3500".into())));
        let target = sidecar.then("/v1.0/state/actorStateStore".into());
        sink.inferred(Claim::Call(call("Dapr", None, target, code.within(site.function))), site.span());
    }
}

fn on_dapr(code: &Code<'_>, site: &Site<'_>) -> bool {
    let origin = site.call.receiver().map(|r| code.origin(r, site.function)).unwrap_or_default();
    origin.to_ascii_lowercase().contains("dapr")
}

/// Mail servers: `new SmtpClient(host, port)`, MailKit's `Connect`.
fn mail(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["SmtpClient", "Connect", "ConnectAsync"]) {
        let made = site.call.new && site.call.name() == "SmtpClient";
        let connected = !site.call.new
            && site.call.receiver().is_some_and(|r| last(&code.origin(r, site.function)).ends_with("SmtpClient"));
        let host = match site.call.arg(0) {
            Some(Expr { kind: ExprKind::Object(_), .. }) | None => {
                property(code, site.expr, site.function, &["Host"]).map(|(v, _)| v)
            }
            Some(host) => Some(code.value(host, site.function)),
        };
        let (true, Some(host)) = (made || connected, host) else {
            continue;
        };
        let port = site.call.arg(1).map(|p| code.value(p, site.function)).filter(|p| !unknown(p));
        let target = match port {
            Some(port) => host.then(":".into()).then(port),
            None => host,
        };
        let mut claim = call("SMTP", None, target, code.within(site.function));
        claim.protocol = Protocol::Smtp;
        sink.stated(Claim::Call(claim), site.span());
    }
}
