//! Connections that are no HTTP: bytes in both directions, looked into where their protocol is known (`line`); an edge that is down
//! resets them and takes no new ones.

use super::Edge;
use super::line::Tap;
use seam_verify::fault::{Kind, Script};
use socket2::SockRef;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

pub(super) async fn connection(inbound: TcpStream, first: &[u8], edge: Arc<Edge>) {
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
    let tap = Arc::new(Mutex::new(Tap::of(first, &edge)));
    let ended = tokio::select! {
        whole = pipe(&mut from, &mut to, &edge, &tap) => whole,
        () = struck => false,
    };
    if !ended {
        reset(&from);
    }
}

/// Until both sides have ended; false if a fault breaks the line.
async fn pipe(from: &mut TcpStream, to: &mut TcpStream, edge: &Edge, tap: &Arc<Mutex<Tap>>) -> bool {
    let ((mut from_read, mut from_write), (mut to_read, mut to_write)) = (from.split(), to.split());
    let (back, mut due) = mpsc::channel::<Vec<u8>>(64);
    let release = back.clone();
    let up = async {
        let mut bytes = vec![0u8; 16 << 10];
        while let Ok(count @ 1..) = from_read.read(&mut bytes).await {
            edge.control.current().bytes(&edge.caller, &edge.callee, count as u64);
            let step = locked(tap).up(&bytes[..count]);
            if to_write.write_all(&step.forward).await.is_err() {
                break;
            }
            if !step.release.is_empty() {
                let _ = release.send(step.release).await;
            }
            if step.kill {
                edge.control.kill(&edge.control.current(), &edge.caller);
            }
            if step.cut {
                // What was handed on arrives before the end.
                let _ = to_write.shutdown().await;
                tokio::time::sleep(Duration::from_millis(20)).await;
                return;
            }
        }
        let _ = to_write.shutdown().await;
        std::future::pending().await
    };
    let down = async {
        let mut bytes = vec![0u8; 16 << 10];
        while let Ok(count @ 1..) = to_read.read(&mut bytes).await {
            if let Some(Kind::Slow(ms)) = slow(edge) {
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
            let step = locked(tap).down(&bytes[..count]);
            if step.kill {
                edge.control.kill(&edge.control.current(), &edge.caller);
            }
            if step.cut {
                return;
            }
            if step.holds {
                tokio::spawn(in_the_end(edge.control.clone(), tap.clone(), back.clone()));
            }
            if !step.forward.is_empty() && back.send(step.forward).await.is_err() {
                break;
            }
        }
        // The end, behind all that came.
        let _ = back.send(Vec::new()).await;
        std::future::pending().await
    };
    let write = async {
        while let Some(bytes) = due.recv().await.filter(|bytes| !bytes.is_empty()) {
            if from_write.write_all(&bytes).await.is_err() {
                break;
            }
        }
        let _ = from_write.shutdown().await;
    };
    tokio::select! {
        () = up => false,
        () = down => false,
        () = write => true,
    }
}

/// Nothing came that what is held could be behind: with the scenario's end it goes.
async fn in_the_end(control: Arc<crate::control::Control>, tap: Arc<Mutex<Tap>>, back: mpsc::Sender<Vec<u8>>) {
    let mut over = control.current().over.subscribe();
    let _ = over.wait_for(|over| *over).await;
    let held = locked(&tap).release();
    if !held.is_empty() {
        let _ = back.send(held).await;
    }
}

fn locked(tap: &Mutex<Tap>) -> std::sync::MutexGuard<'_, Tap> {
    tap.lock().unwrap_or_else(PoisonError::into_inner)
}

fn slow(edge: &Edge) -> Option<Kind> {
    edge.control.script().borrow().on(&edge.caller, &edge.callee, "").cloned()
}

fn reset(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}
