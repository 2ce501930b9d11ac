//! Questions that every reader of the model asks.

use super::{
    Builtin, Event, Field, Info, Operation, OperationKind, Package, Presence, Record, Request,
    Response, Service, Type, World,
};
use crate::Id;

impl World {
    /// The builtin that a value of this type is on the wire, through newtypes; none for composite types.
    #[must_use]
    pub fn builtin(&self, ty: &Type) -> Option<Builtin> {
        match ty {
            Type::Builtin(b) => Some(*b),
            Type::Scalar(id) => Some(self.scalars[*id].base),
            _ => None,
        }
    }

    /// How the absence of a field is told on the wire.
    #[must_use]
    pub fn presence(&self, field: &Field) -> Presence {
        use Builtin::{Date, Decimal, Duration, Json, Timestamp, Uuid};
        if field.optional {
            return Presence::Optional;
        }
        match &field.ty {
            Type::List(_) => return Presence::List,
            Type::Map(..) => return Presence::Map,
            _ if field.default.is_some() => return Presence::Default,
            Type::Enum(_) => return Presence::Required,
            _ => {}
        }
        match self.builtin(&field.ty) {
            Some(Uuid | Decimal | Date) => Presence::Required,
            None | Some(Timestamp | Duration | Json) => Presence::RequiredMessage,
            Some(_) => Presence::Zero,
        }
    }

    /// `shop.orders.v1.Orders`: package and name of the contract, as shown to people.
    #[must_use]
    pub fn qualified(&self, info: &Info) -> String {
        format!("{}.{}", self.packages[info.package].name, info.name)
    }

    /// Package and name on the wire, as in Protobuf: `hipstershop.Money`.
    #[must_use]
    pub fn wire_qualified(&self, info: &Info) -> String {
        format!("{}.{}", self.packages[info.package].wire_name(), info.wire_name())
    }

    /// A service's name on the wire without its package: `wire "…"` as it is, else with the suffix `Service`.
    #[must_use]
    pub fn service_wire_name(&self, service: Id<Service>) -> String {
        let info = &self.services[service].info;
        match &info.wire {
            Some(wire) => wire.clone(),
            None if info.name.ends_with("Service") => info.name.clone(),
            None => format!("{}Service", info.name),
        }
    }

    /// `/shop.orders.v1.OrdersService/PlaceOrder`.
    #[must_use]
    pub fn grpc_path(&self, operation: Id<Operation>) -> String {
        let op = &self.operations[operation];
        let package = &self.packages[op.info.package];
        let service = self.service_wire_name(op.service);
        format!("/{}.{service}/{}", package.wire_name(), op.info.wire_name())
    }

    /// The record that an operation's request is, if it is one.
    #[must_use]
    pub fn request_record(&self, operation: Id<Operation>) -> Option<Id<Record>> {
        match &self.operations[operation].request {
            Request::Record(id) | Request::Params(id) => Some(*id),
            Request::Stream(Type::Record(id)) => Some(*id),
            _ => None,
        }
    }

    /// Packages that are generated here, in order.
    pub fn local_packages(&self) -> impl Iterator<Item = (Id<Package>, &Package)> {
        self.packages.iter().filter(|(_, p)| !p.external)
    }

    /// Versions of an event, oldest first.
    #[must_use]
    pub fn event_versions(&self, event: Id<Event>) -> Vec<Id<Event>> {
        let this = &self.events[event];
        let mut versions: Vec<_> = self.services[this.service]
            .events
            .iter()
            .copied()
            .filter(|e| self.events[*e].info.name == this.info.name)
            .collect();
        versions.sort_by_key(|e| self.events[*e].version);
        versions
    }

    /// Whether an older version of an event can be read as a newer one without a function: nothing went, what was added may
    /// be absent, and what stayed has its number, its type and its presence. What went may be what an added field means in
    /// other words, so nobody but a person can say that it is not missed.
    #[must_use]
    pub fn upcast_is_derived(&self, from: Id<Event>, to: Id<Event>) -> bool {
        let (old, new) = (self.event_fields(from), self.event_fields(to));
        let may_be_absent = |added: &Field| {
            !matches!(self.presence(added), Presence::Required | Presence::RequiredMessage)
        };
        old.iter().all(|was| stays(was, new, |is| is.optional || !was.optional))
            && new
                .iter()
                .all(|field| of_number(old, field.number).is_some() || may_be_absent(field))
    }

    /// Whether those that know an older version of an event can read a newer one as that: what came since only added to it.
    #[must_use]
    pub fn is_readable_as(&self, newer: Id<Event>, older: Id<Event>) -> bool {
        let (old, new) = (self.event_fields(older), self.event_fields(newer));
        old.iter().all(|was| stays(was, new, |is| was.optional || !is.optional))
    }

    fn event_fields(&self, id: Id<Event>) -> &[Field] {
        &self.records[self.events[id].payload].fields
    }
}

fn of_number(fields: &[Field], number: u32) -> Option<&Field> {
    fields.iter().find(|field| field.number == number)
}

/// Whether a field is among `fields` with its number and type, and with a presence that will do.
fn stays(was: &Field, fields: &[Field], presence: impl Fn(&Field) -> bool) -> bool {
    of_number(fields, was.number).is_some_and(|is| is.ty == was.ty && presence(is))
}

impl Operation {
    /// Whether many messages go in: `(stream T)` or an upload.
    #[must_use]
    pub fn streams_in(&self, world: &World) -> bool {
        match &self.request {
            Request::Stream(_) => true,
            Request::Params(id) => world.records[*id].fields.iter().any(|f| f.streamed),
            _ => false,
        }
    }

    /// Whether many messages come out.
    #[must_use]
    pub fn streams_out(&self) -> bool {
        matches!(self.response, Response::Stream(_))
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_query(&self) -> bool {
        self.kind == OperationKind::Query
    }
}
