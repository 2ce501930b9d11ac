//! An agent of Consul, as far as its documents say what a blocking query is: it answers once there is something new.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::json;

/// What knows where a service is.
pub(crate) trait Registry {
    fn url(&self) -> String;

    /// From now on the service is in these places.
    fn set(&mut self, places: &[&str]);
}

#[derive(Default)]
struct Known {
    index: u64,
    places: Vec<String>,
}

pub(crate) struct Agent {
    known: Arc<(Mutex<Known>, Condvar)>,
    url: String,
}

impl Agent {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let known = Arc::new((Mutex::new(Known { index: 1, places: Vec::new() }), Condvar::new()));
        let shared = known.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let known = shared.clone();
                std::thread::spawn(move || answer(stream, &known));
            }
        });
        Self { known, url }
    }
}

impl Registry for Agent {
    fn url(&self) -> String {
        self.url.clone()
    }

    fn set(&mut self, places: &[&str]) {
        let mut known = self.known.0.lock().unwrap();
        known.index += 1;
        known.places = places.iter().map(|place| (*place).to_owned()).collect();
        self.known.1.notify_all();
    }
}

/// Answers one query; a caller that has gone meanwhile is not missed.
fn answer(mut stream: TcpStream, (known, changed): &(Mutex<Known>, Condvar)) {
    let reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = reader.lines().map_while(Result::ok);
    let Some(line) = lines.next() else { return };
    assert!(line.starts_with("GET /v1/health/service/forms?passing=1"), "{line}");
    while lines.next().is_some_and(|line| !line.is_empty()) {}
    let index = line.split("&index=").nth(1).map_or(0, |rest| {
        rest.split(['&', ' ']).next().and_then(|index| index.parse().ok()).unwrap_or(0)
    });
    let known = known.lock().unwrap();
    let known = changed.wait_while(known, |known| known.index <= index).unwrap();
    let entries = known.places.iter().map(|place| {
        let (host, port) = place.rsplit_once(':').unwrap();
        json!({
            "Node": { "Node": "n", "Address": host, "Datacenter": "dc1" },
            "Service": { "ID": place, "Service": "forms", "Address": host, "Port": port.parse::<u16>().unwrap(), "Weights": { "Passing": 1, "Warning": 1 } },
            "Checks": []
        })
    });
    let body = serde_json::Value::Array(entries.collect()).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\nx-consul-index: {}\r\ncontent-length: {}\r\n\r\n",
        known.index,
        body.len()
    );
    drop(known);
    stream.write_all(format!("{head}{body}").as_bytes()).ok();
}
