//! Code of any language, lowered: names followed within the file, and the technologies that look at it.
//!
//! [`Code`] answers what technologies ask: which calls are there, under which canonical names, and what value an
//! expression has as far as this file knows. Canonical names make patterns short: `requests#get` is `get` of the
//! imported module `requests`, however it was imported; `RestTemplate.exchange` is a method on anything declared as, or
//! made by, `RestTemplate`; `axios#create().get` is a method on what `axios.create` returned.

mod again;
mod attempts;
mod bodies;
pub(crate) mod chosen;
pub(crate) mod components;
pub(crate) mod csharp;
mod elements;
mod entries;
mod enums;
mod eval;
mod fallbacks;
mod golang;
mod guards;
mod handed;
pub(crate) use golang::{config_tag, generated, stub_of};
pub(crate) mod cpp;
pub mod ir;
mod joins;
mod jvm;
mod leases;
mod library;
mod names;
mod objects;
mod outcomes;
mod pauses;
mod python;
mod regions;
pub(crate) mod rust;
pub(crate) mod rust_settings;
mod scala;
mod script;
mod second;
mod shapes;
mod statuses;
mod steps;
mod tables;
mod transactions;
mod validated;
mod verdicts;
mod views;
mod wire;

mod alters;
mod flow;
mod intake;
mod keys;
mod tests;
mod writes;

pub(crate) use library::{kebab, placeholders};

use crate::Extractor;
use crate::lang::Lang;
use ir::{Arg, Call, Expr, ExprKind, Function, Stmt, Type, Unit, walk_stmts};
use seam_facts::{SmolStr, Span};
use std::collections::HashMap;

/// What holds whatever the technology; it runs before the technologies.
pub static EXTRACTORS: &[&Extractor] = &[
    &attempts::EXTRACTOR,
    &keys::EXTRACTOR,
    &bodies::EXTRACTOR,
    &components::EXTRACTOR,
    &fallbacks::EXTRACTOR,
    &flow::EXTRACTOR,
    &intake::EXTRACTOR,
    &leases::EXTRACTOR,
    &alters::EXTRACTOR,
    &regions::EXTRACTOR,
    &shapes::EXTRACTOR,
    &statuses::EXTRACTOR,
    &tests::EXTRACTOR,
    &wire::EXTRACTOR,
    &writes::EXTRACTOR,
];

/// One call in one function.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    pub call: &'a Call,
    pub expr: &'a Expr,
    /// Index of the function it stands in.
    pub function: usize,
}

impl Site<'_> {
    pub fn span(&self) -> Span {
        self.expr.span
    }
}

/// A name's assignments within one function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding<'a> {
    pub value: &'a Expr,
    pub ty: &'a SmolStr,
    pub append: bool,
    pub function: usize,
    /// The statement.
    pub at: Span,
    /// First and last line of the block that the statement stands in; (0, 0) for a function's body.
    pub block: (u32, u32),
    /// Assigned through the receiver.
    pub field: bool,
}

impl Binding<'_> {
    /// Whether this assignment is certain to have happened before what stands on `line` of the same function.
    fn precedes(&self, line: u32) -> bool {
        self.at.end_line < line && (self.block == (0, 0) || (self.block.0 <= line && line <= self.block.1))
    }
}

/// The type of a binding that states none.
static NO_TYPE: SmolStr = SmolStr::new_static("");

fn assigned_names<'a>(stmts: &'a [Stmt], visit: &mut dyn FnMut(&'a str, Binding<'a>, Span), function: usize) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target: Expr { kind: ExprKind::Name(name), .. }, ty, value, append, span } => {
                visit(
                    name,
                    Binding { value, ty, append: *append, function, at: *span, block: (0, 0), field: false },
                    *span,
                );
            }
            Stmt::Block { body, .. } => assigned_names(body, visit, function),
            Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

