//! Connections that are no HTTP: bytes in both directions; an edge that is down resets them and takes no new ones.

use super::Edge;
use seam_verify::fault::{Kind, Script};
use socket2::SockRef;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) async fn connection(inbound: TcpStream, edge: Arc<Edge>) {
    let mut script = edge.control.script();
    let down = |s: &Script| matches!(s.on(&edge.caller, &edge.callee, ""), Some(Kind::Refuse | Kind::ReplyLost));
    if down(&script.borrow_and_update()) {
        reset(&inbound);
        return;
    }
    let Ok(outbound) = edge.open().await else {
        reset(&inbound);
        return;
    };
    let (mut from, mut to) = (inbound, outbound);
    let struck = async {
        loop {
            if down(&script.borrow_and_update()) || script.changed().await.is_err() {
                return;
            }
        }
    };
    let ended = tokio::select! {
        () = pipe(&mut from, &mut to, &edge) => true,
        () = struck => false,
    };
    if !ended {
        reset(&from);
    }
}

async fn pipe(from: &mut TcpStream, to: &mut TcpStream, edge: &Edge) {
    let ((mut from_read, mut from_write), (mut to_read, mut to_write)) = (from.split(), to.split());
    let up = async {
        let mut bytes = vec![0u8; 16 << 10];
        while let Ok(count @ 1..) = from_read.read(&mut bytes).await {
            edge.control.current().bytes(&edge.caller, &edge.callee, count as u64);
            if to_write.write_all(&bytes[..count]).await.is_err() {
                break;
            }
        }
        let _ = to_write.shutdown().await;
    };
    let down = async {
        let mut bytes = vec![0u8; 16 << 10];
        while let Ok(count @ 1..) = to_read.read(&mut bytes).await {
            if let Some(Kind::Slow(ms)) = slow(edge) {
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
            if from_write.write_all(&bytes[..count]).await.is_err() {
                break;
            }
        }
        let _ = from_write.shutdown().await;
    };
    tokio::join!(up, down);
}

fn slow(edge: &Edge) -> Option<Kind> {
    edge.control.script().borrow().on(&edge.caller, &edge.callee, "").cloned()
}

fn reset(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
