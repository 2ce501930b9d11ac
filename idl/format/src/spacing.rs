//! What stands between two tokens of one line.

use svckit_syntax::{Token, TokenKind};

/// Blanks between `a` and `b`; `before` is the token before `a`.
pub(crate) fn gap(text: &str, before: Option<Token>, a: Token, b: Token) -> usize {
    let (left, right) = (&text[a.start..a.end], &text[b.start..b.end]);
    let touching = a.end == b.start;
    let glue = ["-", "/", "%"];
    if touching && (glue.contains(&left) || glue.contains(&right)) {
        return 0;
    }
    let previous = before.map_or("", |t| &text[t.start..t.end]);
    let none = match (left, right) {
        ("." | "@" | "<" | "(" | "[", _)
        | (_, "." | "," | ":" | "?" | ">" | ")" | "]" | "*" | "<") => true,
        ("{", "}") => false,
        ("{", _) => previous == ".",
        (_, "(") => glued_parenthesis(left, previous, a),
        (".." | "..=", _) => true,
        (_, ".." | "..=") => left.starts_with(|c: char| c.is_ascii_digit()) || left == "%",
        (":", _) => false,
        _ => false,
    };
    usize::from(!none)
}

/// `command X(`, `key(step)`, but `emits (A | B)` and `saga S of Orders (…)`.
fn glued_parenthesis(left: &str, previous: &str, a: Token) -> bool {
    a.kind == TokenKind::Word && left != "emits" && previous != "of"
}

/// Whether a `}` closes the names of a `use`, which are written without blanks.
pub(crate) fn tight_close(text: &str, tokens: &[Token], open: usize) -> bool {
    open > 0 && &text[tokens[open - 1].start..tokens[open - 1].end] == "."
}
