//! Durations as people write them, and how long things may take: intervals, because parts are often unknown.

use std::fmt;
use std::ops::Add;

/// Milliseconds from at least to at most; no upper end where nothing bounds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    pub least: u64,
    pub most: Option<u64>,
}

impl Interval {
    pub const ZERO: Interval = Interval { least: 0, most: Some(0) };
    /// Nothing is known.
    pub const OPEN: Interval = Interval { least: 0, most: None };

    pub fn exactly(millis: u64) -> Self {
        Interval { least: millis, most: Some(millis) }
    }

    pub fn times(self, count: u64) -> Self {
        Interval { least: self.least.saturating_mul(count), most: self.most.map(|m| m.saturating_mul(count)) }
    }

    /// The longer of two, part by part: things that run side by side.
    pub fn longest(self, other: Self) -> Self {
        let most = match (self.most, other.most) {
            (Some(a), Some(b)) => Some(a.max(b)),
            _ => None,
        };
        Interval { least: self.least.max(other.least), most }
    }

    /// Cut off at a timeout.
    pub fn within(self, timeout: Option<u64>) -> Self {
        match timeout {
            Some(t) => Interval { least: self.least.min(t), most: Some(self.most.map_or(t, |m| m.min(t))) },
            None => self,
        }
    }
}

impl Add for Interval {
    type Output = Interval;

    fn add(self, other: Interval) -> Interval {
        let most = self.most.zip(other.most).map(|(a, b)| a.saturating_add(b));
        Interval { least: self.least.saturating_add(other.least), most }
    }
}

/// `250 ms`, `2 s`, `1.5 s`, `10 min`.
pub fn shown(millis: u64) -> String {
    match millis {
        m if m < 1_000 => format!("{m} ms"),
        m if m >= 120_000 && m % 60_000 == 0 => format!("{} min", m / 60_000),
        m if m % 1_000 == 0 => format!("{} s", m / 1_000),
        m => format!("{} s", (m as f64 / 10.0).round() / 100.0),
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.most {
            Some(most) if most == self.least => f.write_str(&shown(most)),
            Some(most) => write!(f, "{} to {}", shown(self.least), shown(most)),
            None if self.least == 0 => f.write_str("any time"),
            None => write!(f, "{} or more", shown(self.least)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        let texts: Vec<String> = [20, 2_000, 1_500, 15_600, 90_000, 600_000].into_iter().map(shown).collect();
        assert_eq!(texts, ["20 ms", "2 s", "1.5 s", "15.6 s", "90 s", "10 min"]);
    }

    #[test]
    fn what_is_unknown_stays_open() {
        let sum = Interval::exactly(500) + Interval::OPEN;
        assert_eq!((sum.to_string(), sum.within(Some(2_000)).most), ("500 ms or more".to_owned(), Some(2_000)));
    }
}
