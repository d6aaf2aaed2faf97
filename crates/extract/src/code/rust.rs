//! Rust's standard library and common crates, as far as values go: wrappers, parsing, connections.
//!
//! As in Go, a connection's value is the address that it was made with, and a stub's is its connection's.

use super::Code;
use crate::code::ir::{Call, Expr, ExprKind, Stmt};
use crate::lang::Lang;
use seam_facts::{SmolStr, Value};

/// A canonical name with dots only: `axum::routing#get` and `axum.routing.get` are one.
pub(crate) fn dotted(callee: &str) -> String {
    let mut out = callee.replace("::", ".").replace('#', ".");
    // What a fallible maker gives, unwrapped, is what it makes.
    for step in [".unwrap()", ".expect()", ".clone()", ".context()", ".map_err()", ".with_context()"] {
        if out.contains(step) {
            out = out.replace(step, "");
        }
    }
    out
}

/// Methods that give back what they are called on, as far as an address goes.
const SAME: &[&str] = &[
    "parse",
    "context",
    "with_context",
    "map_err",
    "ok",
    "as_bytes",
    "as_deref",
    "borrow",
    "to_vec",
    "into_boxed_str",
    "iter",
    "into_iter",
    "cloned",
    "copied",
    "as_mut",
    "unwrap_or_default",
    "to_str",
    "into_string",
    "as_slice",
    "into_inner",
    "leak",
    "connect_lazy",
    "expect_err",
    "ok_or",
    "ok_or_else",
    "inspect_err",
    "or_else",
    "to_uppercase",
    "get_ref",
    "build",
    "finish",
    "timeout",
    "connect_timeout",
    "tls_config",
    "tcp_nodelay",
    "keep_alive_while_idle",
    "http2_keep_alive_interval",
];

/// Functions that only wrap their argument, by the end of their dotted name.
const WRAPS: &[&str] = &[
    "Arc.new",
    "Box.new",
    "Rc.new",
    "Mutex.new",
    "RwLock.new",
    "Some",
    "Ok",
    "Data.new",
    "Data.from",
    "State",
    "Extension",
    "Arc.from",
    "Arc.clone",
    "Rc.clone",
    "String.from",
    "Uri.from_static",
    "Url.parse",
    "Uri.from_str",
    "Url.from_str",
    "Cow.from",
    "Channel.from_static",
    "Channel.from_shared",
    "Channel.builder",
    "Endpoint.new",
    "Endpoint.from_static",
    "Endpoint.from_shared",
    "Endpoint.from_str",
    "Endpoint.from",
    "Uri.try_from",
    "LazyLock.new",
    "Lazy.new",
    "ConnectOptions.new",
    "PgConnectOptions.from_str",
    "ClientOptions.parse",
    "Duration.from_secs",
    "Duration.from_millis",
];

