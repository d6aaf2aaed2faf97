//! How durations are distributed, in a few hundred bytes: DDSketch (Masson, Rim, Lee; VLDB 2019), its logarithmic buckets.
//!
//! Invariant: a quantile is within one per cent of a value that was added; sketches of parts merge to the sketch of the whole.

use std::collections::BTreeMap;

/// One per cent: `(1 + a) / (1 - a)`.
const GAMMA: f64 = 1.01 / 0.99;

/// A distribution of positive values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    buckets: BTreeMap<i16, u64>,
    zeros: u64,
}

impl Sketch {
    pub fn add(&mut self, value: f64) {
        if value < 1.0 {
            self.zeros += 1;
        } else {
            // The logarithm of the largest float is 710, so this is at most 35,500.
            *self.buckets.entry((value.ln() / GAMMA.ln()).ceil().min(32_000.0) as i16).or_default() += 1;
        }
    }

    pub fn merge(&mut self, other: &Sketch) {
        self.zeros += other.zeros;
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    pub fn count(&self) -> u64 {
        self.zeros + self.buckets.values().sum::<u64>()
    }

    /// The value below which so much of all lies (0 to 1).
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let total = self.count();
        let rank = (quantile.clamp(0.0, 1.0) * total.saturating_sub(1) as f64).round() as u64;
        let mut below = self.zeros;
        if rank < below {
            return Some(0.0);
        }
        for (bucket, count) in &self.buckets {
            below += count;
            if rank < below {
                return Some(2.0 * GAMMA.powi(i32::from(*bucket)) / (GAMMA + 1.0));
            }
        }
        (total > 0 && self.buckets.is_empty()).then_some(0.0)
    }

    /// As bytes: the count of zeros, then pairs of bucket and count, all as little-endian numbers.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.zeros.to_le_bytes().to_vec();
        for (bucket, count) in &self.buckets {
            out.extend(bucket.to_le_bytes());
            out.extend((u32::try_from(*count).unwrap_or(u32::MAX)).to_le_bytes());
        }
        out
    }

    /// What [`Sketch::to_bytes`] wrote; nothing for other bytes.
    pub fn of_bytes(bytes: &[u8]) -> Option<Sketch> {
        let (zeros, pairs) = bytes.split_first_chunk::<8>()?;
        let mut sketch = Sketch { zeros: u64::from_le_bytes(*zeros), buckets: BTreeMap::new() };
        let mut pairs = pairs.chunks_exact(6);
        for pair in pairs.by_ref() {
            let (bucket, count) = pair.split_at(2);
            let bucket = i16::from_le_bytes(bucket.try_into().ok()?);
            *sketch.buckets.entry(bucket).or_default() += u64::from(u32::from_le_bytes(count.try_into().ok()?));
        }
        pairs.remainder().is_empty().then_some(sketch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_one_per_cent_and_parts_merge() {
        let (mut all, mut odd, mut even) = (Sketch::default(), Sketch::default(), Sketch::default());
        for i in 1..=10_000u32 {
            all.add(f64::from(i) * 1000.0);
            if i % 2 == 0 { even.add(f64::from(i) * 1000.0) } else { odd.add(f64::from(i) * 1000.0) }
        }
        odd.merge(&even);
        assert_eq!(odd, all);
        for quantile in [0.01, 0.5, 0.95, 0.99, 1.0] {
            let exact = (1.0 + quantile * 9999.0) * 1000.0;
            let read = all.quantile(quantile).unwrap();
            assert!((read / exact - 1.0).abs() < 0.011, "{quantile}: {read} for {exact}");
        }
        assert_eq!(Sketch::of_bytes(&all.to_bytes()), Some(all));
        assert_eq!(Sketch::default().quantile(0.5), None);
        assert_eq!(Sketch::of_bytes(&[1, 2, 3]), None);
    }
}
