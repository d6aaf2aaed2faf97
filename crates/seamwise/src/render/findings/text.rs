//! Findings as compilers print them: message, code frames of every file of the chain, why, and what to do.

use super::{Texts, observed, standing, totals};
use crate::render::ink::dim;
use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Patch, Renderer, Snippet};
use seam_engine::asks::detect::Answer;
use seam_engine::{Finding, Place};
use std::collections::BTreeMap;

/// So much of what was not looked at is said; many files may have the same problem.
const MISSING: usize = 6;

pub fn render(answer: &Answer, texts: Texts<'_>) -> String {
    let mut out = String::new();
    let renderer = Renderer::styled();
    for finding in &answer.findings {
        out.push_str(&one(finding, texts, &renderer));
        out.push_str("\n\n");
    }
    for missing in answer.missing.iter().take(MISSING) {
        out.push_str(&format!("{} {missing}\n", dim("not seen:")));
    }
    if let Some(more) = answer.missing.len().checked_sub(MISSING).filter(|n| *n > 0) {
        out.push_str(&format!("{} {more} more, all of them with `--json`\n", dim("not seen:")));
    }
    out.push_str(&totals(answer));
    out.push('\n');
    out
}

fn one(finding: &Finding, texts: Texts<'_>, renderer: &Renderer) -> String {
    let level = match finding.severity.as_str() {
        "error" => Level::ERROR,
        "warning" => Level::WARNING,
        _ => Level::NOTE,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.rule.as_str());
    let frames = frames(finding, texts);
    let mut group = title.elements(frames.iter().map(Frame::element));
    for frame in frames.iter().filter(|f| f.text.is_none()) {
        for (line, says) in &frame.places {
            group = group.element(Level::NOTE.message(format!("{}:{line} {says}", frame.path)));
        }
    }
    if !finding.why.is_empty() {
        group = group.element(Level::NOTE.with_name("why").message(finding.why.as_str()));
    }
    let observed = observed(finding);
    if let Some(observed) = &observed {
        group = group.element(Level::NOTE.with_name("when").message(observed.as_str()));
    }
    for open in &finding.open {
        group = group.element(Level::NOTE.with_name("open").message(open.as_str()));
    }
    if let Some(standing) = standing(finding) {
        group = group.element(Level::NOTE.with_name("how sure").message(standing));
    }
    for remembered in &finding.remembered {
        let says = format!("{} ({})", remembered.says, remembered.memory);
        group = group.element(Level::NOTE.with_name("memory").message(says));
    }
    let mut groups = Vec::new();
    match patch(finding, texts) {
        Some(patch) => {
            if !finding.help.is_empty() {
                group = group.element(Level::HELP.message(finding.help.as_str()));
            }
            groups.push(group);
            groups.push(patch);
        }
        None => {
            let help = if finding.help.is_empty() { &finding.key } else { &finding.help };
            groups.push(group.element(Level::HELP.message(help.as_str())));
        }
    }
    renderer.render(&groups)
}

/// The places in one file, in the order in which the chain comes to it.
struct Frame<'f> {
    path: &'f str,
    /// From the first place's line to the last one's: drawing looks at every byte that it is given.
    text: Option<String>,
    /// The line that the text starts with, counted from 1.
    start: u32,
    first: u32,
    places: BTreeMap<u32, String>,
}

fn frames<'f>(finding: &'f Finding, texts: Texts<'_>) -> Vec<Frame<'f>> {
    let mut frames: Vec<Frame<'f>> = Vec::new();
    let chain = finding.chain.iter().map(|step| (&step.at, step.says.as_str()));
    for (at, says) in std::iter::once((&finding.at, "")).chain(chain) {
        let Place { path, line, .. } = at;
        let known = frames.iter().position(|f| f.path == path);
        let index = known.unwrap_or_else(|| {
            frames.push(Frame { path, text: None, start: 1, first: finding.at.line, places: BTreeMap::new() });
            frames.len() - 1
        });
        let said = frames[index].places.entry(*line).or_default();
        if !said.is_empty() && !says.is_empty() {
            said.push_str("; ");
        }
        said.push_str(says);
    }
    for frame in frames.iter_mut().skip(1) {
        frame.first = 0;
    }
    frames.iter_mut().for_each(|frame| frame.read(texts));
    frames
}

impl<'f> Frame<'f> {
    /// Lines that are not there any more are told without their text.
    fn read(&mut self, texts: Texts<'_>) {
        let (Some(first), Some(last)) = (self.places.keys().next(), self.places.keys().next_back()) else { return };
        self.start = (*first).max(1);
        self.text = texts(self.path, self.start..=*last);
    }

    fn element<'s>(&'s self) -> Element<'s>
    where
        'f: 's,
    {
        let Some(text) = &self.text else {
            let line = self.places.keys().next().copied().unwrap_or(1);
            return annotate_snippets::Origin::path(self.path).line(line as usize).into();
        };
        let annotations = self.places.iter().filter_map(|(line, says)| {
            let span = span(text, line.checked_sub(self.start)? + 1)?;
            let kind = if *line == self.first { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(span);
            Some(if says.is_empty() { annotation } else { annotation.label(says.as_str()) })
        });
        let snippet = Snippet::source(text.as_str()).line_start(self.start as usize).path(self.path);
        snippet.annotations(annotations.collect::<Vec<Annotation<'_>>>()).into()
    }
}

/// The bytes of a line without the blanks at its ends.
fn span(text: &str, line: u32) -> Option<std::ops::Range<usize>> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)? as usize).map(str::len).sum();
    let content = text.get(start..)?.split('\n').next()?;
    let before = content.len() - content.trim_start().len();
    let end = start + content.trim_end().len();
    Some((start + before).min(end)..end)
}

/// The safe change, as a patch, if the line still reads as it did.
fn patch<'f>(finding: &'f Finding, texts: Texts<'_>) -> Option<Group<'f>> {
    let fix = finding.fix.as_ref()?;
    let text = texts(&fix.path, fix.line..=fix.line)?;
    let line = span(&text, 1)?;
    let at = line.start + text.get(line)?.find(&fix.from)?;
    let patch = Patch::new(at..at + fix.from.len(), fix.to.as_str());
    let snippet: Snippet<'f, Patch<'f>> =
        Snippet::source(text).line_start(fix.line as usize).path(fix.path.as_str()).patch(patch);
    Some(Level::HELP.secondary_title(fix.says.as_str()).element(snippet))
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn lines_are_found_without_their_blanks() {
        let text = "a\n  bc \n\nd";
        assert_eq!(span(text, 2), Some(4..6));
        assert_eq!(span(text, 3), Some(8..8));
        assert_eq!(span(text, 4), Some(9..10));
    }
}
