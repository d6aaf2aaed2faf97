//! What was accepted but is in no segment yet: the messages as they came, one behind the other.
//!
//! Invariant: a message is in the file (in the system's hands) before it is accepted. A frame is its length, its checksum and
//! its kind; reading ends at the first frame that is torn, which can only be one that was never accepted.

use crate::Error;
use seam_signals::Telemetry;
use seam_signals::otlp::{self, Decoded, Signal};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// How a message is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Protobuf,
    Json,
}

const HEAD: usize = 9;

/// A journal that is being written.
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
    pub number: u64,
    pub bytes: u64,
}

impl Journal {
    pub fn create(folder: &Path, number: u64) -> Result<Journal, Error> {
        let path = crate::layout::journal(folder, number);
        let file = File::options().write(true).create_new(true).open(&path);
        Ok(Journal { file: file.map_err(|e| Error::file("create", &path, e))?, path, number, bytes: 0 })
    }

    /// Appends one message; a write that fails half-way is taken back.
    pub fn append(&mut self, signal: Signal, encoding: Encoding, message: &[u8]) -> Result<(), Error> {
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(&(message.len() as u32).to_le_bytes());
        head[4..8].copy_from_slice(&crc32fast::hash(message).to_le_bytes());
        head[8] = kind(signal, encoding);
        let written = self.file.write_all(&head).and_then(|()| self.file.write_all(message));
        if let Err(error) = written {
            let failed = Error::file("write", &self.path, error);
            self.file.set_len(self.bytes).map_err(|e| Error::file("shorten", &self.path, e))?;
            std::io::Seek::seek(&mut self.file, std::io::SeekFrom::Start(self.bytes))
                .map_err(|e| Error::file("seek in", &self.path, e))?;
            return Err(failed);
        }
        self.bytes += (HEAD + message.len()) as u64;
        Ok(())
    }

    /// A second handle, so that syncing does not hold up writing.
    pub fn handle(&self) -> Option<File> {
        self.file.try_clone().ok()
    }
}

fn kind(signal: Signal, encoding: Encoding) -> u8 {
    let signal = match signal {
        Signal::Traces => 0,
        Signal::Logs => 1,
        Signal::Metrics => 2,
    };
    match encoding {
        Encoding::Protobuf => signal,
        Encoding::Json => signal | 0x10,
    }
}

/// Decodes one message into columns.
pub(crate) fn decode(signal: Signal, encoding: Encoding, message: &[u8], into: &mut Telemetry) -> Decoded {
    match encoding {
        Encoding::Protobuf => otlp::protobuf(message, signal, into),
        Encoding::Json => otlp::json(message, into),
    }
}

/// Reads a journal back; says how many bytes at its end are torn.
pub(crate) fn replay(path: &Path, into: &mut Telemetry) -> Result<u64, Error> {
    let bytes = std::fs::read(path).map_err(|e| Error::file("read", path, e))?;
    let mut rest = bytes.as_slice();
    while let Some((head, tail)) = rest.split_first_chunk::<HEAD>() {
        let [a, b, c, d, e, f, g, h, kind] = *head;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        let Some((message, tail)) = tail.split_at_checked(length) else { break };
        if crc32fast::hash(message) != u32::from_le_bytes([e, f, g, h]) {
            break;
        }
        let encoding = if kind & 0x10 == 0 { Encoding::Protobuf } else { Encoding::Json };
        let signal = match kind & 0xf {
            0 => Signal::Traces,
            1 => Signal::Logs,
            2 => Signal::Metrics,
            _ => break,
        };
        decode(signal, encoding, message, into);
        rest = tail;
    }
    Ok(rest.len() as u64)
}
