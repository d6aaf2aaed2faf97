//! From an incident to a rule of the workspace's own that finds it: the difference between the faulty and the repaired state that the
//! incident speaks of, as a page, tried on both.
//!
//! Invariant: a guard fires on the faulty state and is silent on the repaired one, or there is none; the page holds the files that show both
//! where they are few enough, and is tried on them as every page is.

use crate::{Refusal, Snapshot};
use seam_detect::own::{Apart, OwnRule, apart};
use seam_detect::{Cx, detect};
use seam_learn::{Entry, heading};
use seam_verify::schedule::{MEMORY, Suspicion};
use std::collections::BTreeSet;

/// A rule that tells them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    pub name: String,
    /// Where its page belongs, workspace-relative.
    pub path: String,
    pub text: String,
    /// What it stands on.
    pub says: String,
    /// The incident names a rule, and this stands on something else that the repair changed at that place.
    pub beside: bool,
    /// Where it fires in the faulty state: `path:line`.
    pub fires: Vec<String>,
    /// Built-in rules that find something there, and no longer after the repair.
    pub built_in: Vec<String>,
    /// What was tried and did not tell them apart.
    pub refused: Vec<String>,
}

/// Examples larger than that are left out: a page is read by people.
const FILE: usize = 12_000;
const FILES: usize = 10;

/// Makes a guard of an incident. Both states come with their texts, so that the page can show them.
pub fn guard(entry: &Entry, name: Option<&str>, faulty: &Snapshot, repaired: &Snapshot) -> Result<Guard, Refusal> {
    let name = guard_name(entry, name)?;
    let (before, after) = (faulty.graph(None), repaired.graph(None));
    let limits = (faulty.settings().detect.limits(), repaired.settings().detect.limits());
    let (was, is) = (Cx::new(&before, faulty.base(), &limits.0), Cx::new(&after, repaired.base(), &limits.1));
    let mut all: Vec<(u8, Apart)> = apart(&was, &is).into_iter().map(|a| (distance(entry, &a), a)).collect();
    let near: Vec<(u8, Apart)> = all.iter().filter(|(n, _)| *n < FAR).cloned().collect();
    // An incident that names nothing of the map: what the repair changed is all there is to go by.
    if !near.is_empty() {
        all = near;
    } else if !entry.cause.is_empty() || !entry.services.is_empty() {
        all.clear();
    }
    // What a built-in rule finds comes first where the incident is about that rule, and after what the repair changed otherwise.
    let meant = |a: &Apart| a.rule.is_some() && a.rule == entry.rule;
    // Where it is known what was wrong, something else that is wrong there is no guard of it.
    let known = entry.rule.as_deref().is_some_and(|r| seam_detect::rule(r).is_some());
    all.retain(|(_, a)| a.rule.is_none() || !known || meant(a));
    all.sort_by_key(|(near, a)| (!meant(a), *near, a.rank, a.rule.is_some()));
    let built_in = found_by(faulty, repaired);
    let mut refused = Vec::new();
    for (_, candidate) in &all {
        let text = page(&name, entry, candidate, &[]);
        match fires(&text, faulty, repaired) {
            Ok(fires) => {
                let text = with_examples(&name, entry, candidate, faulty, repaired).unwrap_or(text);
                let path = format!("seam/rules/{name}.md");
                let beside = entry.rule.is_some() && !meant(candidate);
                return Ok(Guard { name, path, text, says: candidate.says.clone(), beside, fires, built_in, refused });
            }
            Err(why) => refused.push(format!("{}: {why}", candidate.says)),
        }
    }
    let message = format!("no rule tells the faulty state from the repaired one for `{}`", entry.id);
    let hint = match (built_in.as_slice(), refused.as_slice()) {
        ([first, ..], _) => format!("the built-in rule {first} does: make it an error in `seam.toml`"),
        ([], [first, ..]) => format!("tried: {first}"),
        ([], []) if all.is_empty() => {
            "nothing of what the incident names is other in the map of the two states: is the revision right, \
            or does the fault lie where no map reaches? `seam learn edit` can say the cause more exactly"
                .to_owned()
        }
        ([], []) => "write a page by hand: `seam rules --new NAME`".to_owned(),
    };
    Err(Refusal::usage(message, hint))
}

