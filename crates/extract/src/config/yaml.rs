//! YAML with places: documents as [`Node`] trees, tolerant of templates and of broken parts.
//!
//! Invariant: never an error and never a blow-up. Anchors, aliases and merge keys are expanded within a budget; nesting
//! is bounded; a line that does not parse is blanked and reported, and the rest is kept. Template actions (`{{ … }}`,
//! `{% … %}`) are masked by text of the same length before parsing, so that positions stay exact, and are put back
//! into the scalars afterwards: a scalar's text is always what the file says.

use super::mask::Mask;
use super::tree::{Data, Key, MAX_DEPTH, Node, Style, join};
use crate::Sink;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use seam_facts::{Problem, ProblemKind, SmolStr, Span, format_smolstr};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Nodes that aliases may add to one file.
const MAX_EXPANDED: usize = 100_000;
/// Lines that are blanked, one after the other, to get past broken syntax.
const MAX_REPAIRS: usize = 12;
/// Lines within brackets that are moved to the right, because the parser minds their indentation.
const MAX_INDENTS: usize = 40;
/// Bytes that are read again, all in all, to get past broken syntax.
const MAX_REPAIR_WORK: usize = 2_000_000;

/// Every document of the text. Problems go to `sink`.
pub fn documents(text: &str, sink: &mut Sink) -> Vec<Node> {
    let (documents, problems) = parse(text);
    problems.into_iter().for_each(|p| sink.problem(p));
    documents
}

type Parsed = (Vec<Node>, Vec<Problem>);

thread_local! {
    /// The text read last, with its tree: several extractors look at one file, one after the other.
    static LAST: RefCell<Option<(String, Parsed)>> = const { RefCell::new(None) };
}

/// Every document of the text, with what could not be read.
pub fn parse(text: &str) -> Parsed {
    LAST.with_borrow_mut(|last| match last {
        Some((known, parsed)) if known == text => parsed.clone(),
        _ => {
            let parsed = read(text);
            *last = Some((text.to_owned(), parsed.clone()));
            parsed
        }
    })
}

fn read(text: &str) -> Parsed {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut mask = Mask::new(text);
    let mut reading = Reader::new(&mask).read();
    let mut problems: Vec<Problem> = Vec::new();
    let mut repairs = 0;
    let mut indents = 0;
    while let Some(broken) = &reading.broken {
        if broken.why.contains("indentation")
            && indents < MAX_INDENTS
            && indents * text.len() <= MAX_REPAIR_WORK
            && let Some(repaired) = mask.indented(broken.line)
        {
            indents += 1;
            let next = Reader::new(&repaired).read();
            if next.reach() > broken.line {
                (reading, mask) = (next, repaired);
                continue;
            }
        }
        let last =
            repairs >= MAX_REPAIRS || repairs * 2 * text.len() > MAX_REPAIR_WORK || text.len() > MAX_REPAIR_WORK / 4;
        if repairs == 0 || last {
            let kept = if last { "only what stands before was read" } else { "lines were skipped" };
            let message = format_smolstr!("YAML is broken: {}; {kept}", broken.why);
            problems.push(Problem::new(ProblemKind::Syntax, message, Some(Span::at(broken.line as u32, 1))));
        }
        // Either the line itself is to blame, or what opened around it (an unclosed bracket): whichever gets further.
        let next = [broken.line, broken.opened]
            .into_iter()
            .filter(|line| !last && *line > 0)
            .filter_map(|line| mask.without(line))
            .map(|mask| (Reader::new(&mask).read(), mask))
            .max_by_key(|(reading, _)| (reading.reach(), reading.documents.iter().map(size).sum::<usize>()));
        let Some((next, repaired)) = next else {
            break;
        };
        (reading, mask) = (next, repaired);
        repairs += 1;
    }
    problems.extend(reading.problems);
    (reading.documents, problems)
}

/// The one document that configuration files have; the first one with content.
pub fn document(text: &str, sink: &mut Sink) -> Option<Node> {
    documents(text, sink).into_iter().find(|d| !d.is_null())
}

