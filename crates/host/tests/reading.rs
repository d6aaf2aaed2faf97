//! Reading trees that are large, broken, changing or hostile.

#![expect(clippy::disallowed_methods, reason = "it makes trees to read")]

use seam_host::{CachePlace, Opening, Progress, Report, Workspace};
use std::fs;
use std::path::{Path, PathBuf};

const COMPOSE: &str = "services:\n  orders:\n    build: ./orders\n";
const CODE: &str = "import requests\n\n\ndef one():\n    return requests.get(\"http://cart/items\")\n";

fn tree(folder: &Path) {
    fs::create_dir_all(folder.join("orders")).unwrap();
    fs::write(folder.join("compose.yaml"), COMPOSE).unwrap();
    fs::write(folder.join("orders/main.py"), CODE).unwrap();
}

fn open(folder: &Path, cache: Option<&Path>) -> (Workspace, Report) {
    let cache = cache.map_or(CachePlace::Nowhere, |c| CachePlace::Folder(c.to_owned()));
    let opening = Opening { roots: vec![folder.to_owned()], cache, threads: 2 };
    Workspace::open(&opening, &Progress::default()).unwrap()
}

fn paths(workspace: &mut Workspace) -> Vec<String> {
    workspace.snapshot().base().files().map(|(p, _)| p.to_string()).collect()
}

fn problems(workspace: &mut Workspace) -> Vec<String> {
    let snapshot = workspace.snapshot();
    let one = |(p, f): (&_, &seam_engine::FileFacts)| {
        f.problems.iter().map(|x| format!("{p}: {:?}", x.kind)).collect::<Vec<_>>()
    };
    snapshot.base().files().flat_map(one).collect()
}

#[test]
fn leaves_out_what_tools_made_and_keeps_dotfiles() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    tree(at);
    for (path, text) in [
        (".git/HEAD", "ref: refs/heads/main\n"),
        (".gitignore", "ignored/\n.env\n"),
        (".env", "CART=cart\n"),
        ("ignored/a.py", CODE),
        ("node_modules/x/a.js", "1"),
        ("orders/go.mod", "module x\n"),
        ("orders/vendor/a.go", "package a\n"),
        ("vendor/main.py", CODE),
    ] {
        fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
        fs::write(at.join(path), text).unwrap();
    }
    let (mut workspace, _) = open(at, None);
    assert_eq!(paths(&mut workspace), [".env", "compose.yaml", "orders/go.mod", "orders/main.py", "vendor/main.py"]);
}

#[test]
fn what_is_committed_is_read_though_it_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let write = |path: &str, text: &str| {
        fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
        fs::write(at.join(path), text).unwrap();
    };
    tree(at);
    write(".gitignore", "cmd\nlib/\n");
    write("orders/cmd/main.py", CODE);
    // A pattern for what a tool makes meets code that people wrote; nothing tells so but the repository, if there is one.
    let all = ["compose.yaml", "orders/cmd/main.py", "orders/main.py"];
    assert_eq!(paths(&mut open(at, None).0), all, "an archive holds what was committed");
    let git = |args: &[&str]| {
        let done = std::process::Command::new("git").arg("-C").arg(at).args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}");
    };
    git(&["init", "-q"]);
    assert_eq!(paths(&mut open(at, None).0), ["compose.yaml", "orders/main.py"]);
    git(&["add", "-f", "orders/cmd"]);
    write("orders/lib/made.py", CODE);
    assert_eq!(paths(&mut open(at, None).0), all);
}

#[test]
fn a_second_run_reads_nothing_anew_and_gives_the_same() {
    let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    tree(folder.path());
    let (mut first, cold) = open(folder.path(), Some(cache.path()));
    let (mut second, warm) = open(folder.path(), Some(cache.path()));
    assert_eq!((cold.extracted, warm.extracted), (2, 0));
    assert_eq!(first.snapshot().base(), second.snapshot().base());
}

