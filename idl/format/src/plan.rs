//! Where things begin, by byte offset, from the tree.

use std::collections::{BTreeMap, BTreeSet};

use svckit_diagnostics::Span;
use svckit_syntax::tree::{
    Auth, Clause, ClauseKind, Entry, ExamplePartKind, Expr, ExprKind, Field, File, Head, Item,
    ItemKind, Member, MemberKind, Params, Record, SagaPart, SagaPartKind, Setting, StepCall,
};
use svckit_syntax::{Token, TokenKind};

/// Something with clauses: an operation, an event, an `on`, a schedule.
pub(crate) struct Owner {
    pub(crate) span: Span,
    pub(crate) clauses: Vec<u32>,
}

/// Offsets of first tokens.
#[derive(Default)]
pub(crate) struct Plan {
    /// Items, `use` lines, the package.
    pub(crate) items: BTreeSet<u32>,
    /// What stands on a line of its own in a broken block.
    pub(crate) elements: BTreeSet<u32>,
    /// Names of fields and values: padded so that their `@` stand below each other.
    pub(crate) named: BTreeSet<u32>,
    /// Words that are padded so that what follows them stands below each other.
    pub(crate) worded: BTreeSet<u32>,
    /// Clauses: which owner they belong to.
    pub(crate) clauses: BTreeMap<u32, usize>,
    pub(crate) owners: Vec<Owner>,
    /// What follows a word that begins a line and has no place in the tree itself.
    after_words: Vec<u32>,
    /// Start of the package line.
    pub(crate) package: Option<u32>,
}

impl Plan {
    pub(crate) fn of(file: &File, tokens: &[Token]) -> Self {
        let mut plan = Self::default();
        if let Some(package) = &file.package {
            plan.items.insert(package.span.start);
            plan.package = Some(package.span.start);
        }
        plan.items.extend(file.uses.iter().map(|u| u.span.start));
        for item in &file.items {
            plan.item(item);
        }
        for after in std::mem::take(&mut plan.after_words) {
            let index = tokens.partition_point(|t| t.start < after as usize);
            let word = tokens[..index].iter().rfind(|t| t.kind != TokenKind::Comment);
            plan.elements.extend(word.map(|t| u32::try_from(t.start).unwrap_or(u32::MAX)));
        }
        plan
    }

    fn head(&mut self, head: &Head, at: u32, top: bool) {
        let starts = head.allows.iter().map(|a| a.span.start).chain([at]);
        if top {
            self.items.extend(starts);
        } else {
            self.elements.extend(starts);
        }
    }

    fn item(&mut self, item: &Item) {
        self.head(&item.head, item.span.start, true);
        match &item.kind {
            ItemKind::Enum(e) => {
                for value in &e.values {
                    self.head(&value.head, value.name.span.start, false);
                    self.named.insert(value.name.span.start);
                }
                self.reserved(e.reserved.iter().map(|r| r.span));
            }
            ItemKind::Record(r) | ItemKind::Projection(r, _) => self.record(r),
            ItemKind::Union(u) => {
                self.fields(&u.variants);
                self.reserved(u.reserved.iter().map(|r| r.span));
            }
            ItemKind::Error(e) => {
                self.fields(&e.fields);
                self.reserved(e.reserved.iter().map(|r| r.span));
            }
            ItemKind::Service(s) => {
                for clause in &s.settings {
                    self.elements.insert(clause.span.start);
                    self.worded.insert(clause.span.start);
                    self.clause(clause);
                }
                s.members.iter().for_each(|m| self.member(m));
            }
            ItemKind::Policy(p) => self.settings(&p.settings),
            ItemKind::Example(e) => {
                for part in &e.parts {
                    self.elements.insert(part.span.start);
                    self.worded.insert(part.span.start);
                    self.example_part(&part.kind);
                }
            }
            _ => self.flow(&item.kind),
        }
    }

    fn flow(&mut self, kind: &ItemKind) {
        match kind {
            ItemKind::Saga(s) => {
                self.fields(&s.params);
                self.saga_parts(&s.body);
            }
            ItemKind::Choreography(c) => {
                self.lines(c.ends.iter().map(|(word, _)| word.span));
                self.after_words.extend(c.within.iter().map(|w| w.span.start));
            }
            ItemKind::Deployment(d) => {
                self.settings(&d.settings);
                for (path, settings) in &d.services {
                    self.lines([path.span]);
                    self.settings(settings);
                }
            }
            ItemKind::Gateway(g) => {
                for compose in &g.composes {
                    self.lines([compose.span]);
                    for (name, _, entries) in &compose.parts {
                        self.lines([name.span]);
                        self.entries(entries);
                    }
                }
                self.lines(g.auth.iter().map(|(_, span)| *span));
                self.settings(g.limit.as_deref().unwrap_or_default());
            }
            ItemKind::Aggregate(a) => {
                self.lines(a.handles.iter().map(|(path, _)| path.span));
                self.after_words.extend(a.state.iter().map(|s| s.span.start));
            }
            _ => {}
        }
    }

