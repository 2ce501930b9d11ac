//! What every part of the conversion needs: spans, names, strings, docs.

use pest::iterators::{Pair, Pairs};
use svckit_diagnostics::{Diagnostic, FileId, Span};

use super::Rule;
use crate::codes;
use crate::tree::{Because, Comment, CommentKind, Name, Number, Path, Str};

pub(super) type P<'i> = Pair<'i, Rule>;

pub(super) struct Builder<'a> {
    pub(super) id: FileId,
    pub(super) text: &'a str,
    /// Where the text that is being parsed begins in the file.
    pub(super) base: usize,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// So many of them, a few at most, are the scan's.
    pub(super) scanned: usize,
    /// A `package` line was there, even if it was broken.
    pub(super) saw_package: bool,
    comments: &'a [Comment],
    used_docs: Vec<bool>,
}

/// The first child of that rule.
pub(super) fn child<'i>(pair: &P<'i>, rule: Rule) -> Option<P<'i>> {
    pair.clone().into_inner().find(|p| p.as_rule() == rule)
}

/// Every child of that rule.
pub(super) fn children<'i>(pair: &P<'i>, rule: Rule) -> impl Iterator<Item = P<'i>> + use<'i> {
    pair.clone().into_inner().filter(move |p| p.as_rule() == rule)
}

/// Whether there is a child of that rule.
pub(super) fn has(pair: &P<'_>, rule: Rule) -> bool {
    child(pair, rule).is_some()
}

impl<'a> Builder<'a> {
    pub(super) fn new(id: FileId, text: &'a str, comments: &'a [Comment]) -> Self {
        Self {
            id,
            text,
            base: 0,
            diagnostics: Vec::new(),
            scanned: 0,
            saw_package: false,
            comments,
            used_docs: vec![false; comments.len()],
        }
    }

