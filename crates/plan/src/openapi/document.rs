//! An OpenAPI description with what its references mean, over as many files as were handed in.
//!
//! Invariant: following references ends, whatever they say: chains are bounded, and what leads nowhere is a problem and
//! stays as it is written.

use crate::change::Place;
use crate::tree::{Data, Key, Node};
use seam_facts::{Problem, ProblemKind, Span, format_smolstr};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// References that are followed one after the other.
const MAX_HOPS: usize = 32;
/// Dangling references that are reported.
const MAX_DANGLING: usize = 20;

/// A node and the file that it stands in.
#[derive(Clone, Copy)]
pub struct At<'a> {
    pub node: &'a Node<'a>,
    pub file: u16,
}

impl<'a> At<'a> {
    pub fn get(self, key: &str) -> Option<At<'a>> {
        self.node.get(key).map(|node| At { node, file: self.file })
    }

    pub fn entry(self, key: &str) -> Option<(&'a Key<'a>, At<'a>)> {
        self.node.entry(key).map(|(key, node)| (key, At { node, file: self.file }))
    }

    /// Entries that are no extensions.
    pub fn members(self) -> impl Iterator<Item = (&'a Key<'a>, At<'a>)> {
        let entries = self.node.entries().iter().filter(|(key, _)| !key.text.starts_with("x-"));
        entries.map(move |(key, node)| (key, At { node, file: self.file }))
    }

    pub fn items(self) -> impl Iterator<Item = At<'a>> {
        self.node.items().iter().map(move |node| At { node, file: self.file })
    }
}

/// A schema as it counts: what a reference leads to, under what stands beside the reference.
#[derive(Clone, Copy)]
pub struct Schema<'a> {
    pub node: &'a Node<'a>,
    /// The node of the reference, where what stands beside `$ref` counts too (OpenAPI 3.1).
    over: Option<&'a Node<'a>>,
    pub file: u16,
    /// The reference as it is written.
    pub name: Option<&'a str>,
}

impl<'a> Schema<'a> {
    pub fn get(&self, key: &str) -> Option<&'a Node<'a>> {
        self.over.and_then(|over| over.get(key)).or_else(|| self.node.get(key))
    }

    pub fn at(&self, key: &str) -> Option<At<'a>> {
        self.get(key).map(|node| At { node, file: self.file })
    }

    pub fn word(&self, key: &str) -> &'a str {
        match self.get(key).map(|n| &n.data) {
            Some(Data::Text(text) | Data::Number(text, _)) => text,
            _ => "",
        }
    }

    pub fn flag(&self, key: &str) -> bool {
        self.get(key).and_then(Node::as_bool).unwrap_or_default()
    }

    pub fn list(&self, key: &str) -> Vec<At<'a>> {
        self.at(key).map(|at| at.items().collect()).unwrap_or_default()
    }

    /// `type` as a list.
    pub fn types(&self) -> Vec<&'a str> {
        self.words("type")
    }

    /// Texts of a list, or the one text.
    pub fn words(&self, key: &str) -> Vec<&'a str> {
        match self.get(key) {
            None => Vec::new(),
            Some(node) => match &node.data {
                Data::Text(text) => vec![text.as_ref()],
                Data::List(items) => items.iter().filter_map(Node::as_text).collect(),
                Data::Null | Data::Bool(_) | Data::Number(..) | Data::Map(_) => Vec::new(),
            },
        }
    }

    pub fn has_word(&self, key: &str, word: &str) -> bool {
        self.get(key).is_some_and(|n| n.items().iter().any(|i| i.as_text() == Some(word)))
    }

    pub fn member(&self, of: &str, name: &str) -> Option<At<'a>> {
        self.at(of)?.get(name)
    }

    /// Every key that counts, with its value.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Node<'a>)> {
        let over = self.over.map(Node::entries).unwrap_or_default();
        let own = self.node.entries().iter().filter(move |(key, _)| over.iter().all(|(k, _)| k.text != key.text));
        let all = over.iter().filter(|(key, _)| key.text != "$ref").chain(own);
        all.filter(|(_, value)| value.data != Data::Null).map(|(key, value)| (key.text.as_ref(), value))
    }

    /// Where a keyword stands; the schema itself if it has none.
    pub fn line(&self, key: &str) -> (u16, u32) {
        let entry = self.over.and_then(|over| over.entry(key)).or_else(|| self.node.entry(key));
        (self.file, entry.map_or(self.node.line, |(key, _)| key.line))
    }
}

