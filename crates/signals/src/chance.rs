//! How surprising a count is, given what was usual.
//!
//! Invariant: a surprise is `-log10` of a probability, never negative and never more than [`MOST`]; small samples surprise
//! little because what is usual is then itself uncertain. Source: the beta-binomial distribution with Jeffreys' prior (1/2, 1/2);
//! how much proportions vary between windows (overdispersion) by the method of moments (Kleinman, JASA 68, 1973).

/// Surprises end here: beyond it they all mean "certainly".
pub const MOST: f64 = 30.0;

/// What was usual: how often something happened out of how many times, window by window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// The proportion that is expected.
    pub p: f64,
    /// How many observations the expectation is worth: fewer where windows differ among each other.
    pub worth: f64,
    pub n: u64,
    pub windows: usize,
}

impl Usual {
    /// Learns from windows of `(happened, of)`.
    ///
    /// Of twenty windows the one that is furthest from the others is left out: a fault that nobody noticed must not teach that
    /// everything varies.
    pub fn of(windows: &[(u32, u32)]) -> Option<Usual> {
        let trimmed = trimmed(windows);
        let windows = trimmed.as_deref().unwrap_or(windows);
        let n: u64 = windows.iter().map(|w| u64::from(w.1)).sum();
        if n == 0 {
            return None;
        }
        let k: u64 = windows.iter().map(|w| u64::from(w.0.min(w.1))).sum();
        let (nf, plain) = (n as f64, k as f64 / n as f64);
        let p = (k as f64 + 0.5) / (nf + 1.0);
        let used = windows.iter().filter(|w| w.1 > 0).count();
        let mut worth = nf + 1.0;
        let variance = plain * (1.0 - plain);
        if used > 1 && variance > 0.0 {
            let squares: f64 = windows.iter().map(|w| f64::from(w.1).powi(2)).sum();
            let spread: f64 = windows
                .iter()
                .filter(|w| w.1 > 0)
                .map(|w| f64::from(w.1) * (f64::from(w.0) / f64::from(w.1) - plain).powi(2))
                .sum();
            let weight = nf - squares / nf;
            if weight > 0.0 {
                let rho = ((spread / variance - (used - 1) as f64) / weight).clamp(1e-6, 0.99);
                worth = worth.min((1.0 - rho) / rho);
            }
        }
        Some(Usual { p, worth, n, windows: used })
    }

    /// How surprising it is to see at most `k` of `n`.
    pub fn so_few(&self, k: u32, n: u32) -> f64 {
        surprise(at_most(k, n, self.p * self.worth, (1.0 - self.p) * self.worth))
    }

    /// How surprising it is to see at least `k` of `n`.
    pub fn so_many(&self, k: u32, n: u32) -> f64 {
        surprise(at_most(n.saturating_sub(k), n, (1.0 - self.p) * self.worth, self.p * self.worth))
    }
}

fn trimmed(windows: &[(u32, u32)]) -> Option<Vec<(u32, u32)>> {
    let mut used: Vec<(u32, u32)> = windows.iter().copied().filter(|w| w.1 > 0).collect();
    let out = used.len() / 20;
    if out == 0 {
        return None;
    }
    let mut shares: Vec<f64> = used.iter().map(|w| f64::from(w.0) / f64::from(w.1)).collect();
    shares.sort_by(f64::total_cmp);
    let median = shares[shares.len() / 2];
    let off = |w: &(u32, u32)| (f64::from(w.0) / f64::from(w.1) - median).abs() * f64::from(w.1).sqrt();
    used.sort_by(|a, b| off(b).total_cmp(&off(a)).then(a.cmp(b)));
    Some(used.split_off(out))
}

fn surprise(probability: f64) -> f64 {
    match probability.is_finite() {
        true => (-probability.max(1e-30).log10()).clamp(0.0, MOST),
        false => 0.0,
    }
}

/// P(X <= k) where X is beta-binomial(n, a, b).
fn at_most(k: u32, n: u32, a: f64, b: f64) -> f64 {
    let (a, b) = (a.max(1e-3), b.max(1e-3));
    let k = k.min(n);
    if k == n {
        return 1.0;
    }
    let (n_, whole) = (f64::from(n), ln_beta(a, b));
    // The term of zero, and each next one from the one before it.
    let first = ln_beta(a, n_ + b) - whole;
    let mut log = first;
    let mut sum = log.exp();
    for i in 0..k {
        let i = f64::from(i);
        log += ((n_ - i) * (i + a)).ln() - ((i + 1.0) * (n_ - i - 1.0 + b)).ln();
        sum += log.exp();
    }
    sum.min(1.0)
}

fn ln_beta(x: f64, y: f64) -> f64 {
    ln_gamma(x) + ln_gamma(y) - ln_gamma(x + y)
}

/// Lanczos' approximation (g = 7, nine terms; Numerical Recipes, 6.1).
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        let pi = std::f64::consts::PI;
        return (pi / (pi * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let sum = TERMS.iter().enumerate().fold(0.999_999_999_999_809_9, |s, (i, t)| s + t / (x + i as f64 + 1.0));
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_happened_surprises_by_how_often_it_was_expected() {
        let usual = Usual::of(&[(50, 50)]).unwrap();
        assert!(usual.so_few(0, 10) > 10.0);
        assert!(usual.so_few(0, 2) > 2.0 && usual.so_few(0, 2) < usual.so_few(0, 10));
        assert_eq!(usual.so_few(10, 10), 0.0);
        let little = Usual::of(&[(1, 1)]).unwrap();
        assert!(little.so_few(0, 1) < 1.0);
    }

    #[test]
    fn windows_that_differ_make_it_less_surprising() {
        let even = Usual::of(&[(5, 10), (5, 10), (5, 10), (5, 10)]).unwrap();
        let uneven = Usual::of(&[(10, 10), (0, 10), (10, 10), (0, 10)]).unwrap();
        assert!(even.so_few(0, 10) > 2.0);
        assert!(uneven.so_few(0, 10) < 1.0);
        assert_eq!(Usual::of(&[]), None);
    }

    #[test]
    fn both_sides_are_probabilities() {
        let usual = Usual::of(&[(3, 10)]).unwrap();
        for k in 0..=20 {
            for surprise in [usual.so_few(k, 20), usual.so_many(k, 20)] {
                assert!((0.0..=MOST).contains(&surprise));
            }
        }
        assert!((ln_gamma(5.0) - 24f64.ln()).abs() < 1e-10);
    }
}
