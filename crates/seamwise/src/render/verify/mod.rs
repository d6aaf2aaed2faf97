//! The report of `seam verify` as text, for build servers, and as one file with pictures.

mod change;
pub mod html;
pub mod junit;
mod model;
mod sequence;
pub mod text;

use seam_engine::asks::verify::Outcome;
use seam_verify::explore::Critical;
use seam_verify::fates::RuleFates;
use seam_verify::report::Played;
use seam_verify::run::Ending;

fn ending(critical: &Critical) -> &'static str {
    how(Some(critical.ending))
}

fn how(ending: Option<Ending>) -> &'static str {
    match ending {
        Some(Ending::Full) => "as without faults",
        Some(Ending::Degraded) => "another answer",
        Some(Ending::Failed) => "fails",
        None => "not called",
    }
}

fn fates(fates: &RuleFates) -> String {
    let all = [(fates.confirmed, "confirmed"), (fates.refuted, "refuted"), (fates.not_reached, "not reached")];
    let told: Vec<String> = all.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    told.join(", ")
}

fn seconds(played: &Played) -> String {
    tenths(played.milliseconds)
}

fn tenths(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100)
}

/// How long a command took, and how often it ran.
fn ended(outcome: &Outcome) -> String {
    let often = if outcome.ran > 1 { format!(", {} of {} times", outcome.passed, outcome.ran) } else { String::new() };
    format!("{}{often}", tenths(outcome.milliseconds))
}
