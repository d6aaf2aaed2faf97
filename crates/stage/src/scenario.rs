//! Performing what is asked of the system: a file of requests, or a command.

use crate::StageError;
use crate::process::Running;
use crate::stage::Stage;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use seam_verify::fault::{Script, Spot};
use seam_verify::http_file::{Ask, Known};
use seam_verify::settings::Scenario;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long one request, or a whole command, may take.
const REQUEST: Duration = Duration::from_secs(60);
const COMMAND: Duration = Duration::from_secs(120);

/// A scenario that was read.
#[derive(Clone, Debug)]
pub enum Play {
    Http { name: String, asks: Vec<Ask> },
    Command { name: String, command: String, folder: PathBuf, env: BTreeMap<String, String>, judges: bool },
}

impl Play {
    pub fn name(&self) -> &str {
        match self {
            Play::Http { name, .. } | Play::Command { name, .. } => name,
        }
    }

    /// What it asks, in words.
    pub fn told(&self) -> String {
        match self {
            Play::Http { asks, .. } => asks.iter().map(|a| format!("ask {} {}\n", a.method, a.url)).collect(),
            Play::Command { command, folder, .. } => format!("run `{command}` in {}\n", folder.display()),
        }
    }

    /// Its exit code counts under faults too.
    pub fn judges(&self) -> bool {
        match self {
            Play::Http { .. } => false,
            Play::Command { judges, .. } => *judges,
        }
    }

    /// Reads what a scenario names; the lines that are not understood beside it.
    pub fn read(root: &std::path::Path, scenario: &Scenario) -> Result<(Play, Vec<String>), StageError> {
        let name = scenario.name.clone();
        match (&scenario.http, &scenario.command) {
            (Some(file), None) => {
                let path = root.join(file);
                let text = std::fs::read_to_string(&path)
                    .map_err(|e| StageError::io("read", &path.display().to_string(), &e))?;
                let (asks, problems) = seam_verify::http_file::parse(&text);
                Ok((Play::Http { name, asks }, problems))
            }
            (None, Some(command)) => {
                let folder = scenario.folder.as_ref().map_or_else(|| root.to_owned(), |f| root.join(f));
                let (command, env) = (command.clone(), scenario.env.clone());
                Ok((Play::Command { name, command, folder, env, judges: scenario.judges }, Vec::new()))
            }
            _ => Err(StageError::settings(
                format!("scenario `{name}` has no file of requests or command, or both"),
                "write `http = \"buy.http\"` or `command = \"…\"` under `[[verify.scenario]]`",
            )),
        }
    }

    /// Performs it; whether it is content.
    pub async fn perform(&self, stage: &Stage, script: &Script) -> Result<bool, StageError> {
        match self {
            Play::Http { asks, .. } => {
                // What fails again and again is to show what becomes of the rest.
                let on = script.faults.iter().any(|f| matches!(f.at, Spot::Every(_)));
                requests(stage, asks, on).await
            }
            Play::Command { name, command, folder, env, .. } => {
                let mut env = stage.env(None, env);
                env.insert("SEAM_FAULTS".to_owned(), serde_json::to_string(script).unwrap_or_default());
                let mut running = Running::start(name, command, folder, &env)?;
                match tokio::time::timeout(COMMAND, running.wait()).await {
                    Ok(status) => {
                        let done = status.is_ok_and(|s| s.success());
                        running.stop(Duration::ZERO).await;
                        Ok(done)
                    }
                    Err(_) => {
                        running.stop(Duration::from_millis(200)).await;
                        Ok(false)
                    }
                }
            }
        }
    }
}

/// Asks one after the other until one fails; `on`: all of them.
async fn requests(stage: &Stage, asks: &[Ask], on: bool) -> Result<bool, StageError> {
    let (mut known, mut all) = (Known::default(), true);
    for ask in asks {
        known.before(ask);
        let url = known.fill(&ask.url);
        let (host, port, path) = parts(&url).ok_or_else(|| {
            StageError::settings(format!("line {}: `{url}` is no address", ask.line), "write `http://host:port/path`")
        })?;
        let Some(entrance) = stage.layout.at(&host, port).and_then(|at| stage.entrance(at)) else {
            return Err(StageError::settings(
                format!("line {}: nobody listens at `{host}:{port}`", ask.line),
                "use the name or the port of a process under `[[verify.process]]`",
            ));
        };
        let headers: Vec<(String, String)> = ask.headers.iter().map(|(n, v)| (n.clone(), known.fill(v))).collect();
        let authority = format!("{host}:{port}");
        let sent = send(entrance, &ask.method, &path, &authority, &headers, known.fill(&ask.body));
        let answer = tokio::time::timeout(REQUEST, sent).await;
        let Ok(Ok((status, body, back))) = answer else {
            if on {
                all = false;
                continue;
            }
            return Ok(false);
        };
        known.after(ask, &body, back);
        let fine = ask.expect.map_or(status < 400, |expected| expected == status);
        all &= fine;
        if !fine && !on {
            return Ok(false);
        }
    }
    Ok(all)
}

/// Host, port and path of an address.
fn parts(url: &str) -> Option<(String, u16, String)> {
    let rest = url.strip_prefix("http://").or_else(|| (!url.contains("://")).then_some(url))?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, 80),
    };
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    (!host.is_empty()).then(|| (host.to_owned(), port, path))
}

type Answer = (u16, String, BTreeMap<String, String>);

pub(crate) async fn get(port: u16, path: &str) -> Result<Answer, String> {
    send(port, "GET", path, &format!("127.0.0.1:{port}"), &[], String::new()).await
}

async fn send(
    port: u16,
    method: &str,
    path: &str,
    host: &str,
    headers: &[(String, String)],
    body: String,
) -> Result<Answer, String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(|e| e.to_string())?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path.replace(' ', "%20"));
    if !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("host")) {
        request = request.header("host", host);
    }
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|e| e.to_string())?;
    let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|e| e.to_string())?.to_bytes();
    let back = head.headers.iter().filter_map(|(n, v)| Some((n.to_string(), v.to_str().ok()?.to_owned()))).collect();
    Ok((head.status.as_u16(), String::from_utf8_lossy(&body).into_owned(), back))
}