/// A lowered file with indexes over it.
pub struct Code<'a> {
    pub path: &'a str,
    /// The file as it is written, for the words that lowering leaves out.
    pub text: &'a str,
    pub unit: &'a Unit,
    sites: Vec<Site<'a>>,
    by_name: HashMap<&'a str, Vec<usize>>,
    /// (function, name) → assignments in source order.
    locals: HashMap<(usize, &'a str), Vec<Binding<'a>>>,
    /// (type, field) → assignments through `this`.
    fields: HashMap<(&'a str, &'a str), Vec<Binding<'a>>>,
    /// Key → values that this file gives to a framework's configuration object (`app.config["KEY"]`).
    settings: HashMap<&'a str, Vec<Binding<'a>>>,
    value_fuel: eval::Fuel,
    name_fuel: eval::Fuel,
    imports: HashMap<&'a str, usize>,
    types: HashMap<&'a str, usize>,
    /// Type → the function that its field initialisers stand in.
    scopes: HashMap<&'a str, usize>,
    /// Top-level variables that functions assign, with the statement's place.
    pub(crate) globals: Vec<(&'a str, Binding<'a>, Span)>,
    loops: elements::Loops,
}

impl<'a> Code<'a> {
    pub fn new(path: &'a str, text: &'a str, unit: &'a Unit) -> Self {
        let mut code = Code {
            path,
            text,
            unit,
            sites: Vec::new(),
            by_name: HashMap::new(),
            locals: HashMap::new(),
            fields: HashMap::new(),
            settings: HashMap::new(),
            value_fuel: eval::Fuel::default(),
            name_fuel: eval::Fuel::default(),
            imports: unit.imports.iter().enumerate().map(|(i, import)| (import.alias.as_str(), i)).collect(),
            types: unit.types.iter().enumerate().rev().map(|(i, ty)| (ty.name.as_str(), i)).collect(),
            scopes: HashMap::new(),
            globals: Vec::new(),
            loops: elements::Loops::default(),
        };
        for (index, function) in unit.functions.iter().enumerate() {
            if function.name == "<type>" {
                code.scopes.entry(&function.owner).or_insert(index);
            }
            let mut visit = |expr: &'a Expr| code.add_call(expr, index);
            walk_stmts(&function.body, &mut visit);
            for annotation in function.annotations.iter().chain(function.params.iter().flat_map(|p| &p.annotations)) {
                for arg in &annotation.args {
                    arg.value.walk(&mut visit);
                }
            }
            for param in &function.params {
                if let Some(default) = &param.default {
                    default.walk(&mut visit);
                }
            }
            code.bind(&function.body, index, (0, 0));
        }
        for ty in &unit.types {
            let scope = code.scope_of(&ty.name);
            // Module decorators hold whole configurations in their arguments.
            for annotation in ty.annotations.iter().chain(ty.fields.iter().flat_map(|f| &f.annotations)) {
                for arg in &annotation.args {
                    arg.value.walk(&mut |expr| code.add_call(expr, scope));
                }
            }
            for field in &ty.fields {
                if let Some(init) = &field.init {
                    init.walk(&mut |expr| code.add_call(expr, scope));
                }
            }
        }
        code.bind_globals();
        code.note_loops();
        code
    }

    fn add_call(&mut self, expr: &'a Expr, function: usize) {
        if let ExprKind::Call(call) = &expr.kind {
            // `T{field: value}` gives fields their values.
            if call.new
                && let ([Arg { value: Expr { kind: ExprKind::Object(entries), .. }, .. }], ExprKind::Name(ty)) =
                    (call.args.as_slice(), &call.callee.kind)
                && self.types.contains_key(ty.as_str())
            {
                for (field, value) in entries {
                    let binding = Binding {
                        value,
                        ty: &NO_TYPE,
                        append: false,
                        function,
                        at: value.span,
                        block: (0, 0),
                        field: true,
                    };
                    self.fields.entry((ty, field)).or_default().push(binding);
                }
            }
            // Classes of data without a constructor of their own take their fields by name.
            if self.unit.lang == Lang::Python && call.new && self.types.contains_key(call.name()) {
                let ty = &self.unit.types[self.types[call.name()]];
                for arg in &call.args {
                    let Some(field) = ty.fields.iter().find(|f| arg.name.as_ref() == Some(&f.name)) else {
                        continue;
                    };
                    let binding = Binding {
                        value: &arg.value,
                        ty: &NO_TYPE,
                        append: false,
                        function,
                        at: arg.value.span,
                        block: (0, 0),
                        field: true,
                    };
                    self.fields.entry((&ty.name, &field.name)).or_default().push(binding);
                }
            }
            self.by_name.entry(call.name()).or_default().push(self.sites.len());
            self.sites.push(Site { call, expr, function });
        }
    }

