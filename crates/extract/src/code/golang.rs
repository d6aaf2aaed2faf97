//! Go's standard library and common packages, as far as values go: flags, addresses, URLs, struct tags.
//!
//! A connection's value is the address that it was dialled with, and a stub's value is its connection's: so an address
//! is followed through constructors and fields that only hand the connection on.

use super::{Code, library};
use crate::code::ir::{Annotation, Call, Expr, ExprKind};
use crate::lang::Lang;
use seam_facts::{FLAG, SmolStr, Value, format_smolstr};

/// Packages whose functions are not the workspace's and give nothing that an address is made of.
const SILENT: &[&str] = &[
    "context#",
    "errors#",
    "fmt#",
    "io#",
    "bytes#",
    "encoding/",
    "log#",
    "log/",
    "math",
    "sync",
    "sort#",
    "time#",
    "reflect#",
    "runtime",
    "unicode",
    "crypto/",
    "regexp#",
    "testing#",
    "go.opentelemetry.io/",
    "github.com/opentracing/",
    "github.com/openzipkin/",
    "github.com/prometheus/",
    "github.com/sirupsen/logrus#",
    "github.com/rs/zerolog",
    "github.com/pkg/errors#",
    "github.com/google/uuid#",
    "github.com/stretchr/testify/",
    "go.uber.org/zap",
    "google.golang.org/protobuf/",
    "google.golang.org/grpc/",
    "google.golang.org/grpc#With",
    "github.com/golang/protobuf/",
    "github.com/iancoleman/strcase#",
    "os/signal#",
    "github.com/spf13/cobra#",
];

/// Functions of the language itself, and of the standard library where they build values that are followed here.
const BUILT_IN: &[&str] = &[
    "len", "cap", "make", "append", "int", "int32", "int64", "uint", "float64", "string", "byte", "panic", "copy",
    "delete", "error", "close",
];

/// Whether a call is of a function that no workspace defines, so that passing arguments to it links nothing.
pub(super) fn foreign(lang: Lang, callee: &str) -> bool {
    lang == Lang::Go
        && (silent(callee)
            || BUILT_IN.contains(&callee)
            || ["os#", "net#", "net/", "strings#", "strconv#", "path#", "path/", "flag#", "html/", "database/sql#"]
                .iter()
                .any(|p| callee.starts_with(p)))
}

fn silent(callee: &str) -> bool {
    SILENT.iter().any(|prefix| callee.starts_with(prefix))
}

/// Types of parameters that never carry an address.
pub(super) fn says_nothing(lang: Lang, ty: &str) -> bool {
    lang == Lang::Go
        && matches!(
            ty.trim_start_matches('*'),
            "context.Context" | "http.ResponseWriter" | "http.Request" | "gin.Context" | "testing.T" | "error" | "bool"
        )
}

/// Connections: what dials, and which argument is the address.
const DIALS: &[(&str, usize)] = &[
    ("google.golang.org/grpc#Dial", 0),
    ("google.golang.org/grpc#NewClient", 0),
    ("google.golang.org/grpc#DialContext", 1),
];

