//! What was found, in the shapes that are published; lines are quoted with their secrets masked.

use crate::Snapshot;
use crate::asks::plan::{Change, Edited, Found, Further, Line, Risk, RiskPart, Step, Test, Tie};
use crate::memory::Remembered;
use seam_graph::Evidence;
use seam_plan::touch::{self, Beyond, Effect};

/// Characters of a quoted line.
const QUOTE: usize = 160;

/// Where lines of either state are quoted from.
pub(super) struct Quotes<'a> {
    pub old: &'a Snapshot,
    pub new: &'a Snapshot,
}

impl Quotes<'_> {
    pub(super) fn line(&self, at: &Evidence, newer: bool) -> Line {
        let side = if newer { self.new } else { self.old };
        let quoted = |side: &Snapshot| {
            let text = side.texts().read(&at.path)?;
            let line = text.lines().nth((at.at.line as usize).saturating_sub(1))?;
            Some(crate::excerpt(&at.path, line.trim()).trim_end().to_owned())
        };
        let text = quoted(side).unwrap_or_default();
        let text = match text.char_indices().nth(QUOTE) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        };
        Line { path: at.path.to_string(), line: at.at.line, says: at.says.to_string(), text }
    }

    pub(super) fn change(&self, effect: &Effect) -> Change {
        Change {
            key: effect.key.clone(),
            rule: effect.rule.id.to_owned(),
            level: effect.rule.level.word().to_owned(),
            grade: effect.rule.grade.word().to_owned(),
            hurts: effect.rule.hurts.word().to_owned(),
            text: effect.text.clone(),
            certainty: effect.certainty.word().to_owned(),
            base: effect.was.as_ref().map(|e| self.line(e, false)),
            revision: effect.is.as_ref().map(|e| self.line(e, true)),
            direct: effect.direct.keys().map(ToString::to_string).collect(),
            dependent: effect.dependent.iter().map(|t| self.tie(t)).collect(),
            open: effect.open.clone(),
            unresolved: touch::is_unresolved(effect),
            remembered: Vec::new(),
        }
    }

    fn tie(&self, tie: &touch::Tie) -> Tie {
        Tie {
            service: tie.service.to_string(),
            why: tie.why.clone(),
            through: tie.through.iter().map(ToString::to_string).collect(),
            lines: tie.places.iter().map(|p| self.line(p, false)).collect(),
            certainty: tie.certainty.word().to_owned(),
            moved: tie.moved,
        }
    }

    pub(super) fn further(&self, further: &Beyond) -> Further {
        Further {
            service: further.service.to_string(),
            through: further.through.iter().map(ToString::to_string).collect(),
            lines: further.places.iter().map(|p| self.line(p, false)).collect(),
            certainty: further.certainty.word().to_owned(),
        }
    }
}

pub(super) fn edited(edited: &touch::Edited) -> Edited {
    let sum = |of: fn(&touch::Hunk) -> u32| edited.hunks.iter().map(of).sum();
    Edited {
        path: edited.path.clone(),
        removed: sum(|h| h.old.1),
        added: sum(|h| h.new.1),
        left_out: edited.left_out.unwrap_or_default().to_owned(),
    }
}

pub(super) fn step(step: &touch::Step) -> Step {
    Step {
        services: step.services.iter().map(ToString::to_string).collect(),
        what: step.what.clone(),
        undo: step.undo.clone(),
        proof: step.proof.clone(),
        because: step.because.clone(),
    }
}

pub(super) fn test(trial: &touch::Trial) -> Test {
    Test { service: trial.service.to_string(), path: trial.path.to_string(), because: trial.because.clone() }
}

pub(super) fn risk(risk: &touch::Risk) -> Risk {
    let part = |p: &touch::Part| RiskPart { name: p.name.to_owned(), factor: p.factor, because: p.because.clone() };
    Risk { figure: risk.figure, word: risk.word.to_owned(), parts: risk.parts.iter().map(part).collect() }
}

pub(super) fn remembered(remembered: &touch::Remembered) -> Remembered {
    Remembered {
        memory: remembered.memory.to_string(),
        title: remembered.title.clone(),
        says: remembered.says.clone(),
        by: Some(remembered.by),
    }
}

pub(super) fn found(finding: &seam_detect::Finding) -> Found {
    Found {
        key: finding.key.to_string(),
        rule: finding.rule.to_string(),
        severity: finding.severity.word().to_owned(),
        message: finding.message.clone(),
        path: finding.at.path.to_string(),
        line: finding.at.at.line,
    }
}
