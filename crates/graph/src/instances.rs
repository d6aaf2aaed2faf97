//! Several instances of one system side by side: two banks that run the same programs, each in a compose file of its own, under names
//! that only begin otherwise (`north-backend`, `south-backend`). They are as many services, though image and source are the same.
//!
//! Invariant: at least two programs have to be named alike after two beginnings, and a beginning that says for what a deployment is
//! (`dev-`, `prod-`) tells a variant, not an instance.

use crate::deploy::Unit;
use seam_facts::Deployment;
use std::collections::{BTreeMap, BTreeSet};

const VARIANTS: [&str; 14] = [
    "dev",
    "development",
    "prod",
    "production",
    "staging",
    "stage",
    "test",
    "local",
    "ci",
    "e2e",
    "demo",
    "debug",
    "docker",
    "new",
];

/// The two beginnings of two names that end alike: `north-backend`, `south-backend`.
fn beginnings<'n>(one: &'n str, other: &'n str) -> Option<(&'n str, &'n str, &'n str)> {
    let ends = one.char_indices().filter(|(_, c)| matches!(c, '-' | '_')).map(|(at, _)| at);
    let found = ends.filter_map(|at| {
        let (start, end) = one.split_at(at);
        let before = other.strip_suffix(end)?;
        (before != start && !before.is_empty() && end.len() > 2).then_some((start, before, end))
    });
    // The longest end.
    found.max_by_key(|(.., end)| end.len())
}

/// Pairs of beginnings that tell instances apart, by the files that declare them.
pub(crate) struct Instances(BTreeSet<(usize, usize, String, String)>);

impl Instances {
    pub fn new(units: &[Unit<'_>], system: &[usize]) -> Self {
        let own = |id: &&usize| {
            let unit = &units[**id];
            unit.service.deployment == Deployment::Compose && unit.product.is_none() && unit.context.is_some()
        };
        let mut ends: BTreeMap<(usize, usize, String, String), BTreeSet<&str>> = BTreeMap::new();
        let mut by_source: BTreeMap<(&str, Option<&str>), Vec<usize>> = BTreeMap::new();
        for id in system.iter().filter(own) {
            let unit = &units[*id];
            let source = (unit.context.as_deref().unwrap_or_default(), unit.dockerfile.as_deref());
            by_source.entry(source).or_default().push(*id);
        }
        for ids in by_source.values() {
            for (at, one) in ids.iter().enumerate() {
                for other in &ids[at + 1..] {
                    let (a, b) = (&units[*one], &units[*other]);
                    let Some((x, y, end)) = beginnings(&a.name, &b.name).filter(|_| a.file != b.file) else { continue };
                    let says = |word: &str| word.split(['-', '_']).any(|w| VARIANTS.contains(&w));
                    if !says(x) && !says(y) {
                        ends.entry((a.file, b.file, x.to_owned(), y.to_owned())).or_default().insert(end);
                    }
                }
            }
        }
        Instances(ends.into_iter().filter(|(_, ends)| ends.len() > 1).map(|(key, _)| key).collect())
    }

    /// Whether two declarations belong to two instances.
    pub fn apart(&self, one: &Unit<'_>, other: &Unit<'_>) -> bool {
        let told = |a: &Unit<'_>, b: &Unit<'_>| {
            self.0.iter().any(|(file, far, x, y)| {
                (a.file, b.file) == (*file, *far) && a.name.starts_with(x.as_str()) && b.name.starts_with(y.as_str())
            })
        };
        !self.0.is_empty() && (told(one, other) || told(other, one))
    }
}

#[cfg(test)]
mod tests {
    use super::beginnings;

    #[test]
    fn names_that_end_alike_have_two_beginnings() {
        assert_eq!(beginnings("north-wallet-backend", "south-backend"), Some(("north-wallet", "south", "-backend")));
        assert_eq!(beginnings("north-backend", "north-auth"), None);
        assert_eq!(beginnings("backend", "north-backend"), None);
    }
}
