//! Canonical names: what a variable, receiver or callee is called independently of local names.
//!
//! `module#member` for what is imported, `Type.member` for members of typed things, `module#make().member` for members of
//! what a call returned. Types that are imported in languages with module paths are `module#Type` too (Go
//! `net/http#Client.Do`); in Java, Kotlin, C#, PHP types stay simple, because imports there name types uniquely enough.

use super::{Binding, Code, csharp};
use crate::code::ir::{Call, Expr, ExprKind};
use crate::lang::Lang;
use seam_facts::{SmolStr, format_smolstr};

const MAX_STEPS: usize = 12;

impl<'a> Code<'a> {
    /// The canonical name of a call's function.
    pub fn callee(&self, call: &Call, function: usize) -> SmolStr {
        self.named_default(&call.callee, self.canonical(&call.callee, function, MAX_STEPS))
    }

    /// What another file exports as a whole is known by the name that it is imported under, which is mostly its own.
    fn named_default(&self, expr: &Expr, canonical: SmolStr) -> SmolStr {
        match &expr.kind {
            ExprKind::Name(name) if self.unit.lang == Lang::Script && is_local_module(&canonical) => {
                format_smolstr!("{canonical}{name}")
            }
            _ => canonical,
        }
    }

    /// The canonical name of what an expression is: an import, a type, or the call that made it.
    pub fn origin(&self, expr: &Expr, function: usize) -> SmolStr {
        self.canonical(expr, function, MAX_STEPS)
    }

    fn canonical(&self, expr: &Expr, function: usize, steps: usize) -> SmolStr {
        if steps == 0 || !self.name_fuel.enter() {
            return SmolStr::default();
        }
        let name = self.canonical_expr(expr, function, steps);
        self.name_fuel.leave();
        name
    }

    fn canonical_expr(&self, expr: &Expr, function: usize, steps: usize) -> SmolStr {
        match &expr.kind {
            // `registry := registry.New()`: up to its declaration, the name is still the import's.
            ExprKind::Name(name) if self.before_declaration(name, expr.span.line, function) => {
                self.imported(name).unwrap_or_else(|| name.clone())
            }
            ExprKind::Name(name) => self.canonical_name(name, function, steps),
            ExprKind::Member(base, member) => {
                if let ExprKind::Name(n) = &base.kind
                    && n == "this"
                {
                    return self.canonical_field(member, function, steps);
                }
                let base_name = self.canonical(base, function, steps - 1);
                // A field of a type of this file, where the field's type is stated.
                if let Some(field) =
                    self.type_named(&base_name).and_then(|t| t.fields.iter().find(|f| f.name == *member))
                    && !field.ty.is_empty()
                    && matches!(self.unit.lang, Lang::Go | Lang::Rust)
                {
                    return self.canonical_type(&field.ty);
                }
                if let Some(held) = csharp::unwrapped(&base_name, member) {
                    held
                } else if base_name.is_empty() {
                    member.clone()
                } else if base_name.ends_with('#') {
                    format_smolstr!("{base_name}{member}")
                } else {
                    format_smolstr!("{base_name}.{member}")
                }
            }
            ExprKind::Call(call) if call.new => {
                let name = self.canonical(&call.callee, function, steps - 1);
                let name = self.named_default(&call.callee, name);
                if name.is_empty() { call.name().into() } else { name }
            }
            ExprKind::Call(call) if self.unit.lang == Lang::Script && required(call).is_some() => {
                format_smolstr!("{}#", required(call).unwrap_or_default())
            }
            // Kotlin's scope functions give back what they are called on.
            ExprKind::Call(call)
                if self.unit.lang == Lang::Kotlin
                    && matches!(call.name(), "apply" | "also")
                    && call.receiver().is_some() =>
            {
                call.receiver().map(|r| self.canonical(r, function, steps.saturating_sub(1))).unwrap_or_default()
            }
            // `app.get(ConfigService)`: a container hands out an object of the class that it is asked for.
            ExprKind::Call(call)
                if self.unit.lang == Lang::Script
                    && matches!(call.name(), "get" | "resolve")
                    && matches!(call.args.as_slice(), [a] if matches!(&a.value.kind,
                        ExprKind::Name(n) if n.ends_with("Service") && n.starts_with(|c: char| c.is_ascii_uppercase()))) =>
            {
                self.canonical(&call.args[0].value, function, steps - 1)
            }
            ExprKind::Call(call) if self.unit.lang == Lang::CSharp && csharp::resolved(call).is_some() => {
                csharp::resolved(call).map(|ty| self.canonical_type(ty)).unwrap_or_default()
            }
            ExprKind::Call(call) => {
                let name = self.canonical(&call.callee, function, steps - 1);
                let name = self.named_default(&call.callee, name);
                if let Some(returned) = self.returned_type(call, function) {
                    return returned;
                }
                format_smolstr!("{name}()")
            }
            ExprKind::Index(base, index) => match index.as_str() {
                Some(key) => format_smolstr!("{}.{key}", self.canonical(base, function, steps - 1)),
                None => self.canonical(base, function, steps - 1),
            },
            // `options.http || axios.create()`: what may be handed in stands in for what is known.
            ExprKind::Either(options) => {
                let mut names =
                    options.iter().map(|o| self.canonical(o, function, steps - 1)).filter(|n| !n.is_empty());
                let first = names.next().unwrap_or_default();
                if first.contains('#') { first } else { names.find(|n| n.contains('#')).unwrap_or(first) }
            }
            ExprKind::Str(_) => "<string>".into(),
            ExprKind::Other(parts) if parts.len() == 1 => self.canonical(&parts[0], function, steps - 1),
            ExprKind::Num(_)
            | ExprKind::Bool(_)
            | ExprKind::Null
            | ExprKind::Concat(_)
            | ExprKind::Object(_)
            | ExprKind::List(_)
            | ExprKind::Lambda(_)
            | ExprKind::Other(_) => SmolStr::default(),
        }
    }

