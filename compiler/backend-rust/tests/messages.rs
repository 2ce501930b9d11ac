//! What the runtime is told of messages: how long answers are kept, which versions are read in which way, and what is sensitive.

mod support;

use support::generated;

/// The text that a contract comes to, without its line breaks.
fn text(contract: &str) -> String {
    let files = generated(&[contract], &[]);
    let all: Vec<_> = files.iter().map(|(_, text)| text).collect();
    all.concat().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The statement that begins with `pub static NAME:`.
fn constant<'a>(text: &'a str, name: &str) -> &'a str {
    let begin = text.find(&format!("pub static {name}:")).expect("the constant");
    let length = text[begin..].find(';').expect("its end");
    &text[begin..begin + length]
}

#[test]
fn answers_are_kept_for_as_long_as_somebody_may_ask_again() {
    let text = text(
        r"
package keep.v1

service Keep {
  command Plain(id @1: string) idempotent by id
  command Said(id @1: string) idempotent by id retain 5d
  command Called(id @1: string) idempotent by id
  command Briefly(id @1: string) idempotent by id
  command Step(id @1: string) idempotent by id
  command Undo(id @1: string) undoes Step by id idempotent by id
  command Later(id @1: string) calls Called, Said queue { expires 3d }
  command Soon(id @1: string) calls Briefly queue { expires 1h }
}

saga Long of Keep (id @1: string) idempotent by id {
  deadline 4d
  parallel {
    step one: Step { id: id } undo Undo { id: key(one) }
    step two: Plain { id: id }
  }
}
",
    );
    let kept = |name: &str| {
        let constant = constant(&text, name);
        constant.split_once(".retain(").map(|(_, rest)| rest.split(')').next().unwrap_or_default())
    };
    let days = |days: u32| format!("rt::Duration::from_hours({}", 24 * days);
    assert_eq!(kept("SAID"), Some(days(5).as_str()));
    assert_eq!(kept("CALLED"), Some(days(3).as_str()));
    assert_eq!(kept("BRIEFLY"), None, "a day is longer");
    for of_saga in ["STEP", "UNDO", "PLAIN"] {
        assert_eq!(kept(of_saga), Some(days(4).as_str()), "{of_saga}");
    }
}

#[test]
fn functions_of_two_events_and_a_handler_of_one_name_are_told_apart() {
    let text = text(
        r"
package twins.v1

service A {
  event Sold v2 { id @1: string  at @2: timestamp } key id upcasts v1
  event Sold v1 { id @1: string } key id
}
service B {
  event Sold v2 { id @1: string  at @2: timestamp } key id upcasts v1
  event Sold v1 { id @1: string } key id
}
service C {
  on A.Sold do SoldFromV1
  on B.Sold do Other
  on A.Sold { id } do Again
}
",
    );
    let functions = text.split("fn ").filter(|rest| rest.starts_with("sold_from_v1"));
    let mut names: Vec<_> = functions.filter_map(|rest| rest.split('(').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["sold_from_v1", "sold_from_v1_", "sold_from_v1__"]);
}

#[test]
fn sensitive_fields_are_named_at_any_depth_of_any_shape() {
    let text = text(
        r"
package hidden.v1

record Leaf { pin_code @1: string sensitive  plain @2: string  up @3: Tree? }
record Tree { leaves @1: list<Leaf>  by_name @2: map<string, Leaf>  way @3: Way }
union Way { card @1: Leaf  cash @2: string sensitive }
record Apart { never @1: string sensitive }

service Hidden {
  event Grown { tree @1: Tree  id @2: string } key id
  event Clear { id @1: string } key id
  command Do(tree @1: Tree?  word @2: string sensitive) queue { concurrency 1 }
  query Show() -> Apart
}
",
    );
    assert!(constant(&text, "GROWN").contains(r#"of::<Grown>(&["cash", "pinCode"])"#), "{text}");
    assert!(constant(&text, "CLEAR").contains("of::<Clear>(&[])"), "{text}");
    let queue = constant(&text, "DO_QUEUE");
    assert!(queue.contains(r#"of::<DoRequest>(&["cash", "pinCode", "word"])"#), "{queue}");
}
