//! The other half of a connection: requests go on to the callee over connections of their own, which are used again as the caller's is.

use super::{Body, Out};
use crate::proxy::Edge;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::{Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// An idle connection is not used again after this: its other side could be closing it.
const IDLE: Duration = Duration::from_millis(500);

#[derive(Default)]
pub(super) struct Upstream {
    one: Mutex<Option<(http1::SendRequest<Body>, Instant)>>,
    two: Mutex<Option<http2::SendRequest<Body>>>,
}

impl Upstream {
    /// Sends a whole request; the reply's body is still to come.
    pub async fn send(&self, out: &Out, edge: &Edge) -> io::Result<Response<Incoming>> {
        let body = match &out.trailers {
            Some(trailers) => {
                let trailers = trailers.clone();
                let body = Full::new(out.body.clone()).map_err(|never| match never {});
                body.with_trailers(async move { Some(Ok(trailers)) }).boxed()
            }
            None => Full::new(out.body.clone()).map_err(|never| match never {}).boxed(),
        };
        self.pass(&out.head, body, edge).await
    }

    /// The same with a body that is still coming.
    pub async fn pass(
        &self,
        head: &hyper::http::request::Parts,
        body: Body,
        edge: &Edge,
    ) -> io::Result<Response<Incoming>> {
        let mut request = Request::new(body);
        *request.method_mut() = head.method.clone();
        *request.headers_mut() = head.headers.clone();
        if head.version == Version::HTTP_2 {
            *request.uri_mut() = head.uri.clone();
            *request.version_mut() = Version::HTTP_2;
            return self.over_two(request, edge).await;
        }
        let path = head.uri.path_and_query().map_or("/", |p| p.as_str());
        *request.uri_mut() = path.parse().map_err(io::Error::other)?;
        super::hop(request.headers_mut());
        self.over_one(request, edge).await
    }

    async fn over_one(&self, request: Request<Body>, edge: &Edge) -> io::Result<Response<Incoming>> {
        let kept = self.one.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut sender =
            match kept.filter(|(sender, since)| since.elapsed() < IDLE && sender.is_ready() && !edge.callee_gone()) {
                Some((sender, _)) => sender,
                None => {
                    let stream = TokioIo::new(edge.open().await?);
                    let (sender, connection) = http1::handshake(stream).await.map_err(io::Error::other)?;
                    tokio::spawn(connection);
                    sender
                }
            };
        sender.send_request(request).await.map_err(io::Error::other).inspect(|_| {
            *self.one.lock().unwrap_or_else(PoisonError::into_inner) = Some((sender, Instant::now()));
        })
    }

    async fn over_two(&self, request: Request<Body>, edge: &Edge) -> io::Result<Response<Incoming>> {
        let kept = self.two.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut sender = match kept.filter(|sender| !sender.is_closed() && !edge.callee_gone()) {
            Some(sender) => sender,
            None => {
                let stream = TokioIo::new(edge.open().await?);
                let (sender, connection) =
                    http2::handshake(TokioExecutor::new(), stream).await.map_err(io::Error::other)?;
                tokio::spawn(connection);
                *self.two.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender.clone());
                sender
            }
        };
        sender.send_request(request).await.map_err(io::Error::other)
    }
}
