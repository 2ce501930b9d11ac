//! gen

use super::sandbox::{BAD, GOOD, Sandbox};

const GEN: [&str; 5] = ["gen", "--target", "proto", "--out", "out"];
const PROTO: &str = "out/proto/shop/orders/v1/orders.proto";

#[test]
fn what_is_current_is_not_touched_and_check_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("contracts/a.svc", GOOD);
    let args = GEN.iter().copied().chain(["contracts"]).collect::<Vec<_>>();
    let check: Vec<_> = args.iter().copied().chain(["--check"]).collect();
    let missing = sandbox.run(&check);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stdout.contains("missing "), "{}", missing.stdout);
    assert!(!sandbox.exists("out"));
    assert_eq!(sandbox.run(&args).code, Some(0));
    assert!(sandbox.read(PROTO).contains("message Order"));
    assert_eq!(sandbox.run(&check).code, Some(0));
    assert!(sandbox.run(&args).stderr.contains("0 files written"));
    sandbox.write(PROTO, "edited\n");
    let changed = sandbox.run(&check);
    assert_eq!(changed.code, Some(1));
    assert!(
        changed.stdout.starts_with("changed ") && changed.stdout.contains("-1)"),
        "{}",
        changed.stdout
    );
}

#[test]
fn an_error_in_one_file_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    sandbox.write("contracts/a.svc", GOOD).write("contracts/b.svc", BAD);
    let ran = sandbox.run(GEN.iter().copied().chain(["contracts"]));
    assert_eq!(ran.code, Some(1));
    assert!(!sandbox.exists("out"));
    assert!(ran.stderr.contains("nothing was written"), "{}", ran.stderr);
}

#[test]
fn a_package_that_is_gone_takes_its_files_along() {
    let sandbox = Sandbox::new();
    let old = GOOD.replace("orders", "old");
    sandbox
        .write("contracts/a.svc", GOOD)
        .write("contracts/old.svc", old)
        .write("out/mine", "mine");
    let args: Vec<_> = GEN.iter().copied().chain(["contracts"]).collect();
    assert_eq!(sandbox.run(&args).code, Some(0));
    assert!(sandbox.exists("out/proto/shop/old/v1/old.proto"));
    std::fs::remove_file(sandbox.path().join("contracts/old.svc")).expect("it is there");
    assert_eq!(sandbox.run(&args).code, Some(0));
    assert!(!sandbox.exists("out/proto/shop/old"));
    assert_eq!(sandbox.read("out/mine"), "mine");
}

#[test]
fn targets_come_from_svckit_toml_too() {
    let sandbox = Sandbox::new();
    let toml = "version = 1\nsources = [\"contracts\"]\n[targets.proto]\nout = \"made\"\nworkspace = false\n";
    sandbox.write("svckit.toml", toml).write("contracts/a.svc", GOOD);
    assert_eq!(sandbox.run(["gen"]).code, Some(0));
    assert!(sandbox.exists("made/shop/orders/v1/orders.proto"));
    assert!(!sandbox.exists("made/buf.yaml"));
}

#[test]
fn bad_usage_is_told_with_what_would_be_right() {
    let sandbox = Sandbox::new();
    sandbox.write("a.svc", GOOD);
    let cases: [(&[&str], &str); 4] = [
        (&["gen", "a.svc"], "name a target by --target"),
        (&["gen", "--target", "protobuf", "a.svc"], "did you mean `proto`?"),
        (&["gen", "--target", "proto", "a.svc"], "--out DIR"),
        (
            &["gen", "--target", "proto", "--out", "o", "--option", "validat=no", "a.svc"],
            "did you mean `validate`?",
        ),
    ];
    for (args, wanted) in cases {
        let ran = sandbox.run(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(wanted), "{args:?}: {}", ran.stderr);
        assert!(!sandbox.exists("o"));
    }
}

#[test]
fn rust_without_reflection_is_told_of() {
    let sandbox = Sandbox::new();
    sandbox.write("a.svc", "package a.b.v1\n\nenum Kind { a_1 @1  a1 @2 }\n");
    let proto = sandbox.run(["gen", "--target", "proto", "--out", "out", "a.svc"]);
    assert_eq!(proto.code, Some(1), "{}", proto.stderr);
    let rust = sandbox.run(["gen", "--target", "rust", "--out", "out", "a.svc"]);
    assert_eq!(rust.code, Some(0), "{}", rust.stderr);
    assert!(rust.stderr.contains("warning[E0901]"), "{}", rust.stderr);
    assert!(rust.stderr.contains("gRPC reflection does not serve"), "{}", rust.stderr);
    assert!(sandbox.exists("out/a.b.v1.rs"));
}
