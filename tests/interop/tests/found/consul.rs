//! An agent of Consul, in a process of its own that keeps nothing.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use svckit_interop::free_addr;

use crate::agent::Registry;

pub(crate) struct Consul {
    child: Child,
    at: SocketAddr,
    places: Vec<String>,
}

impl Consul {
    /// Starts it, and waits until it has a leader, which is itself.
    pub(crate) fn start(program: &Path) -> Self {
        let at = free_addr();
        let port = |name: &str, port: u16| format!("-{name}-port={port}");
        let child = Command::new(program)
            .args(["agent", "-dev", "-bind=127.0.0.1", "-log-level=err"])
            .args([port("http", at.port()), port("serf-lan", free_addr().port())])
            .args([port("server", free_addr().port())])
            .args(["-grpc-port=-1", "-dns-port=-1", "-serf-wan-port=-1"])
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        let mut consul = Self { child, at, places: Vec::new() };
        while !consul.asked("GET", "/v1/status/leader", "").is_some_and(|said| said.contains(':')) {
            let ended = consul.child.try_wait().expect("it is our child");
            assert!(ended.is_none(), "consul ended: {ended:?}");
            std::thread::yield_now();
        }
        consul
    }

    /// The body of a good answer.
    fn asked(&self, method: &str, path: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.at).ok()?;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: consul\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut said = String::new();
        stream.read_to_string(&mut said).ok()?;
        let (head, body) = said.split_once("\r\n\r\n")?;
        head.starts_with("HTTP/1.1 200").then(|| body.to_owned())
    }
}

impl Registry for Consul {
    fn url(&self) -> String {
        self.at.to_string()
    }

    fn set(&mut self, places: &[&str]) {
        for place in places.iter().filter(|place| !self.places.iter().any(|known| known == *place))
        {
            let (host, port) = place.rsplit_once(':').expect("host and port");
            let port: u16 = port.parse().expect("a port");
            let service = json!({ "ID": place, "Name": "forms", "Address": host, "Port": port });
            let done = self.asked("PUT", "/v1/agent/service/register", &service.to_string());
            assert!(done.is_some(), "{place} was not taken");
        }
        for gone in self.places.iter().filter(|known| !places.contains(&known.as_str())) {
            let done = self.asked("PUT", &format!("/v1/agent/service/deregister/{gone}"), "");
            assert!(done.is_some(), "{gone} was not let go");
        }
        self.places = places.iter().map(|place| (*place).to_owned()).collect();
    }
}

impl Drop for Consul {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
