//! How many of which events a handler publishes.

use std::collections::BTreeMap;

/// What a handler publishes, when it succeeds and with each declared error that commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emits {
    /// On success.
    pub success: &'static [Emit],
    /// With a declared error, by its full name.
    pub failures: &'static [(&'static str, &'static [Emit])],
}

/// One entry of `emits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emit {
    /// One event: that one; several: one of them. Full names.
    pub events: &'static [&'static str],
    /// Or none.
    pub or_nothing: bool,
    /// Any number.
    pub many: bool,
}

impl Emits {
    /// Nothing.
    pub const NONE: Self = Self { success: &[], failures: &[] };

    /// Whether `emitted`, full names of events, is what the contract says. `failure`: the full name of the declared error
    /// that the handler ended with.
    ///
    /// # Errors
    /// What is missing or too much, in words.
    pub fn judge<'a>(
        &self,
        failure: Option<&str>,
        emitted: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), String> {
        let mut counts = BTreeMap::<&str, usize>::new();
        for name in emitted {
            *counts.entry(name).or_default() += 1;
        }
        let entries = match failure {
            None => self.success,
            Some(failure) => {
                self.failures.iter().find(|(name, _)| *name == failure).map_or(&[][..], |(_, e)| e)
            }
        };
        // A handler for which nothing is declared has nothing to emit with.
        if self == &Self::NONE || (entries.is_empty() && counts.is_empty()) {
            return Ok(());
        }
        for entry in entries {
            entry.judge(entries, &counts)?;
        }
        let declared = |name: &&str| entries.iter().any(|entry| entry.events.contains(name));
        match counts.keys().find(|name| !declared(name)) {
            Some(name) => {
                Err(format!("{name} was emitted, which is not declared for this outcome"))
            }
            None => Ok(()),
        }
    }
}

impl Emit {
    /// Exactly this event, once.
    #[must_use]
    pub const fn one(events: &'static [&'static str]) -> Self {
        Self { events, or_nothing: false, many: false }
    }

    /// As before, or nothing.
    #[must_use]
    pub const fn or_nothing(mut self) -> Self {
        self.or_nothing = true;
        self
    }

    /// Any number of it.
    #[must_use]
    pub const fn many(mut self) -> Self {
        self.many = true;
        self
    }

    fn judge(&self, all: &[Self], counts: &BTreeMap<&str, usize>) -> Result<(), String> {
        let found: usize =
            self.events.iter().map(|name| counts.get(name).copied().unwrap_or(0)).sum();
        // An event that stands in several entries may come as often as they allow together.
        let sharing = all.iter().filter(|e| e.events.iter().any(|name| self.events.contains(name)));
        let (mut least, mut most) = (0, Some(0));
        for entry in sharing {
            let own = entry.events == self.events;
            least += usize::from(own && !entry.or_nothing && !entry.many);
            most = most.filter(|_| !entry.many).map(|most| most + 1);
        }
        let what = self.events.join(" or ");
        if found < least {
            return Err(format!(
                "{what} was to be emitted {}, and was emitted {}",
                times(least),
                times(found)
            ));
        }
        match most {
            Some(most) if found > most => Err(format!(
                "{what} may be emitted {} at most, and was emitted {}",
                times(most),
                times(found)
            )),
            _ => Ok(()),
        }
    }
}

fn times(n: usize) -> String {
    match n {
        0 => "not at all".to_owned(),
        1 => "once".to_owned(),
        n => format!("{n} times"),
    }
}