#[test]
fn only_what_changed_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    tree(folder.path());
    let (mut workspace, _) = open(folder.path(), None);
    assert!(workspace.refresh(&Progress::default()).changed.is_empty());
    fs::write(folder.path().join("orders/main.py"), CODE.replace("cart", "stock")).unwrap();
    fs::write(folder.path().join("orders/more.py"), CODE).unwrap();
    let report = workspace.refresh(&Progress::default());
    assert_eq!(report.changed, ["orders/main.py", "orders/more.py"]);
    assert_eq!(report.extracted, 2);
    fs::remove_file(folder.path().join("orders/main.py")).unwrap();
    assert_eq!(workspace.refresh(&Progress::default()).changed, ["orders/main.py"]);
    assert_eq!(paths(&mut workspace), ["compose.yaml", "orders/more.py"]);
}

/// The one file of a cache folder with this ending.
fn kept(cache: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(cache).unwrap().flatten().map(|e| e.path());
    let found: Vec<PathBuf> = files.filter(|p| p.extension().is_some_and(|e| e == ending)).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

fn disturb(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    let at = at.min(bytes.len() - 1);
    bytes[at] ^= 0xff;
    fs::write(file, &bytes).unwrap();
}

#[test]
fn a_damaged_cache_is_dropped_and_said() {
    let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    tree(folder.path());
    open(folder.path(), Some(cache.path()));
    let file = kept(cache.path(), "facts");
    disturb(&file, 90);
    let (mut workspace, report) = open(folder.path(), Some(cache.path()));
    assert_eq!(report.extracted, 2);
    assert!(report.notes.iter().any(|n| n.contains("dropped")), "{:?}", report.notes);
    assert_eq!(paths(&mut workspace).len(), 2);
    fs::write(&file, b"seam").unwrap();
    assert_eq!(open(folder.path(), Some(cache.path())).1.extracted, 2);
}

#[test]
fn damaged_facts_are_worked_out_again_when_they_are_wanted() {
    let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    tree(folder.path());
    let whole = open(folder.path(), Some(cache.path())).0.snapshot().base().clone();
    disturb(&kept(cache.path(), "facts"), usize::MAX);
    let (mut workspace, report) = open(folder.path(), Some(cache.path()));
    assert_eq!(report.extracted, 0);
    assert_eq!(workspace.snapshot().base(), &whole);
}

#[test]
fn an_answer_is_kept_until_something_changes() {
    let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    tree(folder.path());
    let ask = || open(folder.path(), Some(cache.path())).0.ask("map", "{}").unwrap();
    let first = ask();
    let answers = kept(cache.path(), "answers");
    let one = || fs::read_dir(&answers).unwrap().flatten().map(|e| e.path()).collect::<Vec<_>>();
    assert_eq!(one().len(), 1);
    // What is kept is what is given: a mark in it comes back, a damaged one does not.
    let marked = first.replace("\"version\"", "\"Version\"");
    let mut bytes = blake3::hash(marked.as_bytes()).as_bytes().to_vec();
    bytes.extend_from_slice(marked.as_bytes());
    fs::write(&one()[0], bytes).unwrap();
    assert_eq!(ask(), marked);
    disturb(&one()[0], usize::MAX);
    assert_eq!(ask(), first);
    fs::write(folder.path().join("orders/main.py"), CODE.replace("cart", "stock")).unwrap();
    assert_ne!(ask(), first);
    assert_eq!(one().len(), 1, "answers of other states are dropped");
    fs::write(folder.path().join("seam.toml"), "name = \"Shop\"\n").unwrap();
    assert!(ask().contains("Shop"));
}

#[cfg(unix)]
#[test]
fn links_never_lead_out_or_around() {
    use std::os::unix::fs::symlink;
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    tree(folder.path());
    fs::write(outside.path().join("secret.env"), "A=b\n").unwrap();
    symlink(outside.path().join("secret.env"), folder.path().join("secret.env")).unwrap();
    symlink(outside.path(), folder.path().join("away")).unwrap();
    symlink(folder.path(), folder.path().join("orders/loop")).unwrap();
    symlink("self.env", folder.path().join("self.env")).unwrap();
    symlink("../compose.yaml", folder.path().join("orders/compose.yaml")).unwrap();
    let (mut workspace, _) = open(folder.path(), None);
    assert_eq!(paths(&mut workspace), ["compose.yaml", "orders/compose.yaml", "orders/main.py", "self.env"]);
    assert_eq!(problems(&mut workspace), ["self.env: Unreadable"]);
}

#[test]
fn hostile_files_cost_themselves_only() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    tree(at);
    let deep = |open: &str, close: &str| open.repeat(20_000) + &close.repeat(20_000);
    for (name, bytes) in [
        ("large.py", vec![b'#'; 3 << 20]),
        ("latin.py", b"x = '\xff\xfe'\n".to_vec()),
        ("zeros.py", vec![0; 4096]),
        ("deep.json", deep("[", "]").into_bytes()),
        ("deep.yaml", deep("[", "]").into_bytes()),
        ("deep.py", format!("x = {}", deep("(", ")")).into_bytes()),
        ("deep.js", deep("{", "}").into_bytes()),
        ("Deep.java", deep("class A {", "}").into_bytes()),
        ("deep.tf", deep("a {\n", "}\n").into_bytes()),
        ("deep.xml", deep("<a>", "</a>").into_bytes()),
        ("pom.xml", deep("<a>", "</a>").into_bytes()),
        ("package.json", deep("{\"a\":", "}").into_bytes()),
        ("appsettings.json", deep("{\"a\":", "}").into_bytes()),
        ("application.yml", deep("a: {", "}").into_bytes()),
        ("half.yaml", b"services:\n  a:\n    image: \"x".to_vec()),
    ] {
        fs::write(at.join(name), bytes).unwrap();
    }
    let laughs: String = std::iter::once("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned())
        .chain((1..12).map(|i| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(","))))
        .collect();
    for name in ["docker-compose.laughs.yml", "application-laughs.yml", "laughs.yaml"] {
        fs::write(at.join(name), format!("services: {{}}\n{laughs}")).unwrap();
    }
    let (mut workspace, _) = open(at, None);
    let problems = problems(&mut workspace);
    for expected in ["large.py: TooLarge", "latin.py: Encoding"] {
        assert!(problems.iter().any(|p| p == expected), "{expected} in {problems:?}");
    }
    let snapshot = workspace.snapshot();
    assert!(!snapshot.base().get("orders/main.py").unwrap().facts.is_empty());
    assert!(snapshot.ask("map", "").is_ok());
}

