//! What is wrong between services, or will go wrong: findings of all rules.

use crate::findings::{Allowed, Finding, apply_allows};
use crate::shape::VERSION;
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_detect::{Rule, Severity};
use seam_graph::Certainty;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub const ABOUT: &str = "hazards between services (retries, timeouts, messages, contracts, environment, shape), each with why it \
matters here, where it starts, the chain of evidence across services, how sure it is, and what to do";

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// A deployment: a word of its files' paths or of its compose, Spring or .NET profile.
    pub profile: Option<String>,
    /// Only these rules; rules of the nursery run only when named here.
    pub rules: Vec<String>,
    /// `error`, `warning` or `note`: this and what is more severe. `note` unless given.
    pub severity: Option<String>,
    /// `stated`: only what needs no inference.
    pub certainty: Option<String>,
    /// Only findings about this service, store or broker.
    pub service: Option<String>,
    /// Keys of findings that are known already and not shown.
    pub baseline: Vec<String>,
    /// Rules that are too often wrong as well.
    pub nursery: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    pub counts: Counts,
    /// Most severe first, then by rule and place.
    pub findings: Vec<Finding>,
    /// Findings that a comment in the code accepts.
    pub allowed: Vec<Allowed>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
    pub allowed: usize,
    /// Left out because they are in the baseline.
    pub known: usize,
    /// How many rules were run.
    pub rules: usize,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let least = match request.severity.as_deref() {
        None => Severity::Note,
        Some(word) => Severity::of(word).ok_or_else(|| {
            Refusal::usage(format!("there is no severity `{word}`"), "choose one of error, warning, note")
        })?,
    };
    let certain = match request.certainty.as_deref() {
        None | Some("inferred") => Certainty::Inferred,
        Some("stated") => Certainty::Stated,
        Some(word) => {
            return Err(Refusal::usage(format!("there is no certainty `{word}`"), "choose stated or inferred"));
        }
    };
    let settings = snapshot.settings();
    let rules = chosen(request, settings)?;
    let graph = snapshot.graph(request.profile.as_deref());
    let about = request.service.as_deref().map(|name| super::map::find(&graph, name)).transpose()?;
    let limits = settings.detect.limits();
    let mut found = seam_detect::detect(&graph, snapshot.base(), &limits, rules.iter().copied());
    for finding in &mut found {
        if let Some(severity) = settings.detect.severity_of(&finding.rule) {
            finding.severity = severity;
        }
    }
    let (mut found, allowed) = apply_allows(snapshot.base(), found, request.rules.is_empty());
    let known: BTreeSet<&str> = request.baseline.iter().map(String::as_str).collect();
    let before = found.len();
    found.retain(|f| !known.contains(f.key.as_str()));
    let known = before - found.len();
    found.retain(|f| {
        let touches = |node: usize| {
            let (key, name) = (&graph.nodes[node].key, &graph.nodes[node].name);
            f.about.iter().any(|k| k == key || k.as_str().split('/').any(|part| part == name.as_str()))
        };
        f.severity <= least && f.certainty <= certain && about.is_none_or(touches)
    });
    found.sort_by_key(|f| f.severity);
    let count = |severity: Severity| found.iter().filter(|f| f.severity == severity).count();
    Ok(Answer {
        version: VERSION,
        counts: Counts {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            allowed: allowed.len(),
            known,
            rules: rules.len(),
        },
        findings: found.iter().map(Finding::of).collect(),
        allowed,
    })
}

fn chosen(request: &Request, settings: &crate::Settings) -> Result<Vec<&'static Rule>, Refusal> {
    let mut out: Vec<&'static Rule> = Vec::new();
    for id in &request.rules {
        let group = seam_detect::RULES.iter().copied().filter(|r| r.group.word() == id);
        let before = out.len();
        out.extend(seam_detect::rule(id).into_iter().chain(group));
        if out.len() == before {
            let near = seam_detect::RULES.iter().map(|r| r.id).filter(|r| r.contains(id.as_str()) || id.contains(r));
            let near: Vec<String> = near.map(|r| format!("`{r}`")).collect();
            let hint = if near.is_empty() {
                "`seam explain rules` lists them; interaction, contract, environment and shape name all of a group"
                    .to_owned()
            } else {
                format!("did you mean {}?", near.join(" or "))
            };
            return Err(Refusal::unknown(format!("there is no rule `{id}`"), hint));
        }
    }
    if request.rules.is_empty() {
        let wanted = |r: &&&Rule| (request.nursery || !r.nursery) && !settings.detect.is_off(r.id);
        out.extend(seam_detect::RULES.iter().filter(wanted).copied());
    }
    Ok(out)
}
