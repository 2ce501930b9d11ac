//! What all of resolution works on.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use svckit_diagnostics::{Diagnostic, Span};
use svckit_syntax::tree;

use super::{Resolved, Source, standard};
use crate::Id;
use crate::world::*;

/// A file by its place in [`Cx::scopes`].
pub(crate) type ScopeId = usize;

/// What the name of an item stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Def {
    Scalar(Id<Scalar>),
    Enum(Id<Enum>),
    Record(Id<Record>),
    Union(Id<Union>),
    Error(Id<Record>),
    Service(Id<Service>),
    Policy(Id<Policy>),
    Saga,
    Choreography,
    /// Its place in [`Cx::aggregates`].
    Aggregate(usize),
    Projection,
    /// The parser could not read it.
    Broken,
}

/// What the name of a member of a service stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    Operation(Id<Operation>),
    /// The newest version.
    Event(Id<Event>),
    Saga(Id<Saga>),
    /// The parser could not read it.
    Broken,
}

/// Something that a `use` brings in.
#[derive(Debug)]
pub(crate) struct Import {
    /// `None` where the package is unknown.
    pub(crate) package: Option<Id<Package>>,
    /// `None` for an alias, and where the name is unknown.
    pub(crate) def: Option<Def>,
    /// Where the name or the alias stands.
    pub(crate) span: Span,
    pub(crate) used: bool,
}

/// The names of one file.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) file: &'a tree::File,
    pub(crate) package: Id<Package>,
    pub(crate) names: HashMap<&'a str, Import>,
    pub(crate) aliases: HashMap<&'a str, Import>,
}

/// The names of the world.
#[derive(Debug, Default)]
pub(crate) struct Names<'a> {
    pub(crate) packages: HashMap<String, Id<Package>>,
    pub(crate) items: HashMap<(Id<Package>, &'a str), (Def, Span)>,
    /// Names of a package's items, in order.
    pub(crate) listed: HashMap<Id<Package>, Vec<&'a str>>,
    /// Packages that have an item of that name.
    pub(crate) homes: HashMap<&'a str, Vec<Id<Package>>>,
    pub(crate) members: HashMap<(Id<Service>, &'a str), (Member, Span)>,
    /// Names of a service's members, in order.
    pub(crate) listed_members: HashMap<Id<Service>, Vec<&'a str>>,
    /// Services of a package that have a member of that name.
    pub(crate) owners: HashMap<(Id<Package>, &'a str), Vec<Id<Service>>>,
    pub(crate) fixtures: Fixtures<'a>,
    pub(crate) deployments: HashMap<&'a str, (Id<Deployment>, Span)>,
    /// Packages and services in which the parser could not even tell a name.
    pub(crate) holes: HashSet<Id<Package>>,
    pub(crate) member_holes: HashSet<Id<Service>>,
}

/// States by the service that has them.
pub(crate) type Fixtures<'a> = HashMap<(Id<Service>, &'a str), (Id<Record>, Span)>;

/// A record with its fields and `reserved` lines.
pub(crate) type PendingRecord<'a> = (ScopeId, Id<Record>, &'a [tree::Field], &'a [tree::Reserved]);

/// A tree, the file that it stands in, and what it becomes.
pub(crate) type Todo<'a, T, N> = Vec<(ScopeId, Id<T>, &'a N)>;

