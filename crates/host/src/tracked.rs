//! Whether a folder belongs to a git repository, and which files that repository holds although it ignores them.
//!
//! `.gitignore` speaks of what is not committed: a pattern such as `cmd` or `lib`, meant for what a tool makes, leaves committed code
//! of that name where it is. Outside a repository (an archive, a copy into an image) it says nothing of what is there.
//! Invariant: reads `.git/index` and nothing else of git; an index that cannot be read lists nothing.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The repository around a folder.
pub(crate) struct Repository {
    top: PathBuf,
    /// Files and the folders above them, relative to the top; read when something is ignored.
    listed: OnceCell<BTreeSet<Vec<u8>>>,
}

impl Repository {
    /// The one whose top a folder is.
    pub(crate) fn at(folder: &Path) -> Option<Self> {
        folder.join(".git").exists().then(|| Repository { top: folder.to_owned(), listed: OnceCell::new() })
    }

    /// The nearest one that `root` belongs to: a tree that merely lies below another repository is not part of it.
    pub(crate) fn around(root: &Path) -> Option<Self> {
        let real = root.canonicalize().ok()?;
        real.ancestors().find_map(Self::at).filter(|r| r.top == real || r.lists(&real))
    }

    /// Whether a file, or anything in a folder, is committed or staged.
    pub(crate) fn lists(&self, path: &Path) -> bool {
        let listed = self.listed.get_or_init(|| index(&self.top).unwrap_or_default());
        let Ok(below) = path.strip_prefix(&self.top) else { return false };
        let name = below.to_string_lossy().replace('\\', "/");
        listed.contains(name.as_bytes())
    }
}

fn index(top: &Path) -> Option<BTreeSet<Vec<u8>>> {
    let dot = top.join(".git");
    // Worktrees and submodules have a file that says where the folder is.
    let folder = match fs::read_to_string(&dot) {
        Ok(text) => top.join(text.strip_prefix("gitdir:")?.trim()),
        Err(_) => dot,
    };
    let common = fs::read_to_string(folder.join("commondir")).map_or(folder.clone(), |c| folder.join(c.trim()));
    let config = fs::read_to_string(common.join("config")).unwrap_or_default().to_ascii_lowercase();
    let hash = if config.replace(' ', "").contains("objectformat=sha256") { 32 } else { 20 };
    let mut out = BTreeSet::new();
    for path in names(&fs::read(folder.join("index")).ok()?, hash)? {
        let mut end = path.len();
        while let Some(slash) = path[..end].iter().rposition(|b| *b == b'/') {
            if !out.insert(path[..slash].to_vec()) {
                break;
            }
            end = slash;
        }
        out.insert(path);
    }
    Some(out)
}

/// The paths of an index file (gitformat-index(5), versions 2 to 4).
fn names(bytes: &[u8], hash: usize) -> Option<Vec<Vec<u8>>> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?));
    let version = number(4)?;
    if bytes.get(..4)? != b"DIRC" || !(2..=4).contains(&version) {
        return None;
    }
    let (mut out, mut at) = (Vec::new(), 12);
    let mut before: Vec<u8> = Vec::new();
    for _ in 0..number(8)? {
        let flags = at + 40 + hash;
        let extended = version > 2 && bytes.get(flags)? & 0x40 != 0;
        let start = flags + if extended { 4 } else { 2 };
        let mut from = start;
        let mut path = Vec::new();
        if version == 4 {
            let (strip, length) = varint(bytes.get(start..)?)?;
            from += length;
            path = before.get(..before.len().checked_sub(strip)?)?.to_vec();
        }
        let length = bytes.get(from..)?.iter().position(|b| *b == 0)?;
        path.extend_from_slice(&bytes[from..from + length]);
        at = match version {
            4 => from + length + 1,
            // Padded with one to eight zeros to a multiple of eight.
            _ => at + (from + length - at) / 8 * 8 + 8,
        };
        before.clone_from(&path);
        out.push(path);
    }
    Some(out)
}

/// Git's offset encoding: seven bits a byte, each further byte adding one.
fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = (*bytes.first()? & 0x7f) as usize;
    let mut length = 1;
    while bytes[length - 1] & 0x80 != 0 {
        value = value.checked_add(1)?.checked_shl(7)? | (*bytes.get(length)? & 0x7f) as usize;
        length += 1;
        if length > 5 {
            return None;
        }
    }
    Some((value, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn every_version_of_an_index_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let git = |args: &[&str]| {
            assert!(Command::new("git").arg("-C").arg(root).args(args).output().unwrap().status.success())
        };
        git(&["init", "-q"]);
        let names = ["a", "orders/cmd/main.go", "orders/cmd/main_test.go", "orders/x/y/longer-than-eight.py", "z"];
        for name in names {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "x").unwrap();
        }
        git(&["add", "."]);
        fs::write(root.join("orders/cmd/made.go"), "x").unwrap();
        for version in ["2", "3", "4"] {
            git(&["update-index", "--index-version", version]);
            let repository = Repository::at(root).unwrap();
            for name in names.iter().chain(&["orders", "orders/cmd"]) {
                assert!(repository.lists(&root.join(name)), "{name} in version {version}");
            }
            assert!(!repository.lists(&root.join("orders/cmd/made.go")));
        }
        assert_eq!(super::names(b"DIRC\0\0\0\x02\0\0\0\x09", 20), None);
        assert_eq!(super::names(b"PK", 20), None);
    }
}
