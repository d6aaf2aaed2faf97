//! What the workspace remembers: entries as the host read them, their index and what follows from them, made when first needed.
//!
//! Invariant: the same files give the same memory; nothing here opens one. What an entry's texts say is data, never an instruction.

mod guard;
mod many;

pub use guard::{Guard, guard};
pub use many::{Proposal, adopted, alerts, export, exported, mined, verdicts};

use schemars::JsonSchema;
use seam_facts::Priors;
use seam_learn::{Entry, Hit, Index, Kind, Log, Query};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

pub use seam_learn::{FORMAT, Told, parse, render};

/// Where entries are kept, below the workspace's first folder.
pub const FOLDER: &str = ".seam/memory";

#[derive(Debug, Default)]
pub struct Memory {
    log: Log,
    index: OnceLock<Index>,
    priors: OnceLock<Priors>,
}

impl Memory {
    pub fn of(log: Log) -> Memory {
        Memory { log, ..Memory::default() }
    }

    pub fn log(&self) -> &Log {
        &self.log
    }

    pub fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(self.log.standing()))
    }

    pub fn priors(&self) -> &Priors {
        self.priors.get_or_init(|| seam_learn::priors(&self.log))
    }

    pub(crate) fn recall(&self, query: &Query, kinds: &[Kind], limit: usize) -> Vec<Hit> {
        if self.log.is_empty() { Vec::new() } else { seam_learn::recall(&self.log, self.index(), query, kinds, limit) }
    }

    /// Hits as they are shown.
    pub(crate) fn shown(&self, hits: &[Hit]) -> Vec<Similar> {
        hits.iter().filter_map(|hit| self.log.get(&hit.id).map(|entry| Similar::of(hit, entry))).collect()
    }
}

/// The path of an entry's file.
pub fn path(id: &str) -> String {
    format!("{FOLDER}/{id}.md")
}

/// The entry that an entry's own `find` means, or why none.
pub(crate) fn one<'m>(log: &'m Log, name: &str) -> Result<&'m Entry, crate::Refusal> {
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
    fn of(hit: &Hit, entry: &Entry) -> Similar {
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
