//! CODEOWNERS. See `owners.md`.

use crate::{Extractor, File, Reads, Sink};
use seam_facts::{Claim, Owner, SmolStr, Span};

pub static EXTRACTOR: Extractor = Extractor {
    id: "code-owners",
    version: 1,
    page: include_str!("owners.md"),
    reads: Reads::Files { wants: |file| file.name() == "CODEOWNERS", extract },
};

fn extract(file: &File<'_>, sink: &mut Sink) {
    for (index, line) in file.text.lines().enumerate() {
        let mut words = line.split('#').next().unwrap_or("").split_whitespace();
        // GitLab's sections (`[Team]`, `^[Team]`) group patterns and own nothing.
        let Some(pattern) = words.next().filter(|p| !p.trim_start_matches('^').starts_with('[')) else {
            continue;
        };
        let owners: Vec<SmolStr> = words.map(SmolStr::from).collect();
        let at = Span::at(index as u32 + 1, (line.len() - line.trim_start().len() + 1) as u32);
        sink.stated(Claim::Owner(Owner { pattern: pattern.into(), owners }), at);
    }
}
