//! .NET's configuration, options and URL building, as far as values go.
//!
//! A key below a section is completed with the section's key wherever the section was taken: `GetSection("A")["B"]`,
//! `GetSection("A").GetValue<string>("B")` and `GetSection("A").Get<T>().B` all read `A.B`.

use super::{Code, library};
use crate::code::ir::{Call, Expr, ExprKind};
use crate::lang::{Lang, plain_type};
use seam_facts::{Hole, SmolStr, Value, format_smolstr};

/// How many names are followed to the section that a variable holds.
const MAX_STEPS: usize = 6;

/// Wrappers that give what they hold by `Value` or `CurrentValue`.
const OPTIONS: &[&str] = &["IOptions", "IOptionsSnapshot", "IOptionsMonitor", "Lazy", "OptionsWrapper"];

/// The result of a call, where it is known text or a setting.
pub(super) fn called(
    code: &Code<'_>,
    call: &Call,
    callee: &str,
    function: usize,
    eval: &dyn Fn(&Expr) -> Value,
) -> Option<Value> {
    if code.unit.lang != Lang::CSharp {
        return None;
    }
    let arg = |index: usize| call.args.get(index).map(|a| eval(&a.value));
    let name = call.name();
    match name {
        // The second argument says where to look, and is no default.
        "GetEnvironmentVariable" => return Some(library::keyed(true, arg(0)?, None)),
        "ExpandEnvironmentVariables" if callee.starts_with("Environment.") => return arg(0),
        // Tye's addresses of services.
        "GetServiceUri" => return Some(Value::text("http://").then(arg(0)?)),
        // `new("http://…")`: what is made is said elsewhere, what it is made of is here.
        "" if call.new
            && matches!(call.args.len(), 1 | 2)
            && !matches!(call.args[0].value.kind, ExprKind::Object(_)) =>
        {
            return arg(0);
        }
        "Parse" | "Create"
            if matches!(
                callee,
                "ConfigurationOptions.Parse" | "MongoUrl.Create" | "MongoClientSettings.FromConnectionString"
            ) =>
        {
            return arg(0);
        }
        "FromConnectionString" | "FromUrl" if callee.starts_with("MongoClientSettings.") => return arg(0),
        _ if call.new && name.ends_with("ConnectionStringBuilder") => {
            let given = call.args.last().map(|a| &a.value)?;
            let key = ["ConnectionString", "Host", "Server", "DataSource"].iter().find_map(|k| given.key(k));
            return key.map(eval).or_else(|| arg(0).filter(|_| !matches!(given.kind, ExprKind::Object(_))));
        }
        "Uri" if call.new && call.args.len() == 2 => {
            let kind = call.args[1].value.path().is_some_and(|p| p.starts_with("UriKind."));
            return if kind { arg(0) } else { Some(join(arg(0)?, arg(1)?)) };
        }
        "Combine" if callee == "Url.Combine" => {
            return call.args.iter().map(|a| eval(&a.value)).reduce(join);
        }
        "AddQueryString" | "UriBuilder" | "AppendPathSegment" | "SetQueryParam"
            if call.receiver().is_none() || name == "AddQueryString" =>
        {
            return arg(0);
        }
        "Concat" if matches!(callee, "string.Concat" | "String.Concat") => {
            return Some(call.args.iter().map(|a| eval(&a.value)).collect());
        }
        _ => {}
    }
    let receiver = call.receiver()?;
    let section =
        |key: Value| Some(library::keyed(false, prefixed(section(code, receiver, function, MAX_STEPS)?, key), None));
    match name {
        "GetConnectionString" | "GetRequiredConnectionString" => {
            section(Value::text("ConnectionStrings.").then(arg(0)?))
        }
        "GetSection" | "GetRequiredSection" | "GetRequiredValue" => section(arg(0)?),
        "GetValue" => {
            // `GetValue(typeof(T), "key")`, `GetValue<T>("key", default)`, and the same where the default tells the type.
            let named = arg(0).is_some_and(|key| key.as_text().is_some());
            let first = usize::from(call.type_args.is_empty() && call.args.len() > 1 && !named);
            let value = section(arg(first)?)?;
            match arg(first + 1).filter(|v| !library::is_null(v)) {
                Some(default) => Some(library::or_default(value, default)),
                None => Some(value),
            }
        }
        // A resource of an Aspire host is the address that it is called by.
        _ if let Some((named, at)) = hosted(code, call, function) => {
            Some(Value::text("http://").then(code.value(named, at)))
        }
        "GetEndpoint" => Some(eval(receiver)),
        // Guards and changes of a text's form, by the names that people give them.
        _ if is_guard(name)
            && matches!(
                receiver.kind,
                ExprKind::Index(..) | ExprKind::Call(_) | ExprKind::Name(_) | ExprKind::Member(..)
            ) =>
        {
            let value = eval(receiver);
            let known = value.as_text().is_some()
                || value
                    .holes()
                    .iter()
                    .any(|h| matches!(h, Hole::Env { .. } | Hole::Config { .. } | Hole::Param { .. }));
            known.then_some(value)
        }
        "Get" if call.args.is_empty() && call.type_args.len() == 1 => {
            let key = self::section(code, receiver, function, MAX_STEPS)?;
            (!key.is_empty()).then(|| library::keyed(false, key, None))
        }
        _ => None,
    }
}

