//! Where a failure starts, told from what it says.
//!
//! The way is a straight line: a text to plain lines ([`logs`]), lines to frames ([`frames`]) and clues ([`clues`]), frames to
//! places of the workspace ([`places`]), messages to the statements that write them ([`sayings`]), places over the map's
//! operations to the other sides ([`sides`]), names to what the map knows of them ([`named`]) and
//! to what code writes of them ([`spoken`]); all of it onto one board
//! ([`board`]), which adds up what speaks for each file.
//!
//! Invariant: nothing is suspected without a place that proves it; where only words lead somewhere, that is said, and where
//! nothing does, nobody is suspected.

mod board;
mod clues;
mod frames;
mod logs;
mod named;
mod places;
mod sayings;
mod sides;
mod spoken;

use crate::Snapshot;
use crate::asks::diagnose::{Answer, Frame as Shown, Understood};
use crate::context::{Question, Start, relevant, split_words};
use board::{Board, Clue};
use clues::Kind;
use named::Names;
use places::{Place, Sources};
use seam_extract::said::Tone;
use seam_facts::SmolStr;
use seam_graph::Graph;
use sides::{Runs, Sides};
use std::collections::{BTreeMap, BTreeSet};

/// A place that the text speaks of, from which the other sides are looked for.
struct Site {
    place: Place,
    weight: f64,
    /// A frame, as opposed to a statement that wrote a message.
    frame: bool,
}

/// What the innermost frame of the own code weighs, and those around it.
const FRAMES: [f64; 6] = [1.0, 0.74, 0.58, 0.48, 0.42, 0.38];
/// Below this the strongest reason is too weak to suspect anybody.
const LEAST: f64 = 0.3;
/// How much words alone may weigh.
const WORDS: f64 = 0.34;
const SUSPECTS: usize = 20;
/// Words of names of functions that speak of no business.
const PLAIN: &[&str] = &[
    "handl",
    "handler",
    "messag",
    "receiv",
    "listener",
    "servic",
    "call",
    "main",
    "process",
    "error",
    "impl",
    "controller",
    "module",
    "block",
    "event",
    "request",
    "respons",
];

