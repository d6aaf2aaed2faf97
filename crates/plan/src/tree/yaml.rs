//! The plain subset of YAML, quickly: block and flow collections, all five styles of scalars, comments.
//!
//! Invariant: what it reads, it reads as the standard says; at the first thing that it does not know for sure (an anchor,
//! a tag, a directive, a tab as indentation, text that does not fit) it gives up, and the caller reads by events instead.

use super::{Data, Key, MAX_DEPTH, Node, plain};
use std::borrow::Cow;

/// The first document; `None` where this reader is not sure.
pub fn read(text: &str) -> Option<Node<'_>> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, line: 1, start: 0 };
    if !reader.content()? {
        return Some(Node::null(1));
    }
    if reader.start == reader.at && reader.rest().starts_with("---") {
        reader.at += 3;
        reader.spaces();
        if !reader.ends() {
            return None;
        }
        if !reader.content()? {
            return Some(Node::null(1));
        }
    }
    let node = reader.block(-1, 0)?;
    // A second document is not read.
    match reader.content()? {
        true if !reader.marker() => None,
        _ => Some(node),
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: u32,
    /// Where the current line starts.
    start: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn byte(&self, offset: usize) -> Option<u8> {
        self.bytes.get(self.at + offset).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn column(&self) -> isize {
        (self.at - self.start) as isize
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Whether nothing but a comment follows on this line; spaces are skipped.
    fn ends(&mut self) -> bool {
        let spaced = self.at == self.start || matches!(self.bytes.get(self.at.wrapping_sub(1)), Some(b' ' | b'\t'));
        match self.peek() {
            None | Some(b'\n') => true,
            Some(b'\r') => matches!(self.byte(1), None | Some(b'\n')),
            Some(b'#') => spaced,
            Some(_) => false,
        }
    }

    fn skip_line(&mut self) {
        match self.bytes[self.at..].iter().position(|b| *b == b'\n') {
            Some(offset) => {
                self.at += offset + 1;
                self.line += 1;
            }
            None => self.at = self.bytes.len(),
        }
        self.start = self.at;
    }

    /// Goes to the next content, which may be on this line; `false` at the end; `None` for tabs.
    fn content(&mut self) -> Option<bool> {
        loop {
            let fresh = self.at == self.start;
            while self.peek() == Some(b' ') {
                self.at += 1;
            }
            if self.peek() == Some(b'\t') {
                self.spaces();
                if !self.ends() && fresh {
                    return None;
                }
            }
            if self.at >= self.bytes.len() {
                return Some(false);
            }
            if !self.ends() {
                return Some(true);
            }
            self.skip_line();
        }
    }

    /// A document's end or beginning.
    fn marker(&self) -> bool {
        self.at == self.start
            && (self.rest().starts_with("---") || self.rest().starts_with("..."))
            && matches!(self.byte(3), None | Some(b' ' | b'\n' | b'\r'))
    }

    fn dash(&self) -> bool {
        self.peek() == Some(b'-') && matches!(self.byte(1), None | Some(b' ' | b'\n' | b'\r'))
    }

    /// The node that begins here; `parent` is the column of what holds it.
    fn block(&mut self, parent: isize, depth: usize) -> Option<Node<'a>> {
        if depth > MAX_DEPTH || self.marker() {
            return None;
        }
        if self.dash() {
            return self.sequence(depth);
        }
        match self.key()? {
            Some(key) => self.mapping(key.0, key.1, depth),
            None => self.scalar(parent, depth),
        }
    }

    fn sequence(&mut self, depth: usize) -> Option<Node<'a>> {
        let (column, line) = (self.column(), self.line);
        let mut items = Vec::new();
        loop {
            self.at += 1;
            items.push(self.value(column, true, depth)?);
            if !self.content()? || self.marker() || self.column() < column {
                break;
            }
            if self.column() > column {
                return None;
            }
            if !self.dash() {
                break;
            }
        }
        Some(Node { data: Data::List(items), line })
    }

    fn mapping(&mut self, first: Key<'a>, column: isize, depth: usize) -> Option<Node<'a>> {
        let line = first.line;
        let mut key = first;
        let mut entries = Vec::new();
        loop {
            if key.text == "<<" {
                return None;
            }
            let value = self.value(column, false, depth)?;
            entries.push((key, value));
            if !self.content()? || self.marker() || self.column() < column {
                break;
            }
            if self.column() > column || self.dash() {
                return None;
            }
            key = self.key()??.0;
        }
        Some(Node::map(entries, line))
    }

    /// What stands after `key:` or `-`, on this line or below.
    fn value(&mut self, column: isize, item: bool, depth: usize) -> Option<Node<'a>> {
        self.spaces();
        let line = self.line;
        if !self.ends() {
            // On the line of a key there is no other key, and no item.
            return if item { self.block(column, depth + 1) } else { self.scalar(column, depth + 1) };
        }
        self.skip_line();
        if !self.content()? || self.marker() {
            return Some(Node::null(line));
        }
        if self.column() > column || (!item && self.column() == column && self.dash()) {
            return self.block(column, depth + 1);
        }
        Some(Node::null(line))
    }

    /// A key with its colon, if there is one here, and its column; else nothing is read.
    fn key(&mut self) -> Option<Option<(Key<'a>, isize)>> {
        let (at, column, line) = (self.at, self.column(), self.line);
        let text = match self.peek()? {
            b'"' | b'\'' => {
                let text = self.quoted(column)?;
                self.spaces();
                if self.line != line || self.peek() != Some(b':') {
                    // No key: read once more as a scalar.
                    if self.line != line {
                        self.start = at - column as usize;
                        self.line = line;
                    }
                    self.at = at;
                    return Some(None);
                }
                text
            }
            b'{' | b'[' | b'|' | b'>' => return Some(None),
            b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b'}' | b']' | b',' => return None,
            b'?' if matches!(self.byte(1), None | Some(b' ' | b'\n')) => return None,
            _ => {
                let line_end = self.line_end();
                let mut i = at;
                loop {
                    if i >= line_end {
                        return Some(None);
                    }
                    match self.bytes[i] {
                        b':' if matches!(self.bytes.get(i + 1), None | Some(b' ' | b'\t' | b'\n' | b'\r')) => break,
                        b'#' if i > at && self.bytes[i - 1] == b' ' => return Some(None),
                        _ => i += 1,
                    }
                }
                self.at = i;
                Cow::Borrowed(self.text[at..i].trim_end())
            }
        };
        self.at += 1;
        match self.peek() {
            None | Some(b' ' | b'\t' | b'\n' | b'\r') => Some(Some((Key { text, line }, column))),
            Some(_) => None,
        }
    }

    fn line_end(&self) -> usize {
        self.bytes[self.at..].iter().position(|b| *b == b'\n').map_or(self.bytes.len(), |n| self.at + n)
    }

    fn scalar(&mut self, parent: isize, depth: usize) -> Option<Node<'a>> {
        let line = self.line;
        let data = match self.peek()? {
            b'"' | b'\'' => {
                let text = self.quoted(parent)?;
                self.spaces();
                if !self.ends() {
                    return None;
                }
                Data::Text(text)
            }
            b'{' | b'[' => {
                let node = self.flow(parent, depth)?;
                self.spaces();
                return if self.ends() { Some(node) } else { None };
            }
            b'|' | b'>' => Data::Text(self.literal(parent)?.into()),
            b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b'}' | b']' | b',' => return None,
            b'?' | b'-' | b':' if matches!(self.byte(1), None | Some(b' ' | b'\n' | b'\r')) => return None,
            _ => plain(self.lines(parent)?),
        };
        Some(Node { data, line })
    }

    /// A plain scalar, which may go on on lines that stand to the right of `parent`.
    fn lines(&mut self, parent: isize) -> Option<Cow<'a, str>> {
        let mut text = Cow::Borrowed(self.plain_line()?);
        loop {
            let (at, line, start) = (self.at, self.line, self.start);
            self.spaces();
            if self.peek() == Some(b'#') {
                return Some(text);
            }
            let mut breaks = 0;
            while matches!(self.peek(), Some(b'\n' | b'\r')) {
                self.skip_line();
                breaks += 1;
                self.spaces();
            }
            let inside = self.peek().is_some_and(|b| b != b'#') && self.column() > parent && !self.marker();
            if breaks == 0 || !inside {
                (self.at, self.line, self.start) = (at, line, start);
                return Some(text);
            }
            let more = self.plain_line()?;
            let out = text.to_mut();
            match breaks {
                1 => out.push(' '),
                _ => (1..breaks).for_each(|_| out.push('\n')),
            }
            out.push_str(more);
        }
    }

    /// What a plain scalar has on this line; `None` if a key seems to stand there.
    fn plain_line(&mut self) -> Option<&'a str> {
        let (from, end) = (self.at, self.line_end());
        let mut i = from;
        while i < end {
            match self.bytes[i] {
                b'#' if i > from && matches!(self.bytes[i - 1], b' ' | b'\t') => break,
                b':' if matches!(self.bytes.get(i + 1), None | Some(b' ' | b'\t' | b'\n' | b'\r')) => return None,
                _ => i += 1,
            }
        }
        let text = self.text[from..i].trim_end();
        self.at = from + text.len();
        // At a comment, only spaces are left before it.
        if i < end {
            self.at = i;
        }
        Some(text)
    }

    fn quoted(&mut self, parent: isize) -> Option<Cow<'a, str>> {
        let quote = self.peek()?;
        self.at += 1;
        let from = self.at;
        let mut out: Option<String> = None;
        let mut kept = from;
        loop {
            match self.peek()? {
                b if b == quote && quote == b'\'' && self.byte(1) == Some(b'\'') => {
                    let text = out.get_or_insert_default();
                    text.push_str(&self.text[kept..=self.at]);
                    self.at += 2;
                    kept = self.at;
                }
                b if b == quote => {
                    let tail = &self.text[kept..self.at];
                    self.at += 1;
                    return Some(match out {
                        None => Cow::Borrowed(tail),
                        Some(mut text) => {
                            text.push_str(tail);
                            Cow::Owned(text)
                        }
                    });
                }
                b'\\' if quote == b'"' => {
                    let text = out.get_or_insert_default();
                    text.push_str(&self.text[kept..self.at]);
                    self.at += 1;
                    self.escape(text)?;
                    kept = self.at;
                }
                b'\n' | b'\r' => {
                    let text = out.get_or_insert_default();
                    text.push_str(self.text[kept..self.at].trim_end());
                    let mut breaks = 0;
                    while matches!(self.peek(), Some(b'\n' | b'\r')) {
                        self.skip_line();
                        breaks += 1;
                        self.spaces();
                    }
                    if self.column() <= parent || self.marker() {
                        return None;
                    }
                    match breaks {
                        1 => text.push(' '),
                        _ => (1..breaks).for_each(|_| text.push('\n')),
                    }
                    kept = self.at;
                }
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Option<()> {
        let byte = self.peek()?;
        self.at += 1;
        let digits = match byte {
            b'n' => return put(out, '\n'),
            b't' | b'\t' => return put(out, '\t'),
            b'r' => return put(out, '\r'),
            b'b' => return put(out, '\u{8}'),
            b'f' => return put(out, '\u{c}'),
            b'0' => return put(out, '\0'),
            b'"' | b'\\' | b'/' | b' ' => return put(out, char::from(byte)),
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => return None,
        };
        let code = u32::from_str_radix(self.text.get(self.at..self.at + digits)?, 16).ok()?;
        self.at += digits;
        // Halves of a pair are left to the other reader.
        put(out, char::from_u32(code)?)
    }

    /// `|` and `>`.
    fn literal(&mut self, parent: isize) -> Option<String> {
        let folded = self.peek()? == b'>';
        self.at += 1;
        let (mut keep, mut strip, mut indent) = (false, false, None);
        loop {
            match self.peek() {
                Some(b'+') => keep = true,
                Some(b'-') => strip = true,
                Some(b @ b'1'..=b'9') => indent = Some(parent.max(0) as usize + usize::from(b - b'0')),
                _ => break,
            }
            self.at += 1;
        }
        self.spaces();
        if !self.ends() {
            return None;
        }
        self.skip_line();
        let (mut out, mut blanks, mut first, mut deeper) = (String::new(), 0usize, true, false);
        while self.at < self.bytes.len() {
            let end = self.line_end();
            let line = self.text[self.at..end].trim_end_matches('\r');
            let spaces = line.len() - line.trim_start_matches(' ').len();
            let empty = spaces == line.len();
            if empty && indent.is_none_or(|i| spaces <= i) {
                blanks += 1;
                self.skip_line();
                continue;
            }
            let indent = *indent.get_or_insert(spaces);
            if spaces < indent || (indent as isize) <= parent || (parent < 0 && indent == 0) {
                break;
            }
            let body = &line[indent..];
            let deep = body.starts_with([' ', '\t']);
            match (first, folded && !deep && !deeper) {
                (true, _) => (0..blanks).for_each(|_| out.push('\n')),
                (false, true) if blanks == 0 => out.push(' '),
                (false, true) => (0..blanks).for_each(|_| out.push('\n')),
                (false, false) => (0..=blanks).for_each(|_| out.push('\n')),
            }
            out.push_str(body);
            (first, blanks, deeper) = (false, 0, deep);
            self.skip_line();
        }
        if keep {
            (0..blanks + usize::from(!first)).for_each(|_| out.push('\n'));
        } else if !strip && !first {
            out.push('\n');
        }
        Some(out)
    }

    fn flow(&mut self, parent: isize, depth: usize) -> Option<Node<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let line = self.line;
        let map = self.peek()? == b'{';
        self.at += 1;
        let (mut entries, mut items) = (Vec::new(), Vec::new());
        loop {
            self.content()?;
            match self.peek()? {
                b'}' if map => break,
                b']' if !map => break,
                _ => {}
            }
            let key_line = self.line;
            let node = self.flow_value(parent, depth)?;
            self.content()?;
            if map {
                let text = match node.data {
                    Data::Text(text) | Data::Number(text, _) => text,
                    Data::Bool(value) => value.to_string().into(),
                    Data::Null | Data::List(_) | Data::Map(_) => return None,
                };
                let key = Key { text, line: key_line };
                let value = if self.peek()? == b':' {
                    self.at += 1;
                    self.content()?;
                    match self.peek()? {
                        b',' | b'}' => Node::null(self.line),
                        _ => self.flow_value(parent, depth)?,
                    }
                } else {
                    Node::null(key_line)
                };
                if key.text == "<<" {
                    return None;
                }
                entries.push((key, value));
            } else {
                items.push(node);
            }
            self.content()?;
            match self.peek()? {
                b',' => self.at += 1,
                b'}' if map => break,
                b']' if !map => break,
                _ => return None,
            }
        }
        self.at += 1;
        let data = if map { Data::Map(entries) } else { Data::List(items) };
        Some(Node { data, line })
    }

    fn flow_value(&mut self, parent: isize, depth: usize) -> Option<Node<'a>> {
        let line = self.line;
        match self.peek()? {
            b'{' | b'[' => self.flow(parent, depth + 1),
            b'"' | b'\'' => Some(Node::text(self.quoted(-1)?, line)),
            b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b'|' | b'>' | b',' | b'}' | b']' => None,
            _ => {
                let from = self.at;
                loop {
                    match self.peek()? {
                        b',' | b'[' | b']' | b'{' | b'}' | b'\n' | b'\r' => break,
                        b':' if matches!(self.byte(1)?, b' ' | b'\n' | b'\r' | b',' | b'}' | b']') => break,
                        b'#' if self.at > from && self.bytes[self.at - 1] == b' ' => return None,
                        _ => self.at += 1,
                    }
                }
                let text = self.text[from..self.at].trim_end();
                Some(Node { data: plain(text.into()), line })
            }
        }
    }
}

fn put(out: &mut String, char: char) -> Option<()> {
    out.push(char);
    Some(())
}
