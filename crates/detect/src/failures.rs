//! Which failures a layer tries again after, as its policy says, and what becomes of a failure on its way up.
//!
//! Invariant: what a policy does not say, or says in words that are not known here, is tried again after everything.

use std::ops::BitOr;

/// Kinds of failure, as the caller of one operation sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Failures(u8);

impl Failures {
    pub const NONE: Self = Failures(0);
    /// Nothing could be sent: refused, unknown host.
    pub const CONNECT: Self = Failures(1);
    /// No answer in time, or it broke off.
    pub const SILENCE: Self = Failures(2);
    /// The callee says that it failed or has too much to do: 5xx, 429.
    pub const FAILED: Self = Failures(4);
    /// The callee says that the request is wrong: other 4xx.
    pub const REFUSED: Self = Failures(8);
    pub const ALL: Self = Failures(15);

    /// Each kind by itself.
    pub const KINDS: [Self; 4] = [Self::CONNECT, Self::SILENCE, Self::FAILED, Self::REFUSED];

    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// What a policy with this text repeats: the words after `on`, and those of proxies.
    pub fn of(detail: &str) -> Self {
        let list = match detail.split_once(" on ") {
            Some((_, list)) => list,
            None => match ["_next_upstream ", "retry_policy "].iter().find_map(|w| detail.split_once(w)) {
                Some((_, list)) => list,
                None => return Self::ALL,
            },
        };
        let words = list.split([',', ' ', '|', ';']).map(str::trim).filter(|w| !w.is_empty());
        let found = words.map(Self::named).fold(Self::NONE, BitOr::bitor);
        if found == Self::NONE { Self::ALL } else { found }
    }

    fn named(word: &str) -> Self {
        let word = word.trim_start_matches("http_");
        if word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit()) {
            return match word {
                "408" | "425" | "429" => Self::FAILED,
                _ if word.starts_with('5') => Self::FAILED,
                _ if word.starts_with('4') => Self::REFUSED,
                _ => Self::NONE,
            };
        }
        match word.rsplit(['.', ':']).next().unwrap_or(word) {
            "connect-failure"
            | "refused-stream"
            | "ConnectException"
            | "ConnectError"
            | "ConnectionError"
            | "ConnectionRefusedError"
            | "ConnectTimeout"
            | "ConnectTimeoutException"
            | "ConnectTimeoutError"
            | "NewConnectionError"
            | "HttpHostConnectException"
            | "UnknownHostException"
            | "ClientConnectorError"
            | "ClientConnectionError"
            | "error" => Self::CONNECT,
            "reset"
            | "deadline-exceeded"
            | "timeout"
            | "Timeout"
            | "ReadTimeout"
            | "ReadTimeoutError"
            | "SocketTimeoutException"
            | "TimeoutError"
            | "TimeoutException"
            | "HttpTimeoutException" => Self::SILENCE,
            "ResourceAccessException" | "IOException" | "reset-before-request" => Self::CONNECT | Self::SILENCE,
            "5xx" => Self::CONNECT | Self::SILENCE | Self::FAILED,
            "unavailable" => Self::CONNECT | Self::FAILED,
            "gateway-error"
            | "HttpServerErrorException"
            | "InternalServerError"
            | "ServiceUnavailable"
            | "BadGateway"
            | "GatewayTimeout"
            | "TooManyRequests"
            | "envoy-ratelimited"
            | "resource-exhausted"
            | "internal" => Self::FAILED,
            "retriable-4xx" => Self::REFUSED,
            "off" | "non_idempotent" | "invalid_header" | "updating" | "retriable-status-codes" | "cancelled" => {
                Self::NONE
            }
            _ => Self::ALL,
        }
    }

    /// What a service's own caller sees when one of the calls that it waits for ends so: it fails, or is still waiting.
    pub fn above(self) -> Self {
        let mut out = Self::NONE;
        if self.0 != 0 {
            out = out | Self::FAILED;
        }
        if self.meets(Self::SILENCE) {
            out = out | Self::SILENCE;
        }
        if self.meets(Self::REFUSED) {
            out = out | Self::REFUSED;
        }
        out
    }
}

impl BitOr for Failures {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Failures(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Failures;

    #[test]
    fn policies_say_what_they_repeat() {
        let of = Failures::of;
        assert_eq!(of("tenacity, on ConnectError"), Failures::CONNECT);
        assert_eq!(of("urllib3, on 502,503"), Failures::FAILED);
        assert_eq!(of("nginx proxy_next_upstream error timeout"), Failures::CONNECT | Failures::SILENCE);
        assert_eq!(of("Istio, on connect-failure,refused-stream"), Failures::CONNECT);
        assert_eq!((of("Polly, exponential"), of("tenacity, on OwnError")), (Failures::ALL, Failures::ALL));
    }

    #[test]
    fn a_callee_that_is_not_there_looks_like_a_failure_further_up() {
        assert_eq!(Failures::CONNECT.above(), Failures::FAILED);
        assert!(Failures::SILENCE.above().meets(Failures::SILENCE));
    }
}
