//! Applying fixes: only sure ones, round by round until none is left, and all files or none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use similar::TextDiff;
use svckit_diagnostics::{Applicability, Diagnostic, Edit, FileId, Fix, SourceMap, Span};

use crate::load::{Inputs, Origin};
use crate::session::Session;
use crate::{Checked, Failure, output, registry};

/// Fixes may make room for others; two that undo each other must not go on for ever.
const ROUNDS: usize = 10;

/// A contract that fixes change.
#[derive(Debug, Clone)]
pub struct FixedFile {
    /// Where it is.
    pub path: PathBuf,
    /// As people see it.
    pub shown: String,
    /// Its text as it was read.
    pub old: String,
    /// Its text with the fixes.
    pub new: String,
}

/// What fixing came to, nothing of which is written yet.
#[derive(Debug)]
pub struct Fixed {
    /// The world with the fixes.
    pub checked: Checked,
    /// The files that change.
    pub files: Vec<FixedFile>,
    /// How many fixes were applied.
    pub applied: usize,
}

/// Applies every fix that is surely what is meant to the contracts of the workspace itself, in memory. What was
/// formatted is formatted afterwards. A round that would leave more mistakes of the
/// language than it found is not taken.
#[must_use]
pub fn fix(inputs: Inputs) -> Fixed {
    let before = inputs.clone();
    let mut session = Session::default();
    let mut checked = session.check(inputs);
    let mut applied = 0;
    for _ in 0..ROUNDS {
        let (texts, count) = round(&checked);
        if count == 0 {
            break;
        }
        let next = session.check(with_texts(&before, &checked, &texts));
        if errors(&next) > errors(&checked) {
            break;
        }
        applied += count;
        checked = next;
    }
    let (checked, files) = formatted(&mut session, &before, checked);
    Fixed { checked, files, applied }
}

/// How many mistakes of the language there are. Of design there may be more than before: rules judge only what has none.
fn errors(checked: &Checked) -> usize {
    let of_rules: BTreeSet<&str> = registry::rule_codes().map(|c| c.id).collect();
    checked.diagnostics.iter().filter(|d| d.is_error() && !of_rules.contains(d.code.id)).count()
}

/// The new texts of one round, and how many fixes are in them.
fn round(checked: &Checked) -> (BTreeMap<FileId, String>, usize) {
    let ours: BTreeSet<FileId> = ours(&checked.inputs).map(|(file, _)| file).collect();
    let mut edits: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    let mut count = 0;
    for diagnostic in &checked.diagnostics {
        let Some(fix) = sure(diagnostic) else { continue };
        let fits = |e: &Edit| {
            let taken = edits.get(&e.span.file).map_or(&[][..], Vec::as_slice);
            ours.contains(&e.span.file) && taken.iter().all(|t| apart(t.span, e.span))
        };
        if fix.edits.iter().all(fits) {
            count += 1;
            for edit in &fix.edits {
                edits.entry(edit.span.file).or_default().push(edit.clone());
            }
        }
    }
    let texts = edits
        .into_iter()
        .map(|(file, edits)| (file, edited(checked.sources().file(file).text(), edits)));
    (texts.collect(), count)
}

/// The one fix that is surely meant; of several there is a choice, and the choice is a person's.
fn sure(diagnostic: &Diagnostic) -> Option<&Fix> {
    let mut sure = diagnostic.fixes.iter().filter(|f| f.applicability == Applicability::Safe);
    let first = sure.next()?;
    sure.next().is_none().then_some(first)
}

/// Whether two replacements do not touch: two insertions at one place would have no order.
fn apart(a: Span, b: Span) -> bool {
    a.end < b.start || b.end < a.start
}

fn edited(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|e| e.span.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let range = edit.span.range();
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(&edit.text);
        at = range.end.max(at);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The contracts that may be changed: of the workspace itself, and text.
fn ours(inputs: &Inputs) -> impl Iterator<Item = (FileId, &PathBuf)> {
    let ours = inputs.contracts.iter().filter(|c| c.origin == Origin::Local && c.is_utf8);
    ours.map(|c| (c.file, &c.path))
}

/// What was read, with the texts that `checked` has by now, and new ones over those.
fn with_texts(before: &Inputs, checked: &Checked, new: &BTreeMap<FileId, String>) -> Inputs {
    let mut sources = SourceMap::default();
    for (file, source) in checked.sources().iter() {
        let text = new.get(&file).map_or(source.text(), String::as_str);
        sources.add(source.path(), text);
    }
    Inputs { sources, ..before.clone() }
}

/// Formats what changed and was formatted before.
fn formatted(
    session: &mut Session,
    before: &Inputs,
    checked: Checked,
) -> (Checked, Vec<FixedFile>) {
    let mut texts = BTreeMap::new();
    let mut files = Vec::new();
    for (file, path) in ours(before) {
        let (old, new) = (before.sources.file(file), checked.sources().file(file).text());
        if old.text() == new {
            continue;
        }
        let format = |text: &str| {
            let parsed = svckit_syntax::parse(file, text);
            svckit_format::format(&parsed, text)
        };
        let was_formatted = format(old.text()).is_some_and(|f| f == old.text());
        let new = if was_formatted { format(new) } else { None }.unwrap_or_else(|| new.to_owned());
        files.push(FixedFile {
            path: path.clone(),
            shown: old.path().to_owned(),
            old: old.text().to_owned(),
            new: new.clone(),
        });
        texts.insert(file, new);
    }
    if files.is_empty() {
        return (checked, files);
    }
    let inputs = with_texts(before, &checked, &texts);
    (session.check(inputs), files)
}

impl Fixed {
    /// Writes every file, or, where one can't be or was changed meanwhile, none.
    ///
    /// # Errors
    /// What could not be read or written.
    pub fn write(&self) -> Result<(), Failure> {
        for file in &self.files {
            let now = std::fs::read(&file.path).map_err(|e| Failure::io("read", &file.path, &e))?;
            if now != file.old.as_bytes() {
                let shown = &file.shown;
                return Err(Failure::new(format!(
                    "{shown} was changed by somebody else meanwhile; nothing was written"
                )));
            }
        }
        let contents = self.files.iter().map(|f| (f.path.as_path(), f.new.as_bytes()));
        output::replace_files(contents)
    }
}

/// The change as a unified diff.
impl fmt::Display for FixedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diff = TextDiff::from_lines(&self.old, &self.new);
        let new = format!("{} (fixed)", self.shown);
        write!(f, "{}", diff.unified_diff().header(&self.shown, &new))
    }
}

#[cfg(test)]
mod tests;
