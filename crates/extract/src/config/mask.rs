//! Template actions hidden from a YAML reader by text of the same length, and put back afterwards.
//!
//! Invariant: the masked text has the same bytes per line as the original, so that places stay exact. An action alone on
//! its lines, and flow control anywhere, becomes blanks; an action within a value becomes one private-use character that
//! stands for it, padded to its length.

use seam_facts::SmolStr;
use std::collections::BTreeSet;
use std::ops::Range;

/// First of the private-use characters that stand for actions (plane 15: four bytes each, shorter than any action).
const FIRST: u32 = 0xF0000;
const MARK_BYTES: usize = 4;
const MAX_MARKS: usize = 0xFFFD;

/// A text and its masked twin.
#[derive(Clone, Debug)]
pub struct Mask<'a> {
    text: &'a str,
    masked: String,
    /// (start, end) of the actions that have a mark, and how many padding characters follow the mark.
    marks: Vec<(usize, usize, usize)>,
    line_starts: Vec<usize>,
    ascii: bool,
    /// Lines (from 1) that were moved to the right.
    indented: BTreeSet<usize>,
}

/// How far a line is moved: further right than any parent in its place.
const INDENT: usize = 100;

impl<'a> Mask<'a> {
    pub fn new(text: &'a str) -> Self {
        let mut line_starts = vec![0];
        line_starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1));
        let mut mask = Mask {
            text,
            masked: String::new(),
            marks: Vec::new(),
            line_starts,
            ascii: false,
            indented: BTreeSet::new(),
        };
        let actions = actions(text);
        mask.hide(&actions);
        mask.ascii = mask.masked.is_ascii();
        mask
    }

    /// What the reader sees.
    pub fn text(&self) -> &str {
        &self.masked
    }

    /// The original text of a scalar of the masked text.
    pub fn restore(&self, text: &str) -> SmolStr {
        if self.marks.is_empty() || !text.chars().any(|c| self.mark(c).is_some()) {
            return text.into();
        }
        let mut out = String::with_capacity(text.len() * 2);
        let mut skip = 0;
        for c in text.chars() {
            if let Some((start, end, padding)) = self.mark(c) {
                out.push_str(&self.text[start..end]);
                skip = padding;
            } else if skip > 0 && c == '_' {
                skip -= 1;
            } else {
                skip = 0;
                out.push(c);
            }
        }
        out.into()
    }

    fn mark(&self, c: char) -> Option<(usize, usize, usize)> {
        self.marks.get((c as u32).checked_sub(FIRST)? as usize).copied()
    }

    /// The byte column (from 0) of a character column of a line (from 1).
    pub fn byte_column(&self, line: usize, column: usize) -> usize {
        let moved = if self.indented.contains(&line) { INDENT } else { 0 };
        if self.ascii {
            return column.saturating_sub(moved);
        }
        let line = &self.masked[self.line(line.clamp(1, self.line_starts.len()))];
        line.char_indices().nth(column).map_or(line.len(), |(offset, _)| offset).saturating_sub(moved)
    }

    /// The bytes of a line (from 1) of the masked text, without its end.
    fn line(&self, line: usize) -> Range<usize> {
        let start = self.line_starts[line - 1];
        start..self.line_starts.get(line).map_or(self.masked.len(), |next| next - 1)
    }

    /// The same with a line (from 1) made blank; `None` if nothing is there.
    pub fn without(&self, line: usize) -> Option<Self> {
        // An error at the end of the text belongs to the last line that says something.
        let last = line.clamp(1, self.line_starts.len());
        let found = (1..=last).rev().map(|l| self.line(l)).find(|r| !self.masked[r.clone()].trim().is_empty())?;
        let mut repaired = self.clone();
        repaired.masked.replace_range(found.clone(), &" ".repeat(found.len()));
        repaired.ascii = repaired.masked.is_ascii();
        Some(repaired)
    }

    /// The same with a line (from 1) moved to the right, and with it every line of nothing but closing brackets: within
    /// brackets, indentation means nothing to most readers, yet something to a strict one.
    pub fn indented(&self, line: usize) -> Option<Self> {
        let mut repaired = self.clone();
        repaired.masked.clear();
        repaired.line_starts.clear();
        for number in 1..=self.line_starts.len() {
            let content = &self.masked[self.line(number)];
            let closes = content.contains([']', '}']) && content.trim_matches([' ', '\r', ']', '}', ',']).is_empty();
            repaired.line_starts.push(repaired.masked.len());
            if (closes || number == line) && repaired.indented.insert(number) {
                repaired.masked.extend(std::iter::repeat_n(' ', INDENT));
            }
            repaired.masked.push_str(content);
            if number < self.line_starts.len() {
                repaired.masked.push('\n');
            }
        }
        (repaired.indented.len() > self.indented.len()).then_some(repaired)
    }

    fn hide(&mut self, actions: &[Action]) {
        let text = self.text;
        let bytes = text.as_bytes();
        let mut out = String::with_capacity(text.len());
        let mut next = 0;
        let mut line = 0;
        let mut at = 0;
        // Line by line, with the actions that reach into each line.
        while line < self.line_starts.len() {
            let start = self.line_starts[line];
            let end = self.line_starts.get(line + 1).copied().unwrap_or(text.len());
            line += 1;
            while next < actions.len() && actions[next].end <= start {
                next += 1;
            }
            let here = &actions[next..];
            let here = &here[..here.iter().take_while(|a| a.start < end).count()];
            if here.is_empty() {
                push_plain(&mut out, &text[start..end]);
                at = end;
                continue;
            }
            at = at.max(start);
            let alone = alone(bytes, start, end, here);
            for action in here {
                let (from, to) = (action.start.max(start), action.end.min(end));
                if from > at {
                    out.push_str(&text[at..from]);
                }
                let content = text[from..to].trim_end_matches(['\n', '\r']);
                let width = content.len();
                let continued = action.start < start;
                let markable = width > MARK_BYTES && self.marks.len() < MAX_MARKS;
                if alone || action.control || continued || !markable {
                    out.extend(std::iter::repeat_n(' ', width));
                } else if let Some(mark) = char::from_u32(FIRST + self.marks.len() as u32) {
                    out.push(mark);
                    out.extend(std::iter::repeat_n('_', width - MARK_BYTES));
                    self.marks.push((action.start, action.end, width - MARK_BYTES));
                }
                out.push_str(&text[from + width..to]);
                at = to;
            }
            out.push_str(&text[at..end]);
            at = end;
        }
        self.masked = out;
    }
}

