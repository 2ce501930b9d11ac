//! Calls as users and their peers make them: within the process and over real sockets.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

#[path = "../generated_shape/mod.rs"]
mod generated_shape;

mod app;
mod both;
mod deadlines;
mod descriptors;
mod edges;
mod failures;
mod far;
#[macro_use]
mod faults;
mod http;
mod idempotency_key;
mod mistakes;
mod others;
mod overrides;
mod peer;
mod secured;
mod shop;
mod shutdown;
mod sockets;
