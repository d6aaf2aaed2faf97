//! What went wrong, for people or as JSON, and the exit code that says so.

use seam_engine::{Refusal, RefusalKind};
use seam_host::HostError;
use std::process::ExitCode;

#[derive(Debug)]
pub enum Failure {
    /// Usage, or a refused request: 2.
    Refused(Refusal),
    /// The machine did not let us: 3.
    Internal(String),
    /// The reader of our output went away; nothing to say.
    Closed,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(refusal)
    }
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        let hint = match &error {
            HostError::Root { .. } => "give the path of a folder that exists and can be read",
            HostError::NotAFolder { .. } => "give the folder that contains it",
            HostError::Revision { .. } => "give a commit, branch or tag of the repository that the workspace lies in",
            HostError::Memory { .. } => "give a workspace's folder that can be written to",
            HostError::Telemetry { .. } => {
                "give `clickhouse://[USER@]HOST:8123/DATABASE`, and the password in `CLICKHOUSE_PASSWORD`"
            }
            HostError::Threads(_) | HostError::Watch { .. } | HostError::Store(_) => {
                return Failure::Internal(error.to_string());
            }
        };
        Failure::Refused(Refusal::usage(error.to_string(), hint))
    }
}

impl Failure {
    /// Writing failed.
    pub fn output(what: &str, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Internal(format!("cannot write {what}: {error}")),
        }
    }

    pub fn report(&self, json: bool) -> ExitCode {
        match self {
            Failure::Closed => ExitCode::SUCCESS,
            Failure::Refused(refusal) => {
                if json {
                    eprintln!("{}", serde_json::json!({ "version": seam_engine::VERSION, "error": refusal }));
                } else {
                    anstream::eprintln!("\x1b[1;31merror\x1b[0m: {}", refusal.message);
                    anstream::eprintln!("\x1b[1;36mhelp\x1b[0m: {}", refusal.hint);
                }
                match refusal.kind {
                    RefusalKind::Usage | RefusalKind::Unknown => ExitCode::from(2),
                }
            }
            Failure::Internal(message) => {
                anstream::eprintln!("\x1b[1;31merror\x1b[0m: {message}");
                ExitCode::from(3)
            }
        }
    }
}
