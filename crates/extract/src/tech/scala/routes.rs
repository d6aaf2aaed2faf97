//! Routes that Scala's servers put together of values: Akka HTTP's and Pekko HTTP's directives, patterns of http4s, ZIO HTTP
//! and Play's router, ZIO HTTP's route patterns. See `routes.md`.
//!
//! A route is a value that others are made of. Where it is used in this file, it is read there, below what stands around the
//! use; what another file gives is mounted.

use super::read::{SCALA, chain, endpoint, verb};
use crate::code::Code;
use crate::code::ir::{BlockKind, Call, Expr, ExprKind, Stmt};
use crate::tech::paths::{join, rooted};
use crate::{Extractor, Reads, Sink};
use seam_facts::{Claim, Mount, SmolStr, Span, Value, format_smolstr};
use std::collections::BTreeSet;

pub static EXTRACTOR: Extractor = Extractor {
    id: "scala-routes",
    version: 1,
    page: include_str!("routes.md"),
    reads: Reads::Code { langs: SCALA, extract },
};

/// Work that one file may cost: values that are made of one another branch.
const FUEL: usize = 20_000;

/// Where a value stands that routes are made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Root {
    Function(usize),
    Field(usize, usize),
    Local(usize, SmolStr),
}

#[derive(Clone, Default)]
struct Place {
    prefix: Value,
    method: Option<SmolStr>,
    /// Something around takes routes.
    inside: bool,
}

impl Place {
    fn below(&self, path: Value) -> Place {
        Place { prefix: join(self.prefix.clone(), path), inside: true, ..self.clone() }
    }
}

struct Found {
    root: Root,
    place: Place,
    within: SmolStr,
    at: Span,
    /// A router of another file rather than an endpoint.
    mounts: Option<SmolStr>,
}

struct Walker<'c, 'a> {
    code: &'c Code<'a>,
    akka: bool,
    patterns: bool,
    root: Root,
    open: Vec<Root>,
    used: BTreeSet<Root>,
    found: Vec<Found>,
    fuel: usize,
}

fn extract(code: &Code<'_>, sink: &mut Sink) {
    let akka = code.imports("akka.http") || code.imports("org.apache.pekko.http");
    let patterns =
        ["org.http4s", "zio.http", "zhttp", "play.api.routing.sird", "cats.effect"].iter().any(|p| code.imports(p));
    if !akka && !patterns {
        return;
    }
    let root = Root::Function(0);
    let mut walker =
        Walker { code, akka, patterns, root, open: Vec::new(), used: BTreeSet::new(), found: Vec::new(), fuel: FUEL };
    for (index, function) in code.unit.functions.iter().enumerate() {
        if function.name != "<lambda>" {
            walker.root = Root::Function(index);
            walker.body(&function.body, index, &Place::default());
        }
    }
    for (t, ty) in code.unit.types.iter().enumerate() {
        for (f, init) in ty.fields.iter().enumerate().filter_map(|(f, field)| Some((f, field.init.as_ref()?))) {
            walker.root = Root::Field(t, f);
            walker.visit(init, code.scope_of(&ty.name), &Place::default());
        }
    }
    let Walker { used, found, .. } = walker;
    for found in found.into_iter().filter(|f| !used.contains(&f.root)) {
        let router = symbol(code, &found.root);
        match found.mounts {
            Some(mounted) => {
                let mount = Mount { router: mounted, prefix: found.place.prefix, on: router.unwrap_or_default() };
                sink.stated(Claim::Mount(mount), found.at);
            }
            None => endpoint(found.place.method, found.place.prefix, found.within, router, found.at, sink),
        }
    }
}

/// What other files call the value: `OrderRoutes.routes`.
fn symbol(code: &Code<'_>, root: &Root) -> Option<SmolStr> {
    let (owner, name) = match root {
        Root::Function(index) => (&code.function(*index).owner, &code.function(*index).name),
        Root::Field(ty, field) => (&code.unit.types[*ty].name, &code.unit.types[*ty].fields[*field].name),
        Root::Local(..) => return None,
    };
    // A router that is applied or that is a function of requests is known by its type.
    let own = name == "apply" || name.starts_with('<');
    (!owner.is_empty()).then(|| if own { owner.clone() } else { format_smolstr!("{owner}.{name}") })
}

