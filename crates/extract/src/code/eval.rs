//! What value an expression has, as far as one file knows.
//!
//! Assignments, fields, constructor parameters and constants of this file are followed; environment and configuration
//! reads become holes; what other files define becomes a reference. Several assignments give alternatives rather than a
//! guess about order: an address is one of few, and linking tries each.

use super::{Binding, Code, library, tables};
use crate::code::ir::{Call, Expr, ExprKind, Function, Stmt, Type};
use crate::lang::Lang;
use seam_facts::{Hole, Part, SmolStr, Value, format_smolstr};
use std::cell::Cell;

/// How many names are followed before the rest becomes opaque.
const MAX_STEPS: usize = 16;
/// Alternatives kept of one value.
const MAX_ALTERNATIVES: usize = 8;

/// Work that one question may cost: its parts, however they branch, and how deep they nest. The outermost question
/// fills it up again.
#[derive(Debug, Default)]
pub(super) struct Fuel {
    depth: Cell<usize>,
    left: Cell<usize>,
}

impl Fuel {
    const FULL: usize = 2000;
    const MAX_DEPTH: usize = 150;

    /// Whether one more part may be looked at; then [`Fuel::leave`] ends it.
    pub(super) fn enter(&self) -> bool {
        let depth = self.depth.get();
        if depth == 0 {
            self.left.set(Self::FULL);
        }
        let allowed = depth < Self::MAX_DEPTH && self.left.get() > 0;
        if allowed {
            self.depth.set(depth + 1);
            self.left.set(self.left.get() - 1);
        }
        allowed
    }

    pub(super) fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }
}

impl<'a> Code<'a> {
    /// The value of `expr`, which stands in `function`.
    pub fn value(&self, expr: &Expr, function: usize) -> Value {
        self.eval(expr, function, MAX_STEPS)
    }

    /// The bound on steps alone would allow exponential work where names are made of one another; see [`Fuel`].
    pub(crate) fn eval(&self, expr: &Expr, function: usize, steps: usize) -> Value {
        if steps == 0 || !self.value_fuel.enter() {
            return Value::opaque("…");
        }
        let value = self.eval_expr(expr, function, steps);
        self.value_fuel.leave();
        value
    }

    fn eval_expr(&self, expr: &Expr, function: usize, steps: usize) -> Value {
        if matches!(expr.kind, ExprKind::Name(_) | ExprKind::Member(..) | ExprKind::Index(..))
            && let Some(element) = self.eval_element(expr, function, steps)
        {
            return element;
        }
        match &expr.kind {
            ExprKind::Str(text) => Value::text(text.clone()),
            ExprKind::Num(text) => Value::text(text.clone()),
            ExprKind::Bool(b) => Value::text(if *b { "true" } else { "false" }),
            ExprKind::Null => Value::opaque("null"),
            ExprKind::Concat(parts) => parts.iter().map(|p| self.eval(p, function, steps.saturating_sub(1))).collect(),
            ExprKind::Either(options) => {
                let values: Vec<Value> =
                    options.iter().map(|o| self.eval(o, function, steps.saturating_sub(1))).collect();
                match self.unit.lang {
                    Lang::Script
                    | Lang::Kotlin
                    | Lang::Scala
                    | Lang::CSharp
                    | Lang::Python
                    | Lang::Ruby
                    | Lang::Php
                    | Lang::Elixir => library::fallback(values),
                    Lang::Java if values.len() == 2 => self.null_tested(values),
                    _ => self.alternatives(values.into_iter()),
                }
            }
            ExprKind::Name(name) => self.eval_name(name, function, expr.span.line, steps),
            ExprKind::Member(base, member) => self.eval_member(base, member, function, steps),
            // An element of a list that is one text: the text holds it.
            ExprKind::Index(base, index) if matches!(index.kind, ExprKind::Num(_)) && self.unit.lang == Lang::Go => {
                self.eval(base, function, steps.saturating_sub(1))
            }
            ExprKind::Index(base, index) => {
                let key = self.eval(index, function, steps.saturating_sub(1));
                if let Some(found) = library::indexed(self, base, &key, function, steps.saturating_sub(1)) {
                    return found;
                }
                match key.as_text() {
                    Some(key) => self.eval_member(base, &key, function, steps),
                    None => {
                        tables::any_entry(self, base, function, steps).unwrap_or_else(|| Value::opaque(short(expr)))
                    }
                }
            }
            ExprKind::Call(call) => self.eval_call(call, function, steps),
            ExprKind::Lambda(index) if self.unit.functions[*index].name != "<lambda>" => {
                Value::reference(self.unit.functions[*index].symbol())
            }
            ExprKind::Other(parts) if parts.len() == 1 => self.eval(&parts[0], function, steps.saturating_sub(1)),
            ExprKind::List(items) => {
                // Lists of brokers, hosts and topics are written with commas where they are one text.
                let values: Vec<Value> = items
                    .iter()
                    .take(MAX_ALTERNATIVES)
                    .map(|i| self.eval(i, function, steps.saturating_sub(1)))
                    .collect();
                if values.is_empty()
                    || values.iter().any(|v| v.is_empty() || matches!(v.as_hole(), Some(Hole::Opaque(_))))
                {
                    return Value::opaque(short(expr));
                }
                values.into_iter().reduce(|list, v| list.then(",".into()).then(v)).unwrap_or_default()
            }
            ExprKind::Object(_) | ExprKind::Lambda(_) | ExprKind::Other(_) => Value::opaque(short(expr)),
        }
    }

