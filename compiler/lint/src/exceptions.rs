//! What is excused, and exceptions that excuse nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use svckit_diagnostics::suggest::did_you_mean;
use svckit_diagnostics::{Diagnostic, FileId, Label, Span};
use svckit_model::{Allow, World};

use crate::codes::{EXPIRED_ALLOW, UNKNOWN_RULE, UNUSED_ALLOW};
use crate::report::Finding;
use crate::{Options, Report, Rule};

/// Rules that are not applied in some files: an entry `[[lint.allow]]` of `svckit.toml`.
#[derive(Debug, Clone, Default)]
pub struct PathException {
    /// The files.
    pub files: BTreeSet<FileId>,
    /// Slugs of the rules, and where each is written.
    pub rules: Vec<(String, Span)>,
    /// Why.
    pub because: String,
    /// Last day, `YYYY-MM-DD`.
    pub until: Option<String>,
}

/// Applies exceptions and profile to what was found, and adds what is to be said of the exceptions themselves.
pub(crate) fn judged(
    world: &World,
    report: Report,
    rules: &[&Rule],
    options: &Options,
) -> Vec<Diagnostic> {
    let theirs: HashSet<FileId> = world
        .packages
        .iter()
        .filter(|(_, p)| p.external)
        .flat_map(|(_, p)| p.files.iter().copied())
        .collect();
    let mut excuses = Excuses::new(world, options, &theirs);
    let mut out = Vec::new();
    for finding in report.findings {
        if theirs.contains(&finding.diagnostic.span().file) {
            continue;
        }
        out.extend(excuses.unless_excused(finding));
    }
    out.extend(excuses.complaints(rules, options));
    out.iter_mut().for_each(|d| options.profile.apply(d));
    out
}

/// Entries of a list that are shown with their places.
const SHOWN: usize = 30;

/// Makes one message of all that a rule which lists has found, in the order of the places.
pub(crate) fn list(rule: &Rule, out: &mut Vec<Diagnostic>) {
    let Some(words) = rule.listed else { return };
    let (mut found, rest): (Vec<_>, Vec<_>) =
        std::mem::take(out).into_iter().partition(|d| d.code == rule.code);
    *out = rest;
    found.sort_by_key(|d| (d.span().file, d.span().start));
    let count = found.len();
    let mut found = found.into_iter();
    let Some(mut first) = found.next() else { return };
    if count > 1 {
        first.message = format!("{count} {words}");
        for other in found.by_ref().take(SHOWN - 1) {
            let labels = other.labels.into_iter().map(|label| Label { primary: false, ..label });
            first.labels.extend(labels);
        }
        let rest = found.count();
        if rest > 0 {
            first.notes.push(format!("and {rest} more"));
        }
    }
    out.push(first);
}

/// An exception of either kind.
struct Excuse<'a> {
    slug: &'a str,
    place: Span,
    /// The line, where it stands in a contract.
    line: Option<Span>,
    because: &'a str,
    until: Option<&'a str>,
    expired: bool,
    used: bool,
}

impl<'a> Excuse<'a> {
    fn of(allow: &'a Allow, today: &str) -> Self {
        let until = allow.until.as_deref();
        Self {
            slug: &allow.slug,
            place: allow.slug_span,
            line: Some(allow.span),
            because: &allow.because,
            until,
            expired: until.is_some_and(|last| last < today),
            used: false,
        }
    }
}

/// All exceptions, to be found by rule and place.
struct Excuses<'a> {
    all: Vec<Excuse<'a>>,
    scopes: HashMap<(&'a str, FileId), Scopes>,
    files: HashMap<(&'a str, FileId), Vec<usize>>,
}

impl<'a> Excuses<'a> {
    fn new(world: &'a World, options: &'a Options, theirs: &HashSet<FileId>) -> Self {
        let mut all = Vec::new();
        let mut scopes: HashMap<(&str, FileId), Scopes> = HashMap::new();
        for exception in &world.exceptions {
            let (allow, scope) = (&exception.allow, exception.scope);
            if !theirs.contains(&scope.file) {
                let known = scopes.entry((&allow.slug, scope.file)).or_default();
                known.add(scope, all.len());
                all.push(Excuse::of(allow, &options.today));
            }
        }
        scopes.values_mut().for_each(Scopes::sort);
        let mut files: HashMap<(&str, FileId), Vec<usize>> = HashMap::new();
        for path in &options.paths {
            for (slug, place) in &path.rules {
                for file in &path.files {
                    files.entry((slug, *file)).or_default().push(all.len());
                }
                let until = path.until.as_deref();
                all.push(Excuse {
                    slug,
                    place: *place,
                    line: None,
                    because: &path.because,
                    until,
                    expired: until.is_some_and(|last| last < options.today.as_str()),
                    used: false,
                });
            }
        }
        Self { all, scopes, files }
    }

    /// The message, unless something excuses it; one whose exception has expired says so.
    fn unless_excused(&mut self, finding: Finding) -> Option<Diagnostic> {
        let slug = finding.diagnostic.code.slug;
        let shown = finding.diagnostic.span();
        let mut found = Vec::new();
        for place in [shown, finding.subject] {
            if let Some(scopes) = self.scopes.get(&(slug, place.file)) {
                scopes.around(place, &mut found);
            }
            found.extend(self.files.get(&(slug, place.file)).into_iter().flatten().copied());
        }
        let mut diagnostic = finding.diagnostic;
        let mut excused = false;
        for index in found {
            let excuse = &mut self.all[index];
            excused |= !excuse.expired;
            if excuse.expired && !excuse.used {
                let until = excuse.until.unwrap_or_default();
                diagnostic = diagnostic.label(excuse.place, format!("excused until {until}"));
            }
            excuse.used = true;
        }
        (!excused).then_some(diagnostic)
    }

    /// What is to be said of the exceptions, in their order.
    fn complaints(&self, rules: &[&Rule], options: &Options) -> Vec<Diagnostic> {
        let slugs: HashSet<&str> = rules.iter().map(|r| r.code.slug).collect();
        let all: HashSet<&str> = crate::RULES.iter().map(|r| r.code.slug).collect();
        let others: HashSet<&str> = options.others.iter().copied().collect();
        let complain = |excuse: &Excuse<'_>| {
            if others.contains(excuse.slug) {
                return None;
            }
            if !all.contains(excuse.slug) {
                return Some(unknown(excuse, options));
            }
            match excuse {
                _ if !slugs.contains(excuse.slug) => None,
                Excuse { expired: true, .. } => Some(expired(excuse)),
                Excuse { used: false, .. } => Some(unused(excuse)),
                _ => None,
            }
        };
        self.all.iter().filter_map(complain).collect()
    }
}

