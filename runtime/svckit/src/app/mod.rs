//! An app: the services of one process, where they listen, and the ways to those elsewhere.

mod durable;
mod listen;
mod observed;
mod registry;
mod remote;
mod running;
mod secured;

use std::net::SocketAddr;
use std::sync::Arc;

use svckit_core::call::Channel;
use svckit_core::client::Stub;
use svckit_core::clock::Env;
use svckit_core::operation::{Live, ServiceDescriptor};

use self::observed::Observed;
use self::registry::Registry;
pub use self::running::Running;
use crate::{Config, Credentials, Error, Result, ServiceServer};

/// The services of one process and the ways to those elsewhere.
///
/// Services in one app call each other in process; others are called over gRPC or HTTP, where the configuration says.
/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    registry: Arc<Registry>,
    config: Config,
    /// As it was given, observed by nobody of ours.
    env: Env,
}

impl App {
    /// An app as the environment says: `SVCKIT_CONFIG`, `SVCKIT_DEPLOYMENT`, `SVCKIT_LISTEN`, `SVCKIT_ENDPOINTS`,
    /// `SVCKIT_DRAIN`; and a log to the standard error by `SVCKIT_LOG`, where the program has none. What a handler's panic
    /// says is hidden, for it may hold values of a request, unless `SVCKIT_PANICS` is `shown`: see
    /// [`hide_panics`](crate::hide_panics).
    ///
    /// # Errors
    /// `invalid_argument` or `unavailable`, with what is wrong in the configuration and how to write it.
    pub fn from_env() -> Result<Self> {
        crate::config::known(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        crate::hide_panics(panics_shown(std::env::var("SVCKIT_PANICS").ok().as_deref())?);
        #[cfg(feature = "telemetry")]
        crate::telemetry::install()?;
        let app = Self::with(Config::from_env()?);
        #[cfg(feature = "telemetry")]
        let app = app.told_by(|name| std::env::var(name).ok())?;
        Ok(app)
    }

    /// An app that reads nothing from outside: for tests and examples.
    #[must_use]
    pub fn local() -> Self {
        Self::with(Config::default())
    }

    /// An app with this configuration.
    #[must_use]
    pub fn with(config: Config) -> Self {
        Self::with_env(config, Env::default())
    }

    /// An app with this configuration, and with clock, randomness and ids of one's own.
    #[must_use]
    pub fn with_env(config: Config, env: Env) -> Self {
        let env = Env { live: Live::changing(), ..env };
        let observed = Observed::of(&config, &env);
        Self { registry: Arc::new(Registry::new(&config, env.clone(), observed)), config, env }
    }

    /// The same with another configuration: what is served and known so far stays.
    fn renewed(mut self, observed: Observed) -> Self {
        let fresh = Registry::new(&self.config, self.env.clone(), observed);
        self.registry = Arc::new(fresh.with_all_of(&self.registry));
        self
    }

    /// Sends traces and metrics where OpenTelemetry's variables say, if they do.
    #[cfg(feature = "telemetry")]
    fn told_by(self, variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let config = crate::TelemetryConfig::from_variables(variable)?;
        let sent = config.traces.is_some() || config.metrics.is_some();
        let wanted = sent || self.config.admin.is_some();
        Ok(if wanted { self.telemetry(&config) } else { self })
    }

    /// Observes calls, policies and messages, and sends traces and metrics where that says; see also
    /// [`admin`](Self::admin). Stands before what is to be observed is served or called.
    #[cfg(feature = "telemetry")]
    #[must_use]
    pub fn telemetry(self, config: &crate::TelemetryConfig) -> Self {
        let observed = Observed::by(config, &self.env);
        self.renewed(observed)
    }

    /// Answers `/metrics`, `/livez` and `/readyz` at `address`, `host:port`; port 0 takes any that is free. Stands before
    /// what is to be observed is served or called.
    #[must_use]
    pub fn admin(mut self, address: impl Into<String>) -> Self {
        self.config.admin = Some(address.into());
        if self.registry.observed().observes() {
            return self;
        }
        let observed = Observed::of(&self.config, &self.env);
        self.renewed(observed)
    }

    /// Listens for gRPC and HTTP at `address`, `host:port`; port 0 takes any that is free.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.config.listen = Some(address.into());
        self
    }

