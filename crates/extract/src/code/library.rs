//! Functions of standard libraries and frameworks whose result is known text: reads of the environment and of
//! configuration, formatting, trimming, parsing of addresses.
//!
//! Invariant: everything here is about values only; calls that *do* something are technologies' business.

use super::{Code, csharp, golang, joins};
use crate::code::ir::{Annotation, Call, Expr, ExprKind, Field, Type};
use crate::lang::Lang;
use seam_facts::{FORMAT, Hole, SmolStr, Value, format_smolstr};

/// Functions that read one environment variable: canonical name, position of the key; the default follows the key.
const ENV_READERS: &[(Lang, &str)] = &[
    (Lang::Java, "System.getenv"),
    (Lang::Java, "System.getProperty"),
    (Lang::Kotlin, "System.getenv"),
    (Lang::Kotlin, "System.getProperty"),
    (Lang::Scala, "System.getenv"),
    (Lang::Scala, "System.getProperty"),
    (Lang::Scala, "sys.env"),
    (Lang::Scala, "sys.env.get"),
    (Lang::Scala, "sys.env.getOrElse"),
    (Lang::Scala, "sys.env.apply"),
    (Lang::Scala, "sys.props.getOrElse"),
    (Lang::Scala, "Properties.envOrElse"),
    (Lang::Scala, "Properties.envOrNone"),
    (Lang::Scala, "Properties.propOrElse"),
    (Lang::Scala, "scala.util.Properties.envOrElse"),
    (Lang::Scala, "Env.make.get"),
    (Lang::CSharp, "Environment.GetEnvironmentVariable"),
    (Lang::CSharp, "System.Environment.GetEnvironmentVariable"),
    (Lang::Python, "os#getenv"),
    (Lang::Python, "os#environ.get"),
    (Lang::Python, "os#environ.setdefault"),
    (Lang::Python, "os#environ.pop"),
    (Lang::Python, "os#environb.get"),
    (Lang::Script, "Deno.env.get"),
    (Lang::Go, "os#Getenv"),
    (Lang::Go, "os#LookupEnv"),
    (Lang::Go, "syscall#Getenv"),
    (Lang::Rust, "std::env#var"),
    (Lang::Rust, "std#env.var"),
    (Lang::Rust, "env.var"),
    (Lang::Rust, "std.env.var"),
    (Lang::Rust, "std::env#var_os"),
    (Lang::Rust, "dotenv#var"),
    (Lang::Rust, "dotenvy#var"),
    (Lang::Ruby, "ENV.fetch"),
    (Lang::Php, "getenv"),
    (Lang::Php, "env"),
    (Lang::Php, "Env.get"),
    (Lang::Elixir, "System.get_env"),
    (Lang::Elixir, "System.fetch_env!"),
    (Lang::Elixir, "System.fetch_env"),
    (Lang::Cpp, "getenv"),
    (Lang::Cpp, "std.getenv"),
    (Lang::Cpp, "std::getenv"),
];

/// Objects whose members or keys are environment variables.
const ENV_OBJECTS: &[(Lang, &str)] = &[
    (Lang::Python, "os#environ"),
    (Lang::Script, "process.env"),
    (Lang::Script, "process#env"),
    (Lang::Script, "node:process#env"),
    (Lang::Script, "import.meta.env"),
    (Lang::Script, "Bun.env"),
    (Lang::Script, "__ENV"),
    (Lang::Script, "$env/dynamic/private#env"),
    (Lang::Script, "$env/dynamic/public#env"),
    (Lang::Ruby, "ENV"),
    (Lang::Php, "_ENV"),
    (Lang::Php, "_SERVER"),
];

/// A package's function that says by its name that it reads the environment, asked for a key in capitals:
/// `readEnvOrDie('ORDERS_URL')`, `requireEnv('ORDERS_URL')`. Where the package is the workspace's own, its function says more.
pub(super) fn env_by_name(callee: &str, key: Option<&Value>) -> Option<Value> {
    let (package, name) = callee.rsplit_once('#')?;
    let key = key?.as_text().filter(|k| k.contains('_') && is_upper(k))?;
    let outer = !package.is_empty() && !package.starts_with(['.', '/']);
    (outer && words(name).any(|w| w.eq_ignore_ascii_case("env"))).then(|| Value::env(key, None))
}

