//! How another text spells what a line does not name any more: a header as a variable of a gateway interface, a part of a longer
//! text, a value of an enumeration that both sides know.
//!
//! Invariant: a form is looked for only among those who have to do with whose line it is, and only whole words count.

use super::effect::{Cx, Edited, Effect};
use super::fields;
use super::others::Others;
use super::text::Hunk;
use super::values::{self, PLACES};
use seam_facts::{Claim, ShapeKind, SmolStr};
use seam_graph::{Evidence, is_test};
use std::collections::BTreeSet;

/// The names of one header: as it travels, and as a gateway interface (Rack, WSGI, PHP) gives it.
pub(super) fn header(word: &str) -> Option<String> {
    let upper = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    if let Some(rest) = word.strip_prefix("HTTP_").filter(|r| upper(r)) {
        return Some(rest.replace('_', "-"));
    }
    let travels = word.contains('-') && word.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
    let capital = word.split('-').all(|p| p.starts_with(|c: char| c.is_ascii_uppercase()));
    (travels && capital).then(|| format!("HTTP_{}", word.to_ascii_uppercase().replace('-', "_")))
}

/// A header's names as programs write them: upper and lower case mean the same.
pub(super) fn cases(word: &str, other: &str) -> Vec<String> {
    let travels = if word.contains('-') { word } else { other };
    let capital = |p: &str| {
        let lower = p.to_ascii_lowercase();
        lower[..1].to_ascii_uppercase() + &lower[1..]
    };
    let parts = || travels.split('-').filter(|p| !p.is_empty());
    let known: Vec<String> = parts().map(capital).collect();
    // `Auth-ID`: the last part is often an abbreviation.
    let short = known.split_last().map(|(last, rest)| {
        rest.iter().map(String::as_str).chain([last.to_ascii_uppercase().as_str()]).collect::<Vec<_>>().join("-")
    });
    let mut out = vec![word.to_owned(), other.to_owned(), known.join("-"), travels.to_ascii_lowercase()];
    out.extend(short);
    out
}

/// Parts of a text with holes or separators in it that say enough by themselves: `encoded.v1` of `{}/encoded.v1`.
pub(super) fn parts(word: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut depth = 0usize;
    let mut start = 0;
    for (at, c) in word.char_indices() {
        let splits = depth == 0 && (c == '/' || c == '{' || c == ' ' || c == '%' || c == '$');
        if splits && start < at {
            out.push(&word[start..at]);
        }
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if splits || depth > 0 || c == '}' {
            start = at + c.len_utf8();
        }
    }
    if start < word.len() {
        out.push(&word[start..]);
    }
    out.retain(|p| *p != word && super::code::tells(p) && super::code::is_key(p));
    out
}

/// Values of an enumeration of the system that a hunk names and named otherwise before: `Status.Paid` instead of `Status.Open`.
pub(super) fn members(cx: &Cx<'_>, hunk: &Hunk, old: &[String], new: &[String]) -> Vec<(String, String)> {
    let lines = |lines: &[String], (from, count): (u32, u32)| -> BTreeSet<(String, String)> {
        let start = (from.saturating_sub(1) as usize).min(lines.len());
        lines[start..(start + count as usize).min(lines.len())].iter().flat_map(|l| qualified(l)).collect()
    };
    let (old, new) = (lines(old, hunk.old), lines(new, hunk.new));
    let other = |ty: &str| new.iter().any(|n| n.0 == ty && !old.contains(n));
    let gone: Vec<(String, String)> = old.difference(&new).filter(|(ty, _)| other(ty)).cloned().collect();
    gone.into_iter().filter(|(ty, member)| is_enum(cx, ty, member)).collect()
}

/// `Type.Member` and `Type::Member` of a line.
fn qualified(line: &str) -> Vec<(String, String)> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let tokens: Vec<&str> = line.split(|c: char| !part(c) && c != '.' && c != ':').collect();
    let mut out = Vec::new();
    for token in tokens {
        let parts: Vec<&str> = token.split(['.', ':']).filter(|p| !p.is_empty()).collect();
        for pair in parts.windows(2) {
            if pair.iter().all(|p| p.len() > 1 && p.starts_with(|c: char| c.is_uppercase())) {
                out.push((pair[0].to_owned(), pair[1].to_owned()));
            }
        }
    }
    out
}

fn is_enum(cx: &Cx<'_>, ty: &str, member: &str) -> bool {
    cx.old.base.facts().any(|(_, fact)| match &fact.claim {
        Claim::Shape(s) => {
            s.kind == ShapeKind::Enum
                && s.name.rsplit(['.', '#', ':']).next() == Some(ty)
                && (s.fields.is_empty() || s.fields.iter().any(|f| fields::plain(&f.name) == fields::plain(member)))
        }
        _ => false,
    })
}

/// Ties those among some nodes whose own code holds a text as a whole word.
pub(super) fn couple(cx: &Cx<'_>, edited: &Edited, others: &Others, texts: &[String], effect: &mut Effect) {
    for (node, keys) in others.iter().filter(|(n, _)| cx.old.runs(**n)) {
        let places = holding(cx, *node, &edited.path, texts);
        if places.is_empty() {
            continue;
        }
        effect.tie(super::effect::Tie {
            service: cx.old.name(*node).clone(),
            why: format!("names `{}`", texts[0]),
            through: keys.iter().cloned().collect(),
            moved: places.iter().any(|p| cx.edit(&p.path).is_some_and(|e| e.touches(p.at, false))),
            places,
            certainty: seam_graph::Certainty::Inferred,
        });
    }
}

/// Lines of a node's own code that hold one of some texts as a whole word.
fn holding(cx: &Cx<'_>, node: usize, but: &str, texts: &[String]) -> Vec<Evidence> {
    let own: Vec<&SmolStr> = cx.old.graph.nodes[node].own.iter().collect();
    let files = own.into_iter().filter(|p| !is_test(p) && *p != but && seam_extract::lang::of_path(p).is_some());
    let mut out = Vec::new();
    for path in files {
        let Some(text) = (cx.old.text)(path) else { continue };
        if !texts.iter().any(|t| text.contains(t.as_str())) {
            continue;
        }
        for (index, line) in super::text::code(path, &text).iter().enumerate() {
            if texts.iter().any(|t| values::word(line, t).is_some()) {
                out.push(Cx::place(path, index as u32 + 1, "names it"));
            }
        }
        if out.len() >= PLACES {
            out.truncate(PLACES);
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_have_two_names() {
        assert_eq!(header("HTTP_AUTH_ID").as_deref(), Some("AUTH-ID"));
        assert_eq!(header("Auth-Id").as_deref(), Some("HTTP_AUTH_ID"));
        assert_eq!(header("auth-id"), None);
    }

    #[test]
    fn parts_of_a_text_say_enough_by_themselves() {
        assert_eq!(parts("rooms/{}/{room}/state.v1.gz"), ["state.v1.gz"]);
        assert_eq!(parts("state.v1.gz"), [""; 0]);
    }

    #[test]
    fn values_of_enumerations_are_named_with_their_type() {
        let of = |line: &str| qualified(line).into_iter().map(|(a, b)| format!("{a}.{b}")).collect::<Vec<_>>();
        assert_eq!(of("send(Event.Opened, x)"), ["Event.Opened"]);
        assert_eq!(of("shop::Event::Opened =>"), ["Event.Opened"]);
        assert_eq!(of("order.status"), [""; 0]);
    }
}
