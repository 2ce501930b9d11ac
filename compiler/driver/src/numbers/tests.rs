use std::fs;

use super::*;
use crate::load::{Start, load};
use crate::testing::Folder;
use crate::{Checked, check};

const CONTRACT: &str = "\
package shop.v1

policy Interactive {
  timeout  { connect 100ms  attempt 800ms  total 2s }
  retry    { attempts 3  backoff exponential 50ms..1s  budget 20% min 10/s }
  bulkhead { concurrent 64  queue 128 }
  limit    { rate 500/s  burst 100 }
}

policy Plain extends Interactive {
  limit none because \"inside\"
}

service Orders {
  query Get(id @1: uuid) -> bool
    policy Interactive
    slo    availability 99.9%, latency p99 50ms
}
";

fn checked(folder: &Folder, text: &str) -> Checked {
    folder.write("a.svc", text);
    let checked = check(load(&Start::Loose(vec![folder.path().to_owned()]), folder.path()));
    assert!(!checked.has_errors(), "{}", checked.rendered(false));
    checked
}

fn proof(config: &str) -> Vec<String> {
    let folder = Folder::new();
    let checked = checked(&folder, CONTRACT);
    let path = folder.path().join("prod.toml");
    fs::write(&path, config).expect("a file");
    let proof = prove(&checked, &path, "prod.toml").expect("it can be read");
    let text = |d: &svckit_diagnostics::Diagnostic| format!("{} {:?}", d.message, d.help);
    proof.diagnostics.iter().map(text).collect()
}

#[test]
fn every_number_can_be_read_and_written_and_is_itself() {
    let folder = Folder::new();
    let mut world = checked(&folder, CONTRACT).world;
    let id = world.policies.ids().find(|id| world.policies[*id].info.name == "Interactive");
    let numbers = &mut world.policies[id.expect("it is declared")].numbers;
    for number in NUMBERS.iter().filter(|n| !n.name.starts_with("hedge.")) {
        let old = (number.get)(numbers).unwrap_or_else(|| panic!("{} is not there", number.name));
        let before = numbers.clone();
        assert!((number.set)(numbers, old), "{}", number.name);
        assert_eq!(*numbers, before, "{} is written as it is read", number.name);
        assert!((number.set)(numbers, old + 1_000_000), "{}", number.name);
        assert_ne!(*numbers, before, "{} changes something", number.name);
        *numbers = before;
        let text = number.unit.text(old);
        assert_eq!(number.unit.parse(&text), Some(old), "{}: {text}", number.name);
    }
}

#[test]
fn units_are_written_as_contracts_write_them() {
    let times = [("900ms", 900_000_000), ("2s", 2_000_000_000), ("90s", 90_000_000_000)];
    for (text, value) in times {
        assert_eq!(
            (Unit::Time.parse(text), Unit::Time.text(value)),
            (Some(value), text.to_owned())
        );
    }
    assert_eq!(Unit::Rate.parse("600/m"), Some(10_000));
    assert_eq!(Unit::Percent.text(99_950), "99.95%");
    for (unit, text) in [
        (Unit::Time, "900"),
        (Unit::Time, "0s"),
        (Unit::Time, "99999999999999d"),
        (Unit::Percent, "120%"),
        (Unit::Percent, "20"),
        (Unit::Rate, "5"),
        (Unit::Rate, "0/s"),
        (Unit::Count, "-1"),
        (Unit::Count, "5000000000"),
    ] {
        assert_eq!(unit.parse(text), None, "{text}");
    }
}

#[test]
fn numbers_that_hold_together_are_taken_and_others_refused_with_the_reason() {
    let good = "listen = \"0.0.0.0:1\"\n[policy.\"shop.v1.Interactive\"]\ntimeout.attempt = \"900ms\"\nretry.attempts = 2\nretry.budget = \"10%\"\n";
    assert_eq!(proof(good), [""; 0]);
    let slow = "[policy.\"shop.v1.Interactive\"]\ntimeout.attempt = \"3s\"\n";
    let wanted =
        "policy `Interactive` can't hold together: one attempt may take 3s, the whole call 2s []";
    assert_eq!(proof(slow), [wanted]);
    let both = "[policy.\"shop.v1.Interactive\".timeout]\nattempt = \"3s\"\ntotal = \"10s\"\n";
    assert_eq!(proof(both), [""; 0], "together they hold");
}

