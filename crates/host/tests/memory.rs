//! The memory on disk: many writers at once, one that is killed, files that nobody can read.

#![expect(clippy::disallowed_methods, reason = "it writes files and starts writers")]

use seam_engine::learn::{Entry, render};
use seam_host::MemoryFolder;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn entry(title: &str) -> Entry {
    Entry { title: title.into(), date: "2024-05-01".into(), ..Entry::default() }.named()
}

fn keep(folder: &MemoryFolder, title: &str) -> String {
    let entry = entry(title);
    folder.keep(&entry.id, &render(&entry)).unwrap();
    entry.id.to_string()
}

/// What this test's own program does when another test starts it.
#[test]
fn as_another_process() {
    let Ok(root) = std::env::var("SEAM_WRITER") else { return };
    let folder = MemoryFolder::of(Path::new(&root));
    let number = std::env::var("SEAM_NUMBER").unwrap();
    match number.as_str() {
        // More than anybody has the time for: it is killed.
        "forever" => (0..1_000_000).for_each(|n| drop(keep(&folder, &format!("entry {n}{}", " long".repeat(20_000))))),
        number => (0..3).for_each(|n| drop(keep(&folder, &format!("entry {n} of {number}")))),
    }
}

fn start(root: &Path, number: &str) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "as_another_process", "--test-threads=1"])
        .env("SEAM_WRITER", root)
        .env("SEAM_NUMBER", number)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_hundred_processes_write_at_once_and_nothing_is_lost() {
    let root = tempfile::tempdir().unwrap();
    let writers: Vec<_> = (0..100).map(|n| start(root.path(), &n.to_string())).collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    let log = MemoryFolder::of(root.path()).read();
    assert_eq!(log.problems, []);
    assert_eq!(log.len(), 300);
}

#[test]
fn who_is_killed_loses_at_most_what_it_was_writing_and_that_is_reported() {
    let root = tempfile::tempdir().unwrap();
    let folder = MemoryFolder::of(root.path());
    for round in 0..8 {
        let mut writer = start(root.path(), "forever");
        std::thread::sleep(Duration::from_millis(60 + 37 * round));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let log = folder.read();
        // Whatever has a name is whole, and at most one file is left that has none: it is said.
        for entry in log.all() {
            assert_eq!(entry.clone().named().id, entry.id);
        }
        let torn = log.problems.len();
        assert!(torn <= 1, "{:?}", log.problems);
        assert!(log.problems.iter().all(|p| p.problem.message.contains("ended while it wrote")));
        // The next writer is not in its way, and finishes what is whole.
        let id = keep(&folder, &format!("after round {round}"));
        let log = folder.read();
        assert!(log.get(&id).is_some());
        for problem in &log.problems {
            fs::remove_file(folder.path().join(&problem.file)).unwrap();
        }
    }
}

#[test]
fn what_a_killed_writer_left_whole_is_finished_and_what_is_torn_is_said() {
    let root = tempfile::tempdir().unwrap();
    let folder = MemoryFolder::of(root.path());
    keep(&folder, "first");
    let (whole, torn) = (entry("whole"), entry("torn"));
    let part = |e: &Entry| folder.path().join(format!(".{}.part", e.id));
    fs::write(part(&whole), render(&whole)).unwrap();
    fs::write(part(&torn), &render(&torn)[..30]).unwrap();
    assert_eq!(folder.read().problems.len(), 2);
    let next = entry("next");
    let kept = folder.keep(&next.id, &render(&next)).unwrap();
    assert_eq!(kept.finished, [whole.id.to_string()]);
    let log = folder.read();
    assert_eq!((log.len(), log.problems.len()), (3, 1));
    assert!(log.problems[0].file.contains("torn"), "{:?}", log.problems);
}

#[test]
fn the_same_entry_twice_is_one_and_another_text_is_not_overwritten() {
    let root = tempfile::tempdir().unwrap();
    let folder = MemoryFolder::of(root.path());
    let entry = entry("a");
    let text = render(&entry);
    assert!(!folder.keep(&entry.id, &text).unwrap().known);
    assert!(folder.keep(&entry.id, &text).unwrap().known);
    let error = folder.keep(&entry.id, "other").unwrap_err().to_string();
    assert!(error.contains("not overwritten"), "{error}");
    assert_eq!(folder.read().len(), 1);
}

#[test]
fn broken_files_cost_themselves_and_are_said() {
    let root = tempfile::tempdir().unwrap();
    let folder = MemoryFolder::of(root.path());
    let id = keep(&folder, "good");
    fs::write(folder.path().join("bytes.md"), b"---\nkind: incident\n---\n# a \xff b\n").unwrap();
    fs::write(folder.path().join("large.md"), "x".repeat(2 << 20)).unwrap();
    fs::write(folder.path().join("notes.txt"), "not ours").unwrap();
    let log = folder.read();
    assert_eq!(log.len(), 3);
    assert!(log.get(&id).is_some());
    let files: Vec<&str> = log.problems.iter().map(|p| p.file.as_str()).collect();
    assert_eq!(files, ["bytes.md", "large.md"]);
}
