//! What the technologies of Python share: names without regard to how a module was imported, keyword arguments out of
//! dictionaries, durations, and the routers that endpoints hang on.

use crate::code::ir::{Call, Expr, ExprKind, Stmt};
use crate::code::{Code, Site};
use seam_facts::{Hole, Part, SmolStr, Span, System, Value, format_smolstr};

/// `a.b#c.d` and `a#b.c.d` are one name: `a.b.c.d`.
pub fn dotted(name: &str) -> String {
    name.replace('#', ".").replace("..", ".")
}

/// The function that a site calls.
pub fn callee(code: &Code<'_>, site: &Site<'_>) -> String {
    dotted(&code.callee(site.call, site.function))
}

/// A keyword argument, looked for in splatted dictionaries too (`connect(**config)`).
pub fn keyword<'a>(code: &Code<'a>, call: &'a Call, name: &str, function: usize) -> Option<&'a Expr> {
    call.named(name).or_else(|| {
        let splatted = call.args.iter().filter(|a| a.name.as_deref() == Some("**"));
        splatted.into_iter().find_map(|a| code.literal(&a.value, function)?.0.key(name))
    })
}

/// The keyword argument, or else the positional one.
pub fn argument<'a>(code: &Code<'a>, call: &'a Call, name: &str, index: usize, function: usize) -> Option<&'a Expr> {
    keyword(code, call, name, function).or_else(|| call.arg(index))
}

/// The items of a list, or the thing itself.
pub fn items<'a>(code: &Code<'a>, expr: &'a Expr, function: usize) -> Vec<&'a Expr> {
    match code.literal(expr, function) {
        Some((Expr { kind: ExprKind::List(items), .. }, _)) => items.iter().collect(),
        _ => vec![expr],
    }
}

/// Seconds as milliseconds; what is not known stays a hole.
pub fn millis(code: &Code<'_>, seconds: &Expr, function: usize) -> Option<Value> {
    let seconds = match &seconds.kind {
        // `(connect, read)`.
        ExprKind::List(items) => items.last()?,
        ExprKind::Null => return None,
        _ => seconds,
    };
    let value = code.value(seconds, function);
    match value.as_text() {
        Some(text) => text.parse::<f64>().ok().map(|s| Value::text(format_smolstr!("{}", (s * 1000.0).round()))),
        None if value.parts.iter().any(|p| matches!(p, Part::Hole(h) if !matches!(h, Hole::Opaque(_)))) => {
            // Whole seconds, as settings give them, are milliseconds with three zeros more.
            Some(value.then("000".into()))
        }
        None => None,
    }
}

/// What a name or attribute is called from other files: imported things by their module, members by their class.
pub fn symbol(code: &Code<'_>, expr: &Expr, function: usize) -> SmolStr {
    let Some(path) = expr.path() else {
        return SmolStr::default();
    };
    let (first, rest) = path.split_once('.').map_or((path.as_str(), ""), |(f, r)| (f, r));
    if first == "this" {
        let owner = &code.function(function).owner;
        return if owner.is_empty() { rest.into() } else { format_smolstr!("{owner}.{rest}") };
    }
    match code.unit.imports.iter().find(|i| i.alias == first) {
        Some(import) => {
            let module = match &import.name {
                Some(name) => format_smolstr!("{}#{name}", import.path),
                None => format_smolstr!("{}#", import.path),
            };
            match (rest.is_empty(), module.ends_with('#')) {
                (true, _) => module,
                (false, true) => format_smolstr!("{module}{rest}"),
                (false, false) => format_smolstr!("{module}.{rest}"),
            }
        }
        None => path.into(),
    }
}

/// A dotted path as an expression, for decorators.
pub fn path_expr(path: &str, at: Span) -> Expr {
    let mut parts = path.split('.');
    let first = parts.next().unwrap_or("");
    let first = if matches!(first, "self" | "cls") { "this" } else { first };
    parts.fold(Expr::name(first, at), |base, part| Expr::new(ExprKind::Member(Box::new(base), part.into()), at))
}

/// Every assignment, with the function that it stands in.
pub fn each_assign<'a>(code: &Code<'a>, visit: &mut dyn FnMut(&'a Expr, &'a Expr, usize, Span)) {
    fn walk<'a>(stmts: &'a [Stmt], function: usize, visit: &mut dyn FnMut(&'a Expr, &'a Expr, usize, Span)) {
        for stmt in stmts {
            match stmt {
                Stmt::Assign { target, value, span, .. } => visit(target, value, function, *span),
                Stmt::Block { body, .. } => walk(body, function, visit),
                Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
            }
        }
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        walk(&function.body, index, visit);
    }
}

/// `host` and `port` as an address.
pub fn host_port(host: Value, port: Option<Value>) -> Value {
    match port {
        Some(port) if !port.is_empty() && !host.is_empty() => host.then(":".into()).then(port),
        _ => host,
    }
}

/// The product that a connection string names by its scheme, read from known text or from a default.
pub fn system_of(address: &Value) -> Option<System> {
    let system = named_system(address)?;
    // What holds if nobody sets the variable, for tests and laptops; a deployment does.
    let default = matches!(address.as_hole(), Some(Hole::Env { .. } | Hole::Config { .. }));
    Some(if default && system == System::Sqlite { System::Sql } else { system })
}

fn named_system(address: &Value) -> Option<System> {
    let text = address.to_string();
    let schemes: &[(&str, System)] = &[
        ("postgres", System::Postgres),
        ("mysql", System::Mysql),
        ("mariadb", System::Mysql),
        ("mssql", System::SqlServer),
        ("oracle", System::Oracle),
        ("sqlite", System::Sqlite),
        ("mongodb", System::Mongo),
        ("redis", System::Redis),
        ("amqp", System::Rabbit),
        ("pyamqp", System::Rabbit),
        ("kafka", System::Kafka),
        ("sqs", System::Sqs),
        ("nats", System::Nats),
        ("memcache", System::Memcached),
        ("clickhouse", System::Clickhouse),
        ("cockroachdb", System::Postgres),
    ];
    schemes.iter().find_map(|(scheme, system)| {
        let at = text.find(scheme)?;
        let rest = &text[at + scheme.len()..];
        let first = at == 0 || text[..at].ends_with(['|', ' ', '{', ':']);
        let end = rest.find("://")?;
        (first && rest[..end].chars().all(|c| c.is_ascii_alphanumeric() || "+_-".contains(c))).then_some(*system)
    })
}