/// The environment handed to a function as an object, with the name that is looked up in it: `get(process.env, 'PORT', '80')`,
/// and the other way about where a library's functions are made to be put together (`propOr('80', 'PORT', process.env)`).
fn looked_up(code: &Code<'_>, call: &Call, function: usize, eval: &dyn Fn(&Expr) -> Value) -> Option<Value> {
    let is_env = |e: &Expr| ENV_OBJECTS.contains(&(Lang::Script, code.origin(e, function).as_str()));
    let at = call.args.iter().position(|a| is_env(&a.value))?;
    let (key, default) = match (at, call.args.len(), call.name()) {
        (0, 2 | 3, _) => (1, Some(2)),
        (1, 2, "prop") => (0, None),
        (2, 3, "propOr") => (1, Some(0)),
        _ => return None,
    };
    let key = call.arg(key)?;
    // What checks or copies the whole environment is handed something else.
    let named = match &key.kind {
        ExprKind::Name(name) => code.function(function).params.iter().any(|p| p.name == *name),
        _ => key.as_str().is_some_and(|k| is_upper(k)),
    };
    let default = default.and_then(|at| call.arg(at)).map(eval);
    named.then(|| keyed(true, eval(key), default))
}

/// The words of a name: `readEnvOrDie` and `read_env_or_die` are four.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(['_', '.', '!']).flat_map(|part| {
        let mut rest = part;
        std::iter::from_fn(move || {
            let end =
                rest.char_indices().skip(1).find(|(_, c)| c.is_ascii_uppercase()).map_or(rest.len(), |(at, _)| at);
            let (word, after) = rest.split_at(end);
            rest = after;
            (!word.is_empty()).then_some(word)
        })
    })
}

