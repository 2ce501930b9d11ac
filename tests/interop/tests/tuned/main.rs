//! Numbers of policies that a deployment overrides while calls run: `contracts/tuned.svc`, whose generated code knows within
//! which limits each may be, called over real sockets by gRPC and by HTTP; and places that a configuration names and that come
//! and go. Time is in the test's hand, but for `mixed`.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

/// Runs a test over each way.
macro_rules! ways {
    ($($name:ident)*) => {$(
        mod $name {
            #[tokio::test]
            async fn over_grpc() {
                super::$name("http").await;
            }

            #[tokio::test]
            async fn over_http() {
                super::$name("http+json").await;
            }
        }
    )*};
}

mod callers;
#[path = "../../../../runtime/discovery/tests/found/cluster.rs"]
#[allow(dead_code, reason = "the other suite needs more of it")]
mod cluster;
mod endpoints;
mod files;
mod knows;
mod mixed;
mod places;
#[path = "../../../../runtime/discovery/tests/found/server.rs"]
#[allow(dead_code, reason = "the other suite needs more of it")]
mod server;
mod servers;
mod streams;
mod world;
#[path = "../../../../runtime/discovery/tests/found/zone.rs"]
mod zone;

svckit::include_contracts!();
