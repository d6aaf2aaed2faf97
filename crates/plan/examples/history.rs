//! Predicts, for commits of a repository of Go, which lines of the parent's tree name what the commit takes out of `.proto` files.
//!
//! `history GITDIR < PAIRS`, each line `COMMIT PARENT`; prints `COMMIT PATH:LINE CERTAINTY USE ELEMENT`. Only the contracts of
//! the commit are looked at, never its code, so that what it changes there is the truth to compare with.

#![expect(clippy::disallowed_methods, reason = "it reads a repository through git")]

use seam_extract::outline::{Outline, outline};
use seam_plan::Text;
use seam_plan::impact::{Code, Schema, references};
use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::rc::Rc;

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Git {
    folder: String,
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Git {
    fn new(folder: String) -> Outcome<Self> {
        let mut command = Command::new("git");
        command.args(["--git-dir", &folder, "cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let out = BufReader::new(child.stdout.take().ok_or("git has no output")?);
        Ok(Git { folder, child, out })
    }

    fn blob(&mut self, id: &str) -> Outcome<String> {
        let input = self.child.stdin.as_mut().ok_or("git takes no input")?;
        writeln!(input, "{id}")?;
        let mut head = String::new();
        self.out.read_line(&mut head)?;
        let size: usize = head.trim().rsplit(' ').next().unwrap_or_default().parse()?;
        let mut bytes = vec![0; size + 1];
        self.out.read_exact(&mut bytes)?;
        bytes.pop();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Paths with their blobs, copies of other people's code left out.
    fn tree(&self, revision: &str, end: &str) -> Outcome<Vec<(String, String)>> {
        let output = Command::new("git").args(["--git-dir", &self.folder, "ls-tree", "-r", revision]).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let entry = |line: &str| {
            let (head, path) = line.split_once('\t')?;
            Some((path.to_owned(), head.split(' ').nth(2)?.to_owned()))
        };
        let foreign = |path: &str| path.split('/').any(|part| matches!(part, "vendor" | "Godeps"));
        Ok(text.lines().filter_map(entry).filter(|(p, _)| p.ends_with(end) && !foreign(p)).collect())
    }

    fn schema(&mut self, revision: &str) -> Outcome<Schema> {
        let mut texts = Vec::new();
        for (path, blob) in self.tree(revision, ".proto")? {
            texts.push((path, self.blob(&blob)?));
        }
        Ok(Schema::read(&texts.iter().map(|(name, text)| Text { name, text }).collect::<Vec<_>>()))
    }
}

/// A file's text, and its outline once it was made.
type Kept = (Rc<String>, Option<Rc<Outline>>);

fn main() -> Outcome<()> {
    let folder = std::env::args().nth(1).ok_or("give a git directory")?;
    let mut git = Git::new(folder)?;
    let mut kept: HashMap<(String, String), Kept> = HashMap::new();
    for line in std::io::stdin().lines() {
        let line = line?;
        let Some((commit, parent)) = line.split_once(' ') else { continue };
        let (base, revision) = (git.schema(parent)?, git.schema(commit)?);
        let gone = base.gone(&revision);
        let mut files = Vec::new();
        for (path, blob) in git.tree(parent, ".go")? {
            let key = (path.clone(), blob.clone());
            if !kept.contains_key(&key) {
                let text = git.blob(&blob)?;
                let made = outline(&path, &text).map(Rc::new);
                kept.insert(key.clone(), (Rc::new(text), made));
            }
            if let (text, Some(outline)) = kept[&key].clone() {
                files.push((path, text, outline));
            }
        }
        let code = files.iter().map(|(path, text, outline)| Code { path, text, outline }).collect();
        for r in references(&base, code, &gone) {
            println!("{commit} {}:{} {:?} {:?} {}", r.path, r.line, r.certainty, r.what, r.element.key());
        }
        println!("{commit} gone {}", gone.iter().map(|e| e.key()).collect::<Vec<_>>().join(" "));
    }
    Ok(())
}