impl<'c, 'a> Walker<'c, 'a>
where
    'a: 'c,
{
    fn body(&mut self, stmts: &'a [Stmt], function: usize, place: &Place) -> bool {
        let mut any = false;
        for stmt in stmts {
            match stmt {
                Stmt::Assign { target: Expr { kind: ExprKind::Name(name), .. }, value, .. } => {
                    let outer = std::mem::replace(&mut self.root, Root::Local(function, name.clone()));
                    self.visit(value, function, &Place::default());
                    self.root = outer;
                }
                Stmt::Assign { value, .. } => any |= self.visit(value, function, place),
                Stmt::Expr(expr) | Stmt::Return(expr) => any |= self.visit(expr, function, place),
                Stmt::Block { kind, head, body, span } => {
                    if let (BlockKind::Branch, Some(head), true) = (kind, head, self.patterns)
                        && let Some((method, path)) = matched(self.code, head, function)
                    {
                        let place = Place { method, ..place.below(path) };
                        self.state(&place, function, *span);
                        any = true;
                        continue;
                    }
                    any |= self.body(body, function, place);
                }
                Stmt::Leave(..) => {}
            }
        }
        any
    }

    fn state(&mut self, place: &Place, function: usize, at: Span) {
        let within = self.code.within(function);
        self.found.push(Found { root: self.root.clone(), place: place.clone(), within, at, mounts: None });
    }

    /// Reads what an expression adds below `place`; says whether there is an endpoint in it.
    fn visit(&mut self, expr: &'a Expr, function: usize, place: &Place) -> bool {
        if self.fuel == 0 || self.open.len() > 12 {
            return false;
        }
        self.fuel -= 1;
        match &expr.kind {
            ExprKind::Lambda(index) => {
                let code = self.code;
                self.body(&code.unit.functions[*index].body, *index, place)
            }
            ExprKind::Name(name) => match self.named(name, function) {
                Some(root) => self.inline(root, place),
                None => false,
            },
            ExprKind::Member(base, name) => {
                if matches!(&base.kind, ExprKind::Name(n) if n == "this")
                    && let Some(root) = self.named(name, function)
                {
                    return self.inline(root, place);
                }
                self.elsewhere(base, name, expr, function, place) || self.visit(base, function, place)
            }
            ExprKind::Call(call) => self.called(call, expr, function, place),
            _ => {
                let mut any = false;
                for child in expr.children() {
                    any |= self.visit(child, function, place);
                }
                any
            }
        }
    }

    fn inline(&mut self, root: Root, place: &Place) -> bool {
        if self.open.contains(&root) || self.root == root {
            return false;
        }
        self.used.insert(root.clone());
        self.open.push(root.clone());
        let code = self.code;
        let any = match &root {
            Root::Function(index) => self.body(&code.unit.functions[*index].body, *index, place),
            Root::Field(ty, field) => {
                let ty = &code.unit.types[*ty];
                ty.fields[*field].init.as_ref().is_some_and(|init| self.visit(init, code.scope_of(&ty.name), place))
            }
            Root::Local(at, name) => {
                let mut found: Vec<&'a Expr> = Vec::new();
                locals(&code.unit.functions[*at].body, name, &mut found);
                found.into_iter().fold(false, |any, value| self.visit(value, *at, place) | any)
            }
        };
        self.open.pop();
        any
    }

    /// The value of this file that a name stands for.
    fn named(&self, name: &str, function: usize) -> Option<Root> {
        let unit = self.code.unit;
        let mut scope = Some(function);
        while let Some(index) = scope {
            let mut found = Vec::new();
            locals(&unit.functions[index].body, name, &mut found);
            if !found.is_empty() {
                return Some(Root::Local(index, name.into()));
            }
            if unit.functions[index].params.iter().any(|p| p.name == name) {
                return None;
            }
            scope = unit.functions[index].parent;
        }
        self.member(&unit.functions[function].owner, name)
    }

    fn member(&self, owner: &str, name: &str) -> Option<Root> {
        let unit = self.code.unit;
        if let Some(ty) = unit.types.iter().position(|t| t.name == owner)
            && let Some(field) = unit.types[ty].fields.iter().position(|f| f.name == name && f.init.is_some())
        {
            return Some(Root::Field(ty, field));
        }
        let index = unit.functions.iter().position(|f| f.name == name && f.owner == owner && !f.body.is_empty());
        index.map(Root::Function)
    }

    /// `orderRoutes.routes`: of a type of this file, or of another's.
    fn elsewhere(&mut self, base: &Expr, name: &str, expr: &Expr, function: usize, place: &Place) -> bool {
        let origin = self.code.origin(base, function);
        let ty = origin.rsplit('.').next().unwrap_or(&origin);
        if let Some(root) = self.member(ty, name) {
            return self.inline(root, place);
        }
        let said = name.to_ascii_lowercase();
        let routes =
            ["route", "router", "endpoint", "service", "httpapp"].iter().any(|w| said.contains(w)) || said == "apply";
        let foreign = ty.starts_with(|c: char| c.is_ascii_uppercase()) && !ty.contains('(');
        if !(place.inside && routes && foreign) {
            return false;
        }
        let mounted = if said == "apply" { ty.into() } else { format_smolstr!("{ty}.{name}") };
        let within = self.code.within(function);
        self.found.push(Found {
            root: self.root.clone(),
            place: place.clone(),
            within,
            at: expr.span,
            mounts: Some(mounted),
        });
        true
    }

    fn all(&mut self, args: impl Iterator<Item = &'a Expr>, function: usize, place: &Place) -> bool {
        let mut any = false;
        for arg in args {
            any |= self.visit(arg, function, place);
        }
        any
    }

    fn called(&mut self, call: &'a Call, expr: &'a Expr, function: usize, place: &Place) -> bool {
        let args = || call.args.iter().map(|a| &a.value);
        let name = call.name();
        if self.patterns {
            // `Method.GET / "orders" / int("id") -> handler { … }`, `Endpoint(Method.GET / "orders")`.
            let pattern = match name {
                "->" => call.receiver(),
                "Endpoint" => call.arg(0),
                _ => None,
            };
            if let Some((method, path)) = pattern.and_then(|p| route_pattern(self.code, p, function)) {
                let place = Place { method: Some(method), ..place.below(path) };
                self.state(&place, function, expr.span);
                return true;
            }
            // `Router("/api" -> routes)`, `Mount("/api", routes)`.
            if name == "Router" {
                let mut any = false;
                for arg in args() {
                    match &arg.kind {
                        ExprKind::Object(entries) => {
                            for (prefix, routes) in entries {
                                any |= self.visit(routes, function, &place.below(Value::text(prefix.clone())));
                            }
                        }
                        ExprKind::Call(pair) if pair.name() == "->" => {
                            let prefix = pair.receiver().map(|p| self.code.value(p, function)).unwrap_or_default();
                            any |= self.all(pair.args.iter().map(|a| &a.value), function, &place.below(prefix));
                        }
                        _ => any |= self.visit(arg, function, &place.below(Value::default())),
                    }
                }
                return any;
            }
            if matches!(name, "nest") && call.receiver().is_some() {
                let prefix = call.receiver().map(|p| segments(self.code, p, function)).unwrap_or_default();
                return self.all(args(), function, &place.below(prefix));
            }
        }
        if self.akka
            && let Some(found) = self.directive(call, expr, function, place)
        {
            return found;
        }
        if let Some(base) = call.receiver()
            && self.elsewhere(base, name, expr, function, place)
        {
            return true;
        }
        // A function of this file gives routes, `orderRoutes(service)`.
        if let ExprKind::Name(called) = &call.callee.kind {
            if let Some(root @ Root::Function(_)) = self.named(called, function) {
                return self.inline(root, place) | self.all(args(), function, place);
            }
            // `OrderRoutes(service)` is what its `apply` gives.
            if let Some(root) = self.member(called, "apply") {
                return self.inline(root, place) | self.all(args(), function, place);
            }
        }
        let combined = matches!(name, "~" | "<+>" | "++" | "orElse" | "concat" | "<~>" | "or");
        let place = if combined { Place { inside: true, ..place.clone() } } else { place.clone() };
        let before = call.receiver().is_some_and(|r| self.visit(r, function, &place));
        self.all(args(), function, &place) | before
    }

    /// Akka HTTP: a directive with what is inside it; `None` for anything else.
    fn directive(&mut self, call: &'a Call, expr: &'a Expr, function: usize, place: &Place) -> Option<bool> {
        let called = match &call.callee.kind {
            // `(get & path("orders")) { … }`.
            ExprKind::Call(both) if both.name() == "&" => {
                let mut place = place.clone();
                let mut operands = Vec::new();
                chain(&call.callee, &["&"], &mut operands);
                let mut known = false;
                for (_, operand) in operands {
                    if let Some(next) = self.within(operand, function, &place) {
                        (place, known) = (next, true);
                    }
                }
                return known.then(|| self.inner(call.args.iter().map(|a| &a.value), expr, function, &place, true));
            }
            ExprKind::Name(name) => name.as_str(),
            ExprKind::Member(base, name) if base.path().is_some_and(|p| p.ends_with("Directives")) => name.as_str(),
            _ => return None,
        };
        if called == "concat" {
            let place = Place { inside: true, ..place.clone() };
            return Some(self.all(call.args.iter().map(|a| &a.value), function, &place));
        }
        // What is matched stands before what is inside; a directive alone is no route.
        let matching = matches!(called, "path" | "pathPrefix" | "rawPathPrefix" | "method");
        let place = self.within(expr, function, place)?;
        let inner = call.args.iter().map(|a| &a.value).skip(usize::from(matching));
        let ends =
            called.starts_with("path") && called != "pathPrefix" || verb_of(called).is_some() || called == "method";
        if call.args.len() <= usize::from(matching) {
            return Some(false);
        }
        Some(self.inner(inner, expr, function, &place, ends || place.method.is_some()))
    }

    fn inner(
        &mut self,
        args: impl Iterator<Item = &'a Expr>,
        expr: &Expr,
        function: usize,
        place: &Place,
        ends: bool,
    ) -> bool {
        let found = self.all(args, function, place);
        if !found && ends {
            self.state(place, function, expr.span);
        }
        found || ends
    }

    /// The place within a directive.
    fn within(&self, directive: &Expr, function: usize, place: &Place) -> Option<Place> {
        let (name, first) = match &directive.kind {
            ExprKind::Name(name) => (name.as_str(), None),
            ExprKind::Call(call) => (call.name(), call.arg(0)),
            _ => return None,
        };
        match name {
            "path" | "pathPrefix" | "rawPathPrefix" => {
                let matcher = first.filter(|e| !matches!(e.kind, ExprKind::Lambda(_)))?;
                Some(place.below(matcher_path(self.code, matcher, function, 8)))
            }
            "pathEnd" | "pathEndOrSingleSlash" | "pathSingleSlash" => Some(place.below(Value::default())),
            "method" => Some(Place { method: first.and_then(verb), inside: true, ..place.clone() }),
            _ => verb_of(name).map(|method| Place { method: Some(method), inside: true, ..place.clone() }),
        }
    }
}

