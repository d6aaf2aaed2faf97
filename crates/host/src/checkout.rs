//! A revision's files in a folder of their own, for what has to be run as it was.
//!
//! Invariant: nothing of the repository changes, its index and list of worktrees included; nothing of its configuration runs (no hooks,
//! no filters); and the folder goes when this value does, also when the program is ended by force: a small shell waits for that.

use crate::{HostError, git};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Folders of installed packages, which no repository holds: those of the present state are used.
const PACKAGES: &[&str] = &["node_modules", ".venv", "venv", "vendor", ".bundle", "deps"];
/// What else is ignored is copied up to here: settings and small databases.
const COPIED: u64 = 8 * 1024 * 1024;
const MOST: usize = 200;

const SCRIPT: &str = r#"trap '' INT TERM HUP; cat > /dev/null; rm -rf -- "$1""#;

/// A checked-out revision.
#[derive(Debug)]
pub struct Checkout {
    root: PathBuf,
    /// What could not be brought along.
    pub notes: Vec<String>,
    folder: Option<tempfile::TempDir>,
    sweeper: Option<Child>,
}

impl Checkout {
    /// `packages`: what is installed beside the present files is linked, and what is ignored and small copied.
    pub fn of(root: &Path, revision: &str, packages: bool) -> Result<Checkout, HostError> {
        let failed = |why: String| HostError::Revision { revision: revision.to_owned(), root: root.to_owned(), why };
        let folder = tempfile::Builder::new()
            .prefix("seam-base-")
            .tempdir()
            .map_err(|e| failed(format!("no temporary folder can be made: {e}")))?;
        let sweeper = sweeper(folder.path());
        // As deep as in its repository, so that what looks above finds nothing of anybody else's.
        let prefix = git::prefix(root)?;
        let below = folder.path().join(if prefix.is_empty() { "base" } else { prefix.trim_end_matches('/') });
        let mut out = Checkout { root: below, notes: Vec::new(), folder: Some(folder), sweeper };
        fs::create_dir_all(&out.root).map_err(|e| failed(e.to_string()))?;
        out.write(root, revision).map_err(|e| failed(e.to_string()))?;
        if packages {
            out.bring(root)?;
        }
        Ok(out)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    fn write(&mut self, root: &Path, revision: &str) -> std::io::Result<()> {
        let entries = git::entries(root, revision).map_err(|e| std::io::Error::other(e.to_string()))?;
        let mut child = git::command(root, &["cat-file", "--batch"]).stdin(Stdio::piped()).spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let asked: String = entries.iter().map(|e| format!("{}\n", e.id)).collect();
        let writer = std::thread::spawn(move || {
            // Git may end before it has read all; its output tells.
            let _ = input.map(|mut i| i.write_all(asked.as_bytes()));
        });
        let mut output = BufReader::new(output.ok_or_else(|| std::io::Error::other("git gives nothing"))?);
        let mut left = 0;
        for entry in &entries {
            let mut head = String::new();
            output.read_line(&mut head)?;
            let Some(size) = head.trim_end().rsplit(' ').next().and_then(|w| w.parse::<u64>().ok()) else {
                // A submodule's commit is not in this repository.
                left += 1;
                continue;
            };
            let path = self.root.join(&entry.path);
            if !self.is_below(&entry.path) {
                std::io::copy(&mut output.by_ref().take(size + 1), &mut std::io::sink())?;
                left += 1;
                continue;
            }
            if let Some(above) = path.parent() {
                fs::create_dir_all(above)?;
            }
            let mut content = output.by_ref().take(size);
            if entry.mode == "120000" {
                let mut target = String::new();
                content.read_to_string(&mut target)?;
                link(Path::new(&target), &path)?;
            } else {
                std::io::copy(&mut content, &mut fs::File::create(&path)?)?;
                if entry.mode == "100755" {
                    executable(&path)?;
                }
            }
            // The line's end behind each.
            output.read_exact(&mut [0])?;
        }
        let _ = writer.join();
        child.wait()?;
        if left > 0 {
            self.notes.push(format!("{left} entries of the older state (submodules) are not there"));
        }
        Ok(())
    }

    /// A path that leads nowhere else, through no link that was written before.
    fn is_below(&self, path: &str) -> bool {
        let relative = Path::new(path);
        let plain = relative.components().all(|c| matches!(c, std::path::Component::Normal(_)));
        let through = relative.ancestors().skip(1).any(|above| self.root.join(above).is_symlink());
        plain && !through
    }

    /// What no repository holds and nothing starts without.
    fn bring(&mut self, root: &Path) -> Result<(), HostError> {
        let (mut copied, mut linked) = (0, 0);
        for path in git::ignored(root)? {
            let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let (from, to) = (root.join(&path), self.root.join(path.trim_end_matches('/')));
            if to.exists() || !self.is_below(path.trim_end_matches('/')) || !to.parent().is_some_and(Path::is_dir) {
                continue;
            }
            let Ok(kind) = fs::symlink_metadata(&from) else { continue };
            let done = if PACKAGES.contains(&name) {
                from.canonicalize().and_then(|full| link(&full, &to)).map(|()| linked += 1)
            } else if kind.is_file() && kind.len() <= COPIED && copied < MOST && !name.ends_with(".pyc") {
                fs::copy(&from, &to).map(|_| copied += 1)
            } else {
                Ok(())
            };
            if let Err(error) = done {
                self.notes.push(format!("`{path}` is not in the older state: {error}"));
            }
        }
        if linked > 0 {
            self.notes.push(
                "installed packages are those of the present state; `prepare` under `[verify]` installs its own"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        drop(self.folder.take());
        if let Some(mut sweeper) = self.sweeper.take() {
            // Its input closes, and it ends.
            drop(sweeper.stdin.take());
            let _ = sweeper.wait();
        }
    }
}

/// Waits for this program's end, and removes the folder then. Without a shell it goes with the value only.
fn sweeper(folder: &Path) -> Option<Child> {
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "seam-sweep"]).arg(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().ok()
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    if target.is_dir() {
        std::os::windows::fs::symlink_dir(target, at)
    } else {
        fs::write(at, target.to_string_lossy().as_bytes())
    }
}

#[cfg(unix)]
fn executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(root: &Path, args: &[&str]) {
        let who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let done = Command::new("git").arg("-C").arg(root).args(who).args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    #[test]
    fn a_revision_stands_in_a_folder_of_its_own_with_what_is_installed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        git(root, &["init", "-q"]);
        fs::create_dir_all(root.join("shop/node_modules/x")).unwrap();
        fs::write(root.join("shop/run.sh"), "old\n").unwrap();
        executable(&root.join("shop/run.sh")).unwrap();
        fs::write(root.join("shop/.gitignore"), "node_modules\n.env\n").unwrap();
        git(root, &["add", "."]);
        git(root, &["commit", "-qm", "one"]);
        fs::write(root.join("shop/run.sh"), "new\n").unwrap();
        fs::write(root.join("shop/added.txt"), "new\n").unwrap();
        fs::write(root.join("shop/.env"), "A=1\n").unwrap();
        let status =
            || Command::new("git").arg("-C").arg(root).args(["status", "--porcelain"]).output().unwrap().stdout;
        let before = status();
        let checkout = Checkout::of(&root.join("shop"), "HEAD", true).unwrap();
        let at = checkout.root().to_owned();
        assert_eq!(fs::read_to_string(at.join("run.sh")).unwrap(), "old\n");
        #[cfg(unix)]
        assert_ne!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(at.join("run.sh")).unwrap()) & 0o100, 0);
        assert!(!at.join("added.txt").exists());
        assert!(at.join("node_modules/x").is_dir() && at.join("node_modules").is_symlink());
        assert_eq!(fs::read_to_string(at.join(".env")).unwrap(), "A=1\n");
        assert_eq!((status(), root.join(".git/worktrees").exists()), (before, false));
        drop(checkout);
        assert!(!at.exists());
        assert!(root.join("shop/node_modules/x").is_dir());
        assert!(Checkout::of(root, "nowhere", true).is_err());
    }
}
