//! Places that a configuration names and that somebody else knows: endpoints come and go while calls run.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use svckit::{App, Config, KubernetesConfig, Running};
use svckit_testkit::net::Hand;

use crate::cluster::{endpoint, event, list, ready, slice_at};
use crate::server::{Lines, Server};
use crate::tuned::v1::tuned::{Client, GetRequest, server};
use crate::world::{Callee, Probe};
use crate::zone::Zone;

ways! {
    addresses_of_a_name
    records_of_services
    slices_of_a_cluster
}

/// No name is looked up sooner again.
const AGAIN: Duration = Duration::from_secs(5);

/// Three callees on one port, each at an address of its own.
async fn three() -> (u16, [Running; 3]) {
    let place = async |name: u8, port: u16| {
        let probe = Probe { name: name.into(), ..Probe::default() };
        let app = App::local().serve(server(Callee(Arc::new(probe))));
        app.listen(format!("127.0.0.{name}:{port}")).start().await.unwrap()
    };
    let first = place(1, 0).await;
    let port = first.address().unwrap().port();
    (port, [first, place(2, port).await, place(3, port).await])
}

struct Caller {
    hand: Hand,
    client: Client,
    _app: Running,
}

impl Caller {
    /// One whose configuration is this, as a file has it.
    async fn of(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("svckit.toml");
        std::fs::write(&path, config).unwrap();
        let variables = |name: &str| (name == "SVCKIT_CONFIG").then(|| path.display().to_string());
        let config = Config::from_variables(variables).unwrap();
        let config = Config { data: None, path: None, ..config };
        let hand = Hand::new(Duration::from_millis(900));
        let env = svckit::Env { clock: Arc::new(hand.clone()), ..svckit::Env::default() };
        let app = App::with_env(config, env).start().await.unwrap();
        let client = Client::connect(&app).await.unwrap();
        Self { hand, client, _app: app }
    }

    /// Who answers so many calls that each gets some, but for a chance of one in millions. None of them fails.
    async fn calls(&self) -> BTreeSet<u64> {
        let mut names = BTreeSet::new();
        for _ in 0..40 {
            let request = GetRequest { id: "WHO".to_owned() };
            names.insert(self.client.get(request).await.unwrap());
        }
        names
    }

    /// Calls, while time passes, until these answer and no others.
    async fn comes_to(&self, wanted: &[u64], pause: Duration) {
        let wanted: BTreeSet<u64> = wanted.iter().copied().collect();
        for _ in 0..500 {
            if self.calls().await == wanted {
                return;
            }
            self.hand.advance(pause);
        }
        panic!("the calls never became those of {wanted:?}: {:?}", self.calls().await);
    }
}

fn scheme(kind: &str, scheme: &str) -> String {
    scheme.replace("http", kind)
}

async fn addresses_of_a_name(way: &str) {
    let (port, [_first, second, third]) = three().await;
    let zone = Zone::default();
    zone.addresses("orders.test.", &[[127, 0, 0, 1]]);
    let (names, scheme) = (zone.serve().await, scheme("dns", way));
    let url = format!("{scheme}://{names}/orders.test.:{port}");
    let caller = Caller::of(&format!("[endpoints]\n\"tuned.v1.Tuned\" = \"{url}\"\n")).await;
    caller.comes_to(&[1], AGAIN).await;
    zone.addresses("orders.test.", &[[127, 0, 0, 1], [127, 0, 0, 2], [127, 0, 0, 3]]);
    caller.comes_to(&[1, 2, 3], AGAIN).await;
    zone.addresses("orders.test.", &[[127, 0, 0, 2], [127, 0, 0, 3]]);
    caller.comes_to(&[2, 3], AGAIN).await;
    // One is gone before its name is: what it does not answer another one does.
    second.shutdown().await;
    caller.comes_to(&[3], AGAIN).await;
    // Who knows the name is gone, and then the name: the last answer holds.
    zone.set("orders.test.", Vec::new());
    caller.hand.advance(Duration::from_secs(60));
    caller.comes_to(&[3], AGAIN).await;
    third.shutdown().await;
    zone.addresses("orders.test.", &[[127, 0, 0, 1]]);
    // The place that is left is not called for ever.
    for _ in 0..500 {
        let request = GetRequest { id: "WHO".to_owned() };
        if caller.client.get(request).await.ok() == Some(1) {
            return caller.comes_to(&[1], AGAIN).await;
        }
        caller.hand.advance(AGAIN);
    }
    panic!("the new place was never found");
}

