//! Shell text as words and operators, and these as commands, loops and functions.
//!
//! Invariant: any text gives some commands; nothing is expanded here. Depth is bounded, so that walks may recurse.

use std::iter::Peekable;
use std::vec::IntoIter;

/// Loops, functions and groups within each other that are read.
const MAX_DEPTH: usize = 24;

/// A piece of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// `$NAME`, `${NAME…}` with what follows the name.
    Variable {
        name: String,
        rest: String,
    },
    /// `$(…)` and back quotes.
    Output(String),
    /// `NAME=(…)`.
    List(Vec<Word>),
    /// A here-document, which a command reads.
    Document(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub pieces: Vec<Piece>,
    /// Some of it stood in quotes.
    pub quoted: bool,
    /// Line and column, from 1.
    pub line: u32,
    pub column: u32,
}

impl Word {
    /// The text, where nothing is to be expanded.
    pub fn plain(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    pub fn is_document(&self) -> bool {
        matches!(self.pieces.as_slice(), [Piece::Document(_)])
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(Word),
    Operator(char),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Command(Vec<Word>),
    For {
        name: String,
        list: Vec<Word>,
        body: Vec<Item>,
    },
    Function {
        name: String,
        body: Vec<Item>,
    },
    /// A subshell: where it goes does not matter outside.
    Group(Vec<Item>),
}

/// The commands of a text. `lines` is how many lines stand before it.
pub(super) fn read(text: &str, lines: u32) -> Vec<Item> {
    let mut tokens = tokens(text, lines).into_iter().peekable();
    let mut out = Vec::new();
    while tokens.peek().is_some() {
        out.extend(items(&mut tokens, &[], 0));
        // What closes nothing.
        tokens.next();
    }
    out
}

type Tokens = Peekable<IntoIter<Token>>;

fn items(tokens: &mut Tokens, until: &[&str], depth: usize) -> Vec<Item> {
    let mut out = Vec::new();
    let mut command: Vec<Word> = Vec::new();
    fn close(command: &mut Vec<Word>, out: &mut Vec<Item>) {
        if !command.is_empty() {
            out.push(Item::Command(std::mem::take(command)));
        }
    }
    while let Some(token) = tokens.next() {
        match token {
            Token::Operator('(') if depth < MAX_DEPTH => {
                if let (Some(name), [_]) =
                    (command.first().and_then(Word::plain).map(str::to_owned), command.as_slice())
                {
                    // `name()`
                    if matches!(tokens.peek(), Some(Token::Operator(')'))) {
                        tokens.next();
                        command.clear();
                        out.push(Item::Function { name, body: body(tokens, depth + 1) });
                        continue;
                    }
                }
                close(&mut command, &mut out);
                out.push(Item::Group(items(tokens, &[")"], depth + 1)));
            }
            Token::Operator(')') => {
                close(&mut command, &mut out);
                if until.contains(&")") {
                    return out;
                }
            }
            Token::Operator(_) => close(&mut command, &mut out),
            Token::Word(word) => {
                let keyword = if command.is_empty() && !word.quoted { word.plain().unwrap_or("") } else { "" };
                match keyword {
                    _ if !keyword.is_empty() && until.contains(&keyword) => return out,
                    "if" | "then" | "elif" | "else" | "while" | "until" | "do" | "!" | "fi" | "done" | "esac" | "}"
                    | "{" | "sudo" | "time" | "exec" | "nohup" | "command" | "builtin" => {}
                    "for" if depth < MAX_DEPTH => {
                        if let Some(item) = each(tokens, depth + 1) {
                            out.push(item);
                        }
                    }
                    "function" if depth < MAX_DEPTH => {
                        let Some(Token::Word(name)) = tokens.next() else { continue };
                        while matches!(tokens.peek(), Some(Token::Operator('(' | ')'))) {
                            tokens.next();
                        }
                        let name = name.plain().unwrap_or("").to_owned();
                        out.push(Item::Function { name, body: body(tokens, depth + 1) });
                    }
                    _ => command.push(word),
                }
            }
        }
    }
    close(&mut command, &mut out);
    out
}

/// What stands between the braces of a function.
fn body(tokens: &mut Tokens, depth: usize) -> Vec<Item> {
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) if word.plain() == Some("{") => return items(tokens, &["}"], depth),
            Token::Operator('(') => return items(tokens, &[")"], depth),
            Token::Operator('\n') => {}
            Token::Word(_) | Token::Operator(_) => return Vec::new(),
        }
    }
    Vec::new()
}

