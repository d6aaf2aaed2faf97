//! A proxy for each pair of a caller and a callee: its port tells who calls.
//!
//! Invariant: without a fault, what comes out is what went in; HTTP is taken apart and put together, everything else passes as bytes.

mod http;
pub(crate) mod line;
mod tcp;
pub(crate) mod thread;

use crate::control::Control;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use tokio::net::{TcpListener, TcpStream};

/// One edge.
pub(crate) struct Edge {
    pub caller: String,
    pub callee: String,
    /// Where the callee really listens.
    pub to: AtomicU16,
    pub control: Arc<Control>,
    /// Messages that the caller was handed over some connection and has not acknowledged.
    pub held: line::redis::Held,
}

impl Edge {
    fn port(&self) -> u16 {
        self.to.load(Ordering::Relaxed)
    }

    async fn open(&self) -> std::io::Result<TcpStream> {
        self.callee_stands().await;
        let stream = TcpStream::connect(("127.0.0.1", self.port())).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Serves an edge until the task is dropped.
async fn serve(listener: TcpListener, edge: Arc<Edge>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            continue;
        };
        tokio::spawn(connection(stream, edge.clone()));
    }
}

async fn connection(stream: TcpStream, edge: Arc<Edge>) {
    // Whoever waits for the other side to speak first speaks no HTTP.
    let mut first = [0u8; 8];
    let waited = tokio::time::timeout(std::time::Duration::from_millis(200), peek(&stream, &mut first)).await;
    let _ = stream.set_nodelay(true);
    match waited {
        Ok(true) if http(&first) => http::connection(stream, edge).await,
        Ok(true) | Err(_) => tcp::connection(stream, &first, edge).await,
        Ok(false) => {}
    }
}

/// The first bytes, as many as tell the protocol; false if there are none.
async fn peek(stream: &TcpStream, first: &mut [u8; 8]) -> bool {
    loop {
        match stream.peek(first).await {
            Ok(0) | Err(_) => return false,
            Ok(8) => return true,
            Ok(4..) if first[0] != 0 && !first.starts_with(b"AMQP") => return true,
            Ok(_) => tokio::time::sleep(std::time::Duration::from_millis(1)).await,
        }
    }
}

fn http(first: &[u8; 8]) -> bool {
    [b"GET ", b"POST", b"PUT ", b"DELE", b"HEAD", b"OPTI", b"PATC", b"TRAC", b"PRI "]
        .iter()
        .any(|m| first.starts_with(*m))
}
