//! HTTP/1.1 and HTTP/2 (gRPC) of one edge, a call at a time.
//!
//! Invariant: a fault is performed where a network would do it: before the callee hears, after it has answered, or in the middle of
//! its reply. A caller that goes away is noticed at once (the library drops the call), and that is how its patience is learnt.

mod grpc;
mod upstream;

use super::Edge;
use crate::control::Under;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use seam_verify::call::{self, Reply, SCENARIO, Seen};
use seam_verify::fault::Kind;
use seam_verify::oracle::conduct;
use socket2::SockRef;
use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use upstream::Upstream;

type Body = BoxBody<Bytes, io::Error>;

/// Bytes of a body that are kept as text.
pub(in crate::proxy) const KEPT: usize = 64 << 10;

pub(super) async fn connection(stream: TcpStream, edge: Arc<Edge>) {
    let broken = Arc::new(AtomicBool::new(false));
    let wire = Wire { stream, broken: broken.clone() };
    let up = Arc::new(Upstream::default());
    let service = service_fn(move |request: Request<Incoming>| {
        let (edge, broken, up) = (edge.clone(), broken.clone(), up.clone());
        async move {
            let call = request.version() == Version::HTTP_2 && grpc::speaks(request.headers());
            // What the scenario asks is looked at as a whole, with what the stores hold before and after.
            let answer = match call && edge.caller != SCENARIO {
                true => grpc::handle(request, &edge, &up).await,
                false => handle(request, &edge, &up).await,
            };
            if answer.is_err() {
                broken.store(true, Ordering::Relaxed);
            }
            answer
        }
    });
    // Ends with an error where a fault wants it.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(wire), service).await;
}

