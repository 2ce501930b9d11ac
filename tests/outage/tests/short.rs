//! The run, short: what a change has to pass.

use std::time::Duration;

use svckit_interop::program;
use svckit_outage::amplify::{Outage, amplification};
use svckit_outage::house::Between;
use svckit_outage::run::{Plan, Verdict, contracts, run};
use tokio::sync::Mutex;

/// Load of its own for each test.
static ALONE: Mutex<()> = Mutex::const_new(());
/// How often it is tried where this machine has no time for it.
const TRIES: u32 = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_others_keep_their_promises_while_one_is_hurt() {
    let plan = Plan {
        program: program("shop", "shop"),
        contracts: contracts(),
        between: Between::Grpc,
        hurt: vec!["inventory".to_owned()],
        time: Duration::from_secs(4),
        rate: 15.0,
        plot: None,
    };
    let _alone = ALONE.lock().await;
    let (mut busy, mut broken, mut judged) = (String::new(), Vec::new(), 0);
    for _ in 0..TRIES {
        match run(&plan).await.expect("it can be played") {
            Verdict::Held => return,
            Verdict::Wrong(wrong) => panic!("{}", wrong.join("\n")),
            // Of so few calls one that this machine forgot for a moment is 1 of 100: what is broken is so each time.
            Verdict::Broken(promises) => {
                judged += 1;
                broken.extend(promises);
            }
            Verdict::Busy(why) => busy = why,
        }
    }
    assert!(judged < 2, "{}", broken.join("\n"));
    no_time("the shop under load", &busy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_over_sockets_is_not_multiplied() {
    not_multiplied(100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_is_one_of_a_part_of_the_answers() {
    not_multiplied(25).await;
}

async fn not_multiplied(fails: u32) {
    let _alone = ALONE.lock().await;
    let (mut rate, mut busy, time) = (200, String::new(), Duration::from_secs(3));
    for _ in 0..TRIES {
        let played = amplification(Outage { time, rate, fails }).await;
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
    no_time("an outage over sockets", &busy);
}

/// Tells that there was no time to judge, past what the harness keeps to itself. It fails no change: unlike a tool, time can't
/// be set up.
fn no_time(test: &str, why: &str) {
    use std::io::Write as _;
    writeln!(std::io::stderr(), "not run: {test}: this machine has no time for it ({why})").ok();
}
