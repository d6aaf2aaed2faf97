//! Rules of a workspace's own: pages in `seam/rules` with a condition over the graph. `docs/own-rules.md` describes them.
//!
//! Invariant: a page that cannot be read is a finding at its line, never a rule that is silently left out.

mod apart;
mod condition;
mod rows;

pub use apart::{Apart, apart};

use crate::finding::Head;
use crate::{Cx, Draft, Finding, Group, Severity, rule};
use condition::{Conditions, Pattern};
use rows::{Each, Row};
use seam_facts::{Claim, FactBase, SmolStr, Span, format_smolstr};
use seam_graph::Evidence;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A rule that a workspace wrote for itself.
#[derive(Clone, Debug)]
pub struct OwnRule {
    pub id: SmolStr,
    /// Where its page is, and its whole text.
    pub at: Evidence,
    pub page: SmolStr,
    pub severity: Severity,
    each: Each,
    which: Conditions,
    must: Option<Conditions>,
    message: String,
    help: String,
    why: String,
}

/// Why a page is no rule, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub at: Evidence,
    pub says: String,
}

/// The `rule` block as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    severity: Option<String>,
    each: Each,
    #[serde(default, rename = "where")]
    which: BTreeMap<String, Pattern>,
    must: Option<BTreeMap<String, Pattern>>,
    message: String,
    #[serde(default)]
    help: String,
}

/// What a finding of a page that is no rule is called.
pub const BROKEN: &str = "broken-rule";

