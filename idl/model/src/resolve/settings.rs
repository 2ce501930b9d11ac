//! Blocks of settings whose words are known: of policies, queues, limits, `jwt`, deployments.

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{Expr, ExprKind, Setting};

use super::context::Cx;
use super::suggest::listed;
use crate::codes::policies::{BAD_SETTING, DUPLICATE_SETTING, UNKNOWN_SETTING};
use crate::world::Places;

/// Settings by their words, each known and there once.
#[derive(Debug)]
pub(crate) struct Words<'t> {
    found: Vec<(&'static str, &'t Setting)>,
}

impl<'t> Words<'t> {
    /// Where each stands.
    pub(crate) fn places(&self) -> Places {
        self.found.iter().map(|(word, setting)| (*word, setting.span)).collect()
    }

    pub(crate) fn get(&self, word: &str) -> Option<&'t Setting> {
        self.found.iter().find(|(w, _)| *w == word).map(|(_, s)| *s)
    }
}

impl Cx<'_> {
    /// Sorts settings by their words; unknown ones and second ones are reported.
    pub(crate) fn words<'t>(
        &mut self,
        of: &str,
        settings: &'t [Setting],
        known: &[&'static str],
    ) -> Words<'t> {
        let mut found: Vec<(&'static str, &'t Setting)> = Vec::new();
        for setting in settings {
            let name = setting.name.text.as_str();
            let Some(word) = known.iter().find(|k| **k == name).copied() else {
                self.unknown_setting(of, setting, known);
                continue;
            };
            if let Some((_, first)) = found.iter().find(|(w, _)| *w == word) {
                let twice = Diagnostic::new(
                    DUPLICATE_SETTING,
                    setting.span,
                    format!("`{word}` is set twice"),
                )
                .here("again here")
                .label(first.span, "first here")
                .fix("remove this one", setting.span, "");
                self.report(twice.unsafe_fix());
                continue;
            }
            found.push((word, setting));
        }
        Words { found }
    }

    fn unknown_setting(&mut self, of: &str, setting: &Setting, known: &[&'static str]) {
        let name = &setting.name;
        let text = format!("{of} has no setting `{}`", name.text);
        let unknown = Diagnostic::new(UNKNOWN_SETTING, name.span, text).here("unknown");
        let near = self.nearest(&name.text, known.iter().copied());
        self.report(match near {
            Some(near) => unknown.fix(format!("did you mean `{near}`?"), name.span, near),
            None if known.is_empty() => unknown,
            None => unknown.help(format!("it has {}", listed(known.iter().copied()))),
        });
    }

    /// Reports a setting that is not of its form.
    pub(crate) fn bad_setting(&mut self, span: Span, word: &str, wanted: &str) {
        let text = format!("`{word}` takes {wanted}");
        let wrong = Diagnostic::new(BAD_SETTING, span, text).here(format!("{wanted} is expected"));
        self.report(wrong);
    }

    /// The argument at a place, as `read` takes it; what it does not take is reported.
    pub(crate) fn arg<T>(
        &mut self,
        setting: &Setting,
        at: usize,
        wanted: &str,
        read: impl Fn(&ExprKind) -> Option<T>,
    ) -> Option<T> {
        let value = setting.args.get(at).and_then(|e| read(&e.kind));
        if value.is_none() {
            let span = setting.args.get(at).map_or(setting.span, |e| e.span);
            self.bad_setting(span, &setting.name.text, wanted);
        }
        value
    }

    /// The one argument of a setting, as `read` takes it.
    pub(crate) fn one<T>(
        &mut self,
        words: &Words<'_>,
        word: &str,
        wanted: &str,
        read: impl Fn(&ExprKind) -> Option<T>,
    ) -> Option<T> {
        let setting = words.get(word)?;
        self.no_more(setting, 1);
        self.arg(setting, 0, wanted, read)
    }

    /// Reports arguments beyond the first `most`.
    pub(crate) fn no_more(&mut self, setting: &Setting, most: usize) {
        if let Some(extra) = setting.args.get(most) {
            let text = format!("`{}` does not take so much", setting.name.text);
            self.report(Diagnostic::new(BAD_SETTING, extra.span, text).here("one too many"));
        }
    }
}

pub(crate) fn nanos(kind: &ExprKind) -> Option<u64> {
    if let ExprKind::Duration(n) = kind { (*n > 0).then_some(*n) } else { None }
}

/// A whole number from 1.
pub(crate) fn count(kind: &ExprKind) -> Option<u32> {
    if let ExprKind::Int(n) = kind { u32::try_from(*n).ok().filter(|n| *n > 0) } else { None }
}

/// A whole number from 0.
pub(crate) fn number(kind: &ExprKind) -> Option<u32> {
    if let ExprKind::Int(n) = kind { u32::try_from(*n).ok() } else { None }
}

/// More than 0 % and at most 100 %.
pub(crate) fn percent(kind: &ExprKind) -> Option<f64> {
    if let ExprKind::Percent(p) = kind { (*p > 0.0 && *p <= 100.0).then_some(*p) } else { None }
}

/// A second.
pub(crate) fn rate(kind: &ExprKind) -> Option<f64> {
    if let ExprKind::Rate(r) = kind { (*r > 0.0 && r.is_finite()).then_some(*r) } else { None }
}

/// Between 0 and 100.
pub(crate) fn percentile(kind: &ExprKind) -> Option<f64> {
    if let ExprKind::Percentile(p) = kind { (*p > 0.0 && *p < 100.0).then_some(*p) } else { None }
}

/// Both ends of a range of durations.
pub(crate) fn nanos_range(kind: &ExprKind) -> Option<(u64, u64)> {
    let end = |e: &Option<Box<Expr>>| e.as_ref().and_then(|e| nanos(&e.kind));
    if let ExprKind::Range(from, to) = kind { Some((end(from)?, end(to)?)) } else { None }
}

/// A word.
pub(crate) fn word(kind: &ExprKind) -> Option<String> {
    if let ExprKind::Path(path) = kind { path.single().map(|n| n.text.clone()) } else { None }
}

/// One of a table's words.
pub(crate) fn choice<T: Copy>(table: &[(&str, T)]) -> impl Fn(&ExprKind) -> Option<T> {
    move |kind| {
        let word = word(kind)?;
        table.iter().find(|(w, _)| *w == word).map(|(_, value)| *value)
    }
}
