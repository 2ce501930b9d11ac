//! From texts to a judged world.

use std::collections::BTreeSet;

use svckit_diagnostics::{Diagnostic, FileId, SourceMap, render};
use svckit_lint::Analysis;
use svckit_model::World;

use crate::config::{Config, Exception};
use crate::load::{Contract, Inputs, Origin};
use crate::session::{Phases, Session, Stats};
use crate::{Failure, codes, registry};

/// A world and all that is to be said of it.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What was read.
    pub inputs: Inputs,
    /// What it means; fit for backends only without errors.
    pub world: World,
    /// Everything that was found, in the order in which it is shown.
    pub diagnostics: Vec<Diagnostic>,
    /// What that took.
    pub stats: Stats,
}

impl Checked {
    /// Whether nothing can be generated.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Whether the language itself finds a mistake, as against the design: then there are holes in the world, and
    /// nothing can be told or drawn of it.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        let of_design = |d: &Diagnostic| registry::rule_codes().any(|c| c.id == d.code.id);
        self.diagnostics.iter().any(|d| d.is_error() && !of_design(d))
    }

    /// All texts.
    #[must_use]
    pub fn sources(&self) -> &SourceMap {
        &self.inputs.sources
    }

    /// `svckit.toml`.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inputs.config
    }

    /// What could not be read.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.inputs.failures
    }

    /// The messages as people see them, with the line that counts them.
    #[must_use]
    pub fn rendered(&self, color: bool) -> String {
        let style = render::human::Style { color };
        render::human::render_with_summary(&self.diagnostics, self.sources(), style)
    }
}

/// Parses, resolves and checks everything that was read; where that finds no error, the rules of design judge it.
#[must_use]
pub fn check(inputs: Inputs) -> Checked {
    Session::default().check(inputs)
}

impl Session {
    /// As [`check()`] does, but what did not change since the last time is not parsed again.
    #[must_use]
    pub fn check(&mut self, mut inputs: Inputs) -> Checked {
        let mut phases = Phases::start();
        let mut diagnostics = std::mem::take(&mut inputs.diagnostics);
        let parsed = self.parse(&inputs, &mut diagnostics);
        phases.end("parse");
        self.whole(inputs, diagnostics, (parsed, phases))
    }

    /// As [`Session::check`] does, but packages that have nothing to do with what changed since the last time are neither
    /// resolved nor judged again. There is no world then, but for a first mistake of the language, for which all is
    /// looked at, lest another package be what was meant.
    #[must_use]
    pub fn recheck(&mut self, mut inputs: Inputs) -> Checked {
        let mut phases = Phases::start();
        let mut diagnostics = std::mem::take(&mut inputs.diagnostics);
        let parsed = self.parse(&inputs, &mut diagnostics);
        phases.end("parse");
        // Exceptions of whole paths are used or unused by all islands together.
        let apart = inputs.excepted.is_empty() && !diagnostics.iter().any(Diagnostic::is_error);
        let Some(found) = apart.then(|| self.judge_islands(&inputs)).flatten() else {
            return self.whole(inputs, diagnostics, (parsed, phases));
        };
        diagnostics.extend(found.language);
        diagnostics.extend(known(svckit_lint::listed(registry::RULES, found.design), &inputs));
        phases.end("resolve and lint");
        finish(&mut diagnostics, &inputs);
        let sizes = Stats::of(&inputs, &World::default());
        let stats = Stats { parsed, phases: phases.done, ..found.stats };
        let stats = Stats { files: sizes.files, lines: sizes.lines, bytes: sizes.bytes, ..stats };
        Checked { inputs, world: World::default(), diagnostics, stats }
    }

