//! The extension in a real VS Code, oldest and newest, and in a browser as a person sees it.
//!
//! Needs node, npm and a browser, and fetches VS Code from npm once, into `target/vscode`. A machine without them skips with a word;
//! with `SEAM_REQUIRE_EDITOR=1`, as in `.ci/run`, that is a failure.

#![expect(clippy::disallowed_methods, reason = "it runs programs")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

/// One at a time: each starts a whole editor.
static DESK: Mutex<()> = Mutex::new(());

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn extension() -> PathBuf {
    root().join("editors/vscode")
}

fn run(program: &str, args: &[&str], folder: &Path) -> Result<String, String> {
    let output = Command::new(program)
        .args(args)
        .current_dir(folder)
        .output()
        .map_err(|e| format!("`{program}` cannot be run: {e}"))?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(said) } else { Err(format!("`{program} {}` fails:\n{said}", args.join(" "))) }
}

/// What is not there and cannot be fetched.
fn missing() -> Option<String> {
    let browsers =
        ["/usr/lib/chromium/chromium", "/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"];
    let given = std::env::var("SEAM_BROWSER").is_ok_and(|b| Path::new(&b).exists());
    if !given && !browsers.iter().any(|b| Path::new(b).exists()) {
        return Some("no Chromium; `apt-get install chromium`, or name one in `SEAM_BROWSER`".to_owned());
    }
    ["node", "npm", "python3", "make", "c++", "flock"]
        .into_iter()
        .find_map(|program| run(program, &["--version"], &root()).err().map(|_| format!("no `{program}`")))
        .or_else(|| {
            cfg!(not(all(target_os = "linux", target_arch = "x86_64"))).then(|| "not Linux on x86-64".to_owned())
        })
}

/// Everything built and fetched; `None` where this machine skips.
fn prepared() -> Option<&'static PathBuf> {
    static READY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let ready = READY.get_or_init(|| {
        let skip = |why: String| {
            assert!(std::env::var_os("SEAM_REQUIRE_EDITOR").is_none(), "the editor's tests cannot run: {why}");
            eprintln!("skipped: the editor's tests need more than this machine has: {why}");
            None
        };
        if let Some(why) = missing() {
            return skip(why);
        }
        if let Err(why) = run("test/host/prepare.sh", &[], &extension()) {
            return skip(why);
        }
        run("npm", &["run", "--silent", "build"], &extension()).unwrap_or_else(|e| panic!("{e}"));
        run(env!("CARGO"), &["build", "--quiet", "--package", "seamwise"], &root()).unwrap_or_else(|e| panic!("{e}"));
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        Some(target.join("debug/seam"))
    });
    ready.as_ref()
}

fn hosts() -> PathBuf {
    root().join("target/vscode")
}

/// Runs one of the scripts, and shows what it said.
fn script(script: &str, args: &[&Path]) {
    let _desk = DESK.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(seam) = prepared() else { return };
    let mut all: Vec<String> = vec![script.to_owned()];
    all.push(args[0].to_string_lossy().into_owned());
    all.push(seam.to_string_lossy().into_owned());
    all.extend(args[1..].iter().map(|a| a.to_string_lossy().into_owned()));
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    // A whole editor on a busy machine may be late; what fails three times is broken.
    let once_more = |before: String| {
        println!("once more, after:\n{before}");
        run("node", &all, &extension())
    };
    let said = run("node", &all, &extension()).or_else(once_more).or_else(once_more);
    println!("{}", said.unwrap_or_else(|e| panic!("{e}")));
}

#[test]
fn the_extension_works_in_the_oldest_vscode() {
    script("test/host/suite.mjs", &[&hosts().join("floor")]);
}

#[test]
fn the_extension_works_in_the_newest_vscode() {
    script("test/host/suite.mjs", &[&hosts().join("latest")]);
}

#[test]
fn a_person_sees_the_system_and_mends_it() {
    script("test/ui/drive.mjs", &[&hosts().join("latest"), &hosts().join("shots")]);
}

#[test]
fn the_bundled_server_serves_untrusted_folders_and_several_at_once() {
    script("test/ui/bundled.mjs", &[&hosts().join("latest"), &hosts().join("shots")]);
}

#[test]
fn the_server_is_looked_up_in_the_order_that_is_promised() {
    let _desk = DESK.lock().unwrap_or_else(PoisonError::into_inner);
    if prepared().is_some() {
        run("npm", &["run", "--silent", "unit"], &extension()).unwrap_or_else(|e| panic!("{e}"));
    }
}

/// The extension shows; whoever adds an analysis to it will find that there is no room.
#[test]
fn the_extension_stays_thin() {
    fn lines(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path());
        let own = |p: &Path| p.extension().is_some_and(|e| e == "ts") && !p.ends_with("asks.ts");
        let count = |p: &Path| std::fs::read_to_string(p).unwrap().lines().count();
        entries
            .map(|p| {
                if p.is_dir() {
                    lines(&p)
                } else if own(&p) {
                    count(&p)
                } else {
                    0
                }
            })
            .sum()
    }
    let written = lines(&extension().join("src"));
    assert!(written <= 1_200, "{written} lines of TypeScript");
}
