//! Services that an agent of Consul knows to be healthy, by blocking queries.
//!
//! A query waits at the agent until what it answers changes. The index that comes with an answer goes with the next
//! query; as Consul's documents ask, it begins again with nothing where it goes back or is not above zero, and what fails
//! is asked again after a pause that grows, while the last answer holds.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use svckit_core::clock::Env;
use svckit_core::error::{Error, Result};

use crate::api::{self, Api, Token};
use crate::pace::Pace;
use crate::{Discover, Endpoint};

/// How long a query waits at the agent.
const WAIT: Duration = Duration::from_secs(55);
/// How long its answer is waited for: the agent adds up to a sixteenth by chance.
const PATIENCE: Duration = Duration::from_secs(70);
/// A query that comes back at once, again and again, goes out no more often.
const APART: Duration = Duration::from_millis(100);

/// A service of Consul.
#[derive(Clone, Debug)]
pub struct Consul {
    api: Api,
    /// The query, up to its index.
    query: String,
    env: Env,
}

impl Consul {
    /// A service, by the agent that `CONSUL_HTTP_ADDR` names (`127.0.0.1:8500` if it names none), with the token in
    /// `CONSUL_HTTP_TOKEN` or the file `CONSUL_HTTP_TOKEN_FILE`, and over TLS, if the address says `https://`, by the
    /// authority in `CONSUL_CACERT`.
    ///
    /// # Errors
    /// `invalid_argument` if the authority can't be read.
    pub fn from_variables(
        service: &str,
        tag: Option<&str>,
        datacentre: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
        env: Env,
    ) -> Result<Self> {
        let agent = variable("CONSUL_HTTP_ADDR").unwrap_or_else(|| "127.0.0.1:8500".to_owned());
        let base = if agent.contains("://") { agent } else { format!("http://{agent}") };
        let authority = variable("CONSUL_CACERT").map(PathBuf::from);
        let token = match (variable("CONSUL_HTTP_TOKEN"), variable("CONSUL_HTTP_TOKEN_FILE")) {
            (Some(text), _) => Token::Text(text),
            (None, Some(path)) => Token::File(path.into()),
            (None, None) => Token::None,
        };
        let base = base.trim_end_matches('/').to_owned();
        let api = Api::new(base, authority.as_deref(), token, ("x-consul-token", ""))?;
        let escaped = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut query = format!("/v1/health/service/{}?passing=1", escaped(service));
        for (name, value) in [("tag", tag), ("dc", datacentre)] {
            if let Some(value) = value {
                query.push_str(&format!("&{name}={}", escaped(value)));
            }
        }
        Ok(Self { api, query, env })
    }
}

impl Discover for Consul {
    fn watch(&self) -> BoxStream<'static, Result<Vec<Endpoint>>> {
        let queries = Queries {
            consul: self.clone(),
            index: 0,
            pace: Pace::default(),
            last: None,
            pause: false,
        };
        stream::unfold(queries, |mut queries| async move {
            let next = queries.next().await;
            Some((next, queries))
        })
        .boxed()
    }
}

struct Queries {
    consul: Consul,
    /// Where the next query goes on; nothing is 0.
    index: u64,
    pace: Pace,
    last: Option<Vec<Endpoint>>,
    /// Whether the last query failed.
    pause: bool,
}

impl Queries {
    async fn next(&mut self) -> Result<Vec<Endpoint>> {
        loop {
            if std::mem::take(&mut self.pause) {
                self.pace.pause(&self.consul.env).await;
            }
            let clock = self.consul.env.clock.clone();
            let start = clock.now();
            let answer = tokio::select! {
                biased;
                answer = self.consul.ask(self.index) => answer,
                () = crate::pace::wait(&self.consul.env, PATIENCE) => Err(Error::unavailable("the agent of Consul says nothing")),
            };
            match answer {
                Ok((set, index)) => {
                    self.pace.worked();
                    self.index = following(self.index, index);
                    if self.last.as_ref() != Some(&set) {
                        self.last = Some(set.clone());
                        return Ok(set);
                    }
                    if let Some(then) = start.checked_add(APART) {
                        clock.sleep_until(then).await;
                    }
                }
                Err(error) => {
                    (self.pause, self.index) = (true, 0);
                    if self.last.is_none() {
                        return Err(error);
                    }
                    tracing::warn!(%error, "the last answer holds");
                }
            }
        }
    }
}

/// The index of the next query, by the last one's and what came with its answer.
fn following(last: u64, found: Option<u64>) -> u64 {
    match found {
        Some(index) if index > 0 && index >= last => index,
        _ => 0,
    }
}

impl Consul {
    async fn ask(&self, index: u64) -> Result<(Vec<Endpoint>, Option<u64>)> {
        let mut query = self.query.clone();
        if index > 0 {
            query.push_str(&format!("&index={index}&wait={}s", WAIT.as_secs()));
        }
        let response = self.api.get(&query).await.map_err(|failed| failed.error)?;
        let index = response.headers().get("x-consul-index");
        let index = index.and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
        let entries: Vec<Entry> = api::json(response.into_body()).await?;
        let mut set: Vec<Endpoint> = entries.iter().filter_map(Entry::endpoint).collect();
        set.sort_unstable();
        Ok((set, index))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    node: Node,
    service: Instance,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Instance {
    #[serde(default)]
    address: String,
    port: u16,
    weights: Option<Weights>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Weights {
    passing: u32,
}

impl Entry {
    fn endpoint(&self) -> Option<Endpoint> {
        let Instance { address, port, weights } = &self.service;
        let host = if address.is_empty() { &self.node.address } else { address };
        if host.is_empty() || *port == 0 {
            return None;
        }
        let endpoint = match host.parse() {
            Ok(ip) => Endpoint::at(ip, *port),
            Err(_) => Endpoint::new(format!("{host}:{port}")),
        };
        let weight = weights.as_ref().map_or(1, |weights| weights.passing);
        Some(endpoint.weight(weight.saturating_mul(Endpoint::WEIGHT)))
    }
}

#[cfg(test)]
mod tests {
    use super::following;

    #[test]
    fn an_index_that_goes_back_begins_again() {
        for (last, found, next) in [
            (0, Some(7), 7),
            (7, Some(9), 9),
            (7, Some(7), 7),
            (7, Some(3), 0),
            (7, Some(0), 0),
            (7, None, 0),
        ] {
            assert_eq!(following(last, found), next, "{last} {found:?}");
        }
    }
}
