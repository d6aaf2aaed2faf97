//! What a change of texts does to a system of services: effects with their rules, who is touched and how, what to do in which
//! order, what proves it, and how much of a risk it is.
//!
//! Invariants: an effect has a place on either side; a service that is touched has a place or an interaction that leads to it;
//! what is not understood is told (`unknown`), and nothing that is not mentioned is said to be safe. The way is straight: lines that
//! say something else ([`text`]), differences of the two graphs and of what travels to effects ([`traffic`], [`messages`], [`settings`], [`nodes`],
//! [`fields`], [`contracts`]), lines that state nothing to the functions that hold them ([`code`]), and from there who runs into it
//! ([`beyond`]), what to do ([`steps`]), which tests reach it ([`trials`]), and the figure ([`risk`]).

mod beyond;
mod bridged;
mod code;
pub mod contracts;
mod declared;
mod effect;
mod fields;
mod files;
mod forms;
mod gateways;
mod messages;
mod naming;
mod nodes;
mod others;
mod parted;
pub mod patch;
mod remember;
mod risk;
mod rules;
mod settings;
mod spelled;
mod steps;
pub mod suppose;
mod tables;
mod text;
mod traffic;
mod trials;
mod unjoined;
mod values;
mod wording;

pub use beyond::{Beyond, beyond};
pub use effect::{Cx, Edited, Effect, Side, Tie};
pub use files::left_out;
pub use remember::{Past, Remembered, remember};
pub use risk::{Part, Risk, risk};
pub use rules::RULES;
pub use steps::{Step, steps};
pub use text::Hunk;
pub use trials::{Trial, trials};

use crate::change::Level;
use seam_graph::Evidence;

/// Everything that a change does, the worst first, and the places that nobody understands.
pub fn effects(cx: &Cx<'_>, named: &contracts::Named<'_>) -> (Vec<Effect>, Vec<Evidence>) {
    let (mut out, mut unknown) = (Vec::new(), Vec::new());
    nodes::effects(cx, &mut out);
    settings::effects(cx, &mut out);
    traffic::effects(cx, &settings::configured(cx), &mut out);
    contracts::effects(cx, named, &mut out);
    fields::effects(cx, &mut out);
    tables::effects(cx, &mut out);
    code::effects(cx, &mut out, &mut unknown);
    for effect in &mut out {
        effect.dependent.sort_by(|a, b| a.service.cmp(&b.service));
    }
    let rank = |e: &Effect| (std::cmp::Reverse(e.rule.level), e.rule.grade, e.key.clone(), e.rule.id, e.text.clone());
    out.sort_by_key(rank);
    out.dedup_by(|a, b| (&a.key, a.rule.id, &a.text) == (&b.key, b.rule.id, &b.text));
    (out, unknown)
}

/// Whether somebody is left behind: an effect that breaks, and a side that the same change does not move along.
pub fn is_unresolved(effect: &Effect) -> bool {
    effect.rule.level == Level::Breaking && (effect.dependent.is_empty() || effect.dependent.iter().any(|t| !t.moved))
}
