//! Scores the comparison of contracts against other tools' own suites: `cargo xtask contracts BENCHDIR [BUFDIR]`.
//!
//! - **OpenAPI** (`openapi/cases.json`, from oasdiff): breaking or not for each pair, and the multiset of (id, level,
//!   operation, path) of everything that the tool reports.
//! - **protocol buffers** (`protobuf/cases.json`, from buf; `BUFDIR` is a checkout of it): the multiset of (file, rule, line)
//!   under the rules that the case's configuration puts in force.
//! - **GraphQL** (`graphql/cases.json`, from graphql-js): the multiset of (type of change, element).
//!
//! Every miss is printed.

use seam_plan::tree::{self, Node};
use seam_plan::{Change, Kind, Level, Options, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub fn run(bench: &Path, buf: Option<&Path>) -> Result<String, String> {
    let mut out = String::new();
    openapi(&bench.join("openapi"), &mut out)?;
    if let Some(buf) = buf {
        protobuf(&bench.join("protobuf"), buf, &mut out)?;
    }
    graphql(&bench.join("graphql"), &mut out)?;
    Ok(out)
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))
}

/// How often each thing is there.
type Bag = BTreeMap<Vec<String>, usize>;

fn bag(items: impl IntoIterator<Item = Vec<String>>) -> Bag {
    let mut out = Bag::new();
    items.into_iter().for_each(|i| *out.entry(i).or_default() += 1);
    out
}

/// In both, only in the first, only in the second.
fn overlap(wanted: &Bag, found: &Bag) -> (usize, Vec<String>, Vec<String>) {
    let lacking = |a: &Bag, b: &Bag| -> Vec<String> {
        let missing = |(k, n): (&Vec<String>, &usize)| {
            let left = n.saturating_sub(b.get(k).copied().unwrap_or_default());
            vec![k.join(" "); left]
        };
        a.iter().flat_map(missing).collect()
    };
    let both = wanted.iter().map(|(k, n)| (*n).min(found.get(k).copied().unwrap_or_default())).sum();
    (both, lacking(wanted, found), lacking(found, wanted))
}

fn misses(out: &mut String, name: &str, missing: &[String], extra: &[String]) {
    for (sign, list) in [("-", missing), ("+", extra)] {
        for miss in list.iter().take(5) {
            out.push_str(&format!("  {name}: {sign} {miss}\n"));
        }
    }
}

fn openapi(folder: &Path, out: &mut String) -> Result<(), String> {
    let cases = text(&folder.join("cases.json"))?;
    let (root, _) = tree::read(&cases);
    let (mut pairs, mut right, mut identical, mut both, mut lost, mut more) = (0, 0, 0, 0, 0, 0);
    let today = seam_host::today().and_then(|d| seam_plan::openapi::day(&d));
    let options = Options { today, ..Options::default() };
    for case in root.get("cases").map(Node::items).unwrap_or_default() {
        let wanted = case.get("full_changelog").map(Node::items).unwrap_or_default();
        let wanted =
            bag(wanted.iter().map(|c| ["id", "level", "operation", "path"].map(|k| c.word(k).to_owned()).to_vec()));
        let (base, revision) = (files(folder, case.word("base"))?, files(folder, case.word("revision"))?);
        let changes = seam_plan::compare(&views(&base), &views(&revision), Kind::OpenApi, &options).0;
        let level = |c: &Change| match c.rule.level {
            Level::Breaking => "ERR",
            Level::Warning => "WARN",
            Level::Safe => "INFO",
        };
        let one = |c: &Change| vec![c.rule.id.to_owned(), level(c).to_owned(), c.operation.to_string(), c.path.clone()];
        let found = bag(changes.iter().map(one));
        let breaks = |bag: &Bag| bag.keys().any(|k| k[1] != "INFO");
        let (same, missing, extra) = overlap(&wanted, &found);
        pairs += 1;
        right += usize::from(breaks(&wanted) == breaks(&found));
        identical += usize::from(wanted == found);
        (both, lost, more) = (both + same, lost + missing.len(), more + extra.len());
        misses(out, case.word("name"), &missing, &extra);
    }
    let f1 = 2.0 * both as f64 / (2 * both + lost + more).max(1) as f64;
    out.push_str(&format!(
        "openapi: {right} of {pairs} breaking or not, {identical} identical; ids: {both} found, {lost} missed, {more} too many, F1 {f1:.4}\n"
    ));
    Ok(())
}

