//! What everything is called in Rust.
//!
//! Types keep the names of the contract. What is derived (contexts, errors of operations, patches, modules of services)
//! gives way to those by a trailing underscore.

use std::collections::{BTreeMap, HashMap, HashSet};

use proc_macro2::{Ident, Span};
use svckit_backend::naming::{camel, snake};
use svckit_model::Id;
use svckit_model::world::{
    CallUse, Event, Field, Info, Operation, Package, Record, RecordKind, Service, World,
};

/// Words that are names only behind `r#`.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Words that are never names.
const RESERVED: &[&str] = &["self", "Self", "super", "crate"];

/// An identifier; a keyword gets its `r#`.
pub(crate) fn ident(name: &str) -> Ident {
    if KEYWORDS.contains(&name) {
        Ident::new_raw(name, Span::call_site())
    } else {
        Ident::new(name, Span::call_site())
    }
}

/// Names that are given out once each.
#[derive(Debug, Default)]
pub(crate) struct Taken(HashSet<String>);

impl Taken {
    /// With these taken already.
    pub(crate) fn with<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(str::to_owned).collect())
    }

    /// This name, with as many underscores after it as it takes to be free and a name at all.
    pub(crate) fn take(&mut self, wanted: impl Into<String>) -> String {
        let mut name: String = wanted.into();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            name.insert(0, '_');
        }
        while name == "_" || RESERVED.contains(&name.as_str()) || self.0.contains(&name) {
            name.push('_');
        }
        self.0.insert(name.clone());
        name
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

/// The names of a record's fields, in order.
pub(crate) fn fields(fields: &[Field]) -> Vec<Ident> {
    let mut taken = Taken::default();
    fields.iter().map(|f| ident(&taken.take(f.info.name.as_str()))).collect()
}

/// The variants of a union or an enum, in order.
pub(crate) fn variants<'a>(infos: impl Iterator<Item = &'a Info>, taken: &[&str]) -> Vec<Ident> {
    let mut taken = Taken::with(taken.iter().copied());
    infos.map(|info| ident(&taken.take(camel(&info.name)))).collect()
}

/// Names within the module of a service.
#[derive(Debug, Default)]
pub(crate) struct ServiceNames {
    /// The module.
    pub(crate) module: String,
    pub(crate) events: HashMap<Id<Event>, String>,
    /// Constants of the events' descriptors.
    pub(crate) event_constants: HashMap<Id<Event>, String>,
    pub(crate) operations: HashMap<Id<Operation>, OperationNames>,
    /// Contexts of subscriptions and schedules, by handler.
    pub(crate) handlers: HashMap<String, OperationNames>,
    /// Every name of a type in the module.
    pub(crate) types: Taken,
}

/// What belongs to one operation or handler.
#[derive(Debug, Default, Clone)]
pub(crate) struct OperationNames {
    /// The method of the trait, also of contexts' clients.
    pub(crate) method: String,
    /// The method of the client, which must differ from the client's own.
    pub(crate) client_method: String,
    pub(crate) request: String,
    pub(crate) context: String,
    pub(crate) error: String,
    /// The message of an upload without its stream.
    pub(crate) head: String,
    /// The constant of its descriptor.
    pub(crate) constant: String,
    /// The constant of its queue's descriptor.
    pub(crate) queue: String,
    /// The type of what it reads of its event.
    pub(crate) view: String,
    /// Clients of what it calls and is answered.
    pub(crate) clients: Vec<CallNames>,
}

/// A client in a context: for one service, of the operations that are called.
#[derive(Debug, Clone)]
pub(crate) struct CallNames {
    pub(crate) service: Id<Service>,
    pub(crate) operations: Vec<Id<Operation>>,
    /// The method of the context.
    pub(crate) accessor: String,
    pub(crate) name: String,
}

/// All names of a world.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) services: HashMap<Id<Service>, ServiceNames>,
    pub(crate) patches: BTreeMap<(Id<Record>, Id<Package>), String>,
    /// Types of each package's own module.
    pub(crate) types: HashMap<Id<Package>, Taken>,
    /// What the private part of the runtime is called in each package.
    pub(crate) runtime: HashMap<Id<Package>, String>,
}

/// The modules that lead to a package: `shop`, `orders`, `v1`.
pub(crate) fn modules(package: &str) -> Vec<String> {
    let usable = |part: &str| Taken::default().take(part);
    package.split('.').map(usable).collect()
}

/// Names in the module of a service that are the same for all.
const SERVICE_TYPES: &[&str] = &["Service", "Subscriptions", "Client"];

