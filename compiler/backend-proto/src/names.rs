//! What everything is called in Protobuf.
//!
//! Types keep their names on the wire. Names that are derived (messages of operations, of events, of patches) give way
//! to those: each has a longer form for where the short one is taken.

use std::collections::{BTreeMap, HashMap, HashSet};

use svckit_diagnostics::{Diagnostic, Span};
use svckit_model::Id;
use svckit_model::world::{
    Enum, Event, Info, Operation, Package, Record, RecordKind, Request, Response, Service, Type,
    Union, World,
};

use crate::codes::NAME_CLASH;
use crate::ir::Name;

/// The names of all messages, enums and services of a world.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) records: HashMap<Id<Record>, Name>,
    pub(crate) unions: HashMap<Id<Union>, Name>,
    pub(crate) enums: HashMap<Id<Enum>, Name>,
    pub(crate) services: HashMap<Id<Service>, Name>,
    pub(crate) requests: HashMap<Id<Operation>, Side>,
    pub(crate) responses: HashMap<Id<Operation>, Side>,
    /// Records that are the message of a paged request, with its operation.
    pub(crate) paged: HashMap<Id<Record>, Id<Operation>>,
    pub(crate) events: HashMap<Id<Event>, Name>,
    /// By the record and the package that the message stands in.
    pub(crate) patches: BTreeMap<(Id<Record>, Id<Package>), Name>,
}

/// The message of a request or response.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub(crate) name: Name,
    /// A record of that very name, which is the message.
    pub(crate) own: Option<Id<Record>>,
}

/// `shop/orders/v1/orders.proto` of `shop.orders.v1`.
pub(crate) fn path(package: &str) -> String {
    let parts: Vec<&str> = package.split('.').collect();
    let named = parts.iter().rev().find(|p| !is_version(p)).or(parts.last());
    let name = svckit_backend::naming::snake(named.copied().unwrap_or("contract"));
    format!("{}/{name}.proto", parts.join("/"))
}

/// `v1`, and what buf calls a version besides: `v1beta2`.
fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The package that a record's patch message stands in: the record's own, unless that is not generated here.
pub(crate) fn patch_home(world: &World, record: Id<Record>, user: Id<Package>) -> Id<Package> {
    let own = world.records[record].info.package;
    if world.packages[own].external { user } else { own }
}

/// Names everything.
pub(crate) fn allot(world: &World) -> (Names, Vec<Diagnostic>) {
    let mut allotter = Allotter {
        world,
        names: Names::default(),
        taken: HashMap::new(),
        owned: HashSet::new(),
        clashes: Vec::new(),
    };
    allotter.types();
    allotter.services();
    allotter.operations();
    allotter.events();
    allotter.patches();
    (allotter.names, allotter.clashes)
}

struct Allotter<'a> {
    world: &'a World,
    names: Names,
    /// By package on the wire and name: where it was taken.
    taken: HashMap<(&'a str, String), Span>,
    /// Records that are the message of an operation.
    owned: HashSet<Id<Record>>,
    clashes: Vec<Diagnostic>,
}

impl<'a> Allotter<'a> {
    /// Takes the first of `wanted` that is free, else reports that the first is not.
    fn take(&mut self, info: &Info, wanted: &[String]) -> Name {
        let world = self.world;
        let package = world.packages[info.package].wire_name();
        let free = wanted.iter().find(|n| !self.taken.contains_key(&(package, (*n).clone())));
        let name = free.or(wanted.first()).cloned().unwrap_or_default();
        if free.is_none() {
            self.clash(package, &name, info);
        }
        self.taken.entry((package, name.clone())).or_insert(info.span);
        Name { package: package.into(), name, path: path(package) }
    }

    fn clash(&mut self, package: &'a str, name: &str, info: &Info) {
        let first = self.taken.get(&(package, name.to_owned())).copied().unwrap_or_default();
        self.clashes.push(clash(name, package, info.span, first));
    }

    fn types(&mut self) {
        let world = self.world;
        for (id, record) in world.records.iter() {
            if matches!(record.kind, RecordKind::Record | RecordKind::Error(_)) {
                let name = self.take(&record.info, &[record.info.wire_name().into()]);
                self.names.records.insert(id, name);
            }
        }
        for (id, union) in world.unions.iter() {
            let name = self.take(&union.info, &[union.info.wire_name().into()]);
            self.names.unions.insert(id, name);
        }
        for (id, it) in world.enums.iter() {
            let name = self.take(&it.info, &[it.info.wire_name().into()]);
            self.names.enums.insert(id, name);
        }
    }

    fn services(&mut self) {
        let world = self.world;
        for (id, service) in world.services.iter() {
            let name = self.take(&service.info, &[world.service_wire_name(id)]);
            self.names.services.insert(id, name);
        }
    }

