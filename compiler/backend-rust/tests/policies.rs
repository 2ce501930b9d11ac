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
