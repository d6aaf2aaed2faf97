//! A folder of telemetry, read into memory: bounded, in order of names, whatever is in it.
//!
//! Invariant: what cannot be read is said and costs itself alone; links are not followed; the limits are stated with what they cut.

use crate::{ClickHouse, HostError, Progress};
use seam_engine::incident::Recorded;
use seam_engine::signals::gzip;
use seam_engine::signals::{Format, HEAD, format, mapping::Mapping, may_be, read, recognise};
use seam_engine::wanted;
use seam_store::Store;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A larger file is left out: it is to be split, or received by a store.
const LARGEST: u64 = 2 << 30;

/// At most so many files.
const MOST: usize = 100_000;

/// What a folder may say of its files.
const MAPPING: &str = "telemetry.toml";

/// Reads a folder of telemetry, and one of normal telemetry to compare with.
pub fn telemetry(folder: &Path, normal: Option<&Path>, progress: &Progress) -> Result<Arc<Recorded>, HostError> {
    let mut recorded = Recorded::default();
    let text = fs::read_to_string(folder.join(MAPPING)).ok();
    if let Some(text) = text {
        let (mapping, problems) = Mapping::read(&text);
        recorded.mapping = mapping;
        recorded.problems.extend(problems.iter().map(|p| format!("`{MAPPING}`: {}", p.message)));
    }
    if let Some(normal) = normal {
        add(normal, &mut recorded, progress)?;
        recorded.normal = recorded.telemetry.reach();
    }
    add(folder, &mut recorded, progress)?;
    Ok(recorded.settled())
}

fn add(folder: &Path, recorded: &mut Recorded, progress: &Progress) -> Result<(), HostError> {
    let mut files = Vec::new();
    let cause = |cause| HostError::Root { path: folder.to_owned(), cause };
    if fs::metadata(folder).map_err(cause)?.is_file() {
        files.push(folder.to_owned());
    } else {
        walk(folder, 0, &mut files).map_err(cause)?;
    }
    progress.total.fetch_add(files.len(), Ordering::Relaxed);
    // Many files often share a problem: it is said once, with how many have it.
    let mut problems: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let mut say = |name: &str, what: String| {
        problems.entry(what).or_insert_with(|| (name.to_owned(), 0)).1 += 1;
    };
    for path in &files {
        progress.done.fetch_add(1, Ordering::Relaxed);
        let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
        let name = if name.is_empty() { path.to_string_lossy().into_owned() } else { name };
        if !worth_reading(path, &name, &recorded.mapping) {
            continue;
        }
        match fs::metadata(path) {
            Ok(meta) if meta.len() > LARGEST => {
                say(&name, format!("left out: larger than {} MiB", LARGEST >> 20));
                continue;
            }
            Ok(_) => {}
            Err(error) => {
                say(&name, format!("cannot be read: {error}"));
                continue;
            }
        }
        match fs::read(path) {
            Ok(bytes) => {
                recorded.files += 1;
                for problem in read(&bytes, &name, &recorded.mapping, &mut recorded.telemetry) {
                    say(&name, problem.message.to_string());
                }
            }
            Err(error) => say(&name, format!("cannot be read: {error}")),
        }
    }
    recorded.problems.extend(problems.into_iter().map(|(what, (first, count))| match count {
        1 => format!("`{first}`: {what}"),
        n => format!("`{first}` and {} more: {what}", n - 1),
    }));
    Ok(())
}

/// Whether a file is telemetry by its name, by the mapping, or, for names that may be anything, by how it begins.
fn worth_reading(path: &Path, name: &str, mapping: &Mapping) -> bool {
    if format(name).is_some() || mapping.of(name).is_some() {
        return true;
    }
    if !may_be(name) {
        return false;
    }
    let mut head = Vec::with_capacity(HEAD);
    let read = fs::File::open(path).and_then(|f| f.take(HEAD as u64).read_to_end(&mut head));
    // Text is too often something else for lines of it to count by themselves.
    read.is_ok()
        && (gzip::is_gzip(&head) || recognise(&head).is_some_and(|f| f != Format::Lines || !name.ends_with(".txt")))
}

/// At most about so many spans of a store are looked at; beyond them, one of so many traces.
const MOST_SPANS: usize = 1_000_000;

/// The part of a store that a request is about. It is read anew each time: a store that is open grows.
pub(crate) fn stored(folder: &Path, request: &str) -> Result<Arc<Recorded>, HostError> {
    const SECOND: i64 = 1_000_000_000;
    let store = Store::open(folder)?;
    let mut recorded = Recorded::default();
    let (from, to) = match store.reach()? {
        Some((first, last)) => {
            wanted(request, (first.saturating_mul(SECOND), last.saturating_add(1).saturating_mul(SECOND)))
        }
        // Only journals: what was received within the last minute.
        None => (i64::MIN, i64::MAX),
    };
    let asked = store.window(from, to, MOST_SPANS)?;
    recorded.telemetry = asked.telemetry;
    recorded.files = store.segments()?.len();
    recorded.problems.extend(asked.problems.iter().map(|p| p.message.to_string()));
    Ok(recorded.settled())
}

/// The same of a database's tables.
pub(crate) fn of_database(database: &ClickHouse, request: &str) -> Result<Arc<Recorded>, HostError> {
    let mut recorded = Recorded::default();
    if let Some((first, last)) = database.reach()? {
        let (from, to) = wanted(request, (first, last.saturating_add(1)));
        let asked = database.window(from, to, MOST_SPANS)?;
        recorded.telemetry = asked.telemetry;
        recorded.problems = asked.problems;
    }
    Ok(recorded.settled())
}

fn walk(folder: &Path, depth: usize, out: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<fs::DirEntry> = fs::read_dir(folder)?.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if out.len() >= MOST {
            break;
        }
        let Ok(kind) = entry.file_type() else { continue };
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && depth < 16 && !hidden {
            // A folder that cannot be read costs itself.
            let _ = walk(&entry.path(), depth + 1, out);
        } else if kind.is_file() && !hidden {
            out.push(entry.path());
        }
    }
    Ok(())
}
