//! The same server over streamable HTTP, for clients that do not start programs.
//!
//! Invariants: it listens on loopback only; a request needs the token (constant time, never in an address), a `Host` of this
//! machine and, if a browser sends it, an `Origin` of this machine: a page that a name was rebound for gets nothing.

use super::{Server, Shared};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Where it is served below the address.
pub const PATH: &str = "/mcp";
const PORT: u16 = 7397;
const BROWSERS: [&str; 6] = [
    "http://localhost:*",
    "http://127.0.0.1:*",
    "http://[::1]:*",
    "https://localhost:*",
    "https://127.0.0.1:*",
    "https://[::1]:*",
];

type Answer = Response<BoxBody<Bytes, Infallible>>;
type Service = StreamableHttpService<Server, LocalSessionManager>;

/// `ADDR:PORT`, `localhost:PORT`, `:PORT` or `PORT`; empty is the usual one. Port 0 takes any that is free.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let wrong = || format!("`{text}` is no address to listen on");
    let port = |text: &str| text.parse::<u16>().map_err(|_| wrong());
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    // `:8123` is a port, `::1` an address.
    let bare = || text.strip_prefix(':').filter(|rest| !rest.starts_with(':'));
    let address = match text.strip_prefix("localhost:").or_else(bare) {
        _ if text.is_empty() => SocketAddr::new(local, PORT),
        Some(rest) => SocketAddr::new(local, port(rest)?),
        None if text.bytes().all(|b| b.is_ascii_digit()) => SocketAddr::new(local, port(text)?),
        None => match text.parse::<IpAddr>() {
            Ok(ip) => SocketAddr::new(ip, PORT),
            Err(_) => text.parse().map_err(|_| wrong())?,
        },
    };
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(format!("`{}` can be reached from other machines", address.ip()))
    }
}

/// 32 random bytes in hexadecimal.
pub fn token() -> Result<String, String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| format!("cannot make a token: {e}"))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// Serves until the process ends. `ready` is told the address once it can be asked.
pub async fn serve(
    shared: Shared,
    address: SocketAddr,
    token: Option<String>,
    ready: impl FnOnce(SocketAddr),
) -> Result<(), String> {
    let listener =
        tokio::net::TcpListener::bind(address).await.map_err(|e| format!("cannot listen on {address}: {e}"))?;
    let config = StreamableHttpServerConfig::default().with_allowed_origins(BROWSERS).enforce_origin_validation();
    let service: Service = StreamableHttpService::new(move || Ok(Server::of(shared.clone())), Arc::default(), config);
    let token: Option<Arc<str>> = token.map(Into::into);
    ready(listener.local_addr().map_err(|e| e.to_string())?);
    loop {
        // One connection that cannot be taken is not the end of the others.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (service, token) = (service.clone(), token.clone());
        let answer = service_fn(move |request: Request<Incoming>| {
            let (service, token) = (service.clone(), token.clone());
            async move { Ok::<_, Infallible>(answer(&service, token.as_deref(), request).await) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

async fn answer(service: &Service, token: Option<&str>, request: Request<Incoming>) -> Answer {
    if request.uri().path() != PATH {
        return refused(StatusCode::NOT_FOUND, "there is nothing but /mcp here\n");
    }
    if let Some(token) = token
        && !request.headers().get(AUTHORIZATION).is_some_and(|given| is_bearer(given, token))
    {
        let mut answer = refused(StatusCode::UNAUTHORIZED, "send the token as `Authorization: Bearer TOKEN`\n");
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return answer;
    }
    service.handle(request).await
}

fn refused(status: StatusCode, says: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(says.as_bytes())).boxed());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

fn is_bearer(given: &HeaderValue, token: &str) -> bool {
    let given = given.as_bytes();
    let Some((scheme, given)) = given.split_at_checked(7) else { return false };
    if !scheme.eq_ignore_ascii_case(b"bearer ") || given.len() != token.len() {
        return false;
    }
    // As long for a wrong first letter as for a wrong last one.
    given.iter().zip(token.as_bytes()).fold(0, |wrong, (a, b)| wrong | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_can_be_listened_on() {
        for text in ["", "8123", ":8123", "localhost:8123", "127.0.0.1", "127.0.0.1:0", "[::1]:80", "::1"] {
            assert!(address(text).is_ok_and(|a| a.ip().is_loopback()), "{text}");
        }
        for text in ["0.0.0.0:80", "192.168.1.2:80", "[::]:80", "example.org:80", "70000", "x"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_is_compared_as_a_whole() {
        let token = token().unwrap();
        assert_eq!(token.len(), 64);
        let header = |text: String| HeaderValue::from_str(&text).unwrap();
        assert!(is_bearer(&header(format!("Bearer {token}")), &token));
        assert!(is_bearer(&header(format!("bearer {token}")), &token));
        for wrong in
            [String::new(), "Bearer ".to_owned(), format!("Bearer {token}x"), format!("Basic {token}"), token.clone()]
        {
            assert!(!is_bearer(&header(wrong.clone()), &token), "{wrong}");
        }
    }
}
