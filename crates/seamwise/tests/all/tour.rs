//! The tour of the repository's own system, as people take it: it runs through, leaves nothing behind, and says what the README shows of it.
//!
//! A machine without the stores skips with a word; with `SEAM_REQUIRE_STORES=1` that is a failure.

#![expect(clippy::disallowed_methods, reason = "it runs the binary and reads the README")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands before the transcript.
const HEAD: &str = "$ seam tour\n";
/// What a transcript leaves out.
const CUT: &str = "…";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A line without what is of one run only: numbers, names that a hash ends, days.
fn masked(line: &str) -> String {
    let mut out = String::new();
    for word in line.split_inclusive(' ') {
        // A name that ends in a hash: `…-8948a8b8`.
        let bare = word.trim_end_matches([' ', '`', '.', ')']);
        let bare = bare.strip_suffix(".md").unwrap_or(bare);
        let hex = |h: &&str| h.len() == 8 && h.bytes().all(|b| b.is_ascii_hexdigit());
        let hash = bare.rsplit_once('-').map(|(_, h)| h).filter(hex);
        let word = hash.map_or_else(|| word.to_owned(), |h| word.replace(h, "#"));
        let mut number = false;
        for c in word.chars() {
            let digit = c.is_ascii_digit() || number && c == '.';
            if !digit {
                out.push(c);
            } else if !number {
                out.push('#');
            }
            number = digit;
        }
    }
    out.trim_end().to_owned()
}

/// The transcript of the README.
fn shown() -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let start = readme.find(HEAD).expect("the README has a transcript of the tour") + HEAD.len();
    let end = start + readme[start..].find("```").expect("the fence's end");
    readme[start..end].to_owned()
}

/// The first line that is shown and was not said, in order.
fn missing<'s>(shown: &'s str, said: &str) -> Option<&'s str> {
    let said: Vec<String> = said.lines().map(masked).collect();
    let mut rest = said.iter();
    shown.lines().filter(|l| !l.trim().is_empty() && l.trim() != CUT).find(|line| {
        let line = masked(line);
        // A long line may be shown by its beginning.
        let (begins, cut) = line.strip_suffix(CUT).map_or((line.as_str(), false), |l| (l.trim_end(), true));
        !rest.any(|said| if cut { said.starts_with(begins) } else { said == begins })
    })
}

#[test]
fn the_tour_runs_through_and_says_what_the_readme_shows() {
    let tour = Command::new(env!("CARGO_BIN_EXE_seam"))
        .arg("tour")
        .current_dir(root())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let own = std::env::temp_dir().join(format!("seam-tour-{}", tour.id()));
    let output = tour.wait_with_output().unwrap();
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(2) && told.contains("lacks") {
        assert!(std::env::var_os("SEAM_REQUIRE_STORES").is_none(), "the tour cannot be taken: {told}");
        eprintln!("skipped: the tour needs more than this machine has: {told}");
        return;
    }
    assert!(output.status.success(), "{said}\n{told}");
    assert!(!own.exists(), "the copy is left behind");
    let shown = shown();
    assert!(shown.matches("\n$ seam ").count() >= 6, "the README shows the loop");
    assert_eq!(missing(&shown, &said), None, "the README shows what the tour does not say:\n{said}");
}

#[test]
fn a_transcript_may_leave_out_lines_and_nothing_else() {
    let said = "$ seam detect\nfound 3 of `2026-01-01-x-8948a8bd.md` in 0.5 s\nand more\n$ seam plan\nrisk 6 low\n";
    assert_eq!(
        missing("$ seam detect\nfound 17 of `2026-02-01-x-00000000.md` in 12 s\n…\n$ seam plan\nrisk…\n", said),
        None
    );
    assert_eq!(missing("$ seam plan\n$ seam detect\n", said), Some("$ seam detect"));
    assert_eq!(missing("found 3 of y\n", said), Some("found 3 of y"));
}

#[test]
fn where_there_is_no_tour_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_seam")).arg("tour").current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no tour here"));
}

#[test]
fn what_the_machine_lacks_is_said_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let tour = folder.path().join("tour");
    std::fs::create_dir(&tour).unwrap();
    std::fs::write(tour.join("README.md"), "# A tour\n\n    $ seam map .\n").unwrap();
    std::fs::write(tour.join("needs"), "# why\nsh\nno-such-program\nbin/none\n").unwrap();
    let run = || Command::new(env!("CARGO_BIN_EXE_seam")).arg("tour").arg(folder.path()).output().unwrap();
    let told = String::from_utf8_lossy(&run().stderr).into_owned();
    assert!(told.contains("lacks `no-such-program`, `bin/none`"), "{told}");
    // With all that it needs it runs, and a command that ends otherwise than the tour says ends it.
    std::fs::write(tour.join("needs"), "sh\n").unwrap();
    let output = run();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 commands in"));
    std::fs::write(tour.join("README.md"), "# A tour\n\n    $ seam map .  # exit 1\n").unwrap();
    assert_eq!(run().status.code(), Some(3));
}