    fn bind(&mut self, stmts: &'a [Stmt], function: usize, block: (u32, u32)) {
        for stmt in stmts {
            match stmt {
                Stmt::Assign { target, ty, value, append, span } => {
                    let mut binding = Binding { value, ty, append: *append, function, at: *span, block, field: false };
                    match &target.kind {
                        ExprKind::Name(name) if ty.is_empty() && self.assigns_field(name, function) => {
                            binding.field = true;
                            let owner = self.unit.functions[function].owner.as_str();
                            self.fields.entry((owner, name)).or_default().push(binding);
                        }
                        ExprKind::Name(name) => {
                            let global = self.unit.functions[function].globals.contains(name);
                            self.locals.entry((if global { 0 } else { function }, name)).or_default().push(binding);
                        }
                        // Settings of a framework's application object: `app.config["KEY"] = …`.
                        ExprKind::Index(base, key) => {
                            if let (ExprKind::Member(_, member), ExprKind::Str(key)) = (&base.kind, &key.kind)
                                && member == "config"
                            {
                                self.settings.entry(key).or_default().push(binding);
                            }
                        }
                        ExprKind::Member(base, field) => {
                            if let Some(owner) = self.owner_of(base, function) {
                                binding.field = true;
                                self.fields.entry((owner, field)).or_default().push(binding);
                            }
                        }
                        _ => {}
                    }
                }
                Stmt::Block { body, span, .. } => self.bind(body, function, (span.line, span.end_line)),
                Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
            }
        }
    }

    /// Whether an assignment to a bare name is one to a field: where receivers are implied, and nothing nearer is called so.
    fn assigns_field(&self, name: &str, function: usize) -> bool {
        let owner = self.unit.functions[function].owner.as_str();
        if !self.unit.lang.implicit_this()
            || !self.type_named(owner).is_some_and(|t| t.fields.iter().any(|f| f.name == name))
        {
            return false;
        }
        let mut scope = Some(function);
        while let Some(index) = scope {
            let f = &self.unit.functions[index];
            let local = |b: &Vec<Binding<'a>>| b.iter().any(|b| !b.ty.is_empty());
            if f.params.iter().any(|p| p.name == name) || self.locals.get(&(index, name)).is_some_and(local) {
                return false;
            }
            scope = f.parent;
        }
        true
    }

    /// Assignments in functions to what the top level declares. Only where declarations can be told from assignments:
    /// there a declaration carries a type, be it `var`.
    fn bind_globals(&mut self) {
        if self.unit.lang != Lang::Go {
            return;
        }
        for (index, function) in self.unit.functions.iter().enumerate().skip(1) {
            let mut found = Vec::new();
            assigned_names(&function.body, &mut |name, binding, span| found.push((name, binding, span)), index);
            for (name, binding, span) in found {
                let mut scope = Some(index);
                let mut local = false;
                while let Some(i) = scope {
                    let f = &self.unit.functions[i];
                    local |= f.params.iter().any(|p| p.name == name)
                        || self.locals.get(&(i, name)).is_some_and(|b| b.iter().any(|b| !b.ty.is_empty()));
                    scope = f.parent;
                }
                if !local && self.locals.contains_key(&(0, name)) {
                    self.globals.push((name, binding, span));
                }
            }
        }
        for (name, binding, _) in &self.globals {
            self.locals.entry((0, name)).or_default().push(*binding);
        }
    }

