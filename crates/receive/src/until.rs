//! Receiving until somebody says stop: an interrupt, or the system's word to end.

use crate::{Receiver, Settings};
use seam_store::Intake;
use std::net::SocketAddr;
use std::sync::Arc;

/// Receives into `intake` until the process is told to end. `ready` gets the addresses once they can be sent to, `say` what
/// went wrong on the way. Threads: 0 is one for each core.
pub fn receive(
    intake: Intake,
    settings: Settings,
    threads: usize,
    ready: impl FnOnce(&[SocketAddr]),
    say: impl Fn(String),
) -> Result<(), String> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if threads > 0 {
        builder.worker_threads(threads);
    }
    let runtime = builder.enable_all().build().map_err(|e| format!("cannot start threads: {e}"))?;
    runtime.block_on(async {
        let told = told()?;
        let receiver = Receiver::bind(Arc::new(intake), settings).await?;
        ready(&receiver.addresses());
        receiver.run(told, say).await.map_err(|e| e.to_string())
    })
}

#[cfg(unix)]
fn told() -> Result<impl Future<Output = ()>, String> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|e| format!("cannot listen for signals: {e}"));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn told() -> Result<impl Future<Output = ()>, String> {
    Ok(async {
        // Without a way to be told, the process ends when it is killed; journals are read at the next start.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
