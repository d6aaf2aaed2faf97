//! The value that a field has when nobody sets it.

use super::index::{Cardinality, Features, In, Index, Kind, cardinality};
use super::model::{Enum, Field};

#[derive(Clone, Debug, PartialEq)]
pub enum Default {
    /// Numbers, flags and enums alike.
    Number(f64),
    /// Whole numbers, exactly.
    Whole(i128),
    Text(String),
}

impl Default {
    pub fn is_zero(&self) -> bool {
        match self {
            Default::Number(n) => *n == 0.0,
            Default::Whole(n) => *n == 0,
            Default::Text(text) => text.is_empty(),
        }
    }

    pub fn same(&self, other: &Default, narrow: bool) -> bool {
        let float = |d: &Default| match d {
            Default::Number(n) => Some(*n),
            Default::Whole(n) => Some(*n as f64),
            Default::Text(_) => None,
        };
        match (self, other) {
            (Default::Text(a), Default::Text(b)) => a == b,
            (Default::Whole(a), Default::Whole(b)) => a == b,
            _ => match (float(self), float(other)) {
                (Some(a), Some(b)) if a.is_nan() && b.is_nan() => true,
                // A float and a double are the same if the float cannot tell them apart.
                (Some(a), Some(b)) if narrow => a as f32 == b as f32,
                (Some(a), Some(b)) => a == b,
                _ => false,
            },
        }
    }

    pub fn show(&self) -> String {
        match self {
            Default::Number(n) => n.to_string(),
            Default::Whole(n) => n.to_string(),
            Default::Text(text) => text.clone(),
        }
    }
}

/// The default of a field that can have one.
pub fn default(index: &Index<'_>, field: &Field, kind: &Kind, features: &Features) -> Option<Default> {
    let many = matches!(cardinality(field, kind, features), Cardinality::Repeated | Cardinality::Map);
    let said = field.options.get("default");
    if many {
        return None;
    }
    Some(match kind {
        Kind::Message(_) | Kind::Group(_) => return None,
        Kind::Scalar("string" | "bytes") => Default::Text(unescaped(said.unwrap_or_default())),
        Kind::Scalar("bool") => Default::Whole(i128::from(said == Some("true"))),
        Kind::Scalar("float") => Default::Number(f64::from(float(said) as f32)),
        Kind::Scalar("double") => Default::Number(float(said)),
        Kind::Scalar(_) => Default::Whole(said.and_then(whole).unwrap_or_default()),
        Kind::Enum(name) => {
            let of = index.enums.get(name).map(|e: &In<'_, Enum>| e.of);
            let value = match said {
                Some(name) => of.and_then(|e| e.values.iter().find(|v| v.name == name)),
                None => of.and_then(|e| e.values.first()),
            };
            Default::Whole(value.map_or(0, |v| i128::from(v.number)))
        }
    })
}

fn float(said: Option<&str>) -> f64 {
    match said {
        None => 0.0,
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        Some("nan" | "-nan") => f64::NAN,
        Some(text) => whole(text).map_or_else(|| text.parse().unwrap_or(0.0), |n| n as f64),
    }
}

fn whole(text: &str) -> Option<i128> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |d| (true, d));
    let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hex) => i128::from_str_radix(hex, 16).ok()?,
        None if digits.len() > 1 && digits.starts_with('0') => i128::from_str_radix(digits, 8).ok()?,
        None => digits.parse().ok()?,
    };
    Some(if negative { -value } else { value })
}

/// What a literal means: two ways to write the same bytes are no difference.
fn unescaped(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (Vec::new(), 0);
    while i < bytes.len() {
        if bytes[i] != b'\\' {
            out.push(bytes[i]);
            i += 1;
            continue;
        }
        i += 1;
        let digits = |from: usize, most: usize, radix: u32| {
            bytes[from.min(bytes.len())..].iter().take(most).take_while(|b| char::from(**b).is_digit(radix)).count()
        };
        let (used, byte) = match bytes.get(i) {
            Some(b'n') => (1, b'\n'),
            Some(b't') => (1, b'\t'),
            Some(b'r') => (1, b'\r'),
            Some(b'a') => (1, 7),
            Some(b'b') => (1, 8),
            Some(b'f') => (1, 12),
            Some(b'v') => (1, 11),
            Some(b'x' | b'X') => {
                let n = digits(i + 1, 2, 16);
                let code = text.get(i + 1..i + 1 + n).and_then(|d| u8::from_str_radix(d, 16).ok());
                (n + 1, code.unwrap_or(b'x'))
            }
            Some(b'0'..=b'7') => {
                let n = digits(i, 3, 8);
                (n, text.get(i..i + n).and_then(|d| u16::from_str_radix(d, 8).ok()).unwrap_or_default() as u8)
            }
            Some(other) => (1, *other),
            None => (0, b'\\'),
        };
        out.push(byte);
        i += used;
    }
    // Bytes that are no text are kept apart all the same.
    out.iter().map(|b| char::from(*b)).collect()
}
