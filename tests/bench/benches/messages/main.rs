//! A durable message from its publisher through a handler to its settlement: beside a plain loop of rusqlite that inserts
//! and deletes the same bytes with the same durability, a transaction each, and beside Watermill's SQL pub/sub in Go on
//! PostgreSQL. All take turns.

#![allow(clippy::disallowed_methods, reason = "what measures time reads the clock")]

mod plain;
mod pump;
mod waiting;
mod watermill;

use svckit_bench::{Contest, Runner, in_earnest};
use tokio::runtime::Runtime;

use crate::pump::{Bare, Whole};
use crate::watermill::Watermill;

/// Publishers at once.
const AT_ONCE: usize = 64;
/// Bytes of a message.
const LENGTH: usize = 256;

fn main() {
    let runtime = Runtime::new().expect("threads can be started");
    let directory = tempfile::tempdir().expect("there is room on the disk");
    let at = |name: &str| directory.path().join(name);
    let (rounds, messages) = if in_earnest() { (9, 4_096) } else { (1, 64) };

    let bare = |name: &str, key| runtime.block_on(Bare::start(&at(name), key));
    let free = bare("free.sqlite", |_| String::new());
    let keyed = bare("keyed.sqlite", |number| format!("order-{:06}", number % 1_000));
    let whole = runtime.block_on(Whole::start(directory.path()));
    let loops = plain::open(&at("plain.sqlite"));
    let body = [7; LENGTH];

    let mut runners: Vec<Runner<'_>> = vec![
        ("publish, handle, ack", Box::new(|| runtime.block_on(free.lap(messages)))),
        ("the same with keys in order", Box::new(|| runtime.block_on(keyed.lap(messages)))),
        ("command, outbox, inbox, ack", Box::new(|| runtime.block_on(whole.lap(messages)))),
        ("a plain loop", Box::new(|| plain::run(&loops, messages, &body))),
    ];
    if let Some(mut peer) = peer(directory.path()) {
        runners.push(("Watermill on PostgreSQL", Box::new(move || peer.lap(messages))));
    }
    let peers = runners.len() - 3;
    let contest = Contest::hold(rounds, runners);
    contest.report_all(messages);
    for ours in 0..3 {
        contest.report_throughput(ours, 3, 0.5);
        if peers > 1 {
            contest.report_throughput(ours, 4, 5.0);
        }
    }
    runtime.block_on(async {
        free.end().await;
        keyed.end().await;
        whole.end().await;
    });
    let waiting = if in_earnest() { 1_000_000 } else { 1_000 };
    waiting::start(&runtime, &at("waiting.sqlite"), waiting, rounds);
}

/// Watermill, if it can be had here; a test of this bench leaves it out.
fn peer(directory: &std::path::Path) -> Option<Watermill> {
    if !in_earnest() {
        return None;
    }
    let started = Watermill::start(directory);
    started.inspect_err(|why| println!("not run: Watermill: {why}")).ok()
}