    fn lines(&mut self, spans: impl IntoIterator<Item = Span>) {
        self.elements.extend(spans.into_iter().map(|s| s.start));
    }

    fn reserved(&mut self, spans: impl Iterator<Item = Span>) {
        self.lines(spans);
    }

    fn record(&mut self, record: &Record) {
        self.fields(&record.fields);
        self.reserved(record.reserved.iter().map(|r| r.span));
    }

    fn fields(&mut self, fields: &[Field]) {
        for field in fields {
            self.head(&field.head, field.name.span.start, false);
            self.named.insert(field.name.span.start);
            if let Some(default) = &field.default {
                self.expr(default);
            }
        }
    }

    fn member(&mut self, member: &Member) {
        self.head(&member.head, member.span.start, false);
        let clauses = match &member.kind {
            MemberKind::Operation(o) => {
                if let Params::Named(fields) = &o.params {
                    self.fields(fields);
                }
                &o.clauses
            }
            MemberKind::Event(e) => {
                self.record(&e.record);
                &e.clauses
            }
            MemberKind::On(o) => &o.clauses,
            MemberKind::Schedule(s) => &s.clauses,
            MemberKind::Fixture(r) => return self.record(r),
            MemberKind::Junk(_) => return,
        };
        let block = match &member.kind {
            // `public` before the block is part of the head.
            MemberKind::Event(e) => e.record.fields.first().map_or(0, |f| f.span.start),
            _ => 0,
        };
        let owner = self.owners.len();
        let starts: Vec<u32> =
            clauses.iter().map(|c| c.span.start).filter(|s| *s > block).collect();
        for clause in clauses.iter().filter(|c| c.span.start > block) {
            self.clauses.insert(clause.span.start, owner);
        }
        clauses.iter().for_each(|c| self.clause(c));
        self.owners.push(Owner { span: member.span, clauses: starts });
    }

    fn clause(&mut self, clause: &Clause) {
        match &clause.kind {
            ClauseKind::Queue(settings)
            | ClauseKind::Limit(settings)
            | ClauseKind::Auth(Auth::Jwt(settings)) => self.settings(settings),
            ClauseKind::FallbackValue(value) => self.expr(value),
            _ => {}
        }
    }

    fn settings(&mut self, settings: &[Setting]) {
        for setting in settings {
            self.elements.insert(setting.span.start);
            if setting.block.is_some() {
                self.worded.insert(setting.span.start);
            }
            self.settings(setting.block.as_deref().unwrap_or_default());
        }
    }

    fn example_part(&mut self, kind: &ExamplePartKind) {
        match kind {
            ExamplePartKind::Given(_, entries) => self.entries(entries),
            ExamplePartKind::Fails(_, entries) => {
                self.entries(entries.as_deref().unwrap_or_default())
            }
            ExamplePartKind::Request(e)
            | ExamplePartKind::Response(e)
            | ExamplePartKind::Event(e) => {
                self.expr(e);
            }
        }
    }

    fn entries(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.elements.insert(entry.name.span.start);
            self.expr(&entry.value);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::List(items) => items.iter().for_each(|e| self.expr(e)),
            ExprKind::Object(entries) | ExprKind::Construct(_, entries) => self.entries(entries),
            _ => {}
        }
    }

    fn saga_parts(&mut self, parts: &[SagaPart]) {
        for part in parts {
            self.head(&part.head, part.span.start, false);
            match &part.kind {
                SagaPartKind::Parallel(parts) => self.saga_parts(parts),
                SagaPartKind::Step(step) | SagaPartKind::Pivot(step) => {
                    for call in std::iter::once(&step.call).chain(&step.undo) {
                        if let StepCall::Remote(_, entries) = call {
                            self.entries(entries);
                        }
                    }
                }
                SagaPartKind::Complete(expr) => self.expr(expr),
                SagaPartKind::CompletedEmit(_, entries) | SagaPartKind::AbortedEmit(_, entries) => {
                    self.entries(entries);
                }
                _ => {}
            }
        }
    }
}
