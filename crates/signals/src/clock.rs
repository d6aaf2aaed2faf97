//! Points in time and spans of time, as files write them.
//!
//! Invariant: nothing is assumed about a zone: a text without one is UTC; a number without a unit is read by its size (seconds
//! until the year 5138 have 11 digits at most, milliseconds 14, microseconds 17).

use crate::Instant;

/// A unit of time in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

impl Unit {
    /// How many nanoseconds it has.
    pub fn nanoseconds(self) -> f64 {
        match self {
            Unit::Seconds => 1e9,
            Unit::Milliseconds => 1e6,
            Unit::Microseconds => 1e3,
            Unit::Nanoseconds => 1.0,
        }
    }

    /// The unit that a word names.
    pub fn of_word(word: &str) -> Option<Unit> {
        Some(match word {
            "s" | "sec" | "secs" | "second" | "seconds" => Unit::Seconds,
            "ms" | "msec" | "milli" | "millis" | "millisecond" | "milliseconds" => Unit::Milliseconds,
            "us" | "µs" | "usec" | "micro" | "micros" | "microsecond" | "microseconds" => Unit::Microseconds,
            "ns" | "nsec" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => Unit::Nanoseconds,
            _ => return None,
        })
    }
}

/// No instant lies further from 1970 than this (146 years), so that the difference of any two fits.
pub const FAR: Instant = i64::MAX / 2;

/// The same instant, or the furthest that there is.
pub(crate) fn bounded(instant: Instant) -> Instant {
    instant.clamp(-FAR, FAR)
}

/// An instant: a number since the epoch, or a date.
pub fn instant(text: &str, unit: Option<Unit>) -> Option<Instant> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let number = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    let found = match number {
        true => of_number(text, unit).or_else(|| date(text)),
        false => date(text),
    };
    found.filter(|t| (-FAR..=FAR).contains(t))
}

fn of_number(text: &str, unit: Option<Unit>) -> Option<Instant> {
    if let Ok(whole) = text.parse::<i64>() {
        let unit = unit.unwrap_or_else(|| guess(whole.unsigned_abs() as f64));
        return whole.checked_mul(unit.nanoseconds() as i64);
    }
    let value: f64 = text.parse().ok().filter(|v: &f64| v.is_finite())?;
    let nanoseconds = value * unit.unwrap_or_else(|| guess(value.abs())).nanoseconds();
    (nanoseconds.abs() < 9.2e18).then_some(nanoseconds as i64)
}

fn guess(size: f64) -> Unit {
    match size {
        s if s < 1e11 => Unit::Seconds,
        s if s < 1e14 => Unit::Milliseconds,
        s if s < 1e17 => Unit::Microseconds,
        _ => Unit::Nanoseconds,
    }
}

/// `2023-01-29T08:48:42.425293566Z`, `2023-01-29 08:41:09.04 +0000 UTC …`, `2023-01-29 08:43:04`, `…+01:00`, `20230129 084304`.
fn date(text: &str) -> Option<Instant> {
    let mut rest = text.as_bytes();
    let year = digits(&mut rest, 4)?;
    skip(&mut rest, b"-/");
    let month = digits(&mut rest, 2)?;
    skip(&mut rest, b"-/");
    let day = digits(&mut rest, 2)?;
    skip(&mut rest, b"T ");
    let of_day = clock_of(&mut rest)?;
    let zone = zone(&mut rest);
    (1..=12).contains(&month).then_some(())?;
    (1..=31).contains(&day).then_some(())?;
    let days = days(year, month, day);
    days.checked_mul(86_400_000_000_000)?.checked_add(of_day)?.checked_sub(zone)
}

/// `08:48:42.425` as nanoseconds of the day.
pub fn time_of_day(text: &str) -> Option<Instant> {
    clock_of(&mut text.as_bytes())
}

fn clock_of(rest: &mut &[u8]) -> Option<Instant> {
    let hour = digits(rest, 2)?;
    skip(rest, b":");
    let minute = digits(rest, 2)?;
    skip(rest, b":");
    let second = digits(rest, 2).unwrap_or(0);
    let mut fraction = 0;
    if matches!(rest.first(), Some(b'.' | b',')) && rest.get(1).is_some_and(u8::is_ascii_digit) {
        *rest = &rest[1..];
        let mut scale = 100_000_000;
        while let Some(digit) = rest.first().filter(|b| b.is_ascii_digit()) {
            fraction += i64::from(digit - b'0') * scale;
            scale /= 10;
            *rest = &rest[1..];
        }
    }
    (hour < 24 && minute < 60 && second < 61).then_some((hour * 3600 + minute * 60 + second) * 1_000_000_000 + fraction)
}

fn zone(rest: &mut &[u8]) -> Instant {
    skip(rest, b" ");
    let sign = match rest.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return 0,
    };
    *rest = &rest[1..];
    let Some(hours) = digits(rest, 2) else { return 0 };
    skip(rest, b":");
    let minutes = digits(rest, 2).unwrap_or(0);
    sign * (hours * 3600 + minutes * 60) * 1_000_000_000
}

fn digits(rest: &mut &[u8], count: usize) -> Option<i64> {
    let text = rest.get(..count)?;
    let mut value = 0;
    for byte in text {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(byte - b'0');
    }
    *rest = &rest[count..];
    Some(value)
}

fn skip(rest: &mut &[u8], any: &[u8]) {
    if rest.first().is_some_and(|b| any.contains(b)) {
        *rest = &rest[1..];
    }
}

/// Days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// An instant as people read it: `2023-01-29 08:48:42`, with milliseconds where there are any.
pub fn shown(instant: Instant) -> String {
    let seconds = instant.div_euclid(1_000_000_000);
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let of_400 = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_400 + of_400 / 4 - of_400 / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = of_400 + era * 400 + i64::from(month <= 2);
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day_of_month:02} {h:02}:{m:02}:{s:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_ways_in_which_instants_are_written() {
        let expected = 1_674_982_122_000_000_000;
        for text in [
            "1674982122",
            "1674982122000",
            "1674982122000000",
            "1674982122000000000",
            "1674982122.0",
            "2023-01-29T08:48:42Z",
            "2023-01-29 08:48:42",
            "2023-01-29 08:48:42.000 +0000 UTC m=+0.119",
            "2023-01-29T09:48:42+01:00",
            "2023/01/29 08:48:42",
        ] {
            assert_eq!(instant(text, None), Some(expected), "{text}");
        }
        assert_eq!(shown(expected), "2023-01-29 08:48:42");
        assert_eq!(instant("2023-01-29T08:48:42.425293566Z", None), Some(expected + 425_293_566));
        assert_eq!(instant("1.5", Some(Unit::Milliseconds)), Some(1_500_000));
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in ["", "NaN", "inf", "-", "yesterday", "2023-13-01 00:00:00", "9e99", "2023-01-29"] {
            assert_eq!(instant(text, None), None, "{text}");
        }
    }

    #[test]
    fn shows_days_around_leap_years() {
        for text in ["2024-02-29 00:00:00", "1999-12-31 23:59:59", "2000-03-01 12:00:00"] {
            assert_eq!(instant(text, None).map(shown).as_deref(), Some(text));
        }
    }
}
