//! Compressed bytes, opened with a bound.
//!
//! Invariant: never more than the bound is written, whatever the compressed bytes promise.

use flate2::bufread::MultiGzDecoder;
use std::io::Read;

/// Why bytes could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unopened {
    /// They are no gzip, or end early.
    Broken,
    /// They would be more than the bound.
    TooLarge,
}

/// Whether bytes are compressed with gzip.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b, 8])
}

/// Opens gzip (several members too) up to `most` bytes.
pub fn open(bytes: &[u8], most: usize) -> Result<Vec<u8>, Unopened> {
    let mut out = Vec::with_capacity((bytes.len().saturating_mul(4)).min(most).min(1 << 24));
    let mut reader = MultiGzDecoder::new(bytes).take(most as u64 + 1);
    reader.read_to_end(&mut out).map_err(|_| Unopened::Broken)?;
    if out.len() > most { Err(Unopened::TooLarge) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_bomb_is_refused_at_the_bound() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0; 50 << 20]).unwrap();
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 100_000);
        assert_eq!(open(&bomb, 1 << 20), Err(Unopened::TooLarge));
        assert_eq!(open(&bomb[..100], 1 << 20), Err(Unopened::Broken));
        assert_eq!(open(&bomb, 50 << 20).map(|b| b.len()), Ok(50 << 20));
    }
}
