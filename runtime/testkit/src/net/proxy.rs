//! A proxy that misbehaves as it is told.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a proxy does to bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: they pass.
    None,
    /// Requests are taken and neither passed on nor answered: the callee is half open. Connections that live when this
    /// begins stay so for good, as those do that a firewall has forgotten.
    Silent,
    /// Requests pass, answers do not. For good, as with [`Silent`](Self::Silent).
    Mute,
    /// Connections come about, for the system takes them, and nobody looks at them.
    Backlog,
    /// So many bytes of the answers on a connection pass; then nothing does.
    Stops(usize),
    /// A connection is reset as soon as it has come about.
    ResetsAtOnce,
    /// A connection is reset once the first bytes of a request have come; the callee gets none.
    ResetsRequests,
    /// A connection is reset after so many bytes of the answers on it.
    ResetsAnswers(usize),
}

/// What a test sees of the connections.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    connections: usize,
    /// Parts of requests that came.
    asked: usize,
}

/// A proxy of TCP before a callee, with faults that are switched while it runs. Dropping it resets its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    callee: SocketAddr,
    fault: watch::Sender<Fault>,
    /// Counted up: connections of before are reset.
    resets: watch::Sender<u64>,
    seen: watch::Sender<Seen>,
}

impl Proxy {
    /// A proxy on the loopback before `callee`.
    ///
    /// # Errors
    /// What the system says.
    pub async fn before(callee: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (fault, resets) = (watch::Sender::new(Fault::None), watch::Sender::new(0));
        let shared = Arc::new(Shared { callee, fault, resets, seen: watch::Sender::default() });
        let accepting = Mutex::new(Some(tokio::spawn(shared.clone().accept(listener))));
        Ok(Self { address, shared, accepting })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it does.
    #[must_use]
    pub fn fault(&self) -> Fault {
        *self.shared.fault.borrow()
    }

    /// Does something else from now on.
    pub fn switch(&self, fault: Fault) {
        self.shared.fault.send_replace(fault);
    }

    /// Resets every connection.
    pub fn reset(&self) {
        self.shared.resets.send_modify(|resets| *resets += 1);
    }

    /// Is gone: resets every connection, and refuses new ones once this returns.
    pub async fn close(&self) {
        let accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.reset();
        if let Some(accepting) = accepting {
            accepting.abort();
            let _ = accepting.await;
        }
    }

    /// Is there again, at the same place.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(&self) -> io::Result<()> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(self.address)?;
        let listener = socket.listen(1024)?;
        let accepting = tokio::spawn(self.shared.clone().accept(listener));
        *self.accepting.lock().unwrap_or_else(PoisonError::into_inner) = Some(accepting);
        Ok(())
    }

    /// How many connections came about so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.seen.borrow().connections
    }

    /// Waits until that many connections came about.
    pub async fn connected(&self, count: usize) {
        let mut seen = self.shared.seen.subscribe();
        let _ = seen.wait_for(|seen| seen.connections >= count).await;
    }

    /// How many parts of requests came so far; a request is one part at least.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.shared.seen.borrow().asked
    }

    /// Waits until more than `before` parts of requests came.
    pub async fn asked_since(&self, before: usize) {
        let mut seen = self.shared.seen.subscribe();
        let _ = seen.wait_for(|seen| seen.asked > before).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.reset();
        if let Some(task) = self.accepting.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

impl Shared {
    async fn accept(self: Arc<Self>, listener: TcpListener) {
        let mut fault = self.fault.subscribe();
        loop {
            // Who is not looked at waits in the queue of the system.
            let _ = fault.wait_for(|fault| *fault != Fault::Backlog).await;
            let stream = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = fault.changed() => continue,
            };
            let Ok((client, _)) = stream else { return };
            self.seen.send_modify(|seen| seen.connections += 1);
            let connection = Connection {
                shared: self.clone(),
                client,
                callee: None,
                passed: 0,
                silent: false,
                mute: false,
            };
            tokio::spawn(connection.run());
        }
    }
}

struct Connection {
    shared: Arc<Shared>,
    client: TcpStream,
    callee: Option<TcpStream>,
    /// Bytes of answers that passed.
    passed: usize,
    silent: bool,
    mute: bool,
}

/// Whether a connection goes on.
type Goes = io::Result<bool>;

impl Connection {
    async fn run(mut self) {
        let mut resets = self.shared.resets.subscribe();
        let mut fault = self.shared.fault.subscribe();
        let first = *resets.borrow_and_update();
        let _ = self.client.set_nodelay(true);
        let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
        loop {
            let now = *fault.borrow_and_update();
            self.silent |= now == Fault::Silent;
            self.mute |= now == Fault::Mute;
            if now == Fault::ResetsAtOnce || *resets.borrow() != first {
                break;
            }
            let answers = !self.silent && !self.mute && self.may_answer(now);
            let went = tokio::select! {
                biased;
                _ = resets.changed() => break,
                changed = fault.changed() => if changed.is_ok() { Ok(true) } else { break },
                read = self.client.read(&mut up) => self.request(read, &up, now).await,
                read = read(&mut self.callee, &mut down), if answers => {
                    self.answer(read, &down, now).await
                }
            };
            match went {
                Ok(true) => {}
                Ok(false) => return,
                Err(_) => break,
            }
        }
        // What is dropped with nothing lingering is reset.
        let _ = self.client.set_zero_linger();
        if let Some(callee) = self.callee {
            let _ = callee.set_zero_linger();
        }
    }

    fn may_answer(&self, fault: Fault) -> bool {
        !matches!(fault, Fault::Stops(most) if self.passed >= most)
    }

    async fn request(&mut self, read: io::Result<usize>, bytes: &[u8], fault: Fault) -> Goes {
        let read = read?;
        if read == 0 {
            return Ok(false);
        }
        let passes = !self.silent && fault != Fault::ResetsRequests;
        if passes {
            if self.callee.is_none() {
                let callee = TcpStream::connect(self.shared.callee).await?;
                callee.set_nodelay(true)?;
                self.callee = Some(callee);
            }
            if let Some(callee) = &mut self.callee {
                callee.write_all(&bytes[..read]).await?;
            }
        }
        self.shared.seen.send_modify(|seen| seen.asked += 1);
        if fault == Fault::ResetsRequests {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(true)
    }

    async fn answer(&mut self, read: io::Result<usize>, bytes: &[u8], fault: Fault) -> Goes {
        let read = read?;
        if read == 0 {
            return Ok(false);
        }
        let most = match fault {
            Fault::Stops(most) | Fault::ResetsAnswers(most) => most.saturating_sub(self.passed),
            _ => read,
        };
        let part = &bytes[..read.min(most)];
        self.client.write_all(part).await?;
        self.passed += part.len();
        if matches!(fault, Fault::ResetsAnswers(_)) && read >= most {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(true)
    }
}

async fn read(stream: &mut Option<TcpStream>, into: &mut [u8]) -> io::Result<usize> {
    match stream {
        Some(stream) => stream.read(into).await,
        None => std::future::pending().await,
    }
}
