//! What stands behind a line, as Markdown for a hover: statements with links to their places.
//!
//! Invariant: names and values come out of scanned files; they are shown as text, never as markup.

use seam_engine::{Mark, Said, Spot};

/// More statements than this are counted.
const MOST: usize = 12;

/// `link` gives a place's address.
pub fn markdown(marks: &[Mark], link: &dyn Fn(&Spot) -> Option<String>) -> String {
    let mut out = String::new();
    for mark in marks {
        if !out.is_empty() {
            out.push_str("\n\n---\n\n");
        }
        out.push_str(&format!("**{}** {}", code(&mark.name), mark.kind));
        for said in mark.detail.iter().take(MOST) {
            out.push_str(&format!("\n- {}", statement(said, link)));
        }
        if mark.detail.len() > MOST {
            out.push_str(&format!("\n- and {} more", mark.detail.len() - MOST));
        }
    }
    out
}

fn statement(said: &Said, link: &dyn Fn(&Spot) -> Option<String>) -> String {
    let says = text(&said.says);
    let Some(at) = &said.at else { return says };
    let place = format!("{}:{}", at.path, at.line);
    match link(at) {
        Some(link) => format!("{says} — [{}]({link})", text(&place)),
        None => format!("{says} — {}", text(&place)),
    }
}

fn code(name: &str) -> String {
    let name = name.replace(['`', '\n', '\r'], " ");
    format!("`{}`", if name.trim().is_empty() { "?" } else { name.trim() })
}

/// Text with nothing in it that Markdown reads as markup; what stands between backticks stays.
fn text(says: &str) -> String {
    let mut out = String::new();
    let balanced = says.matches('`').count().is_multiple_of(2);
    let mut within = false;
    for c in says.chars() {
        match c {
            '`' if balanced => {
                within = !within;
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!' | '&' if !within => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_files_say_is_never_markup() {
        let mark = Mark {
            kind: "read".to_owned(),
            name: "A`](x)".to_owned(),
            detail: vec![
                Said { says: "set to <b>*x*</b> ![i](u) for `a_b`".to_owned(), at: None },
                Said { says: "one ` alone\n# title".to_owned(), at: None },
            ],
            ..Mark::default()
        };
        let shown = markdown(&[mark], &|_| None);
        assert_eq!(
            shown,
            "**`A ](x)`** read\n- set to \\<b\\>\\*x\\*\\</b\\> \\!\\[i\\](u) for `a_b`\n- one \\` alone \\# title"
        );
    }
}
