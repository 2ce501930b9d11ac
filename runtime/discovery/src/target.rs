//! The URLs by which services are configured.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use svckit_core::error::{Error, Result};

use crate::Endpoint;

/// Where a service is to be looked for, and how it is talked to.
///
/// | URL | found |
/// | --- | --- |
/// | `http://host:port` | there, in one place; the name is looked up with each connection |
/// | `http://a:1,http://b:2` | in these places |
/// | `dns://host:port` | at all addresses of the name, A and AAAA, looked up again and again |
/// | `srv://_grpc._tcp.name` | where the name's SRV records say, with their weights and priorities |
/// | `dns://10.0.0.2:8600/host:port` | as before, by this name server; `srv://10.0.0.2:8600/name` likewise |
/// | `k8s://service.namespace:port` | at the service's EndpointSlices, watched over the API server; a port's number or name |
/// | `k8s+dns://service.namespace:port` | at the addresses of a headless service |
/// | `consul://service?tag=blue&dc=west` | where the agent of Consul knows it to be healthy |
///
/// They are gRPC; with `+json` after the scheme, as in `http+json://` and `dns+json://`, HTTP and JSON; with `+tls`, either
/// over TLS, for which `https` is another word: `https://`, `https+json://`, `dns+tls://`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What stands before an endpoint's address in a transport's URL: `http`, `https`, `http+json` or `https+json`.
    pub scheme: &'static str,
    /// Where to look.
    pub place: Place,
    /// The name server that is asked for names; the computer's own where nothing is said.
    pub server: Option<SocketAddr>,
}

/// Where to look for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At one URL, as it stands.
    One(String),
    /// At these addresses, `host:port`.
    List(Vec<String>),
    /// At the addresses of a name.
    Dns(Address),
    /// Where the SRV records of a name say.
    Srv(String),
    /// At the EndpointSlices of a service.
    Kubernetes {
        /// The service.
        service: String,
        /// Its namespace; the own one where nothing is said.
        namespace: Option<String>,
        /// The number or the name of the port; the only one where nothing is said.
        port: Option<String>,
    },
    /// At a service that Consul knows.
    Consul {
        /// The service.
        service: String,
        /// The tag that its instances must have.
        tag: Option<String>,
        /// The datacentre; the agent's own where nothing is said.
        datacentre: Option<String>,
    },
}

