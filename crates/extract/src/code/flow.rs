//! What links code across files, whatever the technology: constants, results, arguments passed on, settings read, names
//! used. See `flow.md`.

use super::ir::{Arg, Expr, ExprKind, Function, Stmt, walk_stmts};
use super::{Code, entries, guards, library, objects};
use crate::lang::{Lang, plain_type};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Argument, Claim, Constant, Hole, Pass, Read, Return, SmolStr, Span, Uses, Value, format_smolstr};
use std::collections::{BTreeMap, BTreeSet};

pub static EXTRACTOR: Extractor =
    Extractor { id: "flow", version: 17, page: include_str!("flow.md"), reads: Reads::Code { langs: &[], extract } };

fn extract(code: &Code<'_>, sink: &mut Sink) {
    constants(code, sink);
    returns(code, sink);
    passes(code, sink);
    reads(code, sink);
    uses(code, sink);
}

fn constants(code: &Code<'_>, sink: &mut Sink) {
    each_assign(&code.unit.functions[0].body, &mut |target, value, span| {
        if let Some(symbol) = target.path() {
            let symbol = exported(&symbol);
            constant(code, symbol.clone(), value, 0, span, sink, 4);
            instance(code, &symbol, value, 0, span, sink);
        }
    });
    // What functions give to the file's top level, and to the settings of an application object.
    for (index, function) in code.unit.functions.iter().enumerate() {
        each_assign(&function.body, &mut |target, value, span| match &target.kind {
            ExprKind::Name(name) if function.globals.contains(name) => {
                constant(code, name.clone(), value, index, span, sink, 4);
            }
            ExprKind::Index(base, key) => {
                if let (ExprKind::Member(_, member), ExprKind::Str(key)) = (&base.kind, &key.kind)
                    && member == "config"
                {
                    constant(code, format_smolstr!("app.config.{key}"), value, index, span, sink, 3);
                }
            }
            _ => {}
        });
    }
    for ty in &code.unit.types {
        for field in &ty.fields {
            let symbol = format_smolstr!("{}.{}", ty.name, field.name);
            let value = code.eval_field(&ty.name, &field.name, 12);
            // Structured initialisers flatten; everything else is what the field's value is.
            if let Some(init) = &field.init
                && matches!(init.kind, ExprKind::Object(_) | ExprKind::Call(_))
            {
                constant(code, symbol.clone(), init, code.scope_of(&ty.name), field.span, sink, 4);
            }
            emit(symbol, value, field.span, sink);
        }
    }
    for (name, binding, at) in &code.globals {
        constant(code, (*name).into(), binding.value, binding.function, *at, sink, 4);
    }
    // Statics of Rust that are set once, when the program starts.
    for site in code.calls_named(&["set"]).into_iter().filter(|_| code.unit.lang == Lang::Rust) {
        if let (Some(symbol), Some(value)) = (site.call.receiver().and_then(super::rust::static_name), site.call.arg(0))
        {
            constant(code, symbol, value, site.function, site.span(), sink, 1);
        }
    }
    composites(code, sink);
    // Fields that are only ever assigned.
    for (index, function) in code.unit.functions.iter().enumerate() {
        each_assign(&function.body, &mut |target, value, span| {
            let ExprKind::Member(base, field) = &target.kind else {
                return;
            };
            let owner = match &base.kind {
                ExprKind::Name(n) if n == "this" => function.owner.clone(),
                // Go and others set fields of typed variables: `svc.addr = …`.
                _ => code.origin(base, index),
            };
            if owner.is_empty() || owner.contains('(') {
                return;
            }
            let symbol = format_smolstr!("{}.{field}", owner.rsplit('#').next().unwrap_or(&owner));
            let symbol = match code.unit.lang {
                // Said at the top level already, or assigned from within a function.
                Lang::Script if matches!(owner.as_str(), "module" | "exports" | "module.exports") => match index {
                    0 => return,
                    _ => exported(&symbol),
                },
                _ => symbol,
            };
            constant(code, symbol, value, index, span, sink, 3);
        });
    }
}

/// `T{field: value}`, wherever `T` is defined, says what the field may be.
fn composites(code: &Code<'_>, sink: &mut Sink) {
    for site in code.calls() {
        let [Arg { value: Expr { kind: ExprKind::Object(entries), .. }, .. }] = site.call.args.as_slice() else {
            continue;
        };
        if !site.call.new || site.call.name().is_empty() {
            continue;
        }
        for (key, entry) in entries {
            let symbol = format_smolstr!("{}.{key}", site.call.name());
            constant(code, symbol, entry, site.function, entry.span, sink, 3);
        }
    }
}

