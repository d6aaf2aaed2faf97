//! XML elements with places, as much as build files need. Broken text keeps what stands before.

use super::tree::MAX_DEPTH;
use crate::Sink;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use seam_facts::{Lines, Problem, ProblemKind, SmolStr, Span};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Local name, without namespace prefix.
    pub name: SmolStr,
    pub attributes: Vec<(SmolStr, SmolStr)>,
    /// Trimmed text directly within.
    pub text: SmolStr,
    pub children: Vec<Element>,
    pub span: Span,
}

impl Element {
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }

    pub fn path(&self, names: &[&str]) -> Option<&Element> {
        names.iter().try_fold(self, |element, name| element.child(name))
    }

    pub fn text_at(&self, names: &[&str]) -> Option<&SmolStr> {
        self.path(names).map(|e| &e.text).filter(|t| !t.is_empty())
    }

    /// Children of a child: `list("modules", "module")`.
    pub fn list<'a>(&'a self, group: &'a str, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children
            .iter()
            .filter(move |c| c.name == group)
            .flat_map(move |g| g.children.iter().filter(move |c| c.name == name))
    }
}

/// The root element.
pub fn document(text: &str, sink: &mut Sink) -> Option<Element> {
    let lines = Lines::new(text);
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let mut open: Vec<Element> = Vec::new();
    let mut skipped = 0usize;
    let mut root = None;
    loop {
        let before = reader.buffer_position() as usize;
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                if open.len() >= MAX_DEPTH {
                    if skipped == 0 {
                        sink.problem(Problem::new(ProblemKind::Limit, "nesting beyond the limit was not read", None));
                    }
                    skipped += 1;
                } else {
                    open.push(element(&start, lines.span(before, before)));
                }
            }
            Ok(Event::Empty(start)) if skipped == 0 => {
                let element = element(&start, lines.span(before, before));
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => root = root.or(Some(element)),
                }
            }
            Ok(Event::Text(content)) if skipped == 0 => {
                if let Some(parent) = open.last_mut() {
                    add(parent, &content);
                }
            }
            Ok(Event::CData(content)) if skipped == 0 => {
                if let Some(parent) = open.last_mut() {
                    add(parent, &content);
                }
            }
            Ok(Event::End(_)) if skipped > 0 => skipped -= 1,
            Ok(Event::End(_)) => close(&mut open, &mut root),
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(_) => {
                let at = lines.span(before, before);
                sink.problem(Problem::new(ProblemKind::Syntax, "XML is broken; what stands before was read", Some(at)));
                break;
            }
        }
    }
    while !open.is_empty() {
        close(&mut open, &mut root);
    }
    root
}

fn close(open: &mut Vec<Element>, root: &mut Option<Element>) {
    let Some(element) = open.pop() else {
        return;
    };
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None if root.is_none() => *root = Some(element),
        None => {}
    }
}

fn add(element: &mut Element, text: &str) {
    let text = text.trim();
    if !text.is_empty() {
        element.text = seam_facts::format_smolstr!("{}{text}", element.text);
    }
}

fn element(start: &BytesStart<'_>, span: Span) -> Element {
    let name = start.local_name().as_ref().into();
    let attributes = start
        .attributes()
        .flatten()
        .map(|a| {
            let key = a.key.local_name().as_ref().into();
            (key, a.value.as_ref().into())
        })
        .collect();
    Element { name, attributes, text: SmolStr::default(), children: Vec::new(), span }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_places_and_what_stands_before_a_break() {
        let root = document("<?xml version=\"1.0\"?>\n<a>\n <b x='1'>t</b>\n <c/>\n</a>", &mut Sink::default())
            .expect("a root");
        assert_eq!(root.text_at(&["b"]).map(SmolStr::as_str), Some("t"));
        assert_eq!(root.child("c").map(|c| (c.span.line, c.span.column)), Some((4, 2)));
        assert!(document("<a><b>x</b><", &mut Sink::default()).is_some());
    }
}
