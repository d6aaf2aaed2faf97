//! Commands of a shell text one after the other, with the variables, folders and functions that are known by then.
//!
//! Invariant: nothing runs. Both branches of a condition are walked, a loop over a written list once for each item, and the
//! number of commands is bounded.

use super::found::Found;
use super::lex::{self, Item, Piece, Word};
use super::{commands, lookups};
use crate::Sink;
use crate::config::secret;
use seam_facts::{Claim, Setting, SettingScope, SmolStr, Span, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Commands that are walked of one text.
const MAX_COMMANDS: usize = 4_000;
/// Items of a list that a loop walks.
const MAX_ITEMS: usize = 40;
/// Functions and substitutions within each other.
const MAX_DEPTH: usize = 12;
/// Longer values are documents.
const MAX_VALUE: usize = 600;

#[derive(Clone, Debug)]
enum Held {
    One(Value),
    Many(Vec<Value>),
}

pub(super) struct Shell<'s> {
    pub sink: &'s mut Sink,
    pub found: Found,
    /// Where it starts, relative to the text's own folder.
    pub root: String,
    /// Where it is, relative to the text's own folder; `None` if that depends on the run.
    pub at: Option<String>,
    /// Containers that are started here are the system's, not a build's own.
    pub containers: bool,
    /// Whether exported variables are the environment of what runs beside this text.
    pub exports: bool,
    held: BTreeMap<String, Held>,
    functions: BTreeMap<String, Rc<Vec<Item>>>,
    called: BTreeSet<String>,
    stated: BTreeSet<(String, String)>,
    left: usize,
    depth: usize,
    /// What the command at hand reads, as it is written.
    pub document: Option<String>,
    /// What gateways were told by their admin APIs.
    pub admin: super::admin::Known,
    /// Where the command at hand stands.
    here: Span,
}

impl<'s> Shell<'s> {
    pub fn new(sink: &'s mut Sink) -> Self {
        Shell {
            sink,
            found: Found::default(),
            root: String::new(),
            at: Some(String::new()),
            containers: true,
            exports: true,
            held: BTreeMap::new(),
            functions: BTreeMap::new(),
            called: BTreeSet::new(),
            stated: BTreeSet::new(),
            left: MAX_COMMANDS,
            depth: 0,
            document: None,
            admin: super::admin::Known::default(),
            here: Span::default(),
        }
    }

    /// Reads a text; `lines` stand before it.
    pub fn read(&mut self, text: &str, lines: u32) {
        let items = lex::read(text, lines);
        // A file of assignments alone is there to be read by others.
        let every = items.len() > 1 && items.iter().all(only_sets);
        self.run(&items, every);
        // What nobody here calls is called from outside, with what nobody knows.
        let open: Vec<_> = self.functions.iter().filter(|(n, _)| !self.called.contains(*n)).collect();
        let open: Vec<Rc<Vec<Item>>> = open.into_iter().map(|(_, body)| body.clone()).collect();
        for body in open {
            self.at = Some(self.root.clone());
            self.run(&body, false);
        }
        self.functions.clear();
        self.called.clear();
    }

    /// States everything that was found.
    pub fn finish(self) {
        self.found.state(self.sink);
    }

    pub fn set(&mut self, name: &str, value: Value) {
        let value = if value.to_string().len() > MAX_VALUE { Value::opaque("…") } else { value };
        self.held.insert(name.to_owned(), Held::One(value));
    }

    pub fn known(&self, name: &str) -> Option<&Value> {
        match self.held.get(name)? {
            Held::One(value) => Some(value),
            Held::Many(values) => values.first(),
        }
    }

    fn run(&mut self, items: &[Item], every: bool) {
        if self.depth > MAX_DEPTH {
            return;
        }
        self.depth += 1;
        for item in items {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            match item {
                Item::Command(words) => self.command(words, every),
                Item::Group(items) => {
                    let at = self.at.clone();
                    self.run(items, false);
                    self.at = at;
                }
                Item::Function { name, body } => {
                    self.functions.insert(name.clone(), Rc::new(body.clone()));
                }
                Item::For { name, list, body } => {
                    let mut values: Vec<Value> = list.iter().flat_map(|w| self.expanded(w)).take(MAX_ITEMS).collect();
                    if values.is_empty() {
                        values.push(Value::opaque("…"));
                    }
                    for value in values {
                        let at = self.at.clone();
                        self.set(name, value);
                        self.run(body, false);
                        self.at = at;
                    }
                }
            }
        }
        self.depth -= 1;
    }

