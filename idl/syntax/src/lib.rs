//! Grammar, parser and syntax tree of the .svc language; parsing never fails.

pub mod tree;