fn verb_of(name: &str) -> Option<SmolStr> {
    matches!(name, "get" | "post" | "put" | "delete" | "patch" | "head" | "options").then(|| name.to_uppercase().into())
}

/// What is assigned to a name in these statements.
fn locals<'s>(stmts: &'s [Stmt], name: &str, out: &mut Vec<&'s Expr>) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign { target: Expr { kind: ExprKind::Name(n), .. }, value, .. } if n == name => out.push(value),
            Stmt::Block { body, .. } => locals(body, name, out),
            Stmt::Assign { .. } | Stmt::Expr(_) | Stmt::Return(_) | Stmt::Leave(..) => {}
        }
    }
}

/// A matcher of Akka HTTP as a path: `"orders" / LongNumber / Remaining`.
fn matcher_path(code: &Code<'_>, expr: &Expr, function: usize, steps: usize) -> Value {
    let parameter = || Value::text("{id}");
    match &expr.kind {
        ExprKind::Str(text) => Value::text(text.clone()),
        ExprKind::Call(call) if steps > 0 && matches!(call.name(), "/" | "~") && call.args.len() == 1 => {
            let left = call.receiver().map(|r| matcher_path(code, r, function, steps - 1)).unwrap_or_default();
            let right = call.arg(0).map(|r| matcher_path(code, r, function, steps - 1)).unwrap_or_default();
            if call.name() == "/" { join(left, right) } else { left.then(right) }
        }
        ExprKind::Call(call) if call.name() == "separateOnSlashes" => {
            call.arg(0).map(|a| code.value(a, function)).unwrap_or_default()
        }
        // `Segment.map(…)`, `"x".?`, `LongNumber(…)`.
        ExprKind::Call(call) => match call.receiver() {
            Some(base) if steps > 0 => matcher_path(code, base, function, steps - 1),
            _ => parameter(),
        },
        ExprKind::Name(name) => match name.as_str() {
            "Remaining" | "RemainingPath" | "Segments" => Value::text("*"),
            "Slash" | "PathEnd" | "Neutral" => Value::default(),
            "Segment" | "LongNumber" | "IntNumber" | "JavaUUID" | "HexIntNumber" | "HexLongNumber" | "DoubleNumber" => {
                parameter()
            }
            _ => constant(code, expr, function).unwrap_or_else(parameter),
        },
        ExprKind::Member(base, name) if steps > 0 && matches!(name.as_str(), "?" | "r") => match name.as_str() {
            "r" => parameter(),
            _ => matcher_path(code, base, function, steps - 1),
        },
        _ => constant(code, expr, function).unwrap_or_else(parameter),
    }
}

