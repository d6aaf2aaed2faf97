//! The older and the newer state: the facts of the workspace with the texts of a change in their place.
//!
//! Invariant: only files that differ are read anew; a state that is the present one is the snapshot itself, with what was already
//! linked for it.

use crate::asks::plan::{Edit, File, Request};
use crate::{Refusal, Snapshot, Texts};
use seam_facts::FactBase;
use seam_plan::touch::{Edited, patch};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) struct Sides<'s> {
    present: &'s Snapshot,
    older: Option<Arc<Snapshot>>,
    newer: Option<Arc<Snapshot>>,
    pub edited: Vec<Edited>,
}

/// Both texts of each file.
type Pairs = BTreeMap<String, (Option<String>, Option<String>)>;

impl<'s> Sides<'s> {
    pub(crate) fn new(present: &'s Snapshot, request: &Request) -> Result<Self, Refusal> {
        Self::of(present, &request.files, &request.patches, &request.edits)
    }

    pub(crate) fn of(
        present: &'s Snapshot,
        files: &[File],
        patches: &[String],
        edits: &[Edit],
    ) -> Result<Self, Refusal> {
        let mut unread: Vec<String> = Vec::new();
        let mut pairs: Pairs = BTreeMap::new();
        for file in files {
            if file.unread {
                unread.push(file.path.clone());
            }
            pairs.insert(file.path.clone(), (file.before.clone(), file.after.clone()));
        }
        for text in patches {
            patched(present, text, &mut pairs)?;
        }
        for edit in edits {
            let path = tidy(&edit.path)?;
            let standing = || present.texts().read(&path);
            let pair = pairs.entry(path.clone()).or_insert_with(|| (standing(), None));
            pair.1.clone_from(&edit.text);
        }
        let old = state(present, pairs.iter().map(|(path, (before, _))| (path, before)), &unread);
        let new = state(present, pairs.iter().map(|(path, (_, after))| (path, after)), &unread);
        let mut edited = edited(pairs);
        for edit in &mut edited {
            if edit.left_out.is_none() && unread.contains(&edit.path) {
                edit.left_out = Some("not read: ignored, fetched or too large");
            }
        }
        Ok(Sides { present, older: old.map(Arc::new), newer: new.map(Arc::new), edited })
    }

    /// Two states that are there already, which differ in some files.
    pub(crate) fn between(older: Arc<Snapshot>, newer: &'s Snapshot, files: &[File]) -> Self {
        let pairs = files.iter().map(|f| (f.path.clone(), (f.before.clone(), f.after.clone())));
        Sides { present: newer, older: Some(older), newer: None, edited: edited(pairs.collect()) }
    }

    pub(crate) fn old(&self) -> &Snapshot {
        self.older.as_deref().unwrap_or(self.present)
    }

    pub(crate) fn new_(&self) -> &Snapshot {
        self.newer.as_deref().unwrap_or(self.present)
    }

    /// Whether the facts of the two states may differ at all.
    pub(crate) fn differ(&self) -> bool {
        self.older.is_some() || self.newer.is_some()
    }
}

/// The files that differ, with where they do.
fn edited(pairs: Pairs) -> Vec<Edited> {
    let differing = pairs.into_iter().filter(|(_, (before, after))| before != after);
    differing.map(|(path, (before, after))| Edited::new(&path, before, after)).collect()
}

/// A path of the workspace and nothing above it.
fn tidy(path: &str) -> Result<String, Refusal> {
    let path = path.replace('\\', "/");
    let path = path.trim_start_matches("./");
    if path.is_empty() || path.starts_with('/') || path.split('/').any(|part| part == "..") {
        let message = format!("`{path}` is no path within the workspace");
        return Err(Refusal::usage(message, "give it relative to the workspace's folder"));
    }
    Ok(path.to_owned())
}

/// Puts a patch onto the newer texts.
fn patched(present: &Snapshot, text: &str, pairs: &mut Pairs) -> Result<(), Refusal> {
    let hint = "give a patch as `git diff` or `diff -u` writes it, for the state that it is put onto";
    let files = patch::read(text).map_err(|why| Refusal::usage(format!("the patch cannot be read: {why}"), hint))?;
    for file in files {
        let standing = |path: &str, pairs: &Pairs| match pairs.get(path) {
            Some((_, after)) => after.clone(),
            None => present.texts().read(path),
        };
        let from = file.from.as_deref().map(tidy).transpose()?;
        let to = file.to.as_deref().map(tidy).transpose()?;
        let before = from.as_deref().and_then(|path| standing(path, pairs));
        if before.is_none() && from.is_some() {
            let message = format!("the patch changes `{}`, which is not there", from.unwrap_or_default());
            return Err(Refusal::usage(message, "give the folder that the patch's paths are relative to"));
        }
        let after = patch::apply(before.as_deref().unwrap_or_default(), &file).map_err(|why| {
            Refusal::usage(
                format!("the patch does not fit `{}`: {why}", to.as_deref().or(from.as_deref()).unwrap_or("")),
                hint,
            )
        })?;
        let mut put = |path: &str, text: Option<String>| {
            let first = || (present.texts().read(path), None);
            pairs.entry(path.to_owned()).or_insert_with(first).1 = text;
        };
        if let Some(from) = from.as_deref().filter(|f| to.as_deref() != Some(*f)) {
            put(from, None);
        }
        if let Some(to) = to.as_deref() {
            put(to, Some(after));
        }
    }
    Ok(())
}

/// The present state with some texts in place of what is there; nothing where that is what is there.
fn state<'t>(
    present: &Snapshot,
    texts: impl Iterator<Item = (&'t String, &'t Option<String>)>,
    unread: &[String],
) -> Option<Snapshot> {
    let changed: BTreeMap<String, Option<String>> = texts
        .filter(|(path, text)| present.texts().read(path) != **text)
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect();
    if changed.is_empty() {
        return None;
    }
    let mut base: FactBase = present.base().clone();
    for (path, text) in &changed {
        match text {
            Some(text) if crate::interesting(path) && !unread.contains(path) => {
                base.insert(path.as_str(), Arc::new(crate::extract(path, text)));
            }
            Some(_) => {}
            None => {
                base.remove(path);
            }
        }
    }
    let source = present.texts().clone();
    let texts = Texts::new(move |path| match changed.get(path) {
        Some(text) => text.clone(),
        None => source.read(path),
    });
    Some(Snapshot::new(Arc::new(base), Arc::new(present.settings().clone())).with_texts(texts))
}
