//! Two versions of an OpenAPI description: 2.0, 3.0, 3.1.
//!
//! Both are read as trees, references are followed on the way, and one comparison of two schemas serves every operation
//! that uses them. What counts as breaking, and under which name, follows oasdiff's checks ([`rules`]).

pub(crate) mod body;
mod components;
pub(crate) mod delta;
pub(crate) mod document;
pub(crate) mod lifecycle;
mod operations;
pub(crate) mod out;
mod parameters;
pub mod rules;
mod transitions;
mod types;
mod upgrade;

use crate::change::Change;
use crate::tree::Node;
use crate::{Options, Text};
use delta::Comparer;
use document::Document;
pub use lifecycle::{Day, day};
use out::Out;
use seam_facts::{Problem, ProblemKind};

/// Compares; the first text of each side is the description, the others are what it refers to.
pub fn changes(base: &[Text<'_>], revision: &[Text<'_>], options: &Options) -> (Vec<Change>, Vec<Problem>) {
    let mut problems = Vec::new();
    let base = read(base, &mut problems);
    let revision = read(revision, &mut problems);
    let base_files: Vec<(&str, &Node<'_>)> = base.iter().map(|(name, node)| (*name, node)).collect();
    let revision_files: Vec<(&str, &Node<'_>)> = revision.iter().map(|(name, node)| (*name, node)).collect();
    let (base, revision) = (Document::new(base_files), Document::new(revision_files));
    let cx = Comparer::new(&base, &revision);
    let mut out = Out::new(&cx, options.today);
    if let (Some(b), Some(r)) = (base.root(), revision.root()) {
        operations::paths(&mut out, b.get("paths"), r.get("paths"));
        operations::webhooks(&mut out, b.get("webhooks"), r.get("webhooks"));
        operations::security(&mut out, b.get("security"), r.get("security"), true);
        components::check(&mut out, b.get("components"), r.get("components"));
        if options.versioning {
            components::version(&mut out, b, r);
        }
    }
    let limited = out.limited || cx.limited();
    let changes = std::mem::take(&mut out.changes);
    if limited {
        let message = "the descriptions differ beyond the limit: the rest was left out";
        problems.push(Problem::new(ProblemKind::Limit, message, None));
    }
    problems.extend(base.problems.take());
    problems.extend(revision.problems.take());
    (changes, problems)
}

fn read<'a>(texts: &[Text<'a>], problems: &mut Vec<Problem>) -> Vec<(&'a str, Node<'a>)> {
    let mut files = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        let (mut node, found) = crate::tree::read(text.text);
        problems.extend(found);
        if i == 0 {
            upgrade::upgrade(&mut node);
        }
        files.push((text.name, node));
    }
    files
}
