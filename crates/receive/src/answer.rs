//! Answers as each protocol wants them: HTTP statuses and protobuf or JSON, gRPC statuses in trailers.
//!
//! Invariant: one outcome, one meaning, whatever the protocol: a refusal that may be tried again says when.

use crate::body::Said;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, Response, StatusCode};
use seam_signals::otlp::{self, Decoded, Signal};
use seam_store::Encoding;

/// What became of a request.
#[derive(Debug)]
pub enum Outcome {
    Taken(Decoded, Signal),
    /// The message is broken or no OTLP: to send it again is no use.
    Broken(String),
    TooLarge(String),
    /// There is more than can be written: come again.
    Busy(String),
    /// The store cannot be written.
    Unavailable(String),
    Unknown(String),
    /// Of another protocol or encoding.
    Unsupported(String),
}

/// When to come again, in seconds.
const AGAIN: u64 = 1;

pub const GRPC: &str = "application/grpc";

impl Outcome {
    fn message(&self) -> &str {
        match self {
            Outcome::Taken(..) => "",
            Outcome::Broken(m)
            | Outcome::TooLarge(m)
            | Outcome::Busy(m)
            | Outcome::Unavailable(m)
            | Outcome::Unknown(m)
            | Outcome::Unsupported(m) => m,
        }
    }

    fn retry(&self) -> bool {
        matches!(self, Outcome::Busy(_) | Outcome::Unavailable(_))
    }

    /// gRPC's status code, which HTTP's bodies have too.
    fn code(&self) -> u64 {
        match self {
            Outcome::Taken(..) => 0,
            Outcome::Broken(_) | Outcome::Unsupported(_) => 3,
            // A request that is too large is RESOURCE_EXHAUSTED without a word about coming again.
            Outcome::TooLarge(_) | Outcome::Busy(_) => 8,
            Outcome::Unknown(_) => 12,
            Outcome::Unavailable(_) => 14,
        }
    }

    fn http(&self) -> StatusCode {
        match self {
            Outcome::Taken(..) => StatusCode::OK,
            Outcome::Broken(_) => StatusCode::BAD_REQUEST,
            Outcome::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Outcome::Busy(_) => StatusCode::TOO_MANY_REQUESTS,
            Outcome::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Outcome::Unknown(_) => StatusCode::NOT_FOUND,
            Outcome::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    /// `google.rpc.Status`, with `RetryInfo` where one may come again.
    fn status(&self) -> Vec<u8> {
        let mut out = vec![0x08, self.code() as u8];
        field(2, self.message().as_bytes(), &mut out);
        if self.retry() {
            let duration = [0x08, AGAIN as u8];
            let (mut info, mut any) = (Vec::new(), Vec::new());
            field(1, &duration, &mut info);
            field(1, b"type.googleapis.com/google.rpc.RetryInfo", &mut any);
            field(2, &info, &mut any);
            field(3, &any, &mut out);
        }
        out
    }

    /// For OTLP over HTTP, in the encoding of the request.
    pub fn over_http(&self, encoding: Encoding) -> Response<Said> {
        let (kind, data) = match encoding {
            Encoding::Protobuf => ("application/x-protobuf", self.protobuf()),
            Encoding::Json => ("application/json", self.json().into_bytes()),
        };
        let mut response = Response::new(Said { data: Some(data.into()), trailers: None });
        *response.status_mut() = self.http();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if self.retry() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(AGAIN));
        }
        response
    }

    fn protobuf(&self) -> Vec<u8> {
        match self {
            Outcome::Taken(decoded, signal) => otlp::refusal(decoded, *signal),
            _ => self.status(),
        }
    }

    fn json(&self) -> String {
        match self {
            Outcome::Taken(decoded, signal) => {
                let refused = decoded.losses.of(signal.record());
                let message = decoded.losses.sentences().join("; ");
                if message.is_empty() {
                    return "{}".to_owned();
                }
                let count = match signal {
                    Signal::Traces => "rejectedSpans",
                    Signal::Logs => "rejectedLogRecords",
                    Signal::Metrics => "rejectedDataPoints",
                };
                // 64-bit numbers are strings in JSON of protocol buffers.
                serde_json::json!({ "partialSuccess": { count: refused.to_string(), "errorMessage": message } })
                    .to_string()
            }
            _ => serde_json::json!({ "code": self.code(), "message": self.message() }).to_string(),
        }
    }

    /// For gRPC: a message and trailers, or a refusal in headers alone.
    pub fn over_grpc(&self) -> Response<Said> {
        let mut status = HeaderMap::new();
        status.insert("grpc-status", HeaderValue::from(self.code()));
        let kind = HeaderValue::from_static(GRPC);
        if let Outcome::Taken(decoded, signal) = self {
            let message = otlp::refusal(decoded, *signal);
            let mut framed = vec![0];
            framed.extend((message.len() as u32).to_be_bytes());
            framed.extend(message);
            let mut response = Response::new(Said { data: Some(Bytes::from(framed)), trailers: Some(status) });
            response.headers_mut().insert(CONTENT_TYPE, kind);
            return response;
        }
        // Anything but printable ASCII would have to be percent-encoded.
        let plain: String =
            self.message().chars().map(|c| if (' '..='~').contains(&c) && c != '%' { c } else { '?' }).collect();
        if let Ok(message) = HeaderValue::from_str(&plain) {
            status.insert("grpc-message", message);
        }
        if let Ok(details) = HeaderValue::from_str(&base64(&self.status())) {
            status.insert("grpc-status-details-bin", details);
        }
        status.insert(CONTENT_TYPE, kind);
        let mut response = Response::new(Said::default());
        *response.headers_mut() = status;
        response
    }
}

fn field(number: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(number << 3 | 2);
    let mut length = content.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(content);
}

/// Without padding, as gRPC wants binary headers.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |b, x| b << 8 | u32::from(*x)) << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            out.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_headers_are_base64_without_padding() {
        for (bytes, text) in [(&b"M"[..], "TQ"), (b"Ma", "TWE"), (b"Man", "TWFu")] {
            assert_eq!(base64(bytes), text);
        }
    }

    #[test]
    fn only_what_may_succeed_later_says_when() {
        let busy = Outcome::Busy("later".into());
        assert!(busy.over_http(Encoding::Json).headers().contains_key(RETRY_AFTER));
        assert_eq!(busy.over_http(Encoding::Json).status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(busy.over_grpc().headers()["grpc-status"], "8");
        let large = Outcome::TooLarge("large".into());
        assert!(!large.over_http(Encoding::Json).headers().contains_key(RETRY_AFTER));
        assert!(large.status().len() < busy.status().len());
    }
}
