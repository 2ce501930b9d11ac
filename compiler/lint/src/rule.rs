//! What a rule is.

use svckit_diagnostics::{Code, Severity};

use crate::{Analysis, Report};

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Calls and their policies.
    Calls,
    /// Who depends on whom.
    Topology,
    /// Events and who handles them.
    Events,
    /// What brokers can do.
    Brokers,
    /// Who may see and do what.
    Security,
    /// Sagas.
    Saga,
    /// Choreographies.
    Choreography,
}

impl Group {
    /// Its name in lists.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Topology => "topology",
            Self::Events => "events",
            Self::Brokers => "brokers",
            Self::Security => "security",
            Self::Saga => "saga",
            Self::Choreography => "choreography",
        }
    }
}

/// A rule of design; declared by `rule!` in a file of its own.
#[derive(Debug)]
pub struct Rule {
    /// Its slug, which stands for its number, too, and its page.
    pub code: Code,
    /// What it is about.
    pub group: Group,
    /// How bad its findings can be in the profile `standard`, the mildest first.
    pub levels: &'static [Severity],
    /// Its findings are one message, a list that begins with how many there are and these words.
    pub listed: Option<&'static str>,
    /// Its judgement.
    pub check: fn(&Analysis<'_>, &mut Report),
}

/// Declares the rule of a file: `pub RULE = Warning | Error "slug" in Calls;`, with `, listed "words"` where all that it
/// finds is told in one message. The doc comment is its page; the
/// function `check` beside it judges. The first severity is that of a finding which says no other.
macro_rules! rule {
    ($(#[doc = $doc:literal])+ pub $name:ident = $first:ident $(| $more:ident)* $slug:literal in $group:ident $(, listed $listed:literal)?;) => {
        $(#[doc = $doc])+
        pub(crate) static $name: $crate::Rule = $crate::Rule {
            code: &svckit_diagnostics::code_info!($(#[doc = $doc])+ $first $slug $slug),
            group: $crate::Group::$group,
            levels: &[
                svckit_diagnostics::Severity::$first,
                $(svckit_diagnostics::Severity::$more),*
            ],
            listed: $crate::rule::first(&[$($listed)?]),
            check,
        };
    };
}
pub(crate) use rule;

pub(crate) const fn first(words: &[&'static str]) -> Option<&'static str> {
    match words {
        [first, ..] => Some(*first),
        [] => None,
    }
}
