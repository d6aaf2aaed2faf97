//! Two versions of an Avro schema: whether readers of one understand what writers of the other wrote.
//!
//! Rules are those of schema resolution in Avro's specification, with the names of its Java library. A place is a path in
//! the reader's schema (`/fields/0/type`); a pair that is being compared is not compared again, so that recursive records
//! end.

use crate::change::Grade::Wire;
use crate::change::Hurts::{Readers, Senders};
use crate::change::{Change, Level, Place, Rule};
use crate::tree::{Data, Node};
use crate::{Options, Text};
use seam_facts::{Problem, ProblemKind};
use std::collections::{BTreeMap, BTreeSet};

const MAX_DEPTH: usize = 100;

macro_rules! rules {
    ($($id:literal),* $(,)?) => {
        /// What new readers cannot read of old data.
        pub static BACKWARD: &[Rule] = &[$(Rule { id: $id, level: Level::Breaking, grade: Wire, hurts: Readers }),*];
        /// What old readers cannot read of new data.
        pub static FORWARD: &[Rule] = &[$(Rule { id: concat!("FORWARD_", $id), level: Level::Breaking, grade: Wire, hurts: Senders }),*];
    };
}
rules!(
    "FIXED_SIZE_MISMATCH",
    "MISSING_ENUM_SYMBOLS",
    "MISSING_UNION_BRANCH",
    "NAME_MISMATCH",
    "READER_FIELD_MISSING_DEFAULT_VALUE",
    "TYPE_MISMATCH",
);

/// One reason why a reader does not understand a writer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Incompatibility {
    pub kind: &'static str,
    /// In the reader's schema.
    pub place: String,
    pub text: String,
    pub reader_line: u32,
    pub writer_line: u32,
}

pub fn changes(base: &[Text<'_>], revision: &[Text<'_>], options: &Options) -> (Vec<Change>, Vec<Problem>) {
    let mut problems = Vec::new();
    let (Some(old), Some(new)) = (base.first(), revision.first()) else { return (Vec::new(), problems) };
    let mut read = |text: &Text<'_>| {
        let (_, found) = crate::tree::read(text.text);
        problems.extend(found);
    };
    read(old);
    read(new);
    let mut changes = Vec::new();
    for (backward, rules) in [(true, BACKWARD), (false, FORWARD)] {
        if !options.compatibility.counts(backward) {
            continue;
        }
        let (reader, writer) = if backward { (new, old) } else { (old, new) };
        let (tree, _) = crate::tree::read(reader.text);
        for found in incompatibilities(reader.text, writer.text) {
            let Some(rule) = rules.iter().find(|r| r.id.trim_start_matches("FORWARD_") == found.kind) else { continue };
            let (b, r) =
                if backward { (found.writer_line, found.reader_line) } else { (found.reader_line, found.writer_line) };
            let who = if backward { "new readers cannot read old data" } else { "old readers cannot read new data" };
            changes.push(Change {
                rule,
                text: format!("{}: {who}", found.text),
                key: found.place.clone(),
                field: named(&tree, &found.place),
                operation: "".into(),
                path: String::new(),
                base: Some(Place { file: old.name.to_owned(), line: b }),
                revision: Some(Place { file: new.name.to_owned(), line: r }),
            });
        }
    }
    if changes.len() >= crate::limits::MAX_CHANGES {
        problems.push(Problem::new(ProblemKind::Limit, "the schemas differ beyond the limit", None));
    }
    (changes, problems)
}

/// The names of the fields on the way to a place: `order.total`.
fn named(tree: &Node<'_>, place: &str) -> String {
    let (mut node, mut names) = (Some(tree), Vec::new());
    for part in place.split('/').filter(|p| !p.is_empty()) {
        node = node.and_then(|n| match &n.data {
            Data::List(items) => items.get(part.parse::<usize>().ok()?),
            _ => n.get(part),
        });
        let field = node.filter(|_| part.bytes().all(|b| b.is_ascii_digit())).map(|n| n.word("name"));
        names.extend(field.filter(|n| !n.is_empty()));
    }
    names.join(".")
}

