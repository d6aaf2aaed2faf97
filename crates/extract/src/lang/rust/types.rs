//! Types and results of Rust: what is within a wrapper, and which arm of a match is which.
//!
//! Invariant: a wrapper is transparent only where everybody who uses the value means what is in it.

use crate::lang::lower::{Lower, children};
use seam_facts::SmolStr;
use tree_sitter::Node;

/// Takes off what only wraps: `Arc<Client>`, `web::Data<Pool>`, `Result<T, E>`, `Box<dyn Trait>`.
pub fn inner_type(ty: &str) -> SmolStr {
    const WRAPPERS: &[&str] = &[
        "Arc",
        "Rc",
        "Box",
        "Option",
        "Result",
        "Mutex",
        "RwLock",
        "Data",
        "State",
        "Extension",
        "Lazy",
        "LazyLock",
        "OnceCell",
        "OnceLock",
        "Pin",
        "Cow",
        "Ref",
    ];
    let mut ty = ty.trim();
    for _ in 0..8 {
        // `&'a mut dyn Stock + Send`
        loop {
            let before = ty;
            ty = ty.trim_start_matches(['&', '*']).trim();
            if let Some((_, rest)) = ty.strip_prefix('\'').and_then(|t| t.split_once(' ')) {
                ty = rest.trim();
            }
            for word in ["mut ", "dyn ", "impl "] {
                ty = ty.strip_prefix(word).unwrap_or(ty).trim();
            }
            if ty == before {
                break;
            }
        }
        ty = ty.split_once(" + ").filter(|(first, _)| !first.contains('<')).map_or(ty, |(first, _)| first);
        let Some((head, rest)) = ty.split_once('<') else { break };
        let name = head.rsplit("::").next().unwrap_or(head);
        if !WRAPPERS.contains(&name) {
            break;
        }
        let inner = rest.trim_end().strip_suffix('>').unwrap_or(rest);
        let mut depth = 0;
        let end = inner.char_indices().find_map(|(i, c)| {
            match c {
                '<' | '(' | '[' => depth += 1,
                '>' | ')' | ']' => depth -= 1,
                _ => {}
            }
            (c == ',' && depth == 0).then_some(i)
        });
        ty = inner[..end.unwrap_or(inner.len())].trim();
    }
    ty.into()
}

/// The arms of `match call() { Ok(x) => …, Err(e) => … }`: what goes on, and what becomes of the failure.
pub fn of_result<'n>(cx: &Lower<'_>, node: Node<'n>) -> Option<(Node<'n>, Node<'n>)> {
    let arms = node.child_by_field_name("body").map(children).unwrap_or_default();
    let arms: Vec<Node<'n>> = arms.into_iter().filter(|a| a.kind() == "match_arm").collect();
    let [one, other] = arms.as_slice() else { return None };
    let is = |arm: &Node<'_>, word: &str| cx.field(*arm, "pattern").trim_start().starts_with(word);
    match () {
        () if is(one, "Ok(") && is(other, "Err(") => Some((*one, *other)),
        () if is(one, "Err(") && is(other, "Ok(") => Some((*other, *one)),
        () => None,
    }
}
