//! How an app is configured: a file, the environment, and what the program says itself.

mod http;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use svckit_core::message::Payload;
use svckit_security::{AuthConfig, CredentialsConfig, TlsConfig};

pub use self::http::HttpConfig;
use crate::{Error, Result};

/// What an app is told from outside. A later source overrides an earlier one: defaults, the file that `SVCKIT_CONFIG`
/// names, the environment, the program.
///
/// ```toml
/// listen = "0.0.0.0:7000"
/// admin = "127.0.0.1:9090"
/// drain = "10s"
/// message_limit = 4194304
/// reflection = true
/// data = "/var/lib/shop"
/// payload = "protobuf"
///
/// [endpoints]
/// "shop.inventory.v1.Inventory" = "http://inventory:7001"
/// "shop.payments.v1.Payments" = "http+json://payments:7002"
/// "shop.catalog.v1.Catalog" = "http://catalog-1:7001,http://catalog-2:7001"
/// "shop.mail.v1.Mail" = "dns://mail.shop:7001"
///
/// [http]
/// cors = ["https://shop.example"]
///
/// [policy."shop.orders.v1.Interactive"]
/// timeout.attempt = "900ms"
///
/// [policy."shop.orders.v1.Orders.GetOrder"]
/// retry.attempts = 2
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The deployment that runs. In this version `local` alone: any other is refused at the start.
    pub deployment: String,
    /// Where gRPC and HTTP listen; nowhere if not said.
    pub listen: Option<String>,
    /// Where `/metrics`, `/livez` and `/readyz` are answered; nowhere if not said. It is for operators, not for callers.
    pub admin: Option<String>,
    /// Where other services are, by their names in the contract: `http://` for gRPC, `http+json://` for HTTP,
    /// and the other forms of a [`Target`](svckit_discovery::Target): lists, DNS, Kubernetes, Consul.
    pub endpoints: BTreeMap<String, String>,
    /// How long calls in flight may take to end once the app stops.
    pub drain: Duration,
    /// The longest message, in bytes, that is sent or taken.
    pub message_limit: usize,
    /// Whether the reflection service tells what is served.
    pub reflection: bool,
    /// The directory of what is durable: an SQLite file per service, and one for messages, which all processes that
    /// are given the same directory share. Nothing: all of it is in memory, and ends with the process.
    pub data: Option<PathBuf>,
    /// In which form messages are written; either is read.
    pub payload: Payload,
    /// How services are reached over HTTP.
    pub http: HttpConfig,
    /// The file that all this comes from. Its numbers of policies are read again whenever it changes while an app runs:
    /// those within their safe ranges are taken up; else the file is refused with a message, and what held before stays.
    /// For policies by name that needs code that was generated with the option `ranges`; operations that name none are
    /// overridden by their own names, and take no more than half to twice of their numbers. `svckit check --config FILE` judges one beforehand.
    pub path: Option<PathBuf>,
    /// Certificates of this process: `https://` for callers and callees.
    pub tls: TlsConfig,
    /// What the deployment says of callers beyond the contracts, by the services' names.
    pub auth: BTreeMap<String, AuthConfig>,
    /// What is shown to callees, by their names.
    pub credentials: BTreeMap<String, CredentialsConfig>,
    /// The API server that endpoints at `k8s://` are asked of, outside a cluster.
    pub kubernetes: KubernetesConfig,
}

/// Where Kubernetes is, for a process outside it; within a cluster each process knows.
///
/// ```toml
/// [kubernetes]
/// api = "http://127.0.0.1:8001"       # as `kubectl proxy` gives it
/// account = "/etc/svckit/kubernetes"  # with `token`, `ca.crt` and `namespace`, as far as they are needed
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KubernetesConfig {
    /// The URL of its API server.
    pub api: Option<String>,
    /// A folder with what lets this process in: that of a pod, unless said.
    pub account: Option<PathBuf>,
}

impl Config {
    /// The directory of what is durable, where nothing else is said.
    pub const DATA: &str = "svckit-data";
    /// What stands for memory in place of a directory.
    pub const MEMORY: &str = ":memory:";
}