/// A function or method that the caller needs the value of.
pub(super) fn called(code: &Code<'_>, call: &Call, function: usize, steps: usize) -> Option<Value> {
    if steps == 0 {
        return None;
    }
    let lang = code.unit.lang;
    let callee = code.callee(call, function);
    let eval = |expr: &Expr| code.eval(expr, function, steps);
    let arg = |index: usize| call.args.get(index).map(|a| eval(&a.value));
    if let Some(found) = csharp::called(code, call, &callee, function, &eval) {
        return Some(found);
    }
    if ENV_READERS.contains(&(lang, callee.as_str())) {
        let default = call.named("default").or_else(|| call.arg(1)).map(eval).filter(|v| !is_null(v));
        return Some(keyed(true, arg(0)?, default));
    }
    if lang == Lang::Script
        && let Some(found) = looked_up(code, call, function, &eval)
    {
        return Some(found);
    }
    if lang == Lang::Go
        && let Some(found) = golang::called(code, call, &callee, &eval)
    {
        return Some(found);
    }
    if let Some(found) = super::jvm::called(code, call, &callee, function, steps) {
        return Some(found);
    }
    if lang == Lang::Cpp
        && let Some(found) = super::cpp::called(code, call, &callee, function, steps)
    {
        return Some(found);
    }
    if lang == Lang::Scala
        && let Some(found) = super::scala::called(code, call, &callee, function, steps)
    {
        return Some(found);
    }
    if lang == Lang::Rust
        && let Some(found) = super::rust::called(code, call, &callee, function, steps)
    {
        return Some(found);
    }
    if let Some(found) = super::python::called(code, call, &callee, function, steps) {
        return Some(found);
    }
    if let Some(found) = super::tables::called(code, call, function, steps) {
        return Some(found);
    }
    // `get_env("X") || raise "…"` has no second value.
    if matches!(lang, Lang::Elixir | Lang::Ruby) && matches!(callee.as_str(), "raise" | "abort" | "fail") {
        return Some(Value::opaque("raise"));
    }
    // `Application.get_env(:shop, :stock_url, "…")` is the key `shop.stock_url`.
    const APPLICATION: &[&str] = &["get_env", "fetch_env!", "fetch_env", "compile_env", "compile_env!"];
    if lang == Lang::Elixir
        && callee.strip_prefix("Application.").is_some_and(|n| APPLICATION.contains(&n))
        && call.args.len() >= 2
    {
        let key = arg(0)?.then(".".into()).then(arg(1)?);
        return Some(keyed(false, key, arg(2).filter(|v| !is_null(v))));
    }
    if let Some(config) = config_read(lang, call, &callee) {
        let default = call.arg(1).filter(|e| !matches!(e.kind, ExprKind::Name(_) | ExprKind::Lambda(_))).map(eval);
        return Some(keyed(false, arg(config)?, default.filter(|v| !is_null(v))));
    }
    let name = call.name();
    // Text built by a format.
    let format = match (lang, callee.as_str()) {
        (Lang::Python | Lang::Ruby, "%") | (Lang::Ruby, "format" | "sprintf") => Some(Format::Percent),
        (Lang::Go, "fmt#Sprintf") | (Lang::Php, "sprintf") | (Lang::Script, "util#format") => Some(Format::Percent),
        (Lang::Java | Lang::Kotlin | Lang::Scala, "String.format") => Some(Format::Percent),
        (Lang::CSharp, "String.Format" | "string.Format") => Some(Format::Braces),
        (Lang::Rust, "format!" | "format") => Some(Format::Braces),
        _ => None,
    };
    if let Some(format) = format {
        let template = call.args.first()?;
        return Some(fill(format, eval(&template.value), call, 1, &eval));
    }
    if let Some(receiver) = call.receiver() {
        match (lang, name) {
            (Lang::Python, "format") | (Lang::Java, "formatted") | (Lang::Kotlin | Lang::Scala, "format") => {
                let format = if lang == Lang::Python { Format::Braces } else { Format::Percent };
                return Some(fill(format, eval(receiver), call, 0, &eval));
            }
            (Lang::Script, "replace" | "replaceAll") => return Some(eval(receiver)),
            (Lang::Script, "join") if matches!(receiver.kind, ExprKind::List(_)) => {
                let separator = arg(0).unwrap_or_else(|| Value::text(","));
                let mut out = Value::default();
                for (index, part) in receiver.children().into_iter().enumerate() {
                    if index > 0 {
                        out.push(separator.clone());
                    }
                    out.push(eval(part));
                }
                return Some(out);
            }
            // `env.get('X').default('y').asString()` of env-var.
            (Lang::Script, "default") if callee.starts_with("env-var#") => {
                return Some(or_default(eval(receiver), arg(0)?));
            }
            (Lang::Script, "get") if callee == "env-var#get" => return Some(keyed(true, arg(0)?, None)),
            (Lang::Script, _) if callee.starts_with("env-var#get()") => return Some(eval(receiver)),
            // Java varargs and builders that put pieces together.
            (_, "concat") if lang != Lang::Script || call.args.len() == 1 => {
                return Some(eval(receiver).then(arg(0)?));
            }
            (Lang::Kotlin, "apply" | "also" | "let" | "use") => return Some(eval(receiver)),
            _ => {}
        }
        if TRANSPARENT_METHODS.contains(&name) && !is_of_type(receiver, call) {
            return Some(eval(receiver));
        }
        if let Some(default) = FALLBACK_METHODS.contains(&name).then(|| arg(0)).flatten() {
            return Some(or_default(eval(receiver), default));
        }
    }
    // Kotlin writes no `new`, and a name of capitals alone may be a function.
    let made = call.new || matches!(lang, Lang::Kotlin | Lang::Scala) && call.receiver().is_none();
    if TRANSPARENT_CALLS.iter().any(|(l, c)| *l == lang && *c == callee) || (made && TRANSPARENT_TYPES.contains(&name))
    {
        // `new URL(path, base)` and `urljoin(base, path)`.
        if call.new && name == "URL" && call.args.len() == 2 && lang == Lang::Script {
            return Some(join_url(arg(1)?, arg(0)?));
        }
        // `new URL("http", host, port, file)`.
        if made && name == "URL" && call.args.len() >= 3 && matches!(lang, Lang::Java | Lang::Kotlin | Lang::Scala) {
            let authority = arg(0)?.then("://".into()).then(arg(1)?);
            let rest = arg(2)?;
            return Some(match arg(3) {
                Some(file) => authority.then(":".into()).then(rest).then(file),
                None => authority.then(rest),
            });
        }
        return arg(0);
    }
    if matches!(callee.as_str(), "urllib.parse#urljoin" | "url#resolve" | "URI.join") {
        return Some(join_url(arg(0)?, arg(1)?));
    }
    joins::joined(lang, call, &callee, &eval)
}

