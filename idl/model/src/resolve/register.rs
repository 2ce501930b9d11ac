//! Gives every item and member its id and its name, before anything is looked into.

use std::collections::hash_map::Entry;

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{self, ItemKind, MemberKind, Name};

use super::context::{Cx, Def, Member, ScopeId};
use crate::Id;
use crate::codes::names::{BAD_ALLOW, DUPLICATE_NAME};
use crate::world::*;

impl<'a> Cx<'a> {
    /// Registers everything, in the order of packages and files.
    pub(crate) fn register(&mut self) {
        for s in 0..self.scopes.len() {
            let file = self.scopes[s].file;
            for item in &file.items {
                self.allows(&item.head, item.span);
                self.item_of(s, item);
            }
        }
    }

    /// `allow` lines say why, and are kept with what they stand before.
    pub(crate) fn allows(&mut self, head: &tree::Head, scope: Span) {
        for allow in &head.allows {
            self.world.exceptions.push(Exception { allow: super::context::allow(allow), scope });
            let slug = &allow.slug.text;
            if let Some(because) = allow.because.as_ref().filter(|b| b.value.trim().is_empty()) {
                let text = format!("`allow {slug}` does not say why");
                let wrong = Diagnostic::new(BAD_ALLOW, because.span, text).here("an empty reason");
                self.report(wrong.help("write down why the rule does not hold here"));
            }
        }
    }

    fn item_of(&mut self, s: ScopeId, item: &'a tree::Item) {
        let head = &item.head;
        match &item.kind {
            ItemKind::Scalar(t) => self.add_scalar(s, head, t),
            ItemKind::Enum(t) => self.add_enum(s, head, t),
            ItemKind::Union(t) => self.add_union(s, head, t),
            ItemKind::Record(t) => self.add_record(s, head, t),
            ItemKind::Error(t) => self.add_error(s, head, t),
            ItemKind::Service(t) => self.add_service(s, head, t),
            ItemKind::Policy(t) => self.add_policy(s, head, t),
            ItemKind::Example(t) => self.pending.examples.push((s, t)),
            ItemKind::Junk(Some(name)) => self.define(s, name, Def::Broken),
            ItemKind::Junk(None) => {
                self.names.holes.insert(self.scopes[s].package);
            }
            other => self.add_flow(s, item, other),
        }
    }

    /// Gives an item its name; a second one of that name is reported and stays without.
    pub(crate) fn define(&mut self, s: ScopeId, name: &'a Name, def: Def) {
        let package = self.scopes[s].package;
        match self.names.items.entry((package, &name.text)) {
            Entry::Occupied(first) => {
                let span = first.get().1;
                let package = &self.world.packages[package].name;
                let text = format!("`{}` is defined twice in package `{package}`", name.text);
                self.report(twice(text, name.span, span));
            }
            Entry::Vacant(free) => {
                free.insert((def, name.span));
                self.names.listed.entry(package).or_default().push(&name.text);
                self.names.homes.entry(&name.text).or_default().push(package);
            }
        }
    }

    fn add_scalar(&mut self, s: ScopeId, head: &tree::Head, t: &'a tree::Scalar) {
        let mut info = self.info(s, &t.name, None, head);
        info.deprecated = deprecated(t.deprecated.as_ref());
        let package = info.package;
        let scalar = Scalar { info, base: Builtin::String, constraints: Constraints::default() };
        let id = self.world.scalars.push(scalar);
        self.world.packages[package].scalars.push(id);
        self.pending.scalars.push((s, id, t));
        self.define(s, &t.name, Def::Scalar(id));
    }

    fn add_enum(&mut self, s: ScopeId, head: &tree::Head, t: &'a tree::Enum) {
        let info = self.info(s, &t.name, t.wire.as_ref(), head);
        let package = info.package;
        let blank = Enum { info, values: Vec::new(), reserved: Reserved::default() };
        let id = self.world.enums.push(blank);
        self.world.packages[package].enums.push(id);
        self.pending.enums.push((s, id, t));
        self.define(s, &t.name, Def::Enum(id));
    }

    fn add_union(&mut self, s: ScopeId, head: &tree::Head, t: &'a tree::Union) {
        let info = self.info(s, &t.name, t.wire.as_ref(), head);
        let package = info.package;
        let blank = Union { info, variants: Vec::new(), reserved: Reserved::default() };
        let id = self.world.unions.push(blank);
        self.world.packages[package].unions.push(id);
        self.pending.unions.push((s, id, t));
        self.define(s, &t.name, Def::Union(id));
    }

