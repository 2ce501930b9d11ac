//! An HTTP server that says what a test tells it to.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Server {
    listener: TcpListener,
}

/// A request that waits for its answer.
pub(crate) struct Asked {
    /// `GET /path?query`.
    pub(crate) line: String,
    /// All of its headers, in lower case.
    pub(crate) head: String,
    stream: TcpStream,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    /// The next request: each is answered on a connection of its own.
    pub(crate) async fn asked(&self) -> Asked {
        let (stream, _) = self.listener.accept().await.unwrap();
        let mut reader = BufReader::new(stream);
        let mut all = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).await.unwrap() == 0 || line == "\r\n" {
                break;
            }
            all.push(line.trim_end().to_owned());
        }
        let line = all.first().cloned().unwrap_or_default();
        let line = line.trim_end_matches(" HTTP/1.1").to_owned();
        Asked { line, head: all.join("\n").to_lowercase(), stream: reader.into_inner() }
    }
}

impl Asked {
    /// Answers with a whole body.
    pub(crate) async fn answer(self, status: &str, headers: &str, body: &str) {
        let length = body.len();
        let mut stream = self.stream;
        let head = format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n"
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }

    /// Begins an answer whose lines come one by one.
    pub(crate) async fn begin(self) -> Lines {
        let mut stream = self.stream;
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        Lines(stream)
    }
}

pub(crate) struct Lines(TcpStream);

impl Lines {
    /// A line, in two pieces.
    pub(crate) async fn say(&mut self, line: &str) {
        let line = format!("{line}\n");
        for part in [&line[..line.len() / 2], &line[line.len() / 2..]] {
            let chunk = format!("{:x}\r\n{part}\r\n", part.len());
            self.0.write_all(chunk.as_bytes()).await.unwrap();
            self.0.flush().await.unwrap();
        }
    }

    /// Ends it as it should end.
    pub(crate) async fn end(mut self) {
        self.0.write_all(b"0\r\n\r\n").await.unwrap();
    }
}
