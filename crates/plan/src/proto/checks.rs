//! Every check between two versions of all files.

use super::defaults::default;
use super::index::{Cardinality, Features, In, Index, Kind, cardinality, dotted};
use super::model::{Enum, EnumValue, Field, File, Label, Message, Method, Range, Service};
use super::rules;
use crate::change::{Change, Place};
use crate::limits::MAX_CHANGES;
use std::collections::{BTreeMap, BTreeSet};

struct Out<'a> {
    base: &'a Index<'a>,
    revision: &'a Index<'a>,
    changes: Vec<Change>,
}

/// A file, and a line of it (0 for the file as a whole).
type Spot<'a> = (&'a File, u32);

impl<'a> Out<'a> {
    fn put(&mut self, id: &str, key: &str, base: Option<Spot<'_>>, revision: Option<Spot<'_>>, text: String) {
        if let Some((rule, _)) = rules::find(id)
            && self.changes.len() < MAX_CHANGES
        {
            let place = |spot: Spot<'_>| Place { file: spot.0.name.clone(), line: spot.1 };
            self.changes.push(Change {
                rule,
                text,
                key: key.to_owned(),
                field: String::new(),
                operation: "".into(),
                path: String::new(),
                base: base.map(place),
                revision: revision.map(place),
            });
        }
    }
}

pub fn check(base: &Index<'_>, revision: &Index<'_>) -> Vec<Change> {
    let mut out = Out { base, revision, changes: Vec::new() };
    files(&mut out);
    packages(&mut out);
    for (name, was) in &base.messages {
        match revision.messages.get(name) {
            Some(is) => message(&mut out, name, was, is),
            None => deleted_message(&mut out, name, was),
        }
    }
    for (name, is) in &revision.messages {
        if !base.messages.contains_key(name) && !is.of.map_entry {
            out.put("message-added", name, None, Some((is.file, is.of.line)), format!("message `{name}` was added"));
        }
    }
    for (name, was) in &base.enums {
        if let Some(is) = revision.enums.get(name) {
            enumeration(&mut out, name, was, is);
        }
    }
    for (name, is) in &revision.enums {
        if !base.enums.contains_key(name) {
            out.put("enum-added", name, None, Some((is.file, is.of.line)), format!("enum `{name}` was added"));
        }
    }
    extensions(&mut out);
    for (name, was) in &base.services {
        if let Some(is) = revision.services.get(name) {
            service(&mut out, name, was, is);
        }
    }
    for (name, is) in &revision.services {
        if !base.services.contains_key(name) {
            out.put("service-added", name, None, Some((is.file, is.of.line)), format!("service `{name}` was added"));
        }
    }
    out.changes
}

const FILE_OPTIONS: &[(&str, &str, &str)] = &[
    ("cc_enable_arenas", "FILE_SAME_CC_ENABLE_ARENAS", "true"),
    ("cc_generic_services", "FILE_SAME_CC_GENERIC_SERVICES", "false"),
    ("csharp_namespace", "FILE_SAME_CSHARP_NAMESPACE", ""),
    ("go_package", "FILE_SAME_GO_PACKAGE", ""),
    ("java_generic_services", "FILE_SAME_JAVA_GENERIC_SERVICES", "false"),
    ("java_multiple_files", "FILE_SAME_JAVA_MULTIPLE_FILES", "false"),
    ("java_outer_classname", "FILE_SAME_JAVA_OUTER_CLASSNAME", ""),
    ("java_package", "FILE_SAME_JAVA_PACKAGE", ""),
    ("objc_class_prefix", "FILE_SAME_OBJC_CLASS_PREFIX", ""),
    ("optimize_for", "FILE_SAME_OPTIMIZE_FOR", "SPEED"),
    ("php_class_prefix", "FILE_SAME_PHP_CLASS_PREFIX", ""),
    ("php_metadata_namespace", "FILE_SAME_PHP_METADATA_NAMESPACE", ""),
    ("php_namespace", "FILE_SAME_PHP_NAMESPACE", ""),
    ("py_generic_services", "FILE_SAME_PY_GENERIC_SERVICES", "false"),
    ("ruby_package", "FILE_SAME_RUBY_PACKAGE", ""),
    ("swift_prefix", "FILE_SAME_SWIFT_PREFIX", ""),
];

