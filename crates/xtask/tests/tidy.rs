//! What no compiler checks: the rooms' arrows, lengths, headers, pages, and what must not be in the sources.

#![expect(clippy::disallowed_methods, reason = "it reads the repository")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Who may use whom. A new arrow is a change of this table.
const ROOMS: &[(&str, &[&str])] = &[
    ("facts", &[]),
    ("extract", &["facts"]),
    ("signals", &["facts"]),
    ("store", &["facts", "signals"]),
    ("receive", &["signals", "store"]),
    ("graph", &["facts"]),
    ("detect", &["facts", "graph"]),
    ("diagnose", &["facts", "graph", "signals"]),
    ("plan", &["facts", "extract", "graph"]),
    ("verify", &["facts", "graph", "signals"]),
    ("stage", &["verify", "facts"]),
    ("learn", &["facts"]),
    ("engine", &["facts", "extract", "graph", "detect", "signals", "diagnose", "plan", "verify", "learn", "page"]),
    ("host", &["facts", "engine", "store"]),
    ("seamwise", &["engine", "host", "receive", "store", "verify", "stage"]),
    ("page", &["facts", "extract", "graph", "detect"]),
    ("xtask", &["facts", "extract", "engine", "host", "plan", "signals", "diagnose"]),
];

/// Lines of a source file, tests aside: aimed at, and never more.
const LONG: usize = 450;
const TOO_LONG: usize = 900;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, extension: &str, out: &mut Vec<(String, String)>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, extension, out);
        } else if path.extension().is_some_and(|e| e == extension) {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            out.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (room, _) in ROOMS {
        files(&root().join("crates").join(room).join("src"), "rs", &mut out);
    }
    out
}

/// The text without its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

#[test]
fn rooms_use_only_what_the_table_allows() {
    let crates: Vec<String> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    for name in crates {
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| *room == name) else {
            panic!("`{name}` is not in the table of rooms");
        };
        let manifest = std::fs::read_to_string(root().join("crates").join(&name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = toml::from_str(&manifest).unwrap();
        let used = manifest["dependencies"].as_table().unwrap().keys();
        for room in used.filter_map(|d| d.strip_prefix("seam-")) {
            assert!(allowed.contains(&room), "`{name}` may not use `{room}`: see the table of rooms");
        }
    }
}

#[test]
fn files_have_headers_and_fit_on_a_desk() {
    let mut long = Vec::new();
    for (name, text) in sources() {
        assert!(text.starts_with("//!"), "{name} does not open with `//!`: say what it is for");
        let lines = code(&text).lines().count();
        assert!(lines <= TOO_LONG, "{name} has {lines} lines; none may have more than {TOO_LONG}");
        if lines > LONG {
            long.push(format!("{name} ({lines})"));
        }
    }
    if !long.is_empty() {
        println!("look twice at: {}", long.join(", "));
    }
}

#[test]
fn nothing_can_panic_on_purpose() {
    let mut found = Vec::new();
    let all = sources();
    // Tests that stand in a file of their own: the module above takes it in for tests only.
    let apart = |name: &str| {
        let above = name.strip_suffix("tests.rs").map(|folder| format!("{folder}mod.rs"));
        all.iter().any(|(other, text)| Some(other) == above.as_ref() && text.contains("#[cfg(test)]\nmod tests;"))
    };
    for (name, text) in &all {
        if name.starts_with("crates/xtask") || name.starts_with("crates/page") || apart(name) {
            continue;
        }
        for (number, line) in code(text).lines().enumerate() {
            // What stands in a string is somebody else's code.
            let line: String = line.split('"').step_by(2).collect();
            let line = line.split("//").next().unwrap_or(&line);
            for word in [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!("] {
                if line.contains(word) {
                    found.push(format!("{name}:{} {word}", number + 1));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn extractors_stand_beside_their_pages() {
    let mut all = Vec::new();
    files(&root().join("crates/extract/src"), "md", &mut all);
    let pages: BTreeMap<&str, &str> = all.iter().map(|(name, text)| (text.as_str(), name.as_str())).collect();
    for (id, page) in seam_engine::extractors() {
        assert!(pages.contains_key(page), "the page of `{id}` is not a file beside the code");
    }
    let used: Vec<&str> = seam_engine::extractors().into_iter().map(|(_, page)| page).collect();
    for (name, text) in &all {
        assert!(used.contains(&text.as_str()), "no extractor uses {name}");
    }
}

#[test]
fn rules_stand_beside_their_pages() {
    for (id, page) in seam_engine::rules() {
        // Rules of code, and those of telemetry.
        let name = format!("{}.md", id.replace('-', "_"));
        let beside = ["crates/detect/src/rules", "crates/diagnose/src/signs"].map(|f| root().join(f).join(&name));
        let is = |path: &PathBuf| std::fs::read_to_string(path).is_ok_and(|text| text == page);
        assert!(beside.iter().any(is), "the page of `{id}` is not one of {beside:?}");
    }
}

#[test]
fn nothing_depends_on_one_machine() {
    for (name, text) in sources() {
        for word in ["/home/", "/Users/", "C:\\\\Users"] {
            assert!(!code(&text).contains(word), "{name} has a path of one machine: {word}");
        }
        let todo = ["TO", "DO"].concat();
        assert!(!text.contains(&format!("// {todo}")), "{name}: a known limit is a line on the page, not a {todo}");
    }
}

#[test]
fn generated_documents_are_up_to_date() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_xtask")).args(["docs", "--check"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
