//! gRPC, a call at a time: many share one connection, and a fault meets one of them.
//!
//! A caller's library says UNAVAILABLE where its connection breaks; said per call, the others go on. Calls without a fault pass as
//! streams, so that they may last as long as they like.

use super::{Body, Entry, Out, Upstream, answer};
use crate::proxy::Edge;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Request, Response};
use seam_verify::call::{self, Reply, Seen};
use seam_verify::fault::Kind;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

const DEADLINE_EXCEEDED: u32 = 4;
const UNAVAILABLE: u32 = 14;

pub(super) fn speaks(headers: &HeaderMap) -> bool {
    headers.get("content-type").is_some_and(|t| t.as_bytes().starts_with(b"application/grpc"))
}

pub(super) async fn handle(request: Request<Incoming>, edge: &Edge, up: &Upstream) -> io::Result<Response<Body>> {
    let under = edge.control.current();
    let (head, body) = request.into_parts();
    // Its message is binary: what a call is, its method says.
    let (at, fault) = under.arrive(call::Request {
        caller: edge.caller.clone(),
        callee: edge.callee.clone(),
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        headers: super::headers(&head.headers),
        body: String::new(),
    });
    let mut entry = Entry { under, at, open: true };
    let Some(fault) = fault else { return pass(head, body, edge, up, entry).await };
    match fault {
        Kind::Grpc(code) => return says(code, &mut entry, true),
        Kind::Refuse => return says(UNAVAILABLE, &mut entry, false),
        Kind::Status(status) => {
            entry.end(Seen::Reply(Reply { status, ..Reply::default() }));
            return answer(status, "text/html", String::new());
        }
        Kind::ReplyLost
        | Kind::Late
        | Kind::Slow(_)
        | Kind::Truncate
        | Kind::Malform
        | Kind::Duplicate
        | Kind::Twice
        | Kind::Kill
        | Kind::KillCaller => {}
    }
    let body = body.collect().await.map_err(io::Error::other)?;
    let trailers = body.trailers().cloned();
    let out = Out { head, body: body.to_bytes(), trailers };
    match fault {
        Kind::ReplyLost => {
            let _ = super::forward(&out, edge, up, &mut entry).await;
            says(UNAVAILABLE, &mut entry, false)
        }
        Kind::Late => {
            let _ = super::forward(&out, edge, up, &mut entry).await;
            // Dropped here if the caller gives up.
            let mut over = entry.under.over.subscribe();
            tokio::select! {
                () = tokio::time::sleep(edge.control.patience) => entry.end(Seen::WaitedOut),
                _ = over.wait_for(|over| *over) => entry.end(Seen::Nothing),
            }
            status(DEADLINE_EXCEEDED)
        }
        Kind::Kill => {
            let _ = super::forward(&out, edge, up, &mut entry).await;
            edge.control.kill_idle(&entry.under, &edge.callee).await;
            says(UNAVAILABLE, &mut entry, false)
        }
        Kind::KillCaller => {
            let _ = super::forward(&out, edge, up, &mut entry).await;
            edge.control.kill(&entry.under, &edge.caller);
            says(UNAVAILABLE, &mut entry, false)
        }
        Kind::Slow(ms) => {
            let back = super::forward(&out, edge, up, &mut entry).await?;
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(super::pass(back, &mut entry))
        }
        Kind::Duplicate => {
            let _ = super::forward(&out, edge, up, &mut entry).await?;
            let back = super::forward(&out, edge, up, &mut entry).await?;
            Ok(super::pass(back, &mut entry))
        }
        Kind::Twice => {
            entry.under.reached(entry.at);
            let second = async { super::whole(up.send(&out, edge).await?).await };
            let first = super::forward(&out, edge, up, &mut entry);
            let (first, _) = tokio::join!(first, second);
            Ok(super::pass(first?, &mut entry))
        }
        Kind::Truncate | Kind::Malform | Kind::Grpc(_) | Kind::Refuse | Kind::Status(_) => {
            let _ = super::forward(&out, edge, up, &mut entry).await;
            says(UNAVAILABLE, &mut entry, false)
        }
    }
}

/// This status in place of a reply; as the callee's, or as what a broken connection makes of it.
fn says(code: u32, entry: &mut Entry, replied: bool) -> io::Result<Response<Body>> {
    entry.end(match replied {
        true => Seen::Reply(Reply { status: 200, grpc: Some(code), body: String::new() }),
        false => Seen::Reset,
    });
    status(code)
}

fn status(code: u32) -> io::Result<Response<Body>> {
    let mut response = answer(200, "application/grpc", String::new())?;
    response.headers_mut().insert("grpc-status", HeaderValue::from(code));
    Ok(response)
}

async fn pass(
    head: hyper::http::request::Parts,
    body: Incoming,
    edge: &Edge,
    up: &Upstream,
    mut entry: Entry,
) -> io::Result<Response<Body>> {
    let sent = up.pass(&head, body.map_err(io::Error::other).boxed(), edge).await;
    let response = match sent {
        Ok(response) => response,
        Err(_) => return says(UNAVAILABLE, &mut entry, false),
    };
    entry.under.reached(entry.at);
    let (head, body) = response.into_parts();
    let told = code(&head.headers);
    let body = Streamed { body, entry, status: head.status.as_u16(), told };
    Ok(Response::from_parts(head, body.boxed()))
}

fn code(headers: &HeaderMap) -> Option<u32> {
    headers.get("grpc-status")?.to_str().ok()?.parse().ok()
}

/// A reply on its way; its end is the call's.
struct Streamed {
    body: Incoming,
    entry: Entry,
    status: u16,
    told: Option<u32>,
}

impl hyper::body::Body for Streamed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let next = Pin::new(&mut self.body).poll_frame(cx);
        match &next {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    self.told = code(trailers).or(self.told);
                }
            }
            Poll::Ready(None) => self.ended(),
            Poll::Ready(Some(Err(_))) => self.entry.end(Seen::Reset),
            Poll::Pending => {}
        }
        // The last frame may be all that anybody asks for.
        if self.body.is_end_stream() {
            self.ended();
        }
        next.map(|frame| frame.map(|f| f.map_err(io::Error::other)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Streamed {
    fn ended(&mut self) {
        if self.entry.open {
            let reply = Reply { status: self.status, grpc: self.told, body: String::new() };
            self.entry.under.said(self.entry.at, reply.clone());
            self.entry.end(Seen::Reply(reply));
        }
    }
}

impl Drop for Streamed {
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            self.ended();
        }
    }
}
