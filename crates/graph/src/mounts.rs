//! Code that an image does not hold and is given from outside: a folder beside, or one of the repositories that are checked out in one
//! place.
//!
//! Invariant: only an image without code of its own takes what is mounted; what several programs are given is the code of none of them,
//! unless each is started in a folder of its own.

use crate::deploy::{Deploy, Unit};
use crate::index::{Index, folder, join};
use crate::sources::has_code;
use seam_facts::{Deployment, SmolStr};
use std::collections::{BTreeMap, BTreeSet};

/// The repository that runs where the folder of all checked-out ones is mounted from outside, and the program started in one of
/// them: `~/code:/code` with `working_dir: /code/orders` is the folder `orders` beside.
fn checked_out(index: &Index<'_>, unit: &Unit<'_>) -> Option<String> {
    let working = unit.service.working_dir.as_ref()?;
    if unit.context.as_deref().is_some_and(|c| !c.is_empty() && has_code(index, c)) {
        return None;
    }
    let base = folder(index.paths[unit.file]);
    let outside = |source: &str| {
        let above = || join(base, source).is_none_or(|s| s.is_empty());
        source.starts_with(['~', '/', '$']) || source.starts_with("..") && above()
    };
    let inner = unit.service.mounts.iter().filter(|(source, _)| outside(source)).find_map(|(_, target)| {
        working.strip_prefix(target.as_str())?.strip_prefix('/').map(|rest| rest.trim_end_matches('/').to_owned())
    })?;
    (index.folders.contains(inner.as_str()) && has_code(index, &inner)).then_some(inner)
}

impl Deploy<'_> {
    /// A folder that is mounted over an image without code is what runs in it.
    pub(crate) fn mounted_code(&mut self, index: &Index<'_>) {
        let mut sharers: BTreeMap<String, BTreeSet<SmolStr>> = BTreeMap::new();
        for unit in self.units.iter().filter(|u| u.product.is_none()) {
            let base = folder(index.paths[unit.file]);
            for source in unit.service.mounts.iter().filter_map(|(source, _)| join(base, source)) {
                sharers.entry(source).or_default().insert(unit.name.clone());
            }
        }
        for unit in &mut self.units {
            let compose = unit.service.deployment == Deployment::Compose && unit.product.is_none();
            if let Some(folder) = compose.then(|| checked_out(index, unit)).flatten() {
                if let Some(built) = unit.context.replace(folder) {
                    unit.dockerfile.get_or_insert_with(|| format!("{built}/Dockerfile"));
                }
                continue;
            }
            let Some(context) = unit.context.as_deref().filter(|c| compose && !c.is_empty()) else { continue };
            if has_code(index, context) {
                continue;
            }
            let base = folder(index.paths[unit.file]);
            let sources = unit.service.mounts.iter().filter_map(|(source, _)| join(base, source));
            // What several programs get is the code of none of them.
            let own = |s: &String| !s.is_empty() && sharers.get(s).is_none_or(|names| names.len() == 1);
            let coded: BTreeSet<String> = sources.filter(|s| own(s) && has_code(index, s)).collect();
            if let (Some(only), 1) = (coded.first(), coded.len()) {
                // The recipe stays what it is: it was named by the folder that is built.
                unit.dockerfile.get_or_insert_with(|| format!("{context}/Dockerfile"));
                unit.context = Some(only.clone());
            }
        }
    }
}
