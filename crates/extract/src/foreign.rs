//! Code that nobody here wrote by hand: bundles, minified files and copies of distributed libraries.
//!
//! Invariant: only the text's own shape decides, never a name. Such files say nothing about the system, cost more than all
//! others together, and their strings look like addresses. Each is reported, so that nobody misses it in silence.

use crate::lang::Lang;

/// Longest line, on average, of text that people write. Bundles and generated blobs are above it.
const AVERAGE_LINE: usize = 400;

/// Below this many bytes a file is cheap to read, whatever it is.
const SMALL: usize = 20_000;

/// How far a banner may reach into a file.
const BANNER: usize = 600;

/// Why a file of code is not read; nothing if it is.
pub(crate) fn reason(path: &str, lang: Lang, text: &str) -> Option<&'static str> {
    if path.ends_with(".min.js") {
        return Some("minified or generated code is not read");
    }
    if text.len() <= SMALL {
        return None;
    }
    if lang == Lang::Script && hashed(path) {
        return Some("a bundle that a tool made is not read");
    }
    let lines = text.as_bytes().iter().filter(|b| **b == b'\n').count() + 1;
    if text.len() / lines > AVERAGE_LINE {
        return Some("minified or generated code is not read");
    }
    (matches!(lang, Lang::Script) && banner(text)).then_some("a copy of a distributed library is not read")
}

/// `index-d13879e1.js`, `main.4f2a9c01.chunk.js`: bundlers put a part of the content's hash into the name.
fn hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split(['-', '.', '_']).skip(1).any(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        matches!(part.len(), 8 | 16 | 20 | 32)
            && digits >= 2
            && digits < part.len()
            && part.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// What tools put on top of a library that they publish: a kept comment (`/*!`, `@license`) with a version in it.
fn banner(text: &str) -> bool {
    let mut end = text.len().min(BANNER);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text[..end].trim_start_matches('\u{feff}').trim_start();
    let Some(comment) = head.strip_prefix("/*") else { return false };
    let comment = comment.split("*/").next().unwrap_or(comment);
    (comment.starts_with('!') || comment.contains("@license") || comment.contains("@preserve")) && version(comment)
}

/// `1.5.8`, `v3.2`: digits, a dot, digits.
fn version(text: &str) -> bool {
    text.as_bytes().windows(3).any(|w| w[0].is_ascii_digit() && w[1] == b'.' && w[2].is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, head: &str, line: &str, read: bool) {
        let text = format!("{head}\n{}", format!("{line}\n").repeat(SMALL / line.len() + 1));
        assert_eq!(reason(path, Lang::Script, &text).is_none(), read, "{path} {head}");
    }

    #[test]
    fn copies_of_libraries_are_told_from_own_code() {
        let line = "function a(b) { return b + 1; }";
        check("static/frame.js", "/*!\n * Frame.js v2.5.13\n * (c) People\n */", line, false);
        check("static/frame.js", "/**\n * @license Frame v1.5.8\n */", line, false);
        check("server.js", "/*! see LICENSE */", line, true);
        check("server.js", "// version 1.2.3", line, true);
        check("server.js", "/** The orders of shop 2.0. */", line, true);
    }

    #[test]
    fn long_lines_are_not_written_by_people() {
        check("out.js", "", &"a(1);".repeat(200), false);
        check("a.min.js", "", "a(1);", false);
    }

    #[test]
    fn bundles_are_known_by_the_hash_in_their_names() {
        check("assets/index-d13879e1.js", "", "a(1);", false);
        check("static/main.4f2a9c01.chunk.js", "", "a(1);", false);
        check("src/report-20240101.js", "", "a(1);", true);
        check("src/order-defaced.js", "", "a(1);", true);
    }

    #[test]
    fn a_small_file_is_always_read() {
        assert_eq!(reason("a.js", Lang::Script, "/*! a v1.0 */ fetch('/x')"), None);
    }
}