    fn command(&mut self, words: &[Word], every: bool) {
        let mut documents = words.iter().filter_map(|w| match w.pieces.as_slice() {
            [Piece::Document(text)] => Some(text),
            _ => None,
        });
        self.document = documents.next_back().cloned();
        let kept: Vec<Word>;
        let words = match self.document {
            Some(_) => {
                kept = words.iter().filter(|w| !w.is_document()).cloned().collect();
                kept.as_slice()
            }
            None => words,
        };
        if let Some(first) = words.first() {
            self.here = Span { line: first.line, column: first.column, end_line: first.line };
        }
        let before = words.iter().take_while(|w| assigned(w).is_some()).count();
        for word in &words[..before] {
            // `KEY=value program` sets it for the program alone, yet nobody gives two programs two values by accident.
            self.assign(word, every && before == words.len());
        }
        let words = &words[before..];
        let Some(first) = words.first() else { return };
        let at = Span { line: first.line, column: first.column, end_line: first.line };
        if let Some(program @ ("export" | "declare" | "local" | "readonly" | "typeset")) = first.plain() {
            let exported = program == "export" || words.iter().any(|w| w.plain() == Some("-x"));
            for word in &words[1..] {
                if assigned(word).is_some() {
                    self.assign(word, exported);
                } else if let Some(name) = word.plain().filter(|n| exported && is_name(n))
                    && let Some(value) = self.known(name).cloned()
                {
                    self.export(name, value, at);
                }
            }
            return;
        }
        let values: Vec<Value> = words.iter().flat_map(|w| self.expanded(w)).collect();
        let places: Vec<Span> = words.iter().map(|w| Span::at(w.line, w.column)).collect();
        self.call(&values, at, &places);
    }

    /// A command whose words are known.
    pub fn call(&mut self, values: &[Value], at: Span, places: &[Span]) {
        let Some(program) = values.first().and_then(Value::as_text) else { return };
        let rest = &values[1..];
        let text = |i: usize| rest.get(i).and_then(Value::as_text);
        match program.as_str() {
            "cd" | "pushd" => {
                let to = rest.iter().find(|v| v.as_text().is_none_or(|t| !t.starts_with('-')));
                self.at = to.and_then(|to| self.path(to));
            }
            "source" | "." => {
                if let Some(path) = rest.first().and_then(|p| self.path(p)) {
                    self.found.include(path, at);
                }
            }
            "bash" | "sh" | "ssh" | "eval" if self.depth < MAX_DEPTH => {
                // A command within a text: `bash -c '…'`, `ssh machine '…'`.
                let inner = rest.last().and_then(Value::as_text).filter(|t| t.contains(' '));
                if let Some(inner) =
                    inner.filter(|_| program != "bash" && program != "sh" || text(0).as_deref() == Some("-c"))
                {
                    let items = lex::read(&inner, at.line.saturating_sub(1));
                    self.run(&items, false);
                }
            }
            "docker-machine" if text(0).as_deref() == Some("ssh") && rest.len() > 3 => {
                self.call(&rest[2..], at, &[]);
            }
            "env" | "winpty" | "dotenv" | "doppler" if rest.len() > 1 => {
                let skip =
                    rest.iter().take_while(|v| v.as_text().is_none_or(|t| t.contains('=') || t.starts_with('-')));
                let skip = skip.count();
                self.call(&rest[skip..], at, &[]);
            }
            name => {
                if let Some(body) = self.functions.get(name).cloned() {
                    self.called.insert(name.to_owned());
                    let saved: Vec<(String, Option<Held>)> = (1..10)
                        .map(|i| i.to_string())
                        .chain(["@".to_owned()])
                        .map(|key| (key.clone(), self.held.remove(&key)))
                        .collect();
                    for (i, value) in rest.iter().enumerate().take(9) {
                        self.set(&(i + 1).to_string(), value.clone());
                    }
                    self.held.insert("@".to_owned(), Held::Many(rest.to_vec()));
                    self.run(&body, false);
                    for (key, held) in saved {
                        match held {
                            Some(held) => self.held.insert(key, held),
                            None => self.held.remove(&key),
                        };
                    }
                } else {
                    commands::call(self, values, at, places);
                }
            }
        }
    }

