//! A page's parts. Only what pages need of Markdown: headings and fences at the start of a line.

/// A page as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The first heading's text.
    pub title: String,
    /// Second-level headings in order.
    pub headings: Vec<String>,
    pub blocks: Vec<Block>,
}

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The language or role: `java`, `facts`, `edges`.
    pub info: String,
    /// `file=…`.
    pub file: Option<String>,
    pub text: String,
    /// The second-level heading that it stands under: an index into [`Page::headings`], from 1; 0 before the first.
    pub section: usize,
    /// Lines of the text within the page, from 0: first, and one after the last.
    pub lines: (usize, usize),
}

pub fn parse(text: &str) -> Page {
    let mut page = Page { title: String::new(), headings: Vec::new(), blocks: Vec::new() };
    let mut open: Option<(String, usize, Block)> = None;
    for (number, line) in text.lines().enumerate() {
        if let Some((fence, _, block)) = &mut open {
            if line.trim_end() == fence {
                block.lines.1 = number;
                page.blocks.extend(open.take().map(|(_, _, block)| block));
            } else {
                block.text.push_str(line);
                block.text.push('\n');
            }
        } else if line.starts_with("```") {
            // A longer fence holds a text that has fences itself.
            let ticks = line.chars().take_while(|c| *c == '`').count();
            let mut words = line[ticks..].split_whitespace();
            let info = words.next().unwrap_or_default().to_owned();
            let file = words.find_map(|w| w.strip_prefix("file=")).map(ToOwned::to_owned);
            let block = Block {
                info,
                file,
                text: String::new(),
                section: page.headings.len(),
                lines: (number + 1, number + 1),
            };
            open = Some(("`".repeat(ticks), number, block));
        } else if let Some(title) = line.strip_prefix("# ").filter(|_| page.title.is_empty()) {
            page.title = title.trim().to_owned();
        } else if let Some(heading) = line.strip_prefix("## ") {
            page.headings.push(heading.trim().to_owned());
        }
    }
    page
}

impl Page {
    /// The workspace on the page, in order: path and text.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.blocks.iter().filter_map(|b| b.file.as_deref().map(|file| (file, b.text.as_str())))
    }

    /// The workspace under one heading, for pages with several.
    pub fn files_of(&self, section: usize) -> impl Iterator<Item = (&str, &str)> {
        let here = self.blocks.iter().filter(move |b| b.section == section);
        here.filter_map(|b| b.file.as_deref().map(|file| (file, b.text.as_str())))
    }

    /// The expectation of this kind.
    /// Sections that are a system each, over what stands under "Every system": heading, the shared section, the own one.
    pub fn systems(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        let shared = self.headings.iter().position(|h| h == "Every system").map_or(0, |at| at + 1);
        let own = self.headings.iter().enumerate().map(move |(at, heading)| (heading.as_str(), shared, at + 1));
        own.filter(move |(_, shared, own)| shared != own)
    }

    pub fn block(&self, info: &str) -> Option<&Block> {
        self.blocks.iter().find(|b| b.info == info && b.file.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_files_and_expectations() {
        let page = parse("# a\n\n## Example\n```go file=x/a.go\nline\n```\n\n```facts\nx/a.go:1 call\n```\n");
        assert_eq!((page.title.as_str(), page.headings.len()), ("a", 1));
        assert_eq!(page.files().collect::<Vec<_>>(), [("x/a.go", "line\n")]);
        assert_eq!(page.block("facts").map(|b| (b.text.as_str(), b.lines)), Some(("x/a.go:1 call\n", (8, 9))));
    }
}
