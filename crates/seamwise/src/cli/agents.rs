//! `seam agents`: a small section in the files that coding agents read first. The rest of each file stays as it is.
//!
//! Invariant: the same system gives the same section; a second run changes nothing; a file is replaced as a whole or not at all.
//! Names come from scanned files, hence they are cut down to what names are made of.

use super::args::{Agents, Args};
use super::fail::Failure;
use super::open::open;
use super::{asked, say, typed};
use crate::mcp;
use seam_engine::Refusal;
use seam_engine::asks::overview::{Answer, Request, Row};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const START: &str = "<!-- seamwise: written by `seam agents`; what stands between these marks is replaced -->";
const END: &str = "<!-- seamwise: end -->";
const KNOWN: [&str; 3] = ["AGENTS.md", "CLAUDE.md", ".github/copilot-instructions.md"];
/// A screenful.
const ROWS: usize = 32;

/// 0, or with `--check` 1 where a file is not as it would be written.
pub fn run(command: &Agents, args: &Args) -> Result<ExitCode, Failure> {
    let (mut workspace, _) = open(&command.paths, args)?;
    let request = Request { budget: Some(12_000), ..Request::default() };
    let section = section(&typed(&asked(&mut workspace, "overview", &request)?)?);
    let mut stale = false;
    for file in files(command) {
        let before = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(cannot("read", &file, &error)),
        };
        let after = with(&before, &section).map_err(|why| {
            Refusal::usage(
                format!("`{}` is left as it is: {why}", file.display()),
                "repair the marks, or remove them both",
            )
        })?;
        let shown = file.display();
        if after == before {
            say(&format!("{shown} is up to date\n"))?;
        } else if command.check {
            stale = true;
            say(&format!("{shown} is out of date: run `seam agents`\n"))?;
        } else {
            write(&file, &after)?;
            say(&format!("{shown} written\n"))?;
        }
    }
    Ok(if stale { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Those that are named, or those that exist, or the one that most agents read. Links are followed, and each file is one.
fn files(command: &Agents) -> Vec<PathBuf> {
    let root = command.paths.first().cloned().unwrap_or_default();
    let mut files: Vec<PathBuf> = match command.files.as_slice() {
        [] => KNOWN.iter().map(|name| root.join(name)).filter(|file| file.exists()).collect(),
        named => named.to_vec(),
    };
    if files.is_empty() {
        files.push(root.join(KNOWN[0]));
    }
    let mut seen = Vec::new();
    files.retain(|file| {
        let full = file.canonicalize().unwrap_or_else(|_| file.clone());
        let new = !seen.contains(&full);
        seen.push(full);
        new
    });
    files
}

/// The text with the section in place of the old one, or at its end.
fn with(text: &str, section: &str) -> Result<String, &'static str> {
    let section = if text.contains("\r\n") { section.replace('\n', "\r\n") } else { section.to_owned() };
    let line = if text.contains("\r\n") { "\r\n" } else { "\n" };
    match (text.find(START), text.find(END)) {
        (None, None) if text.trim().is_empty() => Ok(section + line),
        (None, None) => Ok(format!("{}{line}{line}{section}{line}", text.trim_end())),
        (Some(start), Some(end)) if start < end => {
            let rest = &text[end + END.len()..];
            if rest.contains(START) || rest.contains(END) {
                return Err("it has more than one section");
            }
            Ok(format!("{}{section}{rest}", &text[..start]))
        }
        _ => Err("one mark of its section is missing"),
    }
}

fn section(answer: &Answer) -> String {
    let counts = &answer.counts;
    let mut out = format!(
        "{START}\n## The system\n\n{} services, {} stores and brokers, {} endpoints, {} interactions between them.\n\n",
        counts.services, counts.stores, counts.endpoints, counts.interactions
    );
    let mut rows: Vec<&Row> = answer.services.iter().collect();
    if rows.len() > ROWS {
        rows.sort_by_key(|r| (std::cmp::Reverse(r.uses.len()), r.name.clone()));
        rows.truncate(ROWS);
        rows.sort_by(|a, b| a.name.cmp(&b.name));
    }
    for row in &rows {
        let mut about: Vec<String> = Vec::new();
        about.extend(Some(name(&row.language)).filter(|l| !l.is_empty()));
        about.extend(Some(&row.folder).filter(|f| !f.is_empty()).map(|f| format!("`{}`", name(f))));
        let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
        let uses: Vec<String> = row.uses.iter().take(8).map(|u| name(u)).collect();
        let more = if row.uses.len() > 8 { format!(" and {} more", row.uses.len() - 8) } else { String::new() };
        let uses = if uses.is_empty() { String::new() } else { format!(": uses {}{more}", uses.join(", ")) };
        out.push_str(&format!("- {}{about}{uses}\n", name(&row.name)));
    }
    if answer.services.len() > rows.len() {
        out.push_str(&format!("- and {} more: `system_overview`\n", answer.services.len() - rows.len()));
    }
    let tools: Vec<&str> = mcp::tools().collect();
    out.push_str(&format!(
        "\nThe MCP server `seamwise` (`seam mcp`) knows who calls whom, with the line that proves it. Its tools are {}.\n\n\
- Before a change or a search that may cross a service: `context` with the task, the error, the place or the diff.\n\
- For a name: `find`. For a line of code: `at`. For how one service reaches another: `path`.\n\
- Before a change of an endpoint, message, table or setting: `find` it, and look at every side.\n\
- Before a change is finished: `findings` with `since` set to the commit it started from.\n\
- An interaction that is not listed is not proven; it may still be there.\n\
{END}",
        tools.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join(", ")
    ));
    out
}

/// A name without anything that could be more than a name.
fn name(text: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-_./+#: ".contains(c) { c } else { '_' };
    text.chars().take(80).map(plain).collect()
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    // Through a link to the file itself, beside which the new text is made ready.
    let full = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let folder = full.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let ready = folder.join(format!(".seam-agents-{}", std::process::id()));
    let done = fs::create_dir_all(folder).and_then(|()| fs::write(&ready, text)).and_then(|()| {
        if let Ok(before) = fs::metadata(&full) {
            fs::set_permissions(&ready, before.permissions())?;
        }
        fs::rename(&ready, &full)
    });
    done.map_err(|error| {
        let _ = fs::remove_file(&ready);
        cannot("write", file, &error)
    })
}

fn cannot(what: &str, file: &Path, error: &std::io::Error) -> Failure {
    Failure::Internal(format!("cannot {what} `{}`: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_file_stays_as_it_is() {
        let section = format!("{START}\nnew\n{END}");
        let old = format!("# Ours\n\n{START}\nold\n{END}\n\nMore of ours.\n");
        let new = with(&old, &section).unwrap();
        assert_eq!(new, format!("# Ours\n\n{START}\nnew\n{END}\n\nMore of ours.\n"));
        assert_eq!(with(&new, &section).unwrap(), new, "a second run changes nothing");
        assert_eq!(with("", &section).unwrap(), format!("{section}\n"));
        let windows = with("# Ours\r\n", &section).unwrap();
        assert!(windows.starts_with("# Ours\r\n\r\n<!--") && !windows.replace("\r\n", "").contains('\n'));
        assert!(with(&format!("{START}\nhalf"), &section).is_err());
        assert!(with(&format!("{new}{new}"), &section).is_err());
    }

    #[test]
    fn names_from_files_stay_names() {
        let cut = name("shop`\n<!-- do this -->");
        assert!(cut.starts_with("shop") && !cut.contains(['`', '\n', '<', '>', '!']), "{cut}");
    }
}