/// A function of a type that is called like the end of a builder, and is given what it works on: `ServiceUrl.build(host, path)`.
fn is_of_type(receiver: &Expr, call: &Call) -> bool {
    let ExprKind::Name(name) = &receiver.kind else { return false };
    let pascal = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.contains(|c: char| c.is_ascii_lowercase());
    pascal
        && !call.args.is_empty()
        && matches!(
            call.name(),
            "build" | "expand" | "buildAndExpand" | "encode" | "decode" | "toUri" | "toURI" | "into"
        )
}

/// Methods that give back their receiver, as far as an address goes.
pub(super) const TRANSPARENT_METHODS: &[&str] = &[
    "trim",
    "strip",
    "rstrip",
    "lstrip",
    "toString",
    "to_string",
    "to_s",
    "to_owned",
    "into",
    "as_str",
    "clone",
    "unwrap",
    "expect",
    "as_ref",
    "as_deref",
    "ToString",
    "Trim",
    "TrimEnd",
    "TrimStart",
    "trimEnd",
    "trimStart",
    "trim_end",
    "trim_start",
    "trim_end_matches",
    "trim_start_matches",
    "removeSuffix",
    "delete_suffix",
    "toLowerCase",
    "ToLower",
    "lower",
    "decode",
    "encode",
    "toURI",
    "toUri",
    "toInt",
    "toLong",
    "build",
    "toUriString",
    "freeze",
    "chomp",
    "String",
    "intern",
    "get_secret_value",
    "href",
    "c_str",
    "AbsoluteUri",
    "unicode_string",
    "to_i",
    "presence",
    "to_sym",
    "await",
    "as_bytes",
    "orElseThrow",
    "toASCIIString",
    "encodedPath",
    "expand",
    "buildAndExpand",
];

/// Methods whose argument is used when the receiver has no value.
const FALLBACK_METHODS: &[&str] =
    &["unwrap_or", "unwrap_or_else", "orElse", "orElseGet", "getOrElse", "GetValueOrDefault", "unwrap_or_default"];

const TRANSPARENT_TYPES: &[&str] = &["URI", "Uri", "URL", "Url", "String", "HttpEntity", "InetSocketAddress"];

const TRANSPARENT_CALLS: &[(Lang, &str)] = &[
    (Lang::Java, "URI.create"),
    (Lang::Java, "String.valueOf"),
    (Lang::Java, "Objects.requireNonNull"),
    (Lang::Java, "Integer.parseInt"),
    (Lang::Java, "Integer.valueOf"),
    (Lang::Java, "UriComponentsBuilder.fromHttpUrl"),
    (Lang::Java, "UriComponentsBuilder.fromUriString"),
    (Lang::Java, "HttpUrl.parse"),
    (Lang::Java, "HttpUrl.get"),
    (Lang::Kotlin, "URI.create"),
    (Lang::Scala, "URI.create"),
    (Lang::Scala, "Uri.unsafeFromString"),
    (Lang::Scala, "Uri.fromString"),
    (Lang::Scala, "Uri.unsafeParse"),
    (Lang::Scala, "Uri.parse"),
    (Lang::Scala, "URL.decode"),
    (Lang::Scala, "URL.fromString"),
    (Lang::Scala, "Uri.parseAbsolute"),
    (Lang::Scala, "String.valueOf"),
    (Lang::Scala, "Objects.requireNonNull"),
    (Lang::Scala, "Integer.parseInt"),
    (Lang::Scala, "Try"),
    (Lang::Scala, "Future.successful"),
    (Lang::Scala, "IO.pure"),
    (Lang::Kotlin, "requireNotNull"),
    (Lang::Kotlin, "checkNotNull"),
    (Lang::Python, "str"),
    (Lang::Python, "int"),
    (Lang::Python, "os#path.expandvars"),
    (Lang::Python, "urllib.parse#urlparse"),
    (Lang::Python, "urllib.parse#quote"),
    (Lang::Python, "yarl#URL"),
    (Lang::Python, "starlette.datastructures#Secret"),
    (Lang::Script, "String"),
    (Lang::Script, "Number"),
    (Lang::Script, "parseInt"),
    (Lang::Script, "url#parse"),
    (Lang::Script, "Object.freeze"),
    (Lang::Go, "strings#TrimSpace"),
    (Lang::Go, "strings#TrimSuffix"),
    (Lang::Go, "strings#TrimRight"),
    (Lang::Go, "strings#ToLower"),
    (Lang::Go, "net/url#Parse"),
    (Lang::Go, "url#MustParse"),
    (Lang::Go, "string"),
    (Lang::Go, "path#Clean"),
    (Lang::Rust, "String::from"),
    (Lang::Rust, "String.from"),
    (Lang::Rust, "Some"),
    (Lang::Rust, "Ok"),
    (Lang::Rust, "Url.parse"),
    (Lang::Ruby, "URI"),
    (Lang::Ruby, "URI.parse"),
    (Lang::Ruby, "Integer"),
    (Lang::Ruby, "Addressable::URI.parse"),
    (Lang::Ruby, "String"),
    (Lang::Php, "trim"),
    (Lang::Php, "rtrim"),
    (Lang::Php, "ltrim"),
    (Lang::Php, "strval"),
    (Lang::Php, "urlencode"),
    (Lang::Php, "rawurlencode"),
    (Lang::Php, "intval"),
    (Lang::Elixir, "String.to_integer"),
    (Lang::Elixir, "String.trim"),
    (Lang::Elixir, "String.trim_trailing"),
    (Lang::Elixir, "to_string"),
    (Lang::Elixir, "String.to_charlist"),
    (Lang::Elixir, "String.to_atom"),
    (Lang::Elixir, "URI.parse"),
    (Lang::Elixir, "GRPC.Stub.connect"),
    (Lang::Cpp, "std::string"),
    (Lang::Cpp, "string"),
    (Lang::CSharp, "Uri"),
];