    fn operations(&mut self) {
        let world = self.world;
        for (id, op) in world.operations.iter() {
            let request = match &op.request {
                Request::Record(record) | Request::Stream(Type::Record(record)) => Some(*record),
                _ => None,
            };
            let side = self.side(op, "Request", request);
            if let (Some(own), Response::Page(_)) = (side.own, &op.response) {
                self.names.paged.insert(own, id);
            }
            self.names.requests.insert(id, side);
            let response = match &op.response {
                Response::Value(Type::Record(record)) | Response::Stream(Type::Record(record)) => {
                    Some(*record)
                }
                _ => None,
            };
            let side = self.side(op, "Response", response);
            self.names.responses.insert(id, side);
        }
    }

    /// The message of one side of an operation: the record that it is, if that has the name which it should have and
    /// no other operation uses it so, else one of its own.
    fn side(&mut self, op: &Operation, suffix: &str, record: Option<Id<Record>>) -> Side {
        let short = format!("{}{suffix}", op.info.wire_name());
        if let Some(own) = record.filter(|r| self.is_own(op, *r, &short)) {
            self.owned.insert(own);
            return Side { name: self.names.records[&own].clone(), own: Some(own) };
        }
        let long = format!("{}{short}", self.names.services[&op.service].name);
        Side { name: self.take(&op.info, &[short, long]), own: None }
    }

    fn is_own(&self, op: &Operation, record: Id<Record>, short: &str) -> bool {
        let package = self.world.packages[op.info.package].wire_name();
        let fits = self
            .names
            .records
            .get(&record)
            .is_some_and(|name| name.package == package && name.name == short);
        fits && !self.owned.contains(&record)
    }

    fn events(&mut self) {
        let world = self.world;
        let mut ids: Vec<Id<Event>> = world.events.ids().collect();
        ids.sort_by_key(|id| !world.events[*id].newest);
        for id in ids {
            let event = &world.events[id];
            let version = if event.newest { String::new() } else { format!("V{}", event.version) };
            let short = format!("{}{version}", event.info.wire_name());
            let long = format!("{}{short}", world.services[event.service].info.name);
            let name = self.take(&event.info, &[short, long]);
            self.names.events.insert(id, name);
        }
    }

    fn patches(&mut self) {
        let world = self.world;
        for (user, record) in patched(world) {
            let home = patch_home(world, record, user);
            if self.names.patches.contains_key(&(record, home)) {
                continue;
            }
            let info = Info { package: home, ..world.records[record].info.clone() };
            let base = info.wire_name();
            let wanted = ["Patch", "PatchMessage", "FieldsPatch"].map(|s| format!("{base}{s}"));
            let name = self.take(&info, &wanted);
            self.names.patches.insert((record, home), name);
        }
    }
}

/// One message of two things with one name.
pub(crate) fn clash(name: &str, scope: &str, second: Span, first: Span) -> Diagnostic {
    Diagnostic::new(NAME_CLASH, second, format!("`{name}` stands for two things in Protobuf"))
        .here(format!("becomes `{name}` of `{scope}`"))
        .label(first, format!("this becomes `{name}` too"))
        .help("rename one of them, or give it another name on the wire with `wire \"…\"`")
}

/// Every record that a `patch<…>` is of, with the package that says so, in the order of the world.
fn patched(world: &World) -> Vec<(Id<Package>, Id<Record>)> {
    let mut found = Vec::new();
    for (_, record) in world.records.iter() {
        let package = record.info.package;
        found.extend(record.fields.iter().filter_map(|f| Some((package, patch_in(&f.ty)?))));
    }
    for (_, union) in world.unions.iter() {
        let package = union.info.package;
        found.extend(union.variants.iter().filter_map(|f| Some((package, patch_in(&f.ty)?))));
    }
    for (_, op) in world.operations.iter() {
        let types = [request_type(&op.request), response_type(&op.response)];
        found.extend(
            types.into_iter().flatten().filter_map(|t| Some((op.info.package, patch_in(t)?))),
        );
    }
    found
}

/// The type of a request that is not a record's fields.
fn request_type(request: &Request) -> Option<&Type> {
    match request {
        Request::Value(ty) | Request::Stream(ty) => Some(ty),
        Request::Empty | Request::Record(_) | Request::Params(_) => None,
    }
}

/// The type that a response is made of.
fn response_type(response: &Response) -> Option<&Type> {
    match response {
        Response::Value(ty)
        | Response::Optional(ty)
        | Response::Page(ty)
        | Response::Stream(ty) => Some(ty),
        Response::Empty | Response::Queued => None,
    }
}

fn patch_in(ty: &Type) -> Option<Id<Record>> {
    match ty {
        Type::Patch(record) => Some(*record),
        Type::List(inner) | Type::Map(_, inner) => match **inner {
            Type::Patch(record) => Some(record),
            _ => None,
        },
        _ => None,
    }
}