/// Methods of a client that are the same for all.
const CLIENT_METHODS: &[&str] = &["connect", "new", "with"];

/// Methods of every context, which a client's name would hide.
const CONTEXT_METHODS: &[&str] = &[
    "caller",
    "cancelled",
    "correlation_id",
    "deadline",
    "emit",
    "idempotency_key",
    "is_cancelled",
    "metadata",
    "new_id",
    "now",
    "remaining",
    "set_idempotency_key",
    "stub",
    "tenant",
    "traceparent",
];

/// Names everything.
pub(crate) fn allot(world: &World, patched: &[(Id<Package>, Id<Record>)]) -> Names {
    let mut names = Names::default();
    for (id, package) in world.packages.iter() {
        names.types.insert(id, package_types(world, package));
    }
    for (home, record) in patched {
        let base = format!("{}Patch", world.records[*record].info.name);
        let name = names.types.entry(*home).or_default().take(base);
        names.patches.insert((*record, *home), name);
    }
    for (id, package) in world.packages.iter() {
        let mut modules = child_modules(world, package);
        names.runtime.insert(id, modules.take("rt"));
        for service in &package.services {
            let module = module_of(&world.services[*service].info, &mut modules);
            names.services.insert(*service, service_names(world, *service, module));
        }
    }
    names
}

fn package_types(world: &World, package: &Package) -> Taken {
    let mut taken = Taken::default();
    let infos = (package.scalars.iter().map(|i| &world.scalars[*i].info))
        .chain(package.enums.iter().map(|i| &world.enums[*i].info))
        .chain(package.records.iter().chain(&package.errors).map(|i| &world.records[*i].info))
        .chain(package.unions.iter().map(|i| &world.unions[*i].info));
    for info in infos {
        taken.take(type_name(&info.name));
    }
    taken
}

/// A type's name in Rust.
pub(crate) fn type_name(name: &str) -> String {
    Taken::default().take(name)
}

/// Modules of packages below this one.
fn child_modules(world: &World, package: &Package) -> Taken {
    let inside = world.packages.iter().filter_map(|(_, p)| {
        let rest = p.name.strip_prefix(package.name.as_str())?.strip_prefix('.')?;
        rest.split('.').next()
    });
    Taken::with(inside)
}

fn module_of(info: &Info, taken: &mut Taken) -> String {
    let short = snake(&info.name);
    if taken.has(&short) { taken.take(format!("{short}_service")) } else { taken.take(short) }
}

fn service_names(world: &World, id: Id<Service>, module: String) -> ServiceNames {
    let service = &world.services[id];
    let mut types = Taken::with(SERVICE_TYPES.iter().copied());
    let mut events = HashMap::new();
    let mut ordered = service.events.clone();
    ordered.sort_by_key(|e| !world.events[*e].newest);
    for event in ordered {
        events.insert(event, event_name(world, event, &mut types));
    }
    let mut constants = Taken::with(["DESCRIPTOR", "SERVICE"]);
    let mut allotter =
        Allotter { world, methods: Taken::default(), called: called_methods(), types };
    let mut operations = HashMap::new();
    for op in &service.operations {
        let it = &world.operations[*op];
        operations.insert(*op, allotter.operation(&it.info, &it.calls, &mut constants));
    }
    let mut handlers = HashMap::new();
    for (info, calls) in handlers_of(world, service) {
        let mut names = allotter.handler(info, calls);
        names.constant = constants.take(format!("{}_ON", snake(&info.name).to_uppercase()));
        handlers.insert(info.name.clone(), names);
    }
    let reading = service.subscriptions.iter().map(|id| &world.subscriptions[*id]);
    for it in reading.filter(|it| it.reads.is_some()) {
        if let Some(names) = handlers.get_mut(&it.info.name) {
            names.view = allotter.types.take(format!("{}Event", it.info.name));
        }
    }
    let event_constants = (service.events.iter())
        .map(|e| (*e, constants.take(snake(&events[e]).to_uppercase())))
        .collect();
    ServiceNames { module, events, event_constants, operations, handlers, types: allotter.types }
}

/// Names and calls of subscriptions and schedules.
fn handlers_of<'a>(
    world: &'a World,
    service: &'a Service,
) -> impl Iterator<Item = (&'a Info, &'a [CallUse])> {
    let subscriptions = service.subscriptions.iter().map(|s| &world.subscriptions[*s]);
    subscriptions
        .map(|s| (&s.info, s.calls.as_slice()))
        .chain(service.schedules.iter().map(|s| (&s.info, s.calls.as_slice())))
}

