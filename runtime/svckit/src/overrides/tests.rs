use std::sync::Arc;
use std::time::Duration;

use svckit_core::clock::Env;
use svckit_core::operation::{BulkheadConfig, Live, Operation, PolicyConfig};

use super::*;

const RANGES: &str = r#"[
    {"policy": "t.v1.P", "number": "timeout.attempt", "unit": "nanoseconds", "value": "800ms", "raw": 800000000,
     "min": {"value": "50ms", "raw": 50000000, "rule": "timeout-inversion", "message": "the callee declares p99 50ms"},
     "max": {"value": "2s", "raw": 2000000000, "rule": "policy-contradiction", "message": "one attempt may take 3s"}},
    {"policy": "t.v1.P", "number": "timeout.total", "unit": "nanoseconds", "value": "2s", "raw": 2000000000, "min": null, "max": null},
    {"policy": "t.v1.P", "number": "bulkhead.concurrent", "unit": "count", "value": "4", "raw": 4, "min": null, "max": null},
    {"operation": "t.v1.T.Get", "number": "slo.availability", "unit": "thousandths of a percent", "value": "99%", "raw": 99000, "min": null, "max": null}
]"#;

const POLICY: PolicyConfig = PolicyConfig {
    bulkhead: Some(BulkheadConfig { concurrent: 4, queue: 4 }),
    ..PolicyConfig::STANDARD
};
static GET: Operation =
    Operation::query("t.v1.T", "Get", "/t.v1.T/Get").policy(POLICY).safe("t.v1.P", RANGES);
static OTHER: Operation =
    Operation::query("t.v1.T", "Other", "/t.v1.T/Other").policy(POLICY).safe("t.v1.Q", RANGES);

fn ranges() -> Ranges {
    let mut ranges = Ranges::default();
    ranges.add(RANGES).expect("well written");
    ranges
}

fn known() -> watch::Known {
    Box::new(|| Some((1, Ok(ranges()))))
}

fn refused(text: &str) -> String {
    ranges().judge(text).err().expect("refused").to_string()
}

#[test]
fn what_is_safe_holds_for_the_operations_of_that_policy_alone() {
    let text = "listen = \"x\"\n[policy.\"t.v1.P\"]\ntimeout.attempt = \"900ms\"\nbulkhead = { concurrent = 8 }\n";
    let live = Live::changing();
    assert_eq!(live.policy(&GET), POLICY);
    live.set(ranges().judge(text).expect("safe"));
    let now = live.policy(&GET);
    assert_eq!(now.timeout.attempt, Duration::from_millis(900));
    assert_eq!(now.bulkhead, Some(BulkheadConfig { concurrent: 8, queue: 4 }));
    assert_eq!(now.retry, POLICY.retry);
    assert_eq!(live.policy(&OTHER), POLICY);
    live.set(BTreeMap::new());
    assert_eq!(live.policy(&GET), POLICY, "what is written no more holds no more");
}

#[test]
fn what_is_not_safe_is_refused_with_the_rules_message() {
    let within = |line: &str| refused(&format!("[policy.\"t.v1.P\"]\n{line}\n"));
    for (line, wanted) in [
        (
            "timeout.attempt = \"49ms\"",
            "beyond 50ms, which is the least, timeout-inversion: the callee",
        ),
        ("timeout.attempt = \"3s\"", "beyond 2s, which is the most, policy-contradiction"),
        ("timeout.attempt = 3", "`timeout.attempt` must be a duration such as"),
        ("timeout.atempt = \"1s\"", "did you mean `timeout.attempt`?"),
        ("retry.attempts = 4", "the contract leaves `retry.attempts` out"),
        (
            "timeout.total = \"700ms\"",
            "`timeout.attempt` is more than `timeout.total`; change both",
        ),
        ("bulkhead.concurrent = -1", "must be a whole number such as 3"),
        ("bulkhead.concurrent = 0", "must be a whole number such as 3, and not 0"),
    ] {
        let message = within(line);
        assert!(message.contains(wanted), "{line}: {message}");
    }
    assert!(refused("[policy.\"t.v1.PP\"]\n").contains("did you mean `t.v1.P`?"));
    let none = Ranges::default().judge("[policy.\"t.v1.P\"]\n").err().expect("refused").to_string();
    assert!(none.contains("`ranges = \"true\"`"), "{none}");
}