impl Default for Config {
    fn default() -> Self {
        Self {
            deployment: "local".to_owned(),
            listen: None,
            admin: None,
            endpoints: BTreeMap::new(),
            drain: Duration::from_secs(10),
            message_limit: 4 * 1024 * 1024,
            reflection: true,
            data: None,
            payload: Payload::default(),
            http: HttpConfig::default(),
            path: None,
            tls: TlsConfig::default(),
            auth: BTreeMap::new(),
            credentials: BTreeMap::new(),
            kubernetes: KubernetesConfig::default(),
        }
    }
}

/// The file's form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    deployment: Option<String>,
    listen: Option<String>,
    admin: Option<String>,
    #[serde(default)]
    endpoints: BTreeMap<String, String>,
    drain: Option<String>,
    message_limit: Option<usize>,
    reflection: Option<bool>,
    data: Option<String>,
    payload: Option<String>,
    http: Option<HttpConfig>,
    /// Judged once it is known which services there are.
    #[serde(default, rename = "policy")]
    _policy: BTreeMap<String, toml::Table>,
    tls: Option<TlsConfig>,
    #[serde(default)]
    auth: BTreeMap<String, AuthConfig>,
    #[serde(default)]
    credentials: BTreeMap<String, CredentialsConfig>,
    kubernetes: Option<KubernetesConfig>,
}

/// The variables that are read.
const VARIABLES: [&str; 11] = [
    "SVCKIT_ADMIN",
    "SVCKIT_CONFIG",
    "SVCKIT_DATA",
    "SVCKIT_DEPLOYMENT",
    "SVCKIT_DRAIN",
    "SVCKIT_ENDPOINTS",
    "SVCKIT_LISTEN",
    "SVCKIT_LOG",
    "SVCKIT_LOG_FORMAT",
    "SVCKIT_PANICS",
    "SVCKIT_PAYLOAD",
];

impl Config {
    /// What the file that `SVCKIT_CONFIG` names and the environment say.
    ///
    /// # Errors
    /// `invalid_argument` for what cannot be read or is not known, `unavailable` if the file is not there.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Self::from_env), with the environment passed in.
    ///
    /// # Errors
    /// As there.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut config = Self { data: Some(Self::DATA.into()), ..Self::default() };
        if let Some(path) = variable("SVCKIT_CONFIG") {
            config.file(Path::new(&path))?;
            config.path = Some(path.into());
        }
        if let Some(deployment) = variable("SVCKIT_DEPLOYMENT") {
            config.deployment = deployment;
        }
        if let Some(data) = variable("SVCKIT_DATA") {
            config.data = directory(&data).map_err(|error| error.context("SVCKIT_DATA"))?;
        }
        if let Some(form) = variable("SVCKIT_PAYLOAD") {
            config.payload = payload(&form).map_err(|error| error.context("SVCKIT_PAYLOAD"))?;
        }
        if let Some(listen) = variable("SVCKIT_LISTEN") {
            config.listen = Some(listen);
        }
        if let Some(admin) = variable("SVCKIT_ADMIN") {
            config.admin = Some(admin);
        }
        if let Some(drain) = variable("SVCKIT_DRAIN") {
            config.drain = duration(&drain).map_err(|error| error.context("SVCKIT_DRAIN"))?;
        }
        if let Some(endpoints) = variable("SVCKIT_ENDPOINTS") {
            config.endpoints.extend(pairs(&endpoints)?);
        }
        config.judged()
    }

    fn file(&mut self, path: &Path) -> Result<()> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::from(error).context(format!("SVCKIT_CONFIG={shown} cannot be read"))
        })?;
        self.text(&text).map_err(|error| error.context(shown))
    }

    fn text(&mut self, text: &str) -> Result<()> {
        let file: File =
            toml::from_str(text).map_err(|error| Error::invalid_argument(error.to_string()))?;
        if let Some(deployment) = file.deployment {
            self.deployment = deployment;
        }
        if let Some(drain) = file.drain {
            self.drain = duration(&drain).map_err(|error| error.context("drain"))?;
        }
        if let Some(data) = file.data {
            self.data = directory(&data).map_err(|error| error.context("data"))?;
        }
        if let Some(form) = file.payload {
            self.payload = payload(&form).map_err(|error| error.context("payload"))?;
        }
        if let Some(http) = file.http {
            self.http = http;
        }
        if let Some(tls) = file.tls {
            self.tls = tls;
        }
        if let Some(kubernetes) = file.kubernetes {
            self.kubernetes = kubernetes;
        }
        self.auth.extend(file.auth);
        self.credentials.extend(file.credentials);
        self.listen = file.listen.or(self.listen.take());
        self.admin = file.admin.or(self.admin.take());
        self.endpoints.extend(file.endpoints);
        self.message_limit = file.message_limit.unwrap_or(self.message_limit);
        self.reflection = file.reflection.unwrap_or(self.reflection);
        Ok(())
    }

    fn judged(self) -> Result<Self> {
        if self.deployment != "local" {
            return Err(Error::invalid_argument(format!(
                "the deployment `{}` can't be run: this version runs `local` alone; where a service listens and where the \
                 others are is said by SVCKIT_LISTEN and SVCKIT_ENDPOINTS",
                self.deployment
            )));
        }
        for (service, url) in &self.endpoints {
            if !service.contains('.') || !url.contains("://") {
                return Err(endpoint(&format!("{service}={url}")));
            }
            svckit_discovery::Target::parse(url).map_err(|error| error.context(service))?;
        }
        Ok(self)
    }
}

