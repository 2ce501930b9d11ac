//! Renderers: the same diagnostics for people and for machines.

mod fingerprint;
pub mod github;
#[cfg(feature = "json")]
pub mod gitlab;
pub mod human;
#[cfg(feature = "json")]
pub mod json;
pub mod junit;
#[cfg(feature = "json")]
pub mod sarif;
mod summary;
mod window;

#[cfg(test)]
mod tests;

pub use fingerprint::{Fingerprints, fingerprint};
pub use summary::Summary;

use crate::{Diagnostic, SourceFile, SourceMap, Span};

/// What was found in one world: the documents for machines hold several.
#[derive(Debug, Clone, Copy)]
pub struct Findings<'a> {
    /// In the order in which they are shown.
    pub diagnostics: &'a [Diagnostic],
    /// The texts that they are about.
    pub sources: &'a SourceMap,
}

impl<'a> Findings<'a> {
    /// The file and the place in it that a diagnostic is shown at; none where it is about no file.
    fn place(&self, diagnostic: &Diagnostic) -> Option<(&'a SourceFile, Span)> {
        let span = diagnostic.labels.first()?.span;
        self.sources.get(span.file).map(|file| (file, span))
    }
}

/// The way to what is told, a numbered line each with its place: `1. orders.svc:12: …`.
fn way(diagnostic: &Diagnostic, sources: &SourceMap) -> Option<String> {
    let steps = diagnostic.way.iter().enumerate().map(|(at, step)| {
        let place = sources.get(step.span.file).map(|file| {
            let line = file.line_of(step.span.start);
            format!("{}:{line}: ", file.path())
        });
        format!("\n{}. {}{}", at + 1, place.unwrap_or_default(), step.message)
    });
    let steps: String = steps.collect();
    (!steps.is_empty()).then(|| format!("the way there:{steps}"))
}

/// The message with what explains it: its own sentence, what was found, the way there, notes and advice; a line each.
fn explained(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let here = diagnostic.labels.first().map(|l| l.message.as_str()).unwrap_or_default();
    let notes = diagnostic.notes.iter().map(|n| format!("note: {n}"));
    let help = diagnostic.help.iter().map(|h| format!("help: {h}"));
    let fixes = diagnostic.fixes.iter().map(|f| format!("fix: {}", f.title));
    let first = [diagnostic.message.clone(), here.to_owned()];
    let lines =
        first.into_iter().chain(way(diagnostic, sources)).chain(notes).chain(help).chain(fixes);
    lines.filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Puts diagnostics in the order in which they are shown: by file path, then position, then severity and code.
///
/// Equal ones are dropped: two stages may find the same mistake.
pub fn sort(diagnostics: &mut Vec<Diagnostic>, sources: &SourceMap) {
    diagnostics.sort_by_cached_key(|d| {
        let span = d.span();
        let path = sources.get(span.file).map(|f| f.path().to_owned());
        (path, span.start, span.end, d.severity, d.code.id, d.message.clone())
    });
    diagnostics.dedup();
}
