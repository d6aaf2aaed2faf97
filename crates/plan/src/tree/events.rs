//! YAML of any kind, from a parser's events: slower, but anchors, tags and directives are understood.

use super::{Data, Key, MAX_DEPTH, Node, plain};
use saphyr_parser::{Event, Parser, ScalarStyle};
use seam_facts::{Problem, ProblemKind, Span, format_smolstr};
use std::collections::BTreeMap;

/// Nodes that aliases may add to one text.
const MAX_EXPANDED: usize = 200_000;

/// The first document with content.
pub fn read(text: &str) -> (Node<'static>, Vec<Problem>) {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        match event {
            Ok((Event::DocumentEnd, _)) if !builder.root.as_ref().is_none_or(|n| n.data == Data::Null) => break,
            Ok((event, span)) => builder.event(event, span.start.line() as u32),
            Err(error) => {
                let message = format_smolstr!("YAML is broken: {}; only what stands before was read", error.info());
                let at = Some(Span::at(error.marker().line() as u32, 1));
                builder.problems.push(Problem::new(ProblemKind::Syntax, message, at));
                break;
            }
        }
    }
    while builder.close() {}
    (builder.root.unwrap_or_else(|| Node::null(1)), builder.problems)
}

enum Frame {
    Map { entries: Vec<(Key<'static>, Node<'static>)>, key: Option<Key<'static>>, line: u32, anchor: usize },
    List { items: Vec<Node<'static>>, line: u32, anchor: usize },
}

#[derive(Default)]
struct Builder {
    root: Option<Node<'static>>,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, (Node<'static>, usize)>,
    expanded: usize,
    /// Containers open below the limit.
    skipped: usize,
    problems: Vec<Problem>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: u32) {
        match event {
            Event::MappingStart(anchor, _) => {
                self.open(Frame::Map { entries: Vec::new(), key: None, line, anchor }, line);
            }
            Event::SequenceStart(anchor, _) => self.open(Frame::List { items: Vec::new(), line, anchor }, line),
            Event::MappingEnd | Event::SequenceEnd => {
                if self.skipped > 0 {
                    self.skipped -= 1;
                    if self.skipped == 0 {
                        self.place(Node::null(line), 0);
                    }
                } else {
                    self.close();
                }
            }
            Event::Scalar(text, style, anchor, _) if self.skipped == 0 => {
                let text = text.into_owned();
                let data = match style {
                    ScalarStyle::Plain => plain(text.into()),
                    ScalarStyle::SingleQuoted
                    | ScalarStyle::DoubleQuoted
                    | ScalarStyle::Literal
                    | ScalarStyle::Folded => Data::Text(text.into()),
                };
                self.place(Node { data, line }, anchor);
            }
            Event::Alias(anchor) if self.skipped == 0 => {
                let node = match self.anchors.get(&anchor) {
                    Some((node, size)) if self.expanded + size <= MAX_EXPANDED => {
                        self.expanded += size;
                        node.clone()
                    }
                    Some(_) => {
                        self.limit("aliases expand beyond the limit and were left out", line);
                        Node::null(line)
                    }
                    None => Node::null(line),
                };
                self.place(node, 0);
            }
            Event::Scalar(..)
            | Event::Alias(_)
            | Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => {}
        }
    }

    fn open(&mut self, frame: Frame, line: u32) {
        if self.skipped > 0 || self.frames.len() >= MAX_DEPTH {
            self.limit("nesting beyond the limit was not read", line);
            self.skipped += 1;
        } else {
            self.frames.push(frame);
        }
    }

    fn close(&mut self) -> bool {
        match self.frames.pop() {
            Some(Frame::Map { entries, line, anchor, .. }) => self.place(Node::map(merged(entries), line), anchor),
            Some(Frame::List { items, line, anchor }) => self.place(Node { data: Data::List(items), line }, anchor),
            None => return false,
        }
        true
    }

    fn place(&mut self, node: Node<'static>, anchor: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size(&node)));
        }
        match self.frames.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, key, .. }) => match key.take() {
                None => {
                    let text = match node.data {
                        Data::Text(text) | Data::Number(text, _) => text,
                        Data::Bool(value) => value.to_string().into(),
                        Data::Null | Data::List(_) | Data::Map(_) => "?".into(),
                    };
                    *key = Some(Key { text, line: node.line });
                }
                Some(name) => entries.push((name, node)),
            },
        }
    }

    fn limit(&mut self, message: &str, line: u32) {
        if self.problems.iter().all(|p| p.message != message) {
            self.problems.push(Problem::new(ProblemKind::Limit, message, Some(Span::at(line, 1))));
        }
    }
}

/// Expands `<<`: what the map itself says wins.
fn merged(entries: Vec<(Key<'static>, Node<'static>)>) -> Vec<(Key<'static>, Node<'static>)> {
    if entries.iter().all(|(key, _)| key.text != "<<") {
        return entries;
    }
    let (merges, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key.text == "<<");
    for (_, node) in merges {
        let maps = match node.data {
            Data::List(items) => items,
            _ => vec![node],
        };
        for map in maps {
            if let Data::Map(inherited) = map.data {
                for (key, value) in inherited {
                    if own.iter().all(|(k, _)| k.text != key.text) {
                        own.push((key, value));
                    }
                }
            }
        }
    }
    own
}

fn size(node: &Node<'_>) -> usize {
    1 + node.items().iter().map(size).sum::<usize>() + node.entries().iter().map(|(_, n)| size(n)).sum::<usize>()
}
