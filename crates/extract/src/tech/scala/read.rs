//! Readings that Scala's technologies share: every expression of a file, chains of operators, names of methods.

use crate::Sink;
use crate::code::Code;
use crate::code::ir::{Call, Expr, ExprKind};
use crate::lang::Lang;
use seam_facts::{Claim, Endpoint, METHODS, Protocol, SmolStr, Span, Value};

pub const SCALA: &[Lang] = &[Lang::Scala];

/// Every expression, each with the function that it stands in.
pub fn each_expr<'a>(code: &Code<'a>, visit: &mut dyn FnMut(&'a Expr, usize)) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        crate::code::ir::walk_stmts(&function.body, &mut |e| visit(e, index));
    }
    for ty in &code.unit.types {
        let scope = code.scope_of(&ty.name);
        for init in ty.fields.iter().filter_map(|f| f.init.as_ref()) {
            init.walk(&mut |e| visit(e, scope));
        }
    }
}

/// The operands of a chain of these operators, from the left, each with the operator before it.
pub fn chain<'e>(expr: &'e Expr, operators: &[&str], out: &mut Vec<(&'e str, &'e Expr)>) {
    match operated(expr, operators) {
        Some(call) => {
            if let (Some(left), Some(right)) = (call.receiver(), call.arg(0)) {
                chain(left, operators, out);
                let from = out.len();
                chain(right, operators, out);
                if let Some(first) = out.get_mut(from) {
                    first.0 = call.name();
                }
            }
        }
        None => out.push(("", expr)),
    }
}

fn operated<'e>(expr: &'e Expr, operators: &[&str]) -> Option<&'e Call> {
    expr.as_call().filter(|c| operators.contains(&c.name()) && c.receiver().is_some() && c.args.len() == 1)
}

/// `GET`, `Method.GET`, `HttpMethods.POST`.
pub fn verb(expr: &Expr) -> Option<SmolStr> {
    let name = match &expr.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) => name,
        _ => return None,
    };
    METHODS.contains(&name.as_str()).then(|| name.clone())
}

pub fn endpoint(
    method: Option<SmolStr>,
    path: Value,
    handler: SmolStr,
    router: Option<SmolStr>,
    at: Span,
    sink: &mut Sink,
) {
    let path = crate::tech::paths::rooted(path);
    let endpoint = Endpoint { protocol: Protocol::Http, method, path, handler, router, request: None, response: None };
    sink.stated(Claim::Endpoint(endpoint), Span { end_line: at.line, ..at });
}

/// A list's values, whatever it is wrapped in; else the one value.
pub fn listed(code: &Code<'_>, expr: &Expr, function: usize) -> Vec<Value> {
    let (made, at) = code.resolved(expr, function);
    match &made.kind {
        ExprKind::List(items) => items.iter().flat_map(|e| listed(code, e, at)).collect(),
        ExprKind::Member(base, name) if name.starts_with("as") || name.starts_with("to") => listed(code, base, at),
        ExprKind::Call(call) if call.name() == "TopicPartition" => {
            call.arg(0).map(|a| code.value(a, at)).into_iter().collect()
        }
        _ => vec![code.value(expr, function)],
    }
}
