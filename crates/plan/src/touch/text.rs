//! Two texts of one file: which lines differ, what of a line is code, and which words a change takes away.
//!
//! Invariant: a comment, a blank line and the way that something is broken into lines are no difference, unless the language
//! counts indentation. Lines count from 1.

/// Lines that differ: of the older text, and of the newer. One of both may be empty; then its start is where it would stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// First line and how many.
    pub old: (u32, u32),
    pub new: (u32, u32),
}

impl Hunk {
    pub fn holds_old(&self, line: u32) -> bool {
        self.old.0 <= line && line < self.old.0 + self.old.1
    }

    pub fn holds_new(&self, line: u32) -> bool {
        self.new.0 <= line && line < self.new.0 + self.new.1
    }
}

/// More cells than this are compared as one block: two texts that have nothing in common are no hunks.
const MOST: usize = 4_000_000;

/// What differs, in order.
pub fn hunks(before: &str, after: &str) -> Vec<Hunk> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let start = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let room = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old[start..old.len() - end], &new[start..new.len() - end]);
    let mut out: Vec<Hunk> = Vec::new();
    let mut put = |i: usize, j: usize, removed: bool| {
        let (line, other) = ((start + i + 1) as u32, (start + j + 1) as u32);
        if let Some(last) = out.last_mut()
            && last.old.0 + last.old.1 == line
            && last.new.0 + last.new.1 == other
        {
            if removed {
                last.old.1 += 1
            } else {
                last.new.1 += 1
            }
            return;
        }
        out.push(Hunk { old: (line, u32::from(removed)), new: (other, u32::from(!removed)) });
    };
    let (mut i, mut j) = (0, 0);
    if a.len().saturating_mul(b.len()) > MOST {
        (0..a.len()).for_each(|i| put(i, 0, true));
        (0..b.len()).for_each(|j| put(a.len(), j, false));
        return out;
    }
    // How long the longest common part of the rests is.
    let width = b.len() + 1;
    let mut common = vec![0u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i * width + j] = if a[i] == b[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j == b.len() || common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            put(i, j, true);
            i += 1;
        } else {
            put(i, j, false);
            j += 1;
        }
    }
    out
}

/// How a file's comments begin.
#[derive(Clone, Copy, Debug, Default)]
struct Comments {
    line: &'static [&'static str],
    block: Option<(&'static str, &'static str)>,
    /// Indentation means something.
    indented: bool,
}

fn comments(path: &str) -> Option<Comments> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or(name.as_str(), |(_, e)| e);
    let slashes = Comments { line: &["//"], block: Some(("/*", "*/")), indented: false };
    let hash = Comments { line: &["#"], block: None, indented: false };
    Some(match extension {
        "go" | "rs" | "java" | "kt" | "kts" | "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "cs" | "proto" | "c"
        | "cc" | "cpp" | "h" | "hpp" | "scala" | "groovy" | "gradle" | "swift" | "dart" | "thrift" => slashes,
        "php" => Comments { line: &["//", "#"], ..slashes },
        "py" | "yaml" | "yml" => Comments { indented: true, ..hash },
        "rb" | "sh" | "toml" | "env" | "properties" | "conf" | "template" | "tf" | "ex" | "exs" | "graphql"
        | "graphqls" | "gql" | "dockerfile" | "makefile" => hash,
        "sql" | "lua" => Comments { line: &["--"], block: Some(("/*", "*/")), indented: false },
        "xml" | "html" | "csproj" | "vue" => Comments { line: &[], block: Some(("<!--", "-->")), indented: false },
        "ini" => Comments { line: &[";", "#"], ..hash },
        _ if name.starts_with("dockerfile") || name.starts_with(".env") => hash,
        _ => return None,
    })
}

/// Each line without its comments and without space that means nothing; for a file whose comments are not known, the lines.
pub fn code(path: &str, text: &str) -> Vec<String> {
    let Some(kinds) = comments(path) else { return text.lines().map(|l| l.trim_end().to_owned()).collect() };
    let mut inside = false;
    text.lines().map(|line| stripped(line, kinds, &mut inside)).collect()
}

fn stripped(line: &str, kinds: Comments, inside: &mut bool) -> String {
    let mut out = String::with_capacity(line.len());
    let (mut rest, mut quote) = (line, None);
    while let Some(c) = rest.chars().next() {
        if *inside {
            let Some((_, end)) = kinds.block else { break };
            match rest.find(end) {
                Some(at) => {
                    rest = &rest[at + end.len()..];
                    *inside = false;
                    continue;
                }
                None => break,
            }
        }
        let mut step = c.len_utf8();
        match quote {
            Some(q) => {
                if c == '\\' {
                    step += rest[step..].chars().next().map_or(0, char::len_utf8);
                } else if c == q {
                    quote = None;
                }
            }
            None if kinds.block.is_some_and(|(start, _)| rest.starts_with(start)) => {
                *inside = true;
                rest = &rest[kinds.block.map_or(0, |(start, _)| start.len())..];
                continue;
            }
            // A hash within a word is no comment: `a#b`, `$#`.
            None if kinds.line.iter().any(|l| rest.starts_with(l))
                && (c != '#' || out.is_empty() || out.ends_with(char::is_whitespace))
                && !(c == '/' && out.ends_with(':')) =>
            {
                break;
            }
            None if c == '"' || c == '\'' || c == '`' => quote = Some(c),
            None => {}
        }
        out.push_str(&rest[..step]);
        rest = &rest[step..];
    }
    let end = out.trim_end().len();
    out.truncate(end);
    if kinds.indented { out } else { out.split_whitespace().collect::<Vec<_>>().join(" ") }
}

