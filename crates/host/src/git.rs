//! What git knows: which files differ from a revision and what they were, and what touched a file last. The git command line, behind this one file.
//!
//! Invariant: nothing of the repository's own configuration is run: no hooks, no monitors, no text converters.

use crate::HostError;
use seam_engine::asks::diagnose::Commit;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// A file that differs: its path below the root, and what it was; `None` where the revision has no such file.
pub(crate) type Before = (String, Option<Vec<u8>>);

/// Every file below `root` that is different now from what it was at the revision, new and deleted ones included.
pub(crate) fn differing(root: &Path, revision: &str) -> Result<Vec<Before>, HostError> {
    let commit = commit(root, revision)?;
    let prefix = text(run(root, &["rev-parse", "--show-prefix"], revision)?);
    let diff = ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--relative"];
    let mut names = split(&run(root, &[&diff[..], &[commit.as_str(), "--", "."]].concat(), revision)?);
    names.extend(split(&run(root, &["ls-files", "-z", "--others", "--exclude-standard"], revision)?));
    names.sort();
    names.dedup();
    let texts = contents(root, &commit, &prefix, &names, revision)?;
    Ok(names.into_iter().zip(texts).collect())
}

/// The last commit that two revisions have in common.
pub(crate) fn merge_base(root: &Path, one: &str, other: &str) -> Result<String, HostError> {
    let both = format!("{one}...{other}");
    let (one, other) = (commit(root, one)?, commit(root, other)?);
    let found = text(run(root, &["merge-base", &one, &other], &both)?);
    if found.is_empty() {
        let why = "they have no commit in common".to_owned();
        return Err(HostError::Revision { revision: both, root: root.to_owned(), why });
    }
    Ok(found)
}

/// How many commits are told of one file.
const RECENT: &str = "3";

/// The last commits that touched a file, the newest first; none where git does not know it.
pub(crate) fn recent(root: &Path, path: &str) -> Vec<Commit> {
    let log = ["log", "--no-merges", "--no-show-signature", "--date=short", "-n", RECENT];
    let format = "--format=%h%x00%ad%x00%s";
    let Ok(bytes) = run(root, &[&log[..], &[format, "--", path]].concat(), "HEAD") else { return Vec::new() };
    let line = |line: &str| {
        let mut parts = line.splitn(3, '\0').map(ToOwned::to_owned);
        Some(Commit { id: parts.next()?, date: parts.next()?, subject: parts.next()? })
    };
    text(bytes).lines().filter_map(line).collect()
}

/// The last commits without merges, the newest first, with the files below `root` that each touches.
pub(crate) fn log(root: &Path, most: usize) -> Result<Vec<seam_engine::learn::Commit>, HostError> {
    let count = most.to_string();
    let log = ["log", "--no-merges", "--no-show-signature", "--no-renames", "--no-ext-diff", "--no-textconv"];
    let shape =
        ["--date=short", "--name-only", "--relative", "--format=%x01%h%x00%ad%x00%s%x00", "-n", &count, "--", "."];
    let bytes = run(root, &[&log[..], &shape].concat(), "HEAD")?;
    let one = |part: &str| {
        let mut parts = part.splitn(4, '\0');
        let (id, date, subject) = (parts.next()?, parts.next()?, parts.next()?);
        let files = parts.next()?.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect();
        Some(seam_engine::learn::Commit { id: id.into(), date: date.into(), subject: subject.to_owned(), files })
    };
    Ok(text(bytes).split('\u{1}').filter_map(one).collect())
}

/// What a revision has at a path: the file, or every file below it.
pub(crate) fn at_revision(root: &Path, revision: &str, path: &str) -> Result<Vec<Before>, HostError> {
    let commit = commit(root, revision)?;
    let prefix = text(run(root, &["rev-parse", "--show-prefix"], revision)?);
    let names = split(&run(root, &["ls-tree", "-r", "-z", "--name-only", &commit, "--", path], revision)?);
    if names.is_empty() {
        let why = format!("it has no `{path}`");
        return Err(HostError::Revision { revision: revision.to_owned(), root: root.to_owned(), why });
    }
    let texts = contents(root, &commit, &prefix, &names, revision)?;
    Ok(names.into_iter().zip(texts).collect())
}

/// A file of a revision.
pub(crate) struct Entry {
    pub mode: String,
    pub id: String,
    /// Below the root.
    pub path: String,
}