fn files(out: &mut Out<'_>) {
    let (base, revision) = (out.base, out.revision);
    for (name, was) in &base.files {
        let Some(is) = revision.files.get(name) else {
            out.put("FILE_NO_DELETE", name, Some((was, 0)), None, format!("file `{name}` was deleted"));
            continue;
        };
        for (option, id, unsaid) in FILE_OPTIONS {
            let (old, new) = (was.options.get(option), is.options.get(option));
            if old.unwrap_or(unsaid) != new.unwrap_or(unsaid) {
                let shown = |value: Option<&str>| value.unwrap_or(unsaid).to_owned();
                let text = format!("option `{option}` changed from `{}` to `{}`", shown(old), shown(new));
                let line = |file: &File| file.options.line(option).unwrap_or_default();
                out.put(id, name, Some((was, line(was))), Some((is, line(is))), text);
            }
        }
        if was.syntax != is.syntax {
            let text = format!("syntax changed from `{:?}` to `{:?}`", was.syntax, is.syntax).to_lowercase();
            let spots = (was.syntax_line.unwrap_or_default(), is.syntax_line.unwrap_or_default());
            out.put("FILE_SAME_SYNTAX", name, Some((was, spots.0)), Some((is, spots.1)), text);
        }
        if was.package != is.package {
            let text = format!("package changed from `{}` to `{}`", was.package, is.package);
            let spots = (was.package_line.unwrap_or_default(), is.package_line.unwrap_or_default());
            out.put("FILE_SAME_PACKAGE", name, Some((was, spots.0)), Some((is, spots.1)), text);
        }
        in_file(out, was, is);
    }
}

/// What is no longer in a file, wherever it is now; messages are looked at with their package.
fn in_file(out: &mut Out<'_>, was: &File, is: &File) {
    let (base, revision) = (out.base, out.revision);
    let named = |file: &File, nested: &str| dotted(&file.package, nested);
    let enums: Vec<_> = base.enums.iter().filter(|(_, e)| e.file.name == was.name).collect();
    for (name, item) in enums {
        let there = revision.enums.get(&named(is, &item.nested)).is_some_and(|e| e.file.name == is.name);
        if !there {
            let line = around(revision, is, &item.nested);
            let text = format!("enum `{name}` was deleted");
            out.put("ENUM_NO_DELETE", name, Some((item.file, item.of.line)), Some((is, line)), text);
        }
    }
    let extensions: Vec<_> = base.extensions.iter().filter(|(_, e)| e.file.name == was.name).collect();
    for (name, item) in extensions {
        let there = revision.extensions.get(&named(is, &item.nested)).is_some_and(|e| e.file.name == is.name);
        if !there {
            let line = around(revision, is, &item.nested);
            let text = format!("extension `{name}` was deleted");
            out.put("EXTENSION_NO_DELETE", name, Some((item.file, item.of.line)), Some((is, line)), text);
        }
    }
    let messages: Vec<_> = base.messages.iter().filter(|(_, m)| m.file.name == was.name).collect();
    for (name, item) in messages {
        let there = revision.messages.get(&named(is, &item.nested)).is_some_and(|m| m.file.name == is.name);
        if !there {
            let line = around(revision, is, &item.nested);
            let text = match item.of.map_entry {
                true => format!("the map whose entry is `{name}` was deleted"),
                false => format!("message `{name}` was deleted"),
            };
            out.put("MESSAGE_NO_DELETE", name, Some((item.file, item.of.line)), Some((is, line)), text);
        }
    }
    for service in &was.services {
        if is.services.iter().all(|s| s.name != service.name) {
            let name = named(was, &service.name);
            let text = format!("service `{name}` was deleted");
            out.put("SERVICE_NO_DELETE", &name, Some((was, service.line)), Some((is, 0)), text);
        }
    }
}

/// The line of the innermost message that is still around a deleted element; 0 if there is none.
fn around(index: &Index<'_>, file: &File, nested: &str) -> u32 {
    let mut outer = nested;
    while let Some((rest, _)) = outer.rsplit_once('.') {
        if let Some(message) = index.messages.get(&dotted(&file.package, rest))
            && message.file.name == file.name
        {
            return message.of.line;
        }
        outer = rest;
    }
    0
}

