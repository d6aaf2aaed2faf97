//! Reads one version of a contract: a file with what it refers to, a folder of files, or either at a revision (`REV:path`).
//!
//! Invariant: bounded, sorted, and nothing is read twice. What a contract refers to and nobody can read is left out; the
//! comparison says where it leads nowhere.

use crate::{HostError, git};
use seam_engine::asks::contract::{Text, references};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const MAX_FILES: usize = 20_000;
const MAX_BYTES: usize = 256 * 1024 * 1024;
const MAX_DEPTH: usize = 24;
/// What a folder is read for.
const WANTED: &[&str] = &["proto", "graphql", "graphqls", "gql", "sql", "avsc"];

/// The texts of one version; the contract itself first.
pub fn contract(place: &str) -> Result<Vec<Text>, HostError> {
    let path = Path::new(place);
    if path.is_dir() {
        return Ok(folder(path));
    }
    match place.split_once(':') {
        Some((revision, inner)) if !path.exists() && !revision.is_empty() && revision.len() > 1 => {
            earlier(revision, inner)
        }
        _ => {
            let read = |path: &Path| std::fs::read(path);
            let first = read(path).map_err(|cause| HostError::Root { path: path.to_owned(), cause })?;
            Ok(with_references(place, first, |name| read(Path::new(name)).ok()))
        }
    }
}

fn folder(root: &Path) -> Vec<Text> {
    let (mut out, mut bytes) = (Vec::new(), 0);
    let mut names = Vec::new();
    walk(root, root, 0, &mut names);
    names.sort();
    for name in names {
        if out.len() >= MAX_FILES || bytes >= MAX_BYTES {
            break;
        }
        if let Ok(content) = std::fs::read(root.join(&name)) {
            bytes += content.len();
            out.push(Text { name, text: String::from_utf8_lossy(&content).into_owned() });
        }
    }
    out
}

fn walk(root: &Path, folder: &Path, depth: usize, out: &mut Vec<String>) {
    if depth > MAX_DEPTH || out.len() > MAX_FILES {
        return;
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_none_or(|n| n.to_string_lossy().starts_with('.'));
        if hidden || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, depth + 1, out);
        } else if wanted(&path.to_string_lossy())
            && let Ok(relative) = path.strip_prefix(root)
        {
            out.push(relative.to_string_lossy().replace('\\', "/"));
        }
    }
}

fn wanted(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, e)| WANTED.contains(&e.to_ascii_lowercase().as_str()))
}

fn earlier(revision: &str, inner: &str) -> Result<Vec<Text>, HostError> {
    let root = Path::new(".");
    let inner = inner.trim_start_matches("./").trim_end_matches('/');
    let files = git::at_revision(root, revision, inner)?;
    let text = |content: Option<Vec<u8>>| content.unwrap_or_default();
    if let [(name, content)] = files.as_slice()
        && name == inner
    {
        let content = text(content.clone());
        return Ok(with_references(inner, content, |name| {
            let found = git::at_revision(root, revision, name).ok()?;
            found.into_iter().next().and_then(|(_, content)| content)
        }));
    }
    let below = files.into_iter().filter(|(name, _)| wanted(name)).take(MAX_FILES);
    let named = below.map(|(name, content)| {
        let short = name.strip_prefix(inner).map(|n| n.trim_start_matches('/').to_owned()).unwrap_or(name);
        Text { name: short, text: String::from_utf8_lossy(&text(content)).into_owned() }
    });
    Ok(named.collect())
}

/// A text, and the files that it refers to, each relative to the one that names it.
fn with_references(name: &str, content: Vec<u8>, read: impl Fn(&str) -> Option<Vec<u8>>) -> Vec<Text> {
    let mut out = vec![Text { name: name.to_owned(), text: String::from_utf8_lossy(&content).into_owned() }];
    let mut known: BTreeSet<String> = BTreeSet::from([name.to_owned()]);
    let mut bytes = content.len();
    let tree = [".json", ".yaml", ".yml", ".avsc"].iter().any(|e| name.to_ascii_lowercase().ends_with(e));
    let mut next = 0;
    while tree && next < out.len() && out.len() < MAX_FILES && bytes < MAX_BYTES {
        let folder = Path::new(&out[next].name).parent().map(Path::to_owned).unwrap_or_default();
        for reference in references(&out[next].text) {
            let path = plain(&folder.join(&reference));
            if known.insert(path.clone())
                && let Some(content) = read(&path)
            {
                bytes += content.len();
                out.push(Text { name: path, text: String::from_utf8_lossy(&content).into_owned() });
            }
        }
        next += 1;
    }
    out
}

/// Without `.` and `..` where that is clear.
fn plain(path: &Path) -> String {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out.to_string_lossy().replace('\\', "/")
}

/// The day in UTC, for sunsets.
pub fn today() -> Option<String> {
    let days = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs() / 86_400;
    // Civil from days, by Howard Hinnant.
    let z = i64::try_from(days).ok()? + 719_468;
    let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let of_year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_days = of_era - (365 * of_year + of_year / 4 - of_year / 100);
    let month = (5 * of_days + 2) / 153;
    let day = of_days - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = of_year + era * 400 + i64::from(month <= 2);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_bring_what_they_refer_to() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        std::fs::create_dir(at("s")).unwrap();
        std::fs::write(at("a.yaml"), "x: {$ref: './s/b.yaml#/y'}\nz: {$ref: '#/x'}\n").unwrap();
        std::fs::write(at("s/b.yaml"), "y: {$ref: '../a.yaml#/x'}\nw: {$ref: missing.yaml}\n").unwrap();
        let texts = contract(&at("a.yaml")).unwrap();
        assert_eq!(texts.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), [at("a.yaml"), at("s/b.yaml")]);
        assert!(matches!(contract(&at("none.yaml")), Err(HostError::Root { .. })));
    }

    #[test]
    fn folders_are_read_for_what_can_be_compared() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("p")).unwrap();
        for name in ["p/b.proto", "a.sql", "c.txt"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let texts = contract(&folder.path().to_string_lossy()).unwrap();
        assert_eq!(texts.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(), ["a.sql", "p/b.proto"]);
    }
}
