//! Two versions of a GraphQL schema.
//!
//! What clients ask for may only be widened where they send and narrowed where they read. Names of rules and what counts
//! as breaking or dangerous follow graphql-js.

mod parse;
pub mod rules;

use crate::Text;
use crate::change::{Change, Place};
use parse::{Argument, Definition, Field, Kind, Schema, Type};
use seam_facts::Problem;
use std::collections::{BTreeMap, BTreeSet};

/// Scalars that every schema may use without a definition.
const STANDARD: &[&str] = &["Int", "Float", "String", "Boolean", "ID"];

/// Compares; texts of one side after the first extend the same schema.
pub fn changes(base: &[Text<'_>], revision: &[Text<'_>]) -> (Vec<Change>, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut read = |texts: &[Text<'_>]| {
        let whole: String = texts.iter().map(|t| t.text).collect::<Vec<_>>().join("\n");
        let (schema, found) = parse::parse(&whole);
        problems.extend(found);
        (schema, Lines::new(texts))
    };
    let (base, revision) = (read(base), read(revision));
    let mut out = Out { base: &base.1, revision: &revision.1, changes: Vec::new() };
    types(&mut out, &base.0, &revision.0);
    directives(&mut out, &base.0, &revision.0);
    (out.changes, problems)
}

/// Which file a line of all texts together is in.
struct Lines {
    starts: Vec<(u32, String)>,
}

impl Lines {
    fn new(texts: &[Text<'_>]) -> Self {
        let mut line = 0;
        let mut starts = Vec::new();
        for text in texts {
            starts.push((line, text.name.to_owned()));
            line += text.text.matches('\n').count() as u32 + 1;
        }
        Lines { starts }
    }

    fn place(&self, line: u32) -> Option<Place> {
        let (start, file) = self.starts.iter().rev().find(|(start, _)| *start < line)?;
        Some(Place { file: file.clone(), line: line - start })
    }
}

struct Out<'a> {
    base: &'a Lines,
    revision: &'a Lines,
    changes: Vec<Change>,
}

impl Out<'_> {
    fn put(&mut self, id: &str, key: &str, base: Option<u32>, revision: Option<u32>, text: String) {
        if let Some(rule) = rules::find(id)
            && self.changes.len() < crate::limits::MAX_CHANGES
        {
            self.changes.push(Change {
                rule,
                text,
                key: key.to_owned(),
                field: String::new(),
                operation: "".into(),
                path: String::new(),
                base: base.and_then(|line| self.base.place(line)),
                revision: revision.and_then(|line| self.revision.place(line)),
            });
        }
    }
}

/// Standard scalars that a schema uses; those that introspection uses are always there.
fn scalars(schema: &Schema) -> BTreeSet<&str> {
    let of = |a: &'_ Argument| -> String { a.kind.name().to_owned() };
    let mut used: BTreeSet<String> = BTreeSet::from(["String".to_owned(), "Boolean".to_owned()]);
    for definition in schema.types.values() {
        for field in definition.fields.values() {
            used.insert(field.kind.name().to_owned());
            used.extend(field.arguments.values().map(of));
        }
        used.extend(definition.inputs.values().map(of));
    }
    for directive in schema.directives.values() {
        used.extend(directive.arguments.values().map(of));
    }
    STANDARD.iter().copied().filter(|s| used.contains(*s)).collect()
}

fn types(out: &mut Out<'_>, base: &Schema, revision: &Schema) {
    let (old, new) = (scalars(base), scalars(revision));
    for scalar in old.difference(&new).filter(|s| !base.types.contains_key(**s)) {
        out.put("TYPE_REMOVED", scalar, None, None, format!("the scalar `{scalar}` is not used any more"));
    }
    for (name, was) in &base.types {
        match revision.types.get(name) {
            None => out.put("TYPE_REMOVED", name, Some(was.line), None, format!("type `{name}` was removed")),
            Some(is) if was.kind != is.kind => {
                let text = format!("type `{name}` was {} and is {}", was.kind.word(), is.kind.word());
                out.put("TYPE_CHANGED_KIND", name, Some(was.line), Some(is.line), text);
            }
            Some(is) => definition(out, name, was, is),
        }
    }
    for (name, is) in revision.types.iter().filter(|(name, _)| !base.types.contains_key(*name)) {
        out.put("type-added", name, None, Some(is.line), format!("type `{name}` was added"));
    }
}