/// The name of the resource that a chain of calls on an Aspire host's builder adds and configures.
fn hosted<'c>(code: &'c Code<'_>, call: &'c Call, function: usize) -> Option<(&'c Expr, usize)> {
    let configures = |name: &str| {
        ["Add", "With", "WaitFor", "GetEndpoint", "PublishAs", "RunAs", "AsExternal", "Exclude"]
            .iter()
            .any(|w| name.starts_with(w))
    };
    let (mut at, mut within) = (call, function);
    // Chains are long; each step goes to the call before.
    for _ in 0..64 {
        if !configures(at.name()) {
            return None;
        }
        let receiver = at.receiver()?;
        let (before, function) = code.resolved(receiver, within);
        match before.as_call() {
            Some(before) if before.name() != "CreateBuilder" => (at, within) = (before, function),
            _ => {
                let origin = code.origin(receiver, within);
                let host = origin.ends_with("DistributedApplication.CreateBuilder()")
                    || origin == "IDistributedApplicationBuilder";
                return (host && at.name().starts_with("Add")).then(|| at.arg(0)).flatten().map(|name| (name, within));
            }
        }
    }
    None
}

fn is_guard(name: &str) -> bool {
    ["NotBe", "NotNull", "ThrowIf", "EnsureNot", "EnsureEnds", "OrThrow", "Required"]
        .iter()
        .any(|w| name.starts_with(w))
        || matches!(
            name,
            "Replace" | "TrimStart" | "ToLowerInvariant" | "Split" | "First" | "Single" | "ToUri" | "AsString"
        )
}

/// `base[key]`.
pub(super) fn indexed(code: &Code<'_>, base: &Expr, key: &Value, function: usize) -> Option<Value> {
    if code.unit.lang != Lang::CSharp {
        return None;
    }
    Some(library::keyed(false, prefixed(section(code, base, function, MAX_STEPS)?, key.clone()), None))
}

/// `base.member` of a section that was read as an object.
pub(super) fn member(code: &Code<'_>, base: &Expr, member: &str, function: usize) -> Option<Value> {
    if code.unit.lang != Lang::CSharp {
        return None;
    }
    let (expr, function) = code.resolved(base, function);
    let call = expr.as_call()?;
    let receiver = call.receiver()?;
    match (call.name(), member) {
        // The type of what a caller passes: it is known where it is passed.
        ("GetType", "Name" | "FullName") => {
            let value = code.value(receiver, function);
            matches!(value.as_hole(), Some(Hole::Param { .. })).then_some(value)
        }
        ("GetSection" | "GetRequiredSection", "Value") => Some(code.value(expr, function)),
        ("Get", _) if call.type_args.len() == 1 && call.args.is_empty() => {
            let key = section(code, receiver, function, MAX_STEPS)?;
            Some(library::keyed(false, prefixed(key, Value::text(member)), None))
        }
        _ => None,
    }
}

