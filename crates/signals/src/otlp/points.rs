//! Points of metrics, from their wire format into series.
//!
//! Invariant: a histogram becomes series that later steps can read: how many, their sum, and quantiles of the samples since
//! the point before where it counts so (delta), or its buckets as counters where it counts since a start (cumulative).

use super::wire::{Broken, Fields, Value, fixed64s};
use super::{At, Sink, pair_of, temporality, text_of};
use crate::value::Any;
use crate::{Name, ResourceId, Statistic, Temporality};
use std::borrow::Cow;

/// A histogram's point, both kinds.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    pub count: u64,
    pub sum: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// Upper bounds; there is one bucket more than bounds.
    pub bounds: Vec<f64>,
    pub buckets: Vec<u64>,
}

/// Quantiles that are worked out, in thousandths.
const QUANTILES: [u16; 3] = [500, 950, 990];

/// More buckets than any SDK makes; exponential histograms have 160 at most.
const BUCKETS: usize = 1024;

impl Histogram {
    /// The quantile by linear interpolation within its bucket, as Prometheus' `histogram_quantile` does it.
    pub fn quantile(&self, thousandths: u16) -> Option<f64> {
        let total: u64 = self.buckets.iter().fold(0, |sum, n| sum.saturating_add(*n));
        if total == 0 || self.bounds.is_empty() {
            return None;
        }
        let rank = total as f64 * f64::from(thousandths) / 1000.0;
        let mut below = 0.0;
        for (at, count) in self.buckets.iter().enumerate() {
            let count = *count as f64;
            if below + count >= rank && count > 0.0 {
                let low =
                    if at == 0 { self.min.unwrap_or(0.0).min(self.bounds[0]) } else { *self.bounds.get(at - 1)? };
                let Some(high) = self.bounds.get(at).copied().or(self.max) else { return Some(low) };
                return Some(low + (high - low) * ((rank - below) / count));
            }
            below += count;
        }
        None
    }
}

impl Sink<'_> {
    /// `ScopeMetrics`.
    pub(super) fn points(&mut self, resource: ResourceId, scope: &[u8]) -> Result<(), Broken> {
        let mut fields = Fields(scope);
        while let Some((number, value)) = fields.next()? {
            if number == 2 {
                self.metric(resource, value.bytes())?;
            }
        }
        Ok(())
    }

    fn metric(&mut self, resource: ResourceId, bytes: &[u8]) -> Result<(), Broken> {
        let (mut name, mut unit) = (Cow::Borrowed(""), Cow::Borrowed(""));
        let mut fields = Fields(bytes);
        while let Some((number, value)) = fields.next()? {
            match number {
                1 => name = text_of(value),
                3 => unit = text_of(value),
                _ => {}
            }
        }
        if name.is_empty() {
            self.decoded.losses.add("point", "its metric has no name");
            return Ok(());
        }
        let (metric, unit) = (self.into.names.intern(&name), self.into.names.intern(&unit));
        let at = At { resource, metric, unit, labels: Name::NONE, time: 0 };
        let mut fields = Fields(bytes);
        while let Some((kind, value)) = fields.next()? {
            if !matches!(kind, 5 | 7 | 9 | 10 | 11) {
                continue;
            }
            let mut counts = Temporality::Level;
            let mut data = Fields(value.bytes());
            while let Some((number, value)) = data.next()? {
                if number == 2 && kind != 5 {
                    counts = temporality(value.number());
                }
            }
            let mut data = Fields(value.bytes());
            while let Some((number, value)) = data.next()? {
                if number == 1 {
                    self.one_point(kind, at, counts, value.bytes())?;
                }
            }
        }
        Ok(())
    }

    fn one_point(&mut self, kind: u32, mut at: At, counts: Temporality, bytes: &[u8]) -> Result<(), Broken> {
        let labelled = match kind {
            9 => 9,
            10 => 1,
            _ => 7,
        };
        let mut pairs: Vec<(&str, Any<'_>)> = Vec::new();
        let mut number = f64::NAN;
        let mut histogram = Histogram::default();
        let mut fields = Fields(bytes);
        while let Some((field, value)) = fields.next()? {
            match (kind, field) {
                (_, 3) => at.time = value.number(),
                (_, f) if f == labelled => pairs.push(pair_of(value.bytes())?),
                (5 | 7, 4) => number = value.double(),
                (5 | 7, 6) => number = value.number() as i64 as f64,
                (9..=11, 4) => histogram.count = value.number(),
                (9..=11, 5) => histogram.sum = Some(value.double()),
                (9, 6) => fixed64s(value, &mut histogram.buckets),
                (9, 7) => {
                    let mut bits = Vec::new();
                    fixed64s(value, &mut bits);
                    histogram.bounds.extend(bits.into_iter().map(f64::from_bits));
                }
                (9, 11) | (10, 12) => histogram.min = Some(value.double()),
                (9, 12) | (10, 13) => histogram.max = Some(value.double()),
                _ => {}
            }
        }
        at.labels = self.labels(&mut pairs);
        match kind {
            5 | 7 => self.point(&at, if kind == 7 { Statistic::Sum } else { Statistic::Value }, counts, number),
            9 => self.histogram(at, counts, &histogram),
            10 => {
                exponential(bytes, &mut histogram)?;
                self.histogram(at, counts, &histogram);
            }
            _ => {
                self.histogram(at, Temporality::Cumulative, &histogram);
                self.quantiles(&at, bytes)?;
            }
        }
        Ok(())
    }

    pub(super) fn histogram(&mut self, at: At, counts: Temporality, histogram: &Histogram) {
        if histogram.buckets.len() > BUCKETS || histogram.bounds.len() > BUCKETS {
            return self.decoded.losses.add("point", "its histogram has more than 1024 buckets");
        }
        self.point(&at, Statistic::Count, counts, histogram.count as f64);
        let parts = [(Statistic::Minimum, histogram.min), (Statistic::Maximum, histogram.max)];
        if let Some(sum) = histogram.sum {
            self.point(&at, Statistic::Sum, counts, sum);
        }
        if counts == Temporality::Cumulative {
            let mut below = 0u64;
            let plain = self.into.text(at.labels).to_owned();
            for (bound, count) in histogram.bounds.iter().zip(&histogram.buckets) {
                below = below.saturating_add(*count);
                let labels = match plain.is_empty() {
                    true => format!("le={bound}"),
                    false => format!("{plain},le={bound}"),
                };
                let at = At { labels: self.into.names.value(&labels), ..at };
                self.point(&at, Statistic::Count, counts, below as f64);
            }
            return;
        }
        for (statistic, value) in parts {
            if let Some(value) = value {
                self.point(&at, statistic, Temporality::Level, value);
            }
        }
        for thousandths in QUANTILES {
            if let Some(value) = histogram.quantile(thousandths) {
                self.point(&at, Statistic::Quantile(thousandths), Temporality::Level, value);
            }
        }
    }

    /// `SummaryDataPoint.ValueAtQuantile`.
    fn quantiles(&mut self, at: &At, bytes: &[u8]) -> Result<(), Broken> {
        let mut fields = Fields(bytes);
        while let Some((number, value)) = fields.next()? {
            if number != 6 {
                continue;
            }
            let (mut quantile, mut read) = (0.0, 0.0);
            let mut fields = Fields(value.bytes());
            while let Some((number, value)) = fields.next()? {
                match number {
                    1 => quantile = value.double(),
                    2 => read = value.double(),
                    _ => {}
                }
            }
            self.quantile(at, quantile, read);
        }
        Ok(())
    }

    pub(super) fn quantile(&mut self, at: &At, quantile: f64, value: f64) {
        if (0.0..=1.0).contains(&quantile) {
            self.point(at, Statistic::Quantile((quantile * 1000.0).round() as u16), Temporality::Level, value);
        }
    }
}

