//! Where the parts of an item stand.

use svckit_diagnostics::Span;

/// Places of the parts of an item that have no span of their own in the world: of a service or a member its clauses
/// by their first words (`retain`, `slo`), of a policy its blocks and their settings (`retry`, `retry.attempts`), of
/// what a service does in a deployment its settings (`load`).
///
/// Only what is written at the item itself is here; what it inherits stands elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(Vec<(&'static str, Span)>);

impl Places {
    /// Where a part stands, if it is written there.
    #[must_use]
    pub fn get(&self, part: &str) -> Option<Span> {
        self.0.iter().find(|(name, _)| *name == part).map(|(_, span)| *span)
    }

    /// Adds a part; the first of a name stays.
    pub fn add(&mut self, part: &'static str, span: Span) {
        if self.get(part).is_none() {
            self.0.push((part, span));
        }
    }

    /// Every part, in the order of adding.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Span)> {
        self.0.iter().copied()
    }
}

impl FromIterator<(&'static str, Span)> for Places {
    fn from_iter<I: IntoIterator<Item = (&'static str, Span)>>(parts: I) -> Self {
        let mut places = Self::default();
        parts.into_iter().for_each(|(part, span)| places.add(part, span));
        places
    }
}