/// What is no longer in a package.
fn packages(out: &mut Out<'_>) {
    let (base, revision) = (out.base, out.revision);
    for package in base.packages.difference(&revision.packages) {
        let mut files: Vec<&&File> = base.files.values().filter(|f| f.package == **package).collect();
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let first = files.first().map(|f| (**f, f.package_line.unwrap_or_default()));
        out.put("PACKAGE_NO_DELETE", package, first, None, format!("package `{package}` was deleted"));
    }
    let kept = |file: &File| revision.packages.contains(file.package.as_str());
    // As in buf: a package that has no enum (or extension) left at all is not asked for them.
    let enums: BTreeSet<&str> = revision.enums.values().map(|e| e.file.package.as_str()).collect();
    let extensions: BTreeSet<&str> = revision.extensions.values().map(|e| e.file.package.as_str()).collect();
    // The place is in the file of the same name, if there is one still.
    let place = |file: &File, nested: &str| {
        let is = revision.files.get(file.name.as_str())?;
        Some((*is, around(revision, is, nested)))
    };
    let gone =
        |name: &str, e: &In<'_, Enum>| enums.contains(e.file.package.as_str()) && !revision.enums.contains_key(name);
    for (name, item) in base.enums.iter().filter(|(name, e)| gone(name, e)) {
        let text = format!("enum `{name}` was deleted from its package");
        let at = place(item.file, &item.nested);
        out.put("PACKAGE_ENUM_NO_DELETE", name, Some((item.file, item.of.line)), at, text);
    }
    for (name, item) in &base.extensions {
        if extensions.contains(item.file.package.as_str()) && !revision.extensions.contains_key(name) {
            let text = format!("extension `{name}` was deleted from its package");
            let at = place(item.file, &item.nested);
            out.put("PACKAGE_EXTENSION_NO_DELETE", name, Some((item.file, item.of.line)), at, text);
        }
    }
    for (name, item) in &base.services {
        if kept(item.file) && !revision.services.contains_key(name) {
            let text = format!("service `{name}` was deleted from its package");
            let at = revision.files.get(item.file.name.as_str()).map(|f| (*f, 0));
            out.put("PACKAGE_SERVICE_NO_DELETE", name, Some((item.file, item.of.line)), at, text);
        }
    }
}

fn deleted_message(out: &mut Out<'_>, name: &str, was: &In<'_, Message>) {
    let revision = out.revision;
    if revision.with_messages.contains(was.file.package.as_str()) {
        // The message around it may be in another file by now.
        let outer = |is: &&'_ File| {
            let mut outer = was.nested.as_str();
            while let Some((rest, _)) = outer.rsplit_once('.') {
                if let Some(message) = revision.messages.get(&dotted(&was.file.package, rest)) {
                    return (message.file.name.clone(), message.of.line);
                }
                outer = rest;
            }
            (is.name.clone(), 0)
        };
        let found = revision.files.get(was.file.name.as_str()).map(outer);
        let at = found.as_ref().and_then(|(file, line)| Some((*revision.files.get(file.as_str())?, *line)));
        let text = format!("message `{name}` was deleted from its package");
        out.put("PACKAGE_MESSAGE_NO_DELETE", name, Some((was.file, was.of.line)), at, text);
    }
}

fn message(out: &mut Out<'_>, name: &str, was: &In<'_, Message>, is: &In<'_, Message>) {
    let at = (Some((was.file, was.of.line)), Some((is.file, is.of.line)));
    let numbers = |m: &Message| -> BTreeSet<i64> { m.fields.iter().map(|f| f.number).collect() };
    let now = numbers(is.of);
    for field in was.of.fields.iter().filter(|f| !now.contains(&f.number)) {
        let key = dotted(name, &field.name);
        let base = Some((was.file, field.line));
        let told = format!("field `{}` ({}) of `{name}` was deleted", field.name, field.number);
        out.put("FIELD_NO_DELETE", &key, base, at.1, told.clone());
        if !is.of.reserved_names.contains(&field.name) {
            let text = format!("{told}; its name is not reserved");
            out.put("FIELD_NO_DELETE_UNLESS_NAME_RESERVED", &key, base, at.1, text);
        }
        if !within(&is.of.reserved, field.number) {
            let text = format!("{told}; its number is not reserved");
            out.put("FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED", &key, base, at.1, text);
        }
    }
    let before = numbers(was.of);
    for field in is.of.fields.iter().filter(|f| !before.contains(&f.number)) {
        let key = dotted(name, &field.name);
        let text = format!("field `{}` ({}) was added to `{name}`", field.name, field.number);
        out.put("field-added", &key, None, Some((is.file, field.line)), text);
    }
    for oneof in was.of.oneofs.iter().filter(|o| !is.of.oneofs.contains(o)) {
        let text = format!("oneof `{oneof}` of `{name}` was deleted");
        out.put("ONEOF_NO_DELETE", &dotted(name, oneof), at.0, at.1, text);
    }
    required(out, name, was, is, at);
    ranges(
        out,
        "EXTENSION_MESSAGE_NO_DELETE",
        "extension range",
        name,
        &was.of.extension_ranges,
        &is.of.extension_ranges,
        at,
    );
    ranges(out, "RESERVED_MESSAGE_NO_DELETE", "reserved range", name, &was.of.reserved, &is.of.reserved, at);
    names(out, "RESERVED_MESSAGE_NO_DELETE", name, &was.of.reserved_names, &is.of.reserved_names, at);
    let accessor = "no_standard_descriptor_accessor";
    if was.of.options.get(accessor) != Some("true") && is.of.options.get(accessor) == Some("true") {
        let line = is.of.options.line(accessor).unwrap_or_default();
        let text = format!("option `{accessor}` of `{name}` became `true`");
        out.put("MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR", name, at.0, Some((is.file, line)), text);
    }
    if was.features.json == "ALLOW" && is.features.json != "ALLOW" {
        let line = is.of.options.line("features.json_format").unwrap_or(is.of.line);
        let text = format!("`{name}` is only `{}` as JSON now", is.features.json);
        out.put("MESSAGE_SAME_JSON_FORMAT", name, at.0, Some((is.file, line)), text);
    }
    for before in &was.of.fields {
        if let Some(now) = is.of.fields.iter().find(|f| f.number == before.number) {
            let (b, r) = (
                of(out.base, before, name, was.file, &was.features),
                of(out.revision, now, name, is.file, &is.features),
            );
            let entry = was.of.map_entry && is.of.map_entry;
            field(out, &b, &r, entry);
        }
    }
}

