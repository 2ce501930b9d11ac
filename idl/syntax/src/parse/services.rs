//! Services, their members, policies and examples.

use super::Rule;
use super::builder::{Builder, P, child, children, has};
use svckit_diagnostics::{Diagnostic, Edit};

use crate::codes;
use crate::tree::{
    Auth, Clause, ClauseKind, Event, Example, ExamplePart, ExamplePartKind, Member, MemberKind, On,
    Operation, Params, Policy, Schedule, Service, Setting, When,
};

fn clauses_of(kind: &mut MemberKind) -> Option<&mut Vec<Clause>> {
    match kind {
        MemberKind::Operation(operation) => Some(&mut operation.clauses),
        MemberKind::Event(event) => Some(&mut event.clauses),
        MemberKind::On(on) => Some(&mut on.clauses),
        MemberKind::Schedule(schedule) => Some(&mut schedule.clauses),
        MemberKind::Fixture(_) | MemberKind::Junk(_) => None,
    }
}

/// Whether a clause can only be a service's.
fn is_setting(kind: &ClauseKind) -> bool {
    match kind {
        ClauseKind::Auth(auth) => !matches!(auth, Auth::Scope(_)),
        ClauseKind::Owner(_) | ClauseKind::Tenant(_) | ClauseKind::Meta(..) => true,
        _ => false,
    }
}

