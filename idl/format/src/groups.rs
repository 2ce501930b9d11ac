//! Brackets: their partners, and whether they may stay on one line.

use std::collections::BTreeMap;

use svckit_syntax::{Token, TokenKind};

use crate::plan::Plan;
use crate::spacing;

/// A pair of brackets.
#[derive(Clone, Copy)]
pub(crate) struct Group {
    pub(crate) close: usize,
    /// Written on one line, without a comment.
    pub(crate) one_line: bool,
    /// Something of the plan begins right inside.
    pub(crate) has_elements: bool,
    /// Width when it is laid on one line, brackets included.
    pub(crate) width: usize,
}

/// All brackets by the index of the opening token.
pub(crate) struct Groups {
    by_open: BTreeMap<usize, Group>,
    /// The opening token around each token.
    pub(crate) parent: Vec<Option<usize>>,
}

impl Groups {
    pub(crate) fn of(text: &str, tokens: &[Token], plan: &Plan) -> Self {
        let mut groups = Self { by_open: BTreeMap::new(), parent: vec![None; tokens.len()] };
        let mut stack: Vec<usize> = Vec::new();
        for (i, t) in tokens.iter().enumerate() {
            let word = &text[t.start..t.end];
            let punct = t.kind == TokenKind::Punct;
            let closes = punct && matches!(word, "}" | ")" | "]");
            if let Some(open) = closes.then(|| stack.pop()).flatten() {
                groups.add(text, tokens, plan, open, i);
            }
            groups.parent[i] = stack.last().copied();
            if punct && matches!(word, "{" | "(" | "[") {
                stack.push(i);
            }
        }
        groups
    }

    pub(crate) fn get(&self, open: usize) -> Option<Group> {
        self.by_open.get(&open).copied()
    }

    fn add(&mut self, text: &str, tokens: &[Token], plan: &Plan, open: usize, close: usize) {
        let inside = &tokens[open..=close];
        let unbroken = !text[tokens[open].start..tokens[close].end].contains('\n');
        let one_line =
            (unbroken || close == open + 1) && inside.iter().all(|t| t.kind != TokenKind::Comment);
        let has_elements =
            (open + 1..close).any(|i| self.parent[i] == Some(open) && starts(plan, tokens[i]));
        let width = width(text, tokens, plan, open, close);
        self.by_open.insert(open, Group { close, one_line, has_elements, width });
    }
}

pub(crate) fn starts(plan: &Plan, token: Token) -> bool {
    let at = u32::try_from(token.start).unwrap_or(u32::MAX);
    plan.elements.contains(&at)
}

/// Blanks before token `i` on one line.
pub(crate) fn blanks(text: &str, tokens: &[Token], plan: &Plan, i: usize) -> usize {
    let before = i.checked_sub(2).map(|b| tokens[b]);
    let gap = spacing::gap(text, before, tokens[i - 1], tokens[i]);
    let at = u32::try_from(tokens[i].start).unwrap_or(u32::MAX);
    let opens = matches!(&text[tokens[i - 1].start..tokens[i - 1].end], "{" | "(" | "[");
    let previous = &text[tokens[i - 1].start..tokens[i - 1].end];
    let clause = plan.clauses.contains_key(&at) && previous != "}";
    let apart = !opens && (plan.elements.contains(&at) || clause);
    if apart && gap > 0 && previous != "," { 2 } else { gap }
}

/// Width in characters of tokens laid on one line.
pub(crate) fn width(text: &str, tokens: &[Token], plan: &Plan, first: usize, last: usize) -> usize {
    let mut total = 0;
    for i in first..=last {
        if i > first {
            total += blanks(text, tokens, plan, i);
        }
        total += text[tokens[i].start..tokens[i].end].chars().count();
    }
    total
}
