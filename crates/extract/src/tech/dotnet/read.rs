//! What the technologies of .NET have in common: configuration closures, chains of calls, types of what is passed.

use crate::code::ir::{Call, Expr, ExprKind, Stmt};
use crate::code::{Code, Site};
use seam_facts::{Hole, Part, SmolStr, Span, Value, format_smolstr};

/// The last part of a dotted name, without marks of calls.
pub fn last(name: &str) -> &str {
    let name = name.trim_end_matches("()");
    name.rsplit(['.', '#']).next().unwrap_or(name)
}

/// A type as written, without namespaces and generics.
pub fn simple(ty: &str) -> SmolStr {
    let plain = crate::lang::plain_type(ty);
    last(&plain).into()
}

/// The generic arguments of a type as written, outermost only: `A<B, C<D>>` gives `B` and `C<D>`.
pub fn generics(ty: &str) -> Vec<&str> {
    let (Some(start), Some(end)) = (ty.find('<'), ty.rfind('>')) else {
        return Vec::new();
    };
    let inner = &ty[start + 1..end.max(start + 1)];
    let mut out = Vec::new();
    let (mut depth, mut from) = (0usize, 0usize);
    for (i, c) in inner.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                out.push(inner[from..i].trim());
                from = i + 1;
            }
            _ => {}
        }
    }
    out.push(inner[from..].trim());
    out
}

/// Closures among the arguments, as indexes of functions.
pub fn closures(call: &Call) -> Vec<usize> {
    let of = |e: &Expr| match e.kind {
        ExprKind::Lambda(index) => Some(index),
        _ => None,
    };
    call.args.iter().filter_map(|a| of(&a.value)).collect()
}

/// A member that a closure sets: `o => o.Address = …`.
pub struct Set<'a> {
    pub member: &'a str,
    pub value: &'a Expr,
    pub function: usize,
    pub span: Span,
}

/// Every member that the functions below (closures and what stands in them) set.
pub fn sets<'a>(code: &Code<'a>, functions: &[usize]) -> Vec<Set<'a>> {
    let mut out = Vec::new();
    for index in 0..code.unit.functions.len() {
        if functions.iter().any(|f| within(code, index, *f)) {
            collect(&code.unit.functions[index].body, index, &mut out);
        }
    }
    out
}

/// The members that one function sets itself.
pub fn own_sets<'a>(code: &Code<'a>, function: usize) -> Vec<Set<'a>> {
    let mut out = Vec::new();
    collect(&code.unit.functions[function].body, function, &mut out);
    out
}

fn collect<'a>(stmts: &'a [Stmt], function: usize, out: &mut Vec<Set<'a>>) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target: Expr { kind: ExprKind::Member(_, member), .. }, value, span, .. } => {
                out.push(Set { member, value, function, span: *span });
            }
            Stmt::Block { body, .. } => collect(body, function, out),
            Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

/// Whether a function is `outer` or stands in it.
pub fn within(code: &Code<'_>, mut index: usize, outer: usize) -> bool {
    loop {
        if index == outer {
            return true;
        }
        match code.unit.functions[index].parent {
            Some(parent) => index = parent,
            None => return false,
        }
    }
}

/// Calls of these names in the functions below.
pub fn calls_in<'a>(code: &Code<'a>, functions: &[usize], names: &[&str]) -> Vec<Site<'a>> {
    code.calls_named(names).into_iter().filter(|s| functions.iter().any(|f| within(code, s.function, *f))).collect()
}

/// The calls that a chain is made of, last first: `a.B().C()` gives `C` and `B`.
pub fn chain(call: &Call) -> Vec<&Call> {
    let mut out = vec![call];
    let mut at = call;
    while let Some(Expr { kind: ExprKind::Call(inner), .. }) = at.receiver() {
        out.push(inner);
        at = inner;
    }
    out
}

/// The object initialiser of a creation: `new T(…) { A = b }`.
pub fn initialiser(call: &Call) -> Option<&Expr> {
    call.args.iter().map(|a| &a.value).rfind(|e| matches!(e.kind, ExprKind::Object(_)))
}