/// Tabs in front are blanks; a value in `@…@` (filled by a build tool) is kept from meaning anything.
fn push_plain(out: &mut String, line: &str) {
    let content = line.trim_start_matches(['\t', ' ']);
    let indent = &line[..line.len() - content.len()];
    if indent.contains('\t') {
        out.extend(std::iter::repeat_n(' ', indent.len()));
    } else {
        out.push_str(indent);
    }
    out.push_str(content);
}

/// Whether nothing but blanks, actions and a comment stands on the line.
fn alone(bytes: &[u8], start: usize, end: usize, actions: &[Action]) -> bool {
    let mut at = start;
    let mut next = 0;
    while at < end {
        while actions.get(next).is_some_and(|a| a.end <= at) {
            next += 1;
        }
        if let Some(action) = actions.get(next).filter(|a| a.start <= at) {
            at = action.end;
            continue;
        }
        match bytes[at] {
            b' ' | b'\t' | b'\r' | b'\n' => at += 1,
            b'#' => return true,
            _ => return false,
        }
    }
    true
}

#[derive(Clone, Copy, Debug)]
struct Action {
    start: usize,
    end: usize,
    /// Flow control, definitions and comments: they print nothing.
    control: bool,
}

/// Words that open an action which prints nothing.
const CONTROL: &[&str] = &["if", "else", "end", "range", "with", "define", "block", "break", "continue"];

fn actions(text: &str) -> Vec<Action> {
    let mut out = Vec::new();
    let mut at = 0;
    let mut unclosed: Vec<&str> = Vec::new();
    let bytes = text.as_bytes();
    while let Some(found) = text[at..].find(['{', '@']) {
        let start = at + found;
        let rest = &text[start..];
        let (close, control) = match bytes.get(start + 1) {
            Some(b'{') if bytes[start] == b'{' => {
                let inner = rest[2..].trim_start_matches('-').trim_start();
                let word = inner.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
                let comment = inner.starts_with("/*");
                let assigns = inner.starts_with('$')
                    && inner.find("=").is_some_and(|e| inner[..e].trim_end_matches(':').trim().split(' ').count() == 1);
                (if comment { "*/" } else { "}}" }, comment || assigns || CONTROL.contains(&word))
            }
            Some(b'%') if bytes[start] == b'{' => ("%}", true),
            Some(_) if bytes[start] == b'@' && value_starts(bytes, start) => {
                let width = rest[1..].find(['@', '\n', ' ']).filter(|w| *w > 0 && bytes[start + 1 + w] == b'@');
                if let Some(width) = width {
                    out.push(Action { start, end: start + width + 2, control: false });
                    at = start + width + 2;
                } else {
                    at = start + 1;
                }
                continue;
            }
            _ => {
                at = start + 1;
                continue;
            }
        };
        // What is not closed once is not closed later either; looking each time would take for ever.
        let found = if unclosed.contains(&close) { None } else { rest[2..].find(close) };
        let Some(mut end) = found.map(|e| start + 2 + e + close.len()) else {
            unclosed.push(close);
            at = start + 2;
            continue;
        };
        if close == "*/" {
            match text[end..].find("}}") {
                Some(more) => end += more + 2,
                None => {
                    unclosed.push(close);
                    at = end;
                    continue;
                }
            }
        }
        // `{{"a": {}}}` in flow style ends with the last brace.
        while close == "}}" && bytes.get(end) == Some(&b'}') && !rest[2..].starts_with([' ', '-', '.', '$']) {
            end += 1;
        }
        out.push(Action { start, end, control });
        at = end;
    }
    out
}

/// Whether a value begins at `at`: after `: `, `- ` or at the start of a line.
fn value_starts(bytes: &[u8], at: usize) -> bool {
    let before = bytes[..at].iter().rev().find(|b| !matches!(b, b' ' | b'\t'));
    at > 0 && bytes[at - 1] == b' ' && matches!(before, Some(b':' | b'-'))
}
