//! Files that are wrong, and files that go.

use std::io;
use std::sync::{Arc, Mutex};

use svckit::{App, Config};
use tracing_subscriber::fmt::MakeWriter;

use crate::tuned::v1::tuned;
use crate::world::{Callee, World};

ways! {
    what_is_refused_changes_nothing
    a_file_that_is_taken_away_takes_its_numbers_along
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What is wrong, and what is said of it, with its line.
const WRONG: [(&str, &str); 9] = [
    (
        "[policy.\"tuned.v1.Careful\"]\nretry.attempts = 2\ntimeout.attempt = \"11s\"",
        "line 3: policy `tuned.v1.Careful`: `timeout.attempt = 11s` is refused: beyond ",
    ),
    (
        "[policy.\"tuned.v1.Tuned.Plain\"]\ntimeout.attempt = \"200ms\"",
        "line 2: policy `tuned.v1.Tuned.Plain`: `timeout.attempt = 200ms` is refused: beyond 500ms",
    ),
    (
        "\n[policy.\"tuned.v1.Tuned\"]\nretry.attempts = 9",
        "line 3: policy `tuned.v1.Tuned.Get`: `retry.attempts = 9` is refused",
    ),
    (
        "[policy.\"tuned.v1.Careful\"]\nbreaker.half_open = 0",
        "line 2: policy `tuned.v1.Careful`: `breaker.half_open` must be a whole number such as 3, and not 0",
    ),
    (
        "[policy.\"tuned.v1.Carefull\"]\n",
        "line 1: there is no policy, service or operation `tuned.v1.Carefull`",
    ),
    (
        "[policy.\"tuned.v1.Careful\"]\nretry.attempt = 2",
        "line 2: policy `tuned.v1.Careful`: there is no number `retry.attempt`",
    ),
    ("[policy.\"tuned.v1.Careful\"]\nretry.attempts = ", "line 2, column"),
    ("[polcy.\"tuned.v1.Careful\"]\nretry.attempts = 2", "line 1, column"),
    ("listen = \"[::]:1\"\nlistn = \"x\"", "line 2, column"),
];

async fn what_is_refused_changes_nothing(scheme: &str) {
    let world = World::new(scheme).await;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let good = "[policy.\"tuned.v1.Careful\"]\ntimeout.attempt = \"4s\"";
    for side in [&world.ours, &world.theirs] {
        side.put(good);
        assert!(side.looked().await);
    }
    for side in [&world.ours, &world.theirs] {
        for (text, message) in WRONG {
            let _ = log.text();
            side.put(text);
            assert!(!side.looked().await, "{text}");
            let said = log.text();
            let path = side.path().display().to_string();
            assert!(said.contains(&path) && said.contains(message), "{text}\n{said}");
            assert_eq!(world.get("").await.unwrap(), 4_000, "{text}");
        }
        side.put(good);
        assert!(side.looked().await);
    }
}

async fn a_file_that_is_taken_away_takes_its_numbers_along(scheme: &str) {
    let world = World::new(scheme).await;
    world.ours.set("Careful", "timeout.attempt = \"5s\"").await;
    world.theirs.set("Careful", "timeout.total = \"6400ms\"\ntimeout.attempt = \"2s\"").await;
    assert_eq!(world.get("").await.unwrap(), 5_000);
    std::fs::remove_file(world.ours.path()).unwrap();
    // It may be on its way back; then it is not.
    world.ours.look().await;
    assert!(world.ours.looked().await);
    assert_eq!(world.get("").await.unwrap(), 3_000, "the contract's");
    world.ours.set("Careful", "timeout.attempt = \"9s\"").await;
    assert_eq!(world.get("").await.unwrap(), 6_400);
    std::fs::remove_file(world.theirs.path()).unwrap();
    world.theirs.look().await;
    assert!(world.theirs.looked().await);
    assert_eq!(world.get("").await.unwrap(), 9_000);
}

/// A process does not start with numbers that are not safe, and says where they are.
#[tokio::test]
async fn nothing_starts_with_a_file_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("svckit.toml");
    let variables = |name: &str| (name == "SVCKIT_CONFIG").then(|| path.display().to_string());
    for (text, message) in WRONG {
        std::fs::write(&path, text).unwrap();
        let started = match Config::from_variables(variables) {
            Ok(config) => {
                let config = Config { data: None, ..config };
                let app = App::with(config).serve(tuned::server(Callee(Arc::default())));
                app.start().await.map(drop)
            }
            Err(error) => Err(error),
        };
        let error = started.err().unwrap_or_else(|| panic!("it started with {text}")).to_string();
        let shown = path.display().to_string();
        assert!(error.contains(&shown) && error.contains(message), "{text}\n{error}");
    }
    std::fs::write(&path, "[policy.\"tuned.v1.Careful\"]\ntimeout.attempt = \"4s\"").unwrap();
    let config = Config { data: None, ..Config::from_variables(variables).unwrap() };
    let app = App::with(config).serve(tuned::server(Callee(Arc::default())));
    app.start().await.unwrap().shutdown().await;
}

/// The first call to a service goes by the file, though nothing could be said of its numbers before it was known.
#[tokio::test]
async fn the_first_call_goes_by_the_file() {
    let world = World::new("http").await;
    let side = crate::world::Side::default();
    side.put("[policy.\"tuned.v1.Careful\"]\ntimeout.attempt = \"4s\"\n[policy.\"tuned.v1.Tuned\"]\nretry.attempts = 2\n");
    let app = side.app().endpoint("tuned.v1.Tuned", world.server.url().unwrap());
    let app = app.start().await.unwrap();
    let client = tuned::Client::connect(&app).await.unwrap();
    let request = tuned::GetRequest { id: String::new() };
    assert_eq!(client.get(request).await.unwrap(), 4_000);
}
