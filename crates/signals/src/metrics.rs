//! Metrics as series of points.
//!
//! Invariant: points of a series are kept as they came (order and duplicates are for [`Series::sort`] to settle); a point that
//! is not a finite number is refused, since no later step can use it. Their number is bounded.

use crate::{Instant, Name, ResourceId};
use std::collections::BTreeMap;

/// What a value says about the samples behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statistic {
    /// A reading, or not said.
    #[default]
    Value,
    Average,
    Sum,
    Count,
    Minimum,
    Maximum,
    /// A quantile in thousandths: 950 is p95.
    Quantile(u16),
}

/// What a value is relative to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Temporality {
    /// It is a level: a gauge.
    #[default]
    Level,
    /// It counts since the point before.
    Delta,
    /// It counts since some start, and falls when that moves: a Prometheus counter.
    Cumulative,
}

/// What makes two points belong to one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    pub resource: ResourceId,
    pub metric: Name,
    pub statistic: Statistic,
    pub temporality: Temporality,
    /// The remaining labels in order, `key=value,key=value`; `Name::NONE` for none.
    pub labels: Name,
}

/// One series. Both columns have the same length.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub key: SeriesKey,
    /// As UCUM writes it (`ms`, `By`, `%`); `Name::NONE` where it was not said.
    pub unit: Name,
    pub time: Vec<Instant>,
    pub value: Vec<f64>,
}

impl Series {
    /// In order of time; of two points at one instant the later said wins.
    pub fn sort(&mut self) {
        if self.time.windows(2).all(|w| w[0] < w[1]) {
            return;
        }
        let points: BTreeMap<Instant, f64> = self.time.iter().copied().zip(self.value.iter().copied()).collect();
        (self.time, self.value) = points.into_iter().unzip();
    }
}

/// All series.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    series: Vec<Series>,
    index: BTreeMap<SeriesKey, u32>,
    points: usize,
}

impl Metrics {
    /// At most so many series: beyond it, a label holds identifiers.
    pub const MOST: usize = 1 << 18;

    /// At most so many points in memory.
    pub const MOST_POINTS: usize = 100_000_000;

    /// Adds a point; says whether it was taken. It is not when it is no number, or one too many.
    pub fn push(&mut self, key: SeriesKey, unit: Name, time: Instant, value: f64) -> bool {
        if !value.is_finite() || self.points >= Metrics::MOST_POINTS {
            return false;
        }
        let series = match self.index.get(&key) {
            Some(at) => *at as usize,
            None if self.series.len() < Metrics::MOST => {
                let at = self.series.len();
                self.series.push(Series { key, unit, time: Vec::new(), value: Vec::new() });
                self.index.insert(key, at as u32);
                at
            }
            None => return false,
        };
        self.series[series].time.push(crate::clock::bounded(time));
        self.series[series].value.push(value);
        self.points += 1;
        true
    }

    pub fn series(&self) -> &[Series] {
        &self.series
    }

    pub(crate) fn series_mut(&mut self) -> &mut [Series] {
        &mut self.series
    }

    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// How many points there are.
    pub fn points(&self) -> usize {
        self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_points_and_refuses_what_is_no_number() {
        let mut metrics = Metrics::default();
        let key = SeriesKey {
            resource: ResourceId::default(),
            metric: Name::NONE,
            statistic: Statistic::Value,
            temporality: Temporality::Level,
            labels: Name::NONE,
        };
        for (time, value) in [(3, 3.0), (1, 1.0), (3, 4.0)] {
            assert!(metrics.push(key, Name::NONE, time, value));
        }
        assert!(!metrics.push(key, Name::NONE, 2, f64::NAN));
        assert!(!metrics.push(key, Name::NONE, 2, f64::INFINITY));
        metrics.series_mut()[0].sort();
        assert_eq!(metrics.series()[0].time, [1, 3]);
        assert_eq!(metrics.series()[0].value, [1.0, 4.0]);
    }
}
