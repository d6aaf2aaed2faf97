//! The texts of a change: what a revision, two of them, or each of several candidates has in place of the present files.
//!
//! Invariant: both texts of every file that differs from the present one in any state that is asked about, so that the engine can
//! put either state together; nothing is checked out, and the working folder stays as it is.

use crate::workspace::joined;
use crate::{HostError, Workspace, git, read, skip};
use seam_engine::Refusal;
use seam_engine::asks::plan::{File, Request};
use seam_engine::asks::verify;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What some files were in a state, by path; `None` where it has no such file. Files that are not named are as at present.
type State = BTreeMap<String, Option<String>>;

impl Workspace {
    /// The request with texts in place of revisions.
    pub(crate) fn with_texts(&self, mut request: Request) -> Result<Request, HostError> {
        let (mut base, mut head) = (request.base.take(), request.head.take());
        // `A..B` names both; `A...B` means what B has done since it left A.
        if let (Some(text), None) = (&base, &head) {
            let or_head = |t: &str| if t.is_empty() { "HEAD".to_owned() } else { t.to_owned() };
            if let Some((a, b)) = text.split_once("...") {
                (base, head) = (Some(format!("{}...{}", or_head(a), or_head(b))), Some(or_head(b)));
            } else if let Some((a, b)) = text.split_once("..") {
                (base, head) = (Some(or_head(a)), Some(or_head(b)));
            }
        }
        let own = request.patches.is_empty() && request.edits.is_empty();
        let by_revision = request.candidates.iter().any(|c| c.head.is_some());
        let base = base.or_else(|| {
            ((own && request.candidates.is_empty()) || head.is_some() || by_revision).then(|| "HEAD".to_owned())
        });
        let older = base.as_deref().map(|revision| self.at(revision)).transpose()?;
        let newer = head.as_deref().map(|revision| self.at(revision)).transpose()?;
        let stands = |older: &Option<State>| older.clone().unwrap_or_default();
        // With a patch or candidates the older state is what they are put onto.
        let onto = match (&newer, own && request.candidates.is_empty()) {
            (Some(newer), _) => newer.clone(),
            (None, true) => State::new(),
            (None, false) => stands(&older),
        };
        request.files = self.pairs(&stands(&older), &onto);
        for candidate in &mut request.candidates {
            if let Some(revision) = candidate.head.take() {
                candidate.files = self.pairs(&stands(&older), &self.at(&revision)?);
            }
        }
        Ok(request)
    }

    /// The request with both texts of what differs from its base; or why there is none.
    pub(crate) fn with_base(&self, wanted: (verify::Request, Request)) -> Result<verify::Request, Refusal> {
        let (mut request, texts) = wanted;
        match self.with_texts(texts) {
            Ok(filled) if request.base.is_some() || filled.files.iter().any(|f| f.before != f.after) => {
                request.files = filled.files;
            }
            Ok(_) => request.no_base = Some("nothing differs from the last commit".to_owned()),
            Err(error) if request.base.is_some() => {
                let hint = "give a commit, branch or tag of the repository that the workspace lies in";
                return Err(Refusal::usage(error.to_string(), hint));
            }
            Err(_) => request.no_base = Some("there is no commit to compare with".to_owned()),
        }
        Ok(request)
    }

    /// Both states' texts of each file that either has otherwise than it is now.
    fn pairs(&self, older: &State, newer: &State) -> Vec<File> {
        let paths: BTreeSet<&String> = older.keys().chain(newer.keys()).collect();
        let mut out = Vec::new();
        for path in paths {
            let present = || self.written(path).map(|t| t.to_string());
            let of = |state: &State| state.get(path).cloned().unwrap_or_else(present);
            let (before, after) = (of(older), of(newer));
            out.push(File { unread: !self.reads(path), path: path.clone(), before, after });
        }
        out
    }

    /// Whether a file of this path is read, or would be if it were there.
    fn reads(&self, path: &str) -> bool {
        let there = || self.written(path).is_some();
        self.paths().any(|p| p == path) || (!there() && skip::may_hold(path))
    }

    /// What a revision has otherwise than the present files; `A...B` is the last one that both have.
    fn at(&self, revision: &str) -> Result<State, HostError> {
        let mut out = State::new();
        let roots: Vec<(PathBuf, String)> = self.roots.clone();
        for (root, prefix) in &roots {
            let common = revision.split_once("...").map(|(a, b)| git::merge_base(root, a, b)).transpose()?;
            for (name, bytes) in git::differing(root, common.as_deref().unwrap_or(revision))? {
                let text = bytes.filter(|b| b.len() as u64 <= read::MAX_BYTES && !b.contains(&0));
                out.insert(joined(prefix, &name), text.map(|b| read::decode(&b).0.into_owned()));
            }
        }
        Ok(out)
    }
}
