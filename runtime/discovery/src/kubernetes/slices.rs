//! What the slices of a service say together.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Endpoint;

/// A list of slices.
#[derive(Debug, Deserialize)]
pub(super) struct SliceList {
    pub(super) metadata: Meta,
    #[serde(default)]
    pub(super) items: Vec<Slice>,
}

/// What every object has.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) resource_version: String,
}

/// One slice, as far as it is read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Slice {
    pub(super) metadata: Meta,
    endpoints: Option<Vec<Member>>,
    ports: Option<Vec<Port>>,
    /// Of what is no slice but a failure: its code.
    pub(super) code: Option<u16>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Member {
    addresses: Vec<String>,
    conditions: Conditions,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Conditions {
    ready: Option<bool>,
    serving: Option<bool>,
    terminating: Option<bool>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Port {
    name: Option<String>,
    port: Option<u16>,
}

/// One line of a watch.
#[derive(Debug, Deserialize)]
pub(super) struct Happened {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) object: Slice,
}

/// All slices of a service, by name.
#[derive(Debug, Default)]
pub(super) struct Slices(BTreeMap<String, Slice>);

impl Slices {
    pub(super) fn replace(&mut self, items: Vec<Slice>) {
        self.0 = items.into_iter().map(|slice| (slice.metadata.name.clone(), slice)).collect();
    }

    pub(super) fn put(&mut self, slice: Slice) {
        self.0.insert(slice.metadata.name.clone(), slice);
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// The endpoints at a port, by its number or name; without either, at the first one.
    pub(super) fn endpoints(&self, port: Option<&str>) -> Vec<Endpoint> {
        let mut set: Vec<Endpoint> =
            self.0.values().flat_map(|slice| slice.endpoints(port)).collect();
        // Slices may overlap for a moment; where one says that it drains, it does.
        set.sort_unstable_by(|a, b| (&a.address, b.draining).cmp(&(&b.address, a.draining)));
        set.dedup_by(|later, kept| later.address == kept.address);
        set
    }
}

impl Slice {
    fn endpoints(&self, port: Option<&str>) -> Vec<Endpoint> {
        let ports = self.ports.as_deref().unwrap_or_default();
        let number = match port {
            None => ports.first().and_then(|port| port.port),
            Some(wanted) => match wanted.parse() {
                Ok(number) => Some(number),
                Err(_) => ports
                    .iter()
                    .find(|port| port.name.as_deref() == Some(wanted))
                    .and_then(|port| port.port),
            },
        };
        let Some(number) = number else { return Vec::new() };
        let members = self.endpoints.iter().flatten();
        members.filter_map(|member| member.endpoint(number)).collect()
    }
}

impl Member {
    fn endpoint(&self, port: u16) -> Option<Endpoint> {
        // All addresses of one endpoint are the same one: the first is enough, as the API's documents say.
        let address = self.addresses.first()?;
        let endpoint = match address.parse() {
            Ok(ip) => Endpoint::at(ip, port),
            Err(_) => Endpoint::new(format!("{address}:{port}")),
        };
        let Conditions { ready, serving, terminating } = self.conditions;
        // What is not said is taken as the API's documents say: ready, and serving if ready.
        let ready = ready.unwrap_or(true);
        match (terminating.unwrap_or(false), serving.unwrap_or(ready)) {
            (true, true) => Some(endpoint.draining()),
            (false, _) if ready => Some(endpoint),
            _ => None,
        }
    }
}