/// Registered and still to be looked into.
#[derive(Debug, Default)]
pub(crate) struct Pending<'a> {
    pub(crate) scalars: Todo<'a, Scalar, tree::Scalar>,
    pub(crate) enums: Todo<'a, Enum, tree::Enum>,
    /// Records, errors, parameters, payloads, fixtures, projections.
    pub(crate) records: Vec<PendingRecord<'a>>,
    pub(crate) errors: Todo<'a, Record, tree::ErrorItem>,
    pub(crate) unions: Todo<'a, Union, tree::Union>,
    pub(crate) policies: Todo<'a, Policy, tree::Policy>,
    pub(crate) services: Todo<'a, Service, tree::Service>,
    pub(crate) operations: Todo<'a, Operation, tree::Operation>,
    pub(crate) events: Todo<'a, Event, tree::Event>,
    pub(crate) subscriptions: Vec<(ScopeId, Id<Service>, &'a tree::Member, &'a tree::On)>,
    pub(crate) schedules: Vec<(ScopeId, Id<Service>, &'a tree::Member, &'a tree::Schedule)>,
    pub(crate) sagas: Vec<(ScopeId, &'a tree::Head, &'a tree::Saga)>,
    pub(crate) saga_bodies: Todo<'a, Saga, tree::Saga>,
    pub(crate) choreographies: Vec<(ScopeId, &'a tree::Head, &'a tree::Choreography)>,
    pub(crate) aggregates: Vec<(ScopeId, &'a tree::Head, &'a tree::Aggregate)>,
    pub(crate) projections: Vec<(ScopeId, &'a tree::Head, Id<Record>, &'a tree::Projection)>,
    pub(crate) deployments: Todo<'a, Deployment, tree::Deployment>,
    pub(crate) gateways: Todo<'a, Gateway, tree::Gateway>,
    pub(crate) examples: Vec<(ScopeId, &'a tree::Example)>,
    /// Defaults wait until the fields of all records are known.
    pub(crate) defaults: Vec<(ScopeId, FieldAt, &'a tree::Field)>,
}

/// A field by its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldAt(pub(crate) Id<Record>, pub(crate) usize);

/// What `calls`, `policy` and `auth` of a service give to its members.
#[derive(Debug, Clone, Default)]
pub(crate) struct ServiceDefaults {
    pub(crate) policy: Option<Id<Policy>>,
    pub(crate) calls: Vec<CallUse>,
}

/// Resolution at work.
#[derive(Debug)]
pub(crate) struct Cx<'a> {
    pub(crate) world: World,
    pub(crate) out: Vec<Diagnostic>,
    pub(crate) scopes: Vec<Scope<'a>>,
    pub(crate) names: Names<'a>,
    pub(crate) pending: Pending<'a>,
    pub(crate) service_defaults: HashMap<Id<Service>, ServiceDefaults>,
    /// Aggregates in the order of their trees; `None` where one could not be made sense of.
    pub(crate) aggregates: Vec<Option<Id<Aggregate>>>,
    pub(crate) standard: Id<Policy>,
    /// Places of types that could not be resolved: nothing is said of their values.
    pub(crate) poisoned: HashSet<Span>,
    /// What `abort` is in sagas, once one needs it.
    pub(crate) abort: Option<Id<Record>>,
    /// Names of operations whose answer's type could not be resolved.
    pub(crate) poisoned_answers: HashSet<Span>,
    /// Comparisons of names that may still be made for suggestions.
    pub(crate) guesses: usize,
    /// Where the values of large enums stand.
    pub(crate) enum_places: HashMap<Id<Enum>, HashMap<String, usize>>,
    /// Patterns that were compiled, or why they can't be.
    pub(crate) patterns: RefCell<HashMap<String, Result<regex::Regex, String>>>,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(files: &[Source<'a>]) -> Self {
        let mut world = World::default();
        let mut names = Names::default();
        let scopes = packages(files, &mut world, &mut names);
        let standard = standard::add(&mut world);
        Self {
            world,
            out: Vec::new(),
            scopes,
            names,
            pending: Pending::default(),
            service_defaults: HashMap::new(),
            aggregates: Vec::new(),
            standard,
            poisoned: HashSet::new(),
            poisoned_answers: HashSet::new(),
            abort: None,
            guesses: 200_000,
            enum_places: HashMap::new(),
            patterns: RefCell::default(),
        }
    }

    /// Adds a message.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.out.push(diagnostic);
    }

    /// What a named thing has, from its tree.
    pub(crate) fn info(
        &self,
        s: ScopeId,
        name: &tree::Name,
        wire: Option<&tree::Str>,
        head: &tree::Head,
    ) -> Info {
        Info {
            name: name.text.clone(),
            wire: wire.map(|w| w.value.clone()),
            docs: head.docs.clone(),
            span: name.span,
            package: self.scopes[s].package,
            deprecated: None,
            allows: head.allows.iter().map(allow).collect(),
            places: Places::default(),
        }
    }

    pub(crate) fn finish(mut self) -> Resolved {
        self.out.sort_by_key(Diagnostic::span);
        Resolved { world: self.world, diagnostics: self.out }
    }
}

pub(crate) fn allow(allow: &tree::Allow) -> Allow {
    let until = allow.until.as_ref().and_then(|e| match &e.kind {
        tree::ExprKind::Date(date) => Some(date.clone()),
        _ => None,
    });
    Allow {
        slug: allow.slug.text.clone(),
        slug_span: allow.slug.span,
        because: allow.because.as_ref().map(|b| b.value.clone()).unwrap_or_default(),
        until,
        span: allow.span,
    }
}

/// Makes the packages, sorted by name, and the files' scopes in the same order.
fn packages<'a>(files: &[Source<'a>], world: &mut World, names: &mut Names<'a>) -> Vec<Scope<'a>> {
    let name = |s: &Source<'_>| s.file.package.as_ref().map(|p| p.name.text()).unwrap_or_default();
    let mut sorted: Vec<(String, &Source<'a>)> = files.iter().map(|s| (name(s), s)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let mut scopes = Vec::with_capacity(files.len());
    for (name, source) in sorted {
        let package = *names.packages.entry(name).or_insert_with_key(|name| {
            world.packages.push(Package::new(name.as_str(), source.external))
        });
        let known = &mut world.packages[package];
        known.files.push(source.file.id);
        known.external &= source.external;
        if !source.file.docs.is_empty() {
            let gap = if known.docs.is_empty() { "" } else { "\n\n" };
            known.docs = format!("{}{gap}{}", known.docs, source.file.docs);
        }
        let head = source.file.package.as_ref();
        if known.wire.is_none() {
            known.wire = head.and_then(|p| p.wire.as_ref()).map(|w| w.value.clone());
        }
        scopes.push(Scope {
            file: source.file,
            package,
            names: HashMap::new(),
            aliases: HashMap::new(),
        });
    }
    scopes
}