/// Where reading stopped, and why.
struct Broken {
    line: usize,
    /// The line on which the innermost open container began; 0 if none is open.
    opened: usize,
    why: SmolStr,
}

/// What one pass understood.
struct Reading {
    documents: Vec<Node>,
    problems: Vec<Problem>,
    broken: Option<Broken>,
}

impl Reading {
    fn reach(&self) -> usize {
        self.broken.as_ref().map_or(usize::MAX, |b| b.line)
    }
}

enum Frame {
    Map { entries: Vec<(Key, Node)>, key: Option<Key>, span: Span, anchor: usize, tag: SmolStr },
    List { items: Vec<Node>, span: Span, anchor: usize, tag: SmolStr },
}

impl Frame {
    fn span(&self) -> Span {
        let (Frame::Map { span, .. } | Frame::List { span, .. }) = self;
        *span
    }
}

struct Reader<'a> {
    mask: &'a Mask<'a>,
    documents: Vec<Node>,
    problems: Vec<Problem>,
    frames: Vec<Frame>,
    root: Option<Node>,
    anchors: BTreeMap<usize, (Node, usize)>,
    expanded: usize,
    /// Containers open below the depth limit.
    skipped: usize,
}

impl<'a> Reader<'a> {
    fn new(mask: &'a Mask<'a>) -> Self {
        Reader {
            mask,
            documents: Vec::new(),
            problems: Vec::new(),
            frames: Vec::new(),
            root: None,
            anchors: BTreeMap::new(),
            expanded: 0,
            skipped: 0,
        }
    }

    /// Reads all; on broken syntax, everything before it is kept.
    fn read(mut self) -> Reading {
        let masked = self.mask.text();
        let mut parser = Parser::new_from_str(masked);
        let mut broken = None;
        while let Some(event) = parser.next_event() {
            match event {
                Ok((Event::StreamEnd, _)) => break,
                Ok((event, span)) => self.event(event, span),
                Err(error) => {
                    let opened = self.frames.last().map_or(0, |frame| frame.span().line as usize);
                    broken = Some(Broken { line: error.marker().line(), opened, why: error.info().into() });
                    break;
                }
            }
        }
        self.close_document();
        Reading { documents: self.documents, problems: self.problems, broken }
    }

