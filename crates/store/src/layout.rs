//! The names of files in a store, and what they say.
//!
//! Invariant: a segment's name says which journals it holds and which seconds, so that a window opens only what it needs, and
//! a segment that others were merged into hides them.

use crate::Error;
use seam_signals::Instant;
use std::path::{Path, PathBuf};

/// The version of everything below a store's folder; it is written into `FORMAT`.
pub(crate) const FORMAT: &str = "seamwise telemetry 1\n";

/// `segment-FIRST-LAST-FROM-TO`: journals and seconds since 1970, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentName {
    pub first: u64,
    pub last: u64,
    pub from: i64,
    pub to: i64,
}

impl SegmentName {
    pub(crate) fn of(name: &str) -> Option<SegmentName> {
        let mut parts = name.strip_prefix("segment-")?.split('-');
        let mut number = || parts.next()?.parse::<i64>().ok().filter(|n| *n >= 0);
        let found = SegmentName { first: number()? as u64, last: number()? as u64, from: number()?, to: number()? };
        (parts.next().is_none() && found.first <= found.last).then_some(found)
    }

    pub(crate) fn text(&self) -> String {
        format!("segment-{:012}-{:012}-{}-{}", self.first, self.last, self.from, self.to)
    }

    /// Whether it may hold something of `[from, to)`.
    pub(crate) fn meets(&self, from: Instant, to: Instant) -> bool {
        self.from <= to.div_euclid(SECOND) && self.to >= from.div_euclid(SECOND)
    }

    pub(crate) fn covers(&self, journal: u64) -> bool {
        (self.first..=self.last).contains(&journal)
    }
}

pub(crate) const SECOND: i64 = 1_000_000_000;

/// What a store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Those that no other one hides, in order.
    pub segments: Vec<SegmentName>,
    /// Segments that were merged into another one, and left-overs of a crash.
    pub stale: Vec<PathBuf>,
    /// Numbers of journals that no segment covers, in order.
    pub journals: Vec<u64>,
    /// Journals that a segment covers.
    pub done: Vec<u64>,
    /// The highest number in use.
    pub last: u64,
}

pub(crate) fn journal(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("journal-{number:012}"))
}

/// Looks through a store's folder.
pub(crate) fn contents(folder: &Path) -> Result<Contents, Error> {
    let mut out = Contents::default();
    let mut all = Vec::new();
    let mut journals = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| Error::file("list", folder, e))? {
        let entry = entry.map_err(|e| Error::file("list", folder, e))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(segment) = SegmentName::of(&name) {
            all.push(segment);
        } else if let Some(number) = name.strip_prefix("journal-").and_then(|n| n.parse().ok()) {
            journals.push(number);
        } else if name.starts_with(".segment-") {
            out.stale.push(entry.path());
        }
    }
    all.sort();
    journals.sort_unstable();
    for one in &all {
        let hidden = all.iter().any(|o| {
            o != one && o.covers(one.first) && o.covers(one.last) && (o.last - o.first) > (one.last - one.first)
        });
        match hidden {
            true => out.stale.push(folder.join(one.text())),
            false => out.segments.push(*one),
        }
    }
    out.last = all.iter().map(|s| s.last).chain(journals.iter().copied()).max().unwrap_or(0);
    (out.done, out.journals) = journals.into_iter().partition(|j| out.segments.iter().any(|s| s.covers(*j)));
    Ok(out)
}

/// How much a store may keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size(pub u64);

impl Size {
    /// `500M`, `20G`, `1.5GiB`, `1000000`.
    pub fn of_text(text: &str) -> Option<Size> {
        let text = text.trim();
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
        let number: f64 = text[..end].parse().ok()?;
        let unit = text[end..].trim().to_ascii_lowercase();
        let scale = match unit.trim_end_matches("ib").trim_end_matches('b') {
            "" => 0,
            "k" => 10,
            "m" => 20,
            "g" => 30,
            "t" => 40,
            _ => return None,
        };
        let bytes = number * (1u64 << scale) as f64;
        (bytes.is_finite() && bytes >= 0.0).then_some(Size(bytes as u64))
    }
}

/// The bytes of all files in a segment.
pub(crate) fn bytes_of(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_in_a_segment() {
        let name = SegmentName { first: 3, last: 9, from: 100, to: 160 };
        assert_eq!(SegmentName::of(&name.text()), Some(name));
        assert!(name.meets(160 * SECOND, 200 * SECOND) && !name.meets(161 * SECOND, 200 * SECOND));
        for wrong in ["segment-1", "segment-9-3-1-1", "segment-1-2-3-4-5", "journal-1", "segment-a-b-c-d"] {
            assert_eq!(SegmentName::of(wrong), None);
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [("500M", 500 << 20), ("1.5GiB", 3 << 29), ("7", 7), ("2 gb", 2 << 30)] {
            assert_eq!(Size::of_text(text), Some(Size(bytes)));
        }
        assert_eq!(Size::of_text("many"), None);
    }
}
