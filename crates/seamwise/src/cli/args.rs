//! What can be typed.

use super::learning::{Learn, Recall};
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Maps multi-service systems from their files: who serves what, who calls whom, and the line that proves it.
#[derive(Debug, Parser)]
#[command(name = "seam", version, propagate_version = true, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,

    /// Answer as JSON (errors too).
    #[arg(long, global = true)]
    pub json: bool,

    /// Do not use the fact cache.
    #[arg(long, global = true)]
    pub no_cache: bool,

    /// Keep the fact cache in this folder.
    #[arg(long, global = true, value_name = "FOLDER", conflicts_with = "no_cache")]
    pub cache: Option<PathBuf>,

    /// Threads to read with; 0 is one for each core.
    #[arg(long, global = true, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub threads: usize,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show which services there are and what passes between them.
    Map(Map),
    /// List services, stores and brokers, one line each.
    Services(Services),
    /// Show how one service reaches another.
    Path(Way),
    /// Show who is touched, at which line, if an element of a contract is renamed or removed: NAME or FILE:LINE.
    Impact(Impact),
    /// Show everything known at a place: FILE or FILE:LINE.
    At(At),
    /// Show where something is, by any part of its name.
    Find(Find),
    /// Show where a failure starts: from a stack trace, an error text, a failing test's output, or a folder of telemetry.
    Diagnose(Diagnose),
    /// Show what one has to know for a task, an error, a place or a diff, within a budget.
    Context(Context),
    /// Show why the map says something: a name or key in the map, a rule, or an extractor.
    Explain(Explain),
    /// Show what is wrong, or will go wrong, between services.
    Detect(Detect),
    /// Show the environment as a table: what deployments set, what code reads, and where they part.
    Drift(Drift),
    /// Show what changed between two versions of a contract, who breaks, and what to do.
    Plan(Plan),
    /// Start the services, ask them, and see what they do when calls between them fail.
    Verify(Verify),
    /// Remember what an incident, a verdict or a finding taught, so that the next answer is better.
    Learn(Learn),
    /// Show what is remembered that is like this.
    Recall(Recall),
    /// Walk through the whole loop on a system that really runs: an outage, its cause, two repairs, the verdict, what is learnt.
    Tour(Tour),
    /// List the rules of `detect`, and try the workspace's own (`seam/rules`).
    Rules(Rules),
    /// Put a question as JSON; the answer is JSON.
    Ask(Ask),
    /// Print the JSON schema of a question's request or answer.
    Schema(Schema),
    /// Write a commented `seam.toml`.
    Init(Init),
    /// Serve coding agents: the Model Context Protocol over standard input and output, or HTTP.
    Mcp(Mcp),
    /// Receive telemetry on this machine (OTLP over gRPC and HTTP) and keep it for `diagnose`; answer agents beside.
    Serve(Serve),
    /// Write or refresh a small section about the system in AGENTS.md, CLAUDE.md or .github/copilot-instructions.md.
    Agents(Agents),
    /// Serve an editor over standard input and output (the Language Server Protocol).
    Lsp(Lsp),
}

#[derive(Debug, clap::Args)]
pub struct Roots {
    /// Folders to read; several side by side form one system.
    #[arg(default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Lsp {
    /// Folders to read where the editor names none.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Accepted because clients pass it; there is no other way.
    #[arg(long, hide = true)]
    pub stdio: bool,
}

/// For commands whose own arguments are not folders.
#[derive(Debug, clap::Args)]
pub struct Within {
    /// The workspace's folder; repeat it for several side by side.
    #[arg(long = "in", default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// A deployment: a word of its files' paths or profiles.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Map {
    #[command(flatten)]
    pub roots: Roots,

    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,

    /// Only this service, store or broker and what it exchanges with others.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,

    /// Only nodes or interactions of this kind (`database`, `http`, `queue-publish`, `tool` …).
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,

