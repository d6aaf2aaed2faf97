//! Colours and columns for terminals. Colours are always written; the stream strips them where nobody looks.

use std::fmt::Display;

pub fn bold(text: impl Display) -> String {
    format!("\x1b[1m{text}\x1b[0m")
}

pub fn dim(text: impl Display) -> String {
    format!("\x1b[2m{text}\x1b[0m")
}

pub fn cyan(text: impl Display) -> String {
    format!("\x1b[36m{text}\x1b[0m")
}

pub fn yellow(text: impl Display) -> String {
    format!("\x1b[33m{text}\x1b[0m")
}

/// A section's title.
pub fn title(text: &str, note: impl Display) -> String {
    format!("\n{}  {}\n", bold(text.to_uppercase()), dim(note))
}

/// Columns that a terminal shows: characters, colours not counted. Names and paths are narrow in practice.
pub fn width(text: &str) -> usize {
    let mut count = 0;
    let mut colour = false;
    for c in text.chars() {
        match c {
            '\x1b' => colour = true,
            'm' if colour => colour = false,
            _ if !colour => count += 1,
            _ => {}
        }
    }
    count
}

/// Text filled up with blanks.
pub fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// The widest, but no wider than `most`.
pub fn widest<'a>(texts: impl Iterator<Item = &'a str>, most: usize) -> usize {
    texts.map(width).max().unwrap_or(0).min(most)
}

/// `1 service`, `2 services`.
pub fn count(n: usize, one: &str) -> String {
    let many = match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{one}s"),
    };
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}

/// At most `most` characters; the end tells that something is missing.
pub fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_take_no_room() {
        assert_eq!(width(&bold("abc")), 3);
        assert_eq!(pad(&dim("a"), 3).chars().filter(|c| *c == ' ').count(), 2);
        assert_eq!(count(2, "dependency"), "2 dependencies");
        assert_eq!(short("abcdef", 4), "abc…");
    }
}
