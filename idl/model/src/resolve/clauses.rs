//! Which clause may stand where, each once.

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{Clause, ClauseKind};

use super::context::Cx;
use super::lookup::with_article;
use crate::codes::services::{DUPLICATE_CLAUSE, MISPLACED_CLAUSE};
use crate::world::Places;

/// What a clause stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Service,
    Command,
    Query,
    Event,
    On,
    Schedule,
    Local,
}

impl Place {
    fn noun(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Command => "command",
            Self::Query => "query",
            Self::Event => "event",
            Self::On => "subscription",
            Self::Schedule => "schedule",
            Self::Local => "local step",
        }
    }
}

use Place::{Command, Event, Local, On, Query, Schedule, Service};

/// Every clause with the places that it may stand at.
const ALLOWED: [(&str, &[Place]); 30] = [
    ("owner", &[Service]),
    ("tenant", &[Service]),
    ("meta", &[Service]),
    ("auth", &[Service, Command, Query]),
    ("policy", &[Service, Command, Query, On, Schedule]),
    ("calls", &[Service, Command, Query, On, Schedule, Local]),
    ("errors", &[Command, Query, Local]),
    ("idempotent", &[Command]),
    ("retain", &[Command, Event]),
    ("http", &[Command, Query]),
    ("starts", &[Command, On]),
    ("emits", &[Command, On, Schedule]),
    ("slo", &[Command, Query]),
    ("cache", &[Query]),
    ("queue", &[Command]),
    ("undoes", &[Command, On]),
    ("leaves", &[Command, On]),
    ("delivery", &[Command, Event, On]),
    ("dead_letter", &[Command, Event, On]),
    ("fallback", &[Command, Query]),
    ("shed", &[Command, Query]),
    ("irrevocable", &[Command]),
    ("writes", &[Command]),
    ("limit", &[Command, Query]),
    ("key", &[Event]),
    ("upcasts", &[Event]),
    ("public", &[Event]),
    ("ordered", &[On]),
    ("deprecated", &[Command, Query, Event]),
    ("wire", &[]),
];

/// Why a clause can't stand where it might be expected.
const WHY: [(&str, Place, &str); 6] = [
    ("idempotent", Query, "a query has no effects, so repeating it is harmless anyway"),
    ("emits", Query, "a query has no effects: make it a command if it publishes"),
    ("queue", Query, "a query is answered: make it a command if it is work for later"),
    ("undoes", Query, "a query has no effects: only a command undoes one"),
    ("starts", Query, "a query has no effects: make it a command if it starts a saga"),
    ("cache", Command, "a command changes state: only a query's answer can be kept"),
];

/// The clauses of one member that are at their place, each once.
#[derive(Debug)]
pub(crate) struct Clauses<'t>(Vec<&'t Clause>);

impl<'t> Clauses<'t> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'t Clause> + use<'t, '_> {
        self.0.iter().copied()
    }

    /// Where each stands.
    pub(crate) fn places(&self) -> Places {
        self.iter().map(|c| (c.kind.word(), c.span)).collect()
    }

    /// The clause that starts with a word.
    pub(crate) fn get(&self, word: &str) -> Option<&'t Clause> {
        self.iter().find(|c| c.kind.word() == word)
    }
}

impl Cx<'_> {
    /// Sorts out the clauses of one member.
    pub(crate) fn clauses<'t>(&mut self, place: Place, clauses: &'t [Clause]) -> Clauses<'t> {
        let mut out: Vec<&'t Clause> = Vec::with_capacity(clauses.len());
        for clause in clauses {
            let word = clause.kind.word();
            let allowed =
                ALLOWED.iter().find(|(w, _)| *w == word).is_some_and(|(_, at)| at.contains(&place));
            if !allowed {
                if place == Service || !is_setting(word) {
                    self.misplaced(place, clause);
                }
                continue;
            }
            let same =
                |c: &&&Clause| c.kind.word() == word && !different_meta(&c.kind, &clause.kind);
            if let Some(before) = out.iter().find(same) {
                let twice = Diagnostic::new(
                    DUPLICATE_CLAUSE,
                    clause.span,
                    format!("`{word}` stands here twice"),
                )
                .here("again here")
                .label(before.span, "first here")
                .help("each clause stands once: write one that says both");
                self.report(twice.fix("remove this one", clause.span, "").unsafe_fix());
                continue;
            }
            out.push(clause);
        }
        Clauses(out)
    }

    fn misplaced(&mut self, place: Place, clause: &Clause) {
        let word = clause.kind.word();
        let text = format!("{} has no `{word}`", with_article(place.noun()));
        let mut wrong =
            Diagnostic::new(MISPLACED_CLAUSE, clause.span, text).here("not possible here");
        let places = ALLOWED.iter().find(|(w, _)| *w == word).map_or(&[][..], |(_, at)| *at);
        if let Some((_, _, why)) = WHY.iter().find(|(w, p, _)| *w == word && *p == place) {
            wrong = wrong.help(*why);
        } else if !places.is_empty() {
            let nouns: Vec<String> = places.iter().map(|p| with_article(p.noun())).collect();
            wrong = wrong.help(format!("`{word}` is for {}", nouns.join(", ")));
        }
        self.report(wrong.fix("remove it", clause.span, "").unsafe_fix());
    }

    /// Reports a clause that makes no sense beside the others.
    pub(crate) fn pointless(&mut self, span: Span, text: &str, help: &str) {
        let wrong =
            Diagnostic::new(MISPLACED_CLAUSE, span, text).here("not possible here").help(help);
        self.report(wrong);
    }
}

/// `meta` may stand several times, with a key each.
fn different_meta(a: &ClauseKind, b: &ClauseKind) -> bool {
    matches!((a, b), (ClauseKind::Meta(a, _), ClauseKind::Meta(b, _)) if a.text != b.text)
}

/// What only a service has; a late one has been reported by the parser.
fn is_setting(word: &str) -> bool {
    matches!(word, "owner" | "tenant" | "meta")
}