/// What a name stands for, where that is a text, or something that another file says.
fn constant(code: &Code<'_>, expr: &Expr, function: usize) -> Option<Value> {
    let value = code.value(expr, function);
    let known = value.as_text().is_some() || expr.path().is_some_and(|p| p.contains('.'));
    (known && !value.is_empty()).then_some(value)
}

/// `Method.GET / "orders" / int("id")`.
fn route_pattern(code: &Code<'_>, expr: &Expr, function: usize) -> Option<(SmolStr, Value)> {
    let mut parts = Vec::new();
    chain(expr, &["/", "??"], &mut parts);
    let (_, first) = parts.first()?;
    let method = verb(first)?;
    let path = parts
        .iter()
        .skip(1)
        .filter(|(op, _)| *op != "??")
        .fold(Value::default(), |path, (_, part)| join(path, segment(code, part, function)));
    Some((method, rooted(path)))
}

/// The path of `"api" / "v1"`, `literal("api")`.
fn segments(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    let mut parts = Vec::new();
    chain(expr, &["/"], &mut parts);
    parts.into_iter().fold(Value::default(), |path, (_, part)| join(path, segment(code, part, function)))
}

fn segment(code: &Code<'_>, expr: &Expr, function: usize) -> Value {
    match &expr.kind {
        ExprKind::Str(text) => Value::text(text.clone()),
        ExprKind::Call(call) if call.name() == "literal" => {
            call.arg(0).map(|a| code.value(a, function)).unwrap_or_default()
        }
        ExprKind::Call(call) => match call.arg(0).and_then(Expr::as_str) {
            Some(name) => Value::text(format!("{{{name}}}")),
            None => Value::text("{id}"),
        },
        ExprKind::Name(name) | ExprKind::Member(_, name) if name == "trailing" => Value::text("*"),
        ExprKind::Name(name) if matches!(name.as_str(), "Root" | "!!" | "Empty") => Value::default(),
        _ => constant(code, expr, function).unwrap_or_else(|| Value::text("{id}")),
    }
}

