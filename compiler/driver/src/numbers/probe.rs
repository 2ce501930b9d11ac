//! What the rules would say if a number were another.

use std::collections::HashMap;

use svckit_diagnostics::{Code, Diagnostic, Severity, Span};
use svckit_lint::{Analysis, Group, Rule};
use svckit_model::World;

use crate::registry::RULES;

/// The rules that read numbers of policies and SLOs, by group.
const GROUPS: [Group; 4] = [Group::Calls, Group::Topology, Group::Saga, Group::Brokers];

/// A world to try numbers on, and what is found in it as it is.
pub(super) struct Probe {
    pub(super) world: World,
    pub(super) rules: Vec<&'static Rule>,
    options: svckit_lint::Options,
    known: HashMap<(Code, Span), usize>,
}

impl Probe {
    pub(super) fn new(world: World, options: svckit_lint::Options) -> Self {
        let rules = RULES.iter().copied().filter(|r| GROUPS.contains(&r.group)).collect();
        let mut probe = Self { world, rules, options, known: HashMap::new() };
        for found in probe.judge(&probe.rules) {
            *probe.known.entry((found.code, found.span())).or_default() += 1;
        }
        probe
    }

    /// What the world is found guilty of now and was not as it was read; no notes.
    pub(super) fn fires(&self) -> Vec<Diagnostic> {
        self.fires_by(&self.rules)
    }

    /// As [`Probe::fires`], by some of the rules.
    pub(super) fn fires_by(&self, rules: &[&'static Rule]) -> Vec<Diagnostic> {
        let mut known = self.known.clone();
        let mut found = self.judge(rules);
        found.retain(|d| match known.get_mut(&(d.code, d.span())) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        });
        found
    }

    fn judge(&self, rules: &[&'static Rule]) -> Vec<Diagnostic> {
        let analysis = Analysis::new(&self.world);
        let mut found = svckit_lint::lint_by(&analysis, rules, &self.options);
        // What is said of exceptions is no reason to refuse a number.
        let is_rule = |d: &Diagnostic| rules.iter().any(|r| r.code == d.code);
        found.retain(|d| d.severity != Severity::Note && is_rule(d));
        found
    }
}
