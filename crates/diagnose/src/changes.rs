//! What changed lately: services that run another version than they did.
//!
//! Invariant: a change is seen, not assumed: the version speaks in the window and did not half-way back, where another one did.

use crate::Case;
use seam_signals::{Name, Window};
use std::collections::{BTreeMap, BTreeSet};

/// Service to the version before and the one now.
pub(crate) fn changes(case: &Case<'_>) -> BTreeMap<Name, (Name, Name)> {
    let resources = case.telemetry.resources();
    if resources.iter().all(|r| r.version.is_none()) {
        return BTreeMap::new();
    }
    let versions = |window: Window| {
        let mut seen: BTreeSet<(Name, Name)> = BTreeSet::new();
        for trace in case.forest.within(window.from, window.to) {
            for row in case.forest.rows(trace) {
                if let Some(span) = case.telemetry.spans.get(*row) {
                    let resource = case.telemetry.get(span.resource);
                    seen.insert((resource.service, resource.version));
                }
            }
        }
        seen
    };
    // Windows half-way back tell what ran: what began since then is new, though it may have begun before the window.
    let half = case.usual.len() / 2;
    let before = case.usual.iter().skip(half.saturating_sub(2)).take(3).flat_map(|w| versions(*w));
    let before: BTreeSet<(Name, Name)> = before.collect();
    let mut out = BTreeMap::new();
    for (service, version) in versions(case.window) {
        let older = before.iter().find(|(s, v)| *s == service && *v != version && !v.is_none());
        if let (false, Some((_, older))) = (before.contains(&(service, version)), older) {
            out.insert(service, (*older, version));
        }
    }
    out
}
