//! Findings as they are published, and the comments that accept some of them.

use crate::memory::Remembered;
use crate::observed::Observed;
use crate::shape::Place;
use schemars::JsonSchema;
use seam_detect as detect;
use seam_facts::{Allow, Claim, FactBase, Key, SmolStr, Span, format_smolstr};
use seam_graph::{Certainty, Evidence};
use serde::{Deserialize, Serialize};

/// Something that is wrong, or will go wrong, between services.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Stable across runs and unrelated edits: `finding/RULE/SUBJECT`.
    pub key: String,
    pub rule: String,
    /// `interaction`, `contract`, `environment`, `shape`, or `own` for the workspace's own rules.
    pub group: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// `stated` or `inferred`.
    pub certainty: String,
    /// The code makes it possible; only a run proves it.
    pub hypothesis: bool,
    /// What is wrong, in one clause.
    pub message: String,
    /// Why it matters here, with the numbers.
    pub why: String,
    /// Where it starts.
    pub at: Place,
    /// Counted from 1, in bytes; where it is 1 the whole line is meant.
    #[serde(default)]
    pub column: u32,
    pub end_line: u32,
    /// The evidence across services, in order.
    pub chain: Vec<Step>,
    /// Keys of the services and interactions it concerns.
    pub about: Vec<String>,
    /// What to do.
    pub help: String,
    /// A change that is safe to make.
    pub fix: Option<Fix>,
    /// What could not be resolved and would decide the matter.
    pub open: Vec<String>,
    /// The deployments in which it holds, where several were compared.
    pub profiles: Vec<String>,
    /// Where the running system showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// How likely it is real by how the like came out before; absent where nothing was learnt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likely: Option<f64>,
    /// Which memories speak of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remembered: Vec<Remembered>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    pub at: Place,
    #[serde(default)]
    pub column: u32,
    pub says: String,
}

/// One line's replacement.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    pub path: String,
    pub line: u32,
    /// Text on that line.
    pub from: String,
    /// What stands in its place.
    pub to: String,
    pub says: String,
}

/// A finding that a comment accepts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Allowed {
    pub finding: Finding,
    pub reason: String,
    pub at: Place,
}

impl Finding {
    pub(crate) fn of(finding: &detect::Finding, profiles: Vec<String>) -> Self {
        Finding {
            key: finding.key.to_string(),
            rule: finding.rule.to_string(),
            group: finding.group.to_string(),
            severity: finding.severity.word().to_owned(),
            certainty: finding.certainty.word().to_owned(),
            hypothesis: finding.hypothesis,
            message: finding.message.clone(),
            why: finding.why.clone(),
            at: Place::of(&finding.at),
            column: finding.at.at.column,
            end_line: finding.at.at.end_line.max(finding.at.at.line),
            chain: finding
                .chain
                .iter()
                .map(|l| Step { at: Place::of(&l.at), column: l.at.at.column, says: l.says.clone() })
                .collect(),
            about: finding.about.iter().map(ToString::to_string).collect(),
            help: finding.help.clone(),
            fix: finding.fix.as_ref().map(|f| Fix {
                path: f.path.to_string(),
                line: f.line,
                from: f.from.to_string(),
                to: f.to.to_string(),
                says: f.says.clone(),
            }),
            open: finding.open.clone(),
            profiles,
            observed: None,
            likely: None,
            remembered: Vec::new(),
        }
    }

    /// The same with what memory says of it.
    pub(crate) fn with(mut self, history: Option<&detect::History>) -> Self {
        let Some(history) = history else { return self };
        self.likely = Some(history.likely);
        let remembered = |r: &detect::Remembered| Remembered {
            memory: r.memory.to_string(),
            title: r.title.clone(),
            says: r.says.clone(),
            by: None,
        };
        self.remembered = history.remembered.iter().map(remembered).collect();
        self
    }
}

/// A finding that memory keeps from view.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Dismissed {
    pub finding: Finding,
    pub reason: String,
    /// The entry's name: `seam learn show MEMORY`.
    pub memory: String,
}

/// The same before it is published.
pub(crate) struct Accepted {
    finding: detect::Finding,
    reason: SmolStr,
    at: Evidence,
}

impl Accepted {
    pub(crate) fn published(self, finding: &dyn Fn(&detect::Finding) -> Finding) -> Allowed {
        Allowed { finding: finding(&self.finding), reason: self.reason.to_string(), at: Place::of(&self.at) }
    }
}

/// Takes out what comments accept. A comment speaks for its own line and for the next; for a finding it counts at the
/// start or at any place of the chain. With all rules running, comments that accept nothing, or give no reason, are
/// findings themselves.
pub(crate) fn apply_allows(
    base: &FactBase,
    found: Vec<detect::Finding>,
    own: &[&detect::own::OwnRule],
    all: bool,
) -> (Vec<detect::Finding>, Vec<Accepted>) {
    let allows: Vec<(&SmolStr, Span, &Allow)> = base
        .facts()
        .filter_map(|(path, fact)| match &fact.claim {
            Claim::Allow(allow) => Some((path, fact.at, allow)),
            _ => None,
        })
        .collect();
    if allows.is_empty() {
        return (found, Vec::new());
    }
    let mut used = vec![false; allows.len()];
    let (mut left, mut allowed) = (Vec::new(), Vec::new());
    for finding in found {
        let places = || std::iter::once(&finding.at).chain(finding.chain.iter().map(|l| &l.at));
        let speaks = |(path, at, allow): &(&SmolStr, Span, &Allow)| {
            allow.rule == finding.rule
                && places().any(|e| e.path == **path && (at.line..=at.end_line + 1).contains(&e.at.line))
        };
        match allows.iter().position(speaks) {
            Some(index) => {
                used[index] = true;
                let (path, at, allow) = allows[index];
                let at = evidence(path, at, "accepted here");
                allowed.push(Accepted { finding, reason: allow.reason.clone(), at });
            }
            None => left.push(finding),
        }
    }
    for ((path, at, allow), used) in allows.into_iter().zip(used).filter(|_| all) {
        let (what, help) = if detect::rule(&allow.rule).is_none() && !own.iter().any(|r| r.id == allow.rule) {
            (format!("there is no rule `{}` to allow", allow.rule), "correct the name, or remove the comment")
        } else if !used {
            (format!("nothing here needs `allow({})`", allow.rule), "remove the comment")
        } else if allow.reason.is_empty() {
            (format!("`allow({})` gives no reason", allow.rule), "say why it is acceptable, after the bracket")
        } else {
            continue;
        };
        left.push(of_allow(path, at, allow, what, help));
    }
    (left, allowed)
}

fn evidence(path: &SmolStr, at: Span, says: &str) -> Evidence {
    Evidence { path: path.clone(), at, says: says.into(), by: "allow".into() }
}

fn of_allow(path: &SmolStr, at: Span, allow: &Allow, message: String, help: &str) -> detect::Finding {
    detect::Finding {
        key: Key(format_smolstr!("finding/unused-allow/{path} {}", allow.rule)),
        rule: "unused-allow".into(),
        group: "shape".into(),
        severity: detect::Severity::Warning,
        hypothesis: false,
        certainty: Certainty::Stated,
        message,
        why: "An exception that covers nothing hides the next finding at this place.".to_owned(),
        at: evidence(path, at, "allow"),
        chain: Vec::new(),
        about: Vec::new(),
        help: help.to_owned(),
        fix: None,
        open: Vec::new(),
    }
}