pub(crate) fn diagnose(snapshot: &Snapshot, graph: &Graph, text: &str, service: Option<usize>) -> Answer {
    let names = Names::new(graph);
    let lines = logs::lines(text, &|name| names.node(name).is_some());
    let sources = Sources::new(snapshot, graph);
    let clues = clues::clues(&lines);
    let whole = lines.iter().map(|l| l.text.to_lowercase()).collect::<Vec<_>>().join("\n");
    let speakers: Vec<Option<usize>> = lines.iter().map(|l| l.from.as_deref().and_then(|f| names.node(f))).collect();
    let frames = frames::frames(&lines);
    let mut reporter = service.or_else(|| most(speakers.iter().copied().flatten()));
    if reporter.is_none() {
        // Frames that fit one service only say whose the others are.
        let first = frames.iter().flat_map(|f| sources.places(f, None));
        reporter = heaviest(first.filter_map(|p| Some((p.node?, p.sure))));
    }
    let speaker = |line: usize| speakers.get(line).copied().flatten().or(service).or(reporter);
    let mut board = Board::default();
    let mut sites: Vec<Site> = Vec::new();
    let mut understood = Understood::default();
    own_frames(&sources, &frames, &speaker, &mut board, &mut sites, &mut understood);
    let mut ours = |line: usize, path: &str| {
        speaker(line).is_some_and(|n| graph.nodes[n].own.iter().chain(&graph.nodes[n].libraries).any(|p| p == path))
    };
    let written = messages(&sources, &lines, &mut ours, &mut board, &mut sites);
    reporter = reporter.or_else(|| heaviest(sites.iter().filter_map(|s| Some((s.place.node?, s.weight)))));
    let sides = Sides::new(snapshot, &sources, &clues, &whole, runs(text));
    // Once an inner frame stands at the very call, those around it ask nobody who matters.
    let mut found = false;
    for Site { place, weight, frame } in &sites {
        let weight = if found { 0.4 } else { 1.0 } * weight;
        found |= sides.follow(place, *frame, weight, &mut board) >= 1.0 && *frame;
    }
    sides.addresses(&names, reporter, &mut board);
    sides.operations(reporter, &mut board);
    let unset = sides.settings(reporter, &mut board);
    sides.tables(&mut board);
    sides.topics(reporter, &mut board);
    sides.fields(reporter, &mut board);
    let mut errors: BTreeMap<String, f64> = BTreeMap::new();
    for m in &written {
        // A message that stands in the type of an error was raised elsewhere.
        for (name, _) in &sources.said(&m.path).0.types {
            if is_error(name) && m.saying.within.starts_with(name.as_str()) {
                let kept = errors.entry(name.to_string()).or_default();
                *kept = kept.max(0.95 * m.weight);
            }
        }
    }
    if understood.frames.is_empty() {
        let words =
            lines.iter().filter(|l| l.text.len() < 2_000).flat_map(|l| l.text.split(|c: char| !c.is_alphanumeric()));
        words.filter(|w| is_error(w)).for_each(|w| {
            errors.entry(w.to_owned()).or_insert(0.7);
        });
    }
    for (name, weight) in &errors {
        sides.raisers(name, *weight, &mut board);
    }
    for message in sayings::named(&sources, &lines, &written) {
        sides.users(&message, reporter, &mut board);
    }
    for site in sites.iter().filter(|s| s.frame && seam_graph::is_test(&s.place.path)) {
        sides.tested(&site.place.path, 0.9 * site.weight, &mut board);
    }
    let own: BTreeSet<SmolStr> = sites.iter().filter(|s| s.frame).map(|s| s.place.path.clone()).collect();
    let of_own = frames.iter().filter(|f| !sources.places(f, reporter).is_empty());
    let spoken = of_own.flat_map(|f| split_words(&format!("{} {}", f.class, f.function)));
    let spoken: BTreeSet<String> = spoken.filter(|w| w.len() > 3 && !PLAIN.contains(&w.as_str())).collect();
    sides.writers(&spoken, &own, &mut board);
    sides.types(&typed(&lines, &frames), &own, reporter, &mut board);
    sides.workloads(&names, &mut board);
    innocent(&clues, &mut board);
    let firm = board.best() >= LEAST;
    if board.above(LEAST) < 3 {
        words(snapshot, graph, text, firm, &mut board);
    }
    understood.kinds = clues.kinds.iter().map(|k| k.word().to_owned()).collect();
    let spoken: BTreeSet<usize> = speakers.iter().copied().flatten().chain(reporter).collect();
    understood.services = spoken.into_iter().map(|n| graph.nodes[n].name.to_string()).collect();
    let mut answer =
        Answer { missing: missing(&understood, &clues, &unset, reporter), understood, ..Answer::default() };
    if board.best() >= LEAST {
        answer.suspects = board.suspects(&sources, SUSPECTS);
    }
    if answer.suspects.is_empty() {
        answer.missing.insert(0, "nothing in the text leads to a file: no frame, message, address, setting, table or topic of this workspace".to_owned());
    }
    answer.open = open(&answer);
    answer
}

/// A statement of code that wrote a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub path: SmolStr,
    pub line: u32,
    /// The function around it; empty at top level.
    pub within: SmolStr,
    /// The literal text, `…` in place of values.
    pub template: String,
    /// How sure: 1 for a long message that one statement only writes.
    pub weight: f64,
}

/// The statement that wrote each message, where one did; a message comes with the node that said it, where that is known. Many
/// at once, since the workspace's texts are looked through once.
pub(crate) fn statements(
    snapshot: &Snapshot,
    graph: &Graph,
    messages: &[(Option<usize>, String)],
) -> Vec<Option<Statement>> {
    let sources = Sources::new(snapshot, graph);
    let line = |(_, text): &(Option<usize>, String)| logs::Line { text: text.clone(), from: None };
    let lines: Vec<logs::Line> = messages.iter().map(line).collect();
    let ours = |line: usize, path: &str| {
        let node = messages.get(line).and_then(|(node, _)| *node);
        node.is_some_and(|n| graph.nodes[n].own.iter().chain(&graph.nodes[n].libraries).any(|p| p == path))
    };
    let mut out: Vec<Option<Statement>> = vec![None; messages.len()];
    for found in sayings::matches(&sources, &lines, &ours) {
        if out[found.line].as_ref().is_none_or(|known| known.weight < found.weight) {
            out[found.line] = Some(Statement {
                path: found.path.clone(),
                line: found.saying.at.line,
                within: found.saying.within.clone(),
                template: found.saying.template(),
                weight: found.weight,
            });
        }
    }
    out
}

/// Whether a type's name is one of an error that somebody here defined, as opposed to `Error` itself.
fn is_error(name: &str) -> bool {
    name.len() > 9 && ["Error", "Exception", "Failure", "Fault"].iter().any(|end| name.ends_with(end))
}

