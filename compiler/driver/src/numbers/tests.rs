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
    slo    availability 99.9%, latency p99 900ms
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
    let both = "[policy.\"shop.v1.Interactive\".timeout]\nattempt = \"3s\"\ntotal = \"4s\"\n";
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
fn a_range_ends_where_numbers_contradict_each_other() {
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
    assert_eq!(end(&attempt.max).map(|e| e.0), Some("2s".into()));
    assert_eq!(end(&of("retry.backoff_min").max).map(|e| e.0), Some("1s".into()));
    let slos = found.iter().filter(|r| r.number.starts_with("slo.")).count();
    assert_eq!(slos, 2);
    let text = to_text(&found);
    let read: serde_json::Value = serde_json::from_str(&text).expect("JSON on one line");
    assert_eq!(read.as_array().map(Vec::len), Some(found.len()));
    assert!(!text.contains('\n'));
}
