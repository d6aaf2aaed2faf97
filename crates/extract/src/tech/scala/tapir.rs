//! Tapir: endpoints that are described link by link. See `tapir.md`.

use super::read::{SCALA, chain, endpoint};
use crate::code::Code;
use crate::code::ir::{Expr, ExprKind};
use crate::tech::paths::join;
use crate::{Extractor, Reads, Sink};
use seam_facts::{SmolStr, Value};

pub static EXTRACTOR: Extractor = Extractor {
    id: "scala-tapir",
    version: 1,
    page: include_str!("tapir.md"),
    reads: Reads::Code { langs: SCALA, extract },
};

#[derive(Clone, Default)]
struct Described {
    method: Option<SmolStr>,
    path: Value,
    /// Links in this very expression say something.
    new: bool,
}

fn extract(code: &Code<'_>, sink: &mut Sink) {
    // Who asks by such a description serves nothing.
    if !code.imports("sttp.tapir") || code.imports("sttp.tapir.client") && !code.imports("sttp.tapir.server") {
        return;
    }
    for (index, function) in code.unit.functions.iter().enumerate() {
        let mut tops = Vec::new();
        tops_of(&function.body, &mut tops);
        tops.into_iter().for_each(|e| visit(code, e, index, sink));
    }
    for ty in &code.unit.types {
        let scope = code.scope_of(&ty.name);
        ty.fields.iter().filter_map(|f| f.init.as_ref()).for_each(|e| visit(code, e, scope, sink));
    }
}

fn tops_of<'a>(stmts: &'a [crate::code::ir::Stmt], out: &mut Vec<&'a Expr>) {
    use crate::code::ir::Stmt;
    for stmt in stmts {
        match stmt {
            Stmt::Assign { value, .. } => out.push(value),
            Stmt::Expr(e) | Stmt::Return(e) => out.push(e),
            Stmt::Block { head, body, .. } => {
                out.extend(head);
                tops_of(body, out);
            }
            Stmt::Leave(..) => {}
        }
    }
}

/// The longest chains are looked at whole, and then what they hold besides.
fn visit(code: &Code<'_>, expr: &Expr, function: usize, sink: &mut Sink) {
    if let Some(described) = described(code, expr, function, 40) {
        if let (Some(method), true) = (described.method, described.new && !described.path.is_empty()) {
            endpoint(Some(method), described.path, code.within(function), None, expr.span, sink);
        }
        return;
    }
    expr.children().into_iter().for_each(|e| visit(code, e, function, sink));
}

fn described(code: &Code<'_>, expr: &Expr, function: usize, steps: usize) -> Option<Described> {
    if steps == 0 {
        return None;
    }
    match &expr.kind {
        ExprKind::Name(name) if matches!(name.as_str(), "endpoint" | "infallibleEndpoint") => {
            Some(Described::default())
        }
        ExprKind::Name(_) => {
            let (made, at) = code.resolved(expr, function);
            if std::ptr::eq(made, expr) || !matches!(made.kind, ExprKind::Member(..) | ExprKind::Call(_)) {
                return None;
            }
            let found = described(code, made, at, steps - 1)?;
            Some(Described { new: false, ..found })
        }
        ExprKind::Member(base, link) => {
            let mut found = described(code, base, function, steps - 1)?;
            if matches!(link.as_str(), "get" | "post" | "put" | "delete" | "patch" | "head" | "options") {
                found.method = Some(link.to_uppercase().into());
                found.new = true;
            }
            Some(found)
        }
        ExprKind::Call(call) => {
            let mut found = described(code, call.receiver()?, function, steps - 1)?;
            match call.name() {
                "in" | "securityIn" | "prependIn" | "prependSecurityIn" => {
                    for arg in &call.args {
                        let path = input(code, &arg.value, function);
                        found.new |= !path.is_empty();
                        found.path = match call.name() {
                            "prependIn" | "prependSecurityIn" => join(path, found.path),
                            _ => join(found.path, path),
                        };
                    }
                }
                "method" => found.method = call.arg(0).and_then(super::read::verb),
                _ => {}
            }
            Some(found)
        }
        _ => None,
    }
}

/// What an input says of the path: `"books" / path[Int]("id")`; others say nothing.
fn input(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    let mut parts = Vec::new();
    chain(expr, &["/", "and"], &mut parts);
    parts.into_iter().fold(Value::default(), |path, (_, part)| {
        let piece = match &part.kind {
            ExprKind::Str(text) => Value::text(text.clone()),
            ExprKind::Name(name) if name == "paths" => Value::text("*"),
            ExprKind::Call(call) if call.name() == "path" => match call.arg(0).and_then(Expr::as_str) {
                Some(name) => Value::text(format!("{{{name}}}")),
                None => Value::text("{id}"),
            },
            ExprKind::Name(_) => {
                let (made, at) = code.resolved(part, function);
                match made.kind {
                    ExprKind::Str(_) | ExprKind::Call(_) if !std::ptr::eq(made, part) => input(code, made, at),
                    _ => Value::default(),
                }
            }
            // `path[OrderId]("id").description("…")`.
            ExprKind::Call(call) => match call.receiver().and_then(Expr::as_call) {
                Some(inner) if inner.name() == "path" => input(code, call.receiver().unwrap_or(part), function),
                _ => Value::default(),
            },
            _ => Value::default(),
        };
        if piece.is_empty() { path } else { join(path, piece) }
    })
}
