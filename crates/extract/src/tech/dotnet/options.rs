//! Options classes bound to configuration sections. See `options.md`.
//!
//! The class stands in another file, so what is stated is the section: `FooOptions.<section>` is the key below which its
//! properties are looked up.

use super::read::simple;
use crate::code::csharp::section;
use crate::code::ir::{Expr, ExprKind};
use crate::code::{Code, Site};
use crate::lang::Lang;
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Constant, SmolStr, Value, format_smolstr};

pub static EXTRACTOR: Extractor = Extractor {
    id: "dotnet-options",
    version: 4,
    page: include_str!("options.md"),
    reads: Reads::Code { langs: &[Lang::CSharp], extract },
};

const STEPS: usize = 6;

fn extract(code: &Code<'_>, sink: &mut Sink) {
    for site in
        code.calls_named(&["Configure", "Get", "Bind", "BindConfiguration", "PostConfigure", "ConfigureOptions"])
    {
        let Some((ty, key)) = bound(code, &site) else {
            continue;
        };
        state(ty, key, false, &site, sink);
    }
    named(code, sink);
    of_libraries(code, sink);
}

/// Options classes of libraries that are read below a section of a documented name: what must be imported, the class, the
/// section.
const LIBRARIES: &[(&str, &str, &str)] = &[
    ("Convey.HTTP", "HttpClientOptions", "httpClient"),
    ("Convey.HTTP", "RestEaseOptions", "restEase"),
    ("Convey.MessageBrokers", "RabbitMqOptions", "rabbitmq"),
    ("Convey.Persistence.MongoDB", "MongoDbOptions", "mongo"),
    ("Convey.Persistence.Redis", "RedisOptions", "redis"),
    ("Convey.Discovery.Consul", "ConsulOptions", "consul"),
    ("Convey.LoadBalancing.Fabio", "FabioOptions", "fabio"),
    ("Volo.Abp", "AbpRemoteServiceOptions", "RemoteServices"),
    ("Volo.Abp", "AbpRabbitMqOptions", "RabbitMQ"),
    ("Steeltoe", "EurekaClientOptions", "Eureka.Client"),
    ("Steeltoe", "ConsulOptions", "Consul"),
    ("Steeltoe", "ConsulDiscoveryOptions", "Consul.Discovery"),
];

/// They are handed to whoever asks for them by their type.
fn of_libraries(code: &Code<'_>, sink: &mut Sink) {
    for (_, ty, section) in LIBRARIES.iter().filter(|(import, ..)| code.imports(import)) {
        let asked = code.unit.functions.iter().flat_map(|f| &f.params).find(|p| {
            let written = p.ty.trim_end_matches('?');
            simple(written) == *ty || super::read::generics(written).iter().any(|g| simple(g) == *ty)
        });
        if let Some(param) = asked {
            let claim = Constant { symbol: format_smolstr!("{ty}.<section>"), value: Value::text(*section) };
            sink.inferred(Claim::Constant(claim), param.span);
        }
    }
}

fn state(ty: SmolStr, key: Value, inferred: bool, site: &Site<'_>, sink: &mut Sink) {
    // `TOptions` stands for the caller's type.
    let parameter = ty == "T" || ty.starts_with('T') && ty.chars().nth(1).is_some_and(|c| c.is_ascii_uppercase());
    let unknown = !key.is_empty() && super::read::unknown(&key);
    if ty.is_empty() || parameter || unknown {
        return;
    }
    let key = match key.as_text() {
        Some(text) => Value::text(text.replace("__", ".").replace(':', ".")),
        None => key,
    };
    let claim = Claim::Constant(Constant { symbol: format_smolstr!("{ty}.<section>"), value: key });
    if inferred { sink.inferred(claim, site.span()) } else { sink.stated(claim, site.span()) }
}

/// The options class and the section's key; empty for the whole configuration, whose keys are the properties themselves.
fn bound(code: &Code<'_>, site: &Site<'_>) -> Option<(SmolStr, Value)> {
    let call = site.call;
    let generic = call.type_args.first().map(|t| simple(t));
    match call.name() {
        "Configure" => {
            let from = call.args.iter().rfind(|a| !matches!(a.value.kind, ExprKind::Lambda(_)))?;
            Some((generic?, section(code, &from.value, site.function, STEPS)?))
        }
        "Get" if call.args.is_empty() => Some((generic?, section(code, call.receiver()?, site.function, STEPS)?)),
        "BindConfiguration" => Some((of_builder(call.receiver()?)?, code.value(call.arg(0)?, site.function))),
        "Bind" => {
            // `AddOptions<T>().Bind(section)`.
            if let Some(ty) = call.receiver().and_then(of_builder) {
                return Some((ty, section(code, call.arg(0)?, site.function, STEPS)?));
            }
            // `section.Bind(options)` and `configuration.Bind("Key", options)`.
            let on = section(code, call.receiver()?, site.function, STEPS)?;
            let object = call.args.last()?;
            let key = match call.args.len() {
                1 => on,
                _ if on.is_empty() => code.value(call.arg(0)?, site.function),
                _ => on.then(".".into()).then(code.value(call.arg(0)?, site.function)),
            };
            let origin = code.origin(&object.value, site.function);
            let ty = simple(&origin);
            ty.starts_with(|c: char| c.is_ascii_uppercase()).then_some((ty, key))
        }
        _ => None,
    }
}

/// `T` of the `AddOptions<T>()` that a chain starts with.
fn of_builder(expr: &Expr) -> Option<SmolStr> {
    let call = expr.as_call()?;
    super::read::chain(call)
        .into_iter()
        .find(|c| matches!(c.name(), "AddOptions" | "AddOptionsWithValidateOnStart"))?
        .type_args
        .first()
        .map(|t| simple(t))
}

/// Binders of people's own that are given nothing but the type look below its name.
fn named(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let name = site.call.name();
        let [ty] = site.call.type_args.as_slice() else {
            continue;
        };
        let ty = simple(ty);
        let about = ["Options", "Settings", "Config"].iter().any(|w| ty.ends_with(w))
            && !matches!(ty.as_str(), "TOptions" | "TSettings" | "TConfig");
        let binder = ["Bind", "Add", "Get", "Use"].iter().any(|w| name.starts_with(w))
            && ["Options", "Settings", "Config"].iter().any(|w| name.contains(w));
        let known =
            matches!(name, "AddOptions" | "AddOptionsWithValidateOnStart" | "BindConfiguration" | "ConfigureOptions");
        if !about || !binder || known || site.call.new {
            continue;
        }
        let key = match site.call.args.first().map(|a| &a.value).filter(|a| !matches!(a.kind, ExprKind::Lambda(_))) {
            None => Value::text(ty.clone()),
            Some(arg) => match code.value(arg, site.function) {
                value if value.as_text().is_some() => value,
                _ => continue,
            },
        };
        state(ty, key, true, site, sink);
    }
}