/// `env ?? default` in any clothing.
pub(super) fn or_default(value: Value, fallback: Value) -> Value {
    match value.as_hole() {
        Some(Hole::Env { name, default: None }) => Value::env(name.clone(), Some(fallback)),
        Some(Hole::Config { key, default: None }) => Value::config(key.clone(), Some(fallback)),
        _ => Value::either([value, fallback]),
    }
}

/// `a || b || c`: what follows a setting is its default; else one of several.
pub(super) fn fallback(values: Vec<Value>) -> Value {
    let mut out: Option<Value> = None;
    for value in values.into_iter().rev() {
        let unknown = matches!(value.as_hole(), Some(Hole::Opaque(_)));
        out = Some(match out {
            None => value,
            Some(rest) if matches!(rest.as_hole(), Some(Hole::Opaque(_))) => value,
            Some(rest) if unknown || value == rest => rest,
            Some(rest) if rest.is_empty() => value,
            Some(rest) => or_default(value, rest),
        });
    }
    out.unwrap_or_default()
}

pub(super) fn is_null(value: &Value) -> bool {
    matches!(value.as_hole(), Some(Hole::Opaque(s)) if s == "null")
}

/// A read of a key that is known, or is itself computed (`Result` of `<env>` or `<config>`, which linking resolves).
pub(super) fn keyed(env: bool, key: Value, default: Option<Value>) -> Value {
    match (key.as_text(), env) {
        (Some(name), true) => Value::env(name, default),
        (Some(key), false) => Value::config(config_key(&key), default),
        (None, _) => {
            let callee = if env { "<env>" } else { "<config>" };
            let args = std::iter::once(key).chain(default).collect();
            Value::hole(Hole::Result { callee: callee.into(), args })
        }
    }
}

/// `A:B`, `A__B` (.NET) and `a.b` are the same key: dotted.
pub(crate) fn config_key(key: &str) -> SmolStr {
    key.replace("__", ".").replace(':', ".").into()
}

/// Position of the key argument when the call reads configuration.
fn config_read(lang: Lang, call: &Call, callee: &str) -> Option<usize> {
    let name = call.name();
    let receiver = callee.rsplit_once('.').map(|(r, _)| r).unwrap_or("");
    let on = |words: &[&str]| words.iter().any(|w| receiver.to_ascii_lowercase().contains(w));
    let found = match lang {
        Lang::Java | Lang::Kotlin | Lang::Scala => {
            matches!(name, "getProperty" | "getRequiredProperty") && on(&["env", "config"])
                || matches!(name, "getString" | "getValue" | "getOptionalValue") && on(&["config"])
        }
        Lang::Script => {
            matches!(name, "get" | "getOrThrow" | "has") && on(&["config"])
                || matches!(callee, "nconf#get" | "config#get")
        }
        Lang::Go => {
            callee.contains("viper") && matches!(name, "GetString" | "Get" | "GetInt" | "GetDuration" | "GetBool")
                || callee.contains("knadh/koanf")
                    && matches!(name, "String" | "MustString" | "Get" | "Int" | "MustInt" | "Bool" | "Duration")
        }
        Lang::Python => matches!(name, "get" | "get_value") && receiver.ends_with("settings"),
        Lang::Php => callee == "config" || name == "getParameter" || callee == "Config.get",
        // Sections of .NET are followed in `csharp`.
        Lang::CSharp | Lang::Ruby | Lang::Rust | Lang::Elixir | Lang::Cpp => false,
    };
    found.then_some(0)
}

