//! What can be typed.

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
}

#[derive(Debug, clap::Args)]
pub struct Map {
    /// Folders to read; several side by side form one system.
    #[arg(default_value = ".", value_name = "PATH")]
    pub paths: Vec<PathBuf>,

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

    /// Tools too: observability, dashboards, administration.
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
    Table,
    Json,
    /// `{"nodes": […], "edges": [[from, to, kind, "file:line"], …]}`.
    Edges,
}