    /// Whether a local variable that hides an import is declared no earlier than on `line`.
    fn before_declaration(&self, name: &str, line: u32, function: usize) -> bool {
        let alone = || self.locals.get(&(function, name)).is_some_and(|b| b.len() == 1);
        let outer = match self.unit.lang {
            Lang::Go => self.imports.contains_key(name),
            // `let redis = redis::Client::open(…)`: the path begins with the crate.
            Lang::Rust => alone() && !self.unit.functions[function].params.iter().any(|p| p.name == name),
            _ => false,
        };
        outer && line > 0 && self.locals.get(&(function, name)).is_some_and(|b| b.iter().all(|b| b.at.end_line >= line))
    }

    /// The declared type of what a function of this file returns.
    fn returned_type(&self, call: &Call, function: usize) -> Option<SmolStr> {
        let own = match call.receiver() {
            None => true,
            Some(base) => matches!(&base.kind, ExprKind::Name(n) if n == "this"),
        };
        if !own {
            return None;
        }
        let owner = &self.unit.functions[function].owner;
        let callee =
            self.unit.functions.iter().find(|f| f.name == call.name() && (f.owner == *owner || f.owner.is_empty()))?;
        (!callee.returns.is_empty()).then(|| self.canonical_type(&callee.returns))
    }

    fn canonical_name(&self, name: &str, function: usize, steps: usize) -> SmolStr {
        if name == "this" {
            return self.unit.functions[function].owner.clone();
        }
        let mut scope = Some(function);
        while let Some(index) = scope {
            if let Some(bindings) = self.locals.get(&(index, name)) {
                if let Some(found) = self.canonical_binding(bindings, steps) {
                    return found;
                }
                return name.into();
            }
            let f = &self.unit.functions[index];
            if let Some(param) = f.params.iter().find(|p| p.name == name) {
                if !param.ty.is_empty() {
                    return self.canonical_type(&param.ty);
                }
                return self.named_after(name).unwrap_or_else(|| name.into());
            }
            scope = f.parent;
        }
        let owner = self.unit.functions[function].owner.as_str();
        if self.unit.lang.implicit_this() && self.has_field(owner, name) {
            return self.canonical_field(name, function, steps);
        }
        if function != 0
            && let Some(bindings) = self.locals.get(&(0, name))
            && let Some(found) = self.canonical_binding(bindings, steps)
        {
            return found;
        }
        if let Some(found) = self.imported(name) {
            return found;
        }
        self.canonical_implicit(name, function, steps).unwrap_or_else(|| name.into())
    }

