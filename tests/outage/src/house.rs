//! The shop, a process for each of its services, on sockets of this machine.

use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use shop::house::NAMES;
use svckit::App;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::Result;

/// How long a process may take until it takes connections, and how often that is tried.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
/// How long an admin port may take to answer.
const ADMIN: Duration = Duration::from_secs(2);

/// All processes; they end with it.
#[derive(Debug)]
pub struct House {
    program: PathBuf,
    folder: PathBuf,
    between: Between,
    rooms: Vec<Room>,
}

/// How the processes of the shop call each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Between {
    /// Over gRPC.
    #[default]
    Grpc,
    /// Over HTTP and JSON.
    Http,
}

impl Between {
    /// The scheme of URLs that says so.
    #[must_use]
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Grpc => "http",
            Self::Http => "http+json",
        }
    }
}

/// One process and what it serves.
#[derive(Debug)]
struct Room {
    name: &'static str,
    services: &'static [&'static str],
    address: String,
    admin: String,
    child: Option<Child>,
}

impl House {
    /// Starts everything; what is durable, and what the processes say, is kept in `folder`.
    ///
    /// # Errors
    /// Which process does not start.
    pub async fn open(program: &Path, folder: &Path, between: Between) -> Result<Self> {
        let sockets: Vec<_> = (0..2 * NAMES.len())
            .map(|_| TcpListener::bind("127.0.0.1:0"))
            .collect::<Result<_, _>>()?;
        let mut free = Vec::new();
        for socket in &sockets {
            free.push(socket.local_addr()?.to_string());
        }
        drop(sockets);
        let (addresses, admins) = free.split_at(NAMES.len());
        let rooms = NAMES.iter().zip(addresses.iter().zip(admins));
        let rooms = rooms.map(|((name, services), (address, admin))| Room {
            name,
            services,
            address: address.clone(),
            admin: admin.clone(),
            child: None,
        });
        let (program, folder) = (program.to_owned(), folder.to_owned());
        let mut house = Self { program, folder, between, rooms: rooms.collect() };
        for (name, _) in NAMES {
            house.start(name).await?;
        }
        Ok(house)
    }

    /// An app that finds every service by this scheme: `http` is gRPC, `http+json` is HTTP.
    #[must_use]
    pub fn seen_by(&self, app: App, scheme: &str) -> App {
        self.endpoints().fold(app, |app, (service, address)| {
            app.endpoint(service, format!("{scheme}://{address}"))
        })
    }

    fn endpoints(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.rooms.iter().flat_map(|room| {
            room.services.iter().map(move |service| (*service, room.address.as_str()))
        })
    }

    /// Starts a process and waits until it takes connections.
    ///
    /// # Errors
    /// That it ended instead, or that it takes none.
    pub async fn start(&mut self, name: &str) -> Result<()> {
        let scheme = self.between.scheme();
        let endpoints = self.endpoints().map(|(service, at)| format!("{service}={scheme}://{at}"));
        let endpoints = endpoints.collect::<Vec<_>>().join(",");
        let (mut command, log) = (Command::new(&self.program), self.log(name)?);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("SVCKIT_") {
                command.env_remove(variable);
            }
        }
        let data = self.folder.join("data");
        let room = self.room(name)?;
        command
            .args(["serve", room.name])
            .env("SVCKIT_LISTEN", &room.address)
            .env("SVCKIT_ADMIN", &room.admin)
            .env("SVCKIT_ENDPOINTS", endpoints)
            .env("SVCKIT_DATA", data)
            .env("SVCKIT_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        room.child = Some(command.spawn()?);
        room.ready().await
    }

    fn log(&self, name: &str) -> Result<File> {
        let path = self.folder.join(format!("{name}.log"));
        Ok(OpenOptions::new().create(true).append(true).open(path)?)
    }

    fn room(&mut self, name: &str) -> Result<&mut Room> {
        let unknown = || format!("there is no service `{name}`").into();
        self.rooms.iter_mut().find(|room| room.name == name).ok_or_else(unknown)
    }

    /// Stops a process where it stands, or lets it go on.
    ///
    /// # Errors
    /// That there is none.
    pub fn signal(&mut self, name: &str, signal: Signal) -> Result<()> {
        let room = self.room(name)?;
        let pid =
            room.child.as_ref().and_then(|child| Pid::from_raw(i32::try_from(child.id()).ok()?));
        Ok(kill_process(pid.ok_or("it does not run")?, signal)?)
    }

    /// Kills a process without a warning.
    ///
    /// # Errors
    /// That there is none.
    pub fn kill(&mut self, name: &str) -> Result<()> {
        let mut child = self.room(name)?.child.take().ok_or("it does not run")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// The numbers of the processes that run.
    pub fn processes(&self) -> impl Iterator<Item = u32> {
        self.rooms.iter().filter_map(|room| room.child.as_ref()).map(Child::id)
    }

    /// How many breakers are not closed in the processes that answer, by process and operation.
    pub async fn open_breakers(&self) -> Vec<String> {
        let mut open = Vec::new();
        for room in self.rooms.iter().filter(|room| room.child.is_some()) {
            let asked = tokio::time::timeout(ADMIN, metrics(&room.admin)).await;
            let Ok(Ok(text)) = asked else {
                open.push(format!("{}: unknown", room.name));
                continue;
            };
            let gauges = text.lines().filter(|line| line.starts_with("svckit_breakers_open{"));
            let counts = gauges.filter(|line| !line.ends_with(" 0"));
            open.extend(counts.map(|line| format!("{}: {line}", room.name)));
        }
        open
    }

    /// The processes that said that they panicked, with what they said.
    ///
    /// # Errors
    /// That it can't be read what they said.
    pub fn panics(&self) -> Result<Vec<String>> {
        let mut panics = Vec::new();
        for room in &self.rooms {
            let said = std::fs::read(self.folder.join(format!("{}.log", room.name)))?;
            let said = String::from_utf8_lossy(&said).into_owned();
            let lines = said.lines().filter(|line| line.contains("panicked"));
            panics.extend(lines.map(|line| format!("{}: {line}", room.name)));
        }
        Ok(panics)
    }

    /// The processes that ended by themselves.
    pub fn ended(&mut self) -> Vec<String> {
        let mut ended = Vec::new();
        for room in &mut self.rooms {
            let over = room.child.as_mut().map(|child| !matches!(child.try_wait(), Ok(None)));
            if over == Some(true) {
                ended.push(format!("{} ended by itself", room.name));
            }
        }
        ended
    }
}

impl Room {
    async fn ready(&mut self) -> Result<()> {
        let start = std::time::Instant::now();
        while TcpStream::connect(&self.address).await.is_err() {
            let child = self.child.as_mut().ok_or("it does not run")?;
            if let Some(status) = child.try_wait()? {
                return Err(format!("{} ended instead of serving: {status}", self.name).into());
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("{} does not serve", self.name).into());
            }
            sleep(LOOK).await;
        }
        Ok(())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        for child in self.rooms.iter_mut().filter_map(|room| room.child.as_mut()) {
            // It may have ended by itself; one that is stopped is killed all the same.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What an admin port says of the process.
async fn metrics(address: &str) -> Result<String> {
    let mut socket = TcpStream::connect(address).await?;
    let ask = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    socket.write_all(ask.as_bytes()).await?;
    let mut text = String::new();
    socket.read_to_string(&mut text).await?;
    Ok(text)
}
