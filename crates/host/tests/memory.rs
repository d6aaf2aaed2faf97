//! The memory on disk: many writers at once, one that is killed, files that nobody can read.

#![expect(clippy::disallowed_methods, reason = "it writes files and starts writers")]

use seam_engine::learn::{Entry, Kind, Query, recall, render};
use seam_engine::memory::Memory;
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
        "asking" => (0..10).for_each(|n| {
            keep(&folder, &format!("entry {n} asked for by {}", std::process::id()));
            // Whoever else writes the index meanwhile: it is never torn, and never says less than was there before.
            let (memory, note) = folder.recollect();
            assert_eq!(note, None);
            assert!(memory.index().len() > n);
        }),
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

/// As many entries as an index is worth.
fn many(folder: &MemoryFolder) -> Vec<String> {
    (0..40).map(|n| keep(folder, &format!("number{n} pool of orders ran dry"))).collect()
}

fn asked(memory: &Memory, text: &str) -> Vec<(String, f64)> {
    let query = Query { text: text.into(), ..Query::default() };
    recall(memory.index(), &query, &[], 5).into_iter().map(|h| (h.entry.id.to_string(), h.score)).collect()
}

fn index(root: &Path) -> std::path::PathBuf {
    root.join(".seam/cache/memory")
}

/// What is kept says what the files say.
fn agrees(folder: &MemoryFolder, about: &str) {
    let (kept, note) = folder.recollect();
    assert_eq!(note, None);
    let read = Memory::of(folder.read());
    assert_eq!(asked(&kept, about), asked(&read, about), "{about}");
    assert_eq!(kept.problems(), read.problems());
    let all = |m: &Memory| m.log().all().cloned().collect::<Vec<_>>();
    assert_eq!(all(&kept), all(&read));
    assert_eq!(kept.index().len(), read.log().standing().count());
}

#[test]
fn the_index_on_disk_follows_the_files() {
    let root = tempfile::tempdir().unwrap();
    let folder = MemoryFolder::of(root.path());
    let ids = many(&folder);
    agrees(&folder, "number7 pool");
    let written = fs::read(index(root.path())).unwrap();
    agrees(&folder, "number7 pool");
    // A new entry, another text of the same length within a tick of the clock, a file that is gone, and one that fell.
    keep(&folder, "certificate of the gateway ran out");
    agrees(&folder, "who renewed the cert");
    let path = |id: &str| folder.path().join(format!("{id}.md"));
    let text = fs::read_to_string(path(&ids[3])).unwrap();
    fs::write(path(&ids[3]), text.replace("ran dry", "ran hot")).unwrap();
    agrees(&folder, "number3 hot");
    let (memory, _) = folder.recollect();
    assert!(memory.log().get(&ids[3]).unwrap().title.ends_with("hot"));
    fs::remove_file(path(&ids[4])).unwrap();
    agrees(&folder, "number4");
    let fallen = Entry { kind: Kind::Retraction, of: Some(ids[5].as_str().into()), ..entry("no") }.named();
    folder.keep(&fallen.id, &render(&fallen)).unwrap();
    agrees(&folder, "number5");
    assert!(asked(&folder.recollect().0, "number5").iter().all(|(id, _)| *id != ids[5]));
    assert_ne!(fs::read(index(root.path())).unwrap(), written);
    fs::remove_file(path(&fallen.id)).unwrap();
    agrees(&folder, "number5");
    // Lost, it is made again.
    fs::remove_file(index(root.path())).unwrap();
    agrees(&folder, "number5");
    assert!(index(root.path()).exists());
    assert!(fs::read_to_string(root.path().join(".seam/.gitignore")).unwrap().contains("/cache/"));
}

#[test]
fn an_index_that_is_broken_or_of_another_version_is_made_again_and_said() {
    let root = tempfile::tempdir().unwrap();
    let folder = MemoryFolder::of(root.path());
    many(&folder);
    fs::write(root.path().join(".seam/.gitignore"), "/mine/").unwrap();
    agrees(&folder, "pool");
    let good = fs::read(index(root.path())).unwrap();
    let mut turned = good.clone();
    *turned.last_mut().unwrap() ^= 1;
    let mut other = good.clone();
    other[7] = b'0';
    for (bytes, says) in [
        (good[..good.len() / 2].to_vec(), "damaged"),
        (Vec::new(), "damaged"),
        (b"what is this".to_vec(), "damaged"),
        (turned, "damaged"),
        (other, "another version"),
    ] {
        fs::write(index(root.path()), bytes).unwrap();
        let (memory, note) = folder.recollect();
        assert!(note.as_deref().is_some_and(|n| n.contains(says)), "{says}: {note:?}");
        assert_eq!(memory.index().len(), 40);
        agrees(&folder, "pool");
    }
    let ignored = fs::read_to_string(root.path().join(".seam/.gitignore")).unwrap();
    assert_eq!((ignored.matches("/cache/").count(), ignored.starts_with("/mine/\n")), (1, true), "{ignored}");
}

#[test]
fn many_processes_ask_and_write_at_once() {
    let root = tempfile::tempdir().unwrap();
    let folder = MemoryFolder::of(root.path());
    many(&folder);
    let writers: Vec<_> = (0..12).map(|_| start(root.path(), "asking")).collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    agrees(&folder, "entry 3 asked for");
    assert_eq!(folder.recollect().0.index().len(), 40 + 120);
}
