//! A folder of telemetry, read into memory: bounded, in order of names, whatever is in it.
//!
//! Invariant: what cannot be read is said and costs itself alone; links are not followed; the limits are stated with what they cut.

use crate::{HostError, Progress};
use seam_engine::incident::Recorded;
use seam_engine::signals::{format, mapping::Mapping, read};
use std::collections::BTreeMap;
use std::fs;
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
        if format(&name).is_none() && recorded.mapping.of(&name).is_none() {
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