    fn add_record(&mut self, s: ScopeId, head: &tree::Head, t: &'a tree::Record) {
        let info = self.info(s, &t.name, t.wire.as_ref(), head);
        let package = info.package;
        let id = self.fields_later(s, info, RecordKind::Record, &t.fields, &t.reserved);
        self.world.packages[package].records.push(id);
        self.define(s, &t.name, Def::Record(id));
    }

    fn add_error(&mut self, s: ScopeId, head: &tree::Head, t: &'a tree::ErrorItem) {
        let info = self.info(s, &t.name, t.wire.as_ref(), head);
        let package = info.package;
        let kind =
            RecordKind::Error(ErrorKind { code: StatusCode::Unknown, retry: ErrorRetry::ByCode });
        let id = self.fields_later(s, info, kind, &t.fields, &t.reserved);
        self.world.packages[package].errors.push(id);
        self.pending.errors.push((s, id, t));
        self.define(s, &t.name, Def::Error(id));
    }

    fn add_policy(&mut self, s: ScopeId, head: &tree::Head, t: &'a tree::Policy) {
        let info = self.info(s, &t.name, None, head);
        let package = info.package;
        let numbers = self.world.policies[self.standard].numbers.clone();
        let id = self.world.policies.push(Policy { info, extends: Some(self.standard), numbers });
        self.world.packages[package].policies.push(id);
        self.pending.policies.push((s, id, t));
        self.define(s, &t.name, Def::Policy(id));
    }

    /// Adds a record whose fields are looked into later.
    pub(crate) fn fields_later(
        &mut self,
        s: ScopeId,
        info: Info,
        kind: RecordKind,
        fields: &'a [tree::Field],
        reserved: &'a [tree::Reserved],
    ) -> Id<Record> {
        let blank = Record { info, kind, fields: Vec::new(), reserved: Reserved::default() };
        let id = self.world.records.push(blank);
        self.pending.records.push((s, id, fields, reserved));
        id
    }

    fn add_service(&mut self, s: ScopeId, head: &tree::Head, t: &'a tree::Service) {
        let info = self.info(s, &t.name, t.wire.as_ref(), head);
        let package = info.package;
        let id = self.world.services.push(blank_service(info));
        self.world.packages[package].services.push(id);
        self.pending.services.push((s, id, t));
        self.define(s, &t.name, Def::Service(id));
        for member in &t.members {
            self.allows(&member.head, member.span);
            self.member_of(s, id, member);
        }
    }

    fn member_of(&mut self, s: ScopeId, service: Id<Service>, member: &'a tree::Member) {
        match &member.kind {
            MemberKind::Operation(t) => self.add_operation(s, service, member, t),
            MemberKind::Event(t) => self.add_event(s, service, member, t),
            MemberKind::On(t) => self.pending.subscriptions.push((s, service, member, t)),
            MemberKind::Schedule(t) => self.pending.schedules.push((s, service, member, t)),
            MemberKind::Fixture(t) => self.add_fixture(s, service, member, t),
            MemberKind::Junk(Some(name)) => self.define_member(service, name, Member::Broken),
            MemberKind::Junk(None) => {
                self.names.member_holes.insert(service);
            }
        }
    }

    /// Gives a member its name within its service; versions of one event share theirs.
    pub(crate) fn define_member(&mut self, service: Id<Service>, name: &'a Name, member: Member) {
        let package = self.world.services[service].info.package;
        match self.names.members.entry((service, &name.text)) {
            Entry::Occupied(mut first) => {
                let (known, span) = *first.get();
                if let (Member::Event(old), Member::Event(new)) = (known, member) {
                    if self.world.events[new].version > self.world.events[old].version {
                        first.insert((member, name.span));
                    }
                    return;
                }
                let service = &self.world.services[service].info.name;
                let text = format!("service `{service}` has two members called `{}`", name.text);
                self.report(twice(text, name.span, span));
            }
            Entry::Vacant(free) => {
                free.insert((member, name.span));
                self.names.listed_members.entry(service).or_default().push(&name.text);
                self.names.owners.entry((package, &name.text)).or_default().push(service);
            }
        }
    }

