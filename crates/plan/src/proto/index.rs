//! All files of one version: elements by their full names, types resolved, features inherited.

use super::model::{Enum, Field, File, Label, Message, Options, Service, Syntax};
use std::collections::{BTreeMap, BTreeSet};

/// What editions let one set, as it counts for one element.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// `EXPLICIT`, `IMPLICIT`, `LEGACY_REQUIRED`.
    pub presence: String,
    /// `OPEN`, `CLOSED`.
    pub enum_type: String,
    /// `VERIFY`, `NONE`.
    pub utf8: String,
    /// `LENGTH_PREFIXED`, `DELIMITED`.
    pub encoding: String,
    /// `ALLOW`, `LEGACY_BEST_EFFORT`.
    pub json: String,
    /// `STRING`, `VIEW`, `CORD`.
    pub cpp_string: String,
    /// `DEFAULT`, `VERIFY`.
    pub java_utf8: String,
}

impl Features {
    fn of(syntax: Syntax) -> Self {
        let all = |values: [&str; 7]| {
            let [presence, enum_type, utf8, encoding, json, cpp_string, java_utf8] = values.map(str::to_owned);
            Features { presence, enum_type, utf8, encoding, json, cpp_string, java_utf8 }
        };
        match syntax {
            Syntax::Proto2 => {
                all(["EXPLICIT", "CLOSED", "NONE", "LENGTH_PREFIXED", "LEGACY_BEST_EFFORT", "STRING", "DEFAULT"])
            }
            Syntax::Proto3 => all(["IMPLICIT", "OPEN", "VERIFY", "LENGTH_PREFIXED", "ALLOW", "STRING", "DEFAULT"]),
            Syntax::Edition(year) => {
                let string = if year >= 2024 { "VIEW" } else { "STRING" };
                all(["EXPLICIT", "OPEN", "VERIFY", "LENGTH_PREFIXED", "ALLOW", string, "DEFAULT"])
            }
        }
    }

    pub fn with(&self, options: &Options) -> Self {
        let mut features = self.clone();
        for (name, slot) in [
            ("features.field_presence", &mut features.presence),
            ("features.enum_type", &mut features.enum_type),
            ("features.utf8_validation", &mut features.utf8),
            ("features.message_encoding", &mut features.encoding),
            ("features.json_format", &mut features.json),
            ("features.(pb.cpp).string_type", &mut features.cpp_string),
            ("features.(pb.java).utf8_validation", &mut features.java_utf8),
        ] {
            if let Some(value) = options.get(name) {
                value.clone_into(slot);
            }
        }
        features
    }
}

/// An element, where it is declared, and what it inherits.
#[derive(Clone)]
pub struct In<'a, T> {
    pub of: &'a T,
    pub file: &'a File,
    /// The name within its file, with the messages around it.
    pub nested: String,
    pub features: Features,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Scalar(&'static str),
    Enum(String),
    Message(String),
    Group(String),
}

pub const SCALARS: &[&str] = &[
    "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
    "sfixed64", "bool", "string", "bytes",
];

/// Enums of the well-known types, which are seldom handed in.
const KNOWN_ENUMS: &[&str] = &[
    "google.protobuf.NullValue",
    "google.protobuf.Syntax",
    "google.protobuf.Edition",
    "google.protobuf.FieldDescriptorProto.Type",
    "google.protobuf.FieldDescriptorProto.Label",
];

#[derive(Default)]
pub struct Index<'a> {
    pub files: BTreeMap<&'a str, &'a File>,
    pub messages: BTreeMap<String, In<'a, Message>>,
    pub enums: BTreeMap<String, In<'a, Enum>>,
    pub services: BTreeMap<String, In<'a, Service>>,
    /// By full name.
    pub extensions: BTreeMap<String, In<'a, Field>>,
    pub packages: BTreeSet<&'a str>,
    /// Packages that have a message.
    pub with_messages: BTreeSet<&'a str>,
}

impl<'a> Index<'a> {
    pub fn new(files: &'a [File]) -> Self {
        let mut index = Index::default();
        for file in files {
            index.files.insert(&file.name, file);
            index.packages.insert(&file.package);
            let features = Features::of(file.syntax).with(&file.options);
            for message in &file.messages {
                index.with_messages.insert(&file.package);
                index.message(file, message, "", &features);
            }
            for item in &file.enums {
                index.enumeration(file, item, "", &features);
            }
            for field in &file.extensions {
                index.extension(file, field, "", &features);
            }
            for service in &file.services {
                let at = In { of: service, file, nested: service.name.clone(), features: features.clone() };
                index.services.insert(dotted(&file.package, &service.name), at);
            }
        }
        index
    }

    fn message(&mut self, file: &'a File, message: &'a Message, outer: &str, features: &Features) {
        let nested = dotted(outer, &message.name);
        let features = features.with(&message.options);
        for inner in &message.messages {
            self.message(file, inner, &nested, &features);
        }
        for item in &message.enums {
            self.enumeration(file, item, &nested, &features);
        }
        for field in &message.extensions {
            self.extension(file, field, &nested, &features);
        }
        let full = dotted(&file.package, &nested);
        self.messages.insert(full, In { of: message, file, nested, features });
    }

