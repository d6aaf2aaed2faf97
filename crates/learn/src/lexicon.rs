//! Words of operations that mean nearly the same: who asks about "the certificate ran out" means "TLS expiry".
//!
//! Invariant: `lexicon.txt` is data. A word may stand in several lines; a phrase is found where its words follow each other, common words
//! aside. A line is one thing that operators tell apart, its first word the name; words that merely often occur together are not of one line.

/// The phrases of each concept, its name first.
pub(crate) fn concepts() -> impl Iterator<Item = Vec<&'static str>> {
    include_str!("lexicon.txt").lines().map(|line| line.split(", ").collect())
}
