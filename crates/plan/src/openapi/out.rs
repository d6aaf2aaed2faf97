//! Collects changes of one comparison.

use super::delta::{Comparer, Delta};
use super::document::Schema;
use super::lifecycle::Day;
use super::rules;
use super::transitions::claimed;
use crate::change::{Change, Level, Rule};
use crate::limits::MAX_CHANGES;
use std::borrow::Cow;

/// A line of a file of one version.
pub type Spot = Option<(u16, u32)>;

pub struct Out<'a> {
    pub cx: &'a Comparer<'a>,
    pub changes: Vec<Change>,
    pub operation: Cow<'static, str>,
    pub path: String,
    /// What stands for lines that a rule cannot name: the operation's own.
    pub lines: (Spot, Spot),
    /// Properties looked at; walking ends beyond the limit.
    pub steps: usize,
    pub limited: bool,
    /// Days since 1970-01-01, if a day was handed in.
    today: Option<Day>,
}

impl<'a> Out<'a> {
    pub fn new(cx: &'a Comparer<'a>, today: Option<Day>) -> Self {
        Out {
            cx,
            changes: Vec::new(),
            operation: "".into(),
            path: String::new(),
            lines: (None, None),
            steps: 0,
            limited: false,
            today,
        }
    }

    pub fn today(&self) -> Option<Day> {
        self.today
    }

    /// States a change of the operation, parameter or header that is being looked at.
    pub fn put(&mut self, id: &str, field: &str, base: Spot, revision: Spot, text: String) {
        self.state(id, None, field, base, revision, text);
    }

    /// States a change of a schema; nothing if a transition of `of` claims it, or if there is no such rule.
    pub fn schema(&mut self, id: &str, of: &Delta<'a>, field: &str, keyword: &str, text: String) {
        let spot = |schema: &Schema<'a>| Some(schema.line(keyword));
        self.state(id, Some(of), field, spot(&of.base), spot(&of.revision), text);
    }

    /// As [`Out::schema`], with places of its own.
    pub fn schema_at(&mut self, id: &str, of: &Delta<'a>, field: &str, base: Spot, revision: Spot, text: String) {
        self.state(id, Some(of), field, base, revision, text);
    }

    fn state(&mut self, id: &str, of: Option<&Delta<'a>>, field: &str, base: Spot, revision: Spot, text: String) {
        let Some((rule, aspect)) = rules::find(id) else {
            return;
        };
        if of.is_some_and(|of| claimed(self.cx, of, rule.id, *aspect)) {
            return;
        }
        self.add(rule, field, base, revision, text);
    }

    /// States a change by a rule of another list.
    pub fn say(&mut self, rule: &'static Rule, key: &str, base: Spot, revision: Spot, text: String) {
        self.add(rule, key, base, revision, text);
    }

    fn add(&mut self, rule: &'static Rule, field: &str, base: Spot, revision: Spot, text: String) {
        if self.changes.len() >= MAX_CHANGES {
            self.limited = true;
            return;
        }
        let (base, revision) = match (base, revision) {
            (None, None) => self.lines,
            both => both,
        };
        let key = match (self.operation.is_empty(), self.path.is_empty()) {
            (true, true) => field.to_owned(),
            (true, false) => self.path.clone(),
            _ => format!("{} {}", self.operation, self.path),
        };
        self.changes.push(Change {
            rule,
            text,
            key,
            field: field.to_owned(),
            operation: self.operation.clone(),
            path: self.path.clone(),
            base: base.map(|spot| self.cx.base.place(spot)),
            revision: revision.map(|spot| self.cx.revision.place(spot)),
        });
    }

    pub fn breaking(&self) -> bool {
        self.changes.iter().any(|c| c.rule.level == Level::Breaking)
    }
}
