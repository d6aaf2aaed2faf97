//! What all files declare: types with their fields, functions with their results, and what a file's names for types mean.
//!
//! Invariant: collections are transparent: what holds orders is of the type order, and so is each element. What is not known
//! ([`Ty::Unknown`]) is told apart from what is known to be something else ([`Ty::Other`]).

use super::names::{self, Role, SERVICE_SUFFIXES};
use super::schema::{Element, Held, Schema};
use seam_extract::lang::Lang;
use seam_extract::outline::{Function, Outline};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// One file of code.
#[derive(Clone, Copy, Debug)]
pub struct Code<'a> {
    pub path: &'a str,
    pub text: &'a str,
    pub outline: &'a Outline,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    Unknown,
    Other,
    Message(usize),
    Enum(usize),
    /// A client, a server, or what registers one.
    Service(usize),
    /// A stream of a method; of its server's side.
    Stream(usize, usize, bool),
    /// The wrapper of one of a message's alternatives.
    Wrapper(usize, usize),
    /// A type of the workspace.
    Local(usize),
    /// What an import of the file names.
    Module(usize),
    Function(Vec<Ty>),
    Tuple(Vec<Ty>),
}

/// Where an import leads to.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Files of the schema whose generated code it holds.
    pub sources: Vec<usize>,
    /// The folder that it is.
    pub folder: Option<String>,
    /// The one service that it is generated for, where its names do not say which (Kitex).
    pub service: Option<usize>,
}

pub struct Declared<'a> {
    pub ty: &'a seam_extract::outline::Type,
    pub file: usize,
}

/// A function with its file.
type Placed<'a> = (usize, &'a Function);

