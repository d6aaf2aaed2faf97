//! What a history of commits shows: services whose files change together, what was reverted, what needed mending.
//!
//! Invariant: these are weak: each entry says from which commits it comes and how often, and fades within months. Commits that touch
//! nearly everything (formatting, licences) say nothing, and neither do those that only bump what services are built with: robots do
//! that to all services of a language at once.

use crate::entry::{Entry, Kind, heading};
use seam_facts::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// One commit without merges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    pub id: SmolStr,
    /// `2024-05-01`.
    pub date: SmolStr,
    pub subject: String,
    /// Files that it touches, workspace-relative.
    pub files: Vec<String>,
}

/// A commit of more services than that is no sign of anything between two of them.
const WIDE: usize = 5;
/// So often two services have to change together, and in this share of the changes of the one that changes less.
const TIMES: usize = 3;
const SHARE: f64 = 0.3;
/// Words of subjects that say that something was mended.
const MENDED: &[&str] = &["fix", "fixes", "fixed", "hotfix", "bug", "bugfix", "regression", "outage", "incident"];
/// So many reverts are told at most, the newest first.
const REVERTS: usize = 50;

/// Patterns of a history, given who owns a file. Commits come the newest first.
pub fn mine(commits: &[Commit], owner: &dyn Fn(&str) -> Option<SmolStr>) -> Vec<Entry> {
    let mut alone: BTreeMap<SmolStr, usize> = BTreeMap::new();
    let mut pairs: BTreeMap<(SmolStr, SmolStr), Vec<&Commit>> = BTreeMap::new();
    let mut out = Vec::new();
    let mut reverts = 0;
    for commit in commits {
        let touched: BTreeSet<SmolStr> = commit.files.iter().filter_map(|f| owner(f)).collect();
        if let Some(what) =
            reverted(commit, commits).filter(|_| reverts < REVERTS && (1..=WIDE).contains(&touched.len()))
        {
            reverts += 1;
            out.push(revert(commit, &what, &touched));
        }
        let own = commit.files.iter().filter(|f| !is_manifest(f));
        let services: BTreeSet<SmolStr> = own.filter_map(|f| owner(f)).collect();
        if services.is_empty() || services.len() > WIDE {
            continue;
        }
        for service in &services {
            *alone.entry(service.clone()).or_default() += 1;
        }
        let all: Vec<&SmolStr> = services.iter().collect();
        for (at, a) in all.iter().enumerate() {
            for b in &all[at + 1..] {
                pairs.entry(((*a).clone(), (*b).clone())).or_default().push(commit);
            }
        }
    }
    for ((a, b), together) in &pairs {
        let count = |s: &SmolStr| alone.get(s).copied().unwrap_or_default();
        let least = count(a).min(count(b)).max(1);
        let share = together.len() as f64 / least as f64;
        if together.len() >= TIMES && share >= SHARE {
            out.push(pattern(a, b, together, least, share));
        }
    }
    out
}

fn pattern(a: &SmolStr, b: &SmolStr, together: &[&Commit], of: usize, share: f64) -> Entry {
    let newest = together.first().copied().cloned().unwrap_or_default();
    let mended = together.iter().filter(|c| is_mended(&c.subject)).count();
    let mut entry = Entry {
        kind: Kind::Pattern,
        date: newest.date,
        title: format!("{a} and {b} change together"),
        services: vec![a.clone(), b.clone()],
        // Never as much as one incident.
        weight: Some((share.min(1.0) * 30.0).round() / 100.0),
        ..Entry::default()
    };
    let mut says = format!("{} of {of} commits of the one that changes less touch both", together.len());
    if mended > 0 {
        says.push_str(&format!("; {mended} of them {} something", if mended == 1 { "mends" } else { "mend" }));
    }
    entry.tell(heading::SEEN, &format!("{says}."));
    let lines: Vec<String> = together.iter().take(5).map(|c| line(c)).collect();
    entry.tell(heading::PROOF, &lines.join("\n"));
    entry
}

