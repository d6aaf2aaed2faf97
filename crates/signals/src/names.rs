//! Texts that repeat, kept once: services, operations, hosts, values of attributes.
//!
//! Invariant: a [`Name`] of one [`Names`] means the same text for as long as that lives; the empty text is `Name::NONE`. The
//! number of texts is bounded: what comes after the bound becomes [`Names::OVERFLOW`] and is counted, so that identifiers
//! in an attribute cost nothing but themselves.

use seam_facts::SmolStr;
use std::collections::HashMap;

/// An interned text. Its number never leaves the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(u32);

impl Name {
    /// The empty text: "not said".
    pub const NONE: Name = Name(0);

    pub fn is_none(self) -> bool {
        self == Name::NONE
    }

    /// Its place in tables that are indexed by names.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// All texts of one body of telemetry.
#[derive(Clone, Debug)]
pub struct Names {
    texts: Vec<SmolStr>,
    /// Only looked up, never walked: its order is random.
    index: HashMap<SmolStr, u32>,
    refused: u64,
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Names { texts: Vec::new(), index: HashMap::new(), refused: 0 };
        for text in ["", Names::OVERFLOW] {
            names.index.insert(text.into(), names.texts.len() as u32);
            names.texts.push(text.into());
        }
        names
    }
}

impl Names {
    /// What stands for texts beyond the bound.
    pub const OVERFLOW: &str = "(too many different values)";

    /// At most so many different texts; a system of a thousand services has some ten thousand.
    pub const MOST: usize = 1 << 18;

    /// A text is kept up to so many bytes.
    pub const LONGEST: usize = 1024;

    /// The name of `text`; texts that are too long are cut, those beyond the bound share one name.
    pub fn intern(&mut self, text: &str) -> Name {
        let text = cut(text, Names::LONGEST);
        if let Some(known) = self.index.get(text) {
            return Name(*known);
        }
        if self.texts.len() >= Names::MOST {
            self.refused += 1;
            return Name(1);
        }
        let name = self.texts.len() as u32;
        self.texts.push(text.into());
        self.index.insert(text.into(), name);
        Name(name)
    }

    /// The name of an attribute's value: as [`Names::intern`], but a quarter of the room is left to names of services and
    /// operations, which must stay readable when somebody writes identifiers into attributes.
    pub fn value(&mut self, text: &str) -> Name {
        if self.texts.len() < Names::MOST / 4 * 3 {
            return self.intern(text);
        }
        self.find(text).unwrap_or_else(|| {
            self.refused += 1;
            Name(1)
        })
    }

    /// The name of `text`, if it was ever seen.
    pub fn find(&self, text: &str) -> Option<Name> {
        self.index.get(cut(text, Names::LONGEST)).map(|n| Name(*n))
    }

    pub fn text(&self, name: Name) -> &str {
        self.texts.get(name.index()).map_or("", SmolStr::as_str)
    }

    /// How many different texts there are, the empty one and the overflow included.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.texts.len() <= 2
    }

    /// How often a text was one too many.
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

/// The first `most` bytes of `text`, never within a character.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_text_once_and_the_empty_one_as_none() {
        let mut names = Names::default();
        let cart = names.intern("cart");
        assert_eq!(names.intern("cart"), cart);
        assert_eq!(names.text(cart), "cart");
        assert!(names.intern("").is_none());
        assert_eq!(names.find("nobody"), None);
    }

    #[test]
    fn is_bounded_when_every_text_is_another() {
        let mut names = Names::default();
        for i in 0..Names::MOST + 5 {
            names.intern(&i.to_string());
        }
        assert_eq!(names.len(), Names::MOST);
        assert_eq!(names.refused(), 7);
        let late = names.intern("late");
        assert_eq!(names.text(late), Names::OVERFLOW);
    }

    #[test]
    fn cuts_long_texts_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
    }
}