pub struct Document<'a> {
    files: Vec<(&'a str, &'a Node<'a>)>,
    /// 3.1 or later: what stands beside `$ref` counts.
    modern: bool,
    known: RefCell<BTreeMap<(u16, &'a str), Option<At<'a>>>>,
    pub problems: RefCell<Vec<Problem>>,
}

impl<'a> Document<'a> {
    /// The first file is the description itself.
    pub fn new(files: Vec<(&'a str, &'a Node<'a>)>) -> Self {
        let version = files.first().map(|(_, root)| root.word("openapi")).unwrap_or_default();
        let modern = version.split('.').nth(1).and_then(|m| m.parse::<u32>().ok()).is_some_and(|m| m >= 1);
        Document { files, modern, known: RefCell::default(), problems: RefCell::default() }
    }

    pub fn root(&self) -> Option<At<'a>> {
        self.files.first().map(|(_, node)| At { node, file: 0 })
    }

    pub fn place(&self, (file, line): (u16, u32)) -> Place {
        let name = self.files.get(usize::from(file)).map_or("", |(name, _)| name);
        Place { file: name.to_owned(), line }
    }

    /// What a node means: itself, or what its reference leads to.
    pub fn follow(&self, at: At<'a>) -> At<'a> {
        let schema = self.schema(at);
        At { node: schema.node, file: schema.file }
    }

    pub fn schema(&self, at: At<'a>) -> Schema<'a> {
        let mut schema = Schema { node: at.node, over: None, file: at.file, name: None };
        for _ in 0..MAX_HOPS {
            let Some(name) = schema.node.get("$ref").and_then(Node::as_text) else {
                break;
            };
            let first = schema.name.is_none();
            schema.name = schema.name.or(Some(name));
            let Some(target) = self.lookup(schema.file, name, schema.node.line) else {
                break;
            };
            if first && self.modern && schema.node.entries().len() > 1 {
                schema.over = Some(schema.node);
            }
            (schema.node, schema.file) = (target.node, target.file);
        }
        schema
    }

    fn lookup(&self, file: u16, name: &'a str, line: u32) -> Option<At<'a>> {
        if let Some(known) = self.known.borrow().get(&(file, name)) {
            return *known;
        }
        let found = self.search(file, name);
        self.known.borrow_mut().insert((file, name), found);
        let mut problems = self.problems.borrow_mut();
        if found.is_none() && problems.len() < MAX_DANGLING {
            let message = format_smolstr!("the reference `{name}` leads nowhere");
            problems.push(Problem::new(ProblemKind::Unsupported, message, Some(Span::at(line, 1))));
        }
        found
    }

    fn search(&self, file: u16, name: &str) -> Option<At<'a>> {
        let (path, pointer) = name.split_once('#').unwrap_or((name, ""));
        let file = match path {
            "" => file,
            _ => {
                let wanted = joined(self.files.get(usize::from(file))?.0, path);
                self.files.iter().position(|(name, _)| joined("", name) == wanted)? as u16
            }
        };
        let mut at = At { node: self.files.get(usize::from(file))?.1, file };
        for part in pointer.split('/').filter(|p| !p.is_empty()) {
            let part = unescaped(part);
            at = match &at.node.data {
                Data::List(items) => At { node: items.get(part.parse::<usize>().ok()?)?, file },
                _ => at.get(&part)?,
            };
        }
        Some(at)
    }
}

/// `~1` is `/`, `~0` is `~`, `%7B` is `{`.
fn unescaped(part: &str) -> String {
    if !part.contains(['~', '%']) {
        return part.to_owned();
    }
    let bytes = part.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let code = part.get(i + 1..i + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[i], code) {
            (b'%', Some(code)) => {
                out.push(code);
                i += 3;
            }
            (byte, _) => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).replace("~1", "/").replace("~0", "~")
}

/// A path relative to a file, without `.` and `..`.
pub fn joined(file: &str, path: &str) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}