    fn assign(&mut self, word: &Word, exported: bool) {
        let Some((name, first)) = assigned(word) else { return };
        let added = name.ends_with('+');
        let name = name.trim_end_matches('+').to_owned();
        if let [_, Piece::List(words)] = word.pieces.as_slice() {
            let values: Vec<Value> = words.iter().flat_map(|w| self.expanded(w)).take(MAX_ITEMS).collect();
            match self.held.get_mut(&name) {
                Some(Held::Many(held)) if added => held.extend(values),
                _ => {
                    self.held.insert(name, Held::Many(values));
                }
            }
            return;
        }
        let mut value = Value::text(first);
        for piece in &word.pieces[1..] {
            value.push(self.piece(piece));
        }
        if added && let Some(before) = self.known(&name).cloned() {
            value = before.then(value);
        }
        self.set(&name, value);
        if exported && let Some(value) = self.known(&name).cloned() {
            self.export(&name, value, Span::at(word.line, word.column));
        }
    }

    pub fn export(&mut self, name: &str, value: Value, at: Span) {
        // What only tools of a build read.
        const OF_TOOLS: [&str; 9] =
            ["PATH", "HOME", "IFS", "LANG", "LC_ALL", "DEBIAN_FRONTEND", "PS1", "GOPATH", "JAVA_HOME"];
        let opaque = value.holes().iter().any(|h| matches!(h, seam_facts::Hole::Opaque(_)));
        if !self.exports || opaque || OF_TOOLS.contains(&name) {
            return;
        }
        if self.stated.insert((name.to_owned(), value.to_string())) {
            let value = secret::setting(name, value);
            let setting = Setting { scope: SettingScope::Dotenv, key: name.into(), value, profile: None };
            self.sink.stated(Claim::Setting(setting), at);
        }
    }

    /// The words that a word becomes.
    fn expanded(&mut self, word: &Word) -> Vec<Value> {
        if let [Piece::Variable { name, rest }] = word.pieces.as_slice() {
            let all = matches!(rest.as_str(), "[@]" | "[*]") || matches!(name.as_str(), "@" | "*");
            let name = if name == "*" { "@" } else { name };
            match self.held.get(name) {
                Some(Held::Many(values)) if all => return values.clone(),
                Some(Held::One(value)) if !word.quoted && rest.is_empty() => {
                    if let Some(text) = value.as_text().filter(|t| t.contains(char::is_whitespace)) {
                        return text.split_whitespace().map(Value::text).collect();
                    }
                }
                _ => {}
            }
        }
        vec![self.word(word)]
    }

    pub fn word(&mut self, word: &Word) -> Value {
        let mut out = Value::default();
        for piece in &word.pieces {
            out.push(self.piece(piece));
        }
        out
    }

    fn piece(&mut self, piece: &Piece) -> Value {
        match piece {
            Piece::Text(text) => Value::text(text.as_str()),
            Piece::Variable { name, rest } => self.variable(name, rest),
            Piece::Output(text) => self.output(text),
            Piece::List(_) | Piece::Document(_) => Value::opaque("…"),
        }
    }

    fn variable(&mut self, name: &str, rest: &str) -> Value {
        if matches!(name, "PWD" | "0" | "BASH_SOURCE") {
            return if name == "PWD" { self.here() } else { Value::text("./self") };
        }
        let held = match self.held.get(name) {
            Some(Held::One(value)) => Some(value.clone()),
            Some(Held::Many(values)) => {
                let index = rest.strip_prefix('[').and_then(|r| r.strip_suffix(']'));
                index.map_or(values.first(), |i| values.get(i.parse::<usize>().ok()?)).cloned()
            }
            None => None,
        };
        let open = || if is_name(name) { Value::env(name, None) } else { Value::opaque(format!("${name}")) };
        let operator = rest.trim_start_matches(':');
        if let Some(default) = operator.strip_prefix(['-', '=']) {
            let default = self.text(default);
            return match held.filter(|v| !v.is_empty()) {
                Some(held) => held,
                None if is_name(name) => Value::env(name, Some(default)),
                None => default,
            };
        }
        let text = held.as_ref().and_then(Value::as_text);
        match (rest, text) {
            ("##*/", Some(text)) => Value::text(text.rsplit('/').next().unwrap_or("")),
            (",,", Some(text)) => Value::text(text.to_lowercase()),
            ("%/*", Some(text)) => Value::text(text.rsplit_once('/').map_or(text.as_str(), |(f, _)| f)),
            ("%/", Some(text)) => Value::text(text.trim_end_matches('/')),
            _ if rest.is_empty() || rest.starts_with('[') || operator.starts_with('?') => held.unwrap_or_else(open),
            _ if operator.starts_with('+') => self.text(&operator[1..]),
            _ => Value::opaque("…"),
        }
    }

