//! Telling when something below the roots is different.

use crate::HostError;
use notify_debouncer_full::notify::{EventKind, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, new_debouncer};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

/// Calls `changed` after every burst of changes, until it returns `false`.
///
/// Editors write in several steps; a quiet tenth of a second ends a burst. Reading a file is not a change.
pub fn watch(roots: &[PathBuf], mut changed: impl FnMut() -> bool) -> Result<(), HostError> {
    let (send, receive) = mpsc::channel();
    let tell = move |result: DebounceEventResult| {
        let worth = match &result {
            Ok(events) => events.iter().any(|e| !matches!(e.kind, EventKind::Access(_))),
            Err(_) => true,
        };
        if worth {
            let _ = send.send(());
        }
    };
    let failed =
        |path: &PathBuf, error: &dyn ToString| HostError::Watch { path: path.clone(), cause: error.to_string() };
    let first = roots.first().cloned().unwrap_or_default();
    let mut debouncer = new_debouncer(Duration::from_millis(100), None, tell).map_err(|e| failed(&first, &e))?;
    for root in roots {
        debouncer.watch(root, RecursiveMode::Recursive).map_err(|e| failed(root, &e))?;
    }
    while receive.recv().is_ok() {
        while receive.try_recv().is_ok() {}
        if !changed() {
            break;
        }
    }
    Ok(())
}
