//! Names of DNS, looked up again and again.
//!
//! How soon is what the answer's TTL says, within [`FLOOR`] and [`CEILING`]. What fails is asked again after a pause that
//! grows; until then the last good answer holds, also where the name server says that the name is gone: a callee that
//! really is gone is found out by its breakers, and a name server that errs takes nobody's callee away.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, Record};
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};

use crate::pace::{Pace, wait};
use crate::{Address, Discover, Endpoint};

/// The shortest time after which a name is looked up again, whatever its TTL is.
pub const FLOOR: Duration = Duration::from_secs(5);
/// The longest.
pub const CEILING: Duration = Duration::from_secs(30);

/// A name of DNS.
#[derive(Clone, Debug)]
pub struct Dns {
    what: What,
    servers: Vec<SocketAddr>,
    env: Env,
}

#[derive(Clone, Debug)]
enum What {
    Addresses(Address),
    Srv(String),
}

impl Dns {
    /// All addresses of a name, A and AAAA.
    #[must_use]
    pub fn addresses(address: Address, env: Env) -> Self {
        Self { what: What::Addresses(address), servers: Vec::new(), env }
    }

    /// Where the SRV records of a name say.
    #[must_use]
    pub fn srv(name: impl Into<String>, env: Env) -> Self {
        Self { what: What::Srv(name.into()), servers: Vec::new(), env }
    }

    /// Asks these name servers rather than the computer's own.
    #[must_use]
    pub fn servers(mut self, servers: Vec<SocketAddr>) -> Self {
        self.servers = servers;
        self
    }
}

impl Discover for Dns {
    fn watch(&self) -> BoxStream<'static, Result<Vec<Endpoint>>> {
        let lookups = Lookups {
            dns: self.clone(),
            resolver: None,
            pace: Pace::default(),
            last: None,
            pause: None,
        };
        stream::unfold(lookups, |mut lookups| async move {
            let next = lookups.next().await;
            Some((next, lookups))
        })
        .boxed()
    }
}

struct Lookups {
    dns: Dns,
    resolver: Option<TokioResolver>,
    pace: Pace,
    last: Option<Vec<Endpoint>>,
    pause: Option<Duration>,
}

impl Lookups {
    /// The next set that differs, or why there is none yet.
    async fn next(&mut self) -> Result<Vec<Endpoint>> {
        loop {
            if let Some(pause) = self.pause.take() {
                wait(&self.dns.env, pause).await;
            }
            match self.look_up().await {
                Ok((mut set, ttl)) => {
                    self.pace.worked();
                    self.pause = Some(ttl.clamp(FLOOR, CEILING));
                    set.sort_unstable();
                    if self.last.as_ref() != Some(&set) {
                        self.last = Some(set.clone());
                        return Ok(set);
                    }
                }
                Err(error) => {
                    self.pause = Some(self.pace.failed(&self.dns.env));
                    if self.last.is_none() {
                        return Err(error);
                    }
                    tracing::warn!(%error, "the last answer holds");
                }
            }
        }
    }

    async fn look_up(&mut self) -> Result<(Vec<Endpoint>, Duration)> {
        let resolver = match &self.resolver {
            Some(resolver) => resolver,
            None => self.resolver.insert(resolver(&self.dns.servers)?),
        };
        match &self.dns.what {
            What::Addresses(address) => {
                let (found, ttl) = addresses(resolver, &address.host, address.port).await?;
                Ok((found, ttl))
            }
            What::Srv(name) => services(resolver, name).await,
        }
    }
}

/// # Errors
/// `unavailable` where the computer's own configuration can't be read.
fn resolver(servers: &[SocketAddr]) -> Result<TokioResolver> {
    let broken =
        |error| Error::unavailable(format!("the computer's name servers can't be read: {error}"));
    let mut builder = if servers.is_empty() {
        TokioResolver::builder_tokio().map_err(broken)?
    } else {
        let servers = servers.iter().map(|at| {
            let both = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
            let connections = both.into_iter().map(|mut way| {
                way.port = at.port();
                way
            });
            NameServerConfig::new(at.ip(), true, connections.collect())
        });
        let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    // When to ask again is decided here alone.
    builder.options_mut().cache_size = 0;
    builder.build().map_err(broken)
}

async fn addresses(
    resolver: &TokioResolver,
    host: &str,
    port: u16,
) -> Result<(Vec<Endpoint>, Duration)> {
    if let Ok(ip) = host.parse() {
        return Ok((vec![Endpoint::at(ip, port)], CEILING));
    }
    let found = resolver.lookup_ip(host).await.map_err(|error| unknown(host, &error))?;
    let ttl = shortest(found.as_lookup().answers());
    Ok((found.iter().map(|ip| Endpoint::at(ip, port)).collect(), ttl))
}

async fn services(resolver: &TokioResolver, name: &str) -> Result<(Vec<Endpoint>, Duration)> {
    let found = resolver.srv_lookup(name).await.map_err(|error| unknown(name, &error))?;
    let (mut set, mut ttl) = (Vec::new(), shortest(found.answers()));
    for record in found.answers() {
        let RData::SRV(srv) = &record.data else { continue };
        // A target that is the root says that the service is not there.
        if srv.target.is_root() {
            continue;
        }
        let host = srv.target.to_ascii();
        let (endpoints, own) = addresses(resolver, &host, srv.port).await?;
        ttl = ttl.min(own);
        let (weight, priority) = (u32::from(srv.weight), srv.priority);
        set.extend(endpoints.into_iter().map(|endpoint| {
            let endpoint = endpoint.weight(weight);
            Endpoint { priority, ..endpoint }
        }));
    }
    Ok((set, ttl))
}

fn shortest(records: &[Record]) -> Duration {
    let ttl = records.iter().map(|record| record.ttl).min();
    ttl.map_or(CEILING, |seconds| Duration::from_secs(u64::from(seconds)))
}

fn unknown(name: &str, error: &impl std::fmt::Display) -> Error {
    Error::unavailable(format!("no address of {name} is found: {error}"))
}