/// `GET -> Root / "orders" / IntVar(id)`, `Method.GET -> !! / "orders"`, `GET(p"/orders/$id")`.
fn matched(code: &Code<'_>, pattern: &Expr, function: usize) -> Option<(Option<SmolStr>, Value)> {
    if let ExprKind::Index(method, parts) = &pattern.kind
        && let (Some(method), ExprKind::List(parts)) = (verb(method), &parts.kind)
    {
        let path = parts.iter().find_map(|part| match &part.kind {
            ExprKind::Index(by, text) if matches!(&by.kind, ExprKind::Name(n) if n == "p") => Some(text),
            _ => None,
        })?;
        let ExprKind::List(text) = &path.kind else { return None };
        return Some((Some(method), sird(text.first()?)));
    }
    let mut parts = Vec::new();
    chain(pattern, &["->", "/", ":?", "+&", "/:", "as"], &mut parts);
    let (_, first) = parts.first()?;
    let any = matches!(&first.kind, ExprKind::Name(n) if n == "_" || n.starts_with(char::is_lowercase));
    let method = match verb(first) {
        Some(method) => Some(method),
        None if matches!(first.kind, ExprKind::Either(_)) || any => None,
        None => return None,
    };
    let (arrow, root) = parts.get(1)?;
    if *arrow != "->" {
        return None;
    }
    let rooted_at = matches!(&root.kind, ExprKind::Name(n) if n == "Root" || n == "!!" || n == "Empty");
    // `case GET -> "api" /: rest`.
    let slashed = parts.iter().any(|(op, _)| *op == "/:");
    if !rooted_at && !slashed {
        return None;
    }
    let mut path = Value::default();
    for (op, part) in parts.iter().skip(if rooted_at { 2 } else { 1 }) {
        let part = match (*op, &part.kind) {
            (":?" | "+&" | "as", _) => break,
            ("/:", ExprKind::Name(n)) if n.starts_with(char::is_lowercase) => Value::text("*"),
            (_, ExprKind::Str(text)) => Value::text(text.clone()),
            (_, ExprKind::Index(ty, inner)) => Value::text(format!("{{{}}}", bound(ty, inner))),
            (_, ExprKind::Name(name)) if name.starts_with(|c: char| c.is_lowercase()) => {
                Value::text(format!("{{{name}}}"))
            }
            _ => constant(code, part, function).unwrap_or_else(|| Value::text("{id}")),
        };
        path = join(path, part);
    }
    Some((method, rooted(path)))
}

