//! Extractors as values in one visible list, and the walk of one file through them.

use crate::code::Code;
use crate::lang::{self, Lang};
use crate::{Sink, code, config, contract, foreign, outline, tech};
use seam_facts::{FileFacts, Problem, ProblemKind};

/// A piece of knowledge about one technology: its name, its page, and what it reads.
pub struct Extractor {
    /// Kebab-case, unique; what `seam explain` takes.
    pub id: &'static str,
    /// Raised when the facts for the same text change, so that cached facts are dropped.
    pub version: u32,
    /// Documentation, fixture and test in one (Markdown).
    pub page: &'static str,
    pub reads: Reads,
}

/// What an extractor looks at.
pub enum Reads {
    /// Whole files: which ones, and how.
    Files { wants: fn(&File<'_>) -> bool, extract: fn(&File<'_>, &mut Sink) },
    /// Code of these languages (empty: all), lowered.
    Code { langs: &'static [Lang], extract: fn(&Code<'_>, &mut Sink) },
}

/// One file of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Workspace-relative, `/` between parts.
    pub path: &'a str,
    pub text: &'a str,
}

impl<'a> File<'a> {
    /// The last part of the path.
    pub fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Lower-case extension without the dot; empty if none.
    pub fn extension(&self) -> String {
        let name = self.name();
        name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase()).unwrap_or_default()
    }

    /// The path of the folder; empty at the root.
    pub fn folder(&self) -> &'a str {
        self.path.rsplit_once('/').map(|(f, _)| f).unwrap_or("")
    }
}

/// Every extractor, in the order in which they run. One word a line: this list is the table of contents.
pub fn all() -> impl Iterator<Item = &'static Extractor> {
    code().chain(files())
}

fn code() -> impl Iterator<Item = &'static Extractor> {
    code::EXTRACTORS.iter().chain(tech::EXTRACTORS.iter().copied().flatten()).copied()
}

fn files() -> impl Iterator<Item = &'static Extractor> {
    config::EXTRACTORS.iter().chain(contract::EXTRACTORS).copied()
}

/// Whether any extractor may want a file of this path, so that others need not be opened. Templates state no facts, but they
/// name fields.
pub fn interesting(path: &str) -> bool {
    let file = File { path, text: "" };
    lang::of_path(path).is_some() || config::may_want(&file) || contract::may_want(&file) || outline::is_template(path)
}

/// The facts of one file.
pub fn extract(file: &File<'_>) -> FileFacts {
    let mut sink = Sink::default();
    if let Some(lang) = lang::of_path(file.path) {
        if let Some(why) = foreign::reason(file.path, lang, file.text) {
            sink.problem(Problem::new(ProblemKind::Unsupported, why, None));
        } else {
            let text = code::components::script(file.path, file.text);
            let mut unit = lang::lower(lang, &text, &mut sink);
            lang::name_default(&mut unit, file.path);
            let code = Code::new(file.path, &text, &unit);
            for extractor in self::code() {
                if let Reads::Code { langs, extract } = &extractor.reads
                    && (langs.is_empty() || langs.contains(&lang))
                {
                    sink.by(extractor.id);
                    extract(&code, &mut sink);
                }
            }
            code::chosen::narrow(&code, sink.facts());
        }
    }
    for extractor in files().chain([&code::components::EXTRACTOR]) {
        if let Reads::Files { wants, extract } = &extractor.reads
            && wants(file)
        {
            sink.by(extractor.id);
            extract(file, &mut sink);
        }
    }
    sink.finish()
}
