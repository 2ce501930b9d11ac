//! Traces, metrics, health and readiness of what runs on svckit.
//!
//! [`Telemetry`] stands at the seams and changes nothing of what passes them: around a [`Transport`] and an [`Accept`] it
//! makes a span of each call, around a [`Broker`] and a [`Handle`] one of each message, all by OpenTelemetry's
//! conventions, linked by W3C trace context beside calls and messages. As an [`Observer`] it counts what policies decide;
//! what they decide within a call stands as an event in its span, too. [`Admin`] serves `/metrics`, `/livez` and
//! `/readyz`.
//!
//! What handlers trace themselves by `tracing` is sent within these spans: see [`spans`].
//!
//! Nothing of what a message holds gets here: names of the contract, codes, times, ids and endpoints alone. What an
//! error says is left out, for it may quote a value.
//!
//! [`Transport`]: svckit_core::call::Transport
//! [`Accept`]: svckit_core::call::Accept
//! [`Broker`]: svckit_core::broker::Broker
//! [`Handle`]: svckit_messaging::Handle
//! [`Observer`]: svckit_core::observe::Observer

mod admin;
mod call;
mod config;
mod context;
#[cfg(feature = "otlp")]
mod export;
mod message;
pub mod metrics;
mod spans;
mod telemetry;

pub use self::admin::{Admin, AdminParts, Checked, Checks};
pub use self::call::{Peer, System};
pub use self::config::{Collector, Otlp, Sampling, TelemetryConfig, Trust};
pub use self::spans::spans;
pub use self::telemetry::Telemetry;
