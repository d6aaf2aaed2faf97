//! The wire format of protocol buffers, as far as OTLP uses it.
//!
//! Invariant: every read is checked against what is left, so any bytes give fields or [`Broken`], in time linear in their
//! number; nothing is allocated. Source: Protocol Buffers, "Encoding". Our own rather than generated messages: fields go
//! straight into columns, which halves the time of a decode, and a hundred lines compile at once.

/// The bytes end within a field, or are no fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken;

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

impl<'a> Value<'a> {
    pub fn number(self) -> u64 {
        match self {
            Value::Varint(n) | Value::Fixed64(n) => n,
            Value::Fixed32(n) => u64::from(n),
            Value::Bytes(_) => 0,
        }
    }

    pub fn double(self) -> f64 {
        match self {
            Value::Fixed64(n) => f64::from_bits(n),
            Value::Fixed32(n) => f64::from(f32::from_bits(n)),
            Value::Varint(_) | Value::Bytes(_) => f64::NAN,
        }
    }

    pub fn bytes(self) -> &'a [u8] {
        match self {
            Value::Bytes(bytes) => bytes,
            Value::Varint(_) | Value::Fixed64(_) | Value::Fixed32(_) => &[],
        }
    }
}

/// The fields of one message, one after another.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    /// The next field's number and value; nothing at the end.
    pub fn next(&mut self) -> Result<Option<(u32, Value<'a>)>, Broken> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| Broken)?;
        if number == 0 {
            return Err(Broken);
        }
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Broken)?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed32(u32::from_le_bytes(self.array()?)),
            // Groups are long gone, and OTLP never had any.
            _ => return Err(Broken),
        };
        Ok(Some((number, value)))
    }

    pub fn varint(&mut self) -> Result<u64, Broken> {
        let mut value = 0u64;
        for (at, byte) in self.0.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * at).min(63);
            if byte & 0x80 == 0 {
                self.0 = &self.0[at + 1..];
                return Ok(value);
            }
        }
        Err(Broken)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Broken> {
        let (front, rest) = self.0.split_at_checked(length).ok_or(Broken)?;
        self.0 = rest;
        Ok(front)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        self.take(N)?.try_into().map_err(|_| Broken)
    }
}

/// The numbers of a repeated field that may be packed: fixed 64-bit values.
pub(crate) fn fixed64s(value: Value<'_>, out: &mut Vec<u64>) {
    match value {
        Value::Bytes(bytes) => {
            out.extend(bytes.chunks_exact(8).filter_map(|c| c.try_into().ok()).map(u64::from_le_bytes));
        }
        Value::Fixed64(n) => out.push(n),
        Value::Varint(_) | Value::Fixed32(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fields_and_refuses_what_ends_early() {
        let mut fields = Fields(&[0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1d, 1, 0, 0, 0]);
        assert_eq!(fields.next(), Ok(Some((1, Value::Varint(150)))));
        assert_eq!(fields.next(), Ok(Some((2, Value::Bytes(b"hi")))));
        assert_eq!(fields.next(), Ok(Some((3, Value::Fixed32(1)))));
        assert_eq!(fields.next(), Ok(None));
        for broken in [
            &[0x08][..],
            &[0x12, 5, 1],
            &[0x0b],
            &[0xff; 11],
            &[0x00, 0],
            &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        ] {
            assert_eq!(Fields(broken).next(), Err(Broken), "{broken:?}");
        }
    }
}
