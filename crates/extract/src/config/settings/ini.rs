//! INI text to entries: `section.key`.

use crate::config::entries::{Document, Entry, MAX_ENTRIES, MAX_VALUE};
use seam_facts::{Span, format_smolstr};

pub(super) fn parse(text: &str) -> Document {
    let mut document = Document::default();
    let mut section = "";
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(inner) = trimmed.strip_prefix('[') {
            section = inner.split(']').next().unwrap_or("").trim();
            continue;
        }
        let Some((key, value)) = trimmed.split_once(['=', ':']) else { continue };
        let value = value.split(" #").next().unwrap_or("").split(" ;").next().unwrap_or("").trim();
        if document.entries.len() >= MAX_ENTRIES || value.len() > MAX_VALUE || key.trim().is_empty() {
            continue;
        }
        let key = match section {
            "" | "DEFAULT" => key.trim().into(),
            section => format_smolstr!("{section}.{}", key.trim()),
        };
        let column = line.len() - line.trim_start().len();
        let span = Span::at(number as u32 + 1, column as u32 + 1);
        let value = value.trim_matches(['"', '\'']).to_owned();
        document.entries.push(Entry { key, value, span, joined: false });
    }
    document
}
