//! Telling when something below the roots is different.

use crate::HostError;
use notify_debouncer_full::notify::{EventKind, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, new_debouncer};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

/// Calls `changed` with the paths of every burst of changes, until it returns `false`. No paths: some were missed, anything
/// may have changed.
///
/// Editors write in several steps; a quiet tenth of a second ends a burst. Reading a file is not a change.
pub fn watch(roots: &[PathBuf], mut changed: impl FnMut(&[PathBuf]) -> bool) -> Result<(), HostError> {
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
    for root in roots {
        debouncer.watch(root, RecursiveMode::Recursive).map_err(|e| failed(root, &e))?;
    }
    while let Ok(first) = receive.recv() {
        let all: Option<Vec<Vec<PathBuf>>> = std::iter::once(first).chain(receive.try_iter()).collect();
        let mut paths = all.map(|a| a.concat()).unwrap_or_default();
        paths.sort();
        paths.dedup();
        if !changed(&paths) {
            break;
        }
    }
    Ok(())
}