fn definition(out: &mut Out<'_>, name: &str, was: &Definition, is: &Definition) {
    let (added, removed, what) = match is.kind {
        Kind::Scalar => return,
        Kind::Input => return inputs(out, name, was, is),
        Kind::Union => ("TYPE_ADDED_TO_UNION", "TYPE_REMOVED_FROM_UNION", "type"),
        Kind::Enum => ("VALUE_ADDED_TO_ENUM", "VALUE_REMOVED_FROM_ENUM", "value"),
        Kind::Object | Kind::Interface => {
            fields(out, name, was, is);
            ("IMPLEMENTED_INTERFACE_ADDED", "IMPLEMENTED_INTERFACE_REMOVED", "interface")
        }
    };
    for (member, line) in is.members.iter().filter(|(m, _)| !was.members.contains_key(*m)) {
        let key = format!("{name}.{member}");
        out.put(added, &key, Some(was.line), Some(*line), format!("{what} `{member}` was added to `{name}`"));
    }
    for (member, line) in was.members.iter().filter(|(m, _)| !is.members.contains_key(*m)) {
        let key = format!("{name}.{member}");
        out.put(removed, &key, Some(*line), Some(is.line), format!("{what} `{member}` was removed from `{name}`"));
    }
}

fn inputs(out: &mut Out<'_>, name: &str, was: &Definition, is: &Definition) {
    for (field, argument) in is.inputs.iter().filter(|(f, _)| !was.inputs.contains_key(*f)) {
        let (id, word) = match argument.required() {
            true => ("REQUIRED_INPUT_FIELD_ADDED", "required"),
            false => ("OPTIONAL_INPUT_FIELD_ADDED", "optional"),
        };
        let key = format!("{name}.{field}");
        out.put(id, &key, Some(was.line), Some(argument.line), format!("input field `{key}` was added, {word}"));
    }
    for (field, before) in &was.inputs {
        let key = format!("{name}.{field}");
        match is.inputs.get(field) {
            None => {
                let text = format!("input field `{key}` was removed");
                out.put("FIELD_REMOVED", &key, Some(before.line), Some(is.line), text);
            }
            Some(now) if !input_holds(&before.kind, &now.kind) => {
                let text = format!("`{key}` changed from `{}` to `{}`", before.kind.show(), now.kind.show());
                out.put("FIELD_CHANGED_KIND", &key, Some(before.line), Some(now.line), text);
            }
            Some(_) => {}
        }
    }
}

fn fields(out: &mut Out<'_>, name: &str, was: &Definition, is: &Definition) {
    for (field, before) in &was.fields {
        let key = format!("{name}.{field}");
        let Some(now) = is.fields.get(field) else {
            let text = format!("field `{key}` was removed");
            out.put("FIELD_REMOVED", &key, Some(before.line), Some(is.line), text);
            continue;
        };
        arguments(out, &key, before, now);
        if !output_holds(&before.kind, &now.kind) {
            let text = format!("`{key}` changed from `{}` to `{}`", before.kind.show(), now.kind.show());
            out.put("FIELD_CHANGED_KIND", &key, Some(before.line), Some(now.line), text);
        }
    }
    for (field, now) in is.fields.iter().filter(|(f, _)| !was.fields.contains_key(*f)) {
        let key = format!("{name}.{field}");
        out.put("field-added", &key, None, Some(now.line), format!("field `{key}` was added"));
    }
}