    /// `getenv(K) == null ? fallback : getenv(K)`, in either order: the text is the setting's default.
    fn null_tested(&self, mut values: Vec<Value>) -> Value {
        let open = |v: &Value| {
            matches!(v.as_hole(), Some(Hole::Env { default: None, .. } | Hole::Config { default: None, .. }))
        };
        if open(&values[1]) && values[0].as_text().is_some() {
            values.swap(0, 1);
        }
        if open(&values[0]) && values[1].as_text().is_some() {
            return library::fallback(values);
        }
        self.alternatives(values.into_iter())
    }

    /// Drops what cannot be followed when something else can.
    fn alternatives(&self, values: impl Iterator<Item = Value>) -> Value {
        let all: Vec<Value> = values.collect();
        let known: Vec<Value> = all.iter().filter(|v| !matches!(v.as_hole(), Some(Hole::Opaque(_)))).cloned().collect();
        match known.is_empty() {
            true => all.into_iter().next().unwrap_or_default(),
            false => Value::either(known.into_iter().take(MAX_ALTERNATIVES)),
        }
    }

    /// `again`: the name has a value besides these, so that assignments made of the name itself add nothing.
    pub(super) fn eval_bindings(&self, bindings: &[Binding<'a>], name: &str, again: bool, steps: usize) -> Value {
        let (appended, set): (Vec<&Binding<'a>>, Vec<&Binding<'a>>) = bindings.iter().partition(|b| b.append);
        let base = self.alternatives(
            // `x = f(x)` says nothing new about what x may be made of; it is followed without itself.
            set.iter()
                .filter(|b| !matches!(&b.value.kind, ExprKind::Name(n) if n == name && !self.shadowed(b, n)))
                .map(|b| {
                    if mentions_member(b.value, name)
                        || (again || set.len() > 1) && mentions(b.value, name) && !self.shadowed(b, name)
                    {
                        Value::opaque(name)
                    } else {
                        self.eval(b.value, b.function, steps.saturating_sub(1))
                    }
                }),
        );
        appended.iter().fold(base, |value, b| value.then(self.eval(b.value, b.function, steps.saturating_sub(1))))
    }

    /// `this.x = x`: what is assigned to the field is a parameter or local of the same name, not the field. Where a field
    /// is only reached through its object, a bare name is never the field.
    fn shadowed(&self, binding: &Binding<'a>, name: &str) -> bool {
        let bare = matches!(self.unit.lang, Lang::Go | Lang::Script | Lang::Python | Lang::Rust | Lang::Php);
        binding.field
            && (bare
                || self.locals.contains_key(&(binding.function, name))
                || self.unit.functions[binding.function].params.iter().any(|p| p.name == name))
    }

    /// Assignments that may still hold at `line` of their function: the last that surely came before, and what follows it
    /// up to there. All of them, if none surely came before.
    fn reaching(bindings: &[Binding<'a>], line: u32) -> Vec<Binding<'a>> {
        let Some(last) = bindings.iter().rposition(|b| !b.append && b.precedes(line)) else {
            return bindings.to_vec();
        };
        // A loop may bring back what stands below, so additions are kept wherever they stand.
        bindings[last..].iter().filter(|b| b.append || b.at.end_line < line).copied().collect()
    }

    fn eval_name(&self, name: &SmolStr, function: usize, line: u32, steps: usize) -> Value {
        let mut scope = Some(function);
        while let Some(index) = scope {
            let f = &self.unit.functions[index];
            let param = f.params.iter().position(|p| &p.name == name);
            if let Some(bindings) = self.locals.get(&(index, name.as_str())) {
                let reaching = if index == function { Self::reaching(bindings, line) } else { bindings.clone() };
                let certain = index == function && reaching.first().is_some_and(|b| !b.append && b.precedes(line));
                let mut assigned = self.eval_bindings(&reaching, name, param.is_some(), steps);
                // A parameter with a fallback: `url = url || DEFAULT`.
                if certain && !matches!(assigned.as_hole(), Some(Hole::Opaque(_))) {
                    assigned = match reaching.iter().any(|b| mentions(b.value, name)) {
                        true => assigned,
                        false => return assigned,
                    };
                }
                // An element of what is not written out is known by its name only.
                if self.unit.lang == Lang::Script
                    && matches!(assigned.as_hole(), Some(Hole::Opaque(_)))
                    && bindings.iter().all(|b| matches!(&b.value.kind, ExprKind::Index(_, i) if matches!(&i.kind, ExprKind::Other(p) if p.is_empty())))
                {
                    return Value::reference(name.clone());
                }
                return match param {
                    Some(i) => self.alternatives([self.param(index, i, steps), assigned].into_iter()),
                    None => assigned,
                };
            }
            if let Some(i) = param {
                return self.param(index, i, steps);
            }
            scope = f.parent;
        }
        let owner = self.unit.functions[function].owner.as_str();
        if self.unit.lang.implicit_this() && self.has_field(owner, name) {
            return self.eval_field(owner, name, steps);
        }
        if let Some(owner) = self.class_body(name, function, line) {
            return self.eval_field(owner, name, steps);
        }
        if let Some(bindings) = self.locals.get(&(0, name.as_str())) {
            return self.eval_bindings(bindings, name, false, steps);
        }
        if let Some(result) = self.method(owner, name) {
            return result;
        }
        let canonical = self.origin(&Expr::name(name.clone(), Default::default()), function);
        Value::reference(canonical)
    }

    /// The class in whose body a name stands that one of its attributes above has: `host = …` and then `url = f"http://{host}"`.
    fn class_body(&self, name: &str, function: usize, line: u32) -> Option<&'a str> {
        if self.unit.lang != Lang::Python {
            return None;
        }
        // In a method the name means something else.
        let here = |t: &&Type| self.scope_of(&t.name) == function && t.span.line <= line && line <= t.span.end_line;
        let above = |t: &&Type| t.fields.iter().any(|f| f.name == name && f.span.end_line < line);
        self.unit.types.iter().filter(here).filter(above).map(|t| t.name.as_str()).next_back()
    }

    /// What a method gives that is called like a variable, without parentheses.
    fn method(&self, owner: &str, name: &str) -> Option<Value> {
        if !matches!(self.unit.lang, Lang::Ruby | Lang::Scala) {
            return None;
        }
        let found = self.unit.functions.iter().find(|f| f.name == name && (f.owner == owner || f.owner.is_empty()))?;
        if self.unit.lang == Lang::Scala && !found.params.is_empty() {
            return None;
        }
        Some(Value::hole(Hole::Result { callee: found.symbol(), args: Vec::new() }))
    }

    fn param(&self, function: usize, index: usize, steps: usize) -> Value {
        let f = &self.unit.functions[function];
        let param = &f.params[index];
        if let Some(injected) = library::injected(self, &param.annotations) {
            return injected;
        }
        if f.name == "<lambda>" || super::golang::says_nothing(self.unit.lang, &param.ty) {
            return Value::opaque(param.name.clone());
        }
        let hole = Value::hole(Hole::Param { function: f.symbol(), index: index as u16, name: param.name.clone() });
        match &param.default {
            Some(default) => Value::either([hole, self.eval(default, function, steps.saturating_sub(1))]),
            None => hole,
        }
    }

    /// A member of the type `owner` of this file.
    pub(crate) fn eval_field(&self, owner: &str, name: &str, steps: usize) -> Value {
        let ty = self.type_named(owner);
        let field = ty.and_then(|t| t.fields.iter().find(|f| f.name == name));
        if let (Some(ty), Some(field)) = (ty, field)
            && let Some(injected) = library::injected(self, &field.annotations)
                .or_else(|| library::bound(self, ty, field, steps.saturating_sub(1)))
        {
            // An initialiser is the binding's default.
            return match (&field.init, injected.as_hole()) {
                (Some(init), Some(Hole::Config { key, default: None })) => {
                    Value::config(key.clone(), Some(self.eval(init, self.scope_of(owner), steps.saturating_sub(1))))
                }
                _ => injected,
            };
        }
        let init = field
            .and_then(|f| f.init.as_ref())
            .map(|init| self.eval(init, self.scope_of(owner), steps.saturating_sub(1)));
        let assigned = self.fields.get(&(owner, name)).map(|b| self.eval_bindings(b, name, false, steps));
        match (init, assigned) {
            (None, None) => {
                self.method(owner, name).unwrap_or_else(|| Value::reference(format_smolstr!("{owner}.{name}")))
            }
            (init, assigned) => self.alternatives(assigned.into_iter().chain(init)),
        }
    }

    fn eval_member(&self, base: &Expr, member: &str, function: usize, steps: usize) -> Value {
        if let ExprKind::Name(name) = &base.kind
            && name == "this"
        {
            let owner = &self.unit.functions[function].owner;
            let value = self.eval_field(owner, member, steps.saturating_sub(1));
            // What is empty here is for a class to say that extends this one.
            if value.is_empty() && self.has_field(owner, member) {
                return Value::either([Value::reference(format_smolstr!("{owner}.{member}")), value]);
            }
            return value;
        }
        if self.unit.lang == Lang::Scala && super::scala::TRANSPARENT.contains(&member) {
            return self.eval(base, function, steps.saturating_sub(1));
        }
        // Ruby calls methods without parentheses; the parts of a parsed address stand for the address.
        if self.unit.lang == Lang::Ruby
            && (library::TRANSPARENT_METHODS.contains(&member)
                || matches!(member, "host" | "hostname" | "request_uri" | "origin"))
        {
            return self.eval(base, function, steps.saturating_sub(1));
        }
        if let Some(found) = library::member(self, base, member, function) {
            return found;
        }
        if let Some(entry) = tables::member(self, base, member, function, steps) {
            return entry;
        }
        // A key of an object literal in this file.
        if let Some(entry) = self.object_key(base, member, function, steps) {
            return entry;
        }
        if let Some(passed) = self.param_member(base, member, function) {
            return passed;
        }
        let origin = self.origin(base, function);
        if let Some(ty) = self.type_named(&origin)
            && (self.has_field(&ty.name, member))
        {
            return self.eval_field(&ty.name, member, steps.saturating_sub(1));
        }
        if self.of_closure(&origin, function) {
            return Value::opaque(format_smolstr!("{origin}.{member}"));
        }
        let path = if origin.is_empty() {
            member.into()
        } else if origin.ends_with('#') {
            format_smolstr!("{origin}{member}")
        } else {
            format_smolstr!("{origin}.{member}")
        };
        // `env.ORDERS_URL` of a validated environment that another file exports, as its name says.
        if self.unit.lang == Lang::Script && library::is_upper(member) && path.to_ascii_lowercase().contains("env") {
            return Value::either([Value::reference(path), Value::env(member, None)]);
        }
        Value::reference(path)
    }

    /// A member of an untyped parameter in scripts: a key of the options that the caller passes, `options.url`. Of a
    /// closure's parameter nothing is known.
    fn param_member(&self, base: &Expr, member: &str, function: usize) -> Option<Value> {
        if self.unit.lang != Lang::Script {
            return None;
        }
        let path = base.path()?;
        let root = path.split('.').next()?;
        let mut scope = Some(function);
        while let Some(index) = scope {
            if self.locals.contains_key(&(index, root)) {
                return None;
            }
            let f = &self.unit.functions[index];
            if let Some(position) = f.params.iter().position(|p| p.name == root) {
                let name = format_smolstr!("{path}.{member}");
                return match f.name == "<lambda>" {
                    true => Some(Value::opaque(name)),
                    false if f.params[position].ty.is_empty() || !self.origin(base, function).contains('#') => {
                        Some(Value::hole(Hole::Param { function: f.symbol(), index: position as u16, name }))
                    }
                    false => None,
                };
            }
            scope = f.parent;
        }
        None
    }

    /// Whether a canonical name begins at a closure's own parameter, of which this text says nothing (scripts only).
    pub(crate) fn of_closure(&self, canonical: &str, function: usize) -> bool {
        if self.unit.lang != Lang::Script || canonical.contains('#') {
            return false;
        }
        let root = canonical.split(['.', '(']).next().unwrap_or(canonical);
        if matches!(root, "JSON" | "Object" | "Math" | "Array" | "Promise" | "Buffer" | "console" | "Date") {
            return true;
        }
        let mut scope = Some(function);
        while let Some(index) = scope {
            let f = &self.unit.functions[index];
            if f.params.iter().any(|p| p.name == root) {
                return f.name == "<lambda>";
            }
            scope = f.parent;
        }
        false
    }

    fn object_key(&self, base: &Expr, member: &str, function: usize, steps: usize) -> Option<Value> {
        if steps == 0 || !self.value_fuel.enter() {
            return None;
        }
        let value = self.key_of(base, member, function, steps);
        self.value_fuel.leave();
        value
    }

    fn key_of(&self, base: &Expr, member: &str, function: usize, steps: usize) -> Option<Value> {
        match &base.kind {
            ExprKind::Object(_) => Some(self.eval(base.key(member)?, function, steps.saturating_sub(1))),
            ExprKind::Name(name) => {
                let bindings = self.bindings(name, function)?;
                bindings.iter().find_map(|b| self.object_key(b.value, member, b.function, steps.saturating_sub(1)))
            }
            ExprKind::Member(inner, key) => {
                let ExprKind::Name(name) = &inner.kind else {
                    return None;
                };
                let bindings = self.bindings(name, function)?;
                let object = bindings.iter().find_map(|b| b.value.key(key))?;
                self.object_key(object, member, function, steps.saturating_sub(1))
            }
            ExprKind::Call(call) if matches!(call.name(), "freeze" | "registerAs") => {
                self.object_key(&call.args.last()?.value, member, function, steps.saturating_sub(1))
            }
            _ => None,
        }
    }

    /// A method of an object that this file makes of a type of this file: `new Address(host, path).toUri()` is what the
    /// method returns, with the constructor's arguments in the place of its parameters.
    fn eval_on_made(&self, call: &Call, function: usize, steps: usize) -> Option<Value> {
        let receiver = call.receiver().filter(|_| steps > 2)?;
        let own = &self.unit.functions[function].owner;
        let other = |f: &&Function| f.name == call.name() && !f.owner.is_empty() && f.owner != *own;
        self.unit.functions.iter().find(other)?;
        let made = self.eval(receiver, function, steps - 1);
        self.returned_by_made(&made, call.name(), steps - 1)
    }

    fn returned_by_made(&self, made: &Value, method: &str, steps: usize) -> Option<Value> {
        let Some(Hole::Result { callee, args }) = made.as_hole() else {
            return None;
        };
        let owner = callee.strip_suffix(".<init>").filter(|_| steps > 0)?;
        let index = self.unit.functions.iter().position(|f| f.owner == owner && f.name == method)?;
        let mut results = Vec::new();
        each_return(&self.unit.functions[index].body, &mut |e| results.push(e));
        if results.is_empty() {
            return None;
        }
        let values = results.iter().take(4).map(|e| {
            let value = self.eval(e, index, steps - 1);
            self.with_arguments(value, callee, args, steps - 1)
        });
        Some(self.alternatives(values.collect::<Vec<_>>().into_iter()))
    }

    /// A value with a constructor's parameters replaced; what becomes an object of this file is its text.
    fn with_arguments(&self, value: Value, constructor: &str, args: &[Value], steps: usize) -> Value {
        let within = |v: &Value| self.with_arguments(v.clone(), constructor, args, steps.saturating_sub(1));
        if steps == 0 {
            return value;
        }
        let mut out = Value::default();
        for part in value.parts {
            match part {
                Part::Text(text) => out.push_text(&text),
                Part::Hole(Hole::Param { function, index, .. })
                    if function == constructor && (index as usize) < args.len() =>
                {
                    let given = &args[index as usize];
                    out.push(self.returned_by_made(given, "toString", steps - 1).unwrap_or_else(|| given.clone()));
                }
                Part::Hole(Hole::Result { callee, args: passed }) => {
                    let passed = passed.iter().map(within).collect();
                    out.push(Value::hole(Hole::Result { callee, args: passed }));
                }
                Part::Hole(Hole::Either(options)) => out.push(Value::either(options.iter().map(within))),
                hole @ Part::Hole(_) => out.parts.push(hole),
            }
        }
        out
    }

    fn eval_call(&self, call: &Call, function: usize, steps: usize) -> Value {
        if let Some(found) = self.eval_on_made(call, function, steps) {
            return found;
        }
        if let Some(found) = library::called(self, call, function, steps.saturating_sub(1)) {
            return found;
        }
        let callee = self.callee(call, function);
        let callee = if call.new { format_smolstr!("{callee}.<init>") } else { callee };
        if callee.is_empty() {
            return Value::opaque(call.name());
        }
        let args: Vec<Value> =
            call.args.iter().take(8).map(|a| self.eval(&a.value, function, steps.saturating_sub(1))).collect();
        let told = library::env_by_name(&callee, args.first());
        let result = Value::hole(Hole::Result { callee, args });
        match told {
            Some(env) => Value::either([result, env]),
            None => result,
        }
    }
}

fn each_return<'a>(stmts: &'a [Stmt], visit: &mut dyn FnMut(&'a Expr)) {
    for stmt in stmts {
        match stmt {
            Stmt::Return(e) => visit(e),
            Stmt::Block { body, .. } => each_return(body, visit),
            Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Leave(..) => {}
        }
    }
}

/// `this.x` within.
fn mentions_member(expr: &Expr, name: &str) -> bool {
    let this = |base: &Expr| matches!(&base.kind, ExprKind::Name(n) if n == "this");
    let mut found = false;
    expr.walk(&mut |e| found |= matches!(&e.kind, ExprKind::Member(base, n) if n == name && this(base)));
    found
}

fn mentions(expr: &Expr, name: &str) -> bool {
    let mut found = false;
    expr.walk(&mut |e| found |= matches!(&e.kind, ExprKind::Name(n) if n == name));
    found
}

/// A few words for people about an expression that cannot be followed.
pub(crate) fn short(expr: &Expr) -> SmolStr {
    match &expr.kind {
        ExprKind::Object(_) => "{…}".into(),
        ExprKind::List(_) => "[…]".into(),
        ExprKind::Lambda(_) => "closure".into(),
        _ => expr.path().map(SmolStr::from).unwrap_or_else(|| "…".into()),
    }
}
