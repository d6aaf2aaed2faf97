//! A relay that one fault can be given to, made by hand: what `verify` does in earnest, in a few lines.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The request never arrives.
    Refuse,
    /// It is carried out, and nobody hears of it.
    LoseReply,
    /// This is answered instead, and the request never arrives.
    Answer(u16),
    /// The reply takes this long.
    Slow(Duration),
}

/// What happens to the next requests that begin so.
type Plan = Arc<Mutex<Option<(&'static str, Fault, usize)>>>;

pub struct Relay {
    pub port: u16,
    plan: Plan,
}

impl Relay {
    pub fn to(upstream: u16) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, plan) = (listener.local_addr().unwrap().port(), Plan::default());
        let own = plan.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let plan = own.clone();
                std::thread::spawn(move || carry(client, upstream, &plan));
            }
        });
        Relay { port, plan }
    }

    pub fn plan(&self, request: &'static str, fault: Fault, times: usize) {
        *self.plan.lock().unwrap() = Some((request, fault, times));
    }

    /// How often it is still to happen.
    pub fn left(&self) -> usize {
        self.plan.lock().unwrap().take().map_or(0, |(_, _, times)| times)
    }
}

/// Requests of one connection, one after the other; each has come whole when its body is as long as it says.
fn carry(mut client: TcpStream, upstream: u16, plan: &Plan) -> Option<()> {
    let mut server = None;
    loop {
        let request = message(&mut client)?;
        let fault = {
            let mut plan = plan.lock().unwrap();
            match plan.as_mut() {
                Some((begin, fault, times)) if *times > 0 && request.starts_with(begin.as_bytes()) => {
                    *times -= 1;
                    Some(*fault)
                }
                _ => None,
            }
        };
        match fault {
            Some(Fault::Refuse) => break,
            Some(Fault::Answer(status)) => {
                let body = "{\"error\":\"injected\"}";
                let head = format!(
                    "HTTP/1.1 {status} Injected\r\nContent-Type: application/json\r\nContent-Length: {}",
                    body.len()
                );
                client.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).ok()?;
                continue;
            }
            _ => {}
        }
        let reply = loop {
            let (mut stream, fresh) = match server.take() {
                Some(stream) => (stream, false),
                None => (TcpStream::connect(("127.0.0.1", upstream)).ok()?, true),
            };
            let reply = stream.write_all(&request).ok().and_then(|()| message(&mut stream));
            match reply {
                Some(reply) => {
                    server = Some(stream);
                    break reply;
                }
                // The server closed a connection that was idle.
                None if !fresh => {}
                None => return None,
            }
        };
        match fault {
            Some(Fault::LoseReply) => break,
            Some(Fault::Slow(time)) => std::thread::sleep(time),
            _ => {}
        }
        client.write_all(&reply).ok()?;
        if reply.to_ascii_lowercase().windows(17).any(|w| w == b"connection: close") {
            break;
        }
    }
    client.shutdown(Shutdown::Both).ok()
}

/// A whole message of HTTP/1.1 whose length is told, or ends with the connection.
fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut out, mut piece) = (Vec::new(), [0; 8192]);
    loop {
        if let Some(head) = out.windows(4).position(|w| w == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&out[..head]).to_ascii_lowercase();
            let told = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            let chunked = text.contains("transfer-encoding: chunked");
            if chunked && out.ends_with(b"0\r\n\r\n") || !chunked && out.len() >= head + 4 + told.unwrap_or(0) {
                return Some(out);
            }
        }
        match stream.read(&mut piece).ok()? {
            0 => return None,
            count => out.extend_from_slice(&piece[..count]),
        }
    }
}
