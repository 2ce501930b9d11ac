//! Design rules: what a contract may say and a team will regret.
//!
//! A rule is a file in `rules/`: its page is its doc comment, its judgement a function over an [`Analysis`], which is
//! the world and what several rules want to know of it, computed once. A [`Report`] gathers what they find; after all
//! rules, `allow`s, exceptions of paths and the [`Profile`] are applied. Nothing here knows files, the clock, or a
//! backend: the day is passed in.

pub mod analysis;
pub mod codes;
mod exceptions;
mod policies;
mod profile;
mod registry;
mod report;
mod rule;
mod rules;
#[cfg(test)]
mod tests;
pub mod text;

pub use analysis::Analysis;
pub use exceptions::PathException;
pub use profile::Profile;
pub use registry::RULES;
pub use report::Report;
pub use rule::{Group, Rule};

use svckit_diagnostics::{Code, Diagnostic};
use svckit_model::World;

/// How strictly is judged, and what is excused.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The set of severities.
    pub profile: Profile,
    /// `YYYY-MM-DD`: exceptions that ended before it hold no more.
    pub today: String,
    /// Exceptions of whole files.
    pub paths: Vec<PathException>,
    /// Slugs that others than the rules here judge by, and that an `allow` may name.
    pub others: Vec<&'static str>,
    /// Slugs of messages that can't be excused.
    pub language: Vec<&'static str>,
}

/// Judges a world by every rule. The world should be without errors: what is broken has holes, and rules take a hole
/// for what is there.
///
/// Linear in the size of the world, but for what an analysis says of itself; never panics, whatever the world.
#[must_use]
pub fn lint(world: &World, options: &Options) -> Vec<Diagnostic> {
    lint_by(&Analysis::new(world), RULES, options)
}

/// Judges by some rules; `allow`s of others are neither used nor unused then.
#[must_use]
pub fn lint_by(analysis: &Analysis<'_>, rules: &[&Rule], options: &Options) -> Vec<Diagnostic> {
    listed(rules, lint_part(analysis, rules, options))
}

/// Judges a part of a world that has nothing to do with the others: as [`lint_by`] does, but what is told in one message
/// of all is not put together yet. [`listed`] does that with the findings of all parts.
#[must_use]
pub fn lint_part(analysis: &Analysis<'_>, rules: &[&Rule], options: &Options) -> Vec<Diagnostic> {
    let mut report = Report::default();
    for rule in rules {
        (rule.check)(analysis, &mut report);
    }
    exceptions::judged(analysis.world, report, rules, options)
}

/// Puts together what is told in one message of all parts.
#[must_use]
pub fn listed(rules: &[&Rule], mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    rules.iter().for_each(|rule| exceptions::list(rule, &mut found));
    found
}

/// Every code that may be reported here: of the rules, in order, then of exceptions.
pub fn all_codes() -> impl Iterator<Item = Code> {
    RULES.iter().map(|r| r.code).chain(codes::ALL.iter().copied())
}
