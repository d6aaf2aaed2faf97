//! The system on one screen, sized for a model: what there is, who uses whom, how many findings; never more than a budget.

use super::{map, services};
use crate::shape::VERSION;
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const ABOUT: &str = "the whole system in one small answer: services with language, folder, number of endpoints and whom they use, \
stores and brokers, external systems, and how many findings there are. Call it once, at the start, when you do not know the system";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// How large the answer may be, in tokens: bytes of its JSON divided by 4. 4000 unless given; 500 to 100000.
    pub budget: Option<u32>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    /// The workspace's name, where `seam.toml` gives it.
    pub name: Option<String>,
    pub counts: Counts,
    /// Code that runs: services, gateways and servers; where not all have room, those with most neighbours.
    pub services: Vec<Row>,
    /// Databases, caches and brokers, with who uses them.
    pub stores: Vec<Row>,
    /// Names of systems that are not deployed here.
    pub external: Vec<String>,
    /// Findings by rule, with how many; `findings` tells them.
    pub findings: BTreeMap<String, usize>,
    /// What did not fit; `find` and `explain` tell it.
    pub left_out: Vec<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    pub files: usize,
    pub services: usize,
    pub stores: usize,
    pub external: usize,
    pub endpoints: usize,
    pub interactions: usize,
    /// Calls and messages whose other end could not be worked out.
    pub unresolved: usize,
    pub findings: usize,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    pub name: String,
    /// The kind, or for stores the product.
    pub kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub folder: String,
    #[serde(default, skip_serializing_if = "is_none")]
    pub endpoints: usize,
    /// Whom it uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<String>,
    /// Who uses it: told of stores only, the others say it themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serialiser wants it so")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let profile = request.profile.clone();
    let all = services::run(snapshot, &services::Request { profile: profile.clone(), all: false, findings: None })?;
    let map = map::run(snapshot, &map::Request { profile, ..map::Request::default() })?;
    let found = snapshot.found(request.profile.as_deref())?;
    let budget = request.budget.unwrap_or(4000).clamp(500, 100_000) as usize * 4;
    let store = |kind: &str| matches!(kind, "database" | "cache" | "broker");
    let mut answer = Answer {
        version: VERSION,
        name: snapshot.settings().name.clone(),
        counts: Counts {
            files: map.counts.files,
            services: map.counts.services,
            stores: all.services.iter().filter(|s| store(&s.kind)).count(),
            external: all.services.iter().filter(|s| s.kind == "external").count(),
            endpoints: map.counts.endpoints,
            interactions: map.counts.interactions,
            unresolved: map.counts.unresolved,
            findings: found.len(),
        },
        ..Answer::default()
    };
    for rule in found.iter().filter_map(|f| f.says.split(' ').nth(1)) {
        *answer.findings.entry(rule.to_owned()).or_default() += 1;
    }
    let mut rows: Vec<&services::Row> = all.services.iter().collect();
    // The best connected first, as long as there is room; then by name again.
    rows.sort_by_key(|r| (std::cmp::Reverse(r.uses.len() + r.used_by.len()), r.name.clone()));
    let mut left = budget.saturating_sub(bytes(&answer) + 300);
    let mut without: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        let kind = row.system.clone().unwrap_or_else(|| row.kind.clone());
        let told = Row {
            name: row.name.clone(),
            kind,
            language: row.languages.first().cloned().unwrap_or_default(),
            folder: row.roots.first().cloned().unwrap_or_default(),
            endpoints: row.endpoints,
            uses: if store(&row.kind) { Vec::new() } else { short(&row.uses) },
            used_by: if store(&row.kind) { short(&row.used_by) } else { Vec::new() },
        };
        let external = row.kind == "external";
        let cost = if external { row.name.len() + 3 } else { bytes(&told) + 1 };
        if cost > left {
            *without.entry(&row.kind).or_default() += 1;
            continue;
        }
        left -= cost;
        match row.kind.as_str() {
            "external" => answer.external.push(told.name),
            kind if store(kind) => answer.stores.push(told),
            _ => answer.services.push(told),
        }
    }
    answer.services.sort_by(|a, b| a.name.cmp(&b.name));
    answer.stores.sort_by(|a, b| a.name.cmp(&b.name));
    answer.external.sort();
    answer.left_out = without.into_iter().map(|(kind, count)| format!("{count} of kind {kind}")).collect();
    Ok(answer)
}

/// A gateway's list would push the others out.
fn short(names: &[String]) -> Vec<String> {
    const MOST: usize = 24;
    let mut out: Vec<String> = names.iter().take(MOST).cloned().collect();
    if names.len() > MOST {
        out.push(format!("and {} more", names.len() - MOST));
    }
    out
}

fn bytes(it: &impl Serialize) -> usize {
    serde_json::to_string(it).map_or(0, |text| text.len())
}
