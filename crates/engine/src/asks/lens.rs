//! What has another side elsewhere, line by line: what editors show above the code and on hovering.

use super::detect;
use crate::marks::{self, Mark};
use crate::shape::VERSION;
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub const ABOUT: &str = "for a file, each line with another side elsewhere: endpoints with their callers, calls with their \
handlers, topics, settings, operations of contracts, declared services; with policies, findings and places";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Workspace-relative, `/` between parts.
    pub path: String,
    /// Only marks that begin on this line or reach over it.
    #[serde(default)]
    pub line: Option<u32>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// Which findings count; all unless given.
    #[serde(default)]
    pub findings: detect::Request,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    pub path: String,
    /// In order of lines; none for a file that was not read.
    pub marks: Vec<Mark>,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let mut marks = marks::of(snapshot, &request.path, request.profile.as_deref(), Some(&request.findings))?;
    if let Some(line) = request.line {
        marks = marks::at(marks, line);
    }
    Ok(Answer { version: VERSION, path: request.path.clone(), marks })
}
