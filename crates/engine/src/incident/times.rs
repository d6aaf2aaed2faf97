//! Instants, windows and lengths of time as people write them.
//!
//! Invariant: a clock without a date means the day of the telemetry; "now" is never asked for.

use crate::Refusal;
use seam_signals::{Instant, Window, clock};

const DAY: i64 = 86_400_000_000_000;

/// `2024-05-01T10:00:00Z`, `1714557600`, `10:00`, `10:00:30`.
pub(crate) fn at(text: &str, reach: Option<(Instant, Instant)>) -> Result<Instant, Refusal> {
    if let Some(at) = clock::instant(text, None) {
        return Ok(at);
    }
    let of_day = clock::time_of_day(text);
    match (of_day, reach) {
        (Some(of_day), Some((first, last))) => {
            let day = first.div_euclid(DAY) * DAY;
            // On the first day that reaches so far.
            let at = day.saturating_add(of_day);
            Ok(if at < first && at.saturating_add(DAY) <= last.saturating_add(DAY) {
                at.saturating_add(DAY)
            } else {
                at
            })
        }
        _ => Err(Refusal::usage(
            format!("`{text}` is no instant"),
            "write `2024-05-01T10:00:00Z`, seconds since 1970, or `10:00:30` on the day of the telemetry (UTC)",
        )),
    }
}

/// `FROM..TO`.
pub(crate) fn window(text: &str, reach: Option<(Instant, Instant)>) -> Result<Window, Refusal> {
    let parts = text.split_once("..").map(|(from, to)| (at(from.trim(), reach), at(to.trim(), reach)));
    match parts {
        Some((Ok(from), Ok(to))) if from < to => Ok(Window { from, to }),
        Some((Err(refusal), _) | (_, Err(refusal))) => Err(refusal),
        _ => Err(Refusal::usage(format!("`{text}` is no time from and to"), "write `10:00..10:05`")),
    }
}

/// `30s`, `5m`, `1h`.
pub(crate) fn length(text: &str) -> Result<i64, Refusal> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: Option<i64> = text[..digits].parse().ok();
    let unit = match &text[digits..] {
        "s" | "" => Some(1_000_000_000),
        "m" | "min" => Some(60_000_000_000),
        "h" => Some(3_600_000_000_000),
        "ms" => Some(1_000_000),
        _ => None,
    };
    number
        .zip(unit)
        .and_then(|(n, u): (i64, i64)| n.checked_mul(u))
        .filter(|n| *n > 0)
        .ok_or_else(|| Refusal::usage(format!("`{text}` is no length of time"), "write `30s`, `5m` or `1h`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_as_people_write_them() {
        let first = clock::instant("2024-05-01T09:30:00Z", None).unwrap();
        let reach = Some((first, first + 3_600_000_000_000));
        let ten = clock::instant("2024-05-01T10:00:00Z", None).unwrap();
        for text in ["10:00", "10:00:00", "2024-05-01T10:00:00Z", "1714557600"] {
            assert_eq!(at(text, reach).unwrap(), ten, "{text}");
        }
        assert_eq!(window("10:00..10:05", reach).unwrap().to - ten, 300_000_000_000);
        assert!(window("10:05..10:00", reach).is_err() && at("soon", reach).is_err());
        assert_eq!(length("5m").unwrap(), 300_000_000_000);
        assert!(length("5y").is_err() && length("0s").is_err() && length("99999999999h").is_err());
    }
}