fn arguments(out: &mut Out<'_>, field: &str, was: &Field, is: &Field) {
    for (name, before) in &was.arguments {
        let key = format!("{field}({name}:)");
        let Some(now) = is.arguments.get(name) else {
            let text = format!("argument `{key}` was removed");
            out.put("ARG_REMOVED", &key, Some(before.line), Some(is.line), text);
            continue;
        };
        if !input_holds(&before.kind, &now.kind) {
            let text = format!("argument `{key}` changed from `{}` to `{}`", before.kind.show(), now.kind.show());
            out.put("ARG_CHANGED_KIND", &key, Some(before.line), Some(now.line), text);
        } else if let Some(old) = &before.default {
            let text = match &now.default {
                None => format!("argument `{key}` lost its default `{old}`"),
                Some(new) if new != old => format!("the default of argument `{key}` changed from `{old}` to `{new}`"),
                Some(_) => continue,
            };
            out.put("ARG_DEFAULT_VALUE_CHANGE", &key, Some(before.line), Some(now.line), text);
        }
    }
    for (name, now) in is.arguments.iter().filter(|(n, _)| !was.arguments.contains_key(*n)) {
        let (id, word) = match now.required() {
            true => ("REQUIRED_ARG_ADDED", "required"),
            false => ("OPTIONAL_ARG_ADDED", "optional"),
        };
        let key = format!("{field}({name}:)");
        out.put(id, &key, Some(was.line), Some(now.line), format!("argument `{key}` was added, {word}"));
    }
}

/// Whether everything that a new type gives, the old one gave: for readers.
fn output_holds(old: &Type, new: &Type) -> bool {
    match (old, new) {
        (Type::List(old), Type::List(new)) => output_holds(old, new),
        (Type::NonNull(old), Type::NonNull(new)) => output_holds(old, new),
        (Type::NonNull(_), _) => false,
        (_, Type::NonNull(new)) => output_holds(old, new),
        (Type::Named(old), Type::Named(new)) => old == new,
        (Type::List(_), Type::Named(_)) | (Type::Named(_), Type::List(_)) => false,
    }
}

/// Whether everything that an old type took, the new one takes: for senders.
fn input_holds(old: &Type, new: &Type) -> bool {
    match (old, new) {
        (Type::List(old), Type::List(new)) => input_holds(old, new),
        (Type::NonNull(old), Type::NonNull(new)) => input_holds(old, new),
        (Type::NonNull(old), new) => input_holds(old, new),
        (Type::Named(old), Type::Named(new)) => old == new,
        (Type::List(_) | Type::Named(_), _) => false,
    }
}

fn directives(out: &mut Out<'_>, base: &Schema, revision: &Schema) {
    for (name, was) in &base.directives {
        let Some(is) = revision.directives.get(name) else {
            let text = format!("directive `@{name}` was removed");
            out.put("DIRECTIVE_REMOVED", &format!("@{name}"), Some(was.line), None, text);
            continue;
        };
        let differ = |a: &BTreeMap<String, Argument>, b: &BTreeMap<String, Argument>| -> Vec<(String, Argument)> {
            a.iter().filter(|(n, _)| !b.contains_key(*n)).map(|(n, a)| (n.clone(), a.clone())).collect()
        };
        for (argument, now) in differ(&is.arguments, &was.arguments).iter().filter(|(_, a)| a.required()) {
            let key = format!("@{name}({argument}:)");
            let text = format!("argument `{key}` was added, required");
            out.put("REQUIRED_DIRECTIVE_ARG_ADDED", &key, Some(was.line), Some(now.line), text);
        }
        for (argument, before) in differ(&was.arguments, &is.arguments) {
            let key = format!("@{name}({argument}:)");
            let text = format!("argument `{key}` was removed");
            out.put("DIRECTIVE_ARG_REMOVED", &key, Some(before.line), Some(is.line), text);
        }
        if was.repeatable && !is.repeatable {
            let text = format!("directive `@{name}` may not be repeated any more");
            out.put("DIRECTIVE_REPEATABLE_REMOVED", &format!("@{name}"), Some(was.line), Some(is.line), text);
        }
        for (location, line) in was.locations.iter().filter(|(l, _)| !is.locations.contains_key(*l)) {
            let text = format!("directive `@{name}` may not stand on `{location}` any more");
            out.put("DIRECTIVE_LOCATION_REMOVED", &format!("@{name}"), Some(*line), Some(is.line), text);
        }
    }
    for (name, is) in revision.directives.iter().filter(|(name, _)| !base.directives.contains_key(*name)) {
        out.put("directive-added", &format!("@{name}"), None, Some(is.line), format!("directive `@{name}` was added"));
    }
}
