//! What is wrong between services, or will go wrong: findings of all rules.

use crate::findings::{Allowed, Dismissed, Finding, apply_allows};
use crate::shape::VERSION;
use crate::{Refusal, Snapshot, observed};
use schemars::JsonSchema;
use seam_detect::own::{self, OwnRule};
use seam_detect::{Group, Rule, Severity};
use seam_diagnose::signs::KINDS;
use seam_facts::{Key, SmolStr};
use seam_graph::{Certainty, Graph};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub const ABOUT: &str = "hazards between services (retries, timeouts, messages, contracts, environment, shape), each with why it \
matters here, where it starts, the chain of evidence across services, how sure it is, and what to do";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "DetectRequest")]
pub struct Request {
    /// Deployments: words of their files' paths or of their compose, Spring or .NET profiles. With several, each finding
    /// says in which it holds.
    pub profiles: Vec<String>,
    /// Only these rules; rules of the nursery run only when named here.
    pub rules: Vec<String>,
    /// Not these rules, or groups of rules.
    pub off: Vec<String>,
    /// `error`, `warning` or `note`: this and what is more severe. `note` unless given.
    pub severity: Option<String>,
    /// `stated`: only what needs no inference.
    pub certainty: Option<String>,
    /// Only findings about this service, store or broker.
    pub service: Option<String>,
    /// Keys of findings that are known already and not shown.
    pub baseline: Vec<String>,
    /// A commit, branch or tag: only what is new since then.
    pub since: Option<String>,
    /// Rules that are too often wrong as well.
    pub nursery: bool,
    /// Look at what the running system said instead of code: a folder with spans, log lines or metrics, or a store that `seam
    /// serve` keeps. Only rules of the group `observed` run.
    pub telemetry: Option<String>,
    /// With telemetry: only this time, `FROM..TO`; what comes before it tells what is usual.
    pub window: Option<String>,
    /// With telemetry: what is usual, `FROM..TO`, or another folder with normal telemetry.
    pub normal: Option<String>,
    /// With telemetry: how long a slice of time is, `30s`, `5m`.
    pub step: Option<String>,
    /// Answer as if nothing had been learnt of these findings.
    pub no_memory: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    pub counts: Counts,
    /// Most severe first, then by rule and place.
    pub findings: Vec<Finding>,
    /// Findings that a comment in the code accepts.
    pub allowed: Vec<Allowed>,
    /// With telemetry: what could not be looked at, or read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Findings that somebody looked at and dismissed, as memory has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dismissed: Vec<Dismissed>,
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
    /// Left out because memory says that somebody dismissed them.
    #[serde(default, skip_serializing_if = "is_none")]
    pub dismissed: usize,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

/// The revision that a request for findings wants to be compared with.
pub fn since(name: &str, request: &str) -> Option<String> {
    match name {
        "detect" => serde_json::from_str::<Request>(request).ok()?.since,
        "findings" => serde_json::from_str::<super::findings::Request>(request).ok()?.since,
        _ => None,
    }
}

/// The same request with everything that was found in an earlier state taken as known.
pub fn only_new(before: &Snapshot, name: &str, request: &str) -> Result<String, Refusal> {
    let unreadable =
        |e: serde_json::Error| Refusal::usage(e.to_string(), format!("see `seam schema {name} --request`"));
    // A finding is not new because its severity is: filters apply to the later state only.
    let known = |profiles: Vec<String>, rules: Vec<String>, nursery: bool| {
        let answer = run(before, &Request { profiles, rules, nursery, ..Request::default() })?;
        let allowed = answer.allowed.into_iter().map(|a| a.finding.key);
        let dismissed = answer.dismissed.into_iter().map(|d| d.finding.key);
        Ok(answer.findings.into_iter().map(|f| f.key).chain(allowed).chain(dismissed))
    };
    if name == "findings" {
        let mut request: super::findings::Request = serde_json::from_str(request).map_err(unreadable)?;
        request.since = None;
        request.baseline.extend(known(request.profile.iter().cloned().collect(), request.rules.clone(), false)?);
        return serde_json::to_string(&request).map_err(unreadable);
    }
    let mut request: Request = serde_json::from_str(request).map_err(unreadable)?;
    request.since = None;
    request.baseline.extend(known(request.profiles.clone(), request.rules.clone(), request.nursery)?);
    serde_json::to_string(&request).map_err(unreadable)
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
    let (own, mistakes) = snapshot.own_rules();
    let Chosen { rules, own, observed } = chosen(request, settings, own)?;
    let limits = settings.detect.limits();
    let (mut found, mut holds) = (Vec::new(), BTreeMap::<Key, Vec<String>>::new());
    let graphs = graphs(snapshot, request)?;
    for (profile, graph) in &graphs {
        // The usual question is answered from what was found once; a choice of rules runs by itself.
        let all = if request.rules.is_empty() {
            snapshot.detected(profile.as_deref(), request.nursery)
        } else {
            let (rules, own) = (rules.iter().copied(), own.iter().copied());
            Arc::new(seam_detect::detect(graph, snapshot.base(), &limits, rules, own))
        };
        for mut finding in all.iter().cloned() {
            if let Some(severity) = settings.detect.severity_of(&finding.rule) {
                finding.severity = severity;
            }
            let seen = holds.entry(finding.key.clone()).or_default();
            if seen.is_empty() {
                found.push(finding);
            }
            seen.push(profile.clone().unwrap_or_default());
        }
    }
    if request.rules.is_empty() {
        found.extend(mistakes.iter().map(own::Mistake::finding));
    }
    if graphs.len() < 2 {
        holds.clear();
    }
    let (mut said, mut missing) = (BTreeMap::new(), Vec::new());
    if let Some(folder) = &request.telemetry {
        let recorded = snapshot
            .recorded()
            .ok_or_else(|| Refusal::usage("no telemetry was read", "ask on the command line or through MCP"))?;
        let asked = observed::Asked {
            folder,
            window: request.window.as_deref(),
            normal: request.normal.as_deref(),
            step: request.step.as_deref(),
        };
        let graph = graphs.first().map(|(_, graph)| graph.clone()).unwrap_or_default();
        let shown = observed::find(snapshot, &graph, &recorded, &asked, &found)?;
        found = shown.findings;
        found.retain(|f| request.rules.is_empty() || observed.iter().any(|o| *o == f.rule || *o == f.group));
        found.retain(|f| !settings.detect.is_off(&f.rule));
        for finding in &mut found {
            finding.severity = settings.detect.severity_of(&finding.rule).unwrap_or(finding.severity);
        }
        (said, missing) = (shown.observed, shown.missing);
    }
    let published = |f: &seam_detect::Finding| {
        let observed = said.get(&f.key).cloned();
        Finding { observed, ..Finding::of(f, holds.get(&f.key).cloned().unwrap_or_default()) }
    };
    let all = request.rules.is_empty() && request.telemetry.is_none();
    let (found, allowed) = apply_allows(snapshot.base(), found, &own, all);
    let allowed: Vec<Allowed> = allowed.into_iter().map(|a| a.published(&published)).collect();
    let Known { mut found, histories, dismissed } = remembered(snapshot, request, found);
    let about = about(&graphs, request)?;
    let known: BTreeSet<&str> = request.baseline.iter().map(String::as_str).collect();
    let before = found.len();
    found.retain(|f| !known.contains(f.key.as_str()));
    let known = before - found.len();
    found.retain(|f| !request.off.iter().any(|o| f.rule == *o || f.group == *o));
    found.retain(|f| f.severity <= least && f.certainty <= certain && about.as_ref().is_none_or(|a| concerns(f, a)));
    // Among equals, what broke before comes first.
    let likely = |f: &seam_detect::Finding| histories.get(&f.key).map_or(0.5, |h| h.likely);
    found.sort_by(|a, b| a.severity.cmp(&b.severity).then_with(|| likely(b).total_cmp(&likely(a))));
    let count = |severity: Severity| found.iter().filter(|f| f.severity == severity).count();
    Ok(Answer {
        version: VERSION,
        counts: Counts {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            allowed: allowed.len(),
            known,
            rules: if request.telemetry.is_some() { KINDS.len() } else { rules.len() + own.len() },
            dismissed: dismissed.len(),
        },
        findings: found.iter().map(|f| published(f).with(histories.get(&f.key))).collect(),
        allowed,
        missing,
        dismissed: dismissed
            .iter()
            .map(|(f, memory, reason)| Dismissed {
                finding: published(f).with(histories.get(&f.key)),
                memory: memory.to_string(),
                reason: reason.clone(),
            })
            .collect(),
    })
}

/// What memory leaves of what was found.
struct Known {
    found: Vec<seam_detect::Finding>,
    histories: BTreeMap<Key, seam_detect::History>,
    /// Each with the memory that dismisses it, and why.
    dismissed: Vec<(seam_detect::Finding, SmolStr, String)>,
}

fn remembered(snapshot: &Snapshot, request: &Request, found: Vec<seam_detect::Finding>) -> Known {
    let mut out = Known { found: Vec::new(), histories: BTreeMap::new(), dismissed: Vec::new() };
    let memory = snapshot.memory();
    if request.no_memory || memory.priors().judged.is_empty() {
        return Known { found, ..out };
    }
    let day = memory.priors().newest();
    for mut finding in found {
        let history = seam_detect::remember(&mut finding, memory.priors(), day);
        match history.dismissed.clone() {
            Some((memory, reason)) => out.dismissed.push((finding.clone(), memory, reason)),
            None => out.found.push(finding.clone()),
        }
        if !history.remembered.is_empty() {
            out.histories.insert(finding.key, history);
        }
    }
    out
}

/// A deployment's name, where one was asked for, and its graph.
type Deployed = (Option<String>, Arc<Graph>);

/// The graph of each deployment that is asked about.
fn graphs(snapshot: &Snapshot, request: &Request) -> Result<Vec<Deployed>, Refusal> {
    if request.profiles.is_empty() {
        return Ok(vec![(None, snapshot.graph(None))]);
    }
    let one = |name: &String| {
        if !snapshot.knows_profile(name) {
            return Err(super::map::no_profile(name));
        }
        Ok((Some(name.clone()), snapshot.graph(Some(name))))
    };
    request.profiles.iter().map(one).collect()
}

/// Key and name of the node that findings are wanted about.
fn about(graphs: &[Deployed], request: &Request) -> Result<Option<(Key, SmolStr)>, Refusal> {
    let Some(name) = &request.service else { return Ok(None) };
    let mut refused = None;
    for (_, graph) in graphs {
        match super::map::find(graph, name) {
            Ok(node) => return Ok(Some((graph.nodes[node].key.clone(), graph.nodes[node].name.clone()))),
            Err(refusal) => refused = Some(refusal),
        }
    }
    refused.map_or(Ok(None), Err)
}

fn concerns(finding: &seam_detect::Finding, (key, name): &(Key, SmolStr)) -> bool {
    finding.about.iter().any(|k| k == key || k.as_str().split('/').any(|part| part == name.as_str()))
}

/// The rules that a request means.
#[derive(Default)]
struct Chosen<'o> {
    rules: Vec<&'static Rule>,
    own: Vec<&'o OwnRule>,
    /// Rules that look at telemetry.
    observed: Vec<&'o str>,
}

