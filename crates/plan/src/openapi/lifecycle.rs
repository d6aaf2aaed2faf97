//! Deprecation, sunset and stability of operations, parameters and properties.
//!
//! The day is handed in: nothing here reads a clock. Without a day, a sunset is taken to lie ahead.

use super::body::Body;
use super::delta::Delta;
use super::document::Schema;
use super::out::Out;
use crate::tree::Node;

pub const SUNSET: &str = "x-sunset";
pub const STABILITY: &str = "x-stability-level";

/// Days since 1970-01-01.
pub type Day = i64;

/// A date as RFC 3339 writes it, with or without a time.
pub fn day(text: &str) -> Option<Day> {
    let date = text.get(..10)?;
    if text.len() > 10 && !matches!(text.as_bytes()[10], b'T' | b't') {
        return None;
    }
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let (y, m, d): (i64, i64, i64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    let longest = match m {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=longest).contains(&d) {
        return None;
    }
    // Days from civil, by Howard Hinnant: years begin in March.
    let y = if m <= 2 { y - 1 } else { y };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((m + 9) % 12) + 2) / 5 + d - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// A sunset: none, a day, or something that is no date.
pub enum Sunset<'a> {
    None,
    On(Day, &'a str),
    Unclear(String),
}

pub fn sunset<'a>(node: Option<&'a Node<'a>>) -> Sunset<'a> {
    match node {
        None => Sunset::None,
        Some(node) => match node.as_text().and_then(|text| day(text).map(|day| (day, text))) {
            Some((day, text)) => Sunset::On(day, text),
            None => Sunset::Unclear(node.show()),
        },
    }
}

/// A stability that is said: a known one, or a word that is none.
pub fn stability<'a>(node: &'a Node<'a>) -> Result<Option<&'a str>, String> {
    match node.get(STABILITY) {
        None => Ok(None),
        Some(value) => match value.as_text() {
            Some(word @ ("draft" | "alpha" | "beta" | "stable")) => Ok(Some(word)),
            _ => Err(value.show()),
        },
    }
}

/// How stable; what says nothing is stable.
pub fn rank(word: Option<&str>) -> u8 {
    match word {
        Some("draft") => 1,
        Some("alpha") => 2,
        Some("beta") => 3,
        _ => 4,
    }
}

/// From here on, changes count.
pub const COUNTS: u8 = 3;

/// A property's deprecation and stability.
pub fn property<'a>(out: &mut Out<'a>, body: &Body<'_, 'a>, delta: &Delta<'a>, prefix: &str, field: &str, named: &str) {
    if delta.has("deprecated") && body.stability.is_some() {
        if !delta.revision.flag("deprecated") {
            let text = format!("{named} is no longer deprecated");
            out.schema(&format!("{prefix}-reactivated"), delta, field, "deprecated", text);
        } else {
            let (aspect, text) = match (sunset(delta.revision.get(SUNSET)), out.today()) {
                (Sunset::None, _) => ("deprecated", "was deprecated".to_owned()),
                (Sunset::Unclear(value), _) => {
                    ("deprecated-sunset-invalid", format!("was deprecated, but its sunset `{value}` is no date"))
                }
                (Sunset::On(day, text), Some(today)) if day < today => {
                    ("sunset-date-too-small", format!("was deprecated with a sunset in the past: `{text}`"))
                }
                (Sunset::On(_, text), _) => ("deprecated-with-sunset", format!("was deprecated, sunset `{text}`")),
            };
            out.schema(&format!("{prefix}-{aspect}"), delta, field, "deprecated", format!("{named} {text}"));
        }
    }
    let extended = |schema: &Schema<'a>| schema.entries().any(|(key, _)| key == STABILITY);
    if delta.has(STABILITY) || (delta.changed.iter().any(|k| k.starts_with("x-")) && extended(&delta.base)) {
        property_stability(out, delta, prefix, field, named);
    }
}

fn property_stability<'a>(out: &mut Out<'a>, delta: &Delta<'a>, prefix: &str, field: &str, named: &str) {
    let of = |schema: &Schema<'a>| match schema.get(STABILITY) {
        None => Ok(None),
        Some(value) => match value.as_text() {
            Some(word @ ("draft" | "alpha" | "beta" | "stable")) => Ok(Some(word)),
            _ => Err(value.show()),
        },
    };
    let (base, revision) = match (of(&delta.base), of(&delta.revision)) {
        (Ok(base), Ok(revision)) => (base, revision),
        (Err(value), _) | (_, Err(value)) => {
            let spots = (Some(delta.base.line(STABILITY)), Some(delta.revision.line(STABILITY)));
            let text = format!("{named}: stability `{value}` is none of `draft`, `alpha`, `beta`, `stable`");
            return out.put("api-invalid-stability-level", field, spots.0, spots.1, text);
        }
    };
    if rank(base) == rank(revision) || rank(base) < COUNTS {
        return;
    }
    let aspect = if rank(revision) < rank(base) { "stability-decreased" } else { "stability-increased" };
    let shown = |word: Option<&'a str>| word.unwrap_or("stable");
    let text = format!("{named}: stability changed from `{}` to `{}`", shown(base), shown(revision));
    let spots = (Some(delta.base.line(STABILITY)), Some(delta.revision.line(STABILITY)));
    out.put(&format!("{prefix}-{aspect}"), field, spots.0, spots.1, text);
}

#[cfg(test)]
mod tests {
    use super::day;

    #[test]
    fn counts_days() {
        assert_eq!(day("1970-01-01"), Some(0));
        assert_eq!(day("2000-03-01"), Some(11_017));
        assert_eq!(day("2024-02-29T10:00:00Z"), Some(19_782));
        for wrong in ["2023-02-29", "2023-13-01", "23-01-01", "soon", "2023-01-01x", ""] {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }
}
