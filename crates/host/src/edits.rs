//! What an editor says: texts that are not saved yet, and which paths have changed.
//!
//! Invariant: with overlays and told paths the engine holds the same facts as if the texts stood on disk and everything had
//! been read anew. Nothing here walks a whole root, unless what changed decides which files are read at all.

use crate::cache::Entry;
use crate::read::{self, MAX_BYTES};
use crate::walk::{Walk, walk_at};
use crate::workspace::{self, Progress, Report, Workspace, joined, slashes};
use seam_engine::{Change, FileFacts};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

/// What stands in a file of these roots.
pub(crate) fn on_disk(roots: &[(PathBuf, String)], path: &str) -> Option<Arc<str>> {
    let read = |(root, prefix): &(PathBuf, String)| fs::read(root.join(below(prefix, path)?)).ok();
    roots.iter().find_map(read).map(|bytes| read::decode(&bytes).0.into())
}

/// A text in place of a file.
#[derive(Clone, Debug)]
pub(crate) struct Overlay {
    text: Arc<str>,
    hash: [u8; 32],
    /// The file would be read if it stood on disk.
    read: bool,
}

/// More told paths than this are read faster by a walk.
const MANY: usize = 500;

impl Workspace {
    /// Puts texts in place of files, or (`None`) takes them back, so that the files count again. Gives whether the engine
    /// knows anything new.
    pub fn overlay(&mut self, texts: &[(String, Option<Arc<str>>)]) -> bool {
        let before = self.snapshot.take();
        let mut new = false;
        for (path, text) in texts {
            new |= match text {
                Some(text) => self.put(path, text),
                None => self.take_back(path),
            };
            if is_settings(path) {
                let settings = self.settings.clone();
                self.resettle();
                new |= settings != self.settings;
            }
        }
        if !new {
            self.snapshot = before;
        }
        new
    }