    /// The type of this file that an untyped parameter is named after: `api_request` for `ApiRequest`. Languages
    /// without stated types keep to that convention.
    fn named_after(&self, name: &str) -> Option<SmolStr> {
        if !matches!(self.unit.lang, Lang::Python | Lang::Ruby) || !name.contains('_') {
            return None;
        }
        let camel: String = name
            .split('_')
            .filter_map(|word| Some(word.chars().next()?.to_uppercase().collect::<String>() + &word[1..]))
            .collect();
        self.type_named(&camel).map(|t| t.name.clone())
    }

    /// The expression that made what an expression is, when it stands in this file: through variables and fields.
    pub fn made_expr(&self, expr: &'a Expr, function: usize) -> Option<(&'a Expr, usize)> {
        self.made(expr, function, MAX_STEPS, |e| e.as_call().is_some())
    }

    /// The call that made what an expression is.
    pub fn maker(&self, expr: &'a Expr, function: usize) -> Option<(&'a Call, usize)> {
        let (made, function) = self.made(expr, function, MAX_STEPS, |e| e.as_call().is_some())?;
        Some((made.as_call()?, function))
    }

    /// The object or list literal that an expression stands for, when it stands in this file.
    pub fn literal(&self, expr: &'a Expr, function: usize) -> Option<(&'a Expr, usize)> {
        self.made(expr, function, MAX_STEPS, |e| matches!(e.kind, ExprKind::Object(_) | ExprKind::List(_)))
    }

    fn made(
        &self,
        expr: &'a Expr,
        function: usize,
        steps: usize,
        accept: fn(&Expr) -> bool,
    ) -> Option<(&'a Expr, usize)> {
        if accept(expr) {
            return Some((expr, function));
        }
        if steps == 0 || !self.name_fuel.enter() {
            return None;
        }
        let found = self.made_of(expr, function, steps, accept);
        self.name_fuel.leave();
        found
    }