pub(super) fn called(code: &Code<'_>, call: &Call, callee: &str, function: usize, steps: usize) -> Option<Value> {
    let eval = |e: &Expr| code.eval(e, function, steps);
    let name = call.name();
    let dotted = dotted(callee);
    if name.ends_with('!') {
        return match name {
            "env!" | "option_env!" => Some(Value::env(eval(&call.args.first()?.value).as_text()?, None)),
            "concat!" => Some(call.args.iter().map(|a| eval(&a.value)).collect()),
            "format!" | "vec!" => None,
            _ => Some(Value::opaque(name)),
        };
    }
    if dotted == "Err" || dotted == "None" {
        return Some(Value::opaque(name));
    }
    if WRAPS.iter().any(|w| dotted == *w || dotted.strip_suffix(w).is_some_and(|before| before.ends_with('.'))) {
        let first = &call.args.first()?.value;
        // `LazyLock::new(|| value)`.
        return Some(match given(code, first) {
            Some((value, f)) => code.eval(value, f, steps),
            None => eval(first),
        });
    }
    let receiver = call.receiver();
    // A static that is set once: `ADDR.get()`, `crate::ADDR.get()`.
    if name == "get"
        && call.args.is_empty()
        && let Some(symbol) = receiver.and_then(static_name)
    {
        return Some(Value::reference(symbol));
    }
    if let Some(receiver) = receiver
        && !matches!(&receiver.kind, ExprKind::Name(n) if n.starts_with(|c: char| c.is_ascii_uppercase()))
    {
        if SAME.contains(&name) || name == "connect" && call.args.is_empty() {
            return Some(eval(receiver));
        }
        if matches!(name, "unwrap_or_else" | "map_or_else")
            && let Some((value, f)) = call.args.first().and_then(|a| given(code, &a.value))
        {
            let fallback = code.eval(value, f, steps);
            let unknown = matches!(fallback.as_hole(), Some(seam_facts::Hole::Opaque(_)));
            return Some(if unknown { eval(receiver) } else { super::library::or_default(eval(receiver), fallback) });
        }
    }
    // `base.join("orders")` of a URL.
    if name == "join"
        && let (Some(receiver), [path]) = (receiver, call.args.as_slice())
    {
        let path = eval(&path.value);
        let is_path = path.as_text().is_none_or(|t| t.chars().any(char::is_alphanumeric));
        let base = eval(receiver);
        if is_path && !base.is_empty() {
            let slash = if path.to_string().starts_with('/') { "" } else { "/" };
            return Some(base.then(slash.into()).then(path));
        }
    }
    if stub(&dotted).is_some() {
        return Some(eval(&call.args.first()?.value));
    }
    None
}

/// The name of a static, by the spelling that the language asks for.
pub(super) fn static_name(expr: &Expr) -> Option<SmolStr> {
    let path = expr.path()?;
    let name = path.rsplit(['.', ':', '#']).next()?;
    let spelled = name.len() > 1 && !name.contains(|c: char| c.is_ascii_lowercase());
    (spelled && name.starts_with(|c: char| c.is_ascii_uppercase())).then(|| name.into())
}

/// What a closure gives at its end.
fn given<'a>(code: &Code<'a>, expr: &Expr) -> Option<(&'a Expr, usize)> {
    let ExprKind::Lambda(index) = expr.kind else {
        return None;
    };
    match code.function(index).body.last()? {
        Stmt::Return(value) => Some((value, index)),
        _ => None,
    }
}

/// The service whose tonic stub a call makes: `pb.greeter_client.GreeterClient.connect`.
pub(crate) fn stub(dotted: &str) -> Option<SmolStr> {
    let (ty, made) = dotted.rsplit_once('.')?;
    if !matches!(made, "connect" | "new" | "with_interceptor" | "with_origin") {
        return None;
    }
    stub_type(ty)
}

/// The service of a stub's type: `pb.greeter_client.GreeterClient` gives `Greeter`.
pub(crate) fn stub_type(ty: &str) -> Option<SmolStr> {
    let (module, name) = ty.rsplit_once('.')?;
    let service = name.strip_suffix("Client").filter(|s| !s.is_empty())?;
    module.rsplit('.').next()?.ends_with("_client").then(|| service.into())
}

/// Whether a call is of a function that no workspace defines.
pub(super) fn foreign(lang: Lang, callee: &str) -> bool {
    if lang != Lang::Rust {
        return false;
    }
    let head = callee.split(['#', ':', '.']).next().unwrap_or(callee);
    callee.ends_with('!')
        || matches!(
            head,
            "std"
                | "core"
                | "alloc"
                | "tracing"
                | "log"
                | "opentelemetry"
                | "serde_json"
                | "anyhow"
                | "uuid"
                | "chrono"
                | "Some"
                | "Ok"
                | "Err"
                | "Vec"
                | "String"
                | "HashMap"
                | "Box"
                | "Arc"
                | "tokio"
                | "futures"
        )
}
