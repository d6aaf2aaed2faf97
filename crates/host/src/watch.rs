//! Telling when something that the walk reads is different.
//!
//! Invariant: only folders that the walk enters are watched where watching costs something for each (inotify): installed packages and
//! built trees, which are most of a disk and change all the time, cost nothing. A folder that appears is watched before it is told of,
//! so that what is written into it afterwards is told too.

use crate::walk::folders;
use crate::{HostError, skip};
use notify_debouncer_full::notify::{EventKind, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, new_debouncer};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// Elsewhere the system watches a whole tree at once.
const EACH: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Calls `changed` with the paths of every burst of changes, until it returns `false`. No paths: some were missed, anything
/// may have changed.
///
/// Editors write in several steps; a quiet tenth of a second ends a burst. Reading a file is not a change. `ignored` are globs as
/// `seam.toml` has them.
pub fn watch(
    roots: &[PathBuf],
    ignored: &[String],
    mut changed: impl FnMut(&[PathBuf]) -> bool,
) -> Result<(), HostError> {
    let (send, receive) = mpsc::channel();
    let tell = move |result: DebounceEventResult| {
        let paths: Option<Vec<PathBuf>> = match result {
            Ok(events) => {
                let mut worth = events.into_iter().filter(|e| !matches!(e.kind, EventKind::Access(_))).peekable();
                if worth.peek().is_none() {
                    return;
                }
                worth
                    .map(|e| (!e.need_rescan()).then(|| e.paths.clone()))
                    .collect::<Option<Vec<_>>>()
                    .map(|p| p.concat())
            }
            Err(_) => None,
        };
        let _ = send.send(paths);
    };
    let failed =
        |path: &PathBuf, error: &dyn ToString| HostError::Watch { path: path.clone(), cause: error.to_string() };
    let first = roots.first().cloned().unwrap_or_default();
    let mut debouncer = new_debouncer(Duration::from_millis(100), None, tell).map_err(|e| failed(&first, &e))?;
    let mut watched: BTreeSet<PathBuf> = BTreeSet::new();
    for root in roots {
        if !EACH {
            debouncer.watch(root, RecursiveMode::Recursive).map_err(|e| failed(root, &e))?;
            continue;
        }
        debouncer.watch(root, RecursiveMode::NonRecursive).map_err(|e| failed(root, &e))?;
        watched.insert(root.clone());
        for folder in folders(root, ignored) {
            match debouncer.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => drop(watched.insert(folder)),
                // It may be gone since it was listed.
                Err(_) if !folder.is_dir() => {}
                Err(error) => return Err(failed(&folder, &error)),
            }
        }
    }
    while let Ok(first) = receive.recv() {
        let all: Option<Vec<Vec<PathBuf>>> = std::iter::once(first).chain(receive.try_iter()).collect();
        let mut paths = all.map(|a| a.concat()).unwrap_or_default();
        paths.sort();
        paths.dedup();
        if EACH && (paths.is_empty() || paths.iter().any(|p| watched.contains(p) || p.is_dir() || decides(p))) {
            let now: BTreeSet<PathBuf> =
                roots.iter().flat_map(|root| folders(root, ignored)).chain(roots.iter().cloned()).collect();
            for gone in watched.difference(&now) {
                // A folder that was removed is not watched any more by itself.
                let _ = debouncer.unwatch(gone);
            }
            // One made again under its old name is another folder.
            let anew = now.iter().filter(|f| !watched.contains(*f) || paths.binary_search(f).is_ok());
            for folder in anew {
                let _ = debouncer.watch(folder, RecursiveMode::NonRecursive);
            }
            watched = now;
        }
        if !changed(&paths) {
            break;
        }
    }
    Ok(())
}

/// Whether a file of this name, by being there or by what it says, decides which folders are read.
fn decides(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == ".gitignore" || skip::decides(&name.to_string_lossy()))
}