fn within(ranges: &[Range], number: i64) -> bool {
    ranges.iter().any(|(from, to)| (*from..=*to).contains(&number))
}

fn required(
    out: &mut Out<'_>,
    name: &str,
    was: &In<'_, Message>,
    is: &In<'_, Message>,
    at: (Option<Spot<'_>>, Option<Spot<'_>>),
) {
    let required = |index: &Index<'_>, m: &In<'_, Message>, legacy: bool| -> BTreeSet<i64> {
        let of = |f: &&Field| {
            cardinality(f, &index.kind(f, name, &m.features), &m.features) == Cardinality::Required
                && (f.label != Label::Required) == legacy
        };
        m.of.fields.iter().filter(of).map(|f| f.number).collect()
    };
    // What an edition calls required is no label, and buf does not count it.
    let legacy = (required(out.base, was, true), required(out.revision, is, true));
    for number in legacy.0.symmetric_difference(&legacy.1) {
        let line = is.of.fields.iter().find(|f| f.number == *number).map_or(is.of.line, |f| f.line);
        let text = format!("field {number} of `{name}` is required on one side only");
        out.put("legacy-required-changed", &format!("{name}#{number}"), at.0, Some((is.file, line)), text);
    }
    let (old, new) = (required(out.base, was, false), required(out.revision, is, false));
    let why = "both sides must know it";
    for number in old.difference(&new) {
        let text = format!("`{name}` lost the required field {number}: {why}");
        out.put("MESSAGE_SAME_REQUIRED_FIELDS", &format!("{name}#{number}"), at.0, at.1, text);
    }
    for number in new.difference(&old) {
        let line = is.of.fields.iter().find(|f| f.number == *number).map_or(0, |f| f.line);
        let text = format!("`{name}` has a new required field {number}: {why}");
        out.put("MESSAGE_SAME_REQUIRED_FIELDS", &format!("{name}#{number}"), None, Some((is.file, line)), text);
    }
}

/// Ranges of numbers that are not covered any more; one change for each range.
fn ranges(
    out: &mut Out<'_>,
    id: &str,
    what: &str,
    name: &str,
    was: &[Range],
    is: &[Range],
    at: (Option<Spot<'_>>, Option<Spot<'_>>),
) {
    let mut now = is.to_vec();
    now.sort_unstable();
    for (from, to) in was {
        // Goes along the ranges for as long as they leave no gap.
        let mut next = *from;
        for (start, end) in &now {
            if *start <= next && *end >= next {
                next = end.saturating_add(1);
            }
        }
        if next <= *to {
            let text = format!("{what} `{from}` to `{to}` of `{name}` is no longer whole");
            out.put(id, &format!("{name}#{from}-{to}"), at.0, at.1, text);
        }
    }
}

fn names(
    out: &mut Out<'_>,
    id: &str,
    name: &str,
    was: &[String],
    is: &[String],
    at: (Option<Spot<'_>>, Option<Spot<'_>>),
) {
    for gone in was.iter().collect::<BTreeSet<_>>().into_iter().filter(|n| !is.contains(n)) {
        out.put(id, &dotted(name, gone), at.0, at.1, format!("the name `{gone}` is no longer reserved in `{name}`"));
    }
}

