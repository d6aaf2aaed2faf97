//! What is wrong, or will go wrong, *between* services: rules over the graph, each with a page.
//!
//! Invariants: a finding starts at a place and carries the whole chain of evidence; quantities are computed over the graph
//! and explained in the finding; what a rule does not know makes it silent or is named in the finding, never guessed. The
//! same graph and limits give the same findings in the same order. This crate knows no surface.

mod answers;
mod bounds;
mod carried;
pub mod chains;
mod copies;
mod course;
mod cx;
mod declared;
pub mod defaults;
mod documents;
pub mod drift;
mod effects;
mod failures;
mod finding;
mod forwarded;
mod gated;
mod groups;
mod implied;
mod keeping;
pub mod keys;
mod leftover;
mod lenient;
mod limits;
mod listeners;
pub mod live;
mod loose;
mod memory;
mod methods;
mod names;
mod nearby;
pub mod own;
mod passwords;
pub mod paths;
mod patience;
mod patterns;
mod payloads;
mod ports;
mod refused;
mod registry;
mod repeats;
mod rule;
mod rules;
mod samples;
mod selected;
mod sharing;
mod sidecars;
mod speaks;
mod stored;
mod strays;
mod talks;
pub mod time;
mod told;
mod trials;
mod twins;
mod unacked;
mod unanswered;
mod unbalanced;
mod undecoded;
mod unfilled;
mod unordered;
mod untold;
mod wherein;
mod wire;
mod work;

pub use cx::{Cx, Limits};
pub use finding::{Draft, Finding, Fix, Link, Severity};
pub use memory::{History, Remembered, remember};
pub use rule::{Group, Rule};
pub use rules::RULES;

use loose::Loose;
use rayon::prelude::*;
use seam_facts::FactBase;
use seam_graph::Graph;

/// A rule by its id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|r| r.id == id)
}

/// Findings of the chosen rules and of the workspace's own, most severe first, then by place.
pub fn detect<'r>(
    graph: &Graph,
    base: &FactBase,
    limits: &Limits,
    rules: impl IntoIterator<Item = &'r Rule>,
    own: impl IntoIterator<Item = &'r own::OwnRule>,
) -> Vec<Finding> {
    let cx = Cx::new(graph, base, limits);
    // What several rules need is computed by the first that asks, while the others go on or wait.
    let rules: Vec<&Rule> = rules.into_iter().collect();
    let concerned = rules.iter().any(|rule| Loose::concerns(rule.id));
    let loose = if concerned { Loose::new(graph) } else { None };
    let beyond = loose.as_ref().map(|l| (l, Cx::new(&l.graph, base, limits)));
    let found = rules.par_iter().map(|rule| {
        let mut drafts = Vec::new();
        (rule.find)(&cx, &mut drafts);
        if let Some((loose, cx)) = beyond.as_ref().filter(|_| Loose::concerns(rule.id)) {
            let mut all = Vec::new();
            (rule.find)(cx, &mut all);
            drafts.extend(loose.added(&drafts, all));
        }
        drafts.into_iter().map(|d| d.of(rule)).collect::<Vec<_>>()
    });
    let mut out: Vec<Finding> = found.collect::<Vec<_>>().into_iter().flatten().collect();
    for rule in own {
        let mut drafts = Vec::new();
        rule.find(&cx, &mut drafts);
        out.extend(drafts.into_iter().map(|d| d.under(&rule.head())));
    }
    finding::in_order(&mut out);
    out
}