    fn put(&mut self, path: &str, text: &Arc<str>) -> bool {
        let hash = *blake3::hash(text.as_bytes()).as_bytes();
        let standing = self.overlays.get(path).map(|o| (o.hash, o.read));
        if let Some(same) = self.overlays.get_mut(path).filter(|o| o.hash == hash) {
            // Whoever put it knows it by its very address.
            same.text = text.clone();
            return false;
        }
        let known = self.known.get(path).cloned();
        let read = match standing {
            Some((_, read)) => read,
            None => known.is_some() || self.would_read(path),
        };
        self.overlays.insert(path.to_owned(), Overlay { text: text.clone(), hash, read });
        self.shown.write().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), text.clone());
        if !read {
            return false;
        }
        if standing.is_none() && known.as_ref().is_some_and(|k| k.hash == hash) {
            // Opened as it stands on disk. What the cache has must be with the engine before `pending` passes it over.
            if let Some((_, entry)) = self.pending.remove(path) {
                self.tell(path, entry.facts());
            }
            return false;
        }
        self.pending.remove(path);
        let facts = self.pool.install(|| {
            if text.len() as u64 > MAX_BYTES {
                read::too_large(text.len() as u64)
            } else {
                workspace::extracted(path, text.as_bytes())
            }
        });
        self.tell(path, Some(facts))
    }

    fn take_back(&mut self, path: &str) -> bool {
        self.shown.write().unwrap_or_else(PoisonError::into_inner).remove(path);
        let Some(overlay) = self.overlays.remove(path).filter(|o| o.read) else { return false };
        let present = self.known.get(path).cloned();
        if present.as_ref().is_some_and(|known| known.hash == overlay.hash) {
            return false;
        }
        let facts = present.and_then(|entry: Arc<Entry>| entry.facts());
        if facts.is_none() {
            self.engine.apply([Change::Removed { path: path.into() }]);
        }
        self.tell(path, facts)
    }

    /// Gives whether the engine did not know that. A damaged cache is no answer: the file itself is looked at.
    fn tell(&mut self, path: &str, facts: Option<FileFacts>) -> bool {
        match facts {
            Some(facts) if self.engine.facts(path) == Some(&facts) => false,
            Some(facts) => {
                self.engine.apply([Change::File { path: path.into(), facts: Arc::new(facts) }]);
                true
            }
            None => {
                self.known.remove(path);
                self.visit(path, &Progress::default());
                true
            }
        }
    }

    pub(crate) fn stands_in(&self, path: &str) -> bool {
        self.overlays.get(path).is_some_and(|o| o.read)
    }

    /// Reads what changed at these places (files or folders, absolute), and tells the engine. Much, or something that
    /// decides which files are read, costs a walk of everything; so does no path at all, which means any.
    pub fn touch(&mut self, paths: &[PathBuf], progress: &Progress) -> Report {
        let mut places = BTreeSet::new();
        for path in paths {
            places.extend(self.place(path));
        }
        let deciding = |path: &String| {
            let name = path.rsplit('/').next().unwrap_or(path);
            name == ".gitignore" || is_settings(path) || crate::skip::decides(name) && self.comes_or_goes(path)
        };
        if paths.is_empty() || places.len() > MANY || places.iter().any(deciding) {
            let report = self.refresh(progress);
            self.reconsider();
            return report;
        }
        let mut all = Report::default();
        for path in places {
            let report = self.visit(&path, progress);
            all.files += report.files;
            all.extracted += report.extracted;
            all.changed.extend(report.changed);
        }
        all.changed.sort();
        all
    }

    /// Which files are read may be different now; overlays follow.
    fn reconsider(&mut self) {
        let paths: Vec<(String, bool)> = self.overlays.iter().map(|(path, o)| (path.clone(), o.read)).collect();
        for (path, read) in paths {
            let now = self.known.contains_key(&path) || self.would_read(&path);
            if now == read {
                continue;
            }
            let Some(text) = self.overlays.remove(&path).map(|o| o.text) else { continue };
            self.engine.apply([Change::Removed { path: path.as_str().into() }]);
            self.snapshot = None;
            self.put(&path, &text);
        }
    }

    fn visit(&mut self, path: &str, progress: &Progress) -> Report {
        let found = self.found(path);
        let gone = self.known_at(path);
        self.bring(found, gone, progress)
    }

    /// What a walk would find at a workspace-relative path.
    fn found(&self, path: &str) -> Walk {
        let mut found = Walk::default();
        for (root, prefix) in &self.roots {
            let Some(below) = below(prefix, path) else { continue };
            let names: Vec<&str> = below.split('/').filter(|n| !n.is_empty()).collect();
            walk_at(root, prefix, &names, &self.settings.ignore, &mut found);
        }
        found
    }

    /// Whether a file that may not be there would be read.
    fn would_read(&self, path: &str) -> bool {
        if !seam_engine::interesting(path) {
            return false;
        }
        let there = |(root, prefix): &(PathBuf, String)| below(prefix, path).is_some_and(|b| root.join(b).exists());
        if self.roots.iter().any(there) {
            return !self.found(path).files.is_empty();
        }
        crate::skip::may_hold(path) && self.roots.iter().any(|(_, prefix)| below(prefix, path).is_some())
    }

    /// A file is known and gone, or there and not known.
    fn comes_or_goes(&self, path: &str) -> bool {
        let there = |(root, prefix): &(PathBuf, String)| below(prefix, path).is_some_and(|b| root.join(b).exists());
        self.known.contains_key(path) != self.roots.iter().any(there)
    }

    /// The workspace-relative path of an absolute one, gone or not; none outside the roots.
    pub fn place(&self, path: &Path) -> Option<String> {
        let inside = |path: &Path| {
            let strip = |(root, prefix): &(PathBuf, String)| {
                path.strip_prefix(root).ok().map(|below| (root.as_os_str().len(), joined(prefix, &slashes(below))))
            };
            self.roots.iter().filter_map(strip).max().map(|(_, path)| path.trim_end_matches('/').to_owned())
        };
        inside(path).or_else(|| {
            // The folder may have been named through a link.
            let real = path.parent()?.canonicalize().ok()?;
            inside(&real.join(path.file_name()?))
        })
    }

    /// A file's text as it stands, with what is not saved; `None` if it cannot be read any more.
    pub fn written(&self, path: &str) -> Option<Arc<str>> {
        if let Some(overlay) = self.overlays.get(path) {
            return Some(overlay.text.clone());
        }
        on_disk(&self.roots, path)
    }

    /// A file's text on disk, whatever stands in its place.
    pub fn saved(&self, path: &str) -> Option<Arc<str>> {
        on_disk(&self.roots, path)
    }

    /// The text that stands in place of a file.
    pub fn overlaid(&self, path: &str) -> Option<Arc<str>> {
        self.overlays.get(path).map(|o| o.text.clone())
    }

    /// Where a file of this workspace-relative path stands.
    pub fn full(&self, path: &str) -> Option<PathBuf> {
        let mut all =
            self.roots.iter().filter_map(|(root, prefix)| Some((prefix.len(), root.join(below(prefix, path)?))));
        let first = all.next()?;
        Some(all.fold(first, |a, b| if b.0 > a.0 { b } else { a }).1)
    }

    /// Reads `seam.toml` again. Gives what is wrong with it.
    pub(crate) fn resettle(&mut self) -> Vec<String> {
        let mut notes = Vec::new();
        let text = |file: &Path| {
            let overlay = self.place(file).and_then(|path| self.overlays.get(&path)).map(|o| o.text.to_string());
            overlay.or_else(|| fs::read_to_string(file).ok())
        };
        let settings = workspace::settings(self.roots.iter().map(|(root, _)| root), text, &mut notes);
        if settings != self.settings {
            self.settings = settings;
            self.engine.apply([Change::Settings(Arc::new(self.settings.clone()))]);
            self.snapshot = None;
        }
        notes
    }

    /// Further roots that `seam.toml` names; where they change, the workspace has to be opened anew.
    pub fn further_roots(&self) -> &[String] {
        &self.settings.roots
    }
}

fn is_settings(path: &str) -> bool {
    path == "seam.toml" || path.ends_with("/seam.toml")
}

/// The path below a root of this prefix.
fn below<'p>(prefix: &str, path: &'p str) -> Option<&'p str> {
    if prefix.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(prefix)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}
