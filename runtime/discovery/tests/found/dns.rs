//! Names at a name server that forgets, and changes its mind.

use svckit_discovery::dns::Dns;
use svckit_discovery::{Address, Target};

use super::zone::Zone;
use super::{Sets, env};

const NAME: &str = "orders.shop.test.";

#[tokio::test]
async fn a_name_is_looked_up_again_and_again() {
    let zone = Zone::default();
    zone.addresses(NAME, &[[10, 0, 0, 2], [10, 0, 0, 1]]);
    let address = Address { host: NAME.to_owned(), port: 7000 };
    let found = Dns::addresses(address, env()).servers(vec![zone.serve().await]);
    let mut sets = Sets::of(&found);
    assert_eq!(sets.addresses().await, ["10.0.0.1:7000", "10.0.0.2:7000"]);
    zone.addresses(NAME, &[[10, 0, 0, 2]]);
    assert_eq!(sets.addresses().await, ["10.0.0.2:7000"]);
    // A name that is gone takes nobody away.
    zone.set(NAME, Vec::new());
    let none = tokio::time::timeout(std::time::Duration::from_millis(300), sets.next()).await;
    assert!(none.is_err(), "{none:?}");
    zone.addresses(NAME, &[[10, 0, 0, 3]]);
    assert_eq!(sets.addresses().await, ["10.0.0.3:7000"]);
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_told() {
    let address = Address { host: "nobody.test.".to_owned(), port: 1 };
    let found = Dns::addresses(address, env()).servers(vec![Zone::default().serve().await]);
    let error = Sets::of(&found).next().await.unwrap_err();
    assert!(error.message().contains("no address of nobody.test. is found"), "{error}");
}

#[tokio::test]
async fn srv_records_say_ports_weights_and_priorities() {
    let zone = Zone::default();
    let name = "_grpc._tcp.orders.test.";
    zone.services(name, &[(10, 60, 7001, "a.test."), (20, 5, 7002, "b.test.")]);
    zone.addresses("a.test.", &[[10, 0, 0, 1], [10, 0, 0, 2]]);
    zone.addresses("b.test.", &[[10, 0, 0, 3]]);
    let found = Dns::srv(name, env()).servers(vec![zone.serve().await]);
    let mut sets = Sets::of(&found);
    let set = sets.next().await.unwrap();
    let shown: Vec<_> = set.iter().map(|e| (e.address.to_string(), e.weight, e.priority)).collect();
    let wanted = [("10.0.0.1:7001", 60, 10), ("10.0.0.2:7001", 60, 10), ("10.0.0.3:7002", 5, 20)];
    assert_eq!(shown, wanted.map(|(at, weight, priority)| (at.to_owned(), weight, priority)));
    // The service says that it is not there: a target that is the root (RFC 2782).
    zone.services(name, &[(0, 0, 0, ".")]);
    assert_eq!(sets.addresses().await, Vec::<String>::new());
}

#[test]
fn urls_of_names_are_read() {
    assert!(Target::parse("dns://orders.shop.test:7000").is_ok());
    assert!(Target::parse("srv://_grpc._tcp.orders.test").is_ok());
}
