//! A file a rule, named by its slug.

pub(crate) mod hedged_command;