    fn enumeration(&mut self, file: &'a File, of: &'a Enum, outer: &str, features: &Features) {
        let nested = dotted(outer, &of.name);
        let features = features.with(&of.options);
        self.enums.insert(dotted(&file.package, &nested), In { of, file, nested, features });
    }

    fn extension(&mut self, file: &'a File, of: &'a Field, outer: &str, features: &Features) {
        let nested = dotted(outer, &of.name);
        let features = features.clone();
        self.extensions.insert(dotted(&file.package, &nested), In { of, file, nested, features });
    }

    /// The full name of a type that is written in a scope.
    pub fn resolve(&self, name: &str, scope: &str) -> String {
        if let Some(full) = name.strip_prefix('.') {
            return full.to_owned();
        }
        let mut scope = scope;
        loop {
            let full = dotted(scope, name);
            if self.messages.contains_key(&full) || self.enums.contains_key(&full) {
                return full;
            }
            match scope.rsplit_once('.') {
                Some((outer, _)) => scope = outer,
                None if scope.is_empty() => return name.to_owned(),
                None => scope = "",
            }
        }
    }

    /// What a field of a message (or an extension in a scope) holds.
    pub fn kind(&self, field: &Field, scope: &str, features: &Features) -> Kind {
        if let Some(scalar) = SCALARS.iter().find(|s| **s == field.kind).filter(|_| !field.group) {
            return Kind::Scalar(scalar);
        }
        let full = self.resolve(&field.kind, scope);
        let delimited = features.with(&field.options).encoding == "DELIMITED" && !field.map;
        let entry = self.messages.get(scope).is_some_and(|m| m.of.map_entry);
        if self.enums.contains_key(&full) || KNOWN_ENUMS.contains(&full.as_str()) {
            Kind::Enum(full)
        } else if field.group || (delimited && !entry) {
            Kind::Group(full)
        } else {
            Kind::Message(full)
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cardinality {
    Explicit,
    Implicit,
    Required,
    Repeated,
    Map,
}

impl Cardinality {
    pub fn word(self) -> &'static str {
        match self {
            Cardinality::Explicit => "optional with presence",
            Cardinality::Implicit => "optional without presence",
            Cardinality::Required => "required",
            Cardinality::Repeated => "repeated",
            Cardinality::Map => "a map",
        }
    }
}

pub fn cardinality(field: &Field, kind: &Kind, features: &Features) -> Cardinality {
    if field.map {
        return Cardinality::Map;
    }
    let presence = features.with(&field.options).presence;
    match field.label {
        Label::Repeated => Cardinality::Repeated,
        Label::Required => Cardinality::Required,
        Label::None if presence == "LEGACY_REQUIRED" && field.oneof.is_none() && field.extendee.is_none() => {
            Cardinality::Required
        }
        Label::Optional => Cardinality::Explicit,
        Label::None => {
            let explicit = field.oneof.is_some() || field.extendee.is_some() || presence != "IMPLICIT";
            match kind {
                Kind::Message(_) | Kind::Group(_) => Cardinality::Explicit,
                Kind::Scalar(_) | Kind::Enum(_) if explicit => Cardinality::Explicit,
                Kind::Scalar(_) | Kind::Enum(_) => Cardinality::Implicit,
            }
        }
    }
}

pub fn dotted(outer: &str, name: &str) -> String {
    if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") }
}

/// Whether a package says by its version that it is not stable yet: `v1alpha1`, `v1beta`, `v2test…`, `v1p1beta1`.
pub fn unstable(package: &str) -> bool {
    let Some(version) = package.rsplit('.').next().and_then(|last| last.strip_prefix('v')) else { return false };
    if !package.contains('.') {
        return false;
    }
    let number = |text: &str| text.parse::<u32>().is_ok_and(|n| n > 0) && !text.starts_with('+');
    if let Some((major, _)) = version.split_once("test") {
        return number(major);
    }
    for word in ["alpha", "beta"] {
        let other = if word == "alpha" { "beta" } else { "alpha" };
        if let Some((major, minor)) = version.split_once(word)
            && !version.contains(other)
        {
            let base = match major.split_once('p') {
                Some((major, patch)) => number(major) && number(patch),
                None => number(major),
            };
            return base && (minor.is_empty() || number(minor));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::unstable;

    #[test]
    fn packages_say_whether_they_are_stable() {
        for package in ["a.v1alpha1", "a.v1beta", "a.b.v1p1beta2", "a.v1test", "a.v2testx"] {
            assert!(unstable(package), "{package}");
        }
        for package in ["a.v1", "a", "v1beta1", "a.vbeta1", "a.v0alpha1", "a.v1alphabeta", ""] {
            assert!(!unstable(package), "{package}");
        }
    }
}