/// `base[key]`.
pub(super) fn indexed(code: &Code<'_>, base: &Expr, key: &Value, function: usize, steps: usize) -> Option<Value> {
    let origin = code.origin(base, function);
    if ENV_OBJECTS.contains(&(code.unit.lang, origin.as_str())) {
        return Some(keyed(true, key.clone(), None));
    }
    if code.unit.lang == Lang::Cpp
        && let Some(found) = super::cpp::indexed(code, base, key, function)
    {
        return Some(found);
    }
    if code.unit.lang == Lang::Go && golang::read_from_file(code, base, function) {
        return Some(keyed(false, key.clone(), None));
    }
    if let Some(found) = csharp::indexed(code, base, key, function) {
        return Some(found);
    }
    super::python::indexed(code, base, key, function, steps)
}

/// `base.member`, where members are environment variables.
pub(super) fn member(code: &Code<'_>, base: &Expr, member: &str, function: usize) -> Option<Value> {
    if let Some(found) = csharp::member(code, base, member, function) {
        return Some(found);
    }
    let origin = code.origin(base, function);
    if code.unit.lang == Lang::Script
        && let Some(found) = super::script::member(code, base, member, &origin, function)
    {
        return Some(found);
    }
    if code.unit.lang == Lang::Go
        && let Some(found) = golang::member(&origin, member)
    {
        return Some(found);
    }
    (code.unit.lang == Lang::Script && ENV_OBJECTS.contains(&(Lang::Script, origin.as_str())))
        .then(|| Value::env(member, None))
}

