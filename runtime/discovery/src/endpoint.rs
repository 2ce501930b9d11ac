//! One place where a service is, and what knows of all of them.

use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use svckit_core::error::Result;

/// One place where a service is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// `host:port`, an address of IPv6 in brackets.
    pub address: Arc<str>,
    /// Its share of the calls, beside the others': 100 is usual, nothing is less than 1.
    pub weight: u32,
    /// Those of a higher number are asked only where none of a lower one can be: 0 is usual.
    pub priority: u16,
    /// It ends what it has begun and takes nothing new.
    pub draining: bool,
}

impl Endpoint {
    /// The weight where nothing is said.
    pub const WEIGHT: u32 = 100;

    /// An endpoint like any other.
    #[must_use]
    pub fn new(address: impl Into<Arc<str>>) -> Self {
        Self { address: address.into(), weight: Self::WEIGHT, priority: 0, draining: false }
    }

    /// An endpoint at an address of the network.
    #[must_use]
    pub fn at(ip: std::net::IpAddr, port: u16) -> Self {
        Self::new(std::net::SocketAddr::new(ip, port).to_string())
    }

    /// With a share of its own.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight.max(1);
        self
    }

    /// That takes nothing new.
    #[must_use]
    pub fn draining(mut self) -> Self {
        self.draining = true;
        self
    }
}

/// Knows where a service is, and hears of it when that changes.
pub trait Discover: Send + Sync + fmt::Debug + 'static {
    /// Whole sets of endpoints: the first as soon as there is one, then each that differs. It goes on for ever by itself
    /// where the set may change. An error says why nothing is known now; what was known before still holds. Dropping the
    /// stream ends what it does.
    fn watch(&self) -> BoxStream<'static, Result<Vec<Endpoint>>>;
}

/// A set that never changes.
#[derive(Clone, Debug)]
pub struct Fixed(pub Vec<Endpoint>);

impl Discover for Fixed {
    fn watch(&self) -> BoxStream<'static, Result<Vec<Endpoint>>> {
        let set = self.0.clone();
        futures_util::stream::once(async { Ok(set) }).boxed()
    }
}