#[test]
fn several_roots_stand_side_by_side() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (a, b) = (one.path().join("shop"), two.path().join("shop"));
    tree(&a);
    tree(&b);
    let opening = Opening { roots: vec![a, b], cache: CachePlace::Nowhere, threads: 1 };
    let (mut workspace, _) = Workspace::open(&opening, &Progress::default()).unwrap();
    assert_eq!(
        paths(&mut workspace),
        ["shop-2/compose.yaml", "shop-2/orders/main.py", "shop/compose.yaml", "shop/orders/main.py"]
    );
}

#[test]
fn settings_of_the_workspace_are_honoured() {
    let folder = tempfile::tempdir().unwrap();
    tree(&folder.path().join("shop"));
    tree(&folder.path().join("more"));
    fs::write(folder.path().join("shop/seam.toml"), "roots = [\"../more\"]\nignore = [\"*.py\"]\n").unwrap();
    let (mut workspace, report) = open(&folder.path().join("shop"), None);
    assert!(
        paths(&mut workspace).iter().all(|p| p.ends_with(".yaml") || p.ends_with("seam.toml")),
        "{:?}",
        paths(&mut workspace)
    );
    assert!(paths(&mut workspace).contains(&"more/compose.yaml".to_owned()));
    assert!(report.notes.is_empty());
    fs::write(folder.path().join("shop/seam.toml"), "rots = []\n").unwrap();
    let (_, report) = open(&folder.path().join("shop"), None);
    assert!(report.notes[0].contains("rots"), "{:?}", report.notes);
}