    fn event(&mut self, event: Event<'_>, at: saphyr_parser::Span) {
        match event {
            Event::DocumentStart(_) => self.close_document(),
            Event::DocumentEnd => self.close_document(),
            Event::MappingStart(anchor, tag) => {
                self.open(Frame::Map {
                    entries: Vec::new(),
                    key: None,
                    span: self.span(&at),
                    anchor,
                    tag: local(tag.as_deref()),
                });
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(Frame::List { items: Vec::new(), span: self.span(&at), anchor, tag: local(tag.as_deref()) });
            }
            Event::MappingEnd | Event::SequenceEnd => self.close(),
            Event::Scalar(text, style, anchor, tag) => {
                if self.skipped > 0 {
                    return;
                }
                let text = self.restore(&text);
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                let mut node = Node::scalar(text, style, self.span(&at));
                node.tag = local(tag.as_deref());
                self.place(node, anchor, Some(style));
            }
            Event::Alias(anchor) => {
                if self.skipped > 0 {
                    return;
                }
                let span = self.span(&at);
                let known = self
                    .anchors
                    .get(&anchor)
                    .map(|(node, size)| (node.clone_within(MAX_EXPANDED - self.expanded, *size), *size));
                let node = match known {
                    Some((Some(node), size)) => {
                        self.expanded += size;
                        node
                    }
                    Some((None, _)) => {
                        self.limit("aliases expand beyond the limit and were left out", span);
                        Node::null(span)
                    }
                    None => Node::null(span),
                };
                self.place(node, 0, None);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
        }
    }

    fn open(&mut self, frame: Frame) {
        if self.skipped > 0 || self.frames.len() >= MAX_DEPTH {
            if self.skipped == 0 {
                self.limit("nesting beyond the limit was not read", frame.span());
            }
            self.skipped += 1;
        } else {
            self.frames.push(frame);
        }
    }

    fn close(&mut self) {
        if self.skipped > 0 {
            self.skipped -= 1;
            if self.skipped == 0 {
                self.place(Node::null(Span::default()), 0, None);
            }
            return;
        }
        let Some(frame) = self.frames.pop() else {
            return;
        };
        let (node, anchor) = finish(frame);
        self.place(node, anchor, None);
    }

    /// Puts a finished node where it belongs: key, value, item or document.
    fn place(&mut self, mut node: Node, anchor: usize, style: Option<Style>) {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), size(&node)));
        }
        match self.frames.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, key, .. }) => match key.take() {
                None => {
                    let text = match node.value {
                        Data::Scalar(text, _) => text,
                        Data::Map(_) | Data::List(_) => "?".into(),
                    };
                    *key = Some(Key { text, span: node.span });
                }
                Some(name) => {
                    // An absent value has no place of its own.
                    if style == Some(Style::Plain) && node.is_null() {
                        node.span = name.span;
                    }
                    entries.push((name, node));
                }
            },
        }
    }

    fn close_document(&mut self) {
        self.skipped = 0;
        while let Some(frame) = self.frames.pop() {
            let (node, _) = finish(frame);
            self.place(node, 0, None);
        }
        self.documents.extend(self.root.take());
        self.anchors.clear();
    }

    fn restore(&self, text: &str) -> SmolStr {
        self.mask.restore(text)
    }

    fn span(&self, at: &saphyr_parser::Span) -> Span {
        let (start, end) = (&at.start, &at.end);
        // A block scalar ends at the start of the line after it.
        let end_line = if end.col() == 0 && end.line() > start.line() { end.line() - 1 } else { end.line() };
        let column = self.mask.byte_column(start.line(), start.col());
        Span { line: start.line() as u32, column: column as u32 + 1, end_line: end_line.max(start.line()) as u32 }
    }

    fn limit(&mut self, message: &str, at: Span) {
        if self.problems.iter().all(|p| p.message != message) {
            self.problems.push(Problem::new(ProblemKind::Limit, message, Some(at)));
        }
    }
}

impl Node {
    /// A copy, if its size is within what is left of the budget.
    fn clone_within(&self, left: usize, size: usize) -> Option<Node> {
        (size <= left).then(|| self.clone())
    }
}

/// A closed container, with merge keys expanded.
fn finish(frame: Frame) -> (Node, usize) {
    match frame {
        Frame::Map { entries, key, mut span, anchor, tag } => {
            let mut entries = entries;
            // Half-written: a key without its value at the end of what could be read.
            if let Some(key) = key {
                let at = key.span;
                entries.push((key, Node::null(at)));
            }
            if let Some((key, node)) = entries.last() {
                span.end_line = span.end_line.max(join(key.span, node.span).end_line);
            }
            (Node { value: Data::Map(merge(entries)), span, tag }, anchor)
        }
        Frame::List { items, mut span, anchor, tag } => {
            if let Some(item) = items.last() {
                span.end_line = span.end_line.max(item.span.end_line);
            }
            (Node { value: Data::List(items), span, tag }, anchor)
        }
    }
}

/// Expands `<<`: keys of the map itself win, then those of earlier merged maps.
fn merge(entries: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
    if entries.iter().all(|(k, _)| k.text != "<<") {
        return entries;
    }
    let (merged, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(k, _)| k.text == "<<");
    for (_, node) in merged {
        let maps = match node.value {
            Data::List(items) => items,
            Data::Map(_) | Data::Scalar(..) => vec![node],
        };
        for map in maps {
            let Data::Map(inherited) = map.value else {
                continue;
            };
            let fresh: Vec<_> =
                inherited.into_iter().filter(|(k, _)| own.iter().all(|(o, _)| o.text != k.text)).collect();
            own.extend(fresh);
        }
    }
    own
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Data::Scalar(..) => 0,
        Data::Map(entries) => entries.iter().map(|(_, n)| size(n)).sum(),
        Data::List(items) => items.iter().map(size).sum(),
    }
}

