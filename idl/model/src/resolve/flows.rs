//! Registers sagas, choreographies, event-sourced state, deployments and gateways.

use std::collections::hash_map::Entry;

use svckit_syntax::tree::{self, ItemKind};

use super::context::{Cx, Def, Member, ScopeId};
use super::lookup::Want;
use super::register::twice;
use crate::world::*;

impl<'a> Cx<'a> {
    pub(crate) fn add_flow(&mut self, s: ScopeId, item: &'a tree::Item, kind: &'a ItemKind) {
        let head = &item.head;
        match kind {
            ItemKind::Saga(t) => {
                self.pending.sagas.push((s, head, t));
                self.define(s, &t.name, Def::Saga);
            }
            ItemKind::Choreography(t) => {
                self.pending.choreographies.push((s, head, t));
                self.define(s, &t.name, Def::Choreography);
            }
            ItemKind::Aggregate(t) => {
                let place = self.pending.aggregates.len();
                self.pending.aggregates.push((s, head, t));
                self.define(s, &t.name, Def::Aggregate(place));
            }
            ItemKind::Projection(record, t) => {
                let info = self.info(s, &record.name, record.wire.as_ref(), head);
                let id = self.fields_later(
                    s,
                    info,
                    RecordKind::Projection,
                    &record.fields,
                    &record.reserved,
                );
                self.pending.projections.push((s, head, id, t));
                self.define(s, &record.name, Def::Projection);
            }
            ItemKind::Deployment(t) => self.add_deployment(s, head, t),
            ItemKind::Gateway(t) => {
                let gateway = Gateway {
                    info: self.info(s, &t.name, None, head),
                    on: t.on.text.clone(),
                    auth: None,
                    limit: None,
                    routes: Vec::new(),
                    sagas: Vec::new(),
                    composes: Vec::new(),
                };
                let id = self.world.gateways.push(gateway);
                self.pending.gateways.push((s, id, t));
            }
            _ => {}
        }
    }

    fn add_deployment(&mut self, s: ScopeId, head: &tree::Head, t: &'a tree::Deployment) {
        let deployment = Deployment {
            info: self.info(s, &t.name, None, head),
            discover: None,
            store: None,
            brokers: Vec::new(),
            telemetry: None,
            services: Vec::new(),
        };
        let id = self.world.deployments.push(deployment);
        self.pending.deployments.push((s, id, t));
        if self.world.packages[self.scopes[s].package].external {
            return;
        }
        match self.names.deployments.entry(&t.name.text) {
            Entry::Occupied(first) => {
                let span = first.get().1;
                let text = format!("deployment `{}` is declared twice", t.name.text);
                self.report(twice(text, t.name.span, span));
            }
            Entry::Vacant(free) => {
                free.insert((id, t.name.span));
            }
        }
    }

    /// Makes sagas members of the services that run them.
    pub(crate) fn saga_members(&mut self) {
        for (s, head, t) in std::mem::take(&mut self.pending.sagas) {
            let Some(Def::Service(service)) = self.item(s, &t.of, Want::Service) else { continue };
            let saga = Saga {
                info: self.info(s, &t.name, None, head),
                service,
                params: Vec::new(),
                response: None,
                key: None,
                deadline: None,
                steps: Vec::new(),
                complete: None,
                completed: Vec::new(),
                aborted: Vec::new(),
            };
            let id = self.world.sagas.push(saga);
            self.pending.saga_bodies.push((s, id, t));
            self.define_member(service, &t.name, Member::Saga(id));
        }
    }
}