/// The key of the configuration section that an expression is; empty for all of it, `None` if it is none.
pub(crate) fn section(code: &Code<'_>, expr: &Expr, function: usize, steps: usize) -> Option<Value> {
    if steps == 0 {
        return None;
    }
    let (expr, function) = code.resolved(expr, function);
    match &expr.kind {
        ExprKind::Call(call) if matches!(call.name(), "GetSection" | "GetRequiredSection") => {
            let outer = section(code, call.receiver()?, function, steps - 1)?;
            Some(prefixed(outer, code.value(call.arg(0)?, function)))
        }
        ExprKind::Either(options) => options.iter().find_map(|o| section(code, o, function, steps - 1)),
        ExprKind::Name(_) | ExprKind::Member(..) | ExprKind::Call(_) => {
            let origin = code.origin(expr, function);
            let last = origin.rsplit('.').next().unwrap_or(&origin).trim_end_matches("()").to_ascii_lowercase();
            // A section that is handed in: its key is what the caller passes.
            if origin == "IConfigurationSection"
                && let ExprKind::Name(_) = &expr.kind
            {
                let key = code.value(expr, function);
                return matches!(key.as_hole(), Some(Hole::Param { .. })).then_some(key);
            }
            let whole = [
                "configuration",
                "config",
                "configurationmanager",
                "iconfigurationmanager",
                "iconfiguration",
                "iconfigurationroot",
                "iconfigurationbuilder",
            ]
            .iter()
            .any(|w| last.trim_start_matches('_') == *w)
                || last.ends_with("configuration")
                || origin.contains("ConfigurationBuilder.") && last == "build"
                || last == "getrequiredservice" && origin.contains("IConfiguration");
            whole.then(Value::default)
        }
        _ => None,
    }
}

fn prefixed(section: Value, key: Value) -> Value {
    if section.is_empty() { key } else { section.then(Value::text(".")).then(key) }
}

/// A base address and what is below it; an absolute second part stands alone.
fn join(base: Value, path: Value) -> Value {
    let text = path.to_string();
    if text.contains("://") {
        return path;
    }
    let ends = base.to_string().ends_with('/');
    match (ends, text.starts_with('/')) {
        (false, false) => base.then("/".into()).then(path),
        (true, true) => match path.as_text() {
            Some(text) => base.then(Value::text(text.trim_start_matches('/'))),
            None => base.then(path),
        },
        (true, false) | (false, true) => base.then(path),
    }
}

/// A type's canonical name where it is more than its plain name: what tasks give, and options with what they hold.
pub(super) fn canonical_type(ty: &str) -> Option<SmolStr> {
    let ty = ty.trim().trim_end_matches('?');
    let plain = plain_type(ty);
    let inner = generic(ty)?;
    match plain.as_str() {
        "Task" | "ValueTask" => Some(canonical_type(inner).unwrap_or_else(|| plain_type(inner))),
        name if OPTIONS.contains(&name) => Some(format_smolstr!("{name}<{}>", plain_type(inner))),
        _ => None,
    }
}

/// The only generic argument of a type as written.
pub(crate) fn generic(ty: &str) -> Option<&str> {
    let start = ty.find('<')?;
    let end = ty.rfind('>')?;
    (start < end).then(|| ty[start + 1..end].trim())
}

/// `IOptions<T>.Value` is a `T`.
pub(super) fn unwrapped(base: &str, member: &str) -> Option<SmolStr> {
    let inner = generic(base)?;
    let wrapper = &base[..base.find('<')?];
    (matches!(member, "Value" | "CurrentValue") && OPTIONS.contains(&wrapper)).then(|| inner.into())
}

/// What a service provider gives: the type that it is asked for.
pub(super) fn resolved(call: &Call) -> Option<&SmolStr> {
    let asked = matches!(
        call.name(),
        "GetRequiredService"
            | "GetService"
            | "GetRequiredKeyedService"
            | "GetKeyedService"
            | "Resolve"
            | "CreateInstance"
    ) || call.name() == "Get" && call.args.is_empty();
    // Readers and mappers give what they are asked for.
    let made = matches!(call.name(), "Adapt" | "Map" | "Deserialize" | "DeserializeObject" | "ReadFromJsonAsync");
    match call.type_args.as_slice() {
        [only] if asked || made => Some(only),
        [only] if ["Options", "Settings", "Config"].iter().any(|w| only.ends_with(w)) => Some(only),
        _ => None,
    }
}
