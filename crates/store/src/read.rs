//! A store as whoever asks sees it: windows of rows, and counts per minute.
//!
//! Invariant: reading changes nothing and needs no lock: a segment that vanishes while it is read (retention, merging) is looked
//! for again once, and is a problem then. What is in journals only is read from there, so that nothing accepted is missing.

use crate::layout::{self, Contents};
use crate::rollup::{self, Key, Rollup};
use crate::segment::{self, Wanted};
use crate::{Error, SegmentName, journal};
use seam_facts::{Problem, ProblemKind};
use seam_signals::{Instant, Telemetry};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Counts by minute, service, operation and caller.
pub type Rollups = BTreeMap<Key, Rollup>;

/// A window of rows and how it was cut.
#[derive(Debug)]
pub struct Asked {
    pub telemetry: Telemetry,
    /// One of so many traces was read; 1 is all of them.
    pub one_of: u64,
    pub problems: Vec<Problem>,
}

/// A store's folder.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// Whether a folder is a store.
    pub fn is(folder: &Path) -> bool {
        folder.join("FORMAT").is_file()
    }

    pub fn open(folder: &Path) -> Result<Store, Error> {
        let format = folder.join("FORMAT");
        let found = std::fs::read_to_string(&format).map_err(|e| Error::file("read", &format, e))?;
        match found == layout::FORMAT {
            true => Ok(Store { folder: folder.to_owned() }),
            false => Err(Error::Version { path: folder.to_owned(), found: found.chars().take(60).collect() }),
        }
    }

    /// Its segments, in the order in which they were written.
    pub fn segments(&self) -> Result<Vec<SegmentName>, Error> {
        Ok(layout::contents(&self.folder)?.segments)
    }

    /// The seconds that it reaches over, journals left aside. What lies more than an hour after the median end of the five segments
    /// that were written last comes from a clock that is wrong, and does not count.
    pub fn reach(&self) -> Result<Option<(i64, i64)>, Error> {
        let segments = self.segments()?;
        let mut ends: Vec<i64> = segments.iter().rev().take(5).map(|s| s.to).collect();
        ends.sort_unstable();
        let Some(middle) = ends.get(ends.len() / 2).copied() else { return Ok(None) };
        let last = ends.iter().copied().filter(|end| *end <= middle + 3600).max().unwrap_or(middle);
        Ok(segments.iter().map(|s| s.from).min().map(|first| (first.min(last), last)))
    }

    /// Everything in `[from, to)`, but at most about `most` spans: where there are more, one of so many traces is read whole.
    pub fn window(&self, from: Instant, to: Instant, most: usize) -> Result<Asked, Error> {
        let mut contents = layout::contents(&self.folder)?;
        contents.segments.retain(|s| s.meets(from, to));
        let mut total = 0;
        for name in &contents.segments {
            let spans = segment::count(&self.folder.join(name.text())).unwrap_or(0);
            // A segment that only partly lies in the window counts in part, as if its spans were spread evenly.
            let seconds = (name.to - name.from + 1) as f64;
            let inside = (name.to + 1).min(to / layout::SECOND + 1) - name.from.max(from / layout::SECOND);
            total += (spans as f64 * (inside as f64 / seconds).clamp(0.0, 1.0)) as usize;
        }
        let one_of = (total.div_ceil(most.max(1)) as u64).max(1);
        let wanted = Wanted { from, to, one_of };
        let mut asked = Asked { telemetry: Telemetry::default(), one_of, problems: Vec::new() };
        if one_of > 1 {
            asked.problems.push(Problem::new(ProblemKind::Limit, segment::sampling(total, one_of), None));
        }
        let full = self.fill(&contents, wanted, &mut asked);
        if full > 0 {
            asked.problems.push(Problem::new(
                ProblemKind::Limit,
                format!("{full} rows left out: no room for more"),
                None,
            ));
        }
        asked.telemetry.settle();
        Ok(asked)
    }

    fn fill(&self, contents: &Contents, wanted: Wanted, asked: &mut Asked) -> u64 {
        let mut full = 0;
        for name in &contents.segments {
            match segment::read(&self.folder.join(name.text()), wanted, &mut asked.telemetry) {
                Ok(more) => full += more,
                Err(error) => asked.problems.push(Problem::new(ProblemKind::Unreadable, error.to_string(), None)),
            }
        }
        for number in &contents.journals {
            let path = layout::journal(&self.folder, *number);
            // Journals are short and recent: what lies outside of the window is not worth a second way of reading.
            let Err(error) = journal::replay(&path, &mut asked.telemetry) else { continue };
            // It became a segment since the folder was listed.
            let now = layout::contents(&self.folder).unwrap_or_default().segments;
            match now.iter().find(|s| s.covers(*number) && !contents.segments.contains(s)) {
                Some(name) => {
                    full += segment::read(&self.folder.join(name.text()), wanted, &mut asked.telemetry).unwrap_or(0)
                }
                None if path.exists() => {
                    asked.problems.push(Problem::new(ProblemKind::Unreadable, error.to_string(), None));
                }
                None => {}
            }
        }
        full
    }

    /// Counts of the minutes in `[from, to)`.
    pub fn rollups(&self, from: Instant, to: Instant) -> Result<(Rollups, Vec<Problem>), Error> {
        let contents = layout::contents(&self.folder)?;
        let minutes = (from.div_euclid(rollup::MINUTE), (to - 1).div_euclid(rollup::MINUTE));
        let (mut out, mut problems) = (Rollups::new(), Vec::new());
        for name in contents.segments.iter().filter(|s| s.meets(from, to)) {
            if let Err(error) = segment::read_rollup(&self.folder.join(name.text()), minutes, &mut out) {
                problems.push(Problem::new(ProblemKind::Unreadable, error.to_string(), None));
            }
        }
        for number in &contents.journals {
            let mut recent = Telemetry::default();
            if journal::replay(&layout::journal(&self.folder, *number), &mut recent).is_ok() {
                for (key, row) in rollup::of(&recent) {
                    if (minutes.0..=minutes.1).contains(&key.minute) {
                        out.entry(key).or_default().merge(&row);
                    }
                }
            }
        }
        Ok((out, problems))
    }
}
