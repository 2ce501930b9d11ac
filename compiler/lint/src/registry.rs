//! The table of rules. A new one is a file in `rules/`, a folder in `tests/ui/rules`, and a line here.

use crate::Rule;
use crate::rules::*;

/// Every rule, by group.
pub static RULES: &[&Rule] = &[
    // Calls.
    &hedged_command::RULE,
];
