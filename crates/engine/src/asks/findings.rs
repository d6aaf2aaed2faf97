//! Findings in few words, the most severe first, as many as there is room for.

use super::detect;
use crate::findings::Finding;
use crate::shape::{Place, VERSION};
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub const ABOUT: &str = "what is wrong, or will go wrong, between services: each finding with its reason, the chain of lines across \
services, how sure it is and what to do. With `since` (a commit or branch), only what a change adds: call it before you finish a change. \
With `service` or `rules`, only those; `explain` tells a rule's page";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// Only findings about this service, store or broker.
    pub service: Option<String>,
    /// Only these rules, or groups of rules.
    pub rules: Vec<String>,
    /// `error`, `warning` or `note`: this and what is more severe. `note` unless given.
    pub severity: Option<String>,
    /// A commit, branch or tag: only what is new since then.
    pub since: Option<String>,
    /// Keys of findings that are known already and not told.
    pub baseline: Vec<String>,
    /// How many at most; 10 unless given, never more than 200.
    pub limit: Option<u32>,
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
    /// Answer as if nothing had been learnt of these findings.
    pub no_memory: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    pub counts: detect::Counts,
    pub findings: Vec<Short>,
    /// Findings that did not fit: raise `limit`, or narrow by `service`, `rules` or `severity`.
    pub left_out: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Short {
    pub key: String,
    pub rule: String,
    pub severity: String,
    /// `stated` or `inferred`; a `hypothesis` is what only a run proves.
    pub certainty: String,
    pub message: String,
    pub why: String,
    pub help: String,
    /// `path:line`, where it starts.
    pub at: String,
    /// `path:line: what stands there`, across services, in order.
    pub chain: Vec<String>,
    /// A change that is safe to make: `path:line: replace A by B`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// What could not be resolved and would decide the matter.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// What is remembered of it: `what (memory)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remembered: Vec<String>,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let full = detect::Request {
        profiles: request.profile.iter().cloned().collect(),
        rules: request.rules.clone(),
        severity: request.severity.clone(),
        service: request.service.clone(),
        baseline: request.baseline.clone(),
        no_memory: request.no_memory,
        ..detect::Request::default()
    };
    let answer = detect::run(snapshot, &full)?;
    let limit = request.limit.unwrap_or(10).clamp(1, 200) as usize;
    Ok(Answer {
        version: VERSION,
        left_out: answer.findings.len().saturating_sub(limit),
        findings: answer.findings.into_iter().take(limit).map(Short::of).collect(),
        counts: answer.counts,
    })
}

impl Short {
    fn of(finding: Finding) -> Self {
        const LINKS: usize = 8;
        let place = |at: &Place| format!("{}:{}", at.path, at.line);
        let mut chain: Vec<String> =
            finding.chain.iter().take(LINKS).map(|s| format!("{}: {}", place(&s.at), s.says)).collect();
        if finding.chain.len() > LINKS {
            chain.push(format!("and {} more", finding.chain.len() - LINKS));
        }
        Short {
            certainty: if finding.hypothesis { "hypothesis".to_owned() } else { finding.certainty },
            at: place(&finding.at),
            chain,
            fix: finding.fix.map(|f| format!("{}:{}: replace `{}` by `{}`", f.path, f.line, f.from, f.to)),
            key: finding.key,
            rule: finding.rule,
            severity: finding.severity,
            message: finding.message,
            why: finding.why,
            help: finding.help,
            open: finding.open,
            remembered: finding.remembered.into_iter().map(|r| format!("{} ({})", r.says, r.memory)).collect(),
        }
    }
}
