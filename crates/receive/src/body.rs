//! Bodies: what comes is gathered within bounds, what goes is a message and, for gRPC, trailers.
//!
//! Invariant: bytes that are held for requests are counted in one place and given back when a request ends, however it ends.

use hyper::HeaderMap;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

/// What an answer consists of.
#[derive(Debug, Default)]
pub struct Said {
    pub data: Option<Bytes>,
    pub trailers: Option<HeaderMap>,
}

impl Body for Said {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        Poll::Ready(self.trailers.take().map(|t| Ok(Frame::trailers(t))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |d| d.len() as u64))
    }
}

/// Bytes that all requests hold together.
#[derive(Clone, Debug)]
pub struct Budget {
    held: Arc<AtomicUsize>,
    most: usize,
}

impl Budget {
    pub fn new(most: usize) -> Budget {
        Budget { held: Arc::default(), most }
    }

    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Takes more; nothing when all is taken.
    pub fn take(&self, bytes: usize) -> Option<Share> {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        let share = Share { budget: self.clone(), bytes };
        (before + bytes <= self.most).then_some(share)
    }
}

/// A part of the budget that a request holds.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    bytes: usize,
}

impl Share {
    fn grow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.budget.held.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.budget.most
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Why a body was not gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ungathered {
    TooLarge,
    /// Too much is in flight.
    Full,
    /// The sender went away.
    Broken,
}

/// Gathers a body of at most `most` bytes.
pub async fn gather(mut body: Incoming, most: usize, budget: &Budget) -> Result<(Vec<u8>, Share), Ungathered> {
    let Some(mut share) = budget.take(0) else { return Err(Ungathered::Full) };
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if expected > most {
        return Err(Ungathered::TooLarge);
    }
    let mut out = Vec::with_capacity(expected.max(4096));
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(frame) = frame else { return Err(Ungathered::Broken) };
        let Ok(data) = frame.into_data() else { continue };
        if out.len() + data.len() > most {
            return Err(Ungathered::TooLarge);
        }
        if !share.grow(data.len()) {
            return Err(Ungathered::Full);
        }
        out.extend_from_slice(&data);
    }
    Ok((out, share))
}
