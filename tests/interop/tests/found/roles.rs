//! What the other processes do.

use std::io::BufRead as _;
use std::sync::Arc;

use svckit::{App, Config};

use crate::forms::v1::ItemId;
use crate::forms::v1::forms::{Client, WaitRequest, server};
use crate::process::SAID;
use crate::service::{Forms, Probe};

fn say(line: impl std::fmt::Display) {
    // Not by a macro, whose output the test harness keeps to itself.
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{SAID}{line}").unwrap();
    out.flush().unwrap();
}

fn lines() -> tokio::sync::mpsc::UnboundedReceiver<String> {
    let (sender, lines) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Plays the role that the environment names; a test without one has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn play() {
    match std::env::var("FORMS_ROLE").as_deref() {
        Ok("server") => serve().await,
        Ok("visitor") => visit().await,
        _ => {}
    }
}

async fn serve() {
    let probe = Arc::new(Probe::named(std::env::var("FORMS_NAME").unwrap_or_default()));
    let app = App::with(Config::default()).serve(server(Forms(probe.clone())));
    let running = app.listen("127.0.0.1:0").start().await.unwrap();
    say(running.address().unwrap());
    let (mut running, mut lines) = (Some(running), lines());
    while let Some(line) = lines.recv().await {
        match line.as_str() {
            "waiting" => {
                probe.waiting.acquire().await.unwrap().forget();
                say("waiting");
            }
            "go" => probe.go.add_permits(1),
            "drain" => {
                let running = running.take().unwrap();
                tokio::spawn(async move {
                    running.shutdown().await;
                    say("drained");
                });
                say("draining");
            }
            other => panic!("{other}"),
        }
    }
}

async fn visit() {
    let app = App::local().endpoint("forms.v1.Forms", std::env::var("FORMS_AT").unwrap());
    let client = Client::connect(&app).await.unwrap();
    say("ready");
    let mut lines = lines();
    while let Some(line) = lines.recv().await {
        match line.as_str() {
            "call" => match client.recent().await {
                Ok(item) => say(item.note.unwrap_or_default()),
                Err(error) => say(error.code().name()),
            },
            "wait" => {
                let client = client.clone();
                tokio::spawn(async move {
                    let id = ItemId::new("w").unwrap();
                    match client.wait(WaitRequest { id }).await {
                        Ok(item) => say(format_args!("waited {}", item.note.unwrap_or_default())),
                        Err(error) => say(format_args!("not waited: {error:?}")),
                    }
                });
            }
            other => panic!("{other}"),
        }
    }
}
