//! The run, short: what a change has to pass.

use std::time::Duration;

use svckit_interop::{not_run, program};
use svckit_outage::amplify::amplification;
use svckit_outage::run::{Plan, Verdict, contracts, run};
use tokio::sync::Mutex;

/// Load of its own for each test.
static ALONE: Mutex<()> = Mutex::const_new(());
/// How often it is tried where this machine has no time for it.
const TRIES: u32 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_others_keep_their_promises_while_one_is_hurt() {
    let plan = Plan {
        program: program("shop", "shop"),
        contracts: contracts(),
        hurt: "inventory".to_owned(),
        time: Duration::from_secs(4),
        rate: 15.0,
        plot: None,
    };
    let _alone = ALONE.lock().await;
    let (mut busy, mut broken) = (String::new(), Vec::new());
    for _ in 0..TRIES {
        match run(&plan).await.expect("it can be played") {
            Verdict::Held => return,
            Verdict::Wrong(wrong) => panic!("{}", wrong.join("\n")),
            // Of so few calls one that this machine forgot for a moment is 1 of 100: what is broken is so each time.
            Verdict::Broken(promises) => broken.extend(promises),
            Verdict::Busy(why) => busy = why,
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    not_run("the shop under load", &format!("a machine that has time for it ({busy})"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_over_sockets_is_not_multiplied() {
    let _alone = ALONE.lock().await;
    let (mut rate, mut busy) = (200, String::new());
    for _ in 0..TRIES {
        let played = amplification(Duration::from_secs(3), rate).await;
        let (table, verdict) = played.expect("it can be played");
        println!("{table}");
        match verdict {
            Verdict::Held => return,
            Verdict::Broken(wrong) | Verdict::Wrong(wrong) => {
                panic!("{table}{}", wrong.join("\n"))
            }
            Verdict::Busy(why) => (rate, busy) = (rate / 2, why),
        }
    }
    not_run("an outage over sockets", &format!("a machine that has time for it ({busy})"));
}
