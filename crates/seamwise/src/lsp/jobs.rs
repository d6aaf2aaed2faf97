//! Requests that are being answered: who works on them, and which were cancelled meanwhile.
//!
//! Invariant: each request is answered once, whatever happens: with its result, as cancelled, or as failed where answering it
//! panicked.

use super::answers::{self, Failed};
use super::shared::{Shared, locked};
use crossbeam_channel::{Receiver, Sender, unbounded};
use lsp_server::{ErrorCode, Message, Request, RequestId, Response, ResponseError};
use serde_json::Value;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Enough for what an editor asks at once; more would only take time from one another.
const WORKERS: usize = 2;

/// A request, the number of the last thing that was told before it, and whether anybody still waits.
pub struct Job {
    pub request: Request,
    pub told: u64,
    pub cancelled: Arc<AtomicBool>,
}

type Open = Arc<Mutex<BTreeMap<RequestId, Arc<AtomicBool>>>>;

pub struct Jobs {
    shared: Arc<Shared>,
    send: Sender<Job>,
    open: Open,
}

impl Jobs {
    pub fn new(shared: &Arc<Shared>) -> Self {
        let (send, receive) = unbounded();
        let open = Open::default();
        for _ in 0..WORKERS {
            let (shared, receive, open) = (shared.clone(), receive.clone(), open.clone());
            super::spawn("answer", move || work(&shared, &receive, &open));
        }
        Jobs { shared: shared.clone(), send, open }
    }

    pub fn begin(&self, request: Request) {
        let cancelled = Arc::new(AtomicBool::new(false));
        {
            let mut open = locked(&self.open);
            if open.contains_key(&request.id) {
                drop(open);
                let error = error(ErrorCode::InvalidRequest, "a request of this id is still being answered");
                return respond(&self.shared, request.id, Err(error));
            }
            open.insert(request.id.clone(), cancelled.clone());
        }
        let _ = self.send.send(Job { request, told: self.shared.told(), cancelled });
    }

    pub fn cancel(&self, id: &RequestId) {
        if let Some(cancelled) = locked(&self.open).remove(id) {
            cancelled.store(true, Ordering::Relaxed);
            respond(&self.shared, id.clone(), Err(error(ErrorCode::RequestCanceled, "cancelled")));
        }
    }

    /// Nobody waits any more.
    pub fn cancel_all(&self) {
        let ids: Vec<RequestId> = locked(&self.open).keys().cloned().collect();
        ids.iter().for_each(|id| self.cancel(id));
    }
}

fn work(shared: &Arc<Shared>, jobs: &Receiver<Job>, open: &Open) {
    for job in jobs {
        if job.cancelled.load(Ordering::Relaxed) {
            continue;
        }
        let id = job.request.id.clone();
        let answer = std::panic::catch_unwind(AssertUnwindSafe(|| answers::answer(shared, &job)));
        if locked(open).remove(&id).is_none() {
            continue;
        }
        let answer = match answer {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Failed { code, message, data })) => Err(ResponseError { code: code as i32, message, data }),
            Err(_) => Err(error(ErrorCode::InternalError, "answering failed; please report it")),
        };
        respond(shared, id, answer);
    }
}

pub fn error(code: ErrorCode, message: &str) -> ResponseError {
    ResponseError { code: code as i32, message: message.to_owned(), data: None }
}

pub fn respond(shared: &Shared, id: RequestId, answer: Result<Value, ResponseError>) {
    shared.send(&Message::Response(Response { id, response_result: answer }));
}
