//! What a `.proto` file declares, each element with its lines.

use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Syntax {
    Proto2,
    Proto3,
    Edition(u32),
}

/// A value of an option.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A word or a number, as written.
    Word(String),
    Text(String),
    /// `{ name: value }`, each with its line.
    Message(Vec<(String, Value, u32)>),
}

impl Value {
    pub fn text(&self) -> &str {
        match self {
            Value::Word(text) | Value::Text(text) => text,
            Value::Message(_) => "",
        }
    }
}

/// Options by their dotted name; those of messages are spread (`features.json_format`).
#[derive(Clone, Debug, Default)]
pub struct Options {
    by_name: BTreeMap<String, (Value, u32)>,
}

impl Options {
    pub fn add(&mut self, name: String, value: Value, line: u32) {
        match value {
            Value::Message(entries) => {
                for (key, value, at) in entries {
                    let key = key.trim_matches(|c| matches!(c, '[' | ']'));
                    let key = if key.contains('.') { format!("{name}.({key})") } else { format!("{name}.{key}") };
                    self.add(key, value, at);
                }
            }
            value => {
                self.by_name.insert(name, (value, line));
            }
        }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(|(value, _)| value.text())
    }

    pub fn line(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).map(|(_, line)| *line)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    None,
    Optional,
    Required,
    Repeated,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub number: i64,
    pub label: Label,
    /// As written, with its dots; for a group, the group's name.
    pub kind: String,
    pub group: bool,
    /// Key and value of a map.
    pub map: bool,
    pub oneof: Option<String>,
    /// What an extension extends, as written.
    pub extendee: Option<String>,
    pub options: Options,
    pub line: u32,
    pub kind_line: u32,
    pub name_line: u32,
}

/// Numbers from and to, both included.
pub type Range = (i64, i64);

#[derive(Clone, Debug, Default)]
pub struct Message {
    pub name: String,
    pub fields: Vec<Field>,
    pub oneofs: Vec<String>,
    pub messages: Vec<Message>,
    pub enums: Vec<Enum>,
    pub extensions: Vec<Field>,
    pub reserved: Vec<Range>,
    pub reserved_names: Vec<String>,
    pub extension_ranges: Vec<Range>,
    pub options: Options,
    /// The entry of a map field.
    pub map_entry: bool,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct EnumValue {
    pub name: String,
    pub number: i64,
    pub number_line: u32,
}

#[derive(Clone, Debug, Default)]
pub struct Enum {
    pub name: String,
    pub values: Vec<EnumValue>,
    pub reserved: Vec<Range>,
    pub reserved_names: Vec<String>,
    pub options: Options,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct Method {
    pub name: String,
    pub input: String,
    pub output: String,
    pub client_streaming: bool,
    pub server_streaming: bool,
    pub input_line: u32,
    pub output_line: u32,
    pub options: Options,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct Service {
    pub name: String,
    pub methods: Vec<Method>,
    pub line: u32,
}

#[derive(Clone, Debug)]
pub struct File {
    pub name: String,
    pub syntax: Syntax,
    pub syntax_line: Option<u32>,
    pub package: String,
    pub package_line: Option<u32>,
    pub messages: Vec<Message>,
    pub enums: Vec<Enum>,
    pub extensions: Vec<Field>,
    pub services: Vec<Service>,
    pub options: Options,
}
