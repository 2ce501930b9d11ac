//! lint, check --stats, check --watch

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use super::sandbox::{BAD, Sandbox};

const HEDGED: &str = "package shop.v1\n\npolicy Quick {\n  hedge { after p95  at_most 1 }\n}\n\nservice Orders {\n  command Place(id @1: uuid)\n    policy Quick\n}\n";
const UNUSED: &str = "package shop.v1\n\nallow hedged-command because \"nothing is\"\nservice Orders {\n  query Get(id @1: uuid) -> bool\n}\n";

#[test]
fn lint_says_what_the_rules_find_and_nothing_else() {
    let sandbox = Sandbox::new();
    sandbox.write("a/a.svc", HEDGED).write("bad/bad.svc", BAD);
    let ran = sandbox.run(["lint", "a"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("hedged-command"), "{}", ran.stderr);
    let unused_import = "use other.v1 as other\n";
    sandbox
        .write("b/a.svc", UNUSED.replacen("\n\nallow", &format!("\n\n{unused_import}\nallow"), 1));
    sandbox.write("b/o.svc", "package other.v1\n");
    assert!(sandbox.run(["check", "b"]).stderr.contains("2 warnings"), "the import and the allow");
    assert!(sandbox.run(["lint", "b"]).stderr.contains("1 warning in"), "the allow alone");
    let bad = sandbox.run(["lint", "bad"]);
    assert_eq!(bad.code, Some(1));
    assert!(bad.stderr.contains("--> bad/bad.svc:4:9"), "{}", bad.stderr);
}

#[test]
fn fixes_are_shown_first_and_then_applied() {
    let sandbox = Sandbox::new();
    sandbox.write("a.svc", UNUSED);
    let dry = sandbox.run(["lint", "--fix", "--dry-run", "a.svc"]);
    assert_eq!(dry.code, Some(1));
    assert!(dry.stdout.contains("-allow hedged-command"), "{}", dry.stdout);
    assert!(dry.stderr.contains("1 fix would be applied in 1 contract"), "{}", dry.stderr);
    assert_eq!(sandbox.read("a.svc"), UNUSED);
    let done = sandbox.run(["lint", "--fix", "a.svc"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let allow = "allow hedged-command because \"nothing is\"\n";
    assert_eq!(sandbox.read("a.svc"), UNUSED.replace(allow, ""));
    assert_eq!(sandbox.run(["fmt", "--check", "a.svc"]).code, Some(0));
    assert!(sandbox.run(["lint", "--fix", "a.svc"]).stderr.contains("0 fixes applied"));
}

#[test]
fn a_baseline_hides_what_is_known_until_it_ends() {
    let sandbox = Sandbox::new();
    sandbox.write("svckit.toml", "version = 1\n[lint]\nbaseline = \"known.toml\"\n");
    sandbox.write("a.svc", HEDGED);
    assert_eq!(sandbox.run(["check"]).code, Some(1));
    let written = sandbox.run(["lint", "--write-baseline", "known.toml", "--until", "2999-12-31"]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let clean = sandbox.run(["check"]);
    assert_eq!(clean.stderr, "1 contract checked, nothing found\n");
    let moved = HEDGED.replace("  command", "\n  query Get(id @1: uuid) -> bool\n\n  command");
    sandbox.write("a.svc", moved);
    assert_eq!(sandbox.run(["check"]).code, Some(0), "where the line stands does not matter");
    let second = "  command Again(id @1: uuid)\n    policy Quick\n}\n";
    sandbox
        .write("b.svc", format!("package b.v1\n\nuse shop.v1.{{Quick}}\n\nservice B {{\n{second}"));
    assert!(sandbox.run(["check"]).stderr.contains("b.svc"), "what is new is told");
    let bad = sandbox.run(["lint", "--write-baseline", "x", "--until", "tomorrow"]);
    assert_eq!(bad.code, Some(2));
}

#[test]
fn stats_say_how_much_there_is() {
    let sandbox = Sandbox::new();
    sandbox.write("a.svc", UNUSED.replace("allow hedged-command because \"nothing is\"\n", ""));
    let text = sandbox.run(["check", "--stats", "a.svc"]).stdout;
    assert!(text.contains("services                    1\n"), "{text}");
    let json = sandbox.run(["check", "--stats", "--format", "json", "a.svc"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("one document");
    assert_eq!(json["stats"]["contents"]["operations"], 1);
    assert!(json["stats"]["microseconds"]["parse"].is_u64());
}

#[test]
fn a_watch_checks_anew_what_changes_and_parses_no_more() {
    let sandbox = Sandbox::new();
    sandbox.write("a.svc", UNUSED).write("b.svc", "package b.v1\n");
    let mut child = Command::new(env!("CARGO_BIN_EXE_svckit"))
        .args(["check", "--watch", "--stats", "."])
        .current_dir(sandbox.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program that cargo built");
    let mut stats = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut said = BufReader::new(child.stderr.take().expect("it is piped")).lines();
    let until = |lines: &mut dyn Iterator<Item = std::io::Result<String>>, wanted: &str| loop {
        let line = lines.next().expect("it runs on").expect("text");
        if line.contains(wanted) {
            return line;
        }
    };
    assert!(until(&mut stats, "parsed anew").ends_with(" 2"));
    until(&mut said, "watching ");
    sandbox.write("a.svc", HEDGED);
    until(&mut said, "changed: a.svc");
    until(&mut said, "error[hedged-command]");
    assert!(until(&mut stats, "parsed anew").ends_with(" 1"));
    child.kill().expect("it is our child");
    child.wait().expect("it ends");
}

const NUMBERS: &str = "package shop.v1\n\npolicy P {\n  timeout { connect 50ms  attempt 400ms  total 1s }\n  retry   { attempts 2  backoff constant 50ms }\n}\n\nservice S {\n  query Get() -> bool\n    policy P\n    slo    latency p99 300ms\n}\n";

#[test]
fn ranges_are_listed_with_what_fires_beyond() {
    let sandbox = Sandbox::new();
    sandbox.write("a.svc", NUMBERS);
    let text = sandbox.run(["check", "--ranges", "a.svc"]);
    assert_eq!(text.code, Some(0));
    assert!(text.stdout.contains("  timeout.attempt             400ms   "), "{}", text.stdout);
    assert!(text.stdout.contains("below: timeout-inversion: "), "{}", text.stdout);
    let json = sandbox.run(["check", "--ranges", "--format", "json", "a.svc"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("one document");
    let first = &json["ranges"][1];
    assert_eq!(
        (&first["policy"], &first["number"]),
        (&"shop.v1.P".into(), &"timeout.attempt".into())
    );
    assert_eq!(first["min"]["rule"], "timeout-inversion");
    assert_eq!(first["raw"], 400_000_000);
}

#[test]
fn overrides_are_proved_before_they_are_rolled_out() {
    let sandbox = Sandbox::new();
    sandbox.write("a.svc", NUMBERS);
    sandbox.write("good.toml", "[policy.\"shop.v1.P\"]\ntimeout.attempt = \"450ms\"\n");
    sandbox.write("bad.toml", "[policy.\"shop.v1.P\"]\ntimeout.attempt = \"200ms\"\n");
    let good = sandbox.run(["check", "--config", "good.toml", "a.svc"]);
    assert_eq!(good.code, Some(0), "{}", good.stderr);
    assert!(good.stderr.contains("good.toml is safe: 1 number overridden"), "{}", good.stderr);
    let bad = sandbox.run(["check", "--config", "bad.toml", "a.svc"]);
    assert_eq!(bad.code, Some(1));
    assert!(bad.stderr.contains("error[timeout-inversion]"), "{}", bad.stderr);
    assert!(bad.stderr.contains("overridden: 200ms"), "{}", bad.stderr);
    assert!(bad.stderr.ends_with("bad.toml is refused\n"), "{}", bad.stderr);
    assert_eq!(sandbox.run(["check", "--config", "none.toml", "a.svc"]).code, Some(2));
}

#[test]
fn ranges_are_written_beside_generated_code_where_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.write("a.svc", NUMBERS);
    let gen_ = ["gen", "--target", "rust", "--out", "out", "a.svc"];
    assert_eq!(sandbox.run(gen_).code, Some(0));
    assert!(!sandbox.exists("out/svckit_ranges.json"));
    let ran = sandbox.run(gen_.iter().copied().chain(["--option", "ranges=true"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let ranges: serde_json::Value =
        serde_json::from_str(&sandbox.read("out/svckit_ranges.json")).expect("JSON");
    assert!(ranges.as_array().is_some_and(|r| r.len() > 5), "{ranges}");
    let wrong = sandbox.run(gen_.iter().copied().chain(["--option", "ranges=maybe"]));
    assert!(wrong.stderr.contains("write `true` or `false`"), "{}", wrong.stderr);
}