/// Services that an incident names, for whoever looks for faults that show it.
pub fn suspicion(entry: &Entry) -> Suspicion {
    let rule = entry.rule.as_ref().map(ToString::to_string).unwrap_or_default();
    Suspicion { key: format!("{MEMORY}{}", entry.id), rule, services: ends(entry), ..Suspicion::default() }
}

/// The services at fault: both ends of an interaction, or who stands alone.
fn ends(entry: &Entry) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for key in &entry.cause {
        let parts: Vec<&str> = key.as_str().split('/').collect();
        match parts.as_slice() {
            ["edge", from, _, to, ..] => out.extend([(*from).to_owned(), (*to).to_owned()]),
            [_, name, ..] => out.push((*name).to_owned()),
            _ => {}
        }
    }
    if out.is_empty() {
        out.extend(entry.services.iter().map(ToString::to_string));
    }
    let mut seen = BTreeSet::new();
    out.retain(|s| seen.insert(s.clone()));
    out
}

/// How near what a run showed is to what an incident says was at fault, the nearest first; nothing where it speaks of others. Faults that
/// somebody chose are meant, wherever they show.
pub fn nearness(entry: &Entry, rule: &str, services: &[String], chosen: bool) -> Option<usize> {
    let guilty = ends(entry);
    let shared = guilty.iter().filter(|g| services.contains(g)).count();
    if !chosen && !guilty.is_empty() && shared == 0 {
        return None;
    }
    let other = usize::from(entry.rule.as_deref() != Some(rule));
    Some(other + 2 * (guilty.len() - shared))
}

const FAR: u8 = 4;

/// How near a difference is to what the incident says was at fault.
fn distance(entry: &Entry, apart: &Apart) -> u8 {
    let cause = |name: &str| entry.cause.iter().any(|k| k.as_str().split('/').skip(1).any(|p| p == name));
    if apart.about.iter().any(|k| k.as_str().starts_with("edge/") && entry.cause.contains(k)) {
        0
    } else if apart.about.iter().any(|k| entry.cause.contains(k)) {
        1
    } else if apart.names.iter().any(|n| cause(n)) {
        2
    } else if apart.names.iter().any(|n| entry.services.iter().any(|s| s == n)) {
        3
    } else {
        FAR
    }
}

/// Where a page's rule fires in the faulty state, if it is silent in the repaired one.
fn fires(text: &str, faulty: &Snapshot, repaired: &Snapshot) -> Result<Vec<String>, String> {
    let rule = OwnRule::of(text, "guard.md").map_err(|m| m.says)?;
    let find = |s: &Snapshot| detect(&s.graph(None), s.base(), &s.settings().detect.limits(), [], [&rule]);
    let (before, after) = (find(faulty), find(repaired));
    match (before.is_empty(), after.first()) {
        (true, _) => Err("it finds nothing in the faulty state".to_owned()),
        (false, Some(still)) => Err(format!("it still finds {}:{} after the repair", still.at.path, still.at.at.line)),
        (false, None) => Ok(before.iter().map(|f| format!("{}:{}", f.at.path, f.at.at.line)).collect()),
    }
}

/// Built-in rules whose findings the repair ends.
fn found_by(faulty: &Snapshot, repaired: &Snapshot) -> Vec<String> {
    let after: BTreeSet<_> = repaired.detected(None, false).iter().map(|f| f.key.clone()).collect();
    let gone = faulty.detected(None, false);
    let gone = gone.iter().filter(|f| !after.contains(&f.key) && f.group != "own");
    let rules: BTreeSet<String> = gone.map(|f| format!("`{}`", f.rule)).collect();
    rules.into_iter().collect()
}

