//! Grammar, parser and syntax tree of the .svc language; parsing never fails.
//!
//! [`parse`] cuts a file into items with a cheap scan, parses each by the pest grammar, and turns what it
//! can't understand into junk nodes with a message; an item's mistake never hides its siblings.

pub mod codes;
mod parse;
mod scan;
pub mod tree;

pub use parse::{Parsed, parse};
pub use scan::{MAX_DEPTH, Token, TokenKind, tokens};
