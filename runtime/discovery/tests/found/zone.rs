//! A name server that a test holds in its hand.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

/// What a name server knows.
#[derive(Clone, Default)]
pub(crate) struct Zone(Arc<Mutex<Records>>);

/// By name and kind.
type Records = HashMap<(String, RecordType), Vec<RData>>;

impl Zone {
    pub(crate) fn set(&self, name: &str, all: Vec<RData>) {
        let mut zone = self.0.lock().unwrap();
        for kind in [RecordType::A, RecordType::SRV] {
            zone.remove(&(name.to_owned(), kind));
        }
        if let Some(first) = all.first() {
            zone.insert((name.to_owned(), first.record_type()), all);
        }
    }

    pub(crate) fn addresses(&self, name: &str, all: &[[u8; 4]]) {
        self.set(name, all.iter().map(|ip| RData::A(A(Ipv4Addr::from(*ip)))).collect());
    }

    /// A service at these places: priority, weight, port, host.
    pub(crate) fn services(&self, name: &str, all: &[(u16, u16, u16, &str)]) {
        let data = |(priority, weight, port, host): &(u16, u16, u16, &str)| {
            let host = Name::from_ascii(host).unwrap();
            RData::SRV(SRV::new(*priority, *weight, *port, host))
        };
        self.set(name, all.iter().map(data).collect());
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

    pub(crate) async fn serve(&self) -> SocketAddr {
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
