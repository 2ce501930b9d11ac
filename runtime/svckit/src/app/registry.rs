//! The services served here and the ways to those elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use svckit_core::call::{Channel, Resolve, Transport};
use svckit_core::clock::Env;
use svckit_core::message::Payload;
use svckit_core::operation::ServiceDescriptor;
use svckit_core::server::{Host, HostParts};
use svckit_core::store::Store;
use svckit_policy::{Policed, Served};
use svckit_transport_inproc::InProcess;

use super::durable::Durable;
use super::observed::{Observed, Seen, Way};
use super::remote::Remote;
use super::secured::Security;
use crate::overrides::{Ranges, Watched};
use crate::{Config, Credentials, Error, KubernetesConfig, Result, ServiceServer};

/// What an app knows of services.
pub(crate) struct Registry {
    env: Env,
    message_limit: usize,
    payload: Payload,
    durable: Durable,
    observed: Observed,
    security: Security,
    kubernetes: KubernetesConfig,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    servers: Vec<ServiceServer>,
    endpoints: BTreeMap<String, String>,
    channels: HashMap<&'static str, Channel>,
    host: Option<Host>,
    /// What stands before the host, whatever transport calls come over.
    served: Option<Arc<Served>>,
    stores: HashMap<&'static str, Arc<dyn Store>>,
    /// All services that were named so far, each by the code that was generated for it.
    met: Vec<&'static ServiceDescriptor>,
    /// The file whose numbers of policies hold.
    overrides: Weak<Watched>,
}

impl State {
    /// Remembers a service; what is wrong, if code was generated for it elsewhere in this program, too.
    fn meet(&mut self, service: &'static ServiceDescriptor) -> Option<String> {
        let same = |met: &&'static ServiceDescriptor| std::ptr::eq(*met, service);
        if self.met.iter().any(same) {
            return None;
        }
        let twice = self.met.iter().any(|met| met.name == service.name);
        if !twice {
            self.met.push(service);
        }
        twice.then(|| generated_twice(service.name))
    }
}

impl Registry {
    pub(super) fn new(config: &Config, env: Env, observed: Observed) -> Self {
        let state = State { endpoints: config.endpoints.clone(), ..State::default() };
        let (durable, payload) = (Durable::new(config.data.clone()), config.payload);
        let (message_limit, env) = (config.message_limit, observed.env(env));
        let (security, state) = (Security::new(config, env.clone()), Mutex::new(state));
        let kubernetes = config.kubernetes.clone();
        Self { env, message_limit, payload, durable, observed, security, kubernetes, state }
    }

    /// With the services and endpoints that another one knows.
    pub(super) fn with_all_of(mut self, other: &Self) -> Self {
        self.security = self.security.with_all_of(&other.security);
        {
            let (mut state, other) = (self.state(), other.state());
            state.servers.clone_from(&other.servers);
            state.met.clone_from(&other.met);
            state.endpoints.clone_from(&other.endpoints);
        }
        self
    }

    pub(super) fn env(&self) -> &Env {
        &self.env
    }

    pub(super) fn add_endpoint(&self, service: String, url: String) {
        let mut state = self.state();
        state.channels.retain(|name, _| *name != service);
        state.endpoints.insert(service, url);
    }

    pub(super) fn add_server(&self, server: ServiceServer) {
        let mut state = self.state();
        // What leads to the services known so far does not know this one.
        state.channels.clear();
        (state.host, state.served) = (None, None);
        // A second generation is told when the app starts.
        let _ = state.meet(server.descriptor());
        state.servers.push(server);
    }

    /// Who may call, and what is shown to callees.
    pub(super) fn security(&self) -> &Security {
        &self.security
    }

    pub(super) fn add_credentials(&self, service: String, credentials: Credentials) {
        self.state().channels.retain(|name, _| *name != service);
        self.security.add(service, credentials);
    }

    /// Who observes it.
    pub(super) fn observed(&self) -> &Observed {
        &self.observed
    }

