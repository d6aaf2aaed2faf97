//! What an OTLP exchange needs besides its records: which signal a message carries, and the answers.
//!
//! Invariant: an answer is a valid message of its kind for every outcome.

use super::wire::{Fields, Value};
use super::{Decoded, Signal};

/// Everything was taken: an empty `Export…ServiceResponse`.
pub const ACCEPTED: &[u8] = &[];

/// An `Export…ServiceResponse` that says how many records were refused and why; empty when none was.
pub fn refusal(decoded: &Decoded, signal: Signal) -> Vec<u8> {
    let refused = decoded.losses.of(signal.record());
    let message = decoded.losses.sentences().join("; ");
    if refused == 0 && message.is_empty() {
        return ACCEPTED.to_vec();
    }
    let mut partial = vec![0x08];
    varint(refused, &mut partial);
    bytes(2, message.as_bytes(), &mut partial);
    let mut out = Vec::new();
    bytes(1, &partial, &mut out);
    out
}

/// Appends a field of bytes.
pub(crate) fn bytes(number: u64, content: &[u8], out: &mut Vec<u8>) {
    varint(number << 3 | 2, out);
    varint(content.len() as u64, out);
    out.extend_from_slice(content);
}

pub(crate) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Which signal a message carries, seen in its first record: a span starts with an identifier of 16 bytes, a log record has
/// an instant as its first field, a metric has a name and data.
pub fn signal(message: &[u8]) -> Option<Signal> {
    let mut groups = Fields(message);
    while let Some((1, Value::Bytes(group))) = groups.next().ok()? {
        let mut scopes = Fields(group);
        while let Ok(Some((number, scope))) = scopes.next() {
            let mut records = Fields(if number == 2 || number == 1000 { scope.bytes() } else { &[] });
            while let Ok(Some((number, record))) = records.next() {
                if number == 2
                    && let Some(signal) = of_record(record.bytes())
                {
                    return Some(signal);
                }
            }
        }
    }
    None
}

fn of_record(record: &[u8]) -> Option<Signal> {
    let mut fields = Fields(record);
    let mut named = false;
    while let Some((number, value)) = fields.next().ok()? {
        match (number, value) {
            (1 | 11, Value::Fixed64(_)) | (2, Value::Varint(_)) => return Some(Signal::Logs),
            (7 | 8, Value::Fixed64(_)) => return Some(Signal::Traces),
            (1, Value::Bytes(_)) => named = true,
            (5 | 7 | 9 | 10 | 11, Value::Bytes(data)) if named && holds_points(data) => return Some(Signal::Metrics),
            _ => {}
        }
    }
    None
}

fn holds_points(data: &[u8]) -> bool {
    let mut fields = Fields(data);
    matches!(fields.next(), Ok(Some((1, Value::Bytes(point)))) if {
        let mut point = Fields(point);
        std::iter::from_fn(|| point.next().ok().flatten()).any(|(n, v)| n == 3 && matches!(v, Value::Fixed64(_)))
    })
}
