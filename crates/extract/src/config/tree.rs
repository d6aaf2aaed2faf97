//! One tree for YAML, JSON and TOML: scalars, maps and lists, each with its place.
//!
//! Invariant: every key and every node opens at the right line. Depth is bounded by the readers, so that walks here may
//! recurse. Keys keep their order and may repeat; [`Node::get`] takes the first.

use seam_facts::{SmolStr, Span, format_smolstr};

/// How deep readers nest; what is below is left out and reported.
pub const MAX_DEPTH: usize = 96;

/// How a scalar was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: `null`, numbers and booleans are still their text.
    #[default]
    Plain,
    Quoted,
    /// `|`: line breaks are kept; the first line of content is the one below the node's span.
    Literal,
    /// `>`: line breaks are folded.
    Folded,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    pub text: SmolStr,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    Scalar(SmolStr, Style),
    Map(Vec<(Key, Node)>),
    List(Vec<Node>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub value: Data,
    pub span: Span,
    /// A local tag (`!Ref`, `!reference`), without `!`; empty if none.
    pub tag: SmolStr,
}

/// A scalar with its dotted path, as configuration frameworks name it (`a.b[0].c`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf<'a> {
    pub key: String,
    pub text: &'a SmolStr,
    pub null: bool,
    /// From the key to the end of the value.
    pub span: Span,
    pub node: &'a Node,
}

impl Node {
    pub fn null(span: Span) -> Self {
        Node::scalar("", Style::Plain, span)
    }

    pub fn scalar(text: impl Into<SmolStr>, style: Style, span: Span) -> Self {
        Node { value: Data::Scalar(text.into(), style), span, tag: SmolStr::default() }
    }

    /// The value of a key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// A key of a map with its value.
    pub fn entry(&self, key: &str) -> Option<(&Key, &Node)> {
        self.entries().find(|(k, _)| k.text == key)
    }

    /// Follows keys, one after the other.
    pub fn path(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text of a scalar that is not null.
    pub fn text(&self) -> Option<&SmolStr> {
        match &self.value {
            Data::Scalar(text, _) if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// The text at the end of a path of keys.
    pub fn text_at(&self, keys: &[&str]) -> Option<&SmolStr> {
        self.path(keys)?.text()
    }

    /// `null`, `~` or nothing at all.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Data::Scalar(text, Style::Plain) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    pub fn is_map(&self) -> bool {
        matches!(self.value, Data::Map(_))
    }

    pub fn is_list(&self) -> bool {
        matches!(self.value, Data::List(_))
    }

    /// `true`, `yes`, `on`.
    pub fn is_true(&self) -> bool {
        self.text().is_some_and(|t| matches!(t.to_ascii_lowercase().as_str(), "true" | "yes" | "on"))
    }

    /// Entries of a map; none of anything else.
    pub fn entries(&self) -> impl Iterator<Item = (&Key, &Node)> {
        let entries: &[(Key, Node)] = match &self.value {
            Data::Map(entries) => entries,
            Data::Scalar(..) | Data::List(_) => &[],
        };
        entries.iter().map(|(k, v)| (k, v))
    }

    /// Items of a list; none of anything else.
    pub fn items(&self) -> impl Iterator<Item = &Node> {
        let items: &[Node] = match &self.value {
            Data::List(items) => items,
            Data::Scalar(..) | Data::Map(_) => &[],
        };
        items.iter()
    }

    /// Texts of a list of scalars, or of one scalar.
    pub fn texts(&self) -> Vec<SmolStr> {
        match &self.value {
            Data::Scalar(..) => self.text().cloned().into_iter().collect(),
            Data::List(items) => items.iter().filter_map(Node::text).cloned().collect(),
            Data::Map(_) => Vec::new(),
        }
    }

    /// Every scalar below, with dotted keys.
    pub fn flatten(&self) -> Vec<Leaf<'_>> {
        let mut out = Vec::new();
        self.walk(String::new(), self.span, &mut out);
        out
    }

    fn walk<'a>(&'a self, path: String, at: Span, out: &mut Vec<Leaf<'a>>) {
        match &self.value {
            Data::Scalar(text, _) => {
                let null = self.is_null();
                out.push(Leaf { key: path, text, null, span: join(at, self.span), node: self });
            }
            Data::Map(entries) => {
                for (key, node) in entries {
                    let path = match path.is_empty() {
                        true => key.text.to_string(),
                        false => format!("{path}.{}", key.text),
                    };
                    node.walk(path, key.span, out);
                }
            }
            Data::List(items) => {
                for (i, node) in items.iter().enumerate() {
                    node.walk(format!("{path}[{i}]"), node.span, out);
                }
            }
        }
    }
}

/// From the start of a key to the end of its value; just the key, if the value stands elsewhere (an alias).
pub fn join(key: Span, value: Span) -> Span {
    let end_line = if value.line >= key.line { value.end_line.max(key.end_line) } else { key.end_line };
    Span { line: key.line, column: key.column, end_line }
}

/// The place of an entry whose value is short; for long ones (maps), the key's line only.
pub fn entry_span(key: &Key, node: &Node) -> Span {
    match &node.value {
        Data::Scalar(..) => join(key.span, node.span),
        Data::Map(_) | Data::List(_) => key.span,
    }
}

/// `prefix.name`, or just the name.
pub fn dotted(prefix: &str, name: &str) -> SmolStr {
    if prefix.is_empty() { name.into() } else { format_smolstr!("{prefix}.{name}") }
}
