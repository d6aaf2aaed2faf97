//! The report of `seam verify` as text, for build servers, and as one file with pictures.

pub mod html;
pub mod junit;
mod sequence;
pub mod text;

use seam_verify::explore::Critical;
use seam_verify::report::Played;
use seam_verify::run::Ending;

fn ending(critical: &Critical) -> &'static str {
    match critical.ending {
        Ending::Full => "as without faults",
        Ending::Degraded => "another answer",
        Ending::Failed => "fails",
    }
}

fn seconds(played: &Played) -> String {
    format!("{}.{} s", played.milliseconds / 1_000, played.milliseconds % 1_000 / 100)
}