/// The workspace's own rules by id, and the pages that are none.
pub fn rules(base: &FactBase) -> (Vec<OwnRule>, Vec<Mistake>) {
    let (mut rules, mut mistakes) = (BTreeMap::<SmolStr, OwnRule>::new(), Vec::new());
    for (path, fact) in base.facts() {
        let Claim::OwnRule(own) = &fact.claim else { continue };
        let at =
            Evidence { path: path.clone(), at: fact.at, says: "a rule of this workspace".into(), by: fact.by.clone() };
        match OwnRule::read(&own.text, &at) {
            Ok(rule) if rules.contains_key(&rule.id) => {
                let first = &rules[&rule.id].at.path;
                let says = format!("`{}` is the name of another rule: {first}", rule.id);
                mistakes.push(Mistake { at, says });
            }
            Ok(rule) => {
                rules.insert(rule.id.clone(), rule);
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    (rules.into_values().collect(), mistakes)
}

/// What conditions can look at, and its fields.
pub fn fields() -> Vec<(String, &'static [&'static str])> {
    Each::ALL.into_iter().map(|each| (seam_facts::word::of(&each), each.fields())).collect()
}

impl OwnRule {
    /// The rule of a page that is no file yet.
    pub fn of(text: &str, path: &str) -> Result<OwnRule, Mistake> {
        let says = "a rule of this workspace".into();
        OwnRule::read(&text.into(), &Evidence { path: path.into(), at: Span::at(1, 1), says, by: "own-rules".into() })
    }

    fn read(text: &SmolStr, page: &Evidence) -> Result<OwnRule, Mistake> {
        let wrong = |line: usize, says: String| {
            let at = Evidence { at: Span::at(line as u32 + 1, 1), ..page.clone() };
            Mistake { at, says }
        };
        let title = text.lines().find_map(|l| l.strip_prefix("# ")).map(str::trim).unwrap_or_default();
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if title.is_empty() || !title.chars().all(kebab) {
            return Err(wrong(0, "a rule's page starts with `# its-name`, in lower case with hyphens".to_owned()));
        }
        if rule(title).is_some() || title == BROKEN || Group::NAMES.contains(&title) {
            return Err(wrong(0, format!("`{title}` is the name of a built-in rule or group")));
        }
        let fence = text.lines().position(|l| l.trim_end() == "```rule");
        let Some(fence) = fence else {
            return Err(wrong(0, "a rule's page holds its condition in a block that starts with ```rule".to_owned()));
        };
        let block: Vec<&str> = text.lines().skip(fence + 1).take_while(|l| l.trim_end() != "```").collect();
        let block = block.join("\n");
        let written: Written = toml::from_str(&block).map_err(|error| {
            let before =
                error.span().map_or(0, |s| block[..s.start.min(block.len())].lines().count().saturating_sub(1));
            wrong(fence + 1 + before, error.message().to_owned())
        })?;
        let line_of = |word: &str| fence + 1 + block.lines().position(|l| l.contains(word)).unwrap_or_default();
        let severity = match written.severity.as_deref() {
            None => Severity::Warning,
            Some(word) => Severity::of(word).ok_or_else(|| {
                wrong(line_of("severity"), format!("there is no severity `{word}`: choose error, warning or note"))
            })?,
        };
        let fields = written.each.fields();
        let known = |field: &str| {
            let says = || format!("{} has no `{field}`: it has {}", written.each.word(), fields.join(", "));
            if fields.contains(&field) { Ok(()) } else { Err(wrong(line_of(field), says())) }
        };
        for field in written.which.keys().chain(written.must.iter().flat_map(BTreeMap::keys)) {
            known(field)?;
        }
        placeholders(&written.message).into_iter().try_for_each(known)?;
        Ok(OwnRule {
            id: title.into(),
            at: page.clone(),
            page: text.clone(),
            severity,
            each: written.each,
            which: Conditions(written.which),
            must: written.must.map(Conditions),
            message: written.message,
            help: written.help,
            why: paragraph(text),
        })
    }

    /// What this rule finds in a graph.
    pub(crate) fn find(&self, cx: &Cx<'_>, out: &mut Vec<Draft>) {
        for row in rows::rows(cx, self.each) {
            if !self.which.hold(&row) || self.must.as_ref().is_some_and(|m| m.hold(&row)) {
                continue;
            }
            let failed = self.must.as_ref().map(|m| m.failed(&row)).unwrap_or_default();
            let mut draft = Draft::new(row.subject.clone(), &row.at, filled(&self.message, &row))
                .why([self.why.clone(), failed].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" "))
                .help(if self.help.is_empty() { format!("see {}", self.at.path) } else { self.help.clone() })
                .about(row.about.iter().cloned())
                .certainty(row.certainty)
                .link(&row.at, row.says.clone());
            for (at, says) in &row.more {
                draft = draft.link(at, says.clone());
            }
            out.push(draft);
        }
    }

    pub(crate) fn head(&self) -> Head<'_> {
        Head { id: &self.id, group: Group::Own, severity: self.severity, hypothesis: false }
    }
}

impl Mistake {
    pub fn finding(&self) -> Finding {
        let says = format!("{} is not used: {}", self.at.path, self.says);
        let head = Head { id: BROKEN, group: Group::Own, severity: Severity::Error, hypothesis: false };
        Draft::new(self.at.path.clone(), &self.at, says)
            .why("What the rule should find goes unseen.")
            .help("mend the page; `seam rules --check` tries it, docs/own-rules.md lists what a condition may say")
            .under(&head)
    }
}

/// The text between the title and the first block or heading: why the rule is there.
fn paragraph(text: &str) -> String {
    let lines = text.lines().skip_while(|l| !l.starts_with("# ")).skip(1);
    let lines: Vec<&str> =
        lines.take_while(|l| !l.starts_with("```") && !l.starts_with("## ")).map(str::trim).collect();
    lines.join(" ").trim().to_owned()
}

fn placeholders(message: &str) -> Vec<&str> {
    message.split('{').skip(1).filter_map(|p| p.split_once('}')).map(|(name, _)| name).collect()
}

fn filled(message: &str, row: &Row) -> String {
    let mut out = message.to_owned();
    for name in placeholders(message) {
        out = out.replace(&format_smolstr!("{{{name}}}").to_string(), &row.shown(name));
    }
    out
}