/// What runs the containers, by what it puts before lines and by its own words.
fn runs(text: &str) -> Runs {
    let cluster = ["kubelet", "[pod/", "CrashLoopBackOff", "ImagePullBackOff", "kubectl", "Back-off", "probe failed"];
    let barred = text
        .lines()
        .filter(|l| {
            l.split_once('|')
                .is_some_and(|(name, _)| name.trim_end().chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)))
        })
        .count();
    if cluster.iter().any(|w| text.contains(w)) {
        Runs::Cluster
    } else if barred > 0 || text.contains("exited with code") {
        Runs::Compose
    } else {
        Runs::Unknown
    }
}

/// Names of types that the text speaks of, those of its own frames aside.
fn typed(lines: &[logs::Line], frames: &[frames::Frame]) -> BTreeSet<String> {
    let classes: BTreeSet<&str> = frames.iter().map(|f| places::last(&f.class)).collect();
    let mut out = BTreeSet::new();
    for line in lines.iter().filter(|l| l.text.len() < 2_000) {
        for word in line.text.split(|c: char| !c.is_alphanumeric()) {
            let humps = word.chars().filter(|c| c.is_uppercase()).count();
            let camel = humps > 1
                && word.len() > 7
                && word.chars().next().is_some_and(char::is_uppercase)
                && word.chars().any(char::is_lowercase);
            let library = [
                "Exception",
                "Error",
                "Controller",
                "Service",
                "Impl",
                "Handler",
                "Listener",
                "Consumer",
                "Repository",
                "Client",
                "Proxy",
            ];
            if camel && !classes.contains(word) && !library.iter().any(|l| word.ends_with(l)) {
                out.insert(word.to_owned());
            }
        }
    }
    out
}

fn most(nodes: impl Iterator<Item = usize>) -> Option<usize> {
    heaviest(nodes.map(|n| (n, 1.0)))
}

fn heaviest(nodes: impl Iterator<Item = (usize, f64)>) -> Option<usize> {
    let mut weights: BTreeMap<usize, f64> = BTreeMap::new();
    nodes.for_each(|(node, weight)| *weights.entry(node).or_default() += weight);
    weights.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))).map(|(node, _)| node)
}

/// Where a failure surfaces is not where it starts: whoever waits for another service, for a table or for a setting only tells
/// of it, once the other place is known.
fn innocent(clues: &clues::Clues, board: &mut Board) {
    let remote = clues.kinds.iter().any(|k| k.is_remote()) && board.strongest("callee") > 0.8;
    // What is wrong with a request is often wrong with who sent it.
    let asked_wrongly = !clues.statuses.is_empty() && clues.statuses.iter().all(|s| *s < 500);
    let stored = clues.kinds.contains(&Kind::Table) && board.strongest("table") > 0.9;
    let unset = clues.kinds.contains(&Kind::MissingSetting) && board.strongest("declaration") > 1.0;
    if remote && !asked_wrongly || stored || unset {
        board.scale("frame", 0.78);
    }
    // Whoever called what failed is innocent all the more.
    let other =
        ["callee", "sender", "table", "declaration", "field"].iter().map(|k| board.strongest(k)).fold(0.0, f64::max);
    if other > 0.4 {
        board.scale("stack", 0.72);
    }
}

/// Frames of the workspace's own code.
fn own_frames(
    sources: &Sources<'_>,
    frames: &[frames::Frame],
    speaker: &dyn Fn(usize) -> Option<usize>,
    board: &mut Board,
    sites: &mut Vec<Site>,
    understood: &mut Understood,
) {
    let mut depth = 0;
    let mut seen: BTreeSet<(SmolStr, u32)> = BTreeSet::new();
    for frame in frames {
        let places = sources.places(frame, speaker(frame.at));
        if places.is_empty() {
            let told = format!("{}:{}", frame.file, frame.line);
            if !frame.foreign && frame.file.starts_with(['/', '.']) && frame.line > 0 {
                understood.lost.push(told);
            } else {
                understood.foreign += 1;
            }
            continue;
        }
        let weight = FRAMES.get(depth).copied().unwrap_or(0.34);
        let mut new = false;
        for place in places {
            let first = seen.insert((place.path.clone(), place.line));
            new |= first;
            if !first {
                continue;
            }
            let within = if place.within.is_empty() { String::new() } else { format!(" in `{}`", place.within) };
            let which = match depth {
                0 => "the innermost frame of the workspace's own code".to_owned(),
                _ => format!("frame {} of the workspace's own code, from the inside", depth + 1),
            };
            let says = format!("{which}{within}: `{}`", cut(&frame.text));
            let weight = weight * place.sure;
            understood.frames.push(Shown {
                text: cut(&frame.text),
                path: place.path.to_string(),
                line: place.line,
                service: place.node.map(|n| sources.graph.nodes[n].name.to_string()),
            });
            let kind = if depth == 0 { "frame" } else { "stack" };
            board.add(&place, Clue { kind, weight, says, at: "" });
            sites.push(Site { place, weight, frame: true });
        }
        depth += usize::from(new);
    }
    understood.lost.dedup();
    understood.lost.truncate(8);
}