fn each(tokens: &mut Tokens, depth: usize) -> Option<Item> {
    let mut list = Vec::new();
    let name = match tokens.next()? {
        Token::Word(word) => word.plain()?.to_owned(),
        // `for ((…))`: how often is not known; once stands for all.
        Token::Operator(_) => String::new(),
    };
    while let Some(token) = tokens.next() {
        match token {
            Token::Word(word) if word.plain() == Some("do") => {
                return Some(Item::For { name, list, body: items(tokens, &["done"], depth) });
            }
            Token::Word(word) if list.is_empty() && word.plain() == Some("in") => {}
            Token::Word(word) => list.push(word),
            Token::Operator(_) => {}
        }
    }
    None
}

fn tokens(text: &str, lines: u32) -> Vec<Token> {
    let mut lexer = Lexer { chars: text.chars().peekable(), line: lines + 1, column: 1 };
    lexer.all(None)
}

struct Lexer<'a> {
    chars: Peekable<std::str::Chars<'a>>,
    line: u32,
    column: u32,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    /// Tokens up to the end, or up to the `)` that closes a list.
    fn all(&mut self, close: Option<char>) -> Vec<Token> {
        let mut out: Vec<Token> = Vec::new();
        let mut word: Option<Word> = None;
        let mut documents: Vec<(String, bool)> = Vec::new();
        // The next word is where something is read from or written to.
        let mut file = false;
        fn end(word: &mut Option<Word>, file: &mut bool, out: &mut Vec<Token>) {
            // A line that goes on is no word.
            let Some(word) = word.take().filter(|w| !w.pieces.is_empty()) else { return };
            if !std::mem::take(file) {
                out.push(Token::Word(word));
            }
        }
        while let Some(&c) = self.chars.peek() {
            let (line, column) = (self.line, self.column);
            let fresh = || Word { pieces: Vec::new(), quoted: false, line, column };
            match c {
                ' ' | '\t' | '\r' => {
                    self.next();
                    end(&mut word, &mut file, &mut out);
                }
                '#' if word.is_none() => {
                    while self.chars.peek().is_some_and(|c| *c != '\n') {
                        self.next();
                    }
                }
                '\n' => {
                    self.next();
                    end(&mut word, &mut file, &mut out);
                    file = false;
                    for (mark, _) in std::mem::take(&mut documents) {
                        let text = self.document(&mark);
                        let pieces = vec![Piece::Document(text)];
                        out.push(Token::Word(Word { pieces, quoted: true, line, column }));
                    }
                    out.push(Token::Operator('\n'));
                }
                ')' if close == Some(')') => {
                    self.next();
                    end(&mut word, &mut file, &mut out);
                    return out;
                }
                '(' if word.as_ref().is_some_and(is_list) => {
                    self.next();
                    let inner = self.all(Some(')'));
                    let words = inner.into_iter().filter_map(|t| match t {
                        Token::Word(word) => Some(word),
                        Token::Operator(_) => None,
                    });
                    let list = Piece::List(words.collect());
                    word.get_or_insert_with(fresh).pieces.push(list);
                }
                ';' | '&' | '|' | '(' | ')' => {
                    self.next();
                    if c == '&' && self.chars.peek() == Some(&'>') {
                        continue;
                    }
                    end(&mut word, &mut file, &mut out);
                    out.push(Token::Operator(c));
                }
                '<' | '>' => {
                    if word.as_ref().and_then(Word::plain).is_some_and(|t| t.bytes().all(|b| b.is_ascii_digit())) {
                        word = None;
                    }
                    end(&mut word, &mut file, &mut out);
                    self.next();
                    let mut operator = c.to_string();
                    while let Some(next) = self.chars.next_if(|n| matches!(n, '<' | '>' | '&' | '-' | '|')) {
                        self.column += 1;
                        operator.push(next);
                    }
                    if operator.starts_with("<<") && !operator.starts_with("<<<") {
                        documents.extend(self.mark().map(|m| (m, true)));
                    } else {
                        file = true;
                    }
                }
                _ => {
                    let word = word.get_or_insert_with(fresh);
                    self.piece(word);
                }
            }
        }
        end(&mut word, &mut file, &mut out);
        out
    }

    /// The word that ends a here-document.
    fn mark(&mut self) -> Option<String> {
        while self.chars.peek().is_some_and(|c| matches!(c, ' ' | '\t' | '-' | '~')) {
            self.next();
        }
        let mut out = String::new();
        while let Some(&c) =
            self.chars.peek().filter(|c| !c.is_whitespace() && !matches!(c, ';' | '|' | ')' | '&' | '>'))
        {
            self.next();
            if !matches!(c, '"' | '\'' | '\\') {
                out.push(c);
            }
        }
        (!out.is_empty()).then_some(out)
    }

    fn document(&mut self, mark: &str) -> String {
        let (mut text, mut line) = (String::new(), String::new());
        while let Some(c) = self.next() {
            if c != '\n' {
                line.push(c);
            } else if line.trim() == mark {
                break;
            } else {
                text.push_str(&line);
                text.push('\n');
                line.clear();
            }
        }
        text
    }

    /// One piece outside quotes, or all of a quoted stretch.
    fn piece(&mut self, word: &mut Word) {
        match self.next() {
            Some('\'') => {
                word.quoted = true;
                let mut text = String::new();
                while let Some(c) = self.next().filter(|c| *c != '\'') {
                    text.push(c);
                }
                push(word, &text);
            }
            Some('"') => {
                word.quoted = true;
                push(word, "");
                while let Some(c) = self.next() {
                    match c {
                        '"' => break,
                        '\\' => match self.next() {
                            Some('\n') | None => {}
                            Some(c @ ('"' | '\\' | '$' | '`')) => push(word, &c.to_string()),
                            Some(c) => push(word, &format!("\\{c}")),
                        },
                        '$' | '`' => self.expansion(c, word),
                        c => push(word, &c.to_string()),
                    }
                }
            }
            Some('\\') => match self.next() {
                Some('\r') => {
                    self.chars.next_if_eq(&'\n').is_some().then(|| self.line += 1);
                }
                Some('\n') | None => {
                    // A line that goes on ends the word only with the blanks that follow.
                }
                Some(c) => push(word, &c.to_string()),
            },
            Some(c @ ('$' | '`')) => self.expansion(c, word),
            Some(c) => push(word, &c.to_string()),
            None => {}
        }
    }

    fn expansion(&mut self, sign: char, word: &mut Word) {
        if sign == '`' {
            let mut text = String::new();
            while let Some(c) = self.next().filter(|c| *c != '`') {
                text.push(c);
            }
            word.pieces.push(Piece::Output(text));
            return;
        }
        match self.chars.peek().copied() {
            Some('(') => {
                self.next();
                let text = self.nested('(', ')');
                word.pieces.push(Piece::Output(text));
            }
            Some('{') => {
                self.next();
                let inner = self.nested('{', '}');
                let hash = inner.starts_with('#');
                let inner = inner.trim_start_matches(['#', '!']);
                let length = inner
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .unwrap_or(inner.len())
                    .max(usize::from(inner.starts_with(['@', '*', '?'])));
                let (name, rest) = inner.split_at(length);
                let name = if hash { String::new() } else { name.to_owned() };
                word.pieces.push(Piece::Variable { name, rest: rest.to_owned() });
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = String::new();
                while let Some(c) = self.chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    self.column += 1;
                    name.push(c);
                }
                word.pieces.push(Piece::Variable { name, rest: String::new() });
            }
            Some(c) if c.is_ascii_digit() || matches!(c, '@' | '*' | '?' | '#' | '$' | '!') => {
                self.next();
                word.pieces.push(Piece::Variable { name: c.to_string(), rest: String::new() });
            }
            _ => push(word, "$"),
        }
    }

    /// Text up to the bracket that closes.
    fn nested(&mut self, open: char, close: char) -> String {
        let mut depth = 1;
        let mut quote = None;
        let mut out = String::new();
        while let Some(c) = self.next() {
            match quote {
                Some(q) if c == q => quote = None,
                Some(_) => {}
                None if matches!(c, '"' | '\'') && open == '(' => quote = Some(c),
                None if c == open => depth += 1,
                None if c == close => {
                    depth -= 1;
                    if depth == 0 {
                        return out;
                    }
                }
                None => {}
            }
            out.push(c);
        }
        out
    }
}

/// Whether a word ends with `NAME=` or `NAME+=`, so that a list follows.
fn is_list(word: &Word) -> bool {
    word.plain().is_some_and(|t| t.ends_with('=') && t.len() > 1)
}

fn push(word: &mut Word, text: &str) {
    match word.pieces.last_mut() {
        Some(Piece::Text(last)) => last.push_str(text),
        _ => word.pieces.push(Piece::Text(text.to_owned())),
    }
}