/// An object of a class of this file: what its fields are, under the name that holds the object (`settings.db_url`).
fn instance(code: &Code<'_>, symbol: &str, value: &Expr, function: usize, at: Span, sink: &mut Sink) {
    let Some(call) = value.as_call().filter(|_| code.unit.lang == crate::lang::Lang::Python) else {
        return;
    };
    let Some(ty) = code.type_named(&code.origin(value, function)) else {
        return;
    };
    if call.new || code.unit.functions.iter().any(|f| f.name == call.name()) {
        for field in &ty.fields {
            emit(format_smolstr!("{symbol}.{}", field.name), code.eval_field(&ty.name, &field.name, 12), at, sink);
        }
    }
}

fn each_assign(stmts: &[Stmt], visit: &mut dyn FnMut(&Expr, &Expr, Span)) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target, value, span, .. } => visit(target, value, *span),
            Stmt::Block { body, .. } => each_assign(body, visit),
            Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

/// `module.exports.x` and `exports.x` are `x`.
fn exported(symbol: &str) -> SmolStr {
    let symbol = symbol.strip_prefix("module.").unwrap_or(symbol);
    symbol.strip_prefix("exports.").unwrap_or(symbol).into()
}

/// Items of a list that are constants each; longer lists are data.
const MAX_ITEMS: usize = 40;

/// A constant, or the constants of an object's keys.
fn constant(code: &Code<'_>, symbol: SmolStr, value: &Expr, function: usize, at: Span, sink: &mut Sink, depth: usize) {
    if depth == 0 {
        return;
    }
    match &value.kind {
        ExprKind::Object(entries) => {
            for (key, entry) in entries {
                let symbol = if symbol == "exports" { key.clone() } else { format_smolstr!("{symbol}.{key}") };
                constant(code, symbol, entry, function, entry.span, sink, depth - 1);
            }
        }
        ExprKind::Call(call) if matches!(call.name(), "freeze" | "registerAs" | "defineConfig") => {
            if let Some(last) = call.args.last() {
                constant(code, symbol, &last.value, function, at, sink, depth - 1);
            }
        }
        // A table of services: loops elsewhere go through it.
        ExprKind::List(items)
            if code.unit.lang == Lang::Script
                && items.len() <= MAX_ITEMS
                && items.iter().any(|i| matches!(i.kind, ExprKind::Object(_))) =>
        {
            for (index, item) in items.iter().enumerate() {
                constant(code, format_smolstr!("{symbol}.{index}"), item, function, item.span, sink, depth);
            }
        }
        // `export default () => ({…})`.
        ExprKind::Lambda(index) => {
            for stmt in &code.unit.functions[*index].body {
                if let Stmt::Return(result) = stmt
                    && matches!(result.kind, ExprKind::Object(_))
                {
                    constant(code, symbol.clone(), result, *index, result.span, sink, depth - 1);
                }
            }
        }
        ExprKind::Name(_) if code.unit.lang == Lang::Script => match code.literal(value, function) {
            // An object that stands under a name of its own.
            Some((object, at_function)) if matches!(object.kind, ExprKind::Object(_)) => {
                constant(code, symbol, object, at_function, at, sink, depth - 1);
            }
            _ => emit(symbol, code.value(value, function), at, sink),
        },
        _ => emit(symbol, code.value(value, function), at, sink),
    }
}

fn emit(symbol: SmolStr, value: Value, at: Span, sink: &mut Sink) {
    let itself = matches!(value.as_hole(), Some(Hole::Ref(path)) if *path == symbol);
    if !itself && followable(&value) {
        sink.stated(Claim::Constant(Constant { symbol, value }), at);
    }
}

/// Worth keeping: something in it is known, or may become known.
pub(super) fn followable(value: &Value) -> bool {
    !value.is_empty() && !matches!(value.as_hole(), Some(Hole::Opaque(_)))
}