    fn whole(
        &self,
        inputs: Inputs,
        mut diagnostics: Vec<Diagnostic>,
        (parsed, mut phases): (usize, Phases),
    ) -> Checked {
        let files: Vec<_> = inputs
            .contracts
            .iter()
            .filter_map(|c| Some((self.tree(c)?, is_external(c))))
            .map(|(file, external)| svckit_model::Source { file, external })
            .collect();
        let resolved = svckit_model::resolve(&files);
        diagnostics.extend(resolved.diagnostics);
        phases.end("resolve");
        let (mut states, mut rules) = (0, 0);
        if !diagnostics.iter().any(Diagnostic::is_error) {
            let analysis = Analysis::new(&resolved.world);
            diagnostics.extend(judge(&analysis, &inputs));
            (states, rules) = (analysis.states(), registry::RULES.len());
        }
        phases.end("lint");
        finish(&mut diagnostics, &inputs);
        let of = Stats::of(&inputs, &resolved.world);
        let judged = of.contents.iter().find(|(name, _)| *name == "packages").map_or(0, |c| c.1);
        let stats = Stats { parsed, judged, rules, states, phases: phases.done, ..of };
        Checked { inputs, world: resolved.world, diagnostics, stats }
    }
}

/// Adds what is to be said of `svckit.toml`, leaves out what concerns others, and puts all in order.
fn finish(diagnostics: &mut Vec<Diagnostic>, inputs: &Inputs) {
    diagnostics.extend(wrong_targets(&inputs.config));
    let theirs = files_of_dependencies(inputs);
    diagnostics.retain(|d| d.is_error() || !theirs.contains(&d.span().file));
    render::sort(diagnostics, &inputs.sources);
}

/// What the rules of design find, but for what the baseline lists.
fn judge(analysis: &Analysis<'_>, inputs: &Inputs) -> Vec<Diagnostic> {
    known(svckit_lint::lint_by(analysis, registry::RULES, &lint_options(inputs)), inputs)
}

/// What is left of it without what the baseline lists.
fn known(mut found: Vec<Diagnostic>, inputs: &Inputs) -> Vec<Diagnostic> {
    render::sort(&mut found, &inputs.sources);
    match &inputs.baseline {
        Some(baseline) => baseline.apply(found, inputs),
        None => found,
    }
}

/// What the rules of design are told: of `svckit.toml`, and of messages that are not theirs.
#[must_use]
pub fn lint_options(inputs: &Inputs) -> svckit_lint::Options {
    let exceptions = inputs.config.lint.exceptions.iter().zip(&inputs.excepted);
    let path = |(exception, files): (&Exception, &BTreeSet<FileId>)| svckit_lint::PathException {
        files: files.clone(),
        rules: exception.rules.iter().map(|r| (r.value.clone(), r.span)).collect(),
        because: exception.because.clone(),
        until: exception.until.clone(),
    };
    svckit_lint::Options {
        profile: inputs.config.lint.profile,
        today: inputs.today.clone(),
        paths: exceptions.filter(|(_, files)| !files.is_empty()).map(path).collect(),
        others: Vec::new(),
        language: registry::language_codes().map(|c| c.slug).collect(),
    }
}

pub(crate) fn is_external(contract: &Contract) -> bool {
    contract.origin != Origin::Local
}

/// What others own: only errors in it concern those who depend on it.
fn files_of_dependencies(inputs: &Inputs) -> BTreeSet<FileId> {
    inputs.contracts.iter().filter(|c| is_external(c)).map(|c| c.file).collect()
}

/// Targets of `svckit.toml` that there are not, and options that they don't take.
fn wrong_targets(config: &Config) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for entry in &config.targets {
        match registry::target(&entry.name.value) {
            Err(message) => {
                found.push(Diagnostic::new(codes::UNKNOWN_TARGET, entry.name.span, message));
            }
            Ok(target) => {
                for (name, near) in registry::unknown_options(target, &entry.options) {
                    let span = entry.spans.iter().find(|(n, _)| n == name).map(|(_, s)| *s);
                    let span = span.unwrap_or(entry.name.span);
                    found.push(registry::unknown_option(target, name, near, span));
                }
            }
        }
    }
    found
}