pub(super) fn called(code: &Code<'_>, call: &Call, callee: &str, eval: &dyn Fn(&Expr) -> Value) -> Option<Value> {
    let arg = |index: usize| call.args.get(index).map(|a| eval(&a.value));
    if let Some((_, address)) = DIALS.iter().find(|(name, _)| *name == callee) {
        return arg(*address);
    }
    // Kratos dials what an option says.
    if callee.contains("go-kratos/kratos/") && matches!(call.name(), "Dial" | "DialInsecure" | "NewClient") {
        let option = |a: &crate::code::ir::Arg| match &a.value.kind {
            ExprKind::Call(option) if option.name() == "WithEndpoint" => option.arg(0).map(eval),
            _ => None,
        };
        if let Some(address) = call.args.iter().find_map(option) {
            return Some(address);
        }
    }
    match callee {
        "fmt#Sprint" => return Some(call.args.iter().map(|a| eval(&a.value)).collect()),
        "net#JoinHostPort" => return Some(arg(0)?.then(":".into()).then(arg(1)?)),
        "strconv#Itoa"
        | "strconv#Atoi"
        | "strconv#FormatInt"
        | "strings#Split"
        | "strings#TrimLeft"
        | "strings#TrimPrefix"
        | "strings#TrimSuffix"
        | "strings#TrimRight"
        | "strings#TrimSpace"
        | "strings#ToLower"
        | "strings#Replace"
        | "strings#ReplaceAll"
        | "strings#Trim"
        | "strings#Fields"
        | "net/url#ParseRequestURI"
        | "net/url#PathEscape"
        | "net/url#QueryEscape"
        | "time#ParseDuration"
        | "errors#Must" => return arg(0),
        "github.com/aws/aws-sdk-go-v2/aws#String" | "github.com/aws/aws-sdk-go/aws#String" => return arg(0),
        "github.com/segmentio/kafka-go#TCP" => {
            return call.args.iter().map(|a| eval(&a.value)).reduce(|list, v| list.then(",".into()).then(v));
        }
        "net/url#Parse().Parse" | "net/url#Parse().JoinPath" => return Some(eval(call.receiver()?).then(arg(0)?)),
        // What a request asks for begins with a slash.
        "net/http#Request.URL.RequestURI" => return Some(Value::text("/").then(Value::opaque("RequestURI"))),
        "os#ExpandEnv" => return Some(expand(&arg(0)?.as_text()?)),
        "cmp#Or" => return call.args.iter().map(|a| eval(&a.value)).reduce(library::or_default),
        "net/url#JoinPath" => {
            let parts: Vec<Value> = call.args.iter().map(|a| eval(&a.value)).collect();
            return parts.into_iter().reduce(|all, part| {
                let separated = all.to_string().ends_with('/') || part.to_string().starts_with('/');
                if separated { all.then(part) } else { all.then("/".into()).then(part) }
            });
        }
        "strings#Join" => {
            let ExprKind::List(items) = &call.arg(0)?.kind else {
                return arg(0);
            };
            let separator = arg(1)?;
            return items.iter().map(eval).reduce(|all, item| all.then(separator.clone()).then(item));
        }
        "net/url#URL" if call.new => {
            let object = call.arg(0)?;
            let key = |name: &str| object.key(name).map(eval);
            let mut out = key("Scheme").map(|s| s.then("://".into())).unwrap_or_default();
            out.push(key("Host").unwrap_or_default());
            let path = key("Path").unwrap_or_default();
            if !path.is_empty() && !out.is_empty() && !path.to_string().starts_with('/') {
                out.push_text("/");
            }
            return Some(out.then(path));
        }
        _ => {}
    }
    let name = call.name();
    // `env.GetString("NAME", "default")` of the many small libraries that do nothing else.
    let plain = name.to_ascii_lowercase();
    let of_library = callee.split_once('#').is_some_and(|(module, _)| module.ends_with("/env"));
    if of_library
        && (plain.starts_with("get") || plain.contains("env"))
        && let Some(variable) = arg(0).and_then(|v| v.as_text())
        && variable.len() > 1
        && variable.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    {
        return Some(Value::env(variable, arg(1)));
    }
    // `env.String("NAME", required, "default", usage)`.
    if of_library
        && call.args.len() == 4
        && matches!(call.args[1].value.kind, ExprKind::Bool(_))
        && let Some(variable) = arg(0).and_then(|v| v.as_text())
    {
        return Some(Value::env(variable, arg(2)));
    }
    // `envy.Get("NAME", "default")`.
    if callee.ends_with("/envy#Get") || callee.ends_with("/envy#MustGet") {
        return Some(Value::env(arg(0)?.as_text()?, arg(1)));
    }
    if let Some(value) = command_line(call, callee, eval) {
        return Some(value);
    }
    // `flag.String(name, default, usage)`; the command line may say otherwise.
    let flags = callee.starts_with("flag#") || callee.contains("pflag#") || callee.contains("Flags().");
    if flags && !call.new {
        let short_name = name.ends_with('P') as usize;
        return match name.trim_end_matches('P') {
            "String" | "StringSlice" => {
                let default = arg(1 + short_name)?;
                // Only names say what a word of the command line means.
                Some(match arg(0).and_then(|n| n.as_text()).filter(|n| !n.is_empty()) {
                    Some(flag) => Value::config(format_smolstr!("{FLAG}{flag}"), Some(default)),
                    None => default,
                })
            }
            "Int" | "Int64" | "Uint" | "Duration" | "Bool" | "Float64" => arg(1 + short_name),
            _ => None,
        };
    }
    if let Some(service) = stub_of(code, callee)
        && !service.is_empty()
        && !call.args.is_empty()
        && call.args.len() <= 2
    {
        return arg(0).filter(|v| !v.is_empty());
    }
    if silent(callee) && !matches!(callee, "fmt#Sprintf") {
        return Some(Value::opaque(name));
    }
    None
}

