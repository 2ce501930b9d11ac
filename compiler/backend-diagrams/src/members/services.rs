//! Services and their members.

use svckit_model::{CallUse, Emit, Event, Id, Service, When};

use super::{Member, Members, Part, What, kind_of};
use crate::graph::{EdgeKind, NodeKind, duration};

impl Members<'_> {
    pub(super) fn add_services(&mut self) {
        let world = self.world;
        for (id, service) in world.services.iter() {
            self.add(Member {
                what: What::Service(id),
                id: world.qualified(&service.info),
                kind: NodeKind::Service,
                label: service.info.name.clone(),
                detail: service.owner.clone().unwrap_or_default(),
                service: Some(id),
                package: service.info.package,
            });
            self.add_operations(id, service);
            self.add_handlers(id, service);
        }
        for (id, gateway) in world.gateways.iter() {
            self.add(Member {
                what: What::Gateway(id),
                id: world.qualified(&gateway.info),
                kind: NodeKind::Gateway,
                label: gateway.info.name.clone(),
                detail: format!("on {}", gateway.on),
                service: None,
                package: gateway.info.package,
            });
        }
    }

    fn part(&mut self, service: Id<Service>, part: Part<'_>) {
        let id = self.of_service(service, &part.info.name);
        let id = match part.kind {
            NodeKind::Handler | NodeKind::Schedule => format!("{id}()"),
            _ => id,
        };
        self.add(Member {
            what: part.what,
            id,
            kind: part.kind,
            label: part.info.name.clone(),
            detail: part.detail,
            service: Some(service),
            package: part.info.package,
        });
    }

    fn add_operations(&mut self, id: Id<Service>, service: &Service) {
        let world = self.world;
        for operation in &service.operations {
            let found = &world.operations[*operation];
            let slo = found.slo.latency.first();
            let latency = slo.map(|(p, t)| format!("p{p} {}", duration(*t)));
            let availability = found.slo.availability.map(|a| format!("{a} %"));
            let slo: Vec<String> = [availability, latency].into_iter().flatten().collect();
            self.part(
                id,
                Part {
                    what: What::Operation(*operation),
                    kind: kind_of(found),
                    info: &found.info,
                    detail: slo.join(" · "),
                },
            );
        }
    }

    fn add_handlers(&mut self, id: Id<Service>, service: &Service) {
        let world = self.world;
        for event in &service.events {
            let found = &world.events[*event];
            if found.newest {
                let detail = if found.public { "public" } else { "" }.to_owned();
                let (what, kind) = (What::Event(*event), NodeKind::Event);
                self.part(id, Part { what, kind, info: &found.info, detail });
            }
        }
        for handler in &service.subscriptions {
            let found = &world.subscriptions[*handler];
            let detail = format!("on {}", world.events[found.event].info.name);
            let (what, kind) = (What::Handler(*handler), NodeKind::Handler);
            self.part(id, Part { what, kind, info: &found.info, detail });
        }
        for (at, schedule) in service.schedules.iter().enumerate() {
            let detail = match &schedule.when {
                When::Every(time) => format!("every {}", duration(*time)),
                When::Cron(text) => text.clone(),
            };
            let (what, kind) = (What::Schedule(id, at), NodeKind::Schedule);
            self.part(id, Part { what, kind, info: &schedule.info, detail });
        }
    }

    pub(super) fn link_services(&mut self) {
        let world = self.world;
        for (id, service) in world.services.iter() {
            for operation in &service.operations {
                let found = &world.operations[*operation];
                let from = What::Operation(*operation);
                self.calls(&from, &found.calls);
                self.emits(&from, &found.emits, "");
                for error in &found.errors {
                    self.emits(&from, &error.emits, &world.records[error.error].info.name);
                }
                if let Some(saga) = found.promises.starts {
                    self.link(&from, &What::Saga(saga), EdgeKind::Starts, "");
                }
                if let Some(undone) = &found.undoes {
                    let to = What::Operation(undone.operation);
                    self.link(&from, &to, EdgeKind::Undo, "undoes");
                }
            }
            for (at, schedule) in service.schedules.iter().enumerate() {
                let from = What::Schedule(id, at);
                self.calls(&from, &schedule.calls);
                self.emits(&from, &schedule.emits, "");
            }
        }
        self.link_handlers();
        self.link_gateways();
    }

    fn link_handlers(&mut self) {
        let world = self.world;
        for (id, handler) in world.subscriptions.iter() {
            let this = What::Handler(id);
            let name = &world.events[handler.event].info.name;
            self.link(&What::Event(handler.event), &this, EdgeKind::Event, name.as_str());
            self.calls(&this, &handler.calls);
            self.emits(&this, &handler.emits, "");
            if let Some(saga) = handler.starts {
                self.link(&this, &What::Saga(saga), EdgeKind::Starts, "");
            }
            if let Some(event) = handler.undoes {
                let event = self.newest(event);
                self.link(&this, &What::Event(event), EdgeKind::Undo, "undoes");
            }
        }
        for call in &world.saga_calls {
            let (from, to) = (What::Service(call.service), What::Saga(call.saga));
            self.link(&from, &to, EdgeKind::Starts, "");
        }
    }

    fn link_gateways(&mut self) {
        let world = self.world;
        for (id, gateway) in world.gateways.iter() {
            let from = What::Gateway(id);
            for (operation, _) in &gateway.routes {
                self.link(&from, &What::Operation(*operation), EdgeKind::Route, "");
            }
            for (saga, _) in &gateway.sagas {
                self.link(&from, &What::Saga(*saga), EdgeKind::Route, "");
            }
            for compose in &gateway.composes {
                let label = format!("{} {}", compose.method, compose.path);
                for (_, operation, _) in &compose.parts {
                    let to = What::Operation(*operation);
                    self.link(&from, &to, EdgeKind::Route, label.as_str());
                }
            }
        }
    }

    /// What something calls.
    pub(super) fn calls(&mut self, from: &What, calls: &[CallUse]) {
        for call in calls {
            let kind = match self.world.operations[call.operation].queue {
                Some(_) => EdgeKind::Queue,
                None if call.optional => EdgeKind::OptionalCall,
                None => EdgeKind::Call,
            };
            let times = (call.times > 1).then(|| format!("×{}", call.times));
            let optional = call.optional.then(|| "optional".to_owned());
            let label: Vec<String> = [times, optional].into_iter().flatten().collect();
            self.link(from, &What::Operation(call.operation), kind, label.join(" "));
        }
    }

    /// What something publishes: `on` names the error that it is published with.
    pub(super) fn emits(&mut self, from: &What, emits: &[Emit], on: &str) {
        for emit in emits {
            for event in &emit.events {
                let event = self.newest(*event);
                let label = match (emit.events.len() > 1 || emit.or_nothing, emit.many) {
                    _ if !on.is_empty() => format!("on {on}"),
                    (_, true) => "any number".to_owned(),
                    (true, false) => "or".to_owned(),
                    _ => String::new(),
                };
                self.link(from, &What::Event(event), EdgeKind::Event, label);
            }
        }
    }

    pub(super) fn newest(&self, event: Id<Event>) -> Id<Event> {
        self.world.event_versions(event).last().copied().unwrap_or(event)
    }
}
