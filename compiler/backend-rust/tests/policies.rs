//! Timeouts that no policy names follow from what is called.

mod support;

use support::generated;

const CONTRACT: &str = r#"
package shop.times.v1

policy Patient { timeout { attempt 10s  total 90m } }

service Leaf {
  query A() -> i32
  query B() -> i32
  query Slow() -> i32 policy Patient
}

service Middle {
  query Calls() -> i32 calls Leaf.A x2
  query Together() -> i32 calls parallel { Leaf.A, Leaf.B x3 }, Leaf.Slow with Patient
  query Around() -> i32 calls Middle.Back
  query Back() -> i32 calls Middle.Around
  query Hasty() -> i32 calls Leaf.A with Hurry, Leaf.B
}

policy Hurry { timeout { attempt 200ms  total 700ms }  retry { attempts 2 } }
"#;

/// The attempt and the total of a constant.
fn times<'a>(text: &'a str, constant: &str) -> (&'a str, &'a str) {
    let (_, rest) = text.split_once(&format!("const {constant}: ")).expect(constant);
    let after = |word: &str| {
        let (_, rest) = rest.split_once(&format!("{word}: rt::Duration::")).expect(word);
        rest.split_once(',').expect("a comma").0
    };
    (after("attempt"), after("total"))
}

#[test]
fn timeouts_add_up_over_what_is_called_and_circles_end() {
    let files = generated(&[CONTRACT], &[]);
    let text = files.get("shop.times.v1.rs").expect("the package");
    assert_eq!(times(text, "STANDARD_POLICY"), ("from_secs(1)", "from_secs(3)"));
    assert_eq!(times(text, "PATIENT_POLICY"), ("from_secs(10)", "from_mins(90)"));
    assert_eq!(times(text, "CALLS_POLICY"), ("from_secs(7)", "from_secs(9)"));
    // Three calls one after the other take longer than one beside them: 9 s. Then comes the slow one: three attempts
    // of 10 s, and pauses of 50 and 100 ms.
    assert_eq!(times(text, "TOGETHER_POLICY"), ("from_millis(40_150)", "from_millis(42_150)"));
    assert_eq!(times(text, "BACK_POLICY"), ("from_secs(4)", "from_secs(6)"));
    assert_eq!(times(text, "AROUND_POLICY"), ("from_secs(7)", "from_secs(9)"));
}

#[test]
fn the_runtime_is_told_the_redeliveries_that_rules_judge() {
    let text = r"
        package shop.again.v1
        policy Patient { retry { backoff linear 10s..2m } }
        error Busy is unavailable retryable after 1h
        service Desk {
          command Print(id @1: uuid) idempotent by id queue { attempts 4 } calls Press
          command Move(id @1: uuid) idempotent by id queue { expires 1h } policy Patient
          command Press(id @1: uuid) errors { Busy } idempotent by id
          command Take(id @1: uuid) idempotent by id emits Taken
          event Taken { id @1: uuid } key id
          on Taken do Weigh
        }
    ";
    let files = generated(&[text], &[]);
    let text: String =
        files.get("shop.again.v1.rs").expect("the package").split_whitespace().collect();
    for (name, told) in [
        (
            "PRINT_QUEUE",
            "4,rt::Pauses::exponential(rt::Duration::from_millis(200),rt::Duration::from_secs(3605)",
        ),
        (
            "MOVE_QUEUE",
            "10,rt::Pauses::linear(rt::Duration::from_secs(10),rt::Duration::from_mins(2)",
        ),
        (
            "WEIGH_ON",
            "10,rt::Pauses::exponential(rt::Duration::from_millis(200),rt::Duration::from_secs(30)",
        ),
    ] {
        let (_, rest) = text.split_once(&format!("static{name}:")).expect(name);
        let (_, rest) = rest.split_once(".redelivery(").expect(name);
        assert!(rest.starts_with(told), "{name}: {}", &rest[..120]);
    }
}