fn unknown(excuse: &Excuse<'_>, options: &Options) -> Diagnostic {
    let slug = excuse.slug;
    if options.language.contains(&slug) {
        let text = format!("`{slug}` is no rule of design, and can't be excused");
        return Diagnostic::new(UNKNOWN_RULE, excuse.place, text)
            .here("what the language asks for")
            .help("mend what it is reported for, and remove this exception");
    }
    let known = crate::RULES.iter().map(|r| r.code.slug).chain(options.others.iter().copied());
    let wrong = Diagnostic::new(UNKNOWN_RULE, excuse.place, format!("there is no rule `{slug}`"))
        .here("unknown");
    match did_you_mean(slug, known) {
        Some(near) => {
            let quoted = if excuse.line.is_some() { near.into() } else { format!("\"{near}\"") };
            wrong.fix(format!("did you mean `{near}`?"), excuse.place, quoted)
        }
        None => wrong.help("`svckit rules` lists every rule"),
    }
}

fn expired(excuse: &Excuse<'_>) -> Diagnostic {
    let until = excuse.until.unwrap_or_default();
    let text = format!("this exception to `{}` ended on {until}", excuse.slug);
    let wrong =
        Diagnostic::new(EXPIRED_ALLOW, excuse.place, text).here(format!("\"{}\"", excuse.because));
    let wrong = match excuse.used {
        true => wrong.help("mend what it excused, or say why it takes longer with a new date"),
        false => wrong.help("it excuses nothing any more"),
    };
    removable(wrong, excuse)
}

fn unused(excuse: &Excuse<'_>) -> Diagnostic {
    let text = format!("this exception to `{}` excuses nothing", excuse.slug);
    let wrong = Diagnostic::new(UNUSED_ALLOW, excuse.place, text)
        .here("the rule finds nothing here")
        .help("remove it, lest it excuse what comes later; or put it where the rule's message is");
    removable(wrong, excuse)
}

/// With a fix that removes the line; a safe one if that changes nothing.
fn removable(wrong: Diagnostic, excuse: &Excuse<'_>) -> Diagnostic {
    match excuse.line {
        Some(line) if excuse.used => wrong.fix("remove it", line, "").unsafe_fix(),
        Some(line) => wrong.fix("remove it", line, ""),
        None => wrong,
    }
}

/// Intervals of one file, either nested or apart.
#[derive(Default)]
struct Scopes {
    /// Start, end, which exception, and the place of the next one around it.
    sorted: Vec<(u32, u32, usize, Option<usize>)>,
}

impl Scopes {
    fn add(&mut self, scope: Span, which: usize) {
        self.sorted.push((scope.start, scope.end, which, None));
    }

    fn sort(&mut self) {
        self.sorted.sort_by_key(|(start, end, which, _)| (*start, u32::MAX - end, *which));
        let mut open: Vec<usize> = Vec::new();
        for i in 0..self.sorted.len() {
            let (start, end, ..) = self.sorted[i];
            while open.last().is_some_and(|o| self.sorted[*o].1 < end.max(start.saturating_add(1)))
            {
                open.pop();
            }
            self.sorted[i].3 = open.last().copied();
            open.push(i);
        }
    }

    /// Adds every exception whose scope holds `place`, the innermost first.
    fn around(&self, place: Span, found: &mut Vec<usize>) {
        let mut next =
            self.sorted.partition_point(|(start, ..)| *start <= place.start).checked_sub(1);
        while let Some(at) = next {
            let (_, end, which, outer) = self.sorted[at];
            if end >= place.end && !found.contains(&which) {
                found.push(which);
            }
            next = outer;
        }
    }
}
