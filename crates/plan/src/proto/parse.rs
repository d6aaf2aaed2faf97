//! Protocol buffers' language (proto2, proto3, editions), read with patience: what is not understood is skipped to the next
//! statement and reported once.

use super::model::{Enum, EnumValue, Field, File, Label, Message, Method, Options, Range, Service, Syntax, Value};
use seam_facts::{Problem, ProblemKind, Span, format_smolstr};

/// How deep messages nest.
const MAX_DEPTH: usize = 64;
/// The largest number of a field.
const MAX_FIELD: i64 = 536_870_911;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    Word(&'a str),
    Text(&'a str),
    Symbol(char),
}

pub fn parse(name: &str, text: &str) -> (File, Vec<Problem>) {
    let mut parser = Parser { tokens: tokens(text), at: 0, problems: Vec::new() };
    let mut file = File {
        name: name.to_owned(),
        syntax: Syntax::Proto2,
        syntax_line: None,
        package: String::new(),
        package_line: None,
        messages: Vec::new(),
        enums: Vec::new(),
        extensions: Vec::new(),
        services: Vec::new(),
        options: Options::default(),
    };
    while parser.at < parser.tokens.len() {
        let before = parser.at;
        parser.top(&mut file);
        if parser.at == before {
            parser.at += 1;
        }
    }
    (file, parser.problems)
}

/// Words, texts and symbols, each with its line; comments are left out.
fn tokens(text: &str) -> Vec<(Token<'_>, u32)> {
    let bytes = text.as_bytes();
    let (mut out, mut i, mut line) = (Vec::new(), 0, 1u32);
    while i < bytes.len() {
        let byte = bytes[i];
        match byte {
            b'\n' => {
                line += 1;
                i += 1;
            }
            b'/' if bytes.get(i + 1) == Some(&b'/') => {
                i += bytes[i..].iter().position(|b| *b == b'\n').unwrap_or(bytes.len() - i);
            }
            b'/' if bytes.get(i + 1) == Some(&b'*') => {
                let end = text.get(i + 2..).and_then(|t| t.find("*/")).map_or(bytes.len(), |n| i + n + 4);
                line += bytes[i..end].iter().filter(|b| **b == b'\n').count() as u32;
                i = end;
            }
            b'"' | b'\'' => {
                let start = i + 1;
                i = start;
                while i < bytes.len() && bytes[i] != byte && bytes[i] != b'\n' {
                    i += if bytes[i] == b'\\' { 2 } else { 1 };
                }
                let end = i.min(bytes.len());
                out.push((Token::Text(text.get(start..end).unwrap_or_default()), line));
                if bytes.get(i) == Some(&byte) {
                    i += 1;
                }
                i = i.min(bytes.len());
            }
            b if b.is_ascii_alphanumeric() || b == b'_' || b == b'.' => {
                let start = i;
                while i < bytes.len() && (bytes[i].is_ascii_alphanumeric() || matches!(bytes[i], b'_' | b'.')) {
                    // An exponent's sign belongs to its number.
                    let signed = matches!(bytes[i], b'e' | b'E')
                        && bytes[start].is_ascii_digit()
                        && !text[start..i].starts_with("0x")
                        && matches!(bytes.get(i + 1), Some(b'+' | b'-'));
                    i += if signed { 2 } else { 1 };
                }
                out.push((Token::Word(&text[start..i]), line));
            }
            b if b.is_ascii() => {
                if !b.is_ascii_whitespace() {
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

    fn ahead(&self, offset: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + offset).map(|(token, _)| *token)
    }

    fn line(&self) -> u32 {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |(_, line)| *line)
    }

    fn symbol(&mut self, symbol: char) -> bool {
        let there = self.peek() == Some(Token::Symbol(symbol));
        self.at += usize::from(there);
        there
    }

    fn word(&mut self) -> Option<&'a str> {
        match self.peek() {
            Some(Token::Word(word)) => {
                self.at += 1;
                Some(word)
            }
            _ => None,
        }
    }

    fn keyword(&mut self, word: &str) -> bool {
        let there = self.peek() == Some(Token::Word(word));
        self.at += usize::from(there);
        there
    }

    /// Texts that stand one after the other are one.
    fn text(&mut self) -> Option<String> {
        let mut out: Option<String> = None;
        while let Some(Token::Text(text)) = self.peek() {
            out.get_or_insert_default().push_str(text);
            self.at += 1;
        }
        out
    }

    fn broken(&mut self, what: &str) {
        if self.problems.len() < 5 {
            let message = format_smolstr!("{what} is not understood and was skipped");
            self.problems.push(Problem::new(ProblemKind::Syntax, message, Some(Span::at(self.line(), 1))));
        }
        self.skip();
    }

    /// To the end of a statement: past its `;`, or past its block.
    fn skip(&mut self) {
        let mut depth = 0usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Symbol('{') => depth += 1,
                Token::Symbol('}') if depth <= 1 => {
                    self.at += usize::from(depth == 1);
                    return;
                }
                Token::Symbol('}') => depth -= 1,
                Token::Symbol(';') if depth == 0 => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    fn top(&mut self, file: &mut File) {
        let line = self.line();
        match self.peek() {
            Some(Token::Word("syntax" | "edition")) => {
                let edition = self.word() == Some("edition");
                self.symbol('=');
                let text = self.text().unwrap_or_default();
                file.syntax = match (edition, text.as_str()) {
                    (false, "proto3") => Syntax::Proto3,
                    (true, year) => Syntax::Edition(year.parse().unwrap_or(2023)),
                    (false, _) => Syntax::Proto2,
                };
                file.syntax_line = Some(line);
                self.symbol(';');
            }
            Some(Token::Word("package")) => {
                self.at += 1;
                file.package = self.word().unwrap_or_default().to_owned();
                file.package_line = Some(line);
                self.symbol(';');
            }
            Some(Token::Word("import")) => self.skip(),
            Some(Token::Word("option")) => self.option(&mut file.options),
            Some(Token::Word("message" | "export" | "local")) if self.is_declaration("message") => {
                file.messages.extend(self.message(0));
            }
            Some(Token::Word("enum" | "export" | "local")) if self.is_declaration("enum") => {
                file.enums.extend(self.enumeration());
            }
            Some(Token::Word("service")) => file.services.extend(self.service()),
            Some(Token::Word("extend")) => self.extend(&mut file.extensions, &mut file.messages, 0),
            Some(Token::Symbol(';')) => self.at += 1,
            Some(Token::Symbol('}')) => self.at += 1,
            _ => self.broken("a statement"),
        }
    }

    /// Whether a message or enum begins here; edition 2024 may say who sees it.
    fn is_declaration(&self, what: &str) -> bool {
        self.peek() == Some(Token::Word(what)) || self.ahead(1) == Some(Token::Word(what))
    }

    fn option(&mut self, options: &mut Options) {
        let line = self.line();
        self.at += 1;
        let name = self.option_name();
        if !self.symbol('=') {
            return self.broken("an option");
        }
        let value = self.value(0);
        options.add(name, value, line);
        if !self.symbol(';') {
            self.broken("an option");
        }
    }

    /// `a.b`, `(x.y).z`, `features.(pb.cpp).string_type`.
    fn option_name(&mut self) -> String {
        let mut name = String::new();
        loop {
            match self.peek() {
                Some(Token::Word(word)) => {
                    name.push_str(word);
                    self.at += 1;
                }
                Some(Token::Symbol(symbol @ ('(' | ')'))) => {
                    name.push(symbol);
                    self.at += 1;
                }
                _ => return name,
            }
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.peek() {
            Some(Token::Text(_)) => Value::Text(self.text().unwrap_or_default()),
            Some(Token::Symbol('-')) => {
                self.at += 1;
                Value::Word(format!("-{}", self.word().unwrap_or_default()))
            }
            Some(Token::Symbol('+')) => {
                self.at += 1;
                self.value(depth)
            }
            Some(Token::Word(word)) => {
                self.at += 1;
                Value::Word(word.to_owned())
            }
            Some(Token::Symbol(open @ ('{' | '<'))) if depth < MAX_DEPTH => {
                self.at += 1;
                let close = if open == '{' { '}' } else { '>' };
                let mut entries = Vec::new();
                while let Some(token) = self.peek() {
                    let line = self.line();
                    match token {
                        Token::Symbol(s) if s == close => break,
                        Token::Symbol(',' | ';') => self.at += 1,
                        Token::Symbol('[') => {
                            let mut name = String::new();
                            while let Some(token) = self.peek() {
                                self.at += 1;
                                match token {
                                    Token::Word(word) => name.push_str(word),
                                    Token::Symbol(']') => break,
                                    Token::Symbol(s) => name.push(s),
                                    Token::Text(_) => {}
                                }
                            }
                            let name = name.trim_start_matches('[').to_owned();
                            self.symbol(':');
                            entries.push((name, self.value(depth + 1), line));
                        }
                        Token::Word(word) => {
                            self.at += 1;
                            self.symbol(':');
                            entries.push((word.to_owned(), self.value(depth + 1), line));
                        }
                        _ => self.at += 1,
                    }
                }
                self.at += 1;
                Value::Message(entries)
            }
            Some(Token::Symbol('[')) if depth < MAX_DEPTH => {
                self.at += 1;
                let mut shown = Vec::new();
                while let Some(token) = self.peek() {
                    match token {
                        Token::Symbol(']') => break,
                        Token::Symbol(',') => self.at += 1,
                        _ => {
                            let before = self.at;
                            shown.push(self.value(depth + 1).text().to_owned());
                            self.at += usize::from(self.at == before);
                        }
                    }
                }
                self.at += 1;
                Value::Word(shown.join(","))
            }
            _ => Value::Word(String::new()),
        }
    }

    /// `[a = 1, b = 2]`.
    fn brackets(&mut self) -> Options {
        let mut options = Options::default();
        if !self.symbol('[') {
            return options;
        }
        while let Some(token) = self.peek() {
            match token {
                Token::Symbol(']') => {
                    self.at += 1;
                    break;
                }
                Token::Symbol(',') => self.at += 1,
                Token::Symbol(';' | '}') => break,
                _ => {
                    let (line, before) = (self.line(), self.at);
                    let name = self.option_name();
                    self.symbol('=');
                    let value = self.value(0);
                    options.add(name, value, line);
                    self.at += usize::from(self.at == before);
                }
            }
        }
        options
    }

    fn message(&mut self, depth: usize) -> Option<Message> {
        let line = self.line();
        while self.word()? != "message" {}
        let name = self.word()?.to_owned();
        let mut message = Message { name, line, ..Message::default() };
        if depth > MAX_DEPTH {
            self.skip();
            return None;
        }
        if !self.symbol('{') {
            self.broken("a message");
            return Some(message);
        }
        self.body(&mut message, depth);
        Some(message)
    }

    /// What stands in a message, up to its `}`.
    fn body(&mut self, message: &mut Message, depth: usize) {
        while let Some(token) = self.peek() {
            let before = self.at;
            match token {
                Token::Symbol('}') => {
                    self.at += 1;
                    return;
                }
                Token::Symbol(';') => self.at += 1,
                Token::Word("message" | "export" | "local") if self.is_declaration("message") && self.opens() => {
                    message.messages.extend(self.message(depth + 1));
                }
                Token::Word("enum" | "export" | "local") if self.is_declaration("enum") && self.opens() => {
                    message.enums.extend(self.enumeration());
                }
                Token::Word("option") => self.option(&mut message.options),
                Token::Word("oneof") if self.ahead(2) == Some(Token::Symbol('{')) => self.oneof(message, depth),
                Token::Word("extend") if self.ahead(2) == Some(Token::Symbol('{')) => {
                    let mut groups = Vec::new();
                    self.extend(&mut message.extensions, &mut groups, depth);
                    message.messages.extend(groups);
                }
                Token::Word("reserved") => {
                    self.at += 1;
                    self.reserved(&mut message.reserved, &mut message.reserved_names, MAX_FIELD);
                }
                Token::Word("extensions") => {
                    self.at += 1;
                    let mut names = Vec::new();
                    self.reserved(&mut message.extension_ranges, &mut names, MAX_FIELD);
                }
                Token::Word(_) => match self.field(None, None, depth) {
                    Some((field, nested)) => {
                        message.messages.extend(nested);
                        message.fields.push(field);
                    }
                    None => self.broken("a field"),
                },
                _ => self.broken("a part of a message"),
            }
            self.at += usize::from(self.at == before);
        }
    }

    /// `message Name {`, not a field whose type is called so.
    fn opens(&self) -> bool {
        self.ahead(2) == Some(Token::Symbol('{')) || self.ahead(3) == Some(Token::Symbol('{'))
    }

    fn oneof(&mut self, message: &mut Message, depth: usize) {
        self.at += 1;
        let name = self.word().unwrap_or_default().to_owned();
        self.symbol('{');
        while let Some(token) = self.peek() {
            let before = self.at;
            match token {
                Token::Symbol('}') => {
                    self.at += 1;
                    break;
                }
                Token::Symbol(';') => self.at += 1,
                Token::Word("option") => self.option(&mut Options::default()),
                Token::Word(_) => match self.field(Some(&name), None, depth) {
                    Some((field, nested)) => {
                        message.messages.extend(nested);
                        message.fields.push(field);
                    }
                    None => self.broken("a field"),
                },
                _ => self.broken("a part of a oneof"),
            }
            self.at += usize::from(self.at == before);
        }
        message.oneofs.push(name);
    }

    fn extend(&mut self, out: &mut Vec<Field>, groups: &mut Vec<Message>, depth: usize) {
        self.at += 1;
        let Some(of) = self.word() else { return self.broken("an extension") };
        if !self.symbol('{') {
            return self.broken("an extension");
        }
        while let Some(token) = self.peek() {
            let before = self.at;
            match token {
                Token::Symbol('}') => {
                    self.at += 1;
                    return;
                }
                Token::Symbol(';') => self.at += 1,
                Token::Word(_) => match self.field(None, Some(of), depth) {
                    Some((field, nested)) => {
                        groups.extend(nested);
                        out.push(field);
                    }
                    None => self.broken("an extension"),
                },
                _ => self.broken("a part of an extension"),
            }
            self.at += usize::from(self.at == before);
        }
    }

    /// A field, with the message that a group or a map declares.
    fn field(&mut self, oneof: Option<&str>, of: Option<&str>, depth: usize) -> Option<(Field, Option<Message>)> {
        let line = self.line();
        let labelled = matches!(self.ahead(1), Some(Token::Word(_)))
            && matches!(self.ahead(2), Some(Token::Word(_) | Token::Symbol('<')))
            || self.ahead(1) == Some(Token::Word("group"));
        let label = match self.peek() {
            Some(Token::Word("optional")) if labelled => Label::Optional,
            Some(Token::Word("required")) if labelled => Label::Required,
            Some(Token::Word("repeated")) if labelled => Label::Repeated,
            _ => Label::None,
        };
        if label != Label::None {
            self.at += 1;
        }
        let kind_line = self.line();
        let mut field = Field {
            name: String::new(),
            number: 0,
            label,
            kind: String::new(),
            group: false,
            map: false,
            oneof: oneof.map(str::to_owned),
            extendee: of.map(str::to_owned),
            options: Options::default(),
            line,
            kind_line,
            name_line: kind_line,
        };
        if self.peek() == Some(Token::Word("map")) && self.ahead(1) == Some(Token::Symbol('<')) {
            self.at += 2;
            let key = self.word()?.to_owned();
            self.symbol(',');
            let value = self.word()?.to_owned();
            self.symbol('>');
            self.named(&mut field)?;
            field.map = true;
            field.label = Label::Repeated;
            let entry = entry(&field, key, value);
            field.kind.clone_from(&entry.name);
            return Some((field, Some(entry)));
        }
        if self.peek() == Some(Token::Word("group")) && matches!(self.ahead(1), Some(Token::Word(_))) {
            self.at += 1;
            field.name_line = self.line();
            let name = self.word()?.to_owned();
            field.group = true;
            field.name = name.to_lowercase();
            field.kind = name.clone();
            self.symbol('=');
            field.number = number(self.word()?)?;
            field.options = self.brackets();
            if !self.symbol('{') || depth > MAX_DEPTH {
                return None;
            }
            let mut message = Message { name, line, ..Message::default() };
            self.body(&mut message, depth + 1);
            return Some((field, Some(message)));
        }
        field.kind = self.word()?.to_owned();
        self.named(&mut field)?;
        Some((field, None))
    }

    /// `name = 1 [options];`.
    fn named(&mut self, field: &mut Field) -> Option<()> {
        field.name_line = self.line();
        field.name = self.word()?.to_owned();
        if !self.symbol('=') {
            return None;
        }
        field.number = number(self.word()?)?;
        field.options = self.brackets();
        self.symbol(';').then_some(())
    }

    /// `1, 2 to 5, 9 to max, "name", name;`.
    fn reserved(&mut self, ranges: &mut Vec<Range>, names: &mut Vec<String>, max: i64) {
        while let Some(token) = self.peek() {
            match token {
                Token::Symbol(';') => {
                    self.at += 1;
                    return;
                }
                Token::Symbol('}') => return,
                Token::Symbol('[') => {
                    self.brackets();
                }
                Token::Text(_) => names.extend(self.text()),
                Token::Symbol('-') | Token::Word(_) => {
                    let negative = self.symbol('-');
                    let word = self.word().unwrap_or_default();
                    let Some(from) = number(word) else {
                        names.push(word.to_owned());
                        continue;
                    };
                    let from = if negative { -from } else { from };
                    let to = if self.keyword("to") {
                        let negative = self.symbol('-');
                        match self.word() {
                            Some("max") => max,
                            Some(word) => number(word).map_or(from, |n| if negative { -n } else { n }),
                            None => from,
                        }
                    } else {
                        from
                    };
                    ranges.push((from, to));
                }
                Token::Symbol(_) => self.at += 1,
            }
        }
    }

    fn enumeration(&mut self) -> Option<Enum> {
        let line = self.line();
        while self.word()? != "enum" {}
        let name = self.word()?.to_owned();
        let mut out = Enum { name, line, ..Enum::default() };
        if !self.symbol('{') {
            self.broken("an enum");
            return Some(out);
        }
        while let Some(token) = self.peek() {
            let before = self.at;
            match token {
                Token::Symbol('}') => {
                    self.at += 1;
                    break;
                }
                Token::Symbol(';') => self.at += 1,
                Token::Word("option") if self.ahead(1) != Some(Token::Symbol('=')) => self.option(&mut out.options),
                Token::Word("reserved") if self.ahead(1) != Some(Token::Symbol('=')) => {
                    self.at += 1;
                    self.reserved(&mut out.reserved, &mut out.reserved_names, i64::from(i32::MAX));
                }
                Token::Word(name) => {
                    self.at += 1;
                    self.symbol('=');
                    let number_line = self.line();
                    let negative = self.symbol('-');
                    match self.word().and_then(number) {
                        Some(number) => {
                            let number = if negative { -number } else { number };
                            out.values.push(EnumValue { name: name.to_owned(), number, number_line });
                            self.brackets();
                            self.symbol(';');
                        }
                        None => self.broken("a value of an enum"),
                    }
                }
                _ => self.broken("a part of an enum"),
            }
            self.at += usize::from(self.at == before);
        }
        Some(out)
    }

    fn service(&mut self) -> Option<Service> {
        let line = self.line();
        self.at += 1;
        let mut service = Service { name: self.word()?.to_owned(), methods: Vec::new(), line };
        if !self.symbol('{') {
            self.broken("a service");
            return Some(service);
        }
        while let Some(token) = self.peek() {
            let before = self.at;
            match token {
                Token::Symbol('}') => {
                    self.at += 1;
                    break;
                }
                Token::Symbol(';') => self.at += 1,
                Token::Word("rpc") => match self.method() {
                    Some(method) => service.methods.push(method),
                    None => self.broken("an rpc"),
                },
                Token::Word("option") => self.option(&mut Options::default()),
                _ => self.broken("a part of a service"),
            }
            self.at += usize::from(self.at == before);
        }
        Some(service)
    }

    fn method(&mut self) -> Option<Method> {
        let line = self.line();
        self.at += 1;
        let name = self.word()?.to_owned();
        let (client_streaming, input, input_line) = self.message_type()?;
        if !self.keyword("returns") {
            return None;
        }
        let (server_streaming, output, output_line) = self.message_type()?;
        let mut method = Method {
            name,
            input,
            output,
            client_streaming,
            server_streaming,
            input_line,
            output_line,
            options: Options::default(),
            line,
        };
        if self.symbol('{') {
            while let Some(token) = self.peek() {
                let before = self.at;
                match token {
                    Token::Symbol('}') => {
                        self.at += 1;
                        break;
                    }
                    Token::Word("option") => self.option(&mut method.options),
                    _ => self.at += 1,
                }
                self.at += usize::from(self.at == before);
            }
        }
        self.symbol(';');
        Some(method)
    }

    fn message_type(&mut self) -> Option<(bool, String, u32)> {
        if !self.symbol('(') {
            return None;
        }
        let streams = self.peek() == Some(Token::Word("stream")) && matches!(self.ahead(1), Some(Token::Word(_)));
        if streams {
            self.at += 1;
        }
        let line = self.line();
        let name = self.word()?.to_owned();
        self.symbol(')').then_some((streams, name, line))
    }
}

fn number(word: &str) -> Option<i64> {
    if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        return i64::from_str_radix(hex, 16).ok();
    }
    match word.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => i64::from_str_radix(octal, 8).ok(),
        _ => word.parse().ok(),
    }
}

/// The message that a map's entries are.
fn entry(field: &Field, key: String, value: String) -> Message {
    let mut name = String::new();
    let mut upper = true;
    for c in field.name.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            name.extend(c.to_uppercase());
            upper = false;
        } else {
            name.push(c);
        }
    }
    name.push_str("Entry");
    let part = |name: &str, number, kind: String| Field {
        name: name.to_owned(),
        number,
        label: Label::None,
        kind,
        group: false,
        map: false,
        oneof: None,
        extendee: None,
        options: Options::default(),
        line: field.line,
        kind_line: field.kind_line,
        name_line: field.name_line,
    };
    Message {
        name,
        fields: vec![part("key", 1, key), part("value", 2, value)],
        map_entry: true,
        line: field.line,
        ..Message::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_files_declare() {
        let text = "syntax = \"proto3\";\npackage a.b;\noption go_package = \"x\" \"y\";\nmessage M {\n  reserved 4 to 6, 9 to max, 2;\n  reserved \"old\";\n  optional string name = 1 [deprecated = true, json_name = \"N\"];\n  map<string, M> by_name = 3;\n  oneof which { int32 x = 7; M y = 8; }\n  message Inner {}\n  option (opt).a = { b: 1 };\n  string option = 10;\n}\nenum E { A = 0; B = -1; reserved -5 to -2; }\nservice S {\n  rpc Do(M) returns (stream a.b.M) { option idempotency_level = IDEMPOTENT; }\n}\n";
        let (file, problems) = parse("m.proto", text);
        assert_eq!(problems, []);
        assert_eq!((file.package.as_str(), file.options.get("go_package")), ("a.b", Some("xy")));
        let message = &file.messages[0];
        let fields: Vec<_> = message.fields.iter().map(|f| (f.name.as_str(), f.number, f.line)).collect();
        assert_eq!(fields, [("name", 1, 7), ("by_name", 3, 8), ("x", 7, 9), ("y", 8, 9), ("option", 10, 12)]);
        assert_eq!(message.reserved, [(4, 6), (9, MAX_FIELD), (2, 2)]);
        assert_eq!(message.messages.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["ByNameEntry", "Inner"]);
        assert_eq!(message.fields[0].options.get("json_name"), Some("N"));
        assert_eq!(file.enums[0].values[1].number, -1);
        let method = &file.services[0].methods[0];
        assert!(method.server_streaming && !method.client_streaming);
        assert_eq!(method.options.get("idempotency_level"), Some("IDEMPOTENT"));
    }

    #[test]
    fn broken_statements_do_not_hide_the_rest() {
        let (file, problems) =
            parse("m.proto", "message A { string x = ; int32 y = 2; }\nmessage { }\nmessage B { string z = 1; }");
        assert!(!problems.is_empty());
        assert!(file.messages.iter().any(|m| m.name == "B" && m.fields.len() == 1));
        for text in [
            "message A {".repeat(10_000),
            "option a = {".repeat(10_000),
            "\"".to_owned(),
            "\\".to_owned(),
            "/*".to_owned(),
            "map<".to_owned(),
        ] {
            parse("m.proto", &text);
        }
    }
}