async fn records_of_services(way: &str) {
    let (port, [_first, second, _third]) = three().await;
    let zone = Zone::default();
    for name in 1..=3 {
        zone.addresses(
            &format!("{}.test.", ["a", "b", "c"][name - 1]),
            &[[127, 0, 0, u8::try_from(name).unwrap()]],
        );
    }
    let name = "_orders._tcp.test.";
    zone.services(
        name,
        &[(10, 60, port, "a.test."), (10, 60, port, "b.test."), (20, 5, port, "c.test.")],
    );
    let (names, scheme) = (zone.serve().await, scheme("srv", way));
    let url = format!("{scheme}://{names}/{name}");
    let caller = Caller::of(&format!("[endpoints]\n\"tuned.v1.Tuned\" = \"{url}\"\n")).await;
    caller.comes_to(&[1, 2], AGAIN).await;
    zone.services(name, &[(10, 60, port, "b.test."), (20, 5, port, "c.test.")]);
    caller.comes_to(&[2], AGAIN).await;
    // The first choice is broken: the second one takes its place.
    second.shutdown().await;
    caller.comes_to(&[3], Duration::from_millis(100)).await;
    zone.services(name, &[(10, 60, port, "a.test."), (20, 5, port, "c.test.")]);
    caller.comes_to(&[1], AGAIN).await;
}

async fn slices_of_a_cluster(way: &str) {
    let (port, [_first, second, _third]) = three().await;
    let (cluster, scheme) = (Server::start().await, scheme("k8s", way));
    let account = tempfile::tempdir().unwrap();
    std::fs::write(account.path().join("token"), "let me in\n").unwrap();
    let config = format!(
        "[endpoints]\n\"tuned.v1.Tuned\" = \"{scheme}://orders.shop:grpc\"\n[kubernetes]\napi = \"{}\"\naccount = \"{}\"\n",
        cluster.url(),
        account.path().display()
    );
    let slice = |version, endpoints: &[_]| slice_at("orders-a", version, port, endpoints);
    let (one, two, three) = (ready("127.0.0.1"), ready("127.0.0.2"), ready("127.0.0.3"));
    let played = async {
        let asked = cluster.asked().await;
        assert!(asked.head.contains("authorization: bearer let me in"), "{}", asked.head);
        asked.answer("200 OK", "", &list(10, &[slice(5, std::slice::from_ref(&one))])).await;
        cluster.asked().await.begin().await
    };
    let (caller, mut watch): (_, Lines) = tokio::join!(
        async {
            let caller = Caller::of(&config).await;
            caller.comes_to(&[1], Duration::ZERO).await;
            caller
        },
        played
    );
    for (version, endpoints, names) in [
        (11, vec![one.clone(), two.clone(), three.clone()], &[1, 2, 3][..]),
        (12, vec![two.clone(), endpoint("127.0.0.1", false, true, true), three.clone()], &[2, 3]),
        (13, vec![two.clone()], &[2]),
    ] {
        watch.say(&event("MODIFIED", &slice(version, &endpoints))).await;
        caller.comes_to(names, Duration::ZERO).await;
    }
    // The API server is gone: what was found holds. It is there again, and has moved everything.
    drop(watch);
    caller.comes_to(&[2], Duration::ZERO).await;
    let played = async {
        let mut watch = cluster.asked().await.begin().await;
        watch.say(&event("MODIFIED", &slice(20, std::slice::from_ref(&three)))).await;
        watch
    };
    let moved = caller.comes_to(&[3], Duration::from_secs(1));
    let (_watch, ()) = tokio::join!(played, moved);
    second.shutdown().await;
    assert_eq!(caller.calls().await, BTreeSet::from([3]));
}

/// What a process can't do is told when it is wanted, with what to write.
#[tokio::test]
async fn a_cluster_that_is_nowhere_is_told() {
    let config = Config { kubernetes: KubernetesConfig::default(), ..Config::default() };
    let app = App::with(config).endpoint("tuned.v1.Tuned", "k8s://orders.shop:grpc");
    if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
        return;
    }
    let error = Client::connect(&app).await.expect_err("it is nowhere").to_string();
    assert!(error.contains("[kubernetes] api = "), "{error}");
}