    fn add_operation(
        &mut self,
        s: ScopeId,
        service: Id<Service>,
        member: &'a tree::Member,
        t: &'a tree::Operation,
    ) {
        let info = self.info(s, &t.name, t.wire.as_ref(), &member.head);
        let kind = if t.query { OperationKind::Query } else { OperationKind::Command };
        let operation = blank_operation(info, service, kind, self.standard);
        let id = self.world.operations.push(operation);
        if let tree::Params::Named(fields) = &t.params
            && !fields.is_empty()
        {
            let mut info = self.info(s, &t.name, None, &tree::Head::default());
            info.name = format!("{}Request", t.name.text);
            let record = self.fields_later(s, info, RecordKind::Params(id), fields, &[]);
            self.world.operations[id].request = Request::Params(record);
        }
        self.world.services[service].operations.push(id);
        self.pending.operations.push((s, id, t));
        self.define_member(service, &t.name, Member::Operation(id));
    }

    fn add_event(
        &mut self,
        s: ScopeId,
        service: Id<Service>,
        member: &'a tree::Member,
        t: &'a tree::Event,
    ) {
        let record = &t.record;
        let info = self.info(s, &record.name, record.wire.as_ref(), &member.head);
        let payload = self.fields_later(
            s,
            info.clone(),
            RecordKind::Fixture,
            &record.fields,
            &record.reserved,
        );
        let version = t.version.map_or(1, |v| u32::try_from(v.value).unwrap_or(u32::MAX));
        let id = self.world.events.push(blank_event(info, service, version, payload));
        self.world.records[payload].kind = RecordKind::Event(id);
        self.world.services[service].events.push(id);
        self.pending.events.push((s, id, t));
        self.define_member(service, &record.name, Member::Event(id));
    }

    fn add_fixture(
        &mut self,
        s: ScopeId,
        service: Id<Service>,
        member: &'a tree::Member,
        t: &'a tree::Record,
    ) {
        let info = self.info(s, &t.name, t.wire.as_ref(), &member.head);
        let id = self.fields_later(s, info, RecordKind::Fixture, &t.fields, &t.reserved);
        self.world.services[service].fixtures.push(id);
        match self.names.fixtures.entry((service, &t.name.text)) {
            Entry::Occupied(first) => {
                let span = first.get().1;
                let text = format!("fixture `{}` is declared twice", t.name.text);
                self.report(twice(text, t.name.span, span));
            }
            Entry::Vacant(free) => {
                free.insert((id, t.name.span));
            }
        }
    }
}

/// One name, two things.
pub(crate) fn twice(message: String, second: Span, first: Span) -> Diagnostic {
    Diagnostic::new(DUPLICATE_NAME, second, message)
        .here("defined again here")
        .label(first, "first defined here")
        .help("rename one of them, or remove it")
}

/// `deprecated "…"`, with a text where none was written.
pub(crate) fn deprecated(clause: Option<&tree::Deprecated>) -> Option<String> {
    clause.map(|d| d.message.as_ref().map(|m| m.value.clone()).unwrap_or_default())
}

fn blank_service(info: Info) -> Service {
    Service {
        info,
        owner: None,
        meta: Vec::new(),
        auth: None,
        tenant_claim: None,
        operations: Vec::new(),
        events: Vec::new(),
        subscriptions: Vec::new(),
        schedules: Vec::new(),
        fixtures: Vec::new(),
    }
}

fn blank_operation(
    info: Info,
    service: Id<Service>,
    kind: OperationKind,
    policy: Id<Policy>,
) -> Operation {
    let idempotency = match kind {
        OperationKind::Query => Idempotency::Natural,
        OperationKind::Command => Idempotency::ByCaller,
    };
    Operation {
        info,
        service,
        kind,
        request: Request::Empty,
        response: Response::Empty,
        errors: Vec::new(),
        idempotency,
        retain: None,
        calls: Vec::new(),
        scopes: Vec::new(),
        policy,
        http: None,
        emits: Vec::new(),
        queue: None,
        cache: None,
        undoes: None,
        irrevocable: false,
        slo: Slo::default(),
        promises: Promises::default(),
    }
}

fn blank_event(info: Info, service: Id<Service>, version: u32, payload: Id<Record>) -> Event {
    Event {
        info,
        service,
        version,
        newest: true,
        payload,
        public: false,
        key: None,
        retain: None,
        upcasts: Vec::new(),
        delivery: Delivery::default(),
        no_dead_letter: None,
    }
}