/// Values of libraries for command lines: `app.Flag("name", …).Default("x").Envar("NAME").String()` of kingpin.
fn command_line(call: &Call, callee: &str, eval: &dyn Fn(&Expr) -> Value) -> Option<Value> {
    if call.new || !callee.contains("kingpin") || !matches!(call.name(), "String" | "URL" | "TCP" | "Strings") {
        return None;
    }
    let (mut flag, mut default, mut variable) = (None, None, None);
    let mut at = call.receiver();
    while let Some(Expr { kind: ExprKind::Call(step), .. }) = at {
        let given = || step.arg(0).map(eval);
        match step.name() {
            "Flag" => flag = given().and_then(|v| v.as_text()),
            "Default" => default = given(),
            "Envar" | "OverrideDefaultFromEnvar" => variable = given().and_then(|v| v.as_text()),
            _ => {}
        }
        at = step.receiver();
    }
    let default = match variable {
        Some(variable) => Some(Value::env(variable, default)),
        None => default,
    };
    Some(Value::config(format_smolstr!("{FLAG}{}", flag?), default))
}

/// The gRPC service whose stub `module#NewXClient` makes; `None` for constructors of anything else.
pub(crate) fn stub_of(code: &Code<'_>, callee: &str) -> Option<SmolStr> {
    let (module, name) = callee.split_once('#')?;
    let service = name.strip_prefix("New")?.strip_suffix("Client")?;
    (!service.is_empty() && !service.contains(['.', '(']) && generated(code, module)).then(|| service.into())
}

/// Whether a module looks like code generated from a contract.
pub(crate) fn generated(code: &Code<'_>, module: &str) -> bool {
    const NEVER: &[&str] = &[
        "redis",
        "mongo",
        "aws",
        "azure",
        "elastic",
        "docker",
        "k8s.io",
        "cloud.google.com",
        "stripe",
        "sarama",
        "hashicorp",
        "etcd",
        "opensearch",
        "golang.org/x",
        "minio",
        "slack",
        "twilio",
        "otel",
        "opentelemetry.io",
        "sendgrid",
        "nats-io",
        "resty",
        "pusher",
        "rabbitmq",
        "influx",
        "segmentio",
        "net/",
        "twitch",
        "asynq",
    ];
    let lower = module.to_ascii_lowercase();
    let host = lower.split('/').next().unwrap_or("");
    let known = NEVER.iter().any(|n| {
        if n.contains('/') || n.contains('.') {
            lower.starts_with(n)
        } else {
            // The organisation and name of a public library, not a folder of the workspace.
            lower.split('/').skip(1).take(2).any(|part| part.contains(n))
                && host.contains('.')
                && lower.split('/').count() <= 4
        }
    });
    if known {
        return false;
    }
    let words = ["pb", "proto", "grpc", "genproto", "/gen", "rpc", "/api", "stub", "contract", "connect", "idl"];
    words.iter().any(|w| lower.contains(w)) || code.imports("google.golang.org/grpc") || code.imports("connectrpc.com")
}

/// Constants of the standard library that are text.
pub(super) fn member(origin: &str, member: &str) -> Option<Value> {
    if member == "DefaultURL" && origin.contains("nats") {
        return Some("nats://127.0.0.1:4222".into());
    }
    if matches!(member, "Path" | "RequestURI") && matches!(origin, "net/http#Request.URL" | "net/http#Request") {
        return Some(Value::text("/").then(Value::opaque(member)));
    }
    match (origin, member.strip_prefix("Method")) {
        ("net/http#", Some(method)) => Some(Value::text(method.to_ascii_uppercase())),
        _ => None,
    }
}

/// Whether a map is filled from a configuration file: `json.Unmarshal(bytes, &values)`.
pub(super) fn read_from_file(code: &Code<'_>, base: &Expr, function: usize) -> bool {
    let ExprKind::Name(name) = &base.kind else {
        return false;
    };
    code.calls_named(&["Unmarshal", "Decode", "UnmarshalStrict"]).into_iter().any(|site| {
        site.function == function
            && matches!(site.call.args.last().map(|a| &a.value.kind), Some(ExprKind::Name(n)) if n == name)
            && reads_files(code, function)
    })
}