/// A socket that ends with a reset if it is broken on purpose.
struct Wire {
    stream: TcpStream,
    broken: Arc<AtomicBool>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.broken.load(Ordering::Relaxed) {
            let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The call's place in the book; a caller that goes away drops it before its end was written.
struct Entry {
    under: Arc<Under>,
    at: usize,
    open: bool,
}

impl Entry {
    fn end(&mut self, seen: Seen) {
        self.open = false;
        self.under.ended(self.at, seen);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.open {
            self.under.ended(self.at, Seen::GaveUp);
        }
    }
}

async fn handle(request: Request<Incoming>, edge: &Edge, up: &Upstream) -> io::Result<Response<Body>> {
    let under = edge.control.current();
    let (mut head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?;
    let trailers = body.trailers().cloned();
    let body = body.to_bytes();
    let scenario = edge.caller == SCENARIO;
    if scenario {
        trace(&mut head.headers);
    }
    let (at, fault) = under.arrive(call::Request {
        caller: edge.caller.clone(),
        callee: edge.callee.clone(),
        method: head.method.to_string(),
        path: head.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned(),
        headers: headers(&head.headers),
        body: text(&body),
    });
    let look = scenario && under.book().concerns(at);
    if scenario {
        edge.control.before(&under, look).await;
    }
    let mut entry = Entry { under: under.clone(), at, open: true };
    let out = Out { head, body, trailers };
    let answer = perform(&out, fault, edge, up, &mut entry).await;
    if scenario {
        // What goes on below belongs to this step.
        under.quiet(Duration::from_secs(2)).await;
        edge.control.after(&under, look).await;
    }
    answer
}

/// A call as it is handed on.
struct Out {
    head: hyper::http::request::Parts,
    body: Bytes,
    trailers: Option<HeaderMap>,
}

/// A reply as it came.
#[derive(Clone)]
struct Back {
    head: Arc<hyper::http::response::Parts>,
    body: Bytes,
    trailers: Option<HeaderMap>,
}

async fn perform(
    out: &Out,
    fault: Option<Kind>,
    edge: &Edge,
    up: &Upstream,
    entry: &mut Entry,
) -> io::Result<Response<Body>> {
    let broken = || io::Error::from(io::ErrorKind::ConnectionReset);
    let Some(fault) = fault else {
        let back = forward(out, edge, up, entry).await?;
        return Ok(pass(back, entry));
    };
    match fault {
        Kind::Refuse => {
            entry.end(Seen::Reset);
            Err(broken())
        }
        Kind::Status(status) => {
            let reply = Reply { status, grpc: None, body: String::new() };
            entry.end(Seen::Reply(reply));
            // As gateways answer: no JSON, whatever was asked for.
            let mut answer =
                answer(status, "text/html", format!("<html><body>{status} {}</body></html>\n", reason(status)))?;
            if status == 429 {
                answer.headers_mut().insert("retry-after", HeaderValue::from(conduct::ASKED / 1_000));
            }
            Ok(answer)
        }
        Kind::Grpc(code) => {
            entry.end(Seen::Reply(Reply { status: 200, grpc: Some(code), body: String::new() }));
            let mut response = answer(200, "application/grpc", String::new())?;
            response.headers_mut().insert("grpc-status", HeaderValue::from(code));
            Ok(response)
        }
        Kind::ReplyLost => {
            let _ = forward(out, edge, up, entry).await;
            entry.end(Seen::Reset);
            Err(broken())
        }
        Kind::Kill => {
            let _ = forward(out, edge, up, entry).await;
            edge.control.kill_idle(&entry.under, &edge.callee).await;
            entry.end(Seen::Reset);
            Err(broken())
        }
        Kind::KillCaller => {
            let _ = forward(out, edge, up, entry).await;
            edge.control.kill(&entry.under, &edge.caller);
            entry.end(Seen::Reset);
            Err(broken())
        }
        Kind::Late => {
            let _ = forward(out, edge, up, entry).await;
            // Dropped here if the caller gives up.
            let mut over = entry.under.over.subscribe();
            tokio::select! {
                () = tokio::time::sleep(edge.control.patience) => entry.end(Seen::WaitedOut),
                _ = over.wait_for(|over| *over) => entry.end(Seen::Nothing),
            }
            Err(broken())
        }
        Kind::Slow(ms) => {
            let back = forward(out, edge, up, entry).await?;
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(pass(back, entry))
        }
        Kind::Truncate => {
            let back = forward(out, edge, up, entry).await?;
            entry.end(Seen::Reset);
            Ok(cut(&back))
        }
        Kind::Malform => {
            let back = forward(out, edge, up, entry).await?;
            let half = back.body.slice(..back.body.len() / 2);
            Ok(pass(Back { body: half, ..back }, entry))
        }
        Kind::Duplicate => {
            let _ = forward(out, edge, up, entry).await?;
            let back = forward(out, edge, up, entry).await?;
            Ok(pass(back, entry))
        }
        Kind::Twice => {
            entry.under.reached(entry.at);
            // On a connection of its own.
            let other = Upstream::default();
            let second = async { whole(other.send(out, edge).await?).await };
            let first = forward(out, edge, up, entry);
            let (first, _) = tokio::join!(first, second);
            Ok(pass(first?, entry))
        }
    }
}

/// Sends it to the callee and waits for the whole reply.
async fn forward(out: &Out, edge: &Edge, up: &Upstream, entry: &mut Entry) -> io::Result<Back> {
    let back = async {
        let response = up.send(out, edge).await?;
        whole(response).await
    };
    match back.await {
        Ok(back) => {
            entry.under.reached(entry.at);
            entry.under.said(entry.at, reply(&back));
            Ok(back)
        }
        Err(error) => {
            if error.kind() != io::ErrorKind::ConnectionRefused {
                entry.under.reached(entry.at);
            }
            entry.end(Seen::Reset);
            Err(error)
        }
    }
}

async fn whole(response: Response<Incoming>) -> io::Result<Back> {
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?;
    let trailers = body.trailers().cloned();
    Ok(Back { head: Arc::new(head), body: body.to_bytes(), trailers })
}

/// The reply as the callee meant it.
fn pass(back: Back, entry: &mut Entry) -> Response<Body> {
    entry.end(Seen::Reply(reply(&back)));
    let body = Full::new(back.body.clone()).map_err(|never| match never {});
    let body = match back.trailers.clone() {
        Some(trailers) => body.with_trailers(async move { Some(Ok(trailers)) }).boxed(),
        None => body.boxed(),
    };
    headed(&back, body)
}

fn headed(back: &Back, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = back.head.status;
    *response.headers_mut() = back.head.headers.clone();
    hop(response.headers_mut());
    response
}

/// Half of the body, and then the connection breaks.
fn cut(back: &Back) -> Response<Body> {
    let half = Frame::data(back.body.slice(..back.body.len() / 2));
    let (sender, receiver) = tokio::sync::mpsc::channel(2);
    let _ = sender.try_send(Ok(half));
    tokio::spawn(async move {
        // The first half has to leave before the break.
        tokio::time::sleep(Duration::from_millis(5)).await;
        let _ = sender.send(Err(io::Error::from(io::ErrorKind::ConnectionReset))).await;
    });
    let mut response = headed(back, StreamBody::new(Received(receiver)).boxed());
    response.headers_mut().insert("content-length", HeaderValue::from(back.body.len()));
    response
}

struct Received(tokio::sync::mpsc::Receiver<io::Result<Frame<Bytes>>>);

impl futures_core::Stream for Received {
    type Item = io::Result<Frame<Bytes>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}

fn answer(status: u16, kind: &'static str, body: String) -> io::Result<Response<Body>> {
    let mut response = Response::new(Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed());
    *response.status_mut() = StatusCode::from_u16(status).map_err(io::Error::other)?;
    response.headers_mut().insert("content-type", HeaderValue::from_static(kind));
    Ok(response)
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("error")
}

fn reply(back: &Back) -> Reply {
    let grpc = |h: &HeaderMap| h.get("grpc-status").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let grpc = back.trailers.as_ref().and_then(grpc).or_else(|| grpc(&back.head.headers));
    Reply { status: back.head.status.as_u16(), grpc, body: text(&back.body) }
}

fn text(body: &Bytes) -> String {
    String::from_utf8_lossy(&body[..body.len().min(KEPT)]).into_owned()
}

fn headers(map: &HeaderMap) -> BTreeMap<String, String> {
    let secret =
        |name: &HeaderName| matches!(name.as_str(), "authorization" | "cookie" | "proxy-authorization" | "x-api-key");
    map.iter()
        .filter(|(name, _)| !secret(name))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

/// Takes out what belongs to one connection (RFC 9110, 7.6.1); the length is written anew.
fn hop(headers: &mut HeaderMap) {
    for name in ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade", "content-length"]
    {
        headers.remove(name);
    }
}

/// A trace begins with the scenario's request; services that forward it tell whom a call serves.
fn trace(headers: &mut HeaderMap) {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    if headers.contains_key("traceparent") {
        return;
    }
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    if let Ok(value) = HeaderValue::from_str(&format!("00-{count:032x}-{count:016x}-01")) {
        headers.insert("traceparent", value);
    }
}
