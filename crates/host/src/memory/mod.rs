//! The memory on disk: one Markdown file an entry in `.seam/memory`, written by any number of processes.
//!
//! Invariants: a file gets its name when it is whole and on the disk, and is never written again; whoever writes holds the folder's
//! lock, so that nothing is lost between writers. What a writer left that was killed is finished by the next one if it is whole (its name
//! ends in a hash of what it says), and is reported until somebody looks at it if it is not.

mod kept;

use crate::HostError;
use rayon::prelude::*;
use seam_engine::learn::{Entry, Log, Told, parse};
use seam_engine::memory::{FOLDER, Memory};
use seam_facts::{Problem, ProblemKind};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// What people find in the folder, and what writers lock.
const README: &str = "README.md";
const ABOUT: &str = "# What this system has taught\n\nOne file for each incident, verdict and dismissed finding. `seam learn` writes them, and \
`seam detect`, `diagnose` and `recall` use them.\nFiles are never changed by it: `seam learn edit` and `retract` add another one. \
Commit this folder; merging is having both files.\n";

/// The ending of what is not yet whole.
const PART: &str = "part";
/// An entry is a page, not a book.
const LARGEST: u64 = 1 << 20;
/// How long reading waits for a writer before it says nothing of what that one is writing.
const WAITS: u32 = 20;
const WAIT: Duration = Duration::from_millis(10);

/// The memory below a workspace's folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// A file's name, its size and its time of change.
pub(crate) type Stamp = (String, u64, u64);
/// What the files of the folder are.
pub(crate) type State = Vec<Stamp>;

/// What became of an entry that was to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub path: PathBuf,
    /// The very same was there already.
    pub known: bool,
    /// Entries that a killed writer had left whole, and that have their names now.
    pub finished: Vec<String>,
}