    pub(super) fn say(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// A pair's span without the blanks and comments that an optional tail swallowed.
    pub(super) fn span(&self, pair: &P<'_>) -> Span {
        let span = pair.as_span();
        let start = self.base + span.start();
        Span::new(self.id, start, self.trimmed(start, self.base + span.end()))
    }

    fn trimmed(&self, start: usize, mut end: usize) -> usize {
        loop {
            end = start + self.text[start..end].trim_end().len();
            let index = self.comments.partition_point(|c| (c.span.end as usize) < end);
            match self.comments.get(index) {
                Some(c) if c.span.end as usize == end && c.span.start as usize >= start => {
                    end = c.span.start as usize;
                }
                _ => return end,
            }
        }
    }

    pub(super) fn name(&self, pair: &P<'_>) -> Name {
        Name { text: pair.as_str().trim_end().to_owned(), span: self.span(pair) }
    }

    /// The name in the first `ident` child.
    ///
    /// # Panics
    /// Never: asked only of rules that have one.
    pub(super) fn ident(&self, pair: &P<'_>) -> Name {
        self.name(&child(pair, Rule::ident).expect("the grammar has an ident here"))
    }

    pub(super) fn path(&self, pair: &P<'_>) -> Path {
        Path {
            segments: children(pair, Rule::ident).map(|p| self.name(&p)).collect(),
            span: self.span(pair),
        }
    }

    /// The path in the first `path` child.
    pub(super) fn path_in(&self, pair: &P<'_>) -> Path {
        self.path(&child(pair, Rule::path).expect("the grammar has a path here"))
    }

    pub(super) fn paths_in(&self, pair: &P<'_>) -> Vec<Path> {
        children(pair, Rule::path).map(|p| self.path(&p)).collect()
    }

    pub(super) fn string_in(&mut self, pair: &P<'_>) -> Option<Str> {
        child(pair, Rule::string).map(|s| self.string(&s))
    }

    pub(super) fn string_here(&mut self, pair: &P<'_>) -> Str {
        self.string_in(pair).expect("the grammar has a string here")
    }

    pub(super) fn strings_in(&mut self, pair: &P<'_>) -> Vec<Str> {
        children(pair, Rule::string).map(|s| self.string(&s)).collect()
    }

    pub(super) fn wire_in(&mut self, pair: &P<'_>) -> Option<Str> {
        child(pair, Rule::wire).map(|w| self.string_here(&w))
    }

    /// A number of digits, after any prefix such as `@`, `x` or `v`.
    pub(super) fn number(&mut self, pair: &P<'_>) -> Number {
        let span = self.span(pair);
        let digits = pair.as_str().trim().trim_start_matches(|c: char| !c.is_ascii_digit());
        let value = digits.parse().unwrap_or_else(|_| {
            self.bad_literal(span, format!("`{digits}` is too large a number"));
            u64::MAX
        });
        Number { value, span }
    }

    pub(super) fn bad_literal(&mut self, span: Span, message: String) {
        self.say(Diagnostic::new(codes::BAD_LITERAL, span, message));
    }

    /// `none because "…"`; `pair` is the `none` rule.
    pub(super) fn none(&mut self, pair: &P<'_>) -> Because {
        let span = self.span(pair);
        let reason = child(pair, Rule::because).map(|b| self.string_here(&b));
        if reason.is_none() {
            self.say(
                Diagnostic::new(codes::NO_REASON, span, "`none` needs a reason")
                    .help("say why it is left out: `none because \"…\"`"),
            );
        }
        Because { reason: reason.map(|r| r.value).unwrap_or_default(), span }
    }

    /// Reports a comma that ends a list, or stands between members.
    pub(super) fn no_comma(&mut self, pair: &P<'_>, message: &str) {
        let span = self.span(pair);
        self.say(Diagnostic::new(codes::SEPARATOR, span, message).fix(
            "remove the comma",
            span,
            "",
        ));
    }

    /// Whether the last comma of a list has nothing after it.
    pub(super) fn no_trailing_comma(&mut self, pair: &P<'_>) {
        let brackets = [Rule::p_close, Rule::p_rbr];
        let last = pair.clone().into_inner().filter(|p| !brackets.contains(&p.as_rule())).last();
        if let Some(last) = last.filter(|p| p.as_rule() == Rule::comma) {
            self.no_comma(&last, "no comma stands at the end of a list");
        }
    }

    /// Reports the commas and semicolons that stand between members, fields, values, lines.
    pub(super) fn no_separators(&mut self, pairs: &Pairs<'_, Rule>) {
        for separator in pairs.clone().flatten().filter(|p| p.as_rule() == Rule::sep) {
            let span = self.span(&separator);
            let found = separator.as_str();
            let what =
                if found == ";" { "there are no semicolons" } else { "no comma stands here" };
            self.say(
                Diagnostic::new(codes::SEPARATOR, span, what)
                    .help("members need no separators; the formatter puts each on a line")
                    .fix(format!("remove the `{found}`"), span, ""),
            );
        }
    }

    pub(super) fn file_docs(&self) -> String {
        let lines = self.comments.iter().filter(|c| c.kind == CommentKind::File);
        self.doc_text(lines.copied().collect())
    }

    /// The `///` lines right before a byte offset.
    pub(super) fn docs_before(&mut self, at: u32) -> String {
        let mut index = self.comments.partition_point(|c| c.span.start < at);
        let mut next = at as usize;
        let mut lines = Vec::new();
        while index > 0 {
            let comment = self.comments[index - 1];
            if !self.text[comment.span.end as usize..next].trim().is_empty() {
                break;
            }
            index -= 1;
            next = comment.span.start as usize;
            if comment.kind == CommentKind::Item && !self.used_docs[index] {
                self.used_docs[index] = true;
                lines.push(comment);
            }
        }
        lines.reverse();
        self.doc_text(lines)
    }

    fn doc_text(&self, lines: Vec<Comment>) -> String {
        let text = lines.iter().map(|c| {
            let line = &self.text[c.span.range()][3..];
            line.strip_prefix(' ').unwrap_or(line).trim_end()
        });
        text.collect::<Vec<_>>().join("\n")
    }

    pub(super) fn report_dangling_docs(&mut self) {
        for (comment, used) in self.comments.iter().zip(&self.used_docs) {
            if comment.kind == CommentKind::Item && !used {
                self.diagnostics.push(
                    Diagnostic::new(codes::DANGLING_DOC, comment.span, "this documents nothing")
                        .help("put it right before what it documents, or write `//`"),
                );
            }
        }
    }

    /// Marks the docs within a range as read: what they document is broken, which was said.
    pub(super) fn forget_docs(&mut self, start: usize, end: usize) {
        let first = self.comments.partition_point(|c| (c.span.start as usize) < start);
        let last = self.comments.partition_point(|c| (c.span.start as usize) < end);
        self.used_docs[first..last.max(first)].fill(true);
    }
}
