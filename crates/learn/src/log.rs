//! All entries, and which of them stand: what was retracted or replaced stays, and stays readable.
//!
//! Invariant: the outcome depends on the set of entries alone, never on their order, so that two branches merge by having both files.

use crate::entry::{Entry, Kind, heading};
use seam_facts::{Problem, ProblemKind, SmolStr, format_smolstr};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A problem of one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Told {
    pub file: String,
    pub problem: Problem,
}

#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: BTreeMap<SmolStr, Entry>,
    /// Entries that do not stand, and by which entry.
    gone: BTreeMap<SmolStr, SmolStr>,
    pub problems: Vec<Told>,
}

impl Log {
    /// Puts entries together; each comes with its file's name and what could not be read in it.
    pub fn of(read: impl IntoIterator<Item = (String, Entry, Vec<Problem>)>) -> Log {
        let mut log = Log::default();
        for (file, entry, problems) in read {
            log.problems.extend(problems.into_iter().map(|problem| Told { file: file.clone(), problem }));
            let id = entry.id.clone();
            if let Some(other) = log.entries.insert(id.clone(), entry) {
                // Both are read; of two files with one name in their heads the later counts.
                let says = format_smolstr!("another file says that it is `{id}`: {}", other.title);
                log.say(&file, says);
            }
        }
        log.settle();
        log.problems.sort();
        log
    }

    fn say(&mut self, file: &str, says: SmolStr) {
        let problem = Problem::new(ProblemKind::Unsupported, says, None);
        self.problems.push(Told { file: file.to_owned(), problem });
    }

    /// Works out what stands. An entry falls by a standing retraction of it, or by a standing entry in its place.
    fn settle(&mut self) {
        let mut against: BTreeMap<SmolStr, Vec<SmolStr>> = BTreeMap::new();
        for (id, entry) in &self.entries {
            let of = (entry.kind == Kind::Retraction).then_some(entry.of.as_ref()).flatten();
            for target in of.into_iter().chain(&entry.replaces) {
                against.entry(target.clone()).or_default().push(id.clone());
            }
        }
        let lost: Vec<(SmolStr, SmolStr)> = against
            .iter()
            .filter(|(target, _)| !self.entries.contains_key(*target))
            .flat_map(|(target, by)| by.iter().map(|b| (b.clone(), target.clone())))
            .collect();
        for (by, target) in lost {
            self.say(&by, format_smolstr!("it is about `{target}`, which is not there"));
        }
        let ids: Vec<SmolStr> = self.entries.keys().cloned().collect();
        for id in ids {
            let mut way = BTreeSet::new();
            match fallen(&id, &against, &mut way) {
                Ok(Some(by)) => {
                    self.gone.insert(id, by);
                }
                Ok(None) => {}
                Err(()) => {
                    self.say(&id, "it replaces or retracts itself in a circle: the circle is not followed".into())
                }
            }
        }
        for (target, by) in &against {
            let standing: Vec<&str> = by
                .iter()
                .filter(|b| {
                    !self.gone.contains_key(*b) && self.entries.get(*b).is_some_and(|e| e.kind != Kind::Retraction)
                })
                .map(SmolStr::as_str)
                .collect();
            if let [first, .., last] = standing.as_slice() {
                let says = format_smolstr!("`{first}` and `{last}` both stand in the place of `{target}`: retract one");
                self.problems.push(Told {
                    file: (*last).to_owned(),
                    problem: Problem::new(ProblemKind::Unsupported, says, None),
                });
            }
        }
    }

    /// Every entry by name, whether it stands or not.
    pub fn all(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// The entries that a name, or the beginning or end of one, means.
    pub fn find(&self, name: &str) -> Vec<&Entry> {
        let name = name.trim_end_matches(".md");
        if let Some(entry) = self.entries.get(name) {
            return vec![entry];
        }
        self.entries.values().filter(|e| e.id.starts_with(name) || e.id.ends_with(name)).collect()
    }

    /// What stands and says something: neither retracted nor replaced, and no retraction.
    pub fn standing(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(|e| e.kind != Kind::Retraction && !self.gone.contains_key(&e.id))
    }

    /// The entry by which another one fell, if it did.
    pub fn fell(&self, id: &str) -> Option<&Entry> {
        self.gone.get(id).and_then(|by| self.entries.get(by))
    }

    /// Why an entry was retracted.
    pub fn reason<'e>(&self, retraction: &'e Entry) -> &'e str {
        retraction.part(heading::REASON).unwrap_or(&retraction.title)
    }
}

/// By whom an entry falls; an error where the way leads back.
fn fallen(
    id: &SmolStr,
    against: &BTreeMap<SmolStr, Vec<SmolStr>>,
    way: &mut BTreeSet<SmolStr>,
) -> Result<Option<SmolStr>, ()> {
    if !way.insert(id.clone()) {
        return Err(());
    }
    let mut by = None;
    for other in against.get(id).into_iter().flatten() {
        if fallen(other, against, way)?.is_none() && by.is_none() {
            by = Some(other.clone());
        }
    }
    way.remove(id);
    Ok(by)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, kind: Kind, of: Option<&str>, replaces: Option<&str>) -> (String, Entry, Vec<Problem>) {
        let entry = Entry {
            id: id.into(),
            kind,
            of: of.map(Into::into),
            replaces: replaces.map(Into::into),
            ..Entry::default()
        };
        (id.to_owned(), entry, Vec::new())
    }

    fn standing(log: &Log) -> Vec<&str> {
        log.standing().map(|e| e.id.as_str()).collect()
    }

    #[test]
    fn a_retraction_can_be_retracted() {
        let mut all = vec![
            entry("a", Kind::Incident, None, None),
            entry("b", Kind::Incident, None, Some("a")),
            entry("r", Kind::Retraction, Some("b"), None),
        ];
        assert_eq!(standing(&Log::of(all.clone())), ["a"], "what replaced it does not hold, so that it does again");
        all.push(entry("s", Kind::Retraction, Some("r"), None));
        let log = Log::of(all.clone());
        assert_eq!(standing(&log), ["b"]);
        assert_eq!(log.fell("a").map(|e| e.id.as_str()), Some("b"));
        all.reverse();
        assert_eq!(standing(&Log::of(all)), ["b"]);
    }

    #[test]
    fn circles_and_rivals_are_said() {
        let log = Log::of([
            entry("a", Kind::Incident, None, Some("b")),
            entry("b", Kind::Incident, None, Some("a")),
            entry("c", Kind::Incident, None, None),
            entry("d", Kind::Incident, None, Some("c")),
            entry("e", Kind::Incident, None, Some("c")),
            entry("r", Kind::Retraction, Some("lost"), None),
        ]);
        assert_eq!(standing(&log), ["a", "b", "d", "e"]);
        let says: Vec<&str> = log.problems.iter().map(|t| t.problem.message.as_str()).collect();
        for part in ["in a circle", "both stand", "which is not there"] {
            assert!(says.iter().any(|s| s.contains(part)), "{part}: {says:?}");
        }
    }
}
