//! fmt

use super::sandbox::{BAD, GOOD, Sandbox};

const LOOSE: &str = "package shop.orders.v1\n\n\n\nrecord   Order {\nid @1:uuid }\n";

#[test]
fn check_shows_and_changes_nothing_then_fmt_changes() {
    let sandbox = Sandbox::new();
    sandbox.write("a.svc", LOOSE).write("b.svc", GOOD);
    let check = sandbox.run(["fmt", "--check", "."]);
    assert_eq!(check.code, Some(1));
    assert!(check.stdout.contains("-record   Order {"), "{}", check.stdout);
    assert_eq!(sandbox.read("a.svc"), LOOSE);
    let done = sandbox.run(["fmt", "."]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), "1 of 2 contracts formatted\n"));
    assert_eq!(sandbox.read("a.svc"), GOOD);
    assert_eq!(sandbox.run(["fmt", "--check", "."]).code, Some(0));
}

#[test]
fn a_broken_file_is_left_alone_and_the_others_are_formatted() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.svc", BAD).write("loose.svc", LOOSE);
    let ran = sandbox.run(["fmt", "."]);
    assert_eq!(ran.code, Some(1));
    assert_eq!((sandbox.read("bad.svc").as_str(), sandbox.read("loose.svc").as_str()), (BAD, GOOD));
    assert!(ran.stderr.contains("--> bad.svc:4:9"), "{}", ran.stderr);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let sandbox = Sandbox::new();
    let program = env!("CARGO_BIN_EXE_svckit");
    let ran = sandbox.run_with(program, ["fmt", "-"], LOOSE.as_bytes());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), GOOD));
    let bad = sandbox.run_with(program, ["fmt", "-"], BAD.as_bytes());
    assert_eq!((bad.code, bad.stdout.as_str()), (Some(1), ""));
    assert!(bad.stderr.contains("--> <stdin>:4:9"), "{}", bad.stderr);
}