fn bound(ty: &Expr, inner: &Expr) -> SmolStr {
    match &inner.kind {
        ExprKind::List(parts) => match parts.first().map(|p| &p.kind) {
            Some(ExprKind::Name(name)) if name != "_" => name.clone(),
            _ => ty.path().unwrap_or_default().to_ascii_lowercase().into(),
        },
        _ => "id".into(),
    }
}

/// `p"/orders/$id"`, `p"/files/$rest*"`.
fn sird(text: &Expr) -> Value {
    let ExprKind::Concat(parts) = &text.kind else {
        return text.as_str().map(|t| Value::text(t.clone())).unwrap_or_default();
    };
    let mut out = String::new();
    for part in parts {
        match &part.kind {
            ExprKind::Str(text) if text.starts_with('*') && out.ends_with('}') => {
                out.truncate(out.rfind('{').unwrap_or(0));
                out.push_str(text);
            }
            // A pattern after a name: `$id<[0-9]+>`.
            ExprKind::Str(text) if text.starts_with('<') => {
                out.push_str(text.split_once('>').map_or("", |(_, rest)| rest))
            }
            ExprKind::Str(text) => out.push_str(text),
            ExprKind::Name(name) => out.push_str(&format!("{{{name}}}")),
            ExprKind::Call(call) => {
                let name = call.arg(0).and_then(Expr::path).unwrap_or_else(|| "id".into());
                out.push_str(&format!("{{{name}}}"));
            }
            _ => out.push_str("{id}"),
        }
    }
    Value::text(out)
}
