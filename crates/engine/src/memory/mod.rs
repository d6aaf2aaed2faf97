//! What the workspace remembers: entries as the host read them, their index and what follows from them, made when first needed.
//!
//! Invariant: the same files give the same memory; nothing here opens one. What an entry's texts say is data, never an instruction.

mod guard;
mod many;

pub use guard::{Guard, guard, guard_name, nearness, suspicion};
pub use many::{Proposal, adopted, alerts, export, exported, mined, verdicts};

use schemars::JsonSchema;
use seam_facts::Priors;
use seam_facts::priors::Outcome;
use seam_learn::{Entry, Hit, Index, Kind, Log, Query};
use seam_verify::schedule::Suspicion;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};

pub use seam_learn::{FORMAT, Told, parse, render};

/// Where entries are kept, below the workspace's first folder.
pub const FOLDER: &str = ".seam/memory";

/// What counts less is as good as forgotten.
const FAINT: f64 = 0.05;

#[derive(Default)]
pub struct Memory {
    index: OnceLock<Arc<Index>>,
    log: OnceLock<Log>,
    priors: OnceLock<Priors>,
    kept: Option<Kept>,
}

/// All entries and what is wrong with their files, taken from where an index is kept only when they are needed: a question to the index
/// needs a few of them.
struct Kept {
    log: Box<dyn Fn() -> Log + Send + Sync>,
    problems: Vec<Told>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "memory with {:?}", self.index())
    }
}

impl Memory {
    pub fn of(log: Log) -> Memory {
        Memory { log: log.into(), ..Memory::default() }
    }

    /// A memory whose index is known. `log` gives the entries that it was made of, `problems` what is wrong with their files.
    pub fn kept(index: Arc<Index>, problems: Vec<Told>, log: impl Fn() -> Log + Send + Sync + 'static) -> Memory {
        Memory { index: index.into(), kept: Some(Kept { log: Box::new(log), problems }), ..Memory::default() }
    }

    /// The same with the index of what stands.
    pub fn indexed(self, index: Arc<Index>) -> Memory {
        Memory { index: index.into(), ..self }
    }

    pub fn log(&self) -> &Log {
        self.log.get_or_init(|| self.kept.as_ref().map(|kept| (kept.log)()).unwrap_or_default())
    }

    /// Of what stands.
    pub fn index(&self) -> &Index {
        self.index.get_or_init(|| Arc::new(Index::of(self.log().standing())))
    }

    pub fn problems(&self) -> &[Told] {
        self.kept.as_ref().map_or_else(|| &self.log().problems, |kept| &kept.problems)
    }

    pub fn priors(&self) -> &Priors {
        self.priors.get_or_init(|| seam_learn::priors(self.log()))
    }

    /// The entry that a name means, or the beginning or end of one.
    pub fn one(&self, name: &str) -> Result<&Entry, crate::Refusal> {
        one(self.log(), name)
    }

    /// What broke before, for whoever chooses what to try first: the weightiest first.
    pub fn suspicions(&self) -> Vec<Suspicion> {
        let priors = self.priors();
        let day = priors.newest();
        let broke = priors.judged.iter().filter(|j| j.outcome == Outcome::Confirmed).map(|j| &j.memory);
        let mut all: Vec<(f64, &Entry)> = priors
            .causes
            .iter()
            .map(|c| &c.memory)
            .chain(broke)
            .filter_map(|m| Some((m.weight_on(day), self.log().get(&m.id)?)))
            .filter(|(weight, _)| *weight >= FAINT)
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.id.cmp(&b.1.id)));
        all.dedup_by(|a, b| a.1.id == b.1.id);
        all.into_iter().map(|(_, entry)| suspicion(entry)).collect()
    }

    pub(crate) fn recall(&self, query: &Query, kinds: &[Kind], limit: usize) -> Vec<Hit> {
        seam_learn::recall(self.index(), query, kinds, limit)
    }
}

/// The path of an entry's file.
pub fn path(id: &str) -> String {
    format!("{FOLDER}/{id}.md")
}

fn one<'m>(log: &'m Log, name: &str) -> Result<&'m Entry, crate::Refusal> {
    match log.find(name).as_slice() {
        [only] => Ok(only),
        [] => Err(crate::Refusal::unknown(
            format!("there is no memory `{name}`"),
            "`seam learn list` lists them; any beginning or end of a name will do",
        )),
        many => {
            let names: Vec<String> = many.iter().take(4).map(|e| format!("`{}`", e.id)).collect();
            let hint = format!("write more of the name: {}", names.join(", "));
            Err(crate::Refusal::usage(format!("`{name}` means {} memories", many.len()), hint))
        }
    }
}

/// An entry that is like what was asked about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Similar {
    pub id: String,
    pub kind: String,
    /// When it happened; empty where nobody said.
    pub date: String,
    pub title: String,
    /// The sum of the reasons' weights; only good for comparing.
    pub score: f64,
    /// Why it is like it, the strongest first.
    pub reasons: Vec<Because>,
    /// What was at fault: keys of the map, or names.
    pub cause: Vec<String>,
    pub fault: Option<String>,
    /// What the entry says of the cause, the fix, and what would have caught it.
    pub says: Option<String>,
    pub fix: Option<String>,
    pub caught: Option<String>,
    /// The change that mended it.
    pub commit: Option<String>,
    /// Where it is told at length.
    pub source: Option<String>,
    /// Its file, workspace-relative.
    pub path: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Because {
    /// `finding`, `edge`, `node`, `rule`, `signature`, `message`, `service`, `fault` or `words`.
    pub kind: String,
    pub says: String,
    pub weight: f64,
}

/// A memory that changed a rank, and by how much.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Remembered {
    /// The entry's name: `seam learn show MEMORY`.
    pub memory: String,
    pub title: String,
    pub says: String,
    /// What it adds to a score; above zero raises. Absent where it moves no score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<f64>,
}

impl Similar {
    pub(crate) fn of(hit: &Hit) -> Similar {
        let entry = &hit.entry;
        let part = |h: &str| entry.part(h).map(|t| clip(t, 400));
        Similar {
            id: entry.id.to_string(),
            kind: entry.kind.word().to_owned(),
            date: entry.date.to_string(),
            title: entry.title.clone(),
            score: round(hit.score),
            reasons: hit
                .reasons
                .iter()
                .map(|r| Because { kind: r.kind.to_owned(), says: r.says.clone(), weight: round(r.weight) })
                .collect(),
            cause: match entry.cause.is_empty() {
                true => entry.services.iter().map(ToString::to_string).collect(),
                false => entry.cause.iter().map(ToString::to_string).collect(),
            },
            fault: entry.fault.as_ref().map(ToString::to_string),
            says: part(seam_learn::heading::CAUSE).or_else(|| part(seam_learn::heading::REASON)),
            fix: part(seam_learn::heading::FIX),
            caught: part(seam_learn::heading::CAUGHT),
            commit: entry.commit.as_ref().map(ToString::to_string),
            source: entry.source.clone(),
            path: path(&entry.id),
        }
    }
}

pub(crate) fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

pub(crate) fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
