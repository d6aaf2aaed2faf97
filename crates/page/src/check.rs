//! What a page expects against what is so.

use crate::parse::{Block, Page, parse};
use seam_detect::own::OwnRule;
use seam_detect::{Finding, Limits, Rule};
use seam_extract::File;
use seam_facts::{Claim, Fact, FactBase, SmolStr};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The result for one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `-` lines are expected and missing, `+` lines are there and not expected; empty: all is well.
    pub difference: Vec<String>,
    /// The page with its expectation written anew.
    pub renewed: String,
}

/// The `facts` block: every fact that the extractors of this page state about its files.
///
/// What links across files (`constant`, `return`, `pass`, `uses` lines) is compared only by pages that list such lines:
/// almost every file states some, and they would bury what the page is about. A page may quote what other extractors state
/// about its files; then that must be so too.
pub fn facts(text: &str, extractors: &[&str]) -> Outcome {
    let page = parse(text);
    let listed = page.block("facts").map(|b| b.text.clone()).unwrap_or_default();
    let lists = |word: &str| listed.lines().any(|l| l.split(' ').nth(1) == Some(word));
    let quoted: BTreeSet<&str> = listed.lines().map(str::trim_end).collect();
    let mut actual: Vec<String> = Vec::new();
    for (path, source) in page.files() {
        let found = seam_extract::extract(&File { path, text: source });
        // An empty value leaves a blank at the end, which editors take away.
        let line = |fact: &Fact| format!("{path}:{} {}", fact.at.line, fact.claim).trim_end().to_owned();
        let (own, others): (Vec<&Fact>, Vec<&Fact>) =
            found.facts.iter().partition(|f| extractors.contains(&f.by.as_str()));
        let wanted = |fact: &&Fact| match &fact.claim {
            Claim::Constant(_) => lists("constant"),
            Claim::Return(_) => lists("return"),
            Claim::Pass(_) => lists("pass"),
            Claim::Uses(_) => lists("uses"),
            Claim::Steps(_) => lists("steps"),
            Claim::Service(_)
            | Claim::Alias(_)
            | Claim::Build(_)
            | Claim::Setting(_)
            | Claim::Profile(_)
            | Claim::Module(_)
            | Claim::Depends(_)
            | Claim::Endpoint(_)
            | Claim::Mount(_)
            | Claim::Call(_)
            | Claim::Route(_)
            | Claim::Message(_)
            | Claim::Store(_)
            | Claim::Access(_)
            | Claim::Policy(_)
            | Claim::Schema(_)
            | Claim::Read(_)
            | Claim::Test(_)
            | Claim::Shape(_)
            | Claim::Body(_)
            | Claim::Write(_)
            | Claim::Intake(_)
            | Claim::Alter(_)
            | Claim::Columns(_)
            | Claim::Region(_)
            | Claim::Attempts(_)
            | Claim::KeyUse(_)
            | Claim::Status(_)
            | Claim::Fallback(_)
            | Claim::Allow(_)
            | Claim::OwnRule(_)
            | Claim::Owner(_) => true,
        };
        actual.extend(own.into_iter().filter(wanted).map(line));
        for line in others.into_iter().map(line) {
            if quoted.contains(line.as_str()) && !actual.contains(&line) {
                actual.push(line);
            }
        }
    }
    compare(text, &page, "facts", &actual)
}

/// The facts of a page's files.
pub fn base<'p>(files: impl Iterator<Item = (&'p str, &'p str)>) -> FactBase {
    let mut base = FactBase::default();
    for (path, source) in files {
        base.insert(SmolStr::from(path), Arc::new(seam_extract::extract(&File { path, text: source })));
    }
    base
}

/// What linking makes of files.
pub fn linked<'p>(files: impl Iterator<Item = (&'p str, &'p str)>) -> seam_graph::Graph {
    seam_graph::link(&base(files), &seam_graph::Options::default())
}

/// The `findings` blocks of a rule's page: every heading with files is a workspace of its own, and its block lists what the
/// rule finds in it, each with its chain; an empty block says that the rule is silent.
pub fn findings(text: &str, rule: &Rule) -> Outcome {
    let mut outcome = Outcome { difference: Vec::new(), renewed: text.to_owned() };
    for section in 0..=parse(text).headings.len() {
        let page = parse(&outcome.renewed);
        if page.files_of(section).next().is_none() {
            continue;
        }
        let actual: Vec<String> = found(&page, section, &[rule], &[]).iter().flat_map(shown).collect();
        let heading = section.checked_sub(1).map_or("", |i| page.headings[i].as_str());
        let Some(block) = page.blocks.iter().find(|b| b.info == "findings" && b.section == section) else {
            outcome.difference.push(format!("- a `findings` block under `## {heading}`"));
            continue;
        };
        let next = against(&outcome.renewed, block, &actual);
        outcome.difference.extend(next.difference.into_iter().map(|d| format!("{heading}: {d}")));
        outcome.renewed = next.renewed;
    }
    outcome
}