fn returns(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate().skip(1) {
        if function.name == "<lambda>" {
            continue;
        }
        let mut results: Vec<(&Expr, Span)> = Vec::new();
        each_return(&function.body, &mut |e| results.push((e, e.span)));
        let symbol = function.symbol();
        if code.unit.lang == Lang::Go {
            let ty = function.returns.trim_matches(['(', ')', ' ']).split(',').next().unwrap_or_default();
            filled(code, &format_smolstr!("{symbol}()"), ty, function.span, sink, 3);
        }
        for (result, at) in results.iter().take(6) {
            // `return Promise.resolve(settings)`: an object that stands in a variable, or comes later.
            let plain = match result.as_call() {
                Some(call) if matches!(call.name(), "resolve" | "freeze") => call.arg(0).unwrap_or(result),
                _ => result,
            };
            if let Some((object, at_function)) = code.literal(plain, index)
                && matches!(object.kind, ExprKind::Object(_))
            {
                constant(code, format_smolstr!("{symbol}()"), object, at_function, *at, sink, 3);
                continue;
            }
            instance(code, &format_smolstr!("{symbol}()"), result, index, *at, sink);
            let value = code.value(result, index);
            if followable(&value) {
                sink.stated(Claim::Return(Return { function: symbol.clone(), value }), *at);
            }
        }
        // What a function stores through a parameter comes back to the caller: `*target = os.Getenv(key)`.
        for (position, param) in function.params.iter().enumerate() {
            if !param.ty.trim_start().starts_with(['*', '&']) {
                continue;
            }
            each_assign(&function.body, &mut |target, value, at| {
                if matches!(&target.kind, ExprKind::Name(n) if *n == param.name) {
                    let value = code.value(value, index);
                    if followable(&value) {
                        let function = format_smolstr!("{symbol}.<out:{position}>");
                        sink.stated(Claim::Return(Return { function, value }), at);
                    }
                }
            });
        }
    }
}

