//! Rules that a workspace adds. See `own_rules.md`.

use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, OwnRule, Span};

pub static EXTRACTOR: Extractor = Extractor {
    id: "own-rules",
    version: 1,
    page: include_str!("own_rules.md"),
    reads: Reads::Files { wants, extract },
};

fn wants(file: &File<'_>) -> bool {
    let folder = file.folder();
    (folder == "seam/rules" || folder.ends_with("/seam/rules")) && file.extension() == "md"
}

fn extract(file: &File<'_>, sink: &mut Sink) {
    sink.stated(Claim::OwnRule(OwnRule { text: file.text.into() }), Span::at(1, 1));
}