/// Statements that write what the text says.
fn messages(
    sources: &Sources<'_>,
    lines: &[logs::Line],
    ours: &mut dyn FnMut(usize, &str) -> bool,
    board: &mut Board,
    sites: &mut Vec<Site>,
) -> Vec<sayings::Match> {
    let ours = std::cell::RefCell::new(ours);
    let all = sayings::matches(sources, lines, &|line, path| (*ours.borrow_mut())(line, path));
    for found in all.clone() {
        let place = Place {
            path: found.path.clone(),
            line: found.saying.at.line,
            end_line: found.saying.at.end_line,
            within: found.saying.within.clone(),
            node: sources.node_of(&found.path),
            sure: 1.0,
        };
        let says = format!("writes this message: `{}`", cut(&found.saying.template()));
        // A log beside a frame of the same file only tells again that it failed.
        let again = board.has(&place.path) && matches!(found.saying.tone, Tone::Log(_));
        let weight = if again { 0.4 } else { 1.0 } * found.weight;
        board.add(&place, Clue { kind: "message", weight, says, at: "" });
        if found.weight > 0.25 {
            sites.push(Site { place, weight: found.weight, frame: false });
        }
    }
    all
}

fn cut(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    if line.chars().count() > 120 { line.chars().take(120).chain(['…']).collect() } else { line.to_owned() }
}

/// What the words of the text are about, where nothing firmer fills the list.
fn words(snapshot: &Snapshot, graph: &Graph, text: &str, firm: bool, board: &mut Board) {
    let question = Question::of("", text);
    let (files, _) = relevant(snapshot, graph, &question, &Start::default());
    let best = files.first().map_or(0.0, |f| f.score);
    // Words of one's own are in every text; a phrase or a name of the workspace is not.
    if best < if firm { 0.6 } else { 1.6 } {
        return;
    }
    let new: Vec<_> = files.iter().take(6).filter(|f| !board.has(&f.path)).take(3).collect();
    for file in new {
        let line = file.lines.first().copied().or_else(|| file.members.first().map(|(_, m)| m.line)).unwrap_or(1);
        let place =
            Place { path: file.path.clone(), line, end_line: line, within: SmolStr::default(), node: None, sure: 1.0 };
        let weight = WORDS * (file.score / best);
        board.add(&place, Clue { kind: "words", weight, says: "has the most of the text's words".to_owned(), at: "" });
    }
}

fn missing(understood: &Understood, clues: &clues::Clues, unset: &[String], reporter: Option<usize>) -> Vec<String> {
    let mut out = Vec::new();
    if reporter.is_none() {
        out.push("which service said this: give `service`, or the log lines with their container's name".to_owned());
    }
    if !understood.lost.is_empty() {
        out.push(format!(
            "no file of the workspace fits {}: is another repository part of the system?",
            understood.lost.join(", ")
        ));
    }
    for key in unset {
        out.push(format!("nobody here reads or sets `{key}`"));
    }
    if understood.frames.is_empty() && clues.kinds.iter().any(|k| k.is_remote()) {
        out.push("the log of the other side at the same time, or the stack trace behind this line".to_owned());
    }
    if clues.kinds.contains(&Kind::Data) && clues.fields.is_empty() && understood.frames.is_empty() {
        out.push("the body that could not be read".to_owned());
    }
    out
}

/// The fewest files: those that are nearly as suspect as the first, and the best one of another side.
fn open(answer: &Answer) -> Vec<String> {
    let Some(first) = answer.suspects.first() else { return Vec::new() };
    let near = answer.suspects.iter().take(3).filter(|s| s.score >= 0.55 * first.score);
    let mut out: Vec<String> = near.map(|s| s.path.clone()).collect();
    let other = answer.suspects.iter().find(|s| s.service != first.service && s.score >= 0.4 * first.score);
    if let Some(other) = other.filter(|o| !out.contains(&o.path)) {
        out.push(other.path.clone());
    }
    out
}
