//! Where extractors put what they find. Facts leave sorted by place, so the order of extractors does not show.

use seam_facts::{Claim, Fact, FileFacts, How, Problem, SmolStr, Span};

#[derive(Debug, Default)]
pub struct Sink {
    by: SmolStr,
    facts: Vec<Fact>,
    problems: Vec<Problem>,
}

impl Sink {
    /// Names the extractor that speaks from now on.
    pub fn by(&mut self, id: &str) {
        self.by = id.into();
    }

    /// The text says so, at this place.
    pub fn stated(&mut self, claim: Claim, at: Span) {
        self.push(claim, at, How::Stated);
    }

    /// It follows from this place and a documented default or convention.
    pub fn inferred(&mut self, claim: Claim, at: Span) {
        self.push(claim, at, How::Inferred);
    }

    fn push(&mut self, claim: Claim, at: Span, how: How) {
        self.facts.push(Fact { claim, at, how, by: self.by.clone() });
    }

    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// What was stated so far, for what only all of it together can say.
    pub(crate) fn facts(&mut self) -> &mut [Fact] {
        &mut self.facts
    }

    pub fn finish(self) -> FileFacts {
        FileFacts::new(self.facts, self.problems)
    }
}
