//! .NET Aspire's AppHost: a deployment written as code. See `aspire.md`.
//!
//! A resource is followed from wherever it is named to the call that added it; what refers to it becomes the environment
//! variables that the host sets (`services__NAME__http__0`, `ConnectionStrings__NAME`).

use super::read::{chain, closures, simple};
use crate::code::ir::{Call, Expr, ExprKind};
use crate::code::{Code, Site};
use crate::config::secret;
use crate::lang::Lang;
use crate::tech::paths::rooted;
use crate::{Extractor, Reads, Sink};
use seam_facts::{
    Alias, Claim, Deployment, Port, Protocol, Route, Service, Setting, SettingScope, SmolStr, Source, Span, Target,
    Value, format_smolstr,
};
use std::collections::BTreeMap;

pub static EXTRACTOR: Extractor = Extractor {
    id: "aspire",
    version: 1,
    page: include_str!("aspire.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let host = code
        .calls_named(&["CreateBuilder"])
        .iter()
        .any(|s| s.call.receiver().and_then(Expr::path).is_some_and(|p| p.ends_with("DistributedApplication")));
    let helper = code.unit.functions.iter().any(|f| f.params.iter().any(|p| hosting(&p.ty)))
        || code
            .unit
            .functions
            .iter()
            .any(|f| f.body.iter().any(|s| matches!(s, crate::code::ir::Stmt::Assign { ty, .. } if hosting(ty))));
    if !host && !helper {
        return;
    }
    let mut services: BTreeMap<SmolStr, (Service, Span)> = BTreeMap::new();
    for site in code.calls() {
        if let Some(service) = added(code, site) {
            services.entry(service.name.clone()).or_insert((service, site.span()));
        }
    }
    for site in code.calls() {
        linked(code, site, &mut services, sink);
    }
    for (service, at) in services.into_values() {
        sink.stated(Claim::Service(service), at);
    }
    routes(code, sink);
}

fn hosting(ty: &str) -> bool {
    ty.contains("IDistributedApplicationBuilder") || ty.contains("IResourceBuilder<")
}

/// What a kind of resource is made from.
enum Kind {
    /// The image that the library runs, unless told otherwise.
    Image(&'static str),
    /// A folder, by the argument's position.
    Folder(usize),
    Project,
    Container,
    Executable,
    /// An address that is given to the host from outside.
    External,
}

const KINDS: &[(&str, Kind)] = &[
    ("AddProject", Kind::Project),
    ("AddContainer", Kind::Container),
    ("AddDockerfile", Kind::Folder(1)),
    ("AddExecutable", Kind::Executable),
    ("AddNpmApp", Kind::Folder(1)),
    ("AddNodeApp", Kind::Folder(1)),
    ("AddViteApp", Kind::Folder(1)),
    ("AddJavaScriptApp", Kind::Folder(1)),
    ("AddPnpmApp", Kind::Folder(1)),
    ("AddYarnApp", Kind::Folder(1)),
    ("AddPythonApp", Kind::Folder(1)),
    ("AddUvicornApp", Kind::Folder(1)),
    ("AddGolangApp", Kind::Folder(1)),
    ("AddRustApp", Kind::Folder(1)),
    ("AddJavaApp", Kind::Folder(1)),
    ("AddSpringApp", Kind::Folder(1)),
    ("AddYarp", Kind::Image("mcr.microsoft.com/dotnet/nightly/yarp")),
    ("AddRedis", Kind::Image("redis")),
    ("AddValkey", Kind::Image("valkey/valkey")),
    ("AddGarnet", Kind::Image("ghcr.io/microsoft/garnet")),
    ("AddPostgres", Kind::Image("postgres")),
    ("AddSqlServer", Kind::Image("mcr.microsoft.com/mssql/server")),
    ("AddMySql", Kind::Image("mysql")),
    ("AddMongoDB", Kind::Image("mongo")),
    ("AddOracle", Kind::Image("container-registry.oracle.com/database/free")),
    ("AddRabbitMQ", Kind::Image("rabbitmq")),
    ("AddKafka", Kind::Image("confluentinc/confluent-local")),
    ("AddNats", Kind::Image("nats")),
    ("AddElasticsearch", Kind::Image("elasticsearch")),
    ("AddMilvus", Kind::Image("milvusdb/milvus")),
    ("AddQdrant", Kind::Image("qdrant/qdrant")),
    ("AddSeq", Kind::Image("datalust/seq")),
    ("AddKeycloak", Kind::Image("quay.io/keycloak/keycloak")),
    ("AddKeycloakContainer", Kind::Image("quay.io/keycloak/keycloak")),
    ("AddMailPit", Kind::Image("axllent/mailpit")),
    ("AddMailDev", Kind::Image("maildev/maildev")),
    ("AddMinioContainer", Kind::Image("minio/minio")),
    ("AddOllama", Kind::Image("ollama/ollama")),
    ("AddRavenDB", Kind::Image("ravendb/ravendb")),
    ("AddAzurePostgresFlexibleServer", Kind::Image("postgres")),
    ("AddAzureRedis", Kind::Image("redis")),
    ("AddAzureManagedRedis", Kind::Image("redis")),
    ("AddAzureSqlServer", Kind::Image("mcr.microsoft.com/mssql/server")),
    ("AddAzureServiceBus", Kind::External),
    ("AddAzureEventHubs", Kind::External),
    ("AddAzureCosmosDB", Kind::External),
    ("AddAzureStorage", Kind::External),
    ("AddConnectionString", Kind::External),
    ("AddExternalService", Kind::External),
];

fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|(n, _)| *n == name).map(|(_, k)| k)
}

