//! What can be typed after `seam learn` and `seam recall`.

use clap::Subcommand;
use std::path::PathBuf;

use super::args::Within;

#[derive(Debug, clap::Args)]
pub struct Learn {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// Record an incident: from a diagnosis (`--json`), a post-mortem in Markdown, flags, or step by step on a terminal.
    Incident(Incident),
    /// Record that a finding is no hazard here, and why: `seam detect` leaves it out as long as it says the same.
    Dismiss(Dismiss),
    /// Record that a finding was put to the test: it broke, or it held.
    Verdict(Verdict),
    /// Say that a memory does not hold. It stays, and so does the reason.
    Retract(Retract),
    /// Put a corrected memory in the place of another, which stays; without flags in your editor.
    Edit(Edit),
    /// List what is remembered, the newest first.
    List(List),
    /// Show one memory as a whole.
    Show(Show),
    /// Look through the history of commits for services that change together and for reverts: weak hints.
    FromGit(FromGit),
    /// Record findings that were dismissed elsewhere: SARIF with suppressions, JSON, or CSV `finding,reason`.
    FromAlerts(FromAlerts),
    /// Record what `seam verify --json` printed: findings that it confirmed or refuted.
    FromVerify(FromAlerts),
    /// Propose a rule of the workspace's own and a replay file from an incident; each is kept only if it tells faulty from repaired.
    Guard(Guard),
    /// Write all memories to one file, to be imported elsewhere.
    Export(Export),
    /// Keep the memories of such a file, or of a folder.
    Import(Import),
}

