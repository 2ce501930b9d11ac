//! The formatter of the .svc language: idempotent, keeps every comment.
//!
//! It never prints from the tree. It re-lays the tokens and comments of the text: the tree says where items,
//! members, fields and clauses begin, and that decides between a new line, blanks and nothing. So no token or
//! comment can get lost, and a meaning can't change.

mod align;
mod emit;
mod groups;
mod plan;
mod spacing;

use svckit_syntax::tree::File;
use svckit_syntax::{Parsed, tokens};

/// A line may be so long, in characters, before a block that was written on one line is broken.
pub const WIDTH: usize = 100;

/// The formatted text of a parsed file, which ends in one line break; `None` where the file has syntax errors:
/// such a text is left as it is, for a guess at what was meant could hide it.
#[must_use]
pub fn format(parsed: &Parsed, text: &str) -> Option<String> {
    let broken = parsed.diagnostics.iter().any(svckit_diagnostics::Diagnostic::is_error);
    (!broken).then(|| lay(&parsed.file, text))
}

fn lay(file: &File, text: &str) -> String {
    let tokens = tokens(text);
    let plan = plan::Plan::of(file, &tokens);
    let groups = groups::Groups::of(text, &tokens, &plan);
    let laid = emit::emit(text, &tokens, &plan, &groups);
    align::align(laid)
}