    /// A here-document with its variables.
    pub fn filled(&mut self, document: &str) -> Value {
        let escaped = document.replace('\\', "\\\\").replace('"', "\\\"");
        match lex::read(&format!("\"{escaped}\""), 0).first() {
            Some(Item::Command(words)) if words.len() == 1 => self.word(&words[0]),
            _ => Value::text(document),
        }
    }

    /// A text with variables, as within quotes.
    pub fn text(&mut self, text: &str) -> Value {
        if self.depth > MAX_DEPTH {
            return Value::opaque("…");
        }
        let text = text.trim_matches('"').replace('"', "");
        match lex::read(&format!("\"{text}\""), 0).first() {
            Some(Item::Command(words)) if words.len() == 1 => {
                self.depth += 1;
                let value = self.word(&words[0]);
                self.depth -= 1;
                value
            }
            _ => Value::text(text),
        }
    }

    /// What a command prints.
    fn output(&mut self, text: &str) -> Value {
        let unknown = || Value::opaque("…");
        if self.depth > MAX_DEPTH {
            return unknown();
        }
        let items = lex::read(text, 0);
        let Some(Item::Command(words)) = items.first() else { return unknown() };
        self.depth += 1;
        let values: Vec<Value> = words.iter().flat_map(|w| self.expanded(w)).collect();
        self.depth -= 1;
        let Some(program) = values.first().and_then(Value::as_text) else { return unknown() };
        let last = values.last().cloned().unwrap_or_default();
        match program.as_str() {
            "pwd" => self.here(),
            "cd" => self.path(&last).map_or_else(unknown, |p| Value::text(if p.is_empty() { ".".into() } else { p })),
            "echo" => {
                let said = values.into_iter().skip(1).filter(|v| v.as_text().is_none_or(|t| !t.starts_with('-')));
                crate::config::words::join(said).unwrap_or_default()
            }
            "dirname" => match last.as_text() {
                Some(text) => Value::text(text.rsplit_once('/').map_or(".", |(folder, _)| folder)),
                None => unknown(),
            },
            "realpath" | "readlink" => last,
            // What answers is not known; what is sent is.
            "curl" => {
                commands::call(self, &values, self.here, &[]);
                unknown()
            }
            "basename" => match last.as_text() {
                Some(text) => Value::text(text.trim_end_matches('/').rsplit('/').next().unwrap_or("")),
                None => unknown(),
            },
            _ => lookups::looked_up(&values).unwrap_or_else(unknown),
        }
    }

    fn here(&self) -> Value {
        match self.at.as_deref() {
            Some("") => Value::text("."),
            // Where it starts is where its paths start.
            Some(at) if at == self.root => Value::text("."),
            Some(at) => Value::text(at.strip_prefix(&self.root).unwrap_or(at).trim_start_matches('/')),
            None => Value::opaque("$PWD"),
        }
    }

    /// A path relative to the text's own folder.
    pub fn path(&self, value: &Value) -> Option<String> {
        use seam_facts::Part;
        let (known, text) = match value.parts.as_slice() {
            [] => (true, SmolStr::default()),
            [Part::Text(text)] => (true, text.clone()),
            // Below a folder that only the run knows: most often the top.
            [Part::Hole(_), Part::Text(text)] if text.starts_with('/') => (false, text.trim_start_matches('/').into()),
            _ => return None,
        };
        if text.starts_with(['/', '~']) {
            return None;
        }
        let base = if known { self.at.as_deref()? } else { self.root.as_str() };
        let mut parts: Vec<&str> = base.split('/').filter(|p| !p.is_empty()).collect();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|p| *p != "..") => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        Some(parts.join("/"))
    }
}

fn only_sets(item: &Item) -> bool {
    let Item::Command(words) = item else { return false };
    let first = words.first().and_then(Word::plain).unwrap_or("");
    words.iter().all(|w| assigned(w).is_some()) || matches!(first, "export" | "set" | "echo")
}

/// The name and the beginning of the value, if a word is an assignment.
fn assigned(word: &Word) -> Option<(&str, &str)> {
    let Piece::Text(text) = word.pieces.first()? else { return None };
    let (name, value) = text.split_once('=')?;
    is_name(name.trim_end_matches('+')).then_some((name, value))
}

pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
