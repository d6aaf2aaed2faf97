//! `seam lsp`: the workspace in an editor, over standard input and output.
//!
//! Threads: a reader and a writer of frames ([`wire`]); this one, which takes messages in order and never waits for work
//! ([`session`]); one that keeps the workspace and publishes ([`keeper`]); two that answer requests from the last good state.
//! Invariant: no surface decides about meaning. Everything shown is an ask's answer in the protocol's shape.

mod answers;
mod diagnostics;
mod edits;
mod jobs;
mod keeper;
mod options;
mod position;
mod session;
mod shared;
mod status;
mod wire;

use crossbeam_channel::{Receiver, Sender, unbounded};
use seam_host::CachePlace;
use shared::Outgoing;
use std::io::{BufReader, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use wire::Incoming;

/// Linking and rules recurse over what files nest.
const STACK: usize = 16 << 20;

/// Serves until the client says `exit` or goes away: 0 after `shutdown`, 1 without.
pub fn serve(paths: &[PathBuf], cache: CachePlace, threads: usize) -> ExitCode {
    let (out, outgoing) = unbounded();
    let (send, incoming) = unbounded();
    let reading = spawn("read", move || read(&send));
    let writing = spawn("write", move || write(&outgoing));
    if !reading || !writing {
        return ExitCode::from(3);
    }
    session::run(paths, cache, threads, &incoming, &out)
}

/// A thread with room for deep files; `false` if there is none to be had.
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> bool {
    std::thread::Builder::new().name(name.to_owned()).stack_size(STACK).spawn(work).is_ok()
}

fn read(send: &Sender<Incoming>) {
    let mut input = BufReader::new(std::io::stdin());
    while let Some(incoming) = wire::read(&mut input) {
        if send.send(incoming).is_err() {
            return;
        }
    }
}

/// A client that no longer reads is one that has gone.
fn write(outgoing: &Receiver<Outgoing>) {
    let mut output = std::io::stdout();
    for next in outgoing {
        match next {
            Outgoing::Text(text) => {
                if wire::write(&mut output, &text).is_err() {
                    return;
                }
            }
            Outgoing::Flush(done) => {
                let _ = output.flush();
                let _ = done.send(());
            }
        }
    }
}
