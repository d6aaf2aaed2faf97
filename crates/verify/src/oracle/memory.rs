//! A process was killed, and what only its memory held is gone.
//!
//! Weak: whoever keeps carts or sessions in memory may have decided so. Stores that outlive processes are judged by their contents, and
//! a duplicate that a forgotten key allows is told there.

use super::Cx;
use crate::finding::{Finding, Grade, Rule};

pub fn look(cx: &Cx<'_>, out: &mut Vec<Finding>) {
    for (store, forgotten) in cx.run.forgotten.iter().filter(|(_, f)| f.differs) {
        let service = &forgotten.service;
        out.push(Finding {
            rule: Rule::StateLost,
            grade: Grade::Weak,
            at: format!("{service} {store}"),
            says: format!(
                "`{service}` holds `{store}` in its memory only: after its process was killed, it tells something else"
            ),
            evidence: Vec::new(),
            services: vec![service.clone()],
        });
    }
}