#[test]
fn one_bad_number_refuses_the_file_and_each_is_named() {
    let text = "[policy.\"t.v1.P\"]\ntimeout.attempt = \"900ms\"\ntimeout.total = \"soon\"\nretry.attempts = 2\n";
    let message = refused(text);
    assert!(message.contains("timeout.total") && message.contains("retry.attempts"), "{message}");
}

static PLAIN: Operation = Operation::query("t.v1.S", "Plain", "/t.v1.S/Plain");
static NAMED: Operation = Operation::query("t.v1.S", "Named", "/t.v1.S/Named").policy(POLICY);
static SAFE: Operation =
    Operation::query("t.v1.S", "Safe", "/t.v1.S/Safe").policy(POLICY).safe("t.v1.P", RANGES);
static SERVICE: svckit_core::operation::ServiceDescriptor =
    svckit_core::operation::ServiceDescriptor {
        name: "t.v1.S",
        wire_name: "t.v1.S",
        operations: &[&PLAIN, &NAMED, &SAFE],
        calls: &[],
        auth: svckit_core::operation::Auth::NONE,
        file_descriptor: None,
    };

fn of_operations() -> Ranges {
    Ranges::of([&SERVICE]).expect("well written").expecting(["t.v1.Later".to_owned()])
}

#[test]
fn one_operation_is_overridden_by_its_name_and_no_other() {
    let live = Live::changing();
    let text = "[policy.\"t.v1.P\"]\ntimeout.attempt = \"900ms\"\n\
        [policy.\"t.v1.S.Plain\"]\ntimeout.attempt = \"1500ms\"\nretry.attempts = 2\n\
        [policy.\"t.v1.S.Safe\"]\nbulkhead.concurrent = 9\n\
        [policy.\"t.v1.Later.Get\"]\ntimeout.attempt = \"1s\"\n";
    live.set(of_operations().judge(text).expect("safe"));
    let plain = live.policy(&PLAIN);
    assert_eq!(plain.timeout.attempt, Duration::from_millis(1_500));
    assert_eq!(plain.retry.map(|retry| retry.attempts), Some(2));
    assert_eq!(plain.breaker, PLAIN.policy.breaker);
    assert_eq!(live.policy(&NAMED), POLICY);
    let safe = live.policy(&SAFE);
    assert_eq!(safe.bulkhead, Some(BulkheadConfig { concurrent: 9, queue: 4 }));
    assert_eq!(safe.timeout.attempt, Duration::from_millis(900), "the policy's, too");
    // Who calls it under a policy of their own keeps that.
    static UNDER: Operation =
        Operation::query("t.v1.S", "Plain", "/t.v1.S/Plain").policy(POLICY).safe("t.v1.Q", RANGES);
    assert_eq!(live.policy(&UNDER), POLICY);
}

#[test]
fn a_service_is_overridden_by_its_name_and_its_operations_have_the_last_word() {
    let live = Live::changing();
    let text = "[policy.\"t.v1.S.Plain\"]\ntimeout.attempt = \"1800ms\"\n\
        [policy.\"t.v1.S\"]\ntimeout.attempt = \"1500ms\"\nretry.attempts = 2\nbulkhead.concurrent = 9\n\
        [policy.\"t.v1.P\"]\ntimeout.attempt = \"900ms\"\ntimeout.total = \"4s\"\n";
    // An operation whose ranges have no `retry.attempts` does not keep the others from theirs.
    live.set(of_operations().judge(text).expect("safe"));
    let (plain, safe) = (live.policy(&PLAIN), live.policy(&SAFE));
    let attempts = [plain, safe].map(|policy| policy.timeout.attempt.as_millis());
    assert_eq!(attempts, [1_800, 1_500]);
    assert_eq!(plain.retry.map(|retry| retry.attempts), Some(2));
    assert_eq!(safe.retry, POLICY.retry);
    assert_eq!(safe.timeout.total, Duration::from_secs(4), "the policy's, too");
    assert_eq!(safe.bulkhead, Some(BulkheadConfig { concurrent: 9, queue: 4 }));
    for (line, expected) in [
        (
            "timeout.attempt = \"40ms\"",
            "line 2: policy `t.v1.S.Plain`: `timeout.attempt = 40ms` is refused",
        ),
        (
            "timeout.attempt = \"40ms\"",
            "line 2: policy `t.v1.S.Safe`: `timeout.attempt = 40ms` is refused",
        ),
        ("hedge.at_most = 2", "the contract leaves `hedge.at_most` out"),
        ("hedge.at_mos = 2", "did you mean `hedge.at_most`?"),
    ] {
        let refused = of_operations().judge(&format!("[policy.\"t.v1.S\"]\n{line}\n"));
        let error = refused.err().expect("refused").to_string();
        assert_eq!(error.matches(expected).count(), 1, "{expected}\n{error}");
    }
    let error = of_operations().judge("[policy.\"t.v1.SS\"]\n").err().expect("refused");
    assert!(error.to_string().contains("did you mean `t.v1.S`?"), "{error}");
}

