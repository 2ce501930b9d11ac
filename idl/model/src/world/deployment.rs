//! Where services run, and what is let in from outside.

use svckit_diagnostics::Span;

use super::{AuthScheme, Info, Limit, Operation, Places, Saga, Service};
use crate::Id;

/// `deployment production { … }`.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Name and docs.
    pub info: Info,
    /// `discover …`.
    pub discover: Option<Choice>,
    /// `store …`.
    pub store: Option<Choice>,
    /// `broker …` lines.
    pub brokers: Vec<Choice>,
    /// `telemetry …`.
    pub telemetry: Option<Choice>,
    /// What each service does there.
    pub services: Vec<Placement>,
}

/// One of the known kinds with its arguments: `kafka env "KAFKA_BROKERS"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// `kafka`
    pub kind: String,
    /// (word, text); the word is empty where a text stands alone.
    pub args: Vec<(String, String)>,
    /// Where.
    pub span: Span,
}

/// What a service does in a deployment.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The service.
    pub service: Id<Service>,
    /// `rpc grpc, http`.
    pub rpc: Vec<String>,
    /// `events kafka`.
    pub events: Option<String>,
    /// `queue rabbitmq`.
    pub queue: Option<String>,
    /// `load 200/s`: calls a second.
    pub load: Option<f64>,
    /// `replicas 3`.
    pub replicas: Option<u32>,
    /// `ack 30s`: nanoseconds.
    pub ack: Option<u64>,
    /// Where it is named.
    pub span: Span,
    /// Where its settings stand, by their words.
    pub places: Places,
}

/// `gateway Public on production { … }`.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Name and docs.
    pub info: Info,
    /// The deployment; `local` where it is not declared.
    pub on: String,
    /// `auth …`.
    pub auth: Option<AuthScheme>,
    /// `limit { … }`.
    pub limit: Option<Limit>,
    /// `route A, B`, each with where it is named.
    pub routes: Vec<(Id<Operation>, Span)>,
    /// Sagas among the routes.
    pub sagas: Vec<(Id<Saga>, Span)>,
    /// `compose …`.
    pub composes: Vec<Compose>,
}

/// `compose GET "/home/{customer}" { … }`.
#[derive(Debug, Clone)]
pub struct Compose {
    /// `GET`
    pub method: String,
    /// With `{name}` for parameters.
    pub path: String,
    /// Name and operation of each part, and where that is named, in order.
    pub parts: Vec<(String, Id<Operation>, Span)>,
    /// Where.
    pub span: Span,
}