/// A description with what it refers to, named relative to the folder.
fn files(folder: &Path, name: &str) -> Result<Vec<(String, String)>, String> {
    let mut all = vec![(name.to_owned(), text(&folder.join(name))?)];
    let mut next = 0;
    while next < all.len() && all.len() < 100 {
        let parent = Path::new(&all[next].0).parent().map(Path::to_owned).unwrap_or_default();
        for reference in seam_plan::references(&all[next].1.clone()) {
            let path = parent.join(reference).to_string_lossy().replace("/./", "/");
            if all.iter().all(|(n, _)| *n != path)
                && let Ok(content) = std::fs::read_to_string(folder.join(&path))
            {
                all.push((path, content));
            }
        }
        next += 1;
    }
    Ok(all)
}

fn views(files: &[(String, String)]) -> Vec<Text<'_>> {
    files.iter().map(|(name, text)| Text { name, text }).collect()
}

fn protobuf(folder: &Path, buf: &Path, out: &mut String) -> Result<(), String> {
    let cases = text(&folder.join("cases.json"))?;
    let (root, _) = tree::read(&cases);
    let data = buf.join("private/bufpkg/bufcheck/testdata/breaking");
    let (mut all, mut identical) = (0, 0);
    for case in root.get("cases").map(Node::items).unwrap_or_default() {
        let line = |c: &Node<'_>| c.number("start_line").map_or(String::new(), |n| format!("{n}"));
        let wanted = case.get("expected").map(Node::items).unwrap_or_default();
        let wanted = bag(wanted.iter().map(|c| vec![c.word("path").to_owned(), c.word("rule").to_owned(), line(c)]));
        let config = Config::read(case.word("buf_yaml"));
        let (previous, current) = (data.join(case.word("previous")), data.join(case.word("current")));
        let (base, revision) = (protos(&previous)?, protos(&current)?);
        let hits = seam_plan::proto::hits(&views(&base), &views(&revision), config.stable_only).0;
        let found = bag(hits.iter().filter(|c| config.counts(c)).map(|c| {
            let place = c.revision.as_ref();
            let line = place.filter(|p| p.line > 0).map_or(String::new(), |p| p.line.to_string());
            vec![place.map_or(String::new(), |p| p.file.clone()), c.rule.id.to_owned(), line]
        }));
        let (_, missing, extra) = overlap(&wanted, &found);
        all += 1;
        identical += usize::from(missing.is_empty() && extra.is_empty());
        misses(out, case.word("dir"), &missing, &extra);
    }
    out.push_str(&format!("protobuf: {identical} of {all} cases identical\n"));
    Ok(())
}

/// All `.proto` files of a tree, from the root that its own configuration names.
fn protos(folder: &Path) -> Result<Vec<(String, String)>, String> {
    let own = std::fs::read_to_string(folder.join("buf.yaml")).unwrap_or_default();
    let (own, _) = tree::read(&own);
    let root = own.path(&["build", "roots"]).and_then(|r| r.items().first()).and_then(Node::as_text);
    let root = folder.join(root.unwrap_or("."));
    let (mut out, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "proto") {
                let name = path.strip_prefix(&root).map(|p| p.to_string_lossy().into_owned()).unwrap_or_default();
                out.push((name, text(&path)?));
            }
        }
    }
    out.sort();
    Ok(out)
}

/// What a `buf.yaml` puts in force.
struct Config {
    rules: BTreeSet<&'static str>,
    ignore: Vec<String>,
    stable_only: bool,
}

/// Rules that older versions of the configuration do not have in their categories.
const SINCE_V2: &[&str] = &["EXTENSION_NO_DELETE", "FIELD_SAME_DEFAULT", "PACKAGE_EXTENSION_NO_DELETE"];

impl Config {
    fn read(text: &str) -> Self {
        let (root, _) = tree::read(text);
        let breaking = root.get("breaking");
        let words = |key: &str| -> Vec<String> {
            let list = breaking.and_then(|b| b.get(key)).map(Node::items).unwrap_or_default();
            list.iter().filter_map(Node::as_text).map(str::to_owned).collect()
        };
        let version = root.word("version");
        let mut chosen = words("use");
        if chosen.is_empty() {
            chosen.push("FILE".to_owned());
        }
        let all = |list: &[String]| -> BTreeSet<&'static str> { list.iter().flat_map(|w| meant(w, version)).collect() };
        let rules = all(&chosen).difference(&all(&words("except"))).copied().collect();
        let stable_only = breaking.is_some_and(|b| b.flag("ignore_unstable_packages"));
        Config { rules, ignore: words("ignore"), stable_only }
    }