impl Builder<'_> {
    pub(super) fn service(&mut self, pair: &P<'_>) -> Service {
        let mut service = Service {
            name: self.upper_ident(pair, "a service's name"),
            wire: self.wire_in(pair),
            settings: self.clauses(pair),
            members: children(pair, Rule::member).map(|m| self.member(&m)).collect(),
        };
        self.late_settings(&mut service);
        service
    }

    /// Settings after the first member, which the grammar takes for clauses of the member before them: reports
    /// them, and puts them where they belong.
    pub(super) fn late_settings(&mut self, service: &mut Service) {
        let Some(first) = service.members.first() else { return };
        let before = service.settings.last().map(|s| s.span.at_end());
        let first = first.span.at_start();
        let mut late = Vec::new();
        for member in &mut service.members {
            let Some(clauses) = clauses_of(&mut member.kind) else { continue };
            late.extend(clauses.extract_if(.., |c| is_setting(&c.kind)));
        }
        for setting in &late {
            let text = &self.text[setting.span.range()];
            let (place, moved) = match before {
                Some(end) => (end, format!("\n  {text}")),
                None => (first, format!("{text}\n\n  ")),
            };
            let word = setting.kind.word();
            let message =
                format!("`{word}` is a setting of the service and stands before its first member");
            let mut said = Diagnostic::new(codes::LATE_SETTING, setting.span, message)
                .label(first, "the first member begins here")
                .fix("move it to the top of the service", setting.span, "");
            if let Some(fix) = said.fixes.last_mut() {
                fix.edits.insert(0, Edit { span: place, text: moved });
            }
            self.say(said);
        }
        service.settings.append(&mut late);
    }

    pub(super) fn member(&mut self, pair: &P<'_>) -> Member {
        let inner = pair
            .clone()
            .into_inner()
            .find(|p| p.as_rule() != Rule::allow)
            .expect("a member is something");
        let span = self.span(&inner);
        let head = self.head(pair, span.start);
        let kind = match inner.as_rule() {
            Rule::operation => MemberKind::Operation(self.operation(&inner)),
            Rule::event => MemberKind::Event(self.event(&inner)),
            Rule::on => MemberKind::On(self.on(&inner)),
            Rule::schedule => MemberKind::Schedule(self.schedule(&inner)),
            _ => {
                let mut record = crate::tree::Record {
                    name: self.ident(&inner),
                    wire: None,
                    fields: self.fields(&inner),
                    reserved: Vec::new(),
                };
                record.name = self.lower(record.name, "a fixture's name");
                MemberKind::Fixture(record)
            }
        };
        Member { head, span, kind }
    }

    fn operation(&mut self, pair: &P<'_>) -> Operation {
        let params = child(pair, Rule::params).expect("an operation has parentheses");
        Operation {
            query: has(pair, Rule::k_query),
            name: self.upper_ident(pair, "an operation's name"),
            wire: self.wire_in(pair),
            params: self.params(&params),
            response: child(pair, Rule::answer).map(|a| self.type_in(&a)),
            clauses: self.clauses(pair),
        }
    }

    fn params(&mut self, pair: &P<'_>) -> Params {
        if let Some(ty) = child(pair, Rule::param_type) {
            return Params::Type(self.type_in(&ty));
        }
        let fields = child(pair, Rule::param_fields).map(|f| self.fields(&f));
        Params::Named(fields.unwrap_or_default())
    }

    fn event(&mut self, pair: &P<'_>) -> Event {
        let mut clauses = self.clauses(pair);
        if let Some(public) = child(pair, Rule::public) {
            let kind = crate::tree::ClauseKind::Public;
            clauses.insert(0, crate::tree::Clause { span: self.span(&public), kind });
        }
        Event {
            record: self.record(pair, "an event's name"),
            version: child(pair, Rule::version).map(|v| self.number(&v)),
            clauses,
        }
    }

    fn on(&mut self, pair: &P<'_>) -> On {
        let reads = child(pair, Rule::reads);
        if let Some(reads) = &reads {
            self.no_trailing_comma(reads);
        }
        let handler = child(pair, Rule::ident).map(|h| self.name(&h));
        On {
            event: self.path_in(pair),
            reads: reads.map(|r| children(&r, Rule::ident).map(|n| self.name(&n)).collect()),
            handler: handler.map(|h| self.upper(h, "a handler's name")),
            clauses: self.clauses(pair),
        }
    }

    fn schedule(&mut self, pair: &P<'_>) -> Schedule {
        let when = match self.string_in(pair) {
            Some(cron) => When::Cron(cron),
            None => When::Every(self.expr_in(pair)),
        };
        Schedule {
            name: self.upper_ident(pair, "a schedule's name"),
            when,
            clauses: self.clauses(pair),
        }
    }

    pub(super) fn policy(&mut self, pair: &P<'_>) -> Policy {
        Policy {
            name: self.upper_ident(pair, "a policy's name"),
            extends: child(pair, Rule::path).map(|p| self.path(&p)),
            settings: children(pair, Rule::policy_block).map(|b| self.policy_block(&b)).collect(),
        }
    }

    fn policy_block(&mut self, pair: &P<'_>) -> Setting {
        let none = child(pair, Rule::none).map(|n| self.none(&n));
        Setting {
            name: self.ident(pair),
            args: Vec::new(),
            block: none.is_none().then(|| self.settings(pair)),
            none,
            span: self.span(pair),
        }
    }

    /// The `setting` children.
    pub(super) fn settings(&mut self, pair: &P<'_>) -> Vec<Setting> {
        children(pair, Rule::setting).map(|s| self.setting(&s)).collect()
    }

    fn setting(&mut self, pair: &P<'_>) -> Setting {
        let span = self.span(pair);
        let (name, args) = match child(pair, Rule::setting_field) {
            Some(field) => {
                let word = self.name(&child(pair, Rule::k_priority).expect("priority by"));
                let field = self.name(&field);
                let path = crate::tree::Path { span: field.span, segments: vec![field] };
                let kind = crate::tree::ExprKind::Path(path);
                (word, vec![crate::tree::Expr { span, kind }])
            }
            None => {
                let values = children(pair, Rule::setting_value).map(|v| self.expr(&v)).collect();
                (self.ident(pair), values)
            }
        };
        Setting { name, args, block: None, none: None, span }
    }

    /// The `pair` children: a word and its values each.
    pub(super) fn pairs(&mut self, pair: &P<'_>) -> Vec<Setting> {
        children(pair, Rule::pair)
            .map(|p| Setting {
                name: self.ident(&p),
                args: children(&p, Rule::pair_value).map(|v| self.expr(&v)).collect(),
                block: None,
                none: None,
                span: self.span(&p),
            })
            .collect()
    }

    pub(super) fn example(&mut self, pair: &P<'_>) -> Example {
        Example {
            of: self.path_in(pair),
            title: self.string_here(pair),
            parts: children(pair, Rule::ex_part).map(|p| self.example_part(&p)).collect(),
        }
    }

    fn example_part(&mut self, pair: &P<'_>) -> ExamplePart {
        let span = self.span(pair);
        let inner = pair.clone().into_inner().next().expect("a part is something");
        let kind = match inner.as_rule() {
            Rule::ex_given => ExamplePartKind::Given(self.path_in(&inner), self.entries(&inner)),
            Rule::ex_request => ExamplePartKind::Request(self.expr_in(&inner)),
            Rule::ex_response => ExamplePartKind::Response(self.expr_in(&inner)),
            Rule::ex_fails => {
                let block = self.text[span.range()].ends_with('}');
                ExamplePartKind::Fails(self.path_in(&inner), block.then(|| self.entries(&inner)))
            }
            _ => ExamplePartKind::Event(self.expr_in(&inner)),
        };
        ExamplePart { span, kind }
    }
}
