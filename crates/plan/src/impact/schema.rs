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
                    written: format!(
                        "{} {}",
                        if f.label == crate::proto::model::Label::Repeated { "repeated" } else { "" },
                        f.kind
                    ),
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

    /// What this declares and the other does not, or differently: what code that is made of it can no longer name. The fields
    /// of a message that was only given another name are still called as they were.
    pub fn gone(&self, revision: &Schema) -> BTreeSet<Element> {
        let after = revision.written();
        let renamed = self.renamed(revision);
        let kept = |element: &Element| match element {
            Element::Field(of, name) => renamed.get(of.as_str()).is_some_and(|new| {
                let same = |f: &Field| f.name == *name;
                let old = self.messages.iter().find(|m| m.full == *of);
                let old = old.and_then(|m| m.fields.iter().find(|f| same(f)));
                let new = revision.messages.iter().find(|m| m.full == *new);
                let new = new.and_then(|m| m.fields.iter().find(|f| same(f)));
                old.zip(new).is_some_and(|(old, new)| old.written == new.written)
            }),
            Element::Message(_) | Element::Enum(_) | Element::Value(..) | Element::Service(_) | Element::Rpc(..) => {
                false
            }
        };
        let differs = |(element, written): (Element, String)| {
            (after.get(&element) != Some(&written) && !kept(&element)).then_some(element)
        };
        self.written().into_iter().filter_map(differs).collect()
    }

    /// Messages that are gone, each with the new one that stands where it stood: what a method takes or gives.
    fn renamed<'a>(&'a self, revision: &'a Schema) -> BTreeMap<&'a str, &'a str> {
        let name = |schema: &'a Schema, m: Option<usize>| m.map(|m| schema.messages[m].full.as_str());
        let methods = |schema: &'a Schema| {
            let mut out = BTreeMap::new();
            for s in &schema.services {
                for m in &s.methods {
                    let key = (s.full.as_str(), m.name.as_str());
                    out.insert(key, (name(schema, m.input), name(schema, m.output)));
                }
            }
            out
        };
        let (before, after) = (methods(self), methods(revision));
        let declared = |schema: &Schema, full: &str| schema.messages.iter().any(|m| m.full == full);
        let mut out = BTreeMap::new();
        for (key, old) in &before {
            let Some(new) = after.get(key) else { continue };
            for (old, new) in [(old.0, new.0), (old.1, new.1)] {
                if let (Some(old), Some(new)) = (old, new)
                    && !declared(revision, old)
                    && !declared(self, new)
                {
                    out.insert(old, new);
                }
            }
        }
        out
    }

    /// Everything that is declared, as code that is made of it sees it: where it is imported from, and what a field holds.
    fn written(&self) -> BTreeMap<Element, String> {
        let mut out = BTreeMap::new();
        let place = |file: usize| self.sources[file].go_package().unwrap_or_default().to_owned();
        for m in &self.messages {
            out.insert(Element::Message(m.full.clone()), place(m.file));
            for f in &m.fields {
                out.insert(Element::Field(m.full.clone(), f.name.clone()), f.written.clone());
            }
        }
        for e in &self.enums {
            out.insert(Element::Enum(e.full.clone()), place(e.file));
            for (name, _) in &e.values {
                out.insert(Element::Value(e.full.clone(), name.clone()), String::new());
            }
        }
        for s in &self.services {
            out.insert(Element::Service(s.full.clone()), place(s.file));
            for m in &s.methods {
                let streams = format!("{} {}", m.client_streaming, m.server_streaming);
                out.insert(Element::Rpc(s.full.clone(), m.name.clone()), streams);
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
