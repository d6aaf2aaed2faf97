//! Many durations in little room: counts in buckets that grow by a tenth each.
//!
//! Invariant: a quantile is off by at most five percent; merging is adding. Source: the idea of DDSketch (Masson, Rim, Lee,
//! VLDB 2019) with fixed buckets.

use std::collections::BTreeMap;

/// Durations in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buckets(BTreeMap<u16, u32>);

/// What a bucket is larger than the one before it.
const GROWTH: f64 = 1.1;

impl Buckets {
    pub fn add(&mut self, nanoseconds: i64) {
        *self.0.entry(place(nanoseconds)).or_default() += 1;
    }

    pub fn merge(&mut self, other: &Buckets) {
        for (place, count) in &other.0 {
            *self.0.entry(*place).or_default() += count;
        }
    }

    pub fn count(&self) -> u32 {
        self.0.values().fold(0u32, |sum, n| sum.saturating_add(*n))
    }

    /// How many are longer than `nanoseconds`, as far as buckets tell.
    pub fn above(&self, nanoseconds: i64) -> u32 {
        self.0.range(place(nanoseconds) + 1..).map(|(_, n)| n).sum()
    }

    /// The duration that a share of all does not exceed.
    pub fn quantile(&self, share: f64) -> i64 {
        let wanted = (f64::from(self.count()) * share).ceil().max(1.0) as u32;
        let mut seen = 0u32;
        for (place, count) in &self.0 {
            seen = seen.saturating_add(*count);
            if seen >= wanted {
                return value(*place);
            }
        }
        0
    }

    /// The quantile among those above `nanoseconds`.
    pub fn quantile_above(&self, nanoseconds: i64, share: f64) -> i64 {
        Buckets(self.0.range(place(nanoseconds) + 1..).map(|(p, n)| (*p, *n)).collect()).quantile(share)
    }
}

fn place(nanoseconds: i64) -> u16 {
    if nanoseconds < 1000 {
        return 0;
    }
    ((nanoseconds as f64 / 1000.0).ln() / GROWTH.ln()) as u16 + 1
}

/// The middle of a bucket.
fn value(place: u16) -> i64 {
    match place {
        0 => 500,
        _ => (1000.0 * GROWTH.powf(f64::from(place) - 0.5)) as i64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_within_five_percent() {
        let mut buckets = Buckets::default();
        (1..=1000).for_each(|ms| buckets.add(ms * 1_000_000));
        for (share, expected) in [(0.5, 500e6), (0.99, 990e6)] {
            let off = (buckets.quantile(share) as f64 / expected - 1.0).abs();
            assert!(off < 0.06, "{off}");
        }
        assert!(buckets.above(900_000_000) > 40);
        assert_eq!(Buckets::default().quantile(0.5), 0);
        buckets.add(i64::MAX);
        buckets.add(-5);
    }
}
