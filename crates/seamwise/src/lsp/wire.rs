//! Messages in and out: frames of `Content-Length` over any stream.
//!
//! Invariant: nothing that a client sends ends the server. What is no JSON or no message is told as such and the next frame is
//! looked for; only the end of the stream is the end. (`lsp-server`'s own reader gives up at the first broken frame.)

use lsp_server::{ErrorCode, Message};
use serde_json::{Value, json};
use std::io::{BufRead, Read, Write};

/// Longer messages are passed over: no editor sends a file of this size.
const LONGEST: usize = 64 << 20;

/// Lines that are no header are passed over up to this length at a time.
const LONGEST_LINE: u64 = 1 << 16;

/// What came in.
pub enum Incoming {
    Message(Box<Message>),
    /// Not a message: what to answer.
    Broken(Value),
}

/// The next message; nothing at the end of the stream.
pub fn read(input: &mut impl BufRead) -> Option<Incoming> {
    let length = header(input)?;
    if length > LONGEST {
        let passed = std::io::copy(&mut input.take(length as u64), &mut std::io::sink()).ok()?;
        let says = format!("a message of {passed} bytes is too long; at most {LONGEST} are read");
        return Some(broken(&Value::Null, ErrorCode::InvalidRequest, &says));
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    Some(message(&body))
}

/// The length that the next header tells. Lines that are no header are passed over.
fn header(input: &mut impl BufRead) -> Option<usize> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        match line.split_once(':') {
            _ if line.is_empty() => {
                if let Some(length) = length {
                    return Some(length);
                }
            }
            // Garbage without an end of line may stand before the name.
            Some((name, value)) if name.to_ascii_lowercase().ends_with("content-length") => {
                length = value.trim().parse().ok();
            }
            _ => {}
        }
    }
}

fn message(body: &[u8]) -> Incoming {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => return broken(&Value::Null, ErrorCode::ParseError, &format!("not JSON: {error}")),
    };
    let id = value.get("id").cloned().unwrap_or_default();
    match serde_json::from_value(value) {
        // An id that is none would make a request a notification, and leave it without an answer.
        Ok(Message::Notification(_)) if !id.is_null() => {
            broken(&Value::Null, ErrorCode::InvalidRequest, "an id is a number of 32 bits or a text")
        }
        Ok(message) => Incoming::Message(Box::new(message)),
        Err(_) => broken(&id, ErrorCode::InvalidRequest, "neither a request, nor a response, nor a notification"),
    }
}

fn broken(id: &Value, code: ErrorCode, says: &str) -> Incoming {
    Incoming::Broken(json!({"jsonrpc": "2.0", "id": id, "error": {"code": code as i32, "message": says}}))
}

/// One frame.
pub fn write(output: &mut impl Write, body: &str) -> std::io::Result<()> {
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush()
}

/// A message as it goes out.
pub fn text(message: &Message) -> String {
    let mut value = serde_json::to_value(message).unwrap_or_default();
    if let Some(object) = value.as_object_mut() {
        object.insert("jsonrpc".to_owned(), "2.0".into());
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut input: &[u8]) -> Vec<String> {
        let mut out = Vec::new();
        while let Some(incoming) = read(&mut input) {
            out.push(match incoming {
                Incoming::Message(message) => match *message {
                    Message::Request(r) => format!("request {}", r.method),
                    Message::Response(_) => "response".to_owned(),
                    Message::Notification(n) => format!("notification {}", n.method),
                },
                Incoming::Broken(value) => value["error"]["code"].to_string(),
            });
        }
        out
    }

    #[test]
    fn goes_on_after_what_is_no_message() {
        let frame = |body: &str| format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let good = frame("{\"jsonrpc\":\"2.0\",\"method\":\"x\"}");
        let input = format!(
            "{}garbage\r\n\r\n{good}{}{}X-Other: 1\r\n{good}",
            frame("{"),
            frame("[1]"),
            frame("{\"id\":{},\"method\":\"y\"}"),
        );
        assert_eq!(all(input.as_bytes()), ["-32700", "notification x", "-32600", "-32600", "notification x"]);
    }

    #[test]
    fn passes_over_what_is_too_long() {
        let mut input = format!("Content-Length: {}\r\n\r\n", LONGEST + 1).into_bytes();
        input.resize(input.len() + LONGEST + 1, b'x');
        input.extend_from_slice(b"Content-Length: 14\r\n\r\n{\"method\":\"z\"}");
        assert_eq!(all(&input), ["-32600", "notification z"]);
    }
}
