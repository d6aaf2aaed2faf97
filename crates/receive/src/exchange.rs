//! One request to its outcome.
//!
//! Invariant: nothing is looked at before the size is known to be within bounds, compressed or not; a page in a browser cannot
//! send anything (the host has to be this machine, and an origin, if there is one, too).

use crate::answer::{GRPC, Outcome};
use crate::body::{Said, Ungathered, gather};
use crate::server::Shared;
use hyper::body::Incoming;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, ORIGIN};
use hyper::{Method, Request, Response, StatusCode};
use seam_signals::gzip;
use seam_signals::otlp::Signal;
use seam_store::{Busy, Encoding};

/// Answers one request of either protocol.
pub async fn answer(shared: &Shared, request: Request<Incoming>) -> Response<Said> {
    let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
    let kind = header(CONTENT_TYPE).to_owned();
    if !local(request.uri().authority().map_or_else(|| header(HOST), |a| a.as_str())) || !local_origin(header(ORIGIN)) {
        return text(StatusCode::FORBIDDEN, "only this machine may send\n".into());
    }
    if kind.starts_with(GRPC) {
        return grpc(shared, request).await.over_grpc();
    }
    if request.method() == Method::GET {
        return match request.uri().path() {
            "/metrics" => text(StatusCode::OK, shared.itself()),
            "/" | "/healthz" => text(StatusCode::OK, "ready\n".into()),
            _ => text(StatusCode::NOT_FOUND, "there is /v1/traces, /v1/logs, /v1/metrics and /metrics\n".into()),
        };
    }
    let encoding = if kind.starts_with("application/json") { Encoding::Json } else { Encoding::Protobuf };
    http(shared, request, &kind, encoding).await.over_http(encoding)
}

async fn http(shared: &Shared, request: Request<Incoming>, kind: &str, encoding: Encoding) -> Outcome {
    let signal = match request.uri().path() {
        "/v1/traces" => Signal::Traces,
        "/v1/logs" => Signal::Logs,
        "/v1/metrics" => Signal::Metrics,
        path => return Outcome::Unknown(format!("`{path}` is none of `/v1/traces`, `/v1/logs`, `/v1/metrics`")),
    };
    if encoding == Encoding::Protobuf
        && !(kind.starts_with("application/x-protobuf") || kind.starts_with("application/protobuf"))
    {
        return Outcome::Unsupported(format!("`{kind}` is neither `application/x-protobuf` nor `application/json`"));
    }
    let compressed = match request.headers().get(CONTENT_ENCODING).map(|v| v.as_bytes()) {
        None | Some(b"" | b"identity") => false,
        Some(b"gzip") => true,
        Some(other) => {
            return Outcome::Unsupported(format!("`{}` is not understood: use `gzip`", String::from_utf8_lossy(other)));
        }
    };
    let (bytes, share) = match gather(request.into_body(), shared.settings.most_sent, &shared.budget).await {
        Ok(gathered) => gathered,
        Err(why) => return ungathered(shared, why),
    };
    let outcome = opened(shared, &bytes, compressed, signal, encoding);
    drop(share);
    outcome
}

async fn grpc(shared: &Shared, request: Request<Incoming>) -> Outcome {
    let signal = match request.uri().path() {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Signal::Traces,
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Signal::Logs,
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => Signal::Metrics,
        path => return Outcome::Unknown(format!("`{path}` is no service here")),
    };
    let encoding =
        request.headers().get("grpc-encoding").and_then(|v| v.to_str().ok()).unwrap_or("identity").to_owned();
    let (bytes, share) = match gather(request.into_body(), shared.settings.most_sent, &shared.budget).await {
        Ok(gathered) => gathered,
        Err(why) => return ungathered(shared, why),
    };
    let Some((head, message)) = bytes.split_first_chunk::<5>() else {
        return Outcome::Broken("the message has no head".into());
    };
    let [flag, length @ ..] = *head;
    if u32::from_be_bytes(length) as usize != message.len() {
        return Outcome::Broken("one message is expected, of the length that it says".into());
    }
    if flag == 1 && encoding != "gzip" {
        return Outcome::Unknown(format!("`{encoding}` is not understood: use `gzip`"));
    }
    let outcome = opened(shared, message, flag == 1, signal, Encoding::Protobuf);
    drop(share);
    outcome
}

fn ungathered(shared: &Shared, why: Ungathered) -> Outcome {
    match why {
        Ungathered::TooLarge => {
            Outcome::TooLarge(format!("more than {} bytes at once: send smaller batches", shared.settings.most_sent))
        }
        Ungathered::Full => Outcome::Busy("too much is being received".into()),
        Ungathered::Broken => Outcome::Broken("the message ended early".into()),
    }
}

fn opened(shared: &Shared, bytes: &[u8], compressed: bool, signal: Signal, encoding: Encoding) -> Outcome {
    if !compressed {
        return taken(shared, bytes, signal, encoding);
    }
    match gzip::open(bytes, shared.settings.most_opened) {
        Ok(opened) => {
            let Some(_share) = shared.budget.take(opened.len()) else {
                return Outcome::Busy("too much is being received".into());
            };
            taken(shared, &opened, signal, encoding)
        }
        Err(gzip::Unopened::Broken) => Outcome::Broken("the message is no gzip".into()),
        Err(gzip::Unopened::TooLarge) => {
            Outcome::TooLarge(format!("more than {} bytes when it is opened", shared.settings.most_opened))
        }
    }
}

fn taken(shared: &Shared, message: &[u8], signal: Signal, encoding: Encoding) -> Outcome {
    match shared.intake.accept(signal, encoding, message, shared.started.elapsed()) {
        Ok(decoded) if decoded.broken && decoded.taken == 0 => Outcome::Broken("the message is no OTLP".into()),
        Ok(mut decoded) => {
            if decoded.broken {
                decoded.losses.add("message", "it ends early; what stood before was taken");
            }
            Outcome::Taken(decoded, signal)
        }
        Err(Busy::Behind) => Outcome::Busy("what was received is still being written".into()),
        Err(Busy::Disk(error)) => Outcome::Unavailable(error.to_string()),
    }
}

fn text(status: StatusCode, said: String) -> Response<Said> {
    let mut response = Response::new(Said { data: Some(said.into()), trailers: None });
    *response.status_mut() = status;
    response
}

/// Whether `host[:port]` is this machine; HTTP/1.0 names none.
fn local(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host.is_empty()
        || host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn local_origin(origin: &str) -> bool {
    origin.is_empty()
        || origin.split_once("://").is_some_and(|(_, authority)| local(authority) && !authority.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for host in ["", "localhost", "localhost:4318", "127.0.0.1:4317", "[::1]:80", "127.9.9.9"] {
            assert!(local(host), "{host}");
        }
        for host in ["example.org", "example.org:4318", "10.0.0.1", "localhost.example.org:80", "[::2]:80"] {
            assert!(!local(host), "{host}");
        }
        assert!(local_origin("http://localhost:3000") && local_origin(""));
        assert!(!local_origin("https://example.org") && !local_origin("null"));
    }
}
