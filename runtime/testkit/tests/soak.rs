//! A soak over SQLite files with processes that are killed at random moments: 3,000 messages and 6 kills, or
//! `SVCKIT_SOAK=1000000 SVCKIT_KILLS=200 cargo test -p svckit-testkit --test soak`.

use std::process::ExitCode;

use svckit_testkit::conformance::messages::{self, Soaked, WORKER};

fn main() -> ExitCode {
    if let Ok(setup) = std::env::var(WORKER) {
        return match messages::child(&setup) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                println!("failed: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let number = |name: &str, otherwise| {
        let text = std::env::var(name).ok();
        text.map_or(otherwise, |text| text.parse().expect("a number of messages or kills"))
    };
    let (messages, kills) = (number("SVCKIT_SOAK", 3_000), number("SVCKIT_KILLS", 6));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_time().build().expect("a runtime");
    let Soaked { messages, kills, redelivered, seconds } =
        runtime.block_on(messages::soak(messages, kills));
    println!(
        "{messages} messages, {kills} kills, {redelivered} redelivered, {seconds:.1} s, {:.0}/s: none lost, no effect twice",
        f64::from(messages) / seconds
    );
    ExitCode::SUCCESS
}
