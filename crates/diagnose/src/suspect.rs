//! What is suspected, with everything that speaks for and against it.
//!
//! Invariant: a suspect has evidence, and its score is the product of the parts that stand beside it. Nothing is hidden in a
//! weight: effect, what is left after others explain it, and how sure the figures are.

use seam_signals::{Context, Instant, Measure, SpanId, TraceId, Window};

/// What kind of fault it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Code takes another way: it returns early, throws, takes another branch.
    Code,
    /// An operation fails, and nothing below it does.
    Failing,
    /// A service that is called does not answer.
    Silent,
    /// It calls in vain what answers others.
    Setting,
    /// A resource of the service stands where it never stood.
    Resource(Measure),
    /// Its own code takes longer: its processor is short, or it does more.
    Compute,
    /// Calls to it and from it take longer than both sides do.
    Network,
    /// Messages wait for it.
    Waiting,
    /// It takes longer, beyond what its callees take longer (known from metrics).
    SlowItself,
    /// It fails, beyond what its callees fail (known from metrics).
    FailsItself,
}

impl Fault {
    /// A word for people and machines.
    pub fn word(self) -> &'static str {
        match self {
            Fault::Code => "code",
            Fault::Failing => "failing",
            Fault::Silent => "silent",
            Fault::Setting => "setting",
            Fault::Resource(Measure::Processor) => "processor",
            Fault::Resource(Measure::Memory) => "memory",
            Fault::Resource(Measure::Disk) => "disk",
            Fault::Resource(Measure::Queue) => "queue",
            Fault::Resource(Measure::Pool) => "pool",
            Fault::Resource(Measure::Restarts) => "restarts",
            Fault::Resource(Measure::Latency | Measure::Failures | Measure::Success | Measure::Requests) => "load",
            Fault::Compute => "compute",
            Fault::Network => "network",
            Fault::Waiting => "waiting",
            Fault::SlowItself => "slow",
            Fault::FailsItself => "failing",
        }
    }
}

/// The statements between which code takes another way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Region {
    pub after: Place,
    pub expected: Place,
    pub instead: Place,
}

/// A step of a span as people find it again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Start {
        operation: String,
    },
    /// A log statement: its logger and line where lines say so, and its text.
    Line {
        logger: String,
        line: u32,
        template: String,
    },
    End,
}

impl Place {
    /// `Class#17`, `"order <*> shipped"`, `GET /x start`, `end`.
    pub fn shown(&self) -> String {
        match self {
            Place::Start { operation } => format!("{operation} start"),
            Place::Line { logger, line, .. } if *line > 0 => format!("{logger}#{line}"),
            Place::Line { template, .. } => format!("\"{}\"", template.chars().take(80).collect::<String>()),
            Place::End => "end".into(),
        }
    }
}

/// The parts of a score, each between 0 and 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Parts {
    /// The share of what happens there that is other than usual.
    pub effect: f64,
    /// What is left of it after what deviates below it has explained its share.
    pub unexplained: f64,
    /// How sure the figures are that it is no chance.
    pub sure: f64,
}

impl Parts {
    pub fn score(&self) -> f64 {
        self.effect * self.unexplained * self.sure
    }
}

/// A sentence and where it can be looked up.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    pub says: String,
    pub at: Option<Instant>,
    /// A trace and a span that show it.
    pub shown_in: Option<(TraceId, SpanId)>,
}

/// Somebody to whom it spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Touched {
    pub service: String,
    pub says: String,
    /// When it was first seen there.
    pub since: Instant,
    pub times: usize,
}

