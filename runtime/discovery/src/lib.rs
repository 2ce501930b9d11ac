//! Where services are, and which of their endpoints is called.
//!
//! A service is found by the URL that is configured for it, [`Target`]: a list, a name of DNS, a service of Kubernetes or
//! of Consul. What finds it is a [`Discover`]: it gives the whole set of endpoints, and again whenever that changes.
//! [`Balanced`] calls one of them.
//!
//! # Which one
//!
//! Of two endpoints taken by chance the one with the lower load: the time that its answers take, times the calls that it
//! has not answered yet. The time is a moving average that jumps up with a slow answer and comes down slowly ("peak EWMA",
//! from Finagle): it is the peaks that callers suffer from. Two by chance rather than the best of all, since the best of
//! all is the same for all callers at once, and is it no longer once they have all gone there (Mitzenmacher, 2001).
//!
//! - A failed answer counts as a slow one, however quick it was: who fails fast must not look fast.
//! - An endpoint that has just come takes a share that grows over [`balance::WARM`].
//! - One that drains takes nothing new, and ends what it has begun.
//! - Each has a breaker of its own for each operation. The ones that are broken are left out, though never more than the
//!   policy's `outlier` says, 10 % and at least one, and none at all where most are broken: then it is not they. Those
//!   that may not be left out still take part, and their breakers refuse.
//! - A breaker that is half open is given the next call, one at a time.
//! - A second attempt goes where the first did not. Nothing here makes one: [`svckit_policy`] does.
//!
//! # When nothing answers
//!
//! Whatever finds endpoints keeps the last set that it got for as long as it gets no other: a broken name server or API
//! server takes nobody's service away. Before the first set, calls wait for it until their deadline, or fail with what the
//! finder said.

#[cfg(feature = "api")]
mod api;
pub mod balance;
#[cfg(feature = "consul")]
pub mod consul;
#[cfg(feature = "dns")]
pub mod dns;
mod endpoint;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
mod pace;
mod target;

pub use self::balance::Balanced;
pub use self::endpoint::{Discover, Endpoint, Fixed};
pub use self::target::{Address, Place, Target};
