//! Comments that accept a finding. See `allow.md`.

use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Allow, Claim, Span};

pub static EXTRACTOR: Extractor = Extractor {
    id: "allow",
    version: 1,
    page: include_str!("allow.md"),
    reads: Reads::Files { wants: |file| file.text.contains(MARK), extract },
};

const MARK: &str = "seam: allow(";

fn extract(file: &File<'_>, sink: &mut Sink) {
    for (index, line) in file.text.lines().enumerate() {
        let Some(start) = line.find(MARK) else { continue };
        // In a comment, and not in a text that explains how it is written.
        let before = line[..start].trim_end();
        if !["#", "//", "--", "/*", "*", "<!--", ";", "%"].iter().any(|c| before.ends_with(c)) {
            continue;
        }
        let Some((rule, reason)) = line[start + MARK.len()..].split_once(')') else { continue };
        let reason = reason.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
        let allow = Allow { rule: rule.trim().into(), reason: reason.into() };
        sink.stated(Claim::Allow(allow), Span::at(index as u32 + 1, start as u32 + 1));
    }
}