/// One suspect.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    pub service: String,
    pub fault: Fault,
    /// The operation that it concerns, where it concerns one.
    pub operation: Option<String>,
    pub region: Option<Region>,
    /// The product of the parts, and what memory adds.
    pub score: f64,
    pub parts: Parts,
    /// What memory adds, or takes: 0 where nothing like it was learnt.
    pub memory: f64,
    /// Which memories did, the strongest first.
    pub remembered: Vec<crate::Remembered>,
    /// One sentence: what is wrong.
    pub says: String,
    pub since: Option<Instant>,
    /// Never empty.
    pub evidence: Vec<Evidence>,
    pub against: Vec<String>,
    /// In the order in which they were touched.
    pub spread: Vec<Touched>,
    /// All of that in sentences.
    pub story: Vec<String>,
    /// What it was counted by: not to be learned as usual ([`seam_signals::History::exclude`]).
    pub contexts: Vec<Context>,
    /// What deviates mostly in the traces in which it does: its spread, not to be learned either. Of the first suspect only.
    pub along: Vec<Context>,
}

/// From this score on, a suspect that shares of a resource or of excess speak for is named.
const SCORE: f64 = 0.3;
/// So sure a suspect has to be that spans speak for: less than one in a hundred is chance, all comparisons counted.
const SURE: f64 = 0.9;
/// And so large a share of what happens there has to be other than usual, and left unexplained.
const SHARE: f64 = 0.05;

impl Suspect {
    /// Nobody is suspected without a first piece of evidence.
    pub(crate) fn new(service: String, fault: Fault, parts: Parts, says: String, evidence: Evidence) -> Suspect {
        Suspect {
            service,
            fault,
            operation: None,
            region: None,
            score: parts.score(),
            parts,
            memory: 0.0,
            remembered: Vec::new(),
            says,
            since: None,
            evidence: vec![evidence],
            against: Vec::new(),
            spread: Vec::new(),
            story: Vec::new(),
            contexts: Vec::new(),
            along: Vec::new(),
        }
    }

    /// Lowers how sure it is by a number of comparisons, in powers of ten.
    pub(crate) fn looked_at(&mut self, comparisons: f64) {
        if !matches!(self.fault, Fault::Resource(_)) {
            let surprise = -2.0 * (1.0 - self.parts.sure).max(1e-15).log10();
            self.parts.sure = crate::blame::sure((surprise - comparisons).max(0.0));
            self.score = self.parts.score();
        }
    }

    /// Whether it stands out enough to be named.
    pub fn is_told(&self) -> bool {
        match self.fault {
            Fault::Resource(_) | Fault::SlowItself | Fault::FailsItself => self.parts.score() >= SCORE,
            Fault::Code
            | Fault::Failing
            | Fault::Silent
            | Fault::Setting
            | Fault::Compute
            | Fault::Network
            | Fault::Waiting => self.parts.sure >= SURE && self.parts.effect * self.parts.unexplained >= SHARE,
        }
    }

    /// Whether memory alone makes it stand out: it was at fault when this very pattern was seen.
    pub(crate) fn is_remembered(&self) -> bool {
        self.memory > 0.0 && self.score >= SCORE
    }

    /// Whether what it is counted by may be no normal behaviour: not to be learned as usual, though it is not named.
    pub fn is_doubtful(&self) -> bool {
        self.parts.sure >= SURE || self.score >= SCORE
    }

    /// What tells two suspects of one service apart.
    pub fn region_shown(&self) -> String {
        match &self.region {
            Some(region) => format!("{}_{}", region.after.shown(), region.expected.shown()),
            None => self.fault.word().into(),
        }
    }
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// The likeliest first; empty when nothing stands out.
    pub suspects: Vec<Suspect>,
    /// What stood out too little to be named: shown on demand.
    pub weak: Vec<Suspect>,
    /// What would make the answer surer, and what could not be looked at.
    pub missing: Vec<String>,
    /// The pattern of what deviates, for memory to keep.
    pub marks: Vec<seam_facts::priors::Mark>,
    /// What was explained; found, where nobody said when.
    pub window: Option<Window>,
    /// How long a window is, in nanoseconds.
    pub step: i64,
    /// How many windows told what is usual.
    pub learned: usize,
}