/// A field of one version with all that counts for it.
struct Seen<'a> {
    of: &'a Field,
    /// The name for messages and keys.
    name: String,
    file: &'a File,
    kind: Kind,
    cardinality: Cardinality,
    features: Features,
    index: &'a Index<'a>,
}

fn of<'a>(index: &'a Index<'a>, field: &'a Field, scope: &str, file: &'a File, features: &Features) -> Seen<'a> {
    let kind = index.kind(field, scope, features);
    let cardinality = cardinality(field, &kind, features);
    Seen {
        of: field,
        name: dotted(scope, &field.name),
        file,
        kind,
        cardinality,
        features: features.with(&field.options),
        index,
    }
}

impl Seen<'_> {
    fn shown(&self) -> String {
        match &self.kind {
            Kind::Scalar(name) => (*name).to_owned(),
            Kind::Enum(name) | Kind::Message(name) | Kind::Group(name) => name.clone(),
        }
    }

    fn option_line(&self, names: &[&str]) -> u32 {
        names.iter().find_map(|n| self.of.options.line(n)).unwrap_or(self.of.line)
    }

    fn json_name(&self) -> String {
        match self.of.options.get("json_name") {
            Some(name) => name.to_owned(),
            None => camel(&self.of.name),
        }
    }
}

fn camel(name: &str) -> String {
    let (mut out, mut upper) = (String::new(), false);
    for c in name.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                out.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => out.push(c),
        }
    }
    out
}

/// A field, or an extension, of both versions.
fn field(out: &mut Out<'_>, was: &Seen<'_>, is: &Seen<'_>, entry: bool) {
    let key = was.name.clone();
    let at = (Some((was.file, was.of.line)), Some((is.file, is.of.line)));
    if !entry && was.cardinality != is.cardinality {
        let text = format!("field `{key}` changed from {} to {}", was.cardinality.word(), is.cardinality.word());
        let group = |c: Cardinality, json: bool| match c {
            Cardinality::Explicit | Cardinality::Implicit => 1,
            Cardinality::Required => 2,
            Cardinality::Repeated => 3,
            Cardinality::Map => 3 + u8::from(json),
        };
        out.put("FIELD_SAME_CARDINALITY", &key, at.0, at.1, text.clone());
        for (id, json) in
            [("FIELD_WIRE_COMPATIBLE_CARDINALITY", false), ("FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY", true)]
        {
            if group(was.cardinality, json) != group(is.cardinality, json) {
                out.put(id, &key, at.0, at.1, text.clone());
            }
        }
    }
    types(out, was, is, &key);
    strings(out, was, is, &key, entry);
    let extension = was.of.extendee.is_some();
    let (old, new) = (was.of.options.get("jstype"), is.of.options.get("jstype"));
    let wide = |kind: &Kind| matches!(kind, Kind::Scalar("int64" | "sint64" | "uint64" | "fixed64" | "sfixed64"));
    if wide(&was.kind) && wide(&is.kind) && old.unwrap_or("JS_NORMAL") != new.unwrap_or("JS_NORMAL") {
        let text = format!(
            "option `jstype` of `{key}` changed from `{}` to `{}`",
            old.unwrap_or("JS_NORMAL"),
            new.unwrap_or("JS_NORMAL")
        );
        out.put("FIELD_SAME_JSTYPE", &key, at.0, Some((is.file, is.option_line(&["jstype"]))), text);
    }
    if !extension && was.json_name() != is.json_name() {
        let text = format!("`{key}` is called `{}` in JSON, not `{}`", is.json_name(), was.json_name());
        out.put("FIELD_SAME_JSON_NAME", &key, at.0, Some((is.file, is.option_line(&["json_name"]))), text);
    }
    let (old, new) =
        if extension { (was.name.as_str(), is.name.as_str()) } else { (was.of.name.as_str(), is.of.name.as_str()) };
    if old != new {
        let text = format!(
            "field {} of `{}` changed its name from `{old}` to `{new}`",
            was.of.number,
            key.rsplit_once('.').map_or("", |(m, _)| m)
        );
        out.put("FIELD_SAME_NAME", &key, Some((was.file, was.of.name_line)), Some((is.file, is.of.name_line)), text);
    }
    if let (Some(old), Some(new)) =
        (default(was.index, was.of, &was.kind, &was.features), default(is.index, is.of, &is.kind, &is.features))
    {
        let float = |kind: &Kind| matches!(kind, Kind::Scalar("float"));
        let narrow = (float(&was.kind) && is.kind == Kind::Scalar("double"))
            || (float(&is.kind) && was.kind == Kind::Scalar("double"));
        let unset = old.is_zero() && new.is_zero();
        if !unset && !old.same(&new, narrow) {
            let text = format!("the default of `{key}` changed from `{}` to `{}`", old.show(), new.show());
            out.put("FIELD_SAME_DEFAULT", &key, at.0, Some((is.file, is.option_line(&["default"]))), text);
        }
    }
    if !extension && was.of.oneof != is.of.oneof {
        let shown = |oneof: &Option<String>| oneof.as_ref().map_or("no oneof".to_owned(), |o| format!("oneof `{o}`"));
        let text = format!("field `{key}` moved from {} to {}", shown(&was.of.oneof), shown(&is.of.oneof));
        out.put("FIELD_SAME_ONEOF", &key, at.0, at.1, text);
    }
}

