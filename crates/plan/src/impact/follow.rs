//! Walks one file's outline, says of what type each expression is, and notes where an element is named.

use super::names::{self, Role};
use super::schema::{Element, Method};
use super::world::{Ty, World, folder};
use super::{Certainty, Reference, Use};
use seam_extract::lang::Lang;
use seam_extract::outline::{Argument, Entry, Expr, Function, Kind, Slot, Step};
use std::collections::{BTreeMap, BTreeSet, HashMap};

pub struct Follow<'w, 'a> {
    pub world: &'w World<'a>,
    pub file: usize,
    lang: Lang,
    wanted: &'w BTreeSet<Element>,
    scopes: Vec<HashMap<String, Ty>>,
    out: &'w mut BTreeMap<(u32, Element), Reference>,
    /// Names of which the type that they are taken from is known.
    pub known: BTreeSet<(u32, String)>,
    /// Methods of services that functions of the same name hand on to, or are handed on by.
    pub facades: BTreeSet<Element>,
    /// The function being read: its name, and the methods that it serves.
    current: (String, Vec<(usize, usize)>),
    /// The type that the function being read is a member of.
    owner: Ty,
}

impl<'w, 'a> Follow<'w, 'a> {
    pub fn new(
        world: &'w World<'a>,
        file: usize,
        wanted: &'w BTreeSet<Element>,
        out: &'w mut BTreeMap<(u32, Element), Reference>,
    ) -> Self {
        let lang = world.files[file].outline.lang;
        Follow {
            world,
            file,
            lang,
            wanted,
            scopes: vec![HashMap::new()],
            out,
            known: BTreeSet::new(),
            facades: BTreeSet::new(),
            current: Default::default(),
            owner: Ty::Unknown,
        }
    }

    pub fn run(&mut self) {
        let world = self.world;
        let outline = world.files[self.file].outline;
        self.mentions();
        self.mirrors();
        for ty in &outline.types {
            for method in &ty.methods {
                let serves = self.implements(self.file, method);
                for (service, index) in &serves {
                    self.rpc(*service, *index, method.line, Use::Declares);
                }
                if serves.is_empty() {
                    self.facade(&method.name, method.line, Use::Declares);
                }
            }
        }
        self.steps(&outline.top);
        for function in &outline.functions {
            self.function(function);
        }
    }

    /// Types of names of the top level, for other files of the package.
    pub fn top(&mut self) -> HashMap<String, Ty> {
        let outline = self.world.files[self.file].outline;
        self.steps(&outline.top);
        self.scopes.swap_remove(0)
    }

    fn mentions(&mut self) {
        let world = self.world;
        let own = world.own_sources(self.file);
        for mention in &world.files[self.file].outline.mentions {
            let found = if mention.qualifier.is_empty() {
                world.mentioned(own, &mention.name)
            } else {
                let import = world.import(self.file, &mention.qualifier);
                import.and_then(|i| world.mentioned(&world.modules[self.file][i].sources, &mention.name))
            };
            if let Some(element) = found {
                self.note(element, mention.line, Certainty::Sure, Use::Names);
            }
        }
    }