fn on_builder(code: &Code<'_>, call: &Call, function: usize) -> bool {
    let Some(receiver) = call.receiver() else {
        return false;
    };
    let origin = code.origin(receiver, function);
    origin.ends_with("DistributedApplication.CreateBuilder()") || origin.ends_with("IDistributedApplicationBuilder")
}

fn named(code: &Code<'_>, call: &Call, function: usize) -> Option<SmolStr> {
    code.value(call.arg_or("name", 0)?, function).as_text()
}

fn added(code: &Code<'_>, site: &Site<'_>) -> Option<Service> {
    let call = site.call;
    let kind = kind(call.name())?;
    if call.new || !on_builder(code, call, site.function) {
        return None;
    }
    let mut service = Service::new(named(code, call, site.function)?, Deployment::Aspire);
    let text = |i: usize| call.arg(i).map(|a| code.value(a, site.function));
    let folder = |path: Value| Some(Source { context: path, ..Source::default() });
    match kind {
        Kind::External => return None,
        Kind::Image(image) => service.image = Some(Value::text(*image)),
        Kind::Folder(position) => {
            service.source = folder(text(*position).unwrap_or_default());
            if call.name() == "AddDockerfile"
                && let Some(source) = &mut service.source
            {
                source.dockerfile = text(2);
            }
        }
        Kind::Executable => {
            service.command = text(1);
            service.source = folder(text(2).unwrap_or_default());
        }
        Kind::Project => {
            let project = match call.type_args.first() {
                // `Projects.Orders_Api` is generated from the project `Orders.Api`.
                Some(ty) => Value::text(ty.clone()),
                None => {
                    let path = text(1).unwrap_or_default();
                    match path.as_text().map(|p| p.replace('\\', "/")) {
                        Some(path) => Value::text(path.rsplit_once('/').map(|(f, _)| f.to_owned()).unwrap_or_default()),
                        None => path,
                    }
                }
            };
            service.source = folder(project);
        }
        Kind::Container => {
            let image = text(1).unwrap_or_default();
            let tag = call.arg_or("tag", 2).map(|t| code.value(t, site.function)).filter(|t| !super::read::unknown(t));
            service.image = Some(match tag {
                Some(tag) => image.then(":".into()).then(tag),
                None => image,
            });
        }
    }
    Some(service)
}

/// What an expression of the host stands for.
struct Resource {
    name: SmolStr,
    /// The database within a server: its own connection name, and the server's.
    server: Option<SmolStr>,
    kind: Option<&'static Kind>,
    maker: SmolStr,
}

