//! For people: the look of rustc's messages.

use std::fmt::Write as _;

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Patch, Renderer, Snippet,
};

use super::window::{Window, windows};
use super::{Summary, summary::counted, way};
use crate::{Diagnostic, Fix, Label, Severity, SourceFile, SourceMap, Span};

/// Messages beyond this many are counted, not shown.
const SHOWN: usize = 500;

/// How messages are rendered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// With ANSI colours.
    pub color: bool,
}

/// Every message, a blank line after each; in the order given (see [`sort`](super::sort)).
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, style: Style) -> String {
    let mut out = String::new();
    for diagnostic in diagnostics.iter().take(SHOWN) {
        out.push_str(&render_one(diagnostic, sources, style));
        out.push_str("\n\n");
    }
    if let Some(more) = diagnostics.len().checked_sub(SHOWN).filter(|n| *n > 0) {
        let _ = writeln!(out, "… and {} more\n", counted(more, "message"));
    }
    out
}

/// The messages and, if there are any, the line that counts them.
#[must_use]
pub fn render_with_summary(
    diagnostics: &[Diagnostic],
    sources: &SourceMap,
    style: Style,
) -> String {
    let mut out = render(diagnostics, sources, style);
    let summary = Summary::of(diagnostics);
    if !summary.is_empty() {
        let _ = writeln!(out, "{summary}");
    }
    out
}

/// One message, without a line break at its end.
#[must_use]
pub fn render_one(diagnostic: &Diagnostic, sources: &SourceMap, style: Style) -> String {
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let way = way(diagnostic, sources).unwrap_or_default();
    let mut report = vec![main_group(diagnostic, &way, sources)];
    report.extend(diagnostic.fixes.iter().filter_map(|fix| fix_group(fix, sources)));
    trim_lines(&renderer.render(&report))
}

fn trim_lines(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

fn main_group<'a>(diagnostic: &'a Diagnostic, way: &'a str, sources: &'a SourceMap) -> Group<'a> {
    let title = level(diagnostic.severity).primary_title(&diagnostic.message);
    let mut group = Group::with_title(title.id(diagnostic.code.id));
    for (file, labels) in by_file(diagnostic, sources) {
        for window in windows(file, &labels) {
            group = group.elements(snippet(file, window));
        }
    }
    let notes = diagnostic.notes.iter().map(|n| Level::NOTE.message(n));
    let help = diagnostic.help.iter().map(|h| Level::HELP.message(h));
    let way = (!way.is_empty()).then(|| Level::NOTE.message(way));
    group.elements(way).elements(notes).elements(help)
}

/// Labels by file, that of the first label first, the others in the order in which they come.
fn by_file<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a SourceMap,
) -> Vec<(&'a SourceFile, Vec<&'a Label>)> {
    let mut files: Vec<(crate::FileId, Vec<&Label>)> = Vec::new();
    for label in &diagnostic.labels {
        match files.iter_mut().find(|(id, _)| *id == label.span.file) {
            Some((_, labels)) => labels.push(label),
            None => files.push((label.span.file, vec![label])),
        }
    }
    files.into_iter().filter_map(|(id, labels)| Some((sources.get(id)?, labels))).collect()
}

/// The window's annotated lines. Where a line was cut, the place is given apart, for its column would be wrong.
fn snippet<'a>(file: &'a SourceFile, window: Window<'a>) -> Vec<Element<'a>> {
    let annotations: Vec<_> =
        window.labels.iter().map(|label| annotation(file, &window, label)).collect();
    let snippet =
        Snippet::source(window.text).line_start(window.first_line).annotations(annotations);
    if !window.is_cut {
        return vec![snippet.path(file.path()).into()];
    }
    let at = file.line_col(window.labels.first().map_or(0, |l| l.span.start));
    let origin = Origin::path(file.path()).line(at.line).char_column(at.column);
    vec![origin.into(), snippet.into()]
}

fn annotation<'a>(file: &SourceFile, window: &Window<'a>, label: &'a Label) -> Annotation<'a> {
    let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
    let text = (!label.message.is_empty()).then_some(label.message.as_str());
    kind.span(window.range(file, label.span)).label(text)
}

/// `help: TITLE` and the lines as they would be.
fn fix_group<'a>(fix: &'a Fix, sources: &'a SourceMap) -> Option<Group<'a>> {
    let title = Level::HELP.secondary_title(&fix.title);
    let spans: Vec<Span> = fix.edits.iter().map(|e| e.span).collect();
    let file = sources.get(spans.first()?.file)?;
    let window = Window::around(file, &spans);
    if !window.is_short() || spans.iter().any(|s| s.file != spans[0].file) {
        return Some(Group::with_title(title));
    }
    let patches: Vec<_> =
        fix.edits.iter().map(|e| Patch::new(window.range(file, e.span), e.text.as_str())).collect();
    let snippet = Snippet::source(window.text)
        .line_start(window.first_line)
        .path(file.path())
        .patches(patches);
    Some(Group::with_title(title).element(snippet))
}