/// Why a reader with one schema does not understand what a writer wrote with another; empty if it does.
pub fn incompatibilities(reader: &str, writer: &str) -> Vec<Incompatibility> {
    let (reader, _) = crate::tree::read(reader);
    let (writer, _) = crate::tree::read(writer);
    let (r, w) = (Names::new(&reader), Names::new(&writer));
    let mut out = Comparison { reader: &r, writer: &w, open: BTreeSet::new(), steps: 0 };
    let mut found = out.compare(
        Schema { node: &reader, space: String::new() },
        Schema { node: &writer, space: String::new() },
        "",
        0,
    );
    found.sort();
    found.dedup();
    found.truncate(crate::limits::MAX_CHANGES);
    found
}

/// A schema and the namespace that holds in it.
#[derive(Clone)]
struct Schema<'a> {
    node: &'a Node<'a>,
    space: String,
}

/// Named types by full name.
struct Names<'a>(BTreeMap<String, Schema<'a>>);

impl<'a> Names<'a> {
    fn new(root: &'a Node<'a>) -> Self {
        let mut names = Names(BTreeMap::new());
        names.collect(root, "", 0);
        names
    }

    fn collect(&mut self, node: &'a Node<'a>, space: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match &node.data {
            Data::List(items) => items.iter().for_each(|i| self.collect(i, space, depth + 1)),
            Data::Map(_) => {
                let mut inner = space.to_owned();
                if NAMED.contains(&node.word("type")) {
                    let name = full_name(node, space);
                    inner = name.rsplit_once('.').map_or(String::new(), |(space, _)| space.to_owned());
                    self.0.entry(name).or_insert(Schema { node, space: space.to_owned() });
                }
                for key in ["type", "items", "values", "fields"] {
                    if let Some(part) = node.get(key) {
                        self.collect(part, &inner, depth + 1);
                    }
                }
            }
            Data::Null | Data::Bool(_) | Data::Number(..) | Data::Text(_) => {}
        }
    }

    /// What a schema is: a reference is followed, `{"type": "string"}` is `"string"`.
    fn meant(&self, schema: Schema<'a>) -> Schema<'a> {
        let mut schema = schema;
        for _ in 0..16 {
            let next = match &schema.node.data {
                Data::Text(name) if !PRIMITIVES.contains(&name.as_ref()) => {
                    let full = if name.contains('.') || schema.space.is_empty() {
                        name.to_string()
                    } else {
                        format!("{}.{name}", schema.space)
                    };
                    self.0.get(&full).or_else(|| self.0.get(name.as_ref())).cloned()
                }
                Data::Map(_) => match schema.node.get("type") {
                    Some(inner) if inner.as_text().is_none_or(|t| !COMPLEX.contains(&t)) => {
                        Some(Schema { node: inner, space: schema.space.clone() })
                    }
                    _ => None,
                },
                _ => None,
            };
            match next {
                Some(next) => schema = next,
                None => break,
            }
        }
        schema
    }
}

const PRIMITIVES: &[&str] = &["null", "boolean", "int", "long", "float", "double", "bytes", "string"];
const NAMED: &[&str] = &["record", "error", "enum", "fixed"];
const COMPLEX: &[&str] = &["record", "error", "enum", "fixed", "array", "map"];

fn full_name(node: &Node<'_>, space: &str) -> String {
    let name = node.word("name");
    let own = node.get("namespace").and_then(Node::as_text);
    match own.unwrap_or(space) {
        _ if name.contains('.') => name.to_owned(),
        "" => name.to_owned(),
        space => format!("{space}.{name}"),
    }
}

fn simple_name(node: &Node<'_>) -> String {
    node.word("name").rsplit('.').next().unwrap_or_default().to_owned()
}

/// `union`, `record`, `int` and so on.
fn kind<'a>(schema: &Schema<'a>) -> &'a str {
    match &schema.node.data {
        Data::List(_) => "union",
        Data::Text(name) => name,
        Data::Map(_) => match schema.node.word("type") {
            "error" => "record",
            kind => kind,
        },
        Data::Null | Data::Bool(_) | Data::Number(..) => "",
    }
}

