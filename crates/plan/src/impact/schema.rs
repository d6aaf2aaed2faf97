//! What a tree of `.proto` files declares, as those see it who use generated code: messages with what their fields hold,
//! enums, services with what their methods take and give.
//!
//! Invariant: indexes are of this schema only; [`Element`] names what is declared by its full name and leaves.

use crate::Text;
use crate::proto::index::{Index, Kind};
use crate::proto::model::{EnumValue, Options};
use crate::proto::parse;
use std::collections::{BTreeMap, BTreeSet};

/// Something that a contract declares and that code may name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Element {
    /// `shop.v1.Order`.
    Message(String),
    /// `shop.v1.Order` and `total`.
    Field(String, String),
    Enum(String),
    Value(String, String),
    Service(String),
    Rpc(String, String),
}

impl Element {
    /// The full name: `shop.v1.Order.total`.
    pub fn key(&self) -> String {
        match self {
            Element::Message(name) | Element::Enum(name) | Element::Service(name) => name.clone(),
            Element::Field(of, name) | Element::Value(of, name) | Element::Rpc(of, name) => format!("{of}.{name}"),
        }
    }

    pub fn word(&self) -> &'static str {
        match self {
            Element::Message(_) => "message",
            Element::Field(..) => "field",
            Element::Enum(_) => "enum",
            Element::Value(..) => "enum value",
            Element::Service(_) => "service",
            Element::Rpc(..) => "rpc",
        }
    }

    /// The last part of its name.
    pub fn name(&self) -> &str {
        match self {
            Element::Message(name) | Element::Enum(name) | Element::Service(name) => {
                name.rsplit('.').next().unwrap_or(name)
            }
            Element::Field(_, name) | Element::Value(_, name) | Element::Rpc(_, name) => name,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Scalar,
    Message(usize),
    Enum(usize),
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub held: Held,
    pub repeated: bool,
    pub oneof: Option<String>,
    /// What the field is, written out, so that another type is another field.
    pub written: String,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub full: String,
    /// With the messages around it: `Outer.Inner`.
    pub nested: String,
    pub file: usize,
    pub fields: Vec<Field>,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct Enum {
    pub full: String,
    pub nested: String,
    pub file: usize,
    pub values: Vec<(String, u32)>,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct Method {
    pub name: String,
    pub input: Option<usize>,
    pub output: Option<usize>,
    pub client_streaming: bool,
    pub server_streaming: bool,
    pub written: String,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct Service {
    pub full: String,
    pub name: String,
    pub file: usize,
    pub methods: Vec<Method>,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct Source {
    pub path: String,
    pub package: String,
    options: Options,
}

#[derive(Clone, Debug, Default)]
pub struct Schema {
    pub sources: Vec<Source>,
    pub messages: Vec<Message>,
    pub enums: Vec<Enum>,
    pub services: Vec<Service>,
}

impl Source {
    /// A file option (`go_package`, `java_package`, `csharp_namespace`).
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name)
    }

    /// `go_package` without the package's own name.
    pub fn go_package(&self) -> Option<&str> {
        let path = self.option("go_package")?.split(';').next()?.trim_start_matches("./").trim_matches('/');
        (!path.is_empty() && path != ".").then_some(path)
    }

    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.strip_suffix(".proto").unwrap_or(name)
    }
}

impl Schema {
    pub fn read(texts: &[Text<'_>]) -> Schema {
        let files: Vec<_> = texts.iter().map(|t| parse::parse(t.name, t.text).0).collect();
        let index = Index::new(&files);
        let mut out = Schema::default();
        let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
        for (number, file) in files.iter().enumerate() {
            by_name.insert(&file.name, number);
            let source =
                Source { path: file.name.clone(), package: file.package.clone(), options: file.options.clone() };
            out.sources.push(source);
        }
        let file = |name: &str| by_name.get(name).copied().unwrap_or_default();
        let messages: Vec<&String> = index.messages.keys().collect();
        let enums: Vec<&String> = index.enums.keys().collect();
        let message = |full: &str| messages.binary_search_by(|m| m.as_str().cmp(full)).ok();
        let enumeration = |full: &str| enums.binary_search_by(|m| m.as_str().cmp(full)).ok();
        for (full, at) in &index.messages {
            let fields = at.of.fields.iter().map(|f| {
                let held = match index.kind(f, full, &at.features) {
                    Kind::Message(name) | Kind::Group(name) => message(&name).map_or(Held::Scalar, Held::Message),
                    Kind::Enum(name) => enumeration(&name).map_or(Held::Scalar, Held::Enum),
                    Kind::Scalar(_) => Held::Scalar,
                };
                Field {
                    name: f.name.clone(),
                    held: map_value(&index, f, full).and_then(|n| message(&n)).map_or(held, Held::Message),
                    repeated: f.map || f.label == crate::proto::model::Label::Repeated,
                    oneof: f.oneof.clone(),
                    written: format!("{:?} {} {}", f.label, f.kind, f.number),
                    line: f.name_line,
                }
            });
            out.messages.push(Message {
                full: full.clone(),
                nested: at.nested.clone(),
                file: file(&at.file.name),
                fields: fields.collect(),
                line: at.of.line,
            });
        }
        for (full, at) in &index.enums {
            let value = |v: &EnumValue| (v.name.clone(), v.number_line);
            out.enums.push(Enum {
                full: full.clone(),
                nested: at.nested.clone(),
                file: file(&at.file.name),
                values: at.of.values.iter().map(value).collect(),
                line: at.of.line,
            });
        }
        for (full, at) in &index.services {
            let methods = at.of.methods.iter().map(|m| Method {
                name: m.name.clone(),
                input: message(&index.resolve(&m.input, full)),
                output: message(&index.resolve(&m.output, full)),
                client_streaming: m.client_streaming,
                server_streaming: m.server_streaming,
                written: format!("{} {} {} {}", m.input, m.output, m.client_streaming, m.server_streaming),
                line: m.line,
            });
            out.services.push(Service {
                full: full.clone(),
                name: at.of.name.clone(),
                file: file(&at.file.name),
                methods: methods.collect(),
                line: at.of.line,
            });
        }
        out
    }

    /// Everything that is declared, with its file and line.
    pub fn elements(&self) -> BTreeMap<Element, (&str, u32)> {
        let mut out = BTreeMap::new();
        let path = |file: usize| self.sources[file].path.as_str();
        for m in &self.messages {
            out.insert(Element::Message(m.full.clone()), (path(m.file), m.line));
            for f in &m.fields {
                out.insert(Element::Field(m.full.clone(), f.name.clone()), (path(m.file), f.line));
            }
        }
        for e in &self.enums {
            out.insert(Element::Enum(e.full.clone()), (path(e.file), e.line));
            for (name, line) in &e.values {
                out.insert(Element::Value(e.full.clone(), name.clone()), (path(e.file), *line));
            }
        }
        for s in &self.services {
            out.insert(Element::Service(s.full.clone()), (path(s.file), s.line));
            for m in &s.methods {
                out.insert(Element::Rpc(s.full.clone(), m.name.clone()), (path(s.file), m.line));
            }
        }
        out
    }

    /// What this declares and the other does not, or differently: what code that is made of it can no longer name.
    pub fn gone(&self, revision: &Schema) -> BTreeSet<Element> {
        let after: BTreeMap<Element, String> = revision.written();
        let differs = |(element, written): (Element, String)| (after.get(&element) != Some(&written)).then_some(element);
        self.written().into_iter().filter_map(differs).collect()
    }

    fn written(&self) -> BTreeMap<Element, String> {
        let mut out: BTreeMap<Element, String> = self.elements().into_keys().map(|e| (e, String::new())).collect();
        for m in &self.messages {
            for f in &m.fields {
                out.insert(Element::Field(m.full.clone(), f.name.clone()), f.written.clone());
            }
        }
        for s in &self.services {
            for m in &s.methods {
                out.insert(Element::Rpc(s.full.clone(), m.name.clone()), m.written.clone());
            }
        }
        out
    }
}

/// The message that a map holds: its key and value stand in an entry of their own.
fn map_value(index: &Index<'_>, field: &crate::proto::model::Field, scope: &str) -> Option<String> {
    let entry = index.messages.get(&index.resolve(&field.kind, scope)).filter(|m| m.of.map_entry)?;
    let value = entry.of.fields.iter().find(|f| f.name == "value")?;
    Some(index.resolve(&value.kind, scope))
}
