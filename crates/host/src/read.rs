//! One file's bytes to text, and to facts.

use crate::walk::{Found, reason};
use seam_engine::{FileFacts, ProblemKind};
use std::fs;
use std::io::Read;

/// Larger files are data, not something that people wrote.
pub(crate) const MAX_BYTES: u64 = 2 * 1024 * 1024;

/// A file's bytes, or why there are none.
pub(crate) fn bytes(found: &Found) -> Result<Vec<u8>, FileFacts> {
    if found.size > MAX_BYTES {
        return Err(too_large(found.size));
    }
    let mut out = Vec::with_capacity(found.size as usize + 1);
    let read = fs::File::open(&found.full).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut out));
    match read {
        // It grew since it was listed.
        Ok(_) if out.len() as u64 > MAX_BYTES => Err(too_large(out.len() as u64)),
        Ok(_) => Ok(out),
        Err(error) => Err(seam_engine::unreadable(ProblemKind::Unreadable, &reason(&error))),
    }
}

/// The facts of a file's bytes. Anything is read as text; what is not UTF-8 is replaced and reported.
pub(crate) fn facts(path: &str, bytes: &[u8]) -> FileFacts {
    let (text, broken) = decode(bytes);
    let mut facts = seam_engine::extract(path, &text);
    if broken {
        let more = seam_engine::unreadable(ProblemKind::Encoding, "not UTF-8; read with replacements");
        facts.problems.splice(0..0, more.problems);
    }
    facts
}

pub(crate) fn decode(bytes: &[u8]) -> (std::borrow::Cow<'_, str>, bool) {
    // Editors on Windows still write UTF-16 with a mark; reading it needs no guess.
    let wide = |swap: bool| {
        let units = bytes[2..].chunks_exact(2).map(move |p| {
            let pair = [p[0], p[1]];
            if swap { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        });
        let mut broken = false;
        let text: String = char::decode_utf16(units)
            .map(|c| {
                c.unwrap_or_else(|_| {
                    broken = true;
                    char::REPLACEMENT_CHARACTER
                })
            })
            .collect();
        (text.into(), broken)
    };
    match bytes {
        [0xff, 0xfe, ..] => wide(false),
        [0xfe, 0xff, ..] => wide(true),
        [0xef, 0xbb, 0xbf, rest @ ..] => plain(rest),
        _ => plain(bytes),
    }
}

fn plain(bytes: &[u8]) -> (std::borrow::Cow<'_, str>, bool) {
    let text = String::from_utf8_lossy(bytes);
    let broken = matches!(text, std::borrow::Cow::Owned(_));
    (text, broken)
}

pub(crate) fn too_large(size: u64) -> FileFacts {
    let message = format!("{} MB; files above {} MB are not read", size.div_ceil(1 << 20), MAX_BYTES >> 20);
    seam_engine::unreadable(ProblemKind::TooLarge, &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_other_encodings_is_read() {
        assert_eq!(decode(b"\xef\xbb\xbfab"), ("ab".into(), false));
        assert_eq!(decode(b"\xff\xfea\0b\0"), ("ab".into(), false));
        assert_eq!(decode(b"a\xffb"), ("a\u{fffd}b".into(), true));
    }
}
