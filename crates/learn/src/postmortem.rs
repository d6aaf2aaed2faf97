//! A post-mortem as teams write them to an entry: headings by what they mean, the day, the services that it names.
//!
//! Invariant: no text is lost: what has no place of its own stays under its heading. What has front matter of ours is read by it.

use crate::entry::{Entry, heading};
use crate::page;
use seam_facts::{Problem, SmolStr};
use std::collections::BTreeSet;

/// Words of headings, in lower case, and where what stands below them belongs. The first that fits counts.
const HEADINGS: &[(&str, &str)] = &[
    ("prevent", heading::CAUGHT),
    ("action item", heading::CAUGHT),
    ("follow", heading::CAUGHT),
    ("lesson", heading::CAUGHT),
    ("learn", heading::CAUGHT),
    ("improve", heading::CAUGHT),
    ("caught", heading::CAUGHT),
    ("next step", heading::CAUGHT),
    ("remediation", heading::CAUGHT),
    ("cause", heading::CAUSE),
    ("trigger", heading::CAUSE),
    ("why", heading::CAUSE),
    ("what went wrong", heading::CAUSE),
    ("fault", heading::CAUSE),
    ("resol", heading::FIX),
    ("mitigat", heading::FIX),
    ("fix", heading::FIX),
    ("recover", heading::FIX),
    ("proof", heading::PROOF),
    ("verif", heading::PROOF),
    ("summary", heading::SEEN),
    ("overview", heading::SEEN),
    ("impact", heading::SEEN),
    ("symptom", heading::SEEN),
    ("what happened", heading::SEEN),
    ("what was seen", heading::SEEN),
    ("detection", heading::SEEN),
    ("background", heading::SEEN),
];

/// Reads a post-mortem. `services` are names that the system knows.
pub fn postmortem(name: &str, text: &str, services: &[SmolStr]) -> (Entry, Vec<Problem>) {
    let (mut entry, mut problems) = page::parse(name, text);
    let ours = text.trim_start_matches('\u{feff}').starts_with("---") && text.contains("\nseam:");
    if !ours {
        problems.clear();
        entry.id = SmolStr::default();
        entry.parts = sorted(std::mem::take(&mut entry.parts));
        if entry.title == name.replace('-', " ")
            && let Some(line) = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with(['#', '-']))
        {
            entry.title = line.chars().take(100).collect();
        }
    }
    if entry.date.is_empty() {
        entry.date = day_in(text).unwrap_or_default();
    }
    if entry.services.is_empty() {
        let words: BTreeSet<String> = text
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.')))
            .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
            .collect();
        entry.services =
            services.iter().filter(|s| s.len() > 2 && words.contains(&s.to_lowercase())).cloned().collect();
    }
    (entry, problems)
}

/// Parts under the headings of ours; several of one meaning follow each other.
fn sorted(parts: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut out = Entry::default();
    for (own, text) in parts {
        let lower = own.to_lowercase();
        let known = HEADINGS.iter().find(|(word, _)| lower.contains(word)).map(|(_, heading)| *heading);
        match known {
            Some(heading) => out.tell(heading, &text),
            None if own.is_empty() => out.tell(heading::SEEN, &text),
            None if text.is_empty() => out.parts.push((own, text)),
            None => out.tell(&own, &text),
        }
    }
    out.parts
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The first day that a text names: `2024-05-01`, `May 1, 2024`, `1 May 2024`, `May 1st 2024`.
pub(crate) fn day_in(text: &str) -> Option<SmolStr> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | '*' | '"' | '`'))
        .filter(|w| !w.is_empty())
        .collect();
    for (at, word) in words.iter().enumerate() {
        if let Some(day) = word.get(..10).filter(|d| crate::entry::day(d).is_some()) {
            return Some(day.into());
        }
        let lower = word.to_lowercase();
        let Some(month) = MONTHS.iter().position(|m| lower.starts_with(m) && lower.len() <= 9) else { continue };
        let number = |at: Option<usize>| {
            let word = words.get(at?)?;
            let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u32>().ok().map(|n| (n, digits.len()))
        };
        let day = |at| number(at).filter(|(n, _)| (1..=31).contains(n)).map(|(n, _)| n);
        let year = |at| number(at).filter(|(n, digits)| *digits == 4 && *n > 1900).map(|(n, _)| n);
        let before = day(at.checked_sub(1)).zip(year(Some(at + 1)));
        let after = day(Some(at + 1)).zip(year(Some(at + 2)));
        if let Some((day, year)) = after.or(before) {
            return Some(seam_facts::format_smolstr!("{year:04}-{:02}-{day:02}", month + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_understood_by_their_meaning() {
        let text = "# Checkout was down\n\nOn May 3rd, 2024 all orders failed.\n\n## Impact\n\n40 % of payments.\n\n## Root cause\n\n\
            The pool of `orders-db` ran dry.\n\n## Resolution\n\nLarger pool.\n\n## Timeline\n\n10:00 alarm\n\n## Lessons learned\n\nAn alert.\n";
        let (entry, problems) = postmortem("x", text, &["orders-db".into(), "mailer".into()]);
        assert!(problems.is_empty());
        assert_eq!((entry.title.as_str(), entry.date.as_str()), ("Checkout was down", "2024-05-03"));
        assert_eq!(entry.services, ["orders-db"]);
        assert_eq!(entry.part(heading::CAUSE), Some("The pool of `orders-db` ran dry."));
        assert_eq!(entry.part(heading::SEEN), Some("On May 3rd, 2024 all orders failed.\n\n40 % of payments."));
        assert_eq!(entry.part("Timeline"), Some("10:00 alarm"));
        assert_eq!(entry.part(heading::CAUGHT), Some("An alert."));
    }

    #[test]
    fn days_are_found_as_people_write_them() {
        assert_eq!(day_in("on 1 May 2024, at").as_deref(), Some("2024-05-01"));
        assert_eq!(day_in("**2023-12-24T10:00**").as_deref(), Some("2023-12-24"));
        assert_eq!(day_in("we may fail 3 times"), None);
    }
}
