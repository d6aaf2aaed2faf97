//! Command lines as values.

use seam_facts::Value;

/// Values with blanks between them; `None` if there are none.
pub fn join(values: impl IntoIterator<Item = Value>) -> Option<Value> {
    let mut out: Option<Value> = None;
    for value in values {
        out = Some(match out {
            None => value,
            Some(before) => before.then(" ".into()).then(value),
        });
    }
    out
}
