//! What `seam.toml` says under `[verify]`: which processes make the system, what is asked of it, where its state is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the system is started and tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Processes, in the order in which they start.
    pub process: Vec<Process>,
    /// What is asked of the system.
    pub scenario: Vec<Scenario>,
    /// Stores whose content is compared before and after.
    pub store: Vec<Store>,
    /// Calls of one operation under one request, where an undisturbed run makes one (4).
    pub attempts: Option<u32>,
    /// How long a reply is held until the caller gives up, in milliseconds (5500).
    pub patience: Option<u64>,
    /// How many copies of the system run side by side, each with processes, ports and stores of its own, and scenarios of its own (1). For
    /// that, what a command writes has to stand where `${lane}` says.
    pub lanes: Option<u32>,
    /// Hosts beyond this machine that services may reach; without any they reach none.
    pub hosts: Vec<String>,
    /// How tests of services run, where their folders do not say it or say it otherwise.
    pub test: Vec<Test>,
    /// What makes a fresh checkout ready to be started (installs, builds): run in the older state before it is compared.
    pub prepare: Option<String>,
}

/// A process of the system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Process {
    pub name: String,
    /// What a shell runs. `${port}` is the port to listen on, `${NAME.url}`, `${NAME.host}`, `${NAME.port}` lead to another process,
    /// `${lane}` is the copy's number.
    pub command: String,
    /// Where it runs, relative to `seam.toml`.
    pub folder: Option<String>,
    /// Its environment, beside that of this program; the same placeholders.
    pub env: BTreeMap<String, String>,
    /// A file of `KEY=value` lines, relative to `seam.toml`.
    pub env_file: Option<String>,
    /// The port that it listens on by itself; several processes may have the same.
    pub port: Option<u16>,
    /// Another port under which this machine shows it (`8000` of `8000:80`).
    pub published: Option<u16>,
    /// Names by which others call it, beside its own.
    pub hosts: Vec<String>,
    /// A path that answers below 500 when it is ready; otherwise an open port is enough.
    pub ready: Option<String>,
}

/// What is asked of the system, again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    pub name: String,
    /// A file of requests (`.http`), relative to `seam.toml`.
    pub http: Option<String>,
    /// Or any command; it sees the same addresses as the services.
    pub command: Option<String>,
    pub folder: Option<String>,
    pub env: BTreeMap<String, String>,
    /// The command knows of faults (`SEAM_FAULTS`, JSON), so that its exit code counts under them too.
    pub judges: bool,
}

/// A store of the system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Store {
    pub name: String,
    /// As the services would write it: `redis://:password@order-db:6379/0`, `postgres://…`, `sqlite:path`, `http://orders:8000/all`.
    pub address: String,
}

/// How a service's tests run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "ServiceTest")]
pub struct Test {
    /// As the map calls it.
    pub service: String,
    /// What a shell runs; `${files}` are the files of tests that are wanted. Empty: the service has no tests, on purpose.
    pub command: String,
    /// Where it runs, relative to `seam.toml`.
    pub folder: Option<String>,
    pub env: BTreeMap<String, String>,
}