    fn made_of(
        &self,
        expr: &'a Expr,
        function: usize,
        steps: usize,
        accept: fn(&Expr) -> bool,
    ) -> Option<(&'a Expr, usize)> {
        let of = |bindings: &Vec<Binding<'a>>| {
            bindings.iter().find_map(|b| self.made(b.value, b.function, steps - 1, accept))
        };
        match &expr.kind {
            ExprKind::Either(options) => options.iter().find_map(|o| self.made(o, function, steps - 1, accept)),
            ExprKind::Name(name) => {
                let mut scope = Some(function);
                while let Some(index) = scope {
                    if let Some(bindings) = self.locals.get(&(index, name.as_str())) {
                        return of(bindings);
                    }
                    let f = &self.unit.functions[index];
                    if f.params.iter().any(|p| p.name == *name) {
                        return None;
                    }
                    scope = f.parent;
                }
                if self.unit.lang.implicit_this()
                    && let Some(found) = self.made_field(name, function, steps, accept)
                {
                    return Some(found);
                }
                self.locals.get(&(0, name.as_str())).and_then(of)
            }
            ExprKind::Member(base, field) if matches!(&base.kind, ExprKind::Name(n) if n == "this") => {
                self.made_field(field, function, steps, accept)
            }
            _ => None,
        }
    }

    /// What a field of the receiver's type was made by.
    fn made_field(
        &self,
        field: &str,
        function: usize,
        steps: usize,
        accept: fn(&Expr) -> bool,
    ) -> Option<(&'a Expr, usize)> {
        let owner = self.unit.functions[function].owner.as_str();
        let bindings = self.fields.get(&(owner, field));
        let assigned = bindings.and_then(|b| b.iter().find_map(|b| self.made(b.value, b.function, steps - 1, accept)));
        assigned.or_else(|| {
            let field = self.type_named(owner)?.fields.iter().find(|f| f.name == *field)?;
            self.made(field.init.as_ref()?, self.scope_of(owner), steps - 1, accept)
        })
    }

    /// A bare name within `x.apply { … }` is a member of `x`, unless it is a function of this file.
    fn canonical_implicit(&self, name: &str, function: usize, steps: usize) -> Option<SmolStr> {
        if self.unit.lang != Lang::Kotlin || name.starts_with(|c: char| c.is_ascii_uppercase()) {
            return None;
        }
        let mut scope = Some(function);
        while let Some(index) = scope {
            if let Some(binding) = self.locals.get(&(index, "<receiver>")).and_then(|b| b.first()) {
                if self.unit.functions.iter().any(|f| f.name == name) {
                    return None;
                }
                let base = self.canonical(binding.value, binding.function, steps.saturating_sub(1));
                return (!base.is_empty()).then(|| format_smolstr!("{base}.{name}"));
            }
            scope = self.unit.functions[index].parent;
        }
        None
    }

    fn canonical_binding(&self, bindings: &[Binding<'a>], steps: usize) -> Option<SmolStr> {
        bindings.iter().find_map(|b| {
            // A stated type wins, unless it says less than the value does.
            if !b.ty.is_empty() && !matches!(b.ty.as_str(), "var" | "auto" | "any" | "let" | "const") {
                return Some(self.canonical_type(b.ty));
            }
            let found = self.canonical(b.value, b.function, steps - 1);
            (!found.is_empty()).then_some(found)
        })
    }

    pub(crate) fn has_field(&self, owner: &str, name: &str) -> bool {
        self.fields.contains_key(&(owner, name))
            || self.type_named(owner).is_some_and(|t| t.fields.iter().any(|f| f.name == name))
    }

    fn canonical_field(&self, name: &str, function: usize, steps: usize) -> SmolStr {
        let owner = self.unit.functions[function].owner.as_str();
        if let Some(field) = self.type_named(owner).and_then(|t| t.fields.iter().find(|f| f.name == name)) {
            if !field.ty.is_empty() {
                return self.canonical_type(&field.ty);
            }
            if let Some(init) = &field.init {
                let found = self.canonical(init, self.scope_of(owner), steps.saturating_sub(1));
                if !found.is_empty() {
                    return found;
                }
            }
        }
        if let Some(bindings) = self.fields.get(&(owner, name))
            && let Some(found) = self.canonical_binding(bindings, steps)
        {
            return found;
        }
        format_smolstr!("{owner}.{name}")
    }

    /// A type as written to its canonical name.
    pub fn canonical_type(&self, ty: &str) -> SmolStr {
        if self.unit.lang == Lang::CSharp
            && let Some(found) = csharp::canonical_type(ty)
        {
            return found;
        }
        let plain = crate::lang::plain_type(ty);
        match plain.split_once('.').or_else(|| plain.split_once("::")) {
            // Go `http.Client`, Python `httpx.AsyncClient`, Rust `reqwest::Client`.
            Some((module, rest)) => match self.imported(module) {
                Some(path) if path.ends_with('#') => {
                    format_smolstr!("{path}{}", rest.replace("::", "."))
                }
                Some(path) => format_smolstr!("{path}.{}", rest.replace("::", ".")),
                None => plain.replace("::", ".").into(),
            },
            None => match self.imported(&plain) {
                Some(path) if self.unit.lang == Lang::Script && is_local_module(&path) => {
                    format_smolstr!("{path}{plain}")
                }
                Some(path) => path,
                None => plain,
            },
        }
    }

    /// What an imported name stands for: `path#` for a module, `path#name` for a member of one. Types of languages
    /// whose imports name types stay simple.
    fn imported(&self, name: &str) -> Option<SmolStr> {
        let import = &self.unit.imports[*self.imports.get(name)?];
        match self.unit.lang {
            Lang::Java | Lang::Kotlin | Lang::Scala | Lang::CSharp | Lang::Php | Lang::Cpp => {
                Some(import.name.clone().unwrap_or_else(|| import.alias.clone()))
            }
            Lang::Python | Lang::Script | Lang::Go | Lang::Rust | Lang::Ruby | Lang::Elixir => match &import.name {
                Some(member) => Some(format_smolstr!("{}#{member}", import.path)),
                None => Some(format_smolstr!("{}#", import.path)),
            },
        }
    }
}

/// The module of `require("module")` and `import("module")`.
fn required(call: &Call) -> Option<SmolStr> {
    match &call.callee.kind {
        ExprKind::Name(name) if matches!(name.as_str(), "require" | "import") => call.arg(0)?.as_str().cloned(),
        _ => None,
    }
}

/// `./orders#`: a whole module of this workspace rather than of a package.
fn is_local_module(canonical: &str) -> bool {
    canonical.ends_with('#')
        && (canonical.starts_with(['.', '~', '/']) || canonical.starts_with("@/") || canonical.starts_with("src/"))
}