/// What is not as the page of a workspace's own rule says: the rule must find something under `## Fires…`, nothing under
/// `## Silent…`, and what a `findings` block lists where there is one.
pub fn tried(rule: &OwnRule) -> Vec<String> {
    let page = parse(&rule.page);
    let mut wrong = Vec::new();
    let mut fires = false;
    for (index, heading) in page.headings.iter().enumerate() {
        let section = index + 1;
        if page.files_of(section).next().is_none() {
            continue;
        }
        let actual: Vec<String> = found(&page, section, &[], &[rule]).iter().flat_map(shown).collect();
        fires |= heading.starts_with("Fires");
        if let Some(block) = page.blocks.iter().find(|b| b.info == "findings" && b.section == section) {
            let difference = against(&rule.page, block, &actual).difference;
            wrong.extend(difference.into_iter().map(|d| format!("{heading}: {d}")));
        } else if heading.starts_with("Fires") && actual.is_empty() {
            wrong.push(format!("{heading}: nothing is found"));
        } else if heading.starts_with("Silent") {
            wrong.extend(actual.into_iter().map(|line| format!("{heading}: + {line}")));
        }
    }
    if !fires {
        wrong.push("the page has no files under a heading `## Fires`, so nobody knows whether the rule can".to_owned());
    }
    wrong
}

/// What rules find in the workspace under one heading.
fn found(page: &Page, section: usize, rules: &[&Rule], own: &[&OwnRule]) -> Vec<Finding> {
    let base = base(page.files_of(section));
    let graph = seam_graph::link(&base, &seam_graph::Options::default());
    let (rules, own) = (rules.iter().copied(), own.iter().copied());
    seam_detect::detect(&graph, &base, &limits(page.files_of(section)), rules, own)
}

/// The budgets that a section's `seam.toml` states; reading the whole of that file is the engine's business.
fn limits<'p>(mut files: impl Iterator<Item = (&'p str, &'p str)>) -> Limits {
    let mut limits = Limits::default();
    let Some((_, text)) = files.find(|(path, _)| *path == "seam.toml") else { return limits };
    for (key, value) in text.lines().filter_map(|l| l.split_once('=')) {
        let Ok(value) = value.trim().parse::<u64>() else { continue };
        match key.trim() {
            "attempts" => limits.attempts = value,
            "depth" => limits.depth = usize::try_from(value).unwrap_or(usize::MAX),
            "deadline" => limits.deadline = value.saturating_mul(1_000),
            _ => {}
        }
    }
    limits
}

/// A finding as pages show it: what and where, then a line for each place of the chain.
fn shown(finding: &Finding) -> Vec<String> {
    let mut out =
        vec![format!("{} {}:{} {}", finding.severity.word(), finding.at.path, finding.at.at.line, finding.message)];
    if !finding.why.is_empty() {
        out.push(format!("  why: {}", finding.why));
    }
    out.extend(finding.chain.iter().map(|l| format!("  {}:{} {}", l.at.path, l.at.at.line, l.says)));
    out.extend(finding.open.iter().map(|o| format!("  open: {o}")));
    if let Some(fix) = &finding.fix {
        out.push(format!("  fix: {}:{} `{}` -> `{}`", fix.path, fix.line, fix.from, fix.to));
    }
    out
}

/// The `edges` block: what linking makes of the page's files, as `FROM -> TO KIND PATH:LINE`.
pub fn edges(text: &str) -> Outcome {
    let page = parse(text);
    let graph = linked(page.files());
    let name = |node: usize| graph.nodes.get(node).map_or("?", |n| n.name.as_str());
    let line = |e: &seam_graph::Edge| {
        let at = e.proof.first();
        format!("{} -> {} {} {}:{}", name(e.from), name(e.to), e.kind.word(), at.path, at.at.line)
    };
    let actual: Vec<String> = graph.edges.iter().map(line).collect();
    compare(text, &page, "edges", &actual)
}

fn compare(text: &str, page: &Page, block: &str, actual: &[String]) -> Outcome {
    let Some(expected) = page.block(block) else {
        let renewed = format!("{}\n\n```{block}\n{}```\n", text.trim_end(), joined(actual));
        let missing = format!("- a `{block}` block");
        return Outcome {
            difference: std::iter::once(missing).chain(actual.iter().map(|l| format!("+ {l}"))).collect(),
            renewed,
        };
    };
    against(text, expected, actual)
}

/// A block against the lines that it should have, in any order.
pub fn against(text: &str, expected: &Block, actual: &[String]) -> Outcome {
    let wanted: Vec<&str> = expected.text.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
    let mut difference = Vec::new();
    // The order within a file's line is the extractor's affair; a page may list in any order.
    let mut left: Vec<&str> = actual.iter().map(String::as_str).collect();
    for line in &wanted {
        match left.iter().position(|l| l == line) {
            Some(at) => drop(left.remove(at)),
            None => difference.push(format!("- {line}")),
        }
    }
    difference.extend(left.iter().map(|l| format!("+ {l}")));
    let lines: Vec<&str> = text.lines().collect();
    let (from, to) = expected.lines;
    let before = lines[..from].iter().map(|l| format!("{l}\n")).collect::<String>();
    let after = lines[to..].iter().map(|l| format!("{l}\n")).collect::<String>();
    let renewed = if difference.is_empty() { text.to_owned() } else { before + &joined(actual) + &after };
    Outcome { difference, renewed }
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|l| format!("{l}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_anew_touches_only_the_expectation() {
        let text = "# x\n\nwords\n\n```facts\nold\n```\n\n## Limits\n\n- none\n";
        let outcome = compare(text, &parse(text), "facts", &["new".to_owned()]);
        assert_eq!(outcome.difference, ["- old", "+ new"]);
        assert_eq!(outcome.renewed, text.replace("old", "new"));
    }
}
