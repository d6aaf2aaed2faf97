//! Answers of bounded size: how a list is cut, and how it is said that it was.

use crate::shape::Interaction;

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