    fn counts(&self, change: &Change) -> bool {
        let ignored = |path: &str| self.ignore.iter().any(|i| path == i || path.starts_with(&format!("{i}/")));
        let places = [&change.base, &change.revision];
        self.rules.contains(change.rule.id) && !places.iter().any(|p| p.as_ref().is_some_and(|p| ignored(&p.file)))
    }
}

/// The rules that a word stands for: a category, a rule, or a rule by a name that it had.
fn meant(word: &str, version: &str) -> Vec<&'static str> {
    use seam_plan::proto::rules::{FILE, PACKAGE, RULES, WIRE, WIRE_JSON};
    let category = match word {
        "FILE" => FILE,
        "PACKAGE" => PACKAGE,
        "WIRE_JSON" => WIRE_JSON,
        "WIRE" => WIRE,
        _ => {
            return match word {
                "FIELD_SAME_LABEL" => vec![
                    "FIELD_SAME_CARDINALITY",
                    "FIELD_WIRE_COMPATIBLE_CARDINALITY",
                    "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
                ],
                "FIELD_SAME_CTYPE" => vec!["FIELD_SAME_CPP_STRING_TYPE"],
                "FILE_SAME_JAVA_STRING_CHECK_UTF8" => vec!["FIELD_SAME_JAVA_UTF8_VALIDATION"],
                _ => RULES.iter().map(|(r, _)| r.id).filter(|id| *id == word).collect(),
            };
        }
    };
    let old = version != "v2" && !version.is_empty();
    let first = version == "v1beta1";
    let has = |id: &str, categories: u8| match id {
        id if old && SINCE_V2.contains(&id) => false,
        "FIELD_SAME_CARDINALITY" | "FIELD_SAME_TYPE" if first => true,
        "FIELD_WIRE_COMPATIBLE_TYPE" | "FIELD_WIRE_JSON_COMPATIBLE_TYPE" if first => false,
        "FILE_SAME_PACKAGE" if first => category == FILE,
        _ => categories & category != 0,
    };
    RULES.iter().filter(|(r, c)| has(r.id, *c)).map(|(r, _)| r.id).collect()
}

fn graphql(folder: &Path, out: &mut String) -> Result<(), String> {
    let cases = text(&folder.join("cases.json"))?;
    let (root, _) = tree::read(&cases);
    let (mut all, mut identical) = (0, 0);
    for case in root.get("cases").map(Node::items).unwrap_or_default() {
        let breaking = case.word("kind") == "breaking";
        let wanted = case.get("expected").map(Node::items).unwrap_or_default();
        // The description says which element it is about, each kind of change in its own words.
        let wanted: Vec<(String, String)> =
            wanted.iter().map(|c| (c.word("type").to_owned(), c.word("description").to_owned())).collect();
        let (base, revision) = (case.word("base").to_owned(), case.word("revision").to_owned());
        let of = |text| vec![Text { name: "schema.graphql", text }];
        let level = if breaking { Level::Breaking } else { Level::Warning };
        let changes = seam_plan::compare(&of(&base), &of(&revision), Kind::GraphQl, &Options::default()).0;
        let mut left: Vec<&Change> = changes.iter().filter(|c| c.rule.level == level).collect();
        let mut missing = Vec::new();
        for (kind, description) in wanted {
            let about = |c: &&Change| {
                let parts = c.key.split(['.', '(', ')', ':', '@']).filter(|p| !p.is_empty());
                c.rule.id == kind && parts.clone().all(|part| description.contains(part))
            };
            match left.iter().position(about) {
                Some(i) => {
                    left.remove(i);
                }
                None => missing.push(format!("{kind} {description}")),
            }
        }
        let extra: Vec<String> = left.iter().map(|c| format!("{} {}", c.rule.id, c.key)).collect();
        all += 1;
        identical += usize::from(missing.is_empty() && extra.is_empty());
        misses(out, case.word("name"), &missing, &extra);
    }
    out.push_str(&format!("graphql: {identical} of {all} cases identical\n"));
    Ok(())
}
