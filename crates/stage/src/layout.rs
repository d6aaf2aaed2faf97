//! Who is on the stage, under which names and ports.
//!
//! Invariant: it is a plan; nothing is started or opened by it. Every member has a loopback address of its own, so that two that
//! listen on the same port are told apart by name.

use crate::StageError;
use seam_verify::settings::{Process, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The system as it will be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    pub root: PathBuf,
    pub members: Vec<Member>,
    pub settings: Settings,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub process: Process,
    pub folder: PathBuf,
    /// What its env file and settings say, placeholders unfilled.
    pub env: BTreeMap<String, String>,
    /// Its own loopback address: what its names lead to.
    pub address: String,
}

impl Member {
    pub fn name(&self) -> &str {
        &self.process.name
    }

    /// All names by which others call it.
    pub fn names(&self) -> Vec<&str> {
        let own = std::iter::once(self.process.name.as_str());
        own.chain(self.process.hosts.iter().map(String::as_str)).collect()
    }
}

impl Layout {
    pub fn of(root: &Path, settings: &Settings) -> Result<Layout, StageError> {
        let mut names = BTreeSet::new();
        let mut members = Vec::new();
        for (at, process) in settings.process.iter().enumerate() {
            if process.name.is_empty() || process.command.is_empty() {
                return Err(StageError::settings(
                    format!("process {} of `[verify]` has no name or no command", at + 1),
                    "write `name = \"orders\"` and `command = \"…\"` under `[[verify.process]]`",
                ));
            }
            for name in std::iter::once(&process.name).chain(&process.hosts) {
                if !names.insert(name.clone()) {
                    return Err(StageError::settings(
                        format!("two processes of `[verify]` are called `{name}`"),
                        "a name leads to one process",
                    ));
                }
            }
            let mut env = match &process.env_file {
                Some(file) => dotenv(&root.join(file))?,
                None => BTreeMap::new(),
            };
            env.extend(process.env.clone());
            members.push(Member {
                folder: process.folder.as_ref().map_or_else(|| root.to_owned(), |f| root.join(f)),
                env,
                address: format!("127.77.{}.{}", at / 250, at % 250 + 1),
                process: process.clone(),
            });
        }
        if members.is_empty() {
            return Err(StageError::settings(
                "there is nothing to start",
                "say under `[[verify.process]]` in `seam.toml` what starts the services: `name`, `command`, `port`",
            ));
        }
        Ok(Layout { root: root.to_owned(), members, settings: settings.clone() })
    }

    /// Ports that only one member has: `localhost:PORT` can only mean it.
    pub fn alone(&self, port: u16) -> bool {
        self.members.iter().filter(|m| m.process.port == Some(port) || m.process.published == Some(port)).count() == 1
    }

    pub fn member(&self, host: &str) -> Option<usize> {
        self.members.iter().position(|m| m.names().contains(&host))
    }

    /// Whom a URL's host and port mean.
    pub fn at(&self, host: &str, port: u16) -> Option<usize> {
        if let Some(at) = self.member(host) {
            return Some(at);
        }
        let local = matches!(host, "localhost" | "0.0.0.0" | "[::1]" | "::1") || host.starts_with("127.");
        let published = self.members.iter().position(|m| m.process.published == Some(port));
        let own = || self.members.iter().position(|m| m.process.port == Some(port));
        local.then(|| published.or_else(own)).flatten()
    }
}

/// `KEY=value` lines, quotes taken off.
fn dotenv(path: &Path) -> Result<BTreeMap<String, String>, StageError> {
    let text = std::fs::read_to_string(path).map_err(|e| StageError::io("read", &path.display().to_string(), &e))?;
    let mut out = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        if let Some((key, value)) = line.split_once('=') {
            let value = value.trim();
            let quoted = value.len() > 1 && value.starts_with(['"', '\'']) && value.ends_with(&value[..1]);
            out.insert(
                key.trim().to_owned(),
                if quoted { value[1..value.len() - 1].to_owned() } else { value.to_owned() },
            );
        }
    }
    Ok(out)
}

/// The text with its addresses led elsewhere: `${…}` by names of the workspace, and `host:port` where a name is known.
pub fn rewritten(text: &str, fill: impl Fn(&str) -> Option<String>, lead: &BTreeMap<(String, u16), u16>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        match fill(name) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&format!("${{{name}}}")),
        }
        rest = behind;
    }
    out.push_str(rest);
    for ((host, port), real) in lead {
        out = led(&out, &format!("{host}:{port}"), &format!("127.0.0.1:{real}"));
    }
    out
}

/// Replaces whole addresses: `order:80` is not in `reorder:80` nor in `order:8080`.
fn led(text: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, behind) = (&rest[..at], &rest[at + from.len()..]);
        let inside = before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || "-_.".contains(c));
        let goes_on = behind.starts_with(|c: char| c.is_ascii_digit());
        out.push_str(before);
        out.push_str(if inside || goes_on { from } else { to });
        rest = behind;
    }
    out + rest
}

/// What a member would be started as, in words.
pub fn told(member: &Member) -> String {
    let port = member.process.port.map_or_else(String::new, |p| format!(", listens on {p}"));
    format!("{}: `{}` in {}{port}", member.name(), member.process.command, member.folder.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_led_and_nothing_else() {
        let lead = BTreeMap::from([(("order".to_owned(), 80), 41_000)]);
        let fill = |name: &str| (name == "port").then(|| "5001".to_owned());
        let text = |t: &str| rewritten(t, fill, &lead);
        assert_eq!(text("http://order:80/x"), "http://127.0.0.1:41000/x");
        assert_eq!(text("http://reorder:80,order:8080"), "http://reorder:80,order:8080");
        assert_eq!(text("-p ${port} ${HOME}"), "-p 5001 ${HOME}");
    }
}
