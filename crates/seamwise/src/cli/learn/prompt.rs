//! Asking a person: an incident step by step, or a text in an editor.

use super::super::fail::Failure;
use seam_engine::Refusal;
use seam_engine::asks::record::Request;
use std::io::{BufRead, Write};
use std::process::Command;

/// Asks line by line; an empty line leaves a field out.
pub fn incident(request: &mut Request) -> Result<(), Failure> {
    let mut input = std::io::stdin().lock();
    let mut ask = |what: &str| -> Result<Option<String>, Failure> {
        anstream::eprint!("\x1b[1m{what}\x1b[0m ");
        let _ = std::io::stderr().flush();
        let mut line = String::new();
        input.read_line(&mut line).map_err(|e| Failure::Internal(format!("cannot read standard input: {e}")))?;
        Ok(Some(line.trim().to_owned()).filter(|l| !l.is_empty()))
    };
    anstream::eprintln!("an empty line leaves a question out");
    request.title = ask("what happened, in a line:")?;
    if request.title.is_none() {
        return Err(Refusal::usage("an incident has a title", "say in a line what happened").into());
    }
    request.date = ask("when (2024-05-01; today):")?;
    request.seen = ask("what was seen:")?;
    request.cause = ask("who was at fault (services, with blanks between):")?
        .map(|l| l.split_whitespace().map(str::to_owned).collect())
        .unwrap_or_default();
    request.fault = ask("kind (code, failing, silent, setting, processor, memory, disk, queue, pool, network, slow):")?;
    request.why = ask("why:")?;
    request.messages = ask("a log line or message that tells it:")?.into_iter().collect();
    request.fix = ask("what mended it:")?;
    request.commit = ask("in which commit:")?;
    request.proof = ask("how that was proved:")?;
    request.caught = ask("what would have caught it:")?;
    Ok(())
}

/// Opens `$VISUAL` or `$EDITOR` on a text; nothing if it comes back as it was.
pub fn editor(text: &str) -> Result<Option<String>, Failure> {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.trim().is_empty());
    let Some(program) = set("VISUAL").or_else(|| set("EDITOR")) else {
        return Err(Refusal::usage(
            "no editor is set",
            "set `EDITOR`, or give `--from FILE`, or the fields that change (`--title`, `--cause` …)",
        )
        .into());
    };
    let failed = |what: &str, e: std::io::Error| Failure::Internal(format!("cannot {what}: {e}"));
    let path = std::env::temp_dir().join(format!("seam-memory-{}.md", std::process::id()));
    std::fs::write(&path, text).map_err(|e| failed("write a copy to edit", e))?;
    let mut words = program.split_whitespace();
    let ran = Command::new(words.next().unwrap_or("vi")).args(words).arg(&path).status();
    let edited = std::fs::read_to_string(&path);
    let _ = std::fs::remove_file(&path);
    let ended = ran.map_err(|e| failed(&format!("start `{program}`"), e))?;
    let edited = edited.map_err(|e| failed("read the copy back", e))?;
    Ok((ended.success() && edited.trim() != text.trim()).then_some(edited))
}
