//! What the running system said, brought to whoever asks: folders of files, a store of one's own, a database.
//!
//! Invariant: a folder is read once and a store each time, since it grows; agents and editors have no machine but this one asked.

use crate::workspace::Folders;
use crate::{ClickHouse, HostError, Progress, Workspace};
use seam_engine::Refusal;
use seam_engine::incident::Recorded;
use std::path::Path;
use std::sync::Arc;

impl Workspace {
    /// Databases on other machines may be asked, too: whoever gives the address is a person who wrote it.
    pub fn ask_far(&mut self) {
        self.far = true;
    }

    /// What the running system said, as folders hold it, which are read once; or a database, which is asked each time.
    pub(crate) fn hear(&mut self, folders: Folders, request: &str) -> Result<Arc<Recorded>, Refusal> {
        if ClickHouse::is(&folders.0) {
            let usage = |e: HostError| {
                Refusal::usage(
                    e.to_string(),
                    "give `clickhouse://[USER@]HOST:8123/DATABASE`, and the password in `CLICKHOUSE_PASSWORD`",
                )
            };
            let database = ClickHouse::open(&folders.0, &|key| std::env::var(key).ok()).map_err(usage)?;
            if !self.far && !matches!(database.host(), "localhost" | "127.0.0.1" | "::1") {
                let message = format!(
                    "`{}` is another machine; agents and editors ask databases on this one only",
                    database.host()
                );
                let hint = "ask with `seam diagnose clickhouse://…` or `seam detect --telemetry clickhouse://…`, or forward its port to this machine";
                return Err(Refusal::usage(message, hint));
            }
            if folders.1.is_some() {
                let hint = "what is usual is read from the same tables: give it as a time, `FROM..TO`";
                return Err(Refusal::usage("a folder of normal telemetry cannot be compared with a database", hint));
            }
            return crate::telemetry::of_database(&database, request).map_err(usage);
        }
        if seam_store::Store::is(Path::new(&folders.0)) {
            return crate::telemetry::stored(Path::new(&folders.0), request).map_err(|e| {
                Refusal::usage(e.to_string(), "give a folder that `seam serve` keeps, or one with files")
            });
        }
        if let Some((known, recorded)) = &self.recorded
            && *known == folders
        {
            return Ok(recorded.clone());
        }
        let normal = folders.1.as_ref().map(Path::new);
        let recorded = crate::telemetry(Path::new(&folders.0), normal, &self.hearing).map_err(|e| {
            Refusal::usage(e.to_string(), "give a folder with spans, log lines or metrics as CSV or lines")
        })?;
        self.recorded = Some((folders, recorded.clone()));
        Ok(recorded)
    }

    /// Telemetry may have grown: it is read again when it is next asked about.
    pub fn hear_again(&mut self) {
        self.recorded = None;
    }

    /// How far reading telemetry is.
    pub fn hearing(&self) -> Arc<Progress> {
        self.hearing.clone()
    }
}
