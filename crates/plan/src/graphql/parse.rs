//! GraphQL's schema language: types, fields, arguments and directives, each with its line.

use seam_facts::{Problem, ProblemKind, Span, format_smolstr};
use std::collections::BTreeMap;

/// How deep types and values nest.
const MAX_DEPTH: usize = 64;

#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    Named(String),
    List(Box<Type>),
    NonNull(Box<Type>),
}

impl Type {
    pub fn show(&self) -> String {
        match self {
            Type::Named(name) => name.clone(),
            Type::List(of) => format!("[{}]", of.show()),
            Type::NonNull(of) => format!("{}!", of.show()),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Type::Named(name) => name,
            Type::List(of) | Type::NonNull(of) => of.name(),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    pub kind: Type,
    /// In one canonical form: keys in order.
    pub default: Option<String>,
    pub line: u32,
}

impl Argument {
    pub fn required(&self) -> bool {
        matches!(self.kind, Type::NonNull(_)) && self.default.is_none()
    }
}

#[derive(Clone, Debug)]
pub struct Field {
    pub kind: Type,
    pub arguments: BTreeMap<String, Argument>,
    pub line: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Scalar,
    Object,
    Interface,
    Union,
    Enum,
    Input,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Scalar => "a scalar",
            Kind::Object => "an object type",
            Kind::Interface => "an interface",
            Kind::Union => "a union",
            Kind::Enum => "an enum",
            Kind::Input => "an input type",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Definition {
    pub kind: Kind,
    pub line: u32,
    /// Of objects and interfaces.
    pub fields: BTreeMap<String, Field>,
    /// Of inputs.
    pub inputs: BTreeMap<String, Argument>,
    /// Interfaces, members of a union, values of an enum, with their lines.
    pub members: BTreeMap<String, u32>,
}

#[derive(Clone, Debug)]
pub struct Directive {
    pub arguments: BTreeMap<String, Argument>,
    pub repeatable: bool,
    pub locations: BTreeMap<String, u32>,
    pub line: u32,
}

/// Types and directives by name; what extends a type is part of it.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    pub types: BTreeMap<String, Definition>,
    pub directives: BTreeMap<String, Directive>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    Name(&'a str),
    Number(&'a str),
    Text(&'a str),
    Symbol(char),
}

pub fn parse(text: &str) -> (Schema, Vec<Problem>) {
    let mut parser = Parser { tokens: tokens(text), at: 0, problems: Vec::new() };
    let mut schema = Schema::default();
    while parser.at < parser.tokens.len() {
        let before = parser.at;
        if parser.definition(&mut schema).is_none() {
            parser.broken();
        }
        parser.at += usize::from(parser.at == before);
    }
    (schema, parser.problems)
}

fn tokens(text: &str) -> Vec<(Token<'_>, u32)> {
    let bytes = text.as_bytes();
    let (mut out, mut i, mut line) = (Vec::new(), 0, 1u32);
    while i < bytes.len() {
        match bytes[i] {
            b'\n' => {
                line += 1;
                i += 1;
            }
            b'#' => i += bytes[i..].iter().position(|b| *b == b'\n').unwrap_or(bytes.len() - i),
            b'"' if bytes[i..].starts_with(b"\"\"\"") => {
                let start = i + 3;
                let mut end = start;
                while end < bytes.len() && !bytes[end..].starts_with(b"\"\"\"") {
                    end += if bytes[end..].starts_with(b"\\\"\"\"") { 4 } else { 1 };
                }
                let end = end.min(bytes.len());
                out.push((Token::Text(text.get(start..end).unwrap_or_default()), line));
                line += bytes[start..end].iter().filter(|b| **b == b'\n').count() as u32;
                i = (end + 3).min(bytes.len());
            }
            b'"' => {
                let start = i + 1;
                i = start;
                while i < bytes.len() && !matches!(bytes[i], b'"' | b'\n') {
                    i += if bytes[i] == b'\\' { 2 } else { 1 };
                }
                let end = i.min(bytes.len());
                out.push((Token::Text(text.get(start..end).unwrap_or_default()), line));
                i = end + usize::from(bytes.get(end) == Some(&b'"'));
            }
            b if b.is_ascii_alphabetic() || b == b'_' => {
                let start = i;
                while i < bytes.len() && (bytes[i].is_ascii_alphanumeric() || bytes[i] == b'_') {
                    i += 1;
                }
                out.push((Token::Name(&text[start..i]), line));
            }
            b if b.is_ascii_digit() || b == b'-' => {
                let start = i;
                i += 1;
                while i < bytes.len() && (bytes[i].is_ascii_alphanumeric() || matches!(bytes[i], b'.' | b'+' | b'-')) {
                    i += 1;
                }
                out.push((Token::Number(&text[start..i]), line));
            }
            b if b.is_ascii() => {
                // Commas and dots separate and mean nothing here.
                if !b.is_ascii_whitespace() && !matches!(b, b',' | b'.') {
                    out.push((Token::Symbol(char::from(b)), line));
                }
                i += 1;
            }
            _ => i += 1,
        }
    }
    out
}

struct Parser<'a> {
    tokens: Vec<(Token<'a>, u32)>,
    at: usize,
    problems: Vec<Problem>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).map(|(token, _)| *token)
    }

    fn line(&self) -> u32 {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |(_, line)| *line)
    }

    fn symbol(&mut self, symbol: char) -> bool {
        let there = self.peek() == Some(Token::Symbol(symbol));
        self.at += usize::from(there);
        there
    }

    fn keyword(&mut self, word: &str) -> bool {
        let there = self.peek() == Some(Token::Name(word));
        self.at += usize::from(there);
        there
    }

    fn name(&mut self) -> Option<&'a str> {
        match self.peek() {
            Some(Token::Name(name)) => {
                self.at += 1;
                Some(name)
            }
            _ => None,
        }
    }

    fn description(&mut self) {
        while let Some(Token::Text(_)) = self.peek() {
            self.at += 1;
        }
    }

    fn broken(&mut self) {
        if self.problems.len() < 5 {
            let message = format_smolstr!("a definition is not understood and was skipped");
            self.problems.push(Problem::new(ProblemKind::Syntax, message, Some(Span::at(self.line(), 1))));
        }
        // To what looks like the next definition.
        let words = [
            "type",
            "interface",
            "union",
            "enum",
            "input",
            "scalar",
            "directive",
            "schema",
            "extend",
            "query",
            "fragment",
        ];
        self.at += 1;
        while let Some(token) = self.peek() {
            if matches!(token, Token::Name(word) if words.contains(&word)) {
                return;
            }
            self.at += 1;
        }
    }

    fn definition(&mut self, schema: &mut Schema) -> Option<()> {
        self.description();
        if self.at >= self.tokens.len() {
            return Some(());
        }
        self.keyword("extend");
        let line = self.line();
        let kind = match self.name()? {
            "scalar" => Kind::Scalar,
            "type" => Kind::Object,
            "interface" => Kind::Interface,
            "union" => Kind::Union,
            "enum" => Kind::Enum,
            "input" => Kind::Input,
            "schema" => {
                self.directives();
                return self.block(|p| {
                    p.description();
                    p.name()?;
                    p.symbol(':').then_some(())?;
                    p.kind(0).map(|_| ())
                });
            }
            "directive" => return self.directive(schema, line),
            _ => return None,
        };
        let name = self.name()?.to_owned();
        let blank =
            Definition { kind, line, fields: BTreeMap::new(), inputs: BTreeMap::new(), members: BTreeMap::new() };
        let mut definition = schema.types.remove(&name).unwrap_or(blank);
        let done = self.body(&mut definition);
        schema.types.insert(name, definition);
        done
    }

    fn body(&mut self, definition: &mut Definition) -> Option<()> {
        if matches!(definition.kind, Kind::Object | Kind::Interface) && self.keyword("implements") {
            self.symbol('&');
            loop {
                let line = self.line();
                definition.members.insert(self.name()?.to_owned(), line);
                // Older schemas separate them by commas or spaces.
                let more = self.symbol('&') || matches!(self.peek(), Some(Token::Name(n)) if !KEYWORDS.contains(&n));
                if !more {
                    break;
                }
            }
        }
        self.directives();
        match definition.kind {
            Kind::Scalar => Some(()),
            Kind::Object | Kind::Interface => {
                let fields = &mut definition.fields;
                self.block(|p| {
                    p.description();
                    let line = p.line();
                    let name = p.name()?.to_owned();
                    let arguments = p.arguments()?;
                    p.symbol(':').then_some(())?;
                    let kind = p.kind(0)?;
                    p.directives();
                    fields.insert(name, Field { kind, arguments, line });
                    Some(())
                })
            }
            Kind::Input => {
                let inputs = &mut definition.inputs;
                self.block(|p| {
                    let (name, argument) = p.argument()?;
                    inputs.insert(name, argument);
                    Some(())
                })
            }
            Kind::Enum => {
                let members = &mut definition.members;
                self.block(|p| {
                    p.description();
                    let line = p.line();
                    members.insert(p.name()?.to_owned(), line);
                    p.directives();
                    Some(())
                })
            }
            Kind::Union => {
                if self.symbol('=') {
                    self.symbol('|');
                    loop {
                        let line = self.line();
                        definition.members.insert(self.name()?.to_owned(), line);
                        if !self.symbol('|') {
                            break;
                        }
                    }
                }
                Some(())
            }
        }
    }

    /// `{ … }`, if there is one.
    fn block(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if !self.symbol('{') {
            return Some(());
        }
        while !self.symbol('}') {
            let before = self.at;
            item(self)?;
            if self.at == before {
                return None;
            }
        }
        Some(())
    }

    fn directive(&mut self, schema: &mut Schema, line: u32) -> Option<()> {
        self.symbol('@').then_some(())?;
        let name = self.name()?.to_owned();
        let arguments = self.arguments()?;
        let repeatable = self.keyword("repeatable");
        self.keyword("on").then_some(())?;
        self.symbol('|');
        let mut locations = BTreeMap::new();
        loop {
            let line = self.line();
            locations.insert(self.name()?.to_owned(), line);
            if !self.symbol('|') {
                break;
            }
        }
        schema.directives.insert(name, Directive { arguments, repeatable, locations, line });
        Some(())
    }

    fn arguments(&mut self) -> Option<BTreeMap<String, Argument>> {
        let mut out = BTreeMap::new();
        if self.symbol('(') {
            while !self.symbol(')') {
                let (name, argument) = self.argument()?;
                out.insert(name, argument);
            }
        }
        Some(out)
    }

    fn argument(&mut self) -> Option<(String, Argument)> {
        self.description();
        let line = self.line();
        let name = self.name()?.to_owned();
        self.symbol(':').then_some(())?;
        let kind = self.kind(0)?;
        let default = if self.symbol('=') { Some(self.value(0)?) } else { None };
        self.directives();
        Some((name, Argument { kind, default, line }))
    }

    fn kind(&mut self, depth: usize) -> Option<Type> {
        if depth > MAX_DEPTH {
            return None;
        }
        let inner = if self.symbol('[') {
            let of = self.kind(depth + 1)?;
            self.symbol(']').then_some(())?;
            Type::List(Box::new(of))
        } else {
            Type::Named(self.name()?.to_owned())
        };
        Some(if self.symbol('!') { Type::NonNull(Box::new(inner)) } else { inner })
    }

    fn value(&mut self, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let token = self.peek()?;
        self.at += 1;
        Some(match token {
            Token::Name(name) => name.to_owned(),
            Token::Number(number) => match number.parse::<f64>() {
                Ok(value) if number.contains(['.', 'e', 'E']) => value.to_string(),
                _ => number.to_owned(),
            },
            Token::Text(text) => format!("\"{text}\""),
            Token::Symbol('$') => format!("${}", self.name()?),
            Token::Symbol('[') => {
                let mut items = Vec::new();
                while !self.symbol(']') {
                    items.push(self.value(depth + 1)?);
                }
                format!("[{}]", items.join(", "))
            }
            Token::Symbol('{') => {
                let mut fields = BTreeMap::new();
                while !self.symbol('}') {
                    let name = self.name()?;
                    self.symbol(':').then_some(())?;
                    fields.insert(name, self.value(depth + 1)?);
                }
                let shown: Vec<String> = fields.iter().map(|(k, v)| format!("{k}: {v}")).collect();
                format!("{{{}}}", shown.join(", "))
            }
            Token::Symbol(_) => return None,
        })
    }

    /// Directives that are used are not compared.
    fn directives(&mut self) {
        while self.symbol('@') {
            self.name();
            if self.symbol('(') {
                while !self.symbol(')') && self.at < self.tokens.len() {
                    self.at += 1;
                }
            }
        }
    }
}

const KEYWORDS: &[&str] = &["type", "interface", "union", "enum", "input", "scalar", "directive", "schema", "extend"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_schemas_declare() {
        let text = "\"\"\"\nwhy\n\"\"\"\ntype A implements B & C @d(x: 1) {\n  f(a: Int = 1, b: [In!]! = [{y: 2, x: 1}]): [String!]! @deprecated\n}\nunion U = | A | B\nenum E { X Y @d }\ninput In { x: Int! = 3 }\nextend type A { g: E }\ndirective @d(x: Int) repeatable on FIELD | OBJECT\nschema { query: A }\nscalar S\n";
        let (schema, problems) = parse(text);
        assert_eq!(problems, []);
        let a = &schema.types["A"];
        assert_eq!(a.members.keys().collect::<Vec<_>>(), ["B", "C"]);
        assert_eq!(a.fields["f"].kind.show(), "[String!]!");
        assert_eq!(a.fields["f"].arguments["b"].default.as_deref(), Some("[{x: 1, y: 2}]"));
        assert_eq!((a.fields["f"].line, a.fields["g"].line), (5, 10));
        assert!(!schema.types["In"].inputs["x"].required());
        assert_eq!(schema.types["U"].members.len(), 2);
        assert!(schema.directives["d"].repeatable);
    }

    #[test]
    fn broken_definitions_do_not_hide_the_rest() {
        let (schema, problems) = parse("type A { f: }\ntype B { g: Int }\n");
        assert_eq!(problems.len(), 1);
        assert!(schema.types["B"].fields.contains_key("g"));
        for text in
            ["type A { f: ".to_owned() + &"[".repeat(10_000), "\"\"\"".to_owned(), "\"\\".to_owned(), "@(".to_owned()]
        {
            parse(&text);
        }
    }
}