fn types(out: &mut Out<'_>, was: &Seen<'_>, is: &Seen<'_>, key: &str) {
    let spots = (Some((was.file, was.of.kind_line)), Some((is.file, is.of.kind_line)));
    let text = format!("field `{key}` changed from `{}` to `{}`", was.shown(), is.shown());
    if was.kind == is.kind {
        return;
    }
    out.put("FIELD_SAME_TYPE", key, spots.0, spots.1, text.clone());
    let subset = match (&was.kind, &is.kind) {
        (Kind::Enum(old), Kind::Enum(new)) => {
            let found = (was.index.enums.get(old), is.index.enums.get(new));
            matches!(found, (Some(old), Some(new)) if old.of.name == new.of.name && covers(new.of, old.of))
        }
        _ => false,
    };
    if (group(&was.kind, false) != group(&is.kind, false)
        && !matches!((&was.kind, &is.kind), (Kind::Scalar("string"), Kind::Scalar("bytes"))))
        || (named(&was.kind) && named(&is.kind) && group(&was.kind, false) == group(&is.kind, false) && !subset)
    {
        out.put("FIELD_WIRE_COMPATIBLE_TYPE", key, spots.0, spots.1, text.clone());
    }
    if group(&was.kind, true) != group(&is.kind, true) || (named(&was.kind) && named(&is.kind) && !subset) {
        out.put("FIELD_WIRE_JSON_COMPATIBLE_TYPE", key, spots.0, spots.1, text);
    }
}

fn named(kind: &Kind) -> bool {
    !matches!(kind, Kind::Scalar(_))
}

/// Kinds that are read as each other.
fn group(kind: &Kind, json: bool) -> u8 {
    match (kind, json) {
        (Kind::Scalar("int32" | "uint32"), _) => 1,
        (Kind::Scalar("int64" | "uint64"), false) => 1,
        (Kind::Scalar("int64" | "uint64"), true) => 2,
        (Kind::Scalar("bool"), false) => 1,
        (Kind::Scalar("bool"), true) => 3,
        (Kind::Scalar("sint32"), _) => 4,
        (Kind::Scalar("sint64"), false) => 4,
        (Kind::Scalar("sint64"), true) => 5,
        (Kind::Scalar("string"), _) => 6,
        (Kind::Scalar("bytes"), _) => 7,
        (Kind::Scalar("fixed32" | "sfixed32"), _) => 8,
        (Kind::Scalar("fixed64" | "sfixed64"), _) => 9,
        (Kind::Scalar("double"), _) => 10,
        (Kind::Scalar(_), _) => 11,
        (Kind::Group(_), _) => 12,
        (Kind::Message(_), _) => 13,
        (Kind::Enum(_), _) => 14,
    }
}

/// Whether an enum has every value of another, by name and number.
fn covers(all: &Enum, some: &Enum) -> bool {
    some.values.iter().all(|v| all.values.iter().any(|a| a.name == v.name && a.number == v.number))
}