/// `ExponentialHistogramDataPoint`: its buckets as bounds. Negative samples are rare and left out.
fn exponential(bytes: &[u8], out: &mut Histogram) -> Result<(), Broken> {
    let (mut scale, mut zeros, mut offset, mut counts) = (0i64, 0, 0i64, Vec::new());
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            6 => scale = zigzag(value.number()),
            7 => zeros = value.number(),
            8 => {
                let mut fields = Fields(value.bytes());
                while let Some((number, value)) = fields.next()? {
                    match (number, value) {
                        (1, value) => offset = zigzag(value.number()),
                        (2, Value::Bytes(packed)) => {
                            let mut packed = Fields(packed);
                            while !packed.0.is_empty() && counts.len() <= BUCKETS {
                                counts.push(packed.varint()?);
                            }
                        }
                        (2, value) if counts.len() <= BUCKETS => counts.push(value.number()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    bounds(scale, zeros, offset, counts, out);
    Ok(())
}

/// Bucket `i` of scale `s` ends at `2^((i + 1) / 2^s)` (OpenTelemetry's data model, "Exponential Buckets").
pub(super) fn bounds(scale: i64, zeros: u64, offset: i64, counts: Vec<u64>, out: &mut Histogram) {
    let step = (-(scale.clamp(-10, 20) as f64)).exp2();
    let bound = |at: usize| ((offset as f64 + at as f64) * step).exp2();
    if counts.len() > BUCKETS || !bound(counts.len()).is_finite() {
        return;
    }
    out.bounds = (0..=counts.len()).map(bound).collect();
    out.buckets = std::iter::once(zeros).chain(counts).chain(std::iter::once(0)).collect();
}

fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_quantiles_within_buckets() {
        let mut histogram = Histogram { bounds: vec![10.0, 20.0], buckets: vec![5, 5, 0], ..Histogram::default() };
        assert_eq!(histogram.quantile(500), Some(10.0));
        assert_eq!(histogram.quantile(750), Some(15.0));
        histogram.buckets = vec![0, 0, 4];
        assert_eq!(histogram.quantile(500), Some(20.0), "without a maximum: the last bound");
        assert_eq!(Histogram::default().quantile(500), None);
        let mut exponential = Histogram::default();
        bounds(0, 0, 2, vec![10], &mut exponential);
        assert_eq!(exponential.bounds, [4.0, 8.0]);
        assert_eq!(exponential.quantile(500), Some(6.0));
    }
}
