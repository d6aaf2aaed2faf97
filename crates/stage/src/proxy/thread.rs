//! The thread on which all proxies of a stage work.
//!
//! One, and not a pool: a call passes several tasks on its way, and waking another thread for each of them costs more than all that is
//! done to the call. One thread passes more calls than a stage's services answer.

use super::{Edge, serve};
use crate::StageError;
use std::net::TcpListener;
use std::sync::Arc;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

pub(crate) struct Thread {
    handle: Handle,
    /// It ends when this does.
    end: Option<oneshot::Sender<()>>,
}

impl Thread {
    pub fn new() -> Result<Thread, StageError> {
        let failed = |e: std::io::Error| StageError::io("start", "a thread", &e);
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        let work = move || {
            let _ = runtime.block_on(ended);
            // Connections that are open end here; a look at a store that is under way is not waited for.
            runtime.shutdown_background();
        };
        std::thread::Builder::new().name("proxies".to_owned()).spawn(work).map_err(failed)?;
        Ok(Thread { handle, end: Some(end) })
    }

    /// Serves an edge for as long as this lives.
    pub fn serve(&self, listener: TcpListener, edge: Arc<Edge>) -> std::io::Result<()> {
        listener.set_nonblocking(true)?;
        self.handle.spawn(async move {
            if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                serve(listener, edge).await;
            }
        });
        Ok(())
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
    }
}
