//! One program that is deployed several times, where nothing but the environment tells the deployables apart.
//!
//! Invariant: the same image in the same deployment under several names, with the same command and nothing mounted.

use crate::deploy::{Deploy, Merged, Unit};
use crate::images;
use crate::index::squash;
use std::collections::{BTreeMap, BTreeSet};

/// Units that are one.
type Pairs = Vec<(usize, usize)>;

impl<'a> Deploy<'a> {
    pub(crate) fn find_programs(&mut self) {
        let mut sharing: BTreeMap<(usize, &str), Vec<&Unit<'a>>> = BTreeMap::new();
        // An image that nothing names may be many.
        let named = |image: &str| !images::basename(image).is_empty() && !image.contains("${");
        let own = |u: &&Unit<'a>| u.product.is_none() && !u.service.auxiliary && named(&u.image);
        for unit in self.units.iter().filter(own) {
            sharing.entry((unit.group, &unit.image)).or_default().push(unit);
        }
        let mut programs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for ((_, image), units) in sharing {
            let names: BTreeSet<String> = units.iter().map(|u| squash(&u.name)).collect();
            let alike = |u: &&Unit<'a>| u.service.command == units[0].service.command && u.service.mounts.is_empty();
            if names.len() > 1 && units.iter().all(alike) {
                programs.entry(images::basename(image)).or_default().extend(names);
            }
        }
        self.programs = programs;
    }

    /// Whether a unit is one of several deployables of one program.
    pub(crate) fn one_program(&self, unit: &Unit<'a>) -> bool {
        self.programs.values().any(|names| names.contains(&squash(&unit.name)))
    }

    /// Units of one program that another deployment calls the same but for one word before each name (`cart`, `shop-cart`).
    pub(crate) fn prefixed(&self, system: &[usize]) -> Pairs {
        let program = |u: usize| {
            let image = images::basename(&self.units[u].image);
            self.programs.contains_key(&image).then_some(image).filter(|_| self.units[u].product.is_none())
        };
        let mut of_image: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &unit in system {
            if let Some(image) = program(unit) {
                of_image.entry(image).or_default().push(unit);
            }
        }
        let mut found: BTreeMap<(&str, usize, usize, String), Pairs> = BTreeMap::new();
        for (image, units) in &of_image {
            for (&a, &b) in units.iter().flat_map(|a| units.iter().map(move |b| (a, b))) {
                let (one, other) = (&self.units[a], &self.units[b]);
                let before =
                    other.name.strip_suffix(one.name.as_str()).filter(|p| p.len() > 1 && p.ends_with(['-', '_']));
                if let Some(before) = before.filter(|_| one.group != other.group) {
                    found.entry((image, one.group, other.group, before.to_owned())).or_default().push((a, b));
                }
            }
        }
        found.into_values().filter(|pairs| pairs.len() > 1).flatten().collect()
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
