//! Places in texts: bytes here, UTF-16 or UTF-8 units there.
//!
//! Invariant: any position of any text gives a place within it, on the border of a character: clients may be wrong, or speak of a
//! text that is older or newer.

use gen_lsp_types::{Position, Range};
use std::ops::Range as Span;
use std::sync::Arc;

/// What columns count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    #[default]
    Utf16,
    Utf32,
}

impl Encoding {
    pub fn word(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16 => "utf-16",
            Encoding::Utf32 => "utf-32",
        }
    }

    /// The first that a client offers and that is known here; UTF-16 is what every client speaks.
    pub fn chosen<'a>(offered: impl IntoIterator<Item = &'a str>) -> Self {
        let known =
            |word: &str| [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32].into_iter().find(|e| e.word() == word);
        offered.into_iter().find_map(known).unwrap_or_default()
    }

    fn width(self, c: char) -> usize {
        match self {
            Encoding::Utf8 => c.len_utf8(),
            Encoding::Utf16 => c.len_utf16(),
            Encoding::Utf32 => 1,
        }
    }

    /// The column of a byte of a line.
    pub fn column(self, line: &str, byte: usize) -> u32 {
        let before = line.char_indices().take_while(|(at, _)| *at < byte);
        before.map(|(_, c)| self.width(c)).sum::<usize>() as u32
    }

    /// The byte at a column of a line; a column within a character is its start, one beyond the end is the end.
    pub fn byte(self, line: &str, column: u32) -> usize {
        let mut units = 0;
        for (at, c) in line.char_indices() {
            units += self.width(c);
            if units > column as usize {
                return at;
            }
        }
        line.len()
    }
}

/// A text and where its lines start.
#[derive(Clone, Debug)]
pub struct Text {
    pub text: Arc<str>,
    starts: Vec<usize>,
}

impl Text {
    pub fn new(text: Arc<str>) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(ends).collect();
        Text { text, starts }
    }

    /// A line, counted from 0, without its end; empty beyond the last.
    pub fn line(&self, line: usize) -> &str {
        let Some(start) = self.starts.get(line) else { return "" };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        self.text[*start..end].trim_end_matches(['\n', '\r'])
    }

    pub fn lines(&self) -> usize {
        self.starts.len()
    }

    /// The byte of a position.
    fn offset(&self, at: Position, encoding: Encoding) -> usize {
        match self.starts.get(at.line as usize) {
            Some(start) => start + encoding.byte(self.line(at.line as usize), at.character),
            None => self.text.len(),
        }
    }

    /// The text after a change of a range.
    pub fn changed(&self, range: Range, new: &str, encoding: Encoding) -> Text {
        let (start, end) = (self.offset(range.start, encoding), self.offset(range.end, encoding));
        let (start, end) = (start.min(end), start.max(end));
        Text::new([&self.text[..start], new, &self.text[end..]].concat().into())
    }

    /// A part of a line, counted from 0, in bytes.
    pub fn range(&self, line: usize, part: Span<usize>, encoding: Encoding) -> Range {
        let text = self.line(line);
        let at = |byte| Position { line: line as u32, character: encoding.column(text, byte) };
        Range { start: at(part.start), end: at(part.end) }
    }

    /// What is meant by a place that a fact tells: from its column to the end of what the line says. Lines and columns count
    /// from 1; where the column is the first, or none, it is what the line says.
    pub fn meant(&self, line: u32, column: u32, encoding: Encoding) -> Range {
        let line = (line.max(1) as usize - 1).min(self.lines() - 1);
        let text = self.line(line);
        self.range(line, said(text, column), encoding)
    }
}

