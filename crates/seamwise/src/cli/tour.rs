//! `seam tour`: the whole loop on a workspace that really runs, as its tour tells it: Markdown whose indented lines are run and whose
//! answers are shown as they come.
//!
//! Invariant: nothing that is shown is made up: each answer is what the very command wrote, and a command that ends otherwise than the tour
//! says ends the tour. All of it happens in a copy that is gone afterwards, however this ends; heavy folders that git ignores are linked.

use super::args::Tour;
use super::fail::Failure;
use super::say;
use seam_engine::{Refusal, patch};
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;
use std::{env, fs};

/// Where a workspace has its tour.
const TOUR: &str = "tour/README.md";
/// The repository's own, from its first folder.
const OWN: &str = "workspaces/kiosk";
/// Longer answers are cut, and say so.
const LINES: usize = 24;

pub fn run(command: &Tour) -> Result<ExitCode, Failure> {
    let workspace = found(command)?;
    let text = fs::read_to_string(workspace.join(TOUR)).map_err(|e| failed("read", &workspace.join(TOUR), &e))?;
    let text = text.split_once('\n').map_or("", |(_, rest)| rest);
    let lacks = lacking(&workspace);
    if !lacks.is_empty() {
        return Err(Refusal::usage(
            format!("the tour starts `{}`, and this machine lacks {}", workspace.display(), lacks.join(", ")),
            format!(
                "`{} --system` installs and builds what is needed (as root)",
                workspace.join("prepare.sh").display()
            ),
        )
        .into());
    }
    let began = Instant::now();
    let temporary = Temporary::new()?;
    let here = temporary.path.join(workspace.file_name().unwrap_or("workspace".as_ref()));
    copy(&workspace, &here)?;
    let mut run = 0;
    for block in text.split_inclusive('\n') {
        let Some(line) = block.strip_prefix("    $ ") else {
            say(block)?;
            continue;
        };
        let (line, expected) = line.trim_end().split_once("  # exit ").unwrap_or((line.trim_end(), "0"));
        say(&format!("$ {line}\n"))?;
        let words = words(line);
        let said = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["patched", to, patches @ ..] => patched(&here, to, patches)?,
            ["adopt", to] => adopted(&here, &here.join(to))?,
            ["seam", arguments @ ..] => {
                run += 1;
                asked(&here, &temporary, arguments, expected)?
            }
            _ => return Err(Failure::Internal(format!("the tour has a line that nobody understands: {line}"))),
        };
        say(&said)?;
    }
    drop(temporary);
    say(&format!("\n{run} commands in {} s; the copy is gone\n", began.elapsed().as_secs()))?;
    Ok(ExitCode::SUCCESS)
}

/// The workspace that is meant: given, or the repository's own from here or any folder above.
fn found(command: &Tour) -> Result<PathBuf, Failure> {
    let here = env::current_dir().map_err(|e| Failure::Internal(e.to_string()))?;
    let candidates: Vec<PathBuf> = match &command.workspace {
        Some(path) => vec![path.clone()],
        None => here.ancestors().flat_map(|a| [a.to_owned(), a.join(OWN)]).collect(),
    };
    let found = candidates.into_iter().find(|p| p.join(TOUR).is_file());
    found.and_then(|p| p.canonicalize().ok()).ok_or_else(|| {
        let hint = format!("run it in Seamwise's repository, or give a workspace that has a `{TOUR}`");
        Refusal::usage("there is no tour here", hint).into()
    })
}

/// What the workspace needs to run, and this machine has not: `tour/needs` names programs, and files that are installed or built.
fn lacking(workspace: &Path) -> Vec<String> {
    let needs = fs::read_to_string(workspace.join("tour/needs")).unwrap_or_default();
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]).collect();
    let has = |name: &str| match name.contains('/') {
        true => workspace.join(name).exists(),
        false => folders.iter().any(|f| f.join(name).is_file()),
    };
    let names = needs.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    names.filter(|n| !has(n)).map(|n| format!("`{n}`")).collect()
}

/// A folder that goes when this program does, also after `kill -9`: a shell holds the other end of a pipe.
struct Temporary {
    path: PathBuf,
    guard: Child,
}

const GUARD: &str = "trap '' INT TERM HUP; cat > /dev/null; rm -rf -- \"$1\"";