fn revert(commit: &Commit, what: &str, services: &BTreeSet<SmolStr>) -> Entry {
    let mut entry = Entry {
        kind: Kind::Pattern,
        date: commit.date.clone(),
        title: format!("was reverted: {what}"),
        services: services.iter().cloned().collect(),
        commit: Some(commit.id.clone()),
        weight: Some(0.2),
        ..Entry::default()
    };
    entry.tell(heading::PROOF, &line(commit));
    entry
}

fn line(commit: &Commit) -> String {
    format!("- `{}` {} {}", commit.id, commit.date, commit.subject)
}

/// What a commit takes back: `Revert "…"`, `revert: …`, or `Revert #12` by what that request said.
fn reverted(commit: &Commit, all: &[Commit]) -> Option<String> {
    let (first, rest) = commit.subject.split_once(' ')?;
    if !matches!(first.trim_end_matches(':').to_ascii_lowercase().as_str(), "revert" | "reverts" | "rollback") {
        return None;
    }
    // The number of the request that takes it back says nothing of what is taken back.
    let what = rest.rsplit_once(" (#").filter(|(_, n)| n.ends_with(')')).map_or(rest, |(what, _)| what);
    let what = what.trim().trim_matches('"').trim();
    let named = what.strip_prefix('#').filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let known = named.and_then(|n| all.iter().find(|c| c.subject.trim_end().ends_with(&format!("(#{n})"))));
    let what = known.map_or(what, |c| c.subject.as_str());
    // A revert of a revert brings something back.
    (!what.is_empty() && !what.to_ascii_lowercase().starts_with("revert")).then(|| what.to_owned())
}

/// Files that say what a service is built with: a robot's bump touches nothing else.
fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let lock = name.ends_with(".lock") || name.ends_with("-lock.json") || name.ends_with("-lock.yaml");
    let project = [".csproj", ".fsproj", ".gradle", ".gradle.kts", ".gemspec"].iter().any(|e| name.ends_with(e));
    lock || project
        || matches!(
            name,
            "package.json"
                | "npm-shrinkwrap.json"
                | "go.mod"
                | "go.sum"
                | "go.work.sum"
                | "pom.xml"
                | "Cargo.toml"
                | "requirements.txt"
                | "pyproject.toml"
                | "Pipfile"
                | "composer.json"
                | "Gemfile"
                | "mix.exs"
                | "Directory.Packages.props"
                | "packages.config"
                | "gradle.properties"
                | "libs.versions.toml"
        )
}

fn is_mended(subject: &str) -> bool {
    subject.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|w| MENDED.contains(&w))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_change_together_and_reverts_are_found() {
        let commit = |id: &str, subject: &str, files: &[&str]| Commit {
            id: id.into(),
            date: "2024-05-01".into(),
            subject: subject.into(),
            files: files.iter().map(|f| (*f).to_owned()).collect(),
        };
        let wide: Vec<String> = (0..9).map(|n| format!("s{n}/x")).collect();
        let wide: Vec<&str> = wide.iter().map(String::as_str).collect();
        let history = [
            commit("1", "Fix totals", &["orders/a.py", "checkout/b.js"]),
            commit("2", "Round totals", &["orders/a.py", "checkout/b.js"]),
            commit("3", "Revert \"Cache totals\"", &["orders/a.py"]),
            commit("4", "Totals", &["orders/a.py", "checkout/c.js"]),
            commit("5", "License", &wide),
            commit("6", "Mail", &["mailer/m.py", "orders/a.py"]),
            commit("7", "Bump a group", &["mailer/go.mod", "orders/go.mod"]),
            commit("8", "Bump a group", &["mailer/go.sum", "orders/go.mod"]),
            commit("9", "revert #21 (#22)", &["mailer/m.py"]),
            commit("10", "Queue mails (#21)", &["mailer/m.py"]),
        ];
        let owner = |path: &str| path.split('/').next().map(SmolStr::from);
        let found = mine(&history, &owner);
        let titles: Vec<&str> = found.iter().map(|e| e.title.as_str()).collect();
        assert_eq!(
            titles,
            ["was reverted: Cache totals", "was reverted: Queue mails (#21)", "checkout and orders change together"]
        );
        assert!(found[2].part(heading::SEEN).is_some_and(|s| s.starts_with("3 of 3") && s.contains("1 of them")));
    }
}
