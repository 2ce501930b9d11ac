//! Lays tokens out, one after another.

use svckit_syntax::{Token, TokenKind};

use crate::WIDTH;
use crate::align::{Laid, Pad};
use crate::groups::{Groups, blanks, starts, width};
use crate::plan::Plan;
use crate::spacing::tight_close;

/// Words that may begin a line of their own within a step of a saga, if they were written so.
const STEP_WORDS: &[&str] =
    &["undo", "on", "when", "best_effort", "retry", "errors", "calls", "within", "else"];

pub(crate) fn emit(text: &str, tokens: &[Token], plan: &Plan, groups: &Groups) -> Laid {
    let mut emitter = Emitter {
        text,
        tokens,
        plan,
        groups,
        laid: Laid::default(),
        line: 0,
        line_start: 0,
        indent: 0,
        broken: Vec::new(),
        owner: None,
        next: next_of(tokens),
    };
    for i in 0..tokens.len() {
        emitter.token(i);
    }
    if !emitter.laid.text.is_empty() {
        emitter.laid.text.push('\n');
    }
    emitter.laid
}

/// For each token the next one that is no comment, or else the last.
fn next_of(tokens: &[Token]) -> Vec<usize> {
    let mut next = vec![tokens.len().saturating_sub(1); tokens.len()];
    for i in (1..tokens.len()).rev() {
        next[i - 1] = if tokens[i].kind == TokenKind::Comment { next[i] } else { i };
    }
    next
}

/// What stands before a token.
enum Before {
    /// A new line at that depth of blanks.
    Line(usize),
    /// So many blanks.
    Blanks(usize),
}

/// A bracket that is open and laid over several lines.
struct Broken {
    open: usize,
    close: usize,
    /// Depth of the line that it stands on.
    indent: usize,
}

struct Emitter<'a> {
    text: &'a str,
    tokens: &'a [Token],
    plan: &'a Plan,
    groups: &'a Groups,
    laid: Laid,
    line: usize,
    line_start: usize,
    /// Of the line being written.
    indent: usize,
    broken: Vec<Broken>,
    /// (owner, depth of its first line, clauses each on a line).
    owner: Option<(usize, usize, bool)>,
    /// For each token the next one that is no comment.
    next: Vec<usize>,
}