/// What may be said of an entry.
#[derive(Debug, Default, clap::Args)]
pub struct Fields {
    /// What happened, in a line.
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
    /// When it happened: `2024-05-01`; today unless given.
    #[arg(long, value_name = "DATE")]
    pub date: Option<String>,
    /// What was seen.
    #[arg(long, value_name = "TEXT")]
    pub seen: Option<String>,
    /// What was at fault: a service, store or broker, or a key of the map (`edge/orders/http/cart`). Repeat it.
    #[arg(long, value_name = "NAME|KEY")]
    pub cause: Vec<String>,
    /// Why, in words.
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
    /// The kind of fault: `code`, `failing`, `silent`, `setting`, `processor`, `memory`, `disk`, `queue`, `pool`, `compute`, `network`, `waiting`, `slow`.
    #[arg(long, value_name = "KIND")]
    pub fault: Option<String>,
    /// An operation or a place in code.
    #[arg(long, value_name = "PLACE")]
    pub place: Option<String>,
    /// What mended it.
    #[arg(long, value_name = "TEXT")]
    pub fix: Option<String>,
    /// The commit that mended it.
    #[arg(long, value_name = "REVISION")]
    pub commit: Option<String>,
    /// How it was proved.
    #[arg(long, value_name = "TEXT")]
    pub proof: Option<String>,
    /// What would have caught it.
    #[arg(long, value_name = "TEXT")]
    pub caught: Option<String>,
    /// A service that it touched. Repeat it.
    #[arg(long = "touched", value_name = "NAME")]
    pub touched: Vec<String>,
    /// A log line or message that tells it. Repeat it.
    #[arg(long, value_name = "TEXT")]
    pub message: Vec<String>,
    /// A finding that it confirms: its key.
    #[arg(long, value_name = "KEY")]
    pub finding: Option<String>,
    /// A rule that it confirms.
    #[arg(long, value_name = "RULE")]
    pub rule: Option<String>,
    /// Where it is told at length.
    #[arg(long, value_name = "URL|FILE")]
    pub source: Option<String>,
    /// It says nothing outside of this service. Repeat it.
    #[arg(long, value_name = "NAME")]
    pub scope: Vec<String>,
    /// How much it counts, from 0 to 1.
    #[arg(long, value_name = "WEIGHT")]
    pub weight: Option<f64>,
    /// Days after which it counts half.
    #[arg(long, value_name = "DAYS")]
    pub half_life: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub struct Incident {
    /// A post-mortem in Markdown, or what `seam diagnose … --json` printed; `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Which suspect of the diagnosis was at fault, counted from 1; the first unless `--cause` says who.
    #[arg(long, value_name = "N")]
    pub suspect: Option<u32>,
    #[command(flatten)]
    pub fields: Fields,
    /// Show the entry and keep nothing.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Dismiss {
    /// The finding's key, as `seam detect --json` gives it.
    #[arg(value_name = "FINDING")]
    pub finding: String,
    /// Why it is no hazard here.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    #[arg(long, value_name = "DATE")]
    pub date: Option<String>,
    /// Days after which it counts half; after twice that the finding is shown again.
    #[arg(long, value_name = "DAYS")]
    pub half_life: Option<u32>,
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Outcome {
    /// It really broke.
    Confirmed,
    /// It held.
    Refuted,
}

#[derive(Debug, clap::Args)]
pub struct Verdict {
    /// The finding's key, as `seam detect --json` gives it.
    #[arg(value_name = "FINDING")]
    pub finding: String,
    #[arg(value_enum)]
    pub outcome: Outcome,
    /// How it was tried.
    #[arg(long, value_name = "TEXT")]
    pub proof: Option<String>,
    #[arg(long, value_name = "DATE")]
    pub date: Option<String>,
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Retract {
    /// Its name, or a beginning or end of it.
    #[arg(value_name = "MEMORY")]
    pub id: String,
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Edit {
    /// Its name, or a beginning or end of it.
    #[arg(value_name = "MEMORY")]
    pub id: String,
    /// The corrected text; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    #[command(flatten)]
    pub fields: Fields,
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct List {
    /// Only these kinds: `incident`, `dismissal`, `verdict`, `guard`, `pattern`, `retraction`.
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    pub kinds: Vec<String>,
    /// Only what names this service.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// What was retracted or replaced as well.
    #[arg(long)]
    pub all: bool,
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Show {
    /// Its name, or a beginning or end of it.
    #[arg(value_name = "MEMORY")]
    pub id: String,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct FromGit {
    /// How many commits are looked at, the newest first.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub commits: usize,
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct FromAlerts {
    /// `-` reads standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Guard {
    /// The incident: its name, or a beginning or end of it.
    #[arg(value_name = "MEMORY")]
    pub id: String,
    /// The revision with the fault; the one before the incident's fix unless given.
    #[arg(long, value_name = "REVISION|FOLDER")]
    pub faulty: Option<String>,
    /// The revision without it; the incident's fix unless given, or else the workspace as it is.
    #[arg(long, value_name = "REVISION|FOLDER")]
    pub repaired: Option<String>,
    /// The rule's name; made from the title unless given.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Faults that showed it: a file of `seam verify`. Without any, the faulty state is explored. Repeat it.
    #[arg(long, value_name = "FILE")]
    pub replay: Vec<PathBuf>,
    /// Start nothing: look for a rule only.
    #[arg(long, conflicts_with = "replay")]
    pub rule_only: bool,
    /// How long the faulty state is explored (`90`, `120s`, `5m`), each scenario.
    #[arg(long, default_value = "60s", value_name = "TIME")]
    pub budget: String,
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Export {
    /// Unless given, to standard output.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Import {
    /// A file that `seam learn export` wrote, or a folder of entries; `-` reads standard input.
    #[arg(value_name = "FILE|FOLDER")]
    pub from: PathBuf,
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub within: Within,
}

#[derive(Debug, clap::Args)]
pub struct Recall {
    /// What it is about, in words; names of services and messages as they are.
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,
    /// A finding's key.
    #[arg(long, value_name = "KEY")]
    pub finding: Option<String>,
    /// A file with an error text, a log, or what `seam diagnose … --json` printed; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub symptoms: Option<PathBuf>,
    /// A change as a unified diff; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    pub diff: Option<PathBuf>,
    /// A service that it is about.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Only these kinds.
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    pub kinds: Vec<String>,
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    #[command(flatten)]
    pub within: Within,
}
