//! One thing that was learnt: what was seen, what caused it, what mended it, and how that is known.
//!
//! Invariant: an entry's name ends in a hash of what it says, so that the same entry written twice is one file, and two different
//! ones never meet in one.

use seam_facts::priors::Mark;
use seam_facts::{Key, SmolStr};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// Something went wrong, and it is known why.
    #[default]
    Incident,
    /// A finding that somebody looked at and that is no hazard here, with the reason.
    Dismissal,
    /// A finding or suspicion that was put to the test.
    Verdict,
    /// A rule of the workspace's own that was made from an incident.
    Guard,
    /// What a history of commits shows: weak.
    Pattern,
    /// Another entry does not hold.
    Retraction,
}

impl Kind {
    pub const ALL: [Kind; 6] =
        [Kind::Incident, Kind::Dismissal, Kind::Verdict, Kind::Guard, Kind::Pattern, Kind::Retraction];

    pub fn word(self) -> &'static str {
        match self {
            Kind::Incident => "incident",
            Kind::Dismissal => "dismissal",
            Kind::Verdict => "verdict",
            Kind::Guard => "guard",
            Kind::Pattern => "pattern",
            Kind::Retraction => "retraction",
        }
    }

    pub fn of(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.word() == word)
    }

    /// After so many days an entry of this kind counts half, unless it says otherwise.
    pub fn half_life(self) -> u32 {
        match self {
            Kind::Incident | Kind::Verdict | Kind::Guard => 730,
            Kind::Dismissal => 365,
            Kind::Pattern => 180,
            Kind::Retraction => u32::MAX,
        }
    }
}

/// How a suspicion came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// It really broke.
    Confirmed,
    /// It held.
    Refuted,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Confirmed => "confirmed",
            Verdict::Refuted => "refuted",
        }
    }

    pub fn of(word: &str) -> Option<Verdict> {
        [Verdict::Confirmed, Verdict::Refuted].into_iter().find(|v| v.word() == word)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The file's name without its ending; empty until it is named.
    pub id: SmolStr,
    pub kind: Kind,
    /// `2024-05-01`, with a time behind it where that is known; empty where nobody said.
    pub date: SmolStr,
    pub title: String,
    /// As people and telemetry call them.
    pub services: Vec<SmolStr>,
    /// Keys of the graph: what was at fault.
    pub cause: Vec<Key>,
    /// The word of the kind of fault.
    pub fault: Option<SmolStr>,
    /// An operation or a region of code.
    pub place: Option<SmolStr>,
    pub rule: Option<SmolStr>,
    pub finding: Option<Key>,
    /// What the finding said, so that a dismissal does not outlive what it was about.
    pub said: Option<String>,
    pub verdict: Option<Verdict>,
    /// The pattern of deviations, the strongest first.
    pub marks: Vec<Mark>,
    /// Log lines and messages with `<*>` for what varies.
    pub templates: Vec<String>,
    /// The change that mended it.
    pub commit: Option<SmolStr>,
    /// Where it is told at length: an address or a file.
    pub source: Option<String>,
    /// How much it counts, 1 unless said.
    pub weight: Option<f64>,
    /// Days after which it counts half.
    pub half_life: Option<u32>,
    /// Names of services outside of which it says nothing; everywhere, if empty.
    pub scope: Vec<SmolStr>,
    /// It stands in the place of this one.
    pub replaces: Option<SmolStr>,
    /// What it is about: of a retraction, a guard.
    pub of: Option<SmolStr>,
    /// Fields that this version does not know, as they are written.
    pub other: BTreeMap<String, Vec<String>>,
    /// The body below the title: its headings with their text, the text before the first heading under the empty name.
    pub parts: Vec<(String, String)>,
}

/// Headings that mean something; every other is kept and searched all the same.
pub mod heading {
    pub const SEEN: &str = "What was seen";
    pub const CAUSE: &str = "Cause";
    pub const FIX: &str = "Fix";
    pub const PROOF: &str = "Proof";
    pub const CAUGHT: &str = "What would have caught it";
    pub const REASON: &str = "Reason";
}

