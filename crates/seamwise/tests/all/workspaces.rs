//! The little systems of `workspaces/`, end to end: the binary's answer against what each story expects.

#![expect(clippy::disallowed_methods, reason = "it runs the binary and reads stories")]

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn workspaces() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../workspaces")
}

fn seam(args: &[&str], folders: &[PathBuf]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_seam")).args(args).args(folders).arg("--no-cache").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn texts(value: &Value) -> BTreeSet<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .map(|v| v.as_str().map_or_else(|| v.to_string(), ToOwned::to_owned))
        .collect()
}

fn difference(what: &str, expected: &BTreeSet<String>, actual: &BTreeSet<String>, out: &mut String) {
    for missing in expected.difference(actual) {
        out.push_str(&format!("  - {what} {missing}\n"));
    }
    for extra in actual.difference(expected) {
        out.push_str(&format!("  + {what} {extra}\n"));
    }
}

fn check(name: &str) {
    let folder = workspaces().join(name);
    assert!(folder.join("STORY.md").is_file(), "{name} has no story");
    let file = folder.join("expected.edges.json");
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let mut folders: Vec<PathBuf> = texts(&expected["roots"]).iter().map(|r| folder.join(r)).collect();
    // Sorted names are not the story's order, which may matter to no map.
    folders.sort();
    if folders.is_empty() {
        folders.push(folder);
    }
    let edges: Value = serde_json::from_str(&seam(&["map", "--format", "edges", "--all"], &folders)).unwrap();
    let mut said = String::new();
    for what in ["nodes", "edges"] {
        difference(what, &texts(&expected[what]), &texts(&edges[what]), &mut said);
    }
    let map: Value = serde_json::from_str(&seam(&["map", "--json"], &folders)).unwrap();
    if expected["problems"].is_array() {
        let problems = map["problems"].as_array().unwrap().iter().map(|p| p["path"].clone()).collect();
        difference("problems", &texts(&expected["problems"]), &texts(&Value::Array(problems)), &mut said);
        let places = map["unresolved"].as_array().unwrap().iter().map(|u| &u["at"]);
        let places = places.map(|at| json!(format!("{}:{}", at["path"].as_str().unwrap(), at["line"]))).collect();
        difference("unresolved", &texts(&expected["unresolved"]), &texts(&Value::Array(places)), &mut said);
    }
    assert!(said.is_empty(), "\n{name} is not what its story says:\n{said}");
}

#[test]
fn bookshop_is_what_its_story_says() {
    check("bookshop");
}

#[test]
fn clinic_is_what_its_story_says() {
    check("clinic");
}

#[test]
fn what_spring_does_by_default_is_on_the_map() {
    check("arcade");
}

#[test]
fn two_repositories_are_one_system() {
    check("parcel");
}

#[test]
fn a_broken_system_is_mapped_as_far_as_it_goes() {
    check("harbour");
}

#[test]
fn every_edge_opens_at_its_evidence() {
    for name in ["bookshop", "clinic"] {
        let folder = workspaces().join(name);
        let edges: Value =
            serde_json::from_str(&seam(&["map", "--format", "edges"], std::slice::from_ref(&folder))).unwrap();
        for edge in edges["edges"].as_array().unwrap() {
            let (path, line) = edge[3].as_str().unwrap().rsplit_once(':').unwrap();
            let text = std::fs::read_to_string(folder.join(path)).unwrap();
            let line: usize = line.parse().unwrap();
            assert!(line >= 1 && line <= text.lines().count(), "{edge}");
        }
    }
}

#[test]
fn the_kiosk_is_what_its_story_says() {
    check("kiosk");
    check("kiosk-repaired");
}

/// Files below a folder, without what is installed or built there.
fn files(folder: &Path, below: &str, out: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if ["node_modules", "target", "bin", ".venv", ".stores", ".seam", ".prepare.lock", "__pycache__"]
            .contains(&name.as_str())
        {
            continue;
        }
        if entry.path().is_dir() {
            files(folder, &path, out);
        } else {
            out.insert(path);
        }
    }
}

#[test]
fn the_repaired_kiosk_differs_only_where_it_says_so() {
    let (faulty, repaired) = (workspaces().join("kiosk"), workspaces().join("kiosk-repaired"));
    let mut all = BTreeSet::new();
    files(&faulty, "", &mut all);
    files(&repaired, "", &mut all);
    let story = std::fs::read_to_string(repaired.join("STORY.md")).unwrap();
    // Installs and builds both.
    all.remove("prepare.sh");
    // What `seam tour` tells, of the faulty one only.
    all.retain(|path| !path.starts_with("tour/"));
    for path in &all {
        let texts = [&faulty, &repaired].map(|folder| std::fs::read(folder.join(path)).unwrap_or_default());
        let named = story.contains(&format!("`{path}`"));
        assert_eq!(texts[0] != texts[1], named, "`{path}` differs, or the story of the repairs names it: not both");
    }
}
