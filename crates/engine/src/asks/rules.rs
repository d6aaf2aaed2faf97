//! The rules of `detect`: the built-in ones and the workspace's own, which can be tried on the systems of their pages.

use crate::shape::{Place, VERSION};
use crate::{Refusal, Snapshot};
use schemars::JsonSchema;
use seam_detect::own;
use serde::{Deserialize, Serialize};

pub const ABOUT: &str = "the rules of `detect`, built in and the workspace's own (`seam/rules/*.md`), each with what it is about; \
with `check`, whether the pages of the workspace's own rules hold";

/// What a workspace's own rule looks like: written by `seam rules --new`, valid as it stands.
pub const SKELETON: &str = include_str!("own_rule.md");

#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Request {
    /// Try the workspace's own rules on the systems of their pages.
    pub check: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub version: u32,
    /// In the order of the catalogue; the workspace's own last.
    pub rules: Vec<Listed>,
    /// Pages in `seam/rules` that are no rules, and why.
    pub mistakes: Vec<Mistake>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Listed {
    pub id: String,
    /// `interaction`, `contract`, `environment`, `shape`, or `own`.
    pub group: String,
    /// What its findings count as here: `error`, `warning`, `note`, or `off`.
    pub severity: String,
    /// Runs only when asked for.
    pub nursery: bool,
    /// The first sentence of its page.
    pub about: String,
    /// The page of a rule of the workspace's own.
    pub page: Option<String>,
    /// What is not as its page says; empty where all is well or nothing was tried.
    pub wrong: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Mistake {
    pub at: Place,
    pub says: String,
}

pub fn run(snapshot: &Snapshot, request: &Request) -> Result<Answer, Refusal> {
    let detect = &snapshot.settings().detect;
    let severity = |id: &str, usual: seam_detect::Severity| match detect.is_off(id) {
        true => "off".to_owned(),
        false => detect.severity_of(id).unwrap_or(usual).word().to_owned(),
    };
    let mut rules: Vec<Listed> = seam_detect::RULES
        .iter()
        .map(|rule| Listed {
            id: rule.id.to_owned(),
            group: rule.group.word().to_owned(),
            severity: severity(rule.id, rule.severity),
            nursery: rule.nursery,
            about: sentence(rule.page),
            page: None,
            wrong: Vec::new(),
        })
        .collect();
    rules.extend(seam_diagnose::signs::KINDS.iter().map(|kind| Listed {
        id: kind.id.to_owned(),
        group: crate::observed::GROUP.to_owned(),
        severity: severity(kind.id, seam_detect::Severity::Warning),
        nursery: false,
        about: sentence(kind.page),
        page: None,
        wrong: Vec::new(),
    }));
    let (own, mistakes) = own::rules(snapshot.base());
    rules.extend(own.iter().map(|rule| Listed {
        id: rule.id.to_string(),
        group: seam_detect::Group::Own.word().to_owned(),
        severity: severity(&rule.id, rule.severity),
        nursery: false,
        about: sentence(&rule.page),
        page: Some(rule.at.path.to_string()),
        wrong: if request.check { seam_page::tried(rule) } else { Vec::new() },
    }));
    let mistakes = mistakes.into_iter().map(|m| Mistake { at: Place::of(&m.at), says: m.says }).collect();
    Ok(Answer { version: VERSION, rules, mistakes })
}

/// What conditions of own rules can look at, and its fields.
pub fn fields() -> Vec<(String, &'static [&'static str])> {
    own::fields()
}

/// What a page says first.
pub(crate) fn sentence(page: &str) -> String {
    let lines = page.lines().skip_while(|l| l.starts_with('#') || l.trim().is_empty());
    let about = lines.take_while(|l| !l.trim().is_empty()).collect::<Vec<_>>().join(" ");
    let first = about.split(": ").next().and_then(|a| a.split(". ").next()).unwrap_or(&about);
    first.trim_end_matches('.').to_owned()
}