#[test]
fn a_refusal_says_the_line_and_the_range() {
    let total = PLAIN.policy.timeout.total.as_millis();
    for (key, line, expected) in [
        ("t.v1.S.Plain", "retry.attempts = 9".to_owned(), "line 3: policy `t.v1.S.Plain`: `retry.attempts = 9` is refused: beyond 3, which is the most, standard".to_owned()),
        ("t.v1.S.Plain", "timeout.total = \"1ms\"".to_owned(), format!("it may be {}ms to {}ms", total / 2, total * 2)),
        ("t.v1.S.Named", String::new(), "line 2: there is no policy, service or operation `t.v1.S.Named`".to_owned()),
        ("t.v1.S.Safe", "timeout.attempt = \"3s\"".to_owned(), "it may be 50ms to 2s".to_owned()),
    ] {
        let text = format!("listen = \"x\"\n[policy.\"{key}\"]\n{line}\n");
        let error = of_operations().judge(&text).err().expect("refused").to_string();
        assert!(error.contains(&expected), "{expected}\n{error}");
    }
    // The parser's own messages say where, too.
    let broken = of_operations().judge("[policy.\"t.v1.P\"]\ntimeout = \n").err().expect("refused");
    assert!(broken.to_string().contains("line 2"), "{broken}");
}

/// Hears what becomes of files.
#[derive(Default)]
struct Heard(std::sync::Mutex<Vec<bool>>);

impl svckit_core::observe::Observer for Heard {
    fn observe(&self, event: &svckit_core::observe::Event<'_>) {
        if let svckit_core::observe::Event::Configured { taken, .. } = event {
            self.0.lock().expect("whole").push(*taken);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_a_file_is_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("svckit.toml");
    let attempt = |time: &str| format!("[policy.\"t.v1.P\"]\ntimeout.attempt = \"{time}\"\n");
    write(&path, &attempt("900ms"));
    let heard = Arc::new(Heard::default());
    let env = Env { live: Live::changing(), ..Env::default() }.observed_by(heard.clone());
    let _watched = Watched::start(Some(path.clone()), known(), env.clone()).expect("safe");
    let told = || std::mem::take(&mut *heard.0.lock().expect("whole"));
    let looked = || tokio::time::sleep(Duration::from_secs(9));
    let now = |env: &Env| env.live.policy(&GET).timeout.attempt.as_millis();
    looked().await;
    assert_eq!(told(), Vec::<bool>::new());
    // Half written, then whole, in another file of the same length.
    std::fs::write(&path, "[policy.\"t.v1.P\"]\ntimeout.att").expect("a file");
    looked().await;
    assert_eq!((told(), now(&env)), (vec![false], 900));
    write(&path, &attempt("800ms"));
    looked().await;
    assert_eq!((told(), now(&env)), (vec![true], 800));
    std::fs::remove_file(&path).expect("it was there");
    looked().await;
    let contracts = POLICY.timeout.attempt.as_millis();
    assert_eq!((told(), now(&env)), (vec![true], contracts), "once, however often it is looked");
    std::fs::create_dir(&path).expect("a folder in its place");
    looked().await;
    assert_eq!((told(), now(&env)), (vec![false], contracts), "once, too");
    std::fs::remove_dir(&path).expect("it was there");
    write(&path, &attempt("700ms"));
    looked().await;
    assert_eq!((told(), now(&env)), (vec![true], 700));
}

#[test]
fn numbers_are_read_as_a_contract_writes_them() {
    use numbers::Unit;
    for (unit, text, value) in [
        (Unit::Time, "250ms", Some(250_000_000)),
        (Unit::Time, "2m", Some(120_000_000_000)),
        (Unit::Time, "0s", None),
        (Unit::Time, "2", None),
        (Unit::Count, "4294967295", Some(4_294_967_295)),
        (Unit::Count, "4294967296", None),
        (Unit::Percent, "12.5%", Some(12_500)),
        (Unit::Percent, "100.001%", None),
        (Unit::Percent, "1.2345%", None),
        (Unit::Rate, "30/m", Some(500)),
        (Unit::Rate, "500/s", Some(500_000)),
        (Unit::Rate, "5/d", None),
    ] {
        assert_eq!(unit.parse(text), value, "{text}");
    }
}

/// Written over at one go, as deployments do, and with a length of its own so that a coarse clock of files does not matter.
fn write(path: &std::path::Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).expect("a file");
    std::fs::rename(beside, path).expect("in its place");
}

#[tokio::test(start_paused = true)]
async fn a_changed_file_is_taken_up_and_a_bad_one_leaves_what_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("svckit.toml");
    let attempt = |time: &str| format!("[policy.\"t.v1.P\"]\ntimeout.attempt = \"{time}\"\n");
    write(&path, &attempt("900ms"));
    let env = Env { live: Live::changing(), ..Env::default() };
    let looked = || tokio::time::sleep(Duration::from_secs(3));
    let now = |env: &Env| env.live.policy(&GET).timeout.attempt;
    let watched = Watched::start(Some(path.clone()), known(), env.clone()).expect("safe");
    assert_eq!(now(&env), Duration::from_millis(900));
    write(&path, &attempt("1100ms"));
    looked().await;
    assert_eq!(now(&env), Duration::from_millis(1_100));
    write(&path, &attempt("10000ms"));
    looked().await;
    assert_eq!(now(&env), Duration::from_millis(1_100), "refused");
    write(&path, "[polcy.\"t.v1.P\"]\n");
    looked().await;
    assert_eq!(now(&env), Duration::from_millis(1_100), "a mistake is not a file without numbers");
    std::fs::remove_file(&path).expect("it was there");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(now(&env), Duration::from_millis(1_100), "it may be written anew now");
    looked().await;
    assert_eq!(now(&env), POLICY.timeout.attempt, "it is gone for good");
    write(&path, &attempt("1200ms"));
    looked().await;
    assert_eq!(now(&env), Duration::from_millis(1_200));
    write(&path, "");
    looked().await;
    assert_eq!(now(&env), POLICY.timeout.attempt);
    drop(watched);
    write(&path, &attempt("900ms"));
    looked().await;
    assert_eq!(now(&env), POLICY.timeout.attempt, "nobody looks any more");
}

