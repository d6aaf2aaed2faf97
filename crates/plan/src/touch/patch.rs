//! Patches as `diff -u` and git write them: which files they change, and the texts that come out.
//!
//! Invariant: a hunk is applied where its older lines stand; if they have moved, to the nearest place where they stand, and
//! otherwise the file is refused as a whole. What is no patch is an error with the line.

/// One file of a patch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patched {
    /// Its path before; nothing for a new file.
    pub from: Option<String>,
    /// Its path after; nothing for one that is removed.
    pub to: Option<String>,
    pub hunks: Vec<Block>,
}

/// A stretch of lines, each kept (` `), taken away (`-`) or added (`+`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Where its first older line stands, from 1; 0 in a new file.
    pub start: usize,
    pub lines: Vec<(char, String)>,
    /// The last newer line ends without a line break.
    pub open: bool,
}

/// The files of a patch.
pub fn read(text: &str) -> Result<Vec<Patched>, String> {
    let mut out: Vec<Patched> = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    let mut renamed: (Option<String>, Option<String>) = (None, None);
    while let Some((index, line)) = lines.next() {
        if line.starts_with("diff --git ") {
            flush(&mut renamed, &mut out);
        } else if let Some(path) = line.strip_prefix("rename from ") {
            renamed.0 = Some(path.to_owned());
        } else if let Some(path) = line.strip_prefix("rename to ") {
            renamed.1 = Some(path.to_owned());
        } else if let Some(from) = line.strip_prefix("--- ") {
            let Some((_, to)) = lines.next_if(|(_, l)| l.starts_with("+++ ")) else { continue };
            out.push(Patched { from: path(from), to: path(&to[4..]), hunks: Vec::new() });
            renamed = (None, None);
        } else if line.starts_with("@@ ") {
            let Some(file) = out.last_mut() else { return Err(format!("line {}: a hunk of no file", index + 1)) };
            let (start, mut old, mut new) =
                header(line).ok_or_else(|| format!("line {}: `{line}` is no hunk's head", index + 1))?;
            let mut block = Block { start, ..Block::default() };
            while old > 0 || new > 0 {
                let Some((index, line)) = lines.next() else { return Err("the last hunk ends too early".to_owned()) };
                let mark = line.chars().next().unwrap_or(' ');
                match mark {
                    ' ' => (old, new) = (old.saturating_sub(1), new.saturating_sub(1)),
                    '-' => old = old.saturating_sub(1),
                    '+' => new = new.saturating_sub(1),
                    '\\' => continue,
                    _ => return Err(format!("line {}: `{line}` belongs to no hunk", index + 1)),
                }
                block.lines.push((mark, line.get(1..).unwrap_or_default().to_owned()));
            }
            if lines.next_if(|(_, l)| l.starts_with('\\')).is_some() {
                block.open = block.lines.last().is_some_and(|(mark, _)| *mark != '-');
            }
            file.hunks.push(block);
        }
    }
    flush(&mut renamed, &mut out);
    if out.is_empty() && !text.trim().is_empty() {
        return Err("it holds no file's difference (`--- a/…`, `+++ b/…`)".to_owned());
    }
    Ok(out)
}

/// A file that is only called otherwise.
fn flush(renamed: &mut (Option<String>, Option<String>), out: &mut Vec<Patched>) {
    if let (Some(from), Some(to)) = (renamed.0.take(), renamed.1.take()) {
        out.push(Patched { from: Some(from), to: Some(to), hunks: Vec::new() });
    }
}

/// The path of a header: without git's letter before it and the date behind it.
fn path(text: &str) -> Option<String> {
    let text = text.split('\t').next().unwrap_or(text).trim().trim_matches('"');
    if text == "/dev/null" {
        return None;
    }
    let plain = text.strip_prefix("a/").or_else(|| text.strip_prefix("b/")).unwrap_or(text);
    Some(plain.trim_start_matches("./").to_owned())
}

/// `@@ -3,7 +3,8 @@` → where it starts, how many older lines, how many newer.
fn header(line: &str) -> Option<(usize, usize, usize)> {
    let mut parts = line.split_whitespace().skip(1);
    let range = |text: &str, sign: char| -> Option<(usize, usize)> {
        let (start, count) = text.strip_prefix(sign)?.split_once(',').unwrap_or((text.strip_prefix(sign)?, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    let (start, old) = range(parts.next()?, '-')?;
    let (_, new) = range(parts.next()?, '+')?;
    Some((start, old, new))
}

/// The text after a file's hunks.
pub fn apply(before: &str, file: &Patched) -> Result<String, String> {
    let lines: Vec<&str> = before.lines().collect();
    let ends = before.is_empty() || before.ends_with('\n');
    let break_ = if before.contains("\r\n") { "\r\n" } else { "\n" };
    let (mut out, mut at): (Vec<&str>, usize) = (Vec::new(), 0);
    let mut open = !ends;
    for (index, block) in file.hunks.iter().enumerate() {
        let plain = |l: &'_ str| l.trim_end_matches('\r').to_owned();
        let old: Vec<String> = block.lines.iter().filter(|(m, _)| *m != '+').map(|(_, l)| plain(l)).collect();
        let wanted = block.start.saturating_sub(usize::from(!old.is_empty()));
        let fits = |from: usize| {
            from >= at && from + old.len() <= lines.len() && old.iter().zip(&lines[from..]).all(|(a, b)| a == b)
        };
        let far = lines.len() + 1;
        let found =
            (0..far).flat_map(|d| [wanted.checked_sub(d), wanted.checked_add(d)]).flatten().find(|from| fits(*from));
        let Some(from) = found else {
            return Err(format!("hunk {} (line {}) does not fit what stands there", index + 1, block.start));
        };
        out.extend(&lines[at..from]);
        let mut next = from;
        for (mark, line) in &block.lines {
            match mark {
                '+' => out.push(line.trim_end_matches('\r')),
                '-' => next += 1,
                _ => {
                    out.push(lines[next]);
                    next += 1;
                }
            }
        }
        at = next;
        if at >= lines.len() {
            open = block.open;
        }
    }
    out.extend(&lines[at..]);
    let mut text = out.join(break_);
    if !open && !out.is_empty() {
        text.push_str(break_);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_are_applied_where_their_lines_stand() {
        let patch = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -5 +5,2 @@\n e\n+f\n";
        let files = read(patch).unwrap();
        assert_eq!((files[0].from.as_deref(), files[0].hunks.len()), (Some("x.py"), 2));
        assert_eq!(apply("a\nb\nc\nd\ne\n", &files[0]).unwrap(), "a\nB\nc\nd\ne\nf\n");
        // Two lines further down.
        assert_eq!(apply("0\n0\na\nb\nc\nd\ne\n", &files[0]).unwrap(), "0\n0\na\nB\nc\nd\ne\nf\n");
        assert!(apply("nothing\n", &files[0]).unwrap_err().contains("hunk 1"));
    }

    #[test]
    fn new_removed_and_renamed_files_are_told() {
        let patch = "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline at end of file\n--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\ndiff --git a/p b/q\nsimilarity index 100%\nrename from p\nrename to q\n";
        let files = read(patch).unwrap();
        assert_eq!(apply("", &files[0]).unwrap(), "a\nb");
        assert_eq!((files[1].to.clone(), apply("x\n", &files[1]).unwrap()), (None, String::new()));
        assert_eq!((files[2].from.as_deref(), files[2].to.as_deref()), (Some("p"), Some("q")));
        assert!(read("nothing here").is_err());
        assert!(read("@@ -1 +1 @@\n").is_err());
    }
}