struct Comparison<'c, 'a> {
    reader: &'c Names<'a>,
    writer: &'c Names<'a>,
    open: BTreeSet<(usize, usize)>,
    steps: usize,
}

impl<'a> Comparison<'_, 'a> {
    fn compare(&mut self, reader: Schema<'a>, writer: Schema<'a>, place: &str, depth: usize) -> Vec<Incompatibility> {
        let (reader, writer) = (self.reader.meant(reader), self.writer.meant(writer));
        let key = (std::ptr::from_ref(reader.node) as usize, std::ptr::from_ref(writer.node) as usize);
        self.steps += 1;
        if depth > MAX_DEPTH || self.steps > crate::limits::MAX_STEPS || self.open.contains(&key) {
            return Vec::new();
        }
        self.open.insert(key);
        let found = self.apart(&reader, &writer, place, depth + 1);
        self.open.remove(&key);
        found
    }

    fn apart(&mut self, reader: &Schema<'a>, writer: &Schema<'a>, place: &str, depth: usize) -> Vec<Incompatibility> {
        let one = |kind: &'static str, place: String, text: String| {
            vec![Incompatibility {
                kind,
                place: if place.is_empty() { "/".to_owned() } else { place },
                text,
                reader_line: reader.node.line,
                writer_line: writer.node.line,
            }]
        };
        let (r, w) = (kind(reader), kind(writer));
        let child = |of: &Schema<'a>, node: &'a Node<'a>| Schema { node, space: inner_space(of) };
        match (r, w) {
            ("union", "union") => {
                let mut out = Vec::new();
                for (i, branch) in writer.node.items().iter().enumerate() {
                    let branch = child(writer, branch);
                    if !self.compare(reader.clone(), branch.clone(), place, depth).is_empty() {
                        let shown = shown(&self.writer.meant(branch));
                        let text = format!("the reader's union lacks `{shown}`");
                        out.extend(one("MISSING_UNION_BRANCH", format!("{place}/{i}"), text));
                    }
                }
                out
            }
            (_, "union") => {
                let branches = writer.node.items().iter().enumerate();
                let each = branches
                    .map(|(i, b)| self.compare(reader.clone(), child(writer, b), &format!("{place}/{i}"), depth));
                each.flatten().collect()
            }
            ("union", _) => {
                let any = reader
                    .node
                    .items()
                    .iter()
                    .any(|branch| self.compare(child(reader, branch), writer.clone(), place, depth).is_empty());
                match any {
                    true => Vec::new(),
                    false => {
                        let text = format!("the reader's union lacks `{}`", shown(writer));
                        one("MISSING_UNION_BRANCH", place.to_owned(), text)
                    }
                }
            }
            ("array", "array") | ("map", "map") => {
                let part = if r == "array" { "items" } else { "values" };
                match (reader.node.get(part), writer.node.get(part)) {
                    (Some(a), Some(b)) => {
                        self.compare(child(reader, a), child(writer, b), &format!("{place}/{part}"), depth)
                    }
                    _ => Vec::new(),
                }
            }
            ("fixed", "fixed") => {
                let mut out = self.names(reader, writer, place);
                let (a, b) = (reader.node.number("size"), writer.node.number("size"));
                if a != b {
                    let text = format!(
                        "`{}` has {} bytes for the reader and {} for the writer",
                        simple_name(reader.node),
                        a.unwrap_or_default(),
                        b.unwrap_or_default()
                    );
                    out.extend(one("FIXED_SIZE_MISMATCH", format!("{place}/size"), text));
                }
                out
            }
            ("enum", "enum") => {
                let mut out = self.names(reader, writer, place);
                let symbols = |node: &'a Node<'a>| -> BTreeSet<&'a str> {
                    node.get("symbols").into_iter().flat_map(Node::items).filter_map(Node::as_text).collect()
                };
                let (a, b) = (symbols(reader.node), symbols(writer.node));
                let missing: Vec<&str> = b.difference(&a).copied().collect();
                let fallback = reader.node.get("default").and_then(Node::as_text).is_some_and(|d| a.contains(d));
                if !missing.is_empty() && !fallback {
                    let text =
                        format!("the reader's enum `{}` lacks `{}`", simple_name(reader.node), missing.join(", "));
                    out.extend(one("MISSING_ENUM_SYMBOLS", format!("{place}/symbols"), text));
                }
                out
            }
            ("record", "record") => {
                let mut out = self.names(reader, writer, place);
                out.extend(self.fields(reader, writer, place, depth));
                out
            }
            (a, b) if a == b => Vec::new(),
            ("long", "int") | ("float", "int" | "long") | ("double", "int" | "long" | "float") => Vec::new(),
            ("bytes", "string") | ("string", "bytes") => Vec::new(),
            _ => {
                let text = format!("the reader expects `{}` and the writer wrote `{}`", shown(reader), shown(writer));
                one("TYPE_MISMATCH", place.to_owned(), text)
            }
        }
    }

    fn names(&self, reader: &Schema<'a>, writer: &Schema<'a>, place: &str) -> Vec<Incompatibility> {
        let writer_full = full_name(writer.node, &writer.space);
        let space = inner_space(reader);
        let aliases = reader.node.get("aliases").into_iter().flat_map(Node::items).filter_map(Node::as_text);
        let mut aliases =
            aliases.map(|a| if a.contains('.') || space.is_empty() { a.to_owned() } else { format!("{space}.{a}") });
        if simple_name(reader.node) == simple_name(writer.node) || aliases.any(|a| a == writer_full) {
            return Vec::new();
        }
        let text = format!("`{}` is called `{writer_full}` by the writer", full_name(reader.node, &reader.space));
        vec![Incompatibility {
            kind: "NAME_MISMATCH",
            place: format!("{place}/name"),
            text,
            reader_line: reader.node.line,
            writer_line: writer.node.line,
        }]
    }

    fn fields(&mut self, reader: &Schema<'a>, writer: &Schema<'a>, place: &str, depth: usize) -> Vec<Incompatibility> {
        let mut out = Vec::new();
        let written = writer.node.get("fields").map(Node::items).unwrap_or_default();
        for (i, field) in reader.node.get("fields").into_iter().flat_map(Node::items).enumerate() {
            let Some(kind_) = field.get("type") else { continue };
            let aliases: Vec<&str> =
                field.get("aliases").into_iter().flat_map(Node::items).filter_map(Node::as_text).collect();
            let by_name = written.iter().find(|w| w.word("name") == field.word("name"));
            let twin = by_name.or_else(|| written.iter().find(|w| aliases.contains(&w.word("name"))));
            let here = Schema { node: kind_, space: inner_space(reader) };
            match twin.and_then(|w| w.get("type")) {
                Some(there) => {
                    let there = Schema { node: there, space: inner_space(writer) };
                    out.extend(self.compare(here, there, &format!("{place}/fields/{i}/type"), depth));
                }
                None => {
                    let has_default = field.entries().iter().any(|(key, _)| key.text == "default");
                    if !has_default {
                        out.push(Incompatibility {
                            kind: "READER_FIELD_MISSING_DEFAULT_VALUE",
                            place: format!("{place}/fields/{i}"),
                            text: format!(
                                "field `{}` has no default and the writer does not have it",
                                field.word("name")
                            ),
                            reader_line: field.line,
                            writer_line: writer.node.line,
                        });
                    }
                }
            }
        }
        out
    }
}

fn inner_space(schema: &Schema<'_>) -> String {
    if !NAMED.contains(&schema.node.word("type")) {
        return schema.space.clone();
    }
    let name = full_name(schema.node, &schema.space);
    name.rsplit_once('.').map_or(String::new(), |(space, _)| space.to_owned())
}

fn shown(schema: &Schema<'_>) -> String {
    match kind(schema) {
        kind if NAMED.contains(&kind) => format!("{kind} {}", full_name(schema.node, &schema.space)),
        kind => kind.to_owned(),
    }
}