#[test]
fn a_caller_with_a_policy_has_the_operation_under_it() {
    let files = generated(&[CONTRACT], &[]);
    let text = files.get("shop.times.v1.rs").expect("the package");
    let (_, rest) = text.split_once("impl HastyLeaf<'_>").expect("the client of `Hasty`");
    let (client, _) = rest.split_once("\n    }\n").expect("its end");
    let (a, b) = client.split_once("fn b(").expect("two methods");
    let numbers =
        ["attempts: 2", "from_millis(200)", "from_millis(700)", "static OWN: rt::Operation"];
    for number in numbers {
        assert!(a.contains(number), "{number}: {a}");
    }
    assert!(a.contains("unary(&OWN"), "{a}");
    assert!(!b.contains("OWN"), "its own policy is the callee's: {b}");
}

const GUARDED: &str = r#"
package shop.guards.v1

policy Guarded {
  retry    { attempts 4  backoff linear 20ms..100ms jitter equal }
  breaker  { window 20s  failure_rate 40%  slow_call 300ms 70%  min_calls 10  open 2s..30s  half_open 2 }
  bulkhead { concurrent 8  queue 16 }
  limit    { rate 500/s  burst 100  per caller }
  outlier  { eject 20% }
}
policy Racing { hedge { after p95  at_most 2 }  breaker none because "it answers from memory" }

service Guards {
  policy Guarded
  query Rates() -> i32  fallback cached 5m
  query Count() -> u32  fallback value 7  shed above 80%
  query Few() -> u32    limit { rate 10/m  per tenant }
  query Raced() -> i32  policy Racing
  query Plain() -> i32  policy standard
}
"#;

/// What is written of a constant, on one line.
fn written(text: &str, constant: &str) -> String {
    let (_, rest) = text.split_once(&format!("{constant}: rt::")).expect(constant);
    let (value, _) = rest.split_once(";\n").expect("its end");
    value.split_whitespace().collect::<Vec<_>>().join(" ").replace(",)", ")")
}

#[test]
fn every_block_of_a_policy_is_written_and_none_that_is_as_in_standard() {
    let files = generated(&[GUARDED], &[]);
    let text = files.get("shop.guards.v1.rs").expect("the package");
    let guarded = written(text, "const GUARDED_POLICY");
    for part in [
        "window: rt::Duration::from_secs(20), failure_rate: 40, slow_call: rt::Duration::from_millis(300), slow_rate: 70",
        "min_calls: 10, open_min: rt::Duration::from_secs(2), open_max: rt::Duration::from_secs(30), half_open: 2",
        "rt::BulkheadConfig { concurrent: 8, queue: 16",
        "rt::LimitConfig { every: rt::Duration::from_millis(2), burst: 100, per: rt::LimitPer::Caller",
        "outlier: Some(20)",
    ] {
        assert!(guarded.contains(part), "{part}\n{guarded}");
    }
    let retry = written(text, "const GUARDED_RETRY");
    for part in ["attempts: 4", "backoff: rt::Backoff::Linear", "jitter: rt::Jitter::Equal"] {
        assert!(retry.contains(part), "{part}\n{retry}");
    }
    let racing = written(text, "const RACING_POLICY");
    assert!(racing.contains("breaker: None"), "{racing}");
    let hedge = "rt::HedgeConfig { after: rt::HedgeAfter::Permille(950), at_most: 2";
    assert!(racing.contains(hedge), "{racing}");
    let few = written(text, "const FEW_POLICY");
    let limit = "rt::LimitConfig { every: rt::Duration::from_secs(6), burst: ";
    assert!(few.contains(limit) && few.contains("rt::LimitPer::Tenant"), "{few}");
    let standard = written(text, "const STANDARD_POLICY");
    let blocks = ["breaker", "bulkhead", "limit", "hedge", "outlier"];
    assert!(!blocks.iter().any(|block| standard.contains(block)), "{standard}");
    assert!(written(text, "static RATES").contains(".fallback(rt::Fallback::Cached("));
    let count = written(text, "static COUNT");
    assert!(
        count.contains(".fallback(rt::Fallback::Value(") && count.contains(".shed(80)"),
        "{count}"
    );
}
