//! Where in a file something was seen. A span opens in an editor: lines and columns count from 1, columns in bytes.

use serde::{Deserialize, Serialize};

/// A range of one file's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First line, counted from 1.
    pub line: u32,
    /// First column, counted from 1, in bytes.
    pub column: u32,
    /// Last line, counted from 1, inclusive.
    pub end_line: u32,
}

impl Span {
    /// A span within one line.
    pub fn at(line: u32, column: u32) -> Self {
        Span { line, column, end_line: line }
    }

    /// Whether `line` (from 1) lies within the span.
    pub fn covers(&self, line: u32) -> bool {
        self.line <= line && line <= self.end_line
    }
}

/// Byte offsets to lines, for parsers that give offsets only.
#[derive(Clone, Debug)]
pub struct Lines {
    starts: Vec<u32>,
}

impl Lines {
    /// Indexes the line starts of `text`.
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1));
        Lines { starts }
    }

    /// The span of the bytes `start..end`.
    pub fn span(&self, start: usize, end: usize) -> Span {
        let (line, column) = self.locate(start);
        let (end_line, _) = self.locate(end.max(start));
        Span { line, column, end_line }
    }

    fn locate(&self, offset: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|s| *s as usize <= offset).max(1);
        (line as u32, offset as u32 - self.starts[line - 1] + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_lines_and_columns_from_one() {
        let lines = Lines::new("ab\ncd\n\nx");
        assert_eq!(lines.span(0, 1), Span { line: 1, column: 1, end_line: 1 });
        assert_eq!(lines.span(4, 7), Span { line: 2, column: 2, end_line: 4 });
    }
}