/// What a structure of this file is filled with from the environment, under the call that returns it (`config.Load().StockURL`).
fn filled(code: &Code<'_>, symbol: &str, ty: &str, at: Span, sink: &mut Sink, depth: usize) {
    let Some(ty) = code.type_named(ty.trim_start_matches(['*', '&', ' '])).filter(|_| depth > 0) else { return };
    for field in &ty.fields {
        let symbol = format_smolstr!("{symbol}.{}", field.name);
        let value = code.eval_field(&ty.name, &field.name, 12);
        let told = value.holes().iter().any(|h| matches!(h, Hole::Env { .. } | Hole::Config { .. }));
        match told {
            true => emit(symbol, value, at, sink),
            false => filled(code, &symbol, &field.ty, at, sink, depth - 1),
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

/// Functions whose arguments never carry an address on.
const NOISE: &[&str] = &[
    "log",
    "info",
    "debug",
    "warn",
    "error",
    "trace",
    "print",
    "println",
    "printf",
    "Printf",
    "Println",
    "Errorf",
    "Info",
    "Infof",
    "Error",
    "Debug",
    "Warn",
    "Warning",
    "Fatal",
    "Fatalf",
    "LogInformation",
    "LogError",
    "LogDebug",
    "LogWarning",
    "WriteLine",
    "equals",
    "Equal",
    "append",
    "push",
    "add",
    "Add",
    "put",
    "format",
    "Sprintf",
    "assertEquals",
    "assertThat",
    "assert",
    "expect",
    "toBe",
    "len",
    "require",
    "describe",
    "it",
    "test",
    "Errorw",
    "Infow",
    "contains",
    "includes",
    "startsWith",
    "endsWith",
    "split",
    "replace",
    "parseInt",
    "isinstance",
    "getattr",
    "setAttribute",
    "SetAttributes",
    "set_attribute",
    "addEventListener",
    "querySelector",
    "getElementById",
    "puts",
    "%",
    "header",
    "setHeader",
];

/// Longest text that is passed on as an address, a name or a key; templates and prose are longer.
const MAX_ARGUMENT: usize = 300;

fn passes(code: &Code<'_>, sink: &mut Sink) {
    // What a generated client does within itself is the call that its users make.
    if code.path.contains("kitex_gen/") {
        return;
    }
    for site in code.calls() {
        let name = site.call.name();
        let on_self = site.call.receiver().is_some_and(|r| matches!(&r.kind, ExprKind::Name(n) if n == "this"));
        // `client.put("/orders/7", body)` puts nothing into a map.
        let asks = name == "put"
            && site.call.arg(0).is_some_and(|a| code.value(a, site.function).to_string().starts_with('/'));
        if NOISE.contains(&name) && !on_self && !asks || site.call.args.is_empty() || site.call.args.len() > 12 {
            continue;
        }
        let mut args: Vec<Argument> = Vec::new();
        let mut worth = code.unit.lang == Lang::Script && site.call.args.iter().any(|a| is_options(&a.value));
        for arg in &site.call.args {
            let value = code.value(&arg.value, site.function);
            let value = if prose(&value) { Value::opaque("text") } else { value };
            worth |= followable(&value);
            args.push(Argument { name: arg.name.clone(), value });
        }
        if !worth {
            continue;
        }
        let inherited = objects::of_parent(code, site.call, site.function);
        let mut callee = inherited.clone().unwrap_or_else(|| code.callee(site.call, site.function));
        if site.call.new {
            callee = format_smolstr!("{callee}.<init>");
        }
        // `Base.__init__(self, url)` names the object first.
        if inherited.is_some() && args.first().is_some_and(|a| a.name.is_none() && objects::is_self(&site.call.args[0]))
        {
            args.remove(0);
        }
        if callee.is_empty()
            || super::golang::foreign(code.unit.lang, &callee)
            || super::rust::foreign(code.unit.lang, &callee)
            || super::cpp::foreign(code.unit.lang, &callee)
            || code.of_closure(&callee, site.function)
        {
            continue;
        }
        // Options objects are arguments by name.
        if code.unit.lang == Lang::Script {
            for arg in &site.call.args {
                options(code, &arg.value, site.function, &mut args, &mut worth);
            }
        }
        // Places handed over by reference: what the function stores there is the place's value.
        for (position, arg) in site.call.args.iter().enumerate() {
            if let ExprKind::Member(base, field) = &arg.value.kind {
                let owner = code.origin(base, site.function);
                let by_reference = |f: &Function| {
                    f.name == name && f.params.get(position).is_some_and(|p| p.ty.trim_start().starts_with(['*', '&']))
                };
                if owner.is_empty() || owner.contains('(') || !code.unit.functions.iter().any(by_reference) {
                    continue;
                }
                let symbol = format_smolstr!("{}.{field}", owner.rsplit('#').next().unwrap_or(&owner));
                let passed = args.iter().map(|a| a.value.clone()).collect();
                let out = Hole::Result { callee: format_smolstr!("{name}.<out:{position}>"), args: passed };
                sink.stated(Claim::Constant(Constant { symbol, value: Value::hole(out) }), site.span());
            }
        }
        if worth {
            let made = objects::made(code, site.call, site.function);
            sink.stated(Claim::Pass(Pass { callee, args, within: code.within(site.function), made }), site.span());
        }
    }
}

/// Text of several lines, or long: a template, a query or a message to people.
fn prose(value: &Value) -> bool {
    let texts = value.parts.iter().filter_map(|p| match p {
        seam_facts::Part::Text(text) => Some(text),
        seam_facts::Part::Hole(_) => None,
    });
    let mut length = 0;
    for text in texts {
        length += text.len();
        if length > MAX_ARGUMENT || text.contains('\n') {
            return true;
        }
    }
    false
}

fn is_options(value: &Expr) -> bool {
    matches!(&value.kind, ExprKind::Object(entries) if !entries.is_empty())
}

/// The keys of an object literal as named arguments, as far as they can be followed.
fn options(code: &Code<'_>, value: &Expr, function: usize, args: &mut Vec<Argument>, worth: &mut bool) {
    let ExprKind::Object(entries) = &value.kind else {
        return;
    };
    *worth = args.iter().any(|a| followable(&a.value));
    for (key, entry) in entries.iter().take(16) {
        let value = code.value(entry, function);
        if followable(&value) && !prose(&value) {
            *worth = true;
            args.push(Argument { name: Some(key.clone()), value });
        }
    }
}

/// Every place where a setting is read, wherever the value goes.
fn reads(code: &Code<'_>, sink: &mut Sink) {
    for (index, function) in code.unit.functions.iter().enumerate() {
        let mut found = Vec::new();
        let mut spare = Vec::new();
        let mut visit = |expr: &Expr| {
            found.extend(setting_read(code, expr, index).map(|v| (v, expr.span)));
            instead(code, expr, index, &mut spare);
        };
        walk_stmts(&function.body, &mut visit);
        for param in &function.params {
            if let Some(default) = &param.default {
                default.walk(&mut visit);
            }
        }
        let injected = function.params.iter().filter_map(|p| Some((library::injected(code, &p.annotations)?, p.span)));
        found.extend(injected.collect::<Vec<_>>());
        for (value, at) in found {
            read(value, code.within(index), at, &spare, sink);
        }
    }
    for found in super::validated::checked(code) {
        let read =
            Read { key: Value::env(found.key, None), default: found.default, within: code.within(found.function) };
        sink.stated(Claim::Read(read), found.at);
    }
    for ty in &code.unit.types {
        for field in &ty.fields {
            let mut found = Vec::new();
            let mut spare = Vec::new();
            if let Some(init) = &field.init {
                let scope = code.scope_of(&ty.name);
                init.walk(&mut |expr| {
                    found.extend(setting_read(code, expr, scope).map(|v| (v, expr.span)));
                    instead(code, expr, scope, &mut spare);
                });
            }
            let bound = library::injected(code, &field.annotations).or_else(|| library::bound(code, ty, field, 6));
            found.extend(bound.map(|v| (v, field.span)));
            // `model: Optional[str] = None` may stay away.
            if code.unit.lang == Lang::Python && matches!(&field.init, Some(Expr { kind: ExprKind::Null, .. })) {
                spare.push((field.span, Value::text("None")));
            }
            for (value, at) in found {
                read(value, format_smolstr!("{}.{}", ty.name, field.name), at, &spare, sink);
            }
        }
    }
}

/// The setting that this very expression reads.
fn setting_read(code: &Code<'_>, expr: &Expr, function: usize) -> Option<Value> {
    match &expr.kind {
        ExprKind::Call(call) => library::called(code, call, function, 6).or_else(|| {
            let key = call.args.first().map(|a| code.value(&a.value, function));
            library::env_by_name(&code.callee(call, function), key.as_ref())
        }),
        ExprKind::Index(base, key) => library::indexed(code, base, &code.value(key, function), function, 6),
        ExprKind::Member(base, member) => library::member(code, base, member, function),
        _ => None,
    }
}

/// What stands in for a setting that is not there: the other side of `read || other`, with the place of the read.
fn instead(code: &Code<'_>, expr: &Expr, function: usize, spare: &mut Vec<(Span, Value)>) {
    let ExprKind::Either(options) = &expr.kind else { return };
    for (at, option) in options.iter().enumerate().take(8) {
        let mut reads = Vec::new();
        option.walk(&mut |e| reads.extend(setting_read(code, e, function).map(|_| e.span)));
        if reads.is_empty() {
            continue;
        }
        let others = options.iter().enumerate().filter(|(other, _)| *other != at);
        let other = Value::either(others.map(|(_, o)| code.value(o, function)));
        spare.extend(reads.into_iter().map(|span| (span, other.clone())));
    }
}

/// Reports the holes of a value that the environment or configuration fills at this very place.
fn read(value: Value, within: SmolStr, at: Span, spare: &[(Span, Value)], sink: &mut Sink) {
    for part in value.parts {
        let seam_facts::Part::Hole(hole) = part else {
            continue;
        };
        match &hole {
            Hole::Env { default, .. } | Hole::Config { default, .. } => {
                let spare = || spare.iter().find(|(span, _)| *span == at).map(|(_, value)| value.clone());
                let default = default.as_deref().cloned().or_else(spare);
                sink.stated(Claim::Read(Read { key: Value::hole(hole), default, within: within.clone() }), at);
            }
            Hole::Result { callee, .. } if callee == "<env>" || callee == "<config>" => {
                sink.stated(Claim::Read(Read { key: Value::hole(hole), default: None, within: within.clone() }), at);
            }
            Hole::Ref(_) | Hole::Param { .. } | Hole::Result { .. } | Hole::Either(_) | Hole::Opaque(_) => {}
        }
    }
}

fn uses(code: &Code<'_>, sink: &mut Sink) {
    let unit = code.unit;
    let mut functions: BTreeMap<SmolStr, BTreeSet<SmolStr>> = BTreeMap::new();
    let mut mentioned: BTreeSet<SmolStr> = BTreeSet::new();
    for (index, function) in unit.functions.iter().enumerate() {
        let names = functions.entry(code.within(index)).or_default();
        if code.only_checks(index) {
            continue;
        }
        walk_stmts(&function.body, &mut |expr| mention(expr, names));
        // `before_save :check`: a class of Ruby names the methods that its framework calls by symbols.
        if unit.lang == Lang::Ruby && function.name == "<type>" {
            walk_stmts(&function.body, &mut |expr| {
                let Some(call) = expr.as_call().filter(|call| call.receiver().is_none()) else { return };
                let named = call.args.iter().filter_map(|a| a.value.as_str());
                names.extend(
                    named
                        .filter(|n| unit.functions.iter().any(|f| f.owner == function.owner && f.name == **n))
                        .cloned(),
                );
            });
        }
        for param in &function.params {
            names.insert(plain_type(&param.ty));
        }
        each_type(&function.body, &mut |ty| {
            names.insert(plain_type(ty));
        });
        for annotation in &function.annotations {
            annotation.args.iter().for_each(|a| a.value.walk(&mut |expr| mention(expr, names)));
        }
    }
    for ty in &unit.types {
        let names = functions.entry(format_smolstr!("{}.<type>", ty.name)).or_default();
        // What a class extends others with stands among its supers; that it can does not mean that anybody asks.
        let own = |name: &SmolStr| unit.functions.iter().any(|f| f.owner == ty.name && f.name == *name);
        names.extend(ty.supers.iter().filter(|s| !own(s)).cloned());
        names.extend(entries::called(unit, ty));
        for annotation in &ty.annotations {
            annotation.args.iter().for_each(|a| a.value.walk(&mut |expr| mention(expr, names)));
            // Spring's way to bring in what another library configures: `@EnableOrderCache` imports what stands on it.
            let brings = annotation.simple().starts_with("Enable");
            names.extend(brings.then(|| SmolStr::from(annotation.simple())));
        }
        for field in &ty.fields {
            names.insert(plain_type(&field.ty));
            if let Some(init) = &field.init {
                init.walk(&mut |expr| mention(expr, names));
            }
        }
    }
    let scanned = unit.types.iter().filter(|t| entries::scanned(unit, t)).map(|t| t.name.clone());
    functions.entry(SmolStr::default()).or_default().extend(scanned);
    for names in functions.values_mut() {
        names.remove("");
        mentioned.extend(names.iter().cloned());
    }
    // A program's entry may be private, and nobody names it.
    let runs = |f: &Function| f.name.starts_with('<') || matches!(f.name.as_str(), "Main" | "main");
    let unused = unit
        .functions
        .iter()
        .filter(|f| f.private && f.annotations.is_empty() && !runs(f) && !mentioned.contains(&f.name))
        .map(|f| f.symbol())
        .collect();
    let mut imports: Vec<SmolStr> = unit
        .imports
        .iter()
        .map(|i| match &i.name {
            Some(name) => format_smolstr!("{}#{name}", i.path),
            None => i.path.clone(),
        })
        .chain(unit.parts.iter().cloned())
        .collect();
    imports.sort();
    imports.dedup();
    let types = unit.types.iter().map(|t| (t.name.clone(), t.supers.clone())).collect();
    let mut places: BTreeMap<SmolStr, (u32, u32)> = BTreeMap::new();
    for function in unit.functions.iter().filter(|f| !f.name.starts_with('<')) {
        // Of several with one name, the first.
        places.entry(function.symbol()).or_insert((function.span.line, function.span.end_line));
    }
    let lines = functions.keys().map(|f| places.get(f).copied().unwrap_or_default()).collect();
    let functions = functions.into_iter().map(|(f, names)| (f, names.into_iter().collect())).collect();
    let guards = guards::guards(code);
    let uses = Uses { functions, lines, imports, unused, types, package: unit.package.clone(), guards };
    sink.stated(Claim::Uses(uses), Span::at(1, 1));
}

pub(super) fn mention(expr: &Expr, names: &mut BTreeSet<SmolStr>) {
    match &expr.kind {
        ExprKind::Name(name) | ExprKind::Member(_, name) => {
            names.insert(name.clone());
        }
        ExprKind::Call(call) => {
            names.extend(call.type_args.iter().map(|t| plain_type(t)));
            names.extend(entries::reflected(call).cloned());
        }
        _ => {}
    }
}

fn each_type(stmts: &[Stmt], visit: &mut dyn FnMut(&str)) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { ty, .. } => visit(ty),
            Stmt::Block { body, .. } => each_type(body, visit),
            Stmt::Return(_) | Stmt::Expr(_) | Stmt::Leave(..) => {}
        }
    }
}
