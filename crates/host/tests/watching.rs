//! Watching: what the walk reads is told of, and nothing else.

#![expect(clippy::disallowed_methods, reason = "it writes files")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Paths as they are told, each burst at once.
fn watched(root: &Path, ignored: &[&str]) -> Receiver<Vec<PathBuf>> {
    let (send, told) = channel();
    let (roots, ignored) = (vec![root.to_owned()], ignored.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>());
    std::thread::spawn(move || seam_host::watch(&roots, &ignored, |paths| send.send(paths.to_vec()).is_ok()));
    told
}

fn write(root: &Path, path: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "x").unwrap();
}

/// Everything that is told until this file is.
fn until(told: &Receiver<Vec<PathBuf>>, root: &Path, path: &str) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let burst =
            told.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("{path} is never told: {all:?}"));
        all.extend(burst.iter().map(|p| p.strip_prefix(root).unwrap_or(p).to_string_lossy().into_owned()));
        if all.iter().any(|p| p == path) {
            return all;
        }
    }
}

/// Writes the file again and again until it is told of: when watching has begun is not known.
fn begun(told: &Receiver<Vec<PathBuf>>, root: &Path) {
    for _ in 0..600 {
        write(root, "begun.yaml");
        if told.recv_timeout(Duration::from_millis(100)).is_ok() {
            while told.recv_timeout(Duration::from_millis(400)).is_ok() {}
            return;
        }
    }
    panic!("nothing is told");
}

#[test]
fn folders_of_tools_are_not_watched_and_new_ones_are() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for path in ["orders/main.py", "web/node_modules/x/index.js", "made/out.js", "left/out.js"] {
        write(&root, path);
    }
    fs::create_dir(root.join(".git")).unwrap();
    fs::write(root.join(".gitignore"), "made/\n").unwrap();
    let told = watched(&root, &["left/"]);
    begun(&told, &root);
    for path in
        ["web/node_modules/x/index.js", "web/node_modules/y/index.js", "made/out.js", "left/out.js", "orders/main.py"]
    {
        write(&root, path);
    }
    let all = until(&told, &root, "orders/main.py");
    if cfg!(target_os = "linux") {
        let foreign = |p: &&String| ["web/node_modules/", "made/", "left/"].iter().any(|f| p.starts_with(f));
        assert_eq!(all.iter().filter(foreign).collect::<Vec<_>>(), Vec::<&String>::new(), "nobody reads them");
    }
    write(&root, "prices/src/main.py");
    let all = until(&told, &root, "prices");
    // What stood in the folder before it was watched is found by whoever reads the folder.
    if !all.contains(&"prices/src/main.py".to_owned()) {
        while told.recv_timeout(Duration::from_millis(400)).is_ok() {}
    }
    write(&root, "prices/src/more.py");
    until(&told, &root, "prices/src/more.py");
    fs::remove_dir_all(root.join("prices")).unwrap();
    until(&told, &root, "prices");
    while told.recv_timeout(Duration::from_millis(400)).is_ok() {}
    write(&root, "prices/again.py");
    until(&told, &root, "prices");
    while told.recv_timeout(Duration::from_millis(400)).is_ok() {}
    write(&root, "prices/again.py");
    until(&told, &root, "prices/again.py");
}