    /// Keeps what is durable in a directory: an SQLite file per service, and one for messages, which all processes that are
    /// given the same directory share; `:memory:` keeps nothing, as in `SVCKIT_DATA`. Stands before what it is for is
    /// served.
    #[must_use]
    pub fn data(mut self, directory: impl Into<std::path::PathBuf>) -> Self {
        let directory = directory.into();
        self.config.data = (directory.as_os_str() != Config::MEMORY).then_some(directory);
        let observed = self.registry.observed().clone();
        self.renewed(observed)
    }

    /// Says where a service is that is not served here: its full name in the contract, and `http://host:port` for gRPC or
    /// `http+json://host:port` for HTTP; or one of the other forms of a [`Target`](svckit_discovery::Target).
    #[must_use]
    pub fn endpoint(self, service: impl Into<String>, url: impl Into<String>) -> Self {
        self.registry.add_endpoint(service.into(), url.into());
        self
    }

    /// Says what this process shows to a service that is not served here, in place of `[credentials]` in the configuration.
    /// It is its own: what a caller of this process has shown is never passed on.
    #[must_use]
    pub fn credentials(self, service: impl Into<String>, credentials: Credentials) -> Self {
        self.registry.add_credentials(service.into(), credentials);
        self
    }

    /// Serves a service, as a generated `server(…)` function gives it.
    #[must_use]
    pub fn serve(self, server: ServiceServer) -> Self {
        self.registry.add_server(server);
        self
    }

    /// How the app is configured.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The way to a service: in process if it is served here, else over gRPC or HTTP.
    ///
    /// # Errors
    /// `unavailable` if no way is known, saying what to configure.
    pub fn channel(&self, service: &'static ServiceDescriptor) -> Result<Channel> {
        self.registry.resolve(service)
    }

    /// What a generated client is made of.
    ///
    /// # Errors
    /// As [`channel`](Self::channel).
    #[doc(hidden)]
    pub fn stub(&self, service: &'static ServiceDescriptor) -> Result<Stub> {
        self.channel(service).map(Stub::new)
    }

    /// Starts, serves until SIGTERM or SIGINT, then drains: nothing new is taken, calls in flight may end within the
    /// configured time, and what is left is dropped.
    ///
    /// # Errors
    /// What keeps it from starting.
    pub async fn run(self) -> Result<()> {
        let running = self.start().await?;
        match running.address() {
            Some(address) => tracing::info!(%address, "serving"),
            None => tracing::warn!(
                "nothing listens: set SVCKIT_LISTEN=host:port to be called over gRPC and HTTP"
            ),
        }
        running::signal().await?;
        tracing::info!("draining");
        running.shutdown().await;
        Ok(())
    }

    /// Starts and returns at once: for tests, and for programs with a life of their own.
    ///
    /// # Errors
    /// What keeps it from starting: an address that is taken, a service that another one needs and nothing leads to.
    pub async fn start(self) -> Result<Running> {
        let mistakes = self.registry.mistakes();
        if !mistakes.is_empty() {
            return Err(Error::failed_precondition(mistakes.join("\n")));
        }
        Running::start(self).await
    }
}

fn panics_shown(variable: Option<&str>) -> Result<bool> {
    match variable.map(str::trim) {
        None | Some("" | "hidden") => Ok(false),
        Some("shown") => Ok(true),
        Some(other) => Err(Error::invalid_argument(format!(
            "SVCKIT_PANICS={other}: write `shown` for the messages of handlers' panics, which may hold values of requests, or \
             `hidden`"
        ))),
    }
}

/// Where the app listens, if it does.
pub(crate) type Address = Option<SocketAddr>;

#[cfg(test)]
mod tests {
    use super::App;

    #[tokio::test]
    async fn memory_is_no_directory() {
        assert_eq!(App::local().data("kept").config.data, Some("kept".into()));
        assert_eq!(App::local().data("kept").data(":memory:").config.data, None);
    }
}