fn resource(code: &Code<'_>, expr: &Expr, function: usize, steps: usize) -> Option<Resource> {
    if steps == 0 {
        return None;
    }
    let (expr, function) = code.resolved(expr, function);
    let call = expr.as_call()?;
    for link in chain(call) {
        let name = link.name();
        if name.starts_with("Add") && !on_builder(code, link, function) {
            // `server.AddDatabase("name")`, `bus.AddServiceBusQueue("name")`.
            let inner = link.receiver().and_then(|r| resource(code, r, function, steps - 1));
            if let (Some(inner), Some(own)) = (inner, named(code, link, function)) {
                return Some(Resource { name: own, server: Some(inner.name), kind: inner.kind, maker: inner.maker });
            }
        }
        if kind(name).is_some() && on_builder(code, link, function) {
            let own = named(code, link, function)?;
            return Some(Resource { name: own, server: None, kind: kind(name), maker: name.into() });
        }
    }
    // A chain that starts from a variable.
    let root = chain(call).last().and_then(|c| c.receiver())?;
    matches!(root.kind, ExprKind::Name(_)).then(|| resource(code, root, function, steps - 1)).flatten()
}

const STEPS: usize = 8;

fn linked(code: &Code<'_>, site: &Site<'_>, services: &mut BTreeMap<SmolStr, (Service, Span)>, sink: &mut Sink) {
    let name = site.call.name();
    if !matches!(
        name,
        "WithReference"
            | "WithEnvironment"
            | "WaitFor"
            | "WaitForCompletion"
            | "WithHttpEndpoint"
            | "WithHttpsEndpoint"
            | "WithEndpoint"
            | "WithImage"
            | "WithImageTag"
            | "WithHttpHealthCheck"
            | "WithHttpsHealthCheck"
    ) && !name.starts_with("Configure")
    {
        return;
    }
    let Some(owner) = site.call.receiver().and_then(|r| resource(code, r, site.function, STEPS)) else {
        return;
    };
    let scope = SettingScope::Service(owner.name.clone());
    let set = |key: SmolStr, value: Value, sink: &mut Sink| {
        let value = secret::setting(&key, value);
        sink.stated(Claim::Setting(Setting { scope: scope.clone(), key, value, profile: None }), site.span());
    };
    let value = |e: &Expr| code.value(e, site.function);
    match name {
        "WithReference" => {
            let Some(of) = site.call.arg(0).and_then(|a| resource(code, a, site.function, STEPS)) else {
                return;
            };
            let (key, value) = reference(&of, site.call.arg(1).and_then(|n| value(n).as_text()));
            set(key, value, sink);
        }
        "WithEnvironment" => {
            let (Some(key), Some(given)) = (site.call.arg(0).and_then(|k| value(k).as_text()), site.call.arg(1)) else {
                return;
            };
            let given = match resource(code, given, site.function, STEPS) {
                Some(of) => reference(&of, None).1,
                None => value(given),
            };
            set(key, given, sink);
        }
        "WaitFor" | "WaitForCompletion" => {
            if let Some(of) = site.call.arg(0).and_then(|a| resource(code, a, site.function, STEPS))
                && let Some((service, _)) = services.get_mut(&owner.name)
            {
                let on = of.server.unwrap_or(of.name);
                if !service.depends_on.contains(&on) {
                    service.depends_on.push(on);
                }
            }
        }
        "WithImage"
        | "WithImageTag"
        | "WithHttpEndpoint"
        | "WithHttpsEndpoint"
        | "WithEndpoint"
        | "WithHttpHealthCheck"
        | "WithHttpsHealthCheck" => {
            let Some((service, _)) = services.get_mut(&owner.name) else { return };
            match name {
                "WithImage" => service.image = site.call.arg(0).map(value),
                "WithImageTag" => {
                    let image = service.image.take().unwrap_or_default();
                    service.image = Some(image.then(":".into()).then(site.call.arg(0).map(value).unwrap_or_default()));
                }
                "WithHttpHealthCheck" | "WithHttpsHealthCheck" => service.health_check = true,
                _ => {
                    let port = |n: &str, i: usize| site.call.arg_or(n, i).map(value).filter(|v| v.as_text().is_some());
                    let (published, target) = (port("port", 0), port("targetPort", 1));
                    if published.is_some() || target.is_some() {
                        service.ports.push(Port { name: None, published, target, line: 0 });
                    }
                }
            }
        }
        // A function of the host's own that configures this resource: what it says is said of the resource.
        _ => {
            let alias = Alias {
                name: name.into(),
                deployment: Deployment::Aspire,
                target: Target::Service(owner.name.clone()),
                ports: Vec::new(),
                namespace: None,
            };
            sink.stated(Claim::Alias(alias), site.span());
        }
    }
}