    /// A deployment: a word of its files' paths or profiles.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// Tools too: observability, dashboards, administration, and endpoints that only a framework serves; for `edges`, hosts outside as well.
    #[arg(long)]
    pub all: bool,

    /// Show the map again whenever a file changes.
    #[arg(long)]
    pub watch: bool,

    /// Write to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    Table,
    /// Everything, with evidence; versioned.
    Json,
    /// `{"nodes": […], "edges": [[from, to, kind, "file:line"], …]}`.
    Edges,
    /// A Mermaid flowchart, for Markdown.
    Mermaid,
    /// Graphviz.
    Dot,
    /// A drawing.
    Svg,
    /// One file with the drawing and everything behind it to click through.
    Html,
}

#[derive(Debug, clap::Args)]
pub struct Services {
    #[command(flatten)]
    pub roots: Roots,

    /// A deployment: a word of its files' paths or profiles.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// Tools too: observability, dashboards, administration.
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, clap::Args)]
pub struct Way {
    pub from: String,
    pub to: String,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Impact {
    /// `shop.v1.Order.total`, the end of it (`Order.total`), `GET /orders/{id}`, `setting/STOCK_URL`, `topic/orders`, `orders.total` (a column),
    /// `port/orders`, or where it stands (`order.proto:12`, `src/app.py:20`).
    #[arg(value_name = "NAME|FILE:LINE")]
    pub what: String,
    /// What is done to it.
    #[arg(long, value_enum, default_value_t = ImpactChange::Rename)]
    pub change: ImpactChange,
    #[arg(long, value_enum, default_value_t = ImpactReport::Text)]
    pub format: ImpactReport,
    /// Exit with 1 if this breaks anything.
    #[arg(long, value_enum)]
    pub fail_on: Option<FailGrade>,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImpactChange {
    Rename,
    Remove,
    Type,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImpactReport {
    Text,
    Json,
    Markdown,
    Mermaid,
    /// SARIF 2.1.0: every line that the change breaks.
    Sarif,
}

#[derive(Debug, clap::Args)]
pub struct At {
    /// `src/orders.py:42`; without a line, the whole file.
    #[arg(value_name = "FILE:LINE")]
    pub place: String,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Find {
    /// A name, a part of one, several words, or a path as a caller writes it (`/books/42`).
    #[arg(value_name = "WORDS", required = true)]
    pub query: Vec<String>,

    /// Only these kinds (`endpoint`, `operation`, `contract`, `setting`, `symbol`, `type`, `rule`, `finding`, `service` …);
    /// repeat it, or separate with commas.
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    pub kinds: Vec<String>,

    /// How many hits at most.
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,

    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Context {
    /// What is to be done or found out; names and log messages as they are.
    #[arg(value_name = "TASK")]
    pub task: Vec<String>,

    /// A log line, exception or stack trace.
    #[arg(long, value_name = "TEXT")]
    pub error: Option<String>,

    /// A place that it is about.
    #[arg(long, value_name = "FILE:LINE")]
    pub at: Option<String>,

    /// A change as a unified diff; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub diff: Option<PathBuf>,

    /// A service that it is about.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,

    /// How large the answer may be, in tokens (bytes of its JSON divided by 4).
    #[arg(long, value_name = "TOKENS")]
    pub budget: Option<u32>,

    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Diagnose {
    /// Telemetry: a folder with OTLP, Jaeger, Zipkin, Prometheus, CSV or lines (`telemetry.toml` in it may say what columns are), a
    /// store that `seam serve` keeps, or a ClickHouse database with the tables of OpenTelemetry's exporter:
    /// `clickhouse://[USER@]HOST:8123/DATABASE`, its password in `CLICKHOUSE_PASSWORD`.
    #[arg(value_name = "TELEMETRY", required_unless_present = "error")]
    pub telemetry: Option<PathBuf>,

    /// With telemetry: folders of the code, for files and lines, timeouts, retries and asynchronous edges.
    #[arg(value_name = "PATH")]
    pub code: Vec<PathBuf>,

    /// When it was noticed: `2024-05-01T10:00:00Z`, or `10:00` on the day of the telemetry (UTC).
    #[arg(long, value_name = "TIME", conflicts_with = "window")]
    pub at: Option<String>,

    /// What is to be explained: `FROM..TO`. Without it and `--at`, the time that stands out most is looked for.
    #[arg(long, value_name = "FROM..TO")]
    pub window: Option<String>,

    /// What is usual: `FROM..TO`, or a folder with normal telemetry. All that comes before, unless given.
    #[arg(long, value_name = "FROM..TO|FOLDER")]
    pub baseline: Option<String>,

    /// How long a window is: `30s`, `5m`. By how much is recorded, unless given.
    #[arg(long, value_name = "LENGTH")]
    pub step: Option<String>,

    /// Where it was noticed: a service, with `:latency` or `:failures` behind it.
    #[arg(long, value_name = "SERVICE")]
    pub symptom: Option<String>,

    /// A file with a stack trace, an error text, an excerpt of a log or a failing test's output; `-` reads standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "telemetry")]
    pub error: Option<PathBuf>,

    /// The service that said it, where the text does not.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,

    /// How many suspects at most.
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,

    /// With telemetry: `html` is one page with the system, courses over time and a trace.
    #[arg(long, value_enum, default_value_t = DiagnoseReport::Text)]
    pub format: DiagnoseReport,

    /// Write to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Answer as if nothing had been learnt from earlier incidents.
    #[arg(long)]
    pub no_memory: bool,

    #[command(flatten)]
    pub within: Within,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DiagnoseReport {
    Text,
    Json,
    Html,
}

#[derive(Debug, clap::Args)]
pub struct Explain {
    /// `orders`, `edge/orders/http/cart`, `endpoint/orders/GET /orders/{id}`, a rule such as `call-cycle`, or an extractor such as `spring`.
    #[arg(value_name = "KEY|RULE|EXTRACTOR")]
    pub what: String,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Detect {
    #[command(flatten)]
    pub roots: Roots,

    /// Only these rules, or groups of rules; repeat it, or separate with commas.
    #[arg(long = "rule", value_name = "RULE", value_delimiter = ',')]
    pub rules: Vec<String>,

    /// This severity and what is worse: `error`, `warning` or `note`.
    #[arg(long, value_name = "SEVERITY", default_value = "note")]
    pub severity: String,

    /// `stated`: only what needs no inference.
    #[arg(long, value_name = "CERTAINTY")]
    pub certainty: Option<String>,

    /// Only findings about this service, store or broker.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,

    /// A deployment: a word of its files' paths or profiles. Repeat it to see which findings hold in which.
    #[arg(long = "profile", value_name = "NAME", value_delimiter = ',')]
    pub profiles: Vec<String>,

    /// Rules that are too often wrong as well.
    #[arg(long)]
    pub nursery: bool,

    /// Answer as if nothing had been learnt of these findings.
    #[arg(long)]
    pub no_memory: bool,

    #[arg(long, value_enum, default_value_t = Report::Text)]
    pub format: Report,

    /// Write to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Only what is new since this commit, branch or tag.
    #[arg(long, value_name = "REVISION")]
    pub since: Option<String>,

    /// Leave out the findings that this file lists.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,

    /// Write all present findings to this file, to be given as `--baseline` from now on.
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,

    /// From which severity on the exit code is 1.
    #[arg(long, value_enum, default_value_t = FailOn::Warning)]
    pub fail_on: FailOn,

    /// Look at what the running system said: a folder with spans, log lines or metrics, a store that `seam serve` keeps,
    /// or `clickhouse://[USER@]HOST:8123/DATABASE`.
    /// Calls that nothing states, repeated effects, orphaned work, and what changed over time or between versions.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["since", "write_baseline"])]
    pub telemetry: Option<PathBuf>,

    /// Look at it again and again, and say what is new, until stopped; of a store that `seam serve` keeps the last hour.
    #[arg(long, requires = "telemetry", conflicts_with_all = ["output", "format"])]
    pub live: bool,

    /// With telemetry: only this time; what comes before it tells what is usual.
    #[arg(long, value_name = "FROM..TO", requires = "telemetry")]
    pub window: Option<String>,

    /// With telemetry: what is usual, as a time or another folder. All that comes before, unless given.
    #[arg(long, value_name = "FROM..TO|FOLDER", requires = "telemetry")]
    pub normal: Option<String>,

    /// With telemetry: how long a slice of time is: `30s`, `5m`. By how much is recorded, unless given.
    #[arg(long, value_name = "LENGTH", requires = "telemetry")]
    pub step: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Tour {
    /// A workspace with a tour; Seamwise's own `workspaces/kiosk` unless given.
    #[arg(value_name = "FOLDER")]
    pub workspace: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Verify {
    #[command(flatten)]
    pub roots: Roots,

    /// The state before the change: a commit, branch or tag. The last commit, if something differs from it.
    #[arg(long, value_name = "REVISION", conflicts_with = "replay")]
    pub base: Option<String>,

    /// Only these proofs: `gate` (findings and contracts), `tests`, `model` (what policies allow, nothing started), `exploration` (under
    /// faults), `comparison` (base against change).
    #[arg(long, value_name = "PROOF", value_delimiter = ',', conflicts_with = "replay")]
    pub only: Vec<String>,

    /// Only these scenarios of `seam.toml`.
    #[arg(long, value_name = "NAME")]
    pub scenario: Vec<String>,

    /// Every test of every service, not only those that the change can reach.
    #[arg(long)]
    pub all_tests: bool,

    /// How long all tests together may take.
    #[arg(long, default_value = "10m", value_name = "TIME")]
    pub test_budget: String,

    /// A deployment: a word of its files' paths or profiles.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// How long to explore each scenario (`90`, `120s`, `5m`); what was not reached is said.
    #[arg(long, default_value = "120s", value_name = "TIME")]
    pub budget: String,

    /// Faults at once, at most: with 2, calls that only a fault makes happen are faulted too.
    #[arg(long, default_value_t = 1, value_name = "K")]
    pub faults: usize,

    /// Try in the order in which it would be tried if nothing had been learnt.
    #[arg(long)]
    pub no_memory: bool,

    /// Try the faults of a replay file again, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub replay: Option<PathBuf>,

    /// Judge nothing, and write to this folder what was seen, as telemetry for `seam diagnose`: runs without faults in `normal` and,
    /// with `--replay`, as many with its faults in `faults`, at most one a second.
    #[arg(long, value_name = "FOLDER")]
    pub record: Option<PathBuf>,

    /// How many runs of each are recorded.
    #[arg(long, default_value_t = 20, value_name = "N", requires = "record")]
    pub times: usize,

    /// Print what would be run, started, led elsewhere and injected; start nothing.
    #[arg(long)]
    pub dry_run: bool,

    #[arg(long, value_enum, default_value_t = VerifyReport::Text)]
    pub format: VerifyReport,

    /// Where replay files of findings go; `.seam/replays` in the workspace unless given.
    #[arg(long, value_name = "FOLDER")]
    pub replays: Option<PathBuf>,

    /// Weak findings in full as well.
    #[arg(long)]
    pub all: bool,

    /// Start nothing, and write faults that were found for your own environment: those of `--replay FILE` (a replay file, or what `seam
    /// verify --json` said), or else of all replay files in `--replays`.
    #[arg(long, value_enum, value_name = "TOOL", conflicts_with_all = ["record", "base", "only"])]
    pub emit: Option<Emitted>,

    /// Where `--emit` writes to; standard output unless given.
    #[arg(long, value_name = "FILE", requires = "emit")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Emitted {
    /// An override that puts Toxiproxy before each edge.
    Compose,
    /// A script for Toxiproxy's HTTP API.
    Toxiproxy,
    /// VirtualServices of Istio.
    Mesh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum VerifyReport {
    Text,
    Json,
    Junit,
    /// One file with sequence diagrams, without network.
    Html,
}

#[derive(Debug, clap::Args)]
pub struct Plan {
    /// The workspace's folders, and what changes: patch files (`-` reads standard input) or a range of revisions: `A..B`, or `A...B`
    /// for what B has done since it left A. Without any, what is not committed.
    #[arg(value_name = "PATH|PATCH|A..B", conflicts_with = "contract")]
    pub what: Vec<String>,

    /// The older state: a commit, branch or tag. The last commit unless given; with patches, the files as they are.
    #[arg(long, value_name = "REVISION", conflicts_with = "contract")]
    pub base: Option<String>,

    /// Answer as if nothing had been learnt.
    #[arg(long, conflicts_with = "contract")]
    pub no_memory: bool,

    /// Compare several changes, each a patch file or a revision: what each touches, and which one is best.
    #[arg(long, num_args = 1.., value_name = "PATCH|REVISION", conflicts_with = "contract")]
    pub compare: Vec<String>,

    /// A deployment: a word of its files' paths or profiles.
    #[arg(long, value_name = "NAME", conflicts_with = "contract")]
    pub profile: Option<String>,

    /// Two versions of a contract: OpenAPI, AsyncAPI, `.proto`, GraphQL, Avro, JSON Schema, SQL. Each is a file, a folder
    /// (of `.proto`, `.graphql`, `.sql` files), or `REV:path`. The exit code is 1 if something breaks. With more than two,
    /// the last one is compared with each before it.
    #[arg(long, num_args = 2.., value_name = "BASE REVISION")]
    pub contract: Vec<String>,

    #[arg(long, value_enum, default_value_t = PlanReport::Table)]
    pub format: PlanReport,

    /// From which grade on a change makes the exit code 1; left out: what breaks and leaves somebody behind (of two contracts: what
    /// breaks or may break).
    #[arg(long, value_enum)]
    pub fail_on: Option<FailGrade>,

    /// Safe changes as well.
    #[arg(long)]
    pub all: bool,

    /// Write to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// `openapi`, `asyncapi`, `protobuf`, `graphql`, `avro`, `json-schema` or `sql`, where the text does not say it.
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,

    /// For Avro and JSON Schema: `backward`, `forward` or `full`.
    #[arg(long, value_name = "LEVEL")]
    pub compatibility: Option<String>,

    /// Sunsets are judged as of this day (`YYYY-MM-DD`); left out: today.
    #[arg(long, value_name = "DAY")]
    pub today: Option<String>,

    /// Ask for another major version of an OpenAPI description that breaks.
    #[arg(long)]
    pub versioning: bool,

    /// Leave out packages of protocol buffers that say they are not stable (`v1beta1`).
    #[arg(long)]
    pub stable_only: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanReport {
    /// For a terminal.
    Table,
    /// Everything; versioned.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// For a review comment.
    Markdown,
    /// Who is touched, as a drawing in Markdown (not of two contracts).
    Mermaid,
    /// One page without network: who is touched, drawn, with lines and steps (not of two contracts).
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailGrade {
    /// What is sent no longer arrives.
    Wire,
    /// Or JSON is refused or read differently.
    Json,
    /// Or code that is generated no longer builds.
    Source,
    /// Or something else happens than before.
    Behaviour,
    /// Any change.
    Any,
    Never,
}

#[derive(Debug, clap::Args)]
pub struct Rules {
    #[command(flatten)]
    pub roots: Roots,

    /// Try the workspace's own rules on the systems of their pages. The exit code is 1 if one is not as its page says.
    #[arg(long)]
    pub check: bool,

    /// Start a rule of the workspace's own: writes `seam/rules/NAME.md`.
    #[arg(long, value_name = "NAME", conflicts_with = "check")]
    pub new: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct Drift {
    #[command(flatten)]
    pub roots: Roots,

    /// Compare with a running environment: a file with the output of `env`, `docker inspect` or `kubectl get -o yaml`; `-` for
    /// standard input. The exit code is 1 if it lacks something that code needs.
    #[arg(long, value_name = "FILE")]
    pub live: Vec<PathBuf>,

    /// Only this service; with `--live`, the service that runs.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,

    /// A deployment: a word of its files' paths or profiles.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// What agrees as well.
    #[arg(long)]
    pub all: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Report {
    /// For a terminal, with code frames.
    Text,
    /// One line for each finding.
    Short,
    /// Everything; versioned.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// JUnit's XML, for build servers.
    Junit,
    /// For a review comment.
    Markdown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

#[derive(Debug, clap::Args)]
pub struct Ask {
    /// One of the questions: `map`, `services`, `find`, `context`, `at`, `path`, `explain`, `detect` … A wrong name lists them.
    pub name: String,
    /// The request, as the question's schema says.
    #[arg(default_value = "{}", value_name = "JSON")]
    pub request: String,
    /// The workspace's folder; repeat it for several side by side.
    #[arg(long = "in", default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Schema {
    /// One of the questions: `map`, `services`, `find`, `context`, `at`, `path`, `explain`, `detect` … A wrong name lists them.
    pub name: String,
    /// The request's schema instead of the answer's.
    #[arg(long)]
    pub request: bool,
}

#[derive(Debug, clap::Args)]
pub struct Mcp {
    #[command(flatten)]
    pub roots: Roots,

    /// Serve streamable HTTP on this address of this machine (a port, or `127.0.0.1:PORT`; 7397 unless given) instead; asks
    /// for a token, which is printed on standard error.
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub http: Option<String>,

    /// Take the token from this file.
    #[arg(long, value_name = "FILE", requires = "http")]
    pub token_file: Option<PathBuf>,

    /// Ask for no token: every program of this machine may ask.
    #[arg(long, requires = "http", conflicts_with = "token_file")]
    pub no_token: bool,

    /// Print what a client's configuration wants, and where it belongs.
    #[arg(long, value_enum, value_name = "CLIENT", conflicts_with = "http")]
    pub print_config: Option<crate::mcp::clients::Client>,
}

#[derive(Debug, clap::Args)]
pub struct Serve {
    #[command(flatten)]
    pub roots: Roots,

    /// Keep telemetry in this folder; unless given, in the user's data folder.
    #[arg(long, value_name = "FOLDER")]
    pub telemetry: Option<PathBuf>,

    /// Take OTLP over gRPC on this address of this machine.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4317")]
    pub grpc: String,

    /// Take OTLP over HTTP on this address of this machine; `/metrics` there speaks of the receiver itself.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4318")]
    pub http: String,

    /// Remove the oldest telemetry when there is more; 0 is never.
    #[arg(long, value_name = "SIZE", default_value = "20G")]
    pub keep: String,

    /// Remove telemetry that is older, in days; 0 is never.
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub keep_days: u64,

    /// Sync the journal before every answer: what was accepted survives a failure of the machine too, at a price in speed.
    #[arg(long)]
    pub sync: bool,

    /// Answer agents over HTTP as well, as `seam mcp --http` does, about the system in PATH.
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub mcp: Option<String>,

    /// Take the token for `--mcp` from this file.
    #[arg(long, value_name = "FILE", requires = "mcp")]
    pub token_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Agents {
    /// The files; unless given, those of the three that exist in the workspace's folder, or else AGENTS.md.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Write nothing; the exit code is 1 where a file is not as it would be written.
    #[arg(long)]
    pub check: bool,

    /// The workspace's folder; repeat it for several side by side.
    #[arg(long = "in", default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Init {
    /// The folder to write it to.
    #[arg(default_value = ".", value_name = "PATH")]
    pub path: PathBuf,

    /// With processes for `seam verify`, proposed from deployment files and code: look at them before you run it.
    #[arg(long)]
    pub processes: bool,
}
