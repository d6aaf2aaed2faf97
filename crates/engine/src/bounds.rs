//! Answers of bounded size: how a list is cut, and how it is said that it was.

use crate::shape::Interaction;
use serde::Serialize;

/// Keeps at most `limit` of a list, and notes how many of `what` are left out.
pub(crate) fn cut<T>(what: &str, list: &mut Vec<T>, limit: usize, out: &mut Vec<String>) {
    if list.len() > limit {
        out.push(format!("{} {what}", list.len() - limit));
        list.truncate(limit);
    }
}

/// The same within each interaction.
pub(crate) fn cut_operations(interactions: &mut [Interaction], limit: usize, out: &mut Vec<String>) {
    let operations: usize = interactions.iter_mut().map(|i| i.cut(limit)).sum();
    if operations > 0 {
        out.push(format!("{operations} operations"));
    }
}

/// The answer with its lists cut at the limit, or shorter, so that it is no longer than so many bytes. What cannot be cut stays.
pub(crate) fn fit<A: Serialize>(limit: Option<u32>, bytes: Option<u32>, cut: impl Fn(Option<usize>) -> A) -> A {
    let limit = limit.map(|l| l as usize);
    let mut answer = cut(limit);
    let Some(bytes) = bytes else { return answer };
    let long = |answer: &A| serde_json::to_string(answer).map_or(0, |text| text.len()) > bytes as usize;
    let mut at = limit.unwrap_or(96);
    while at > 0 && long(&answer) {
        at = at * 2 / 3;
        answer = cut(Some(at));
    }
    answer
}

/// A text of at most about so many bytes, whole lines of it; says what was left out.
pub(crate) fn shorten(text: &mut String, bytes: usize) -> Option<String> {
    if text.len() <= bytes {
        return None;
    }
    let end = text.floor_char_boundary(bytes);
    let end = text[..end].rfind('\n').unwrap_or(end);
    let says = format!("{} bytes of the page", text.len() - end);
    text.truncate(end);
    Some(says)
}
