//! From texts to a judged world.

use std::collections::BTreeSet;

use svckit_diagnostics::{Diagnostic, FileId, SourceMap, render};
use svckit_model::World;
use svckit_syntax::Parsed;

use crate::config::{Config, Exception};
use crate::load::{Contract, Inputs, Origin};
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
}

impl Checked {
    /// Whether nothing can be generated.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
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
pub fn check(mut inputs: Inputs) -> Checked {
    let mut diagnostics = std::mem::take(&mut inputs.diagnostics);
    let mut parsed = Vec::with_capacity(inputs.contracts.len());
    for contract in &inputs.contracts {
        let text = inputs.sources.file(contract.file).text();
        let Parsed { file, diagnostics: found } = svckit_syntax::parse(contract.file, text);
        if contract.is_utf8 {
            diagnostics.extend(found);
        }
        parsed.push(file);
    }
    let files: Vec<_> = parsed
        .iter()
        .zip(&inputs.contracts)
        .map(|(file, contract)| svckit_model::Source { file, external: is_external(contract) })
        .collect();
    let resolved = svckit_model::resolve(&files);
    diagnostics.extend(resolved.diagnostics);
    if !diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.extend(svckit_lint::lint(&resolved.world, &lint_options(&inputs)));
    }
    diagnostics.extend(wrong_targets(&inputs.config));
    let theirs = files_of_dependencies(&inputs);
    diagnostics.retain(|d| d.is_error() || !theirs.contains(&d.span().file));
    render::sort(&mut diagnostics, &inputs.sources);
    Checked { inputs, world: resolved.world, diagnostics }
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

fn is_external(contract: &Contract) -> bool {
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
