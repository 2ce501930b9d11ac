//! Services, and the requests and responses of their operations.

use svckit_model::Id;
use svckit_model::world::{
    Field, Idempotency, Operation, Package, Record, Request, Response, Type,
};

use super::{Lower, append, head};
use crate::ir;
use crate::names::Side;

/// What is said of the body of an upload.
const CHUNKS: &str = "Sent in pieces: each message of the stream carries the next one; the first one carries all \
                      other fields besides, and only it.";

impl Lower<'_> {
    /// The services of a package with the messages of their operations.
    pub(super) fn services(&self, package: &Package, file: &mut ir::File) {
        for id in &package.services {
            let service = &self.world.services[*id];
            let methods = service.operations.iter().map(|op| self.method(*op)).collect();
            let head = head(&service.info, self.names.services[id].name.as_str());
            file.services.push(ir::Service { head, methods });
            for op in &service.operations {
                file.messages.extend(self.request(*op));
                file.messages.extend(self.response(*op));
            }
        }
    }

    fn method(&self, id: Id<Operation>) -> ir::Method {
        let op = &self.world.operations[id];
        let mut head = head(&op.info, op.info.wire_name());
        if !op.errors.is_empty() {
            let errors = op.errors.iter().map(|e| self.world.records[e.error].info.name.as_str());
            let errors: Vec<&str> = errors.collect();
            append(&mut head.docs, &format!("Errors: {}.", errors.join(", ")));
        }
        if op.response == Response::Queued {
            append(&mut head.docs, "Answers as soon as the work is accepted; it is done later.");
        }
        let level = match op.idempotency {
            _ if op.is_query() => ir::Level::NoSideEffects,
            Idempotency::Natural => ir::Level::Idempotent,
            _ => ir::Level::Unknown,
        };
        ir::Method {
            head,
            request: self.names.requests[&id].name.clone(),
            response: self.names.responses[&id].name.clone(),
            streams_in: op.streams_in(self.world),
            streams_out: op.streams_out(),
            level,
        }
    }

    fn request(&self, id: Id<Operation>) -> Option<ir::Message> {
        let op = &self.world.operations[id];
        let side = &self.names.requests[&id];
        if side.own.is_some() {
            return None;
        }
        let mut message = match &op.request {
            Request::Empty => empty(op, side, "request"),
            Request::Params(record) if op.streams_in(self.world) => self.upload(op, side, *record),
            Request::Record(record)
            | Request::Params(record)
            | Request::Stream(Type::Record(record)) => self.flattened(*record, op, side, "request"),
            Request::Value(ty) | Request::Stream(ty) => {
                let value = self.made_up(&op.info, "value", 1, ty.clone());
                self.of(op, side, "request", &[value])
            }
        };
        if matches!(op.response, Response::Page(_)) {
            message.fields.extend(page_request(op));
        }
        Some(message)
    }

    fn response(&self, id: Id<Operation>) -> Option<ir::Message> {
        let op = &self.world.operations[id];
        let side = &self.names.responses[&id];
        if side.own.is_some() {
            return None;
        }
        Some(match &op.response {
            Response::Empty | Response::Queued => empty(op, side, "response"),
            Response::Value(Type::Record(record)) | Response::Stream(Type::Record(record)) => {
                self.flattened(*record, op, side, "response")
            }
            Response::Value(ty) | Response::Stream(ty) => {
                let value = self.made_up(&op.info, "value", 1, ty.clone());
                self.of(op, side, "response", &[value])
            }
            Response::Optional(ty) => {
                let value = self.made_up(&op.info, "value", 1, ty.clone());
                self.of(op, side, "response", &[Field { optional: true, ..value }])
            }
            Response::Page(ty) => self.page(op, side, ty),
        })
    }

    fn of(&self, op: &Operation, side: &Side, what: &str, fields: &[Field]) -> ir::Message {
        let fields = fields.iter().map(|f| self.field(f)).collect();
        ir::Message { fields, ..empty(op, side, what) }
    }

    fn flattened(&self, id: Id<Record>, op: &Operation, side: &Side, what: &str) -> ir::Message {
        let record = &self.world.records[id];
        let mut head = empty(op, side, what).head;
        append(&mut head.docs, &record.info.docs);
        self.flat(id, head)
    }

    /// The messages of an upload: any may lack any field, so there are no rules.
    fn upload(&self, op: &Operation, side: &Side, id: Id<Record>) -> ir::Message {
        let mut message = self.flattened(id, op, side, "request");
        for (field, from) in message.fields.iter_mut().zip(&self.world.records[id].fields) {
            field.rules.clear();
            if from.streamed {
                append(&mut field.head.docs, CHUNKS);
                let max = from.constraints.len.as_ref().and_then(|len| len.max);
                if let Some(max) = max {
                    append(&mut field.head.docs, &format!("At most {max} bytes in all."));
                }
            }
        }
        message
    }

    fn page(&self, op: &Operation, side: &Side, ty: &Type) -> ir::Message {
        let items = self.made_up(&op.info, "items", 1, Type::List(Box::new(ty.clone())));
        let mut message = self.of(op, side, "response", &[items]);
        let docs = "Where the next page starts; empty on the last one.";
        message.fields.push(plain(op, "next_page_token", 2, ir::Scalar::String, docs));
        message
    }
}

fn empty(op: &Operation, side: &Side, what: &str) -> ir::Message {
    let docs = format!("The {what} of `{}`.", op.info.wire_name());
    let head =
        ir::Head { name: side.name.name.clone(), docs, deprecated: false, span: op.info.span };
    ir::Message { head, ..ir::Message::default() }
}

/// What a paged request has besides its own fields.
pub(super) fn page_request(op: &Operation) -> [ir::Field; 2] {
    let size = "The most items to answer with; 0 leaves it to the server.";
    let token = "The `next_page_token` of the page before; empty for the first one.";
    [
        plain(op, "page_size", 1000, ir::Scalar::Uint32, size),
        plain(op, "page_token", 1001, ir::Scalar::String, token),
    ]
}

fn plain(op: &Operation, name: &str, number: u32, ty: ir::Scalar, docs: &str) -> ir::Field {
    ir::Field {
        head: ir::Head {
            name: name.into(),
            docs: docs.into(),
            deprecated: false,
            span: op.info.span,
        },
        number,
        label: ir::Label::None,
        ty: ir::Type::Scalar(ty),
        redact: false,
        rules: Vec::new(),
    }
}
