//! Names of members: `PlaceOrder`, `Orders.PlaceOrder`, `payments.Charge`, `shop.payments.v1.Payments.Charge`.

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree::{Name, Path};

use super::context::{Cx, Def, Member, ScopeId};
use super::lookup::{Found, noun, with_article};
use super::suggest::listed;
use crate::Id;
use crate::codes::names::{AMBIGUOUS_MEMBER, UNKNOWN_MEMBER, WRONG_KIND};
use crate::world::*;

/// Where a name of a member stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    pub(crate) scope: ScopeId,
    /// The service whose members need no qualifier.
    pub(crate) service: Option<Id<Service>>,
}

/// What can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Callable {
    Operation(Id<Operation>),
    Saga(Id<Saga>),
}

impl Member {
    fn noun(self) -> &'static str {
        match self {
            Self::Operation(_) => "operation",
            Self::Event(_) => "event",
            Self::Saga(_) => "saga",
            Self::Broken => "broken member",
        }
    }
}

enum FoundMember {
    One(Member, Span),
    Missing(Option<Id<Package>>, Option<Id<Service>>),
    Several(Vec<Id<Service>>),
    NotAService(Def, Span),
    NoPackage,
    Reported,
}

impl<'a> Cx<'a> {
    /// The operation that a path names; anything else is reported.
    pub(crate) fn operation(&mut self, at: At, path: &Path) -> Option<Id<Operation>> {
        match self.member(at, path, "operation")? {
            (Member::Operation(id), _) => Some(id),
            (other, span) => self.wrong_member(path, "operation", other, span),
        }
    }

    /// The operation or saga that a path names; anything else is reported.
    pub(crate) fn callable(&mut self, at: At, path: &Path) -> Option<Callable> {
        match self.member(at, path, "operation")? {
            (Member::Operation(id), _) => Some(Callable::Operation(id)),
            (Member::Saga(id), _) => Some(Callable::Saga(id)),
            (other, span) => self.wrong_member(path, "operation", other, span),
        }
    }

    /// The newest version of the event that a path names; anything else is reported.
    pub(crate) fn event(&mut self, at: At, path: &Path) -> Option<Id<Event>> {
        match self.member(at, path, "event")? {
            (Member::Event(id), _) => Some(id),
            (other, span) => self.wrong_member(path, "event", other, span),
        }
    }

    /// The saga that a path names; anything else is reported.
    pub(crate) fn saga(&mut self, at: At, path: &Path) -> Option<Id<Saga>> {
        match self.member(at, path, "saga")? {
            (Member::Saga(id), _) => Some(id),
            (other, span) => self.wrong_member(path, "saga", other, span),
        }
    }

    fn wrong_member<T>(
        &mut self,
        path: &Path,
        want: &str,
        found: Member,
        defined: Span,
    ) -> Option<T> {
        let (want, found) = (with_article(want), with_article(found.noun()));
        let text = format!("`{}` is {found}, where {want} is expected", path.text());
        let wrong = Diagnostic::new(WRONG_KIND, path.span, text)
            .here(format!("{want} is expected here"))
            .label(defined, format!("declared as {found} here"));
        self.report(wrong);
        None
    }

    /// The member that a path names, whatever it is; none is reported.
    pub(crate) fn member(&mut self, at: At, path: &Path, want: &str) -> Option<(Member, Span)> {
        match self.find_member(at, &path.segments) {
            FoundMember::One(Member::Broken, _) | FoundMember::Reported => None,
            FoundMember::One(member, span) => Some((member, span)),
            FoundMember::NoPackage => {
                self.unknown_qualifier(at.scope, path);
                None
            }
            FoundMember::Missing(package, service) => {
                self.unknown_member(at, path, (package, service), want);
                None
            }
            FoundMember::Several(services) => {
                self.ambiguous(path, &services);
                None
            }
            FoundMember::NotAService(def, span) => {
                self.not_a_service(path, def, span);
                None
            }
        }
    }

    fn find_member(&mut self, at: At, segments: &[Name]) -> FoundMember {
        match segments {
            [] => FoundMember::Reported,
            [name] => self.find_plain_member(at, name),
            [qualifier @ .., name] => match self.find(at.scope, qualifier) {
                Found::Def(Def::Service(service), _) => self.find_in_service(service, name),
                Found::Def(Def::Broken, _) => FoundMember::Reported,
                Found::Def(def, span) => FoundMember::NotAService(def, span),
                other => match self.package_of(at.scope, qualifier) {
                    Some(Some(package)) => self.find_in_package(package, name),
                    Some(None) => FoundMember::Reported,
                    None => match other {
                        Found::Missing(Some(package)) => FoundMember::Missing(Some(package), None),
                        Found::Missing(None) | Found::NoPackage => FoundMember::NoPackage,
                        Found::Def(..) | Found::Reported => FoundMember::Reported,
                    },
                },
            },
        }
    }