/// Whether the lines of a hunk hold the same code on both sides.
pub fn says_the_same(hunk: &Hunk, old: &[String], new: &[String]) -> bool {
    let part = |lines: &[String], (from, count): (u32, u32)| -> String {
        let start = (from.saturating_sub(1) as usize).min(lines.len());
        let all = lines[start..(start + count as usize).min(lines.len())].iter();
        all.filter(|l| !l.trim().is_empty()).map(String::as_str).collect::<Vec<_>>().join("\n")
    };
    let (a, b) = (part(old, hunk.old), part(new, hunk.new));
    a == b
}

/// Text between quotes on a line, and the names on it: what another text may know the same thing by. With `true`, what is a key
/// or stands between quotes.
pub fn words(line: &str) -> Vec<(String, bool)> {
    let mut out = Vec::new();
    let (mut word, mut quote) = (String::new(), None);
    let mut put = |word: &mut String, quoted: bool| {
        if word.len() > 2 {
            out.push((std::mem::take(word), quoted));
        }
        word.clear();
    };
    let (mut last, mut symbol) = (' ', false);
    for c in line.chars() {
        let before = std::mem::replace(&mut last, c);
        match quote {
            Some(q) if c == q => {
                put(&mut word, true);
                quote = None;
            }
            Some(_) => word.push(c),
            None if c == '"' || c == '\'' || c == '`' => {
                put(&mut word, false);
                quote = Some(c);
            }
            None if c.is_alphanumeric() || c == '_' => word.push(c),
            // The key of a literal is as good as one between quotes, and so is a symbol (`:total`).
            None if c == ':' && before != ':' => {
                put(&mut word, true);
                symbol = !(before.is_alphanumeric() || matches!(before, '_' | ')' | ']'));
            }
            None => put(&mut word, std::mem::take(&mut symbol)),
        }
    }
    put(&mut word, quote.is_some());
    out
}

/// Words that the older lines have and the newer ones have not; with `true` those between quotes.
pub fn lost(hunk: &Hunk, old: &[String], new: &[String]) -> Vec<(String, bool)> {
    let of = |lines: &[String], (from, count): (u32, u32)| -> Vec<(String, bool)> {
        let start = (from.saturating_sub(1) as usize).min(lines.len());
        lines[start..(start + count as usize).min(lines.len())].iter().flat_map(|l| words(l)).collect()
    };
    let mut kept = of(new, hunk.new);
    // One that stands there twice may stay once.
    let mut stays =
        |word: &(String, bool)| kept.iter().position(|k| k == word).map(|at| kept.swap_remove(at)).is_some();
    let mut out: Vec<(String, bool)> = of(old, hunk.old).into_iter().filter(|w| !stays(w)).collect();
    out.sort();
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_differ_are_found_on_both_sides() {
        let found = hunks("a\nb\nc\nd\n", "a\nx\nc\nd\ne\n");
        assert_eq!(found, [Hunk { old: (2, 1), new: (2, 1) }, Hunk { old: (5, 0), new: (5, 1) }]);
        assert_eq!(hunks("a\n", "a\n"), []);
        assert_eq!(hunks("", "a\nb\n"), [Hunk { old: (1, 0), new: (1, 2) }]);
        assert_eq!(hunks("a\nb\n", ""), [Hunk { old: (1, 2), new: (1, 0) }]);
    }

    #[test]
    fn comments_and_space_are_no_code() {
        for (path, line, is) in [
            ("a.go", "x := 1 // one", "x := 1"),
            ("a.go", "u := \"http://x\" // y", "u := \"http://x\""),
            ("a.py", "    x = '#'  # no", "    x = '#'"),
            ("a.sql", "a INT, -- why", "a INT,"),
            ("a.yaml", "url: http://x # y", "url: http://x"),
            (".env", "A=b#c", "A=b#c"),
            ("a.java", "/* a */ x();", "x();"),
        ] {
            assert_eq!(code(path, line), [is], "{path} {line}");
        }
        assert_eq!(code("a.rs", "/* a\n b */ c\n"), ["", "c"]);
    }

    #[test]
    fn a_changed_comment_says_the_same() {
        let (a, b) = ("x()\n// one\n", "x()\n// two\n");
        let found = hunks(a, b);
        assert!(says_the_same(&found[0], &code("a.go", a), &code("a.go", b)));
        assert!(!says_the_same(&found[0], &code("a.txt", a), &code("a.txt", b)));
    }

    #[test]
    fn words_that_are_taken_away_are_known_by_their_quotes() {
        let (old, new) = (vec!["n = o['count']".to_owned()], vec!["n = o['size']".to_owned()]);
        let hunk = Hunk { old: (1, 1), new: (1, 1) };
        assert_eq!(lost(&hunk, &old, &new), [("count".to_owned(), true)]);
        assert_eq!(
            words("add_column :images, x::Thumb"),
            [("add_column", false), ("images", true), ("Thumb", false)].map(|(w, q)| (w.to_owned(), q))
        );
    }
}