/// The variable by which a resource is handed over, and what it holds.
fn reference(of: &Resource, connection: Option<SmolStr>) -> (SmolStr, Value) {
    let served = matches!(of.kind, Some(Kind::Project | Kind::Container | Kind::Folder(_) | Kind::Executable));
    let http = served
        || matches!(of.maker.as_str(), "AddYarp" | "AddKeycloak" | "AddKeycloakContainer" | "AddExternalService");
    if http {
        return (format_smolstr!("services__{}__http__0", of.name), Value::text(format_smolstr!("http://{}", of.name)));
    }
    let key = format_smolstr!("ConnectionStrings__{}", connection.as_ref().unwrap_or(&of.name));
    if matches!(of.kind, Some(Kind::External)) {
        return (key, Value::config(format_smolstr!("ConnectionStrings.{}", of.name), None));
    }
    let host = of.server.as_ref().unwrap_or(&of.name);
    let value = match (of.maker.as_str(), &of.server) {
        ("AddRabbitMQ", _) => format_smolstr!("amqp://{host}"),
        ("AddNats", _) => format_smolstr!("nats://{host}"),
        ("AddMongoDB", None) => format_smolstr!("mongodb://{host}"),
        ("AddMongoDB", Some(_)) => format_smolstr!("mongodb://{host}/{}", of.name),
        ("AddElasticsearch", _) => format_smolstr!("http://{host}"),
        ("AddPostgres" | "AddAzurePostgresFlexibleServer", Some(_)) => {
            format_smolstr!("Host={host};Database={}", of.name)
        }
        ("AddPostgres" | "AddAzurePostgresFlexibleServer", None) => format_smolstr!("Host={host}"),
        ("AddSqlServer" | "AddAzureSqlServer" | "AddMySql", Some(_)) => {
            format_smolstr!("Server={host};Database={}", of.name)
        }
        ("AddSqlServer" | "AddAzureSqlServer" | "AddMySql", None) => format_smolstr!("Server={host}"),
        _ => host.clone(),
    };
    (key, Value::text(value))
}

/// Routes of a YARP resource: `yarp.AddRoute("/path", cluster)`.
fn routes(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls_named(&["AddRoute"]) {
        let (path, to) = match site.call.args.as_slice() {
            [to] => (Value::text("/*"), &to.value),
            [path, to, ..] => (code.value(&path.value, site.function), &to.value),
            [] => continue,
        };
        let Some(via) = gateway(code, &site) else { continue };
        let path = match path.as_text() {
            Some(text) => Value::text(crate::config::dotnet::template(&text)),
            None => path,
        };
        let target = destination(code, to, site.function);
        // A removed prefix is said further along the same chain.
        let removed = code
            .calls_named(&["WithTransformPathRemovePrefix"])
            .into_iter()
            .any(|t| chain(t.call).iter().any(|c| std::ptr::eq(*c, site.call)));
        let target = if removed { target.then("/".into()) } else { target };
        let route = Route { protocol: Protocol::Http, path: rooted(path), target, via: Some(via) };
        sink.stated(Claim::Route(route), site.span());
    }
}

fn destination(code: &Code<'_>, to: &Expr, function: usize) -> Value {
    let (made, at) = code.resolved(to, function);
    if let Some(call) = made.as_call()
        && matches!(call.name(), "AddCluster" | "GetEndpoint")
    {
        let inner = if call.name() == "AddCluster" { call.arg(0) } else { call.receiver() };
        return inner.map(|i| destination(code, i, at)).unwrap_or_default();
    }
    match resource(code, to, function, STEPS) {
        Some(of) => Value::text(format_smolstr!("http://{}", of.name)),
        None => code.value(made, at),
    }
}

/// The resource that routes are configured on, or the function that configures one for its caller.
fn gateway(code: &Code<'_>, route: &Site<'_>) -> Option<SmolStr> {
    for site in code.calls_named(&["WithConfiguration", "WithRoutes"]) {
        if !closures(site.call).iter().any(|c| super::read::within(code, route.function, *c)) {
            continue;
        }
        let receiver = site.call.receiver()?;
        if let Some(of) = resource(code, receiver, site.function, STEPS) {
            return Some(of.name);
        }
        if simple(&code.origin(receiver, site.function)) == "IResourceBuilder" {
            return Some(code.function(site.function).name.clone());
        }
    }
    None
}
