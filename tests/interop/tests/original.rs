//! What prost and tonic make of the original `demo.proto`, on either side of what svckit makes of its contract.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

#[cfg(not(corpus))]
#[test]
fn code_generated_from_the_original_proto() {
    svckit_interop::not_run(
        "code generated from the original demo.proto",
        "online-boutique/demo.proto",
    );
}

#[cfg(corpus)]
#[path = "original/client.rs"]
mod client;
#[cfg(corpus)]
#[path = "original/server.rs"]
mod server;
