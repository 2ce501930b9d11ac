//! Calls: what travels, and the seam to what carries it.

pub mod metadata;
mod principal;
mod stream;
mod transport;

pub use self::metadata::Metadata;
pub use self::principal::{Principal, PrincipalKind};
pub use self::stream::{ByteStream, Sender, Streaming};
pub use self::transport::{
    Accept, Answer, Body, Channel, Format, IncomingCall, OutgoingCall, Refusal, Resolve, Transport,
    Tried,
};