/// How strings are kept and checked by generated code.
fn strings(out: &mut Out<'_>, was: &Seen<'_>, is: &Seen<'_>, key: &str, entry: bool) {
    let at = Some((was.file, was.of.line));
    let text_kind = |kind: &Kind| matches!(kind, Kind::Scalar("string" | "bytes"));
    if !entry && text_kind(&was.kind) && text_kind(&is.kind) {
        let (old, new) = (cpp_string(was), cpp_string(is));
        if old != new && !(old == "STRING_PIECE" && new == "STRING") {
            let line = is.option_line(&["ctype", "features.(pb.cpp).string_type"]);
            let text = format!("the C++ string type of `{key}` changed from `{old}` to `{new}`");
            out.put("FIELD_SAME_CPP_STRING_TYPE", key, at, Some((is.file, line)), text);
        }
    }
    if was.kind != Kind::Scalar("string") || is.kind != Kind::Scalar("string") {
        return;
    }
    let (old, new) = (java_utf8(was), java_utf8(is));
    if old != new {
        let own = is.of.options.line("features.(pb.java).utf8_validation");
        let line = is.file.options.line("java_string_check_utf8").or(own).unwrap_or(is.of.line);
        let text = format!("Java's check of UTF-8 in `{key}` changed from `{old}` to `{new}`");
        out.put("FIELD_SAME_JAVA_UTF8_VALIDATION", key, at, Some((is.file, line)), text);
    }
    if was.features.utf8 != is.features.utf8 {
        let line = is.option_line(&["features.utf8_validation"]);
        let text =
            format!("the check of UTF-8 in `{key}` changed from `{}` to `{}`", was.features.utf8, is.features.utf8);
        out.put("FIELD_SAME_UTF8_VALIDATION", key, at, Some((is.file, line)), text);
    }
}

fn cpp_string(seen: &Seen<'_>) -> String {
    use super::model::Syntax;
    let old = !matches!(seen.file.syntax, Syntax::Edition(year) if year >= 2024);
    match seen.of.options.get("ctype").filter(|_| old) {
        Some(kind) => kind.to_owned(),
        None => seen.features.cpp_string.clone(),
    }
}

fn java_utf8(seen: &Seen<'_>) -> String {
    use super::model::Syntax;
    let option = seen.file.options.get("java_string_check_utf8");
    let edition = matches!(seen.file.syntax, Syntax::Edition(_));
    let verify = if edition && option.is_none() { seen.features.java_utf8 == "VERIFY" } else { option == Some("true") };
    if verify { "VERIFY".to_owned() } else { seen.features.utf8.clone() }
}

fn extensions(out: &mut Out<'_>) {
    let (base, revision) = (out.base, out.revision);
    let by_number = |index: &Index<'_>| -> BTreeMap<(String, i64), String> {
        let scope = |name: &str| name.rsplit_once('.').map_or(String::new(), |(s, _)| s.to_owned());
        let of = |(name, e): (&String, &In<'_, Field>)| {
            let extendee = index.resolve(e.of.extendee.as_deref().unwrap_or_default(), &scope(name));
            ((extendee, e.of.number), name.clone())
        };
        index.extensions.iter().map(of).collect()
    };
    let now = by_number(revision);
    for (key, name) in by_number(base) {
        let Some(other) = now.get(&key) else { continue };
        let (Some(was), Some(is)) = (base.extensions.get(&name), revision.extensions.get(other)) else { continue };
        let scope = |name: &str| name.rsplit_once('.').map_or(String::new(), |(s, _)| s.to_owned());
        let b = of(base, was.of, &scope(&name), was.file, &was.features);
        let r = of(revision, is.of, &scope(other), is.file, &is.features);
        field(out, &b, &r, false);
    }
}

