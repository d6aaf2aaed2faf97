//! Edits of public systems as truths write them down: words that stand on a line, and what stands in their place.

/// Puts one onto a text. The older words begin on their line and may span several.
pub fn put(text: &mut String, line: usize, (old, new): (&str, &str)) -> Result<(), String> {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let at = text[start..].find(old).map(|at| start + at).filter(|at| *at <= end);
    let at = at.ok_or_else(|| format!("`{old}` does not stand at line {line}"))?;
    text.replace_range(at..at + old.len(), new);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::put;

    #[test]
    fn words_are_replaced_on_their_own_line() {
        let mut text = "a b\na b\nc\n".to_owned();
        put(&mut text, 2, ("b\nc", "d")).unwrap();
        assert_eq!(text, "a b\na d\n");
        assert!(put(&mut text, 1, ("d", "e")).is_err());
    }
}
