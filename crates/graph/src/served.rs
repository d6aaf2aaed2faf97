//! Requests of a page that its own server forwards: `fetch("/api/orders")` in a front end whose web server has a rule for `/api/`.
//!
//! Invariant: only rules that make an edge already, so that a path alone never makes one; of several rules the longest takes the
//! request, and only what the other side answers, as it was asked or without what the rule takes off, is told.

use crate::edges::Edges;
use crate::endpoints::answers;
use crate::index::FileId;
use crate::model::{Certainty, EdgeKind};
use crate::passing::{below, forwarded};
use crate::resolve::Text;
use seam_facts::{Call, Fact, Protocol, SmolStr, format_smolstr};

impl<'a> Edges<'_, 'a> {
    /// Whether all that is asked for is answered: by the node itself, which is no traffic, or behind one of its rules.
    pub(crate) fn by_own_rules(
        &mut self,
        node: usize,
        at: (FileId, &'a Fact),
        call: &'a Call,
        texts: &[Text<'a>],
    ) -> bool {
        let rules = self.own_rules(node);
        let mut left = texts.len();
        for text in texts.iter().filter(|t| t.text.starts_with('/') && !t.text.starts_with("//")) {
            let method = call.method.as_deref().or(text.verb.as_deref());
            let path = text.text.split(['?', '#']).next().unwrap_or_default();
            if self.answered(node, method, path) {
                left -= 1;
                continue;
            }
            let fit = rules.iter().filter(|(prefix, _)| below(prefix, path));
            let Some((prefix, to)) = fit.max_by_key(|(prefix, _)| prefix.trim_end_matches('/').len()) else { continue };
            let rest = path.get(prefix.trim_end_matches('/').len()..).filter(|rest| rest.starts_with('/'));
            if !self.answered(*to, method, path) && !rest.is_some_and(|rest| self.answered(*to, method, rest)) {
                continue;
            }
            let operation = format_smolstr!("{}{path}", method.map(|m| format!("{m} ")).unwrap_or_default());
            let (client, within) = (&call.client, &call.within);
            self.add(node, *to, EdgeKind::Http, Certainty::Inferred, operation, client, within, at, &text.via);
            left -= 1;
        }
        !texts.is_empty() && left == 0
    }

    /// What the rules of a node forward begins with, and to whom.
    fn own_rules(&self, node: usize) -> Vec<(SmolStr, usize)> {
        let of_node = self.drafts.range((node, 0, EdgeKind::Http)..).take_while(|((from, ..), _)| *from == node);
        let http = of_node.filter(|((_, _, kind), _)| *kind == EdgeKind::Http);
        http.flat_map(|((_, to, _), draft)| {
            let rules = draft.details.iter().filter(|d| d.is_rule());
            rules.filter_map(|d| Some((forwarded(&d.operation)?.into(), *to)))
        })
        .collect()
    }

    fn answered(&self, node: usize, method: Option<&str>, path: &str) -> bool {
        self.endpoints.iter().any(|e| {
            e.node == node
                && e.protocol == Protocol::Http
                && e.method.as_deref().is_none_or(|m| method.is_none_or(|asked| asked == m))
                // What takes anything says nothing about this path.
                && !e.path.trim_start_matches('/').starts_with(['*', '{'])
                && answers(&e.path, path)
        })
    }
}
