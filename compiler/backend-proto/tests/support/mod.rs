//! Worlds by hand.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test uses its part")]

pub mod tools;

use svckit_diagnostics::Span;
use svckit_model::Id;
use svckit_model::world::*;

/// A world in the making; things go into the last package that was opened, operations and events into its last service.
#[derive(Default)]
pub struct Build {
    pub world: World,
    package: Option<Id<Package>>,
    policy: Option<Id<Policy>>,
}

pub use svckit_model::world::Builtin as B;

pub fn ty(b: Builtin) -> Type {
    Type::Builtin(b)
}

pub fn list(t: Type) -> Type {
    Type::List(Box::new(t))
}

pub fn map(k: Type, v: Type) -> Type {
    Type::Map(Box::new(k), Box::new(v))
}

/// A name in no package yet.
fn info_in(name: &str, package: Id<Package>) -> Info {
    Info::new(name, package, Span::default())
}

/// Adds to a field.
pub trait With: Sized {
    fn with(self, change: impl FnOnce(&mut Self)) -> Self;
}

impl<T> With for T {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Build {
    pub fn package(&mut self, name: &str) -> Id<Package> {
        let id = self.world.packages.push(Package::new(name, false));
        self.package = Some(id);
        id
    }

    /// Goes on in a package that was opened before.
    pub fn back_to(&mut self, package: Id<Package>) {
        self.package = Some(package);
    }

    fn here(&self) -> Id<Package> {
        self.package.expect("a package was opened")
    }

    pub fn info(&self, name: &str) -> Info {
        info_in(name, self.here())
    }

    pub fn field(&self, name: &str, number: u32, ty: Type) -> Field {
        Field::new(self.info(name), number, ty)
    }

    pub fn fields(&self, all: &[(&str, Type)]) -> Vec<Field> {
        let numbers = 1..;
        all.iter().zip(numbers).map(|((name, ty), n)| self.field(name, n, ty.clone())).collect()
    }

    pub fn record_of(&mut self, kind: RecordKind, name: &str, fields: Vec<Field>) -> Id<Record> {
        let info = self.info(name);
        self.world.records.push(Record { info, kind, fields, reserved: Reserved::default() })
    }

    pub fn record(&mut self, name: &str, fields: Vec<Field>) -> Id<Record> {
        let id = self.record_of(RecordKind::Record, name, fields);
        let here = self.here();
        self.world.packages[here].records.push(id);
        id
    }

    pub fn error(&mut self, name: &str, code: StatusCode, fields: Vec<Field>) -> Id<Record> {
        let kind = RecordKind::Error(ErrorKind { code, retry: ErrorRetry::ByCode });
        let id = self.record_of(kind, name, fields);
        let here = self.here();
        self.world.packages[here].errors.push(id);
        id
    }

    pub fn scalar(&mut self, name: &str, base: Builtin, constraints: Constraints) -> Type {
        let info = self.info(name);
        let id = self.world.scalars.push(Scalar { info, base, constraints });
        let here = self.here();
        self.world.packages[here].scalars.push(id);
        Type::Scalar(id)
    }

    pub fn enumeration(&mut self, name: &str, values: &[(&str, i32)]) -> Id<Enum> {
        let values = values
            .iter()
            .map(|(name, number)| EnumValue { info: self.info(name), number: *number })
            .collect();
        let info = self.info(name);
        let id = self.world.enums.push(Enum { info, values, reserved: Reserved::default() });
        let here = self.here();
        self.world.packages[here].enums.push(id);
        id
    }

    pub fn union(&mut self, name: &str, variants: Vec<Field>) -> Id<Union> {
        let info = self.info(name);
        let id = self.world.unions.push(Union { info, variants, reserved: Reserved::default() });
        let here = self.here();
        self.world.packages[here].unions.push(id);
        id
    }

    pub fn service(&mut self, name: &str) -> Id<Service> {
        let info = self.info(name);
        let id = self.world.services.push(Service {
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
        });
        let here = self.here();
        self.world.packages[here].services.push(id);
        id
    }

    fn policy(&mut self) -> Id<Policy> {
        let info = self.info("standard");
        let off = || Block::Off(String::new());
        let numbers = PolicyNumbers {
            timeout: Block::Off(String::new()),
            retry: Block::Off(String::new()),
            breaker: Block::Off(String::new()),
            bulkhead: Block::Off(String::new()),
            limit: Block::Off(String::new()),
            hedge: Block::Off(String::new()),
            outlier: off(),
        };
        let world = &mut self.world;
        *self
            .policy
            .get_or_insert_with(|| world.policies.push(Policy { info, extends: None, numbers }))
    }

    fn op(
        &mut self,
        kind: OperationKind,
        name: &str,
        request: Request,
        response: Response,
    ) -> Id<Operation> {
        let policy = self.policy();
        let here = self.here();
        let service = *self.world.packages[here].services.last().expect("a service was opened");
        let id = self.world.operations.push(Operation {
            info: info_in(name, here),
            service,
            kind,
            request,
            response,
            errors: Vec::new(),
            idempotency: Idempotency::ByCaller,
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
        });
        self.world.services[service].operations.push(id);
        id
    }

    pub fn command(&mut self, name: &str, request: Request, response: Response) -> Id<Operation> {
        self.op(OperationKind::Command, name, request, response)
    }

    pub fn query(&mut self, name: &str, request: Request, response: Response) -> Id<Operation> {
        let id = self.op(OperationKind::Query, name, request, response);
        self.world.operations[id].idempotency = Idempotency::Natural;
        id
    }

    /// Named parameters for an operation that is made next.
    pub fn params(&mut self, operation: &str, fields: Vec<Field>) -> Request {
        // The kind names an operation that does not exist yet; a fixture's record is as little emitted.
        Request::Params(self.record_of(RecordKind::Fixture, &format!("{operation}Request"), fields))
    }

    pub fn event(
        &mut self,
        name: &str,
        version: u32,
        newest: bool,
        fields: Vec<Field>,
    ) -> Id<Event> {
        let payload = self.record_of(RecordKind::Fixture, name, fields);
        let here = self.here();
        let service = *self.world.packages[here].services.last().expect("a service was opened");
        let id = self.world.events.push(Event {
            info: info_in(name, here),
            service,
            version,
            newest,
            payload,
            public: false,
            key: None,
            retain: None,
            upcasts: Vec::new(),
            delivery: Delivery::default(),
            no_dead_letter: None,
        });
        self.world.records[payload].kind = RecordKind::Event(id);
        self.world.services[service].events.push(id);
        id
    }
}

/// `len min..=max`
pub fn len(min: u64, max: u64) -> Constraints {
    Constraints { len: Some(Bounds { min: Some(min), max: Some(max) }), ..Constraints::default() }
}

/// `items min..=max`
pub fn items(min: u64, max: u64) -> Constraints {
    Constraints { items: Some(Bounds { min: Some(min), max: Some(max) }), ..Constraints::default() }
}

/// `min..=max`
pub fn range(min: Option<Value>, max: Option<Value>) -> Constraints {
    Constraints { range: Some(Bounds { min, max }), ..Constraints::default() }
}

/// `pattern r"…"`
pub fn pattern(pattern: &str) -> Constraints {
    Constraints { pattern: Some(pattern.into()), ..Constraints::default() }
}