#[tokio::test]
async fn a_process_does_not_start_with_a_bad_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("svckit.toml");
    write(&path, "[policy.\"t.v1.P\"]\ntimeout.attempt = \"1ms\"\n");
    let env = Env { live: Live::changing(), ..Env::default() };
    let error = Watched::start(Some(path), known(), env).err().expect("refused").to_string();
    assert!(error.contains("svckit.toml") && error.contains("timeout-inversion"), "{error}");
}

/// Callers see the change without being made anew.
#[tokio::test(start_paused = true)]
async fn a_caller_has_the_numbers_that_hold_now() {
    use futures_util::FutureExt;
    use svckit_core::call::{Answer, Body, Metadata, OutgoingCall, Transport};
    struct Hangs;
    impl Transport for Hangs {
        fn call(
            &self,
            _: &'static Operation,
            _: OutgoingCall,
        ) -> futures_util::future::BoxFuture<'static, Result<Answer>> {
            std::future::pending().boxed()
        }
    }
    const ONCE: PolicyConfig = PolicyConfig { retry: None, breaker: None, ..POLICY };
    static ONE: Operation =
        Operation::query("t.v1.T", "One", "/t.v1.T/One").policy(ONCE).safe("t.v1.P", RANGES);
    let env = Env { live: Live::changing(), ..Env::default() };
    let policed = svckit_policy::Policed::new(Arc::new(Hangs), env.clone());
    let mut took = Vec::new();
    for text in ["", "[policy.\"t.v1.P\"]\ntimeout.attempt = \"200ms\"\n", ""] {
        env.live.set(ranges().judge(text).expect("safe"));
        let body = Body::One(bytes::Bytes::new());
        let call = OutgoingCall { meta: Metadata::default(), deadline: None, body };
        let start = tokio::time::Instant::now();
        assert!(policed.call(&ONE, call).await.is_err());
        took.push(start.elapsed().as_millis());
    }
    assert!(took[1] < 250 && took[0] >= 1_000 && took[2] >= 1_000, "{took:?}");
}