fn enumeration(out: &mut Out<'_>, name: &str, was: &In<'_, Enum>, is: &In<'_, Enum>) {
    let at = (Some((was.file, was.of.line)), Some((is.file, is.of.line)));
    let closed = |e: &In<'_, Enum>| e.features.enum_type == "CLOSED";
    if closed(was) != closed(is) {
        let shown = |closed| if closed { "closed" } else { "open" };
        let line = is.of.options.line("features.enum_type").unwrap_or(is.of.line);
        let text = format!("enum `{name}` changed from {} to {}", shown(closed(was)), shown(closed(is)));
        out.put("ENUM_SAME_TYPE", name, at.0, Some((is.file, line)), text);
    }
    if was.features.json == "ALLOW" && is.features.json != "ALLOW" {
        let line = is.of.options.line("features.json_format").unwrap_or(is.of.line);
        let text = format!("enum `{name}` is only `{}` as JSON now", is.features.json);
        out.put("ENUM_SAME_JSON_FORMAT", name, at.0, Some((is.file, line)), text);
    }
    let by_number = |e: &'_ Enum| -> BTreeMap<i64, Vec<EnumValue>> {
        let mut map: BTreeMap<i64, Vec<EnumValue>> = BTreeMap::new();
        e.values.iter().for_each(|v| map.entry(v.number).or_default().push(v.clone()));
        map
    };
    let (old, new) = (by_number(was.of), by_number(is.of));
    let listed = |values: &[EnumValue]| {
        let names: BTreeSet<&str> = values.iter().map(|v| v.name.as_str()).collect();
        names.into_iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
    };
    for (number, values) in &old {
        let shown = listed(values);
        let key = format!("{name}.{}", values.first().map_or("", |v| v.name.as_str()));
        let base = values.first().map(|v| (was.file, v.number_line));
        match new.get(number) {
            None => {
                let place = Some((is.file, is.of.line));
                let told = format!("value {shown} ({number}) of enum `{name}` was deleted");
                out.put("ENUM_VALUE_NO_DELETE", &key, base, place, told.clone());
                if values.iter().any(|v| !is.of.reserved_names.contains(&v.name)) {
                    let text = format!("{told}; its name is not reserved");
                    out.put("ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED", &key, base, place, text);
                }
                if !within(&is.of.reserved, *number) {
                    let text = format!("{told}; its number is not reserved");
                    out.put("ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED", &key, base, place, text);
                }
            }
            Some(now) => {
                let kept = values.iter().all(|v| now.iter().any(|n| n.name == v.name));
                if !kept {
                    for value in now {
                        let text = format!("value {number} of enum `{name}` changed from {shown} to {}", listed(now));
                        let line = Some((is.file, value.number_line));
                        out.put("ENUM_VALUE_SAME_NAME", &key, base, line, text);
                    }
                }
            }
        }
    }
    for (number, values) in new.iter().filter(|(number, _)| !old.contains_key(number)) {
        let line = values.first().map(|v| (is.file, v.number_line));
        let text =
            format!("value {} ({number}) was added to enum `{name}`: older readers do not know it", listed(values));
        out.put("enum-value-added", &format!("{name}#{number}"), None, line, text);
    }
    ranges(out, "RESERVED_ENUM_NO_DELETE", "reserved range", name, &was.of.reserved, &is.of.reserved, at);
    names(out, "RESERVED_ENUM_NO_DELETE", name, &was.of.reserved_names, &is.of.reserved_names, at);
}

fn service(out: &mut Out<'_>, name: &str, was: &In<'_, Service>, is: &In<'_, Service>) {
    for method in &was.of.methods {
        let key = format!("{name}/{}", method.name);
        match is.of.methods.iter().find(|m| m.name == method.name) {
            Some(now) => rpc(out, &key, name, (was.file, method), (is.file, now)),
            None => {
                let text = format!("rpc `{key}` was deleted");
                out.put("RPC_NO_DELETE", &key, Some((was.file, method.line)), Some((is.file, is.of.line)), text);
            }
        }
    }
    for method in is.of.methods.iter().filter(|m| was.of.methods.iter().all(|w| w.name != m.name)) {
        let key = format!("{name}/{}", method.name);
        out.put("rpc-added", &key, None, Some((is.file, method.line)), format!("rpc `{key}` was added"));
    }
}

fn rpc(out: &mut Out<'_>, key: &str, service: &str, was: (&File, &Method), is: (&File, &Method)) {
    let at = (Some((was.0, was.1.line)), Some((is.0, is.1.line)));
    let shown = |streams| if streams { "streaming" } else { "unary" };
    for (id, side, old, new) in [
        ("RPC_SAME_CLIENT_STREAMING", "client", was.1.client_streaming, is.1.client_streaming),
        ("RPC_SAME_SERVER_STREAMING", "server", was.1.server_streaming, is.1.server_streaming),
    ] {
        if old != new {
            let text = format!("the {side} of rpc `{key}` changed from {} to {}", shown(old), shown(new));
            out.put(id, key, at.0, at.1, text);
        }
    }
    let option = "idempotency_level";
    let level = |m: &Method| m.options.get(option).unwrap_or("IDEMPOTENCY_UNKNOWN").to_owned();
    if level(was.1) != level(is.1) {
        let line = is.1.options.line(option).unwrap_or_default();
        let text = format!("option `{option}` of rpc `{key}` changed from `{}` to `{}`", level(was.1), level(is.1));
        out.put("RPC_SAME_IDEMPOTENCY_LEVEL", key, at.0, Some((is.0, line)), text);
    }
    for (id, what, old, new, lines) in [
        ("RPC_SAME_REQUEST_TYPE", "request", &was.1.input, &is.1.input, (was.1.input_line, is.1.input_line)),
        ("RPC_SAME_RESPONSE_TYPE", "response", &was.1.output, &is.1.output, (was.1.output_line, is.1.output_line)),
    ] {
        let (old, new) = (out.base.resolve(old, service), out.revision.resolve(new, service));
        if old != new {
            let text = format!("the {what} of rpc `{key}` changed from `{old}` to `{new}`");
            out.put(id, key, Some((was.0, lines.0)), Some((is.0, lines.1)), text);
        }
    }
}
