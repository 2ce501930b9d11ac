//! Who belongs to the same deployment.

use std::net::{IpAddr, SocketAddr};

use svckit_core::call::{IncomingCall, Principal, PrincipalKind};

use crate::certificate;

/// The principal of a peer of the deployment; nothing for anybody else.
pub(crate) fn peer(call: &IncomingCall, behind_proxy: bool) -> Option<Principal> {
    if let Some(certificate) = call.certificate.as_deref() {
        let subject = certificate::principal(Some(certificate)).ok()?.subject;
        return Some(Principal::new(PrincipalKind::Deployment, subject));
    }
    let here = call.peer.as_deref().is_none_or(|peer| !behind_proxy && loopback(peer));
    here.then(|| Principal::new(PrincipalKind::Deployment, ""))
}

/// Whether an address is of this machine.
fn loopback(peer: &str) -> bool {
    let ip = peer.parse::<SocketAddr>().map(|address| address.ip());
    match ip.or_else(|_| peer.parse::<IpAddr>()) {
        Ok(ip) => ip.to_canonical().is_loopback(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_near() {
        for near in
            ["127.0.0.1:80", "127.8.8.8:1", "[::1]:80", "[::ffff:127.0.0.1]:80", "127.0.0.1"]
        {
            assert!(loopback(near), "{near}");
        }
        for far in [
            "10.0.0.1:80",
            "192.168.1.1:1",
            "[fe80::1]:1",
            "0.0.0.0:1",
            "",
            "localhost:1",
            "127.0.0.1.evil:1",
        ] {
            assert!(!loopback(far), "{far}");
        }
    }
}
