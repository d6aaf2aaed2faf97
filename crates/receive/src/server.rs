//! Listening, and stopping without losing anything.
//!
//! Invariant: after a stop no connection is taken, open ones may end what they began within a few seconds, and then all that was
//! accepted is written as segments.

use crate::body::Budget;
use crate::exchange::answer;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use seam_store::{Error, Intake};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Bounds and places.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where to listen: gRPC's and HTTP's usual ports. Each takes both.
    pub addresses: Vec<SocketAddr>,
    /// The largest request, as it is sent.
    pub most_sent: usize,
    /// The largest request, opened.
    pub most_opened: usize,
    /// Bytes of all requests in flight.
    pub most_held: usize,
    pub most_connections: usize,
    /// How long open connections may end what they began.
    pub patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            addresses: Vec::new(),
            most_sent: 16 << 20,
            most_opened: 32 << 20,
            most_held: 96 << 20,
            most_connections: 1024,
            patience: Duration::from_secs(5),
        }
    }
}

/// What all requests share.
pub(crate) struct Shared {
    pub intake: Arc<Intake>,
    pub settings: Settings,
    pub budget: Budget,
    pub started: Instant,
    pub connections: AtomicUsize,
}

/// A receiver that listens already.
pub struct Receiver {
    listeners: Vec<TcpListener>,
    shared: Arc<Shared>,
}

/// How often waiting records and retention are looked after.
const TICK: Duration = Duration::from_secs(1);
const TIDY: u32 = 60;

impl Receiver {
    /// Listens on every address, or on none.
    pub async fn bind(intake: Arc<Intake>, settings: Settings) -> Result<Receiver, String> {
        let mut listeners = Vec::new();
        for address in &settings.addresses {
            if !address.ip().is_loopback() {
                return Err(format!("`{}` can be reached from other machines", address.ip()));
            }
            listeners.push(TcpListener::bind(address).await.map_err(|e| format!("cannot listen on {address}: {e}"))?);
        }
        let budget = Budget::new(settings.most_held);
        let connections = AtomicUsize::new(0);
        Ok(Receiver {
            listeners,
            shared: Arc::new(Shared { intake, settings, budget, started: Instant::now(), connections }),
        })
    }

    /// Where it listens, in the order of the settings.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|l| l.local_addr().ok()).collect()
    }

    /// Receives until `stop` is ready; `say` gets what went wrong on the way.
    pub async fn run(self, stop: impl Future<Output = ()>, say: impl Fn(String)) -> Result<(), Error> {
        let (ending, ended) = watch::channel(false);
        let accepting: Vec<_> = self
            .listeners
            .into_iter()
            .map(|listener| tokio::spawn(accept(listener, Arc::clone(&self.shared), ended.clone())))
            .collect();
        let mut stop = std::pin::pin!(stop);
        let mut ticks = 0u32;
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(TICK) => {}
            }
            ticks = ticks.wrapping_add(1);
            let (shared, tidy) = (Arc::clone(&self.shared), ticks.is_multiple_of(TIDY));
            let work = tokio::task::spawn_blocking(move || {
                shared.intake.tick(shared.started.elapsed())?;
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                if tidy { shared.intake.tidy(now) } else { Ok(()) }
            });
            if let Ok(Err(error)) = work.await {
                say(error.to_string());
            }
            self.shared.intake.failures().into_iter().for_each(&say);
        }
        // Whoever listens for this stops taking and lets open streams end.
        let _ = ending.send(true);
        for task in accepting {
            let _ = task.await;
        }
        let deadline = Instant::now() + self.shared.settings.patience;
        while self.shared.connections.load(Ordering::Relaxed) > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let shared = Arc::clone(&self.shared);
        let closed = tokio::task::spawn_blocking(move || shared.intake.close()).await;
        self.shared.intake.failures().into_iter().for_each(&say);
        closed.unwrap_or(Ok(()))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut ended: watch::Receiver<bool>) {
    loop {
        let taken = tokio::select! {
            _ = ended.changed() => return,
            taken = listener.accept() => taken,
        };
        let Ok((stream, _)) = taken else {
            // Out of file handles, most likely: others may be given back.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        if shared.connections.load(Ordering::Relaxed) >= shared.settings.most_connections {
            continue;
        }
        let guard = Open::new(&shared);
        tokio::spawn(serve(stream, guard, ended.clone()));
    }
}

/// Counts a connection for as long as it is open.
struct Open(Arc<Shared>);

impl Open {
    fn new(shared: &Arc<Shared>) -> Open {
        shared.connections.fetch_add(1, Ordering::Relaxed);
        Open(Arc::clone(shared))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn serve(stream: TcpStream, open: Open, mut ended: watch::Receiver<bool>) {
    // Answers are small and whole.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(30));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(60))
        .max_concurrent_streams(64)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .max_frame_size(1 << 18)
        .max_header_list_size(16 << 10);
    let service = service_fn(|request: Request<Incoming>| {
        let shared = Arc::clone(&open.0);
        async move { Ok::<_, Infallible>(answer(&shared, request).await) }
    });
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = ended.changed() => connection.as_mut().graceful_shutdown(),
    }
    let patience = open.0.settings.patience;
    let _ = tokio::time::timeout(patience, connection).await;
}
