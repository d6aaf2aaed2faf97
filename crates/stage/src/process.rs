//! A process of the system: started in a group of its own, its output kept, ended with all its children.

use crate::StageError;
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Bytes of output that are kept of one process.
const KEPT: usize = 1 << 20;

pub(crate) struct Running {
    pub name: String,
    child: Child,
    pub group: u32,
    log: Arc<Mutex<String>>,
}

impl Running {
    pub fn start(
        name: &str,
        command: &str,
        folder: &Path,
        env: &BTreeMap<String, String>,
    ) -> Result<Running, StageError> {
        let mut child = Command::new("sh")
            .args(["-c", command])
            .current_dir(folder)
            .envs(env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| StageError::io("start", &format!("{name}: {command}"), &e))?;
        let log = Arc::new(Mutex::new(String::new()));
        if let Some(out) = child.stdout.take() {
            tokio::spawn(keep(out, log.clone()));
        }
        if let Some(out) = child.stderr.take() {
            tokio::spawn(keep(out, log.clone()));
        }
        let group = child.id().unwrap_or(0);
        Ok(Running { name: name.to_owned(), child, group, log })
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(|status| status.to_string())
    }

    /// What it wrote since it was asked last.
    pub fn taken(&self) -> String {
        std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What its predecessor wrote, which was killed.
    pub fn said_before(&self, text: &str) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).insert_str(0, text);
    }

    pub fn last_lines(&self, count: usize) -> String {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }

    pub async fn wait(&mut self) -> std::io::Result<std::process::ExitStatus> {
        self.child.wait().await
    }

    /// Asks it to end, and makes it.
    pub async fn stop(&mut self, grace: Duration) {
        self.signal(Signal::TERM);
        if tokio::time::timeout(grace, self.child.wait()).await.is_err() {
            self.signal(Signal::KILL);
            let _ = self.child.wait().await;
        }
        // Children that outlive it.
        self.signal(Signal::KILL);
    }

    pub fn signal(&self, signal: Signal) {
        if let Some(group) = i32::try_from(self.group).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, signal);
        }
    }
}

async fn keep(out: impl AsyncRead + Unpin, log: Arc<Mutex<String>>) {
    let mut reader = BufReader::new(out);
    let mut line = Vec::new();
    while let Ok(1..) = reader.read_until(b'\n', &mut line).await {
        let text = String::from_utf8_lossy(&line).into_owned();
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() < KEPT {
            log.push_str(&text);
        }
        line.clear();
    }
}

/// Ports of this machine on which nobody listens, below those that the system gives to outgoing connections.
pub(crate) fn free_ports(count: usize) -> Result<Vec<u16>, StageError> {
    // Two stages at once, of one process or of two, shall not hand out the same ports.
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let span = LAST - FIRST;
    // Two that started one after the other have neighbouring numbers, and look for ports at the same time.
    let start = u16::try_from(std::process::id().wrapping_mul(APART) % u32::from(span)).unwrap_or(0);
    let all = (0..span).map(|_| FIRST + (start + GIVEN.fetch_add(1, Ordering::Relaxed) % span) % span);
    let free = all.filter(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok());
    let ports: Vec<u16> = free.take(count).collect();
    if ports.len() < count {
        return Err(StageError::Io { action: "find", what: "free ports".to_owned(), why: "all are taken".to_owned() });
    }
    Ok(ports)
}

/// More ports than a stage needs.
const APART: u32 = 101;
const FIRST: u16 = 20_011;
const LAST: u16 = 32_000;

/// Whether somebody listens.
pub(crate) async fn open(port: u16) -> bool {
    let connect = TcpStream::connect(("127.0.0.1", port));
    matches!(tokio::time::timeout(Duration::from_millis(500), connect).await, Ok(Ok(_)))
}

/// Waits for one of several ports; the one that is open.
pub(crate) async fn ready(running: &mut Running, ports: &[u16], within: Duration) -> Result<u16, StageError> {
    let until = Instant::now() + within;
    loop {
        if let Some(how) = running.ended() {
            // Its last words are on their way.
            tokio::time::sleep(Duration::from_millis(30)).await;
            return Err(StageError::Start {
                name: running.name.clone(),
                why: format!("it ended before it was ready: {how}"),
                log: running.last_lines(12),
            });
        }
        for port in ports {
            if open(*port).await {
                return Ok(*port);
            }
        }
        if Instant::now() > until {
            return Err(StageError::Start {
                name: running.name.clone(),
                why: format!("nobody listens after {} s", within.as_secs()),
                log: running.last_lines(12),
            });
        }
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}
