//! A pest error in words.

use pest::error::{Error, InputLocation};
use svckit_diagnostics::{Diagnostic, Span};

use super::Rule;
use super::builder::Builder;
use super::expected::{expected, words_of};
use super::slips::Slip;
use crate::codes;
use crate::scan::token;

impl Builder<'_> {
    /// Says what was expected and what was found, and knows the common slips.
    pub(super) fn syntax_error(&mut self, error: &Error<Rule>) {
        let at = self.base
            + match error.location {
                InputLocation::Pos(at) => at,
                InputLocation::Span((at, _)) => at,
            };
        let at = self.skip_blanks(at.min(self.text.len()));
        let found = found(self.text, at);
        let span = Span::new(self.id, at, at + found.len());
        let expected = expected(error);
        let slip = Slip::new(self.text, self.base, span, found, &expected).recognise();
        self.say(slip.unwrap_or_else(|| plain(span, found, &expected)));
    }

    /// The same, unless the scan found something in that range, for it follows from that.
    pub(super) fn syntax_error_unless_said(
        &mut self,
        error: &Error<Rule>,
        start: usize,
        end: usize,
    ) {
        let scanned = &self.diagnostics[..self.scanned];
        if !scanned.iter().any(|d| (start..end).contains(&(d.span().start as usize))) {
            self.syntax_error(error);
        }
    }

    /// pest reports the position before blanks and comments; the mistake is after them.
    fn skip_blanks(&self, mut at: usize) -> usize {
        loop {
            let rest = &self.text[at..];
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return at;
            }
            at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }
}

/// The token at a place; empty at the end.
fn found(text: &str, at: usize) -> &str {
    if at >= text.len() { "" } else { &text[at..token(text, at).1] }
}

fn plain(span: Span, found: &str, expected: &[String]) -> Diagnostic {
    let shown = if found.is_empty() { "the end".to_owned() } else { format!("`{}`", shown(found)) };
    let message = match expected {
        [] => format!("{shown} does not stand here"),
        list => format!("expected {}, found {shown}", join(list)),
    };
    let diagnostic = Diagnostic::new(codes::SYNTAX, span, message);
    match near(found, &words_of(expected)) {
        Some(word) => {
            diagnostic.fix(format!("did you mean `{word}`?"), span, word.to_owned()).unsafe_fix()
        }
        None => diagnostic,
    }
}

/// A token as a message shows it: control characters by their number.
pub(crate) fn shown(token: &str) -> String {
    let mut out = String::with_capacity(token.len());
    for c in token.chars() {
        if c.is_control() { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// The word that is nearest to a misspelt one.
fn near<'a>(found: &str, words: &[&'a str]) -> Option<&'a str> {
    if found.len() < 3 || !found.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let scored = words.iter().map(|w| (strsim::damerau_levenshtein(found, w), *w));
    scored.filter(|(d, _)| *d <= 1 + found.len() / 5).min().map(|(_, w)| w)
}

/// `a, b or c`, at most eight.
fn join(list: &[String]) -> String {
    let shown = &list[..list.len().min(8)];
    match shown {
        [one] => one.clone(),
        [most @ .., last] if shown.len() == list.len() => format!("{} or {last}", most.join(", ")),
        _ => format!("{}, …", shown.join(", ")),
    }
}