    /// Puts overrides of policies in force, those in the file now and those that it will have.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn overrides(self: &Arc<Self>, file: Option<PathBuf>) -> Result<Arc<Watched>> {
        let registry = Arc::downgrade(self);
        let known = move || registry.upgrade().map(|registry| registry.ranges());
        let watched = Arc::new(Watched::start(file, Box::new(known), self.env.clone())?);
        self.state().overrides = Arc::downgrade(&watched);
        Ok(watched)
    }

    /// The ranges of all services that are known by now, and how many these are. Those that are called later are expected.
    fn ranges(&self) -> (usize, Result<Ranges>) {
        let state = self.state();
        let served = || state.servers.iter().map(ServiceServer::descriptor);
        let services: Vec<_> = served().chain(state.met.iter().copied()).collect();
        let called =
            served().flat_map(|service| service.calls.iter().map(|name| (*name).to_owned()));
        let known = |name: &String| services.iter().any(|service| service.name == name);
        let expected = called.chain(state.endpoints.keys().cloned());
        let expected: Vec<_> = expected.filter(|name| !known(name)).collect();
        let count = services.len();
        (count, Ranges::of(services).map(|ranges| ranges.expecting(expected)))
    }

    /// Where what is durable is.
    pub(super) fn durable(&self) -> &Durable {
        &self.durable
    }

    /// All that is served here, each service with its store.
    ///
    /// # Errors
    /// What is wrong with a store's file.
    pub(super) fn host(self: &Arc<Self>) -> Result<Host> {
        let mut state = self.state();
        if let Some(host) = &state.host {
            return Ok(host.clone());
        }
        for server in state.servers.clone() {
            let name = server.descriptor().name;
            if !state.stores.contains_key(name) {
                state.stores.insert(name, self.durable.store(name)?);
            }
        }
        let (services, stores) = (state.servers.clone(), state.stores.clone());
        let (env, resolver, payload) = (self.env.clone(), Arc::new(self.ways()), self.payload);
        let host = Host::new(HostParts { services, env, resolver, stores, payload });
        state.host = Some(host.clone());
        Ok(host)
    }

    /// The host behind its limits and bulkheads, which all transports share.
    ///
    /// # Errors
    /// As [`host`](Self::host).
    pub(super) fn door(self: &Arc<Self>) -> Result<Arc<Served>> {
        let host = Arc::new(self.host()?);
        let new = || Arc::new(Served::new(host, self.env.clone()));
        Ok(self.state().served.get_or_insert_with(new).clone())
    }

    /// What is wrong with the app as a whole: services that are served twice, or that another one needs and nothing
    /// leads to.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let state = self.state();
        let served: Vec<_> = state.servers.iter().map(ServiceServer::descriptor).collect();
        let known = |name: &str| {
            state.endpoints.contains_key(name) || served.iter().any(|service| service.name == name)
        };
        let mut mistakes: Vec<_> = {
            let mut met = State { met: state.met.clone(), ..State::default() };
            served.iter().filter_map(|service| met.meet(service)).collect()
        };
        mistakes.extend(self.observed.mistake());
        for (at, service) in served.iter().enumerate() {
            if served[..at].iter().any(|before| std::ptr::eq(*before, *service)) {
                mistakes.push(format!("{} is served twice; serve it once", service.name));
            }
            for name in service.calls.iter().filter(|name| !known(name)) {
                mistakes.push(format!("{} calls {name}, but {}", service.name, no_way(name)));
            }
        }
        mistakes
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn served(&self, name: &str) -> bool {
        self.state().servers.iter().any(|served| served.descriptor().name == name)
    }

    fn policed(&self, transport: Arc<dyn Transport>, way: Way, url: &str) -> Channel {
        let attempts = self.observed.transport(transport, Seen::Attempts, way, url);
        let policed = Arc::new(Policed::new(attempts, self.env.clone()));
        let call = self.observed.transport(policed, Seen::Call, way, url);
        let channel = Channel::new(call, self.env.clone());
        if way == Way::Http { channel.in_json() } else { channel }
    }

    fn ways(self: &Arc<Self>) -> Ways {
        Ways(Arc::downgrade(self))
    }

    /// The way to a service, made at its first use.
    ///
    /// # Errors
    /// `unavailable` if none is known, saying what to configure.
    pub(super) fn resolve(
        self: &Arc<Self>,
        service: &'static ServiceDescriptor,
    ) -> Result<Channel> {
        let overrides = {
            let mut state = self.state();
            let before = state.met.len();
            if let Some(twice) = state.meet(service) {
                return Err(Error::failed_precondition(twice));
            }
            if let Some(channel) = state.channels.get(service.name) {
                return Ok(channel.clone());
            }
            (state.met.len() > before).then(|| state.overrides.upgrade()).flatten()
        };
        // Its first call is made by the numbers that hold, which nobody could judge before.
        if let Some(overrides) = overrides {
            overrides.look();
        }
        let channel = if self.served(service.name) {
            let door = self.observed.accept(self.door()?, Way::InProcess);
            self.policed(Arc::new(InProcess::new(door)), Way::InProcess, "")
        } else {
            let url = self.state().endpoints.get(service.name).cloned();
            let none = || {
                Error::unavailable(format!("no way to {}: {}", service.name, no_way(service.name)))
            };
            let url = url.ok_or_else(none)?;
            let (env, security) = (&self.env, &self.security);
            let (message_limit, kubernetes) = (self.message_limit, &self.kubernetes);
            let remote = Remote { service, env, security, message_limit, kubernetes };
            let (transport, way) =
                remote.find(&url).map_err(|error| error.context(service.name))?;
            // Where there are several, none of them is the one.
            self.policed(transport, way, if url.contains(',') { "" } else { &url })
        };
        self.state().channels.insert(service.name, channel.clone());
        Ok(channel)
    }
}

/// The types of two generations are two, and what one of them keeps the other may not know.
fn generated_twice(name: &str) -> String {
    let package = name.rsplit_once('.').map_or(name, |(package, _)| package);
    format!(
        "{name} is generated twice in this program: by two crates, or by one in two versions; let one crate generate the \
         package {package} and the others take it from there: \
         svckit_build::configure().extern_package(\"{package}\", \"::that_crate\")"
    )
}

fn no_way(name: &str) -> String {
    format!(
        "this process does not serve it and no address of it is configured; serve it here, or set \
         SVCKIT_ENDPOINTS=\"{name}=http://host:port\", or write that under [endpoints] in the file that SVCKIT_CONFIG names"
    )
}

/// What contexts ask for the way to a service. It does not keep the app alive.
struct Ways(Weak<Registry>);

impl Resolve for Ways {
    fn resolve(&self, service: &'static ServiceDescriptor) -> Result<Channel> {
        let gone = || Error::unavailable(format!("no way to {}: the app is gone", service.name));
        self.0.upgrade().ok_or_else(gone)?.resolve(service)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let served: Vec<_> = state.servers.iter().map(|server| server.descriptor().name).collect();
        f.debug_struct("Registry")
            .field("served", &served)
            .field("endpoints", &state.endpoints)
            .finish()
    }
}