#[test]
fn what_is_misspelt_is_told_with_what_is_right() {
    let cases = [
        ("[policy.\"shop.v1.Interactiv\"]\n", "did you mean `shop.v1.Interactive`?"),
        (
            "[policy.\"shop.v1.Interactive\"]\ntimeout.atempt = \"1s\"",
            "did you mean `timeout.attempt`?",
        ),
        ("[policy.\"shop.v1.Interactive\"]\ntimeout.attempt = 900", "must be a duration such as"),
        ("[policy.\"shop.v1.Interactive\"]\nretry.attempts = 0.5", "must be a whole number"),
        ("[policy.\"shop.v1.Plain\"]\nlimit.rate = \"5/s\"", "policy `Plain` has no `limit`"),
        ("[polcy]\n", "overrides no number of a policy"),
        ("policy = 3", "overrides no number of a policy"),
        ("[policy", "this is not TOML"),
        ("[policy.\"shop.v1.Interactive\"]\n", ""),
    ];
    for (config, wanted) in cases {
        let found = proof(config).join("\n");
        assert_eq!(found.is_empty(), wanted.is_empty(), "{config}: {found}");
        assert!(found.contains(wanted), "{config}: {found}");
    }
}

#[test]
fn a_range_ends_where_a_rule_fires_or_numbers_contradict_each_other() {
    let folder = Folder::new();
    let found = ranges(&checked(&folder, CONTRACT));
    let of = |number: &str| {
        let mine = |r: &&Range| r.of.name() == "shop.v1.Interactive" && r.number == number;
        found.iter().find(mine).unwrap_or_else(|| panic!("{number} has a range"))
    };
    let end = |end: &Option<End>| end.as_ref().map(|e| (Unit::Time.text(e.value), e.rule));
    let attempt = of("timeout.attempt");
    assert_eq!(attempt.value, 800_000_000);
    assert_eq!(end(&attempt.min), Some(("100ms".into(), "policy-contradiction")));
    // Three attempts, a pause of 50 ms and one of 100 ms: the third begins in time as long as two take 1.85 s.
    assert_eq!(end(&attempt.max), Some(("924ms".into(), "dead-attempt")));
    let slos = found.iter().filter(|r| r.number.starts_with("slo.")).count();
    assert_eq!(slos, 2);
    let text = to_text(&found);
    let read: serde_json::Value = serde_json::from_str(&text).expect("JSON on one line");
    assert_eq!(read.as_array().map(Vec::len), Some(found.len()));
    assert!(!text.contains('\n'));
}

/// A caller whose attempt has to last for what its callee calls.
const CHAIN: &str = "\
package shop.v1

policy Outer {
  timeout { connect 50ms  attempt 2s  total 5s }
  retry   { attempts 2  backoff constant 50ms }
}

policy Inner {
  timeout { connect 50ms  attempt 400ms  total 1s }
  retry   { attempts 2  backoff constant 50ms }
}

service Front {
  query Ask() -> bool
    policy Outer
    calls  Back.Know
    slo    availability 99.5%, latency p99 1s
}

service Back {
  query Know() -> bool
    policy Inner
    slo    availability 99.9%, latency p99 300ms
}
";

#[test]
fn at_the_ends_of_a_range_nothing_fires_and_one_step_beyond_something_does() {
    let folder = Folder::new();
    let checked = checked(&folder, CHAIN);
    let path = folder.path().join("one.toml");
    let mut ends = 0;
    for range in ranges(&checked).iter().filter(|r| matches!(r.of, RangeOf::Policy(_))) {
        let (_, _, step) = range.unit.domain();
        let steps = [
            (&range.min, range.min.as_ref().map(|e| e.value - step)),
            (&range.max, range.max.as_ref().map(|e| e.value + step)),
        ];
        for (end, beyond) in steps {
            let (Some(end), Some(beyond)) = (end, beyond) else { continue };
            ends += 1;
            let proved = |value: u64| {
                let value = range.unit.text(value);
                let quoted = if range.unit == Unit::Count { value } else { format!("\"{value}\"") };
                let config =
                    format!("[policy.\"{}\"]\n{} = {quoted}\n", range.of.name(), range.number);
                fs::write(&path, config).expect("a file");
                let proof = prove(&checked, &path, "one.toml").expect("it can be read");
                proof.diagnostics.into_iter().map(|d| d.message).collect::<Vec<_>>()
            };
            assert_eq!(proved(end.value), [""; 0], "{range:?}");
            let refused = proved(beyond).join("\n");
            assert!(refused.contains(&end.message), "{range:?}: {refused}");
        }
    }
    assert!(ends >= 8, "{ends} ends");
}