/// Whether a file has the form of a configuration, whatever its numbers of policies.
///
/// # Errors
/// `invalid_argument` with the line.
pub(crate) fn well_formed(text: &str) -> Result<()> {
    let read = toml::from_str::<File>(text).map(drop);
    read.map_err(|error| Error::invalid_argument(error.to_string()))
}

/// Refuses a variable that looks like a misspelt one of ours; others may use the same prefix.
///
/// # Errors
/// `invalid_argument` that names it, and the one that was meant.
pub(crate) fn known(names: impl IntoIterator<Item = String>) -> Result<()> {
    let near =
        |name: &str| VARIABLES.into_iter().find(|known| strsim::osa_distance(known, name) <= 2);
    let ours = |name: &String| name.starts_with("SVCKIT_") && !VARIABLES.contains(&name.as_str());
    match names.into_iter().filter(ours).find_map(|name| near(&name).map(|meant| (name, meant))) {
        Some((name, meant)) => Err(Error::invalid_argument(format!(
            "the variable {name} is not known; did you mean {meant}?"
        ))),
        None => Ok(()),
    }
}

fn endpoint(found: &str) -> Error {
    Error::invalid_argument(format!(
        "`{found}` is no endpoint; write a service's full name and its address, as in \
         shop.inventory.v1.Inventory=http://127.0.0.1:7001"
    ))
}

/// `a.v1.A=http://one,b.v1.B=http://two`; a URL without a name is one more of the service before it.
fn pairs(text: &str) -> Result<Vec<(String, String)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let named = part.split_once('=').filter(|(name, _)| !name.contains("://"));
        match (named, found.last_mut()) {
            (Some((service, url)), _) => {
                found.push((service.trim().to_owned(), url.trim().to_owned()));
            }
            (None, Some((_, urls))) if part.contains("://") => {
                urls.push(',');
                urls.push_str(part);
            }
            (None, _) => return Err(endpoint(part).context("SVCKIT_ENDPOINTS")),
        }
    }
    Ok(found)
}

fn directory(text: &str) -> Result<Option<PathBuf>> {
    match text.trim() {
        "" => Err(Error::invalid_argument(format!(
            "no directory is named; name one for what is durable, or write {} for none",
            Config::MEMORY
        ))),
        Config::MEMORY => Ok(None),
        path => Ok(Some(path.into())),
    }
}

fn payload(text: &str) -> Result<Payload> {
    match text {
        "protobuf" => Ok(Payload::Protobuf),
        "json" => Ok(Payload::Json),
        _ => Err(Error::invalid_argument(format!(
            "`{text}` is no form of messages; write protobuf or json"
        ))),
    }
}

/// The contract language's durations: `250ms`, `10s`, `5m`, `1h`.
fn duration(text: &str) -> Result<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 0,
    };
    let number = digits
        .parse::<u64>()
        .ok()
        .filter(|_| millis > 0)
        .and_then(|number| number.checked_mul(millis));
    number.map(Duration::from_millis).ok_or_else(|| {
        Error::invalid_argument(format!(
            "`{text}` is no duration; write for example 250ms, 10s or 5m"
        ))
    })
}