fn chosen<'o>(request: &'o Request, settings: &crate::Settings, own: &'o [OwnRule]) -> Result<Chosen<'o>, Refusal> {
    let mut out = Chosen::default();
    for id in &request.rules {
        if observed::is_kind(id) {
            if request.telemetry.is_none() {
                return Err(Refusal::usage(
                    format!("`{id}` looks at what the running system said"),
                    "give `--telemetry FOLDER` with spans, log lines or metrics",
                ));
            }
            out.observed.push(id);
            continue;
        }
        let group = seam_detect::RULES.iter().copied().filter(|r| r.group.word() == id);
        let before = out.rules.len() + out.own.len();
        out.rules.extend(seam_detect::rule(id).into_iter().chain(group));
        out.own.extend(own.iter().filter(|r| r.id == *id || id == Group::Own.word()));
        if out.rules.len() + out.own.len() == before {
            let all = seam_detect::RULES.iter().map(|r| r.id).chain(own.iter().map(|r| r.id.as_str()));
            let near = all.filter(|r| r.contains(id.as_str()) || id.contains(r));
            let near: Vec<String> = near.map(|r| format!("`{r}`")).collect();
            let hint = if near.is_empty() {
                "`seam explain rules` lists them; interaction, contract, environment, shape and own name all of a group"
                    .to_owned()
            } else {
                format!("did you mean {}?", near.join(" or "))
            };
            return Err(Refusal::unknown(format!("there is no rule `{id}`"), hint));
        }
    }
    if request.rules.is_empty() {
        let wanted = |r: &&&Rule| (request.nursery || !r.nursery) && !settings.detect.is_off(r.id);
        out.rules.extend(seam_detect::RULES.iter().filter(wanted).copied());
        out.own.extend(own.iter().filter(|r| !settings.detect.is_off(&r.id)));
    }
    Ok(out)
}