/// A name and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A name, or an address of the network; one of IPv6 without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// What is said to whoever writes another one.
const FORMS: &str = "write http://host:port, or several with commas between them, or dns://host:port, \
    srv://_grpc._tcp.name, k8s://service.namespace:port, k8s+dns://service.namespace:port or consul://service; with +json \
    after the scheme for HTTP and JSON in place of gRPC, as in http+json://host:port";

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// `invalid_argument` that says what was found, and the forms that there are.
    pub fn parse(url: &str) -> Result<Self> {
        let wrong = |why: &str| {
            Error::invalid_argument(format!("`{url}` is no place of a service: {why}; {FORMS}"))
        };
        let parts: Vec<&str> = url.split(',').map(str::trim).collect();
        if parts.len() > 1 {
            return list(&parts).map_err(|why| wrong(&why));
        }
        let (scheme, rest) = split(url).map_err(|why| wrong(&why))?;
        let (server, rest) = match scheme.kind {
            Kind::Dns | Kind::Srv => asked(rest).map_err(|why| wrong(&why))?,
            _ => (None, rest),
        };
        let place = match scheme.kind {
            Kind::Plain => Ok(Place::One(url.trim().to_owned())),
            Kind::Dns => address(rest).map(Place::Dns),
            Kind::Srv => srv(rest),
            Kind::Kubernetes => kubernetes(rest),
            Kind::Headless => headless(rest),
            Kind::Consul => consul(rest),
        };
        let place = place.map_err(|why| wrong(&why))?;
        Ok(Self { scheme: scheme.transport(), place, server })
    }

    /// The URL of one of the endpoints, as its transport takes it.
    #[must_use]
    pub fn url(&self, endpoint: &Endpoint) -> String {
        format!("{}://{}", self.scheme, endpoint.address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl From<&Address> for Endpoint {
    fn from(address: &Address) -> Self {
        Self::new(Arc::<str>::from(address.to_string()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Dns,
    Srv,
    Kubernetes,
    Headless,
    Consul,
}

/// Each scheme by its first word; a second one, `+json` or `+tls`, is read apart.
const KINDS: [(&str, Kind); 7] = [
    ("http", Kind::Plain),
    ("https", Kind::Plain),
    ("dns", Kind::Dns),
    ("srv", Kind::Srv),
    ("k8s", Kind::Kubernetes),
    ("k8s+dns", Kind::Headless),
    ("consul", Kind::Consul),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scheme {
    kind: Kind,
    json: bool,
    tls: bool,
}

impl Scheme {
    fn transport(self) -> &'static str {
        match (self.json, self.tls) {
            (false, false) => "http",
            (false, true) => "https",
            (true, false) => "http+json",
            (true, true) => "https+json",
        }
    }
}

fn split(url: &str) -> Result<(Scheme, &str), String> {
    let (word, rest) = url.trim().split_once("://").ok_or("it has no scheme")?;
    let (mut kind, mut json, mut tls) = (word, false, word == "https" || word == "https+json");
    loop {
        if let Some(shorter) = kind.strip_suffix("+json").filter(|_| !json) {
            (kind, json) = (shorter, true);
        } else if let Some(shorter) = kind.strip_suffix("+tls").filter(|_| !tls) {
            (kind, tls) = (shorter, true);
        } else {
            break;
        }
    }
    let known = KINDS.iter().find(|(name, _)| *name == kind);
    let (_, kind) = known.ok_or_else(|| format!("the scheme {word} is not known"))?;
    if rest.is_empty() {
        return Err("no address follows the scheme".to_owned());
    }
    Ok((Scheme { kind: *kind, json, tls }, rest))
}

fn list(parts: &[&str]) -> Result<Target, String> {
    let mut schemes = Vec::new();
    let mut addresses = Vec::new();
    for part in parts {
        let (scheme, rest) = split(part)?;
        if scheme.kind != Kind::Plain {
            return Err(format!("{part} can't stand in a list"));
        }
        addresses.push(address(rest.trim_end_matches('/'))?.to_string());
        schemes.push(scheme.transport());
    }
    match schemes.first() {
        Some(first) if schemes.iter().all(|scheme| scheme == first) => {
            Ok(Target { scheme: first, place: Place::List(addresses), server: None })
        }
        _ => Err("its places have several schemes".to_owned()),
    }
}

fn address(text: &str) -> Result<Address, String> {
    let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("{text} has no port"))?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if bare.is_empty() || (bare.contains(':') && bare == host) {
        return Err(format!("{text} is no host:port"));
    }
    if bare.contains(['/', '?', '#', '@', ' ']) {
        return Err(format!("{bare} is no name of a host"));
    }
    let port = port.parse().ok().filter(|port| *port > 0);
    let port = port.ok_or_else(|| format!("{text} has no port from 1 to 65535"))?;
    Ok(Address { host: bare.to_owned(), port })
}

/// The port that name servers have unless another one is said.
const NAMES: u16 = 53;

/// The name server before a name, if one is written.
fn asked(rest: &str) -> Result<(Option<SocketAddr>, &str), String> {
    let Some((server, name)) = rest.split_once('/') else { return Ok((None, rest)) };
    let bare = server.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(server);
    let alone = || bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, NAMES));
    let at = server.parse().or_else(|_| alone());
    let at =
        at.map_err(|_| format!("{server} is no address of a name server, as in 10.0.0.2:53"))?;
    Ok((Some(at), name))
}

fn srv(rest: &str) -> Result<Place, String> {
    if rest.contains([':', '/', '?']) || !rest.contains('.') {
        return Err(format!("{rest} is no name of SRV records, which hold the ports themselves"));
    }
    Ok(Place::Srv(rest.to_owned()))
}

/// `service.namespace:port`, of which the last two may be missing.
fn parts_of_kubernetes(rest: &str) -> Result<(String, Option<String>, Option<String>), String> {
    let (name, port) = match rest.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (rest, None),
    };
    let (service, namespace) = match name.split_once('.') {
        Some((service, namespace)) => (service, Some(namespace)),
        None => (name, None),
    };
    let label = |text: &&str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let all = [Some(service), namespace, port];
    if let Some(part) = all.iter().flatten().find(|part| !label(part)) {
        return Err(format!("`{part}` is no name within Kubernetes"));
    }
    Ok((service.to_owned(), namespace.map(str::to_owned), port.map(str::to_owned)))
}

fn kubernetes(rest: &str) -> Result<Place, String> {
    let (service, namespace, port) = parts_of_kubernetes(rest)?;
    Ok(Place::Kubernetes { service, namespace, port })
}

fn headless(rest: &str) -> Result<Place, String> {
    let (service, namespace, port) = parts_of_kubernetes(rest)?;
    let namespace = namespace.ok_or("a name of DNS needs the namespace too")?;
    let port = port.and_then(|port| port.parse().ok()).filter(|port: &u16| *port > 0);
    let port = port.ok_or("a name of DNS has no ports: write its number")?;
    Ok(Place::Dns(Address { host: format!("{service}.{namespace}.svc"), port }))
}

fn consul(rest: &str) -> Result<Place, String> {
    let (service, query) = rest.split_once('?').unwrap_or((rest, ""));
    if service.is_empty() || service.contains(['/', ':']) {
        return Err(format!(
            "`{service}` is no service of Consul; the agent's address is CONSUL_HTTP_ADDR"
        ));
    }
    let (mut tag, mut datacentre) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("tag", value)) => tag = Some(value.to_owned()),
            Some(("dc", value)) => datacentre = Some(value.to_owned()),
            _ => return Err(format!("`{pair}` is not known there; tag and dc are")),
        }
    }
    Ok(Place::Consul { service: service.to_owned(), tag, datacentre })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(url: &str) -> (&'static str, Place) {
        let target = Target::parse(url).unwrap();
        (target.scheme, target.place)
    }

    #[test]
    fn each_form_is_read() {
        let dns = |host: &str, port| Place::Dns(Address { host: host.to_owned(), port });
        let list = |all: [&str; 2]| Place::List(all.map(str::to_owned).to_vec());
        let owned = |text: &str| Some(text.to_owned());
        let cases = [
            ("http://a:1", ("http", Place::One("http://a:1".to_owned()))),
            (
                "https+json://a:1/base",
                ("https+json", Place::One("https+json://a:1/base".to_owned())),
            ),
            ("http://a:1, http://[::1]:2", ("http", list(["a:1", "[::1]:2"]))),
            ("http+json://a:1,http+json://b:2", ("http+json", list(["a:1", "b:2"]))),
            ("dns://orders.shop:7000", ("http", dns("orders.shop", 7000))),
            ("dns+json+tls://orders:7000", ("https+json", dns("orders", 7000))),
            ("srv://_grpc._tcp.orders.shop", ("http", Place::Srv("_grpc._tcp.orders.shop".into()))),
            ("k8s+dns://orders.shop:7000", ("http", dns("orders.shop.svc", 7000))),
            (
                "k8s://orders.shop:grpc",
                (
                    "http",
                    Place::Kubernetes {
                        service: "orders".to_owned(),
                        namespace: owned("shop"),
                        port: owned("grpc"),
                    },
                ),
            ),
            (
                "consul+tls://orders?tag=blue&dc=west",
                (
                    "https",
                    Place::Consul {
                        service: "orders".to_owned(),
                        tag: owned("blue"),
                        datacentre: owned("west"),
                    },
                ),
            ),
        ];
        for (url, expected) in cases {
            assert_eq!(place(url), expected, "{url}");
        }
    }

    #[test]
    fn a_name_server_may_stand_before_the_name() {
        let cases = [
            ("dns://orders:7000", None),
            ("dns://10.0.0.2:8600/orders:7000", Some("10.0.0.2:8600")),
            ("dns+json://10.0.0.2/orders:7000", Some("10.0.0.2:53")),
            ("dns://[::1]:5353/orders:7000", Some("[::1]:5353")),
            ("dns://[::1]/orders:7000", Some("[::1]:53")),
            ("srv://10.0.0.2:8600/_grpc._tcp.orders.shop", Some("10.0.0.2:8600")),
        ];
        for (url, server) in cases {
            let server = server.map(|at| at.parse().unwrap());
            assert_eq!(Target::parse(url).unwrap().server, server, "{url}");
        }
    }

    #[test]
    fn another_form_is_refused_with_those_that_there_are() {
        let cases = [
            ("orders:7000", "it has no scheme"),
            ("ftp://orders:7000", "the scheme ftp is not known"),
            ("dns://orders", "orders has no port"),
            ("dns://ns.shop:53/orders:7000", "ns.shop:53 is no address of a name server"),
            ("dns:///orders:7000", " is no address of a name server"),
            ("srv://10.0.0.2/orders:7000", "hold the ports themselves"),
            ("dns://orders:0", "no port from 1 to 65535"),
            ("dns://::1:80", "is no host:port"),
            ("http://a:1,dns://b:2", "dns://b:2 can't stand in a list"),
            ("http://a:1,http+json://b:2", "several schemes"),
            ("http://a:1,", "it has no scheme"),
            ("srv://orders:7000", "hold the ports themselves"),
            ("k8s://orders.shop.svc:80", "is no name within Kubernetes"),
            ("k8s+dns://orders:80", "needs the namespace"),
            ("k8s+dns://orders.shop:grpc", "write its number"),
            ("consul://agent:8500/orders", "CONSUL_HTTP_ADDR"),
            ("consul://orders?near=me", "`near=me` is not known"),
            ("dns://", "no address follows"),
        ];
        for (url, why) in cases {
            let error = Target::parse(url).unwrap_err();
            assert!(error.message().contains(why), "{url}: {error}");
            assert!(error.message().contains("srv://_grpc._tcp.name"), "{error}");
        }
    }
}
