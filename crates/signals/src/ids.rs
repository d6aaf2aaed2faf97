//! Identifiers of traces and spans, as numbers.
//!
//! Invariant: hexadecimal identifiers (W3C Trace Context, Zipkin, Jaeger: up to 32 and 16 digits) keep their digits; any other
//! text becomes a hash of itself, so that equal texts stay equal. Zero, and the words that exporters write for it, is "none".

use std::fmt;

/// A trace; never zero when there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(pub u128);

/// A span within its trace; zero stands for "none".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(pub u64);

impl TraceId {
    pub const NONE: TraceId = TraceId(0);

    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    pub fn of_text(text: &str) -> TraceId {
        TraceId(number(text, 32))
    }
}

impl SpanId {
    pub const NONE: SpanId = SpanId(0);

    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    pub fn of_text(text: &str) -> SpanId {
        let wide = number(text, 16);
        SpanId((wide as u64) ^ (wide >> 64) as u64)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

fn number(text: &str, digits: usize) -> u128 {
    let text = text.trim().trim_matches('"');
    if text.is_empty() || ["root", "none", "null", "nil", "nan", "-"].iter().any(|w| text.eq_ignore_ascii_case(w)) {
        return 0;
    }
    let mut value: u128 = 0;
    let mut seen = 0;
    for byte in text.bytes() {
        match (byte as char).to_digit(16) {
            Some(digit) if seen < digits => {
                value = value << 4 | u128::from(digit);
                seen += 1;
            }
            None if byte == b'-' && digits == 32 => {}
            _ => return hash(text).max(1),
        }
    }
    value
}

/// FNV-1a, 128 bits (Fowler, Noll, Vo; RFC draft `draft-eastlake-fnv`): stable between runs, no secret involved.
fn hash(text: &str) -> u128 {
    text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash: u128, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_digits_and_knows_the_words_for_none() {
        assert_eq!(
            TraceId::of_text("00000000000000000000000000000abc").to_string(),
            "00000000000000000000000000000abc"
        );
        assert_eq!(
            TraceId::of_text("4bf92f35-77b3-4da6-a3ce-929d0e0e4736").to_string(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert_eq!(SpanId::of_text("233d5101e107e112").to_string(), "233d5101e107e112");
        for none in ["", "root", "None", "0000000000000000", "null"] {
            assert!(SpanId::of_text(none).is_none(), "{none}");
        }
    }

    #[test]
    fn other_texts_stay_equal_to_themselves() {
        assert_eq!(TraceId::of_text("req:17"), TraceId::of_text("req:17"));
        assert_ne!(TraceId::of_text("req:17"), TraceId::of_text("req:18"));
        assert_ne!(SpanId::of_text("233d5101e107e1124"), SpanId::of_text("233d5101e107e112"));
    }
}