    fn note(&mut self, element: Element, line: u32, certainty: Certainty, what: Use) {
        if !self.wanted.contains(&element) {
            return;
        }
        let path = self.world.files[self.file].path;
        let new = Reference { path: path.to_owned(), line, element: element.clone(), certainty, what };
        match self.out.entry((line, element)) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(new);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                if certainty > entry.get().certainty {
                    entry.insert(new);
                }
            }
        }
    }

    fn field(&mut self, message: usize, field: usize, line: u32, what: Use) {
        let message = &self.world.schema.messages[message];
        let element = Element::Field(message.full.clone(), message.fields[field].name.clone());
        self.note(element, line, Certainty::Sure, what);
    }

    fn rpc(&mut self, service: usize, method: usize, line: u32, what: Use) {
        let service = &self.world.schema.services[service];
        let element = Element::Rpc(service.full.clone(), service.methods[method].name.clone());
        self.note(element, line, Certainty::Sure, what);
    }

    fn function(&mut self, function: &Function) {
        let outer = self.owner.clone();
        if !function.owner.is_empty() {
            self.owner = self.world.named(self.file, &function.owner);
        }
        self.scopes.push(HashMap::new());
        if !function.receiver.is_empty() {
            let owner = self.owner.clone();
            self.set(&function.receiver, owner);
        }
        self.params(&function.params);
        for result in function.results.iter().filter(|r| !r.name.is_empty()) {
            let ty = self.world.ty(self.file, &result.ty);
            self.set(&result.name, ty);
        }
        let outside = self.current.clone();
        if !function.owner.is_empty() {
            let serves = self.implements(self.file, function);
            for (service, method) in &serves {
                self.rpc(*service, *method, function.line, Use::Serves);
            }
            if serves.is_empty() {
                self.facade(&function.name, function.line, Use::Serves);
            }
            self.current = (function.name.to_string(), serves);
        }
        self.steps(&function.body);
        self.scopes.pop();
        self.current = outside;
        self.owner = outer;
    }

    /// A function of the workspace that is called as a method of a service, where such hand on to each other.
    fn facade(&mut self, name: &str, line: u32, what: Use) {
        let world = self.world;
        let Some(named) = world.spellings(self.lang).and_then(|s| s.rpcs.get(name)) else { return };
        for (service, method) in named {
            let of = &world.schema.services[*service];
            let element = Element::Rpc(of.full.clone(), of.methods[*method].name.clone());
            if world.facades.contains(&element) {
                self.note(element, line, Certainty::Likely, what);
            }
        }
    }

    fn params(&mut self, params: &[Slot]) {
        for param in params {
            let ty = self.world.ty(self.file, &param.ty);
            self.set(&param.name, ty);
        }
    }

    /// The methods of services that a method of a type has the name and the messages of.
    fn implements(&self, file: usize, function: &Function) -> Vec<(usize, usize)> {
        let world = self.world;
        let named = world.spellings(self.lang).and_then(|s| s.rpcs.get(function.name.as_str()));
        let Some(named) = named else { return Vec::new() };
        let mut out = Vec::new();
        let takes: Vec<Ty> = function.params.iter().map(|p| world.ty(file, &p.ty)).collect();
        let gives: Vec<Ty> = function.results.iter().map(|p| world.ty(file, &p.ty)).collect();
        for (service, index) in named {
            if fits(&world.schema.services[*service].methods[*index], &takes, &gives, (*service, *index)) {
                out.push((*service, *index));
            }
        }
        out
    }

    fn set(&mut self, name: &str, ty: Ty) {
        if name.is_empty() || name == "_" {
            return;
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name.to_owned(), ty);
        }
    }

    fn look(&self, name: &str) -> Option<&Ty> {
        self.scopes.iter().rev().find_map(|s| s.get(name))
    }

    fn steps(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Bind { names, ty, values, each } => self.bind(names, ty, values, *each),
                Step::Do(expr) => {
                    self.expr(expr, &Ty::Unknown);
                }
                Step::Return(values) => {
                    for value in values {
                        self.expr(value, &Ty::Unknown);
                    }
                }
                Step::Scope(inner) => {
                    self.scopes.push(HashMap::new());
                    self.steps(inner);
                    self.scopes.pop();
                }
            }
        }
    }

    fn bind(&mut self, names: &[(seam_facts::SmolStr, u32)], ty: &str, values: &[Expr], each: bool) {
        let stated = if ty.is_empty() { Ty::Unknown } else { self.world.ty(self.file, ty) };
        let given: Vec<Ty> = values.iter().map(|v| self.expr(v, &stated)).collect();
        let given = match given.as_slice() {
            [Ty::Tuple(parts)] if names.len() > 1 => parts.clone(),
            [one] if each && self.lang == Lang::Go && names.len() == 2 => vec![Ty::Other, one.clone()],
            _ => given,
        };
        for (index, (name, _)) in names.iter().enumerate() {
            let value = given.get(index).cloned();
            let value = match value {
                Some(Ty::Tuple(parts)) => parts.into_iter().next(),
                other => other,
            };
            let ty = match (&stated, value) {
                (Ty::Unknown, Some(value)) => value,
                (Ty::Unknown, None) if values.is_empty() => Ty::Unknown,
                (Ty::Unknown, None) => Ty::Other,
                (stated, _) => stated.clone(),
            };
            // What is not known does not hide what is.
            if ty == Ty::Unknown && self.look(name).is_some_and(|t| *t != Ty::Unknown) {
                continue;
            }
            let known = self.scopes.iter_mut().rev().find_map(|s| s.get_mut(name.as_str()));
            match known {
                Some(slot) if *slot == Ty::Unknown => *slot = ty,
                _ => self.set(name, ty),
            }
        }
    }

    fn expr(&mut self, expr: &Expr, expected: &Ty) -> Ty {
        match &expr.kind {
            Kind::Name(name) => self.name(name),
            Kind::Member(base, name) => {
                let base = self.expr(base, &Ty::Unknown);
                self.member(&base, name, expr.line)
            }
            Kind::Call(callee, arguments) => self.call(callee, arguments),
            Kind::Make { ty, entries, items } => self.make(ty, entries, items, expected),
            Kind::As(inner, ty) => {
                let inner = self.expr(inner, &Ty::Unknown);
                match self.world.ty(self.file, ty) {
                    Ty::Unknown => inner,
                    ty => ty,
                }
            }
            Kind::Item(base, index) => {
                let base = self.expr(base, &Ty::Unknown);
                self.expr(index, &Ty::Unknown);
                base
            }
            Kind::Closure(function) => {
                let results = self.world.results(self.file, function);
                self.function(function);
                results
            }
            Kind::Type(ty) => self.world.ty(self.file, ty),
            Kind::Text(text) => {
                self.text(text, expr.line);
                Ty::Other
            }
            Kind::Any(parts) => {
                for part in parts {
                    self.expr(part, &Ty::Unknown);
                }
                Ty::Unknown
            }
        }
    }

    /// `/shop.v1.Orders/Get`.
    fn text(&mut self, text: &str, line: u32) {
        let Some((service, method)) = text.trim_start_matches('/').split_once('/') else { return };
        let element = Element::Rpc(service.to_owned(), method.to_owned());
        self.note(element, line, Certainty::Sure, Use::Names);
    }

    fn name(&mut self, name: &str) -> Ty {
        if let Some(ty) = self.look(name) {
            return ty.clone();
        }
        let world = self.world;
        if let Some(ty) = world.top.get(&(folder(world.files[self.file].path), name)) {
            return ty.clone();
        }
        if let Some((file, function)) = world.function(self.file, name) {
            return world.results(file, function);
        }
        if let Some(import) = world.import(self.file, name) {
            return Ty::Module(import);
        }
        match world.named(self.file, name) {
            Ty::Unknown if matches!(name, "nil" | "true" | "false" | "len" | "string") => Ty::Other,
            ty => ty,
        }
    }

    /// What `base.name` is; notes the element that it names.
    fn member(&mut self, base: &Ty, name: &str, line: u32) -> Ty {
        if self.lang != Lang::Go && self.other(base, name) {
            self.known.insert((line, name.to_owned()));
        }
        match base {
            Ty::Message(message) => self.of_message(*message, name, line),
            Ty::Service(service) => self.of_service(*service, name, line),
            Ty::Stream(service, method, server) => self.of_stream(*service, *method, *server, name),
            Ty::Wrapper(message, field) => {
                let of = &self.world.schema.messages[*message].fields[*field];
                if names::go(&of.name) == name {
                    self.field(*message, *field, line, Use::Reads);
                }
                self.world.held(of.held)
            }
            Ty::Local(ty) => self.of_local(*ty, name, line, 0).unwrap_or(Ty::Unknown),
            Ty::Module(import) => self.world.member_of_module(self.file, *import, name),
            Ty::Function(results) if self.lang != Lang::Go => match results.first().cloned() {
                Some(first) => self.member(&first, name, line),
                None => Ty::Unknown,
            },
            Ty::Tuple(parts) => match parts.first().cloned() {
                Some(first) => self.member(&first, name, line),
                None => Ty::Unknown,
            },
            Ty::Unknown => self.of_unknown(name, line),
            Ty::Enum(_) | Ty::Other | Ty::Function(_) => Ty::Other,
        }
    }

    /// Whether what a name is taken from is known to be no message that is wanted.
    fn other(&self, base: &Ty, name: &str) -> bool {
        let world = self.world;
        match base {
            Ty::Message(message) => self.spelled(*message, name).is_some(),
            Ty::Local(local) => {
                world.mirror(*local).is_none() && world.types[*local].ty.fields.iter().any(|f| f.name == name)
            }
            Ty::Other | Ty::Enum(_) | Ty::Module(_) => true,
            Ty::Unknown | Ty::Service(_) | Ty::Stream(..) | Ty::Wrapper(..) | Ty::Function(_) | Ty::Tuple(_) => false,
        }
    }

    fn of_message(&mut self, message: usize, name: &str, line: u32) -> Ty {
        let world = self.world;
        let fields = &world.schema.messages[message].fields;
        if let Some((index, role)) = self.spelled(message, name) {
            let field = &fields[index];
            self.field(message, index, line, if role == Role::Writes { Use::Writes } else { Use::Reads });
            let ty = match role {
                Role::Reads => world.held(field.held),
                Role::Writes => Ty::Message(message),
            };
            let called = self.lang == Lang::Go && name.starts_with("Get") && name != names::go(&field.name);
            return if called { Ty::Function(vec![ty]) } else { ty };
        }
        // An alternative is reached through the name of the choice.
        if fields.iter().any(|f| f.oneof.as_deref().is_some_and(|o| names::go(o) == name)) {
            return Ty::Unknown;
        }
        match self.lang {
            // `Recv`, `Next` of generic streams and iterators.
            Lang::Go if matches!(name, "Recv" | "CloseAndRecv" | "Next" | "Msg") => {
                Ty::Function(vec![Ty::Message(message)])
            }
            Lang::Go => Ty::Other,
            _ => Ty::Message(message),
        }
    }

    fn of_service(&mut self, service: usize, name: &str, line: u32) -> Ty {
        let world = self.world;
        let of = &world.schema.services[service];
        let rpcs = world.spellings(self.lang).and_then(|s| s.rpcs.get(name)).into_iter().flatten();
        if let Some((_, index)) = rpcs.copied().find(|(s, _)| *s == service) {
            let method = &of.methods[index];
            if self.current.0 == name && self.current.1.is_empty() {
                self.facades.insert(Element::Rpc(of.full.clone(), method.name.clone()));
            }
            self.rpc(service, index, line, Use::Calls);
            let output = method.output.map_or(Ty::Other, Ty::Message);
            let result = if self.lang == Lang::Go && (method.client_streaming || method.server_streaming) {
                Ty::Stream(service, index, false)
            } else {
                output
            };
            return Ty::Function(vec![result]);
        }
        if self.lang == Lang::Go { Ty::Other } else { Ty::Service(service) }
    }

    fn of_stream(&mut self, service: usize, method: usize, server: bool, name: &str) -> Ty {
        let method = &self.world.schema.services[service].methods[method];
        let side = if server { method.input } else { method.output };
        let message = side.map_or(Ty::Other, Ty::Message);
        match name {
            "Recv" | "CloseAndRecv" => Ty::Function(vec![message]),
            _ => Ty::Other,
        }
    }

    /// A member of a type of the workspace, its own or what it embeds; `None` if it has none.
    fn of_local(&mut self, ty: usize, name: &str, line: u32, depth: usize) -> Option<Ty> {
        if depth > 8 {
            return None;
        }
        let world = self.world;
        let declared = &world.types[ty];
        if let Some((file, function)) = world.method(ty, name) {
            let serves = self.implements(file, function);
            for (service, method) in &serves {
                self.rpc(*service, *method, line, Use::Calls);
            }
            if serves.is_empty() {
                if self.current.0 == name {
                    for (service, method) in self.current.1.clone() {
                        let of = &world.schema.services[service];
                        self.facades.insert(Element::Rpc(of.full.clone(), of.methods[method].name.clone()));
                    }
                }
                self.facade(name, line, Use::Calls);
            }
            return Some(world.results(file, function));
        }
        if let Some(field) = declared.ty.fields.iter().find(|f| f.name == name) {
            if let Some(message) = world.repeats(ty) {
                self.mirrored(message, field, line, Use::Reads);
            }
            return Some(world.ty(declared.file, &field.ty));
        }
        for above in &declared.ty.supers {
            match world.ty(declared.file, above) {
                Ty::Local(above) if above != ty => {
                    if let Some(found) = self.of_local(above, name, line, depth + 1) {
                        return Some(found);
                    }
                }
                Ty::Message(message) => match self.of_message(message, name, line) {
                    Ty::Other => {}
                    found => return Some(found),
                },
                Ty::Service(service) => match self.of_service(service, name, line) {
                    Ty::Other => {}
                    found => return Some(found),
                },
                Ty::Unknown
                | Ty::Other
                | Ty::Enum(_)
                | Ty::Stream(..)
                | Ty::Wrapper(..)
                | Ty::Local(_)
                | Ty::Module(_)
                | Ty::Function(_)
                | Ty::Tuple(_) => {}
            }
        }
        None
    }

    /// A field of a type that repeats a message.
    fn mirrored(&mut self, message: usize, slot: &Slot, line: u32, what: Use) {
        let name = if slot.json.is_empty() { &slot.name } else { &slot.json };
        let plain = |name: &str| name.replace('_', "").to_lowercase();
        let of = &self.world.schema.messages[message];
        if let Some(field) = of.fields.iter().find(|f| plain(&f.name) == plain(name)) {
            let element = Element::Field(of.full.clone(), field.name.clone());
            self.note(element, line, Certainty::Likely, what);
        }
    }

    /// Types of this file that repeat a message, where they declare its fields.
    fn mirrors(&mut self) {
        let world = self.world;
        let file = self.file;
        for (index, declared) in world.types.iter().enumerate().filter(|(_, t)| t.file == file) {
            let Some(message) = world.repeats(index) else { continue };
            for slot in &declared.ty.fields {
                self.mirrored(message, slot, slot.line, Use::Declares);
            }
        }
    }

    /// A member of what is not known: the one that can be meant, if there is only one.
    fn of_unknown(&mut self, name: &str, line: u32) -> Ty {
        let Some(seen) = self.world.only(self.file, name) else { return Ty::Unknown };
        match seen {
            super::Only::Field(message, field) => {
                let of = &self.world.schema.messages[message];
                let element = Element::Field(of.full.clone(), of.fields[field].name.clone());
                self.note(element, line, Certainty::Likely, Use::Reads);
                // A guess leads no further, except in Go, where a file sees few contracts.
                if self.lang != Lang::Go {
                    return Ty::Unknown;
                }
                let held = self.world.held(of.fields[field].held);
                let getter = self.lang == Lang::Go && name.starts_with("Get");
                if getter { Ty::Function(vec![held]) } else { held }
            }
            super::Only::Rpc(service, method) => {
                let of = &self.world.schema.services[service];
                let element = Element::Rpc(of.full.clone(), of.methods[method].name.clone());
                self.note(element, line, Certainty::Likely, Use::Calls);
                Ty::Function(vec![of.methods[method].output.map_or(Ty::Other, Ty::Message)])
            }
        }
    }

    fn call(&mut self, callee: &Expr, arguments: &[Argument]) -> Ty {
        let builtin = match &callee.kind {
            Kind::Name(name) if self.lang == Lang::Go && self.look(name).is_none() => Some(name.as_str()),
            _ => None,
        };
        let ty = self.expr(callee, &Ty::Unknown);
        // Keywords name fields where a message is made.
        if let Ty::Message(message) = ty {
            for argument in arguments.iter().filter(|a| !a.name.is_empty()) {
                self.key(message, &argument.name, argument.line);
            }
        }
        let given: Vec<Ty> = arguments.iter().map(|a| self.expr(&a.value, &Ty::Unknown)).collect();
        if let Some("new" | "make" | "append" | "min" | "max") = builtin {
            return given.into_iter().next().unwrap_or(Ty::Unknown);
        }
        match ty {
            Ty::Function(results) => match results.len() {
                0 => Ty::Other,
                1 => results.into_iter().next().unwrap_or(Ty::Other),
                _ => Ty::Tuple(results),
            },
            // A conversion, or a type whose objects are called.
            ty => ty,
        }
    }

    fn key(&mut self, message: usize, name: &str, line: u32) -> Option<Ty> {
        let world = self.world;
        let (index, _) = self.spelled(message, name).filter(|(_, role)| *role == Role::Reads)?;
        self.field(message, index, line, Use::Writes);
        Some(world.held(world.schema.messages[message].fields[index].held))
    }

    /// The field of a message that a name of generated code stands for.
    fn spelled(&self, message: usize, name: &str) -> Option<(usize, Role)> {
        self.world.spellings(self.lang)?.fields.get(message)?.get(name).copied()
    }

    fn make(&mut self, ty: &str, entries: &[Entry], items: &[Expr], expected: &Ty) -> Ty {
        let made = if ty.is_empty() { expected.clone() } else { self.world.ty(self.file, ty) };
        let collection = match &made {
            _ if !ty.is_empty() && World::is_collection(ty) => true,
            Ty::Local(local) => {
                let declared = self.world.types[*local].ty;
                declared.fields.is_empty() && declared.supers.iter().any(|s| World::is_collection(s))
            }
            _ => false,
        };
        // What a named collection holds.
        let element = match &made {
            Ty::Local(local) if collection && !World::is_collection(ty) => {
                let declared = &self.world.types[*local];
                declared.ty.supers.first().map_or(Ty::Unknown, |s| self.world.ty(declared.file, s))
            }
            _ => made.clone(),
        };
        for entry in entries {
            let within = if collection {
                element.clone()
            } else {
                match &made {
                    Ty::Message(message) => self.key(*message, &entry.key, entry.line).unwrap_or(Ty::Unknown),
                    Ty::Wrapper(message, field) => {
                        self.field(*message, *field, entry.line, Use::Writes);
                        let held = self.world.schema.messages[*message].fields[*field].held;
                        self.world.held(held)
                    }
                    Ty::Local(local) => {
                        let declared = &self.world.types[*local];
                        let field = declared.ty.fields.iter().find(|f| f.name == entry.key);
                        if let (Some(field), Some(message)) = (field, self.world.repeats(*local)) {
                            self.mirrored(message, field, entry.line, Use::Writes);
                        }
                        field.map_or(Ty::Unknown, |f| self.world.ty(declared.file, &f.ty))
                    }
                    _ => Ty::Unknown,
                }
            };
            self.expr(&entry.value, &within);
        }
        for (index, item) in items.iter().enumerate() {
            let within = match &made {
                _ if collection => element.clone(),
                Ty::Local(local) => {
                    let declared = &self.world.types[*local];
                    declared.ty.fields.get(index).map_or(Ty::Unknown, |f| self.world.ty(declared.file, &f.ty))
                }
                // A literal within one whose own type was left out: `[]T{{…}}` of an outer `[][]T`.
                other => other.clone(),
            };
            self.expr(item, &within);
        }
        made
    }
}

/// Whether a function takes and gives what a method does.
fn fits(method: &Method, takes: &[Ty], gives: &[Ty], at: (usize, usize)) -> bool {
    let stream = |t: &Ty| matches!(t, Ty::Stream(s, m, _) if (*s, *m) == at);
    if takes.iter().chain(gives).any(stream) {
        return true;
    }
    let input = method.input.is_some_and(|m| takes.contains(&Ty::Message(m)));
    let output = method.output.is_some_and(|m| gives.contains(&Ty::Message(m)) || takes.contains(&Ty::Message(m)));
    match (method.input, method.output) {
        (Some(_), Some(_)) => input && (output || gives.is_empty()),
        (Some(_), None) => input,
        (None, Some(_)) => output,
        // Both are of a library (`google.protobuf.Empty`).
        (None, None) => takes.len() >= 2,
    }
}
