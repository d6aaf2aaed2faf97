//! Values of Redis's protocol (RESP 2 and 3), read from bytes that come in pieces, and written again.
//!
//! Invariant: what is read as whole and written without a change means the same to a client, though a text may be written in another of
//! its forms.

const LONGEST: usize = 64 << 20;

#[derive(Debug, PartialEq)]
pub enum Value {
    Text(Vec<u8>),
    List(Vec<Value>),
    /// Keys and values, one after the other.
    Map(Vec<Value>),
    Nil,
    Error,
    /// Kept as it was.
    Other(Vec<u8>),
}

impl Value {
    pub fn text(&self) -> &[u8] {
        match self {
            Value::Text(text) => text,
            Value::List(_) | Value::Map(_) | Value::Nil | Value::Error | Value::Other(_) => &[],
        }
    }

    /// Messages are lists of their own: the named ones are written twice.
    pub fn write(&self, twice: &[*const Value], out: &mut Vec<u8>) {
        match self {
            Value::Text(text) => {
                out.extend_from_slice(format!("${}\r\n", text.len()).as_bytes());
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            Value::List(items) => {
                let again = |item: &Value| twice.contains(&std::ptr::from_ref(item));
                let count = items.len() + items.iter().filter(|i| again(i)).count();
                out.extend_from_slice(format!("*{count}\r\n").as_bytes());
                for item in items {
                    item.write(twice, out);
                    if again(item) {
                        item.write(twice, out);
                    }
                }
            }
            Value::Map(items) => {
                out.extend_from_slice(format!("%{}\r\n", items.len() / 2).as_bytes());
                items.iter().for_each(|item| item.write(twice, out));
            }
            Value::Nil => out.extend_from_slice(b"*-1\r\n"),
            Value::Error => out.extend_from_slice(b"-ERR\r\n"),
            Value::Other(raw) => out.extend_from_slice(raw),
        }
    }
}

pub enum Parsed {
    Whole(Value, usize),
    Part,
    /// Something else than the protocol.
    Not,
}

/// The value that begins here, and where it ends.
pub fn value(bytes: &[u8], at: usize) -> Parsed {
    let Some(kind) = bytes.get(at).copied() else { return Parsed::Part };
    let Some(line) = bytes[at..].windows(2).position(|w| w == b"\r\n").map(|n| at + n) else { return Parsed::Part };
    let word = &bytes[at + 1..line];
    let end = line + 2;
    let number = std::str::from_utf8(word).ok().and_then(|w| w.parse::<i64>().ok());
    match kind {
        b'+' => Parsed::Whole(Value::Text(word.to_vec()), end),
        b'-' => Parsed::Whole(Value::Error, end),
        b':' | b',' | b'(' | b'#' => Parsed::Whole(Value::Other(bytes[at..end].to_vec()), end),
        b'_' => Parsed::Whole(Value::Nil, end),
        b'$' | b'=' | b'!' => match number {
            Some(length @ 0..) => {
                let until = end + usize::try_from(length).unwrap_or(usize::MAX / 2);
                match bytes.get(end..until) {
                    Some(text) if bytes.len() >= until + 2 => Parsed::Whole(Value::Text(text.to_vec()), until + 2),
                    _ if until - end > LONGEST => Parsed::Not,
                    _ => Parsed::Part,
                }
            }
            Some(-1) => Parsed::Whole(Value::Nil, end),
            _ => Parsed::Not,
        },
        b'*' | b'~' | b'>' | b'%' => match number {
            Some(count @ 0..) => {
                let count = count * if kind == b'%' { 2 } else { 1 };
                let (mut items, mut from) = (Vec::new(), end);
                for _ in 0..count {
                    match value(bytes, from) {
                        Parsed::Whole(item, end) => {
                            items.push(item);
                            from = end;
                        }
                        other => return other,
                    }
                }
                Parsed::Whole(if kind == b'%' { Value::Map(items) } else { Value::List(items) }, from)
            }
            Some(-1) => Parsed::Whole(Value::Nil, end),
            _ => Parsed::Not,
        },
        _ => Parsed::Not,
    }
}