impl Entry {
    /// The text under a heading.
    pub fn part(&self, heading: &str) -> Option<&str> {
        self.parts.iter().find(|(h, _)| h == heading).map(|(_, text)| text.as_str())
    }

    /// Adds text under a heading; nothing where there is none.
    pub fn tell(&mut self, heading: &str, text: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        match self.parts.iter_mut().find(|(h, _)| h == heading) {
            Some((_, known)) => {
                known.push_str("\n\n");
                known.push_str(text);
            }
            None => self.parts.push((heading.to_owned(), text.to_owned())),
        }
    }

    /// Puts another text in the place of each that somebody wrote or measured, names and places included. What names another thing by its
    /// exact letters (entries, commits, dates) stays.
    pub fn rewrite(&mut self, mut with: impl FnMut(&str) -> String) {
        let parts = self.parts.iter_mut().flat_map(|(h, t)| [h, t]);
        let other = self.other.values_mut().flatten();
        let own = [&mut self.title].into_iter().chain(&mut self.said).chain(&mut self.source);
        for text in own.chain(&mut self.templates).chain(other).chain(parts) {
            *text = with(text);
        }
        let keys = self.cause.iter_mut().chain(&mut self.finding).map(|k| &mut k.0);
        let small = self.services.iter_mut().chain(&mut self.scope).chain(&mut self.fault).chain(&mut self.place);
        let marks = self.marks.iter_mut().flat_map(|m| [&mut m.service, &mut m.fault].into_iter().chain(&mut m.place));
        for name in keys.chain(small).chain(&mut self.rule).chain(marks) {
            *name = with(name).into();
        }
    }

    /// Gives the entry the name that follows from what it says.
    pub fn named(mut self) -> Entry {
        self.id = SmolStr::default();
        let hash = blake3::hash(crate::render(&self).as_bytes()).to_hex();
        let day = self.date.get(..10).filter(|d| is_day(d)).unwrap_or("undated");
        let slug = slug(&self.title);
        self.id = seam_facts::format_smolstr!("{day}-{slug}-{}", &hash[..8]);
        self
    }

    /// Days since 1970 of its date.
    pub fn day(&self) -> Option<i64> {
        day(&self.date)
    }
}

/// Whether a text may be the name of an entry, and so of a file.
pub(crate) fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 120
        && !text.starts_with(['-', '.'])
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_day(text: &str) -> bool {
    day(text).is_some()
}

/// Days since 1970 of a text that begins `2024-05-01` (civil from days, Howard Hinnant).
pub(crate) fn day(text: &str) -> Option<i64> {
    let text = text.get(..10)?;
    let mut parts = text.split('-');
    let mut number = |digits: usize| -> Option<i64> {
        let part = parts.next()?;
        (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
    };
    let (year, month, day) = (number(4)?, number(2)?, number(2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn slug(title: &str) -> String {
    let mut out = String::new();
    for word in title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()) {
        if out.len() + word.len() > 40 {
            break;
        }
        if !out.is_empty() {
            out.push('-');
        }
        out.push_str(&word.to_ascii_lowercase());
    }
    if out.is_empty() { "entry".to_owned() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(day("1970-01-01"), Some(0));
        assert_eq!(day("2024-03-01T10:00"), Some(19_783));
        assert_eq!(day("2024-13-01"), None);
        assert_eq!(day("soon"), None);
    }

    #[test]
    fn names_follow_from_what_is_said() {
        let one = Entry { title: "Pool of `orders` was empty".into(), date: "2024-05-01".into(), ..Entry::default() };
        let named = one.clone().named();
        assert!(named.id.starts_with("2024-05-01-pool-of-orders-was-empty-"), "{}", named.id);
        assert!(is_id(&named.id) && named.clone().named().id == named.id);
        let other = Entry { title: one.title.clone(), fault: Some("pool".into()), ..one };
        assert_ne!(other.named().id, named.id);
        assert!(!is_id("../x") && !is_id("") && !is_id("A"));
    }
}