impl Folder {
    /// The memory of a workspace whose first folder is `root`. Nothing is made before something is kept.
    pub fn of(root: &Path) -> Folder {
        Folder { path: root.join(FOLDER) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn state(&self) -> State {
        let Ok(entries) = fs::read_dir(&self.path) else { return State::new() };
        // Asking the system of ten thousand files is most of what a question costs.
        let mut out: State = entries
            .flatten()
            .collect::<Vec<_>>()
            .par_iter()
            .filter_map(|e| {
                let name = e.file_name().to_string_lossy().into_owned();
                let meta = e.metadata().ok().filter(fs::Metadata::is_file)?;
                let changed = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
                (name != README).then(|| (name, meta.len(), changed.map_or(0, |d| d.as_nanos() as u64)))
            })
            .collect();
        out.sort();
        out
    }

    /// Reads every entry. A file that cannot be read costs itself.
    pub fn read(&self) -> Log {
        let state = self.state();
        let one = |stamp: &Stamp| Folder::one(&stamp.0, self.bytes(stamp)?);
        let mut log = Log::of(state.par_iter().filter_map(one).collect::<Vec<_>>());
        log.problems.extend(self.left(&state));
        log
    }

    /// What is remembered, through the index that is kept beside it; and what is to be said of that.
    pub fn recollect(&self) -> (Memory, Option<String>) {
        kept::recollect(self, &self.state())
    }

    pub(crate) fn recollected(&self, state: &State) -> (Memory, Option<String>) {
        kept::recollect(self, state)
    }

    /// Where the index is kept.
    fn index(&self) -> PathBuf {
        self.path.with_file_name("cache").join("memory")
    }

    /// What writers left that were killed.
    fn left(&self, state: &State) -> Vec<Told> {
        let parts: Vec<&String> = state.iter().map(|(name, _, _)| name).filter(|name| is_part(name)).collect();
        // Whoever is writing is done in a moment: what is there after it was left by somebody who was killed.
        let left = !parts.is_empty() && self.is_free();
        let left = parts.into_iter().filter(|name| left && self.path.join(name).exists());
        let told = |name: &String| {
            let says = "a program ended while it wrote this: the entry is not kept; see what it holds and remove it";
            Told { file: name.clone(), problem: Problem::new(ProblemKind::Unreadable, says, None) }
        };
        left.map(told).collect()
    }

    /// What an entry's file holds, or what is wrong with it; nothing if it is no entry's.
    fn bytes(&self, (name, size, _): &Stamp) -> Option<Result<Vec<u8>, Problem>> {
        name.strip_suffix(".md")?;
        if *size > LARGEST {
            let says = "larger than a mebibyte: an entry is a page";
            return Some(Err(Problem::new(ProblemKind::TooLarge, says, None)));
        }
        let unreadable = |e| Problem::new(ProblemKind::Unreadable, format!("cannot be read: {e}"), None);
        Some(fs::read(self.path.join(name)).map_err(unreadable))
    }

    /// The entry of a file.
    fn one(name: &str, bytes: Result<Vec<u8>, Problem>) -> Option<(String, Entry, Vec<Problem>)> {
        let stem = name.strip_suffix(".md")?;
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(problem) => {
                let title = stem.replace('-', " ");
                let entry = Entry { id: stem.into(), title, weight: Some(0.0), ..Entry::default() };
                return Some((name.to_owned(), entry, vec![problem]));
            }
        };
        let text = String::from_utf8_lossy(&bytes);
        let (entry, mut problems) = parse(stem, &text);
        if matches!(text, std::borrow::Cow::Owned(_)) {
            let says = "not UTF-8: what is broken costs a character";
            problems.push(Problem::new(ProblemKind::Encoding, says, None));
        }
        Some((name.to_owned(), entry, problems))
    }

    /// Whether nobody is writing, now or in a moment.
    fn is_free(&self) -> bool {
        for _ in 0..WAITS {
            let lock = File::open(self.path.join(README));
            if !lock.is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock))) {
                return true;
            }
            std::thread::sleep(WAIT);
        }
        false
    }

    /// Keeps an entry: `id` names it and is the end of its own hash, `text` is the whole file.
    pub fn keep(&self, id: &str, text: &str) -> Result<Kept, HostError> {
        let path = self.path.join(format!("{id}.md"));
        let failed = |what: &'static str| {
            let path = path.clone();
            move |cause: std::io::Error| HostError::Memory { what, path, cause }
        };
        fs::create_dir_all(&self.path).map_err(failed("make the folder of"))?;
        let lock = self.lock().map_err(failed("lock"))?;
        let finished = self.finish();
        let known = match OpenOptions::new().read(true).open(&path) {
            Ok(_) => fs::read(&path).map_err(failed("read"))? == text.as_bytes(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.write(id, &path, text).map_err(failed("write"))?;
                drop(lock);
                return Ok(Kept { path, known: false, finished });
            }
            Err(error) => return Err(failed("read")(error)),
        };
        drop(lock);
        if !known {
            let cause =
                std::io::Error::new(ErrorKind::AlreadyExists, "another text has this name and is not overwritten");
            return Err(HostError::Memory { what: "write", path, cause });
        }
        Ok(Kept { path, known, finished })
    }

    /// The folder's lock; it is given back when the file is dropped, also when the process is killed.
    fn lock(&self) -> std::io::Result<File> {
        let readme = self.path.join(README);
        // Whoever comes second finds it there: it is never put in the place of one that somebody has locked.
        match OpenOptions::new().write(true).create_new(true).open(&readme) {
            Ok(mut file) => file.write_all(ABOUT.as_bytes())?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        // One that git put in its place meanwhile is another lock.
        loop {
            let file = File::open(&readme)?;
            file.lock()?;
            if same(&file, &readme) {
                return Ok(file);
            }
        }
    }

    fn write(&self, id: &str, path: &Path, text: &str) -> std::io::Result<()> {
        let part = self.path.join(format!(".{id}.{PART}"));
        let mut file = File::create(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        drop(file);
        fs::rename(&part, path)?;
        sync(&self.path)
    }

    /// Gives entries their names that a killed writer left whole. Under the lock: nobody else is writing.
    fn finish(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (name, _, _) in self.state().iter().filter(|(name, _, _)| is_part(name)) {
            let part = self.path.join(name);
            let Some(id) = name.strip_prefix('.').and_then(|n| n.strip_suffix(&format!(".{PART}"))) else { continue };
            let Ok(text) = fs::read_to_string(&part) else { continue };
            let whole = parse(id, &text).0.named().id == id;
            let path = self.path.join(format!("{id}.md"));
            if whole
                && !path.exists()
                && File::open(&part).and_then(|f| f.sync_all()).is_ok()
                && fs::rename(&part, &path).is_ok()
            {
                out.push(id.to_owned());
            }
        }
        out
    }
}

fn is_part(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(&format!(".{PART}"))
}

/// Whether a file that is open is the one of that name still.
#[cfg(unix)]
fn same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |meta: fs::Metadata| (meta.dev(), meta.ino());
    file.metadata().ok().map(number) == fs::metadata(path).ok().map(number)
}

#[cfg(not(unix))]
fn same(_: &File, _: &Path) -> bool {
    true
}

/// A new name is safe once its folder is on the disk.
#[cfg(unix)]
fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> std::io::Result<()> {
    Ok(())
}
