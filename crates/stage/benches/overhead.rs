//! What standing in between costs: `cargo bench -p seam-stage`.
//!
//! Three figures: a scenario over three services through all proxies beside the same without any; how many runs of it are made in a
//! second; how many requests one proxy passes in a second of a core, beside nginx where it and `wrk` are installed.

#![allow(clippy::disallowed_methods, reason = "it starts processes and reads clocks")]

use seam_stage::perform::explore;
use seam_stage::{Layout, Play, Stage};
use seam_verify::explore::Explorer;
use seam_verify::fault::{Fault, Kind, Script};
use seam_verify::oracle::Limits;
use seam_verify::settings::{Process, Scenario, Settings};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: u32 = 200;
const CHAIN: [(&str, u16, &str); 3] = [
    ("front", 7000, r#"{"POST /buy":{"calls":[["POST","http://localhost:7001/order"]]}}"#),
    ("middle", 7001, r#"{"POST /order":{"calls":[["POST","http://localhost:7002/book"]]}}"#),
    ("back", 7002, r#"{"POST /book":{}}"#),
];

fn command(port: u16, routes: &str) -> String {
    format!("exec python3 {} {port} '{routes}'", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/service.py"))
}

fn settings() -> Settings {
    let process = |(name, port, routes): (&str, u16, &str)| Process {
        name: name.to_owned(),
        command: command(port, routes),
        port: Some(port),
        ..Process::default()
    };
    Settings { process: CHAIN.into_iter().map(process).collect(), ..Settings::default() }
}

/// One request of the scenario, over a connection of its own.
fn buy(port: u16) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the front listens");
    stream.write_all(b"POST /buy HTTP/1.0\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}").expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.contains(" 200 "), "{answer}");
}

/// What one request takes through each of two entrances: the middle of many, asked in turn, since a machine is not equally busy all the time.
fn each(ports: [u16; 2]) -> [Duration; 2] {
    let mut took = [Vec::new(), Vec::new()];
    for round in 0..RUNS + 20 {
        for (port, took) in ports.iter().zip(&mut took) {
            let began = Instant::now();
            buy(*port);
            if round >= 20 {
                took.push(began.elapsed());
            }
        }
    }
    took.map(|mut all| {
        all.sort();
        all[all.len() / 2]
    })
}

struct Ended(Vec<Child>);

impl Drop for Ended {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The same services without anything between them.
fn direct() -> Ended {
    let start = |(_, port, routes): (&str, u16, &str)| {
        Command::new("sh").args(["-c", &command(port, routes)]).stdout(Stdio::null()).spawn().expect("python3 starts")
    };
    let services = Ended(CHAIN.into_iter().map(start).collect());
    for (_, port, _) in CHAIN {
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    services
}

async fn staged() -> ([Duration; 2], f64) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("buy.http"), "POST http://localhost:7000/buy\n\n{}\n").expect("it is written");
    let layout = Layout::of(folder.path(), &settings()).expect("a layout");
    let mut stage = Stage::set(layout, Vec::new()).await.expect("a stage");
    stage.start(|_| ()).await.expect("it starts");
    let port = stage.entrance(0).expect("an entrance");
    let direct = direct();
    let took = tokio::task::spawn_blocking(move || each([7000, port])).await.expect("it is done");
    drop(direct);

    let scenario = Scenario { name: "buy".to_owned(), http: Some("buy.http".to_owned()), ..Scenario::default() };
    let (play, _) = Play::read(folder.path(), &scenario).expect("a scenario");
    let key = "front POST /buy#1 > middle POST /order#1";
    let scripts = (0..RUNS).map(|n| Script::of([Fault::call(key, Kind::Slow(u64::from(n) % 2))])).collect();
    let mut explorer = Explorer::replaying(Limits::default(), scripts);
    let began = Instant::now();
    explore(&mut stage, &play, &mut explorer, Duration::from_secs(600), |_| ()).await.expect("it runs");
    let runs = explorer.runs as f64 / began.elapsed().as_secs_f64();
    stage.strike().await.expect("it ends");
    (took, runs)
}

/// Seconds of the processor that a process took.
fn worked(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Requests that `wrk` got answered.
fn pressed(port: u16) -> f64 {
    let url = format!("http://127.0.0.1:{port}/");
    let output = Command::new("wrk").args(["-t1", "-c32", "-d5s", &url]).output().expect("wrk runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|l| l.contains("requests in")).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0.0)
}

fn nginx(folder: &Path, port: u16, location: &str) -> Child {
    let text = format!(
        "daemon off; master_process off; pid {0}/{port}.pid; error_log {0}/{port}.log; events {{}}\n\
         http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {0}; proxy_temp_path {0};\n\
         fastcgi_temp_path {0}; uwsgi_temp_path {0}; scgi_temp_path {0};\n\
         upstream back {{ server 127.0.0.1:7010; keepalive 64; keepalive_requests 1000000000; }}\n\
         server {{ listen 127.0.0.1:{port}; location / {{ {location} }} }} }}",
        folder.display()
    );
    let path = folder.join(format!("{port}.conf"));
    std::fs::write(&path, text).expect("it is written");
    let child = Command::new("nginx").arg("-p").arg(folder).arg("-c").arg(&path).spawn().expect("nginx starts");
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

async fn throughput() {
    let found = |name: &str| Command::new(name).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found("nginx") || !found("wrk") {
        println!("requests a second: nginx or wrk is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let back = nginx(folder.path(), 7010, "return 200 \"ok\";");
    let pass = "proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection \"\";";
    let other = nginx(folder.path(), 7011, pass);
    let (proxy, _both) = (other.id(), Ended(vec![back, other]));
    let before = worked(proxy);
    let (began, count) = (Instant::now(), pressed(7011));
    let (each, core) = (count / began.elapsed().as_secs_f64(), count / (worked(proxy) - before));
    println!("nginx as a proxy:  {each:>8.0} requests/s, {core:>8.0} for each second of a core");

    // A process that does nothing: its port is where the one above answers.
    let sleeper =
        Process { name: "web".to_owned(), command: "sleep 600".to_owned(), port: Some(7010), ..Process::default() };
    let settings = Settings { process: vec![sleeper], ..Settings::default() };
    let layout = Layout::of(folder.path(), &settings).expect("a layout");
    let stage = Stage::set(layout, Vec::new()).await.expect("a stage");
    stage.lead_to(0, 7010);
    let port = stage.entrance(0).expect("an entrance");
    let own = std::process::id();
    let before = worked(own);
    let began = Instant::now();
    let count = tokio::task::spawn_blocking(move || pressed(port)).await.expect("it is done");
    let (each, core) = (count / began.elapsed().as_secs_f64(), count / (worked(own) - before));
    println!("a proxy of ours:   {each:>8.0} requests/s, {core:>8.0} for each second of a core");
    stage.strike().await.expect("it ends");
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    // The bench's own arguments say nothing.
    let ([direct, through], runs) = runtime.block_on(staged());
    println!(
        "three services, one request: {direct:?} direct, {through:?} through all proxies, ×{:.2}",
        through.as_secs_f64() / direct.as_secs_f64()
    );
    println!("runs a second (a fault that does no harm): {runs:.1}");
    runtime.block_on(throughput());
}
