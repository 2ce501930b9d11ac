//! Renderers: the same diagnostics for people and for machines.

pub mod human;
#[cfg(feature = "json")]
pub mod json;
mod summary;
mod window;

#[cfg(test)]
mod tests;

pub use summary::Summary;

use crate::{Diagnostic, SourceMap};

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