pub struct World<'a> {
    pub schema: &'a Schema,
    pub files: Vec<Code<'a>>,
    pub types: Vec<Declared<'a>>,
    /// By scope (the folder for Go, else the language) and name.
    types_by_name: HashMap<(Scope<'a>, &'a str), Vec<usize>>,
    /// By scope, owner and name.
    functions: HashMap<(Scope<'a>, &'a str, &'a str), Vec<Placed<'a>>>,
    /// Values of the top level, by folder.
    pub top: HashMap<(&'a str, &'a str), Ty>,
    pub modules: Vec<Vec<Module>>,
    folders: BTreeMap<&'a str, Vec<usize>>,
    by_nested: HashMap<String, Vec<usize>>,
    enum_by_nested: HashMap<String, Vec<usize>>,
    service_by_name: HashMap<&'a str, Vec<usize>>,
    spellings: HashMap<Lang, Spellings>,
    /// Members that types of the workspace have.
    pub members: HashSet<(Lang, &'a str)>,
    own: HashMap<&'a str, Vec<usize>>,
    /// Methods of services that functions of the same name hand on to.
    pub facades: BTreeSet<Element>,
    /// Types that functions make of messages, or messages of.
    pub translated: HashSet<(usize, usize)>,
}

/// What generated code of one language calls fields and methods.
#[derive(Default)]
pub struct Spellings {
    /// For each message.
    pub fields: Vec<HashMap<String, (usize, Role)>>,
    pub by_field: HashMap<String, Vec<(usize, usize)>>,
    pub rpcs: HashMap<String, Vec<(usize, usize)>>,
}

impl Spellings {
    fn new(lang: Lang, schema: &Schema) -> Self {
        let mut out = Spellings::default();
        for (m, message) in schema.messages.iter().enumerate() {
            let mut fields = HashMap::new();
            for (f, field) in message.fields.iter().enumerate() {
                for (name, role) in names::of_field(lang, &field.name) {
                    out.by_field.entry(name.clone()).or_default().push((m, f));
                    // A field's own name is before what is made of another's.
                    let own = name.to_lowercase() == field.name.replace('_', "").to_lowercase();
                    if own || !fields.contains_key(&name) {
                        fields.insert(name, (f, role));
                    }
                }
            }
            out.fields.push(fields);
        }
        for (s, service) in schema.services.iter().enumerate() {
            for (m, method) in service.methods.iter().enumerate() {
                for name in names::of_rpc(lang, &method.name) {
                    out.rpcs.entry(name).or_default().push((s, m));
                }
            }
        }
        out
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope<'a> {
    Folder(&'a str),
    Lang(Lang),
}

pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn scope<'a>(code: &Code<'a>) -> Scope<'a> {
    match code.outline.lang {
        Lang::Go => Scope::Folder(folder(code.path)),
        lang => Scope::Lang(lang),
    }
}

impl<'a> World<'a> {
    pub fn new(schema: &'a Schema, files: Vec<Code<'a>>) -> Self {
        let mut world = World {
            schema,
            types: Vec::new(),
            types_by_name: HashMap::new(),
            functions: HashMap::new(),
            top: HashMap::new(),
            modules: Vec::new(),
            folders: BTreeMap::new(),
            by_nested: HashMap::new(),
            enum_by_nested: HashMap::new(),
            service_by_name: HashMap::new(),
            spellings: HashMap::new(),
            members: HashSet::new(),
            own: HashMap::new(),
            facades: BTreeSet::new(),
            translated: HashSet::new(),
            files,
        };
        for (i, m) in schema.messages.iter().enumerate() {
            for name in spellings(&m.nested) {
                world.by_nested.entry(name).or_default().push(i);
            }
        }
        for (i, e) in schema.enums.iter().enumerate() {
            for name in spellings(&e.nested) {
                world.enum_by_nested.entry(name).or_default().push(i);
            }
        }
        for (i, s) in schema.services.iter().enumerate() {
            world.service_by_name.entry(&s.name).or_default().push(i);
        }
        for number in 0..world.files.len() {
            let code = world.files[number];
            let at = scope(&code);
            world.folders.entry(folder(code.path)).or_default().push(number);
            let lang = code.outline.lang;
            world.spellings.entry(lang).or_insert_with(|| Spellings::new(lang, schema));
            // What a tool wrote of a contract says nothing that the contract does not say.
            if code.outline.generated {
                continue;
            }
            for ty in &code.outline.types {
                world.types_by_name.entry((at, ty.name.as_str())).or_default().push(world.types.len());
                world.types.push(Declared { ty, file: number });
                world.members.extend(ty.fields.iter().map(|f| (lang, f.name.as_str())));
                world.members.extend(ty.methods.iter().map(|m| (lang, m.name.as_str())));
                for method in &ty.methods {
                    world.functions.entry((at, &ty.name, &method.name)).or_default().push((number, method));
                }
            }
            for function in &code.outline.functions {
                let key = (at, function.owner.as_str(), function.name.as_str());
                world.functions.entry(key).or_default().push((number, function));
            }
        }
        let folders: Vec<&str> = world.folders.keys().copied().collect();
        for here in folders {
            let stems: Vec<&str> = world.folders[here].iter().filter_map(|f| pb_stem(world.files[*f].path)).collect();
            if !stems.is_empty() {
                let sources = world.sources_of(&stems, here, here);
                world.own.insert(here, sources);
            }
        }
        world.modules = (0..world.files.len()).map(|f| world.modules_of(f)).collect();
        world
    }

    fn modules_of(&self, file: usize) -> Vec<Module> {
        let code = &self.files[file];
        match code.outline.lang {
            Lang::Go => code.outline.imports.iter().map(|i| self.go_module(&i.path, code.path)).collect(),
            _ => code.outline.imports.iter().map(|_| Module::default()).collect(),
        }
    }

    fn go_module(&self, path: &str, from: &str) -> Module {
        let folder = self.go_folder(path, from);
        let mut sources = Vec::new();
        if let Some(folder) = folder {
            let stems: Vec<&str> = self.folders[folder].iter().filter_map(|f| pb_stem(self.files[*f].path)).collect();
            if !stems.is_empty() {
                sources = self.sources_of(&stems, folder, path);
            }
        }
        if sources.is_empty() {
            let fits = |go: &str| path == go || ends(path, go) || ends(go, path);
            let named = |s: &super::schema::Source| s.go_package().is_some_and(fits);
            sources = (0..self.schema.sources.len()).filter(|s| named(&self.schema.sources[*s])).collect();
        }
        let last = path.rsplit('/').next().unwrap_or(path);
        let service = path
            .contains("kitex_gen/")
            .then(|| self.schema.services.iter().position(|s| s.name.eq_ignore_ascii_case(last)));
        Module { sources, folder: folder.map(str::to_owned), service: service.flatten() }
    }

    /// The sources that files generated in a folder were made of: of several with a stem, the ones nearest to it.
    fn sources_of(&self, stems: &[&str], folder: &str, path: &str) -> Vec<usize> {
        let mut out = Vec::new();
        for stem in stems {
            let all = self.schema.sources.iter().enumerate().filter(|(_, s)| s.stem() == *stem);
            let rank = |s: &super::schema::Source| {
                let named = s.go_package().is_some_and(|go| path == go || ends(path, go) || ends(go, path));
                (named, common(&s.path, folder))
            };
            let best = all.clone().map(|(_, s)| rank(s)).max();
            out.extend(all.filter(|(_, s)| Some(rank(s)) == best).map(|(i, _)| i));
        }
        out
    }

    /// The folder that an import path leads to.
    fn go_folder(&self, path: &str, from: &str) -> Option<&'a str> {
        let last = path.rsplit('/').next().unwrap_or(path);
        let fits = self.folders.keys().filter(|f| f.rsplit('/').next() == Some(last));
        let mut best: Option<((usize, usize, usize), &'a str)> = None;
        for folder in fits {
            let whole = path == *folder || ends(path, folder);
            let same = folder.rsplit('/').zip(path.rsplit('/')).take_while(|(a, b)| a == b).count();
            if !whole && same < 2 && !path.contains('.') {
                continue;
            }
            let rank = (usize::from(whole), same, common(folder, from));
            if best.is_none_or(|(b, _)| rank > b) {
                best = Some((rank, folder));
            }
        }
        best.map(|(_, folder)| folder)
    }

    /// What a field of a message holds.
    pub fn held(&self, held: Held) -> Ty {
        match held {
            Held::Scalar => Ty::Other,
            Held::Message(m) => Ty::Message(m),
            Held::Enum(e) => Ty::Enum(e),
        }
    }

    /// The import that a name stands for in a file.
    pub fn import(&self, file: usize, name: &str) -> Option<usize> {
        let code = &self.files[file];
        code.outline.imports.iter().enumerate().position(|(number, import)| {
            if import.alias.is_empty() { self.default_alias(file, number) == name } else { import.alias == name }
        })
    }

    fn default_alias(&self, file: usize, import: usize) -> &str {
        let module = &self.modules[file][import];
        let stated = module.folder.as_deref().and_then(|f| self.folders.get(f)).and_then(|files| {
            let of = |f: &usize| self.files[*f].outline.package.as_str();
            files.iter().map(of).find(|p| !p.is_empty() && !p.ends_with("_test"))
        });
        if let Some(stated) = stated {
            return stated;
        }
        let go = module.sources.first().and_then(|s| self.schema.sources[*s].option("go_package"));
        if let Some((_, name)) = go.and_then(|go| go.split_once(';')) {
            return name;
        }
        let path = &self.files[file].outline.imports[import].path;
        let mut parts = path.rsplit('/');
        let last = parts.next().unwrap_or(path);
        let version = last.strip_prefix('v').is_some_and(|n| n.parse::<u32>().is_ok());
        if version { parts.next().unwrap_or(last) } else { last }
    }

    /// What a name means in generated code of these sources.
    pub fn generated(&self, sources: &[usize], name: &str) -> Option<Ty> {
        let of = |file: usize| sources.contains(&file);
        if let Some(m) = self.by_nested.get(name).into_iter().flatten().find(|m| of(self.schema.messages[**m].file)) {
            return Some(Ty::Message(*m));
        }
        if let Some(e) = self.enum_by_nested.get(name).into_iter().flatten().find(|e| of(self.schema.enums[**e].file)) {
            return Some(Ty::Enum(*e));
        }
        for (number, service) in self.schema.services.iter().enumerate().filter(|(_, s)| of(s.file)) {
            let stem = names::go(&service.name);
            let Some(rest) = name.find(&stem).map(|at| (&name[..at], &name[at + stem.len()..])) else { continue };
            match rest {
                ("" | "Unimplemented" | "Unsafe", "Client" | "Server" | "_ServiceDesc") => {
                    return Some(Ty::Service(number));
                }
                ("New", "Client") => return Some(Ty::Function(vec![Ty::Service(number)])),
                ("Register", "Server") => return Some(Ty::Function(Vec::new())),
                ("", method) => {
                    let Some(method) = method.strip_prefix('_') else { continue };
                    for (m, of) in service.methods.iter().enumerate() {
                        match method.strip_prefix(names::go(&of.name).as_str()) {
                            Some("Client") => return Some(Ty::Stream(number, m, false)),
                            Some("Server") => return Some(Ty::Stream(number, m, true)),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        for (e, item) in self.schema.enums.iter().enumerate().filter(|(_, e)| of(e.file)) {
            if item.values.iter().any(|(value, _)| go_value(&item.nested, value) == name) {
                return Some(Ty::Enum(e));
            }
        }
        let (outer, _) = name.rsplit_once('_')?;
        for m in self.by_nested.get(outer).into_iter().flatten().filter(|m| of(self.schema.messages[**m].file)) {
            let message = &self.schema.messages[*m];
            let field = |f: &super::schema::Field| f.oneof.is_some() && name[outer.len() + 1..] == names::go(&f.name);
            if let Some(field) = message.fields.iter().position(field) {
                return Some(Ty::Wrapper(*m, field));
            }
        }
        None
    }

    /// What a name means in a package that holds generated code.
    fn of_module(&self, module: &Module, name: &str) -> Option<Ty> {
        match (module.service, name) {
            (Some(service), "Client") => Some(Ty::Service(service)),
            (Some(service), "NewClient" | "MustNewClient") => Some(Ty::Function(vec![Ty::Service(service)])),
            _ => self.generated(&module.sources, name),
        }
    }

    /// What a mention of a name in generated code of these sources refers to.
    pub fn mentioned(&self, sources: &[usize], name: &str) -> Option<Element> {
        let rpc = |service: usize, method: usize| {
            let service = &self.schema.services[service];
            Element::Rpc(service.full.clone(), service.methods[method].name.clone())
        };
        match self.generated(sources, name) {
            Some(Ty::Message(m)) => Some(Element::Message(self.schema.messages[m].full.clone())),
            Some(Ty::Service(s)) => Some(Element::Service(self.schema.services[s].full.clone())),
            Some(Ty::Stream(s, m, _)) => Some(rpc(s, m)),
            Some(Ty::Wrapper(m, f)) => {
                let message = &self.schema.messages[m];
                Some(Element::Field(message.full.clone(), message.fields[f].name.clone()))
            }
            Some(Ty::Enum(e)) => {
                let item = &self.schema.enums[e];
                let value = item.values.iter().find(|(value, _)| go_value(&item.nested, value) == name);
                Some(match value {
                    Some((value, _)) => Element::Value(item.full.clone(), value.clone()),
                    None => Element::Enum(item.full.clone()),
                })
            }
            Some(Ty::Function(_)) => {
                let named = |s: &&super::schema::Service| {
                    sources.contains(&s.file) && {
                        let stem = names::go(&s.name);
                        name == format!("New{stem}Client") || name == format!("Register{stem}Server")
                    }
                };
                self.schema.services.iter().find(named).map(|s| Element::Service(s.full.clone()))
            }
            _ => self.constants(sources, name),
        }
    }

    /// `Orders_Get_FullMethodName`.
    fn constants(&self, sources: &[usize], name: &str) -> Option<Element> {
        let name = name.strip_suffix("_FullMethodName")?;
        for service in self.schema.services.iter().filter(|s| sources.contains(&s.file)) {
            let Some(method) = name.strip_prefix(names::go(&service.name).as_str()) else { continue };
            let method = method.strip_prefix('_')?;
            if let Some(of) = service.methods.iter().find(|m| names::go(&m.name) == method) {
                return Some(Element::Rpc(service.full.clone(), of.name.clone()));
            }
        }
        None
    }

    /// Sources whose generated code lies in this file's own folder.
    pub fn own_sources(&self, file: usize) -> &[usize] {
        self.own.get(folder(self.files[file].path)).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn spellings(&self, lang: Lang) -> Option<&Spellings> {
        self.spellings.get(&lang)
    }

    /// What a type that is written in a file means.
    pub fn ty(&self, file: usize, text: &str) -> Ty {
        match self.files[file].outline.lang {
            Lang::Go => self.go_ty(file, text, 0),
            _ => self.plain_ty(file, text),
        }
    }

    fn go_ty(&self, file: usize, text: &str, depth: usize) -> Ty {
        let text = text.trim();
        if depth > 12 {
            return Ty::Unknown;
        }
        let deeper = |text: &str| self.go_ty(file, text, depth + 1);
        for mark in ["*", "[]", "...", "chan ", "<-"] {
            if let Some(rest) = text.strip_prefix(mark) {
                return deeper(rest);
            }
        }
        if text.is_empty() {
            return Ty::Unknown;
        }
        if let Some(rest) = text.strip_prefix("map[") {
            let mut level = 1;
            let end = rest.find(|c| {
                level += match c {
                    '[' => 1,
                    ']' => -1,
                    _ => 0,
                };
                level == 0
            });
            return end.map_or(Ty::Unknown, |end| deeper(&rest[end + 1..]));
        }
        if let Some(results) = text.strip_prefix("func()(") {
            let results = results.strip_suffix(')').unwrap_or(results);
            return Ty::Function(split(results).into_iter().map(deeper).collect());
        }
        if let Some((name, arguments)) = text.split_once('[') {
            let base = deeper(name);
            if !matches!(base, Ty::Other | Ty::Unknown) {
                return base;
            }
            let arguments = split(arguments.strip_suffix(']').unwrap_or(arguments));
            return arguments.into_iter().map(deeper).rfind(|t| *t != Ty::Other).unwrap_or(base);
        }
        match text.split_once('.') {
            Some((module, name)) => match self.import(file, module) {
                Some(import) => self.member_of_module(file, import, name),
                None => Ty::Unknown,
            },
            None => self.named(file, text),
        }
    }

    /// A type by its name alone, as a file sees it.
    pub fn named(&self, file: usize, name: &str) -> Ty {
        if let Some(ty) = self.types_by_name.get(&(scope(&self.files[file]), name)) {
            let near = |t: &&usize| common(self.files[self.types[**t].file].path, self.files[file].path);
            return ty.iter().max_by_key(near).map_or(Ty::Unknown, |t| Ty::Local(*t));
        }
        if BASIC.contains(&name) {
            return Ty::Other;
        }
        let own = self.own_sources(file);
        self.generated(own, name).unwrap_or(Ty::Unknown)
    }

    /// A name of a package that a Go file imports: a type, a function, or a value.
    pub fn member_of_module(&self, file: usize, import: usize, name: &str) -> Ty {
        let module = &self.modules[file][import];
        if let Some(ty) = self.of_module(module, name) {
            return ty;
        }
        let Some(folder) = module.folder.as_deref() else { return Ty::Other };
        let Some((folder, _)) = self.folders.get_key_value(folder) else { return Ty::Other };
        let at = Scope::Folder(folder);
        if let Some(ty) = self.types_by_name.get(&(at, name)).and_then(|t| t.first()) {
            return Ty::Local(*ty);
        }
        if let Some((from, function)) = self.functions.get(&(at, "", name)).and_then(|f| f.first()) {
            return self.results(*from, function);
        }
        self.top.get(&(*folder, name)).cloned().unwrap_or(Ty::Other)
    }

    pub fn results(&self, file: usize, function: &Function) -> Ty {
        Ty::Function(function.results.iter().map(|r| self.ty(file, &r.ty)).collect())
    }

    /// A function of a file's package by its name.
    pub fn function(&self, file: usize, name: &str) -> Option<(usize, &'a Function)> {
        let all = self.functions.get(&(scope(&self.files[file]), "", name))?;
        all.iter().max_by_key(|(f, _)| common(self.files[*f].path, self.files[file].path)).copied()
    }

    /// A method of a type of the workspace, its own.
    pub fn method(&self, ty: usize, name: &str) -> Option<(usize, &'a Function)> {
        let declared = &self.types[ty];
        let at = scope(&self.files[declared.file]);
        self.functions.get(&(at, declared.ty.name.as_str(), name))?.first().copied()
    }

    /// Whether a type is only another name for a collection.
    pub fn is_collection(text: &str) -> bool {
        let text = text.trim_start_matches('*');
        text.starts_with("[]") || text.starts_with("map[") || text.starts_with("...")
    }

    fn plain_ty(&self, file: usize, text: &str) -> Ty {
        let mut best = Ty::Unknown;
        let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '$' | '\\')));
        for word in words.filter(|w| !w.is_empty()) {
            match self.word_ty(file, word) {
                Ty::Unknown => {}
                Ty::Other if best != Ty::Unknown => {}
                ty => best = ty,
            }
        }
        best
    }

    /// A type's name in other languages than Go: the contract's message, unless the workspace has a type of the name that is
    /// nearer to the file.
    fn word_ty(&self, file: usize, word: &str) -> Ty {
        let parts: Vec<&str> = word.split(['.', ':', '\\', '$']).filter(|p| !p.is_empty()).collect();
        let Some(last) = parts.last() else { return Ty::Unknown };
        if let Some(types) = self.types_by_name.get(&(scope(&self.files[file]), last)) {
            let rank = |t: &&usize| common(self.files[self.types[**t].file].path, self.files[file].path);
            if let Some(ty) = types.iter().max_by_key(rank) {
                let near = super::world::service_root(self.files[self.types[*ty].file].path)
                    == super::world::service_root(self.files[file].path);
                if near {
                    return Ty::Local(*ty);
                }
            }
        }
        if let Some(all) = self.by_nested.get(*last) {
            return Ty::Message(all[0]);
        }
        if let Some(all) = self.enum_by_nested.get(*last) {
            return Ty::Enum(all[0]);
        }
        for part in parts.iter().rev() {
            for suffix in SERVICE_SUFFIXES {
                let stem = part.strip_suffix(suffix).unwrap_or_default();
                if let Some(all) = self.service_by_name.get(stem) {
                    return Ty::Service(all[0]);
                }
            }
        }
        if BASIC.contains(last) { Ty::Other } else { Ty::Unknown }
    }
}

/// The folders of a path that a service most likely has to itself.
pub fn service_root(path: &str) -> &str {
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    let first = slashes.next();
    let second = slashes.next();
    second.or(first).map_or("", |at| &path[..at])
}

const BASIC: &[&str] = &[
    "string",
    "String",
    "bool",
    "boolean",
    "Boolean",
    "int",
    "Integer",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "float",
    "double",
    "Double",
    "long",
    "Long",
    "byte",
    "rune",
    "error",
    "any",
    "void",
    "number",
    "object",
    "Object",
    "str",
    "dict",
    "None",
    "i32",
    "i64",
    "u32",
    "u64",
    "f64",
    "decimal",
    "uintptr",
    "complex128",
];

/// `Outer.Inner` as languages spell it.
fn spellings(nested: &str) -> Vec<String> {
    let mut out = vec![names::go_type(nested)];
    if let Some(last) = nested.rsplit('.').next()
        && last != out[0]
    {
        out.push(last.to_owned());
    }
    out
}

/// A value of an enum in Go: `Enum_VALUE`, `Outer_VALUE` for one that is nested.
fn go_value(nested: &str, value: &str) -> String {
    match nested.rsplit_once('.') {
        Some((outer, _)) => format!("{}_{value}", names::go_type(outer)),
        None => format!("{}_{value}", names::go(nested)),
    }
}

/// `orders` of `orders.pb.go` and `orders_grpc.pb.go`.
fn pb_stem(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().unwrap_or(path).strip_suffix(".pb.go")?;
    Some(name.strip_suffix("_grpc").unwrap_or(name))
}

/// Whether a path ends with another, at a part's border.
fn ends(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|rest| rest.ends_with('/'))
}

/// How many parts two paths have in common at their start.
pub fn common(a: &str, b: &str) -> usize {
    a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count()
}

fn split(list: &str) -> Vec<&str> {
    let (mut level, mut start, mut out) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '(' | '[' | '{' => level += 1,
            ')' | ']' | '}' => level -= 1,
            ',' if level == 0 => {
                out.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !list[start..].trim().is_empty() {
        out.push(&list[start..]);
    }
    out
}
