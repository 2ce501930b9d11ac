//! What is said of HTTP.

use serde::Deserialize;

/// How services are reached over HTTP.
///
/// ```toml
/// [http]
/// serve = true
/// compression = true
/// cors = ["https://shop.example"]
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Whether HTTP with JSON is answered at all, on the socket of gRPC.
    pub serve: bool,
    /// Whether answers are compressed for callers that accept it.
    pub compression: bool,
    /// The origins whose pages may call from a browser, `*` for all; nothing: none.
    pub cors: Option<Vec<String>>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { serve: true, compression: true, cors: None }
    }
}
