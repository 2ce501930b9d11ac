//! What stands outside: callers without svckit.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};

async fn exchanged(address: &str, request: String) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Posts JSON as anybody may.
pub(crate) async fn http(url: &str, path: &str, headers: &str, body: &str) -> String {
    let address = url.trim_start_matches("http://");
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    exchanged(address, request).await
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
    exchanged(&address.to_string(), request).await
}

/// An answer without the declared error, which the contract sends to the caller, and without the address that was asked.
pub(crate) fn without_value(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut body: serde_json::Value = serde_json::from_str(body).unwrap();
    for own in ["value", "instance"] {
        body.as_object_mut().unwrap().remove(own);
    }
    format!("{head} {body}")
}

/// Bytes that may be no message.
pub(crate) struct Raw(pub(crate) Vec<u8>);

#[derive(Clone, Copy, Default)]
struct Rawly;

impl Encoder for Rawly {
    type Item = Raw;
    type Error = Status;

    fn encode(&mut self, raw: Raw, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        bytes::BufMut::put_slice(buffer, &raw.0);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

impl Decoder for Rawly {
    type Item = Raw;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Raw>, Status> {
        let length = bytes::Buf::remaining(buffer);
        Ok(Some(Raw(bytes::Buf::copy_to_bytes(buffer, length).to_vec())))
    }
}

impl Codec for Rawly {
    type Encode = Raw;
    type Decode = Raw;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

/// What is said to bytes that are no message.
pub(crate) async fn stays_raw(url: &str, path: &'static str, key: &str, raw: Raw) -> Status {
    let channel = tonic::transport::Endpoint::new(url.to_owned()).unwrap().connect().await.unwrap();
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let mut request = Request::new(raw);
    request.metadata_mut().insert("x-api-key", key.parse().unwrap());
    let path = tonic::codegen::http::uri::PathAndQuery::from_static(path);
    match client.unary(request, path, Rawly).await {
        Ok(_) => panic!("it was taken"),
        Err(status) => status,
    }
}