fn local(tag: Option<&Tag>) -> SmolStr {
    match tag {
        Some(tag) if tag.handle == "!" => tag.suffix.as_str().into(),
        _ => SmolStr::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Node {
        let (documents, problems) = parse(text);
        assert_eq!(problems, []);
        documents.into_iter().next().expect("a document")
    }

    fn flat(node: &Node) -> Vec<String> {
        node.flatten().iter().map(|l| format!("{}:{} {}={}", l.span.line, l.span.column, l.key, l.text)).collect()
    }

    #[test]
    fn keeps_places() {
        let node = one("a:\n  bé: [x, 'y']\n  c: |\n    one\n    two\nd:\n");
        assert_eq!(flat(&node), ["2:9 a.bé[0]=x", "2:12 a.bé[1]=y", "3:3 a.c=one\ntwo\n", "6:1 d="]);
        assert_eq!(node.path(&["a", "c"]).map(|n| n.span.end_line), Some(5));
    }

    #[test]
    fn expands_anchors_and_merges() {
        let node = one("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  a: 3\nz:\n  <<: [*x, {c: 4}]\n");
        assert_eq!(flat(&node)[2..], ["4:3 y.a=3", "1:14 y.b=2", "1:8 z.a=1", "1:14 z.b=2", "6:13 z.c=4"]);
    }

    #[test]
    fn templates_do_not_break_it() {
        let text = "{{- if .Values.on }}\na: {{ .Values.a | default \"x: y\" }}-s\nlabels:\n  {{- include \"l\" . | nindent 2 }}\nb: \"{{ .B }}\"\n{{- end }}\n";
        let node = one(text);
        assert_eq!(flat(&node), ["2:1 a={{ .Values.a | default \"x: y\" }}-s", "3:1 labels=", "5:1 b={{ .B }}"]);
    }

    #[test]
    fn laughs_are_bounded() {
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for i in 1..12 {
            let p = i - 1;
            text.push_str(&format!("a{i}: &a{i} [*a{p},*a{p},*a{p},*a{p},*a{p},*a{p},*a{p},*a{p},*a{p},*a{p}]\n"));
        }
        let (documents, problems) = parse(&text);
        assert_eq!(documents.len(), 1);
        assert_eq!(problems[0].kind, ProblemKind::Limit);
    }

    #[test]
    fn deep_nesting_is_bounded() {
        let (documents, problems) = parse(&format!("a: {}1{}\nb: 2\n", "[".repeat(200), "]".repeat(200)));
        assert_eq!(documents[0].text_at(&["b"]).map(SmolStr::as_str), Some("2"));
        assert_eq!(problems[0].kind, ProblemKind::Limit);
        let (_, problems) = parse(&"[".repeat(100_000));
        assert!(!problems.is_empty());
    }

    #[test]
    fn brackets_may_close_at_the_left() {
        let node = one("a:\n  b: [\n    'é', 1,\n  ]\n  c: {\n  d: 2\n  }\ne: é\n");
        assert_eq!(flat(&node), ["3:5 a.b[0]=é", "3:11 a.b[1]=1", "6:3 a.c.d=2", "8:1 e=é"]);
    }

    #[test]
    fn broken_lines_do_not_hide_the_rest() {
        let (documents, problems) = parse("a: 1\nb: [unclosed\nc: 3\n---\nd: 4\n");
        assert!(!problems.is_empty());
        let all: Vec<String> = documents.iter().flat_map(flat).collect();
        assert!(all.contains(&"1:1 a=1".to_owned()) && all.contains(&"5:1 d=4".to_owned()), "{all:?}");
        let (documents, _) = parse("a: 1\n\tb: 2\nc: @app.v@\nd: %y\ne: 5");
        let all: Vec<String> = documents.iter().flat_map(flat).collect();
        assert!(all.contains(&"3:1 c=@app.v@".to_owned()) && all.contains(&"5:1 e=5".to_owned()), "{all:?}");
    }
}
