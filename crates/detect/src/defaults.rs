//! What client libraries do where the code states nothing: how long they wait for an answer.
//!
//! Invariant: only documented defaults stand here, each with its source; a library that is missing is not judged.

/// A library's default, and where it is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Default {
    /// Milliseconds until it gives up; `None`: it waits for ever.
    pub timeout: Option<u64>,
    pub source: &'static str,
}

/// Names of clients as the map states them, lower case.
const DEFAULTS: &[(&str, Option<u64>, &str)] = &[
    // Python.
    ("requests", None, "Requests 2.x, Quickstart, Timeouts: none unless given"),
    ("urllib", None, "Python 3 library, `urllib.request.urlopen`: the global default, which is none"),
    ("httpx", Some(5_000), "HTTPX 0.x, Timeouts: 5 s of inactivity"),
    ("aiohttp", Some(300_000), "aiohttp 3.x, ClientTimeout: 300 s in total"),
    ("smtplib", None, "Python 3 library, `smtplib.SMTP`: the global default, which is none"),
    ("grpcio", None, "gRPC, Deadlines: none unless set"),
    // JVM.
    ("resttemplate", None, "Spring Framework 5 and 6, SimpleClientHttpRequestFactory: the system's, which is none"),
    ("restclient", None, "Spring Framework 6, RestClient over the JDK's HttpClient: no read timeout"),
    ("webclient", None, "Reactor Netty 1.x, Timeout Configuration: no response timeout"),
    ("okhttp", Some(10_000), "OkHttp 3 and 4, readTimeout: 10 s"),
    ("feign", Some(60_000), "OpenFeign, Request.Options: 60 s for reading, 10 s for connecting"),
    ("openfeign", Some(60_000), "OpenFeign, Request.Options: 60 s for reading, 10 s for connecting"),
    ("grpc-java", None, "gRPC, Deadlines: none unless set"),
    ("spring mail", None, "Jakarta Mail 2, `mail.smtp.timeout`: none unless set"),
    // JavaScript.
    ("axios", None, "axios 1.x, Request Config, `timeout`: 0, which is none"),
    ("httpservice", None, "@nestjs/axios over axios 1.x, `timeout`: 0, which is none"),
    ("superagent", None, "superagent, Timeouts: none unless set"),
    ("node-fetch", None, "node-fetch 3, no `timeout` option"),
    ("got", None, "Got 11 to 14, Timeout options: none"),
    ("undici", Some(300_000), "undici, `headersTimeout`: 300 s"),
    // Go.
    ("net/http", None, "Go, `net/http` Client.Timeout: zero, which is none"),
    ("retryablehttp", None, "go-retryablehttp over go-cleanhttp: no Client.Timeout"),
    ("resty", None, "resty 2, SetTimeout: none"),
    // .NET.
    ("httpclient", Some(100_000), ".NET, HttpClient.Timeout: 100 s"),
    ("refit", Some(100_000), ".NET, HttpClient.Timeout: 100 s"),
    // Others.
    ("reqwest", None, "reqwest, ClientBuilder::timeout: none"),
    ("guzzle", None, "Guzzle 7, Request Options, `timeout`: 0, which is none"),
    ("net::http", Some(60_000), "Ruby 3, Net::HTTP#read_timeout: 60 s"),
    ("tonic", None, "gRPC, Deadlines: none unless set"),
];

/// What a client does by default, where that is known.
pub fn of(client: &str) -> Option<Default> {
    let name = client.to_ascii_lowercase();
    DEFAULTS
        .iter()
        .find(|(known, _, _)| *known == name)
        .map(|(_, timeout, source)| Default { timeout: *timeout, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_who_waits_for_ever() {
        let waits = |c: &str| of(c).map(|d| d.timeout);
        assert_eq!((waits("requests"), waits("HttpClient"), waits("locust")), (Some(None), Some(Some(100_000)), None));
    }
}