/// Every file that a revision has below `root`.
pub(crate) fn entries(root: &Path, revision: &str) -> Result<Vec<Entry>, HostError> {
    let commit = commit(root, revision)?;
    let one = |line: String| {
        let (about, path) = line.split_once('\t')?;
        let mut words = about.split(' ');
        let (mode, _, id) = (words.next()?, words.next()?, words.next()?);
        Some(Entry { mode: mode.to_owned(), id: id.to_owned(), path: path.to_owned() })
    };
    Ok(split(&run(root, &["ls-tree", "-r", "-z", &commit], revision)?).into_iter().filter_map(one).collect())
}

/// Where `root` lies in its repository: empty, or with `/` at its end.
pub(crate) fn prefix(root: &Path) -> Result<String, HostError> {
    Ok(text(run(root, &["rev-parse", "--show-prefix"], "HEAD")?))
}

/// What is ignored below `root`; folders as a whole, with `/` at their end.
pub(crate) fn ignored(root: &Path) -> Result<Vec<String>, HostError> {
    let list = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"];
    Ok(split(&run(root, &list, "HEAD")?))
}

/// The commit that a revision names.
fn commit(root: &Path, revision: &str) -> Result<String, HostError> {
    let wanted = format!("{revision}^{{commit}}");
    Ok(text(run(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], revision)?))
}

pub(crate) fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(["-c", "core.quotepath=off", "-c", "core.fsmonitor=false"]).args(arguments);
    command.env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn run(root: &Path, arguments: &[&str], revision: &str) -> Result<Vec<u8>, HostError> {
    let failed = |why: String| HostError::Revision { revision: revision.to_owned(), root: root.to_owned(), why };
    let output = command(root, arguments).output().map_err(|e| failed(format!("git does not run: {e}")))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said.lines().next().map(|l| l.trim_start_matches("fatal: ").to_owned());
    Err(failed(why.unwrap_or_else(|| "git does not know it".to_owned())))
}

/// The revision's content of each path.
fn contents(
    root: &Path,
    commit: &str,
    prefix: &str,
    names: &[String],
    revision: &str,
) -> Result<Vec<Option<Vec<u8>>>, HostError> {
    let failed = |why: String| HostError::Revision { revision: revision.to_owned(), root: root.to_owned(), why };
    let mut child = command(root, &["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|e| failed(format!("git does not run: {e}")))?;
    let input = child.stdin.take();
    // A path with a line break cannot be asked for; it counts as new.
    let asked: String = names
        .iter()
        .map(|n| if n.contains('\n') { "\n".to_owned() } else { format!("{commit}:{prefix}{n}\n") })
        .collect();
    let writer = std::thread::spawn(move || {
        // Git may end before it has read all; its output tells.
        let _ = input.map(|mut i| i.write_all(asked.as_bytes()));
    });
    let output = child.wait_with_output().map_err(|e| failed(e.to_string()))?;
    let _ = writer.join();
    let mut rest = output.stdout.as_slice();
    Ok(names.iter().map(|_| next(&mut rest)).collect())
}

/// One answer of `cat-file --batch`: `<id> blob <size>` and the bytes, or one line that says `missing`.
fn next(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|b| *b == b'\n')?;
    let head = String::from_utf8_lossy(&rest[..end]).into_owned();
    *rest = &rest[end + 1..];
    let mut words = head.rsplit(' ');
    let size: usize = words.next().and_then(|w| w.parse().ok())?;
    let blob = words.next() == Some("blob");
    let bytes = rest.get(..size)?.to_vec();
    *rest = rest.get(size + 1..).unwrap_or_default();
    blob.then_some(bytes)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

fn split(bytes: &[u8]) -> Vec<String> {
    bytes.split(|b| *b == 0).filter(|p| !p.is_empty()).map(|p| String::from_utf8_lossy(p).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_git_are_told_apart() {
        let mut rest: &[u8] = b"0123 blob 3\na\nb\nHEAD:x y missing\n0456 tree 1\nz\n0789 blob 0\n\n";
        assert_eq!(next(&mut rest).as_deref(), Some(b"a\nb".as_slice()));
        assert_eq!(next(&mut rest), None);
        assert_eq!(next(&mut rest), None);
        assert_eq!(next(&mut rest).as_deref(), Some(b"".as_slice()));
        assert_eq!(next(&mut rest), None);
    }
}