/// A property of what `expr` was made as: set in its initialiser, or on the variable afterwards, anywhere in this file.
pub fn property<'a>(code: &'a Code<'a>, expr: &'a Expr, function: usize, names: &[&str]) -> Option<(Value, Span)> {
    let (made, at) = code.resolved(expr, function);
    if let ExprKind::Call(call) = &made.kind
        && call.new
        && let Some(object) = initialiser(call)
        && let Some(value) = names.iter().find_map(|n| object.key(n))
    {
        return Some((code.value(value, at), value.span));
    }
    let own = name_of(expr)?;
    assigned(code, function, own, names)
}

/// `own.Name = …` in the function, those around it, or other members of its type.
pub fn assigned(code: &Code<'_>, function: usize, own: &str, names: &[&str]) -> Option<(Value, Span)> {
    let owner = &code.unit.functions[function].owner;
    let mut found = None;
    for (index, f) in code.unit.functions.iter().enumerate() {
        let near = within(code, function, index) || within(code, index, function);
        if !near && (f.owner != *owner || owner.is_empty()) {
            continue;
        }
        each_assign(&f.body, &mut |target, value, span| {
            if let ExprKind::Member(base, member) = &target.kind
                && names.contains(&member.as_str())
                && name_of(base) == Some(own)
                && (found.is_none() || near)
            {
                found = Some((code.value(value, index), span));
            }
        });
    }
    found
}

fn each_assign<'a>(stmts: &'a [Stmt], visit: &mut dyn FnMut(&'a Expr, &'a Expr, Span)) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target, value, span, .. } => visit(target, value, *span),
            Stmt::Block { body, .. } => each_assign(body, visit),
            Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

/// The name of a variable or of a field of this object.
pub fn name_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Member(base, name) if matches!(&base.kind, ExprKind::Name(n) if n == "this") => Some(name),
        _ => None,
    }
}

/// The type of what is passed, where it is known: `new OrderPlaced(…)`, a typed variable.
pub fn payload(code: &Code<'_>, expr: &Expr, function: usize) -> Option<SmolStr> {
    let origin = code.origin(expr, function);
    let name = simple(&origin);
    let known = name.starts_with(|c: char| c.is_ascii_uppercase()) && !origin.ends_with(')') && origin == name
        || matches!(&expr.kind, ExprKind::Call(c) if c.new);
    (known && !name.is_empty()).then_some(name)
}

/// `https+http://name` is tried with and without encryption: one address.
pub fn plain_scheme(value: Value) -> Value {
    let mut out = Value::default();
    for part in value.parts {
        match part {
            Part::Text(text) => {
                let text = text.replace("https+http://", "http://").replace("http+https://", "http://");
                out.push_text(&text);
            }
            hole @ Part::Hole(_) => out.parts.push(hole),
        }
    }
    out
}

/// Whether a value is nothing that could be followed.
pub fn unknown(value: &Value) -> bool {
    value.is_empty() || matches!(value.as_hole(), Some(Hole::Opaque(_)))
}

/// The base address of a client that is set up elsewhere.
pub fn base_of(symbol: &str) -> Value {
    Value::reference(format_smolstr!("{symbol}.<base>"))
}

/// Milliseconds of `TimeSpan.FromSeconds(5)` and the like.
pub fn millis(code: &Code<'_>, expr: &Expr, function: usize) -> Option<Value> {
    let (expr, function) = code.resolved(expr, function);
    let call = expr.as_call()?;
    let factor = match call.name() {
        "FromMilliseconds" => 1.0,
        "FromSeconds" => 1000.0,
        "FromMinutes" => 60_000.0,
        "FromHours" => 3_600_000.0,
        // `new TimeSpan(h, m, s)`.
        "TimeSpan" if call.new && call.args.len() == 3 => {
            let part = |i: usize| code.value(call.arg(i)?, function).as_text()?.parse::<u64>().ok();
            return Some(Value::text(format_smolstr!("{}", ((part(0)? * 60 + part(1)?) * 60 + part(2)?) * 1000)));
        }
        _ => return None,
    };
    let value = code.value(call.arg(0)?, function);
    match value.as_text().and_then(|t| t.parse::<f64>().ok()) {
        Some(number) => Some(Value::text(format_smolstr!("{}", (number * factor) as u64))),
        // A setting in milliseconds can be followed; other units cannot be scaled before they are known.
        None if factor == 1.0 && !unknown(&value) => Some(value),
        None => Some(Value::opaque(format_smolstr!("{value} × {factor} ms"))),
    }
}