#[test]
fn slos_have_ranges_that_name_the_rule() {
    let folder = Folder::new();
    let found = ranges(&checked(&folder, CHAIN));
    let availability = found
        .iter()
        .find(|r| r.of.name() == "shop.v1.Front.Ask" && r.number == "slo.availability")
        .expect("it promises one");
    // What it depends on answers in 99.9 % of cases.
    let max = availability.max.as_ref().expect("nobody can promise more than what it depends on");
    assert_eq!((Unit::Percent.text(max.value).as_str(), max.rule), ("99.9%", "slo-infeasible"));
}

#[test]
fn several_overrides_may_be_refused_together_that_are_safe_alone() {
    let folder = Folder::new();
    let checked = checked(&folder, CHAIN);
    let path = folder.path().join("all.toml");
    let prove_all = |text: &str| {
        fs::write(&path, text).expect("a file");
        prove(&checked, &path, "all.toml").expect("it can be read")
    };
    let outer = "[policy.\"shop.v1.Outer\"]\ntimeout.attempt = \"1s\"\n";
    let inner =
        "[policy.\"shop.v1.Inner\"]\ntimeout.attempt = \"700ms\"\ntimeout.total = \"1800ms\"\n";
    assert!(prove_all(outer).diagnostics.is_empty());
    assert!(prove_all(inner).diagnostics.is_empty());
    let both = prove_all(&format!("{outer}{inner}"));
    assert_eq!(both.count, 3);
    let slugs: Vec<_> = both.diagnostics.iter().map(|d| d.code.slug).collect();
    assert!(slugs.contains(&"timeout-inversion") || slugs.contains(&"dead-attempt"), "{slugs:?}");
    assert!(both.diagnostics[0].labels.iter().any(|l| l.message == "overridden: 1s"));
}

#[test]
fn an_operation_is_overridden_by_its_name_after_its_policy() {
    let folder = Folder::new();
    let world = format!("{CHAIN}\nservice Alone {{\n  query Look() -> bool\n}}\n");
    let checked = checked(&folder, &world);
    let path = folder.path().join("one.toml");
    let told = |text: &str| {
        fs::write(&path, text).expect("a file");
        let proof = prove(&checked, &path, "one.toml").expect("it can be read");
        proof.diagnostics.into_iter().map(|d| d.message).collect::<Vec<_>>()
    };
    let know = "[policy.\"shop.v1.Back.Know\"]\ntimeout.total = ";
    assert_eq!(told(&format!("{know}\"1200ms\"")), [""; 0]);
    let policy = "[policy.\"shop.v1.Inner\"]\ntimeout.total = ";
    for (text, limit) in
        [(format!("{know}\"100ms\""), "100ms"), (format!("{policy}\"100ms\""), "100ms")]
    {
        let told = told(&text).join("\n");
        assert!(told.contains("can't hold together") && told.contains(limit), "{told}");
    }
    // What the policy is given holds for the operation, unless it is given another number itself.
    let both = format!("{policy}\"100ms\"\n{know}\"1200ms\"");
    assert!(told(&both).iter().all(|m| !m.contains("`Know`")), "{:?}", told(&both));
    let look = "[policy.\"shop.v1.Alone.Look\"]\n";
    assert_eq!(told(&format!("{look}timeout.attempt = \"1200ms\"\nretry.attempts = 2")), [""; 0]);
    let table = [
        ("timeout.attempt = \"2100ms\"", "may be 500ms to 2s"),
        ("timeout.total = \"1s\"", "may be 1500ms to 6s"),
        ("retry.attempts = 4", "may be 1 to 3"),
    ];
    for (number, range) in table {
        let told = told(&format!("{look}{number}")).join("\n");
        assert!(told.contains("names no policy") && told.contains(range), "{number}: {told}");
    }
    let unknown = told("[policy.\"shop.v1.Back.Knew\"]\ntimeout.total = \"1s\"");
    assert_eq!(unknown, ["there is no policy, service or operation `shop.v1.Back.Knew`"]);
}
