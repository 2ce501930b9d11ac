//! Four places of one service: one that is fine, one that is slow, one that falls silent, and one whose connections are
//! reset; by the system's clock, since each of them is late in a way of its own.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use svckit::{App, Running};
use svckit_testkit::net::{Fault, Proxy};

use crate::tuned::v1::tuned::{self, Client, QuickRequest};
use crate::world::{Callee, Probe};

ways! {
    bad_ones_among_good_ones
}

/// Longer than any breaker stays open, and all that a slow machine adds.
const HEALED: Duration = Duration::from_secs(60);

struct Mixed {
    slow: Arc<Probe>,
    proxies: Vec<Proxy>,
    client: Client,
    _running: [Running; 3],
}

async fn served(probe: Arc<Probe>) -> Running {
    let app = App::local().serve(tuned::server(Callee(probe)));
    app.listen("127.0.0.1:0").start().await.unwrap()
}

impl Mixed {
    async fn new(scheme: &str) -> Self {
        let slow = Arc::new(Probe::default());
        let (near, far) = (served(Arc::default()).await, served(slow.clone()).await);
        let mut proxies = Vec::new();
        for callee in [&near, &far, &near, &near] {
            proxies.push(Proxy::before(callee.address().unwrap()).await.unwrap());
        }
        let urls: Vec<_> =
            proxies.iter().map(|at| format!("{scheme}://{}", at.address())).collect();
        let caller = App::local().endpoint("tuned.v1.Tuned", urls.join(",")).start().await.unwrap();
        let client = Client::connect(&caller).await.unwrap();
        Self { slow, proxies, client, _running: [near, far, caller] }
    }

    fn hurt(&self, hurt: bool) {
        self.slow.slow.store(hurt, Ordering::SeqCst);
        let faults = if hurt { [Fault::Silent, Fault::ResetsRequests] } else { [Fault::None; 2] };
        self.proxies[2].switch(faults[0]);
        self.proxies[3].switch(faults[1]);
    }

    fn asked(&self) -> Vec<usize> {
        self.proxies.iter().map(Proxy::asked).collect()
    }

    /// So many calls; how many of them failed, and how often each place was gone to.
    async fn calls(&self, count: usize) -> (usize, Vec<usize>) {
        let (before, mut failed) = (self.asked(), 0);
        for _ in 0..count {
            let request = QuickRequest { id: String::new() };
            if let Err(error) = self.client.quick(request).await {
                eprintln!("{error:?}");
                failed += 1;
            }
        }
        let grown = self.asked().iter().zip(before).map(|(after, before)| after - before).collect();
        (failed, grown)
    }
}

/// Nearly all calls end well all along; who is bad is left in peace, but for a look from time to time, and taken back.
async fn bad_ones_among_good_ones(scheme: &str) {
    let mixed = Mixed::new(scheme).await;
    let (failed, asked) = mixed.calls(60).await;
    assert_eq!(failed, 0);
    assert!(asked.iter().all(|asked| *asked > 0), "all are called: {asked:?}");
    mixed.hurt(true);
    let (failed, _) = mixed.calls(100).await;
    assert!(failed <= 5, "{failed} of 100 failed while nobody knew");
    let (failed, asked) = mixed.calls(100).await;
    assert!(failed <= 2, "{failed} of 100 failed");
    assert!(asked[0] > 3 * (asked[1] + asked[2] + asked[3]), "{asked:?}");
    mixed.hurt(false);
    let all_are_called = async {
        while mixed.calls(100).await.1.iter().any(|asked| *asked < 5) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(HEALED, all_are_called).await.expect("all are taken back");
}