    /// The type whose member `base.x` is, when `base` is the receiver.
    fn owner_of(&self, base: &Expr, function: usize) -> Option<&'a str> {
        let ExprKind::Name(name) = &base.kind else {
            return None;
        };
        (name == "this").then(|| self.unit.functions[function].owner.as_str()).filter(|o| !o.is_empty())
    }

    /// What is assigned to a name as seen from `function`, closures looking outwards: each value with its function.
    pub fn assigned(&self, name: &str, function: usize) -> Vec<(&'a Expr, usize)> {
        let mut scope = Some(function);
        while let Some(index) = scope {
            if let Some(bindings) = self.locals.get(&(index, name)) {
                return bindings.iter().map(|b| (b.value, b.function)).collect();
            }
            if self.unit.functions[index].params.iter().any(|p| p.name == name) {
                return Vec::new();
            }
            scope = self.unit.functions[index].parent;
        }
        self.locals.get(&(0, name)).into_iter().flatten().map(|b| (b.value, b.function)).collect()
    }

    /// The type that a name is declared with in one function; `None` if it is not declared there with one.
    pub(crate) fn declared(&self, name: &str, function: usize) -> Option<SmolStr> {
        let bindings = self.locals.get(&(function, name))?;
        bindings.iter().map(|b| b.ty.clone()).find(|ty| !ty.is_empty())
    }

    /// What is assigned to a field of a type of this file.
    pub fn assigned_field(&self, owner: &str, field: &str) -> Vec<(&'a Expr, usize)> {
        self.fields.get(&(owner, field)).into_iter().flatten().map(|b| (b.value, b.function)).collect()
    }

    /// Every call, in source order of functions.
    pub fn calls(&self) -> &[Site<'a>] {
        &self.sites
    }

    /// Calls of functions with one of these simple names.
    pub fn calls_named(&self, names: &[&str]) -> Vec<Site<'a>> {
        let mut indexes: Vec<usize> = names.iter().filter_map(|n| self.by_name.get(n)).flatten().copied().collect();
        indexes.sort_unstable();
        indexes.dedup();
        indexes.into_iter().map(|i| self.sites[i]).collect()
    }

    pub fn function(&self, index: usize) -> &'a Function {
        &self.unit.functions[index]
    }

    /// Symbol of the named function around `index` (a closure counts as the function it stands in); empty at top level.
    pub fn within(&self, index: usize) -> SmolStr {
        self.outermost(index).symbol()
    }

    /// Whether a function only checks that others are there.
    pub fn only_checks(&self, index: usize) -> bool {
        entries::only_checks(self.unit, self.outermost(index))
    }

    /// The named function that a closure stands in; the function itself if it has a name.
    pub fn outermost(&self, mut index: usize) -> &'a ir::Function {
        while let Some(parent) = self.unit.functions[index].parent
            && self.unit.functions[index].name == "<lambda>"
        {
            index = parent;
        }
        &self.unit.functions[index]
    }

    pub fn type_named(&self, name: &str) -> Option<&'a Type> {
        self.types.get(name).map(|i| &self.unit.types[*i])
    }

    /// The assignments of a name that are in reach from `function`: its own, those around it, the file's.
    pub(crate) fn bindings<'s>(&'s self, name: &'s str, function: usize) -> Option<&'s [Binding<'s>]> {
        let mut scope = Some(function);
        while let Some(index) = scope {
            if let Some(found) = self.locals.get(&(index, name)) {
                return Some(found);
            }
            let f = &self.unit.functions[index];
            if f.params.iter().any(|p| p.name == name) {
                return None;
            }
            scope = f.parent;
        }
        self.locals.get(&(0, name)).map(Vec::as_slice)
    }

    /// What an expression was made from: names and fields of this file are followed to the expression that they were
    /// given; with the function it stands in. Literals and calls are themselves.
    pub fn resolved<'e>(&'e self, expr: &'e Expr, function: usize) -> (&'e Expr, usize) {
        let (mut expr, mut function) = (expr, function);
        for _ in 0..6 {
            if let Some(found) = self.element(expr, function) {
                (expr, function) = found;
                continue;
            }
            let next: Option<(&'e Expr, usize)> = match &expr.kind {
                ExprKind::Name(name) => self
                    .bindings(name, function)
                    .and_then(|b| b.iter().rev().find(|b| !matches!(b.value.kind, ExprKind::Null)))
                    .or_else(|| self.implicit_field(name, function))
                    .map(|b| (b.value, b.function))
                    .or_else(|| self.implicit_init(name, function)),
                ExprKind::Member(base, member) if matches!(&base.kind, ExprKind::Name(n) if n == "this") => {
                    let owner = self.unit.functions[function].owner.as_str();
                    let init = self
                        .type_named(owner)
                        .and_then(|t| t.fields.iter().find(|f| f.name == *member))
                        .and_then(|f| f.init.as_ref())
                        .map(|init| (init, 0));
                    let assigned = self.fields.get(&(owner, member.as_str())).and_then(|b| b.first());
                    init.or_else(|| assigned.map(|b| (b.value, b.function)))
                }
                ExprKind::Member(base, member) => {
                    let (base, at) = match &base.kind {
                        ExprKind::Name(_) | ExprKind::Member(..) => self.resolved_once(base, function),
                        _ => (&**base, function),
                    };
                    base.key(member).map(|found| (found, at))
                }
                _ => None,
            };
            match next {
                Some((found, at)) if !std::ptr::eq(found, expr) => (expr, function) = (found, at),
                _ => break,
            }
        }
        (expr, function)
    }

    /// What a field of the type around is given, where a bare name means it.
    fn implicit_field<'s>(&'s self, name: &'s str, function: usize) -> Option<&'s Binding<'s>> {
        let f = &self.unit.functions[function];
        if !self.unit.lang.implicit_this() || f.params.iter().any(|p| p.name == name) {
            return None;
        }
        self.fields.get(&(f.owner.as_str(), name)).and_then(|b| b.first())
    }

    /// What a field of the type around begins with; in Scala a bare name means it, and nothing is assigned to it later.
    fn implicit_init(&self, name: &str, function: usize) -> Option<(&Expr, usize)> {
        let f = &self.unit.functions[function];
        let mut scope = Some(function);
        while let Some(index) = scope.filter(|_| self.unit.lang == Lang::Scala) {
            if self.unit.functions[index].params.iter().any(|p| p.name == name) {
                return None;
            }
            scope = self.unit.functions[index].parent;
        }
        let ty = self.type_named(&f.owner).filter(|_| self.unit.lang == Lang::Scala)?;
        let init = ty.fields.iter().find(|f| f.name == name)?.init.as_ref()?;
        Some((init, self.scope_of(&ty.name)))
    }

    /// One name followed to an object literal, for a member of it.
    fn resolved_once<'e>(&'e self, expr: &'e Expr, function: usize) -> (&'e Expr, usize) {
        match &expr.kind {
            ExprKind::Name(name) => self
                .bindings(name, function)
                .and_then(|b| b.iter().find(|b| matches!(b.value.kind, ExprKind::Object(_))))
                .map(|b| (b.value, b.function))
                .unwrap_or((expr, function)),
            _ => (expr, function),
        }
    }

    /// Whether anything is imported from a module whose path starts with `prefix`.
    pub fn imports(&self, prefix: &str) -> bool {
        self.unit.imports.iter().any(|i| i.path.starts_with(prefix))
    }

    /// The function that a type's field initialisers stand in.
    pub fn scope_of(&self, ty: &str) -> usize {
        self.scopes.get(ty).copied().unwrap_or(0)
    }

    /// The type a function belongs to.
    pub fn owner(&self, function: usize) -> Option<&'a Type> {
        self.type_named(&self.unit.functions[function].owner)
    }
}