/// What a guard of an entry is called.
pub fn guard_name(entry: &Entry, name: Option<&str>) -> Result<String, Refusal> {
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if let Some(name) = name {
        if name.is_empty() || !name.chars().all(kebab) || seam_detect::rule(name).is_some() {
            return Err(Refusal::usage(
                format!("`{name}` cannot be the name of a rule"),
                "name the bad thing in lower case with hyphens, as in `ledger-bypassed`",
            ));
        }
        return Ok(name.to_owned());
    }
    // The entry's name without its day and its hash.
    let id = entry.id.as_str();
    let slug = id.get(11..id.len().saturating_sub(9)).filter(|s| !s.is_empty() && s.chars().all(kebab));
    let slug = slug.unwrap_or("guard").trim_matches('-');
    Ok(format!("again-{slug}"))
}

type Example<'f> = (&'f str, Vec<(String, String)>);

fn page(name: &str, entry: &Entry, apart: &Apart, examples: &[Example<'_>]) -> String {
    let why = entry.part(heading::CAUSE).unwrap_or(&entry.title).lines().next().unwrap_or_default();
    let help = entry.part(heading::FIX).and_then(|f| f.lines().next()).unwrap_or("see the incident").to_owned();
    let mut out = format!(
        "# {name}\n\nIt happened before: {} ({}). {}\n\n```rule\nseverity = \"error\"\n{}help = {}\n```\n",
        entry.title.trim_end_matches('.'),
        entry.id,
        plain(why),
        apart.block,
        toml::Value::String(help)
    );
    for (heading, files) in examples {
        out.push_str(&format!("\n## {heading}\n"));
        for (path, text) in files {
            let language = path.rsplit('.').next().filter(|e| e.len() <= 4).unwrap_or("text");
            out.push_str(&format!("\n```{language} file={path}\n{}\n```\n", text.trim_end()));
        }
    }
    out
}

/// A sentence that opens no block and no heading.
fn plain(text: &str) -> String {
    text.trim_start_matches(['#', '`', '-', '>', ' ']).to_owned()
}

/// The page with the files that show both states, if it holds on them; fewer files first.
fn with_examples(name: &str, entry: &Entry, apart: &Apart, faulty: &Snapshot, repaired: &Snapshot) -> Option<String> {
    let mut few: BTreeSet<String> = apart.paths.iter().cloned().collect();
    for snapshot in [faulty, repaired] {
        let graph = snapshot.graph(None);
        let nodes = graph.nodes.iter().filter(|n| apart.names.iter().any(|name| n.name == name.as_str()));
        few.extend(nodes.flat_map(|n| n.proof.iter()).map(|e| e.path.to_string()));
    }
    let mut more = few.clone();
    let graph = faulty.graph(None);
    for node in graph.nodes.iter().filter(|n| apart.names.iter().any(|name| n.name == name.as_str())) {
        more.extend(node.own.iter().map(ToString::to_string));
    }
    [few, more].into_iter().filter(|paths| paths.len() <= FILES).find_map(|paths| {
        let of = |s: &Snapshot| -> Option<Vec<(String, String)>> {
            let texts = paths.iter().filter_map(|p| s.texts().read(p).map(|t| (p.clone(), crate::excerpt(p, &t))));
            let texts: Vec<(String, String)> = texts.collect();
            let fits = texts.iter().all(|(_, t)| t.len() <= FILE && !t.contains("```"));
            (fits && !texts.is_empty()).then_some(texts)
        };
        let text = page(name, entry, apart, &[("Fires", of(faulty)?), ("Silent: repaired", of(repaired)?)]);
        let rule = OwnRule::of(&text, "guard.md").ok()?;
        seam_page::tried(&rule).is_empty().then_some(text)
    })
}
