//! Which files there are, in order of their paths.
//!
//! Invariant: what is found depends on the tree alone: no global git settings, no clock, no order of the file system.
//! `.gitignore` files count within a repository, for what it does not hold. Links are followed to files inside their root
//! only, never to folders, so a cycle cannot exist.

use crate::skip;
use crate::tracked::Repository;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use seam_engine::ProblemKind;
use std::collections::BTreeSet;
use std::fs::{self, DirEntry, Metadata};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

/// One file that an extractor may want.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Workspace-relative.
    pub path: String,
    pub full: PathBuf,
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: u64,
}

/// What a walk found, and which folders or files could not be looked at.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    pub files: Vec<Found>,
    pub problems: Vec<(String, ProblemKind, String)>,
    /// Folders that were entered, where only those are wanted.
    folders: Vec<PathBuf>,
    only_folders: bool,
}

/// Deeper than any tree that people make; a guard against file systems without an end.
const MAX_DEPTH: usize = 100;

/// Walks one root. `prefix` is put before paths when several roots stand side by side.
pub(crate) fn walk(root: &Path, prefix: &str, ignored: &[String], out: &mut Walk) {
    walk_at(root, prefix, &[], ignored, out);
}

/// The folders below a root that a walk of it enters.
pub(crate) fn folders(root: &Path, ignored: &[String]) -> Vec<PathBuf> {
    let mut out = Walk { only_folders: true, ..Walk::default() };
    walk(root, "", ignored, &mut out);
    out.folders
}

/// Walks what lies at one place below a root, a file or a folder, as the walk of the whole root would: the names lead there.
pub(crate) fn walk_at(root: &Path, prefix: &str, at: &[&str], ignored: &[String], out: &mut Walk) {
    let mut own = GitignoreBuilder::new(root);
    for glob in ignored {
        // A glob that cannot be read ignores nothing; `seam.toml` was checked before.
        let _ = own.add_line(None, glob);
    }
    let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let rules = Rules { own: own.build().ok(), git: Vec::new(), repository: Repository::around(&real).map(Rc::new) };
    Walker { root: root.to_owned(), real, out }.folder(root, prefix, at, rules, 0);
}

struct Walker<'a> {
    root: PathBuf,
    real: PathBuf,
    out: &'a mut Walk,
}

/// What is left out below a folder.
#[derive(Clone)]
struct Rules {
    /// The workspace's own.
    own: Option<Gitignore>,
    git: Vec<Arc<Gitignore>>,
    repository: Option<Rc<Repository>>,
}

impl Walker<'_> {
    fn folder(&mut self, folder: &Path, path: &str, at: &[&str], mut rules: Rules, depth: usize) {
        if depth > MAX_DEPTH {
            return self.problem(path, ProblemKind::Limit, "folders are nested too deeply");
        }
        let listed = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<DirEntry>, _>>());
        let mut entries = match listed {
            Ok(entries) => entries,
            // What is looked for may be gone with its folder.
            Err(_) if !at.is_empty() => return,
            Err(error) => return self.problem(path, ProblemKind::Unreadable, &format!("folder: {}", reason(&error))),
        };
        entries.sort_by_key(DirEntry::file_name);
        let names: BTreeSet<String> = entries.iter().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        if depth > 0 && names.contains(".git") {
            rules = Rules { git: Vec::new(), repository: Repository::at(&self.real(folder)).map(Rc::new), ..rules };
        }
        if rules.repository.is_some() && names.contains(".gitignore") {
            let (rule, _) = Gitignore::new(folder.join(".gitignore"));
            rules.git.push(Arc::new(rule));
        }
        let (only, rest) = at.split_first().map_or((None, at), |(first, rest)| (Some(*first), rest));
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            if only.is_some_and(|o| o != name) {
                continue;
            }
            let below = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            let Ok(kind) = entry.file_type() else { continue };
            let full = entry.path();
            if kind.is_dir() {
                if !skip::folder(path, &name, &names) && !self.ignored(&rules, &full, true) {
                    if self.out.only_folders {
                        self.out.folders.push(full.clone());
                    }
                    self.folder(&full, &below, rest, rules.clone(), depth + 1);
                }
            } else if rest.is_empty()
                && !self.out.only_folders
                && seam_engine::interesting(&below)
                && (skip::kept_though_ignored(&name) || !self.ignored(&rules, &full, false))
            {
                self.file(full, below, kind.is_symlink());
            }
        }
    }

    fn file(&mut self, full: PathBuf, path: String, link: bool) {
        if link && full.canonicalize().is_ok_and(|target| !target.starts_with(&self.real)) {
            return;
        }
        match fs::metadata(&full) {
            Ok(meta) if meta.is_file() => {
                self.out.files.push(Found { path, full, size: meta.len(), modified: modified(&meta) });
            }
            // A link to a folder, a socket, a pipe: not text.
            Ok(_) => {}
            Err(error) => self.problem(&path, ProblemKind::Unreadable, &reason(&error)),
        }
    }

    /// Whether the workspace leaves it out, or git does and the repository does not hold it all the same.
    fn ignored(&self, rules: &Rules, full: &Path, folder: bool) -> bool {
        let says = |r: &Gitignore| Some(r.matched(full, folder)).filter(|m| !m.is_none()).map(|m| m.is_ignore());
        let own = || rules.own.as_ref().and_then(says).unwrap_or(false);
        let held = || rules.repository.as_ref().is_some_and(|r| r.lists(&self.real(full)));
        // The deepest rule that says anything decides.
        match rules.git.iter().rev().find_map(|r| says(r)) {
            Some(true) => !held() || own(),
            Some(false) => false,
            None => own(),
        }
    }

    /// A path below the root, as the repository's index is asked for it.
    fn real(&self, full: &Path) -> PathBuf {
        full.strip_prefix(&self.root).map_or_else(|_| full.to_owned(), |below| self.real.join(below))
    }

    fn problem(&mut self, path: &str, kind: ProblemKind, message: &str) {
        let path = if path.is_empty() { "." } else { path };
        self.out.problems.push((path.to_owned(), kind, message.to_owned()));
    }
}

fn modified(meta: &Metadata) -> u64 {
    meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos() as u64)
}

/// The system's words, lower case and without the number.
pub(crate) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string().to_lowercase();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