pub(super) fn is_upper(name: &str) -> bool {
    name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// A value that a framework injects by annotation: `@Value("${a.b:c}")`, `@ConfigProperty(name = "a.b")`.
pub(super) fn injected(code: &Code<'_>, annotations: &[Annotation]) -> Option<Value> {
    if code.unit.lang == Lang::Go {
        return golang::tagged(annotations);
    }
    annotations.iter().find_map(|a| match a.simple() {
        "Value" => Some(placeholders(a.arg("value")?.as_str()?, 4)),
        "ConfigProperty" => {
            let default = a.arg("defaultValue").map(|e| code.value(e, 0));
            Some(Value::config(a.arg("name")?.as_str()?.clone(), default))
        }
        "Property" => Some(Value::config(a.arg("name")?.as_str()?.clone(), None)),
        _ => None,
    })
}

/// A field of a type that a framework fills from configuration (`@ConfigurationProperties(prefix)`).
pub(super) fn bound(code: &Code<'_>, ty: &Type, field: &Field, steps: usize) -> Option<Value> {
    if let Some(setting) = super::python::bound(code, ty, field, steps) {
        return Some(setting);
    }
    if code.unit.lang == Lang::Go {
        return golang::bound(code, ty, field);
    }
    if code.unit.lang == Lang::Rust {
        return super::rust_settings::bound(code, ty, field);
    }
    if let Some(setting) = super::scala::bound(code, ty, field) {
        return Some(setting);
    }
    let annotation = ty
        .annotations
        .iter()
        .find(|a| matches!(a.simple(), "ConfigurationProperties" | "ConfigMapping" | "EachProperty"))?;
    let prefix = ["prefix", "value"].iter().find_map(|n| annotation.arg(n)?.as_str());
    // Without a prefix the keys stand at the root.
    let key = match prefix {
        Some(prefix) if !prefix.is_empty() => format_smolstr!("{prefix}.{}", kebab(&field.name)),
        _ => kebab(&field.name).into(),
    };
    Some(Value::config(key, None))
}

/// `catalogUrl` as configuration files write it: `catalog-url`.
pub(crate) fn kebab(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (i, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Spring's `${key:default}` placeholders in text.
pub(crate) fn placeholders(text: &str, depth: usize) -> Value {
    let mut out = Value::default();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        out.push_text(&rest[..start]);
        let inner = &rest[start + 2..];
        let mut level = 1;
        let end = inner.char_indices().find_map(|(i, c)| {
            match c {
                '{' => level += 1,
                '}' => level -= 1,
                _ => {}
            }
            (level == 0).then_some(i)
        });
        let (Some(end), true) = (end, depth > 0) else {
            out.push_text(&rest[start..]);
            return out;
        };
        let (key, default) = match inner[..end].split_once(':') {
            Some((key, default)) => (key, Some(placeholders(default, depth - 1))),
            None => (&inner[..end], None),
        };
        out.push(Value::config(key.trim(), default));
        rest = &inner[end + 1..];
    }
    out.push_text(rest);
    out
}

enum Format {
    /// `%s`, `%d`, `%v`.
    Percent,
    /// `{}`, `{0}`, `{name}`, `{name!r:>5}`.
    Braces,
}

/// Fills a format's slots with arguments from `first` on; keyword arguments by name.
fn fill(format: Format, template: Value, call: &Call, first: usize, eval: &dyn Fn(&Expr) -> Value) -> Value {
    let Some(template) = template.as_text() else {
        // A template that a setting or another file gives is filled where it is known.
        let elsewhere = matches!(template.as_hole(), Some(Hole::Ref(_) | Hole::Config { .. } | Hole::Env { .. }));
        if !matches!(format, Format::Percent) || !elsewhere || call.args.len() <= first {
            return template;
        }
        let args = call.args[first..].iter().map(|a| eval(&a.value));
        let args = std::iter::once(template).chain(args).collect();
        return Value::hole(Hole::Result { callee: FORMAT.into(), args });
    };
    let mut next = first;
    let mut out = Value::default();
    let mut rest = template.as_str();
    let mut slot = |key: &str| -> Value {
        let arg = match key.parse::<usize>() {
            Ok(n) => call.args.get(first + n),
            Err(_) if key.is_empty() => {
                next += 1;
                call.args.get(next - 1)
            }
            Err(_) => call.args.iter().find(|a| a.name.as_deref() == Some(key)),
        };
        arg.map(|a| eval(&a.value)).unwrap_or_else(|| Value::opaque(key))
    };
    match format {
        Format::Percent => {
            while let Some(at) = rest.find('%') {
                out.push_text(&rest[..at]);
                let tail = &rest[at + 1..];
                // Python's `%(name)s`.
                if let Some((key, after)) = tail.strip_prefix('(').and_then(|t| t.split_once(')')) {
                    out.push(slot(key));
                    rest =
                        after.get(after.find(|c: char| c.is_ascii_alphabetic()).map_or(0, |i| i + 1)..).unwrap_or("");
                    continue;
                }
                let verb = tail.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(tail.len());
                if tail[verb..].starts_with('%') {
                    out.push_text("%");
                } else {
                    out.push(slot(""));
                }
                rest = tail.get(verb + 1..).unwrap_or("");
            }
        }
        Format::Braces => {
            while let Some(at) = rest.find('{') {
                out.push_text(&rest[..at]);
                let tail = &rest[at + 1..];
                if let Some(escaped) = tail.strip_prefix('{') {
                    out.push_text("{");
                    rest = escaped;
                    continue;
                }
                let Some(end) = tail.find('}') else { break };
                let key = tail[..end].split([':', '!', ',']).next().unwrap_or("").trim();
                out.push(slot(key));
                rest = &tail[end + 1..];
            }
        }
    }
    out.push_text(rest);
    out
}

/// A base address and a path below it.
fn join_url(base: Value, path: Value) -> Value {
    let absolute = matches!(path.parts.first(), Some(seam_facts::Part::Text(t)) if t.contains("://"));
    if absolute { path } else { base.then(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spring_placeholders_nest() {
        assert_eq!(placeholders("http://${a.b:${c:d}}/x", 4).to_string(), "http://${config:a.b|${config:c|d}}/x");
        assert_eq!(placeholders("${broken", 4).to_string(), "${broken");
    }

    #[test]
    fn properties_are_kebab() {
        assert_eq!(kebab("catalogUrl"), "catalog-url");
    }
}
