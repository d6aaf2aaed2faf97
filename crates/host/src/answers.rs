//! Answers that were already given for this very state of the workspace, kept between runs.
//!
//! Invariant: an answer is found again only under the same program, the same settings, and the same content of every file;
//! what is damaged is as good as absent. Asking twice without a change between costs neither facts nor linking.

use crate::cache::replace;
use std::fs;
use std::path::{Path, PathBuf};

/// More answers than people ask between two changes; beyond it all are dropped.
const MOST: usize = 64;

/// What the answers are for: a hash of the program, the settings and every file's content.
pub(crate) type State = [u8; 32];

/// The kept answers of one workspace; nowhere if there is no cache.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    folder: Option<PathBuf>,
}

impl Answers {
    pub fn new(folder: Option<PathBuf>) -> Self {
        Answers { folder }
    }

    pub fn get(&self, state: &State, ask: &str, request: &str) -> Option<String> {
        let bytes = fs::read(self.file(state, ask, request)?).ok()?;
        let (sum, text) = bytes.split_at_checked(32)?;
        (blake3::hash(text).as_bytes() == sum).then(|| String::from_utf8(text.to_vec()).ok())?
    }

    /// An answer that cannot be kept is not an error.
    pub fn put(&self, state: &State, ask: &str, request: &str, answer: &str) {
        let Some((folder, file)) = self.folder.as_ref().zip(self.file(state, ask, request)) else { return };
        drop_old(folder, &prefix(state));
        let mut bytes = blake3::hash(answer.as_bytes()).as_bytes().to_vec();
        bytes.extend_from_slice(answer.as_bytes());
        let _ = replace(&file, &bytes);
    }

    fn file(&self, state: &State, ask: &str, request: &str) -> Option<PathBuf> {
        let question = blake3::hash(format!("{ask}\0{request}").as_bytes()).to_hex();
        Some(self.folder.as_ref()?.join(format!("{}-{}", prefix(state), &question[..24])))
    }
}

/// Answers of other states are never asked for again.
fn drop_old(folder: &Path, state: &str) {
    let names: Vec<String> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.file_name().to_string_lossy().into()).collect();
    let many = names.len() >= MOST;
    for name in names.iter().filter(|n| many || !n.starts_with(state)) {
        let _ = fs::remove_file(folder.join(name));
    }
}

fn prefix(state: &State) -> String {
    blake3::Hash::from_bytes(*state).to_hex()[..24].to_owned()
}
