//! Each service of the boutique as a process of its own: they find each other by configuration.

use std::net::SocketAddr;
use std::process::Command;

use boutique::house::NAMES;
use svckit_interop::{Served, free_addr, program};

#[test]
fn a_day_in_a_shop_of_nine_processes() {
    let boutique = program("boutique", "boutique");
    let addrs: Vec<(&str, &str, SocketAddr)> =
        NAMES.iter().map(|(name, service)| (*name, *service, free_addr())).collect();
    let endpoints: Vec<String> =
        addrs.iter().map(|(_, service, addr)| format!("{service}=http://{addr}")).collect();
    let endpoints = endpoints.join(",");
    let env = [("SVCKIT_ENDPOINTS", endpoints.as_str())];
    let shop: Vec<Served> = addrs
        .iter()
        .map(|(name, _, addr)| Served::start(&boutique, &["serve", name], *addr, &env))
        .collect();
    assert_eq!(shop.len(), 9);
    let day = Command::new(&boutique)
        .args(["drive", "--visits", "60"])
        .envs(env)
        .output()
        .expect("the boutique's driver starts");
    let said = String::from_utf8_lossy(&day.stdout);
    assert!(day.status.success(), "{said}\n{}", String::from_utf8_lossy(&day.stderr));
    assert!(said.contains("The books balance."), "{said}");
}
