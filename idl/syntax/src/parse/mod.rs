//! From text to tree: the scan's chunks through the pest grammar.

mod builder;
mod clauses;
pub(crate) mod error;
mod expected;
mod flow;
mod items;
mod literals;
mod names;
mod recover;
mod services;
mod slips;

use pest::Parser;
use svckit_diagnostics::{Diagnostic, FileId, Span};

use crate::codes;
use crate::scan::{Chunk, scan};
use crate::tree;
use builder::Builder;

/// The grammar; its rules are named in `grammar.pest`.
#[derive(pest_derive::Parser)]
#[grammar = "grammar.pest"]
pub(crate) struct Grammar;

/// What [`parse`] gives: a tree in any case, and what was wrong.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The tree; what was not understood is junk in it.
    pub file: tree::File,
    /// In order of position.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses a file. Never fails, never panics, and takes time linear in the text's length.
#[must_use]
pub fn parse(id: FileId, text: &str) -> Parsed {
    let scan = scan(id, text);
    let mut builder = Builder::new(id, text, &scan.comments);
    builder.scanned = scan.diagnostics.len();
    builder.diagnostics = scan.diagnostics;
    let mut file = tree::File {
        id,
        docs: builder.file_docs(),
        package: None,
        uses: Vec::new(),
        items: Vec::new(),
        comments: Vec::new(),
    };
    for chunk in &scan.chunks {
        parse_chunk(&mut builder, &mut file, *chunk);
    }
    check_package(&mut builder, &file);
    builder.report_dangling_docs();
    let mut diagnostics = builder.diagnostics;
    diagnostics.sort_by_key(|d| (d.span().start, d.span().end));
    file.comments = scan.comments;
    Parsed { file, diagnostics }
}

fn parse_chunk(builder: &mut Builder<'_>, file: &mut tree::File, chunk: Chunk) {
    builder.base = chunk.start;
    let text = &builder.text[chunk.start..chunk.end];
    if chunk.broken {
        if !recover::service(builder, file, chunk) {
            recover::set_aside(builder, file, chunk);
        }
        return;
    }
    match Grammar::parse(Rule::items, text) {
        Ok(pairs) => {
            builder.no_separators(&pairs);
            for pair in pairs.flat_map(pest::iterators::Pair::into_inner) {
                builder.top_level(file, pair);
            }
        }
        Err(error) => {
            if !recover::service(builder, file, chunk) {
                builder.syntax_error(&error);
                recover::set_aside(builder, file, chunk);
            }
        }
    }
}

fn check_package(builder: &mut Builder<'_>, file: &tree::File) {
    if file.package.is_some() || builder.saw_package {
        return;
    }
    let first = file.uses.first().map(|u| u.span).or(file.items.first().map(|i| i.span));
    let at = first.unwrap_or(Span::new(file.id, 0, 0)).at_start();
    builder.diagnostics.push(
        Diagnostic::new(
            codes::NO_PACKAGE,
            at,
            "this file does not say which package it belongs to",
        )
        .help("start it with a line such as `package shop.orders.v1`"),
    );
}
