//! A place that nobody answers from.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};

/// As many as a queue of one can be made to hold, and many more.
const MOST: usize = 64;

/// An address where connections neither come about nor are refused, as behind a firewall that drops packets: a socket
/// that listens, accepts nobody, and whose queue is full.
#[derive(Debug)]
pub struct BlackHole {
    address: SocketAddr,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl BlackHole {
    /// Opens one on the loopback.
    ///
    /// # Errors
    /// What the system says, or that its queue does not fill.
    pub fn open() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener = socket.listen(1)?;
        let address = listener.local_addr()?;
        let mut queue = Vec::new();
        while queue.len() < MOST {
            match TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
                Ok(stream) => queue.push(stream),
                Err(_) => return Ok(Self { address, _listener: listener, _queue: queue }),
            }
        }
        Err(io::Error::other("the queue of a listening socket does not fill here"))
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
