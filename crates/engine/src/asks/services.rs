//! A short overview: one row for each node, without evidence. Small enough to read first on any system.

use super::{detect, map};
use crate::shape::{Counts, VERSION};
use crate::trouble::{Trouble, Troubles};
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub const ABOUT: &str = "a short overview, to be read before `map`: each service, store, broker and external system with its \
kind, languages, number of endpoints, and the names of those it uses and those that use it";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
    /// Tools too (observability, administration), and endpoints that a framework serves without a handler and that no code
    /// calls: they are left out otherwise.
    pub all: bool,
    /// Count these findings of each row.
    pub findings: Option<detect::Request>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    pub counts: Counts,
    pub services: Vec<Row>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    pub name: String,
    pub kind: String,
    pub system: Option<String>,
    pub languages: Vec<String>,
    /// Folders of its code.
    pub roots: Vec<String>,
    pub endpoints: usize,
    /// Names of the nodes that it calls, stores in, publishes to or consumes from.
    pub uses: Vec<String>,
    pub used_by: Vec<String>,
    /// How many findings there are of it, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let all = map::Request { profile: request.profile.clone(), all: request.all, ..map::Request::default() };
    let map = map::run(snapshot, &all)?;
    let other = |own: &str, own_side: fn(&crate::Interaction) -> &String, side: fn(&crate::Interaction) -> &String| {
        let names: BTreeSet<&String> = map.interactions.iter().filter(|i| own_side(i) == own).map(side).collect();
        names.into_iter().cloned().collect()
    };
    let found = request.findings.as_ref().map(|findings| detect::run(snapshot, findings)).transpose()?;
    let troubles = found.map(|found| Troubles::of(&found.findings, &map.nodes, &map.interactions));
    let services = map
        .nodes
        .iter()
        .map(|node| Row {
            name: node.name.clone(),
            kind: node.kind.clone(),
            system: node.system.clone(),
            languages: node.languages.clone(),
            roots: node.roots.clone(),
            endpoints: map.endpoints.iter().filter(|e| e.service == node.name).count(),
            uses: other(&node.name, |i| &i.from, |i| &i.to),
            used_by: other(&node.name, |i| &i.to, |i| &i.from),
            trouble: troubles.as_ref().map(|t| t.at(&node.key)),
        })
        .collect();
    Ok(Answer { version: VERSION, counts: map.counts, services })
}
