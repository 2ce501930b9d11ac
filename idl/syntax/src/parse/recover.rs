//! What is left of an item that could not be parsed.

use pest::Parser;
use svckit_diagnostics::Span;

use super::builder::{Builder, children};
use super::{Grammar, Rule};
use crate::scan::{Chunk, MEMBER_WORDS, TokenKind, tokens};
use crate::tree::{File, Head, Item, ItemKind, Member, MemberKind, Name, Service};

/// A junk item with the name that it would have had.
pub(super) fn set_aside(builder: &mut Builder<'_>, file: &mut File, chunk: Chunk) {
    let text = &builder.text[chunk.start..chunk.end];
    builder.forget_docs(chunk.start, chunk.end);
    builder.saw_package |= text.starts_with("package");
    let words: Vec<_> = tokens(text)
        .into_iter()
        .filter(|t| t.kind != TokenKind::Comment)
        .take(2)
        .map(|t| (&text[t.start..t.end], t))
        .collect();
    let name = words.get(1).filter(|(w, _)| w.starts_with(|c: char| c.is_ascii_uppercase())).map(
        |(word, t)| Name {
            text: (*word).to_owned(),
            span: Span::new(builder.id, chunk.start + t.start, chunk.start + t.end),
        },
    );
    let span = Span::new(builder.id, chunk.start, chunk.start + text.trim_end().len());
    file.items.push(Item { head: Head::default(), span, kind: ItemKind::Junk(name) });
}

/// Parses a broken service member by member; false if it is not one.
pub(super) fn service(builder: &mut Builder<'_>, file: &mut File, chunk: Chunk) -> bool {
    let text = &builder.text[chunk.start..chunk.end];
    let Some(parts) = cut(text) else { return false };
    builder.base = chunk.start;
    let head = match Grammar::parse(Rule::service_head, &text[..parts.members[0]]) {
        Ok(pairs) => {
            builder.no_separators(&pairs);
            pairs.flat_map(pest::iterators::Pair::into_inner).collect::<Vec<_>>()
        }
        Err(error) => {
            builder.syntax_error_unless_said(&error, chunk.start, chunk.start + parts.members[0]);
            Vec::new()
        }
    };
    let mut service = Service {
        name: parts.name.map_or_else(
            || Name { text: String::new(), span: Span::default() },
            |(at, word)| Name {
                text: word.to_owned(),
                span: Span::new(builder.id, chunk.start + at, chunk.start + at + word.len()),
            },
        ),
        wire: None,
        settings: Vec::new(),
        members: Vec::new(),
    };
    let before = builder.docs_before(u32::try_from(chunk.start).unwrap_or(u32::MAX));
    for pair in head {
        if pair.as_rule() == Rule::wire {
            service.wire = Some(builder.string_here(&pair));
        } else if pair.as_rule() == Rule::clause {
            let inner = pair.into_inner().next().expect("a clause is something");
            service.settings.push(builder.clause_of(&inner));
        }
    }
    for range in parts.members.windows(2) {
        members(builder, &mut service, chunk.start, range[0], range[1]);
    }
    builder.late_settings(&mut service);
    let span = Span::new(builder.id, chunk.start, chunk.start + text.trim_end().len());
    let head = Head { docs: before, allows: Vec::new() };
    file.items.push(Item { head, span, kind: ItemKind::Service(service) });
    true
}

fn members(
    builder: &mut Builder<'_>,
    service: &mut Service,
    base: usize,
    start: usize,
    end: usize,
) {
    let text = &builder.text[base + start..base + end];
    builder.base = base + start;
    match Grammar::parse(Rule::members, text) {
        Ok(pairs) => {
            builder.no_separators(&pairs);
            for pair in pairs.flat_map(|p| children(&p, Rule::member).collect::<Vec<_>>()) {
                let member = builder.member(&pair);
                service.members.push(member);
            }
        }
        Err(error) => {
            builder.syntax_error_unless_said(&error, base + start, base + end);
            builder.forget_docs(base + start, base + end);
            let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let name = words.find(|w| w.starts_with(|c: char| c.is_ascii_uppercase())).map(|w| {
                Name { text: w.to_owned(), span: Span::new(builder.id, base + start, base + start) }
            });
            let span = Span::new(builder.id, base + start, base + start + text.trim_end().len());
            service.members.push(Member {
                head: Head::default(),
                span,
                kind: MemberKind::Junk(name),
            });
        }
    }
}

/// Whether an `UpperCamel` name follows, as in `query Get`: so a member begins, whatever is still open.
fn named(text: &str, at: usize) -> bool {
    text[at..].trim_start_matches([' ', '\t']).starts_with(|c: char| c.is_ascii_uppercase())
}

struct Cut<'a> {
    name: Option<(usize, &'a str)>,
    /// Where members begin, and at the end where the last one ends: before the closing brace.
    members: Vec<usize>,
}

/// Cuts the one service of a text into head and members, at member words that begin a line.
fn cut(text: &str) -> Option<Cut<'_>> {
    let tokens: Vec<_> =
        tokens(text).into_iter().filter(|t| t.kind != TokenKind::Comment).collect();
    let word = |i: usize| tokens.get(i).map(|t| &text[t.start..t.end]);
    let at = (0..tokens.len()).find(|i| word(*i) == Some("service"))?;
    if at != 0 && word(0) != Some("allow") {
        return None;
    }
    let mut cut = Cut {
        name: tokens.get(at + 1).map(|t| (t.start, &text[t.start..t.end])),
        members: Vec::new(),
    };
    let mut depth = 0_usize;
    let mut end = text.len();
    let mut after_allow = false;
    for (i, t) in tokens.iter().enumerate().skip(at) {
        match word(i).unwrap_or_default() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    end = t.start;
                    break;
                }
            }
            w if MEMBER_WORDS.contains(&w) && (depth == 1 || named(text, t.end)) => {
                let gap = &text[tokens[i - 1].end..t.start];
                let first = gap.contains('\n') || matches!(word(i - 1), Some("{" | "}"));
                if !first && depth != 1 {
                    continue;
                }
                depth = 1;
                if first && !after_allow {
                    cut.members.push(t.start);
                }
                after_allow = first && w == "allow";
            }
            _ => {}
        }
    }
    cut.members.push(end);
    Some(cut)
}