fn reads_files(code: &Code<'_>, function: usize) -> bool {
    code.calls_named(&["Open", "ReadFile", "ReadAll"]).into_iter().any(|s| {
        s.function == function && matches!(s.call.receiver().and_then(Expr::path).as_deref(), Some("os" | "ioutil"))
    })
}

/// A field that a configuration loader fills by its tag, with the keys of the types around it in this file.
pub(super) fn bound(code: &Code<'_>, ty: &crate::code::ir::Type, field: &crate::code::ir::Field) -> Option<Value> {
    let key = config_tag(code, ty, field)?;
    let plain = crate::lang::plain_type(&field.ty);
    if code.type_named(&plain).is_some_and(|t| !t.fields.is_empty()) {
        return None;
    }
    let mut path = vec![key];
    let mut inner = ty.name.clone();
    for _ in 0..6 {
        let outer = code.unit.types.iter().find_map(|t| {
            let field = t.fields.iter().find(|f| crate::lang::plain_type(&f.ty) == inner && t.name != inner)?;
            Some((t.name.clone(), config_tag(code, t, field)?))
        });
        let Some((name, key)) = outer else { break };
        if !key.is_empty() {
            path.push(key);
        }
        inner = name;
    }
    // A type of its own package stands below a key that only the file around it knows: its name is left to linking.
    if path.len() == 1 && !root(code, &ty.name) {
        return None;
    }
    path.reverse();
    Some(Value::config(path.join("."), None))
}

/// Whether a type is what a whole configuration document is read into.
fn root(code: &Code<'_>, name: &str) -> bool {
    let whole = matches!(
        name.to_ascii_lowercase().as_str(),
        "config" | "configuration" | "settings" | "appconfig" | "appsettings" | "conf" | "cfg" | "environment" | "env"
    );
    let package = code.unit.package.to_ascii_lowercase();
    whole
        && ["main", "config", "conf", "cfg", "settings", "util", "utils", "app", "env", "bootstrap"]
            .iter()
            .any(|p| package == *p)
}

/// The key in a tag that configuration loaders read. `json` counts only where the type or file is about configuration.
pub(crate) fn config_tag(
    code: &Code<'_>,
    ty: &crate::code::ir::Type,
    field: &crate::code::ir::Field,
) -> Option<SmolStr> {
    let about = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("config") || text.contains("settings")
    };
    let names: &[&str] = if about(&ty.name) || about(code.path) {
        &["mapstructure", "koanf", "yaml", "toml", "json"]
    } else {
        &["mapstructure", "koanf"]
    };
    let tag = names.iter().find_map(|n| field.annotations.iter().find(|a| a.name == *n))?;
    let text = tag.positional(0)?.as_str()?;
    if text.contains(",squash") || text.contains(",inline") {
        return Some(SmolStr::default());
    }
    let key = text.split(',').next().unwrap_or_default();
    (!key.is_empty() && key != "-").then(|| key.into())
}

/// `$NAME` and `${NAME}` in text.
fn expand(text: &str) -> Value {
    let mut out = Value::default();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_text(&rest[..at]);
        let tail = rest[at + 1..].trim_start_matches('{');
        let end = tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(tail.len());
        out.push(Value::env(&tail[..end], None));
        rest = tail[end..].trim_start_matches('}');
    }
    out.push_text(rest);
    out
}

/// What a struct tag fills a field with: `env:"PORT" envDefault:"80"`, `envconfig:"PORT" default:"80"`,
/// `env:"PORT, default=80"`.
pub(super) fn tagged(annotations: &[Annotation]) -> Option<Value> {
    let text = |name: &str| annotations.iter().find(|a| a.name == name).and_then(|a| a.positional(0)?.as_str());
    let tag = text("env").or_else(|| text("envconfig"))?;
    let mut parts = tag.split(',');
    let name = parts.next().unwrap_or_default().trim();
    if name.is_empty() || name == "-" {
        return None;
    }
    let inline = parts.find_map(|p| p.trim().strip_prefix("default=").map(SmolStr::from));
    let default = inline.or_else(|| ["envDefault", "env-default", "default"].iter().find_map(|n| text(n).cloned()));
    Some(Value::env(name, default.map(Value::text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_expands() {
        assert_eq!(expand("http://$HOST:${PORT}/x").to_string(), "http://${env:HOST}:${env:PORT}/x");
    }
}
