//! One change, what is expected of it, and the little editing that all classes share.

use seam_engine::asks::map;

/// A system with one defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    pub class: &'static str,
    /// Any of these is right.
    pub rules: &'static [&'static str],
    /// Files with their new text.
    pub texts: Vec<(String, String)>,
    /// Where the defect is, and where its other side is; any of them is right.
    pub places: Vec<(String, u32)>,
    pub about: String,
}

/// What classes look at.
pub struct Seen<'a> {
    pub map: &'a map::Answer,
    pub paths: &'a [&'a str],
    pub text: &'a dyn Fn(&str) -> Option<String>,
}

pub type Class = fn(&Seen<'_>, &mut Vec<Mutant>);

impl Seen<'_> {
    pub fn line(&self, path: &str, line: u32) -> Option<String> {
        (self.text)(path)?.lines().nth(line.checked_sub(1)? as usize).map(ToOwned::to_owned)
    }

    /// The file with `from` replaced on a line, whole words only; `None` if it does not stand there.
    pub fn replaced(&self, path: &str, line: u32, from: &str, to: &str) -> Option<(String, String)> {
        let text = (self.text)(path)?;
        let mut lines: Vec<String> = text.split('\n').map(ToOwned::to_owned).collect();
        let old = lines.get(line.checked_sub(1)? as usize)?.clone();
        let at = word(&old, from)?;
        lines[line as usize - 1] = format!("{}{to}{}", &old[..at], &old[at + from.len()..]);
        Some((path.to_owned(), lines.join("\n")))
    }

    /// The file without a line.
    pub fn without(&self, path: &str, line: u32) -> Option<(String, String)> {
        let text = (self.text)(path)?;
        let mut lines: Vec<&str> = text.split('\n').collect();
        let index = line.checked_sub(1)? as usize;
        (index < lines.len()).then(|| lines.remove(index))?;
        Some((path.to_owned(), lines.join("\n")))
    }

    /// The file with a line put in before another.
    pub fn with(&self, path: &str, line: u32, new: &str) -> Option<(String, String)> {
        let text = (self.text)(path)?;
        let mut lines: Vec<&str> = text.split('\n').collect();
        let index = line.checked_sub(1)? as usize;
        (index <= lines.len()).then(|| lines.insert(index, new))?;
        Some((path.to_owned(), lines.join("\n")))
    }
}

/// Where a word stands that is not a part of a longer one.
pub fn word(line: &str, word: &str) -> Option<usize> {
    if word.is_empty() {
        return None;
    }
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = line[..*at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let (first, last) = (word.chars().next(), word.chars().next_back());
        !(part(before) && part(first) || part(after) && part(last))
    })
}

/// The indentation of a line.
pub fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_are_whole() {
        assert_eq!(word("a: STOCK_URL_2, STOCK_URL", "STOCK_URL"), Some(16));
        assert_eq!(word("x.get('/a')", ".get("), Some(1));
        assert_eq!(word("/orders", "order"), None);
    }
}