    fn find_plain_member(&mut self, at: At, name: &Name) -> FoundMember {
        if let Some(service) = at.service {
            if let Some((member, span)) = self.names.members.get(&(service, name.text.as_str())) {
                return FoundMember::One(*member, *span);
            }
            if self.names.member_holes.contains(&service) {
                return FoundMember::Reported;
            }
        }
        let package = self.scopes[at.scope].package;
        match self.find_in_package(package, name) {
            FoundMember::Missing(..) => FoundMember::Missing(None, at.service),
            found => found,
        }
    }

    fn find_in_service(&self, service: Id<Service>, name: &Name) -> FoundMember {
        match self.names.members.get(&(service, name.text.as_str())) {
            Some((member, span)) => FoundMember::One(*member, *span),
            None if self.names.member_holes.contains(&service) => FoundMember::Reported,
            None => FoundMember::Missing(None, Some(service)),
        }
    }

    fn find_in_package(&self, package: Id<Package>, name: &Name) -> FoundMember {
        match self.names.owners.get(&(package, name.text.as_str())).map(Vec::as_slice) {
            Some([service]) => self.find_in_service(*service, name),
            Some(several) if !several.is_empty() => FoundMember::Several(several.to_vec()),
            _ if self.has_holes(package) => FoundMember::Reported,
            _ => FoundMember::Missing(Some(package), None),
        }
    }

    fn has_holes(&self, package: Id<Package>) -> bool {
        let services = &self.world.packages[package].services;
        self.names.holes.contains(&package)
            || services.iter().any(|s| self.names.member_holes.contains(s))
    }

    fn unknown_member(
        &mut self,
        at: At,
        path: &Path,
        (package, service): (Option<Id<Package>>, Option<Id<Service>>),
        want: &str,
    ) {
        let name = path.last();
        let whose = match (package, service) {
            (Some(package), _) => format!("in package `{}`", self.world.packages[package].name),
            (None, Some(service)) => {
                format!("in service `{}`", self.world.services[service].info.name)
            }
            (None, None) => "in this package".to_owned(),
        };
        let text = format!("there is no {want} `{}` {whose}", name.text);
        let mut unknown = Diagnostic::new(UNKNOWN_MEMBER, name.span, text).here("not found");
        let package = package.unwrap_or(self.scopes[at.scope].package);
        let candidates = self.member_candidates(package, service);
        unknown = match self.nearest(&name.text, candidates.iter().copied()) {
            Some(near) => unknown.fix(format!("did you mean `{near}`?"), name.span, near),
            None if path.single().is_some() => unknown.help(format!(
                "{} of another package is named by that: `package.{}`",
                with_article(want),
                name.text
            )),
            None if candidates.is_empty() => unknown,
            None => unknown.help(format!("there is {}", listed(candidates))),
        };
        self.report(unknown);
    }

    fn member_candidates(
        &self,
        package: Id<Package>,
        service: Option<Id<Service>>,
    ) -> Vec<&'a str> {
        if self.guesses == 0 {
            return Vec::new();
        }
        let of = |s: &Id<Service>| self.names.listed_members.get(s).cloned().unwrap_or_default();
        let mut all: Vec<&'a str> = service.iter().flat_map(of).collect();
        if all.is_empty() {
            all.extend(self.world.packages[package].services.iter().flat_map(of));
        }
        all
    }

    fn ambiguous(&mut self, path: &Path, services: &[Id<Service>]) {
        let name = path.last();
        let text = format!("`{}` is a member of {} services", path.text(), services.len());
        let mut ambiguous = Diagnostic::new(AMBIGUOUS_MEMBER, path.span, text).here("which one?");
        for service in services.iter().take(4) {
            if let Some((_, span)) = self.names.members.get(&(*service, name.text.as_str())) {
                let service = &self.world.services[*service].info.name;
                ambiguous = ambiguous.label(*span, format!("one is here, in `{service}`"));
                let whole = format!("{service}.{}", name.text);
                ambiguous =
                    ambiguous.fix(format!("write `{whole}`"), name.span, whole).unsafe_fix();
            }
        }
        self.report(ambiguous.help("name the service before it"));
    }

    fn not_a_service(&mut self, path: &Path, def: Def, span: Span) {
        let qualifier = &path.segments[path.segments.len().saturating_sub(2)];
        let found = with_article(noun(def));
        let text = format!("`{}` is {found}; only services have members", qualifier.text);
        let wrong = Diagnostic::new(WRONG_KIND, qualifier.span, text)
            .here("a service is expected here")
            .label(span, format!("defined as {found} here"));
        self.report(wrong);
    }
}
