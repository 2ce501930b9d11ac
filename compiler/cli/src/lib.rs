//! The svckit command.