fn called_methods() -> Taken {
    Taken::with(CLIENT_METHODS.iter().copied())
}

/// Names the members of one service.
struct Allotter<'a> {
    world: &'a World,
    methods: Taken,
    called: Taken,
    types: Taken,
}

impl Allotter<'_> {
    fn operation(
        &mut self,
        info: &Info,
        calls: &[CallUse],
        constants: &mut Taken,
    ) -> OperationNames {
        let base = &info.name;
        let upper = snake(&info.name).to_uppercase();
        let queue = format!("{upper}_QUEUE");
        OperationNames {
            client_method: self.called.take(snake(&info.name)),
            request: self.types.take(format!("{base}Request")),
            error: self.types.take(format!("{base}Error")),
            head: self.types.take(format!("{base}Head")),
            constant: constants.take(upper),
            queue: constants.take(queue),
            ..self.handler(info, calls)
        }
    }

    fn handler(&mut self, info: &Info, calls: &[CallUse]) -> OperationNames {
        let base = &info.name;
        OperationNames {
            method: self.methods.take(snake(&info.name)),
            context: self.types.take(format!("{base}Context")),
            clients: self.clients(base, calls),
            ..OperationNames::default()
        }
    }

    fn clients(&mut self, base: &str, calls: &[CallUse]) -> Vec<CallNames> {
        let mut clients: Vec<CallNames> = Vec::new();
        let mut accessors = Taken::with(CONTEXT_METHODS.iter().copied());
        let answered = |call: &&CallUse| self.world.operations[call.operation].queue.is_none();
        for call in calls.iter().filter(answered) {
            let service = self.world.operations[call.operation].service;
            if let Some(client) = clients.iter_mut().find(|c| c.service == service) {
                if !client.operations.contains(&call.operation) {
                    client.operations.push(call.operation);
                }
                continue;
            }
            let info = &self.world.services[service].info;
            let short = snake(&info.name);
            let wanted =
                if accessors.has(&short) { self.with_package(info, &short) } else { short };
            clients.push(CallNames {
                service,
                operations: vec![call.operation],
                name: self.types.take(format!("{base}{}", camel(&wanted))),
                accessor: accessors.take(wanted),
            });
        }
        clients
    }

    /// `payments_refunds` of `shop.payments.v1.Refunds`.
    fn with_package(&self, info: &Info, short: &str) -> String {
        let package = &self.world.packages[info.package].name;
        let version = |p: &&str| p.strip_prefix('v').is_some_and(|r| r.parse::<u32>().is_ok());
        let last = package.split('.').rfind(|p| !version(p)).unwrap_or(package);
        format!("{last}_{short}")
    }
}

fn event_name(world: &World, id: Id<Event>, types: &mut Taken) -> String {
    let event = &world.events[id];
    let mut name = type_name(&event.info.name);
    if !event.newest {
        name = format!("{name}V{}", event.version);
    }
    if types.has(&name) {
        name.push_str("Event");
    }
    types.take(name)
}

/// Where a record's type stands: in its package, or in the module of a service.
pub(crate) fn home_service(world: &World, record: &Record) -> Option<Id<Service>> {
    match record.kind {
        RecordKind::Params(op) => Some(world.operations[op].service),
        RecordKind::Event(event) => Some(world.events[event].service),
        _ => None,
    }
}

impl Names {
    /// The name of a record's type, within its module.
    pub(crate) fn record(&self, world: &World, id: Id<Record>) -> String {
        let record = &world.records[id];
        let own = || type_name(&record.info.name);
        match record.kind {
            RecordKind::Params(op) => {
                self.services[&world.operations[op].service].operations[&op].request.clone()
            }
            RecordKind::Event(event) => {
                self.services[&world.events[event].service].events[&event].clone()
            }
            _ => own(),
        }
    }
}

impl Taken {
    /// Whether a module defines a type of that name.
    pub(crate) fn defines(&self, name: &str) -> bool {
        self.has(name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Taken, ident, modules};

    #[test]
    fn keywords_are_raw_and_what_is_taken_gives_way() {
        assert_eq!(ident("type").to_string(), "r#type");
        let mut taken = Taken::default();
        let names = ["self", "self_", "a", "a", "1st", ""];
        let given: Vec<_> = names.iter().map(|n| taken.take(*n)).collect();
        assert_eq!(given, ["self_", "self__", "a", "a_", "_1st", "__"]);
    }

    #[test]
    fn packages_are_modules() {
        assert_eq!(modules("shop.type.self.v1"), ["shop", "type", "self_", "v1"]);
    }
}