impl Emitter<'_> {
    fn word(&self, i: usize) -> &str {
        &self.text[self.tokens[i].start..self.tokens[i].end]
    }

    fn at(&self, i: usize) -> u32 {
        u32::try_from(self.tokens[i].start).unwrap_or(u32::MAX)
    }

    fn column(&self) -> usize {
        self.laid.text[self.line_start..].chars().count()
    }

    /// Line breaks of the source before a token.
    fn breaks(&self, i: usize) -> usize {
        let from = if i == 0 { 0 } else { self.tokens[i - 1].end };
        self.text[from..self.tokens[i].start].matches('\n').count()
    }

    fn token(&mut self, i: usize) {
        self.note_owner(i);
        match self.before(i) {
            Before::Line(indent) => self.new_line(i, indent),
            Before::Blanks(n) => self.laid.text.extend(std::iter::repeat_n(' ', n)),
        }
        self.pad_before(i);
        let word = self.word(i);
        let word = if self.tokens[i].kind == TokenKind::Comment { word.trim_end() } else { word };
        let word = word.to_owned();
        self.laid.text.push_str(&word);
        self.open_or_close(i);
    }

    fn before(&self, i: usize) -> Before {
        if i == 0 {
            return Before::Blanks(0);
        }
        let token = self.tokens[i];
        let (own_line, inner) = (self.breaks(i) > 0, self.inner_indent());
        let after_comment = self.tokens[i - 1].kind == TokenKind::Comment;
        if let Some(closed) = self.broken.last().filter(|b| b.close == i) {
            return Before::Line(closed.indent);
        }
        if token.kind == TokenKind::Comment {
            return if own_line || after_comment {
                Before::Line(self.comment_indent(i))
            } else {
                Before::Blanks(2)
            };
        }
        if self.plan.items.contains(&self.at(i)) {
            return Before::Line(0);
        }
        if self.begins_line(i) {
            return Before::Line(inner);
        }
        if let Some(indent) = self.clause_indent(i) {
            return Before::Line(indent);
        }
        if after_comment {
            return Before::Line(if self.owner.is_none() { inner + 2 } else { inner + 4 });
        }
        if self.wraps(i) {
            return Before::Line(inner + 4);
        }
        Before::Blanks(self.blanks(i))
    }

    fn blanks(&self, i: usize) -> usize {
        let tight = self.word(i) == "}"
            && self.groups.parent.get(i.wrapping_sub(1)).copied().flatten().is_some_and(|open| {
                self.groups.get(open).is_some_and(|g| g.close == i)
                    && tight_close(self.text, self.tokens, open)
            });
        if tight { 0 } else { blanks(self.text, self.tokens, self.plan, i) }
    }

    /// Depth of what stands directly in the innermost broken bracket.
    fn inner_indent(&self) -> usize {
        self.broken.last().map_or(0, |b| b.indent + 2)
    }

    /// A comment before a clause goes with it; any other with what stands in the bracket.
    fn comment_indent(&self, i: usize) -> usize {
        self.clause_indent(self.next[i]).unwrap_or_else(|| self.inner_indent())
    }

    /// Whether the token begins an element of a bracket that is laid over several lines.
    fn begins_line(&self, i: usize) -> bool {
        let Some(broken) = self.broken.last() else { return false };
        if self.groups.parent[i] != Some(broken.open) {
            return false;
        }
        let group = self.groups.get(broken.open);
        if group.is_some_and(|g| g.has_elements) {
            return starts(self.plan, self.tokens[i]) || (self.line_word(i) && self.breaks(i) > 0);
        }
        let previous = (0..i).rev().find(|p| self.tokens[*p].kind != TokenKind::Comment);
        previous.is_some_and(|p| p == broken.open || self.word(p) == ",")
            || self.line_word(i) && self.breaks(i) > 0
    }

    /// Lines of gateways, choreographies and aggregates that the tree has no place for.
    fn line_word(&self, i: usize) -> bool {
        let words = ["state", "snapshot", "limit", "route", "within", "auth"];
        let clause = self.plan.clauses.contains_key(&self.at(i));
        !clause && self.tokens[i].kind == TokenKind::Word && words.contains(&self.word(i))
    }

    fn clause_indent(&self, i: usize) -> Option<usize> {
        if let Some(owner) = self.plan.clauses.get(&self.at(i)) {
            let (_, indent, lines) = self.owner.filter(|(o, ..)| o == owner)?;
            return lines.then_some(indent + 2);
        }
        let in_broken = self.broken.last().is_some_and(|b| self.groups.parent[i] == Some(b.open));
        let step = in_broken && self.breaks(i) > 0 && STEP_WORDS.contains(&self.word(i));
        let member = self.owner.is_some_and(|(o, ..)| {
            let span = self.plan.owners[o].span;
            (span.start..span.end).contains(&self.at(i))
        });
        (step && !member).then(|| self.inner_indent() + 2)
    }

    /// A list of names that is too long goes on in the next line.
    fn wraps(&self, i: usize) -> bool {
        let flat = self.broken.last().map(|b| b.open) != self.groups.parent[i];
        if flat || self.broken.is_empty() || self.word(i - 1) != "," {
            return false;
        }
        let last = |n: &usize| self.word(*n) == "," || self.ends_name(*n + 1);
        let end = (i..self.tokens.len() - 1).find(last).unwrap_or(i);
        self.column() + 1 + width(self.text, self.tokens, self.plan, i, end) > WIDTH
    }

    /// Whether a token follows a list of names: it begins something else.
    fn ends_name(&self, i: usize) -> bool {
        let at = self.at(i);
        let begins = self.plan.clauses.contains_key(&at) || self.plan.elements.contains(&at);
        begins || matches!(self.word(i), "{" | "}") || self.tokens[i].kind == TokenKind::Comment
    }

    /// At the start of something with clauses: where it stands, and how its clauses are laid.
    fn note_owner(&mut self, i: usize) {
        let at = self.at(i);
        let Ok(owner) = self.plan.owners.binary_search_by_key(&at, |o| o.span.start) else {
            return;
        };
        let indent = self.inner_indent();
        let end = self.plan.owners[owner].span.end as usize;
        let last = self.tokens.partition_point(|t| t.start < end) - 1;
        let clause_lines = (i..=last)
            .any(|n| self.breaks(n) > 0 && self.plan.owners[owner].clauses.contains(&self.at(n)));
        // Nothing in it is laid over several lines already.
        let plain = (i..=last).all(|n| {
            self.tokens[n].kind != TokenKind::Comment
                && self.groups.get(n).is_none_or(|g| g.one_line)
        });
        let too_long = plain && indent + width(self.text, self.tokens, self.plan, i, last) > WIDTH;
        self.owner = Some((owner, indent, clause_lines || too_long));
    }

    fn new_line(&mut self, i: usize, indent: usize) {
        let opened = self.broken.last().is_some_and(|b| b.open + 1 == i);
        let closes = self.broken.last().is_some_and(|b| b.close == i);
        let after_package = self.plan.package.is_some()
            && self.laid.text[self.line_start..].starts_with("package ");
        let blank = (self.breaks(i) > 1 || after_package) && !opened && !closes;
        let lines = if blank { 2 } else { 1 };
        self.laid.text.extend(std::iter::repeat_n('\n', lines));
        self.line += lines;
        self.line_start = self.laid.text.len();
        self.indent = indent;
        self.laid.text.extend(std::iter::repeat_n(' ', indent));
    }

    /// Before `@` or `wire` after a name, and after the word of a clause.
    fn pad_before(&mut self, i: usize) {
        if i == 0 {
            return;
        }
        let previous = self.at(i - 1);
        let first = self.laid.text[self.line_start..].trim_end().chars().count()
            == self.indent + self.word(i - 1).chars().count();
        let owner = self.plan.clauses.get(&previous).copied();
        let key = match (self.broken.last(), owner) {
            (_, Some(owner)) => usize::MAX - owner,
            (Some(b), None) if self.plan.worded.contains(&previous) => b.open,
            (Some(b), None)
                if self.plan.named.contains(&previous) && matches!(self.word(i), "@" | "wire") =>
            {
                b.open
            }
            _ => return,
        };
        let breaks = self.groups.get(i).is_some_and(|g| !self.fits(g));
        if first && !breaks {
            let pad = Pad { line: self.line, at: self.laid.text.len(), column: self.column(), key };
            self.laid.pads.push(pad);
        }
    }

    /// Whether a bracket that is about to be written may stay on the line.
    fn fits(&self, group: crate::groups::Group) -> bool {
        group.one_line && self.column() + group.width <= WIDTH
    }

    fn open_or_close(&mut self, i: usize) {
        if self.broken.last().is_some_and(|b| b.close == i) {
            self.broken.pop();
        }
        let Some(group) = self.groups.get(i) else { return };
        let within_flat = self.groups.parent[i].is_some()
            && self.groups.parent[i] != self.broken.last().map(|b| b.open);
        let fits = group.one_line && self.column() - 1 + group.width <= WIDTH;
        let empty = group.close == i + 1;
        if !(within_flat || fits || empty) {
            self.broken.push(Broken { open: i, close: group.close, indent: self.indent });
        }
    }
}