impl Temporary {
    fn new() -> Result<Temporary, Failure> {
        let path = env::temp_dir().join(format!("seam-tour-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|e| failed("make", &path, &e))?;
        let path = path.canonicalize().map_err(|e| failed("find", &path, &e))?;
        let mut shell = Command::new("sh");
        shell.args(["-c", GUARD, "seam-tour"]).arg(&path);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut shell, 0);
        let guard = shell.spawn().map_err(|e| failed("guard", &path, &e))?;
        Ok(Temporary { path, guard })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// A copy of what is written; what is installed or built is linked.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(|e| failed("make", to, &e))?;
    let entries = fs::read_dir(from).map_err(|e| failed("read", from, &e))?;
    for entry in entries.flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let (text, target) = (name.to_string_lossy(), to.join(&name));
        match text.as_ref() {
            ".seam" | ".stores" | "target" | "__pycache__" => {}
            "node_modules" | ".venv" | "bin" => link(&path, &target).map_err(|e| failed("link", &target, &e))?,
            _ if path.is_dir() => copy(&path, &target)?,
            _ => drop(fs::copy(&path, &target).map_err(|e| failed("copy", &path, &e))?),
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(path: &Path, target: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(path.canonicalize()?, target)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// A copy with patches put onto it.
fn patched(here: &Path, to: &str, patches: &[&str]) -> Result<String, Failure> {
    let target = here.join(to);
    copy(here, &target)?;
    let mut said = String::new();
    for name in patches {
        let path = here.join(name);
        let text = fs::read_to_string(&path).map_err(|e| failed("read", &path, &e))?;
        let wrong = |why: String| Failure::Internal(format!("`{name}` cannot be put onto the workspace: {why}"));
        for file in patch::read(&text).map_err(wrong)? {
            let place = file.to.clone().unwrap_or_default();
            let path = target.join(&place);
            if Path::new(&place).components().any(|c| !matches!(c, Component::Normal(_))) {
                return Err(wrong(format!("`{place}` lies elsewhere")));
            }
            let before = fs::read_to_string(&path).unwrap_or_default();
            let after = patch::apply(&before, &file).map_err(wrong)?;
            fs::write(&path, after).map_err(|e| failed("write", &path, &e))?;
            said.push_str(&format!("{to}: {place}\n"));
        }
    }
    Ok(said)
}

/// Rules and replay files that the workspace has got are put into a copy too.
fn adopted(here: &Path, to: &Path) -> Result<String, Failure> {
    let from = here.join("seam");
    copy(&from, &to.join("seam"))?;
    Ok(String::new())
}

/// What a command wrote; it is this very program.
fn asked(here: &Path, temporary: &Temporary, arguments: &[&str], expected: &str) -> Result<String, Failure> {
    let program = env::current_exe().map_err(|e| Failure::Internal(e.to_string()))?;
    let output = Command::new(program)
        .args(arguments)
        .current_dir(here)
        .env("SEAM_CACHE", temporary.path.join("cache"))
        .stdin(Stdio::null())
        .output()
        .map_err(|e| failed("start", here, &e))?;
    let code = output.status.code().map_or_else(|| "a signal".to_owned(), |c| c.to_string());
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let mut out = cut(&said);
    out.push_str(&told);
    if code != expected {
        let _ = std::io::stdout().write_all(out.as_bytes());
        return Err(Failure::Internal(format!("the tour expects exit code {expected} here, and it is {code}")));
    }
    Ok(out)
}

fn cut(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out: String = lines.iter().take(LINES).flat_map(|l| [*l, "\n"]).collect();
    if lines.len() > LINES {
        out.push_str(&format!("… {} more lines\n", lines.len() - LINES));
    }
    out
}

/// Words as a shell takes them, with double quotes.
fn words(line: &str) -> Vec<String> {
    let (mut out, mut quoted, mut word) = (Vec::new(), false, None::<String>);
    for c in line.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => out.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    out
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::Internal(format!("cannot {what} `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_together_what_is_quoted() {
        assert_eq!(
            words("seam learn --title \"Charged twice\" \"\" x"),
            ["seam", "learn", "--title", "Charged twice", "", "x"]
        );
    }

    #[test]
    fn long_answers_are_cut_and_say_so() {
        assert_eq!(cut("a\nb\n"), "a\nb\n");
        assert!(cut(&"x\n".repeat(LINES + 3)).ends_with("x\n… 3 more lines\n"));
    }
}
