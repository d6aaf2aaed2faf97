//! One program that is deployed several times, where nothing but the environment tells the deployables apart.
//!
//! Invariant: the same image in the same deployment under several names, with the same command and nothing mounted.

use crate::deploy::{Deploy, Merged, Unit};
use crate::images;
use std::collections::{BTreeMap, BTreeSet};

/// Units that are one.
type Pairs = Vec<(usize, usize)>;

impl<'a> Deploy<'a> {
    pub(crate) fn find_programs(&mut self) {
        let mut sharing: BTreeMap<(usize, &str), Vec<&Unit<'a>>> = BTreeMap::new();
        // An image that nothing names may be many.
        let named = |u: &Unit<'a>| !u.image_name.is_empty() && !u.image.contains("${");
        let own = |u: &&Unit<'a>| u.product.is_none() && !u.service.auxiliary && named(u);
        for unit in self.units.iter().filter(own) {
            sharing.entry((unit.group, &unit.image)).or_default().push(unit);
        }
        let mut programs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for ((_, image), units) in sharing {
            let names: BTreeSet<String> = units.iter().map(|u| u.squashed.clone()).collect();
            let alike = |u: &&Unit<'a>| u.service.command == units[0].service.command && u.service.mounts.is_empty();
            if names.len() > 1 && units.iter().all(alike) {
                programs.entry(images::basename(image)).or_default().extend(names);
            }
        }
        self.programs = programs;
    }

    /// Whether a unit is one of several deployables of one program.
    pub(crate) fn one_program(&self, unit: &Unit<'a>) -> bool {
        self.programs.values().any(|names| names.contains(&unit.squashed))
    }

    /// Units of one image that are called the same but for one word before each name: of one program in another deployment
    /// (`cart`, `shop-cart`), or in manifests that were rendered from a chart, where the word is the release's.
    pub(crate) fn prefixed(&self, system: &[usize]) -> Pairs {
        let mut parts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for &id in system.iter().filter(|id| !self.units[**id].image_name.is_empty()) {
            parts.entry(&self.units[id].image_name).or_default().push(id);
        }
        let mut programs: BTreeMap<(&str, usize, usize, &str), Pairs> = BTreeMap::new();
        let mut releases: BTreeMap<&str, Pairs> = BTreeMap::new();
        for (image, ids) in &parts {
            let program = self.programs.contains_key(*image);
            for (&a, &b) in ids.iter().flat_map(|a| ids.iter().map(move |b| (a, b))) {
                let (one, other) = (&self.units[a], &self.units[b]);
                let before =
                    other.name.strip_suffix(one.name.as_str()).filter(|p| p.len() > 1 && p.ends_with(['-', '_']));
                let Some(before) = before else { continue };
                if program && one.product.is_none() && other.product.is_none() && one.group != other.group {
                    programs.entry((image, one.group, other.group, before)).or_default().push((a, b));
                } else if one.file != other.file {
                    releases.entry(before).or_default().push((a, b));
                }
            }
        }
        let programs = programs.into_values().filter(|pairs| pairs.len() > 1);
        // A release has several parts; one pair may be two things (`web`, `admin-web`).
        programs.chain(releases.into_values().filter(|pairs| pairs.len() > 2)).flatten().collect()
    }

    /// The whole program in one process, in a file beside the one that starts its parts: another way to start it.
    pub(crate) fn all_in_one(&self, node: &Merged<'a>) -> bool {
        let part = |u: &Unit<'a>, of: &Unit<'a>| u.image == of.image && u.group == of.group && u.name != of.name;
        let alone = |unit: &Unit<'a>| {
            let mut parts: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
            for other in self.units.iter().filter(|u| part(u, unit)) {
                parts.entry(other.file).or_default().insert(&other.name);
            }
            !parts.contains_key(&unit.file) && parts.values().any(|names| names.len() > 2)
        };
        !node.units.is_empty() && node.units.iter().all(|u| self.one_program(&self.units[*u]) && alone(&self.units[*u]))
    }
}