/// The bytes of a line from a column (from 1) on that say something.
fn said(line: &str, column: u32) -> Span<usize> {
    let first = line.len() - line.trim_start().len();
    let mut start = (column.max(1) as usize - 1).max(first);
    if start >= line.trim_end().len() || !line.is_char_boundary(start) {
        start = first;
    }
    let rest = line[start..].trim_end();
    // What only opens or separates is not what is meant.
    let said = rest.trim_end_matches(['{', ';', ',']).trim_end();
    let end = start + if said.is_empty() { rest.len() } else { said.len() };
    start..end.max(start)
}

/// The word at a byte of a line, with the characters that names of hosts, topics and keys have.
pub fn word(line: &str, byte: usize) -> &str {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let byte = (0..=byte.min(line.len())).rev().find(|b| line.is_char_boundary(*b)).unwrap_or(0);
    let start =
        line[..byte].rfind(|c| !part(c)).map_or(0, |at| at + line[at..].chars().next().map_or(1, char::len_utf8));
    let end = line[byte..].find(|c| !part(c)).map_or(line.len(), |at| byte + at);
    line[start..end].trim_matches(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: (u32, u32), to: (u32, u32)) -> Range {
        let at = |(line, character)| Position { line, character };
        Range { start: at(from), end: at(to) }
    }

    #[test]
    fn columns_count_what_was_agreed() {
        let line = "a𝄞ü = x";
        for (encoding, columns) in
            [(Encoding::Utf8, [0, 1, 5, 7]), (Encoding::Utf16, [0, 1, 3, 4]), (Encoding::Utf32, [0, 1, 2, 3])]
        {
            for (byte, column) in [0, 1, 5, 7].into_iter().zip(columns) {
                assert_eq!(encoding.column(line, byte), column, "{encoding:?}");
                assert_eq!(encoding.byte(line, column), byte, "{encoding:?}");
            }
            assert_eq!(encoding.byte(line, 99), line.len());
        }
        assert_eq!(Encoding::Utf16.byte(line, 2), 1, "within a character is its start");
        assert_eq!(Encoding::chosen(["utf-7", "utf-32", "utf-8"]), Encoding::Utf32);
        assert_eq!(Encoding::chosen([]), Encoding::Utf16);
    }

    #[test]
    fn changes_apply_wherever_they_are_said_to_be() {
        let text = Text::new("one\r\ntwo\nü𝄞x".into());
        let after = |r, new| text.changed(r, new, Encoding::Utf16).text.to_string();
        assert_eq!(after(range((0, 1), (1, 1)), "-"), "o-wo\nü𝄞x");
        assert_eq!(after(range((2, 3), (2, 4)), "y"), "one\r\ntwo\nü𝄞y");
        assert_eq!(after(range((0, 99), (0, 99)), "!"), "one!\r\ntwo\nü𝄞x");
        assert_eq!(after(range((9, 9), (9, 9)), "!"), "one\r\ntwo\nü𝄞x!");
        assert_eq!(after(range((1, 3), (1, 0)), ""), "one\r\n\nü𝄞x");
    }

    #[test]
    fn what_is_meant_is_never_more_than_a_line() {
        let text = Text::new("  call(x); \n\n@Get(\"/a\") {\n}\n".into());
        let meant = |line, column| text.meant(line, column, Encoding::Utf16);
        assert_eq!(meant(1, 1), range((0, 2), (0, 9)));
        assert_eq!(meant(1, 8), range((0, 7), (0, 9)));
        assert_eq!(meant(1, 90), range((0, 2), (0, 9)));
        assert_eq!(meant(2, 1), range((1, 0), (1, 0)));
        assert_eq!(meant(3, 2), range((2, 1), (2, 10)));
        assert_eq!(meant(99, 1), range((4, 0), (4, 0)));
    }

    #[test]
    fn words_are_what_names_are_made_of() {
        assert_eq!(word("url: http://order-db.prod:8080/x", 14), "order-db.prod");
        assert_eq!(word("ü=topic", 2), "ü");
        assert_eq!(word("\"a.b.\"", 3), "a.b");
        assert_eq!(word("", 7), "");
    }
}
