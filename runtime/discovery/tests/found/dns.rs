//! Names at a name server that forgets, and changes its mind.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use svckit_discovery::dns::Dns;
use svckit_discovery::{Address, Target};
use tokio::net::UdpSocket;

use super::{Sets, env};

/// What a name server knows.
#[derive(Clone, Default)]
struct Zone(Arc<Mutex<Records>>);

/// By name and kind.
type Records = HashMap<(String, RecordType), Vec<RData>>;

impl Zone {
    fn set(&self, name: &str, all: Vec<RData>) {
        let mut zone = self.0.lock().unwrap();
        for kind in [RecordType::A, RecordType::SRV] {
            zone.remove(&(name.to_owned(), kind));
        }
        if let Some(first) = all.first() {
            zone.insert((name.to_owned(), first.record_type()), all);
        }
    }

    fn addresses(&self, name: &str, all: &[[u8; 4]]) {
        self.set(name, all.iter().map(|ip| RData::A(A(Ipv4Addr::from(*ip)))).collect());
    }

    fn answer(&self, asked: &Message) -> Message {
        let mut answer = Message::response(asked.metadata.id, OpCode::Query);
        let zone = self.0.lock().unwrap();
        for query in &asked.queries {
            answer.add_query(query.clone());
            let name = query.name().to_string();
            match zone.get(&(name.clone(), query.query_type())) {
                Some(all) => {
                    for data in all {
                        answer.add_answer(Record::from_rdata(
                            query.name().clone(),
                            1,
                            data.clone(),
                        ));
                    }
                }
                None if zone.keys().any(|(known, _)| *known == name) => {}
                None => answer.metadata.response_code = ResponseCode::NXDomain,
            }
        }
        answer
    }

    async fn serve(&self) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (at, zone) = (socket.local_addr().unwrap(), self.clone());
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let asked = Message::from_vec(&buffer[..length]).unwrap();
                let answer = zone.answer(&asked).to_vec().unwrap();
                socket.send_to(&answer, from).await.unwrap();
            }
        });
        at
    }
}

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
    let srv = |priority, weight, port, host: &str| {
        RData::SRV(SRV::new(priority, weight, port, Name::from_ascii(host).unwrap()))
    };
    let name = "_grpc._tcp.orders.test.";
    zone.set(name, vec![srv(10, 60, 7001, "a.test."), srv(20, 5, 7002, "b.test.")]);
    zone.addresses("a.test.", &[[10, 0, 0, 1], [10, 0, 0, 2]]);
    zone.addresses("b.test.", &[[10, 0, 0, 3]]);
    let found = Dns::srv(name, env()).servers(vec![zone.serve().await]);
    let mut sets = Sets::of(&found);
    let set = sets.next().await.unwrap();
    let shown: Vec<_> = set.iter().map(|e| (e.address.to_string(), e.weight, e.priority)).collect();
    let wanted = [("10.0.0.1:7001", 60, 10), ("10.0.0.2:7001", 60, 10), ("10.0.0.3:7002", 5, 20)];
    assert_eq!(shown, wanted.map(|(at, weight, priority)| (at.to_owned(), weight, priority)));
    // The service says that it is not there: a target that is the root (RFC 2782).
    zone.set(name, vec![srv(0, 0, 0, ".")]);
    assert_eq!(sets.addresses().await, Vec::<String>::new());
}

#[test]
fn urls_of_names_are_read() {
    assert!(Target::parse("dns://orders.shop.test:7000").is_ok());
    assert!(Target::parse("srv://_grpc._tcp.orders.test").is_ok());
}
